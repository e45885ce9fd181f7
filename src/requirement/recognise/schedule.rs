//! When the pipeline runs: `every weekday at 06:30`, `hourly`, `on the first of the month`.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::words;
use crate::vocabulary::Unit;

/// A schedule, perhaps only a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// On which days, or how often.
    pub every: Every,
    /// Hour and minute.
    pub time: Option<(u8, u8)>,
}

/// On which days, or how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Every {
    /// Only a time was said.
    Unsaid,
    /// Every so many minutes.
    Minutes(u8),
    /// Every so many hours.
    Hours(u8),
    /// Every day.
    Day,
    /// These days of the week, 0 for Sunday, as cron writes them.
    Week(String),
    /// This day of the month.
    Month(u8),
    /// The last day of the month.
    MonthEnd,
    /// So many times a day.
    Times(u8),
    /// The first day of the year.
    Year,
    /// The first day of each quarter.
    Quarter,
}

impl When {
    /// Five cron fields; 06:00 where no time was said.
    pub fn cron(&self) -> String {
        let (hour, minute) = self.time.unwrap_or((6, 0));
        match &self.every {
            Every::Minutes(n) => format!("*/{n} * * * *"),
            Every::Hours(1) => "0 * * * *".into(),
            Every::Hours(n) => format!("0 */{n} * * *"),
            Every::Unsaid | Every::Day => format!("{minute} {hour} * * *"),
            Every::Week(days) => format!("{minute} {hour} * * {days}"),
            Every::MonthEnd => format!("{minute} {hour} L * *"),
            Every::Times(n) => {
                let each = 24 / n.max(&1);
                let hours: Vec<String> = (0..*n).map(|i| ((hour + i * each) % 24).to_string()).collect();
                format!("{minute} {} * * *", hours.join(","))
            }
            Every::Month(day) => format!("{minute} {hour} {day} * *"),
            Every::Year => format!("{minute} {hour} 1 1 *"),
            Every::Quarter => format!("{minute} {hour} 1 */3 *"),
        }
    }

    /// Whether 06:00 was filled in.
    pub fn assumes_time(&self) -> bool {
        self.time.is_none() && !matches!(self.every, Every::Minutes(_) | Every::Hours(_))
    }

    /// The schedule that follows from a model's grain.
    pub fn of_grain(unit: Unit) -> Every {
        match unit {
            Unit::Hour => Every::Hours(1),
            Unit::Day => Every::Day,
            Unit::Week => Every::Week("1".into()),
            Unit::Month => Every::Month(1),
            Unit::Quarter => Every::Quarter,
            Unit::Year => Every::Year,
        }
    }
}

#[rustfmt::skip]
const DAYS: &[(&str, u8)] =
    &[("sunday", 0), ("monday", 1), ("tuesday", 2), ("wednesday", 3), ("thursday", 4), ("friday", 5), ("saturday", 6)];

/// Most words before that a verb is looked for among.
const CLAUSE: usize = 40;

/// Reads schedules.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(at, &["on", "always"]).unwrap_or(at);
    let (every, end, sure) = every(scan, start)?;
    let (time, end) = match time(scan, end) {
        Some((time, end)) => (Some(time), end),
        None => (None, end),
    };
    if !sure && time.is_none() && !means_run(scan, at, end, before) {
        return None;
    }
    Some(Piece { tokens: at..end, kind: Kind::Schedule(When { every, time }) })
}

