//! Quality in words: what must hold (`make sure that totals are never negative`, `the status may only be …`), and what
//! must not be met (`check for missing phones`, `warn if …`, `no two customers share an e-mail`).

mod asked;
mod complement;
mod form;
mod moments;
mod predicate;
mod rate;
mod subject;
mod value;
mod whole;

use std::ops::Range;

use crate::requirement::check::{Check, Rule};
use crate::requirement::piece::{Filter, Kind, Noun, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::{tokens, words};
use crate::spec::TestSeverity;
use subject::one;

pub(super) use predicate::{Cond, turn};
pub use subject::form_of;
pub(super) use subject::{Subject, adjective, subject, table};

/// Verbs beside those of [`words::CHECK`] that ask for something to hold.
#[rustfmt::skip]
const RULE: &[&str] = &[
    "the following must hold", "these rules must hold", "these rules hold", "we expect", "we expect that", "expect",
    "expect that", "require", "require that", "enforce", "enforce that",
];
/// Words that ask for something not to be met.
#[rustfmt::skip]
const VIOLATION: &[&str] = &[
    "check for", "test for", "look for", "watch for", "watch out for", "detect", "flag", "flag any", "report any", "complain about", "check for any", "there must be no",
    "there should be no", "there may be no", "there can be no", "there must not be", "there must not be any", "there should not be any", "there must never be", "there are no",
    "that there are no", "check that there are no", "make sure there are no", "make sure that there are no", "ensure there are no", "ensure that there are no", "verify there are no", "verify that there are no",
    "make sure that no", "make sure no", "ensure that no", "ensure no", "check that no", "verify that no", "and no", "no",
    "fail if", "fail when", "fail the run if", "fail the run when", "fail the build if", "fail the pipeline if", "fail the job if", "raise an error if", "raise an error when", "error if", "stop if",
    "stop the run if", "alert me if", "alert us if", "alert me when", "alert us when", "complain if", "complain when",
];
/// The same, and the run goes on.
#[rustfmt::skip]
const WARNING: &[&str] = &[
    "warn if", "warn me if", "warn us if", "warn when", "warn me when", "warn us when", "warn about", "warn me about", "warn us about", "warn on", "give a warning if", "give a warning when", "raise a warning if",
    "raise a warning when", "just warn if", "only warn if",
];

/// What led to a check.
#[derive(Clone, Copy, Debug)]
struct Lead {
    /// It is asked for, so that a plain `is` states a rule.
    asked: bool,
    /// What follows must not be met.
    violation: bool,
    severity: TestSeverity,
}

/// Reads a check.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    // `fees converted to numbers and e-mails in lower case`: cleaning goes on.
    if matches!(before.last().map(|p| &p.kind), Some(Kind::Clean(_))) && super::clean::read(scan, at, before).is_some()
    {
        return None;
    }
    let (mut lead, i) = lead(scan, at, before);
    let (scope, i) = match scoped(scan, at, i) {
        Some((noun, end)) => {
            lead.asked |= scan.word(end - 1) == ":";
            (Some(noun), end)
        }
        None => (last(scan, before).and_then(|(check, _)| check.scope.clone()), i),
    };
    let i = bullet(scan, i);
    let i = scan.skip(
        i,
        &["that", "if", "whether", "also", "for", "any", "there are", "there is", "every", "each", "all", "the"],
    );
    let Some((mut check, end)) = again(scan, at, before).or_else(|| said(scan, i, lead)) else {
        return asked::unclear(scan, at);
    };
    if let Some(scope) = &scope
        && check.within.is_none()
        && about(&check, scope)
    {
        check.within = Some(scope.clone());
    }
    if let Some(scope) = &scope
        && check.only.is_none()
        && !scope.values.is_empty()
        && about(&check, scope)
    {
        check.only = Some(Filter::Values { negative: false, values: scope.values.clone(), noun: Some(scope.clone()) });
    }
    check.scope = scope;
    let end = trailing(scan, end, &mut check);
    Some(Piece { tokens: at..end, kind: Kind::Test(Box::new(check)) })
}

