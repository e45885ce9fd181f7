//! Anthropic: `/v1/messages`. The form is a tool: its structured output takes fewer optional fields than a spec has.

use serde_json::{Value, json};

use super::{Call, number, text};
use crate::requirement::llm::{End, Reply, Talk, Tokens, Turn};
use crate::workspace::LanguageModel;

/// Name of the tool.
const ANSWER: &str = "answer";

pub(super) fn call(model: &LanguageModel, talk: &Talk, form: &Value) -> Call {
    let turn = |turn: &Turn| {
        let role = if turn.by_model { "assistant" } else { "user" };
        json!({"role": role, "content": turn.text})
    };
    // Models that always think refuse to be made to call a tool, so they are told to.
    let system = format!("{}\n\nGive the JSON object by calling the tool `{ANSWER}`, exactly once.", talk.system);
    let body = json!({
        "model": model.model(),
        "max_tokens": model.answer_tokens,
        "system": system,
        "messages": talk.turns.iter().map(turn).collect::<Vec<_>>(),
        "tools": [{"name": ANSWER, "description": "Gives the answer.", "input_schema": form}],
        "tool_choice": {"type": "auto"},
    });
    Call { path: "/v1/messages".into(), headers: vec![("anthropic-version", "2023-06-01".into())], body }
}

pub(super) fn reply(body: &Value) -> Option<Reply> {
    let blocks = body.get("content")?.as_array()?;
    let called = blocks.iter().find(|b| b["type"] == "tool_use" && b["name"] == ANSWER);
    let said = match called {
        Some(tool) => tool["input"].to_string(),
        None => blocks.iter().filter(|b| b["type"] == "text").filter_map(|b| b["text"].as_str()).collect(),
    };
    let end = match text(body, "/stop_reason") {
        "refusal" => End::Refused("the model declined".into()),
        "max_tokens" | "model_context_window_exceeded" => End::Cut,
        _ => End::Done,
    };
    // What was read from a cache was sent all the same.
    let parts = ["/usage/input_tokens", "/usage/cache_creation_input_tokens", "/usage/cache_read_input_tokens"];
    let input = number(body, parts[0]).map(|_| parts.iter().filter_map(|p| number(body, p)).sum());
    Some(Reply { text: said, end, tokens: Tokens { input, output: number(body, "/usage/output_tokens") } })
}
