//! Rows that do not go on: `set aside orders whose total is negative`, `rows without a valid email or with a negative
//! balance go to a table of rejected rows with the reason`, `invalid rows are quarantined`.

use crate::requirement::Question;
use crate::requirement::check::{Check, Rule};
use crate::requirement::piece::{Bad, Kind, Noun, Piece};
use crate::requirement::scan::Scan;
use crate::spec::TestSeverity;

use super::quality::{Subject, adjective, subject, table, turn, violated};

#[rustfmt::skip]
const VERBS: &[&str] = &[
    "set aside", "put aside", "quarantine", "reject", "separate out", "isolate", "divert", "park", "setting aside", "putting aside", "quarantining", "rejecting", "set", "put", "keep", "move", "send", "store", "write", "collect",
];
/// Verbs that say it all by themselves.
const WHOLE: &[&str] = &[
    "set aside",
    "put aside",
    "quarantine",
    "reject",
    "isolate",
    "divert",
    "setting aside",
    "quarantining",
    "rejecting",
    "separate out",
];
/// What may stand between the rows and what becomes of them.
#[rustfmt::skip]
const MODAL: &[&str] = &[
    "should", "must", "shall", "are", "is", "be", "to", "get", "have", "need", "needs", "will", "being", "can", "also", "should be", "must be", "have to", "need to", "are to",
];
const ASIDE: &[&str] = &[
    "set aside",
    "put aside",
    "quarantined",
    "rejected",
    "kept apart",
    "kept separately",
    "stored separately",
    "diverted",
    "isolated",
    "aside",
    "separately",
    "apart",
    "kept aside",
    "moved aside",
];
const GOES: &[&str] = &[
    "go",
    "goes",
    "moved",
    "sent",
    "put",
    "written",
    "stored",
    "kept",
    "land",
    "collected",
    "saved",
    "end up",
    "diverted",
    "redirected",
    "loaded",
    "move",
    "belong",
];
/// Words of the table that they go to.
#[rustfmt::skip]
const TABLE: &[&str] = &[
    "a", "an", "the", "their", "its", "own", "another", "separate", "different", "dedicated", "special", "extra", "second", "table", "of", "for", "rejected", "rejects", "rejections", "reject", "quarantine", "quarantined", "bad", "invalid", "error",
    "errors", "faulty", "rows", "records", "entries", "set-aside", "area",
];
/// One of these says that it is another table.
#[rustfmt::skip]
const APART: &[&str] = &[
    "own", "another", "separate", "different", "dedicated", "special", "extra", "second", "rejected", "rejects", "rejections", "reject", "quarantine", "quarantined", "bad", "invalid", "error", "errors", "faulty", "set-aside",
];
#[rustfmt::skip]
const REASON: &[&str] = &[
    "with the reason", "with a reason", "with reasons", "with the reasons", "with why", "and why", "with the reason why", "together with the reason", "with their reason", "with their reasons", "along with the reason", "stating why", "with an explanation",
    "giving the reason", "and the reason", "and a reason", "including the reason", "with the reason for it", "and say why", "and tell why", "saying why", "together with the reasons", "with a reason column", "with the reason for each", "each with the reason", "each with its reason",
    "with its reason", "with the cause", "and their reason", "and the reasons", "with a reason for each",
];
/// Rows that nothing more is said of: what makes them bad is said by the checks.
#[rustfmt::skip]
const GENERIC: &[&str] = &[
    "invalid rows", "bad rows", "invalid records", "bad records", "broken rows", "wrong rows", "faulty rows", "offending rows", "failing rows", "rows that fail", "rows that fail the checks", "rows that fail a check", "rows that fail these checks", "rows that fail any of these",
    "rows that do not pass", "rows that don't pass", "rows which fail", "records that fail", "records that fail the checks", "rows that break a rule", "rows that break these rules", "violating rows", "violations", "rows that are invalid", "rows that are not valid", "the rest", "offenders",
    "rows that violate this", "rows that violate these rules", "rows that violate them", "rows that are wrong", "everything else", "rows that do not", "rows that don't", "those that do not", "those that don't", "those that fail", "records that are invalid", "failures",
    "invalid ones", "bad ones", "invalid data", "bad data", "anything else", "anything that fails", "whatever fails",
];
const ROWS: &[&str] = &[
    "rows",
    "records",
    "entries",
    "those",
    "all rows",
    "any rows",
    "all records",
    "any row",
    "a row",
    "each row",
    "every row",
    "lines",
];

