//! What must hold in the `agents` of a configuration beyond the types of their fields.

use std::collections::BTreeSet;

use super::{Config, paths};
use crate::vocabulary::{ArtifactKind, Diagnostic, Place, Role};

/// Roles that a task of a plan has; the other two work before there is a plan.
const ROLES: &[Role] = &[
    Role::Ingestion,
    Role::Schema,
    Role::Transformation,
    Role::Quality,
    Role::Scheduling,
    Role::Governance,
    Role::Observability,
];
/// Kinds that follow from no task: they are what tasks follow from.
const BEFORE: &[ArtifactKind] = &[ArtifactKind::SourceContract, ArtifactKind::PipelineSpec, ArtifactKind::Platform];

/// Faults of the agents of one's own.
pub(super) fn agents(config: &Config, is_variable: fn(&str) -> bool) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut names = BTreeSet::new();
    for (i, agent) in config.agents.iter().enumerate() {
        let mut fault = |field: &str, what: String, next: &str| {
            let place = Place::path(paths::CONFIG, format!("agents.{i}.{field}"));
            out.push(Diagnostic::error("agent-config", what).at(place).next(next));
        };
        let name = agent.name.as_str();
        if ROLES.iter().chain([&Role::Orchestrator, &Role::Discovery]).any(|r| r.as_str() == name) {
            fault("name", format!("`{name}` is the name of a role"), "call it something else");
        }
        if !names.insert(name) {
            fault("name", format!("two agents are called `{name}`"), "rename one of them");
        }
        if agent.command.first().is_none_or(|program| program.trim().is_empty()) {
            fault("command", "the command names no program".into(), "such as [python3, agents/my_agent.py]");
        } else if agent.command.iter().any(|part| part.contains('\0')) {
            fault("command", "the command holds a NUL".into(), "take it out");
        }
        if agent.roles.is_empty() && agent.does.is_empty() {
            let next = "name `roles` ([quality]) or kinds of artifacts in `does` ([dbt_test])";
            fault("does", format!("`{name}` does not say what it does"), next);
        }
        for (n, role) in agent.roles.iter().enumerate().filter(|(_, role)| !ROLES.contains(role)) {
            let all: Vec<&str> = ROLES.iter().map(|r| r.as_str()).collect();
            let what = format!("`{}` has no task in a plan", role.as_str());
            fault(&format!("roles.{n}"), what, &format!("one of {}", all.join(", ")));
        }
        for (n, kind) in agent.does.iter().enumerate().filter(|(_, kind)| BEFORE.contains(kind)) {
            let what = format!("no task of a plan asks for a `{}`", kind.as_str());
            fault(&format!("does.{n}"), what, "a program hands it in: `my-agent | pipewright propose --from -`");
        }
        if !(1..=3600).contains(&agent.timeout_seconds) {
            fault("timeout_seconds", "the time limit is out of bounds".into(), "1 to 3600 seconds");
        }
        if !(1..=65_536).contains(&agent.output_kib) {
            fault("output_kib", "the limit of the answer is out of bounds".into(), "1 to 65536 KiB");
        }
        for n in (0..agent.env.len()).filter(|n| !is_variable(&agent.env[*n])) {
            let what = "this is no name of an environment variable: capital letters, digits and _".into();
            fault(&format!("env.{n}"), what, "write the variable's name; its value stays in the environment");
        }
    }
    out
}
