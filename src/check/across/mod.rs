//! What only shows where files are looked at together: DAGs, scripts and settings beside the dbt project.

use rayon::prelude::*;

use super::airflow::DagFile;
use super::rules::{Family, Look, RULES, Rule};
use super::{Analysis, Repository, airflow, python};
use crate::vocabulary::{Diagnostic, Place, Severity};

mod again;
mod builds;
mod cursor;
mod files;
mod personal;
mod select;
#[cfg(test)]
mod tests;
mod text;
mod times;

pub use builds::{Build, builds};
pub use files::RULES as FILES;
pub use select::{Selected, select};

const fn rule(code: &'static str, severity: Severity, summary: &'static str, look: Look) -> Rule {
    Rule { code, family: Family::Across, severity, summary, look }
}

/// What is looked for between artifacts, and in files of any kind.
pub const BETWEEN: &[Rule] = &[
    rule(
        "runs-before-source",
        Severity::Warning,
        "a DAG that builds on a source before another DAG has brought it",
        Look::Repository(times::early),
    ),
    rule(
        "freshness-unmet",
        Severity::Warning,
        "a source that is to be fresher than its schedule can keep it",
        Look::Repository(times::stale),
    ),
    rule(
        "sensor-never-met",
        Severity::Error,
        "a sensor for a run of another DAG that there never is",
        Look::Repository(times::sensors),
    ),
    rule(
        "cursor-mismatch",
        Severity::Warning,
        "an incremental model that filters by another column than its source is loaded by",
        Look::Repository(cursor::look),
    ),
    rule("mart-unbuilt", Severity::Warning, "a mart that no DAG builds", Look::Repository(builds::unbuilt)),
    rule(
        "unknown-selection",
        Severity::Error,
        "a task for models that do not exist",
        Look::Repository(builds::missing),
    ),
    rule(
        "retry-appends",
        Severity::Warning,
        "retries on a task that adds its rows again",
        Look::Repository(again::look),
    ),
    rule(
        "personal-data-in-mart",
        Severity::Warning,
        "personal data that reaches a mart as it is",
        Look::Repository(personal::look),
    ),
    rule("secret", Severity::Error, "a secret in a file", Look::Repository(text::secrets)),
    Rule {
        code: "merge-conflict",
        family: Family::OutOfStep,
        severity: Severity::Error,
        summary: "markers of a merge that nobody resolved",
        look: Look::Repository(text::conflicts),
    },
    Rule {
        code: "out-of-step",
        family: Family::OutOfStep,
        severity: Severity::Error,
        summary: "generated files that no longer follow from spec, contract and templates; edits to a base file",
        look: Look::Elsewhere,
    },
];

/// A repository as it was read.
pub struct Seen<'a> {
    /// Its files.
    pub repository: &'a Repository,
    /// Its dbt project, where there is one.
    pub analysis: Option<&'a Analysis>,
    /// Its Python, in the order of paths.
    pub python: &'a [python::File<'a>],
    /// What those of Airflow's do as they are imported.
    pub dags: &'a [DagFile<'a>],
}

/// Everything that rules find in a repository's files beside the SQL and YAML of its dbt project, sorted.
pub fn look(repository: &Repository, analysis: Option<&Analysis>) -> Vec<Diagnostic> {
    let rules = || RULES.iter().copied().flatten();
    let python: Vec<(&String, &std::sync::Arc<str>)> =
        repository.files.iter().filter(|(path, _)| path.ends_with(".py")).collect();
    let read: Vec<_> = python.par_iter().map(|(path, text)| files::python(path, text)).collect();
    let (mut python, mut found) = (Vec::new(), Vec::new());
    for file in read {
        match file {
            Ok(file) => python.push(file),
            Err(diagnostic) => found.push(diagnostic),
        }
    }
    let dags: Vec<DagFile<'_>> = python.par_iter().filter_map(airflow::read).collect();
    let each = |file: &python::File<'_>| {
        let mut found = Vec::new();
        for rule in rules() {
            if let Look::Python(look) = rule.look {
                look(file, &mut found);
            }
        }
        found
    };
    found.par_extend(python.par_iter().flat_map_iter(each));
    let each = |dags: &DagFile<'_>| {
        let mut found = Vec::new();
        for rule in rules() {
            if let Look::Dags(look) = rule.look {
                look(dags, &mut found);
            }
        }
        found
    };
    found.par_extend(dags.par_iter().flat_map_iter(each));
    found.extend(repository.no_text.iter().map(|path| files::no_text(path)));
    let seen = Seen { repository, analysis, python: &python, dags: &dags };
    for rule in rules() {
        if let Look::Repository(look) = rule.look {
            look(&seen, &mut found);
        }
    }
    found.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.cmp(b)));
    // A loop that makes DAGs makes the same fault in the same place again and again.
    found.dedup_by(|a, b| key(a) == key(b));
    found
}

fn key(diagnostic: &Diagnostic) -> (Option<&Place>, &str) {
    (diagnostic.place.as_ref(), &diagnostic.code)
}
