//! Governance: which columns of which models hold personal data.

use super::because::Maker;
use super::{Agent, Brief, history};
use crate::plan::{Role, Task};
use crate::proposal::{Artifact, Layer, Policy, Proposal};
use crate::vocabulary::{ArtifactKind, Outcome};

pub(super) const AGENT: Agent = Agent {
    role: Role::Governance,
    about: "says which columns hold personal data, wherever it flows",
    needs: &["contracts", "spec"],
    gives: &[ArtifactKind::Policy],
    propose,
};

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let spec = brief.context.spec;
    let maker = Maker { task, spec, role: Role::Governance };
    let mut proposals = Vec::new();
    for model in brief.models.of(spec) {
        for column in model.columns.iter().flatten() {
            let Some(pii) = &column.pii else { continue };
            let artifact =
                Artifact::Policy(Policy { model: model.name.clone(), column: column.name.clone(), pii: pii.clone() });
            let path = format!("models.{}.columns.{}", model.name, column.name);
            proposals.push(match &model.layer {
                Layer::Staging(table) => {
                    maker.of_contract(&table.to_string(), format!("the contract tags it pii.{pii}"), artifact)
                }
                _ => maker.of_spec(&path, format!("it comes from a column tagged pii.{pii}"), artifact),
            });
        }
    }
    let kept = spec.history.iter().enumerate().filter(|(_, history)| brief.context.asks(&history.name));
    for (i, history) in kept {
        let columns = history::watched(brief, history).into_iter().flat_map(|m| m.columns.iter().flatten());
        for (column, pii) in columns.filter_map(|c| Some((c, c.pii.clone()?))) {
            let why = format!("a state keeps what `{}.{}` held", history.of, column.name);
            let policy = Policy { model: history.name.clone(), column: column.name.clone(), pii };
            proposals.push(maker.of_spec(&format!("history.{i}"), why, Artifact::Policy(policy)));
        }
    }
    Ok(proposals)
}
