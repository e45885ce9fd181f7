//! Rows that meet more than belongs together though each condition ties the sides: spans held by `or`, two lists of one
//! row, and a part of what is totalled.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, JoinOperator, TableFactor};

use super::expressions::{
    alternatives, any, arguments, bare, call, column, is_aggregate, is_distinct, is_grouped, lower,
};
use super::look::{View, span};
use super::outline::{Clause, Origin, Target};
use super::ranges::{Bound, bounds, keys_of};
use super::sums::rounded;
use crate::vocabulary::Diagnostic;

/// `a.start < b.end or a.end > b.start`: of any two spans one of both holds.
pub(super) fn spans_by_or(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for piece in view.outline.pieces.iter().filter(|p| matches!(p.clause, Clause::On | Clause::Where)) {
        let (Expr::BinaryOp { op: BinaryOperator::Or, .. }, Some(select)) = (piece.expr, piece.select) else {
            continue;
        };
        let [one, other] = alternatives(piece.expr)[..] else { continue };
        let (ones, others) = (bounds(view, select, one), bounds(view, select, other));
        let meets = |a: &Bound, b: &Bound| {
            a.of.0 == b.of.0
                && a.by.0 == b.by.0
                && !a.lower
                && b.lower
                && is_span(&a.of.1, &b.of.1)
                && is_span(&b.by.1, &a.by.1)
        };
        let all = ones.iter().any(|a| others.iter().any(|b| meets(a, b) || meets(b, a)));
        if all {
            let finding = Diagnostic::warning("cartesian-join", "any two spans meet this")
                .why("of two spans one begins before the other ends, whether they have a day in common or not")
                .next("two spans overlap where both hold: write `and`");
            out.push(view.at(span(piece.expr), finding));
        }
    }
}

/// Whether the first of two names is when something begins, the second when it ends.
fn is_span(from: &str, to: &str) -> bool {
    super::units::is_span(from, to) || crate::sql::begins_version(from) && crate::sql::ends_version(to)
}

/// A list that is unnested.
pub(super) struct List<'a> {
    pub(super) expr: &'a Expr,
    /// Its elements.
    pub(super) alias: String,
}

/// The lists of the rows of a select that it unnests, each by itself.
pub(super) fn lists<'a>(view: &View<'_, 'a>, select: usize) -> Vec<List<'a>> {
    let mut out = Vec::new();
    for from in &view.outline.selects[select].select.from {
        let crossed = |j: &&sqlparser::ast::Join| matches!(j.join_operator, JoinOperator::CrossJoin(_));
        let factors = std::iter::once(&from.relation).chain(from.joins.iter().filter(crossed).map(|j| &j.relation));
        for factor in factors {
            if let TableFactor::UNNEST { array_exprs, alias: Some(alias), with_offset: false, .. } = factor
                && let [expr] = array_exprs.as_slice()
                && column(expr).is_some()
            {
                out.push(List { expr, alias: lower(&alias.name) });
            }
        }
    }
    out
}

/// Two lists of one row, each of whose elements meets all of the other, and totals that take in both.
pub(super) fn lists_crossed(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        if part.relations.len() < 3 || !is_grouped(part.select) || out.iter().any(|f| f.code == "fan-out") {
            continue;
        }
        let lists = lists(view, id);
        if lists.len() < 2 {
            continue;
        }
        let pieces = &view.outline.pieces[part.pieces.clone()];
        let is_of = |e: &Expr, list: &List<'_>| match bare(e) {
            Expr::Identifier(name) => lower(name) == list.alias,
            Expr::CompoundIdentifier(parts) => parts.first().is_some_and(|p| lower(p) == list.alias),
            _ => false,
        };
        let used = |list: &List<'_>| pieces.iter().any(|p| is_of(p.expr, list));
        let total = pieces.iter().find(|p| {
            call(p.expr, &["sum", "count"]).is_some_and(|f| {
                let of_list = arguments(f).any(|a| any(a, &mut |e| lists.iter().any(|l| is_of(e, l))));
                f.over.is_none() && !is_distinct(f) && !of_list
            })
        });
        let Some((idle, _)) = lists.iter().find(|l| !used(l)).zip(total) else { continue };
        let finding = Diagnostic::error("cartesian-join", format!("each row is repeated for every `{}`", idle.alias))
            .why("two lists of a row are unnested beside each other, and each element of one meets all of the other")
            .next(format!("leave `{}` out, or unnest one list at a time", idle.alias));
        out.push(view.at(span(idle.expr), finding));
    }
}

