//! Agents of one's own: which tasks they take, what they are told, and what becomes of their answers. In: a task of the
//! plan with what the rules propose for it; out: the same with the answers in their place. Nothing here runs a program:
//! whoever calls says how a task is answered.

mod answer;
mod choice;
mod task;

use std::collections::{BTreeMap, BTreeSet};

pub use answer::read;
pub use choice::Choice;
pub use task::{OwnAnswer, OwnTask, SCHEMA, ShownModel};

use super::Brief;
use crate::plan::{Context, Task};
use crate::proposal::Proposal;
use crate::vocabulary::{ArtifactKind, Dialect, Outcome};
use crate::workspace::{OwnAgent, lock};

/// A task that an agent of one's own is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Who is asked.
    pub agent: &'a OwnAgent,
    /// What.
    pub task: OwnTask,
}

impl Ask<'_> {
    /// The task as it is written to the program.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.task).unwrap_or_default()
    }

    /// A hash over the task and the agent's entry in the configuration: what is answered once is not asked again.
    pub fn hash(&self) -> String {
        let entry = serde_json::to_string(self.agent).unwrap_or_default();
        lock::hash([entry.as_str(), self.text().as_str()])
    }
}

/// How tasks are answered.
pub type Answering<'a> = dyn Fn(&Ask<'_>) -> Outcome<Vec<Proposal>> + 'a;

/// The agents of a workspace, and how they are asked.
pub struct Own<'a> {
    /// Which of them does what.
    pub choice: Choice<'a>,
    /// How one is asked.
    pub answering: &'a Answering<'a>,
}

/// The agents that take a part of a task, each with the kinds that it takes.
pub fn takers<'a>(
    task: &Task,
    gives: &[ArtifactKind],
    context: &Context<'_>,
    choice: &Choice<'a>,
) -> Vec<(&'a OwnAgent, BTreeSet<ArtifactKind>)> {
    if choice.is_empty() {
        return Vec::new();
    }
    let (sources, targets) = databases(context);
    let mut out: BTreeMap<&str, (&OwnAgent, BTreeSet<ArtifactKind>)> = BTreeMap::new();
    for kind in gives {
        if let Some(agent) = choice.choose(task.role, *kind, &sources, &targets) {
            out.entry(agent.name.as_str()).or_insert((agent, BTreeSet::new())).1.insert(*kind);
        }
    }
    out.into_values().collect()
}

/// The kinds of databases that a pipeline reads, and those that it is built in.
fn databases(context: &Context<'_>) -> (Vec<Dialect>, Vec<Dialect>) {
    let sources = task::tables(context.spec).into_iter().filter_map(|t| context.config.sources.get(&t.source));
    let both = |e: &crate::workspace::Environments| [Some(e.dev.dialect()), e.prod.as_ref().map(|p| p.dialect())];
    let read: BTreeSet<Dialect> = sources.flat_map(both).flatten().collect();
    (read.into_iter().collect(), context.config.target_dialects())
}

/// Puts the answers of one's own agents into the place of what the rules propose for the kinds that they take.
///
/// # Errors
/// What an agent could not answer, or answered wrongly.
pub(super) fn instead(
    task: &Task,
    gives: &[ArtifactKind],
    rules: Vec<Proposal>,
    brief: &Brief<'_>,
    own: &Own<'_>,
) -> Outcome<Vec<Proposal>> {
    let mut out = rules;
    for (agent, kinds) in takers(task, gives, &brief.context, &own.choice) {
        let (theirs, rest) = out.into_iter().partition(|p| kinds.contains(&p.artifact.kind()));
        let ask = Ask { agent, task: OwnTask::of(task, agent, &kinds, theirs, brief) };
        out = rest;
        out.extend((own.answering)(&ask)?);
    }
    Ok(out)
}
