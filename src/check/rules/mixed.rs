//! Values of several rows that are given as those of one: the greatest of each column, called what the last row has.

use sqlparser::ast::{Expr, SelectItem};

use super::expressions::{arguments, call, column, is_aggregate, is_distinct, is_grouped, words};
use super::look::{View, span};
use super::outline::Origin;
use super::promised::has;
use super::{Family, Look, Query, Rule};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "last-row-mixed",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "the greatest value of each column, given as what the last row has",
    look: Look::Query(last_row_mixed),
}];

const LAST: &[&str] = &["last", "latest", "newest", "recent", "current"];
const FIRST: &[&str] = &["first", "earliest", "oldest", "initial"];

/// An item that is the greatest or least value of a column.
struct Extreme<'a> {
    whole: &'a Expr,
    of: &'a Expr,
    alias: &'a str,
    /// It is of moments or days, or of what numbers the rows of each: `max(attempt) as last_attempt`.
    of_time: bool,
}

fn last_row_mixed(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    super::extremes::ids_of_the_most(&query.full(), out);
    let view = query.full();
    of_the_greatest(&view, out);
    for (id, part) in view.outline.selects.iter().enumerate() {
        let ungrouped = !is_grouped(part.select);
        for (function, named) in [("max", LAST), ("min", FIRST)] {
            let extremes: Vec<Extreme<'_>> =
                part.select.projection.iter().filter_map(|item| extreme(&view, id, item, function)).collect();
            let is_called = |e: &&Extreme<'_>| calls(e, named) || names_model(&view, id, named);
            if !extremes.iter().filter(is_called).any(|e| e.of_time) {
                continue;
            }
            // Of a whole table the greatest of a number may be what is meant.
            let is_meant = |e: &Extreme<'_>| !ungrouped || view.column_type(e.of).is_text();
            let mixed =
                extremes.iter().find(|e| !e.of_time && is_called(e) && is_meant(e) && is_of_any_row(&view, id, e.of));
            let Some(mixed) = mixed else { continue };
            let finding = Diagnostic::warning("last-row-mixed", format!("`{}` need not be of that row", mixed.alias))
                .why(format!("`{function}` takes each column by itself: the moment is of one row, this of another"))
                .next("number the rows with `row_number() over (partition by … order by … desc)` and keep the first, or take `max_by(…, …)`");
            out.push(view.at(span(mixed.whole), finding));
        }
    }
}

/// The greatest of two columns where a text says that the second is of the row with the first: `the largest check, and the
/// tip left on it`.
fn of_the_greatest(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const MOST: &[&str] = &["largest", "biggest", "highest", "greatest", "longest", "heaviest", "most expensive"];
    const OF_IT: &[&str] = &["on it", "of it", "for it", "with it", "in it", "and its", "with its"];
    let [select] = super::reruns::last(view) else { return };
    let part = &view.outline.selects[*select];
    let extremes: Vec<Extreme<'_>> =
        part.select.projection.iter().filter_map(|item| extreme(view, *select, item, "max")).collect();
    let [first, second, ..] = extremes.as_slice() else { return };
    let told = super::promised::of_model(view.query);
    let at = MOST.iter().filter_map(|w| told.find(&format!(" {w} "))).min();
    if !at.is_some_and(|at| has(&told[at..], OF_IT)) {
        return;
    }
    if is_grouped(part.select) && !first.of_time && !second.of_time && is_of_any_row(view, *select, second.of) {
        let finding = Diagnostic::warning("last-row-mixed", format!("`{}` need not be of that row", second.alias))
            .why("`max` takes each column by itself: the greatest of one is of one row, that of the other of another")
            .next(format!("take the value of the row with the greatest one: `max_by({}, {})`", second.of, first.of));
        out.push(view.at(span(second.whole), finding));
    }
}

fn extreme<'a>(view: &View<'_, 'a>, select: usize, item: &'a SelectItem, function: &str) -> Option<Extreme<'a>> {
    let SelectItem::ExprWithAlias { expr, alias } = item else { return None };
    let call = call(expr, &[function]).filter(|f| f.over.is_none() && f.filter.is_none() && !is_distinct(f))?;
    let of = arguments(call).next().map(uncast)?;
    let name = &column(of)?.value;
    let typed =
        matches!(view.column_type(of), ColumnType::Temporal | ColumnType::Known(DataType::Timestamp | DataType::Date));
    let of_time = typed || is_time(name) || numbers_rows(view, select, of, &alias.value);
    Some(Extreme { whole: expr, of, alias: &alias.value, of_time })
}

