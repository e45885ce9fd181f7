//! A source as it is found now against its contracts: which tables are which, then table by table.

use std::collections::BTreeMap;

use super::{Change, columns, stats, tables};
use crate::contract::Contract;

/// What is compared: all of one source.
#[derive(Clone, Debug)]
pub struct Compared<'a> {
    /// Contracts as people have them.
    pub contracts: Vec<&'a Contract>,
    /// Contracts as the source was found last, by what it calls the table: what differs from these is people's.
    pub last: BTreeMap<String, &'a Contract>,
    /// Contracts as the source is found now.
    pub now: Vec<&'a Contract>,
    /// Only the catalog was read, no rows: nothing is said of what only rows tell.
    pub catalog_only: bool,
    /// What people answered that a table or column is called now, by the key of the change.
    pub renamed: &'a BTreeMap<String, String>,
}

/// A table as its contract has it, as it was found last, and as it is found now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    /// As people have it.
    pub ours: &'a Contract,
    /// As it was found last; none where people wrote the contract themselves.
    pub last: Option<&'a Contract>,
    /// As it is found now.
    pub now: &'a Contract,
    /// No rows were read.
    pub catalog_only: bool,
    /// What people answered.
    pub renamed: &'a BTreeMap<String, String>,
}

impl<'a> Table<'a> {
    /// What was seen of the table's rows before.
    pub(super) fn before(&self) -> &'a Contract {
        self.last.unwrap_or(self.ours)
    }
}

/// Every change, sorted by table, column and class. Contracts that are retired, and what people made of a contract, are
/// no changes.
pub fn changes(compared: &Compared<'_>) -> Vec<Change> {
    let (pairs, mut out) = tables::pair(compared);
    let newest = (newest(compared.last.values().copied()), newest(compared.now.iter().copied()));
    for table in &pairs {
        out.extend(columns::changes(table));
        if !compared.catalog_only {
            out.extend(columns::moved(table));
            out.extend(tables::moved(table));
            out.extend(tables::late(table, newest));
        }
    }
    out.sort_by(|a, b| (&a.table, &a.column, a.class, &a.now).cmp(&(&b.table, &b.column, b.class, &b.now)));
    out
}

/// The newest moment of any cursor.
fn newest<'a>(all: impl Iterator<Item = &'a Contract>) -> Option<f64> {
    all.filter_map(cursor).reduce(f64::max)
}

/// The newest moment of a table's cursor, in seconds.
pub(super) fn cursor(contract: &Contract) -> Option<f64> {
    let column = contract.column(contract.cursor.as_ref()?.as_str())?;
    column.data_type.is_temporal().then(|| stats::number(column.profile.as_ref()?.max.as_deref()?)).flatten()
}
