//! What is about to leave the machine, without personal values and secrets: found by their shape.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::discover::personal;
use crate::vocabulary::{SecretShapes, is_random};

/// Whether what looks so is one.
type Test = fn(&str) -> bool;
/// A shape, and what stands in its place.
type Shape = (Regex, &'static str, Test);

static SHAPES: LazyLock<Option<Vec<Shape>>> = LazyLock::new(|| {
    let shapes: [(&str, &'static str, Test); 7] = [
        (r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+", "email", |_| true),
        (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", "account", |_| true),
        (r"\b\d{3}-\d{2}-\d{4}\b", "id", |_| true),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "address", |_| true),
        (r"\d[\d -]{11,22}\d", "card", personal::is_card),
        (r"[+(]?\d[\d ()./-]{7,20}\d", "phone", |t| !is_dated(t) && (personal::is_phone(t) || is_digits(t))),
        (r"[A-Za-z0-9+/=]{20,}", "key", is_random),
    ];
    shapes.into_iter().map(|(p, name, test)| Some((Regex::new(p).ok()?, name, test))).collect()
});

/// Ten digits and more without a mark: a phone, an account, a person's number.
fn is_digits(text: &str) -> bool {
    text.len() >= 10 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `2026-03-31 06` is the begin of a moment.
fn is_dated(text: &str) -> bool {
    let at = |i: usize| text.as_bytes().get(i).copied();
    text.starts_with(|c: char| c.is_ascii_digit()) && at(4) == Some(b'-') && at(7) == Some(b'-')
}

/// Where a text holds something that must not leave, and what.
fn found(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let (Some(shapes), Some(secrets)) = (SHAPES.as_ref(), SecretShapes::get()) else {
        // What can't be looked through does not leave.
        return vec![(0..text.len(), "hidden")];
    };
    let mut out: Vec<(Range<usize>, &'static str)> = Vec::new();
    let mut from = 0;
    while let Some((_, at)) = text.get(from..).and_then(|rest| secrets.find(rest)) {
        // A shape tells where a secret begins; it goes on as long as its characters do.
        let end = from + at.end;
        let more = text[end..].find(|c: char| !(c.is_ascii_alphanumeric() || "_-+/=.~".contains(c)));
        let end = more.map_or(text.len(), |more| end + more);
        out.push((from + at.start..end, "key"));
        from = end.max(from + 1);
    }
    for (regex, what, test) in shapes {
        let hits = regex.find_iter(text).filter(|m| test(m.as_str()));
        out.extend(hits.map(|m| (m.range(), *what)));
    }
    // The longest of those that overlap.
    out.sort_by_key(|(at, _)| (at.start, std::cmp::Reverse(at.end)));
    let mut end = 0;
    out.retain(|(at, _)| {
        let free = at.start >= end;
        if free {
            end = at.end;
        }
        free
    });
    out
}

fn replaced(text: &str, mut with: impl FnMut(&str, &'static str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (at, what) in found(text) {
        out.push_str(text.get(end..at.start).unwrap_or_default());
        out.push_str(&with(text.get(at.clone()).unwrap_or_default(), what));
        end = at.end;
    }
    out.push_str(text.get(end..).unwrap_or_default());
    out
}

/// `text` with `[email]`, `[phone]`, `[key]` where one was.
pub fn redact(text: &str) -> String {
    replaced(text, |_, what| format!("[{what}]"))
}

/// Values of a requirement that a model needs to place, not to see: they get names, and come back for them.
#[derive(Clone, Debug, Default)]
pub struct Veil(Vec<String>);

impl Veil {
    /// `text` with `HIDDEN_1_EMAIL` where a personal value or a secret was.
    pub fn hide(&mut self, text: &str) -> String {
        replaced(text, |value, what| {
            let at = self.0.iter().position(|v| v == value).unwrap_or_else(|| {
                self.0.push(value.to_owned());
                self.0.len() - 1
            });
            format!("HIDDEN_{}_{}", at + 1, what.to_uppercase())
        })
    }

    /// `text` with the values again.
    pub fn show(&self, text: &str) -> String {
        let mut out = text.to_owned();
        if !out.contains("HIDDEN_") {
            return out;
        }
        for (i, value) in self.0.iter().enumerate() {
            for what in ["EMAIL", "ACCOUNT", "ID", "ADDRESS", "CARD", "PHONE", "KEY", "HIDDEN"] {
                out = out.replace(&format!("HIDDEN_{}_{what}", i + 1), value);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_and_secrets_are_taken_out() {
        let key = format!("sk-{}", "a1B2c3D4".repeat(5));
        for (text, want) in [
            ("ask ann.abt+x@example.co.uk, now", "ask [email], now".to_owned()),
            ("call +1 415 555 0100 or (415) 555-0100.", "call [phone] or [phone].".into()),
            ("card 4111 1111 1111 1111 ok", "card [card] ok".into()),
            ("number 4155550100", "number [phone]".into()),
            ("iban DE89 3704 0044 0532 0130 00", "iban [account]".into()),
            ("ssn 123-45-6789 from 10.1.2.3", "ssn [id] from [address]".into()),
            (&format!("use {key} here"), "use [key] here".into()),
            ("password = 'x9K2mQ7rT4wZ'", "password = '[key]'".into()),
            ("token q8Zk3TfW0pLr7XvB2nJd", "token [key]".into()),
        ] {
            assert_eq!(redact(text), want, "{text}");
        }
    }

    #[test]
    fn words_dates_and_amounts_stay() {
        for text in [
            "orders since 2026-03-31 06:30, at least 1,000,000.00 EUR in 1.5.2",
            "stg_shop__orders.order_id of customers_with_orders_and_payments",
            "every 15 minutes, #data-alerts, @here",
            "COF-001, v1.2.3-beta",
            "pipeline.models.0.name of stg_shop__orders_2024_archived",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn what_is_veiled_comes_back() {
        let mut veil = Veil::default();
        let text = "orders of ann@example.com and of bo@example.com, not ann@example.com";
        let hidden = veil.hide(text);
        assert_eq!(hidden, "orders of HIDDEN_1_EMAIL and of HIDDEN_2_EMAIL, not HIDDEN_1_EMAIL");
        assert_eq!(veil.show(&hidden), text);
        assert_eq!(veil.show("email = 'HIDDEN_2_EMAIL'"), "email = 'bo@example.com'");
    }
}
