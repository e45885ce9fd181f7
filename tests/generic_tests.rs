//! Every generic test that Pipewright brings, run by dbt on DuckDB: over a table where all holds, and over one where
//! nothing does. Needs the runtime (`pipewright setup`), as `make test` installs it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{AS_OF, Sandbox};

/// What is tested of both tables, as it stands in a spec: each passes on `good` and fails on `bad`.
const TESTS: &[&str] = &[
    "column: code, test: not_blank",
    "column: code, test: matches_pattern, arguments: {pattern: '^[A-Z]{2}-[0-9]+$'}",
    // Literals that a careless hand would end: a quote, Jinja, a statement.
    "column: code, test: accepted_values, arguments: {values: [AA-1, BB-22, \"it's\", '{{ 1 }}', \"'; drop table x; --\"]}",
    "column: code, test: accepted_length, arguments: {at_least: 2, at_most: 20}",
    "column: quantity, test: accepted_length, arguments: {at_most: 2}",
    "column: quantity, test: matches_pattern, arguments: {pattern: '^[0-9]+$'}",
    "column: quantity, test: accepted_range, arguments: {at_least: 0, below: 100}",
    "column: price, test: accepted_range, arguments: {above: 0, at_most: 50}",
    "column: price, test: condition_holds, arguments: {condition: 'price <= 10 * quantity'}",
    "column: ended_at, test: condition_holds, arguments: {condition: ended_at >= began_at}",
    "column: note, test: condition_holds, arguments: {condition: note is null}, where: quantity > 1",
    "column: code, test: condition_holds, arguments: {condition: \"code not like 'it''s%'\"}",
    "column: began_at, test: not_in_future",
    "column: due_at, test: not_in_past",
    "column: began_at, test: is_recent, arguments: {hours: 48}",
    "column: note, test: mostly_there, arguments: {missing_percent: 50}",
    "test: row_count_between, arguments: {at_least: 2, at_most: 3}",
    "test: unique_combination, arguments: {columns: [parent, line]}",
    "test: related_combination, arguments: {columns: [parent, line], to: stg_test__part, fields: [parent, line]}",
    "column: parent, test: relationships, arguments: {to: stg_test__part, field: parent}",
    "column: price, test: total_of_rows, arguments: {key: id, to: stg_test__part, field: of_id, amount: 'pieces * each'}",
    "column: note, test: no_raw_values, arguments: {to: stg_test__part, field: secret}",
    "column: email, test: email_is_valid",
    "column: phone, test: phone_is_valid",
    "column: url, test: url_is_valid",
];

const COLUMNS: &str = "id integer primary key, code text, quantity integer, price decimal(10,2), began_at timestamp, \
    ended_at timestamp, due_at timestamp, note text, parent integer, line integer, email text, phone text, url text";

fn source(s: &Sandbox) {
    support::sqlite(
        &s.path("test.sqlite"),
        &format!(
            "create table good ({COLUMNS}); create table bad ({COLUMNS});
             create table part (part_id integer primary key, parent integer, line integer, of_id integer, pieces integer,
                 each decimal(10,2), secret text);
             insert into part values (1, 1, 1, 1, 2, 3.50, 'k1'), (2, 1, 2, 2, 1, 4.00, ' K2 '), (3, 1, 3, 2, 1, 1.00, null);
             insert into good values
                 (1, 'AA-1', 1, 7.00, '2026-03-30 10:00:00', '2026-03-30 10:00:00', '2026-04-01 00:00:00', 'a note', 1, 1,
                     'ada@example.com', '+49 30 1234567', 'https://example.com/a'),
                 (2, 'BB-22', 2, 5.00, '2026-03-29 10:00:00', null, null, null, 1, 2, null, null, null),
                 (3, null, null, null, '2026-03-01 10:00:00', '2026-03-02 10:00:00', null, 'x', null, 3, ' Bo@Example.org ',
                     '(030) 123-4567', null);
             insert into bad values
                 (1, ' ', -1, 0, '2026-04-02 10:00:00', '2026-04-01 10:00:00', '2026-01-01 00:00:00', null, 1, 7,
                     'ada at example.com', '12', 'example.com'),
                 (2, 'it''s {{{{ 1 }}}}', 1000, 99.00, null, null, null, 'k2', 9, 1, 'a@b', 'call me', 'ftp://x.org'),
                 (3, 'nothing', 12, 200.00, null, null, null, null, 9, 1, '@', '+', 'http://'),
                 (4, 'a code that is far too long', 12, 3.00, null, null, null, null, 9, 2, null, null, null);"
        ),
    );
}