/// Words that ask for it where nothing more is understood.
const ASKED: &[&str] =
    &["set aside", "put aside", "quarantine", "quarantined", "rejected rows", "invalid rows", "bad rows", "reject"];
/// What goes on.
const LEFT: &[&str] =
    &["remaining", "the remaining", "the good", "good", "the valid", "the accepted", "the other", "the clean"];

/// Reads rows that are to be set aside.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(at, &["and", "then", "also", ",", "but", "please", ";"]);
    if let Some((bad, end)) = verb_first(scan, start).or_else(|| rows_first(scan, start)) {
        return Some(Piece { tokens: at..reason(scan, end), kind: Kind::SetAside(bad) });
    }
    let apart = before.iter().any(|p| matches!(p.kind, Kind::SetAside(_)));
    if let Some(end) = scan.any(start, LEFT).filter(|i| apart && table(scan, *i).is_some()) {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    // What the contracts call so is a name.
    let end = scan.any(start, ASKED).filter(|end| *end > start + 1 || scan.hits(start).is_none_or(|h| h.tier > 0))?;
    let about = format!("`{}`: which rows are set aside is not understood.", scan.words(&(start..end)));
    let question = Question::new(about).key("set_aside").saying("set aside {}").or("rows whose … is …").or_without();
    Some(Piece { tokens: at..end, kind: Kind::Ask(question) })
}

/// `set aside orders with a negative total`, `keep bad rows in a table of their own`.
fn verb_first<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Bad<'a>>, usize)> {
    let verb = scan.any(at, VERBS)?;
    let i = scan.skip(verb, &["any", "all", "every", "the"]);
    let (bad, end) = rows(scan, i)?;
    let whole = scan.any(at, WHOLE).is_some();
    let there = scan.any(end, ASIDE).or_else(|| target(scan, end));
    if !whole && there.is_none() {
        return None;
    }
    Some((bad, there.unwrap_or(end)))
}

/// `rows without an e-mail are set aside`, `bad rows go to a table of rejected rows`.
fn rows_first<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Bad<'a>>, usize)> {
    let (bad, end) = rows(scan, scan.skip(at, &["any", "all", "every", "the"]))?;
    let verdict = scan.skip(end, MODAL);
    let verdict = scan.any(verdict, ASIDE).or_else(|| target(scan, scan.any(verdict, GOES)?))?;
    // `kept separately in a table of rejected rows`
    Some((bad, target(scan, verdict).unwrap_or(verdict)))
}

/// `to a table of rejected rows`, `into quarantine`.
fn target(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let mut end = scan.any(at, &["to", "into", "in", "onto", "under"])?;
    let mut apart = false;
    while TABLE.contains(&scan.word(end)) {
        apart |= APART.contains(&scan.word(end));
        end += 1;
    }
    apart.then_some(end)
}

/// `, with the reason`.
fn reason(scan: &Scan<'_>, at: usize) -> usize {
    let i = scan.any(at, &[","]).unwrap_or(at);
    let end = scan.any(i, REASON).unwrap_or(at);
    // `in a table of their own with the reason`, or the other way around.
    target(scan, end).unwrap_or(end)
}

/// Rows, and what is wrong with them: nothing where the checks say it.
fn rows<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Bad<'a>>, usize)> {
    let generic = scan.any(at, GENERIC);
    let (noun, i) = match (scan.any(at, ROWS), table(scan, at)) {
        (Some(i), _) => (None, i),
        (None, Some((noun, i))) => (Some(noun), i),
        (None, None) => return generic.map(|end| (Vec::new(), end)),
    };
    let mut bad: Vec<Bad<'a>> = Vec::new();
    let mut end = i;
    // `cancelled orders`
    if let Some(noun) = noun.as_ref().filter(|n| !n.values.is_empty()) {
        bad.push(Bad::Values { values: noun.values.clone(), noun: Some(noun.clone()), words: at..i });
    }
    let mut next = i;
    while let Some((one, j)) = fault(scan, next, noun.as_ref()) {
        bad.push(one);
        end = j;
        let joined = scan.any(end, &[", or", "or", ", and", ","]).or_else(|| again(scan, end));
        let Some(joined) = joined.filter(|j| fault(scan, scan.any(*j, ROWS).unwrap_or(*j), noun.as_ref()).is_some())
        else {
            // `with no e-mail and a negative balance`
            let Some(and) = scan.any(end, &["and"]).filter(|j| fault(scan, *j, noun.as_ref()).is_some()) else { break };
            bad.push(Bad::And(end..and));
            next = and;
            continue;
        };
        // `, or rows with …`
        next = scan.any(joined, ROWS).unwrap_or(joined);
    }
    if generic.is_some_and(|g| g >= end) || bad.is_empty() {
        return generic.map(|end| (Vec::new(), end));
    }
    Some((bad, end))
}

