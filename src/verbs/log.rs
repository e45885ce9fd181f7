//! What was done here: changes, runs, rollbacks, questions.

use std::path::Path;

use serde::Serialize;

use crate::publish::{Entry, history};
use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace::{Ledger, find};
use crate::world::git::Git;

/// What was done, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// One entry an act.
    pub entries: Vec<Entry>,
    /// Lines of the ledger that can't be read.
    pub findings: Vec<Diagnostic>,
}

/// Changes from git (so a fresh clone has them), runs and questions from the local ledger.
///
/// # Errors
/// No workspace, or history that git can't read.
pub fn log(dir: &Path) -> Outcome<Log> {
    let root = find(dir)?;
    let git = Git::open(&root)?;
    let ledger = Ledger::read(&root)?;
    Ok(Log { entries: history(&git, &ledger)?, findings: ledger.findings })
}
