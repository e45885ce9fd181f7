//! Checks, before the contracts decide which column is meant.

use std::ops::Range;

use crate::spec::TestSeverity;

use super::piece::{Filter, Formula, Noun};
use super::roles::Cleanable;

/// A check that becomes a test, or several.
#[derive(Clone, Debug)]
pub struct Check<'a> {
    /// What is checked: columns, or one table; none where only a column of the result can be meant.
    pub of: Vec<Noun<'a>>,
    /// The words for it.
    pub said: Range<usize>,
    /// The table that it is in, where it is named.
    pub within: Option<Noun<'a>>,
    /// The table that this check and those after it are about: `Check customers: …`.
    pub scope: Option<Noun<'a>>,
    /// What must hold.
    pub rule: Rule<'a>,
    /// It is said by what must not be: `never negative`.
    pub negated: bool,
    /// Only for these rows.
    pub only: Option<Filter<'a>>,
    /// What a failure does.
    pub severity: TestSeverity,
}

/// What must hold.
#[derive(Clone, Debug)]
pub enum Rule<'a> {
    /// There is a value, and it is no empty text.
    There,
    /// There is no value.
    Gone,
    /// At most so many percent are missing.
    MostlyThere(String),
    /// No value twice; no combination twice where several columns, or more of them in `per`, are named together.
    Unique {
        /// The columns are one key.
        together: bool,
        /// Within each of these.
        per: Vec<Noun<'a>>,
    },
    /// Points to a row that is there.
    Belongs(Noun<'a>),
    /// At least one row points to it.
    Has(Noun<'a>),
    /// One of these, or none of them.
    Values {
        /// The values.
        values: Vec<String>,
        /// None of them.
        not: bool,
    },
    /// Numbers or days within bounds: operator and literal.
    Bounds(Vec<(&'static str, String)>),
    /// Compared with other columns of the row.
    Compare(&'static str, Formula<'a>),
    /// In the form of its kind; that of the column if none is named.
    Valid(Option<Form>),
    /// So many characters.
    Length(Vec<(&'static str, u64)>),
    /// A regular expression.
    Pattern(String),
    /// Before, or after, the moment that the run answers for.
    Before(bool),
    /// The newest row is at most so many hours old.
    Fresh(u32),
    /// So many rows.
    Rows(Vec<(&'static str, u64)>),
    /// As many rows as the contract's profile saw, within so many percent.
    RowsNear {
        /// Percent.
        percent: u32,
        /// More rows are fine.
        down: bool,
    },
    /// The sum over the rows that belong to it.
    SumOf {
        /// The table of the rows, or a column of it.
        parts: Noun<'a>,
        /// What is summed, where it is said.
        amount: Option<Formula<'a>>,
    },
}

/// Forms that text can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What a cleaning rule is there for.
    Of(Cleanable),
    /// Web addresses.
    Url,
    /// Anything that a pattern says.
    Pattern(&'static str),
}

/// The operator that holds where `op` doesn't.
pub fn opposite(op: &str) -> &'static str {
    match op {
        ">" => "<=",
        ">=" => "<",
        "<" => ">=",
        "<=" => ">",
        "=" => "<>",
        _ => "=",
    }
}