/// Whether a column numbers the rows of each thing, by a key that it is a part of, and is asked for its last or first.
fn numbers_rows(view: &View<'_, '_>, select: usize, of: &Expr, alias: &str) -> bool {
    let Some(name) = column(of).map(|c| c.value.to_ascii_lowercase()) else { return false };
    let (mut called, own) = (words(alias), words(&name));
    called.retain(|w| !LAST.contains(&w.as_str()) && !FIRST.contains(&w.as_str()));
    let Some(relation) = view.relation(select, of).filter(|_| called == own && alias.len() > name.len()) else {
        return false;
    };
    let target = view.outline.selects[select].relations[relation].target;
    view.column_type(of).exact() == Some(DataType::Integer)
        && super::ranges::keys_of(view, target).iter().any(|k| k.len() > 1 && k.contains(&name))
}

fn uncast(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast { expr, .. } | Expr::Nested(expr) => uncast(expr),
        other => other,
    }
}

/// Whether a name is that of a moment or a day.
pub(super) fn is_time(name: &str) -> bool {
    const TIMES: &[&str] = &[
        "at",
        "on",
        "date",
        "time",
        "day",
        "month",
        "year",
        "week",
        "ts",
        "timestamp",
        "datetime",
        "dt",
        "utc",
        "hour",
        "quarter",
        "period",
    ];
    words(name).iter().any(|w| TIMES.contains(&w.as_str()))
}

/// Whether a value is called that of the last row, and what it is of is not.
fn calls(extreme: &Extreme<'_>, named: &[&str]) -> bool {
    let says = |name: &str| words(name).iter().any(|w| named.contains(&w.as_str()));
    let of_person = ["last_name", "first_name"].iter().any(|n| extreme.alias.to_ascii_lowercase().contains(n));
    says(extreme.alias) && !of_person && column(extreme.of).is_some_and(|c| !says(&c.value))
}

/// Whether a model that gives nothing but such values is called what it has of each: the last order.
fn names_model(view: &View<'_, '_>, select: usize, named: &[&str]) -> bool {
    let part = &view.outline.selects[select];
    let function = if named == LAST { "max" } else { "min" };
    let others = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
            super::expressions::any(e, &mut is_aggregate) && call(e, &[function]).is_none()
        }
        _ => true,
    };
    let name = words(&view.query.node.name);
    part.level == 0 && name.iter().any(|w| named.contains(&w.as_str())) && !part.select.projection.iter().any(others)
}

/// Whether a column has what each row has, in a table of several rows: ids grow with time, flags are asked of all rows,
/// and what a window or a `case` has picked is of the row that is meant.
fn is_of_any_row<'a>(view: &View<'_, 'a>, select: usize, of: &'a Expr) -> bool {
    const GROWS: &[&str] = &[
        "id",
        "key",
        "sk",
        "number",
        "num",
        "no",
        "nr",
        "seq",
        "sequence",
        "version",
        "rank",
        "rn",
        "count",
        "total",
        "is",
        "has",
        "was",
        "flag",
        "cumulative",
        "running",
        "max",
        "min",
        "ever",
    ];
    let Some(name) = column(of) else { return false };
    if words(&name.value).iter().any(|w| GROWS.contains(&w.as_str()))
        || view.column_type(of).exact() == Some(DataType::Boolean)
        || !is_all(view, select, 0)
    {
        return false;
    }
    match view.outline.origin(select, of) {
        Some(Origin::Expr(inner, _)) => column(inner).is_some(),
        Some(Origin::Node(..)) => true,
        None => false,
    }
}

/// Whether no filter, number or `qualify` has left one row of each before.
fn is_all(view: &View<'_, '_>, select: usize, depth: usize) -> bool {
    let part = &view.outline.selects[select];
    let equal = |e: &Expr| {
        super::expressions::conjuncts(e).into_iter().any(|c| match c {
            Expr::IsNotNull(_) => false,
            Expr::BinaryOp { right, .. } => super::expressions::text(right).is_none(),
            _ => true,
        })
    };
    let joined = |r: &super::outline::Reads<'_>| {
        match r.join.and_then(super::outline::constraint) {
        Some(sqlparser::ast::JoinConstraint::On(on)) => super::expressions::conjuncts(on).into_iter().any(|c| {
            !matches!(c, Expr::BinaryOp { left, right, op: sqlparser::ast::BinaryOperator::Eq } if column(left).is_some() && column(right).is_some())
                || super::expressions::any(c, &mut |e| column(e).is_some_and(|c| is_time(&c.value)))
        }),
        _ => false,
    }
    };
    depth < 8
        && !part.select.selection.as_ref().is_some_and(equal)
        && part.select.qualify.is_none()
        && part.select.distinct.is_none()
        && !part.relations.iter().any(joined)
        && part.relations.iter().all(|r| match r.target {
            super::outline::Target::Level(level) => {
                view.outline.levels[level].select.is_some_and(|inner| is_all(view, inner, depth + 1))
            }
            _ => true,
        })
}
