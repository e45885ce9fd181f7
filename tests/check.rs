//! `check` on dbt projects that are no workspace: counts, verdicts, what fails, and that nothing is green by accident.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use support::Sandbox;

const PROJECT: &str = "name: shop\nversion: '1.0'\nprofile: shop\nmodel-paths: [models]\n";
const PROFILES: &str = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n";
const SOURCES: &str = "version: 2
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - {name: id, data_type: integer}
          - {name: amount, data_type: integer}
          - {name: country, data_type: varchar}
";
const STAGING: &str = "select id, amount, country from {{ source('raw', 'orders') }}\n";
const MART: &str = "select country, sum(amount) as total from {{ ref('stg_orders') }} group by country\n";

/// Builds the marts, and reads one of them.
const NIGHTLY: &str = r#"from datetime import timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "nightly",
    schedule="@daily",
    catchup=False,
    dagrun_timeout=timedelta(hours=2),
    default_args={"owner": "data", "retries": 2},
):
    build = BashOperator(task_id="build", bash_command="cd dbt && dbt build --select +order_wide daily_sales customers")
    report = SQLExecuteQueryOperator(task_id="report", sql="select day, orders from analytics.daily_sales")
    build >> report
"#;

/// Every file in a folder of this repository.
fn texts_in(folder: &str) -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new(folder).follow_links(true).into_iter().map(Result::unwrap);
    let files = files.filter(|e| e.file_type().is_file());
    let name = |e: &walkdir::DirEntry| e.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    files.map(|e| (name(&e), fs::read_to_string(e.path()).unwrap())).collect()
}

/// A committed dbt project in `folder` of a repository: empty, or ending in `/`.
fn project_in(folder: &str) -> Sandbox {
    let s = Sandbox::bare();
    s.git(&["init", "-q", "-b", "main"]);
    for (path, text) in [
        ("dbt_project.yml", PROJECT),
        ("profiles.yml", PROFILES),
        ("models/sources.yml", SOURCES),
        ("models/stg_orders.sql", STAGING),
        ("models/by_country.sql", MART),
    ] {
        s.write(&format!("{folder}{path}"), text);
    }
    s.commit("project");
    s
}

fn project() -> Sandbox {
    project_in("")
}

/// Drops a column that a model reads.
fn break_it(s: &Sandbox) {
    s.edit("models/stg_orders.sql", "id, amount, country", "id, country");
}

fn codes(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{report}"));
    findings.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_project_is_checked_without_a_workspace() {
    let s = project();
    let (code, report) = s.json(&["check"]);
    assert_eq!(code, 0, "{report:#}");
    assert_eq!((&report["status"], &report["verdict"]), (&"clean".into(), &"safe".into()), "{report:#}");
    assert_eq!(report["models"], serde_json::json!({ "checked": 2, "unknown": 0, "skipped": 0 }));
    assert_eq!(report["projects"][0]["dialect"], "duckdb");
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "check"]).out).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    assert!(s.ok(&["check"]).out.contains("2 models checked, 0 unknown, 0 skipped"));
}

#[test]
fn a_breaking_change_fails_until_it_is_approved() {
    let s = project();
    break_it(&s);
    let (code, report) = s.json(&["check"]);
    assert_eq!((code, &report["verdict"]), (1, &"breaking".into()), "{report:#}");
    assert!(codes(&report).contains(&"breaking-change".to_owned()));
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "check"]).out).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    s.write("pipewright.yml", "check:\n  severity: {all: off}\n");
    assert_eq!(codes(&s.json(&["check"]).1), ["breaking-change"; 2], "no severity silences what breaks");
    s.ok(&["check", "--against", "none", "--write-baseline"]);
    s.write("models/stg_orders.sql", "-- pipewright: ignore breaking-change it is fine\nselect 1 as id\n");
    assert_eq!(s.json(&["check"]).0, 1, "neither a comment nor the baseline does");
    s.edit("models/stg_orders.sql", "-- pipewright: ignore breaking-change it is fine\n", "");
    fs::remove_file(s.path(".pipewright/check-baseline.json")).unwrap();
    let approved = "check:\n  severity: {broken: off}\n  approved:\n    - {model: stg_orders, reason: old, by: ada}\n";
    s.write("pipewright.yml", format!("{approved}    - {{model: by_country, reason: it is next, by: ada}}\n"));
    let (code, report) = s.json(&["check"]);
    assert_eq!(code, 0, "{report:#}");
    assert!(report["changes"][0]["counts"]["approved"].as_u64().unwrap() > 0);
    assert!(s.ok(&["check"]).out.contains("approved by name"));
    s.write("pipewright.yml", approved.replace("stg_orders", "other"));
    assert_eq!(s.json(&["check"]).0, 1, "an approval is of what it names");
}

