//! One row for each of several alike: `deduplicate customers by email, ignoring case, and keep the newest`.

use crate::requirement::piece::{Dedupe, First, Formula, Keep, Kind, Measure, Noun, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::{tokens, words};

#[rustfmt::skip]
const VERBS: &[&str] = &[
    "deduplicate", "dedupe", "de-duplicate", "dedup", "deduplicating", "deduped", "deduplicated", "de-duplicated", "remove duplicate", "remove duplicates", "removing duplicate", "removing duplicates",
    "remove the duplicates", "remove the duplicate", "drop duplicate", "drop duplicates", "drop the duplicates", "dropping duplicates", "without duplicate", "without duplicates", "get rid of duplicate",
    "get rid of duplicates", "eliminate duplicate", "eliminate duplicates", "filter out duplicates", "filter out duplicate", "collapse duplicate", "collapse duplicates", "with duplicates removed", "remove repeated",
];
#[rustfmt::skip]
const ALIKE: &[&str] = &[
    "remove exact duplicate", "remove exact duplicates", "drop exact duplicate", "drop exact duplicates", "remove fully identical", "remove identical", "drop identical", "without exact duplicates", "drop fully identical",
    "removing exact duplicates", "dropping exact duplicates", "eliminate exact duplicates", "remove exactly duplicated", "remove completely identical", "remove full duplicates", "drop full duplicates",
];
const BY: &[&str] = &[
    "by",
    "on",
    "per",
    "based on",
    "using",
    "with the same",
    "that share the same",
    "that share",
    "sharing the same",
    "having the same",
    "that have the same",
    "on the basis of",
    "according to",
    "by their",
    "for each",
    "over",
    "keyed on",
    "keyed by",
];
const ROW: &[&str] = &["record", "row", "entry", "one", "version", "copy", "state", "occurrence"];
const ONE_EACH: &[&str] = &[
    "one row per",
    "one record per",
    "one entry per",
    "a single row per",
    "a single record per",
    "one row for each",
    "one record for each",
    "exactly one row per",
    "only one row per",
    "only one record per",
    "only one row for each",
    "one row for every",
    "one record for every",
    "just one row per",
];
const KEEP: &[&str] = &[
    "keep",
    "keeping",
    "retain",
    "retaining",
    "take",
    "taking",
    "prefer",
    "preferring",
    "pick",
    "picking",
    "leaving",
    "keep only",
    "keeping only",
    "with",
    "choose",
    "choosing",
];
const LARGEST: &[&str] = &[
    "highest",
    "largest",
    "greatest",
    "biggest",
    "maximum",
    "most recent",
    "latest",
    "newest",
    "most",
    "max",
    "longest",
];
const SMALLEST: &[&str] = &["lowest", "smallest", "least", "earliest", "oldest", "minimum", "min", "shortest", "first"];
const LATE: &[&str] = &["most recently", "latest", "newest", "most recent", "last", "most up-to-date", "freshest"];
const EARLY: &[&str] = &["oldest", "earliest", "first", "least recently", "original"];

/// `the latest reading of each sensor with its value`: a number that is only named is a column of the row that stays.
pub fn finish(scan: &Scan<'_>, pieces: &mut [Piece<'_>]) {
    let grouped = pieces.iter().any(|p| matches!(p.kind, Kind::Group(_)));
    if grouped || !pieces.iter().any(|p| matches!(p.kind, Kind::Dedupe(_))) {
        return;
    }
    for piece in pieces {
        let Kind::Measure(Measure { what: What::Of { formula: Formula::Column(noun), .. }, values }) = &piece.kind
        else {
            continue;
        };
        let bare = (piece.tokens.start..noun.tokens.start).all(|t| words::is_filler(scan.word(t)));
        if values.is_empty() && bare {
            piece.kind = Kind::Noun(noun.clone());
        }
    }
}

