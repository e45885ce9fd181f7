//! What the way from the base to here means: verdicts, and findings for what breaks.

use std::collections::BTreeSet;

use super::Checked;
use super::findings::BREAKING;
use super::generated::Generated;
use super::projects::Read;
use crate::check::across;
use crate::check::against::{Against, Approved, Around, Reader, Verdict, against};
use crate::dbt::Tree;
use crate::vocabulary::{Diagnostic, Place};
use crate::workspace::{Checking, UNKNOWN_CHANGE};

/// What people agreed to: in `check: approved:`, and in the specs of a workspace.
pub(super) fn approved(checking: &Checking, generated: Option<&Generated>) -> Vec<Approved> {
    let agreed = checking.approved.iter().map(|a| Approved {
        model: a.model.clone(),
        column: a.column.clone(),
        reason: a.reason.clone(),
        by: a.by.clone(),
    });
    let specs = generated.into_iter().flat_map(|g| &g.approvals).filter_map(Approved::of_spec);
    agreed.chain(specs).collect()
}

/// What the way from the base to here means, project by project; `old` is none where nothing differs.
pub(super) fn compare(
    head: &[Read],
    old: Option<&[Read]>,
    approved: Vec<Approved>,
    seen: &across::Seen<'_>,
    checked: &mut Checked,
    found: &mut Vec<Diagnostic>,
) {
    let mut around = Around { approved, ..Around::default() };
    let nothing = Read::nothing();
    let differs = old.is_some();
    let old = old.unwrap_or(head);
    let folders: BTreeSet<&str> = head.iter().chain(old).map(|read| read.folder.as_str()).collect();
    let mut verdict = Verdict::default();
    for folder in folders {
        let of = |reads: &[Read]| reads.iter().position(|read| read.folder == folder);
        let (a, b) = (of(old).map_or(&nothing, |i| &old[i]), of(head).map_or(&nothing, |i| &head[i]));
        if differs {
            around.readers = across::outsiders(seen, &a.analysis, &b.analysis);
        }
        let change: Against = against(&a.analysis, &b.analysis, &around);
        verdict = verdict.max(change.verdict);
        found.extend(breaking(&change));
        checked.changes.push(change);
    }
    checked.verdict = Some(verdict);
}

/// Files that say which packages are installed.
const PACKAGES: &[&str] = &["packages.yml", "dependencies.yml", "package-lock.yml"];

/// Packages are not committed: both sides were read with those that are installed, so what other ones give is not known.
pub(super) fn packages(head: &[Read], here: &Tree, before: &Tree, checked: &mut Checked, found: &mut Vec<Diagnostic>) {
    for read in head {
        let paths = PACKAGES.iter().map(|name| format!("{}{name}", read.folder));
        if let Some(path) = paths.into_iter().find(|path| here.get(path) != before.get(path)) {
            let what = "other packages: what they give was not compared";
            let finding = Diagnostic::warning("packages-changed", what)
                .why("packages are not committed, and both sides are read with those that are installed here")
                .next("read what changed in them; models that they change are found once both are built");
            found.push(finding.at(Place::file(path)));
            checked.verdict = checked.verdict.max(Some(Verdict::Unknown));
        }
    }
}

/// Findings for what breaks, and for what can't be told.
fn breaking(change: &Against) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for node in &change.changes {
        for difference in &node.differences {
            let what = format!("`{}`: {}", node.name, difference.says());
            let broken: Vec<String> =
                difference.readers.iter().filter(|r| r.broken).map(Reader::says).take(5).collect();
            let d = match difference.verdict {
                _ if difference.approved.is_some() => continue,
                Verdict::Breaking => Diagnostic::error(BREAKING, what)
                    .next("change its readers with it, or approve it by name: `check: {approved: [{model, column, reason, by}]}`"),
                Verdict::Unknown => Diagnostic::error(UNKNOWN_CHANGE, what)
                    .next("mend what keeps it from being read; what is not known is never taken for safe"),
                _ => continue,
            };
            let mut d = d.at(Place::file(&node.file));
            if !broken.is_empty() {
                d.why = Some(format!("it breaks {}", broken.join(", ")));
            } else if let Some(note) = &difference.note {
                d.why = Some(note.clone());
            }
            out.push(d);
        }
    }
    out
}
