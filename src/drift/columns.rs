//! The columns of one table: added, gone, renamed, split, merged; types, keys, values.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::Table;
use super::rename::{self, Pair};
use super::tables::percent;
use super::types::{self, Step};
use super::{Candidate, Change, Class, joint, split, stats};
use crate::contract::{Column, Contract, Reference};

/// Changes of names, types and keys.
pub(super) fn changes(table: &Table<'_>) -> Vec<Change> {
    let of = table.ours.table_ref();
    let mut out = Vec::new();
    let (gone, new) = differing(table);
    let before = table.before();
    // Judged as it was found last: people may have described it, but the source's words are what is compared.
    let as_found = |column: &Column| find(before, &column.physical_name).cloned().unwrap_or_else(|| column.clone());
    let found: Vec<Column> = gone.iter().map(|c| as_found(c)).collect();
    let found: Vec<&Column> = found.iter().collect();
    let pairs = rename::pairs(before, table.now, &found, &new);
    let mut renamed: BTreeMap<&str, &Pair<'_>> = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let answer = |was: &Column| {
        let ours = table.ours.columns.iter().find(|c| c.physical_name == was.physical_name);
        ours.and_then(|c| table.renamed.get(&format!("{of}.{}", c.name)))
    };
    let answered = |p: &&Pair<'_>| answer(p.was).is_some_and(|name| *name == p.now.physical_name);
    let said: Vec<&Pair<'_>> = pairs.iter().filter(answered).collect();
    let is_free = |p: &Pair<'_>| !said.iter().any(|s| s.now.physical_name == p.now.physical_name);
    for pair in &pairs {
        if answered(&pair) || answer(pair.was).is_none() && is_free(pair) && rename::is_clear(pair, &pairs) {
            renamed.insert(&pair.was.physical_name, pair);
            taken.insert(&pair.now.physical_name);
        }
    }
    let free: Vec<&Column> = new.iter().filter(|c| !taken.contains(c.physical_name.as_str())).copied().collect();
    let left: Vec<&Column> =
        found.iter().filter(|c| !renamed.contains_key(c.physical_name.as_str())).copied().collect();
    for (ours, was) in gone.iter().zip(&found) {
        if let Some(pair) = renamed.get(was.physical_name.as_str()) {
            let mut change = Change::of_column(Class::ColumnRenamed, &of, &ours.name);
            change = change.from(&ours.physical_name).to(&pair.now.physical_name);
            (change.score, change.evidence) = (Some(percent(pair.score)), pair.evidence.clone());
            if answered(pair) {
                change.score = None;
                change.evidence.insert(0, "a person said so".to_owned());
            }
            out.push(change);
            out.extend(types_of(&of, ours, Some(*was), pair.now, table.catalog_only));
            continue;
        }
        out.push(removed(table, ours, was, &pairs, &left, &free));
    }
    for column in &free {
        let change = Change::of_column(Class::ColumnAdded, &of, &column.name).to(column.data_type);
        out.push(change.since(format!("{} in the source", column.physical_type)));
    }
    for ours in &table.ours.columns {
        if let Some(now) = find(table.now, &ours.physical_name) {
            let last = table.last.and_then(|l| find(l, &ours.physical_name));
            out.extend(types_of(&of, ours, last, now, table.catalog_only));
            out.extend(facts(table, ours, last, now));
        }
    }
    out.extend(key(table));
    out.extend(joint::changes(table));
    out
}

pub(super) fn find<'a>(contract: &'a Contract, physical: &str) -> Option<&'a Column> {
    contract.columns.iter().find(|c| c.physical_name == physical)
}

/// Columns of the contract that are gone, and columns of the source that are new. What people added or took out is theirs.
fn differing<'a>(table: &Table<'a>) -> (Vec<&'a Column>, Vec<&'a Column>) {
    let was_found = |c: &Column| table.last.is_none_or(|l| find(l, &c.physical_name).is_some());
    let gone = table.ours.columns.iter().filter(|c| find(table.now, &c.physical_name).is_none() && was_found(c));
    let knew = |c: &Column| table.last.is_some_and(|l| find(l, &c.physical_name).is_some());
    let new = table.now.columns.iter().filter(|c| find(table.ours, &c.physical_name).is_none() && !knew(c));
    (gone.collect(), new.collect())
}