/// Reads a wish for one row of several alike, and what is said of it further on.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let asked = before.iter().any(|p| matches!(p.kind, Kind::Dedupe(_)));
    let start = scan.skip(at, &["and", "then", "also", ",", "but", "while", "please"]);
    if asked {
        if let Some((case, spaces, end)) = fold(scan, start) {
            return Some(Piece { tokens: at..end, kind: Kind::Fold { case, spaces } });
        }
        let keeps = scan.any(start, KEEP).or((start > at).then_some(start));
        if let Some((keep, end)) = keeps.and_then(|i| keep(scan, i)) {
            return Some(Piece { tokens: at..end, kind: Kind::Keep(keep) });
        }
    }
    // `the latest reading of each sensor with its value`: columns of the row that stays.
    if of_the_row(before) {
        let with = scan.any(
            at,
            &[
                "with",
                "with its",
                "with their",
                "and",
                "and its",
                ",",
                "with the",
                ", and",
                "and their",
                "including its",
            ],
        );
        // `with its total amount` may be the sum.
        let sums = |i: &usize| matches!(scan.word(*i), "total" | "sum" | "average" | "overall" | "number" | "count");
        let noun = with.filter(|i| !sums(i)).and_then(|i| scan.head(i));
        if let Some((noun, end)) = noun.filter(|n| n.0.hits.tables.is_empty()) {
            return Some(Piece { tokens: at..end, kind: Kind::Noun(noun) });
        }
    }
    if let Some((noun, end)) = complaint(scan, start) {
        return Some(Piece { tokens: at..end, kind: Kind::Noun(noun) });
    }
    let (dedupe, end) = one_each(scan, start).or_else(|| latest_of_each(scan, start)).or_else(|| verb(scan, start))?;
    Some(Piece { tokens: at..end, kind: Kind::Dedupe(dedupe) })
}

/// Whether what came before is the one row of each, and columns of it.
fn of_the_row(before: &[Piece<'_>]) -> bool {
    let column = |p: &&Piece<'_>| matches!(&p.kind, Kind::Noun(n) if n.hits.tables.is_empty());
    let last = before.iter().rev().find(|p| !column(p));
    matches!(
        last.map(|p| &p.kind),
        Some(Kind::Dedupe(Dedupe { keep: Some(Keep { by: First::Time(None), .. }), noun: Some(_), .. }))
    )
}

/// `There are duplicate guests.`, where what is to be done about it is said further on.
fn complaint<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    // `Some members registered more than once.`
    const AGAIN: &[&str] =
        &["twice", "more than once", "several times", "multiple times", "repeatedly", "in duplicate", "two times"];
    const THERE: &[&str] = &[
        "there are duplicate",
        "there are duplicates in",
        "there are duplicates among",
        "we have duplicate",
        "we have duplicates in",
        "there are some duplicate",
        "there are double",
    ];
    let there = scan.any(at, THERE);
    let some =
        there.unwrap_or_else(|| scan.skip(at, &["some", "some of", "many", "several", "a few", "a lot of", "certain"]));
    let (noun, end) = scan.noun(scan.article(some)).filter(|n| !n.0.hits.tables.is_empty())?;
    let end = match there {
        Some(_) => end,
        None => (end + 1..end + 6)
            .take_while(|i| scan.tokens.get(*i).is_some_and(|t| t.kind == tokens::Kind::Word))
            .find_map(|i| scan.any(i, AGAIN))?,
    };
    let done = |i: usize| [ONE_EACH, VERBS, ALIKE].iter().any(|list| scan.any(i, list).is_some());
    (end..scan.tokens.len()).any(done).then_some((noun, end))
}

/// `deduplicate customers by email`, `remove duplicate orders`, `drop exact duplicates from clicks`.
fn verb<'a>(scan: &Scan<'a>, at: usize) -> Option<(Dedupe<'a>, usize)> {
    let whole = scan.any(at, ALIKE);
    let i = whole.or_else(|| scan.any(at, VERBS))?;
    let mut dedupe = Dedupe { noun: None, by: Vec::new(), whole: whole.is_some(), keep: None };
    let mut end = scan.any(i, &["rows", "records", "entries"]).unwrap_or(i);
    let of = scan.any(end, &["from", "in", "of", "among", "from among", "out of"]).unwrap_or(end);
    if let Some((noun, next)) = scan.noun(of) {
        if noun.hits.tables.is_empty() {
            dedupe.by.push(noun);
        } else {
            dedupe.noun = Some(noun);
        }
        end = next;
    }
    if let Some((by, next)) = scan.any(end, BY).and_then(|i| columns(scan, i)) {
        dedupe.by = by;
        end = next;
    }
    Some((dedupe, end))
}

