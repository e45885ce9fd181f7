//! The nodes of a project before any is rendered: their names, files and configuration.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::index::Entry;
use super::jinja::names::{Run, Seen};
use super::jinja::{Block, Engine, broken_jinja, cut};
use super::packages::{Folder, Package, merge};
use super::properties::{Properties, Property, SourceTable, Version};
use super::{Described, Kind, Tree, seeds};
use crate::vocabulary::{Diagnostic, Place};

/// A node to be.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub entry: Arc<Entry>,
    pub described: Option<Arc<Described>>,
    pub package: usize,
    /// What a snapshot of YAML alone reads.
    pub relation: Option<String>,
}

/// What a file is to become.
struct Found<'t> {
    package: usize,
    kind: Kind,
    path: &'t str,
    below: String,
    name: String,
    within: Range<usize>,
}

/// Every node of every package, and what is wrong with the files.
pub(super) fn drafts(
    tree: &Tree,
    packages: &[Package],
    properties: &[Properties],
    engine: &Engine,
) -> (Vec<Draft>, Vec<Diagnostic>) {
    let (mut found, mut findings) = (Vec::new(), Vec::new());
    for (id, package) in packages.iter().enumerate() {
        for (folder, path) in package.files(tree) {
            let broken = files(tree, package, id, folder, path, &mut found);
            findings.extend(broken.into_iter().filter(|_| id == 0));
        }
    }
    let by_name: Vec<BTreeMap<(&str, &str), &Property>> = properties.iter().map(by_name).collect();
    let mut out: Vec<Draft> =
        found.par_iter().map(|found| draft(tree, packages, &by_name[found.package], engine, found)).collect();
    findings.extend(without_node(&properties[0], &out));
    for (id, properties) in properties.iter().enumerate() {
        let relations = properties.nodes.iter().filter(|n| n.kind == "snapshots" && n.relation.is_some());
        out.extend(relations.map(|node| yaml_snapshot(&packages[id], id, node)));
        out.extend(properties.sources.iter().map(|table| source(packages, id, table, engine)));
    }
    (out, findings)
}

