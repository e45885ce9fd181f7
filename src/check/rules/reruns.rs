//! What an incremental run reads and goes on from: which select feeds which, where a column comes from, and whether the
//! rows after the mark are whole days.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem};

use super::expressions::{any, arguments, call, column, is_aggregate, is_one_of};
use super::incremental::{Watermark, find_column, is_own, own_levels, queries_in, visit};
use super::look::View;
use super::outline::{Origin, Target};
use crate::sql::ColumnType;
use crate::vocabulary::DataType;

/// Whether a select is read by another, by way of FROM.
pub(super) fn feeds(view: &View<'_, '_>, from: usize, to: usize, depth: usize) -> bool {
    from == to
        || depth < 32
            && view.outline.selects[to].relations.iter().any(|r| match r.target {
                Target::Level(level) => {
                    view.outline.levels[level].sides.iter().any(|s| feeds(view, from, *s, depth + 1))
                }
                _ => false,
            })
}

/// The selects of the model itself.
pub(super) fn last<'v>(view: &'v View<'_, '_>) -> &'v [usize] {
    view.outline.levels.first().map_or(&[], |l| l.sides.as_slice())
}

/// Whether the model's own table is read for more than its greatest value, as where totals are carried on.
pub(super) fn carries_on(view: &View<'_, '_>) -> bool {
    let own = own_levels(view);
    let reads_own = |s: usize| view.outline.selects[s].relations.iter().any(|r| is_own(view, r.target));
    (0..view.outline.selects.len()).any(|s| reads_own(s) && !own.contains(&view.outline.selects[s].level))
        || own.iter().any(|level| {
            let query = view.outline.levels[*level].query;
            view.outline.reads[*level] > 0 && !in_list(query)
        })
}

/// Whether a query gives aggregates alone: `select max(day) from this`.
pub(super) fn in_list(query: &sqlparser::ast::Query) -> bool {
    let sqlparser::ast::SetExpr::Select(select) = query.body.as_ref() else { return false };
    select.projection.iter().all(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => any(e, &mut is_aggregate),
        _ => false,
    })
}

/// Cuts a moment down to a day or more.
pub(super) fn cuts(expr: &Expr) -> bool {
    any(expr, &mut |e| match e {
        Expr::Cast { data_type: sqlparser::ast::DataType::Date, .. } | Expr::Extract { .. } => true,
        Expr::Function(f) => is_one_of(
            f,
            &[
                "date",
                "to_date",
                "date_trunc",
                "datetrunc",
                "timestamp_trunc",
                "datetime_trunc",
                "trunc",
                "last_day",
                "date_format",
                "to_char",
                "format_date",
                "strftime",
                "year",
                "month",
                "day",
                "week",
            ],
        ),
        _ => false,
    })
}

/// Whether a column is a day by its type, its name or what makes it.
pub(super) fn is_day<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> bool {
    let Some(name) = column(expr) else { return cuts(expr) };
    let made = matches!(view.outline.origin(select, expr), Some(Origin::Expr(e, _)) if cuts(e));
    let named = || {
        let name = name.value.to_ascii_lowercase();
        ["_date", "_day", "_month", "_week", "_on"].iter().any(|end| name.ends_with(end))
            || name == "day"
            || name == "date"
    };
    made || match view.column_type(expr) {
        ColumnType::Known(DataType::Date) => true,
        ColumnType::Known(DataType::Timestamp | DataType::TimestampTz) => name.value.eq_ignore_ascii_case("date"),
        ColumnType::Known(_) => false,
        _ => named(),
    }
}

/// Where the first column in an expression comes from, by node and name.
pub(super) fn base<'a>(
    view: &View<'_, 'a>,
    select: usize,
    expr: &'a Expr,
    depth: usize,
) -> Option<(crate::dbt::NodeId, String)> {
    if depth > 8 {
        return None;
    }
    let mut found = None;
    find(expr, &mut |e| {
        // `day` in `date_trunc(x, day)` is none.
        if found.is_none() && column(e).is_some_and(|c| std::ptr::eq(e, expr) || !super::times::is_part(&c.value)) {
            found = Some(e);
        }
    });
    match view.outline.origin(select, found?)? {
        Origin::Node(id, name) => Some((id, name.to_ascii_lowercase())),
        Origin::Expr(inner, at) => base(view, at, inner, depth + 1),
    }
}

