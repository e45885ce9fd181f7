//! Which files findings are told of: paths, selected models, what changed and what that reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::projects::Read;
use crate::dbt::{Node, NodeId};
use crate::vocabulary::{Diagnostic, Outcome, Place, nearest};
use crate::workspace::Pattern;

/// The files that differ from the base, and those of models that they reach.
pub(super) fn changed(
    projects: &[Read],
    here: &BTreeMap<String, Arc<str>>,
    base: &BTreeMap<String, Arc<str>>,
) -> BTreeSet<String> {
    let differs = |path: &&String| match (here.get(*path), base.get(*path)) {
        (Some(a), Some(b)) => !Arc::ptr_eq(a, b) && a != b,
        _ => true,
    };
    let mut out: BTreeSet<String> = here.keys().chain(base.keys()).filter(differs).cloned().collect();
    for project in projects {
        let folder = &project.folder;
        // Macros, packages, variables and profiles can change every model.
        let everywhere = out.iter().filter_map(|path| path.strip_prefix(folder.as_str())).any(|path| {
            let file = path.rsplit('/').next().unwrap_or(path);
            let is_config = matches!(file, "dbt_project.yml" | "packages.yml" | "profiles.yml" | "package-lock.yml");
            is_config || path.split('/').any(|part| part == "macros" || part == "dbt_packages")
        });
        let nodes = &project.analysis.project.nodes;
        let own = |node: &Node| files(node).any(|file| out.contains(&file));
        let start = nodes.iter().enumerate().filter(|(_, node)| everywhere || own(node)).map(|(i, _)| i as NodeId);
        let reached = downstream(nodes, start.collect());
        out.extend(reached.into_iter().flat_map(|id| files(&nodes[id as usize]).collect::<Vec<_>>()));
    }
    out
}

/// The files of the models that `wanted` selects, as dbt writes it: names, `tag:`, `path:`, `+` before and behind.
///
/// # Errors
/// A selector that selects nothing, with the nearest name.
pub(super) fn selected(projects: &[Read], wanted: &[String]) -> Outcome<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    for word in wanted {
        let (up, rest) = word.strip_prefix('+').map_or((false, word.as_str()), |rest| (true, rest));
        let (down, what) = rest.strip_suffix('+').map_or((false, rest), |what| (true, what));
        let mut found = false;
        for project in projects {
            let nodes = &project.analysis.project.nodes;
            let matches = |node: &Node| match what.split_once(':') {
                Some(("tag", tag)) => node.config.tags.iter().any(|t| t == tag),
                Some(("path", path)) => Pattern::new(path).names(&node.path),
                _ => Pattern::new(what).names(&node.name),
            };
            let start: Vec<NodeId> =
                nodes.iter().enumerate().filter(|(_, node)| matches(node)).map(|(i, _)| i as NodeId).collect();
            found |= !start.is_empty();
            let mut ids: BTreeSet<NodeId> = start.iter().copied().collect();
            if down {
                ids.extend(downstream(nodes, start.clone()));
            }
            if up {
                ids.extend(upstream(nodes, start));
            }
            out.extend(ids.into_iter().flat_map(|id| files(&nodes[id as usize]).collect::<Vec<_>>()));
        }
        if !found {
            let names = projects.iter().flat_map(|p| &p.analysis.project.nodes).map(|node| node.name.as_str());
            let near = nearest(what, names);
            let d = Diagnostic::error("nothing-selected", format!("`{}` selects no model", word.escape_debug()))
                .at(Place::file("--select"));
            return Err(match near.first() {
                Some(near) => d.next(format!("did you mean `{near}`?")),
                None => {
                    d.next("a model's name, `tag:NAME` or `path:FOLDER`, with `+` for what it reads or what reads it")
                }
            }
            .into());
        }
    }
    Ok(out)
}

/// The file of a node and the YAML that describes it.
fn files(node: &Node) -> impl Iterator<Item = String> {
    let described = node.described.as_ref().map(|d| d.file.clone());
    [Some(node.path.clone()), described].into_iter().flatten()
}

fn downstream(nodes: &[Arc<Node>], start: Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut readers: Vec<Vec<NodeId>> = vec![Vec::new(); nodes.len()];
    for (id, node) in nodes.iter().enumerate() {
        for read in &node.reads {
            readers[read.node as usize].push(id as NodeId);
        }
    }
    closure(start, |id| readers[id as usize].clone())
}

fn upstream(nodes: &[Arc<Node>], start: Vec<NodeId>) -> BTreeSet<NodeId> {
    closure(start, |id| nodes[id as usize].reads.iter().map(|read| read.node).collect())
}

fn closure(mut todo: Vec<NodeId>, next: impl Fn(NodeId) -> Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut out = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if out.insert(id) {
            todo.extend(next(id));
        }
    }
    out
}
