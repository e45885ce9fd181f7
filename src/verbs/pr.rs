//! The text of a change's pull request, from the branch alone.

use std::path::Path;

use serde::Serialize;

use crate::publish::{self, ChangeView};
use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace::find;
use crate::world::git::Git;

/// A pull request.
#[derive(Clone, Debug, Serialize)]
pub struct PullRequest {
    /// Name of the change.
    pub change: String,
    /// Title.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// The pull request of `revision`'s change, HEAD's if none.
///
/// # Errors
/// A revision that holds no change.
pub fn pull_request(dir: &Path, revision: Option<&str>) -> Outcome<PullRequest> {
    let git = Git::open(&find(dir)?)?;
    let commit = match revision {
        Some(revision) => git.resolve(revision)?,
        None => git.head()?.commit.ok_or_else(|| Diagnostic::error("no-change", "there is no commit yet").fault())?,
    };
    let view = ChangeView::read(&git, commit)?;
    Ok(PullRequest { body: publish::pull_request(&view)?, change: view.id, title: view.subject })
}
