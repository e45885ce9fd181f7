//! What a change of a spec would take away, and who must say yes to it.

use std::collections::BTreeSet;

use super::{Context, Gate, narrow};
use crate::spec::Model;
use crate::vocabulary::{Act, Name, Relation};

/// Approvals that the change from `before` to the planned spec needs, sorted.
pub(super) fn gates(context: &Context<'_>) -> Vec<Gate> {
    let mut out = unmasked(context);
    out.extend(narrow::gates(context));
    out.sort_by(|a, b| (a.act, &a.of).cmp(&(b.act, &b.of)));
    let Some(before) = context.before.filter(|_| context.config.policies.require_approval.contains(&Act::Drop)) else {
        return out;
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
    for old in before.models.iter().filter(|m| !m.set_aside.is_empty()) {
        let Relation::Table(table) = &old.from else { continue };
        if !still.iter().any(|m| m.name == old.name && !m.set_aside.is_empty()) {
            dropped.insert(format!("{}.{}", old.schema(), table.set_aside_model()));
        }
    }
    out.extend(dropped.into_iter().map(|of| Gate { act: Act::Drop, of }));
    out.sort_by(|a, b| (a.act, &a.of).cmp(&(b.act, &b.of)));
    out
}

/// Columns that were masked and are not any more: the same column, or one that is made of the same.
fn unmasked(context: &Context<'_>) -> Vec<Gate> {
    let asks = context.config.policies.require_approval.contains(&Act::Unmask);
    let Some(before) = context.before.filter(|_| asks) else { return Vec::new() };
    let mut out = Vec::new();
    for new in &context.spec.models {
        let Some(old) = before.models.iter().find(|m| m.name == new.name) else { continue };
        let source = |name: &Name, model: &Model| -> String {
            model.columns.get(name).and_then(|r| r.expr.clone()).unwrap_or_else(|| name.to_string())
        };
        for (column, _) in old.columns.iter().filter(|(_, rule)| rule.mask.is_some()) {
            let of = source(column, old);
            let all = new.columns.is_empty() && new.measures.is_empty() && new.sql.is_none();
            let shown = new.columns.iter().filter(|(name, rule)| rule.mask.is_none() && source(name, new) == of);
            let relation = format!("{}.{}", new.schema(), new.name);
            let names = shown.map(|(name, _)| name.to_string()).chain(all.then(|| of.clone()));
            out.extend(names.map(|name| Gate { act: Act::Unmask, of: format!("{relation}.{name}") }));
        }
    }
    out.sort_by(|a, b| a.of.cmp(&b.of));
    out.dedup();
    out
}

/// The columns that a spec names for a model; empty where it passes all of them on.
fn named_columns(model: &Model) -> BTreeSet<&Name> {
    let grouped = model.group_by.iter().map(|g| &g.name).chain(model.measures.iter().map(|m| &m.name));
    grouped.chain(model.columns.keys()).collect()
}
