//! What differs in each node, before it is asked whom that reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::columns::{self, Two};
use super::judge::{Sides, Work, why};
use super::same::same_query;
use super::verdict::{Difference, Verdict, What};
use super::{config, promises, seeds};
use crate::check::{Analysis, Shape};
use crate::dbt::{Body, Kind, Node, NodeId};
use crate::sql::Usage;

/// Every node that differs, and those that could not be read on both sides and are written alike.
pub(super) fn all(sides: &Sides<'_>) -> (Vec<Work>, Vec<NodeId>) {
    let (mut works, mut unread) = (Vec::new(), Vec::new());
    for (b, head) in sides.pairs.head_of.iter().enumerate() {
        if head.is_none() && !matches!(sides.base.shapes[b], Shape::Disabled) {
            let node = &sides.base.project.nodes[b];
            let what = if node.kind == Kind::Test { What::TestRemoved } else { What::Removed };
            let before = Some(node.name.clone());
            let difference = Difference { what, verdict: Verdict::ChangesValues, before, ..Difference::default() };
            works.push(Work { base: Some(b as NodeId), head: None, differences: vec![difference] });
        }
    }
    for (h, base) in sides.pairs.base_of.iter().enumerate() {
        if matches!(sides.head.shapes[h], Shape::Disabled) {
            continue;
        }
        let differences = match base {
            None => added(sides, h as NodeId),
            Some(b) => {
                if let (Shape::Unknown(_), Shape::Unknown(_)) = (&sides.base.shapes[*b as usize], &sides.head.shapes[h])
                {
                    unread.push(h as NodeId);
                }
                pair(sides, *b, h as NodeId)
            }
        };
        if !differences.is_empty() {
            works.push(Work { base: *base, head: Some(h as NodeId), differences });
        }
    }
    inherited(sides, &mut works);
    (works, unread)
}

pub(super) fn unreadable(why: String) -> Difference {
    Difference { what: What::Unreadable, verdict: Verdict::Unknown, after: Some(why), ..Difference::default() }
}

fn added(sides: &Sides<'_>, head: NodeId) -> Vec<Difference> {
    let node = &sides.head.project.nodes[head as usize];
    let what = if node.kind == Kind::Test { What::TestAdded } else { What::Added };
    let mut out = vec![Difference { what, after: Some(node.name.clone()), ..Difference::default() }];
    if let Shape::Unknown(why) = &sides.head.shapes[head as usize] {
        out.push(unreadable(why.what.clone()));
    } else if let Some(fault) = sides.fault_in_head(head).filter(|_| !node.path.is_empty()) {
        out.push(Difference {
            what: What::Broken,
            verdict: Verdict::Breaking,
            after: Some(fault.what.clone()),
            ..Difference::default()
        });
    }
    out
}

