//! Rows and values that are taken from the other end of an order than is said: the first one, called the latest.

use sqlparser::ast::{Distinct, Expr, Function, OrderByExpr, OrderByKind, Spanned, WindowFrameBound};

use super::expressions::{arguments, call, column, is_distinct, is_named, lower, same_column, window, words};
use super::look::{View, span};
use super::older::descends;
use super::outline::{Role, Target};
use super::promised::{has, items, of_model};
use super::sums::rounded;
use super::{Family, Look, Query, Rule};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "order-turned",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "the first in time, called the latest, or the last, called the first",
    look: Look::Query(order_turned),
}];

/// An end of what happened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

const LAST: &[&str] = &["last", "latest", "newest", "recent"];
const FIRST: &[&str] = &["first", "earliest", "oldest", "initial", "original"];

/// The one end that words speak of.
fn spoken(words: &[String]) -> Option<End> {
    const BESIDE: &[&str] = &["min", "max", "since", "until", "before", "after", "next", "previous", "prior", "name"];
    const SPANS: &[&str] = &["day", "week", "month", "quarter", "year", "hour", "period", "n", "class"];
    let is = |list: &[&str]| words.iter().position(|w| list.contains(&w.as_str()));
    let spans = |at: usize| {
        let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
        SPANS.contains(&next) || next.starts_with(|c: char| c.is_ascii_digit())
    };
    match (is(LAST), is(FIRST), is(BESIDE)) {
        (Some(at), None, None) if !spans(at) => Some(End::Last),
        (None, Some(at), None) if !spans(at) => Some(End::First),
        _ => None,
    }
}

/// Whether an expression is a column of moments or days, and not one of the first or last of them already.
fn is_moment(view: &View<'_, '_>, expr: &Expr) -> bool {
    use DataType::{Date, Timestamp, TimestampTz};
    let Some(name) = column(expr).map(lower) else { return false };
    let typed = match view.column_type(expr) {
        ColumnType::Known(Date | Timestamp | TimestampTz) | ColumnType::Temporal => true,
        ColumnType::Unknown => ["_at", "_ts", "_date", "_on", "timestamp"].iter().any(|end| name.ends_with(end)),
        _ => false,
    };
    typed && !words(&name).iter().any(|w| LAST.contains(&w.as_str()) || FIRST.contains(&w.as_str()))
}

/// The end from which the first row of an order is.
fn begins(view: &View<'_, '_>, order: Option<&OrderByExpr>) -> Option<End> {
    let order = order.filter(|o| is_moment(view, &o.expr))?;
    Some(if descends(order) { End::Last } else { End::First })
}

fn other(end: End) -> End {
    if end == End::First { End::Last } else { End::First }
}

fn order_turned(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (_, expr, alias) in items(&view) {
        let Some(wanted) = spoken(&words(alias)) else { continue };
        let Some(end) = taken(&view, rounded(expr)).filter(|end| *end != wanted) else { continue };
        out.push(view.at(span(rounded(expr)), turned(&format!("`{alias}`"), end)));
    }
    kept(&view, out);
}

fn turned(what: &str, end: End) -> Diagnostic {
    let (is, said) = if end == End::First { ("first", "last") } else { ("last", "first") };
    Diagnostic::warning("order-turned", format!("{what} is the {is} in time"))
        .why(format!("by its name it is the {said}, and the order goes the other way"))
        .next("turn the order round, or call it what it is")
}

/// The end that a value is of.
fn taken(view: &View<'_, '_>, expr: &Expr) -> Option<End> {
    let Expr::Function(function) = expr else { return None };
    if is_distinct(function) || function.filter.is_some() {
        return None;
    }
    let by = |at: usize| arguments(function).nth(at).is_some_and(|e| is_moment(view, e));
    let named = |names: &[&str]| names.iter().any(|n| is_named(function, n));
    match window(function) {
        Some(w) if named(&["first_value"]) => begins(view, w.order_by.first()),
        Some(w) if named(&["last_value"]) => {
            let whole = w.window_frame.as_ref().is_some_and(|f| {
                matches!(f.start_bound, WindowFrameBound::Preceding(None))
                    && matches!(f.end_bound, Some(WindowFrameBound::Following(None)))
            });
            begins(view, w.order_by.first()).filter(|_| whole).map(other)
        }
        Some(w) if !w.order_by.is_empty() => None,
        _ if named(&["max_by", "arg_max"]) && by(1) || named(&["max"]) && by(0) => Some(End::Last),
        _ if named(&["min_by", "arg_min"]) && by(1) || named(&["min"]) && by(0) => Some(End::First),
        _ => None,
    }
}

/// The one row of each that a query keeps, where the query, or the step that keeps it, is called by the other end.
fn kept(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let mut found = None;
    for (id, part) in view.outline.selects.iter().enumerate() {
        if let (Some(Distinct::On(on)), Some(order)) =
            (&part.select.distinct, &view.outline.levels[part.level].query.order_by)
            && let OrderByKind::Expressions(list) = &order.kind
        {
            let rest = list.iter().find(|o| !on.iter().any(|on| *on == o.expr || same_column(on, &o.expr)));
            if found.replace((id, begins(view, rest), part.select.select_token.0.span)).is_some() {
                return;
            }
        }
        for piece in &view.outline.pieces[part.pieces.clone()] {
            let number = |f: &&Function| is_named(f, "row_number") && piece.select == Some(id);
            let Some(function) = call(piece.expr, &["row_number"]).filter(number) else { continue };
            let same = found.as_ref().is_some_and(|(.., at)| *at == function.name.span());
            if same || !super::windows::kept_first(view, id, function) {
                continue;
            }
            let end = begins(view, window(function).and_then(|w| w.order_by.first()));
            // Of several it is not known which is meant.
            if found.replace((id, end, function.name.span())).is_some() {
                return;
            }
        }
    }
    let Some((select, Some(end), at)) = found else { return };
    let level = view.outline.selects[select].level;
    let readers = view.outline.selects.iter().filter(|p| p.relations.iter().any(|r| r.target == Target::Level(level)));
    let levels = std::iter::once(level).chain(readers.map(|p| p.level));
    let ctes = levels.filter_map(|l| match view.outline.levels[l].role {
        Role::Cte(cte) => Some(words(&cte.alias.name.value)),
        _ => None,
    });
    let node = &view.query.node.name;
    let mut names: Vec<Vec<String>> = ctes.collect();
    names.push(words(node));
    let said: Vec<End> = names.iter().filter_map(|n| spoken(n)).collect();
    let text = of_model(view.query);
    let told = match end {
        End::First => has(&text, &["latest", "most recent", "newest"]) && !has(&text, FIRST),
        End::Last => false,
    };
    let meant = said.contains(&end) || has(&text, if end == End::First { FIRST } else { &[] });
    if !meant && (told || said.contains(&other(end))) {
        out.push(view.at(at, turned("the row that is kept", end)));
    }
}
