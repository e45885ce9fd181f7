//! What is computed from the rows around: running totals, moving averages, growth, shares, ranks.
//!
//! A piece says what is computed; of which measure is said after it (`cumulative revenue`) or before it (`revenue, with a
//! running total`).

use crate::requirement::Question;
use crate::requirement::piece::{Around, Kind, Piece, Shape};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::spec::Over;
use crate::vocabulary::{Span, Unit};

use super::top::{NUMBERS, counted};

#[rustfmt::skip]
const LEAD: &[&str] = &["with", "and", "plus", "a", "an", "the", "its", "their", "also", "as well as", "show", "include", "together", "along", "of each", ","];
#[rustfmt::skip]
const RUNNING: &[&str] = &[
    "running total", "running totals", "running sum", "running sums", "running count", "running counts", "cumulative total", "cumulative totals", "cumulative sum", "cumulative sums", "cumulative count",
    "cumulative", "cumulated", "accumulated total", "running", "total so far", "cumulatively", "running balance",
];
const MOVING: &[&str] = &["moving", "rolling", "trailing", "sliding"];
const MEAN: &[&str] = &["average", "averages", "mean", "avg", "means"];
const PERCENT: &[&str] = &["percent", "percentage", "%", "pct", "per cent", "in percent", "percentual"];
#[rustfmt::skip]
const GROWTH: &[&str] = &["how much it grew", "how much it has grown", "how much they grew", "how fast it grew", "growth", "growth rate", "growth rates", "rate of growth", "rate of change", "growth percentage"];
#[rustfmt::skip]
const CHANGE: &[&str] = &["how much it changed", "how much it has changed", "how it changed", "how much it rose", "how much they changed", "change", "changes", "difference", "differences", "delta", "absolute change", "increase", "absolute difference"];
#[rustfmt::skip]
const OVERS: &[(&str, Unit)] = &[
    ("day over day", Unit::Day), ("day-over-day", Unit::Day), ("dod", Unit::Day), ("week over week", Unit::Week), ("week-over-week", Unit::Week), ("wow", Unit::Week), ("week on week", Unit::Week),
    ("week-on-week", Unit::Week), ("month over month", Unit::Month), ("month-over-month", Unit::Month), ("mom", Unit::Month), ("month on month", Unit::Month), ("month-on-month", Unit::Month),
    ("quarter over quarter", Unit::Quarter), ("quarter-over-quarter", Unit::Quarter), ("qoq", Unit::Quarter), ("year over year", Unit::Year), ("year-over-year", Unit::Year), ("yoy", Unit::Year),
    ("year on year", Unit::Year), ("year-on-year", Unit::Year), ("day on day", Unit::Day), ("quarter on quarter", Unit::Quarter),
];
/// Compares by itself; the other words only after `growth` or `change`.
#[rustfmt::skip]
const AGAINST: &[&str] = &[
    "compared to", "compared with", "versus", "vs", "vs.", "vs .", "against", "relative to", "compared to that of", "compared with that of", "in comparison to", "in comparison with", "compared to the value of",
];
#[rustfmt::skip]
const SINCE: &[&str] = &["over", "from", "to", "on", "since", "than", "of", "with respect to"];
const PREVIOUS: &[&str] = &["previous", "prior", "preceding", "last", "one before", "earlier"];
#[rustfmt::skip]
const SHARE: &[&str] = &[
    "share", "shares", "percentage share", "percent share", "percentage", "percentages", "percent", "proportion", "fraction", "contribution", "%", "relative share", "pct", "part",
];
#[rustfmt::skip]
const WHOLE: &[&str] = &[
    "of total", "of the total", "of the overall total", "of all", "of the whole", "of overall", "in the total", "of the grand total", "of grand total", "in total", "to the total", "of the overall", "in the overall",
    "to total", "of the sum",
];
const RANK: &[&str] = &["rank", "ranks", "ranking", "ranked", "rank them", "rank number", "position in the ranking"];

/// Reads what is computed from the rows around.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    if let Some(Kind::Shape(Shape::Around(Around { next: true, .. }))) = before.last().map(|p| &p.kind) {
        return counted(scan, at);
    }
    let i = scan.skip(at, LEAD);
    running(scan, at, i)
        .or_else(|| moving(scan, at, i))
        .or_else(|| against(scan, at, before))
        .or_else(|| grown(scan, at, i, before))
        .or_else(|| previous(scan, at, i, before))
        .or_else(|| share(scan, at, i))
        .or_else(|| rank(scan, at, i, before))
        .or_else(|| percent(scan, at, before))
}

