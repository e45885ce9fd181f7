//! A check with everything it has read, so that it can be done again when a file changed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::base::{self, Before, Found, Kept};
use super::baseline::{BASELINE, Baseline};
use super::compare::{approved, compare, packages};
use super::findings::{self, Told, tell};
use super::generated;
use super::place::Ground;
use super::projects::{self, Read, is_wanted};
use super::{Asked, Checked, Looked, reach};
use crate::check::{Repository, across};
use crate::dbt::{Manifest, Tree};
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::{Checking, Pattern};
use crate::world::files;
use crate::world::git::Git;
use crate::world::texts::{self, Texts};

/// What a check has read.
pub struct Desk {
    asked: Asked,
    ground: Ground,
    git: Option<Git>,
    pub(super) texts: Texts,
    /// Paths that findings are told of, relative to the root.
    paths: Vec<String>,
    manifest: Option<Arc<Manifest>>,
    /// The base as it was read last.
    kept: Kept,
    last: RefCell<Last>,
}

/// The projects as they were looked at last.
#[derive(Default)]
struct Last {
    here: Vec<Read>,
    /// In the base; empty where nothing differed.
    base: Vec<Read>,
    /// The base, and how it was read.
    of: Option<(Tree, Checking)>,
}

/// What was found, before anything is left out.
struct Seen {
    checked: Checked,
    found: Vec<Diagnostic>,
    /// The files that findings are told of; all if none.
    selection: Option<BTreeSet<String>>,
}

/// What projects are read with beside their files.
#[derive(Clone, Copy)]
pub(super) struct With<'a> {
    pub(super) asked: &'a Asked,
    pub(super) checking: &'a Checking,
    pub(super) manifest: Option<&'a Arc<Manifest>>,
}

impl Desk {
    /// Reads the folder.
    ///
    /// # Errors
    /// A folder or path that is not there, a configuration that is broken.
    pub fn open(asked: &Asked) -> Outcome<Desk> {
        let ground = Ground::of(&asked.dir)?;
        let mut paths: Vec<String> =
            asked.paths.iter().map(|path| ground.inner(&asked.dir, path)).collect::<Outcome<_>>()?;
        // The configuration of a folder above is taken; what is looked at is the folder that was asked for.
        if paths.is_empty() && !ground.is_workspace {
            paths.push(ground.inner(&asked.dir, ".")?);
        }
        let manifest = match &asked.manifest {
            Some(path) => Some(Arc::new(manifest(&asked.dir, &path.to_string_lossy())?)),
            None => None,
        };
        let git = if files::in_repository(&ground.root) { Some(Git::open(&ground.root)?) } else { None };
        let texts = texts::read(&ground.root, is_wanted)?;
        Ok(Desk {
            asked: asked.clone(),
            ground,
            git,
            texts,
            paths,
            manifest,
            kept: Kept::default(),
            last: RefCell::default(),
        })
    }

    /// Reads again what changed, and says whether something did.
    ///
    /// # Errors
    /// As for [`Desk::open`].
    pub fn refresh(&mut self) -> Outcome<bool> {
        let Some(texts) = self.texts.again(&self.ground.root, is_wanted)? else { return Ok(false) };
        self.texts = texts;
        self.ground = Ground::of(&self.asked.dir)?;
        Ok(true)
    }

    /// Checks what was read.
    ///
    /// # Errors
    /// Nothing to check, an empty selection, broken documents of a workspace.
    pub fn look(&self) -> Outcome<Checked> {
        let seen = self.see()?;
        let baseline = self.baseline()?;
        let told = self.told(seen.found, seen.selection.as_ref(), baseline.as_ref());
        Ok(self.close(seen.checked, told))
    }

    /// Writes everything that is found to the baseline; gives its path and how many findings it stands for.
    ///
    /// # Errors
    /// As for [`Desk::look`]; a file that can't be written.
    pub fn write_baseline(&self) -> Outcome<(String, usize)> {
        let seen = self.see()?;
        let told = self.told(seen.found, seen.selection.as_ref(), None);
        let known: Vec<&Diagnostic> = told.findings.iter().filter(|f| !findings::is_fixed(&f.code)).collect();
        let baseline = Baseline::of(&known);
        let path = self.baseline_path().0;
        files::write(&self.ground.root, &path, &baseline.text())?;
        Ok((path, baseline.len()))
    }

    /// The folder that is checked.
    pub fn root(&self) -> &Path {
        &self.ground.root
    }

    /// Its path, and whether it is named, so that it must be there.
    fn baseline_path(&self) -> (String, bool) {
        let named = self.asked.baseline.clone().or_else(|| self.ground.checking.baseline.clone());
        let is_named = named.is_some();
        (named.unwrap_or_else(|| BASELINE.to_owned()), is_named)
    }

    fn baseline(&self) -> Outcome<Option<(String, Baseline)>> {
        let (path, named) = self.baseline_path();
        Ok(Baseline::read(&self.ground.root, &path, named)?.map(|baseline| (path, baseline)))
    }