/// The check before, where only marks stand between, and whether one does.
fn last<'b, 'a>(scan: &Scan<'a>, before: &'b [Piece<'a>]) -> Option<(&'b Check<'a>, bool)> {
    let gap = |p: &&Piece<'a>| {
        matches!(p.kind, Kind::Filler) && scan.tokens[p.tokens.clone()].iter().all(|t| t.kind == tokens::Kind::Mark)
    };
    let marks = before.iter().rev().take_while(gap).count();
    let Kind::Test(check) = &before.get(before.len().checked_sub(marks + 1)?)?.kind else { return None };
    let listed = before[before.len() - marks..].iter().any(|p| bullet(scan, p.tokens.start) > p.tokens.start);
    let plain = marks == 0 || before[before.len() - marks..].iter().all(|p| !scan.tokens[p.tokens.start].is_mark("."));
    Some((check, listed || marks > 0 && plain))
}

/// Past what begins an item of a list: `- …`, `* …`, `1. …`, `b) …`.
fn bullet(scan: &Scan<'_>, at: usize) -> usize {
    let mut i = scan.skip(at, &[":"]);
    if let Some(end) = scan.any(i, &["-", "–", "—", "*", "•", "·", "( )", "[ ]"]) {
        i = end;
    } else if let Some(token) = scan.tokens.get(i)
        && scan.any(i + 1, &[")", "."]).is_some()
        && token.lower.len() <= 2
        && (token.kind == tokens::Kind::Number || token.lower.len() == 1)
        && scan.tokens.get(i + 2).is_some()
    {
        i += 2;
    }
    i
}

/// The table that checks are about: `check patients: …`, `in order details the …`, `for customers, …`.
fn scoped<'a>(scan: &Scan<'a>, at: usize, led: usize) -> Option<(Noun<'a>, usize)> {
    let start = bullet(scan, led);
    let quality =
        ["the quality of", "quality of", "the data quality of", "data quality of", "data quality in", "the data in"];
    let of = scan.any(start, &quality).unwrap_or(start);
    let into = scan.any(of, &["in", "for", "on", "within", "only for", "for all"]);
    let (noun, end) = table(scan, scan.skip(into.unwrap_or(of), &["all", "every", "each"]))?;
    let end = scan.any(end, &["table", "tables"]).unwrap_or(end);
    let mark = scan.any(end, &[":", ", :", "- -"]);
    match mark {
        Some(end) if led > at || into.is_some() || at == 0 || scan.tokens[at - 1].ends_clause() => Some((noun, end)),
        // `for each order the total …`: what follows has its own subject.
        None if into.is_some() && noun.values.is_empty() => {
            let end = scan.any(end, &[","]).unwrap_or(end);
            scan.any(end, &["the", "each", "every", "all", "no", "there must", "a"])
                .or(scan.any(end - 1, &[","]))
                .map(|_| (noun, end))
        }
        _ => None,
    }
}

/// What goes on with the subject of the check before: `… must not be negative or missing`, `… and unique`.
fn again<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(Check<'a>, usize)> {
    let Some(Piece { kind: Kind::Test(check), .. }) = before.last() else { return None };
    let or = scan.any(at, &[", or", "or", "nor"]);
    let i = or.or(scan.any(at, &[", and", "and", ", but", "but", ",", "as well as"]))?;
    if check.of.is_empty() && check.said.is_empty() {
        return None;
    }
    let subject = Subject {
        nouns: check.of.clone(),
        said: check.said.clone(),
        within: check.within.clone(),
        together: false,
        end: i,
    };
    if or.is_none()
        && !check.negated
        && let Some(found) = whole::also_has(scan, check, i)
    {
        return Some(found);
    }
    let said = predicate::further(scan, &subject, check.negated, or.is_some())?;
    let rule = turn(scan, said.cond, !said.negated)?;
    let only = check.only.clone();
    let (within, scope) = (check.within.clone(), check.scope.clone());
    let next = Check {
        of: check.of.clone(),
        said: check.said.clone(),
        within,
        scope,
        rule,
        negated: said.negated,
        only,
        severity: check.severity,
    };
    Some((next, said.end))
}

