//! How DAGs and their tasks are set to run.

use super::{Dag, DagFile, Task, Value};
use crate::check::cron;
use crate::check::python::Span;
use crate::vocabulary::Diagnostic;

/// DAGs with tasks, all of them known well enough to say what they lack.
fn whole<'d, 'f>(dags: &'d DagFile<'f>) -> impl Iterator<Item = (usize, &'d Dag<'f>)> {
    dags.dags.iter().enumerate().filter(|(i, _)| dags.tasks_of(*i).next().is_some())
}

/// Tasks that do nothing can't fail, and need neither.
fn works(operator: &str) -> bool {
    !["EmptyOperator", "DummyOperator", "DbtDag", "LatestOnlyOperator", "BranchDayOfWeekOperator"]
        .iter()
        .any(|n| operator.ends_with(n))
}

/// Whether some task of a DAG, or its defaults, set something; also where that can't be known.
fn is_set(dags: &DagFile<'_>, dag: usize, name: &str) -> bool {
    let mut tasks = dags.tasks_of(dag).filter(|t| works(&t.operator)).peekable();
    tasks.peek().is_none() || tasks.any(|task| !matches!(dags.setting(task, name), Ok(None | Some(Value::None))))
}

fn at(dag: &Dag<'_>) -> Span {
    dag.at
}

/// DAGs whose tasks are never tried again.
pub(super) fn retries(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    for (i, dag) in whole(dags).filter(|(i, _)| !is_set(dags, *i, "retries")) {
        let _ = i;
        let fault = Diagnostic::warning(
            "airflow-no-retries",
            format!("no task of {} is tried again when it fails", dag.name()),
        )
        .why("a lost connection fails the run, and a person has to start it again")
        .next("`default_args={\"retries\": 2, \"retry_delay\": timedelta(minutes=5)}`; `0` says that it is meant");
        found.push(dags.file.fault(fault, at(dag)));
    }
}

/// DAGs that may run for ever.
pub(super) fn timeouts(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    for (i, dag) in whole(dags) {
        let run = dag.arguments.get("dagrun_timeout").is_some() || dag.arguments.open;
        if run {
            continue;
        }
        if is_set(dags, i, "execution_timeout") {
            dags.tasks_of(i).filter(|t| waits_for_days(dags, t)).for_each(|task| found.push(endless(dags, task)));
            continue;
        }
        let fault = Diagnostic::warning("airflow-no-timeout", format!("{} may run, or hang, for ever", dag.name()))
            .why("a task that hangs holds its slot, and the next runs wait behind it")
            .next("`dagrun_timeout=timedelta(hours=…)`, or `execution_timeout` in `default_args`");
        found.push(dags.file.fault(fault, at(dag)));
    }
}

/// A sensor that nothing ends but its own default, which is a week.
fn waits_for_days(dags: &DagFile<'_>, task: &Task<'_>) -> bool {
    let last = task.operator.rsplit('.').next().unwrap_or_default();
    let decorated = task.function.is_some_and(|f| {
        f.decorators.iter().any(|d| {
            let called = d.call().map_or(d, |(f, _)| f);
            dags.file
                .imports
                .stands_for(called)
                .is_some_and(|p| p.starts_with("airflow.") && p.ends_with("task.sensor"))
        })
    });
    let sensor = task.operator == "@task" && decorated || last.ends_with("Sensor") || last.ends_with("SensorAsync");
    let unset = |name: &str| matches!(dags.setting(task, name), Ok(None | Some(Value::None)));
    sensor && ["timeout", "execution_timeout"].into_iter().all(unset)
}

fn endless(dags: &DagFile<'_>, task: &Task<'_>) -> Diagnostic {
    let name = task.id.as_ref().map_or_else(|| "this sensor".to_owned(), |id| format!("sensor `{id}`"));
    let fault = Diagnostic::warning("airflow-no-timeout", format!("{name} may wait for a week"))
        .why("that is how long a sensor waits where nothing is said: what it waits for is missed, and nobody hears of it")
        .next("`timeout=` in seconds, as long as what it waits for may be late");
    let at = task.function.filter(|_| task.operator.starts_with('@')).map_or(task.at, |f| f.at);
    dags.file.fault(fault, at)
}

/// DAGs that nobody answers for.
pub(super) fn owners(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    for (i, dag) in whole(dags) {
        let nobody =
            |value: &Value<'_>| value.text().is_some_and(|owner| owner.trim().is_empty() || owner == "airflow");
        let owned = dags.tasks_of(i).filter(|t| works(&t.operator)).peekable();
        let mut owned = owned;
        if owned.peek().is_none() {
            continue;
        }
        let known = owned.any(|task| match dags.setting(task, "owner") {
            Ok(None) => false,
            Ok(Some(value)) => !nobody(value),
            Err(_) => true,
        });
        if known {
            continue;
        }
        let fault = Diagnostic::warning("airflow-no-owner", format!("nobody is named as the owner of {}", dag.name()))
            .why("Airflow shows `airflow` as its owner: whoever is on call can't tell whom to ask")
            .next("`default_args={\"owner\": \"TEAM\"}`");
        found.push(dags.file.fault(fault, at(dag)));
    }
}

