//! A requirement, or proposals from outside, become a change on a branch; or a question.

mod line;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::generate::{self, Generated, Inputs};
use super::messages::{Talk, conversation};
use super::origins::Origins;
use super::rows::{self, TraceRow};
use super::session::when;
use super::{Programs, Session};
use crate::changeset::ChangeSet;
use crate::plan::{self, Context, Role, Task};
use crate::proposal::outside::forms::{self, Handed, OUTSIDE, Taken};
use crate::proposal::outside::origin::Origin;
use crate::proposal::{Artifact, Because, Layer, Proposal, Proposals, Snapshot, outside};
use crate::publish::{self, Draft, Proofs, Published};
use crate::render::{self, Files};
use crate::requirement::{Intent, Question, Understood};
use crate::spec::{Assumed, Spec};
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, Relation};
use crate::workspace::{Event, EventKind, Inverse, ModelUse, Platform, paths};
use crate::world::clock;
use crate::world::git::Tree;

pub use line::Recording;
pub use model::Reading;

/// What `propose` is asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder in the workspace.
    pub dir: PathBuf,
    /// What is wanted.
    pub input: Input,
    /// The day that the requirement is read on, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// Answers to questions that the requirement leaves open, by key.
    pub answers: BTreeMap<String, String>,
    /// Which programs may be run.
    pub programs: Programs,
    /// Who reads the requirement.
    pub reading: Reading,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Input {
    /// Plain words.
    Requirement(String),
    /// Proposals, specs, contracts, or dbt's own SQL and YAML.
    Outside(Vec<Handed>),
}

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

/// What the input came to, before anything is generated.
struct Wanted {
    pipeline: Name,
    title: String,
    specs: Vec<Spec>,
    platform: Vec<Platform>,
    /// Artifacts from outside that follow from no spec; kept beside the specs, so that they are generated again.
    rest: Vec<Proposal>,
    deliverables: Vec<Name>,
    findings: Vec<Diagnostic>,
    /// What asking a language model took.
    model: Option<ModelUse>,
    origins: Origins,
}

impl Wanted {
    /// The requirement as written, where there is one.
    fn requirement(&self) -> Option<&str> {
        self.specs.first().and_then(|s| s.requirement.as_deref())
    }

    /// What the ledger says was asked.
    fn asked(&self) -> String {
        self.requirement().unwrap_or(&self.title).to_owned()
    }
}

/// Proposes a change: on a branch of its own, with one commit, proven.
///
/// # Errors
/// Broken documents, what the gate finds, uncommitted work in the way. Nothing is written then.
pub fn propose(options: &Options) -> Outcome<Answer> {
    if let Some(as_of) = &options.as_of {
        as_of.parse::<crate::run::AsOf>().map_err(|e| {
            Diagnostic::error("as-of", format!("`{}` is no date: {e}", as_of.escape_debug()))
                .next("write it as YYYY-MM-DD")
        })?;
    }
    let session = Session::open(&options.dir, "propose")?;
    let wanted = match &options.input {
        Input::Requirement(text) => match model::read(text, options, &session) {
            Ok(read) => match read.intent {
                Intent::Understood(understood) => understood_as(*understood, read.used),
                Intent::Questions(questions) => {
                    let mut event = Event::new(EventKind::Question, clock::now(), &session.git.who(), text, "question");
                    event.messages = conversation(&event, &[], None);
                    event.model = read.used.clone();
                    event.append(&session.workspace.root)?;
                    return Ok(Answer::Question { questions, trace: read.trace, model: read.used });
                }
            },
            Err(failed) => {
                if failed.used.is_some() {
                    rejected(&session, text, &failed.fault, failed.used);
                }
                return Err(failed.fault);
            }
        },
        Input::Outside(handed) => {
            let read = forms::take(handed, &session.workspace).and_then(|taken| sort_out(handed, taken, &session));
            let files: Vec<&str> = handed.iter().map(|h| h.file.as_str()).collect();
            read.inspect_err(|fault| rejected(&session, &format!("proposals of {}", files.join(", ")), fault, None))?
        }
    };
    let (asked, model) = (wanted.asked(), wanted.model.clone());
    let origins = wanted.origins.clone();
    let changed = change(&session, wanted, options.programs).map_err(|fault| origins.of(fault));
    changed.inspect_err(|fault| rejected(&session, &asked, fault, model))
}

/// Tells the ledger of what was refused; a ledger that can't be written does not hide why.
fn rejected(session: &Session, asked: &str, fault: &Fault, model: Option<ModelUse>) {
    let mut event = Event::new(EventKind::Proposed, clock::now(), &session.git.who(), asked, "rejected");
    event.messages = conversation(&event, &[], Some(fault));
    event.model = model;
    let _ = event.append(&session.workspace.root);
}

/// A requirement that was understood.
fn understood_as(understood: Understood, model: Option<ModelUse>) -> Wanted {
    Wanted {
        pipeline: understood.spec.name.clone(),
        title: understood.spec.description.clone().unwrap_or_else(|| understood.spec.name.to_string()),
        platform: understood.platform,
        rest: Vec::new(),
        deliverables: understood.deliverables,
        findings: understood.findings,
        specs: vec![understood.spec],
        model,
        origins: Origins::default(),
    }
}

