//! Changes that can be followed in more than one way: the question, and what each of its candidates means.

use super::{Drifted, Ground, Reading, is_used, specs};
use crate::contract::Contract;
use crate::drift::types::{self, Step};
use crate::drift::{Candidate, Class};
use crate::requirement::Question;
use crate::vocabulary::DataType;

/// Most ways that a question names.
const NAMED: usize = 3;

/// The question about a change, with a reading for each candidate but an open last one; none where one way is clear.
pub(super) fn of(drifted: &Drifted, ground: &Ground<'_>) -> Option<(Question, Vec<Reading>)> {
    let change = &drifted.change;
    match change.class {
        Class::ColumnRemoved | Class::ColumnSplit | Class::ColumnMerged if is_used(drifted, ground) => {
            Some(gone(drifted, ground))
        }
        Class::TableRemoved if is_used(drifted, ground) => Some(table_gone(drifted)),
        Class::TypeChanged if is_used(drifted, ground) => type_changed(drifted, ground),
        Class::PrimaryKey => key(drifted, ground),
        _ => None,
    }
}

fn used_by(drifted: &Drifted) -> String {
    let ways: Vec<String> = drifted
        .impact
        .breaks
        .iter()
        .chain(&drifted.impact.unknown)
        .filter(|e| matches!(e.kind.as_str(), "model" | "snapshot" | "exposure"))
        .filter(|e| e.path.len() > 2)
        .map(|e| e.path.join(" → "))
        .collect();
    // A way that is the beginning of another says nothing more.
    let within = |way: &String, other: &String| other.strip_prefix(way.as_str()).is_some_and(|r| r.starts_with(" → "));
    let ways: Vec<&str> =
        ways.iter().filter(|way| !ways.iter().any(|other| within(way, other))).map(String::as_str).collect();
    match (ways.len(), ways.get(..NAMED)) {
        (0, _) => String::new(),
        (n, Some(some)) if n > NAMED => format!("; it is read: {} and {} more", some.join(", "), n - NAMED),
        _ => format!("; it is read: {}", ways.join(", ")),
    }
}

fn gone(drifted: &Drifted, ground: &Ground<'_>) -> (Question, Vec<Reading>) {
    let change = &drifted.change;
    let about = format!("`{}`: {}{}. What takes its place?", change.subject(), change.said(), used_by(drifted));
    let mut question = Question::new(about).key(&change.key);
    let mut readings = Vec::new();
    for candidate in &change.candidates {
        let differs = format!("{} %: {}", candidate.score, candidate.evidence.join("; "));
        match (candidate.class, candidate.names.as_slice()) {
            (Class::ColumnRenamed, [name]) => {
                question = question.or_that(format!("renamed to {name}"), differs);
                readings.push(Reading::Renamed(name.clone()));
            }
            (Class::ColumnSplit, _) => {
                if let Some(expression) = joined(candidate, drifted, ground) {
                    question = question.or_that(format!("= {expression}"), differs);
                    readings.push(Reading::Expression(expression));
                }
            }
            _ => {}
        }
    }
    let null = "models keep the column, with nulls; tests that need a value no longer hold it";
    question = question.or_that("null", null);
    readings.push(Reading::Null);
    let remove = "what is made of it goes as well; columns of marts need an approval in the spec";
    question = question.or_that("remove", remove);
    readings.push(Reading::Remove);
    let open = "an expression over the columns that the table has now";
    (question.or_that("= …", open), readings)
}

/// The parts put together again: texts with a blank between them.
fn joined(candidate: &Candidate, drifted: &Drifted, ground: &Ground<'_>) -> Option<String> {
    let ours = ground.contracts.get(&drifted.change.table)?;
    let now = ground.now.iter().find(|c| c.physical() == ours.physical() && c.source == ours.source)?;
    let parts: Option<Vec<_>> =
        candidate.names.iter().map(|name| now.columns.iter().find(|c| c.physical_name == *name)).collect();
    let parts = parts?;
    if parts.iter().any(|p| p.data_type != DataType::Text) {
        return None;
    }
    let required = parts.iter().all(|p| p.required);
    let part = |c: &&crate::contract::Column| match required {
        true => c.name.to_string(),
        false => format!("coalesce({}, '')", c.name),
    };
    let text = parts.iter().map(part).collect::<Vec<_>>().join(" || ' ' || ");
    Some(if required { text } else { format!("trim({text})") })
}

