//! Columns that rows have not got yet: `full name`, `age`, `email domain`, `year of birth`, buckets.

use crate::requirement::piece::{Kind, Noun, Piece, RowColumn};
use crate::requirement::roles;
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::vocabulary::Unit;

const FULL_NAME: &[&str] =
    &["full name", "full names", "complete name", "complete names", "whole name", "name in full"];
const AGE: &[&str] = &["age in years", "current age", "age", "ages"];
#[rustfmt::skip]
const SORT: &[&str] = &[
    "bucket", "bucketed", "bucketing", "classify", "categorise", "categorize", "label", "labelled", "labeled", "band", "segment", "sort", "split", "grouped", "group", "divide", "bin", "assign", "put", "tag", "mark",
];
const LEAD: &[&str] = &[
    "with",
    "and",
    "the",
    "their",
    "his",
    "her",
    "its",
    ",",
    "including",
    "as well as",
    "also",
    "show",
    "add",
    "in",
    "from",
];

/// Reads a column that is computed from others of its row.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, LEAD);
    if let Some((column, end)) = of_those_before(scan, start, before) {
        return Some(Piece { tokens: at..end, kind: Kind::Column(column) });
    }
    let (column, end) = buckets(scan, at).or_else(|| buckets(scan, start)).or_else(|| column(scan, start))?;
    Some(Piece { tokens: at..end, kind: Kind::Column(column) })
}

/// `patients with their full name`, where only doctors have a column that is called so.
fn of_those_before<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(RowColumn<'a>, usize)> {
    let at = scan.article(at);
    let hits = scan.hits(at)?;
    let tables = before.iter().filter_map(|p| if let Kind::Noun(n) = &p.kind { Some(&n.hits.tables) } else { None });
    let named: Vec<_> = tables.flatten().copied().collect();
    let foreign = !named.is_empty() && hits.columns.iter().all(|c| !named.contains(&c.table));
    let has = |part: &str| {
        let of = |t: &&crate::vocabulary::TableRef| scan.lexicon.column_of(t, part).is_some();
        named.iter().any(of)
    };
    let parts = has("firstname") && has("lastname");
    if !foreign || !hits.tables.is_empty() || !parts {
        return None;
    }
    scan.any(at, FULL_NAME).map(|end| (RowColumn::FullName(None), end))
}

/// One that can stand in a list, or be grouped by: `the customer's full name`, `email domain`, `year of birth`.
pub fn column<'a>(scan: &Scan<'a>, at: usize) -> Option<(RowColumn<'a>, usize)> {
    let at = scan.article(at);
    // What the contracts call so is a column of theirs.
    let two = scan.any(at, FULL_NAME).is_some() && scan.ground.contracts.values().any(roles::has_two_names);
    if !two && scan.hits(at).is_some_and(|h| h.tier == 0 && !h.columns.is_empty() && plain(scan, at, h.len)) {
        return None;
    }
    if let Some(found) = person(scan, at, None) {
        return Some(found);
    }
    // `with name and department`, where no column is called so: that of the rows.
    if matches!(scan.word(at), "name" | "names")
        && scan.hits(at).is_none()
        && scan.any(at + 1, &["of", "is", "="]).is_none()
    {
        return Some((RowColumn::FullName(None), at + 1));
    }
    // `their manager's name`, `name of the manager`
    let of =
        matches!(scan.word(at), "name" | "names").then(|| scan.any(at + 1, &["of"])).flatten().map(|i| scan.article(i));
    if let Some((role, end)) = scan.role(of.unwrap_or(at)) {
        let end = if of.is_some() { Some(end) } else { scan.any(end, &["name", "names", "full name"]) };
        let two = role.hits.tables.iter().all(|t| {
            scan.twice.get(t).and_then(|r| scan.ground.contracts.get(&r.of)).is_some_and(roles::has_two_names)
        });
        if let Some(end) = end.filter(|_| two) {
            return Some((RowColumn::FullName(Some(role)), end));
        }
    }
    if let Some(hits) = scan.hits(at).filter(|h| !h.tables.is_empty()) {
        let end = at + hits.len;
        let whose = Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() };
        if let Some(found) = person(scan, end, Some(whose)) {
            return Some(found);
        }
    }
    domain(scan, at).or_else(|| part(scan, at))
}

