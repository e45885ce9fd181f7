//! Checks that count: shares of missing values, numbers of rows.

use super::predicate::rest;
use super::subject::{Subject, one, table};
use super::value;
use super::{Lead, check};
use crate::requirement::check::{Check, Rule, opposite};
use crate::requirement::piece::Noun;
use crate::requirement::scan::Scan;

/// `at most 5 % of customers may be without a phone`, `at least 95 % of orders must have a total`, `more than 5 % …`.
pub(super) fn percent<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    let (op, i) = value::operator(scan, at)?;
    let (percent, i) = value::number(scan, i)?;
    let i = scan.any(i, &["%", "percent", "per cent"])?;
    let i = scan.any(i, &["of the", "of all", "of our", "of"]).unwrap_or(i);
    let (of, mut i) = match one(scan, i) {
        Some((noun, j)) => (Some(noun), j),
        None => (None, scan.any(i, &["rows", "the rows", "records", "them", "these", "those"]).unwrap_or(i)),
    };
    i = scan.skip(i, &["may", "must", "should", "can", "be", "is", "are", "not", "do", "does", "only"]);
    const WITHOUT: &[&str] = &[
        "without",
        "without a",
        "without any",
        "with no",
        "lack",
        "lacking",
        "have no",
        "has no",
        "not have",
        "have a missing",
        "miss",
        "missing a",
        "with a missing",
        "with missing",
    ];
    const WITH: &[&str] = &["have", "has", "with", "have a", "contain"];
    let (missing, noun, end): (bool, Noun<'a>, usize) = if let Some(j) = scan.any(i, WITHOUT) {
        let (noun, end) = one(scan, j)?;
        (true, noun, end)
    } else if let Some(j) = scan.any(i, WITH) {
        let (noun, end) = one(scan, j)?;
        (false, noun, end)
    } else {
        let gone = scan.any(i, &["missing", "empty", "null", "blank", "unknown"]);
        let end = gone.or(scan.any(i, &["filled", "filled in", "present", "set", "there", "given", "known"]))?;
        (gone.is_some(), of.clone()?, end)
    };
    if noun.hits.columns.is_empty() {
        return None;
    }
    let (op, percent) = if missing { (op, percent) } else { rest(op, &percent)? };
    let fits = if lead.violation { matches!(op, ">" | ">=") } else { matches!(op, "<" | "<=") };
    let mut subject = Subject::of(noun, at..end);
    subject.within = of.filter(|t| !t.hits.tables.is_empty());
    fits.then(|| (check(subject, Rule::MostlyThere(percent), lead), end))
}

const DROPS: &[&str] = &[
    "drops by more than",
    "drop by more than",
    "falls by more than",
    "fall by more than",
    "decreases by more than",
    "decrease by more than",
    "shrinks by more than",
    "shrink by more than",
    "is down by more than",
    "drops more than",
    "falls more than",
    "drop more than",
    "fall more than",
];
const CHANGES: &[&str] = &[
    "changes by more than",
    "change by more than",
    "differs by more than",
    "differ by more than",
    "deviates by more than",
    "deviate by more than",
    "varies by more than",
    "vary by more than",
    "moves by more than",
    "changes more than",
    "change more than",
    "is off by more than",
    "be off by more than",
];
const NEAR: &[&str] = &["near", "close to", "around", "about", "similar to", "in line with", "like"];
const USUAL: &[&str] = &[
    "the usual",
    "usual",
    "normal",
    "the normal",
    "what is usual",
    "what it was",
    "the usual number",
    "what is normal",
    "the usual count",
    "the profile",
    "the last one",
    "expected",
    "the expected number",
];
/// How far from the usual is still near, in percent, where it is not said.
const NEARLY: u32 = 20;

