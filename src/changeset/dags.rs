//! DAGs and alerts: tasks in an order that ends, doing what exists, when a clock can say.

use std::collections::{BTreeMap, BTreeSet};

use super::Ground;
use super::draft::{Draft, Item};
use super::names::{is_channel, is_env_name, near, twice};
use crate::proposal::{Alert, DagAction, DagChange, IngestTable};
use crate::spec::check::{cron, cycles};
use crate::vocabulary::{Diagnostic, Name};

/// Tries after the first that anyone waits for.
const MOST_RETRIES: u8 = 20;

/// Proves all DAGs and alerts.
pub(super) fn prove(ground: &Ground<'_>, draft: &Draft, found: &mut Vec<Diagnostic>) {
    for item in draft.dags.values() {
        dag(draft, item, found);
        for (i, task) in item.value.tasks.iter().enumerate() {
            if let DagAction::Drift(source) = &task.action
                && !ground.config.sources.contains_key(source)
            {
                let fault = Diagnostic::error("unknown-source", format!("`pipewright.yml` has no source `{source}`"));
                let known = ground.config.sources.keys().map(Name::as_str);
                found.push(near(fault, source.as_str(), known).at(item.place(format!("tasks.{i}.action.drift"))));
            }
        }
    }
    waits(draft, found);
    for item in draft.alerts.values() {
        alert(item, found);
    }
}

fn dag(draft: &Draft, item: &Item<DagChange>, found: &mut Vec<Diagnostic>) {
    let dag = &item.value;
    if let Some(Err(why)) = dag.cron.as_deref().map(cron) {
        found.push(
            Diagnostic::error("invalid-cron", "the schedule is no cron expression").why(why).at(item.place("cron")),
        );
    }
    if let Some(fault) = timezone(&dag.timezone) {
        found.push(fault.at(item.place("timezone")));
    }
    if dag.retries > MOST_RETRIES {
        let fault =
            Diagnostic::error("too-many-retries", format!("{} retries, the most is {MOST_RETRIES}", dag.retries));
        found.push(fault.at(item.place("retries")));
    }
    if dag.tasks.is_empty() {
        found.push(Diagnostic::error("empty", format!("the DAG `{}` has no tasks", dag.name)).at(item.place("tasks")));
    }
    if let Some((i, id)) = twice(dag.tasks.iter().map(|t| &t.id)) {
        found.push(
            Diagnostic::error("duplicate-task", format!("two tasks are called `{id}`"))
                .at(item.place(format!("tasks.{i}.id"))),
        );
    }
    let tasks: BTreeMap<&Name, &[Name]> = dag.tasks.iter().map(|t| (&t.id, t.after.as_slice())).collect();
    for (i, task) in dag.tasks.iter().enumerate() {
        for (n, before) in task.after.iter().enumerate() {
            if !tasks.contains_key(before) {
                let fault = Diagnostic::error("unknown-task", format!("there is no task `{before}` to come after"));
                let names = tasks.keys().map(|t| t.as_str());
                found.push(near(fault, before.as_str(), names).at(item.place(format!("tasks.{i}.after.{n}"))));
            }
        }
        action(draft, item, i, &task.action, found);
        for (n, outlet) in task.outlets.iter().enumerate() {
            let model = outlet.rsplit('.').next().unwrap_or_default();
            let landed = draft.ingestions.values().any(|i| {
                let name = |t: &IngestTable| format!("{}.{}", i.value.schema, t.name);
                i.value.pipeline == dag.name && i.value.tables.iter().any(|t| name(t) == *outlet)
            });
            if !landed && !draft.models.contains_key(model) && !draft.snapshots.contains_key(model) {
                let fault = Diagnostic::error("unknown-model", format!("`{}` is no model", outlet.escape_debug()));
                let names = draft.models.keys().map(Name::as_str);
                found.push(near(fault, model, names).at(item.place(format!("tasks.{i}.outlets.{n}"))));
            }
        }
    }
    let names: BTreeSet<&Name> = tasks.keys().copied().collect();
    for cycle in cycles(&names, |t| tasks.get(t).map(|after| after.to_vec()).unwrap_or_default()) {
        let shown: Vec<&str> = cycle.iter().map(Name::as_str).collect();
        let fault = Diagnostic::error("cycle", format!("tasks wait for each other in a circle: {}", shown.join(" → ")));
        found.push(fault.next("leave out one `after`").at(item.place("tasks")));
    }
}

