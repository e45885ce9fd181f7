//! The files that `propose --from` names.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::proposal::outside::forms::Handed;
use crate::verbs::propose::Input;
use crate::vocabulary::{Diagnostic, Outcome, Place};

/// Most files of a folder that are read.
const MOST: usize = 5_000;

/// Reads files, folders (SQL, YAML and JSON in them), and standard input.
pub(super) fn read(from: &[PathBuf]) -> Outcome<Input> {
    if from.is_empty() {
        return Err(Diagnostic::error("usage", "neither a requirement nor --from is given").fault());
    }
    let mut out = Vec::new();
    for path in from {
        if path.is_dir() {
            out.extend(folder(path)?);
        } else {
            out.push(file(path)?);
        }
    }
    Ok(Input::Outside(out))
}

fn folder(path: &Path) -> Outcome<Vec<Handed>> {
    let shown = path.display().to_string();
    let fault =
        |what: String, next: &str| Diagnostic::error("unreadable", what).at(Place::file(&shown)).next(next).fault();
    let visible = |e: &walkdir::DirEntry| {
        let name = e.file_name().to_string_lossy();
        e.depth() == 0 || !(name.starts_with('.') || name == "target" || name == "dbt_packages")
    };
    let wanted = |path: &Path| {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        // What sets a project up is the workspace's own.
        let own =
            path.file_name().is_some_and(|n| n == "dbt_project.yml" || n == "profiles.yml" || n == "packages.yml");
        matches!(ending, "sql" | "yml" | "yaml" | "json") && !own
    };
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(visible) {
        let entry = entry.map_err(|e| fault(format!("can't be listed: {e}"), "mend its permissions"))?;
        if entry.file_type().is_file() && wanted(entry.path()) {
            if out.len() == MOST {
                return Err(fault(format!("the folder holds more than {MOST} files"), "hand in fewer at a time"));
            }
            out.push(file(entry.path())?);
        }
    }
    if out.is_empty() {
        return Err(fault("the folder holds no .sql, .yml, .yaml or .json".into(), "name another"));
    }
    Ok(out)
}

fn file(from: &Path) -> Outcome<Handed> {
    let mut bytes = Vec::new();
    let read = match from.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        _ => std::fs::read(from).map(|b| bytes = b),
    };
    let file = from.display().to_string();
    read.map_err(|e| Diagnostic::error("unreadable", format!("{file} can't be read: {e}")).fault())?;
    let text = String::from_utf8(bytes)
        .map_err(|e| Diagnostic::error("not-utf8", format!("{file} is not UTF-8: {}", e.utf8_error())).fault())?;
    Ok(Handed { file, text })
}
