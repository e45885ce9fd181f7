//! Documents become files: check, plan, agents, gate and render, for the whole workspace at once. What `propose`,
//! `regenerate`, `rollback` and `check` share; nothing here writes.

use std::collections::BTreeMap;

use crate::agents;
use crate::changeset::{self, ChangeSet, Ground};
use crate::contract::Contract;
use crate::plan::{self, Context, Plan};
use crate::proposal::{Artifact, Because, Proposal, outside};
use crate::render::{self, Files};
use crate::spec::{self, Spec};
use crate::template;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Severity, TableRef};
use crate::workspace::{Config, Lock, Locked, Workspace, lock, paths};

/// What everything is generated from.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    pub(super) config: Config,
    pub(super) contracts: BTreeMap<TableRef, Contract>,
    pub(super) specs: BTreeMap<Name, Spec>,
    /// Proposals from outside that were accepted, by path.
    pub(super) handed_in: BTreeMap<String, String>,
    /// Texts of all documents, by path, for places and hashes.
    pub(super) texts: BTreeMap<String, String>,
}

/// What came of it.
pub(super) struct Generated {
    pub(super) plans: Vec<Plan>,
    pub(super) change: ChangeSet,
    pub(super) files: Files,
    pub(super) findings: Vec<Diagnostic>,
}

impl From<&Workspace> for Inputs {
    fn from(workspace: &Workspace) -> Inputs {
        Inputs {
            config: workspace.config.clone(),
            contracts: workspace.contracts.clone(),
            specs: workspace.specs.clone(),
            handed_in: workspace.handed_in.clone(),
            texts: workspace.texts.clone(),
        }
    }
}

/// Generates every file. `before` are the specs as they were, for what needs an approval.
pub(super) fn generate(inputs: &Inputs, before: &BTreeMap<Name, Spec>) -> Outcome<Generated> {
    if inputs.specs.is_empty() && inputs.handed_in.is_empty() {
        // Nothing to build: no dbt project either.
        return Ok(Generated { plans: Vec::new(), change: ChangeSet::default(), files: Files::new(), findings: Vec::new() });
    }
    let mut findings = Vec::new();
    for spec in inputs.specs.values() {
        findings.extend(spec::check(spec, &paths::spec(&spec.name), &inputs.contracts, &inputs.specs));
    }
    crate::document::pin(&mut findings, &inputs.texts);
    Fault::unless_empty(findings.clone())?;

    let (mut plans, mut proposals, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for spec in inputs.specs.values() {
        let context = Context {
            config: &inputs.config,
            contracts: &inputs.contracts,
            specs: &inputs.specs,
            spec,
            before: before.get(&spec.name),
        };
        match plan::plan(&context).and_then(|plan| Ok((agents::propose(&plan, &context)?, plan))) {
            Ok((made, plan)) => {
                proposals.extend(made);
                plans.push(plan);
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    for (path, text) in &inputs.handed_in {
        match outside::read(path, text) {
            Ok(read) => proposals.extend(read.proposals),
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    crate::document::pin(&mut faults, &inputs.texts);
    Fault::unless_empty(faults)?;
    let change = changeset::prove(&Ground { config: &inputs.config, contracts: &inputs.contracts }, proposals)?;
    let files = render::files(&change, &inputs.config)?;
    findings.retain(|f| f.severity == Severity::Warning);
    Ok(Generated { plans, change, files, findings })
}

/// The lock file's text: what each pipeline is generated from.
pub(super) fn lock_file(inputs: &Inputs) -> String {
    let mut out = Lock::default();
    for spec in inputs.specs.values() {
        out.pipelines.insert(spec.name.clone(), locked(inputs, spec));
    }
    out.write()
}

fn locked(inputs: &Inputs, spec: &Spec) -> Locked {
    let text = |path: &str| inputs.texts.get(path).map_or("", String::as_str);
    let tables = spec.ingest.iter().map(|i| paths::contract(&i.table));
    let contracts: Vec<String> = tables.chain([paths::CONFIG.to_owned()]).collect();
    Locked {
        spec: lock::hash([text(&paths::spec(&spec.name))]),
        contracts: lock::hash(contracts.iter().map(|path| text(path))),
        templates: format!("sha256:{}", template::hash()),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Whether all that the lock file names is as it was: then nothing that is generated can differ.
pub(super) fn is_locked(inputs: &Inputs) -> bool {
    inputs.handed_in.is_empty() && inputs.texts.get(paths::LOCK).is_some_and(|text| *text == lock_file(inputs))
}

/// A spec as the orchestrator proposes it: through the gate like everything else.
pub(super) fn spec_proposal(spec: &Spec, by: &str) -> Proposal {
    let words = spec.requirement.clone().map_or_else(|| Because::Spec(spec.name.to_string()), Because::Words);
    Proposal {
        by: by.to_owned(),
        task: format!("{}/orchestrator", spec.name),
        because: words,
        why: String::new(),
        artifact: Artifact::PipelineSpec(spec.clone()),
    }
}
