//! Tables and columns by themselves, and words that say nothing.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;

/// Reads a noun phrase.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let (noun, end) = scan.noun(at)?;
    Some(Piece { tokens: at..end, kind: Kind::Noun(noun) })
}

/// Reads words that say nothing about the data, and the names of sources.
pub fn filler<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let token = &scan.tokens[at];
    // `good readings only`: what stands before says which.
    let chosen = before.last().is_some_and(|p| match &p.kind {
        Kind::Filter(_) => true,
        Kind::Noun(noun) => !noun.values.is_empty(),
        _ => false,
    });
    if let Some(end) = scan.any(at, &["only", "ones only", "alone", "ones", "rows only"]).filter(|_| chosen) {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    if let Some(end) = scan.any(at, words::PHRASES) {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    let plain = token.kind == tokens::Kind::Mark && ",.;:!?()-–—'\"&/\u{a0}".contains(token.lower.as_str());
    let source = scan.ground.config.sources.keys().any(|s| s.as_str() == token.lower);
    (plain || source || words::is_filler(&token.lower)).then_some(Piece { tokens: at..at + 1, kind: Kind::Filler })
}
