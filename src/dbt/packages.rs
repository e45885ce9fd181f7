//! The project and its packages: their `dbt_project.yml`, where their files are, how folders are configured.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Tree;
use super::yaml::{Broken, Yaml, read};

/// What a file of a package is by its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    Models,
    Seeds,
    Snapshots,
    Macros,
    Tests,
}

const FOLDERS: &[(Folder, &str, &str, &str)] = &[
    (Folder::Models, "model-paths", "source-paths", "models"),
    (Folder::Seeds, "seed-paths", "data-paths", "seeds"),
    (Folder::Snapshots, "snapshot-paths", "snapshot-paths", "snapshots"),
    (Folder::Macros, "macro-paths", "macro-paths", "macros"),
    (Folder::Tests, "test-paths", "test-paths", "tests"),
];

/// A project: the one that is read, or a package of it.
#[derive(Debug)]
pub(super) struct Package {
    pub name: String,
    /// Its folder in the tree; empty, or ending in `/`.
    pub folder: String,
    pub yaml: Yaml,
    folders: Vec<(Folder, String)>,
}

impl Package {
    fn new(folder: String, yaml: Yaml, said: &dyn Fn(&str) -> String) -> Package {
        let name = yaml.str("name").unwrap_or_default().to_owned();
        let mut folders = Vec::new();
        for (kind, key, old, default) in FOLDERS {
            let mut paths = yaml.get(key).or_else(|| yaml.get(old)).map(Yaml::texts).unwrap_or_default();
            if paths.is_empty() {
                paths.push((*default).to_owned());
            }
            folders.extend(paths.iter().map(|p| (*kind, join(&folder, &said(p)) + "/")));
        }
        Package { name, folder, yaml, folders }
    }

    /// Folders for models that `dbt_project.yml` names by Jinja and that are not in the tree.
    pub(super) fn empty<'p>(&'p self, tree: &'p Tree) -> impl Iterator<Item = &'p Yaml> {
        let named = self.yaml.get("model-paths").or_else(|| self.yaml.get("source-paths"));
        let folders = self.folders.iter().filter(|(kind, _)| *kind == Folder::Models);
        let by_jinja = |(yaml, _): &(&Yaml, _)| yaml.text().is_some_and(|t| t.contains("{{"));
        let pairs = named.map(Yaml::items).unwrap_or_default().iter().zip(folders.map(|(_, f)| f.as_str()));
        let there = |folder: &str| {
            let mut from = tree.range::<str, _>((std::ops::Bound::Included(folder), std::ops::Bound::Unbounded));
            from.next().is_some_and(|(path, _)| path.starts_with(folder))
        };
        pairs.filter(by_jinja).filter(move |(_, folder)| !there(folder)).map(|(yaml, _)| yaml)
    }

    /// What the file at `path` is, and its path below that folder.
    pub(super) fn place<'p>(&self, path: &'p str) -> Option<(Folder, &'p str)> {
        // One folder can be for several: seeds beside the models that read them.
        let fits = |kind: Folder| match path.rsplit('.').next() {
            Some("csv") => kind == Folder::Seeds,
            Some("sql" | "py") => kind != Folder::Seeds,
            _ => true,
        };
        let found = self.folders.iter().rev().filter(|(kind, f)| fits(*kind) && path.starts_with(f.as_str()));
        found.max_by_key(|(_, f)| f.len()).map(|(kind, f)| (*kind, &path[f.len()..]))
    }

    /// Files in its folders.
    pub(super) fn files<'t>(&self, tree: &'t Tree) -> Vec<(Folder, &'t str)> {
        let mut out = Vec::new();
        let prefixes: BTreeSet<&str> = self.folders.iter().map(|(_, f)| f.as_str()).collect();
        let mut seen = BTreeSet::new();
        for prefix in prefixes {
            let from = tree.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
            for (path, _) in from.take_while(|(path, _)| path.starts_with(prefix)) {
                if seen.insert(path.as_str())
                    && let Some((folder, _)) = self.place(path)
                {
                    out.push((folder, path.as_str()));
                }
            }
        }
        out
    }

    /// What its `dbt_project.yml` configures for a node with that path of names, `[package, folder, …, name]`.
    pub(super) fn configured(&self, kind: &str, names: &[&str], out: &mut Map<String, Value>) {
        let Some(mut at) = self.yaml.get(kind) else { return };
        let mut names = names.iter();
        loop {
            let next = names.next();
            for (key, value) in at.entries() {
                match key.text.strip_prefix('+') {
                    Some(key) => merge(out, key, value.json()),
                    None if next == Some(&key.text.as_str()) && !value.entries().is_empty() => {}
                    None if value.entries().is_empty() || is_config(&key.text) => merge(out, &key.text, value.json()),
                    None => {}
                }
            }
            match next.and_then(|name| at.entries().iter().find(|(key, _)| key.text == *name)) {
                Some((_, below)) => at = below,
                None => return,
            }
        }
    }

    pub(super) fn vars(&self) -> BTreeMap<String, Value> {
        let vars = self.yaml.get("vars").map(Yaml::entries).unwrap_or_default();
        vars.iter().map(|(key, value)| (key.text.clone(), value.json())).collect()
    }
}

