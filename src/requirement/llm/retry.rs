//! What an answer of a provider means for the line: it is given on, waited for, or the end.

use std::time::Duration;

use serde_json::Value;

use super::{Reply, protocol};
use crate::vocabulary::Diagnostic;
use crate::workspace::{LanguageModel, Provider};

/// What came over the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// An answer, whatever its status.
    Answer {
        /// HTTP's status.
        status: u16,
        /// Its `retry-after` header.
        retry_after: Option<&'a str>,
        /// Its body.
        body: &'a [u8],
    },
    /// Nothing in time.
    Timeout,
    /// No connection, or it broke off.
    NoConnection(&'a str),
    /// More bytes than are read.
    TooLong,
    /// It can't be reached at all as it is configured.
    Unusable(&'a str),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The reply, and the body that it stands in.
    Give(Reply, Value),
    /// Wait so long and send it again; if it has been sent often enough, this is what is wrong.
    Wait(Duration, Box<Diagnostic>),
    /// It is no use to send it again.
    Fail(Box<Diagnostic>),
}

/// Longest wait that is taken without being asked for.
const LONGEST: u64 = 30;

/// Judges what was heard after `sent` times. `now` is the time in seconds since 1970, for dates of `retry-after`.
pub fn judge(model: &LanguageModel, heard: &Heard<'_>, sent: u32, now: i64) -> Next {
    let at = || format!("{} at {}", model.label(), model.base_url());
    let pause = Duration::from_secs(LONGEST.min(1 << sent.saturating_sub(1).min(10)));
    let again = |wait: Duration, d: Diagnostic| Next::Wait(wait, Box::new(d));
    match heard {
        Heard::Timeout => {
            let what = format!("no answer in time from {}", at());
            let next = "raise `model.timeout_seconds`, or name a faster model";
            again(Duration::ZERO, Diagnostic::error("model-timeout", what).next(next))
        }
        Heard::NoConnection(why) => {
            let next = match model.provider {
                Provider::Ollama => "start it with `ollama serve`, or mend `model.base_url`",
                _ => "look at the network and `model.base_url`",
            };
            let what = format!("there is no connection to {}", at());
            again(pause, Diagnostic::error("model-unreachable", what).why(*why).next(next))
        }
        Heard::TooLong => {
            let what = format!("the answer of {} is longer than any answer may be; the rest was not read", at());
            Next::Fail(Box::new(
                Diagnostic::error("model-endless", what).next("lower `model.answer_tokens`, or name another model"),
            ))
        }
        Heard::Unusable(why) => {
            let what = format!("{} can't be asked", at());
            Next::Fail(Box::new(
                Diagnostic::error("model-unreachable", what).why(*why).next("mend `model` in pipewright.yml"),
            ))
        }
        Heard::Answer { status, retry_after, body } => {
            let json: Option<Value> = serde_json::from_slice(body).ok();
            match status {
                200 => match json.and_then(|json| Some((protocol::reply(model.provider, &json)?, json))) {
                    Some((reply, json)) => Next::Give(reply, json),
                    None => {
                        let what = format!("what {} sent is broken or cut off", at());
                        again(
                            pause,
                            Diagnostic::error("model-broken-answer", what)
                                .next("look at `model.provider` and `model.base_url`"),
                        )
                    }
                },
                _ => refused(model, *status, *retry_after, json.as_ref(), pause, now),
            }
        }
    }
}

/// Every other status.
fn refused(
    model: &LanguageModel,
    status: u16,
    retry_after: Option<&str>,
    body: Option<&Value>,
    pause: Duration,
    now: i64,
) -> Next {
    let said: String = body.and_then(protocol::message).unwrap_or_default().chars().take(300).collect();
    let label = model.label();
    let told = |mut d: Diagnostic| {
        if !said.is_empty() {
            d.why = Some(said.clone());
        }
        Box::new(d)
    };
    let quota = body.is_some_and(|b| b.pointer("/error/code").is_some_and(|c| c == "insufficient_quota"));
    let bad_key = status == 400 && (said.contains("API key") || said.contains("API_KEY"));
    match status {
        300..=399 => Next::Fail(told(
            Diagnostic::error("model-redirect", format!("{label} sends us elsewhere, and a key goes nowhere else"))
                .next("name the right address in `model.base_url`"),
        )),
        401 | 403 => Next::Fail(told(key_refused(model))),
        400 if bad_key => Next::Fail(told(key_refused(model))),
        404 => {
            let next = match model.provider {
                Provider::Ollama => format!("run `ollama pull {}`, or name another in `model.name`", model.model()),
                _ => "look at `model.name` and `model.base_url`".into(),
            };
            Next::Fail(told(Diagnostic::error("model-unknown", format!("there is no {label}")).next(next)))
        }
        429 if quota => Next::Fail(told(
            Diagnostic::error("model-quota", format!("the quota at {label} is used up"))
                .next("look at your plan there"),
        )),
        408 | 409 | 425 | 429 | 500..=599 => {
            let wait = retry_after.and_then(|text| seconds(text, now)).or_else(|| retry_info(body)).unwrap_or(pause);
            let what = match status {
                429 => format!("{label} has too many requests"),
                _ => format!("{label} is not well (HTTP status {status})"),
            };
            Next::Wait(wait, told(Diagnostic::error("model-busy", what).next("try again later")))
        }
        _ => Next::Fail(told(
            Diagnostic::error("model-request", format!("{label} did not take the request (HTTP status {status})"))
                .next("look at `model` in pipewright.yml"),
        )),
    }
}

fn key_refused(model: &LanguageModel) -> Diagnostic {
    let what = format!("{} did not take the key", model.label());
    let next = match model.key_env() {
        Some(name) => format!("put a valid key into the environment variable {name}"),
        None => "name the variable that holds the key in `model.api_key_env`".into(),
    };
    Diagnostic::error("model-key", what).next(next)
}

/// `retry-after` is a number of seconds or a date.
fn seconds(text: &str, now: i64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (0.0..1e6).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Duration::from_secs(u64::try_from(date.timestamp().as_second() - now).unwrap_or(0)))
}

/// Gemini says it in the body: `{"@type": "…RetryInfo", "retryDelay": "34s"}`.
fn retry_info(body: Option<&Value>) -> Option<Duration> {
    let details = body?.pointer("/error/details")?.as_array()?;
    let delay = details.iter().find_map(|d| d["retryDelay"].as_str())?;
    seconds(delay.strip_suffix('s')?, 0)
}
