//! JSON Schemas of what people and programs write, made from the Rust types (draft 2020-12).

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Proposals;
use crate::spec::Spec;
use crate::workspace::Config;

/// What `propose --from` reads.
pub fn proposal() -> Value {
    of::<Proposals>()
}

/// `pipelines/<name>.yml`.
pub fn spec() -> Value {
    of::<Spec>()
}

/// `pipewright.yml`.
pub fn config() -> Value {
    of::<Config>()
}

/// The schema of what is only ever written: what is left out where it is empty is not required.
pub fn of_answer<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema of any type that is written or read, where an unknown field is refused.
pub fn of<T: JsonSchema>() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let mut value = schema.to_value();
    let definitions = value.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    strict(&mut value, &definitions);
    value
}

/// A tagged variant refers to the schema of what it holds, which allows no unknown field and so not the tag either:
/// the fields are taken over beside the tag instead, so that a misspelt field is refused and said by its name.
fn strict(value: &mut Value, definitions: &Map<String, Value>) {
    match value {
        Value::Object(map) => {
            let target = map.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"));
            if let (Some(target), true) =
                (target.and_then(|t| definitions.get(t)).cloned(), map.contains_key("properties"))
            {
                take_over(map, &target);
            }
            map.values_mut().for_each(|v| strict(v, definitions));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| strict(v, definitions)),
        _ => {}
    }
}

fn take_over(map: &mut Map<String, Value>, target: &Value) {
    map.remove("$ref");
    for (key, value) in target.as_object().into_iter().flatten() {
        match (key.as_str(), map.get_mut(key)) {
            ("properties", Some(Value::Object(own))) => {
                own.extend(value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
            }
            ("required", Some(Value::Array(own))) => own.extend(value.as_array().into_iter().flatten().cloned()),
            (_, None) => drop(map.insert(key.clone(), value.clone())),
            _ => {}
        }
    }
    map.insert("additionalProperties".into(), json!(false));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn schemas_are_valid_and_say_what_things_are() {
        for (name, schema) in [("proposal", proposal()), ("spec", spec()), ("config", config())] {
            jsonschema::meta::validate(&schema).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
            assert!(schema["title"].is_string(), "{name}");
            for (field, value) in schema["properties"].as_object().unwrap() {
                assert!(value["description"].is_string(), "{name}.{field} has no description");
            }
        }
    }

    #[test]
    fn every_artifact_refuses_unknown_fields() {
        let schema = proposal();
        let variants = schema["$defs"]["Artifact"]["oneOf"].as_array().unwrap();
        assert_eq!(variants.len(), 15);
        for variant in variants {
            assert_eq!(variant["additionalProperties"], false, "{variant:#}");
            assert!(variant["properties"]["kind"]["const"].is_string(), "{variant:#}");
            assert!(variant.get("$ref").is_none(), "{variant:#}");
        }
    }
}
