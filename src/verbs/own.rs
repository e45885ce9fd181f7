//! Programs of one's own, asked for what they can do. What one answered is kept beside the spec, in
//! `pipelines/<name>.agents.json`, and taken from there as long as the task is the same: `check` runs no program, ever,
//! and whoever clones the repository generates the same bytes without having it.
//!
//! A program runs only as the main branch has it: its entry in `pipewright.yml`, and the files of the workspace that its
//! command names. A branch that nobody has reviewed can't bring one along.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::agents::own::{self, Ask};
use crate::document;
use crate::proposal::Proposal;
use crate::render::Files;
use crate::vocabulary::{Diagnostic, Name, Outcome, Place};
use crate::workspace::{Config, OwnAgent, paths};
use crate::world::files::ways_inside;
use crate::world::git::Git;
use crate::world::process::{self, Command, End, Secrets};

/// Whether programs may be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Programs {
    /// None: only what was answered before.
    #[default]
    Kept,
    /// Those that stand in the main branch as they stand here.
    AsMain,
    /// Those that stand here: the user has read them.
    Trusted,
}

/// `pipelines/<name>.agents.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    answers: Vec<KeptAnswer>,
}

/// What one agent answered to one task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptAnswer {
    agent: Name,
    task: String,
    /// Hash of what it was asked.
    asked: String,
    proposals: Vec<Value>,
}

/// Where tasks go out and answers come in.
pub(super) struct Desk<'a> {
    git: &'a Git,
    programs: Programs,
    kept: BTreeMap<(String, String), (String, KeptAnswer)>,
    done: RefCell<Done>,
}

/// What came of the tasks so far.
#[derive(Default)]
struct Done {
    answers: BTreeMap<Name, Vec<KeptAnswer>>,
    findings: Vec<Diagnostic>,
}

