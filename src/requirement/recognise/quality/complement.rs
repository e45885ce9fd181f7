//! What follows `is` and `must be`: adjectives, bounds, other columns, values, forms, age.

use super::form::{length, letters, named_form, shaped};
use super::moments::{aged, event};
use super::predicate::Cond;
use super::subject::{Subject, one, table};
use super::value;
use crate::requirement::piece::{Formula, Noun};
use crate::requirement::recognise::formula;
use crate::requirement::scan::Scan;
use crate::requirement::tokens::Kind;
use crate::vocabulary::DataType;

/// What follows `is` and `must be`.
pub(super) fn complement<'a>(
    scan: &Scan<'a>,
    subject: &Subject<'a>,
    at: usize,
    only: bool,
) -> Option<(Cond<'a>, usize)> {
    const SIMPLE: &[(&[&str], Cond<'static>)] = &[
        (
            &[
                "missing",
                "null",
                "empty",
                "blank",
                "absent",
                "unknown",
                "left empty",
                "left blank",
                "missing or empty",
                "null or empty",
                "empty or missing",
                "unset",
            ],
            Cond::Missing,
        ),
        (
            &[
                "filled",
                "filled in",
                "present",
                "set",
                "there",
                "given",
                "known",
                "provided",
                "populated",
                "filled out",
                "recorded",
                "available",
                "not null",
                "non-null",
                "mandatory",
                "required",
                "complete",
            ],
            Cond::Present,
        ),
        (&["negative", "less than zero", "below zero", "under zero"], Cond::Negative),
        (&["positive", "greater than zero", "more than zero", "above zero", "larger than zero"], Cond::Positive),
        (&["zero"], Cond::Zero),
        (&["unique", "distinct", "different for each row"], Cond::Unique),
        (&["unique together", "unique in combination", "jointly unique"], Cond::Together),
        (
            &[
                "duplicated",
                "repeated",
                "appear several times",
                "occur several times",
                "repeat",
                "duplicate",
                "used twice",
                "occur twice",
                "appear twice",
                "appear more than once",
                "occur more than once",
                "used more than once",
            ],
            Cond::Duplicated,
        ),
        (
            &[
                "occur once",
                "occurs once",
                "appear once",
                "appears once",
                "occurs only once",
                "appears only once",
                "appear only once",
                "occur only once",
                "appear at most once",
                "appears at most once",
                "occur at most once",
                "be there only once",
                "exist only once",
                "exists only once",
                "listed only once",
                "only once",
            ],
            Cond::Unique,
        ),
        (
            &[
                "in the future",
                "future",
                "lie in the future",
                "later than today",
                "after today",
                "future dates",
                "after now",
                "in future",
            ],
            Cond::Future,
        ),
        (&["in the past", "past", "before today", "lie in the past", "before now"], Cond::Past),
        (&["invalid", "malformed", "broken", "ill-formed", "badly formatted"], Cond::Invalid),
        (
            &[
                "valid",
                "well-formed",
                "well formed",
                "correctly formatted",
                "properly formatted",
                "correct",
                "in a valid format",
                "in valid format",
            ],
            Cond::Valid(None),
        ),
    ];
    // `a valid address`, `a positive number`
    let said =
        ["valid", "positive", "negative", "non-negative", "nonnegative", "unique", "well-formed", "correct", "number"];
    let at = scan.any(at, &["a", "an"]).filter(|i| scan.any(*i, &said).is_some()).unwrap_or(at);
    let at = scan.any(at, &["number"]).unwrap_or(at);
    let of = ["a number", "a share", "a value", "an amount", "a rate", "a percentage", "a whole number", "an integer"];
    let at = scan.any(at, &of).filter(|i| value::bounds(scan, *i).is_some()).unwrap_or(at);
    // `at least 95 % complete`
    if let Some((op, i)) = value::operator(scan, at)
        && let Some((n, i)) = value::number(scan, i)
        && let Some(i) = scan.any(i, &["%", "percent", "per cent"])
    {
        let full = ["complete", "filled", "filled in", "populated", "present", "there", "available", "known", "set"];
        let gone = ["missing", "empty", "null", "blank", "incomplete"];
        if let Some(end) = scan.any(i, &gone) {
            return Some((Cond::MissingIn(op, n), end));
        }
        let (op, n) = super::predicate::rest(op, &n)?;
        return Some((Cond::MissingIn(op, n), scan.any(i, &full)?));
    }
    if let Some(end) = scan.any(
        at,
        &[
            "non-negative",
            "nonnegative",
            "not negative",
            "zero or more",
            "zero or above",
            "zero or positive",
            "positive or zero",
            "zero or greater",
        ],
    ) {
        return Some((Cond::Bounds(vec![(">=", "0".into())]), end));
    }
    let simple = SIMPLE.iter().filter_map(|(list, cond)| Some((scan.any(at, list)?, cond))).max_by_key(|f| f.0);
    let relation = compared(scan, subject, at)
        .or_else(|| aged(scan, at))
        .or_else(|| belongs(scan, at))
        .or_else(|| shaped(scan, at));
    if let Some((cond, end)) = relation.filter(|r| simple.is_none_or(|s| r.1 > s.0)) {
        return Some((cond, end));
    }
    if let Some((end, cond)) = simple {
        // `valid e-mail addresses`, `positive numbers`
        let after = scan.article(end);
        let cond = match cond {
            Cond::Valid(None) => Cond::Valid(named_form(scan, after)),
            other => other.clone(),
        };
        let more = scan.any(end, &["numbers", "number", "amounts", "values", "dates"]).unwrap_or(end);
        let noun = if matches!(cond, Cond::Valid(_) | Cond::Invalid) { one(scan, after).map(|n| n.1) } else { None };
        return Some((cond, noun.unwrap_or(more)));
    }
    let of_column = subject.nouns.iter().all(|n| !n.hits.columns.is_empty()) && !subject.nouns.is_empty();
    let listed = scan.any(at, &["one of", "either", "in the list", "among", "any of", "in"]);
    if of_column
        && (listed.is_some()
            || only
            || scan.lexicon.value(&scan.tokens, scan.article(at)).is_some()
            || scan.tokens.get(at).is_some_and(|t| t.kind == Kind::Quoted))
        && let Some((values, end)) = value::values(scan, listed.unwrap_or(at), &subject.nouns)
    {
        return Some((Cond::Values(values), end));
    }
    None
}

/// Bounds, other columns, sums of rows.
fn compared<'a>(scan: &Scan<'a>, subject: &Subject<'a>, at: usize) -> Option<(Cond<'a>, usize)> {
    let text = |n: &Noun<'a>| n.hits.columns.iter().any(|c| c.column.data_type == DataType::Text);
    if let Some((length, end)) =
        length(scan, at).filter(|_| letters(scan, at).is_none() || !subject.nouns.iter().all(text))
    {
        return Some((Cond::Length(length), scan.any(end, &["long"]).unwrap_or(end)));
    }
    if let Some((list, end)) = value::bounds(scan, at) {
        // `at most 5 %` and `older than 24 hours` are something else.
        let other = scan.any(end, &["%", "percent", "per cent"]).is_some();
        return (!other).then_some((Cond::Bounds(list), end));
    }
    const SUMS: &[&str] = &["the sum of", "the total of", "sum of", "the sum over", "the added"];
    let sum = scan
        .any(
            at,
            &[
                "equal",
                "equals",
                "equal to",
                "match",
                "matches",
                "agree with",
                "agrees with",
                "add up to",
                "adds up to",
                "be the same as",
                "the same as",
                "reconcile with",
                "reconciles with",
                "correspond to",
                "tie to",
                "equal to the same as",
                "consistent with",
            ],
        )
        .and_then(|i| scan.any(i, SUMS))
        .or_else(|| scan.any(at, SUMS));
    if let Some(i) = sum {
        if let Some((amount, j)) = formula::formula(scan, i)
            && let Some(of) = scan.any(j, &["of", "over", "in", "for", "across"])
            && let Some((parts, end)) = table(scan, scan.skip(of, &["its", "their", "all"]))
        {
            return Some((Cond::SumOf { parts, amount: Some(amount) }, end));
        }
        // `nights times price of its stays`: the last column took the table with it.
        if let Some((amount @ Formula::Op(..), end)) = formula::formula(scan, i)
            && let Some(of) = amount.nouns().last().and_then(|n| n.modifiers.last().cloned())
        {
            let parts = Noun { tokens: i..end, hits: of, modifiers: Vec::new(), values: Vec::new() };
            return Some((Cond::SumOf { parts, amount: Some(amount) }, end));
        }
        let (parts, end) = one(scan, i)?;
        return Some((Cond::SumOf { parts, amount: None }, end));
    }
    let (op, i) = value::operator(scan, at)?;
    let i = scan.skip(i, &["or equal to", "to", "than", "the same as", "its", "their"]);
    let i = scan.skip(i, &["they", "it", "are", "were", "is", "was", "being"]);
    // `discharged before admission`: times are compared with times.
    let time = |n: &Noun<'a>| n.hits.columns.iter().any(|c| c.column.data_type.is_temporal());
    if !subject.nouns.is_empty()
        && subject.nouns.iter().all(time)
        && one(scan, i).is_none_or(|n| !time(&n.0))
        && let Some((noun, end)) = event(scan, i)
    {
        return Some((Cond::Compare(op, Formula::Column(noun)), end));
    }
    let (right, end) = formula::formula(scan, i).or_else(|| {
        let (noun, end) = one(scan, i).filter(|n| !n.0.hits.columns.is_empty()).or_else(|| event(scan, i))?;
        Some((Formula::Column(noun), end))
    })?;
    Some((Cond::Compare(op, right), end))
}

