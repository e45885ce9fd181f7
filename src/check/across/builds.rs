//! What of the dbt project DAGs build.

use std::collections::BTreeSet;

use super::Seen;
use super::select::{Selected, select};
use crate::check::airflow::{DagFile, Task, Value};
use crate::check::python::{Expr, Kind, Span, argument};
use crate::check::rules::is_mart;
use crate::check::{Analysis, Repository};
use crate::dbt::{self, NodeId};
use crate::vocabulary::{Diagnostic, nearest};

/// A task that runs dbt.
#[derive(Debug)]
pub struct Build<'s> {
    /// The file.
    pub file: &'s DagFile<'s>,
    /// Its DAG, in the file.
    pub dag: Option<usize>,
    /// Where the task is made.
    pub at: Span,
    /// `run`, `build`, `test`, ….
    pub command: String,
    /// What is selected; empty for everything.
    pub select: Vec<String>,
    /// What is left out.
    pub exclude: Vec<String>,
    /// Which nodes that are nobody knows before it runs.
    pub unknown: bool,
}

/// Every task that runs dbt.
pub fn builds<'s>(dags: &'s [DagFile<'s>]) -> Vec<Build<'s>> {
    dags.iter().flat_map(|file| file.tasks.iter().flat_map(move |task| of_task(file, task))).collect()
}

impl Build<'_> {
    /// The nodes that it builds or tests.
    pub fn selected(&self, analysis: &Analysis) -> Selected {
        let mut out = if self.select.is_empty() {
            let all = analysis.project.nodes.iter().enumerate();
            let nodes = all.filter(|(_, n)| n.kind != dbt::Kind::Source).map(|(i, _)| i as NodeId).collect();
            Selected { nodes, ..Selected::default() }
        } else {
            select(analysis, &self.select)
        };
        let without = select(analysis, &self.exclude);
        out.nodes.retain(|id| !without.nodes.contains(id));
        out.nothing.extend(without.nothing);
        out.unknown |= without.unknown || self.unknown;
        out
    }

    /// Whether it makes tables.
    pub fn makes(&self) -> bool {
        matches!(self.command.as_str(), "run" | "build" | "snapshot" | "seed")
    }
}

fn of_task<'s>(file: &'s DagFile<'s>, task: &'s Task<'s>) -> Vec<Build<'s>> {
    let build = |command: &str, select: Vec<String>, exclude: Vec<String>, unknown: bool| Build {
        file,
        dag: task.dag,
        at: task.at,
        command: command.to_owned(),
        select,
        exclude,
        unknown,
    };
    let class = task.operator.rsplit('.').next().unwrap_or_default();
    if task.operator.starts_with("cosmos") {
        let render = task.arguments.expr("render_config");
        let words = |name: &str| render.map_or(Some(Vec::new()), |e| rendered(file, e, name));
        let (select, exclude) = (words("select"), words("exclude"));
        let unknown = select.is_none() || exclude.is_none() || task.arguments.open;
        if matches!(class, "DbtTaskGroup" | "DbtDag") {
            return vec![build("build", select.unwrap_or_default(), exclude.unwrap_or_default(), unknown)];
        }
    }
    // Cosmos, airflow-dbt and their like: one operator a command.
    if let Some(command) = class
        .strip_prefix("Dbt")
        .and_then(|c| ["Run", "Build", "Test", "Seed", "Snapshot"].into_iter().find(|name| c.starts_with(name)))
    {
        if class.contains("Cloud") || class.contains("RunOperation") {
            return Vec::new();
        }
        let mut words = Vec::new();
        let mut unknown = task.arguments.open;
        for name in ["select", "models"] {
            match task.arguments.get(name) {
                Some(Value::Text(text)) => words.push(text.to_string()),
                Some(Value::List(all)) if all.iter().all(|v| v.text().is_some()) => {
                    words.extend(all.iter().filter_map(|v| v.text().map(str::to_owned)));
                }
                None | Some(Value::None) => {}
                Some(_) => unknown = true,
            }
        }
        let exclude = task.arguments.text("exclude").map(str::to_owned).into_iter().collect();
        return vec![build(&command.to_lowercase(), words, exclude, unknown)];
    }
    let mut out = Vec::new();
    let mut commands: Vec<String> = Vec::new();
    if let Some(value) = task.arguments.get("bash_command").or_else(|| task.arguments.get("command")) {
        match value.text() {
            Some(text) => commands.push(text.to_owned()),
            // What is put together nobody knows; that it runs dbt may be plain.
            None if file.file.of(task.at).contains("dbt ") => out.push(build("run", Vec::new(), Vec::new(), true)),
            None => {}
        }
    }
    let list = |name: &str| task.arguments.get(name).map(|v| v.texts().join(" ")).unwrap_or_default();
    if class.contains("Pod") || class.contains("Docker") || class.contains("Ecs") {
        commands.push(format!("{} {}", list("cmds"), list("arguments")));
    }
    for command in commands {
        for one in of_command(&command) {
            out.push(build(&one.0, one.1, one.2, one.3));
        }
    }
    out
}