impl<'a> Desk<'a> {
    /// A desk that knows what is kept in `texts`.
    pub(super) fn open(git: &'a Git, programs: Programs, texts: &BTreeMap<String, String>) -> Outcome<Desk<'a>> {
        let mut kept = BTreeMap::new();
        for (path, text) in texts.iter().filter(|(path, _)| path.ends_with(paths::ANSWERS_ENDING)) {
            let file: Kept = document::parse(path, text)?;
            let entry = |a: KeptAnswer| ((a.agent.to_string(), a.task.clone()), (path.clone(), a));
            kept.extend(file.answers.into_iter().map(entry));
        }
        Ok(Desk { git, programs, kept, done: RefCell::default() })
    }

    /// Answers a task: as it was answered before, else by the program.
    pub(super) fn answer(&self, ask: &Ask<'_>) -> Outcome<Vec<Proposal>> {
        let hash = ask.hash();
        let (name, task) = (&ask.agent.name, &ask.task.task);
        let kept = self.kept.get(&(name.to_string(), task.clone()));
        let current = kept.is_some_and(|(_, answer)| answer.asked == hash);
        let (proposals, asked) = match (kept, self.programs) {
            (Some((path, answer)), programs) if current || programs == Programs::Kept => {
                if !current {
                    self.done.borrow_mut().findings.push(behind(ask, path));
                }
                let text = json!({ "proposals": answer.proposals }).to_string();
                (own::read(ask, path, &text)?, answer.asked.clone())
            }
            (None, Programs::Kept) => {
                return Err(Diagnostic::error("agent-not-asked", format!("`{name}` was never asked for `{task}`"))
                    .at(Place::file(paths::answers(&ask.task.spec.name)))
                    .why("no program is run here: what one answered is kept beside the spec, and this is not there")
                    .next("`pipewright regenerate` on your own machine, and commit what it writes")
                    .fault());
            }
            (_, programs) => {
                if programs == Programs::AsMain {
                    as_main(self.git, ask.agent)?;
                }
                (self.run(ask)?, hash)
            }
        };
        let answer = KeptAnswer {
            agent: name.clone(),
            task: task.clone(),
            asked,
            proposals: proposals.iter().filter_map(|p| serde_json::to_value(p).ok()).collect(),
        };
        self.done.borrow_mut().answers.entry(ask.task.spec.name.clone()).or_default().push(answer);
        Ok(proposals)
    }

    /// The tasks that were answered so far, each with who answered.
    pub(super) fn asked(&self) -> Vec<(String, String)> {
        let done = self.done.borrow();
        done.answers.values().flatten().map(|a| (a.task.clone(), a.agent.to_string())).collect()
    }

    /// What is to be kept, and what is to be looked at.
    pub(super) fn close(self) -> (Files, Vec<Diagnostic>) {
        let Done { answers, findings } = self.done.into_inner();
        let file = |(pipeline, answers): (Name, Vec<KeptAnswer>)| {
            let text = serde_json::to_string_pretty(&Kept { version: 1, answers }).unwrap_or_default();
            (paths::answers(&pipeline), text + "\n")
        };
        (answers.into_iter().map(file).collect(), findings)
    }

    fn run(&self, ask: &Ask<'_>) -> Outcome<Vec<Proposal>> {
        let agent = ask.agent;
        let fault = |code, what: String| {
            Diagnostic::error(code, what).at(Place::path(paths::CONFIG, format!("agents.{}", agent.name)))
        };
        let root = self.git.workspace();
        let program = program(root, agent)?;
        let folder = root.join(paths::state(&format!("agents/{}", agent.name)));
        let log = folder.join("stderr.log");
        // Its own empty folder: nothing that a branch puts into the workspace is beside it by chance.
        let here = folder.join("cwd");
        crate::world::files::folder(&here)?;
        let mut command = Command::of(program)
            .args(agent.command[1..].iter().map(|arg| match ways_inside(root, arg).first() {
                Some(file) => root.join(file),
                None => arg.into(),
            }))
            .cwd(&here)
            .log(&log)
            .secrets(&Secrets::of_env(agent.env.iter().map(String::as_str)))
            .timeout(Duration::from_secs(agent.timeout_seconds))
            .env("LC_ALL", "C.UTF-8")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for name in agent.env.iter().map(String::as_str).chain(["PATH"]) {
            if let Some(value) = process::env(name) {
                command = command.env(name, value);
            }
        }
        let most = usize::try_from(agent.output_kib).unwrap_or(usize::MAX).saturating_mul(1024);
        let answer = command.ask(&ask.text(), most)?;
        let name = &agent.name;
        let at = format!("its standard error is in {}", crate::world::files::relative(root, &log));
        let ended = match answer.end {
            _ if answer.too_much => {
                let what = format!("`{name}` answered more than {} KiB and was ended", agent.output_kib);
                fault("agent-too-much", what).next("raise `output_kib`, or have it answer less")
            }
            End::Code(0) => {
                let text = String::from_utf8(answer.text).map_err(|e| {
                    let what = format!("the answer of `{name}` is not UTF-8: {}", e.utf8_error());
                    fault("agent-answer", what).next("write JSON as UTF-8")
                })?;
                return own::read(ask, &format!("answer of {name}"), &text);
            }
            End::TimedOut => {
                let what = format!("`{name}` took longer than {} seconds and was ended", agent.timeout_seconds);
                fault("agent-timeout", what).next("raise `timeout_seconds`, or make it quicker")
            }
            End::Code(code) => fault("agent-failed", format!("`{name}` ended with exit code {code}")).next(at),
            End::Signal(signal) => fault("agent-failed", format!("`{name}` was ended by signal {signal}")).next(at),
            End::Interrupted => fault("interrupted", format!("`{name}` was interrupted")),
        };
        let said = answer.said.join("\n");
        Err(if said.trim().is_empty() { ended } else { ended.why(format!("it said: {said}")) }.fault())
    }
}

fn behind(ask: &Ask<'_>, path: &str) -> Diagnostic {
    let (name, task) = (&ask.agent.name, &ask.task.task);
    Diagnostic::error("agent-behind", format!("what `{name}` answered to `{task}` was for another task"))
        .at(Place::file(path))
        .why("the spec, a contract, the agent's entry, or what the rules propose has changed since")
        .next("`pipewright regenerate` asks it again")
}

/// The program of an agent.
fn program(root: &Path, agent: &OwnAgent) -> Outcome<PathBuf> {
    let named = agent.command.first().map_or("", String::as_str);
    let fault = |what: String, next: &str| {
        let place = Place::path(paths::CONFIG, format!("agents.{}.command", agent.name));
        Err(Diagnostic::error("agent-no-program", what).at(place).next(next).fault())
    };
    if !named.contains('/') {
        return match process::on_path(named) {
            Some(path) => Ok(path),
            None => {
                fault(format!("there is no program `{}` on PATH", named.escape_debug()), "install it, or name its path")
            }
        };
    }
    let path = root.join(named);
    if process::is_executable(&path) {
        return Ok(path);
    }
    let what = format!("`{}` of the agent `{}`", named.escape_debug(), agent.name);
    match crate::world::files::is_file(&path) {
        Ok(true) => fault(format!("{what} is not executable"), "`chmod +x` it, or name its interpreter before it"),
        _ => fault(format!("{what} is no file"), "a path is relative to the workspace"),
    }
}

/// Refuses a program that does not stand in the main branch as it stands here.
fn as_main(git: &Git, agent: &OwnAgent) -> Outcome<()> {
    let name = &agent.name;
    let refused = |why: String| {
        Diagnostic::error("agent-not-trusted", format!("the agent `{name}` is not run"))
            .at(Place::path(paths::CONFIG, format!("agents.{name}")))
            .why(why)
            .next("have it reviewed and merged first; or read it, and say `--trust-agents`")
            .fault()
    };
    let main = git.main_branch().map(|branch| Ok::<_, crate::vocabulary::Fault>((git.branch_commit(&branch)?, branch)));
    let Some((Some(main), branch)) = main.transpose()? else {
        return Err(refused("programs run as the main branch has them, and this repository has none".into()));
    };
    let text = match git.entry(Some(main), paths::CONFIG)? {
        Some(entry) => String::from_utf8(git.bytes(entry.id)?).unwrap_or_default(),
        None => String::new(),
    };
    let there = document::parse::<Config>(paths::CONFIG, &text).is_ok_and(|config| config.agents.contains(agent));
    if !there {
        return Err(refused(format!("`{branch}` has no agent with this entry")));
    }
    let named = agent.command.iter().enumerate();
    // A program without a `/` is one of PATH.
    let files: Vec<String> = named
        .filter(|(i, part)| *i > 0 || part.contains('/'))
        .flat_map(|(_, part)| ways_inside(git.workspace(), part))
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    let (here, theirs) = (git.entries(git.head()?.commit)?, git.entries(Some(main))?);
    let changed = git.uncommitted()?;
    for file in &files {
        // What stands beside a program it may read or import.
        let folder = file.rsplit_once('/').map_or(file.as_str(), |(folder, _)| folder);
        let beside = |path: &&String| *path == file || path.starts_with(&format!("{folder}/"));
        let differs = here.keys().chain(theirs.keys()).filter(beside).find(|path| here.get(*path) != theirs.get(*path));
        let edited = || theirs.keys().filter(beside).find(|path| changed.iter().any(|c| c.ends_with(path.as_str())));
        if let Some(path) = differs.or_else(edited) {
            return Err(refused(format!("`{path}` is not as `{branch}` has it")));
        }
        if !theirs.contains_key(file) {
            return Err(refused(format!("`{branch}` does not hold `{file}`")));
        }
    }
    Ok(())
}
