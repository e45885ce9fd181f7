//! What is done to rows and columns: kept, cleaned, spread, hidden.

use std::ops::Range;

use crate::requirement::check::{Check, opposite};
use crate::requirement::roles::Cleanable;
use crate::vocabulary::Unit;

use super::{Elapsed, Noun, Piece, Value};

/// A column that is computed from others of its row.
#[derive(Clone, Debug)]
pub enum RowColumn<'a> {
    /// First and last name, of the rows of a table.
    FullName(Option<Noun<'a>>),
    /// Their first letters.
    Initials(Option<Noun<'a>>),
    /// Whole years since birth.
    Age(Option<Noun<'a>>),
    /// What stands after the `@`.
    Domain(Noun<'a>),
    /// Year, month or hour of a column, or of the time that rows happened, as a number.
    Part(Unit, Option<Noun<'a>>),
    /// Words for ranges of a number.
    Buckets {
        /// The rows, or the column.
        noun: Noun<'a>,
        /// The column.
        by: Option<Noun<'a>>,
        /// Each word with the operator and the number that it ends with; the last may be all the rest.
        list: Vec<(String, Option<(&'static str, String)>)>,
    },
}

impl<'a> RowColumn<'a> {
    /// The nouns in it.
    pub fn nouns(&self) -> Vec<&Noun<'a>> {
        match self {
            RowColumn::FullName(noun) | RowColumn::Initials(noun) | RowColumn::Age(noun) | RowColumn::Part(_, noun) => {
                noun.iter().collect()
            }
            RowColumn::Domain(noun) => vec![noun],
            RowColumn::Buckets { noun, by, .. } => std::iter::once(noun).chain(by).collect(),
        }
    }
}

/// Rows that stay or go.
#[derive(Clone, Debug)]
pub enum Filter<'a> {
    /// By values.
    Values {
        /// Rows with them go.
        negative: bool,
        /// The values.
        values: Vec<Value<'a>>,
        /// The table or column that is said beside them.
        noun: Option<Noun<'a>>,
    },
    /// By comparing a column, or what rows of a table are worth, with a number or a day.
    Compare {
        /// What is compared.
        noun: Noun<'a>,
        /// The operator.
        op: &'static str,
        /// The right side, as SQL writes it.
        literal: String,
    },
    /// By rows of another table that belong to them.
    Others(Others<'a>),
    /// By how long rows last.
    Lasting {
        /// From one column to another.
        elapsed: Elapsed<'a>,
        /// The operator.
        op: &'static str,
        /// The right side, a number.
        literal: String,
    },
    /// By whether there is a value.
    Missing {
        /// The column.
        noun: Noun<'a>,
        /// Rows without stay.
        missing: bool,
    },
}

/// Rows of another table that belong to a row.
#[derive(Clone, Debug)]
pub struct Others<'a> {
    /// How many there are of them.
    pub many: Many,
    /// What they are.
    pub noun: Noun<'a>,
    /// Which of them count: filters and windows.
    pub which: Vec<Piece<'a>>,
    /// What their number is compared with, where it is that of others: `more orders than payments`.
    pub than: Option<Box<Noun<'a>>>,
}

/// How many rows of another table belong to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// None.
    None,
    /// One or more.
    Some,
    /// So many, by an operator.
    Count(&'static str, u32),
}

impl Many {
    /// What holds for the rows that it does not hold for.
    pub fn otherwise(self) -> Many {
        match self {
            Many::None => Many::Some,
            Many::Some => Many::None,
            Many::Count(op, n) => Many::Count(opposite(op), n),
        }
    }

    /// Whether it can hold for a row without any.
    pub fn allows_none(self) -> bool {
        match self {
            Many::None => true,
            Many::Some => false,
            Many::Count(op, n) => match op {
                "=" => n == 0,
                "<>" => n != 0,
                ">" => false,
                ">=" => n == 0,
                "<" => n > 0,
                _ => true,
            },
        }
    }
}

/// What is to be cleaned.
#[derive(Clone, Debug)]
pub struct Clean<'a> {
    /// Columns.
    pub what: Vec<Cleaned<'a>>,
    /// The rules that are asked for by name, `clean` for that of the column.
    pub rules: Vec<String>,
    /// What stands for a missing value.
    pub value: Option<String>,
    /// `, and the e-mails` may follow.
    pub goes_on: bool,
    /// It stands among the columns of a result: `with the e-mail in lower case`.
    pub listed: bool,
}

/// A column that is to be cleaned, or several.
#[derive(Clone, Debug, Default)]
pub struct Cleaned<'a> {
    /// The kind, where one is named.
    pub kind: Option<Cleanable>,
    /// The column, or the table that it is in.
    pub noun: Option<Noun<'a>>,
    /// Rules that are there for it, where it is named by what they are for: `the dates`.
    pub rules: Vec<String>,
}

/// What is wrong with a row.
#[derive(Clone, Debug)]
pub enum Bad<'a> {
    /// It breaks a rule.
    Check {
        /// The rule.
        check: Box<Check<'a>>,
        /// No value is wrong too.
        missing: bool,
        /// The words.
        words: Range<usize>,
    },
    /// It has one of these values.
    Values {
        /// The values.
        values: Vec<Value<'a>>,
        /// The table or column beside them.
        noun: Option<Noun<'a>>,
        /// The words.
        words: Range<usize>,
    },
    /// A plain `and`: both of one row, or either.
    And(Range<usize>),
}

impl<'a> Bad<'a> {
    /// The nouns in it.
    pub fn nouns(&self) -> Vec<&Noun<'a>> {
        match self {
            Bad::Check { check, .. } => check.of.iter().chain(&check.within).collect(),
            Bad::Values { noun, .. } => noun.iter().collect(),
            Bad::And(_) => Vec::new(),
        }
    }
}

