//! The dlt script of a pipeline: what it loads. How, is in `ingest/pipewright_load.py`, which all scripts share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::readers::reader;
use super::{Files, python};
use crate::contract::LandedChange;
use crate::proposal::{IngestColumn, IngestTable, Ingestion};
use crate::spec::Mode;
use crate::template;
use crate::vocabulary::{DataType, Name, Outcome, Unit, Window, python_string};
use crate::workspace::{Connection, Environments};

/// `ingest/<pipeline>.py` for all sources of a pipeline.
///
/// # Errors
/// A template that fails.
pub fn ingestion(pipeline: &Name, sources: &[&Ingestion]) -> Outcome<(String, String)> {
    let path = format!("ingest/{pipeline}.py");
    Ok((path, template::render("ingest/pipeline.py", script(pipeline, sources))?))
}

/// What the scripts share.
pub fn library() -> Files {
    let text = template::text("ingest/pipewright_load.py").unwrap_or_default();
    Files::from([("ingest/pipewright_load.py".to_owned(), text.to_owned())])
}

fn script(pipeline: &Name, sources: &[&Ingestion]) -> Value {
    let mut helpers = BTreeSet::from(["Column", "Pipeline", "Table"]);
    let mut readers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut os, mut timedelta) = (false, false);
    let mut values = Vec::new();
    for ingestion in sources {
        let prefix = match sources {
            [_] => String::new(),
            _ => format!("{}_", ingestion.source.as_str().to_uppercase()),
        };
        let targets: Vec<Value> = environments(&ingestion.from, &ingestion.to)
            .map(|(name, from, to)| {
                os |= matches!(from, Connection::Postgres { .. } | Connection::MySql { .. });
                match reader(from) {
                    Some(reader) => {
                        readers.entry(reader.module).or_default().insert(reader.class.to_owned());
                    }
                    None => helpers.extend(helper(from, false)),
                }
                helpers.extend(helper(to, true));
                json!({"name": name, "from": origin(name, from), "to": connection(to, true)})
            })
            .collect();
        let tables: Vec<Value> = ingestion
            .tables
            .iter()
            .map(|t| {
                let plan = Plan::of(t);
                helpers.extend(plan.window.map(|_| "Window"));
                helpers.extend(plan.cursor.map(|_| "Cursor"));
                timedelta |= plan.cursor.is_some_and(|(_, temporal)| temporal);
                table(t, &plan)
            })
            .collect();
        values.push(json!({
            "prefix": prefix,
            "name": format!("{pipeline}_{}", ingestion.source),
            "schema": ingestion.schema,
            "tables": tables,
            "targets": targets,
        }));
    }
    let mut names: Vec<String> = helpers.iter().map(|name| (*name).to_owned()).collect();
    names.push("main".into());
    readers.insert("pipewright_load", names.into_iter().collect());
    let imported: Vec<String> = readers
        .into_iter()
        .map(|(module, names)| {
            let mut names: Vec<String> = names.into_iter().collect();
            // In the order of ruff: classes before functions.
            names.sort_by_key(|name| (!name.starts_with(char::is_uppercase), name.clone()));
            import(module, &names)
        })
        .collect();
    let mut imports = Vec::new();
    imports.extend(os.then_some("import os"));
    imports.extend(timedelta.then_some("from datetime import timedelta"));
    let pipelines: Vec<String> =
        values.iter().map(|v| format!("{}PIPELINE", v["prefix"].as_str().unwrap_or_default())).collect();
    json!({
        "doc": doc(pipeline, sources),
        "imports": imports,
        "helpers": imported.join("\n"),
        "sources": values,
        "pipelines": pipelines.join(", "),
    })
}

fn import(module: &str, names: &[String]) -> String {
    let one = format!("from {module} import {}", names.join(", "));
    if python::width(&one) <= 100 {
        return one;
    }
    let lines: String = names.iter().map(|name| format!("    {name},\n")).collect();
    format!("from {module} import (\n{lines})")
}

