//! What goes on from a condition on rows of another table: `nor a fine`, `and no open invoice`, `but none in the last 90
//! days`, `but did before`.

use super::{EVER, LIGHT, condition, filtered, others};
use crate::requirement::Question;
use crate::requirement::piece::{Filter, Kind, Many, Others, Piece};
use crate::requirement::recognise::window;
use crate::requirement::scan::Scan;
use crate::vocabulary::TableRef;

const BUT: &[&str] = &["but", "and", "yet", "though", "but have", "but had", "but has", ", but", "but they", "while"];
#[rustfmt::skip]
const NOT: &[&str] = &[
    "not", "none", "nothing", "no more", "never", "no longer", "not any more", "not anymore", "not one", "have not", "has not", "did not", "didn't", "haven't", "hasn't",
    "not any", "have none", "had none", "has none", "no one", "without any", "without one", "with none", "none at all", "not once",
];
const AGAIN: &[&str] = &["done so", "again", "since then", "one", "any", "any more", "anymore", "so", "once"];
#[rustfmt::skip]
const DID: &[&str] = &[
    "did", "had", "have", "has", "were", "used to", "did so", "had one", "had some", "have had", "had any", "did have", "did so at some point",
    "some", "at least one", "one",
];

/// Reads it where such a condition stands right before.
pub(super) fn read<'a>(
    scan: &Scan<'a>,
    at: usize,
    before: &[Piece<'a>],
    subjects: &[&'a TableRef],
) -> Option<Piece<'a>> {
    let last = before.iter().rev().find(|p| !matches!(p.kind, Kind::Filler))?;
    let Kind::Filter(Filter::Others(had)) = &last.kind else { return None };
    not_lately(scan, at, had, subjects)
        .or_else(|| but_before(scan, at, had, subjects))
        .or_else(|| nor(scan, at, had, subjects))
}

/// `but none in the last 90 days`, `and not since March`.
fn not_lately<'a>(scan: &Scan<'a>, at: usize, had: &Others<'a>, subjects: &[&'a TableRef]) -> Option<Piece<'a>> {
    let i = scan.any(at, BUT)?;
    let i = scan.skip(scan.any(i, NOT)?, AGAIN);
    let piece = window::read(scan, i, &[])?;
    matches!(piece.kind, Kind::Window(_) | Kind::Period { .. }).then_some(())?;
    let mut found = filtered(scan, at, i, Many::None, had.noun.clone(), subjects);
    if let Kind::Filter(Filter::Others(others)) = &mut found.kind {
        // The same rows as before, but for their time.
        let same = had.which.iter().filter(|p| !matches!(p.kind, Kind::Window(_) | Kind::Period { .. }));
        others.which.extend(same.cloned());
    }
    Some(found)
}

/// `but did before`, `but had some in the past`.
fn but_before<'a>(scan: &Scan<'a>, at: usize, had: &Others<'a>, subjects: &[&'a TableRef]) -> Option<Piece<'a>> {
    if had.many != Many::None || had.which.is_empty() {
        return None;
    }
    let i = scan.any(at, BUT)?;
    let i = scan.skip(scan.any(i, DID)?, LIGHT);
    let end = scan.any(i, EVER)?;
    let mut found = filtered(scan, at, end, Many::Some, had.noun.clone(), subjects);
    if let Kind::Filter(Filter::Others(others)) = &mut found.kind {
        let same = had.which.iter().filter(|p| !matches!(p.kind, Kind::Window(_) | Kind::Period { .. }));
        others.which.extend(same.cloned());
    }
    Some(found)
}

/// `nor a fine`, `or reviews`, `and no open invoice`, `and an invoice`.
fn nor<'a>(scan: &Scan<'a>, at: usize, had: &Others<'a>, subjects: &[&'a TableRef]) -> Option<Piece<'a>> {
    let i = scan.any(at, &["nor", "or", "and", ", or", ", and", ", nor", ",", "but", ", but"])?;
    let word = scan.word(i - 1);
    let article = |i: usize| scan.any(i, &["a", "an", "any", "at least one"]).is_some();
    let no = scan.any(i, &["no", "without", "without any", "without a"]);
    let one = |at: usize| others(scan, at, subjects).filter(|n| !n.2).map(|n| (n.0, n.1));
    if let Some(i) = no {
        let (noun, end) = one(i)?;
        return Some(filtered(scan, at, end, Many::None, noun, subjects));
    }
    let (noun, end) = one(scan.skip(i, &["at least one", "any"]))?;
    // `and the number of payments`, `and their orders`: something of another kind.
    let other = scan.article(i) > i && !article(i) || word == "but";
    let joined = matches!(word, "nor" | "or") || had.many == Many::Some && article(i);
    if other || !joined && (had.many != Many::None || scan.tokens.get(end).is_some_and(|t| !t.ends_clause())) {
        return None;
    }
    let words = scan.words(&(at..end));
    match (had.many, word) {
        (Many::None, "nor" | "or") => Some(filtered(scan, at, end, Many::None, noun, subjects)),
        (Many::Some, "and" | ",") => Some(filtered(scan, at, end, Many::Some, noun, subjects)),
        // `without orders and reviews`
        (Many::None, _) => {
            let about = format!(
                "`{words}`: is it about rows that lack both, or that lack at least one of the two? Said with `or`, it is both that they lack."
            );
            let with_or = format!("or {}", scan.words(&(i..end)));
            Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or(with_or).or_without()) })
        }
        (Many::Some, _) => {
            let about = format!("`{words}`: rows that have one of several can't be told yet. Which of them is meant?");
            let both = format!("and {}", scan.words(&(i..end)));
            Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or(both).or_without()) })
        }
        _ => condition(scan, i, subjects),
    }
}
