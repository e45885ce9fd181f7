//! A contract that follows its source. What people wrote into it stays.

use std::collections::BTreeMap;

use super::{Drifted, Fix, Ground, Reading, older};
use crate::contract::{Alteration, Column, Contract, Decision, ForeignKey, Reference};
use crate::drift::{Change, Class, joint};
use crate::vocabulary::{Diagnostic, Dialect, Name, Place, TableRef};

/// Puts the contract of a table, as it must be, into `out`.
pub(super) fn follow(
    table: &TableRef,
    all: &[&Drifted],
    readings: &BTreeMap<String, Reading>,
    ground: &Ground<'_>,
    out: &mut Fix,
) {
    let of_source = |name: &str| ground.now.iter().find(|c| c.source == table.source && c.called() == name);
    let Some(ours) = ground.contracts.get(table) else {
        // A new table, by its own name.
        if let Some(now) = ground.now.iter().find(|c| c.table_ref() == *table) {
            out.contracts.insert(table.clone(), now.clone());
            out.found.push(now.clone());
        }
        return;
    };
    let mut contract = ours.clone();
    let find = |class: Class| all.iter().find(|d| d.change.class == class).map(|d| &d.change);
    if let Some(change) = find(Class::TableRemoved) {
        contract.followed.retired = true;
        contract.followed.decisions.push(decision(change, readings.get(&change.key)));
        out.contracts.insert(table.clone(), contract);
        return;
    }
    if let Some(change) = find(Class::TableAdded) {
        let what = format!("the source has a new table, and `{table}` is the name of another");
        let place = Place::file(format!("contracts/{}/{}.odcs.yaml", table.source, table.table));
        let next = "rename the contract of the other table, then try again";
        out.findings.push(Diagnostic::error("name-taken", what).at(place).why(change.said()).next(next));
        return;
    }
    if let Some(change) = find(Class::TableRenamed) {
        if let Some(now) = change.now.as_deref().and_then(of_source) {
            contract.physical_schema.clone_from(&now.physical_schema);
            contract.physical_name.clone_from(&now.physical_name);
        }
        contract.followed.decisions.push(decision(change, readings.get(&change.key)));
    }
    let Some(now) = of_source(&contract.called()) else { return };
    let mut again = false;
    // Names first: what else changed is of the column under its new name.
    for change in all.iter().map(|d| &d.change).filter(|c| c.class == Class::ColumnRenamed) {
        renamed(&mut contract, now, change);
        contract.followed.decisions.push(decision(change, readings.get(&change.key)));
    }
    for change in all.iter().map(|d| &d.change) {
        let reading = readings.get(&change.key);
        let done = match change.class {
            Class::ColumnAdded => added(&mut contract, now, change, ground),
            Class::ColumnRemoved | Class::ColumnSplit | Class::ColumnMerged => {
                removed(&mut contract, change, &mut again)
            }
            Class::TypeWidened => widened(&mut contract, now, change, ground.dialects, &mut again),
            Class::TypeNarrowed => physical(&mut contract, now, change),
            Class::TypeChanged if reading == Some(&Reading::Keep) => physical(&mut contract, now, change),
            Class::TypeChanged => taken(&mut contract, now, change, &mut again),
            Class::Nullability => nullable(&mut contract, now, change),
            Class::Unique => with(&mut contract, now, change, |ours, now| ours.unique = now.unique),
            Class::ForeignKey if change.column.is_none() => joint(&mut contract, now, change, ground),
            Class::ForeignKey => {
                let to = now_of(now, &contract, change).and_then(|c| c.references.as_ref());
                let to = to.and_then(|r| ours_of(r, ground, &contract));
                with(&mut contract, now, change, |ours, _| ours.references = to)
            }
            Class::AcceptedValues => with(&mut contract, now, change, values),
            Class::PrimaryKey if reading == Some(&Reading::Keep) => true,
            Class::PrimaryKey => {
                again = true;
                key(&mut contract, now)
            }
            _ => false,
        };
        if done {
            contract.followed.decisions.push(decision(change, reading));
        }
    }
    if again {
        contract.followed.landing.begin_again();
    } else {
        older::keep(ours, &mut contract, all, readings, ground);
    }
    profile(&mut contract, now);
    contract.followed.decisions.dedup();
    out.contracts.insert(table.clone(), contract);
    out.found.push(now.clone());
}

/// Takes in what was seen of a table that did not drift.
pub(super) fn refresh(now: &Contract, ground: &Ground<'_>, out: &mut Fix) {
    let same = |c: &&Contract| c.source == now.source && c.physical() == now.physical();
    let Some(ours) = ground.contracts.values().find(same) else { return };
    if out.contracts.contains_key(&ours.table_ref()) {
        return;
    }
    let mut contract = ours.clone();
    profile(&mut contract, now);
    out.contracts.insert(ours.table_ref(), contract);
    out.found.push(now.clone());
}

