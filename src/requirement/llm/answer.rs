//! What a model answered becomes an intent: JSON, the form, the spec's schema and types, in that order; each says all
//! that is wrong.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::complete;
use super::redact::Veil;
use super::schema::{self, Answer};
use super::trace;
use crate::requirement::{Ground, Intent, Question, Understood};
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Place};

/// Faults of shape that are told at once.
const MOST: usize = 20;
/// Where an answer is, for places.
pub const FILE: &str = "answer";

static FORM: LazyLock<Option<Validator>> = LazyLock::new(|| jsonschema::draft202012::new(&schema::form()).ok());
static SCHEMA: LazyLock<Value> = LazyLock::new(schema::spec);
static SPEC: LazyLock<Option<Validator>> = LazyLock::new(|| jsonschema::draft202012::new(&SCHEMA).ok());

/// Reads an answer to `requirement`.
pub fn read(text: &str, requirement: &str, veil: &Veil, ground: &Ground<'_>) -> Result<Intent, Vec<Diagnostic>> {
    let mut value = json(text).map_err(|fault| vec![fault])?;
    without_nulls(&mut value);
    unveiled(&mut value, veil);
    fits(FORM.as_ref(), &value, "")?;
    let answer: Answer = serde_json::from_value(value).map_err(|e| vec![mistyped(&e)])?;
    if !answer.questions.is_empty() {
        let questions = answer.questions.into_iter().map(|q| Question::new(q.about).or_any(q.candidates));
        return Ok(Intent::Questions(questions.collect()));
    }
    let Some(pipeline) = answer.pipeline else {
        let fault = Diagnostic::error("model-nothing", "there is neither a pipeline nor a question");
        return Err(vec![fault.at(Place::file(FILE))]);
    };
    let mut pipeline = schema::to_spec(&pipeline, &SCHEMA);
    if let Some(fields) = pipeline.as_object_mut() {
        fields.insert("version".into(), 1.into());
    }
    fits(SPEC.as_ref(), &pipeline, "pipeline.")?;
    let mut spec: Spec = serde_json::from_value(pipeline).map_err(|e| vec![mistyped(&e)])?;
    spec.requirement = Some(requirement.trim().to_owned());
    let deliverables = complete::complete(&mut spec, ground)?;
    let (platform, findings) = trace::attach(&mut spec, &answer.trace, &answer.not_understood, requirement, ground);
    let understood = Understood { spec, platform, deliverables, findings };
    Ok(Intent::Understood(Box::new(understood)))
}

/// The one JSON object in an answer, a fence or a sentence around it passed over.
fn json(text: &str) -> Result<Value, Diagnostic> {
    let none =
        |why: String| Diagnostic::error("model-no-json", "the answer is no JSON object").why(why).at(Place::file(FILE));
    let start = text.find('{').ok_or_else(|| none("there is no `{` in it".into()))?;
    let mut all = serde_json::Deserializer::from_str(text.get(start..).unwrap_or_default()).into_iter::<Value>();
    match all.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(e)) => Err(none(e.to_string())),
        None => Err(none("it is empty".into())),
    }
}

/// Fields that are null are fields that are not there.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

fn unveiled(value: &mut Value, veil: &Veil) {
    match value {
        Value::String(text) => *text = veil.show(text),
        Value::Object(map) => map.values_mut().for_each(|v| unveiled(v, veil)),
        Value::Array(items) => items.iter_mut().for_each(|v| unveiled(v, veil)),
        _ => {}
    }
}

fn fits(validator: Option<&Validator>, value: &Value, prefix: &str) -> Result<(), Vec<Diagnostic>> {
    let Some(validator) = validator else {
        return Err(vec![Diagnostic::error("schema", "the JSON Schema of answers could not be made")]);
    };
    let faults: Vec<Diagnostic> = validator
        .iter_errors(value)
        .take(MOST)
        .map(|error| {
            let path = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
            let path = format!("{prefix}{path}");
            let path = if path.is_empty() { "(whole)" } else { path.trim_end_matches('.') };
            Diagnostic::error("model-schema", short(&error.to_string())).at(Place::path(FILE, path))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn mistyped(error: &serde_json::Error) -> Diagnostic {
    Diagnostic::error("model-schema", short(&error.to_string())).at(Place::path(FILE, "pipeline"))
}

fn short(text: &str) -> String {
    const MOST: usize = 240;
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST).chain(['…']).collect() }
}
