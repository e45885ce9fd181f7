//! Which column tells when a row last changed.

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
