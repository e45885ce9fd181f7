//! Nulls that are compared, counted and left out by accident.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, JoinConstraint, SelectItem, Spanned, UnaryOperator};

use super::expressions::{
    arguments, bare, call, column, compares, conjuncts, is_distinct, is_literal, is_null, whole_number, words,
};
use super::look::{View, span};
use super::outline::{Clause, Origin, Reads, Step, Target, constraint};
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Place, Severity};

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
        look: Look::Query(count_nullable),
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
        let subquery = match piece.expr {
            Expr::InSubquery { subquery, negated: true, .. } => subquery,
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => match bare(expr) {
                Expr::InSubquery { subquery, negated: false, .. } => subquery,
                _ => continue,
            },
            Expr::AllOp { compare_op: BinaryOperator::NotEq, right, .. } => match bare(right) {
                Expr::Subquery(subquery) => subquery,
                _ => continue,
            },
            _ => continue,
        };
        let Some(level) = view.outline.levels.iter().find(|l| std::ptr::eq(l.query, subquery.as_ref())) else {
            continue;
        };
        for side in &level.sides {
            let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] =
                view.outline.selects[*side].select.projection.as_slice()
            else {
                continue;
            };
            if view.nullable(*side, item).unwrap_or_else(|| may_be_missing(&view, *side, item)) {
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

fn count_nullable(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        count_of_missing(&view, id, out);
        average_of_some(&view, id, out);
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let Some(function) = call(expr, &["count"]) else { continue };
            let Some(argument) = arguments(function).next() else { continue };
            let Some(name) = column(argument) else { continue };
            if is_distinct(function) || function.over.is_some() || function.filter.is_some() {
                continue;
            }
            let key = |w: &String| matches!(w.as_str(), "id" | "key" | "sk" | "uuid" | "pk");
            let (said, counted) = (words(&alias.value), words(&name.value));
            // `orders_with_coupon`, `rated_orders`: the name says which of them.
            // The `enrolled` of enrolments are all of them.
            let own = |w: &String| view.all_names_of(id, 0).iter().any(|n| n.len() > 4 && near(w, n));
            let some = |w: &String| {
                w.len() > 4 && w.ends_with("ed") && !own(w)
                    || ["with", "having", "known", "non", "sold", "paid", "won", "lost"].contains(&w.as_str())
            };
            let alike = said.iter().any(some) || said.iter().any(|s| counted.iter().any(|c| c == s || near(c, s)));
            // Counting the key of what an outer join may not find is how its matches are counted.
            if alike || counted.iter().any(key) && !left_empty(&view, id, argument, &said) {
                continue;
            }
            let meant = missing_as_meant(&view, id, argument, &said) || joined_by(&view, id, argument);
            let asked = super::lost::is_asked_for(&view, id, argument);
            if view.nullable(id, argument) == Some(true) && !meant && !asked {
                let finding = Diagnostic::warning(
                    "count-nullable",
                    format!("`count({})` leaves out the rows where it is null", name.value),
                )
                .why(format!("`{}` reads as if all were counted", alias.value))
                .next(format!("write `count(*)`, or say in the name that only rows with `{}` count", name.value));
                out.push(view.at(span(expr), finding));
            }
        }
    }
}

/// Whether what is counted is null only where a left join found nothing, and its rows are what `said` says: counting
/// `amount` of left joined offers counts the offers.
fn missing_as_meant<'a>(view: &View<'_, 'a>, select: usize, counted: &'a Expr, said: &[String]) -> bool {
    let Some(Origin::Node(id, name)) = view.outline.origin(select, counted) else { return false };
    let Some(node) = view.node(id) else { return false };
    let of_node = words(&node.name);
    let described = node.described.iter().flat_map(|d| &d.columns).find(|c| c.name.eq_ignore_ascii_case(name));
    let filled = described.is_some_and(|c| c.tests.iter().any(|t| t.name == "not_null"));
    filled && said.iter().any(|w| w.len() > 3 && of_node.contains(w))
}

