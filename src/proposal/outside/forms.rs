//! The forms in which proposals are handed in: wrapped in `proposals`, a list, one by itself with or without its envelope, a
//! pipeline spec, a contract, dbt's own SQL and YAML. JSON or YAML.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::origin::{Origin, moved};
use super::{fix, raw, schema, typed};
use crate::contract;
use crate::document;
use crate::proposal::{Artifact, Because, Proposal};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::workspace::Workspace;

/// One file that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// What it is called in diagnostics; `-` for standard input.
    pub file: String,
    /// What it holds.
    pub text: String,
}

/// What all files together propose.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The proposals.
    pub proposals: Vec<Proposal>,
    /// Where each came from.
    pub origins: Vec<Origin>,
    /// Things to look at.
    pub findings: Vec<Diagnostic>,
}

/// Who made a proposal that does not say so.
pub const OUTSIDE: &str = "outside";

/// Reads everything that was handed in.
///
/// # Errors
/// Every fault of shape of every file, each with its place there, and a fix where one is safe.
pub fn take(handed: &[Handed], workspace: &Workspace) -> Outcome<Taken> {
    let texts: BTreeMap<String, String> = handed.iter().map(|h| (h.file.clone(), h.text.clone())).collect();
    read(handed, workspace).map_err(|mut fault| {
        finish(&mut fault.diagnostics, &texts);
        fault
    })
}

/// Gives diagnostics their lines and fixes, from the texts that were handed in.
pub fn finish(diagnostics: &mut Vec<Diagnostic>, texts: &BTreeMap<String, String>) {
    fix::suggest(diagnostics, texts);
    document::pin(diagnostics, texts);
    // What is missing of a whole file is missing from its first line on.
    for place in diagnostics.iter_mut().filter_map(|d| d.place.as_mut()).filter(|p| p.line.is_none()) {
        if let Some(text) = texts.get(&place.file) {
            let path = place.path.take();
            *place = Place { path, ..Place::span(place.file.clone(), text, 1, 1, 1) };
        }
    }
    diagnostics.sort();
    diagnostics.dedup();
}

