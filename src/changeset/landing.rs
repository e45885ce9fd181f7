//! What is landed: contracts, connections, ingestion, DDL and dbt sources agree with each other and with the workspace.

use super::Ground;
use super::draft::{Draft, Item};
use super::names::{connection, environments, near, twice};
use crate::contract::{Contract, LandedChange};
use crate::proposal::{Ddl, IngestTable, Ingestion};
use crate::spec::Mode;
use crate::vocabulary::{Diagnostic, Name, Place, TableRef};

/// Proves everything that is landed.
pub(super) fn prove(ground: &Ground<'_>, draft: &Draft, found: &mut Vec<Diagnostic>) {
    for item in draft.contracts.values() {
        contract(draft, ground, item, found);
    }
    platform(ground, draft, found);
    for item in draft.sources.values() {
        for (i, table) in item.value.tables.iter().enumerate() {
            let table_ref = TableRef { source: item.value.name.clone(), table: table.name.clone() };
            let Some(contract) = find(ground, draft, &table_ref) else {
                found.push(no_contract(&table_ref).at(item.place(format!("tables.{i}.name"))));
                continue;
            };
            found.extend(
                landing(contract, table.landed.as_ref()).map(|d| d.at(item.place(format!("tables.{i}.landed")))),
            );
            if let Some(column) = &table.loaded_at {
                let at = item.place(format!("tables.{i}.loaded_at"));
                temporal(contract, column, "freshness", at, found);
            }
        }
    }
    for item in draft.ingestions.values() {
        ingestion(ground, draft, item, found);
    }
    for item in draft.ddl.values() {
        ddl(ground, draft, item, found);
    }
}

/// The contract of a table, as proposed or as it is.
pub(super) fn find<'a>(ground: &'a Ground<'_>, draft: &'a Draft, table: &TableRef) -> Option<&'a Contract> {
    draft.contracts.get(table).map(|i| &i.value).or_else(|| ground.contracts.get(table))
}

/// Where a table lands is for its contract to say.
fn landing(contract: &Contract, landed: Option<&Name>) -> Option<Diagnostic> {
    let due = contract.landed();
    let said = landed.unwrap_or(&contract.table);
    (*said != due).then(|| {
        let what = format!("`{}` lands in `{due}` by its contract, not in `{said}`", contract.table_ref());
        Diagnostic::error("other-landing", what).next("leave `landed` as the contract has it")
    })
}

/// How a landed table came to be is for its contract to say.
fn altered(contract: &Contract, changes: &[LandedChange]) -> Option<Diagnostic> {
    (contract.followed.landing.changes != changes).then(|| {
        let what = format!("the landed table of `{}` was changed otherwise by its contract", contract.table_ref());
        Diagnostic::error("other-landing", what).next("leave `changes` as the contract has them")
    })
}

fn no_contract(table: &TableRef) -> Diagnostic {
    Diagnostic::error("unknown-table", format!("no contract describes `{table}`"))
        .next(format!("`pipewright discover {}`", table.source))
}