fn pair(sides: &Sides<'_>, b: NodeId, h: NodeId) -> Vec<Difference> {
    let (base, head) = (&sides.base.project.nodes[b as usize], &sides.head.project.nodes[h as usize]);
    let old = (&sides.base.shapes[b as usize], &*sides.base.prints[b as usize]);
    let new = (&sides.head.shapes[h as usize], &*sides.head.prints[h as usize]);
    let same_text = Arc::ptr_eq(&base.text, &head.text) || base.text == head.text;
    let mut out = Vec::new();
    if base.id != head.id {
        // What has a version has it in its name.
        let relation = config::relation(base) != config::relation(head);
        let named = |node: &Node| if base.name == head.name { node.identifier.clone() } else { node.name.clone() };
        let (before, after) = (Some(named(base)), Some(named(head)));
        let renamed = Difference { what: What::Renamed, before, after, ..Difference::default() };
        out.push(if relation { renamed } else { Difference { what: What::Moved, ..renamed } });
    }
    match (old.0, new.0) {
        (Shape::Known(_), Shape::Known(_)) => {
            let untouched = same_text && columns::alike(old, new);
            if !untouched && !sides.is_hollow(b, h) {
                out.extend(contents(sides, (b, h), same_text));
            }
        }
        (Shape::Unknown(_), Shape::Unknown(_)) if same_query(base, head, sides.pairs) => {}
        (Shape::Unknown(_), Shape::Unknown(_)) => out.push(unreadable(why(sides.head, h))),
        (Shape::Unknown(was), _) => out.push(unreadable(format!("the base: {}", was.what))),
        (_, Shape::Unknown(is)) => out.push(unreadable(is.what.clone())),
        _ => {}
    }
    if let Some(fault) = sides.newly_broken(b, h).filter(|_| !head.path.is_empty()) {
        let after = Some(fault.what.clone());
        out.push(Difference { what: What::Broken, verdict: Verdict::Breaking, after, ..Difference::default() });
    } else if let (Some(fault), None) = (sides.fault_in_base(b), sides.fault_in_head(h))
        && !base.path.is_empty()
    {
        let before = Some(fault.what.clone());
        let note = Some("whoever reads it got nothing new before".to_owned());
        let verdict = Verdict::ChangesValues;
        out.push(Difference { what: What::Repaired, verdict, before, note, ..Difference::default() });
    }
    // One and the same node is configured and described alike.
    if Arc::ptr_eq(base, head) && out.is_empty() {
        return out;
    }
    let elsewhere = || {
        sides.head_readers.of[h as usize]
            .iter()
            .any(|r| sides.head.project.nodes[*r as usize].config.group != head.config.group)
    };
    let mut configured = config::differences(base, head, elsewhere());
    if base.id != head.id {
        configured.retain(|d| !matches!(d.what, What::Relation | What::Moved));
    }
    out.extend(configured);
    out.extend(tests(sides, (b, h), &out));
    if head.config.materialized.as_deref() == Some("incremental") {
        for difference in &mut out {
            note_incremental(head, difference);
        }
    }
    if base.kind == Kind::Test {
        as_test(&mut out, head);
    }
    if !same_text && base.kind != Kind::Seed && out.iter().all(|d| d.what == What::Moved) {
        out.push(Difference { what: What::Reformatted, ..Difference::default() });
    }
    out
}

/// What a query gives, or what stands for one.
fn contents(sides: &Sides<'_>, (b, h): (NodeId, NodeId), same_text: bool) -> Vec<Difference> {
    let (base, head) = (&sides.base.project.nodes[b as usize], &sides.head.project.nodes[h as usize]);
    let edited = !same_query(base, head, sides.pairs);
    let old = (&sides.base.shapes[b as usize], &*sides.base.prints[b as usize]);
    let new = (&sides.head.shapes[h as usize], &*sides.head.prints[h as usize]);
    let Some(two) = Two::of(old, new, edited) else { return Vec::new() };
    let declared = matches!((&base.body, &head.body), (Body::Columns { .. }, Body::Columns { .. }));
    let mut out = columns::differences(&Two { edited: edited && !declared, ..two });
    for difference in out.iter_mut().filter(|d| d.what == What::ColumnType) {
        if columns::clashes(difference, two.base.0, two.head.0) || base.config.contract && head.config.contract {
            difference.note = Some("readers of one can't take the other".to_owned());
        }
    }
    match base.kind {
        Kind::Seed if same_text || !seeds::rows_differ(&base.text, &head.text) => {}
        Kind::Seed => {
            out.push(Difference { what: What::Rows, verdict: Verdict::ChangesValues, ..Difference::default() });
        }
        Kind::Source => {
            // What is declared of a source need not be all that it has.
            for difference in out.iter_mut().filter(|d| d.what == What::ColumnRemoved && d.verdict == Verdict::Unknown)
            {
                difference.verdict = Verdict::Safe;
                difference.note = Some("it is no longer described; the table may still have it".to_owned());
            }
        }
        _ if declared && !same_text && !seeds::same_python(&base.text, &head.text) => {
            out.push(unreadable("Python is compared by its text only".to_owned()));
        }
        _ => {}
    }
    out
}

fn tests(sides: &Sides<'_>, (b, h): (NodeId, NodeId), found: &[Difference]) -> Vec<Difference> {
    let (base, head) = (&sides.base.project.nodes[b as usize], &sides.head.project.nodes[h as usize]);
    let renames = found.iter().filter(|d| d.what == What::ColumnRenamed);
    let renamed: BTreeMap<String, String> =
        renames.filter_map(|d| Some((d.before.clone()?, d.after.clone()?))).collect();
    // Tests of what may be gone break only where it is.
    let removed = found.iter().filter(|d| d.what == What::ColumnRemoved && d.verdict != Verdict::Unknown);
    let removed: BTreeSet<&str> = removed.filter_map(|d| d.column.as_deref()).collect();
    let gone = |column: &str| removed.contains(column) || renamed.contains_key(column);
    let mut out = promises::differences(base.described.as_deref(), head.described.as_deref(), &renamed, &gone);
    for (column, name) in promises::broken(head.described.as_deref(), &gone) {
        let before = Some(format!("{name} of `{column}`"));
        let verdict = Verdict::Breaking;
        out.push(Difference { what: What::TestBroken, verdict, column: Some(column), before, ..Difference::default() });
    }
    out
}

