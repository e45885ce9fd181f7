//! Rows that are lost because a column is null in them: by a filter that wants another value, by a join of groups.

use sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, JoinOperator, UnaryOperator};

use super::absent::{Cause, defaulted};
use super::expressions::{any, arguments, bare, call, column, conjuncts, is_literal, text, words};
use super::look::{View, rejects_null, span};
use super::outline::{Clause, Target, constraint};
use super::told::Absence;
use super::undone::meets_zero;
use super::{Family, Look, Query, Rule};
use crate::check::said::null_is_zero;
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "null-left-out",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "`<>` or `not in` on what can be null, which leaves those rows out too",
        look: Look::Query(null_left_out),
    },
    Rule {
        code: "null-group-lost",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "groups joined by what can be null, where the group without a value meets nothing",
        look: Look::Query(null_group_lost),
    },
];

fn null_left_out(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    never_false(&view, out);
    for (id, part) in view.outline.selects.iter().enumerate() {
        let conditions: Vec<&Expr> = part.select.selection.iter().flat_map(|f| conjuncts(f)).collect();
        for condition in conditions.iter().copied() {
            let passes = differs_from(condition).or_else(|| lets_all_pass(condition));
            let Some(tested) = passes.or_else(|| met_by_zero(condition)) else { continue };
            // A text in lower case is null where the text is.
            let tested = call(tested, &["lower", "upper", "trim"]).and_then(|f| arguments(f).next()).unwrap_or(tested);
            let Some(name) = column(tested) else { continue };
            let seen = || view.seen(tested).and_then(|c| c.nullable) == Some(true);
            let untested = || passes.is_some() && (seen() || view.nullable_in_row(id, tested) == Some(true));
            let wanted = || "a text says that they are meant, and no test says that it is never null".to_owned();
            let is_wanted = || super::averages::wants_those_without(&view, &name.value);
            let why = made_null(&view, id, tested).or_else(|| (untested() && is_wanted()).then(wanted));
            let Some(why) = why else { continue };
            let is_zero = || view.absent_before(id, tested).and_then(|c| view.said_of(c)).is_some_and(null_is_zero);
            if passes.is_none() && !is_zero() {
                continue;
            }
            // Empty texts that were made null and are then left out by `<> ''` were to go.
            let empties = matches!(condition, Expr::BinaryOp { right, .. } if text(right) == Some(""));
            let same = |e: &Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(&name.value));
            let others = || conditions.iter().filter(|c| !std::ptr::eq(**c, condition));
            let differs = |c: &Expr| matches!(c, Expr::BinaryOp { op: BinaryOperator::NotEq, .. });
            let asked = others().any(|c| !differs(c) && rejects_null(c, &same));
            if empties || asked || is_asked_for(&view, id, tested) || is_of_those(query, &name.value) {
                continue;
            }
            let finding =
                Diagnostic::warning("null-left-out", format!("rows without `{}` are left out too", name.value))
                    .why(format!("{why}, and null meets no comparison"))
                    .next("write `is distinct from`, or `coalesce` it first");
            out.push(view.at(span(condition), finding));
        }
    }
}

/// What a condition wants to be other than something that is written out.
fn differs_from(condition: &Expr) -> Option<&Expr> {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } if is_literal(right) => Some(left),
        Expr::InList { expr, list, negated: true } if list.iter().all(is_literal) => Some(expr),
        Expr::InSubquery { expr, negated: true, .. } => Some(expr),
        Expr::Like { expr, pattern, negated: true, .. } | Expr::ILike { expr, pattern, negated: true, .. }
            if is_literal(pattern) =>
        {
            Some(expr)
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => match bare(expr) {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_literal(right) => Some(left),
            Expr::InList { expr, list, negated: false } if list.iter().all(is_literal) => Some(expr),
            Expr::InSubquery { expr, negated: false, .. } => Some(expr),
            Expr::Like { expr, pattern, negated: false, .. } | Expr::ILike { expr, pattern, negated: false, .. }
                if is_literal(pattern) =>
            {
                Some(expr)
            }
            _ => None,
        },
        _ => None,
    }
}

/// What a condition holds against a number, where 0 meets it.
fn met_by_zero(condition: &Expr) -> Option<&Expr> {
    match condition {
        Expr::BinaryOp { left, .. } if meets_zero(condition) => Some(left),
        _ => None,
    }
}

/// What a condition is about that is true of every value, and is not of null: `like '%'`, `x = coalesce(null, x)`.
fn lets_all_pass(condition: &Expr) -> Option<&Expr> {
    let any_text = |e: &Expr| text(e).is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b == b'%'));
    match condition {
        Expr::Like { expr, pattern, negated: false, .. } | Expr::ILike { expr, pattern, negated: false, .. } => {
            any_text(pattern).then_some(expr)
        }
        Expr::RLike { expr, pattern, negated: false, .. } | Expr::SimilarTo { expr, pattern, negated: false, .. } => {
            (any_text(pattern) || matches!(text(pattern), Some(".*" | "^.*$"))).then_some(expr)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            let last = defaulted(right).and_then(|f| arguments(f).last())?;
            (column(left).is_some() && bare(left) == bare(last)).then_some(left)
        }
        _ => None,
    }
}

