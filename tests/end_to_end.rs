//! The main job on real dbt, real dlt and real Airflow, against reference queries.
//!
//! Needs the runtime (`pipewright setup --with airflow`), as `make test` installs it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::warehouse::{python, rows};
use support::{AS_OF, SAMPLE, Sandbox};

/// Rows of a query over the shop itself.
fn source_rows(s: &Sandbox, query: &str) -> Value {
    let script = "import sqlite3, json, sys\nc = sqlite3.connect(sys.argv[1])\nprint(json.dumps([[str(v) for v in r] for r in c.execute(sys.argv[2]).fetchall()]))";
    python(&["-c", script, &s.path("shop.sqlite").to_string_lossy(), query])
}

const MART: &str =
    "select order_date, order_count, cast(total_amount as decimal(18,2)) from marts.daily_customer_orders order by 1";
const REFERENCE: &str = "select date(ordered_at), count(*), printf('%.2f', sum(total_amount)) from orders \
    where ordered_at >= '2026-03-01' and ordered_at < '2026-03-31' group by 1 order by 1";

#[test]
fn the_main_job() {
    let s = Sandbox::workspace();
    let before = s.git(&["rev-parse", "HEAD^{tree}"]);
    let (code, proposed) = s.json(&["propose", SAMPLE, "--as-of", AS_OF]);
    assert_eq!(code, 0, "{proposed}");
    assert_eq!(proposed["status"], "proposed");
    assert_eq!(proposed["branch"], "pipewright/daily_customer_orders");
    assert!(proposed["findings"].to_string().contains("SQLite"), "it says what stands in for MySQL: {proposed}");
    assert_eq!(s.git(&["status", "--porcelain"]), "", "the work tree is clean");
    assert_eq!(s.git(&["rev-list", "--count", "main..HEAD"]), "1", "one commit");
    let message = s.git(&["log", "-1", "--format=%B"]);
    for trailer in ["Pipewright-Change: ", "Pipewright-Requirement: sha256:", "Pipewright-Version: "] {
        assert!(message.contains(trailer), "{message}");
    }

    let want = source_rows(&s, REFERENCE);
    assert!(want.as_array().is_some_and(|r| r.len() > 20), "the reference has rows: {want}");
    for round in ["first", "second"] {
        let (code, report) = s.json(&["run", "--as-of", AS_OF]);
        assert_eq!(code, 0, "{round} run: {report}");
        assert_eq!(report["status"], "success");
        assert!(report["models"].as_array().is_some_and(|m| m.len() == 3), "{report}");
        assert!(report["tests"].as_array().is_some_and(|t| t.len() > 10), "{report}");
        assert_eq!(rows(&s, MART), want, "{round} run by dbt");
    }
    let phones = rows(
        &s,
        "select count(*) from staging.stg_shop__customers where phone is not null and not regexp_matches(phone, '^\\+[0-9]{8,15}$')",
    );
    assert_eq!(phones, serde_json::json!([["0"]]));

    std::fs::remove_file(s.path("warehouse.duckdb")).expect("removed");
    for round in ["first", "second"] {
        let (code, report) = s.json(&["run", "--as-of", AS_OF, "--via", "airflow"]);
        assert_eq!(code, 0, "{round} run: {report}");
        let tasks = report["tasks"].as_array().expect("tasks");
        assert!(tasks.len() >= 3 && tasks.iter().all(|t| t["state"] == "success"), "{report}");
        assert_eq!(rows(&s, MART), want, "{round} run by Airflow");
    }

    let change = proposed["change"].as_str().expect("a change").to_owned();
    let (code, back) = s.json(&["rollback", &change, "--drop"]);
    assert_eq!(code, 0, "{back}");
    assert!(back.to_string().contains("daily_customer_orders"), "{back}");
    assert_eq!(s.git(&["rev-parse", "HEAD^{tree}"]), before, "the tree is as before");
    let left = rows(
        &s,
        "select table_schema || '.' || table_name from information_schema.tables where table_name like '%orders' and table_schema in ('marts', 'staging')",
    );
    assert_eq!(left, serde_json::json!([]), "--drop left relations");
    let log = s.ok(&["log"]).out;
    for word in ["propose", "run", "rollback", &change[..6]] {
        assert!(log.contains(word), "no {word} in\n{log}");
    }
    s.refused(&["run"], 2, &["pipeline"]);
}

#[test]
fn rollback_of_one_of_two_keeps_the_other() {
    let s = Sandbox::workspace();
    let (_, first) = s.json(&["propose", SAMPLE, "--as-of", AS_OF]);
    let (code, second) =
        s.json(&["propose", "Every weekday at 06:30 refresh a table of orders per currency", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{second}");
    let name = second["deliverables"][0]["model"].as_str().expect("a model").to_owned();
    let (code, back) = s.json(&["rollback", first["change"].as_str().expect("a change")]);
    assert_eq!(code, 0, "{back}");
    assert!(!s.path("pipelines/daily_customer_orders.yml").exists());
    let (code, report) = s.json(&["run", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{report}");
    let want = source_rows(&s, "select currency, count(*) from orders group by 1 order by 1");
    assert_eq!(rows(&s, &format!("select currency, order_count from marts.{name} order by 1")), want);
}

#[test]
fn a_failing_test_fails_the_run_and_all_is_reported() {
    let s = Sandbox::workspace();
    s.ok(&["propose", SAMPLE, "--as-of", AS_OF]);
    let file = "dbt/models/staging/shop/stg_shop__orders.yml";
    let text = s.read(file);
    assert!(text.contains("completed"), "accepted values come from the profile:\n{text}");
    s.write(file, text.replace("completed", "compleated"));
    s.commit("break a test");
    let (code, report) = s.json(&["run", "--as-of", AS_OF]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(report["status"], "failed");
    let failed: Vec<&Value> =
        report["tests"].as_array().expect("tests").iter().filter(|t| t["status"] == "fail").collect();
    assert_eq!(failed.len(), 1, "{report}");
    assert_eq!((&failed[0]["column"], &failed[0]["model"]), (&"status".into(), &"stg_shop__orders".into()));
    assert!(report["tests"].as_array().expect("tests").iter().any(|t| t["status"] == "pass"));
}

/// What a source calls its tables and columns is quoted and works, whatever it is.
#[test]
fn names_of_any_characters_work() {
    let s = Sandbox::repository();
    support::odd_source(&s.path("odd.sqlite"));
    s.ok(&["init", "--source", "odd=sqlite:odd.sqlite", "--target", "duckdb"]);
    s.ok(&["discover"]);
    s.write("pipelines/odd_stage.yml", support::ODD_SPEC);
    s.write(".gitignore", "*.sqlite\n*.duckdb\n.pipewright/state/\n");
    s.commit("a spec");
    s.ok(&["regenerate"]);
    let (code, report) = s.json(&["run", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["models"].as_array().map(Vec::len), Some(2), "{report}");
    let all = rows(&s, "select * from staging.stg_odd__order_details order by 1");
    let text = all.to_string();
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{text}");
    for value in ["naïve 🤷", "{{ 1 }}", "'; drop table x; --", "2.50", "2026-03-30"] {
        assert!(text.contains(value), "{value}: {text}");
    }
}
