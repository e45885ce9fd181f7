//! Arguments and variables that Airflow 3 no longer has.

use super::tables::{CONTEXT, OF_DAG, OF_TASK, OF_TRIGGER, Old};
use super::{Dag, DagFile};
use crate::check::python::{Does, Expr, File, Kind, Span, each_expression, each_statement};
use crate::vocabulary::{Diagnostic, Fix, Severity};

/// What is said of arguments, each once.
struct Arguments<'d, 'f> {
    dags: &'d DagFile<'f>,
    said: Vec<Span>,
    found: &'d mut Vec<Diagnostic>,
}

impl<'f> Arguments<'_, 'f> {
    /// Says of an argument, by its value's expression, or by where its name is written in a dictionary.
    fn say(&mut self, (old, new, since, three): Old, value: Option<&Expr<'f>>, or: Span, of: &str) {
        let (dags, file) = (self.dags, self.dags.file);
        if dags.is_for_two() && !dags.installed.deprecates(since) {
            return;
        }
        let (written, named) = match value {
            Some(value) => {
                // The keyword stands right before its value.
                let before = file.text.get(..value.at.start as usize).unwrap_or_default();
                let start = before.rfind(old).map_or(value.at.start, |i| i as u32);
                (Span { start, end: start + old.len() as u32 }, true)
            }
            None => (key(file, old).unwrap_or(or), false),
        };
        if self.said.contains(&written) {
            return;
        }
        self.said.push(written);
        let what = match (three, dags.is_for_two()) {
            (_, true) => format!("Airflow 2 warns of `{old}`, and Airflow 3 {of} do not take it"),
            (Severity::Warning, _) => format!("`{old}` does nothing in Airflow 3"),
            _ => format!("Airflow 3 {of} take no `{old}`"),
        };
        let mut fault = Diagnostic::warning("airflow-removed-argument", what);
        if three == Severity::Error && dags.installed.major() == Some(3) {
            fault.severity = Severity::Error;
        }
        let renamed = new.trim_matches('`');
        let is_name = named && new.starts_with('`') && file.of(written) == old;
        let fix = is_name.then(|| {
            let start = written.start as usize;
            Fix::bytes(file.path, file.text, start..start + old.len(), renamed)
        });
        let next = if new.is_empty() { "take it out".to_owned() } else { format!("use {new}") };
        self.found.push(file.fault(fault.next(next).fix(fix.flatten()), written));
    }

    fn given(&mut self, arguments: &super::Arguments<'f>, table: &[Old], at: Span, of: &str) {
        for old in table.iter().filter(|old| arguments.get(old.0).is_some()) {
            self.say(*old, arguments.expr(old.0), at, of);
        }
    }

    /// What `default_args` give to operators.
    fn defaults(&mut self, dag: &Dag<'f>) {
        for old in OF_TASK.iter().filter(|old| matches!(dag.default(old.0), Ok(Some(_)))) {
            self.say(*old, None, dag.at, "operators");
        }
    }
}

