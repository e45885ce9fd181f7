//! The macros of a project and its packages, by package and name, and who answers a dispatched call.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::cut::{Block, Cut, Parameter, cut};
use super::prepare::{Prepared, prepare};
use super::scan::Broken;

/// A package's place in [`Library::packages`]; the first is the project itself.
pub(in crate::dbt) type PackageId = usize;

/// A macro.
#[derive(Debug)]
pub(in crate::dbt) struct Macro {
    pub package: PackageId,
    pub name: String,
    pub parameters: Vec<Parameter>,
    /// The template's name in the environment.
    pub template: String,
    /// A macro of ours that is asked first, since it can do without a warehouse.
    pub instead: Option<usize>,
    /// It asks for what stands between `call` and `endcall`.
    pub calls_back: bool,
    file: usize,
    body: Range<usize>,
}

#[derive(Debug, Default)]
pub(in crate::dbt) struct Package {
    pub name: String,
    macros: HashMap<String, usize>,
    /// Generic tests written as `{% test … %}`.
    tests: HashSet<String>,
    /// It is not installed; ours stand in for some of its macros.
    pub stand_in: bool,
}

/// Every macro there is.
#[derive(Debug, Default)]
pub(in crate::dbt) struct Library {
    pub packages: Vec<Package>,
    macros: Vec<Macro>,
    files: Vec<(String, Arc<str>)>,
    /// Packages in the order of `dispatch:` in `dbt_project.yml`, by namespace.
    pub dispatch: HashMap<String, Vec<String>>,
    /// Packages that the project asks for and that are nowhere.
    pub missing: Vec<String>,
    /// Some of their files are not understood.
    pub unread: bool,
    /// Other projects whose models it reads, by `projects:`.
    pub projects: Vec<String>,
    /// Prefixes of the adapter's own versions of a macro, the nearest first.
    pub adapters: Vec<&'static str>,
}

/// Name of the package of dbt's own macros.
pub(in crate::dbt) const DBT: &str = "dbt";

impl Library {
    /// The package of that name, made where there is none.
    pub(in crate::dbt) fn package(&mut self, name: &str) -> PackageId {
        match self.find_package(name) {
            Some(id) => id,
            None => {
                self.packages.push(Package { name: name.to_owned(), ..Package::default() });
                self.packages.len() - 1
            }
        }
    }

    pub(in crate::dbt) fn find_package(&self, name: &str) -> Option<PackageId> {
        self.packages.iter().position(|p| p.name == name)
    }

    /// Takes in the macros of a file. A macro that its package has already stays: its name and place come back.
    pub(in crate::dbt) fn add(
        &mut self,
        package: PackageId,
        path: &str,
        text: &Arc<str>,
    ) -> Result<Vec<(String, usize)>, Broken> {
        let cuts = cut(text)?;
        let file = self.files.len();
        self.files.push((path.to_owned(), text.clone()));
        let mut twice = Vec::new();
        for Cut { block, name, at, parameters, body } in cuts {
            match block {
                Block::Macro => {}
                Block::Test => {
                    self.packages[package].tests.insert(name);
                    continue;
                }
                Block::Snapshot | Block::Materialization => continue,
            }
            let id = self.macros.len();
            match self.packages[package].macros.entry(name.clone()) {
                std::collections::hash_map::Entry::Occupied(_) => {
                    twice.push((name, at));
                    continue;
                }
                std::collections::hash_map::Entry::Vacant(place) => place.insert(id),
            };
            let calls_back = text[body.clone()].contains("caller");
            self.macros.push(Macro {
                package,
                name,
                parameters,
                template: format!("m{id}"),
                calls_back,
                instead: None,
                file,
                body,
            });
        }
        Ok(twice)
    }

    /// Puts the macros of `ours`, `dbt_utils__star`, before those that they are named after.
    pub(in crate::dbt) fn stand_before(&mut self, ours: PackageId) {
        let own: Vec<(String, usize)> = self.packages[ours].macros.iter().map(|(k, v)| (k.clone(), *v)).collect();
        for (name, id) in own {
            let Some((package, name)) = name.split_once("__") else { continue };
            if let Some(theirs) = self.find_package(package).and_then(|p| self.within(p, name)) {
                self.macros[theirs].instead = Some(id);
            }
        }
    }

