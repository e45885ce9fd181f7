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
mod report;
pub mod runtime;
mod selection;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Name, Outcome};
use crate::workspace::{Config, Connection};
use crate::world::clock::{self, Stopwatch};
use crate::world::{local, process};
use context::{Context, connection};
use events::Seen;
use selection::Pipeline;

pub use as_of::AsOf;
pub use ops::execute_statements;
pub use progress::{Event, Listen};
pub use receipt::{Receipt, Touched, TouchedKind, receipts};
pub use report::{ModelResult, RunReport, Status, Step, Target, Task, TestKind, TestResult, TestStatus, Via};

/// Environment variables that a connection must have.
pub fn connection_env(connection: &Connection) -> Vec<String> {
    context::env_names(connection).0
}

/// The part of the runtime that builds in a database.
pub fn part_for(connection: &Connection) -> runtime::Part {
    context::part(connection)
}

/// Longest that one ingestion or one `dbt build` may take.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

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
}

/// A run at work: what it has done so far.
struct Work<'a, 'l> {
    context: &'a Context<'a>,
    listen: &'a mut Listen<'l>,
    steps: Vec<Step>,
    tasks: Vec<Task>,
    findings: Vec<Diagnostic>,
    failed: bool,
}

/// Runs it. What fails on the way is in the report, with everything that did not.
///
/// # Errors
/// It could not begin: the runtime, a file, a variable or a pipeline is missing. Nothing was done then.
pub fn execute(job: &Job<'_>, listen: &mut Listen<'_>) -> Outcome<RunReport> {
    let watch = Stopwatch::start();
    let pipelines = selection::select(job.root, job.specs, &job.pipelines)?;
    let specs: Vec<&Spec> = pipelines.iter().filter_map(|p| job.specs.get(&p.name)).collect();
    selection::reachable(job.root, job.config, &specs, job.target)?;
    let dialect = connection(job.config, job.target)?.dialect();
    let mut statements = Vec::new();
    for pipeline in pipelines.iter().filter(|p| !p.scripts.is_empty()) {
        statements.extend(ops::ddl_of(job.root, &pipeline.name, dialect)?);
    }
    let at = clock::now();
    let run = format!("{}-{:x}", at.strftime("%Y%m%dT%H%M%S%3f"), std::process::id());
    let logs = receipt::folder(job.root).join(&run);
    let context = Context::new(job.root, job.config, job.target, logs.clone())?;
    let airflow = match job.via {
        Via::Dbt => None,
        Via::Airflow => {
            for pipeline in &pipelines {
                airflow::dag_file(job.root, &pipeline.name)?;
            }
            Some(airflow::Airflow::new(&context, runtime::locate_airflow(job.root, &job.config.runtime)?)?)
        }
    };
    local::make_dir(&logs)?;
    if let Some(folder) = context.database().as_deref().and_then(Path::parent) {
        local::make_dir(folder)?;
    }
    // Whatever manifest an earlier run left says nothing about this one.
    local::remove(&context.state("target").join("manifest.json"))?;

    let mut work =
        Work { context: &context, listen, steps: Vec::new(), tasks: Vec::new(), findings: Vec::new(), failed: false };
    let before = work.ddl(&pipelines, &statements)?;
    match &airflow {
        Some(airflow) => work.airflow(airflow, &pipelines, job.as_of)?,
        None => {
            for (pipeline, script) in pipelines.iter().flat_map(|p| p.scripts.iter().map(move |s| (p, s))) {
                work.ingest(&pipeline.name, script, job.as_of)?;
            }
            work.build(&pipelines, job.as_of)?;
        }
    }
    let landed = work
        .steps
        .iter()
        .any(|s| (s.step.starts_with("ingest") || s.step.starts_with("airflow")) && s.status != Status::Skipped);

    let seen = seen(&context)?;
    if seen.unread > 0 {
        let what = format!("{} lines of dbt's log could not be read; results may be missing", seen.unread);
        work.findings.push(Diagnostic::warning("unread-log", what).next(format!("look at {}", context.shown(&logs))));
    }
    let (models, tests) = (with_those_not_begun(seen.models(), &pipelines), seen.tests());
    work.judge(&models, &tests);
    let status = if work.failed { Status::Failed } else { Status::Success };
    let built: Vec<_> = models
        .iter()
        .map(|m| receipt::Built { relation: &m.relation, materialized: &m.materialized, status: m.status })
        .collect();
    let relations = receipt::touched(&pipelines, landed, &built, &before);
    let names: Vec<Name> = pipelines.iter().map(|p| p.name.clone()).collect();
    receipt::write(
        job.root,
        &Receipt {
            version: 1,
            run: run.clone(),
            at: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            via: job.via,
            target: job.target,
            as_of: job.as_of,
            commit: job.commit.clone(),
            branch: job.branch.clone(),
            pipelines: names.clone(),
            status,
            inverse: receipt::inverse(job.target, &relations),
            relations,
        },
    )?;
    let Work { steps, tasks, findings, .. } = work;
    let report = RunReport {
        status,
        run,
        via: job.via,
        target: job.target,
        as_of: job.as_of,
        commit: job.commit.clone(),
        pipelines: names,
        database: context.database().map(|p| p.display().to_string()),
        seconds: watch.seconds(),
        steps,
        tasks,
        models,
        tests,
        findings,
        logs: context.shown(&logs),
    };
    let text = serde_json::to_string_pretty(&report).unwrap_or_default() + "\n";
    local::write(&logs.join("report.json"), &text)?;
    Ok(report)
}

