//! Rows of another table that a row has or lacks: `that have no payment with status paid`, `who never ordered`, `with more
//! than 3 items`, `who have not ordered in the last 90 days but did order before`, `with neither a loan nor a fine`.

mod again;
mod count;
pub(super) mod verb;
mod which;

use super::filter;
use crate::requirement::lexicon::{Hits, SYNONYM};
use crate::requirement::piece::{Filter, Kind, Many, Measure, Noun, Others, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::vocabulary::TableRef;

#[rustfmt::skip]
const NONE: &[&str] = &[
    "have no", "has no", "had no", "having no", "have had no", "has had no", "with no", "without any", "without", "without a", "without a single", "have never", "has never", "had never", "never",
    "do not have", "does not have", "did not have", "don't have", "doesn't have", "didn't have", "do not", "does not", "did not", "didn't", "don't", "doesn't",
    "have not", "has not", "had not", "haven't", "hasn't", "hadn't", "were never", "was never", "are never", "is never", "were not", "was not", "weren't", "wasn't", "have not had", "has not had", "haven't had", "hasn't had", "have never had", "has never had",
    "with zero", "have zero", "has zero", "lacking", "lack", "not", "with not a single", "with none of", "are without", "is without", "with neither", "have neither", "has neither", "had neither", "neither", "neither have",
    "without either", "miss", "missing", "have not yet", "has not yet", "not yet", "never ever", "were not yet", "in no", "on no", "to no", "for no", "belong to no", "belongs to no", "but no", "and no",
];
#[rustfmt::skip]
const SOME: &[&str] = &[
    "with at least one", "have at least one", "has at least one", "had at least one", "having at least one", "with at least 1", "have at least 1", "has at least 1",
    "had at least 1", "with one or more", "have one or more", "with any", "have any", "has any", "had any", "have a", "has a", "had a", "have an", "has an", "had an", "with a", "with an",
    "did", "do have", "does have", "have ever", "has ever", "ever", "have", "has", "had", "have already", "has already", "were", "was", "have been", "has been", "with some", "have some",
];
/// What stands before: whose rows they are is said by the noun before it.
const WHO: &[&str] = &[
    "that",
    "which",
    "who",
    "whose",
    "but",
    "and",
    "but that",
    "but who",
    "and that",
    "and who",
    "but which",
    "where",
    "for which",
    "in which",
    "whom",
    "to whom",
    "to which",
];
/// Verbs that say nothing beside the noun: `placed an order`.
#[rustfmt::skip]
const LIGHT: &[&str] = &[
    "placed", "place", "made", "make", "had", "have", "received", "receive", "submitted", "submit", "written", "wrote", "write", "left", "leave", "got", "gotten",
    "created", "taken", "took", "done", "seen", "given", "gave", "given us", "recorded", "yet", "ever", "been", "any", "a single", "a", "an", "one", "the", "used", "booked",
    "matching", "corresponding", "related", "single", "at all", "raised", "opened", "filed", "held", "attended", "joined", "sent", "send", "logged", "requested", "request",
    "reported", "open a", "open any", "file a", "file any", "raise a", "raise any", "either", "some",
];
/// What says that it was at any time.
#[rustfmt::skip]
const EVER: &[&str] = &[
    "before", "yet", "at all", "so far", "ever", "on record", "in the past", "previously", "earlier", "at some point", "once", "at any time", "until now", "to date",
    "before that", "in former times", "formerly",
];
/// What is no row of a table, but something of it.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "count", "counts", "number", "numbers", "date", "dates", "value", "values", "amount", "amounts", "total", "totals", "id", "ids", "history", "list", "name", "names", "status",
    "details", "rate", "ratio", "share", "time", "times", "type", "kind", "code", "codes", "summary",
];
const NOBODY: &[&str] = &["nobody", "no one", "noone", "no-one", "none", "nothing", "not one", "no person"];
/// What may stand between `nobody` or `never` and the verb.
const HELPS: &[&str] = &["has", "have", "had", "ever", "was", "were", "is", "are", "been", "did", "yet", "ever been"];

