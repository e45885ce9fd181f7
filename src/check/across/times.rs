//! Schedules that do not fit each other.

use std::collections::BTreeSet;

use super::Seen;
use super::builds::By;
use super::clocks::gaps;
use super::cursor::tables_of;
use crate::check::Analysis;
use crate::check::airflow::{Dag, DagFile, Task, Value, schedule};
use crate::check::cron::{self, Cron};
use crate::check::python::each_expression;
use crate::dbt::{Kind, Node, NodeId};
use crate::vocabulary::Diagnostic;

/// A DAG that brings a table.
struct Brings<'s> {
    file: &'s DagFile<'s>,
    dag: &'s Dag<'s>,
    /// When it runs.
    cron: Cron,
}

fn runs(dag: &Dag<'_>) -> Option<Cron> {
    cron::read(schedule(dag)?.text()?).filter(|cron| !cron.minutes.is_empty())
}

fn daily(dag: &Dag<'_>) -> Option<Vec<u32>> {
    runs(dag).filter(|cron| cron.daily).map(|cron| cron.minutes)
}

/// The time zone that a DAG's hours are in, as far as it is written.
fn zone(file: &DagFile<'_>, dag: &Dag<'_>) -> String {
    let text = ["start_date", "timezone"].iter().filter_map(|n| dag.arguments.expr(n)).map(|e| file.file.of(e.at));
    let text: Vec<&str> = text.collect();
    let text = text.join(" ");
    let named = text.find("tz").or_else(|| text.find("timezone"));
    named.map_or_else(String::new, |i| text[i..].trim_end_matches(')').to_owned())
}

/// DAGs that build on a source before another DAG has brought it.
pub(super) fn early(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let scripts = tables_of(seen);
    for build in seen.builds().iter().filter(|b| b.makes() && !b.unknown) {
        let By::Python(file, at, _) = build.by else { continue };
        let Some(dag) = at.and_then(|d| file.dags.get(d)) else { continue };
        let runs = daily(dag).unwrap_or_default();
        let &[run] = runs.as_slice() else { continue };
        if waits(file, at) {
            continue;
        }
        for analysis in seen.projects_of(build) {
            for id in upstream(analysis, &build.selected(analysis).nodes) {
                let source = &analysis.project.nodes[id as usize];
                let all = brings(seen, &scripts, source);
                // Where the same DAG brings it, its edges say what waits.
                if all.iter().any(|b| std::ptr::eq(b.dag, dag)) {
                    continue;
                }
                let [one] = all.as_slice() else { continue };
                let (true, [at]) = (one.cron.daily, one.cron.minutes.as_slice()) else { continue };
                let (here, there) = (zone(file, dag), zone(one.file, one.dag));
                // Loaded in the evening, built in the night: a load soon after the build is one that comes too late.
                let soon =
                    gaps((run, &here), (*at, &there)).is_some_and(|all| all.iter().all(|gap| (1..=720).contains(gap)));
                if !soon || (here == there && run >= *at) || triggers(one.file, dag) {
                    continue;
                }
                let what = format!(
                    "{} runs at {}{}, and {} brings `{}`{} at {}{}",
                    dag.name(),
                    clock(run),
                    if here == there { String::new() } else { format!(" ({here})") },
                    one.dag.name(),
                    source.name,
                    seen.says(analysis),
                    clock(*at),
                    if here == there { String::new() } else { format!(" ({there})") },
                );
                let fault = Diagnostic::warning("runs-before-source", what)
                    .why("what it builds is a day old when it is new, and nothing fails")
                    .next("run it later, wait for the other DAG, or schedule it on the table as an asset");
                let place = dag.arguments.expr("schedule").or_else(|| dag.arguments.expr("schedule_interval"));
                found.push(file.file.fault(fault, place.map_or(dag.at, |e| e.at)));
            }
        }
    }
}

