//! Pairs of queries that say the same, and pairs that do not.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::sql::jinja::Rendered;
use crate::sql::{Text, parse};
use crate::vocabulary::Dialect;

fn table(id: &str, columns: &[&str], keys: &[&[usize]]) -> Printed {
    let print = |c: &&str| ((*c).to_owned(), Print::mix(id, &[Print::of(c)]));
    Printed {
        columns: columns.iter().map(print).collect(),
        rows: Print::of(id),
        open: columns.is_empty(),
        keys: keys.iter().map(|k| k.to_vec()).collect(),
        origin: Print::of(id),
    }
}

/// `o`: orders, `c`: customers by `id`, `u`: unknown columns. `p`: orders of one kind, as another node gives them.
fn print(sql: &str) -> Printed {
    let nodes = [
        ("o", table("o", &["id", "customer_id", "amount", "status", "at"], &[])),
        ("c", table("c", &["id", "name", "country", "parent_id"], &[&[0]])),
        ("u", table("u", &[], &[])),
        ("p", print_of("select id, amount * 2 as amount from dbt_ref__0.o where status = 'paid'", &[])),
    ];
    print_of(sql, &nodes)
}

fn print_of(sql: &str, nodes: &[(&'static str, Printed)]) -> Printed {
    let nodes: Vec<(&str, Printed)> = match nodes {
        [] => vec![("o", table("o", &["id", "customer_id", "amount", "status", "at"], &[]))],
        nodes => nodes.to_vec(),
    };
    let text = Text::new("m.sql", "", sql);
    let parsed = parse(&text, &Rendered::plain(sql), Dialect::DuckDb).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let find = |id: u32| nodes.get(id as usize).map(|(name, printed)| (*name, printed));
    fingerprint(&parsed, &find)
}

fn sql(short: &str) -> String {
    let mut out = String::new();
    for word in short.split_inclusive(|c: char| !c.is_alphanumeric() && c != '@') {
        out.push_str(&match word.strip_prefix('@') {
            Some(rest) => {
                let at = ["o", "c", "u", "p"].iter().position(|n| rest.starts_with(n)).unwrap();
                format!("dbt_ref__{at}.{rest}")
            }
            None => word.to_owned(),
        });
    }
    out
}

const SAME: &[(&str, &str)] = &[
    ("select id, amount from @o", "SELECT\n  id, -- the key\n  amount\nFROM @o /* all */"),
    ("select x.id from @o x", "select y.id from @o as y"),
    ("select id, amount + 1 as a from @o", "with t as (select * from @o) select id, amount + 1 as a from t"),
    ("with t as (select id, amount + 1 as a from @o) select id, a from t", "select id, amount + 1 as a from @o"),
    ("with t as (select id as k from @o), v as (select k from t) select k as id from v", "select id from @o"),
    (
        "select id from (select id, amount from @o where status = 'x') q where amount > 3",
        "select id from @o where amount > 3 and status = 'x'",
    ),
    ("select id from @o where 3 < amount", "select id from @o where (amount > 3)"),
    ("select status, sum(amount) as s from @o group by status", "select status, sum(amount) as s from @o group by 1"),
    ("select status, sum(amount) as s from @o group by all", "select status, sum(amount) as s from @o group by status"),
    (
        "select status as k, count(*) as n from @o group by k",
        "select status as k, count(1) as n from @o group by status",
    ),
    ("select amount::int as a from @o", "select cast(amount as integer) as a from @o"),
    (
        "select o.id, c.name from @o o join @c c on o.customer_id = c.id",
        "select a.id, b.name from @o a inner join @c b on b.id = a.customer_id",
    ),
    (
        "select o.id, c.name from @o o, @c c where o.customer_id = c.id",
        "select o.id, c.name from @o o join @c c on o.customer_id = c.id",
    ),
    (
        "select o.id, name from @o o left join (select id as customer_id, name from @c) using (customer_id)",
        "select o.id, c.name from @o o left join @c c on o.customer_id = c.id",
    ),
    (
        "select row_number() over (partition by status order by at) as n from @o",
        "select row_number() over w as n from @o window w as (partition by status order by at asc)",
    ),
    ("select * from @u", "with t as (select * from @u) select * from t"),
    ("select x + 1 as y from @u", "with t as (select x + 1 as y from @u) select y from t"),
    ("select x as x2 from @u where x > 1", "with t as (select * from @u where x > 1) select x as x2 from t"),
    (
        "select trim(both ' ' from status) as s from @o",
        "select trim(both ' ' from q.status) as s from (select * from @o) q",
    ),
    (
        "select case when status = 'a' then 1 else 0 end as f from @o o",
        "select case when o.status = 'a' then 1 else 0 end as f from @o o",
    ),
    ("select id from @o where status in ('a', 'b')", "select id from @o where status in ('b','a')"),
    (
        "select id from @o where exists (select 1 from @c c where c.id = customer_id)",
        "select id from @o z where exists (select name from @c d where d.id = z.customer_id)",
    ),
    (
        "select id from @o union all select id from @c",
        "with a as (select id from @o), b as (select id from @c) select * from a union all select * from b",
    ),
    ("select \"id\" from @o", "select ID from @o"),
    ("select id from @o order by at", "select id from @o"),
    ("select id from @o where status is not null", "select id from @o where not (status is null)"),
    (
        "select id from @o where not coalesce(amount > 1, false)",
        "select id from @o where ifnull(amount > 1, false) = false",
    ),
    ("select id from @o where amount > 1 is not true", "select id from @o where coalesce(amount > 1, false) = false"),
    ("select id from @o where true and 'a;b' = 'a;b'", "select id from @o where 1 = 1"),
    ("select id from @o where id = 1 and 2 = 2", "select id from @o where 1 = id"),
    ("select id from @o where id between 1 and 3", "select id from @o where id >= 1 and 3 >= id"),
    ("select id from @o where status not in ('a')", "select id from @o where status <> 'a'"),
    ("select id from @o where not status in ('a', 'b')", "select id from @o where status not in ('b', 'a')"),
    (
        "select if(id = 0, null, amount / id) as x from @o",
        "select case when id = 0 then null else amount / id end as x from @o",
    ),
    ("select case when id = 0 then 1 end as x from @o", "select case when id = 0 then 1 else null end as x from @o"),
    (
        "select case status when 'a' then 1 when 'b' then 2 else 0 end as x from @o",
        "select case when 'b' = status then 2 when status = 'a' then 1 else 0 end as x from @o",
    ),
    (
        "select case when amount > 1 then true else false end as x from @o",
        "select coalesce(amount > 1, false) as x from @o",
    ),
    (
        "select count(*) filter (where amount > 1) as n from @o",
        "select count(case when amount > 1 then 1 end) as n from @o",
    ),
    (
        "select sum(amount) filter (where id > 1) as n from @o",
        "select sum(case when id > 1 then amount end) as n from @o",
    ),
    ("select nvl2(status, 1, 0) as n from @o", "select case when status is not null then 1 else 0 end as n from @o"),
    (
        "select o.id, c.name from @o o left join @c c on o.customer_id = c.parent_id where o.amount > 1",
        "with o as (select * from @o where amount > 1) select o.id, c.name from o left join @c c on o.customer_id = c.parent_id",
    ),
    (
        "select o.id, c.name from @o o left join @c c on o.customer_id = c.parent_id",
        "select o.id, c.name from @c c right join @o o on o.customer_id = c.parent_id",
    ),
    (
        "select id, 'o' as k from @o union all select id, 'c' as k from @c",
        "select id, 'c' as k from @c union all select id, 'o' as k from @o",
    ),
    (
        "select id from @o union select id from @c union select id from @p",
        "select id from @p union select id from @o union select id from @c",
    ),
    (
        "select name from @c union select country as name from @c",
        "select country as name from @c union select name from @c",
    ),
];

const OTHER: &[(&str, &str)] = &[
    ("select id from @o", "select customer_id as id from @o"),
    ("select amount as a from @o", "select amount + 1 as a from @o"),
    ("select amount - 1 as a from @o", "select 1 - amount as a from @o"),
    ("select id from @o", "select id from @o where status = 'x'"),
    ("select id from @o where status = 'x'", "select id from @o where status = 'X'"),
    ("select id from @o where a.status = 'x' or amount > 1", "select id from @o where status = 'x' and amount > 1"),
    ("select sum(amount) as a from @o", "select avg(amount) as a from @o"),
    ("select sum(amount) as a from @o", "select sum(distinct amount) as a from @o"),
    ("select sum(amount) as a from @o", "select sum(amount) over () as a from @o"),
    (
        "select status, sum(amount) as a from @o group by status",
        "select max(status) as status, sum(amount) as a from @o group by id",
    ),
    (
        "select o.id, c.name from @o o join @c c on o.customer_id = c.id",
        "select o.id, c.name from @o o left join @c c on o.customer_id = c.id",
    ),
    (
        "select o.id from @c c left join @o o on o.customer_id = c.id",
        "select o.id from @c c left join @o o on o.id = c.id",
    ),
    (
        "select c.id, coalesce(amount, 0) as a from @c c left join @o o on o.customer_id = c.id",
        "with o as (select customer_id, coalesce(amount, 0) as a from @o) select c.id, a from @c c left join o on o.customer_id = c.id",
    ),
    (
        "select c.id from @c c left join @o o on o.customer_id = c.id and o.amount > 1",
        "select c.id from @c c left join @o o on o.customer_id = c.id where o.amount > 1",
    ),
    ("select id from @o limit 10", "select id from @o limit 11"),
    ("select id from @o order by at limit 1", "select id from @o order by id limit 1"),
    ("select distinct status from @o", "select status from @o"),
    ("select distinct status from @o", "select distinct status, id from @o"),
    ("select id from @o union select id from @c", "select id from @o union all select id from @c"),
    ("select id from @o except select id from @c", "select id from @c except select id from @o"),
    (
        "select id, 1 as k from @o where amount > 1 union all select customer_id, 2 from @o where amount < 1",
        "select customer_id as id, 1 as k from @o where amount > 1 union all select id, 2 from @o where amount < 1",
    ),
    (
        "select n from (select *, row_number() over (order by at) as n from @o) where amount > 1",
        "select row_number() over (order by at) as n from @o where amount > 1",
    ),
    ("select row_number() over (order by at) as n from @o", "select row_number() over (order by at desc) as n from @o"),
    ("select lag(amount) over (order by at) as n from @o", "select lag(amount, 2) over (order by at) as n from @o"),
    (
        "select a.amount from @o a join @o b on a.id = b.customer_id",
        "select b.amount from @o a join @o b on a.id = b.customer_id",
    ),
    (
        "select o.amount from @o o join (select * from @o where amount > 1) f on f.customer_id = o.id",
        "select f.amount from @o o join (select * from @o where amount > 1) f on f.customer_id = o.id",
    ),
    ("select x from @u", "select y as x from @u"),
    ("select * from @u", "select * from @o"),
    ("select extract(year from at) as y from @o", "select extract(month from at) as y from @o"),
    ("select substring(status, 1, 2) as s from @o", "select substring(status, 1, 3) as s from @o"),
    (
        "select case when amount > 1 then 'a' else 'b' end as s from @o",
        "select case when amount > 1 then 'b' else 'a' end as s from @o",
    ),
    (
        "select id from @o where customer_id not in (select id from @c)",
        "select id from @o where customer_id in (select id from @c)",
    ),
    (
        "select id from @o where customer_id in (select id from @c where country = 'de')",
        "select id from @o where customer_id in (select id from @c)",
    ),
    (
        "with t as (select id, amount from @o) select id, amount as a from t",
        "with t as (select id, amount * 2 as amount from @o) select id, amount as a from t",
    ),
    ("select amount::int as a from @o", "select try_cast(amount as int) as a from @o"),
    ("select sum(amount) filter (where status = 'a') as s from @o", "select sum(amount) as s from @o"),
    (
        "select status from @o group by status having count(*) > 1",
        "select status from @o group by status having count(*) > 2",
    ),
    (
        "select * from @o qualify row_number() over (partition by id order by at) = 1",
        "select * from @o qualify row_number() over (partition by id order by at desc) = 1",
    ),
    ("select unnest(range(3)) as x, id from @o", "select unnest(range(4)) as x, id from @o"),
    ("select id from @o tablesample (10)", "select id from @o"),
    ("select id from @o where not (amount > 1)", "select id from @o where coalesce(amount > 1, false) = false"),
    ("select id from @o where amount = true", "select id from @o where amount"),
    ("select id from @o where 1 = 2", "select id from @o where 1 = 1"),
    ("select id from @o where status = status", "select id from @o"),
    ("select coalesce(amount > 1, true) as x from @o", "select coalesce(amount > 1, false) as x from @o"),
    ("select case when amount > 1 then true end as x from @o", "select coalesce(amount > 1, false) as x from @o"),
    (
        "select case when amount > 1 then 'a' when id > 1 then 'b' end as x from @o",
        "select case when id > 1 then 'b' when amount > 1 then 'a' end as x from @o",
    ),
    (
        "select case when status = 'a' then 1 when status = 'A' then 2 end as x from @o",
        "select case when status = 'A' then 2 when status = 'a' then 1 end as x from @o",
    ),
    (
        "select case when status = 'a' then 1 when id = 2 then 2 end as x from @o",
        "select case when id = 2 then 2 when status = 'a' then 1 end as x from @o",
    ),
    (
        "select sum(amount) filter (where id > 1) as n from @o",
        "select sum(case when id > 1 then amount else 0 end) as n from @o",
    ),
    (
        "select count(case when id > 1 then amount end) as n from @o",
        "select count(case when id > 1 then 1 end) as n from @o",
    ),
    (
        "select count(distinct case when id > 1 then 1 end) as n from @o",
        "select count(case when id > 1 then 1 end) as n from @o",
    ),
    ("select nvl2(status, 1, 0) as n from @o", "select case when status is null then 1 else 0 end as n from @o"),
    ("select id from @o where id not between 1 and 3", "select id from @o where id between 1 and 3"),
    (
        "select o.id, c.name from @o o left join @c c on o.customer_id = c.parent_id where c.country = 'x'",
        "with c as (select * from @c where country = 'x') select o.id, c.name from @o o left join c on o.customer_id = c.parent_id",
    ),
    (
        "with a as (select id, parent_id from @c where country = 'x') select a.id from a left join @c b on a.id = b.parent_id",
        "with b as (select id, parent_id from @c where country = 'x') select a.id from @c a left join b on a.id = b.parent_id",
    ),
    (
        "select id, 'o' as k from @o union all select id, 'c' as k from @c",
        "select id, 'c' as k from @o union all select id, 'o' as k from @c",
    ),
    (
        "select id from @o where amount > 1 union all select customer_id as id from @o where amount < 1",
        "select id from @o where amount < 1 union all select customer_id as id from @o where amount > 1",
    ),
    (
        "select name, country from @c union all select country, name from @c",
        "select name, name as country from @c union all select country, country from @c",
    ),
    (
        "select id from @o union select id from @c union all select id from @p",
        "select id from @o union all select id from @c union select id from @p",
    ),
];

fn deep(printed: &Printed) -> (u64, Vec<u64>) {
    (printed.rows.deep, printed.columns.iter().map(|c| c.1.deep).collect())
}

#[test]
fn the_same_said_in_another_way_is_alike() {
    for (a, b) in SAME {
        let (one, two) = (print(&sql(a)), print(&sql(b)));
        assert_eq!(one.rows, two.rows, "rows of {a} | {b}");
        assert_eq!(one.columns.len(), two.columns.len(), "{a} | {b}");
        for (x, y) in one.columns.iter().zip(&two.columns) {
            assert_eq!(x.1, y.1, "{} of {a} | {b}", x.0);
        }
    }
}

#[test]
fn another_thing_is_never_alike() {
    for (a, b) in OTHER {
        assert_ne!(deep(&print(&sql(a))), deep(&print(&sql(b))), "{a} | {b}");
    }
}

#[test]
fn a_join_by_key_adds_values_and_leaves_rows_and_other_columns_alone() {
    let plain = print(&sql("select o.id, o.amount from @o o"));
    let joined = print(&sql("select o.id, o.amount, c.name from @o o left join @c c on c.id = o.customer_id"));
    assert_eq!((plain.rows, plain.columns.as_slice()), (joined.rows, &joined.columns[..2]));
    let by_other = print(&sql("select o.id from @o o left join @c c on c.parent_id = o.customer_id"));
    assert_ne!(plain.rows, by_other.rows, "`parent_id` is no key: rows may repeat");
    let grouped =
        "select id from @o left join (select customer_id as k, sum(amount) as s from @o group by 1) t on k = id";
    assert_eq!(print(&sql(grouped)).rows, plain.rows, "what is grouped by is a key");
}

#[test]
fn deep_sees_through_nodes_and_own_does_not() {
    let through = print(&sql("select id, amount from @p"));
    let inline = print(&sql("select id, amount * 2 as amount from @o where status = 'paid'"));
    assert_eq!(deep(&through), deep(&inline), "a model and the same as a subquery");
    assert_ne!(through.rows.own, inline.rows.own);
    assert_ne!(through.columns[0].1.own, inline.columns[0].1.own);
}

#[test]
fn long_and_deep_queries_end() {
    let chain = (0..400).map(|i| format!("amount > {i}")).collect::<Vec<_>>().join(" or ");
    let many = print(&sql(&format!("select id from @o where {chain}")));
    assert_ne!(many.rows, print(&sql("select id from @o")).rows);
    let aliases = (1..60).map(|i| format!("a{} + a{} as a{i}", i - 1, i - 1)).collect::<Vec<_>>().join(", ");
    print(&sql(&format!("select id as a0, {aliases} from @o")));
    let circle = print(&sql("select b + 1 as a, a + 1 as b from @o"));
    assert_eq!(circle.columns.len(), 2);
}