fn piece<'a>(tokens: std::ops::Range<usize>, around: Around<'a>) -> Option<Piece<'a>> {
    Some(Piece { tokens, kind: Kind::Shape(Shape::Around(around)) })
}

/// Whether a measure is said after it, past `of`; where that starts.
fn next(scan: &Scan<'_>, end: usize) -> (usize, bool) {
    let i = scan.any(end, &["of", "of the", "in", "in the", "for", "of their", "of its"]).unwrap_or(end);
    let joined = i == end && scan.article(i) > i;
    if !joined && counted(scan, i).is_some() { (i, true) } else { (end, false) }
}

fn running<'a>(scan: &Scan<'a>, at: usize, i: usize) -> Option<Piece<'a>> {
    let end = scan.any(i, RUNNING)?;
    // `cumulative` and `running` by themselves need a measure beside them.
    let several = scan.word(end - 1).ends_with('s');
    let (end, next) = next(scan, end);
    if !next && scan.word(end - 1) == "running" {
        return None;
    }
    piece(at..end, Around { next, several, ..Around::new(Over::Running) })
}

/// `7 days`, `7-day`, `three-month`.
fn span(scan: &Scan<'_>, at: usize) -> Option<(Span, usize)> {
    let token = scan.tokens.get(at)?;
    let number = |word: &str| word.parse().ok().or_else(|| NUMBERS.iter().find(|n| n.0 == word).map(|n| n.1));
    if let Some((count, unit)) = token.lower.split_once('-')
        && let (Some(count), Some(unit)) = (number(count), Unit::parse(unit))
    {
        return Some((Span { count, unit }, at + 1));
    }
    let count = number(&token.lower).filter(|n| (1..=10_000).contains(n))?;
    let i = scan.any(at + 1, &["-", "–"]).unwrap_or(at + 1);
    if scan.any(i, &["periods", "rows", "values", "points"]).is_some() {
        return None;
    }
    Some((Span { count, unit: Unit::parse(scan.word(i))? }, i + 1))
}

fn moving<'a>(scan: &Scan<'a>, at: usize, i: usize) -> Option<Piece<'a>> {
    let first = span(scan, i);
    let i = first.map_or(i, |s| s.1);
    let i = scan.any(i, MOVING)?;
    let second = if first.is_none() { span(scan, i) } else { None };
    let after = second.map_or(i, |s| s.1);
    let mean = scan.any(after, MEAN);
    let sum = scan.any(after, &["sum", "sums", "total", "totals"]);
    let mut length = first.or(second).map(|s| s.0);
    let over_what = if mean.is_some() { Over::MovingAverage } else { Over::MovingSum };
    // `rolling 3 months of revenue`, `trailing 12-month revenue`: what is summed stands right after it.
    let end = mean.or(sum).or_else(|| length.filter(|_| next(scan, after).1).map(|_| after))?;
    let (mut end, next) = next(scan, end);
    if !next
        && length.is_none()
        && let Some((said, after)) = over(scan, end)
    {
        (length, end) = (Some(said), after);
    }
    piece(at..end, Around { next, span: length, ..Around::new(over_what) })
}

/// `over the last 7 days`.
fn over(scan: &Scan<'_>, at: usize) -> Option<(Span, usize)> {
    let i = scan.any(at, &["over", "of", "for", "across", "with a window of", "using", "in", "over a window of"])?;
    let i = scan.skip(i, &["the", "last", "past", "previous", "a", "every", "trailing", "preceding"]);
    span(scan, i)
}

/// `week on week`: where it ends.
pub fn over_unit(scan: &Scan<'_>, at: usize) -> Option<usize> {
    OVERS.iter().filter_map(|o| scan.phrase(at, o.0)).max()
}

fn grown<'a>(scan: &Scan<'a>, at: usize, i: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let unit = OVERS.iter().filter_map(|o| Some((scan.phrase(i, o.0)?, o.1))).max_by_key(|o| o.0);
    let i = unit.map_or(i, |u| u.0);
    let first = scan.any(i, PERCENT).or_else(|| scan.any(i, &["relative"]));
    let j = first.unwrap_or(i);
    let growth = scan.any(j, GROWTH);
    let head = growth.or_else(|| scan.any(j, CHANGE));
    let Some(end) = head else {
        // `month over month` alone, and before the measure: `month over month revenue`.
        let (unit, end) = unit.map(|u| (u.1, u.0))?;
        let (end, next) = next(scan, end);
        return piece(at..end, Around { next, unit: Some(unit), ..Around::new(Over::Growth) });
    };
    let percent = first.is_some_and(|f| scan.word(f - 1) != "relative") || scan.words(&(j..end)).contains("percent");
    let over = if growth.is_some() || first.is_some() { Over::Growth } else { Over::Change };
    let brackets = scan
        .phrase(end, "( % )")
        .or_else(|| scan.any(end, &["in percent", "in %", "as a percentage", "percentage", "in per cent", "%"]));
    let (percent, end) = (percent || brackets.is_some(), brackets.unwrap_or(end));
    let over = if brackets.is_some() { Over::Growth } else { over };
    let (after, next) = next(scan, end);
    let measured = matches!(
        before.last().map(|p| &p.kind),
        Some(Kind::Measure(_) | Kind::Shape(Shape::Against(_) | Shape::Around(_)))
    );
    let compared = period(scan, after, true).is_some();
    // `changes to customers` is history: a change is one of a measure, or over a period.
    if growth.is_none() && unit.is_none() && !(next || measured || compared || first.is_some()) {
        return None;
    }
    piece(at..after, Around { next, unit: unit.map(|u| u.1), percent, ..Around::new(over) })
}

