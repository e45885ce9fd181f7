//! What moved from Airflow 2 to 3, with ruff's AIR rules as the judge, and what Airflow refuses to load, with the DagBag of
//! the runtime as the judge (`pipewright setup --with airflow`). Where they differ, this says who is right.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use pipewright::check::{Repository, across};

/// Imports, and whether each is to be found.
const IMPORTS: &[(&str, &str, bool)] = &[
    ("airflow.operators.bash_operator", "BashOperator", true),
    ("airflow.operators.python_operator", "PythonOperator", true),
    ("airflow.operators.python_operator", "BranchPythonOperator", true),
    ("airflow.operators.dummy_operator", "DummyOperator", true),
    ("airflow.operators.dummy", "DummyOperator", true),
    ("airflow.operators.subdag", "SubDagOperator", true),
    ("airflow.operators.email_operator", "EmailOperator", true),
    ("airflow.operators.dagrun_operator", "TriggerDagRunOperator", true),
    ("airflow.operators.latest_only_operator", "LatestOnlyOperator", true),
    ("airflow.operators.bash", "BashOperator", true),
    ("airflow.operators.python", "PythonOperator", true),
    ("airflow.operators.empty", "EmptyOperator", true),
    ("airflow.operators.trigger_dagrun", "TriggerDagRunOperator", true),
    ("airflow.operators.postgres_operator", "PostgresOperator", true),
    ("airflow.operators.http_operator", "SimpleHttpOperator", true),
    ("airflow.sensors.external_task_sensor", "ExternalTaskSensor", true),
    ("airflow.sensors.external_task", "ExternalTaskSensor", true),
    ("airflow.sensors.base_sensor_operator", "BaseSensorOperator", true),
    ("airflow.sensors.filesystem", "FileSensor", true),
    ("airflow.hooks.base_hook", "BaseHook", true),
    ("airflow.hooks.postgres_hook", "PostgresHook", true),
    ("airflow.hooks.S3_hook", "S3Hook", true),
    ("airflow.hooks.subprocess", "SubprocessHook", true),
    ("airflow.contrib.aws_athena_hook", "AWSAthenaHook", true),
    ("airflow.utils.dates", "days_ago", true),
    ("airflow.utils.helpers", "chain", true),
    ("airflow.utils.helpers", "cross_downstream", true),
    ("airflow.utils.file", "TemporaryDirectory", true),
    ("airflow.utils.db", "create_session", true),
    ("airflow.datasets", "Dataset", true),
    ("airflow.datasets", "DatasetAlias", true),
    ("airflow.timetables.datasets", "DatasetOrTimeSchedule", true),
    ("airflow.providers.standard.operators.bash", "BashOperator", false),
    ("airflow.providers.standard.operators.empty", "EmptyOperator", false),
    ("airflow.providers.common.sql.operators.sql", "SQLExecuteQueryOperator", false),
    ("airflow.sdk", "DAG", false),
    ("airflow.sdk", "Asset", false),
    ("airflow.sdk", "task", false),
    ("airflow.timetables.trigger", "CronTriggerTimetable", false),
    ("airflow.exceptions", "AirflowException", false),
];

/// Gone with Airflow 3, and ruff does not say so.
const RUFF_IS_SILENT: &[(&str, &str)] = &[("airflow.operators.subdag_operator", "SubDagOperator")];

/// Ruff names these in every file. They are not there, or work with a warning, in either version alone: what is new is in
/// `airflow.sdk`, which Airflow 2 has not, so a file for 2 can't follow.
const ONLY_FROM_3: &[(&str, &str)] = &[
    ("airflow", "DAG"),
    ("airflow.models", "Variable"),
    ("airflow.decorators", "task"),
    ("airflow.models.param", "Param"),
];

fn file(module: &str, name: &str) -> String {
    format!("from {module} import {name}\n\nx = {name}()\n")
}

fn ours(text: &str) -> bool {
    let files = [("dags/a.py".to_owned(), text.into())].into();
    let repository = Repository { files, no_text: Vec::new() };
    across::look(&repository, &[]).iter().any(|d| d.code == "airflow-moved-import")
}

fn ruff(text: &str) -> bool {
    let Some(folder) = std::env::var_os("PIPEWRIGHT_JUDGES") else {
        panic!("PIPEWRIGHT_JUDGES is not set: `make test`, or PIPEWRIGHT_JUDGES=$(scripts/judges.sh) cargo test");
    };
    let folder = PathBuf::from(folder);
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("a.py"), text).unwrap();
    let args =
        ["check", "--preview", "--select", "AIR3", "--output-format", "concise", "--no-cache", "--isolated", "a.py"];
    let out = Command::new(folder.join("ruff")).args(args).current_dir(here.path()).output().unwrap();
    assert!(matches!(out.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).contains("a.py:")
}

