#![allow(clippy::unwrap_used)]
use super::*;

fn scope() -> Scope {
    let column = |relation: &str, name: &str, t: DataType, nullable| ScopeColumn {
        relation: relation.parse().unwrap(),
        name: name.parse().unwrap(),
        sql: name.to_owned(),
        data_type: Some(t),
        nullable,
        hidden: false,
    };
    Scope {
        columns: vec![
            column("orders", "order_id", DataType::Integer, false),
            column("orders", "status", DataType::Text, false),
            column("orders", "amount", DataType::Decimal { precision: 12, scale: 2 }, false),
            column("orders", "ordered_at", DataType::Timestamp, false),
            column("orders", "due", DataType::Date, true),
            column("items", "status", DataType::Text, true),
            column("items", "quantity", DataType::Integer, false),
        ],
        open: vec![],
    }
}

fn sql(text: &str) -> String {
    lower(text, &scope()).unwrap_or_else(|e| panic!("{text}: {e}")).code.flat()
}

#[test]
fn portable_sql_stays_itself_in_lower_case() {
    for (text, expected) in [
        ("ORDER_ID", "order_id"),
        ("orders.status <> 'cancelled'", "status != 'cancelled'"),
        (
            "orders.status IN ('a','it''s') AND NOT (amount>=1.50 OR due IS NULL)",
            "status in ('a', 'it''s') and not (amount >= 1.50 or due is null)",
        ),
        ("CASE WHEN amount > 0 THEN 1 ELSE 0 END", "case when amount > 0 then 1 else 0 end"),
        ("coalesce(due, DATE '2026-01-01')", "coalesce(due, cast('2026-01-01' as date))"),
        ("amount between 1 and 2", "amount between 1 and 2"),
        ("concat(lower(orders.status), '-', 'x')", "lower(status) || '-' || 'x'"),
        ("-amount + 3 * (quantity - 1)", "-amount + 3 * (quantity - 1)"),
        ("orders.status ILIKE 'A%'", "lower(status) like lower('A%')"),
        ("quantity % 2", "mod(quantity, 2)"),
        ("extract(YEAR from ordered_at)", "extract(year from ordered_at)"),
        ("ceiling(amount)", "ceil(amount)"),
    ] {
        assert_eq!(sql(text), expected);
    }
}

#[test]
fn what_dialects_differ_on_becomes_a_macro() {
    for (text, expected) in [
        ("date_trunc('month', ordered_at)", "{{ dbt.date_trunc('month', 'ordered_at') }}"),
        ("date_trunc('month', due)", "cast({{ dbt.date_trunc('month', 'due') }} as date)"),
        ("date_trunc('week', ordered_at)", "{{ week_start('ordered_at') }}"),
        ("local_time(ordered_at, 'Europe/Berlin')", "{{ local_time('ordered_at', 'Europe/Berlin') }}"),
        (
            "cast(local_time(ordered_at, 'Europe/Berlin') as date)",
            "cast({{ local_time('ordered_at', 'Europe/Berlin') }} as date)",
        ),
        (
            "cast(date_trunc('month', coalesce(due, ordered_at)) as date)",
            "cast({{ dbt.date_trunc('month', 'coalesce(due, ordered_at)') }} as date)",
        ),
        ("ordered_at - interval '7' day", "{{ dbt.dateadd('day', -7, 'ordered_at') }}"),
        ("due + interval '2 weeks'", "cast({{ dbt.dateadd('week', 2, 'due') }} as date)"),
        ("datediff('hour', ordered_at, current_timestamp)", "{{ dbt.datediff('ordered_at', as_of(), 'hour') }}"),
        (
            "date_trunc('day', ordered_at + interval '1' hour)",
            "{{ dbt.date_trunc('day', dbt.dateadd('hour', 1, 'ordered_at')) }}",
        ),
        ("cast(order_id as varchar)", "cast(order_id as {{ dbt.type_string() }})"),
        ("amount::numeric(10,1)", "cast(amount as decimal(10, 1))"),
        ("median(amount)", "{{ percentile('amount', 0.5) }}"),
        ("percentile(amount, 0.9)", "{{ percentile('amount', 0.9) }}"),
        ("median(amount) filter (where amount > 0)", "{{ percentile('case when amount > 0 then amount end', 0.5) }}"),
        ("stddev(amount)", "stddev_samp(amount)"),
        ("current_date", "cast({{ as_of() }} as date)"),
        ("split_part(orders.status, ',', 1)", "{{ dbt.split_part('status', \"','\", 1) }}"),
        ("count(*) filter (where orders.status = 'a')", "count(case when status = 'a' then 1 end)"),
        ("last_day(due)", "{{ dbt.last_day('due', 'month') }}"),
    ] {
        assert_eq!(sql(text), expected);
    }
}

