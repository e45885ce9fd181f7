//! The ledger: what was done in this workspace, one JSON line an event, only ever added to. Local; what everyone must
//! know stands in commit trailers. Runs, jobs and datasets are named in OpenLineage's manner, so that events can be sent
//! on.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Message, ModelUse};
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::world::lock;

/// File of the ledger in the state folder.
const FILE: &str = "ledger.jsonl";

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What kind of thing.
    pub event: EventKind,
    /// When, in UTC; given by the caller.
    pub at: Timestamp,
    /// Who, `Name <email>`.
    pub by: String,
    /// What, in a line: the requirement, the selection that ran.
    pub what: String,
    /// What came of it: `proposed`, `question`, `rejected`, `success`, `failed`, `rolled back`.
    pub result: String,
    /// The pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The job that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// What was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Dataset>,
    /// What was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Dataset>,
    /// How it is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
    /// What agents said to each other about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// What asking a language model took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelUse>,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A source was discovered.
    Discovered,
    /// A change was proposed.
    Proposed,
    /// A requirement came back as a question.
    Question,
    /// A run began.
    RunStarted,
    /// A run ended.
    RunEnded,
    /// A change was taken back.
    RolledBack,
}

/// What runs: OpenLineage's job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The workspace.
    pub namespace: String,
    /// `pipeline` or `pipeline.step`.
    pub name: String,
}

/// What is read or written: OpenLineage's dataset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dataset {
    /// Where it is, never with a credential: `duckdb://warehouse.duckdb`.
    pub namespace: String,
    /// `marts.daily_sales`.
    pub name: String,
}

/// How an act is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inverse {
    /// A command of Pipewright.
    Command(String),
    /// Statements to be run in the target.
    Statements(Vec<String>),
    /// It can't be undone, and why.
    Never(String),
}

/// What stands in the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Events in the order in which they were written.
    pub events: Vec<Event>,
    /// Lines that can't be read; nothing is left out silently.
    pub findings: Vec<Diagnostic>,
}

impl Event {
    /// An event with nothing but what every event has.
    pub fn new(event: EventKind, at: Timestamp, by: &str, what: &str, result: &str) -> Event {
        Event {
            event,
            at,
            by: by.to_owned(),
            what: what.to_owned(),
            result: result.to_owned(),
            pipeline: None,
            change: None,
            run: None,
            job: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            inverse: None,
            messages: Vec::new(),
            model: None,
        }
    }

    /// Adds this event to the ledger of `workspace`.
    ///
    /// # Errors
    /// A state folder that can't be written.
    pub fn append(&self, workspace: &Path) -> Outcome<()> {
        let line = serde_json::to_string(self).map_err(|e| {
            crate::vocabulary::Fault::from(Diagnostic::error("ledger", "can't write an event").why(e.to_string()))
        })?;
        lock::append(workspace, FILE, &line)
    }
}

impl Ledger {
    /// The ledger of `workspace`; empty where there is none.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn read(workspace: &Path) -> Outcome<Ledger> {
        Ok(Ledger::parse(&lock::read(workspace, FILE)?))
    }

    /// Reads the ledger's text. A torn line (a process was killed, a disk was full) is named and passed over.
    pub fn parse(text: &str) -> Ledger {
        let mut out = Ledger::default();
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(event) => out.events.push(event),
                Err(e) => {
                    let what =
                        if e.is_eof() { "a line of the ledger is torn" } else { "a line of the ledger can't be read" };
                    out.findings.push(
                        Diagnostic::warning("ledger", what)
                            .at(Place { line: Some(i + 1), ..Place::file(format!("{}/{FILE}", lock::STATE)) })
                            .why(e.to_string())
                            .next("what it said is not shown; delete the line to silence this"),
                    );
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(what: &str) -> Event {
        let at = "2026-03-31T10:00:00Z".parse().unwrap();
        let mut event = Event::new(EventKind::RunEnded, at, "Ann <ann@example.com>", what, "success");
        event.run = Some("r1".into());
        event.outputs = vec![Dataset { namespace: "duckdb://w.duckdb".into(), name: "marts.daily".into() }];
        event.inverse = Some(Inverse::Never("rows that were merged can't be told apart".into()));
        event
    }

    #[test]
    fn a_torn_line_loses_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        event("one\nline {}").append(dir.path()).unwrap();
        let path = dir.path().join(lock::STATE).join(FILE);
        let whole = std::fs::read_to_string(&path).unwrap();
        assert_eq!(whole.lines().count(), 1);
        std::fs::write(&path, format!("{whole}{}", &whole[..40])).unwrap();
        event("three").append(dir.path()).unwrap();
        let ledger = Ledger::read(dir.path()).unwrap();
        assert_eq!(ledger.events, [event("one\nline {}"), event("three")]);
        assert_eq!(ledger.findings.len(), 1);
        let text = ledger.findings[0].to_string();
        assert!(text.contains("ledger.jsonl:2") && text.contains("torn"), "{text}");
    }

    #[test]
    fn no_ledger_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Ledger::read(dir.path()).unwrap(), Ledger::default());
    }
}
