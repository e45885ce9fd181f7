//! `pipewright discover`

use std::path::Path;

use super::progress::Progress;
use super::report::Ui;
use crate::run::Event;
use crate::verbs::discover::{DiscoverOptions, Status, discover};
use crate::vocabulary::Outcome;

/// Read sources, and write a contract for each table; nothing in a source is changed.
///
/// Edited contracts keep their edits.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright discover
  pipewright discover shop")]
pub(super) struct Args {
    /// One source of pipewright.yml; all if none.
    source: Option<String>,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut progress = Progress::new(ui);
    let mut at = |current: &str| {
        progress.hear(&Event::At { step: "discover".into(), done: 0, total: None, current: current.to_owned() });
    };
    let report = discover(&DiscoverOptions { dir: dir.to_owned(), source: args.source.clone() }, &mut at)?;
    drop(progress);
    ui.document(&report);
    ui.diagnostics(&report.warnings);
    let width = report.contracts.iter().map(|c| c.table.to_string().len()).max().unwrap_or(0);
    for found in &report.contracts {
        let status = match found.status {
            Status::Created => "new",
            Status::Updated => "changed",
            Status::Unchanged => "as before",
            Status::Merged => "merged",
            Status::Kept => "edits kept",
            Status::Deleted => "deleted",
        };
        let table = found.table.to_string();
        ui.say(format_args!(
            "  {table:width$}  {:3} columns  {:8} rows  {status:10}  {}",
            found.columns, found.rows, found.path
        ));
    }
    if report.changed {
        ui.say("Next: commit these, then `pipewright propose \"…\"`.");
    } else {
        ui.say("Nothing has changed.");
    }
    Ok(0)
}
