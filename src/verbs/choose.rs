//! `regenerate --accept` and `--keep`, `release`: what people choose about generated files, as a commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::generate::{self, Inputs};
use super::session::when;
use super::{Programs, Session};
use crate::document;
use crate::publish::{self, Choice, ChoiceKind, Chosen, generated_paths};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::{Config, Event, EventKind, Inverse, Pattern, paths};
use crate::world::{clock, files};

/// What is chosen. Paths are files, folders or patterns, from the folder of `pipewright.yml` or from `dir`.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder in the workspace.
    pub dir: PathBuf,
    /// Whether agents of one's own may be asked.
    pub programs: Programs,
    /// What becomes of which.
    pub chosen: Vec<(ChoiceKind, Vec<String>)>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// `changed` or `unchanged`.
    pub status: &'static str,
    /// Name of the change; none where nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The branch that the work tree stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What was chosen, path by path.
    pub chosen: Vec<Chosen>,
    /// Paths that the change touches.
    pub files: Vec<String>,
    /// Things to look at.
    pub findings: Vec<Diagnostic>,
}

/// Commits what was chosen. It is undone by `rollback`.
///
/// # Errors
/// A pattern that names no generated file, a path with two choices, uncommitted work, broken documents.
pub fn choose(options: &Options) -> Outcome<Done> {
    let session = Session::open(&options.dir, "regenerate")?;
    let (workspace, git) = (&session.workspace, &session.git);
    let inputs = Inputs { programs: options.programs, ..Inputs::from(workspace) };
    // What is released is generated here all the same: it may be taken back.
    let whole = Inputs { config: Config { released: Vec::new(), ..inputs.config.clone() }, ..inputs.clone() };
    let generated = generate::generate(&whole, &workspace.specs, git)?;
    let mut findings = session.findings.clone();
    let mut chosen: BTreeMap<String, ChoiceKind> = BTreeMap::new();
    for (kind, patterns) in &options.chosen {
        let patterns: Vec<String> = patterns.iter().map(|p| seen_from(&workspace.root, &options.dir, p)).collect();
        for path in generated_paths(git, &generated.files, &patterns)? {
            let released = is_released(&inputs.config, &path);
            match (kind, released) {
                (ChoiceKind::Accept | ChoiceKind::Keep, true) => {
                    return Err(Diagnostic::error("released", "this file is released: nothing is generated there")
                        .at(Place::file(&path))
                        .next(format!("`pipewright release --undo {path}` first"))
                        .into());
                }
                (ChoiceKind::Release, true) => continue,
                (ChoiceKind::Reclaim, false) => {
                    return Err(Diagnostic::error("not-released", "this file is not released")
                        .at(Place::file(&path))
                        .next("`released` in pipewright.yml lists those that are")
                        .into());
                }
                _ => {}
            }
            if chosen.insert(path.clone(), *kind).is_some_and(|other| other != *kind) {
                return Err(Diagnostic::error("usage", "one file can't be both accepted and kept")
                    .at(Place::file(&path))
                    .next("name it once")
                    .into());
            }
        }
    }
    let documents = documents(&inputs, &chosen)?;
    let choice = Choice { paths: chosen.clone(), generated: &generated.files, documents: &documents, when: when() };
    let change = publish::choose(git, &choice)?;
    if let Some(change) = &change {
        let title = publish::choice_title(&chosen);
        let mut event = Event::new(EventKind::Proposed, clock::now(), &git.who(), &title, "chosen");
        event.change = Some(change.id.clone());
        event.inverse = Some(Inverse::Command(format!("pipewright rollback {}", change.id)));
        event.append(&workspace.root)?;
    }
    findings.extend(generated.findings);
    Ok(Done {
        status: if change.is_some() { "changed" } else { "unchanged" },
        change: change.as_ref().map(|c| c.id.clone()),
        branch: change.as_ref().map(|c| c.branch.clone()),
        chosen: chosen.into_iter().map(|(path, choice)| Chosen { path, choice }).collect(),
        files: change.map(|c| c.files).unwrap_or_default(),
        findings,
    })
}

/// Whether people took the file at `path` for themselves.
pub(super) fn is_released(config: &Config, path: &str) -> bool {
    config.released.iter().any(|pattern| Pattern::new(pattern).names(path))
}

