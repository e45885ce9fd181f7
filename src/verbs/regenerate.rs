//! Generates everything again from the documents: after a spec, a contract, a template or the tool has changed.

use std::path::Path;

use serde::Serialize;

use super::generate::{self, Inputs};
use super::messages::{Talk, conversation};
use super::session::when;
use super::{Programs, Session};
use crate::publish::{self, Draft, Published};
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome};
use crate::workspace::{Event, EventKind, Inverse, paths};
use crate::world::clock;

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Regenerated {
    /// `proposed` or `unchanged`.
    pub status: &'static str,
    /// Name of the change; none where nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The branch that the work tree stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Pipelines that are behind their documents.
    pub pipelines: Vec<Name>,
    /// Paths that the change touches.
    pub files: Vec<String>,
    /// Things to look at; conflicts with hand edits among them, as errors.
    pub findings: Vec<Diagnostic>,
}

/// Generates again, merges with hand edits, commits what differs. Agents of one's own are asked where their task has changed.
///
/// # Errors
/// Broken documents, what the gate finds, uncommitted work in the way. Nothing is written then.
pub fn regenerate(dir: &Path, programs: Programs) -> Outcome<Regenerated> {
    let session = Session::open(dir, "regenerate")?;
    let (workspace, git) = (&session.workspace, &session.git);
    let inputs = Inputs { programs, ..Inputs::from(workspace) };
    let mut findings = session.findings.clone();
    if workspace.specs.is_empty() && workspace.handed_in.is_empty() {
        return Err(no_pipeline());
    }
    if generate::stands(&inputs, &Files::new(), git)? {
        let unchanged = Regenerated {
            status: "unchanged",
            change: None,
            branch: None,
            pipelines: Vec::new(),
            files: Vec::new(),
            findings,
        };
        return Ok(unchanged);
    }
    let mut generated = generate::generate(&inputs, &workspace.specs, git)?;
    findings.append(&mut generated.findings);
    let behind = generate::behind(&inputs);
    let pipeline = match behind.as_slice() {
        [one] => one.clone(),
        _ => Name::from_text("regenerate", "pipeline"),
    };
    let documents = Files::from([(paths::LOCK.to_owned(), generate::lock_file(&inputs, &generated.answers))]);
    let title = format!("Generate {} again", behind.iter().map(Name::as_str).collect::<Vec<_>>().join(", "));
    let draft = Draft {
        pipeline: &pipeline,
        title: &title,
        requirement: None,
        generated: &generated.files,
        whole: true,
        documents: &documents,
        when: when(),
    };
    Ok(match publish::commit(git, &draft)? {
        Published::Unchanged { findings: found } => {
            findings.extend(found);
            Regenerated {
                status: "unchanged",
                change: None,
                branch: None,
                pipelines: behind,
                files: Vec::new(),
                findings,
            }
        }
        Published::Changed { change, findings: found } => {
            findings.extend(found);
            let mut event = Event::new(EventKind::Proposed, clock::now(), &git.who(), &title, "proposed");
            event.pipeline = Some(pipeline.to_string());
            event.change = Some(change.id.clone());
            event.inverse = Some(Inverse::Command(format!("pipewright rollback {}", change.id)));
            let talks: Vec<Talk> = generated.talks.iter().filter(|t| behind.contains(&t.pipeline)).cloned().collect();
            event.messages = conversation(&event, &talks, None);
            event.append(&workspace.root)?;
            Regenerated {
                status: "proposed",
                change: Some(change.id),
                branch: Some(change.branch),
                pipelines: behind,
                files: change.files,
                findings,
            }
        }
    })
}

/// There is nothing to generate from.
pub(super) fn no_pipeline() -> Fault {
    Diagnostic::error("no-pipeline", "there is no pipeline to generate from")
        .next("`pipewright propose \"…\"`, or write pipelines/<name>.yml")
        .fault()
}
