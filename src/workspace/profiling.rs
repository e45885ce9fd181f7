//! How the rows of sources are looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How rows are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every k-th row, from one drawn by the seed.
    #[default]
    Systematic,
    /// Each row with the same chance.
    Reservoir,
    /// Of each value of a column as many as its share, and at least one.
    Stratified,
    /// The first rows as the source gives them.
    First,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 4] = [Method::Systematic, Method::Reservoir, Method::Stratified, Method::First];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Systematic => "systematic",
            Method::Reservoir => "reservoir",
            Method::Stratified => "stratified",
            Method::First => "first",
        }
    }
}

/// How the rows of a source are looked at; what is not said is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profiling {
    /// Rows of a table to look at, at most: 100,000. A table of no more rows is looked at whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub size: Option<u64>,
    /// How they are chosen: `systematic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// What the choice is drawn from: 42.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The column whose values are the strata, as the source calls it; tables without it are looked at as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Rows of a table to choose from, at most: of a longer one only the first so many are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_rows: Option<u64>,
    /// Whether rows are looked at at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl Profiling {
    pub(super) fn is_default(&self) -> bool {
        *self == Profiling::default()
    }

    /// What `self` says, and where it says nothing, what `other` does.
    #[must_use]
    pub fn or(&self, other: &Profiling) -> Profiling {
        Profiling {
            size: self.size.or(other.size),
            method: self.method.or(other.method),
            seed: self.seed.or(other.seed),
            by: self.by.clone().or_else(|| other.by.clone()),
            max_rows: self.max_rows.or(other.max_rows),
            enabled: self.enabled.or(other.enabled),
        }
    }
}
