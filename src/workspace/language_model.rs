//! The language model that a workspace asks: which, where, how much. Never a key, only the name of its variable.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::paths;
use crate::vocabulary::{Diagnostic, Place};

/// `model` in `pipewright.yml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageModel {
    /// Whose protocol it speaks.
    pub provider: Provider,
    /// Name of the model; `gemma3:4b` for `ollama` if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is, where that is not the provider's own address: `http://127.0.0.1:8080/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Environment variable that holds the key. With a `base_url` of your own no key is sent unless this names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Who reads a requirement.
    #[serde(default)]
    pub mode: ReadBy,
    /// Longest wait for one answer.
    #[serde(default = "default::timeout_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u32,
    /// Longest answer, in tokens.
    #[serde(default = "default::answer_tokens")]
    #[schemars(range(min = 256, max = 65536))]
    pub answer_tokens: u32,
    /// Room for contracts in what is sent, in tokens: the tables that the requirement is about come first.
    #[serde(default = "default::context_tokens")]
    #[schemars(range(min = 256, max = 200_000))]
    pub context_tokens: u32,
    /// Most answers that are asked for: the first, and those after what the checks said.
    #[serde(default = "default::attempts")]
    #[schemars(range(min = 1, max = 10))]
    pub attempts: u8,
    /// How often one question is sent again where the provider is busy or the line breaks.
    #[serde(default = "default::retries")]
    #[schemars(range(max = 10))]
    pub retries: u8,
    /// Most tokens for one requirement, in and out together.
    #[serde(default = "default::max_tokens")]
    pub max_tokens: u32,
    /// Most seconds for one requirement, waits included.
    #[serde(default = "default::max_seconds")]
    pub max_seconds: u32,
    /// Most money for one requirement; needs `price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Money>,
    /// What tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// Whose protocol a model speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Google's Gemini.
    Gemini,
    /// Ollama, on one's own machine.
    Ollama,
    /// OpenAI, and the many servers that speak as it does.
    OpenAi,
    /// Anthropic's Claude.
    Anthropic,
}

/// Who reads a requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBy {
    /// The rules alone; no model is asked.
    Rules,
    /// The model alone.
    Model,
    /// The rules first; the model gets what they could not read.
    #[default]
    RulesThenModel,
}

/// What a million tokens cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// That are sent.
    pub input: Money,
    /// That come back.
    pub output: Money,
    /// In which currency.
    #[serde(default = "default::currency")]
    pub currency: String,
}

/// An amount in millionths of a currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub u64);

/// What asking a model took for one requirement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelUse {
    /// `ollama/gemma3:4b`.
    pub model: String,
    /// Answers that it gave.
    pub answers: u32,
    /// Answers that were there already, from the cache or a recording; they count for nothing below.
    pub repeated: u32,
    /// Tokens that were sent.
    pub tokens_in: u64,
    /// Tokens that came back.
    pub tokens_out: u64,
    /// The provider did not count all of them: they are counted by length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// Seconds, waits included.
    pub seconds: f64,
    /// What it cost by the prices in `pipewright.yml`; none where they are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// In which currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl fmt::Display for ModelUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.estimated { "about " } else { "" };
        let s = if self.answers == 1 { "" } else { "s" };
        write!(
            f,
            "{}: {} answer{s}, {about}{} tokens in, {about}{} out, {:.1} s",
            self.model, self.answers, self.tokens_in, self.tokens_out, self.seconds
        )?;
        if self.repeated > 0 {
            write!(f, ", {} repeated", self.repeated)?;
        }
        match (self.cost, &self.currency) {
            (Some(cost), Some(currency)) => write!(f, ", {cost} {currency}"),
            (Some(Money(0)), None) => write!(f, ", no cost"),
            _ => write!(f, ", cost unknown"),
        }
    }
}

/// What is not said.
mod default {
    pub fn timeout_seconds() -> u32 {
        120
    }
    pub fn answer_tokens() -> u32 {
        4096
    }
    pub fn context_tokens() -> u32 {
        4000
    }
    pub fn attempts() -> u8 {
        3
    }
    pub fn retries() -> u8 {
        3
    }
    pub fn max_tokens() -> u32 {
        60_000
    }
    pub fn max_seconds() -> u32 {
        600
    }
    pub fn currency() -> String {
        "USD".into()
    }
}

