//! `pipewright check`

use std::path::Path;

use super::report::Ui;
use crate::verbs::check::check;
use crate::vocabulary::{Outcome, Severity};

/// Check that generated files follow from contracts and specs, and that no conflict is left; for CI.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright check
  pipewright check --json")]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let checked = check(dir)?;
    ui.document(&checked);
    ui.diagnostics(&checked.findings);
    let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count();
    ui.say(format_args!("{} files of {} pipelines checked, {errors} errors.", checked.files, checked.pipelines));
    if !checked.released.is_empty() {
        ui.say(format_args!("Released, so not checked: {}.", checked.released.join(", ")));
    }
    Ok(u8::from(errors > 0))
}
