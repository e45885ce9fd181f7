//! `--fix`: rounds of fixes in memory, each looked at again, then all files written at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, Desk, findings, mend};
use crate::publish::{self, FileDiff};
use crate::vocabulary::{Diagnostic, Outcome, Place, Severity};
use crate::world::files;
use crate::world::git::{File, Tree};

/// Fixes that overlap wait for the next round; more rounds than this would be fixes that undo each other.
const ROUNDS: usize = 20;

/// What was fixed.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// How many fixes were applied.
    pub applied: usize,
    /// What they change, file by file.
    pub files: Vec<FileDiff>,
    /// Files that are as they were, for with their fixes there would be more errors.
    pub refused: Vec<String>,
    /// What is left.
    pub checked: Checked,
}

/// Applies every fix that is told and is still about what stands in its file. Nothing is written where `dry`.
///
/// # Errors
/// As for [`Desk::look`]; a file that was written meanwhile, or that can't be written: then none is.
pub fn fix(desk: &mut Desk, dry: bool) -> Outcome<Fixed> {
    let start = desk.texts.files.clone();
    let mut checked = desk.look()?;
    let (mut refused, mut applied) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    for _ in 0..ROUNDS {
        let may = |file: &str| !refused.contains(file) && !findings::is_others(file);
        let round = mend::round(&desk.texts.files, &checked.findings, may);
        if round.files.is_empty() {
            break;
        }
        let before = desk.texts.files.clone();
        desk.texts.files.extend(round.files.iter().map(|(path, text)| (path.clone(), text.clone())));
        let next = desk.look()?;
        if errors(&next) <= errors(&checked) {
            checked = next;
            round.applied.into_iter().for_each(|(file, n)| *applied.entry(file).or_default() += n);
            continue;
        }
        // Files that have more errors than before are put back; where none is to blame, all are.
        let worse: Vec<String> =
            round.files.keys().filter(|f| errors_in(&next, f) > errors_in(&checked, f)).cloned().collect();
        let back = if worse.is_empty() { round.files.keys().cloned().collect() } else { worse };
        desk.texts.files = before;
        refused.extend(back);
    }
    let changed = |path: &&String| start.get(*path) != desk.texts.files.get(*path);
    let paths: Vec<&String> = desk.texts.files.keys().filter(changed).collect();
    if !dry {
        for path in &paths {
            if files::read_text(desk.root(), path)? != *start[*path] {
                return Err(Diagnostic::error("changed-meanwhile", "the file was written while it was looked at")
                    .at(Place::file(path.as_str()))
                    .next("run `pipewright check --fix` again; nothing was written")
                    .into());
            }
        }
        files::write_all(desk.root(), paths.iter().map(|path| (path.as_str(), &*desk.texts.files[*path])))?;
    }
    let tree = |texts: &BTreeMap<String, std::sync::Arc<str>>| -> Tree {
        paths.iter().filter_map(|p| Some(((*p).clone(), File::plain(texts.get(*p)?.as_bytes())))).collect()
    };
    let files = publish::text(&tree(&start), &tree(&desk.texts.files), 3);
    Ok(Fixed { applied: applied.values().sum(), files, refused: refused.into_iter().collect(), checked })
}

fn errors(checked: &Checked) -> usize {
    checked.findings.iter().filter(|f| f.severity == Severity::Error).count() + checked.models.unknown
}

fn errors_in(checked: &Checked, file: &str) -> usize {
    let found = checked.findings.iter().filter(|f| f.severity == Severity::Error && findings::file(f) == file).count();
    found + checked.nodes.iter().filter(|n| n.file == file && n.unknown.is_some()).count()
}
