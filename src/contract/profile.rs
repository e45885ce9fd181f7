//! What profiling saw of a table: numbers of a sample, never a value of personal data. `docs/profile.md` says how each is
//! measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableProfile {
    /// Rows in the table.
    pub rows: u64,
    /// Whether the rows are the source's estimate rather than counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// Rows looked at.
    pub sample: u64,
    /// How they were chosen: `all`, `systematic`, `reservoir`, `stratified`, `first`; `none` where no row was looked at.
    pub method: String,
    /// What the choice was drawn from, where it was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Size of the table, where the source tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What was seen of a column. Counts are those of the sample; numbers and times are canonical text. Of a column of
/// personal data, nothing that repeats a value is kept: no `min`, `max`, `quantiles`, `top` or `patterns`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnProfile {
    /// Rows without a value.
    pub nulls: u64,
    /// Different values; an estimate where they are too many to be held.
    pub distinct: u64,
    /// Least value of a column of numbers or times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Greatest value of a column of numbers or times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Values below which 5, 25, 50, 75 and 95 % of the values lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<String>,
    /// Numbers far outside of the middle half (interquartile rule).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outliers: u64,
    /// The values that are found most, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Counted>,
    /// The forms of texts that are found most, most first: letters as `a` and `A`, digits as `9`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Counted>,
    /// Lengths of texts, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Lengths>,
}

/// A value or pattern, and in how many rows it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The value or pattern.
    pub value: String,
    /// Rows of the sample.
    pub count: u64,
}

/// Shortest and longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// Shortest.
    pub min: u32,
    /// Longest.
    pub max: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl ColumnProfile {
    /// Without anything that repeats a value: what may be kept of personal data.
    #[must_use]
    pub fn without_values(&self) -> ColumnProfile {
        ColumnProfile { nulls: self.nulls, distinct: self.distinct, lengths: self.lengths, ..ColumnProfile::default() }
    }
}
