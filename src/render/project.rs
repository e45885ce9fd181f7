//! The dbt project and its profiles.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Files;
use crate::proposal::{DbtModel, DbtProject, Layer};
use crate::template;
use crate::vocabulary::{Diagnostic, Name, Outcome, Place, jinja_string};
use crate::workspace::{Connection, Environments, paths};

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
    let name = &project.name;
    Ok(Files::from([
        (
            "dbt/dbt_project.yml".to_owned(),
            template::render(
                "dbt/dbt_project.yml",
                json!({"name": name, "layers": layers, "snapshots": snapshots, "owner": jinja_string(owner)}),
            )?,
        ),
        ("dbt/profiles.yml".to_owned(), profiles(name, &project.targets)?),
        (
            "dbt/macros/pipewright/generate_schema_name.sql".to_owned(),
            template::text("dbt/generate_schema_name.sql").unwrap_or_default().to_owned(),
        ),
    ]))
}

/// The text of a `profiles.yml` that reaches the targets of a workspace.
///
/// # Errors
/// A target that is a source only, or a template that fails.
pub fn profiles(name: &Name, targets: &Environments) -> Outcome<String> {
    let all = [("dev", Some(&targets.dev)), ("prod", targets.prod.as_ref())];
    let outputs = all.into_iter().filter_map(|(name, connection)| Some(output(name, connection?)));
    let outputs = outputs.collect::<Outcome<Vec<Value>>>()?;
    template::render("dbt/profiles.yml", json!({"name": name, "outputs": outputs}))
}

/// Paths are relative to the workspace; dbt runs in `dbt/`.
fn output(name: &str, connection: &Connection) -> Outcome<Value> {
    let kind = connection.dialect().as_str();
    match connection {
        Connection::DuckDb { path } => {
            let path = if path.starts_with('/') { path.clone() } else { format!("../{path}") };
            Ok(json!({"name": name, "kind": kind, "path": path}))
        }
        Connection::Postgres { url_env, .. } => Ok(json!({"name": name, "kind": kind, "env": url_env})),
        Connection::Snowflake { credentials_env } => Ok(json!({"name": name, "kind": kind, "env": credentials_env})),
        source => Err(Diagnostic::error("not-a-target", format!("{} is a source only, no target", source.label()))
            .at(Place::path(paths::CONFIG, format!("targets.{name}.kind")))
            .next("use duckdb, postgres or snowflake")
            .into()),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_profile_reaches_the_targets_of_the_workspace_and_nothing_else() {
        let name = Name::parse("shop").unwrap();
        let targets = |dev| Environments { dev, prod: None, profile: None };
        let text = profiles(&name, &targets(Connection::postgres("WAREHOUSE_URL".into()))).unwrap();
        assert!(
            text.contains("type: postgres") && text.contains("WAREHOUSE_URL") && !text.contains("duckdb"),
            "{text}"
        );
        let prod = Some(Connection::Snowflake { credentials_env: "SNOW".into() });
        let both = Environments { prod, ..targets(Connection::DuckDb { path: "w.duckdb".into() }) };
        let text = profiles(&name, &both).unwrap();
        assert!(text.contains("type: duckdb") && text.contains("type: snowflake"), "{text}");
        let fault = profiles(&name, &targets(Connection::mysql("URL".into()))).unwrap_err();
        assert_eq!((&*fault.diagnostics[0].code, fault.exit), ("not-a-target", 2));
        assert!(fault.diagnostics[0].next.is_some());
    }
}
