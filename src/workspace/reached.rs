//! Sources that are no SQL server: files, APIs, and warehouses that dbt reaches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Connection;
use crate::vocabulary::Diagnostic;

/// How an API is told who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Where the secret goes.
    pub kind: AuthKind,
    /// Environment variable that holds the secret: a token, or `user:password` for `basic`.
    pub env: String,
    /// Name of the header or of the parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where the secret of an API goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthKind {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …`.
    Basic,
    /// A header of that name.
    Header,
    /// A parameter of the query of that name.
    Query,
}

impl AuthKind {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthKind::Bearer => "bearer",
            AuthKind::Basic => "basic",
            AuthKind::Header => "header",
            AuthKind::Query => "query",
        }
    }
}

/// Prefix of the variables with the keys of an S3-compatible storage, where none is named.
const S3: &str = "AWS";

impl Connection {
    /// Whether a program of the Python runtime reads it, rather than a database driver.
    pub fn is_probed(&self) -> bool {
        use Connection::{Dbt, DuckDb, Files, GraphQl, Rest};
        matches!(self, Files { .. } | Rest { .. } | GraphQl { .. } | Dbt { .. } | DuckDb { .. })
    }

    /// What a person calls it.
    pub fn label(&self) -> &'static str {
        match self {
            Connection::Files { path, .. } if path.starts_with("s3://") => "S3",
            Connection::Files { .. } => "files",
            Connection::Rest { .. } => "a REST API",
            Connection::GraphQl { .. } => "a GraphQL API",
            Connection::Dbt { .. } => "a warehouse of dbt",
            other => other.dialect().label(),
        }
    }

    /// The environment variables that it must have, and those that hold what is secret; none for databases.
    pub fn variables(&self) -> (Vec<String>, Vec<String>) {
        match self {
            Connection::Files { path, credentials_env } if path.starts_with("s3://") => {
                let prefix = credentials_env.as_deref().unwrap_or(S3);
                let named = |tails: &[&str]| tails.iter().map(|t| format!("{prefix}_{t}")).collect();
                let needed = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"];
                (named(&needed), named(&["SECRET_ACCESS_KEY", "SESSION_TOKEN"]))
            }
            Connection::Rest { auth: Some(auth), .. } | Connection::GraphQl { auth: Some(auth), .. } => {
                (vec![auth.env.clone()], vec![auth.env.clone()])
            }
            Connection::Dbt { profile, .. } => {
                let all: Vec<String> = profile.values().cloned().collect();
                // What is no secret is asked for by names that tell so.
                let plain = ["adapter", "database", "dbname", "host", "path", "port", "schema", "threads", "type"];
                let secret = profile.iter().filter(|(k, _)| !plain.contains(&k.as_str()));
                let secret = secret.map(|(_, v)| v.clone()).collect();
                (all, secret)
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// What is wrong with it, by its field.
    pub fn reached_faults(&self) -> Vec<(String, Diagnostic)> {
        let mut out = Vec::new();
        let mut fault = |field: &str, what: String, next: &str| {
            out.push((field.to_owned(), Diagnostic::error("wrong-value", what).next(next)));
        };
        let variable = "name the environment variable that holds it: capital letters, digits and _";
        match self {
            Connection::Files { path, credentials_env } => {
                if path.trim().is_empty() || path.contains(['\0', '\n', '\r']) {
                    fault("path", "the path is empty, or holds a line break".into(), "name a folder, a glob or s3://…");
                }
                if path.contains("://") && !is_bucket(path) {
                    let what = "only `s3://BUCKET/…` is a path of files elsewhere";
                    fault("path", what.into(), "copy the files to S3-compatible storage, or to a folder");
                }
                if let Some(odd) = odd_pattern(path) {
                    fault("path", odd, "a column of the path is written `{vendor}`: letters, digits and _");
                }
                if credentials_env.as_deref().is_some_and(|name| !is_variable(name)) {
                    fault("credentials_env", "this is no prefix of environment variables".into(), variable);
                }
            }
            Connection::Rest { url, openapi: document, auth } | Connection::GraphQl { url, schema: document, auth } => {
                if let Some(what) = wrong_address(url) {
                    fault(
                        "url",
                        what.into(),
                        "write `https://HOST/PATH`, and name the variable of the secret in `auth`",
                    );
                }
                if let Some(what) = document.as_deref().filter(|d| d.contains("://")).and_then(wrong_address) {
                    fault("schema", what.into(), "write `https://HOST/PATH`, or a path in the workspace");
                }
                if let Some(auth) = auth {
                    if !is_variable(&auth.env) {
                        fault("auth.env", "this is no name of an environment variable".into(), variable);
                    }
                    let named = matches!(auth.kind, AuthKind::Header | AuthKind::Query);
                    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                    if named != auth.name.as_deref().is_some_and(|n| !n.is_empty() && n.chars().all(token)) {
                        let what = "`header` and `query` need a name, and no other kind has one";
                        fault("auth.name", what.into(), "name the header or the parameter, such as X-Api-Key");
                    }
                }
            }
            Connection::Dbt { adapter, profile } => {
                let word = |text: &str| {
                    text.starts_with(|c: char| c.is_ascii_lowercase())
                        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                };
                if !word(adapter) {
                    fault(
                        "adapter",
                        "this is no name of a dbt adapter".into(),
                        "such as postgres, bigquery, databricks",
                    );
                }
                for (field, name) in profile {
                    if !word(field) || !is_variable(name) {
                        let what = "a field of the profile is named by the environment variable that holds it";
                        fault("profile", what.into(), "write `host: WAREHOUSE_HOST`");
                    }
                }
            }
            _ => {}
        }
        out
    }
}

/// Whether `text` is the name of an environment variable, and not what it holds.
fn is_variable(text: &str) -> bool {
    let word = |c: char| c.is_ascii_uppercase() || c == '_';
    text.starts_with(word) && text.chars().all(|c| word(c) || c.is_ascii_digit())
}

/// `s3://bucket/…`, with a name that a bucket can have.
fn is_bucket(path: &str) -> bool {
    let bucket = path.strip_prefix("s3://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    (3..=63).contains(&bucket.len())
        && bucket.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

/// What is wrong with the columns of a path.
fn odd_pattern(path: &str) -> Option<String> {
    for part in path.split('{').skip(1) {
        let name = part.split('}').next().unwrap_or_default();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !part.contains('}') || !letter || !name.chars().all(word) {
            return Some(format!("`{{{}` is no column of a path", part.escape_debug()));
        }
    }
    None
}

/// What is wrong with an address; it may hold a secret, so it is not repeated.
fn wrong_address(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else { return Some("an API is reached by http:// or https://") };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Some("the address holds a login");
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '`');
    (host.is_empty() || url.contains(odd)).then_some("this is no address of an API")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_secrets_are_taken() {
        for (url, fine) in [
            ("https://api.example.com/v1/orders?limit=5", true),
            ("http://127.0.0.1:8080", true),
            ("https://user:pass@api.example.com/", false),
            ("ftp://api.example.com/", false),
            ("https://", false),
            ("https://a b/", false),
        ] {
            assert_eq!(wrong_address(url).is_none(), fine, "{url}");
        }
    }

    #[test]
    fn paths_name_columns_that_could_be_some() {
        for (path, fine) in [
            ("feeds/{vendor}/{date}/orders_*.csv", true),
            ("feeds/{a b}/x.csv", false),
            ("feeds/{", false),
            ("feeds/{1}/x.csv", false),
            ("s3://lake/x/*.csv", true),
            ("s3://UPPER/x", false),
            ("ftp://host/x", false),
            ("", false),
        ] {
            let files = Connection::Files { path: path.into(), credentials_env: None };
            assert_eq!(files.reached_faults().is_empty(), fine, "{path}");
        }
    }
}
