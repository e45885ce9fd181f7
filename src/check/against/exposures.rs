//! Exposures that came, went, or read something else.

use std::collections::BTreeSet;

use super::judge::Sides;
use super::verdict::{Change, Difference, Reader, Thing, Verdict, What};
use crate::check::Analysis;
use crate::dbt::{Exposure, NodeId};

/// What differs in who reads models from outside.
pub(super) fn exposures(sides: &Sides<'_>) -> Vec<Change> {
    let reads = |analysis: &Analysis, reads: &[NodeId]| {
        let node = |id: &NodeId| &analysis.project.nodes[*id as usize];
        let version = |id: &NodeId| node(id).version.as_ref().map(|v| format!(".v{v}")).unwrap_or_default();
        let mut names: Vec<String> = reads.iter().map(|r| format!("{}{}", node(r).name, version(r))).collect();
        names.sort();
        names.join(", ")
    };
    let (old, new) = (&sides.base.project.exposures, &sides.head.project.exposures);
    let mut out = Vec::new();
    let mut push = |name: &str, file: &str, difference: Difference| {
        out.push(Change {
            node: format!("exposure.{name}"),
            kind: Thing::Exposure,
            name: name.to_owned(),
            file: file.to_owned(),
            verdict: difference.verdict,
            differences: vec![difference],
            ..Change::default()
        });
    };
    for exposure in old {
        match new.iter().find(|e| e.name == exposure.name) {
            None => push(&exposure.name, &exposure.file, Difference { what: What::Removed, ..Difference::default() }),
            Some(other) => {
                let (before, after) = (reads(sides.base, &exposure.reads), reads(sides.head, &other.reads));
                if before != after {
                    let (before, after) = (Some(before), Some(after));
                    let moved = versions_moved(sides, exposure, other);
                    push(&other.name, &other.file, Difference { what: What::Reads, before, after, ..moved });
                }
            }
        }
    }
    for exposure in new.iter().filter(|e| !old.iter().any(|o| o.name == e.name)) {
        push(&exposure.name, &exposure.file, Difference { what: What::Added, ..Difference::default() });
    }
    out
}

/// What it means for an exposure that `latest_version` moved: it gets another table under the same name.
fn versions_moved(sides: &Sides<'_>, base: &Exposure, head: &Exposure) -> Difference {
    let mut out = Difference::default();
    for (b, h) in base.reads.iter().flat_map(|b| head.reads.iter().map(move |h| (*b, *h))) {
        let (old, new) = (&sides.base.project.nodes[b as usize], &sides.head.project.nodes[h as usize]);
        if old.name != new.name || old.version == new.version {
            continue;
        }
        let columns = |analysis: &Analysis, id: NodeId| {
            let shape = analysis.shapes[id as usize].known()?;
            Some(shape.columns.iter().map(|c| c.name.clone()).collect::<BTreeSet<String>>())
        };
        let (Some(had), Some(has)) = (columns(sides.base, b), columns(sides.head, h)) else {
            out.verdict = out.verdict.max(Verdict::Unknown);
            continue;
        };
        let lost: Vec<String> = had.difference(&has).cloned().collect();
        if lost.is_empty() {
            out.verdict = out.verdict.max(Verdict::ChangesValues);
            continue;
        }
        out.verdict = Verdict::Breaking;
        out.note = Some(format!("the version that it gets now has no `{}`", lost.join("`, `")));
        let reader =
            Reader { name: head.name.clone(), kind: Thing::Exposure, columns: lost, broken: true, uses: Vec::new() };
        out.readers.push(reader);
    }
    out
}
