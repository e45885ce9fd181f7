//! A requirement, or proposals from outside, become a change on a branch; or a question.

mod answer;
mod handed;
mod line;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::generate::{self, Inputs};
use super::messages::{Talk, conversation};
use super::origins::Origins;
use super::session::when;
use super::{Programs, Session};
use crate::plan::Role;
use crate::proposal::outside::forms::{self, Handed};
use crate::proposal::{Artifact, Because, Proposal, Proposals};
use crate::publish::{self, Draft, Published};
use crate::render::{self, Files};
use crate::requirement::{Intent, Understood};
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Relation};
use crate::workspace::{Event, EventKind, Inverse, ModelUse, Platform, paths};
use crate::world::clock;

pub use answer::{Answer, Deliverable, Proposed};
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
            let read =
                forms::take(handed, &session.workspace).and_then(|taken| handed::sort_out(handed, taken, &session));
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
        return answer::unchanged(session, &inputs, &wanted, findings);
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
            whole: true,
            documents: &documents,
            when: when(),
        },
    )?;
    let spec = inputs.specs.get(&wanted.pipeline);
    let mut proposed = answer::answer(&wanted.pipeline, spec, &wanted.deliverables, &generated, findings);
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
