//! dbt's YAML: what it says of models, their columns and tests. What can't be kept is said, never passed over.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::text;
use crate::proposal::UnitTest;
use crate::proposal::outside::forms::Handed;
use crate::spec::{ColumnRule, Materialization, Test, TestSeverity};
use crate::vocabulary::{Diagnostic, Name, Place};

/// What was read so far; of each thing where it stands.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Models that are described: file and path.
    pub(super) models: BTreeMap<Name, (String, String)>,
    /// What is said of them.
    pub(super) said: BTreeMap<Name, Said>,
    /// Data tests.
    pub(super) tests: Vec<(Test, String, String)>,
    /// Unit tests.
    pub(super) unit_tests: Vec<(UnitTest, String, String)>,
    /// Things to look at.
    pub(super) findings: Vec<Diagnostic>,
}

/// What YAML says of a model.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) description: Option<String>,
    pub(super) materialization: Option<Materialization>,
    pub(super) columns: IndexMap<Name, ColumnRule>,
}

/// Whether a document is dbt's YAML: lists of its kinds of things, and no name of its own.
pub(in crate::proposal::outside) fn is_properties(map: &Map<String, Value>) -> bool {
    const LISTS: &[&str] = &[
        "models",
        "sources",
        "unit_tests",
        "macros",
        "snapshots",
        "seeds",
        "exposures",
        "data_tests",
        "metrics",
        "groups",
    ];
    !map.contains_key("name")
        && map.iter().any(|(key, value)| LISTS.contains(&key.as_str()) && value.is_array())
        && map.keys().all(|key| key == "version" || LISTS.contains(&key.as_str()) || key == "semantic_models")
}

/// Where the reader stands.
struct At<'a> {
    file: &'a str,
    faults: &'a mut Vec<Diagnostic>,
}

impl At<'_> {
    fn fault(&mut self, path: &str, code: &'static str, what: impl Into<String>, next: &str) {
        self.faults.push(Diagnostic::error(code, what).at(Place::path(self.file, path)).next(next));
    }

    /// What is there beside the fields that are known.
    fn others(&mut self, map: &Map<String, Value>, path: &str, known: &[&str]) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = crate::vocabulary::nearest(key, known.iter().copied());
            let what = format!("`{}` is not kept", key.escape_debug());
            let next = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => "leave it out: what is generated does not say it".to_owned(),
            };
            self.fault(&format!("{path}.{key}"), "raw-unknown-field", what, &next);
        }
    }

    fn name(&mut self, map: &Map<String, Value>, path: &str) -> Option<Name> {
        match text(map, "name").map(Name::parse) {
            Some(Ok(name)) => Some(name),
            Some(Err(why)) => {
                let fault = Diagnostic::error("invalid-name", "the name can't be one").why(why);
                self.faults.push(fault.at(Place::path(self.file, format!("{path}.name"))));
                None
            }
            None => {
                self.fault(path, "schema-required", "the field `name` is missing", "add `name`");
                None
            }
        }
    }
}

/// Reads one document.
pub(super) fn read(handed: &Handed, value: &Value, out: &mut Read, faults: &mut Vec<Diagnostic>) {
    let Some(map) = value.as_object() else { return };
    let mut at = At { file: &handed.file, faults };
    for (key, value) in map {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        match key.as_str() {
            "version" => {}
            "models" => {
                items.iter().enumerate().for_each(|(i, item)| model(&mut at, &format!("models.{i}"), item, out))
            }
            "unit_tests" => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(i, item)| unit_test(&mut at, &format!("unit_tests.{i}"), item, out));
            }
            "sources" | "macros" => out.findings.push(
                Diagnostic::warning("raw-left-out", format!("`{key}` are left out"))
                    .at(Place::path(&handed.file, key))
                    .why("sources follow from contracts, and what macros are for is said in their own files"),
            ),
            _ => at.fault(key, "raw-unknown", format!("`{}` can't be handed in", key.escape_debug()), "leave them out"),
        }
    }
}

