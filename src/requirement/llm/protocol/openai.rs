//! OpenAI and servers that speak as it does: `/chat/completions`, held to the form by a strict JSON schema.

use serde_json::{Value, json};

use super::{Call, number, text};
use crate::requirement::llm::{End, Reply, Talk, Tokens, Turn};
use crate::workspace::LanguageModel;

pub(super) fn call(model: &LanguageModel, talk: &Talk, form: &Value) -> Call {
    let turn = |turn: &Turn| {
        let role = if turn.by_model { "assistant" } else { "user" };
        json!({"role": role, "content": turn.text})
    };
    let mut messages = vec![json!({"role": "system", "content": talk.system})];
    messages.extend(talk.turns.iter().map(turn));
    // OpenAI itself wants the new name, the others know the old one.
    let most = if model.base_url.is_none() { "max_completion_tokens" } else { "max_tokens" };
    let mut body = json!({
        "model": model.model(),
        "messages": messages,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": true, "schema": form},
        },
    });
    body[most] = json!(model.answer_tokens);
    Call { path: "/chat/completions".into(), headers: Vec::new(), body }
}

pub(super) fn reply(body: &Value) -> Option<Reply> {
    let choice = body.pointer("/choices/0")?;
    let refusal = text(choice, "/message/refusal");
    let end = match text(choice, "/finish_reason") {
        _ if !refusal.is_empty() => End::Refused(refusal.chars().take(300).collect()),
        "length" => End::Cut,
        "content_filter" => End::Refused("the provider's filter stopped the answer".into()),
        _ => End::Done,
    };
    let tokens =
        Tokens { input: number(body, "/usage/prompt_tokens"), output: number(body, "/usage/completion_tokens") };
    Some(Reply { text: text(choice, "/message/content").to_owned(), end, tokens })
}