/// What a file holds.
fn files<'t>(
    tree: &'t Tree,
    package: &Package,
    id: usize,
    folder: Folder,
    path: &'t str,
    out: &mut Vec<Found<'t>>,
) -> Option<Diagnostic> {
    let (_, below) = package.place(path)?;
    let (stem, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let text = &tree[path];
    let kind = match (folder, extension) {
        (Folder::Models, "sql" | "py") => Kind::Model,
        (Folder::Seeds, "csv") => Kind::Seed,
        (Folder::Tests, "sql") if !below.starts_with("generic/") => Kind::Test,
        (Folder::Snapshots, "sql") => Kind::Snapshot,
        _ => return None,
    };
    let name = if kind == Kind::Model { stem.trim_end_matches(".sql") } else { stem };
    let mut push = |kind, name: &str, within| {
        out.push(Found { package: id, kind, path, below: below.to_owned(), name: name.to_owned(), within });
    };
    // Snapshots are blocks, in files of snapshots and of models.
    if kind == Kind::Snapshot || (kind == Kind::Model && extension == "sql" && text.contains("endsnapshot")) {
        let cuts = match cut(text) {
            Ok(cuts) => cuts,
            Err(broken) => return Some(broken_jinja(path, text, &broken)),
        };
        let mut any = false;
        for cut in cuts.into_iter().filter(|c| c.block == Block::Snapshot) {
            any = true;
            push(Kind::Snapshot, &cut.name, cut.body);
        }
        if any || kind == Kind::Snapshot {
            return None;
        }
    }
    if kind == Kind::Test && (text.contains("endtest") || text.contains("enddata_test") || text.contains("endmacro")) {
        return None;
    }
    push(kind, name, 0..text.len());
    None
}

/// What is known of drafts whose files' texts changed; none where more than a query changed.
pub(super) fn again(
    tree: &Tree,
    packages: &[Package],
    properties: &[Properties],
    engine: &Engine,
    before: &[&Draft],
) -> Option<Vec<Entry>> {
    let by_name: Vec<_> = properties.iter().map(by_name).collect();
    let again = |before: &&Draft| {
        let (package, path) = (&packages[before.package], before.entry.path.as_str());
        let mut found = Vec::new();
        let broken = files(tree, package, before.package, package.place(path)?.0, path, &mut found);
        let [found] = found.as_slice() else { return None };
        let entry = draft(tree, packages, &by_name[before.package], engine, found).entry;
        let before = &before.entry;
        let entry = Entry { stand_in: before.stand_in.clone(), ..Arc::unwrap_or_clone(entry) };
        let (text, within, said) = (entry.text.clone(), entry.within.clone(), entry.said.clone());
        let alike = Entry { text, within, said, ..Entry::clone(before) };
        (broken.is_none() && entry == alike).then_some(entry)
    };
    before.par_iter().map(again).collect()
}

fn by_name(properties: &Properties) -> BTreeMap<(&str, &str), &Property> {
    properties.nodes.iter().map(|node| ((node.kind, node.name.as_str()), node)).collect()
}

fn draft(
    tree: &Tree,
    packages: &[Package],
    properties: &BTreeMap<(&str, &str), &Property>,
    engine: &Engine,
    found: &Found<'_>,
) -> Draft {
    let package = &packages[found.package];
    let text = tree[found.path].clone();
    let plural = found.kind.plural();
    let (property, version) = property(properties, plural, &found.name);
    let name = property.map_or(found.name.as_str(), |p| p.name.as_str()).to_owned();
    let mut names: Vec<&str> = vec![&package.name];
    names.extend(found.below.split('/'));
    if let Some(last) = names.last_mut() {
        *last = &found.name;
    }
    let mut config = Map::new();
    if found.kind == Kind::Model {
        // What dbt makes of a model unless told otherwise.
        let usual = if found.path.ends_with(".py") { "table" } else { "view" };
        config.insert("materialized".to_owned(), Value::from(usual));
    }
    package.configured(plural, &names, &mut config);
    if found.package != 0 {
        packages[0].configured(plural, &names, &mut config);
    }
    let of_yaml = property.map(|p| &p.config).into_iter().chain(version.map(|v| &v.config));
    for (key, value) in of_yaml.flatten() {
        merge(&mut config, key, value.clone());
    }
    let run = run(engine, found.package);
    rendered(engine, &run, &mut config);
    let mut own = Map::new();
    if found.kind != Kind::Seed && text[found.within.clone()].contains("config") {
        engine.configure(&run, &text, found.within.clone());
        own = run.seen.take().config;
    }
    let mut entry_config = config.clone();
    for (key, value) in &own {
        merge(&mut entry_config, key, value.clone());
    }
    let number = version.map(|v| v.version.clone());
    let text_of = |key: &str| entry_config.get(key).and_then(Value::as_str).map(str::to_owned);
    let alias = text_of("alias").unwrap_or_else(|| match &number {
        Some(v) => format!("{name}_v{v}"),
        None => name.clone(),
    });
    let kind = found.kind;
    let id = match &number {
        Some(v) => format!("{}.{}.{name}.v{v}", kind.as_str(), package.name),
        None => format!("{}.{}.{name}", kind.as_str(), package.name),
    };
    let described = version.map(|v| &v.described).or_else(|| property.map(|p| &p.described)).cloned().map(Arc::new);
    let contract = contract(&entry_config);
    let columns = match kind {
        Kind::Seed => Some(seeds::columns(&text, &entry_config, described.as_deref())),
        _ if contract => described.as_ref().map(|d| {
            d.columns.iter().map(|c| (c.name.to_lowercase(), c.data_type.clone().unwrap_or_default())).collect()
        }),
        _ => None,
    };
    let entry = Entry {
        id,
        kind,
        source: String::new(),
        package: package.name.clone(),
        latest: property.is_some_and(|p| p.latest == number),
        version: number,
        disabled: entry_config.get("enabled").is_some_and(|v| !truth(v)),
        path: found.path.to_owned(),
        identifier: alias.to_lowercase(),
        schema: text_of("schema").or_else(|| text_of("target_schema")),
        database: text_of("database").or_else(|| text_of("target_database")),
        stand_in: Arc::from(""),
        config,
        columns,
        name,
        text,
        within: found.within.clone(),
        said: own,
    };
    Draft { entry: entry.into(), described, package: found.package, relation: None }
}

/// The entry of YAML for a file, and of a version the version.
fn property<'p>(
    all: &BTreeMap<(&str, &str), &'p Property>,
    plural: &'static str,
    stem: &str,
) -> (Option<&'p Property>, Option<&'p Version>) {
    if let Some(found) = all.get(&(plural, stem)) {
        let version = found.versions.iter().find(|v| v.defined_in.as_deref() == Some(stem));
        let latest = || found.versions.iter().find(|v| Some(&v.version) == found.latest.as_ref());
        return (Some(found), version.or_else(latest));
    }
    for found in all.values().filter(|p| p.kind == plural && !p.versions.is_empty()) {
        let named = |v: &&Version| match &v.defined_in {
            Some(file) => file == stem,
            None => {
                stem.strip_prefix(found.name.as_str()).and_then(|s| s.strip_prefix("_v")) == Some(v.version.as_str())
            }
        };
        if let Some(version) = found.versions.iter().find(named) {
            return (Some(found), Some(version));
        }
    }
    (None, None)
}

