//! Specs that follow a source: what stands in the place of a column, and tables that are loaded no longer.

use std::collections::BTreeMap;

use super::{Drifted, Fix, Ground, Reading, remove, stands_for};
use crate::drift::{Change, Class};
use crate::spec::{ColumnRule, Mode, Spec};
use crate::vocabulary::{Diagnostic, Name, Place, TableRef};

/// Whether the load of a table needs the column: as key, cursor or window.
pub(super) fn is_loaded_by(spec: &Spec, table: &TableRef, column: &Name) -> bool {
    let own = spec.ingest.iter().filter(|i| i.table == *table);
    own.into_iter().any(|i| i.key.contains(column)) || is_moment_of(spec, table, column)
}

/// Whether a load compares the column with a moment.
pub(super) fn is_moment_of(spec: &Spec, table: &TableRef, column: &Name) -> bool {
    spec.ingest
        .iter()
        .filter(|i| i.table == *table)
        .any(|i| i.cursor.as_ref() == Some(column) || i.window.as_ref().is_some_and(|w| w.column == *column))
}

/// Whether rows of the table outlive a load.
pub(super) fn keeps_rows(spec: &Spec, table: &TableRef) -> bool {
    spec.ingest.iter().any(|i| i.table == *table && i.mode != Mode::Replace)
}

/// Whether rows of the table are merged by the key that its contract has.
pub(super) fn merges_by_key(spec: &Spec, table: &TableRef) -> bool {
    let merges = |mode| matches!(mode, Mode::Merge | Mode::Incremental);
    spec.ingest.iter().any(|i| i.table == *table && i.key.is_empty() && merges(i.mode))
}

/// Puts the specs that change into `out`.
pub(super) fn follow(drift: &[Drifted], readings: &BTreeMap<String, Reading>, ground: &Ground<'_>, out: &mut Fix) {
    let mut specs = ground.specs.clone();
    for drifted in drift {
        let change = &drifted.change;
        match (change.class, readings.get(&change.key)) {
            (Class::TableRemoved, _) => {
                specs.values_mut().for_each(|spec| spec.ingest.retain(|i| i.table != change.table));
            }
            (Class::ColumnRemoved | Class::ColumnSplit | Class::ColumnMerged, Some(reading)) => {
                column(drifted, reading, &mut specs, ground, out);
            }
            _ => {}
        }
    }
    out.specs = specs.into_iter().filter(|(name, spec)| ground.specs.get(name) != Some(spec)).collect();
}

fn column(drifted: &Drifted, reading: &Reading, specs: &mut BTreeMap<Name, Spec>, ground: &Ground<'_>, out: &mut Fix) {
    let change = &drifted.change;
    let Some(name) = &change.column else { return };
    let rule = match reading {
        Reading::Null => null(change, ground),
        Reading::Expression(expression) => Some(ColumnRule {
            expr: Some(expression.clone()),
            description: described(change, ground),
            ..ColumnRule::default()
        }),
        Reading::Remove => {
            remove::column(drifted, specs, out);
            return;
        }
        Reading::Renamed(_) | Reading::Keep | Reading::Take => return,
    };
    let Some(rule) = rule else { return };
    let [staging, ..] = stands_for(&change.table);
    let mut staged = specs.values_mut().flat_map(|s| &mut s.models).filter(|m| m.name == staging).peekable();
    if staged.peek().is_none() {
        let what = format!("no pipeline stages `{}`, so nothing can stand in the place of `{name}`", change.table);
        let place = Place::file(format!("contracts/{}/{}.odcs.yaml", change.table.source, change.table.table));
        let next = format!("add a model {{name: {staging}, from: {}}} to a pipeline", change.table);
        out.findings.push(Diagnostic::error("not-staged", what).at(place).next(next));
    }
    // Pipelines share the staging model: what one says of the column, all say.
    let mut said = false;
    for model in staged {
        if !said || model.columns.contains_key(name) {
            let mut rule = rule.clone();
            if let (Reading::Expression(_), Some(before)) = (reading, model.columns.get(name)) {
                (rule.clean, rule.args) = (before.clean.clone(), before.args.clone());
            }
            model.columns.insert(name.clone(), rule);
            said = true;
        }
    }
}

/// What the column meant: said in the spec, because its contract has it no longer.
fn described(change: &Change, ground: &Ground<'_>) -> Option<String> {
    let contract = ground.contracts.get(&change.table)?;
    contract.column(change.column.as_ref()?.as_str())?.description.clone()
}

/// Nulls of the type that it had.
fn null(change: &Change, ground: &Ground<'_>) -> Option<ColumnRule> {
    let contract = ground.contracts.get(&change.table)?;
    let column = contract.column(change.column.as_ref()?.as_str())?;
    let about = described(change, ground).unwrap_or_default();
    let gone = format!("{about} Always null: the source has it no longer.");
    Some(ColumnRule {
        expr: Some(format!("cast(null as {})", column.data_type)),
        description: Some(gone.trim().to_owned()),
        ..ColumnRule::default()
    })
}
