//! One file a role. An agent is a function from a task and its context to proposals; the registry is [`AGENTS`], so a
//! new role is one new file and one line here.

use std::collections::BTreeMap;

use crate::contract::Contract;
use crate::plan::{Role, Task};
use crate::proposal::Proposal;
use crate::spec::Spec;
use crate::vocabulary::{Name, Outcome, TableRef};
use crate::workspace::Config;

/// What an agent is shown: never a file, never the network.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The workspace's configuration.
    pub config: &'a Config,
    /// All contracts.
    pub contracts: &'a BTreeMap<TableRef, Contract>,
    /// All specs of the workspace, the planned one among them: staging models are shared between pipelines.
    pub specs: &'a BTreeMap<Name, Spec>,
    /// The spec that is planned.
    pub spec: &'a Spec,
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
    pub gives: &'static [&'static str],
    /// The agent itself.
    pub propose: fn(&Task, &Context<'_>) -> Outcome<Vec<Proposal>>,
}

/// Every agent, in the order that a plan asks them.
pub const AGENTS: &[Agent] = &[];
