//! Pipelines of the workspace are run: dbt, dlt and Airflow as they are, and what they did is read from what they say.
//!
//! Input: a [`Job`]. Output: a [`report::RunReport`], a receipt and full logs under `.pipewright/state/runs/<run>`.

mod airflow;
mod as_of;
mod context;
mod diagnose;
mod events;
mod ops;
mod progress;
mod receipt;
mod record;
mod report;
pub mod runtime;
mod selection;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Name, Outcome};
use crate::workspace::{Config, Connection};
use crate::world::clock::{self, Stopwatch};
use crate::world::local;
use crate::world::process::Command;
use context::{Context, connection};
use selection::Pipeline;
use work::{Done, Work};

pub use as_of::AsOf;
pub use ops::execute_statements;
pub use progress::{Event, Listen};
pub use receipt::{Receipt, Touched, TouchedKind, receipts};
pub use report::{ModelResult, RunReport, Status, Step, Target, Task, TestKind, TestResult, TestStatus, Via};

/// Environment variables that a connection must have.
pub fn connection_env(connection: &Connection) -> Vec<String> {
    context::env_names(connection).0
}

/// The runtime's Python, or the one that the workspace names: with its environment, and deaf to its secrets.
///
/// # Errors
/// The runtime is not set up.
pub fn python(root: &Path, config: &Config) -> Outcome<Command> {
    let runtime = runtime::Runtime::locate(root, &config.runtime, context::part(&config.targets.dev))?;
    Ok(runtime::command(&runtime.python).secrets(&context::secrets(config)))
}

/// The part of the runtime that builds in a database.
pub fn part_for(connection: &Connection) -> runtime::Part {
    context::part(connection)
}

/// What is to be run; whether it may be is decided before.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The workspace's folder, absolute.
    pub root: &'a Path,
    /// `pipewright.yml`.
    pub config: &'a Config,
    /// All specs of the workspace.
    pub specs: &'a BTreeMap<Name, Spec>,
    /// The pipelines, in the order that they are to be run.
    pub pipelines: Vec<Name>,
    /// Where models are built.
    pub target: Target,
    /// What runs it.
    pub via: Via,
    /// The end of the period that it answers for.
    pub as_of: AsOf,
    /// The branch that HEAD is on.
    pub branch: Option<String>,
    /// HEAD's commit.
    pub commit: Option<String>,
    /// Who runs it, `Name <email>`.
    pub by: String,
}

/// What a run needs, all of it found before anything is done.
struct Prepared<'a> {
    pipelines: Vec<Pipeline>,
    statements: Vec<String>,
    context: Context<'a>,
    airflow: Option<PathBuf>,
}

/// Runs it. What fails on the way is in the report, with everything that did not.
///
/// # Errors
/// It could not begin: the runtime, a file, a variable or a pipeline is missing. Nothing was done then.
pub fn execute(job: &Job<'_>, listen: &mut Listen<'_>) -> Outcome<RunReport> {
    let (at, watch) = (clock::now(), Stopwatch::start());
    let run = format!("{}-{:x}", at.strftime("%Y%m%dT%H%M%S%3f"), std::process::id());
    let prepared = prepare(job, receipt::folder(job.root).join(&run))?;
    record::started(job, &run, at)?;
    let started = Started { run: run.clone(), at, watch };
    let done = work(job, &prepared, listen).and_then(|done| finish(job, &prepared, started, done));
    record::ended(job, &run, done.as_ref().ok().map(|(_, receipt)| receipt))?;
    Ok(done?.0)
}

/// When a run began.
struct Started {
    run: String,
    at: Timestamp,
    watch: Stopwatch,
}

fn prepare<'a>(job: &Job<'a>, logs: PathBuf) -> Outcome<Prepared<'a>> {
    let pipelines = selection::select(job.root, job.specs, &job.pipelines)?;
    let specs: Vec<&Spec> = pipelines.iter().filter_map(|p| job.specs.get(&p.name)).collect();
    selection::reachable(job.root, job.config, &specs, job.target)?;
    let dialect = connection(job.config, job.target)?.dialect();
    let mut statements = Vec::new();
    for pipeline in pipelines.iter().filter(|p| !p.scripts.is_empty()) {
        statements.extend(ops::ddl_of(job.root, &pipeline.name, dialect)?);
    }
    let context = Context::new(job.root, job.config, job.target, logs)?;
    let airflow = match job.via {
        Via::Dbt => None,
        Via::Airflow => {
            pipelines.iter().try_for_each(|p| airflow::dag_file(job.root, &p.name).map(drop))?;
            Some(runtime::locate_airflow(job.root, &job.config.runtime)?)
        }
    };
    Ok(Prepared { pipelines, statements, context, airflow })
}

