//! Documents become files: check, plan, agents, gate and render, for the whole workspace at once. What `propose`,
//! `regenerate`, `rollback` and `check` share; nothing here writes.

use std::collections::{BTreeMap, BTreeSet};

use super::choose::is_released;
use super::messages::Talk;
use super::origins::{Source, at_documents};
use super::own::{Desk, Programs};
use super::part::Part;
use super::released;
use crate::agents;
use crate::agents::own::{Ask, Choice, Own};
use crate::changeset::{self, ChangeSet, Ground};
use crate::contract::{self, Contract};
use crate::document;
use crate::plan::{self, Context, Plan};
use crate::proposal::{Proposal, outside};
use crate::publish;
use crate::render::{self, Files};
use crate::spec::{self, Spec};
use crate::template;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Relation, Severity, TableRef};
use crate::workspace::{Config, Lock, Locked, Workspace, lock, paths};
use crate::world::git::{Entry, File, Git, Tree};

/// What everything is generated from.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    pub(super) config: Config,
    pub(super) contracts: BTreeMap<TableRef, Contract>,
    pub(super) specs: BTreeMap<Name, Spec>,
    /// Proposals from outside that were accepted, by path.
    pub(super) handed_in: BTreeMap<String, String>,
    /// Specs and platforms that are proposed now: through the gate like everything else.
    pub(super) proposed: Vec<Proposal>,
    /// Texts of all documents, by path, for places and hashes.
    pub(super) texts: BTreeMap<String, String>,
    /// Whether programs may be run.
    pub(super) programs: Programs,
}

/// What came of it.
pub(super) struct Generated {
    pub(super) plans: Vec<Plan>,
    pub(super) change: ChangeSet,
    pub(super) files: Files,
    pub(super) findings: Vec<Diagnostic>,
    /// What was asked and said, a pipeline each.
    pub(super) talks: Vec<Talk>,
    /// What agents of one's own answered; among `files` too.
    pub(super) answers: Files,
    /// Paths that would be generated, were they not released.
    pub(super) released: Vec<String>,
}

impl Inputs {
    /// Takes what is large out of the workspace: it is not asked for it again.
    pub(super) fn take(workspace: &mut Workspace) -> Inputs {
        let contracts = std::mem::take(&mut workspace.contracts);
        let texts = std::mem::take(&mut workspace.texts);
        Inputs { contracts, texts, ..Inputs::from(&*workspace) }
    }
}

impl From<&Workspace> for Inputs {
    fn from(workspace: &Workspace) -> Inputs {
        Inputs {
            config: workspace.config.clone(),
            contracts: workspace.contracts.clone(),
            specs: workspace.specs.clone(),
            handed_in: workspace.handed_in.clone(),
            proposed: Vec::new(),
            texts: workspace.texts.clone(),
            programs: Programs::default(),
        }
    }
}

/// Generates every file. `before` are the specs as they were, for what needs an approval.
pub(super) fn generate(inputs: &Inputs, before: &BTreeMap<Name, Spec>, git: &Git) -> Outcome<Generated> {
    generate_part(inputs, before, git, None)
}

