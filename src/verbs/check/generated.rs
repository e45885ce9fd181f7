//! Whether what is committed follows from its documents, and whether a conflict is left.

use std::path::Path;

use crate::publish;
use crate::spec::Approval;
use crate::verbs::Session;
use crate::verbs::generate::{self, Inputs};
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::paths;

/// What a workspace generates, held against what is committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Generated {
    /// Generated files that were compared.
    pub(super) files: usize,
    /// Pipelines that were generated.
    pub(super) pipelines: usize,
    /// Files that people took for themselves: not compared.
    pub(super) released: Vec<String>,
    /// What specs approve.
    pub(super) approvals: Vec<Approval>,
    /// What was found.
    pub(super) findings: Vec<Diagnostic>,
}

/// Generates everything in memory and compares it with what was committed; looks for conflicts nobody has resolved. None
/// where the workspace has no pipeline.
///
/// # Errors
/// Broken documents, or what the gate finds.
pub(super) fn generated(root: &Path) -> Outcome<Option<Generated>> {
    let session = Session::look(root, "check")?;
    let (workspace, git) = (&session.workspace, &session.git);
    if workspace.specs.is_empty() && workspace.handed_in.is_empty() {
        return Ok(None);
    }
    let inputs = Inputs::from(workspace);
    let generated = generate::generate(&inputs, &workspace.specs, git)?;
    let head = git.head()?.commit;
    let mut findings = [session.findings.clone(), workspace.warnings.clone(), generated.findings.clone()].concat();
    findings.extend(publish::conflicts(git, head)?);
    findings.extend(publish::out_of_step(git, head, &generated.files)?);
    if !generate::is_locked(&inputs) {
        findings.push(
            Diagnostic::error("out-of-step", "the lock file names other documents, templates or another version")
                .at(Place::file(paths::LOCK))
                .next("`pipewright regenerate`"),
        );
    }
    let approvals = workspace.specs.values().flat_map(|spec| spec.approvals.iter().cloned()).collect();
    let (files, pipelines) = (generated.files.len(), workspace.specs.len());
    Ok(Some(Generated { files, pipelines, released: generated.released, approvals, findings }))
}
