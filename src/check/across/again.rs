//! Tasks that are tried again, and add their rows again.

use super::Seen;
use crate::check::airflow::{DagFile, Task, Value};
use crate::check::python::{Kind, Span, Statement, within};
use crate::vocabulary::Diagnostic;

/// What makes a second run harmless.
const UNDOES: &[&str] = &[
    "delete from",
    "truncate",
    "insert overwrite",
    "on conflict",
    "merge into",
    "on duplicate key",
    "not exists",
    "or replace",
    "replace into",
    "insert ignore",
    "or ignore",
    "or replace into",
    "not in (",
    "drop table",
    "upsert",
    "if_exists=\"replace\"",
    "insert_overwrite",
    "replacewhere",
    "write_truncate",
    "dynamic",
];

/// Retries on tasks that append.
pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    for file in &seen.dags {
        for task in &file.tasks {
            let retries = match file.setting(task, "retries") {
                Ok(Some(Value::Integer(n))) if *n > 0 => *n,
                _ => continue,
            };
            let Some((how, at)) = appends(seen, file, task) else { continue };
            let name = task.id.as_deref().map_or_else(|| "this task".to_owned(), |id| format!("`{id}`"));
            let times = if retries == 1 { "once".to_owned() } else { format!("{retries} times") };
            let what = format!("{name} is tried again {times}, and {how} each time");
            let fault = Diagnostic::warning("retry-appends", what)
                .why("a run that failed after its rows were written, or that is cleared, leaves them twice")
                .next("delete the interval's rows first, or `merge`, or overwrite the partition; else `retries=0`");
            found.push(file.file.fault(fault, at));
        }
    }
}

/// How a task adds rows without looking for those that are there.
fn appends(seen: &Seen<'_>, file: &DagFile<'_>, task: &Task<'_>) -> Option<(String, Span)> {
    for name in ["sql", "query", "hql"] {
        let Some(value) = task.arguments.get(name) else { continue };
        let texts = value.texts();
        let all: Vec<String> = texts.iter().map(|text| sql_of(seen, file, text)).collect();
        let table = inserted(&all.join("\n;\n"))?;
        let at = task.arguments.expr(name).map_or(task.at, |e| e.at);
        return Some((format!("inserts into `{table}`"), at));
    }
    let append = |value: &Value<'_>| value.text().is_some_and(|t| t.eq_ignore_ascii_case("WRITE_APPEND"));
    if task.arguments.get("write_disposition").is_some_and(append) {
        let at = task.arguments.expr("write_disposition").map_or(task.at, |e| e.at);
        return Some(("appends (`WRITE_APPEND`)".to_owned(), at));
    }
    if let Some((how, at)) = scripted(seen, task) {
        return Some((how, at));
    }
    let function = task.function?;
    let last = function.body.last()?.at.end;
    added(file.file.of(Span { start: function.at.start, end: last }), &function.body)
}

/// How the script adds rows that a task runs: `spark-submit jobs/load.py`, `application="jobs/load.py"`.
fn scripted(seen: &Seen<'_>, task: &Task<'_>) -> Option<(String, Span)> {
    ["application", "bash_command", "command"].iter().find_map(|name| {
        let text = task.arguments.text(name)?;
        let script = text.split_whitespace().find(|word| word.ends_with(".py"))?;
        let tail = script.rsplit('/').take(2).collect::<Vec<_>>();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("/");
        let mut named = seen.python.iter().filter(|f| format!("/{}", f.path).ends_with(&format!("/{tail}")));
        let (file, None) = (named.next()?, named.next()) else { return None };
        let (how, at) = added(file.text, &file.body)?;
        let line = file.place(at).line.unwrap_or(1);
        let at = task.arguments.expr(name).map_or(task.at, |e| e.at);
        Some((format!("{how} (`{}`, line {line})", file.path), at))
    })
}

/// How statements add rows.
fn added(text: &str, body: &[Statement<'_>]) -> Option<(String, Span)> {
    let lower = text.to_lowercase();
    if UNDOES.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let mut out = None;
    crate::check::python::each_expression(body, &mut |expr| {
        if out.is_some() {
            return;
        }
        if let Some((object, method, arguments)) = expr.method() {
            let given = |name: &str, text: &str| {
                arguments
                    .iter()
                    .any(|a| a.name == Some(name) && a.value.text().is_some_and(|t| t.eq_ignore_ascii_case(text)))
            };
            let mut frames = false;
            within(object, &mut |e| frames |= matches!(e.kind, Kind::Attribute(_, "write", _)));
            let how = match method {
                "to_sql" | "to_gbq" if given("if_exists", "append") => Some("appends with `if_exists=\"append\"`"),
                "mode" if frames && arguments.first().is_some_and(|a| a.value.text() == Some("append")) => {
                    Some("appends with `mode(\"append\")`")
                }
                _ if given("write_disposition", "WRITE_APPEND") => Some("appends (`WRITE_APPEND`)"),
                _ => None,
            };
            out = how.map(|how| (how.to_owned(), expr.at));
        }
        if out.is_none()
            && let Kind::Text(text) = &expr.kind
            && let Some(table) = inserted(text)
        {
            out = Some((format!("inserts into `{table}`"), expr.at));
        }
    });
    out
}

/// The SQL that a text is, or that the file that it names holds.
pub(super) fn sql_of(seen: &Seen<'_>, file: &DagFile<'_>, text: &str) -> String {
    if !text.ends_with(".sql") || text.contains(char::is_whitespace) {
        return text.to_owned();
    }
    let tail = format!("/{}", text.trim_start_matches(['/', '.']));
    let folder = file.file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let files = &seen.repository.files;
    let mut named = files.iter().filter(|(path, _)| format!("/{path}").ends_with(&tail));
    match (files.get(&format!("{folder}{tail}")), named.next(), named.next()) {
        (Some(text), ..) | (None, Some((_, text)), None) => text.to_string(),
        _ => String::new(),
    }
}

/// The table that some SQL only adds rows to.
fn inserted(sql: &str) -> Option<String> {
    if !sql.is_ascii() && sql.len() > 100_000 {
        return None;
    }
    let plain: Vec<&str> = sql.lines().map(|l| l.split("--").next().unwrap_or_default()).collect();
    let words: Vec<&str> = plain.iter().flat_map(|l| l.split_whitespace()).collect();
    let lower = words.join(" ").to_lowercase();
    if UNDOES.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let at = words.windows(2).position(|w| w[0].eq_ignore_ascii_case("insert") && w[1].eq_ignore_ascii_case("into"))?;
    let mut table = *words.get(at + 2)?;
    if table.eq_ignore_ascii_case("table") {
        table = words.get(at + 3)?;
    }
    let table = table.split('(').next().unwrap_or(table).trim_matches(['"', '`', ';']);
    let temporary = table.to_lowercase();
    let kept =
        !table.is_empty() && !temporary.contains("tmp") && !temporary.contains("temp") && !table.starts_with('#');
    kept.then(|| table.to_owned())
}

#[cfg(test)]
mod tests {
    use super::inserted;

    #[test]
    fn only_what_adds_rows_alone() {
        assert_eq!(inserted("INSERT INTO raw.orders (a, b)\nselect 1, 2"), Some("raw.orders".to_owned()));
        for harmless in [
            "delete from raw.orders where d = '1'; insert into raw.orders select 1",
            "insert into a select 1 on conflict (id) do nothing",
            "insert overwrite a select 1",
            "-- insert into a\nselect 1",
            "insert into tmp_orders select 1",
            "select 'insert'",
        ] {
            assert_eq!(inserted(harmless), None, "{harmless}");
        }
    }
}
