//! `regenerate --dry-run`: what would change in each file, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::generate::{self, Inputs};
use super::{Programs, Session};
use crate::publish::{self, BASE, FileDiff, LOCK};
use crate::render::Files;
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Name, Outcome, Relation};
use crate::workspace::{Lock, paths};
use crate::world::git::{Entry, File, Git, Tree};

/// What would be done.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// `would_change` or `unchanged`.
    pub status: &'static str,
    /// Pipelines that are behind their documents.
    pub pipelines: Vec<Name>,
    /// Files that would change.
    pub files: Vec<Would>,
    /// As the command itself would say; conflicts with hand edits among them, as errors.
    pub findings: Vec<Diagnostic>,
}

/// What would become of one file.
#[derive(Clone, Debug, Serialize)]
pub struct Would {
    /// `added`, `changed`, `removed`, or `conflict` where it would hold markers.
    pub change: &'static str,
    /// Whether people edited it since it was generated.
    pub edited: bool,
    /// What it follows from that is otherwise now.
    pub because: Vec<Because>,
    /// What differs.
    #[serde(flatten)]
    pub diff: FileDiff,
}

/// Why something is generated otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Because {
    /// `spec`, `contract`, `config`, `template`, `tool`, `prompts`, `edit` (of the copies of what was generated),
    /// `rename` (of a model, by hand) or `new`.
    pub kind: &'static str,
    /// The documents; where more than one is named, one of them at least.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// In words.
    pub what: String,
}

/// What `regenerate` would do, with nothing written.
///
/// # Errors
/// Broken documents, what the gate finds.
pub fn preview(dir: &Path, programs: Programs) -> Outcome<Preview> {
    let session = Session::look(dir, "regenerate")?;
    let (workspace, git) = (&session.workspace, &session.git);
    let inputs = Inputs { programs, ..Inputs::from(workspace) };
    let mut findings = session.findings.clone();
    if workspace.specs.is_empty() && workspace.handed_in.is_empty() {
        return Err(super::regenerate::no_pipeline());
    }
    if generate::stands(&inputs, &Files::new(), git)? {
        return Ok(Preview { status: "unchanged", pipelines: Vec::new(), files: Vec::new(), findings });
    }
    let generated = generate::generate(&inputs, &workspace.specs, git)?;
    findings.extend(generated.findings.clone());
    let head = git.head()?.commit;
    let documents = Files::from([(paths::LOCK.to_owned(), generate::lock_file(&inputs, &generated.answers))]);
    let (changes, found) = publish::changes(git, head, &generated.files, true, &documents)?;
    let here = git.entries(head)?;
    let (mut before, mut after) = (Tree::new(), Tree::new());
    for (path, file) in changes.iter().filter(|(path, _)| !path.starts_with(BASE)) {
        if let Some(entry) = here.get(path) {
            before.insert(path.clone(), git.file(*entry)?);
        }
        after.extend(file.clone().map(|file| (path.clone(), file)));
    }
    let reasons = Reasons::of(&inputs, git)?;
    let edited = |path: &str| match (here.get(path), here.get(&paths::base(path))) {
        (now, Some(last)) => now.is_none_or(|now| now.id != last.id),
        _ => false,
    };
    let files = publish::text(&before, &after, 3)
        .into_iter()
        .map(|diff| {
            let conflict = after.get(&diff.path).is_some_and(|f| publish::first_conflict(&f.bytes).is_some());
            let change = match (before.contains_key(&diff.path), after.contains_key(&diff.path)) {
                _ if conflict => "conflict",
                (false, _) => "added",
                (_, false) => "removed",
                _ => "changed",
            };
            // Only a renamed model changes what is generated as before.
            let as_before = match generated.files.contains_key(&diff.path) {
                true => !changes.contains_key(&paths::base(&diff.path)),
                false => !changes.keys().any(|path| path.starts_with(BASE)),
            };
            let because = match as_before {
                true => vec![Because {
                    kind: "rename",
                    documents: Vec::new(),
                    what: "a model that it names was renamed by hand".into(),
                }],
                false => reasons.for_file(&diff.path, &inputs),
            };
            Would { change, edited: edited(&diff.path), because, diff }
        })
        .collect::<Vec<_>>();
    findings.extend(found);
    let status = if changes.is_empty() { "unchanged" } else { "would_change" };
    Ok(Preview { status, pipelines: generate::behind(&inputs), files, findings })
}

/// Why each pipeline is behind.
struct Reasons {
    by_pipeline: BTreeMap<Name, Vec<Because>>,
}

