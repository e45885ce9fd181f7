//! What a program is told: the task, and as much of the workspace as it needs. No personal value, no connection.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agents::Brief;
use crate::agents::models::Resolved;
use crate::contract::Contract;
use crate::plan::Task;
use crate::proposal::{Layer, ModelColumn, Proposal};
use crate::spec::Spec;
use crate::vocabulary::{ArtifactKind, Dialect, Name, Relation, Role, TableRef};
use crate::workspace::OwnAgent;

/// Version of the task's form; a program that knows another says so and exits with a code that is not 0.
pub const SCHEMA: u32 = 1;

/// A task for an agent of one's own: one JSON document on its standard input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Pipewright task")]
pub struct OwnTask {
    /// Version of this form: 1.
    pub schema: u32,
    /// The task of the plan, `<pipeline>/<role>`.
    pub task: String,
    /// The agent that is asked.
    pub agent: Name,
    /// The role that the task belongs to.
    pub role: Role,
    /// Kinds of artifacts that are asked for; an answer that holds any other is refused.
    pub gives: Vec<ArtifactKind>,
    /// The pipeline's spec.
    pub spec: Spec,
    /// The databases that everything must work on.
    pub dialects: Vec<Dialect>,
    /// Contracts of the tables that the pipeline lands or stages. Values of columns that hold personal data are left out.
    pub contracts: Vec<Contract>,
    /// The pipeline's models with their columns, as the rules build them.
    pub models: Vec<ShownModel>,
    /// What the rules propose for these kinds. The answer takes its place: an agent that adds to it repeats it.
    pub rules: Vec<Proposal>,
}

/// A model as a program is shown it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownModel {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub layer: Layer,
    /// What a row is.
    pub description: String,
    /// Columns that tell rows apart; empty where that is not known.
    pub grain: Vec<Name>,
    /// Its columns in order; none where the spec writes the query itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<ModelColumn>>,
    /// Those of its columns that hold personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal: Vec<Name>,
}

/// What an agent of one's own answers: one JSON document on its standard output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Pipewright answer")]
pub struct OwnAnswer {
    /// Everything of the kinds that were asked for; none is an answer too. `by` and `task` are filled in, whatever they
    /// say; `because` is the spec where it is left out.
    pub proposals: Vec<Proposal>,
}

impl OwnTask {
    /// The task as `agent` is told it.
    pub(super) fn of(
        task: &Task,
        agent: &OwnAgent,
        gives: &BTreeSet<ArtifactKind>,
        rules: Vec<Proposal>,
        brief: &Brief<'_>,
    ) -> OwnTask {
        let context = &brief.context;
        OwnTask {
            schema: SCHEMA,
            task: task.id.clone(),
            agent: agent.name.clone(),
            role: task.role,
            gives: gives.iter().copied().collect(),
            spec: context.spec.clone(),
            dialects: context.config.target_dialects(),
            contracts: tables(context.spec).iter().filter_map(|t| context.contracts.get(t)).map(redacted).collect(),
            models: brief.models.of(context.spec).map(shown).collect(),
            rules,
        }
    }
}

/// Tables that a pipeline lands or stages.
pub(super) fn tables(spec: &Spec) -> BTreeSet<TableRef> {
    let staged = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => Some(table.clone()),
        Relation::Model(_) => None,
    });
    spec.ingest.iter().map(|i| i.table.clone()).chain(staged).collect()
}

fn shown(model: &Resolved) -> ShownModel {
    let column = |c: &crate::agents::models::Column| ModelColumn {
        name: c.name.clone(),
        description: c.description.clone(),
        data_type: c.data_type,
    };
    let columns = model.columns.iter().flatten();
    ShownModel {
        name: model.name.clone(),
        layer: model.layer.clone(),
        description: model.description.clone(),
        grain: model.grain.clone(),
        personal: columns.filter(|c| c.pii.is_some()).map(|c| c.name.clone()).collect(),
        columns: model.columns.as_ref().map(|all| all.iter().map(column).collect()),
    }
}

/// A contract without the values of columns that hold personal data, by their tag or by what the values look like.
fn redacted(contract: &Contract) -> Contract {
    // What was measured changes with every discovery, and nothing that is generated does with it.
    let mut contract = contract.without_measures();
    for column in &mut contract.columns {
        if column.pii().is_some() || column.accepted_values.iter().any(|v| looks_personal(v)) {
            column.accepted_values.clear();
        }
        if column.pii().is_some() || column.examples.iter().any(|v| looks_personal(v)) {
            column.examples.clear();
        }
    }
    contract
}

/// An address of e-mail, or as many digits as a phone number or card has.
fn looks_personal(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    value.contains('@') || digits >= 7 && value.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c))
}
