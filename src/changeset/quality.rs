//! Tests, unit tests, policies: what they name exists and can be asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::draft::{Draft, Item};
use super::models::Known;
use super::names::near;
use crate::proposal::{DbtTest, UnitTest};
use crate::sql::ScopeRelation;
use crate::sql::jinja::macros::MacroFile;
use crate::vocabulary::{Diagnostic, Name, Place, Relation};

/// Proves everything that asks something of models.
pub(super) fn prove(draft: &Draft, known: &Known, macros: &BTreeMap<Name, MacroFile>, found: &mut Vec<Diagnostic>) {
    let generic: BTreeMap<&str, &MacroFile> =
        macros.values().flat_map(|f| f.tests().map(move |(name, _)| (name, f)).collect::<Vec<_>>()).collect();
    for item in draft.tests.values() {
        test(draft, known, &generic, item, found);
    }
    for item in draft.unit_tests.values() {
        unit_test(draft, known, item, found);
    }
    for item in draft.policies.values() {
        let policy = &item.value;
        if model(draft, &policy.model, item.place("model"), found) {
            column(known, &Relation::Model(policy.model.clone()), &policy.column, item.place("column"), found);
        }
    }
}

pub(super) fn model(draft: &Draft, name: &Name, at: Place, found: &mut Vec<Diagnostic>) -> bool {
    let there = draft.models.contains_key(name) || draft.snapshots.contains_key(name);
    if !there {
        let fault = Diagnostic::error("unknown-model", format!("there is no model `{name}`"));
        found.push(near(fault, name.as_str(), draft.models.keys().map(Name::as_str)).at(at));
    }
    there
}

pub(super) fn column(known: &Known, relation: &Relation, name: &Name, at: Place, found: &mut Vec<Diagnostic>) {
    let known = known.scope.relations.get(relation).map(|r| &**r);
    let Some(ScopeRelation { columns, open: false, .. }) = known else { return };
    if !columns.iter().any(|(c, _)| c == name.as_str()) {
        let fault = Diagnostic::error("unknown-column", format!("`{relation}` has no column `{name}`"));
        found.push(near(fault, name.as_str(), columns.iter().map(|(c, _)| c.as_str())).at(at));
    }
}

fn test(
    draft: &Draft,
    known: &Known,
    generic: &BTreeMap<&str, &MacroFile>,
    item: &Item<DbtTest>,
    found: &mut Vec<Diagnostic>,
) {
    let test = &item.value;
    if !model(draft, &test.model, item.place("model"), found) {
        return;
    }
    if let Some(name) = &test.column {
        column(known, &Relation::Model(test.model.clone()), name, item.place("column"), found);
    }
    let mut wrong = |path: &str, what: String, next: &str| {
        let fault = Diagnostic::error("test-arguments", what);
        found.push(if next.is_empty() { fault } else { fault.next(next) }.at(item.place(path)));
    };
    let (takes, needs_column): (Vec<(&str, bool)>, bool) = match test.test.as_str() {
        "not_null" | "unique" => (Vec::new(), true),
        "accepted_values" => (vec![("values", false), ("quote", true)], true),
        "relationships" => (vec![("to", false), ("field", false)], true),
        name => match generic.get(name) {
            Some(file) => {
                let own = file.tests().find(|(n, _)| *n == name).map(|(_, p)| p).unwrap_or_default();
                (own.into_iter().map(|p| (p.name.as_str(), p.optional)).collect(), file.needs_column(name))
            }
            None => {
                let names = generic.keys().copied().chain(["not_null", "unique", "accepted_values", "relationships"]);
                let fault = Diagnostic::error("unknown-test", format!("there is no generic test `{name}`"));
                found.push(near(fault, name, names).at(item.place("test")));
                return;
            }
        },
    };
    if needs_column && test.column.is_none() {
        wrong("column", format!("`{}` tests a column, and none is named", test.test), "name the column");
    }
    for (name, value) in &test.arguments {
        if !takes.iter().any(|(t, _)| t == name) {
            let known: Vec<&str> = takes.iter().map(|(t, _)| *t).collect();
            let next =
                if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", known.join(", ")) };
            wrong(
                &format!("arguments.{name}"),
                format!("`{}` takes no argument `{}`", test.test, name.escape_debug()),
                &next,
            );
        } else if name != "values" && holds_jinja(value) {
            wrong(
                &format!("arguments.{name}"),
                "dbt would run the Jinja in this argument".into(),
                "write it without braces",
            );
        }
    }
    for (name, optional) in &takes {
        if !optional && !test.arguments.contains_key(*name) {
            wrong("arguments", format!("`{}` needs the argument `{name}`", test.test), "");
        }
    }
    match test.test.as_str() {
        "accepted_values" => match test.arguments.get("values") {
            Some(Value::Array(values))
                if !values.is_empty() && values.iter().all(|v| !v.is_array() && !v.is_object()) => {}
            Some(_) => wrong("arguments.values", "`values` is a list with at least one plain value".into(), ""),
            None => {}
        },
        "relationships" => relationship(draft, known, item, found),
        _ => super::arguments::prove(draft, known, item, found),
    }
    if let Some(filter) = &test.filter {
        let relation = Relation::Model(test.model.clone());
        super::arguments::expression(known, &relation, filter, &item.place("where"), true, found);
    }
}

