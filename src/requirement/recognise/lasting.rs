//! How long rows last: `average length of a visit`, `trip duration in minutes`, `how long tickets take`, where one column says
//! when a row begins and one when it ends.

use crate::requirement::lexicon::{ColumnOf, EXACT, Hits};
use crate::requirement::piece::{Elapsed, Event, Noun};
use crate::requirement::roles;
use crate::requirement::scan::Scan;

use super::elapsed::unit;

const LENGTH: &[&str] = &["length", "duration", "how long"];
const LAST: &[&str] = &["last", "lasts", "lasted", "take", "takes", "took", "are", "is", "was", "were"];

/// Reads it.
pub(super) fn lasting<'a>(scan: &Scan<'a>, at: usize) -> Option<(Elapsed<'a>, usize)> {
    let (things, end) = if let Some(i) = scan.any(at, LENGTH) {
        let i = scan.article(scan.any(i, &["of"]).unwrap_or(i));
        let (noun, end) = scan.head(i)?;
        (noun, scan.any(end, LAST).unwrap_or(end))
    } else {
        let (noun, end) = scan.head(at)?;
        (noun, scan.any(end, &["length", "lengths", "duration", "durations"])?)
    };
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
    let within = scan.any(end, &["in", "( in", "in whole"]).and_then(|i| Some((unit(scan.word(i))?, i + 1)));
    let (said, end) = within.map_or((None, end), |(u, i)| (Some(u), scan.any(i, &[")"]).unwrap_or(i)));
    Some((Elapsed { unit: said, from: event(from), to: event(to) }, end))
}
