//! What is done with a computed number: `plus 19 % VAT`, `in euros` of what is kept in cents, `rounded to 2 decimals`, `after
//! discount`.

use crate::requirement::lexicon::name_parts;
use crate::requirement::piece::{Kind, Measure, Piece, Then, What};
use crate::requirement::scan::Scan;
use crate::requirement::{Readings, tokens};

use super::formula;

const MAJOR: &[&str] =
    &["euro", "euros", "eur", "dollar", "dollars", "usd", "pounds", "gbp", "francs", "chf", "€", "$", "£"];
const MINOR: &[&str] = &["cents", "cent", "pence", "pennies", "minor units", "the minor unit"];
#[rustfmt::skip]
const IN: &[&str] = &[
    "is in", "are in", "is stored in", "are stored in", "is kept in", "are kept in", "is given in", "are given in", "in",
];
const ADD: &[&str] = &["plus", "including", "incl", "incl .", "with", "and add", "added", "+", "inclusive of"];
const TAKE: &[&str] = &["minus", "less", "after", "net of", "excluding", "without", "-", "reduced by", "deducting"];

/// Reads it.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let then = |end: usize, then: Then| Some(Piece { tokens: at..end, kind: Kind::Then(then) });
    if let Some((digits, end)) = rounded(scan, at) {
        return then(end, Then::Round(digits));
    }
    let measured = before.iter().any(|p| matches!(p.kind, Kind::Measure(_)));
    for (say, op) in [(ADD, '+'), (TAKE, '-')] {
        let found = scan.any(at, say).filter(|_| measured).and_then(|i| formula::percent(scan, i, op));
        if let Some((factor, end)) = found {
            return then(end, Then::Times(factor));
        }
    }
    if let Some((after, end)) = discount(scan, at) {
        return then(end, Then::Discount { after });
    }
    cents(scan, at)
}

/// `rounded to 2 decimals`, `to two decimal places`.
fn rounded(scan: &Scan<'_>, at: usize) -> Option<(u32, usize)> {
    let i = scan.skip(at, &[",", "(", "and", "all", "each", "both"]);
    if let Some(end) = scan.any(
        i,
        &["rounded to whole numbers", "rounded to integers", "rounded to the nearest integer", "as whole numbers"],
    ) {
        return Some((0, end));
    }
    let said = scan.any(i, &["rounded to", "round to", "rounded", "with", "to"])?;
    let n = super::window::number(scan, said).filter(|n| *n <= 12)?;
    let end = scan.any(
        said + 1,
        &[
            "decimals",
            "decimal places",
            "decimal",
            "digits after the point",
            "places",
            "decimal digits",
            "decimal place",
        ],
    )?;
    Some((n, scan.any(end, &[")"]).unwrap_or(end)))
}

/// `net of discounts`, `before discount`.
fn discount(scan: &Scan<'_>, at: usize) -> Option<(bool, usize)> {
    let i = scan.skip(at, &["(", ","]);
    let kinds: [(&[&str], bool); 2] = [
        (&["after", "net of", "less", "minus", "with", "including", "taking into account", "considering"], true),
        (&["before", "without", "ignoring", "excluding", "not considering", "gross of", "disregarding"], false),
    ];
    let (i, after) = kinds.iter().find_map(|(say, after)| Some((scan.any(i, say)?, *after)))?;
    let i = scan.article(scan.any(i, &["any", "all"]).unwrap_or(i));
    let end = scan.any(i, &["discounts", "discount"])?;
    let end = scan.any(end, &["applied", "deducted", "taken off"]).unwrap_or(end);
    let ends = scan.tokens.get(end).is_none_or(|t| t.kind == tokens::Kind::Mark)
        || scan.any(end, &["per", "by", "for", "and", "in"]).is_some();
    ends.then(|| (after, scan.any(end, &[")"]).unwrap_or(end)))
}

/// Whether some column is kept in cents.
fn has_cents(scan: &Scan<'_>) -> bool {
    let columns = scan.ground.contracts.values().flat_map(|c| &c.columns);
    columns.into_iter().any(is_cents)
}

/// Whether the name of a column says that it is in cents.
pub fn is_cents(column: &crate::contract::Column) -> bool {
    let parts = name_parts(&column.physical_name, column.name.as_str());
    column.data_type.is_numeric() && parts.iter().any(|p| matches!(p.as_str(), "cent" | "pence"))
}

/// `in euros`, `amount is in cents`.
fn cents<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let open = scan.any(at, &["(", ",", "note that", "( the"]).unwrap_or(at);
    if let Some(i) = scan.any(at, &["in", "in whole", "converted to", "as"])
        && let Some(end) = scan.any(i, MAJOR)
        && scan.lexicon.value(&scan.tokens, i).is_none()
        && has_cents(scan)
    {
        let end = scan
            .any(end, &["instead of cents", "not cents", "rather than cents", ", not cents", "not in cents"])
            .unwrap_or(end);
        return Some(Piece { tokens: at..end, kind: Kind::Then(Then::Major) });
    }
    // `(amount is in cents)`: beside what is wanted it says nothing more; alone it is asked.
    let word = |i: &usize| scan.tokens.get(*i).is_some_and(|t| t.kind == tokens::Kind::Word);
    let i = (open + 1..open + 4).take_while(|i| word(&(i - 1))).find_map(|i| scan.any(i, IN))?;
    let end = scan.any(i, MINOR)?;
    let end = if open > at { scan.any(end, &[")"]).unwrap_or(end) } else { end };
    let said = (0..scan.tokens.len()).any(|j| {
        scan.any(j, &["in", "in whole", "converted to", "to", "into"]).and_then(|j| scan.any(j, MAJOR)).is_some()
            || scan.any(j, &["/ 100", "divided by 100"]).is_some()
    });
    if said {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    let words = scan.words(&(at..end)).trim_start_matches(['(', ',', ' ']);
    let question = crate::requirement::Question::new(format!("`{words}`: in what shall the result be?")).key("cents");
    let readings = Readings::new(question)
        .or_that("in whole units", "amounts are divided by 100", Kind::Then(Then::Major))
        .or_that("in cents", "amounts are as they are kept", Kind::Filler);
    Some(Piece { tokens: at..end, kind: scan.choose(readings).unwrap_or_else(Kind::Ask) })
}

/// Whether the words at `at` say that a sum of money is meant.
pub(super) fn in_money(scan: &Scan<'_>, at: usize) -> bool {
    scan.any(at, &["in", "in whole"]).is_some_and(|i| scan.any(i, MAJOR).is_some())
}

/// Whether a measure is a number of rows, which is not rounded.
pub fn counts(measure: &Measure<'_>) -> bool {
    matches!(measure.what, What::Count { .. } | What::Rows | What::When { .. })
}
