//! How many rows of another table there are: `with more than 3 items`, `who placed at least 2 orders`, `who ordered more than
//! twice`, `with exactly one payment`, `with 3 or more orders`.

use super::{LIGHT, filter, others, verb};
use crate::requirement::piece::{Many, Noun};
use crate::requirement::recognise::window::number;
use crate::requirement::scan::Scan;
use crate::vocabulary::TableRef;

const LEADS: &[&str] = &[
    "with",
    "having",
    "have",
    "has",
    "had",
    "that have",
    "that had",
    "who have",
    "who had",
    "containing",
    "of",
    "there are",
    "there were",
];
const EXACTLY: &[&str] = &["exactly", "precisely", "only", "just"];

/// Reads such a number; `who` where a relative pronoun stands before.
pub(super) fn read<'a>(
    scan: &Scan<'a>,
    at: usize,
    who: bool,
    subjects: &[&'a TableRef],
) -> Option<(Many, Noun<'a>, usize)> {
    of_rows(scan, at, subjects).or_else(|| who.then(|| times(scan, at, subjects)).flatten())
}

fn of_rows<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Many, Noun<'a>, usize)> {
    let lead = scan.any(at, LEADS);
    let i = scan.skip(lead.unwrap_or(at), LIGHT);
    // `with one booking`: the number is no article.
    let i = if i > at && scan.word(i - 1) == "one" { i - 1 } else { i };
    let (op, i, exact) = operator(scan, i).or_else(|| lead.map(|_| ("=", i, false)))?;
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

/// `with more orders than payments`: both are counted.
pub(super) fn compared<'a>(
    scan: &Scan<'a>,
    at: usize,
    subjects: &[&'a TableRef],
) -> Option<(Many, Noun<'a>, Noun<'a>, usize)> {
    let i = scan.skip(scan.any(at, LEADS)?, LIGHT);
    let (op, i) = [("more", ">"), ("fewer", "<"), ("less", "<")]
        .iter()
        .find_map(|(say, op)| Some((*op, scan.any(i, &[*say])?)))?;
    let (noun, i, verb) = others(scan, i, subjects)?;
    let (than, end, other) = others(scan, scan.any(i, &["than"])?, subjects)?;
    (!verb && !other).then_some((Many::Count(op, 0), noun, than, end))
}

/// `booked more than twice`, `ordered at least 3 times`, `paid only once`.
fn times<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Many, Noun<'a>, usize)> {
    let below = |table: &&'a TableRef| subjects.iter().any(|s| scan.leads(table, s));
    let (noun, i) = verb::read(scan, scan.skip(at, &["have", "has", "had", "were", "was", "been"]), &below)?;
    let (op, i, _) = operator(scan, i)?;
    let (n, end) = match scan.word(i) {
        "once" => (1, i + 1),
        "twice" => (2, i + 1),
        "thrice" => (3, i + 1),
        _ => (number(scan, i)?, scan.any(i + 1, &["times", "time"])?),
    };
    Some((Many::Count(op, n), noun, end))
}

fn operator(scan: &Scan<'_>, at: usize) -> Option<(&'static str, usize, bool)> {
    let exactly = || scan.any(at, EXACTLY).map(|i| ("=", i, true));
    filter::operator(scan, at).map(|(op, i)| (op, i, false)).or_else(exactly)
}
