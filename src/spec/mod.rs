//! Pipeline specs: what a requirement became. People own them; everything else is generated from them.

pub mod check;
mod measure;
mod model;
pub mod rules;
mod windowed;

pub use check::check;
pub use measure::{Function, Measure};
pub use model::{
    ColumnRule, Dedupe, Direction, Fill, Grouping, Join, JoinKind, Materialization, Model, Order, SetAside, Top,
};
pub use rules::Rules;
pub use windowed::{Over, Windowed};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{Act, Name, Relation, TableRef, Window};

/// `pipelines/<name>.yml`. Expressions are ANSI SQL over the columns in scope; no Jinja.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Pipeline spec")]
pub struct Spec {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Name of the pipeline, of its DAG and of its ingestion script.
    pub name: Name,
    /// One line on what the pipeline is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The requirement as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// Who answers for it; the workspace's default owner if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Tables to land.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingest: Vec<Ingest>,
    /// Models to build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
    /// Models whose history is kept, as dbt snapshots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// Tests beyond those that follow from contracts and models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// Who is told when a run fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
    /// Acts that a person approved by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// The language model that read the requirement; none if the rules did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_by: Option<Box<Reader>>,
    /// Questions that the requirement left open, as people answered them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// Which words of the requirement became which part of this spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Trace>,
    /// What was filled in because the requirement left it open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<Assumed>,
    /// What a reviewer should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// When a pipeline runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Five cron fields, `30 6 * * 1-5`; runs by hand only if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// What other pipelines bring up to date, and that starts this one once all of it has been: tables that they land, models
    /// that they test. Not beside `cron`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Relation>,
    /// IANA time zone of `cron`; the workspace's default if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// How often a failed task is tried again; 2 if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u8>,
}

/// One table to land.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// The source's table.
    pub table: TableRef,
    /// How rows arrive.
    pub mode: Mode,
    /// Columns that tell rows apart; the contract's primary key if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<Name>,
    /// Column that tells what is new; the contract's cursor if none. Used by `incremental`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Name>,
    /// Only rows in this window are read from the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// How rows arrive in the landed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The landed table is replaced by what is read.
    Replace,
    /// Rows that are read take the place of landed rows with the same key.
    Merge,
    /// As `merge`, reading only rows whose cursor is past the last one landed.
    Incremental,
    /// Rows past the cursor are added; for tables without a key whose rows never change.
    Append,
}

/// A model whose history is kept: a row for each state that a row of it had, from when to when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Name of the snapshot, `customers_history`.
    pub name: Name,
    /// The model that is watched.
    pub of: Name,
    /// Columns that tell its rows apart; the model's grain if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<Name>,
    /// The column that says when a row last changed; without one all columns are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Name>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A test on a model or on one of its columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The model that is tested.
    pub model: Name,
    /// The column that is tested; the whole model if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<Name>,
    /// `not_null`, `unique`, `accepted_values`, `relationships`, or a generic test of the workspace.
    #[serde(deserialize_with = "Name::deserialize_word")]
    pub test: Name,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub arguments: IndexMap<String, serde_json::Value>,
    /// Only rows that meet this condition are tested.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// `warn` lets a run go on.
    #[serde(default, skip_serializing_if = "TestSeverity::is_error")]
    pub severity: TestSeverity,
}

/// What a failing test does to a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestSeverity {
    /// The run fails.
    #[default]
    Error,
    /// The run goes on and says so.
    Warn,
}

impl TestSeverity {
    /// Whether it fails the run.
    pub fn is_error(&self) -> bool {
        *self == TestSeverity::Error
    }
}

/// Who is told when a run fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Slack channel, `#data-alerts`.
    pub slack: String,
}

/// An act that a person approved by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// `drop`, `narrow` or `unmask`.
    pub act: Act,
    /// The relation or column, `marts.daily_sales` or `marts.daily_sales.revenue`.
    pub of: String,
    /// Who approved it.
    pub by: String,
    /// Why.
    pub why: String,
}

/// The language model that read a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Provider and name, `ollama/gemma3:4b`.
    pub model: String,
    /// Hash of the prompts that it was given.
    pub prompts: String,
}

/// A question that the requirement left open, as people answered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What it is called: `propose --answer KEY=VALUE`.
    pub key: String,
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub value: String,
    /// The words it is about; empty if it is about all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

/// Which words became which part of the spec. What proves them is found from the tests when a change is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The words as they stand in the requirement.
    pub words: String,
    /// Paths into this spec, `models.daily_sales.window`; none where the words are not understood.
    pub became: Vec<String>,
    /// Keys of the answers that they were read with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
}

/// What was filled in because the requirement left it open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// Path into this spec.
    pub field: String,
    /// Why this and nothing else.
    pub because: String,
}
