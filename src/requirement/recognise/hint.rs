//! What to look out for, which asks for nothing: `careful, an order can have several items`. Its nouns say nothing of what
//! is wanted.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;

const LOOK_OUT: &[&str] = &[
    "careful",
    "be careful",
    "mind",
    "mind you",
    "note",
    "remember",
    "beware",
    "attention",
    "keep in mind",
    "bear in mind",
    "watch out",
    "please note",
    "please mind",
    "caution",
];
const CAN: &[&str] = &[
    "can have",
    "may have",
    "might have",
    "could have",
    "can contain",
    "may contain",
    "might contain",
    "can hold",
    "may hold",
    "can come with",
    "may come with",
    "can appear in",
    "may appear in",
];
const HAS: &[&str] = &["has", "have", "contains", "contain", "holds", "appears in", "appear in", "consists of", "with"];
const SEVERAL: &[&str] = &["several", "many", "multiple", "more than one", "various", "a number of", "lots of"];

/// Reads a sentence, or what stands behind a comma or bracket.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let starts =
        |i: usize| i == 0 || [".", ",", ";", ":", "(", "-", "–", "—"].iter().any(|m| scan.tokens[i - 1].is_mark(m));
    if !starts(at) {
        return None;
    }
    let told = scan.any(at, LOOK_OUT);
    let mut i = told.unwrap_or(at);
    while scan.tokens.get(i).is_some_and(|t| [",", ":", "-", "–"].iter().any(|m| t.is_mark(m))) {
        i += 1;
    }
    let (thing, i) = scan.head(scan.skip(i, &["that", "as", "because", "since", "one", "each", "every"]))?;
    if thing.hits.tables.is_empty() {
        return None;
    }
    let i = scan.any(i, CAN).or_else(|| told.and_then(|_| scan.any(i, HAS)))?;
    let mut end = scan.any(i, SEVERAL)?;
    while scan.tokens.get(end).is_some_and(|t| ![".", ";", ")", "\n"].iter().any(|m| t.is_mark(m))) {
        end += 1;
    }
    Some(Piece { tokens: at..end, kind: Kind::Hint })
}
