//! The Python side: where dbt, dlt and Airflow are.
//!
//! Each part is installed from a pinned, hashed lock into a virtual environment of its own in the user's cache, under a
//! key made from the lock and the Python version. A small file, written when all is done, points to the environment;
//! without it an environment counts as not there, so that no half of one is ever used.

mod install;
mod python;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace;
use crate::world::{local, process};

pub use install::{Installed, install};
pub use python::{Python, find_python};

const CORE: &str = include_str!("../../../runtime/core.txt");
const SNOWFLAKE: &str = include_str!("../../../runtime/snowflake.txt");
const AIRFLOW: &str = include_str!("../../../runtime/airflow.txt");

/// A part of the runtime; each is a virtual environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// dbt, dlt and DuckDB.
    Core,
    /// The same and what Snowflake needs.
    CoreSnowflake,
    /// Airflow, which disagrees with dbt about shared packages.
    Airflow,
}

/// The programs that run pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// dbt.
    pub dbt: PathBuf,
    /// A Python with dlt.
    pub python: PathBuf,
}

/// What the file that points to an environment says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    /// Folder of the environment, beside the file.
    pub dir: String,
    /// Version of Python in it.
    pub python: String,
}

impl Part {
    /// Its name, as in the cache.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Core => "core",
            Part::CoreSnowflake => "core-snowflake",
            Part::Airflow => "airflow",
        }
    }

    /// What `pipewright setup` must be told to install it.
    pub fn setup(self) -> &'static str {
        match self {
            Part::Core => "pipewright setup",
            Part::CoreSnowflake => "pipewright setup --with snowflake",
            Part::Airflow => "pipewright setup --with airflow",
        }
    }

    /// The locks that it is installed from, in order.
    pub(crate) fn locks(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Part::Core => &[("core.txt", CORE)],
            Part::CoreSnowflake => &[("core.txt", CORE), ("snowflake.txt", SNOWFLAKE)],
            Part::Airflow => &[("airflow.txt", AIRFLOW)],
        }
    }

    /// The program that shows that it works.
    pub(crate) fn program(self) -> &'static str {
        if self == Part::Airflow { "airflow" } else { "dbt" }
    }

    /// Name and version of the packages that matter to that version of Python, from the locks.
    pub fn versions(self, python: &str) -> Vec<(&'static str, &'static str)> {
        let wanted: &[&str] = match self {
            Part::Core => &["dbt-core", "dbt-duckdb", "dlt", "duckdb"],
            Part::CoreSnowflake => &["dbt-core", "dbt-duckdb", "dbt-snowflake", "dlt", "duckdb"],
            Part::Airflow => &["apache-airflow"],
        };
        let fits = |line: &&str| line.split_once("; ").is_none_or(|(_, marker)| holds(marker, python));
        let pins = self.lines().filter(fits).filter_map(pin);
        let mut found: Vec<_> = pins.filter(|(name, _)| wanted.contains(name)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Every pin of the locks: name without extras, version.
    pub(crate) fn pins(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.lines().filter_map(pin)
    }

    fn lines(self) -> impl Iterator<Item = &'static str> {
        self.locks().iter().flat_map(|(_, text)| text.lines())
    }

    /// Name of its environments in the cache, without the Python version: a change of a lock changes it.
    pub(crate) fn key(self) -> String {
        let mut hash = Sha256::new();
        for (_, lock) in self.locks() {
            hash.update(lock.as_bytes());
        }
        hash.update(std::env::consts::OS);
        hash.update(std::env::consts::ARCH);
        let hex: String = hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
        format!("{}-{hex}", self.as_str())
    }
}

/// The package and version that a line of a lock pins.
fn pin(line: &'static str) -> Option<(&'static str, &'static str)> {
    let (name, rest) = line.split_once("==").filter(|_| !line.starts_with([' ', '#']))?;
    Some((name.split('[').next()?, rest.split([' ', ';', '\\']).next()?))
}

