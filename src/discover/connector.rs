//! What a kind of source must be able to do. One file a kind.

use super::sampling::Sampling;
use crate::contract::TableKind;
use crate::vocabulary::{DataType, Diagnostic, Outcome};

/// Reads a source, never writes to it.
pub trait Connector {
    /// What the source is called in diagnostics: its path, never its credentials.
    fn place(&self) -> String;

    /// All tables and views, sorted by name. What can't be read is left out with a warning that names it.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn tables(&mut self, warnings: &mut Vec<Diagnostic>) -> Outcome<Vec<RawTable>>;

    /// Looks at the rows of a table that `sampling` asks for; the inner error says why this one table can't be read.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn sample(&mut self, table: &RawTable, sampling: &Sampling) -> Outcome<Result<Sample, String>>;

    /// All different values of a column that are text, at most `limit` of them; none where there are more.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn distinct(&mut self, table: &RawTable, column: &str, limit: usize) -> Outcome<Option<Vec<String>>>;

    /// How many values of `column` are not among those of `key`; none where that can't be told.
    ///
    /// # Errors
    /// The source as a whole can't be read.
    fn orphans(&mut self, table: &str, column: &str, other: &str, key: &str) -> Outcome<Option<u64>>;
}

/// A table or view as the source declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTable {
    /// What the source calls it.
    pub name: String,
    /// Table or view.
    pub kind: TableKind,
    /// In the source's order.
    pub columns: Vec<RawColumn>,
    /// Declared foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Whether rows have a number of their own that a sample can be drawn by.
    pub numbered: bool,
}

/// A column as the source declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawColumn {
    /// What the source calls it.
    pub name: String,
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
}

/// A declared foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its own columns.
    pub columns: Vec<String>,
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
