//! What is compared: the sources as they are, contracts as they were found last, and the dbt project on HEAD.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Options;
use crate::contract::{self, Column, Contract};
use crate::discover::{self, Reach};
use crate::verbs::discover::selected;
use crate::vocabulary::{Diagnostic, Name, Outcome};
use crate::workspace::{Profiling, Workspace, paths};
use crate::world::files;
use crate::world::git::Git;

/// Sources as they are now, and as they were found last.
pub(super) struct Sources {
    pub(super) names: Vec<Name>,
    pub(super) now: Vec<Contract>,
    /// By path.
    pub(super) last: BTreeMap<String, Contract>,
    pub(super) warnings: Vec<Diagnostic>,
    /// Tables that are there and can't be read: nothing is said of them.
    pub(super) skipped: BTreeSet<String>,
    pub(super) catalog_only: bool,
    /// Contracts that were compared.
    pub(super) compared: usize,
}

impl Sources {
    pub(super) fn read(workspace: &Workspace, options: &Options, progress: &mut dyn FnMut(&str)) -> Outcome<Sources> {
        let names = selected(workspace, options.source.as_deref())?;
        let (mut now, mut warnings, mut catalog_only) = (Vec::new(), Vec::new(), false);
        for source in &names {
            let Some(environments) = workspace.config.sources.get(source.as_str()) else { continue };
            let asked = Profiling { enabled: options.no_profile.then_some(false), ..Profiling::default() };
            let profiling = asked.or(&workspace.config.profiling(source.as_str()));
            catalog_only |= profiling.enabled == Some(false);
            let python = crate::verbs::python(workspace);
            let reach = Reach { root: &workspace.root, python: &python };
            let found = discover::contracts(&environments.dev, &reach, source, &profiling, progress);
            let found = found.map_err(|mut fault| {
                workspace.pin(&mut fault.diagnostics);
                fault
            })?;
            now.extend(found.contracts);
            warnings.extend(found.warnings);
        }
        let last = last(workspace, &names)?;
        if catalog_only {
            let before: BTreeMap<String, &Contract> =
                last.values().map(|c| (format!("{} {}", c.source, c.called()), c)).collect();
            for contract in &mut now {
                if let Some(last) = before.get(&format!("{} {}", contract.source, contract.called())) {
                    carry_over(contract, last);
                }
            }
        }
        let compared = workspace.contracts.values().filter(|c| names.contains(&c.source)).count();
        let is_skipped = |c: &&Contract| {
            let named = [c.called(), c.physical_name.clone()].map(|name| format!("`{}` ", name.escape_debug()));
            warnings.iter().any(|w| w.code == "table-skipped" && named.iter().any(|name| w.what.starts_with(name)))
        };
        let skipped =
            last.values().chain(workspace.contracts.values()).filter(is_skipped).map(Contract::called).collect();
        Ok(Sources { names, now, last, warnings, skipped, catalog_only, compared })
    }
}

/// What only rows tell, as it was found last: the catalog alone does not say that it is otherwise.
fn carry_over(now: &mut Contract, last: &Contract) {
    now.profile.clone_from(&last.profile);
    now.cursor = now.cursor.take().or_else(|| last.cursor.clone().filter(|c| now.column(c.as_str()).is_some()));
    let keyed = now.columns.iter().any(|c| c.primary_key.is_some());
    for column in &mut now.columns {
        let Some(before) = last.columns.iter().find(|c| c.physical_name == column.physical_name) else { continue };
        let of_rows = column.clone();
        *column = Column { name: of_rows.name, required: of_rows.required, ..before.clone() };
        column.unique |= of_rows.unique;
        column.references = of_rows.references.or_else(|| before.references.clone());
        if keyed {
            column.primary_key = of_rows.primary_key;
            column.key_evidence = of_rows.key_evidence;
        }
        // A column that is declared otherwise holds other values.
        if before.physical_type != of_rows.physical_type {
            column.physical_type = of_rows.physical_type;
            column.data_type = of_rows.data_type;
            column.profile = None;
        }
    }
}

/// Contracts as they were found last. One that nobody edited is not read again.
fn last(workspace: &Workspace, sources: &[Name]) -> Outcome<BTreeMap<String, Contract>> {
    let mut all = Vec::new();
    for source in sources {
        all.extend(files::list(&workspace.root, &paths::base(&paths::source(source)), paths::CONTRACT_ENDING)?);
    }
    let ours: BTreeMap<String, &Contract> =
        workspace.contracts.values().map(|c| (paths::contract(&c.table_ref()), c)).collect();
    let read = |path: &String| -> Outcome<Option<(String, Contract)>> {
        let own = path.strip_prefix(paths::BASE).unwrap_or(path).trim_start_matches('/');
        let Some(text) = files::read_text_if_there(&workspace.root, path)? else { return Ok(None) };
        let contract = match ours.get(own).filter(|_| workspace.texts.get(own) == Some(&text)) {
            Some(same) => (*same).clone(),
            None => contract::read(own, &text)?,
        };
        Ok(Some((own.to_owned(), contract)))
    };
    let read: Vec<Outcome<Option<(String, Contract)>>> = all.par_iter().map(read).collect();
    Ok(read.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The texts of the dbt project on HEAD that lineage is read from, by path.
pub(super) fn project(git: &Git) -> Outcome<BTreeMap<String, String>> {
    let wanted = ["dbt/models/", "dbt/macros/", "dbt/snapshots/"];
    let mut out = BTreeMap::new();
    for (path, entry) in git.entries(git.head()?.commit)? {
        if wanted.iter().any(|folder| path.starts_with(folder)) {
            // What is no text is no model; what reads it is unknown then.
            let text = String::from_utf8_lossy(&git.bytes(entry.id)?).into_owned();
            out.insert(path, text);
        }
    }
    Ok(out)
}
