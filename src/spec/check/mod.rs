//! What people can get wrong in a spec.

mod cron;
mod graph;

pub use cron::cron;
pub(crate) use graph::cycles;
