//! One number over another: `share of cancelled orders`, `percentage of customers with a phone`, `paid orders divided by
//! orders`, `average number of items per order`.

use crate::requirement::piece::{Filter, Kind, Measure, Noun, Piece, Value, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;

#[rustfmt::skip]
const SHARE: &[(&str, bool)] = &[
    ("share of", false), ("proportion of", false), ("fraction of", false), ("ratio of", false), ("rate of", false), ("part of", false), ("percentage of", true), ("percent of", true), ("% of", true), ("pct of", true),
    ("share", false), ("percentage", true), ("percent", true),
];
const LEAD: &[&str] =
    &["the", "a", "what", "which", "what is", "what was", "their", "its", "with", "and", "show", "as well as", ","];
const TAIL: &[&str] = &[
    "that",
    "which",
    "who",
    "where",
    "are",
    "is",
    "was",
    "were",
    "have been",
    "has been",
    "got",
    "being",
    "had been",
    "have",
    "ended up",
    "ended",
    "became",
    "in status",
    "with status",
];
const DIVIDED: &[&str] = &["divided by", "over", "/", "per one of", "relative to", "in relation to"];
const ROWS: &[&str] = &["rows", "records", "entries", "cases", "them"];

/// Reads a share or a ratio.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, LEAD);
    let (measure, end) = ratio_of(scan, start)
        .or_else(|| share(scan, start))
        .or_else(|| average_per(scan, start))
        .or_else(|| divided(scan, start))
        .or_else(|| rate(scan, start))?;
    let end = scan.any(end, &["as a percentage", "in percent", "as percent", "as a percent"]).map_or(end, |e| e);
    let percent = end > 0 && matches!(scan.word(end - 1), "percentage" | "percent") && end > start + 1;
    let measure = match measure.what {
        What::Share { noun, of, filter, percent: said } => {
            Measure { what: What::Share { noun, of, filter, percent: said || percent }, ..measure }
        }
        What::Ratio { left, right, name, percent: said } => {
            Measure { what: What::Ratio { left, right, name, percent: said || percent }, ..measure }
        }
        what => Measure { what, ..measure },
    };
    Some(Piece { tokens: at..end, kind: Kind::Measure(measure) })
}

/// `title` where what it is comes later: `attendance rate, i.e. the share of rows that are present`.
pub fn title<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let (noun, end) = scan.head(scan.article(at))?;
    let end = scan.any(end, &["rate", "ratio", "quota"])?;
    let later = (end..scan.tokens.len()).any(|i| SHARE.iter().any(|(say, _)| scan.phrase(i, say).is_some()));
    (later && !noun.hits.tables.is_empty()).then_some(Piece { tokens: at..end, kind: Kind::Noun(noun) })
}

/// `share of cancelled orders`, `what percentage of orders were cancelled`.
fn share<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let (end, percent) = SHARE.iter().filter_map(|(say, p)| Some((scan.phrase(at, say)?, *p))).max_by_key(|f| f.0)?;
    let i = scan.article(end);
    if let Some(end) = scan.any(i, ROWS) {
        let (values, filter, end) = condition(scan, end)?;
        let what = What::Share { noun: None, of: Vec::new(), filter: filter.map(Box::new), percent };
        return Some((Measure { what, values }, end));
    }
    let (mut noun, end) = scan.noun(i).filter(|n| !n.0.hits.tables.is_empty())?;
    let before = std::mem::take(&mut noun.values);
    if let Some((filter, end)) = others(scan, &noun, end) {
        let what = What::Share { noun: Some(noun), of: before, filter: Some(Box::new(filter)), percent };
        return Some((Measure { what, values: Vec::new() }, end));
    }
    // `percentage of customers per country who placed an order`: the condition comes after the groups.
    let groups = super::group::read(scan, end, &[]).filter(|p| matches!(p.kind, Kind::Group(_)));
    if groups.is_some_and(|g| others(scan, &noun, g.tokens.end).is_some()) {
        let what = What::Share { noun: Some(noun), of: before, filter: None, percent };
        return Some((Measure { what, values: Vec::new() }, end));
    }
    let subject = [Piece { tokens: noun.tokens.clone(), kind: Kind::Noun(noun.clone()) }];
    let compared = match super::comparative::read(scan, end, &subject) {
        Some(Piece { tokens, kind: Kind::Filter(filter) }) => Some((Vec::new(), Some(filter), tokens.end)),
        _ => None,
    };
    if let Some((values, filter, end)) = compared.or_else(|| condition(scan, end)) {
        let what = What::Share { noun: Some(noun), of: before, filter: filter.map(Box::new), percent };
        return Some((Measure { what, values }, end));
    }
    if before.is_empty() {
        return None;
    }
    let what = What::Share { noun: Some(noun), of: Vec::new(), filter: None, percent };
    Some((Measure { what, values: before }, end))
}

