//! `pipewright discover`

use std::path::Path;

use super::progress::Progress;
use super::report::Ui;
use crate::run::Event;
use crate::verbs::discover::{DiscoverOptions, Status, discover};
use crate::vocabulary::Outcome;
use crate::workspace::{Method, Profiling};

/// Read sources, and write a contract for each table; nothing in a source is changed.
///
/// Edited contracts keep their edits.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright discover
  pipewright discover shop
  pipewright discover --sample 10000 --method reservoir --seed 7
  pipewright discover --method stratified --by country
  pipewright discover --no-profile")]
pub(super) struct Args {
    /// One source of pipewright.yml; all if none.
    source: Option<String>,
    /// Rows of a table to look at, at most; a table of no more rows is looked at whole.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// How they are chosen.
    #[arg(long, value_parser = method)]
    method: Option<Method>,
    /// What the choice is drawn from: the same rows for the same seed.
    #[arg(long)]
    seed: Option<u64>,
    /// The column whose values are the strata of `--method stratified`.
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Rows of a table to choose from, at most: of a longer one only the first so many are read.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_rows: Option<u64>,
    /// Look at no rows: tables, columns and keys only. What an earlier profile said stays.
    #[arg(long, conflicts_with_all = ["sample", "method", "seed", "by", "max_rows"])]
    no_profile: bool,
}

/// `systematic`, `reservoir`, `stratified` or `first`.
fn method(text: &str) -> Result<Method, String> {
    let words = Method::ALL.map(Method::as_str);
    Method::ALL.into_iter().find(|m| m.as_str() == text).ok_or_else(|| format!("one of {}", words.join(", ")))
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let mut progress = Progress::new(ui);
    let mut at = |current: &str| {
        progress.hear(&Event::At { step: "discover".into(), done: 0, total: None, current: current.to_owned() });
    };
    let profiling = Profiling {
        size: args.sample,
        method: args.method.or(args.by.as_ref().map(|_| Method::Stratified)),
        seed: args.seed,
        by: args.by.clone(),
        max_rows: args.max_rows,
        enabled: args.no_profile.then_some(false),
    };
    let options = DiscoverOptions { dir: dir.to_owned(), source: args.source.clone(), profiling };
    let report = discover(&options, &mut at)?;
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
