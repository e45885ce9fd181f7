//! What is computed.

use std::ops::Range;

use crate::spec::Function;

use super::{Filter, Noun, Value};

/// Something to compute.
#[derive(Clone, Debug)]
pub struct Measure<'a> {
    /// What.
    pub what: What<'a>,
    /// A condition on what is computed, said before the noun: `total paid amount`.
    pub values: Vec<Value<'a>>,
}

/// What a measure computes.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// Rows of a table, or different ones.
    Count {
        /// The table, or the column whose values are counted.
        noun: Noun<'a>,
        /// Different ones only.
        distinct: bool,
        /// Only those that happened: `active customers`.
        active: bool,
    },
    /// The rows, whatever they are.
    Rows,
    /// What rows are worth, of a table where one is named.
    Worth {
        /// Sum, average, …
        function: Function,
        /// The table.
        noun: Option<Noun<'a>>,
        /// Said as revenue, sales.
        revenue: bool,
    },
    /// A function of a formula; of one column in most cases.
    Of {
        /// Sum, average, …
        function: Function,
        /// Of what.
        formula: Formula<'a>,
    },
    /// A name that is defined elsewhere: `margin`.
    Named(String),
    /// Rows that meet a condition over all: `share of cancelled orders`. The condition is the measure's values, or a filter.
    Share {
        /// The table; the rows, whatever they are, if none.
        noun: Option<Noun<'a>>,
        /// Only rows with these values are looked at.
        of: Vec<Value<'a>>,
        /// The condition, where it is more than values.
        filter: Option<Box<Filter<'a>>>,
        /// Times a hundred.
        percent: bool,
    },
    /// One measure over another.
    Ratio {
        /// What is divided.
        left: Box<Measure<'a>>,
        /// What it is divided by.
        right: Box<Measure<'a>>,
        /// What it is called.
        name: Option<String>,
        /// Times a hundred.
        percent: bool,
    },
    /// Another aggregate of a formula, as SQL with `{}` for it: `stddev({})`, `percentile({}, 0.9)`.
    Call(String, Formula<'a>),
    /// When the first or last row of a table happened.
    When {
        /// Smallest or largest.
        function: Function,
        /// The table.
        noun: Noun<'a>,
        /// The day of it.
        day: bool,
    },
    /// A function of the time between two events.
    Elapsed {
        /// Average, …
        function: Function,
        /// The time.
        elapsed: Elapsed<'a>,
    },
}

/// The time between two events.
#[derive(Clone, Debug)]
pub struct Elapsed<'a> {
    /// `hour`, `day`, where one is named.
    pub unit: Option<&'static str>,
    /// What happened first; when the row itself did, if none is named.
    pub from: Option<Event<'a>>,
    /// What happened then; the day that it is computed for, if none is named.
    pub to: Option<Event<'a>>,
}

/// Something that happened, as words have it.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The words.
    pub tokens: Range<usize>,
    /// The table or column that they name, if any.
    pub noun: Option<Noun<'a>>,
    /// Of several rows, the first or the last.
    pub pick: Option<Pick>,
}

/// One of several rows, by their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The earliest.
    First,
    /// The latest.
    Last,
}

impl<'a> Elapsed<'a> {
    /// The ends that are named.
    pub fn events(&self) -> impl Iterator<Item = &Event<'a>> {
        self.from.iter().chain(&self.to)
    }
}

/// Arithmetic over columns.
#[derive(Clone, Debug)]
pub enum Formula<'a> {
    /// A column.
    Column(Noun<'a>),
    /// A number, as SQL writes it.
    Number(String),
    /// Two of them.
    Op(Box<Formula<'a>>, char, Box<Formula<'a>>),
}

impl<'a> Measure<'a> {
    /// Itself, or what it is put together from.
    pub fn parts(&self) -> Vec<&Measure<'a>> {
        match &self.what {
            What::Ratio { left, right, .. } => left.parts().into_iter().chain(right.parts()).collect(),
            _ => vec![self],
        }
    }

    /// The nouns in it.
    pub fn nouns(&self) -> Vec<&Noun<'a>> {
        let mut out = Vec::new();
        for part in self.parts() {
            match &part.what {
                What::Count { noun, .. } | What::Worth { noun: Some(noun), .. } | What::When { noun, .. } => {
                    out.push(noun)
                }
                What::Of { formula, .. } | What::Call(_, formula) => out.extend(formula.nouns()),
                What::Share { noun, filter, .. } => {
                    out.extend(noun);
                    out.extend(filter.iter().flat_map(|f| f.nouns()));
                }
                _ => {}
            }
        }
        out
    }

    /// The values in it.
    pub fn all_values(&self) -> Vec<&Value<'a>> {
        let mut out = Vec::new();
        for part in self.parts() {
            out.extend(&part.values);
            if let What::Share { of, .. } = &part.what {
                out.extend(of);
            }
        }
        out
    }
}

impl<'a> Formula<'a> {
    /// The columns in it.
    pub fn nouns(&self) -> Vec<&Noun<'a>> {
        match self {
            Formula::Column(noun) => vec![noun],
            Formula::Number(_) => Vec::new(),
            Formula::Op(left, _, right) => left.nouns().into_iter().chain(right.nouns()).collect(),
        }
    }
}