#[test]
fn imports_that_moved_are_those_that_ruff_names() {
    for (module, name, moved) in IMPORTS {
        let text = file(module, name);
        assert_eq!((ours(&text), ruff(&text)), (*moved, *moved), "{module}.{name}: ours, ruff");
    }
    for (module, name) in RUFF_IS_SILENT {
        let text = file(module, name);
        assert_eq!((ours(&text), ruff(&text)), (true, false), "{module}.{name}: ours, ruff");
    }
    for (module, name) in ONLY_FROM_3 {
        let text = file(module, name);
        assert_eq!((ours(&text), ruff(&text)), (false, true), "{module}.{name}: ours, ruff");
        let three = format!("from airflow.sdk import Asset\n{text}");
        assert!(ours(&three), "{module}.{name}, in a file for Airflow 3");
    }
}

/// The DAG that looks for drift.
fn drift_dag() -> &'static str {
    static DAG: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    DAG.get_or_init(|| {
        let s = support::Sandbox::workspace();
        s.ok(&["propose", support::SAMPLE, "--as-of", support::AS_OF]);
        s.ok(&["drift", "--dag", "0 6 * * *"]);
        s.read("dags/pipewright_drift.py")
    })
}

/// DAG files, each with what Airflow makes of it: `refused`, or `loads`.
const FILES: &[(&str, &str, bool)] = &[
    ("cycle", "with DAG('cycle', schedule=None):\n    a, b = E(task_id='a'), E(task_id='b')\n    a >> b >> a\n", true),
    (
        "long_cycle",
        "with DAG('long', schedule=None):\n    a, b, c = [E(task_id=t) for t in ['a', 'b', 'c']]\n    chain(a, b, c)\n    c.set_downstream(a)\n",
        true,
    ),
    (
        "diamond",
        "with DAG('diamond', schedule=None):\n    a, b, c, d = [E(task_id=t) for t in ['a', 'b', 'c', 'd']]\n    a >> [b, c] >> d\n",
        false,
    ),
    ("same_task", "with DAG('same_task', schedule=None):\n    E(task_id='a')\n    E(task_id='a')\n", true),
    (
        "groups",
        "with DAG('groups', schedule=None):\n    for g in ['x', 'y']:\n        with TaskGroup(g):\n            E(task_id='a')\n",
        false,
    ),
    (
        "same_in_group",
        "with DAG('sig', schedule=None):\n    with TaskGroup('x'):\n        E(task_id='a')\n        E(task_id='a')\n",
        true,
    ),
    ("twice_1", "with DAG('twice', schedule=None):\n    E(task_id='a')\n", false),
    ("twice_2", "with DAG('twice', schedule=None):\n    E(task_id='a')\n", true),
    ("no_cron", "with DAG('no_cron', schedule='61 * * * *'):\n    E(task_id='a')\n", true),
    ("cron", "with DAG('cron', schedule='*/5 6-8 * * mon-fri'):\n    E(task_id='a')\n", false),
    ("gone_argument", "with DAG('gone_argument', schedule_interval='@daily'):\n    E(task_id='a')\n", true),
    (
        "gone_import",
        "from airflow.operators.dummy_operator import DummyOperator\nwith DAG('gone_import', schedule=None):\n    DummyOperator(task_id='a')\n",
        true,
    ),
    (
        "gone_dates",
        "from airflow.utils.dates import days_ago\nwith DAG('gone_dates', schedule=None, start_date=days_ago(1)):\n    E(task_id='a')\n",
        true,
    ),
    (
        "missing_module",
        "from helpers_of_ours.nothing import x\nwith DAG('missing_module', schedule=None):\n    E(task_id='a')\n",
        true,
    ),
    ("syntax", "with DAG('syntax', schedule=None)\n    E(task_id='a')\n", true),
    (
        "moving_start",
        "with DAG('moving_start', schedule='@daily', start_date=datetime.now()):\n    E(task_id='a')\n",
        false,
    ),
    (
        "flow",
        "@dag(schedule=None)\ndef flow():\n    @task\n    def one():\n        return 1\n    @task\n    def two(x):\n        return x\n    two(one())\nflow()\n",
        false,
    ),
    (
        "mapped",
        "@dag(schedule=None)\ndef mapped():\n    @task\n    def one(x):\n        return x\n    one.expand(x=[1, 2])\nmapped()\n",
        false,
    ),
    ("many", "for n in ['a', 'b']:\n    with DAG(f'many_{n}', schedule=None):\n        E(task_id='a')\n", false),
    (
        "edges_in_group",
        "with DAG('edges', schedule=None):\n    with TaskGroup('x') as x:\n        E(task_id='a')\n    e = E(task_id='e')\n    x >> e >> x\n",
        true,
    ),
];

