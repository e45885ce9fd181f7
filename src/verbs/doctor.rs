//! `doctor`: what is there, what is missing, and what to do about it. Nothing is changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::requirement::llm::protocol;
use crate::run::runtime::{self, Part};
use crate::run::{Listen, Target, connection_env, part_for};
use crate::vocabulary::{Diagnostic, Fault, Outcome};
use crate::workspace::{Connection, Environments, LanguageModel, Provider, Workspace};
use crate::world::{http, local, process};

/// What is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoctorOptions {
    /// A folder in the workspace, or where one would be.
    pub workspace: PathBuf,
}

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoctorReport {
    /// Nothing that every command needs is missing.
    pub ok: bool,
    /// One line each.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it is.
    pub status: Health,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Needed only by some commands, and not there.
    Warn,
    /// Needed, and not there.
    Missing,
}

/// Free space that a runtime and a small warehouse want.
const ENOUGH: u64 = 1 << 30;

impl DoctorReport {
    /// 0 where nothing is missing, else 1.
    pub fn exit(&self) -> u8 {
        u8::from(!self.ok)
    }

    fn add(&mut self, name: impl Into<String>, status: Health, found: impl Into<String>, next: Option<String>) {
        self.ok &= status != Health::Missing;
        self.checks.push(Check { name: name.into(), status, found: found.into(), next });
    }

    fn fault(&mut self, name: &str, status: Health, fault: &Fault) {
        for d in &fault.diagnostics {
            let place = d.place.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
            let why = d.why.as_ref().map(|w| format!("; {w}")).unwrap_or_default();
            self.add(name, status, format!("{}{place}{why}", d.what), d.next.clone());
        }
    }
}

/// Looks at everything.
///
/// # Errors
/// None: what is wrong is in the report.
pub fn doctor(options: &DoctorOptions, _listen: &mut Listen<'_>) -> Outcome<DoctorReport> {
    let mut report = DoctorReport { ok: true, checks: Vec::new() };
    git(&mut report);
    match runtime::find_python() {
        Ok(python) => {
            report.add("python", Health::Ok, format!("{} at {}", python.version, python.path.display()), None)
        }
        Err(fault) => report.fault("python", Health::Missing, &fault),
    }
    match runtime::cache() {
        Ok(cache) => folder(&mut report, "cache", &cache),
        Err(fault) => report.fault("cache", Health::Missing, &fault),
    }
    let workspace = Workspace::open(&options.workspace);
    let core = match &workspace {
        Ok(workspace) => part_for(&workspace.config.targets.dev),
        Err(_) => Part::Core,
    };
    let dbt_named =
        workspace.as_ref().is_ok_and(|w| w.config.runtime.dbt.is_some() && w.config.runtime.python.is_some());
    if !dbt_named {
        part(&mut report, core, Health::Missing);
    }
    let prod = workspace.as_ref().ok().and_then(|w| w.config.targets.prod.as_ref()).map(part_for);
    if let Some(prod) = prod.filter(|p| *p != core) {
        part(&mut report, prod, Health::Warn);
    }
    if workspace.as_ref().map_or(true, |w| w.config.runtime.airflow.is_none()) {
        part(&mut report, Part::Airflow, Health::Warn);
    }
    match &workspace {
        Err(fault) if fault.diagnostics.iter().all(|d| d.code == "no-workspace") => {
            report.fault("workspace", Health::Warn, fault);
        }
        Err(fault) => report.fault("workspace", Health::Missing, fault),
        Ok(workspace) => of_workspace(&mut report, workspace),
    }
    Ok(report)
}

fn git(report: &mut DoctorReport) {
    let said = process::on_path("git")
        .map(|git| process::Command::of(git).arg("--version").timeout(Duration::from_secs(10)).quiet());
    match said {
        Some(Ok(ended)) if ended.ok() => report.add("git", Health::Ok, ended.stdout.trim(), None),
        // Pipewright has git built in; people need it all the same.
        _ => report.add("git", Health::Warn, "no `git` on PATH", Some("install git".into())),
    }
}

