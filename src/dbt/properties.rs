//! What YAML says of nodes: descriptions, columns, tests, configuration, sources, exposures.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::nodes::truth;
use super::yaml::{Value as Node, Yaml};
use super::{Described, DescribedColumn, Test};

/// What the YAML files of one package say.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// Models, seeds and snapshots by name.
    pub nodes: Vec<Property>,
    pub sources: Vec<SourceTable>,
    pub exposures: Vec<ExposureEntry>,
    pub unit_tests: Vec<super::units::Entry>,
}

/// An entry of `models:`, `seeds:` or `snapshots:`.
#[derive(Debug)]
pub(super) struct Property {
    pub kind: &'static str,
    pub name: String,
    pub described: Described,
    pub config: Map<String, Value>,
    pub text: Arc<str>,
    pub versions: Vec<Version>,
    pub latest: Option<String>,
    /// `relation:` of a snapshot that is YAML only.
    pub relation: Option<String>,
}

/// An entry of `versions:`.
#[derive(Debug)]
pub(super) struct Version {
    pub version: String,
    /// The file that it is in, without extension.
    pub defined_in: Option<String>,
    pub described: Described,
    pub config: Map<String, Value>,
}

/// A table of a source.
#[derive(Debug)]
pub(super) struct SourceTable {
    pub source: String,
    pub name: String,
    pub identifier: Option<String>,
    pub schema: String,
    pub database: Option<String>,
    pub described: Described,
    pub config: Map<String, Value>,
    pub text: Arc<str>,
}

/// An exposure.
#[derive(Debug)]
pub(super) struct ExposureEntry {
    pub name: String,
    pub file: String,
    pub at: usize,
    pub text: Arc<str>,
    pub depends_on: Vec<(String, usize)>,
    pub owner: Option<String>,
}

impl Properties {
    /// Takes in a file.
    pub(super) fn add(&mut self, file: &str, text: &Arc<str>, yaml: &Yaml) {
        for kind in ["models", "seeds", "snapshots"] {
            for entry in yaml.list(kind) {
                self.node(kind, file, text, entry);
            }
        }
        for source in yaml.list("sources") {
            self.source(file, text, source);
        }
        self.unit_tests.extend(yaml.list("unit_tests").iter().filter_map(|u| super::units::entry(file, text, u)));
        for exposure in yaml.list("exposures") {
            let Some(name) = exposure.str("name") else { continue };
            let owner = exposure.get("owner");
            self.exposures.push(ExposureEntry {
                name: name.to_owned(),
                file: file.to_owned(),
                at: name_at(exposure),
                text: text.clone(),
                depends_on: exposure
                    .list("depends_on")
                    .iter()
                    .filter_map(|d| Some((d.text()?.to_owned(), d.at)))
                    .collect(),
                owner: owner
                    .and_then(|o| o.str("name").or_else(|| o.str("email")).or_else(|| o.text()))
                    .map(str::to_owned),
            });
        }
    }

    fn node(&mut self, kind: &'static str, file: &str, text: &Arc<str>, entry: &Yaml) {
        let Some(name) = entry.str("name") else { return };
        let described = described(file, entry);
        let versions = entry.list("versions").iter().filter_map(|v| {
            let version = v.get("v")?.text()?.to_owned();
            let mut own = Described { file: file.to_owned(), at: v.at, ..described.clone() };
            if v.get("columns").is_some() {
                own.columns = version_columns(v, &described);
            }
            Some(Version {
                version,
                defined_in: v.str("defined_in").map(|f| f.trim_end_matches(".sql").to_owned()),
                described: own,
                config: config(v),
            })
        });
        let versions: Vec<Version> = versions.collect();
        let newest = || {
            versions.iter().map(|v| v.version.clone()).max_by(|a, b| numeric(a).total_cmp(&numeric(b)).then(a.cmp(b)))
        };
        self.nodes.push(Property {
            kind,
            name: name.to_owned(),
            latest: entry.str("latest_version").map(str::to_owned).or_else(newest),
            versions,
            config: config(entry),
            text: text.clone(),
            relation: entry.str("relation").map(str::to_owned),
            described,
        });
    }

    fn source(&mut self, file: &str, text: &Arc<str>, source: &Yaml) {
        let Some(name) = source.str("name") else { return };
        let of_source = config(source);
        let about = source.str("description").unwrap_or_default();
        for table in source.list("tables") {
            let Some(table_name) = table.str("name") else { continue };
            let mut config_of = of_source.clone();
            for (key, value) in config(table) {
                super::packages::merge(&mut config_of, &key, value);
            }
            self.sources.push(SourceTable {
                source: name.to_owned(),
                name: table_name.to_owned(),
                identifier: table.str("identifier").map(str::to_owned),
                schema: source.str("schema").unwrap_or(name).to_owned(),
                database: source.str("database").or_else(|| source.str("catalog")).map(str::to_owned),
                described: Described { of_source: about.to_owned(), ..described(file, table) },
                config: config_of,
                text: text.clone(),
            });
        }
    }
}

