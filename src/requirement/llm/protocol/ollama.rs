//! Ollama: `/api/chat`, held to the form by `format`.

use serde_json::{Value, json};

use super::{Call, number, text};
use crate::requirement::llm::{End, Reply, Talk, Tokens, Turn};
use crate::workspace::LanguageModel;

/// Room for the prompts themselves, beside contracts and answers.
const PROMPTS: u32 = 6000;

pub(super) fn call(model: &LanguageModel, talk: &Talk, form: &Value) -> Call {
    let turn = |turn: &Turn| {
        let role = if turn.by_model { "assistant" } else { "user" };
        json!({"role": role, "content": turn.text})
    };
    let mut messages = vec![json!({"role": "system", "content": talk.system})];
    messages.extend(talk.turns.iter().map(turn));
    // What does not fit into the context is cut off in silence there, and another size loads the model anew: so one size,
    // large enough for every attempt.
    let context = PROMPTS + model.context_tokens + model.answer_tokens * 2;
    let body = json!({
        "model": model.model(),
        "stream": false,
        "format": form,
        "options": {"temperature": 0, "seed": 0, "num_ctx": context, "num_predict": model.answer_tokens},
        "messages": messages,
    });
    Call { path: "/api/chat".into(), headers: Vec::new(), body }
}

pub(super) fn reply(body: &Value) -> Option<Reply> {
    let said = body.pointer("/message/content")?.as_str()?;
    let end = if text(body, "/done_reason") == "length" { End::Cut } else { End::Done };
    let tokens = Tokens { input: number(body, "/prompt_eval_count"), output: number(body, "/eval_count") };
    Some(Reply { text: said.to_owned(), end, tokens })
}
