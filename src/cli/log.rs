//! `pipewright log`

use std::path::Path;

use super::report::Ui;
use crate::verbs::log::log;
use crate::vocabulary::Outcome;
use crate::workspace::EventKind;

/// Show changes, runs and rollbacks: who, what, when, and what came of it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright log
  pipewright log -n 5 --json")]
pub(super) struct Args {
    /// Show at most so many, the newest first.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    number: usize,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut log = log(dir)?;
    let all = log.entries.len();
    log.entries.truncate(args.number);
    ui.document(&log);
    ui.diagnostics(&log.findings);
    if all == 0 {
        ui.say("Nothing was done here yet.");
    }
    for entry in &log.entries {
        let id = entry.change.as_deref().or(entry.run.as_deref()).unwrap_or("");
        let kind = match entry.event {
            EventKind::Discovered => "discover",
            EventKind::Proposed => "propose",
            EventKind::Question => "question",
            EventKind::RunStarted | EventKind::RunEnded => "run",
            EventKind::RolledBack => "rollback",
        };
        let at = entry.at.strftime("%Y-%m-%d %H:%M");
        let who = entry.by.split(" <").next().unwrap_or(&entry.by);
        ui.print(format_args!("{at}  {kind:9} {:12} {id:24} {who}: {}\n", entry.result, entry.what));
    }
    if all > log.entries.len() {
        ui.say(format_args!("… and {} more (`-n {all}`).", all - log.entries.len()));
    }
    Ok(0)
}
