//! Sources and targets as they are named on the command line.

use std::path::Path;

use indexmap::IndexMap;

use super::{Auth, AuthKind, Connection};
use crate::vocabulary::{Diagnostic, Fault, Outcome, nearest};
use crate::world::files;

const SOURCES: &[&str] = &[
    "sqlite", "postgres", "mysql", "duckdb", "files", "csv", "json", "parquet", "excel", "s3", "rest", "graphql", "dbt",
];
const TARGETS: &[&str] = &["duckdb", "postgres", "snowflake"];

impl Connection {
    /// The source of `NAME=URL`: `sqlite:PATH`, `sqlite:///PATH`, `postgres:VARIABLE`, `mysql:VARIABLE`, `duckdb:PATH`,
    /// `files:PATH` (also `csv:` and the like), `s3://BUCKET/PATH`, `rest:ADDRESS`, `graphql:ADDRESS`, `dbt:ADAPTER`. What
    /// else such a one needs stands behind `#`. Paths are those seen from `root`; one inside of it is kept relative.
    ///
    /// # Errors
    /// An unknown scheme, a file that is not there, a password in the URL.
    pub fn source(root: &Path, url: &str) -> Outcome<Connection> {
        let Some((scheme, rest)) = url.split_once(':') else {
            let next = match root.join(url).is_file() {
                true => format!("write `sqlite:{url}`"),
                false => "write it as `sqlite:FILE`".to_owned(),
            };
            let what = format!("`{}` has no scheme", url.escape_debug());
            return Err(Diagnostic::error("unknown-scheme", what).next(next).into());
        };
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" | "sqlite3" => Ok(Connection::Sqlite { path: existing(root, rest)? }),
            "postgres" | "postgresql" => Ok(Connection::postgres(variable("postgres", rest)?)),
            "mysql" | "mariadb" => Ok(Connection::mysql(variable("mysql", rest)?)),
            "duckdb" => Ok(Connection::DuckDb { path: existing(root, rest)? }),
            "files" | "file" | "folder" | "csv" | "tsv" | "json" | "jsonl" | "parquet" | "excel" | "xlsx" => {
                sound(Connection::Files { path: files_of(root, rest)?, credentials_env: None })
            }
            "s3" => {
                let (path, mut options) = options(url)?;
                let credentials_env = options.shift_remove("credentials");
                none_left(&options, &["credentials"])?;
                sound(Connection::Files { path: path.to_owned(), credentials_env })
            }
            "rest" | "graphql" => {
                let (url, mut options) = options(rest)?;
                let url = url.to_owned();
                let known: &[&str] = match scheme {
                    "rest" => &["openapi", "bearer", "basic", "header", "query"],
                    _ => &["schema", "bearer", "basic", "header", "query"],
                };
                let document = options.shift_remove(known[0]);
                let auth = auth(&mut options);
                none_left(&options, known)?;
                sound(match scheme {
                    "rest" => Connection::Rest { url, openapi: document, auth },
                    _ => Connection::GraphQl { url, schema: document, auth },
                })
            }
            "dbt" => {
                let (adapter, profile) = options(rest)?;
                sound(Connection::Dbt { adapter: adapter.to_owned(), profile })
            }
            other => Err(unknown("source", other, SOURCES)),
        }
    }

    /// The target named by `duckdb`, `duckdb:PATH`, `snowflake`, `snowflake:PREFIX`, `postgres:VARIABLE`.
    ///
    /// # Errors
    /// An unknown kind, or one that is a source only.
    pub fn target(text: &str) -> Outcome<Connection> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind.to_ascii_lowercase().as_str() {
            "duckdb" => {
                let path = if rest.is_empty() { "warehouse.duckdb" } else { rest.trim_start_matches("//") };
                Ok(Connection::DuckDb { path: path.to_owned() })
            }
            "snowflake" => {
                let prefix = if rest.is_empty() { "SNOWFLAKE" } else { rest };
                Ok(Connection::Snowflake { credentials_env: variable("snowflake", prefix)? })
            }
            "postgres" | "postgresql" => {
                let name = if rest.is_empty() { "WAREHOUSE_URL" } else { rest };
                Ok(Connection::postgres(variable("postgres", name)?))
            }
            other => Err(unknown("target", other, TARGETS)),
        }
    }
}

/// What stands before `#`, and the `name=value`s behind it.
fn options(text: &str) -> Outcome<(&str, IndexMap<String, String>)> {
    let (before, after) = text.split_once('#').unwrap_or((text, ""));
    let mut out = IndexMap::new();
    for pair in after.split('&').filter(|p| !p.is_empty()) {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) else {
            // What stands there may be a secret: it is not repeated.
            return Err(Diagnostic::error("wrong-value", "what stands behind `#` is `name=value`, joined by `&`")
                .next("such as `#bearer=API_TOKEN`, with the name of an environment variable")
                .into());
        };
        out.insert(name.to_owned(), value.to_owned());
    }
    Ok((before, out))
}