/// Columns, joined by commas and `and`.
fn columns<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Noun<'a>>, usize)> {
    let (mut out, mut end) = (Vec::new(), at);
    let mut i = scan.skip(at, &["their", "its", "the", "same", "both", "combination of", "pair of", "the same"]);
    while let Some((noun, next)) = scan.head(i).filter(|n| !n.0.hits.columns.is_empty() || !n.0.hits.tables.is_empty())
    {
        out.push(noun);
        end = next;
        let Some(joined) = scan.any(end, &[", and", ",", "and", "&", "+"]) else { break };
        i = joined;
    }
    (!out.is_empty()).then_some((out, end))
}

/// `one row per email, the newest`; without which one it is no deduplication but a grain.
fn one_each<'a>(scan: &Scan<'a>, at: usize) -> Option<(Dedupe<'a>, usize)> {
    let i = scan.any(at, KEEP).unwrap_or(at);
    let i = scan.any(i, ONE_EACH)?;
    let (by, end) = columns(scan, i)?;
    let of = scan.any(end, &["of", "from", "in"]).and_then(|j| scan.noun(j)).filter(|n| !n.0.hits.tables.is_empty());
    let (noun, end) = of.map_or((None, end), |(noun, end)| (Some(noun), end));
    // `(case does not matter), the newest`: both are read on their own.
    let folded = fold(scan, scan.skip(end, &["please"])).map(|f| f.2);
    let next =
        scan.skip(folded.unwrap_or(end), &[",", ";", ".", "(", ":", "-", "–", "namely", "and", "that is", "i.e."]);
    if folded.is_some() {
        keep(scan, scan.any(next, KEEP).unwrap_or(next))?;
        return Some((Dedupe { noun, by, whole: false, keep: None }, end));
    }
    let (keep, end) = keep(scan, scan.any(next, KEEP).unwrap_or(next)).filter(|_| next > end)?;
    let end = scan.any(end, &[")"]).unwrap_or(end);
    Some((Dedupe { noun, by, whole: false, keep: Some(keep) }, end))
}

/// `keep only the latest order per customer`, `the most recent reading of each sensor`.
fn latest_of_each<'a>(scan: &Scan<'a>, at: usize) -> Option<(Dedupe<'a>, usize)> {
    let i = scan.article(scan.any(at, KEEP).unwrap_or(at));
    let (descending, i) = extreme(scan, i, LATE, EARLY)?;
    let (noun, end) = scan.noun(i).filter(|n| !n.0.hits.tables.is_empty())?;
    // `the last order date per customer` is a measure.
    if scan.head(end).is_some_and(|n| scan.article(end) == end && !n.0.hits.columns.is_empty()) {
        return None;
    }
    let each = scan.any(end, &["per", "of each", "for each", "of every", "for every", "by", "from each"])?;
    let (by, end) = columns(scan, each)?;
    let keep = Keep { descending, by: First::Event };
    Some((Dedupe { noun: Some(noun), by, whole: false, keep: Some(keep) }, end))
}

/// Whether the largest or the smallest is named, and where that ends.
fn extreme(scan: &Scan<'_>, at: usize, largest: &[&str], smallest: &[&str]) -> Option<(bool, usize)> {
    let most = scan.any(at, largest).map(|i| (i, true));
    let least = scan.any(at, smallest).map(|i| (i, false));
    most.into_iter().chain(least).max_by_key(|f| f.0).map(|(i, largest)| (largest, i))
}

