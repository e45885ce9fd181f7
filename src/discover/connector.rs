//! What a kind of source must be able to do. One file a kind.

use std::collections::BTreeMap;

use super::sampling::Sampling;
use crate::contract::TableKind;
use crate::vocabulary::{DataType, Diagnostic, Outcome};

/// Reads a source, never writes to it. Several threads ask at once: what can do one thing at a time has a lock.
pub trait Connector: Send + Sync {
    /// How many questions are worth asking at once.
    fn lines(&self) -> usize {
        1
    }

    /// What the source is called in diagnostics: its path, never its credentials.
    fn place(&self) -> String;

    /// All tables and views, sorted by name. What can't be read is left out with a warning that names it.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn tables(&self, warnings: &mut Vec<Diagnostic>) -> Outcome<Vec<RawTable>>;

    /// Looks at the rows of a table that `sampling` asks for; the inner error says why this one table can't be read.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn sample(&self, table: &RawTable, sampling: &Sampling) -> Outcome<Result<Sample, String>>;

    /// All different values of a column that are text, at most `limit` of them; none where there are more.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn distinct(&self, table: &RawTable, column: &str, limit: usize) -> Outcome<Option<Vec<String>>>;

    /// In how many rows of the whole table `column` has no value, or one that another row has too; none where that can't
    /// be told.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn repeats(&self, table: &RawTable, column: &str) -> Outcome<Option<u64>>;

    /// How many values of `column` are not among those of `key`; none where that can't be told.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn orphans(&self, table: &RawTable, column: &str, other: &RawTable, key: &str) -> Outcome<Option<u64>>;
}

/// A table or view as the source declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawTable {
    /// The schema that it is in, where that is not the connection's own.
    pub schema: Option<String>,
    /// What the source calls it.
    pub name: String,
    /// What it could be called, where its name tells too much: that of files is a pattern.
    pub label: Option<String>,
    /// How its rows are read, where the source is no SQL server.
    pub reading: BTreeMap<String, String>,
    /// What the source says that it is.
    pub description: Option<String>,
    /// Table or view.
    pub kind: TableKind,
    /// In the source's order.
    pub columns: Vec<RawColumn>,
    /// Declared foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Rows, where the source itself tells or estimates their number.
    pub rows: Option<u64>,
    /// Size, where the source tells it.
    pub bytes: Option<u64>,
    /// Whether rows have a number of their own that a sample can be drawn by.
    pub numbered: bool,
}

impl RawTable {
    /// What tells it from the others of its source.
    pub fn key(&self) -> (Option<&str>, &str) {
        (self.schema.as_deref(), &self.name)
    }
}

/// A column as the source declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawColumn {
    /// What the source calls it.
    pub name: String,
    /// What the source says that it is.
    pub description: Option<String>,
    /// The declared type; empty where there is none.
    pub declared: String,
    /// What the declared type means; none where it says nothing.
    pub data_type: Option<DataType>,
    /// Declared or known never to be null.
    pub required: bool,
    /// Declared to hold no value twice.
    pub unique: bool,
    /// Position in the primary key, from 1.
    pub primary_key: Option<u32>,
    /// Why it is taken for a part of the primary key, where that is not declared.
    pub key_evidence: Option<String>,
    /// All values that its declared type has; empty where it has more than a list of them.
    pub accepted_values: Vec<String>,
}

/// A declared foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its own columns.
    pub columns: Vec<String>,
    /// The schema of the table that it points to, where that is not the connection's own.
    pub schema: Option<String>,
    /// The table that it points to.
    pub table: String,
    /// The columns there; none where they are that table's primary key.
    pub to: Option<Vec<String>>,
}

/// Rows that were looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Rows in the table.
    pub rows: u64,
    /// Whether the rows are the source's estimate.
    pub estimated: bool,
    /// Rows looked at.
    pub sample: u64,
    /// How they were chosen: `all`, `systematic`, `reservoir`, `stratified`, `first`.
    pub method: &'static str,
    /// What the choice was drawn from, where it was drawn.
    pub seed: Option<u64>,
    /// Size of the table, where the source tells it.
    pub bytes: Option<u64>,
    /// What was seen, by column.
    pub columns: Vec<super::profile::Seen>,
}

impl Sample {
    /// That of a table whose rows nobody looked at.
    pub fn none(table: &RawTable) -> Sample {
        Sample {
            rows: table.rows.unwrap_or_default(),
            estimated: table.rows.is_some(),
            bytes: table.bytes,
            method: NOT_LOOKED_AT,
            columns: vec![super::profile::Seen::new(); table.columns.len()],
            ..Sample::default()
        }
    }

    /// Whether anything is known of the rows.
    pub fn is_known(&self) -> bool {
        self.is_some() || self.estimated || self.bytes.is_some()
    }

    /// Whether rows were looked at.
    pub fn is_some(&self) -> bool {
        self.method != NOT_LOOKED_AT
    }
}

const NOT_LOOKED_AT: &str = "none";

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Text; long text may be cut.
    Text(&'a str),
    /// Bytes.
    Blob,
}
