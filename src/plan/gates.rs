//! What a change of a spec would take away, and who must say yes to it.

use std::collections::BTreeSet;

use super::{Context, Gate};
use crate::spec::Model;
use crate::vocabulary::{Act, Name, Relation};

/// Approvals that the change from `before` to the planned spec needs, sorted.
pub(super) fn gates(context: &Context<'_>) -> Vec<Gate> {
    let Some(before) = context.before.filter(|_| context.config.policies.require_approval.contains(&Act::Drop)) else {
        return Vec::new();
    };
    let still: Vec<&Model> = context.specs.values().flat_map(|s| &s.models).chain(&context.spec.models).collect();
    let mut dropped = BTreeSet::new();
    for old in &before.models {
        let relation = format!("{}.{}", old.schema(), old.name);
        let Some(new) = still.iter().find(|m| m.name == old.name) else {
            dropped.insert(relation);
            continue;
        };
        let kept = named_columns(new);
        if named_columns(old).is_empty() || kept.is_empty() || matches!(new.from, Relation::Table(_)) {
            continue;
        }
        dropped.extend(named_columns(old).difference(&kept).map(|column| format!("{relation}.{column}")));
    }
    dropped.into_iter().map(|of| Gate { act: Act::Drop, of }).collect()
}

/// The columns that a spec names for a model; empty where it passes all of them on.
fn named_columns(model: &Model) -> BTreeSet<&Name> {
    let grouped = model.group_by.iter().map(|g| &g.name).chain(model.measures.iter().map(|m| &m.name));
    grouped.chain(model.columns.keys()).collect()
}
