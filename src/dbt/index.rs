//! Nodes by name: what `ref` and `source` mean in each package.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::{Described, Kind, NodeId};
use crate::sql::ScopeRelation;
use crate::vocabulary::nearest;

/// What is known of a node before its file is rendered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub id: String,
    pub kind: Kind,
    pub name: String,
    /// Of a source's table the source; empty for others.
    pub source: String,
    pub package: String,
    pub version: Option<String>,
    /// The version that a `ref` without one means.
    pub latest: bool,
    pub disabled: bool,
    pub path: String,
    pub identifier: String,
    pub schema: Option<String>,
    pub database: Option<String>,
    /// What stands in SQL for it.
    pub stand_in: Arc<str>,
    /// Its configuration, but for what its own file says.
    pub config: Map<String, Value>,
    /// What its own file says of it.
    pub said: Map<String, Value>,
    /// Its columns and their types as text: all of them, but for sources.
    pub columns: Option<Vec<(String, String)>>,
    /// Its file, and the part of it that is its query.
    pub text: Arc<str>,
    pub within: Range<usize>,
}

/// Every node by name.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Arc<Entry>>,
    names: Arc<Names>,
    /// What YAML says of each.
    described: Arc<[Option<Arc<Described>>]>,
    /// What is known of each node's columns, once somebody asked.
    relations: Vec<OnceLock<Option<Arc<ScopeRelation>>>>,
}

/// What nodes are called.
#[derive(Debug, Default)]
struct Names {
    nodes: HashMap<String, Vec<NodeId>>,
    tables: HashMap<(String, String), Vec<NodeId>>,
    /// By identifier in the database, lower case.
    identifiers: HashMap<String, Vec<NodeId>>,
}

impl Index {
    /// An index of entries in their order, with what YAML says of each.
    pub(super) fn new(entries: Vec<Arc<Entry>>, described: Arc<[Option<Arc<Described>>]>) -> Index {
        let mut names = Names::default();
        for (id, entry) in entries.iter().enumerate() {
            let id = id as NodeId;
            names.identifiers.entry(entry.identifier.clone()).or_default().push(id);
            match entry.kind {
                Kind::Source => {
                    let key = (entry.source.clone(), entry.name.clone());
                    names.tables.entry(key).or_default().push(id);
                }
                Kind::Test => {}
                _ => names.nodes.entry(entry.name.clone()).or_default().push(id),
            }
        }
        Index::of(entries, names.into(), described)
    }

    /// The same with other entries that are called as those were.
    pub(super) fn with(&self, entries: Vec<Arc<Entry>>) -> Index {
        Index::of(entries, self.names.clone(), self.described.clone())
    }

    fn of(entries: Vec<Arc<Entry>>, names: Arc<Names>, described: Arc<[Option<Arc<Described>>]>) -> Index {
        Index { relations: entries.iter().map(|_| OnceLock::new()).collect(), entries, names, described }
    }

    /// What YAML says of a node.
    pub(super) fn described(&self, id: NodeId) -> Option<&Described> {
        self.described.get(id as usize)?.as_deref()
    }

    pub(super) fn entry(&self, id: NodeId) -> &Entry {
        &self.entries[id as usize]
    }

    pub(super) fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    pub(super) fn relation(&self, id: NodeId) -> &OnceLock<Option<Arc<ScopeRelation>>> {
        &self.relations[id as usize]
    }

    /// The node that the database calls so, where only one can be meant.
    pub(super) fn called(&self, schema: Option<&str>, identifier: &str) -> Option<NodeId> {
        let all = self.names.identifiers.get(&identifier.to_lowercase())?;
        let enabled = |id: &&NodeId| !self.entry(**id).disabled;
        let same = |id: &&NodeId| {
            let own = self.entry(**id).schema.as_deref().unwrap_or("schema");
            schema.is_none_or(|s| s.eq_ignore_ascii_case(own))
        };
        let found: Vec<NodeId> = all.iter().filter(enabled).copied().collect();
        match found.as_slice() {
            [only] => Some(*only),
            several => several.iter().find(same).copied(),
        }
    }

    /// The node of the project that makes the table which a source names, `target` being the schema that dbt builds in.
    pub(super) fn behind(&self, source: &Entry, target: &str) -> Option<NodeId> {
        let schema = source.schema.as_deref()?;
        let makes = |id: &&NodeId| {
            let entry = self.entry(**id);
            let own = entry.schema.as_deref().map(|own| schema == own || schema == format!("{target}_{own}"));
            entry.kind != Kind::Source && !entry.disabled && own.unwrap_or(schema == target)
        };
        let mut found = self.names.identifiers.get(&source.identifier)?.iter().filter(makes);
        found.next().copied().filter(|_| found.next().is_none())
    }

    /// What `ref` means in a file of the package `own`; else why it means nothing, where that can be said.
    pub(super) fn find(
        &self,
        own: &str,
        root: &str,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<NodeId, Option<String>> {
        let Some(all) = self.names.nodes.get(name) else { return Err(self.near(name)) };
        let fits = |id: &&NodeId| {
            let entry = self.entry(**id);
            let versioned = match version {
                Some(version) => entry.version.as_deref() == Some(version),
                None => entry.version.is_none() || entry.latest,
            };
            versioned && package.is_none_or(|p| p == entry.package)
        };
        let mut enabled: Vec<NodeId> =
            all.iter().filter(fits).copied().filter(|id| !self.entry(*id).disabled).collect();
        // The package's own first, then the project's.
        enabled.sort_by_key(|id| {
            let package = &self.entry(*id).package;
            (package != own, package != root)
        });
        if let Some(id) = enabled.first() {
            return Ok(*id);
        }
        Err(match all.iter().find(|id| fits(id)) {
            Some(_) => Some(format!("`{name}` is disabled")),
            None => match (version, package) {
                (Some(version), _) => Some(format!("`{name}` has no version {version}")),
                (None, Some(package)) => Some(format!("`{name}` is not of the package `{package}`")),
                (None, None) => None,
            },
        })
    }

    /// What `source` means in a file of the package `own`.
    pub(super) fn find_source(&self, own: &str, source: &str, table: &str) -> Result<NodeId, Option<String>> {
        let key = (source.to_owned(), table.to_owned());
        let all = self.names.tables.get(&key).map(Vec::as_slice).unwrap_or_default();
        let enabled = |id: &&NodeId| !self.entry(**id).disabled;
        let of_own = all.iter().filter(enabled).find(|id| self.entry(**id).package == own);
        match of_own.or_else(|| all.iter().find(enabled)) {
            Some(id) => Ok(*id),
            None if !all.is_empty() => Err(Some(format!("`{source}.{table}` is disabled"))),
            None => {
                let of_source: Vec<&str> =
                    self.names.tables.keys().filter(|(s, _)| s == source).map(|(_, t)| t.as_str()).collect();
                let near = nearest(table, of_source.iter().copied());
                Err(match near.first() {
                    Some(near) => Some(format!("did you mean `{source}.{near}`?")),
                    None if of_source.is_empty() => Some(format!("no YAML names the source `{source}`")),
                    None => None,
                })
            }
        }
    }

    fn near(&self, name: &str) -> Option<String> {
        let near = nearest(name, self.names.nodes.keys().map(String::as_str));
        near.first().map(|near| format!("did you mean `{near}`?"))
    }
}
