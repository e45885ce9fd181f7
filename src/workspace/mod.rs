//! What a repository says about itself: configuration, contracts, specs, the lock file, the ledger.

mod check;
mod check_agents;
mod checking;
mod config;
mod language_model;
mod ledger;
pub mod lock;
mod message;
mod open;
mod own_agent;
pub mod paths;
mod pattern;
mod profiling;
mod reached;
mod url;

pub use checking::{Agreed, Checking, FAMILIES, FailOn, Level, Levels, OWN_CODES, UNKNOWN_CHANGE, family};
pub use config::{
    Airflow, Config, Connection, Defaults, Environments, Granularity, Platform, Policies, Reading, Runtime, Watch,
};
pub use language_model::{LanguageModel, ModelUse, Money, Price, Provider, ReadBy};
pub use ledger::{Dataset, Event, EventKind, Inverse, Job, Ledger};
pub use lock::{Lock, Locked};
pub use message::{Conversation, MOST_NAMES, Message, Says};
pub use open::{Workspace, find};
pub use own_agent::OwnAgent;
pub use pattern::Pattern;
pub use profiling::{Method, Profiling};
pub use reached::{Auth, AuthKind};

#[cfg(test)]
mod tests;
