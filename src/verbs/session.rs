//! A workspace taken for one command: no other process writes in it meanwhile.

use std::path::Path;

use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace::{Workspace, find};
use crate::world::clock;
use crate::world::git::{Git, Recovered, When};
use crate::world::lock::Lock;

/// A workspace, its repository, and the lock on both.
pub struct Session {
    /// The documents.
    pub workspace: Workspace,
    /// The repository.
    pub git: Git,
    /// What a killed command had left, and what became of it.
    pub findings: Vec<Diagnostic>,
    _lock: Option<Lock>,
}

impl Session {
    /// Takes the workspace that `dir` is in. What a killed command left is finished or undone first.
    ///
    /// # Errors
    /// No workspace, no repository, another process at work, broken documents.
    pub fn open(dir: &Path, who: &str) -> Outcome<Session> {
        let root = find(dir)?;
        let git = Git::open(&root)?;
        let lock = Lock::take(&root, who)?;
        let findings = recovered(&git.recover()?);
        Ok(Session { workspace: Workspace::open(&root)?, git, findings, _lock: Some(lock) })
    }

    /// The same for a command that writes nothing: it does not wait for a run of hours. Only while another command moves the
    /// work tree, there is nothing whole to read.
    ///
    /// # Errors
    /// No workspace, no repository, broken documents, a work tree that is moved at this moment.
    pub fn look(dir: &Path, who: &str) -> Outcome<Session> {
        let root = find(dir)?;
        let git = Git::open(&root)?;
        let lock = match Lock::take_if_free(&root, who)? {
            None if git.is_moving()? => Some(Lock::take(&root, who)?),
            lock => lock,
        };
        let findings = if lock.is_some() { recovered(&git.recover()?) } else { Vec::new() };
        Ok(Session { workspace: Workspace::open(&root)?, git, findings, _lock: lock })
    }
}

/// What is said of a command that was cut short.
fn recovered(what: &Recovered) -> Vec<Diagnostic> {
    match what {
        Recovered::Nothing => Vec::new(),
        Recovered::Finished(branch) => {
            vec![Diagnostic::warning(
                "recovered",
                format!("an earlier command was cut short; its move to {branch} is finished"),
            )]
        }
        Recovered::Undone(left) => {
            let warning =
                Diagnostic::warning("recovered", "an earlier command was cut short; what it had begun is undone");
            [vec![warning], left.clone()].concat()
        }
    }
}

/// Now, for a commit.
pub(super) fn when() -> When {
    When { seconds: clock::now().as_second(), offset: 0 }
}