/// Texts of `RenderConfig(select=[…])`; none where they can't be read.
fn rendered(file: &DagFile<'_>, expr: &Expr<'_>, name: &str) -> Option<Vec<String>> {
    let (function, arguments) = expr.call()?;
    file.file.imports.stands_for(function).filter(|p| p.ends_with("RenderConfig"))?;
    if arguments.iter().any(|a| a.stars == 2) {
        return None;
    }
    match argument(arguments, name, None).map(|e| &e.kind) {
        None | Some(Kind::None) => Some(Vec::new()),
        Some(Kind::List(all, _)) => all.iter().map(|e| e.text().map(str::to_owned)).collect(),
        Some(_) => None,
    }
}

/// dbt's part of a command line: command, what is selected and left out, and whether something in it is unknown.
type Said = (String, Vec<String>, Vec<String>, bool);

fn of_command(line: &str) -> Vec<Said> {
    let mut out = Vec::new();
    let line = line.replace("\\\n", " ").replace("&&", " ; ").replace("||", " ; ").replace(['|', ';'], " ; ");
    let mut words = line.split_whitespace().map(|w| w.trim_matches(['"', '\''])).peekable();
    while let Some(word) = words.next() {
        let program = word.rsplit('/').next().unwrap_or(word).trim_end_matches(['"', '\'']);
        if program != "dbt" {
            continue;
        }
        let (mut command, mut select, mut exclude, mut unknown) = (None, Vec::new(), Vec::new(), false);
        let mut into: Option<bool> = None;
        while let Some(word) = words.next_if(|w| *w != ";") {
            let (flag, value) =
                word.split_once('=').filter(|(f, _)| f.starts_with("--")).map_or((word, None), |(f, v)| (f, Some(v)));
            match flag {
                "--select" | "-s" | "--models" | "--model" | "-m" => into = Some(true),
                "--exclude" => into = Some(false),
                "--selector" | "--state" => {
                    unknown = true;
                    into = None;
                }
                _ if flag.starts_with('-') => {
                    into = None;
                    continue;
                }
                _ if command.is_none() && into.is_none() => {
                    command = Some(word.to_owned());
                    continue;
                }
                _ => {
                    match into {
                        Some(true) => select.push(word.to_owned()),
                        Some(false) => exclude.push(word.to_owned()),
                        None => {}
                    }
                    continue;
                }
            }
            if let (Some(value), Some(to)) = (value, into) {
                if to { &mut select } else { &mut exclude }.push(value.trim_matches(['"', '\'']).to_owned());
                into = None;
            }
        }
        unknown |= select.iter().chain(&exclude).any(|w| w.contains(['{', '$', '`', '%']));
        if let Some(command) = command.filter(|c| matches!(c.as_str(), "run" | "build" | "test" | "seed" | "snapshot"))
        {
            out.push((command, select, exclude, unknown));
        }
    }
    out
}