#[test]
fn division_neither_cuts_nor_fails() {
    assert_eq!(sql("sum(amount) / count(*)"), "sum(amount) / count(*)");
    assert_eq!(sql("sum(quantity) / count(*)"), "cast(sum(quantity) as {{ dbt.type_numeric() }}) / count(*)");
    assert_eq!(sql("amount / quantity"), "amount / nullif(quantity, 0)");
    assert_eq!(sql("amount / 100"), "amount / 100");
    assert_eq!(sql("avg(quantity)"), "avg(cast(quantity as {{ dbt.type_numeric() }}))");
}

#[test]
fn types_and_nulls_follow() {
    let of = |text: &str| {
        let l = lower(text, &scope()).unwrap();
        (l.data_type, l.nullable)
    };
    assert_eq!(of("sum(amount * quantity)"), (Some(DataType::Decimal { precision: 38, scale: 2 }), false));
    assert_eq!(of("count(due)"), (Some(DataType::Integer), false));
    assert_eq!(of("max(due)"), (Some(DataType::Date), true));
    assert_eq!(of("case when amount > 1 then 'a' end"), (Some(DataType::Text), true));
    assert_eq!(of("coalesce(due, current_date)"), (Some(DataType::Date), false));
    assert!(lower("sum(amount) + order_id", &scope()).unwrap().bare);
    assert!(!lower("sum(amount) / count(*)", &scope()).unwrap().bare);
    assert!(lower("order_id", &scope()).unwrap().plain);
}

#[test]
fn hostile_text_is_refused() {
    for text in [
        "",
        " ",
        "1; drop table x",
        "{{ env_var('X') }}",
        "(select 1)",
        "'a",
        "\"a",
        "1 -- x",
        "/* x */ 1",
        "1) or (1=1",
        "exists (select 1)",
        "order_id in (select 1)",
        "a b",
        "x.y.z",
        "order_id = $1",
        "pg_sleep(10)",
        "amount, order_id",
        "order_id over ()",
        "sum(amount) over ()",
        "sum(sum(amount))",
        "sum(*)",
        "'\\' or 1=1",
        "{% do x %}",
        "{# x #}",
        "cast(order_id as xml)",
        "*",
        "due - ordered_at",
        "due + 1",
        "E'\\n'",
        "@x",
        "?",
        "order_id[1]",
        "extract(dow from due)",
        "datediff('week', due, due)",
        "case when then end",
        "lower()",
        "array[1]",
        "date_trunc('fortnight', due)",
        "random()",
        "current_user",
        "order_id::regclass",
        "U&'x'",
        "x'ff'",
        "try_cast(due as text)",
        "local_time(due, 'Europe/Berlin')",
        "local_time(ordered_at, 'Mars/Olympus')",
        "local_time(ordered_at, 'UTC'') }}')",
        "local_time(ordered_at, status)",
    ] {
        let result = lower(text, &scope());
        assert!(result.is_err(), "{text} became {}", result.unwrap().code.flat());
    }
    assert!(lower(&"(".repeat(400), &scope()).is_err());
    assert!(lower(&"1 + ".repeat(5000), &scope()).is_err());
    for operator in ["1 + ", "1 - 1 + ", "1 / ", "true and ", "'a' || "] {
        let long = format!("{}1", operator.repeat(110));
        let lowered = lower(&long, &scope()).unwrap_or_else(|e| panic!("{operator}: {e}"));
        assert!(!lowered.code.lines(8, 0).is_empty());
    }
}

#[test]
fn unknown_names_are_answered_with_near_ones() {
    let next = |text: &str| lower(text, &scope()).unwrap_err();
    assert!(next("amoun > 1").next.unwrap().contains("`amount`"));
    assert!(next("order.amount > 1").next.unwrap().contains("`orders`"));
    assert_eq!(next("status = 'a'").code, "ambiguous-column");
    assert!(next("datetrunc('month', due)").next.unwrap().contains("date_trunc"));
}

#[test]
fn a_relation_whose_columns_are_unknown_may_have_any() {
    let mut scope = scope();
    scope.open = vec![("raw_model".parse().unwrap(), "raw_model.".into())];
    assert_eq!(lower("raw_model.x + 1", &scope).unwrap().code.flat(), "raw_model.x + 1");
    assert!(lower("raw_model.\"x y\"", &scope).is_err());
}
