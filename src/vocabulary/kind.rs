//! Kinds of artifacts, by the word that a proposal's `kind` is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an agent proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// A source contract.
    SourceContract,
    /// A pipeline spec.
    PipelineSpec,
    /// A connection of `pipewright.yml`.
    Platform,
    /// The dbt project.
    DbtProject,
    /// A source of the dbt project.
    DbtSource,
    /// A dbt model.
    DbtModel,
    /// A dbt snapshot.
    Snapshot,
    /// A dbt data test.
    DbtTest,
    /// A dbt unit test.
    UnitTest,
    /// A dbt macro.
    Macro,
    /// Landing tables.
    Ddl,
    /// A dlt script.
    Ingestion,
    /// An Airflow DAG.
    DagChange,
    /// Who is told when a run fails.
    Alert,
    /// Personal data in a column.
    Policy,
}

impl ArtifactKind {
    /// The word that a proposal's `kind` is.
    pub fn as_str(self) -> &'static str {
        match self {
            ArtifactKind::SourceContract => "source_contract",
            ArtifactKind::PipelineSpec => "pipeline_spec",
            ArtifactKind::Platform => "platform",
            ArtifactKind::DbtProject => "dbt_project",
            ArtifactKind::DbtSource => "dbt_source",
            ArtifactKind::DbtModel => "dbt_model",
            ArtifactKind::Snapshot => "snapshot",
            ArtifactKind::DbtTest => "dbt_test",
            ArtifactKind::UnitTest => "unit_test",
            ArtifactKind::Macro => "macro",
            ArtifactKind::Ddl => "ddl",
            ArtifactKind::Ingestion => "ingestion",
            ArtifactKind::DagChange => "dag_change",
            ArtifactKind::Alert => "alert",
            ArtifactKind::Policy => "policy",
        }
    }
}