/// Whether a column is what an outer join is on: it is null only where that finds nothing, and counts what it finds.
fn joined_by(view: &View<'_, '_>, select: usize, counted: &Expr) -> bool {
    let part = &view.outline.selects[select];
    let Some(at) = view.relation(select, counted).filter(|at| part.relations[*at].outer) else { return false };
    let own = |e: &Expr| {
        let same = column(e).zip(column(counted)).is_some_and(|(a, b)| a.value.eq_ignore_ascii_case(&b.value));
        same && view.relation(select, e) == Some(at)
    };
    match part.relations[at].join.and_then(constraint) {
        Some(JoinConstraint::On(condition)) => super::expressions::any(condition, &mut |e| own(e)),
        _ => false,
    }
}

/// Whether a key is that of another table, which tests or a source say can be missing, and `said` is of the rows
/// themselves: `order_count` of orders, but not `logged_in_events` of events.
fn left_empty<'a>(view: &View<'_, 'a>, select: usize, key: &'a Expr, said: &[String]) -> bool {
    let Some(rows) = view.relation(select, key).map(|r| view.all_names_of(select, r)) else { return false };
    let counting =
        |w: &String| ["count", "cnt", "num", "number", "total", "n", "of", "row", "all"].contains(&w.as_str());
    let of_rows = |w: &String| rows.iter().any(|r| r.len() > 2 && (r == w || near(r, w))) || w == "txn";
    if !said.iter().all(|w| counting(w) || of_rows(w)) {
        return false;
    }
    let Some(Origin::Node(id, _)) = view.outline.origin(select, key) else { return false };
    let outer = view.relation(select, key).is_some_and(|r| view.outline.selects[select].relations[r].outer);
    let joins_nothing = |n: &crate::dbt::Node| {
        n.kind == crate::dbt::Kind::Source
            || n.described.is_some()
            || n.name.starts_with("stg_")
            || n.name.starts_with("base_")
    };
    let said = || view.absent(select, key).is_some_and(|c| view.said_of(c).is_some());
    let untested =
        || view.seen(key).is_some_and(|c| c.unique == Some(false)) && view.node(id).is_some_and(joins_nothing);
    !outer && (said() || untested())
}

