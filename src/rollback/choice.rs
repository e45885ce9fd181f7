//! Taking back what people chose about generated files: the files as they were, not as they follow from documents.

use std::collections::BTreeMap;

use super::{Rollback, conflict, message};
use crate::publish::{self, BASE, trailers};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::world::git::{File, Git, Goal, Id, When};

use super::Target;

/// What stands without a choice.
#[derive(Clone, Debug)]
pub struct Unchosen {
    /// What is taken back.
    pub target: Target,
    /// Documents as they are without it, where it changed them.
    pub documents: Files,
    head: Id,
    changes: BTreeMap<String, Option<File>>,
}

/// The files without the choice that `id` names; none where that is a change of another kind.
///
/// # Errors
/// An unknown change, or files that later changes made otherwise.
pub fn take_back_choice(git: &Git, id: Option<&str>) -> Outcome<Option<Unchosen>> {
    git.refuse_unfinished()?;
    let head = git.head()?;
    let Some(onto) = head.commit else { return Ok(None) };
    let target = super::find(git, id)?;
    let commit = git.commit(target.commit)?;
    // Squashed together with changes of documents it is undone as those are.
    let only_choices = !trailers(&commit, "Choice").is_empty() && trailers(&commit, "Requirement").is_empty();
    if !only_choices || trailers(&commit, "Change").len() != 1 {
        return Ok(None);
    }
    if head.branch.is_none() {
        return Err(super::detached());
    }
    let undone = git.taken_back(target.commit, onto)?;
    let here = git.entries(Some(onto))?;
    let touched: Vec<&String> = undone
        .made
        .keys()
        .chain(undone.before.keys())
        .filter(|path| undone.before.get(*path) != undone.made.get(*path) && *path != publish::LOCK)
        .collect();
    let lost: Vec<Diagnostic> =
        touched.iter().filter(|p| undone.conflicts.contains(p)).map(|p| conflict(p, &target)).collect();
    Fault::unless_empty(lost)?;
    let mut out = Unchosen { target, documents: Files::new(), head: onto, changes: BTreeMap::new() };
    for path in touched {
        let after = undone.after.get(path);
        if after == here.get(path) {
            continue;
        }
        let file = after.map(|entry| git.file(*entry)).transpose()?;
        if publish::is_document(path) && !path.starts_with(BASE) {
            let text = file.as_ref().and_then(|f| String::from_utf8(f.bytes.clone()).ok());
            out.documents.extend(text.map(|text| (path.clone(), text)));
        }
        out.changes.insert(path.clone(), file);
    }
    Ok(Some(out))
}

/// Commits it, with the lock file as it is without the choice.
///
/// # Errors
/// Uncommitted work on a path that is touched; nothing changed.
pub fn finish_choice(git: &Git, back: &Unchosen, lock: Option<String>, when: When) -> Outcome<Rollback> {
    let head = git.head()?;
    let branch = head
        .branch
        .clone()
        .filter(|_| head.commit == Some(back.head))
        .ok_or_else(|| Fault::from(Diagnostic::error("git-busy", "HEAD has moved meanwhile").next("try again")))?;
    let mut changes = back.changes.clone();
    changes.extend(lock.map(|text| (publish::LOCK.to_owned(), Some(File::plain(text)))));
    let tree = git.write_tree(head.commit, &changes)?;
    if git.tree_of(back.head)? == tree {
        return Err(Diagnostic::error("nothing-to-undo", "taking this change back changes nothing any more")
            .at(Place::file(back.target.ids.join(", ")))
            .into());
    }
    let id = publish::base32_of(&[&back.head.to_string(), &tree.to_string(), "rollback"]);
    let text = message(&back.target, &id) + "Pipewright-Choice: rollback\n";
    let commit = git.write_commit(head.commit, tree, &text, when)?;
    git.shift(&Goal { branch: branch.clone(), commit: commit.to_string() })?;
    let files = changes.into_keys().filter(|path| !path.starts_with(BASE)).collect();
    Ok(Rollback { id, of: back.target.ids.clone(), branch, commit: commit.to_string(), files })
}
