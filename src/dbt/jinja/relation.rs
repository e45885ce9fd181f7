//! Relations and columns as templates see them: `ref('x')`, `this`, `api.Column`.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::names::{Missing, Run};
use super::values::{Dict, List};
use crate::dbt::{Kind, NodeId};
use crate::sql::jinja::REF_SCHEMA;
use crate::vocabulary::{Dialect, sql_identifier};

/// A table or view.
pub(super) struct Relation {
    run: Arc<Run>,
    /// Its node, where it is one.
    pub node: Option<NodeId>,
    /// What it prints.
    sql: Arc<str>,
    database: Option<String>,
    schema: Option<String>,
    identifier: String,
}

/// `name` as an identifier, quoted where it must be.
pub(in crate::dbt) fn identifier(dialect: Option<Dialect>, name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { sql_identifier(name, dialect.unwrap_or(Dialect::DuckDb)) }
}

/// `name` in the quotes of the dialect.
pub(super) fn quoted(run: &Run, name: &str) -> String {
    sql_identifier(name, run.world.target.dialect.unwrap_or(Dialect::DuckDb))
}

impl Relation {
    /// The relation of a node.
    pub(super) fn of(run: &Arc<Run>, id: NodeId) -> Value {
        let Some(index) = run.world.index.get() else { return Value::from("this") };
        let entry = index.entry(id);
        Value::from_object(Relation {
            run: run.clone(),
            node: Some(id),
            sql: entry.stand_in.clone(),
            database: entry.database.clone(),
            schema: entry.schema.clone(),
            identifier: entry.identifier.clone(),
        })
    }

    /// What stands for a `ref` to nothing.
    pub(super) fn missing(run: &Arc<Run>, name: &str) -> Value {
        let sql = format!("{REF_SCHEMA}unknown.{}", identifier(run.world.target.dialect, name));
        Value::from_object(Relation {
            run: run.clone(),
            node: None,
            sql: sql.into(),
            database: None,
            schema: None,
            identifier: name.to_owned(),
        })
    }

    /// A relation by its parts.
    pub(super) fn named(
        run: &Arc<Run>,
        database: Option<String>,
        schema: Option<String>,
        name: Option<String>,
    ) -> Value {
        let dialect = run.world.target.dialect;
        let parts = [&database, &schema, &name];
        let sql: Vec<String> = parts.iter().filter_map(|p| p.as_deref()).map(|p| identifier(dialect, p)).collect();
        Value::from_object(Relation {
            run: run.clone(),
            node: None,
            sql: sql.join(".").into(),
            identifier: name.unwrap_or_default(),
            database,
            schema,
        })
    }

    /// What dbt makes of its node; none where that is not for the project to say.
    fn made_as(&self) -> Option<&'static str> {
        let entry = self.run.world.index.get()?.entry(self.node?);
        let said = entry.said.get("materialized").or_else(|| entry.config.get("materialized"));
        match (entry.kind, said.and_then(|m| m.as_str()).unwrap_or("view")) {
            (Kind::Seed | Kind::Snapshot, _) | (Kind::Model, "table" | "incremental") => Some("table"),
            (Kind::Model, "view") => Some("view"),
            (Kind::Model, "materialized_view") => Some("materialized_view"),
            (Kind::Model, "dynamic_table") => Some("dynamic_table"),
            _ => None,
        }
    }

    fn field(&self, name: &str) -> Option<Value> {
        let text = |t: &Option<String>, or: &str| Value::from(t.as_deref().unwrap_or(or));
        let fields = &self.run.world.target.fields;
        let target = |key: &str| {
            fields.get(key).and_then(|v| v.as_str()).unwrap_or(if key == "schema" { "schema" } else { "database" })
        };
        Some(match name {
            "identifier" | "name" | "table" | "alias" => Value::from(self.identifier.as_str()),
            "metadata" => metadata(),
            "is_cte" => Value::from(false),
            "schema" | "dataset" => text(&self.schema, target("schema")),
            "database" | "project" => text(&self.database, target("database")),
            "is_table" | "is_view" | "type" | "is_materialized_view" | "is_dynamic_table" => {
                match (self.made_as(), name) {
                    (Some(kind), "type") => Value::from(kind),
                    (Some(kind), name) => Value::from(name.strip_prefix("is_") == Some(kind)),
                    (None, _) => self.run.unknown("what kind of relation there is now is known to the warehouse only"),
                }
            }
            _ => return None,
        })
    }
}

/// How macros tell a relation from other mappings.
fn metadata() -> Value {
    Dict::value(IndexMap::from([(Value::from("type"), Value::from("Relation"))])).unwrap_or_default()
}

