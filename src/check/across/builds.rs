//! What of the dbt project DAGs build.

use std::collections::BTreeSet;

use super::command::of_command;
use super::declared::Declared;
use super::select::{Selected, select};
use super::{Seen, projects};
use crate::check::Analysis;
use crate::check::airflow::{DagFile, Task, Value};
use crate::check::python::{Does, Expr, Kind, Span, argument, each_statement};
use crate::check::rules::is_mart;
use crate::dbt::{self, NodeId};
use crate::sql::Text;
use crate::vocabulary::{Diagnostic, nearest};

/// A task that runs dbt.
#[derive(Debug)]
pub struct Build<'s> {
    /// Who makes it.
    pub by: By<'s>,
    /// `run`, `build`, `test`, ….
    pub command: String,
    /// What is selected; empty for everything.
    pub select: Vec<String>,
    /// What is left out.
    pub exclude: Vec<String>,
    /// Selectors that are named, of `selectors.yml`.
    pub selectors: Vec<String>,
    /// Which nodes that are nobody knows before it runs.
    pub unknown: bool,
    /// Where it runs dbt, as far as that is written in the task.
    pub folder: String,
}

/// Who makes a task.
#[derive(Clone, Copy, Debug)]
pub enum By<'s> {
    /// A file of Airflow's, with the DAG in it, and where.
    Python(&'s DagFile<'s>, Option<usize>, Span),
    /// A DAG that is declared, and the byte at which the task stands.
    Yaml(&'s Declared, usize),
}