/// A folder that must be writable, on a disk with some space.
fn folder(report: &mut DoctorReport, name: &str, path: &Path) {
    match local::writable(path) {
        true => report.add(name, Health::Ok, path.display().to_string(), None),
        false => report.add(
            name,
            Health::Missing,
            format!("`{}` can't be written", path.display()),
            Some("mend its permissions, or set PIPEWRIGHT_CACHE to another folder".into()),
        ),
    }
    match local::free_space(path) {
        Some(free) if free >= ENOUGH => {
            report.add(format!("disk of {name}"), Health::Ok, format!("{:.0} GB free", gigabytes(free)), None);
        }
        Some(free) => {
            let found = format!("only {:.1} GB free", gigabytes(free));
            report.add(format!("disk of {name}"), Health::Warn, found, Some("free some space".into()));
        }
        None => report.add(format!("disk of {name}"), Health::Warn, "its free space is unknown", None),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown to one decimal")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// Whether a part of the runtime is there and starts.
fn part(report: &mut DoctorReport, part: Part, without: Health) {
    let name = format!("runtime {}", part.as_str());
    match runtime::installed(part).and_then(|(bin, python)| starts(part, &bin).map(|()| python)) {
        Ok(python) => {
            let versions: Vec<String> = part.versions(&python).iter().map(|(n, v)| format!("{n} {v}")).collect();
            report.add(name, Health::Ok, versions.join(", "), None);
        }
        Err(fault) => report.fault(&name, without, &fault),
    }
}

fn starts(part: Part, bin: &Path) -> Outcome<()> {
    let (program, arg) = if part == Part::Airflow { ("airflow", "version") } else { ("dbt", "--version") };
    let ended = runtime::command(&bin.join(program)).arg(arg).timeout(Duration::from_secs(60)).quiet()?;
    if ended.ok() {
        return Ok(());
    }
    let last = ended.tail.last().cloned().unwrap_or_default();
    Err(Diagnostic::error("runtime-broken", format!("`{program} {arg}` does not start"))
        .why(last)
        .next(format!("run `{}`", part.setup()))
        .into())
}

fn of_workspace(report: &mut DoctorReport, workspace: &Workspace) {
    let found = format!(
        "{}: {} contracts, {} pipelines",
        workspace.config.name,
        workspace.contracts.len(),
        workspace.specs.len()
    );
    report.add("workspace", Health::Ok, found, None);
    let text = workspace.root.display().to_string();
    if let Some(c) = text.chars().find(|c| ['%', '?', '\''].contains(c)) {
        let found = format!("its path holds `{c}`, which DuckDB or dlt can't read in a path");
        report.add("workspace path", Health::Missing, found, Some("move it to another folder".into()));
    }
    folder(report, "workspace folder", &workspace.root);
    for (name, environments) in &workspace.config.sources {
        for (target, connection) in both(environments) {
            connection_check(
                report,
                workspace,
                &format!("source {name} ({})", target.as_str()),
                target,
                connection,
                true,
            );
        }
    }
    for (target, connection) in both(&workspace.config.targets) {
        connection_check(report, workspace, &format!("target {}", target.as_str()), target, connection, false);
    }
    if let Some(model) = &workspace.config.model {
        language_model(report, model);
    }
    let slack = &workspace.config.airflow.slack_webhook_env;
    if workspace.specs.values().any(|s| !s.alerts.is_empty()) && process::env(slack).is_none() {
        let next = format!("set {slack} where Airflow runs");
        report.add("alerts", Health::Warn, format!("{slack} is not set here"), Some(next));
    }
}

fn both(environments: &Environments) -> Vec<(Target, &Connection)> {
    let prod = environments.prod.as_ref().map(|c| (Target::Prod, c));
    std::iter::once((Target::Dev, &environments.dev)).chain(prod).collect()
}

/// Files are there, variables are set; no value is shown, and nothing is connected to.
fn connection_check(
    report: &mut DoctorReport,
    workspace: &Workspace,
    name: &str,
    target: Target,
    connection: &Connection,
    source: bool,
) {
    let without = if target == Target::Dev { Health::Missing } else { Health::Warn };
    match connection {
        Connection::Sqlite { path } | Connection::DuckDb { path } => {
            let there = workspace.root.join(path).is_file();
            match (there, source) {
                (true, _) => report.add(name, Health::Ok, path, None),
                (false, false) => report.add(name, Health::Ok, format!("{path} (made by the first run)"), None),
                (false, true) => {
                    let next = "put the file there, or mend `pipewright.yml`".to_owned();
                    report.add(name, without, format!("`{}` is not there", path.escape_debug()), Some(next));
                }
            }
        }
        Connection::Files { path, .. } if !path.contains("://") => {
            let folder = path.split(['*', '{', '?', '[']).next().unwrap_or_default();
            let folder = if folder == path { folder } else { folder.rsplit_once('/').map_or("", |(f, _)| f) };
            match workspace.root.join(folder).exists() {
                true => report.add(name, Health::Ok, path, None),
                false => {
                    let next = "put the files there, or mend `pipewright.yml`".to_owned();
                    report.add(name, without, format!("`{}` is not there", folder.escape_debug()), Some(next));
                }
            }
        }
        _ => {
            let unset: Vec<String> =
                connection_env(connection).into_iter().filter(|n| process::env(n).is_none()).collect();
            if unset.is_empty() {
                report.add(name, Health::Ok, format!("{}: its variables are set", connection.label()), None);
            } else {
                let found = format!("{}: not set: {}", connection.label(), unset.join(", "));
                report.add(
                    name,
                    without,
                    found,
                    Some("set them in the environment; never in a file of this repository".into()),
                );
            }
        }
    }
}

/// Whether a language model can be asked: its key is set, and one on this machine is there. No model elsewhere is asked.
fn language_model(report: &mut DoctorReport, model: &LanguageModel) {
    let mut line = |status, found: &str, next: Option<String>| {
        report.add("language model", status, format!("{}: {found}", model.label()), next);
    };
    if let Some(name) = model.key_env().filter(|name| process::env(name).is_none()) {
        let next = format!("set {name} in the environment; never in a file of this repository");
        return line(Health::Warn, &format!("{name} is not set"), Some(next));
    }
    if !model.is_local() {
        let key = if model.key_env().is_some() { "its key is set" } else { "no key is named for it" };
        return line(Health::Ok, key, None);
    }
    let url = format!("{}{}", model.base_url(), protocol::ping(model.provider));
    let timeout = Duration::from_secs(5);
    let request = http::Request { url: &url, headers: &[], body: None, timeout, limit: 1 << 20 };
    let Ok(answer) = http::send(&request, true) else {
        let next = match model.provider {
            Provider::Ollama => "start it with `ollama serve`",
            _ => "start it, or mend `model.base_url`",
        };
        return line(Health::Warn, &format!("nothing answers at {}", model.base_url()), Some(next.to_owned()));
    };
    let names = protocol::models(model.provider, &answer.body);
    if names.is_some_and(|names| !names.iter().any(|name| name == model.model())) {
        let next = format!("run `ollama pull {}`", model.model());
        return line(Health::Warn, "its server is there and does not have it", Some(next));
    }
    line(Health::Ok, &format!("there, at {}", model.base_url()), None);
}
