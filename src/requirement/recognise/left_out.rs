//! Rows that go, said after them: `void invoices excluded`, `cancelled orders are not to be included`.

use crate::requirement::piece::{Filter, Kind, Piece};
use crate::requirement::scan::Scan;

use super::filter::table_after;

/// What makes of rows said before it rows that go: `void invoices excluded`, `… are not to be included`.
fn go(scan: &Scan<'_>, at: usize) -> Option<usize> {
    #[rustfmt::skip]
    const WILL: &[&str] = &["must", "should", "shall", "have to", "need to", "are to", "is to", "can", "will", "may", "to"];
    #[rustfmt::skip]
    const GONE: &[&str] = &[
        "excluded", "left out", "removed", "omitted", "ignored", "filtered out", "set apart", "disregarded", "dropped", "skipped", "discarded",
    ];
    #[rustfmt::skip]
    const KEPT: &[&str] = &["included", "counted", "considered", "wanted", "needed", "relevant", "taken into account", "of interest"];
    if let Some(end) = scan.any(
        at,
        &["do not count", "don't count", "does not count", "shouldn't count", "aren't counted", "aren't included"],
    ) {
        return Some(end);
    }
    let will = scan.any(at, WILL).or_else(|| scan.any(scan.any(at, &["are", "is", "were"])?, &["to"]));
    let i = will.or_else(|| scan.any(at, &["are", "is", "were"])).unwrap_or(at);
    let not = scan.any(i, &["not"]);
    let i = scan.skip(not.unwrap_or(i), &["to"]);
    let i = scan.skip(i, &["be", "being"]);
    match not {
        Some(_) => scan.any(i, KEPT).or_else(|| scan.any(i, &["count"])),
        None => scan.any(i, GONE),
    }
}

/// `lost and cancelled shipments left out`.
pub fn read<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let (values, end) = scan.values(at);
    if values.is_empty() {
        return None;
    }
    let (noun, end) = table_after(scan, end);
    let end = go(scan, end)?;
    Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Values { negative: true, values, noun }) })
}
