//! How rows arrive: full, incremental, merge, append.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::spec::Mode;

#[rustfmt::skip]
const MODES: &[(Mode, &[&str])] = &[
    (Mode::Incremental, &[
        "incremental", "incrementally", "incremental load", "incremental loads", "delta load", "only the delta", "only the deltas", "only what changed", "only what is new",
        "only what is new or changed", "what changed since the last run", "only changes", "only the changes", "changes only", "deltas only", "only changed rows", "only the changed rows",
    ]),
    (Mode::Replace, &[
        "full load", "full loads", "full refresh", "full reload", "full copy", "a full load", "in full", "fully", "from scratch", "completely", "full snapshot load", "replace the table", "overwrite",
    ]),
    (Mode::Append, &["append", "append only", "append-only", "appending"]),
    (Mode::Merge, &["merge", "upsert", "upserting", "merging", "merge on the key", "upsert by key"]),
];

/// Reads a load mode.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(at, &["with", "in", "using", "as"]).map(|i| scan.article(i)).unwrap_or(at);
    let listed = MODES.iter().filter_map(|(mode, list)| Some((scan.any(start, list)?, *mode))).max_by_key(|m| m.0);
    let (end, mode) = listed.or_else(|| Some((changed(scan, start)?, Mode::Incremental)))?;
    let end = scan.any(end, &["mode", "load", "loading"]).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Mode(mode) })
}

/// `only the new and changed rows`, `new or updated ones only`, `the new or changed` before what they are called.
fn changed(scan: &Scan<'_>, at: usize) -> Option<usize> {
    const ROWS: &[&str] = &["rows", "records", "ones", "entries", "lines", "data"];
    const CHANGED: &[&str] = &["changed", "updated", "modified", "amended", "edited"];
    const NEW: &[&str] = &["new", "added"];
    let lead = scan.any(at, &["only the", "only", "just the", "just", "all the", "all"]);
    let i = scan.skip(lead.unwrap_or(at), &["the", "those"]);
    let two = |first: &[&str], then: &[&str]| {
        let i = scan.any(scan.any(i, first)?, &["and", "or", "and or", "&", "/", "and/or"])?;
        scan.any(i, then)
    };
    let (said, both) = match two(NEW, CHANGED).or_else(|| two(CHANGED, NEW)) {
        Some(end) => (end, true),
        None => (scan.any(i, NEW)?, false),
    };
    let rows = scan.any(said, ROWS);
    let end = rows.unwrap_or(said);
    let only = scan.any(end, &["only"]);
    // `new customers` are no load mode.
    let sure = both || rows.is_some() && (lead.is_some() || only.is_some());
    sure.then_some(only.unwrap_or(end))
}
