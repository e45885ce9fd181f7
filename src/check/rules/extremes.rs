//! Extremes that are not what they are called: windows that give the row's own value or none at all, and the greatest id,
//! given as that of the row with the greatest amount.

use sqlparser::ast::{BinaryOperator, Expr, Function, SelectItem, Spanned, WindowSpec};

use super::expressions::{
    any, arguments, bare, call, column, conjuncts, is_distinct, is_grouped, is_named, is_one_of, lower, same_column,
    whole_number, window, words,
};
use super::look::{View, span};
use super::older::descends;
use super::outline::Target;
use super::windows::ends_here;
use crate::vocabulary::Diagnostic;

/// `max(day) over (… order by day)`: of the rows up to this one it is this one's.
pub(super) fn of_the_row_itself(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for piece in &view.outline.pieces {
        let Expr::Function(function) = piece.expr else { continue };
        let Some(window) = window(function).filter(|w| w.window_name.is_none() && ends_here(w)) else { continue };
        let Some(first) = window.order_by.first() else { continue };
        let rises = !descends(first);
        let of = arguments(function).next().filter(|e| column(e).is_some_and(|_| same_column(e, &first.expr)));
        if of.is_some() && (is_named(function, "max") && rises || is_named(function, "min") && !rises) {
            let name = &function.name;
            let finding = Diagnostic::error("last-value-frame", format!("`{name}` gives the value of the row itself"))
                .why(
                    "with `order by` the frame ends at the current row, and in this order no row before it goes beyond",
                )
                .next("take the `order by` out of the window");
            out.push(view.at(name.span(), finding));
        } else if let Some(select) = piece.select.filter(|s| is_of_no_row(view, *s, function, window)) {
            let after = if is_named(function, "lead") { "after" } else { "before" };
            let finding =
                Diagnostic::error("last-value-frame", format!("`{}` is null in the rows that are kept", function.name))
                    .why(format!(
                        "of each partition the row is kept that has none {after} it in the order of this window"
                    ))
                    .next("order both windows the same way, or keep another row");
            // Said once of what is looked for in one window.
            let place = view.at(function.name.span(), finding);
            if !out.contains(&place) && view.outline.selects[select].relations.len() == 1 {
                out.push(place);
            }
        }
    }
}

/// Whether the row before or after is looked for in rows of which only the first or last is kept, which has none.
fn is_of_no_row(view: &View<'_, '_>, select: usize, function: &Function, of: &WindowSpec) -> bool {
    if !is_one_of(function, &["lag", "lead"]) || arguments(function).count() > 2 || of.order_by.is_empty() {
        return false;
    }
    let lead = is_named(function, "lead");
    let part = &view.outline.selects[select];
    let met = |number: &Function| {
        let Some(w) = window(number).filter(|_| is_one_of(number, &["row_number", "rank", "dense_rank"])) else {
            return false;
        };
        let same = w.partition_by == of.partition_by
            && w.order_by.len() == of.order_by.len()
            && w.order_by.iter().zip(&of.order_by).all(|(a, b)| a.expr == b.expr);
        let turned = |at: usize| descends(&w.order_by[at]) != descends(&of.order_by[at]);
        same && if lead { turned(0) } else { (0..w.order_by.len()).all(|at| !turned(at)) }
    };
    let number = view.outline.pieces[part.pieces.clone()].iter().find_map(|p| match p.expr {
        Expr::Function(number) if p.select == Some(select) && met(number) => Some(number),
        _ => None,
    });
    number.is_some_and(|n| is_given_of_first(view, select, n, function))
}

