//! The line to a language model: a recording, the cache, or the network; within the budget, and again where it is worth it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::requirement::llm::protocol::{self, Call};
use crate::requirement::llm::retry::{Heard, Next, judge};
use crate::requirement::llm::{self, Budget, Reply, Talk};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::workspace::{LanguageModel, ModelUse, lock, paths};
use crate::world::clock::{self, Stopwatch};
use crate::world::http::{self, Failure};
use crate::world::local;
use crate::world::process::{self, Secrets};

/// What a recording is.
const FORMAT: u32 = 1;

/// Where answers come from and go to, beside the network.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Every exchange is written here.
    pub record: Option<PathBuf>,
    /// Answers are taken from here, and nowhere else.
    pub replay: Option<PathBuf>,
}

/// One exchange, as it is kept: all that was sent, the key apart, and all that came back.
#[derive(Serialize, Deserialize)]
struct Exchange {
    format: u32,
    model: String,
    path: String,
    asked: Value,
    answered: Value,
}

/// The line for one requirement.
pub(super) struct Line<'a> {
    model: &'a LanguageModel,
    form: Value,
    recording: &'a Recording,
    cache: PathBuf,
    /// Answers that are kept once they have led to something.
    fresh: Vec<(PathBuf, String)>,
    budget: Budget<'a>,
    watch: Stopwatch,
    /// How to wait; tests don't.
    pub(super) wait: fn(Duration),
}

impl<'a> Line<'a> {
    /// A line for the workspace in `root`.
    pub(super) fn new(model: &'a LanguageModel, recording: &'a Recording, root: &std::path::Path) -> Line<'a> {
        Line {
            model,
            form: llm::form(),
            recording,
            cache: root.join(paths::state("models")),
            fresh: Vec::new(),
            budget: Budget::new(model),
            watch: Stopwatch::start(),
            wait: http::wait,
        }
    }

    /// What was taken so far.
    pub(super) fn used(&self) -> ModelUse {
        ModelUse { seconds: self.watch.seconds(), ..self.budget.used.clone() }
    }

    /// Keeps the answers for the next time that the same is asked.
    pub(super) fn keep(&mut self) -> Outcome<()> {
        self.fresh.drain(..).try_for_each(|(path, text)| local::write(&path, &text))
    }

    /// What the model says to that.
    pub(super) fn ask(&mut self, talk: &Talk) -> Outcome<Reply> {
        let call = protocol::call(self.model, talk, &self.form);
        let body = call.body.to_string();
        let name = file_name(&self.model.label(), &call.path, &body);
        if let Some(dir) = &self.recording.replay {
            let path = dir.join(&name);
            let exchange = read(&path)?.ok_or_else(|| missing(&path))?;
            let reply = protocol::reply(self.model.provider, &exchange.answered).ok_or_else(|| broken(&path))?;
            self.budget.repeated();
            return Ok(reply);
        }
        let cached = self.cache.join(&name);
        // A broken file in the cache is one that is not there.
        if let Some(exchange) = read(&cached).ok().flatten()
            && let Some(reply) = protocol::reply(self.model.provider, &exchange.answered)
        {
            self.budget.repeated();
            self.record(&name, &exchange)?;
            return Ok(reply);
        }
        let sent = llm::tokens_of(talk, &self.form.to_string());
        let (reply, answered) = self.send(&call, &body, sent)?;
        let said = reply.text.len().max(answered.to_string().len().min(64)) as u64;
        self.budget.took(reply.tokens, sent, said.div_ceil(3));
        let exchange =
            Exchange { format: FORMAT, model: self.model.label(), path: call.path, asked: call.body, answered };
        self.record(&name, &exchange)?;
        self.fresh.push((cached, text(&exchange)?));
        Ok(reply)
    }

    fn record(&self, name: &str, exchange: &Exchange) -> Outcome<()> {
        match &self.recording.record {
            Some(dir) => local::write(&dir.join(name), &text(exchange)?),
            None => Ok(()),
        }
    }

    /// Over the network, as often as it is worth it.
    fn send(&self, call: &Call, body: &str, tokens: u64) -> Outcome<(Reply, Value)> {
        let key = match self.model.key_env() {
            Some(name) => Some(process::env(name).ok_or_else(|| no_key(self.model, name))?),
            None => None,
        };
        let secrets = Secrets::of_values(key.clone());
        let mut headers = call.headers.clone();
        headers.extend(key.as_deref().map(|key| protocol::key_header(self.model.provider, key)));
        let url = format!("{}{}", self.model.base_url(), call.path);
        // No answer within the limit of tokens is longer.
        let limit = 256 * 1024 + u64::from(self.model.answer_tokens) * 32;
        for sent in 1.. {
            self.budget.allows(tokens, self.watch.seconds()).map_err(Diagnostic::fault)?;
            let left = f64::from(self.model.max_seconds) - self.watch.seconds();
            let timeout = Duration::from_secs(u64::from(self.model.timeout_seconds));
            let timeout = timeout.min(Duration::from_secs_f64(left.max(0.01)));
            let request = http::Request { url: &url, headers: &headers, body: Some(body), timeout, limit };
            let answer = http::send(&request, self.model.is_local());
            // Whatever comes back is without the key from here on.
            let answer = answer.map(|a| {
                (
                    a.status,
                    a.header("retry-after").map(str::to_owned),
                    secrets.redact(&String::from_utf8_lossy(&a.body)),
                )
            });
            let heard = match &answer {
                Ok((status, retry_after, body)) => {
                    Heard::Answer { status: *status, retry_after: retry_after.as_deref(), body: body.as_bytes() }
                }
                Err(Failure::Timeout) => Heard::Timeout,
                Err(Failure::Connection(why)) => Heard::NoConnection(why),
                Err(Failure::TooLong) => Heard::TooLong,
                Err(Failure::Tls(why) | Failure::Invalid(why)) => Heard::Unusable(why),
            };
            match judge(self.model, &heard, sent, clock::now().as_second()) {
                Next::Give(reply, body) => return Ok((reply, body)),
                Next::Fail(fault) => return Err(fault.fault()),
                Next::Wait(_, fault) if sent > u32::from(self.model.retries) => {
                    let often = format!("it was sent {sent} times");
                    let why = fault.why.map_or(often.clone(), |why| format!("{why}; {often}"));
                    return Err(Diagnostic { why: Some(why), ..*fault }.fault());
                }
                Next::Wait(time, fault) => {
                    let left = f64::from(self.model.max_seconds) - self.watch.seconds();
                    if time.as_secs_f64() > left {
                        let why = format!("it asks for a wait of {} s, and {left:.0} s are left", time.as_secs());
                        return Err(Diagnostic { why: Some(why), ..*fault }.fault());
                    }
                    (self.wait)(time);
                }
            }
        }
        Err(Diagnostic::error("model-unreachable", "the model was not asked").fault())
    }
}