fn model(at: &mut At<'_>, path: &str, value: &Value, out: &mut Read) {
    let Some(map) = value.as_object() else {
        return at.fault(path, "schema-type", "a model is a mapping", "- name: …");
    };
    at.others(map, path, &["name", "description", "columns", "data_tests", "tests", "config"]);
    let Some(name) = at.name(map, path) else { return };
    let mut said = Said { description: text(map, "description").map(|t| t.trim().to_owned()), ..Said::default() };
    if let Some(config) = map.get("config").and_then(Value::as_object) {
        let path = format!("{path}.config");
        at.others(config, &path, &["materialized"]);
        match config.get("materialized").map(|m| serde_json::from_value(m.clone())) {
            Some(Ok(materialization)) => said.materialization = Some(materialization),
            Some(Err(_)) => {
                let what = format!("a model is not kept as {}", config["materialized"]);
                at.fault(&format!("{path}.materialized"), "raw-unknown", what, "view, table or ephemeral");
            }
            None => {}
        }
    }
    tests(at, path, map, &name, None, out);
    for (i, column) in map.get("columns").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let path = format!("{path}.columns.{i}");
        let Some(column) = column.as_object() else {
            at.fault(&path, "schema-type", "a column is a mapping", "- name: …");
            continue;
        };
        at.others(column, &path, &["name", "description", "data_type", "data_tests", "tests"]);
        let Some(of) = at.name(column, &path) else { continue };
        tests(at, &path, column, &name, Some(&of), out);
        let description = text(column, "description").map(|t| t.trim().to_owned());
        said.columns.insert(of, ColumnRule { description, ..ColumnRule::default() });
    }
    if out.said.insert(name.clone(), said).is_some() {
        at.fault(path, "duplicate-model", format!("`{name}` is described twice"), "describe it once");
    }
    out.models.insert(name, (at.file.to_owned(), path.to_owned()));
}

fn tests(at: &mut At<'_>, path: &str, map: &Map<String, Value>, model: &Name, column: Option<&Name>, out: &mut Read) {
    for key in ["data_tests", "tests"] {
        for (i, item) in map.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            let path = format!("{path}.{key}.{i}");
            if let Some(test) = test(at, &path, item, model, column) {
                out.tests.push((test, at.file.to_owned(), path));
            }
        }
    }
}

fn test(at: &mut At<'_>, path: &str, item: &Value, model: &Name, column: Option<&Name>) -> Option<Test> {
    let (kind, body) = match item {
        Value::String(kind) => (kind.as_str(), None),
        Value::Object(map) if map.len() == 1 => map.iter().next().map(|(k, v)| (k.as_str(), v.as_object()))?,
        _ => {
            at.fault(path, "schema-type", "a test is a name, or a name with its arguments", "- unique");
            return None;
        }
    };
    let kind = match Name::word(kind) {
        Ok(kind) => kind,
        Err(_) => {
            let what = format!("`{}` is no test of this project", kind.escape_debug());
            at.fault(
                path,
                "unknown-test",
                what,
                "not_null, unique, accepted_values, relationships, or a generic test handed in with it",
            );
            return None;
        }
    };
    let mut test = Test {
        model: model.clone(),
        column: column.cloned(),
        test: kind,
        arguments: IndexMap::new(),
        severity: TestSeverity::Error,
        filter: None,
    };
    for (key, value) in body.into_iter().flatten() {
        match (key.as_str(), value) {
            ("arguments", Value::Object(arguments)) => {
                test.arguments.extend(arguments.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            ("config", Value::Object(config)) => {
                at.others(config, &format!("{path}.{}.config", test.test), &["severity", "where"]);
                test.filter = text(config, "where").map(str::to_owned);
                if text(config, "severity").is_some_and(|s| s.eq_ignore_ascii_case("warn")) {
                    test.severity = TestSeverity::Warn;
                }
            }
            ("severity", Value::String(s)) if s.eq_ignore_ascii_case("warn") => test.severity = TestSeverity::Warn,
            ("severity", Value::String(s)) if s.eq_ignore_ascii_case("error") => {}
            ("name" | "description", _) => {
                let what = format!("the `{key}` of a test is not kept");
                at.fault(&format!("{path}.{}.{key}", test.test), "raw-unknown-field", what, "leave it out");
            }
            // As dbt wrote arguments before `arguments`.
            _ => drop(test.arguments.insert(key.clone(), value.clone())),
        }
    }
    Some(test)
}

fn unit_test(at: &mut At<'_>, path: &str, item: &Value, out: &mut Read) {
    let Some(map) = item.as_object() else {
        return at.fault(path, "schema-type", "a unit test is a mapping", "- name: …");
    };
    at.others(map, path, &["name", "model", "description", "given", "expect", "overrides"]);
    let mut made = serde_json::json!({
        "name": map.get("name"), "model": map.get("model"),
        "description": text(map, "description").unwrap_or("A unit test handed in."),
        "given": map.get("given").cloned().unwrap_or_default(),
        "expect": map.get("expect").and_then(|e| e.get("rows").or(Some(e))).cloned().unwrap_or_default(),
    });
    for given in made["given"].as_array_mut().into_iter().flatten() {
        if let Some(input) = given["input"].as_str().and_then(|i| super::reads(i).into_iter().next()) {
            given["input"] = serde_json::Value::from(input.to_string());
        }
    }
    if let Some(as_of) = item.pointer("/overrides/vars/as_of") {
        made["as_of"] = as_of.clone();
    }
    match serde_json::from_value::<UnitTest>(made) {
        Ok(test) => out.unit_tests.push((test, at.file.to_owned(), path.to_owned())),
        Err(e) => {
            at.fault(path, "invalid-value", format!("the unit test can't be read: {e}"), "rows are lists of mappings")
        }
    }
}
