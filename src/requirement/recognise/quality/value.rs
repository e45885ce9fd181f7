//! Numbers, days, bounds and values as checks say them.

use crate::requirement::piece::Noun;
use crate::requirement::recognise::filter::COMPARE;
use crate::requirement::scan::Scan;
use crate::requirement::tokens::Kind;

const WORDS: &[(&str, u64)] = &[
    ("zero", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("twenty", 20),
    ("fifty", 50),
    ("hundred", 100),
    ("thousand", 1000),
];

/// A number as SQL writes it.
pub(super) fn number(scan: &Scan<'_>, at: usize) -> Option<(String, usize)> {
    let at = scan.skip(at, &["$", "€", "£"]);
    let minus = scan.any(at, &["-", "–", "minus"]);
    let i = minus.unwrap_or(at);
    let token = scan.tokens.get(i)?;
    let sign = if minus.is_some() { "-" } else { "" };
    if let Some((_, n)) = WORDS.iter().find(|w| w.0 == token.lower) {
        return Some((format!("{sign}{n}"), i + 1));
    }
    let plain = token.lower.replace(',', "");
    let fits = token.kind == Kind::Number
        && plain.chars().all(|c| c.is_ascii_digit() || c == '.')
        && plain.parse::<f64>().is_ok();
    fits.then(|| (format!("{sign}{plain}"), i + 1))
}

/// A whole number.
pub(super) fn count(scan: &Scan<'_>, at: usize) -> Option<(u64, usize)> {
    let (text, end) = number(scan, at)?;
    Some((text.parse().ok()?, end))
}

/// The same of one word.
pub(super) fn count_of(word: &str) -> Option<u64> {
    WORDS.iter().find(|w| w.0 == word).map(|w| w.1).or_else(|| word.parse().ok())
}

/// A number or a day.
pub(super) fn literal(scan: &Scan<'_>, at: usize) -> Option<(String, usize)> {
    if let Some((text, end)) = number(scan, at) {
        let end = scan.skip(end, &["dollars", "euros", "pounds", "usd", "eur"]);
        // `5 %`, `3 days` are no plain numbers.
        let measured = crate::vocabulary::Unit::parse(scan.word(end)).is_some();
        return (!measured).then_some((text, end));
    }
    let date: jiff::civil::Date = scan.tokens.get(at)?.lower.parse().ok()?;
    Some((format!("date '{date}'"), at + 1))
}

/// An operator; `or equal to` and the like are part of it.
pub(super) fn operator(scan: &Scan<'_>, at: usize) -> Option<(&'static str, usize)> {
    const TIMES: &[(&str, &str)] = &[
        ("on or after", ">="),
        ("on or before", "<="),
        ("no earlier than", ">="),
        ("no later than", "<="),
        ("not before", ">="),
        ("not after", "<="),
        ("after", ">"),
        ("before", "<"),
        ("later than", ">"),
        ("earlier than", "<"),
        ("the same as", "="),
        ("equal", "="),
        ("equals", "="),
        ("matches", "="),
        ("match", "="),
        ("less than or equal", "<="),
        ("greater than or equal", ">="),
        ("higher", ">"),
        ("exactly", "="),
        ("exceed", ">"),
        ("prior to", "<"),
        ("precede", "<"),
        ("precedes", "<"),
        ("follow", ">"),
        ("identical to", "="),
        ("as large as", ">="),
        ("different from", "<>"),
        ("differ from", "<>"),
        ("drop below", "<"),
        ("fall below", "<"),
        ("go below", "<"),
    ];
    COMPARE.iter().chain(TIMES).filter_map(|(say, op)| Some((*op, scan.phrase(at, say)?))).max_by_key(|f| f.1)
}

/// `between 1 and 100`, `from 1 to 5`, `1-5`, `in the range 1 to 5`, `at least 1 and at most 100`, `above zero`.
pub(super) fn bounds(scan: &Scan<'_>, at: usize) -> Option<(Vec<(&'static str, String)>, usize)> {
    let i = scan.skip(
        at,
        &[
            "in",
            "within",
            "the",
            "a",
            "range",
            "of",
            "between",
            "from",
            "on a scale of",
            "on a scale from",
            "an",
            "interval",
        ],
    );
    if let Some((low, j)) = literal(scan, i)
        && let Some(j) = scan.any(j, &["and", "to", "-", "–", "up to", "through", "until", "..", "and at most"])
        && let Some((high, end)) = literal(scan, j)
        && (i > at || scan.word(j - 1) == "to")
    {
        return Some((vec![(">=", low), ("<=", high)], scan.any(end, &["inclusive", "( inclusive )"]).unwrap_or(end)));
    }
    // `1-5` is one token.
    if let Some((low, high)) =
        scan.tokens.get(i).filter(|t| t.kind == Kind::Number).and_then(|t| t.lower.split_once('-'))
        && low.parse::<f64>().is_ok()
        && high.parse::<f64>().is_ok()
    {
        return Some((vec![(">=", low.to_owned()), ("<=", high.to_owned())], i + 1));
    }
    let (op, j) = operator(scan, at)?;
    let (low, mut end) = literal(scan, scan.skip(j, &["a", "the", "than", "to", "or equal to"]))?;
    let mut out = vec![(op, low)];
    if let Some(j) = scan.any(end, &["and", ", and", "but"])
        && let Some((op, j)) = operator(scan, j)
        && let Some((high, j)) = literal(scan, j)
    {
        out.push((op, high));
        end = j;
    }
    Some((out, end))
}

