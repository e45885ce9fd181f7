//! The landing tables of one pipeline in one target.

use serde_json::{Value, json};

use crate::contract::Alteration;
use crate::proposal::{Ddl, DdlTable};
use crate::sql::types;
use crate::template;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Name, Outcome};

/// `ddl/<pipeline>/<dialect>.sql` for all schemas that the pipeline lands in. Every statement can run twice.
///
/// # Errors
/// A dialect that nothing lands in, or a template that fails.
pub fn ddl(pipeline: &Name, dialect: Dialect, schemas: &[&Ddl]) -> Outcome<(String, String)> {
    let path = format!("ddl/{pipeline}/{dialect}.sql");
    if !matches!(dialect, Dialect::DuckDb | Dialect::Postgres | Dialect::Snowflake) {
        return Err(Diagnostic::error("render-ddl", format!("landing tables can't be made in {}", dialect.label()))
            .next("land in DuckDB, PostgreSQL or Snowflake")
            .into());
    }
    let schemas: Vec<Value> = schemas
        .iter()
        .map(|ddl| {
            let tables: Vec<Value> = ddl.tables.iter().map(|t| table(t, dialect)).collect();
            json!({"name": ddl.schema, "tables": tables})
        })
        .collect();
    Ok((path, template::render("ddl/landing.sql", json!({"dialect": dialect, "schemas": schemas}))?))
}

/// Ingestion brings every moment to UTC and lands it without a zone.
fn landed(data_type: DataType) -> DataType {
    if data_type == DataType::TimestampTz { DataType::Timestamp } else { data_type }
}

fn table(table: &DdlTable, dialect: Dialect) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": types::name(landed(column.data_type), dialect),
                "required": column.required,
                "description": column.description,
            })
        })
        .collect();
    let mut alterations: Vec<Value> = Vec::new();
    for change in &table.changes {
        let of = types::name(landed(change.data_type), dialect);
        let alter = |how: &str| json!({"column": change.column, "type": of, "how": how});
        match change.change {
            Alteration::Added => alterations.push(alter("add")),
            Alteration::Widened => alterations.push(alter("widen")),
            Alteration::Nullable => alterations.push(alter("relax")),
            // A table that is made anew does not have it: what can run twice can run there, too.
            Alteration::Gone | Alteration::Replaced => alterations.extend([alter("add"), alter("relax")]),
        }
    }
    json!({
        "name": table.landed.as_ref().unwrap_or(&table.name),
        "description": table.description,
        "columns": columns,
        "primary_key": table.primary_key,
        "alterations": alterations,
    })
}
