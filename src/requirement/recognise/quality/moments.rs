//! When things happen, as checks say it: how old the newest row may be, and which of two events comes first.

use super::predicate::Cond;
use super::value;
use crate::requirement::lexicon::{Hits, SYNONYM};
use crate::requirement::piece::{Formula, Noun};
use crate::requirement::scan::Scan;
use crate::requirement::tokens::Kind;
use crate::requirement::words;

/// `shipped`, `the discharge`: the times of an event that is no column's name.
pub(super) fn event<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let start = scan.article(at);
    let token = scan.tokens.get(start).filter(|t| t.kind == Kind::Word && !words::never_noun(&t.lower))?;
    let columns = scan.lexicon.event(&token.lower)?;
    let hits = Hits { len: 1, tier: SYNONYM, tables: Vec::new(), columns };
    Some((Noun { tokens: start..start + 1, hits, modifiers: Vec::new(), values: Vec::new() }, start + 1))
}

/// `shipped before they were ordered`: the first event, and how it stands to the second.
pub(super) fn ordered<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, Cond<'a>, usize)> {
    let (first, i) = event(scan, at)?;
    let (op, i) = value::operator(scan, i)?;
    let i = scan
        .skip(i, &["they", "it", "are", "were", "is", "was", "being", "have been", "has been", "got", "their", "its"]);
    let (second, end) = event(scan, i)?;
    let second = within(second, &first)?;
    Some((first, Cond::Compare(op, Formula::Column(second)), end))
}

/// The columns of a noun that stand in a table with those of another.
fn within<'a>(mut noun: Noun<'a>, beside: &Noun<'a>) -> Option<Noun<'a>> {
    noun.hits.columns.retain(|c| beside.hits.columns.iter().any(|b| b.table == c.table));
    (!noun.hits.columns.is_empty()).then_some(noun)
}

/// How often, in hours: `once a day`, `daily`, `every 2 hours`.
fn often(scan: &Scan<'_>, at: usize) -> Option<(u32, usize)> {
    const OFTEN: &[(u32, &[&str])] = &[
        (1, &["hourly", "every hour", "once an hour", "once every hour", "each hour"]),
        (24, &["daily", "every day", "once a day", "once every day", "each day", "once per day", "every night"]),
        (168, &["weekly", "every week", "once a week", "once every week", "each week", "once per week"]),
    ];
    let plain = OFTEN.iter().filter_map(|(hours, said)| Some((*hours, scan.any(at, said)?))).max_by_key(|o| o.1);
    plain.or_else(|| value::hours(scan, scan.any(at, &["every", "once every", "each"])?))
}

/// `older than 24 hours`, `more than a day old`, `updated in the last 2 hours`, `fresh`.
pub(super) fn aged<'a>(scan: &Scan<'a>, at: usize) -> Option<(Cond<'a>, usize)> {
    if let Some((hours, end)) = scan
        .any(at, &["older than", "staler than", "behind by more than", "delayed by more than", "late by more than"])
        .and_then(|i| value::hours(scan, i))
    {
        return Some((Cond::Older(hours), end));
    }
    if let Some((hours, end)) = scan.any(at, &["more than", "over"]).and_then(|i| value::hours(scan, i))
        && let Some(end) = scan.any(end, &["old", "behind", "late", "stale"])
    {
        return Some((Cond::Older(hours), end));
    }
    let i = scan.skip(
        at,
        &[
            "updated",
            "loaded",
            "refreshed",
            "fresh",
            "from",
            "delivered",
            "arrived",
            "arrive",
            "no older than",
            "not older than",
            "younger than",
            "less than",
            "at most",
            "newer than",
            "up to date",
            "received",
            "new",
        ],
    );
    // `updated at least once a day`, `loaded every 2 hours`
    let every = scan.any(i, &["at least"]).unwrap_or(i);
    if i > at
        && let Some((hours, end)) = often(scan, every)
    {
        return Some((Cond::Within(hours), end));
    }
    if i > at {
        let i = scan.any(i, &["within", "in", "to", "within the", "in the"]).unwrap_or(i);
        let i = scan.any(i, &["the last", "the past", "last", "past"]).unwrap_or(i);
        let (hours, end) = value::hours(scan, i)?;
        return Some((Cond::Within(hours), scan.any(end, &["old", "ago"]).unwrap_or(end)));
    }
    None
}
