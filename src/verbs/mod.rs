//! What Pipewright can do: one file a verb, typed input to typed output. The command line is a skin over these.

pub mod discover;
pub mod doctor;
pub mod init;
pub mod run;
mod session;
pub mod setup;

pub use session::Session;
