//! Whom it breaks that something is gone: by who read it in the base and what became of them in the head.

use std::collections::BTreeSet;

use super::Holds;
use super::config::promises_other;
use super::judge::Sides;
use super::reach::{self, Reached};
use super::verdict::{Reader, Thing, What};
use crate::check::rules::is_mart;
use crate::check::{Analysis, Shape};
use crate::dbt::{Kind, NodeId};

/// Who is broken, who only passes it on, and whether somebody may be broken of whom nothing is known.
#[derive(Default)]
pub(super) struct Broken {
    pub readers: Vec<Reader>,
    pub unknown: bool,
}

/// What is gone of a node of the base.
#[derive(Clone, Copy)]
pub(super) struct Gone<'a> {
    pub node: NodeId,
    /// A column; none for all of it.
    pub column: Option<&'a str>,
    /// It is there and holds what can't be taken for what it held.
    pub only_changed: bool,
}

pub(super) fn breaks(sides: &Sides<'_>, gone: Gone<'_>) -> Broken {
    let mut out = Broken::default();
    follow(sides, gone, &mut BTreeSet::new(), &mut out);
    out.readers.sort_by(|a, b| (!a.broken, a.kind, &a.name).cmp(&(!b.broken, b.kind, &b.name)));
    out.readers.dedup_by(|a, b| a.kind == b.kind && a.name == b.name);
    out
}

fn follow(sides: &Sides<'_>, gone: Gone<'_>, met: &mut BTreeSet<(NodeId, String)>, out: &mut Broken) {
    if !met.insert((gone.node, gone.column.unwrap_or_default().to_owned())) {
        return;
    }
    let base = sides.base;
    for id in &sides.base_readers.of[gone.node as usize] {
        let Some(reached) = reach::uses(base, *id, gone.node, gone.column) else { continue };
        let Some(head) = sides.pairs.head_of[*id as usize] else { continue };
        one(sides, gone, (*id, head), reached, met, out);
    }
    ends(sides, gone, out);
}

/// One that read it, `ids` in base and head.
fn one(
    sides: &Sides<'_>,
    gone: Gone<'_>,
    ids: (NodeId, NodeId),
    reached: Reached,
    met: &mut BTreeSet<(NodeId, String)>,
    out: &mut Broken,
) {
    let known = |analysis: &Analysis, id: NodeId| analysis.shapes[id as usize].known().is_some();
    let (in_base, in_head) = (known(sides.base, ids.0), known(sides.head, ids.1));
    if sides.newly_broken(ids.0, ids.1).is_some() {
        out.readers.push(reach::reader(sides.head, ids.1, reached, true));
        return;
    }
    if !in_base || !in_head {
        // It may read what is gone, and may not.
        out.unknown = true;
        out.readers.push(reach::reader(sides.head, ids.1, reached, false));
        return;
    }
    // It passes on what it lost: through `*`, or because it follows.
    for (column, after) in sides.lost(ids.0, &reached.columns) {
        if sides.is_approved(ids.1, Some(&column)) {
            continue;
        }
        let passed = Reached { columns: BTreeSet::from([after.unwrap_or(column.clone())]), ..reached.clone() };
        out.readers.push(reach::reader(sides.head, ids.1, passed, false));
        follow(sides, Gone { node: ids.0, column: Some(&column), only_changed: gone.only_changed }, met, out);
    }
}

