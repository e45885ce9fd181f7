//! How many rows a change loads that were not loaded before, as far as contracts know.

use serde::{Deserialize, Serialize};

use super::{Context, Gate};
use crate::spec::Ingest;
use crate::vocabulary::Act;

/// Rows that a load reads at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Size {
    /// So many, counted when the source was profiled.
    Rows(u64),
    /// The contract counts none.
    Unknown,
}

/// Tables that this change loads as a whole: new ones, and those whose rows, mode or key are others than before. A DAG
/// never catches up (`catchup=False`), so each is loaded once; how many rows a window leaves is not known, so all count.
pub(super) fn loads<'a>(context: &Context<'a>) -> Vec<(&'a Ingest, Size)> {
    let before = |ingest: &&Ingest| !context.before.is_some_and(|b| b.ingest.contains(ingest));
    let size = |ingest: &Ingest| {
        let profile = context.contracts.get(&ingest.table).and_then(|c| c.profile.as_ref());
        profile.map_or(Size::Unknown, |p| Size::Rows(p.rows))
    };
    context.spec.ingest.iter().filter(before).map(|i| (i, size(i))).collect()
}

/// Backfills that need an approval.
pub(super) fn gates(context: &Context<'_>) -> Vec<Gate> {
    let policies = &context.config.policies;
    if !policies.require_approval.contains(&Act::Backfill) {
        return Vec::new();
    }
    let large = loads(context).into_iter().filter(|(_, size)| *size > Size::Rows(policies.backfill_rows));
    let known = large.filter(|(_, size)| *size != Size::Unknown);
    let mut gates: Vec<Gate> = known.map(|(i, _)| Gate { act: Act::Backfill, of: i.table.to_string() }).collect();
    gates.sort_by(|a, b| a.of.cmp(&b.of));
    gates.dedup();
    gates
}
