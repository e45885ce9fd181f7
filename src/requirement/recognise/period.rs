//! Stretches between named days: `since 2026-01-01`, `in March 2026`, `between 1 January and 15 February 2026`, `Q1 2025`.

use jiff::civil::Date;

use crate::requirement::Question;
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::vocabulary::Unit;

#[rustfmt::skip]
const MONTHS: &[&str] =
    &["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
#[rustfmt::skip]
const SINCE: &[&str] = &[
    "since", "starting", "from", "on or after", "starting from", "beginning", "as of", "starting on", "made since", "placed since", "not before", "no earlier than", "from the", "since the",
];
const TO: &[&str] = &["to", "until", "till", "through", "up to", "–", "-", "to the", "until the"];
const FIRST: &[&str] = &["first", "second", "third", "fourth"];

/// Days from the first up to the one after the last, and where the words end.
struct Days {
    from: Date,
    until: Date,
    end: usize,
}

/// What words of a day come to.
enum Said {
    Days(Days),
    /// There is no such day: `31 February`.
    Never(usize),
}

/// Reads a stretch between days.
pub fn read<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let start = scan.any(at, &["only", "only those", "just"]).unwrap_or(at);
    let piece = |from: Option<Date>, until: Option<Date>, end: usize| {
        let text = |d: Date| d.to_string();
        Some(Piece { tokens: at..end, kind: Kind::Period { from: from.map(text), until: until.map(text) } })
    };
    let never = |end: usize| {
        let about = format!("`{}`: there is no such day. Which one is meant?", scan.words(&(at..end)));
        Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).key("day").or("…").or_without()) })
    };
    macro_rules! day {
        ($at:expr) => {
            match day(scan, $at)? {
                Said::Days(days) => days,
                Said::Never(end) => return never(end),
            }
        };
    }
    if let Some(i) = scan.any(start, &["between", "between the"]) {
        // `between 1 and 15 March 2026`
        let and = (i..i + 5).find(|j| scan.any(*j, &["and", "to"]).is_some())?;
        let last = day!(scan.any(and, &["and the", "and", "to"])?);
        let first = match day(scan, i) {
            Some(Said::Days(days)) => days,
            Some(Said::Never(end)) => return never(end),
            None => borrowed(scan, i, and, &last)?,
        };
        return piece(Some(first.from), Some(last.until), last.end);
    }
    if let Some(i) = scan.any(start, SINCE) {
        // `from 1 January to 15 March 2026`
        if let Some(to) = (i + 1..i + 3).find(|j| scan.any(*j, TO).is_some())
            && let Some(Said::Days(last)) = scan.any(to, TO).and_then(|j| day(scan, j))
            && let Some(first) = borrowed(scan, i, to, &last)
        {
            return piece(Some(first.from), Some(last.until), last.end);
        }
        let first = day!(i);
        if let Some(j) = scan.any(first.end, TO)
            && let Some(Said::Days(last)) = day(scan, j)
        {
            return piece(Some(first.from), Some(last.until), last.end);
        }
        let on = scan.any(first.end, &["on", "onwards", "onward"]);
        let open = !scan.word(start).starts_with("from") || on.is_some();
        return piece(Some(first.from), (!open).then_some(first.until), on.unwrap_or(first.end));
    }
    if let Some(i) = scan.any(start, &["after", "later than"]) {
        let days = day!(i);
        return piece(Some(days.until), None, days.end);
    }
    if let Some(i) = scan.any(start, &["before", "earlier than", "prior to"]) {
        let days = day!(i);
        return piece(None, Some(days.from), days.end);
    }
    if let Some(i) = scan.any(start, &["until", "up to", "till", "up to and including", "through"]) {
        let days = day!(i);
        return piece(None, Some(days.until), days.end);
    }
    let led =
        scan.any(start, &["in", "for", "of", "during", "on", "from", "in the", "of the", "during the", "for the"]);
    // `the 30 days before 1 March 2026`
    if let Some((span, before)) =
        length(scan, scan.any(led.unwrap_or(start), &["the", "the last"]).unwrap_or(led.unwrap_or(start)))
        && let Some(j) = scan.any(before, &["before", "up to", "until", "preceding", "ending"])
    {
        let days = day!(j);
        return piece(days.from.checked_sub(span).ok(), Some(days.from), days.end);
    }
    let i = led?;
    let days = day!(scan.any(i, &["the year", "year"]).unwrap_or(i));
    if let Some(end) = scan.any(days.end, &["or later", "or after", "and later", "and after", "onwards", "or newer"]) {
        return piece(Some(days.from), None, end);
    }
    if let Some(end) = scan.any(days.end, &["or earlier", "or before", "and earlier", "or older"]) {
        return piece(None, Some(days.until), end);
    }
    piece(Some(days.from), Some(days.until), days.end)
}

/// `30 days`.
fn length(scan: &Scan<'_>, at: usize) -> Option<(jiff::Span, usize)> {
    let count = i64::from(super::window::number(scan, at).filter(|n| (1..=10_000).contains(n))?);
    let span = match Unit::parse(scan.word(at + 1))? {
        Unit::Hour => return None,
        Unit::Day => jiff::Span::new().try_days(count),
        Unit::Week => jiff::Span::new().try_weeks(count),
        Unit::Month => jiff::Span::new().try_months(count),
        Unit::Quarter => jiff::Span::new().try_months(count * 3),
        Unit::Year => jiff::Span::new().try_years(count),
    };
    Some((span.ok()?, at + 2))
}

