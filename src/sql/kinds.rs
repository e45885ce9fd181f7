//! What projects of other people say, a query a kind: what is wrong in it by its code, or nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::jinja::Rendered;
use super::*;
use crate::vocabulary::{DataType, Dialect, Severity};

fn scope(dialect: Dialect) -> Scope<u32> {
    let table = |columns: &[(&str, Option<DataType>)], open| ScopeRelation {
        columns: columns.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).into())).collect(),
        open,
        ..ScopeRelation::default()
    };
    let (text, number, day) = (Some(DataType::Text), Some(DataType::Integer), Some(DataType::Date));
    let orders = table(&[("id", number), ("code", text), ("day", day), ("tags", None)], false);
    let lines = table(&[("id", number), ("line", number), ("day", day), ("code", text)], false);
    let raw = table(&[("id", number)], true);
    let relations = [(1, orders), (2, lines), (3, raw)];
    Scope { relations: relations.into_iter().map(|(id, r)| (id, r.into())).collect(), dialects: vec![dialect] }
}

/// The columns of a query, and the codes of what is wrong in it; `~` before those of warnings.
fn read(dialect: Dialect, sql: &str) -> (Vec<String>, bool, Vec<String>) {
    let sql = sql.replace("orders", "dbt_ref__1.o").replace("lines", "dbt_ref__2.l").replace("raw", "dbt_ref__3.r");
    let (text, rendered) = (Text::new("q.sql", "", &sql), Rendered::plain(&sql));
    match parse_as_is(&text, &rendered, dialect) {
        Err(stops) => (Vec::new(), true, stops.into_iter().map(|s| format!("{}: {}", s.code, s.what)).collect()),
        Ok(parsed) => {
            let (resolved, found) = understand(&text, &rendered, &parsed, &scope(dialect));
            let code = |f: &crate::vocabulary::Diagnostic| match f.severity {
                Severity::Error => f.code.to_string(),
                Severity::Warning => format!("~{}", f.code),
            };
            let names = resolved.columns.iter().map(|c| c.name.clone()).collect();
            (names, resolved.open, found.iter().map(code).collect())
        }
    }
}

/// Nothing is wrong in it, and these are its columns; `…` where there may be more.
fn fine(dialect: Dialect, sql: &str, columns: &str) {
    let (names, open, found) = read(dialect, sql);
    let names: Vec<String> = names.into_iter().chain(open.then(|| "…".to_owned())).collect();
    assert_eq!((names.join(" ").as_str(), found), (columns, Vec::new()), "{sql}");
}

fn found(dialect: Dialect, sql: &str, code: &str) {
    assert_eq!(read(dialect, sql).2, [code], "{sql}");
}

#[test]
fn what_a_table_of_any_column_has_is_no_alias() {
    let sql = "select trim(code) as code, concat(code, id) as key from raw";
    fine(Dialect::BigQuery, sql, "code key");
    found(Dialect::BigQuery, "select id as a, a + 1 as b from orders", "alias-not-visible");
}

#[test]
fn names_that_two_tables_have() {
    let using = "select code, day from orders a left join lines b using (id)";
    fine(Dialect::Snowflake, using, "code day");
    assert_eq!(read(Dialect::BigQuery, using).2, ["ambiguous-column", "ambiguous-column"]);
    let on = "select code from orders a join lines b on a.id = b.id";
    found(Dialect::Snowflake, on, "ambiguous-column");
    // What the select gives is meant behind it.
    let given = "select a.code, b.line from orders a join lines b on a.id = b.id";
    fine(
        Dialect::BigQuery,
        &format!("{given} qualify row_number() over (partition by code order by line) = 1"),
        "code line",
    );
    fine(
        Dialect::BigQuery,
        "select a.code, max(b.line) as m from orders a join lines b on a.id = b.id group by code",
        "code m",
    );
    // An array's element has the name that it is given.
    fine(
        Dialect::BigQuery,
        "select code as c, code = b.code as d from orders a join lines b on a.id = b.id, unnest(a.tags) as code",
        "c d",
    );
    // Two tables of one name: the one that has the column.
    fine(Dialect::Databricks, "select c.line, c.tags from orders c join lines c on c.line > 1", "line tags");
}

#[test]
fn aliases_where_tables_are_joined() {
    let on = "select a.id + 1 as next, b.line from orders a join lines b on next = b.id";
    fine(Dialect::Snowflake, on, "next line");
    found(Dialect::DuckDb, on, "unknown-column");
    let flat = "select split(code, ',') as parts, f.value as part from orders, lateral flatten(input => parts) f";
    fine(Dialect::Snowflake, flat, "parts part");
}

