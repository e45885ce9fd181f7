//! What moved from Airflow 2 to 3, with ruff's AIR rules as the judge. Where the two differ, this says who is right.

#![allow(clippy::unwrap_used, clippy::panic)]

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
