//! What a change means: two analyses, base and head, become an [`Against`]: what differs in each node, and whom that
//! reaches or breaks, by column lineage. Pure. Nodes whose fingerprints are alike cost a few comparisons of numbers.

mod breaks;
mod columns;
mod config;
mod differ;
#[cfg(test)]
mod edits;
mod exposures;
mod faults;
mod graph;
mod judge;
mod mermaid;
mod pairs;
mod promises;
mod reach;
mod same;
mod seeds;
#[cfg(test)]
mod tests;
mod verdict;

use crate::spec::Approval;
use crate::vocabulary::Act;

use super::Analysis;
pub use mermaid::mermaid;
pub use verdict::{
    Against, Approved, Change, Counts, Difference, Edge, Graph, GraphNode, Reader, Thing, Unread, Use, Verdict, What,
};

/// What is known beside the two projects.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Breaking changes that people agreed to.
    pub approved: Vec<Approved>,
    /// Who reads or builds nodes outside of dbt: DAGs, contracts, pipelines.
    pub readers: Vec<Outsider>,
}

/// Something outside of dbt that reads or builds a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outsider {
    /// What it is called.
    pub name: String,
    /// [`Thing::Dag`], [`Thing::Contract`] or [`Thing::Pipeline`].
    pub kind: Thing,
    /// The node, as dbt writes it.
    pub node: String,
    /// The columns that it reads; empty where that is not known, or all.
    pub columns: Vec<String>,
    /// What breaks it.
    pub holds: Holds,
}

/// What of a node something outside of dbt holds on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// It took it along in the base, and does not any more.
    Before,
    /// It goes on with whatever is there: a DAG that builds all of a folder.
    Loosely,
    /// The node by its name: without it, it does nothing.
    Name,
    /// The node and those columns.
    Columns,
}

impl Outsider {
    /// Whether it reads a column, as far as is known.
    fn reads(&self, column: &str) -> bool {
        self.columns.is_empty() || self.columns.iter().any(|c| c == column)
    }
}

impl Approved {
    /// What a spec's approval agrees to: dropping and narrowing break what reads it.
    pub fn of_spec(approval: &Approval) -> Option<Approved> {
        if !matches!(approval.act, Act::Drop | Act::Narrow) {
            return None;
        }
        let parts: Vec<&str> = approval.of.split('.').collect();
        // `model`, `layer.model`, `layer.model.column`.
        let (model, column) = match parts.as_slice() {
            [model] | [_, model] => (*model, None),
            [_, model, column] => (*model, Some((*column).to_owned())),
            _ => return None,
        };
        Some(Approved { model: model.to_owned(), column, reason: approval.why.clone(), by: approval.by.clone() })
    }
}

/// What the way from `base` to `head` means.
pub fn against(base: &Analysis, head: &Analysis, around: &Around) -> Against {
    let pairs = pairs::Pairs::of(base, head);
    let sides = judge::Sides::new(base, head, &pairs, around);
    judge::judge(sides)
}
