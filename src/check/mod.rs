//! What is wrong with a dbt project and what a change to it breaks, without a warehouse and without dbt.
//! [`analyse`] takes a [`Project`] and gives, for each node, what its query makes and what the rules find in it.

pub mod across;
pub mod against;
pub mod airflow;
mod analyse;
mod cron;
mod keyed;
mod prints;
pub mod python;
mod repository;
pub mod rules;
mod said;
mod shape;
pub mod spark;

use std::sync::Arc;

use crate::dbt::Project;
use crate::sql::ScopeRelation;
use crate::vocabulary::Diagnostic;
pub use analyse::analyse;
pub use prints::Prints;
pub use repository::{LONGEST, Repository};
pub use shape::Shape;

/// A project and what is known of each of its nodes, in the order of [`Project::nodes`].
#[derive(Debug)]
pub struct Analysis {
    /// The project.
    pub project: Project,
    /// What each node makes.
    pub shapes: Vec<Shape>,
    /// By what each node is compared with another version of it.
    pub prints: Vec<Arc<Prints>>,
    /// Everything that was found, sorted by place.
    pub findings: Vec<Diagnostic>,
    /// As what each node is seen by its readers.
    relations: Vec<Arc<ScopeRelation>>,
    /// What else its readers may know of it.
    told: Vec<Arc<rules::Told>>,
    /// What its tests say of all of it.
    keyed: keyed::Keyed,
    /// What was found in each node's query.
    found: Vec<Arc<[Diagnostic]>>,
}
