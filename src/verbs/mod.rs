//! What Pipewright can do: one file a verb, typed input to typed output. The command line is a skin over these.

pub mod check;
pub mod choose;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod drift;
mod generate;
pub mod init;
pub mod log;
mod messages;
mod origins;
mod own;
mod part;
pub mod plan;
pub mod pr;
pub mod preview;
pub mod propose;
pub mod regenerate;
mod released;
pub mod rollback;
pub mod rows;
pub mod run;
mod session;
pub mod setup;

use crate::vocabulary::Outcome;
use crate::workspace::Workspace;
use crate::world::process::Command;

pub use own::Programs;
pub use session::Session;

/// The runtime's Python, for sources that it reads: looked for when the first of them is.
pub(crate) fn python(workspace: &Workspace) -> impl Fn() -> Outcome<Command> + '_ {
    || crate::run::python(&workspace.root, &workspace.config)
}
