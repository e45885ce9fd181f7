//! Schema: the dbt project, its sources with their freshness, and landing tables for each target.

use std::collections::{BTreeMap, BTreeSet};

use super::because::Maker;
use super::{Agent, Brief};
use crate::contract::Contract;
use crate::plan::{Role, Task};
use crate::proposal::{Artifact, DbtProject, DbtSource, DbtSourceTable, Ddl, DdlColumn, DdlTable, Proposal};
use crate::spec::{Test, TestSeverity};
use crate::vocabulary::{ArtifactKind, Name, Outcome, Relation, TableRef};

pub(super) const AGENT: Agent = Agent {
    role: Role::Schema,
    about: "declares the dbt project, its sources and the landing tables of every target",
    needs: &["contracts", "spec"],
    gives: &[ArtifactKind::DbtProject, ArtifactKind::DbtSource, ArtifactKind::Ddl],
    propose,
};

/// The schema that a source's tables land in.
pub(super) fn raw_schema(source: &Name) -> Name {
    named(&format!("raw_{source}"))
}

/// A name made of names: as it is, or cut where it is too long.
pub(super) fn named(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|_| Name::from_text(text, "name"))
}

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let context = &brief.context;
    let (config, spec) = (context.config, context.spec);
    let maker = Maker { task, spec, role: Role::Schema };
    let project = DbtProject { name: config.name.clone(), targets: config.targets.clone() };
    let why = "one dbt project for the workspace, one profile for each of its targets";
    let mut proposals = vec![maker.of_spec("models", why, Artifact::DbtProject(project))];

    let read = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => Some(table),
        Relation::Model(_) => None,
    });
    let own: BTreeSet<&Name> = spec.ingest.iter().map(|i| &i.table).chain(read).map(|t| &t.source).collect();
    let landed = landed(brief);
    for source in own {
        let tables: Vec<DbtSourceTable> = landed
            .iter()
            .filter(|(table, _)| table.source == *source)
            .filter_map(|(table, late)| Some(source_table(context.contracts.get(*table)?, *late)))
            .collect();
        if tables.is_empty() {
            continue;
        }
        let table = format!("{source}.{}", tables[0].name);
        let dbt = DbtSource { name: source.clone(), schema: raw_schema(source), tables };
        proposals.push(maker.of_contract(&table, "models read landed tables as sources", Artifact::DbtSource(dbt)));
    }

    let mut by_source: BTreeMap<&Name, Vec<&TableRef>> = BTreeMap::new();
    spec.ingest.iter().for_each(|i| by_source.entry(&i.table.source).or_default().push(&i.table));
    for (source, mut tables) in by_source {
        tables.sort();
        tables.dedup();
        let keys: BTreeMap<&TableRef, &Vec<Name>> = spec.ingest.iter().map(|i| (&i.table, &i.key)).collect();
        let table = |t: &&TableRef| Some(ddl_table(context.contracts.get(*t)?, keys[*t]));
        let tables: Vec<DdlTable> = tables.iter().filter_map(table).collect();
        for dialect in config.target_dialects() {
            let (pipeline, schema) = (spec.name.clone(), raw_schema(source));
            let ddl = Ddl { pipeline, dialect, schema, tables: tables.clone() };
            let why = format!("the types of the contracts, as {} has them", dialect.label());
            proposals.push(maker.of_spec("ingest", why, Artifact::Ddl(ddl)));
        }
    }
    Ok(proposals)
}

/// After how many hours without a new row a table is late.
#[derive(Clone, Copy, Debug, Default)]
struct Late {
    warn: Option<u32>,
    error: Option<u32>,
}

/// Tables that any pipeline lands or reads, with the hours after which they are late: the shortest of all pipelines.
fn landed<'a>(brief: &Brief<'a>) -> BTreeMap<&'a TableRef, Late> {
    let sooner = |known: &mut Option<u32>, hours: Option<u32>| *known = [*known, hours].into_iter().flatten().min();
    let mut landed: BTreeMap<&TableRef, Late> = BTreeMap::new();
    for spec in brief.context.specs.values().chain([brief.context.spec]) {
        let hours = spec.schedule.as_ref().and_then(|s| s.cron.as_deref()).and_then(late_after);
        for ingest in &spec.ingest {
            let late = landed.entry(&ingest.table).or_default();
            let recent = |severity| {
                let own = |t: &&Test| t.model == ingest.table.staging_model() && t.severity == severity;
                let hours = spec.tests.iter().filter(own).filter(|t| t.test == "is_recent").filter_map(hours_of);
                hours.min()
            };
            sooner(&mut late.warn, recent(TestSeverity::Warn).or(hours));
            sooner(&mut late.error, recent(TestSeverity::Error));
        }
        for model in &spec.models {
            if let Relation::Table(table) = &model.from {
                landed.entry(table).or_default();
            }
        }
    }
    landed
}