impl Provider {
    /// As `pipewright.yml` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Provider::Gemini => "gemini",
            Provider::Ollama => "ollama",
            Provider::OpenAi => "openai",
            Provider::Anthropic => "anthropic",
        }
    }

    fn base_url(self) -> &'static str {
        match self {
            Provider::Gemini => "https://generativelanguage.googleapis.com",
            Provider::Ollama => "http://127.0.0.1:11434",
            Provider::OpenAi => "https://api.openai.com/v1",
            Provider::Anthropic => "https://api.anthropic.com",
        }
    }

    fn key_env(self) -> Option<&'static str> {
        match self {
            Provider::Gemini => Some("GEMINI_API_KEY"),
            Provider::Ollama => None,
            Provider::OpenAi => Some("OPENAI_API_KEY"),
            Provider::Anthropic => Some("ANTHROPIC_API_KEY"),
        }
    }
}

impl LanguageModel {
    /// Name of the model; the check holds that there is one.
    pub fn model(&self) -> &str {
        self.name.as_deref().unwrap_or("gemma3:4b")
    }

    /// Where it is, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.base_url.as_deref().unwrap_or(self.provider.base_url()).trim_end_matches('/')
    }

    /// The variable that holds the key. The provider's own key goes to the provider's own address only.
    pub fn key_env(&self) -> Option<&str> {
        match (&self.api_key_env, &self.base_url) {
            (Some(name), _) => Some(name),
            (None, Some(_)) => None,
            (None, None) => self.provider.key_env(),
        }
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        is_local(self.base_url())
    }

    /// `ollama/gemma3:4b`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.provider.as_str(), self.model())
    }

    /// What is wrong in it. `is_variable` tells names of environment variables.
    pub(super) fn faults(&self, is_variable: fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        let mut fault = |field: &str, what: String, next: &str| {
            let place = Place::path(paths::CONFIG, format!("model.{field}"));
            out.push(Diagnostic::error("wrong-value", what).at(place).next(next));
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._:/-@".contains(c);
        match &self.name {
            None if self.provider != Provider::Ollama => {
                let what = format!("no model of {} is named", self.provider.as_str());
                fault("name", what, "name one, as the provider's list of models has it");
            }
            Some(name) if name.is_empty() || name.len() > 200 || !name.chars().all(plain) || name.contains("..") => {
                let what = format!("`{}` is no name of a model", name.escape_debug());
                fault("name", what, "letters, digits and . _ : / - @");
            }
            _ => {}
        }
        // What is written here may hold a password, so it is not repeated.
        if let Some(url) = &self.base_url {
            let next = "write it as https://HOST/PATH, without a login and without `?`";
            let host = host(url);
            let odd = |c: char| c.is_whitespace() || c.is_control() || "?#@\\".contains(c);
            if host.is_none_or(str::is_empty) || url.chars().any(odd) {
                fault("base_url", "this is no address of a server".into(), next);
            } else if url.starts_with("http://") && !is_local(url) && self.key_env().is_some() {
                let what = "the key would travel in the clear: the address is neither https nor on this machine";
                fault("base_url", what.into(), "use https, or leave `api_key_env` out");
            }
        }
        if self.api_key_env.as_deref().is_some_and(|name| !is_variable(name)) {
            let what = "this is no name of an environment variable: capital letters, digits and _";
            fault("api_key_env", what.into(), "name the variable that holds the key; never the key itself");
        }
        let numbers = [
            ("timeout_seconds", self.timeout_seconds, 1, 3600),
            ("answer_tokens", self.answer_tokens, 256, 65_536),
            ("context_tokens", self.context_tokens, 256, 200_000),
            ("attempts", u32::from(self.attempts), 1, 10),
            ("retries", u32::from(self.retries), 0, 10),
            ("max_tokens", self.max_tokens, 1, u32::MAX),
            ("max_seconds", self.max_seconds, 1, 86_400),
        ];
        for (field, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                fault(field, format!("{value} is out of range"), &format!("from {least} to {most}"));
            }
        }
        if self.max_cost.is_some() && self.price.is_none() && self.provider != Provider::Ollama {
            let what = "a budget of money needs prices".to_owned();
            fault("max_cost", what, "add `price: {input: …, output: …}`, what a million tokens cost");
        }
        out
    }
}