/// Whether what a pin's marker says of Python's version holds.
fn holds(marker: &str, python: &str) -> bool {
    let number = |text: &str| text.split('.').map(|n| n.parse::<u32>().unwrap_or(0)).take(2).collect::<Vec<_>>();
    let all = marker.split(" and ").filter_map(|part| part.trim().strip_prefix("python_full_version "));
    all.filter_map(|part| part.split_once(' ')).all(|(sign, version)| {
        let wanted = number(version.trim_matches(['\'', ' ', '\\']));
        match sign {
            "<" => number(python) < wanted,
            ">=" => number(python) >= wanted,
            _ => true,
        }
    })
}

/// The folder that runtimes are kept in: `PIPEWRIGHT_CACHE`, or the user's cache.
///
/// # Errors
/// None of the variables that say where it is, is set.
pub fn cache() -> Outcome<PathBuf> {
    let set = |name: &str| process::env(name).map(PathBuf::from);
    let dir = set("PIPEWRIGHT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").filter(|p| p.is_absolute()).map(|p| p.join("pipewright")))
        .or_else(|| set("HOME").map(|p| p.join(".cache/pipewright")))
        .ok_or_else(|| {
            Diagnostic::error(
                "no-cache",
                "there is no folder for the runtime: neither PIPEWRIGHT_CACHE nor HOME is set",
            )
            .next("set PIPEWRIGHT_CACHE to a folder that may be written")
        })?;
    let dir = std::path::absolute(&dir).map_err(|e| local::fault("find", &dir, &e))?;
    Ok(dir.join("runtime"))
}

