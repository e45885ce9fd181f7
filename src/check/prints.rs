//! Fingerprints of what nodes give: by these two versions of a project are compared.

use crate::dbt::{Kind, Node};
use crate::sql::fingerprint::{Print, Printed};

/// What a node gives, as numbers.
#[derive(Clone, Debug, Default)]
pub struct Prints {
    /// Where it is built anew.
    pub full: Printed,
    /// Where it meets its own table; none where that is the same.
    pub incremental: Option<Print>,
}

impl Prints {
    /// All of what a node gives, in one.
    pub fn whole(&self) -> Print {
        Print::mix("node", &[whole(&self.full), self.incremental.unwrap_or_default()])
    }
}

/// Of a node without a query, by what is declared.
pub(super) fn declared(node: &Node, columns: impl Iterator<Item = String>, open: bool) -> Printed {
    let rows = match node.kind {
        // A seed is what its file holds, whatever it is called.
        Kind::Seed => Print::mix("seed", &[Print::of(&node.text)]),
        Kind::Source => {
            let by_name = || node.id.rsplit('.').nth(1).unwrap_or_default().to_owned();
            let schema = node.config.schema.clone().unwrap_or_else(by_name);
            Print::mix("source", &[Print::of(&schema), Print::of(&node.identifier)])
        }
        Kind::Model | Kind::Snapshot | Kind::Test => {
            Print::mix("declared", &[Print::of(&node.id), Print::of(&node.text)])
        }
    };
    let columns = columns.map(|name| (Print::mix("declared", &[rows, Print::of(&name)]), name));
    Printed {
        columns: columns.map(|(print, name)| (name, print)).collect(),
        rows,
        open,
        keys: Vec::new(),
        origin: rows,
    }
}

/// Of a node that is not known: as it is written.
pub(super) fn unknown(node: &Node) -> Printed {
    let rows = Print::mix("unknown", &[Print::of(&node.id), Print::of(&node.text)]);
    Printed { rows, open: true, ..Printed::default() }
}

/// Adds the keys that tests and configuration state.
pub(super) fn with_keys<'k>(
    mut printed: Printed,
    keys: impl Iterator<Item = &'k std::collections::BTreeSet<String>>,
) -> Printed {
    for key in keys {
        let places: Option<Vec<usize>> =
            key.iter().map(|name| printed.columns.iter().position(|c| c.0 == *name)).collect();
        printed.keys.extend(places.filter(|p| !p.is_empty() && !printed.keys.contains(p)));
    }
    printed
}

/// As it is kept: a snapshot has more rows than its query gives, one for each version.
pub(super) fn kept(mut printed: Printed, node: &Node) -> Printed {
    if node.kind == Kind::Snapshot {
        printed.keys.clear();
        printed.rows = Print::mix("history", &[printed.rows]);
    }
    printed
}

/// All of what a query gives in one.
pub(super) fn whole(printed: &Printed) -> Print {
    let columns: Vec<Print> = printed.columns.iter().map(|c| Print::mix("column", &[Print::of(&c.0), c.1])).collect();
    Print::mix("whole", &[printed.rows, Print::mix("columns", &columns)])
}
