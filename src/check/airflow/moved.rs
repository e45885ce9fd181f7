//! Imports that Airflow 3 has elsewhere, or no longer.

use super::DagFile;
use super::tables::{MOVED, Standing};
use crate::check::python::{File, Imported};
use crate::vocabulary::{Diagnostic, Fix, Severity};

/// What is said of an import.
fn entry(module: &str, name: Option<&str>) -> Option<&'static (&'static str, Standing, &'static str)> {
    let whole = name.map(|name| format!("{module}.{name}"));
    let whole = whole.as_deref().unwrap_or(module);
    // The longest that fits: `airflow.operators.python_operator` before `airflow.operators`.
    MOVED
        .iter()
        .filter(|(old, ..)| whole.strip_prefix(old).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        .max_by_key(|(old, ..)| old.len())
}

/// Whether a file takes from `airflow.sdk` without a way out: it is for Airflow 3 alone.
pub(super) fn takes_sdk(file: &File<'_>) -> bool {
    file.imports.all.iter().any(|i| !i.guarded && (i.module == "airflow.sdk" || i.module.starts_with("airflow.sdk.")))
}

/// What Airflow 2 calls that which Airflow 3 has elsewhere.
fn in_two(new: &str) -> String {
    // In words: a path between backticks.
    if let Some((before, rest)) = new.split_once('`')
        && let Some((path, after)) = rest.split_once('`')
    {
        return format!("{before}`{}`{after}", in_two(path));
    }
    let module = new.rsplit_once('.').map_or(new, |(module, _)| module);
    let name = &new[module.len()..];
    let whole = format!("{module}.*");
    let there = |path: &str| {
        // `airflow.sdk` has what came from many modules.
        let kept = |(_, standing, now): &&(&str, Standing, &str)| {
            !matches!(standing, Standing::Gone(_)) && *now == path && path != "airflow.sdk.*"
        };
        MOVED.iter().find(kept).map(|(old, ..)| *old)
    };
    match (name != ".*").then(|| there(new)).flatten() {
        Some(old) => old.to_owned(),
        None => there(&whole).map_or_else(|| new.to_owned(), |old| format!("{old}{name}")),
    }
}

/// What is looked for, by the Airflow that a file is for.
struct Move<'f, 'a> {
    file: &'f File<'a>,
    /// It is for Airflow 2.
    two: bool,
}

impl<'a> Move<'_, 'a> {
    /// Where an import is to go.
    fn target(&self, import: &Imported<'_>) -> Option<String> {
        let (_, _, new) = entry(import.module, import.name)?;
        Some(if self.two { in_two(new) } else { (*new).to_owned() })
    }

    /// Names the new module, where every name of the statement is in that one and is the same thing there. A class with
    /// another name is imported under the old one. Providers that Airflow does not come with are left to people.
    fn fix(&self, import: &Imported<'_>) -> Option<Fix> {
        let file = self.file;
        let module = |i: &Imported<'_>| -> Option<String> {
            let new = self.target(i)?;
            let (module, name) = new.rsplit_once('.')?;
            let same = name == "*" && entry(i.module, None).is_some() || Some(name) == i.name;
            let third = self.two && !new.contains(' ') && !module.starts_with("airflow.providers.");
            let known = module == "airflow.sdk" || module.starts_with("airflow.providers.standard.") || third;
            (known && (same || renamed(&new, i.name))).then(|| module.to_owned())
        };
        let start = |i: &Imported<'_>| file.text.get(..i.at.start as usize)?.rfind(&format!("{} import", i.module));
        let at = start(import)?;
        let new = module(import)?;
        let all: Vec<&Imported<'_>> =
            file.imports.all.iter().filter(|i| i.module == import.module && start(i) == Some(at)).collect();
        let path = self.target(import)?;
        if all.iter().all(|i| module(i).as_ref() == Some(&new)) && !all.iter().any(|i| is_other(i)) {
            return Fix::bytes(file.path, file.text, at..at + import.module.len(), new);
        }
        // One name, called otherwise there.
        let (name, end) = (import.name?, import.at.start as usize + import.name?.len());
        let bare = file.text.get(import.at.start as usize..end)? == name;
        let rest = file.text[end..].trim_start_matches([' ', '\t']);
        let alone = all.len() == 1 && (rest.is_empty() || rest.starts_with(['\r', '\n', '#', ';']));
        let by = format!("{} as {name}", path.replacen(&format!("{new}."), &format!("{new} import "), 1));
        (bare && alone).then(|| Fix::bytes(file.path, file.text, at..end, by)).flatten()
    }
}

