//! Arguments and variables that Airflow 3 no longer has.

use super::DagFile;
use super::tables::{CONTEXT, OF_DAG, OF_TASK};
use super::value::Arguments;
use crate::check::python::{Does, Expr, File, Kind, Span, each_expression, each_statement};
use crate::vocabulary::{Diagnostic, Fix};

/// Arguments that Airflow 3 no longer takes.
pub(super) fn arguments(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let mut said: Vec<Span> = Vec::new();
    let mut look = |arguments: &Arguments<'_>, table: &[(&str, &str)], of: &str| {
        for (old, new) in table {
            let Some(expr) = arguments.expr(old) else { continue };
            if said.contains(&expr.at) {
                continue;
            }
            said.push(expr.at);
            // The keyword stands right before its value.
            let before = dags.file.text.get(..expr.at.start as usize).unwrap_or_default();
            let start = before.rfind(old).map_or(expr.at.start, |i| i as u32);
            let fault = Diagnostic::warning("airflow-removed-argument", format!("Airflow 3 {of} take no `{old}`"));
            let (renamed, written) = (new.trim_matches('`'), Span { start, end: start + old.len() as u32 });
            let is_name = new.starts_with('`') && dags.file.of(written) == *old && arguments.get(renamed).is_none();
            let fix = is_name
                .then(|| {
                    Fix::bytes(dags.file.path, dags.file.text, start as usize..start as usize + old.len(), renamed)
                })
                .flatten();
            let next = if new.is_empty() { "take it out".to_owned() } else { format!("use {new}") };
            found.push(dags.file.fault(fault.next(next).fix(fix), written));
        }
    };
    for dag in dags.dags.iter().filter(|d| d.made_by.starts_with("airflow") || d.made_by == "@dag") {
        look(&dag.arguments, OF_DAG, "DAGs");
    }
    for task in dags.tasks.iter().filter(|t| t.operator.starts_with("airflow.")) {
        look(&task.arguments, OF_TASK, "operators");
        if task.operator.ends_with("TriggerDagRunOperator") {
            look(&task.arguments, &[("execution_date", "`logical_date`")], "operators");
        }
    }
}

/// `execution_date` and its like, in templates and in what tasks are given.
pub(super) fn context(file: &File<'_>, found: &mut Vec<Diagnostic>) {
    if !file.imports.has("airflow") || !CONTEXT.iter().any(|(old, _)| file.text.contains(old)) {
        return;
    }
    let mut say = |old: &str, new: &str, at: Span| {
        let fault = Diagnostic::warning("airflow-removed-context", format!("Airflow 3 gives tasks no `{old}`"))
            .next(format!("use `{new}`"));
        found.push(file.fault(fault, at));
    };
    each_expression(&file.body, &mut |expr| match &expr.kind {
        Kind::Text(text) if text.contains("{{") || text.contains("{%") => {
            if let Some((old, new)) = CONTEXT.iter().find(|(old, _)| in_template(text, old)) {
                say(old, new, expr.at);
            }
        }
        Kind::Index(object, keys) if is_context(object) => {
            let key = keys.first().and_then(Expr::text);
            if let Some((old, new)) = CONTEXT.iter().find(|(old, _)| key == Some(*old)) {
                say(old, new, expr.at);
            }
        }
        Kind::Call(..) => {
            if let Some((object, "get" | "pop", arguments)) = expr.method()
                && is_context(object)
                && let Some(key) = arguments.first().and_then(|a| a.value.text())
                && let Some((old, new)) = CONTEXT.iter().find(|(old, _)| key == *old)
            {
                say(old, new, expr.at);
            }
        }
        Kind::Attribute(object, "execution_date", at) if is_run(object) => say("execution_date", "logical_date", *at),
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
                say(old, new, function.at);
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

/// Whether a template names a variable, not as a part of another name or as an attribute of something else.
fn in_template(text: &str, name: &str) -> bool {
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
        for no in
            ["{{ next_execution_date }}", "execution_date", "{{ params.execution_date }}", "{{ x }} execution_date"]
        {
            assert!(!in_template(no, "execution_date"), "{no}");
        }
    }
}
