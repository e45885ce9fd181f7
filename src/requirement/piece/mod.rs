//! What recognisers make of words, before the contracts decide what is meant.

mod measure;
mod rows;
mod shape;

pub use measure::*;
pub use rows::*;
pub use shape::*;

use std::ops::Range;

use crate::spec::Mode;
use crate::vocabulary::{Dialect, Name, Span, Unit, Window};

use super::Question;
use super::lexicon::{Hits, ValueOf};

/// A stretch of tokens and what it was taken for. Pieces follow each other without a gap.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// The tokens.
    pub tokens: Range<usize>,
    /// What they say.
    pub kind: Kind<'a>,
}

/// Kinds of piece.
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// `move`, `load`, `copy`: tables are to be landed.
    Ingest,
    /// `build`, `create`, `show`: something is to be made.
    Build,
    /// `list`, `find`: rows rather than aggregates.
    List,
    /// A table, report, summary.
    Artifact {
        /// A summary: it has measures even where none is named.
        summary: bool,
    },
    /// `from MySQL`, `to Snowflake`.
    Platform {
        /// It is read from.
        source: bool,
        /// The database.
        dialect: Dialect,
    },
    /// `last 30 days`, `this month`, `excluding today`.
    Window(Stretch),
    /// From a day on, up to a day: half-open.
    Period {
        /// First day.
        from: Option<String>,
        /// The day after the last.
        until: Option<String>,
    },
    /// How rows arrive.
    Mode(Mode),
    /// When it runs.
    Schedule(super::recognise::When),
    /// A time zone: the schedule's, or that of days.
    Zone(String),
    /// A table that must have been loaded before.
    AfterLoad(Noun<'a>),
    /// How often a failed task is tried again.
    Retries(u8),
    /// Who is told; the usual channel if nobody is named.
    Slack(Option<String>),
    /// Who answers for it.
    Owner(String),
    /// A cleaning rule.
    Clean(Clean<'a>),
    /// Rows that do not go on; those that break a check where nothing is said of them.
    SetAside(Vec<Bad<'a>>),
    /// One row of several that are alike.
    Dedupe(Dedupe<'a>),
    /// How texts are compared where rows are deduplicated.
    Fold {
        /// Upper and lower case are the same.
        case: bool,
        /// Spaces around a text do not count.
        spaces: bool,
    },
    /// Which of several rows stays.
    Keep(Keep<'a>),
    /// A column for each value.
    Pivot(Pivot<'a>),
    /// A column that is computed from others of its row.
    Column(RowColumn<'a>),
    /// What the result before is called.
    Called(String),
    /// What is hidden.
    Mask(Masking<'a>),
    /// Who reads it, or from whom alone nothing is hidden.
    Readers {
        /// A group of people.
        name: String,
        /// They see what is hidden.
        except: bool,
    },
    /// What changes of it are kept.
    History(Vec<Noun<'a>>),
    /// A check.
    Test(Box<super::check::Check<'a>>),
    /// Rows that stay or go.
    Filter(Filter<'a>),
    /// Something to compute.
    Measure(Measure<'a>),
    /// `where margin is …`.
    Define {
        /// Key of the name.
        name: String,
        /// What it is, where that is a formula over the row.
        formula: Option<Formula<'a>>,
    },
    /// What the result has a row for.
    Group(Vec<GroupItem<'a>>),
    /// What happens to the rows of the result.
    Shape(Shape<'a>),
    /// What is done with what was computed.
    Then(Then),
    /// A table or a column, by itself.
    Noun(Noun<'a>),
    /// What happened to the rows before it.
    Happened(Happened<'a>),
    /// The time between two events, by itself.
    Elapsed(Elapsed<'a>),
    /// What a name means that a measure has: `length of stay is the days between …`.
    Meaning,
    /// `dimension`: a row for each of something.
    Dimension,
    /// Rows that nothing belongs to stay.
    Zero,
    /// What to look out for; it asks for nothing.
    Hint,
    /// What can't go on without an answer.
    Ask(Question),
    /// Words that say nothing about the data.
    Filler,
    /// Words that mean nothing here.
    Unknown,
}

/// A stretch of time that moves with `as_of`, as [`crate::vocabulary::Window`] has it; a piece may say a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// How far back it reaches.
    pub last: Option<Span>,
    /// The unit that it starts with.
    pub this: Option<Unit>,
    /// The unit before whose start it ends.
    pub until: Option<Unit>,
}

impl Stretch {
    /// The window over a column.
    pub fn over(self, column: Name) -> Window {
        let Stretch { last, this, until } = self;
        Window { column, last, this, until }
    }

    /// Two that are said of the same rows; none where they contradict each other.
    pub fn and(self, other: Stretch) -> Option<Stretch> {
        fn one<T: PartialEq>(a: Option<T>, b: Option<T>) -> Result<Option<T>, ()> {
            match (a, b) {
                (Some(a), Some(b)) if a != b => Err(()),
                (a, b) => Ok(a.or(b)),
            }
        }
        let last = one(self.last, other.last).ok()?;
        let this = one(self.this, other.this).ok()?;
        let until = one(self.until, other.until).ok()?;
        (last.is_none() || this.is_none()).then_some(Stretch { last, this, until })
    }
}

/// A phrase that names tables or columns.
#[derive(Clone, Debug)]
pub struct Noun<'a> {
    /// Its tokens, without articles.
    pub tokens: Range<usize>,
    /// What it may be.
    pub hits: Hits<'a>,
    /// Nouns before it that name tables: `customer` in `customer orders`.
    pub modifiers: Vec<Hits<'a>>,
    /// Values before it: `cancelled` in `cancelled orders`.
    pub values: Vec<Value<'a>>,
}

/// What is done with a computed number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is multiplied.
    Times(String),
    /// What is kept in cents is wanted in whole units.
    Major,
    /// To so many digits after the point.
    Round(u32),
    /// With or without what is taken off a price.
    Discount {
        /// It is taken off.
        after: bool,
    },
}

/// What happened to rows: `closed` after `tickets`.
#[derive(Clone, Debug)]
pub struct Happened<'a> {
    /// The columns that say when.
    pub time: Noun<'a>,
    /// The status that says so too, where there is one.
    pub value: Option<Value<'a>>,
}

/// A phrase that is a value of some column.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    /// Its tokens.
    pub tokens: Range<usize>,
    /// Columns that have it.
    pub of: Vec<ValueOf<'a>>,
}

impl Value<'_> {
    /// Whether some column has both.
    pub fn shares_column(&self, other: &Value<'_>) -> bool {
        let same = |a: &ValueOf<'_>, b: &ValueOf<'_>| a.table == b.table && a.column.name == b.column.name;
        self.of.iter().any(|a| other.of.iter().any(|b| same(a, b)))
    }
}

/// Something to group by.
#[derive(Clone, Debug)]
pub enum GroupItem<'a> {
    /// A column that is computed.
    Column(RowColumn<'a>),
    /// A calendar unit of the time that rows happened.
    Unit(Unit, Range<usize>),
    /// A part of the calendar that comes again.
    Part(Part, Range<usize>),
    /// A column, or the rows of a table.
    Noun(Noun<'a>),
}

/// A part of the calendar that comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Day of the week.
    Weekday,
    /// Hour of the day.
    Hour,
    /// Day of the month.
    Day,
    /// Month of the year.
    Month,
}
