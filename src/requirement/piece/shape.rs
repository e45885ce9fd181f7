//! What is done to the rows of a result.

use crate::spec::Over;
use crate::vocabulary::{Span, Unit};

use super::{GroupItem, Noun};

/// What happens to the rows of the result, in pieces that follow each other.
#[derive(Clone, Debug)]
pub enum Shape<'a> {
    /// `top 10`, `the cheapest`, `rank`: what is put in an order comes after it.
    Top {
        /// How many; all if none.
        rows: Option<u32>,
        /// The smallest is first.
        ascending: bool,
        /// What the words say of the order.
        implied: Implied,
        /// All rows, with their place.
        ranked: bool,
    },
    /// `by`, `with the highest`: what is ordered by comes after it.
    By {
        /// The smallest is first, where that is said.
        ascending: Option<bool>,
    },
    /// The column that rows are ordered by.
    Column(Noun<'a>),
    /// `within each country`.
    Within(GroupItem<'a>),
    /// `running total`, `growth`, `share`.
    Around(Around<'a>),
    /// `over the previous month`.
    Against(Unit),
    /// `over 7 days`, of a moving average.
    Span(Span),
    /// `in percent`.
    Percent,
    /// `where`, before a measure that a condition is laid on.
    Where,
    /// A condition on the measure before it; on the one after it if `next`.
    Compare {
        /// The operator.
        op: &'static str,
        /// The number.
        literal: String,
        /// The measure comes after it.
        next: bool,
    },
    /// Periods without rows are rows too.
    Fill,
    /// The day that a week starts on, 0 is Monday.
    WeekStart(u32),
}

/// What words of an order say of the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implied {
    /// Nothing: what rows are worth.
    Nothing,
    /// `best selling`: how many were sold.
    Sold,
    /// `most popular`: that can be many things.
    Open,
    /// `longest`, `heaviest`: a number whose column has one of these words in its name.
    Called(&'static [&'static str]),
    /// `most recent`, `oldest`: when it happened; of people when they were born, where that is known.
    Time {
        /// Of people it is their age.
        age: bool,
    },
    /// `most borrowed`: how many rows of another table came of that.
    Did,
}

/// What is computed from the rows around.
#[derive(Clone, Debug)]
pub struct Around<'a> {
    /// What.
    pub over: Over,
    /// Its measure comes next; otherwise it is the one before.
    pub next: bool,
    /// It is of all measures.
    pub several: bool,
    /// How long a moving average is.
    pub span: Option<Span>,
    /// What is compared with, or whose share it is.
    pub unit: Option<Unit>,
    /// In percent.
    pub percent: bool,
    /// Whose share.
    pub of_each: Option<GroupItem<'a>>,
    /// A share of all there is.
    pub total: bool,
}

impl Around<'_> {
    /// Of the measure before it.
    pub fn new(over: Over) -> Self {
        let (next, several, percent, total) = (false, false, false, false);
        Around { over, next, several, span: None, unit: None, percent, of_each: None, total }
    }
}