impl fmt::Debug for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl Object for Relation {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.field(key.as_str()?)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }

    fn custom_cmp(self: &Arc<Self>, other: &minijinja::value::DynObject) -> Option<std::cmp::Ordering> {
        Some(self.sql.cmp(&other.downcast_ref::<Relation>()?.sql))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "get" => {
                let key = args.first().and_then(|k| k.as_str().map(str::to_owned)).unwrap_or_default();
                Ok(self.field(&key).or_else(|| args.get(1).cloned()).unwrap_or_else(|| Value::from(())))
            }
            "include" | "quote" | "without_identifier" | "incorporate" | "replace_path" | "render" => {
                Ok(Value::from_dyn_object(self.clone()))
            }
            "information_schema" => Ok(Value::from("information_schema")),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// What `source(…)` gives.
pub(super) fn source(run: &Arc<Run>, source: &str, table: &str) -> Result<Value, Error> {
    let Some(index) = run.world.index.get() else { return Ok(Value::from("source")) };
    let library = &run.world.library;
    let own = &library.packages[run.package].name;
    match index.find_source(own, source, table) {
        Ok(id) => {
            run.seen.note(|notes| notes.reads.push(id));
            Ok(Relation::of(run, id))
        }
        Err(why) => {
            let names = vec![source.to_owned(), table.to_owned()];
            run.seen.note(|notes| notes.missing.push(Missing { source: true, names, why }));
            Ok(Relation::missing(run, table))
        }
    }
}

/// A column: `column.name`, `column.quoted`, `column.is_string()`.
#[derive(Debug)]
pub(super) struct Column {
    run: Arc<Run>,
    name: String,
    quoted: String,
    kind: String,
}

impl Column {
    /// Characters that a text of its type may have.
    fn string_size(&self) -> usize {
        let size = self.kind.split_once('(').and_then(|(_, rest)| rest.trim_end_matches(')').trim().parse().ok());
        size.unwrap_or(256)
    }
}

pub(super) fn column(run: &Arc<Run>, name: &str, kind: &str) -> Value {
    let quoted = quoted(run, name);
    Value::from_object(Column { run: run.clone(), name: name.to_owned(), quoted, kind: kind.to_owned() })
}

impl Object for Column {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "name" | "column" => Value::from(self.name.as_str()),
            "quoted" => Value::from(self.quoted.as_str()),
            "dtype" | "data_type" if self.kind.is_empty() => {
                self.run.unknown(format!("the type of the column `{}` is known to the warehouse only", self.name))
            }
            "dtype" | "data_type" => Value::from(self.kind.as_str()),
            _ => return None,
        })
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Column {} ({})>", self.name, self.kind)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let kind = self.kind.to_ascii_lowercase();
        let among = |words: &[&str]| Value::from(words.iter().any(|w| kind.starts_with(w)));
        Ok(match method {
            "is_string" => among(&["text", "char", "varchar", "string"]),
            "is_number" => {
                among(&["int", "bigint", "smallint", "float", "double", "numeric", "number", "decimal", "real"])
            }
            "is_float" => among(&["float", "double", "real"]),
            "is_integer" => among(&["int", "bigint", "smallint"]),
            "string_size" | "char_size" => Value::from(self.string_size()),
            "can_expand_to" => {
                let other = args.first().and_then(|o| o.downcast_object_ref::<Column>()).map_or(0, Column::string_size);
                Value::from(other > self.string_size())
            }
            "string_type" => {
                Value::from(format!("varchar({})", args.first().map_or(256, |n| n.as_usize().unwrap_or(256))))
            }
            "literal" => Value::from(format!("{}::{}", args.first().cloned().unwrap_or_default(), self.kind)),
            "is_numeric" => among(&["numeric", "number", "decimal"]),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

/// The columns of a relation, where files say them.
pub(super) fn columns(run: &Arc<Run>, state: &State<'_, '_>, relation: &Value) -> Value {
    match known(run, state, relation) {
        Some(columns) => {
            List::value(columns.iter().map(|(name, kind)| column(run, name, kind)).collect()).unwrap_or_default()
        }
        None => run.unknown(format!("the columns of `{}` are known to the warehouse only", shown(relation))),
    }
}

/// All columns of a relation, with types where those are known.
pub(super) fn known(run: &Arc<Run>, state: &State<'_, '_>, relation: &Value) -> Option<Vec<(String, String)>> {
    let id = relation.downcast_object_ref::<Relation>()?.node?;
    run.seen.note(|notes| notes.asked_columns = true);
    super::columns::of(&run.world, state.env(), id)
}

/// What people call a relation.
fn shown(relation: &Value) -> String {
    relation.downcast_object_ref::<Relation>().map_or_else(|| relation.to_string(), |r| r.identifier.clone())
}

/// A node's own table, which is there when it is added to.
pub(super) fn own(run: &Run, relation: Value) -> Value {
    run.seen.note(|notes| notes.asked_incremental = true);
    if run.incremental { relation } else { Value::from(()) }
}

/// What `adapter.get_relation(…)` gives: a node that is called so is taken to be there.
pub(super) fn existing(run: &Arc<Run>, schema: Option<&str>, identifier: &str) -> Value {
    match run.world.index.get().and_then(|index| index.called(schema, identifier)) {
        Some(id) if Some(id) == run.node => own(run, Relation::of(run, id)),
        Some(id) => {
            run.seen.note(|notes| notes.reads.push(id));
            Relation::of(run, id)
        }
        None => run.unknown(format!("whether there is a relation `{identifier}` is known to the warehouse only")),
    }
}
