//! Files, git, processes, clock: the only input and output there is.

pub mod git;
pub mod lock;
