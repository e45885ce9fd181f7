//! `run`: pipelines of the workspace are built, in `dev` freely, in `prod` only from the main branch.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Session;
use crate::publish;
use crate::run::{AsOf, Job, Listen, RunReport, Target, Via, execute};
use crate::vocabulary::{Diagnostic, Fault, Name, Outcome};
use crate::workspace::{Workspace, paths};
use crate::world::clock;
use crate::world::git::{Git, Head};

/// What is to be run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunOptions {
    /// A folder in the workspace.
    pub workspace: PathBuf,
    /// The pipelines. If none are named: on a branch `pipewright/…` those whose spec differs from the main branch, else
    /// all.
    pub pipelines: Option<Vec<Name>>,
    /// Where models are built.
    pub target: Target,
    /// What runs them.
    pub via: Via,
    /// The end of the period that the run answers for. If none is given: the first moment of this day in UTC, so that
    /// windows hold whole days, and all runs of a day give the same answer, as the DAG's do.
    pub as_of: Option<AsOf>,
}

/// Runs pipelines. A run that fails is in the report too; its `status` says so.
///
/// # Errors
/// The run could not begin: nothing was done.
pub fn run(options: &RunOptions, listen: &mut Listen<'_>) -> Outcome<RunReport> {
    let Session { workspace, git, findings, .. } = &Session::open(&options.workspace, "run")?;
    let head = git.head()?;
    if options.target == Target::Prod {
        only_from_main(git, &head)?;
    }
    Fault::unless_empty(publish::conflicts_in_work_tree(git)?)?;
    let pipelines = match &options.pipelines {
        Some(named) => named.clone(),
        None => of_this_branch(workspace, git, &head)?,
    };
    let job = Job {
        root: &workspace.root,
        config: &workspace.config,
        specs: &workspace.specs,
        pipelines,
        target: options.target,
        via: options.via,
        as_of: options.as_of.unwrap_or_else(|| AsOf::day(clock::today())),
        branch: head.branch.clone(),
        commit: head.commit.map(|id| id.to_string()),
        by: git.who(),
    };
    let mut report = execute(&job, listen)?;
    report.findings.splice(0..0, findings.iter().cloned());
    Ok(report)
}

/// Nothing that is not on the main branch touches production.
fn only_from_main(git: &Git, head: &Head) -> Outcome<()> {
    let refused = |what: String, next: &str| Err(Diagnostic::error("not-for-prod", what).next(next).fault());
    let Some(main) = git.main_branch() else {
        return refused(
            "production runs only what is on the main branch, and this repository has none".into(),
            "name it `main` or `master`, or set it: `git remote set-head origin --auto`",
        );
    };
    if head.branch.as_deref() != Some(main.as_str()) {
        let on = head.branch.as_ref().map_or_else(|| "a detached HEAD".to_owned(), |b| format!("`{b}`"));
        return refused(
            format!("production runs only what is on the main branch `{main}`; this is {on}"),
            "merge the change first, or run with `--target dev`",
        );
    }
    let changed = git.uncommitted()?;
    if let Some(first) = changed.first() {
        return refused(
            format!("production runs only what is committed; {} paths are not, `{first}` among them", changed.len()),
            "commit or stash them first",
        );
    }
    Ok(())
}

/// The pipelines of the change that HEAD stands on; all where it is no branch of a change, or touches no spec.
fn of_this_branch(workspace: &Workspace, git: &Git, head: &Head) -> Outcome<Vec<Name>> {
    let all = || workspace.specs.keys().cloned().collect::<Vec<Name>>();
    let on_change = head.branch.as_deref().is_some_and(|b| b.starts_with("pipewright/"));
    let main = git.main_branch().map(|b| git.branch_commit(&b)).transpose()?.flatten();
    let (true, Some(commit), Some(main)) = (on_change, head.commit, main) else {
        return Ok(all());
    };
    let base = git.entries(git.merge_base(main, commit)?)?;
    let here = git.entries(Some(commit))?;
    let touched: BTreeSet<&str> =
        here.iter().filter(|(path, entry)| base.get(*path) != Some(entry)).map(|(path, _)| path.as_str()).collect();
    let own: Vec<Name> =
        workspace.specs.keys().filter(|n| touched.contains(paths::spec(n).as_str())).cloned().collect();
    Ok(if own.is_empty() { all() } else { own })
}