pub(super) fn find<'a>(expr: &'a Expr, look: &mut dyn FnMut(&'a Expr)) {
    look(expr);
    super::expressions::children(expr, &mut |e| find(e, look));
}

/// The filter picks whole days: the column is one, or what it is held against.
pub(super) fn by_day<'a>(view: &View<'_, 'a>, mark: &Watermark<'a>) -> bool {
    let cut = |query: &sqlparser::ast::Query| {
        let mut found = false;
        visit(query, &mut |e| found |= cuts(e));
        found
    };
    is_day(view, mark.select, mark.column)
        || cuts(mark.mark)
        || queries_in(mark.mark).into_iter().any(cut)
        || marked(view, mark).is_some_and(|name| {
            let own = view.query.resolved.columns.iter().find(|c| c.name == name);
            own.is_some_and(|c| c.column_type == ColumnType::Known(DataType::Date))
                || is_cut_item(view, &name)
                || ["_date", "_day", "_month", "_on"].iter().any(|end| name.ends_with(end))
        })
}

/// Whether the model gives a day or hour in a column, as it is grouped by.
pub(super) fn is_cut_item(view: &View<'_, '_>, name: &str) -> bool {
    last(view).iter().any(|select| {
        view.outline.selects[*select].select.projection.iter().any(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(name) => {
                is_day(view, *select, expr)
            }
            SelectItem::UnnamedExpr(e) if column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name)) => {
                is_day(view, *select, e)
            }
            _ => false,
        })
    })
}

/// Days that are not over are left out, so that those read are whole.
pub(super) fn of_past_days(view: &View<'_, '_>, select: usize) -> bool {
    let filter = view.outline.selects[select].select.selection.iter();
    filter.flat_map(|f| super::expressions::conjuncts(f)).any(|c| match c {
        Expr::BinaryOp { right, op: BinaryOperator::Lt, .. } => any(right, &mut super::clock::is_clock),
        _ => false,
    })
}

/// The column of the model's own table whose greatest value is the mark.
pub(super) fn marked(view: &View<'_, '_>, mark: &Watermark<'_>) -> Option<String> {
    let mut names = Vec::new();
    let mut queries: Vec<&sqlparser::ast::Query> = queries_in(mark.mark);
    let own = own_levels(view);
    let of_own = |q: &sqlparser::ast::Query| own.iter().any(|l| std::ptr::eq(view.outline.levels[*l].query, q));
    if !queries.iter().any(|q| of_own(q)) {
        queries = own.iter().map(|l| view.outline.levels[*l].query).collect();
    }
    for query in queries {
        visit(query, &mut |e| {
            let greatest = call(e, &["max"]).and_then(|f| arguments(f).next());
            names.extend(greatest.and_then(find_column).map(|c| c.value.to_ascii_lowercase()));
        });
    }
    names.dedup();
    match names.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Whether a column is the key of another table of the project, of what has rows for longer than a few days.
pub(super) fn is_of_lasting(view: &View<'_, '_>, expr: &Expr) -> bool {
    const SHORT: &[&str] = &[
        "order",
        "session",
        "visit",
        "trip",
        "request",
        "cart",
        "basket",
        "checkout",
        "invoice",
        "transaction",
        "payment",
        "shipment",
        "ticket",
        "call",
        "message",
        "batch",
        "run",
        "job",
        "event",
        "booking",
        "game",
        "match",
        "race",
        "sale",
        "delivery",
        "ride",
        "task",
        "load",
        "file",
        "conversation",
        "thread",
        "lesson",
        "shift",
        "flight",
    ];
    let Some(name) = column(expr).map(|c| c.value.to_ascii_lowercase()) else { return false };
    let of_others = view.query.keyed.by(&name).iter().filter_map(|id| view.node(*id));
    view.seen(expr).is_some_and(|c| c.unique == Some(false))
        && of_others.into_iter().any(|n| !std::ptr::eq(n, view.query.node))
        && !super::expressions::words(&name).iter().any(|w| SHORT.contains(&w.as_str()))
}