/// A column of a contract by name; a diagnostic where it is not there.
fn column<'c>(
    contract: &'c Contract,
    name: &Name,
    at: Place,
    found: &mut Vec<Diagnostic>,
) -> Option<&'c crate::contract::Column> {
    let column = contract.column(name.as_str());
    if column.is_none() {
        let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{name}`", contract.table_ref()));
        found.push(near(fault, name.as_str(), contract.columns.iter().map(|c| c.name.as_str())).at(at));
    }
    column
}

fn temporal(contract: &Contract, name: &Name, what: &str, at: Place, found: &mut Vec<Diagnostic>) {
    if let Some(column) = column(contract, name, at.clone(), found)
        && !column.data_type.is_temporal()
    {
        let what = format!("{what} needs a date or timestamp, and `{name}` is {}", column.data_type);
        let dated = contract.columns.iter().filter(|c| c.data_type.is_temporal()).map(|c| c.name.as_str());
        let next: Vec<&str> = dated.collect();
        let fault = Diagnostic::error("not-temporal", what);
        found.push(if next.is_empty() { fault } else { fault.next(format!("one of `{}`", next.join("`, `"))) }.at(at));
    }
}

fn contract(draft: &Draft, ground: &Ground<'_>, item: &Item<Contract>, found: &mut Vec<Diagnostic>) {
    let contract = &item.value;
    if contract.columns.is_empty() {
        found.push(
            Diagnostic::error("empty", format!("`{}` has no columns", contract.table_ref())).at(item.place("columns")),
        );
    }
    if let Some((i, name)) = twice(contract.columns.iter().map(|c| &c.name)) {
        found.push(
            Diagnostic::error("duplicate-column", format!("two columns are called `{name}`"))
                .at(item.place(format!("columns.{i}.name"))),
        );
    }
    if let Some(cursor) = &contract.cursor {
        column(contract, cursor, item.place("cursor"), found);
    }
    for (i, c) in contract.columns.iter().enumerate() {
        if let Some(reference) = &c.references {
            let at = item.place(format!("columns.{i}.references"));
            let table = TableRef { source: contract.source.clone(), table: reference.table.clone() };
            if let Some(other) = find(ground, draft, &table) {
                column(other, &reference.column, at, found);
            } else {
                found.push(no_contract(&table).at(at));
            }
        }
    }
    for (i, key) in contract.foreign_keys.iter().enumerate() {
        let at = item.place(format!("foreign_keys.{i}"));
        if let Some(what) = key.fault() {
            found.push(Diagnostic::error("wrong-value", what).at(at.clone()));
        }
        for own in &key.columns {
            column(contract, own, at.clone(), found);
        }
        let table = TableRef { source: contract.source.clone(), table: key.table.clone() };
        match find(ground, draft, &table) {
            Some(other) => {
                for to in &key.to {
                    column(other, to, at.clone(), found);
                }
            }
            None => found.push(no_contract(&table).at(at)),
        }
    }
    if let Some((_, position)) = twice(contract.columns.iter().filter_map(|c| c.primary_key)) {
        found.push(
            Diagnostic::error("duplicate-key", format!("two columns are number {position} of the primary key"))
                .at(item.place("columns")),
        );
    }
}

fn platform(ground: &Ground<'_>, draft: &Draft, found: &mut Vec<Diagnostic>) {
    for item in draft.platform.values() {
        if let Some(source) = &item.value.source
            && !ground.config.sources.contains_key(source)
        {
            let fault = Diagnostic::error("unknown-source", format!("`pipewright.yml` has no source `{source}`"));
            found.push(
                near(fault, source.as_str(), ground.config.sources.keys().map(Name::as_str)).at(item.place("source")),
            );
        }
        found.extend(connection(&item.value.prod, "prod").into_iter().map(|(p, d)| d.at(item.place(p))));
    }
    for item in draft.project.values() {
        found.extend(environments(&item.value.targets, "targets").into_iter().map(|(p, d)| d.at(item.place(p))));
        if item.value.targets != ground.config.targets {
            found.push(elsewhere("targets", "`pipewright.yml`").at(item.place("targets")));
        }
    }
}

fn elsewhere(what: &str, then: &str) -> Diagnostic {
    Diagnostic::error("other-connection", format!("{what} are not those of {then}"))
        .why("data would come from, or go to, where the workspace does not say")
        .next("propose a `platform`, or take the connections of `pipewright.yml`")
}

fn ingestion(ground: &Ground<'_>, draft: &Draft, item: &Item<Ingestion>, found: &mut Vec<Diagnostic>) {
    let ingestion = &item.value;
    for (path, environment) in [("from", &ingestion.from), ("to", &ingestion.to)] {
        found.extend(environments(environment, path).into_iter().map(|(p, d)| d.at(item.place(p))));
    }
    match ground.config.sources.get(&ingestion.source) {
        None => {
            let fault =
                Diagnostic::error("unknown-source", format!("`pipewright.yml` has no source `{}`", ingestion.source));
            found.push(
                near(fault, ingestion.source.as_str(), ground.config.sources.keys().map(Name::as_str))
                    .at(item.place("source")),
            );
        }
        Some(from) if *from != ingestion.from => {
            found.push(elsewhere("the connections read", "`pipewright.yml`").at(item.place("from")))
        }
        Some(_) => {}
    }
    if ingestion.to != ground.config.targets {
        found.push(elsewhere("the connections written to", "`pipewright.yml`").at(item.place("to")));
    }
    if ingestion.tables.is_empty() {
        found.push(Diagnostic::error("empty", "the script lands no table").at(item.place("tables")));
    }
    if let Some((i, name)) = twice(ingestion.tables.iter().map(|t| &t.name)) {
        found.push(
            Diagnostic::error("duplicate-table", format!("`{name}` is landed twice"))
                .at(item.place(format!("tables.{i}.name"))),
        );
    }
    for (i, table) in ingestion.tables.iter().enumerate() {
        let table_ref = TableRef { source: ingestion.source.clone(), table: table.name.clone() };
        match find(ground, draft, &table_ref) {
            None => found.push(no_contract(&table_ref).at(item.place(format!("tables.{i}.name")))),
            Some(contract) => landed(item, i, table, contract, found),
        }
    }
}

fn landed(item: &Item<Ingestion>, i: usize, table: &IngestTable, contract: &Contract, found: &mut Vec<Diagnostic>) {
    let at = |path: &str| item.place(format!("tables.{i}.{path}"));
    found.extend(landing(contract, table.landed.as_ref()).map(|d| d.at(at("landed"))));
    found.extend(altered(contract, &table.changes).map(|d| d.at(at("changes"))));
    if table.physical_name != contract.physical_name {
        let what =
            format!("the source calls `{}` {:?}, not {:?}", table.name, contract.physical_name, table.physical_name);
        found.push(Diagnostic::error("physical-name", what).at(at("physical_name")));
    }
    if table.columns.is_empty() {
        found.push(Diagnostic::error("empty", format!("`{}` lands no column", table.name)).at(at("columns")));
    }
    if let Some((n, name)) = twice(table.columns.iter().map(|c| &c.name)) {
        found.push(
            Diagnostic::error("duplicate-column", format!("`{name}` is landed twice"))
                .at(at(&format!("columns.{n}.name"))),
        );
    }
    for (n, landed) in table.columns.iter().enumerate() {
        let path = at(&format!("columns.{n}"));
        let Some(known) = column(contract, &landed.name, path.clone(), found) else { continue };
        if known.physical_name != landed.physical_name {
            let what =
                format!("the source calls `{}` {:?}, not {:?}", landed.name, known.physical_name, landed.physical_name);
            found.push(Diagnostic::error("physical-name", what).at(path.clone()));
        }
        if known.data_type != landed.data_type {
            let what = format!("the contract says `{}` is {}, not {}", landed.name, known.data_type, landed.data_type);
            found.push(Diagnostic::error("column-type", what).at(path));
        }
    }
    let lands = |name: &Name| table.columns.iter().any(|c| c.name == *name);
    let needed = table.key.iter().enumerate().map(|(n, k)| (k, format!("key.{n}")));
    let needed = needed.chain(table.cursor.iter().map(|c| (c, "cursor".to_owned())));
    for (name, path) in needed.chain(table.window.iter().map(|w| (&w.column, "window.column".to_owned()))) {
        if column(contract, name, at(&path), found).is_some() && !lands(name) {
            found.push(Diagnostic::error("unknown-column", format!("`{name}` is needed and not landed")).at(at(&path)));
        }
    }
    if let Some(window) = &table.window
        && contract.column(window.column.as_str()).is_some()
    {
        temporal(contract, &window.column, "a window", at("window.column"), found);
    }
    if matches!(table.mode, Mode::Merge | Mode::Incremental) && table.key.is_empty() {
        let fault = Diagnostic::error("no-key", format!("`{}` is merged without a key", table.name))
            .next("name the key, or use `replace`");
        found.push(fault.at(at("key")));
    }
    if matches!(table.mode, Mode::Incremental | Mode::Append) && table.cursor.is_none() {
        let fault = Diagnostic::error("no-cursor", format!("nothing tells which rows of `{}` are new", table.name))
            .next("name a cursor, or use `replace`");
        found.push(fault.at(at("cursor")));
    }
}

fn ddl(ground: &Ground<'_>, draft: &Draft, item: &Item<Ddl>, found: &mut Vec<Diagnostic>) {
    let ddl = &item.value;
    let dialects = ground.config.target_dialects();
    if !dialects.contains(&ddl.dialect) {
        let known: Vec<&str> = dialects.iter().map(|d| d.as_str()).collect();
        let fault =
            Diagnostic::error("unknown-target", format!("the workspace has no target of {}", ddl.dialect.label()));
        found.push(fault.next(format!("one of {}", known.join(", "))).at(item.place("dialect")));
    }
    if let Some((i, name)) = twice(ddl.tables.iter().map(|t| &t.name)) {
        found.push(
            Diagnostic::error("duplicate-table", format!("`{name}` is made twice"))
                .at(item.place(format!("tables.{i}.name"))),
        );
    }
    let source = draft.sources.values().find(|s| s.value.schema == ddl.schema).map(|s| &s.value.name);
    for (i, table) in ddl.tables.iter().enumerate() {
        let at = |path: &str| item.place(format!("tables.{i}.{path}"));
        if table.columns.is_empty() {
            found.push(Diagnostic::error("empty", format!("`{}` has no columns", table.name)).at(at("columns")));
        }
        if let Some((n, name)) = twice(table.columns.iter().map(|c| &c.name)) {
            found.push(
                Diagnostic::error("duplicate-column", format!("two columns are called `{name}`"))
                    .at(at(&format!("columns.{n}.name"))),
            );
        }
        for (n, key) in table.primary_key.iter().enumerate() {
            let path = at(&format!("primary_key.{n}"));
            match table.columns.iter().find(|c| c.name == *key) {
                None => {
                    let fault = Diagnostic::error(
                        "unknown-column",
                        format!("the key names `{key}`, which `{}` does not have", table.name),
                    );
                    found.push(near(fault, key.as_str(), table.columns.iter().map(|c| c.name.as_str())).at(path));
                }
                Some(column) if !column.required => {
                    let fault = Diagnostic::error("nullable-key", format!("`{key}` is in the key and may be null"));
                    found.push(fault.next("make it required, or leave the key out").at(path));
                }
                Some(_) => {}
            }
        }
        let table_ref = source.map(|s| TableRef { source: s.clone(), table: table.name.clone() });
        let Some(contract) = table_ref.and_then(|t| find(ground, draft, &t)) else { continue };
        found.extend(landing(contract, table.landed.as_ref()).map(|d| d.at(at("landed"))));
        found.extend(altered(contract, &table.changes).map(|d| d.at(at("changes"))));
        for (n, made) in table.columns.iter().enumerate() {
            if let Some(known) = contract.column(made.name.as_str())
                && known.data_type != made.data_type
            {
                let what = format!("the contract says `{}` is {}, not {}", made.name, known.data_type, made.data_type);
                found.push(Diagnostic::error("column-type", what).at(at(&format!("columns.{n}.data_type"))));
            }
        }
    }
}
