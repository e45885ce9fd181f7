//! What is done each time Airflow reads a file: every half minute, in every scheduler.

use super::DagFile;
use super::tables::WORK;
use crate::check::python::Span;
use crate::vocabulary::Diagnostic;

/// Turns of a loop that nobody notices.
const TURNS: u64 = 10_000;

/// Network, databases, other programs and long loops at import.
pub(super) fn look(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let mut said: Vec<Span> = Vec::new();
    for (path, expr) in &dags.early {
        let Some(work) = work(path) else { continue };
        // A chain of calls is one.
        if said.iter().any(|at| at.start <= expr.at.start && expr.at.end <= at.end) {
            continue;
        }
        said.retain(|at| !(expr.at.start <= at.start && at.end <= expr.at.end));
        said.push(expr.at);
        let variable = path.contains("Variable.get");
        let next = if variable {
            "read it in the task, or in a template: `{{ var.value.NAME }}`"
        } else {
            "do it inside of a task"
        };
        let fault = Diagnostic::warning("airflow-top-level-work", format!("{work} each time Airflow reads this file"))
            .why("Airflow imports DAG files again and again: this slows every DAG down, and fails where it fails")
            .next(next);
        found.push(dags.file.fault(fault, expr.at));
    }
    for (turns, at) in &dags.loops {
        if let Some(turns) = turns.filter(|turns| *turns >= TURNS) {
            let what = format!("a loop of {turns} turns each time Airflow reads this file");
            let fault = Diagnostic::warning("airflow-top-level-work", what)
                .why("Airflow imports DAG files again and again: this slows every DAG down")
                .next("do it inside of a task");
            found.push(dags.file.fault(fault, *at));
        }
    }
}

fn work(path: &str) -> Option<&'static str> {
    let listed =
        WORK.iter().find(|(begin, _)| path.starts_with(begin) && !path.ends_with("meta")).map(|(_, what)| *what);
    listed.or_else(|| {
        // `PostgresHook(…).get_records(…)`, `BaseHook.get_connection(…)`.
        let mut parts = path.rsplit('.');
        let (_method, class) = (parts.next()?, parts.next()?);
        (class.ends_with("Hook") && path.starts_with("airflow.")).then_some("a call of a service or database")
    })
}
