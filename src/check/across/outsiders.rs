//! Who reads or builds the nodes of a dbt project from outside of dbt: DAGs, contracts, pipeline specs.

use std::collections::{BTreeMap, BTreeSet};

use super::again::sql_of;
use super::{Build, By, Seen};
use crate::check::Analysis;
use crate::check::against::{Holds, Outsider, Thing};
use crate::dbt::{Kind, Node};
use crate::spec::Spec;
use crate::vocabulary::Relation;

/// Everyone outside of dbt who holds on to a node of a project, on either side of a comparison: `head` is one of the
/// projects that were read, `base` what it was.
pub fn outsiders(seen: &Seen<'_>, base: &Analysis, head: &Analysis) -> Vec<Outsider> {
    let builds = seen.builds();
    let builds = seen.builds_of(head, &builds);
    let mut all: BTreeMap<(Thing, String, String), Outsider> = BTreeMap::new();
    let mut add = |new: Outsider| {
        let key = (new.kind, new.name.clone(), new.node.clone());
        match all.entry(key) {
            std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(new)),
            std::collections::btree_map::Entry::Occupied(mut place) if place.get().holds < new.holds => {
                place.insert(new);
            }
            std::collections::btree_map::Entry::Occupied(_) => {}
        }
    };
    for side in [head, base] {
        for build in &builds {
            building(build, side, head, &mut add);
        }
        let tables = Tables::of(side);
        queries(seen, &tables, &mut add);
        contracts(seen, &tables, &mut add);
        specs(seen, &tables, &mut add);
    }
    all.into_values().collect()
}

/// The nodes that a task builds or tests.
fn building(build: &Build<'_>, side: &Analysis, head: &Analysis, add: &mut impl FnMut(Outsider)) {
    if build.unknown {
        return;
    }
    // A part that selected something and selects nothing now.
    let now = build.selected(head);
    let missed = super::select(side, &now.nothing).nodes;
    let here: BTreeSet<&str> = now.nodes.iter().map(|id| head.project.nodes[*id as usize].id.as_str()).collect();
    for id in build.selected(side).nodes {
        let node = &side.project.nodes[id as usize];
        let holds = match missed.contains(&id) {
            true => Holds::Name,
            false if here.contains(node.id.as_str()) || now.unknown => Holds::Loosely,
            false => Holds::Before,
        };
        if matches!(node.kind, Kind::Model | Kind::Snapshot | Kind::Seed) {
            let (name, kind) = (build.by.dag().to_owned(), Thing::Dag);
            add(Outsider { name, kind, node: node.id.clone(), columns: Vec::new(), holds });
        }
    }
}

/// Nodes by what they are called in the database, with and without their schema.
struct Tables<'a> {
    by_name: BTreeMap<&'a str, Vec<&'a Node>>,
}

impl<'a> Tables<'a> {
    fn of(analysis: &'a Analysis) -> Tables<'a> {
        let mut by_name: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in analysis.project.nodes.iter().filter(|n| n.kind != Kind::Test && !n.config.disabled) {
            by_name.entry(&node.identifier).or_default().push(node);
        }
        Tables { by_name }
    }

    /// The node behind `schema.table`; one that only has the name where that is the only one.
    fn find(&self, written: &str) -> Option<&'a Node> {
        let lower = written.to_lowercase();
        let mut parts = lower.rsplit('.');
        let nodes = self.by_name.get(parts.next()?)?;
        let schema = parts.next()?;
        // dbt puts the schema of the target before that of the model.
        let fits = |node: &&&Node| {
            let of_source = node.id.rsplit('.').nth(1).filter(|_| node.kind == Kind::Source);
            let own = node.config.schema.as_deref().map(str::to_lowercase);
            of_source.is_some_and(|source| source.eq_ignore_ascii_case(schema))
                || own.map_or(of_source.is_none(), |own| schema == own || schema.ends_with(&format!("_{own}")))
        };
        let mut fitting = nodes.iter().filter(fits);
        fitting.next().filter(|_| fitting.next().is_none()).copied()
    }

    /// A model, by its name.
    fn model(&self, name: &str) -> Option<&'a Node> {
        let mut named = self.by_name.get(name)?.iter().filter(|n| matches!(n.kind, Kind::Model | Kind::Snapshot));
        named.next().filter(|_| named.next().is_none()).copied()
    }
}

