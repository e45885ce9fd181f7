//! Which commit a change is, found by its trailer: merged, squashed, rebased or cherry-picked alike.

use std::collections::BTreeMap;

use crate::publish::{BRANCHES, Known, known_changes, trailers};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place, nearest};
use crate::world::git::{Commit, Git, Id};

/// A change that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Names of the changes in the commit; several where they were squashed into one.
    pub ids: Vec<String>,
    /// The commit.
    pub commit: Id,
    /// First line of its message.
    pub subject: String,
    /// The pipeline that it is about.
    pub pipeline: Option<String>,
}

/// The change named `id` (its beginning is enough, or its commit's), or the latest that is not taken back.
///
/// # Errors
/// None of that name on this branch, several, or one that is taken back already.
pub fn find(git: &Git, id: Option<&str>) -> Outcome<Target> {
    let head = git.head()?.commit;
    let commits: Vec<Commit> = match head {
        Some(head) => git.walk(head)?.collect::<Outcome<_>>()?,
        None => Vec::new(),
    };
    let known = known_changes(&commits);
    let commit = match id {
        None => commits
            .iter()
            .find(|c| {
                let ids = trailers(c, "Change");
                // A rollback is no change that one would mean without naming it.
                trailers(c, "Rollback").is_empty()
                    && ids.iter().any(|id| known.get(id).is_some_and(|k| k.commit == c.id && k.taken_back_by.is_none()))
            })
            .ok_or_else(|| {
                Fault::from(Diagnostic::error("nothing-to-undo", "no change of Pipewright stands on this branch"))
            })?,
        Some(text) => named(git, text, &commits, &known)?,
    };
    let ids: Vec<String> = trailers(commit, "Change")
        .into_iter()
        .filter(|id| known.get(id).is_some_and(|k| k.commit == commit.id && k.taken_back_by.is_none()))
        .collect();
    Ok(Target { ids, commit: commit.id, subject: commit.subject().to_owned(), pipeline: commit.trailer("Pipeline") })
}

fn named<'a>(git: &Git, text: &str, commits: &'a [Commit], known: &BTreeMap<String, Known>) -> Outcome<&'a Commit> {
    let shown = text.escape_debug();
    let wanted = text.trim().to_lowercase();
    let at = |id: Id| commits.iter().find(|c| c.id == id);
    let starts = |id: &str| wanted.len() >= 4 && id.starts_with(&wanted);
    let mut hits: Vec<(&str, &Known)> = known
        .iter()
        .filter(|(id, k)| starts(id) || starts(&k.commit.to_string()))
        .map(|(id, k)| (id.as_str(), k))
        .collect();
    if let Some(exact) = known.get_key_value(&wanted) {
        hits = vec![(exact.0, exact.1)];
    }
    if hits.iter().any(|(_, k)| k.commit != hits[0].1.commit) {
        let names: Vec<&str> = hits.iter().map(|(id, _)| *id).collect();
        return Err(Diagnostic::error("ambiguous-change", format!("`{shown}` begins several changes"))
            .next(format!("name one: {}", names.join(", ")))
            .into());
    }
    let Some((id, hit)) = hits.first() else {
        return Err(elsewhere(git, &wanted)?
            .unwrap_or_else(|| {
                let near = nearest(&wanted, known.keys().map(String::as_str));
                let d = Diagnostic::error("unknown-change", format!("there is no change `{shown}`"));
                match near.is_empty() {
                    true => d.next("`pipewright log` lists changes"),
                    false => d.next(format!("did you mean {}? `pipewright log` lists changes", near.join(", "))),
                }
            })
            .into());
    };
    if let Some(by) = hit.taken_back_by {
        return Err(Diagnostic::error("already-rolled-back", format!("change {id} was rolled back already"))
            .why(format!("commit {by} did"))
            .next("to have it again, roll back that rollback; `pipewright log` names it")
            .into());
    }
    at(hit.commit)
        .ok_or_else(|| Fault::from(Diagnostic::error("unknown-change", format!("there is no change `{shown}`"))))
}

/// A change that stands on another branch.
fn elsewhere(git: &Git, wanted: &str) -> Outcome<Option<Diagnostic>> {
    for (branch, tip) in git.branches(BRANCHES.trim_end_matches('/'))? {
        for commit in git.walk(tip)? {
            let commit = commit?;
            if trailers(&commit, "Change")
                .iter()
                .any(|id| id == wanted || (wanted.len() >= 4 && id.starts_with(wanted)))
            {
                return Ok(Some(
                    Diagnostic::error("not-on-branch", "this change does not stand on the current branch")
                        .at(Place::file(branch.clone()))
                        .next(format!("`git switch {branch}` first, or merge it")),
                ));
            }
        }
    }
    Ok(None)
}
