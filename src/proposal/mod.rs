//! Typed proposals: what agents, and programs outside, want the platform to hold. Untrusted until [`crate::changeset`]
//! has proved them.

mod dag;
mod ingestion;
pub mod outside;
pub mod schema;
mod snapshot;

pub use dag::{DagAction, DagChange, DagTask};
pub use ingestion::{IngestColumn, IngestTable, Ingestion};
pub use snapshot::Snapshot;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::{Contract, LandedChange};
use crate::spec::{Materialization, Spec, TestSeverity};
use crate::vocabulary::{ArtifactKind, DataType, Dialect, Name, Relation, TableRef};
use crate::workspace::{Environments, Platform};

/// What `propose --from` reads: proposals, all of them judged together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Pipewright proposals")]
pub struct Proposals {
    /// At least one.
    #[schemars(length(min = 1))]
    pub proposals: Vec<Proposal>,
}

/// One artifact, with who wants it, for which task, because of what, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The agent or program that made it.
    pub by: String,
    /// The task of the plan that it answers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub task: String,
    /// What it follows from.
    pub because: Because,
    /// Why it is as it is, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What is proposed.
    pub artifact: Artifact,
}

/// What a proposal follows from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Because {
    /// Words of the requirement.
    Words(String),
    /// A path into a pipeline spec, `daily_sales:models.daily_sales`.
    Spec(String),
    /// A contract, `shop.orders`.
    Contract(String),
    /// A change of a source.
    Drift(String),
}

/// One thing that the platform holds.
#[allow(clippy::large_enum_variant, reason = "few live at once; a box would only be in the way")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Artifact {
    /// A source contract.
    SourceContract(Contract),
    /// A pipeline spec; agents propose the rest from it.
    PipelineSpec(Spec),
    /// A connection added to `pipewright.yml`.
    Platform(Platform),
    /// The dbt project and its profiles.
    DbtProject(DbtProject),
    /// A source of the dbt project.
    DbtSource(DbtSource),
    /// A dbt model.
    DbtModel(DbtModel),
    /// A dbt snapshot.
    Snapshot(Snapshot),
    /// A dbt data test.
    DbtTest(DbtTest),
    /// A dbt unit test.
    UnitTest(UnitTest),
    /// A dbt macro, or a generic test.
    Macro(Macro),
    /// Landing tables of one target.
    Ddl(Ddl),
    /// A dlt script.
    Ingestion(Ingestion),
    /// An Airflow DAG.
    DagChange(DagChange),
    /// Who is told when a run fails.
    Alert(Alert),
    /// What is known and asked about a column that holds personal data.
    Policy(Policy),
}

impl Artifact {
    /// What kind it is.
    pub fn kind(&self) -> ArtifactKind {
        match self {
            Artifact::SourceContract(_) => ArtifactKind::SourceContract,
            Artifact::PipelineSpec(_) => ArtifactKind::PipelineSpec,
            Artifact::Platform(_) => ArtifactKind::Platform,
            Artifact::DbtProject(_) => ArtifactKind::DbtProject,
            Artifact::DbtSource(_) => ArtifactKind::DbtSource,
            Artifact::DbtModel(_) => ArtifactKind::DbtModel,
            Artifact::Snapshot(_) => ArtifactKind::Snapshot,
            Artifact::DbtTest(_) => ArtifactKind::DbtTest,
            Artifact::UnitTest(_) => ArtifactKind::UnitTest,
            Artifact::Macro(_) => ArtifactKind::Macro,
            Artifact::Ddl(_) => ArtifactKind::Ddl,
            Artifact::Ingestion(_) => ArtifactKind::Ingestion,
            Artifact::DagChange(_) => ArtifactKind::DagChange,
            Artifact::Alert(_) => ArtifactKind::Alert,
            Artifact::Policy(_) => ArtifactKind::Policy,
        }
    }
}

impl Artifact {
    /// What it is about, as people call it.
    pub fn subject(&self) -> String {
        let of = |model: &Name, column: Option<&Name>| match column {
            Some(column) => format!("{model}.{column}"),
            None => model.to_string(),
        };
        match self {
            Artifact::SourceContract(c) => c.table_ref().to_string(),
            Artifact::PipelineSpec(s) => s.name.to_string(),
            Artifact::Platform(p) => p.source.as_ref().map_or_else(|| "targets".into(), Name::to_string),
            Artifact::DbtProject(p) => p.name.to_string(),
            Artifact::DbtSource(s) => s.name.to_string(),
            Artifact::DbtModel(m) => m.name.to_string(),
            Artifact::Snapshot(s) => s.name.to_string(),
            Artifact::DbtTest(t) => format!("{} of {}", t.test, of(&t.model, t.column.as_ref())),
            Artifact::UnitTest(t) => t.name.to_string(),
            Artifact::Macro(m) => m.name.to_string(),
            Artifact::Ddl(d) => format!("{} ({})", d.schema, d.dialect),
            Artifact::Ingestion(i) => i.source.to_string(),
            Artifact::DagChange(d) => d.name.to_string(),
            Artifact::Alert(a) => a.slack.clone(),
            Artifact::Policy(p) => of(&p.model, Some(&p.column)),
        }
    }
}

