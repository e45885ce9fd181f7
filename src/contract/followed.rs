//! How a contract followed its source: what was decided, and what that means for the landed table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{DataType, Name};

/// How a contract followed its source since it was first written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Followed {
    /// The source has the table no longer; what was landed stays. `status: retired` in the document.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// How the landed table came to be as it is.
    #[serde(skip_serializing_if = "Landing::is_first")]
    pub landing: Landing,
    /// What was decided about changes of the source, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// The landed table: it is only ever added to. Where a column would have to change its kind, a new table is landed
/// beside the old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Landing {
    /// Which table it is: from 2 on its name ends in `_v2`.
    #[schemars(range(min = 1))]
    pub version: u32,
    /// What was changed in it since it was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LandedChange>,
}

/// One change of a landed table, as an `ALTER` that takes nothing away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LandedChange {
    /// The landed column.
    pub column: Name,
    /// What is done to it.
    pub change: Alteration,
    /// Its type.
    #[serde(rename = "type")]
    pub data_type: DataType,
}

/// What is done to a landed column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// It is added.
    Added,
    /// Its type holds more.
    Widened,
    /// It may be null.
    Nullable,
    /// The source has it no longer: it stays with what it holds, and may be null.
    Gone,
    /// The same, and an expression stands in its place: rows that were landed before keep what it holds.
    Replaced,
}

/// What was decided about a change of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The change: `orders.total_amount is amount_total now`.
    pub about: String,
    /// What was decided: `taken`, or the answer to a question.
    pub decided: String,
    /// The evidence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

impl Followed {
    /// Whether the contract stands as it was first written.
    pub fn is_default(&self) -> bool {
        *self == Followed::default()
    }
}

impl Default for Landing {
    fn default() -> Landing {
        Landing { version: 1, changes: Vec::new() }
    }
}

impl Alteration {
    /// Whether the source has the column no longer.
    pub fn is_gone(self) -> bool {
        matches!(self, Alteration::Gone | Alteration::Replaced)
    }
}

impl Landing {
    /// Whether nothing has changed since the table was made.
    pub fn is_first(&self) -> bool {
        *self == Landing::default()
    }

    /// The name of the landed table of `table`.
    pub fn name(&self, table: &Name) -> Name {
        if self.version < 2 {
            return table.clone();
        }
        // Two underscores in a row are one to dlt.
        let text = format!("{table}_v{}", self.version);
        Name::parse(&text).unwrap_or_else(|_| Name::from_text(&text, "table"))
    }

    /// Notes a change; an earlier one of the same column gives way where it says less.
    pub fn note(&mut self, column: &Name, change: Alteration, data_type: DataType) {
        let before = self.changes.iter().position(|c| c.column == *column && c.change == change);
        let new = LandedChange { column: column.clone(), change, data_type };
        match before {
            Some(at) => self.changes[at] = new,
            None => self.changes.push(new),
        }
    }

    /// A new table beside the old one.
    pub fn begin_again(&mut self) {
        *self = Landing { version: self.version.max(1) + 1, changes: Vec::new() };
    }
}
