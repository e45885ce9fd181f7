//! Imports that fail: of modules and names that the repository itself should have.

use std::collections::BTreeSet;

use crate::check::across::Seen;
use crate::check::python::{Does, Expr, File, Imported, Kind, Statement, each_body, each_expression};
use crate::vocabulary::Diagnostic;

/// Imports of DAG files whose package is in the repository, and whose module or name is not.
pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let known = Known { seen };
    for dags in seen.dags.iter().filter(|d| !d.dags.is_empty()) {
        let file = dags.file;
        for import in file.imports.all.iter().filter(|i| !i.guarded && i.early) {
            let made =
                |name: &str| name.starts_with("_version") || name.ends_with("_pb2") || name.ends_with("_pb2_grpc");
            if import.module.split('.').any(made) {
                continue;
            }
            if let Some(what) = known.fails(file, import) {
                let fault = Diagnostic::error("airflow-import", what)
                    .why("Airflow shows an import error in place of the DAGs of this file")
                    .next("add what is missing, or mend the name");
                found.push(file.fault(fault, import.at));
            }
        }
    }
}

struct Known<'s, 'a> {
    seen: &'s Seen<'a>,
}

impl Known<'_, '_> {
    fn file(&self, path: &str) -> bool {
        self.seen.repository.files.contains_key(path) || self.seen.repository.no_text.iter().any(|p| p == path)
    }

    fn folder(&self, path: &str) -> bool {
        let begin = format!("{path}/");
        self.seen.repository.files.range(begin.clone()..).next().is_some_and(|(p, _)| p.starts_with(&begin))
    }

    /// What is wrong with an import, where that is certain.
    fn fails(&self, file: &File<'_>, import: &Imported<'_>) -> Option<String> {
        let here = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let inside = import.module.replace('.', "/");
        if import.dots > 0 {
            let mut base = here;
            for _ in 1..import.dots {
                base = base.rsplit_once('/').map_or("", |(folder, _)| folder);
            }
            let dots = ".".repeat(import.dots);
            return self.missing(&join(base, &inside), import, &format!("{dots}{}", import.module));
        }
        let package = import.module.split('.').next()?;
        // A folder `airflow/` beside the DAGs is no package of that name.
        if matches!(package, "airflow" | "dbt" | "cosmos" | "pyspark" | "dlt" | "tests") {
            return None;
        }
        // Airflow has the folders of DAGs and plugins on its path; people add the folders above.
        let mut roots: BTreeSet<&str> = BTreeSet::from([""]);
        let mut at = here;
        while !at.is_empty() {
            roots.insert(at);
            at = at.rsplit_once('/').map_or("", |(folder, _)| folder);
        }
        let plugins: Vec<String> = roots.iter().map(|root| join(root, "plugins")).collect();
        let roots = roots.into_iter().chain(plugins.iter().map(String::as_str));
        let own: Vec<&str> = roots
            .filter(|root| {
                let package = join(root, package);
                self.file(&format!("{package}/__init__.py"))
            })
            .collect();
        if own.is_empty() {
            return None;
        }
        let whats: Option<Vec<String>> =
            own.iter().map(|root| self.missing(&join(root, &inside), import, import.module)).collect();
        whats?.into_iter().next()
    }

    /// What is missing of a module at a path without its ending.
    fn missing(&self, path: &str, import: &Imported<'_>, called: &str) -> Option<String> {
        let (module, package) = (format!("{path}.py"), format!("{path}/__init__.py"));
        let folder = path.is_empty() || self.folder(path);
        if !self.file(&module) && !folder {
            return Some(format!("there is no module `{called}` in this repository"));
        }
        let name = import.name.filter(|name| *name != "*")?;
        if folder {
            let inner = join(path, name);
            if self.file(&format!("{inner}.py")) || self.folder(&inner) || !self.file(&package) {
                // A folder without `__init__.py` has no names but its files.
                let bare = !self.file(&package) && !self.file(&module);
                let there = self.file(&format!("{inner}.py")) || self.folder(&inner);
                return (bare && !there && !path.is_empty())
                    .then(|| format!("there is no module `{name}` in `{called}`"));
            }
        }
        let text = if self.file(&module) { module } else { package };
        let file = self.seen.python.iter().find(|f| f.path == text)?;
        let names = names(file)?;
        (!names.contains(name)).then(|| format!("`{called}` has no `{name}`"))
    }
}

fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// The names that a module has; none where that can't be known.
fn names<'a>(file: &File<'a>) -> Option<BTreeSet<&'a str>> {
    if file.imports.all.iter().any(|i| i.name == Some("*")) {
        return None;
    }
    let mut dynamic = false;
    each_expression(&file.body, &mut |expr| {
        dynamic |= matches!(expr.kind, Kind::Name("globals" | "setattr" | "exec" | "locals" | "vars"));
    });
    let mut out = BTreeSet::new();
    gather(&file.body, &mut out);
    (!dynamic && !out.contains("__getattr__")).then_some(out)
}

fn gather<'a>(body: &[Statement<'a>], out: &mut BTreeSet<&'a str>) {
    for statement in body {
        match &statement.does {
            Does::Import(all) => {
                out.extend(all.iter().map(|(m, alias)| alias.unwrap_or_else(|| m.split('.').next().unwrap_or(m))));
            }
            Does::From { names, .. } => out.extend(names.iter().map(|(name, alias, _)| alias.unwrap_or(name))),
            Does::Assign { targets, .. } => targets.iter().for_each(|t| target(t, out)),
            Does::Function(function) => {
                out.insert(function.name);
                continue;
            }
            Does::Class { name, .. } => {
                out.insert(name);
                continue;
            }
            Does::For { target: t, .. } => target(t, out),
            Does::With { items, .. } => items.iter().filter_map(|(_, t)| t.as_ref()).for_each(|t| target(t, out)),
            _ => {}
        }
        each_body(statement, &mut |body| gather(body, out));
    }
}

fn target<'a>(expr: &Expr<'a>, out: &mut BTreeSet<&'a str>) {
    match &expr.kind {
        Kind::Name(name) => {
            out.insert(name);
        }
        Kind::List(all, _) => all.iter().for_each(|one| target(one, out)),
        Kind::Other(all) => all.iter().for_each(|one| target(one, out)),
        _ => {}
    }
}