/// What a DAG waits for must come of another one, and not of one that waits for it.
fn waits(draft: &Draft, found: &mut Vec<Diagnostic>) {
    let mut given: BTreeMap<&str, BTreeSet<&Name>> = BTreeMap::new();
    for dag in draft.dags.values().map(|item| &item.value) {
        for outlet in dag.tasks.iter().flat_map(|t| &t.outlets) {
            given.entry(outlet).or_default().insert(&dag.name);
        }
    }
    for item in draft.dags.values() {
        let dag = &item.value;
        for (n, what) in dag.after.iter().enumerate() {
            if !given.get(what.as_str()).is_some_and(|by| by.iter().any(|name| **name != dag.name)) {
                let what_for = format!("no other DAG brings `{}` up to date", what.escape_debug());
                let fault = near(Diagnostic::error("unknown-asset", what_for), what, given.keys().copied());
                found.push(fault.at(item.place(format!("after.{n}"))));
            }
        }
        if dag.cron.is_some() && !dag.after.is_empty() {
            let fault = Diagnostic::error("two-starts", "a DAG starts by the clock or after others, not by both");
            found.push(fault.next("leave out `cron` or `after`").at(item.place("after")));
        }
    }
    let before = |name: &Name| -> Vec<Name> {
        let after = draft.dags.get(name).into_iter().flat_map(|item| &item.value.after);
        after.filter_map(|what| given.get(what.as_str())).flatten().map(|name| (*name).clone()).collect()
    };
    let names: BTreeSet<&Name> = draft.dags.keys().collect();
    for cycle in cycles(&names, before) {
        let shown: Vec<&str> = cycle.iter().map(Name::as_str).collect();
        let fault = Diagnostic::error("cycle", format!("DAGs wait for each other in a circle: {}", shown.join(" → ")))
            .next("start one of them by the clock");
        let at = cycle.first().and_then(|name| draft.dags.get(name)).map(|item| item.place("after"));
        found.push(match at {
            Some(at) => fault.at(at),
            None => fault,
        });
    }
}

fn action(draft: &Draft, item: &Item<DagChange>, i: usize, action: &DagAction, found: &mut Vec<Diagnostic>) {
    let models = match action {
        DagAction::Ingest(script) => {
            let scripts = scripts(draft, &item.value.name);
            if !scripts.contains(script) {
                let fault = Diagnostic::error(
                    "unknown-ingestion",
                    format!("`{}` has no ingestion script `{script}`", item.value.name),
                );
                let names = scripts.iter().map(Name::as_str);
                found.push(near(fault, script.as_str(), names).at(item.place(format!("tasks.{i}.action.ingest"))));
            }
            return;
        }
        DagAction::Drift(_) => return,
        DagAction::Run(models) => ("run", models),
        DagAction::Test(models) => ("test", models),
        DagAction::Build(models) => ("build", models),
        DagAction::Snapshot(snapshots) => ("snapshot", snapshots),
    };
    let (word, models) = models;
    let at = format!("tasks.{i}.action.{word}");
    if models.is_empty() {
        found.push(
            Diagnostic::error("empty", "the task names no models")
                .why("dbt would take all of them")
                .at(item.place(&at)),
        );
    }
    // Snapshots are made by their own command, and tested and built as models are.
    let modelled = |name: &Name| word != "snapshot" && draft.models.contains_key(name);
    let kept = |name: &Name| word != "run" && draft.snapshots.contains_key(name);
    for (n, model) in models.iter().enumerate() {
        if !modelled(model) && !kept(model) {
            let what = if word == "snapshot" { "snapshot" } else { "model" };
            let fault = Diagnostic::error("unknown-model", format!("there is no {what} `{model}`"));
            let names = draft.models.keys().chain(draft.snapshots.keys()).map(Name::as_str);
            found.push(near(fault, model.as_str(), names).at(item.place(format!("{at}.{n}"))));
        }
    }
}

/// Names that the ingestion scripts of a pipeline go by.
fn scripts(draft: &Draft, pipeline: &Name) -> BTreeSet<Name> {
    let sources: Vec<&Name> = draft.ingestions.keys().filter(|(p, _)| p == pipeline).map(|(_, s)| s).collect();
    let several = |source: &&Name| Name::parse(&format!("{pipeline}_{source}")).ok();
    match sources.len() {
        0 => BTreeSet::new(),
        1 => BTreeSet::from([pipeline.clone()]),
        _ => sources.iter().filter_map(several).collect(),
    }
}

/// What is wrong with a time zone.
pub(super) fn timezone(name: &str) -> Option<Diagnostic> {
    jiff::tz::TimeZone::get(name).err().map(|_| {
        let fault = Diagnostic::error("unknown-timezone", format!("there is no time zone `{}`", name.escape_debug()));
        fault.next("an IANA name: UTC, Europe/Berlin, America/New_York")
    })
}

fn alert(item: &Item<Alert>, found: &mut Vec<Diagnostic>) {
    let alert = &item.value;
    if !is_channel(&alert.slack) {
        let fault =
            Diagnostic::error("invalid-channel", format!("`{}` is no Slack channel", alert.slack.escape_debug()));
        found.push(
            fault.next("`#` and then lower-case letters, digits, - and _: `#data-alerts`").at(item.place("slack")),
        );
    }
    if !is_env_name(&alert.webhook_env) {
        let fault = Diagnostic::error("env-name", "`webhook_env` is not the name of an environment variable")
            .why("the webhook's URL is a secret; it comes from the environment")
            .next("write the variable's name: SLACK_WEBHOOK_URL");
        found.push(fault.at(item.place("webhook_env")));
    }
}
