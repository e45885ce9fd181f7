//! The history of a model's rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ModelColumn;
use crate::vocabulary::{DataType, Name};

/// A dbt snapshot: a row for each state that a row of a model had, from when to when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Name; no model's.
    pub name: Name,
    /// The model whose rows are watched.
    pub of: Name,
    /// Pipelines that keep it, sorted.
    pub pipelines: Vec<Name>,
    /// What a row is, in a sentence.
    pub description: String,
    /// Columns that tell the model's rows apart.
    #[schemars(length(min = 1))]
    pub key: Vec<Name>,
    /// The column that says when a row last changed; without one all columns are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Name>,
    /// Whether a row that is gone from the model is closed; not where the model holds only a part of the rows.
    #[serde(default)]
    pub closes_deleted: bool,
    /// The model's columns; those that dbt adds are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ModelColumn>,
}

impl Snapshot {
    /// Schema that snapshots are kept in.
    pub const SCHEMA: &'static str = "snapshots";

    /// The columns that dbt adds, with what they mean and whether they are always there.
    pub fn added() -> [(&'static str, &'static str, DataType, bool); 4] {
        [
            ("dbt_scd_id", "Key of this state of the row.", DataType::Text, true),
            ("dbt_updated_at", "When this state was met.", DataType::Timestamp, true),
            ("dbt_valid_from", "From when on the row was in this state.", DataType::Timestamp, true),
            ("dbt_valid_to", "Until when it was; null while it still is.", DataType::Timestamp, false),
        ]
    }
}
