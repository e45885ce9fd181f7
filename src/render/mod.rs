//! A change set becomes files, in memory: a pure function through the templates under `templates/`.

mod check;
mod dag;
mod ddl;
mod ingestion;
mod macros;
mod model;
mod project;
mod python;
mod readers;
mod snapshot;
mod source;
mod spec;
mod workspace;

use std::collections::BTreeMap;

use rayon::prelude::*;

pub use check::check;
pub use dag::dag;
pub use ddl::ddl;
pub use ingestion::{ingestion, library};
pub use macros::{macro_file, macro_properties};
pub use model::{ModelFiles, model};
pub use project::{profiles, project};
pub use snapshot::snapshot;
pub use source::source;
pub use spec::spec;
pub use workspace::{canonical, linters, workspace_config};

use crate::changeset::ChangeSet;
use crate::proposal::{Ddl, Ingestion};
use crate::vocabulary::{Dialect, Fault, Name, Outcome};
use crate::workspace::Config;

#[cfg(test)]
mod tests;

/// Files by path relative to the workspace, with `/` between folders.
pub type Files = BTreeMap<String, String>;

/// Renders every artifact; each file is then parsed in its own language.
///
/// # Errors
/// A template that fails, or whose output is no SQL, YAML or Python: all of them at once.
pub fn files(change: &ChangeSet, config: &Config) -> Outcome<Files> {
    let config = &workspace::with_platforms(config.clone(), change.platform());
    let mut parts: Vec<Outcome<Files>> = vec![platform(change, config), shared(change, config)];
    parts.par_extend(change.contracts().par_iter().map(|(_, contract)| {
        let path = format!("contracts/{}/{}.odcs.yaml", contract.source, contract.table);
        Ok(Files::from([(path, crate::contract::write(contract))]))
    }));
    parts.extend(change.specs().values().map(|s| one(spec(s))));
    parts.extend(change.sources().values().map(|s| one(source(s))));
    parts.par_extend(models(change).par_iter().map(model));
    parts.extend(change.snapshots().values().map(|s| {
        let tests: Vec<_> = change.tests().iter().filter(|t| t.model == s.name).collect();
        let policies: Vec<_> = change.policies().iter().filter(|p| p.model == s.name).collect();
        snapshot(s, &tests, &policies)
    }));
    parts.extend(change.macros().values().map(|m| Ok(Files::from([macro_file(m)]))));

    let mut landings: BTreeMap<(&Name, Dialect), Vec<&Ddl>> = BTreeMap::new();
    for ddl in change.ddl() {
        landings.entry((&ddl.pipeline, ddl.dialect)).or_default().push(ddl);
    }
    parts.extend(landings.into_iter().map(|((pipeline, dialect), schemas)| one(ddl(pipeline, dialect, &schemas))));

    let mut loads: BTreeMap<&Name, Vec<&Ingestion>> = BTreeMap::new();
    for ingestion in change.ingestions() {
        loads.entry(&ingestion.pipeline).or_default().push(ingestion);
    }
    parts.extend(loads.into_iter().map(|(pipeline, sources)| one(ingestion(pipeline, &sources))));

    parts.extend(change.dags().values().map(|d| {
        let alerts: Vec<_> = change.alerts().iter().filter(|alert| alert.pipeline == d.name).collect();
        dag(d, &alerts, config)
    }));

    let mut files = Files::new();
    let mut diagnostics = Vec::new();
    for part in parts {
        match part {
            Ok(part) => files.extend(part),
            Err(fault) => diagnostics.extend(fault.diagnostics),
        }
    }
    diagnostics.extend(files.par_iter().filter_map(|(path, text)| check(path, text)).collect::<Vec<_>>());
    Fault::unless_empty(diagnostics)?;
    Ok(files)
}

fn one(file: Outcome<(String, String)>) -> Outcome<Files> {
    Ok(Files::from([file?]))
}

/// `pipewright.yml`, where a connection was added to it.
fn platform(change: &ChangeSet, config: &Config) -> Outcome<Files> {
    if change.platform().is_empty() {
        return Ok(Files::new());
    }
    Ok(Files::from([("pipewright.yml".to_owned(), canonical(config)?)]))
}

/// What stands once in a workspace: the dbt project, the library of the ingestion scripts, the linters' configuration.
fn shared(change: &ChangeSet, config: &Config) -> Outcome<Files> {
    let mut files = Files::new();
    if let Some(dbt) = change.project() {
        files.extend(project(dbt, change.models().values(), !change.snapshots().is_empty(), &config.defaults.owner)?);
        files.extend(macro_properties(change.macros().values()));
    }
    if !change.ingestions().is_empty() {
        files.extend(library());
        files.extend(readers::modules(config));
    }
    if !files.is_empty() {
        files.extend(linters());
    }
    Ok(files)
}

/// Models with what stands in their YAML, each found once.
fn models(change: &ChangeSet) -> Vec<ModelFiles<'_>> {
    let mut models: BTreeMap<&Name, ModelFiles<'_>> = change
        .models()
        .iter()
        .map(|(name, model)| (name, ModelFiles { model, tests: vec![], unit_tests: vec![], policies: vec![] }))
        .collect();
    for test in change.tests() {
        if let Some(model) = models.get_mut(&test.model) {
            model.tests.push(test);
        }
    }
    for test in change.unit_tests().values() {
        if let Some(model) = models.get_mut(&test.model) {
            model.unit_tests.push(test);
        }
    }
    for policy in change.policies() {
        if let Some(model) = models.get_mut(&policy.model) {
            model.policies.push(policy);
        }
    }
    models.into_values().collect()
}
