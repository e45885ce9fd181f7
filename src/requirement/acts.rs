//! What the rows of each table came of, for verbs: `loans` for `borrowed`. Made once for a reading, when a verb is met.

use std::collections::BTreeMap;

use super::lexicon::name_parts;
use super::roles::{Choice, event_of, event_time};
use super::stem::{action, noun, parts};
use crate::contract::Contract;
use crate::vocabulary::TableRef;

/// The words for one table's rows.
pub struct Act<'a> {
    /// The table.
    pub table: &'a TableRef,
    /// Its whole name, in the singular: `orderitem`.
    pub name: String,
    /// The words of its name.
    pub parts: Vec<String>,
    /// The last of them, in the singular.
    pub last: String,
    /// The stem of what that is the act of: `borrow` for `borrowings`.
    pub done: String,
    /// The stem of what its time says has happened: `admit` for `admitted_at`.
    pub happened: Option<String>,
}

/// Those of all tables, in their order.
pub fn acts(contracts: &BTreeMap<TableRef, Contract>) -> Vec<Act<'_>> {
    let act = |(table, contract): (_, &Contract)| {
        let table: &TableRef = table;
        let parts = parts(table.table.as_str());
        let last = parts.last().map(|p| noun(p).into_owned()).unwrap_or_default();
        let happened = match event_time(contract).0 {
            Choice::One(column) => event_of(column),
            _ => None,
        };
        let name = name_parts(&contract.physical_name, table.table.as_str()).concat();
        Act { table, name, done: action(&last), last, parts, happened }
    };
    contracts.iter().map(act).collect()
}
