//! What was done here: changes, runs, rollbacks, questions.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::publish::{Entry, history};
use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace::{EventKind, Ledger, Message, find};
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

/// What agents said to each other.
#[derive(Clone, Debug, Serialize)]
pub struct Talks {
    /// One a request, newest first.
    pub conversations: Vec<Talk>,
    /// Lines of the ledger that can't be read.
    pub findings: Vec<Diagnostic>,
}

/// One conversation.
#[derive(Clone, Debug, Serialize)]
pub struct Talk {
    /// When it ended, in UTC.
    pub at: Timestamp,
    /// What kind of thing was done.
    pub event: EventKind,
    /// What was asked.
    pub what: String,
    /// What came of it.
    pub result: String,
    /// The change, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// What was said, in order.
    pub messages: Vec<Message>,
}

/// The messages of the local ledger: of one change, or all.
///
/// # Errors
/// No workspace, or a change that nothing is known of here.
pub fn messages(dir: &Path, change: Option<&str>) -> Outcome<Talks> {
    let ledger = Ledger::read(&find(dir)?)?;
    let wanted = ledger.events.into_iter().filter(|e| !e.messages.is_empty()).rev();
    let talk = |e: crate::workspace::Event| Talk {
        at: e.at,
        event: e.event,
        what: e.what,
        result: e.result,
        change: e.change,
        messages: e.messages,
    };
    let of = |t: &Talk| change.is_none_or(|c| t.messages.iter().any(|m| m.id.starts_with(&format!("{c}/"))));
    let conversations: Vec<Talk> = wanted.map(talk).filter(of).collect();
    if let (Some(change), true) = (change, conversations.is_empty()) {
        return Err(Diagnostic::error(
            "unknown-change",
            format!("nothing was said here of `{}`", change.escape_debug()),
        )
        .why("messages are local: they stand in the ledger of the clone that made the change")
        .next("`pipewright log --messages` shows all")
        .fault());
    }
    Ok(Talks { conversations, findings: ledger.findings })
}