/// What rows must meet to count: values, or another condition.
#[allow(clippy::type_complexity)]
fn condition<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Value<'a>>, Option<Filter<'a>>, usize)> {
    let i = scan.skip(at, TAIL);
    let (values, end) = scan.values(i);
    if !values.is_empty() && i > at {
        return Some((values, None, end));
    }
    for from in [at, i] {
        if let Some(Piece { tokens, kind: Kind::Filter(filter) }) = super::filter::read(scan, from, &[]) {
            return Some(match filter {
                Filter::Values { negative: false, values, noun: None } => (values, None, tokens.end),
                filter => (Vec::new(), Some(filter), tokens.end),
            });
        }
    }
    None
}

/// `customers with an order`, `guests who never booked`: rows that have or lack others.
fn others<'a>(scan: &Scan<'a>, noun: &Noun<'a>, at: usize) -> Option<(Filter<'a>, usize)> {
    let subject = Piece { tokens: noun.tokens.clone(), kind: Kind::Noun(noun.clone()) };
    match super::others::read(scan, at, &[subject])? {
        Piece { tokens, kind: Kind::Filter(filter @ Filter::Others(_)) } => Some((filter, tokens.end)),
        _ => None,
    }
}

/// `cancellation rate`, `no-show rate`: the share of rows that have the value.
fn rate<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let (len, of) = scan.lexicon.value(&scan.tokens, at)?;
    let end = scan.any(at + len, &["rate", "ratio", "share", "percentage", "quota"])?;
    let percent = scan.word(end - 1) == "percentage";
    let values = vec![Value { tokens: at..at + len, of: of.to_vec() }];
    Some((Measure { what: What::Share { noun: None, of: Vec::new(), filter: None, percent }, values }, end))
}

/// One side of a ratio: a measure, or the number of rows of a table.
fn side<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let i = scan.skip(scan.article(at), &["all", "total number of all"]);
    super::measure::one(scan, i).or_else(|| counted(scan, i))
}

fn counted<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let (mut noun, end) = scan.noun(at).filter(|n| !n.0.hits.tables.is_empty())?;
    let values = std::mem::take(&mut noun.values);
    Some((Measure { what: What::Count { noun, distinct: false, active: false }, values }, end))
}

fn ratio<'a>(left: Measure<'a>, right: Measure<'a>, name: Option<String>) -> Measure<'a> {
    let what = What::Ratio { left: Box::new(left), right: Box::new(right), name, percent: false };
    Measure { what, values: Vec::new() }
}

/// `ratio of cancelled orders to all orders`.
fn ratio_of<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let i = scan.any(at, &["ratio of", "ratio between", "quotient of"])?;
    let (left, end) = side(scan, i)?;
    let (right, end) = side(scan, scan.any(end, &["to", "and", "over"])?)?;
    Some((ratio(left, right, None), end))
}

/// `conversion rate = paid orders divided by all orders`, `revenue divided by the number of customers`.
fn divided<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let plain = |i: usize| {
        let (left, end) = side(scan, i)?;
        let (right, end) = side(scan, scan.any(end, DIVIDED)?)?;
        Some((left, right, end))
    };
    if let Some((left, right, end)) = plain(at) {
        return Some((ratio(left, right, None), end));
    }
    let is = &[
        "=",
        "is",
        "as",
        "equals",
        "being",
        "is defined as",
        "defined as",
        "means",
        ", that is ,",
        ", that is",
        "( = ",
        ":",
        "(",
        "is the",
    ];
    for j in at..(at + 4).min(scan.tokens.len()) {
        if scan.tokens[j].kind != tokens::Kind::Word {
            return None;
        }
        if let Some((left, right, end)) = scan.any(j + 1, is).and_then(plain) {
            let name = scan.words(&(at..j + 1)).to_owned();
            let end = scan.any(end, &[")"]).unwrap_or(end);
            return Some((ratio(left, right, Some(name)), end));
        }
    }
    None
}

/// `average number of items per order`, `average items per order`.
fn average_per<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let i = scan.any(at, &["average", "mean", "avg", "average of", "the average"])?;
    let i = scan.any(i, &["number of", "count of", "amount of"]).unwrap_or(i);
    let (left, end) = counted(scan, i)?;
    // `average order value`, `average items quantity`
    let own = scan.head(i).is_some_and(|n| n.0.hits.tables.is_empty());
    let per = scan.any(end, &["per", "for each", "in each", "in an", "in a", "of each", "an", "each", "for every"])?;
    let (noun, end) = scan.head(per).filter(|n| !own && !n.0.hits.tables.is_empty())?;
    if words::never_noun(scan.word(per)) {
        return None;
    }
    let right = Measure {
        what: What::Count { noun: Noun { values: Vec::new(), ..noun }, distinct: true, active: false },
        values: Vec::new(),
    };
    Some((ratio(left, right, None), end))
}
