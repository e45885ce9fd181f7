//! References that nobody declares.

use std::collections::{BTreeMap, BTreeSet};

use super::{about, names};
use crate::contract::{Column, Contract, Reference, TableKind};
use crate::discover::connector::{Connector, RawTable, Sample};
use crate::discover::parallel;
use crate::vocabulary::{DataType, Outcome};

/// A column, and the key that it may point to.
struct Candidate {
    from: (usize, usize),
    to: (usize, usize),
    why: String,
}

/// What a name may point to.
#[derive(Clone, Copy)]
struct Target {
    place: (usize, usize),
    /// The key is named for its own table: `order_id` of orders, rather than of their archive.
    own: bool,
}

/// Different values that a name needs beside it which says less than `customer_id`.
const FEW: u64 = 3;

/// Notes what columns point to by their names, where every value is found there.
///
/// # Errors
/// The source can't be read.
pub fn references(
    connector: &dyn Connector,
    profiled: &[(&RawTable, &Sample)],
    contracts: &mut [Contract],
) -> Outcome<()> {
    let candidates = candidates(profiled, contracts);
    let missing = parallel::map(
        connector.lines(),
        &candidates,
        |c| {
            let ((own, other), named) = ((c.from.0, c.to.0), |(t, i): (usize, usize)| &profiled[t].0.columns[i].name);
            connector.orphans(profiled[own].0, named(c.from), profiled[other].0, named(c.to))
        },
        |_, _, _| {},
    )?;
    for (candidate, missing) in candidates.into_iter().zip(missing) {
        if missing != Some(0) {
            continue;
        }
        let (to, (from, column)) = (&contracts[candidate.to.0], candidate.from);
        let (table, key) = (to.table.clone(), to.columns[candidate.to.1].name.clone());
        let filled = profiled[from].1.columns[column].filled();
        let evidence = format!("{}; all values are there, in {} rows", candidate.why, about(filled));
        let found = Reference { inferred: true, evidence: Some(evidence), ..Reference::to(table, key) };
        contracts[from].columns[column].references = Some(found);
    }
    Ok(())
}

fn candidates(profiled: &[(&RawTable, &Sample)], contracts: &[Contract]) -> Vec<Candidate> {
    let targets = targets(contracts);
    let mut out = Vec::new();
    for (from, (contract, (_, sample))) in contracts.iter().zip(profiled).enumerate() {
        let lone_key = contract.key().len() == 1;
        for (i, column) in contract.columns.iter().enumerate() {
            let seen = &sample.columns[i];
            let alone = column.primary_key.is_some() && lone_key;
            if alone || column.references.is_some() || seen.filled() == 0 || !is_key_type(column.data_type) {
                continue;
            }
            let Some((to, plain, why)) = target(&targets, contracts, from, column) else { continue };
            let other = &contracts[to.0];
            let joint =
                contract.foreign_keys.iter().any(|k| k.table == other.table && k.columns.contains(&column.name));
            // A number that only counts rows is found in every key.
            let counts = column.data_type == DataType::Integer && (seen.distinct < FEW || seen.rising);
            if other.columns[to.1].data_type != column.data_type || joint || !plain && counts {
                continue;
            }
            out.push(Candidate { from: (from, i), to, why });
        }
    }
    out
}

fn is_key_type(data_type: DataType) -> bool {
    matches!(data_type, DataType::Integer | DataType::Text | DataType::Decimal { scale: 0, .. })
}

/// Keys by what columns that point to them are called.
fn targets(contracts: &[Contract]) -> BTreeMap<String, Vec<Target>> {
    let mut out: BTreeMap<String, Vec<Target>> = BTreeMap::new();
    for (t, contract) in contracts.iter().enumerate().filter(|(_, c)| c.kind == TableKind::Table) {
        let (things, lone) = (names::things_of(contract), contract.key().len() == 1);
        for (i, column) in contract.columns.iter().enumerate() {
            let key = lone && column.primary_key.is_some();
            let parts = names::of_column(column);
            let Some(last) = parts.last().filter(|last| key || names::BARE.contains(&last.as_str())) else { continue };
            if !(key || column.unique) || !is_key_type(column.data_type) || names::NO_KEY.contains(&last.as_str()) {
                continue;
            }
            let bare = parts.len() == 1 && names::BARE.contains(&last.as_str());
            let name = parts.join("_");
            let own = things.iter().any(|thing| name.starts_with(thing));
            let called: BTreeSet<String> = match bare {
                true => things.iter().map(|thing| format!("{thing}_{last}")).collect(),
                false => [name].into(),
            };
            for name in called {
                out.entry(name).or_default().push(Target { place: (t, i), own: own || bare });
            }
        }
    }
    out
}

/// What a column points to by its name, whether the whole name says so, and in words.
fn target(
    targets: &BTreeMap<String, Vec<Target>>,
    contracts: &[Contract],
    from: usize,
    column: &Column,
) -> Option<((usize, usize), bool, String)> {
    let parts = names::of_column(column);
    if names::is_elsewhere(&parts) {
        return None;
    }
    let called = |(t, i): (usize, usize)| format!("{}.{}", contracts[t].table, contracts[t].columns[i].name);
    for at in 0..parts.len() {
        if at > 0 && at + 1 == parts.len() {
            break;
        }
        let Some(all) = targets.get(&parts[at..].join("_")) else { continue };
        let others = || all.iter().filter(|to| at > 0 || to.place.0 != from);
        let own: Vec<&Target> = others().filter(|to| to.own).collect();
        let best: Vec<&Target> = if own.is_empty() { others().collect() } else { own };
        // Where several would do as well, nothing is said.
        let [one] = best[..] else { if best.is_empty() { continue } else { return None } };
        let why = match at {
            0 => format!("named for {}", called(one.place)),
            _ => format!("named for {}, after a role", called(one.place)),
        };
        return Some((one.place, at == 0, why));
    }
    let own = &contracts[from];
    let [key] = own.key()[..] else { return None };
    let is_role = own.kind == TableKind::Table && names::is_role(&parts, &names::of_column(key));
    let at = own.columns.iter().position(|c| c.name == key.name).filter(|_| is_role)?;
    Some(((from, at), false, format!("named for another row of {}", own.table)))
}
