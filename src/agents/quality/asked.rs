//! Tests that a spec adds, on models and columns that there are. Conditions in them become SQL of every target.

use serde_json::Value;

use crate::agents::because::Maker;
use crate::agents::models::Resolved;
use crate::agents::{Brief, near};
use crate::plan::spec_file;
use crate::proposal::{Because, DbtTest};
use crate::spec::Test;
use crate::sql::lower::{Scope, ScopeColumn, lower};
use crate::vocabulary::{Diagnostic, Name, Place};

/// Arguments that are expressions, with the argument that names the model whose columns they are over.
const EXPRESSIONS: &[(&str, &str, Option<&str>)] =
    &[("condition_holds", "condition", None), ("total_of_rows", "amount", Some("to"))];

/// Each with its path in the spec and why it is there.
pub(super) fn tests(brief: &Brief<'_>, maker: &Maker<'_>) -> (Vec<(String, String, DbtTest)>, Vec<Diagnostic>) {
    let (mut tests, mut faults) = (Vec::new(), Vec::new());
    let all = brief.context.spec.tests.iter().enumerate();
    for (i, test) in all.filter(|(_, test)| brief.context.asks(&test.model)) {
        match asked(brief, test, i) {
            Ok(mut test) => {
                let path = format!("tests.{i}");
                let why = match maker.of(&path) {
                    Because::Words(words) => format!("Asked for: {words}."),
                    _ => "The pipeline spec asks for it.".to_owned(),
                };
                test.description = Some(why.clone());
                tests.push((path, why, test));
            }
            Err(fault) => faults.push(fault),
        }
    }
    (tests, faults)
}

fn asked(brief: &Brief<'_>, test: &Test, i: usize) -> Result<DbtTest, Diagnostic> {
    let place = |field: &str| Place::path(spec_file(&brief.context.spec.name), format!("tests.{i}.{field}"));
    let Some(model) = brief.models.get(test.model.as_str()) else {
        let fault = Diagnostic::error("unknown-model", format!("there is no model `{}`", test.model));
        let next = near(test.model.as_str(), brief.models.names(), "add it to `models`");
        return Err(fault.at(place("model")).next(next));
    };
    if let (Some(column), Some(known)) = (&test.column, &model.columns)
        && model.column(column.as_str()).is_none()
    {
        let known = known.iter().map(|c| c.name.as_str());
        let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{column}`", test.model));
        let next = near(column.as_str(), known, "name a column that it has");
        return Err(fault.at(place("column")).next(next));
    }
    let mut arguments = test.arguments.clone();
    for (name, argument, of) in EXPRESSIONS.iter().filter(|e| test.test == *e.0) {
        let over = match of.and_then(|of| arguments.get(of)).and_then(Value::as_str) {
            Some(to) => brief.models.get(to.strip_prefix("ref('").and_then(|t| t.strip_suffix("')")).unwrap_or(to)),
            None => Some(model),
        };
        if let (Some(Value::String(text)), Some(over)) = (arguments.get_mut(*argument), over) {
            let at = place(&format!("arguments.{argument}"));
            *text = plain(text, over).map_err(|fault| fault.at(at).why(format!("an argument of `{name}`")))?;
        }
    }
    // dbt wants `ref('model')`; a spec may name the model alone.
    if let Some(Value::String(to)) = arguments.get_mut("to")
        && let Ok(name) = Name::parse(to)
    {
        *to = format!("ref('{name}')");
    }
    let filter = match &test.filter {
        Some(text) => Some(plain(text, model).map_err(|fault| fault.at(place("where")))?),
        None => None,
    };
    Ok(DbtTest {
        model: test.model.clone(),
        column: test.column.clone(),
        test: test.test.clone(),
        arguments,
        filter,
        description: None,
        severity: test.severity,
    })
}

/// An expression over a model's columns, in SQL that needs no macro: dbt calls none in the properties of a model.
fn plain(text: &str, model: &Resolved) -> Result<String, Diagnostic> {
    let columns = model.columns.iter().flatten().map(|c| ScopeColumn {
        relation: model.name.clone(),
        name: c.name.clone(),
        sql: c.name.to_string(),
        data_type: c.data_type,
        nullable: c.nullable,
        hidden: false,
    });
    let open = if model.columns.is_none() { vec![(model.name.clone(), String::new())] } else { Vec::new() };
    let sql = lower(text, &Scope { columns: columns.collect(), open })?.code.flat();
    if sql.contains("{{") {
        let fault = Diagnostic::error("test-arguments", format!("`{text}` is not the same SQL in every target"));
        return Err(fault
            .why("a test's arguments call no macros")
            .next("compute it as a column of the model, and test that"));
    }
    Ok(sql)
}
