//! Tables that another one points to by several keys: a shipment has an origin and a destination, both addresses; and
//! tables that point to themselves: an employee has a manager. In each role such a table counts as one of its own, so that
//! `destination city` and `name of the manager` say by which key.

use std::collections::BTreeMap;

use crate::contract::Contract;
use crate::vocabulary::{Name, TableRef};

use super::graph::{Edge, Graph};
use super::lexicon::name_parts;

/// A table in one of its roles.
#[derive(Clone, Debug)]
pub struct Role {
    /// The table itself.
    pub of: TableRef,
    /// The table that points to it.
    pub from: TableRef,
    /// By this column.
    pub column: Name,
    /// `destination`.
    pub said: Vec<String>,
}

/// All roles, by the name that the table has in each.
#[derive(Debug)]
pub struct Twice {
    roles: BTreeMap<TableRef, Role>,
}

/// No table has a role.
pub static NONE: Twice = Twice { roles: BTreeMap::new() };

/// Words at the end of a key's name that don't tell its role.
const KEY: &[&str] = &["id", "code", "key", "number", "uuid"];

impl Twice {
    /// The roles in the contracts.
    pub fn new(contracts: &BTreeMap<TableRef, Contract>) -> Twice {
        let graph = Graph::new(contracts, &NONE);
        let mut roles = BTreeMap::new();
        for (table, contract) in contracts {
            let parents = graph.parents(table);
            let twice = parents.iter().filter(|e| parents.iter().filter(|o| o.to == e.to).count() > 1);
            for edge in twice.chain(graph.own(table)) {
                let Some((name, role)) = role(edge, contract, contracts) else { continue };
                if !contracts.contains_key(&name) {
                    roles.entry(name).or_insert(role);
                }
            }
        }
        Twice { roles }
    }

    /// The role that a name stands for.
    pub fn get(&self, table: &TableRef) -> Option<&Role> {
        self.roles.get(table)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&TableRef, &Role)> {
        self.roles.iter()
    }
}

fn role(edge: &Edge<'_>, from: &Contract, contracts: &BTreeMap<TableRef, Contract>) -> Option<(TableRef, Role)> {
    let [(column, key)] = edge.on[..] else { return None };
    let to = contracts.get(edge.to)?;
    let thing = name_parts(&to.physical_name, to.table.as_str());
    let of_key = name_parts(&to.column(key.as_str())?.physical_name, key.as_str());
    let mut said = name_parts(&from.column(column.as_str())?.physical_name, column.as_str());
    while said.last().is_some_and(|p| KEY.contains(&p.as_str()) || thing.contains(p) || of_key.contains(p)) {
        said.pop();
    }
    if said.is_empty() {
        return None;
    }
    let name = Name::from_text(&format!("{}_{}", said.join("_"), thing.last()?), "role");
    let table = TableRef { source: edge.to.source.clone(), table: name };
    Some((table, Role { of: edge.to.clone(), from: edge.from.clone(), column: column.clone(), said }))
}
