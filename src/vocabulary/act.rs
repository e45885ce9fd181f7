//! What needs a named approval.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An act that can lose or expose data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Dropping a relation or a column.
    Drop,
    /// Giving a column a type that holds less.
    Narrow,
    /// Showing personal data that was masked.
    Unmask,
}
