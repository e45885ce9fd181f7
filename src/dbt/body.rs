//! A node with its SQL: rendered, from the manifest, or unknown with the reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::index::Index;
use super::jinja::library::Library;
use super::jinja::names::{Notes, Run, Seen};
use super::jinja::{Engine, Mention, mentions};
use super::manifest::Manifest;
use super::nodes::{Draft, contract, truth};
use super::packages::{merge, texts};
use super::{Body, Config, Described, Kind, Node, NodeId, Read, profile, python};
use crate::sql::Text;
use crate::sql::jinja::{Origin, Rendered};
use crate::sql::types;
use crate::vocabulary::{DataType, Diagnostic, Dialect};

/// A node that was made of a draft.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub node: Arc<Node>,
    /// What is wrong in its file.
    pub found: Vec<Diagnostic>,
    /// Its text depends on what other nodes hold, by the columns that it asked for.
    pub asks: bool,
}

/// The node of a draft.
pub(super) fn node(engine: &Engine, manifest: Option<&Manifest>, id: NodeId, draft: &Draft) -> Made {
    let dialect = engine.world.target.dialect;
    let (mut found, mut reads, mut asks) = (Vec::new(), Vec::new(), false);
    let Draft { entry, described, package, relation } = draft;
    let mut own = entry.config.clone();
    let (text, within, package) = (entry.text.clone(), entry.within.clone(), *package);
    let body = match entry.kind {
        _ if entry.disabled => Body::Columns { columns: Vec::new(), open: true },
        Kind::Source => Body::Columns { columns: declared(described.as_deref(), dialect), open: true },
        Kind::Seed => {
            let columns = entry.columns.clone().unwrap_or_default();
            let typed = columns.into_iter().map(|(name, kind)| (name, data_type(&kind, dialect))).collect();
            Body::Columns { columns: typed, open: false }
        }
        _ if entry.path.ends_with(".py") => {
            let (read, missing) = python::reads(engine, package, &text);
            reads = read;
            let place = Text::new(&entry.path, "", &text);
            found.extend(missing.into_iter().map(|(d, at, width)| place.fault(d, at, width)));
            Body::Columns { columns: declared(described.as_deref(), dialect), open: !contract(&entry.config) }
        }
        _ => {
            let mut work = Work {
                engine,
                id,
                package,
                file: &entry.path,
                text: &text,
                config: entry.config.clone(),
                snapshot: entry.kind == Kind::Snapshot,
                nowhere: BTreeMap::new(),
                asks: false,
            };
            let built = match relation {
                Some(relation) => work.relation(relation),
                None => work.sql(within.clone()),
            };
            (own, asks) = (std::mem::take(&mut work.config), work.asks);
            let Built { mut body, reads: read, findings: wrong } = built;
            (reads, found) = (read, wrong);
            if let (Body::Unknown(_), Some(manifest)) = (&body, manifest)
                && let Some(index) = engine.world.index.get()
                && let Some(sql) = manifest.compiled(&entry.id, &text, |of| {
                    index.entries().iter().find(|e| e.id == of).map(|e| e.stand_in.as_ref())
                })
            {
                let full = Rendered::traced(sql, vec![Origin { out: 0, source: 0, width: Some(1) }]);
                body = Body::Sql { full, incremental: None };
            }
            match (body, profile::unread(&engine.world.target.adapter)) {
                (Body::Sql { .. }, Some(called)) => Body::Unknown(unread(called)),
                (body, _) => body,
            }
        }
    };
    let mut config = self::config(own);
    config.disabled |= entry.disabled;
    let is_source = entry.kind == Kind::Source;
    if is_source {
        config.schema.clone_from(&entry.schema);
    }
    let node = Node {
        id: entry.id.clone(),
        kind: entry.kind,
        name: entry.name.clone(),
        package: entry.package.clone(),
        version: entry.version.clone(),
        identifier: entry.identifier.clone(),
        path: entry.path.clone(),
        text: if is_source { Arc::from("") } else { text },
        config,
        described: described.clone(),
        reads,
        body,
    };
    Made { node: node.into(), found, asks }
}

/// What is said of SQL that is not read.
pub(super) fn unread(called: &str) -> Diagnostic {
    Diagnostic::error("unread-dialect", format!("this is written for {called}, whose SQL is not read here"))
}

