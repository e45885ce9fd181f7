//! Parts of the calendar that come again: days of the week, hours of the day; and the day that weeks start on.

use crate::requirement::piece::{Kind, Part, Piece, Shape};
use crate::requirement::scan::Scan;

#[rustfmt::skip]
const PARTS: &[(&str, Part)] = &[
    ("day of week", Part::Weekday), ("day of the week", Part::Weekday), ("weekday", Part::Weekday), ("weekdays", Part::Weekday), ("days of the week", Part::Weekday), ("day-of-week", Part::Weekday),
    ("week day", Part::Weekday), ("hour of day", Part::Hour), ("hour of the day", Part::Hour), ("hours of the day", Part::Hour), ("hour-of-day", Part::Hour), ("month of the year", Part::Month),
    ("month of year", Part::Month), ("calendar month of the year", Part::Month), ("day of the month", Part::Day), ("day of month", Part::Day),
];
const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
#[rustfmt::skip]
const START: &[&str] = &[
    "weeks start on", "week starts on", "weeks starting on", "week starting on", "weeks starting", "week starting", "weeks begin on", "week begins on", "weeks that start on", "where weeks start on", "starting on",
    "weeks beginning on", "weeks beginning", "week beginning", "weeks from", "with weeks starting on", "starts on", "start on", "starting each", "beginning on",
];

/// A part of the calendar by its words.
pub fn part(scan: &Scan<'_>, at: usize) -> Option<(Part, usize)> {
    PARTS.iter().filter_map(|(say, part)| Some((*part, scan.phrase(at, say)?))).max_by_key(|p| p.1)
}

/// Reads the day that weeks start on.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.skip(at, &["with", "(", ",", "and", "the", "where", "our", "a", "that"]);
    let j = scan.any(i, START)?;
    // `starting on Monday` is when it runs, unless weeks were named.
    let weekly = scan.word(i).starts_with("week")
        || before.last().is_some_and(|p| scan.words(&p.tokens).to_lowercase().contains("week"));
    let day = scan.word(j);
    let day = DAYS.iter().position(|d| *d == day || day.strip_suffix('s') == Some(*d)).filter(|_| weekly)?;
    let mut end = j + 1;
    if let Some(to) = scan.any(end, &["to", "through", "until", "till"]) {
        end = scan.any(to, DAYS).unwrap_or(end);
    }
    let end = scan.any(end, &[")"]).unwrap_or(end);
    let day = u32::try_from(day).ok()?;
    // Together with `per week` before it, which is no word of this.
    Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::WeekStart(day)) })
}
