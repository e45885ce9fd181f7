//! Models: the algebra of a pipeline spec.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Measure, Windowed};
use crate::vocabulary::{Name, Relation, Unit, Window};

/// One model. Its steps follow each other: `from` and `joins`; `window` and `where`; `dedupe`; `group_by` with
/// `measures`, or `columns`; `fill`; `having`; `windowed`; `top`.
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
    /// In a staging model: rows that do not go on, each with its reason. They are kept in `<name>__set_aside`, with all of
    /// their reasons in `set_aside_reason`; whoever reads this model does not see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAside>,
    /// One row for each key, before anything is grouped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<Dedupe>,
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
    /// Periods without rows become rows: counts and sums zero, the rest null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// Conditions on the rows of the result, all of them; columns of the result by name. Those that name a windowed measure
    /// are looked at after it, the others before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub having: Vec<String>,
    /// Computed for each row of the result from the rows around it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windowed: Vec<Windowed>,
    /// Only the first rows of the result, overall or of each group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Top>,
    /// Where the algebra ends: the whole query in dbt SQL (`ref` and `source` only), instead of all of the above but
    /// `name`, `description`, `from`, and in `columns` what each column means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// How dbt keeps it; views for staging, tables for marts if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub materialization: Option<Materialization>,
    /// Roles of the warehouse that may read it, by grant where the target has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<Name>,
}

impl Model {
    /// A model that passes on what it reads.
    pub fn new(name: Name, from: Relation) -> Model {
        Model {
            name,
            description: None,
            from,
            joins: Vec::new(),
            filters: Vec::new(),
            window: None,
            set_aside: Vec::new(),
            dedupe: None,
            columns: IndexMap::new(),
            group_by: Vec::new(),
            measures: Vec::new(),
            fill: None,
            having: Vec::new(),
            windowed: Vec::new(),
            top: None,
            sql: None,
            materialization: None,
            readers: Vec::new(),
        }
    }

    /// The schema that it is built in.
    pub fn schema(&self) -> &'static str {
        match &self.from {
            Relation::Table(_) => "staging",
            Relation::Model(_) if self.name.as_str().starts_with("int_") => "intermediate",
            Relation::Model(_) => "marts",
        }
    }
}

/// Rows that are kept apart from those that go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAside {
    /// A condition over the columns of the staging model, cleaned. Rows for which it is not known are not set aside.
    #[serde(rename = "where")]
    pub filter: String,
    /// Why such a row is set aside, in words.
    pub reason: String,
}

/// A model joined to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The model that is joined.
    pub to: Name,
    /// What its rows are called here, where a model is read twice: `billing_address`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub alias: Option<Name>,
    /// `left` keeps rows without a match; `inner` drops them.
    #[serde(default)]
    pub kind: JoinKind,
    /// Pairs of columns that must be equal: ours, then theirs. At least one.
    pub on: IndexMap<Name, Name>,
    /// Conditions on the rows of `to`, all of them: only those rows are there to be matched.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Only rows of `to` in this window are there to be matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

impl Join {
    /// A join of all rows of a model.
    pub fn new(to: Name, kind: JoinKind, on: IndexMap<Name, Name>) -> Join {
        Join { to, alias: None, kind, on, filters: Vec::new(), window: None }
    }
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
    /// Rows without a match go, the others stay once each; columns of the joined model can't be named.
    Semi,
    /// Rows with a match go; columns of the joined model can't be named.
    Anti,
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
    /// A rule that hides the value, `email`, `phone`, `name`, `year`: what is left of it is no personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Name>,
    /// An expression instead of the column itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What it means; the contract's text if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl ColumnRule {
    /// Whether it says only what the column means.
    pub fn is_description(&self) -> bool {
        ColumnRule { description: None, ..self.clone() } == ColumnRule::default()
    }
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

/// One row for each key: the first in an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dedupe {
    /// Expressions that are equal for rows that are the same thing. Rows where one of them is null are all kept. `*` alone:
    /// rows that are alike in everything.
    #[schemars(length(min = 1))]
    pub by: Vec<String>,
    /// The first row in this order stays, in the end by the key of the rows, so that it is always the same one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Order>,
}

impl Dedupe {
    /// Whether rows are one only where they are alike in everything.
    pub fn whole(&self) -> bool {
        self.by == ["*"]
    }
}

/// One column of an order. Nulls come last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What is ordered by.
    pub by: String,
    /// Smallest or largest first.
    #[serde(default, skip_serializing_if = "Direction::is_ascending")]
    pub direction: Direction,
}

/// Direction of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Direction {
    /// Smallest first.
    #[default]
    #[serde(rename = "asc")]
    Ascending,
    /// Largest first.
    #[serde(rename = "desc")]
    Descending,
}

impl Direction {
    /// Whether the smallest comes first.
    pub fn is_ascending(&self) -> bool {
        *self == Direction::Ascending
    }
}

/// A row for each period, also for those in which nothing happened, from the first to the last that is there, or that are
/// said, for each combination of the other groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// The column of the result that holds the first day of the period.
    pub over: Name,
    /// The period.
    pub every: Unit,
    /// A day or moment of the first period, `dateadd('day', -14, as_of())`; the first that is there if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A day or moment of the last period; the last that is there if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The first rows of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Top {
    /// How many.
    #[schemars(range(min = 1))]
    pub rows: u32,
    /// In which order; it ends with the grain, so that it is always the same ones.
    #[schemars(length(min = 1))]
    pub by: Vec<Order>,
    /// Columns of the result: so many for each of their values, rather than overall.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per: Vec<Name>,
}
