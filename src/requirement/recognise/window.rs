//! Which time counts: `last 30 days`, `year to date`, `last month`, `excluding today`, `since 2026-01-01`, `in March 2026`.

use crate::requirement::Question;
use crate::requirement::piece::{Kind, Piece, Stretch};
use crate::requirement::scan::Scan;
use crate::vocabulary::{Span, Unit};

const BEFORE: &[&str] = &[
    "in",
    "for",
    "over",
    "from",
    "of",
    "during",
    "within",
    "covering",
    "only",
    "just",
    "only for",
    "only from",
    "only in",
];
const LAST: &[&str] =
    &["last", "past", "previous", "latest", "trailing", "most recent", "preceding", "recent", "prior"];
const THIS: &[&str] = &["this", "the current", "current", "the present"];
const WHOLE: &[&str] = &["full", "calendar", "whole", "complete", "completed"];
#[rustfmt::skip]
const TO_DATE: &[(&str, Unit)] = &[
    ("year to date", Unit::Year), ("year-to-date", Unit::Year), ("ytd", Unit::Year), ("so far this year", Unit::Year),
    ("month to date", Unit::Month), ("month-to-date", Unit::Month), ("mtd", Unit::Month), ("so far this month", Unit::Month),
    ("quarter to date", Unit::Quarter), ("quarter-to-date", Unit::Quarter), ("qtd", Unit::Quarter), ("so far this quarter", Unit::Quarter),
    ("week to date", Unit::Week), ("week-to-date", Unit::Week), ("so far this week", Unit::Week), ("today", Unit::Day), ("so far today", Unit::Day),
];
#[rustfmt::skip]
const NOT: &[&str] = &[
    "excluding", "exclude", "without", "not including", "not counting", "except", "except for", "but not", "leave out", "leaving out", "ignoring",
    "up to but not including",
];
/// Numbers that people write out.
#[rustfmt::skip]
pub const NUMBERS: &[(&str, u32)] = &[
    ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10),
    ("twelve", 12), ("fourteen", 14), ("fifteen", 15), ("twenty", 20), ("thirty", 30), ("sixty", 60), ("ninety", 90),
];

/// Reads a window or a period.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    without(scan, at)
        .or_else(|| so_far(scan, at))
        .or_else(|| window(scan, at))
        .or_else(|| super::period::read(scan, at))
}

fn piece<'a>(at: usize, end: usize, stretch: Stretch) -> Option<Piece<'a>> {
    Some(Piece { tokens: at..end, kind: Kind::Window(stretch) })
}

/// `excluding today`, `without the current month`, `until yesterday`.
fn without<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let until = |end: usize, unit: Unit| piece(at, end, Stretch { until: Some(unit), ..Stretch::default() });
    if let Some(end) = scan.any(at, &["up to yesterday", "until yesterday", "till yesterday", "through yesterday"]) {
        return until(end, Unit::Day);
    }
    let i = scan.any(at, NOT)?;
    if let Some(end) = scan.any(i, &["today", "the current day", "this day", "today's data"]) {
        return until(end, Unit::Day);
    }
    let unit = scan.any(i, THIS)?;
    let unit_at = scan.any(unit, &["running", "incomplete", "ongoing"]).unwrap_or(unit);
    until(unit_at + 1, Unit::parse(scan.word(unit_at))?)
}

/// `this month`, `year to date`.
fn so_far<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.any(at, BEFORE).unwrap_or(at);
    let this = |end: usize, unit: Unit| piece(at, end, Stretch { this: Some(unit), ..Stretch::default() });
    let said = TO_DATE.iter().filter_map(|(said, unit)| Some((scan.phrase(scan.skip(i, &["the"]), said)?, *unit)));
    if let Some((end, unit)) = said.max_by_key(|s| s.0) {
        return this(end, unit);
    }
    let unit = scan.any(i, THIS)?;
    let end = scan.any(unit + 1, &["so far", "to date", "up to now", "until now"]).unwrap_or(unit + 1);
    this(end, Unit::parse(scan.word(unit)).filter(|_| !scan.word(unit).ends_with('s'))?)
}

/// `last 30 days`, `the past 12 full months`, `last month`, `yesterday`.
fn window<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let said = scan.any(at, BEFORE).unwrap_or(at);
    let i = scan.article(said);
    let day = Span { count: 1, unit: Unit::Day };
    let Some(last) = scan.any(i, LAST) else {
        let end = scan.any(i, &["yesterday"])?;
        return piece(at, end, Stretch { last: Some(day), until: Some(Unit::Day), this: None });
    };
    let whole = scan.any(last, WHOLE);
    let last = whole.unwrap_or(last);
    let number = number(scan, last);
    let (count, i) = number.map_or((1, last), |n| (n, last + 1));
    let after = scan.any(i, WHOLE);
    let (whole, i) = (whole.is_some() || after.is_some(), after.unwrap_or(i));
    let (unit, count) = match scan.word(i) {
        "fortnight" => (Unit::Week, count * 2),
        "night" => (Unit::Day, count),
        word => (Unit::parse(word)?, count),
    };
    if number.is_none() && scan.word(i).ends_with('s') {
        let about = format!("`{}`: how many {}?", scan.words(&(at..i + 1)), scan.word(i));
        let candidates = [7, 30, 90].iter().map(|n| format!("last {n} {}", scan.word(i)));
        return Some(Piece { tokens: at..i + 1, kind: Kind::Ask(Question::new(about).or_any(candidates)) });
    }
    if !(1..=100_000).contains(&count) {
        let about = format!("`{}` is no window of time. How long is it?", scan.words(&(at..i + 1)));
        let ask = Question::new(about).or("last 30 days");
        return Some(Piece { tokens: at..i + 1, kind: Kind::Ask(ask) });
    }
    // `last month` is the calendar's, `the last month` and `past month` end now.
    let name = number.is_none() && unit != Unit::Day && unit != Unit::Hour;
    let calendar = name && (scan.word(last - 1) == "previous" || scan.word(last - 1) == "last" && said + 1 == last);
    let end = scan.any(i + 1, &["of data", "of history", "only", "worth of", "of"]).unwrap_or(i + 1);
    let until = (whole || calendar).then_some(unit);
    piece(at, end, Stretch { last: Some(Span { count, unit }), until, this: None })
}

/// A whole number, in figures or written out.
pub fn number(scan: &Scan<'_>, at: usize) -> Option<u32> {
    let word = scan.word(at);
    word.parse().ok().or_else(|| NUMBERS.iter().find(|n| n.0 == word).map(|n| n.1))
}
