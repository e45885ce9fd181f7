//! What changed and what that reaches, as nodes and edges.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::{Sides, Work};
use super::reach::thing;
use super::verdict::{Edge, Graph, GraphNode, Reader, Thing, Verdict, What};
use crate::check::Analysis;
use crate::dbt::NodeId;

pub(super) fn graph(sides: &Sides<'_>, works: &[Work]) -> Graph {
    let mut nodes: BTreeMap<String, GraphNode> = BTreeMap::new();
    for work in works {
        if work.differences.iter().all(|d| matches!(d.what, What::Moved | What::Reformatted)) {
            continue;
        }
        let analysis = if work.head.is_some() { sides.head } else { sides.base };
        let Some(id) = work.head.or(work.base) else { continue };
        let node = &analysis.project.nodes[id as usize];
        let drawn = nodes.entry(node.id.clone()).or_insert_with(|| GraphNode {
            id: node.id.clone(),
            name: node.name.clone(),
            kind: thing(node.kind),
            verdict: Verdict::Safe,
            changed: true,
            removed: work.head.is_none(),
            columns: Vec::new(),
        });
        drawn.changed = true;
        for difference in &work.differences {
            drawn.verdict = drawn.verdict.max(difference.verdict);
            if difference.what != What::Config {
                drawn.columns.extend(difference.column.clone());
            }
        }
        drawn.columns.sort();
        drawn.columns.dedup();
    }
    let changed: BTreeSet<String> = nodes.keys().cloned().collect();
    let mut edges = BTreeSet::new();
    for work in works {
        let Some(node) = work.head.map(|h| &sides.head.project.nodes[h as usize]) else { continue };
        for reader in work.differences.iter().flat_map(|d| &d.readers) {
            draw(sides, &mut nodes, &changed, reader);
            if matches!(reader.kind, Thing::Dag | Thing::Contract | Thing::Pipeline | Thing::Outside)
                && named_apart(reader)
            {
                edges.insert(Edge { from: node.id.clone(), to: key(reader) });
            }
        }
    }
    for work in works.iter().filter(|w| w.head.is_none()) {
        for reader in work.differences.iter().flat_map(|d| &d.readers) {
            draw(sides, &mut nodes, &changed, reader);
        }
    }
    edges.extend(between(sides.head, &nodes, |_| true));
    edges.extend(between(sides.base, &nodes, |id| nodes.get(id).is_some_and(|n| n.removed)));
    let mut nodes: Vec<GraphNode> = nodes.into_values().collect();
    nodes.sort_by(|a, b| (!a.changed, &a.name, &a.id).cmp(&(!b.changed, &b.name, &b.id)));
    Graph { nodes, edges: edges.into_iter().collect() }
}

fn draw(sides: &Sides<'_>, nodes: &mut BTreeMap<String, GraphNode>, changed: &BTreeSet<String>, reader: &Reader) {
    if !named_apart(reader) {
        return;
    }
    let verdict = if reader.broken { Verdict::Breaking } else { Verdict::ChangesValues };
    let id = key(reader);
    let drawn = nodes.entry(id.clone()).or_insert_with(|| {
        let place = sides.head.project.nodes.binary_search_by(|n| n.id.as_str().cmp(&reader.name));
        let name = place.map_or(reader.name.as_str(), |at| sides.head.project.nodes[at].name.as_str()).to_owned();
        GraphNode {
            id: id.clone(),
            name,
            kind: reader.kind,
            verdict,
            changed: false,
            removed: false,
            columns: Vec::new(),
        }
    });
    if !changed.contains(&id) {
        drawn.verdict = drawn.verdict.max(verdict);
        drawn.columns.extend(reader.columns.iter().cloned());
        drawn.columns.sort();
        drawn.columns.dedup();
    } else if reader.broken {
        drawn.verdict = Verdict::Breaking;
    }
}

/// Whether it stands for itself in a drawing: generic tests and contracts are part of their model.
fn named_apart(reader: &Reader) -> bool {
    match reader.kind {
        Thing::Test => reader.name.starts_with("test."),
        Thing::Contract => !reader.name.starts_with("contract of "),
        Thing::Outside => false,
        _ => true,
    }
}

fn key(reader: &Reader) -> String {
    match reader.kind {
        Thing::Exposure => format!("exposure.{}", reader.name),
        Thing::Dag => format!("dag.{}", reader.name),
        Thing::Contract => format!("contract.{}", reader.name),
        Thing::Pipeline => format!("pipeline.{}", reader.name),
        _ => reader.name.clone(),
    }
}

/// Edges of a project between nodes that are drawn, out of those whose start or end passes `test`.
fn between(analysis: &Analysis, nodes: &BTreeMap<String, GraphNode>, test: impl Fn(&str) -> bool) -> BTreeSet<Edge> {
    let id = |node: NodeId| analysis.project.nodes[node as usize].id.as_str();
    let mut out = BTreeSet::new();
    let mut push = |from: &str, to: &str| {
        if from != to && nodes.contains_key(from) && nodes.contains_key(to) && (test(from) || test(to)) {
            out.insert(Edge { from: from.to_owned(), to: to.to_owned() });
        }
    };
    for drawn in nodes.keys() {
        let Ok(at) = analysis.project.nodes.binary_search_by(|n| n.id.cmp(drawn)) else { continue };
        let node = &analysis.project.nodes[at];
        for read in &node.reads {
            push(id(read.node), &node.id);
        }
    }
    for exposure in &analysis.project.exposures {
        for read in &exposure.reads {
            push(id(*read), &format!("exposure.{}", exposure.name));
        }
    }
    out
}