/// What was decided, for the people who read the contract and the pull request.
fn decision(change: &Change, reading: Option<&Reading>) -> Decision {
    let decided = match reading {
        None => match change.score {
            Some(score) => format!("taken, sure to {score} %"),
            None => "taken".to_owned(),
        },
        Some(Reading::Renamed(name)) => format!("answered: renamed to {name}"),
        Some(Reading::Expression(expression)) => format!("answered: {expression} in its place"),
        Some(Reading::Null) => "answered: nulls in its place".to_owned(),
        Some(Reading::Remove) => "answered: removed, with what is made of it".to_owned(),
        Some(Reading::Keep) => "answered: kept as it was".to_owned(),
        Some(Reading::Take) => "answered: taken".to_owned(),
    };
    Decision { about: change.said(), decided, because: change.evidence.join("; ") }
}

fn now_of<'a>(now: &'a Contract, contract: &Contract, change: &Change) -> Option<&'a Column> {
    let ours = contract.column(change.column.as_ref()?.as_str())?;
    now.columns.iter().find(|c| c.physical_name == ours.physical_name)
}

/// Changes the column of a change by what is found of it now.
fn with(contract: &mut Contract, now: &Contract, change: &Change, act: impl FnOnce(&mut Column, &Column)) -> bool {
    let Some(found) = now_of(now, contract, change) else { return false };
    let Some(name) = &change.column else { return false };
    let Some(ours) = contract.columns.iter_mut().find(|c| c.name == *name) else { return false };
    act(ours, found);
    true
}

/// The contract keeps its own name, so that everything behind it stays.
fn renamed(contract: &mut Contract, now: &Contract, change: &Change) {
    let Some(found) = now.columns.iter().find(|c| Some(&c.physical_name) == change.now.as_ref()) else { return };
    let Some(name) = &change.column else { return };
    if let Some(ours) = contract.columns.iter_mut().find(|c| c.name == *name) {
        ours.physical_name.clone_from(&found.physical_name);
        if ours.data_type == found.data_type {
            ours.physical_type.clone_from(&found.physical_type);
        }
    }
}

/// The new column stands where the source has it, under a name that is free.
fn added(contract: &mut Contract, now: &Contract, change: &Change, ground: &Ground<'_>) -> bool {
    let Some(name) = &change.column else { return false };
    let Some(at) = now.columns.iter().position(|c| c.name == *name) else { return false };
    let found = &now.columns[at];
    if contract.columns.iter().any(|c| c.physical_name == found.physical_name) {
        return false;
    }
    let mut column = found.clone();
    let mut n = 2;
    while contract.columns.iter().any(|c| c.name == column.name) {
        column.name = Name::from_text(&format!("{}_{n}", found.name), "column");
        n += 1;
    }
    column.references = found.references.as_ref().and_then(|r| ours_of(r, ground, contract));
    // Rows that were landed before have none of it, and the key stays what it was.
    column.required = false;
    (column.primary_key, column.key_evidence) = (None, None);
    let before: Vec<&str> = now.columns[..at].iter().map(|c| c.physical_name.as_str()).collect();
    let place = contract.columns.iter().rposition(|c| before.contains(&c.physical_name.as_str())).map_or(0, |i| i + 1);
    contract.followed.landing.note(&column.name, Alteration::Added, column.data_type);
    contract.columns.insert(place, column);
    true
}

/// The column leaves the contract; the landed one stays with what it holds.
fn removed(contract: &mut Contract, change: &Change, again: &mut bool) -> bool {
    let Some(name) = &change.column else { return false };
    let Some(at) = contract.columns.iter().position(|c| c.name == *name) else { return false };
    let column = contract.columns.remove(at);
    contract.foreign_keys.retain(|key| !key.columns.contains(&column.name));
    contract.followed.landing.changes.retain(|c| c.column != column.name);
    contract.followed.landing.note(&column.name, Alteration::Gone, column.data_type);
    *again |= column.primary_key.is_some();
    if contract.cursor.as_ref() == Some(&column.name) {
        contract.cursor = None;
    }
    let mut key: Vec<&mut u32> = contract.columns.iter_mut().filter_map(|c| c.primary_key.as_mut()).collect();
    key.sort();
    key.into_iter().zip(1..).for_each(|(position, n)| *position = n);
    true
}

/// A landed column takes more where it stands, where the target can do that; else a new table is landed.
fn widened(contract: &mut Contract, now: &Contract, change: &Change, dialects: &[Dialect], again: &mut bool) -> bool {
    let Some(found) = now_of(now, contract, change).cloned() else { return false };
    // A view on a column holds its type in PostgreSQL, and Snowflake changes no scale.
    let in_place = dialects.iter().all(|d| *d == Dialect::DuckDb);
    let mut note = None;
    with(contract, now, change, |ours, _| {
        if ours.data_type != found.data_type {
            *again |= ours.primary_key.is_some() || !in_place;
            note = Some((ours.name.clone(), found.data_type));
        }
        ours.data_type = found.data_type;
        ours.physical_type.clone_from(&found.physical_type);
    });
    if let Some((name, data_type)) = note {
        contract.followed.landing.note(&name, Alteration::Widened, data_type);
    }
    true
}