/// One row of several that are alike.
#[derive(Clone, Debug)]
pub struct Dedupe<'a> {
    /// The table.
    pub noun: Option<Noun<'a>>,
    /// Columns in which they are alike.
    pub by: Vec<Noun<'a>>,
    /// They are alike in everything.
    pub whole: bool,
    /// Which one stays.
    pub keep: Option<Keep<'a>>,
}

/// Which of several rows stays.
#[derive(Clone, Debug)]
pub struct Keep<'a> {
    /// The one with the largest value.
    pub descending: bool,
    /// Of what.
    pub by: First<'a>,
}

impl<'a> Keep<'a> {
    /// The column that decides, where one is named.
    pub fn column(&self) -> Option<&Noun<'a>> {
        match &self.by {
            First::Column(noun) => Some(noun),
            First::Time(_) | First::Event => None,
        }
    }
}

/// What rows are ordered by.
#[derive(Clone, Debug)]
pub enum First<'a> {
    /// The time of the row; that of an act where one is named, `updated`.
    Time(Option<String>),
    /// When it happened, not when its record last changed: `the latest order of each customer`.
    Event,
    /// A column.
    Column(Noun<'a>),
}

/// A column for each value.
#[derive(Clone, Debug)]
pub struct Pivot<'a> {
    /// The column whose values they are.
    pub noun: Option<Noun<'a>>,
    /// The values, where they are named.
    pub values: Vec<Value<'a>>,
}

impl<'a> Filter<'a> {
    /// The nouns in it.
    pub fn nouns(&self) -> Vec<&Noun<'a>> {
        match self {
            Filter::Values { noun, .. } => noun.iter().collect(),
            Filter::Compare { noun, .. } | Filter::Missing { noun, .. } => vec![noun],
            Filter::Lasting { elapsed, .. } => elapsed.events().flat_map(|e| &e.noun).collect(),
            // Their rows are not joined, so that the base need not lead to them.
            Filter::Others(_) => Vec::new(),
        }
    }
}

/// What is hidden, and how.
#[derive(Clone, Debug)]
pub struct Masking<'a> {
    /// How.
    pub how: How,
    /// What.
    pub what: Vec<Target<'a>>,
}

/// How values are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By the mask of their kind.
    Mask,
    /// The column is left out.
    Hide,
    /// The same pseudonym for the same value.
    Hash,
    /// Only the year is left.
    Year,
    /// Only the last four characters are left.
    LastFour,
    /// What names a person goes, the key becomes a pseudonym, birth dates become years.
    Anonymise,
}

/// What is to be hidden.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// A kind of personal data, and the column that the words may be too.
    Kind(&'static str, Option<Noun<'a>>),
    /// A column; or a table, all that is personal in it.
    Noun(Noun<'a>),
    /// All that is personal.
    Personal,
    /// The table of what stands before: `names of patients`.
    Of(Noun<'a>),
}