/// Configurations that are mappings, so that a folder of that name must be meant with `+`.
fn is_config(key: &str) -> bool {
    matches!(key, "meta" | "persist_docs" | "grants" | "labels" | "contract" | "docs" | "column_types" | "partition_by")
}

/// Puts a configuration over what there is: tags come together, `meta` key by key, the rest is replaced.
pub(super) fn merge(into: &mut Map<String, Value>, key: &str, value: Value) {
    match (key, into.get_mut(key), value) {
        ("tags", Some(old), new) => {
            let mut all = texts(old);
            all.extend(texts(&new).into_iter().filter(|t| !all.contains(t)).collect::<Vec<_>>());
            *old = Value::from(all);
        }
        ("meta" | "grants" | "docs", Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
        (_, _, value) => drop(into.insert(key.to_owned(), value)),
    }
}

/// One text or a list of them.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// `folder/path` with `.` and `..` taken away.
pub(super) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn folder(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}/") }
}

/// The folders that the text of a `packages.yml` or `dependencies.yml` names by `local:`; none where it is no YAML.
pub fn local_packages(list: &str) -> Vec<String> {
    read(list).map(|yaml| locals(&yaml)).unwrap_or_default()
}

fn locals(list: &Yaml) -> Vec<String> {
    list.list("packages").iter().filter_map(|p| p.str("local")).map(str::to_owned).collect()
}

/// A project with its packages, and what it wants beside them.
pub(super) struct Packages {
    /// The project first.
    pub found: Vec<Package>,
    /// Packages that are nowhere.
    pub missing: Vec<String>,
    /// Other projects whose models it reads.
    pub projects: Vec<String>,
}

/// A `dbt_project.yml` that can't be read: its path, and what is broken in it where it is there.
pub(super) type Unread = (String, Option<Broken>);

/// The project in the folder `root` and the packages that are there. `said` is what a text of `dbt_project.yml` says.
pub(super) fn find(tree: &Tree, root: &str, said: &dyn Fn(&str) -> String) -> Result<Packages, Unread> {
    let root = folder(&join("", root));
    let file = format!("{root}dbt_project.yml");
    let text = tree.get(&file).ok_or_else(|| (file.clone(), None))?;
    let yaml = read(text).map_err(|broken| (file, Some(broken)))?;
    let project = Package::new(root.clone(), yaml, said);
    let mut folders: Vec<String> = Vec::new();
    let installed = project.yaml.str("packages-install-path").or_else(|| project.yaml.str("modules-path"));
    for base in installed.into_iter().chain(["dbt_packages", "dbt_modules"]) {
        let base = folder(&join(&root, base));
        for below in children(tree, &base) {
            folders.push(format!("{base}{below}/"));
        }
    }
    let (mut wanted, mut projects) = (Vec::new(), Vec::new());
    for list in ["packages.yml", "dependencies.yml"] {
        let Some(Ok(yaml)) = tree.get(&format!("{root}{list}")).map(|text| read(text)) else { continue };
        projects.extend(yaml.list("projects").iter().filter_map(|p| p.str("name")).map(str::to_owned));
        for path in locals(&yaml) {
            let below = folder(&join(&root, &path));
            if !tree.contains_key(&format!("{below}dbt_project.yml")) {
                wanted.push(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned());
            }
            folders.push(below);
        }
        for package in yaml.list("packages") {
            if let Some(name) = ["package", "git", "private", "name"].iter().find_map(|k| package.str(k)) {
                let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
                wanted.push(last.trim_end_matches(".git").replace('-', "_"));
            }
        }
    }
    let mut packages = vec![project];
    for folder in folders {
        add(tree, folder, said, &mut packages);
    }
    // A package of the list that is not installed may lie elsewhere in the tree.
    let missing = |packages: &[Package], name: &str| !packages.iter().any(|p| p.name == name);
    if wanted.iter().any(|name| missing(&packages, name)) {
        let elsewhere = tree.keys().filter_map(|path| path.strip_suffix("dbt_project.yml"));
        for folder in elsewhere.filter(|f| f.starts_with(&root) && !f.contains("integration_tests")) {
            let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default().replace('-', "_");
            if wanted.contains(&name) && missing(&packages, &name) {
                add(tree, folder.to_owned(), said, &mut packages);
            }
        }
    }
    wanted.retain(|name| missing(&packages, name));
    Ok(Packages { found: packages, missing: wanted, projects })
}

fn add(tree: &Tree, folder: String, said: &dyn Fn(&str) -> String, packages: &mut Vec<Package>) {
    if packages.iter().any(|p| p.folder == folder) {
        return;
    }
    if let Some(Ok(yaml)) = tree.get(&format!("{folder}dbt_project.yml")).map(|text| read(text)) {
        let package = Package::new(folder, yaml, said);
        if !package.name.is_empty() && packages.iter().all(|p| p.name != package.name) {
            packages.push(package);
        }
    }
}

/// Names of the folders right below `base`.
fn children<'t>(tree: &'t Tree, base: &str) -> BTreeSet<&'t str> {
    let from = tree.range::<str, _>((std::ops::Bound::Included(base), std::ops::Bound::Unbounded));
    let below = from.take_while(|(path, _)| path.starts_with(base));
    below.filter_map(|(path, _)| path[base.len()..].split_once('/').map(|(first, _)| first)).collect()
}
