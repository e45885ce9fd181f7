//! Whether the gates of a plan are open: what a person approved by name, what a merge decides, what nobody can say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::size::{self, Size};
use super::{Context, Gate, Task};
use crate::vocabulary::Act;

/// How a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A person approved it by name, in the spec.
    Approved,
    /// Nothing is proposed until a person approves it in the spec.
    Waits,
    /// A person decides it by merging the change into the main branch.
    AtMerge,
    /// What it depends on is not known; a person should look.
    Unknown,
}

/// A gate, how it stands, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What is done.
    pub act: Act,
    /// To which relation, column, table or target.
    pub of: String,
    /// How it stands.
    pub verdict: Verdict,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it is a gate, or why it was approved.
    pub why: String,
}

impl Verdict {
    /// The verdict as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Approved => "approved",
            Verdict::Waits => "waits",
            Verdict::AtMerge => "at_merge",
            Verdict::Unknown => "unknown",
        }
    }
}

/// What runs in production once it is merged, where the workspace wants that approved by name.
pub(super) fn production(context: &Context<'_>) -> Option<Gate> {
    let asked = context.config.policies.require_approval.contains(&Act::Production);
    (asked && context.config.targets.prod.is_some()).then(|| Gate { act: Act::Production, of: PROD.into() })
}

const PROD: &str = "targets.prod";

/// The gates of a task as they stand, those that a merge decides or nobody can judge among them.
pub fn standings(task: &Task, context: &Context<'_>) -> Vec<Standing> {
    let mut out: Vec<Standing> = task.gates.iter().map(|gate| standing(gate, context)).collect();
    let plain = |act, of: &str, verdict, why: &str| Standing { act, of: of.into(), verdict, by: None, why: why.into() };
    if task.role == super::Role::Scheduling
        && context.config.targets.prod.is_some()
        && !task.gates.iter().any(|g| g.act == Act::Production)
    {
        let why = "production runs what is on the main branch, and nothing else";
        out.push(plain(Act::Production, PROD, Verdict::AtMerge, why));
    }
    if task.role == super::Role::Ingestion && context.config.policies.require_approval.contains(&Act::Backfill) {
        let unknown = size::loads(context).into_iter().filter(|(_, size)| *size == Size::Unknown);
        let why = "its contract counts no rows; `pipewright discover` does";
        out.extend(unknown.map(|(i, _)| plain(Act::Backfill, &i.table.to_string(), Verdict::Unknown, why)));
    }
    out
}

fn standing(gate: &Gate, context: &Context<'_>) -> Standing {
    let approval = context.spec.approvals.iter().find(|a| a.act == gate.act && a.of == gate.of);
    let why = match (approval, gate.act) {
        (Some(approval), _) => approval.why.clone(),
        (None, Act::Drop) => "what it holds is lost".into(),
        (None, Act::Narrow) => "values that no longer fit are lost".into(),
        (None, Act::Unmask) => "personal data that was hidden is shown".into(),
        (None, Act::Production) => "the workspace wants production approved by name".into(),
        (None, Act::Backfill) => {
            let size = size::loads(context).into_iter().find(|(i, _)| i.table.to_string() == gate.of);
            match size {
                Some((_, Size::Rows(rows))) => {
                    format!("up to {rows} rows are loaded, more than {}", context.config.policies.backfill_rows)
                }
                _ => "it loads more rows than usual".into(),
            }
        }
    };
    Standing {
        act: gate.act,
        of: gate.of.clone(),
        verdict: if approval.is_some() { Verdict::Approved } else { Verdict::Waits },
        by: approval.map(|a| a.by.clone()),
        why,
    }
}
