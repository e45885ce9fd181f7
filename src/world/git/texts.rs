//! The text files of a commit, read in one go for a comparison with the work tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use git2::ObjectType;
use rayon::prelude::*;

use super::{Git, Id, Mode};
use crate::vocabulary::{Diagnostic, Fault, Outcome};
use crate::world::texts::{decode, is_path_read};

/// Texts by their path in the workspace.
type TextsByPath = BTreeMap<String, Arc<str>>;

impl Git {
    /// The files of `commit` under the workspace whose paths are `wanted`. Those that are alike in `here` share its text:
    /// only what differs is read from git.
    ///
    /// # Errors
    /// An object that is missing (a shallow or partial clone) or broken.
    pub fn texts(
        &self,
        commit: Id,
        wanted: fn(&str) -> bool,
        here: &TextsByPath,
    ) -> Outcome<(TextsByPath, Vec<Diagnostic>)> {
        let all = self.entries(Some(commit))?;
        let is_there = |path: &str| all.contains_key(path);
        let entries: Vec<_> = all.iter().filter(|(path, _)| wanted(path) && is_path_read(path, is_there)).collect();
        let shared: Vec<Option<Arc<str>>> = entries
            .par_iter()
            .map(|(path, entry)| {
                let text = here.get(*path)?;
                let id = Id::hash_object(ObjectType::Blob, text.as_bytes()).ok()?;
                (id == entry.id).then(|| text.clone())
            })
            .collect();
        let (mut out, mut unreadable) = (BTreeMap::new(), Vec::new());
        for ((path, entry), shared) in entries.into_iter().zip(shared) {
            if !matches!(entry.mode, Mode::Plain | Mode::Executable) {
                continue;
            }
            let text = match shared {
                Some(text) => Ok(text),
                None => decode(path, self.bytes(entry.id)?).map(|text| same_lines(text, here.get(path))),
            };
            match text {
                Ok(text) => drop(out.insert(path.clone(), text)),
                Err(diagnostic) => unreadable.push(diagnostic),
            }
        }
        Ok((out, unreadable))
    }

    /// The commit that `revision` and HEAD both come from.
    ///
    /// # Errors
    /// A revision that names no commit, no commit yet, or none that both come from.
    pub fn base(&self, revision: &str) -> Outcome<Id> {
        let Some(head) = self.head()?.commit else { return Err(no_commit().into()) };
        let other = self.resolve(revision)?;
        let base = self.merge_base(other, head)?;
        base.ok_or_else(|| {
            let d = Diagnostic::error("no-merge-base", format!("HEAD and `{revision}` have no commit in common here"));
            let next = if self.is_shallow() {
                "this clone is shallow: `git fetch --unshallow`, or `fetch-depth: 0` in CI"
            } else {
                "name a commit to compare with: `--against REV`"
            };
            Fault::from(d.next(next))
        })
    }

    /// The commit that the main branch, as `origin` has it where there is one, and HEAD both come from.
    ///
    /// # Errors
    /// No commit, no main branch, none in common.
    pub fn main_base(&self) -> Outcome<Id> {
        let Some(branch) = self.main_branch() else {
            let d = if self.head()?.commit.is_none() {
                no_commit()
            } else {
                Diagnostic::error("no-main-branch", "there is neither `origin/HEAD` nor a branch `main` or `master`")
                    .next("`git fetch origin`, or name what to compare with: `--against REV` (`none` for nothing)")
            };
            return Err(d.into());
        };
        let origin = format!("refs/remotes/origin/{branch}");
        let there = self.repo.refname_to_id(&origin).is_ok();
        self.base(&if there { origin } else { format!("refs/heads/{branch}") })
    }

    /// Whether git is told to leave `path`, relative to the workspace, alone.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.repo.is_path_ignored(format!("{}{path}", self.prefix)).unwrap_or(false)
    }

    /// Path of the workspace in its repository: empty, or ending in `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

fn no_commit() -> Diagnostic {
    Diagnostic::error("no-commit", "this repository has no commit yet")
        .next("commit first, or check without a comparison: `--against none`")
}

/// The text of the work tree where it differs by its line endings only (`core.autocrlf`).
fn same_lines(text: Arc<str>, here: Option<&Arc<str>>) -> Arc<str> {
    match here {
        Some(here) if here.len() != text.len() && here.lines().eq(text.lines()) && here.contains('\r') => here.clone(),
        _ => text,
    }
}
