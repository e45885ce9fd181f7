//! The DAG of a pipeline: one static Python file, and its declarative YAML for review.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Files, python};
use crate::proposal::{Alert, DagAction, DagChange, DagTask};
use crate::template;
use crate::vocabulary::{Dialect, Name, Outcome, python_string};
use crate::workspace::Config;

/// `dags/<pipeline>.py` and `dags/<pipeline>.yml`.
///
/// # Errors
/// A template that fails.
pub fn dag(dag: &DagChange, alerts: &[&Alert], config: &Config) -> Outcome<Files> {
    let name = &dag.name;
    Ok(Files::from([
        (format!("dags/{name}.py"), template::render("airflow/dag.py", script(dag, alerts, config))?),
        (format!("dags/{name}.yml"), template::render("airflow/dag.yml", declaration(dag, alerts, config))?),
    ]))
}

/// An asset's address, `pipewright://shop_analytics/marts/daily_sales`.
fn asset(outlet: &str, config: &Config) -> String {
    format!("pipewright://{}/{}", config.name, outlet.replace('.', "/"))
}

/// `[Asset("pipewright://shop_analytics/marts/daily_sales")]`
fn assets(outlets: &[String], indent: usize, used: usize, config: &Config) -> String {
    let assets: Vec<String> = outlets.iter().map(|o| format!("Asset({})", python_string(&asset(o, config)))).collect();
    python::list(&assets, indent, used, 1)
}

/// By the clock, after others, or by hand.
fn schedule(dag: &DagChange, config: &Config) -> String {
    match &dag.cron {
        Some(cron) => python_string(cron),
        None if dag.after.is_empty() => "None".to_owned(),
        None => assets(&dag.after, 4, 13, config),
    }
}

/// A DAG that runs once a day or less answers for whole days; one that runs more often, for moments.
fn as_of(dag: &DagChange) -> &'static str {
    let Some(cron) = &dag.cron else { return "day" };
    let single = |field: &str| !field.is_empty() && field.chars().all(|c| c.is_ascii_digit());
    let mut fields = cron.split_whitespace();
    let daily = fields.next().is_some_and(single) && fields.next().is_some_and(single);
    if daily || cron.starts_with('@') && cron != "@hourly" && cron != "@continuous" { "day" } else { "moment" }
}

fn declaration(dag: &DagChange, alerts: &[&Alert], config: &Config) -> Value {
    let groups: BTreeMap<&Name, Option<&Name>> = dag.tasks.iter().map(|t| (&t.id, t.group.as_ref())).collect();
    let id = |name: &Name| match groups.get(name).copied().flatten() {
        Some(group) => format!("{group}.{name}"),
        None => name.to_string(),
    };
    let task = |task: &DagTask| {
        let (does, what) = match &task.action {
            DagAction::Ingest(script) => ("run", json!(format!("ingest/{script}.py"))),
            DagAction::Run(models) => ("dbt_run", json!(models)),
            DagAction::Test(models) => ("dbt_test", json!(models)),
            DagAction::Build(models) => ("dbt_build", json!(models)),
            DagAction::Snapshot(snapshots) => ("dbt_snapshot", json!(snapshots)),
            DagAction::Drift(source) => ("pipewright_drift", json!(source)),
        };
        let outlets: Vec<String> = task.outlets.iter().map(|outlet| asset(outlet, config)).collect();
        let after: Vec<String> = task.after.iter().map(id).collect();
        json!({"id": id(&task.id), "does": does, "what": what, "after": after, "outlets": outlets})
    };
    let told = |alert: &&Alert| json!({"when": "failure", "slack": alert.slack, "webhook_env": alert.webhook_env});
    let mut context = json!({
        "name": dag.name,
        "description": dag.description,
        "owner": dag.owner,
        "after": dag.after.iter().map(|what| asset(what, config)).collect::<Vec<_>>(),
        "timezone": dag.timezone,
        "as_of": as_of(dag),
        "retries": dag.retries,
        "alerts": alerts.iter().map(told).collect::<Vec<_>>(),
        "tags": dag.tags,
        "tasks": dag.tasks.iter().map(task).collect::<Vec<_>>(),
    });
    if let Some(cron) = &dag.cron {
        context["cron"] = json!(cron);
    }
    context
}

fn script(dag: &DagChange, alerts: &[&Alert], config: &Config) -> Value {
    let variables = variables(&dag.tasks);
    // A group stands where its first task does; tasks without one stand by themselves.
    let mut blocks: Vec<(Option<&Name>, Vec<String>)> = Vec::new();
    for task in &dag.tasks {
        let group = task.group.as_ref();
        let text = statement(task, &variables[&task.id], if group.is_some() { 8 } else { 4 }, config);
        match blocks.iter_mut().find(|(of, _)| group.is_some() && *of == group) {
            Some((_, tasks)) => tasks.push(text),
            None => blocks.push((group, vec![text])),
        }
    }
    let block = |(group, tasks): (Option<&Name>, Vec<String>)| match group {
        Some(group) => json!({"group": group, "tasks": tasks}),
        None => json!({"task": tasks.concat()}),
    };
    let blocks: Vec<Value> = blocks.into_iter().map(block).collect();
    let mut sdk = vec!["DAG", "Asset", "Param", "TaskGroup"];
    sdk.retain(|name| match *name {
        "Asset" => !dag.after.is_empty() || dag.tasks.iter().any(|t| !t.outlets.is_empty()),
        "TaskGroup" => dag.tasks.iter().any(|t| t.group.is_some()),
        _ => true,
    });
    let paragraphs = [dag.description.as_str(), dag.doc.as_str()];
    let tags: Vec<String> = dag.tags.iter().map(|tag| python_string(tag)).collect();
    let ingests = |t: &DagTask| matches!(t.action, DagAction::Ingest(_));
    let (functions, callback) = told(alerts);
    json!({
        "name": dag.name,
        "doc": python::docstring(&paragraphs),
        "sdk": sdk,
        "default_target": if config.targets.prod.is_some() { "prod" } else { "dev" },
        "as_of": as_of(dag),
        "ingests": dag.tasks.iter().any(ingests),
        "transforms": !dag.tasks.iter().all(ingests),
        "alerts": functions,
        "callback": callback,
        "description": python::string(&dag.description, 4, 16, 1),
        "schedule": schedule(dag, config),
        "timezone": python_string(&dag.timezone),
        "one_writer": config.targets.dev.dialect() == Dialect::DuckDb,
        "tags": python::list(&tags, 4, 9, 1),
        "owner": python_string(&dag.owner),
        "retries": dag.retries,
        "blocks": blocks,
        "edges": edges(&dag.tasks, &variables),
    })
}

