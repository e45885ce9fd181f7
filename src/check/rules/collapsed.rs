//! Rows that have null in what they are deduplicated by: all of them are one to a window, and one is kept.

use std::collections::BTreeSet;

use sqlparser::ast::{Distinct, Expr, Function};

use super::absent::Cause;
use super::expressions::{arguments, call, column, is_one_of, lower, window, words};
use super::look::{View, span};
use super::outline::Clause;
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "dedupe-null",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "rows deduplicated by a column that many of them do not have",
    look: Look::Query(dedupe_null),
}];

fn dedupe_null(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        let numbers = is_one_of(function, &["row_number", "rank", "dense_rank"]);
        if numbers && super::windows::kept_first(&view, select, function) {
            let by: Vec<&Expr> = partition(function);
            tell(&view, select, &by, out);
        }
    }
    for (id, part) in view.outline.selects.iter().enumerate() {
        if let Some(Distinct::On(by)) = &part.select.distinct {
            tell(&view, id, &by.iter().collect::<Vec<_>>(), out);
        }
    }
}

fn partition(function: &Function) -> Vec<&Expr> {
    window(function).map(|w| w.partition_by.iter().collect()).unwrap_or_default()
}

fn tell<'a>(view: &View<'_, 'a>, select: usize, by: &[&'a Expr], out: &mut Vec<Diagnostic>) {
    let [only] = by else { return };
    let Some(name) = column(unwrapped(only)) else { return };
    // The first order of each customer is not meant to be of those without one.
    let of_another =
        words(&name.value).last().is_some_and(|w| ["id", "key", "sk", "uuid", "code"].contains(&w.as_str()));
    let missing = matches!(view.absent(select, only), Some(Cause::Made(_) | Cause::Given(..)));
    if of_another || !missing || !is_of_rows(view, select, only) || asks_for_null(view, &lower(name)) {
        return;
    }
    let finding = Diagnostic::warning("dedupe-null", format!("of all rows without `{}` one is kept", name.value))
        .why("null is one value to a partition, so rows that have nothing in common are taken for the same")
        .next(format!(
            "give each of them a partition of its own, `coalesce({}, <the key of the rows>)`, or leave them out of this step",
            name.value
        ));
    out.push(view.at(span(only), finding));
}

/// What is written in lower case or trimmed.
fn unwrapped(expr: &Expr) -> &Expr {
    match super::expressions::bare(expr) {
        Expr::Cast { expr, .. } | Expr::Trim { expr, .. } => unwrapped(expr),
        e => call(e, &["lower", "upper", "trim"]).and_then(|f| arguments(f).next()).map_or(e, unwrapped),
    }
}

/// Whether the rows have a key of their own, of one column that the select gives too.
fn is_of_rows(view: &View<'_, '_>, select: usize, by: &Expr) -> bool {
    let Some(relation) = view.relation(select, unwrapped(by)) else { return false };
    let part = &view.outline.selects[select];
    let [_] = part.relations.as_slice() else { return false };
    let keys: BTreeSet<String> = super::ranges::keys_of(view, part.relations[relation].target)
        .into_iter()
        .filter(|k| k.len() == 1)
        .flatten()
        .collect();
    super::sets::names(view, select)
        .map(|names| names.into_iter().any(|(name, _)| keys.contains(&name)))
        .unwrap_or_else(|| part.select.projection.iter().any(is_star) && !keys.is_empty())
}

fn is_star(item: &sqlparser::ast::SelectItem) -> bool {
    matches!(item, sqlparser::ast::SelectItem::Wildcard(_))
}

/// Whether a condition of the query asks whether the column is there.
fn asks_for_null(view: &View<'_, '_>, name: &str) -> bool {
    view.outline.pieces.iter().any(|p| {
        let (Expr::IsNull(e) | Expr::IsNotNull(e)) = p.expr else { return false };
        p.clause != Clause::Order && column(unwrapped(e)).is_some_and(|c| lower(c) == name)
    })
}
