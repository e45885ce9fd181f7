//! Airflow's DAG files, read without importing them.
//!
//! [`read`] follows what a file would do as Airflow imports it, as far as that is certain: literal loops, helper
//! functions, task groups, TaskFlow, mapping. What depends on anything outside of the file is unknown, and nothing is
//! said of it.

mod call;
mod early;
mod edges;
mod eval;
mod expressions;
mod graph;
mod ignored;
mod imports;
mod installed;
mod methods;
mod moved;
mod renamed;
mod settings;
mod tables;
mod value;

use crate::check::python::{Expr, File, Function, Span};
use crate::check::rules::{Family, Look, Rule};
use crate::vocabulary::Severity;
pub use eval::read;
pub use ignored::Ignored;
pub use installed::{Installed, Pins};
pub use settings::schedule;
pub use value::{Arguments, Value};

/// What a file does as Airflow imports it.
#[derive(Debug)]
pub struct DagFile<'f> {
    /// The file.
    pub file: &'f File<'f>,
    /// The Airflow that it is for.
    pub installed: Installed,
    /// DAGs that are certain to be made.
    pub dags: Vec<Dag<'f>>,
    /// Tasks, of all DAGs.
    pub tasks: Vec<Task<'f>>,
    /// Groups of tasks, of all DAGs.
    pub groups: Vec<Group>,
    /// What waits for what.
    pub edges: Vec<Edge>,
    /// What is called at once, by what that stands for.
    pub early: Vec<(String, &'f Expr<'f>)>,
    /// Loops that run at once, long ones with how often.
    pub loops: Vec<(Option<u64>, Span)>,
    /// Functions that make a DAG, and whether they are called.
    pub factories: Vec<(&'f Function<'f>, bool)>,
    /// The file does more than is followed here.
    pub open: bool,
}

/// A DAG.
#[derive(Debug)]
pub struct Dag<'f> {
    /// Its id, where that is certain.
    pub id: Option<String>,
    /// Where it is made.
    pub at: Span,
    /// What makes it: `airflow.sdk.DAG`, `cosmos.DbtDag`.
    pub made_by: String,
    /// What it is made with.
    pub arguments: Arguments<'f>,
    /// It may have more tasks than are seen.
    pub open: bool,
    /// It is made on every way through the file.
    pub certain: bool,
}

/// A task.
#[derive(Debug)]
pub struct Task<'f> {
    /// The DAG that it is of.
    pub dag: Option<usize>,
    /// Its id, with those of its groups before it.
    pub id: Option<String>,
    /// What it is made by: `airflow.operators.bash.BashOperator`, `@task`.
    pub operator: String,
    /// What it is made with.
    pub arguments: Arguments<'f>,
    /// The function that it runs.
    pub function: Option<&'f Function<'f>>,
    /// Where it is made.
    pub at: Span,
    /// It is made on every way through the file.
    pub certain: bool,
    /// The group that it is in.
    pub group: Option<usize>,
}

/// A group of tasks.
#[derive(Debug)]
pub struct Group {
    /// Its id, with those of the groups around it; none where that is not certain.
    pub id: Option<String>,
    /// The group that it is in.
    pub within: Option<usize>,
    /// The DAG that it is of.
    pub dag: Option<usize>,
    /// Whether its id stands before those of its tasks.
    pub prefix: bool,
}

/// One end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A task.
    Task(usize),
    /// A group.
    Group(usize),
}

/// That the second waits for the first.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// What is first.
    pub from: End,
    /// What waits.
    pub to: End,
    /// Where that is said.
    pub at: Span,
}

/// It depends on something outside the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotKnown;

impl<'f> DagFile<'f> {
    /// Whether it is for Airflow 3 alone.
    pub fn is_for_three(&self) -> bool {
        self.installed.major() == Some(3) || moved::takes_sdk(self.file)
    }

    /// Whether it is for Airflow 2 alone, or an older one.
    pub fn is_for_two(&self) -> bool {
        self.installed.major().is_some_and(|major| major < 3) && !moved::takes_sdk(self.file)
    }

    /// Forgets what it makes: Airflow does not read it, others may import it.
    pub fn set_aside(&mut self) {
        self.dags.clear();
        self.tasks.clear();
        self.groups.clear();
        self.edges.clear();
        self.early.clear();
        self.loops.clear();
        self.factories.clear();
        self.open = false;
    }