/// A rendering of something of a package that is no node yet.
pub(super) fn run(engine: &Engine, package: usize) -> Arc<Run> {
    Arc::new(Run {
        world: engine.world.clone(),
        seen: Arc::new(Seen::default()),
        node: None,
        package,
        incremental: false,
        nowhere: Vec::new(),
    })
}

/// Renders the texts of a configuration that hold Jinja.
fn rendered(engine: &Engine, run: &Arc<Run>, config: &mut Map<String, Value>) {
    for (key, value) in config.iter_mut() {
        // Hooks are rendered when they run.
        let hook = matches!(key.as_str(), "pre-hook" | "post-hook" | "pre_hook" | "post_hook");
        if let Some(text) = value.as_str().filter(|t| !hook && t.contains("{{"))
            && let Ok(new) = engine.value(run, text)
        {
            *value = new;
        }
    }
}

pub(super) fn text_in_yaml(engine: &Engine, run: &Arc<Run>, text: &str) -> String {
    if !text.contains("{{") && !text.contains("{%") {
        return text.to_owned();
    }
    match engine.value(run, text) {
        Ok(Value::String(text)) => text,
        Ok(Value::Null) | Err(_) => text.to_owned(),
        Ok(other) => other.to_string(),
    }
}

pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(b) => *b,
        Value::String(text) => !matches!(text.trim(), "false" | "False" | "FALSE" | "0" | ""),
        Value::Number(n) => n.as_i64() != Some(0),
        Value::Null => true,
        Value::Array(_) | Value::Object(_) => true,
    }
}

pub(super) fn contract(config: &Map<String, Value>) -> bool {
    config.get("contract").and_then(|c| c.get("enforced")).is_some_and(truth)
}

fn yaml_snapshot(package: &Package, id: usize, node: &Property) -> Draft {
    let mut config = Map::new();
    package.configured("snapshots", &[&package.name, &node.name], &mut config);
    for (key, value) in &node.config {
        merge(&mut config, key, value.clone());
    }
    let text_of = |key: &str| config.get(key).and_then(Value::as_str).map(str::to_owned);
    let entry = Entry {
        id: format!("snapshot.{}.{}", package.name, node.name),
        kind: Kind::Snapshot,
        name: node.name.clone(),
        source: String::new(),
        package: package.name.clone(),
        version: None,
        latest: false,
        disabled: config.get("enabled").is_some_and(|v| !truth(v)),
        path: node.described.file.clone(),
        identifier: text_of("alias").unwrap_or_else(|| node.name.clone()).to_lowercase(),
        schema: text_of("schema").or_else(|| text_of("target_schema")),
        database: text_of("database"),
        stand_in: Arc::from(""),
        columns: None,
        text: node.text.clone(),
        within: 0..0,
        config,
        said: Map::new(),
    };
    let described = Some(node.described.clone().into());
    Draft { entry: entry.into(), described, package: id, relation: node.relation.clone() }
}

