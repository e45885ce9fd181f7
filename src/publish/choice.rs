//! What people choose about generated files: the new text, their own, or to have a file for themselves. One commit,
//! which `rollback` takes back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::commit::{About, Change, Changes, first_branch, land, one_line};
use super::markers::{first_conflict, yours};
use super::{BASE, BRANCHES, is_document};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, nearest};
use crate::workspace::Pattern;
use crate::world::git::{Entries, Entry, File, Git, Mode, When};

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It becomes what is generated now.
    Accept,
    /// It stays as people have it, and counts as merged with what is generated now.
    Keep,
    /// It is people's: never generated again.
    Release,
    /// It is generated again; as it stands it counts as an edit.
    Reclaim,
}

/// Files, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// Every path that something was chosen for.
    pub paths: BTreeMap<String, Kind>,
    /// All generated files of the workspace.
    pub generated: &'a Files,
    /// Documents that go with it.
    pub documents: &'a Files,
    /// Now.
    pub when: When,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// The path.
    pub path: String,
    /// What was chosen.
    pub choice: Kind,
}

impl Kind {
    /// As a trailer says it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Accept => "accept",
            Kind::Keep => "keep",
            Kind::Release => "release",
            Kind::Reclaim => "reclaim",
        }
    }

    fn title(self, what: &str) -> String {
        match self {
            Kind::Accept => format!("Accept {what} as generated now"),
            Kind::Keep => format!("Keep {what} as edited"),
            Kind::Release => format!("Release {what}"),
            Kind::Reclaim => format!("Generate {what} again"),
        }
    }
}

/// The generated paths that `patterns` name, those that are generated now and those that were.
///
/// # Errors
/// A pattern that names none of them.
pub fn generated_paths(git: &Git, generated: &Files, patterns: &[String]) -> Outcome<Vec<String>> {
    let here = git.entries(git.head()?.commit)?;
    let last = here.range(BASE.to_owned()..).map_while(|(path, _)| path.strip_prefix(BASE));
    let mut all: Vec<&str> = generated.keys().map(String::as_str).chain(last).collect();
    all.sort_unstable();
    all.dedup();
    let (mut out, mut faults) = (Vec::new(), Vec::new());
    for text in patterns {
        let pattern = Pattern::new(text);
        let named: Vec<&str> = all.iter().copied().filter(|path| pattern.names(path)).collect();
        let generated: Vec<String> = named.iter().filter(|p| !is_document(p)).map(|p| (*p).to_owned()).collect();
        if generated.is_empty() {
            faults.push(unnamed(text, &named, &all));
        }
        out.extend(generated);
    }
    Fault::unless_empty(faults)?;
    out.sort();
    out.dedup();
    Ok(out)
}

fn unnamed(text: &str, named: &[&str], all: &[&str]) -> Diagnostic {
    let shown = text.escape_debug();
    if let Some(path) = named.first() {
        return Diagnostic::error(
            "not-generated",
            format!("`{shown}` names documents only, and those are yours already"),
        )
        .at(Place::file(*path))
        .next("edit it, then `pipewright regenerate`");
    }
    let near = nearest(text, all.iter().copied());
    let next = match near.first() {
        Some(path) => format!("did you mean `{path}`? Paths are those from the folder of pipewright.yml"),
        None => {
            "paths are those from the folder of pipewright.yml; `pipewright diff --edits` lists what was edited".into()
        }
    };
    Diagnostic::error("not-generated", format!("nothing is generated at `{shown}`")).next(next)
}

/// Commits what was chosen; none where everything stands so already.
///
/// # Errors
/// Uncommitted work on one of the paths, or a failure to write: nothing is changed then.
pub fn choose(git: &Git, choice: &Choice<'_>) -> Outcome<Option<Change>> {
    git.refuse_unfinished()?;
    let head = git.head()?;
    let here = git.entries(head.commit)?;
    let (mut changes, mut faults) = (Changes::new(), Vec::new());
    for (path, kind) in &choice.paths {
        let there = here.get(path).map(|entry| git.file(*entry)).transpose()?;
        if there.as_ref().is_none_or(|f| f.mode != Mode::Submodule) && git.work_file(path)? != there {
            faults.push(
                Diagnostic::error("uncommitted", "this file is not as committed, so the choice could not be undone")
                    .at(Place::file(path))
                    .next("commit it first, or take the committed one: `git restore`"),
            );
        }
        one(path, *kind, there, choice.generated.get(path), &here, &mut changes)?;
    }
    Fault::unless_empty(faults)?;
    for (path, text) in choice.documents {
        put(path, Some(File::plain(text.as_bytes())), &here, &mut changes)?;
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let pipeline = Name::from_text("edits", "edits");
    let branch = match &head.branch {
        Some(branch) if branch.starts_with(BRANCHES) => branch.clone(),
        _ => first_branch(&pipeline),
    };
    let about = About { pipeline: &pipeline, branch: &branch, when: choice.when };
    land(git, &head, &about, changes, |id| message(choice, id))
}

fn one(
    path: &str,
    kind: Kind,
    there: Option<File>,
    generated: Option<&String>,
    here: &Entries,
    changes: &mut Changes,
) -> Outcome<()> {
    let now = generated.map(|text| File::plain(text.as_bytes()));
    let base = format!("{BASE}{path}");
    match kind {
        Kind::Accept => {
            let mode = there.map(|f| f.mode).filter(|mode| *mode == Mode::Executable).unwrap_or(Mode::Plain);
            put(path, now.clone().map(|file| File { mode, ..file }), here, changes)?;
            put(&base, now, here, changes)
        }
        Kind::Keep => {
            if let Some(file) = there.filter(|f| first_conflict(&f.bytes).is_some()) {
                put(path, Some(File { bytes: yours(&file.bytes), ..file }), here, changes)?;
            }
            put(&base, now, here, changes)
        }
        Kind::Release => put(&base, None, here, changes),
        Kind::Reclaim => put(&base, now, here, changes),
    }
}

/// Takes a path into the changes where HEAD has something else there.
fn put(path: &str, file: Option<File>, here: &Entries, changes: &mut Changes) -> Outcome<()> {
    let entry = file.as_ref().map(Entry::of).transpose()?;
    if here.get(path).copied() != entry {
        changes.insert(path.to_owned(), file);
    }
    Ok(())
}

/// What was chosen, in a line.
pub fn title(paths: &BTreeMap<String, Kind>) -> String {
    let mut by_kind: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for (path, kind) in paths {
        by_kind.entry(*kind).or_default().push(path);
    }
    let lines: Vec<String> = by_kind
        .into_iter()
        .map(|(kind, paths)| match paths.as_slice() {
            [one] => kind.title(one),
            many => kind.title(&format!("{} files", many.len())),
        })
        .collect();
    lines.join("; ")
}

fn message(choice: &Choice<'_>, id: &str) -> String {
    let mut out = one_line(&title(&choice.paths));
    out.push_str("\n\n");
    for (path, kind) in &choice.paths {
        let path: String = path.chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("> {} {path}\n", kind.word()));
    }
    out.push_str(&format!("\nPipewright-Change: {id}\n"));
    let mut kinds: Vec<Kind> = choice.paths.values().copied().collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        out.push_str(&format!("Pipewright-Choice: {}\n", kind.word()));
    }
    out.push_str(&format!("Pipewright-Version: {}\n", env!("CARGO_PKG_VERSION")));
    out
}
