//! What a repository says about itself: configuration, contracts, specs, the lock file, the ledger.

mod check;
mod config;
pub mod lock;
mod open;
pub mod paths;

pub use config::{Airflow, Config, Connection, Defaults, Environments, Granularity, Platform, Policies, Runtime};
pub use lock::{Lock, Locked};
pub use open::{Workspace, find};

mod ledger;
#[cfg(test)]
mod tests;

pub use config::{Act, Airflow, Config, Connection, Defaults, Environments, Granularity, Platform, Policies, Runtime};
pub use config::{Airflow, Config, Connection, Defaults, Environments, Granularity, Platform, Policies, Runtime};
pub use ledger::{Dataset, Event, EventKind, Inverse, Job, Ledger};
