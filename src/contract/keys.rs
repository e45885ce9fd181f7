//! What points to what: foreign keys of one column, and of several.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Column, Contract};
use crate::vocabulary::Name;

/// Where a foreign key of one column points to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Table of the same source.
    pub table: Name,
    /// Its column.
    pub column: Name,
    /// Found from names and values rather than declared by the source or confirmed by people.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
    /// What it was found from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl Reference {
    /// One that the source declares.
    pub fn to(table: Name, column: Name) -> Reference {
        Reference { table, column, inferred: false, evidence: None }
    }

    /// Whether both point to the same column.
    pub fn agrees(&self, other: &Reference) -> bool {
        (&self.table, &self.column) == (&other.table, &other.column)
    }
}

/// A foreign key of several columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// Its own columns, at least two.
    pub columns: Vec<Name>,
    /// Table of the same source that it points to.
    pub table: Name,
    /// The columns there, as many, in the same order.
    pub to: Vec<Name>,
}

impl ForeignKey {
    /// Its own columns with those that they point to.
    pub fn pairs(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.columns.iter().zip(&self.to)
    }

    /// What is wrong with it by itself, if anything is.
    pub fn fault(&self) -> Option<String> {
        let twice = |all: &[Name]| all.iter().enumerate().any(|(i, name)| all[..i].contains(name));
        match () {
            () if self.columns.len() != self.to.len() => {
                let (own, there) = (self.columns.len(), self.to.len());
                Some(format!("a foreign key of {own} columns points to {there} of `{}`", self.table))
            }
            () if self.columns.len() < 2 => Some("a foreign key of one column stands at its column".to_owned()),
            () if twice(&self.columns) || twice(&self.to) => {
                Some(format!("a column stands twice in the foreign key to `{}`", self.table))
            }
            () => None,
        }
    }
}

impl Contract {
    /// The tables of its source that it points to.
    pub fn parents(&self) -> impl Iterator<Item = &Name> {
        let single = self.columns.iter().filter_map(|c| c.references.as_ref()).map(|r| &r.table);
        single.chain(self.foreign_keys.iter().map(|key| &key.table))
    }

    /// Whether the column points to another, alone or together with others.
    pub fn points(&self, column: &Column) -> bool {
        column.references.is_some() || self.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
    }
}
