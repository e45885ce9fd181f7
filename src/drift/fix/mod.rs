//! What follows from drift: contracts and specs as they must be so that everything else, generated from them, works again.
//! Nothing is dropped here: what a table held stays, and what would take something from people is a question or waits
//! for an approval.

mod contract;
mod older;
mod question;
mod remove;
mod specs;

use std::collections::BTreeMap;

use super::changes::cursor;
use super::{Change, Class, Impact};
use crate::contract::Contract;
use crate::requirement::Question;
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Dialect, Name, TableRef};

/// A change and what it does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Drifted {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// What it does.
    pub impact: Impact,
}

/// What a fix is made from.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// All contracts, as people have them.
    pub contracts: &'a BTreeMap<TableRef, Contract>,
    /// Contracts as the sources are found now.
    pub now: &'a [Contract],
    /// The pipelines.
    pub specs: &'a BTreeMap<Name, Spec>,
    /// What is landed in.
    pub dialects: &'a [Dialect],
    /// Answers to questions, by key.
    pub answers: &'a BTreeMap<String, String>,
}

/// What was decided about a change that could be followed in several ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It has another name.
    Renamed(String),
    /// Consumers get an expression over the new columns in its place.
    Expression(String),
    /// Consumers get nulls in its place.
    Null,
    /// It goes, and all that is made of it.
    Remove,
    /// The contract stays as it is.
    Keep,
    /// The contract follows the source.
    Take,
}

/// Documents that change.
#[derive(Clone, Debug, Default)]
pub struct Fix {
    /// Contracts that change or are new.
    pub contracts: BTreeMap<TableRef, Contract>,
    /// Tables as they are found now, that what people make of them is told from it.
    pub found: Vec<Contract>,
    /// Pipelines that change.
    pub specs: BTreeMap<Name, Spec>,
    /// What could not be followed, and what to look at.
    pub findings: Vec<Diagnostic>,
}

/// What was answered, and the questions that were not.
///
/// # Errors
/// An answer to no question, or one that is none of its candidates.
pub fn decide(
    drift: &[Drifted],
    ground: &Ground<'_>,
) -> Result<(BTreeMap<String, Reading>, Vec<Question>), Diagnostic> {
    let mut readings = BTreeMap::new();
    let mut open = Vec::new();
    for (question, all) in drift.iter().filter_map(|d| question::of(d, ground)) {
        let Some(said) = ground.answers.get(&question.key) else {
            open.push(question);
            continue;
        };
        let Some(value) = question.value(said) else {
            let what = format!("`{}` is no answer to `{}`", said.escape_debug(), question.key);
            return Err(Diagnostic::error("usage", what).next(format!("one of: {}", question.candidates.join("; "))));
        };
        let at = question.candidates.iter().position(|c| *c == value);
        let reading = match (at, value.strip_prefix('=')) {
            (Some(at), _) if at < all.len() => all[at].clone(),
            (_, Some(expression)) if !expression.trim().is_empty() && !expression.contains('…') => {
                Reading::Expression(expression.trim().to_owned())
            }
            _ => {
                let what = format!("`{}` is no answer to `{}`", said.escape_debug(), question.key);
                let next = format!("one of: {}; an expression begins with `=`", question.candidates.join("; "));
                return Err(Diagnostic::error("usage", what).next(next));
            }
        };
        readings.insert(question.key.clone(), reading);
    }
    Ok((readings, open))
}

/// Answers that say what something is called now: with these the source is compared again.
pub fn renames(readings: &BTreeMap<String, Reading>) -> BTreeMap<String, String> {
    let named = readings.iter().filter_map(|(key, reading)| match reading {
        Reading::Renamed(name) => Some((key.clone(), name.clone())),
        _ => None,
    });
    named.collect()
}

/// The documents that follow. Every question is answered in `readings`.
pub fn fix(drift: &[Drifted], readings: &BTreeMap<String, Reading>, ground: &Ground<'_>) -> Fix {
    let mut out = Fix::default();
    let mut by_table: BTreeMap<&TableRef, Vec<&Drifted>> = BTreeMap::new();
    for drifted in drift {
        by_table.entry(&drifted.change.table).or_default().push(drifted);
    }
    for (table, all) in by_table {
        contract::follow(table, &all, readings, ground, &mut out);
    }
    // A late table is told by the newest one: that it is newer is taken in as well.
    for late in drift.iter().filter(|d| d.change.class == Class::Freshness) {
        let own = ground.now.iter().filter(|c| c.source == late.change.table.source);
        let newest = own.filter_map(|c| Some((cursor(c)?, c))).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, newest)) = newest {
            contract::refresh(newest, ground, &mut out);
        }
    }
    specs::follow(drift, readings, ground, &mut out);
    out
}

/// Models of a table that only stand for it: they pass on what is there.
fn stands_for(table: &TableRef) -> [Name; 3] {
    [table.staging_model(), table.base_model(), table.set_aside_model()]
}

/// Whether anyone would miss the column or table: a model beyond its own staging model, an exposure, a rule of a spec; or
/// something whose lineage is not known.
fn is_used(drifted: &Drifted, ground: &Ground<'_>) -> bool {
    let (change, impact) = (&drifted.change, &drifted.impact);
    let own = stands_for(&change.table);
    let others = impact.breaks.iter().any(|e| match e.kind.as_str() {
        "model" => !own.iter().any(|name| *name == *e.name.as_str()),
        "snapshot" | "exposure" => true,
        _ => false,
    });
    others || !impact.unknown.is_empty() || ground.specs.values().any(|spec| names(spec, change))
}

/// Whether a spec names the column itself, or lands or stages the table.
fn names(spec: &Spec, change: &Change) -> bool {
    let Some(column) = &change.column else {
        return matches!(change.class, Class::TableRemoved) && spec.ingest.iter().any(|i| i.table == change.table);
    };
    let staged = spec.models.iter().filter(|m| m.name == change.table.staging_model());
    staged.flat_map(|m| m.columns.keys()).any(|name| name == column) || specs::is_loaded_by(spec, &change.table, column)
}