/// Those who read the table itself: tests, exposures, contracts, DAGs, and whoever is outside.
fn ends(sides: &Sides<'_>, gone: Gone<'_>, out: &mut Broken) {
    let node = &sides.base.project.nodes[gone.node as usize];
    let head = sides.pairs.head_of[gone.node as usize];
    let mut push = |name: String, kind: Thing| {
        let columns = gone.column.map(str::to_owned).into_iter().collect();
        out.readers.push(Reader { name, kind, columns, uses: Vec::new(), broken: true });
    };
    if let (Some(column), Some(head), false) = (gone.column, head, gone.only_changed) {
        for name in sides.tests_of(head, column) {
            push(name, Thing::Test);
        }
        if node.config.contract && sides.head.project.nodes[head as usize].config.contract {
            push(format!("contract of {}", node.name), Thing::Contract);
        }
    }
    if let (Some(column), Some(head), true) = (gone.column, head, gone.only_changed)
        && let Some(shape) = sides.head.shapes[head as usize].known()
        && let Some(now) = shape.columns.iter().find(|c| c.name == column)
        && promises_other(node, &sides.head.project.nodes[head as usize], column, now.column_type)
    {
        push(format!("contract of {}", node.name), Thing::Contract);
    }
    let mut watched = false;
    for i in sides.base_readers.exposures.get(&gone.node).into_iter().flatten() {
        let name = &sides.base.project.exposures[*i].name;
        if sides.head.project.exposures.iter().any(|e| e.name == *name) {
            watched = true;
            push(name.clone(), Thing::Exposure);
        }
    }
    for outsider in sides.outsiders(&node.id) {
        let breaks = match (outsider.holds, gone.column) {
            (Holds::Before | Holds::Loosely, _) | (Holds::Name, Some(_)) => false,
            (Holds::Name, None) | (Holds::Columns, None) => true,
            (Holds::Columns, Some(column)) => outsider.reads(column),
        };
        if breaks {
            // Who only runs it is nobody who reads it.
            watched |= outsider.holds == Holds::Columns;
            push(outsider.name.clone(), outsider.kind);
        }
    }
    let built =
        matches!(node.kind, Kind::Model | Kind::Snapshot) && node.config.materialized.as_deref() != Some("ephemeral");
    let public = node.config.access.as_deref() == Some("public");
    // A mart is for people, whoever in the project reads it too and follows; another type they can mostly take.
    let mart = is_mart(node) && !gone.only_changed;
    if built && (public || !watched && (mart || sides.is_last(gone.node))) {
        push(node.name.clone(), Thing::Outside);
    }
}

impl Sides<'_> {
    /// Nobody in the base builds on it: it is there for readers outside.
    pub(super) fn is_last(&self, base: NodeId) -> bool {
        self.base_readers.of[base as usize].iter().all(|r| self.base.project.nodes[*r as usize].kind == Kind::Test)
    }

    /// Columns of a node of the base, out of `of`, that are gone or have another name in the head, and that name.
    fn lost(&self, base: NodeId, of: &BTreeSet<String>) -> Vec<(String, Option<String>)> {
        let Some(differences) = self.lost.get(&base) else { return Vec::new() };
        let lost = differences.iter().filter(|d| d.column.as_ref().is_some_and(|c| of.contains(c)));
        lost.filter_map(|d| Some((d.column.clone()?, d.after.clone().filter(|_| d.what == What::ColumnRenamed))))
            .collect()
    }

    /// Tests in the head that name a column of it.
    fn tests_of(&self, head: NodeId, column: &str) -> Vec<String> {
        let node = &self.head.project.nodes[head as usize];
        let mut out = Vec::new();
        if let Some(described) = &node.described {
            for of in described.columns.iter().filter(|c| c.name.eq_ignore_ascii_case(column)) {
                out.extend(of.tests.iter().map(|t| format!("{} of {}.{column}", t.name, node.name)));
            }
            let named =
                described.tests.iter().filter(|t| super::promises::named_columns(t).iter().any(|c| c == column));
            out.extend(named.map(|t| format!("{} of {}", t.name, node.name)));
        }
        for (id, other) in self.head.project.nodes.iter().enumerate() {
            if matches!(self.head.shapes[id], Shape::Disabled) {
                continue;
            }
            for of in other.described.iter().flat_map(|d| &d.columns) {
                for test in of.tests.iter().filter(|t| t.name == "relationships") {
                    let text = |key: &str| {
                        let inner = test.arguments.get("arguments").and_then(|a| a.get(key));
                        inner.or_else(|| test.arguments.get(key)).and_then(|v| v.as_str()).unwrap_or_default()
                    };
                    let to = text("to");
                    let named = ["'", "\""].iter().any(|q| to.contains(&format!("{q}{}{q}", node.name)));
                    if named && text("field").eq_ignore_ascii_case(column) {
                        out.push(format!("relationships of {}.{}", other.name, of.name));
                    }
                }
            }
        }
        out
    }
}