#[test]
fn what_changes_nothing_is_safe_and_what_changes_values_is_said() {
    let s = project();
    s.write(
        "models/by_country.sql",
        "-- totals\nSELECT country,\n  SUM(amount) AS total\nFROM {{ ref('stg_orders') }}\nGROUP BY country\n",
    );
    assert_eq!(s.json(&["check"]).1["verdict"], "safe");
    s.write("models/by_country.sql", MART.replace("group by", "where amount > 0 group by"));
    let (code, report) = s.json(&["check"]);
    assert_eq!((code, &report["verdict"]), (0, &"changes-values".into()), "{report:#}");
}

/// The page shows what is printed.
#[test]
fn a_comparison_names_whom_it_breaks_and_reaches() {
    let s = Sandbox::bare();
    s.git(&["init", "-q", "-b", "main"]);
    for (path, text) in texts_in("fixtures/against/shop") {
        s.write(&format!("dbt/{path}"), text);
    }
    s.write("dags/nightly.py", NIGHTLY);
    s.commit("project");
    let marts = "dbt/models/marts";
    s.edit(&format!("{marts}/daily_sales.sql"), "    count(*) as orders,\n", "");
    s.edit(&format!("{marts}/order_payments.sql"), "sum(amount) as paid", "coalesce(sum(amount), 0) as paid");
    s.edit("dbt/models/staging/stg_payments.sql", "    method,", "    method as kind,");
    let said = s.pw(&["check"]);
    let (code, report) = s.json(&["check"]);
    assert_eq!((said.code, code), (1, 1), "{}", said.out);
    let commit = report["against"]["commit"].as_str().unwrap();
    let shown = said.out.replace(&commit[..10], "0123456789");
    let page = fs::read_to_string("docs/check-against.md").unwrap();
    assert!(page.contains(&shown), "docs/check-against.md is to hold\n{shown}");
    let differences = report["changes"][0]["changes"].as_array().unwrap().iter();
    let gone = differences.flat_map(|c| c["differences"].as_array().unwrap()).find(|d| d["what"] == "column-removed");
    let gone = serde_json::to_string_pretty(gone.unwrap()).unwrap();
    assert!(page.contains(&gone), "docs/check-against.md is to hold\n{gone}");
    let markdown = s.pw(&["check", "--format", "markdown"]).out;
    assert!(markdown.contains("**breaks** `DAG nightly`") && markdown.contains("([\"nightly"), "{markdown}");
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "check"]).out).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
}

#[test]
fn what_can_not_be_parsed_fails() {
    let s = project();
    s.write("models/by_country.sql", "select country, from from {{ ref('stg_orders') }} where (");
    let (code, report) = s.json(&["check", "--against", "none"]);
    assert_eq!((code, &report["status"]), (1, &"findings".into()), "{report:#}");
    s.write("models/by_country.sql", b"select 'a\xff' as x");
    let (code, report) = s.json(&["check", "--against", "none"]);
    assert_eq!((code, codes(&report).contains(&"not-utf8".to_owned())), (1, true), "{report:#}");
}

#[test]
fn what_is_not_known_is_counted_and_never_safe() {
    let s = project();
    s.write(
        "models/dynamic.sql",
        "{% set x = run_query('select 1 as a') %}select {{ x.columns[0].values()[0] }} as a\n",
    );
    s.commit("dynamic");
    let (_, report) = s.json(&["check"]);
    assert_eq!(report["models"]["unknown"], 1, "{report:#}");
    assert!(report["unknown"][0]["node"].as_str().unwrap().ends_with(".dynamic"));
    assert!(report["unknown"][0]["why"]["what"].as_str().is_some_and(|why| !why.is_empty()));
    assert_ne!(report["verdict"], "safe", "{report:#}");
    assert!(s.pw(&["check"]).out.contains("unknown: model.shop.dynamic"));
    s.edit("models/dynamic.sql", "select 1", "select 2");
    let (code, report) = s.json(&["check"]);
    assert_eq!((code, &report["verdict"]), (1, &"unknown".into()), "{report:#}");
}

