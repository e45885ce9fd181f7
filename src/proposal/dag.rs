//! The DAG of a pipeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::Name;

/// An Airflow DAG.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DagChange {
    /// Pipeline, DAG id and file name.
    pub name: Name,
    /// One line.
    pub description: String,
    /// More, in Markdown: the requirement.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Five cron fields; runs by hand only if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// What other DAGs bring up to date, each of which starts this one: `raw_shop.orders`, `marts.daily_sales`. None
    /// beside a `cron`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// IANA time zone of `cron`.
    pub timezone: String,
    /// Owner of every task.
    pub owner: String,
    /// Tags.
    pub tags: Vec<String>,
    /// How often a failed task is tried again.
    pub retries: u8,
    /// Tasks in an order that respects `after`.
    pub tasks: Vec<DagTask>,
}

/// One task of a DAG.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DagTask {
    /// Id; unique in the DAG.
    pub id: Name,
    /// Group that it is shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
    /// What it does.
    pub action: DagAction,
    /// Tasks that must have ended well before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Name>,
    /// What it brings up to date and others may wait for: `marts.daily_sales`, `raw_shop.orders`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outlets: Vec<String>,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum DagAction {
    /// Runs the ingestion script of this name.
    Ingest(Name),
    /// `dbt run` of these models.
    Run(Vec<Name>),
    /// `dbt test` of these models: data tests and unit tests.
    Test(Vec<Name>),
    /// `dbt build` of these models: each is built, then tested.
    Build(Vec<Name>),
    /// `dbt snapshot` of these snapshots.
    Snapshot(Vec<Name>),
    /// `pipewright drift` of this source: it fails where a change breaks something.
    Drift(Name),
}