impl By<'_> {
    /// The DAG's name: its id, else its file's.
    pub fn dag(&self) -> &str {
        let (id, path) = match self {
            By::Python(file, dag, _) => {
                (dag.and_then(|d| file.dags.get(d)).and_then(|d| d.id.as_deref()), file.file.path)
            }
            By::Yaml(declared, _) => (Some(declared.id.as_str()), declared.path.as_str()),
        };
        let stem = path.rsplit('/').next().unwrap_or(path);
        id.unwrap_or_else(|| stem.rsplit_once('.').map_or(stem, |(stem, _)| stem))
    }

    fn fault(&self, fault: Diagnostic) -> Diagnostic {
        match self {
            By::Python(file, _, at) => file.file.fault(fault, *at),
            By::Yaml(declared, at) => fault.at(Text::new(&declared.path, "", &declared.text).place(*at, 1)),
        }
    }
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
    let folder = folder(file, task);
    let build = |command: &str, select: Vec<String>, exclude: Vec<String>, unknown: bool| Build {
        by: By::Python(file, task.dag, task.at),
        command: command.to_owned(),
        select,
        exclude,
        selectors: Vec::new(),
        unknown,
        folder: folder.clone(),
    };
    let class = task.operator.rsplit('.').next().unwrap_or_default();
    if task.operator.starts_with("cosmos") {
        let render = task.arguments.expr("render_config");
        let words = |name: &str| render.map_or(Some(Vec::new()), |e| rendered(file, e, name));
        let (select, exclude) = (words("select"), words("exclude"));
        let elsewhere = render.is_none() && task.arguments.get("render_config").is_some();
        let selector = render.and_then(|e| argument(e.call()?.1, "selector", None));
        let unknown = select.is_none() || exclude.is_none() || elsewhere || selector.is_some() || task.arguments.open;
        if matches!(class, "DbtTaskGroup" | "DbtDag") {
            let selectors = selector.and_then(Expr::text).map(str::to_owned).into_iter().collect();
            let whole = build("build", select.unwrap_or_default(), exclude.unwrap_or_default(), unknown);
            return vec![Build { selectors, ..whole }];
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
    for name in ["bash_command", "command"] {
        let Some(value) = task.arguments.get(name) else { continue };
        // Of what is put together as the file is imported, what is written is known.
        let written = || task.arguments.expr(name).map(|e| file.file.of(e.at)).filter(|w| is_formatted(w));
        match value.text().map(str::to_owned).or_else(|| written().map(unquoted)) {
            Some(text) => commands.push(text),
            // That it runs dbt may be plain.
            None if file.file.of(task.at).contains("dbt ") => out.push(build("run", Vec::new(), Vec::new(), true)),
            None => {}
        }
        break;
    }
    let list = |name: &str| task.arguments.get(name).map(|v| v.texts().join(" ")).unwrap_or_default();
    if class.contains("Pod") || class.contains("Docker") || class.contains("Ecs") {
        commands.push(format!("{} {}", list("cmds"), list("arguments")));
    }
    commands.extend(returned(file, task));
    for one in commands.iter().flat_map(|command| of_command(command)) {
        out.push(Build { selectors: one.selectors, ..build(&one.command, one.select, one.exclude, one.unknown) });
    }
    out
}

/// What a function under `@task.bash` gives to the shell.
fn returned(file: &DagFile<'_>, task: &Task<'_>) -> Vec<String> {
    let Some(function) = task.function else { return Vec::new() };
    let of_bash = function.decorators.iter().any(|d| {
        let called = d.call().map_or(d, |(f, _)| f);
        file.file.imports.stands_for(called).is_some_and(|p| p.starts_with("airflow.") && p.ends_with("task.bash"))
    });
    let mut out = Vec::new();
    each_statement(&function.body, &mut |statement| {
        let Does::Return(Some(value)) = &statement.does else { return };
        let written = || Some(file.file.of(value.at)).filter(|w| is_formatted(w)).map(unquoted);
        out.extend(value.text().map(str::to_owned).or_else(written));
    });
    out.truncate(if of_bash { out.len() } else { 0 });
    out
}

/// Whether an expression is one text with names in it, and nothing else.
fn is_formatted(written: &str) -> bool {
    written.starts_with(['f', 'F']) && written.matches("\"\"\"").count().max(written.matches("'''").count()) <= 2
}

/// What stands in such a text, with the names.
fn unquoted(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut before = ' ';
    for (i, c) in written.char_indices() {
        let opens = matches!(c, 'f' | 'F') && before.is_whitespace() && written[i + 1..].starts_with(['"', '\'']);
        if !opens && c != '"' {
            out.push(c);
        }
        before = c;
    }
    out
}

/// What of a task says where it runs dbt.
fn folder(file: &DagFile<'_>, task: &Task<'_>) -> String {
    const NAMES: &[&str] =
        &["cwd", "dir", "project_dir", "project_config", "dbt_project_path", "dbt_project_dir", "dbt_root_path"];
    let mut out = String::new();
    for name in NAMES {
        let text = task.arguments.text(name).or_else(|| task.arguments.expr(name).map(|e| file.file.of(e.at)));
        out.extend(text.into_iter().flat_map(|text| ["\n", text]));
    }
    for name in ["bash_command", "command"] {
        let text = task.arguments.text(name).or_else(|| task.arguments.expr(name).map(|e| file.file.of(e.at)));
        let words: Vec<&str> = text.unwrap_or_default().split_whitespace().collect();
        for pair in words.windows(2).filter(|w| matches!(w[0].trim_matches(['"', '\'']), "cd" | "--project-dir")) {
            out.extend(["\n", pair[1]]);
        }
        out.extend(words.iter().filter_map(|w| w.strip_prefix("--project-dir=")).flat_map(|w| ["\n", w]));
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

impl<'a> Seen<'a> {
    /// Every task that runs dbt.
    pub(super) fn builds(&self) -> Vec<Build<'_>> {
        let python = self.dags.iter().flat_map(|file| file.tasks.iter().flat_map(move |task| of_task(file, task)));
        python.chain(self.declared.iter().flat_map(Declared::builds)).collect()
    }

    /// The projects that a task may be about: those whose folder it names, else those that its file names, else all.
    pub(super) fn projects_of(&self, build: &Build<'_>) -> Vec<&'a Analysis> {
        if let [_] = self.projects.as_slice() {
            return self.projects.clone();
        }
        let folders: Vec<&str> = self.projects.iter().map(|p| p.project.folder.as_str()).collect();
        let text = match build.by {
            By::Python(file, ..) => file.file.text,
            By::Yaml(declared, _) => &declared.path,
        };
        let mut named = projects::named(&build.folder, &folders, false);
        if named.is_empty() {
            named = projects::named(text, &folders, true);
        }
        match named.as_slice() {
            [] => self.projects.clone(),
            some => some.iter().map(|i| self.projects[*i]).collect(),
        }
    }

    /// The tasks that may be about a project.
    pub(super) fn builds_of<'b, 's>(&self, project: &Analysis, all: &'b [Build<'s>]) -> Vec<&'b Build<'s>> {
        all.iter().filter(|b| self.projects_of(b).iter().any(|p| std::ptr::eq(*p, project))).collect()
    }

    /// `` of project `finance` ``, where there are several.
    pub(super) fn says(&self, project: &Analysis) -> String {
        match self.projects.as_slice() {
            [_] => String::new(),
            _ => format!(" of project `{}`", project.project.name),
        }
    }
}

/// Tasks for models that do not exist.
pub(super) fn missing(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    selectors(seen, found);
    for build in seen.builds().iter().filter(|b| !b.unknown) {
        // What Python makes is told where it makes it.
        if matches!(build.by, By::Yaml(..))
            && seen.dags.iter().flat_map(|f| &f.dags).any(|d| d.id.as_deref() == Some(build.by.dag()))
        {
            continue;
        }
        let projects = seen.projects_of(build);
        let mut nothing: Vec<Vec<String>> = projects.iter().map(|p| build.selected(p).nothing).collect();
        let Some(first) = nothing.pop() else { continue };
        for part in first.into_iter().filter(|part| nothing.iter().all(|n| n.contains(part))) {
            let bare = part.trim_matches(|c: char| c == '+' || c == '@' || c.is_ascii_digit());
            let nodes = projects.iter().flat_map(|p| &p.project.nodes);
            let near = nearest(bare, nodes.filter(|n| n.kind != dbt::Kind::Source).map(|n| n.name.as_str()));
            let next = match near.as_slice() {
                [] => "mend the selection, or take the task out".to_owned(),
                near => {
                    format!("did you mean {}?", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
                }
            };
            let of = match (projects.as_slice(), seen.projects.len()) {
                (_, 1) => "the dbt project".to_owned(),
                ([one], _) => format!("the dbt project `{}`", one.project.name),
                (some, _) => {
                    let names: Vec<String> = some.iter().map(|p| format!("`{}`", p.project.name)).collect();
                    format!("any of the dbt projects {}", names.join(", "))
                }
            };
            let fault = Diagnostic::error("unknown-selection", format!("`{part}` selects nothing in {of}"))
                .why("dbt says so in its log and ends well: the task is green, and builds nothing")
                .next(next);
            found.push(build.by.fault(fault));
        }
    }
}

/// Tasks that name a selector which the projects' `selectors.yml` do not have.
fn selectors(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    'builds: for build in seen.builds().into_iter().filter(|b| !b.selectors.is_empty()) {
        let projects = seen.projects_of(&build);
        let mut known: Vec<String> = Vec::new();
        for project in &projects {
            let path = format!("{}selectors.yml", project.project.folder);
            // Where a project has no such file here, or none that can be read, nothing is certain.
            match seen.repository.files.get(&path).and_then(|text| names(text)) {
                Some(names) => known.extend(names),
                None => continue 'builds,
            }
        }
        for name in build.selectors.iter().filter(|n| !n.contains(['{', '$', '`', '%']) && !known.contains(n)) {
            let next = match nearest(name, known.iter().map(String::as_str)).first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add it to `selectors.yml`, or mend the name".to_owned(),
            };
            let what = format!("there is no selector `{name}` in `selectors.yml`");
            let fault = Diagnostic::error("unknown-selection", what).why("dbt fails: nothing is built").next(next);
            found.push(build.by.fault(fault));
        }
    }
}

/// The names of the selectors in a file.
fn names(text: &str) -> Option<Vec<String>> {
    let all: serde_yaml::Value = serde_yaml::from_str(text).ok()?;
    let all = all.get("selectors")?.as_sequence()?;
    all.iter().map(|one| one.get("name")?.as_str().map(str::to_owned)).collect()
}

/// Marts that no DAG builds.
pub(super) fn unbuilt(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    // What is made in ways that nobody followed may build anything.
    let hidden = seen.dags.iter().any(|f| {
        let open = f.open || f.dags.iter().any(|d| d.open);
        (open && f.file.text.contains("dbt")) || f.file.text.contains("DbtCloud") || f.file.imports.has("dagfactory")
    });
    if hidden {
        return;
    }
    let builds = seen.builds();
    for analysis in &seen.projects {
        let mut builds = seen.builds_of(analysis, &builds);
        builds.retain(|b| b.makes());
        let selected: Vec<Selected> = builds.iter().map(|b| b.selected(analysis)).collect();
        if builds.is_empty() || selected.iter().any(|s| s.unknown) {
            continue;
        }
        let built: BTreeSet<NodeId> = selected.into_iter().flat_map(|s| s.nodes).collect();
        for (id, node) in analysis.project.nodes.iter().enumerate() {
            let made = node.config.materialized.as_deref() != Some("ephemeral") && !node.config.disabled;
            let own = node.package == analysis.project.name;
            if node.kind != dbt::Kind::Model || !is_mart(node) || !made || !own || built.contains(&(id as NodeId)) {
                continue;
            }
            let what = format!("no DAG builds `{}`{}", node.name, seen.says(analysis));
            let fault = Diagnostic::warning("mart-unbuilt", what)
                .why("every task that runs dbt selects other models: this one stays as it was last built by hand")
                .next("select it in a task, or disable it");
            found.push(fault.at(Text::new(&node.path, "", &node.text).place(0, 1)));
        }
    }
}
