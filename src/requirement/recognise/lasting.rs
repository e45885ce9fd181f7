//! How long rows last: `average length of a visit`, `trip duration in minutes`, `how long tickets take`, where one column says
//! when a row begins and one when it ends.

use crate::requirement::lexicon::{ColumnOf, EXACT, Hits};
use crate::requirement::piece::{Elapsed, Event, Noun};
use crate::requirement::roles;
use crate::requirement::scan::Scan;
use crate::vocabulary::TableRef;

use super::elapsed::unit;

const LENGTH: &[&str] = &["length", "duration", "how long"];
const LAST: &[&str] = &["last", "lasts", "lasted", "take", "takes", "took", "are", "is", "was", "were"];

/// Reads it.
pub(super) fn lasting<'a>(scan: &Scan<'a>, at: usize, measured: bool) -> Option<(Elapsed<'a>, usize)> {
    // `total call minutes`
    let units = |(noun, end): (Noun<'a>, usize)| {
        let unit = unit(scan.word(end)).filter(|unit| measured && scan.word(end).len() > unit.len())?;
        let own = |t: &&TableRef| scan.lexicon.column_of(t, unit).is_some();
        (!noun.hits.tables.iter().any(own)).then(|| of(scan, &noun, at, end)).flatten().map(|e| (e, unit, end + 1))
    };
    if let Some((elapsed, unit, end)) = scan.head(at).and_then(units) {
        return Some((Elapsed { unit: Some(unit), ..elapsed }, end));
    }
    let (things, end) = if let Some(i) = scan.any(at, LENGTH) {
        let i = scan.article(scan.any(i, &["of"]).unwrap_or(i));
        let (noun, end) = scan.head(i)?;
        (noun, scan.any(end, LAST).unwrap_or(end))
    } else {
        let (noun, end) = scan.head(at)?;
        (noun, scan.any(end, &["length", "lengths", "duration", "durations"])?)
    };
    let elapsed = of(scan, &things, at, end)?;
    let within = scan.any(end, &["in", "( in", "in whole"]).and_then(|i| Some((unit(scan.word(i))?, i + 1)));
    let (said, end) = within.map_or((None, end), |(u, i)| (Some(u), scan.any(i, &[")"]).unwrap_or(i)));
    Some((Elapsed { unit: said, ..elapsed }, end))
}

/// The time between the ends of a row, where no column says how long it lasted.
pub(super) fn of<'a>(scan: &Scan<'a>, things: &Noun<'a>, at: usize, end: usize) -> Option<Elapsed<'a>> {
    let [table] = things.hits.tables[..] else { return None };
    let (table, contract) = scan.ground.contracts.get_key_value(table)?;
    let own = |key: &str| scan.lexicon.column_of(table, key).is_some_and(|c| roles::is_number(c.column));
    if ["length", "duration"].iter().any(|key| own(key)) {
        return None;
    }
    let (from, to) = roles::span(contract)?;
    let event = |column| {
        let hits = Hits { len: end - at, tier: EXACT, tables: Vec::new(), columns: vec![ColumnOf { table, column }] };
        let noun = Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() };
        Some(Event { tokens: at..end, noun: Some(noun), pick: None })
    };
    Some(Elapsed { unit: None, from: event(from), to: event(to) })
}
