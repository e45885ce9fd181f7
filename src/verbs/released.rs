//! Files that people took for themselves: what of them no longer fits what is generated around them.

use super::choose::is_released;
use crate::changeset::{self, Ground};
use crate::proposal::{Artifact, Proposal};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::{Pattern, paths};
use crate::world::git::Git;

/// Takes out of `files` those that are released, and gives their paths.
pub(super) fn take_out(files: &mut Files, ground: &Ground<'_>) -> Vec<String> {
    let out: Vec<String> = files.keys().filter(|path| is_released(ground.config, path)).cloned().collect();
    files.retain(|path, _| !out.contains(path));
    out
}

/// What a person should look at: entries that name nothing that is generated, released models that read what is no
/// longer there.
///
/// # Errors
/// Files that can't be read.
pub(super) fn look(
    released: &[String],
    proposals: &[Proposal],
    ground: &Ground<'_>,
    git: &Git,
) -> Outcome<Vec<Diagnostic>> {
    let mut out = Vec::new();
    for (i, text) in ground.config.released.iter().enumerate() {
        let pattern = Pattern::new(text);
        if !released.iter().any(|path| pattern.names(path)) {
            let what = format!("`released` names `{}`, where nothing is generated", text.escape_debug());
            out.push(
                Diagnostic::warning("released-nothing", what)
                    .at(Place::path(paths::CONFIG, format!("released.{i}")))
                    .next("take it out, if the file is gone or was renamed"),
            );
        }
    }
    let mut changed = proposals.to_vec();
    let mut theirs: Vec<(usize, &String)> = Vec::new();
    for (i, proposal) in changed.iter_mut().enumerate() {
        let Artifact::DbtModel(model) = &mut proposal.artifact else { continue };
        let file = format!("/{}.sql", model.name);
        let Some(path) = released.iter().find(|p| p.starts_with("dbt/models/") && p.ends_with(&file)) else { continue };
        let Some(text) = git.work_file(path)?.and_then(|f| String::from_utf8(f.bytes).ok()) else { continue };
        if text != model.sql {
            model.sql = text;
            model.columns = Vec::new();
            theirs.push((i, path));
        }
    }
    if theirs.is_empty() {
        return Ok(out);
    }
    let Err(fault) = changeset::prove(ground, changed) else { return Ok(out) };
    for diagnostic in fault.diagnostics.into_iter().filter(|d| d.code.starts_with("unknown-")) {
        let Some(place) = diagnostic.place.as_ref().filter(|p| p.path.as_deref() == Some("artifact.sql")) else {
            continue;
        };
        let Some((_, path)) = theirs.iter().find(|(i, _)| place.file == format!("proposals[{i}]")) else { continue };
        if diagnostic.code == "unknown-model" && is_beside(&diagnostic.what, git)? {
            continue;
        }
        let place = Place { file: (*path).clone(), path: None, ..place.clone() };
        let mut warning =
            Diagnostic::warning("released-unresolved", "this released file reads what is no longer there");
        warning.why = Some(diagnostic.what);
        warning.next = Some(diagnostic.next.unwrap_or_else(|| {
            format!("follow the change by hand, or `pipewright release --undo {path}` to have it generated again")
        }));
        out.push(warning.at(place));
    }
    out.dedup();
    Ok(out)
}

/// Whether the model that is said to be missing is one of people's own, beside what is generated.
fn is_beside(what: &str, git: &Git) -> Outcome<bool> {
    let Some(name) = what.split('`').nth(1) else { return Ok(false) };
    let file = format!("/{name}.sql");
    let folders = [paths::DBT.to_owned()].into();
    Ok(git.work_paths(&folders)?.iter().any(|path| path.ends_with(&file)))
}
