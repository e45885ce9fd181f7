//! Imports that Airflow 3 has elsewhere, or no longer.

use super::tables::{MOVED, Standing};
use crate::check::python::File;
use crate::vocabulary::Diagnostic;

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
        let fault = Diagnostic::warning("airflow-moved-import", what).next(next);
        found.push(file.fault(fault, import.at));
    }
}