/// What dbt's log of this run tells, whoever started dbt.
fn seen(context: &Context<'_>) -> Outcome<Seen> {
    let log = context.logs.join("dbt.log");
    if !log.is_file() {
        return Ok(Seen::default());
    }
    context.secrets.redact_file(&log).map_err(|e| local::fault("write", &log, &e))?;
    let manifest = local::read(&context.state("target").join("manifest.json"))?.unwrap_or_default();
    Ok(Seen::of_log(&local::read(&log)?.unwrap_or_default()).with_manifest(&manifest))
}

/// Models that dbt did not come to are there as well.
fn with_those_not_begun(mut models: Vec<ModelResult>, pipelines: &[Pipeline]) -> Vec<ModelResult> {
    let known: BTreeSet<String> = models.iter().map(|m| m.name.clone()).collect();
    let wanted: BTreeSet<&Name> = pipelines.iter().flat_map(|p| &p.models).collect();
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

impl Work<'_, '_> {
    /// Does a step unless one before it failed. It answers with its findings; any error among them fails it.
    fn step(
        &mut self,
        id: &str,
        about: &str,
        log: Option<&str>,
        f: impl FnOnce(&mut Self) -> Outcome<Vec<Diagnostic>>,
    ) -> Outcome<()> {
        let log = log.map(|l| self.context.shown(&self.context.logs.join(l)));
        if self.failed {
            self.steps.push(Step { step: id.into(), status: Status::Skipped, seconds: 0.0, log: None });
            return Ok(());
        }
        (self.listen)(&Event::Started { step: id.into(), about: about.into() });
        let watch = Stopwatch::start();
        let findings = match f(self) {
            Ok(findings) => findings,
            // A failed step; anything else could not go on at all.
            Err(fault) if fault.exit == 1 => fault.diagnostics,
            Err(fault) => return Err(fault),
        };
        let ok = findings.iter().all(|d| d.severity != crate::vocabulary::Severity::Error);
        (self.listen)(&Event::Ended { step: id.into(), ok, seconds: watch.seconds() });
        let status = if ok { Status::Success } else { Status::Failed };
        self.failed |= !ok;
        self.findings.extend(findings);
        self.steps.push(Step { step: id.into(), status, seconds: watch.seconds(), log });
        Ok(())
    }

    /// Landing tables, and what was there before.
    fn ddl(&mut self, pipelines: &[Pipeline], statements: &[String]) -> Outcome<ops::Before> {
        let names = pipelines.iter().flat_map(|p| {
            let landed = p.landed.iter().map(|(_, name)| name.clone());
            landed.chain(p.models.iter().map(Name::to_string))
        });
        let names: BTreeSet<String> = names.collect();
        let mut before = ops::Before::default();
        self.step("ddl", "landing tables", Some("statements.log"), |work| {
            before = ops::statements_in(work.context, statements, &names, work.listen)?;
            Ok(Vec::new())
        })?;
        Ok(before)
    }

    /// One ingestion script.
    fn ingest(&mut self, pipeline: &Name, script: &str, as_of: AsOf) -> Outcome<()> {
        let stem = script.trim_end_matches(".py");
        let (id, log) = (format!("ingest {stem}"), format!("ingest_{stem}.log"));
        self.step(&id, &format!("{pipeline}: load the source"), Some(&log), |work| {
            let context = work.context;
            let command = context
                .command(&context.runtime.python, &log)
                .arg(format!("ingest/{script}"))
                .args(["--target", context.target.as_str(), "--as-of", &as_of.to_string()])
                .timeout(LONGEST);
            let ended = command.run(&mut |stream, line| {
                if stream == process::Stream::Out && !line.trim().is_empty() {
                    (work.listen)(&Event::Says { step: id.clone(), line: line.to_owned() });
                }
            })?;
            if ended.ok() {
                return Ok(Vec::new());
            }
            let shown = context.shown(&context.logs.join(&log));
            Ok(vec![diagnose::why(format!("the ingestion `ingest/{script}` failed"), &ended, &[], &shown)])
        })
    }

    /// All models and tests of all pipelines, in one start of dbt.
    fn build(&mut self, pipelines: &[Pipeline], as_of: AsOf) -> Outcome<()> {
        let models: BTreeSet<&Name> = pipelines.iter().flat_map(|p| &p.models).collect();
        if models.is_empty() {
            return Ok(());
        }
        self.step("build", "models and tests", Some("build.log"), |work| {
            let context = work.context;
            let project = context.root.join("dbt");
            let command = context
                .command(&context.runtime.dbt, "build.log")
                .args(["build", "--target", context.target.as_str(), "--project-dir"])
                .arg(&project)
                .arg("--profiles-dir")
                .arg(&project)
                .args(["--vars", &Context::vars(as_of), "--select"])
                .args(models.iter().map(|m| m.as_str()))
                .timeout(LONGEST);
            let ended = command.run(&mut |_, line| {
                if let Some(at) = events::position(line) {
                    let (done, total) = (at.index - usize::from(at.began && at.index > 0), Some(at.total));
                    (work.listen)(&Event::At { step: "build".into(), done, total, current: at.what.to_owned() });
                }
            })?;
            let seen = seen(context)?;
            let shown = context.shown(&context.logs.join("build.log"));
            let bad = seen.models().iter().any(|m| m.status == Status::Failed)
                || seen.tests().iter().any(|t| matches!(t.status, TestStatus::Fail | TestStatus::Error));
            Ok(match (ended.ok(), bad) {
                (true, _) if seen.models().is_empty() => {
                    vec![
                        Diagnostic::error("nothing-built", "dbt ran and built no model")
                            .next(format!("look at {shown}")),
                    ]
                }
                // What failed is told by model and test.
                (true, _) | (false, true) if ended.end != process::End::Interrupted => Vec::new(),
                _ => vec![diagnose::why("`dbt build` failed".into(), &ended, &seen.errors, &shown)],
            })
        })
    }

    /// The DAGs of all pipelines, one after the other.
    fn airflow(&mut self, airflow: &airflow::Airflow<'_>, pipelines: &[Pipeline], as_of: AsOf) -> Outcome<()> {
        self.step("airflow", "Airflow's own database", Some("airflow.log"), |_| {
            Ok(airflow.prepare()?.into_iter().collect())
        })?;
        for Pipeline { name, .. } in pipelines {
            let log = format!("airflow_{name}.log");
            self.step(&format!("airflow {name}"), &format!("the DAG {name}"), Some(&log), |work| {
                let (tasks, findings) = airflow.test(name, as_of, work.listen)?;
                work.tasks.extend(tasks);
                Ok(findings)
            })?;
        }
        Ok(())
    }

    /// Findings for every model and test that did not come out well.
    fn judge(&mut self, models: &[ModelResult], tests: &[report::TestResult]) {
        let log = self.context.shown(&self.context.logs);
        for model in models.iter().filter(|m| m.status == Status::Failed) {
            let why = model.message.as_deref().map(diagnose::clipped).unwrap_or_default();
            let d = Diagnostic::error("model-failed", format!("the model `{}` could not be built", model.name));
            self.findings.push(d.why(why).next(format!("the full logs are in {log}")));
        }
        for test in tests {
            let on = match (&test.model, &test.column) {
                (Some(model), Some(column)) => format!(" on {model}.{column}"),
                (Some(model), None) => format!(" on {model}"),
                _ => String::new(),
            };
            let why = test.message.as_deref().map(diagnose::clipped).unwrap_or_default();
            let told = format!("the test `{}`{on}", test.name);
            self.findings.push(match test.status {
                TestStatus::Fail => {
                    Diagnostic::error("test-failed", format!("{told} failed: {} rows", test.failures)).why(why)
                }
                TestStatus::Warn => {
                    Diagnostic::warning("test-warned", format!("{told} warned: {} rows", test.failures)).why(why)
                }
                TestStatus::Error => Diagnostic::error("test-failed", format!("{told} could not be run")).why(why),
                TestStatus::Pass | TestStatus::Skipped => continue,
            });
        }
        self.failed |= models.iter().any(|m| m.status == Status::Failed)
            || tests.iter().any(|t| matches!(t.status, TestStatus::Fail | TestStatus::Error));
        for step in self.steps.iter_mut().filter(|s| s.step == "build" && s.status == Status::Success && self.failed) {
            step.status = Status::Failed;
        }
    }
}