#[test]
fn joins_without_a_condition_of_their_own() {
    let sql = "select o.id, f.value as a, g.value as b from orders o \
        inner join lateral flatten(input => o.tags) as f inner join lateral flatten(input => f.value) as g";
    fine(Dialect::Snowflake, sql, "id a b");
}

#[test]
fn what_is_compared_with_what() {
    let number = "select a.id from orders a join lines b on a.code = b.line";
    found(Dialect::Postgres, number, "type-clash");
    found(Dialect::Snowflake, number, "~type-clash");
    let day = "select id from orders where day >= code";
    found(Dialect::BigQuery, day, "type-clash");
    fine(Dialect::Snowflake, day, "id");
}

#[test]
fn what_spark_makes_of_arrays_and_maps() {
    fine(Dialect::Databricks, "select id, col.a as a from (select id, explode(tags) from orders)", "id a");
    fine(Dialect::Databricks, "select key, value from (select explode(tags) from orders)", "key value");
    fine(Dialect::Databricks, "select col + 1 as next from (select explode(array(id, 2)) from orders)", "next");
    found(Dialect::Databricks, "select key from (select explode(array(id, 2)) from orders)", "unknown-column");
    fine(Dialect::Databricks, "select id, day + interval '3 hours' as later from orders;", "id later");
    fine(Dialect::Databricks, "select regexp_extract(code, r'a/([^/?]+)') as a from orders", "a");
    assert!(read(Dialect::Snowflake, "select id from orders;").2[0].starts_with("several-statements"));
    assert!(read(Dialect::Databricks, "select id from orders; select 1").2[0].starts_with("several-statements"));
}

#[test]
fn groups_and_what_stands_beside_them() {
    // Behind groups a name is what the select gives.
    let sql =
        "select code, count(*) as line from lines group by code qualify row_number() over (order by line desc) = 1";
    fine(Dialect::BigQuery, sql, "code line");
    fine(Dialect::Snowflake, "select code, arrayagg(id) as ids from orders group by code", "code ids");
    fine(Dialect::Snowflake, "select raw.*, max(id) as m from raw group by raw.* exclude (a, b)", "id m …");
    found(Dialect::Snowflake, "select code, id from orders group by code", "not-grouped");
}

#[test]
fn parts_of_dates_typed_arrays_and_rows() {
    fine(Dialect::Snowflake, "select timeadd(minute, id, day) as t from orders", "t");
    let sql = "select filename, kind from unnest(array<struct<filename string, kind string>> [('a', 'b'), ('c', 'd')])";
    fine(Dialect::BigQuery, sql, "filename kind");
    fine(Dialect::Postgres, "select u.a, u.b from orders, unnest(tags) as u(a, b)", "a b");
    found(Dialect::Snowflake, "with a as (select 1 as x), a as (select 2 as x) select x from a", "~duplicate-cte");
}

#[test]
fn a_star_of_a_relation_under_another_name() {
    // `star(ref('raw'), relation_alias='c')`, where `c` has columns of its own.
    let sql = "with c as (select id as other, raw.* from raw) select other, c.raw.* exclude (a) from c";
    fine(Dialect::Snowflake, sql, "other id …");
}

