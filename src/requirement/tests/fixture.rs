//! Small schemas for tests: a line a column, `customer_id: integer! -> customers.customer_id`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::contract::{Column, Contract, Reference, TableKind};
use crate::vocabulary::{Name, TableRef};
use crate::workspace::{Airflow, Config, Connection, Defaults, Environments, Policies, Profiling, Runtime};

#[derive(Deserialize)]
struct Schema {
    source: Name,
    tables: IndexMap<String, Table>,
}

#[derive(Deserialize)]
struct Table {
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    cursor: Option<String>,
    columns: IndexMap<String, String>,
}

/// The contracts that a schema stands for.
pub fn contracts(text: &str) -> BTreeMap<TableRef, Contract> {
    let schema: Schema = serde_yaml::from_str(text).unwrap();
    let name = |t: &str| Name::from_text(t, "column");
    let mut out = BTreeMap::new();
    for (physical, table) in &schema.tables {
        let columns = table
            .columns
            .iter()
            .map(|(column, rule)| {
                let (rule, tags) = match rule.split_once(" #") {
                    Some((rule, tag)) => (rule, vec![tag.to_owned()]),
                    None => (rule.as_str(), Vec::new()),
                };
                let (rule, accepted) = match rule.split_once(" in ") {
                    Some((rule, values)) => (rule, values.split(',').map(|v| v.trim().to_owned()).collect()),
                    None => (rule, Vec::new()),
                };
                let (rule, references) = match rule.split_once(" -> ") {
                    Some((rule, to)) => {
                        let (table, column) = to.split_once('.').unwrap();
                        let reference = Reference::to(Name::from_text(table, "table"), name(column));
                        (rule, Some(reference))
                    }
                    None => (rule, None),
                };
                let data_type = rule.trim_end_matches(['!', '*', ' ']);
                let place = table.key.iter().position(|k| k == column);
                Column {
                    physical_name: column.clone(),
                    physical_type: data_type.to_uppercase(),
                    required: rule.contains('!') || place.is_some(),
                    unique: rule.contains('*') || table.key.len() == 1 && place.is_some(),
                    primary_key: place.map(|p| u32::try_from(p + 1).unwrap()),
                    references,
                    accepted_values: accepted,
                    tags,
                    ..Column::new(name(column), data_type.parse().unwrap())
                }
            })
            .collect();
        let table_name = Name::from_text(physical, "table");
        let contract = Contract {
            source: schema.source.clone(),
            table: table_name.clone(),
            physical_schema: None,
            reading: Default::default(),
            physical_name: physical.clone(),
            kind: TableKind::Table,
            description: None,
            columns,
            foreign_keys: Vec::new(),
            cursor: table.cursor.as_deref().map(name),
            profile: None,
            followed: Default::default(),
        };
        out.insert(TableRef { source: schema.source.clone(), table: table_name }, contract);
    }
    out
}

/// A workspace of SQLite and DuckDB with the sources of the contracts.
pub fn config(contracts: &BTreeMap<TableRef, Contract>) -> Config {
    let dev = |path: &str| Environments { dev: Connection::Sqlite { path: path.into() }, prod: None, profile: None };
    Config {
        version: 1,
        name: Name::parse("practice").unwrap(),
        sources: contracts.keys().map(|t| (t.source.clone(), dev("source.sqlite"))).collect(),
        targets: Environments {
            dev: Connection::DuckDb { path: "warehouse.duckdb".into() },
            prod: None,
            profile: None,
        },
        defaults: Defaults::default(),
        drift: None,
        airflow: Airflow::default(),
        profile: Profiling::default(),
        runtime: Runtime::default(),
        model: None,
        policies: Policies::default(),
        agents: Vec::new(),
        released: Vec::new(),
        check: Default::default(),
        rules: crate::spec::Rules::default(),
    }
}
