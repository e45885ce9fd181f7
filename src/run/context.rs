//! What every step of a run shares: where things are, and the environment that its programs see.

use std::path::{Path, PathBuf};

use super::as_of::AsOf;
use super::report::Target;
use super::runtime::{self, Part, Runtime};
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place};
use crate::workspace::{Config, Connection};
use crate::world::process::{self, Command, Secrets};

/// Folder of local state, relative to the workspace.
pub const STATE: &str = ".pipewright/state";

/// What every step shares.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The workspace's folder, absolute.
    pub root: &'a Path,
    /// `pipewright.yml`.
    pub config: &'a Config,
    /// dbt and Python.
    pub runtime: Runtime,
    /// Where models are built.
    pub target: Target,
    /// Folder of this run's logs.
    pub logs: PathBuf,
    /// What must not be seen.
    pub secrets: Secrets,
}

/// The connection of the target.
///
/// # Errors
/// The workspace has no `prod`.
pub fn connection(config: &Config, target: Target) -> Outcome<&Connection> {
    match target {
        Target::Dev => Ok(&config.targets.dev),
        Target::Prod => Ok(config.targets.prod.as_ref().ok_or_else(|| {
            Diagnostic::error("no-prod", "this workspace has no production target")
                .at(Place::path("pipewright.yml", "targets.prod"))
                .next("add `targets.prod`, or run with `--target dev`")
        })?),
    }
}

/// The connection of a source; `prod` falls back to `dev` nowhere.
pub fn source_connection<'a>(config: &'a Config, source: &Name, target: Target) -> Outcome<&'a Connection> {
    let environments = config.sources.get(source).ok_or_else(|| {
        Diagnostic::error("unknown-source", format!("the source `{source}` is not in pipewright.yml"))
            .at(Place::path("pipewright.yml", "sources"))
    })?;
    match target {
        Target::Dev => Ok(&environments.dev),
        Target::Prod => Ok(environments.prod.as_ref().ok_or_else(|| {
            Diagnostic::error("no-prod", format!("the source `{source}` has no production connection"))
                .at(Place::path("pipewright.yml", format!("sources.{source}.prod")))
                .next("add it, or run with `--target dev`")
        })?),
    }
}

/// The part of the runtime that builds in a database.
pub fn part(connection: &Connection) -> Part {
    if matches!(connection, Connection::Snowflake { .. }) { Part::CoreSnowflake } else { Part::Core }
}

/// Environment variables that a connection must have, and those that it may have and that are secret.
pub fn env_names(connection: &Connection) -> (Vec<String>, Vec<String>) {
    match connection {
        Connection::Sqlite { .. } => (Vec::new(), Vec::new()),
        Connection::Postgres { url_env, .. } | Connection::MySql { url_env, .. } => {
            (vec![url_env.clone()], vec![url_env.clone()])
        }
        Connection::Snowflake { credentials_env: prefix } => {
            let named = |tails: &[&str]| tails.iter().map(|t| format!("{prefix}_{t}")).collect();
            let needed = ["ACCOUNT", "USER", "PRIVATE_KEY_PATH", "ROLE", "WAREHOUSE", "DATABASE"];
            (named(&needed), named(&["PASSWORD", "PRIVATE_KEY", "PRIVATE_KEY_PASSPHRASE", "TOKEN"]))
        }
        reached => reached.variables(),
    }
}

/// What pseudonyms are salted with; dbt writes it into the SQL that it compiles.
const MASK_SALT: &str = "PIPEWRIGHT_MASK_SALT";

/// The values of every variable of the configuration that holds a secret.
pub fn secrets(config: &Config) -> Secrets {
    let both = |e: &crate::workspace::Environments| [Some(e.dev.clone()), e.prod.clone()];
    let connections = config.sources.values().chain([&config.targets]).flat_map(both).flatten();
    let mut names: Vec<String> = connections.flat_map(|c| env_names(&c).1).collect();
    names.push(config.airflow.slack_webhook_env.clone());
    names.push(MASK_SALT.to_owned());
    names.extend(process::env_names().filter(|n| n.starts_with("DBT_ENV_SECRET_")));
    Secrets::of_env(names.iter().map(String::as_str))
}

impl<'a> Context<'a> {
    /// What steps share, with the runtime found.
    ///
    /// # Errors
    /// The runtime is not set up, or the workspace has no such target.
    pub fn new(root: &'a Path, config: &'a Config, target: Target, logs: PathBuf) -> Outcome<Context<'a>> {
        let runtime = Runtime::locate(root, &config.runtime, part(connection(config, target)?))?;
        Ok(Context { root, config, runtime, target, logs, secrets: secrets(config) })
    }

    /// A folder of local state.
    pub fn state(&self, folder: &str) -> PathBuf {
        self.root.join(STATE).join(folder)
    }

    /// Absolute path of the DuckDB file that is built; none where the target is another database.
    pub fn database(&self) -> Option<PathBuf> {
        match connection(self.config, self.target) {
            Ok(Connection::DuckDb { path }) => Some(self.root.join(path)),
            _ => None,
        }
    }

    /// `path` relative to the workspace where it is in it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }

    /// A program of the runtime with the environment that scripts, dbt and DAGs read.
    pub fn command(&self, program: &Path, log: &str) -> Command {
        let command = runtime::command(program)
            .cwd(self.root)
            .log(self.logs.join(log))
            .secrets(&self.secrets)
            .env("PIPEWRIGHT_WORKSPACE", self.root)
            .env("PIPEWRIGHT_TARGET", self.target.as_str())
            // What is installed was compiled then; nothing is to be left beside scripts and DAGs.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DLT_DATA_DIR", self.state("dlt"))
            .env("DBT_TARGET_PATH", self.state("target"))
            .env("DBT_LOG_PATH", &self.logs)
            .env("DBT_LOG_FORMAT_FILE", "json")
            .env("DBT_LOG_LEVEL_FILE", "debug")
            .env("DBT_LOG_FILE_MAX_BYTES", "0")
            .env("DBT_USE_COLORS", "false")
            .env("DBT_USE_COLORS_FILE", "false");
        match self.database() {
            Some(path) => command.env("PIPEWRIGHT_DUCKDB_PATH", path),
            None => command,
        }
    }

    /// The `--vars` of dbt.
    pub fn vars(as_of: AsOf) -> String {
        serde_json::json!({ "as_of": as_of.to_string() }).to_string()
    }
}

/// A fault of a failed step, for a caller that has nothing else to report.
pub fn failed(diagnostics: Vec<Diagnostic>) -> Fault {
    Fault { exit: 1, diagnostics }
}
