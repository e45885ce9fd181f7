//! `pipewright setup`

use std::path::Path;

use super::progress::Progress;
use super::report::Ui;
use crate::verbs::setup::{SetupOptions, setup};
use crate::vocabulary::Outcome;

/// Install dbt, dlt and DuckDB, pinned and hashed, into a cache; Airflow and Snowflake's parts on request.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright setup
  pipewright setup --with airflow --with snowflake

Environment:
  PIPEWRIGHT_CACHE   where the runtime is kept (default: the user's cache folder)
  PIPEWRIGHT_PYTHON  the Python 3.10+ that it is made from")]
pub(super) struct Args {
    /// A part besides the core; may be given more than once.
    #[arg(long, value_name = "PART")]
    with: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Airflow 3, in an environment of its own.
    Airflow,
    /// dbt's and dlt's parts for Snowflake.
    Snowflake,
}

pub(super) fn run(args: &Args, _dir: &Path, ui: &Ui) -> Outcome<u8> {
    let has = |part| args.with.contains(&part);
    let mut progress = Progress::new(ui);
    let options = SetupOptions { airflow: has(Part::Airflow), snowflake: has(Part::Snowflake) };
    let report = setup(&options, &mut |event| progress.hear(event))?;
    drop(progress);
    ui.document(&report);
    for (name, part) in &report.parts {
        let versions: Vec<String> = part.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        ui.say(format_args!("{name:14} {:9} {}", part.status, versions.join(", ")));
    }
    Ok(0)
}
