//! A folder becomes a workspace: its documents are read, in parallel, and held against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Config, Lock, check, paths};
use crate::contract::{self, Contract};
use crate::document;
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, Severity, TableRef};
use crate::world::files;

/// A repository's own documents.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder that holds `pipewright.yml`.
    pub root: PathBuf,
    /// `pipewright.yml`.
    pub config: Config,
    /// `contracts/<source>/<table>.odcs.yaml`.
    pub contracts: BTreeMap<TableRef, Contract>,
    /// `pipelines/<name>.yml`.
    pub specs: BTreeMap<Name, Spec>,
    /// Texts of `pipelines/*.proposals.json`, proposals that were handed in from outside, by path.
    pub handed_in: BTreeMap<String, String>,
    /// `pipewright.lock`; empty where there is none.
    pub lock: Lock,
    /// The text of every document above by its path.
    pub texts: BTreeMap<String, String>,
    /// What a person should look at.
    pub warnings: Vec<Diagnostic>,
}

impl Workspace {
    /// Opens the workspace that `dir` is in.
    ///
    /// # Errors
    /// No `pipewright.yml` in `dir` or above it; every fault of every document, with its place.
    pub fn open(dir: &Path) -> Outcome<Workspace> {
        let root = find(dir)?;
        let config_text = files::read_text(&root, paths::CONFIG)?;
        let config: Config = document::parse(paths::CONFIG, &config_text)?;
        let mut workspace = Workspace {
            root,
            config,
            contracts: BTreeMap::new(),
            specs: BTreeMap::new(),
            handed_in: BTreeMap::new(),
            lock: Lock::default(),
            texts: BTreeMap::from([(paths::CONFIG.to_owned(), config_text)]),
            warnings: Vec::new(),
        };
        let mut found = check::config(&workspace.config);
        workspace.read_contracts(&mut found)?;
        workspace.read_pipelines(&mut found)?;
        if let Some(text) = files::read_text_if_there(&workspace.root, paths::LOCK)? {
            match Lock::read(&text) {
                Ok(lock) => workspace.lock = lock,
                Err(fault) => found.extend(fault.diagnostics),
            }
            workspace.texts.insert(paths::LOCK.into(), text);
        }
        found.extend(check::contracts(&workspace));
        workspace.pin(&mut found);
        found.sort();
        if found.iter().any(|d| d.severity == Severity::Error) {
            return Err(Fault { exit: 2, diagnostics: found });
        }
        workspace.warnings = found;
        Ok(workspace)
    }

    /// Gives lines to places that have a path into one of the workspace's documents.
    pub fn pin(&self, diagnostics: &mut [Diagnostic]) {
        document::pin(diagnostics, &self.texts);
    }

    fn read_contracts(&mut self, found: &mut Vec<Diagnostic>) -> Outcome<()> {
        let all = files::list(&self.root, paths::CONTRACTS, "")?;
        let (read, passed): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| p.ends_with(paths::CONTRACT_ENDING));
        for path in passed.into_iter().filter(|p| p.ends_with(".yaml") || p.ends_with(".yml")) {
            let what = format!("not read as a contract: its name does not end in `{}`", paths::CONTRACT_ENDING);
            found.push(Diagnostic::warning("not-read", what).at(Place::file(path)).next("rename it"));
        }
        for (path, text, contract) in self.parallel(read, contract::read) {
            match contract {
                Ok(contract) => {
                    let nested = path != paths::contract(&contract.table_ref());
                    if nested {
                        let what = format!("the contract of `{}` stands in an unexpected place", contract.table_ref());
                        let next = format!("move it to {}", paths::contract(&contract.table_ref()));
                        found.push(Diagnostic::error("contract-path", what).at(Place::file(path.clone())).next(next));
                    }
                    self.contracts.insert(contract.table_ref(), contract);
                }
                Err(fault) => found.extend(fault.diagnostics),
            }
            self.texts.extend(text.map(|text| (path, text)));
        }
        Ok(())
    }

    fn read_pipelines(&mut self, found: &mut Vec<Diagnostic>) -> Outcome<()> {
        let all = files::list(&self.root, paths::PIPELINES, "")?;
        let (proposals, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| p.ends_with(paths::PROPOSALS_ENDING));
        let (specs, passed): (Vec<_>, Vec<_>) = rest.into_iter().partition(|p| p.ends_with(paths::SPEC_ENDING));
        for path in passed.into_iter().filter(|p| p.ends_with(".yaml")) {
            let next = format!("rename it, so that it ends in `{}`", paths::SPEC_ENDING);
            found.push(Diagnostic::warning("not-read", "not read as a pipeline").at(Place::file(path)).next(next));
        }
        for (path, text, spec) in self.parallel(specs, document::parse::<Spec>) {
            match spec {
                Ok(spec) => {
                    found.extend(self.spec_faults(&path, &spec));
                    self.specs.insert(spec.name.clone(), spec);
                }
                Err(fault) => found.extend(fault.diagnostics),
            }
            self.texts.extend(text.map(|text| (path, text)));
        }
        for path in proposals {
            match files::read_text(&self.root, &path) {
                Ok(text) => {
                    self.texts.insert(path.clone(), text.clone());
                    self.handed_in.insert(path, text);
                }
                Err(fault) => found.extend(fault.diagnostics),
            }
        }
        Ok(())
    }

    fn spec_faults(&self, path: &str, spec: &Spec) -> Option<Diagnostic> {
        let due = paths::spec(&spec.name);
        if spec.version != 1 {
            let what = format!("version {} of the spec is not known here", spec.version);
            let place = Place::path(path, "version");
            return Some(Diagnostic::error("spec-version", what).at(place).next("set `version: 1`"));
        }
        (path != due).then(|| {
            Diagnostic::error("spec-path", format!("the pipeline `{}` must stand in {due}", spec.name))
                .at(Place::path(path, "name"))
                .next("rename the file or the pipeline")
        })
    }

    /// Reads and parses many documents at once, in order.
    fn parallel<T: Send>(
        &self,
        all: Vec<String>,
        parse: fn(&str, &str) -> Outcome<T>,
    ) -> Vec<(String, Option<String>, Outcome<T>)> {
        all.into_par_iter()
            .map(|path| match files::read_text(&self.root, &path) {
                Ok(text) => {
                    let value = parse(&path, &text);
                    (path, Some(text), value)
                }
                Err(fault) => (path, None, Err(fault)),
            })
            .collect()
    }
}

/// The folder with `pipewright.yml` in `dir` or the nearest one above.
///
/// # Errors
/// None is found, or `dir` is not there.
pub fn find(dir: &Path) -> Outcome<PathBuf> {
    let shown = dir.display().to_string();
    let start = std::path::absolute(dir).ok().filter(|d| d.is_dir()).ok_or_else(|| {
        Diagnostic::error("not-found", "there is no such folder").at(Place::file(shown.clone())).fault()
    })?;
    start.ancestors().find(|folder| folder.join(paths::CONFIG).exists()).map(Path::to_path_buf).ok_or_else(|| {
        Diagnostic::error("no-workspace", format!("there is no {} here or in a folder above", paths::CONFIG))
            .at(Place::file(shown))
            .next("run `pipewright init --source NAME=sqlite:FILE --target duckdb`")
            .into()
    })
}
