//! What the files of a workspace hold, read from the files themselves, so that hand edits are seen as well.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sqlparser::ast::{Statement, TableConstraint};
use sqlparser::dialect::{GenericDialect, PostgreSqlDialect, SnowflakeDialect};
use sqlparser::parser::Parser;

use super::BASE;
use crate::vocabulary::{Diagnostic, Place};
use crate::world::git::{File, Tree};

/// Kinds of artifacts, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A pipeline spec.
    Pipeline,
    /// A table that a pipeline lands.
    IngestTable,
    /// A contract.
    Contract,
    /// A column of a contract.
    ContractColumn,
    /// A table of a target's DDL.
    DdlTable,
    /// A column of a target's DDL.
    DdlColumn,
    /// A table of a dbt source.
    Source,
    /// A dbt model.
    Model,
    /// A dbt snapshot.
    Snapshot,
    /// A column of a model.
    Column,
    /// A data test.
    Test,
    /// A unit test.
    UnitTest,
    /// A macro or generic test.
    Macro,
    /// A DAG.
    Dag,
    /// A task of a DAG.
    Task,
    /// Any other file.
    File,
}

/// One artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifact {
    /// What it is a part of: a model, a DAG, a table.
    pub of: Option<String>,
    /// What it says, field by field; compared, and shown where it is short.
    pub fields: BTreeMap<String, String>,
    /// Whether the file that makes it exist was read, not only one that describes it.
    pub defined: bool,
}

/// Artifacts under their kind and name.
pub type Artifacts = BTreeMap<(Kind, String), Artifact>;

/// Reads the artifacts of `tree`; files that can't be read as what they should be count as files, and are named.
pub fn artifacts(tree: &Tree) -> (Artifacts, Vec<Diagnostic>) {
    let mut out = Reader::default();
    for (path, file) in tree.iter().filter(|(path, _)| !path.starts_with(BASE)) {
        if let Err(why) = out.file(path, file) {
            out.unknown.push(
                Diagnostic::warning("unreadable", "this file can't be read, so what it holds is unknown")
                    .at(Place::file(path))
                    .why(why),
            );
            out.any(path, file);
        }
    }
    (out.found, out.unknown)
}

#[derive(Default)]
struct Reader {
    found: Artifacts,
    unknown: Vec<Diagnostic>,
}

impl Reader {
    fn file(&mut self, path: &str, file: &File) -> Result<(), String> {
        let (folder, name) = path.split_once('/').unwrap_or(("", path));
        let stem = path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or(path);
        let yaml = [".yml", ".yaml"].iter().any(|end| path.ends_with(end));
        match folder {
            "contracts" if yaml => self.contract(name, &document(file)?),
            "pipelines" if yaml => self.pipeline(stem, &document(file)?),
            "dags" if yaml => self.dag(stem, &document(file)?),
            "ddl" if path.ends_with(".sql") => return self.ddl(stem, text(file)?),
            "dbt" if yaml && name.starts_with("models/") => self.properties(&document(file)?),
            "dbt" if yaml && name.starts_with("snapshots/") => self.snapshots(&document(file)?),
            "dbt" if path.ends_with(".sql") && name.starts_with("models/") => {
                self.put(Kind::Model, stem, None, [("sql".into(), text(file)?.to_owned())]);
            }
            "dbt" if path.ends_with(".sql") && (name.starts_with("macros/") || name.starts_with("tests/")) => {
                self.put(Kind::Macro, stem, None, [("text".into(), text(file)?.to_owned())]);
            }
            _ => self.any(path, file),
        }
        Ok(())
    }

    fn any(&mut self, path: &str, file: &File) {
        let shown = format!("{:?} {}", file.mode, String::from_utf8_lossy(&file.bytes));
        self.put(Kind::File, path, None, [("content".into(), shown)]);
    }

    fn put(&mut self, kind: Kind, name: &str, of: Option<&str>, fields: impl IntoIterator<Item = (String, String)>) {
        let artifact = self.found.entry((kind, name.to_owned())).or_default();
        artifact.of = artifact.of.take().or(of.map(str::to_owned));
        artifact.fields.extend(fields);
        artifact.defined = true;
    }

    fn contract(&mut self, path: &str, document: &Value) {
        let source = path.split('/').next().unwrap_or_default();
        for table in list(document, "schema") {
            let name = format!("{source}.{}", label(table, &["name"]));
            let mut about = fields(table, &["name", "properties"]);
            about.extend(fields(document, &["schema", "name", "id", "kind", "apiVersion"]));
            self.put(Kind::Contract, &name, None, about);
            for column in list(table, "properties") {
                let id = format!("{name}.{}", label(column, &["name"]));
                self.put(Kind::ContractColumn, &id, Some(&name), fields(column, &["name"]));
            }
        }
    }

    fn pipeline(&mut self, stem: &str, document: &Value) {
        self.put(Kind::Pipeline, stem, None, fields(document, &["ingest", "models", "name", "tests", "trace"]));
        for table in list(document, "ingest") {
            let id = format!("{stem}: {}", label(table, &["table"]));
            self.put(Kind::IngestTable, &id, Some(stem), fields(table, &["table"]));
        }
    }