/// The first day of a stretch whose month and year are said with the last: `1 and 15 March 2026`, `1 January and …`.
fn borrowed(scan: &Scan<'_>, at: usize, end: usize, last: &Days) -> Option<Days> {
    let (number, month) = match end - at {
        1 => (ordinal(scan.word(at))?, last.from.month()),
        2 => {
            let (a, b) = (scan.word(at), scan.word(at + 1));
            month(a).zip(ordinal(b)).or_else(|| month(b).zip(ordinal(a))).map(|(m, d)| (d, m))?
        }
        _ => return None,
    };
    let from = Date::new(last.from.year(), month, number).ok().filter(|f| *f <= last.from)?;
    Some(Days { from, until: from.tomorrow().ok()?, end })
}

fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|m| {
        *m == word || word.len() >= 3 && word.trim_end_matches('.') == &m[..3] || word == "sept" && *m == "september"
    })?;
    i8::try_from(at + 1).ok()
}

/// `1`, `1st`.
fn ordinal(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|e| word.strip_suffix(e)).unwrap_or(word);
    digits.parse().ok().filter(|d| (1..=31).contains(d))
}

fn year(scan: &Scan<'_>, at: usize) -> Option<i16> {
    let word = scan.word(at);
    word.parse().ok().filter(|y| (1900..=2200).contains(y) && word.len() == 4)
}

/// A day, month, quarter, half or year.
fn day(scan: &Scan<'_>, at: usize) -> Option<Said> {
    const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at = scan.any(at, WEEKDAYS).map_or(at, |i| scan.any(i, &[",", "the"]).unwrap_or(i));
    let word = scan.word(at);
    let months = |year: i16, first: i8, count: i64, end: usize| {
        let from = Date::new(year, first, 1).ok()?;
        let until = from.checked_add(jiff::Span::new().months(count)).ok()?;
        Some(Said::Days(Days { from, until, end }))
    };
    let one = |year: i16, month: i8, day: i8, end: usize| match Date::new(year, month, day) {
        Ok(from) => Some(Said::Days(Days { from, until: from.tomorrow().ok()?, end })),
        Err(_) => Some(Said::Never(end)),
    };
    // `2026-02-31` is written like a day, and is none.
    let parts: Vec<&str> = word.split('-').collect();
    if let [y, m, d] = parts[..]
        && y.len() == 4
        && m.len() == 2
        && d.len() == 2
    {
        return one(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?, at + 1);
    }
    if let [y, m] = parts[..]
        && y.len() == 4
        && m.len() == 2
    {
        return months(y.parse().ok()?, m.parse().ok()?, 1, at + 1);
    }
    if let Some(m) = month(word) {
        // `March 2026`, `March 1, 2026`
        if let Some(y) = year(scan, at + 1) {
            return months(y, m, 1, at + 2);
        }
        let d = ordinal(scan.word(at + 1))?;
        let i = scan.any(at + 2, &[",", "of"]).unwrap_or(at + 2);
        return one(year(scan, i)?, m, d, i + 1);
    }
    // `1 March 2026`, `1st of March 2026`
    if let Some(d) = ordinal(word) {
        let i = scan.any(at + 1, &["of"]).unwrap_or(at + 1);
        let m = month(scan.word(i))?;
        let j = scan.any(i + 1, &[","]).unwrap_or(i + 1);
        return one(year(scan, j)?, m, d, j + 1);
    }
    part_of_year(scan, at)
        .and_then(|(y, first, count, end)| months(y, first, count, end))
        .or_else(|| months(year(scan, at)?, 1, 12, at + 1))
}

/// `Q1 2025`, `2025 Q1`, `the first quarter of 2025`, `H1 2025`: the year, its first month, how many.
fn part_of_year(scan: &Scan<'_>, at: usize) -> Option<(i16, i8, i64, usize)> {
    let part = |word: &str| -> Option<(i8, i64)> {
        let (kind, n) = word.split_at_checked(1)?;
        let n: i8 = n.parse().ok()?;
        match kind {
            "q" if (1..=4).contains(&n) => Some((n * 3 - 2, 3)),
            "h" if (1..=2).contains(&n) => Some((n * 6 - 5, 6)),
            _ => None,
        }
    };
    if let Some((first, count)) = part(scan.word(at)) {
        let i = scan.any(at + 1, &["of", "/", "-", ","]).unwrap_or(at + 1);
        return Some((year(scan, i)?, first, count, i + 1));
    }
    if let Some((y, (first, count))) = year(scan, at).zip(part(scan.word(at + 1))) {
        return Some((y, first, count, at + 2));
    }
    let n = i8::try_from(FIRST.iter().position(|f| *f == scan.word(at))?).ok()?;
    let (first, count) = match scan.word(at + 1) {
        "quarter" => (n * 3 + 1, 3),
        "half" if n < 2 => (n * 6 + 1, 6),
        _ => return None,
    };
    let i = scan.any(at + 2, &["of the year", "of", "in"]).unwrap_or(at + 2);
    Some((year(scan, i)?, first, count, i + 1))
}
