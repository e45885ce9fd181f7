//! What a node makes, and as what others see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::said;
use crate::dbt::{Body, DescribedColumn, Kind, Node, NodeId};
use crate::sql::{FanOut, Lineage, OutputColumn, Resolved, ScopeRelation, Usage};
use crate::vocabulary::{DataType, Diagnostic};

/// What a node makes.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Columns with types, keys and lineage. Of what has no query (sources, seeds, Python models) what is declared.
    Known(Arc<Resolved<NodeId>>),
    /// Not known, and why. Whatever reads it is not known either where that matters.
    Unknown(Box<Diagnostic>),
    /// Left out: disabled.
    Disabled,
}

impl Shape {
    /// What is known.
    pub fn known(&self) -> Option<&Resolved<NodeId>> {
        match self {
            Shape::Known(resolved) => Some(resolved),
            Shape::Unknown(_) | Shape::Disabled => None,
        }
    }
}

/// What a node without a query makes.
pub(super) fn declared(id: NodeId, columns: &[(String, Option<DataType>)], open: bool) -> Resolved<NodeId> {
    let columns = columns.iter().map(|(name, data_type)| {
        let itself = Lineage { relation: id, column: name.clone(), usage: Usage::Value };
        OutputColumn {
            name: name.clone(),
            column_type: (*data_type).into(),
            nullable: None,
            short: false,
            repeated: None,
            sources: BTreeSet::from([itself]),
        }
    });
    Resolved { columns: columns.collect(), open, ..Resolved::default() }
}

/// How readers see a node that is known: what its query makes, with the keys that its tests and configuration state.
pub(super) fn relation(node: &Node, resolved: &Resolved<NodeId>) -> ScopeRelation {
    // A snapshot keeps every version of a row.
    let mut keys = if node.kind == Kind::Snapshot { Vec::new() } else { resolved.keys.clone() };
    keys.extend(stated(node));
    let behind: Vec<_> = keys.iter().filter_map(|key| behind(key, resolved)).collect();
    keys.extend(behind);
    keys.sort();
    keys.dedup();
    ScopeRelation {
        columns: resolved.columns.iter().map(|c| (c.name.clone(), c.column_type)).collect(),
        keys,
        short_keys: if node.kind == Kind::Snapshot { Vec::new() } else { resolved.short_keys.clone() },
        open: resolved.open,
        nullable: nullable(node, resolved),
        repeated: repeated(node, resolved),
        short: short(node, resolved),
        settled: resolved.settled,
        ..ScopeRelation::default()
    }
}

/// Columns of rows that a join repeats, as readers are told of them.
fn repeated(node: &Node, resolved: &Resolved<NodeId>) -> BTreeMap<String, FanOut> {
    let mut out = BTreeMap::new();
    if resolved.columns.iter().all(|c| c.repeated.is_none()) {
        return out;
    }
    let stated = stated(node);
    for column in &resolved.columns {
        let Some(fan_out) = column.repeated.as_ref().filter(|f| is_passed_on(f, resolved, &stated)) else { continue };
        let mut fan_out = FanOut { elsewhere: true, at: (0, 0), ..fan_out.clone() };
        if fan_out.is_of_elements() {
            // What is of the elements tells them apart.
            let own = resolved.columns.iter().filter(|c| c.repeated.is_none());
            fan_out.keys = own.map(|c| BTreeSet::from([c.name.clone()])).collect();
        }
        out.insert(column.name.clone(), fan_out);
    }
    out
}

/// Whether readers are told of a join that repeats rows, of which one side has one row for each: by a single key, of others
/// where no row is left out, and further on while no join can pick one of several either. What is joined as one looks a
/// thing up may well have one row for each, whatever its tests say.
fn is_passed_on(fan_out: &FanOut, resolved: &Resolved<NodeId>, stated: &[BTreeSet<String>]) -> bool {
    let single = fan_out.keys.iter().any(|k| k.len() == 1);
    // A filter on what is repeated picks none of what it is repeated by.
    let of = |repeated: bool| {
        let columns =
            resolved.columns.iter().filter(move |c| c.repeated.as_ref().is_some_and(|f| f == fan_out) == repeated);
        columns.flat_map(|c| &c.sources).map(|s| s.relation).collect::<BTreeSet<NodeId>>()
    };
    let is_whole = || {
        let mut filters = resolved.reads.iter().filter(|r| r.usage == Usage::Filter).peekable();
        filters.peek().is_none()
            || !fan_out.looked_up && {
                let (own, others) = (of(true), of(false));
                filters.all(|r| own.contains(&r.relation) && !others.contains(&r.relation))
            }
    };
    let is_told_apart = || fan_out.keys.iter().any(|k| k.len() == 1 && resolved.keys.contains(k));
    if fan_out.looked_up {
        let part = |k: &BTreeSet<String>| fan_out.on.is_subset(k) && fan_out.on.len() < k.len();
        let in_part = fan_out.keys.iter().any(|k| part(k) && resolved.keys.contains(k));
        return is_whole() && (single && is_told_apart() || in_part);
    }
    if !fan_out.of_one && !fan_out.is_of_elements() {
        // Both sides have several rows for what is held equal, as a test of what comes out says.
        let rest = |k: &BTreeSet<String>| k.difference(&fan_out.on).cloned().collect::<BTreeSet<String>>();
        let both = |key: &BTreeSet<String>| {
            fan_out.keys.iter().map(rest).any(|rest| {
                !rest.is_empty()
                    && rest.is_subset(key)
                    && key.iter().any(|c| !rest.contains(c) && !fan_out.on.contains(c))
            })
        };
        return !fan_out.elsewhere && !fan_out.on.is_empty() && is_whole() && stated.iter().any(both);
    }
    if single && !fan_out.elsewhere {
        return true;
    }
    let rest = |name: &String| !fan_out.on.contains(name) && fan_out.keys.iter().any(|k| k.contains(name));
    let picks = || resolved.reads.iter().any(|r| r.usage == Usage::Join && rest(&r.column));
    let is_known = fan_out.is_of_elements() || !fan_out.on.is_empty() && !fan_out.keys.is_empty();
    is_known && is_whole() && (!fan_out.elsewhere || is_told_apart() || !picks())
}

