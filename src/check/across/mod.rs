//! What only shows where files are looked at together: DAGs, scripts and settings beside the dbt project.

use rayon::prelude::*;

use super::airflow::DagFile;
use super::rules::{Family, Look, RULES, Rule};
use super::{Analysis, Repository, airflow, python};
use crate::vocabulary::{Diagnostic, Fix, Place, Severity};

mod again;
mod builds;
mod clocks;
mod command;
mod cursor;
mod declared;
mod files;
mod outsiders;
mod personal;
mod projects;
mod select;
#[cfg(test)]
mod several;
mod shown;
#[cfg(test)]
mod tests;
mod text;
mod times;

pub use builds::{Build, By};
pub use declared::Declared;
pub use files::RULES as FILES;
pub use outsiders::outsiders;
pub(super) use select::fits;
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

/// The Python of a repository.
pub struct Python<'a> {
    files: Vec<python::File<'a>>,
    broken: Vec<Diagnostic>,
}

impl<'a> Python<'a> {
    /// Reads it.
    pub fn of(repository: &'a Repository) -> Python<'a> {
        let all: Vec<_> = repository.files.iter().filter(|(path, _)| path.ends_with(".py")).collect();
        let read: Vec<_> = all.par_iter().map(|(path, text)| files::python(path, text)).collect();
        let mut out = Python { files: Vec::new(), broken: Vec::new() };
        for file in read {
            match file {
                Ok(file) => out.files.push(file),
                Err(diagnostic) => out.broken.push(diagnostic),
            }
        }
        out
    }
}

/// A repository as it was read.
pub struct Seen<'a> {
    /// Its files.
    pub repository: &'a Repository,
    /// Its dbt projects.
    pub projects: Vec<&'a Analysis>,
    /// Its Python, in the order of paths.
    pub python: &'a [python::File<'a>],
    /// What those of Airflow's do as they are imported.
    pub dags: Vec<DagFile<'a>>,
    /// DAGs that YAML declares.
    pub declared: Vec<Declared>,
    broken: &'a [Diagnostic],
}

impl<'a> Seen<'a> {
    /// Reads what a repository holds beside its projects.
    pub fn of(repository: &'a Repository, python: &'a Python<'a>, projects: Vec<&'a Analysis>) -> Seen<'a> {
        let pins = airflow::Pins::of(repository);
        let ignored = airflow::Ignored::of(repository);
        let read = |file: &'a python::File<'a>| {
            let mut dags = airflow::read(file, pins.at(file.path))?;
            if ignored.holds(file.path) {
                dags.set_aside();
            }
            Some(dags)
        };
        let dags = python.files.par_iter().filter_map(read).collect();
        let declared = declared::read(repository);
        Seen { repository, projects, python: &python.files, dags, declared, broken: &python.broken }
    }

    /// Everything that rules find in files beside the SQL and YAML of dbt projects, sorted.
    pub fn findings(&self) -> Vec<Diagnostic> {
        let mut found = self.broken.to_vec();
        found.extend(self.repository.no_text.iter().map(|path| files::no_text(path)));
        found.par_extend(self.python.par_iter().flat_map_iter(|file| {
            each(|look, found| {
                if let Look::Python(look) = look {
                    look(file, found)
                }
            })
        }));
        found.par_extend(self.dags.par_iter().flat_map_iter(|dags| {
            each(|look, found| {
                if let Look::Dags(look) = look {
                    look(dags, found)
                }
            })
        }));
        found.extend(each(|look, found| {
            if let Look::Repository(look) = look {
                look(self, found)
            }
        }));
        found.iter_mut().filter_map(|d| d.fix.as_deref_mut()).for_each(|fix| self.as_written(fix));
        found.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.cmp(b)));
        // A loop that makes DAGs makes the same fault in the same place again and again.
        found.dedup_by(|a, b| key(a) == key(b));
        found
    }
}

impl Seen<'_> {
    /// Python is read without the mark at the beginning of a file.
    fn as_written(&self, fix: &mut Fix) {
        let marked = self.repository.files.get(&fix.file).is_some_and(|text| text.starts_with('\u{feff}'));
        if marked && fix.file.ends_with(".py") {
            fix.start = fix.start.map(|start| start + '\u{feff}'.len_utf8());
        }
    }
}

/// What every rule finds that is looked for in one way.
fn each(one: impl Fn(&Look, &mut Vec<Diagnostic>)) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    RULES.iter().copied().flatten().for_each(|rule| one(&rule.look, &mut found));
    found
}

/// Everything that rules find in a repository's files beside the SQL and YAML of its dbt projects, sorted.
pub fn look(repository: &Repository, projects: &[&Analysis]) -> Vec<Diagnostic> {
    Seen::of(repository, &Python::of(repository), projects.to_vec()).findings()
}

fn key(diagnostic: &Diagnostic) -> (Option<&Place>, &str) {
    (diagnostic.place.as_ref(), &diagnostic.code)
}