/// Totals by a part of what tells the rows of another table apart, joined to those and added up over them.
pub(super) fn totals_of_part(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        if part.relations.len() < 2 || !is_grouped(part.select) {
            continue;
        }
        let held: Vec<(&Expr, &Expr)> = view.outline.pieces[part.pieces.clone()]
            .iter()
            .filter(|p| p.clause == Clause::On)
            .filter_map(|p| match p.expr {
                Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => Some((left.as_ref(), right.as_ref())),
                _ => None,
            })
            .flat_map(|(a, b)| [(a, b), (b, a)])
            .collect();
        for at in part.pieces.clone() {
            let piece = view.outline.pieces[at];
            let Some(sum) = call(piece.expr, &["sum"]).filter(|f| piece.select == Some(id) && f.over.is_none()) else {
                continue;
            };
            let Some(of) = arguments(sum).next().map(rounded).filter(|e| column(e).is_some() && !is_distinct(sum))
            else {
                continue;
            };
            let divided = |e: &Expr| matches!(e, Expr::BinaryOp { op: BinaryOperator::Divide, right, .. } if any(right, &mut is_aggregate));
            if view.outline.around(at).any(divided) {
                continue;
            }
            if let Some((alias, more)) = part_of_key(view, id, of, &held) {
                let finding = Diagnostic::warning("fan-out", format!("each total is added once for each `{more}`"))
                    .why(format!("`{alias}` has a row for each `{more}` too, and all of them meet the same total"))
                    .next("aggregate both sides to the same key before the join");
                out.push(view.at(span(piece.expr), finding));
                return;
            }
        }
    }
}

/// The relation whose rows meet the same total several times, and the column that tells those apart.
fn part_of_key(view: &View<'_, '_>, id: usize, of: &Expr, held: &[(&Expr, &Expr)]) -> Option<(String, String)> {
    let part = &view.outline.selects[id];
    let at = view.relation(id, of)?;
    let Target::Level(level) = part.relations[at].target else { return None };
    let inner = view.outline.selects.get(view.outline.levels[level].select?)?;
    let total = |e: &Expr| call(rounded(e), &["sum", "count"]).is_some_and(|f| f.over.is_none() && !is_distinct(f));
    if !matches!(view.outline.origin(id, of), Some(Origin::Expr(made, _)) if total(made)) {
        return None;
    }
    let groups: BTreeSet<String> =
        super::sums::groups(inner.select)?.into_iter().map(|g| column(g).map(lower)).collect::<Option<_>>()?;
    (0..part.relations.len()).filter(|other| *other != at).find_map(|other| {
        let pairs =
            held.iter().filter(|(a, b)| view.relation(id, a) == Some(at) && view.relation(id, b) == Some(other));
        let names: Vec<(String, String)> =
            pairs.filter_map(|(a, b)| Some((lower(column(a)?), lower(column(b)?)))).collect();
        let (ours, theirs): (BTreeSet<String>, BTreeSet<String>) = names.into_iter().unzip();
        if ours != groups || ours.is_empty() {
            return None;
        }
        let target = part.relations[other].target;
        let keys = keys_of(view, target);
        let (node, _) = super::grain::base(view, target)?;
        let key = keys.iter().find(|k| theirs.is_subset(k) && theirs.len() < k.len())?;
        let named = |name: &String| {
            view.outline.pieces[part.pieces.clone()]
                .iter()
                .any(|p| column(p.expr).is_some_and(|c| lower(c) == *name) && view.relation(id, p.expr) == Some(other))
        };
        let more = key.difference(&theirs).next().filter(|_| !key.difference(&theirs).any(named))?;
        let whole = !keys.iter().any(|k| k.is_subset(&theirs)) && super::grain::is_tested(view, node, key, 0);
        whole.then(|| (part.relations[other].alias.clone(), more.clone()))
    })
}