/// Sources whose freshness no schedule can keep.
pub(super) fn stale<'s>(seen: &Seen<'s>, found: &mut Vec<Diagnostic>) {
    let of = |analysis: &'s Analysis| {
        analysis.project.nodes.iter().filter(|n| n.kind == Kind::Source).map(move |n| (analysis, n))
    };
    let scripts = tables_of(seen);
    for (analysis, source) in seen.projects.iter().copied().flat_map(of) {
        let Some(minutes) = source.config.other.get("freshness").and_then(tolerated) else { continue };
        let all = brings(seen, &scripts, source);
        let [one] = all.as_slice() else { continue };
        let Some(gap) = longest_gap(&one.cron) else { continue };
        if gap <= minutes {
            continue;
        }
        let what = format!(
            "{} brings `{}`{} every {} at most, and it is to be no older than {}",
            one.dag.name(),
            source.name,
            seen.says(analysis),
            span(gap),
            span(minutes)
        );
        let fault = Diagnostic::warning("freshness-unmet", what)
            .why("`dbt source freshness` fails between two loads, also where everything went well")
            .next("load it more often, or allow what the schedule can keep");
        let place = one.dag.arguments.expr("schedule").or_else(|| one.dag.arguments.expr("schedule_interval"));
        found.push(one.file.file.fault(fault, place.map_or(one.dag.at, |e| e.at)));
    }
}

/// Sensors for a run of another DAG that never is.
pub(super) fn sensors(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    for (file, task) in seen.dags.iter().flat_map(|f| f.tasks.iter().map(move |t| (f, t))) {
        if !task.operator.ends_with("ExternalTaskSensor") || task.arguments.open {
            continue;
        }
        let shifts = ["execution_delta", "execution_date_fn", "logical_date_fn"];
        let Some(other) = task.arguments.text("external_dag_id") else { continue };
        if shifts.iter().any(|name| task.arguments.get(name).is_some()) {
            continue;
        }
        let own = task.dag.and_then(|d| file.dags.get(d)).and_then(daily);
        let named = seen.dags.iter().flat_map(|f| &f.dags).filter(|d| d.id.as_deref() == Some(other));
        let named: Vec<&Dag<'_>> = named.collect();
        let ([dag], Some(own)) = (named.as_slice(), own) else { continue };
        let Some(theirs) = daily(dag) else { continue };
        if own.iter().any(|run| theirs.contains(run)) {
            continue;
        }
        let what =
            format!("this waits for a run of `{other}` at {}, and `{other}` runs at {}", clocks(&own), clocks(&theirs));
        let fault = Diagnostic::error("sensor-never-met", what)
            .why("a sensor waits for the run of the same logical date: there is none, so it waits until it times out")
            .next("say how far they are apart: `execution_delta=timedelta(…)`, or give both one schedule");
        let at = task.arguments.expr("external_dag_id").map_or(task.at, |e| e.at);
        found.push(file.file.fault(fault, at));
    }
}

/// Whether a DAG waits for something before it builds: then its hour says little.
fn waits(file: &DagFile<'_>, dag: Option<usize>) -> bool {
    file.tasks.iter().any(|t| t.dag == dag && (t.operator.ends_with("Sensor") || t.operator.ends_with("SensorAsync")))
}

/// Whether tasks of a file start a DAG.
fn triggers(file: &DagFile<'_>, dag: &Dag<'_>) -> bool {
    file.tasks.iter().any(|t| {
        t.operator.ends_with("TriggerDagRunOperator") && t.arguments.text("trigger_dag_id") == dag.id.as_deref()
    })
}

/// The sources that some nodes are made from.
fn upstream(analysis: &Analysis, nodes: &BTreeSet<NodeId>) -> Vec<NodeId> {
    let all = &analysis.project.nodes;
    let (mut seen, mut next): (BTreeSet<NodeId>, Vec<NodeId>) = (nodes.clone(), nodes.iter().copied().collect());
    while let Some(id) = next.pop() {
        next.extend(all[id as usize].reads.iter().map(|r| r.node).filter(|id| seen.insert(*id)));
    }
    seen.into_iter().filter(|id| all[*id as usize].kind == Kind::Source).collect()
}

/// The DAGs that bring a source; `scripts` are the tables that files load.
fn brings<'s>(seen: &'s Seen<'_>, scripts: &[(String, String)], source: &Node) -> Vec<Brings<'s>> {
    // `source.PACKAGE.SOURCE.TABLE`: where nothing says the schema, it is called as the source is.
    let of = source.id.rsplit('.').nth(1).unwrap_or_default();
    let schema = source.config.schema.as_deref().unwrap_or(of).to_lowercase();
    let names = [format!("{schema}.{}", source.identifier), format!("{schema}__{}", source.identifier)];
    let mut out = Vec::new();
    let loads = |task: &Task<'_>| {
        ["bash_command", "command"].iter().filter_map(|n| task.arguments.text(n)).any(|command| {
            let runs = |path: &str| command.split_whitespace().any(|w| w == path || w.ends_with(&format!("/{path}")));
            scripts.iter().any(|(table, path)| *table == source.identifier.to_lowercase() && runs(path))
        })
    };
    for file in &seen.dags {
        for (i, dag) in file.dags.iter().enumerate() {
            let Some(cron) = runs(dag) else { continue };
            let writes = |task: &Task<'_>| {
                let all = writes(task).into_iter().chain(loaded(task));
                all.into_iter().any(|table| names.iter().any(|n| is_table(&table, n)))
            };
            if file.tasks_of(i).any(|task| writes(task) || loads(task)) {
                out.push(Brings { file, dag, cron });
            }
        }
    }
    out
}