fn doc(pipeline: &Name, sources: &[&Ingestion]) -> String {
    let mut loads = Vec::new();
    for ingestion in sources {
        let names: Vec<String> = ingestion.tables.iter().map(|t| format!("{}.{}", ingestion.source, t.name)).collect();
        let what = match &names[..] {
            [one] => one.clone(),
            [first @ .., last] if names.len() <= 5 => format!("{} and {last}", first.join(", ")),
            _ => format!("{} tables of {}", names.len(), ingestion.source),
        };
        loads.push(format!("Load {what} into the schema {}.", ingestion.schema));
    }
    let usage = format!("    python ingest/{pipeline}.py --target dev --as-of 2026-03-31");
    let tables: Vec<&IngestTable> = sources.iter().flat_map(|i| &i.tables).collect();
    let mut notes = vec!["A second run of the same day changes nothing.".to_owned()];
    for table in tables.iter().filter(|t| t.window.is_some()).take(20) {
        if let Some(window) = &table.window {
            notes.push(format!("`{}` covers {} by {}.", table.name, window.bounds_said(), window.column));
        }
    }
    for table in tables.iter().take(20) {
        if let Some((cursor, _)) = Plan::of(table).cursor {
            notes.push(format!("`{}` takes what is new by {cursor} since the last run.", table.name));
        }
    }
    let first = python::docstring(&[&loads.join(" ")]);
    let last = python::docstring(&[&notes.join(" ")]);
    format!("{first}\n\n{usage}\n\n{last}")
}

/// Environments that both ends have.
fn environments<'a>(
    from: &'a Environments,
    to: &'a Environments,
) -> impl Iterator<Item = (&'static str, &'a Connection, &'a Connection)> {
    let prod = from.prod.as_ref().zip(to.prod.as_ref()).map(|(from, to)| ("prod", from, to));
    std::iter::once(("dev", &from.dev, &to.dev)).chain(prod)
}

/// The function of `pipewright_load` that reaches a database.
fn helper(connection: &Connection, target: bool) -> Option<&'static str> {
    match connection {
        Connection::Sqlite { .. } => Some("sqlite"),
        Connection::DuckDb { .. } => Some("duckdb"),
        Connection::Snowflake { .. } => Some("snowflake"),
        Connection::Postgres { .. } if target => Some("postgres"),
        _ => None,
    }
}

/// How a source is reached.
fn origin(name: &str, from: &Connection) -> String {
    match reader(from) {
        Some(reader) => reader.call(name.len() + 12),
        None => connection(from, false),
    }
}

fn connection(connection: &Connection, target: bool) -> String {
    let value = match connection {
        Connection::Sqlite { path } | Connection::DuckDb { path } => python_string(path),
        Connection::Snowflake { credentials_env } => python_string(credentials_env),
        Connection::Postgres { url_env, .. } | Connection::MySql { url_env, .. } => python_string(url_env),
        // Sources only, which have readers.
        _ => String::new(),
    };
    match helper(connection, target) {
        Some(helper) => format!("lambda: {helper}({value})"),
        None => format!("lambda: os.environ[{value}]"),
    }
}

/// How a table is loaded. A window is read as a whole each time; only without one does a cursor count.
struct Plan<'a> {
    mode: &'static str,
    key: &'a [Name],
    window: Option<&'a Window>,
    /// With whether it is a date or a timestamp.
    cursor: Option<(&'a Name, bool)>,
}

impl Plan<'_> {
    fn of(table: &IngestTable) -> Plan<'_> {
        let window = table.window.as_ref();
        let follows = matches!(table.mode, Mode::Incremental | Mode::Append) && window.is_none();
        let cursor = table.cursor.as_ref().filter(|_| follows).map(|cursor| {
            let column = table.columns.iter().find(|c| c.name == *cursor);
            (cursor, column.is_some_and(|c| c.data_type.is_temporal()))
        });
        let told_apart = !table.key.is_empty() || window.is_some() || cursor.is_some();
        let mode = if table.mode == Mode::Replace || !told_apart { "replace" } else { "merge" };
        Plan { mode, key: &table.key, window, cursor }
    }
}

