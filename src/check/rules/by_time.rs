//! Joins by time alone, of sides that both say what they are about.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr};

use super::expressions::{any, column, conjuncts, lower, words};
use super::look::View;
use super::outline::Target;
use super::ranges::{TIMES, columns_of, is_id, keys_of, on};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic};

/// `on o.ordered_at >= c.starts_on`, where both have a `store_id` that no condition names.
pub(super) fn by_time_alone(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (id, part) in view.outline.selects.iter().enumerate() {
        // One row of several is chosen afterwards.
        if part.relations.len() < 2 || part.select.qualify.is_some() || part.select.distinct.is_some() {
            continue;
        }
        let asked = part.relations.iter().filter_map(on).chain(&part.select.selection).flat_map(conjuncts);
        let ties: Vec<Tie> = asked.filter_map(|condition| tie(view, id, condition)).collect();
        for (at, reads) in part.relations.iter().enumerate().skip(1).filter(|(_, r)| on(r).is_some()) {
            let of_it = |t: &&Tie| t.relations.contains(&at) && t.relations.iter().all(|r| *r <= at);
            let mut others: BTreeSet<usize> =
                ties.iter().filter(of_it).filter(|t| t.by_time).flat_map(|t| t.relations.iter().copied()).collect();
            others.remove(&at);
            // Where columns are held equal, their keys tell what is repeated.
            if ties.iter().filter(of_it).all(|t| t.is_equality) {
                continue;
            }
            let [other] = others.iter().copied().collect::<Vec<_>>()[..] else { continue };
            if part.relations[other].target == reads.target || are_tied(&ties, at, other) {
                continue;
            }
            let (ours, theirs) = (columns_of(view, reads.target), columns_of(view, part.relations[other].target));
            let sides = [reads.target, part.relations[other].target];
            let keys: Vec<BTreeSet<String>> = sides.iter().flat_map(|t| keys_of(view, *t)).collect();
            let alone = |name: &String| keys.iter().any(|k| k.len() == 1 && k.contains(name));
            let named = |name: &String| ties.iter().any(|t| t.names.contains(name));
            let both = |name: &&String| theirs.contains(*name) && is_id(name) && !alone(name) && !named(name);
            let Some(name) = ours.iter().find(both) else { continue };
            if keys.is_empty() || sides.iter().any(|t| is_one_a_time(view, *t)) {
                continue;
            }
            let alias = &part.relations[other].alias;
            let what = format!("`{name}` stands on both sides and is not joined");
            let finding = Diagnostic::warning("cartesian-join", what)
                .why(format!("only times tie `{}` to `{alias}`: each row meets those of every `{name}`", reads.alias))
                .next(format!("add the condition on `{name}`"));
            out.push(view.at(reads.span, finding));
        }
    }
}

/// A condition over several relations.
struct Tie {
    relations: BTreeSet<usize>,
    /// The columns in it, lower case.
    names: BTreeSet<String>,
    /// All of them are times.
    by_time: bool,
    /// It holds one column equal to another.
    is_equality: bool,
}

fn tie(view: &View<'_, '_>, select: usize, condition: &Expr) -> Option<Tie> {
    let is_equality = matches!(condition, Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if column(left).is_some() && column(right).is_some());
    let mut tie = Tie { relations: BTreeSet::new(), names: BTreeSet::new(), by_time: true, is_equality };
    let (mut sure, mut other) = (true, false);
    any(condition, &mut |e| {
        other |= matches!(e, Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. });
        let Some(name) = column(e).map(lower).filter(|_| !matches!(e, Expr::Nested(_))) else { return false };
        // A part of a date stands like a column: `date_trunc(x, month)`.
        if super::times::is_part(&name) && view.relation(select, e).is_none() {
            return false;
        }
        match view.relation(select, e) {
            Some(relation) => _ = tie.relations.insert(relation),
            None => sure = false,
        }
        tie.by_time &= is_time(view, e, &name);
        tie.names.insert(name);
        false
    });
    // What is not understood may tie anything.
    tie.by_time &= sure && !other;
    (tie.relations.len() > 1 || !sure || other).then_some(tie)
}

fn is_time(view: &View<'_, '_>, expr: &Expr, name: &str) -> bool {
    match view.column_type(expr) {
        ColumnType::Known(t) => matches!(t, DataType::Date | DataType::Timestamp | DataType::TimestampTz),
        _ => words(name).last().is_some_and(|w| TIMES.contains(&w.as_str())),
    }
}

/// Whether conditions on something else than times tie two relations, also by way of others.
fn are_tied(ties: &[Tie], from: usize, to: usize) -> bool {
    // What is not understood may be of any relation.
    if ties.iter().any(|t| !t.by_time && t.relations.len() < 2) {
        return true;
    }
    let mut reached = BTreeSet::from([from]);
    loop {
        let before = reached.len();
        for tie in ties.iter().filter(|t| !t.by_time) {
            if !tie.relations.is_disjoint(&reached) {
                reached.extend(&tie.relations);
            }
        }
        if reached.contains(&to) || reached.len() == before {
            return reached.contains(&to);
        }
    }
}

/// Whether a relation has one row for each time, or one at all.
fn is_one_a_time(view: &View<'_, '_>, target: Target) -> bool {
    let time = |name: &str| words(name).last().is_some_and(|w| TIMES.contains(&w.as_str()));
    if view.outline.one_row(target) || keys_of(view, target).iter().any(|k| k.iter().all(|c| time(c))) {
        return true;
    }
    let Target::Level(level) = target else { return false };
    let Some(select) = view.outline.levels[level].select else { return false };
    let part = &view.outline.selects[select];
    let GroupByExpr::Expressions(groups, _) = &part.select.group_by else { return true };
    let by_time = |e: &Expr| matches!(view.column_type(e), ColumnType::Known(DataType::Date | DataType::Timestamp));
    !groups.is_empty() && groups.iter().all(by_time)
}
