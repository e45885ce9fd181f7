//! What must hold in a configuration, and between contracts, beyond the types of their fields.

use std::collections::BTreeMap;

use super::{Config, Connection, Method, Workspace, paths};
use crate::contract::Contract;
use crate::vocabulary::{Diagnostic, Name, Place, TableRef, nearest};

/// Faults of `pipewright.yml`.
pub(super) fn config(config: &Config) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut fault = |code, path: String, what: String, next: &str| {
        // The line of an address is not shown: it may hold a password.
        let place = if what == ADDRESS { Place::file(paths::CONFIG) } else { Place::path(paths::CONFIG, path) };
        out.push(Diagnostic::error(code, what).at(place).next(next));
    };
    if config.version != 1 {
        let what = format!("version {} of the configuration is not known here", config.version);
        fault("config-version", "version".into(), what, "set `version: 1`");
    }
    let sources = config.sources.iter().map(|(name, envs)| (format!("sources.{name}"), envs, true));
    for (path, envs, is_source) in sources.chain([("targets".to_owned(), &config.targets, false)]) {
        let connections = [("dev", Some(&envs.dev)), ("prod", envs.prod.as_ref())];
        for (environment, connection) in connections.into_iter().filter_map(|(e, c)| Some((e, c?))) {
            let at = format!("{path}.{environment}");
            let label = connection.label();
            match connection {
                Connection::Sqlite { .. }
                | Connection::MySql { .. }
                | Connection::Files { .. }
                | Connection::Rest { .. }
                | Connection::GraphQl { .. }
                | Connection::Dbt { .. }
                    if !is_source =>
                {
                    let what = format!("{label} is a source only, no target");
                    fault("not-a-target", format!("{at}.kind"), what, "use duckdb, postgres or snowflake");
                }
                Connection::Snowflake { .. } if is_source => {
                    let what = format!("{label} is a target of this kind, no source");
                    fault(
                        "not-a-source",
                        format!("{at}.kind"),
                        what,
                        "read it through dbt: `kind: dbt, adapter: snowflake`",
                    );
                }
                _ => {}
            }
            match connection {
                Connection::Sqlite { path } | Connection::DuckDb { path } if path.trim().is_empty() => {
                    fault("wrong-value", format!("{at}.path"), "the path is empty".into(), "name the file");
                }
                Connection::Postgres { url_env: name, .. } | Connection::MySql { url_env: name, .. }
                    if !is_variable(name) =>
                {
                    fault("wrong-value", format!("{at}.url_env"), not_a_variable(name), VARIABLE);
                }
                Connection::Snowflake { credentials_env: name } if !is_variable(name) => {
                    fault("wrong-value", format!("{at}.credentials_env"), not_a_variable(name), VARIABLE);
                }
                _ => {
                    for (field, d) in connection.reached_faults() {
                        fault("wrong-value", format!("{at}.{field}"), d.what, d.next.as_deref().unwrap_or_default());
                    }
                }
            }
        }
    }
    if config.targets.profile.is_some() {
        let what = "a target is not profiled, only sources are".to_owned();
        fault("wrong-value", "targets.profile".into(), what, "set it at a source, or as `profile` for all of them");
    }
    let own =
        config.sources.iter().filter_map(|(name, s)| Some((format!("sources.{name}.profile"), s.profile.as_ref()?)));
    for (path, said) in own.chain([("profile".to_owned(), &config.profile)]) {
        for (key, _) in [("size", said.size), ("max_rows", said.max_rows)].into_iter().filter(|(_, n)| *n == Some(0)) {
            fault(
                "wrong-value",
                format!("{path}.{key}"),
                "0 rows tell nothing".into(),
                "set `enabled: false` to look at none",
            );
        }
        if said.by.is_some() && said.method.or(config.profile.method) != Some(Method::Stratified) {
            let what = "`by` names the strata, but the method is not `stratified`".to_owned();
            fault("wrong-value", format!("{path}.by"), what, "set `method: stratified`, or take `by` out");
        }
    }
    let code = &config.defaults.country_calling_code;
    if code.is_empty() || code.len() > 4 || !code.bytes().all(|b| b.is_ascii_digit()) {
        let what = format!("`{}` is no country calling code", code.escape_debug());
        fault(
            "wrong-value",
            "defaults.country_calling_code".into(),
            what,
            "write its digits only, such as \"1\" or \"49\"",
        );
    }
    if !is_variable(&config.airflow.slack_webhook_env) {
        let what = not_a_variable(&config.airflow.slack_webhook_env);
        fault("wrong-value", "airflow.slack_webhook_env".into(), what, VARIABLE);
    }
    out.extend(config.check.faults());
    out.extend(super::check_agents::agents(config, is_variable));
    out.extend(config.model.iter().flat_map(|model| model.faults(is_variable)));
    out
}

