//! Changes as commit trailers tell them, and what became of each.

use std::collections::BTreeMap;

use crate::world::git::{Commit, Id};

/// One change of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The latest commit that holds it.
    pub commit: Id,
    /// The commit that took it back, while that holds.
    pub taken_back_by: Option<Id>,
    /// The changes that it takes back itself.
    pub takes_back: Vec<String>,
}

/// Every change of a history (newest commit first) by its name.
pub fn known_changes(commits: &[Commit]) -> BTreeMap<String, Known> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for commit in commits.iter().rev() {
        let takes_back = trailers(commit, "Rollback");
        for of in &takes_back {
            // Taking back a rollback brings back what it took.
            let again = known.get(of).map(|k| k.takes_back.clone()).unwrap_or_default();
            for again in again {
                if let Some(k) = known.get_mut(&again) {
                    k.taken_back_by = None;
                }
            }
            if let Some(k) = known.get_mut(of) {
                k.taken_back_by = Some(commit.id);
            }
        }
        for id in trailers(commit, "Change") {
            known.insert(id, Known { commit: commit.id, taken_back_by: None, takes_back: takes_back.clone() });
        }
    }
    known
}

/// The values of a trailer, each once.
pub fn trailers(commit: &Commit, key: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (k, value) in commit.trailers() {
        if k == key && !out.contains(&value) {
            out.push(value);
        }
    }
    out
}
