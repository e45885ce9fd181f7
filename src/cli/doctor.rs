//! `pipewright doctor`

use std::path::Path;

use super::progress::Progress;
use super::report::Ui;
use crate::verbs::doctor::{DoctorOptions, Health, doctor};
use crate::vocabulary::Outcome;

/// Say what is there, what is missing, and what to do about it. Changes nothing.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright doctor
  pipewright doctor --json")]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut progress = Progress::new(ui);
    let report = doctor(&DoctorOptions { workspace: dir.to_owned() }, &mut |event| progress.hear(event))?;
    drop(progress);
    ui.document(&report);
    for check in &report.checks {
        let mark = match check.status {
            Health::Ok => "ok",
            Health::Warn => "warn",
            Health::Missing => "missing",
        };
        ui.print(format_args!("{mark:8} {:24} {}\n", check.name, check.found));
        if let Some(next) = &check.next {
            ui.print(format_args!("{:33} next: {next}\n", ""));
        }
    }
    Ok(report.exit())
}