#[test]
fn every_generic_test_passes_and_fails_where_it_should() {
    let s = Sandbox::repository();
    source(&s);
    s.ok(&["init", "--source", "test=sqlite:test.sqlite", "--target", "duckdb"]);
    s.ok(&["discover"]);
    let mut spec = "version: 1\nname: generic_tests\ningest:\n".to_owned();
    for table in ["good", "bad", "part"] {
        spec.push_str(&format!("  - {{table: test.{table}, mode: replace}}\n"));
    }
    spec.push_str("models:\n");
    for table in ["good", "bad", "part"] {
        spec.push_str(&format!("  - {{name: stg_test__{table}, from: test.{table}}}\n"));
    }
    spec.push_str("tests:\n");
    for (table, test) in ["good", "bad"].iter().flat_map(|table| TESTS.iter().map(move |test| (table, test))) {
        spec.push_str(&format!("  - {{model: stg_test__{table}, {test}}}\n"));
    }
    // What is late is late where the newest row is: the bad table has one in the future, so it is judged by another bound.
    let spec = spec.replace(
        "{model: stg_test__bad, column: began_at, test: is_recent, arguments: {hours: 48}}",
        "{model: stg_test__bad, column: ended_at, test: is_recent, arguments: {hours: 48}, where: id > 1}",
    );
    s.write("pipelines/generic_tests.yml", spec);
    s.write(".gitignore", "*.sqlite\n*.duckdb\n.pipewright/state/\n");
    s.commit("a spec");
    s.ok(&["regenerate"]);
    let (code, report) = s.json(&["run", "--as-of", AS_OF]);
    assert_eq!(code, 1, "{report}");
    let mut wrong = Vec::new();
    for (table, status) in [("good", "pass"), ("bad", "fail")] {
        for test in TESTS {
            let name = |part: &str| test.split(part).nth(1).map(|t| t.split(',').next().unwrap().trim().to_owned());
            let (test_name, column) = (name("test:").unwrap(), name("column:"));
            let column = column.map(|c| {
                if (table, c.as_str()) == ("bad", "began_at") && test_name == "is_recent" {
                    "ended_at".into()
                } else {
                    c
                }
            });
            let hits: Vec<&Value> = report["tests"]
                .as_array()
                .expect("tests")
                .iter()
                .filter(|t| t["model"] == format!("stg_test__{table}") && t["column"].as_str() == column.as_deref())
                .filter(|t| t["name"].as_str().unwrap().contains(&test_name))
                .collect();
            if hits.is_empty() || hits.iter().all(|t| t["status"] != status) {
                wrong.push(format!("{table}: {test}: {hits:?}"));
            }
            if hits.iter().any(|t| t["status"] == "error") {
                wrong.push(format!("{table}: {test}: {hits:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A test that is brought along and not run here is one that another test runs.
#[test]
fn none_is_left_out() {
    let run: BTreeSet<&str> = TESTS.iter().filter_map(|t| t.split("test: ").nth(1)?.split(',').next()).collect();
    let elsewhere = ["one_current_row", "valid"];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/dbt/tests");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".sql");
        assert!(run.contains(name) || elsewhere.contains(&name), "nothing runs {name}");
    }
}

/// Arguments that would end a text, call a macro or name what is not there are refused, with their place.
#[test]
fn hostile_arguments_are_refused() {
    let s = Sandbox::repository();
    source(&s);
    s.ok(&["init", "--source", "test=sqlite:test.sqlite", "--target", "duckdb"]);
    s.ok(&["discover"]);
    s.write(".gitignore", "*.sqlite\n*.duckdb\n.pipewright/state/\n");
    for (test, word) in [
        ("column: code, test: matches_pattern, arguments: {pattern: \"a'b\"}", "pattern"),
        ("column: code, test: matches_pattern, arguments: {pattern: \"{{ env_var('HOME') }}\"}", "pattern"),
        ("column: code, test: matches_pattern, arguments: {pattern: \"a\\nb\"}", "pattern"),
        ("column: price, test: accepted_range, arguments: {at_least: '0 or 1=1'}", "at_least"),
        ("column: price, test: condition_holds, arguments: {condition: 'price > 0); drop table x; --'}", "condition"),
        ("column: price, test: condition_holds, arguments: {condition: '{{ run_query(1) }}'}", "condition"),
        (
            "column: price, test: total_of_rows, arguments: {key: id, to: stg_test__good, field: id, amount: 'x y'}",
            "amount",
        ),
        ("test: unique_combination, arguments: {columns: ['id), (select 1']}", "columns"),
        ("column: price, test: not_null, where: '1=1) --'", "where"),
        ("column: price, test: is_recent, arguments: {hours: [1]}", "hours"),
    ] {
        s.write(
            "pipelines/hostile.yml",
            format!(
                "version: 1\nname: hostile\ningest:\n  - {{table: test.good, mode: replace}}\nmodels:\n  - {{name: stg_test__good, from: test.good}}\ntests:\n  - {{model: stg_test__good, {test}}}\n"
            ),
        );
        s.commit("a spec");
        s.refused(&["regenerate"], 2, &[word]);
        assert!(!s.path("dbt").exists(), "{test} wrote something");
    }
}
