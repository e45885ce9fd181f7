//! Rows that are set aside: one model judges all rows of a table, and two read it: those that go on, under the name that
//! everything downstream reads, and those that do not, with why. As both ask the same column, no row is in both or in none.

use std::collections::BTreeSet;

use super::{Body, Column, Part, Query, Resolved, Source, Target, Written};
use crate::agents::schema::named;
use crate::spec::check::REASON;
use crate::spec::{Materialization, SetAside};
use crate::sql::lower::{Code, Lowered, Scope, ScopeColumn, lower};
use crate::vocabulary::{DataType, Diagnostic, Dialect, Name, TableRef, sql_string};

/// The staging model of a table, as it is or in three.
pub(super) fn split(
    staging: Resolved,
    table: &TableRef,
    all: &[Written<'_>],
    faults: &mut Vec<Diagnostic>,
) -> Vec<Resolved> {
    let mut rows: Vec<(&SetAside, String, Written<'_>)> = Vec::new();
    for written in all {
        for (i, one) in written.model.set_aside.iter().enumerate() {
            if !rows.iter().any(|(other, ..)| *other == one) {
                rows.push((one, format!("set_aside.{i}"), *written));
            }
        }
    }
    if rows.is_empty() {
        return vec![staging];
    }
    let scope = scope(&staging, table);
    let mut cases: Vec<(Code, String)> = Vec::new();
    let mut macros = BTreeSet::new();
    for (one, path, written) in rows {
        match condition(&one.filter, &scope) {
            Ok(lowered) => {
                macros.extend(lowered.macros.iter().filter_map(|m| Name::parse(m).ok()));
                cases.push((lowered.code, one.reason.trim().to_owned()));
            }
            Err(fault) => faults.push(fault.at(written.place(&format!("{path}.where")))),
        }
    }
    let Body::Staging { targets, .. } = &staging.body else { return vec![staging] };
    let reason = Target { name: named(REASON), code: reason(cases) };
    let judged = Resolved {
        name: table.base_model(),
        description: format!("{} All rows, each with why it is set aside, if it is.", staging.description),
        materialization: Materialization::View,
        body: Body::Staging { table: table.clone(), targets: targets.clone(), reason: Some(reason) },
        columns: staging.columns.as_ref().map(|columns| with_reason(columns, true)),
        macros: staging.macros.iter().cloned().chain(macros).collect(),
        part: Part::Judged,
        ..staging.clone()
    };
    let passed: Vec<Target> =
        targets.iter().map(|t| Target { code: Code::text(t.name.as_str()), ..t.clone() }).collect();
    let half = |name: Name, condition: &str, columns: Vec<Target>| Resolved {
        name,
        body: Body::Query(Box::new(half(table, condition, columns))),
        macros: BTreeSet::new(),
        ..staging.clone()
    };
    // Both name their columns: linters want to see how many there are.
    let mut with_why = passed.clone();
    with_why.push(Target { name: named(REASON), code: Code::text(REASON) });
    let goes_on = Resolved {
        description: format!("{} Rows that are set aside are left out.", staging.description),
        ..half(staging.name.clone(), "is null", passed)
    };
    let apart = Resolved {
        description: format!("{} The rows that are set aside, with why.", staging.description),
        columns: staging.columns.as_ref().map(|columns| with_reason(columns, false)),
        materialization: Materialization::Table,
        part: Part::SetAside,
        ..half(table.set_aside_model(), "is not null", with_why)
    };
    vec![judged, goes_on, apart]
}

/// The rows of the judged model whose reason is, or is not, there.
fn half(table: &TableRef, condition: &str, columns: Vec<Target>) -> Query {
    let alias =
        if super::rows::STEPS.contains(&table.table.as_str()) { table.base_model() } else { table.table.clone() };
    Query {
        base: Source { model: table.base_model(), alias },
        joins: Vec::new(),
        joined: Vec::new(),
        window: None,
        filters: vec![Code::text(format!("{REASON} {condition}"))],
        dedupe: None,
        places: Vec::new(),
        groups: Vec::new(),
        measures: Vec::new(),
        columns,
        after: Vec::new(),
    }
}

/// What the conditions may name: the columns of the staging model.
fn scope(staging: &Resolved, table: &TableRef) -> Scope {
    let column = |c: &Column| ScopeColumn {
        relation: table.table.clone(),
        name: c.name.clone(),
        sql: c.name.to_string(),
        data_type: c.data_type,
        nullable: c.nullable,
        hidden: false,
    };
    Scope { columns: staging.columns.iter().flatten().map(column).collect(), open: Vec::new() }
}

fn condition(text: &str, scope: &Scope) -> Result<Lowered, Diagnostic> {
    let lowered = lower(text, scope)?;
    if lowered.aggregate {
        return Err(Diagnostic::error("aggregate", "an aggregate stands where one row is looked at"));
    }
    Ok(lowered)
}

/// All reasons of a row in the order of the conditions, `; ` between them; null where there is none.
fn reason(cases: Vec<(Code, String)>) -> Code {
    // No backslash is in a reason, so that quotes are doubled alike everywhere.
    let text = |reason: &str| Code::text(sql_string(reason, Dialect::Postgres));
    let case = |(condition, reason): (Code, String), before: &str, otherwise: Option<&str>| Code::Case {
        operand: None,
        whens: vec![(condition, text(&format!("{before}{reason}")))],
        otherwise: otherwise.map(|o| Box::new(text(o))),
    };
    if cases.len() == 1 {
        return Code::Chain("||", cases.into_iter().map(|c| case(c, "", None)).collect());
    }
    let all = Code::Chain("||", cases.into_iter().map(|c| case(c, "; ", Some(""))).collect());
    let joined = Code::call("substr", vec![all.nested(), Code::text("3")]);
    Code::call("nullif", vec![joined, Code::text("''")])
}

/// Columns with the reason after them.
fn with_reason(columns: &[Column], nullable: bool) -> Vec<Column> {
    let reason = Column {
        name: named(REASON),
        description: "Why the row is set aside, all reasons after each other.".into(),
        data_type: Some(DataType::Text),
        nullable,
        pii: None,
        cleaned: None,
        landed: false,
    };
    columns.iter().cloned().chain([reason]).collect()
}
