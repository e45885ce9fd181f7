//! What is wrong with a dbt project and what a change to it breaks, without a warehouse and without dbt.
//! [`analyse`] takes a [`Project`] and gives, for each node, what its query makes and what the rules find in it.

pub mod rules;

use std::sync::Arc;

use crate::dbt::{NodeId, Project};
use crate::sql::Resolved;
use crate::vocabulary::Diagnostic;

/// A project and what is known of each of its nodes, in the order of [`Project::nodes`].
#[derive(Debug)]
pub struct Analysis {
    /// The project.
    pub project: Project,
    /// What each node makes.
    pub shapes: Vec<Shape>,
    /// Everything that was found, sorted by place.
    pub findings: Vec<Diagnostic>,
}

/// What a node makes.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Columns with types, keys and lineage. Of what has no query (sources, seeds, Python models) what is declared.
    Known(Arc<Resolved<NodeId>>),
    /// Not known, and why. Whatever reads it is not known either where that matters.
    Unknown(Diagnostic),
    /// Left out: disabled.
    Disabled,
}
