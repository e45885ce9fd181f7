//! Every way in which a line can fail, against a server on this machine that speaks each provider's protocol. Nothing
//! sleeps: waits are written down.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::requirement::llm::{End, Turn};
use crate::workspace::Provider;
use crate::world::http::server::{Canned, Server};

thread_local! {
    static WAITS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn note(time: Duration) {
    WAITS.with_borrow_mut(|waits| waits.push(time.as_secs()));
}

const ALL: [Provider; 4] = [Provider::Gemini, Provider::Ollama, Provider::OpenAi, Provider::Anthropic];

fn model(provider: Provider, url: &str, rest: &str) -> LanguageModel {
    let yaml = format!("{{provider: {}, name: m-1, base_url: '{url}', timeout_seconds: 5, {rest}}}", provider.as_str());
    serde_yaml::from_str(&yaml).unwrap()
}

fn talk() -> Talk {
    let turn = |by_model, text: &str| Turn { by_model, text: text.into() };
    let turns = vec![turn(false, "orders per day"), turn(true, "{}"), turn(false, "again")];
    Talk { system: "be exact".into(), turns }
}

/// What each provider sends back, as its documentation has it.
fn body(provider: Provider, said: &str, end: &str) -> String {
    let body = match provider {
        Provider::Gemini => json!({
            "candidates": [{"content": {"parts": [{"text": "thinking", "thought": true}, {"text": said}], "role": "model"},
                            "finishReason": end, "index": 0}],
            "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 5,
                              "totalTokenCount": 125},
            "modelVersion": "m-1", "responseId": "r1"
        }),
        Provider::Ollama => json!({
            "model": "m-1", "created_at": "2026-03-31T10:00:00Z", "message": {"role": "assistant", "content": said},
            "done": true, "done_reason": end, "total_duration": 5_000_000, "prompt_eval_count": 100, "eval_count": 25
        }),
        Provider::OpenAi => json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": said, "refusal": null},
                         "finish_reason": end}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 25, "total_tokens": 125}
        }),
        Provider::Anthropic => json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m-1",
            "content": [{"type": "text", "text": "Here it is."},
                        {"type": "tool_use", "id": "toolu_1", "name": "answer",
                         "input": serde_json::from_str::<Value>(said).unwrap_or_default()}],
            "stop_reason": end, "stop_sequence": null,
            "usage": {"input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 25}
        }),
    };
    body.to_string()
}

fn done(provider: Provider) -> &'static str {
    match provider {
        Provider::Gemini => "STOP",
        Provider::Ollama | Provider::OpenAi => "stop",
        Provider::Anthropic => "tool_use",
    }
}

struct Tried {
    result: Result<Reply, String>,
    waits: Vec<u64>,
    used: ModelUse,
}

fn ask(model: &LanguageModel) -> Tried {
    WAITS.with_borrow_mut(Vec::clear);
    let (dir, recording) = (tempfile::tempdir().unwrap(), Recording::default());
    let mut line = Line::new(model, &recording, dir.path());
    line.wait = note;
    let result = line.ask(&talk()).map_err(|fault| {
        assert_eq!(fault.exit, 2);
        fault.to_string()
    });
    Tried { result, waits: WAITS.with_borrow(Vec::clone), used: line.used() }
}

fn fails(server: &Server, provider: Provider, rest: &str, word: &str) -> Tried {
    let tried = ask(&model(provider, &server.url, rest));
    let said = tried.result.as_ref().unwrap_err();
    assert!(said.contains(word), "{provider:?}: no {word:?} in {said}");
    tried
}