/// What led to it, and where that ends.
fn lead<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> (Lead, usize) {
    let start = scan.any(at, &["and", ", and", ",", "; and", "also", "please"]).unwrap_or(at);
    let (error, warn) = (TestSeverity::Error, TestSeverity::Warn);
    let leads = [
        (whole::heading(scan, start), Lead { asked: true, violation: false, severity: error }),
        (scan.any(start, words::CHECK), Lead { asked: true, violation: scan.word(start) == "flag", severity: error }),
        (scan.any(start, RULE), Lead { asked: true, violation: false, severity: error }),
        // `check for customers without …` is no `check`: of two that end alike the last counts.
        (scan.any(start, WARNING), Lead { asked: true, violation: true, severity: warn }),
        (scan.any(start, VIOLATION), Lead { asked: true, violation: true, severity: error }),
    ];
    let found = leads.into_iter().filter_map(|(end, lead)| Some((end?, lead))).max_by_key(|f| f.0);
    if let Some((end, lead)) = found {
        return (lead, end);
    }
    // `, and the e-mails`: goes on with what was asked before.
    let run = before.iter().rev().take_while(|p| matches!(p.kind, Kind::Test(_) | Kind::Filler)).last();
    let run =
        run.and_then(|p| before.iter().find(|b| b.tokens.start >= p.tokens.start && matches!(b.kind, Kind::Test(_))));
    match (last(scan, before), run) {
        (Some((check, listed)), Some(first)) if start > at || listed || bullet(scan, at) > at => {
            let from = first.tokens.start;
            let from = scan.any(from, &["and", ",", ", and"]).unwrap_or(from);
            let violation = scan.any(from, VIOLATION).is_some() || scan.any(from, WARNING).is_some();
            // `warn if …; the currency is …`: what is past a semicolon may as well be a rule of its own.
            if violation && at > 0 && scan.tokens[at - 1].is_mark(";") {
                return (Lead { asked: false, violation: false, severity: error }, start);
            }
            (Lead { asked: true, violation, severity: check.severity }, start)
        }
        _ => (Lead { asked: false, violation: false, severity: error }, start),
    }
}

/// Everything that a check can be said as.
fn said<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    whole::integrity(scan, at, lead)
        .or_else(|| whole::repeated(scan, at, lead))
        .or_else(|| rate::percent(scan, at, lead))
        .or_else(|| rate::rows(scan, at, lead))
        .or_else(|| no_two(scan, at, lead))
        .or_else(|| adjectives(scan, at, lead))
        .or_else(|| predicated(scan, at, lead))
        .or_else(|| without(scan, at, lead))
        .or_else(|| validated(scan, at, lead))
        .or_else(|| asked::read(scan, at).map(|(subject, rule, end)| (check(subject, rule, lead), end)))
}

/// What must not be true, `total is negative`: the subject, the rule that such rows break, and the end.
pub(super) fn violated<'a>(scan: &Scan<'a>, at: usize) -> Option<(Subject<'a>, Rule<'a>, usize)> {
    let mut inner = subject(scan, at)?;
    // `a phone that is missing`
    inner.end = scan.any(inner.end, &["that", "which"]).unwrap_or(inner.end);
    let said = predicate::read(scan, &inner, true)?;
    let rule = turn(scan, said.cond, said.negated)?;
    Some((inner, rule, said.end))
}

fn check<'a>(subject: Subject<'a>, rule: Rule<'a>, lead: Lead) -> Check<'a> {
    let only = subject.only();
    let (negated, severity) = (false, lead.severity);
    Check { of: subject.nouns, said: subject.said, within: subject.within, scope: None, rule, negated, only, severity }
}

/// `no two customers share an e-mail`, `two customers have the same e-mail`.
fn no_two<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    let i = scan.any(at, &["no two", "no 2"]).or(scan.any(at, &["two", "several"]).filter(|_| lead.violation))?;
    let (of, i) = table(scan, i)?;
    let i = scan.any(i, &["may", "should", "must", "can", "ever"]).unwrap_or(i);
    let i = scan.any(
        i,
        &[
            "share the same",
            "share a",
            "share an",
            "share",
            "have the same",
            "with the same",
            "for the same",
            "the same",
            "use the same",
        ],
    )?;
    let mut subject = subject(scan, i)?;
    subject.within = Some(of);
    let (rule, end) = (Rule::Unique { together: true, per: Vec::new() }, subject.end);
    Some((check(subject, rule, lead), end))
}

