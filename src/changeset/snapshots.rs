//! Snapshots: of a model that is there, by columns that it has, under a name of their own.

use std::collections::BTreeSet;

use super::draft::{Draft, Item};
use super::models::Known;
use super::names::twice;
use super::quality::{column, model};
use crate::proposal::Snapshot;
use crate::sql::{ColumnType, ScopeRelation};
use crate::vocabulary::{Diagnostic, Name, Relation};

/// Proves all snapshots; what they hold is known to tests and policies then.
pub(super) fn prove(draft: &Draft, known: &mut Known, found: &mut Vec<Diagnostic>) {
    for (name, item) in &draft.snapshots {
        snapshot(draft, known, item, found);
        let given = holds(&item.value, known).into();
        known.scope.relations.insert(Relation::Model(name.clone()), given);
    }
}

fn snapshot(draft: &Draft, known: &Known, item: &Item<Snapshot>, found: &mut Vec<Diagnostic>) {
    let snapshot = &item.value;
    if draft.models.contains_key(&snapshot.name) {
        let fault = Diagnostic::error("duplicate-model", format!("`{}` is a model and a snapshot", snapshot.name));
        found.push(fault.next("rename one of them").at(item.place("name")));
    }
    let of = Relation::Model(snapshot.of.clone());
    if !model(draft, &snapshot.of, item.place("of"), found) {
        return;
    }
    if draft.snapshots.contains_key(&snapshot.of) {
        found.push(Diagnostic::error("snapshot-of-snapshot", "a snapshot watches a model").at(item.place("of")));
    }
    if snapshot.key.is_empty() {
        let fault = Diagnostic::error("no-key", format!("nothing tells the rows of `{}` apart", snapshot.of));
        found.push(fault.next("name the columns of `key`").at(item.place("key")));
    }
    if let Some((i, name)) = twice(&snapshot.key) {
        let fault = Diagnostic::error("duplicate-column", format!("the key names `{name}` twice"));
        found.push(fault.at(item.place(format!("key.{i}"))));
    }
    for (i, name) in snapshot.key.iter().enumerate() {
        column(known, &of, name, item.place(format!("key.{i}")), found);
    }
    for (i, own) in snapshot.columns.iter().enumerate() {
        column(known, &of, &own.name, item.place(format!("columns.{i}.name")), found);
    }
    if let Some(name) = &snapshot.updated_at {
        column(known, &of, name, item.place("updated_at"), found);
        let relation = known.scope.relations.get(&of);
        let ty = relation.and_then(|r| r.columns.iter().find(|(n, _)| n == name.as_str())).map(|c| c.1);
        let temporal = ColumnType::Temporal;
        if ty.is_some_and(|ty| ty.clashes(temporal)) {
            let fault = Diagnostic::error("not-temporal", format!("`{name}` does not say when a row changed"));
            found.push(fault.next("name a date or timestamp, or leave it out").at(item.place("updated_at")));
        }
    }
    let added: BTreeSet<&str> = Snapshot::added().into_iter().map(|c| c.0).collect();
    let taken = known.scope.relations.get(&of).into_iter().flat_map(|r| &r.columns);
    for (name, _) in taken.filter(|(n, _)| added.contains(n.as_str())) {
        let fault =
            Diagnostic::error("duplicate-column", format!("`{}` has a column `{name}`, which dbt adds", snapshot.of));
        found.push(fault.next("rename it in the model").at(item.place("of")));
    }
}

/// The columns of the model, and those that dbt adds.
fn holds(snapshot: &Snapshot, known: &Known) -> ScopeRelation {
    let of = known.scope.relations.get(&Relation::Model(snapshot.of.clone()));
    let mut out = of.map(|of| (**of).clone()).unwrap_or_default();
    out.columns
        .extend(Snapshot::added().into_iter().map(|(name, _, t, _)| (name.to_owned(), ColumnType::from(Some(t)))));
    out.keys = Name::parse("dbt_scd_id").map(|n| BTreeSet::from([n.to_string()])).into_iter().collect();
    out
}
