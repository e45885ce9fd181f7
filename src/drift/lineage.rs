//! The dbt project as it stands, hand edits and all: what each model reads, and which columns its columns are made of.
//!
//! Only what can be reached from a changed table is parsed. A model that can't be read has an unknown lineage, and so has
//! everything behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use regex::Regex;

use crate::contract::Contract;
use crate::sql::jinja::{self, Macros, macros};
use crate::sql::{self, ColumnType, Resolved, Scope, ScopeRelation, Text};
use crate::vocabulary::{DataType, Dialect, Name, Relation, TableRef};

/// The text of a model, a snapshot or a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelText {
    /// Its file.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A dbt project, read as far as it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Project {
    pub(super) models: BTreeMap<Name, Node>,
    /// Texts of the YAML files under `models/`.
    pub(super) properties: Vec<ModelText>,
    macros: Vec<ModelText>,
}

/// A model or snapshot.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub file: ModelText,
    pub reads: BTreeSet<Relation>,
    /// Whether it is a snapshot: it keeps all that it reads.
    pub snapshot: bool,
    /// What it gives; none where its lineage is not known.
    pub resolved: Option<Resolved>,
}

impl Project {
    /// Of the files under `dbt/`, by path; each is only looked through for what it reads.
    pub fn new(files: BTreeMap<String, String>) -> Project {
        let mut project = Project::default();
        for (path, text) in files {
            let (folder, stem, ending) = parts(&path);
            let name = Name::parse(&stem.to_ascii_lowercase()).ok();
            match (folder, ending) {
                ("models", "yml" | "yaml") => project.properties.push(ModelText { path, text }),
                ("macros", "sql") => project.macros.push(ModelText { path, text }),
                ("models", "sql") | ("snapshots", "sql" | "yml" | "yaml") => {
                    let (reads, snapshot) = (reads(&text), folder == "snapshots");
                    let file = ModelText { path, text };
                    project.models.extend(name.map(|name| (name, Node { file, reads, snapshot, resolved: None })));
                }
                _ => {}
            }
        }
        project
    }

    /// Every model and snapshot that reads one of `from`, directly or through others.
    pub(super) fn downstream(&self, from: &BTreeSet<Relation>) -> BTreeSet<Name> {
        let mut readers: BTreeMap<&Relation, Vec<&Name>> = BTreeMap::new();
        for (name, node) in &self.models {
            node.reads.iter().for_each(|read| readers.entry(read).or_default().push(name));
        }
        let mut out = BTreeSet::new();
        let mut todo: Vec<Relation> = from.iter().cloned().collect();
        while let Some(relation) = todo.pop() {
            for name in readers.get(&relation).into_iter().flatten() {
                if out.insert((*name).clone()) {
                    todo.push(Relation::Model((*name).clone()));
                }
            }
        }
        out
    }