/// A path as it is named from the workspace: as it is, or seen from the folder that the command runs in.
fn seen_from(root: &Path, dir: &Path, path: &str) -> String {
    if root.join(path).exists() {
        return path.to_owned();
    }
    files::inside_of(root, &dir.join(path)).unwrap_or_else(|| path.to_owned())
}

/// `pipewright.yml` with what is released, and the lock file that goes with it.
fn documents(inputs: &Inputs, chosen: &BTreeMap<String, ChoiceKind>) -> Outcome<Files> {
    let was = &inputs.config.released;
    let mut now: Vec<String> = was
        .iter()
        .filter(|pattern| {
            let pattern = Pattern::new(pattern);
            !chosen.iter().any(|(path, kind)| *kind == ChoiceKind::Reclaim && pattern.names(path))
        })
        .cloned()
        .collect();
    now.extend(chosen.iter().filter(|(_, kind)| **kind == ChoiceKind::Release).map(|(path, _)| path.clone()));
    if now == *was {
        return Ok(Files::new());
    }
    let text = inputs.texts.get(paths::CONFIG).map_or("", String::as_str);
    let new = with_released(text, was, &now).ok_or_else(|| {
        Diagnostic::error("config-edit", "pipewright.yml can't be edited here without touching what stands in it")
            .at(Place::file(paths::CONFIG))
            .next(format!("set `released: [{}]` in it by hand", now.join(", ")))
            .fault()
    })?;
    let mut after = inputs.clone();
    let rules = std::mem::take(&mut after.config.rules);
    after.config = Config { rules, ..document::parse(paths::CONFIG, &new)? };
    after.texts.insert(paths::CONFIG.to_owned(), new.clone());
    let mut out = Files::from([(paths::CONFIG.to_owned(), new)]);
    // A lock file that is behind for another reason stays so.
    if generate::is_locked(inputs) {
        out.insert(paths::LOCK.to_owned(), generate::lock_file(&after, &inputs.texts));
    }
    Ok(out)
}

/// The text of `pipewright.yml` with another list of what is released; everything else stays as it is written.
fn with_released(text: &str, was: &[String], now: &[String]) -> Option<String> {
    let list = |paths: &[String]| -> String {
        let items: String =
            paths.iter().map(|path| format!("  - {}\n", crate::vocabulary::yaml_scalar(path))).collect();
        if paths.is_empty() { "version: 1\n".into() } else { format!("version: 1\nreleased:\n{items}") }
    };
    let new = if was.is_empty() {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        format!("{text}{end}{}", list(now).strip_prefix("version: 1\n")?)
    } else {
        publish::splice(paths::CONFIG, &list(was), text, &list(now))?
    };
    let read: Config = document::parse(paths::CONFIG, &new).ok()?;
    let old: Config = document::parse(paths::CONFIG, text).ok()?;
    (read.released == now && Config { released: was.to_vec(), ..read } == old).then_some(new)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const CONFIG: &str = "version: 1\nname: w  # ours\ntargets:\n  dev: {kind: duckdb, path: w.duckdb}";

    #[test]
    fn the_list_is_put_in_and_taken_out() {
        let of = |paths: &[&str]| paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        let (none, one, two) = (of(&[]), of(&["dags/a.py"]), of(&["dags/a.py", "dbt/{x}: y.sql"]));
        let first = with_released(CONFIG, &none, &one).unwrap();
        assert_eq!(first, format!("{CONFIG}\nreleased:\n  - dags/a.py\n"));
        let second = with_released(&first, &one, &two).unwrap();
        assert_eq!(second, format!("{first}  - \"dbt/{{x}}: y.sql\"\n"));
        assert_eq!(with_released(&second, &two, &one).unwrap(), first);
        assert_eq!(with_released(&first, &one, &none).unwrap(), format!("{CONFIG}\n"));
        let flow = CONFIG.replace("name: w", "released: [dags/a.py]  # c\nname: w");
        assert_eq!(
            with_released(&flow, &one, &two).unwrap(),
            flow.replace("[dags/a.py]", "[dags/a.py, \"dbt/{x}: y.sql\"]")
        );
        assert_eq!(with_released("- no\n", &none, &one), None);
    }
}