fn read(handed: &[Handed], workspace: &Workspace) -> Outcome<Taken> {
    let (mut envelopes, mut origins, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken = Taken::default();
    let mut dbt = raw::Project::default();
    for file in handed {
        if file.file.ends_with(".sql") {
            dbt.sql.push(file);
            continue;
        }
        match value(&file.file, &file.text).and_then(|value| sort(file, value)) {
            Ok(Form::Envelopes(all)) => {
                for (path, envelope) in all {
                    origins.push(Origin { file: file.file.clone(), path, parts: Vec::new() });
                    envelopes.push(envelope);
                }
            }
            Ok(Form::Contract) => match contract::read(&file.file, &file.text) {
                Ok(contract) => {
                    let because = Because::Contract(contract.table_ref().to_string());
                    taken.proposals.push(by_itself(because, Artifact::SourceContract(contract)));
                    taken.origins.push(Origin { file: file.file.clone(), ..Origin::default() });
                }
                Err(fault) => faults.extend(fault.diagnostics),
            },
            Ok(Form::Dbt(value)) => dbt.yaml.push((file, value)),
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    if !envelopes.is_empty() {
        match typed("", &json!({ "proposals": envelopes })) {
            Ok(read) => {
                taken.proposals.extend(read.proposals);
                taken.origins.extend(origins);
            }
            Err(fault) => faults.extend(fault.diagnostics.into_iter().map(|d| moved(d, &origins))),
        }
    }
    if !dbt.is_empty() {
        match raw::read(&dbt, workspace) {
            Ok(more) => {
                taken.proposals.extend(more.proposals);
                taken.origins.extend(more.origins);
                taken.findings.extend(more.findings);
            }
            Err(fault) => faults.extend(fault.diagnostics),
        }
    }
    Fault::unless_empty(faults)?;
    Ok(taken)
}

/// An artifact that came without an envelope.
pub(super) fn by_itself(because: Because, artifact: Artifact) -> Proposal {
    Proposal { by: OUTSIDE.into(), task: String::new(), because, why: String::new(), artifact }
}

/// The document in a file.
pub(super) fn value(file: &str, text: &str) -> Outcome<Value> {
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    if file.ends_with(".json") || bare.starts_with(['{', '[']) {
        return super::json(file, text);
    }
    super::within(file, text)?;
    document::parse(file, text)
}

/// What a document is.
enum Form {
    /// Proposals, each with the path of its artifact and in its envelope.
    Envelopes(Vec<(String, Value)>),
    /// A contract of the Open Data Contract Standard.
    Contract,
    /// dbt's own YAML.
    Dbt(Value),
}

fn sort(file: &Handed, value: Value) -> Outcome<Form> {
    let unknown = |path: &str, what: String| {
        let fault = Diagnostic::error("outside-form", what).next(
            "hand in {\"proposals\": […]}, a list of proposals, one proposal or artifact, a pipeline spec, a contract, or \
             dbt's SQL with its YAML; `pipewright schema proposal` and `pipewright schema spec` show them",
        );
        fault.at(if path.is_empty() { Place::file(&file.file) } else { Place::path(&file.file, path) }).fault()
    };
    let list = |prefix: &str, items: Vec<Value>| {
        if items.is_empty() {
            return Err(Diagnostic::error("nothing-proposed", "the list of proposals is empty")
                .at(Place::file(&file.file))
                .next("hand in at least one")
                .fault());
        }
        let (mut out, mut faults) = (Vec::new(), Vec::new());
        for (i, item) in items.into_iter().enumerate() {
            let path = format!("{prefix}{i}");
            match enveloped(item) {
                Ok((inner, envelope)) => {
                    out.push((if inner.is_empty() { path } else { format!("{path}.{inner}") }, envelope));
                }
                Err(what) => faults.extend(unknown(&path, what).diagnostics),
            }
        }
        Fault::unless_empty(faults)?;
        Ok(Form::Envelopes(out))
    };
    match value {
        Value::Array(items) => list("", items),
        Value::Object(mut map) if map.contains_key("proposals") => {
            if let Some(other) = map.keys().find(|key| *key != "proposals") {
                let fault =
                    Diagnostic::error("schema-unknown-field", format!("unknown field `{}`", other.escape_debug()));
                return Err(fault.next("leave it out").at(Place::path(&file.file, other)).fault());
            }
            match map.remove("proposals") {
                Some(Value::Array(items)) => list("proposals.", items),
                _ => Err(Diagnostic::error("schema-type", "`proposals` is a list")
                    .at(Place::path(&file.file, "proposals"))
                    .fault()),
            }
        }
        Value::Object(map) if map.get("kind").is_some_and(|k| k == "DataContract") => Ok(Form::Contract),
        Value::Object(map) if raw::is_properties(&map) => Ok(Form::Dbt(Value::Object(map))),
        value => match enveloped(value) {
            Ok((path, envelope)) => Ok(Form::Envelopes(vec![(path, envelope)])),
            Err(what) => Err(unknown("", what)),
        },
    }
}

/// A proposal in its envelope, and the path of the artifact in what it was.
fn enveloped(value: Value) -> Result<(String, Value), String> {
    let Value::Object(mut map) = value else { return Err("this is neither a proposal nor an artifact".into()) };
    if let Some(artifact) = map.get("artifact") {
        let because = because(artifact.as_object());
        map.entry("by").or_insert_with(|| json!(OUTSIDE));
        map.entry("because").or_insert(because);
        return Ok(("artifact".into(), Value::Object(map)));
    }
    let is_spec = !map.contains_key("kind")
        && map.contains_key("name")
        && ["version", "models", "ingest", "tests", "history"].iter().any(|key| map.contains_key(*key));
    if is_spec {
        map.insert("kind".into(), json!("pipeline_spec"));
    }
    if !map.contains_key("kind") {
        let known: Vec<&str> = map.keys().take(4).map(String::as_str).collect();
        return Err(format!("what this is can't be told from its fields ({})", known.join(", ").escape_debug()));
    }
    Ok((String::new(), json!({ "by": OUTSIDE, "because": because(Some(&map)), "artifact": map })))
}

/// What a proposal follows from that does not say so: the requirement that a spec holds, else itself.
fn because(artifact: Option<&Map<String, Value>>) -> Value {
    let text = |key: &str| artifact.and_then(|a| a.get(key)).and_then(Value::as_str);
    match (text("requirement"), text("name").or_else(|| text("pipeline")).or_else(|| text("model"))) {
        (Some(words), _) => json!({ "words": words }),
        (None, Some(name)) => json!({ "spec": name }),
        (None, None) => json!({ "spec": OUTSIDE }),
    }
}

/// The fields that the schema of a kind knows, for a nearest name.
pub(super) fn known_fields(kind: &str, path: &str) -> Vec<String> {
    schema_at(kind, path)["properties"].as_object().into_iter().flatten().map(|(k, _)| k.clone()).collect()
}

/// The words that a value of a kind may be; none where it may be anything else.
pub(super) fn known_words(kind: &str, path: &str) -> Vec<String> {
    let at = schema_at(kind, path);
    let one = at["oneOf"].as_array().into_iter().flatten().flat_map(|s| {
        let listed = s["enum"].as_array().into_iter().flatten().cloned();
        listed.chain(s.get("const").cloned()).collect::<Vec<_>>()
    });
    one.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

fn schema_at(kind: &str, path: &str) -> Value {
    let root = schema::proposal();
    let variants = root["$defs"]["Artifact"]["oneOf"].as_array().cloned().unwrap_or_default();
    let mut at = variants.iter().find(|v| v["properties"]["kind"]["const"] == kind).cloned().unwrap_or_default();
    for part in path.split('.').filter(|p| !p.is_empty()) {
        at = step(&root, &at, part).unwrap_or_default();
    }
    resolved(&root, at)
}

fn step(root: &Value, at: &Value, part: &str) -> Option<Value> {
    let at = resolved(root, at.clone());
    at["properties"].get(part).or_else(|| at.get("items")).or_else(|| at.get("additionalProperties")).cloned()
}

/// A schema behind its `$ref`, or the one that is not null of two.
fn resolved(root: &Value, mut at: Value) -> Value {
    for _ in 0..8 {
        if let Some(name) = at["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
            at = root["$defs"][name].clone();
        } else if let Some(one) = at["anyOf"].as_array().and_then(|all| all.iter().find(|s| s["type"] != "null")) {
            at = one.clone();
        } else {
            break;
        }
    }
    at
}