    /// Resolves what is behind the tables, and all that this reads.
    pub fn resolve(
        &mut self,
        tables: &BTreeSet<TableRef>,
        contracts: &BTreeMap<TableRef, Contract>,
        dialects: &[Dialect],
    ) {
        let from = tables.iter().cloned().map(Relation::Table).collect();
        let mut needed = self.downstream(&from);
        let mut todo: Vec<Name> = needed.iter().cloned().collect();
        while let Some(name) = todo.pop() {
            let reads = self.models.get(&name).map(|n| &n.reads);
            for read in reads.into_iter().flatten() {
                if let Relation::Model(model) = read
                    && self.models.contains_key(model)
                    && needed.insert(model.clone())
                {
                    todo.push(model.clone());
                }
            }
        }
        if needed.is_empty() {
            return;
        }
        let macros = self.macros();
        let mut scope = Scope { relations: BTreeMap::new(), dialects: dialects.to_vec() };
        for name in &needed {
            for read in self.models.get(name).into_iter().flat_map(|n| &n.reads) {
                if let Relation::Table(table) = read
                    && let Some(contract) = contracts.get(table)
                {
                    scope.relations.entry(read.clone()).or_insert_with(|| columns(contract).into());
                }
            }
        }
        let mut waiting = needed;
        loop {
            let ready: Vec<Name> = waiting
                .iter()
                .filter(|name| {
                    let reads = self.models.get(*name).map(|n| &n.reads);
                    !reads.into_iter().flatten().any(|r| matches!(r, Relation::Model(m) if waiting.contains(m)))
                })
                .cloned()
                .collect();
            if ready.is_empty() {
                break;
            }
            let resolved: Vec<(Name, Option<Resolved>)> = ready
                .par_iter()
                .map(|name| (name.clone(), self.models.get(name).and_then(|n| one(n, &macros, &scope))))
                .collect();
            for (name, resolved) in resolved {
                waiting.remove(&name);
                let relation = resolved.as_ref().map_or_else(
                    || ScopeRelation { open: true, ..ScopeRelation::default() },
                    |r| ScopeRelation {
                        columns: r.columns.iter().map(|c| (c.name.clone(), c.column_type)).collect(),
                        keys: r.keys.clone(),
                        open: r.open,
                        ..ScopeRelation::default()
                    },
                );
                scope.relations.insert(Relation::Model(name.clone()), relation.into());
                if let Some(node) = self.models.get_mut(&name) {
                    node.resolved = resolved.filter(|r| !r.open);
                }
            }
        }
    }

    /// What models may call, as far as it is understood.
    fn macros(&self) -> Macros {
        let read = |file: &ModelText| macros::read(&Text::new(&file.path, "", &file.text)).ok();
        let files: Vec<_> = self.macros.iter().filter_map(read).collect();
        let mut known = macros::link(files.iter());
        if let Some(shape) = known.get_mut("as_of") {
            shape.returns = shape.returns.or(Some(DataType::Timestamp));
        }
        known
    }
}

/// What a model gives, if its text is understood in the first target.
fn one(node: &Node, macros: &Macros, scope: &Scope) -> Option<Resolved> {
    if node.snapshot {
        return None;
    }
    let text = Text::new(&node.file.path, "", &node.file.text);
    let rendered = jinja::render(&text, macros).ok()?;
    let parsed = sql::parse(&text, &rendered, *scope.dialects.first()?).ok()?;
    sql::resolve(&text, &rendered, &parsed, scope).ok()
}

fn columns(contract: &Contract) -> ScopeRelation {
    let all = contract.landed_columns().map(|(name, of)| (name.to_string(), ColumnType::from(of)));
    ScopeRelation { columns: all.collect(), ..ScopeRelation::default() }
}

/// `models`, `stg_shop__orders`, `sql` of `dbt/models/staging/shop/stg_shop__orders.sql`.
fn parts(path: &str) -> (&str, &str, &str) {
    let rest = path.strip_prefix("dbt/").unwrap_or(path);
    let folder = rest.split('/').next().unwrap_or_default();
    let file = rest.rsplit('/').next().unwrap_or(rest);
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    (folder, stem, ending)
}

/// What a text reads, by its calls of `ref` and `source`, whatever stands around them.
pub fn reads(text: &str) -> BTreeSet<Relation> {
    static READS: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"\b(ref|source)\s*\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"])?"#;
    let Some(pattern) = READS.get_or_init(|| Regex::new(pattern).ok()) else { return BTreeSet::new() };
    let relation = |found: regex::Captures<'_>| {
        let name = |i: usize| found.get(i).and_then(|m| Name::parse(&m.as_str().to_ascii_lowercase()).ok());
        match (&found[1], name(3)) {
            ("source", Some(table)) => Some(Relation::Table(TableRef { source: name(2)?, table })),
            ("source", None) => None,
            // `ref` with two arguments names the package first.
            (_, Some(model)) => Some(Relation::Model(model)),
            (_, None) => name(2).map(Relation::Model),
        }
    };
    pattern.captures_iter(text).filter_map(relation).collect()
}