/// The dbt project and its profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DbtProject {
    /// Name of project and profile.
    pub name: Name,
    /// Where models are built.
    pub targets: Environments,
}

/// A source of the dbt project: the landed tables of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DbtSource {
    /// Name of the source.
    pub name: Name,
    /// Schema that ingestion lands it in.
    pub schema: Name,
    /// Its landed tables, in the order of their names.
    pub tables: Vec<DbtSourceTable>,
}

/// A landed table as dbt knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DbtSourceTable {
    /// Name of the table.
    pub name: Name,
    /// Name of the landed table, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Name>,
    /// What a row is.
    pub description: String,
    /// Column that tells how fresh the table is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_at: Option<Name>,
    /// After how many hours without a new row a warning is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_after_hours: Option<u32>,
    /// After how many hours without a new row it is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_after_hours: Option<u32>,
}

/// A dbt model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DbtModel {
    /// Name; unique in the project.
    pub name: Name,
    /// Where it stands.
    pub layer: Layer,
    /// Pipelines that build it, sorted.
    pub pipelines: Vec<Name>,
    /// What a row is, in a sentence.
    pub description: String,
    /// How dbt keeps it.
    pub materialization: Materialization,
    /// The query in dbt SQL, exactly as it stands in the file; one statement, `ref`, `source` and known macros only.
    pub sql: String,
    /// Columns in the query's order.
    pub columns: Vec<ModelColumn>,
    /// Columns that together tell rows apart; empty where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grain: Vec<Name>,
    /// Roles of the warehouse that may read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<Name>,
}

/// The layer of a model after dbt Labs' structure guide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Layer {
    /// One model a landed table: renamed, cast, cleaned. `dbt/models/staging/<source>/`.
    Staging(TableRef),
    /// Steps between staging and marts. `dbt/models/intermediate/`.
    Intermediate,
    /// What people read. `dbt/models/marts/`.
    Marts,
}

/// A column of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelColumn {
    /// Name.
    pub name: Name,
    /// What it means.
    pub description: String,
    /// Its type where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<DataType>,
}

/// A dbt data test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DbtTest {
    /// The model that is tested.
    pub model: Name,
    /// The column that is tested; the whole model if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<Name>,
    /// `not_null`, `unique`, `accepted_values`, `relationships`, or a generic test of the project.
    #[serde(deserialize_with = "Name::deserialize_word")]
    pub test: Name,
    /// Its arguments; a model is named as `ref('model')`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub arguments: IndexMap<String, serde_json::Value>,
    /// Only rows that meet this condition are tested; plain SQL over the model's columns.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What it holds, and where that comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What a failure does.
    #[serde(default, skip_serializing_if = "TestSeverity::is_error")]
    pub severity: TestSeverity,
}

/// A dbt unit test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitTest {
    /// Name; unique in the project.
    pub name: Name,
    /// The model that is tested.
    pub model: Name,
    /// What it shows.
    pub description: String,
    /// The value of `as_of` in the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The rows that the model reads.
    pub given: Vec<UnitRows>,
    /// The rows that must come out.
    pub expect: Vec<IndexMap<Name, serde_json::Value>>,
}

/// Rows of one input of a unit test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitRows {
    /// The input.
    pub input: Relation,
    /// Its rows.
    pub rows: Vec<IndexMap<Name, serde_json::Value>>,
}

/// A file of macros: a cleaning rule, its generic test, or a helper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Macro {
    /// Name of the macro or generic test, and of its file.
    pub name: Name,
    /// Macro (`dbt/macros/pipewright/`) or generic test (`dbt/tests/generic/`).
    pub form: MacroForm,
    /// The file's text.
    pub text: String,
}

/// What a file of macros holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MacroForm {
    /// Macros.
    Macro,
    /// A generic test.
    GenericTest,
}

/// Landing tables of one pipeline's sources in one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ddl {
    /// The pipeline that lands them.
    pub pipeline: Name,
    /// The target's dialect.
    pub dialect: Dialect,
    /// Schema of the tables.
    pub schema: Name,
    /// The tables.
    pub tables: Vec<DdlTable>,
}

/// One landing table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DdlTable {
    /// Name.
    pub name: Name,
    /// Name of the landed table, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Name>,
    /// What was changed in the landed table since it was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LandedChange>,
    /// Comment.
    pub description: String,
    /// Columns in order.
    pub columns: Vec<DdlColumn>,
    /// Key, for information or enforced, as the target can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<Name>,
}

/// One column of a landing table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DdlColumn {
    /// Name.
    pub name: Name,
    /// Type.
    pub data_type: DataType,
    /// Never null.
    pub required: bool,
    /// Comment.
    pub description: String,
}

/// Who is told when a pipeline's run fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// The pipeline.
    pub pipeline: Name,
    /// Slack channel, `#data-alerts`.
    pub slack: String,
    /// Environment variable that holds the webhook's URL.
    pub webhook_env: String,
}

/// Personal data in a column of a model, kept as `meta.pii` in its YAML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The model.
    pub model: Name,
    /// Its column.
    pub column: Name,
    /// Kind of personal data, `email`.
    pub pii: Name,
}