/// Files that point to environments of this part, the one set up last first.
pub(crate) fn pointers(cache: &Path, part: Part) -> Outcome<Vec<(PathBuf, Pointer)>> {
    let prefix = format!("{}-py", part.key());
    let mut found = Vec::new();
    for path in local::list(cache)? {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if !(name.starts_with(&prefix) && name.ends_with(".json")) {
            continue;
        }
        let text = local::read(&path)?.unwrap_or_default();
        if let Ok(pointer) = serde_json::from_str::<Pointer>(&text) {
            let made = path.metadata().and_then(|m| m.modified()).ok();
            found.push((made, path, pointer));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(found.into_iter().map(|(_, path, pointer)| (path, pointer)).collect())
}

/// Folder of the programs of an installed part.
///
/// # Errors
/// It is not set up, or no longer whole; the diagnostic says what to run.
pub fn bin(part: Part) -> Outcome<PathBuf> {
    Ok(installed(part)?.0)
}

/// Folder of the programs of an installed part, and the version of its Python.
///
/// # Errors
/// It is not set up, or no longer whole; the diagnostic says what to run.
pub fn installed(part: Part) -> Outcome<(PathBuf, String)> {
    let cache = cache()?;
    let mut broken = None;
    for (_, pointer) in pointers(&cache, part)? {
        let bin = cache.join(&pointer.dir).join("bin");
        match ["python", part.program()].iter().find(|p| !process::is_executable(&bin.join(p))) {
            None => return Ok((bin, pointer.python)),
            Some(missing) => broken = Some(bin.join(missing)),
        }
    }
    let next = format!("run `{}`", part.setup());
    Err(match broken {
        Some(path) => {
            Diagnostic::error("runtime-broken", format!("the runtime is no longer whole: `{}` is gone", path.display()))
        }
        None => Diagnostic::error("runtime-missing", format!("the runtime ({}) is not set up", part.as_str())),
    }
    .next(next)
    .into())
}

impl Runtime {
    /// Where dbt and Python are: those that the workspace names, else the pinned ones.
    ///
    /// # Errors
    /// A part that is not set up, or a named program that is not there.
    pub fn locate(root: &Path, config: &workspace::Runtime, part: Part) -> Outcome<Runtime> {
        let named = |field: &'static str, program: &Option<String>| {
            program.as_deref().map(|p| named_program(root, field, p)).transpose()
        };
        let (dbt, python) = (named("dbt", &config.dbt)?, named("python", &config.python)?);
        Ok(match (dbt, python) {
            (Some(dbt), Some(python)) => Runtime { dbt, python },
            (dbt, python) => {
                let bin = bin(part)?;
                Runtime { dbt: dbt.unwrap_or(bin.join("dbt")), python: python.unwrap_or(bin.join("python")) }
            }
        })
    }
}

/// Where Airflow is: the one that the workspace names, else the pinned one.
///
/// # Errors
/// It is not set up, or not there.
pub fn locate_airflow(root: &Path, config: &workspace::Runtime) -> Outcome<PathBuf> {
    match &config.airflow {
        Some(named) => named_program(root, "airflow", named),
        None => Ok(bin(Part::Airflow)?.join("airflow")),
    }
}

/// A program that `pipewright.yml` names: a path relative to the workspace, or a name on `PATH`.
fn named_program(root: &Path, field: &'static str, program: &str) -> Outcome<PathBuf> {
    let found = if program.contains('/') {
        Some(root.join(program)).filter(|p| process::is_executable(p))
    } else {
        process::on_path(program)
    };
    Ok(found.ok_or_else(|| {
        Diagnostic::error("runtime-missing", format!("`{}` is no program that can be run", program.escape_debug()))
            .at(crate::vocabulary::Place::path("pipewright.yml", format!("runtime.{field}")))
            .next("mend the path, or take the field out to use the pinned runtime")
    })?)
}

/// Environment variables that turn the telemetry of every part off.
pub const TELEMETRY_OFF: &[(&str, &str)] = &[
    ("DBT_SEND_ANONYMOUS_USAGE_STATS", "false"),
    ("RUNTIME__DLTHUB_TELEMETRY", "false"),
    ("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False"),
    ("SCARF_NO_ANALYTICS", "true"),
    ("DO_NOT_TRACK", "1"),
];

/// A program of the runtime, in an environment that holds nothing of other dbt, Python or Airflow set-ups.
pub fn command(program: &Path) -> process::Command {
    let foreign = |name: &str| {
        let python = ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"];
        python.contains(&name)
            || (name.starts_with("DBT_") && !name.starts_with("DBT_ENV_"))
            || name.starts_with("AIRFLOW__")
            || name == "AIRFLOW_HOME"
    };
    let command =
        process::Command::of(program).without_env(foreign).env("PYTHONUNBUFFERED", "1").env("PYTHONUTF8", "1");
    TELEMETRY_OFF.iter().fold(command, |command, (name, value)| command.env(name, *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_pinned_and_hashed() {
        for part in [Part::Core, Part::CoreSnowflake, Part::Airflow] {
            assert!(part.pins().count() > 30, "{part:?}");
            for (name, text) in part.locks() {
                let pins = text.lines().filter(|l| !l.starts_with([' ', '#']) && !l.is_empty());
                for pin in pins {
                    assert!(pin.contains("==") && pin.ends_with('\\'), "{name}: {pin}");
                }
            }
            let names: Vec<_> = part.versions("3.11").iter().map(|(n, _)| *n).collect();
            assert!(names.contains(&if part == Part::Airflow { "apache-airflow" } else { "dbt-core" }), "{names:?}");
        }
        assert_ne!(Part::Core.key(), Part::CoreSnowflake.key());
    }

    #[test]
    fn each_version_of_python_has_one_version_of_a_package() {
        let duckdb = |python: &str| {
            let all = Part::Core.versions(python);
            let mut of = all.iter().filter(|(name, _)| *name == "duckdb").map(|(_, version)| *version);
            let (first, second) = (of.next().unwrap_or_default(), of.next());
            assert_eq!(second, None, "{python}: {all:?}");
            first
        };
        assert!(duckdb("3.10").starts_with("1."), "{}", duckdb("3.10"));
        assert!(duckdb("3.11").starts_with("2.") && duckdb("3.13") == duckdb("3.11"));
        assert!(holds("python_full_version >= '3.10' and python_full_version < '3.12' \\", "3.11"));
        assert!(!holds("python_full_version >= '3.12' \\", "3.9"));
    }
}