/// Generates what follows from `tables`, or everything.
pub(super) fn generate_part(
    inputs: &Inputs,
    before: &BTreeMap<Name, Spec>,
    git: &Git,
    tables: Option<&BTreeSet<TableRef>>,
) -> Outcome<Generated> {
    if inputs.specs.is_empty() && inputs.handed_in.is_empty() {
        // Nothing to build: no dbt project either.
        return Ok(Generated {
            plans: Vec::new(),
            change: ChangeSet::default(),
            files: Files::new(),
            findings: Vec::new(),
            talks: Vec::new(),
            answers: Files::new(),
            released: Vec::new(),
        });
    }
    let mut findings = checked(inputs)?;
    let desk = Desk::open(git, inputs.programs, &inputs.texts)?;
    let answering = |ask: &Ask<'_>| desk.answer(ask);
    let part = tables.map(|tables| Part::of(&inputs.specs, &inputs.contracts, tables));
    let is_asked = |spec: &&Spec| part.as_ref().is_none_or(|part| part.touches(spec));
    let own = Own { choice: Choice::of(&inputs.config.agents), answering: &answering };
    let (mut plans, mut proposals, mut faults) = (Vec::new(), inputs.proposed.clone(), Vec::new());
    let mut talks = Vec::new();
    proposals.extend(agents::watch(&inputs.config));
    let mut sources: Vec<Source> = proposals.iter().map(Source::document).collect();
    for spec in inputs.specs.values().filter(is_asked) {
        let context = Context {
            config: &inputs.config,
            contracts: &inputs.contracts,
            specs: &inputs.specs,
            spec,
            before: before.get(&spec.name),
            only: part.as_ref().map(Part::models),
        };
        match plan::plan(&context).and_then(|plan| Ok((agents::propose_with(&plan, &context, &own)?, plan))) {
            Ok((made, plan)) => {
                talks.push(Talk::of(&plan, &context, &made, &desk.asked()));
                sources.extend(made.iter().map(|p| Source::made(p, spec)));
                proposals.extend(made);
                plans.push(plan);
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    for (path, text) in &inputs.handed_in {
        match outside::read(path, text) {
            Ok(read) => {
                sources.extend((0..read.proposals.len()).map(|i| Source::handed(path, i)));
                proposals.extend(read.proposals);
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    document::pin(&mut faults, &inputs.texts);
    Fault::unless_empty(faults)?;
    if let Some(part) = &part {
        let kept: Vec<bool> = proposals.iter().map(|p| part.takes(&p.artifact)).collect();
        let (mut of_proposal, mut of_source) = (kept.iter(), kept.iter());
        proposals.retain(|_| of_proposal.next().copied().unwrap_or(true));
        sources.retain(|_| of_source.next().copied().unwrap_or(true));
    }
    let ground = Ground { config: &inputs.config, contracts: &inputs.contracts };
    let kept = if inputs.config.released.is_empty() { Vec::new() } else { proposals.clone() };
    let change = changeset::prove(&ground, proposals).map_err(|fault| {
        let mut fault = at_documents(fault, &sources);
        document::pin(&mut fault.diagnostics, &inputs.texts);
        fault
    })?;
    let mut files = render::files(&change, &inputs.config)?;
    if let Some(part) = &part {
        part.write(&mut files);
    }
    yield_to_people(&mut files, git)?;
    let released = released::take_out(&mut files, &ground);
    if !inputs.config.released.is_empty() {
        findings.extend(released::look(&released, &kept, &ground, git)?);
    }
    let (answers, more) = desk.close();
    files.extend(answers.clone());
    findings.extend(more);
    findings.extend(change.exposed(&inputs.specs));
    document::pin(&mut findings, &inputs.texts);
    Ok(Generated { plans, change, files, findings, talks, answers, released })
}

/// What is to be looked at in the specs.
///
/// # Errors
/// What is wrong in them.
pub(super) fn checked(inputs: &Inputs) -> Outcome<Vec<Diagnostic>> {
    let mut findings = Vec::new();
    for spec in inputs.specs.values() {
        findings.extend(spec::check::check(
            spec,
            &paths::spec(&spec.name),
            &inputs.contracts,
            &inputs.specs,
            &inputs.config.rules,
        ));
    }
    document::pin(&mut findings, &inputs.texts);
    Fault::unless_empty(findings.clone())?;
    findings.retain(|f| f.severity == Severity::Warning);
    Ok(findings)
}

/// The lock file's text: what each pipeline is generated from. `answers` are those of agents of one's own.
pub(super) fn lock_file(inputs: &Inputs, answers: &Files) -> String {
    let mut out = Lock::default();
    for spec in inputs.specs.values() {
        out.pipelines.insert(spec.name.clone(), locked(inputs, spec, answers));
    }
    // What was handed in for no pipeline of this workspace.
    for (path, text) in &inputs.handed_in {
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(paths::PROPOSALS_ENDING);
        let name = Name::from_text(stem, "proposals");
        if !inputs.specs.contains_key(&name) {
            out.pipelines.insert(name, locked_over(inputs, lock::hash([text.as_str()]), Vec::new(), None));
        }
    }
    out.write()
}

fn locked(inputs: &Inputs, spec: &Spec, answers: &Files) -> Locked {
    let text = |path: &str| inputs.texts.get(path).map_or("", String::as_str);
    let read = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => Some(table),
        Relation::Model(_) => None,
    });
    let tables: BTreeSet<&TableRef> = spec.ingest.iter().map(|i| &i.table).chain(read).collect();
    let handed_in = inputs.handed_in.get(&paths::proposals(&spec.name));
    let more = answers.get(&paths::answers(&spec.name)).into_iter().chain(handed_in).map(String::as_str);
    let prompts = spec.read_by.as_ref().map(|reader| reader.prompts.clone());
    let hash = lock::hash([text(&paths::spec(&spec.name))].into_iter().chain(more));
    let contracts = tables.into_iter().map(|table| inputs.contracts.get(table).map(followed).unwrap_or_default());
    locked_over(inputs, hash, contracts.collect(), prompts)
}

/// What is generated from a contract: all but what was measured, and what follows from that.
fn followed(contract: &Contract) -> String {
    let mut out = contract::write(&contract.without_measures());
    for (column, evidence) in contract.evidence() {
        out.push_str(&format!("{column}: {}\n", evidence.as_str()));
    }
    out
}

fn locked_over(inputs: &Inputs, spec: String, contracts: Vec<String>, prompts: Option<String>) -> Locked {
    let config = inputs.texts.get(paths::CONFIG).map_or("", String::as_str);
    Locked {
        spec,
        contracts: lock::hash(contracts.iter().map(String::as_str).chain([config])),
        templates: templates(inputs),
        prompts,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The hash of the templates, and of the workspace's own rules beside them.
fn templates(inputs: &Inputs) -> String {
    let ours = format!("sha256:{}", template::hash());
    let folder = format!("{}/", paths::CLEANING);
    let own: Vec<&str> = inputs.texts.iter().filter(|(p, _)| p.starts_with(&folder)).map(|(_, t)| t.as_str()).collect();
    if own.is_empty() { ours } else { lock::hash(std::iter::once(ours.as_str()).chain(own)) }
}

/// Whether all that the lock file names is as it was: then nothing that is generated can differ.
pub(super) fn is_locked(inputs: &Inputs) -> bool {
    inputs.texts.get(paths::LOCK).is_some_and(|text| *text == lock_file(inputs, &inputs.texts))
}

/// Whether HEAD holds all that would be generated: its lock file names the documents as they are. `new` are those of them
/// that are generated now.
pub(super) fn stands(inputs: &Inputs, new: &Files, git: &Git) -> Outcome<bool> {
    // What was handed in may read any contract: it is judged anew.
    if inputs.specs.is_empty() || !inputs.handed_in.is_empty() || !is_locked(inputs) {
        return Ok(false);
    }
    let head = git.head()?.commit;
    let is = |path: &str, text: &str| -> Outcome<bool> {
        let due = Entry::of(&File::plain(text.as_bytes()))?.id;
        Ok(git.entry(head, path)?.is_some_and(|entry| entry.id == due))
    };
    let documents = new.keys().map(String::as_str).chain([paths::LOCK]);
    for path in documents {
        if !is(path, inputs.texts.get(path).map_or("", String::as_str))? {
            return Ok(false);
        }
    }
    for (path, text) in new {
        if !is(&paths::base(path), text)? {
            return Ok(false);
        }
    }
    // A lock file alone, merged without what it locks, is not enough.
    let dags = inputs.specs.keys().map(paths::dag).filter(|path| !is_released(&inputs.config, path));
    let dags = dags.map(|path| paths::base(&path));
    for path in dags {
        if git.entry(head, &path)?.is_none() {
            return Ok(false);
        }
    }
    // What names a model that people renamed has to follow.
    let here = git.entries(head)?;
    let models = paths::base("dbt/models/");
    let mut all = here.keys().filter(|path| path.starts_with(&models) && path.ends_with(".sql"));
    if all.any(|path| path.strip_prefix(publish::BASE).is_some_and(|path| !here.contains_key(path))) {
        return Ok(false);
    }
    for path in render::linters().into_keys() {
        if git.entry(head, &path)?.is_none() && git.entry(head, &paths::base(&path))?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Pipelines whose documents are not those that the lock file names.
pub(super) fn behind(inputs: &Inputs) -> Vec<Name> {
    let lock = inputs.texts.get(paths::LOCK).and_then(|text| Lock::read(text).ok()).unwrap_or_default();
    let is_behind = |spec: &&Spec| lock.pipelines.get(&spec.name) != Some(&locked(inputs, spec, &inputs.texts));
    inputs.specs.values().filter(is_behind).map(|spec| spec.name.clone()).collect()
}

/// The file at `path` as last generated.
pub(super) fn last_generated(git: &Git, path: &str) -> Outcome<Option<String>> {
    let Some(entry) = git.entry(git.head()?.commit, &paths::base(path))? else { return Ok(None) };
    Ok(String::from_utf8(git.bytes(entry.id)?).ok())
}

/// Takes out the linters' settings where people have files of their own in those places.
fn yield_to_people(files: &mut Files, git: &Git) -> Outcome<()> {
    let head = git.head()?.commit;
    for path in render::linters().into_keys() {
        if git.entry(head, &path)?.is_some() && git.entry(head, &paths::base(&path))?.is_none() {
            files.remove(&path);
        }
    }
    Ok(())
}

/// Merges a document that is generated now with what people wrote, and puts the result into `inputs`.
pub(super) fn take_in(inputs: &mut Inputs, git: &Git, path: &str, text: &str) -> Outcome<()> {
    let tree = |text: Option<String>| text.map(|t| (path.to_owned(), File::plain(t))).into_iter().collect::<Tree>();
    let (base, edited) = (tree(last_generated(git, path)?), tree(inputs.texts.get(path).cloned()));
    let merged = publish::merge(&base, &edited, &Files::from([(path.to_owned(), text.to_owned())]));
    let conflicts: Vec<Diagnostic> = merged.findings.into_iter().filter(|f| f.severity == Severity::Error).collect();
    if !conflicts.is_empty() {
        return Err(Fault { exit: 2, diagnostics: conflicts });
    }
    let text = merged
        .tree
        .get(path)
        .map(|f| String::from_utf8_lossy(&f.bytes).into_owned())
        .unwrap_or_else(|| text.to_owned());
    if path == paths::CONFIG {
        let rules = std::mem::take(&mut inputs.config.rules);
        inputs.config = Config { rules, ..document::parse(path, &text)? };
    } else if path.ends_with(paths::PROPOSALS_ENDING) {
        inputs.handed_in.insert(path.to_owned(), text.clone());
    } else {
        let spec: Spec = document::parse(path, &text)?;
        inputs.specs.insert(spec.name.clone(), spec);
    }
    inputs.texts.insert(path.to_owned(), text);
    Ok(())
}
