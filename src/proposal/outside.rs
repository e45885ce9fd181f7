//! The way in for proposals from outside: size, JSON, JSON Schema, types, in that order; each says all that is wrong.

mod fix;
pub mod forms;
pub mod origin;
mod raw;

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::{Proposals, schema};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place, nearest};

/// More than this in one hand-in is a mistake or an attack.
const LONGEST: usize = 64 * 1024 * 1024;
/// Faults of shape that are told at once.
const MOST: usize = 100;

static VALIDATOR: LazyLock<Option<Validator>> =
    LazyLock::new(|| jsonschema::draft202012::new(&schema::proposal()).ok());
static ARTIFACTS: LazyLock<Vec<(String, Value)>> = LazyLock::new(artifacts);

/// Reads proposals from JSON.
///
/// # Errors
/// Text that is too long or no JSON (with line and column), a document that does not fit the schema (every fault, each
/// with its path), values that the types refuse.
pub fn read(file: &str, text: &str) -> Outcome<Proposals> {
    typed(file, &json(file, text)?)
}

/// Refuses a text that is too long.
fn within(file: &str, text: &str) -> Outcome<()> {
    if text.len() > LONGEST {
        let what = format!("the proposals are {} MB, the most is {} MB", text.len() >> 20, LONGEST >> 20);
        return Err(Diagnostic::error("too-long", what).at(Place::file(file)).fault());
    }
    Ok(())
}

/// The one JSON document in `text`.
///
/// # Errors
/// Text that is too long or no JSON, with line and column.
pub fn json(file: &str, text: &str) -> Outcome<Value> {
    within(file, text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|e| {
        let message = e.to_string();
        let what = message.split(" at line ").next().unwrap_or_default();
        Diagnostic::error("json-syntax", format!("this is no JSON: {what}"))
            .at(at(file, text, e.line(), e.column()))
            .fault()
    })
}

