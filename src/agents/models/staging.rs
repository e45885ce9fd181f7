//! The staging model of a table: the union of what all specs say about its columns.

use indexmap::IndexMap;

use super::{Body, Column, Part, Resolved, Target, Written, describe, set_aside, simple_first};
use crate::agents::near;
use crate::contract::Contract;
use crate::plan::Context;
use crate::proposal::Layer;
use crate::spec::{ColumnRule, Materialization};
use crate::sql::lower::{Code, Lowered, Scope, ScopeColumn, lower, type_code};
use crate::vocabulary::{DataType, Diagnostic, Name, TableRef};

pub(super) fn resolve(
    context: &Context<'_>,
    table: &TableRef,
    all: &[Written<'_>],
    faults: &mut Vec<Diagnostic>,
) -> Vec<Resolved> {
    for written in all {
        shape(table, written, faults);
    }
    let Some(contract) = context.contracts.get(table) else {
        let known: Vec<String> = context.contracts.keys().map(TableRef::to_string).collect();
        let known = known.iter().map(String::as_str);
        let next = near(&table.to_string(), known, "run `pipewright discover`");
        let fault = Diagnostic::error("unknown-table", format!("there is no contract for `{table}`"));
        faults.push(fault.at(all[0].place("from")).next(next));
        return Vec::new();
    };
    let rules = union(all, faults);
    let scope = scope(contract);
    let (mut targets, mut columns) = (Vec::new(), Vec::new());
    let landed = contract.columns.iter().map(|c| &c.name);
    let added = rules.keys().copied().filter(|name| contract.column(name.as_str()).is_none());
    for name in landed.chain(added) {
        let rule = rules.get(name).map(|(rule, written)| (*rule, *written));
        if let Some((target, column)) = column(context, contract, &scope, name, rule, faults) {
            targets.push(target);
            columns.push(column);
        }
    }
    let targets = simple_first(targets);
    let place = |name: &Name| targets.iter().position(|t| t.name == *name);
    columns.sort_by_key(|c: &Column| place(&c.name));
    let described = all.iter().find_map(|w| w.model.description.as_deref());
    let macros = columns.iter().filter_map(|c| c.cleaned.as_ref()).map(|used| used.rule.macro_name()).collect();
    let staging = Resolved {
        name: all[0].model.name.clone(),
        layer: Layer::Staging(table.clone()),
        pipelines: Written::pipelines(all),
        description: described.map_or_else(|| describe::staging(contract), describe::sentence),
        materialization: all.iter().find_map(|w| w.model.materialization).unwrap_or(Materialization::View),
        grain: key(context, contract),
        columns: Some(columns),
        from: None,
        body: Body::Staging { table: table.clone(), targets, reason: None },
        macros,
        part: Part::GoesOn,
    };
    set_aside::split(staging, table, all, faults)
}

/// Staging models only rename, cast and clean, one a table, under the name that follows from it.
fn shape(table: &TableRef, written: &Written<'_>, faults: &mut Vec<Diagnostic>) {
    let model = written.model;
    let name = table.staging_model();
    if model.name != name {
        let fault =
            Diagnostic::error("staging-name", format!("`{}` reads the table `{table}` of a source", model.name));
        let why = format!("a source's table is read by one model, its staging model `{name}`");
        faults.push(fault.at(written.place("from")).why(why).next(format!("write `from: {name}`")));
    }
    let extra = [
        ("joins", !model.joins.is_empty()),
        ("where", !model.filters.is_empty()),
        ("window", model.window.is_some()),
        ("group_by", !model.group_by.is_empty()),
        ("measures", !model.measures.is_empty()),
        ("sql", model.sql.is_some()),
    ];
    for (field, _) in extra.into_iter().filter(|(_, there)| *there) {
        let fault = Diagnostic::error("staging-shape", format!("a staging model has no `{field}`"));
        let why = "every pipeline reads the same staging models, so they hold all rows of their table";
        faults.push(fault.at(written.place(field)).why(why).next(format!("add a model with `from: {name}`")));
    }
}

/// What all specs say about columns; two rules for one column are a fault.
fn union<'a>(all: &[Written<'a>], faults: &mut Vec<Diagnostic>) -> IndexMap<&'a Name, (&'a ColumnRule, Written<'a>)> {
    let mut rules: IndexMap<&Name, (&ColumnRule, Written<'_>)> = IndexMap::new();
    for written in all {
        for (name, rule) in &written.model.columns {
            let Some((first, by)) = rules.get(name) else {
                rules.insert(name, (rule, *written));
                continue;
            };
            if (&first.clean, &first.args, &first.expr) == (&rule.clean, &rule.args, &rule.expr) {
                continue;
            }
            let path = format!("columns.{name}");
            let what = format!("`{}.{name}` is not the same in two pipelines", written.model.name);
            let fault = Diagnostic::error("staging-clash", what).at(written.place(&path));
            let why = format!("pipelines share staging models, and {} says otherwise", by.place(&path));
            faults.push(fault.why(why).next("agree on one rule, or add a column with `expr` under another name"));
        }
    }
    rules
}