#[test]
fn a_join_repeats_nothing_within_a_group_of_its_key() {
    let sum = |by: &str| {
        format!("select {by}, sum(a.id) as s from orders a join lines b on a.day >= b.day and b.line = 2 group by 1")
    };
    let mut scope = scope(Dialect::Snowflake);
    let key = |column: &str| [std::collections::BTreeSet::from([column.to_owned()])].to_vec();
    for (id, column) in [(1, "id"), (2, "id")] {
        let relation = scope.relations.get(&id).unwrap().as_ref().clone();
        scope.relations.insert(id, ScopeRelation { keys: key(column), ..relation }.into());
    }
    let found = |by: &str| {
        let sql = sum(by).replace("orders", "dbt_ref__1.o").replace("lines", "dbt_ref__2.l");
        let (text, rendered) = (Text::new("q.sql", "", &sql), Rendered::plain(&sql));
        let parsed = parse_as_is(&text, &rendered, Dialect::Snowflake).unwrap();
        understand(&text, &rendered, &parsed, &scope).1.into_iter().map(|f| f.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("b.id"), Vec::<String>::new());
    assert_eq!(found("b.code"), ["fan-out"]);
    assert_eq!(found("a.id"), ["fan-out"], "the key of the other side");
}

#[test]
fn half_a_sentence_is_no_panic() {
    for sql in [
        "pivot",
        "pivot t on",
        "pivot t on a using",
        "pivot t on a in using sum(b) group",
        "pivot on a",
        "unpivot t on a into name",
        "unpivot t on a into name b value",
        "select [x for",
        "select [for x in y]",
        "select [x for x in y if]",
        "select [[x for x in y] for z in",
        "select a using sample",
        "select a from t using sample 10 (",
        "select sum(a) over (order by b rows current row exclude",
        "select a between symmetric",
        "select a glob",
        "select array<",
        "select array<struct<a int64>>[",
        "select 1 group by t.*",
        "select interval '3 hours'",
        "select r'",
    ] {
        for dialect in [Dialect::DuckDb, Dialect::BigQuery, Dialect::Databricks, Dialect::Snowflake] {
            read(dialect, sql);
        }
    }
    fine(Dialect::DuckDb, "select [[y + 1 for y in x] for x in tags] as a from orders", "a");
    let many = format!("select {}x{} as a from orders", "[".repeat(40), " for x in x]".repeat(40));
    read(Dialect::DuckDb, &many);
}

#[test]
fn parts_of_dates_beside_columns_of_their_name() {
    let grouped = "select code, dateadd(day, 1, max(day)) as next from orders group by code";
    fine(Dialect::Snowflake, grouped, "code next");
    fine(Dialect::BigQuery, "select code, date_diff(max(day), min(day), day) as d from orders group by code", "code d");
    found(
        Dialect::BigQuery,
        "select code, date_diff(day, min(day), day) as d from orders group by code",
        "not-grouped",
    );
    fine(Dialect::Snowflake, "select dateadd(s, id, day) as t, datediff(mi, day, day) as m from orders", "t m");
}

#[test]
fn sequences_are_no_tables() {
    fine(Dialect::Snowflake, "select orders_key_seq.nextval as key, id from orders", "key id");
    found(Dialect::Snowflake, "select nobody.id from orders", "unknown-relation");
}

#[test]
fn bits_are_shifted() {
    for dialect in [Dialect::BigQuery, Dialect::Databricks, Dialect::MySql] {
        fine(dialect, "select id >> 1 as a, 1 << cast(code as int) as b, (id) >> (id + 1) as c from orders", "a b c");
    }
    fine(Dialect::BigQuery, "select array<struct<a int64, b array<string>>>[(1, ['x'])] as a from orders", "a");
}

#[test]
fn two_columns_of_one_name() {
    let sql = "with t as (select a.id, b.id from orders a join lines b on a.id = b.id) select id, id_1 from t";
    fine(Dialect::DuckDb, sql, "id id_1");
    assert_ne!(read(Dialect::Snowflake, sql).2, Vec::<String>::new());
}

#[test]
fn pivots_by_several_columns_and_unpivots_of_all_but_some() {
    fine(Dialect::DuckDb, "pivot lines on day, code using sum(line)", "id …");
    fine(Dialect::DuckDb, "pivot lines on day, line in (1, 2) using max(id) group by code", "code …");
    found(Dialect::DuckDb, "pivot lines on day, nobody using sum(line)", "unknown-column");
    let sql = "unpivot orders on columns(* exclude (id, code)) into name what value much";
    fine(Dialect::DuckDb, sql, "id code what much");
    fine(Dialect::DuckDb, "unpivot raw on columns(* exclude id) into name what value much", "id what much");
    fine(Dialect::DuckDb, "unpivot orders on columns(*) into name what value much", "what much");
    fine(Dialect::DuckDb, "unpivot orders on columns('d.*') into name what value much", "what much …");
}

#[test]
fn words_of_spark_may_be_columns() {
    for word in
        ["order", "group", "end", "from", "user", "timestamp", "comment", "table", "offset", "key", "select", "where"]
    {
        fine(
            Dialect::Databricks,
            &format!("select r.{word} as a, r.{word} from raw r where r.{word} > 1"),
            &format!("a {word} …").replace(" …", ""),
        );
    }
    for word in ["end", "user", "timestamp", "comment", "table", "offset", "key", "value", "type", "start"] {
        fine(
            Dialect::Databricks,
            &format!("select {word}, id as {word}_2 from raw where {word} = 1"),
            &format!("{word} {word}_2"),
        );
    }
}

#[test]
fn what_a_star_leaves_out_has_to_be_there() {
    for dialect in [Dialect::BigQuery, Dialect::Databricks] {
        found(dialect, "select * except (nope) from orders", "unknown-column");
        let using = "select b.* except (id) from orders a right join orders b using (id)";
        fine(dialect, &format!("select 1 as one from ({using})"), "one");
    }
    for dialect in [Dialect::DuckDb, Dialect::Snowflake] {
        found(dialect, "select * exclude (nope) from orders", "unknown-column");
        fine(dialect, "select 1 as one from (select * exclude (id) from orders)", "one");
    }
}
