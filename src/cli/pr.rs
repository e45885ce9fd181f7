//! `pipewright pr`

use std::path::Path;

use super::report::Ui;
use crate::verbs::pr::pull_request;
use crate::vocabulary::Outcome;

/// Print the text of a change's pull request: what was asked, where it is, what proves it, lineage, how to undo.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright pr > body.md && gh pr create --body-file body.md
  pipewright pr pipewright/daily_sales")]
pub(super) struct Args {
    /// A branch or commit; HEAD if none.
    revision: Option<String>,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let request = pull_request(dir, args.revision.as_deref())?;
    ui.document(&request);
    ui.print(&request.body);
    Ok(0)
}
