//! dbt projects in a folder of files, each read and analysed.

use super::desk::With;
use super::{Counts, LookedAt, Unknown, findings};
use crate::check::{self, Analysis, Repository, Shape};
use crate::dbt::{self, Body, Kind, Project, Settings, Tree};
use crate::vocabulary::{Diagnostic, Outcome, Place};

/// A dbt project that was read.
pub(super) struct Read {
    /// Its folder: empty, or ending in `/`.
    pub(super) folder: String,
    pub(super) analysis: Analysis,
}

/// Whether a file is one that is looked at.
pub(super) fn is_wanted(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "sql" | "yml" | "yaml" | "csv" | "py") || Repository::wants(path)
}

/// Folders that hold a `dbt_project.yml`; those of installed packages are parts of the project that installs them.
pub(super) fn folders(files: &Tree) -> Vec<String> {
    let project = |path: &String| {
        let folder = path.strip_suffix("dbt_project.yml").filter(|f| f.is_empty() || f.ends_with('/'))?;
        (!findings::is_others(folder)).then(|| folder.to_owned())
    };
    files.keys().filter_map(project).collect()
}

/// Every dbt project in `files`, read and analysed; what is alike in `before` is taken from there.
///
/// # Errors
/// A manifest that could be of several projects.
pub(super) fn read(files: &Tree, with: With<'_>, before: &[Read]) -> Outcome<Vec<Read>> {
    let folders = folders(files);
    if with.manifest.is_some() && folders.len() > 1 {
        let what = format!("there are {} dbt projects, and one manifest", folders.len());
        return Err(Diagnostic::error("which-project", what)
            .at(Place::file("--manifest"))
            .next("check one of them: `-C FOLDER`")
            .into());
    }
    let (asked, checking) = (with.asked, with.checking);
    let vars = checking.vars.iter().chain(&asked.vars).map(|(name, value)| (name.clone(), value.clone()));
    let settings = Settings {
        root: String::new(),
        target: asked.target.clone().or_else(|| checking.target.clone()),
        dialect: asked.dialect.or(checking.dialect),
        vars: vars.collect(),
        env: checking.env.clone().into_iter().collect(),
        manifest: with.manifest.cloned(),
    };
    let one = |folder: String| {
        let settings = Settings { root: folder.trim_end_matches('/').to_owned(), ..settings.clone() };
        let before = before.iter().find(|read| read.folder == folder).map(|read| &read.analysis);
        let project = dbt::read(files, &settings, before.map(|before| &before.project));
        Read { analysis: check::analyse(project, before), folder }
    };
    Ok(folders.into_iter().map(one).collect())
}

impl Read {
    /// A project that is not there: what stands on the other side of a comparison is all new, or all gone.
    pub(super) fn nothing() -> Read {
        let analysis = check::analyse(Project::default(), None);
        Read { folder: String::new(), analysis }
    }

    /// How many models, and what is not known.
    pub(super) fn counts(&self) -> (Counts, Vec<Unknown>, Vec<LookedAt>) {
        let (mut counts, mut unknown, mut nodes) = (Counts::default(), Vec::new(), Vec::new());
        let prints = self.analysis.prints.iter();
        for ((node, shape), prints) in self.analysis.project.nodes.iter().zip(&self.analysis.shapes).zip(prints) {
            if !matches!(node.kind, Kind::Model | Kind::Snapshot | Kind::Test) {
                continue;
            }
            let mut looked =
                LookedAt { node: node.id.clone(), file: node.path.clone(), unknown: None, print: prints.whole() };
            match shape {
                Shape::Known(_) if matches!(node.body, Body::Columns { .. }) => counts.skipped += 1,
                Shape::Disabled => counts.skipped += 1,
                Shape::Known(_) => {
                    counts.checked += 1;
                    nodes.push(looked);
                }
                Shape::Unknown(why) => {
                    counts.unknown += 1;
                    looked.unknown = Some(why.what.clone());
                    nodes.push(looked);
                    unknown.push(Unknown { node: node.id.clone(), why: (**why).clone() });
                }
            }
        }
        (counts, unknown, nodes)
    }
}