    fn told(
        &self,
        found: Vec<Diagnostic>,
        selection: Option<&BTreeSet<String>>,
        baseline: Option<&(String, Baseline)>,
    ) -> Told {
        let paths: Vec<Pattern> = self.paths.iter().map(|path| Pattern::new(path)).collect();
        let everywhere = self.paths.is_empty() || self.paths.iter().any(String::is_empty);
        let selected = |file: &str| {
            let named = everywhere || paths.iter().any(|path| path.names(file));
            file.is_empty() || named && selection.is_none_or(|files| files.contains(file))
        };
        let baseline = baseline.map(|(path, baseline)| (path.as_str(), baseline));
        tell(found, &self.texts.files, &self.ground.checking, baseline, &selected)
    }

    /// Everything that is found.
    fn see(&self) -> Outcome<Seen> {
        let (here, checking) = (&self.texts.files, &self.ground.checking);
        let generated = if self.ground.is_workspace { generated::generated(&self.ground.root)? } else { None };
        self.is_something(generated.is_some())?;
        let mut checked = Checked::default();
        let mut found: Vec<Diagnostic> = self.texts.unreadable.iter().filter(|d| !is_beside(d)).cloned().collect();
        let before = match base::find(&self.ground.root, self.git.as_ref(), &self.asked, checking)? {
            Found::Commit(base, commit) => {
                match self.git.as_ref().map(|git| base::read(git, base, commit, here, &self.kept)) {
                    Some(Ok(before)) => Some(before),
                    Some(Err(why)) => {
                        found.push(why);
                        None
                    }
                    None => None,
                }
            }
            Found::Unreadable(why) => {
                found.push(why);
                None
            }
            Found::Nothing(why) => {
                checked.not_compared = Some(why);
                None
            }
        };
        let with = With { asked: &self.asked, checking, manifest: self.manifest.as_ref() };
        let differs = before.as_ref().filter(|before| before.files != *here);
        let last = self.last.take();
        let head = projects::read(here, with, &last.here)?;
        drop(last.here);
        let old = match differs {
            // A base that stays need not be looked at again.
            Some(before) if last.of.as_ref().is_some_and(|(of, how)| *of == before.files && how == checking) => {
                Some(last.base)
            }
            Some(before) => {
                // The base is mostly what is here.
                let near = if last.base.is_empty() { &head } else { &last.base };
                Some(projects::read(&before.files, With { manifest: None, ..with }, near)?)
            }
            None => None,
        };
        self.count(&head, &mut checked, &mut found);
        let repository = self.repository();
        let python = across::Python::of(&repository);
        let seen = across::Seen::of(&repository, &python, head.iter().map(|read| &read.analysis).collect());
        found.extend(self.beside(&seen));
        if let Some(before) = &before {
            let approved = approved(checking, generated.as_ref());
            compare(&head, old.as_deref(), approved, &seen, &mut checked, &mut found);
            packages(&head, here, &before.files, &mut checked, &mut found);
            checked.against = Some(before.base.clone());
        }
        if let Some(generated) = generated {
            (checked.files, checked.pipelines) = (generated.files, generated.pipelines);
            checked.released = generated.released;
            found.extend(generated.findings);
        }
        found.retain(|finding| !findings::is_others(findings::file(finding)));
        // What else is wrong with a file that holds markers nobody asks before they are gone.
        let is_conflict = |finding: &Diagnostic| finding.code == "merge-conflict";
        let marked: BTreeSet<String> =
            found.iter().filter(|f| is_conflict(f)).map(|f| findings::file(f).to_owned()).collect();
        found.retain(|finding| is_conflict(finding) || !marked.contains(findings::file(finding)));
        // Of generated files it is known whose both sides are; that is said last.
        let mut told = BTreeSet::new();
        found.reverse();
        found.retain(|f| !is_conflict(f) || told.insert(f.place.as_ref().map(|p| (p.file.clone(), p.line))));
        let selection = self.selection(&head, before.as_ref(), &found)?;
        self.narrow(&mut checked, selection.as_ref());
        let of = old.is_some().then(|| before.map(|before| (before.files, checking.clone()))).flatten();
        self.last.replace(Last { here: head, base: old.unwrap_or_default(), of });
        Ok(Seen { checked, found, selection })
    }

    /// Refuses a folder in which there is nothing that is looked at.
    fn is_something(&self, generated: bool) -> Outcome<()> {
        let python = || {
            let about = |text: &str| text.contains("airflow") || text.contains("pyspark");
            self.texts.files.iter().any(|(path, text)| path.ends_with(".py") && about(text))
        };
        if generated
            || !self.texts.unreadable.is_empty()
            || !projects::folders(&self.texts.files).is_empty()
            || python()
        {
            return Ok(());
        }
        Err(if self.ground.is_workspace {
            Diagnostic::error("no-pipeline", "there is no pipeline to check")
                .next("`pipewright propose \"…\"` makes one")
        } else {
            Diagnostic::error("nothing-to-check", "there is neither a dbt project nor an Airflow or Spark file here")
                .at(Place::file(self.asked.dir.display().to_string()))
                .next("name the folder: `pipewright check -C DIR`")
        }
        .fault())
    }

