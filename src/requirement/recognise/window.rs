//! Which time counts: `last 30 days`, `since 2026-01-01`, `in March 2026`.

use crate::requirement::Question;
use crate::requirement::piece::{Kind, Piece};
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
const LAST: &[&str] = &["last", "past", "previous", "latest", "trailing", "most recent", "preceding", "recent"];
#[rustfmt::skip]
const NUMBERS: &[(&str, u32)] = &[
    ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10),
    ("twelve", 12), ("fourteen", 14), ("fifteen", 15), ("thirty", 30), ("sixty", 60), ("ninety", 90),
];
#[rustfmt::skip]
const MONTHS: &[&str] =
    &["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Reads a window or a period.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    window(scan, at).or_else(|| period(scan, at))
}

fn window<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.article(scan.any(at, BEFORE).unwrap_or(at));
    let Some(last) = scan.any(i, LAST) else {
        let end = scan.any(i, &["yesterday"])?;
        return Some(Piece { tokens: at..end, kind: Kind::Window(Span { count: 1, unit: Unit::Day }) });
    };
    let word = scan.word(last);
    let number = word.parse().ok().or_else(|| NUMBERS.iter().find(|n| n.0 == word).map(|n| n.1));
    let (count, i) = match number {
        Some(n) => (n, last + 1),
        None => (1, last),
    };
    let i = scan.any(i, &["full", "calendar", "whole", "complete"]).unwrap_or(i);
    let (unit, count) = match scan.word(i) {
        "fortnight" => (Unit::Week, count * 2),
        "night" => (Unit::Day, count),
        word => (Unit::parse(word)?, count),
    };
    if number.is_none() && scan.word(i).ends_with('s') {
        let about = format!("`{}`: how many {}?", scan.words(&(at..i + 1)), scan.word(i));
        let candidates = [7, 30, 90].map(|n| format!("last {n} {}", scan.word(i)));
        return Some(Piece { tokens: at..i + 1, kind: Kind::Ask(Question::new(about).or_any(candidates)) });
    }
    if !(1..=100_000).contains(&count) {
        let about = format!("`{}` is no window of time. How long is it?", scan.words(&(at..i + 1)));
        let ask = Question::new(about).or("last 30 days");
        return Some(Piece { tokens: at..i + 1, kind: Kind::Ask(ask) });
    }
    let end = scan.any(i + 1, &["of data", "of history", "only", "worth of", "of"]).unwrap_or(i + 1);
    Some(Piece { tokens: at..end, kind: Kind::Window(Span { count, unit }) })
}

fn period<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let start = scan.any(at, &["only"]).unwrap_or(at);
    if let Some(i) = scan.any(
        start,
        &[
            "since",
            "starting",
            "from",
            "on or after",
            "starting from",
            "beginning",
            "as of",
            "starting on",
            "made since",
            "placed since",
        ],
    ) {
        let (from, until, end) = day(scan, i)?;
        if let Some(j) = scan.any(end, &["to", "until", "till", "through"]) {
            let (_, until, end) = day(scan, j)?;
            return Some(Piece { tokens: at..end, kind: Kind::Period { from: Some(from), until: Some(until) } });
        }
        let open = scan.word(i - 1) != "from" || scan.any(end, &["on", "onwards", "onward"]).is_some();
        let end = scan.any(end, &["on", "onwards", "onward"]).unwrap_or(end);
        let until = if open { None } else { Some(until) };
        return Some(Piece { tokens: at..end, kind: Kind::Period { from: Some(from), until } });
    }
    if let Some(i) = scan.any(start, &["between"]) {
        let (from, _, end) = day(scan, i)?;
        let (_, until, end) = day(scan, scan.any(end, &["and", "to"])?)?;
        return Some(Piece { tokens: at..end, kind: Kind::Period { from: Some(from), until: Some(until) } });
    }
    if let Some(i) = scan.any(start, &["after", "later than"]) {
        let (_, until, end) = day(scan, i)?;
        return Some(Piece { tokens: at..end, kind: Kind::Period { from: Some(until), until: None } });
    }
    if let Some(i) = scan.any(start, &["before", "until", "up to", "earlier than"]) {
        let (from, after, end) = day(scan, i)?;
        let until = if scan.word(i - 1) == "before" || scan.word(i - 1) == "than" { from } else { after };
        return Some(Piece { tokens: at..end, kind: Kind::Period { from: None, until: Some(until) } });
    }
    let i = scan.any(start, &["in", "for", "of", "during", "on", "from"])?;
    let (from, until, end) = day(scan, scan.any(i, &["the year"]).unwrap_or(i))?;
    Some(Piece { tokens: at..end, kind: Kind::Period { from: Some(from), until: Some(until) } })
}

/// A day, month or year as a half-open interval of days.
fn day(scan: &Scan<'_>, at: usize) -> Option<(String, String, usize)> {
    let word = scan.word(at);
    if let Ok(date) = word.parse::<jiff::civil::Date>()
        && word.len() == 10
    {
        return Some((date.to_string(), date.tomorrow().ok()?.to_string(), at + 1));
    }
    if let Some(month) = MONTHS.iter().position(|m| *m == word || (m.len() > 3 && m.get(..3) == Some(word))) {
        let year: i16 = scan.word(at + 1).parse().ok().filter(|y| (1900..=2200).contains(y))?;
        let first = jiff::civil::Date::new(year, i8::try_from(month + 1).ok()?, 1).ok()?;
        let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
        return Some((first.to_string(), next.to_string(), at + 2));
    }
    let year: i16 = word.parse().ok().filter(|y| (1900..=2200).contains(y) && word.len() == 4)?;
    Some((format!("{year}-01-01"), format!("{}-01-01", year + 1), at + 1))
}
