//! What it waits for: `after orders is loaded`, `whenever payments have been loaded`.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;

#[rustfmt::skip]
const LEAD: &[&str] = &[
    "after", "once", "when", "whenever", "as soon as", "each time", "every time", "right after", "only after", "always after", "run after", "run it after", "to be run after", "after the",
    "after each load of", "after every load of", "after loading", "after the load of", "after the loading of",
];
#[rustfmt::skip]
const LOADED: &[&str] = &[
    "is loaded", "are loaded", "was loaded", "were loaded", "has been loaded", "have been loaded", "has loaded", "have loaded", "is landed", "are landed", "has landed", "have landed", "has been landed", "have been landed",
    "is refreshed", "are refreshed", "has been refreshed", "have been refreshed", "has been updated", "have been updated", "has arrived", "have arrived", "is in", "are in", "has been ingested", "have been ingested",
    "has been synced", "have been synced", "is synced", "are synced", "has finished loading", "have finished loading", "is done loading", "are done loading", "is done", "are done", "has finished",
];

/// Reads it.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, &[",", "and", "run", "rebuild", "refresh", "it", "runs"]);
    let lead = scan.any(start, LEAD)?;
    let (noun, end) = scan.head(lead).filter(|n| !n.0.hits.tables.is_empty())?;
    let end = scan.any(end, &["table", "data"]).unwrap_or(end);
    let said = scan.word(lead - 1);
    let end = match scan.any(end, LOADED) {
        Some(end) => end,
        None if matches!(said, "of" | "loading") => end,
        None => return None,
    };
    Some(Piece { tokens: at..end, kind: Kind::AfterLoad(noun) })
}
