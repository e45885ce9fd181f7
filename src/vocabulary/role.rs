//! Who does what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
