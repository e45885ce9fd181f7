//! Whom a difference reaches, by the lineage of columns.

use std::collections::{BTreeMap, BTreeSet};

use super::verdict::{Reader, Thing, Use};
use crate::check::{Analysis, Shape};
use crate::dbt::{Kind, NodeId};
use crate::sql::Usage;

/// Who reads whom, and in what order they are built.
pub(super) struct Readers {
    /// For each node, who reads it.
    pub of: Vec<Vec<NodeId>>,
    /// For each node, its place in an order where what is read comes first.
    rank: Vec<u32>,
    /// For each node, exposures that read it.
    pub exposures: BTreeMap<NodeId, Vec<usize>>,
}

impl Readers {
    pub fn of(analysis: &Analysis) -> Readers {
        let nodes = &analysis.project.nodes;
        let mut of: Vec<Vec<NodeId>> = vec![Vec::new(); nodes.len()];
        let mut waits = vec![0_usize; nodes.len()];
        for (id, node) in nodes.iter().enumerate() {
            if matches!(analysis.shapes[id], Shape::Disabled) {
                continue;
            }
            for read in &node.reads {
                let readers = &mut of[read.node as usize];
                if read.node as usize != id && readers.last() != Some(&(id as NodeId)) {
                    readers.push(id as NodeId);
                    waits[id] += 1;
                }
            }
        }
        let mut rank = vec![u32::MAX; nodes.len()];
        let mut ready: Vec<usize> = (0..nodes.len()).filter(|id| waits[*id] == 0).collect();
        let mut next = 0;
        while let Some(id) = ready.get(next).copied() {
            rank[id] = next as u32;
            next += 1;
            for reader in &of[id] {
                let reader = *reader as usize;
                waits[reader] -= 1;
                if waits[reader] == 0 {
                    ready.push(reader);
                }
            }
        }
        let mut exposures: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for (i, exposure) in analysis.project.exposures.iter().enumerate() {
            for read in &exposure.reads {
                exposures.entry(*read).or_default().push(i);
            }
        }
        Readers { of, rank, exposures }
    }

    /// `start` and everything that reads it, however far down.
    pub fn all_below(&self, start: Vec<NodeId>) -> BTreeSet<NodeId> {
        let (mut met, mut waiting) = (BTreeSet::new(), start);
        while let Some(id) = waiting.pop() {
            if met.insert(id) {
                waiting.extend(&self.of[id as usize]);
            }
        }
        met
    }
}

/// What of a node is reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Reached {
    /// Its rows, and so all of it.
    pub all: bool,
    pub columns: BTreeSet<String>,
    pub uses: BTreeSet<Use>,
}

/// Everything that a change of `column` (or of all) of `start` reaches, by node.
pub(super) fn downstream(
    analysis: &Analysis,
    readers: &Readers,
    start: NodeId,
    column: Option<&str>,
) -> BTreeMap<NodeId, Reached> {
    let first = Reached {
        all: column.is_none(),
        columns: column.map(str::to_owned).into_iter().collect(),
        uses: BTreeSet::new(),
    };
    let mut met: BTreeMap<NodeId, Reached> = BTreeMap::from([(start, first)]);
    let mut waiting = BTreeSet::from([(readers.rank[start as usize], start)]);
    while let Some((_, id)) = waiting.pop_first() {
        for reader in &readers.of[id as usize] {
            if met.contains_key(reader) && *reader == start {
                continue;
            }
            let Some(found) = met.get(&id).and_then(|from| taken(analysis, *reader, id, from)) else { continue };
            let entry = met.entry(*reader).or_default();
            let before = (entry.all, entry.columns.len(), entry.uses.len());
            entry.all |= found.all;
            entry.columns.extend(found.columns);
            entry.uses.extend(found.uses);
            if before != (entry.all, entry.columns.len(), entry.uses.len()) {
                waiting.insert((readers.rank[*reader as usize], *reader));
            }
        }
    }
    met.remove(&start);
    met
}

/// What `reader` takes of what is reached in `from`.
fn taken(analysis: &Analysis, reader: NodeId, from: NodeId, reached: &Reached) -> Option<Reached> {
    let Some(shape) = analysis.shapes[reader as usize].known() else {
        return Some(Reached { all: true, ..Reached::default() });
    };
    let hit = |column: &str| reached.all || reached.columns.contains(column);
    let mut found = Reached { all: reached.all, ..Reached::default() };
    for lineage in &shape.reads {
        if lineage.relation == from && hit(&lineage.column) {
            found.all = true;
            found.uses.insert(of_usage(lineage.usage));
        }
    }
    for column in &shape.columns {
        for lineage in column.sources.iter().filter(|l| l.relation == from && hit(&l.column)) {
            found.columns.insert(column.name.clone());
            found.uses.insert(of_usage(lineage.usage));
        }
    }
    // It takes all columns of what it does not know: one of them can be this.
    found.all |=
        shape.open && found.columns.is_empty() && analysis.shapes[from as usize].known().is_none_or(|s| s.open);
    (found.all || !found.columns.is_empty()).then_some(found)
}

/// How `reader` uses `column` (or anything) of `of`; none where it does not read it.
pub(super) fn uses(analysis: &Analysis, reader: NodeId, of: NodeId, column: Option<&str>) -> Option<Reached> {
    let Some(shape) = analysis.shapes[reader as usize].known() else {
        return Some(Reached { all: true, ..Reached::default() });
    };
    let Some(column) = column else { return Some(Reached { all: true, ..Reached::default() }) };
    let mut found = Reached::default();
    for lineage in shape.reads.iter().filter(|l| l.relation == of && l.column == column) {
        found.uses.insert(of_usage(lineage.usage));
    }
    for out in &shape.columns {
        for lineage in out.sources.iter().filter(|l| l.relation == of && l.column == column) {
            found.columns.insert(out.name.clone());
            found.uses.insert(of_usage(lineage.usage));
        }
    }
    (!found.uses.is_empty()).then_some(found)
}

fn of_usage(usage: Usage) -> Use {
    match usage {
        Usage::Value => Use::Value,
        Usage::Filter => Use::Filter,
        Usage::Join => Use::Join,
        Usage::Group => Use::Group,
        Usage::Order => Use::Order,
        Usage::Window => Use::Window,
    }
}

pub(super) fn thing(kind: Kind) -> Thing {
    match kind {
        Kind::Model => Thing::Model,
        Kind::Seed => Thing::Seed,
        Kind::Snapshot => Thing::Snapshot,
        Kind::Source => Thing::Source,
        Kind::Test => Thing::Test,
    }
}

pub(super) fn reader(analysis: &Analysis, id: NodeId, reached: Reached, broken: bool) -> Reader {
    let node = &analysis.project.nodes[id as usize];
    let columns = if reached.all { Vec::new() } else { reached.columns.into_iter().collect() };
    Reader { name: node.id.clone(), kind: thing(node.kind), columns, uses: reached.uses.into_iter().collect(), broken }
}