/// Columns as YAML has them.
fn declared(described: Option<&Described>, dialect: Option<Dialect>) -> Vec<(String, Option<DataType>)> {
    let columns = described.map(|d| d.columns.as_slice()).unwrap_or_default();
    let kind = |text: &Option<String>| text.as_deref().and_then(|t| data_type(t, dialect));
    columns.iter().map(|c| (c.name.to_lowercase(), kind(&c.data_type))).collect()
}

fn data_type(text: &str, dialect: Option<Dialect>) -> Option<DataType> {
    types::read(text, dialect.unwrap_or(Dialect::DuckDb))
}

fn config(all: Map<String, Value>) -> Config {
    let mut out = Config::default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for (key, value) in all {
        match key.as_str() {
            "enabled" => out.disabled = !truth(&value),
            "materialized" => out.materialized = text(&value),
            "unique_key" => out.unique_key = texts(&value),
            "tags" => out.tags = texts(&value),
            "schema" => out.schema = text(&value),
            "contract" => out.contract = value.get("enforced").is_some_and(truth),
            "access" => out.access = text(&value),
            "group" => out.group = text(&value),
            _ => drop(out.other.insert(key, value)),
        }
    }
    out
}

/// What a mention means in a file of the package `own`.
pub(super) fn resolve(index: &Index, own: &str, root: &str, mention: &Mention) -> Result<NodeId, Option<String>> {
    match (mention.source, mention.names.as_slice()) {
        (true, [source, table, ..]) => index.find_source(own, source, table),
        (false, [name]) => index.find(own, root, None, name, mention.version.as_deref()),
        (false, [package, name, ..]) => index.find(own, root, Some(package), name, mention.version.as_deref()),
        _ => Err(None),
    }
}

/// The finding for a `ref` or `source` to nothing; none for a model of another project.
pub(super) fn missing(mention: &Mention, why: Option<String>, library: &Library) -> Option<Diagnostic> {
    let not_here: Vec<&str> = library.missing.iter().chain(&library.projects).map(String::as_str).collect();
    let other = |name: &String| mention.names.len() > 1 && library.projects.contains(name);
    if !mention.source && mention.names.first().is_some_and(other) {
        return None;
    }
    let name = mention.names.join(".");
    let (code, what) = match mention.source {
        true => ("unknown-source", format!("there is no source `{name}`")),
        false => ("unknown-ref", format!("there is no model, seed or snapshot `{name}`")),
    };
    if !not_here.is_empty() && !why.as_ref().is_some_and(|w| w.ends_with("disabled")) {
        return Some(
            Diagnostic::warning(code, what + " in what is here")
                .why(format!("it may be of a package that is not installed: {}", not_here.join(", ")))
                .next("install the packages first, as `dbt deps` does"),
        );
    }
    let fault = Diagnostic::error(code, what);
    Some(match why {
        Some(why) if why.starts_with("did you") => fault.next(why),
        Some(why) => fault.why(why),
        None => fault,
    })
}

/// A file that is being rendered.
struct Work<'a> {
    engine: &'a Engine,
    id: NodeId,
    package: usize,
    file: &'a str,
    text: &'a str,
    config: Map<String, Value>,
    snapshot: bool,
    /// Macros that it calls and that are nowhere, with what is said of the first call.
    nowhere: BTreeMap<String, Diagnostic>,
    asks: bool,
}

/// Macros of one file that may be nowhere before it is given up.
const MOST_NOWHERE: usize = 8;

struct Built {
    body: Body,
    reads: Vec<Read>,
    findings: Vec<Diagnostic>,
}

