//! The part of a workspace that follows from a few tables: where no spec has changed, nothing else can differ. Only that
//! is planned, proposed, judged and rendered.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Contract;
use crate::drift::reads;
use crate::proposal::Artifact;
use crate::render::Files;
use crate::spec::{Model, Spec};
use crate::vocabulary::{Name, Relation, TableRef};

/// What follows from some tables, and what is read on the way.
pub(super) struct Part {
    /// Models and snapshots that follow.
    shown: BTreeSet<Name>,
    /// These, and the models that they read or are tested against: judged with them, not written.
    asked: BTreeSet<Name>,
    /// Pipelines that land one of the tables.
    pipelines: BTreeSet<Name>,
}

impl Part {
    /// Of all that `specs` ask for, what follows from `tables`.
    pub(super) fn of(
        specs: &BTreeMap<Name, Spec>,
        contracts: &BTreeMap<TableRef, Contract>,
        tables: &BTreeSet<TableRef>,
    ) -> Part {
        let all = all(specs);
        let mut shown = behind(&all, tables);
        // A test that a row's other table has it comes and goes with that table's columns.
        let points = |contract: &Contract| references(contract).any(|to| tables.contains(&to));
        shown.extend(contracts.values().filter(|c| points(c)).flat_map(|c| staged(&c.table_ref())));
        let mut todo: Vec<Name> = shown.iter().cloned().collect();
        for test in specs.values().flat_map(|s| &s.tests).filter(|test| shown.contains(&test.model)) {
            todo.extend(test.arguments.values().filter_map(|value| value.as_str()).flat_map(named));
        }
        let mut asked = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if asked.insert(name.clone()) {
                for read in all.get(&name).into_iter().flatten() {
                    match read {
                        Relation::Model(model) => todo.push(model.clone()),
                        Relation::Table(table) if shown.contains(&name) => {
                            let parents = contracts.get(table).into_iter().flat_map(references);
                            todo.extend(parents.flat_map(|parent| staged(&parent)));
                        }
                        Relation::Table(_) => {}
                    }
                }
            }
        }
        let lands = |spec: &&Spec| spec.ingest.iter().any(|ingest| tables.contains(&ingest.table));
        let pipelines = specs.values().filter(lands).map(|spec| spec.name.clone()).collect();
        Part { shown, asked, pipelines }
    }

    /// The models that are asked for.
    pub(super) fn models(&self) -> &BTreeSet<Name> {
        &self.asked
    }

    /// Whether anything of a pipeline is asked for.
    pub(super) fn touches(&self, spec: &Spec) -> bool {
        let models = spec.models.iter().map(|m| &m.name).chain(spec.history.iter().map(|h| &h.name));
        self.pipelines.contains(&spec.name) || models.into_iter().any(|name| self.asked.contains(name))
    }

    /// Whether the gate needs it to judge the part.
    pub(super) fn takes(&self, artifact: &Artifact) -> bool {
        match artifact {
            Artifact::DbtModel(model) => self.asked.contains(&model.name),
            Artifact::Snapshot(snapshot) => self.shown.contains(&snapshot.name),
            Artifact::DbtTest(test) => self.shown.contains(&test.model),
            Artifact::UnitTest(test) => self.shown.contains(&test.model),
            Artifact::Policy(policy) => self.shown.contains(&policy.model),
            Artifact::Ingestion(ingestion) => self.pipelines.contains(&ingestion.pipeline),
            Artifact::Ddl(ddl) => self.pipelines.contains(&ddl.pipeline),
            Artifact::DagChange(_) | Artifact::Alert(_) | Artifact::DbtProject(_) => false,
            Artifact::DbtSource(_)
            | Artifact::Macro(_)
            | Artifact::SourceContract(_)
            | Artifact::PipelineSpec(_)
            | Artifact::Platform(_) => true,
        }
    }

    /// Takes out the files of models that were only read: their tests were not looked at.
    pub(super) fn write(&self, files: &mut Files) {
        files.retain(|path, _| {
            let file = path.rsplit('/').next().unwrap_or(path);
            let stem = file.split('.').next().unwrap_or(file);
            !path.starts_with("dbt/models/") || self.shown.contains(stem) || !self.asked.contains(stem)
        });
    }
}

/// All models and snapshots with what they read.
fn all(specs: &BTreeMap<Name, Spec>) -> BTreeMap<Name, BTreeSet<Relation>> {
    let mut all: BTreeMap<Name, BTreeSet<Relation>> = BTreeMap::new();
    for spec in specs.values() {
        for model in &spec.models {
            let names = match &model.from {
                Relation::Table(table) => staged(table).into_iter().chain([model.name.clone()]).collect(),
                Relation::Model(_) => vec![model.name.clone()],
            };
            for name in names {
                all.entry(name).or_default().extend(read_by(model));
            }
        }
        for history in &spec.history {
            all.entry(history.name.clone()).or_default().insert(Relation::Model(history.of.clone()));
        }
    }
    all
}

/// Models and snapshots that read one of the tables, directly or through others.
fn behind(all: &BTreeMap<Name, BTreeSet<Relation>>, tables: &BTreeSet<TableRef>) -> BTreeSet<Name> {
    let mut readers: BTreeMap<&Relation, Vec<&Name>> = BTreeMap::new();
    for (name, reads) in all {
        reads.iter().for_each(|read| readers.entry(read).or_default().push(name));
    }
    let mut out: BTreeSet<Name> = BTreeSet::new();
    let mut todo: Vec<Relation> = tables.iter().cloned().map(Relation::Table).collect();
    while let Some(relation) = todo.pop() {
        for name in readers.get(&relation).into_iter().flatten() {
            if out.insert((*name).clone()) {
                todo.push(Relation::Model((*name).clone()));
            }
        }
    }
    out
}

/// What a model reads.
fn read_by(model: &Model) -> BTreeSet<Relation> {
    let joined = model.joins.iter().map(|join| Relation::Model(join.to.clone()));
    let written = model.sql.iter().flat_map(|sql| reads(sql));
    joined.chain(written).chain([model.from.clone()]).collect()
}

/// The models that a table may be staged in.
fn staged(table: &TableRef) -> [Name; 3] {
    [table.staging_model(), table.base_model(), table.set_aside_model()]
}

/// The tables that a table points to.
fn references(contract: &Contract) -> impl Iterator<Item = TableRef> {
    contract.parents().map(|table| TableRef { source: contract.source.clone(), table: table.clone() })
}

/// The models that an argument of a test names.
fn named(argument: &str) -> Vec<Name> {
    let model = |relation| match relation {
        Relation::Model(name) => Some(name),
        Relation::Table(_) => None,
    };
    reads(argument).into_iter().filter_map(model).chain(Name::parse(argument).ok()).collect()
}
