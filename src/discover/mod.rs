//! A source, read-only, becomes contracts: tables, columns, keys, and what profiling its rows tells.

mod assemble;
mod connector;
mod inferred;
mod parallel;
pub mod personal;
mod probe;
mod profile;
mod references;
pub mod sampling;
mod server;
mod sqlite;
mod stamp;

use std::path::Path;

use crate::contract::Contract;
use crate::vocabulary::{Diagnostic, Name, Outcome, Place};
use crate::workspace::{Connection, Profiling, paths};
use crate::world::process::Command;

pub use connector::{Cell, Connector, ForeignKey, RawColumn, RawTable, Sample};
pub use probe::Probe;
pub use sampling::Sampling;
pub use server::Server;
pub use sqlite::Sqlite;

/// What a source holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovered {
    /// One a table or view, sorted by name.
    pub contracts: Vec<Contract>,
    /// What was left out, and what looks odd.
    pub warnings: Vec<Diagnostic>,
}

/// From where sources are reached.
pub struct Reach<'a> {
    /// The folder that paths are relative to.
    pub root: &'a Path,
    /// The runtime's Python, for what is no SQL server; asked for only where such a source is read.
    pub python: &'a dyn Fn() -> Outcome<Command>,
}

/// Discovers all tables and views behind `connection`; `progress` is told of each table.
///
/// # Errors
/// A source that can't be reached or read, that holds nothing, or of a kind that is not discovered yet.
pub fn contracts(
    connection: &Connection,
    reach: &Reach<'_>,
    source: &Name,
    profiling: &Profiling,
    progress: &mut dyn FnMut(&str),
) -> Outcome<Discovered> {
    let sampling = (profiling.enabled != Some(false)).then(|| Sampling::from(profiling));
    match connection {
        Connection::Sqlite { path } => through(&Sqlite::open(reach.root, path)?, source, sampling.as_ref(), progress),
        Connection::Postgres { .. } | Connection::MySql { .. } => {
            through(&Server::open(connection, source)?, source, sampling.as_ref(), progress)
        }
        probed if probed.is_probed() => {
            let probe = Probe::open(probed, reach.root, &(reach.python)()?, progress)?;
            through(&probe, source, sampling.as_ref(), progress)
        }
        other => {
            let label = other.dialect().label();
            Err(Diagnostic::error("not-discovered", format!("{label} is not discovered in this version"))
                .at(Place::path(paths::CONFIG, format!("sources.{source}.dev")))
                .next(format!("write {}/<table>.odcs.yaml by hand, or give `dev` a SQLite file", paths::source(source)))
                .into())
        }
    }
}

/// Discovers all that `connector` reaches. Without a `sampling`, no row is looked at.
///
/// # Errors
/// A source that can't be read, or holds nothing that can.
pub fn through(
    connector: &dyn Connector,
    source: &Name,
    sampling: Option<&Sampling>,
    progress: &mut dyn FnMut(&str),
) -> Outcome<Discovered> {
    let mut warnings = Vec::new();
    let tables = connector.tables(&mut warnings)?;
    let look = |table: &RawTable| -> Outcome<Result<Sample, String>> {
        let Some(sampling) = sampling else { return Ok(Ok(Sample::none(table))) };
        let mut sample = connector.sample(table, sampling)?;
        // Only what came of the rows is kept: there may be thousands of tables.
        sample.iter_mut().flat_map(|s| &mut s.columns).for_each(profile::Seen::finish);
        Ok(sample)
    };
    let samples = parallel::map(connector.lines(), &tables, look, |done, table, sample| {
        if let Ok(sample) = sample {
            let rows = if sample.is_some() { format!(", {} rows", sample.rows) } else { String::new() };
            progress(&format!("{done} of {}: {}{rows}", tables.len(), table.name));
        }
    })?;
    let mut profiled = Vec::new();
    for (table, sample) in tables.into_iter().zip(samples) {
        match sample {
            Ok(sample) => profiled.push((table, sample)),
            Err(why) => warnings.push(skipped(&table.name, &why)),
        }
    }
    if profiled.is_empty() {
        let place = Place::file(connector.place());
        let fault = match warnings.is_empty() {
            true => Diagnostic::error("no-tables", format!("`{source}` holds no tables"))
                .next("look whether it is the right file"),
            false => Diagnostic::error("no-tables", format!("none of the tables of `{source}` can be read"))
                .why(warnings.iter().map(|w| w.what.clone()).collect::<Vec<_>>().join("; ")),
        };
        return Err(fault.at(place).into());
    }
    inferred::keys(connector, &mut profiled)?;
    let mut contracts = assemble::contracts(connector, source, &profiled, &mut warnings)?;
    contracts.sort_by(|a, b| a.table.cmp(&b.table));
    warnings.sort();
    Ok(Discovered { contracts, warnings })
}

/// A table that is left out, and says so.
fn skipped(table: &str, why: &str) -> Diagnostic {
    Diagnostic::warning("table-skipped", format!("`{}` is left out: {why}", table.escape_debug()))
        .next("mend it in the source, or leave it: nothing will read it")
}

#[cfg(test)]
mod tests;
