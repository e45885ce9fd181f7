//! Rates and shares that are taken for amounts: added up over what they are rates of, averaged where the totals are meant,
//! or multiplied as a mean with a sum.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, SelectItem};

use super::expressions::{
    any, arguments, bare, call, column, is_aggregate, is_distinct, is_literal, is_one_of, lower, same_column, window,
    words,
};
use super::look::{View, span};
use super::outline::{Origin, Step};
use super::promised::{has, items, line, of_column, plain, told};
use super::sums::rounded;
use super::{Family, Look, Query, Rule};
use crate::check::said::measures;
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "rates-added",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "rates, or shares of several wholes, added up",
    look: Look::Query(rates_added),
}];

/// A column that is a quotient.
#[derive(Clone, Debug, PartialEq)]
pub enum Rate {
    /// Of two amounts of the row itself.
    Own,
    /// A part of the total of the rows that have the same in these columns.
    Of(Vec<String>),
}

const RATES: &[&str] = &["rate", "ratio", "pct", "percent", "percentage", "utilisation", "utilization", "occupancy"];
const SHARES: &[&str] = &["share", "proportion", "portion", "fraction"];

fn is_rate_name(name: &str, of: &[&[&str]]) -> bool {
    words(name).iter().any(|w| of.iter().any(|list| list.contains(&w.as_str())))
}

/// What an expression is a quotient of, where it is one; what it is scaled by is no matter.
pub(super) fn rate(view: &View<'_, '_>, expr: &Expr, select: usize) -> Option<Rate> {
    const DIVIDES: &[&str] = &["safe_divide", "try_divide", "div0", "div0null", "divide", "ieee_divide"];
    let (above, below) = match rounded(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
            let scaled = [(left, right), (right, left)].into_iter().find(|(by, _)| is_literal(by))?.1;
            return rate(view, scaled, select);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } if is_literal(right) => {
            return rate(view, left, select);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => (left.as_ref(), right.as_ref()),
        Expr::Function(f) if is_one_of(f, DIVIDES) => {
            let mut parts = arguments(f);
            parts.next().zip(parts.next())?
        }
        _ => return None,
    };
    let over = |e: &Expr| any(e, &mut |e| matches!(e, Expr::Function(f) if f.over.is_some()));
    let below = call(rounded(below), &["nullif"]).and_then(|f| arguments(f).next()).map_or(rounded(below), rounded);
    let made = match view.outline.origin(select, below) {
        Some(Origin::Expr(made, _)) => rounded(made),
        _ => below,
    };
    if let Expr::Function(total) = made
        && let Some(window) = window(total)
    {
        let whole = window.order_by.is_empty() && is_one_of(total, &["sum", "count"]) && !over(above);
        let names: Option<Vec<String>> = window.partition_by.iter().map(|e| column(e).map(lower)).collect();
        return names.filter(|n| whole && !n.is_empty()).map(Rate::Of);
    }
    let amount = |e: &Expr| any(e, &mut |e| column(e).is_some());
    (amount(above) && amount(below) && !is_total(view, select, above, below) && !over(above) && !over(below))
        .then_some(Rate::Own)
}

/// Whether what something is divided by is a total of several rows: by its name, or as the aggregate of another select that
/// what is divided is not of.
fn is_total(view: &View<'_, '_>, select: usize, above: &Expr, below: &Expr) -> bool {
    const TOTAL: &[&str] = &["total", "all", "overall", "grand", "sum", "whole"];
    let is = |w: &String| TOTAL.contains(&w.as_str());
    any(below, &mut |e| {
        let Some(name) = column(e) else { return false };
        let of = view.relation(select, e);
        let named = of.is_some_and(|r| view.names_of(select, r).iter().any(is));
        let beside = any(above, &mut |e| column(e).is_some() && view.relation(select, e) == of);
        let made = match of.and_then(|r| view.outline.step(select, r, &name.value)) {
            Some(Step::Expr(made, _)) => any(made, &mut is_aggregate),
            _ => false,
        };
        words(&name.value).iter().any(is) || named || made && !beside
    })
}

/// What the column that is given to an aggregate is a quotient of, here or in the model that it is read from.
fn rate_of(view: &View<'_, '_>, select: usize, of: &Expr) -> Option<Rate> {
    match view.outline.origin(select, of)? {
        Origin::Expr(made, at) => rate(view, made, at),
        Origin::Node(id, name) => view.query.told.get(&id)?.rates.get(&name.to_lowercase()).cloned(),
    }
}

