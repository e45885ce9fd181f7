//! The dbt project and its profiles.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Files;
use crate::proposal::{DbtModel, DbtProject, Layer};
use crate::template;
use crate::vocabulary::{Outcome, jinja_string};
use crate::workspace::Connection;

/// `dbt_project.yml`, `profiles.yml` and the macro that names schemas. dbt warns of a layer that no model stands in, so
/// only the layers of `models` are configured.
///
/// # Errors
/// A template that fails.
pub fn project<'a>(
    project: &DbtProject,
    models: impl IntoIterator<Item = &'a DbtModel>,
    snapshots: bool,
    owner: &str,
) -> Outcome<Files> {
    let used: BTreeSet<&str> = models.into_iter().map(|model| model.layer.folder()).collect();
    let layers: Vec<Value> = [("staging", "view"), ("intermediate", "view"), ("marts", "table")]
        .into_iter()
        .filter(|(name, _)| used.contains(name))
        .map(|(name, materialized)| json!({"name": name, "materialized": materialized}))
        .collect();
    let targets = [("dev", Some(&project.targets.dev)), ("prod", project.targets.prod.as_ref())];
    let outputs: Vec<Value> =
        targets.into_iter().filter_map(|(name, connection)| Some(output(name, connection?))).collect();
    let name = &project.name;
    Ok(Files::from([
        (
            "dbt/dbt_project.yml".to_owned(),
            template::render(
                "dbt/dbt_project.yml",
                json!({"name": name, "layers": layers, "snapshots": snapshots, "owner": jinja_string(owner)}),
            )?,
        ),
        (
            "dbt/profiles.yml".to_owned(),
            template::render("dbt/profiles.yml", json!({"name": name, "outputs": outputs}))?,
        ),
        (
            "dbt/macros/pipewright/generate_schema_name.sql".to_owned(),
            template::text("dbt/generate_schema_name.sql").unwrap_or_default().to_owned(),
        ),
    ]))
}

/// Paths are relative to the workspace; dbt runs in `dbt/`.
fn output(name: &str, connection: &Connection) -> Value {
    let kind = connection.dialect().as_str();
    match connection {
        Connection::DuckDb { path } | Connection::Sqlite { path } => {
            let path = if path.starts_with('/') { path.clone() } else { format!("../{path}") };
            json!({"name": name, "kind": kind, "path": path})
        }
        Connection::Postgres { url_env, .. } | Connection::MySql { url_env, .. } => {
            json!({"name": name, "kind": kind, "env": url_env})
        }
        Connection::Snowflake { credentials_env } => json!({"name": name, "kind": kind, "env": credentials_env}),
        // Sources only: the workspace is refused where one of them is a target.
        Connection::Files { .. } | Connection::Rest { .. } | Connection::GraphQl { .. } | Connection::Dbt { .. } => {
            json!({"name": name, "kind": kind, "path": ""})
        }
    }
}

impl Layer {
    /// Its folder below `dbt/models/`, which also names the schema.
    pub fn folder(&self) -> &'static str {
        match self {
            Layer::Staging(_) => "staging",
            Layer::Intermediate => "intermediate",
            Layer::Marts => "marts",
        }
    }
}
