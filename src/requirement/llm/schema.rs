//! The form that a model fills: the pipeline spec's own JSON Schema, with less in it. Maps become lists of entries, for
//! providers hold a model to fixed fields only; patterns and limits go, for they are checked here anyway.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::spec::Spec;

/// Fields of a spec that a model fills. Approvals are never among them: those are a person's.
const FIELDS: &[&str] = &["name", "description", "owner", "schedule", "ingest", "models", "history", "tests", "alerts"];
/// Fields of a model that only make the form longer.
const NEEDLESS: &[&str] = &["materialization"];

/// What a model answers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Asked back where the requirement can't be met or can be read in two ways; else empty.
    pub questions: Vec<Asked>,
    /// The pipeline; left out where something is asked back.
    #[serde(default)]
    pub pipeline: Option<Value>,
    /// Which words of the requirement became what.
    #[serde(default)]
    pub trace: Vec<Traced>,
    /// Words of the requirement that became nothing.
    #[serde(default)]
    pub not_understood: Vec<String>,
}

/// A question back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The question in one sentence that names the words it is about.
    pub about: String,
    /// What the answer may be.
    pub candidates: Vec<String>,
}

/// Words and what they became.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traced {
    /// Words as they stand in the requirement.
    pub words: String,
    /// Paths into the pipeline.
    pub became: Vec<String>,
}

fn inlined<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The whole schema of a spec, references resolved.
pub fn spec() -> Value {
    inlined::<Spec>()
}

/// The form that a model fills.
pub fn form() -> Value {
    let mut spec = spec();
    if let Some(fields) = spec.get_mut("properties").and_then(Value::as_object_mut) {
        fields.retain(|name, _| FIELDS.contains(&name.as_str()));
        let of_models = fields.get_mut("models").and_then(|m| m.pointer_mut("/items/properties"));
        if let Some(of_models) = of_models.and_then(Value::as_object_mut) {
            of_models.retain(|name, _| !NEEDLESS.contains(&name.as_str()));
        }
    }
    let mut answer = trimmed(&inlined::<Answer>());
    let mut pipeline = trimmed(&spec);
    if let Some(pipeline) = pipeline.as_object_mut() {
        pipeline.insert("required".into(), json!(["name", "models"]));
    }
    answer["properties"]["pipeline"] = pipeline;
    answer["required"] = json!(["questions"]);
    answer
}

/// Only what every provider knows: types, fields, which of them must be there, lists, choices, and what they mean.
fn trimmed(schema: &Value) -> Value {
    let mut out = Map::new();
    let schema = unwrapped(schema);
    let about = schema.get("description").and_then(Value::as_str);
    if let Some(about) = about {
        out.insert("description".into(), json!(about.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    if let Some(choices) = choices(schema) {
        out.insert("type".into(), json!("string"));
        out.insert("enum".into(), json!(choices));
        return Value::Object(out);
    }
    let kind = kind(schema);
    out.insert("type".into(), json!(kind));
    match kind {
        "array" => drop(out.insert("items".into(), schema.get("items").map_or(json!({"type": "string"}), trimmed))),
        "object" => match values(schema) {
            Some(of) => {
                out.insert("type".into(), json!("array"));
                out.insert("items".into(), entry(of));
            }
            None => {
                let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
                let fields: Map<String, Value> = fields.iter().map(|(k, v)| (k.clone(), trimmed(v))).collect();
                out.insert("properties".into(), Value::Object(fields));
                let required = schema.get("required").cloned().unwrap_or_else(|| json!([]));
                out.insert("required".into(), required);
                out.insert("additionalProperties".into(), json!(false));
            }
        },
        _ => {}
    }
    Value::Object(out)
}

/// What a schema says beside that there may be nothing.
fn unwrapped(schema: &Value) -> &Value {
    let all = ["anyOf", "oneOf"].iter().find_map(|k| schema.get(*k)).and_then(Value::as_array);
    let mut real = all.into_iter().flatten().filter(|s| s["type"] != "null");
    match (real.next(), real.next()) {
        (Some(one), None) if schema.get("properties").is_none() => one,
        _ => schema,
    }
}

fn kind(schema: &Value) -> &str {
    let kinds = match schema.get("type") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).find(|k| *k != "null"),
        Some(Value::String(one)) => Some(one.as_str()),
        _ => None,
    };
    kinds.unwrap_or("string")
}

/// The words that a value may be, where it is one of a few.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        return all.iter().map(Value::as_str).collect();
    }
    let each = schema.get("oneOf")?.as_array()?;
    each.iter().map(|s| s.get("const")?.as_str()).collect()
}

/// What a map holds, where a schema is that of a map.
fn values(schema: &Value) -> Option<&Value> {
    if schema.get("properties").is_some() {
        return None;
    }
    // Keys that must be names stand as one pattern.
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let of = patterns.and_then(|p| p.values().next()).or_else(|| schema.get("additionalProperties"))?;
    (of.is_object() || *of == json!(true)).then_some(of)
}

/// Whether a map holds values of any kind: then the form asks for JSON in a text.
fn is_any(of: &Value) -> bool {
    of.as_object().is_none_or(|o| !o.contains_key("type") && !o.contains_key("oneOf") && !o.contains_key("anyOf"))
}

