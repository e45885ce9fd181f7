//! Sentences about the rows of a result, and the parts of the spec that they must become.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::World;

/// Requirement, and what the last model's YAML holds, in lines of its own flow style.
#[rustfmt::skip]
const SENTENCES: &[(&str, &[&str])] = &[
    ("top 3 products per category by revenue", &["rows: 3", "by: revenue", "direction: desc", "per:\n  - category"]),
    ("bottom five products by quantity sold", &["rows: 5", "by: total_quantity"]),
    ("the best selling product in each country", &["rows: 1", "by: total_quantity", "per:\n  - country_code"]),
    ("Top ten customers", &["rows: 10", "by: total_amount"]),
    ("10 largest orders", &["rows: 10", "by: total_amount"]),
    ("the 5 most expensive products", &["rows: 5", "by: price"]),
    ("daily orders, include days without orders", &["fill:\n  over: order_date\n  every: day"]),
    ("monthly revenue with no gaps", &["fill:\n  over: order_month\n  every: month"]),
    ("weekly revenue per country with week over week growth in percent", &["growth: revenue", "percent: true", "per:\n  - country_code"]),
    ("monthly revenue and its year over year growth", &["previous: revenue", "back: 12"]),
    ("daily revenue compared with the previous week", &["previous: revenue", "change: revenue", "growth: revenue", "back: 7"]),
    ("revenue per category with its share of the total", &["share: revenue"]),
    ("monthly revenue by category and its percentage of the month's total", &["share: revenue", "per:\n  - order_month", "percent: true"]),
    ("7-day moving average of daily revenue", &["moving_average: revenue", "rows: 7"]),
    ("cumulative number of orders by month", &["running: order_count"]),
    ("orders by day of week", &["name: order_weekday", "name: order_weekday_name"]),
    ("number of orders by hour of day", &["extract(hour from ordered_at)"]),
    ("weekly revenue, weeks starting on Sunday", &["date_trunc('week', ordered_at + interval '1' day) - interval '1' day"]),
    ("number of orders per year and month", &["date_trunc('year', ordered_at)", "date_trunc('month', ordered_at)"]),
    ("rank customers by revenue", &["rank: revenue"]),
    ("revenue per category, only categories with more than 100 orders", &["having:\n- order_count > 100"]),
    ("monthly revenue, only months where revenue is above 1000", &["having:\n- revenue > 1000"]),
    ("which 5 categories have the most orders?", &["rows: 5", "by: order_count", "direction: desc"]),
    ("which category earned the most revenue", &["rows: 1", "by: revenue"]),
    ("the customer with the highest revenue in each country", &["rows: 1", "by: revenue", "per:\n  - country_code"]),
    ("the 3 most recent orders per customer", &["rows: 3", "by: ordered_at", "direction: desc", "per:\n  - customer_id"]),
    ("top 3 products per category, by quantity sold", &["by: total_quantity", "per:\n  - category"]),
    ("monthly revenue compared with the previous month, with the change in percent", &["previous: revenue", "growth: revenue", "percent: true"]),
    ("orders per month with a running total", &["running: order_count"]),
    ("number of orders per day in Berlin time", &["cast(local_time(ordered_at, 'Europe/Berlin') as date)"]),
    ("number of orders per week in the last 30 days, New York time", &["date_trunc('week', local_time(ordered_at, 'America/New_York'))", "local_time(ordered_at, 'America/New_York') >= dateadd('day', -30, as_of())"]),
    ("number of orders per category in Q1 2026", &["ordered_at >= date '2026-01-01'", "ordered_at < date '2026-04-01'"]),
    ("number of orders per category between 1 and 15 March 2026", &["ordered_at >= date '2026-03-01'", "ordered_at < date '2026-03-16'"]),
    ("number of orders per category in the 30 days before 1 March 2026", &["ordered_at >= date '2026-01-30'", "ordered_at < date '2026-03-01'"]),
    ("the most expensive order of each month", &["rows: 1", "by: total_amount", "per:\n  - order_month"]),
    ("the 10 customers who spent the most", &["rows: 10", "by: total_amount"]),
    ("categories ranked by revenue", &["name: category", "rank: revenue"]),
    ("5 oldest cancelled orders", &["status = 'cancelled'", "rows: 5", "by: ordered_at"]),
    ("orders per week, week on week growth in percent", &["growth: order_count", "percent: true"]),
    ("monthly revenue and the rolling 3-month total", &["moving_sum: revenue", "rows: 3"]),
    ("number of orders per day in the last 14 days, including days without any", &["from: dateadd('day', -14, as_of())"]),
    ("categories with more than 100 orders", &["name: category", "having:\n- order_count > 100"]),
];

#[test]
fn sentences_become_steps_of_the_result() {
    let world = World::shop();
    let mut wrong = Vec::new();
    for (text, parts) in SENTENCES {
        let found = match world.read(text) {
            Ok(super::Intent::Understood(u)) => serde_yaml::to_string(u.spec.models.last().unwrap()).unwrap(),
            other => format!("{other:?}"),
        };
        wrong.extend(parts.iter().filter(|p| !found.contains(**p)).map(|p| format!("{text}: no `{p}` in\n{found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_smallest_is_first_where_that_is_said() {
    let world = World::shop();
    for (text, smallest) in [
        ("which category has the fewest orders?", true),
        ("which category has the most orders?", false),
        ("bottom 5 categories with the lowest revenue", true),
        ("the 3 cheapest products", true),
        ("the 3 oldest orders", true),
        ("the 3 newest orders", false),
    ] {
        let Ok(super::Intent::Understood(u)) = world.read(text) else { panic!("{text}: {:?}", world.read(text)) };
        let top = u.spec.models.last().unwrap().top.clone().unwrap();
        assert_eq!(top.by[0].direction.is_ascending(), smallest, "{text}");
    }
}

#[test]
fn what_is_left_open_is_a_question() {
    let world = World::shop();
    for (text, asked) in [
        ("daily revenue with a moving average", "over how long"),
        ("the most popular products", "how many"),
        ("daily revenue with its year over year growth", "no fixed number"),
        ("monthly revenue by category with its share of the total", "of which whole"),
        ("the second largest order of each customer", "one place of an order"),
        ("number of orders on 31 February 2026", "no such day"),
        ("daily number of orders in the last 30 days with a total of at least 100", "of each row"),
        ("orders per category whenever payments have been loaded", "nothing to wait for"),
        ("the 5 largest orders with ties", "share the last place"),
    ] {
        assert!(world.questions(text).contains(asked), "{text}: {}", world.questions(text));
    }
}
