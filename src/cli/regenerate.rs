//! `pipewright regenerate`

use std::path::Path;

use super::diff::coloured;
use super::report::{Ui, counted};
use crate::publish::ChoiceKind;
use crate::verbs::choose::{Done, Options, choose};
use crate::verbs::preview::{Preview, preview};
use crate::verbs::regenerate::regenerate;
use crate::vocabulary::{Diagnostic, Outcome, Severity};

/// Generate everything again from contracts and specs, keeping hand edits.
///
/// What changed goes onto a branch, as one commit. What can't be merged with an edit becomes conflict markers there, and
/// the exit code is 1. With --dry-run nothing is written and the exit code is what it would be.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright regenerate                              after a contract, a spec or Pipewright itself has changed
  pipewright regenerate --dry-run                    what would change in each file, and why
  pipewright regenerate --accept dags/sales.py       take the new text; the edit goes, in a commit that can be undone
  pipewright regenerate --keep 'dbt/models/**/*.yml' keep the edited text, for good")]
pub(super) struct Args {
    /// Write nothing: show what would change, why, and the conflicts.
    #[arg(long, conflicts_with_all = ["accept", "keep"])]
    dry_run: bool,
    /// Take the text as generated now for these files, folders or patterns; what people edited there goes.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    accept: Vec<String>,
    /// Keep the edited text of these files, folders or patterns; it counts as merged.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    keep: Vec<String>,
    #[command(flatten)]
    agents: super::agents::Args,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    if args.dry_run {
        return show(&preview(dir, args.agents.programs())?, ui);
    }
    if !args.accept.is_empty() || !args.keep.is_empty() {
        let chosen = vec![(ChoiceKind::Accept, args.accept.clone()), (ChoiceKind::Keep, args.keep.clone())];
        let done = choose(&Options { dir: dir.to_owned(), programs: args.agents.programs(), chosen })?;
        return Ok(told(&done, ui));
    }
    let done = regenerate(dir, args.agents.programs())?;
    ui.document(&done);
    ui.diagnostics(&done.findings);
    match &done.branch {
        None => ui.say("Nothing to change: what is generated follows from the documents already."),
        Some(branch) => {
            ui.say(format_args!("Generated again on {branch}: {}.", counted(done.files.len(), "file")));
            ui.say("Next: `pipewright diff` shows it.");
        }
    }
    Ok(exit(&done.findings))
}

fn exit(findings: &[Diagnostic]) -> u8 {
    u8::from(findings.iter().any(|f| f.severity == Severity::Error))
}

/// What was chosen, for people and programs.
pub(super) fn told(done: &Done, ui: &Ui) -> u8 {
    ui.document(done);
    ui.diagnostics(&done.findings);
    for chosen in &done.chosen {
        ui.say(format_args!("  {:<8} {}", chosen.choice.word(), chosen.path));
    }
    match (&done.branch, &done.change) {
        (Some(branch), Some(change)) => {
            ui.say(format_args!("Committed on {branch}. Undo this: `pipewright rollback {change}`."));
        }
        _ => ui.say("Nothing to change: everything stands so already."),
    }
    0
}

fn show(preview: &Preview, ui: &Ui) -> Outcome<u8> {
    ui.document(preview);
    ui.diagnostics(&preview.findings);
    if preview.files.is_empty() {
        ui.say("Nothing would change: what is generated follows from the documents already.");
        return Ok(exit(&preview.findings));
    }
    for file in &preview.files {
        let edited = if file.edited { ", edited by hand" } else { "" };
        ui.print(format_args!(
            "{:<9} {}  +{} -{}{edited}\n",
            file.change, file.diff.path, file.diff.added, file.diff.removed
        ));
        for because in &file.because {
            let documents: String = because.documents.iter().map(|path| format!("{path} ")).collect();
            ui.print(format_args!("          {}: {documents}{}\n", because.kind, because.what));
        }
    }
    for file in &preview.files {
        ui.print("\n");
        for line in file.diff.text.split_inclusive('\n') {
            ui.print(coloured(line));
        }
    }
    ui.say(format_args!("\n{} would change; nothing was written.", counted(preview.files.len(), "file")));
    Ok(exit(&preview.findings))
}
