//! The steps of a run, one after the other, until one fails.

use std::collections::BTreeSet;
use std::time::Duration;

use super::as_of::AsOf;
use super::context::Context;
use super::events::{self, Seen};
use super::progress::{Event, Listen};
use super::report::{ModelResult, Status, Step, Task, TestResult, TestStatus};
use super::selection::Pipeline;
use super::{airflow, diagnose, ops};
use crate::vocabulary::{Diagnostic, Name, Outcome, Severity};
use crate::world::clock::Stopwatch;
use crate::world::{local, process};

/// Longest that one ingestion or one start of dbt may take.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// A run at work.
pub(super) struct Work<'a, 'l> {
    context: &'a Context<'a>,
    listen: &'a mut Listen<'l>,
    pub(super) done: Done,
}

/// What a run has done so far.
#[derive(Default)]
pub(super) struct Done {
    pub(super) steps: Vec<Step>,
    pub(super) tasks: Vec<Task>,
    pub(super) findings: Vec<Diagnostic>,
    pub(super) failed: bool,
    /// What the database held before the first step.
    pub(super) before: ops::Before,
}

/// What dbt's log of this run tells, whoever started dbt.
pub(super) fn seen(context: &Context<'_>) -> Outcome<Seen> {
    let log = context.logs.join("dbt.log");
    if !log.is_file() {
        return Ok(Seen::default());
    }
    context.secrets.redact_file(&log).map_err(|e| local::fault("write", &log, &e))?;
    compiled(context)?;
    let manifest = local::read(&context.state("target").join("manifest.json"))?.unwrap_or_default();
    Ok(Seen::of_log(&local::read(&log)?.unwrap_or_default()).with_manifest(&manifest))
}

/// What dbt left of secrets beside its log: the salt of pseudonyms stands in compiled SQL, and in what dbt remembers of a
/// parse.
fn compiled(context: &Context<'_>) -> Outcome<()> {
    let target = context.state("target");
    let remembered = target.join("partial_parse.msgpack");
    if remembered.is_file()
        && context.secrets.in_file(&remembered).map_err(|e| local::fault("read", &remembered, &e))?
    {
        local::remove(&remembered)?;
    }
    let files = ["compiled", "run"].into_iter().flat_map(|folder| local::walk(&target.join(folder)));
    for file in files.chain(["manifest.json", "run_results.json"].map(|f| target.join(f))).filter(|f| f.is_file()) {
        context.secrets.redact_file(&file).map_err(|e| local::fault("write", &file, &e))?;
    }
    Ok(())
}

impl<'a, 'l> Work<'a, 'l> {
    /// A run that has done nothing yet.
    pub(super) fn new(context: &'a Context<'a>, listen: &'a mut Listen<'l>) -> Work<'a, 'l> {
        Work { context, listen, done: Done::default() }
    }

