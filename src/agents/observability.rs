//! Observability: who is told when a run fails.

use super::because::Maker;
use super::{Agent, Brief};
use crate::plan::{Role, Task};
use crate::proposal::{Alert, Artifact, Proposal};
use crate::vocabulary::{ArtifactKind, Outcome};

pub(super) const AGENT: Agent = Agent {
    role: Role::Observability,
    about: "says who is told when a run fails",
    needs: &["spec"],
    gives: &[ArtifactKind::Alert],
    propose,
};

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let spec = brief.context.spec;
    let maker = Maker { task, spec, role: Role::Observability };
    let webhook_env = &brief.context.config.airflow.slack_webhook_env;
    let proposal = |(i, alert): (usize, &crate::spec::Alert)| {
        let (pipeline, slack, webhook_env) = (spec.name.clone(), alert.slack.clone(), webhook_env.clone());
        let why = format!("{} hears of every failed run", alert.slack);
        maker.of_spec(&format!("alerts.{i}"), why, Artifact::Alert(Alert { pipeline, slack, webhook_env }))
    };
    Ok(spec.alerts.iter().enumerate().map(proposal).collect())
}