fn source(packages: &[Package], id: usize, table: &SourceTable, engine: &Engine) -> Draft {
    let package = &packages[id];
    let run = run(engine, id);
    let mut config = Map::new();
    let folders: Vec<&str> = package.place(&table.described.file).map_or("", |(_, p)| p).split('/').collect();
    let mut names = vec![package.name.as_str()];
    names.extend(&folders[..folders.len().saturating_sub(1)]);
    names.extend([table.source.as_str(), table.name.as_str()]);
    package.configured("sources", &names, &mut config);
    if id != 0 {
        packages[0].configured("sources", &names, &mut config);
    }
    for (key, value) in &table.config {
        merge(&mut config, key, value.clone());
    }
    rendered(engine, &run, &mut config);
    let name = table.identifier.as_ref().unwrap_or(&table.name);
    let columns = table.described.columns.iter();
    let declared = columns.map(|c| (c.name.to_lowercase(), c.data_type.clone().unwrap_or_default())).collect();
    let entry = Entry {
        id: format!("source.{}.{}.{}", package.name, table.source, table.name),
        kind: Kind::Source,
        name: table.name.clone(),
        source: table.source.clone(),
        package: package.name.clone(),
        version: None,
        latest: false,
        disabled: config.get("enabled").is_some_and(|v| !truth(v)),
        path: table.described.file.clone(),
        identifier: text_in_yaml(engine, &run, name).to_lowercase(),
        schema: Some(text_in_yaml(engine, &run, &table.schema)),
        database: table.database.as_ref().map(|d| text_in_yaml(engine, &run, d)),
        stand_in: Arc::from(""),
        columns: Some(declared),
        text: table.text.clone(),
        within: 0..0,
        config,
        said: Map::new(),
    };
    Draft { entry: entry.into(), described: Some(table.described.clone().into()), package: id, relation: None }
}

/// Entries of the project's YAML that no file is behind.
fn without_node(properties: &Properties, drafts: &[Draft]) -> Vec<Diagnostic> {
    let names: std::collections::HashSet<(&str, &str)> =
        drafts.iter().filter(|d| d.package == 0).map(|d| (d.entry.kind.plural(), d.entry.name.as_str())).collect();
    let orphans =
        properties.nodes.iter().filter(|n| n.relation.is_none() && !names.contains(&(n.kind, n.name.as_str())));
    orphans
        .map(|node| {
            let what = format!(
                "YAML describes the {} `{}`, and there is no such file",
                node.kind.trim_end_matches('s'),
                node.name
            );
            let text = crate::sql::Text::new(&node.described.file, "", &node.text);
            let near =
                crate::vocabulary::nearest(&node.name, names.iter().filter(|(k, _)| *k == node.kind).map(|(_, n)| *n));
            let found = Diagnostic::warning("yaml-without-node", what);
            let found = match near.first() {
                Some(near) => found.next(format!("did you mean `{near}`? Else take the entry out")),
                None => found.next("take the entry out, or add the file"),
            };
            text.fault(found, node.described.at, node.name.chars().count())
        })
        .collect()
}

impl Draft {
    /// Where it is defined.
    pub(super) fn place(&self) -> Place {
        match (&self.described, self.entry.kind) {
            (Some(described), Kind::Source) => {
                crate::sql::Text::new(&described.file, "", &self.entry.text).place(described.at, self.entry.name.len())
            }
            _ => Place::file(self.entry.path.clone()),
        }
    }
}
