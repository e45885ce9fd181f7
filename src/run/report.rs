//! What a run says when it is over.

use serde::{Deserialize, Serialize};

use super::as_of::AsOf;
use crate::vocabulary::{Diagnostic, Name};

/// How a run, a step or a model came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Well.
    Success,
    /// Not well.
    Failed,
    /// It was not begun, because something before it failed.
    Skipped,
}

/// How a test came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestStatus {
    /// Nothing against it.
    Pass,
    /// Rows were found that must not be.
    Fail,
    /// Rows were found that should not be; the run goes on.
    Warn,
    /// The test itself could not be run.
    Error,
    /// Not begun, because something before it failed.
    Skipped,
}

/// Where models are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Development.
    #[default]
    Dev,
    /// Production.
    Prod,
}

/// What runs the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The ingestion scripts, then `dbt run` and `dbt test`.
    #[default]
    Dbt,
    /// The DAGs, in a real Airflow.
    Airflow,
}

/// The whole of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// `success` only where all of it was.
    pub status: Status,
    /// Id of the run; ids sort by time.
    pub run: String,
    /// What ran it.
    pub via: Via,
    /// Where it was built.
    pub target: Target,
    /// The end of the period that it answers for.
    pub as_of: AsOf,
    /// The commit that was run; none before the first.
    pub commit: Option<String>,
    /// The pipelines that were run.
    pub pipelines: Vec<Name>,
    /// Path of the DuckDB file; none where the target is another database.
    pub database: Option<String>,
    /// Seconds that it took.
    pub seconds: f64,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// Tasks of the DAGs, where Airflow ran them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// Models, in the order that they ended.
    pub models: Vec<ModelResult>,
    /// Data tests and unit tests, in the order that they ended.
    pub tests: Vec<TestResult>,
    /// What went wrong, or should be looked at.
    pub findings: Vec<Diagnostic>,
    /// Folder of the logs and of the receipt, relative to the workspace.
    pub logs: String,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `ddl`, `ingest <pipeline>`, `build`, `airflow <pipeline>`.
    pub step: String,
    /// How it came out.
    pub status: Status,
    /// Seconds that it took.
    pub seconds: f64,
    /// Its log, relative to the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// A task of a DAG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The DAG.
    pub pipeline: Name,
    /// Id of the task.
    pub task: String,
    /// Airflow's word for how it came out: `success`, `failed`, `upstream_failed`, `skipped`.
    pub state: String,
    /// Seconds that it took; none where it was not begun.
    pub seconds: Option<f64>,
}

/// A model that was built, or was to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelResult {
    /// Name.
    pub name: String,
    /// The relation, as the database writes it.
    pub relation: String,
    /// How it came out.
    pub status: Status,
    /// Seconds that it took.
    pub seconds: f64,
    /// `table`, `view`, `ephemeral`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub materialized: String,
    /// What the database said where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A test that was run, or was to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Name.
    pub name: String,
    /// The model that it tests.
    pub model: Option<String>,
    /// The column that it tests; none where it tests the model, or is a unit test.
    pub column: Option<String>,
    /// `data` or `unit`.
    pub kind: TestKind,
    /// How it came out.
    pub status: TestStatus,
    /// Rows that speak against it.
    pub failures: u64,
    /// What dbt said where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Kind of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestKind {
    /// On the data that was built.
    Data,
    /// On rows that the test brings.
    Unit,
}

impl RunReport {
    /// 0 where all went well, else 1.
    pub fn exit(&self) -> u8 {
        u8::from(self.status != Status::Success)
    }
}

impl Target {
    /// As dbt and the scripts spell it.
    pub fn as_str(self) -> &'static str {
        if self == Target::Dev { "dev" } else { "prod" }
    }
}

impl Via {
    /// As the command line spells it.
    pub fn as_str(self) -> &'static str {
        if self == Via::Dbt { "dbt" } else { "airflow" }
    }
}