/// An entry of a map as an object: its key beside the fields of its value, or beside `value`.
fn entry(of: &Value) -> Value {
    let text = |about: &str| json!({"type": "string", "description": about});
    let mut value = if is_any(of) { text("The value as JSON.") } else { trimmed(of) };
    match value.get_mut("properties").and_then(Value::as_object_mut) {
        Some(fields) => {
            let mut all = Map::from_iter([("key".to_owned(), text("Its name."))]);
            all.append(fields);
            json!({"type": "object", "properties": all, "required": ["key"], "additionalProperties": false})
        }
        None => json!({
            "type": "object", "properties": {"key": text("Its name."), "value": value}, "required": ["key", "value"],
            "additionalProperties": false
        }),
    }
}

/// An answer's pipeline as a spec has it: entries become maps again, nulls go.
pub fn to_spec(value: &Value, schema: &Value) -> Value {
    let schema = unwrapped(schema);
    match value {
        Value::Array(items) => match values(schema) {
            Some(of) => Value::Object(items.iter().filter_map(|item| unentried(item, of)).collect()),
            None => {
                let of = schema.get("items").cloned().unwrap_or_default();
                Value::Array(items.iter().map(|item| to_spec(item, &of)).collect())
            }
        },
        Value::Object(map) => {
            let of = |name: &str| schema.pointer("/properties").and_then(|p| p.get(name));
            let given = map.iter().filter(|(_, v)| !v.is_null());
            given.map(|(k, v)| (k.clone(), of(k).map_or_else(|| v.clone(), |s| to_spec(v, s)))).collect()
        }
        other => other.clone(),
    }
}

fn unentried(item: &Value, of: &Value) -> Option<(String, Value)> {
    let mut item = item.as_object()?.clone();
    let key = item.remove("key")?.as_str()?.to_owned();
    let is_object = unwrapped(of).get("properties").is_some();
    if is_object {
        return Some((key, to_spec(&Value::Object(item), of)));
    }
    let value = item.remove("value").unwrap_or_default();
    let parsed = value.as_str().filter(|_| is_any(of)).and_then(|text| serde_json::from_str(text).ok());
    Some((key, parsed.unwrap_or(value)))
}

/// A spec as the form has it: the other way round.
pub fn from_spec(value: &Value, schema: &Value) -> Value {
    let schema = unwrapped(schema);
    match (value, values(schema)) {
        (Value::Object(map), Some(of)) => {
            let entry = |(key, value): (&String, &Value)| {
                let mut out = Map::from_iter([("key".to_owned(), json!(key))]);
                match from_spec(value, of) {
                    Value::Object(mut fields) => out.append(&mut fields),
                    other if is_any(of) => drop(out.insert("value".into(), json!(other.to_string()))),
                    other => drop(out.insert("value".into(), other)),
                }
                Value::Object(out)
            };
            Value::Array(map.iter().map(entry).collect())
        }
        (Value::Object(map), None) => {
            let of = |name: &str| schema.pointer("/properties").and_then(|p| p.get(name));
            map.iter().map(|(k, v)| (k.clone(), of(k).map_or_else(|| v.clone(), |s| from_spec(v, s)))).collect()
        }
        (Value::Array(items), _) => {
            let of = schema.get("items").cloned().unwrap_or_default();
            Value::Array(items.iter().map(|item| from_spec(item, &of)).collect())
        }
        (other, _) => other.clone(),
    }
}

/// The fields of a spec that are in the form.
pub fn draft(spec: &Spec) -> Value {
    let Ok(Value::Object(mut all)) = serde_json::to_value(spec) else { return Value::Null };
    all.retain(|name, _| FIELDS.contains(&name.as_str()));
    from_spec(&Value::Object(all), &self::spec())
}

/// The form with every field required and those that may be left out null, as OpenAI's strict mode wants it.
pub fn strict(schema: &Value) -> Value {
    let mut out = schema.clone();
    let required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    if let Some(fields) = out.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, field) in fields.iter_mut() {
            *field = strict(field);
            if !required.contains(&json!(name)) {
                field["type"] = json!([field["type"], "null"]);
                if let Some(choices) = field.get_mut("enum").and_then(Value::as_array_mut) {
                    choices.push(Value::Null);
                }
            }
        }
        let all: Vec<String> = fields.keys().cloned().collect();
        out["required"] = json!(all);
    }
    if let Some(items) = out.get_mut("items") {
        *items = strict(items);
    }
    out
}

/// The form in lines of text, for models that are held to it and do not see it.
pub fn outline(schema: &Value) -> String {
    let mut out = String::new();
    lines(schema, 0, &mut out);
    out.trim_end().to_owned()
}

fn lines(schema: &Value, indent: usize, out: &mut String) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let inner = if field["type"] == "array" { &field["items"] } else { field };
        let many = if field["type"] == "array" { "[]" } else { "" };
        let star = if required.contains(&name.as_str()) { "*" } else { "" };
        let kind = match inner.get("enum").and_then(Value::as_array) {
            Some(all) => format!(" ({})", all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")),
            None => String::new(),
        };
        let about = field["description"].as_str().map(|d| format!(": {d}")).unwrap_or_default();
        out.push_str(&format!("{}- {name}{many}{star}{kind}{about}\n", " ".repeat(indent)));
        lines(inner, indent + 2, out);
    }
}
