//! Which rows of a table are looked at. The same table and seed give the same rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows that are looked at, where nothing else is said.
pub const SIZE: u64 = 100_000;
/// The seed, where none is said.
pub const SEED: u64 = 42;

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
    /// The first rows as the source gives them, where nothing else can be done.
    First,
}

impl Method {
    /// Its word in a contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Systematic => "systematic",
            Method::Reservoir => "reservoir",
            Method::Stratified => "stratified",
            Method::First => "first",
        }
    }
}

/// What of a table is to be looked at. A table of at most `size` rows is looked at whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// How rows are chosen.
    pub method: Method,
    /// Rows to look at, at most.
    pub size: u64,
    /// What the choice is drawn from.
    pub seed: u64,
    /// The column whose values are the strata, as the source calls it.
    pub by: Option<String>,
    /// Rows to read while choosing, at most; of a longer table only so many are chosen from.
    pub max_rows: Option<u64>,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { method: Method::default(), size: SIZE, seed: SEED, by: None, max_rows: None }
    }
}
