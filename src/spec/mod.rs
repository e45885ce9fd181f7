//! Pipeline specs: what a requirement became. People own them; everything else is generated from them.

pub mod check;

pub use check::check;

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
    /// Tests beyond those that follow from contracts and models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// Who is told when a run fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
    /// Acts that a person approved by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
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

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name; `stg_<source>__<table>` for a staging model.
    pub name: Name,
    /// What a row is, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it reads: a table of a source (then it is a staging model) or a model.
    pub from: Relation,
    /// Other models joined to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Join>,
    /// Conditions that rows must meet, all of them.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Only rows in this window count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// In a staging model: what is done to columns; others pass as they are. Elsewhere: the columns of the result, where
    /// the model does not group; all if empty.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub columns: IndexMap<Name, ColumnRule>,
    /// The grain of a model that aggregates; with `measures`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<Grouping>,
    /// What is computed for each group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// Where the algebra ends: the whole query in dbt SQL (`ref` and `source` only), instead of all of the above but
    /// `name`, `description` and `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// How dbt keeps it; views for staging, tables for marts if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub materialization: Option<Materialization>,
}

impl Model {
    /// The schema that it is built in.
    pub fn schema(&self) -> &'static str {
        match &self.from {
            Relation::Table(_) => "staging",
            Relation::Model(_) if self.name.as_str().starts_with("int_") => "intermediate",
            Relation::Model(_) => "marts",
        }
    }
}

/// A model joined to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The model that is joined.
    pub to: Name,
    /// `left` keeps rows without a match; `inner` drops them.
    #[serde(default)]
    pub kind: JoinKind,
    /// Pairs of columns that must be equal: ours, then theirs. At least one.
    pub on: IndexMap<Name, Name>,
}

/// Kind of join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoinKind {
    /// Rows without a match stay.
    #[default]
    Left,
    /// Rows without a match go.
    Inner,
}

/// What is done to a column, or what a column of the result is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// A cleaning rule, `phone_e164`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<Name>,
    /// Arguments of the cleaning rule.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub args: IndexMap<Name, String>,
    /// An expression instead of the column itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What it means; the contract's text if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One column of the grain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// Name of the result's column.
    pub name: Name,
    /// What is grouped by; the column of that name if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One aggregate: a name and exactly one of the functions, over an expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["count"]}, {"required": ["count_distinct"]}, {"required": ["sum"]}, {"required": ["avg"]},
    {"required": ["min"]}, {"required": ["max"]}, {"required": ["expr"]}
]))]
pub struct Measure {
    /// Name of the result's column.
    pub name: Name,
    /// Rows (`*`), or rows where the expression is not null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// Different values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_distinct: Option<String>,
    /// Sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg: Option<String>,
    /// Smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Any expression of aggregates, `sum(amount) / count(*)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a measure computes over its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Rows, or rows where the expression is not null.
    Count,
    /// Different values.
    CountDistinct,
    /// Sum.
    Sum,
    /// Mean.
    Avg,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// The expression aggregates by itself.
    Expr,
}

impl Measure {
    /// The measure `name`: `function` of `expr`.
    pub fn new(name: Name, function: Function, expr: impl Into<String>) -> Measure {
        let mut measure = Measure {
            name,
            count: None,
            count_distinct: None,
            sum: None,
            avg: None,
            min: None,
            max: None,
            expr: None,
            description: None,
        };
        let slot = match function {
            Function::Count => &mut measure.count,
            Function::CountDistinct => &mut measure.count_distinct,
            Function::Sum => &mut measure.sum,
            Function::Avg => &mut measure.avg,
            Function::Min => &mut measure.min,
            Function::Max => &mut measure.max,
            Function::Expr => &mut measure.expr,
        };
        *slot = Some(expr.into());
        measure
    }

    /// The function and its expression; none where the document names no function or several.
    pub fn function(&self) -> Option<(Function, &str)> {
        let slots = [
            (Function::Count, &self.count),
            (Function::CountDistinct, &self.count_distinct),
            (Function::Sum, &self.sum),
            (Function::Avg, &self.avg),
            (Function::Min, &self.min),
            (Function::Max, &self.max),
            (Function::Expr, &self.expr),
        ];
        let mut given = slots.iter().filter_map(|(f, e)| e.as_deref().map(|e| (*f, e)));
        given.next().filter(|_| given.next().is_none())
    }
}

/// How dbt keeps a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Materialization {
    /// A view.
    View,
    /// A table, built anew by each run.
    Table,
    /// A part of the queries that read it.
    Ephemeral,
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

/// Which words became which part of the spec. What proves them is found from the tests when a change is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The words as they stand in the requirement.
    pub words: String,
    /// Paths into this spec, `models.daily_sales.window`.
    pub became: Vec<String>,
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
