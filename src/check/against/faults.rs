//! Errors that the head has and the base had not, in what YAML says of nodes and exposures, and nodes that a DAG built
//! and builds no more: whoever they are of does not run.

use std::collections::{BTreeMap, HashSet};

use super::Holds;
use super::judge::{self, Sides, Work};
use super::verdict::{Change, Difference, Reader, Thing, Verdict, What};
use crate::dbt::NodeId;
use crate::vocabulary::{Diagnostic, Severity};

/// Findings by which a contract, a test or an exposure does not work.
const DOES_NOT_HOLD: &[&str] = &[
    "contract-broken",
    "test-column-gone",
    "unit-test-column-gone",
    "unknown-ref",
    "unknown-source",
    "unknown-test",
    "yaml-column-gone",
];

/// What an entry of a YAML file is about.
#[derive(Clone, Copy)]
enum Of {
    Node(NodeId),
    Exposure(usize),
    UnitTest(usize),
}

/// Adds to nodes what does not hold any more, where nothing of them is said to break yet.
pub(super) fn add(sides: &Sides<'_>, works: &mut Vec<Work>, exposures: &mut Vec<Change>) {
    for (of, finding) in new_faults(sides) {
        match of {
            Of::Node(head) => {
                let Some(difference) = at_node(sides, head, finding) else { continue };
                push(sides, works, head, difference);
            }
            Of::UnitTest(at) => {
                let test = &sides.head.project.unit_tests[at];
                let difference = broken(finding.what.clone(), format!("unit test {}", test.name), Thing::Test);
                push(sides, works, test.model, difference);
            }
            Of::Exposure(at) => {
                let exposure = &sides.head.project.exposures[at];
                let difference = broken(finding.what.clone(), exposure.name.clone(), Thing::Exposure);
                match exposures.iter_mut().find(|c| c.name == exposure.name) {
                    Some(change) => {
                        change.differences.insert(0, difference);
                        change.verdict = Verdict::Breaking;
                    }
                    None => exposures.push(Change {
                        node: format!("exposure.{}", exposure.name),
                        kind: Thing::Exposure,
                        name: exposure.name.clone(),
                        file: exposure.file.clone(),
                        verdict: Verdict::Breaking,
                        differences: vec![difference],
                        ..Change::default()
                    }),
                }
            }
        }
    }
    unbuilt(sides, works);
}

fn broken(what: String, reader: String, kind: Thing) -> Difference {
    let readers = vec![Reader { name: reader, kind, broken: true, ..Reader::default() }];
    Difference { what: What::Broken, verdict: Verdict::Breaking, after: Some(what), readers, ..Difference::default() }
}

fn push(sides: &Sides<'_>, works: &mut Vec<Work>, head: NodeId, mut difference: Difference) {
    let base = sides.pairs.base_of[head as usize];
    judge::approve(sides, base, Some(head), &mut difference);
    match works.iter_mut().find(|w| w.head == Some(head)) {
        Some(work) if work.differences.iter().any(|d| d.verdict == Verdict::Breaking) => {}
        Some(work) => work.differences.push(difference),
        None => works.push(Work { base, head: Some(head), differences: vec![difference] }),
    }
}

