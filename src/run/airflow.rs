//! The same pipelines as DAGs in a real Airflow: `airflow dags test`, then the state of each task.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::as_of::AsOf;
use super::context::Context;
use super::diagnose;
use super::events::position;
use super::progress::{Event, Listen};
use super::report::Task;
use crate::vocabulary::{Diagnostic, Name, Outcome, shell_word};
use crate::world::local;
use crate::world::process::{Command, Ended};

/// Longest that one DAG may take.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// An Airflow of this workspace, with metadata of its own.
pub(super) struct Airflow<'a> {
    context: &'a Context<'a>,
    program: PathBuf,
    home: PathBuf,
    bin: PathBuf,
}

/// A task as `airflow tasks states-for-dag-run` prints it.
#[derive(Deserialize)]
struct State {
    task_id: String,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    start_date: Option<String>,
    #[serde(default)]
    end_date: Option<String>,
}

impl<'a> Airflow<'a> {
    /// Airflow under local state; its DAGs find dbt and Python in one folder.
    ///
    /// # Errors
    /// That folder can't be written.
    pub(super) fn new(context: &'a Context<'a>, program: PathBuf) -> Outcome<Airflow<'a>> {
        let (dbt, python) = (&context.runtime.dbt, &context.runtime.python);
        let bin = match dbt.parent() {
            Some(bin) if python.parent() == Some(bin) && dbt.ends_with("dbt") && python.ends_with("python") => {
                bin.to_owned()
            }
            _ => {
                // Wrappers: a link to the python of a virtual environment loses the environment.
                let bin = context.state("bin");
                for (name, program) in [("dbt", dbt), ("python", python)] {
                    let text = format!("#!/bin/sh\nexec {} \"$@\"\n", shell_word(&program.display().to_string()));
                    local::write_executable(&bin.join(name), &text)?;
                }
                bin
            }
        };
        Ok(Airflow { context, program, home: context.state("airflow"), bin })
    }

    fn command(&self, log: &str) -> Command {
        let dags = self.context.root.join("dags");
        let database = format!("sqlite:///{}", self.home.join("airflow.db").display());
        self.context
            .command(&self.program, log)
            .cwd(&self.home)
            .env("AIRFLOW_HOME", &self.home)
            .env("AIRFLOW__CORE__DAGS_FOLDER", dags)
            .env("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
            .env("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
            .env("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", database)
            .env("AIRFLOW__LOGGING__BASE_LOG_FOLDER", self.home.join("logs"))
            .env("AIRFLOW__LOGGING__COLORED_CONSOLE_LOG", "False")
            .env("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", self.home.join("passwords.json"))
            .env("NO_COLOR", "1")
            .env("PIPEWRIGHT_RUNTIME_BIN", &self.bin)
            .env("PIPEWRIGHT_RETRIES", "0")
    }

    /// Makes the metadata database, once for each Airflow.
    ///
    /// # Errors
    /// It can't be made; none of it is left then.
    pub(super) fn prepare(&self) -> Outcome<Option<Diagnostic>> {
        let marker = self.home.join("migrated");
        let by = self.program.display().to_string();
        if local::read(&marker)?.is_some_and(|m| m == by) && self.home.join("airflow.db").is_file() {
            return Ok(None);
        }
        for old in ["migrated", "airflow.db", "airflow.db-wal", "airflow.db-shm", "airflow.cfg"] {
            local::remove(&self.home.join(old))?;
        }
        local::make_dir(&self.home)?;
        let ended = self.command("airflow.log").args(["db", "migrate"]).timeout(Duration::from_secs(600)).quiet()?;
        if !ended.ok() {
            return Ok(Some(self.why("Airflow's database can't be made".into(), &ended)));
        }
        local::write(&marker, &by)?;
        Ok(None)
    }

    /// Runs one DAG in place; its tasks, and what went wrong.
    ///
    /// # Errors
    /// Airflow can't be started.
    pub(super) fn test(
        &self,
        pipeline: &Name,
        as_of: AsOf,
        listen: &mut Listen<'_>,
    ) -> Outcome<(Vec<Task>, Vec<Diagnostic>)> {
        let step = format!("airflow {pipeline}");
        let conf = serde_json::json!({ "as_of": as_of.to_string() }).to_string();
        let command = self.command(&format!("airflow_{pipeline}.log")).timeout(LONGEST);
        let (mut run_id, mut task, mut lines) = (None, String::new(), Vec::<(String, String)>::new());
        let ended = command.args(["dags", "test", pipeline.as_str(), "--conf", &conf]).run(&mut |_, line| {
            if run_id.is_none() {
                run_id = word_after(line, "run_id=");
            }
            if let Some(began) = line.contains("starting task_id=").then(|| word_after(line, "task_id=")).flatten() {
                task = began;
                listen(&Event::At { step: step.clone(), done: 0, total: None, current: task.clone() });
            } else if let Some(at) = position(line) {
                let (done, total) = (at.index - usize::from(at.began && at.index > 0), Some(at.total));
                listen(&Event::At { step: step.clone(), done, total, current: format!("{task}: {}", at.what) });
            }
            lines.push((task.clone(), line.to_owned()));
        })?;
        let log = format!("airflow_{pipeline}.log");
        let shown = self.context.shown(&self.context.logs.join(&log));
        let Some(run_id) = run_id else {
            return Ok((
                Vec::new(),
                vec![self.why_in(format!("Airflow did not run the DAG `{pipeline}`"), &ended, &shown)],
            ));
        };
        let tasks = self.states(pipeline, &run_id)?;
        let mut findings = Vec::new();
        for failed in tasks.iter().filter(|t| t.state == "failed") {
            let own: Vec<String> = lines.iter().filter(|(t, _)| *t == failed.task).map(|(_, l)| l.clone()).collect();
            findings.push(
                Diagnostic::error("task-failed", format!("the task `{}` of `{pipeline}` failed", failed.task))
                    .why(diagnose::clipped(&task_lines(&own).join("\n")))
                    .next(format!("the full log is {shown}")),
            );
        }
        if tasks.is_empty() {
            findings.push(Diagnostic::error(
                "no-tasks",
                format!("Airflow knows no task of the run {run_id} of `{pipeline}`"),
            ));
        } else if !ended.ok() && findings.is_empty() {
            findings.push(self.why_in(
                format!("Airflow ran the DAG `{pipeline}` and it did not end well"),
                &ended,
                &shown,
            ));
        }
        Ok((tasks, findings))
    }

    /// The state of each task of a run, in the order that they began.
    fn states(&self, pipeline: &Name, run_id: &str) -> Outcome<Vec<Task>> {
        let args = ["tasks", "states-for-dag-run", pipeline.as_str(), run_id, "--output", "json"];
        let ended = self.command("airflow.log").args(args).timeout(Duration::from_secs(300)).quiet()?;
        // Warnings may stand on standard output before the JSON.
        let json = ended.stdout.lines().find(|l| l.trim_start().starts_with('[') && l.contains("task_id"));
        let states: Vec<State> = json.and_then(|j| serde_json::from_str(j).ok()).unwrap_or_default();
        let mut states: Vec<State> = states;
        states.sort_by(|a, b| {
            let key = |s: &State| (s.start_date.as_deref().is_none_or(str::is_empty), s.start_date.clone());
            key(a).cmp(&key(b)).then(a.task_id.cmp(&b.task_id))
        });
        let moment = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<jiff::Timestamp>().ok());
        Ok(states
            .into_iter()
            .map(|s| {
                let seconds =
                    moment(&s.start_date).zip(moment(&s.end_date)).map(|(a, b)| b.duration_since(a).as_secs_f64());
                let seconds = seconds.map(|s| (s * 1000.0).round() / 1000.0);
                let state = s.state.filter(|s| !s.is_empty()).unwrap_or_else(|| "none".into());
                Task { pipeline: pipeline.clone(), task: s.task_id, state, seconds }
            })
            .collect())
    }

    fn why(&self, what: String, ended: &Ended) -> Diagnostic {
        self.why_in(what, ended, &self.context.shown(&self.context.logs.join("airflow.log")))
    }

    fn why_in(&self, what: String, ended: &Ended, log: &str) -> Diagnostic {
        diagnose::why(what, ended, &[], log)
    }
}

