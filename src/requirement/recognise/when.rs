//! When the first or last row of a table happened: `first order date`, `date of the latest visit`.

use crate::requirement::piece::{Kind, Measure, Noun, Piece, What};
use crate::requirement::scan::Scan;
use crate::spec::Function;

#[rustfmt::skip]
const ENDS: &[(Function, &[&str])] = &[
    (Function::Min, &["first", "earliest", "oldest", "initial", "very first"]),
    (Function::Max, &["last", "latest", "most recent", "newest", "final", "very last"]),
];
const DAYS: &[&str] = &["date", "dates", "day"];
const MOMENTS: &[&str] = &["time", "timestamp", "moment", "at", "datetime"];

/// Reads it.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.skip(at, &["the", "a", "their", "its", "his", "her", "with", "with the", "and", "and the"]);
    let before = scan.any(i, &["date of", "day of", "time of", "timestamp of"]);
    let start = before.map_or(i, |i| scan.skip(i, &["the", "a", "their", "its", "his", "her"]));
    let found = ENDS.iter().filter_map(|(f, said)| Some((scan.any(start, said)?, *f))).max_by_key(|f| f.0);
    let (i, function) = found?;
    // A column of that name is that column.
    if scan.hits(start).is_some_and(|h| !h.columns.is_empty() && h.tier == 0 && start + h.len > i) {
        return None;
    }
    // `order date` may be a column by itself; after `first` it is the date of an order.
    let (noun, end) = scan.noun(i).filter(|(n, _)| !n.hits.tables.is_empty()).or_else(|| named(scan, i))?;
    let (day, end) = match (before, scan.any(end, DAYS), scan.any(end, MOMENTS)) {
        (Some(_), ..) => (!matches!(scan.word(before? - 2), "time" | "timestamp"), end),
        (None, Some(end), _) => (true, end),
        (None, None, Some(end)) => (false, end),
        _ => return None,
    };
    let mut noun = noun;
    let values = std::mem::take(&mut noun.values);
    Some(Piece { tokens: at..end, kind: Kind::Measure(Measure { what: What::When { function, noun, day }, values }) })
}

/// A table that is named right before `date` or `time`.
fn named<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let at = scan.article(at);
    (1..=3).find_map(|len| {
        let end = at + len;
        scan.any(end, DAYS).or_else(|| scan.any(end, MOMENTS))?;
        let key: String = scan.tokens.get(at..end)?.iter().map(|t| t.key.as_str()).collect();
        let hits = scan.lexicon.key(&key, len).filter(|h| !h.tables.is_empty())?;
        Some((Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() }, end))
    })
}
