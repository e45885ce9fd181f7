//! What there is to run: which files and models a pipeline has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::context::{connection, env_names, source_connection};
use super::report::Target;
use crate::publish;
use crate::spec::{Mode, Spec};
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, Relation};
use crate::workspace::{Config, Connection, paths};
use crate::world::git::{File, Tree};
use crate::world::{local, process};

/// One pipeline, with what the workspace holds of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Its name.
    pub name: Name,
    /// Ingestion scripts, relative to the workspace.
    pub scripts: Vec<String>,
    /// Models that it builds, staging first.
    pub models: Vec<Name>,
    /// Snapshots that it keeps.
    pub snapshots: Vec<Name>,
    /// Landed tables: schema and name.
    pub landed: Vec<(String, String)>,
    /// Schemas that dlt keeps beside those while it merges.
    pub beside: Vec<String>,
}

/// What of `specs` is run, each with its files.
///
/// # Errors
/// No pipeline at all, an unknown one, or files that are not there: all of them at once.
pub fn select(root: &Path, specs: &BTreeMap<Name, Spec>, wanted: &[Name]) -> Outcome<Vec<Pipeline>> {
    if specs.is_empty() {
        return Err(Diagnostic::error("nothing-to-run", "this workspace has no pipeline")
            .at(Place::file("pipelines"))
            .next("`pipewright propose \"…\"` makes one")
            .into());
    }
    let files = Models::of(root)?;
    let (mut out, mut faults) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for name in wanted.iter().filter(|n| seen.insert(*n)) {
        match specs.get(name) {
            Some(spec) => out.push(pipeline(root, spec, &files, &mut faults)),
            None => {
                let known: Vec<&str> = specs.keys().map(Name::as_str).collect();
                let near = crate::vocabulary::nearest(name.as_str(), known.iter().copied());
                let offered = if near.is_empty() { known } else { near };
                faults.push(
                    Diagnostic::error("unknown-pipeline", format!("there is no pipeline `{name}`"))
                        .next(format!("one of: {}", offered.join(", "))),
                );
            }
        }
    }
    Fault::unless_empty(faults)?;
    if out.is_empty() {
        return Err(Diagnostic::error("nothing-to-run", "no pipeline was named").into());
    }
    Ok(out)
}

/// The models and snapshots of the dbt project, from its files.
struct Models {
    /// Those that are there.
    there: BTreeSet<String>,
    /// What those that people renamed are called.
    renamed: BTreeMap<String, Name>,
    /// Those that were generated and that people deleted.
    deleted: BTreeSet<String>,
}

impl Models {
    fn of(root: &Path) -> Outcome<Models> {
        let files = |folder: &Path| -> BTreeMap<String, PathBuf> {
            let all =
                local::walk(&folder.join("dbt/models")).into_iter().chain(local::walk(&folder.join("dbt/snapshots")));
            let is_model =
                |f: &PathBuf| f.extension().is_some_and(|e| e == "sql") || f.starts_with(folder.join("dbt/snapshots"));
            let named = |f: PathBuf| Some((f.strip_prefix(folder).ok()?.to_str()?.to_owned(), f));
            all.filter(is_model).filter_map(named).collect()
        };
        let stem = |path: &str| Path::new(path).file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
        let (here, generated) = (files(root), files(&root.join(paths::BASE)));
        let there = here.keys().map(|path| stem(path)).collect();
        let gone: BTreeMap<_, _> = generated.into_iter().filter(|(path, _)| !here.contains_key(path)).collect();
        if gone.is_empty() {
            return Ok(Models { there, renamed: BTreeMap::new(), deleted: BTreeSet::new() });
        }
        let tree = |files: BTreeMap<String, PathBuf>| -> Outcome<Tree> {
            let read = |(path, file): (String, PathBuf)| {
                Ok(local::read(&file)?.map(|text| (path, File::plain(text.as_bytes()))))
            };
            Ok(files.into_iter().map(read).collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect())
        };
        let mut deleted: BTreeSet<String> = gone.keys().map(|path| stem(path)).collect();
        let renamed = publish::renamed_models(&tree(gone)?, &tree(here)?);
        deleted.retain(|name| renamed.iter().all(|(old, _)| old != name));
        let renamed = renamed.into_iter().filter_map(|(old, name)| Some((old, Name::parse(&name).ok()?))).collect();
        Ok(Models { there, renamed, deleted })
    }

    /// What a generated model is called here; nothing where people deleted it.
    fn called(&self, name: &Name) -> Option<Name> {
        let renamed = self.renamed.get(name.as_str()).filter(|_| !self.there.contains(name.as_str()));
        renamed.or(Some(name)).filter(|name| !self.deleted.contains(name.as_str()) || self.has(name)).cloned()
    }

