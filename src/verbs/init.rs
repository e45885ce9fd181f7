//! `init`: a folder becomes a workspace.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::Serialize;

use crate::discover::Sqlite;
use crate::render;
use crate::spec::Rules;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place};
use crate::workspace::{Airflow, Config, Connection, Defaults, Environments, Policies, Profiling, Runtime, paths};
use crate::world::files;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// The folder.
    pub dir: PathBuf,
    /// Names and URLs of sources: `shop`, `sqlite:shop.sqlite`.
    pub sources: Vec<(String, String)>,
    /// Where models are built, `duckdb` if none.
    pub target: Option<String>,
    /// Name of the workspace; that of the folder if none.
    pub name: Option<String>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Initialized {
    /// The workspace's folder.
    pub root: PathBuf,
    /// Its name.
    pub name: Name,
    /// Names of its sources.
    pub sources: Vec<Name>,
    /// The kind of its target.
    pub target: String,
    /// Files that were written.
    pub files: Vec<String>,
    /// The command that comes next.
    pub next: String,
}

/// Files that runs leave behind, and data, are no part of the repository.
const IGNORED: &[&str] = &[
    ".pipewright/state/",
    "*.duckdb",
    "*.duckdb.wal",
    "dbt/target/",
    "dbt/logs/",
    "dbt/dbt_packages/",
    "dbt/.user.yml",
    "__pycache__/",
];

/// Makes `options.dir` a workspace: `pipewright.yml`, and lines in `.gitignore` and `.gitattributes`.
///
/// # Errors
/// No git repository, a workspace already, an unknown source or target: nothing is written then.
pub fn init(options: &InitOptions) -> Outcome<Initialized> {
    let root = std::path::absolute(&options.dir).unwrap_or_else(|_| options.dir.clone());
    if !root.is_dir() {
        let place = Place::file(options.dir.display().to_string());
        return Err(Diagnostic::error("not-found", "there is no such folder").at(place).into());
    }
    if root.join(paths::CONFIG).symlink_metadata().is_ok() {
        return Err(Diagnostic::error("workspace-exists", "this folder is a workspace already")
            .at(Place::file(paths::CONFIG))
            .next("edit pipewright.yml to change its sources, then run `pipewright discover`")
            .into());
    }
    if !files::in_repository(&root) {
        return Err(Diagnostic::error("no-repository", "this folder is in no git repository")
            .why("changes are proposed on branches, so that people can review and undo them")
            .next("run `git init`, then the command again")
            .into());
    }
    let config = config(&root, options)?;
    let text = render::canonical(&config)?;
    let base = paths::base(paths::CONFIG);
    let mut written = Vec::new();
    let ignored: Vec<String> = IGNORED.iter().map(|l| (*l).to_owned()).chain(data(&root, &config)).collect();
    written.extend(added(&root, ".gitignore", &ignored)?);
    written.extend(added(&root, ".gitattributes", &[format!("{}/** linguist-generated", paths::BASE)])?);
    written.push((base, text.clone()));
    written.push((paths::CONFIG.to_owned(), text));
    files::write_all(&root, written.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    Ok(Initialized {
        root,
        sources: config.sources.keys().cloned().collect(),
        target: config.targets.dev.dialect().to_string(),
        name: config.name,
        files: written.into_iter().map(|(path, _)| path).collect(),
        next: "pipewright discover".into(),
    })
}

fn config(root: &std::path::Path, options: &InitOptions) -> Outcome<Config> {
    let mut faults = Vec::new();
    let mut sources = IndexMap::new();
    if options.sources.is_empty() {
        let fault = Diagnostic::error("no-source", "a workspace needs a source to read from");
        faults.push(fault.next("name one by `--source NAME=sqlite:FILE`"));
    }
    for (name, url) in &options.sources {
        let place = Place::file("--source");
        let name = match Name::parse(name) {
            Ok(name) => name,
            Err(why) => {
                faults.push(Diagnostic::error("bad-name", why).at(place));
                continue;
            }
        };
        let connection = Connection::source(root, url).and_then(|connection| {
            if let Connection::Sqlite { path } = &connection {
                Sqlite::open(root, path)?;
            }
            Ok(connection)
        });
        match connection {
            Ok(dev) => {
                if sources.insert(name.clone(), Environments { dev, prod: None, profile: None }).is_some() {
                    let what = format!("two sources are named `{name}`");
                    faults.push(Diagnostic::error("duplicate-source", what).at(place).next("give each its own name"));
                }
            }
            Err(fault) => faults.extend(fault.diagnostics.into_iter().map(|d| match d.place {
                None => d.at(place.clone()),
                Some(_) => d,
            })),
        }
    }
    let target = Connection::target(options.target.as_deref().unwrap_or("duckdb"));
    let folder = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = match &options.name {
        Some(name) => Name::parse(name),
        None => Ok(Name::from_text(&folder, "workspace")),
    };
    match (target, name) {
        (Ok(dev), Ok(name)) if faults.is_empty() => Ok(Config {
            rules: Rules::default(),
            version: 1,
            name,
            sources,
            targets: Environments { dev, prod: None, profile: None },
            defaults: Defaults::default(),
            drift: None,
            airflow: Airflow::default(),
            profile: Profiling::default(),
            runtime: Runtime::default(),
            model: None,
            policies: Policies::default(),
            agents: Vec::new(),
            released: Vec::new(),
            check: Default::default(),
        }),
        (target, name) => {
            faults.extend(target.err().into_iter().flat_map(|f| f.diagnostics).map(|d| d.at(Place::file("--target"))));
            faults.extend(name.err().map(|why| Diagnostic::error("bad-name", why).at(Place::file("--name"))));
            faults.sort();
            Err(Fault { exit: 2, diagnostics: faults })
        }
    }
}

/// Source files inside of the workspace: data, and with it people's, that must not be committed.
fn data(root: &std::path::Path, config: &Config) -> Vec<String> {
    let local = |connection: &Connection| match connection {
        Connection::Sqlite { path } | Connection::DuckDb { path } if files::inside(root, path).is_ok() => {
            Some(format!("/{path}"))
        }
        // The folder that all of them are in.
        Connection::Files { path, .. } if !path.contains("://") => {
            let folder = path.split(['*', '{', '?', '[']).next().unwrap_or_default();
            let folder = if folder == path { folder.trim_end_matches('/') } else { folder.rsplit_once('/')?.0 };
            (!folder.is_empty() && files::inside(root, folder).is_ok()).then(|| format!("/{folder}"))
        }
        _ => None,
    };
    config.sources.values().filter_map(|s| local(&s.dev)).collect()
}

/// The text of `path` with those of `lines` that it lacks at its end; none where it lacks none.
fn added(root: &std::path::Path, path: &str, lines: &[String]) -> Outcome<Option<(String, String)>> {
    let mut text = files::read_text_if_there(root, path)?.unwrap_or_default();
    let there = |line: &str| text.lines().any(|l| l.trim().trim_start_matches('/') == line.trim_start_matches('/'));
    let missing: Vec<&String> = lines.iter().filter(|line| !there(line)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str("# Pipewright\n");
    for line in missing {
        text.push_str(line);
        text.push('\n');
    }
    Ok(Some((path.to_owned(), text)))
}

#[cfg(test)]
mod tests;