    /// The tasks of a DAG.
    pub fn tasks_of(&self, dag: usize) -> impl Iterator<Item = &Task<'f>> {
        self.tasks.iter().filter(move |t| t.dag == Some(dag))
    }

    /// What a task is set to be by its own arguments, or by the defaults of its DAG. [`NotKnown`] where that stands elsewhere.
    pub fn setting<'s>(&'s self, task: &'s Task<'f>, name: &str) -> Result<Option<&'s Value<'f>>, NotKnown> {
        if let Some(value) = task.arguments.get(name) {
            return Ok(Some(value));
        }
        match task.dag.and_then(|d| self.dags.get(d)) {
            Some(dag) if !task.arguments.open => dag.default(name),
            _ => Err(NotKnown),
        }
    }
}

impl<'f> Dag<'f> {
    /// What `default_args` say; [`NotKnown`] where they stand elsewhere.
    pub fn default(&self, name: &str) -> Result<Option<&Value<'f>>, NotKnown> {
        match self.arguments.get("default_args") {
            Some(Value::Dict(pairs, open)) => match pairs.iter().rev().find(|(key, _)| key == name) {
                Some((_, value)) => Ok(Some(value)),
                None if *open => Err(NotKnown),
                None => Ok(None),
            },
            Some(Value::None) => Ok(None),
            None if !self.arguments.open => Ok(None),
            _ => Err(NotKnown),
        }
    }

    /// As people call it.
    pub fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| "this DAG".to_owned(), |id| format!("DAG `{id}`"))
    }
}

const fn rule(code: &'static str, severity: Severity, summary: &'static str, look: Look) -> Rule {
    Rule { code, family: Family::Airflow, severity, summary, look }
}

/// What is looked for in DAG files.
pub const RULES: &[Rule] = &[
    rule(
        "airflow-import",
        Severity::Error,
        "an import of a module or name that the repository should have and has not",
        Look::Repository(imports::look),
    ),
    rule("airflow-cycle", Severity::Error, "tasks that wait for each other", Look::Dags(graph::cycles)),
    rule("airflow-duplicate-dag", Severity::Error, "two DAGs with one id", Look::Repository(graph::same_dags)),
    rule("airflow-duplicate-task", Severity::Error, "two tasks of a DAG with one id", Look::Dags(graph::same_tasks)),
    rule(
        "airflow-dag-not-called",
        Severity::Error,
        "a function under `@dag` that nothing calls: the DAG does not exist",
        Look::Dags(graph::not_called),
    ),
    rule(
        "airflow-top-level-work",
        Severity::Warning,
        "network, databases, Variables and long loops as the file is imported",
        Look::Dags(early::look),
    ),
    rule(
        "airflow-moved-import",
        Severity::Warning,
        "imports that Airflow 3 has elsewhere, or no longer",
        Look::Dags(moved::imports),
    ),
    rule(
        "airflow-removed-argument",
        Severity::Warning,
        "arguments that Airflow 3 calls otherwise, or no longer takes",
        Look::Dags(renamed::arguments),
    ),
    rule(
        "airflow-removed-context",
        Severity::Warning,
        "`execution_date` and its like, which Airflow 3 no longer gives to tasks",
        Look::Dags(renamed::context),
    ),
    rule(
        "airflow-no-retries",
        Severity::Warning,
        "a DAG whose tasks are never tried again",
        Look::Dags(settings::retries),
    ),
    rule(
        "airflow-no-timeout",
        Severity::Warning,
        "a DAG that may run, or hang, for ever",
        Look::Dags(settings::timeouts),
    ),
    rule("airflow-no-owner", Severity::Warning, "a DAG that nobody answers for", Look::Dags(settings::owners)),
    rule(
        "airflow-dynamic-start-date",
        Severity::Error,
        "a start date that is another one each time the file is read",
        Look::Dags(settings::start_dates),
    ),
    rule(
        "airflow-catchup",
        Severity::Warning,
        "catch-up left on: a run for every interval since the start date",
        Look::Dags(settings::catchup),
    ),
    rule("airflow-schedule", Severity::Error, "a schedule that is no cron expression", Look::Dags(settings::schedules)),
];
