//! Rows that have or lack others, and what is counted over them: sentences, and the joins and conditions of the last model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::Intent;
use super::World;
use crate::spec::{JoinKind, Model};

/// The model in a line: `customers anti orders [status = 'x'] (last 90 days); where …`.
fn said(model: &Model) -> String {
    let bare = |name: &str| name.trim_start_matches("stg_shop__").to_owned();
    let mut out = bare(&model.from.to_string());
    for join in &model.joins {
        let kind = match join.kind {
            JoinKind::Left => "left",
            JoinKind::Inner => "inner",
            JoinKind::Semi => "semi",
            JoinKind::Anti => "anti",
        };
        out.push_str(&format!(", {kind} {}", bare(join.to.as_str())));
        if !join.filters.is_empty() {
            out.push_str(&format!(" [{}]", join.filters.join(" and ")));
        }
        if let Some(window) = &join.window {
            out.push_str(&format!(" ({})", window.said()));
        }
    }
    if !model.filters.is_empty() {
        out.push_str(&format!("; {}", model.filters.join(" and ")));
    }
    out
}

#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    ("Which customers never ordered?", "customers, anti orders"),
    ("customers without any orders", "customers, anti orders"),
    ("products nobody ever ordered", "products, anti order_items"),
    ("customers that placed no order in the last 7 days", "customers, anti orders (the last 7 days)"),
    ("customers who had orders in the past but none in the last 90 days", "customers, semi orders, anti orders (the last 90 days)"),
    ("customers who ordered before but not in the last 90 days", "customers, semi orders, anti orders (the last 90 days)"),
    ("customers who placed no order in the last 90 days but did before", "customers, anti orders (the last 90 days), semi orders"),
    ("orders with neither an item nor a payment", "orders, anti order_items, anti payments"),
    ("orders without items or payments", "orders, anti order_items, anti payments"),
    ("orders that have an item but no payment", "orders, semi order_items, anti payments"),
    ("customers with a cancelled order and no completed order", "customers, semi orders [status = 'cancelled'], anti orders [status = 'completed']"),
    ("customers with at least one refunded order", "customers, semi orders [status = 'refunded']"),
    ("customers with exactly two orders", "customers, inner int_orders_by_customer; int_orders_by_customer.order_count = 2"),
    ("customers who ordered more than twice", "customers, inner int_orders_by_customer; int_orders_by_customer.order_count > 2"),
    ("customers with fewer than 3 orders", "customers, left int_orders_by_customer; coalesce(int_orders_by_customer.order_count, 0) < 3"),
    ("orders with more payments than items", "orders, left int_payments_by_order, left int_order_items_by_order; coalesce(int_payments_by_order.payment_count, 0) > coalesce(int_order_items_by_order.order_item_count, 0)"),
    ("orders that were not shipped", "orders; status <> 'shipped'"),
    ("orders never shipped", "orders; shipped_at is null"),
    ("orders that have no customer", "orders, anti customers"),
    ("customers with orders but no paid payment", "customers, semi orders, anti int_paid_payments_by_customer"),
    ("customers who bought something but placed no order in the last 30 days", "customers, semi orders, anti orders (the last 30 days)"),
    ("total paid amount per customer, customers without payments with 0", "customers, left int_payments_by_customer"),
    ("share of customers with an order", "customers, left int_orders_by_customer"),
    ("percentage of customers per country who placed an order", "customers, left int_orders_by_customer"),
    ("number of orders per customer, customers without any too", "customers, left int_orders_by_customer"),
    ("number of orders per customer, 0 if there are none", "customers, left int_orders_by_customer"),
    ("number of orders and total paid amount per country", "orders, inner customers, left int_payments_by_order"),
    ("hours from order to the first payment", "orders, left int_payments_by_order"),
    ("days since the last order per customer", "customers, left int_orders_by_customer"),
];

#[test]
fn rows_of_other_tables_are_conditions() {
    let world = World::shop();
    let mut wrong = String::new();
    for (text, expected) in SENTENCES {
        let found = match world.read(text) {
            Ok(Intent::Understood(u)) => said(u.spec.models.last().unwrap()),
            other => format!("{other:?}"),
        };
        if found != *expected {
            wrong.push_str(&format!("{text}\n  is    {found}\n  not   {expected}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_could_mean_two_things_is_asked() {
    let world = World::shop();
    for (text, about) in [
        ("orders without items and payments", "lack both"),
        ("customers with a cancelled order or a refunded order", "one of several"),
        ("days between the first and second order per customer", "later one of the same kind"),
        ("number of orders and number of payments per month", "time of their own"),
        ("time since orders per customer", "since"),
    ] {
        assert!(world.questions(text).contains(about), "{text}: {}", world.questions(text));
    }
}

#[test]
fn hostile_relations_do_not_panic() {
    let world = World::shop();
    for text in [
        "customers with neither",
        "customers nor nor nor",
        "customers with at least 99999999999999999999 orders",
        "customers who never never never ordered ordered",
        "customers but none in the last",
        "orders since the last last first order",
        "share of share of customers with an order with an order",
        "customers who nobody nothing",
        "hours until the first the first",
        "customers without",
    ] {
        let _ = world.read(text);
    }
}
