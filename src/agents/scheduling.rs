//! Scheduling: the DAG. Tables are landed, models are built layer by layer, then everything is tested. One bad row in
//! staging takes no mart away; but marts are announced (their assets are outlets) by the task that tests them, so whoever
//! waits for them waits for tested ones.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::because::Maker;
use super::models::Resolved;
use super::schema::named;
use super::{Agent, Brief};
use crate::plan::{Role, Task};
use crate::proposal::{Artifact, Because, DagAction, DagChange, DagTask, Layer, Proposal, Snapshot};
use crate::spec::History;
use crate::vocabulary::{ArtifactKind, Name, Outcome, Relation};
use crate::workspace::{Config, Granularity};

pub(super) const AGENT: Agent = Agent {
    role: Role::Scheduling,
    about: "orders ingestion, models and tests in one DAG",
    needs: &["spec"],
    gives: &[ArtifactKind::DagChange],
    propose,
};

/// How often a failed task is tried again where the spec does not say.
const RETRIES: u8 = 2;

fn propose(task: &Task, brief: &Brief<'_>) -> Outcome<Vec<Proposal>> {
    let (config, spec) = (brief.context.config, brief.context.spec);
    let schedule = spec.schedule.clone().unwrap_or_default();
    let requirement = spec.requirement.as_deref().map(|r| r.split_whitespace().collect::<Vec<_>>().join(" "));
    let marts: Vec<&Resolved> = brief.models.of(spec).filter(|m| m.layer == Layer::Marts).collect();
    let description = match (&spec.description, marts.as_slice()) {
        (Some(text), _) => text.clone(),
        (None, [mart, ..]) => mart.description.clone(),
        (None, []) => format!("Lands {}.", tables(brief)),
    };
    let mut tags = vec!["pipewright".to_owned()];
    tags.extend(sources(brief).into_iter().map(Name::to_string));
    let dag = DagChange {
        name: spec.name.clone(),
        description,
        doc: requirement.unwrap_or_default(),
        timezone: schedule.timezone.unwrap_or_else(|| config.defaults.timezone.clone()),
        owner: spec.owner.clone().unwrap_or_else(|| config.defaults.owner.clone()),
        tags,
        retries: schedule.retries.unwrap_or(RETRIES),
        tasks: tasks(brief),
        cron: schedule.cron,
        after: schedule.after.iter().map(announced).collect(),
    };
    let why = match &dag.cron {
        Some(cron) => format!("runs at `{cron}` ({})", dag.timezone),
        None if !dag.after.is_empty() => format!("runs after {}", dag.after.join(", ")),
        None => "runs by hand only: no schedule was asked for".to_owned(),
    };
    let maker = Maker { task, spec, role: Role::Scheduling };
    Ok(vec![maker.of_spec("schedule", why, Artifact::DagChange(dag))])
}

/// The DAG that looks for drift in every source, where `pipewright.yml` asks for one.
pub fn watch(config: &Config) -> Option<Proposal> {
    let watch = config.drift.as_ref()?;
    let task = |source: &Name| DagTask {
        id: named(&format!("drift_{source}")),
        group: None,
        action: DagAction::Drift(source.clone()),
        after: Vec::new(),
        outlets: Vec::new(),
    };
    let dag = DagChange {
        name: named(DRIFT),
        description: "Looks for drift in the sources; fails where it breaks something.".into(),
        doc: "`pipewright drift --fix` makes the branch that follows.".into(),
        cron: Some(watch.cron.clone()),
        after: Vec::new(),
        timezone: watch.timezone.clone().unwrap_or_else(|| config.defaults.timezone.clone()),
        owner: config.defaults.owner.clone(),
        tags: vec!["drift".into(), "pipewright".into()],
        retries: RETRIES,
        tasks: config.sources.keys().map(task).collect(),
    };
    Some(Proposal {
        by: Role::Scheduling.as_str().into(),
        task: format!("{DRIFT}/{}", Role::Scheduling.as_str()),
        because: Because::Spec("pipewright.yml:drift".into()),
        why: format!("looks for drift at `{}` ({})", watch.cron, dag.timezone),
        artifact: Artifact::DagChange(dag),
    })
}

/// Name of the DAG that looks for drift.
const DRIFT: &str = "pipewright_drift";

/// Sources that the pipeline lands or stages, sorted.
fn sources<'a>(brief: &Brief<'a>) -> BTreeSet<&'a Name> {
    let spec = brief.context.spec;
    let staged = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => Some(&table.source),
        Relation::Model(_) => None,
    });
    spec.ingest.iter().map(|i| &i.table.source).chain(staged).collect()
}

fn tables(brief: &Brief<'_>) -> String {
    let tables: Vec<String> = brief.context.spec.ingest.iter().map(|i| i.table.to_string()).collect();
    if tables.is_empty() { "nothing; runs tests".to_owned() } else { tables.join(", ") }
}

struct Tasks {
    all: Vec<DagTask>,
    group: Option<Name>,
    used: BTreeSet<Name>,
}

