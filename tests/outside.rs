//! Proposals from outside: every kind of artifact, every form of handing them in, with the real program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::Sandbox;

const DAILY: &str = "version: 1
name: daily_sales
description: Sales per day.
ingest:
  - {table: shop.orders, mode: merge}
models:
  - {name: stg_shop__orders, from: shop.orders}
  - name: daily_sales
    from: stg_shop__orders
    group_by: [{name: order_date, expr: cast(ordered_at as date)}]
    measures: [{name: order_count, count: \"*\"}]
";

/// A workspace whose main branch holds the pipeline `daily_sales`.
fn with_pipeline() -> Sandbox {
    let s = Sandbox::workspace();
    s.write("in/daily.yml", DAILY);
    s.write(".gitignore", "shop.sqlite\nin/\n");
    s.commit("what is handed in is no part of the workspace");
    s.ok(&["propose", "--from", "in/daily.yml"]);
    s.git(&["checkout", "-q", "main"]);
    s.git(&["merge", "-q", "--ff-only", "pipewright/daily_sales"]);
    s
}

fn back(s: &Sandbox) {
    s.git(&["checkout", "-q", "main"]);
    for branch in s.git(&["branch", "--list", "pipewright/*", "--format=%(refname:short)"]).lines() {
        s.git(&["branch", "-q", "-D", branch]);
    }
}

/// What is proposed twice is the same change, and passes the check.
fn tried(s: &Sandbox, from: &[&str]) -> Result<Value, String> {
    let answer = s.json(&[&["propose", "--from"], from].concat()).1;
    let again = s.json(&[&["propose", "--from"], from].concat()).1;
    let checked = s.json(&["check"]).1;
    back(s);
    let status = |v: &Value| v["status"].as_str().unwrap_or_default().to_owned();
    match (status(&answer).as_str(), status(&again).as_str(), status(&checked).as_str()) {
        ("proposed", "unchanged", "clean") => Ok(answer),
        ("proposed", "unchanged", _) => Err(format!("{from:?}: check: {checked:#}")),
        ("proposed", other, _) => Err(format!("{from:?}: again: {other} {:#} {:#}", again["files"], again["findings"])),
        _ => Err(format!("{from:?}: {answer:#}")),
    }
}

fn stands(s: &Sandbox, from: &[&str]) -> Value {
    tried(s, from).unwrap_or_else(|what| panic!("{what}"))
}

#[test]
fn every_kind_of_artifact_is_taken_or_refused_with_its_place() {
    let s = with_pipeline();
    let fixtures = include_str!("../fixtures/outside/kinds.yml");
    let kinds: Vec<Value> = serde_yaml::from_str(fixtures).unwrap();
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "proposal"]).out).unwrap();
    let of_schema: BTreeSet<&str> = schema["$defs"]["Artifact"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["properties"]["kind"]["const"].as_str().unwrap())
        .collect();
    let of_fixtures: BTreeSet<&str> = kinds.iter().map(|k| k["good"]["kind"].as_str().unwrap()).collect();
    assert_eq!(of_schema, of_fixtures, "a kind has no fixture");
    let mut wrong = Vec::new();
    for kind in &kinds {
        s.write("in/one.json", serde_json::to_string_pretty(&kind["good"]).unwrap());
        wrong.extend(tried(&s, &["in/one.json"]).err().map(|e| format!("{}: {e}", kind["good"]["kind"])));
        for bad in kind["bad"].as_array().unwrap() {
            let mut artifact = kind["good"].clone();
            let pointer = bad["set"].as_str().unwrap();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = artifact.pointer_mut(parent).unwrap();
            match (parent, bad["to"].is_null()) {
                (Value::Object(map), true) => drop(map.shift_remove(key)),
                (Value::Object(map), false) => drop(map.insert(key.to_owned(), bad["to"].clone())),
                (Value::Array(items), _) => items[key.parse::<usize>().unwrap()] = bad["to"].clone(),
                _ => panic!("{pointer}"),
            }
            s.write("in/one.json", serde_json::to_string_pretty(&artifact).unwrap());
            let before = s.tree();
            let (code, answer) = s.json(&["propose", "--from", "in/one.json"]);
            if (code, answer["status"].as_str()) != (2, Some("rejected")) {
                wrong.push(format!("{} {bad}: {}", kind["good"]["kind"], answer["status"]));
                s.git(&["checkout", "-q", "."]);
                back(&s);
                continue;
            }
            assert!(before == s.tree(), "{bad}: something was written");
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let fits = |f: &&Value| {
                (bad["code"].is_null() || f["code"] == bad["code"])
                    && (f["place"]["file"] == "in/one.json" || bad["elsewhere"] == true)
                    && text(&f["place"]["path"]).ends_with(&text(&bad["at"]))
                    && text(&f["next"]).contains(&text(&bad["next"]))
                    && (bad["fix"].is_null() || f["fix"]["by"] == bad["fix"])
            };
            if !answer["findings"].as_array().unwrap().iter().any(|f| fits(&f)) {
                wrong.push(format!("{} {bad}\n{:#}", kind["good"]["kind"], answer["findings"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_form_of_handing_in_is_taken() {
    let s = with_pipeline();
    let test = json!({"kind": "dbt_test", "model": "daily_sales", "column": "order_count", "test": "unique"});
    let mut wrong = Vec::new();
    let proposal = json!({"by": "my-agent", "because": {"words": "one"}, "why": "so", "artifact": test});
    for (name, text) in [
        ("wrapped.json", json!({"proposals": [proposal]}).to_string()),
        ("wrapped.yml", serde_yaml::to_string(&json!({"proposals": [proposal]})).unwrap()),
        ("list.json", json!([proposal]).to_string()),
        ("mixed.yml", serde_yaml::to_string(&json!([test, {"artifact": test}])).unwrap()),
        ("one.yaml", serde_yaml::to_string(&proposal).unwrap()),
        ("bare.json", test.to_string()),
        ("spec.yml", DAILY.replace("name: daily_sales", "name: daily_orders")),
        ("spec.json", {
            let spec: Value = serde_yaml::from_str(&DAILY.replace("name: daily_sales", "name: daily_orders")).unwrap();
            spec.to_string()
        }),
        ("contract.yaml", s.read("contracts/shop/payments.odcs.yaml").replace("payments", "payments_of_old")),
    ] {
        let file = format!("in/{name}");
        s.write(&file, &text);
        wrong.extend(tried(&s, &[&file]).err());
        let piped = s.piped(&["propose", "--from", "-", "--json"], &text);
        if piped.code != 0 {
            wrong.push(format!("{name}: {}", piped.err));
        }
        back(&s);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    for (text, words) in [
        ("[]", &["nothing-proposed", "empty"][..]),
        ("{\"proposals\": []}", &["nothing-proposed"]),
        ("{\"proposals\": {}}", &["schema-type", "list"]),
        ("{\"hello\": 1}", &["outside-form", "hello", "schema proposal"]),
        ("hello", &["outside-form"]),
        ("[1, {\"kind\": \"alert\"}]", &["outside-form"]),
        ("{\"kind\": \"alert\"", &["json-syntax", "in/bad"]),
        ("kind: [alert", &["in/bad"]),
        ("version: 1\nname: x\nname: y\nmodels: []\n", &["duplicate-key", "in/bad:3:1"]),
        ("", &["in/bad"]),
    ] {
        s.write("in/bad", text);
        s.refused(&["propose", "--from", "in/bad"], 2, words);
    }
    s.refused(&["propose", "--from", "in/nowhere"], 2, &["in/nowhere"]);
    std::fs::create_dir(s.path("in/empty")).unwrap();
    s.refused(&["propose", "--from", "in/empty"], 2, &["in/empty", "no .sql"]);
}

#[test]
fn all_faults_of_all_files_come_at_once() {
    let s = with_pipeline();
    s.write("in/a.json", json!([{"kind": "alert", "slack": 1}, {"kind": "dbt_tset"}]).to_string());
    s.write("in/b.yml", "kind: policy\nmodel: daily_sales\ncolum: x\n");
    let (code, answer) = s.json(&["propose", "--from", "in/a.json", "--from", "in/b.yml"]);
    assert_eq!(code, 2);
    let found: Vec<String> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {} {}",
                text(&f["code"]),
                text(&f["place"]["file"]),
                text(&f["place"]["path"]),
                f["fix"]["by"]
            )
        })
        .collect();
    for due in [
        "schema-enum in/a.json 1.kind \"dbt_test\"",
        "schema-type in/a.json 0.slack null",
        "schema-required in/a.json 0 null",
        "schema-unknown-field in/b.yml colum \"column\"",
        "schema-required in/b.yml  null",
    ] {
        assert!(found.iter().any(|f| f == due), "{due} is not among\n{}", found.join("\n"));
    }
    let lines: Vec<&Value> = answer["findings"].as_array().unwrap().iter().map(|f| &f["place"]["line"]).collect();
    assert!(lines.iter().all(|line| line.is_u64()), "{answer:#}");
}

const SQL: &str = "select
    cast(ordered_at as date) as order_date,
    currency,
    sum(total_amount) as revenue
from {{ ref('stg_shop__orders') }}
where status <> 'cancelled'
group by 1, 2
";

const YAML: &str = "models:
  - name: revenue_per_currency
    description: Revenue per day and currency.
    config: {materialized: table}
    columns:
      - name: order_date
        description: Day of the order.
        data_tests: [not_null]
      - name: currency
        description: Currency of the order.
        data_tests:
          - accepted_values:
              arguments: {values: [EUR, USD]}
              config: {severity: warn}
      - {name: revenue, description: What was paid.}
unit_tests:
  - name: cancelled_orders_do_not_count
    model: revenue_per_currency
    given:
      - input: ref('stg_shop__orders')
        rows:
          - {order_id: 1, status: cancelled, ordered_at: \"2026-03-30 10:00:00\", total_amount: 10, currency: EUR}
    expect: {rows: []}
";

#[test]
fn raw_dbt_becomes_a_pipeline() {
    let s = Sandbox::workspace();
    s.write(".gitignore", "shop.sqlite\nin/\n");
    s.commit("what is handed in is no part of the workspace");
    s.write("in/models/marts/revenue_per_currency.sql", SQL);
    s.write("in/models/marts/schema.yml", YAML);
    let answer = stands(&s, &["in"]);
    assert_eq!(answer["pipeline"], "revenue_per_currency");
    let two = ["in/models/marts/revenue_per_currency.sql", "in/models/marts/schema.yml"];
    assert_eq!(stands(&s, &two)["pipeline"], "revenue_per_currency");
    s.ok(&["propose", "--from", "in"]);
    assert_eq!(s.read("dbt/models/marts/revenue_per_currency.sql"), SQL, "the query stands as it was written");
    let yaml = s.read("dbt/models/marts/revenue_per_currency.yml");
    for words in ["Revenue per day and currency.", "What was paid.", "severity: warn", "cancelled_orders_do_not_count"]
    {
        assert!(yaml.contains(words), "{words} is not in\n{yaml}");
    }
    let spec = s.read("pipelines/revenue_per_currency.yml");
    assert!(spec.contains("    sql: |\n      select\n"), "a query reads as one:\n{spec}");
    assert!(s.path("dbt/models/staging/shop/stg_shop__orders.sql").exists() && s.path("dags").exists());
    back(&s);
    let sql = "in/models/marts/revenue_per_currency.sql";
    for (from, to, file, line, by) in [
        ("total_amount", "total_amout", sql, 4, "total_amount"),
        ("stg_shop__orders", "stg_shop__ordrs", sql, 5, "stg_shop__orders"),
        ("ref('stg_shop__orders')", "source('shop', 'orders')", sql, 5, "ref('stg_shop__orders')"),
        (
            "- name: revenue_per_currency",
            "- name: revenue_per_curency",
            "in/models/marts/schema.yml",
            2,
            "revenue_per_currency",
        ),
        ("description: What", "descripton: What", "in/models/marts/schema.yml", 15, "description"),
        ("name: currency", "name: curency", "in/models/marts/schema.yml", 9, ""),
    ] {
        let good = s.read(file);
        s.edit(file, from, to);
        let (code, answer) = s.json(&["propose", "--from", "in"]);
        let fits = |f: &&Value| {
            f["place"]["file"] == file && f["place"]["line"] == line && (by.is_empty() || f["fix"]["by"] == by)
        };
        assert_eq!(code, 2, "{to}");
        assert!(answer["findings"].as_array().unwrap().iter().any(|f| fits(&f)), "{to}: {answer:#}");
        s.write(file, good);
    }
    for (file, text, words) in [
        ("in/models/staging/stg_shop__orders.sql", "select 1 as one", &["raw-staging", "stg_shop__orders.sql"][..]),
        ("in/snapshots/x.sql", "{% snapshot x %}select 1{% endsnapshot %}", &["raw-unknown", "history"]),
        ("in/tests/x.sql", "select 1", &["raw-unknown"]),
        ("in/models/x.yml", "seeds: [{name: a}]", &["raw-unknown", "seeds"]),
        ("in/models/x.yml", "models: [{name: nowhere}]", &["unknown-model", "nowhere.sql"]),
        ("in/models/Bad Name.sql", "select 1 as one", &["invalid-name", "Bad Name"]),
    ] {
        s.write(file, text);
        s.refused(&["propose", "--from", "in"], 2, words);
        std::fs::remove_file(s.path(file)).unwrap();
    }
}
