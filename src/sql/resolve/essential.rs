//! Which columns of a key are needed: those that `group by`, `distinct` or a test have beside them, and that the others
//! decide, as far as names and types say so.

use std::collections::BTreeSet;

use super::column_type::ColumnType;
use super::left_out::{is_extreme, shown};
use super::relation::Table;
use crate::vocabulary::DataType;

/// Parts of time, the finest first.
const PARTS: &[&[&str]] = &[
    &["at", "ts", "timestamp", "time", "datetime"],
    &["hour"],
    &["day", "date", "on"],
    &["week"],
    &["month"],
    &["quarter"],
    &["year"],
];
const ATTRIBUTES: &[&str] = &["name", "title", "label", "description", "email", "type", "category"];

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('_')
}

/// How fine a column of time is; none where it is none.
fn part(table: &Table, name: &str) -> Option<usize> {
    let named = |w: &str| PARTS.iter().position(|p| p.contains(&w));
    let by_name = || words(name).filter_map(named).max();
    match table.position(name).map(|i| table.columns[i].value.ty) {
        Some(ColumnType::Known(DataType::Date)) => Some(by_name().unwrap_or(2).max(2)),
        Some(ColumnType::Known(DataType::Timestamp | DataType::TimestampTz)) => Some(by_name().unwrap_or(0)),
        Some(ColumnType::Unknown | ColumnType::Temporal) | None => words(name).last().and_then(named),
        _ => None,
    }
}

/// The columns of a key without those that others of it decide: the day of a moment, the name of what has an id, the
/// latest value of each.
pub(super) fn needed<'k>(key: &'k BTreeSet<String>, table: &Table) -> BTreeSet<&'k str> {
    // The name of what has an id is `name`, or has the words of that id.
    let has_id = |of: &str| {
        let ids = key.iter().filter_map(|c| shown(c).rsplit_once('_').or(Some(("", shown(c)))));
        let mut ids = ids.filter(|(_, end)| ["id", "key", "sk", "hk", "uuid"].contains(end));
        ids.any(|(subject, _)| of.is_empty() || of == subject)
    };
    let parts: Vec<(&str, usize)> = key.iter().filter_map(|c| Some((c.as_str(), part(table, shown(c))?))).collect();
    let coarser = |c: &str| {
        let own = parts.iter().find(|p| p.0 == c).map(|p| p.1);
        own.is_some_and(|own| parts.iter().any(|(_, other)| *other < own))
    };
    let decided = |c: &str| {
        let name = shown(c);
        let (of, what) = name.rsplit_once('_').unwrap_or(("", name));
        coarser(c) || is_extreme(name) || ATTRIBUTES.contains(&what) && has_id(of)
    };
    let needed: BTreeSet<&str> = key.iter().map(String::as_str).filter(|c| !decided(c)).collect();
    if needed.is_empty() { key.iter().map(String::as_str).collect() } else { needed }
}

/// Whether a name is that of a key which the warehouse made.
pub(super) fn is_surrogate(name: &str) -> bool {
    words(shown(name)).any(|w| ["sk", "hk", "surrogate"].contains(&w))
}

/// Whether a name is that of what people tell things apart by.
pub(super) fn is_code(name: &str) -> bool {
    words(name).last().is_some_and(|w| ["code", "number", "no", "slug", "username"].contains(&w))
}

/// Whether a name is that of an id.
pub(super) fn is_id(name: &str) -> bool {
    words(shown(name)).last().is_some_and(|w| ["id", "key", "identifier", "uuid"].contains(&w))
}