/// The steps, until one fails.
fn work(job: &Job<'_>, prepared: &Prepared<'_>, listen: &mut Listen<'_>) -> Outcome<Done> {
    let Prepared { pipelines, statements, context, airflow } = prepared;
    local::make_dir(&context.logs)?;
    if let Some(folder) = context.database().as_deref().and_then(Path::parent) {
        local::make_dir(folder)?;
    }
    // Whatever manifest an earlier run left says nothing about this one.
    local::remove(&context.state("target").join("manifest.json"))?;
    let mut work = Work::new(context, listen);
    work.ddl(pipelines, statements)?;
    match airflow {
        Some(program) => work.airflow(&airflow::Airflow::new(context, program.clone())?, pipelines, job.as_of)?,
        None => {
            for (pipeline, script) in pipelines.iter().flat_map(|p| p.scripts.iter().map(move |s| (p, s))) {
                work.ingest(&pipeline.name, script, job.as_of)?;
            }
            work.build(pipelines, job.as_of)?;
        }
    }
    Ok(work.done)
}

/// What came of it, kept as receipt and report.
fn finish(job: &Job<'_>, prepared: &Prepared<'_>, started: Started, mut done: Done) -> Outcome<(RunReport, Receipt)> {
    let Prepared { pipelines, context, .. } = prepared;
    let seen = work::seen(context)?;
    if seen.unread > 0 {
        let what = format!("{} lines of dbt's log could not be read; results may be missing", seen.unread);
        let next = format!("look at {}", context.shown(&context.logs));
        done.findings.push(Diagnostic::warning("unread-log", what).next(next));
    }
    let (models, tests) = (with_those_not_begun(seen.models(), pipelines), seen.tests());
    done.judge(&models, &tests, &context.shown(&context.logs));
    let status = if done.failed { Status::Failed } else { Status::Success };
    let loads = |s: &&Step| s.step.starts_with("ingest") || s.step.starts_with("airflow");
    let landed = done.steps.iter().filter(loads).any(|s| s.status != Status::Skipped);
    let relations = receipt::touched(pipelines, landed, &models, &done.before);
    let names: Vec<Name> = pipelines.iter().map(|p| p.name.clone()).collect();
    let receipt = Receipt {
        version: 1,
        run: started.run.clone(),
        at: started.at,
        via: job.via,
        target: job.target,
        as_of: job.as_of,
        commit: job.commit.clone(),
        branch: job.branch.clone(),
        pipelines: names.clone(),
        status,
        inverse: receipt::inverse(job.target, &relations),
        relations,
    };
    receipt::write(job.root, &receipt)?;
    let report = RunReport {
        status,
        run: started.run,
        via: job.via,
        target: job.target,
        as_of: job.as_of,
        commit: job.commit.clone(),
        pipelines: names,
        database: context.database().map(|p| p.display().to_string()),
        seconds: started.watch.seconds(),
        steps: done.steps,
        tasks: done.tasks,
        models,
        tests,
        findings: done.findings,
        logs: context.shown(&context.logs),
    };
    let text = serde_json::to_string_pretty(&report).unwrap_or_default() + "\n";
    local::write(&context.logs.join("report.json"), &text)?;
    Ok((report, receipt))
}

/// Models that dbt did not come to are there as well.
fn with_those_not_begun(mut models: Vec<ModelResult>, pipelines: &[Pipeline]) -> Vec<ModelResult> {
    let known: BTreeSet<String> = models.iter().map(|m| m.name.clone()).collect();
    let wanted: BTreeSet<&Name> = pipelines.iter().flat_map(|p| p.models.iter().chain(&p.snapshots)).collect();
    for name in wanted.into_iter().filter(|n| !known.contains(n.as_str())) {
        models.push(ModelResult {
            name: name.to_string(),
            relation: String::new(),
            status: Status::Skipped,
            seconds: 0.0,
            materialized: String::new(),
            message: None,
        });
    }
    models
}
