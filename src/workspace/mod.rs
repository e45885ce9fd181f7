//! What a repository says about itself: configuration, contracts, specs, the lock file, the ledger.

mod config;
mod ledger;

pub use config::{Airflow, Config, Connection, Defaults, Environments, Granularity, Platform, Policies, Runtime};
pub use ledger::{Dataset, Event, EventKind, Inverse, Job, Ledger};