#[test]
fn a_base_that_can_not_be_read_fails() {
    let s = project();
    for revision in ["nosuch", "HEAD~7", "origin/main"] {
        let (code, report) = s.json(&["check", "--against", revision]);
        assert_eq!((code, &codes(&report)[0]), (1, &"against-unreadable".to_owned()), "{report:#}");
        assert!(report["verdict"].is_null() && report["findings"][0]["next"].is_string(), "{report:#}");
    }
    s.git(&["branch", "-m", "trunk"]);
    assert_eq!(s.json(&["check"]).0, 1, "no main branch");
    assert!(s.pw(&["check"]).err.contains("--against"));
    assert_eq!(s.json(&["check", "--against", "none"]).0, 0);
    s.git(&["checkout", "-q", "--detach"]);
    assert_eq!(s.json(&["check", "--against", "trunk"]).0, 0, "a detached head has a base, too");
    let empty = Sandbox::bare();
    empty.git(&["init", "-q", "-b", "main"]);
    empty.write("dbt_project.yml", PROJECT);
    empty.write("models/a.sql", "select 1 as a");
    let said = empty.pw(&["check"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("no commit"), "{}", said.err);
}

#[test]
fn a_shallow_clone_is_told_how_to_be_whole() {
    let s = project();
    s.git(&["checkout", "-q", "-b", "change"]);
    s.write("models/more.sql", "select 1 as a\n");
    s.commit("more");
    s.git(&["checkout", "-q", "main"]);
    s.write("models/other.sql", "select 1 as a\n");
    s.commit("other");
    let clone = Sandbox::bare();
    let from = format!("file://{}", s.path("").display());
    let to = clone.path("clone");
    s.git(&["clone", "-q", "--depth", "1", "--no-single-branch", &from, to.to_str().unwrap()]);
    let said = clone.pw(&["-C", "clone", "check", "--against", "origin/change"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.err.contains("fetch-depth: 0"), "{}", said.err);
}

#[test]
fn nothing_is_green_where_nothing_is_looked_at() {
    let s = project();
    for (args, word) in [
        (&["check", "nosuch"][..], "no such file"),
        (&["check", ".git"], "nothing in here"),
        (&["check", ".."], "outside"),
        (&["check", "--select", "stg_order"], "did you mean `stg_orders`?"),
        (&["check", "--select", "tag:nosuch"], "selects no model"),
        (&["check", "--manifest", "nosuch.json"], "no such file"),
        (&["check", "--manifest", "profiles.yml"], "no manifest"),
        (&["check", "--baseline", "nosuch.json"], "no such file"),
        (&["check", "--changed", "--against", "none"], "compare"),
        (&["-C", "nosuch", "check"], "no such folder"),
    ] {
        s.refused(args, 2, &[word]);
    }
    let empty = Sandbox::bare();
    empty.write("notes.txt", "x");
    empty.refused(&["check"], 2, &["nothing-to-check"]);
    empty.write("dbt_project.yml", PROJECT);
    empty.write("models/a.sql", "select 1 as a");
    assert!(empty.ok(&["check"]).out.contains("Not compared: this folder is in no git repository."));
    empty.refused(&["check", "--against", "main"], 2, &["no-repository"]);
}

#[test]
fn an_unknown_key_or_code_is_an_error() {
    let s = project();
    for (config, words) in [
        ("check:\n  failon: warning\n", &["fail_on", "pipewright.yml:2:3"][..]),
        ("check:\n  severity:\n    nosuch-code: off\n", &["nosuch-code", "pipewright.yml:3:"]),
        ("check:\n  severity: {all: loud}\n", &["loud"]),
        ("checks: {}\n", &["check"]),
        ("check: [\n", &["pipewright.yml"]),
    ] {
        s.write("pipewright.yml", config);
        s.refused(&["check"], 2, words);
    }
    s.write("pipewright.yml", "check:\n  dialect: snowflake\n  fail_on: warning\n");
    assert_eq!(s.json(&["check"]).1["projects"][0]["dialect"], "snowflake");
}

/// A project with one error, `unknown-column`.
fn faulty() -> Sandbox {
    let s = project();
    s.edit("models/by_country.sql", "sum(amount)", "sum(amuont)");
    s.commit("faulty");
    assert_eq!(codes(&s.json(&["check"]).1), ["unknown-column"]);
    s
}

#[test]
fn a_comment_in_place_leaves_one_finding_alone_and_says_why() {
    let s = faulty();
    let text = s.read("models/by_country.sql");
    s.write("models/by_country.sql", format!("-- pipewright: ignore unknown-column it comes tomorrow\n{text}"));
    let (code, report) = s.json(&["check", "--against", "none"]);
    assert_eq!((code, &report["ignored"]), (0, &1.into()), "{report:#}");
    s.write("models/by_country.sql", format!("-- pipewright: ignore unknown-column\n{text}"));
    let (code, report) = s.json(&["check", "--against", "none"]);
    assert_eq!((code, codes(&report)), (1, vec!["ignore-reason".into(), "unknown-column".into()]), "{report:#}");
    s.write("models/stg_orders.sql", format!("{{# pipewright: ignore unknown-column why not #}}\n{STAGING}"));
    assert!(codes(&s.json(&["check", "--against", "none"]).1).contains(&"ignore-nothing".to_owned()));
}

#[test]
fn the_baseline_holds_old_findings_and_tells_what_is_gone() {
    let s = faulty();
    let said = s.ok(&["check", "--write-baseline"]);
    assert!(said.err.contains("1 findings are in .pipewright/check-baseline.json"), "{}", said.err);
    let text = s.read("models/by_country.sql");
    s.write("models/by_country.sql", format!("\n\n-- moved\n{text}"));
    let (code, report) = s.json(&["check", "--against", "none"]);
    assert_eq!((code, &report["known"]), (0, &1.into()), "{report:#}");
    s.write("models/new.sql", "select nosuch from {{ ref('stg_orders') }}\n");
    assert_eq!(s.json(&["check", "--against", "none"]).0, 1, "what is new is told");
    fs::remove_file(s.path("models/new.sql")).unwrap();
    s.write("models/by_country.sql", MART);
    let (code, report) = s.json(&["check", "--against", "none"]);
    assert_eq!((code, codes(&report)), (0, vec!["baseline-outdated".into()]), "{report:#}");
}

#[test]
fn severities_are_configured_by_code_family_and_path() {
    let s = faulty();
    for (config, code, found) in [
        ("severity: {unknown-column: off}", 0, 0),
        ("severity: {broken: warning}", 0, 1),
        ("severity: {broken: warning}\n  fail_on: warning", 1, 1),
        ("paths: {models/: {all: off}}", 0, 0),
        ("paths: {models/marts/: {all: off}}", 1, 1),
    ] {
        s.write("pipewright.yml", format!("check:\n  {config}\n"));
        let (exit, report) = s.json(&["check", "--against", "none"]);
        assert_eq!((exit, codes(&report).len()), (code, found), "{config}: {report:#}");
    }
}

#[test]
fn only_what_was_selected_is_told_and_the_rest_is_counted() {
    let s = faulty();
    for (args, code, elsewhere) in [
        (&["check", "models/stg_orders.sql"][..], 0, 1),
        (&["check", "models/by_country.sql"], 1, 0),
        (&["check", "--select", "stg_orders"], 0, 1),
        (&["check", "--select", "stg_orders+"], 1, 0),
        (&["check", "--select", "path:models"], 1, 0),
        (&["check", "--changed"], 0, 1),
    ] {
        let (exit, report) = s.json(args);
        assert_eq!((exit, &report["elsewhere"]), (code, &elsewhere.into()), "{args:?}: {report:#}");
    }
    s.edit("models/stg_orders.sql", "select id", "select  id");
    assert_eq!(s.json(&["check", "--changed"]).0, 1, "what a change reaches is told");
}

#[test]
fn a_configuration_above_holds_for_the_folder_that_is_asked_for() {
    let s = project_in("one/");
    s.write("two/dbt_project.yml", PROJECT.replace("shop", "two"));
    s.write("two/models/a.sql", "select nosuch from {{ ref('b') }}\n");
    s.write("two/models/b.sql", "select 1 as id\n");
    s.write("pipewright.yml", "check: {against: none, dialect: duckdb}\n");
    let (code, report) = s.json(&["-C", "one", "check"]);
    assert_eq!((code, &report["models"]["checked"]), (0, &2.into()), "{report:#}");
    let (code, report) = s.json(&["check"]);
    assert_eq!((code, report["projects"].as_array().unwrap().len()), (1, 2), "{report:#}");
    assert_eq!(report["findings"][0]["place"]["file"], "two/models/a.sql");
}

#[test]
fn packages_are_read_and_their_faults_are_their_authors() {
    let s = project();
    s.write(".gitignore", "dbt_packages/\n");
    s.write("packages.yml", "packages:\n  - {package: acme/acme, version: 1.0.0}\n");
    s.write("dbt_packages/acme/dbt_project.yml", "name: acme\nversion: '1.0'\n");
    s.write("dbt_packages/acme/macros/one.sql", "{% macro one() %}1{% endmacro %}");
    s.write("dbt_packages/acme/models/bad.sql", "select nosuch from {{ ref('stg_orders') }}");
    s.write("models/packed.sql", "select {{ acme.one() }} as one\n");
    s.commit("packages");
    let (code, report) = s.json(&["check"]);
    assert_eq!(code, 0, "{report:#}");
    assert!(
        report["findings"].as_array().unwrap().is_empty() && report["projects"].as_array().unwrap().len() == 1,
        "{report:#}"
    );
    assert_eq!(report["verdict"], "safe", "the base is read with the packages that are installed: {report:#}");
}

#[test]
fn a_report_is_written_in_each_format_from_the_root_of_the_repository() {
    let s = project_in("analytics/");
    s.edit("analytics/models/by_country.sql", "sum(amount)", "sum(amuont)");
    let run = |format: &str| {
        let said = s.pw(&["-C", "analytics", "check", "--against", "none", "--format", format, "--output", "out"]);
        assert_eq!(said.code, 1, "{format}: {}", said.err);
        s.read("out")
    };
    let path = "analytics/models/by_country.sql";
    let sarif: Value = serde_json::from_str(&run("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], path, "{sarif:#}");
    assert!(
        sarif["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"].as_str().unwrap().ends_with("unknown-column.md")
    );
    let gitlab: Value = serde_json::from_str(&run("gitlab")).unwrap();
    assert_eq!(gitlab[0]["location"]["path"], path);
    assert!(run("github").starts_with(&format!("::error file={path},line=1,col=")));
    assert!(run("junit").contains("<failure type=\"unknown-column\""));
    assert!(run("markdown").contains("unknown-column"));
    assert!(run("text").contains("error[unknown-column]"));
    let json: Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!((&json["folder"], codes(&json)), (&"analytics/".into(), vec!["unknown-column".into()]));
}

#[test]
fn a_fix_is_shown_then_written_and_nothing_else_is_touched() {
    let s = project();
    s.write(
        "models/both.sql",
        "select id from {{ ref('stg_orders') }}\r\nunion\r\nselect id from {{ ref('stg_orders') }}\r\n",
    );
    s.commit("both");
    let before = s.tree();
    let dry = s.pw(&["check", "--against", "none", "--fix", "--dry-run"]);
    assert!(s.tree() == before, "a dry run writes nothing");
    let wet = s.pw(&["check", "--against", "none", "--fix"]);
    let count = |err: &str| err.lines().find(|l| l.contains(" fixes ")).and_then(|l| l.split(' ').next()?.parse().ok());
    let (dry_count, wet_count): (Option<usize>, Option<usize>) = (count(&dry.err), count(&wet.err));
    assert!(dry_count.is_some() && dry_count == wet_count, "{}\n{}", dry.err, wet.err);
    let touched: Vec<String> =
        s.tree().into_iter().filter(|(path, bytes)| before.get(path) != Some(bytes)).map(|(path, _)| path).collect();
    assert_eq!(touched.is_empty(), wet_count == Some(0), "{touched:?}");
    assert!(touched.iter().all(|path| dry.out.contains(path.as_str())), "{touched:?}: {}", dry.out);
    assert!(s.read("models/both.sql").ends_with("{{ ref('stg_orders') }}\r\n"));
    let again = s.pw(&["check", "--against", "none", "--fix"]);
    assert_eq!(count(&again.err), Some(0), "{}", again.err);
}

#[test]
fn other_packages_are_never_safe() {
    let s = project();
    s.write("packages.yml", "packages:\n  - {package: acme/acme, version: 1.0.0}\n");
    s.commit("packages");
    assert_eq!(s.json(&["check"]).1["verdict"], "safe");
    s.edit("packages.yml", "1.0.0", "1.1.0");
    let (code, report) = s.json(&["check"]);
    assert_eq!((code, &report["verdict"]), (0, &"unknown".into()), "{report:#}");
    assert_eq!(codes(&report), ["packages-changed"]);
}

/// What people expect to be mended, in files with odd beginnings and line ends.
#[test]
fn safe_fixes_are_made_and_leave_the_rest_as_it_was() {
    let s = project();
    let from = "select * from {{ ref('stg_orders') }}";
    s.write(
        "models/by_country.sql",
        format!("{{{{ config(tags=['t']) }}}}\r\nwith old as (\r\n  {from}\r\n),\r\n-- kept\r\no as ({from})\r\nselect country, sum(amount) as total from o group by country\r\norder by total\r\n"),
    );
    s.write(
        "models/models.yml",
        "models:\n  - name: by_country # ours\n    columns:\n      - name: country\n      - name: zzz\n        description: gone\n\n      # money\n      - name: total\n",
    );
    s.write(
        "dags/d.py",
        "\u{feff}from airflow import DAG\r\nfrom airflow.operators.dummy import DummyOperator  # old\r\nfrom airflow.operators.bash import BashOperator\r\nwith DAG('é', schedule_interval='@daily', catchup=False):\r\n    DummyOperator(task_id='a') >> BashOperator(task_id='b', bash_command='x')\r\n",
    );
    s.commit("old");
    let said = s.pw(&["check", "--fix"]);
    assert_eq!(
        s.read("models/by_country.sql"),
        format!("{{{{ config(tags=['t']) }}}}\r\nwith o as ({from})\r\nselect country, sum(amount) as total from o group by country\r\n").replace("with o", "with -- kept\r\no")
    );
    let yaml = "models:\n  - name: by_country # ours\n    columns:\n      - name: country\n\n      # money\n      - name: total\n";
    assert_eq!(s.read("models/models.yml"), yaml);
    assert_eq!(
        s.read("dags/d.py"),
        "\u{feff}from airflow import DAG\r\nfrom airflow.providers.standard.operators.empty import EmptyOperator as DummyOperator  # old\r\nfrom airflow.providers.standard.operators.bash import BashOperator\r\nwith DAG('é', schedule='@daily', catchup=False):\r\n    DummyOperator(task_id='a') >> BashOperator(task_id='b', bash_command='x')\r\n"
    );
    let (_, report) = s.json(&["check"]);
    let left = codes(&report);
    for code in
        ["unused-cte", "order-by-in-model", "yaml-column-gone", "airflow-moved-import", "airflow-removed-argument"]
    {
        assert!(!left.contains(&code.to_owned()), "{code}: {left:?}\n{}", said.err);
    }
    assert_eq!(report["verdict"], "safe", "{report:#}");
}

#[test]
fn a_fix_that_brings_another_finding_is_taken_back() {
    let s = project();
    let from = "select * from {{ ref('stg_orders') }}";
    // Without the CTE the comment leaves nothing alone, and says so.
    let text = format!(
        "with\n{{# pipewright: ignore equals-null it is meant #}}\nx as ({from} where id = null),\ny as ({from})\nselect id from y\norder by id\n"
    );
    s.write("models/m.sql", &text);
    s.write("models/n.sql", format!("with x as ({from})\nselect 1 as id\n"));
    let said = s.pw(&["check", "--against", "none", "--fix"]);
    assert_eq!(s.read("models/n.sql"), "select 1 as id\n", "others are mended: {}", said.err);
    assert_eq!(s.read("models/m.sql"), text);
    assert!(said.err.contains("models/m.sql"), "{}", said.err);
}

#[test]
fn watching_tells_what_comes_and_what_goes() {
    let s = project();
    let mut child = s
        .command(&["check", "--against", "none", "--watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Not compared")), "it looks at once");
    s.edit("models/by_country.sql", "sum(amount)", "sum(amuont)");
    assert!(lines.any(|line| line.starts_with("1 new, 0 gone.")));
    s.edit("models/by_country.sql", "sum(amuont)", "sum(amount)");
    assert!(lines.any(|line| line.starts_with("0 new, 1 gone.")));
    child.kill().unwrap();
    child.wait().unwrap();
}
