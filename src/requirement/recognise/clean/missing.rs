//! Cleaned stands for a missing value: `replace missing countries with unknown`, `missing amounts become 0`, `use 'n/a' where
//! the city is missing`; and what becomes none: `replace empty names by null`.

use super::{targets, words::CLEAN};
use crate::requirement::piece::Clean;
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

#[rustfmt::skip]
const FILL: &[&str] = &[
    "fill missing", "fill in missing", "fill the missing", "fill empty", "replace missing", "replace empty", "replace the missing", "set missing", "default missing", "replace null", "fill null", "replace nulls in", "fill nulls in", "set empty",
    "turn missing", "turn empty", "convert empty", "show missing", "treat missing", "treat empty", "fill up missing", "replace blank", "turn blank", "treat blank", "set blank", "make empty", "make missing", "fill gaps in", "replace empty values in", "replace missing values in",
];
const ABSENT: &[&str] = &["missing", "empty", "absent", "blank", "null", "if missing", "unknown"];
#[rustfmt::skip]
const BECOMES: &[&str] = &[
    "becomes", "become", "should become", "shown as", "counts as", "count as", "defaults to", "default to", "is set to", "are set to", "is replaced by", "are replaced by", "is replaced with", "are replaced with", "should be shown as", "turn into",
    "turns into", "are shown as", "is shown as", "are counted as", "will become", "replaced by", "replaced with", "set to",
];
/// The same, where what follows can be nothing but a value.
const IS: &[&str] = &["as", "is", "are", "gets", "get", "should be", "must be", "to", "=", "will be", "into"];
/// Words that stand for a value that is not there.
const DEFAULTS: &[&str] = &["unknown", "other", "others", "n/a", "unspecified", "undefined", "unassigned", "anonymous"];
const NOTHING: &[&str] = &["null", "nulls", "nothing", "none", "missing values", "missing", "a null", "real nulls"];

/// Reads a default for missing values, or what becomes missing.
pub(super) fn read<'a>(scan: &Scan<'a>, at: usize) -> Option<(Clean<'a>, usize)> {
    filled(scan, at).or_else(|| becomes(scan, at)).or_else(|| defaults(scan, at)).or_else(|| used(scan, at))
}

/// `replace missing countries with unknown`.
fn filled<'a>(scan: &Scan<'a>, at: usize) -> Option<(Clean<'a>, usize)> {
    let start = scan.any(at, FILL)?;
    let (what, end) = targets(scan, scan.article(start))?;
    value(scan, scan.any(end, &["with", "by", "to", "as", "into", "="])?, what)
}

/// `missing countries become 'unknown'`, `empty names become null`.
fn becomes<'a>(scan: &Scan<'a>, at: usize) -> Option<(Clean<'a>, usize)> {
    let i = scan.any(scan.article(at), ABSENT)?;
    let (what, end) = targets(scan, scan.article(i))?;
    if let Some(end) = scan.any(end, BECOMES) {
        return value(scan, end, what);
    }
    let end = scan.any(end, IS).filter(|i| is_value(scan, *i))?;
    value(scan, end, what)
}

/// Whether nothing but a value stands there.
fn is_value(scan: &Scan<'_>, at: usize) -> bool {
    let shown = scan.tokens.get(at).is_some_and(|t| matches!(t.kind, tokens::Kind::Quoted | tokens::Kind::Number));
    shown || DEFAULTS.contains(&scan.word(at)) || scan.any(at, NOTHING).is_some()
}

/// `country defaults to 'unknown'`, `default the country to 'unknown'`.
fn defaults<'a>(scan: &Scan<'a>, at: usize) -> Option<(Clean<'a>, usize)> {
    if let Some(i) = scan.any(at, &["default"]) {
        let (what, end) = targets(scan, scan.article(i))?;
        return value(scan, scan.any(end, &["to", "as"])?, what);
    }
    let (what, end) = targets(scan, scan.article(at))?;
    value(scan, scan.any(end, &["defaults to", "default to", "defaulting to", "with default", "if missing"])?, what)
}

/// `use 'unknown' for missing countries`, `'unknown' where the country is missing`.
fn used<'a>(scan: &Scan<'a>, at: usize) -> Option<(Clean<'a>, usize)> {
    let i = scan.any(at, &["use", "put", "write", "show", "with", "set"]).unwrap_or(at);
    let token = scan.tokens.get(i)?;
    if !is_value(scan, i) || token.kind != tokens::Kind::Quoted && i == at {
        return None;
    }
    let for_missing =
        scan.any(i + 1, &["for missing", "for empty", "instead of missing", "for the missing", "for blank"]);
    let (what, end) = match for_missing {
        Some(j) => targets(scan, scan.article(j))?,
        None => {
            let j = scan.any(i + 1, &["where", "if", "when", "in case"])?;
            let (what, end) = targets(scan, scan.article(j))?;
            (
                what,
                scan.any(
                    end,
                    &["is missing", "is empty", "is null", "are missing", "is not there", "are empty", "is blank"],
                )?,
            )
        }
    };
    let value = Some(token.text.clone());
    Some((Clean { what, rules: vec!["fill_missing".into()], value, goes_on: false, listed: false }, end))
}

fn value<'a>(
    scan: &Scan<'a>,
    at: usize,
    what: Vec<crate::requirement::piece::Cleaned<'a>>,
) -> Option<(Clean<'a>, usize)> {
    let quoted = scan.tokens.get(at).is_some_and(|t| t.kind == tokens::Kind::Quoted);
    if let Some(end) = scan.any(at, NOTHING).filter(|_| !quoted) {
        return Some((
            Clean { what, rules: vec!["empty_to_null".into()], value: None, goes_on: false, listed: false },
            end,
        ));
    }
    let i = scan.article(at);
    let token = scan.tokens.get(i)?;
    let fits = matches!(token.kind, tokens::Kind::Word | tokens::Kind::Quoted | tokens::Kind::Number);
    // `missing phones are cleaned` says nothing of a default.
    if !fits || super::STYLES.iter().any(|(_, list)| scan.any(i, list).is_some()) || token.lower == CLEAN {
        return None;
    }
    let value = Some(token.text.clone());
    Some((Clean { what, rules: vec!["fill_missing".into()], value, goes_on: false, listed: false }, i + 1))
}
