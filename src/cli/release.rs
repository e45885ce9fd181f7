//! `pipewright release`

use std::path::Path;

use super::regenerate::told;
use super::report::Ui;
use crate::publish::ChoiceKind;
use crate::verbs::choose::{Options, choose};
use crate::vocabulary::Outcome;

/// Take generated files for yourself: they are never generated again.
///
/// `released` in pipewright.yml lists them, so that every clone and every reviewer knows. `check` says when a released
/// model reads what is no longer there.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright release dbt/models/marts/daily_sales.sql
  pipewright release 'dags/*.py'
  pipewright release --undo dbt/models/marts/daily_sales.sql   generate it again; as it stands it counts as an edit")]
pub(super) struct Args {
    /// Files, folders or patterns.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Give them back: they are generated again, and merged with what stands there.
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    agents: super::agents::Args,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let kind = if args.undo { ChoiceKind::Reclaim } else { ChoiceKind::Release };
    let chosen = vec![(kind, args.paths.clone())];
    let done = choose(&Options { dir: dir.to_owned(), programs: args.agents.programs(), chosen })?;
    Ok(told(&done, ui))
}
