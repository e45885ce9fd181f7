//! Cycles, and ids that are there twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{DagFile, End};
use crate::check::across::Seen;
use crate::check::python::Span;
use crate::vocabulary::{Diagnostic, Place};

/// A place in the graph: a task, or where a group begins and ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Point {
    Task(usize),
    Begin(usize),
    End(usize),
}

/// Tasks that wait for each other.
pub(super) fn cycles(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let mut next: HashMap<Point, Vec<(Point, Option<Span>)>> = HashMap::new();
    for edge in &dags.edges {
        let from = match edge.from {
            End::Task(task) => Point::Task(task),
            End::Group(group) => Point::End(group),
        };
        let to = match edge.to {
            End::Task(task) => Point::Task(task),
            End::Group(group) => Point::Begin(group),
        };
        next.entry(from).or_default().push((to, Some(edge.at)));
    }
    for (i, task) in dags.tasks.iter().enumerate() {
        let mut group = task.group;
        while let Some(g) = group {
            next.entry(Point::Begin(g)).or_default().push((Point::Task(i), None));
            next.entry(Point::Task(i)).or_default().push((Point::End(g), None));
            group = dags.groups[g].within;
        }
    }
    let mut done: HashSet<Point> = HashSet::new();
    for start in (0..dags.tasks.len()).map(Point::Task) {
        if done.contains(&start) {
            continue;
        }
        // Depth first, with the way here kept: a point of the way that is met again closes a cycle.
        let mut way: Vec<(Point, usize, Option<Span>)> = vec![(start, 0, None)];
        let mut on: HashSet<Point> = HashSet::from([start]);
        while let Some((point, turn, _)) = way.last().copied() {
            let Some((to, at)) = next.get(&point).and_then(|all| all.get(turn)).copied() else {
                on.remove(&point);
                done.insert(point);
                way.pop();
                continue;
            };
            if let Some(last) = way.last_mut() {
                last.1 += 1;
            }
            if on.contains(&to) {
                let first = way.iter().position(|(p, ..)| *p == to).unwrap_or(0);
                let spans = way[first + 1..].iter().filter_map(|(.., at)| *at).chain(at);
                let Some(at) = spans.max_by_key(|at| (at.start, std::cmp::Reverse(at.end))) else { continue };
                let points: Vec<Point> = way[first..].iter().map(|(p, ..)| *p).collect();
                found.push(cycle(dags, &points, at));
                return;
            }
            if !done.contains(&to) {
                on.insert(to);
                way.push((to, 0, at));
            }
        }
    }
}

fn cycle(dags: &DagFile<'_>, points: &[Point], at: Span) -> Diagnostic {
    let mut names: Vec<String> = points
        .iter()
        .filter_map(|point| match point {
            Point::Task(task) => Some(dags.tasks[*task].id.clone().unwrap_or_else(|| "a task".to_owned())),
            _ => None,
        })
        .collect();
    names.extend(names.first().cloned());
    let way = names.join(" → ");
    let fault = Diagnostic::error("airflow-cycle", format!("these tasks wait for each other: {way}"))
        .why("Airflow refuses the whole file with `AirflowDagCycleException`")
        .next("take one of these dependencies out");
    dags.file.fault(fault, at)
}

/// Two tasks of a DAG with one id.
pub(super) fn same_tasks(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<(usize, &str), Span> = HashMap::new();
    for task in dags.tasks.iter().filter(|t| t.certain) {
        let (Some(dag), Some(id)) = (task.dag, task.id.as_deref()) else { continue };
        if !dags.dags[dag].certain {
            continue;
        }
        if let Some(first) = seen.get(&(dag, id)) {
            let line = dags.file.place(*first).line.unwrap_or(1);
            let fault =
                Diagnostic::error("airflow-duplicate-task", format!("`{id}` is the id of another task already"))
                    .why(format!("the first is in line {line}; Airflow refuses the file with `DuplicateTaskIdFound`"))
                    .next("give each task of the DAG an id of its own");
            found.push(dags.file.fault(fault, task.at));
        } else {
            seen.insert((dag, id), task.at);
        }
    }
}

/// Functions under `@dag` that nothing calls.
pub(super) fn not_called(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    for (function, called) in &dags.factories {
        // Whoever imports the function may call it; what is open may have called it in a way nobody followed.
        let named = |name: &str| {
            let mut count = 0;
            crate::check::python::each_expression(&dags.file.body, &mut |e| {
                count += usize::from(matches!(e.kind, crate::check::python::Kind::Name(n) if n == name));
            });
            count > 0
        };
        if *called || dags.open || named(function.name) {
            continue;
        }
        let name = function.name;
        let fault =
            Diagnostic::error("airflow-dag-not-called", format!("nothing calls `{name}`, so its DAG is not there"))
                .why("`@dag` makes a function that makes the DAG; Airflow finds a DAG only where it was made")
                .next(format!("call it at the end of the file: `{name}()`"));
        found.push(dags.file.fault(fault, function.at));
    }
}

/// Two DAGs with one id.
pub(super) fn same_dags(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<(&str, &str), Place> = BTreeMap::new();
    for (dags, dag) in seen.dags.iter().flat_map(|file| file.dags.iter().map(move |dag| (file, dag))) {
        let Some(id) = dag.id.as_deref().filter(|_| dag.certain) else { continue };
        let here = dags.file.place(dag.at);
        // Folders of DAGs beside each other belong to Airflows of their own: `team_a/dags`, `team_b/dags`.
        let folder = folder(dags.file.path);
        if is_aside(dags.file.path) {
            continue;
        }
        match first.get(&(folder, id)) {
            Some(there) => {
                let why = if *there == here {
                    "this is run more than once, and makes the same id each time; Airflow shows one of them".to_owned()
                } else {
                    format!("the first is at {there}; Airflow shows one of them, and which one changes")
                };
                let fault =
                    Diagnostic::error("airflow-duplicate-dag", format!("`{id}` is the id of another DAG already"))
                        .why(why)
                        .next("give each DAG an id of its own");
                found.push(fault.at(here));
            }
            None => {
                first.insert((folder, id), here);
            }
        }
    }
}

/// The folder of DAGs that a file is in: up to `dags/`, else the folder of the file.
fn folder(path: &str) -> &str {
    let end = path.rfind("dags/").map(|i| i + 5).filter(|i| path[..*i - 5].is_empty() || path[..*i - 5].ends_with('/'));
    end.or_else(|| path.rfind('/')).map_or("", |end| &path[..end])
}

/// Tests and examples make DAGs that no Airflow reads beside others.
fn is_aside(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(part, "tests" | "test" | "examples" | "docs" | ".pipewright")
            || part.starts_with("test_")
            || part.ends_with("_test.py")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dags() {
        for (path, at) in
            [("dags/a.py", "dags/"), ("a/dags/b/c.py", "a/dags/"), ("x/mydags/c.py", "x/mydags"), ("c.py", "")]
        {
            assert_eq!(folder(path), at, "{path}");
        }
    }
}
