//! Averages and counts that take what is not known for something: a default that no value has, a divisor of all rows, an
//! `else` that null falls into.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem};

use super::absent::defaulted;
use super::expressions::{
    any, arguments, bare, call, column, compares, is_distinct, is_literal, is_null, is_one_of, whole_number, words,
};
use super::look::{View, span};
use super::lost::brief;
use super::promised::{has, of_column, of_model, plain, told};
use super::sums::rounded;
use crate::vocabulary::Diagnostic;

pub(super) fn look(view: &View<'_, '_>, id: usize, out: &mut Vec<Diagnostic>) {
    for item in &view.outline.selects[id].select.projection {
        let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
        let found = zeros_for_nothing(view, id, expr, &alias.value)
            .or_else(|| divided_by_all(view, id, expr, &alias.value))
            .or_else(|| counted_by_else(view, id, expr));
        out.extend(found);
    }
}

/// What a description says of a column that it says is null in some rows.
fn said<'v>(view: &'v View<'_, '_>, select: usize, expr: &'v Expr) -> Option<&'v str> {
    let cause = view.absent_before(select, expr).or_else(|| view.absent(select, expr))?;
    view.said_of(cause)
}

fn finding(view: &View<'_, '_>, at: &Expr, what: String, said: &str, next: String) -> Diagnostic {
    let why = format!("it is described as `{}`", brief(said));
    view.at(span(at), Diagnostic::warning("count-nullable", what).why(why).next(next))
}

/// What stands in the place of null: the column and the number.
fn default_of(expr: &Expr) -> Option<(&Expr, u64)> {
    if let Some(f) = defaulted(expr) {
        let list: Vec<&Expr> = arguments(f).collect();
        return match list.as_slice() {
            [of] if call(expr, &["zeroifnull"]).is_some() => Some((of, 0)),
            [of, default] => Some((of, whole_number(default)?)),
            _ => None,
        };
    }
    match bare(expr) {
        Expr::Case { operand: None, conditions, else_result: Some(otherwise), .. } => match conditions.as_slice() {
            [when] => match &when.condition {
                Expr::IsNull(e) if bare(e) == bare(otherwise) => Some((otherwise, whole_number(&when.result)?)),
                Expr::IsNotNull(e) if bare(e) == bare(&when.result) => Some((&when.result, whole_number(otherwise)?)),
                _ => None,
            },
            _ => None,
        },
        Expr::Function(f) if is_one_of(f, &["iff", "if"]) => {
            let list: Vec<&Expr> = arguments(f).collect();
            match list.as_slice() {
                [Expr::IsNull(e), default, of] if bare(e) == bare(of) => Some((of, whole_number(default)?)),
                [Expr::IsNotNull(e), of, default] if bare(e) == bare(of) => Some((of, whole_number(default)?)),
                _ => None,
            }
        }
        Expr::Cast { expr, .. } => default_of(expr),
        _ => None,
    }
}

/// An average of what has a default that no value can have, or of which a text says that those without do not count.
fn zeros_for_nothing(view: &View<'_, '_>, id: usize, expr: &Expr, alias: &str) -> Option<Diagnostic> {
    const NOT: &[&str] = &[
        "do not count",
        "does not count",
        "not counted",
        "are ignored",
        "is ignored",
        "are left out",
        "is left out",
        "not taken into account",
        "do not enter",
        "are not in it",
        "are not included",
        "not considered",
    ];
    let average =
        call(rounded(expr), &["avg", "mean", "median", "min"]).filter(|f| f.over.is_none() && f.filter.is_none())?;
    let argument = arguments(average).next()?;
    let (argument, at) = match view.outline.origin(id, argument) {
        Some(super::outline::Origin::Expr(inner, at)) => (inner, at),
        _ => (argument, id),
    };
    let (of, default) = default_of(argument)?;
    let name = &column(of)?.value;
    let said = said(view, at, of)?;
    let beyond = range(said).is_some_and(|(low, high)| default < low || default > high);
    let left_out = [of_column(view.query, alias), of_model(view.query)].iter().any(|t| has(t, NOT));
    if !beyond && !left_out {
        return None;
    }
    let what = format!("the rows without `{name}` count as {default}");
    Some(finding(view, expr, what, said, format!("write `avg({name})`, which leaves them out")))
}

/// The range that a description gives: `1 to 5`, `1-5`, `between 1 and 5`.
fn range(said: &str) -> Option<(u64, u64)> {
    let text = said.to_lowercase().replace(['-', '–'], " to ");
    let list: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || ",;:()".contains(c)).filter(|w| !w.is_empty()).collect();
    list.windows(3).enumerate().find_map(|(at, w)| {
        let between = w[1] == "and" && at > 0 && list[at - 1] == "between";
        let (low, high) = (w[0].parse::<u64>().ok()?, w[2].trim_end_matches('.').parse::<u64>().ok()?);
        ((w[1] == "to" || between) && low < high && high <= 100).then_some((low, high))
    })
}

