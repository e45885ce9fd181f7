//! A contract to a document of the standard, as a person would write it.

use std::fmt::Write as _;

use super::{CURSOR, INFERRED, INFERRED_KEY, READING, SCHEMA, TYPE, followed, measures, types};
use crate::contract::{Column, Contract, TableKind};
use crate::vocabulary::{DataType, Name, yaml_flow_scalar, yaml_scalar, yaml_text};

/// The document of `contract`, valid by the standard's JSON Schema 3.2.
pub fn write(contract: &Contract) -> String {
    let mut out = String::with_capacity(512 + contract.columns.len() * 160);
    let kind = if contract.kind == TableKind::View { "view" } else { "table" };
    let (source, table) = (&contract.source, &contract.table);
    let _ = write!(
        out,
        "apiVersion: v3.2.0\nkind: DataContract\nid: {source}.{table}\nname: {source} {table}\nversion: 1.0.0\nstatus: {}\n",
        followed::status(&contract.followed)
    );
    if let Some(text) = &contract.description {
        let _ = write!(out, "description:\n  purpose: {}\n", yaml_text(text, 4, 11));
    }
    let _ = write!(
        out,
        "servers:\n  - server: {}\n    type: custom\n    environment: dev\nschema:\n  - name: {}\n    physicalName: {}\n    \
         physicalType: {kind}\n    logicalType: object\n    properties:\n",
        yaml_scalar(source.as_str()),
        yaml_scalar(table.as_str()),
        yaml_text(&contract.physical_name, 6, 18),
    );
    for column in &contract.columns {
        property(&mut out, column);
    }
    foreign_keys(&mut out, contract);
    let measures = measures::lines(contract);
    let read = !contract.reading.is_empty();
    let followed = !contract.followed.landing.is_first() || !contract.followed.decisions.is_empty();
    let told = contract.physical_schema.is_some() || contract.cursor.is_some() || !measures.is_empty();
    if told || read || followed {
        out.push_str("    customProperties:\n");
    }
    if let Some(schema) = &contract.physical_schema {
        let _ = write!(out, "      - property: {SCHEMA}\n        value: {}\n", yaml_text(schema, 10, 15));
    }
    if read {
        let _ = write!(out, "      - property: {READING}\n        value:\n");
        for (key, text) in &contract.reading {
            let key = yaml_scalar(key);
            let gap = yaml_text(text, 14, 12 + key.len());
            let _ = writeln!(out, "          {key}: {gap}");
        }
    }
    if let Some(cursor) = &contract.cursor {
        let _ = writeln!(out, "      - {{property: {CURSOR}, value: {}}}", yaml_flow_scalar(cursor.as_str()));
    }
    out.push_str(&measures);
    followed::write(&mut out, &contract.followed);
    out
}

