//! Rows that are in a union twice: both sides take them from one table, or each puts a mark of its own on them.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem, SetOperator, SetQuantifier};

use super::expressions::{any, bare, column, conjuncts, is_grouped, is_literal, same_column, text, words};
use super::look::View;
use super::outline::{Part, Target};
use super::promised::{has, told};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "union-overlap",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "rows that are in a union twice: taken by both sides, or kept apart by a mark",
    look: Look::Query(union_overlap),
}];

fn union_overlap(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for set in view.outline.sets.iter().filter(|s| s.op == SetOperator::Union) {
        let [right] = set.right.as_slice() else { continue };
        let all = matches!(set.quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        let what = match all {
            true => set.left.iter().find_map(|left| taken_twice(&view, *left, *right)),
            false => set.left.last().filter(|left| kept_apart(&view, **left, *right)).map(|_| {
                ("the two marks keep all rows of both sides".to_owned(), "rows that differ in the mark are not equal")
            }),
        };
        let Some((what, why)) = what else { continue };
        let finding = Diagnostic::warning("union-overlap", what)
            .why(why)
            .next("let each row meet the conditions of one side alone, or keep one of each key after the union");
        out.push(view.at(view.outline.selects[*right].select.select_token.0.span, finding));
    }
}

/// What a select gives, one row of a relation for each, and of which relation.
fn plain<'a>(part: &Part<'a>) -> Option<(Target, &'a [SelectItem])> {
    let select = part.select;
    let [reads] = part.relations.as_slice() else { return None };
    let same = select.distinct.is_none() && select.having.is_none() && select.qualify.is_none() && !is_grouped(select);
    (same && reads.target != Target::Other).then_some((reads.target, select.projection.as_slice()))
}

fn given(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
        _ => None,
    }
}

fn is_same(a: &Expr, b: &Expr) -> bool {
    a == b || same_column(a, b)
}

/// Why rows come twice that both sides of a `union all` read from one table.
fn taken_twice(view: &View<'_, '_>, left: usize, right: usize) -> Option<(String, &'static str)> {
    let (one, other) = (&view.outline.selects[left], &view.outline.selects[right]);
    let ((target, above), (of, below)) = (plain(one)?, plain(other)?);
    if target != of || above.len() != below.len() {
        return None;
    }
    let (mut marks, mut columns) = (Vec::new(), false);
    for (a, b) in above.iter().zip(below) {
        match (given(a), given(b)) {
            (Some(a), Some(b)) if is_same(a, b) => columns |= column(a).is_some(),
            (Some(a), Some(b)) => marks.push((text(a)?, text(b)?)),
            _ if a == b => columns = true,
            _ => return None,
        }
    }
    let filters = |p: &Part<'_>| p.select.selection.iter().flat_map(conjuncts).cloned().collect::<Vec<Expr>>();
    let (above, below) = (filters(one), filters(other));
    let rest = |of: &[Expr], without: &[Expr]| {
        of.iter().filter(|c| !without.iter().any(|w| w == *c)).cloned().collect::<Vec<Expr>>()
    };
    let (only_above, only_below) = (rest(&above, &below), rest(&below, &above));
    if !columns {
        return None;
    }
    if marks.is_empty() {
        return match (only_above.as_slice(), only_below.as_slice()) {
            ([a], [b]) => common(a, b).map(|both| {
                (
                    format!("both sides take the rows with {both}"),
                    "`union all` keeps the two of each, and both are counted",
                )
            }),
            // Who writes the same twice may mean it.
            ([], []) => None,
            ([], rest) | (rest, []) if rest.iter().all(|c| any(c, &mut |e| column(e).is_some())) => Some((
                "one side takes the rows of the other too".to_owned(),
                "`union all` keeps the two of each, and both are counted",
            )),
            _ => None,
        };
    }
    // The table is called by the mark of one side, and read for the other too.
    let Target::Node(id) = target else { return None };
    let named = words(&view.node(id)?.name);
    let is_of = |mark: &str| words(mark).iter().any(|w| w.len() > 2 && named.contains(w));
    let (_, wrong) = marks.iter().find(|(a, b)| is_of(a) != is_of(b))?;
    (only_above.is_empty() && only_below.is_empty()).then(|| {
        let node = view.node(id).map(|n| n.name.clone()).unwrap_or_default();
        (
            format!("both sides read all of `{node}`, one as `{}`", if is_of(wrong) { marks[0].0 } else { wrong }),
            "each row is there twice, once under a mark that is not its own",
        )
    })
}

/// What two conditions on one column both let in.
fn common(a: &Expr, b: &Expr) -> Option<String> {
    use BinaryOperator::{GtEq, LtEq};
    let list = |e: &Expr| -> Option<(Expr, Vec<Expr>)> {
        match bare(e) {
            Expr::InList { expr, list, negated: false } => Some((bare(expr).clone(), list.clone())),
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_literal(right) => {
                Some((bare(left).clone(), vec![right.as_ref().clone()]))
            }
            _ => None,
        }
    };
    if let (Some((x, one)), Some((y, other))) = (list(a), list(b)) {
        let both = one.iter().find(|v| is_literal(v) && other.contains(v))?;
        return (column(&x).is_some() && is_same(&x, &y)).then(|| format!("`{x}` = {both}"));
    }
    match (bare(a), bare(b)) {
        (Expr::BinaryOp { left, op, right }, Expr::BinaryOp { left: l, op: o, right: r })
            if matches!((op, o), (LtEq, GtEq) | (GtEq, LtEq)) && is_same(left, l) && right == r =>
        {
            column(left).map(|c| format!("`{}` = {right}", c.value))
        }
        _ => None,
    }
}

/// Whether a `union` that is said to leave one of what is on both sides gives each side a mark of its own.
fn kept_apart(view: &View<'_, '_>, left: usize, right: usize) -> bool {
    const BOTH: &[&str] = &[
        "in both",
        "leaves one",
        "leaves only one",
        "drops duplicates",
        "removes duplicates",
        "remove duplicates",
        "deduplicates",
        "deduplicate",
        "dedupes",
        "dedupe",
        "without duplicates",
        "no duplicates",
        "only once",
    ];
    let (one, other) = (&view.outline.selects[left], &view.outline.selects[right]);
    let (Some((_, above)), Some((_, below))) = (plain(one), plain(other)) else { return false };
    let pairs = || above.iter().zip(below).filter_map(|(a, b)| given(a).zip(given(b)));
    let marked = pairs().any(|(a, b)| matches!((text(a), text(b)), (Some(a), Some(b)) if a != b));
    // Where each side has its key, there is nothing to be dropped within one.
    let keyed = pairs().any(|(a, b)| [a, b].iter().all(|e| view.seen(e).is_some_and(|c| c.unique == Some(true))));
    above.len() == below.len() && marked && keyed && told(view.query.node).iter().any(|t| has(t, BOTH))
}
