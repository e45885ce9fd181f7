//! The command line: arguments, one file a command, reports. A thin skin over [`crate::verbs`].

mod agents;
mod ask;
mod check;
mod diff;
mod discover;
mod doctor;
mod drift;
mod handed;
mod init;
mod log;
mod plan;
mod pr;
mod progress;
mod propose;
mod reading;
mod regenerate;
mod release;
mod report;
mod rollback;
mod run;
mod schema;
mod setup;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::vocabulary::Outcome;
use report::Ui;

/// From a requirement to a reviewed change of a data platform: dbt models and tests, DDL, ingestion and Airflow DAGs,
/// on a git branch, run and undone with one command.
#[derive(Parser)]
#[command(name = "pipewright", version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Work in this folder instead of the present one.
    #[arg(short = 'C', value_name = "DIR", global = true, default_value = ".")]
    dir: PathBuf,
    /// Print one JSON document to standard output; everything else goes to standard error.
    #[arg(long, global = true)]
    json: bool,
    /// Say only what went wrong.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Setup(setup::Args),
    Doctor(doctor::Args),
    Discover(discover::Args),
    Drift(drift::Args),
    Plan(plan::Args),
    Propose(propose::Args),
    Regenerate(regenerate::Args),
    Release(release::Args),
    Diff(diff::Args),
    Check(check::Args),
    Pr(pr::Args),
    Run(run::Args),
    Rollback(rollback::Args),
    Log(log::Args),
    Schema(schema::Args),
}

const EXAMPLES: &str = "\
Examples:
  pipewright init --source shop=sqlite:shop.sqlite --target duckdb
  pipewright discover
  pipewright propose \"daily sales per country, without cancelled orders\"
  pipewright diff
  pipewright run
  pipewright rollback

Exit codes: 0 done; 1 findings or a failed run; 2 wrong usage or a broken input, nothing written; 3 a question back.";

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap exits 2 for the rest, as the design asks.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let ui = Ui { json: cli.json, quiet: cli.quiet };
    let exit = match dispatch(&cli, &ui) {
        Ok(exit) => exit,
        Err(fault) => {
            ui.fault(&fault);
            fault.exit
        }
    };
    ExitCode::from(exit)
}

/// Each command answers with its exit code.
fn dispatch(cli: &Cli, ui: &Ui) -> Outcome<u8> {
    let dir = cli.dir.as_path();
    match &cli.command {
        Command::Init(args) => init::run(args, dir, ui),
        Command::Setup(args) => setup::run(args, dir, ui),
        Command::Doctor(args) => doctor::run(args, dir, ui),
        Command::Discover(args) => discover::run(args, dir, ui),
        Command::Drift(args) => drift::run(args, dir, ui),
        Command::Plan(args) => plan::run(args, dir, ui),
        Command::Propose(args) => propose::run(args, dir, ui),
        Command::Regenerate(args) => regenerate::run(args, dir, ui),
        Command::Release(args) => release::run(args, dir, ui),
        Command::Diff(args) => diff::run(args, dir, ui),
        Command::Check(args) => check::run(args, dir, ui),
        Command::Pr(args) => pr::run(args, dir, ui),
        Command::Run(args) => run::run(args, dir, ui),
        Command::Rollback(args) => rollback::run(args, dir, ui),
        Command::Log(args) => log::run(args, dir, ui),
        Command::Schema(args) => schema::run(args, ui),
    }
}
