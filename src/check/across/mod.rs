//! What only shows where files are looked at together: DAGs, scripts and settings beside the dbt project.

use rayon::prelude::*;

use super::airflow::DagFile;
use super::rules::{Look, RULES};
use super::{Analysis, Repository, airflow, python};
use crate::vocabulary::{Diagnostic, Place};

mod files;

pub use files::RULES as FILES;

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
