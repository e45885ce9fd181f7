//! Nulls that are compared, counted and left out by accident.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem, Spanned, UnaryOperator};

use super::expressions::{arguments, bare, call, column, compares, conjuncts, is_distinct, is_literal, is_null};
use super::look::{View, span};
use super::outline::{Clause, Origin};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "equals-null",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "a comparison with null, which is never true",
        look: Look::Query(equals_null),
    },
    Rule {
        code: "not-in-nullable",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "`not in` over values of which one can be null",
        look: Look::Query(not_in_nullable),
    },
    Rule {
        code: "count-nullable",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "rows counted by a column that can be null",
        look: Look::Query(super::counts::count_nullable),
    },
    Rule {
        code: "count-everything",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "`count` of a condition, which counts the rows that don't meet it too",
        look: Look::Query(count_everything),
    },
    Rule {
        code: "null-joins-null",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a default in a join's keys, so that missing keys meet each other",
        look: Look::Query(null_joins_null),
    },
    Rule {
        code: "sum-case-null",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a sum that is null where nothing meets its `case`, calculated with",
        look: Look::Query(sum_case_null),
    },
];

fn equals_null(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        match piece.expr {
            Expr::BinaryOp { left, op, right } if compares(op) && (is_null(left) || is_null(right)) => {
                let negated = *op != BinaryOperator::Eq;
                let by = if negated { "is not null" } else { "is null" };
                let finding = Diagnostic::error("equals-null", format!("`{op} null` is never true"))
                    .why("a comparison with null gives null, whatever the other side is")
                    .next(format!("write `{by}`"));
                let mut finding = view.at(span(piece.expr), finding);
                if matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq) && is_null(right) {
                    let (from, to) = (span(left).end, right.span().end);
                    let plain = column(left).is_some();
                    finding.fix = plain.then(|| view.fix(from, to, &format!(" {by}"))).flatten().map(Box::new);
                }
                out.push(finding);
            }
            Expr::Case { operand: Some(_), conditions, .. } => {
                for when in conditions.iter().filter(|w| is_null(&w.condition)) {
                    let finding = Diagnostic::error("equals-null", "`case … when null` is never met")
                        .why("it compares with `=`, and nothing equals null")
                        .next("write `case when … is null then`");
                    out.push(view.at(when.condition.span(), finding));
                }
            }
            Expr::InList { list, negated: true, .. } => {
                for item in list.iter().filter(|e| is_null(e)) {
                    let finding = Diagnostic::error("equals-null", "`not in (…, null)` is never true")
                        .why("no value is known to differ from null")
                        .next("take the null out of the list");
                    out.push(view.at(item.span(), finding));
                }
            }
            _ => {}
        }
    }
}

fn not_in_nullable(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let of_all = |e| match bare(e) {
            Expr::Subquery(subquery) => Some(subquery),
            _ => None,
        };
        let subquery = match piece.expr {
            Expr::InSubquery { subquery, negated: true, .. } => Some(subquery),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => match bare(expr) {
                Expr::InSubquery { subquery, negated: false, .. } => Some(subquery),
                Expr::AnyOp { compare_op: BinaryOperator::Eq, right, .. } => of_all(right),
                _ => None,
            },
            Expr::AllOp { compare_op: BinaryOperator::NotEq, right, .. } => of_all(right),
            _ => None,
        };
        let Some(subquery) = subquery else { continue };
        let Some(level) = view.outline.levels.iter().find(|l| std::ptr::eq(l.query, subquery.as_ref())) else {
            continue;
        };
        for side in &level.sides {
            let items = view.outline.selects[*side].select.projection.iter().filter_map(|item| match item {
                SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. } => Some(item),
                _ => None,
            });
            let items: Vec<&Expr> = items.collect();
            // Of several only what is known to be null in some rows: the others tell those apart.
            let is_missing = |item: &&Expr| {
                let known = view.nullable(*side, item);
                known.unwrap_or_else(|| items.len() == 1 && may_be_missing(&view, *side, item))
            };
            if let Some(item) = items.iter().copied().find(is_missing) {
                let shown = column(item).map_or("it".to_owned(), |c| format!("`{}`", c.value));
                let finding = Diagnostic::warning("not-in-nullable", format!("`not in` where {shown} can be null"))
                    .why("one null in the list makes it true for no row: everything is filtered out")
                    .next(format!("use `not exists`, or add `where {} is not null`", shown.trim_matches('`')));
                out.push(view.at(span(item), finding));
            }
        }
    }
}

