//! Which column tells when a row last changed.

use super::Seen;
use crate::contract::{Column, CursorCandidate};
use crate::vocabulary::DataType;

/// Names of columns that tell when a row last changed, best first.
const CURSORS: &[&str] = &[
    "updated_at",
    "modified_at",
    "last_updated_at",
    "last_modified_at",
    "changed_at",
    "updated_on",
    "modified_on",
    "last_updated",
    "last_modified",
    "last_update",
    "update_time",
    "updated_time",
    "modified_time",
    "updated",
    "modified",
    "date_updated",
    "date_modified",
    "updated_date",
    "modified_date",
    "last_modified_date",
    "update_date",
    "last_changed",
    "row_updated_at",
    "sys_updated_on",
    "system_modstamp",
    "updated_ts",
    "modified_ts",
    "update_ts",
    "mtime",
    // Of files: a new file is new rows.
    "file_modified_at",
];

/// How well a column serves to tell when a row last changed; less is better.
pub fn cursor_rank(name: &str, data_type: DataType, required: bool) -> Option<usize> {
    if !required || !data_type.is_temporal() {
        return None;
    }
    CURSORS.iter().position(|c| *c == name)
}

/// Words that columns end in which tell when a row was made.
const MADE: &[&str] =
    &["created", "inserted", "ingested", "loaded", "logged", "made", "ordered", "placed", "received", "recorded"];
/// Candidates that are named.
const MOST: usize = 3;

/// Columns that may tell when a row was made or changed, best first, with what speaks for each. Null in no row that was
/// looked at, and no date of a person's life.
pub fn candidates<'a>(columns: impl Iterator<Item = (&'a Column, &'a Seen)>) -> Vec<CursorCandidate> {
    let mut out: Vec<(usize, CursorCandidate)> = Vec::new();
    for (column, seen) in columns {
        if seen.nulls > 0 || seen.filled() == 0 || column.pii().is_some() {
            continue;
        }
        let name = column.name.as_str();
        let never = if column.required { "declared never null" } else { "null in no row that was seen" };
        let made = name.split('_').any(|word| MADE.contains(&word));
        let (rank, why) = match () {
            () if column.data_type.is_temporal() && CURSORS.contains(&name) => {
                (0, format!("named for changes, {never}"))
            }
            () if column.data_type.is_temporal() && made => (1, format!("named for new rows, {never}; misses changes")),
            () if seen.rising && column.unique && column.data_type == DataType::Integer => {
                (2, format!("rises from row to row, {never}; misses changes"))
            }
            () => continue,
        };
        out.push((rank, CursorCandidate { column: column.name.clone(), why }));
    }
    out.sort_by_key(|(rank, _)| *rank);
    out.into_iter().map(|(_, candidate)| candidate).take(MOST).collect()
}