/// The source's own type, while the contract keeps its own: what held more holds less as well.
fn physical(contract: &mut Contract, now: &Contract, change: &Change) -> bool {
    with(contract, now, change, |ours, found| ours.physical_type.clone_from(&found.physical_type))
}

fn taken(contract: &mut Contract, now: &Contract, change: &Change, again: &mut bool) -> bool {
    *again = true;
    with(contract, now, change, |ours, found| {
        ours.data_type = found.data_type;
        ours.physical_type.clone_from(&found.physical_type);
        ours.accepted_values.clone_from(&found.accepted_values);
        ours.examples.clone_from(&found.examples);
    })
}

/// What may be null now is null in the landed table, too. What is never null now may have been in rows landed before.
fn nullable(contract: &mut Contract, now: &Contract, change: &Change) -> bool {
    if now_of(now, contract, change).is_none_or(|c| c.required) {
        return false;
    }
    let done = with(contract, now, change, |ours, _| ours.required = false);
    let column = change.column.as_ref().and_then(|name| contract.column(name.as_str()));
    if let Some((name, data_type)) = column.map(|c| (c.name.clone(), c.data_type)) {
        contract.followed.landing.note(&name, Alteration::Nullable, data_type);
    }
    done
}

/// The list takes what is new and keeps what people put into it; it ends where the source's did.
fn values(ours: &mut Column, found: &Column) {
    if found.accepted_values.is_empty() {
        ours.accepted_values.clear();
        ours.examples.clone_from(&found.examples);
        return;
    }
    ours.accepted_values.extend(found.accepted_values.iter().cloned());
    ours.accepted_values.sort();
    ours.accepted_values.dedup();
}

fn key(contract: &mut Contract, now: &Contract) -> bool {
    for ours in &mut contract.columns {
        let found = now.columns.iter().find(|c| c.physical_name == ours.physical_name);
        ours.primary_key = found.and_then(|c| c.primary_key);
        ours.key_evidence = found.and_then(|c| c.key_evidence.clone());
        if let Some(found) = found.filter(|c| c.primary_key.is_some()) {
            ours.required |= found.required;
            ours.unique = found.unique;
        }
    }
    true
}

/// What the found reference is called in people's contracts; none where the table has no contract.
fn ours_of(to: &Reference, ground: &Ground<'_>, contract: &Contract) -> Option<Reference> {
    let source = &contract.source;
    let found = ground.now.iter().find(|c| c.source == *source && c.table == to.table)?;
    let ours = ground.contracts.values().find(|c| c.source == *source && c.physical() == found.physical())?;
    let column = found.column(to.column.as_str())?;
    let column = ours.columns.iter().find(|c| c.physical_name == column.physical_name)?;
    Some(Reference { table: ours.table.clone(), column: column.name.clone(), ..to.clone() })
}

/// The foreign keys of a set of columns are those that the source has now.
fn joint(contract: &mut Contract, now: &Contract, change: &Change, ground: &Ground<'_>) -> bool {
    let table = contract.table_ref();
    let is_of_set = |key: &ForeignKey| joint::key(&table, &key.columns) == change.key;
    let found: Vec<ForeignKey> =
        now.foreign_keys.iter().filter_map(|key| ours_of_joint(key, now, contract, ground)).collect();
    contract.foreign_keys.retain(|key| !is_of_set(key));
    contract.foreign_keys.extend(found.into_iter().filter(is_of_set));
    contract.foreign_keys.sort();
    true
}

/// What a foreign key of several columns is called in people's contracts; none where they lack a part of it.
fn ours_of_joint(key: &ForeignKey, now: &Contract, contract: &Contract, ground: &Ground<'_>) -> Option<ForeignKey> {
    let mut out = ForeignKey { columns: Vec::new(), table: key.table.clone(), to: Vec::new() };
    for (own, to) in key.pairs() {
        let physical = &now.column(own.as_str())?.physical_name;
        out.columns.push(contract.columns.iter().find(|c| c.physical_name == *physical)?.name.clone());
        let there = ours_of(&Reference::to(key.table.clone(), to.clone()), ground, contract)?;
        (out.table, _) = (there.table, out.to.push(there.column));
    }
    Some(out)
}

/// What was seen is not people's: all of it is that of now.
fn profile(contract: &mut Contract, now: &Contract) {
    if now.profile.is_none() {
        return;
    }
    contract.profile.clone_from(&now.profile);
    for ours in &mut contract.columns {
        let found = now.columns.iter().find(|c| c.physical_name == ours.physical_name);
        if let Some(found) = found {
            ours.profile.clone_from(&found.profile);
            ours.pii_confidence = found.pii_confidence;
        }
    }
}
