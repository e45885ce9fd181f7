//! `pipewright run`

use std::path::Path;

use super::progress::Progress;
use super::report::Ui;
use crate::run::{AsOf, RunReport, Status, Target, TestStatus, Via};
use crate::verbs::run::{RunOptions, run as build};
use crate::vocabulary::{Diagnostic, Name, Outcome};

/// Build pipelines: DDL, ingestion, dbt models, tests.
///
/// On a branch of a change its pipelines, else all. A failing test is reported with everything else; the exit code is 1.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  pipewright run
  pipewright run --pipeline daily_sales --as-of 2026-03-31
  pipewright run --via airflow
  pipewright run --target prod")]
pub(super) struct Args {
    /// Only this pipeline; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pipeline: Vec<String>,
    /// Where to build; `prod` runs only what is on the main branch.
    #[arg(long, value_name = "TARGET", default_value = "dev")]
    target: TargetArg,
    /// What runs the steps: dbt and the ingestion scripts directly, or the DAG in a real Airflow.
    #[arg(long, value_name = "PROGRAM", default_value = "dbt")]
    via: ViaArg,
    /// The end of the period that the run answers for, YYYY-MM-DD or a timestamp; today (UTC) if not given.
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum TargetArg {
    Dev,
    Prod,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ViaArg {
    Dbt,
    Airflow,
}

pub(super) fn run(args: &Args, dir: &Path, ui: &Ui) -> Outcome<u8> {
    let name = |text: &String| {
        Name::parse(text).map_err(|why| {
            Diagnostic::error("name", format!("no pipeline is called `{}`", text.escape_debug())).why(why).fault()
        })
    };
    let pipelines = args.pipeline.iter().map(name).collect::<Outcome<Vec<_>>>()?;
    let as_of = match &args.as_of {
        None => None,
        Some(text) => Some(text.parse::<AsOf>().map_err(|why| Diagnostic::error("as-of", why).fault())?),
    };
    let options = RunOptions {
        workspace: dir.to_owned(),
        pipelines: (!pipelines.is_empty()).then_some(pipelines),
        target: if matches!(args.target, TargetArg::Dev) { Target::Dev } else { Target::Prod },
        via: if matches!(args.via, ViaArg::Dbt) { Via::Dbt } else { Via::Airflow },
        as_of,
    };
    let mut progress = Progress::new(ui);
    let report = build(&options, &mut |event| progress.hear(event))?;
    drop(progress);
    ui.document(&report);
    ui.diagnostics(&report.findings);
    say(&report, ui);
    Ok(report.exit())
}

fn say(report: &RunReport, ui: &Ui) {
    for task in &report.tasks {
        let seconds = task.seconds.map(|s| format!(" {s:.1} s")).unwrap_or_default();
        ui.say(format_args!("  {:9} {}.{}{seconds}", task.state, task.pipeline, task.task));
    }
    for model in &report.models {
        ui.say(format_args!("  {:9} {} ({:.1} s)", status(model.status), model.relation, model.seconds));
    }
    let count = |status: TestStatus| report.tests.iter().filter(|t| t.status == status).count();
    for test in report.tests.iter().filter(|t| t.status != TestStatus::Pass) {
        let about = test.model.clone().unwrap_or_default();
        ui.say(format_args!(
            "  {:9} {} on {about}: {} rows",
            format!("{:?}", test.status).to_lowercase(),
            test.name,
            test.failures
        ));
    }
    let outcome = if report.status == Status::Success { "Built" } else { "Failed:" };
    ui.say(format_args!(
        "{outcome} {} models, {} of {} tests passed, in {:.1} s; as of {}. Logs: {}",
        report.models.iter().filter(|m| m.status == Status::Success).count(),
        count(TestStatus::Pass),
        report.tests.len(),
        report.seconds,
        report.as_of,
        report.logs,
    ));
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    }
}