/// Errors in YAML that are new, and the entry that each stands in.
fn new_faults<'a>(sides: &Sides<'a>) -> Vec<(Of, &'a Diagnostic)> {
    let in_yaml = |f: &&Diagnostic| {
        f.severity == Severity::Error
            && DOES_NOT_HOLD.contains(&f.code.as_ref())
            && f.place.as_ref().is_some_and(|p| p.file.ends_with(".yml") || p.file.ends_with(".yaml"))
    };
    let mut new: Vec<&Diagnostic> = sides.head.findings.iter().filter(in_yaml).collect();
    if new.is_empty() {
        return Vec::new();
    }
    let old: HashSet<(&str, &str)> =
        sides.base.findings.iter().filter(in_yaml).map(|f| (f.code.as_ref(), f.what.as_str())).collect();
    new.retain(|f| !old.contains(&(f.code.as_ref(), f.what.as_str())));
    let mut entries: BTreeMap<&str, Vec<(Option<usize>, Of)>> = BTreeMap::new();
    for place in new.iter().filter_map(|f| f.place.as_ref()) {
        entries.entry(place.file.as_str()).or_default();
    }
    if entries.is_empty() {
        return Vec::new();
    }
    let project = &sides.head.project;
    let nodes = project.nodes.iter().enumerate().filter_map(|(id, node)| {
        let described = node.described.as_deref()?;
        Some((described.file.as_str(), described.at, Of::Node(id as NodeId)))
    });
    let exposures = project.exposures.iter().enumerate().map(|(i, e)| (e.file.as_str(), e.at, Of::Exposure(i)));
    let units = project.unit_tests.iter().enumerate().map(|(i, u)| (u.file.as_str(), u.at, Of::UnitTest(i)));
    for (file, at, of) in nodes.chain(exposures).chain(units) {
        if let Some(entries) = entries.get_mut(file) {
            entries.push((project.place(file, at, 1).line, of));
        }
    }
    entries.values_mut().for_each(|all| all.sort_by_key(|(line, _)| *line));
    let entry = |finding: &Diagnostic| {
        let place = finding.place.as_ref()?;
        let all = entries.get(place.file.as_str())?;
        Some(all[..all.partition_point(|(line, _)| *line <= place.line)].last()?.1)
    };
    new.into_iter().filter_map(|f| Some((entry(f)?, f))).collect()
}

/// What a finding in the YAML of a node means; none where it is only a description.
fn at_node(sides: &Sides<'_>, head: NodeId, finding: &Diagnostic) -> Option<Difference> {
    let node = &sides.head.project.nodes[head as usize];
    let line = finding.place.as_ref()?.line;
    let described = node.described.as_deref()?;
    let column = described.columns.iter().find(|c| sides.head.project.place(&described.file, c.at, 1).line == line);
    let what = finding.what.clone();
    match (finding.code.as_ref(), column) {
        ("contract-broken", _) => Some(broken(what, format!("contract of {}", node.name), Thing::Contract)),
        ("yaml-column-gone", Some(column)) => match column.tests.first() {
            Some(test) => {
                let (name, of) = (column.name.to_lowercase(), format!("{} of `{}`", test.name, column.name));
                let readers = column.tests.iter().map(|t| Reader {
                    name: format!("{} of {}.{name}", t.name, node.name),
                    kind: Thing::Test,
                    broken: true,
                    ..Reader::default()
                });
                Some(Difference {
                    what: What::TestBroken,
                    verdict: Verdict::Breaking,
                    column: Some(name.clone()),
                    before: Some(of),
                    readers: readers.collect(),
                    ..Difference::default()
                })
            }
            None if node.config.contract => Some(broken(what, format!("contract of {}", node.name), Thing::Contract)),
            None => None,
        },
        ("yaml-column-gone", None) => None,
        _ => Some(broken(what, format!("tests of {}", node.name), Thing::Test)),
    }
}

/// Nodes that a DAG selected, which selects nothing any more where it selected them, or others.
fn unbuilt(sides: &Sides<'_>, works: &mut Vec<Work>) {
    for (b, head) in sides.pairs.head_of.iter().enumerate() {
        let Some(head) = *head else { continue };
        let (old, new) = (&sides.base.project.nodes[b], &sides.head.project.nodes[head as usize]);
        // By what a node can be selected but its name.
        if old.id != new.id || old.path == new.path && old.config.tags == new.config.tags {
            continue;
        }
        let outsiders = sides.outsiders(&old.id);
        let lost = outsiders.iter().find(|o| o.kind == Thing::Dag && matches!(o.holds, Holds::Before | Holds::Name));
        let Some(lost) = lost else { continue };
        let mut difference = match lost.holds {
            Holds::Name => format!("DAG `{}` selects it by what matches nothing now", lost.name),
            _ => format!("DAG `{}` selected it, and does not any more", lost.name),
        };
        let others = outsiders.iter().any(|o| o.kind == Thing::Dag && matches!(o.holds, Holds::Loosely));
        if others && lost.holds == Holds::Before {
            continue;
        }
        if !others {
            difference.push_str("; no other DAG builds it");
        }
        push(sides, works, head, broken(difference, lost.name.clone(), Thing::Dag));
    }
}
