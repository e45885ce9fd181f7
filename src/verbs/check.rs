//! `check`: what is wrong with a workspace, or with any folder of dbt projects and Airflow DAGs, and what a change to it
//! breaks. Trees from disk and git go in; findings, counts and a verdict come out. Nothing is written, no program is run.

mod base;
mod baseline;
mod compare;
mod desk;
mod findings;
mod fixing;
mod generated;
mod ignore;
mod mend;
mod place;
mod projects;
mod reach;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::check::against::{Against, Verdict};
use crate::sql::fingerprint::Print;
use crate::vocabulary::{Diagnostic, Dialect, Outcome};

pub use baseline::{BASELINE, fingerprint};
pub use desk::Desk;
pub use fixing::{Fixed, fix};

/// What is asked of a check.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The folder that is checked, or one in a workspace.
    pub dir: PathBuf,
    /// Files and folders, relative to `dir`, that findings are told of; all if none.
    pub paths: Vec<String>,
    /// What it is compared with: a revision, `none`, or what the configuration says.
    pub against: Option<String>,
    /// Findings only in what changed since the base, and in what that reaches.
    pub changed: bool,
    /// Models that findings are told of, as dbt selects them; all if none.
    pub select: Vec<String>,
    /// A `manifest.json` to take what was compiled from.
    pub manifest: Option<PathBuf>,
    /// The target of dbt's profile.
    pub target: Option<String>,
    /// What models are written for.
    pub dialect: Option<Dialect>,
    /// Values of dbt's variables.
    pub vars: BTreeMap<String, Value>,
    /// The baseline.
    pub baseline: Option<String>,
}

/// What was checked, and what was found.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Checked {
    /// `clean` or `findings`; `findings` fails the check.
    pub status: &'static str,
    /// What the change means; none where nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Path of what was checked in its repository, ending in `/`; places are relative to it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// dbt projects.
    pub projects: Vec<Looked>,
    /// How many models, snapshots and singular tests, of all projects.
    pub models: Counts,
    /// Those that can't be known without a warehouse or are not understood, and why.
    pub unknown: Vec<Unknown>,
    /// Python files that were looked at: DAGs and what runs on Spark.
    pub python: usize,
    /// What it was compared with; none where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Base>,
    /// Why nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_compared: Option<String>,
    /// What changed, a dbt project each.
    pub changes: Vec<Against>,
    /// Generated files that were compared with what their documents say.
    pub files: usize,
    /// Pipelines that were generated.
    pub pipelines: usize,
    /// Files that people took for themselves: not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<String>,
    /// Everything that is to be told, errors first, then by place.
    pub findings: Vec<Diagnostic>,
    /// Findings that a comment in place leaves alone.
    pub ignored: usize,
    /// Findings that the baseline knows.
    pub known: usize,
    /// Findings outside of what was selected.
    pub elsewhere: usize,
    /// Every node that was looked at, for reports that count them.
    #[serde(skip)]
    pub nodes: Vec<LookedAt>,
}

/// A dbt project that was checked.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Looked {
    /// Its folder; empty where that is the one that is checked.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// What its models are written for; none where nothing says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// How many.
    pub models: Counts,
}

/// How many models, snapshots and singular tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Read, understood and looked at by the rules.
    pub checked: usize,
    /// Not known. Never taken for safe.
    pub unknown: usize,
    /// Left out: disabled, or Python models, of which only their columns are read.
    pub skipped: usize,
}

/// What is not known.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unknown {
    /// As dbt writes it.
    pub node: String,
    /// Why, and where.
    pub why: Diagnostic,
}

/// What a check was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Base {
    /// As it was asked for.
    pub revision: String,
    /// The commit.
    pub commit: String,
}

/// A node that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedAt {
    /// As dbt writes it.
    pub node: String,
    /// Its file.
    pub file: String,
    /// Why it is not known; none where it was checked.
    pub unknown: Option<String>,
    /// What it gives, as a number.
    pub print: Print,
}

/// Checks once.
///
/// # Errors
/// A folder that is not there, nothing to check, a configuration that is broken, a selection that is empty.
pub fn check(asked: &Asked) -> Outcome<Checked> {
    Desk::open(asked)?.look()
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.checked += other.checked;
        self.unknown += other.unknown;
        self.skipped += other.skipped;
    }
}
