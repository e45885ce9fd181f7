//! The loading of a source's tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::LandedChange;
use crate::spec::Mode;
use crate::vocabulary::{DataType, Name, Window};
use crate::workspace::Environments;

/// The dlt script of one pipeline and one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ingestion {
    /// The pipeline it belongs to.
    pub pipeline: Name,
    /// The source that is read.
    pub source: Name,
    /// Where the source is.
    pub from: Environments,
    /// Where it lands.
    pub to: Environments,
    /// Schema of the landed tables.
    pub schema: Name,
    /// What is landed.
    pub tables: Vec<IngestTable>,
}

/// One table that a script lands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestTable {
    /// Name of the table.
    pub name: Name,
    /// Name of the landed table, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Name>,
    /// The source's schema that it is in, where that is not the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_schema: Option<String>,
    /// What the source calls it.
    pub physical_name: String,
    /// How rows arrive.
    pub mode: Mode,
    /// How the rows are read, where the source is no SQL server: as in the contract.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reading: BTreeMap<String, String>,
    /// Columns that tell rows apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<Name>,
    /// Column that tells what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Name>,
    /// Only rows in this window are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Columns in order.
    pub columns: Vec<IngestColumn>,
    /// What was changed in the landed table since it was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LandedChange>,
}

/// One landed column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestColumn {
    /// Name of the landed column.
    pub name: Name,
    /// What the source calls it.
    pub physical_name: String,
    /// Type.
    pub data_type: DataType,
    /// Never null.
    pub required: bool,
}
