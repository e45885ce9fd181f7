//! `graph` and `model`: the project's nodes as macros see them, each field made when it is asked for.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};
use serde_json::Map;

use super::names::Run;
use super::tested;
use super::values::{Dict, List, from_json};
use crate::dbt::index::Entry;
use crate::dbt::packages::merge;
use crate::dbt::{Described, DescribedColumn, Kind, NodeId};

/// What a field of `graph` says.
pub(super) fn field(run: &Arc<Run>, name: &str) -> Value {
    match name {
        "nodes" | "sources" => {
            // It holds every node, so it is another when any of them is.
            run.seen.note(|notes| notes.asked_columns = true);
            Value::from_object(Nodes { run: run.clone(), sources: name == "sources" })
        }
        _ => run.unknown(format!("`graph.{name}` holds what dbt knows only after it has read the whole project")),
    }
}

/// `graph.nodes`, `graph.sources`: nodes by their ids.
struct Nodes {
    run: Arc<Run>,
    sources: bool,
}

impl Nodes {
    fn all(&self) -> Vec<(Value, Value)> {
        let Some(index) = self.run.world.index.get() else { return Vec::new() };
        let there = || index.entries().iter().enumerate().filter(|(_, entry)| !entry.disabled);
        let own = there().filter(|(_, entry)| (entry.kind == Kind::Source) == self.sources);
        let nodes = own.map(|(id, entry)| (Value::from(entry.id.as_str()), node(&self.run, id as NodeId)));
        // Generic tests are nodes too, also those of sources.
        let tests = there().filter(|_| !self.sources).flat_map(|(id, _)| tested::of(&self.run, id as NodeId));
        nodes.chain(tests).collect()
    }

    fn one(&self, id: &str) -> Option<Value> {
        let index = self.run.world.index.get()?;
        // Nodes are sorted by id.
        let at = index.entries().binary_search_by(|entry| entry.id.as_str().cmp(id)).ok()?;
        let entry = index.entry(at as NodeId);
        (!entry.disabled && (entry.kind == Kind::Source) == self.sources).then(|| node(&self.run, at as NodeId))
    }
}

/// A node: `model`, or one of `graph.nodes`.
pub(super) fn node(run: &Arc<Run>, id: NodeId) -> Value {
    Value::from_object(Record(Node { run: run.clone(), id }))
}

struct Node {
    run: Arc<Run>,
    id: NodeId,
}

/// What a node says of itself.
const FIELDS: &[&str] = &[
    "name",
    "alias",
    "identifier",
    "unique_id",
    "package_name",
    "resource_type",
    "original_file_path",
    "path",
    "schema",
    "database",
    "config",
    "tags",
    "meta",
    "version",
    "columns",
    "description",
    "raw_code",
    "source_name",
    "depends_on",
    "refs",
    "sources",
    "fqn",
    "relation_name",
];

impl Fields for Node {
    const NAMES: &'static [&'static str] = FIELDS;

    fn field(&self, name: &str) -> Option<Value> {
        let index = self.run.world.index.get()?;
        let entry = index.entry(self.id);
        let text = |text: &str| Value::from(text);
        let or = |text: &Option<String>, or: &str| Value::from(text.as_deref().unwrap_or(or));
        let set = |key: &str, or: fn() -> Value| configured(entry).get(key).map_or_else(or, from_json);
        Some(match name {
            "name" => text(&entry.name),
            "alias" | "identifier" => text(&entry.identifier),
            "unique_id" => text(&entry.id),
            "package_name" => text(&entry.package),
            "resource_type" => text(entry.kind.as_str()),
            "original_file_path" | "path" => text(&entry.path),
            "schema" => or(&entry.schema, "schema"),
            "database" => or(&entry.database, "database"),
            "config" => self.config(),
            "tags" => set("tags", || List::value(Vec::new()).unwrap_or_default()),
            "meta" => set("meta", empty),
            "version" => entry.version.as_deref().map_or_else(|| Value::from(()), Value::from),
            "columns" => columns(index.described(self.id)),
            "description" => text(index.described(self.id).map_or("", |d| &d.description)),
            "raw_code" | "raw_sql" => text(&entry.text),
            "source_name" => text(&entry.source),
            "depends_on" | "refs" | "sources" | "fqn" | "relation_name" | "compiled_code" => {
                self.run.unknown(format!("`{name}` of a node is known when dbt has read the whole project"))
            }
            _ => return None,
        })
    }
}