/// Reads what is said of rows of another table, after the noun for the rows that have them.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let subjects = subjects(before);
    if subjects.is_empty() {
        return None;
    }
    again::read(scan, at, before, &subjects).or_else(|| condition(scan, at, &subjects))
}

/// One condition, by itself.
fn condition<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<Piece<'a>> {
    let who = scan.any(at, WHO);
    let start = who.unwrap_or(at);
    if let Some((many, noun, than, end)) = count::compared(scan, start, subjects) {
        let others = Others { many, noun, which: Vec::new(), than: Some(Box::new(than)) };
        return Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Others(others)) });
    }
    if let Some((many, noun, end)) = count::read(scan, start, who.is_some(), subjects) {
        return Some(filtered(scan, at, end, many, noun, subjects));
    }
    let found = |list: &[&str], many: Many| {
        let i = scan.any(start, list)?;
        // `never booked a room`, `never booked`: the verb says nothing where a noun follows.
        let mut places = vec![i];
        while let Some(next) = places.last().and_then(|i| scan.any(*i, LIGHT)) {
            places.push(next);
        }
        // `with no received orders`: where the word before the noun is a value, it says which.
        let valued = |i: &usize| others(scan, *i, subjects).is_some_and(|n| !n.0.values.is_empty());
        let place = places.iter().copied().find(valued);
        let found = place.or_else(|| places.iter().rev().copied().find(|i| others(scan, *i, subjects).is_some()));
        let (noun, end, verb) = others(scan, found?, subjects)?;
        Some((many, noun, end, verb))
    };
    let placed = || {
        // `who placed an order`, `who bought`: a verb right after the relative pronoun.
        who?;
        let light = scan.skip(start, LIGHT);
        // `who booked`: a verb that says nothing beside a noun says all where none follows.
        let bare = || others(scan, start, subjects).filter(|n| n.2);
        let (noun, end, verb) = others(scan, light, subjects).or_else(bare)?;
        // `and the message count`: an article is no verb.
        (verb || light > scan.article(start)).then_some((Many::Some, noun, end, verb))
    };
    // `with contacts but without tickets`, `with open tickets`: what is said of them makes it a condition.
    let with = || {
        let (noun, end, verb) = others(scan, scan.any(start, &["with", "having", "who have", "that have"])?, subjects)?;
        let lacks = |i: usize| scan.any(i, NONE).is_some() || scan.word(i) == "no";
        let on = scan.any(end, &["but", "and", ", but"]).is_some_and(lacks);
        (!verb && (on || !noun.values.is_empty())).then_some((Many::Some, noun, end, false))
    };
    let none = found(NONE, Many::None).or_else(|| nobody(scan, start, subjects)).or_else(|| no(scan, who?, subjects));
    let Some((many, noun, end, verb)) = none.or_else(|| found(SOME, Many::Some)).or_else(with).or_else(placed) else {
        return own(scan, at, start, subjects);
    };
    // `with an agent`, `that have a customer` says nothing: what a row points to is there.
    let below = |t: &&'a TableRef| subjects.iter().any(|s| !scan.leads(s, t));
    if many == Many::Some && !noun.hits.tables.iter().any(below) {
        return None;
    }
    if !verb {
        return Some(filtered(scan, at, end, many, noun, subjects));
    }
    let (object, end) = verb::object(scan, end, &noun, subjects);
    let mut piece = filtered(scan, at, end, many, noun, subjects);
    if let (Kind::Filter(Filter::Others(others)), Some(object)) = (&mut piece.kind, object) {
        others.which.insert(0, object);
    }
    Some(piece)
}

/// The condition, with all that says which of the other rows count.
fn filtered<'a>(
    scan: &Scan<'a>,
    at: usize,
    end: usize,
    many: Many,
    noun: Noun<'a>,
    subjects: &[&'a TableRef],
) -> Piece<'a> {
    let end = scan.any(end, EVER).unwrap_or(end);
    let (which, end) = which::read(scan, end, &noun, subjects);
    let end = scan.any(end, EVER).unwrap_or(end);
    let many = match many {
        Many::Count(">=", 1) | Many::Count(">", 0) => Many::Some,
        Many::Count("=", 0) | Many::Count("<", 1) | Many::Count("<=", 0) => Many::None,
        many => many,
    };
    Piece { tokens: at..end, kind: Kind::Filter(Filter::Others(Others { many, noun, which, than: None })) }
}