#[test]
fn each_provider_is_spoken_to_in_its_own_way() {
    for provider in ALL {
        let server = Server::start(vec![Canned::json(body(provider, "{\"a\":1}", done(provider)))]);
        let tried = ask(&model(provider, &server.url, "api_key_env: PATH, answer_tokens: 300"));
        let reply = tried.result.unwrap();
        assert_eq!((reply.text.as_str(), &reply.end), ("{\"a\":1}", &End::Done), "{provider:?}");
        assert_eq!((tried.used.tokens_in, tried.used.tokens_out, tried.used.answers), (100, 25, 1), "{provider:?}");
        let asked = &server.asked()[0];
        let (sent, key) = (asked.json(), std::env::var("PATH").unwrap());
        let roles = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap().to_owned()).collect()
        };
        match provider {
            Provider::Gemini => {
                assert_eq!(asked.line, "POST /v1beta/models/m-1:generateContent HTTP/1.1");
                assert_eq!(asked.header("x-goog-api-key"), Some(key.as_str()));
                assert_eq!(roles(&sent["contents"]), ["user", "model", "user"]);
                assert_eq!(sent["systemInstruction"]["parts"][0]["text"], "be exact");
                assert_eq!(sent["generationConfig"]["maxOutputTokens"], 300);
                assert!(sent["generationConfig"]["responseJsonSchema"]["properties"]["pipeline"].is_object());
            }
            Provider::Ollama => {
                assert_eq!(asked.line, "POST /api/chat HTTP/1.1");
                assert_eq!(roles(&sent["messages"]), ["system", "user", "assistant", "user"]);
                assert_eq!((&sent["stream"], &sent["options"]["num_predict"]), (&json!(false), &json!(300)));
                assert!(sent["options"]["num_ctx"].as_u64().unwrap() > 10_000);
                assert!(sent["format"]["properties"]["pipeline"].is_object());
            }
            Provider::OpenAi => {
                assert_eq!(asked.line, "POST /chat/completions HTTP/1.1");
                assert_eq!(asked.header("authorization"), Some(format!("Bearer {key}").as_str()));
                assert_eq!(roles(&sent["messages"]), ["system", "user", "assistant", "user"]);
                let format = &sent["response_format"]["json_schema"];
                assert_eq!((&format["strict"], &sent["max_tokens"]), (&json!(true), &json!(300)));
                let fields = format["schema"]["properties"].as_object().unwrap();
                assert_eq!(format["schema"]["required"].as_array().unwrap().len(), fields.len());
            }
            Provider::Anthropic => {
                assert_eq!(asked.line, "POST /v1/messages HTTP/1.1");
                assert_eq!(asked.header("x-api-key"), Some(key.as_str()));
                assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
                assert_eq!(roles(&sent["messages"]), ["user", "assistant", "user"]);
                assert!(sent["tools"][0]["input_schema"]["properties"]["pipeline"].is_object());
                assert_eq!(sent["max_tokens"], 300);
            }
        }
    }
}