fn table_gone(drifted: &Drifted) -> (Question, Vec<Reading>) {
    let change = &drifted.change;
    let about = format!("`{}`: {}{}. What is to be done?", change.subject(), change.said(), used_by(drifted));
    let mut question = Question::new(about).key(&change.key);
    let mut readings = Vec::new();
    for candidate in &change.candidates {
        let differs = format!("{} %: {}", candidate.score, candidate.evidence.join("; "));
        if let [name] = candidate.names.as_slice() {
            question = question.or_that(format!("renamed to {name}"), differs);
            readings.push(Reading::Renamed(name.clone()));
        }
    }
    question = question.or_that("keep", "it is loaded no longer; models go on with what was landed");
    readings.push(Reading::Keep);
    (question, readings)
}

fn type_changed(drifted: &Drifted, ground: &Ground<'_>) -> Option<(Question, Vec<Reading>)> {
    let change = &drifted.change;
    let (was, now) = (change.was.as_deref()?, change.now.as_deref()?);
    let (from, to): (DataType, DataType) = (now.parse().ok()?, was.parse().ok()?);
    let about = format!("`{}`: {}{}. Which type goes on?", change.subject(), change.said(), used_by(drifted));
    let mut question = Question::new(about).key(&change.key);
    let mut readings = Vec::new();
    let column = change.column.as_ref()?;
    let compared = ground.specs.values().any(|s| specs::is_moment_of(s, &change.table, column));
    // A load compares the source's own values with a moment: those must be moments.
    if converts(from, to) && !(compared && to.is_temporal()) {
        let differs = format!("each {from} is read as {to} when it is loaded; one that is none stops the load");
        question = question.or_that(format!("keep {was}"), differs);
        readings.push(Reading::Keep);
    }
    let landed =
        "it lands in a new table beside the old one, with what the source holds now; what is built on it changes";
    question = question.or_that(format!("take {now}"), landed);
    readings.push(Reading::Take);
    Some((question, readings))
}

/// Whether the load can read values of one type as those of another, exactly or not at all.
fn converts(from: DataType, to: DataType) -> bool {
    use DataType::{Boolean, Date, Float, Integer, Json, Text, Timestamp, TimestampTz};
    match (from, to) {
        (_, Text) => true,
        (Text, Integer | DataType::Decimal { .. } | Float | Boolean | Date | Timestamp | TimestampTz) => true,
        (Integer, Date | Timestamp | TimestampTz | Boolean) => true,
        (Text, Json) => true,
        _ => from.is_temporal() && to.is_temporal() || types::step(from, to) != Step::Kind,
    }
}

fn key(drifted: &Drifted, ground: &Ground<'_>) -> Option<(Question, Vec<Reading>)> {
    let change = &drifted.change;
    let contract: &Contract = ground.contracts.get(&change.table)?;
    let key = contract.key();
    let merged = ground.specs.values().any(|spec| specs::merges_by_key(spec, &change.table));
    if key.is_empty() || !merged {
        return None;
    }
    let about = format!("`{}`: {}. By which key are rows merged?", change.subject(), change.said());
    let (was, now) = (change.was.clone().unwrap_or_default(), change.now.clone().unwrap_or_default());
    let mut question = Question::new(about).key(&change.key);
    question = question.or_that(format!("keep {was}"), "rows go on being merged by it, declared or not");
    let mut readings = vec![Reading::Keep];
    if now != "none" {
        let differs = "it lands in a new table beside the old one, with that key";
        question = question.or_that(format!("take {now}"), differs);
        readings.push(Reading::Take);
    }
    Some((question, readings))
}