fn rates_added(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (select, expr, alias) in items(&view) {
        let Some(sum) = call(rounded(expr), &["sum"]).filter(|f| f.over.is_none() && !is_distinct(f)) else { continue };
        let Some(of) = arguments(sum).next().filter(|_| is_rate_name(alias, &[RATES, SHARES])) else { continue };
        let (Some(name), Some(groups)) = (column(of), super::sums::groups(view.outline.selects[select].select)) else {
            continue;
        };
        let grouped = |name: &String| groups.iter().any(|g| column(g).is_some_and(|c| lower(c) == *name));
        let asked = |name: &String| {
            let filter = view.outline.selects[select].select.selection.as_ref();
            filter.is_some_and(|f| any(f, &mut |e| column(e).is_some_and(|c| lower(c) == *name)))
        };
        if groups.is_empty() || !is_rate_name(&name.value, &[RATES, SHARES]) {
            continue;
        }
        let why = match rate_of(&view, select, of) {
            Some(Rate::Own) if is_rate_name(&name.value, &[RATES]) && !alone(&view, select, of, &groups) => {
                format!("each `{}` is of an amount of its own, so the sum is a rate of nothing", name.value)
            }
            Some(Rate::Of(whole)) => match whole.iter().find(|n| !grouped(n) && !asked(n)) {
                Some(left) => format!("each is a part of the total of one `{left}`, and this adds up those of several"),
                None => continue,
            },
            None if is_said_to_overlap(&view, select, of) => {
                "what it is a share of is said to be in several of the parts, and counts in each".to_owned()
            }
            _ => continue,
        };
        let finding = Diagnostic::warning("rates-added", format!("`{}` is added up", name.value))
            .why(why)
            .next("add up what is above and below the line, and divide once at the end");
        out.push(view.at(span(rounded(expr)), finding));
    }
}

/// Whether each group is of one row of what a column is of, by a key of it.
fn alone(view: &View<'_, '_>, select: usize, of: &Expr, groups: &[&Expr]) -> bool {
    let Some(relation) = view.relation(select, of) else { return true };
    let names: BTreeSet<String> = groups.iter().filter_map(|g| column(g)).map(lower).collect();
    let target = view.outline.selects[select].relations[relation].target;
    super::ranges::keys_of(view, target).iter().any(|k| k.is_subset(&names))
}

/// Whether it is said of what a column is read from that one and the same is in several of its rows.
fn is_said_to_overlap(view: &View<'_, '_>, select: usize, of: &Expr) -> bool {
    const SEVERAL: &[&str] = &["several", "more than one", "overlap"];
    const WHO: &[&str] = &[
        "respondent",
        "respondents",
        "listeners",
        "people",
        "users",
        "customers",
        "visitors",
        "viewers",
        "readers",
        "members",
    ];
    let Some(Origin::Node(id, _)) = view.outline.origin(select, of) else { return false };
    let told_of = |t: &String| has(t, &["more than 100"]) || has(t, SEVERAL) && has(t, WHO);
    line(view, id).iter().any(|n| told(n).iter().any(told_of))
}

/// Averages of rates that are said to be of the totals, and means multiplied by sums.
pub(super) fn averaged(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (select, expr, alias) in items(view) {
        if let Some(at) = mean_by_sum(view, select, expr) {
            let finding = Diagnostic::warning("average-of-averages", "a mean is multiplied by a sum")
                .why("the mean weighs each row the same, and the product is not the sum of the products")
                .next("multiply in each row, and add that up: `sum(a * b)`");
            out.push(view.at(span(at), finding));
            continue;
        }
        let Some(avg) = call(rounded(expr), &["avg", "mean"]).filter(|f| f.over.is_none()) else { continue };
        let Some(of) = arguments(avg).next().filter(|e| column(e).is_some()) else { continue };
        if !is_quotient_of_totals(&of_column(view.query, alias)) || !is_rate(view, select, of) {
            continue;
        }
        let finding = Diagnostic::warning("average-of-averages", "this is an average of rates")
            .why(format!("each row weighs the same, and `{alias}` is described as one total over another"))
            .next("add up what is above and below the line, and divide the sums");
        out.push(view.at(span(rounded(expr)), finding));
    }
}