fn table(table: &IngestTable, plan: &Plan<'_>) -> Value {
    let mut value = json!({
        "name": table.landed.as_ref().unwrap_or(&table.name),
        "source": python::string(&table.physical_name, 8, 15, 1),
        "mode": plan.mode,
        "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
    });
    if !table.changes.is_empty() {
        let gone = table.changes.iter().filter(|c| c.change.is_gone());
        let gone: Vec<String> = gone.map(gone_column).collect();
        value["altered"] = json!(true);
        if !gone.is_empty() {
            value["gone"] = json!(gone);
        }
    }
    if !plan.key.is_empty() {
        let key: Vec<String> = plan.key.iter().map(|name| python_string(name.as_str())).collect();
        value["key"] = json!(python::tuple(&key, 8, 12, 1));
    }
    if let Some(schema) = &table.physical_schema {
        value["source_schema"] = json!(python::string(schema, 8, 22, 1));
    }
    if !table.reading.is_empty() {
        let entry = |(key, text): (&String, &String)| {
            let key = python_string(key);
            let used = 12 + key.chars().count() + 2;
            format!("            {key}: {},\n", python::string(text, 12, used, 1))
        };
        value["reading"] = json!(format!("{{\n{}        }}", table.reading.iter().map(entry).collect::<String>()));
    }
    if let Some(window) = plan.window {
        value["window"] = json!(span(window));
    }
    if let Some((name, temporal)) = plan.cursor {
        let mut args = vec![python_string(name.as_str())];
        if temporal {
            args.push("lag=timedelta(days=1)".into());
        }
        value["cursor"] = json!(python::call("Cursor", &args, 8, 15, 1));
    }
    value
}

fn span(window: &Window) -> String {
    let mut args = vec![python_string(window.column.as_str())];
    args.extend(window.last.map(|last| {
        let (unit, count) = match last.unit {
            Unit::Hour => ("hours", last.count),
            Unit::Day => ("days", last.count),
            Unit::Week => ("weeks", last.count),
            Unit::Month => ("months", last.count),
            Unit::Quarter => ("months", last.count * 3),
            Unit::Year => ("months", last.count * 12),
        };
        format!("{unit}={count}")
    }));
    let named = [("this", window.this), ("until", window.until)];
    args.extend(
        named.iter().filter_map(|(name, unit)| Some(format!("{name}={}", python_string(unit.as_ref()?.as_str())))),
    );
    python::call("Window", &args, 8, 15, 1)
}

/// A landed column that the source has no longer.
fn gone_column(change: &LandedChange) -> String {
    let (name, physical_name) = (change.column.clone(), change.column.to_string());
    column(&IngestColumn { name, physical_name, data_type: change.data_type, required: false })
}

fn column(column: &IngestColumn) -> String {
    let kind = match column.data_type {
        DataType::Integer => "bigint",
        DataType::Decimal { .. } => "decimal",
        DataType::Float => "double",
        DataType::Text => "text",
        DataType::Boolean => "bool",
        DataType::Date => "date",
        DataType::Timestamp | DataType::TimestampTz => "timestamp",
        DataType::Time => "time",
        DataType::Binary => "binary",
        DataType::Json => "json",
    };
    let mut args = vec![python_string(column.name.as_str()), python_string(kind)];
    if column.physical_name != column.name.as_str() {
        args.push(format!("source={}", python::string(&column.physical_name, 16, 23, 1)));
    }
    if let DataType::Decimal { precision, scale } = column.data_type {
        args.push(format!("precision={precision}"));
        args.push(format!("scale={scale}"));
    }
    if column.required {
        args.push("nullable=False".into());
    }
    python::call("Column", &args, 12, 12, 1)
}