/// Values of a column, in a list.
pub(super) fn values(scan: &Scan<'_>, at: usize, nouns: &[Noun<'_>]) -> Option<(Vec<String>, usize)> {
    let mut i = scan.skip(at, &[":", "of", "the", "values", "following", "either", "("]);
    let mut out = Vec::new();
    let mut end = at;
    while let Some(token) = scan.tokens.get(i) {
        // `… or viewer, and events must …`: another sentence begins.
        let joined = i.checked_sub(1).is_some_and(|j| scan.word(j) == "and") && !out.is_empty();
        let known = scan.lexicon.value(&scan.tokens, i).and_then(|(len, of)| {
            let own = of.iter().find(|v| {
                nouns.iter().flat_map(|n| &n.hits.columns).any(|c| c.table == v.table && c.column.name == v.column.name)
            });
            Some((own?.value?.to_owned(), len))
        });
        let plain = matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Number);
        let small = token.kind == Kind::Word && crate::requirement::words::never_noun(&token.lower);
        let (value, len) = match known {
            Some(found) => found,
            None if plain && !small && !(joined && scan.hits(i).is_some()) => (token.text.clone(), 1),
            None => break,
        };
        out.push(value);
        end = i + len;
        let Some(next) = scan.any(end, &[", or", ", and", ",", "or", "and", "nor", "/"]) else { break };
        i = scan.any(next, &["or", "and"]).unwrap_or(next);
    }
    (!out.is_empty()).then(|| (out, scan.any(end, &[")"]).unwrap_or(end)))
}

/// A length of time in hours, rounded up.
pub(super) fn hours(scan: &Scan<'_>, at: usize) -> Option<(u32, usize)> {
    let (n, i) = match scan.any(at, &["a", "an", "the last", "last"]) {
        Some(i)
            if crate::vocabulary::Unit::parse(scan.word(i)).is_some()
                || matches!(scan.word(i), "minute" | "minutes") =>
        {
            (1, i)
        }
        Some(i) => count(scan, i)?,
        None => count(scan, at)?,
    };
    use crate::vocabulary::Unit;
    let hours = match (scan.word(i), Unit::parse(scan.word(i))) {
        ("minute" | "minutes" | "min" | "mins", _) => n.div_ceil(60),
        (_, Some(Unit::Hour)) => n,
        (_, Some(Unit::Day)) => n.checked_mul(24)?,
        (_, Some(Unit::Week)) => n.checked_mul(24 * 7)?,
        (_, Some(Unit::Month)) => n.checked_mul(24 * 31)?,
        _ => return None,
    };
    Some((u32::try_from(hours).ok().filter(|h| *h > 0)?, i + 1))
}

/// What texts of that look match: letters, digits, and what stands between them.
pub(super) fn pattern_like(sample: &str) -> Option<String> {
    let mut out = String::from("^");
    let mut run: Option<(&str, usize)> = None;
    let flush = |out: &mut String, run: &mut Option<(&str, usize)>| {
        if let Some((class, n)) = run.take() {
            out.push_str(class);
            if n > 1 {
                out.push_str(&format!("{{{n}}}"));
            }
        }
    };
    for c in sample.chars() {
        let class = match c {
            'A'..='Z' => "[A-Z]",
            'a'..='z' => "[a-z]",
            '0'..='9' | '#' => "[0-9]",
            '\'' | '\\' | '"' | '{' | '}' | '%' => return None,
            _ => "",
        };
        match (&mut run, class) {
            (Some((had, n)), class) if *had == class && !class.is_empty() => *n += 1,
            (_, "") => {
                flush(&mut out, &mut run);
                match c {
                    '^' | '[' | ']' => return None,
                    _ if c.is_ascii_alphanumeric() || c == ' ' || c == '_' || c == '-' || !c.is_ascii() => out.push(c),
                    _ => out.push_str(&format!("[{c}]")),
                }
            }
            (_, class) => {
                flush(&mut out, &mut run);
                run = Some((class, 1));
            }
        }
    }
    flush(&mut out, &mut run);
    (out.len() > 1).then(|| out + "$")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::pattern_like;

    #[test]
    fn a_sample_becomes_a_pattern() {
        for (sample, pattern) in
            [("AB-1234", "^[A-Z]{2}-[0-9]{4}$"), ("A.1", "^[A-Z][.][0-9]$"), ("ab 12", "^[a-z]{2} [0-9]{2}$")]
        {
            assert_eq!(pattern_like(sample).unwrap(), pattern);
        }
        assert_eq!(pattern_like("it's"), None);
        assert_eq!(pattern_like("{{ x }}"), None);
        assert_eq!(pattern_like(""), None);
    }
}
