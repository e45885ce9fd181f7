//! Queries of each dialect, with what they come to: `fixtures/sql/corpus/<dialect>.sql` holds them, the snapshots say
//! the columns with types, nullability (`!` never null, `?` may be null) and lineage.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Write;

use super::jinja::Rendered;
use super::*;
use crate::vocabulary::{DataType, Dialect};

/// A table by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Named(String);

impl super::Named for Named {
    fn stand_in(schema: &str, table: &str) -> Option<Named> {
        (schema == "shop").then(|| Named(table.to_lowercase()))
    }
}

fn tables(dialect: Dialect) -> BTreeMap<Named, std::sync::Arc<ScopeRelation>> {
    let text = include_str!("../../fixtures/sql/corpus/tables.txt");
    let mut out = BTreeMap::new();
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let (names, columns) = line.split_once(" = ").unwrap();
        let (only, name) = names.split_once(": ").map_or((None, names), |(d, n)| (Some(d), n));
        if only.is_some_and(|d| !d.split(' ').any(|d| d == dialect.as_str())) {
            continue;
        }
        let mut relation = ScopeRelation { open: columns == "?", ..ScopeRelation::default() };
        for column in columns.split(", ").filter(|c| *c != "?") {
            let (name, ty) = column.split_once(' ').unwrap();
            let never = ty.ends_with('!');
            let ty = match ty.trim_end_matches('!') {
                "array<text>" => ColumnType::array(DataType::Text.into()),
                "map<text>" => ColumnType::map(DataType::Text.into(), DataType::Text.into()),
                "struct" => ColumnType::fields(vec![
                    ("city".into(), DataType::Text.into()),
                    ("zip".into(), DataType::Integer.into()),
                ]),
                "array<struct>" => ColumnType::array(ColumnType::fields(vec![
                    ("sku".into(), DataType::Text.into()),
                    ("qty".into(), DataType::Integer.into()),
                ])),
                plain => plain.parse::<DataType>().unwrap().into(),
            };
            if never {
                relation.nullable.insert(name.to_owned(), false);
            }
            relation.columns.push((name.to_owned(), ty));
        }
        out.insert(Named(name.to_owned()), relation.into());
    }
    out
}

fn said(resolved: &Resolved<Named>) -> String {
    let mut out = String::new();
    for column in &resolved.columns {
        let null = match column.nullable {
            Some(true) => "?",
            Some(false) => "!",
            None => "",
        };
        let of = |l: &Lineage<Named>| match l.usage {
            Usage::Value => format!("{}.{}", l.relation.0, l.column),
            usage => format!("{usage:?} {}.{}", l.relation.0, l.column).to_lowercase(),
        };
        let sources: Vec<String> = column.sources.iter().map(of).collect();
        let _ = writeln!(out, "  {} {}{null} <- {}", column.name, column.column_type, sources.join(", "));
    }
    if resolved.open {
        out.push_str("  and more\n");
    }
    let reads: Vec<String> =
        resolved.reads.iter().map(|l| format!("{:?} {}.{}", l.usage, l.relation.0, l.column).to_lowercase()).collect();
    if !reads.is_empty() {
        let _ = writeln!(out, "  by {}", reads.join(", "));
    }
    out
}

fn read(sql: &str, dialect: Dialect) -> String {
    let text = Text::new("q.sql", "", sql);
    let rendered = Rendered::plain(sql);
    let scope = Scope { relations: tables(dialect), dialects: vec![dialect] };
    match parse_as_is(&text, &rendered, dialect) {
        Err(stops) => format!("  not read: {}\n", stops[0].what),
        Ok(parsed) => {
            let (resolved, found) = understand(&text, &rendered, &parsed, &scope);
            found.iter().fold(said(&resolved), |out, fault| format!("{out}  fault: {} {}\n", fault.code, fault.what))
        }
    }
}

/// Cases of a file, with an empty line between them: `-- name`, perhaps a line on sqlglot, the SQL.
fn cases(text: &str) -> Vec<(&str, String)> {
    let cases = text.trim_end().split("\n\n").map(|case| {
        let (name, sql) = case.split_once('\n').unwrap();
        let sql: Vec<&str> = sql.lines().filter(|l| !l.starts_with("-- sqlglot:")).collect();
        (name.trim_start_matches("-- "), sql.join("\n"))
    });
    cases.collect()
}

