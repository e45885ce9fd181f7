//! A dbt model: its SQL, and beside it the YAML of its columns, data tests and unit tests.

use serde_json::{Value, json};

use super::Files;
use crate::proposal::{DbtModel, DbtTest, Layer, Policy, UnitTest};
use crate::spec::{Materialization, TestSeverity};
use crate::template;
use crate::vocabulary::{Name, Outcome, Relation, jinja_literal, jinja_string};

/// A model with all that stands in its YAML.
#[derive(Clone, Debug)]
pub struct ModelFiles<'a> {
    /// The model.
    pub model: &'a DbtModel,
    /// Its data tests.
    pub tests: Vec<&'a DbtTest>,
    /// Its unit tests.
    pub unit_tests: Vec<&'a UnitTest>,
    /// Its personal data.
    pub policies: Vec<&'a Policy>,
}

/// Path of the model's file without its ending.
fn stem(model: &DbtModel) -> String {
    let folder = model.layer.folder();
    match &model.layer {
        // What staging models read stands a folder below them, after dbt Labs' guide.
        Layer::Staging(table) if model.name == table.base_model() => {
            format!("dbt/models/{folder}/{}/base/{}", table.source, model.name)
        }
        Layer::Staging(table) => format!("dbt/models/{folder}/{}/{}", table.source, model.name),
        _ => format!("dbt/models/{folder}/{}", model.name),
    }
}

/// `<model>.sql` and `<model>.yml`.
///
/// # Errors
/// A template that fails.
pub fn model(of: &ModelFiles<'_>) -> Outcome<Files> {
    let ModelFiles { model, tests, unit_tests, policies } = of;
    let tests_of = |column: Option<&str>| -> Vec<Value> {
        let mut found: Vec<&&DbtTest> =
            tests.iter().filter(|t| t.column.as_ref().map(AsRef::as_ref) == column).collect();
        found.sort_by_key(|t| (!t.arguments.is_empty(), t.test != "not_null", t.test != "unique"));
        found.into_iter().map(|t| data_test(t)).collect()
    };
    let columns: Vec<Value> = model
        .columns
        .iter()
        .map(|column| {
            let pii = policies.iter().find(|p| p.column == column.name).map(|p| &p.pii);
            let tests = tests_of(Some(column.name.as_str()));
            with(json!({"name": column.name, "description": column.description, "tests": tests}), "pii", pii)
        })
        .collect();
    let context = json!({
        "name": model.name,
        "description": model.description,
        "pipelines": model.pipelines,
        "readers": model.readers,
        "tests": tests_of(None),
        "columns": columns,
        "unit_tests": unit_tests.iter().map(|test| unit_test(test)).collect::<Vec<_>>(),
    });
    let own = Some(model.materialization).filter(|m| *m != usual(&model.layer));
    let properties = template::render("dbt/model.yml", with(context, "materialized", own.as_ref()))?;
    let stem = stem(model);
    let mut sql = model.sql.clone();
    if !sql.ends_with('\n') {
        sql.push('\n');
    }
    Ok(Files::from([(format!("{stem}.sql"), sql), (format!("{stem}.yml"), properties)]))
}

/// How `dbt_project.yml` has a layer kept.
fn usual(layer: &Layer) -> Materialization {
    match layer {
        Layer::Staging(_) | Layer::Intermediate => Materialization::View,
        Layer::Marts => Materialization::Table,
    }
}

/// A field that a template asks for by `is defined`.
pub(super) fn with<T: serde::Serialize>(mut context: Value, key: &str, value: Option<&T>) -> Value {
    if let Some(value) = value {
        context[key] = json!(value);
    }
    context
}

pub(super) fn data_test(test: &DbtTest) -> Value {
    let mut body = serde_json::Map::new();
    if let Some(filter) = &test.filter {
        // dbt's own name would be that of the test of all rows.
        let column = test.column.as_ref().map(|c| format!("_{c}")).unwrap_or_default();
        body.insert(
            "name".into(),
            json!(Name::from_text(&format!("{}_{}{column}_where_{filter}", test.test, test.model), "test")),
        );
    }
    if let Some(text) = &test.description {
        body.insert("description".into(), json!(jinja_string(text)));
    }
    if !test.arguments.is_empty() {
        // dbt's own macro sets these between quotes as they are.
        let quoted = test.test == "accepted_values" && test.arguments.get("quote") != Some(&Value::Bool(false));
        let arguments = test.arguments.iter().map(|(name, value)| {
            let value = if quoted && name == "values" { &doubled(value) } else { value };
            (name.clone(), argument(value, true))
        });
        body.insert("arguments".into(), Value::Object(arguments.collect()));
    }
    let mut config = serde_json::Map::new();
    if let Some(filter) = &test.filter {
        config.insert("where".into(), json!(jinja_string(filter)));
    }
    if test.severity == TestSeverity::Warn {
        config.insert("severity".into(), json!("warn"));
    }
    if !config.is_empty() {
        body.insert("config".into(), Value::Object(config));
    }
    if body.is_empty() { json!(test.test) } else { json!({test.test.as_str(): body}) }
}

fn doubled(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\'', "''")),
        Value::Array(items) => items.iter().map(doubled).collect(),
        other => other.clone(),
    }
}

/// dbt renders every string among a test's arguments as Jinja, and one that looks like a call of `ref`, `env_var` and
/// the like as an expression. Only a whole argument may be a `ref`; all else is text.
fn argument(value: &Value, whole: bool) -> Value {
    match value {
        Value::String(text) if whole && is_ref(text) => value.clone(),
        Value::String(text) => Value::String(argument_text(text)),
        Value::Array(items) => items.iter().map(|item| argument(item, false)).collect(),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), argument(value, false))).collect())
        }
        other => other.clone(),
    }
}

fn is_ref(text: &str) -> bool {
    let name = text.strip_prefix("ref('").and_then(|rest| rest.strip_suffix("')"));
    name.is_some_and(|name| name.parse::<crate::vocabulary::Name>().is_ok())
}

fn argument_text(text: &str) -> String {
    let start = text.trim_start();
    let call = ["env_var", "ref", "var", "source", "doc"].iter().any(|name| {
        start.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('(')) && text.contains(')')
    });
    if call { format!("{{{{ {} }}}}", jinja_literal(text)) } else { jinja_string(text) }
}

fn unit_test(test: &UnitTest) -> Value {
    let given: Vec<Value> = test
        .given
        .iter()
        .map(|rows| {
            let input = match &rows.input {
                Relation::Table(table) => format!("source('{}', '{}')", table.source, table.table),
                Relation::Model(model) => format!("ref('{model}')"),
            };
            json!({"input": input, "rows": rows.rows.iter().map(|row| cells(&json!(row))).collect::<Vec<_>>()})
        })
        .collect();
    let context = json!({
        "name": test.name,
        "description": test.description,
        "model": test.model,
        "given": given,
        "expect": test.expect.iter().map(|row| cells(&json!(row))).collect::<Vec<_>>(),
    });
    with(context, "as_of", test.as_of.as_ref())
}

/// dbt renders the rows of a unit test as Jinja.
fn cells(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(jinja_string(text)),
        Value::Array(items) => items.iter().map(cells).collect(),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), cells(value))).collect())
        }
        other => other.clone(),
    }
}
