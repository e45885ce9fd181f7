//! What would be done for a requirement, or is done for a pipeline: which agent does what, in what order, with what it
//! needs and gives, behind which gates. Nothing is written, no program is run.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Session;
use crate::agents::own::{Choice, Own, takers};
use crate::agents::{self, AGENTS};
use crate::document;
use crate::plan::{self, Context, Standing, Task, Verdict, standings};
use crate::render;
use crate::requirement::{self, Intent, Question};
use crate::spec::Spec;
use crate::vocabulary::{ArtifactKind, Diagnostic, Name, Outcome, Role, Severity, nearest};
use crate::workspace::{Config, Workspace, paths};
use crate::world::git::Git;

/// What is planned.
#[derive(Clone, Debug)]
pub enum Of {
    /// A requirement with answers to its questions, as `propose` would read it.
    Requirement(String, BTreeMap<String, String>),
    /// A pipeline that stands.
    Pipeline(Name),
    /// Every pipeline that stands.
    All,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Answer {
    /// The plans.
    Planned(Plans),
    /// The requirement could mean several things.
    Question {
        /// What has to be answered first.
        questions: Vec<Question>,
    },
}

/// Plans of pipelines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Pipewright plan")]
pub struct Plans {
    /// One a pipeline, by name.
    pub plans: Vec<Planned>,
    /// Gates at which a person is waited for.
    pub waiting: usize,
    /// Things to look at; errors are what would stop the change.
    #[serde(skip_deserializing, default)]
    #[schemars(with = "Vec<serde_json::Value>")]
    pub findings: Vec<Diagnostic>,
}

/// The plan of one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The pipeline.
    pub pipeline: Name,
    /// Its steps, in an order that respects `after`.
    pub steps: Vec<Step>,
}

/// One task of a plan, and who does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `<pipeline>/<role>`.
    pub task: String,
    /// The role that the task belongs to.
    pub role: Role,
    /// What the role does, in a line.
    pub about: String,
    /// Tasks that come before.
    pub after: Vec<String>,
    /// Kinds of input that it reads.
    pub needs: Vec<String>,
    /// Who does which part of it: the rules, and agents of one's own in their place.
    pub by: Vec<Part>,
    /// What a person decides about it.
    pub gates: Vec<Standing>,
}

/// What one agent gives to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// `rules`, or the name of an agent in `pipewright.yml`.
    pub agent: String,
    /// Kinds of artifacts that it proposes; with how many by the rules. What a program will answer is not known before.
    pub gives: BTreeMap<String, Option<usize>>,
}

/// What the rules are called in a plan.
pub const RULES: &str = "rules";

/// Plans, and writes nothing.
///
/// # Errors
/// Broken documents, a requirement that nothing is known of, an unknown pipeline.
pub fn plan(dir: &Path, of: &Of) -> Outcome<Answer> {
    let session = Session::look(dir, "plan")?;
    let (workspace, git) = (&session.workspace, &session.git);
    let mut findings = session.findings.clone();
    let mut config = workspace.config.clone();
    let mut specs = workspace.specs.clone();
    let (names, before): (Vec<Name>, BTreeMap<Name, Spec>) = match of {
        Of::Requirement(text, answers) => {
            let ground = requirement::Ground {
                config: &workspace.config,
                contracts: &workspace.contracts,
                specs: &workspace.specs,
                answers,
            };
            match requirement::read(text, &ground)? {
                Intent::Questions(questions) => return Ok(Answer::Question { questions }),
                Intent::Understood(understood) => {
                    let name = understood.spec.name.clone();
                    if !understood.platform.is_empty() {
                        let text = workspace.texts.get(paths::CONFIG).map_or("", String::as_str);
                        let text = render::workspace_config(text, &understood.platform)?;
                        config = Config { rules: config.rules, ..document::parse(paths::CONFIG, &text)? };
                    }
                    findings.extend(understood.findings);
                    specs.insert(name.clone(), understood.spec);
                    (vec![name], workspace.specs.clone())
                }
            }
        }
        Of::Pipeline(name) => (vec![known(name, workspace)?.clone()], on_main(git)?),
        Of::All => (specs.keys().cloned().collect(), on_main(git)?),
    };
    if names.is_empty() {
        return Err(Diagnostic::error("no-pipeline", "there is no pipeline to plan")
            .next("`pipewright plan \"…\"` plans a requirement, `pipewright propose \"…\"` makes a pipeline")
            .fault());
    }
    let choice = Choice::of(&config.agents);
    let mut plans = Vec::new();
    for name in &names {
        let spec = &specs[name];
        let contracts = &workspace.contracts;
        let before = before.get(name);
        let context = Context { config: &config, contracts, specs: &specs, spec, before, only: None };
        let plan = plan::plan(&context)?;
        let rules = Own { choice: Choice::default(), answering: &|_| Ok(Vec::new()) };
        let (made, faults) = agents::made(&plan, &context, &rules);
        findings.extend(faults);
        let step = |task: &Task| {
            let count =
                |kind: ArtifactKind| made.iter().filter(|p| p.task == task.id && p.artifact.kind() == kind).count();
            step(task, &context, &choice, &count)
        };
        plans.push(Planned { pipeline: name.clone(), steps: plan.tasks.iter().map(step).collect() });
    }
    document::pin(&mut findings, &workspace.texts);
    findings.sort();
    findings.dedup();
    let gates = plans.iter().flat_map(|p| &p.steps).flat_map(|s| &s.gates);
    let waiting = gates.filter(|g| g.verdict == Verdict::Waits).count();
    Ok(Answer::Planned(Plans { plans, waiting, findings }))
}

