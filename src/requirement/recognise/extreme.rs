//! Words of an order, `longest`, `best paid`, `most borrowed`, and the column that they say without naming it.

use crate::contract::{Column, Contract};
use crate::requirement::lexicon::{ColumnOf, name_parts};
use crate::requirement::piece::Implied;
use crate::requirement::roles::{self, Choice};
use crate::requirement::scan::Scan;
use crate::vocabulary::TableRef;

/// A word of an order.
#[derive(Clone, Copy, Debug)]
pub struct Extreme {
    /// Where its words end.
    pub end: usize,
    /// The smallest is first.
    pub ascending: bool,
    /// What it says of the column.
    pub implied: Implied,
    /// It asks for rows by itself, without a number.
    pub alone: bool,
}

const MONEY: &[&str] = &["price", "salary", "cost", "wage", "pay", "fee", "rate", "amount", "rent", "fare"];
#[rustfmt::skip]
const LENGTH: &[&str] = &["duration", "length", "runtime", "millisecond", "second", "minute", "hour", "night", "day", "distance", "page", "km", "mile"];
const WEIGHT: &[&str] = &["weight", "mass", "kg", "lb"];
const HEIGHT: &[&str] = &["height", "altitude", "elevation"];
const SPEED: &[&str] = &["speed", "kmh", "velocity"];
const BIRTH: &[&str] = &["birth", "dob", "born", "birthday", "birthdate"];

const TIME: Implied = Implied::Time { age: false };
const AGE: Implied = Implied::Time { age: true };

/// Words, whether the smallest is first, what they say of the column, and whether they ask for rows by themselves.
#[rustfmt::skip]
const ORDERS: &[(&[&str], bool, Implied, bool)] = &[
    (&["top"], false, Implied::Nothing, true),
    (&["bottom"], true, Implied::Nothing, true),
    (&["top selling", "best selling", "best-selling", "bestselling", "top-selling", "most sold"], false, Implied::Sold, true),
    (&["worst selling", "worst-selling", "least sold"], true, Implied::Sold, true),
    (&["most expensive", "priciest", "costliest", "dearest", "best paid", "best-paid", "highest paid", "highest-paid", "highest earning", "best earning", "top-paid", "top paid"], false, Implied::Called(MONEY), true),
    (&["cheapest", "least expensive", "worst paid", "worst-paid", "lowest paid", "lowest-paid", "least paid"], true, Implied::Called(MONEY), true),
    (&["longest", "longest-lasting"], false, Implied::Called(LENGTH), true),
    (&["shortest"], true, Implied::Called(LENGTH), true),
    (&["heaviest"], false, Implied::Called(WEIGHT), true),
    (&["lightest"], true, Implied::Called(WEIGHT), true),
    (&["tallest"], false, Implied::Called(HEIGHT), true),
    (&["fastest"], false, Implied::Called(SPEED), true),
    (&["slowest"], true, Implied::Called(SPEED), true),
    (&["most recent", "newest", "latest"], false, TIME, true),
    (&["earliest"], true, TIME, true),
    (&["youngest"], false, AGE, true),
    (&["oldest", "eldest"], true, AGE, true),
    (&["most popular", "most active", "most frequent", "busiest", "most common", "most used"], false, Implied::Open, true),
    (&["least popular", "least active", "least common", "least used"], true, Implied::Open, true),
    (&["most valuable"], false, Implied::Nothing, true),
    (&["best", "leading"], false, Implied::Nothing, false),
    (&["worst"], true, Implied::Nothing, false),
    (&["largest", "biggest", "highest", "greatest"], false, Implied::Nothing, true),
    (&["smallest", "lowest"], true, Implied::Nothing, true),
];

/// The longest words of an order that stand at `at`; `most` and what was done are ones too.
pub fn extreme(scan: &Scan<'_>, at: usize) -> Option<Extreme> {
    let known = ORDERS.iter().filter_map(|(say, ascending, implied, alone)| {
        Some(Extreme { end: scan.any(at, say)?, ascending: *ascending, implied: *implied, alone: *alone })
    });
    known.max_by_key(|e| e.end).or_else(|| {
        let most = scan.any(at, &["most", "least", "most often", "least often", "most frequently", "most-often"])?;
        let done = super::others::verb::done(scan, most)?;
        Some(Extreme { end: done, ascending: scan.word(at) == "least", implied: Implied::Did, alone: true })
    })
}

/// The one column of a table that words of an order are about.
pub fn column<'a>(scan: &Scan<'a>, table: &'a TableRef, implied: Implied) -> Option<ColumnOf<'a>> {
    let contract = scan.ground.contracts.get(table)?;
    let column = match implied {
        Implied::Nothing => amount(contract),
        Implied::Called(words) => called(contract, words),
        Implied::Time { age } => time(contract, age),
        Implied::Sold | Implied::Open | Implied::Did => None,
    }?;
    Some(ColumnOf { table, column })
}

/// What rows of a table are worth, where it is one column.
fn amount(contract: &Contract) -> Option<&Column> {
    let amount = roles::amount(contract).filter(|a| a.others.is_empty() && roles::revenue_rank(contract) > 0)?;
    let [column] = amount.columns.as_slice() else { return None };
    contract.column(column.as_str())
}

/// The number whose name has the first of these words that any has.
fn called<'c>(contract: &'c Contract, words: &[&str]) -> Option<&'c Column> {
    let numbers = || contract.columns.iter().filter(|c| c.data_type.is_numeric() && c.references.is_none());
    let named =
        |word: &str| numbers().find(|c| name_parts(&c.physical_name, c.name.as_str()).iter().any(|p| p == word));
    words.iter().find_map(|word| named(word))
}

/// When rows happened, or people were born.
fn time(contract: &Contract, age: bool) -> Option<&Column> {
    let born = |c: &&Column| {
        c.data_type.is_temporal()
            && name_parts(&c.physical_name, c.name.as_str()).iter().any(|p| BIRTH.contains(&p.as_str()))
    };
    if age && let Some(column) = contract.columns.iter().find(born) {
        return Some(column);
    }
    match roles::event_time(contract) {
        // Of people without a birthday, how old they are is not known.
        (Choice::One(column), score) if !age || score > 2 => Some(column),
        _ => None,
    }
}
