//! A change set becomes files, in memory: a pure function through the templates under `templates/`.

use std::collections::BTreeMap;

use crate::changeset::ChangeSet;
use crate::vocabulary::Outcome;

/// Files by path relative to the workspace, with `/` between folders.
pub type Files = BTreeMap<String, String>;

/// Renders every artifact; each file is then parsed in its own language.
///
/// # Errors
/// A template that fails, or whose output is no SQL, YAML or Python.
pub fn files(_change: &ChangeSet) -> Outcome<Files> {
    Ok(Files::new())
}
