//! Declared and seen, put together into contracts.

use super::connector::{Connector, RawTable, Sample};
use super::{inferred, personal, profile, references};
use crate::contract::{Column, Contract, Followed, TableProfile};
use crate::vocabulary::{DataType, Diagnostic, Name, Outcome};

/// One contract a table.
pub fn contracts(
    connector: &dyn Connector,
    source: &Name,
    profiled: &[(RawTable, Sample)],
    warnings: &mut Vec<Diagnostic>,
) -> Outcome<Vec<Contract>> {
    let told: Vec<String> = profiled.iter().map(|(t, _)| told(t, source)).collect();
    let names = Name::unique(told.iter().map(String::as_str), "table");
    let mut out = Vec::with_capacity(profiled.len());
    for (name, (table, sample)) in names.into_iter().zip(profiled) {
        out.push(contract(source, name, table, sample, warnings));
    }
    let tables: Vec<&RawTable> = profiled.iter().map(|(t, _)| t).collect();
    for (i, table) in tables.iter().enumerate() {
        let mut own = out[i].clone();
        warnings.extend(references::declared(table, &tables, &out, &mut own));
        out[i] = own;
    }
    if profiled.iter().any(|(_, sample)| sample.is_some()) {
        let profiled: Vec<(&RawTable, &Sample)> = profiled.iter().map(|(table, sample)| (table, sample)).collect();
        inferred::references(connector, &profiled, &mut out)?;
    }
    for (contract, (table, sample)) in out.iter_mut().zip(profiled) {
        accepted_values(connector, contract, table, sample)?;
        if sample.is_some() {
            for (column, seen) in contract.columns.iter_mut().zip(&sample.columns) {
                column.profile = Some(profile::profile(column, seen));
            }
        }
        describe(contract);
    }
    Ok(out)
}

/// What a name is made of: a table of another schema has that in its name.
fn told(table: &RawTable, source: &Name) -> String {
    match &table.schema {
        // Files whose names have no word of their own.
        _ if table.label.is_some() || !table.reading.is_empty() => {
            table.label.clone().unwrap_or_else(|| source.to_string())
        }
        Some(schema) => format!("{schema}_{}", table.name),
        None => table.name.clone(),
    }
}

fn contract(source: &Name, name: Name, table: &RawTable, sample: &Sample, warnings: &mut Vec<Diagnostic>) -> Contract {
    let names = Name::unique(table.columns.iter().map(|c| c.name.as_str()), "column");
    let key_size = table.columns.iter().filter(|c| c.primary_key.is_some()).count();
    let mut columns = Vec::with_capacity(table.columns.len());
    for ((raw, column), seen) in table.columns.iter().zip(names).zip(&sample.columns) {
        let (data_type, odd) = profile::data_type(raw, seen);
        if let Some(odd) = odd {
            warnings.push(Diagnostic::warning("mixed-types", format!("`{name}.{column}` {odd}")));
        }
        if raw.primary_key.is_some() && seen.nulls > 0 {
            let what = format!("`{name}.{column}` is part of the primary key but null in {} rows", seen.nulls);
            warnings.push(Diagnostic::warning("null-key", what));
        }
        let found = personal::find(name.as_str(), column.as_str(), data_type, seen);
        columns.push(Column {
            physical_name: raw.name.clone(),
            physical_type: if raw.declared.is_empty() { storage(data_type).into() } else { raw.declared.clone() },
            required: raw.required || (raw.primary_key.is_some() && seen.nulls == 0),
            unique: raw.unique || (raw.primary_key.is_some() && key_size == 1),
            primary_key: raw.primary_key,
            key_evidence: raw.key_evidence.clone(),
            description: raw.description.clone(),
            accepted_values: raw.accepted_values.clone(),
            tags: found.iter().map(|(kind, _)| kind.tag().to_owned()).collect(),
            pii_confidence: found.map(|(_, percent)| percent),
            ..Column::new(column, data_type)
        });
    }
    let cursor = columns
        .iter()
        .filter_map(|c| Some((profile::cursor_rank(c.name.as_str(), c.data_type, c.required)?, c.name.clone())))
        .min()
        .map(|(_, name)| name);
    let cursors = profile::candidates(columns.iter().zip(&sample.columns));
    Contract {
        source: source.clone(),
        table: name,
        physical_schema: table.schema.clone(),
        physical_name: table.name.clone(),
        kind: table.kind,
        description: table.description.clone(),
        columns,
        foreign_keys: Vec::new(),
        cursor,
        reading: table.reading.clone(),
        profile: sample.is_known().then(|| TableProfile {
            rows: sample.rows,
            estimated: sample.estimated,
            sample: sample.sample,
            method: sample.method.to_owned(),
            seed: sample.seed,
            bytes: sample.bytes,
            cursors,
        }),
        followed: Followed::default(),
    }
}

/// The class that a source without declared types stores values in.
fn storage(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Integer => "INTEGER",
        DataType::Float => "REAL",
        DataType::Binary => "BLOB",
        _ => "TEXT",
    }
}

/// All values of columns that have few: of the whole table, also where only a sample was looked at. Never of a column
/// that holds personal data, a key or a reference.
fn accepted_values(
    connector: &dyn Connector,
    contract: &mut Contract,
    table: &RawTable,
    sample: &Sample,
) -> Outcome<()> {
    let joint: Vec<Name> = contract.foreign_keys.iter().flat_map(|key| key.columns.clone()).collect();
    for (column, seen) in contract.columns.iter_mut().zip(&sample.columns) {
        let points = column.references.is_some() || joint.contains(&column.name);
        let free = column.unique || column.primary_key.is_some() || points;
        let personal = !column.tags.is_empty();
        let known = !column.accepted_values.is_empty();
        if free || personal || known || column.data_type != DataType::Text {
            continue;
        }
        if !profile::is_list(column.name.as_str(), seen) {
            let values = seen.values.iter().flatten().filter(|_| profile::has_examples(column.name.as_str(), seen));
            column.examples = values.cloned().collect();
            column.examples.sort();
            continue;
        }
        let all = match sample.method {
            "all" => seen.values.as_ref().map(|v| v.iter().cloned().collect()),
            _ => connector.distinct(table, &column.physical_name, profile::MAX_VALUES)?,
        };
        let Some(all) = all else { continue };
        if profile::is_list(column.name.as_str(), &profile::Seen::of(seen.texts, &all)) {
            column.accepted_values = all;
            column.accepted_values.sort();
        }
    }
    Ok(())
}

/// What is true whatever the business is; people write the rest.
fn describe(contract: &mut Contract) {
    let lone_key = contract.key().len() == 1;
    for column in contract.columns.iter_mut().filter(|c| c.description.is_none()) {
        column.description = match &column.references {
            _ if lone_key && column.primary_key.is_some() => Some(format!("Key of {}.", contract.table)),
            Some(to) => Some(format!("References {}.{}.", to.table, to.column)),
            None if contract.cursor.as_ref() == Some(&column.name) => Some("When the row last changed.".into()),
            None => None,
        };
    }
}
