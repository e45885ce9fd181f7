//! What a repository says about itself: configuration, contracts, specs, the lock file, the ledger.

mod config;

pub use config::{Airflow, Config, Connection, Defaults, Environments, Granularity, Platform, Policies, Runtime};