/// `belong to an existing order`, `point to a customer`, `exist in products`.
fn belongs<'a>(scan: &Scan<'a>, at: usize) -> Option<(Cond<'a>, usize)> {
    let i = scan.any(
        at,
        &[
            "belong to",
            "belongs to",
            "point to",
            "points to",
            "refer to",
            "refers to",
            "reference",
            "references",
            "linked to",
            "exist in",
            "exists in",
            "found in",
            "be found in",
            "present in",
            "there in",
            "assigned to",
            "related to",
            "attached to",
            "connected to",
            "known in",
            "listed in",
            "occur in",
            "appear in",
        ],
    )?;
    let stray = ["missing", "non-existing", "nonexistent", "non-existent", "unknown", "deleted", "absent", "invalid"];
    if let Some(j) = scan.any(scan.article(i), &stray) {
        let (parent, end) = one(scan, j).filter(|p| !p.0.hits.tables.is_empty())?;
        return Some((Cond::Strays(parent), end));
    }
    let i = scan
        .skip(scan.article(i), &["existing", "valid", "known", "real", "an", "a", "the", "exactly one", "one", "some"]);
    let (parent, end) = one(scan, i)?;
    if parent.hits.tables.is_empty() {
        return None;
    }
    Some((Cond::Belongs(parent), scan.any(end, &["that exists", "which exists", "table"]).unwrap_or(end)))
}
