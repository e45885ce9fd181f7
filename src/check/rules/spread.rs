//! Nulls that take the rest with them: one part that is missing makes a sum, a text or a greatest value null as a whole.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, SelectItem};

use super::absent::{Cause, concat_is_strict, defaulted};
use super::expressions::{any, arguments, bare, call, column, is_literal, is_null, is_one_of, words};
use super::look::{View, span};
use super::lost::brief;
use super::{Family, Look, Query, Rule};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "null-spreads",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "one part that the query makes null, which makes a sum, a text or a greatest value null as a whole",
        look: Look::Query(null_spreads),
    },
    Rule {
        code: "average-of-ones",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "an average over a `case` with one value and no `else`, which is that value",
        look: Look::Query(average_of_ones),
    },
];

/// What stands around a part of an item.
#[derive(Clone, Copy, Default)]
struct Around<'a, 's> {
    /// In a sum.
    summed: bool,
    /// A factor of a product.
    factor: bool,
    /// In a `coalesce` that puts a literal in the place of null.
    defaulted: bool,
    /// The conditions of the `case` around it, and of those around that.
    conditions: &'s [&'a Expr],
    /// What the item is called.
    name: &'s str,
}

fn null_spreads(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            let (expr, name) = match item {
                SelectItem::UnnamedExpr(e) => (e, ""),
                SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.as_str()),
                _ => continue,
            };
            walk(&view, id, expr, Around { name, ..Around::default() }, out);
        }
    }
}

fn walk<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr, around: Around<'a, '_>, out: &mut Vec<Diagnostic>) {
    let plain = Around { defaulted: false, factor: false, ..around };
    match bare(expr) {
        e @ Expr::BinaryOp { op: BinaryOperator::Plus | BinaryOperator::Minus, .. } => {
            let (mut parts, mut minus) = (Vec::new(), false);
            terms(e, &mut parts, &mut minus);
            if number(view, &parts, minus, around) {
                // Without what it is taken from nobody can say what is left.
                let first = minus && !around.summed && !around.defaulted;
                let missing = if first { &parts[1..] } else { &parts[..] };
                tell(view, select, e, (&parts, missing), around, "a sum", out);
            }
            parts.into_iter().for_each(|e| walk(view, select, e, plain, out));
        }
        // `amount * (1 - discount)` in a sum: a row without a discount is lost with its amount.
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } if around.summed => {
            [left, right].into_iter().for_each(|e| walk(view, select, e, Around { factor: true, ..around }, out));
        }
        e @ Expr::BinaryOp { op: BinaryOperator::StringConcat, .. } => {
            let mut parts = Vec::new();
            texts(e, &mut parts);
            if !around.defaulted && view.query.dialect != Dialect::MySql {
                tell(view, select, e, (&parts, &parts), around, "a text", out);
            }
        }
        e @ Expr::Function(f)
            if is_one_of(f, &["concat"]) && !around.defaulted && concat_is_strict(view.query.dialect) =>
        {
            let mut parts = Vec::new();
            arguments(f).for_each(|e| texts(e, &mut parts));
            tell(view, select, e, (&parts, &parts), around, "a text", out);
        }
        e @ Expr::Function(f) if is_one_of(f, &["greatest", "least"]) => {
            // PostgreSQL, Redshift, DuckDB and Databricks leave nulls out.
            let strict = matches!(view.query.dialect, Dialect::Snowflake | Dialect::BigQuery | Dialect::MySql);
            let parts: Vec<&Expr> = arguments(f).collect();
            // Where one span of time is not known, nor is what it has in common with another.
            let bound = |e: &&Expr| find_name(e).is_some_and(|n| words(n).iter().any(|w| BOUNDS.contains(&w.as_str())));
            if strict && !around.defaulted && !parts.iter().any(bound) {
                tell(view, select, e, (&parts, &parts), around, "the value", out);
            }
        }
        e if defaulted(e).is_some() => {
            let parts: Vec<&Expr> = defaulted(e).into_iter().flat_map(arguments).collect();
            // What is in the place of it may be the rest of it.
            let literal = parts.iter().skip(1).all(|e| is_literal(e));
            if let [first, ..] = parts.as_slice()
                && (literal || call(first, &["sum"]).is_some())
            {
                walk(view, select, first, Around { defaulted: true, ..around }, out);
            }
        }
        Expr::Case { operand: None, conditions, else_result, .. } => {
            let mut tests: Vec<&Expr> = around.conditions.to_vec();
            tests.extend(conditions.iter().map(|w| &w.condition));
            let within = Around { conditions: &tests, ..around };
            let results = conditions.iter().map(|w| &w.result).chain(else_result.as_deref());
            results.for_each(|e| walk(view, select, e, within, out));
        }
        Expr::Function(f) if is_one_of(f, &["sum"]) && f.filter.is_none() => {
            arguments(f).for_each(|e| walk(view, select, e, Around { summed: true, ..plain }, out));
        }
        Expr::Function(f) if is_one_of(f, &["round", "upper", "lower", "trim", "md5", "initcap"]) => {
            arguments(f).for_each(|e| walk(view, select, e, around, out));
        }
        // A number of which a part is missing is none.
        Expr::Cast { expr, data_type, .. } if !puts_together(expr) || is_text(data_type) => {
            walk(view, select, expr, around, out);
        }
        _ => {}
    }
}

