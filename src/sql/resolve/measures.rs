//! What is summed, by what it is called: of a row as a whole, or a price of each of the many that look it up.

use sqlparser::ast::{BinaryOperator, Expr};

use super::joins::column_of;
use super::relation::Env;
use super::value::Value;
use crate::sql::parse::any_expression;

/// Whether what is summed is called as what is of a row as a whole, not of each of the many that look it up, as a price
/// is.
pub(super) fn is_total(args: &[(Value, Option<&Expr>)]) -> bool {
    let total = |e: &Expr| {
        let name = super::projection::implied_name(e);
        let mut words = name.split('_').map(|w| w.strip_suffix('s').unwrap_or(w));
        let last = name.rsplit('_').next().unwrap_or_default();
        !words.any(|w| ["unit", "per", "rate", "price", "avg", "average"].contains(&w))
            && (["amount", "total", "revenue", "budget", "balance", "quota", "target", "salary", "rent", "premium"]
                .contains(&last)
                || name.contains("shipping")
                || last == "value" && name.split('_').any(|w| WORTH.contains(&w)))
    };
    args.iter().any(|(_, e)| e.is_some_and(|e| any_expression(e, total)))
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
