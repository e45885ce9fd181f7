//! Rows of another table that a row has or lacks: `that have no payment with status paid`, `who never ordered`, `with more
//! than 3 items`, `who have not ordered in the last 90 days but did order before`.

use super::window::number;
use super::{filter, window};
use crate::requirement::lexicon::{Hits, SYNONYM, name_parts};
use crate::requirement::piece::{Filter, Kind, Many, Measure, Noun, Others, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::stem;
use crate::requirement::tokens;
use crate::vocabulary::TableRef;

#[rustfmt::skip]
const NONE: &[&str] = &[
    "have no", "has no", "had no", "having no", "with no", "without any", "without", "without a", "without a single", "have never", "has never", "had never", "never",
    "do not have", "does not have", "did not have", "don't have", "doesn't have", "didn't have", "do not", "does not", "did not", "didn't", "don't", "doesn't",
    "have not", "has not", "had not", "haven't", "hasn't", "hadn't", "were never", "was never", "are never", "is never", "were not", "was not", "weren't", "wasn't",
    "with zero", "have zero", "has zero", "lacking", "lack", "not", "with not a single", "with none of", "are without", "is without",
];
#[rustfmt::skip]
const SOME: &[&str] = &[
    "with at least one", "have at least one", "has at least one", "had at least one", "having at least one", "with at least 1", "have at least 1", "has at least 1",
    "had at least 1", "with one or more", "have one or more", "with any", "have any", "has any", "had any", "have a", "has a", "had a", "have an", "has an", "had an",
    "did", "do have", "does have", "have ever", "has ever", "ever", "have", "has", "had", "have already", "has already", "were", "was", "have been", "has been",
];
/// What stands before: whose rows they are is said by the noun before it.
const WHO: &[&str] =
    &["that", "which", "who", "whose", "but", "and", "but that", "but who", "and that", "and who", "but which"];
/// Verbs that say nothing beside the noun: `placed an order`.
#[rustfmt::skip]
const LIGHT: &[&str] = &[
    "placed", "place", "made", "make", "had", "have", "received", "receive", "submitted", "submit", "written", "wrote", "write", "left", "leave", "got", "gotten",
    "created", "taken", "took", "done", "seen", "given", "gave", "given us", "recorded", "yet", "ever", "been", "any", "a single", "a", "an", "one", "the", "used", "booked",
    "matching", "corresponding", "related", "single", "at all", "raised", "opened", "filed", "held", "attended", "joined",
];
/// What a row of another table came of: the verb, and the nouns for it.
#[rustfmt::skip]
const VERBS: &[(&[&str], &[&str])] = &[
    (&["bought", "buy", "purchased", "purchase", "ordered", "order", "shopped"], &["order", "purchase", "sale", "orderitem", "orderline", "orderdetail", "invoice", "invoiceline"]),
    (&["sold", "sell"], &["sale", "orderitem", "orderline", "orderdetail", "invoiceline", "invoiceitem", "order", "invoice"]),
    (&["borrowed", "borrow", "lent", "loaned"], &["loan", "borrowing", "checkout", "lending"]),
    (&["rented", "rent", "hired"], &["rental", "hire"]),
    (&["paid", "pay"], &["payment", "transaction"]),
    (&["visited", "visit", "came", "come"], &["visit", "appointment"]),
    (&["enrolled", "enroll", "enrol", "registered", "signed up"], &["enrollment", "enrolment", "registration", "signup"]),
    (&["reviewed", "review", "rated", "rate"], &["review", "rating"]),
    (&["returned", "return"], &["return"]),
    (&["logged in", "log in", "signed in"], &["login", "session"]),
    (&["called", "call"], &["call"]),
    (&["shipped", "ship"], &["shipment", "delivery"]),
    (&["delivered", "deliver"], &["delivery", "shipment"]),
    (&["played", "play", "listened"], &["play", "listen", "stream"]),
    (&["donated", "donate", "gave"], &["donation"]),
];

/// Reads what is said of rows of another table, after the noun for the rows that have them.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let subjects = subjects(before);
    if subjects.is_empty() {
        return None;
    }
    let who = scan.any(at, WHO);
    let start = who.unwrap_or(at);
    let before_that =
        |end: usize, others: Others<'a>| Piece { tokens: at..end, kind: Kind::Filter(Filter::Others(others)) };
    if let Some((many, noun, end)) = counted(scan, start, &subjects) {
        let (which, end) = which(scan, end, &noun, &subjects);
        return Some(before_that(end, Others { many, noun, which }));
    }
    let found = |list: &[&str], many: Many| {
        let i = scan.any(start, list)?;
        let (noun, end, verb) = others(scan, scan.skip(i, LIGHT), &subjects)?;
        // `orders have a customer` says nothing, `orders have a payment` does; `with orders` is no condition.
        Some((many, noun, end, verb))
    };
    let placed = || {
        // `who placed an order`, `who bought`: a verb right after the relative pronoun.
        who?;
        let light = scan.skip(start, LIGHT);
        let (noun, end, verb) = others(scan, light, &subjects)?;
        // `and the message count`: an article is no verb.
        (verb || light > scan.article(start)).then_some((Many::Some, noun, end, verb))
    };
    let (many, noun, end, verb) = found(NONE, Many::None).or_else(|| found(SOME, Many::Some)).or_else(placed)?;
    let end = if verb { object(scan, end) } else { end };
    let end = scan.any(end, &["before", "yet", "at all", "so far", "ever", "on record"]).unwrap_or(end);
    let (which, end) = which(scan, end, &noun, &subjects);
    Some(before_that(end, Others { many, noun, which }))
}

