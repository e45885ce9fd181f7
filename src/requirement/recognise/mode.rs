//! How rows arrive: full, incremental, merge, append.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::spec::Mode;

#[rustfmt::skip]
const MODES: &[(Mode, &[&str])] = &[
    (Mode::Incremental, &[
        "incremental", "incrementally", "only the new and changed rows", "only new and changed rows", "the new and changed rows", "new and changed rows",
        "only the new and updated rows", "only new and updated rows", "only new or changed rows", "only the new or changed rows", "only changed rows",
        "only the changed rows", "only new rows", "only the new rows", "just the new rows", "only what changed", "only what is new", "only what is new or changed",
        "new or changed rows", "the new or changed rows", "new or changed records", "new or updated rows", "new or updated records", "new or changed", "the new or changed", "new and changed",
        "the new and changed", "new or updated", "the new or updated", "new and updated", "the new and updated", "changed or new", "added or changed", "the added or changed", "only new or changed",
        "only the new or changed", "only new and changed", "only the new and changed", "only new or updated", "only the new or updated", "only new and updated", "only changes", "only new records", "only the new and changed records", "only new and changed records", "new and changed records", "new and updated rows",
        "only new and updated records", "incremental load", "incremental loads", "delta load", "only the changes", "what changed since the last run", "only the delta",
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
    let (end, mode) =
        MODES.iter().filter_map(|(mode, list)| Some((scan.any(start, list)?, *mode))).max_by_key(|m| m.0)?;
    let end = scan.any(end, &["mode", "load", "loading"]).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Mode(mode) })
}