/// The functions that tell who must know, and what the DAG calls.
fn told(alerts: &[&Alert]) -> (Vec<Value>, String) {
    let names: Vec<String> = match alerts {
        [_] => vec!["alert".to_owned()],
        _ => (1..=alerts.len()).map(|n| format!("alert_{n}")).collect(),
    };
    let functions = alerts.iter().zip(&names).map(|(alert, name)| {
        let missing = format!("{} is not set: nobody is told", alert.webhook_env);
        json!({
            "function": name,
            "env": python_string(&alert.webhook_env),
            "channel": python_string(&alert.slack),
            "missing": python_string(&missing),
        })
    });
    let callback = match &names[..] {
        [one] => one.clone(),
        _ => format!("[{}]", names.join(", ")),
    };
    (functions.collect(), callback)
}

/// A variable for each task, none a keyword or a name that the file uses.
fn variables(tasks: &[DagTask]) -> BTreeMap<&Name, String> {
    const USED: &[&str] =
        &["alert", "dag", "dbt", "int", "json", "load", "os", "pendulum", "print", "run", "timedelta", "urllib"];
    let mut taken: std::collections::BTreeSet<String> = tasks.iter().map(|t| t.id.to_string()).collect();
    let free = |id: &Name, taken: &mut std::collections::BTreeSet<String>| {
        if !USED.contains(&id.as_str()) && !id.as_str().starts_with("alert_") && !python::is_keyword(id.as_str()) {
            return id.to_string();
        }
        let mut name = format!("{id}_task");
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        name
    };
    tasks.iter().map(|task| (&task.id, free(&task.id, &mut taken))).collect()
}

/// `staging = dbt("staging", "build", "stg_shop__orders stg_shop__customers")`
fn statement(task: &DagTask, variable: &str, indent: usize, config: &Config) -> String {
    let id = python_string(task.id.as_str());
    let (helper, mut args) = match &task.action {
        DagAction::Ingest(script) => ("load", vec![id, python_string(script.as_str())]),
        DagAction::Run(models) => ("dbt", vec![id, python_string("run"), select(models, indent)]),
        // A test that also reads a model of another pipeline belongs to that one.
        DagAction::Test(models) => {
            ("dbt", vec![id, python_string("test --indirect-selection cautious"), select(models, indent)])
        }
        DagAction::Build(models) => ("dbt", vec![id, python_string("build"), select(models, indent)]),
        DagAction::Snapshot(snapshots) => ("dbt", vec![id, python_string("snapshot"), select(snapshots, indent)]),
        DagAction::Drift(source) => {
            let command = format!("\"${{PIPEWRIGHT_BIN:-pipewright}}\" drift {source} --exit-code");
            ("run", vec![id, python_string(&command), "cwd=WORKSPACE".to_owned()])
        }
    };
    if !task.outlets.is_empty() {
        args.push(format!("outlets={}", assets(&task.outlets, indent + 4, indent + 12, config)));
    }
    let start = format!("{variable} = ");
    let call = python::call(helper, &args, indent, indent + start.len(), 0);
    format!("{start}{call}")
}

fn select(models: &[Name], indent: usize) -> String {
    let text = models.iter().map(Name::as_str).collect::<Vec<_>>().join(" ");
    python::string(&text, indent + 4, indent + 4, 1)
}

/// `a >> b`, `[a, b] >> c`, `a >> [b, c]`: neighbours that come after the same tasks share a line.
fn edges(tasks: &[DagTask], variables: &BTreeMap<&Name, String>) -> Vec<String> {
    let mut edges: IndexMap<Vec<&str>, Vec<&str>> = IndexMap::new();
    for task in tasks.iter().filter(|t| !t.after.is_empty()) {
        let after = task.after.iter().filter_map(|id| variables.get(id).map(String::as_str)).collect();
        edges.entry(after).or_default().push(&variables[&task.id]);
    }
    let list = |names: &[&str], used: usize, after: usize| match names {
        [one] => (*one).to_owned(),
        _ => python::list(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(), 4, used, after),
    };
    let mut lines = Vec::new();
    for (before, after) in edges {
        if before.len() == 1 {
            let start = format!("{} >> ", before[0]);
            lines.push(format!("{start}{}", list(&after, 4 + start.len(), 0)));
            continue;
        }
        // Airflow knows no list after a list.
        for task in after {
            let end = format!(" >> {task}");
            lines.push(format!("{}{end}", list(&before, 4, end.len())));
        }
    }
    lines
}
