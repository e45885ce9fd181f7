//! What the program answers, and what becomes of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::contract::TableKind;
use crate::discover::connector::{ForeignKey, RawColumn, RawTable};
use crate::vocabulary::{DataType, Diagnostic};

#[derive(Deserialize)]
pub struct Tables {
    pub tables: Vec<Found>,
    pub warnings: Vec<Warned>,
}

#[derive(Deserialize)]
pub struct Found {
    schema: Option<String>,
    name: String,
    label: Option<String>,
    kind: String,
    reading: BTreeMap<String, String>,
    description: Option<String>,
    foreign_keys: Vec<Foreign>,
    columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Foreign {
    columns: Vec<String>,
    schema: Option<String>,
    table: String,
    to: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    declared: String,
    #[serde(rename = "type")]
    data_type: Option<String>,
    required: bool,
    unique: bool,
    primary_key: Option<u32>,
    key_evidence: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
pub struct Warned {
    code: String,
    what: String,
    next: String,
}

#[derive(Deserialize)]
pub struct Sampled {
    #[serde(default)]
    pub rows: u64,
    #[serde(default)]
    pub estimated: bool,
    #[serde(default)]
    pub method: String,
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Why this one table can't be read.
    #[serde(default)]
    pub why: Option<String>,
}

#[derive(Deserialize)]
pub struct Distinct {
    pub values: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub struct Repeats {
    pub repeats: Option<u64>,
}

#[derive(Deserialize)]
pub struct Orphans {
    pub orphans: Option<u64>,
}

/// A table as the source declares it, or as its values were judged.
pub fn table(found: Found) -> RawTable {
    let columns = found.columns.into_iter().map(|column| {
        let data_type: Option<DataType> = column.data_type.as_deref().and_then(|t| t.parse().ok());
        RawColumn {
            declared: match data_type {
                Some(data_type) if column.declared.is_empty() => data_type.to_string(),
                _ => column.declared,
            },
            name: column.name,
            description: told(column.description),
            data_type,
            required: column.required,
            unique: column.unique,
            primary_key: column.primary_key,
            key_evidence: column.key_evidence,
            ..RawColumn::default()
        }
    });
    RawTable {
        schema: found.schema,
        name: found.name,
        label: found.label,
        reading: found.reading,
        description: told(found.description),
        kind: if found.kind == "view" { TableKind::View } else { TableKind::Table },
        columns: columns.collect(),
        foreign_keys: found
            .foreign_keys
            .into_iter()
            .map(|f| ForeignKey { columns: f.columns, schema: f.schema, table: f.table, to: f.to })
            .collect(),
        ..RawTable::default()
    }
}

fn told(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
}

/// A warning of the program.
pub fn warning(warned: Warned) -> Diagnostic {
    let Warned { code, what, next } = warned;
    let found = match code.as_str() {
        "column-missing" => Diagnostic::warning("column-missing", what),
        "empty-file" => Diagnostic::warning("empty-file", what),
        "file-skipped" => Diagnostic::warning("file-skipped", what),
        "files-skipped" => Diagnostic::warning("files-skipped", what),
        "mixed-encodings" => Diagnostic::warning("mixed-encodings", what),
        "paging-unknown" => Diagnostic::warning("paging-unknown", what),
        "ragged-rows" => Diagnostic::warning("ragged-rows", what),
        "rows-estimated" => Diagnostic::warning("rows-estimated", what),
        "type-changes" => Diagnostic::warning("type-changes", what),
        _ => Diagnostic::warning("table-skipped", what),
    };
    if next.is_empty() { found } else { found.next(next) }
}

/// How rows were chosen, and whether they were drawn.
pub fn method(told: &str) -> (&'static str, bool) {
    match told {
        "all" => ("all", false),
        "systematic" => ("systematic", true),
        "stratified" => ("stratified", true),
        "reservoir" => ("reservoir", true),
        _ => ("first", false),
    }
}