/// `missing phone numbers`, `duplicate e-mails in customers`, `negative totals`, `unique order numbers`.
fn adjectives<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    if !lead.asked {
        return None;
    }
    let (cond, i) = adjective(scan, at)?;
    let subject = subject(scan, i)?;
    let positive = matches!(cond, Cond::Valid(_) | Cond::Unique | Cond::Present);
    // An orphan is a row, not a value.
    if !matches!(cond, Cond::Orphan) && subject.nouns.iter().all(|n| n.hits.columns.is_empty()) {
        return None;
    }
    let rule = turn(scan, cond, positive)?;
    let end = subject.end;
    // `negative totals are never there` and the like say more than the adjective.
    Some((check(subject, rule, lead), scan.any(end, &["at all", "anywhere"]).unwrap_or(end)))
}

/// `X must be …`.
fn predicated<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    let mut subject = subject(scan, at).or_else(|| subject::result(scan, at))?;
    let chosen = whole::chosen(scan, &subject);
    if let Some((_, end)) = &chosen {
        subject.end = *end;
    }
    let said = predicate::read(scan, &subject, lead.asked)?;
    let wanted = said.negated == lead.violation;
    let rule = turn(scan, said.cond, wanted)?;
    if let Some(noun) = said.property {
        subject = subject.property(noun);
    }
    let mut check = Check { negated: said.negated != lead.violation, ..check(subject, rule, lead) };
    check.only = chosen.map(|c| c.0).or(check.only);
    Some((check, said.end))
}

/// `orders without a customer`, `customers with no phone`, `no order without items`, `orders with a negative total`.
fn without<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    if !lead.violation {
        return None;
    }
    let (of, i) = table(scan, at)?;
    let i = scan.skip(i, &["may be", "is", "are", "must be", "should be", "can be"]);
    if let Some(i) = scan.any(
        i,
        &[
            "without",
            "with no",
            "without any",
            "lacking",
            "that have no",
            "who have no",
            "which have no",
            "missing",
            "with missing",
        ],
    ) {
        let i = scan.any(i, &["existing", "a valid", "an existing", "a matching", "matching", "a known"]).unwrap_or(i);
        let (noun, end) = one(scan, i)?;
        let subject = Subject::of(of, at..end);
        return if noun.hits.columns.is_empty() {
            Some((check(subject, Rule::Belongs(noun), lead), end))
        } else {
            Some((check(subject.property(noun), Rule::There, lead), end))
        };
    }
    let i = scan.any(i, &["with", "that have", "having", "whose", "where", "with a", "with an"])?;
    let i = scan.article(i);
    if let Some((cond, j)) = adjective(scan, i) {
        let (noun, end) = one(scan, j).filter(|n| !n.0.hits.columns.is_empty())?;
        let rule = turn(scan, cond, false)?;
        return Some((check(Subject::of(of, at..end).property(noun), rule, lead), end));
    }
    let (mut inner, rule, end) = violated(scan, i)?;
    inner.within = Some(of);
    Some((check(inner, rule, lead), end))
}

/// `validate the e-mail addresses`: the form of their kind.
fn validated<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    if !lead.asked || lead.violation {
        return None;
    }
    let subject = subject(scan, at)?;
    let has_form =
        |n: &Noun<'a>| !n.hits.columns.is_empty() && n.hits.columns.iter().all(|c| form_of(c.column).is_some());
    let goes_on = scan.tokens.get(subject.end).is_some_and(|t| !t.ends_clause() && !t.is_mark(",") && t.lower != "and");
    (subject.nouns.iter().all(has_form) && !subject.nouns.is_empty() && !goes_on).then(|| {
        let end = subject.end;
        (check(subject, Rule::Valid(None), lead), end)
    })
}