impl Reasons {
    fn of(inputs: &Inputs, git: &Git) -> Outcome<Reasons> {
        let lock = inputs.texts.get(LOCK).and_then(|text| Lock::read(text).ok()).unwrap_or_default();
        let now = Lock::read(&generate::lock_file(inputs, &inputs.texts))?;
        let since = changed_since_locked(inputs, git)?;
        let mut out = Reasons { by_pipeline: BTreeMap::new() };
        for (name, now) in &now.pipelines {
            let mut because = Vec::new();
            let mut say = |kind, documents: Vec<String>, what: String| because.push(Because { kind, documents, what });
            let Some(was) = lock.pipelines.get(name) else {
                say("new", vec![paths::spec(name)], "is not generated yet".into());
                out.by_pipeline.insert(name.clone(), because);
                continue;
            };
            if was.spec != now.spec {
                let spec = [paths::spec(name), paths::proposals(name), paths::answers(name)];
                let spec: Vec<String> = spec.into_iter().filter(|p| inputs.texts.contains_key(p)).collect();
                say("spec", named(&spec, &since), "says something else".into());
            }
            if was.contracts != now.contracts {
                let read = inputs.specs.get(name).map(contracts).unwrap_or_default();
                let documents = named(&[read, vec![paths::CONFIG.to_owned()]].concat(), &since);
                let config = documents == [paths::CONFIG];
                let kind = if config { "config" } else { "contract" };
                let what = match documents.len() {
                    1 => "says something else".into(),
                    _ if since.is_some() => "say something else".into(),
                    _ => "are where something else is said, in one at least".into(),
                };
                say(kind, documents, what);
            }
            if was.templates != now.templates {
                let rules: Vec<String> =
                    inputs.texts.keys().filter(|p| p.starts_with(paths::CLEANING)).cloned().collect();
                let rules = if since.is_some() { named(&rules, &since) } else { rules };
                say("template", rules, "templates or cleaning rules are others now".into());
            }
            if was.prompts != now.prompts {
                say("prompts", Vec::new(), "the requirement was read with other prompts".into());
            }
            if was.tool != now.tool {
                say("tool", Vec::new(), format!("Pipewright {} is now {}", was.tool, now.tool));
            }
            if !because.is_empty() {
                out.by_pipeline.insert(name.clone(), because);
            }
        }
        Ok(out)
    }

    /// Why a file differs: because of the pipelines that it is a part of, where those are behind, else of any.
    fn for_file(&self, path: &str, inputs: &Inputs) -> Vec<Because> {
        let of: Vec<&Name> = inputs.specs.values().filter(|s| is_of(path, s)).map(|s| &s.name).collect();
        let mine: BTreeSet<Because> =
            of.iter().filter_map(|name| self.by_pipeline.get(*name)).flatten().cloned().collect();
        let all = || self.by_pipeline.values().flatten().cloned().collect::<BTreeSet<_>>();
        let found = if mine.is_empty() { all() } else { mine };
        if found.is_empty() {
            let what = "the documents are as they were; what was generated from them is not as it was committed";
            return vec![Because { kind: "edit", documents: vec![paths::base(path)], what: what.into() }];
        }
        found.into_iter().collect()
    }
}

/// Those of `documents` that changed; all of them where that is not known.
fn named(documents: &[String], since: &Option<BTreeSet<String>>) -> Vec<String> {
    let changed: Vec<String> =
        documents.iter().filter(|path| since.as_ref().is_some_and(|s| s.contains(*path))).cloned().collect();
    if changed.is_empty() { documents.to_vec() } else { changed }
}

fn contracts(spec: &Spec) -> Vec<String> {
    let read = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => Some(table),
        Relation::Model(_) => None,
    });
    let tables: BTreeSet<_> = spec.ingest.iter().map(|i| &i.table).chain(read).collect();
    tables.into_iter().map(paths::contract).collect()
}

/// Whether a file is a part of that pipeline.
fn is_of(path: &str, spec: &Spec) -> bool {
    let stem = path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or_default();
    match path.split('/').next() {
        Some(paths::DAGS | paths::INGEST) => stem == spec.name.as_str(),
        Some(paths::DDL) => path.split('/').nth(1) == Some(spec.name.as_str()),
        Some(paths::PIPELINES) => stem == spec.name.as_str(),
        Some(paths::DBT) => {
            let source = stem.strip_prefix('_').and_then(|s| s.strip_suffix("__sources"));
            spec.models.iter().any(|m| m.name.as_str() == stem)
                || spec.ingest.iter().any(|i| i.table.staging_model().as_str() == stem)
                || source.is_some_and(|s| spec.ingest.iter().any(|i| i.table.source.as_str() == s))
        }
        _ => false,
    }
}

/// Documents that are not as they were when the lock file was committed last; none where history does not go back there.
fn changed_since_locked(inputs: &Inputs, git: &Git) -> Outcome<Option<BTreeSet<String>>> {
    let Some(mut at) = git.head()?.commit else { return Ok(None) };
    let Some(lock) = git.entry(Some(at), LOCK)? else { return Ok(None) };
    loop {
        let parents = git.commit(at)?.parents;
        let before = parents.iter().copied().find(|p| git.entry(Some(*p), LOCK).ok().flatten() == Some(lock));
        match before {
            Some(parent) => at = parent,
            // Where a shallow clone ends, a commit has no parents that could be asked.
            None if parents.is_empty() && git.is_shallow() => return Ok(None),
            None => break,
        }
    }
    let then = git.entries(Some(at))?;
    let mut out = BTreeSet::new();
    for (path, text) in &inputs.texts {
        let now = Entry::of(&File::plain(text.as_bytes()))?.id;
        if then.get(path).is_none_or(|entry| entry.id != now) {
            out.insert(path.clone());
        }
    }
    Ok(Some(out))
}