/// Whether a column has rates: by what makes it, by its name, or as the price of a unit.
fn is_rate(view: &View<'_, '_>, select: usize, of: &Expr) -> bool {
    let Some(name) = column(of) else { return false };
    let named = words(&name.value);
    let unit = |w: &String| measures::of_result(w);
    let two = |a: &String, b: &String| unit(a).zip(unit(b)).is_some_and(|(a, b)| a.of != b.of);
    let per_unit = named.contains(&"per".to_owned()) || named.windows(2).any(|p| two(&p[0], &p[1]));
    let fraction = !matches!(view.column_type(of), ColumnType::Known(DataType::Integer | DataType::Boolean));
    fraction
        && (per_unit || is_rate_name(&name.value, &[RATES, SHARES]) || rate_of(view, select, of) == Some(Rate::Own))
}

/// Whether a text says that a number is one total divided by another: `students over seats`, but not `over the last week`.
fn is_quotient_of_totals(said: &str) -> bool {
    const NOT: &[&str] = &["average of", "mean of", "averages of", "unweighted", "not weighted", "simple average"];
    if has(said, NOT) {
        return false;
    }
    let words: Vec<&str> = said.split_whitespace().collect();
    let over = words.windows(2).enumerate().any(|(at, pair)| {
        const SPANS: &[&str] = &[
            "the", "a", "an", "all", "time", "last", "past", "this", "each", "every", "its", "their", "any", "both",
            "which", "that", "days", "weeks", "months", "years", "hours",
        ];
        let limit = pair[1].starts_with(|c: char| c.is_ascii_digit());
        pair[0] == "over" && at > 0 && !limit && !SPANS.contains(&pair[1])
    });
    let whole = ["of the whole", "over the whole", "of all", "over all", "overall", "in total"];
    over || has(said, &["divided by", "weighted"]) || has(said, &["per"]) && has(said, &whole)
}

/// The product of the mean of one column and the sum of another, where the first is not the same throughout a group.
fn mean_by_sum<'e>(view: &View<'_, '_>, select: usize, expr: &'e Expr) -> Option<&'e Expr> {
    let mut factors = Vec::new();
    let mut rest = rounded(expr);
    loop {
        match rest {
            Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
                factors.push(rounded(right));
                rest = rounded(left);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Divide, right } if is_literal(right) => rest = rounded(left),
            _ => break,
        }
    }
    factors.push(rest);
    let of = |names: &[&str]| {
        let found = factors.iter().find_map(|e| call(e, names).filter(|f| f.over.is_none() && !is_distinct(f)));
        found.and_then(|f| arguments(f).next()).filter(|e| column(e).is_some())
    };
    let (mean, sum) = (of(&["avg", "mean"])?, of(&["sum"])?);
    let groups = super::sums::groups(view.outline.selects[select].select)?;
    let same = groups.iter().any(|g| same_column(g, mean) || is_aggregate(g)) || same_column(mean, sum);
    (!same && !alone(view, select, mean, &groups)).then_some(expr)
}

/// Limits that are said to be of the mean of each, put to the single rows: `where power < 100`, and `avg(power)`.
pub(super) fn limited_before_mean(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for part in &view.outline.selects {
        if !super::expressions::is_grouped(part.select) {
            continue;
        }
        let averaged = |name: &str| {
            part.select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
                    call(rounded(e), &["avg", "mean"])
                        .and_then(|f| arguments(f).next())
                        .and_then(column)
                        .is_some_and(|c| c.value.eq_ignore_ascii_case(name))
                }
                _ => false,
            })
        };
        for filter in part.select.selection.iter().flat_map(super::expressions::conjuncts) {
            use BinaryOperator::{Gt, GtEq, Lt, LtEq};
            let Expr::BinaryOp { left, op: Gt | GtEq | Lt | LtEq, right } = bare(filter) else { continue };
            let Some(name) = column(left).filter(|c| is_literal(right) && averaged(&c.value)) else { continue };
            let limit = plain(&right.to_string());
            let of_mean = |text: &String| {
                has(
                    text,
                    &[
                        "whose mean",
                        "whose average",
                        "with a mean",
                        "with an average",
                        "average of less",
                        "average of more",
                    ],
                ) && text.contains(&limit)
            };
            if !told(view.query.node).iter().any(of_mean) {
                continue;
            }
            let finding = Diagnostic::warning(
                "filter-before-total",
                format!("rows beyond the limit are not in the mean of `{}`", name.value),
            )
            .why("`where` takes them out before the mean is taken, and the limit is said to be of the mean")
            .next(format!("hold the group against it: `having avg({}) …`", name.value));
            out.push(view.at(span(filter), finding));
        }
    }
}
