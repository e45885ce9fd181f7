//! The text of a pull request, from the commit alone: the same in every clone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use minijinja::context;
use regex::Regex;

use super::artifacts::Kind;
use super::diff::{Pair, between};
use super::evidence::Proofs;
use super::markdown::{code, plain};
use super::summary::{Count, Summary, summary};
use crate::contract::{self, Decision};
use crate::spec::{Answer, Spec};
use crate::vocabulary::{Diagnostic, Outcome, Place};
use crate::workspace::Config;
use crate::world::git::{Git, Id, Tree};

/// Most edges that the picture of the lineage has.
const EDGES: usize = 60;
/// Most tests that a row names.
const TESTS: usize = 4;

/// A change as a reviewer sees it.
#[derive(Clone, Debug)]
pub struct ChangeView {
    /// Name of the change.
    pub id: String,
    /// First line of the commit's message.
    pub subject: String,
    /// The spec, where the change is about a pipeline that stands.
    pub spec: Option<Spec>,
    /// The configuration as it is in the commit.
    pub config: Option<Config>,
    /// What differs from the parent.
    pub pair: Pair,
    /// Models, with their YAML, as they are in the commit.
    pub models: Tree,
}

impl ChangeView {
    /// Reads the change that `commit` holds.
    ///
    /// # Errors
    /// A commit that is no change of Pipewright, or a spec in it that can't be read.
    pub fn read(git: &Git, commit: Id) -> Outcome<ChangeView> {
        let at = git.commit(commit)?;
        let Some(id) = at.trailer("Change") else {
            return Err(Diagnostic::error("no-change", format!("commit {commit} is no change of Pipewright"))
                .why("its message has no `Pipewright-Change` trailer")
                .next("`pipewright log` lists changes")
                .into());
        };
        let here = git.entries(Some(commit))?;
        let mut models = Tree::new();
        for (path, entry) in here.iter().filter(|(path, _)| path.starts_with("dbt/models/")) {
            models.insert(path.clone(), git.file(*entry)?);
        }
        let text = |path: &str| here.get(path).map(|e| git.bytes(e.id)).transpose();
        let path = at.trailer("Pipeline").map(|name| format!("pipelines/{name}.yml")).unwrap_or_default();
        let unreadable = |path: &str, e: serde_yaml::Error| {
            crate::vocabulary::Fault::from(
                Diagnostic::error("unreadable", "this file can't be read").at(Place::file(path)).why(e.to_string()),
            )
        };
        let spec = text(&path)?.map(|t| serde_yaml::from_slice(&t).map_err(|e| unreadable(&path, e))).transpose()?;
        let config = "pipewright.yml";
        Ok(ChangeView {
            id,
            subject: at.subject().to_owned(),
            spec,
            config: text(config)?.map(|t| serde_yaml::from_slice(&t).map_err(|e| unreadable(config, e))).transpose()?,
            pair: between(git, at.parents.first().copied(), commit)?,
            models,
        })
    }
}

/// The text, in Markdown. Everything that came from outside is escaped.
///
/// # Errors
/// A template that fails.
pub fn pull_request(change: &ChangeView) -> Outcome<String> {
    let summary = summary(&change.pair.before, &change.pair.after);
    let spec = change.spec.as_ref();
    let mut edges = lineage(change);
    let more = edges.len().saturating_sub(EDGES);
    edges.truncate(EDGES);
    let proofs = Proofs::read(&change.models);
    let asked: Vec<_> = spec
        .map_or(&[][..], |s| &s.trace)
        .iter()
        .map(|t| {
            let answers: Vec<&Answer> =
                spec.iter().flat_map(|s| &s.answers).filter(|a| t.answers.contains(&a.key)).collect();
            let mut places: Vec<String> = t.became.iter().map(|path| place(path, change)).collect();
            if places.is_empty() {
                places.push(if answers.is_empty() { "**not understood**" } else { "left out" }.to_owned());
            }
            let answered = answers.iter().map(|a| format!("answered {}: {}", code(&a.key), plain(&a.value)));
            places.extend(answered);
            let proof = if t.became.is_empty() { String::new() } else { proof(&t.became, &proofs, change) };
            context! { words => plain(&t.words), where => places.join(", "), proof }
        })
        .collect();
    let requirement = spec.and_then(|s| s.requirement.as_ref());
    let context = context! {
        title => capital(&plain(spec.map_or(change.subject.as_str(), |s| s.name.as_str()).replace('_', " ").trim())),
        asked,
        assumed => spec.map_or(Vec::new(), |s| {
            s.assumed.iter().map(|a| format!("{} ({})", code(&a.field), plain(&a.because))).collect()
        }),
        warnings => spec.map_or(Vec::new(), |s| s.warnings.iter().map(|w| plain(w)).collect::<Vec<_>>()),
        approvals => spec.map_or(Vec::new(), |s| {
            s.approvals
                .iter()
                .map(|a| {
                    let act = format!("{:?}", a.act).to_lowercase();
                    format!("{act} of {} by {} ({})", code(&a.of), plain(&a.by), plain(&a.why))
                })
                .collect()
        }),
        answers => spec.map_or(Vec::new(), |s| {
            s.answers.iter().map(|a| format!("{} {}", plain(&a.question), code(&a.value))).collect()
        }),
        drift => decisions(change),
        lineage => edges,
        more_edges => more,
        changes => counts(&summary, change),
        gate => gate(change),
        id => change.id.clone(),
    };
    let quote: Vec<String> = requirement.map_or(Vec::new(), |r| r.trim().lines().map(plain).collect());
    let context = if quote.is_empty() {
        context
    } else {
        context! { requirement => quote, ..context }
    };
    crate::template::render("pull_request/pull_request.md", context)
}