/// The name of the landed table, where it is not that of the table.
pub(super) fn landed_as(contract: &Contract) -> Option<Name> {
    Some(contract.landed()).filter(|name| *name != contract.table)
}

fn hours_of(test: &Test) -> Option<u32> {
    test.arguments.get("hours").and_then(serde_json::Value::as_u64).and_then(|h| u32::try_from(h).ok())
}

fn source_table(contract: &Contract, late: Late) -> DbtSourceTable {
    let cursor = contract.cursor.clone().filter(|c| contract.column(c.as_str()).is_some());
    DbtSourceTable {
        name: contract.table.clone(),
        landed: landed_as(contract),
        description: description(contract),
        // What is an error already needs no warning after it.
        warn_after_hours: late.warn.filter(|w| cursor.is_some() && late.error.is_none_or(|e| *w < e)),
        error_after_hours: late.error.filter(|_| cursor.is_some()),
        loaded_at: cursor,
    }
}

fn ddl_table(contract: &Contract, key: &[Name]) -> DdlTable {
    let column = |c: &crate::contract::Column| DdlColumn {
        name: c.name.clone(),
        data_type: c.data_type,
        required: c.required,
        description: super::models::landed_description(contract, c),
    };
    let declared: Vec<Name> = contract.key().into_iter().map(|c| c.name.clone()).collect();
    DdlTable {
        name: contract.table.clone(),
        landed: landed_as(contract),
        changes: contract.followed.landing.changes.clone(),
        description: description(contract),
        columns: contract.columns.iter().map(column).collect(),
        primary_key: if declared.is_empty() { key.to_vec() } else { declared },
    }
}

fn description(contract: &Contract) -> String {
    super::models::staging_description(contract)
}

/// Hours without a new row after which a table is late: one and a half times the longest pause between two runs.
fn late_after(cron: &str) -> Option<u32> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [_, hour, day, month, weekday] = fields.as_slice() else { return None };
    let pause = match (*hour, *day, *month, *weekday) {
        (_, _, month, _) if month != "*" => 24 * 366,
        (_, day, _, _) if day != "*" && !day.starts_with("*/") => 24 * 31,
        (_, day, ..) if day != "*" => 24 * day.trim_start_matches("*/").parse::<u32>().ok()?,
        (.., weekday) if weekday != "*" => 24 * longest_gap(weekday, 7)?,
        ("*", ..) => 1,
        (hour, ..) => longest_gap(hour, 24)?,
    };
    Some((pause * 3 / 2).max(2))
}

/// The longest way from one value of a cron field to the next, around `size`.
fn longest_gap(field: &str, size: u32) -> Option<u32> {
    let mut values = BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None if range == "*" => (0, size - 1),
            None => {
                let one: u32 = range.parse().ok()?;
                (one, if part.contains('/') { size - 1 } else { one })
            }
        };
        if from > to || to > 366 {
            return None;
        }
        let step = usize::try_from(step.parse::<u32>().ok().filter(|s| *s > 0)?).ok()?;
        values.extend((from..=to).step_by(step).map(|v| v % size));
    }
    let all: Vec<u32> = values.into_iter().collect();
    let (first, last) = (*all.first()?, *all.last()?);
    let inner = all.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    Some(inner.max(first + size - last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_follows_the_schedule() {
        for (cron, hours) in [
            ("0 6 * * *", Some(36)),
            ("30 6 * * 1-5", Some(108)),
            ("0 * * * *", Some(2)),
            ("0 */6 * * *", Some(9)),
            ("0 6,18 * * *", Some(18)),
            ("0 6 1 * *", Some(1116)),
            ("0 6 * * 1", Some(252)),
            ("nonsense", None),
            ("0 x * * *", None),
        ] {
            assert_eq!(late_after(cron), hours, "{cron}");
        }
    }
}
