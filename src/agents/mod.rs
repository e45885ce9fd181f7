//! One file a role. An agent is a function from a task and its brief to proposals; the registry is [`AGENTS`], so a
//! new role is one new file and one line here. In: [`Plan`] and [`Context`]; out: proposals, or all faults at once.

mod because;
mod conditions;
mod governance;
mod history;
mod ingestion;
pub mod models;
mod observability;
pub mod own;
mod quality;
mod rules;
mod scheduling;
mod schema;
mod transformation;

use crate::plan::{Context, Plan, Role, Task, spec_file};
use crate::proposal::Proposal;
use crate::vocabulary::{ArtifactKind, Diagnostic, Fault, Outcome, Place, nearest};
use models::Models;
use own::{Choice, Own};
pub use scheduling::watch;

/// What an agent is given.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// What is planned and what is known.
    pub context: Context<'a>,
    /// All models of the workspace, resolved.
    pub models: &'a Models,
}

/// An agent made of rules.
pub struct Agent {
    /// Its role.
    pub role: Role,
    /// What it does, in a line.
    pub about: &'static str,
    /// Kinds of input it reads.
    pub needs: &'static [&'static str],
    /// Kinds of artifact it proposes.
    pub gives: &'static [ArtifactKind],
    /// The agent itself.
    pub propose: fn(&Task, &Brief<'_>) -> Outcome<Vec<Proposal>>,
}

/// Every agent, in the order that a plan asks them.
pub const AGENTS: &[Agent] = &[
    ingestion::AGENT,
    schema::AGENT,
    transformation::AGENT,
    quality::AGENT,
    scheduling::AGENT,
    governance::AGENT,
    observability::AGENT,
];

/// Asks the agents of a plan, one task after the other: those made of rules.
///
/// # Errors
/// All that is wrong with the spec, and approvals that are missing, at once.
pub fn propose(plan: &Plan, context: &Context<'_>) -> Outcome<Vec<Proposal>> {
    propose_with(plan, context, &Own { choice: Choice::default(), answering: &|_| Ok(Vec::new()) })
}

/// As [`propose`], with agents of one's own for what they can do.
///
/// # Errors
/// As for [`propose`], and what an agent of one's own could not answer.
pub fn propose_with(plan: &Plan, context: &Context<'_>, own: &Own<'_>) -> Outcome<Vec<Proposal>> {
    let (proposals, mut faults) = made(plan, context, own);
    faults.extend(plan.tasks.iter().flat_map(|task| unapproved(task, context)));
    Fault::unless_empty(faults)?;
    Ok(proposals)
}

/// What the agents propose, whether or not it is approved, and all that is wrong.
pub fn made(plan: &Plan, context: &Context<'_>, own: &Own<'_>) -> (Vec<Proposal>, Vec<Diagnostic>) {
    let (models, mut faults) = models::resolve(context);
    let brief = Brief { context: *context, models: &models };
    let mut proposals = Vec::new();
    for task in &plan.tasks {
        for agent in AGENTS.iter().filter(|agent| agent.role == task.role) {
            let rules = (agent.propose)(task, &brief);
            match rules.and_then(|rules| own::instead(task, agent.gives, rules, &brief, own)) {
                Ok(more) => proposals.extend(more),
                Err(fault) => faults.extend(fault.diagnostics),
            }
        }
    }
    (proposals, faults)
}

/// What to do about a name that is not known: the nearest ones, or something else where none is near.
fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    let near = nearest(word, known);
    if near.is_empty() { otherwise.to_owned() } else { format!("did you mean `{}`?", near.join("`, `")) }
}

/// Gates of a task that nobody approved by name.
fn unapproved(task: &Task, context: &Context<'_>) -> Vec<Diagnostic> {
    let spec = context.spec;
    let missing = task.gates.iter().filter(|g| !spec.approvals.iter().any(|a| a.act == g.act && a.of == g.of));
    let fault = |gate: &crate::plan::Gate| {
        let act = gate.act.as_str();
        let next = format!("add `{{act: {act}, of: {}, by: NAME, why: REASON}}` to `approvals`", gate.of);
        Diagnostic::error("needs-approval", format!("to {act} `{}` a person must approve it by name", gate.of))
            .at(Place::path(spec_file(&spec.name), "approvals"))
            .next(next)
    };
    missing.map(fault).collect()
}

#[cfg(test)]
mod tests;
