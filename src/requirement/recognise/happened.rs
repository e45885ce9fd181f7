//! What happened to the rows that were named, by the time that says when: `tickets closed`, `employees who left`. Beside a
//! window or a unit of the calendar it says by which time; by itself, that it has happened.

use crate::requirement::lexicon::{Hits, SYNONYM};
use crate::requirement::piece::{Happened, Kind, Measure, Noun, Piece, Value, What};
use crate::requirement::scan::Scan;
use crate::requirement::{tokens, words};
use crate::vocabulary::TableRef;

/// What may stand between the noun and the verb.
#[rustfmt::skip]
const LEAD: &[&str] = &[
    "that", "which", "who", "were", "was", "are", "is", "have", "has", "had", "been", "got", "newly", "recently", "first", "last", "the", "day", "when", "they",
];
/// Participles that do not end in `ed`.
const IRREGULAR: &[&str] =
    &["left", "sold", "paid", "sent", "begun", "began", "won", "lost", "born", "bought", "taken"];

/// Reads a participle after the noun that it is said of.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let token = scan.tokens.get(at).filter(|t| t.kind == tokens::Kind::Word)?;
    let participle = token.lower.len() > 4 && token.lower.ends_with("ed") || IRREGULAR.contains(&token.lower.as_str());
    // `never admitted`, `not closed`
    if !participle || at > 0 && (words::turns(scan.word(at - 1)) || scan.any(at - 1, &["to", "by", "not"]).is_some()) {
        return None;
    }
    let said = before.iter().rev().find(|p| {
        !matches!(p.kind, Kind::Filler | Kind::Build) || !p.tokens.clone().all(|t| LEAD.contains(&scan.word(t)))
    })?;
    let subjects = tables(said)?;
    let own = |columns: Vec<_>| -> Vec<crate::requirement::lexicon::ColumnOf<'a>> {
        columns
            .into_iter()
            .filter(|c: &crate::requirement::lexicon::ColumnOf<'a>| subjects.contains(&c.table))
            .collect()
    };
    let columns = scan.lexicon.event(&token.lower).map(own).unwrap_or_default();
    let columns = if columns.is_empty() { own(scan.lexicon.like_event(&token.lower)) } else { columns };
    if columns.is_empty() {
        return did(scan, at, said);
    }
    // `cancelled` may be a status as well.
    let value = scan.lexicon.value(&scan.tokens, at).map(|(len, of)| Value { tokens: at..at + len, of: of.to_vec() });
    let end = value.as_ref().map_or(at + 1, |v| v.tokens.end);
    let hits = Hits { len: end - at, tier: SYNONYM, tables: Vec::new(), columns };
    let time = Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() };
    let value = value.filter(|v| v.of.iter().any(|of| subjects.contains(&of.table)));
    Some(Piece { tokens: at..end, kind: Kind::Happened(Happened { time, value }) })
}

/// `how many members visited`: the visits, which point to who is counted.
fn did<'a>(scan: &Scan<'a>, at: usize, said: &Piece<'a>) -> Option<Piece<'a>> {
    let Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) = &said.kind else { return None };
    let mut deeds = scan.lexicon.done(scan.word(at));
    deeds.retain(|table| noun.hits.tables.iter().any(|counted| scan.leads(table, counted)));
    if deeds.is_empty() {
        return None;
    }
    let hits = Hits { len: 1, tier: SYNONYM, tables: deeds, columns: Vec::new() };
    let noun = Noun { tokens: at..at + 1, hits, modifiers: Vec::new(), values: Vec::new() };
    Some(Piece { tokens: at..at + 1, kind: Kind::Noun(noun) })
}

/// The tables whose rows a piece is about.
fn tables<'a>(piece: &Piece<'a>) -> Option<Vec<&'a TableRef>> {
    let noun = match &piece.kind {
        Kind::Noun(noun) => noun,
        Kind::Measure(Measure { what: What::Count { noun, .. } | What::Share { noun: Some(noun), .. }, .. }) => noun,
        Kind::Filter(filter) => *filter.nouns().first()?,
        _ => return None,
    };
    Some(noun.hits.tables.clone()).filter(|t| !t.is_empty())
}
