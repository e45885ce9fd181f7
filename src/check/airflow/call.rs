//! Calls: DAGs, tasks, groups, and functions of the file.

use std::collections::HashMap;
use std::sync::Arc;

use super::eval::{Eval, Within};
use super::value::Role;
use super::{Arguments, Dag, End, Group, Task, Value};
use crate::check::python::{Argument, Expr, Function, Kind};

/// Arguments of `DAG(…)` by their place, as in Airflow 2.
const OF_DAG: &[&str] = &["dag_id", "description"];

impl<'f> Eval<'f> {
    pub(super) fn arguments(&mut self, arguments: &'f [Argument<'f>]) -> Arguments<'f> {
        let mut out = Arguments::default();
        for argument in arguments {
            let value = self.expr(&argument.value);
            match (argument.name, argument.stars, value) {
                (Some(name), _, value) => out.all.push((name.to_owned(), value, Some(&argument.value))),
                (None, 2, Value::Dict(pairs, open)) => {
                    out.all.extend(pairs.iter().map(|(key, value)| (key.clone(), value.clone(), None)));
                    out.open |= open;
                }
                (None, 0, value) => out.placed.push((value, &argument.value)),
                (None, 1, Value::List(all)) => {
                    out.placed.extend(all.iter().map(|v| (v.clone(), &argument.value)));
                }
                _ => out.open = true,
            }
        }
        out
    }

    pub(super) fn call(
        &mut self,
        at: &'f Expr<'f>,
        function: &'f Expr<'f>,
        arguments: &'f [Argument<'f>],
    ) -> Value<'f> {
        let called = match &function.kind {
            Kind::Attribute(object, name, _) => {
                let on = self.expr(object);
                match self.method(at, &on, object, name, arguments) {
                    Some(value) => return value,
                    None => match on {
                        Value::Made(path) => Value::Made(format!("{path}.{name}").into()),
                        Value::Unknown => {
                            self.out.file.imports.stands_for(function).map_or(Value::Unknown, |p| Value::Made(p.into()))
                        }
                        _ => Value::Unknown,
                    },
                }
            }
            _ => self.expr(function),
        };
        let arguments = self.arguments(arguments);
        match called {
            Value::Made(path) => self.made(at, &path, arguments),
            Value::Function(function, role) => self.function(at, function, role, arguments),
            Value::Later(what, earlier) => {
                let mut all = (*earlier).clone();
                all.all.extend(arguments.all);
                all.placed.extend(arguments.placed);
                all.open |= arguments.open;
                match &*what {
                    Value::Function(function, role) => self.function(at, function, *role, all),
                    Value::Made(path) => self.made(at, path, all),
                    _ => Value::Unknown,
                }
            }
            _ => {
                let name = if let Kind::Name(name) = function.kind { name } else { "" };
                self.builtin(at, name, arguments)
            }
        }
    }

    /// Whatever is called may add tasks, where it isn't one of Python's own.
    pub(super) fn unknown_call(&mut self, name: &str) {
        const HARMLESS: &[&str] = &[
            "print",
            "int",
            "float",
            "bool",
            "max",
            "min",
            "sum",
            "isinstance",
            "getattr",
            "hasattr",
            "any",
            "all",
            "abs",
            "round",
            "type",
            "repr",
            "frozenset",
            "reversed",
            "map",
            "filter",
            "iter",
            "next",
            "globals",
            "locals",
            "super",
            "str",
            "len",
            "list",
            "dict",
            "set",
            "tuple",
            "sorted",
            "range",
            "enumerate",
            "zip",
            "vars",
            "id",
            "hash",
        ];
        if !HARMLESS.contains(&name)
            && let Some(dag) = self.dag()
        {
            self.out.dags[dag].open = true;
        }
    }

    /// Something imported is called.
    fn made(&mut self, at: &'f Expr<'f>, path: &str, arguments: Arguments<'f>) -> Value<'f> {
        let last = path.rsplit('.').next().unwrap_or(path);
        let package = path.split('.').next().unwrap_or(path);
        let (airflow, cosmos) = (package == "airflow", package == "cosmos");
        match last {
            "DAG" if airflow => return self.declared(at, path, arguments.named(OF_DAG)),
            "DbtDag" if cosmos => return self.dbt_dag(at, path, arguments.named(&["project_config"])),
            "TaskGroup" if airflow => return self.group(arguments.named(&["group_id"])),
            "DbtTaskGroup" if cosmos => return self.dbt_group(at, path, arguments),
            "Label" if airflow => return Value::Label,
            "chain" | "chain_linear" if airflow => {
                arguments.placed.windows(2).for_each(|two| self.chained(&two[0].0, &two[1].0, last, at));
                return Value::Unknown;
            }
            "cross_downstream" if airflow => {
                let arguments = arguments.named(&["from_tasks", "to_tasks"]);
                if let (Some(from), Some(to)) = (arguments.get("from_tasks"), arguments.get("to_tasks")) {
                    let (from, to) = (from.clone(), to.clone());
                    self.link(&from, &to, at.at);
                }
                return Value::Unknown;
            }
            _ => {}
        }
        // `task(function)`, `task.python(function)`; `task(task_id="a")(function)`.
        let decorates = airflow
            && (matches!(last, "task" | "task_group" | "dag") || path.contains(".task.") || path.ends_with("setup"));
        if decorates {
            let role = match last {
                "task_group" => Role::Group,
                "dag" => Role::Dag,
                _ => Role::Task,
            };
            return match arguments.placed.first() {
                Some((Value::Function(function, _), _)) => Value::Function(function, role),
                _ => Value::Unknown,
            };
        }
        let class = last.chars().next().is_some_and(char::is_uppercase);
        let operator =
            class && (last.ends_with("Operator") || last.ends_with("Sensor") || last.ends_with("OperatorAsync"));
        let by_id = class && arguments.get("task_id").is_some();
        if operator || by_id || (class && cosmos && last.starts_with("Dbt")) {
            return self.task(at, path.to_owned(), arguments.named(&["task_id"]), None);
        }
        self.out.early.push((path.to_owned(), at));
        if !class && !airflow && !is_library(package) {
            self.unknown_call(last);
            let within = arguments.values().any(|v| matches!(v, Value::Dag(_)));
            if within {
                arguments.values().for_each(|v| {
                    if let Value::Dag(dag) = v {
                        self.out.dags[*dag].open = true;
                    }
                });
            }
            return Value::Made(path.into());
        }
        Value::Made(path.into())
    }

    fn declared(&mut self, at: &'f Expr<'f>, made_by: &str, arguments: Arguments<'f>) -> Value<'f> {
        let id = arguments.text("dag_id").map(str::to_owned);
        let certain = self.unsure == 0;
        let dag = Dag { id, at: at.at, made_by: made_by.to_owned(), arguments, open: false, certain };
        Value::Dag(self.new_dag(dag))
    }

    /// A DAG whose tasks are those of a dbt project: one stands for them.
    fn dbt_dag(&mut self, at: &'f Expr<'f>, path: &str, arguments: Arguments<'f>) -> Value<'f> {
        let made = self.declared(at, path, arguments.clone());
        let dag = if let Value::Dag(dag) = made { Some(dag) } else { None };
        self.of_models(dag, at, path, arguments);
        made
    }

    fn group(&mut self, arguments: Arguments<'f>) -> Value<'f> {
        let dag = match arguments.get("dag") {
            Some(Value::Dag(dag)) => Some(*dag),
            _ => self.dag(),
        };
        let within = match self.within.last() {
            Some(Within::Group(group)) => Some(*group),
            _ => None,
        };
        let prefix = !matches!(arguments.get("prefix_group_id"), Some(Value::Bool(false)));
        let own = arguments.text("group_id").map(str::to_owned);
        let id = own.and_then(|id| self.prefixed(&id, within));
        self.out.groups.push(Group { id, within, dag, prefix });
        Value::End(End::Group(self.out.groups.len() - 1))
    }

    /// An id with those of the groups around it.
    fn prefixed(&self, id: &str, within: Option<usize>) -> Option<String> {
        match within.map(|group| &self.out.groups[group]) {
            Some(group) if group.prefix => group.id.as_ref().map(|g| format!("{g}.{id}")),
            Some(group) => self.prefixed(id, group.within),
            None => Some(id.to_owned()),
        }
    }

    fn dbt_group(&mut self, at: &'f Expr<'f>, path: &str, arguments: Arguments<'f>) -> Value<'f> {
        let mut arguments = arguments.named(&["group_id"]);
        if arguments.get("group_id").is_none() {
            arguments.all.push(("group_id".to_owned(), Value::of("dbt_task_group"), None));
        }
        let group = self.group(arguments.clone());
        let dag = self.dag();
        self.of_models(dag, at, path, arguments);
        group
    }

    /// What Cosmos makes tasks of: one stands for all.
    fn of_models(&mut self, dag: Option<usize>, at: &'f Expr<'f>, path: &str, arguments: Arguments<'f>) {
        self.push(Task {
            dag,
            id: None,
            operator: path.to_owned(),
            arguments,
            function: None,
            at: at.at,
            certain: false,
            group: None,
        });
    }

    fn push(&mut self, task: Task<'f>) -> usize {
        self.out.tasks.push(task);
        self.out.tasks.len() - 1
    }

    /// A task.
    pub(super) fn task(
        &mut self,
        at: &'f Expr<'f>,
        operator: String,
        arguments: Arguments<'f>,
        function: Option<&'f Function<'f>>,
    ) -> Value<'f> {
        let dag = match arguments.get("dag") {
            Some(Value::Dag(dag)) => Some(*dag),
            _ => self.dag(),
        };
        let group = match (arguments.get("task_group"), self.within.last()) {
            (Some(Value::End(End::Group(group))), _) => Some(*group),
            (_, Some(Within::Group(group))) => Some(*group),
            _ => None,
        };
        let own = match (function, arguments.get("task_id")) {
            (_, Some(Value::Text(id))) => Some(id.to_string()),
            (Some(function), None) => Some(function.name.to_owned()),
            _ => None,
        };
        let mut id = own.and_then(|id| self.prefixed(&id, group));
        // TaskFlow counts on where an id is there already.
        if function.is_some_and(|_| operator.starts_with('@')) {
            let taken = |id: &str| self.out.tasks.iter().any(|t| t.dag == dag && t.id.as_deref() == Some(id));
            if let Some(first) = id.clone().filter(|id| taken(id)) {
                id = (1..).map(|n| format!("{first}__{n}")).find(|id| !taken(id));
            }
        }
        let function = function.or_else(|| match arguments.get("python_callable") {
            Some(Value::Function(function, _)) => Some(*function),
            _ => None,
        });
        let mut before = Vec::new();
        arguments.values().for_each(|value| value.outputs(&self.out, &mut before));
        let certain = self.unsure == 0;
        let task = self.push(Task { dag, id, operator, arguments, function, at: at.at, certain, group });
        before.sort_unstable();
        before.dedup();
        before.into_iter().for_each(|from| self.edge(End::Task(from), End::Task(task), at.at));
        Value::End(End::Task(task))
    }

    /// A function of the file is called.
    pub(super) fn function(
        &mut self,
        at: &'f Expr<'f>,
        function: &'f Function<'f>,
        role: Role,
        arguments: Arguments<'f>,
    ) -> Value<'f> {
        let mut settings = self.decorated(function);
        settings.open |= arguments.open;
        match role {
            Role::Task => {
                let mut all = settings;
                // What is given to the function is no setting of the task.
                all.placed.extend(arguments.placed);
                let (set, given): (Vec<_>, Vec<_>) = arguments
                    .all
                    .into_iter()
                    .partition(|(key, ..)| key.starts_with("task_id") || key == "trigger_rule");
                all.all.extend(set);
                all.all.extend(given.into_iter().map(|(key, value, expr)| (format!("op_kwargs.{key}"), value, expr)));
                self.task(at, "@task".to_owned(), all, Some(function))
            }
            Role::Dag => {
                let mut settings = settings.named(OF_DAG);
                if settings.get("dag_id").is_none() {
                    settings.all.push(("dag_id".to_owned(), Value::of(function.name), None));
                }
                self.out.factories.iter_mut().filter(|(f, _)| std::ptr::eq(*f, function)).for_each(|(_, c)| *c = true);
                let id = settings.text("dag_id").map(str::to_owned);
                let certain = self.unsure == 0;
                let dag =
                    Dag { id, at: function.at, made_by: "@dag".to_owned(), arguments: settings, open: false, certain };
                let dag = self.new_dag(dag);
                let given = self.given(function, &arguments);
                let before = std::mem::replace(&mut self.within, vec![Within::Dag(dag)]);
                self.run(function, given);
                self.within = before;
                Value::Dag(dag)
            }
            Role::Group => {
                let mut settings = settings.named(&["group_id"]);
                if settings.get("group_id").is_none() {
                    settings.all.push(("group_id".to_owned(), Value::of(function.name), None));
                }
                let group = self.group(settings);
                let given = self.given(function, &arguments);
                if let Value::End(End::Group(group)) = group {
                    // Called twice, Airflow numbers the second; which names that gives is left open.
                    let twice =
                        self.out.groups[..group].iter().any(|g| g.id.is_some() && g.id == self.out.groups[group].id);
                    if twice {
                        self.out.groups[group].id = None;
                    }
                    self.within.push(Within::Group(group));
                    let _ = self.run(function, given);
                    self.within.pop();
                }
                group
            }
            Role::Plain => {
                let given = self.given(function, &arguments);
                // A generator or coroutine gives something else than what it returns.
                self.run(function, given)
            }
        }
    }

    /// The settings that a function's decorator gives.
    fn decorated(&mut self, function: &'f Function<'f>) -> Arguments<'f> {
        let mut out = Arguments::default();
        for decorator in &function.decorators {
            if let Some((_, arguments)) = decorator.call() {
                let more = self.arguments(arguments);
                out.all.extend(more.all);
                out.open |= more.open;
                if let Some((value @ Value::Text(_), expr)) = more.placed.first() {
                    out.all.push(("dag_id".to_owned(), value.clone(), Some(expr)));
                }
            }
        }
        out
    }

    /// Values for the parameters of a function.
    fn given(&mut self, function: &'f Function<'f>, arguments: &Arguments<'f>) -> HashMap<&'f str, Value<'f>> {
        let mut out = HashMap::new();
        let mut placed = arguments.placed.iter();
        for parameter in &function.parameters {
            let value = match parameter.stars {
                1 => Value::List(Arc::new(placed.by_ref().map(|(value, _)| value.clone()).collect())),
                2 => {
                    let own = |key: &str| function.parameters.iter().any(|p| p.name == key);
                    let rest = arguments.all.iter().filter(|(key, ..)| !own(key));
                    Value::Dict(Arc::new(rest.map(|(k, v, _)| (k.clone(), v.clone())).collect()), arguments.open)
                }
                _ => match arguments.get(parameter.name).or_else(|| placed.next().map(|(value, _)| value)) {
                    Some(value) => value.clone(),
                    None if arguments.open => Value::Unknown,
                    None => parameter.default.as_ref().map_or(Value::Unknown, |d| self.expr(d)),
                },
            };
            out.insert(parameter.name, value);
        }
        out
    }
}

/// Packages whose functions make no tasks.
fn is_library(package: &str) -> bool {
    const LIBRARIES: &[&str] = &[
        "boto3",
        "collections",
        "copy",
        "csv",
        "datetime",
        "functools",
        "glob",
        "hashlib",
        "io",
        "itertools",
        "json",
        "logging",
        "math",
        "numpy",
        "operator",
        "os",
        "pandas",
        "pathlib",
        "pendulum",
        "random",
        "re",
        "requests",
        "string",
        "subprocess",
        "sys",
        "textwrap",
        "time",
        "typing",
        "urllib",
        "uuid",
        "warnings",
        "yaml",
        "zoneinfo",
        "dateutil",
        "kubernetes",
        "sqlalchemy",
        "psycopg2",
        "tempfile",
        "shutil",
        "__future__",
        "enum",
        "dataclasses",
    ];
    LIBRARIES.contains(&package)
}
