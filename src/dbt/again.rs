//! Reading a project again after some of its files changed: what is alike is not read anew, and nodes that came out as
//! they were are shared, so that whoever has looked at them need not look again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::body::{self, Made};
use super::index::Entry;
use super::jinja::Engine;
use super::jinja::names::World;
use super::nodes::{self, Draft};
use super::packages::Package;
use super::properties::Properties;
use super::{Kind, NodeId, Project, Settings, Tree, graph};
use crate::vocabulary::Diagnostic;

/// How a project was read.
#[derive(Debug)]
pub(super) struct Reading {
    pub tree: Tree,
    pub settings: Settings,
    pub packages: Arc<[Package]>,
    pub properties: Arc<[Properties]>,
    pub world: Arc<World>,
    /// What each node was made of, by [`NodeId`].
    pub drafts: Vec<Draft>,
    pub made: Vec<Made>,
    /// What is wrong beside the nodes.
    pub findings: Vec<Diagnostic>,
}

impl Reading {
    /// The project that was read, with the nodes of `before` where they are the same; `project` says what it is beside
    /// its nodes.
    pub(super) fn project(mut self, project: Project, before: Option<&Project>) -> Project {
        for (made, old) in self.made.iter_mut().zip(before.map(|b| b.nodes.as_slice()).unwrap_or_default()) {
            if !Arc::ptr_eq(&made.node, old) && made.node == *old {
                made.node = old.clone();
            }
        }
        let mut findings = self.findings.clone();
        // What is wrong in a package is for its authors.
        let own = self.drafts.iter().zip(&self.made).filter(|(draft, _)| draft.package == 0);
        findings.extend(own.flat_map(|(_, made)| made.found.iter().cloned()));
        let nodes: Vec<_> = self.made.iter().map(|made| made.node.clone()).collect();
        findings.extend(graph::cycles(&nodes));
        findings.sort_by(|a, b| (&a.place, &a.code, &a.what).cmp(&(&b.place, &b.code, &b.what)));
        findings.dedup();
        Project { nodes, findings, how: Some(self.into()), ..project }
    }
}

/// The project in `tree`, where only queries differ from `before`; none where anything else does.
pub(super) fn read(tree: &Tree, settings: &Settings, before: &Project) -> Option<Project> {
    let how = before.how.as_deref().filter(|how| how.settings == *settings)?;
    let changed = changed(&how.tree, tree)?;
    let world = Arc::new(how.world.afresh());
    let engine = Engine::new(world.clone());
    let mut drafts = how.drafts.clone();
    let ids = changed_nodes(&drafts, &changed)?;
    let old: Vec<&Draft> = ids.iter().map(|id| &how.drafts[*id as usize]).collect();
    let entries = nodes::again(tree, &how.packages, &how.properties, &engine, &old)?;
    for (id, entry) in ids.iter().zip(entries) {
        drafts[*id as usize].entry = entry.into();
    }
    let index = how.world.index.get()?.with(drafts.iter().map(|draft| draft.entry.clone()).collect());
    world.index.get_or_init(|| index);
    let mut made = how.made.clone();
    made.par_iter_mut().zip(&drafts).enumerate().for_each(|(id, (made, draft))| {
        let id = id as NodeId;
        if made.asks || ids.contains(&id) {
            *made = body::node(&engine, settings.manifest.as_deref(), id, draft);
        }
    });
    let reading = Reading {
        tree: tree.clone(),
        settings: settings.clone(),
        packages: how.packages.clone(),
        properties: how.properties.clone(),
        world,
        drafts,
        made,
        findings: how.findings.clone(),
    };
    Some(
        reading.project(Project { nodes: Vec::new(), findings: Vec::new(), how: None, ..before.clone() }, Some(before)),
    )
}

/// Paths whose texts differ; none where files came or went.
fn changed<'t>(before: &Tree, now: &'t Tree) -> Option<Vec<&'t str>> {
    if before.len() != now.len() {
        return None;
    }
    let mut out = Vec::new();
    for ((old_path, old), (path, new)) in before.iter().zip(now) {
        if old_path != path {
            return None;
        }
        if old != new {
            out.push(path.as_str());
        }
    }
    Some(out)
}

/// The nodes whose queries are in those files; none where a file holds something else.
fn changed_nodes(drafts: &[Draft], changed: &[&str]) -> Option<BTreeSet<NodeId>> {
    let mut by_path: HashMap<&str, Vec<NodeId>> = HashMap::with_capacity(drafts.len());
    for (id, draft) in drafts.iter().enumerate() {
        by_path.entry(&draft.entry.path).or_default().push(id as NodeId);
    }
    let node = |path: &&str| match by_path.get(path)?.as_slice() {
        [id] if is_query(&drafts[*id as usize].entry) => Some(*id),
        _ => None,
    };
    // Python beside models is nothing that dbt reads.
    let is_read = |path: &&&str| by_path.contains_key(**path) || !path.ends_with(".py");
    changed.iter().filter(is_read).map(node).collect()
}

/// Whether a file is one query and nothing else.
fn is_query(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Model | Kind::Test) && entry.within == (0..entry.text.len())
}