fn puts_together(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::BinaryOp { op: BinaryOperator::StringConcat, .. }) || call(expr, &["concat"]).is_some()
}

fn is_text(data_type: &SqlType) -> bool {
    matches!(data_type, SqlType::Text | SqlType::Varchar(_) | SqlType::String(_) | SqlType::Char(_))
}

/// What the ends of a span of time are called.
const BOUNDS: &[&str] = &[
    "start",
    "starting",
    "starts",
    "end",
    "ending",
    "valid",
    "begin",
    "until",
    "invalidated",
    "expire",
    "expiry",
    "effective",
];

/// The terms of a sum.
fn terms<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>, minus: &mut bool) {
    match bare(expr) {
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Plus | BinaryOperator::Minus), right } => {
            *minus |= *op == BinaryOperator::Minus;
            terms(left, out, minus);
            terms(right, out, minus);
        }
        e => out.push(e),
    }
}

/// The parts of a text that is put together.
pub(super) fn texts<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    match bare(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => {
            texts(left, out);
            texts(right, out);
        }
        e => out.push(e),
    }
}

/// What a difference is called that is there for every row, whether or not there is something to take away.
const LEFT_OVER: &[&str] = &[
    "net",
    "balance",
    "outstanding",
    "remaining",
    "due",
    "owed",
    "profit",
    "margin",
    "available",
    "unpaid",
    "exposure",
    "takings",
    "headroom",
    "left",
    "charged",
    "payable",
    "billed",
    "invoiced",
];

/// What a difference is called that is only there where both sides are.
const CHANGES: &[&str] = &[
    "change",
    "growth",
    "delta",
    "diff",
    "difference",
    "variance",
    "lag",
    "gap",
    "drift",
    "prev",
    "previous",
    "increase",
    "trend",
    "error",
    "deviation",
    "lift",
    "uplift",
];

/// What is no amount that stands for itself.
const RATES: &[&str] =
    &["avg", "average", "rate", "pct", "percent", "ratio", "score", "index", "rating", "mean", "rank", "share"];

/// Whether a sum or difference is one of amounts that must not be lost with one of them.
fn number(view: &View<'_, '_>, parts: &[&Expr], minus: bool, around: Around<'_, '_>) -> bool {
    let temporal = |e: &Expr| {
        use DataType::{Date, Timestamp, TimestampTz};
        matches!(e, Expr::Interval(_))
            || matches!(view.column_type(e), ColumnType::Known(Date | Timestamp | TimestampTz) | ColumnType::Temporal)
            || column(e).is_some_and(|c| {
                let name = c.value.to_ascii_lowercase();
                ["_at", "_date", "_on", "_ts", "_time", "_day", "date"].iter().any(|end| name.ends_with(end))
            })
    };
    if parts.iter().any(|e| any(e, &mut |e| temporal(e))) || parts.iter().any(|e| view.column_type(e).is_text()) {
        return false;
    }
    let said = words(around.name);
    let named = |list: &[&str]| said.iter().any(|w| list.contains(&w.as_str()));
    let rate = |e: &&Expr| find_name(e).is_some_and(|n| words(n).iter().any(|w| RATES.contains(&w.as_str())));
    if parts.iter().any(rate) || named(RATES) {
        return false;
    }
    match (minus, around.summed || around.defaulted) {
        (false, _) => true,
        (true, true) => !named(CHANGES),
        // A sum less a sum is of all rows of the group.
        (true, false) => (named(LEFT_OVER) || parts.iter().all(|e| call(e, &["sum"]).is_some())) && !named(CHANGES),
    }
}

