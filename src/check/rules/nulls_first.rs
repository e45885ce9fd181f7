//! The first row by an order in which those without a value come first: the latest arrival is one that never arrived.

use sqlparser::ast::{Distinct, Expr, Function, OrderByExpr, OrderByKind};

use super::absent::Cause;
use super::expressions::{column, is_named, is_one_of, same_column, window, words};
use super::look::{View, span};
use super::promised::{has, plain};
use super::told::Absence;
use super::windows::kept_first;
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "nulls-first",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "the first row by an order in which rows without a value come first",
    look: Look::Query(nulls_first),
}];

fn nulls_first(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if takes_first(&view, select, function)
            && let Some(order) = window(function).and_then(|w| w.order_by.first())
        {
            tell(&view, select, order, out);
        }
    }
    for (id, part) in view.outline.selects.iter().enumerate() {
        let Some(Distinct::On(on)) = &part.select.distinct else { continue };
        let order = &view.outline.levels[part.level].query.order_by;
        let Some(OrderByKind::Expressions(list)) = order.as_ref().map(|o| &o.kind) else { continue };
        if let Some(order) = list.iter().find(|o| !on.iter().any(|on| *on == o.expr || same_column(on, &o.expr))) {
            tell(&view, id, order, out);
        }
    }
}

/// Whether a window function is for its first row.
fn takes_first(view: &View<'_, '_>, select: usize, function: &Function) -> bool {
    is_named(function, "first_value") && !ignores_nulls(function)
        || is_one_of(function, &["row_number", "rank", "dense_rank"]) && kept_first(view, select, function)
}

fn ignores_nulls(function: &Function) -> bool {
    function.null_treatment.is_some()
}

/// Whether an order puts rows without a value first, where it does not say.
fn puts_first(dialect: Dialect, order: &OrderByExpr) -> bool {
    let descends = super::older::descends(order);
    order.options.nulls_first.is_none()
        && match dialect {
            Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake => descends,
            Dialect::BigQuery | Dialect::Databricks | Dialect::MySql | Dialect::Sqlite => !descends,
            Dialect::DuckDb => false,
        }
}

fn tell<'a>(view: &View<'_, 'a>, select: usize, order: &'a OrderByExpr, out: &mut Vec<Diagnostic>) {
    let Some(name) = column(&order.expr).filter(|_| puts_first(view.query.dialect, order)) else { return };
    let Some(Cause::Given(id, of)) = view.absent(select, &order.expr) else { return };
    let Some(Absence::Said(said)) = view.absence(id, of) else { return };
    if is_open(&name.value) || is_open(of) || stands(&plain(said)) {
        return;
    }
    let finding = Diagnostic::warning("nulls-first", format!("rows without `{}` come first", name.value))
        .why(format!("{} sorts null before everything here, and it is null for some rows", view.query.dialect.label()))
        .next("write `nulls last`, or leave the rows without it out");
    out.push(view.at(span(&order.expr), finding));
}

/// Whether a column is null for what goes on: that comes first for a reason.
fn is_open(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "end",
        "ended",
        "ending",
        "until",
        "closed",
        "expire",
        "expired",
        "expiry",
        "expiration",
        "deleted",
        "archived",
        "removed",
        "cancelled",
        "canceled",
        "deactivated",
        "terminated",
        "termination",
        "disabled",
        "revoked",
        "finished",
        "churned",
        "exit",
        "left",
        "retired",
        "superseded",
        "replaced",
        "deprecated",
        "invalidated",
    ];
    crate::sql::ends_version(name) || words(name).iter().any(|w| ENDS.contains(&w.as_str()))
}

/// Whether what is said of the null is that it stands for now, or for no limit.
fn stands(said: &str) -> bool {
    const STANDS: &[&str] = &[
        "open",
        "ongoing",
        "current",
        "currently",
        "active",
        "still",
        "running",
        "now",
        "valid",
        "latest",
        "in force",
        "present",
        "in progress",
        "unlimited",
        "no limit",
        "forever",
        "infinite",
        "default",
        "newest",
    ];
    has(said, STANDS)
}