/// `and rows with …`, `as well as those without …`: other rows; a plain `and` would ask for both of one row.
fn again(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let i = scan.any(at, &["and", "as well as", "and also", "plus"])?;
    let of_rows = scan.any(i, ROWS);
    of_rows.or_else(|| {
        let i = scan.any(i, &["with", "without", "those"]).map(|_| i)?;
        (scan.word(at) != "and").then_some(i)
    })
}

/// One thing that is wrong with a row: `without a valid e-mail`, `with a negative balance`, `whose total is below 0`.
fn fault<'a>(scan: &Scan<'a>, at: usize, of: Option<&Noun<'a>>) -> Option<(Bad<'a>, usize)> {
    let check = |subject: Subject<'a>, rule: Rule<'a>| {
        let only = None;
        let severity = TestSeverity::Error;
        let within = of.cloned().or(subject.within);
        Check { of: subject.nouns, said: subject.said, within, scope: None, rule, negated: true, only, severity }
    };
    if let Some(i) = scan.any(
        at,
        &[
            "without",
            "with no",
            "without any",
            "lacking",
            "that have no",
            "who have no",
            "which have no",
            "that lack",
            "missing",
            "that miss",
            "with a missing",
            "with missing",
            "with an empty",
            "with empty",
        ],
    ) {
        let i = scan.article(i);
        let valid = scan.any(i, &["valid", "proper", "correct", "existing", "usable", "well-formed", "real"]);
        let subject = subject(scan, scan.article(valid.unwrap_or(i)))?;
        let end = subject.end;
        if subject.nouns.iter().all(|n| n.hits.columns.is_empty()) {
            let parent = subject.nouns.first()?.clone();
            let row = Subject { nouns: of.cloned().into_iter().collect(), ..subject };
            return Some((
                Bad::Check { check: Box::new(check(row, Rule::Belongs(parent))), missing: false, words: at..end },
                end,
            ));
        }
        let (rule, missing) = if valid.is_some() { (Rule::Valid(None), true) } else { (Rule::There, false) };
        return Some((Bad::Check { check: Box::new(check(subject, rule)), missing, words: at..end }, end));
    }
    let with = scan.any(at, &["with", "that have", "having", "which have", "who have", "of"]);
    if let Some((cond, j)) = with.and_then(|i| adjective(scan, scan.article(i)))
        && let Some(subject) = subject(scan, j).filter(|s| s.nouns.iter().any(|n| !n.hits.columns.is_empty()))
        && let Some(rule) = turn(scan, cond, false)
    {
        let end = subject.end;
        return Some((Bad::Check { check: Box::new(check(subject, rule)), missing: false, words: at..end }, end));
    }
    if let Some(i) = scan.any(at, &["that are", "which are", "that is", "that were", "who are", "which is"]) {
        let (values, end) = scan.values(i);
        if !values.is_empty() {
            return Some((Bad::Values { values, noun: of.cloned(), words: at..end }, end));
        }
    }
    let whose = scan.any(at, &["whose", "where", "if", "when", "in which", "for which", "where the", "with"])?;
    if let Some((inner, rule, end)) = violated(scan, scan.article(whose)) {
        return Some((Bad::Check { check: Box::new(check(inner, rule)), missing: false, words: at..end }, end));
    }
    match super::filter::column_value(scan, at)?.kind {
        Kind::Filter(crate::requirement::piece::Filter::Values { negative: false, values, noun }) => {
            let end = values.last()?.tokens.end;
            Some((Bad::Values { values, noun: noun.or_else(|| of.cloned()), words: at..end }, end))
        }
        _ => None,
    }
}
