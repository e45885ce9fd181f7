//! What tests say of a whole project, which rules of one query ask: gathered once, so that it costs nothing to ask, and so
//! that it is seen when it is another.

use std::collections::{BTreeMap, BTreeSet};

use crate::dbt::{Described, Kind, NodeId, Project};

/// The keys of a project by its tests.
#[derive(Debug, Default, PartialEq)]
pub struct Keyed {
    /// Columns with a `unique` test, lower case, and the nodes that have one.
    columns: BTreeMap<String, Vec<NodeId>>,
    /// YAML files with a source that has a key.
    sources: BTreeSet<String>,
}

impl Keyed {
    /// The keys of `project`.
    pub fn of(project: &Project) -> Keyed {
        let mut out = Keyed::default();
        for (id, node) in project.nodes.iter().enumerate() {
            let Some(described) = &node.described else { continue };
            for column in described.columns.iter().filter(|c| c.tests.iter().any(|t| t.name == "unique")) {
                out.columns.entry(column.name.to_lowercase()).or_default().push(id as NodeId);
            }
            if node.kind == Kind::Source && has_key(described) {
                out.sources.insert(node.path.clone());
            }
        }
        out
    }

    /// The nodes in which a column of that name is a key.
    pub fn by(&self, column: &str) -> &[NodeId] {
        self.columns.get(&column.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Whether a source in a YAML file has a key.
    pub fn is_beside(&self, file: &str) -> bool {
        self.sources.contains(file)
    }
}

/// Whether tests or constraints tell the rows of a table apart.
pub fn has_key(described: &Described) -> bool {
    described.constrained
        || described.columns.iter().any(|c| c.tests.iter().any(|t| t.name.contains("unique")))
        || described.tests.iter().any(|t| t.name.contains("unique"))
}
