//! Ingestion: what each table lands, how, and by which key and cursor.

use std::collections::{BTreeMap, BTreeSet};

use super::because::Maker;
use super::{Agent, Brief, near};
use crate::contract::Contract;
use crate::plan::{Role, Task, spec_file};
use crate::proposal::{Artifact, IngestColumn, IngestTable, Ingestion, Proposal};
use crate::spec::{Ingest, Mode};
use crate::vocabulary::{ArtifactKind, Diagnostic, Fault, Name, Outcome, Place, TableRef};
use crate::workspace::Environments;

pub(super) const AGENT: Agent = Agent {
    role: Role::Ingestion,
    about: "lands the tables that a spec names, safe to run twice",
    needs: &["contracts", "spec"],
    gives: &[ArtifactKind::Ingestion],
    propose,
};

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let spec = brief.context.spec;
    let mut faults = Vec::new();
    let mut sources: BTreeMap<&Name, Vec<IngestTable>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (i, ingest) in spec.ingest.iter().enumerate() {
        let fault = |field: &str, code: &'static str, what: String| {
            let path = format!("ingest.{i}{}{field}", if field.is_empty() { "" } else { "." });
            Diagnostic::error(code, what).at(Place::path(spec_file(&spec.name), path))
        };
        if !seen.insert(&ingest.table) {
            faults.push(fault("table", "ingest-twice", format!("`{}` is landed twice", ingest.table)));
            continue;
        }
        let Some(contract) = brief.context.contracts.get(&ingest.table) else {
            let known: Vec<String> = brief.context.contracts.keys().map(TableRef::to_string).collect();
            let known = known.iter().map(String::as_str);
            let next = near(&ingest.table.to_string(), known, "run `pipewright discover`");
            let what = format!("there is no contract for `{}`", ingest.table);
            faults.push(fault("table", "unknown-table", what).next(next));
            continue;
        };
        if !brief.context.config.sources.contains_key(&ingest.table.source) {
            let what = format!("`pipewright.yml` has no source `{}`", ingest.table.source);
            faults.push(fault("table", "unknown-source", what).next("add it under `sources`"));
            continue;
        }
        columns_are_known(ingest, contract, &fault, &mut faults);
        match table(ingest, contract) {
            Ok(table) => sources.entry(&ingest.table.source).or_default().push(table),
            Err((field, what, next)) => faults.push(fault(field, "ingest-mode", what).next(next)),
        }
    }
    Fault::unless_empty(faults)?;
    let maker = Maker { task, spec, role: Role::Ingestion };
    let proposal = |(source, mut tables): (&Name, Vec<IngestTable>)| {
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let path = format!("ingest.{source}.{}", tables[0].name);
        let why = tables.iter().map(why).collect::<Vec<_>>().join("; ");
        let artifact = Artifact::Ingestion(Ingestion {
            pipeline: spec.name.clone(),
            source: source.clone(),
            from: Environments { profile: None, ..brief.context.config.sources[source].clone() },
            to: brief.context.config.targets.clone(),
            schema: super::schema::raw_schema(source),
            tables,
        });
        maker.of_spec(&path, why, artifact)
    };
    Ok(sources.into_iter().map(proposal).collect())
}

fn columns_are_known(
    ingest: &Ingest,
    contract: &Contract,
    fault: &dyn Fn(&str, &'static str, String) -> Diagnostic,
    faults: &mut Vec<Diagnostic>,
) {
    let keys = ingest.key.iter().enumerate().map(|(k, name)| (format!("key.{k}"), name));
    let cursor = ingest.cursor.iter().map(|name| ("cursor".to_owned(), name));
    let window = ingest.window.iter().map(|w| ("window.column".to_owned(), &w.column));
    for (field, name) in keys.chain(cursor).chain(window) {
        let Some(column) = contract.column(name.as_str()) else {
            let known = contract.columns.iter().map(|c| c.name.as_str());
            let what = format!("`{}` has no column `{name}`", ingest.table);
            let next = near(name.as_str(), known, "name a column that it has");
            faults.push(fault(&field, "unknown-column", what).next(next));
            continue;
        };
        if field == "window.column" && !column.data_type.is_temporal() {
            faults.push(fault(&field, "window-type", format!("`{name}` is no date or timestamp")));
        }
    }
}

fn table(ingest: &Ingest, contract: &Contract) -> Result<IngestTable, (&'static str, String, &'static str)> {
    let declared = || contract.key().into_iter().map(|c| c.name.clone()).collect();
    let key: Vec<Name> = if ingest.key.is_empty() { declared() } else { ingest.key.clone() };
    let cursor = ingest.cursor.clone().or_else(|| contract.cursor.clone());
    if matches!(ingest.mode, Mode::Merge | Mode::Incremental) && key.is_empty() {
        let what = format!("`{}` has no key that rows could be merged on", ingest.table);
        return Err(("mode", what, "name one in `key`, or use `mode: replace`"));
    }
    if matches!(ingest.mode, Mode::Incremental | Mode::Append) && cursor.is_none() {
        let what = format!("`{}` has no cursor that tells what is new", ingest.table);
        return Err(("mode", what, "name one in `cursor`, or use `mode: merge`"));
    }
    let column = |c: &crate::contract::Column| IngestColumn {
        name: c.name.clone(),
        physical_name: c.physical_name.clone(),
        data_type: c.data_type,
        required: c.required,
    };
    Ok(IngestTable {
        name: contract.table.clone(),
        physical_schema: contract.physical_schema.clone(),
        landed: super::schema::landed_as(contract),
        physical_name: contract.physical_name.clone(),
        reading: contract.reading.clone(),
        mode: ingest.mode,
        key,
        cursor,
        window: ingest.window.clone(),
        columns: contract.columns.iter().map(column).collect(),
        changes: contract.followed.landing.changes.clone(),
    })
}

fn why(table: &IngestTable) -> String {
    let key = table.key.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let how = match table.mode {
        Mode::Replace => "is replaced as a whole".to_owned(),
        Mode::Merge => format!("is merged on {key}"),
        Mode::Incremental => format!("is merged on {key}, new rows only"),
        Mode::Append => "is added to".to_owned(),
    };
    format!("{} {how}", table.name)
}