/// Whether the words of a column's name stand alone: `birth` of `birth year` does not.
fn plain(scan: &Scan<'_>, at: usize, len: usize) -> bool {
    Unit::parse(scan.word(at + len)).is_none() && !matches!(scan.word(at + len), "domain" | "domains")
}

fn person<'a>(scan: &Scan<'a>, at: usize, whose: Option<Noun<'a>>) -> Option<(RowColumn<'a>, usize)> {
    let of = |end: usize, whose: Option<Noun<'a>>| {
        let named = scan.any(end, &["of", "for"]).and_then(|i| scan.head(i)).filter(|n| !n.0.hits.tables.is_empty());
        match (whose, named) {
            (None, Some((noun, end))) => (Some(noun), end),
            (whose, _) => (whose, end),
        }
    };
    // `names of their customers`, where a first and a last name make it up.
    if matches!(scan.word(at), "name" | "names")
        && let (Some(whose), end) = of(at + 1, whose.clone())
        && whose.hits.tables.iter().any(|t| scan.ground.contracts.get(*t).is_some_and(roles::has_two_names))
    {
        return Some((RowColumn::FullName(Some(whose)), end));
    }
    if let Some(end) = scan.any(at, FULL_NAME) {
        let (whose, end) = of(end, whose);
        return Some((RowColumn::FullName(whose), end));
    }
    if let Some(end) = scan.any(at, &["initials"]) {
        let (whose, end) = of(end, whose);
        return Some((RowColumn::Initials(whose), end));
    }
    if let Some(end) = scan.any(at, AGE) {
        let (whose, end) = of(end, whose);
        return Some((RowColumn::Age(whose), end));
    }
    None
}

/// `email domain`, `domain of the e-mail address`.
fn domain<'a>(scan: &Scan<'a>, at: usize) -> Option<(RowColumn<'a>, usize)> {
    if let Some(i) = scan.any(at, &["domain of", "domains of", "domain part of"]) {
        let (noun, end) = scan.head(i).filter(|n| !n.0.hits.columns.is_empty())?;
        return Some((RowColumn::Domain(noun), end));
    }
    let (noun, end) = scan.head(at).filter(|n| !n.0.hits.columns.is_empty())?;
    let end = scan.any(end, &["domain", "domains"])?;
    Some((RowColumn::Domain(noun), end))
}

/// `year of birth`, `birth year`, `hour of the day`.
fn part<'a>(scan: &Scan<'a>, at: usize) -> Option<(RowColumn<'a>, usize)> {
    let temporal = |n: &(Noun<'a>, usize)| n.0.hits.columns.iter().any(|c| c.column.data_type.is_temporal());
    if let Some(unit) = Unit::parse(scan.word(at)) {
        let of = scan.any(at + 1, &["of the", "of their", "of its", "of"])?;
        if unit == Unit::Hour
            && let Some(end) = scan.any(of, &["day", "the day"])
        {
            return Some((RowColumn::Part(unit, None), end));
        }
        if unit == Unit::Month
            && let Some(end) = scan.any(of, &["year", "the year"])
        {
            return Some((RowColumn::Part(unit, None), end));
        }
        let (noun, end) = scan.head(of).filter(temporal).filter(|_| matches!(unit, Unit::Year | Unit::Hour))?;
        return Some((RowColumn::Part(unit, Some(noun)), end));
    }
    let (noun, end) = scan.head(at).filter(temporal)?;
    (scan.word(end) == "year").then_some((RowColumn::Part(Unit::Year, Some(noun)), end + 1))
}

/// `bucket orders into small (<50), medium (50-200) and large`.
fn buckets<'a>(scan: &Scan<'a>, at: usize) -> Option<(RowColumn<'a>, usize)> {
    let i = scan.article(scan.any(at, SORT)?);
    let (noun, end) = scan.head(i)?;
    let (by, end) = match scan.any(end, &["by", "on", "based on"]).and_then(|j| scan.head(j)) {
        Some((by, end)) if !by.hits.columns.is_empty() => (Some(by), end),
        _ => (None, end),
    };
    let mut i = scan.skip(scan.any(end, &["into", "as", "in"])?, &["buckets", "bands", "classes", "groups", ":", "("]);
    let (mut list, mut end) = (Vec::new(), i);
    while let Some((bucket, next)) = bucket(scan, i) {
        list.push(bucket);
        end = next;
        let Some(joined) = scan.any(end, &[", and", ", or", ",", "and", "or", "/"]) else { break };
        i = joined;
    }
    let limits = list.iter().filter(|b| b.1.is_some()).count();
    (list.len() >= 2 && limits + 1 >= list.len() && limits > 0).then_some(())?;
    let end = scan.skip(end, &["otherwise", "for the rest", "for everything else", "else", ")"]);
    Some((RowColumn::Buckets { noun, by, list }, end))
}

