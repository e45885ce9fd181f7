//! What recognisers make of words, before the contracts decide what is meant.

use std::ops::Range;

use crate::spec::{Function, Mode, Over};
use crate::vocabulary::{Dialect, Name, Span, Unit, Window};

use super::Question;
use super::lexicon::{Hits, ValueOf};
use super::roles::Cleanable;

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
    /// The schedule's time zone.
    Zone(String),
    /// How often a failed task is tried again.
    Retries(u8),
    /// Who is told; the usual channel if nobody is named.
    Slack(Option<String>),
    /// Who answers for it.
    Owner(String),
    /// A cleaning rule.
    Clean(Clean<'a>),
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
        /// What it is.
        formula: Formula<'a>,
    },
    /// What the result has a row for.
    Group(Vec<GroupItem<'a>>),
    /// What happens to the rows of the result.
    Shape(Shape<'a>),
    /// A table or a column, by itself.
    Noun(Noun<'a>),
    /// The time between two events, by itself.
    Elapsed(Elapsed<'a>),
    /// `dimension`: a row for each of something.
    Dimension,
    /// Rows that nothing belongs to stay.
    Zero,
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

/// A phrase that is a value of some column.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    /// Its tokens.
    pub tokens: Range<usize>,
    /// Columns that have it.
    pub of: Vec<ValueOf<'a>>,
}

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
    /// What happened first.
    pub from: Event<'a>,
    /// What happened then.
    pub to: Event<'a>,
}

/// Something that happened, as words have it.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The words.
    pub tokens: Range<usize>,
    /// The table or column that they name, if any.
    pub noun: Option<Noun<'a>>,
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
            Many::Count(op, n) => {
                let ops = [("=", "<>"), ("<>", "="), (">", "<="), ("<=", ">"), ("<", ">="), (">=", "<")];
                Many::Count(ops.iter().find(|o| o.0 == op).map_or(op, |o| o.1), n)
            }
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
    /// The kind, where one is named.
    pub kind: Option<Cleanable>,
    /// The rule that is asked for by name; that of the kind if none.
    pub rule: Option<&'static str>,
    /// The column, or the table that it is in.
    pub noun: Option<Noun<'a>>,
    /// What stands for a missing value.
    pub value: Option<String>,
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
            First::Time(_) => None,
        }
    }
}

/// What rows are ordered by.
#[derive(Clone, Debug)]
pub enum First<'a> {
    /// The time of the row; that of an act where one is named, `updated`.
    Time(Option<String>),
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
    /// `most expensive`, `best paid`: their own price or salary.
    Money,
    /// `most popular`: that can be many things.
    Open,
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

impl<'a> Filter<'a> {
    /// The nouns in it.
    pub fn nouns(&self) -> Vec<&Noun<'a>> {
        match self {
            Filter::Values { noun, .. } => noun.iter().collect(),
            Filter::Compare { noun, .. } | Filter::Missing { noun, .. } => vec![noun],
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
}
