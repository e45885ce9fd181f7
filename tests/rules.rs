//! Every example of every cleaning rule and mask, through real dlt and dbt in one run, beside values that try to break out.
//!
//! Needs the runtime (`pipewright setup`).

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use indexmap::IndexMap;
use pipewright::spec::Rules;
use pipewright::spec::rules::{Example, Kind, Rule, Takes};
use pipewright::vocabulary::{DataType, Name};
use serde_json::{Value, json};
use support::{AS_OF, Sandbox};

/// Values that a rule may make anything of, as long as it is SQL and passes its test.
const HOSTILE: &[&str] = &[
    "naïve 🤷 Ünï",
    "O'Brien \"x\"",
    "'; drop table x; --",
    "{{ 1 }} {% raw %}",
    "a\\b%_",
    "٣٤",
    "\u{a0}",
    "(0) + ;#ext",
];

/// A rule with the arguments of some of its examples, and the examples that hold with them.
struct Case {
    column: String,
    rule: Rule,
    arguments: IndexMap<Name, String>,
    examples: Vec<Example>,
}

fn cases() -> Vec<Case> {
    let rules = Rules::default();
    let mut out: Vec<Case> = Vec::new();
    let files = ["cleaning/", "masks/"].into_iter().flat_map(pipewright::template::list).count();
    assert_eq!(rules.cleaning().chain(rules.masks()).count(), files, "a rule that can't be read");
    for rule in rules.cleaning().chain(rules.masks()) {
        let given: Vec<Option<&str>> = rule.examples.iter().map(|e| e.given.as_deref()).collect();
        assert!(
            given.iter().any(Option::is_some) || *rule.name.as_str() == *"pseudonym",
            "{} shows no value",
            rule.name
        );
        assert!(given.contains(&None), "{} shows no null", rule.name);
        assert!(
            rule.kind == Kind::Mask || rule.takes != Takes::Text || given.contains(&Some("")),
            "{}: no ''",
            rule.name
        );
        let told: BTreeSet<Vec<(&Name, &String)>> =
            rule.examples.iter().map(|e| e.arguments.iter().collect()).collect();
        let several = told.len() > 1;
        for told in told.into_iter().filter(|told| !several || !told.is_empty()) {
            let mut arguments: IndexMap<Name, String> =
                rule.arguments.iter().map(|(name, a)| (name.clone(), a.default.clone())).collect();
            arguments.extend(told.into_iter().map(|(name, value)| (name.clone(), value.clone())));
            let holds = |e: &&Example| e.arguments.iter().all(|(name, value)| arguments.get(name) == Some(value));
            let examples = rule.examples.iter().filter(holds).cloned().collect();
            out.push(Case { column: format!("c{}", out.len()), rule: Rule::clone(rule), arguments, examples });
        }
    }
    out
}

fn sql(text: Option<&str>) -> String {
    text.map_or("null".into(), |t| format!("'{}'", t.replace('\'', "''")))
}

/// A table with a column for each case and a row for each example.
fn source(cases: &[Case]) -> String {
    let typed = |case: &Case| match case.rule.takes {
        Takes::Integer => "integer",
        Takes::Temporal => "date",
        Takes::Text | Takes::Any => "text",
    };
    let columns: Vec<String> = cases.iter().map(|c| format!("{} {}", c.column, typed(c))).collect();
    let rows = cases.iter().map(|c| c.examples.len()).max().unwrap_or_default();
    let mut out = format!("create table examples (id integer primary key, {});\n", columns.join(", "));
    for row in 0..rows + HOSTILE.len() {
        let value = |case: &Case| match (case.examples.get(row), row.checked_sub(rows)) {
            (Some(example), _) => sql(example.given.as_deref()),
            (None, Some(hostile)) if typed(case) == "text" => sql(Some(HOSTILE[hostile])),
            _ => "null".into(),
        };
        let values: Vec<String> = cases.iter().map(value).collect();
        out.push_str(&format!("insert into examples values ({row}, {});\n", values.join(", ")));
    }
    out
}

/// Everything is cleaned in staging, and masked in a model over it.
fn spec(cases: &[Case]) -> Value {
    let (masks, cleaning): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|c| c.rule.kind == Kind::Mask);
    let clean = |c: &&Case| (c.column.clone(), json!({"clean": c.rule.name, "args": c.arguments}));
    let mask = |c: &&Case| (c.column.clone(), json!({"mask": c.rule.name}));
    let cleaned: serde_json::Map<String, Value> = cleaning.iter().map(clean).collect();
    let mut masked: serde_json::Map<String, Value> = masks.iter().map(mask).collect();
    masked.insert("id".into(), json!({}));
    json!({
        "version": 1,
        "name": "examples",
        "ingest": [{"table": "odd.examples", "mode": "replace"}],
        "models": [
            {"name": "stg_odd__examples", "from": "odd.examples", "columns": cleaned, "materialization": "table"},
            {"name": "masked", "from": "stg_odd__examples", "columns": masked},
        ],
    })
}

/// A query of every value that is not what the example says.
fn wrong(cases: &[Case]) -> String {
    let mut parts = Vec::new();
    for case in cases {
        let relation = if case.rule.kind == Kind::Mask { "marts.masked" } else { "staging.stg_odd__examples" };
        let to = match case.rule.gives {
            DataType::Integer => "bigint".to_owned(),
            DataType::Text => "varchar".to_owned(),
            other => other.to_string(),
        };
        for (row, example) in case.examples.iter().enumerate() {
            let (column, due) = (&case.column, sql(example.expected.as_deref()));
            let said = sql(Some(&format!("{} {:?} of {:?}", case.rule.name, case.arguments, example.given)));
            parts.push(format!(
                "select {said} as said, cast({column} as varchar) as got, {due} as due, typeof({column}) as type from {relation} \
                 where id = {row} and ({column} is distinct from cast({due} as {to}) or replace(typeof({column}), 'INTEGER', 'BIGINT') <> typeof(cast(null as {to})))"
            ));
        }
    }
    parts.join(" union all ")
}

#[test]
fn every_example_of_every_rule_holds_in_dbt() {
    let cases = cases();
    assert!(cases.len() > 25 && cases.iter().all(|c| !c.examples.is_empty()), "{}", cases.len());
    let s = Sandbox::repository();
    support::sqlite(&s.path("odd.sqlite"), &source(&cases));
    s.ok(&["init", "--source", "odd=sqlite:odd.sqlite", "--target", "duckdb"]);
    s.ok(&["discover"]);
    s.write("pipelines/examples.yml", spec(&cases).to_string());
    s.write(".gitignore", "*.sqlite\n*.duckdb\n.pipewright/state/\n");
    s.commit("a spec");
    s.ok(&["regenerate"]);
    let (code, report) = s.json(&["run", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{report}");
    let (_, runtime) = Sandbox::bare().json(&["setup"]);
    let python = Path::new(runtime["core"]["bin"].as_str().expect("the runtime's folder")).join("python");
    let script = "import duckdb, sys\nc = duckdb.connect(sys.argv[1], read_only=True)\nc.execute('set enable_progress_bar = false')\nfor r in c.execute(sys.stdin.read()).fetchall(): print(r)";
    std::fs::write(s.path("wrong.sql"), wrong(&cases)).unwrap();
    let query = std::fs::File::open(s.path("wrong.sql")).unwrap();
    let out = Command::new(python).args(["-c", script]).arg(s.path("warehouse.duckdb")).stdin(query).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(String::from_utf8_lossy(&out.stdout), "", "value, what came, what is due");
}