    /// Does a step unless one before it failed. It answers with its findings; any error among them fails it.
    fn step(
        &mut self,
        id: &str,
        about: &str,
        log: Option<&str>,
        f: impl FnOnce(&mut Self) -> Outcome<Vec<Diagnostic>>,
    ) -> Outcome<()> {
        let log = log.map(|l| self.context.shown(&self.context.logs.join(l)));
        if self.done.failed {
            self.done.steps.push(Step { step: id.into(), status: Status::Skipped, seconds: 0.0, log: None });
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
        let ok = findings.iter().all(|d| d.severity != Severity::Error);
        (self.listen)(&Event::Ended { step: id.into(), ok, seconds: watch.seconds() });
        let status = if ok { Status::Success } else { Status::Failed };
        self.done.failed |= !ok;
        self.done.findings.extend(findings);
        self.done.steps.push(Step { step: id.into(), status, seconds: watch.seconds(), log });
        Ok(())
    }

    /// Landing tables, and what was there before.
    pub(super) fn ddl(&mut self, pipelines: &[Pipeline], statements: &[String]) -> Outcome<()> {
        let names = pipelines.iter().flat_map(|p| {
            let landed = p.landed.iter().map(|(_, name)| name.clone());
            landed.chain(p.models.iter().chain(&p.snapshots).map(Name::to_string))
        });
        let names: BTreeSet<String> = names.collect();
        self.step("ddl", "landing tables", Some("statements.log"), |work| {
            work.done.before = ops::statements_in(work.context, statements, &names, work.listen)?;
            Ok(Vec::new())
        })
    }

    /// One ingestion script.
    pub(super) fn ingest(&mut self, pipeline: &Name, script: &str, as_of: AsOf) -> Outcome<()> {
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

    /// All models of all pipelines, then all their tests: a failing test is told beside everything else, and takes
    /// nothing away that was built.
    pub(super) fn build(&mut self, pipelines: &[Pipeline], as_of: AsOf) -> Outcome<()> {
        let models: BTreeSet<&Name> = pipelines.iter().flat_map(|p| &p.models).collect();
        let snapshots: BTreeSet<&Name> = pipelines.iter().flat_map(|p| &p.snapshots).collect();
        if models.is_empty() && snapshots.is_empty() {
            return Ok(());
        }
        let failed = |work: &Self| {
            Ok::<_, crate::vocabulary::Fault>(seen(work.context)?.models().iter().any(|m| m.status == Status::Failed))
        };
        if !models.is_empty() {
            self.dbt("models", &["run"], &models, as_of)?;
        }
        if !snapshots.is_empty() {
            if failed(self)? {
                self.done.steps.push(Step {
                    step: "snapshots".into(),
                    status: Status::Skipped,
                    seconds: 0.0,
                    log: None,
                });
            } else {
                self.dbt("snapshots", &["snapshot"], &snapshots, as_of)?;
            }
        }
        if failed(self)? {
            self.done.steps.push(Step { step: "tests".into(), status: Status::Skipped, seconds: 0.0, log: None });
            return Ok(());
        }
        // A test that also reads a model of another pipeline belongs to that one.
        self.dbt(
            "tests",
            &["test", "--indirect-selection", "cautious"],
            &models.union(&snapshots).copied().collect(),
            as_of,
        )
    }

    /// One start of dbt over `models`.
    fn dbt(&mut self, step: &str, verb: &[&str], models: &BTreeSet<&Name>, as_of: AsOf) -> Outcome<()> {
        let log = format!("{step}.log");
        self.step(step, step, Some(&log), |work| {
            let context = work.context;
            let project = context.root.join("dbt");
            let command = context
                .command(&context.runtime.dbt, &log)
                .args(verb)
                .args(["--target", context.target.as_str(), "--project-dir"])
                .arg(&project)
                .arg("--profiles-dir")
                .arg(&project)
                .args(["--vars", &Context::vars(as_of), "--select"])
                .args(models.iter().map(|m| m.as_str()))
                .timeout(LONGEST);
            let ended = command.run(&mut |_, line| {
                if let Some(at) = events::position(line) {
                    let (done, total) = (at.index - usize::from(at.began && at.index > 0), Some(at.total));
                    (work.listen)(&Event::At { step: step.into(), done, total, current: at.what.to_owned() });
                }
            })?;
            let seen = seen(context)?;
            let shown = context.shown(&context.logs.join(&log));
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
                _ => vec![diagnose::why(format!("`dbt {}` failed", verb[0]), &ended, &seen.errors, &shown)],
            })
        })
    }

    /// The DAGs of all pipelines, one after the other.
    pub(super) fn airflow(
        &mut self,
        airflow: &airflow::Airflow<'_>,
        pipelines: &[Pipeline],
        as_of: AsOf,
    ) -> Outcome<()> {
        self.step("airflow", "Airflow's own database", Some("airflow.log"), |_| {
            Ok(airflow.prepare()?.into_iter().collect())
        })?;
        for Pipeline { name, .. } in pipelines {
            let log = format!("airflow_{name}.log");
            self.step(&format!("airflow {name}"), &format!("the DAG {name}"), Some(&log), |work| {
                let (tasks, findings) = airflow.test(name, as_of, work.listen)?;
                work.done.tasks.extend(tasks);
                Ok(findings)
            })?;
        }
        Ok(())
    }
}

impl Done {
    /// Findings for every model and test that did not come out well.
    pub(super) fn judge(&mut self, models: &[ModelResult], tests: &[TestResult], logs: &str) {
        for model in models.iter().filter(|m| m.status == Status::Failed) {
            let why = model.message.as_deref().map(diagnose::clipped).unwrap_or_default();
            let d = Diagnostic::error("model-failed", format!("the model `{}` could not be built", model.name));
            self.findings.push(d.why(why).next(format!("the full logs are in {logs}")));
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