/// Tables that the last noun before names, those whose rows are spoken of.
fn subjects<'a>(before: &[Piece<'a>]) -> Vec<&'a TableRef> {
    let named = |p: &Piece<'a>| match &p.kind {
        Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(noun.hits.tables.clone()),
        Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) if !noun.hits.tables.is_empty() => {
            Some(noun.hits.tables.clone())
        }
        _ => None,
    };
    before.iter().rev().find_map(named).unwrap_or_default()
}

/// `with more than 3 items`, `who placed at least 2 orders`, `with exactly one payment`, `with 3 or more orders`.
fn counted<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Many, Noun<'a>, usize)> {
    let lead = scan.any(
        at,
        &["with", "having", "have", "has", "had", "that have", "that had", "who have", "who had", "containing", "of"],
    );
    let i = scan.skip(lead.unwrap_or(at), LIGHT);
    let (op, i, exact) = filter::operator(scan, i)
        .map(|(op, i)| (op, i, false))
        .or_else(|| scan.any(i, &["exactly", "precisely", "only", "just"]).map(|i| ("=", i, true)))
        .or_else(|| lead.map(|_| ("=", i, false)))?;
    let n = number(scan, i)?;
    let after = scan.any(i + 1, &["or more", "and more", "or fewer", "or less", "different", "distinct"]);
    let op = match after.map(|end| scan.word(end - 1)) {
        Some("more") => ">=",
        Some("fewer" | "less") => "<=",
        _ => op,
    };
    if op == "=" && !exact && after.is_none() && scan.any(lead?, &["with", "of"]).is_some() {
        return None;
    }
    let (noun, end, verb) = others(scan, after.unwrap_or(i + 1), subjects)?;
    (!verb).then_some((Many::Count(op, n), noun, end))
}

/// The other table: a noun, or a verb that rows of it came of.
fn others<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Noun<'a>, usize, bool)> {
    let belongs = |table: &&'a TableRef| subjects.iter().any(|s| *s != *table && scan.leads(table, s));
    if let Some((mut noun, end)) = scan.noun(at).filter(|(n, _)| !n.hits.tables.is_empty() && n.hits.tier <= SYNONYM) {
        noun.hits.tables.retain(belongs);
        return (!noun.hits.tables.is_empty()).then_some((noun, end, false));
    }
    // `orders that were cancelled`: what their own column says.
    let value = scan.lexicon.value(&scan.tokens, at);
    if value.is_some_and(|(_, of)| of.iter().any(|v| subjects.contains(&v.table))) {
        return None;
    }
    let (nouns, end) = VERBS
        .iter()
        .find_map(|(verbs, nouns)| Some((*nouns, scan.any(at, verbs)?)))
        .map_or_else(|| (scan.tokens.get(at)?.kind == tokens::Kind::Word).then_some((&[][..], at + 1)), Some)?;
    let stem = stem::value(scan.word(end - 1));
    let named = |table: &TableRef| -> Option<u8> {
        let name =
            scan.ground.contracts.get(table).map(|c| name_parts(&c.physical_name, table.table.as_str()).concat())?;
        let parts = stem::parts(table.table.as_str());
        let last = parts.last().map(|p| stem::noun(p).into_owned()).unwrap_or_default();
        if nouns.contains(&name.as_str()) || nouns.contains(&last.as_str()) {
            return Some(0);
        }
        let alike = |p: &String| stem.len() >= 4 && p.len() > stem.len() && p.starts_with(&stem);
        parts.iter().any(alike).then_some(1)
    };
    let mut tables: Vec<&'a TableRef> =
        scan.ground.contracts.keys().filter(|t| named(t).is_some()).filter(belongs).collect();
    let best = tables.iter().filter_map(|t| named(t)).min()?;
    tables.retain(|t| named(t) == Some(best));
    let hits = Hits { len: end - at, tier: SYNONYM, tables, columns: Vec::new() };
    Some((Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() }, end, true))
}

/// `anything`, `something`, `an item`: the object of a verb that says nothing more.
fn object(scan: &Scan<'_>, at: usize) -> usize {
    scan.any(at, &["anything", "something", "us", "with us", "from us", "at all", "here"]).unwrap_or(at)
}

/// Which of the other rows count: windows, and filters that can be said of them but not of the rows that have them.
fn which<'a>(scan: &Scan<'a>, at: usize, noun: &Noun<'a>, subjects: &[&'a TableRef]) -> (Vec<Piece<'a>>, usize) {
    let (mut out, mut end) = (Vec::new(), at);
    let reads = |from: &[&'a TableRef], table: &TableRef| from.iter().any(|t| *t == table || scan.leads(t, table));
    loop {
        let i = scan.any(end, &["that", "which", "and", "made", "placed"]).unwrap_or(end);
        let next = [end, i].into_iter().find_map(|i| {
            let piece = window::read(scan, i, &[]).or_else(|| filter::read(scan, i, &[]))?;
            let fits = match &piece.kind {
                Kind::Window(_) | Kind::Period { .. } => true,
                Kind::Filter(Filter::Values { values, .. }) => values.iter().all(|v| {
                    let own = v.of.iter().any(|v| noun.hits.tables.contains(&v.table));
                    let theirs = v.of.iter().any(|v| reads(subjects, v.table));
                    own || !theirs && v.of.iter().any(|v| reads(&noun.hits.tables, v.table))
                }),
                Kind::Filter(Filter::Compare { noun: n, .. } | Filter::Missing { noun: n, .. }) => {
                    n.hits.columns.iter().any(|c| noun.hits.tables.contains(&c.table))
                }
                _ => false,
            };
            fits.then_some(piece)
        });
        let Some(piece) = next else { return (out, end) };
        end = piece.tokens.end;
        out.push(piece);
    }
}
