//! Several functions of one thing: `min, max and average salary`, `average and highest total cost`.

use crate::requirement::piece::{Kind, Measure, Piece, What};
use crate::requirement::scan::Scan;
use crate::spec::Function;

use super::measure;

/// Reads one function of several; the thing that they share stands after the last.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, &["the", "a", "an", "and", ",", "with", "as well as", "plus", "/", "&"]);
    let (end, function) = measure::function_word(scan, start)?;
    let (mut last, mut i) = (start, end);
    while let Some(next) = scan.any(i, &[", and", ", or", ",", "and", "or", "/", "&", "as well as"]) {
        let next = scan.article(next);
        let Some((after, _)) = measure::function_word(scan, next) else { break };
        (last, i) = (next, after);
    }
    if last == start {
        return None;
    }
    let (Measure { what, values }, _) = measure::function(scan, last)?;
    let what = with(what, function)?;
    Some(Piece { tokens: at..end, kind: Kind::Measure(Measure { what, values }) })
}

/// The same under another function.
fn with<'a>(what: What<'a>, function: Function) -> Option<What<'a>> {
    match what {
        What::Of { formula, .. } => Some(What::Of { function, formula }),
        What::Worth { noun, revenue, .. } => Some(What::Worth { function, noun, revenue }),
        _ => None,
    }
}
