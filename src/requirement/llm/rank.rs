//! Which tables a requirement can touch: those that its words name, those on the way between them, their neighbours.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{Column, Contract};
use crate::requirement::Ground;
use crate::requirement::graph::Way;
use crate::requirement::lexicon::{EXACT, SHORTENED, SYNONYM};
use crate::requirement::said::Said;
use crate::requirement::scan::Scan;
use crate::requirement::stem;
use crate::vocabulary::{Name, TableRef};

/// Most columns of one table that are shown.
const COLUMNS: usize = 40;
/// Most tables that ways are looked for between.
const ENDS: usize = 6;
/// How far from a table that is named others are shown: the time of a row's parent's parent may be what is grouped by.
const HOPS: usize = 2;

/// A table that is shown, with those of its columns that are.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// Its contract.
    pub contract: &'a Contract,
    /// Columns, in the contract's order.
    pub columns: Vec<&'a Column>,
}

/// Tables by how much a requirement is about them, the most first.
pub fn rank<'a>(text: &Said, ground: &'a Ground<'a>) -> Vec<Shown<'a>> {
    let scan = Scan::new(text, ground);
    let mut tables: BTreeMap<&TableRef, u32> = BTreeMap::new();
    let mut columns: BTreeSet<(&TableRef, &Name)> = BTreeSet::new();
    for i in 0..scan.tokens.len() {
        if let Some(hits) = scan.hits(i) {
            let sure = match hits.tier {
                EXACT => 100,
                SHORTENED => 60,
                SYNONYM => 50,
                _ => 30,
            };
            hits.tables.iter().for_each(|t| *tables.entry(t).or_default() += sure);
            // A column that many tables have tells little.
            let share = sure / 2 / u32::try_from(hits.columns.len()).unwrap_or(u32::MAX).max(1);
            for hit in &hits.columns {
                *tables.entry(hit.table).or_default() += share.max(1);
                columns.insert((hit.table, &hit.column.name));
            }
        }
        if let Some((_, values)) = scan.lexicon.value(&scan.tokens, i) {
            let share = 40 / u32::try_from(values.len()).unwrap_or(u32::MAX).max(1);
            for value in values {
                *tables.entry(value.table).or_default() += share.max(1);
                columns.insert((value.table, &value.column.name));
            }
        }
    }
    described(&scan, ground, &mut tables);
    ways(&scan, &mut tables);
    (0..HOPS).for_each(|_| neighbours(&scan, &mut tables));
    let mut order: Vec<(&TableRef, u32)> = if tables.is_empty() {
        // Nothing is recognised: any of them may be meant.
        ground.contracts.keys().map(|t| (t, 0)).collect()
    } else {
        tables.into_iter().collect()
    };
    order.sort_by_key(|(table, score)| (std::cmp::Reverse(*score), *table));
    let contracts = order.into_iter().filter_map(|(table, _)| ground.contracts.get(table));
    contracts.map(|contract| Shown { contract, columns: chosen(contract, &columns) }).collect()
}

/// Words of the requirement in the descriptions of tables.
fn described<'a>(scan: &Scan<'_>, ground: &'a Ground<'a>, tables: &mut BTreeMap<&'a TableRef, u32>) {
    let said: BTreeSet<&str> = scan.tokens.iter().map(|t| t.key.as_str()).filter(|k| k.len() > 3).collect();
    for (table, contract) in ground.contracts {
        let Some(description) = &contract.description else { continue };
        let words: BTreeSet<String> = description
            .split(|c: char| !c.is_alphanumeric())
            .map(|w| stem::noun(&w.to_lowercase()).into_owned())
            .filter(|w| said.contains(w.as_str()))
            .collect();
        if !words.is_empty() {
            *tables.entry(table).or_default() += 5 * u32::try_from(words.len().min(4)).unwrap_or(4);
        }
    }
}

fn raise<'a>(tables: &mut BTreeMap<&'a TableRef, u32>, table: &'a TableRef, score: u32) {
    let own = tables.entry(table).or_default();
    *own = (*own).max(score);
}

/// Tables on the ways between the first ones.
fn ways<'a>(scan: &Scan<'a>, tables: &mut BTreeMap<&'a TableRef, u32>) {
    let mut order: Vec<(&TableRef, u32)> = tables.iter().map(|(t, s)| (*t, *s)).collect();
    order.sort_by_key(|(table, score)| (std::cmp::Reverse(*score), *table));
    for (from, score) in order.iter().take(ENDS) {
        for (to, other) in order.iter().take(ENDS) {
            let ways = match scan.graph.way(from, to) {
                Way::By(edges) => vec![edges],
                Way::Several(all) => all,
                Way::No => Vec::new(),
            };
            for edge in ways.iter().flatten() {
                raise(tables, edge.to, *score.min(other));
            }
        }
    }
}

/// Parents and children.
fn neighbours<'a>(scan: &Scan<'a>, tables: &mut BTreeMap<&'a TableRef, u32>) {
    let all: Vec<(&TableRef, u32)> = tables.iter().map(|(t, s)| (*t, *s)).collect();
    for (table, score) in all {
        for edge in scan.graph.parents(table) {
            raise(tables, edge.to, score / 3);
        }
        for child in scan.graph.children(table) {
            raise(tables, child, score / 5);
        }
    }
}

/// All columns; of wide tables those that are named, keys, times and those with known values first.
fn chosen<'a>(contract: &'a Contract, named: &BTreeSet<(&TableRef, &Name)>) -> Vec<&'a Column> {
    let table = contract.table_ref();
    let mut order: Vec<(u8, usize)> = contract
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let rank = match () {
                () if named.contains(&(&table, &c.name)) || c.primary_key.is_some() => 0,
                () if c.references.is_some() || contract.cursor.as_ref() == Some(&c.name) => 1,
                () if c.data_type.is_temporal() || !c.accepted_values.is_empty() => 2,
                () => 3,
            };
            (rank, i)
        })
        .collect();
    order.sort();
    order.truncate(COLUMNS);
    order.sort_by_key(|(_, i)| *i);
    order.into_iter().filter_map(|(_, i)| contract.columns.get(i)).collect()
}