/// Host of an address, with its port.
fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    rest.split('/').next()
}

fn is_local(url: &str) -> bool {
    let host = host(url).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<core::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        // At least two decimals, as money is written.
        let cut = text.trim_end_matches('0').len().max(text.len() - 4);
        f.write_str(&text[..cut])
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact up to nine billion")]
        s.serialize_f64(self.0 as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Money, D::Error> {
        let amount = f64::deserialize(d)?;
        if !(0.0..=1e9).contains(&amount) {
            return Err(serde::de::Error::custom("an amount of money is from 0 to 1000000000"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
        Ok(Money((amount * 1e6).round() as u64))
    }
}

impl JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "description": "An amount of money.", "minimum": 0})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn faults(yaml: &str) -> Vec<String> {
        let variable = |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let model: LanguageModel = serde_yaml::from_str(yaml).unwrap();
        model.faults(variable).iter().map(|d| d.place.as_ref().unwrap().path.clone().unwrap()).collect()
    }

    #[test]
    fn what_is_not_said_is_filled_in() {
        let model: LanguageModel = serde_yaml::from_str("provider: ollama").unwrap();
        assert_eq!((model.model(), model.base_url(), model.key_env()), ("gemma3:4b", "http://127.0.0.1:11434", None));
        assert!(model.is_local() && model.mode == ReadBy::RulesThenModel);
        assert_eq!(faults("provider: ollama"), Vec::<String>::new());
        let model: LanguageModel = serde_yaml::from_str("{provider: openai, name: m}").unwrap();
        assert_eq!((model.key_env(), model.is_local()), (Some("OPENAI_API_KEY"), false));
        let model: LanguageModel =
            serde_yaml::from_str("{provider: openai, name: m, base_url: 'http://localhost:1/v1/'}").unwrap();
        assert_eq!((model.base_url(), model.key_env()), ("http://localhost:1/v1", None));
        assert!(model.is_local());
    }

    #[test]
    fn every_wrong_value_is_named_and_no_secret_is_repeated() {
        assert_eq!(faults("provider: gemini"), ["model.name"]);
        assert_eq!(faults("{provider: gemini, name: '../x'}"), ["model.name"]);
        for url in ["ftp://x", "https://", "https://user:pw@host", "http://host?key=1", "host:80"] {
            assert_eq!(
                faults(&format!("{{provider: openai, name: m, base_url: '{url}'}}")),
                ["model.base_url"],
                "{url}"
            );
        }
        let clear = "{provider: openai, name: m, base_url: 'http://models.example.com', api_key_env: KEY}";
        assert_eq!(faults(clear), ["model.base_url"]);
        assert_eq!(faults(&clear.replace("http:", "https:")), Vec::<String>::new());
        assert_eq!(faults("{provider: gemini, name: m, api_key_env: sk-1234}"), ["model.api_key_env"]);
        assert_eq!(
            faults("{provider: gemini, name: m, attempts: 0, max_cost: 1}"),
            ["model.attempts", "model.max_cost"]
        );
    }

    #[test]
    fn money_is_exact() {
        let price: Price = serde_yaml::from_str("{input: 0.3, output: 2.5}").unwrap();
        assert_eq!((price.input, price.output), (Money(300_000), Money(2_500_000)));
        assert_eq!(serde_yaml::from_str::<Price>(&serde_yaml::to_string(&price).unwrap()).unwrap(), price);
        assert_eq!([Money(0), Money(1), Money(12_345_000)].map(|m| m.to_string()), ["0.00", "0.000001", "12.345"]);
        assert!(serde_yaml::from_str::<Price>("{input: -1, output: 2}").is_err());
    }
}