fn numeric(text: &str) -> f64 {
    text.parse().unwrap_or(-1.0)
}

/// Where the name of an entry stands.
fn name_at(entry: &Yaml) -> usize {
    entry.get("name").map_or(entry.at, |n| n.at)
}

/// `config:` and the keys beside it that configure too.
fn config(entry: &Yaml) -> Map<String, Value> {
    let mut out = Map::new();
    for key in [
        "tags",
        "meta",
        "enabled",
        "docs",
        "access",
        "group",
        "materialized",
        "schema",
        "alias",
        "loaded_at_field",
        "freshness",
        "event_time",
        "unique_key",
    ] {
        // A source's `schema` is where it lies.
        if let Some(value) = entry.get(key).filter(|_| !(key == "schema" && entry.get("tables").is_some())) {
            super::packages::merge(&mut out, key, value.json());
        }
    }
    for (key, value) in entry.get("config").map(Yaml::entries).unwrap_or_default() {
        super::packages::merge(&mut out, key.text.trim_start_matches('+'), value.json());
    }
    out
}

fn described(file: &str, entry: &Yaml) -> Described {
    Described {
        file: file.to_owned(),
        at: name_at(entry),
        description: entry.str("description").unwrap_or_default().to_owned(),
        of_source: String::new(),
        columns: entry.list("columns").iter().filter_map(column).collect(),
        tests: tests(entry),
        constrained: entry.list("columns").iter().chain([entry]).any(constrained),
    }
}

/// Whether a table or column has a constraint by which its rows differ.
fn constrained(entry: &Yaml) -> bool {
    entry.list("constraints").iter().any(|c| matches!(c.str("type"), Some("primary_key" | "unique")))
}

fn column(entry: &Yaml) -> Option<DescribedColumn> {
    let mut tags = entry.get("tags").map(Yaml::texts).unwrap_or_default();
    tags.extend(entry.get("config").and_then(|c| c.get("tags")).map(Yaml::texts).unwrap_or_default());
    Some(DescribedColumn {
        name: entry.str("name")?.to_owned(),
        at: name_at(entry),
        data_type: entry.str("data_type").map(str::to_owned),
        description: entry.str("description").unwrap_or_default().to_owned(),
        tests: tests(entry),
        filled: entry.list("constraints").iter().any(|c| matches!(c.str("type"), Some("not_null" | "primary_key"))),
        tags,
        meta: config(entry)
            .get("meta")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    })
}

/// A version's columns: `include: all` are those of the model.
fn version_columns(version: &Yaml, model: &Described) -> Vec<DescribedColumn> {
    let mut out: Vec<DescribedColumn> = Vec::new();
    for entry in version.list("columns") {
        let Some(include) = entry.get("include") else {
            out.extend(column(entry));
            continue;
        };
        let (wanted, without) = (include.texts(), entry.get("exclude").map(Yaml::texts).unwrap_or_default());
        let all = matches!(wanted.first().map(String::as_str), Some("all" | "*"));
        let fits = |c: &&DescribedColumn| (all || wanted.contains(&c.name)) && !without.contains(&c.name);
        out.extend(model.columns.iter().filter(fits).cloned());
    }
    out
}

fn tests(entry: &Yaml) -> Vec<Test> {
    ["tests", "data_tests"].iter().flat_map(|key| entry.list(key)).filter_map(test).filter(runs).collect()
}

/// A test that is switched off says nothing of a table.
fn runs(test: &Test) -> bool {
    let inner = test.arguments.get("config").and_then(|c| c.get("enabled"));
    inner.or_else(|| test.arguments.get("enabled")).is_none_or(truth)
}

fn test(entry: &Yaml) -> Option<Test> {
    let flat = |arguments: &Yaml| {
        let mut out = BTreeMap::new();
        for (key, value) in arguments.entries() {
            match key.text.as_str() {
                "arguments" => out.extend(value.entries().iter().map(|(k, v)| (k.text.clone(), v.json()))),
                _ => drop(out.insert(key.text.clone(), value.json())),
            }
        }
        out
    };
    match &entry.value {
        Node::Scalar(name, _) => Some(Test { name: name.clone(), arguments: BTreeMap::new(), at: entry.at }),
        // `{name: …, test_name: unique, column: …}`
        Node::Map(_) if entry.str("test_name").is_some() => {
            let mut arguments = flat(entry);
            arguments.remove("test_name");
            Some(Test { name: entry.str("test_name")?.to_owned(), arguments, at: entry.at })
        }
        Node::Map(entries) => {
            let (key, value) = entries.first()?;
            let mut arguments = flat(value);
            for (key, value) in &entries[1..] {
                arguments.entry(key.text.clone()).or_insert_with(|| value.json());
            }
            Some(Test { name: key.text.clone(), arguments, at: key.at })
        }
        Node::List(_) => None,
    }
}