/// `not is_refunded` of what is true or null, and never false.
fn never_false(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const NEVER: &[&str] = &[
        "otherwise null",
        "else null",
        "or null",
        "never false",
        "writes false",
        "null otherwise",
        "null if not",
        "null when not",
    ];
    for piece in &view.outline.pieces {
        let (Some(select), flag) = (piece.select, negated(piece.expr)) else { continue };
        let Some(flag) = flag else { continue };
        let Some(cause) = view.absent_before(select, flag) else { continue };
        let Some(said) = view.said_of(cause) else { continue };
        let text = super::promised::plain(said);
        let name = column(flag).map_or("it", |c| c.value.as_str());
        if piece.clause == Clause::Where
            && let Some(why) = unknown_flag(view, flag, said)
        {
            let what = format!("rows without `{name}` are left out too");
            let finding = Diagnostic::warning("null-left-out", what)
                .why(why)
                .next(format!("write `{name} is not true`, or `not coalesce({name}, false)`"));
            out.push(view.at(span(piece.expr), finding));
            continue;
        }
        if !super::promised::has(&text, &["true"]) || !super::promised::has(&text, NEVER) {
            continue;
        }
        let finding = Diagnostic::warning("null-left-out", format!("`{name}` is never false"))
            .why(format!(
                "it is described as `{}`, and what is not known to be true is not known to be false",
                brief(said)
            ))
            .next(format!("write `{name} is not true`, or `not coalesce({name}, false)`"));
        out.push(view.at(span(piece.expr), finding));
    }
}

/// `not is_late` of what is null in rows that a text says are meant too: `those of before 2022 count as on time`.
fn unknown_flag(view: &View<'_, '_>, flag: &Expr, said: &str) -> Option<&'static str> {
    const TOO: &[&str] = &["count as", "counts as", "count too", "not known", "also", "too", "include", "included"];
    let stem = |w: &str| w.chars().take(5).collect::<String>();
    let stems = |text: &str| -> Vec<String> {
        let told = super::promised::plain(text);
        told.split_whitespace().filter(|w| w.len() > 3 && !PLAIN.contains(w)).map(stem).collect()
    };
    let of = stems(said);
    let own = column(flag).map(|c| stems(&c.value)).unwrap_or_default();
    let speaks = |text: &String| {
        let shared: std::collections::BTreeSet<String> = stems(text).into_iter().filter(|w| of.contains(w)).collect();
        super::promised::has(text, TOO) && shared.iter().filter(|w| !own.contains(w)).count() > 1
    };
    let meant = super::promised::told(view.query.node).iter().any(speaks);
    meant.then_some("a text says that those rows are meant, and what is not known to be true is not known to be false")
}

/// The flag that a condition wants to be false.
fn negated(expr: &Expr) -> Option<&Expr> {
    let is_false = |e: &Expr| e.to_string().eq_ignore_ascii_case("false");
    let flag = match expr {
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => bare(expr),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_false(right) => bare(left),
        Expr::IsFalse(expr) => bare(expr),
        _ => return None,
    };
    column(flag).is_some().then_some(flag)
}

/// What makes a column null on purpose, in this query or in a node that it reads, or says that it is.
fn made_null<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> Option<String> {
    match view.absent_before(select, expr)? {
        Cause::Made(e) if call(e, &["nullif"]).is_some() => Some("`nullif` makes it null".to_owned()),
        Cause::Made(Expr::Case { .. }) => Some("a `case` makes it null".to_owned()),
        Cause::Given(id, name) => match view.absence(id, name)? {
            Absence::Made => Some("what is read makes it null".to_owned()),
            Absence::Said(said) => Some(format!("it is described as `{}`", brief(said))),
            Absence::Unmatched => None,
        },
        _ => None,
    }
}