/// `over the previous month`, `than a year ago`: the unit, and where it ends.
fn period(scan: &Scan<'_>, at: usize, weak: bool) -> Option<(Unit, usize)> {
    let i = scan.any(at, AGAINST).or_else(|| scan.any(at, SINCE).filter(|_| weak))?;
    let i = scan.skip(i, &["the", "that of", "its", "a", "one", "that in"]);
    for same in ["same month", "same day", "same week", "same period", "same quarter"] {
        if let Some(end) = scan.phrase(i, same) {
            let end = scan.any(end, &["of the", "in the", "of", "in", "the"]).unwrap_or(end);
            let end = scan.any(
                end,
                &["last year", "previous year", "year before", "prior year", "a year ago", "preceding year"],
            )?;
            return Some((Unit::Year, end));
        }
    }
    if let Some(i) = scan.any(i, PREVIOUS) {
        let unit = Unit::parse(scan.word(i)).filter(|_| !scan.word(i).ends_with('s'))?;
        return Some((unit, i + 1));
    }
    let unit = Unit::parse(scan.word(i)).filter(|_| !scan.word(i).ends_with('s'))?;
    Some((unit, scan.any(i + 1, &["before", "ago", "earlier", "previously"])?))
}

fn against<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, &["and", ",", "each", "as", "with"]);
    let start = if scan.any(at, AGAINST).is_some() { at } else { start };
    // A growth before it that nobody said a period of.
    let open = before.iter().rev().find_map(|p| match &p.kind {
        Kind::Shape(Shape::Around(a)) if matches!(a.over, Over::Growth | Over::Change) => Some(a.unit.is_none()),
        Kind::Shape(Shape::Against(_)) => Some(false),
        _ => None,
    });
    let (unit, end) = period(scan, start, open == Some(true))?;
    Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Against(unit)) })
}

/// `the previous day's revenue`, `revenue of the previous month`; not `orders of the previous month`, which is a window.
fn previous<'a>(scan: &Scan<'a>, at: usize, i: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(i, &["that of the", "the one of the", "value of the", "those of the"]).unwrap_or(i);
    let unit_at = scan.any(start, PREVIOUS)?;
    let unit = Unit::parse(scan.word(unit_at)).filter(|_| !scan.word(unit_at).ends_with('s'))?;
    let end = unit_at + 1;
    let owned =
        scan.words(&(unit_at..end)).to_lowercase().ends_with("'s") || scan.words(&(unit_at..end)).ends_with("’s");
    let measured = before.iter().any(|p| matches!(p.kind, Kind::Measure(_)));
    if !measured || !(owned || start > i) {
        return None;
    }
    let value = scan.any(end, &["value", "values", "figure", "number", "total"]).filter(|_| owned);
    let (end, next) = value.map_or_else(|| next(scan, end), |end| (end, false));
    piece(at..end, Around { next: next && owned, unit: Some(unit), ..Around::new(Over::Previous) })
}

