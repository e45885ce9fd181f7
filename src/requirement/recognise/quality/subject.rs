//! What is checked: columns by name, a table, and adjectives that say what is wrong with them.

use std::ops::Range;

use super::predicate::Cond;
use crate::contract::Column;
use crate::requirement::check::Form;
use crate::requirement::piece::{Filter, Noun};
use crate::requirement::roles::{Cleanable, cleanable};
use crate::requirement::scan::Scan;
use crate::requirement::{lexicon, tokens, words};
use crate::vocabulary::DataType;

/// What is checked, as it is said.
#[derive(Clone, Debug)]
pub(in crate::requirement::recognise) struct Subject<'a> {
    pub nouns: Vec<Noun<'a>>,
    pub said: Range<usize>,
    pub within: Option<Noun<'a>>,
    /// Several columns are one key.
    pub together: bool,
    pub end: usize,
}

impl<'a> Subject<'a> {
    pub(super) fn of(noun: Noun<'a>, said: Range<usize>) -> Subject<'a> {
        let end = said.end;
        Subject { nouns: vec![noun], said, within: None, together: false, end }
    }

    /// A column of it instead of itself: `every customer has an e-mail`.
    pub(super) fn property(self, noun: Noun<'a>) -> Subject<'a> {
        let table = self.nouns.into_iter().next();
        Subject { within: table.or(self.within), said: noun.tokens.clone(), nouns: vec![noun], ..self }
    }

    /// The rows that values before the noun choose: `completed orders`.
    pub(super) fn only(&self) -> Option<Filter<'a>> {
        let noun = self.nouns.iter().chain(&self.within).find(|n| !n.values.is_empty())?;
        Some(Filter::Values { negative: false, values: noun.values.clone(), noun: Some(noun.clone()) })
    }
}

/// Words after a noun that add nothing.
const AFTER: &[&str] = &[
    "records",
    "record",
    "rows",
    "row",
    "values",
    "value",
    "entries",
    "entry",
    "column",
    "columns",
    "field",
    "fields",
    "themselves",
    "table",
    "tables",
];

/// One noun, with what adds nothing after it.
pub(super) fn one<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let (noun, end) = scan.noun(scan.skip(at, &["every", "each", "any", "all", "single"]))?;
    Some((noun, scan.skip(end, AFTER)))
}

/// A noun that names a table.
pub(in crate::requirement::recognise) fn table<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    one(scan, at).filter(|n| !n.0.hits.tables.is_empty())
}

/// `the discharge` before what is said of it.
fn happened<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let (noun, end) = super::moments::event(scan, at)?;
    let said = scan.any(
        end,
        &["must", "may", "should", "is", "are", "was", "can", "cannot", "never", "always", "before", "after"],
    );
    said.map(|_| (noun, end))
}

/// Columns joined by commas and `and`, or one noun.
pub(in crate::requirement::recognise) fn subject<'a>(scan: &Scan<'a>, at: usize) -> Option<Subject<'a>> {
    let key = scan.any(
        at,
        &[
            "the combination of",
            "combinations of",
            "combination of",
            "each combination of",
            "the pair of",
            "each pair of",
            "pairs of",
        ],
    );
    let open = scan.any(key.unwrap_or(at), &["("]);
    let from = open.or(key).unwrap_or(at);
    let (first, mut end) = one(scan, from).or_else(|| happened(scan, from))?;
    let mut nouns = vec![first];
    let mut added = false;
    while nouns.iter().all(|n| !n.hits.columns.is_empty())
        && let Some(i) = scan.any(end, &[",", "and", ", and", "or", "plus", "as well as", "+"])
        && let Some((next, j)) = one(scan, i).filter(|n| !n.0.hits.columns.is_empty())
    {
        added |= scan.word(end) == "+";
        nouns.push(next);
        end = j;
    }
    // `(sensor, time)` are one key.
    let close = open.and_then(|_| scan.any(end, &[")"]));
    if open.is_some() && (close.is_none() || nouns.len() < 2) {
        return None;
    }
    end = close.unwrap_or(end);
    let mut within = None;
    if let Some(i) = scan.any(
        end,
        &["of each", "of every", "of all", "for every", "for each", "for all", "of an", "of a", "of any", "of the"],
    ) && let Some((of, j)) = table(scan, i)
        .filter(|t| nouns.iter().all(|n| n.hits.columns.iter().any(|c| t.0.hits.tables.contains(&c.table))))
    {
        (within, end) = (Some(of), j);
    }
    let together = scan.any(end, &["together", "combined", "in combination", "taken together", "as a pair"]);
    let said = nouns[0].tokens.start..end;
    let end = together.unwrap_or(end);
    Some(Subject { together: key.is_some() || open.is_some() || added || together.is_some(), nouns, said, within, end })
}

