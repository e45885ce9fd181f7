//! Intent and contracts become a plan: which agent does what, in what order, behind which gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{Act, Name};

/// Tasks in an order that respects `after`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The pipeline that is planned.
    pub pipeline: Name,
    /// One task a role that has something to do.
    pub tasks: Vec<Task>,
}

/// What one agent is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// `<pipeline>/<role>`.
    pub id: String,
    /// Who does it.
    pub role: Role,
    /// Tasks that come before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// What a person must approve by name before it may be proposed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
}

/// An approval that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is done.
    pub act: Act,
    /// To which relation or column.
    pub of: String,
}

/// The role of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Requirement to spec.
    Orchestrator,
    /// Sources to contracts.
    Discovery,
    /// dlt scripts.
    Ingestion,
    /// DDL and the dbt project's sources.
    Schema,
    /// dbt models and macros.
    Transformation,
    /// Tests and unit tests.
    Quality,
    /// DAGs.
    Scheduling,
    /// Personal data and policies.
    Governance,
    /// Alerts.
    Observability,
}

impl Role {
    /// The role in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Orchestrator => "orchestrator",
            Role::Discovery => "discovery",
            Role::Ingestion => "ingestion",
            Role::Schema => "schema",
            Role::Transformation => "transformation",
            Role::Quality => "quality",
            Role::Scheduling => "scheduling",
            Role::Governance => "governance",
            Role::Observability => "observability",
        }
    }
}
