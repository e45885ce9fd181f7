//! History in words: `keep the history of changes to customers`, `track how product prices change over time`.

use crate::requirement::piece::{Kind, Noun, Piece};
use crate::requirement::scan::Scan;

/// Words before what is watched.
#[rustfmt::skip]
const BEFORE: &[&str] = &[
    "the history of changes to", "the history of changes of", "the history of changes in", "history of changes to", "a history of changes to", "the full history of changes to", "the history of", "a history of", "the full history of",
    "full history of", "history of", "a full history of", "the complete history of", "a complete history of", "change history of", "the change history of", "a change history of", "change history for", "history for", "a history for", "the history for",
    "all changes to", "all changes of", "every change to", "every change of", "every change in", "all changes in", "changes to", "changes of", "the changes to", "the changes of", "the changes in", "changes in",
    "historical versions of", "all versions of", "all historical versions of", "old versions of", "every version of", "all past versions of", "previous versions of", "past states of", "all states of", "every state of",
    "slowly changing dimension of", "a slowly changing dimension of", "slowly changing dimension type 2 of", "a slowly changing dimension type 2 of", "a type 2 slowly changing dimension of", "type 2 slowly changing dimension of", "a type 2 dimension of",
    "type 2 dimension of", "scd type 2 of", "scd2 of", "an scd type 2 of", "an scd2 of", "scd 2 of", "a slowly changing dimension ( type 2 ) of", "slowly changing dimension for", "a slowly changing dimension for", "a snapshot of", "snapshots of", "snapshot of",
    "a slowly changing dimension type 2 for", "slowly changing dimension type 2 for", "scd type 2 for", "scd2 for", "a dbt snapshot of", "daily snapshots of", "historised", "a historised version of", "a historised table of",
];
/// Verbs that watch by themselves.
const TRACK: &[&str] = &[
    "track",
    "keep track of",
    "record",
    "follow",
    "remember",
    "log",
    "audit",
    "historise",
    "historize",
    "version",
    "snapshot",
    "archive",
    "preserve",
    "keep",
    "store",
    "build",
    "create",
    "make",
    "maintain",
    "we need",
    "give me",
    "i need",
];
/// Words after what is watched that ask for its history.
#[rustfmt::skip]
const AFTER: &[&str] = &[
    "change over time", "changes over time", "changed over time", "have changed over time", "has changed over time", "over time", "through time", "at any time", "at any point in time", "at each point in time", "at every point in time", "at any given time",
    "at any moment", "at any date", "on any date", "on any day", "on a given day", "at a given time", "as of any date", "as of any day", "in the past", "at the time", "before each change", "with its history", "with their history", "with full history", "with history",
    "and its history", "and their history", "and how it changed", "and how they changed", "history", "change history",
    "as a slowly changing dimension", "as a slowly changing dimension type 2", "as a type 2 slowly changing dimension", "as slowly changing dimension", "as slowly changing dimension type 2", "as scd type 2", "as scd2", "as an scd2",
];
/// Words between that add nothing.
const BETWEEN: &[&str] = &[
    "had",
    "has",
    "have",
    "was",
    "were",
    "is",
    "are",
    "did",
    "do",
    "lived at",
    "a",
    "an",
    "the",
    "each",
    "every",
    "any",
    "evolve",
    "evolves",
    "looked like",
    "looks like",
    "whose",
    "its",
    "their",
];

/// Reads a wish for history.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let verb = scan.any(at, TRACK).unwrap_or(at);
    // What is kept about each row need not be named.
    let i = repeated(scan, scan.article(verb));
    let tracked = scan.any(
        at,
        &[
            "track",
            "keep track of",
            "historise",
            "historize",
            "audit",
            "follow",
            "snapshot",
            "we want to know",
            "we need to know",
            "i want to know",
            "show",
            "know",
            "remember",
        ],
    );
    let found = i
        .and_then(|i| watched(scan, i).or_else(|| those(scan, i, before)))
        .map(|(nouns, end)| (nouns, after(scan, end).unwrap_or(end)));
    let found = found.or_else(|| {
        let i = scan.skip(
            tracked.or((verb > at).then_some(verb)).unwrap_or(at),
            &["how", "which", "what", "the", "all", "every", "each", "that", "when"],
        );
        let (nouns, end) = watched(scan, i)?;
        let end = after(scan, end)?;
        Some((nouns, end))
    });
    let (nouns, end) = found?;
    // `the history of medicine` names nothing; `orders in the past 30 days` is a window.
    let window = scan.tokens.get(end).is_some_and(|t| t.kind == crate::requirement::tokens::Kind::Number);
    (!window).then(|| Piece {
        tokens: at..scan.any(end, &["table", "tables", "over time", "records"]).unwrap_or(end),
        kind: Kind::History(nouns),
    })
}

/// `a history of every change to`: as often as it is said.
fn repeated(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let mut end = scan.any(at, BEFORE)?;
    while let Some(next) = scan.any(scan.article(end), BEFORE) {
        end = next;
    }
    Some(end)
}

/// What asks for history after what is watched, perhaps between brackets.
fn after(scan: &Scan<'_>, at: usize) -> Option<usize> {
    const NAMES: &[&str] = &[
        "slowly changing dimension",
        "slowly changing dimension type 2",
        "type 2 slowly changing dimension",
        "scd",
        "scd type 2",
        "scd2",
        "scd 2",
        "type 2",
        "snapshot",
        "snapshots",
        "dbt snapshot",
        "dbt snapshots",
        "historised",
    ];
    let plain = scan.any(at, AFTER);
    let end = plain.unwrap_or(at);
    let named = scan.any(end, &["(", ", as", "as", ",", "-", "–", ", i.e.", ", that is ,"]).and_then(|i| {
        let j = scan.any(scan.article(i), NAMES)?;
        Some(scan.any(j, &[")"]).unwrap_or(j))
    });
    named.or(plain)
}

/// `of them`: what was named last.
fn those<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(Vec<Noun<'a>>, usize)> {
    let end = scan.any(at, &["them", "it", "those", "these", "that", "this"])?;
    let named = before.iter().rev().find_map(|p| match &p.kind {
        Kind::History(nouns) => Some(nouns.clone()),
        Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(vec![noun.clone()]),
        _ => None,
    })?;
    Some((named, end))
}

/// Tables or columns, joined by `and`, with a table that has them: `which address a customer had`.
fn watched<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Noun<'a>>, usize)> {
    let (first, mut end) = scan.noun(scan.skip(at, &["every", "each", "all", "any", "our"]))?;
    let mut nouns = vec![first];
    loop {
        let i = scan.any(end, &[", and", ",", "and", "or", "of", "for", "in"]).unwrap_or(end);
        let i = scan.skip(i, BETWEEN);
        let Some((next, j)) = scan.noun(i).filter(|_| i > end) else { break };
        nouns.push(next);
        end = j;
    }
    let end = scan.skip(end, &["records", "rows", "data", "had", "has", "was", "were", "lived", "at"]);
    // `at any time`: the preposition belongs to what comes.
    let end = if scan.word(end.saturating_sub(1)) == "at" { end - 1 } else { end };
    Some((nouns, end))
}