impl Tasks {
    /// Adds a task after others; its id, made unique.
    fn push(&mut self, id: &str, action: DagAction, after: &[Name], outlets: Vec<String>) -> Name {
        let first = named(id);
        let mut id = first.clone();
        let mut n = 2;
        while !self.used.insert(id.clone()) {
            id = named(&format!("{first}_{n}"));
            n += 1;
        }
        let group = self.group.clone();
        self.all.push(DagTask { id: id.clone(), group, action, after: after.to_vec(), outlets });
        id
    }
}

fn tasks(brief: &Brief<'_>) -> Vec<DagTask> {
    let spec = brief.context.spec;
    let mut tasks = Tasks { all: Vec::new(), group: None, used: BTreeSet::new() };
    let mut done: Vec<Name> = Vec::new();
    if !spec.ingest.is_empty() {
        done.push(tasks.push("ingest", DagAction::Ingest(spec.name.clone()), &[], awaited(brief)));
    }
    tasks.group = Name::parse("transform").ok();
    let models: Vec<&Resolved> = brief.models.of(spec).collect();
    let layers = [
        ("staging", models.iter().filter(|m| matches!(m.layer, Layer::Staging(_))).copied().collect::<Vec<_>>()),
        ("intermediate", models.iter().filter(|m| m.layer == Layer::Intermediate).copied().collect()),
        ("marts", models.iter().filter(|m| m.layer == Layer::Marts).copied().collect()),
    ];
    let layers: Vec<_> = layers.into_iter().filter(|(_, models)| !models.is_empty()).collect();
    match brief.context.config.airflow.granularity {
        Granularity::Pipeline if !models.is_empty() => {
            done = vec![tasks.push("models", DagAction::Run(names(&models)), &done, Vec::new())];
        }
        Granularity::Pipeline => {}
        Granularity::Layer => {
            for (layer, models) in &layers {
                done = vec![tasks.push(layer, DagAction::Run(names(models)), &done, Vec::new())];
            }
        }
        Granularity::Model => {
            for (_, models) in &layers {
                done = by_model(&mut tasks, models, &done);
            }
        }
    }
    if !spec.history.is_empty() {
        let snapshots = spec.history.iter().map(|h| h.name.clone()).collect();
        done = vec![tasks.push("snapshots", DagAction::Snapshot(snapshots), &done, Vec::new())];
    }
    tasks.group = None;
    let kept = spec.history.iter().map(|h| &h.name);
    let tested = models.iter().map(|m| &m.name).chain(spec.tests.iter().map(|t| &t.model)).chain(kept);
    let tested: BTreeSet<&Name> = tested.collect();
    if !tested.is_empty() {
        tasks.push(
            "tests",
            DagAction::Test(tested.into_iter().cloned().collect()),
            &done,
            outlets(&models, &spec.history),
        );
    }
    tasks.all
}

/// A task for each model of a layer, after those of the layer that it reads.
fn by_model(tasks: &mut Tasks, models: &[&Resolved], after: &[Name]) -> Vec<Name> {
    let mut ids: IndexMap<&Name, Name> = IndexMap::new();
    let mut left: Vec<&Resolved> = models.to_vec();
    while !left.is_empty() {
        let waiting: BTreeSet<&Name> = left.iter().map(|m| &m.name).collect();
        let (ready, later): (Vec<&Resolved>, Vec<&Resolved>) =
            left.into_iter().partition(|m| m.reads().iter().all(|read| !waiting.contains(read)));
        if ready.is_empty() {
            break;
        }
        for model in ready {
            let mut before: Vec<usize> = model.reads().iter().filter_map(|read| ids.get_index_of(read)).collect();
            before.sort_unstable();
            before.dedup();
            let mut before: Vec<Name> = before.into_iter().map(|i| ids[i].clone()).collect();
            if before.is_empty() {
                before = after.to_vec();
            }
            let run = DagAction::Run(vec![model.name.clone()]);
            let id = tasks.push(model.name.as_str(), run, &before, Vec::new());
            ids.insert(&model.name, id);
        }
        left = later;
    }
    ids.into_values().collect()
}

fn names(models: &[&Resolved]) -> Vec<Name> {
    models.iter().map(|m| m.name.clone()).collect()
}

/// What a relation is called that one DAG announces and another waits for.
fn announced(relation: &Relation) -> String {
    match relation {
        Relation::Table(table) => format!("{}.{}", table.raw_schema(), table.table),
        Relation::Model(model) => format!("marts.{model}"),
    }
}

/// Landed tables that another pipeline waits for; nobody else need hear of them.
fn awaited(brief: &Brief<'_>) -> Vec<String> {
    let waited = brief.context.specs.values().filter_map(|s| s.schedule.as_ref()).flat_map(|s| &s.after);
    let waited: BTreeSet<&Relation> = waited.collect();
    let landed = brief.context.spec.ingest.iter().map(|i| Relation::Table(i.table.clone()));
    landed.filter(|table| waited.contains(table)).map(|table| announced(&table)).collect()
}

fn outlets(models: &[&Resolved], history: &[History]) -> Vec<String> {
    let marts = models.iter().filter(|m| m.layer == Layer::Marts);
    let marts = marts.map(|m| announced(&Relation::Model(m.name.clone())));
    marts.chain(history.iter().map(|h| format!("{}.{}", Snapshot::SCHEMA, h.name))).collect()
}
