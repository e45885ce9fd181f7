//! Imports that Airflow 3 has elsewhere, or no longer.

use super::tables::{MOVED, Standing};
use crate::check::python::{File, Imported};
use crate::vocabulary::{Diagnostic, Fix};

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

/// Whether a file is for Airflow 3 alone: it takes from `airflow.sdk` without a way out.
pub(super) fn is_for_three(file: &File<'_>) -> bool {
    file.imports.all.iter().any(|i| !i.guarded && (i.module == "airflow.sdk" || i.module.starts_with("airflow.sdk.")))
}

/// Names the new module, where every name of the statement is in that one and is the same thing there. A class with
/// another name is imported under the old one. Providers that Airflow does not come with are left to people.
fn fix(file: &File<'_>, import: &Imported<'_>) -> Option<Fix> {
    let module = |i: &Imported<'_>| -> Option<String> {
        let (_, _, new) = entry(i.module, i.name)?;
        let (module, name) = new.rsplit_once('.')?;
        let same = name == "*" && entry(i.module, None).is_some() || Some(name) == i.name;
        let known = module == "airflow.sdk" || module.starts_with("airflow.providers.standard.");
        (known && (same || renamed(new, i.name))).then(|| module.to_owned())
    };
    let start = |i: &Imported<'_>| file.text.get(..i.at.start as usize)?.rfind(&format!("{} import", i.module));
    let at = start(import)?;
    let new = module(import)?;
    let all: Vec<&Imported<'_>> =
        file.imports.all.iter().filter(|i| i.module == import.module && start(i) == Some(at)).collect();
    let (_, _, path) = entry(import.module, import.name)?;
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

/// Whether a name is the same thing under another name.
fn renamed(new: &str, name: Option<&str>) -> bool {
    new.ends_with(".EmptyOperator") && name == Some("DummyOperator")
}

/// Whether what is imported has another name where it is now.
fn is_other(import: &Imported<'_>) -> bool {
    entry(import.module, import.name).is_some_and(|(_, _, new)| renamed(new, import.name))
}

/// Imports that Airflow 3 has elsewhere, or no longer.
pub(super) fn imports(file: &File<'_>, found: &mut Vec<Diagnostic>) {
    if !file.imports.has("airflow") {
        return;
    }
    let three = is_for_three(file);
    for import in file.imports.all.iter().filter(|i| i.dots == 0 && !i.guarded && i.module.starts_with("airflow")) {
        let Some((old, gone, new)) = entry(import.module, import.name) else { continue };
        if *gone == Standing::New && !three {
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
            Standing::Gone => format!("`{whole}` is not in Airflow 3"),
            Standing::Moved | Standing::New => format!("`{whole}` has moved in Airflow 3, and goes away"),
        };
        let fault = Diagnostic::warning("airflow-moved-import", what).next(next).fix(fix(file, import));
        found.push(file.fault(fault, import.at));
    }
}
