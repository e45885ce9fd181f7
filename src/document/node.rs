//! A document as nodes with their places.

use std::collections::HashMap;

use serde::de::Unexpected;

use super::fault::{Fail, Kind};

/// Deepest nesting that is read: more than any document needs, less than what would exhaust the stack.
pub const MAX_DEPTH: usize = 128;

/// A stretch of one line, from `line` and `column` (both from 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters on that line; 0 where the stretch goes on below it.
    pub width: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `null`, `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A negative whole number.
    Int(i64),
    /// A whole number that is not negative.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in its order; no key twice.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping, as text whatever its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Where.
    pub span: Span,
    /// What.
    pub text: String,
}

impl Node {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// Key and value under `key`.
    pub fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == key),
            _ => None,
        }
    }

    /// What serde calls what stands here.
    pub fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(b) => Unexpected::Bool(*b),
            Value::Int(n) => Unexpected::Signed(*n),
            Value::UInt(n) => Unexpected::Unsigned(*n),
            Value::Float(n) => Unexpected::Float(*n),
            Value::Text(text) => Unexpected::Str(text),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        }
    }

    /// Nodes below and including this one.
    pub fn size(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Node::size).sum(),
            Value::Map(entries) => entries.iter().map(|(_, n)| n.size()).sum(),
            _ => 0,
        }
    }
}

/// The first key that stands twice among `entries`, at its second place.
pub fn duplicate(entries: &[(Key, Node)]) -> Option<Fail> {
    let twice = |key: &Key, first: &Key| {
        Fail::at(key.span, Kind::Duplicate { key: key.text.clone(), first_line: first.span.line })
    };
    if entries.len() <= 16 {
        return (1..entries.len()).find_map(|i| {
            let key = &entries[i].0;
            entries[..i].iter().find(|(k, _)| k.text == key.text).map(|(first, _)| twice(key, first))
        });
    }
    let mut seen: HashMap<&str, &Key> = HashMap::with_capacity(entries.len());
    entries.iter().find_map(|(key, _)| seen.insert(&key.text, key).map(|first| twice(key, first)))
}

/// A plain scalar by the core schema of YAML 1.2: what JSON knows, and `~`, octal, hexadecimal, `.inf`, `.nan`.
pub fn resolve(text: &str) -> Value {
    let first = text.as_bytes().first().copied().unwrap_or(b'~');
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) => return Value::Text(text.to_owned()),
        _ => {}
    }
    let radix = |prefix: &str, radix| text.strip_prefix(prefix).and_then(|t| u64::from_str_radix(t, radix).ok());
    if let Some(number) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Value::UInt(number);
    }
    if let Some(value) = number(text.strip_prefix('+').unwrap_or(text)) {
        return value;
    }
    match text.trim_start_matches(['+', '-']) {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => Value::Float(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => Value::Float(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ => Value::Text(text.to_owned()),
    }
}

/// A decimal number.
pub fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        if let Ok(n) = text.parse::<u64>() {
            return Some(Value::UInt(n));
        }
        return Some(text.parse().map_or_else(|_| Value::Float(text.parse().unwrap_or(f64::NAN)), Value::Int));
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    let starts = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    (starts && digits.contains(|c: char| c.is_ascii_digit()) && digits.chars().all(plain))
        .then(|| text.parse().ok().map(Value::Float))
        .flatten()
}
