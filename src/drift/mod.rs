//! Drift: contracts as people have them, as the source was found last, and as it is found now, become [`Change`]s, each
//! with its class, its evidence, and what it does to models, tests, DAGs and exposures. Pure; `verbs/drift.rs` reads
//! the source and writes the branch.

mod changes;
mod columns;
pub mod fix;

mod impact;
mod joint;
mod lineage;
mod names;
mod rename;
mod split;
mod stats;
mod tables;
#[cfg(test)]
mod tests;

mod types;
mod values;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{Name, TableRef};

pub use changes::{Compared, changes};
pub use impact::{Effect, Effects, Impact, impact};
pub use lineage::{ModelText, Project, reads};

/// One change of a source against its contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What a question about it is answered by: `shop.orders.total_amount`. The same for the same change.
    pub key: String,
    /// What kind of change it is.
    pub class: Class,
    /// The table, as its contract calls it.
    pub table: TableRef,
    /// The column, as its contract calls it; the whole table if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<Name>,
    /// What the contract says: a type, a name of the source, a count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What the source holds now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// How sure a rename, split or merge is, or how far values moved, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// What speaks for it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What a table or column that is gone may have become, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// What something that is gone may have become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// What would have happened.
    pub class: Class,
    /// Names that the source gives it now.
    pub names: Vec<String>,
    /// How sure that is, in percent.
    pub score: u8,
    /// What speaks for it and against it.
    pub evidence: Vec<String>,
}

/// Kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The source has a table without a contract.
    TableAdded,
    /// The source has the table no longer.
    TableRemoved,
    /// The source calls the table otherwise.
    TableRenamed,
    /// The table has a column that the contract does not have.
    ColumnAdded,
    /// The table has the column no longer.
    ColumnRemoved,
    /// The source calls the column otherwise.
    ColumnRenamed,
    /// Several columns took the place of one.
    ColumnSplit,
    /// One column took the place of several.
    ColumnMerged,
    /// The type holds more.
    TypeWidened,
    /// The type holds less.
    TypeNarrowed,
    /// The type is of another kind.
    TypeChanged,
    /// The column may be null now, or may not any more.
    Nullability,
    /// The primary key is another.
    PrimaryKey,
    /// Values may repeat now, or may not any more.
    Unique,
    /// The column points elsewhere.
    ForeignKey,
    /// The list of values is another.
    AcceptedValues,
    /// Values are distributed otherwise.
    Distribution,
    /// There are many more rows, or many fewer.
    Volume,
    /// No new rows, while other tables have them.
    Freshness,
}

impl Class {
    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Class::TableAdded => "table added",
            Class::TableRemoved => "table removed",
            Class::TableRenamed => "table renamed",
            Class::ColumnAdded => "column added",
            Class::ColumnRemoved => "column removed",
            Class::ColumnRenamed => "column renamed",
            Class::ColumnSplit => "column split",
            Class::ColumnMerged => "columns merged",
            Class::TypeWidened => "type widened",
            Class::TypeNarrowed => "type narrowed",
            Class::TypeChanged => "type changed in kind",
            Class::Nullability => "nullability",
            Class::PrimaryKey => "primary key",
            Class::Unique => "unique",
            Class::ForeignKey => "foreign key",
            Class::AcceptedValues => "accepted values",
            Class::Distribution => "distribution",
            Class::Volume => "volume",
            Class::Freshness => "freshness",
        }
    }

    /// Whether what is there no longer can be read under its name.
    pub fn takes_away(self) -> bool {
        matches!(
            self,
            Class::TableRemoved
                | Class::TableRenamed
                | Class::ColumnRemoved
                | Class::ColumnRenamed
                | Class::ColumnSplit
                | Class::ColumnMerged
        )
    }

    /// Whether the names and types stay, and only values moved.
    pub fn is_of_values(self) -> bool {
        matches!(self, Class::Distribution | Class::Volume | Class::Freshness)
    }
}

impl Change {
    /// A change of a table.
    fn of_table(class: Class, table: &TableRef) -> Change {
        Change {
            key: table.to_string(),
            class,
            table: table.clone(),
            column: None,
            was: None,
            now: None,
            score: None,
            evidence: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// A change of a column.
    fn of_column(class: Class, table: &TableRef, column: &Name) -> Change {
        let change = Change::of_table(class, table);
        Change { key: format!("{table}.{column}"), column: Some(column.clone()), ..change }
    }

    fn from(mut self, was: impl ToString) -> Change {
        self.was = Some(was.to_string());
        self
    }

    fn to(mut self, now: impl ToString) -> Change {
        self.now = Some(now.to_string());
        self
    }

    fn since(mut self, evidence: impl Into<String>) -> Change {
        self.evidence.push(evidence.into());
        self
    }

    /// The table or column, `orders.total_amount`.
    pub fn subject(&self) -> String {
        match &self.column {
            Some(column) => format!("{}.{column}", self.table.table),
            None => self.table.table.to_string(),
        }
    }

    /// The change in a sentence.
    pub fn said(&self) -> String {
        let subject = self.subject();
        let (was, now) = (self.was.as_deref().unwrap_or_default(), self.now.as_deref().unwrap_or_default());
        match self.class {
            Class::TableAdded => format!("table {subject} is new"),
            Class::TableRemoved => format!("table {subject} is gone"),
            Class::ColumnAdded => format!("{subject} is new ({now})"),
            Class::ColumnRemoved => format!("{subject} is gone"),
            Class::TableRenamed | Class::ColumnRenamed => format!("{subject} is called {now} now"),
            Class::ColumnSplit => format!("{subject} is split into {now}"),
            Class::ColumnMerged => format!("{subject} is merged into {now}"),
            Class::Nullability => format!("{subject} was {was}, is {now}"),
            Class::PrimaryKey => format!("the key of {subject} was ({was}), is ({now})"),
            Class::Unique => format!("{subject} was {was}, is {now}"),
            Class::ForeignKey => {
                // Of several columns, they stand in the key.
                let several = self.key.split_once(" (").filter(|_| self.column.is_none());
                let columns = several.map_or(String::new(), |(_, columns)| format!(" ({columns}"));
                format!("{subject}{columns} pointed to {was}, points to {now}")
            }
            Class::AcceptedValues => format!("{subject} has other values: {now}"),
            Class::Distribution => format!("values of {subject} moved: {now}"),
            Class::Volume => format!("{subject} had {was} rows, has {now}"),
            Class::Freshness => format!("{subject} is late: {now}"),
            Class::TypeWidened | Class::TypeNarrowed | Class::TypeChanged => {
                format!("{subject} was {was}, is {now}")
            }
        }
    }
}