    fn dag(&mut self, stem: &str, document: &Value) {
        self.put(Kind::Dag, stem, None, fields(document, &["tasks", "dag_id"]));
        for task in list(document, "tasks") {
            let id = format!("{stem}.{}", label(task, &["id", "task_id", "name"]));
            self.put(Kind::Task, &id, Some(stem), fields(task, &["id", "task_id", "name"]));
        }
    }

    fn properties(&mut self, document: &Value) {
        for model in list(document, "models") {
            let name = label(model, &["name"]);
            // The SQL makes a model exist; this only describes it.
            let described = self.found.entry((Kind::Model, name.clone())).or_default();
            described.fields.extend(fields(model, &["name", "columns", "data_tests", "tests"]));
            self.tests(&name, &name, model);
            for column in list(model, "columns") {
                let id = format!("{name}.{}", label(column, &["name"]));
                self.put(Kind::Column, &id, Some(&name), fields(column, &["name", "data_tests", "tests"]));
                self.tests(&name, &id, column);
            }
        }
        for test in list(document, "unit_tests") {
            let of = label(test, &["model"]);
            self.put(Kind::UnitTest, &label(test, &["name"]), Some(&of), fields(test, &["name"]));
        }
        for source in list(document, "sources") {
            for table in list(source, "tables") {
                let id = format!("{}.{}", label(source, &["name"]), label(table, &["name"]));
                let mut about = fields(table, &["name"]);
                about.extend(fields(source, &["name", "tables", "description"]));
                self.put(Kind::Source, &id, None, about);
            }
        }
    }

    fn snapshots(&mut self, document: &Value) {
        for snapshot in list(document, "snapshots") {
            let name = label(snapshot, &["name"]);
            self.put(Kind::Snapshot, &name, None, fields(snapshot, &["name", "columns", "data_tests", "tests"]));
            self.tests(&name, &name, snapshot);
            for column in list(snapshot, "columns") {
                let id = format!("{name}.{}", label(column, &["name"]));
                self.put(Kind::Column, &id, Some(&name), fields(column, &["name", "data_tests", "tests"]));
                self.tests(&name, &id, column);
            }
        }
    }

    fn tests(&mut self, model: &str, on: &str, holder: &Value) {
        for test in list(holder, "data_tests").iter().chain(list(holder, "tests")) {
            let (kind, about) = match test {
                Value::String(kind) => (kind.clone(), Value::Null),
                Value::Object(map) => match map.iter().next() {
                    Some((kind, about)) => (kind.clone(), about.clone()),
                    None => continue,
                },
                _ => continue,
            };
            let kind = about.get("name").and_then(Value::as_str).map_or(kind, str::to_owned);
            let mut id = format!("{kind} {on}");
            let mut n = 2;
            while self.found.contains_key(&(Kind::Test, id.clone())) {
                id = format!("{kind} {on} ({n})");
                n += 1;
            }
            self.put(Kind::Test, &id, Some(model), fields(&about, &["name"]));
        }
    }

    fn ddl(&mut self, stem: &str, sql: &str) -> Result<(), String> {
        let parsed = match stem {
            "snowflake" => Parser::parse_sql(&SnowflakeDialect {}, sql),
            "postgres" => Parser::parse_sql(&PostgreSqlDialect {}, sql),
            // sqlparser's DuckDB knows no `comment on`.
            _ => Parser::parse_sql(&GenericDialect {}, sql),
        };
        for statement in parsed.map_err(|e| e.to_string())? {
            let Statement::CreateTable(table) = statement else { continue };
            let name = format!("{stem}: {}", table.name);
            let keys = table.constraints.iter().filter(|c| matches!(c, TableConstraint::PrimaryKey { .. }));
            let about = keys.map(|k| ("key".to_owned(), k.to_string()));
            self.put(Kind::DdlTable, &name, None, about);
            for column in &table.columns {
                let options: Vec<String> = column.options.iter().map(|o| o.to_string()).collect();
                let about = [("type".into(), column.data_type.to_string()), ("options".into(), options.join(" "))];
                self.put(Kind::DdlColumn, &format!("{name}.{}", column.name), Some(&name), about);
            }
        }
        Ok(())
    }
}

pub(super) fn document(file: &File) -> Result<Value, String> {
    serde_yaml::from_slice(&file.bytes).map_err(|e| e.to_string())
}

fn text(file: &File) -> Result<&str, String> {
    std::str::from_utf8(&file.bytes).map_err(|e| e.to_string())
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The first of `keys` that is there, as text.
pub(super) fn label(value: &Value, keys: &[&str]) -> String {
    keys.iter().find_map(|key| value.get(key)).map(shown).unwrap_or_else(|| "?".into())
}

fn fields(value: &Value, without: &[&str]) -> BTreeMap<String, String> {
    let Some(map) = value.as_object() else { return BTreeMap::new() };
    map.iter().filter(|(k, _)| !without.contains(&k.as_str())).map(|(k, v)| (k.clone(), shown(v))).collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