    pub(in crate::dbt) fn get(&self, id: usize) -> &Macro {
        &self.macros[id]
    }

    /// The macro of that name in that package.
    pub(in crate::dbt) fn within(&self, package: PackageId, name: &str) -> Option<usize> {
        self.packages.get(package)?.macros.get(name).copied()
    }

    /// The names of a package's macros.
    pub(in crate::dbt) fn names(&self, package: PackageId) -> impl Iterator<Item = &str> {
        self.packages.get(package).into_iter().flat_map(|p| p.macros.keys()).map(String::as_str)
    }

    /// The macro that a bare name means in `package`: its own, the project's, dbt's.
    pub(in crate::dbt) fn bare(&self, package: PackageId, name: &str) -> Option<usize> {
        let own = self.within(package, name);
        own.or_else(|| self.within(0, name)).or_else(|| self.within(self.find_package(DBT)?, name))
    }

    /// Whether the generic test `name`, or `package.name`, is or may be there.
    pub(in crate::dbt) fn has_test(&self, name: &str) -> bool {
        let is_of = |p: &Package, name: &str| p.tests.contains(name) || p.macros.contains_key(&format!("test_{name}"));
        match name.split_once('.') {
            Some((package, name)) => match self.find_package(package) {
                Some(id) => self.packages[id].stand_in || is_of(&self.packages[id], name),
                None => true,
            },
            None => self.packages.iter().any(|p| is_of(p, name)),
        }
    }

    /// The project's own generic tests.
    pub(in crate::dbt) fn tests(&self) -> impl Iterator<Item = &str> {
        let (written, macros) =
            self.packages.first().map(|p| (&p.tests, &p.macros)).into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let macros = macros.into_iter().flat_map(HashMap::keys).filter_map(|m| m.strip_prefix("test_"));
        written.into_iter().flatten().map(String::as_str).chain(macros)
    }

    /// Who answers `adapter.dispatch(name, namespace)`, called in `package`.
    pub(in crate::dbt) fn dispatched(&self, package: PackageId, name: &str, namespace: Option<&str>) -> Option<usize> {
        let prefixes = self.adapters.iter().copied().chain(["default"]);
        let searched: Vec<Option<PackageId>> = match namespace {
            Some(space) => match self.dispatch.get(space) {
                Some(order) => order.iter().map(|p| self.find_package(p)).collect(),
                // As for dbt, a namespace of no package is none.
                None => match self.find_package(space) {
                    Some(found) => vec![Some(0), Some(found)],
                    None => vec![Some(package), Some(0), self.find_package(DBT)],
                },
            },
            None => vec![Some(package), Some(0), self.find_package(DBT)],
        };
        for searched in searched.into_iter().flatten() {
            for prefix in prefixes.clone() {
                if let Some(id) = self.within(searched, &format!("{prefix}__{name}")) {
                    return Some(id);
                }
            }
            // Ours tell adapters apart inside one macro.
            if self.packages[searched].stand_in
                && let Some(id) = self.within(searched, name)
            {
                return Some(id);
            }
        }
        None
    }

    /// The template of a macro: its parameters' defaults, then its body.
    pub(super) fn template(&self, id: usize) -> Result<Prepared, (Broken, &str)> {
        let found = &self.macros[id];
        let (path, text) = &self.files[found.file];
        let read = |within, marks| prepare(text, within, marks).map_err(|broken| (broken, path.as_str()));
        let mut head = String::new();
        for Parameter { name, default } in &found.parameters {
            if let Some(default) = default {
                head.push_str(&format!(
                    "{{%if {name} is undefined%}}{{%set {name}={}%}}{{%endif%}}",
                    &text[default.clone()]
                ));
            }
        }
        let mut out = if head.is_empty() {
            Prepared::default()
        } else {
            prepare(&head, 0..head.len(), false).map_err(|b| (b, path.as_str()))?
        };
        out.append(read(found.body.clone(), false)?);
        Ok(out)
    }

    /// Where the macros of template `m7` stand: the file and its text.
    pub(super) fn file_of(&self, template: &str) -> Option<(usize, &str, &str)> {
        let id: usize = template.strip_prefix('m')?.parse().ok()?;
        let (path, text) = &self.files[self.macros.get(id)?.file];
        Some((id, path, text))
    }
}
