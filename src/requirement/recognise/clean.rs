//! Cleaning: `clean the phone numbers`, `trim the names`, `lower-case the e-mail addresses`.

use crate::requirement::Question;
use crate::requirement::piece::{Clean, Kind, Noun, Piece};
use crate::requirement::roles::Cleanable;
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

#[rustfmt::skip]
const CLEAN: &[&str] = &[
    "clean", "clean up", "cleanse", "cleaning", "cleaning up", "normalise", "normalize", "standardise", "standardize", "tidy", "tidy up", "sanitise", "sanitize", "fix", "fix up",
    "format", "harmonise", "harmonize", "unify", "with clean", "with cleaned", "cleaned", "with normalised", "with normalized",
];
const TRIM: &[&str] = &[
    "trim",
    "trimming",
    "strip",
    "strip whitespace from",
    "trim whitespace from",
    "trim spaces from",
    "remove surrounding spaces from",
    "with trimmed",
    "trimmed",
];
#[rustfmt::skip]
const LOWER: &[&str] = &[
    "lower-case", "lowercase", "lower case", "lower-cased", "lowercased", "lower-cased trimmed", "lower-case and trim", "lowercase and trim", "trim and lower-case",
    "trim and lowercase", "lower-cased and trimmed", "lowercased and trimmed", "trimmed and lower-cased", "trimmed lower-cased", "lowercased trimmed", "lower-cased , trimmed", "trim and lower",
];
#[rustfmt::skip]
const UPPER: &[&str] = &["upper-case", "uppercase", "upper case", "upper-cased", "uppercased", "capitalise", "capitalize", "put in capitals"];
#[rustfmt::skip]
const FILL: &[&str] = &[
    "fill missing", "fill in missing", "fill the missing", "fill empty", "replace missing", "replace empty", "replace the missing", "set missing", "default missing", "replace null", "fill null", "replace nulls in", "fill nulls in",
];
const PHONES: &[&str] = &[
    "phone",
    "phones",
    "phone numbers",
    "phone number",
    "telephone numbers",
    "telephone number",
    "telephones",
    "mobile numbers",
    "mobile phones",
    "mobile phone numbers",
    "cell numbers",
    "cell phone numbers",
    "mobiles",
    "telephone",
    "fax numbers",
    "contact numbers",
];
const EMAILS: &[&str] = &[
    "email",
    "emails",
    "e-mail",
    "e-mails",
    "email addresses",
    "email address",
    "e-mail addresses",
    "e-mail address",
    "mail addresses",
];
const NAMES: &[&str] =
    &["name", "names", "first and last names", "first names", "last names", "first name", "last name"];

/// Reads a request to clean.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(at, &["and", "please", "with", "also"]).unwrap_or(at);
    if let Some(piece) = fill(scan, at, start) {
        return Some(piece);
    }
    let upper = scan.any(start, UPPER).map(|i| (i, Some("upper")));
    let clean = scan.any(start, CLEAN).map(|i| (i, None));
    let trim = scan.any(start, TRIM).map(|i| (i, Some("trim")));
    let lower = scan.any(start, LOWER).map(|i| (i, Some("email")));
    // `, and the e-mails`: goes on with the verb of the piece before.
    let again = before.last().and_then(|p| match &p.kind {
        Kind::Clean(c) => scan.any(at, &["and", ",", ", and", "as well as"]).map(|i| (i, c.rule)),
        _ => None,
    });
    // `the trimmed email, first order date`: something else goes on.
    let again = again.filter(|(i, _)| super::when::read(scan, *i, before).is_none());
    let (i, rule) = [clean, trim, lower, upper].into_iter().flatten().max_by_key(|c| c.0).or(again)?;
    let i = scan.article(i);
    let (kind, noun, end) = target(scan, i);
    if kind.is_none() && noun.is_none() {
        // `Clean up the data`, `clean it`
        let vague = scan.any(
            i,
            &["data", "it", "them", "everything", "things", "all", "values", "tables", "database", "records", "mess"],
        );
        let ends = vague.or((i >= scan.tokens.len()).then_some(i));
        if again.is_some() && clean.is_none() || (ends.is_none() && scan.word(i).is_empty()) {
            return None;
        }
        return match ends {
            Some(end) => Some(Piece {
                tokens: at..end.max(at + 1),
                kind: Kind::Clean(Clean { kind: None, rule, noun: None, value: None }),
            }),
            None if clean.is_some() && !matches!(scan.word(at), "cleaned" | "format" | "fix") => {
                let end = (i + 1).min(scan.tokens.len());
                let about = format!("`{}`: which column of which table is that?", scan.words(&(at..end)));
                let question = Question::new(about).saying("clean {}").or_any(candidates(scan));
                Some(Piece { tokens: at..end, kind: Kind::Ask(question) })
            }
            None => None,
        };
    }
    Some(Piece { tokens: at..end, kind: Kind::Clean(Clean { kind, rule, noun, value: None }) })
}

/// `replace missing countries with unknown`.
fn fill<'a>(scan: &Scan<'a>, at: usize, start: usize) -> Option<Piece<'a>> {
    let (noun, end) = scan.head(scan.any(start, FILL)?).filter(|n| !n.0.hits.columns.is_empty())?;
    let i = scan.any(end, &["with", "by", "to", "as"])?;
    let token =
        scan.tokens.get(scan.article(i)).filter(|t| matches!(t.kind, tokens::Kind::Word | tokens::Kind::Quoted))?;
    let value = Some(token.text.clone());
    let clean = Clean { kind: None, rule: Some("fill_missing"), noun: Some(noun), value };
    Some(Piece { tokens: at..scan.article(i) + 1, kind: Kind::Clean(clean) })
}

/// The kind of column that is cleaned, and the table or column.
fn target<'a>(scan: &Scan<'a>, at: usize) -> (Option<Cleanable>, Option<Noun<'a>>, usize) {
    let kinds = [(Cleanable::Phone, PHONES), (Cleanable::Email, EMAILS), (Cleanable::Name, NAMES)];
    let kind_at =
        |i: usize| kinds.iter().filter_map(|(kind, list)| Some((scan.any(i, list)?, *kind))).max_by_key(|k| k.0);
    if let Some((end, kind)) = kind_at(at) {
        if let Some(of) = scan.any(end, &["of", "in", "for", "from"]).map(|i| scan.article(i))
            && let Some((noun, end)) = scan.head(of)
            && !noun.hits.tables.is_empty()
        {
            return (Some(kind), Some(noun), end);
        }
        return (Some(kind), None, end);
    }
    // `customers' phone numbers`, `customer e-mails`
    if let Some(table) = scan.hits(at).filter(|h| !h.tables.is_empty())
        && let Some((end, kind)) = kind_at(at + table.len)
    {
        let tokens = at..at + table.len;
        return (Some(kind), Some(Noun { tokens, hits: table, modifiers: Vec::new(), values: Vec::new() }), end);
    }
    match scan.head(at) {
        Some((noun, end)) if !noun.hits.columns.is_empty() || !noun.hits.tables.is_empty() => (None, Some(noun), end),
        _ => (None, None, at),
    }
}

/// Columns that a cleaning rule is there for.
pub fn candidates(scan: &Scan<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (table, contract) in scan.ground.contracts {
        for column in &contract.columns {
            if crate::requirement::roles::cleanable(column).is_some() {
                out.push(format!("{}.{}", table.table, column.name));
            }
        }
    }
    out.truncate(12);
    out
}