/// `the row count must stay near the usual`, `the number of orders drops by more than 20 %`, `customers must not be empty`.
pub(super) fn rows<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    let count = scan.any(
        scan.article(at),
        &[
            "row count",
            "row counts",
            "number of rows",
            "number of records",
            "count of rows",
            "amount of rows",
            "volume",
            "rows",
            "record count",
        ],
    );
    let (of, mut i) = match count {
        Some(i) => {
            match scan.any(i, &["of", "in", "for"]).and_then(|j| table(scan, scan.skip(j, &["every", "each", "all"]))) {
                Some((noun, j)) => (Some(noun), scan.any(j, &["table"]).unwrap_or(j)),
                None => (None, i),
            }
        }
        None => {
            let i = scan.any(scan.article(at), &["number of", "count of", "amount of", "volume of"]);
            let (noun, j) = table(scan, i.unwrap_or(at))?;
            if i.is_none() {
                return emptiness(scan, at, noun, j, lead);
            }
            (Some(noun), j)
        }
    };
    let mut negated = false;
    let start = i;
    loop {
        match scan.word(i) {
            "must" | "should" | "may" | "can" | "always" | "has" | "to" | "stay" | "stays" | "remain" | "be" | "is"
            | "are" | "keep" => {}
            "not" | "never" | "cannot" | "can't" => negated = !negated,
            _ => break,
        }
        i += 1;
    }
    let stated = lead.asked || i > start;
    let wanted = negated == lead.violation;
    let take = |rule: Rule<'a>, end: usize| {
        let said = at..end;
        let nouns = of.clone().into_iter().collect();
        stated.then(|| (check(Subject { nouns, said, within: None, together: false, end }, rule, lead), end))
    };
    let percent = |j: usize| {
        let (n, k) = value::count(scan, j)?;
        let end = scan.any(k, &["%", "percent", "per cent"])?;
        Some((
            u32::try_from(n).ok().filter(|n| *n <= 1_000)?,
            scan.any(
                end,
                &[
                    "from the usual",
                    "of the usual",
                    "from what is usual",
                    "from normal",
                    "of normal",
                    "from the last time",
                    "against the profile",
                    "against the usual",
                    "compared to the usual",
                    "compared with the usual",
                    "compared to usual",
                    "than usual",
                    "against what is usual",
                ],
            )
            .unwrap_or(end),
        ))
    };
    if let Some((percent, end)) = scan.any(i, DROPS).and_then(percent).filter(|_| !wanted) {
        return take(Rule::RowsNear { percent, down: true }, end);
    }
    if let Some((percent, end)) = scan.any(i, CHANGES).and_then(percent).filter(|_| !wanted) {
        return take(Rule::RowsNear { percent, down: false }, end);
    }
    if wanted {
        if let Some((percent, end)) = scan.any(i, &["within"]).and_then(percent) {
            return take(Rule::RowsNear { percent, down: false }, end);
        }
        if let Some(end) = scan.any(i, NEAR).and_then(|j| scan.any(j, USUAL)).or_else(|| scan.any(i, USUAL)) {
            return take(Rule::RowsNear { percent: NEARLY, down: false }, end);
        }
    }
    let (list, end) = value::bounds(scan, i)?;
    let list = match list[..] {
        [(op, ref n)] if !wanted => vec![(opposite(op), n.clone())],
        _ if !wanted => return None,
        _ => list,
    };
    let list: Option<Vec<(&'static str, u64)>> = list.into_iter().map(|(op, n)| Some((op, n.parse().ok()?))).collect();
    take(Rule::Rows(list?), scan.any(end, &["rows", "records"]).unwrap_or(end))
}

/// `the orders table must not be empty`.
fn emptiness<'a>(scan: &Scan<'a>, at: usize, noun: Noun<'a>, end: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    let end = scan.any(end, &["table"]).unwrap_or(end);
    let never = scan
        .any(
            end,
            &[
                "must not be",
                "must never be",
                "should not be",
                "should never be",
                "is never",
                "are never",
                "cannot be",
                "can't be",
                "may not be",
                "may never be",
            ],
        )
        .and_then(|i| scan.any(i, &["empty"]));
    let is = scan.any(end, &["is empty", "are empty"]).filter(|_| lead.violation);
    let end = never.filter(|_| !lead.violation).or(is)?;
    Some((check(Subject::of(noun, at..end), Rule::Rows(vec![(">=", 1)]), lead), end))
}
