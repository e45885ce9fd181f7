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
    /// A first load, or a load again, of more rows than `policies.backfill_rows`.
    Backfill,
    /// Anything that runs in production once it is merged.
    Production,
}

impl Act {
    /// The act in lower case, as it is written in a spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::Drop => "drop",
            Act::Narrow => "narrow",
            Act::Unmask => "unmask",
            Act::Backfill => "backfill",
            Act::Production => "production",
        }
    }
}