const HEAD: &str = "from datetime import datetime\n\nfrom airflow.providers.standard.operators.empty import EmptyOperator as E\n\
    from airflow.sdk import DAG, TaskGroup, chain, dag, task\n\n";

/// What says that Airflow does not load a file.
fn is_refused(d: &pipewright::vocabulary::Diagnostic) -> bool {
    let code: &str = &d.code;
    let refused =
        ["airflow-import", "airflow-cycle", "airflow-duplicate-dag", "airflow-duplicate-task", "python-syntax"];
    refused.contains(&code)
        || matches!(code, "airflow-schedule" | "airflow-removed-argument")
        || (code == "airflow-moved-import" && d.what.contains("is not in Airflow 3"))
}

fn airflow() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"))).unwrap();
    let runtime = std::fs::read_dir(cache.join("pipewright/runtime")).unwrap().map(|e| e.unwrap().path());
    let python = runtime.filter(|p| p.to_str().unwrap().contains("/airflow-")).map(|p| p.join("bin/python"));
    python.filter(|p| p.exists()).max().unwrap_or_else(|| panic!("no Airflow: `pipewright setup --with airflow`"))
}

const LOAD: &str = "import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
print('LOADED' + json.dumps({'errors': bag.import_errors, 'dags': sorted(bag.dags)}))
";

#[test]
fn what_airflow_refuses_is_what_is_said_to_be_refused() {
    let here = tempfile::tempdir().unwrap();
    let mut files: std::collections::BTreeMap<String, std::sync::Arc<str>> = Default::default();
    for (name, body, _) in FILES {
        files.insert(format!("dags/{name}.py"), format!("{HEAD}{body}").into());
    }
    // What is not there is one of the repository's own packages.
    files.insert("helpers_of_ours/__init__.py".into(), "".into());
    let generated = "snapshots/render/shop/dags/daily_customer_orders.py";
    files.insert("dags/generated.py".into(), std::fs::read_to_string(generated).unwrap().into());
    files.insert("dags/drift.py".into(), drift_dag().into());
    for (path, text) in &files {
        std::fs::create_dir_all(here.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(here.path().join(path), &**text).unwrap();
    }
    let out = Command::new(airflow())
        .args(["-c", LOAD, "dags"])
        .current_dir(here.path())
        .env("AIRFLOW_HOME", here.path().join("home"))
        .env("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        .env("PYTHONPATH", here.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let Some((_, json)) = said.split_once("LOADED") else {
        panic!("{said}\n{}", String::from_utf8_lossy(&out.stderr));
    };
    let loaded: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    let findings = across::look(&Repository { files, no_text: Vec::new() }, &[]);
    let mut wrong = Vec::new();
    for (name, refused) in
        FILES.iter().map(|(name, _, refused)| (*name, *refused)).chain([("generated", false), ("drift", false)])
    {
        let path = format!("dags/{name}.py");
        let errors = loaded["errors"].as_object().unwrap();
        let theirs = errors.iter().find(|(at, _)| at.ends_with(&path)).map(|(_, why)| why.to_string());
        let at = |d: &&pipewright::vocabulary::Diagnostic| d.place.as_ref().is_some_and(|p| p.file == path);
        let ours = findings.iter().filter(at).find(|d| is_refused(d)).map(|d| d.code.to_string());
        if ours.is_some() != refused || theirs.is_some() != refused {
            wrong.push(format!("{name}: to be refused {refused}; ours {ours:?}; Airflow {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let dags = loaded["dags"].as_array().unwrap();
    assert!(dags.len() >= 10 && dags.contains(&"pipewright_drift".into()), "{loaded}");
}

#[test]
fn generated_dags_have_nothing_that_ruff_names() {
    assert!(drift_dag().contains("airflow") && !ruff(drift_dag()), "{}", drift_dag());
    let mut count = 0;
    for entry in walkdir::WalkDir::new("snapshots").into_iter().map(Result::unwrap) {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "py") && path.parent().is_some_and(|p| p.ends_with("dags")) {
            count += 1;
            let text = std::fs::read_to_string(path).unwrap();
            assert!(!ruff(&text), "{}", path.display());
        }
    }
    assert!(count > 0);
}