const ADDRESS: &str =
    "an address stands where the name of an environment variable is due (`url_env`, `credentials_env`)";
const VARIABLE: &str = "name the environment variable that holds the secret, such as SHOP_URL";

fn is_variable(text: &str) -> bool {
    let word = |c: char| c.is_ascii_uppercase() || c == '_';
    text.starts_with(word) && text.chars().all(|c| word(c) || c.is_ascii_digit())
}

/// The text itself may be the secret, so it is not repeated.
fn not_a_variable(text: &str) -> String {
    if text.contains("://") || text.contains('@') {
        return ADDRESS.into();
    }
    "this is no name of an environment variable: capital letters, digits and _".into()
}

/// Faults and warnings between the contracts and the configuration.
pub(super) fn contracts(workspace: &Workspace) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let known: Vec<&str> = workspace.config.sources.keys().map(Name::as_str).collect();
    let mut strangers: BTreeMap<&Name, usize> = BTreeMap::new();
    for (at, contract) in &workspace.contracts {
        if !workspace.config.sources.contains_key(&at.source) {
            *strangers.entry(&at.source).or_default() += 1;
        }
        references(at, contract, &workspace.contracts, &mut out);
    }
    for (source, count) in strangers {
        let near = nearest(source.as_str(), known.iter().copied());
        let next = match near.first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add it to `sources` in {}, or delete {}", paths::CONFIG, paths::source(source)),
        };
        let what = format!("{count} contract(s) belong to `{source}`, which is no source of the workspace");
        out.push(Diagnostic::error("unknown-source", what).at(Place::file(paths::source(source))).next(next));
    }
    for source in workspace.config.sources.keys() {
        let folder = format!("{}/", paths::source(source));
        if !workspace.texts.keys().any(|path| path.starts_with(&folder)) {
            out.push(
                Diagnostic::warning("no-contracts", format!("nothing is known of the tables of `{source}`"))
                    .at(Place::path(paths::CONFIG, format!("sources.{source}")))
                    .next(format!("run `pipewright discover {source}`")),
            );
        }
    }
    out
}

fn references(at: &TableRef, contract: &Contract, all: &BTreeMap<TableRef, Contract>, out: &mut Vec<Diagnostic>) {
    let mut points = Vec::new();
    for column in &contract.columns {
        let Some(to) = &column.references else { continue };
        let path = format!("schema.{}.properties.{}.relationships", contract.table, column.name);
        points.push((path, column.name.to_string(), &to.table, vec![&to.column]));
    }
    for (i, key) in contract.foreign_keys.iter().enumerate() {
        let path = format!("schema.{}.relationships.{i}.to", contract.table);
        let own: Vec<&str> = key.columns.iter().map(Name::as_str).collect();
        points.push((path, format!("({})", own.join(", ")), &key.table, key.to.iter().collect()));
    }
    for (path, own, table, columns) in points {
        let place = Place::path(paths::contract(at), path);
        let Some(other) = all.get(&TableRef { source: at.source.clone(), table: table.clone() }) else {
            let tables = all.keys().filter(|t| t.source == at.source).map(|t| t.table.as_str());
            let near = nearest(table.as_str(), tables);
            let next = match (near.first(), &columns[..]) {
                (Some(near), [column]) => format!("did you mean `{near}.{column}`?"),
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, _) => format!("discover `{}` as well, or take the relationship out", at.source),
            };
            let what = format!("`{own}` points to `{table}`, which has no contract");
            out.push(Diagnostic::warning("unknown-reference", what).at(place).next(next));
            continue;
        };
        for column in columns.into_iter().filter(|column| other.column(column.as_str()).is_none()) {
            let near = nearest(column.as_str(), other.columns.iter().map(|c| c.name.as_str()));
            let what = format!("`{own}` points to `{table}.{column}`, which is no column of it");
            let next = near.first().map_or("take the relationship out".into(), |n| format!("did you mean `{n}`?"));
            out.push(Diagnostic::error("unknown-column", what).at(place.clone()).next(next));
        }
    }
}
