//! Generic tests as macros see them in `graph.nodes`.

use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::Value;

use super::graph::{Fields, Record};
use super::names::Run;
use super::values::{Dict, List, from_json};
use crate::dbt::{NodeId, Test};

/// Arguments that configure a test, and say nothing to its macro.
const CONFIG: &[&str] =
    &["config", "name", "description", "severity", "tags", "enabled", "where", "limit", "warn_if", "error_if", "meta"];

/// What a test says of itself.
const FIELDS: &[&str] = &[
    "name",
    "unique_id",
    "resource_type",
    "package_name",
    "original_file_path",
    "path",
    "column_name",
    "attached_node",
    "test_metadata",
    "depends_on",
    "config",
    "tags",
    "meta",
];

/// One test of a node or of one of its columns.
struct Tested {
    run: Arc<Run>,
    node: NodeId,
    column: Option<usize>,
    test: usize,
}

/// The tests that YAML has for a node, by their ids.
pub(super) fn of(run: &Arc<Run>, node: NodeId) -> Vec<(Value, Value)> {
    let Some(index) = run.world.index.get() else { return Vec::new() };
    let Some(described) = index.described(node) else { return Vec::new() };
    let whole = (0..described.tests.len()).map(|test| (None, test));
    let columns = described.columns.iter().enumerate();
    let all = whole.chain(columns.flat_map(|(c, column)| (0..column.tests.len()).map(move |test| (Some(c), test))));
    let entry = index.entry(node);
    all.enumerate()
        .map(|(n, (column, test))| {
            // dbt ends an id with a digest that only it can make.
            let id = format!("test.{}.{}.{n}", entry.package, entry.name);
            (Value::from(id), Value::from_object(Record(Tested { run: run.clone(), node, column, test })))
        })
        .collect()
}

impl Tested {
    fn test(&self) -> Option<&Test> {
        let described = self.run.world.index.get()?.described(self.node)?;
        match self.column {
            Some(column) => described.columns.get(column)?.tests.get(self.test),
            None => described.tests.get(self.test),
        }
    }

    fn column(&self) -> Option<&str> {
        let described = self.run.world.index.get()?.described(self.node)?;
        Some(described.columns.get(self.column?)?.name.as_str())
    }

    /// What the test's macro is given.
    fn arguments(&self, test: &Test) -> IndexMap<Value, Value> {
        let given = test.arguments.iter().filter(|(key, _)| !CONFIG.contains(&key.as_str()));
        let given = given.map(|(key, value)| (Value::from(key.as_str()), from_json(value)));
        given.chain(self.column().map(|c| (Value::from("column_name"), Value::from(c)))).collect()
    }
}

impl Fields for Tested {
    const NAMES: &'static [&'static str] = FIELDS;

    fn field(&self, name: &str) -> Option<Value> {
        let index = self.run.world.index.get()?;
        let (entry, test) = (index.entry(self.node), self.test()?);
        let (space, macro_name) = match test.name.split_once('.') {
            Some((space, name)) => (Value::from(space), name),
            None => (Value::from(()), test.name.as_str()),
        };
        let dict = |items: IndexMap<Value, Value>| Dict::value(items).unwrap_or_default();
        let pair = |key: &str, value: Value| (Value::from(key), value);
        let set = |key: &str| {
            let config = test.arguments.get("config").and_then(|c| c.get(key));
            config.or_else(|| test.arguments.get(key)).map(from_json)
        };
        let given = self.arguments(test);
        // Models that an argument names.
        let others = given.values().any(|v| v.as_str().is_some_and(|t| t.contains("ref(") || t.contains("source(")));
        Some(match name {
            "name" | "alias" => match (test.arguments.get("name"), given.len() == usize::from(self.column.is_some())) {
                (Some(name), _) => from_json(name),
                (None, true) => {
                    let parts = [Some(entry.name.as_str()), self.column()].into_iter().flatten();
                    let parts: Vec<&str> = parts.collect();
                    Value::from(format!("{}_{}", test.name.replace('.', "_"), parts.join("_")))
                }
                (None, false) => self.run.unknown("the name of a test is made by dbt"),
            },
            "unique_id" => self.run.unknown("the id of a test is made by dbt"),
            "resource_type" => Value::from("test"),
            "package_name" => Value::from(entry.package.as_str()),
            "original_file_path" | "path" => Value::from(index.described(self.node)?.file.as_str()),
            "column_name" => self.column().map_or_else(|| Value::from(()), Value::from),
            "attached_node" => Value::from(entry.id.as_str()),
            "test_metadata" => dict(
                [pair("name", Value::from(macro_name)), pair("namespace", space), pair("kwargs", dict(given))].into(),
            ),
            "depends_on" if others => {
                self.run.unknown("what a test reads is known when dbt has read the whole project")
            }
            "depends_on" => {
                let nodes = List::value(vec![Value::from(entry.id.as_str())]).unwrap_or_default();
                dict([pair("nodes", nodes)].into())
            }
            "config" => {
                let severity = set("severity").unwrap_or_else(|| Value::from("ERROR"));
                let items = [pair("enabled", Value::from(true)), pair("materialized", Value::from("test"))];
                let known = ["tags", "meta", "where", "limit"].into_iter().filter_map(|key| Some(pair(key, set(key)?)));
                dict(items.into_iter().chain([pair("severity", severity)]).chain(known).collect())
            }
            "tags" => set("tags").unwrap_or_else(|| List::value(Vec::new()).unwrap_or_default()),
            "meta" => set("meta").unwrap_or_else(|| dict(IndexMap::new())),
            _ => return None,
        })
    }
}
