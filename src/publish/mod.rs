//! Files become a branch: merged with what people edited, one commit, a diff, the text of a pull request.
//!
//! The generated tree stands twice in git: the files, and under [`BASE`] the same files exactly as last generated.
//! Regeneration merges three ways: as last generated, as edited, as generated now.

mod artifacts;
mod choice;
mod commit;
mod diff;
mod edits;
mod evidence;
mod history;
mod known;
mod lines;
pub mod markdown;
mod markers;
mod merge;
mod pull_request;
mod summary;

pub use artifacts::{Artifact, Artifacts, Kind, artifacts};
pub use choice::{Choice, Chosen, Kind as ChoiceKind, choose, generated_paths, title as choice_title};
pub use commit::{Change, Draft, Published, commit, out_of_step, requirement_hash};
pub(crate) use commit::{base32_of, changes, one_line};
pub use diff::{FileDiff, Pair, between, of_head, text, text_with_moves};
pub use edits::{HandEdits, hand_edits};
pub use evidence::{Proofs, evidence};
pub use history::{Entry, history};
pub use known::{Known, known_changes, trailers};
pub use lines::merge_lines;
pub use markers::{conflicts, conflicts_in_work_tree, first_conflict, yours};
pub(crate) use merge::splice;
pub use merge::{Merged, merge, renamed_models};
pub use pull_request::{ChangeView, Nodes, pull_request};
pub use summary::{Count, Field, Item, Summary, What, summary};

use crate::workspace::paths;

/// Folder of the generated files as they were last generated.
pub const BASE: &str = ".pipewright/base/";

/// The lock file; what stands in it follows from everything else.
pub const LOCK: &str = "pipewright.lock";

/// Folder of branches that hold changes.
pub const BRANCHES: &str = "pipewright/";

/// Whether the file at `path`, or the copy of it under [`BASE`], is one that people own: it never goes because nothing
/// generates it.
pub fn is_document(path: &str) -> bool {
    let path = path.strip_prefix(BASE).unwrap_or(path);
    path == paths::CONFIG
        || [paths::CONTRACTS, paths::PIPELINES, paths::CLEANING]
            .iter()
            .any(|folder| path.split('/').next() == Some(folder))
}

/// Whether the file at `path` holds what agents of one's own answered: it goes with the last of them.
pub fn is_answers(path: &str) -> bool {
    path.strip_prefix(BASE).unwrap_or(path).ends_with(paths::ANSWERS_ENDING)
}