/// How often; and whether it can be nothing but a schedule.
fn every(scan: &Scan<'_>, at: usize) -> Option<(Every, usize, bool)> {
    if let Some((_, end)) = time(scan, at) {
        return Some((Every::Unsaid, at, end > at));
    }
    if let Some(end) = scan.any(
        at,
        &[
            "every weekday",
            "each weekday",
            "weekdays",
            "on weekdays",
            "every working day",
            "every business day",
            "every workday",
            "each working day",
            "each business day",
            "working days",
            "business days",
            "monday to friday",
            "monday through friday",
        ],
    ) {
        return Some((Every::Week("1-5".into()), end, true));
    }
    if let Some(end) = scan.any(at, &["every weekend", "at weekends", "on weekends", "weekends"]) {
        return Some((Every::Week("0,6".into()), end, true));
    }
    if let Some(end) = month_end(scan, at) {
        return Some((Every::MonthEnd, end, true));
    }
    if let Some((n, end)) = times_a_day(scan, at) {
        return Some((Every::Times(n), end, true));
    }
    if let Some((day, end)) = day_of_month(scan, at) {
        return Some((Every::Month(day), end, true));
    }
    if let Some((days, end)) = weekdays(
        scan,
        scan.any(at, &["every", "each", "weekly", "weekly on", "every week", "every week on", "once a week on"])
            .unwrap_or(at),
    ) {
        return Some((Every::Week(days), end, true));
    }
    if let Some(i) = scan.any(at, &["every", "each"]) {
        let n = scan.word(i).parse::<u8>().ok().or(match scan.word(i) {
            "two" => Some(2),
            "three" => Some(3),
            "four" => Some(4),
            "five" => Some(5),
            "six" => Some(6),
            "ten" => Some(10),
            "fifteen" => Some(15),
            "thirty" => Some(30),
            _ => None,
        });
        if let Some(n) = n {
            return match scan.word(i + 1) {
                "minutes" | "minute" | "mins" | "min" if (1..=30).contains(&n) && 60 % n == 0 => {
                    Some((Every::Minutes(n), i + 2, true))
                }
                "minutes" | "mins" if n == 60 => Some((Every::Hours(1), i + 2, true)),
                "hours" | "hour" if (1..=12).contains(&n) && 24 % n == 0 => Some((Every::Hours(n), i + 2, true)),
                "hours" if n == 24 => Some((Every::Day, i + 2, true)),
                _ => None,
            };
        }
        if let Some(end) = scan.any(i, &["half hour", "half an hour"]) {
            return Some((Every::Minutes(30), end, true));
        }
        if let Some(end) = scan.any(i, &["minute"]) {
            return Some((Every::Minutes(1), end, true));
        }
        if let Some(end) = scan.any(i, &["night", "morning", "evening"]) {
            return Some((Every::Day, end, true));
        }
        let unit = Unit::parse(scan.word(i))?;
        return Some((When::of_grain(unit), i + 1, false));
    }
    let (every, sure) = match scan.word(at) {
        "hourly" => (Every::Hours(1), false),
        "daily" => (Every::Day, false),
        "nightly" => (Every::Day, true),
        "weekly" => (Every::Week("1".into()), false),
        "monthly" => (Every::Month(1), false),
        "quarterly" => (Every::Quarter, false),
        "yearly" | "annually" => (Every::Year, false),
        _ => match scan.any(at, &["once a day", "once per day", "once daily"]) {
            Some(end) => return Some((Every::Day, end, true)),
            None => match scan.any(at, &["once a week", "once per week"]) {
                Some(end) => return Some((Every::Week("1".into()), end, true)),
                None => match scan.any(at, &["once a month", "once per month"]) {
                    Some(end) => return Some((Every::Month(1), end, true)),
                    None => (Every::Hours(1), scan.any(at, &["once an hour", "once per hour"]).map(|_| true)?),
                },
            },
        },
    };
    let end = scan.any(at, &["once an hour", "once per hour"]).unwrap_or(at + 1);
    Some((every, end, sure))
}

/// `daily` and `every day` say when to run only beside a verb of running; elsewhere they are the grain.
fn means_run(scan: &Scan<'_>, at: usize, end: usize, before: &[Piece<'_>]) -> bool {
    let adjective = !matches!(scan.word(at), "every" | "each");
    let next = scan.skip(end, &[",", "please"]);
    let runs = |i: usize| scan.any(i, words::RUN).is_some() || scan.any(i, words::INGEST).is_some();
    if matches!(scan.word(at.wrapping_sub(1)), "in" | "for" | "per" | "by") {
        return false;
    }
    if runs(next) {
        return true;
    }
    let ends = end >= scan.tokens.len()
        || scan.tokens[end].kind == crate::requirement::tokens::Kind::Mark
        || matches!(scan.word(end), "and" | "then" | "with" | "from" | "to" | "into");
    let clause = (0..at).rev().take(CLAUSE).take_while(|i| !scan.tokens[*i].ends_clause()).last().unwrap_or(at);
    let verb_before = (clause..at).any(runs);
    let measured = before.iter().any(|p| p.tokens.start >= clause && matches!(p.kind, Kind::Measure(_)));
    if adjective {
        return ends && verb_before && !measured;
    }
    // `every day …` first of all, or after what is to be run.
    let starts = at == clause;
    let builds = (clause..at).any(|i| scan.any(i, words::BUILD).is_some());
    scan.word(at) == "every"
        && !measured
        && (verb_before || (starts && scan.any(next, words::BUILD).is_some()) || (builds && ends))
}

