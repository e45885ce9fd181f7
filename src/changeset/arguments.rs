//! Arguments of the generic tests that are ours. dbt sets them into SQL as they are, so each must be what it is called:
//! a number, columns that there are, a pattern that can't end its text, an expression.

use serde_json::Value;

use super::draft::{Draft, Item};
use super::models::Known;
use super::quality::{column, model, target};
use crate::proposal::DbtTest;
use crate::sql::{self, ColumnType, ScopeRelation, Text};
use crate::vocabulary::{Diagnostic, Dialect, Name, Place, Relation};

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Pattern,
    /// Columns of the tested model.
    Columns,
    /// A column of the tested model.
    Column,
    /// Another model.
    Model,
    /// Columns of the other model.
    TheirColumns,
    /// A column of the other model.
    TheirColumn,
    /// True or false for a row of the tested model.
    Condition,
    /// A number for a row of the other model.
    Amount,
}

/// The tests, with their arguments.
const TESTS: &[(&str, &[(&str, Kind)])] = &[
    (
        "accepted_range",
        &[("at_least", Kind::Number), ("at_most", Kind::Number), ("above", Kind::Number), ("below", Kind::Number)],
    ),
    ("accepted_length", &[("at_least", Kind::Number), ("at_most", Kind::Number)]),
    ("row_count_between", &[("at_least", Kind::Number), ("at_most", Kind::Number)]),
    ("is_recent", &[("hours", Kind::Number)]),
    ("mostly_there", &[("missing_percent", Kind::Number)]),
    ("matches_pattern", &[("pattern", Kind::Pattern)]),
    ("unique_combination", &[("columns", Kind::Columns)]),
    ("related_combination", &[("columns", Kind::Columns), ("to", Kind::Model), ("fields", Kind::TheirColumns)]),
    ("no_raw_values", &[("to", Kind::Model), ("field", Kind::TheirColumn)]),
    ("one_current_row", &[("columns", Kind::Columns)]),
    ("condition_holds", &[("condition", Kind::Condition)]),
    (
        "total_of_rows",
        &[("key", Kind::Column), ("to", Kind::Model), ("field", Kind::TheirColumn), ("amount", Kind::Amount)],
    ),
];

/// Proves the arguments of one test.
pub(super) fn prove(draft: &Draft, known: &Known, item: &Item<DbtTest>, found: &mut Vec<Diagnostic>) {
    let test = &item.value;
    let Some((_, arguments)) = TESTS.iter().find(|(name, _)| test.test == *name) else { return };
    let own = Relation::Model(test.model.clone());
    let theirs = test.arguments.get("to").and_then(Value::as_str).and_then(target);
    for (name, kind) in *arguments {
        let Some(value) = test.arguments.get(*name) else { continue };
        let at = item.place(format!("arguments.{name}"));
        let wrong = |what: &str| Diagnostic::error("test-arguments", format!("`{name}` is {what}")).at(at.clone());
        match kind {
            Kind::Number if !value.is_number() => found.push(wrong("a number")),
            Kind::Pattern => match value.as_str() {
                Some(text) if !text.is_empty() && !text.contains(['\'', '\\', '\n']) => {}
                _ => found.push(
                    wrong("a regular expression without quotes and backslashes")
                        .why("databases read a backslash in a text in different ways")
                        .next("write `[0-9]` for a digit, `[.]` for a full stop"),
                ),
            },
            Kind::Columns | Kind::Column => columns(known, &own, value, *kind == Kind::Columns, &at, found),
            Kind::TheirColumns | Kind::TheirColumn => {
                if let Some(theirs) = &theirs {
                    columns(known, theirs, value, *kind == Kind::TheirColumns, &at, found);
                }
            }
            Kind::Model => match &theirs {
                Some(Relation::Model(name)) => {
                    model(draft, name, at, found);
                }
                _ => found.push(wrong("`ref('model')`")),
            },
            Kind::Condition | Kind::Amount => match (value.as_str(), &theirs) {
                (Some(text), _) if *kind == Kind::Condition => expression(known, &own, text, &at, true, found),
                (Some(text), Some(theirs)) => expression(known, theirs, text, &at, false, found),
                (Some(_), None) => {}
                (None, _) => found.push(wrong("an expression")),
            },
            Kind::Number => {}
        }
    }
}

fn columns(known: &Known, of: &Relation, value: &Value, several: bool, at: &Place, found: &mut Vec<Diagnostic>) {
    let names: Vec<&Value> = match value {
        Value::Array(items) if several => items.iter().collect(),
        other if !several => vec![other],
        _ => Vec::new(),
    };
    if names.is_empty() {
        found.push(Diagnostic::error("test-arguments", "columns are a list with at least one name").at(at.clone()));
    }
    for name in names {
        match name.as_str().map(Name::parse) {
            Some(Ok(name)) => column(known, of, &name, at.clone(), found),
            _ => found.push(Diagnostic::error("invalid-name", "this is no name of a column").at(at.clone())),
        }
    }
}

/// Proves a scalar expression over the columns of one relation, a condition where it has to be one.
pub(super) fn expression(
    known: &Known,
    of: &Relation,
    text: &str,
    at: &Place,
    condition: bool,
    found: &mut Vec<Diagnostic>,
) {
    let fault = |what: String| Diagnostic::error("test-arguments", what).at(at.clone());
    let nothing = ScopeRelation { open: true, ..ScopeRelation::default() };
    let relation = known.scope.relations.get(of).map_or(&nothing, |r| r);
    let place = Text::new("", "", text);
    let parsed = sql::expression(&place, Dialect::Postgres)
        .and_then(|e| sql::check_expression(&place, &e, &[("row", relation)], &[Dialect::Postgres]));
    match parsed {
        Err(faults) => found.extend(faults.into_iter().map(|f| f.at(at.clone()))),
        Ok(checked) if checked.aggregates || checked.windows || checked.subquery => {
            found.push(fault(format!("`{text}` is no expression over one row")));
        }
        Ok(checked)
            if condition
                && checked.column_type.clashes(ColumnType::from(Some(crate::vocabulary::DataType::Boolean))) =>
        {
            found.push(fault(format!("`{text}` is {}, not true or false", checked.column_type)));
        }
        Ok(_) => {}
    }
}