/// Whether only rows with number 1 are given, and the value with them.
fn is_given_of_first(view: &View<'_, '_>, select: usize, number: &Function, value: &Function) -> bool {
    let part = &view.outline.selects[select];
    let alias_of = |wanted: &Function| {
        part.select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias }
                if any(expr, &mut |e| matches!(e, Expr::Function(f) if std::ptr::eq(f, wanted))) =>
            {
                Some(lower(alias))
            }
            _ => None,
        })
    };
    let (Some(given), alias) = (alias_of(value), alias_of(number)) else { return false };
    let is_first = |e: &Expr| match e {
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if whole_number(right) == Some(1) => match &**left {
            Expr::Function(f) => f == number,
            e => column(e).is_some_and(|c| alias.as_ref().is_some_and(|a| *a == lower(c))),
        },
        _ => false,
    };
    if part.select.qualify.iter().flat_map(conjuncts).any(is_first) {
        return true;
    }
    let level = Target::Level(part.level);
    let mut readers =
        view.outline.selects.iter().enumerate().filter(|(_, p)| p.relations.iter().any(|r| r.target == level));
    let (Some((reader, by)), None) = (readers.next(), readers.next()) else { return false };
    let is_given = |e: &Expr| column(e).is_some_and(|c| lower(c) == given);
    by.select.selection.iter().flat_map(conjuncts).any(is_first)
        && view.outline.pieces[by.pieces.clone()].iter().any(|p| p.select == Some(reader) && is_given(p.expr))
}

/// What a row with the most of something is called by.
const MOST: &[&str] = &[
    "fullest",
    "largest",
    "biggest",
    "best",
    "top",
    "worst",
    "busiest",
    "fastest",
    "slowest",
    "longest",
    "shortest",
    "cheapest",
    "dearest",
    "most",
    "least",
    "smallest",
    "heaviest",
    "strongest",
    "weakest",
    "richest",
    "main",
    "favourite",
    "favorite",
    "winning",
    "leading",
    "closest",
    "nearest",
    "deepest",
    "hottest",
    "coldest",
    "tallest",
    "strictest",
];

/// `max(route_id) as longest_route_id, max(km)`: the greatest id is not that of the longest route.
pub(super) fn ids_of_the_most(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let extreme = |item: &SelectItem| -> Option<String> {
        let (SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)) = item else { return None };
        let call = call(expr, &["max", "min"]).filter(|f| f.over.is_none() && !is_distinct(f))?;
        arguments(call).next().and_then(column).map(lower)
    };
    for part in &view.outline.selects {
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let Some(name) = extreme(item) else { continue };
            let (called, own) = (words(&alias.value), words(&name));
            let is_id =
                own.last().is_some_and(|w| ["id", "key", "code", "name", "no", "sku", "sk"].contains(&w.as_str()));
            // What is most recent has the greatest id.
            let recent = called.iter().any(|w| ["recent", "last", "latest", "first"].contains(&w.as_str()));
            let most = !recent
                && called.iter().any(|w| MOST.contains(&w.as_str()))
                && !own.iter().any(|w| MOST.contains(&w.as_str()));
            let beside = || part.select.projection.iter().filter_map(extreme).any(|other| other != name);
            if !is_id || !most || !called.contains(&own[0]) && own.len() > 1 || !beside() || !is_grouped(part.select) {
                continue;
            }
            let finding = Diagnostic::warning("last-row-mixed", format!("`{}` need not be of that row", alias.value))
                .why(format!("this is the greatest or least `{name}` by itself, whichever row has the most"))
                .next("number the rows with `row_number() over (partition by … order by … desc)` and keep the first, or take `max_by(…, …)`");
            out.push(view.at(span(expr), finding));
        }
    }
}

/// Whether a value is called or described as the one of the row's own moment.
pub(super) fn is_as_of(view: &View<'_, '_>, value: &Expr) -> bool {
    super::promised::items(view).into_iter().filter(|(_, e, _)| std::ptr::eq(bare(e), bare(value))).any(
        |(.., alias)| {
            let said = super::promised::of_column(view.query, alias);
            super::promised::has(&super::promised::plain(alias), &["as of", "so far"])
                || super::promised::has(&said, &["as of", "so far", "at this", "at that", "until then"])
        },
    )
}