/// Proposals from outside: specs and platforms are documents, everything else is kept as it was handed in.
fn sort_out(handed: &[Handed], taken: Taken, session: &Session) -> Outcome<Wanted> {
    let texts = handed.iter().map(|h| (h.file.clone(), h.text.clone())).collect();
    let mut origins = Origins { texts, ..Origins::default() };
    let (mut specs, mut platform, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (proposal, origin) in taken.proposals.into_iter().zip(taken.origins) {
        match proposal.artifact {
            Artifact::PipelineSpec(spec) => {
                origins.specs.insert(spec.name.clone(), origin);
                specs.push(spec);
            }
            Artifact::Platform(p) => {
                unknown_source(&p, &origin, session)?;
                origins.platforms.push(origin);
                platform.push(p);
            }
            _ => rest.push((proposal, origin)),
        }
    }
    let named = |(p, _): &(Proposal, _)| match &p.artifact {
        Artifact::DbtModel(m) => Some(m.name.clone()),
        Artifact::DagChange(d) => Some(d.name.clone()),
        Artifact::Ingestion(i) => Some(i.pipeline.clone()),
        _ => None,
    };
    let first = specs.first().map(|s| s.name.clone()).or_else(|| rest.iter().find_map(named));
    let by = rest.first().map_or(OUTSIDE, |(p, _)| p.by.as_str());
    let pipeline = first.unwrap_or_else(|| Name::from_text(by, "proposals"));
    if specs.is_empty() && platform.is_empty() && rest.is_empty() {
        return Err(Diagnostic::error("nothing-proposed", "no pipeline, model or other artifact is proposed")
            .at(Place::file(handed.first().map_or("", |h| h.file.as_str())))
            .next("see `pipewright schema proposal`")
            .fault());
    }
    origins.rest_file = paths::proposals(&pipeline);
    let rest = together(session.workspace.handed_in.get(&origins.rest_file), rest, &mut origins)?;
    let mut deliverables: Vec<Name> = specs.iter().flat_map(delivered).collect();
    deliverables.extend(rest.iter().filter_map(|p| match &p.artifact {
        Artifact::DbtModel(m) if m.layer == Layer::Marts => Some(m.name.clone()),
        _ => None,
    }));
    let title = specs.iter().find_map(|s| s.description.clone()).unwrap_or_else(|| pipeline.to_string());
    Ok(Wanted { pipeline, title, specs, platform, rest, deliverables, findings: taken.findings, model: None, origins })
}

/// A connection of a source that the workspace does not have.
fn unknown_source(platform: &Platform, origin: &Origin, session: &Session) -> Outcome<()> {
    let known = &session.workspace.config.sources;
    let Some(source) = platform.source.as_ref().filter(|source| !known.contains_key(*source)) else { return Ok(()) };
    let fault = Diagnostic::error("unknown-source", format!("`pipewright.yml` has no source `{source}`"));
    let near = crate::vocabulary::nearest(source.as_str(), known.keys().map(Name::as_str));
    let next =
        near.first().map_or_else(|| "add it under `sources`".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(fault.next(next).at(origin.moved(&Place::default(), "source")).fault())
}

/// What was handed in before under the same name, with what is handed in now in its place or after it.
fn together(before: Option<&String>, now: Vec<(Proposal, Origin)>, origins: &mut Origins) -> Outcome<Vec<Proposal>> {
    let (Some(text), false) = (before, now.is_empty()) else {
        return Ok(now
            .into_iter()
            .enumerate()
            .map(|(i, (proposal, origin))| {
                origins.rest.insert(i, origin);
                proposal
            })
            .collect());
    };
    let mut all = outside::read(&origins.rest_file, text)?.proposals;
    let identity = |p: &Proposal| (p.artifact.kind(), p.artifact.subject());
    for (proposal, origin) in now {
        let at = all.iter().position(|p| identity(p) == identity(&proposal)).unwrap_or(all.len());
        origins.rest.insert(at, origin);
        match all.get_mut(at) {
            Some(there) => *there = proposal,
            None => all.push(proposal),
        }
    }
    Ok(all)
}

/// The documents among what is wanted, as proposals.
fn documents_proposed(wanted: &Wanted, specs: &[&Spec]) -> Vec<Proposal> {
    let specs = specs.iter().map(|s| Artifact::PipelineSpec((*s).clone()));
    let artifacts = specs.chain(wanted.platform.iter().cloned().map(Artifact::Platform));
    let asked = wanted.specs.iter().find_map(|s| s.requirement.clone());
    let because = asked.map_or_else(|| Because::Spec(wanted.pipeline.to_string()), Because::Words);
    artifacts
        .map(|artifact| Proposal {
            by: Role::Orchestrator.as_str().into(),
            task: format!("{}/{}", wanted.pipeline, Role::Orchestrator.as_str()),
            because: because.clone(),
            why: String::new(),
            artifact,
        })
        .collect()
}

/// Models of a spec that no other of its models reads.
fn delivered(spec: &Spec) -> Vec<Name> {
    let from = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Model(name) => Some(name),
        Relation::Table(_) => None,
    });
    let read: BTreeSet<&Name> = from.chain(spec.models.iter().flat_map(|m| &m.joins).map(|j| &j.to)).collect();
    spec.models.iter().map(|m| &m.name).filter(|name| !read.contains(name)).cloned().collect()
}

