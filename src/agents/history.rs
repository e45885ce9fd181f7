//! History: the snapshots of a spec, with the tests that show them to be sound.

use indexmap::IndexMap;
use serde_json::json;

use super::models::Resolved;
use super::{Brief, near};
use crate::plan::spec_file;
use crate::proposal::{DbtTest, ModelColumn, Snapshot};
use crate::spec::{History, Ingest, Mode, Spec, TestSeverity};
use crate::vocabulary::{DataType, Diagnostic, Name, Place, Relation};

/// The generic test of snapshots.
const ONE_CURRENT: &str = "one_current_row";

/// The snapshots of the planned spec, each with its place there, or what is wrong with them.
pub(super) fn snapshots(brief: &Brief<'_>) -> (Vec<(usize, Snapshot)>, Vec<Diagnostic>) {
    let (mut out, mut faults) = (Vec::new(), Vec::new());
    let all = brief.context.spec.history.iter().enumerate();
    for (i, history) in all.filter(|(_, history)| brief.context.asks(&history.name)) {
        match snapshot(brief, history, i) {
            Ok(snapshot) => out.push((i, snapshot)),
            Err(fault) => faults.push(fault),
        }
    }
    (out, faults)
}

/// The model that a snapshot watches.
pub(super) fn watched<'a>(brief: &Brief<'a>, history: &History) -> Option<&'a Resolved> {
    brief.models.get(history.of.as_str())
}

fn snapshot(brief: &Brief<'_>, history: &History, i: usize) -> Result<Snapshot, Diagnostic> {
    let place = |field: &str| Place::path(spec_file(&brief.context.spec.name), format!("history.{i}.{field}"));
    let Some(model) = watched(brief, history) else {
        let fault = Diagnostic::error("unknown-model", format!("there is no model `{}`", history.of));
        let next = near(history.of.as_str(), brief.models.names(), "add it to `models`");
        return Err(fault.at(place("of")).next(next));
    };
    let key = if history.key.is_empty() { model.grain.clone() } else { history.key.clone() };
    if key.is_empty() {
        let fault = Diagnostic::error("no-key", format!("nothing tells the rows of `{}` apart", model.name));
        return Err(fault.at(place("key")).why("a state is one of a row").next("name `key`"));
    }
    for (name, field) in key.iter().map(|k| (k, "key")).chain(history.updated_at.iter().map(|u| (u, "updated_at"))) {
        let Some(known) = &model.columns else { continue };
        let Some(column) = model.column(name.as_str()) else {
            let names = known.iter().map(|c| c.name.as_str());
            let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{name}`", model.name));
            return Err(fault.at(place(field)).next(near(name.as_str(), names, "name a column that it has")));
        };
        if field == "updated_at" && column.data_type.is_some_and(|t| !t.is_temporal()) {
            let fault = Diagnostic::error("not-temporal", format!("`{name}` does not say when a row changed"));
            return Err(fault
                .at(place(field))
                .next("name a date or timestamp, or leave it out: all columns are compared then"));
        }
    }
    let column = |c: &super::models::Column| ModelColumn {
        name: c.name.clone(),
        description: c.description.clone(),
        data_type: c.data_type,
    };
    let said =
        || format!("States of {}, one row for each state that a row had.", model.name.as_str().replace('_', " "));
    let mut pipelines: Vec<Name> = brief
        .context
        .specs
        .values()
        .filter(|s| s.history.iter().any(|h| h.name == history.name))
        .map(|s| s.name.clone())
        .collect();
    pipelines.push(brief.context.spec.name.clone());
    pipelines.sort();
    pipelines.dedup();
    Ok(Snapshot {
        name: history.name.clone(),
        of: history.of.clone(),
        pipelines,
        description: history.description.clone().unwrap_or_else(said),
        key,
        updated_at: history.updated_at.clone(),
        closes_deleted: holds_all(brief, history, model),
        columns: model.columns.iter().flatten().map(column).collect(),
    })
}

/// Whether a row that is gone from a model is gone: only where its table is landed as a whole by whoever takes the
/// snapshot, which follows its load.
fn holds_all(brief: &Brief<'_>, history: &History, model: &Resolved) -> bool {
    let mut todo: Vec<&Resolved> = vec![model];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(model) = todo.pop() {
        if !seen.insert(&model.name) {
            continue;
        }
        let specs = || brief.context.specs.values().chain([brief.context.spec]);
        let written = specs().flat_map(|s| &s.models).find(|m| m.name == model.name);
        if written.is_some_and(|m| m.window.is_some() || m.sql.is_some()) {
            return false;
        }
        if let Some(Relation::Table(table)) = written.map(|m| &m.from) {
            let whole = |i: &&Ingest| i.mode == Mode::Replace && i.window.is_none();
            let takes = |s: &&Spec| s.history.iter().any(|h| h.name == history.name);
            let all: Vec<&Ingest> = specs().flat_map(|s| &s.ingest).filter(|i| i.table == *table).collect();
            let own: Vec<&Ingest> =
                specs().filter(takes).flat_map(|s| &s.ingest).filter(|i| i.table == *table).collect();
            if !(if own.is_empty() { &all } else { &own }).iter().all(whole) {
                return false;
            }
        }
        todo.extend(model.reads().into_iter().filter_map(|name| brief.models.get(name.as_str())));
    }
    true
}

/// Tests of snapshots: each state is one row, and one of each row is current. Each with its path and why.
pub(super) fn tests(snapshots: &[(usize, Snapshot)]) -> Vec<(String, String, DbtTest)> {
    let mut out = Vec::new();
    for (i, snapshot) in snapshots {
        let mut push = |column: Option<&str>, test: &str, arguments, why: &str| {
            let (Ok(test), column) = (Name::word(test), column.and_then(|c| Name::parse(c).ok())) else { return };
            let (model, severity) = (snapshot.name.clone(), TestSeverity::Error);
            let test = DbtTest { model, column, test, arguments, filter: None, description: None, severity };
            out.push((format!("history.{i}"), why.to_owned(), test));
        };
        let columns = IndexMap::from([("columns".to_owned(), json!(snapshot.key))]);
        push(None, ONE_CURRENT, columns, "one state of each row is current");
        for (name, _, data_type, always) in Snapshot::added() {
            if always && (data_type == DataType::Text || name == "dbt_valid_from") {
                push(Some(name), "not_null", IndexMap::new(), "dbt fills it");
            }
        }
        push(Some("dbt_scd_id"), "unique", IndexMap::new(), "it tells states apart");
    }
    out
}