/// Proposals from a JSON document.
///
/// # Errors
/// A document that does not fit the schema (every fault, each with its path), values that the types refuse.
pub fn typed(file: &str, value: &Value) -> Outcome<Proposals> {
    let Some(validator) = VALIDATOR.as_ref() else {
        return Err(Diagnostic::error("schema", "the JSON Schema of proposals could not be made").fault());
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    for error in validator.iter_errors(value) {
        describe(file, &error, value, &mut found);
        if found.len() > MOST {
            break;
        }
    }
    Fault::unless_empty(found)?;
    // By path, so that a fault of a type (a reserved word as a name) says where it is.
    let mut proposals = Vec::new();
    let mut faults = Vec::new();
    for (i, one) in value["proposals"].as_array().into_iter().flatten().enumerate() {
        match serde_json::from_value(one.clone()) {
            Ok(proposal) => proposals.push(proposal),
            Err(e) => faults.push(untyped(file, i, one, &e.to_string())),
        }
    }
    Fault::unless_empty(faults)?;
    Ok(Proposals { proposals })
}

fn at(file: &str, text: &str, line: usize, column: usize) -> Place {
    let mut place = Place::span(file, text, line.max(1), column.max(1), 1);
    place.excerpt = place.excerpt.filter(|e| e.len() < 500);
    place
}

/// One fault of shape, as diagnostics at the path that is wrong.
fn describe(file: &str, error: &ValidationError<'_>, root: &Value, found: &mut Vec<Diagnostic>) {
    let path = dotted(error.instance_path().as_str());
    let instance = error.instance();
    match error.kind() {
        // The variant that the tag names is the one that was meant: only its faults help.
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::AnyOf { .. } if path.ends_with("artifact") => {
            artifact(file, &path, instance, root, found);
        }
        _ => found.push(one(file, "", &path, error)),
    }
}

fn artifact(file: &str, path: &str, instance: &Value, root: &Value, found: &mut Vec<Diagnostic>) {
    let kinds = ARTIFACTS.iter().map(|(k, _)| k.as_str());
    let place =
        |inner: &str| Place::path(file, if inner.is_empty() { path.to_owned() } else { format!("{path}.{inner}") });
    let Some(kind) = instance.get("kind").and_then(Value::as_str) else {
        let all: Vec<&str> = kinds.collect();
        let fault = Diagnostic::error("schema-required", "the artifact has no `kind`")
            .next(format!("one of {}", all.join(", ")));
        found.push(fault.at(place("")));
        return;
    };
    let Some((_, schema)) = ARTIFACTS.iter().find(|(k, _)| k == kind) else {
        let near = nearest(kind, kinds.clone());
        let fault = Diagnostic::error("schema-enum", format!("there is no artifact of kind `{}`", kind.escape_debug()));
        let next = match near.is_empty() {
            true => format!("one of {}", kinds.collect::<Vec<_>>().join(", ")),
            false => format!("did you mean `{}`?", near.join("`, `")),
        };
        found.push(fault.next(next).at(place("kind")));
        return;
    };
    let Ok(validator) = jsonschema::draft202012::new(schema) else { return };
    let before = found.len();
    for error in validator.iter_errors(instance) {
        let inner = dotted(error.instance_path().as_str());
        let whole = match inner.is_empty() {
            true => path.to_owned(),
            false => format!("{path}.{inner}"),
        };
        found.push(one(file, kind, &whole, &error));
        if found.len() > MOST {
            break;
        }
    }
    if found.len() == before {
        found.push(Diagnostic::error("schema", format!("the artifact is no `{kind}`")).at(place("")));
    }
    let _ = root;
}

/// The schema of each kind of artifact by itself.
fn artifacts() -> Vec<(String, Value)> {
    let root = schema::proposal();
    let variants = root["$defs"]["Artifact"]["oneOf"].as_array().cloned().unwrap_or_default();
    let with_definitions = |mut variant: Value| {
        let kind = variant["properties"]["kind"]["const"].as_str()?.to_owned();
        variant["$defs"] = root["$defs"].clone();
        Some((kind, variant))
    };
    variants.into_iter().filter_map(with_definitions).collect()
}

/// The part of a path that lies in the artifact.
fn within_artifact(path: &str) -> &str {
    path.split_once("artifact").map_or("", |(_, rest)| rest.trim_start_matches('.'))
}

/// One fault of shape; `kind` is that of the artifact, where it is in one.
fn one(file: &str, kind: &str, path: &str, error: &ValidationError<'_>) -> Diagnostic {
    use ValidationErrorKind as K;
    let shown = short(error.instance());
    let fault = match error.kind() {
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|u| format!("`{}`", u.escape_debug())).collect();
            let fault = Diagnostic::error("schema-unknown-field", format!("unknown field {}", names.join(", ")));
            // The key itself is the place, so that it can be found and renamed.
            let inner = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
            if let [field] = unexpected.as_slice() {
                let known = forms::known_fields(kind, within_artifact(path));
                let near = nearest(field, known.iter().map(String::as_str));
                let next = match near.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "leave it out; `pipewright schema proposal` lists what there is".to_owned(),
                };
                return fault.next(next).at(Place::path(file, inner(field)));
            }
            fault.next("leave them out; `pipewright schema proposal` lists what there is")
        }
        K::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            Diagnostic::error("schema-required", format!("the field `{name}` is missing")).next(format!("add `{name}`"))
        }
        K::Type { kind } => {
            let wanted = format!("{kind:?}").to_lowercase();
            Diagnostic::error("schema-type", format!("{shown} is of the wrong type"))
                .why(format!("due is: {}", type_words(&wanted)))
        }
        K::Pattern { pattern } => Diagnostic::error("schema-pattern", format!("{shown} is not written as it must be"))
            .why(pattern_words(pattern)),
        K::Enum { options } => {
            let options: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let near = error.instance().as_str().map(|t| nearest(t, options.iter().copied())).unwrap_or_default();
            let next = if near.is_empty() {
                format!("one of {}", options.join(", "))
            } else {
                format!("did you mean `{}`?", near.join("`, `"))
            };
            Diagnostic::error("schema-enum", format!("{shown} is none of what is known here")).next(next)
        }
        K::Constant { expected_value } => {
            Diagnostic::error("schema-const", format!("{shown} must be {}", short(expected_value)))
        }
        K::MinItems { limit } => {
            Diagnostic::error("schema-min-items", format!("at least {limit} due, there are fewer"))
        }
        K::OneOfNotValid { .. } | K::AnyOf { .. } | K::OneOfMultipleValid { .. } => {
            let words = forms::known_words(kind, within_artifact(path));
            if let (Some(text), false) = (error.instance().as_str(), words.is_empty()) {
                let near = nearest(text, words.iter().map(String::as_str));
                let next = match near.is_empty() {
                    true => format!("one of {}", words.join(", ")),
                    false => format!("did you mean `{}`?", near.join("`, `")),
                };
                let what = format!("`{}` is none of what is known here", short_text(text));
                return Diagnostic::error("schema-enum", what).next(next).at(Place::path(file, path));
            }
            Diagnostic::error("schema-one-of", format!("{shown} is none of the forms that are known here"))
                .next("`pipewright schema proposal` shows them")
        }
        _ => Diagnostic::error("schema", short_text(&error.to_string())),
    };
    fault.at(Place::path(file, if path.is_empty() { "(whole)" } else { path }))
}

