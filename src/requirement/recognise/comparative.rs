//! Comparisons whose adjective says what is compared: `heavier than 500 kg`, `cheaper than 10`, `longer than 90 minutes`.

use super::{elapsed, lasting};
use crate::requirement::lexicon::{EXACT, Hits};
use crate::requirement::piece::{Elapsed, Filter, Kind, Measure, Noun, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

/// Adjectives, the operator, and what columns of that kind are called.
#[rustfmt::skip]
const ADJECTIVES: &[(&[&str], &str, &[&str])] = &[
    (&["heavier than"], ">", &["weight", "mass"]),
    (&["lighter than"], "<", &["weight", "mass"]),
    (&["cheaper than", "less expensive than"], "<", &["price", "unitprice", "cost", "fare", "amount"]),
    (&["more expensive than", "dearer than", "costlier than"], ">", &["price", "unitprice", "cost", "fare", "amount"]),
    (&["longer than", "lasting more than", "lasting longer than", "that lasted more than", "that lasted longer than", "that took more than", "that took longer than"], ">", &["duration", "length", "millisecond", "minute", "page", "distance"]),
    (&["shorter than", "lasting less than", "that lasted less than", "that took less than"], "<", &["duration", "length", "millisecond", "minute", "page", "distance"]),
    (&["older than"], ">", &["age"]),
    (&["younger than"], "<", &["age"]),
    (&["taller than", "higher than"], ">", &["height", "altitude"]),
    (&["farther than", "further than"], ">", &["distance"]),
    (&["faster than"], ">", &["speed"]),
    (&["slower than"], "<", &["speed"]),
];

/// Units that may stand after the number, where the column's name has the same.
const UNITS: &[&str] = &[
    "kg", "g", "km", "m", "mi", "miles", "lb", "lbs", "cm", "pages", "euros", "dollars", "eur", "usd", "years",
    "minutes",
];

/// Reads a comparison whose column the adjective names, in a table that is mentioned before it.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(at, &["that are", "which are", "that weigh", "who are", "is", "are"]).unwrap_or(at);
    let (i, op, names) = ADJECTIVES.iter().find_map(|(say, op, names)| Some((scan.any(start, say)?, *op, *names)))?;
    let number = scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Number)?;
    let literal = number.lower.replace(',', "");
    literal.parse::<f64>().ok()?;
    let tables = before.iter().rev().find_map(|p| match &p.kind {
        Kind::Noun(noun) | Kind::Measure(Measure { what: What::Count { noun, .. }, .. })
            if !noun.hits.tables.is_empty() =>
        {
            Some(noun.hits.tables.clone())
        }
        _ => None,
    })?;
    let end = scan.any(i + 1, UNITS).unwrap_or(i + 1);
    let columns: Vec<_> = tables
        .iter()
        .filter_map(|t| names.iter().find_map(|n| scan.lexicon.column_of(t, n)))
        .filter(|c| c.column.data_type.is_numeric())
        .collect();
    if columns.is_empty() {
        // `calls longer than 10 minutes`
        let unit = elapsed::unit(scan.word(i + 1)).filter(|_| names.contains(&"duration"))?;
        let [table] = tables[..] else { return None };
        let hits = Hits { len: 1, tier: EXACT, tables: vec![table], columns: Vec::new() };
        let rows = Noun { tokens: at..i, hits, modifiers: Vec::new(), values: Vec::new() };
        let elapsed = Elapsed { unit: Some(unit), ..lasting::of(scan, &rows, at, i)? };
        return Some(Piece { tokens: at..i + 2, kind: Kind::Filter(Filter::Lasting { elapsed, op, literal }) });
    }
    let hits = Hits { len: end - at, tier: crate::requirement::lexicon::SYNONYM, tables: Vec::new(), columns };
    let noun = Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() };
    Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Compare { noun, op, literal }) })
}