fn holds_jinja(value: &Value) -> bool {
    match value {
        Value::String(text) => ["{{", "{%", "{#"].iter().any(|open| text.contains(open)),
        Value::Array(items) => items.iter().any(holds_jinja),
        Value::Object(map) => map.values().any(holds_jinja),
        _ => false,
    }
}

fn relationship(draft: &Draft, known: &Known, item: &Item<DbtTest>, found: &mut Vec<Diagnostic>) {
    let Some(to) = item.value.arguments.get("to") else { return };
    let at = item.place("arguments.to");
    let Some(relation) = to.as_str().and_then(target) else {
        let fault = Diagnostic::error("test-arguments", "`to` is `ref('model')` or `source('source', 'table')`");
        found.push(fault.at(at));
        return;
    };
    match &relation {
        Relation::Model(name) if !model(draft, name, at.clone(), found) => return,
        Relation::Table(_) if !known.scope.relations.contains_key(&relation) => {
            found.push(Diagnostic::error("unknown-table", format!("no contract describes `{relation}`")).at(at));
            return;
        }
        _ => {}
    }
    let at = item.place("arguments.field");
    match item.value.arguments.get("field").map(|f| f.as_str().map(Name::parse)) {
        Some(Some(Ok(field))) => column(known, &relation, &field, at, found),
        Some(Some(Err(why))) => {
            found.push(Diagnostic::error("invalid-name", "`field` is the name of a column").why(why).at(at))
        }
        Some(None) => found.push(Diagnostic::error("test-arguments", "`field` is the name of a column").at(at)),
        None => {}
    }
}

/// `ref('x')` or `source('s', 't')`, and nothing else.
pub(super) fn target(text: &str) -> Option<Relation> {
    let word = |text: &str| {
        let text = text.trim();
        let inner = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
        let inner = inner.or_else(|| text.strip_prefix('"').and_then(|t| t.strip_suffix('"')));
        inner.and_then(|t| Name::parse(t).ok())
    };
    let inside = |function: &str| text.trim().strip_prefix(function)?.trim().strip_prefix('(')?.strip_suffix(')');
    if let Some(inner) = inside("ref") {
        return word(inner).map(Relation::Model);
    }
    let (source, table) = inside("source")?.split_once(',')?;
    Some(Relation::Table(crate::vocabulary::TableRef { source: word(source)?, table: word(table)? }))
}

fn unit_test(draft: &Draft, known: &Known, item: &Item<UnitTest>, found: &mut Vec<Diagnostic>) {
    let test = &item.value;
    if !model(draft, &test.model, item.place("model"), found) {
        return;
    }
    let reads = known.reads.get(&test.model);
    let mut given = BTreeSet::new();
    for (i, rows) in test.given.iter().enumerate() {
        let at = item.place(format!("given.{i}.input"));
        if !given.insert(&rows.input) {
            found.push(Diagnostic::error("unit-test-input", format!("`{}` is given twice", rows.input)).at(at.clone()));
        }
        if reads.is_some_and(|r| !r.contains(&rows.input)) {
            let names: Vec<String> = reads.into_iter().flatten().map(Relation::to_string).collect();
            let fault =
                Diagnostic::error("unit-test-input", format!("`{}` does not read `{}`", test.model, rows.input));
            found.push(fault.next(format!("it reads `{}`", names.join("`, `"))).at(at));
            continue;
        }
        for (n, row) in rows.rows.iter().enumerate() {
            for name in row.keys() {
                column(known, &rows.input, name, item.place(format!("given.{i}.rows.{n}.{name}")), found);
            }
        }
    }
    for missing in reads.into_iter().flatten().filter(|r| !given.contains(r)) {
        let fault = Diagnostic::error("unit-test-input", format!("`{}` also reads `{missing}`", test.model))
            .why("dbt runs a unit test only where every input is given")
            .next("give it, with no rows if none matter");
        found.push(fault.at(item.place("given")));
    }
    for (n, row) in test.expect.iter().enumerate() {
        for name in row.keys() {
            column(known, &Relation::Model(test.model.clone()), name, item.place(format!("expect.{n}.{name}")), found);
        }
    }
    if let Some(as_of) = &test.as_of {
        let date = as_of.parse::<jiff::civil::Date>().is_ok() || as_of.parse::<jiff::civil::DateTime>().is_ok();
        if !date {
            let fault = Diagnostic::error("invalid-date", format!("`as_of` is no date: `{}`", as_of.escape_debug()));
            found.push(fault.next("write it as 2026-03-31 or 2026-03-31 00:00:00").at(item.place("as_of")));
        }
    }
}