fn change(session: &Session, wanted: Wanted, programs: Programs) -> Outcome<Answer> {
    let (workspace, git) = (&session.workspace, &session.git);
    let mut inputs = Inputs { programs, ..Inputs::from(workspace) };
    let mut new = Files::new();
    let mut findings = session.findings.clone();
    findings.extend(wanted.findings.iter().cloned());
    findings.extend(workspace.warnings.iter().cloned());
    if !wanted.platform.is_empty() {
        let last = generate::last_generated(git, paths::CONFIG)?;
        let last = last.or_else(|| workspace.texts.get(paths::CONFIG).cloned()).unwrap_or_default();
        new.insert(paths::CONFIG.to_owned(), render::workspace_config(&last, &wanted.platform)?);
    }
    // A spec that stands already stays as people wrote it, and what was generated last stays what it was.
    let specs: Vec<&Spec> = wanted.specs.iter().filter(|s| workspace.specs.get(&s.name) != Some(*s)).collect();
    for spec in &specs {
        let (path, text) = render::spec(spec)?;
        new.insert(path, text);
    }
    if !wanted.rest.is_empty() {
        let text = serde_json::to_string_pretty(&Proposals { proposals: wanted.rest.clone() })
            .map_err(|e| Diagnostic::error("render-json", e.to_string()))?;
        new.insert(paths::proposals(&wanted.pipeline), text + "\n");
    }
    inputs.proposed = documents_proposed(&wanted, &specs);
    for (path, text) in &new {
        generate::take_in(&mut inputs, git, path, text)?;
    }
    if generate::stands(&inputs, &new, git)? {
        git.refuse_unfinished()?;
        return unchanged(session, &inputs, &wanted, findings);
    }
    let mut generated = generate::generate(&inputs, &workspace.specs, git)?;
    findings.append(&mut generated.findings);
    generated.files.extend(new);
    let documents = Files::from([(paths::LOCK.to_owned(), generate::lock_file(&inputs, &generated.answers))]);
    let requirement = wanted.requirement();
    let published = publish::commit(
        git,
        &Draft {
            pipeline: &wanted.pipeline,
            title: &wanted.title,
            requirement,
            generated: &generated.files,
            documents: &documents,
            when: when(),
        },
    )?;
    let spec = inputs.specs.get(&wanted.pipeline);
    let mut proposed = answer(&wanted.pipeline, spec, &wanted.deliverables, &generated, findings);
    proposed.model = wanted.model.clone();
    let (result, changed) = match published {
        Published::Unchanged { findings } => {
            proposed.findings.extend(findings);
            proposed.branch = git.head()?.branch.unwrap_or_default();
            ("unchanged", false)
        }
        Published::Changed { change, findings } => {
            proposed.findings.extend(findings);
            proposed.summary = format!("{} files, {}", change.files.len(), proposed.summary);
            (proposed.change, proposed.branch) = (change.id, change.branch);
            (proposed.commit, proposed.files) = (change.commit, change.files);
            ("proposed", true)
        }
    };
    let mut event = Event::new(EventKind::Proposed, clock::now(), &git.who(), &wanted.asked(), result);
    event.pipeline = Some(wanted.pipeline.to_string());
    event.model = wanted.model.clone();
    if changed {
        event.change = Some(proposed.change.clone());
        event.inverse = Some(Inverse::Command(format!("pipewright rollback {}", proposed.change)));
        let about = |t: &&Talk| t.pipeline == wanted.pipeline || wanted.specs.iter().any(|s| s.name == t.pipeline);
        let talks: Vec<Talk> = generated.talks.iter().filter(about).cloned().collect();
        event.messages = conversation(&event, &talks, None);
    }
    event.append(&workspace.root)?;
    Ok(if changed { Answer::Proposed(Box::new(proposed)) } else { Answer::Unchanged(Box::new(proposed)) })
}

/// The answer where all that is wanted stands in HEAD already: nothing is generated for it.
fn unchanged(session: &Session, inputs: &Inputs, wanted: &Wanted, mut findings: Vec<Diagnostic>) -> Outcome<Answer> {
    let (git, pipeline) = (&session.git, &wanted.pipeline);
    findings.extend(generate::checked(inputs)?);
    let spec = inputs.specs.get(pipeline);
    let plan = spec.map(|spec| {
        let (config, contracts, specs) = (&inputs.config, &inputs.contracts, &inputs.specs);
        plan::plan(&Context { config, contracts, specs, spec, before: Some(spec) })
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

fn answer(
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
