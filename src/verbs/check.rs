//! Whether what is committed follows from its documents: for CI, on every pull request.

use std::path::Path;

use serde::Serialize;

use super::Session;
use super::generate::{self, Inputs};
use crate::publish;
use crate::vocabulary::{Diagnostic, Outcome, Place, Severity};
use crate::workspace::paths;

/// What was checked, and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// `clean` or `findings`.
    pub status: &'static str,
    /// Generated files that were compared.
    pub files: usize,
    /// Pipelines that were generated.
    pub pipelines: usize,
    /// Files that people took for themselves: not compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<String>,
    /// Errors fail the check.
    pub findings: Vec<Diagnostic>,
}

/// Generates everything in memory and compares it with what was committed; looks for conflicts nobody has resolved.
///
/// # Errors
/// Broken documents, or what the gate finds.
pub fn check(dir: &Path) -> Outcome<Checked> {
    let session = Session::open(dir, "check")?;
    let (workspace, git) = (&session.workspace, &session.git);
    if workspace.specs.is_empty() && workspace.handed_in.is_empty() {
        return Err(Diagnostic::error("no-pipeline", "there is no pipeline to check")
            .next("`pipewright propose \"…\"` makes one")
            .fault());
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
    let failed = findings.iter().any(|f| f.severity == Severity::Error);
    let status = if failed { "findings" } else { "clean" };
    let (files, pipelines) = (generated.files.len(), workspace.specs.len());
    Ok(Checked { status, files, pipelines, released: generated.released, findings })
}
