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
fn what_is_left_open_is_a_question() {
    let world = World::shop();
    for (text, asked) in [
        ("daily revenue with a moving average", "over how long"),
        ("the most popular products", "how many"),
        ("daily revenue with its year over year growth", "no fixed number"),
        ("monthly revenue by category with its share of the total", "of which whole"),
    ] {
        assert!(world.questions(text).contains(asked), "{text}: {}", world.questions(text));
    }
}
