//! What a proposal answers: a change, what stands already, or questions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Wanted;
use crate::changeset::ChangeSet;
use crate::plan::{self, Context, Task};
use crate::proposal::{Layer, Snapshot};
use crate::publish::Proofs;
use crate::requirement::Question;
use crate::spec::{Assumed, Spec};
use crate::verbs::Session;
use crate::verbs::generate::{self, Generated, Inputs};
use crate::verbs::rows::{self, TraceRow};
use crate::vocabulary::{Diagnostic, Name, Outcome};
use crate::workspace::{Event, EventKind, ModelUse};
use crate::world::clock;
use crate::world::git::Tree;

/// What came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Answer {
    /// A change on its branch.
    Proposed(Box<Proposed>),
    /// All of it stands already.
    Unchanged(Box<Proposed>),
    /// Nothing was written.
    Question {
        /// What has to be answered first.
        questions: Vec<Question>,
        /// Every word of the requirement, and what became of it so far.
        trace: Vec<TraceRow>,
        /// What asking a language model took.
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<ModelUse>,
    },
}

/// A change on its branch.
#[derive(Clone, Debug, Serialize)]
pub struct Proposed {
    /// Name of the change; empty where nothing changed.
    pub change: String,
    /// The branch that the work tree stands on.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// The pipeline.
    pub pipeline: Name,
    /// What was asked for.
    pub deliverables: Vec<Deliverable>,
    /// Which words became what, and what proves it.
    pub trace: Vec<TraceRow>,
    /// What was filled in.
    pub assumed: Vec<Assumed>,
    /// Things to look at.
    pub findings: Vec<Diagnostic>,
    /// None: a change was made.
    pub questions: Vec<Question>,
    /// Which agent did what, in which order, behind which approvals.
    pub plan: Vec<Task>,
    /// Paths that the change touches.
    pub files: Vec<String>,
    /// Counts in a sentence.
    pub summary: String,
    /// What asking a language model took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelUse>,
}

/// A relation that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Deliverable {
    /// The model.
    pub model: Name,
    /// The schema that it is built in.
    pub schema: String,
}

/// The answer where all that is wanted stands in HEAD already: nothing is generated for it.
pub(super) fn unchanged(
    session: &Session,
    inputs: &Inputs,
    wanted: &Wanted,
    mut findings: Vec<Diagnostic>,
) -> Outcome<Answer> {
    let (git, pipeline) = (&session.git, &wanted.pipeline);
    findings.extend(generate::checked(inputs)?);
    let spec = inputs.specs.get(pipeline);
    let plan = spec.map(|spec| {
        let (config, contracts, specs) = (&inputs.config, &inputs.contracts, &inputs.specs);
        plan::plan(&Context { config, contracts, specs, spec, before: Some(spec), only: None })
    });
    findings.extend(look_at(spec));
    let schemas: BTreeMap<&Name, &'static str> =
        inputs.specs.values().flat_map(|s| &s.models).map(|m| (&m.name, m.schema())).collect();
    let deliverable = |model: &Name| Deliverable {
        model: model.clone(),
        schema: schemas.get(model).copied().unwrap_or("marts").to_owned(),
    };
    let head = git.head()?;
    let proofs = || -> Outcome<Proofs> {
        let models = git.entries(head.commit)?.into_iter().filter(|(path, _)| path.starts_with("dbt/models/"));
        Ok(Proofs::read(&models.map(|(path, entry)| Ok((path, git.file(entry)?))).collect::<Outcome<Tree>>()?))
    };
    let trace = match spec.filter(|s| !s.trace.is_empty()) {
        Some(spec) => rows::of_spec(spec, &proofs()?),
        None => Vec::new(),
    };
    let mut event = Event::new(EventKind::Proposed, clock::now(), &git.who(), &wanted.asked(), "unchanged");
    event.pipeline = Some(pipeline.to_string());
    event.model = wanted.model.clone();
    event.append(&session.workspace.root)?;
    Ok(Answer::Unchanged(Box::new(Proposed {
        change: String::new(),
        branch: head.branch.unwrap_or_default(),
        commit: String::new(),
        pipeline: pipeline.clone(),
        deliverables: wanted.deliverables.iter().map(deliverable).collect(),
        trace,
        assumed: spec.map(|s| s.assumed.clone()).unwrap_or_default(),
        findings,
        questions: Vec::new(),
        plan: plan.transpose()?.map(|p| p.tasks).unwrap_or_default(),
        files: Vec::new(),
        summary: "Everything stands as it would be generated.".into(),
        model: wanted.model.clone(),
    })))
}

fn look_at(spec: Option<&Spec>) -> impl Iterator<Item = Diagnostic> {
    spec.into_iter().flat_map(|s| &s.warnings).map(|w| Diagnostic::warning("look-at", w.clone()))
}

/// The answer where something changed, before it has a branch.
pub(super) fn answer(
    pipeline: &Name,
    spec: Option<&Spec>,
    deliverables: &[Name],
    generated: &Generated,
    findings: Vec<Diagnostic>,
) -> Proposed {
    let change = &generated.change;
    let trace = spec.map(|s| rows::of_spec(s, &Proofs::of(change))).unwrap_or_default();
    let mut findings = findings;
    findings.extend(look_at(spec));
    let of = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    Proposed {
        change: String::new(),
        branch: String::new(),
        commit: String::new(),
        pipeline: pipeline.clone(),
        deliverables: deliverables
            .iter()
            .map(|model| Deliverable { model: model.clone(), schema: schema(model, change) })
            .collect(),
        trace,
        assumed: spec.map(|s| s.assumed.clone()).unwrap_or_default(),
        findings,
        questions: Vec::new(),
        plan: generated.plans.iter().filter(|p| p.pipeline == *pipeline).flat_map(|p| p.tasks.clone()).collect(),
        files: Vec::new(),
        summary: format!(
            "{}, {}, {}, {}.",
            of(change.models().len(), "model"),
            of(change.tests().len(), "data test"),
            of(change.unit_tests().len(), "unit test"),
            of(change.dags().len(), "DAG")
        ),
        model: None,
    }
}

fn schema(model: &Name, change: &ChangeSet) -> String {
    match change.models().get(model).map(|m| &m.layer) {
        Some(Layer::Staging(_)) => "staging".into(),
        Some(Layer::Intermediate) => "intermediate".into(),
        None if change.snapshots().contains_key(model) => Snapshot::SCHEMA.into(),
        _ => "marts".into(),
    }
}
