//! The branch that follows drift: documents, then everything that is generated from them, through the gate.

use std::collections::BTreeSet;

use super::{Options, Proposed, Report, name};
use crate::contract;
use crate::drift::fix::{Drifted, Fix};
use crate::publish::{self, Draft, Published};
use crate::render::{self, Files};
use crate::verbs::Session;
use crate::verbs::generate::{self, Inputs};
use crate::verbs::messages::{Talk, conversation};
use crate::verbs::session::when;
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome, Place, Severity, TableRef};
use crate::workspace::{Config, Event, EventKind, Inverse, Watch, paths};
use crate::world::clock;
use crate::world::git::{File, Tree};

/// Writes the documents of a fix and all that follows, as one commit on a branch of its own.
pub(super) fn publish(
    session: &mut Session,
    options: &Options,
    drift: &[Drifted],
    fix: Fix,
    report: &mut Report,
) -> Outcome<()> {
    let mut inputs = Inputs { programs: options.programs, ..Inputs::take(&mut session.workspace) };
    let workspace = &session.workspace;
    // Where everything else stands as it would be generated, only what follows from these tables is. What was handed in and
    // what agents of one's own answer may depend on anything.
    let rules_alone = inputs.handed_in.is_empty() && inputs.config.agents.is_empty();
    let part = fix.specs.is_empty() && rules_alone && generate::is_locked(&inputs);
    let mut documents = Files::new();
    for (table, new) in &fix.contracts {
        let path = paths::contract(table);
        let old = inputs.contracts.get(table).map(contract::write);
        let text = edited(&path, old.as_deref(), inputs.texts.get(&path), &contract::write(new), &|text| {
            contract::read(&path, text).is_ok_and(|read| read == *new)
        })?;
        documents.insert(path.clone(), text.clone());
        inputs.texts.insert(path, text);
        inputs.contracts.insert(table.clone(), new.clone());
    }
    for found in &fix.found {
        documents.insert(paths::base(&paths::contract(&found.table_ref())), contract::write(found));
    }
    for (name, new) in &fix.specs {
        let (path, text) = render::spec(new)?;
        let old = workspace.specs.get(name).map(render::spec).transpose()?.map(|(_, text)| text);
        let text = edited(&path, old.as_deref(), inputs.texts.get(&path), &text, &|text| {
            crate::document::parse::<crate::spec::Spec>(&path, text).is_ok_and(|read| read == *new)
        })?;
        documents.insert(path.clone(), text.clone());
        inputs.texts.insert(path, text);
        inputs.specs.insert(name.clone(), new.clone());
    }
    let mut sources: Vec<Name> = drift.iter().map(|d| d.change.table.source.clone()).collect();
    sources.dedup();
    let tables: BTreeSet<TableRef> = fix.contracts.keys().cloned().collect();
    commit(session, &inputs, documents, (&name(&sources), &title(drift)), Some(&tables).filter(|_| part), report)
}

/// Makes `pipewright.yml` ask for a DAG that looks for drift, and that DAG.
pub(super) fn watch(session: &Session, options: &Options, cron: &str, report: &mut Report) -> Outcome<()> {
    let workspace = &session.workspace;
    if workspace.specs.is_empty() {
        return Err(Diagnostic::error("no-pipeline", "there is no pipeline yet whose sources could drift")
            .next("`pipewright propose \"…\"` makes one")
            .fault());
    }
    let mut inputs = Inputs { programs: options.programs, ..Inputs::from(workspace) };
    let timezone = inputs.config.drift.as_ref().and_then(|w| w.timezone.clone());
    inputs.config.drift = Some(Watch { cron: cron.to_owned(), timezone });
    let before = render::canonical(&workspace.config)?;
    let after = render::canonical(&inputs.config)?;
    let wanted = inputs.config.drift.clone();
    let text = edited(paths::CONFIG, Some(&before), inputs.texts.get(paths::CONFIG), &after, &|text| {
        crate::document::parse::<Config>(paths::CONFIG, text).is_ok_and(|read| read.drift == wanted)
    })?;
    inputs.texts.insert(paths::CONFIG.to_owned(), text.clone());
    let documents = Files::from([(paths::CONFIG.to_owned(), text)]);
    let name = Name::from_text("pipewright_drift", "drift");
    commit(session, &inputs, documents, (&name, &format!("Look for drift at {cron}")), None, report)
}

/// Generates everything from `inputs`, and commits it with the documents that were changed.
fn commit(
    session: &Session,
    inputs: &Inputs,
    mut documents: Files,
    (pipeline, title): (&Name, &str),
    tables: Option<&BTreeSet<TableRef>>,
    report: &mut Report,
) -> Outcome<()> {
    let (workspace, git) = (&session.workspace, &session.git);
    let behind = generate::behind(inputs);
    let mut generated = generate::generate_part(inputs, &workspace.specs, git, tables)?;
    report.findings.append(&mut generated.findings);
    documents.insert(paths::LOCK.to_owned(), generate::lock_file(inputs, &generated.answers));
    let draft = Draft {
        pipeline,
        title,
        requirement: None,
        generated: &generated.files,
        whole: tables.is_none(),
        documents: &documents,
        when: when(),
    };
    match publish::commit(git, &draft)? {
        Published::Unchanged { findings } => report.findings.extend(findings),
        Published::Changed { change, findings } => {
            report.findings.extend(findings);
            let mut event = Event::new(EventKind::Proposed, clock::now(), &git.who(), title, "proposed");
            event.pipeline = Some(pipeline.to_string());
            event.change = Some(change.id.clone());
            event.inverse = Some(Inverse::Command(format!("pipewright rollback {}", change.id)));
            let talks: Vec<Talk> = generated.talks.iter().filter(|t| behind.contains(&t.pipeline)).cloned().collect();
            event.messages = conversation(&event, &talks, None);
            event.append(&workspace.root)?;
            report.status = "proposed";
            report.proposed =
                Some(Proposed { change: change.id, branch: change.branch, commit: change.commit, files: change.files });
        }
    }
    Ok(())
}

/// The first line of the commit.
fn title(drift: &[Drifted]) -> String {
    match drift {
        [one] => format!("Follow drift: {}", one.change.said()),
        [one, rest @ ..] => format!("Follow drift: {} and {} more", one.change.said(), rest.len()),
        [] => "Follow drift".to_owned(),
    }
}

/// A document with what changed in it and everything else as people wrote it: comments, order, fields that are not read
/// here. Merged from the document as it would be written before and after.
fn edited(
    path: &str,
    before: Option<&str>,
    ours: Option<&String>,
    after: &str,
    is_meant: &dyn Fn(&str) -> bool,
) -> Outcome<String> {
    let (Some(before), Some(ours)) = (before, ours) else { return Ok(after.to_owned()) };
    if before == ours {
        return Ok(after.to_owned());
    }
    let tree = |text: &str| Tree::from([(path.to_owned(), File::plain(text.as_bytes()))]);
    let new = Files::from([(path.to_owned(), after.to_owned())]);
    let merged = publish::merge(&tree(before), &tree(ours), &new);
    let clean = merged.findings.iter().all(|f| f.severity != Severity::Error);
    let text = merged.tree.get(path).and_then(|file| String::from_utf8(file.bytes.clone()).ok());
    match text.filter(|text| clean && is_meant(text)) {
        Some(text) => Ok(text),
        None => Err(Fault::from(
            Diagnostic::error("edited-there", "people wrote where the document must follow the source")
                .at(Place::file(path))
                .why("a comment or an own form of YAML stands in the lines that change")
                .next("move the comment to a line of its own away from them, commit, and try again"),
        )),
    }
}