/// `bearer=VARIABLE`, `basic=VARIABLE`, `header=NAME:VARIABLE`, `query=NAME:VARIABLE`.
fn auth(options: &mut IndexMap<String, String>) -> Option<Auth> {
    let kinds = [AuthKind::Bearer, AuthKind::Basic, AuthKind::Header, AuthKind::Query];
    let (kind, value) = kinds.iter().find_map(|k| Some((*k, options.shift_remove(k.as_str())?)))?;
    let (name, env) = match value.split_once(':') {
        Some((name, env)) => (Some(name.to_owned()), env.to_owned()),
        None => (None, value),
    };
    Some(Auth { kind, env, name })
}

fn none_left(options: &IndexMap<String, String>, known: &[&str]) -> Outcome<()> {
    match options.keys().next() {
        None => Ok(()),
        Some(odd) => {
            let what = format!("`{}` is nothing that this source is told", odd.escape_debug());
            Err(Diagnostic::error("wrong-value", what).next(format!("known: {}", known.join(", "))).into())
        }
    }
}

/// The connection, if nothing is wrong with it.
fn sound(connection: Connection) -> Outcome<Connection> {
    Fault::unless_empty(connection.reached_faults().into_iter().map(|(_, d)| d).collect())?;
    Ok(connection)
}

/// The path of files: relative to `root` where the folder before the first wildcard lies inside.
fn files_of(root: &Path, rest: &str) -> Outcome<String> {
    let path = rest.strip_prefix("//").filter(|p| p.starts_with('/')).unwrap_or(rest);
    let fixed = path.split(['*', '{', '?', '[']).next().unwrap_or_default();
    let fixed = if fixed == path { fixed } else { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) };
    let there = root.join(fixed);
    if path.is_empty() || !there.exists() {
        return Err(Diagnostic::error("unreadable-source", format!("there is no `{}`", fixed.escape_debug()))
            .next("look at the path; it is seen from the workspace's folder")
            .into());
    }
    let inside = files::inside_of(root, &there).filter(|_| Path::new(fixed).is_absolute());
    Ok(inside.map_or_else(|| path.to_owned(), |inside| format!("{inside}{}", &path[fixed.len()..])))
}

/// The path of a file that is there: relative to `root` where it lies inside.
fn existing(root: &Path, rest: &str) -> Outcome<String> {
    // `sqlite:///data/shop.db` is `/data/shop.db`, or `data/shop.db` as SQLAlchemy reads it.
    let plain = rest.strip_prefix("//").unwrap_or(rest);
    let relative = plain.trim_start_matches('/');
    let path = if rest.starts_with("//") && !root.join(plain).exists() && root.join(relative).exists() {
        relative
    } else {
        plain
    };
    let missing = |what: String| {
        Diagnostic::error("unreadable-source", what)
            .next("look at the path; it is seen from the workspace's folder")
            .fault()
    };
    if path.is_empty() {
        return Err(missing("the source names no file".into()));
    }
    let file = root.join(path);
    match files::is_file(&file) {
        Ok(true) => {}
        Ok(false) => return Err(missing(format!("`{}` is no file", path.escape_debug()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(missing(format!("there is no file `{}`", path.escape_debug())));
        }
        Err(e) => return Err(missing(format!("`{}` can't be reached: {e}", path.escape_debug()))),
    }
    Ok(files::inside_of(root, &file).unwrap_or_else(|| path.to_owned()))
}

/// The name of an environment variable; a URL may hold a password, so it is neither taken nor repeated.
fn variable(kind: &str, rest: &str) -> Outcome<String> {
    let name = rest.trim_start_matches('/');
    let word = |c: char| c.is_ascii_uppercase() || c == '_';
    if name.starts_with(word) && name.chars().all(|c| word(c) || c.is_ascii_digit()) {
        return Ok(name.to_owned());
    }
    Err(Diagnostic::error("secret-in-url", format!("{kind} takes the name of an environment variable, not an address"))
        .why("an address may hold a password, and what stands in the workspace is committed")
        .next(format!("put the address into a variable and write `{kind}:VARIABLE`"))
        .into())
}

fn unknown(what: &str, given: &str, known: &[&str]) -> crate::vocabulary::Fault {
    let near =
        nearest(given, known.iter().copied()).first().map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
    let text = format!("`{}` is no kind of {what} that is known here", given.escape_debug());
    Diagnostic::error("unknown-scheme", text).next(format!("{near}known: {}", known.join(", "))).into()
}