impl Work<'_> {
    /// The text of the file, where macros that are nowhere leave a name: the calls of those are findings of their own.
    fn render(&mut self, within: std::ops::Range<usize>, incremental: bool) -> (Result<Rendered, Diagnostic>, Notes) {
        loop {
            let (rendered, notes) = self.render_with(within.clone(), incremental);
            match (&rendered, &notes.nowhere) {
                (Err(fault), Some(name)) if self.nowhere.len() < MOST_NOWHERE && !self.nowhere.contains_key(name) => {
                    drop(self.nowhere.insert(name.clone(), fault.clone()));
                }
                // What is not known for want of a macro is the macro's fault.
                (Err(_), _) => {
                    let fault = self.nowhere.values().next().cloned();
                    return (fault.map_or(rendered, Err), notes);
                }
                (Ok(_), _) => return (rendered, notes),
            }
        }
    }

    fn render_with(
        &mut self,
        within: std::ops::Range<usize>,
        incremental: bool,
    ) -> (Result<Rendered, Diagnostic>, Notes) {
        let seen = Arc::new(Seen::default());
        let run = Arc::new(Run {
            world: self.engine.world.clone(),
            seen: seen.clone(),
            node: Some(self.id),
            package: self.package,
            incremental,
            nowhere: self.nowhere.keys().cloned().collect(),
        });
        let mut rendered = self.engine.render(&run, self.file, self.text, within.clone());
        let notes = seen.take();
        self.asks |= notes.asked_columns;
        if let (Some(reason), Ok(_)) = (&notes.unknown, &rendered) {
            let first = ["run_query", "statement", "get_columns", "adapter.", "{%", "{{"];
            let at = first.iter().find_map(|word| self.text[within.clone()].find(word)).unwrap_or(0) + within.start;
            let fault = Diagnostic::warning("needs-warehouse", format!("{reason}"));
            rendered = Err(Text::new(self.file, "", self.text).fault(fault, at, 2));
        }
        (rendered, notes)
    }

    /// What dbt puts around the query of a snapshot: the columns that it adds to its rows.
    fn head(&self) -> String {
        let names = self.config.get("snapshot_meta_column_names").and_then(Value::as_object);
        let name = |key: &str| names.and_then(|n| n.get(key)).and_then(Value::as_str).unwrap_or(key).to_owned();
        let dialect = self.engine.world.target.dialect.unwrap_or(Dialect::DuckDb);
        // What `snapshot_get_time` of the adapter gives.
        let has_zone = matches!(dialect, Dialect::BigQuery | Dialect::Databricks);
        let moment = types::name(if has_zone { DataType::TimestampTz } else { DataType::Timestamp }, dialect);
        let text = types::name(DataType::Text, dialect);
        // By `timestamp` a version begins when its row says, by `check` when the snapshot was taken.
        let own = self.config.get("updated_at").and_then(Value::as_str).filter(|c| is_column(c));
        let (from, to) = match own.filter(|_| self.config.get("strategy").and_then(Value::as_str) == Some("timestamp"))
        {
            Some(own) => (format!("snapshot_rows.{own}"), format!("nullif(snapshot_rows.{own}, snapshot_rows.{own})")),
            None => (format!("cast('2000-01-01' as {moment})"), format!("cast(null as {moment})")),
        };
        let mut columns = format!("cast('' as {text}) as {}", name("dbt_scd_id"));
        for key in ["dbt_updated_at", "dbt_valid_from"] {
            columns += &format!(", {from} as {}", name(key));
        }
        columns += &format!(", {to} as {}", name("dbt_valid_to"));
        if self.config.get("hard_deletes").and_then(Value::as_str) == Some("new_record") {
            columns += &format!(", cast('' as {text}) as {}", name("dbt_is_deleted"));
        }
        format!("select snapshot_rows.*, {columns} from (")
    }

    fn sql(&mut self, within: std::ops::Range<usize>) -> Built {
        let (full, mut notes) = self.render(within.clone(), false);
        for (key, value) in std::mem::take(&mut notes.config) {
            merge(&mut self.config, &key, value);
        }
        let materialized = self.config.get("materialized").and_then(Value::as_str);
        let mut incremental = None;
        let mut outcome = full;
        if outcome.is_ok() && notes.asked_incremental && materialized == Some("incremental") {
            let (other, more) = self.render(within.clone(), true);
            notes.reads.extend(more.reads);
            notes.missing.extend(more.missing);
            match (&outcome, other) {
                (Ok(full), Ok(other)) if *full != other => incremental = Some(other),
                (_, Err(fault)) => outcome = Err(fault),
                _ => {}
            }
        }
        let reads = self.reads(within.clone(), &notes, outcome.as_ref().ok(), incremental.as_ref());
        let mut findings = self.missing(within, &notes);
        findings.extend(self.nowhere.values().cloned());
        let body = match outcome {
            Ok(full) if self.snapshot => {
                Body::Sql { full: full.wrapped(&self.head(), ") as snapshot_rows"), incremental: None }
            }
            Ok(full) => Body::Sql { full, incremental },
            Err(fault) => {
                let said = matches!(fault.code.as_ref(), "jinja-syntax" | "unknown-macro" | "jinja-too-long");
                if said && !findings.contains(&fault) {
                    findings.push(fault.clone());
                }
                Body::Unknown(fault)
            }
        };
        Built { body, reads, findings }
    }

    /// A snapshot of YAML alone: all of one relation.
    fn relation(&mut self, relation: &str) -> Built {
        let bare = relation.trim().trim_start_matches("{{").trim_end_matches("}}");
        let asked = format!("{{{{ {bare} }}}}");
        let index = self.engine.world.index.get();
        let library = &self.engine.world.library;
        let (own, root) = (&library.packages[self.package].name, &library.packages[0].name);
        let mention = mentions(&asked, 0..asked.len()).into_iter().next();
        let at = self.text.find(relation).unwrap_or(0);
        let place = Text::new(self.file, "", self.text);
        let unknown = |fault: Diagnostic| Built {
            body: Body::Unknown(place.fault(fault.clone(), at, relation.len())),
            reads: Vec::new(),
            findings: vec![place.fault(fault, at, relation.len())],
        };
        let (Some(mention), Some(index)) = (mention, index) else {
            return unknown(Diagnostic::error("unknown-ref", format!("`{relation}` is no `ref` or `source`")));
        };
        match resolve(index, own, root, &mention) {
            Ok(node) => {
                let sql = format!("select * from {}", index.entry(node).stand_in);
                let origin = Origin { out: 0, source: at, width: Some(relation.len()) };
                let full = Rendered::traced(sql, vec![origin]).wrapped(&self.head(), ") as snapshot_rows");
                let body = Body::Sql { full, incremental: None };
                Built { body, reads: vec![Read { node, at }], findings: Vec::new() }
            }
            Err(why) => match missing(&mention, why, library) {
                Some(fault) => unknown(fault),
                None => Built {
                    body: Body::Columns { columns: Vec::new(), open: true },
                    reads: Vec::new(),
                    findings: Vec::new(),
                },
            },
        }
    }

    /// What it reads, each with the place where it says so first.
    fn reads(
        &self,
        within: std::ops::Range<usize>,
        notes: &Notes,
        full: Option<&Rendered>,
        incremental: Option<&Rendered>,
    ) -> Vec<Read> {
        let Some(index) = self.engine.world.index.get() else { return Vec::new() };
        let library = &self.engine.world.library;
        let (own, root) = (&library.packages[self.package].name, &library.packages[0].name);
        let mut written: BTreeMap<NodeId, usize> = BTreeMap::new();
        for mention in mentions(self.text, within.clone()) {
            if let Ok(node) = resolve(index, own, root, &mention) {
                written.entry(node).or_insert(mention.at);
            }
        }
        let mut nodes = notes.reads.clone();
        if full.is_none() {
            nodes.extend(written.keys());
        }
        nodes.sort_unstable();
        nodes.dedup();
        let place = |node: NodeId| {
            let stand_in = index.entry(node).stand_in.as_ref();
            let rendered = [full, incremental].into_iter().flatten();
            let shown = || rendered.clone().find_map(|r| Some(r.origin(r.sql.find(stand_in)?)));
            written.get(&node).copied().or_else(shown).unwrap_or(within.start)
        };
        nodes.into_iter().map(|node| Read { node, at: place(node) }).collect()
    }

    /// Findings for `ref`s and `source`s to nothing.
    fn missing(&self, within: std::ops::Range<usize>, notes: &Notes) -> Vec<Diagnostic> {
        if notes.missing.is_empty() {
            return Vec::new();
        }
        let written = mentions(self.text, within);
        let library = &self.engine.world.library;
        let mut out = Vec::new();
        for gone in &notes.missing {
            let same = |m: &&Mention| m.source == gone.source && m.names == gone.names;
            let text = Text::new(self.file, "", self.text);
            let mut places = written.iter().filter(same).peekable();
            if places.peek().is_none() {
                let mention =
                    Mention { source: gone.source, names: gone.names.clone(), version: None, at: 0, width: 1 };
                out.extend(missing(&mention, gone.why.clone(), library).map(|fault| text.fault(fault, 0, 1)));
            }
            out.extend(places.filter_map(|m| Some(text.fault(missing(m, gone.why.clone(), library)?, m.at, m.width))));
        }
        out.sort();
        out.dedup();
        out
    }
}

/// Whether a text is the name of a column and no expression.
fn is_column(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
