//! The only part that touches files, git, network, processes and the clock.

pub mod clock;
pub mod files;
pub mod git;
pub mod http;
pub mod local;
pub mod lock;
pub mod process;
pub mod texts;
