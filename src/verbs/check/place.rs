//! Where a check works: the folder, its configuration, and whether it is a workspace.

use std::path::{Component, Path, PathBuf};

use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::{Checking, paths};
use crate::world::files;

/// A folder that is checked.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// The workspace, the folder of a `pipewright.yml`, or what was asked for.
    pub(super) root: PathBuf,
    /// `check:` of its configuration.
    pub(super) checking: Checking,
    /// Whether it is a workspace.
    pub(super) is_workspace: bool,
}

impl Ground {
    /// # Errors
    /// A folder that is not there, a configuration that is broken.
    pub(super) fn of(dir: &Path) -> Outcome<Ground> {
        let shown = dir.display().to_string();
        let missing = |what: &str| Diagnostic::error("not-found", what).at(Place::file(&shown)).fault();
        let start = std::path::absolute(dir).map_err(|_| missing("there is no such folder"))?;
        if !start.is_dir() {
            let what = if start.exists() { "this is a file, a folder was expected" } else { "there is no such folder" };
            return Err(missing(what));
        }
        // A configuration beyond the repository is another's.
        let mut above = Vec::new();
        for folder in start.ancestors() {
            above.push(folder);
            if folder.join(".git").exists() {
                break;
            }
        }
        match above.into_iter().find(|folder| folder.join(paths::CONFIG).exists()) {
            Some(root) => {
                let (checking, is_workspace) = Checking::read(&files::read_text(root, paths::CONFIG)?)?;
                Ok(Ground { root: root.to_owned(), checking, is_workspace })
            }
            None => Ok(Ground { root: start, checking: Checking::default(), is_workspace: false }),
        }
    }

    /// A path relative to `dir` as one relative to the root; empty for the root itself.
    ///
    /// # Errors
    /// A path that is not there, or lies elsewhere.
    pub(super) fn inner(&self, dir: &Path, path: &str) -> Outcome<String> {
        let fault = |what: &str| Diagnostic::error("not-found", what).at(Place::file(path)).fault();
        let whole = std::path::absolute(dir.join(path)).map_err(|_| fault("there is no such file or folder"))?;
        let mut plain = PathBuf::new();
        for part in whole.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                part => plain.push(part),
            }
        }
        if !plain.exists() {
            return Err(fault("there is no such file or folder"));
        }
        match plain.strip_prefix(&self.root) {
            Ok(inner) => Ok(files::relative(&self.root, &self.root.join(inner)).trim_matches('/').to_owned()),
            Err(_) => Err(fault("this lies outside of what is checked").clone()),
        }
    }
}