/// What was decided about changes of sources, and on which evidence: what contracts of the change say more than before.
fn decisions(change: &ChangeView) -> Vec<minijinja::Value> {
    let of = |tree: &Tree, path: &str| -> Vec<Decision> {
        let text = tree.get(path).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        text.and_then(|text| contract::read(path, &text).ok()).map(|c| c.followed.decisions).unwrap_or_default()
    };
    let mut out = Vec::new();
    for path in change.pair.after.keys().filter(|path| path.starts_with("contracts/")) {
        let before = of(&change.pair.before, path);
        for decision in of(&change.pair.after, path).into_iter().filter(|d| !before.contains(d)) {
            let Decision { about, decided, because } = decision;
            out.push(context! { about => plain(&about), decided => plain(&decided), because => plain(&because) });
        }
    }
    out
}

/// With a capital letter first.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Where a part of the spec stands in the platform.
fn place(became: &str, change: &ChangeView) -> String {
    let spec = change.spec.as_ref();
    let model = |name: &str| spec.and_then(|s| s.models.iter().find(|m| m.name == *name));
    let parts: Vec<&str> = became.splitn(4, '.').collect();
    match parts[..] {
        ["models", name] => {
            let grain: Vec<String> =
                model(name).into_iter().flat_map(|m| &m.group_by).map(|g| code(g.name.as_str())).collect();
            let relation = code(&relation(name, change));
            if grain.is_empty() { relation } else { format!("{relation}, one row per {}", grain.join(", ")) }
        }
        ["models", name, "columns" | "measures" | "group_by", column] => code(&format!("{name}.{column}")),
        ["models", name, "where", at] => {
            let filter = at.parse().ok().and_then(|at: usize| model(name)?.filters.get(at));
            filter.map_or_else(|| format!("filter of {}", code(name)), |f| format!("{} in {}", code(f), code(name)))
        }
        ["models", name, "from"] => {
            let from = model(name).map_or_else(String::new, |m| format!(" reads {}", code(&m.from.to_string())));
            format!("{}{from}", code(name))
        }
        ["models", name, field] => format!("{} of {}", plain(field), code(name)),
        ["ingest", source, table] => code(&format!("{source}.{table}")),
        ["ingest", source, table, field] => {
            format!("{} of the load of {}", plain(field), code(&format!("{source}.{table}")))
        }
        ["schedule", "retries"] => "the DAG's retries".into(),
        ["schedule", "after"] => "what starts the DAG".into(),
        ["schedule", ..] => {
            let cron = spec.and_then(|s| s.schedule.as_ref()).and_then(|s| s.cron.as_deref());
            cron.map_or_else(|| "by hand".into(), |cron| format!("the DAG's schedule, {}", code(cron)))
        }
        ["alerts", at] => {
            let alert = at.parse().ok().and_then(|at: usize| spec?.alerts.get(at));
            alert.map_or_else(|| "the DAG's alert".into(), |a| format!("the DAG's alert to {}", code(&a.slack)))
        }
        _ => code(became),
    }
}

/// `marts.daily_sales`: the folder under `models/` is the schema.
fn relation(model: &str, change: &ChangeView) -> String {
    let file = format!("/{model}.sql");
    let path = change.models.keys().find(|path| path.ends_with(&file));
    let layer = path.and_then(|path| path.strip_prefix("dbt/models/")).and_then(|rest| rest.split('/').next());
    layer.map_or_else(|| model.to_owned(), |layer| format!("{layer}.{model}"))
}