impl Node {
    /// Its configuration, with what is so where nothing says otherwise.
    fn config(&self) -> Value {
        let Some(index) = self.run.world.index.get() else { return Value::default() };
        let entry = index.entry(self.id);
        let mut items: IndexMap<Value, Value> = IndexMap::new();
        let materialized = match entry.kind {
            Kind::Model => Some("view"),
            Kind::Seed | Kind::Snapshot | Kind::Test => Some(entry.kind.as_str()),
            Kind::Source => None,
        };
        items.insert(Value::from("enabled"), Value::from(!entry.disabled));
        if let Some(materialized) = materialized {
            items.insert(Value::from("materialized"), Value::from(materialized));
        }
        // What its own file has said by now.
        let said = if self.run.node == Some(self.id) { self.run.seen.note(|n| n.config.clone()) } else { Map::new() };
        items.extend(configured(entry).iter().map(|(key, value)| (Value::from(key.as_str()), from_json(value))));
        items.extend(said.iter().map(|(key, value)| (Value::from(key.as_str()), from_json(value))));
        Dict::value(items).unwrap_or_default()
    }
}

/// What folders, YAML and its own file configure.
fn configured(entry: &Entry) -> Map<String, serde_json::Value> {
    let mut all = entry.config.clone();
    for (key, value) in &entry.said {
        merge(&mut all, key, value.clone());
    }
    all
}

fn empty() -> Value {
    Dict::value(IndexMap::new()).unwrap_or_default()
}

/// Columns by name, as YAML has them.
fn columns(described: Option<&Described>) -> Value {
    let columns = described.map(|d| d.columns.as_slice()).unwrap_or_default();
    let items = columns.iter().map(|column| (Value::from(column.name.as_str()), self::column(column)));
    Dict::value(items.collect()).unwrap_or_default()
}

fn column(column: &DescribedColumn) -> Value {
    let meta = column.meta.iter().map(|(key, value)| (Value::from(key.as_str()), from_json(value))).collect();
    let tags = column.tags.iter().map(|tag| Value::from(tag.as_str())).collect();
    let meta = Dict::value(meta).unwrap_or_default();
    let tags = List::value(tags).unwrap_or_default();
    let config = [(Value::from("meta"), meta.clone()), (Value::from("tags"), tags.clone())];
    let items = [
        ("name", Value::from(column.name.as_str())),
        ("description", Value::from(column.description.as_str())),
        ("data_type", column.data_type.as_deref().map_or_else(|| Value::from(()), Value::from)),
        ("config", Dict::value(config.into()).unwrap_or_default()),
        ("meta", meta),
        ("tags", tags),
    ];
    Dict::value(items.into_iter().map(|(key, value)| (Value::from(key), value)).collect()).unwrap_or_default()
}

/// A dictionary's methods over pairs.
fn method(pairs: Vec<(Value, Value)>, name: &str) -> Result<Value, Error> {
    match name {
        "keys" => List::value(pairs.into_iter().map(|(key, _)| key).collect()),
        "values" => List::value(pairs.into_iter().map(|(_, value)| value).collect()),
        "items" => List::value(pairs.into_iter().map(|(key, value)| Value::from(vec![key, value])).collect()),
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

impl Object for Nodes {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.one(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.all().into_iter().map(|(key, _)| key).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        match (name, args.first().and_then(Value::as_str)) {
            ("get", Some(id)) => Ok(self.one(id).or_else(|| args.get(1).cloned()).unwrap_or_else(|| Value::from(()))),
            _ => method(self.all(), name),
        }
    }
}

/// Something that macros know by its fields.
pub(super) trait Fields: Send + Sync + 'static {
    /// What they are called.
    const NAMES: &'static [&'static str];

    /// One of them; none where there is none of that name.
    fn field(&self, name: &str) -> Option<Value>;
}

/// It as a dictionary.
pub(super) struct Record<T>(pub(super) T);

impl<T: Fields> Object for Record<T> {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.field(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(T::NAMES)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        match (name, args.first().and_then(Value::as_str)) {
            ("get", Some(key)) => {
                Ok(self.0.field(key).or_else(|| args.get(1).cloned()).unwrap_or_else(|| Value::from(())))
            }
            _ => method(T::NAMES.iter().filter_map(|f| Some((Value::from(*f), self.0.field(f)?))).collect(), name),
        }
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nodes")
    }
}

impl<T> fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("node")
    }
}