/// A total of what is null in some rows, divided by the number of all of them, and said to be of those that have it.
fn divided_by_all(view: &View<'_, '_>, id: usize, expr: &Expr, alias: &str) -> Option<Diagnostic> {
    let mut quotient = rounded(expr);
    while let Expr::BinaryOp { left, op: BinaryOperator::Multiply, .. } = quotient {
        quotient = rounded(left);
    }
    let Expr::BinaryOp { left, op: BinaryOperator::Divide, right } = quotient else { return None };
    let mut total = rounded(left);
    while let Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } = total {
        total = if is_literal(left) { rounded(right) } else { rounded(left) };
    }
    let sum = call(total, &["sum"]).filter(|f| f.over.is_none() && f.filter.is_none())?;
    let of = arguments(sum).next().filter(|e| column(e).is_some())?;
    let by_all = any(right, &mut |e| {
        let of_all = |e: &Expr| is_literal(e) || view.seen(e).and_then(|c| c.nullable) == Some(false);
        call(e, &["count"])
            .is_some_and(|f| f.over.is_none() && f.filter.is_none() && !is_distinct(f) && arguments(f).all(of_all))
    });
    let said = said(view, id, of).filter(|_| by_all)?;
    // `Null until weighed` of what is called the weighed ones.
    let done: Vec<String> =
        plain(said).split_whitespace().filter(|w| w.len() > 4 && w.ends_with("ed")).map(str::to_owned).collect();
    let done: Vec<&str> = done.iter().map(String::as_str).collect();
    let texts = [plain(alias), of_column(view.query, alias), of_model(view.query)];
    if done.is_empty() || !texts.iter().any(|t| has(t, &done)) {
        return None;
    }
    let name = &column(of)?.value;
    let what = format!("the rows without `{name}` are in what is divided by");
    Some(finding(view, expr, what, said, format!("write `avg({name})`, or divide by `count({name})`")))
}

/// What is counted where a comparison is not met, with what can't be compared yet: the rows that do meet it are counted
/// beside.
fn counted_by_else(view: &View<'_, '_>, id: usize, expr: &Expr) -> Option<Diagnostic> {
    let (condition, 0, 1) = by_case(expr)? else { return None };
    let part = view.outline.selects[id].select;
    let beside = part.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
            by_case(e).is_some_and(|(c, then, otherwise)| then == 1 && otherwise == 0 && c == condition)
        }
        _ => false,
    });
    let Expr::BinaryOp { left, op, right } = condition else { return None };
    if !beside || !compares(op) || is_null(left) || is_null(right) {
        return None;
    }
    let pending = |e: &Expr| {
        let moment =
            words(&column(e)?.value).last().is_some_and(|w| ["at", "on", "date", "day", "time"].contains(&w.as_str()));
        let said =
            said(view, id, e).filter(|s| !moment && has(&plain(s), &["until", "not yet", "unless", "before"]))?;
        Some((column(e)?.value.clone(), said.to_owned()))
    };
    let (name, said) = pending(left).or_else(|| pending(right))?;
    let what = format!("the rows without `{name}` are counted as not meeting the condition");
    Some(finding(view, expr, what, &said, format!("count where it is known: `when {name} is not null and not (…)`")))
}

/// A sum of a `case` of one condition: that, and what is added where it is met and where it is not.
fn by_case(expr: &Expr) -> Option<(&Expr, u64, u64)> {
    let f = call(expr, &["sum"]).filter(|f| f.over.is_none() && f.filter.is_none())?;
    match bare(arguments(f).next()?) {
        Expr::Case { operand: None, conditions, else_result: Some(otherwise), .. } => match conditions.as_slice() {
            [when] => Some((&when.condition, whole_number(&when.result)?, whole_number(otherwise)?)),
            _ => None,
        },
        Expr::Function(f) if is_one_of(f, &["iff", "if"]) => {
            let list: Vec<&Expr> = arguments(f).collect();
            let [condition, then, otherwise] = list.as_slice() else { return None };
            Some((condition, whole_number(then)?, whole_number(otherwise)?))
        }
        _ => None,
    }
}

/// Whether a text says that the rows without what a column names are meant too: `donors without a route belong here as
/// well`.
pub(super) fn wants_those_without(view: &View<'_, '_>, column: &str) -> bool {
    const TOO: &[&str] = &[
        "as well",
        "also",
        "too",
        "include",
        "includes",
        "included",
        "including",
        "belong",
        "belongs",
        "even",
        "or who has none",
        "or who have none",
        "or none",
        "or has none",
        "or have none",
        "or that has none",
        "or that have none",
    ];
    const NOT: &[&str] = &[
        "leave out",
        "leaves out",
        "left out",
        "exclude",
        "excludes",
        "excluded",
        "excluding",
        "not those",
        "but not",
    ];
    let mut named = words(column);
    if named.last().is_some_and(|w| ["id", "key", "code", "no"].contains(&w.as_str())) {
        named.pop();
    }
    let of = named.join(" ");
    if of.is_empty() {
        return false;
    }
    let without =
        ["no", "without", "without a", "without an", "without any", "or no", "or without"].map(|w| format!("{w} {of}"));
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    told(view.query.node).iter().any(|t| {
        let lacks = has(t, &without) || has(t, &[of.as_str()]) && has(t, &["has none", "have none", "or none"]);
        lacks && (has(t, TOO) || has(t, &without[5..])) && !has(t, NOT)
    })
}