/// What may follow a check: the table, the rows that it is for, what a failure does.
fn trailing<'a>(scan: &Scan<'a>, mut end: usize, check: &mut Check<'a>) -> usize {
    loop {
        let from = end;
        if check.within.is_none()
            && let Some(i) = scan.any(end, &["in", "of", "on", "within", "among", "across", "from", "for"])
            && let Some((noun, j)) = table(scan, scan.skip(i, &["all", "every", "each", "any"]))
            && noun.values.is_empty()
            && about(check, &noun)
        {
            check.within = Some(noun);
            end = scan.any(j, &["table", "tables"]).unwrap_or(j);
        }
        if check.only.is_none()
            && let Some((filter, j)) = condition(scan, end)
        {
            check.only = Some(filter);
            end = j;
        }
        let i = scan.skip(end, &[",", ";", "but", "and", "otherwise", "or", "else", "if not", "-", "–"]);
        let warn = scan.any(
            i,
            &[
                "only warn",
                "just warn",
                "warn",
                "warn only",
                "as a warning",
                "with a warning",
                "a warning is enough",
                "give a warning",
                "severity warn",
                "only a warning",
                "just a warning",
                "with warning severity",
                "with severity warning",
                "with severity warn",
                "severity warning",
                "at warning level",
                "as warning",
                "just give a warning",
                "don't fail the run",
                "do not fail the run",
            ],
        );
        let fail = scan.any(
            i,
            &[
                "fail",
                "fail the run",
                "fail the build",
                "fail the pipeline",
                "severity error",
                "as an error",
                "stop the run",
            ],
        );
        // `warn if …` leads to the next check.
        let own = |j: usize| !matches!(scan.word(j), "if" | "when" | "about" | "on" | "me" | "us");
        if let Some(j) = warn.or(fail).filter(|j| own(*j)) {
            check.severity = if warn.is_some() { TestSeverity::Warn } else { TestSeverity::Error };
            end = j;
        }
        // A missing value breaks no such rule; where it may be missing is only said once more.
        let open = matches!(
            check.rule,
            Rule::Values { .. } | Rule::Bounds(_) | Rule::Valid(_) | Rule::Length(_) | Rule::Pattern(_)
        );
        if open
            && !check.negated
            && let Some(j) = or_missing(scan, end)
        {
            end = j;
        }
        if end == from {
            return end;
        }
    }
}

/// `or missing`, `if it is given`: what holds of missing values anyway.
fn or_missing(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let to_be = ["be", "is", "are", "it is", "they are", "left"];
    let or = scan.any(at, &[", or", "or"]).map(|i| scan.skip(i, &to_be));
    let gone = or.and_then(|i| scan.any(i, &["missing", "null", "empty", "blank"]));
    let when = scan.any(at, &[", if", "if", ", when", "when"]).map(|i| scan.skip(i, &to_be));
    let given =
        || when.and_then(|i| scan.any(i, &["there", "present", "filled", "given", "set", "not missing", "not empty"]));
    gone.or_else(given).filter(|end| scan.head(*end).is_none())
}

/// Whether the columns that are checked, or rows that belong to them, are in that table.
fn about(check: &Check<'_>, noun: &Noun<'_>) -> bool {
    let in_it = |n: &Noun<'_>| n.hits.columns.iter().any(|c| noun.hits.tables.contains(&c.table));
    !check.of.is_empty() && check.of.iter().all(in_it)
}

/// `when the status is shipped`, `for shipped orders`, `unless …`.
fn condition<'a>(scan: &Scan<'a>, at: usize) -> Option<(Filter<'a>, usize)> {
    let filter = |piece: Option<Piece<'a>>| match piece {
        Some(Piece { tokens: Range { end, .. }, kind: Kind::Filter(filter) }) => Some((filter, end)),
        _ => None,
    };
    let i = scan
        .any(at, &["when", "if", "where", "once", "whenever", "for rows where", "provided", "as soon as", "unless"]);
    if let Some(i) = i {
        let i = scan.article(scan.any(i, &["that", "its", "their"]).unwrap_or(i));
        let (mut found, end) = filter(super::filter::column_value(scan, i))
            .or_else(|| filter(super::filter::missing(scan, i - 1)))
            .or_else(|| whole::happened(scan, i))?;
        if scan.word(at) == "unless" {
            match &mut found {
                Filter::Values { negative, .. } => *negative = !*negative,
                Filter::Missing { missing, .. } => *missing = !*missing,
                Filter::Compare { .. } | Filter::Lasting { .. } | Filter::Others(_) => return None,
            }
        }
        return Some((found, end));
    }
    let i = scan.any(at, &["for", "of", "in", "among"])?;
    let (noun, end) = scan
        .noun(scan.skip(i, &["all", "every", "each"]))
        .filter(|n| !n.0.values.is_empty() && !n.0.hits.tables.is_empty())?;
    Some((Filter::Values { negative: false, values: noun.values.clone(), noun: Some(noun) }, end))
}
