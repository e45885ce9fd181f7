//! Which row of many is kept: windows and limits without an order.

use sqlparser::ast::{Distinct, Expr, Function, GroupByExpr, LimitClause, OrderByKind, SelectItem, Spanned};

use super::expressions::{
    any, call, column, is_aggregate, is_literal, is_named, is_one_of, lower, same_column, whole_number, window,
};
use super::look::{View, span};
use super::outline::Role;
use super::{Family, Look, Query, Rule};
use crate::sql::{ColumnType, Fact};
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "dedupe-by-chance",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "one row of several is kept, and nothing says which",
        look: Look::Query(dedupe_by_chance),
    },
    Rule {
        code: "last-value-frame",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "`last_value` over the default frame, which ends at the row itself",
        look: Look::Query(last_value_frame),
    },
    Rule {
        code: "limit-without-order",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a `limit` without `order by`, which keeps any rows",
        look: Look::Query(limit_without_order),
    },
];

fn dedupe_by_chance(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        if let Some(Distinct::On(_)) = &part.select.distinct
            && view.outline.levels[part.level].query.order_by.is_none()
        {
            let finding = Diagnostic::warning("dedupe-by-chance", "`distinct on` keeps any row of each")
                .why("without `order by` the database is free to keep another one next time")
                .next("add `order by` with the same columns first, then what tells which row is wanted");
            out.push(view.at(part.select.select_token.0.span, finding));
        }
        for piece in &view.outline.pieces[part.pieces.clone()] {
            let Expr::Function(function) = piece.expr else { continue };
            if piece.select != Some(id) || !is_named(function, "row_number") {
                continue;
            }
            let Some(why) = undecided(&view, id, function) else { continue };
            if !kept_first(&view, id, function) {
                continue;
            }
            let finding = Diagnostic::warning("dedupe-by-chance", "which row is kept is left to chance")
                .why(why)
                .next("add columns to `order by` until no two rows of a partition are equal in them");
            out.push(view.at(function.name.span(), finding));
        }
    }
}

/// Why the first row of a window is not always the same one.
fn undecided(view: &View<'_, '_>, select: usize, function: &Function) -> Option<&'static str> {
    let window = window(function)?;
    if window.window_name.is_some() {
        return None;
    }
    let order: Vec<&Expr> = window.order_by.iter().map(|o| &o.expr).collect();
    if order.is_empty() {
        return Some("the window has no `order by`");
    }
    let constant = |e: &&Expr| is_literal(e) || super::expressions::is_null(e) || matches!(e, Expr::Subquery(_));
    if order.iter().all(constant) {
        return Some("it is ordered by a constant");
    }
    if order.iter().all(|e| window.partition_by.iter().any(|p| same_column(p, e) || p == *e)) {
        return Some("it is ordered by what is the same for all rows of the partition");
    }
    if order.iter().all(|e| call(e, &["random", "rand", "uuid", "newid", "gen_random_uuid"]).is_some()) {
        return Some("it is ordered by chance");
    }
    let at = function.name.span().start;
    let total = view.resolved.facts.noted.iter().find_map(|fact| match fact {
        Fact::Numbered { at: place, total } if *place == at => *total,
        _ => None,
    });
    if total == Some(true) {
        return None;
    }
    // A table of days has one row for each, as far as its name says.
    let by_day = |e: &&Expr| view.is_of(select, e, &["daily", "day", "weekly", "monthly", "spine", "spined"]);
    if order.iter().all(|e| is_day(view, e)) && !order.iter().any(by_day) {
        return Some("it is ordered by days, and a day can have many rows");
    }
    (total == Some(false)).then_some("partition and order together are no key of the rows, so two can be equal in them")
}

/// Whether an expression is a day and no moment.
fn is_day(view: &View<'_, '_>, expr: &Expr) -> bool {
    match super::expressions::bare(expr) {
        Expr::Cast { data_type: sqlparser::ast::DataType::Date, .. } => true,
        Expr::Function(f) => is_one_of(f, &["date", "to_date", "date_trunc"]),
        e => match (view.column_type(e), column(e)) {
            (ColumnType::Known(DataType::Date), _) => true,
            (ColumnType::Unknown, Some(name)) => {
                let name = lower(name);
                name.ends_with("_date") || name.ends_with("_day") || name == "date"
            }
            _ => false,
        },
    }
}

/// Whether only the rows with number 1 are kept.
fn kept_first(view: &View<'_, '_>, select: usize, function: &Function) -> bool {
    let part = &view.outline.selects[select];
    let alias = part.select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr: Expr::Function(f), alias } if std::ptr::eq(f, function) => Some(lower(alias)),
        _ => None,
    });
    let is_number = |e: &Expr| match e {
        Expr::Function(f) => f == function,
        e => column(e).is_some_and(|c| alias.as_ref().is_some_and(|a| *a == lower(c))),
    };
    view.outline.pieces.iter().any(|p| match p.expr {
        Expr::BinaryOp { left, op, right } => {
            use sqlparser::ast::BinaryOperator::{Eq, Lt, LtEq};
            is_number(left) && matches!((op, whole_number(right)), (Eq | LtEq, Some(1)) | (Lt, Some(2)))
        }
        _ => false,
    })
}

fn last_value_frame(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let Expr::Function(function) = piece.expr else { continue };
        if !is_named(function, "last_value") {
            continue;
        }
        let Some(window) = window(function) else { continue };
        // Snowflake's default frame of `last_value` is the whole partition.
        if window.order_by.is_empty()
            || window.window_frame.is_some()
            || window.window_name.is_some()
            || query.dialect == crate::vocabulary::Dialect::Snowflake
        {
            continue;
        }
        let finding = Diagnostic::error("last-value-frame", "`last_value` gives the value of the row itself")
            .why("with `order by` the frame ends at the current row, so that is the last one in it")
            .next("use `first_value` with the order turned round, or add `rows between unbounded preceding and unbounded following`");
        out.push(view.at(function.name.span(), finding));
    }
}

fn limit_without_order(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for level in &view.outline.levels {
        if !matches!(level.role, Role::Model | Role::Cte(_) | Role::From) {
            continue;
        }
        let ordered = match &level.query.order_by {
            Some(order) => !matches!(&order.kind, OrderByKind::Expressions(list) if list.is_empty()),
            None => false,
        };
        let limit = match &level.query.limit_clause {
            Some(LimitClause::LimitOffset { limit: Some(limit), .. } | LimitClause::OffsetCommaLimit { limit, .. }) => {
                limit
            }
            _ => continue,
        };
        if ordered || whole_number(limit) == Some(0) {
            continue;
        }
        let one = level.select.is_some_and(|s| {
            let select = view.outline.selects[s].select;
            let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
            let aggregated = select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => any(e, &mut is_aggregate),
                _ => false,
            });
            ungrouped && aggregated || select.from.is_empty()
        });
        if one {
            continue;
        }
        let finding = Diagnostic::warning("limit-without-order", "which rows are kept is left to chance")
            .why("without `order by` a database gives rows in any order, and another one next time")
            .next("add `order by` with columns that tell rows apart, or take the limit out");
        out.push(view.at(span(limit), finding));
    }
}