/// `count(*)` as the number of what a left join may not find: in the same select, or in the CTE that it reads.
fn count_of_missing(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let part = &view.outline.selects[id];
    let joins = match part.relations.as_slice() {
        [Reads { target: Target::Level(level), .. }] if part.select.selection.is_none() => {
            view.outline.levels[*level].select.filter(|s| {
                let inner = view.outline.selects[*s].select;
                let grouped = !matches!(&inner.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
                !grouped && inner.distinct.is_none() && inner.qualify.is_none() && inner.selection.is_none()
            })
        }
        _ => Some(id),
    };
    let Some(joins) = joins else { return };
    let relations = &view.outline.selects[joins].relations;
    let mut joined = relations.iter().enumerate().filter(|(_, r)| r.outer);
    let (Some((at, reads)), None) = (joined.next(), joined.next()) else { return };
    let GroupByExpr::Expressions(groups, _) = &part.select.group_by else { return };
    let named = |n: u64| match part.select.projection.get(usize::try_from(n).ok()?.checked_sub(1)?)? {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
        _ => None,
    };
    let kept = |e: &Expr| {
        let e = whole_number(e).and_then(named).unwrap_or(e);
        if joins == id {
            return view.relation(id, e).is_some_and(|r| r != at);
        }
        let step = column(e).and_then(|c| view.outline.step(id, 0, &c.value));
        matches!(step, Some(Step::Expr(inner, s)) if s == joins && view.relation(s, inner).is_some_and(|r| r != at))
    };
    if groups.is_empty() || !groups.iter().all(kept) {
        return;
    }
    for item in &part.select.projection {
        let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
        let Some(function) = call(expr, &["count"]) else { continue };
        if function.over.is_some() || function.filter.is_some() || !arguments(function).all(is_literal) {
            continue;
        }
        // Of several names the other side has one too: then its rows may be what is counted.
        let named = |w: &String, r: usize| view.all_names_of(joins, r).contains(w);
        let of_it = |w: &String| {
            w.len() > 3 && w != "count" && named(w, at) && !(0..relations.len()).any(|r| r != at && named(w, r))
        };
        if words(&alias.value).iter().any(of_it) {
            let finding =
                Diagnostic::warning("count-nullable", format!("a row without `{}` counts as one", reads.alias))
                    .why(format!(
                        "`{}` is left joined: where it has no row there is still one of the other side",
                        reads.alias
                    ))
                    .next(format!("count a column of `{}` that is never null: its key", reads.alias));
            let finding = view.at(span(expr), finding);
            // That the join repeats the other side is no fault of what counts the joined.
            out.retain(|f| f.code != "fan-out" || f.place.as_ref().map(start) != finding.place.as_ref().map(start));
            out.push(finding);
        }
    }
}

/// An average of what can be missing, called one for each row: `fee_per_order` is not of the orders without a fee.
fn average_of_some(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    let part = &view.outline.selects[id];
    let counted: Vec<String> = part
        .select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                let f = call(expr, &["count"])?;
                arguments(f).all(is_literal).then(|| words(&alias.value))
            }
            _ => None,
        })
        .flatten()
        .collect();
    for item in &part.select.projection {
        let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
        let Some(function) = call(super::sums::rounded(expr), &["avg", "mean"]).filter(|f| f.over.is_none()) else {
            continue;
        };
        let Some(argument) = arguments(function).next().map(uncast).filter(|a| column(a).is_some()) else { continue };
        let said = words(&alias.value);
        // The average of ratios is of ratios.
        if column(argument).is_some_and(|c| words(&c.value).iter().any(|w| w == "per")) {
            continue;
        }
        let Some(unit) = said.iter().position(|w| w == "per").and_then(|i| said.get(i + 1)) else { continue };
        let of_rows = counted.contains(unit) || view.all_names_of(id, 0).contains(unit) && part.relations.len() == 1;
        // A total of what has none is no row that is left out.
        let of_rows = of_rows && !is_total(view, id, argument);
        if function.filter.is_none() && of_rows && view.nullable(id, argument) == Some(true) {
            let name = column(argument).map_or("it", |c| &c.value);
            let finding = Diagnostic::warning(
                "count-nullable",
                format!("the average leaves out the rows where `{name}` is null"),
            )
            .why(format!("`{}` reads as if every {unit} were in it", alias.value))
            .next(format!("write `avg(coalesce({name}, 0))`, or say in the name of which it is"));
            out.push(view.at(span(expr), finding));
        }
    }
}

/// Whether a column is an aggregate of a CTE, and no outer join on the way can have found none.
fn is_total(view: &View<'_, '_>, mut select: usize, column_of: &Expr) -> bool {
    let mut expr = column_of;
    for _ in 0..8 {
        let (Some(name), Some(relation)) = (column(uncast(expr)), view.relation(select, uncast(expr))) else { break };
        if view.outline.selects[select].relations[relation].outer {
            return false;
        }
        match view.outline.step(select, relation, &name.value) {
            Some(Step::Expr(inner, at)) => (expr, select) = (inner, at),
            _ => return false,
        }
    }
    super::expressions::any(expr, &mut super::expressions::is_aggregate)
}

fn uncast(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Cast { expr, .. } => uncast(expr),
        other => other,
    }
}

fn start(place: &Place) -> (&str, Option<usize>, Option<usize>) {
    (&place.file, place.line, place.column)
}

/// `shipped` and `shipment`, `paid` and `payment`.
fn near(a: &str, b: &str) -> bool {
    let alike = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    alike >= 4 || alike >= 2 && (a.starts_with("pa") && b.starts_with("pa"))
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