/// The dbt project, where it is the only one: commands of DAGs are about it then.
pub(super) fn only_project<'s>(seen: &'s Seen<'_>) -> Option<&'s Analysis> {
    let projects = seen.repository.files.keys().filter(|p| {
        (*p == "dbt_project.yml" || p.ends_with("/dbt_project.yml"))
            && Repository::wants(p)
            && !p.starts_with(".pipewright/")
    });
    seen.analysis.filter(|_| projects.count() <= 1)
}

/// Tasks for models that do not exist.
pub(super) fn missing(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let Some(analysis) = only_project(seen) else { return };
    for build in builds(seen.dags).iter().filter(|b| !b.unknown) {
        for part in build.selected(analysis).nothing {
            let bare = part.trim_matches(|c: char| c == '+' || c == '@' || c.is_ascii_digit());
            let names = analysis.project.nodes.iter().filter(|n| n.kind != dbt::Kind::Source).map(|n| n.name.as_str());
            let near = nearest(bare, names);
            let next = match near.as_slice() {
                [] => "mend the selection, or take the task out".to_owned(),
                near => {
                    format!("did you mean {}?", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
                }
            };
            let fault = Diagnostic::error("unknown-selection", format!("`{part}` selects nothing in the dbt project"))
                .why("dbt says so in its log and ends well: the task is green, and builds nothing")
                .next(next);
            found.push(build.file.file.fault(fault, build.at));
        }
    }
}

/// Marts that no DAG builds.
pub(super) fn unbuilt(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let Some(analysis) = only_project(seen) else { return };
    let builds = builds(seen.dags);
    // What is made in ways that nobody followed may build anything.
    let hidden = seen.dags.iter().any(|f| {
        let open = f.open || f.dags.iter().any(|d| d.open);
        (open && f.file.text.contains("dbt")) || f.file.text.contains("DbtCloud") || f.file.imports.has("dagfactory")
    });
    if hidden || builds.iter().all(|b| !b.makes()) {
        return;
    }
    let mut built: BTreeSet<NodeId> = BTreeSet::new();
    for build in builds.iter().filter(|b| b.makes()) {
        let selected = build.selected(analysis);
        if selected.unknown {
            return;
        }
        built.extend(selected.nodes);
    }
    for (id, node) in analysis.project.nodes.iter().enumerate() {
        let made = node.config.materialized.as_deref() != Some("ephemeral");
        let own = node.package == analysis.project.name;
        if node.kind != dbt::Kind::Model
            || !is_mart(node)
            || !made
            || !own
            || node.config.disabled
            || built.contains(&(id as NodeId))
        {
            continue;
        }
        let fault = Diagnostic::warning("mart-unbuilt", format!("no DAG builds `{}`", node.name))
            .why("every task that runs dbt selects other models: this one stays as it was last built by hand")
            .next("select it in a task, or disable it");
        found
            .push(fault.at(crate::sql::Text::new(&seen.repository.of_project(&node.path), "", &node.text).place(0, 1)));
    }
}

#[cfg(test)]
mod tests {
    use super::of_command;

    #[test]
    fn command_lines_are_read() {
        let said = |line: &str| {
            of_command(line).into_iter().map(|(c, s, e, u)| format!("{c} {s:?} {e:?} {u}")).collect::<Vec<_>>()
        };
        assert_eq!(
            said("cd /x && dbt run --select a b+ --exclude tag:slow -t prod"),
            [r#"run ["a", "b+"] ["tag:slow"] false"#]
        );
        assert_eq!(
            said("dbt --no-use-colors build -s 'tag:daily' ; dbt test"),
            [r#"build ["tag:daily"] [] false"#, "test [] [] false"]
        );
        assert_eq!(said("\"$BIN/dbt\" run --select=marts.core"), [r#"run ["marts.core"] [] false"#]);
        assert_eq!(said("dbt run --select {{ params.m }}"), [r#"run ["{{", "params.m", "}}"] [] true"#]);
        assert_eq!(said("dbt run --selector nightly"), ["run [] [] true"]);
        assert_eq!(said("dbt deps"), Vec::<String>::new());
        assert_eq!(said("echo dbtools run"), Vec::<String>::new());
    }
}