/// A singular test that differs asks for something else.
fn as_test(differences: &mut Vec<Difference>, head: &Node) {
    let changed = |d: &Difference| {
        matches!(
            d.what,
            What::Rows
                | What::ColumnLogic
                | What::ColumnAdded
                | What::ColumnRemoved
                | What::ColumnType
                | What::ColumnRenamed
                | What::Grain
                | What::ColumnOrder
        )
    };
    if differences.iter().any(changed) {
        differences.retain(|d| !changed(d));
        let (before, after) = (Some(head.name.clone()), Some("its query differs".to_owned()));
        let verdict = Verdict::ChangesValues;
        differences.push(Difference { what: What::TestChanged, verdict, before, after, ..Difference::default() });
    }
}

fn note_incremental(head: &Node, difference: &mut Difference) {
    let on_change = head.config.other.get("on_schema_change").and_then(|v| v.as_str()).unwrap_or("ignore");
    let note = match difference.what {
        What::ColumnAdded | What::ColumnRenamed if matches!(on_change, "ignore" | "fail") => {
            "an incremental table gets a new column only by a full refresh, or by `on_schema_change`"
        }
        What::ColumnLogic | What::Rows => "rows that are there already stay as they are until a full refresh",
        _ => return,
    };
    difference.note.get_or_insert_with(|| note.to_owned());
}

/// Marks what comes from further up: through `*`, or because what it was made of is gone.
fn inherited(sides: &Sides<'_>, works: &mut [Work]) {
    let mut known: BTreeSet<(bool, NodeId, String, What)> = BTreeSet::new();
    for work in works.iter() {
        for difference in &work.differences {
            let (Some(column), what) = (&difference.column, difference.what) else { continue };
            if let (Some(base), What::ColumnRemoved | What::ColumnRenamed | What::ColumnType) = (work.base, what) {
                known.insert((true, base, column.clone(), What::ColumnRemoved));
            }
            if let (Some(head), What::ColumnAdded) = (work.head, what) {
                known.insert((false, head, column.clone(), what));
            }
        }
        // A model that is gone takes its columns along.
        if let (Some(base), None) = (work.base, work.head) {
            let columns = sides.base.shapes[base as usize].known().map(|s| s.columns.as_slice()).unwrap_or_default();
            known.extend(columns.iter().map(|c| (true, base, c.name.clone(), What::ColumnRemoved)));
        }
    }
    for work in works.iter_mut() {
        for difference in &mut work.differences {
            let Some(column) = &difference.column else { continue };
            let found = match (difference.what, work.base, work.head) {
                (What::ColumnRemoved | What::ColumnRenamed | What::ColumnType, Some(base), _) => {
                    source(sides.base, base, column, |n, c| {
                        known.contains(&(true, n, c.to_owned(), What::ColumnRemoved))
                    })
                }
                (What::ColumnAdded, _, Some(head)) => source(sides.head, head, column, |n, c| {
                    known.contains(&(false, n, c.to_owned(), What::ColumnAdded))
                }),
                _ => None,
            };
            difference.from = found;
        }
    }
}

/// The first column that it is made of and that passes `test`.
fn source(analysis: &Analysis, node: NodeId, column: &str, test: impl Fn(NodeId, &str) -> bool) -> Option<String> {
    let shape = analysis.shapes[node as usize].known()?;
    let column = shape.columns.iter().find(|c| c.name == column)?;
    let from = column.sources.iter().filter(|l| l.relation != node && l.usage == Usage::Value);
    let found = from.into_iter().find(|l| test(l.relation, &l.column))?;
    Some(format!("{}.{}", analysis.project.nodes[found.relation as usize].name, found.column))
}

impl What {
    /// Whether somebody who reads it can feel it.
    pub(super) fn is_felt(self) -> bool {
        use What as W;
        !matches!(
            self,
            W::Added
                | W::Moved
                | W::Reformatted
                | W::TestAdded
                | W::TestRemoved
                | W::TestLoosened
                | W::TestChanged
                | W::TestBroken
                | W::Reads
                | W::Access
        )
    }
}
