//! What secrets look like: told by their shape, or by the name that a value is given to.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Shapes of credentials, and what they are.
const SHAPES: &[(&str, &str)] = &[
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("a URL with a password", r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\x22]+:[^\s/@'\x22]+@[^\s/]"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})"),
    (
        "a Slack token or webhook",
        r"\bxox[abprs]-[A-Za-z0-9-]{10}|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{8}",
    ),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}"),
    ("an API key", r"\b(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16}|\bsk-[A-Za-z0-9_-]{32}"),
    ("a dbt or Databricks token", r"\bdapi[0-9a-f]{32}\b|\bdbt[cu]_[A-Za-z0-9_-]{30}"),
];
/// A name that says it holds a secret, and its value.
const ASSIGNED: &str = r#"(?i)\b[a-z0-9_]*(?:password|passwd|pwd|secret|token|api_?key|access_?key|private_?key|credentials?)["']?\s*(?::=|=>|[:=])\s*["']?([^\s"',;(){}]{12,})"#;

/// The shapes, ready to be looked for.
#[derive(Debug)]
pub struct SecretShapes {
    any: RegexSet,
    each: Vec<(&'static str, Regex)>,
    assigned: Regex,
}

static ALL: LazyLock<Option<SecretShapes>> = LazyLock::new(|| {
    Some(SecretShapes {
        any: RegexSet::new(SHAPES.iter().map(|(_, p)| *p).chain([ASSIGNED])).ok()?,
        each: SHAPES.iter().filter_map(|(name, p)| Some((*name, Regex::new(p).ok()?))).collect(),
        assigned: Regex::new(ASSIGNED).ok()?,
    })
});

impl SecretShapes {
    /// The shapes; none where they could not be made, which nobody may take for "no secret".
    pub fn get() -> Option<&'static SecretShapes> {
        ALL.as_ref()
    }

    /// What a text holds that looks like a secret, and where.
    pub fn find(&self, text: &str) -> Option<(&'static str, Range<usize>)> {
        if text.len() < 12 || !self.any.is_match(text) {
            return None;
        }
        let shape = self.each.iter().find_map(|(what, regex)| regex.find(text).map(|m| (*what, m.range())));
        shape.or_else(|| {
            let mut values = self.assigned.captures_iter(text).filter_map(|c| c.get(1));
            values.find(|m| is_random(m.as_str())).map(|m| ("a secret with its value", m.range()))
        })
    }
}

/// Letters and digits mixed as in nothing that people name things by.
pub fn is_random(value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
    if !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic) || value.contains("env_var") {
        return false;
    }
    let mut counts = std::collections::BTreeMap::new();
    for c in value.chars() {
        *counts.entry(c).or_insert(0u32) += 1;
    }
    let length = f64::from(u32::try_from(value.chars().count()).unwrap_or(u32::MAX));
    let entropy: f64 = counts.values().map(|n| f64::from(*n) / length).map(|p| -p * p.log2()).sum();
    entropy >= 3.2
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    #[test]
    fn secrets_are_found_and_words_are_not() {
        let patterns = SecretShapes::get().expect("the patterns are regular expressions");
        let secrets = [
            "postgres://shop:hunter2@db/shop".to_owned(),
            format!("-----BEGIN {} KEY-----", "RSA PRIVATE"),
            format!("AKIA{}", "IOSFODNN7EXAMPLE"),
            format!("ghp_{}", "a1B2".repeat(9)),
            format!("xoxb-{}", "1234567890-abcdef"),
            format!("https://hooks.slack.com/services/{}", "T0000000/B0000000"),
            format!("password = '{}'", "x9K2mQ7rT4wZ"),
            format!("\"api_key\": \"{}\"", "9f8e7d6c5b4a39281706f5e4"),
        ];
        for text in secrets {
            assert!(patterns.find(&text).is_some(), "{text}");
        }
        let words = [
            "https://example.com/a:b",
            "SHOP_MYSQL_URL",
            "token = refresh_token_hash",
            "where password_changed_at >= created_at",
            "The token: a word for a session.",
            "select secret_santa_name from x",
            "2026-03-31 00:00:00",
        ];
        for text in words {
            assert!(patterns.find(text).is_none(), "{text}");
        }
    }
}
