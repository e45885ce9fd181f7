//! How a value is written: lengths, forms with a name, patterns, letters.

use super::predicate::Cond;
use super::value;
use crate::requirement::check::Form;
use crate::requirement::roles::Cleanable;
use crate::requirement::scan::Scan;
use crate::requirement::tokens::Kind;

/// `two letters`, `at least 3 characters`, `exactly five digits long`, `between 8 and 12 characters`.
pub(super) fn length(scan: &Scan<'_>, at: usize) -> Option<(Vec<(&'static str, u64)>, usize)> {
    let unit = |i: usize| {
        scan.any(
            i,
            &[
                "characters",
                "character",
                "letters",
                "letter",
                "digits",
                "digit",
                "chars",
                "characters long",
                "letters long",
                "digits long",
                "symbols",
            ],
        )
    };
    let at = scan.any(at, &["a length of", "length of", "of length"]).unwrap_or(at);
    if let Some((list, end)) = value::bounds(scan, at)
        && let Some(end) = unit(end)
    {
        let list: Option<Vec<(&'static str, u64)>> =
            list.into_iter().map(|(op, n)| Some((op, n.parse().ok()?))).collect();
        return Some((list?, end));
    }
    let (n, j) = value::count(scan, scan.skip(at, &["exactly", "just"]))?;
    let end = unit(j).or_else(|| {
        scan.any(at.checked_sub(1)?, &["of"]).filter(|_| scan.word(at.saturating_sub(2)) == "length").map(|_| j)
    })?;
    Some((vec![("=", n)], end))
}

/// The form that a noun phrase names, where it says more than a column: `valid e-mail addresses`.
pub(super) fn named_form(scan: &Scan<'_>, at: usize) -> Option<Form> {
    let at = scan.article(at);
    let list: [(&[&str], Form); 5] = [
        (
            &[
                "email",
                "emails",
                "e-mail",
                "e-mails",
                "email address",
                "email addresses",
                "e-mail address",
                "e-mail addresses",
                "mail addresses",
            ],
            Form::Of(Cleanable::Email),
        ),
        (
            &[
                "phone",
                "phones",
                "phone number",
                "phone numbers",
                "telephone number",
                "telephone numbers",
                "mobile numbers",
            ],
            Form::Of(Cleanable::Phone),
        ),
        (&["url", "urls", "web address", "web addresses", "link", "links", "website", "websites"], Form::Url),
        (&["country code", "country codes"], Form::Pattern("^[A-Z]{2,3}$")),
        (&["currency code", "currency codes"], Form::Pattern("^[A-Z]{3}$")),
    ];
    list.iter().filter_map(|(words, form)| Some((scan.any(at, words)?, *form))).max_by_key(|f| f.0).map(|f| f.1)
}

/// `look like AB-1234`, `match "^[A-Z]+$"`, `start with "A"`, `upper case`, `only digits`.
pub(super) fn shaped<'a>(scan: &Scan<'a>, at: usize) -> Option<(Cond<'a>, usize)> {
    if let Some(end) =
        scan.any(at, &["upper case", "uppercase", "upper-case", "in upper case", "in capitals", "capitals"])
    {
        return Some((Cond::Pattern("^[^a-z]*$".into()), end));
    }
    if let Some(end) = scan.any(at, &["lower case", "lowercase", "lower-case", "in lower case"]) {
        return Some((Cond::Pattern("^[^A-Z]*$".into()), end));
    }
    if let Some(end) = scan.any(
        at,
        &[
            "numeric",
            "only digits",
            "digits only",
            "all digits",
            "digits",
            "consist of digits",
            "consist only of digits",
        ],
    ) {
        return Some((Cond::Pattern("^[0-9]+$".into()), end));
    }
    if let Some(found) = letters(scan, at) {
        return Some(found);
    }
    let sample = scan.any(
        at,
        &[
            "look like",
            "looks like",
            "like",
            "in the form",
            "of the form",
            "in the format",
            "of the format",
            "formatted like",
            "formatted as",
            "have the form",
            "follow the pattern",
            "follows the pattern",
            "shaped like",
        ],
    );
    if let Some(i) = sample {
        let token = scan.tokens.get(i).filter(|t| matches!(t.kind, Kind::Word | Kind::Number | Kind::Quoted))?;
        // A sample of several words stands between quotation marks.
        return Some((Cond::Pattern(value::pattern_like(&token.text)?), i + 1));
    }
    let quoted = |i: usize| scan.tokens.get(i).filter(|t| t.kind == Kind::Quoted);
    let fits = |text: &str| !text.contains(['\'', '\\', '{', '}', '\n']) && regex::Regex::new(text).is_ok();
    if let Some(i) = scan.any(
        at,
        &[
            "match",
            "matches",
            "match the pattern",
            "match the regular expression",
            "match the regex",
            "matches the pattern",
        ],
    ) {
        let text = quoted(i)?.text.clone();
        return fits(&text).then_some((Cond::Pattern(text), i + 1));
    }
    let start = scan.any(at, &["start with", "starts with", "begin with", "begins with"]);
    let end = scan.any(at, &["end with", "ends with", "end in"]);
    let i = start.or(end)?;
    let token = scan.tokens.get(i).filter(|t| matches!(t.kind, Kind::Word | Kind::Number | Kind::Quoted))?;
    let literal: String =
        token
            .text
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_') { c.to_string() } else { format!("[{c}]") }
            })
            .collect();
    let pattern = if start.is_some() { format!("^{literal}") } else { format!("{literal}$") };
    fits(&pattern).then_some((Cond::Pattern(pattern), i + 1))
}

/// `a three letter code`, `two capital letters`, `exactly five digits`.
pub(super) fn letters<'a>(scan: &Scan<'a>, at: usize) -> Option<(Cond<'a>, usize)> {
    let i = scan.skip(at, &["a", "an", "exactly", "consist of", "consists of", "made of", "just"]);
    let kind = |i: usize| {
        let capital = scan.any(i, &["capital", "upper case", "uppercase", "upper-case"]);
        let lower = scan.any(i, &["lower case", "lowercase", "lower-case"]);
        let i = capital.or(lower).unwrap_or(i);
        let class = if capital.is_some() {
            "[A-Z]"
        } else if lower.is_some() {
            "[a-z]"
        } else {
            "[A-Za-z]"
        };
        let letter = scan.any(i, &["letters", "letter"]).map(|end| (class, end));
        letter.or_else(|| scan.any(i, &["digits", "digit"]).map(|end| ("[0-9]", end)))
    };
    let (n, (class, end)) = match scan.word(i).split_once('-') {
        // `three-letter`
        Some((n, what)) => {
            let n = value::count_of(n)?;
            let class = if what == "letter" {
                "[A-Za-z]"
            } else if what == "digit" {
                "[0-9]"
            } else {
                return None;
            };
            (n, (class, i + 1))
        }
        None => {
            let (n, j) = value::count(scan, i)?;
            (n, kind(scan.skip(j, &["-"]))?)
        }
    };
    // `at least 3 letters` is a length.
    if scan.any(end, &["long"]).is_some() || n == 0 || n > 64 {
        return None;
    }
    let end = scan.any(end, &["code", "codes", "number", "numbers"]).unwrap_or(end);
    Some((Cond::Pattern(format!("^{class}{{{n}}}$")), end))
}
