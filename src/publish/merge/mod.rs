//! Three-way merge of the generated tree: as last generated, as edited, as generated now. No line is ever lost.

#[cfg(test)]
mod hostile_tests;
mod keys;
mod moves;
mod parts;
mod python;
#[cfg(test)]
mod python_tests;
mod sql;
mod structure;
mod weave;
mod yaml;
#[cfg(test)]
mod yaml_tests;

use std::collections::BTreeSet;

use super::markers::conflict;
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Place};
use crate::world::git::{File, Mode, Tree};

/// What a merge gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The paths that stand afterwards, of all those that were given.
    pub tree: Tree,
    /// Conflicts (errors, the branch holds markers) and what was kept as people left it (warnings).
    pub findings: Vec<Diagnostic>,
}

/// Models that were generated and that people renamed, with what they are called now.
pub fn renamed_models(base: &Tree, edited: &Tree) -> Vec<(String, String)> {
    let as_before = base.iter().filter_map(|(path, f)| Some((path.clone(), String::from_utf8(f.bytes.clone()).ok()?)));
    moves::renamed_models(&moves::found(base, edited, &as_before.collect()))
}

/// Whether the generated text at `path` names one of those models by its old name.
pub(super) fn names_any(path: &str, text: &str, models: &[(String, String)]) -> bool {
    moves::called(path, text, models).len() < models.len()
}

/// Merges `new` into `edited`, both made from `base`. Paths of all three are relative to the workspace.
///
/// Where people moved a file, what is generated now goes where they moved it: `edited` then holds that path too.
pub fn merge(base: &Tree, edited: &Tree, new: &Files) -> Merged {
    let mut out = Merged::default();
    let moves = moves::found(base, edited, new);
    let models = moves::renamed_models(&moves);
    let paths: BTreeSet<&String> = base.keys().chain(edited.keys()).chain(new.keys()).collect();
    let followed: BTreeSet<&String> = moves.by_people.values().chain(moves.by_generator.values()).collect();
    for path in paths.into_iter().filter(|path| !followed.contains(path)) {
        let (mine, theirs) = (moves.by_people.get(path), moves.by_generator.get(path));
        let text = new.get(theirs.unwrap_or(path)).map(|text| moves::calls(path, text, &models));
        let stands = edited.get(mine.unwrap_or(path));
        // Where people call a model as they renamed it, that is no difference; where they do not yet, it is one.
        let read = |file: &File| String::from_utf8(file.bytes.clone()).unwrap_or_default();
        let called = stands.map(|file| moves::called(path, &read(file), &models)).unwrap_or_default();
        let before = base.get(path).map(|file| match std::str::from_utf8(&file.bytes) {
            Ok(text) if !called.is_empty() => File { bytes: moves::calls(path, text, &called).into(), ..file.clone() },
            _ => file.clone(),
        });
        let target = mine.or(theirs).unwrap_or(path);
        if let Some(target) =
            mine.or(theirs).filter(|_| before.as_ref().map(|f| &f.bytes[..]) != text.as_ref().map(|t| t.as_bytes()))
        {
            let what = match mine {
                Some(_) => format!("`{path}` was moved here by hand, so what is generated now went here"),
                None => format!("`{path}` is generated here now, so what was edited by hand went here"),
            };
            let finding = Diagnostic::warning("followed-move", what).at(Place::file(target));
            out.findings.push(match models.iter().find(|(_, name)| moves::is_model(target, name)) {
                Some((old, name)) => {
                    finding.next(format!("call it `{name}` where your own files and DAGs still say `{old}`"))
                }
                None => finding,
            });
        }
        let text = text.as_ref().map(|text| text.as_bytes());
        if let Some(file) = one(target, before.as_ref(), stands, text, &mut out.findings) {
            out.tree.insert(target.clone(), file);
        }
    }
    out
}

fn one(
    path: &str,
    base: Option<&File>,
    edited: Option<&File>,
    new: Option<&[u8]>,
    findings: &mut Vec<Diagnostic>,
) -> Option<File> {
    let note = |code, what: &str| Diagnostic::warning(code, what).at(Place::file(path));
    let Some(edited) = edited else {
        return match (base, new) {
            (None, Some(new)) => Some(File::plain(new)),
            (Some(base), Some(new)) if base.bytes == new => None,
            (Some(_), Some(_)) => {
                findings.push(
                    note("kept-deletion", "deleted by hand, so it stays deleted")
                        .next(format!("to have it again: `git checkout REVISION -- {path}`")),
                );
                None
            }
            (_, None) => None,
        };
    };
    let Some(new) = new else {
        return match base {
            Some(base) if base.bytes == edited.bytes => None,
            Some(_) => {
                findings.push(
                    note("kept-edit", "no longer generated, but edited by hand, so it stays")
                        .next("delete it if nothing needs it; it is yours now"),
                );
                Some(edited.clone())
            }
            None => Some(edited.clone()),
        };
    };
    if matches!(edited.mode, Mode::Link | Mode::Submodule) {
        let what = if edited.mode == Mode::Link { "a link" } else { "a submodule" };
        findings.push(
            Diagnostic::error("not-a-file", format!("{what} stands where a file is generated"))
                .at(Place::file(path))
                .why("nothing is written through links")
                .next("replace it with a file, or delete it; then regenerate"),
        );
        return Some(edited.clone());
    }
    let base_bytes = base.map_or(&[][..], |b| &b.bytes);
    let (bytes, clean, notes) = if edited.bytes == new || (base.is_some() && base_bytes == new) {
        (edited.bytes.clone(), true, Vec::new())
    } else if base.is_some() && base_bytes == edited.bytes {
        (new.to_vec(), true, Vec::new())
    } else {
        structure::three(path, base_bytes, &edited.bytes, new)
    };
    findings.extend(notes.into_iter().map(|what| {
        note("kept-edit", &what).next(format!(
            "nothing, where that is meant; `pipewright regenerate --accept {path}` takes what is generated"
        ))
    }));
    if !clean {
        let why = match base {
            Some(_) => "the same lines were edited by hand and are generated otherwise now",
            None => "a file of yours stands where one is generated",
        };
        findings.push(conflict(path, &bytes).why(why));
    }
    Some(File { bytes, mode: edited.mode })
}

/// `edited` with what differs between `base` and `new` put into it, in its own layout; none where that can't be done.
pub(crate) fn splice(path: &str, base: &str, edited: &str, new: &str) -> Option<String> {
    let (bytes, clean, notes) = structure::three(path, base.as_bytes(), edited.as_bytes(), new.as_bytes());
    String::from_utf8(bytes).ok().filter(|_| clean && notes.is_empty())
}
