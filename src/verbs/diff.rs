//! What a change changes, or what people edited: text, and a summary by artifact.

use std::path::PathBuf;

use serde::Serialize;

use crate::publish::{self, FileDiff, HandEdits, Summary};
use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace::find;
use crate::world::git::Git;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder in the workspace.
    pub dir: PathBuf,
    /// A revision that HEAD is compared with, from where both parted; HEAD's parent if none.
    pub against: Option<String>,
    /// Hand edits of the work tree instead: as last generated, against as it stands.
    pub edits: bool,
    /// Lines shown around a difference.
    pub context: usize,
}

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub struct Differences {
    /// `changed` or `unchanged`.
    pub status: &'static str,
    /// By artifact.
    pub summary: Summary,
    /// By file.
    pub files: Vec<FileDiff>,
}

/// Compares two states of the workspace.
///
/// # Errors
/// No workspace, no commit, an unknown revision.
pub fn diff(options: &Options) -> Outcome<Differences> {
    let root = find(&options.dir)?;
    let git = Git::open(&root)?;
    if options.edits && options.against.is_some() {
        return Err(Diagnostic::error("usage", "--edits compares with what was generated, not with a revision").fault());
    }
    let edits = match options.edits {
        true => publish::hand_edits(&git)?,
        false => HandEdits { pair: publish::of_head(&git, options.against.as_deref())?, ..HandEdits::default() },
    };
    let pair = &edits.pair;
    let files = publish::text_with_moves(&pair.before, &pair.after, &edits.moved, options.context);
    let status = if files.is_empty() { "unchanged" } else { "changed" };
    Ok(Differences { status, summary: publish::summary(&pair.before, &pair.after), files })
}