/// Tables that the last noun before names, those whose rows are spoken of.
fn subjects<'a>(before: &[Piece<'a>]) -> Vec<&'a TableRef> {
    let named = |p: &Piece<'a>| match &p.kind {
        Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(noun.hits.tables.clone()),
        Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) if !noun.hits.tables.is_empty() => {
            Some(noun.hits.tables.clone())
        }
        Kind::Measure(Measure { what: What::Share { noun: Some(noun), .. }, .. }) => Some(noun.hits.tables.clone()),
        _ => None,
    };
    before.iter().rev().find_map(named).unwrap_or_default()
}

type Found<'a> = (Many, Noun<'a>, usize, bool);

/// `nobody enrolled in`, `no one has ever borrowed`, `nothing was shipped to`.
fn nobody<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<Found<'a>> {
    let i = scan.skip(scan.any(at, NOBODY)?, HELPS);
    let light = scan.skip(i, LIGHT);
    let (noun, end, verb) = others(scan, light, subjects).or_else(|| others(scan, i, subjects))?;
    Some((Many::None, noun, end, verb))
}

/// `that sent no reading`, `who manage no team`: a verb, and then nothing.
fn no<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<Found<'a>> {
    let i = scan.skip(at, &["have", "has", "had", "ever", "also"]);
    scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Word)?;
    let i = scan.any(i + 1, &["no", "zero", "not a single", "not one", "neither", "none of the"])?;
    let (noun, end, verb) = others(scan, i, subjects).filter(|n| !n.2)?;
    Some((Many::None, noun, end, verb))
}

/// `never logged in`, `not yet shipped`: what the rows' own time would say, which is missing.
fn own<'a>(scan: &Scan<'a>, at: usize, start: usize, subjects: &[&'a TableRef]) -> Option<Piece<'a>> {
    let i = scan.any(start, NONE).filter(|i| matches!(scan.word(i - 1), "never" | "not" | "yet" | "n't"))?;
    let at_verb = scan.skip(i, HELPS);
    // `not shipped` is what the status says, where it can say so.
    let value = scan.lexicon.value(&scan.tokens, at_verb);
    let status = value.is_some_and(|(_, of)| of.iter().any(|v| subjects.contains(&v.table)));
    if status && scan.word(i - 1) == "not" {
        return None;
    }
    let (noun, end) = verb::own_time(scan, at_verb, subjects)?;
    // What was said of a stretch of time only is more than that there is no value.
    if super::window::read(scan, end, &[]).is_some() {
        return None;
    }
    let end = scan.any(end, EVER).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Filter(Filter::Missing { noun, missing: true }) })
}

/// The other table: a noun, or a verb that rows of it came of.
fn others<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Noun<'a>, usize, bool)> {
    if let Some((noun, end)) = verb::own_others(scan, at, subjects) {
        return Some((noun, end, false));
    }
    let belongs = |table: &&'a TableRef| subjects.iter().any(|s| verb::related(scan, table, s));
    if let Some((mut noun, end)) = scan.noun(at).filter(|(n, _)| !n.hits.tables.is_empty() && n.hits.tier <= SYNONYM) {
        // `without casual riders` is what the trip's own rider is.
        let below = |table: &&'a TableRef| subjects.iter().any(|s| !scan.leads(s, table));
        let valued = !noun.values.is_empty();
        noun.hits.tables.retain(|t| belongs(t) && (!valued || below(t)));
        // `with an order count`, `with a booking date`: something of theirs.
        if scan.tokens.get(end).is_some_and(|t| PARTS.contains(&t.lower.as_str())) {
            return None;
        }
        return (!noun.hits.tables.is_empty()).then_some((noun, end, false));
    }
    // `orders that were cancelled`: what their own column says.
    let value = scan.lexicon.value(&scan.tokens, at);
    if value.is_some_and(|(_, of)| of.iter().any(|v| subjects.contains(&v.table))) {
        return None;
    }
    let below = |table: &&'a TableRef| subjects.iter().any(|s| verb::related(scan, table, s) && !scan.leads(s, table));
    verb::read(scan, at, &below).map(|(noun, end)| (noun, end, true))
}

