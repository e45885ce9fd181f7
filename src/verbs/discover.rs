//! `discover`: the tables of the sources become contracts, without losing what people wrote into them.
//!
//! A contract is merged line by line from what was found last, what people made of it, and what is found now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::Session;
use crate::contract::{self, Contract};
use crate::discover::{self, Reach};
use crate::publish::merge_lines;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, TableRef, nearest};
use crate::workspace::{Profiling, Workspace, paths};
use crate::world::files;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct DiscoverOptions {
    /// A folder in the workspace.
    pub dir: PathBuf,
    /// One source; all if none.
    pub source: Option<String>,
    /// How rows are looked at, where it is another way than `pipewright.yml` says.
    pub profiling: Profiling,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// One a table, sorted.
    pub contracts: Vec<Found>,
    /// Whether any file was written.
    pub changed: bool,
    /// What was left out, kept, or looks odd.
    pub warnings: Vec<Diagnostic>,
}

/// One contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// `shop.orders`.
    pub table: TableRef,
    /// Its file.
    pub path: String,
    /// Rows in the table.
    pub rows: u64,
    /// Columns in the table.
    pub columns: usize,
    /// What became of the file.
    pub status: Status,
}

/// What became of a contract's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is new.
    Created,
    /// The source changed, and nobody had edited the file.
    Updated,
    /// It says what the source says, or what people made of it.
    Unchanged,
    /// The source changed, and so did people's file: it holds both.
    Merged,
    /// The source changed what people had edited: the file is as they left it.
    Kept,
    /// People deleted it, so it was not written again.
    Deleted,
}

