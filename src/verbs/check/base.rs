//! The base of a comparison: which commit, and what it holds.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::findings::is_others;
use super::projects::is_wanted;
use super::{Asked, Base};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::workspace::Checking;
use crate::world::git::{Git, Id};

/// Files by their path.
type Files = BTreeMap<String, Arc<str>>;

/// A base that was read.
pub(super) struct Before {
    pub(super) base: Base,
    pub(super) files: Files,
}

/// What came of looking for the base.
pub(super) enum Found {
    /// It is this commit.
    Commit(Base, Id),
    /// Nothing is compared, and why.
    Nothing(String),
    /// It can't be read; the check fails, and goes on for the rest.
    Unreadable(Diagnostic),
}

/// Which commit is the base.
///
/// # Errors
/// A comparison that was asked for where there is no repository.
pub(super) fn find(root: &Path, git: Option<&Git>, asked: &Asked, checking: &Checking) -> Outcome<Found> {
    let wanted = asked.against.as_deref().or(checking.against.as_deref());
    if wanted == Some("none") {
        if asked.changed {
            return Err(Diagnostic::error("nothing-compared", "`--changed` needs something to compare with")
                .next("leave `--against none` out")
                .into());
        }
        return Ok(Found::Nothing("no comparison was asked for".into()));
    }
    let Some(git) = git else {
        if wanted.is_some() || asked.changed {
            return Err(Diagnostic::error("no-repository", "this folder is in no git repository to compare with")
                .at(Place::file(root.display().to_string()))
                .next("`--against none` checks without a comparison")
                .into());
        }
        return Ok(Found::Nothing("this folder is in no git repository".into()));
    };
    let (revision, found) = match wanted {
        Some(revision) => (revision.to_owned(), git.base(revision)),
        None => (git.main_branch().unwrap_or_else(|| "main".into()), git.main_base()),
    };
    Ok(match found {
        Ok(commit) => Found::Commit(Base { revision, commit: commit.to_string() }, commit),
        Err(fault) => Found::Unreadable(unreadable(&revision, &fault)),
    })
}

/// The files of a commit, kept for the next look.
pub(super) type Kept = RefCell<Option<(Id, Files)>>;

/// Reads the base. Files that are as in the work tree share its texts, so that they are not read again.
pub(super) fn read(git: &Git, base: Base, commit: Id, here: &Files, kept: &Kept) -> Result<Before, Diagnostic> {
    let again = kept.borrow().as_ref().filter(|(of, _)| *of == commit).map(|(_, files)| files.clone());
    let mut files = match again {
        Some(files) => files,
        None => {
            let read = git.texts(commit, is_wanted, here);
            let (files, broken) = read.map_err(|fault| unreadable(&base.revision, &fault))?;
            if let Some(first) = broken.into_iter().next() {
                return Err(unreadable(&base.revision, &Fault::from(first)));
            }
            *kept.borrow_mut() = Some((commit, files.clone()));
            files
        }
    };
    // Packages are installed, not committed: those of the work tree stand in.
    for (path, text) in here.iter().filter(|(path, _)| is_others(path)) {
        files.entry(path.clone()).or_insert_with(|| text.clone());
    }
    Ok(Before { base, files })
}

/// The finding that fails a check whose base can't be read.
pub(super) fn unreadable(revision: &str, fault: &Fault) -> Diagnostic {
    let what = format!("what this is compared with can't be read: {}", revision.escape_debug());
    let mut d = Diagnostic::error("against-unreadable", what);
    if let Some(first) = fault.diagnostics.first() {
        d.why = Some(match &first.why {
            Some(why) => format!("{}: {why}", first.what),
            None => first.what.clone(),
        });
        d.next = first.next.clone();
    }
    if d.next.is_none() {
        d.next = Some("fetch it (`git fetch`; `fetch-depth: 0` in CI), or check without it: `--against none`".into());
    }
    d
}
