//! What is summed, by what it is called: of a row as a whole, or a price of each of the many that look it up.

use sqlparser::ast::{BinaryOperator, Expr};

use super::joins::{bare, column_of};
use super::relation::Env;
use super::value::Value;
use crate::sql::parse::any_expression;

/// Whether what is summed is called as what is of a row as a whole, not of each of the many that look it up, as a price
/// is.
pub(super) fn is_total(args: &[(Value, Option<&Expr>)]) -> bool {
    args.iter().any(|(_, e)| e.is_some_and(|e| any_expression(e, is_called_total)))
}

/// Whether what is summed is called as what is paid for one thing that happened.
pub(super) fn is_money(args: &[(Value, Option<&Expr>)]) -> bool {
    const MONEY: &[&str] = &[
        "fee",
        "fees",
        "cost",
        "costs",
        "fare",
        "tax",
        "discount",
        "tip",
        "paid",
        "refund",
        "commission",
        "deposit",
        "fine",
        "charge",
    ];
    let money = |e: &Expr| {
        let name = super::projection::implied_name(e);
        let mut words = name.split('_').map(|w| w.strip_suffix('s').unwrap_or(w));
        !words.any(|w| {
            ["unit", "per", "rate", "avg", "average", "pct", "percent", "hourly", "daily", "list", "is", "has"]
                .contains(&w)
        }) && name.rsplit('_').find(|w| !CURRENCIES.contains(w)).is_some_and(|last| MONEY.contains(&last))
    };
    matches!(args, [(_, Some(e))] if money(e))
}

fn is_called_total(expr: &Expr) -> bool {
    let name = super::projection::implied_name(expr);
    let mut words = name.split('_').map(|w| w.strip_suffix('s').unwrap_or(w));
    // In which money it is says nothing more.
    let last = name.rsplit('_').find(|w| !CURRENCIES.contains(w)).unwrap_or_default();
    !words.any(|w| ["unit", "per", "rate", "price", "avg", "average"].contains(&w))
        && (["amount", "total", "revenue", "budget", "balance", "quota", "target", "salary", "rent", "premium"]
            .contains(&last)
            || name.contains("shipping")
            || last == "value" && name.split('_').any(|w| WORTH.contains(&w))
            || ["cost", "costs"].contains(&last) && name.split('_').any(|w| SPENT.contains(&w)))
}

const CURRENCIES: &[&str] = &[
    "eur", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "nzd", "jpy", "inr", "brl", "mxn",
    "cents",
];

/// What is paid for once, for a thing as a whole.
const SPENT: &[&str] = &[
    "parts",
    "total",
    "labour",
    "labor",
    "repair",
    "maintenance",
    "acquisition",
    "setup",
    "installation",
    "delivery",
    "freight",
    "handling",
    "campaign",
    "project",
    "order",
    "travel",
    "fixed",
    "overall",
    "estimated",
    "actual",
];

/// The join that repeats a part of what is added to or taken from another, where that part is a total by its name: in
/// `sum(invoice.total - payment.amount)` the total comes once for each payment.
pub(super) fn repeated_part(args: &[(Value, Option<&Expr>)], env: &Env<'_>) -> Option<usize> {
    let [(_, Some(expr))] = args else { return None };
    let mut parts = Vec::new();
    let mut rest = bare(expr);
    while let Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } = rest {
        parts.push(bare(right));
        rest = bare(left);
    }
    parts.push(rest);
    if parts.len() < 2 {
        return None;
    }
    parts.into_iter().filter(|e| is_called_total(e)).find_map(|e| {
        let (rel, name) = column_of(e, env)?;
        let rel = &env.rels[rel];
        let value = rel.value(rel.position(&name)?);
        value.fan_out.filter(|_| value.repeated > 0).or(value.looked_up)
    })
}

/// What has a value in money as a whole.
const WORTH: &[&str] = &[
    "declared", "order", "contract", "deal", "cart", "basket", "policy", "insured", "asset", "loan", "invoice", "claim",
];

/// Whether a key is of a list that is looked up for what each row costs: plans, products.
pub(super) fn is_of_list(key: &str) -> bool {
    const LISTS: &[&str] =
        &["plan", "product", "item", "tier", "type", "sku", "price", "category", "fee", "tariff", "rate", "service"];
    key.split('_').any(|w| LISTS.contains(&w))
}

/// Whether what is summed is multiplied by a share of it: the parts of what a join repeats add up to it.
pub(super) fn by_share(args: &[(Value, Option<&Expr>)]) -> bool {
    let share = |e: &Expr| {
        let name = super::projection::implied_name(e);
        name.split('_')
            .any(|w| ["share", "split", "weight", "weighting", "allocation", "ownership", "stake"].contains(&w))
    };
    let product = |e: &Expr| match e {
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
            [left, right].into_iter().any(|e| any_expression(e, share))
        }
        _ => false,
    };
    args.iter().any(|(_, e)| e.is_some_and(|e| any_expression(e, product)))
}

/// Whether what is summed is multiplied by a price or rate of what repeats it: of several prices one is meant.
pub(super) fn by_price(args: &[(Value, Option<&Expr>)], env: &Env<'_>) -> bool {
    let price = |e: &Expr| {
        column_of(e, env).is_some_and(|(rel, name)| {
            let of_price = ["price", "cost", "rate", "tariff", "fee"].iter().any(|w| name.split('_').any(|p| p == *w));
            env.rels[rel].fan_out.is_none() && of_price
        })
    };
    let product = |e: &Expr| match e {
        Expr::BinaryOp { left, op: BinaryOperator::Multiply | BinaryOperator::Divide, right } => {
            [left, right].into_iter().any(|e| any_expression(e, price))
        }
        _ => false,
    };
    args.iter().any(|(_, e)| e.is_some_and(|e| any_expression(e, product)))
}
