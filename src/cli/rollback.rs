//! `pipewright rollback`

use std::path::Path;

use super::progress::Progress;
use super::report::{Ui, counted};
use crate::verbs::rollback::{Options, rollback};
use crate::vocabulary::Outcome;

/// Take a change back: a revert as a new commit, and the relations that it leaves behind.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright rollback                  the latest change of this branch
  pipewright rollback 3k7c9qg2m1xa     a change by its name (see `pipewright log`)
  pipewright rollback --drop           and drop in dev what nothing builds any more")]
pub(super) struct Args {
    /// Name of the change; the latest on this branch if none.
    change: Option<String>,
    /// Drop in dev the relations that no pipeline builds any more.
    #[arg(long)]
    drop: bool,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut progress = Progress::new(ui);
    let options = Options { dir: dir.to_owned(), change: args.change.clone(), drop: args.drop };
    let done = rollback(&options, &mut |event| progress.hear(event))?;
    drop(progress);
    ui.document(&done);
    ui.diagnostics(&done.findings);
    ui.say(format_args!(
        "Took back {} on {}: {}.",
        done.rollback.of.join(", "),
        done.rollback.branch,
        counted(done.rollback.files.len(), "file")
    ));
    if done.dropped {
        ui.say(format_args!("Dropped {} relations in dev that nothing builds any more.", done.leftovers.len()));
    } else if !done.leftovers.is_empty() {
        ui.say("Git can't take back what was built. These drop it (`--drop` runs them in dev):");
        for left in &done.leftovers {
            ui.say(format_args!("  {}", left.statement));
        }
    }
    ui.say(format_args!("Undo this: `pipewright rollback {}`.", done.rollback.id));
    Ok(0)
}