/// A label and the end of its range: the operator and the number below which it reaches; none for all the rest.
#[allow(clippy::type_complexity)]
fn bucket(scan: &Scan<'_>, at: usize) -> Option<((String, Option<(&'static str, String)>), usize)> {
    let at = scan.article(at);
    let token = scan.tokens.get(at)?;
    if !matches!(token.kind, tokens::Kind::Word | tokens::Kind::Quoted) {
        return None;
    }
    let label = token.text.clone();
    let open = scan.any(at + 1, &["("]);
    let i = open.unwrap_or(at + 1);
    let close = |end: usize| if open.is_some() { scan.any(end, &[")"]).unwrap_or(end) } else { end };
    const UNDER: &[&str] =
        &["<", "under", "below", "less than", "smaller than", "lower than", "fewer than", "for less than", "for under"];
    const UP_TO: &[&str] = &["<=", "up to", "at most", "no more than", "until"];
    const OVER: &[&str] = &[
        ">",
        ">=",
        "over",
        "above",
        "more than",
        "at least",
        "from",
        "greater than",
        "larger than",
        "the rest",
        "rest",
        "everything else",
        "otherwise",
        "all others",
    ];
    for (say, op) in [(UNDER, "<"), (UP_TO, "<=")] {
        if let Some((number, end)) = scan.any(i, say).and_then(|j| number(scan, j)) {
            return Some(((label, Some((op, number))), close(end)));
        }
    }
    // `50-200` is one token, `50 to 200` three.
    let from = scan.any(i, &["from", "between"]).unwrap_or(i);
    if let Some((low, high)) = scan.word(from).split_once('-').filter(|(a, b)| digits(a) && digits(b)) {
        let _ = low;
        return Some(((label, Some(("<=", high.to_owned()))), close(from + 1)));
    }
    if let Some((_, end)) = number(scan, from)
        && let Some((high, end)) = scan.any(end, &["to", "-", "–", "and", "up to"]).and_then(|j| number(scan, j))
    {
        return Some(((label, Some(("<=", high))), close(end)));
    }
    if let Some(end) = scan.any(i, OVER) {
        let end = number(scan, end).map_or(end, |n| n.1);
        let end = scan.any(end, &["or more", "and more", "and above", "and over", "upwards"]).unwrap_or(end);
        return Some(((label, None), close(end)));
    }
    if let Some((_, end)) = number(scan, i) {
        let end = scan.any(end, &["+", "or more", "and more", "and above", "and over"]).unwrap_or(end);
        return Some(((label, None), close(end)));
    }
    Some(((label, None), at + 1))
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
}

fn number(scan: &Scan<'_>, at: usize) -> Option<(String, usize)> {
    let i = scan.skip(at, &["$", "€", "£"]);
    let plain = scan.word(i).replace(',', "");
    digits(&plain).then_some((plain, scan.skip(i + 1, &["€", "$", "euros", "dollars", "eur", "usd"])))
}
