//! Checks of whole rows and tables: keys between two of them, rows that are there twice, what each row has too.

use super::predicate::{self, Cond, turn};
use super::subject::{Subject, one, table};
use super::{Lead, check, moments};
use crate::requirement::check::{Check, Rule};
use crate::requirement::lexicon::{ColumnOf, Hits, SYNONYM};
use crate::requirement::piece::{Filter, Kind, Noun, Piece};
use crate::requirement::recognise::filter;
use crate::requirement::roles;
use crate::requirement::scan::Scan;
use crate::vocabulary::DataType;

/// What stands above a list of checks: `Data quality:`, `Add these tests:`.
pub(super) fn heading(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let verb = ["add", "run", "we need", "i need", "apply", "define", "set up", "please add", "include", "create"];
    let i = scan.any(at, &verb).unwrap_or(at);
    let i = scan.skip(scan.article(i), &["following", "these", "some", "basic", "our", "dbt"]);
    let end = scan.any(
        i,
        &[
            "data quality",
            "quality",
            "quality checks",
            "data quality checks",
            "data quality rules",
            "quality rules",
            "data checks",
            "checks",
            "tests",
            "data tests",
            "data quality tests",
            "quality tests",
            "validations",
            "validation rules",
            "validation",
            "rules",
            "assertions",
            "expectations",
            "constraints",
            "business rules",
        ],
    )?;
    scan.any(end, &[":"])
}

/// `referential integrity between order items and orders`.
pub(super) fn integrity<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    let i = scan.any(
        at,
        &[
            "referential integrity between",
            "referential integrity of",
            "referential integrity from",
            "the foreign key from",
            "the foreign key between",
            "foreign keys between",
            "foreign keys from",
            "the relationship between",
            "the relation between",
            "integrity between",
        ],
    )?;
    let (of, i) = table(scan, i)?;
    let (parent, end) = table(scan, scan.any(i, &["and", "to", "with", "against", "towards", "into"])?)?;
    // Whichever of the two points to the other.
    let leads =
        |a: &Noun<'a>, b: &Noun<'a>| a.hits.tables.iter().any(|a| b.hits.tables.iter().any(|b| scan.leads(a, b)));
    let (of, parent) = if !leads(&of, &parent) && leads(&parent, &of) { (parent, of) } else { (of, parent) };
    Some((check(Subject::of(of, at..end), Rule::Belongs(parent), lead), end))
}

/// `no duplicate bookings for the same guest and room`, `duplicate orders per customer and day`.
pub(super) fn repeated<'a>(scan: &Scan<'a>, at: usize, lead: Lead) -> Option<(Check<'a>, usize)> {
    if !lead.asked {
        return None;
    }
    let (of, i) = table(scan, scan.any(scan.article(at), &["duplicate", "duplicated", "double", "repeated"])?)?;
    let i = scan.any(
        i,
        &["for the same", "with the same", "per", "for each", "by", "for one", "of the same", "for every", "with one"],
    )?;
    let mut per = Vec::new();
    let (mut next, mut end) = (Some(i), i);
    while let Some(i) = next.map(|i| scan.skip(i, &["the same", "same"])) {
        let Some((noun, j)) = moment(scan, &of, i).or_else(|| one(scan, i)) else { break };
        per.push(noun);
        end = j;
        next = scan.any(
            j,
            &[
                ", and",
                "and",
                ",",
                "on the same",
                "in the same",
                "with the same",
                "and on the same",
                "at the same",
                "and at the same",
            ],
        );
    }
    // Words that are left say more than what was read.
    if per.is_empty() || next.is_some() {
        return None;
    }
    let subject = Subject { nouns: Vec::new(), said: at..end, within: Some(of), together: true, end };
    Some((check(subject, Rule::Unique { together: true, per }, lead), end))
}

/// `at the same time`: when rows of the table happened.
fn moment<'a>(scan: &Scan<'a>, of: &Noun<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let end = scan.any(at, &["time", "moment", "date", "day"])?;
    let [table] = of.hits.tables[..] else { return None };
    let (roles::Choice::One(column), _) = roles::event_time(scan.ground.contracts.get(table)?) else { return None };
    let day = matches!(scan.word(at), "date" | "day");
    let hits = Hits { len: 1, tier: SYNONYM, tables: Vec::new(), columns: vec![ColumnOf { table, column }] };
    // A day is not the moment in it.
    (day == (column.data_type == DataType::Date))
        .then(|| (Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() }, end))
}

/// `orders with status shipped must …`, `shipments that are delivered must …`: which rows of the subject.
pub(super) fn chosen<'a>(scan: &Scan<'a>, subject: &Subject<'a>) -> Option<(Filter<'a>, usize)> {
    let rows = matches!(subject.nouns[..], [ref noun] if !noun.hits.tables.is_empty());
    if !rows || predicate::says(scan, subject.end) {
        return None;
    }
    let piece = filter::column_value(scan, subject.end)
        .or_else(|| filter::column_value(scan, scan.any(subject.end, &["with", "in", "that have", "of"])?));
    let found = match piece {
        Some(Piece { tokens, kind: Kind::Filter(filter) }) => (filter, tokens.end),
        _ => {
            let i = scan
                .any(subject.end, &["that are", "which are", "that were", "who are", "that have been", "which were"])?;
            match scan.values(i) {
                (values, end) if !values.is_empty() => {
                    (Filter::Values { negative: false, values, noun: subject.nouns.first().cloned() }, end)
                }
                _ => happened(scan, i - 1)?,
            }
        }
    };
    predicate::says(scan, found.1).then_some(found)
}

/// `and a phone number` after `every customer has an e-mail`: what the same rows have too.
pub(super) fn also_has<'a>(scan: &Scan<'a>, before: &Check<'a>, at: usize) -> Option<(Check<'a>, usize)> {
    if !matches!(before.rule, Rule::There | Rule::Belongs(_) | Rule::Has(_) | Rule::Valid(_))
        || scan.article(at) == at && scan.any(at, &["at least"]).is_none()
    {
        return None;
    }
    let of = before.within.as_ref().or(before.of.first()).filter(|n| !n.hits.tables.is_empty())?.clone();
    let subject = Subject::of(of, before.said.clone());
    let (cond, property, end, flipped) = predicate::had(scan, &subject, at)?;
    let plain = matches!(cond, Cond::Present | Cond::Belongs(_) | Cond::Has(_) | Cond::Valid(_)) && !flipped;
    if !plain || predicate::says(scan, end) {
        return None;
    }
    let rule = turn(scan, cond, true)?;
    let subject = match property {
        Some(noun) => subject.property(noun),
        None => subject,
    };
    let lead = Lead { asked: true, violation: false, severity: before.severity };
    Some((Check { scope: before.scope.clone(), ..check(subject, rule, lead) }, end))
}

/// `the order is shipped`, `it was discharged`: there is a time of it.
pub(super) fn happened<'a>(scan: &Scan<'a>, at: usize) -> Option<(Filter<'a>, usize)> {
    let i = table(scan, at).map_or_else(|| scan.any(at, &["they", "it", "a row"]).unwrap_or(at), |found| found.1);
    let i = scan.any(i, &["is", "are", "was", "were", "has been", "have been", "gets", "got"])?;
    let not = scan.any(i, &["not yet", "not", "never"]);
    let (noun, end) = moments::event(scan, not.unwrap_or(i))?;
    Some((Filter::Missing { noun, missing: not.is_some() }, end))
}
