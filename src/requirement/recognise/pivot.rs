//! One column for each value: `with one column for each status`, `countries as columns`.

use crate::requirement::piece::{Kind, Piece, Pivot};
use crate::requirement::scan::Scan;
use crate::vocabulary::Unit;

#[rustfmt::skip]
const EACH: &[&str] = &[
    "one column for each", "one column per", "one column for every", "a column for each", "a column per", "a column for every", "column for each", "column per", "columns for each", "columns per", "separate columns for each",
    "separate columns for", "separate columns per", "a separate column for each", "a separate column per", "different columns for each", "one column each for", "a column each for", "columns for", "split into columns by",
    "split into columns per", "split in columns by", "pivoted by", "pivoted on", "pivot by", "pivot on", "pivoted per", "cross-tabulated by", "crosstabbed by", "spread over columns by", "in columns by", "in columns per",
    "as columns per", "each in its own column for", "one column by", "its own column for each", "an own column for each", "column for every", "pivot over", "pivoted over", "pivoted across",
];
const AS_COLUMNS: &[&str] = &[
    "as columns",
    "in columns",
    "as the columns",
    "in the columns",
    "across columns",
    "across the columns",
    "across the top",
    "as separate columns",
    "in separate columns",
    "as its own column",
    "as a column",
    "as column headers",
    "as headers",
];

/// Reads a pivot.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start =
        scan.skip(at, &[",", "and", "with", "as", "showing", "having", "put", "the", "each", "every", "in", "then"]);
    if let Some(i) = scan.any(start, EACH).or_else(|| scan.any(at, EACH)) {
        let i = scan.skip(i, &["the", "of the", "value of", "different", "possible", "distinct", "individual"]);
        // `columns for completed, cancelled and pending`
        let (values, end) = scan.values(i);
        if !values.is_empty() && scan.hits(i).is_none_or(|h| h.tier != 0) {
            return Some(Piece { tokens: at..end, kind: Kind::Pivot(Pivot { noun: None, values }) });
        }
        let plain = scan.word(i.saturating_sub(1)) == "for" && scan.word(i.saturating_sub(2)) == "columns";
        if !plain && Unit::parse(scan.word(i)).is_none() {
            let (noun, end) = scan.head(i)?;
            let end = scan.any(end, &["value", "values"]).unwrap_or(end);
            return Some(Piece { tokens: at..end, kind: Kind::Pivot(Pivot { noun: Some(noun), values: Vec::new() }) });
        }
        return None;
    }
    // `statuses as columns`
    let (noun, end) = scan.head(start)?;
    let end = scan.any(end, AS_COLUMNS)?;
    Some(Piece { tokens: at..end, kind: Kind::Pivot(Pivot { noun: Some(noun), values: Vec::new() }) })
}
