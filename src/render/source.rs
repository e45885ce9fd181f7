//! A source of the dbt project.

use serde_json::json;

use crate::proposal::DbtSource;
use crate::template;
use crate::vocabulary::Outcome;

/// `dbt/models/staging/<source>/_<source>__sources.yml`.
///
/// # Errors
/// A template that fails.
pub fn source(source: &DbtSource) -> Outcome<(String, String)> {
    let name = &source.name;
    let path = format!("dbt/models/staging/{name}/_{name}__sources.yml");
    let context = json!({
        "name": name,
        "description": format!("Tables of {name}, as ingestion lands them."),
        "schema": source.schema,
        "tables": source.tables,
    });
    Ok((path, template::render("dbt/sources.yml", context)?))
}
