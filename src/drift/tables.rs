//! Which tables are new, gone, or called otherwise; rows that became many more or stopped coming.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{Compared, Table, cursor};
use super::rename::{CLEAR, LEAD, WORTH};
use super::{Candidate, Change, Class, names};
use crate::contract::Contract;

/// Tables that stand on both sides, and the changes of all others.
pub(super) fn pair<'a>(compared: &Compared<'a>) -> (Vec<Table<'a>>, Vec<Change>) {
    let (mut pairs, mut gone, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let (catalog_only, renamed) = (compared.catalog_only, compared.renamed);
    let mut known: BTreeSet<String> = BTreeSet::new();
    let found: BTreeMap<String, &Contract> = compared.now.iter().map(|c| (c.called(), *c)).collect();
    for ours in &compared.contracts {
        let called = ours.called();
        let last = compared.last.get(&called).copied();
        known.insert(called.clone());
        match found.get(&called) {
            _ if ours.followed.retired => {}
            Some(now) => pairs.push(Table { ours, last, now, catalog_only, renamed }),
            None => gone.push((*ours, last.unwrap_or(ours))),
        }
    }
    // A contract that people deleted is no new table.
    let is_new = |c: &&'a Contract| {
        let name = c.called();
        !known.contains(&name) && !compared.last.contains_key(&name)
    };
    let new: Vec<&Contract> = compared.now.iter().copied().filter(is_new).collect();
    let mut scored: Vec<(f64, usize, usize, Vec<String>)> = Vec::new();
    for (i, (_, before)) in gone.iter().enumerate() {
        for (j, now) in new.iter().enumerate() {
            let (score, evidence) = alike(before, now);
            if score >= WORTH {
                scored.push((score, i, j, evidence));
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = BTreeSet::new();
    for (i, (ours, last)) in gone.iter().enumerate() {
        let own: Vec<&(f64, usize, usize, Vec<String>)> = scored.iter().filter(|s| s.1 == i).collect();
        let answered = compared.renamed.get(&ours.table_ref().to_string());
        if let Some(j) = answered.and_then(|name| new.iter().position(|c| c.called() == *name)) {
            taken.insert(j);
            let change = Change::of_table(Class::TableRenamed, &ours.table_ref()).from(ours.called());
            out.push(change.to(new[j].called()).since("a person said so"));
            let last = Some(*last).filter(|l| !std::ptr::eq(*l, *ours));
            pairs.push(Table { ours, last, now: new[j], catalog_only, renamed });
            continue;
        }
        let clear = own.first().filter(|best| {
            let rivals = scored.iter().filter(|s| (s.1 == i) != (s.2 == best.2)).map(|s| s.0);
            best.0 >= CLEAR && rivals.fold(0.0, f64::max) + LEAD <= best.0
        });
        if let Some((score, _, j, evidence)) = clear {
            taken.insert(*j);
            let mut change = Change::of_table(Class::TableRenamed, &ours.table_ref());
            change = change.from(ours.called()).to(new[*j].called());
            (change.score, change.evidence) = (Some(percent(*score)), evidence.clone());
            out.push(change);
            let last = Some(*last).filter(|l| !std::ptr::eq(*l, *ours));
            pairs.push(Table { ours, last, now: new[*j], catalog_only, renamed });
            continue;
        }
        let mut change = Change::of_table(Class::TableRemoved, &ours.table_ref()).from(ours.called());
        change.candidates = own
            .iter()
            .map(|(score, _, j, evidence)| Candidate {
                class: Class::TableRenamed,
                names: vec![new[*j].called()],
                score: percent(*score),
                evidence: evidence.clone(),
            })
            .collect();
        out.push(change);
    }
    for (_, now) in new.iter().enumerate().filter(|(j, _)| !taken.contains(j)) {
        let rows = now.profile.as_ref().map_or(String::new(), |p| format!(", {} rows", p.rows));
        let what = format!("{} columns{rows}", now.columns.len());
        out.push(Change::of_table(Class::TableAdded, &now.table_ref()).to(what));
    }
    (pairs, out)
}

pub(super) fn percent(score: f64) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}

/// How likely two tables are one: by their columns and types, their names and their rows.
fn alike(was: &Contract, now: &Contract) -> (f64, Vec<String>) {
    let columns = |c: &Contract| -> BTreeSet<String> {
        c.columns.iter().map(|c| format!("{} {}", c.physical_name.to_lowercase(), c.data_type)).collect()
    };
    let (a, b) = (columns(was), columns(now));
    let both = a.intersection(&b).count();
    let shared = both as f64 / (a.len() + b.len() - both).max(1) as f64;
    let name = names::alike(&was.physical_name, &now.physical_name, "");
    let mut evidence = vec![
        format!("{both} of {} columns with the same name and type", a.len().max(b.len())),
        format!("names alike to {:.0} %", name * 100.0),
    ];
    let mut score = 0.6 * shared + 0.4 * name;
    if let (Some(p), Some(q)) = (&was.profile, &now.profile) {
        let rows = p.rows.min(q.rows) as f64 / p.rows.max(q.rows).max(1) as f64;
        evidence.push(format!("{} rows, {} rows now", p.rows, q.rows));
        score = 0.55 * shared + 0.2 * name + 0.25 * rows;
    }
    (score, evidence)
}

/// Rows that became more than twice as many, or fewer than half.
pub(super) fn moved(table: &Table<'_>) -> Option<Change> {
    let (was, now) = (table.before().profile.as_ref()?.rows, table.now.profile.as_ref()?.rows);
    let much = now > 2 * was || 2 * now < was;
    if !much || was.abs_diff(now) < FEW_ROWS && now > 0 {
        return None;
    }
    let change = Change::of_table(Class::Volume, &table.ours.table_ref()).from(was).to(now);
    let times = match (was, now) {
        (0, _) => "it was empty".to_owned(),
        (_, 0) => "it is empty".to_owned(),
        _ => format!("{:.2} times as many", now as f64 / was as f64),
    };
    Some(change.since(times))
}

/// Differences of fewer rows are nothing.
const FEW_ROWS: u64 = 100;
const DAY: f64 = 86_400.0;

/// A table whose newest row stays behind those of the source's other tables, more than it did and more than is usual.
pub(super) fn late(table: &Table<'_>, newest: (Option<f64>, Option<f64>)) -> Option<Change> {
    let before = table.before();
    let (was, now) = (cursor(before)?, cursor(table.now)?);
    let (behind, behind_now) = (newest.0? - was, newest.1? - now);
    let usual = DAY.max(3.0 * behind).max(3.0 * pause(before).unwrap_or(0.0));
    if behind_now <= usual || behind_now <= behind {
        return None;
    }
    let hours = |seconds: f64| format!("{:.0} hours", seconds / 3600.0);
    let column = table.now.cursor.clone()?;
    Some(
        Change::of_table(Class::Freshness, &table.ours.table_ref())
            .from(format!("{} behind", hours(behind)))
            .to(format!("{} behind the newest row of the source", hours(behind_now)))
            .since(format!("newest {column}; usual is up to {}", hours(usual))),
    )
}

/// The mean time between different values of the cursor, in the middle half of the rows.
fn pause(contract: &Contract) -> Option<f64> {
    let profile = contract.column(contract.cursor.as_ref()?.as_str())?.profile.as_ref()?;
    let [_, low, _, high, _] = profile.quantiles.as_slice() else { return None };
    let spread = super::stats::number(high)? - super::stats::number(low)?;
    Some(spread / (profile.distinct as f64 / 2.0).max(1.0))
}
