//! Source contracts: what a source's table holds. A document of the Open Data Contract Standard 3.2 is read into, and
//! written from, a [`Contract`]; people own the document.

mod followed;
mod keys;
pub mod odcs;
mod profile;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{DataType, Name, TableRef};

pub use followed::{Alteration, Decision, Followed, LandedChange, Landing};
pub use keys::{ForeignKey, Reference};
pub use odcs::{put_aside, put_back, read, write};
pub use profile::{ColumnProfile, Counted, CursorCandidate, Evidence, Lengths, TableProfile};

/// One table of a source, as its contract states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Name of the source in `pipewright.yml`.
    pub source: Name,
    /// Name that Pipewright calls the table by.
    pub table: Name,
    /// The source's schema that it is in, where that is not the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_schema: Option<String>,
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
    /// Foreign keys of several columns, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// The column that tells when a row last changed, for incremental loads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Name>,
    /// What was seen when the source was profiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<TableProfile>,
    /// How its rows are read, where the source is no SQL server: the form of files, the paging of an API. It is what was
    /// seen when the table was discovered, so that what comes later is read the same way.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reading: BTreeMap<String, String>,
    /// How it followed its source.
    #[serde(default, skip_serializing_if = "Followed::is_default")]
    pub followed: Followed,
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
    /// Why it is taken for a part of the primary key, where the source declares none and nobody confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_evidence: Option<String>,
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
    /// How sure the tag of personal data is, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pii_confidence: Option<u8>,
    /// What was seen of its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ColumnProfile>,
}

impl Contract {
    /// `shop.orders`.
    pub fn table_ref(&self) -> TableRef {
        TableRef { source: self.source.clone(), table: self.table.clone() }
    }

    /// What tells the table from the others of its source: the source's own schema and name.
    pub fn physical(&self) -> (Option<&str>, &str) {
        (self.physical_schema.as_deref(), &self.physical_name)
    }

    /// What the source calls the table, with its schema where it has one.
    pub fn called(&self) -> String {
        match &self.physical_schema {
            Some(schema) => format!("{schema}.{}", self.physical_name),
            None => self.physical_name.clone(),
        }
    }

    /// The name of the landed table.
    pub fn landed(&self) -> Name {
        self.followed.landing.name(&self.table)
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == *name)
    }

    /// What models may read of the landed table: its columns, and those that an expression replaces.
    pub fn landed_columns(&self) -> impl Iterator<Item = (&Name, DataType)> {
        self.columns.iter().map(|c| (&c.name, c.data_type)).chain(self.replaced().map(|c| (&c.column, c.data_type)))
    }

    /// Landed columns that the source has no longer, and that rows which were landed before keep.
    pub fn replaced(&self) -> impl Iterator<Item = &LandedChange> {
        let gone = self.followed.landing.changes.iter().filter(|c| c.change == Alteration::Replaced);
        gone.filter(|c| self.column(c.column.as_str()).is_none())
    }

    /// The primary key's columns in its order; empty where the table has none.
    pub fn key(&self) -> Vec<&Column> {
        let mut key: Vec<&Column> = self.columns.iter().filter(|c| c.primary_key.is_some()).collect();
        key.sort_by_key(|c| c.primary_key);
        key
    }
}

impl Column {
    /// A column of that name and type, of which nothing else is known; the source calls both so too.
    pub fn new(name: Name, data_type: DataType) -> Column {
        Column {
            physical_name: name.to_string(),
            physical_type: data_type.to_string(),
            name,
            data_type,
            description: None,
            required: false,
            unique: false,
            primary_key: None,
            key_evidence: None,
            references: None,
            accepted_values: Vec::new(),
            examples: Vec::new(),
            tags: Vec::new(),
            pii_confidence: None,
            profile: None,
        }
    }

    /// Takes over what `other` is in the primary key, and what follows from that.
    pub fn take_key(&mut self, other: &Column) {
        self.primary_key = other.primary_key;
        self.key_evidence.clone_from(&other.key_evidence);
        (self.required, self.unique) = (other.required, other.unique);
    }

    /// The kind of personal data that a tag says it holds, `email` for `pii.email`.
    pub fn pii(&self) -> Option<&str> {
        self.tags.iter().find_map(|t| t.strip_prefix("pii."))
    }
}
