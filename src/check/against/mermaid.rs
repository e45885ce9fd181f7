//! A [`Graph`] as a Mermaid flow chart, for pull requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::verdict::{Graph, GraphNode, Thing, Verdict};

/// More boxes than this nobody reads.
const MOST: usize = 60;
/// Columns that are named in a box.
const COLUMNS: usize = 4;

/// The chart; nothing where there is nothing to draw.
pub fn mermaid(graph: &Graph) -> Option<String> {
    if graph.nodes.is_empty() {
        return None;
    }
    let kept = kept(graph);
    let place: BTreeMap<&str, usize> = kept.iter().enumerate().map(|(i, n)| (n.id.as_str(), i)).collect();
    let mut out = String::from("flowchart LR\n");
    for (i, node) in kept.iter().enumerate() {
        let (open, close) = match node.kind {
            Thing::Source | Thing::Seed => ("[(", ")]"),
            Thing::Test => ("{{", "}}"),
            Thing::Exposure | Thing::Dag | Thing::Contract | Thing::Pipeline | Thing::Outside => ("([", "])"),
            Thing::Model | Thing::Snapshot => ("[", "]"),
        };
        let _ = writeln!(out, "  n{i}{open}\"{}\"{close}", label(node));
    }
    let mut folded: BTreeSet<usize> = BTreeSet::new();
    for edge in &graph.edges {
        match (place.get(edge.from.as_str()), place.get(edge.to.as_str())) {
            (Some(from), Some(to)) => {
                let _ = writeln!(out, "  n{from} --> n{to}");
            }
            (Some(from), None) => {
                folded.insert(*from);
            }
            _ => {}
        }
    }
    let left = graph.nodes.len() - kept.len();
    if left > 0 {
        let _ = writeln!(out, "  more[\"and {left} more\"]");
        for from in folded {
            let _ = writeln!(out, "  n{from} -.-> more");
        }
    }
    for (class, style, test) in CLASSES {
        let of: Vec<String> = kept.iter().enumerate().filter(|(_, n)| test(n)).map(|(i, _)| format!("n{i}")).collect();
        if !of.is_empty() {
            let _ = writeln!(out, "  classDef {class} {style}\n  class {} {class}", of.join(","));
        }
    }
    Some(out)
}

/// A class of boxes: its name, its style, who is in it.
type Class = (&'static str, &'static str, fn(&GraphNode) -> bool);

const CLASSES: &[Class] = &[
    ("breaking", "fill:#fdd,stroke:#c00,color:#000", |n| n.verdict == Verdict::Breaking),
    ("unknown", "fill:#eee,stroke:#666,color:#000,stroke-dasharray:4", |n| n.verdict == Verdict::Unknown),
    ("values", "fill:#ffe9c7,stroke:#c70,color:#000", |n| n.verdict == Verdict::ChangesValues),
    ("safe", "fill:#dfd,stroke:#080,color:#000", |n| n.verdict == Verdict::Safe),
    ("changed", "stroke-width:3px", |n| n.changed),
];

/// The nodes that are drawn: what changed and what is broken before what is only reached.
fn kept(graph: &Graph) -> Vec<&GraphNode> {
    let mut nodes: Vec<&GraphNode> = graph.nodes.iter().collect();
    nodes.sort_by_key(|n| (n.verdict != Verdict::Breaking, !n.changed, n.verdict != Verdict::Unknown));
    nodes.truncate(MOST);
    nodes
}

/// What stands in a box: names as text, never as markup.
fn label(node: &GraphNode) -> String {
    let mut out = escaped(&node.name);
    if node.kind != Thing::Model {
        let _ = write!(out, "<br/><i>{}</i>", node.kind);
    }
    if node.removed {
        out.push_str("<br/><i>removed</i>");
    }
    if !node.columns.is_empty() {
        let named: Vec<String> = node.columns.iter().take(COLUMNS).map(|c| escaped(c)).collect();
        let more = node.columns.len().saturating_sub(COLUMNS);
        let more = if more > 0 { format!(" +{more}") } else { String::new() };
        let _ = write!(out, "<br/><small>{}{more}</small>", named.join(", "));
    }
    out
}

/// Letters, digits and `_` stand for themselves; anything else as an entity of Mermaid.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(80) {
        if c.is_alphanumeric() || matches!(c, '_' | ' ' | '.' | '-') {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::verdict::Edge;
    use super::*;

    fn node(id: &str, changed: bool) -> GraphNode {
        GraphNode {
            id: id.to_owned(),
            name: id.to_owned(),
            kind: Thing::Model,
            verdict: if changed { Verdict::Breaking } else { Verdict::ChangesValues },
            changed,
            removed: false,
            columns: vec!["amount".to_owned()],
        }
    }

    #[test]
    fn a_name_can_not_break_out_of_its_box() {
        let mut evil = node("a\"] --> b; click a href \"javascript:x\"<script>#quot;\n%%{init}%%", true);
        evil.columns = vec!["`x`|]".to_owned()];
        let chart = mermaid(&Graph { nodes: vec![evil], edges: Vec::new() }).unwrap();
        let boxed = chart.lines().find(|l| l.contains("n0[")).unwrap();
        assert_eq!(boxed.matches('"').count(), 2, "{boxed}");
        assert!(!boxed.contains("<script") && !boxed.contains('|') && !boxed.contains("%%"), "{boxed}");
        assert_eq!(chart.lines().count(), 6, "{chart}");
    }

    #[test]
    fn a_large_graph_is_folded_and_says_so() {
        let mut nodes = vec![node("start", true)];
        nodes.extend((0..200).map(|i| node(&format!("m{i:03}"), false)));
        let edges = (0..200).map(|i| Edge { from: "start".to_owned(), to: format!("m{i:03}") }).collect();
        let chart = mermaid(&Graph { nodes, edges }).unwrap();
        assert!(chart.contains("and 141 more") && chart.contains("n0 -.-> more"), "{chart}");
        assert_eq!(chart.matches("-->").count(), 59);
        assert!(chart.contains("n0[\"start"));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(mermaid(&Graph::default()), None);
    }
}
