//! A folder becomes a workspace: its documents are read, in parallel, and held against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Config, Lock, check, paths};
use crate::contract::{self, Contract};
use crate::document;
use crate::spec::{Rules, Spec};
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
        let mut texts = BTreeMap::from([(paths::CONFIG.to_owned(), files::read_text(&root, paths::CONFIG)?)]);
        texts.extend(files::read_text_if_there(&root, paths::LOCK)?.map(|text| (paths::LOCK.to_owned(), text)));
        let mut all = files::list(&root, paths::CONTRACTS, "")?;
        all.extend(files::list(&root, paths::PIPELINES, "")?);
        all.extend(files::list(&root, paths::CLEANING, "")?);
        all.retain(|path| is_document(path));
        let read: Vec<_> = all.into_par_iter().map(|path| (files::read_text(&root, &path), path)).collect();
        let mut unreadable = Vec::new();
        for (text, path) in read {
            match text {
                Ok(text) => drop(texts.insert(path, text)),
                Err(fault) => unreadable.extend(fault.diagnostics),
            }
        }
        Workspace::read(&root, texts, unreadable)
    }

    /// The workspace that these documents make, by path; others among them are passed over.
    ///
    /// # Errors
    /// Every fault of every document, with its place, after those of `found`.
    pub fn read(root: &Path, texts: BTreeMap<String, String>, mut found: Vec<Diagnostic>) -> Outcome<Workspace> {
        let config: Config = document::parse(paths::CONFIG, texts.get(paths::CONFIG).map_or("", String::as_str))?;
        found.extend(check::config(&config));
        let mut workspace = Workspace {
            root: root.to_owned(),
            config,
            contracts: BTreeMap::new(),
            specs: BTreeMap::new(),
            handed_in: BTreeMap::new(),
            lock: Lock::default(),
            texts,
            warnings: Vec::new(),
        };
        workspace.read_rules(&mut found);
        workspace.read_contracts(&mut found);
        workspace.read_pipelines(&mut found);
        match workspace.texts.get(paths::LOCK).map(|text| Lock::read(text)) {
            Some(Ok(lock)) => workspace.lock = lock,
            Some(Err(fault)) => found.extend(fault.diagnostics),
            None => {}
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

    fn read_rules(&mut self, found: &mut Vec<Diagnostic>) {
        for path in self.under(paths::CLEANING).filter(|p| p.ends_with(".yaml")) {
            let next = "rename it, so that it ends in `.yml`";
            found.push(Diagnostic::warning("not-read", "not read as a cleaning rule").at(Place::file(path)).next(next));
        }
        let files = self.under(paths::CLEANING).filter(|p| p.ends_with(".yml"));
        let files = files.map(|path| (path.as_str(), self.texts[path].as_str())).collect();
        self.config.rules = Rules::with(&files, found);
    }

    fn read_contracts(&mut self, found: &mut Vec<Diagnostic>) {
        for path in self.under(paths::CONTRACTS).filter(|p| !p.ends_with(paths::CONTRACT_ENDING)) {
            let what = format!("not read as a contract: its name does not end in `{}`", paths::CONTRACT_ENDING);
            found.push(Diagnostic::warning("not-read", what).at(Place::file(path)).next("rename it"));
        }
        for (path, contract) in self.parse(paths::CONTRACTS, paths::CONTRACT_ENDING, contract::read) {
            match contract {
                Ok(contract) => {
                    let due = paths::contract(&contract.table_ref());
                    if path != due {
                        let what = format!("the contract of `{}` stands in an unexpected place", contract.table_ref());
                        let next = format!("move it to {due}");
                        found.push(Diagnostic::error("contract-path", what).at(Place::file(path)).next(next));
                    }
                    self.contracts.insert(contract.table_ref(), contract);
                }
                Err(fault) => found.extend(fault.diagnostics),
            }
        }
    }

    fn read_pipelines(&mut self, found: &mut Vec<Diagnostic>) {
        for path in self.under(paths::PIPELINES).filter(|p| p.ends_with(".yaml")) {
            let next = format!("rename it, so that it ends in `{}`", paths::SPEC_ENDING);
            found.push(Diagnostic::warning("not-read", "not read as a pipeline").at(Place::file(path)).next(next));
        }
        for (path, spec) in self.parse(paths::PIPELINES, paths::SPEC_ENDING, document::parse::<Spec>) {
            match spec {
                Ok(spec) => {
                    found.extend(self.spec_faults(&path, &spec));
                    self.specs.insert(spec.name.clone(), spec);
                }
                Err(fault) => found.extend(fault.diagnostics),
            }
        }
        let handed_in = self.texts.iter().filter(|(path, _)| path.ends_with(paths::PROPOSALS_ENDING));
        self.handed_in = handed_in.map(|(path, text)| (path.clone(), text.clone())).collect();
    }

    /// Paths of documents in `folder`.
    fn under(&self, folder: &str) -> impl Iterator<Item = &String> {
        let prefix = format!("{folder}/");
        self.texts.keys().filter(move |path| path.starts_with(&prefix))
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

    /// Parses the documents of one kind at once, in order.
    fn parse<T: Send>(
        &self,
        folder: &str,
        ending: &str,
        parse: fn(&str, &str) -> Outcome<T>,
    ) -> Vec<(String, Outcome<T>)> {
        let all: Vec<&String> = self.under(folder).filter(|path| path.ends_with(ending)).collect();
        all.into_par_iter().map(|path| (path.clone(), parse(path, &self.texts[path]))).collect()
    }
}

/// Whether a path is one that people may mean as a document.
fn is_document(path: &str) -> bool {
    path.ends_with(".yaml")
        || path.ends_with(".yml")
        || path.ends_with(paths::PROPOSALS_ENDING)
        || path.ends_with(paths::ANSWERS_ENDING)
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