fn is_table(written: &str, name: &str) -> bool {
    written == name || written.ends_with(&format!(".{name}"))
}

/// The tables that a task says it writes, lower case.
fn writes(task: &Task<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let text = |name: &str| task.arguments.text(name).map(|t| t.to_lowercase());
    for name in ["destination_project_dataset_table", "destination_table", "target_table", "table_name", "table"] {
        out.extend(text(name));
    }
    if let (Some(schema), Some(table)) = (text("schema"), text("table")) {
        out.push(format!("{schema}.{table}"));
    }
    if let Some(Value::Text(sql)) = task.arguments.get("sql").or_else(|| task.arguments.get("query")) {
        let lower = sql.to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        for two in words.windows(3) {
            if matches!((two[0], two[1]), ("insert" | "copy" | "merge", "into") | ("insert", "overwrite")) {
                out.push(
                    two[2].split('(').next().unwrap_or(two[2]).trim_matches(['"', '`', ';']).replace(['"', '`'], ""),
                );
            }
        }
    }
    out
}

/// Words of the ids of tasks that bring tables, and of those that take them away.
const BRINGS: &[&str] = &["load", "ingest", "copy", "sync", "extract", "import", "replicate", "land", "pull", "fetch"];
const TAKES: &[&str] = &["export", "unload", "check", "test", "validate", "wait", "reverse", "dbt", "delete", "drop"];

/// The tables, with their schemas, that the command or function of a task names whose id says that it brings some.
fn loaded(task: &Task<'_>) -> Vec<String> {
    let id = task.id.as_deref().unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| id.split(['_', '-', '.']).any(|part| words.contains(&part));
    if !says(BRINGS) || says(TAKES) {
        return Vec::new();
    }
    let commands = ["bash_command", "command"].iter().filter_map(|n| task.arguments.text(n));
    let mut texts: Vec<String> = commands.map(str::to_lowercase).filter(|c| !c.contains("dbt ")).collect();
    if let Some(function) = task.function {
        each_expression(&function.body, &mut |e| texts.extend(e.text().map(str::to_lowercase)));
    }
    // What is read from is not what is brought.
    texts.retain(|text| !text.contains("select"));
    let words = texts.iter().flat_map(|t| t.split(|c: char| c.is_whitespace() || matches!(c, '=' | ',')));
    words.filter(|word| word.split('.').count() >= 2).map(|w| w.trim_matches(['"', '\'', '`']).to_owned()).collect()
}

/// Minutes that a source may be old before its freshness fails.
fn tolerated(freshness: &serde_json::Value) -> Option<u32> {
    let after = freshness.get("error_after").filter(|v| v.is_object()).or_else(|| freshness.get("warn_after"))?;
    let count = u32::try_from(after.get("count")?.as_u64()?).ok()?;
    let minutes = match after.get("period")?.as_str()? {
        "minute" => 1,
        "hour" => 60,
        "day" => 1_440,
        _ => return None,
    };
    count.checked_mul(minutes)
}

/// The longest time between two runs, in minutes; none where it goes by days of the month.
fn longest_gap(cron: &Cron) -> Option<u32> {
    const WEEK: u32 = 7 * 1_440;
    let days = cron.weekdays.as_ref()?;
    let all: Vec<u32> = days.iter().flat_map(|day| cron.minutes.iter().map(move |m| day * 1_440 + m)).collect();
    let around = all.first().zip(all.last()).map(|(first, last)| first + WEEK - last)?;
    Some(all.windows(2).map(|two| two[1] - two[0]).max().unwrap_or(0).max(around))
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn clocks(all: &[u32]) -> String {
    let shown: Vec<String> = all.iter().take(3).map(|m| clock(*m)).collect();
    let more = if all.len() > 3 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn span(minutes: u32) -> String {
    let (count, unit) = if minutes.is_multiple_of(60) { (minutes / 60, "hour") } else { (minutes, "minute") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
