//! The only part that touches files, git, network, processes and the clock.

pub mod files;
//! Files, git, processes, clock: the only input and output there is.

pub mod git;
pub mod lock;