#[test]
fn a_busy_provider_is_asked_again_when_it_says() {
    for provider in ALL {
        let good = Canned::json(body(provider, "{}", done(provider)));
        let busy = |status, after: &str| Canned::Full(status, vec![("retry-after", after.to_owned())], "{}".into());
        let server = Server::start(vec![busy(429, "7"), Canned::status(503, "gone"), busy(529, "0.5"), good]);
        let tried = ask(&model(provider, &server.url, ""));
        assert!(tried.result.is_ok(), "{provider:?}: {:?}", tried.result);
        assert_eq!(tried.waits, [7, 2, 0], "{provider:?}");
        assert_eq!(server.asked().len(), 4);
    }
    // Gemini says it in the body.
    let quota = json!({"error": {"code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}});
    let good = Canned::json(body(Provider::Gemini, "{}", "STOP"));
    let server = Server::start(vec![Canned::status(429, quota.to_string()), good]);
    assert_eq!(ask(&model(Provider::Gemini, &server.url, "")).waits, [34]);
}

#[test]
fn it_is_not_asked_for_ever() {
    let server = Server::start(vec![Canned::status(500, "{\"error\": {\"message\": \"internal\"}}")]);
    for provider in ALL {
        let tried = fails(&server, provider, "retries: 2", "model-busy");
        assert_eq!(tried.waits, [1, 2]);
        let said = tried.result.unwrap_err();
        assert!(said.contains("internal; it was sent 3 times"), "{said}");
    }
    // A wait beyond the budget is not taken.
    let server = Server::start(vec![Canned::Full(429, vec![("retry-after", "3600".into())], "{}".into())]);
    let tried = fails(&server, Provider::OpenAi, "max_seconds: 60", "asks for a wait of 3600 s");
    assert!(tried.waits.is_empty());
    let server =
        Server::start(vec![Canned::status(429, r#"{"error": {"code": "insufficient_quota", "message": "pay"}}"#)]);
    assert!(fails(&server, Provider::OpenAi, "", "model-quota").waits.is_empty());
}

#[test]
fn a_silent_or_absent_server_is_an_error() {
    let server = Server::start(vec![Canned::Silence]);
    let silent = model(Provider::Ollama, &server.url, "retries: 1");
    // The budget of seconds is shorter than the wait for one answer.
    let hurried = LanguageModel { timeout_seconds: 1, ..silent };
    let said = ask(&hurried).result.unwrap_err();
    assert!(said.contains("model-timeout") && said.contains("sent 2 times"), "{said}");
    let nobody = model(Provider::Ollama, &Server::nobody(), "retries: 1");
    let said = ask(&nobody).result.unwrap_err();
    assert!(said.contains("model-unreachable") && said.contains("ollama serve"), "{said}");
}

#[test]
fn broken_and_endless_answers_are_asked_for_again_or_an_error() {
    for provider in ALL {
        let whole = body(provider, "{}", done(provider));
        let half = whole[..whole.len() / 2].to_owned();
        let page = "<html>gateway</html>".to_owned();
        let other = "{\"something\": \"else\"}".to_owned();
        let broken = vec![Canned::json(half.clone()), Canned::Cut(half), Canned::json(page), Canned::json(whole)];
        let server = Server::start(broken);
        assert!(ask(&model(provider, &server.url, "")).result.is_ok(), "{provider:?}");
        assert_eq!(server.asked().len(), 4);
        let server = Server::start(vec![Canned::json(other)]);
        fails(&server, provider, "retries: 1", "model-broken-answer");
        let server = Server::start(vec![Canned::Endless]);
        fails(&server, provider, "", "model-endless");
        assert_eq!(server.asked().len(), 1, "{provider:?}");
    }
}

#[test]
fn cut_answers_and_refusals_are_told() {
    let end = |provider, reason: &str| {
        let server = Server::start(vec![Canned::json(body(provider, "{}", reason))]);
        ask(&model(provider, &server.url, "")).result.unwrap().end
    };
    for (provider, reason) in [
        (Provider::Gemini, "MAX_TOKENS"),
        (Provider::Ollama, "length"),
        (Provider::OpenAi, "length"),
        (Provider::Anthropic, "max_tokens"),
    ] {
        assert_eq!(end(provider, reason), End::Cut, "{provider:?}");
    }
    for (provider, reason) in
        [(Provider::Gemini, "SAFETY"), (Provider::OpenAi, "content_filter"), (Provider::Anthropic, "refusal")]
    {
        assert!(matches!(end(provider, reason), End::Refused(_)), "{provider:?}");
    }
    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}});
    let refusal =
        json!({"choices": [{"message": {"content": null, "refusal": "I can't help"}, "finish_reason": "stop"}]});
    for (provider, body) in [(Provider::Gemini, blocked), (Provider::OpenAi, refusal)] {
        let server = Server::start(vec![Canned::json(body.to_string())]);
        assert!(matches!(ask(&model(provider, &server.url, "")).result.unwrap().end, End::Refused(_)));
    }
}

#[test]
fn a_wrong_key_is_said_and_never_shown() {
    let key = std::env::var("PATH").unwrap();
    let denied = |status| Canned::status(status, json!({"error": {"message": format!("bad key {key}")}}).to_string());
    for provider in ALL {
        for status in [401, 403] {
            let server = Server::start(vec![denied(status)]);
            let tried = fails(&server, provider, "api_key_env: PATH", "environment variable PATH");
            let said = tried.result.unwrap_err();
            assert!(said.contains("bad key ***") && !said.contains(&key), "{said}");
            assert_eq!(server.asked().len(), 1);
        }
    }
    let server = Server::start(vec![Canned::status(400, r#"{"error": {"message": "API key not valid."}}"#)]);
    fails(&server, Provider::Gemini, "api_key_env: PATH", "model-key");
    let tried = fails(&server, Provider::Gemini, "api_key_env: NO_SUCH_KEY_OF_OURS", "is not set");
    assert_eq!((server.asked().len(), tried.used.answers), (1, 0));
    // No key leaves where none is named.
    ask(&model(Provider::OpenAi, &server.url, ""));
    assert_eq!(server.asked()[1].header("authorization"), None);
}

#[test]
fn redirects_unknown_models_and_bad_requests_end_it() {
    let elsewhere = Server::start(vec![Canned::json("{}")]);
    let moved = Canned::Full(302, vec![("location", elsewhere.url.clone())], String::new());
    fails(&Server::start(vec![moved]), Provider::OpenAi, "api_key_env: PATH", "model-redirect");
    assert!(elsewhere.asked().is_empty());
    let unknown = Server::start(vec![Canned::status(404, r#"{"error": "model 'm-1' not found"}"#)]);
    let said = fails(&unknown, Provider::Ollama, "", "model-unknown").result.unwrap_err();
    assert!(said.contains("ollama pull m-1") && said.contains("'m-1' not found"), "{said}");
    let bad = Server::start(vec![Canned::status(400, r#"{"error": {"message": "schema too deep"}}"#)]);
    fails(&bad, Provider::OpenAi, "", "schema too deep");
}

#[test]
fn budgets_end_it_before_anything_is_sent() {
    let server = Server::start(vec![Canned::json("{}")]);
    fails(&server, Provider::Ollama, "max_tokens: 100", "model-budget");
    fails(&server, Provider::Ollama, "max_cost: 0.001, price: {input: 1, output: 9}", "would be paid");
    assert!(server.asked().is_empty());
}

#[test]
fn what_was_asked_once_is_answered_from_the_cache_and_from_recordings() {
    let provider = Provider::Gemini;
    let server = Server::start(vec![Canned::json(body(provider, "{\"a\":1}", "STOP"))]);
    let model = model(provider, &server.url, "api_key_env: PATH");
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("recorded");
    let record = Recording { record: Some(kept.clone()), replay: None };
    let mut line = Line::new(&model, &record, dir.path());
    let first = line.ask(&talk()).unwrap();
    line.keep().unwrap();
    let mut line = Line::new(&model, &record, dir.path());
    assert_eq!(line.ask(&talk()).unwrap(), first);
    assert_eq!((line.used().answers, line.used().repeated, line.used().tokens_in), (0, 1, 0));
    assert_eq!(server.asked().len(), 1);
    // Another prompt, another form or another model is another question.
    let mut other = talk();
    other.system.push('!');
    line.ask(&other).unwrap();
    assert_eq!(server.asked().len(), 2);
    // A replay needs neither server nor key nor budget, and takes nothing else than what was recorded.
    let replay = Recording { record: None, replay: Some(kept.clone()) };
    let offline =
        LanguageModel { base_url: None, api_key_env: Some("NO_SUCH_KEY_OF_OURS".into()), max_tokens: 1, ..model };
    let empty = tempfile::tempdir().unwrap();
    let mut line = Line::new(&offline, &replay, empty.path());
    assert_eq!(line.ask(&talk()).unwrap(), first);
    let mut changed = talk();
    changed.turns.pop();
    let said = line.ask(&changed).unwrap_err().to_string();
    assert!(said.contains("no-recording") && said.contains("--record DIR"), "{said}");
    let files = local::list(&kept).unwrap();
    assert_eq!(files.len(), 2);
    let key = std::env::var("PATH").unwrap();
    for file in &files {
        assert!(!local::read(file).unwrap().unwrap().contains(&key));
    }
    std::fs::write(&files[0], "{}").unwrap();
    std::fs::write(&files[1], "{}").unwrap();
    assert!(line.ask(&talk()).unwrap_err().to_string().contains("broken-recording"));
}