/// Words of a text, lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    text.split(move |c: char| !inside(c)).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// Queries of tasks that are no dbt: the tables after `from` and `join`, and all that may be columns of theirs.
fn queries(seen: &Seen<'_>, tables: &Tables<'_>, add: &mut impl FnMut(Outsider)) {
    let tasks = seen.dags.iter().flat_map(|file| file.tasks.iter().map(move |task| (file, task)));
    for (file, task) in tasks {
        let by = By::Python(file, task.dag, task.at);
        let given = ["sql", "query", "hql"].iter().filter_map(|name| task.arguments.get(name));
        for sql in given.flat_map(|value| value.texts()).map(|text| sql_of(seen, file, text)) {
            let lines: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
            let plain = lines.join(" ").replace(['"', '`', '[', ']'], "");
            // `select *`, `o.*`; not `count(*)`.
            let all = plain.match_indices('*').any(|(at, _)| {
                let before = plain[..at].trim_end();
                before.ends_with('.') || before.to_lowercase().ends_with("select") || before.ends_with(',')
            });
            let columns: BTreeSet<String> = if all { BTreeSet::new() } else { words(&plain).collect() };
            let said: Vec<&str> = plain.split_whitespace().collect();
            for pair in said.windows(2).filter(|w| ["from", "join"].iter().any(|f| w[0].eq_ignore_ascii_case(f))) {
                let Some(node) = tables.find(pair[1].trim_matches(['(', ')', ',', ';'])) else { continue };
                let columns = columns.iter().cloned().collect();
                let (name, kind) = (by.dag().to_owned(), Thing::Dag);
                add(Outsider { name, kind, node: node.id.clone(), columns, holds: Holds::Columns });
            }
        }
    }
}

/// Contracts that promise what a table holds.
fn contracts(seen: &Seen<'_>, tables: &Tables<'_>, add: &mut impl FnMut(Outsider)) {
    let files = seen.repository.files.iter();
    for (path, text) in files.filter(|(p, _)| p.ends_with(".odcs.yaml") && !p.starts_with(".pipewright/")) {
        let Ok(contract) = crate::contract::read(path, text) else { continue };
        let written = format!("{}.{}", contract.source, contract.table);
        let Some(node) = tables.find(&written) else { continue };
        let columns = contract.columns.iter().map(|c| c.name.as_str().to_lowercase()).collect();
        add(Outsider {
            name: path.clone(),
            kind: Thing::Contract,
            node: node.id.clone(),
            columns,
            holds: Holds::Columns,
        });
    }
}

/// Pipeline specs: what their models read, and what they make.
fn specs(seen: &Seen<'_>, tables: &Tables<'_>, add: &mut impl FnMut(Outsider)) {
    for (path, text) in seen.repository.files.iter().filter(|(p, _)| p.starts_with("pipelines/") && p.ends_with(".yml"))
    {
        let Ok(spec) = serde_yaml::from_str::<Spec>(text) else { continue };
        let columns: BTreeSet<String> = words(text).collect();
        let read = spec.models.iter().map(|model| &model.from).chain(spec.schedule.iter().flat_map(|s| &s.after));
        let named: Vec<String> = read.map(Relation::to_string).collect();
        let joined = spec.models.iter().flat_map(|m| &m.joins).map(|join| join.to.to_string());
        for read in named.into_iter().chain(joined) {
            let Some(node) = tables.find(&read).or_else(|| tables.model(&read)) else { continue };
            let columns = columns.iter().cloned().collect();
            let made = spec.models.iter().any(|m| m.name.as_str() == node.name);
            let holds = if made { Holds::Loosely } else { Holds::Columns };
            add(Outsider { name: path.clone(), kind: Thing::Pipeline, node: node.id.clone(), columns, holds });
        }
        for made in spec.models.iter().filter_map(|m| tables.model(m.name.as_str())) {
            let (node, holds) = (made.id.clone(), Holds::Loosely);
            add(Outsider { name: path.clone(), kind: Thing::Pipeline, node, columns: Vec::new(), holds });
        }
    }
}
