//! Readers of sources that are no SQL server: which module of `ingest/` has them, and how a script calls them.

use super::Files;
use crate::template;
use crate::vocabulary::python_string;
use crate::workspace::{Config, Connection};

/// A reader: its module, its class, and what it is told.
pub struct Reader {
    /// The module of `ingest/`.
    pub module: &'static str,
    /// The class.
    pub class: &'static str,
    args: Vec<String>,
}

/// The reader of a source; none for databases that SQLAlchemy speaks to.
pub fn reader(connection: &Connection) -> Option<Reader> {
    let named = |name: &str, value: &str| format!("{name}={}", python_string(value));
    let (module, class, args) = match connection {
        Connection::DuckDb { path } => ("pipewright_duckdb", "DuckDb", vec![python_string(path)]),
        Connection::Files { path, credentials_env } => {
            let prefix = credentials_env.iter().map(|prefix| named("credentials", prefix));
            ("pipewright_files", "Files", std::iter::once(python_string(path)).chain(prefix).collect())
        }
        Connection::Rest { url, auth, .. } | Connection::GraphQl { url, auth, .. } => {
            let mut args = vec![python_string(url)];
            if let Some(auth) = auth {
                args.push(named("auth", auth.kind.as_str()));
                args.push(named("env", &auth.env));
                args.extend(auth.name.iter().map(|name| named("name", name)));
            }
            ("pipewright_api", "Api", args)
        }
        Connection::Dbt { adapter, profile } => {
            let fields: Vec<String> =
                profile.iter().map(|(k, v)| format!("{}: {}", python_string(k), python_string(v))).collect();
            ("pipewright_dbt", "Dbt", vec![python_string(adapter), format!("{{{}}}", fields.join(", "))])
        }
        _ => return None,
    };
    Some(Reader { module, class, args })
}

impl Reader {
    /// The value of `"dev": …` in a script, at `used` characters of its line.
    pub fn call(&self, used: usize) -> String {
        super::python::call(&format!("lambda: {}", self.class), &self.args, 8, used, 1)
    }
}

/// Modules that the sources of the workspace need, each once.
pub fn modules(config: &Config) -> Files {
    let connections = config.sources.values().flat_map(|s| std::iter::once(&s.dev).chain(&s.prod));
    let mut names: Vec<&str> = connections.filter_map(reader).map(|r| r.module).collect();
    if names.contains(&"pipewright_api") {
        names.push("pipewright_files"); // whose way with nested objects it has
    }
    if !names.is_empty() {
        names.push("pipewright_reader");
    }
    let file = |name: &str| {
        let path = format!("ingest/{name}.py");
        let text = template::text(&path).unwrap_or_default().to_owned();
        (path, text)
    };
    names.into_iter().map(file).collect()
}