/// Whether columns can be null: as the query says, or else their descriptions, unless a `not_null` test or constraint
/// says that they can't.
fn nullable(node: &Node, resolved: &Resolved<NodeId>) -> BTreeMap<String, bool> {
    let mut out: BTreeMap<String, bool> =
        resolved.columns.iter().filter_map(|c| Some((c.name.clone(), c.nullable?))).collect();
    let columns = || node.described.iter().flat_map(|d| &d.columns);
    for column in columns() {
        if let Some(said) = said::null(column) {
            out.entry(column.name.to_lowercase()).or_insert(said);
        }
    }
    let tested = |c: &&DescribedColumn| said::is_filled(c);
    // Where some columns are tested, those that are not were left out for a reason.
    if columns().any(|c| tested(&c)) {
        let unique = |c: &&DescribedColumn| c.tests.iter().any(|t| t.name == "unique");
        for column in columns().filter(|c| !tested(c) && !unique(c)) {
            out.entry(column.name.to_lowercase()).or_insert(true);
        }
    }
    for column in columns().filter(tested) {
        out.insert(column.name.to_lowercase(), false);
    }
    out
}

/// Columns of short whole numbers: those of a query, and those that YAML declares where there is none.
fn short(node: &Node, resolved: &Resolved<NodeId>) -> BTreeSet<String> {
    let declared = node.described.iter().flat_map(|d| &d.columns).filter(|_| matches!(node.body, Body::Columns { .. }));
    let declared = declared.filter(|c| c.data_type.as_deref().is_some_and(crate::sql::types::is_short_name));
    let made = resolved.columns.iter().filter(|c| c.short).map(|c| c.name.clone());
    made.chain(declared.map(|c| c.name.to_lowercase())).collect()
}

/// The columns that a key of one column is made of, as a hash of several is: they tell rows apart as it does.
fn behind(key: &BTreeSet<String>, resolved: &Resolved<NodeId>) -> Option<BTreeSet<String>> {
    let name = key.first().filter(|_| key.len() == 1)?;
    let made = &resolved.columns.iter().find(|c| c.name == *name)?.sources;
    if made.len() < 2 {
        return None;
    }
    let mut left = made.clone();
    let mut out = BTreeSet::new();
    for column in resolved.columns.iter().filter(|c| c.name != *name && c.sources.is_subset(made)) {
        let before = left.len();
        left.retain(|source| !column.sources.contains(source));
        if left.len() < before {
            out.insert(column.name.clone());
        }
    }
    left.is_empty().then_some(out)
}

/// How readers see a node that is not known: what its YAML says, and it may have more.
pub(super) fn described(node: &Node) -> ScopeRelation {
    let columns = node.described.iter().flat_map(|d| &d.columns);
    ScopeRelation {
        columns: columns.map(|c| (c.name.to_lowercase(), None.into())).collect(),
        keys: stated(node),
        open: true,
        ..ScopeRelation::default()
    }
}

/// Keys by `unique` tests, `unique_combination_of_columns` and `unique_key`.
fn stated(node: &Node) -> Vec<BTreeSet<String>> {
    let mut out = Vec::new();
    if let Some(described) = &node.described {
        // One row has nothing to be told apart by.
        out.extend(said::one_row(&described.description).then(BTreeSet::new));
        let is_unique = |c: &&DescribedColumn| c.tests.iter().any(|t| t.name == "unique");
        out.extend(described.columns.iter().filter(is_unique).map(|c| BTreeSet::from([c.name.to_lowercase()])));
        for test in described.tests.iter().filter(|t| t.name.ends_with("unique_combination_of_columns")) {
            let columns = test.arguments.get("combination_of_columns").and_then(|c| c.as_array());
            let columns: Option<BTreeSet<String>> =
                columns.map(|c| c.iter().filter_map(|c| Some(c.as_str()?.to_lowercase())).collect());
            out.extend(columns.filter(|c| !c.is_empty()));
        }
    }
    if node.kind == Kind::Snapshot {
        out.push(BTreeSet::from(["dbt_scd_id".to_owned()]));
        // Of the versions of a row one has no end.
        let versions = node.config.unique_key.iter().map(|c| c.to_lowercase()).chain(["dbt_valid_to".to_owned()]);
        out.extend((!node.config.unique_key.is_empty()).then(|| versions.collect()));
    } else if !node.config.unique_key.is_empty() {
        out.push(node.config.unique_key.iter().map(|c| c.to_lowercase()).collect());
    }
    out
}
