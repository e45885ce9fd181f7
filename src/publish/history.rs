//! What was done: commits with trailers, which every clone has, and the events of this workspace's ledger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::BRANCHES;
use super::known::{known_changes, trailers};
use crate::vocabulary::Outcome;
use crate::workspace::{Event, EventKind, Inverse, Ledger};
use crate::world::git::{Commit, Git};

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When, in UTC.
    pub at: Timestamp,
    /// What kind of thing.
    pub event: EventKind,
    /// Who, `Name <email>`.
    pub by: String,
    /// What, in a line.
    pub what: String,
    /// What came of it; `rolled back` for a change that was taken back since.
    pub result: String,
    /// The pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The commit of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where the commit stands: `HEAD`, or a branch that is not merged into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How it is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
}

/// Everything that was done, newest first. A change that stands in a commit and in the ledger is shown once.
///
/// # Errors
/// History that git can't read.
pub fn history(git: &Git, ledger: &Ledger) -> Outcome<Vec<Entry>> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    if let Some(head) = git.head()?.commit {
        places.push(("HEAD".to_owned(), head));
    }
    places.extend(git.branches(BRANCHES.trim_end_matches('/'))?);
    for (place, tip) in places {
        let commits: Vec<Commit> = git.walk(tip)?.collect::<Outcome<_>>()?;
        let known = known_changes(&commits);
        for commit in &commits {
            for id in trailers(commit, "Change") {
                let taken_back = known.get(&id).is_some_and(|k| k.taken_back_by.is_some());
                if seen.insert(id.clone()) {
                    out.push(of_commit(commit, id, taken_back, &place));
                }
            }
        }
    }
    let told = |e: &Event| matches!(e.event, EventKind::Proposed | EventKind::RolledBack);
    let by_change: BTreeMap<String, usize> =
        out.iter().enumerate().filter_map(|(i, e)| Some((e.change.clone()?, i))).collect();
    let ended: BTreeSet<&String> =
        ledger.events.iter().filter(|e| e.event == EventKind::RunEnded).filter_map(|e| e.run.as_ref()).collect();
    // A run that has ended is told once; one that began and was never heard of again stands as begun.
    let over = |e: &&Event| !(e.event == EventKind::RunStarted && e.run.as_ref().is_some_and(|r| ended.contains(r)));
    for event in ledger.events.iter().filter(over) {
        match event.change.as_ref().filter(|_| told(event)).and_then(|id| by_change.get(id)) {
            // The ledger knows how it is undone, and the moment better than a commit does.
            Some(at) => {
                let entry = &mut out[*at];
                entry.inverse = event.inverse.clone().or(entry.inverse.take());
                entry.at = event.at;
            }
            None => out.push(of_event(event)),
        }
    }
    // Of one moment, what was done later stands first: commits are in that order already, events are not.
    let commits = out.iter().take_while(|e| e.commit.is_some()).count();
    out[commits..].reverse();
    out.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    Ok(out)
}

fn of_commit(commit: &Commit, id: String, taken_back: bool, place: &str) -> Entry {
    let rollback = !trailers(commit, "Rollback").is_empty();
    let result = match (taken_back, rollback) {
        (true, _) => "rolled back",
        (false, true) => "success",
        (false, false) => "proposed",
    };
    Entry {
        at: Timestamp::from_second(commit.seconds).unwrap_or(Timestamp::UNIX_EPOCH),
        event: if rollback { EventKind::RolledBack } else { EventKind::Proposed },
        by: commit.author.clone(),
        what: commit.subject().to_owned(),
        result: result.to_owned(),
        pipeline: commit.trailer("Pipeline"),
        inverse: (!taken_back).then(|| Inverse::Command(format!("pipewright rollback {id}"))),
        change: Some(id),
        commit: Some(commit.id.to_string()),
        branch: Some(place.to_owned()),
        run: None,
    }
}

fn of_event(event: &Event) -> Entry {
    Entry {
        at: event.at,
        event: event.event,
        by: event.by.clone(),
        what: event.what.clone(),
        result: event.result.clone(),
        pipeline: event.pipeline.clone(),
        change: event.change.clone(),
        commit: None,
        branch: None,
        run: event.run.clone(),
        inverse: event.inverse.clone(),
    }
}
