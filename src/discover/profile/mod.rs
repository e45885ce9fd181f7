//! What the rows of a column tell. Rows stream by, and what is held of them is bounded, whatever their number;
//! `docs/profile.md` has the formulas.

mod column;
mod cursor;
mod distinct;
mod frequent;
mod lists;
mod spread;
mod types;

use std::collections::BTreeSet;

use super::connector::Cell;
use super::personal::Evidence;
use super::stamp::{Stamp, stamp};
pub use column::profile;
pub use cursor::{candidates, cursor_rank};
use distinct::{Distinct, hash};
use frequent::{Frequent, Value};
pub use lists::{has_examples, is_list};
use spread::{Spread, Summary};
pub use types::data_type;

/// Different values that are kept of a column; one that has more has no list of accepted ones.
pub const MAX_VALUES: usize = 50;
/// Longest text whose form and value are counted, in characters.
const LONG: u32 = 40;

/// What was seen of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Rows without a value.
    pub nulls: u64,
    /// Whole numbers.
    pub integers: u64,
    /// Of those, numbers other than 0 and 1.
    pub not_boolean: u64,
    /// Other numbers.
    pub reals: u64,
    /// Texts.
    pub texts: u64,
    /// Byte strings.
    pub blobs: u64,
    /// Texts that are dates.
    pub dates: u64,
    /// Texts that are moments without an offset.
    pub moments: u64,
    /// Texts that are moments with one.
    pub zoned: u64,
    /// Texts that are decimal numbers.
    pub numbers: u64,
    /// What looks like personal data.
    pub evidence: Evidence,
    /// Different texts; none where there are more than [`MAX_VALUES`], and while rows are read.
    pub values: Option<BTreeSet<String>>,
    /// Whole numbers only, each greater than the one before.
    pub rising: bool,
    /// Different values; an estimate where they are many.
    pub distinct: u64,
    /// What is counted while rows are read.
    live: Option<Box<Live>>,
    /// What came of it.
    measured: Measured,
}

#[derive(Clone, Debug, PartialEq)]
struct Live {
    distinct: Distinct,
    values: Frequent<Value>,
    forms: Frequent<String>,
    numbers: Spread,
    times: Spread,
    lengths: Option<(u32, u32)>,
    last: Option<i64>,
    falls: bool,
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq)]
struct Measured {
    top: Vec<(Value, u64)>,
    forms: Vec<(String, u64)>,
    numbers: Option<Summary>,
    times: Option<Summary>,
    lengths: Option<(u32, u32)>,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Seen {
        let live = Live {
            distinct: Distinct::default(),
            values: Frequent::new(1000),
            forms: Frequent::new(200),
            numbers: Spread::default(),
            times: Spread::default(),
            lengths: None,
            last: None,
            falls: false,
        };
        Seen { live: Some(Box::new(live)), ..Seen::default() }
    }

    /// One more row.
    pub fn see(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Null => self.nulls += 1,
            Cell::Integer(n) => self.see_integer(*n),
            Cell::Real(n) => {
                self.reals += 1;
                let Some(live) = &mut self.live else { return };
                let hashed = hash(&n.to_bits().to_le_bytes());
                live.distinct.see(hashed);
                live.values.see(hashed, || Value::Real(*n));
                live.numbers.real(*n);
            }
            Cell::Blob => self.blobs += 1,
            Cell::Text(text) => self.see_text(text),
        }
    }

    fn see_integer(&mut self, n: i64) {
        self.integers += 1;
        self.not_boolean += u64::from(!matches!(n, 0 | 1));
        self.evidence.see_integer(n);
        let Some(live) = &mut self.live else { return };
        let hashed = hash(&n.to_le_bytes());
        live.distinct.see(hashed);
        live.values.see(hashed, || Value::Integer(n));
        live.numbers.integer(n);
        live.falls |= live.last.is_some_and(|last| n <= last);
        live.last = Some(n);
    }

    fn see_text(&mut self, text: &str) {
        self.texts += 1;
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let stamped = stamp(text);
        let number = || text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let number = if stamped.is_none() && starts_a_number(text) { number() } else { None };
        match stamped {
            Some((Stamp::Date, _)) => self.dates += 1,
            Some((Stamp::Moment, _)) => self.moments += 1,
            Some((Stamp::Zoned, _)) => self.zoned += 1,
            None => {
                self.numbers += u64::from(number.is_some());
                self.evidence.see(text);
            }
        }
        let Some(live) = &mut self.live else { return };
        let hashed = hash(text.as_bytes());
        live.distinct.see(hashed);
        if length <= LONG {
            live.values.see(hashed, || Value::Text(text.to_owned()));
            if stamped.is_none() {
                let form = form(text);
                live.forms.see(hash(form.as_bytes()), || form);
            }
        } else {
            live.values.see(hashed, || Value::Long);
        }
        live.numbers.reals(number);
        if let Some((_, micros)) = stamped {
            live.times.integer(micros);
        }
        live.lengths =
            Some(live.lengths.map_or((length, length), |(least, most)| (least.min(length), most.max(length))));
    }

    /// All rows have been seen: what they tell is kept, they themselves are forgotten.
    pub fn finish(&mut self) {
        let Some(live) = self.live.take() else { return };
        self.distinct = live.distinct.count().min(self.filled());
        self.rising = !live.falls && self.integers > 1 && self.integers == self.filled() && self.nulls == 0;
        let exact = live.values.is_exact();
        let top = live.values.most();
        let texts = top.iter().filter_map(|(value, _)| if let Value::Text(text) = value { Some(text) } else { None });
        let long = top.iter().any(|(value, _)| *value == Value::Long);
        let few = exact && !long && texts.clone().count() <= MAX_VALUES;
        self.values = few.then(|| texts.cloned().collect());
        self.measured = Measured {
            top,
            forms: live.forms.most(),
            numbers: live.numbers.summary(),
            times: live.times.summary(),
            lengths: live.lengths,
        };
    }

    /// A column that has these values, in so many rows.
    pub fn of(texts: u64, values: &[String]) -> Seen {
        Seen { texts, values: Some(values.iter().cloned().collect()), ..Seen::default() }
    }

    /// Rows with a value.
    pub fn filled(&self) -> u64 {
        self.integers + self.reals + self.texts + self.blobs
    }

    /// Rows with a value that is a date or a moment.
    pub fn stamps(&self) -> u64 {
        self.dates + self.moments + self.zoned
    }
}

fn starts_a_number(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
}

/// The form of a text: letters as `a` and `A` (`x` where they have no case), digits as `9`, all else as it is.
fn form(text: &str) -> String {
    let of = |c: char| match c {
        c if c.is_ascii_digit() || c.is_numeric() => '9',
        c if c.is_lowercase() => 'a',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'x',
        c => c,
    };
    text.chars().map(of).collect()
}

#[cfg(test)]
mod tests;