/// Tells of a part that can be null beside one that is there without it.
fn tell<'a>(
    view: &View<'_, 'a>,
    select: usize,
    whole: &'a Expr,
    (parts, can_miss): (&[&'a Expr], &[&'a Expr]),
    around: Around<'a, '_>,
    what: &str,
    out: &mut Vec<Diagnostic>,
) {
    let causes: Vec<(&'a Expr, Option<Cause<'_>>)> = parts.iter().map(|e| (*e, view.absent(select, e))).collect();
    let greatest = call(whole, &["greatest", "least"]).is_some();
    let literals = (greatest || around.factor) && parts.iter().any(|e| is_literal(e));
    // Whether one can be there where the other is not: of another row, or for another reason, as far as that is known.
    let apart = |one: Cause<'_>, other: Cause<'_>| match (one, other) {
        (Cause::Unmatched(..), Cause::Unmatched(..)) => one != other,
        _ => view.said_of(other).is_some_and(|said| view.said_of(one).map_or(one.is_join(), |s| s != said)),
    };
    // What is there although the part is not.
    let stays = |other: &'a Expr, cause: Cause<'_>| {
        let mut columns = Vec::new();
        values(other, &mut columns);
        columns.into_iter().any(|e| match view.absent(select, e) {
            None => view.relation(select, e).is_some(),
            Some(one) => apart(one, cause),
        })
    };
    let lost = |(part, other): &(&'a Expr, Option<Cause<'_>>), cause: Cause<'_>| match other {
        None => stays(part, cause),
        Some(one) => apart(*one, cause),
    };
    let missing = causes.iter().find(|(part, cause)| {
        // Another check says so of a sum of a `case` right here.
        let said = matches!(cause, Some(Cause::Made(Expr::Case { .. }))) && call(part, &["sum"]).is_some();
        let can_miss = !said && can_miss.iter().any(|e| std::ptr::eq(*e, *part));
        can_miss
            && cause.is_some_and(|c| literals || causes.iter().any(|other| lost(other, c)))
            && !asked(view, select, part, around)
            && !super::lost::is_asked_for(view, select, part)
    });
    let Some((part, Some(cause))) = missing else {
        if what == "a text" {
            out.extend(said_to_miss(view, select, whole, parts, around.name));
        }
        return;
    };
    let mut columns = Vec::new();
    values(part, &mut columns);
    let null = columns.iter().find(|e| view.absent(select, e).is_some()).and_then(|e| column(e));
    let shown = null.map(|c| c.value.as_str()).or_else(|| find_name(part));
    let shown = shown.map_or("a part".to_owned(), |n| format!("`{n}`"));
    let why = match cause {
        Cause::Unmatched(select, relation) => {
            let alias = &view.outline.selects[*select].relations[*relation].alias;
            format!("where `{alias}` has no row to join, {shown} is null, and the other parts are lost with it")
        }
        Cause::Made(_) => format!("{shown} is made null for some rows, and the other parts are lost with it"),
        given @ Cause::Given(..) => match view.said_of(*given) {
            Some(said) => format!("{shown} is described as `{}`: the other parts are lost with it", brief(said)),
            None => format!("{shown} is null in some rows of what is read, and the other parts are lost with it"),
        },
    };
    let next = match what {
        "a sum" => format!("write `coalesce({}, 0)`", shown.trim_matches('`')),
        _ => format!("write `coalesce({}, …)`, or a function that leaves nulls out", shown.trim_matches('`')),
    };
    let finding = Diagnostic::warning("null-spreads", format!("{what} is null where {shown} is")).why(why).next(next);
    out.push(view.at(span(whole), finding));
}

