//! A dbt snapshot with its tests, in the YAML form that dbt has had since 1.9.

use serde_json::{Value, json};

use super::Files;
use super::model::{data_test, with};
use crate::proposal::{DbtTest, Policy, Snapshot};
use crate::template;
use crate::vocabulary::Outcome;

/// `dbt/snapshots/<name>.yml`.
///
/// # Errors
/// A template that fails.
pub fn snapshot(of: &Snapshot, tests: &[&DbtTest], policies: &[&Policy]) -> Outcome<Files> {
    let tests_of = |column: Option<&str>| -> Vec<Value> {
        let own = tests.iter().filter(|t| t.column.as_ref().map(AsRef::as_ref) == column);
        own.map(|t| data_test(t)).collect()
    };
    let own = of.columns.iter().map(|c| (c.name.as_str(), c.description.as_str()));
    let columns = own.chain(Snapshot::added().into_iter().map(|(name, about, _, _)| (name, about)));
    let columns: Vec<Value> = columns
        .map(|(name, description)| {
            let pii = policies.iter().find(|p| p.column == *name).map(|p| &p.pii);
            with(json!({"name": name, "description": description, "tests": tests_of(Some(name))}), "pii", pii)
        })
        .collect();
    let context = json!({
        "name": of.name,
        "description": of.description,
        "of": of.of,
        "schema": Snapshot::SCHEMA,
        "key": of.key,
        "closes_deleted": of.closes_deleted,
        "pipelines": of.pipelines,
        "tests": tests_of(None),
        "columns": columns,
    });
    let text = template::render("dbt/snapshot.yml", with(context, "updated_at", of.updated_at.as_ref()))?;
    Ok(Files::from([(format!("dbt/snapshots/{}.yml", of.name), text)]))
}
