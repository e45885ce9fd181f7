//! A second number, of a part of the rows: `how many of them are still open`, `how many copies are damaged`.

use crate::requirement::piece::{Kind, Measure, Piece, What};
use crate::requirement::scan::Scan;

#[rustfmt::skip]
const MANY: &[&str] = &["how many of them", "how many of those", "how many of these", "how many", "number of those", "the number of those", "number of them"];
#[rustfmt::skip]
const ARE: &[&str] = &["are", "were", "is", "was", "have been", "got", "are still", "were still", "that are", "that were", "which are", "which were", "ended up", "have status", "have the status", "that got"];

/// Reads it.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, &["and", ",", "also", "as well as"]);
    let i = scan.any(start, MANY)?;
    let them = scan.word(i - 1) != "many";
    let (noun, i) = if them {
        let noun = before.iter().rev().find_map(|p| match &p.kind {
            Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(noun.clone()),
            Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) => Some(noun.clone()),
            _ => None,
        })?;
        (noun, i)
    } else {
        let (noun, end) = scan.head(i).filter(|(n, _)| !n.hits.tables.is_empty())?;
        (noun, scan.any(end, &["of them", "of those", "of these"]).unwrap_or(end))
    };
    let i = scan.skip(scan.any(i, ARE)?, &["still", "already", "currently", "marked as", "marked", "now"]);
    let (values, end) = scan.values(i);
    if values.is_empty() || !before.iter().any(|p| matches!(p.kind, Kind::Measure(_) | Kind::Noun(_))) && them {
        return None;
    }
    let measure = Measure { what: What::Count { noun, distinct: false, active: false }, values };
    Some(Piece { tokens: at..end, kind: Kind::Measure(measure) })
}
