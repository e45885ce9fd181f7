//! What changed in the sources against their contracts, what that breaks, and the branch that follows it.

mod follow;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Programs, Session};
use crate::contract::Contract;
use crate::drift::fix::{self, Drifted, Ground};
use crate::drift::{Compared, Effects, Project, changes, impact};
use crate::requirement::Question;
use crate::vocabulary::{Diagnostic, Name, Outcome, TableRef};
use read::Sources;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A folder in the workspace.
    pub dir: PathBuf,
    /// One source; all if none.
    pub source: Option<String>,
    /// Only the catalog is read, no rows.
    pub no_profile: bool,
    /// Whether the branch that follows is made.
    pub fix: bool,
    /// When a DAG is to look for drift: that DAG is made, and nothing else.
    pub dag: Option<String>,
    /// Answers to questions, by key.
    pub answers: BTreeMap<String, String>,
    /// Which programs may be run.
    pub programs: Programs,
}

/// What was found, and what came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// `clean`, `drift`, `proposed`, or `question`.
    pub status: &'static str,
    /// Each change with what it does, by table and column.
    pub changes: Vec<Drifted>,
    /// Counts of them.
    pub summary: Summary,
    /// What must be answered before all can be followed.
    pub questions: Vec<Question>,
    /// The change that follows, with `--fix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Proposed>,
    /// What was left out, and what to look at.
    pub findings: Vec<Diagnostic>,
}

/// Counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Tables that were compared.
    pub tables: usize,
    /// Changes.
    pub changes: usize,
    /// Changes that break something, or may.
    pub breaking: usize,
    /// Of each kind of thing: how many no change touches.
    pub untouched: BTreeMap<String, usize>,
}

/// The change that follows.
#[derive(Clone, Debug, Serialize)]
pub struct Proposed {
    /// Its name.
    pub change: String,
    /// The branch that the work tree stands on.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// Paths that it touches.
    pub files: Vec<String>,
}

/// Compares the sources with their contracts; with `fix`, makes the branch that follows.
///
/// # Errors
/// A source that can't be read, broken documents, an answer to no question; with `fix` what the gate finds, approvals
/// that are missing, uncommitted work in the way. Nothing is written then.
pub fn drift(options: &Options, progress: &mut dyn FnMut(&str)) -> Outcome<Report> {
    let writes = options.fix || options.dag.is_some();
    let open = if writes { Session::open } else { Session::look };
    let mut session = open(&options.dir, "drift")?;
    let workspace = &session.workspace;
    if let Some(cron) = &options.dag {
        let findings = session.findings.clone();
        let mut report = Report { status: "clean", findings, ..Report::default() };
        follow::watch(&session, options, cron, &mut report)?;
        return Ok(report);
    }
    let sources = Sources::read(workspace, options, progress)?;
    let mut findings = session.findings.clone();
    findings.extend(sources.warnings.iter().cloned());
    let mut found = compare(&session, &sources, &BTreeMap::new())?;
    let dialects = workspace.config.target_dialects();
    let ground = Ground {
        contracts: &workspace.contracts,
        now: &sources.now,
        specs: &workspace.specs,
        dialects: &dialects,
        answers: &options.answers,
    };
    let (mut readings, mut questions) = fix::decide(&found, &ground).map_err(Diagnostic::fault)?;
    let renamed = fix::renames(&readings);
    if !renamed.is_empty() {
        found = compare(&session, &sources, &renamed)?;
        let (more, open) = fix::decide(&found, &Ground { answers: &left(&options.answers, &found, &ground), ..ground })
            .map_err(Diagnostic::fault)?;
        readings.extend(more);
        questions = open;
    }
    if let Some(key) = options.answers.keys().find(|key| !readings.contains_key(*key)) {
        let known: Vec<&str> = questions.iter().map(|q| q.key.as_str()).collect();
        let next = if known.is_empty() { "nothing is asked".into() } else { format!("asked are {}", known.join(", ")) };
        let what = format!("`{}` is no question", key.escape_debug());
        return Err(Diagnostic::error("usage", what).next(next).fault());
    }
    let summary = summary(&found, sources.compared);
    let status = if found.is_empty() { "clean" } else { "drift" };
    let mut report = Report { status, changes: found, summary, questions, proposed: None, findings };
    if !options.fix || report.changes.is_empty() {
        return Ok(report);
    }
    if !report.questions.is_empty() {
        report.status = "question";
        return Ok(report);
    }
    let fixed = fix::fix(&report.changes, &readings, &ground);
    let errors: Vec<Diagnostic> = fixed.findings.clone();
    crate::vocabulary::Fault::unless_empty(errors)?;
    let changes = report.changes.clone();
    // What was compared is not needed any more, and may be large.
    drop(sources);
    follow::publish(&mut session, options, &changes, fixed, &mut report)?;
    Ok(report)
}

/// Answers to questions that are still asked; those of renames have done their part.
fn left(answers: &BTreeMap<String, String>, found: &[Drifted], ground: &Ground<'_>) -> BTreeMap<String, String> {
    let none = BTreeMap::new();
    let Ok((_, open)) = fix::decide(found, &Ground { answers: &none, ..*ground }) else { return none };
    let asked: BTreeSet<&str> = open.iter().map(|q| q.key.as_str()).collect();
    answers.iter().filter(|(key, _)| asked.contains(key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Every change of every source that was read, with what it does.
fn compare(session: &Session, sources: &Sources, renamed: &BTreeMap<String, String>) -> Outcome<Vec<Drifted>> {
    let workspace = &session.workspace;
    let mut found = Vec::new();
    for source in &sources.names {
        let readable = |c: &&Contract| c.source == *source && !sources.skipped.contains(&c.called());
        let last = sources.last.values().filter(readable);
        let compared = Compared {
            contracts: workspace.contracts.values().filter(readable).collect(),
            last: last.map(|c| (c.called(), c)).collect(),
            now: sources.now.iter().filter(|c| c.source == *source).collect(),
            catalog_only: sources.catalog_only,
            renamed,
        };
        found.extend(changes(&compared));
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut project = Project::new(read::project(&session.git)?);
    let tables: BTreeSet<TableRef> = found.iter().map(|c| c.table.clone()).collect();
    project.resolve(&tables, &workspace.contracts, &workspace.config.target_dialects());
    let effects = Effects { project: &project, specs: &workspace.specs };
    Ok(found.into_iter().map(|change| Drifted { impact: impact(&change, &effects), change }).collect())
}

fn summary(found: &[Drifted], tables: usize) -> Summary {
    let mut untouched: BTreeMap<String, usize> = BTreeMap::new();
    for drifted in found {
        for (kind, n) in &drifted.impact.untouched {
            let least = untouched.entry(kind.clone()).or_insert(*n);
            *least = (*least).min(*n);
        }
    }
    let breaking = found.iter().filter(|d| d.impact.is_breaking()).count();
    Summary { tables, changes: found.len(), breaking, untouched }
}

/// What a change that follows drift of these sources is called.
fn name(sources: &[Name]) -> Name {
    match sources {
        [one] => Name::from_text(&format!("drift_{one}"), "drift"),
        _ => Name::from_text("drift", "drift"),
    }
}
