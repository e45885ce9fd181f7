//! How each provider is spoken to: talk → the body that is posted, and the body that comes back → reply. No key is here.

mod anthropic;
mod gemini;
mod ollama;
mod openai;

use serde_json::Value;

use super::schema;
use super::{Reply, Talk};
use crate::workspace::{LanguageModel, Provider};

/// One request, but for the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What follows the base address.
    pub path: String,
    /// Headers beside the key.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Value,
}

/// Whether the provider shows the model the form that it is held to; Ollama only holds it to it.
pub fn shows_schema(provider: Provider) -> bool {
    provider != Provider::Ollama
}

/// What is posted.
pub fn call(model: &LanguageModel, talk: &Talk, form: &Value) -> Call {
    match model.provider {
        Provider::Gemini => gemini::call(model, talk, form),
        Provider::Ollama => ollama::call(model, talk, form),
        Provider::OpenAi => openai::call(model, talk, &schema::strict(form)),
        Provider::Anthropic => anthropic::call(model, talk, form),
    }
}

/// The header that holds the key.
pub fn key_header(provider: Provider, key: &str) -> (&'static str, String) {
    match provider {
        Provider::Gemini => ("x-goog-api-key", key.to_owned()),
        Provider::Ollama | Provider::OpenAi => ("authorization", format!("Bearer {key}")),
        Provider::Anthropic => ("x-api-key", key.to_owned()),
    }
}

/// What came back with status 200; none where it is not what this provider says.
pub fn reply(provider: Provider, body: &Value) -> Option<Reply> {
    match provider {
        Provider::Gemini => gemini::reply(body),
        Provider::Ollama => ollama::reply(body),
        Provider::OpenAi => openai::reply(body),
        Provider::Anthropic => anthropic::reply(body),
    }
}

/// The path that tells whether a server on this machine is there.
pub fn ping(provider: Provider) -> &'static str {
    match provider {
        Provider::Ollama => "/api/tags",
        Provider::Gemini => "/v1beta/models",
        Provider::OpenAi => "/models",
        Provider::Anthropic => "/v1/models",
    }
}

/// The models that a server on this machine has, where its answer to [`ping`] tells.
pub fn models(provider: Provider, body: &[u8]) -> Option<Vec<String>> {
    if provider != Provider::Ollama {
        return None;
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let all = body.get("models")?.as_array()?.iter();
    Some(all.filter_map(|m| m["name"].as_str().map(str::to_owned)).collect())
}

/// What an answer of another status says is wrong: each provider has it at one of these places.
pub fn message(body: &Value) -> Option<&str> {
    ["/error/message", "/error", "/message", "/detail", "/0/error/message"]
        .iter()
        .find_map(|path| body.pointer(path)?.as_str())
}

/// The text at a path; empty where there is none.
fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a path.
fn number(value: &Value, path: &str) -> Option<u64> {
    value.pointer(path).and_then(Value::as_u64)
}