/// Whether a column of which nothing is known is not the key of its own table: the `id` of what is asked for, or
/// `order_id` of orders.
fn may_be_missing<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> bool {
    let (Some(name), Some(rows)) = (column(expr), view.relation(select, expr)) else { return false };
    if view.seen(expr).is_some_and(|c| c.unique == Some(true)) {
        return false;
    }
    // What a seed holds is in the repository, for all to see.
    if let Some(Origin::Node(id, _)) = view.outline.origin(select, expr)
        && view.node(id).is_some_and(|n| n.kind == crate::dbt::Kind::Seed)
    {
        return false;
    }
    let name = name.value.to_ascii_lowercase();
    let own = |subject: &str| {
        subject.is_empty() || view.names_of(select, rows).iter().any(|w| w.len() > 2 && subject.ends_with(w.as_str()))
    };
    !["id", "key", "uuid", "sk"].iter().any(|k| name.strip_suffix(k).is_some_and(|s| own(s.trim_end_matches('_'))))
}

fn count_everything(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let Some(function) = call(piece.expr, &["count"]) else { continue };
        if matches!(piece.expr, Expr::Nested(_)) {
            continue;
        }
        let Some(argument) = arguments(function).next() else { continue };
        let what = match bare(argument) {
            Expr::Case { else_result: Some(otherwise), .. } if is_literal(otherwise) => {
                "`count(case … else … end)` counts every row"
            }
            Expr::Function(f) if super::expressions::is_one_of(f, &["if", "iff"]) => match arguments(f).nth(2) {
                Some(otherwise) if is_literal(otherwise) => "`count(if(…))` counts every row",
                _ => continue,
            },
            Expr::BinaryOp { op, left, right } if compares(op) && !is_null(left) && !is_null(right) => {
                "`count` of a comparison counts where it is false too"
            }
            Expr::IsNull(_) | Expr::IsNotNull(_) => "`count` of a condition counts where it is false too",
            _ => continue,
        };
        if is_distinct(function) {
            continue;
        }
        let finding = Diagnostic::error("count-everything", what)
            .why("`count` takes in every value that is not null, and 0 and false are values")
            .next("leave the `else` out, or use `sum(case when … then 1 else 0 end)`");
        out.push(view.at(span(piece.expr), finding));
    }
}

fn null_joins_null(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in view.outline.pieces.iter().filter(|p| p.clause == Clause::On && p.depth == 0) {
        for condition in conjuncts(piece.expr) {
            let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { continue };
            let default = |e| {
                let parts: Vec<&Expr> = arguments(call(e, &["coalesce", "ifnull", "nvl"])?).collect();
                let [first, last] = parts.as_slice() else { return None };
                (column(first).is_some() && is_literal(last)).then_some(*last)
            };
            if let (Some(a), Some(b)) = (default(left), default(right))
                && (a == b || super::expressions::text(a).is_some_and(|t| super::expressions::text(b) == Some(t)))
            {
                let finding = Diagnostic::warning("null-joins-null", "rows without a key are joined to each other")
                    .why("both sides put the same value in the place of null, so every missing key equals every other")
                    .next("join on the columns as they are; a null key then meets nothing");
                out.push(view.at(span(condition), finding));
            }
        }
    }
}

fn sum_case_null(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let open_case = |e: &Expr| {
        let function = call(e, &["sum"])?;
        let argument = arguments(function).next()?;
        matches!(bare(argument), Expr::Case { else_result: None, .. }).then_some(())
    };
    for piece in &view.outline.pieces {
        let Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } = piece.expr else {
            continue;
        };
        for side in [left, right] {
            if open_case(side).is_some() {
                let finding = Diagnostic::warning("sum-case-null", "the sum is null where no row meets its `case`")
                    .why("and so is whatever is added to it or taken from it")
                    .next("add `else 0`");
                out.push(view.at(span(bare(side)), finding));
            }
        }
    }
}