fn property(out: &mut String, column: &Column) {
    let _ = writeln!(out, "      - name: {}", yaml_scalar(column.name.as_str()));
    let mut line = |key: &str, value: &str| {
        let gap = if value.starts_with('\n') { "" } else { " " };
        let _ = writeln!(out, "        {key}:{gap}{value}");
    };
    if column.physical_name != *column.name.as_str() {
        line("physicalName", &yaml_text(&column.physical_name, 10, 22));
    }
    line("physicalType", &yaml_text(&column.physical_type, 10, 22));
    line("logicalType", types::logical(column.data_type).as_str());
    if column.data_type == DataType::TimestampTz {
        line("logicalTypeOptions", "{timezone: true}");
    }
    if let Some(text) = &column.description {
        line("description", &yaml_text(text, 10, 21));
    }
    if let Some(position) = column.primary_key {
        line("primaryKey", "true");
        line("primaryKeyPosition", &position.to_string());
    }
    if column.required {
        line("required", "true");
    }
    if column.unique {
        line("unique", "true");
    }
    if !column.tags.is_empty() {
        line("tags", &list(column.tags.iter().map(|t| yaml_flow_scalar(t)), 14, 10));
    }
    if let Some(to) = &column.references {
        let mut text = format!("\n          - type: foreignKey\n            to: {}.{}", to.table, to.column);
        if to.inferred {
            let because = to.evidence.as_ref().map_or(Custom::Mark, |text| Custom::Text(text));
            let _ = write!(text, "{}", customs(&[(INFERRED, because)], 12));
        }
        line("relationships", &text);
    }
    if !column.accepted_values.is_empty() {
        let number = column.data_type.is_numeric();
        let value = |v: &String| {
            let plain = number && serde_json::from_str::<serde_json::Number>(v).is_ok_and(|n| n.to_string() == *v);
            format!("{{value: {}}}", if plain { v.clone() } else { yaml_flow_scalar(v) })
        };
        line("enum", &list(column.accepted_values.iter().map(value), 14, 10));
    }
    if !column.examples.is_empty() {
        line("examples", &list(column.examples.iter().map(|e| yaml_flow_scalar(e)), 18, 10));
    }
    let logical = types::logical(column.data_type);
    let read_back =
        types::data_type(Some(logical), Some(&column.physical_type), column.data_type == DataType::TimestampTz);
    let (data_type, mut own) = (column.data_type.to_string(), Vec::new());
    if let Some(text) = &column.key_evidence {
        own.push((INFERRED_KEY, if text.is_empty() { Custom::Mark } else { Custom::Text(text) }));
    }
    if read_back != Ok(column.data_type) {
        own.push((TYPE, Custom::Word(&data_type)));
    }
    out.push_str(customs(&own, 8).trim_start_matches('\n'));
    if !own.is_empty() {
        out.push('\n');
    }
}

/// The value of a custom property.
enum Custom<'a> {
    Mark,
    Word(&'a str),
    Text(&'a str),
}

/// `customProperties`, that far in, on a new line; nothing where there are none. A reason has lines of its own, so that
/// people take it out without touching anything else.
fn customs(all: &[(&str, Custom<'_>)], indent: usize) -> String {
    if all.is_empty() {
        return String::new();
    }
    if let [(property, value @ (Custom::Mark | Custom::Word(_)))] = all {
        let value = if let Custom::Word(word) = value { yaml_flow_scalar(word) } else { "true".to_owned() };
        return format!("\n{:indent$}customProperties: [{{property: {property}, value: {value}}}]", "");
    }
    let mut out = format!("\n{:indent$}customProperties:", "");
    for (property, value) in all {
        let value = match value {
            Custom::Mark => "true".to_owned(),
            Custom::Word(word) => yaml_scalar(word),
            Custom::Text(text) => yaml_text(text, indent + 6, indent + 11),
        };
        let gap = if value.starts_with('\n') { "" } else { " " };
        let _ = write!(out, "\n{:indent$}  - property: {property}\n{:indent$}    value:{gap}{value}", "", "");
    }
    out
}

/// Foreign keys of several columns stand at the table.
fn foreign_keys(out: &mut String, contract: &Contract) {
    if !contract.foreign_keys.is_empty() {
        out.push_str("    relationships:\n");
    }
    for key in &contract.foreign_keys {
        let paths = |table: &Name, columns: &[Name], used: usize| {
            list(columns.iter().map(|column| format!("{table}.{column}")), used, 10)
        };
        out.push_str("      - type: foreignKey\n");
        for (word, table, columns) in [("from", &contract.table, &key.columns), ("to", &key.table, &key.to)] {
            let text = paths(table, columns, 10 + word.len());
            let gap = if text.starts_with('\n') { "" } else { " " };
            let _ = writeln!(out, "        {word}:{gap}{text}");
        }
    }
}

/// A list on one line where it fits, else an item a line, that far in.
pub(super) fn list(items: impl Iterator<Item = String>, used: usize, indent: usize) -> String {
    let items: Vec<String> = items.collect();
    let line = format!("[{}]", items.join(", "));
    if line.chars().count() + used <= 118 {
        return line;
    }
    items.iter().map(|item| format!("\n{:indent$}- {item}", "")).collect()
}