fn proof(became: &[String], proofs: &Proofs, change: &ChangeView) -> String {
    let mut names = Vec::new();
    for path in became {
        for name in proofs.of_path(path) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let more = names.len().saturating_sub(TESTS);
    let mut shown: Vec<String> = names.iter().take(TESTS).map(|name| code(name)).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    if shown.is_empty() {
        let prod = became.iter().any(|path| path.starts_with("prod") || path.starts_with("targets"));
        let dialects = dialects(change);
        shown.push(match dialects.last() {
            Some(last) if prod => format!("every model parses as {last} SQL"),
            _ => "review".into(),
        });
    }
    shown.join(", ")
}

fn dialects(change: &ChangeView) -> Vec<&'static str> {
    change.config.as_ref().map_or(Vec::new(), |c| c.target_dialects().into_iter().map(|d| d.label()).collect())
}

fn gate(change: &ChangeView) -> String {
    let dialects = dialects(change);
    let parsed = if dialects.is_empty() { String::new() } else { format!(" as {}", dialects.join(" and as ")) };
    format!("All SQL was parsed{parsed}, every name resolved against contracts, no model reads itself.")
}

/// Edges from what a model reads to the model, upstream of the models that the pipeline holds.
fn lineage(change: &ChangeView) -> Vec<String> {
    static READS: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"\b(ref|source)\s*\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"]\s*)?\)"#;
    let Some(reads) = READS.get_or_init(|| Regex::new(pattern).ok()) else { return Vec::new() };
    let mut inputs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, file) in change.models.iter().filter(|(path, _)| path.ends_with(".sql")) {
        let name = path.rsplit('/').next().and_then(|n| n.strip_suffix(".sql")).unwrap_or(path);
        let text = String::from_utf8_lossy(&file.bytes);
        let found = reads.captures_iter(&text).map(|c| {
            // `ref` with two arguments names the package first.
            match (&c[1], c.get(3)) {
                ("source", Some(table)) => format!("{}.{}", &c[2], table.as_str()),
                (_, Some(model)) => model.as_str().to_owned(),
                (_, None) => c[2].to_owned(),
            }
        });
        inputs.insert(name, found.collect());
    }
    let mut todo: Vec<&str> = match &change.spec {
        Some(spec) => spec.models.iter().map(|m| m.name.as_str()).collect(),
        None => inputs.keys().copied().collect(),
    };
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut edges = BTreeSet::new();
    while let Some(model) = todo.pop() {
        let Some((model, from)) = inputs.get_key_value(model).filter(|(model, _)| done.insert(model)) else { continue };
        for from in from {
            edges.insert((from.clone(), (*model).to_owned()));
            todo.push(from);
        }
    }
    let mut nodes = Nodes::default();
    edges.into_iter().map(|(from, to)| format!("{} --> {}", nodes.id(&from), nodes.id(&to))).collect()
}

/// Mermaid's names for nodes: a name that is plain stands for itself, any other is a label of a made-up one.
#[derive(Debug, Default)]
pub struct Nodes(BTreeMap<String, String>);

impl Nodes {
    /// What stands for `name` in a diagram; defined by its label the first time and every time.
    pub fn id(&mut self, name: &str) -> String {
        const KEYWORDS: &[&str] =
            &["end", "graph", "flowchart", "subgraph", "style", "class", "click", "default", "direction"];
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && !KEYWORDS.contains(&part)
        };
        if name.split('.').all(word) {
            return name.to_owned();
        }
        let n = self.0.len();
        let shown: String = name.chars().filter(|c| !c.is_control()).collect();
        let shown = shown.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('`', "#96;");
        self.0.entry(name.to_owned()).or_insert_with(|| format!("N{n}[\"{shown}\"]")).clone()
    }
}

fn counts(summary: &Summary, change: &ChangeView) -> Vec<String> {
    const SHOWN: &[Kind] = &[
        Kind::Model,
        Kind::Column,
        Kind::Test,
        Kind::UnitTest,
        Kind::Macro,
        Kind::Dag,
        Kind::Task,
        Kind::IngestTable,
        Kind::DdlTable,
        Kind::Contract,
        Kind::ContractColumn,
    ];
    let paths: BTreeSet<&String> = change.pair.before.keys().chain(change.pair.after.keys()).collect();
    let n = paths.len();
    let mut out = vec![format!("{n} {}", if n == 1 { "file" } else { "files" })];
    let number = |word: &str, count: &Count| match word {
        "added" => count.added,
        "removed" => count.removed,
        _ => count.changed,
    };
    for word in ["added", "removed", "changed"] {
        let parts: Vec<String> = SHOWN
            .iter()
            .filter_map(|kind| {
                let n = number(word, summary.counts.get(kind)?);
                (n > 0).then(|| format!("{n} {}", kind.label(n)))
            })
            .collect();
        if !parts.is_empty() {
            out.push(format!("{word}: {}", parts.join(", ")));
        }
    }
    out.extend(summary.unknown.iter().map(|d| {
        let path = d.place.as_ref().map_or("", |p| p.file.as_str());
        format!("unknown: {} can't be read", code(path))
    }));
    out
}