/// `not borrowed anything, i.e. have no loans, in the last 60 days`: what explains the others says nothing more, and a
/// stretch of time behind them is theirs.
pub fn finish<'a>(scan: &Scan<'a>, pieces: &mut Vec<Piece<'a>>) {
    let mut i = 0;
    while i < pieces.len() {
        if let Some(parted) = by_child(scan, &pieces[i]) {
            pieces.splice(i..=i, parted);
            i += 1;
        }
        i += 1;
    }
    let mut i = 0;
    while i < pieces.len() {
        match goes_on(scan, pieces, i) {
            Some((to, more)) => {
                let end = pieces[to].tokens.end;
                pieces.drain(i + 1..=to);
                pieces[i].tokens.end = end;
                if let Kind::Filter(Filter::Others(others)) = &mut pieces[i].kind {
                    others.which.extend(more);
                }
            }
            None => i += 1,
        }
    }
}

/// The piece up to which what is said of others goes on, and what it adds.
fn goes_on<'a>(scan: &Scan<'a>, pieces: &[Piece<'a>], at: usize) -> Option<(usize, Vec<Piece<'a>>)> {
    let Kind::Filter(Filter::Others(others)) = &pieces.get(at)?.kind else { return None };
    let says = |p: &Piece<'_>| !matches!(p.kind, Kind::Filler | Kind::Unknown);
    let to = (at + 1..pieces.len()).find(|i| says(&pieces[*i]))?;
    let between = pieces[at].tokens.end..pieces[to].tokens.start;
    let marks = between.clone().all(|t| scan.tokens[t].is_mark(","));
    let explained = between.clone().any(|t| scan.any(t, super::defined::THAT_IS).is_some());
    match &pieces[to].kind {
        Kind::Window(_) if marks => Some((to, vec![pieces[to].clone()])),
        Kind::Filter(Filter::Others(same)) if explained && same.many == others.many => {
            (same.noun.hits.tables == others.noun.hits.tables).then(|| (to, same.which.clone()))
        }
        _ => None,
    }
}

/// `paid orders`, where payments are paid and not orders: orders that have such a payment.
fn by_child<'a>(scan: &Scan<'a>, piece: &Piece<'a>) -> Option<[Piece<'a>; 2]> {
    let Kind::Noun(noun) = &piece.kind else { return None };
    let ([table], [value]) = (&noun.hits.tables[..], &noun.values[..]) else { return None };
    let own = |of: &TableRef| of == *table || scan.leads(table, of);
    if !noun.modifiers.is_empty() || value.of.iter().any(|v| own(v.table)) {
        return None;
    }
    let mut below: Vec<&'a TableRef> = value.of.iter().map(|v| v.table).filter(|of| scan.leads(of, table)).collect();
    below.dedup();
    let [child] = below[..] else { return None };
    let tokens = piece.tokens.start..value.tokens.end;
    let hits = Hits { len: tokens.len(), tier: SYNONYM, tables: vec![child], columns: Vec::new() };
    let others = Noun { tokens: tokens.clone(), hits, modifiers: Vec::new(), values: Vec::new() };
    let values = Filter::Values { negative: false, values: vec![value.clone()], noun: None };
    let which = vec![Piece { tokens: tokens.clone(), kind: Kind::Filter(values) }];
    let others = Others { many: Many::Some, noun: others, which, than: None };
    let rest = Noun { tokens: value.tokens.end..noun.tokens.end, values: Vec::new(), ..noun.clone() };
    Some([
        Piece { tokens, kind: Kind::Filter(Filter::Others(others)) },
        Piece { tokens: value.tokens.end..piece.tokens.end, kind: Kind::Noun(rest) },
    ])
}