/// Where a name is the key of the only dictionary of a file that has it.
fn key(file: &File<'_>, name: &str) -> Option<Span> {
    let mut all = Vec::new();
    each_expression(&file.body, &mut |expr| match &expr.kind {
        Kind::Dict(pairs) => {
            all.extend(pairs.iter().filter_map(|(k, _)| k.as_ref()).filter(|k| k.text() == Some(name)).map(|k| k.at));
        }
        Kind::Call(function, arguments) if matches!(function.kind, Kind::Name("dict")) => {
            all.extend(arguments.iter().filter(|a| a.name == Some(name)).map(|a| a.value.at));
        }
        _ => {}
    });
    match all.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// Arguments that Airflow 3 no longer takes; in a repository for Airflow 2, what that warns of.
pub(super) fn arguments(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let mut look = Arguments { dags, said: Vec::new(), found };
    for (i, dag) in dags.dags.iter().enumerate() {
        if dag.made_by.starts_with("airflow") || dag.made_by == "@dag" {
            look.given(&dag.arguments, OF_DAG, dag.at, "DAGs");
        }
        // Operators of others may take anything.
        if dags.tasks_of(i).any(|t| is_of_airflow(&t.operator)) {
            look.defaults(dag);
        }
    }
    for task in dags.tasks.iter().filter(|t| t.operator.starts_with("airflow.")) {
        look.given(&task.arguments, OF_TASK, task.at, "operators");
        if task.operator.ends_with("TriggerDagRunOperator") {
            look.given(&task.arguments, OF_TRIGGER, task.at, "operators");
        }
    }
}

fn is_of_airflow(operator: &str) -> bool {
    operator.starts_with("airflow.") || operator.starts_with('@')
}

/// `execution_date` and its like, in templates and in what tasks are given.
pub(super) fn context(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let file = dags.file;
    if !file.imports.has("airflow") || !CONTEXT.iter().any(|(old, _)| file.text.contains(old)) {
        return;
    }
    let two = dags.is_for_two();
    if two && !dags.installed.deprecates(2) {
        return;
    }
    let three = dags.installed.major() == Some(3);
    let mut say = |old: &str, new: &str, at: Span, fails: bool| {
        let what = match two {
            true => format!("Airflow 2 warns of `{old}`, and Airflow 3 does not give it to tasks"),
            false => format!("Airflow 3 gives tasks no `{old}`"),
        };
        let mut fault = Diagnostic::warning("airflow-removed-context", what).next(format!("use `{new}`"));
        if fails && three {
            fault.severity = Severity::Error;
        }
        found.push(file.fault(fault, at));
    };
    each_expression(&file.body, &mut |expr| match &expr.kind {
        Kind::Text(text) if text.contains("{{") || text.contains("{%") => {
            if let Some((old, new)) = CONTEXT.iter().find(|(old, _)| in_template(text, old)) {
                say(old, new, expr.at, true);
            }
        }
        Kind::Index(object, keys) if is_context(object) => {
            let key = keys.first().and_then(Expr::text);
            if let Some((old, new)) = CONTEXT.iter().find(|(old, _)| key == Some(*old)) {
                say(old, new, expr.at, true);
            }
        }
        Kind::Call(..) => {
            if let Some((object, "get" | "pop", arguments)) = expr.method()
                && is_context(object)
                && let Some(key) = arguments.first().and_then(|a| a.value.text())
                && let Some((old, new)) = CONTEXT.iter().find(|(old, _)| key == *old)
            {
                say(old, new, expr.at, false);
            }
        }
        Kind::Attribute(object, "execution_date", at) if is_run(object) => {
            say("execution_date", "logical_date", *at, true);
        }
        _ => {}
    });
    each_statement(&file.body, &mut |statement| {
        let Does::Function(function) = &statement.does else { return };
        let is_task = function.decorators.iter().any(|d| {
            let called = d.call().map_or(d, |(f, _)| f);
            file.imports.stands_for(called).is_some_and(|path| path.starts_with("airflow.") && path.contains("task"))
        });
        let takes_all = function.parameters.iter().any(|p| p.stars == 2 && matches!(p.name, "context" | "kwargs"));
        if !is_task && !takes_all {
            return;
        }
        for parameter in &function.parameters {
            // What the caller gives has no default, or `None`.
            let given = parameter.default.as_ref().is_none_or(|d| matches!(d.kind, Kind::None));
            if let Some((old, new)) = CONTEXT.iter().find(|(old, _)| *old == parameter.name && given) {
                say(old, new, function.at, false);
            }
        }
    });
}

/// Whether an expression is what Airflow calls the context of a task.
fn is_context(expr: &Expr<'_>) -> bool {
    match &expr.kind {
        Kind::Name(name) => matches!(*name, "context" | "kwargs" | "ctx"),
        Kind::Call(function, _) => function.dotted().is_some_and(|d| d.last() == Some(&"get_current_context")),
        _ => false,
    }
}

/// Whether an expression is a run of a DAG or task.
fn is_run(expr: &Expr<'_>) -> bool {
    match &expr.kind {
        Kind::Name(name) => matches!(*name, "dag_run" | "ti" | "task_instance"),
        Kind::Index(object, keys) => {
            is_context(object) && matches!(keys.first().and_then(Expr::text), Some("dag_run" | "ti" | "task_instance"))
        }
        _ => false,
    }
}

/// Whether a template gives a name a value of its own: `{% set next_ds = … %}`, `{% for ds in … %}`.
fn sets(text: &str, name: &str) -> bool {
    text.split("{%").skip(1).any(|code| {
        let mut words = code.trim_start_matches('-').split(|c: char| c.is_whitespace() || matches!(c, '=' | ','));
        matches!(words.find(|w| !w.is_empty()), Some("set" | "for")) && words.find(|w| !w.is_empty()) == Some(name)
    })
}

/// Whether a template names a variable, not as a part of another name or as an attribute of something else.
fn in_template(text: &str, name: &str) -> bool {
    if sets(text, name) {
        return false;
    }
    let mut rest = text;
    while let Some(open) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let inner = &rest[open + 2..];
        let end = inner.find("}}").into_iter().chain(inner.find("%}")).min().unwrap_or(inner.len());
        let code = &inner[..end];
        let mut at = 0;
        while let Some(found) = code[at..].find(name) {
            let (start, stop) = (at + found, at + found + name.len());
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let before = code[..start].chars().next_back();
            let run = ["dag_run.", "ti.", "task_instance."].iter().any(|run| code[..start].ends_with(run));
            let alone = before.is_none_or(|c| !word(c) && !matches!(c, '.' | '\'' | '"'));
            if (alone || run) && !code[stop..].starts_with(word) {
                return true;
            }
            at = stop;
        }
        rest = &inner[end..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::in_template;

    #[test]
    fn variables_are_told_from_parts_of_names() {
        for yes in
            ["{{ execution_date }}", "a {{ ts }} {{ execution_date.strftime('%Y') }}", "{{dag_run.execution_date}}"]
        {
            assert!(in_template(yes, "execution_date"), "{yes}");
        }
        for no in [
            "{{ next_execution_date }}",
            "execution_date",
            "{{ params.execution_date }}",
            "{{ x }} execution_date",
            "{%- set execution_date=ds %}{{ execution_date }}",
        ] {
            assert!(!in_template(no, "execution_date"), "{no}");
        }
    }
}
