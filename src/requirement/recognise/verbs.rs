//! What is to happen, and what is to come of it: `move`, `build`, `a summary table`.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::words;

/// Reads a verb or the noun for what is built.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let take = |end: usize, kind: Kind<'a>| Some(Piece { tokens: at..end, kind });
    let named = scan.hits(at).is_some_and(|h| h.tier == 0);
    if !named && let Some(end) = scan.any(at, words::INGEST) {
        return take(end, Kind::Ingest);
    }
    if let Some(end) = scan.any(at, words::LIST) {
        return take(end, Kind::List);
    }
    let build = scan.any(at, words::BUILD);
    let run = scan.any(at, words::RUN);
    if let Some(end) = build.or(run) {
        return take(end, Kind::Build);
    }
    if scan.any(at, words::CHECK).is_some() {
        return None;
    }
    if let Some(end) = scan.any(at, words::SUMMARIES) {
        return take(end, Kind::Artifact { summary: true });
    }
    if let Some(end) = scan.any(at, words::ARTIFACTS).filter(|_| scan.word(at) != "data" || !named) {
        return take(end, Kind::Artifact { summary: false });
    }
    None
}
