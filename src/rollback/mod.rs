//! Takes a change back: what its commit did to the documents is reverted, and everything generated is generated again
//! from what is left, so that what other pipelines still need stays. One new commit on the current branch.
//!
//! Two steps with the caller between them: [`take_back`] gives the documents as they are without the change, the caller
//! generates from them, [`finish`] merges, commits and moves the work tree. Contracts and `pipewright.yml` that came in
//! with the change stay: the source that they describe is still there.

mod choice;
mod find;
mod leftovers;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::publish::{self, BASE};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::world::git::{File, Git, Goal, Id, Tree, When};

pub use choice::{Unchosen, finish_choice, take_back_choice};
pub use find::{Target, find};
pub use leftovers::{Built, Leftover, Store, built, leftovers};

/// The workspace without a change.
#[derive(Clone, Debug)]
pub struct Back {
    /// What is taken back.
    pub target: Target,
    /// Every file of the workspace that is not generated, as it is without the change.
    pub documents: Tree,
    head: Id,
    changes: BTreeMap<String, Option<File>>,
}

/// A change that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rollback {
    /// Name of this rollback; it can be rolled back itself.
    pub id: String,
    /// The changes that it takes back; several where they were squashed into one commit.
    pub of: Vec<String>,
    /// The branch that it stands on.
    pub branch: String,
    /// Its commit.
    pub commit: String,
    /// Paths that it changes, without those under [`BASE`].
    pub files: Vec<String>,
}

/// The documents of the workspace without the change `id`, or without the latest if none is named.
///
/// # Errors
/// A change that is unknown, not on this branch, or taken back already; documents that later changes made otherwise.
pub fn take_back(git: &Git, id: Option<&str>) -> Outcome<Back> {
    git.refuse_unfinished()?;
    let head = git.head()?;
    if head.branch.is_none() {
        return Err(detached());
    }
    let target = find(git, id)?;
    let onto = head.commit.ok_or_else(|| Fault::from(Diagnostic::error("unknown-change", "there is no commit yet")))?;
    let undone = git.taken_back(target.commit, onto)?;
    let here = git.entries(Some(onto))?;
    // Generated now, by the change, or before it: what becomes of these follows from the documents.
    let generated = |path: &str| {
        let base = format!("{BASE}{path}");
        !publish::is_document(path)
            && (path.starts_with(BASE)
                || path == publish::LOCK
                || [&here, &undone.before, &undone.made].iter().any(|entries| entries.contains_key(&base)))
    };
    let conflicts: Vec<&String> = undone.conflicts.iter().filter(|path| !generated(path)).collect();
    if !conflicts.is_empty() {
        return Err(Fault {
            exit: 2,
            diagnostics: conflicts.into_iter().map(|path| conflict(path, &target)).collect(),
        });
    }
    let stays = |path: &str| !undone.before.contains_key(path) && undone.made.contains_key(path) && !is_spec(path);
    let mut back = Back { target, documents: Tree::new(), head: onto, changes: BTreeMap::new() };
    for (path, entry) in here.iter().filter(|(path, _)| !generated(path)) {
        match undone.after.get(path) {
            Some(after) if after != entry => {
                let file = git.file(*after)?;
                back.changes.insert(path.clone(), Some(file.clone()));
                back.documents.insert(path.clone(), file);
            }
            None if !stays(path) => {
                back.changes.insert(path.clone(), None);
            }
            _ => {
                back.documents.insert(path.clone(), git.file(*entry)?);
            }
        }
    }
    for (path, entry) in undone.after.iter().filter(|(path, _)| !here.contains_key(*path) && !generated(path)) {
        let file = git.file(*entry)?;
        back.changes.insert(path.clone(), Some(file.clone()));
        back.documents.insert(path.clone(), file);
    }
    Ok(back)
}

/// Commits the rollback: `generated` and `documents` (the lock file, none where no pipeline is left) are
/// what the caller made from [`Back::documents`].
///
/// # Errors
/// Files that were edited by hand and would go or change, uncommitted work on a path that is touched; nothing changed.
pub fn finish(git: &Git, back: &Back, generated: &Files, documents: &Files, when: When) -> Outcome<Rollback> {
    let head = git.head()?;
    let branch = head
        .branch
        .clone()
        .filter(|_| head.commit == Some(back.head))
        .ok_or_else(|| Fault::from(Diagnostic::error("git-busy", "HEAD has moved meanwhile").next("try again")))?;
    let (mut changes, findings) = publish::changes(git, head.commit, generated, true, documents)?;
    let lost: Vec<Diagnostic> = findings
        .into_iter()
        .filter(|d| d.code != "kept-deletion")
        .map(|d| {
            let path = d.place.as_ref().map_or(String::new(), |p| p.file.clone());
            conflict(&path, &back.target).why(d.why.unwrap_or(d.what))
        })
        .collect();
    if !lost.is_empty() {
        return Err(Fault { exit: 2, diagnostics: lost });
    }
    for (path, file) in &back.changes {
        changes.entry(path.clone()).or_insert_with(|| file.clone());
    }
    if !documents.contains_key(publish::LOCK) && git.entries(head.commit)?.contains_key(publish::LOCK) {
        changes.insert(publish::LOCK.to_owned(), None);
    }
    let tree = git.write_tree(head.commit, &changes)?;
    if git.tree_of(back.head)? == tree {
        return Err(Diagnostic::error("nothing-to-undo", "taking this change back changes nothing any more")
            .at(Place::file(back.target.ids.join(", ")))
            .into());
    }
    let id = publish::base32_of(&[&back.head.to_string(), &tree.to_string(), "rollback"]);
    let commit = git.write_commit(head.commit, tree, &message(&back.target, &id), when)?;
    git.shift(&Goal { branch: branch.clone(), commit: commit.to_string() })?;
    let files = changes.into_keys().filter(|path| !path.starts_with(BASE)).collect();
    Ok(Rollback { id, of: back.target.ids.clone(), branch, commit: commit.to_string(), files })
}

fn detached() -> Fault {
    Diagnostic::error("detached-head", "HEAD is on no branch that a rollback could go on")
        .next("`git switch BRANCH`, or `git switch -c NEW`")
        .into()
}

fn is_spec(path: &str) -> bool {
    path.strip_prefix(BASE).unwrap_or(path).starts_with("pipelines/")
}

fn conflict(path: &str, target: &Target) -> Diagnostic {
    Diagnostic::error("rollback-conflict", "changed since, so that it can't be taken back by itself")
        .at(Place::file(path))
        .next(format!(
            "nothing was changed; take your edit back first, or revert by hand: `git revert {}`",
            target.commit
        ))
}

fn message(target: &Target, id: &str) -> String {
    let mut out = format!("revert: {}\n\n", publish::one_line(&target.subject));
    out.push_str(&format!("This reverts commit {}.\n\nPipewright-Change: {id}\n", target.commit));
    for of in &target.ids {
        out.push_str(&format!("Pipewright-Rollback: {of}\n"));
    }
    if let Some(pipeline) = &target.pipeline {
        out.push_str(&format!("Pipewright-Pipeline: {pipeline}\n"));
    }
    out.push_str(&format!("Pipewright-Version: {}\n", env!("CARGO_PKG_VERSION")));
    out
}