fn share<'a>(scan: &Scan<'a>, at: usize, i: usize) -> Option<Piece<'a>> {
    if scan.hits(i).is_some_and(|h| h.tier == 0) {
        return None;
    }
    let said = scan.any(i, SHARE)?;
    let percent = (i..said).any(|n| scan.word(n).starts_with("percent") || matches!(scan.word(n), "%" | "pct"));
    // `share of each category in the revenue`, `share of total revenue per month`.
    let mut end = said;
    let mut of_each = None;
    if let Some(j) = scan.any(end, &["of each", "of every", "per", "by", "for each"]) {
        let (items, after) = super::group::item(scan, j)?;
        of_each = items.into_iter().next();
        end = scan.any(after, &["in", "of", "in the", "of the", "to the"]).unwrap_or(after);
    }
    let whole = scan.any(end, WHOLE);
    let time = scan
        .any(end, &["of the", "of that", "in the", "of their", "of each", "in each", "of its"])
        .and_then(|j| Some((Unit::parse(scan.word(j)).or_else(|| adjective(scan.word(j)))?, j + 1)));
    if let Some((unit, after)) = time.filter(|_| whole.is_none()) {
        let after = scan.any(after, &["total", "'s total", "totals"]).unwrap_or(after);
        let (end, next) = next(scan, after);
        return piece(at..end, Around { next, percent, unit: Some(unit), of_each, ..Around::new(Over::Share) });
    }
    let (after, mut next) = next(scan, whole.unwrap_or(end));
    // `percentage of invoices that are paid`: a part of the rows, by a condition.
    if next && whole.is_none() && of_each.is_none() {
        let measure = counted(scan, after)?;
        let Kind::Measure(m) = &measure.kind else { return None };
        let rows = matches!(m.what, crate::requirement::piece::What::Count { .. });
        let more = scan.any(
            measure.tokens.end,
            &["that", "who", "which", "with", "was", "were", "is", "are", "where", "in", "having", "without"],
        );
        if rows
            && (more.is_some()
                || !m.values.is_empty()
                || scan.lexicon.value(&scan.tokens, measure.tokens.end).is_some())
        {
            return None;
        }
    }
    let lone = whole.is_none() && !next && of_each.is_none();
    if lone {
        // `revenue per category and its share`; `percent` alone belongs to something else.
        let owned = i > at && scan.word(said - 1) != "part" && scan.any(said, &["of"]).is_none();
        if !owned || percent && scan.word(said - 1).starts_with("percent") && scan.any(at, &["in", "as"]).is_some() {
            return None;
        }
        next = false;
    }
    piece(at..after, Around { next, percent, of_each, total: whole.is_some(), ..Around::new(Over::Share) })
}

fn adjective(word: &str) -> Option<Unit> {
    Some(match word {
        "hourly" => Unit::Hour,
        "daily" => Unit::Day,
        "weekly" => Unit::Week,
        "monthly" => Unit::Month,
        "quarterly" => Unit::Quarter,
        "yearly" | "annual" => Unit::Year,
        _ => return None,
    })
}

fn rank<'a>(scan: &Scan<'a>, at: usize, i: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    if scan.hits(i).is_some_and(|h| h.tier == 0) || before.is_empty() {
        return None;
    }
    let end = scan.any(i, RANK)?;
    let by = scan.any(end, &["by", "on", "according to", "based on", "by the"]);
    match by.filter(|j| counted(scan, *j).is_some()) {
        Some(by) => piece(at..by, Around { next: true, ..Around::new(Over::Rank) }),
        None => piece(at..end, Around::new(Over::Rank)),
    }
}

/// `growth …, in percent`; and how long a moving average is, said after its measure.
fn percent<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let around = before.iter().rev().find_map(|p| match &p.kind {
        Kind::Shape(Shape::Around(around)) => Some(around),
        _ => None,
    })?;
    if around.over.moving()
        && around.span.is_none()
        && let Some((span, end)) = over(scan, at)
    {
        return Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Span(span)) });
    }
    let i = scan.skip(at, &[",", "(", "as a", "as", "in", "expressed in", "expressed as a", "both"]);
    let end = scan.any(i, &["percent", "percentage", "%", "percentages", "per cent"]).filter(|_| i > at)?;
    let end = scan.any(end, &[")"]).unwrap_or(end);
    matches!(around.over, Over::Growth | Over::Change | Over::Share)
        .then_some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Percent) })
}

/// Asks for what nobody said: how long a moving average is.
pub fn finish<'a>(scan: &Scan<'a>, pieces: &mut [Piece<'a>]) {
    let said = pieces.iter().any(|p| matches!(p.kind, Kind::Shape(Shape::Span(_))));
    for piece in pieces.iter_mut() {
        let Kind::Shape(Shape::Around(around)) = &piece.kind else { continue };
        if !around.over.moving() || around.span.is_some() || said {
            continue;
        }
        let words = scan.words(&piece.tokens);
        let marks = scan.tokens.get(piece.tokens.start).is_some_and(|t| t.kind == tokens::Kind::Mark);
        let about = format!("`{}`: over how long?", if marks { words.trim_start_matches([',', ' ']) } else { words });
        let question = Question::new(about).key("moving").saying("{words} over {}");
        piece.kind = Kind::Ask(question.or("7 days").or("30 days").or("3 months").or("…"));
    }
}