    fn has(&self, name: &Name) -> bool {
        self.there.contains(name.as_str())
    }
}

fn pipeline(root: &Path, spec: &Spec, files: &Models, faults: &mut Vec<Diagnostic>) -> Pipeline {
    let name = &spec.name;
    let missing = |what: String| {
        Diagnostic::error("file-missing", format!("{what} of the pipeline `{name}` is not there"))
            .next("`pipewright regenerate` writes it again")
    };
    let mut scripts: Vec<String> = local::list(&root.join("ingest"))
        .unwrap_or_default()
        .into_iter()
        .filter_map(|f| Some(f.file_name()?.to_str()?.to_owned()))
        .filter(|f| f.strip_suffix(".py").is_some_and(|s| s == name.as_str() || s.starts_with(&format!("{name}__"))))
        .collect();
    scripts.sort();
    if spec.ingest.is_empty() {
        scripts.clear();
    } else if scripts.is_empty() {
        faults.push(missing(format!("the ingestion script `ingest/{name}.py`")));
    }
    // Staging models that the spec leaves to what follows from its tables are built where the project has them.
    let from = spec.models.iter().filter_map(|m| match &m.from {
        Relation::Table(table) => Some(table),
        Relation::Model(_) => None,
    });
    let tables = spec.ingest.iter().map(|i| &i.table).chain(from);
    let staging = tables.flat_map(|t| [t.base_model(), t.staging_model(), t.set_aside_model()]);
    let implied: BTreeSet<Name> = staging.filter_map(|n| files.called(&n)).filter(|n| files.has(n)).collect();
    let own: Vec<Name> = spec.models.iter().filter_map(|m| files.called(&m.name)).collect();
    for model in own.iter().filter(|m| !files.has(m)) {
        faults.push(missing(format!("the model `{model}`")));
    }
    let models: Vec<Name> = implied.iter().filter(|n| !own.contains(n)).cloned().chain(own.iter().cloned()).collect();
    let snapshots: Vec<Name> = spec.history.iter().filter_map(|h| files.called(&h.name)).collect();
    for snapshot in snapshots.iter().filter(|s| !files.has(s)) {
        faults.push(missing(format!("the snapshot `{snapshot}`")));
    }
    let landed = spec.ingest.iter().map(|i| (i.table.raw_schema(), i.table.table.to_string())).collect();
    let merged = spec.ingest.iter().filter(|i| i.mode != Mode::Replace);
    let beside = merged.map(|i| format!("{}_staging", i.table.raw_schema())).collect();
    if scripts.is_empty() && models.is_empty() && snapshots.is_empty() {
        faults.push(
            Diagnostic::error("nothing-to-run", format!("the pipeline `{name}` lands no table and builds no model"))
                .at(Place::file(format!("pipelines/{name}.yml"))),
        );
    }
    Pipeline { name: name.clone(), scripts, models, snapshots, landed, beside }
}

/// Every source that is read, and the target, can be reached as far as that can be said without asking them.
///
/// # Errors
/// Files that are not there, and environment variables that are not set: all of them at once.
pub fn reachable(root: &Path, config: &Config, specs: &[&Spec], target: Target) -> Outcome<()> {
    let mut faults = Vec::new();
    let target_connection = connection(config, target)?;
    let unset = |connection: &Connection, whose: &str| -> Vec<Diagnostic> {
        let names = env_names(connection).0;
        let unset = names.into_iter().filter(|n| process::env(n).is_none());
        let d = |n: String| {
            Diagnostic::error("env-missing", format!("the environment variable {n} is not set"))
                .why(format!("{whose} needs it"))
        };
        unset.map(d).collect()
    };
    faults.extend(unset(target_connection, &format!("the target `{}`", target.as_str())));
    let sources: BTreeSet<&Name> = specs.iter().flat_map(|s| s.ingest.iter().map(|i| &i.table.source)).collect();
    for source in sources {
        match source_connection(config, source, target) {
            Err(fault) => faults.extend(fault.diagnostics),
            Ok(Connection::Sqlite { path } | Connection::DuckDb { path }) if !root.join(path).is_file() => faults.push(
                Diagnostic::error(
                    "source-missing",
                    format!("`{}`, the file of the source `{source}`, is not there", path.escape_debug()),
                )
                .at(Place::path("pipewright.yml", format!("sources.{source}.{}.path", target.as_str())))
                .next("put it there, or mend the path; it is relative to the workspace"),
            ),
            Ok(connection) => faults.extend(unset(connection, &format!("the source `{source}`"))),
        }
    }
    Fault::unless_empty(faults)
}