/// A column that is gone, with all that it may have become.
fn removed(
    table: &Table<'_>,
    ours: &Column,
    was: &Column,
    pairs: &[Pair<'_>],
    gone: &[&Column],
    new: &[&Column],
) -> Change {
    let of = table.ours.table_ref();
    let before = table.before();
    let is_free = |p: &&Pair<'_>| new.iter().any(|c| c.physical_name == p.now.physical_name);
    let mut candidates: Vec<Candidate> = pairs
        .iter()
        .filter(|p| p.was.physical_name == was.physical_name)
        .filter(is_free)
        .map(|p| Candidate {
            class: Class::ColumnRenamed,
            names: vec![p.now.physical_name.clone()],
            score: percent(p.score),
            evidence: p.evidence.clone(),
        })
        .collect();
    let physical = |all: &[&Column]| all.iter().map(|c| c.physical_name.clone()).collect::<Vec<_>>();
    if let Some(parts) = split::find(before, was, table.now, new) {
        candidates.push(Candidate {
            class: Class::ColumnSplit,
            names: physical(&parts.parts),
            score: percent(parts.score),
            evidence: parts.evidence,
        });
    }
    for whole in new {
        let merged = split::find(table.now, whole, before, gone);
        let merged = merged.filter(|m| m.parts.iter().any(|p| p.physical_name == was.physical_name));
        if let Some(merged) = merged {
            candidates.push(Candidate {
                class: Class::ColumnMerged,
                names: vec![whole.physical_name.clone()],
                score: percent(merged.score),
                evidence: merged.evidence,
            });
        }
    }
    // Of two that are as likely, the one that explains more columns.
    candidates.sort_by_key(|c| (std::cmp::Reverse(c.score), c.class == Class::ColumnRenamed));
    let (split, rename) = (
        candidates.iter().find(|c| matches!(c.class, Class::ColumnSplit | Class::ColumnMerged)),
        candidates.iter().find(|c| c.class == Class::ColumnRenamed).map_or(0, |c| c.score),
    );
    let mut change = match split {
        Some(best) if best.score >= rename => {
            let change = Change::of_column(best.class, &of, &ours.name).to(best.names.join(", "));
            Change { score: Some(best.score), evidence: best.evidence.clone(), ..change }
        }
        _ => Change::of_column(Class::ColumnRemoved, &of, &ours.name),
    };
    change.was = Some(ours.physical_name.clone());
    change.candidates = candidates;
    change
}

/// Whether the source says something else than the contract, and than it said last: then it is the source that changed.
pub(super) fn drifted<T: PartialEq>(ours: &T, last: Option<&T>, now: &T) -> bool {
    now != ours && last.is_none_or(|last| now != last)
}

fn types_of(
    of: &crate::vocabulary::TableRef,
    ours: &Column,
    last: Option<&Column>,
    now: &Column,
    catalog_only: bool,
) -> Option<Change> {
    let change = |class| Change::of_column(class, of, &ours.name);
    let words = |c: &Column| c.physical_type.to_lowercase();
    let said_otherwise = drifted(&words(ours), last.map(words).as_ref(), &words(now));
    // Without rows only what is declared tells: a type that was judged by its values is not judged anew.
    if catalog_only && !said_otherwise {
        return None;
    }
    if drifted(&ours.data_type, last.map(|l| &l.data_type), &now.data_type) {
        let class = match types::step(ours.data_type, now.data_type) {
            Step::Same => return None,
            Step::Wider => Class::TypeWidened,
            Step::Narrower => Class::TypeNarrowed,
            Step::Kind => Class::TypeChanged,
        };
        let mut change = change(class).from(ours.data_type).to(now.data_type);
        change = change.since(if words(ours) == words(now) {
            format!("declared {} as before; its values are others", now.physical_type)
        } else {
            format!("{} was {} in the source", now.physical_type, ours.physical_type)
        });
        return Some(change);
    }
    if !said_otherwise {
        return None;
    }
    let class = match types::physical(&ours.physical_type, &now.physical_type) {
        Step::Wider => Class::TypeWidened,
        Step::Narrower => Class::TypeNarrowed,
        Step::Same | Step::Kind => return None,
    };
    let change = change(class).from(&ours.physical_type).to(&now.physical_type);
    Some(change.since(format!("{} here, before and now", now.data_type)))
}

/// Nullability, uniqueness, references and lists of values.
fn facts(table: &Table<'_>, ours: &Column, last: Option<&Column>, now: &Column) -> Vec<Change> {
    let of = table.ours.table_ref();
    let mut out = Vec::new();
    // Of a contract that people wrote, what it says beyond names and types is theirs.
    let Some(last) = last else { return out };
    let change = |class| Change::of_column(class, &of, &ours.name);
    // Keys, references and lists may have been found from rows: without rows they are not missed.
    let told = !table.catalog_only;
    if drifted(&ours.required, Some(&last.required), &now.required) && (told || ours.primary_key.is_none()) {
        let word = |required: bool| if required { "never null" } else { "nullable" };
        out.push(change(Class::Nullability).from(word(ours.required)).to(word(now.required)));
    }
    if drifted(&ours.unique, Some(&last.unique), &now.unique) && ours.primary_key.is_none() && told {
        let word = |unique: bool| if unique { "unique" } else { "not unique" };
        out.push(change(Class::Unique).from(word(ours.unique)).to(word(now.unique)));
    }
    let to = |r: &Option<Reference>| r.as_ref().map(|r| (r.table.clone(), r.column.clone()));
    // What was found and people confirmed is theirs: that rows speak against it is for the tests to tell.
    let is_theirs = |c: &Column| c.references.as_ref().is_some_and(|r| !r.inferred);
    let confirmed = is_theirs(ours) && last.references.is_some() && !is_theirs(last) && now.references.is_none();
    if drifted(&to(&ours.references), Some(&to(&last.references)), &to(&now.references)) && told && !confirmed {
        let word =
            |r: &Option<Reference>| r.as_ref().map_or("nothing".to_owned(), |r| format!("{}.{}", r.table, r.column));
        let inferred = [&ours.references, &now.references].into_iter().flatten().any(|r| r.inferred);
        let change = change(Class::ForeignKey).from(word(&ours.references)).to(word(&now.references));
        out.push(if inferred { change.since("found from names and values, not declared") } else { change });
    }
    if drifted(&ours.accepted_values, Some(&last.accepted_values), &now.accepted_values)
        && !ours.accepted_values.is_empty()
        && told
    {
        out.extend(values(&of, ours, now));
    }
    out
}

/// Most values that are named.
const NAMED: usize = 8;

fn values(of: &crate::vocabulary::TableRef, ours: &Column, now: &Column) -> Option<Change> {
    let top = now.profile.iter().flat_map(|p| &p.top).map(|t| &t.value);
    let seen: BTreeSet<&String> = match now.accepted_values.is_empty() {
        true => now.examples.iter().chain(top).collect(),
        false => now.accepted_values.iter().collect(),
    };
    let fresh: Vec<&String> = seen.iter().filter(|v| !ours.accepted_values.contains(v)).copied().collect();
    let gone: Vec<&String> = ours.accepted_values.iter().filter(|v| !seen.contains(v)).collect();
    let named = |all: &[&String]| {
        let mut out = all.iter().take(NAMED).map(|v| format!("`{}`", v.escape_debug())).collect::<Vec<_>>().join(", ");
        if all.len() > NAMED {
            out.push_str(&format!(" and {} more", all.len() - NAMED));
        }
        out
    };
    let now_said = match (fresh.is_empty(), gone.is_empty(), now.accepted_values.is_empty()) {
        (true, _, true) => "no closed list any more".to_owned(),
        (false, _, true) => format!("no closed list any more, with {} new", named(&fresh)),
        (false, true, _) => format!("{} new", named(&fresh)),
        (false, false, _) => format!("{} new, {} gone", named(&fresh), named(&gone)),
        (true, false, _) => format!("{} gone", named(&gone)),
        (true, true, false) => return None,
    };
    let was = format!("{} values", ours.accepted_values.len());
    Some(Change::of_column(Class::AcceptedValues, of, &ours.name).from(was).to(now_said))
}

/// The primary key, by what the source calls its columns.
fn key(table: &Table<'_>) -> Option<Change> {
    let last = table.last?;
    let found = |c: &Contract| c.columns.iter().any(|k| k.key_evidence.is_some());
    if found(last) && !found(table.ours) && table.now.key().is_empty() {
        return None;
    }
    let names = |c: &Contract| c.key().iter().map(|k| k.physical_name.clone()).collect::<Vec<_>>();
    let (ours, last, now) = (names(table.ours), names(last), names(table.now));
    // A key column that has another name is told as that.
    let there = |all: &[String]| all.iter().all(|name| find(table.now, name).is_some());
    if !drifted(&ours, Some(&last), &now) || !there(&ours) || !there(&last) || table.catalog_only && now.is_empty() {
        return None;
    }
    let word = |key: &[String]| if key.is_empty() { "none".to_owned() } else { key.join(", ") };
    let change = Change::of_table(Class::PrimaryKey, &table.ours.table_ref()).from(word(&ours)).to(word(&now));
    let inferred = [table.ours, table.now].into_iter().any(found);
    Some(if inferred { change.since("found from names and values, not declared") } else { change })
}

/// Values that moved: the population stability index, and the share of nulls.
pub(super) fn moved(table: &Table<'_>) -> Vec<Change> {
    let of = table.ours.table_ref();
    let before = table.before();
    let sample = |c: &Contract| c.profile.as_ref().map_or(0, |p| p.sample);
    let samples = (sample(before), sample(table.now));
    let mut out = Vec::new();
    for ours in &table.ours.columns {
        let (Some(was), Some(now)) = (find(before, &ours.physical_name), find(table.now, &ours.physical_name)) else {
            continue;
        };
        let (Some(p), Some(q)) = (&was.profile, &now.profile) else { continue };
        let mut said = Vec::new();
        if let Some((before, after)) = stats::nulls(p, q, samples) {
            said.push(format!("{:.1} % null, was {:.1} %", after * 100.0, before * 100.0));
        }
        // Keys and times move by themselves; a value of another type is told as that.
        let grows = was.unique || was.primary_key.is_some() || was.data_type.is_temporal();
        let index = (!grows && was.data_type == now.data_type).then(|| stats::shift(p, q, samples)).flatten();
        let mut score = None;
        if let Some((index, bins)) = index.filter(|(index, _)| *index >= stats::SOME) {
            let much = if index >= stats::MUCH { "another distribution" } else { "some shift" };
            said.push(format!("{much}, stability index {index:.2} over {bins} bins"));
            score = Some(percent(index));
        }
        if !said.is_empty() {
            let change = Change::of_column(Class::Distribution, &of, &ours.name).to(said.join("; "));
            out.push(Change { score, ..change });
        }
    }
    out
}