/// The beginning of a description, for a line of text.
pub(super) fn brief(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Words that say for which rows, not which they are.
const PLAIN: &[&str] =
    &["null", "when", "unless", "until", "while", "only", "with", "without", "empty", "that", "this"];

/// Whether a filter keeps the rows in which a column, that is null in some by its description, has a value: it speaks
/// of the same as the description. `where status = 'cancelled'` of what is `null unless cancelled`.
pub(super) fn is_asked_for<'a>(view: &View<'_, 'a>, select: usize, part: &'a Expr) -> bool {
    let Some(Cause::Given(id, name)) = view.absent_before(select, part) else { return false };
    let Some(Absence::Said(said)) = view.absence(id, name) else { return false };
    let stem = |w: &str| w.chars().take(5).collect::<String>();
    let said: Vec<String> = said
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|w| w.len() > 3 && !PLAIN.contains(&w.as_str()))
        .map(|w| stem(&w))
        .collect();
    let own = column(part).map(|c| c.value.to_ascii_lowercase());
    let mut at = Some(select);
    for _ in 0..8 {
        let Some(select) = at else { break };
        let part = &view.outline.selects[select];
        let mut filters = part.select.selection.iter().flat_map(|f| conjuncts(f));
        let speaks = |filter: &Expr| {
            any(filter, &mut |e| {
                let names = match column(e) {
                    Some(c) if own.as_deref() == Some(c.value.to_ascii_lowercase().as_str()) => Vec::new(),
                    Some(c) => words(&c.value),
                    None => text(e).map(words).unwrap_or_default(),
                };
                names.iter().any(|w| w.len() > 3 && said.contains(&stem(&w.to_lowercase())))
            })
        };
        if filters.any(|f| !has(f, own.as_deref()) && speaks(f)) {
            return true;
        }
        at = match part.relations.first().map(|r| r.target) {
            Some(Target::Level(level)) => view.outline.levels[level].select,
            _ => None,
        };
    }
    false
}

/// Whether a model is said to be of the rows in which a column has a value: `churned_not_fraud` by `churn_reason`.
fn is_of_those(query: &Query<'_>, column: &str) -> bool {
    let stem = |w: &str| w.chars().take(5).collect::<String>();
    let of: Vec<String> = words(column).iter().filter(|w| w.len() > 3).map(|w| stem(w)).collect();
    let is = |w: &String| w.len() > 5 && w.ends_with("ed") && of.contains(&stem(w));
    let negation = |w: &String| ["not", "non", "never", "without", "no", "except", "but"].contains(&w.as_str());
    let name = words(&query.node.name);
    let said = super::promised::of_model(query);
    // What the model is of comes first.
    let first = said.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    [name, first].iter().any(|told| told.iter().take_while(|w| !negation(w)).any(is))
}

/// Whether an expression has a column of a name.
fn has(expr: &Expr, name: Option<&str>) -> bool {
    any(expr, &mut |e| column(e).zip(name).is_some_and(|(c, n)| c.value.eq_ignore_ascii_case(n)))
}

fn null_group_lost(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        for reads in &part.relations {
            let inner = matches!(reads.join, Some(JoinOperator::Join(_) | JoinOperator::Inner(_)));
            let Some(JoinConstraint::On(on)) = reads.join.filter(|_| inner).and_then(constraint) else { continue };
            for condition in conjuncts(on) {
                let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { continue };
                let (Some(a), Some(b)) = (column(left), column(right)) else { continue };
                let (Some(x), Some(y)) = (group_of(&view, id, left), group_of(&view, id, right)) else { continue };
                if !same(x.0, y.0) || !(x.1 || y.1) {
                    continue;
                }
                let both = x.1 && y.1;
                // Rows without a key to something else need not be kept with those that have one.
                let key = |name: &str| words(name).iter().any(|w| ["id", "key", "uuid", "sk"].contains(&w.as_str()));
                let is =
                    |e: &Expr| column(e).is_some_and(|c| [a, b].iter().any(|n| n.value.eq_ignore_ascii_case(&c.value)));
                let mut filters = part.select.selection.iter().flat_map(|f| conjuncts(f));
                if !both && (key(&a.value) || filters.any(|f| rejects_null(f, &is))) {
                    continue;
                }
                let (what, why, next) = match both {
                    true => (
                        format!("the group without `{}` meets nothing and is lost", a.value),
                        "both sides have a group for the rows in which it is null, and null equals nothing",
                        "give it a name before grouping: `coalesce(…, 'none')`",
                    ),
                    false => (
                        format!("rows without `{}` don't meet their own group and are lost", a.value),
                        "there is a group for the rows in which it is null, and null equals nothing",
                        "give it a name on both sides: `coalesce(…, 'none')`",
                    ),
                };
                let finding = Diagnostic::warning("null-group-lost", what).why(why).next(next);
                out.push(view.at(span(condition), finding));
            }
        }
    }
}

/// Whether two values are null for the same reason in the same rows.
fn same(a: Cause<'_>, b: Cause<'_>) -> bool {
    match (a, b) {
        (Cause::Given(x, a), Cause::Given(y, b)) => x == y && a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// Why a column can be null, and whether the rows of its relation are grouped by it.
fn group_of<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> Option<(Cause<'a>, bool)> {
    let relation = view.relation(select, expr)?;
    let cause = view.absent_before(select, expr)?;
    let by_join = matches!(cause, Cause::Given(id, name) if view.absence(id, name) == Some(&Absence::Unmatched));
    if by_join {
        return None;
    }
    let Target::Level(level) = view.outline.selects[select].relations[relation].target else {
        return Some((cause, false));
    };
    let Some(part) = view.outline.levels[level].select else { return Some((cause, false)) };
    let grouped = view.outline.pieces[view.outline.selects[part].pieces.clone()]
        .iter()
        .any(|p| p.clause == Clause::Group && p.select == Some(part));
    Some((cause, grouped))
}
