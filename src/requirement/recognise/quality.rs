//! Quality in words: missing values, uniqueness, belonging to a row that exists, one of some values.

use crate::requirement::piece::{Check, Kind, Noun, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;

const MISSING: &[&str] = &[
    "missing values in",
    "missing",
    "nulls in",
    "null values in",
    "null",
    "empty values in",
    "empty",
    "missing values for",
    "missing data in",
    "blank",
    "blanks in",
    "no missing values in",
    "no missing",
    "no nulls in",
    "no empty",
    "missing values of",
];
const DUPLICATE: &[&str] = &[
    "duplicate",
    "duplicates in",
    "duplicated",
    "no duplicate",
    "no duplicates in",
    "duplicate values in",
    "no duplicate values in",
    "duplicates of",
    "uniqueness of",
];
#[rustfmt::skip]
const NOT_NULL: &[&str] = &[
    "is never missing", "are never missing", "is never null", "are never null", "is never empty", "are never empty", "must not be null", "must not be empty", "must not be missing", "is not null",
    "are not null", "is not missing", "are not missing", "is always filled", "are always filled", "is always there", "are always there", "must be filled", "must be present", "is always present", "are always present",
    "must always be present", "is not empty", "are not empty", "must never be null", "must never be missing", "must never be empty", "is filled in", "are filled in", "is always set", "should never be null", "should not be null", "should never be missing", "should never be empty", "has no missing values", "have no missing values", "has no nulls", "has to be there", "can't be null", "can't be missing", "cannot be null", "cannot be missing", "must be there", "must be set", "is set", "has a value",
];
const UNIQUE: &[&str] = &[
    "is unique",
    "are unique",
    "must be unique",
    "should be unique",
    "is always unique",
    "are always unique",
    "has no duplicates",
    "have no duplicates",
    "must not repeat",
    "never repeats",
    "occurs only once",
    "appears only once",
];
const BELONGS: &[&str] = &[
    "must belong to",
    "belongs to",
    "belong to",
    "should belong to",
    "must have",
    "has to belong to",
    "must point to",
    "points to",
    "point to",
    "must refer to",
    "refers to",
    "must reference",
    "references",
    "should reference",
    "should have",
    "must be linked to",
    "has",
];
const ONE_OF: &[&str] = &[
    "is one of",
    "are one of",
    "must be one of",
    "is always one of",
    "should be one of",
    "is only",
    "must be either",
    "is either",
    "can only be",
    "may only be",
    "must be in",
    "should only be",
];

/// Reads a check.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let verb = scan.any(at, words::CHECK);
    let goes_on = before.last().is_some_and(|p| matches!(p.kind, Kind::Test(_)));
    let start = match verb {
        Some(end) => end,
        None => scan.any(at, &[", and", "and", ",", "and that"]).filter(|_| goes_on).unwrap_or(at),
    };
    let i = scan.skip(
        start,
        &["for", "that", "if", "whether", "there are", "there is", "every", "each", "any", "all", "also", "the"],
    );
    let tests = |i: usize| {
        if verb.is_some() || goes_on {
            if let Some(end) = scan.any(i, MISSING).and_then(|j| column(scan, j)) {
                return Some((Check::NotNull(end.0), end.1));
            }
            if let Some(end) = scan.any(i, DUPLICATE).and_then(|j| column(scan, j)) {
                return Some((Check::Unique(end.0), end.1));
            }
        }
        predicate(scan, i, verb.is_some() || goes_on)
    };
    let (check, end) = tests(i)?;
    Some(Piece { tokens: at..end, kind: Kind::Test(check) })
}

fn column<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let (noun, end) = scan.head(scan.article(at))?;
    (!noun.hits.columns.is_empty()).then_some((noun, end))
}

/// `X is unique`, `every A must belong to an existing B`, `X is one of a, b, c`.
fn predicate<'a>(scan: &Scan<'a>, at: usize, asked: bool) -> Option<(Check<'a>, usize)> {
    let (noun, i) = scan.head(at)?;
    let i = scan.any(i, &["of each", "for every", "for each"]).and_then(|j| Some(scan.head(j)?.1)).unwrap_or(i);
    if !noun.hits.columns.is_empty() {
        // `where email is not null` is a filter; as a check it follows a verb of checking or says `must`, `never`, `always`.
        let says = |end: usize| {
            asked
                || (i..end).any(|k| {
                    matches!(scan.word(k), "must" | "never" | "always" | "should" | "can't" | "cannot" | "unique")
                })
        };
        if let Some(end) = scan.any(i, NOT_NULL).filter(|e| says(*e)) {
            return Some((Check::NotNull(noun), end));
        }
        if let Some(end) = scan.any(i, UNIQUE).filter(|e| says(*e)) {
            return Some((Check::Unique(noun), end));
        }
        if let Some(mut j) = scan.any(i, ONE_OF) {
            let mut values = Vec::new();
            let mut end = j;
            while let Some(token) = scan.tokens.get(j) {
                if !matches!(token.kind, tokens::Kind::Word | tokens::Kind::Quoted | tokens::Kind::Number) {
                    break;
                }
                values.push(spelt(scan, &noun, j));
                end = j + 1;
                let Some(next) = scan.any(end, &[",", "or", "and", ", or", ", and"]) else { break };
                j = next;
            }
            if !values.is_empty() && says(end) {
                return Some((Check::OneOf { noun, values }, end));
            }
        }
    }
    if !noun.hits.tables.is_empty()
        && let Some(j) = scan.any(i, BELONGS)
    {
        let must = asked
            || (at.saturating_sub(2)..j).any(|k| matches!(scan.word(k), "must" | "every" | "each" | "should" | "all"));
        let existing = scan.skip(scan.article(j), &["existing", "valid", "known", "real", "an", "a", "the"]);
        let (parent, end) = scan.head(existing)?;
        let sure = scan.word(j - 1) == "to"
            || existing > scan.article(j)
            || scan.word(i) == "must"
            || scan.word(i) == "should";
        if must && sure && !parent.hits.tables.is_empty() {
            let end = scan.any(end, &["that exists", "which exists"]).unwrap_or(end);
            return Some((Check::Belongs { child: noun, parent }, end));
        }
    }
    None
}

/// A value as the contract spells it, else as written.
fn spelt(scan: &Scan<'_>, noun: &Noun<'_>, at: usize) -> String {
    let known = scan.lexicon.value(&scan.tokens, at).and_then(|(_, of)| {
        let own = |v: &&crate::requirement::lexicon::ValueOf<'_>| {
            noun.hits.columns.iter().any(|c| c.table == v.table && c.column.name == v.column.name)
        };
        of.iter().find(own).and_then(|v| v.value).map(str::to_owned)
    });
    known.unwrap_or_else(|| scan.tokens[at].text.clone())
}
