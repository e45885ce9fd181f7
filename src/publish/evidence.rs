//! What proves a part of a spec: the tests on the models that it became.

use std::collections::BTreeSet;

use serde_json::Value;

use super::artifacts::{document, label, list};
use crate::changeset::ChangeSet;
use crate::vocabulary::TableRef;
use crate::world::git::Tree;

/// A data test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DataTest {
    test: String,
    model: String,
    column: Option<String>,
}

/// A unit test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    name: String,
    model: String,
    dated: bool,
    expects: BTreeSet<String>,
}

/// The tests of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    tests: BTreeSet<DataTest>,
    units: BTreeSet<Unit>,
}

/// Names of the dbt tests that prove the part of a spec at the path `became` (`models.daily_sales.window`).
pub fn evidence(became: &str, change: &ChangeSet) -> Vec<String> {
    Proofs::of(change).of_path(became)
}

impl Proofs {
    /// The tests of a change set.
    pub fn of(change: &ChangeSet) -> Proofs {
        let tests = change.tests().iter().map(|t| DataTest {
            test: t.test.to_string(),
            model: t.model.to_string(),
            column: t.column.as_ref().map(ToString::to_string),
        });
        let units = change.unit_tests().values().map(|u| Unit {
            name: u.name.to_string(),
            model: u.model.to_string(),
            dated: u.as_of.is_some(),
            expects: u.expect.iter().flat_map(|row| row.keys().map(ToString::to_string)).collect(),
        });
        Proofs { tests: tests.collect(), units: units.collect() }
    }

    /// The tests in the YAML beside the models of `tree`; files that can't be read prove nothing.
    pub fn read(tree: &Tree) -> Proofs {
        let mut out = Proofs::default();
        let yaml = |path: &str| path.starts_with("dbt/models/") && (path.ends_with(".yml") || path.ends_with(".yaml"));
        for (_, file) in tree.iter().filter(|(path, _)| yaml(path)) {
            let Ok(document) = document(file) else { continue };
            for model in list(&document, "models") {
                let name = label(model, &["name"]);
                out.collect(model, &name, None);
                for column in list(model, "columns") {
                    out.collect(column, &name, Some(label(column, &["name"])));
                }
            }
            for unit in list(&document, "unit_tests") {
                let rows = unit.get("expect").map_or(&[][..], |e| list(e, "rows"));
                out.units.insert(Unit {
                    name: label(unit, &["name"]),
                    model: label(unit, &["model"]),
                    dated: unit.pointer("/overrides/vars/as_of").is_some(),
                    expects: rows.iter().filter_map(Value::as_object).flat_map(|row| row.keys().cloned()).collect(),
                });
            }
        }
        out
    }

    fn collect(&mut self, holder: &Value, model: &str, column: Option<String>) {
        for test in list(holder, "data_tests").iter().chain(list(holder, "tests")) {
            let kind = match test {
                Value::String(kind) => Some(kind),
                Value::Object(map) => map.keys().next(),
                _ => None,
            };
            if let Some(kind) = kind {
                self.tests.insert(DataTest { test: kind.clone(), model: model.to_owned(), column: column.clone() });
            }
        }
    }

    /// Names of the tests that prove the part of a spec at that path, in order.
    pub fn of_path(&self, became: &str) -> Vec<String> {
        let mut parts = became.split('.');
        let mut out: Vec<String> = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("models"), Some(model), None, _) => self.tests(model, |t| t.test.contains("unique")),
            (Some("models"), Some(model), Some("columns" | "measures" | "group_by"), Some(column)) => {
                let mut out = self.tests(model, |t| t.column.as_deref() == Some(column));
                out.extend(self.units(model, |u| u.expects.contains(column)));
                out
            }
            (Some("models"), Some(model), Some("window"), _) => self.units(model, |u| u.dated),
            (Some("models"), Some(model), Some("where"), _) => self.units(model, |_| true),
            (Some("models"), Some(model), Some("joins"), _) => self.tests(model, |t| t.test == "relationships"),
            (Some("models"), Some(model), Some("group_by" | "measures"), _) => {
                self.tests(model, |t| t.test.contains("unique"))
            }
            (Some("models"), Some(model), Some("tests"), _) => self.tests(model, |_| true),
            (Some("ingest"), Some(source), Some(table), field) => self.of_table(source, table, field),
            (Some("tests"), Some(model), column, _) => {
                self.tests(model, |t| column.is_none() || t.column.as_deref() == column)
            }
            _ => Vec::new(),
        };
        let mut seen = BTreeSet::new();
        out.retain(|name| seen.insert(name.clone()));
        out
    }

    /// What is landed is proved by the tests of its staging model.
    fn of_table(&self, source: &str, table: &str, field: Option<&str>) -> Vec<String> {
        let Ok(table) = format!("{source}.{table}").parse::<TableRef>() else { return Vec::new() };
        let model = table.staging_model();
        match field {
            None => self.tests(model.as_str(), |t| t.test == "relationships" || t.test.contains("unique")),
            Some("key") => self.tests(model.as_str(), |t| t.test.contains("unique") || t.test == "not_null"),
            Some(_) => Vec::new(),
        }
    }

    fn tests(&self, model: &str, keep: impl Fn(&DataTest) -> bool) -> Vec<String> {
        let name = |t: &DataTest| match &t.column {
            Some(column) => format!("{}_{}_{column}", t.test, t.model),
            None => format!("{}_{}", t.test, t.model),
        };
        self.tests.iter().filter(|t| t.model == model && keep(t)).map(name).collect()
    }

    fn units(&self, model: &str, keep: impl Fn(&Unit) -> bool) -> Vec<String> {
        self.units.iter().filter(|u| u.model == model && keep(u)).map(|u| u.name.clone()).collect()
    }
}
