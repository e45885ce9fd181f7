//! What people changed in the generated tree: edits, deletions, files beside it, files that moved.

use std::collections::{BTreeMap, BTreeSet};

use super::{BASE, Pair, is_answers, is_document};
use crate::vocabulary::Outcome;
use crate::world::git::{File, Git, Tree};

/// What people changed, committed or not: as last generated, against the work tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandEdits {
    /// Before and after, with the files that people put beside generated ones.
    pub pair: Pair,
    /// Files that stand elsewhere now: from where, by where they stand.
    pub moved: BTreeMap<String, String>,
}

/// Share of lines, in percent, that a file must keep to be one that moved.
const ALIKE: usize = 60;

/// What people changed in generated files, added beside them, deleted and moved.
///
/// # Errors
/// Files that can't be read.
pub fn hand_edits(git: &Git) -> Outcome<HandEdits> {
    let here = git.entries(git.head()?.commit)?;
    let mut out = HandEdits::default();
    let mut folders = BTreeSet::new();
    let mut known = BTreeSet::new();
    for (path, base) in here.range(BASE.to_owned()..) {
        let Some(path) = path.strip_prefix(BASE) else { break };
        known.insert(path.to_owned());
        if !is_document(path)
            && let Some((folder, _)) = path.split_once('/')
        {
            folders.insert(folder.to_owned());
        }
        let (base, edited) = (git.file(*base)?, git.work_file(path)?);
        if edited.as_ref() != Some(&base) {
            out.pair.before.insert(path.to_owned(), base);
            out.pair.after.extend(edited.map(|file| (path.to_owned(), file)));
        }
    }
    let deleted: Vec<String> = out.pair.before.keys().filter(|p| !out.pair.after.contains_key(*p)).cloned().collect();
    let mut added = Tree::new();
    for path in git.work_paths(&folders)?.into_iter().filter(|path| !known.contains(path) && !is_answers(path)) {
        if let Some(file) = git.work_file(&path)? {
            added.insert(path, file);
        }
    }
    // A file that went may stand anywhere in the workspace now; outside of the generated folders only as it was.
    for (path, entry) in here.iter().filter(|(path, _)| !path.starts_with(BASE) && !known.contains(*path)) {
        let same = |gone: &&String| here.get(&format!("{BASE}{gone}")).is_some_and(|base| base.id == entry.id);
        if deleted.iter().any(|gone| same(&gone))
            && let Some(file) = git.work_file(path)?
        {
            added.insert(path.clone(), file);
        }
    }
    let mut free: BTreeSet<&String> = added.keys().collect();
    for gone in &deleted {
        let Some(was) = out.pair.before.get(gone) else { continue };
        let best = free
            .iter()
            .map(|path| (alike(was, &added[*path]), std::cmp::Reverse(*path)))
            .filter(|(alike, _)| *alike >= ALIKE)
            .max();
        if let Some((_, std::cmp::Reverse(path))) = best {
            free.remove(path);
            out.moved.insert(path.clone(), gone.clone());
        }
    }
    out.pair.after.extend(added);
    Ok(out)
}

/// How many of a hundred lines two files share.
fn alike(one: &File, two: &File) -> usize {
    if one == two {
        return 100;
    }
    if one.bytes.len().max(two.bytes.len()) > 1_000_000 || one.bytes.is_empty() || two.bytes.is_empty() {
        return 0;
    }
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    let lines = |file: &File| file.bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()).count();
    for line in one.bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
        *counts.entry(line).or_default() += 1;
    }
    let shared = two
        .bytes
        .split(|b| *b == b'\n')
        .filter(|line| counts.get_mut(line).is_some_and(|n| (*n > 0).then(|| *n -= 1).is_some()))
        .count();
    shared * 100 / lines(one).max(lines(two)).max(1)
}