/// Discovers one source or all, and writes the contracts that are new or that nobody edited.
///
/// # Errors
/// No workspace, an unknown source, a source that can't be read: nothing is written then.
pub fn discover(options: &DiscoverOptions, progress: &mut dyn FnMut(&str)) -> Outcome<Report> {
    let session = Session::open(&options.dir, "discover")?;
    let workspace = &session.workspace;
    let selected = selected(workspace, options.source.as_deref())?;
    let mut writes: BTreeMap<String, String> = BTreeMap::new();
    let (mut contracts, mut warnings) = (Vec::new(), session.findings.clone());
    for source in selected {
        let Some(environments) = workspace.config.sources.get(source.as_str()) else { continue };
        let profiling = options.profiling.or(&workspace.config.profiling(source.as_str()));
        let python = super::python(workspace);
        let reach = Reach { root: &workspace.root, python: &python };
        let found =
            discover::contracts(&environments.dev, &reach, &source, &profiling, progress).map_err(|mut fault| {
                workspace.pin(&mut fault.diagnostics);
                fault
            })?;
        warnings.extend(found.warnings);
        warnings.extend(vanished(workspace, &source, &found.contracts));
        for new in found.contracts {
            contracts.push(settle(workspace, new, &mut writes, &mut warnings)?);
        }
    }
    files::write_all(&workspace.root, writes.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    contracts.sort_by(|a, b| a.table.cmp(&b.table));
    warnings.sort();
    Ok(Report { contracts, changed: !writes.is_empty(), warnings })
}

pub(super) fn selected(workspace: &Workspace, source: Option<&str>) -> Outcome<Vec<Name>> {
    let all: Vec<Name> = workspace.config.sources.keys().cloned().collect();
    let Some(wanted) = source else {
        if all.is_empty() {
            return Err(Diagnostic::error("no-source", "the workspace has no source to discover")
                .at(Place::file(paths::CONFIG))
                .next("add one under `sources`")
                .into());
        }
        return Ok(all);
    };
    match all.iter().find(|name| **name == *wanted) {
        Some(name) => Ok(vec![name.clone()]),
        None => {
            let near = nearest(wanted, all.iter().map(Name::as_str)).first().map(|n| format!("did you mean `{n}`? "));
            let known: Vec<&str> = all.iter().map(Name::as_str).collect();
            Err(Diagnostic::error("unknown-source", format!("there is no source `{}`", wanted.escape_debug()))
                .next(format!("{}known: {}", near.unwrap_or_default(), known.join(", ")))
                .into())
        }
    }
}

/// Contracts whose table the source no longer has.
fn vanished(workspace: &Workspace, source: &Name, found: &[Contract]) -> Vec<Diagnostic> {
    let there: BTreeSet<_> = found.iter().map(Contract::physical).collect();
    let gone = workspace
        .contracts
        .values()
        .filter(|c| c.source == *source && !c.followed.retired && !there.contains(&c.physical()));
    gone.map(|contract| {
        let what = format!("`{}` has a contract, but the source has no such table", contract.table_ref());
        Diagnostic::warning("table-gone", what)
            .at(Place::file(paths::contract(&contract.table_ref())))
            .next("delete the contract once nothing reads it")
    })
    .collect()
}

/// Holds what is found now against the file and against what was found last.
fn settle(
    workspace: &Workspace,
    mut new: Contract,
    writes: &mut BTreeMap<String, String>,
    warnings: &mut Vec<Diagnostic>,
) -> Outcome<Found> {
    let own = new.table_ref();
    // A table that people renamed is known by what the source calls it.
    let known = workspace.contracts.values().find(|c| c.source == new.source && c.physical() == new.physical());
    let table = known.map_or(own.clone(), Contract::table_ref);
    let path = paths::contract(&table);
    let base_path = paths::base(&paths::contract(&own));
    let base = files::read_text_if_there(&workspace.root, &base_path)?;
    let base = base.as_ref();
    let last = base.and_then(|text| contract::read(&paths::contract(&own), text).ok());
    measures::keep(&mut new, last.as_ref());
    measures::heed(&mut new, last.as_ref(), known);
    measures::confirmed(&mut new, last.as_ref(), known);
    let text = contract::write(&new);
    proven(&paths::contract(&own), &text, &new)?;
    let current = workspace.texts.get(&path);
    let status = match current {
        None if base.is_some() => Status::Deleted,
        None => Status::Created,
        Some(current) if *current == text => Status::Unchanged,
        Some(current) if base == Some(current) => Status::Updated,
        Some(_) if base == Some(&text) => Status::Unchanged,
        Some(_) => Status::Kept,
    };
    let merged = match (status, base, current) {
        (Status::Kept, Some(base), Some(current)) => merged(&path, base, current, &new)?,
        _ => None,
    };
    let status = if merged.is_some() { Status::Merged } else { status };
    match status {
        Status::Created | Status::Updated | Status::Merged => {
            writes.insert(path.clone(), merged.unwrap_or_else(|| text.clone()));
            writes.insert(base_path, text);
        }
        Status::Unchanged if base != Some(&text) => {
            writes.insert(base_path, text);
        }
        Status::Unchanged => {}
        Status::Kept => {
            let differs = known.map(|known| differences(known, &new)).unwrap_or_default();
            if !differs.is_empty() {
                let what = format!("kept as edited, though the source has changed: {}", differs.join("; "));
                let next = "make these changes in the file, if they are wanted";
                warnings.push(Diagnostic::warning("contract-kept", what).at(Place::file(path.clone())).next(next));
            }
        }
        Status::Deleted => {
            let what = format!("`{own}` is not written again, because its contract was deleted");
            let next = format!("delete {base_path} as well to have it back");
            warnings.push(Diagnostic::warning("contract-deleted", what).at(Place::file(path.clone())).next(next));
        }
    }
    let rows = new.profile.as_ref().map_or(0, |p| p.rows);
    Ok(Found { table, path, rows, columns: new.columns.len(), status })
}

/// People's file with what the source changed, where both can be had and a contract comes of it. What was measured is
/// put aside meanwhile, and then as it is now.
fn merged(path: &str, base: &str, current: &str, new: &Contract) -> Outcome<Option<String>> {
    let [base, edited, now] = [base, current, &contract::write(new)].map(contract::put_aside);
    let (bytes, clean) = merge_lines(base.as_bytes(), edited.as_bytes(), now.as_bytes());
    let Some(text) = String::from_utf8(bytes).ok().filter(|_| clean) else { return Ok(None) };
    let Ok(people) = contract::read(path, &contract::put_back(&text, new)) else { return Ok(None) };
    let text = contract::put_back(&text, &measures::under_names_of(people, new));
    Ok(Some(text).filter(|text| contract::read(path, text).is_ok()))
}

/// What is written must be read back as what was meant.
fn proven(path: &str, text: &str, contract: &Contract) -> Outcome<()> {
    match contract::read(path, text) {
        Ok(read) if read == *contract => Ok(()),
        Ok(_) => Err(Fault::from(
            Diagnostic::error("internal", "the contract that was written says something else than was found")
                .at(Place::file(path))
                .next("report it with the table's declaration"),
        )),
        Err(fault) => Err(fault),
    }
}

/// What the source says and an edited contract does not; what people may edit (texts, tags, lists, keys) is theirs.
fn differences(edited: &Contract, new: &Contract) -> Vec<String> {
    let find =
        |contract: &Contract, physical: &str| contract.columns.iter().find(|c| c.physical_name == physical).cloned();
    let mut out = Vec::new();
    for column in &new.columns {
        match find(edited, &column.physical_name) {
            None => out.push(format!("column `{}` ({}) is not in it", column.physical_name, column.data_type)),
            Some(ours) if ours.data_type != column.data_type || ours.physical_type != column.physical_type => {
                let (was, now) = (&ours.physical_type, &column.physical_type);
                out.push(format!("column `{}` is {now}, not {was}", column.physical_name));
            }
            Some(_) => {}
        }
    }
    for column in &edited.columns {
        if find(new, &column.physical_name).is_none() {
            out.push(format!("column `{}` is no longer there", column.physical_name));
        }
    }
    let key = |contract: &Contract| contract.key().iter().map(|c| c.physical_name.clone()).collect::<Vec<_>>();
    if key(edited) != key(new) {
        out.push(format!("the primary key is ({})", key(new).join(", ")));
    }
    out
}

mod measures;

#[cfg(test)]
mod tests;
