//! Source contracts: what a source's table holds. A document of the Open Data Contract Standard 3.2 is read into, and
//! written from, a [`Contract`]; people own the document.

pub mod odcs;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{DataType, Name, TableRef};

pub use odcs::{read, write};

/// One table of a source, as its contract states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Name of the source in `pipewright.yml`.
    pub source: Name,
    /// Name that Pipewright calls the table by.
    pub table: Name,
    /// What the source itself calls it, in any characters.
    pub physical_name: String,
    /// Table or view.
    #[serde(default, rename = "table_kind")] // a proposal has its own `kind`
    pub kind: TableKind,
    /// What a row is, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Columns in the source's order; at least one.
    pub columns: Vec<Column>,
    /// The column that tells when a row last changed, for incremental loads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Name>,
    /// What was seen when the source was profiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<TableProfile>,
}

/// Table or view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableKind {
    /// Holds its rows.
    #[default]
    Table,
    /// Is a query of the source.
    View,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name that Pipewright calls the column by; the landed column has it.
    pub name: Name,
    /// What the source itself calls it, in any characters.
    pub physical_name: String,
    /// The source's own type, `DECIMAL(12,2)`.
    pub physical_type: String,
    /// The type that everything generated uses.
    pub data_type: DataType,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Never null.
    #[serde(default)]
    pub required: bool,
    /// No value twice.
    #[serde(default)]
    pub unique: bool,
    /// Position in the primary key, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<u32>,
    /// The column of a table of the same source that this one points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Reference>,
    /// All values that the column may have, sorted; empty where it may have any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_values: Vec<String>,
    /// Some values that it has, sorted: what requirements may name, and no rule for later rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Tags, such as `pii.email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Where a foreign key points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Table of the same source.
    pub table: Name,
    /// Its column.
    pub column: Name,
    /// Found from names and values rather than declared by the source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
}

/// What profiling saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableProfile {
    /// Rows in the table.
    pub rows: u64,
    /// Rows looked at.
    pub sample: u64,
    /// How they were chosen: `all`, `first`.
    pub method: String,
}

impl Contract {
    /// `shop.orders`.
    pub fn table_ref(&self) -> TableRef {
        TableRef { source: self.source.clone(), table: self.table.clone() }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == *name)
    }

    /// The primary key's columns in its order; empty where the table has none.
    pub fn key(&self) -> Vec<&Column> {
        let mut key: Vec<&Column> = self.columns.iter().filter(|c| c.primary_key.is_some()).collect();
        key.sort_by_key(|c| c.primary_key);
        key
    }
}

impl Column {
    /// The kind of personal data that a tag says it holds, `email` for `pii.email`.
    pub fn pii(&self) -> Option<&str> {
        self.tags.iter().find_map(|t| t.strip_prefix("pii."))
    }
}
