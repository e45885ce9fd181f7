//! What the project runs on: from the settings, `profiles.yml`, the manifest.

use super::jinja::names::Target;
use super::yaml::{Yaml, read};
use super::{Settings, Tree, guess};
use crate::vocabulary::Dialect;

/// Keys of a profile that hold no secret and that templates ask for.
const SHOWN: &[&str] = &[
    "schema",
    "database",
    "dbname",
    "dataset",
    "project",
    "catalog",
    "user",
    "role",
    "warehouse",
    "host",
    "threads",
    "path",
    "location",
];

/// The target of a project whose profile is `profile`.
pub(super) fn target(tree: &Tree, settings: &Settings, profile: &str, root: &str) -> Target {
    let mut out = Target { profile: profile.to_owned(), ..Target::default() };
    if let Some((name, output)) = found(tree, settings, profile, root) {
        out.name = name;
        out.adapter = output.str("type").unwrap_or_default().to_owned();
        for key in SHOWN {
            let text = output.str(key).filter(|text| !text.contains("{{"));
            if let (Some(_), Some(value)) = (text, output.get(key)) {
                out.fields.insert((*key).to_owned(), value.json());
            }
        }
    }
    if let Some(name) = &settings.target {
        out.name.clone_from(name);
    }
    if out.name.is_empty() {
        // What matters is what is built for everyone.
        out.name = "prod".to_owned();
    }
    if let Some(adapter) = settings.manifest.as_ref().and_then(|m| m.adapter.clone()).filter(|_| out.adapter.is_empty())
    {
        out.adapter = adapter;
    }
    if let Some(dialect) = settings.dialect {
        out.dialect = Some(dialect);
        if self::dialect(&out.adapter) != Some(dialect) {
            out.adapter = dialect.as_str().to_owned();
        }
    } else {
        if out.adapter.is_empty() {
            out.adapter = guess::adapter(tree, root).unwrap_or_default().to_owned();
        }
        out.dialect = dialect(&out.adapter);
        // What is written for several is rendered for one of them; its SQL may be of any.
        if out.adapter.is_empty() {
            out.adapter = guess::asked_for(tree, root).unwrap_or_default().to_owned();
        }
    }
    out
}

fn found(tree: &Tree, settings: &Settings, profile: &str, root: &str) -> Option<(String, Yaml)> {
    let is_profiles = |path: &str| path == "profiles.yml" || path.ends_with("/profiles.yml");
    let mut files: Vec<&String> = tree.keys().filter(|p| is_profiles(p) && !p.contains("integration_tests/")).collect();
    // The project's own first, then the nearest to the top.
    files
        .sort_by_key(|p| (**p != format!("{root}profiles.yml"), !p.starts_with(root), p.matches('/').count(), p.len()));
    for file in files {
        let Ok(yaml) = read(&tree[file]) else { continue };
        let Some(entry) = yaml.get(profile) else { continue };
        let wanted = settings.target.as_deref().or_else(|| entry.str("target").filter(|t| !t.contains("{{")));
        let outputs = entry.get("outputs")?;
        let wanted = wanted.filter(|name| outputs.get(name).is_some());
        // A target that the environment names: the one for everyone, else the first.
        let fallback = || {
            let names: Vec<&str> = outputs.entries().iter().map(|(k, _)| k.text.as_str()).collect();
            ["prod", "production"].iter().find(|n| names.contains(*n)).copied().or(names.first().copied())
        };
        let name = wanted.or_else(fallback)?.to_owned();
        let output = outputs.get(&name)?.clone();
        return Some((name, output));
    }
    None
}

/// The dialect nearest to an adapter's SQL.
pub(super) fn dialect(adapter: &str) -> Option<Dialect> {
    Some(match adapter {
        "duckdb" | "motherduck" => Dialect::DuckDb,
        "snowflake" => Dialect::Snowflake,
        "postgres" | "greenplum" | "materialize" | "risingwave" | "alloydb" | "cratedb" => Dialect::Postgres,
        "bigquery" => Dialect::BigQuery,
        "redshift" => Dialect::Redshift,
        "databricks" | "spark" | "fabricspark" | "glue" | "hive" => Dialect::Databricks,
        "mysql" | "mysql5" | "mariadb" | "singlestore" | "doris" | "starrocks" => Dialect::MySql,
        "sqlite" => Dialect::Sqlite,
        _ => return None,
    })
}

/// Adapters whose SQL is too far from every dialect here to be read as one of them: brackets around names, `x = value` for
/// `value as x`.
const TRANSACT: &[(&str, &str)] =
    &[("sqlserver", "SQL Server"), ("fabric", "Microsoft Fabric"), ("synapse", "Azure Synapse")];

/// What an adapter is called whose SQL is not read.
pub(super) fn unread(adapter: &str) -> Option<&'static str> {
    TRANSACT.iter().find(|(name, _)| *name == adapter).map(|(_, called)| *called)
}

/// Prefixes of the adapter's own versions of a macro, the nearest first.
pub(super) fn prefixes(adapter: &str) -> Vec<&'static str> {
    const KNOWN: &[&str] = &[
        "duckdb",
        "snowflake",
        "postgres",
        "bigquery",
        "redshift",
        "databricks",
        "spark",
        "mysql",
        "sqlite",
        "trino",
        "athena",
        "clickhouse",
        "fabric",
        "sqlserver",
        "synapse",
        "oracle",
        "materialize",
        "risingwave",
        "singlestore",
        "greenplum",
        "vertica",
        "teradata",
        "exasol",
        "dremio",
        "glue",
        "firebolt",
        "hive",
        "impala",
        "doris",
        "starrocks",
        "presto",
    ];
    let own = KNOWN.iter().find(|k| **k == adapter).copied();
    let parent: Option<&'static str> = match adapter {
        "redshift" | "materialize" | "risingwave" | "greenplum" => Some("postgres"),
        "databricks" | "glue" | "fabricspark" => Some("spark"),
        "synapse" => Some("fabric"),
        "motherduck" => Some("duckdb"),
        "mysql5" | "mariadb" => Some("mysql"),
        _ => None,
    };
    own.into_iter().chain(parent).collect()
}