/// What gives another moment each time.
fn is_now(path: &str) -> bool {
    const NOW: &[&str] = &[
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "datetime.date.today",
        "pendulum.now",
        "pendulum.today",
        "pendulum.yesterday",
        "pendulum.tomorrow",
        "airflow.utils.dates.days_ago",
        "airflow.utils.timezone.utcnow",
        "django.utils.timezone.now",
    ];
    NOW.iter().any(|now| path.strip_prefix(now).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Start dates that are others each time the file is read.
pub(super) fn start_dates(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let mut said = Vec::new();
    let mut say = |value: Option<&Value<'_>>, at: Span, found: &mut Vec<Diagnostic>| {
        let Some(path) = value.and_then(Value::path).filter(|path| is_now(path)) else { return };
        if said.contains(&at) {
            return;
        }
        said.push(at);
        let called = path.trim_start_matches("airflow.utils.dates.");
        let what = format!("the start date comes from `{called}`: it is another one each time the file is read");
        let fault = Diagnostic::error("airflow-dynamic-start-date", what)
            .why("the first interval never ends, so the DAG does not run, or runs for other days than it says")
            .next("a date that stands: `pendulum.datetime(2026, 1, 1, tz=\"UTC\")`");
        found.push(dags.file.fault(fault, at));
    };
    for dag in &dags.dags {
        let own = dag.arguments.get("start_date");
        let expr = dag.arguments.expr("start_date").map_or(dag.at, |e| e.at);
        say(own, expr, found);
        if own.is_none() {
            let expr = dag.arguments.expr("default_args").map_or(dag.at, |e| e.at);
            say(dag.default("start_date").ok().flatten(), expr, found);
        }
    }
    for task in &dags.tasks {
        let expr = task.arguments.expr("start_date").map_or(task.at, |e| e.at);
        say(task.arguments.get("start_date"), expr, found);
    }
}

/// The schedule of a DAG: what is said, where something is.
pub fn schedule<'d, 'f>(dag: &'d Dag<'f>) -> Option<&'d Value<'f>> {
    ["schedule", "schedule_interval", "timetable"].iter().find_map(|name| dag.arguments.get(name))
}

/// Catch-up left on.
pub(super) fn catchup(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let by_default = dags.installed.catches_up.unwrap_or(!dags.is_for_three());
    for (i, dag) in dags.dags.iter().enumerate() {
        let by_itself =
            dag.made_by.starts_with("airflow") || dag.made_by == "@dag" || dag.made_by.starts_with("cosmos");
        // Runs that follow data or hands have no intervals to catch up with.
        let timed = match schedule(dag) {
            Some(Value::Text(text)) => &**text != "@once" && &**text != "@continuous" && !text.is_empty(),
            Some(Value::Made(path)) => path.ends_with("timedelta") || path.ends_with("Timetable"),
            Some(_) => false,
            // Airflow 2 runs a DAG every day where nothing is said; 3 does not.
            None => !dag.arguments.open && !dags.is_for_three(),
        };
        if !timed || !by_itself {
            continue;
        }
        let by_interval = || {
            dags.tasks_of(i).any(|task| {
                let text = task.function.map_or("", |f| {
                    let last = f.body.last().map_or(f.at.end, |s| s.at.end);
                    dags.file.of(Span { start: f.at.start, end: last })
                });
                uses_interval(text) || uses_interval(dags.file.of(task.at))
            })
        };
        let (what, at) = match dag.arguments.get("catchup") {
            Some(Value::Bool(true)) if !by_interval() => {
                let at = dag.arguments.expr("catchup").map_or(dag.at, |e| e.at);
                (format!("{} catches up, and none of its tasks asks for which interval it runs", dag.name()), at)
            }
            None if !dag.arguments.open && by_default && has_start(dag) => {
                (format!("{} catches up: nothing says `catchup=False`", dag.name()), dag.at)
            }
            _ => continue,
        };
        let fault = Diagnostic::warning("airflow-catchup", what)
            .why("switched on, or back on after a pause, it starts a run for every interval since its start date at once")
            .next("`catchup=False`, unless each of these runs does the work of its own interval");
        found.push(dags.file.fault(fault, at));
    }
}

fn has_start(dag: &Dag<'_>) -> bool {
    dag.arguments.get("start_date").is_some() || matches!(dag.default("start_date"), Ok(Some(_)))
}

/// Whether a text names the interval of a run.
fn uses_interval(text: &str) -> bool {
    [
        "data_interval",
        "logical_date",
        "execution_date",
        "{{ ds",
        "{{ts",
        "{{ ts",
        "{{ds",
        "ds_nodash",
        "ds_add",
        "\"ds\"",
        "'ds'",
        "(ds",
        " ds,",
        " ds)",
    ]
    .iter()
    .any(|name| text.contains(name))
}

/// Whether several runs of a DAG may be at work at once.
fn runs_beside_itself(dag: &Dag<'_>) -> bool {
    match dag.arguments.get("max_active_runs") {
        Some(Value::Integer(most)) => *most > 1,
        Some(_) => false,
        None => !dag.arguments.open,
    }
}

/// Schedules that are no cron expression.
pub(super) fn schedules(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    for dag in &dags.dags {
        let Some(Value::Text(text)) = schedule(dag) else { continue };
        let why = match cron::known(text) {
            Err(why) => format!("`{text}` is no schedule: {why}"),
            Ok(()) if &**text == "@continuous" && runs_beside_itself(dag) => {
                "`@continuous` needs `max_active_runs=1`".to_owned()
            }
            Ok(()) => continue,
        };
        let names = ["schedule", "schedule_interval"];
        let at = names.iter().find_map(|name| dag.arguments.expr(name)).map_or(dag.at, |e| e.at);
        let next = if &**text == "@continuous" {
            "`max_active_runs=1`"
        } else {
            "five fields (minute, hour, day, month, weekday), or `@daily` and its like"
        };
        let fault = Diagnostic::error("airflow-schedule", why).why("Airflow refuses the file").next(next);
        found.push(dags.file.fault(fault, at));
    }
}
