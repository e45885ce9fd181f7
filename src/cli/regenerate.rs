//! `pipewright regenerate`

use std::path::Path;

use super::report::Ui;
use crate::verbs::regenerate::regenerate;
use crate::vocabulary::{Outcome, Severity};

/// Generate everything again from contracts and specs, keeping hand edits.
///
/// What changed goes onto a branch, as one commit. What can't be merged with an edit becomes conflict markers there, and
/// the exit code is 1.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright regenerate        after a contract, a spec or Pipewright itself has changed")]
pub(super) struct Args {
    #[command(flatten)]
    agents: super::agents::Args,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let done = regenerate(dir, args.agents.programs())?;
    ui.document(&done);
    ui.diagnostics(&done.findings);
    match &done.branch {
        None => ui.say("Nothing to change: what is generated follows from the documents already."),
        Some(branch) => {
            ui.say(format_args!("Generated again on {branch}: {} files.", done.files.len()));
            ui.say("Next: `pipewright diff` shows it.");
        }
    }
    Ok(u8::from(done.findings.iter().any(|f| f.severity == Severity::Error)))
}
