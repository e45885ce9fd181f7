//! Takes a change back: a new commit, and the relations that it leaves behind.

use std::path::PathBuf;

use serde::Serialize;

use super::Session;
use super::generate::{self, Inputs};
use super::session::when;
use crate::proposal::Layer;
use crate::render::Files;
use crate::rollback::{self, Leftover, Rollback, built, leftovers};
use crate::run::{self, Listen, Target};
use crate::vocabulary::{Diagnostic, Outcome};
use crate::workspace::{Event, EventKind, Inverse, Workspace, paths};
use crate::world::clock;

/// What is taken back.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder in the workspace.
    pub dir: PathBuf,
    /// The change; the latest on this branch if none.
    pub change: Option<String>,
    /// Drop in `dev` what is left behind.
    pub drop: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct RolledBack {
    /// `rolled_back`.
    pub status: &'static str,
    /// The rollback itself.
    #[serde(flatten)]
    pub rollback: Rollback,
    /// Relations that no pipeline builds any more: git can't take them back; each with the statement that would.
    pub leftovers: Vec<Leftover>,
    /// Whether they were dropped in `dev`.
    pub dropped: bool,
    /// Things to look at.
    pub findings: Vec<Diagnostic>,
}

/// Takes a change back.
///
/// # Errors
/// An unknown change, a conflict with later work: nothing is changed then.
pub fn rollback(options: &Options, listen: &mut Listen<'_>) -> Outcome<RolledBack> {
    let session = Session::open(&options.dir, "rollback")?;
    let (workspace, git) = (&session.workspace, &session.git);
    if let Some(back) = rollback::take_back_choice(git, options.change.as_deref())? {
        return choice(&session, &back);
    }
    let back = rollback::take_back(git, options.change.as_deref())?;
    let texts = back
        .documents
        .iter()
        .filter_map(|(path, file)| Some((path.clone(), String::from_utf8(file.bytes.clone()).ok()?)));
    let before = generate::generate(&Inputs::from(workspace), &workspace.specs, git);
    let without = Workspace::read(&workspace.root, texts.collect(), Vec::new())?;
    let inputs = Inputs::from(&without);
    let after = generate::generate(&inputs, &without.specs, git)?;
    let documents = if inputs.specs.is_empty() && inputs.handed_in.is_empty() {
        Files::new()
    } else {
        Files::from([(paths::LOCK.to_owned(), generate::lock_file(&inputs, &after.answers))])
    };
    let done = rollback::finish(git, &back, &after.files, &documents, when())?;

    let mut findings = session.findings.clone();
    let dialect = workspace.config.targets.dev.dialect();
    let left = match &before {
        Ok(before) => {
            let relations = |g: &generate::Generated| built(&g.change, dialect, schema);
            leftovers(&relations(before), &relations(&after), dialect)
        }
        Err(_) => {
            let why = "the workspace did not generate as it stood, so what it had built is not known";
            findings.push(Diagnostic::warning("unknown-leftovers", "relations may be left behind").why(why));
            Vec::new()
        }
    };
    let statements: Vec<String> = left.iter().map(|l| l.statement.clone()).collect();
    let dropped = options.drop && !statements.is_empty();
    let result = if dropped {
        let logs = workspace.root.join(paths::state(&format!("runs/rollback-{}", done.id)));
        run::execute_statements(&workspace.root, &workspace.config, Target::Dev, &statements, logs, listen)
    } else {
        Ok(())
    };
    told(&session, &done)?;
    result?;
    Ok(RolledBack { status: "rolled_back", rollback: done, leftovers: left, dropped, findings })
}

/// Takes back what was chosen about generated files: nothing that is built follows from it.
fn choice(session: &Session, back: &rollback::Unchosen) -> Outcome<RolledBack> {
    let workspace = &session.workspace;
    let inputs = Inputs::from(workspace);
    let lock = if back.documents.is_empty() || !generate::is_locked(&inputs) {
        None
    } else {
        let mut texts = workspace.texts.clone();
        texts.extend(back.documents.clone());
        let without = Inputs::from(&Workspace::read(&workspace.root, texts, Vec::new())?);
        Some(generate::lock_file(&without, &without.texts))
    };
    let done = rollback::finish_choice(&session.git, back, lock, when())?;
    told(session, &done)?;
    let findings = session.findings.clone();
    Ok(RolledBack { status: "rolled_back", rollback: done, leftovers: Vec::new(), dropped: false, findings })
}

fn told(session: &Session, done: &Rollback) -> Outcome<()> {
    let what = format!("rollback of {}", done.of.join(", "));
    let mut event = Event::new(EventKind::RolledBack, clock::now(), &session.git.who(), &what, "rolled back");
    event.change = Some(done.id.clone());
    event.inverse = Some(Inverse::Command(format!("pipewright rollback {}", done.id)));
    event.append(&session.workspace.root)
}

/// The schema that models of a layer are built in.
fn schema(layer: &Layer) -> String {
    match layer {
        Layer::Staging(_) => "staging",
        Layer::Intermediate => "intermediate",
        Layer::Marts => "marts",
    }
    .to_owned()
}