/// `x` of `… run_id=x …`.
fn word_after(line: &str, key: &str) -> Option<String> {
    let rest = &line[line.find(key)? + key.len()..];
    let word: String = rest.chars().take_while(|c| !c.is_whitespace() && !matches!(c, ',' | '>' | ']')).collect();
    Some(word.trim_matches(['\'', '"']).to_owned()).filter(|w| !w.is_empty())
}

/// What a task's program said, without Airflow's own words.
fn task_lines(lines: &[String]) -> Vec<String> {
    let from = lines.iter().rposition(|l| l.contains("Output:")).map_or(0, |i| i + 1);
    let to = lines.iter().rposition(|l| l.contains("Command exited with return code")).unwrap_or(lines.len());
    let said: Vec<String> = lines.get(from..to).unwrap_or(lines).iter().map(|l| without_source(l)).collect();
    let traced = said.iter().any(|l| l.contains("Traceback (most recent call last)"));
    if traced { diagnose::essential(&said) } else { said[said.len().saturating_sub(12)..].to_vec() }
}

/// A line without time, level and the names of Airflow's own modules.
fn without_source(line: &str) -> String {
    let text = match (line.find("Z ["), line.find("] ")) {
        (Some(start), Some(end)) if start < end => &line[end + 2..],
        _ => line,
    };
    text.split(" [airflow.task").next().unwrap_or(text).trim_end().to_owned()
}

/// The path of a DAG file, relative to the workspace.
pub(super) fn dag_file(root: &Path, pipeline: &Name) -> Outcome<String> {
    let file = format!("dags/{pipeline}.py");
    if root.join(&file).is_file() {
        return Ok(file);
    }
    Err(Diagnostic::error("file-missing", format!("`{file}` is not there"))
        .next("`pipewright regenerate` writes it again")
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airflows_words_are_read() {
        let line =
            "2026-11-21T08:32:50.24Z [info     ] creating dag run  [x.dag] run_id=manual__2026-11-21T08:32:50.2+00:00";
        assert_eq!(word_after(line, "run_id=").as_deref(), Some("manual__2026-11-21T08:32:50.2+00:00"));
        let said = "2026-11-21T08:32:57.27Z [info     ] ValueError: no [airflow.task.hooks.x.SubprocessHook] loc=subprocess.py:106";
        assert_eq!(without_source(said), "ValueError: no");
        assert_eq!(word_after("nothing", "run_id="), None);
    }
}