/// `the most recently updated record`, `the one with the highest amount`, `the first`.
fn keep<'a>(scan: &Scan<'a>, at: usize) -> Option<(Keep<'a>, usize)> {
    let i = scan.article(scan.any(at, &["only"]).unwrap_or(at));
    let row = |i: usize| {
        scan.any(i, ROW).or_else(|| {
            let (_, end) = scan.head(i).filter(|n| !n.0.hits.tables.is_empty())?;
            Some(end)
        })
    };
    let column = |i: usize| scan.head(i).filter(|n| !n.0.hits.columns.is_empty());
    if let Some(with) = row(i).and_then(|j| scan.any(j, &["with", "that has", "having", "which has", "of"])) {
        let (descending, j) = extreme(scan, scan.article(with), LARGEST, SMALLEST)?;
        let (noun, end) = column(j)?;
        return Some((Keep { descending, by: First::Column(noun) }, end));
    }
    // `the one modified last`, `the one who joined first`
    if let Some(did) = row(i).map(|j| scan.skip(j, &["that", "who", "which", "was", "has", "been", "were"])) {
        let act = scan.word(did);
        if act.len() > 4
            && act.ends_with("ed")
            && let Some((descending, end)) = extreme(scan, did + 1, LATE, EARLY)
        {
            return Some((Keep { descending, by: First::Time(Some(act.to_owned())) }, end));
        }
    }
    let (descending, i) = extreme(scan, i, LATE, EARLY).or_else(|| extreme(scan, i, LARGEST, SMALLEST))?;
    let word = scan.word(i);
    if word.len() > 4 && word.ends_with("ed") {
        let end = row(i + 1).unwrap_or(i + 1);
        return Some((Keep { descending, by: First::Time(Some(word.to_owned())) }, end));
    }
    let end = row(i).unwrap_or(i);
    if let Some((noun, end)) =
        scan.any(end, &["by", "according to", "based on", "by its", "by their"]).and_then(&column)
    {
        return Some((Keep { descending, by: First::Column(noun) }, end));
    }
    if end == i
        && let Some((noun, end)) = column(i)
    {
        return Some((Keep { descending, by: First::Column(noun) }, end));
    }
    let of_time = scan.any(i.saturating_sub(2), LATE).or(scan.any(i.saturating_sub(1), LATE)).is_some()
        || scan.any(i.saturating_sub(2), EARLY).or(scan.any(i.saturating_sub(1), EARLY)).is_some();
    of_time.then_some((Keep { descending, by: First::Time(None) }, end))
}

#[rustfmt::skip]
const CASELESS: &[&str] = &[
    "case-insensitive", "case-insensitively", "case insensitive", "case insensitively", "( case doesn't matter )", "case doesn't matter", "case does not matter", "whatever the case", "( case-insensitive )", "( ignoring case )",
];

/// `ignoring case and surrounding spaces`: texts that differ only so are the same.
fn fold(scan: &Scan<'_>, at: usize) -> Option<(bool, bool, usize)> {
    const CASE: &[&str] = &[
        "case",
        "upper and lower case",
        "capitalisation",
        "capitalization",
        "letter case",
        "upper case",
        "capitals",
        "upper / lower case",
        "upper/lower case",
        "upper or lower case",
    ];
    const SPACES: &[&str] = &[
        "surrounding spaces",
        "surrounding whitespace",
        "spaces",
        "whitespace",
        "white space",
        "leading and trailing spaces",
        "leading and trailing whitespace",
        "leading or trailing spaces",
        "spaces around it",
        "spaces around them",
        "blanks",
        "leading or trailing blanks",
        "leading and trailing blanks",
        "spaces around",
        "trailing spaces",
        "extra spaces",
        "leading spaces",
        "padding",
    ];
    if let Some(end) = scan.any(at, CASELESS) {
        return Some((true, false, end));
    }
    const IGNORING: &[&str] = &[
        "ignoring",
        "ignore",
        "( ignore",
        "( ignoring",
        "regardless of",
        "irrespective of",
        "disregarding",
        "no matter the",
        "not considering",
        "without regard to",
    ];
    const NO_MATTER: &[&str] = &[
        "do not matter",
        "does not matter",
        "don't matter",
        "doesn't matter",
        "are ignored",
        "is ignored",
        "ignored",
        "being ignored",
        "make no difference",
        "are irrelevant",
        "is irrelevant",
        "are to be ignored",
        "should be ignored",
        "do not count",
    ];
    let said = scan.any(at, IGNORING);
    let mut i = scan.article(said.or_else(|| scan.any(at, &["("])).unwrap_or(at));
    let (mut case, mut spaces, mut end) = (false, false, None);
    while let Some((next, of_case)) =
        [(scan.any(i, CASE), true), (scan.any(i, SPACES), false)].into_iter().find_map(|(e, c)| Some((e?, c)))
    {
        case |= of_case;
        spaces |= !of_case;
        end = Some(next);
        let Some(joined) = scan.any(next, &["and", "or", ",", ", and"]) else { break };
        i = scan.article(scan.any(joined, &["ignoring"]).unwrap_or(joined));
    }
    let end = if said.is_some() { end? } else { scan.any(end?, NO_MATTER)? };
    Some((case, spaces, scan.any(end, &[")"]).unwrap_or(end)))
}
