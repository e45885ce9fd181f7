//! Sources that are no SQL server: files, APIs, DuckDB files, warehouses of dbt. A program of the Python runtime reads them
//! (`templates/discover/probe.py`) with the modules that ingestion uses; it is talked with in lines of JSON.

mod answers;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connector::{Cell, Connector, RawTable, Sample};
use super::profile::Seen;
use super::sampling::Sampling;
use crate::template;
use crate::vocabulary::{DataType, Diagnostic, Fault, Outcome, Place};
use crate::workspace::{Connection, paths};
use crate::world::process::{Command, Talk};
use answers::{Distinct, Orphans, Repeats, Sampled, Tables};

/// Longest that one answer may take: a folder of files is read through for the first.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// A source that the runtime reads.
pub struct Probe {
    place: String,
    /// Those of the program's own files that it runs from; gone with it.
    _files: tempfile::TempDir,
    talk: Mutex<Talk>,
}

impl Probe {
    /// Starts the program and has it read the source. `python` is the runtime's Python with its environment.
    ///
    /// # Errors
    /// The program can't be started, or the source can't be read.
    pub fn open(
        connection: &Connection,
        root: &Path,
        python: &Command,
        progress: &mut dyn FnMut(&str),
    ) -> Outcome<Probe> {
        let files = laid_out().map_err(|e| {
            Diagnostic::error("probe-failed", format!("the program that reads the source can't be written: {e}"))
        })?;
        let talk = python
            .clone()
            .arg(files.path().join("probe.py"))
            .cwd(root)
            .env("DLT_DATA_DIR", root.join(paths::STATE).join("dlt"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .timeout(LONGEST)
            .talk()?;
        let probe = Probe { place: connection.namespace(), _files: files, talk: Mutex::new(talk) };
        let source = serde_json::to_value(connection).unwrap_or_default();
        let _: Value = probe.ask(&source, progress, &mut |_| {})?;
        Ok(probe)
    }

    /// Asks for one answer; what comes before it is progress, or cells.
    fn ask<T: DeserializeOwned>(
        &self,
        question: &Value,
        progress: &mut dyn FnMut(&str),
        cells: &mut dyn FnMut(Vec<Vec<Option<String>>>),
    ) -> Outcome<T> {
        let mut last = None;
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let talked = talk.ask(&question.to_string(), &mut |line| {
            let Ok(mut said) = serde_json::from_str::<Value>(line) else { return false };
            if let Some(line) = said.get("progress").and_then(Value::as_str) {
                progress(line);
                return false;
            }
            if let Some(rows) = said.get_mut("cells") {
                cells(serde_json::from_value(rows.take()).unwrap_or_default());
                return false;
            }
            last = Some(said);
            true
        });
        talked.map_err(|fault| Fault { exit: 2, ..fault })?;
        let said = last.unwrap_or_default();
        if let Some(why) = said.get("fault").and_then(Value::as_str) {
            return Err(self.fault(why).into());
        }
        Ok(serde_json::from_value(said).map_err(|e| self.fault(&format!("its answer is not understood: {e}")))?)
    }

    fn fault(&self, why: &str) -> Diagnostic {
        let why = why.escape_debug().to_string().replace("\\'", "'");
        Diagnostic::error("unreadable-source", format!("the source can't be read: {why}"))
            .at(Place::file(self.place.clone()))
            .next("mend the source, or its entry in pipewright.yml")
    }
}

/// The program and the modules of ingestion, in a folder of their own.
fn laid_out() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("pipewright-probe-").tempdir()?;
    let names = ["discover/", "ingest/pipewright_"].into_iter().flat_map(template::list);
    for name in names {
        let file = name.rsplit('/').next().unwrap_or(name);
        fs::write(folder.path().join(file), template::text(name).unwrap_or_default())?;
    }
    Ok(folder)
}

impl Connector for Probe {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn tables(&self, warnings: &mut Vec<Diagnostic>) -> Outcome<Vec<RawTable>> {
        let found: Tables = self.ask(&json!({"do": "tables"}), &mut |_| {}, &mut |_| {})?;
        warnings.extend(found.warnings.into_iter().map(answers::warning));
        Ok(found.tables.into_iter().map(answers::table).collect())
    }

    fn sample(&self, table: &RawTable, sampling: &Sampling) -> Outcome<Result<Sample, String>> {
        let question = json!({
            "do": "sample", "table": table.key(), "method": sampling.method.as_str(), "size": sampling.size.max(1),
            "seed": sampling.seed, "by": sampling.by,
        });
        let mut seen = vec![Seen::new(); table.columns.len()];
        let mut count = 0;
        let types: Vec<Option<DataType>> = table.columns.iter().map(|c| c.data_type).collect();
        let sampled: Sampled = self.ask(&question, &mut |_| {}, &mut |rows| {
            for row in rows {
                count += 1;
                for ((seen, data_type), text) in seen.iter_mut().zip(&types).zip(&row) {
                    seen.see(&cell(*data_type, text.as_deref()));
                }
            }
        })?;
        if let Some(why) = sampled.why {
            return Ok(Err(why));
        }
        let (method, drawn) = answers::method(&sampled.method);
        Ok(Ok(Sample {
            rows: sampled.rows,
            estimated: sampled.estimated,
            sample: count,
            method,
            seed: drawn.then_some(sampling.seed),
            bytes: sampled.bytes,
            columns: seen,
        }))
    }

    fn distinct(&self, table: &RawTable, column: &str, limit: usize) -> Outcome<Option<Vec<String>>> {
        let question = json!({"do": "distinct", "table": table.key(), "column": column, "limit": limit});
        let found: Distinct = self.ask(&question, &mut |_| {}, &mut |_| {})?;
        Ok(found.values)
    }

    fn repeats(&self, table: &RawTable, column: &str) -> Outcome<Option<u64>> {
        let question = json!({"do": "repeats", "table": table.key(), "column": column});
        let found: Repeats = self.ask(&question, &mut |_| {}, &mut |_| {})?;
        Ok(found.repeats)
    }

    fn orphans(&self, table: &RawTable, column: &str, other: &RawTable, key: &str) -> Outcome<Option<u64>> {
        let question = json!({
            "do": "orphans", "table": table.key(), "column": column, "other": other.key(), "key": key,
        });
        let found: Orphans = self.ask(&question, &mut |_| {}, &mut |_| {})?;
        Ok(found.orphans)
    }
}

/// A value as profiling takes it. The program sends all of them as text.
fn cell(data_type: Option<DataType>, text: Option<&str>) -> Cell<'_> {
    let Some(text) = text else { return Cell::Null };
    match data_type {
        Some(DataType::Integer | DataType::Boolean) => text.parse().map_or(Cell::Text(text), Cell::Integer),
        Some(DataType::Float) => text.parse().map_or(Cell::Text(text), Cell::Real),
        Some(DataType::Binary) => Cell::Blob,
        _ => Cell::Text(text),
    }
}