fn weekdays(scan: &Scan<'_>, at: usize) -> Option<(String, usize)> {
    let day = |i: usize| {
        let word = scan.word(i);
        DAYS.iter().find(|d| d.0 == word || word.strip_suffix('s') == Some(d.0)).map(|d| d.1)
    };
    let mut days = vec![day(at)?];
    let mut end = at + 1;
    while let Some(next) = scan.any(end, &["and", ",", ", and", "&"]) {
        let Some(d) = day(next) else { break };
        days.push(d);
        end = next + 1;
    }
    days.sort_unstable();
    days.dedup();
    let morning = scan.any(end, &["morning", "night", "evening"]).unwrap_or(end);
    Some((days.iter().map(u8::to_string).collect::<Vec<_>>().join(","), morning))
}

/// `on the last day of the month`, `at the end of each month`.
fn month_end(scan: &Scan<'_>, at: usize) -> Option<usize> {
    const LAST: &[&str] =
        &["the last day of", "last day of", "the end of", "month end", "at the end of", "at month end"];
    const MONTH: &[&str] = &["the month", "every month", "each month", "a month"];
    let i = scan.any(at, &["on", "at", "always on", "every month on"]).unwrap_or(at);
    if let Some(end) = scan.any(i, &["month end", "every month end", "the month end"]) {
        return Some(end);
    }
    scan.any(scan.any(i, LAST)?, MONTH)
}

/// `twice a day`, `3 times a day`.
fn times_a_day(scan: &Scan<'_>, at: usize) -> Option<(u8, usize)> {
    let (n, i) = match scan.word(at) {
        "twice" => (2, at + 1),
        "three" | "3" => (3, scan.any(at + 1, &["times"])?),
        "four" | "4" => (4, scan.any(at + 1, &["times"])?),
        "six" | "6" => (6, scan.any(at + 1, &["times"])?),
        _ => return None,
    };
    Some((n, scan.any(i, &["a day", "per day", "daily", "each day", "every day"])?))
}

fn day_of_month(scan: &Scan<'_>, at: usize) -> Option<(u8, usize)> {
    let i = scan.any(at, &["the", "on the", "every month on the", "monthly on the"]).unwrap_or(at);
    let (day, mut i) = match scan.word(i) {
        "first" => (1, i + 1),
        "second" => (2, i + 1),
        "fifteenth" => (15, i + 1),
        word => {
            let digits = ["st", "nd", "rd", "th"].iter().find_map(|e| word.strip_suffix(e))?;
            (digits.parse::<u8>().ok().filter(|d| (1..=28).contains(d))?, i + 1)
        }
    };
    i = scan.any(i, &["day"]).unwrap_or(i);
    Some((day, scan.any(i, &["of the month", "of every month", "of each month", "of a month", "in the month"])?))
}

/// `at 06:30`, `at 6 pm`, `at noon`.
fn time(scan: &Scan<'_>, at: usize) -> Option<((u8, u8), usize)> {
    let i = scan.any(at, &["at", "at around", ", at", "around"])?;
    match scan.word(i) {
        "noon" | "midday" => return Some(((12, 0), i + 1)),
        "midnight" => return Some(((0, 0), i + 1)),
        _ => {}
    }
    let word = scan.word(i);
    let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(d), _) => (d, Some(0)),
        (_, Some(d)) => (d, Some(12)),
        _ => (word, None),
    };
    let (hour, minute) = match digits.split_once([':', '.']) {
        Some((h, m)) => (h.parse::<u8>().ok()?, m.parse::<u8>().ok().filter(|_| m.len() == 2)?),
        None => (digits.parse().ok()?, 0),
    };
    let mut end = i + 1;
    let half = half.or_else(|| {
        let found = match scan.word(end) {
            "am" | "a.m" | "o'clock" => Some(0),
            "pm" | "p.m" => Some(12),
            _ => None,
        };
        end += usize::from(found.is_some());
        found
    });
    end = scan.any(end, &["o'clock", "h", "hours", "sharp", "in the morning"]).unwrap_or(end);
    let hour = match half {
        Some(0) if hour == 12 => 0,
        Some(12) if hour < 12 => hour + 12,
        _ => hour,
    };
    (hour < 24 && minute < 60).then_some(((hour, minute), end))
}