/// Whether a name is the same thing under another name.
fn renamed(new: &str, name: Option<&str>) -> bool {
    new.ends_with(".EmptyOperator") && name == Some("DummyOperator")
}

/// Whether what is imported has another name where it is now.
fn is_other(import: &Imported<'_>) -> bool {
    entry(import.module, import.name).is_some_and(|(_, _, new)| renamed(new, import.name))
}

/// Imports that Airflow 3 has elsewhere, or no longer; in a repository for Airflow 2, what that warns of.
pub(super) fn imports(dags: &DagFile<'_>, found: &mut Vec<Diagnostic>) {
    let (file, three, two) = (dags.file, dags.is_for_three(), dags.is_for_two());
    let moves = Move { file, two };
    for import in file.imports.all.iter().filter(|i| i.dots == 0 && !i.guarded && i.module.starts_with("airflow")) {
        let Some((old, gone, _)) = entry(import.module, import.name) else { continue };
        let Some(new) = moves.target(import) else { continue };
        let said = match *gone {
            Standing::New => three,
            Standing::Quiet => takes_sdk(file),
            Standing::Moved => !two,
            Standing::Gone(since) => !two || dags.installed.deprecates(since),
        };
        if !said {
            continue;
        }
        let name = import.name.unwrap_or_default();
        let whole = if name.is_empty() { import.module.to_owned() } else { format!("{}.{name}", import.module) };
        let next = match new.strip_suffix(".*") {
            // A module that is named as a whole, or a name in it.
            Some(module) if name.is_empty() || *old == whole => format!("use `{module}`"),
            Some(module) => format!("`from {module} import {name}`"),
            None if new.contains(' ') || new.starts_with('`') => format!("use {new}"),
            None => match new.rsplit_once('.') {
                Some((module, name)) => format!("`from {module} import {name}`"),
                None => format!("use `{new}`"),
            },
        };
        let what = match gone {
            Standing::Gone(_) if two => format!("Airflow 2 warns of `{whole}`, and Airflow 3 does not have it"),
            Standing::Gone(_) => format!("`{whole}` is not in Airflow 3"),
            Standing::Moved | Standing::New | Standing::Quiet => {
                format!("`{whole}` has moved in Airflow 3, and goes away")
            }
        };
        let mut fault = Diagnostic::warning("airflow-moved-import", what).next(next).fix(moves.fix(import));
        if matches!(gone, Standing::Gone(_)) && dags.installed.major() == Some(3) {
            fault.severity = Severity::Error;
        }
        found.push(file.fault(fault, import.at));
    }
}

#[cfg(test)]
mod tests {
    use super::in_two;

    #[test]
    fn airflow_2_has_its_own_names() {
        for (new, two) in [
            ("airflow.providers.standard.operators.bash.*", "airflow.operators.bash.*"),
            ("airflow.providers.standard.operators.empty.EmptyOperator", "airflow.operators.empty.EmptyOperator"),
            ("airflow.providers.standard.sensors.external_task.*", "airflow.sensors.external_task.*"),
            ("airflow.providers.http.sensors.http.*", "airflow.providers.http.sensors.http.*"),
            ("airflow.sdk.BaseHook", "airflow.hooks.base.BaseHook"),
            ("airflow.sdk.BaseSensorOperator", "airflow.sensors.base.BaseSensorOperator"),
            ("airflow.sdk.chain", "airflow.models.baseoperator.chain"),
            ("task groups: `airflow.sdk.TaskGroup`", "task groups: `airflow.utils.task_group.TaskGroup`"),
            ("sys.version_info", "sys.version_info"),
            ("the provider package that it went to", "the provider package that it went to"),
        ] {
            assert_eq!(in_two(new), two);
        }
    }
}