fn type_words(kind: &str) -> String {
    let words = ["array", "boolean", "integer", "null", "number", "object", "string"];
    let named: Vec<&str> = words.into_iter().filter(|w| kind.contains(w)).collect();
    if named.is_empty() { kind.to_owned() } else { named.join(" or ") }
}

fn pattern_words(pattern: &str) -> String {
    match pattern {
        r"^[a-z][a-z0-9_]{0,62}$" => "a name: lower-case letters, digits and _, a letter first, at most 63".into(),
        _ => format!("it must match {pattern}"),
    }
}

fn short(value: &Value) -> String {
    let text = short_text(&value.to_string());
    format!("`{text}`")
}

fn short_text(text: &str) -> String {
    const MOST: usize = 60;
    let text = text.escape_debug().to_string().replace("\\\"", "\"");
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain(['…']).collect() }
}

/// `/proposals/3/artifact/columns/0` as `proposals[3].artifact.columns.0`.
fn dotted(pointer: &str) -> String {
    let mut out = String::new();
    for (i, part) in pointer.split('/').skip(1).enumerate() {
        let part = part.replace("~1", "/").replace("~0", "~");
        match i {
            0 => out.push_str(&part),
            1 if out == "proposals" => out.push_str(&format!("[{part}]")),
            _ => {
                out.push('.');
                out.push_str(&part);
            }
        }
    }
    out
}

/// A value that fits the schema and that its type refuses: the name that is a reserved word, the impossible decimal.
fn untyped(file: &str, i: usize, value: &Value, message: &str) -> Diagnostic {
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let mut path = String::new();
    let place = find(value, quoted, &mut path).then_some(path).filter(|p| !p.is_empty());
    let path = place.map_or_else(|| format!("proposals[{i}]"), |p| format!("proposals[{i}].{p}"));
    Diagnostic::error("invalid-value", short_text_long(message)).at(Place::path(file, path))
}

fn short_text_long(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The path of the first string that is `wanted`, a key included.
fn find(value: &Value, wanted: &str, path: &mut String) -> bool {
    let length = path.len();
    let inner = |key: String, value: &Value, path: &mut String| {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
        let hit = key == wanted || find(value, wanted, path);
        if !hit {
            path.truncate(length);
        }
        hit
    };
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().enumerate().any(|(i, v)| inner(i.to_string(), v, path)),
        Value::Object(map) => map.iter().any(|(k, v)| inner(k.clone(), v, path)),
        _ => false,
    }
}