fn corpus(dialect: Dialect, text: &str) {
    let mut out = String::new();
    for (name, sql) in cases(text) {
        let _ = writeln!(out, "{name}\n{}", read(&sql, dialect));
    }
    insta::with_settings!({snapshot_path => "../../snapshots/sql", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(format!("corpus_{dialect}"), out);
    });
}

/// How many columns of the corpus have a type, and how many there are.
fn typed(dialect: Dialect, text: &str) -> (usize, usize) {
    let mut counts = (0, 0);
    for (_, sql) in cases(text) {
        let rendered = Rendered::plain(&sql);
        let text = Text::new("q.sql", "", &sql);
        let Ok(parsed) = parse_as_is(&text, &rendered, dialect) else { continue };
        let scope = Scope { relations: tables(dialect), dialects: vec![dialect] };
        let (resolved, _) = understand(&text, &rendered, &parsed, &scope);
        counts.1 += resolved.columns.len();
        counts.0 += resolved.columns.iter().filter(|c| c.column_type.is_known()).count();
    }
    counts
}

const CORPUS: [(Dialect, &str); 7] = [
    (Dialect::DuckDb, include_str!("../../fixtures/sql/corpus/duckdb.sql")),
    (Dialect::Postgres, include_str!("../../fixtures/sql/corpus/postgres.sql")),
    (Dialect::Snowflake, include_str!("../../fixtures/sql/corpus/snowflake.sql")),
    (Dialect::BigQuery, include_str!("../../fixtures/sql/corpus/bigquery.sql")),
    (Dialect::Redshift, include_str!("../../fixtures/sql/corpus/redshift.sql")),
    (Dialect::Databricks, include_str!("../../fixtures/sql/corpus/databricks.sql")),
    (Dialect::MySql, include_str!("../../fixtures/sql/corpus/mysql.sql")),
];

#[test]
fn every_dialect_comes_to_what_its_queries_say() {
    for (dialect, text) in CORPUS {
        corpus(dialect, text);
    }
    assert!(CORPUS.iter().map(|(_, text)| cases(text).len()).sum::<usize>() >= 200);
}

#[test]
fn nearly_every_column_has_a_type() {
    let counts: Vec<(usize, usize)> = CORPUS.iter().map(|(dialect, text)| typed(*dialect, text)).collect();
    for ((dialect, _), (known, all)) in CORPUS.iter().zip(&counts) {
        println!("{dialect}: {known} of {all} columns have a type");
    }
    let (known, all) = counts.iter().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    println!("in all: {known} of {all}");
    assert!(known * 100 >= all * 85, "{known} of {all}");
}

#[test]
fn hostile_queries_end_soon() {
    let column = |i: usize| format!("case when a{i} > {i} then b else c end as c{i}");
    let wide: Vec<String> = (0..10_000).map(column).collect();
    let numbers: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    let many: Vec<String> = (0..500).map(|i| format!("c{} as (select * from c{i})", i + 1)).collect();
    let nested = (0..40).fold("1".to_owned(), |sql, _| format!("(select {sql} as a where a > 0)"));
    let queries = [
        format!("select {} from shop.raw", wide.join(", ")),
        format!("select * from shop.orders where order_id in ({})", numbers.join(", ")),
        format!("with c0 as (select * from shop.orders), {} select * from c500", many.join(", ")),
        "with recursive a as (select * from b), b as (select * from a) select * from a".to_owned(),
        "with recursive a as (select * from a union all select * from a) select x from a".to_owned(),
        format!("select {nested}"),
        "select x + 1 as x, y as z, z as y from shop.orders where x = y and z = 1 group by x, y, z".to_owned(),
        format!("select {} from shop.raw", "(".repeat(5_000)),
        format!("select {}1", "not ".repeat(5_000)),
        format!("select 1{}", " + 1".repeat(900)),
    ];
    for sql in queries {
        let walk = std::thread::Builder::new().stack_size(2 * 1024 * 1024 * 2);
        let shown = sql.chars().take(60).collect::<String>();
        let done = walk.spawn(move || read(&sql, Dialect::DuckDb).len()).unwrap().join();
        assert!(done.is_ok(), "{shown}");
    }
}
