//! What was said on the way from a request to a change, as the ledger keeps it.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Context, Plan, Standing, standings};
use crate::proposal::Proposal;
use crate::publish::base32_of;
use crate::vocabulary::{Fault, Name, Role, Severity};
use crate::workspace::{Conversation, Dataset, Event, Job, MOST_NAMES, Message, Says};

/// Who proves proposals, and holds what a person decides.
const GATE: &str = "gate";

/// What one pipeline's agents were asked and said.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) pipeline: Name,
    job: String,
    inputs: Vec<Dataset>,
    tasks: Vec<Asked>,
}

/// One task, and who did which part of it.
#[derive(Clone, Debug)]
struct Asked {
    task: String,
    parts: BTreeMap<String, Part>,
    gates: Vec<Standing>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    artifacts: BTreeMap<String, usize>,
    names: BTreeSet<String>,
}

impl Talk {
    /// What was asked and proposed for one plan. `others` are agents that took a part of a task, whatever they answered.
    pub(super) fn of(plan: &Plan, context: &Context<'_>, proposals: &[Proposal], others: &[(String, String)]) -> Talk {
        let mut parts: BTreeMap<&str, BTreeMap<String, Part>> = BTreeMap::new();
        for proposal in proposals {
            let part = parts.entry(&proposal.task).or_default().entry(proposal.by.clone()).or_default();
            *part.artifacts.entry(proposal.artifact.kind().as_str().to_owned()).or_default() += 1;
            if part.names.len() < MOST_NAMES {
                part.names.insert(proposal.artifact.subject());
            }
        }
        let asked = |task: &crate::plan::Task| {
            let mut parts = parts.remove(task.id.as_str()).unwrap_or_default();
            for (_, agent) in others.iter().filter(|(id, _)| *id == task.id) {
                parts.entry(agent.clone()).or_default();
            }
            if parts.is_empty() {
                parts.insert(task.role.as_str().to_owned(), Part::default());
            }
            Asked { task: task.id.clone(), parts, gates: standings(task, context) }
        };
        let spec = context.spec;
        let dataset = |ingest: &crate::spec::Ingest| {
            let from = context.config.sources.get(&ingest.table.source)?;
            Some(Dataset { namespace: from.dev.namespace(), name: ingest.table.table.to_string() })
        };
        Talk {
            pipeline: plan.pipeline.clone(),
            job: context.config.name.to_string(),
            inputs: spec.ingest.iter().filter_map(dataset).take(MOST_NAMES).collect(),
            tasks: plan.tasks.iter().map(asked).collect(),
        }
    }
}

/// The conversation about a change: the request, each task with its answers, what the gates said, what came of it.
/// `name` is the change's where there is one.
pub(super) fn conversation(event: &Event, talks: &[Talk], refused: Option<&Fault>) -> Vec<Message> {
    let name = event.change.clone().unwrap_or_else(|| base32_of(&[&event.at.to_string(), &event.what, &event.result]));
    let orchestrator = Role::Orchestrator.as_str();
    let mut all = Conversation::new(&name);
    let request = all.say(None, &event.by, orchestrator, Says::Request, "asked");
    all.with(|m| m.text = event.what.clone());
    for talk in talks {
        for asked in &talk.tasks {
            for (agent, part) in &asked.parts {
                let task = all.say(Some(&request), orchestrator, agent, Says::Task, "asked");
                all.with(|m| {
                    m.task = Some(asked.task.clone());
                    let name = asked.task.replace('/', ".");
                    m.job = Some(Job { namespace: talk.job.clone(), name });
                    if asked.task.ends_with(Role::Ingestion.as_str()) {
                        m.inputs = talk.inputs.clone();
                    }
                });
                let result = if part.artifacts.is_empty() { "nothing" } else { "proposed" };
                all.say(Some(&task), agent, GATE, Says::Proposals, result);
                all.with(|m| {
                    m.task = Some(asked.task.clone());
                    m.artifacts = part.artifacts.clone();
                    m.names = part.names.iter().cloned().collect();
                });
            }
            for gate in &asked.gates {
                let by = gate.by.as_deref().unwrap_or(GATE);
                all.say(Some(&request), by, orchestrator, Says::Verdict, gate.verdict.as_str());
                all.with(|m| {
                    m.task = Some(asked.task.clone());
                    m.text = format!("{} {}: {}", gate.act.as_str(), gate.of, gate.why);
                });
            }
        }
    }
    if !talks.is_empty() || refused.is_some() {
        all.say(
            Some(&request),
            GATE,
            orchestrator,
            Says::Verdict,
            if refused.is_some() { "refused" } else { "proven" },
        );
        all.with(|m| m.text = refused.map(codes).unwrap_or_default());
    }
    let says = if event.result == "question" { Says::Question } else { Says::Answer };
    all.say(Some(&request), orchestrator, &event.by, says, &event.result);
    all.close()
}

/// `3 unknown-column, 1 cycle`.
fn codes(fault: &Fault) -> String {
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for d in fault.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
        *codes.entry(&d.code).or_default() += 1;
    }
    codes.iter().map(|(code, n)| format!("{n} {code}")).collect::<Vec<_>>().join(", ")
}
