//! The part of a workspace that follows from a few tables: where no spec has changed, nothing else can differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::drift::reads;
use crate::proposal::{Artifact, Proposal};
use crate::render::Files;
use crate::vocabulary::{Name, Relation, TableRef};

/// What follows from some tables, and what is read on the way.
pub(super) struct Part {
    /// Models and snapshots that follow.
    shown: BTreeSet<Name>,
    /// Models that these read or are tested against: judged with them, not written.
    context: BTreeSet<Name>,
    /// Pipelines that land one of the tables.
    pipelines: BTreeSet<Name>,
}

impl Part {
    /// Of all that would be proposed, what follows from `tables`.
    pub(super) fn of(proposals: &[Proposal], tables: &BTreeSet<TableRef>) -> Part {
        let mut all: BTreeMap<&Name, BTreeSet<Relation>> = BTreeMap::new();
        let mut pipelines = BTreeSet::new();
        for proposal in proposals {
            match &proposal.artifact {
                Artifact::DbtModel(model) => drop(all.insert(&model.name, reads(&model.sql))),
                Artifact::Snapshot(snapshot) => {
                    all.insert(&snapshot.name, BTreeSet::from([Relation::Model(snapshot.of.clone())]));
                }
                Artifact::Ingestion(ingestion) => {
                    let lands = |t: &TableRef| {
                        t.source == ingestion.source && ingestion.tables.iter().any(|own| own.name == t.table)
                    };
                    if tables.iter().any(lands) {
                        pipelines.insert(ingestion.pipeline.clone());
                    }
                }
                _ => {}
            }
        }
        let mut readers: BTreeMap<&Relation, Vec<&Name>> = BTreeMap::new();
        for (name, reads) in &all {
            reads.iter().for_each(|read| readers.entry(read).or_default().push(name));
        }
        let mut shown: BTreeSet<Name> = BTreeSet::new();
        let mut todo: Vec<Relation> = tables.iter().cloned().map(Relation::Table).collect();
        while let Some(relation) = todo.pop() {
            for name in readers.get(&relation).into_iter().flatten() {
                if shown.insert((*name).clone()) {
                    todo.push(Relation::Model((*name).clone()));
                }
            }
        }
        let mut todo: Vec<Name> = shown.iter().cloned().collect();
        for proposal in proposals {
            let named = match &proposal.artifact {
                Artifact::DbtTest(test) if shown.contains(&test.model) => {
                    let arguments = serde_json::to_string(&test.arguments).unwrap_or_default();
                    reads(&arguments.replace("\\\"", "\""))
                }
                Artifact::UnitTest(test) if shown.contains(&test.model) => {
                    test.given.iter().map(|given| given.input.clone()).collect()
                }
                _ => BTreeSet::new(),
            };
            todo.extend(named.into_iter().filter_map(model));
        }
        let mut context = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if !shown.contains(&name) && !context.insert(name.clone()) {
                continue;
            }
            let more = all.get(&name).into_iter().flatten().cloned().filter_map(model);
            todo.extend(more.filter(|m| !shown.contains(m) && !context.contains(m)));
        }
        Part { shown, context, pipelines }
    }

    /// Whether the gate needs it to judge the part.
    pub(super) fn takes(&self, artifact: &Artifact) -> bool {
        match artifact {
            Artifact::DbtModel(model) => self.shown.contains(&model.name) || self.context.contains(&model.name),
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
            !(path.starts_with("dbt/models/") && self.context.contains(stem))
        });
    }
}

fn model(relation: Relation) -> Option<Name> {
    match relation {
        Relation::Model(name) => Some(name),
        Relation::Table(_) => None,
    }
}
