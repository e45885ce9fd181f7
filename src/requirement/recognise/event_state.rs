//! Whether something has happened to rows, where only a time tells: `unpaid fines`, `terminated employees`, `alarms that
//! were never acknowledged`, `excluding returned loans`.

use crate::requirement::lexicon::{ColumnOf, Hits, SYNONYM};
use crate::requirement::piece::{Filter, Kind, Measure, Noun, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::vocabulary::TableRef;

#[rustfmt::skip]
const OUT: &[&str] = &[
    "excluding", "exclude", "without", "except", "except for", "leave out", "leaving out", "ignoring", "ignore", "not counting", "no", "but not",
    "and not", "but no",
];
#[rustfmt::skip]
const NOT: &[&str] = &[
    "not", "not yet", "never", "never been", "not been", "not yet been", "has not been", "have not been", "were not", "was not", "are not", "is not",
    "were never", "was never", "has never been", "have never been", "haven't been", "hasn't been", "weren't", "aren't", "that are not", "that were not",
    "that were never", "that have not been", "that have never been", "which were never", "which are not", "which were not", "who have not", "still not", "have not yet been",
    "that are not yet", "which have not been",
];

/// Reads it before a noun, or after the one that it is said of.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let piece = |end: usize, noun: Noun<'a>, missing: bool| {
        Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Missing { noun, missing }) })
    };
    let subjects = before.iter().rev().find_map(tables);
    if let (Some(i), Some(subjects)) = (scan.any(at, NOT), &subjects) {
        let (time, end) = happened(scan, i, subjects)?;
        // `users who have not logged in` may be told from other rows: that is asked elsewhere.
        let follows = scan.noun(end).is_some_and(|(n, _)| !n.hits.tables.is_empty() && scan.article(end) > end);
        return if follows { None } else { piece(end, time, true) };
    }
    let out = scan.any(at, OUT);
    let i = scan.article(out.unwrap_or(at));
    let after = |end: usize| scan.head(end).filter(|(n, _)| !n.hits.tables.is_empty() && scan.article(end) == end);
    if let Some(rest) = scan.word(i).strip_prefix("un").or_else(|| scan.word(i).strip_prefix("non-")) {
        let (noun, _) = after(i + 1).or_else(|| Some((scan.noun(i + 1)?.0, i + 1))).unwrap_or((none(i), i));
        let tables = if noun.hits.tables.is_empty() { subjects.unwrap_or_default() } else { noun.hits.tables };
        if scan.lexicon.value(&scan.tokens, i).is_some() {
            return None;
        }
        return piece(i + 1, time(rest, scan, &tables, i..i + 1)?, out.is_none());
    }
    let (noun, end) = after(i + 1)?;
    let (time, _) = happened(scan, i, &noun.hits.tables)?;
    match out {
        Some(_) => piece(end, time, true),
        None => piece(i + 1, time, false),
    }
}

fn none<'a>(at: usize) -> Noun<'a> {
    Noun { tokens: at..at + 1, hits: Hits::default(), modifiers: Vec::new(), values: Vec::new() }
}

/// A participle of something that only a time of these tables tells.
fn happened<'a>(scan: &Scan<'a>, at: usize, tables: &[&'a TableRef]) -> Option<(Noun<'a>, usize)> {
    let token = scan.tokens.get(at).filter(|t| t.kind == tokens::Kind::Word)?;
    let irregular = matches!(token.lower.as_str(), "paid" | "sent" | "sold" | "left" | "lost" | "won");
    let regular = token.lower.len() > 4 && token.lower.ends_with("ed");
    if !irregular && !regular {
        return None;
    }
    let own = |of: &crate::requirement::lexicon::ValueOf<'a>| tables.contains(&of.table);
    if scan.lexicon.value(&scan.tokens, at).is_some_and(|(_, of)| of.iter().any(own)) {
        return None;
    }
    Some((time(&token.lower, scan, tables, at..at + 1)?, at + 1))
}

/// The one time of these tables that a word tells of, where some rows have none.
fn time<'a>(word: &str, scan: &Scan<'a>, tables: &[&'a TableRef], tokens: std::ops::Range<usize>) -> Option<Noun<'a>> {
    let own = |columns: Vec<ColumnOf<'a>>| -> Vec<ColumnOf<'a>> {
        columns.into_iter().filter(|c| tables.contains(&c.table) && !c.column.required).collect()
    };
    let columns = scan.lexicon.event(word).map(own).unwrap_or_default();
    let columns = if columns.is_empty() { own(scan.lexicon.like_event(word)) } else { columns };
    let hits = Hits { len: 1, tier: SYNONYM, tables: Vec::new(), columns };
    (hits.columns.len() == 1).then_some(Noun { tokens, hits, modifiers: Vec::new(), values: Vec::new() })
}

/// The tables whose rows a piece is about.
fn tables<'a>(piece: &Piece<'a>) -> Option<Vec<&'a TableRef>> {
    let noun = match &piece.kind {
        Kind::Noun(noun) => noun,
        Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) => noun,
        Kind::Measure(Measure { what: What::Worth { noun: Some(noun), .. }, .. }) => noun,
        _ => return None,
    };
    Some(noun.hits.tables.clone()).filter(|t| !t.is_empty())
}