    fn count(&self, head: &[Read], checked: &mut Checked, found: &mut Vec<Diagnostic>) {
        checked.folder = self.git.as_ref().map_or_else(String::new, |git| git.prefix().to_owned());
        checked.python =
            self.texts.files.keys().filter(|path| path.ends_with(".py") && Repository::wants(path)).count();
        for read in head {
            let (models, unknown, nodes) = read.counts();
            checked.models.add(models);
            checked.unknown.extend(unknown);
            checked.nodes.extend(nodes);
            let project = &read.analysis.project;
            let folder = read.folder.trim_end_matches('/').to_owned();
            checked.projects.push(Looked { folder, name: project.name.clone(), dialect: project.dialect, models });
            found.extend(read.analysis.findings.iter().cloned());
        }
    }

    /// The files that rules look at beside dbt projects.
    fn repository(&self) -> Repository {
        let files = self.texts.files.iter().filter(|(path, _)| Repository::wants(path));
        let no_text = self.texts.unreadable.iter().filter(|d| is_beside(d)).map(|d| findings::file(d).to_owned());
        Repository { files: files.map(|(p, t)| (p.clone(), t.clone())).collect(), no_text: no_text.collect() }
    }

    /// What is found in the files beside dbt projects.
    fn beside(&self, seen: &across::Seen<'_>) -> Vec<Diagnostic> {
        let mut out = seen.findings();
        // What git leaves alone is nobody else's: a local file of settings may hold what a committed one may not.
        out.retain(|d| !self.git.as_ref().is_some_and(|git| git.is_ignored(findings::file(d))));
        out
    }

    /// The files that findings are told of.
    fn selection(
        &self,
        head: &[Read],
        before: Option<&Before>,
        found: &[Diagnostic],
    ) -> Outcome<Option<BTreeSet<String>>> {
        let mut out: Option<BTreeSet<String>> = None;
        if !self.asked.select.is_empty() {
            out = Some(reach::selected(head, &self.asked.select)?);
        }
        if let Some(before) = before.filter(|_| self.asked.changed) {
            let changed = reach::changed(head, &self.texts.files, &before.files);
            out = Some(match out {
                Some(selected) => selected.intersection(&changed).cloned().collect(),
                None => changed,
            });
        }
        for (path, asked) in self.paths.iter().zip(&self.asked.paths).filter(|(path, _)| !path.is_empty()) {
            let pattern = Pattern::new(path);
            let looked_at = |file: &str| pattern.names(file);
            if !self.texts.files.keys().any(|f| looked_at(f)) && !found.iter().any(|d| looked_at(findings::file(d))) {
                return Err(Diagnostic::error("nothing-selected", "nothing in here is looked at")
                    .at(Place::file(asked))
                    .next("name a folder or file of a dbt project, or a DAG")
                    .fault());
            }
        }
        Ok(out)
    }

    /// Counts only what was selected.
    fn narrow(&self, checked: &mut Checked, selection: Option<&BTreeSet<String>>) {
        let whole = self.paths.is_empty() || self.paths.iter().any(String::is_empty);
        if selection.is_none() && whole {
            return;
        }
        let paths: Vec<Pattern> = self.paths.iter().map(|path| Pattern::new(path)).collect();
        let kept = |file: &str| {
            (whole || paths.iter().any(|p| p.names(file))) && selection.is_none_or(|files| files.contains(file))
        };
        let before = checked.nodes.len();
        checked.nodes.retain(|node| kept(&node.file));
        let names: BTreeSet<&str> = checked.nodes.iter().map(|node| node.node.as_str()).collect();
        checked.unknown.retain(|unknown| names.contains(unknown.node.as_str()));
        checked.models.unknown = checked.unknown.len();
        checked.models.checked = checked.nodes.len() - checked.unknown.len();
        checked.models.skipped += before - checked.nodes.len();
    }

    fn close(&self, mut checked: Checked, told: Told) -> Checked {
        let fail_on = self.ground.checking.fail_on;
        let fails = told.findings.iter().any(|finding| fail_on.fails(finding.severity));
        checked.status = if fails { "findings" } else { "clean" };
        (checked.ignored, checked.known, checked.elsewhere) = (told.ignored, told.known, told.elsewhere);
        checked.findings = told.findings;
        checked
    }
}

/// Whether it is about a file that is none of a dbt project and no text: rules say what that means.
fn is_beside(unreadable: &Diagnostic) -> bool {
    let file = findings::file(unreadable);
    unreadable.code == "not-utf8"
        && Repository::wants(file)
        && ![".sql", ".yml", ".yaml"].iter().any(|e| file.ends_with(e))
}

fn manifest(dir: &Path, path: &str) -> Outcome<Manifest> {
    Manifest::read(&files::read_text(dir, path)?).map_err(|why| {
        Diagnostic::error("bad-manifest", "this is no manifest of dbt")
            .at(Place::file(path))
            .why(why)
            .next("`dbt parse` or `dbt compile` writes one: `target/manifest.json`")
            .into()
    })
}