/// Words before `must`, `is` and the like that name nothing in the contracts: a column of the result, perhaps.
pub(super) fn result<'a>(scan: &Scan<'a>, at: usize) -> Option<Subject<'a>> {
    let start = scan.article(at);
    let word = |i: usize| scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word);
    let ends = ["must", "should", "may", "can", "cannot", "can't", "never", "always", "is", "are", "has", "needs"];
    let end = (start..start + 5).find(|i| !word(*i) || ends.contains(&scan.word(*i)))?;
    let named = (start..end).any(|i| scan.hits(i).is_some());
    let plain =
        |i: usize| !words::never_noun(scan.word(i)) || matches!(scan.word(i), "average" | "of" | "distinct" | "growth");
    let fits = end > start && word(end) && !named && (start..end).all(plain);
    fits.then(|| Subject { nouns: Vec::new(), said: start..end, within: None, together: false, end })
}

#[rustfmt::skip]
const MISSING: &[&str] = &[
    "missing values in", "missing values for", "missing values of", "missing values on", "missing data in", "missing entries in", "missing", "nulls in", "null values in", "null values for", "null", "empty values in", "empty", "blank", "blanks in",
    "absent", "gaps in", "unfilled", "unset", "missing or empty", "empty or missing", "null or empty", "incomplete",
];
const DUPLICATE: &[&str] = &[
    "duplicate",
    "duplicates in",
    "duplicated",
    "duplicate values in",
    "duplicates of",
    "duplicate values of",
    "duplicate values for",
    "repeated",
    "double",
    "non-unique",
    "duplicates on",
    "duplicates by",
    "duplicate entries for",
];
const INVALID: &[&str] =
    &["invalid", "malformed", "bad", "broken", "wrong", "ill-formed", "incorrect", "badly formatted", "not valid"];
const VALID: &[&str] = &[
    "valid",
    "well-formed",
    "correct",
    "correctly formatted",
    "properly formatted",
    "the validity of",
    "validity of",
    "the format of",
];
const UNIQUE: &[&str] = &["unique", "uniqueness of", "the uniqueness of", "distinct"];

/// What an adjective before a noun says of it.
pub(in crate::requirement::recognise) fn adjective<'a>(scan: &Scan<'a>, at: usize) -> Option<(Cond<'a>, usize)> {
    let at = scan.article(at);
    let lists: [(&[&str], Cond<'a>); 9] = [
        (MISSING, Cond::Missing),
        (DUPLICATE, Cond::Duplicated),
        (INVALID, Cond::Invalid),
        (VALID, Cond::Valid(None)),
        (UNIQUE, Cond::Unique),
        (&["negative"], Cond::Negative),
        (&["future", "future values in", "future dates in"], Cond::Future),
        (&["orphan", "orphaned", "dangling"], Cond::Orphan),
        (&["completeness of", "the completeness of", "complete"], Cond::Present),
    ];
    let found = lists.into_iter().filter_map(|(list, cond)| Some((scan.any(at, list)?, cond))).max_by_key(|f| f.0);
    found.map(|(end, cond)| (cond, end))
}

/// The form that values of a column should have, by tag or name.
pub fn form_of(column: &Column) -> Option<Form> {
    if column.data_type != DataType::Text {
        return None;
    }
    if let Some(kind @ (Cleanable::Email | Cleanable::Phone)) = cleanable(column) {
        return Some(Form::Of(kind));
    }
    let parts = lexicon::name_parts(&column.physical_name, column.name.as_str());
    let has = |words: &[&str]| parts.iter().any(|p| words.contains(&p.as_str()));
    if has(&["url", "website", "homepage", "link", "uri"]) {
        Some(Form::Url)
    } else if has(&["uuid", "guid"]) {
        Some(Form::Pattern("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"))
    } else if has(&["currency"]) {
        Some(Form::Pattern("^[A-Z]{3}$"))
    } else if has(&["isbn"]) {
        Some(Form::Pattern("^(97[89][- ]?)?([0-9][- ]?){9}[0-9X]$"))
    } else if has(&["ip"]) {
        Some(Form::Pattern("^([0-9]{1,3}[.]){3}[0-9]{1,3}$|^[0-9a-fA-F:]*:[0-9a-fA-F:]+$"))
    } else if has(&["country"]) && has(&["code"]) {
        Some(Form::Pattern("^[A-Z]{2,3}$"))
    } else if has(&["iban"]) {
        Some(Form::Pattern("^[A-Z]{2}[0-9]{2}[ 0-9A-Z]{10,36}$"))
    } else {
        None
    }
}