impl Plans {
    /// Whether something would stop the change.
    pub fn is_stopped(&self) -> bool {
        self.findings.iter().any(|f| f.severity == Severity::Error)
    }
}

fn step(task: &Task, context: &Context<'_>, choice: &Choice<'_>, count: &dyn Fn(ArtifactKind) -> usize) -> Step {
    let rules = AGENTS.iter().find(|agent| agent.role == task.role);
    let gives = rules.map_or(&[][..], |a| a.gives);
    let taken = takers(task, gives, context, choice);
    let mut by: Vec<Part> = Vec::new();
    let left = gives.iter().filter(|kind| !taken.iter().any(|(_, kinds)| kinds.contains(kind)));
    let left: BTreeMap<String, Option<usize>> =
        left.map(|kind| (kind.as_str().to_owned(), Some(count(*kind)))).filter(|(_, n)| *n != Some(0)).collect();
    if !left.is_empty() || taken.is_empty() {
        by.push(Part { agent: RULES.to_owned(), gives: left });
    }
    by.extend(taken.into_iter().map(|(agent, kinds)| Part {
        agent: agent.name.to_string(),
        gives: kinds.into_iter().map(|kind| (kind.as_str().to_owned(), None)).collect(),
    }));
    Step {
        task: task.id.clone(),
        role: task.role,
        about: rules.map_or_else(String::new, |a| a.about.to_owned()),
        after: task.after.clone(),
        needs: rules.map_or(&[][..], |a| a.needs).iter().map(|n| (*n).to_owned()).collect(),
        by,
        gates: standings(task, context),
    }
}

fn known<'a>(name: &Name, workspace: &'a Workspace) -> Outcome<&'a Name> {
    if let Some((name, _)) = workspace.specs.get_key_value(name) {
        return Ok(name);
    }
    let near = nearest(name.as_str(), workspace.specs.keys().map(Name::as_str));
    let all: Vec<&str> = workspace.specs.keys().map(Name::as_str).collect();
    let next = match (near.first(), all.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "there is none yet: `pipewright propose \"…\"`".into(),
        (None, false) => format!("there are {}", all.join(", ")),
    };
    Err(Diagnostic::error("unknown-pipeline", format!("there is no pipeline `{name}`")).next(next).fault())
}

/// The specs as the main branch has them: what this work tree would change.
fn on_main(git: &Git) -> Outcome<BTreeMap<Name, Spec>> {
    let main = match git.main_branch() {
        Some(branch) => git.branch_commit(&branch)?,
        None => git.head()?.commit,
    };
    let mut out = BTreeMap::new();
    let folder = format!("{}/", paths::PIPELINES);
    for (path, entry) in git.entries(main)? {
        if !path.starts_with(&folder) || !path.ends_with(paths::SPEC_ENDING) {
            continue;
        }
        // What can't be read there is no ground to compare with; here it was read.
        let text = String::from_utf8(git.bytes(entry.id)?).unwrap_or_default();
        if let Ok(spec) = document::parse::<Spec>(&path, &text) {
            out.insert(spec.name.clone(), spec);
        }
    }
    Ok(out)
}