fn scope(contract: &Contract) -> Scope {
    let columns = contract.columns.iter().map(|c| ScopeColumn {
        relation: contract.table.clone(),
        name: c.name.clone(),
        sql: c.name.to_string(),
        data_type: Some(c.data_type),
        nullable: !c.required,
        hidden: false,
    });
    Scope { columns: columns.collect(), open: Vec::new() }
}

fn column(
    context: &Context<'_>,
    contract: &Contract,
    scope: &Scope,
    name: &Name,
    rule: Option<(&ColumnRule, Written<'_>)>,
    faults: &mut Vec<Diagnostic>,
) -> Option<(Target, Column)> {
    let landed = contract.column(name.as_str());
    let pii = landed.and_then(|c| c.pii()).map(|kind| Name::from_text(kind, "data"));
    let mut out = Column {
        name: name.clone(),
        description: landed.map(|c| describe::landed(contract, c)).unwrap_or_default(),
        data_type: landed.map(|c| c.data_type),
        nullable: landed.is_none_or(|c| !c.required),
        pii,
        cleaned: None,
        landed: true,
    };
    let Some((rule, written)) = rule else { return Some((Target { name: name.clone(), code: plain(landed?) }, out)) };
    let path = |field: &str| written.place(&format!("columns.{name}.{field}"));
    if rule.mask.is_some() {
        let fault = Diagnostic::error("staging-shape", "a staging model masks nothing").at(path("mask"));
        let why = "every pipeline reads the same staging models, so they hold what their table holds";
        faults.push(fault.why(why).next("mask the column in a model that reads this one"));
    }
    let mut code = match (&rule.expr, landed) {
        (Some(expr), _) => match lower(expr, scope) {
            Ok(lowered) if lowered.aggregate => {
                faults.push(Diagnostic::error("aggregate", "a staging model does not aggregate").at(path("expr")));
                return None;
            }
            Ok(lowered) => {
                let lowered = or_as_landed(expr, lowered, contract, scope, name);
                out.data_type = lowered.data_type;
                out.nullable = lowered.nullable;
                out.landed = false;
                out.description = format!("Computed as `{expr}`.");
                let read = lowered.uses.iter().filter_map(|at| contract.columns.get(*at));
                out.pii = read.filter_map(|c| c.pii()).next().map(|kind| Name::from_text(kind, "data"));
                lowered.code
            }
            Err(fault) => {
                faults.push(fault.at(path("expr")));
                return None;
            }
        },
        (None, Some(column)) => plain(column),
        (None, None) => {
            let known = contract.columns.iter().map(|c| c.name.as_str());
            let next = near(name.as_str(), known, "a new column has an `expr`");
            let fault =
                Diagnostic::error("unknown-column", format!("`{}` has no column `{name}`", contract.table_ref()));
            faults.push(fault.at(written.place(&format!("columns.{name}"))).next(next));
            return None;
        }
    };
    match context.config.cleaner(rule, out.data_type) {
        Err((field, fault)) => faults.push(fault.at(path(&field))),
        Ok(Some(used)) => {
            code = used.rule.call(&code, &used.arguments);
            out.landed = false;
            out.clean(used);
        }
        Ok(None) => {}
    }
    if let Some(text) = &rule.description {
        out.description = describe::sentence(text);
    }
    Some((Target { name: name.clone(), code }, out))
}

/// The expression in the place of a column that the source has no longer, where the landed table still has it: rows that
/// were landed before keep their value, all that are landed since have none there.
fn or_as_landed(expr: &str, lowered: Lowered, contract: &Contract, scope: &Scope, name: &Name) -> Lowered {
    let Some(gone) = contract.replaced().find(|c| c.column == *name) else { return lowered };
    let mut scope = scope.clone();
    scope.columns.push(ScopeColumn {
        relation: contract.table.clone(),
        name: name.clone(),
        sql: name.to_string(),
        data_type: Some(gone.data_type),
        nullable: true,
        hidden: false,
    });
    lower(&format!("coalesce({name}, {expr})"), &scope).unwrap_or(lowered)
}

/// A landed column: exact numbers are cast, so that no target widens or rounds them.
fn plain(column: &crate::contract::Column) -> Code {
    let name = Code::text(column.name.as_str());
    match column.data_type {
        to @ DataType::Decimal { .. } => Code::cast(name, type_code(to)),
        _ => name,
    }
}

/// The contract's key, else the one that ingestion is told.
fn key(context: &Context<'_>, contract: &Contract) -> Vec<Name> {
    let key: Vec<Name> = contract.key().into_iter().map(|c| c.name.clone()).collect();
    if !key.is_empty() {
        return key;
    }
    let table = contract.table_ref();
    let mut told = context.specs.values().flat_map(|s| &s.ingest).filter(|i| i.table == table && !i.key.is_empty());
    told.next().map(|i| i.key.clone()).unwrap_or_default()
}