/// The name that an exchange is kept under: a hash of all that is asked.
fn file_name(model: &str, path: &str, body: &str) -> String {
    let hash = lock::hash(["exchange", model, path, body]);
    let hex = hash.strip_prefix("sha256:").unwrap_or(&hash);
    format!("{}.json", hex.get(..24).unwrap_or(hex))
}

fn text(exchange: &Exchange) -> Outcome<String> {
    let text = serde_json::to_string_pretty(exchange).map_err(|e| Diagnostic::error("recording", e.to_string()))?;
    Ok(text + "\n")
}

fn read(path: &std::path::Path) -> Outcome<Option<Exchange>> {
    let Some(text) = local::read(path)? else { return Ok(None) };
    match serde_json::from_str::<Exchange>(&text) {
        Ok(exchange) if exchange.format == FORMAT => Ok(Some(exchange)),
        _ => Err(broken(path)),
    }
}

fn missing(path: &std::path::Path) -> Fault {
    let why = "the requirement, the contracts, the prompts, the form or the model are others than when it was recorded";
    Diagnostic::error("no-recording", "there is no recording of what would be asked now")
        .at(Place::file(path.display().to_string()))
        .why(why)
        .next("record it: the same command with `--record DIR` instead of `--replay DIR`")
        .fault()
}

fn broken(path: &std::path::Path) -> Fault {
    Diagnostic::error("broken-recording", "this is no recording of an exchange")
        .at(Place::file(path.display().to_string()))
        .next("record it anew with `--record DIR`")
        .fault()
}

fn no_key(model: &LanguageModel, name: &str) -> Fault {
    Diagnostic::error("model-key", format!("the environment variable {name} is not set"))
        .why(format!("it holds the key for {}", model.label()))
        .next("set it, or run the command with `--mode rules`")
        .fault()
}

#[cfg(test)]
mod tests;