/// A text for every row by its description, which says too that parts of it may be missing: `Shown for every lead. Either
/// name may be missing.`
fn said_to_miss<'a>(
    view: &View<'_, 'a>,
    select: usize,
    whole: &Expr,
    parts: &[&'a Expr],
    name: &str,
) -> Option<Diagnostic> {
    const MISSING: &[&str] = &["may be missing", "can be missing", "may be null", "can be null", "may be empty"];
    let said = super::promised::of_column(view.query, name);
    let has = |phrases: &[&str]| super::promised::has(&said, phrases);
    if !has(MISSING) || !has(&["every", "each", "all"]) {
        return None;
    }
    let part = parts.iter().find(|e| column(e).is_some() && view.nullable(select, e) == Some(true))?;
    let finding = Diagnostic::warning("null-spreads", format!("a text is null where `{part}` is"))
        .why(format!("`{name}` is described as there for all rows, and its parts as missing in some"))
        .next(format!("write `coalesce({part}, …)`, or a function that leaves nulls out"));
    Some(view.at(span(whole), finding))
}

/// The columns that the value of an expression is made of; those that only decide which are left out.
fn values<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    match bare(expr) {
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().map(|w| &w.result).chain(else_result.as_deref()).for_each(|e| values(e, out));
        }
        e if column(e).is_some() => out.push(e),
        e => super::expressions::children(e, &mut |e| values(e, out)),
    }
}

/// Whether a condition around it asks for the part, or for what it is of.
fn asked<'a>(view: &View<'_, 'a>, select: usize, part: &'a Expr, around: Around<'a, '_>) -> bool {
    let Some(name) = find_name(part) else { return false };
    let mut relations = Vec::new();
    any(part, &mut |e| {
        relations.extend(column(e).and_then(|_| view.relation(select, e)));
        false
    });
    let several = view.outline.selects[select].relations.len() > 1;
    around.conditions.iter().any(|c| {
        any(c, &mut |e| {
            column(e).is_some_and(|c| {
                c.value.eq_ignore_ascii_case(name)
                    || several && view.relation(select, e).is_some_and(|r| relations.contains(&r))
            })
        })
    })
}

/// The name of the first column in an expression.
fn find_name(expr: &Expr) -> Option<&str> {
    super::incremental::find_column(expr).map(|c| c.value.as_str())
}

fn average_of_ones(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let Expr::Function(function) = piece.expr else { continue };
        if !is_one_of(function, &["avg", "mean"]) {
            continue;
        }
        let Some(argument) = arguments(function).next() else { continue };
        let Some(value) = only_value(&view, piece.select, argument, 0) else { continue };
        let finding = Diagnostic::error("average-of-ones", format!("this average is always {value}"))
            .why("where the condition is not met there is null, which an average leaves out")
            .next("add `else 0`");
        out.push(view.at(span(piece.expr), finding));
    }
}

/// The one value that an expression has where it is not null.
fn only_value<'a>(view: &View<'_, 'a>, select: Option<usize>, expr: &'a Expr, depth: usize) -> Option<String> {
    if depth > 8 {
        return None;
    }
    let results: Vec<&Expr> = match bare(expr) {
        Expr::Cast { expr, .. } => return only_value(view, select, expr, depth + 1),
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().map(|w| &w.result).chain(else_result.as_deref()).collect()
        }
        Expr::Function(f) if is_one_of(f, &["iff", "if"]) => arguments(f).skip(1).collect(),
        e if column(e).is_some() => {
            let super::outline::Origin::Expr(inner, at) = view.outline.origin(select?, e)? else { return None };
            return match bare(inner) {
                Expr::Case { .. } | Expr::Function(_) => only_value(view, Some(at), inner, depth + 1),
                _ => None,
            };
        }
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => match (is_literal(left), is_literal(right)) {
            (true, false) => return only_value(view, select, right, depth + 1),
            (false, true) => return only_value(view, select, left, depth + 1),
            _ => return None,
        },
        _ => return None,
    };
    let missing = match bare(expr) {
        Expr::Case { else_result: None, .. } => true,
        _ => results.iter().any(|e| is_null(e)),
    };
    let mut values = results.into_iter().filter(|e| !is_null(e));
    let first = values.next().filter(|e| missing && is_literal(e))?;
    values.all(|e| e == first).then(|| first.to_string())
}
