//! Which column that is new is one that is gone, under another name.

use super::types::{self, Step};
use super::{names, values};
use crate::contract::{Column, Contract};

/// From this score on a rename is taken, if nothing comes near it.
pub(super) const CLEAR: f64 = 0.75;
/// By so much the best must lead.
pub(super) const LEAD: f64 = 0.15;
/// Below this nothing is worth a question.
pub(super) const WORTH: f64 = 0.45;

/// Two columns and how likely they are one.
#[derive(Clone, Debug)]
pub(super) struct Pair<'a> {
    pub was: &'a Column,
    pub now: &'a Column,
    pub score: f64,
    pub evidence: Vec<String>,
}

/// Every pair that may be a rename, the best first. `was` is of the table as it was found last.
pub(super) fn pairs<'a>(
    before: &'a Contract,
    after: &'a Contract,
    gone: &[&'a Column],
    new: &[&'a Column],
) -> Vec<Pair<'a>> {
    let mut out: Vec<Pair<'a>> = Vec::new();
    for was in gone {
        for found in new {
            out.extend(pair(before, after, was, found));
        }
    }
    out.retain(|p| p.score >= WORTH);
    out.sort_by(|a, b| {
        let names = (&a.was.name, &a.now.name).cmp(&(&b.was.name, &b.now.name));
        b.score.total_cmp(&a.score).then(names)
    });
    out
}

/// Whether a pair is taken without a question: it is clear, and no other pair with one of its two comes near.
pub(super) fn is_clear(pair: &Pair<'_>, all: &[Pair<'_>]) -> bool {
    let same = |p: &&Pair<'_>| p.was.physical_name == pair.was.physical_name;
    let other = |p: &&Pair<'_>| p.now.physical_name == pair.now.physical_name;
    let rivals = all.iter().filter(|p| same(p) != other(p)).map(|p| p.score);
    pair.score >= CLEAR && rivals.fold(0.0, f64::max) + LEAD <= pair.score
}

fn pair<'a>(before: &'a Contract, after: &'a Contract, was: &'a Column, now: &'a Column) -> Option<Pair<'a>> {
    let mut evidence = Vec::new();
    let of_type = match types::step(was.data_type, now.data_type) {
        Step::Same => {
            evidence.push(format!("the same type, {}", was.data_type));
            1.0
        }
        Step::Wider | Step::Narrower => {
            evidence.push(format!("{} became {}", was.data_type, now.data_type));
            0.6
        }
        Step::Kind => return None,
    };
    let place = place(before, after, was, now, &mut evidence);
    let name = names::alike(&was.physical_name, &now.physical_name, after.physical_name.as_str());
    evidence.push(format!("names alike to {:.0} %", name * 100.0));
    let facts = facts(was, now, &mut evidence);
    let samples = (sample(before), sample(after));
    let score = match values::alike(was, now, samples) {
        Some((likeness, telling, parts)) => {
            evidence.push(format!("values alike to {:.0} % ({})", likeness * 100.0, parts.join(", ")));
            let with = 0.10 * of_type + 0.15 * place + 0.25 * name + 0.40 * likeness + 0.10 * facts;
            telling * with + (1.0 - telling) * without(of_type, place, name, facts)
        }
        None => {
            evidence.push("no values to compare".to_owned());
            without(of_type, place, name, facts)
        }
    };
    Some(Pair { was, now, score, evidence })
}

/// The score where no values are known.
fn without(of_type: f64, place: f64, name: f64, facts: f64) -> f64 {
    0.15 * of_type + 0.30 * place + 0.40 * name + 0.15 * facts
}

fn sample(contract: &Contract) -> u64 {
    contract.profile.as_ref().map_or(0, |p| p.sample)
}

/// Whether it stands where the other stood: between the same neighbours.
fn place(before: &Contract, after: &Contract, was: &Column, now: &Column, evidence: &mut Vec<String>) -> f64 {
    let at = |contract: &Contract, column: &Column| {
        contract.columns.iter().position(|c| c.physical_name == column.physical_name)
    };
    let (Some(i), Some(j)) = (at(before, was), at(after, now)) else { return 0.0 };
    // The nearest neighbours that stand on both sides.
    let there = |contract: &Contract, name: &str| contract.columns.iter().any(|c| c.physical_name == name);
    let stays = |c: &&Column| there(before, &c.physical_name) && there(after, &c.physical_name);
    let name = |c: &Column| c.physical_name.clone();
    let previous = |contract: &Contract, at: usize| contract.columns[..at].iter().rev().find(stays).map(name);
    let next = |contract: &Contract, at: usize| contract.columns[at + 1..].iter().find(stays).map(name);
    let (p, q) = (previous(before, i), previous(after, j));
    let same = (p == q, next(before, i) == next(after, j));
    match same {
        (true, true) => {
            evidence.push(match p {
                Some(p) => format!("at the same place, after {p}"),
                None => "at the same place, the first".to_owned(),
            });
            1.0
        }
        (true, false) | (false, true) => {
            evidence.push("beside the same column".to_owned());
            0.6
        }
        (false, false) => 0.0,
    }
}

/// What else is declared of both.
fn facts(was: &Column, now: &Column, evidence: &mut Vec<String>) -> f64 {
    let target = |c: &Column| c.references.as_ref().map(|r| (r.table.clone(), r.column.clone()));
    let all = [
        ("only one may be null", was.required == now.required, 1.0),
        ("only one is unique", was.unique == now.unique, 1.0),
        ("another place in the primary key", was.primary_key == now.primary_key, 2.0),
        ("they point to different columns", target(was) == target(now), 1.0),
    ];
    if was.primary_key.is_some() && was.primary_key == now.primary_key {
        evidence.push("the same place in the primary key".to_owned());
    }
    if let Some(to) = was.references.as_ref().filter(|_| target(was) == target(now)) {
        evidence.push(format!("both point to {}.{}", to.table, to.column));
    }
    let differs: Vec<&str> = all.iter().filter(|(_, same, _)| !same).map(|(what, ..)| *what).collect();
    if !differs.is_empty() {
        evidence.push(format!("against it: {}", differs.join(", ")));
    }
    let total: f64 = all.iter().map(|(.., w)| w).sum();
    all.iter().filter(|(_, same, _)| *same).map(|(.., w)| w).sum::<f64>() / total
}
