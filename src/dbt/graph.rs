//! What reads what: cycles.

use std::sync::Arc;

use super::{Node, NodeId};
use crate::sql::Text;
use crate::vocabulary::Diagnostic;

/// A finding for each circle of nodes that read each other.
pub(super) fn cycles(nodes: &[Arc<Node>]) -> Vec<Diagnostic> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; nodes.len()];
    let mut out = Vec::new();
    for start in 0..nodes.len() {
        if marks[start] != Mark::New {
            continue;
        }
        let mut path: Vec<(NodeId, usize)> = vec![(start as NodeId, 0)];
        marks[start] = Mark::Open;
        while let Some((id, next)) = path.last_mut() {
            let node = &nodes[*id as usize];
            let Some(read) = node.reads.get(*next) else {
                marks[*id as usize] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let target = read.node as usize;
            match marks.get(target) {
                Some(Mark::New) => {
                    marks[target] = Mark::Open;
                    path.push((read.node, 0));
                }
                // An incremental model and a snapshot read themselves.
                Some(Mark::Open) if read.node != *id => {
                    let from = path.iter().position(|(n, _)| *n == read.node).unwrap_or(0);
                    let mut names: Vec<&str> =
                        path[from..].iter().map(|(n, _)| nodes[*n as usize].name.as_str()).collect();
                    names.push(&nodes[target].name);
                    let fault = Diagnostic::error(
                        "cycle",
                        format!("models read each other in a circle: {}", names.join(" → ")),
                    )
                    .why("none of them can be built first");
                    out.push(Text::new(&node.path, "", &node.text).fault(fault, read.at, 3));
                }
                _ => {}
            }
        }
    }
    out
}
