//! Gemini: `models/<name>:generateContent`.

use serde_json::{Value, json};

use super::{Call, number, text};
use crate::requirement::llm::{End, Reply, Talk, Tokens, Turn};
use crate::workspace::LanguageModel;

pub(super) fn call(model: &LanguageModel, talk: &Talk, form: &Value) -> Call {
    let turn = |turn: &Turn| {
        let role = if turn.by_model { "model" } else { "user" };
        json!({"role": role, "parts": [{"text": turn.text}]})
    };
    let body = json!({
        "systemInstruction": {"parts": [{"text": talk.system}]},
        "contents": talk.turns.iter().map(turn).collect::<Vec<_>>(),
        "generationConfig": {
            "temperature": 0,
            "candidateCount": 1,
            "maxOutputTokens": model.answer_tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": form,
        },
    });
    Call { path: format!("/v1beta/models/{}:generateContent", model.model()), headers: Vec::new(), body }
}

pub(super) fn reply(body: &Value) -> Option<Reply> {
    let blocked = text(body, "/promptFeedback/blockReason");
    let candidate = body.pointer("/candidates/0");
    if !blocked.is_empty() && candidate.is_none() {
        let end = End::Refused(format!("the provider blocked the question: {blocked}"));
        return Some(Reply { text: String::new(), end, tokens: tokens(body) });
    }
    let candidate = candidate?;
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
    // Thoughts are not the answer.
    let said = parts.into_iter().flatten().filter(|p| p["thought"] != true).filter_map(|p| p["text"].as_str());
    let reason = text(candidate, "/finishReason");
    let end = match reason {
        "STOP" | "" => End::Done,
        "MAX_TOKENS" => End::Cut,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
            End::Refused(format!("the provider stopped the answer: {reason}"))
        }
        _ => End::Done,
    };
    Some(Reply { text: said.collect(), end, tokens: tokens(body) })
}

/// Thoughts are paid for as what is said is.
fn tokens(body: &Value) -> Tokens {
    let said = number(body, "/usageMetadata/candidatesTokenCount");
    let thought = number(body, "/usageMetadata/thoughtsTokenCount").unwrap_or(0);
    Tokens { input: number(body, "/usageMetadata/promptTokenCount"), output: said.map(|n| n + thought) }
}
