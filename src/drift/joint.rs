//! Foreign keys of several columns: added, gone, pointing elsewhere.

use std::collections::BTreeSet;

use super::changes::Table;
use super::columns::{drifted, find};
use super::{Change, Class};
use crate::contract::{Contract, ForeignKey};
use crate::vocabulary::{Name, TableRef};

/// What a foreign key of those columns is called in a change: `shop.items (order_no, item_no)`.
pub(super) fn key(table: &TableRef, columns: &[Name]) -> String {
    let names: Vec<&str> = columns.iter().map(Name::as_str).collect();
    format!("{table} ({})", names.join(", "))
}

/// The columns of what [`key`] named.
pub(super) fn columns(key: &str) -> impl Iterator<Item = &str> {
    key.split_once(" (")
        .map_or("", |(_, names)| names.trim_end_matches(')'))
        .split(", ")
        .filter(|name| !name.is_empty())
}

/// A change for each set of columns that points elsewhere than it did.
pub(super) fn changes(table: &Table<'_>) -> Vec<Change> {
    // Of a contract that people wrote, what it says beyond names and types is theirs.
    let Some(last) = table.last else { return Vec::new() };
    let all = [table.ours, last, table.now];
    let mut sets = BTreeSet::new();
    for contract in all {
        sets.extend(contract.foreign_keys.iter().filter_map(|key| physical(contract, key)));
    }
    let mut out = Vec::new();
    for set in sets {
        // A column that is gone or has another name is told as that.
        let Some(columns) = set.iter().map(|name| find(table.ours, name)).collect::<Option<Vec<_>>>() else { continue };
        if set.iter().any(|name| find(table.now, name).is_none()) {
            continue;
        }
        let [ours, last, now] = all.map(|contract| {
            let of_set = |key: &&ForeignKey| physical(contract, key).as_ref() == Some(&set);
            contract.foreign_keys.iter().filter(of_set).map(|key| (&key.table, &key.to)).collect::<Vec<_>>()
        });
        if !drifted(&ours, Some(&last), &now) {
            continue;
        }
        let word = |targets: &[(&Name, &Vec<Name>)]| match targets {
            [] => "nothing".to_owned(),
            all => all.iter().map(|(table, to)| called(table, to)).collect::<Vec<_>>().join(" and "),
        };
        let columns: Vec<Name> = columns.iter().map(|c| c.name.clone()).collect();
        let change = Change::of_table(Class::ForeignKey, &table.ours.table_ref()).from(word(&ours)).to(word(&now));
        out.push(Change { key: key(&table.ours.table_ref(), &columns), ..change });
    }
    out
}

/// Its own columns by what the source calls them.
fn physical(contract: &Contract, key: &ForeignKey) -> Option<Vec<String>> {
    key.columns.iter().map(|name| Some(contract.column(name.as_str())?.physical_name.clone())).collect()
}

fn called(table: &Name, columns: &[Name]) -> String {
    let names: Vec<&str> = columns.iter().map(Name::as_str).collect();
    format!("{table} ({})", names.join(", "))
}
