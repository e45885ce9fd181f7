//! YAML as dbt reads it: anchors, merges, the last of two equal keys; with the place of everything.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::eased::eased;

/// Deepest nesting that is read.
const DEEPEST: usize = 100;
/// Nodes that aliases and merges may add in all.
const MOST_ALIASED: usize = 100_000;

/// A value and the byte offset at which it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Yaml {
    pub at: usize,
    pub value: Value,
}

/// What stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// As written, and whether it stands in quotes.
    Scalar(String, bool),
    List(Vec<Yaml>),
    Map(Vec<(Key, Yaml)>),
}

/// The key of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub at: usize,
    pub text: String,
}

/// Why a text is no YAML, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Broken {
    pub at: usize,
    pub what: String,
}

impl Yaml {
    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, v)| v).filter(|v| !v.is_null())
    }

    pub(super) fn entries(&self) -> &[(Key, Yaml)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    pub(super) fn items(&self) -> &[Yaml] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// The items under a key; none where there is no list.
    pub(super) fn list(&self, key: &str) -> &[Yaml] {
        self.get(key).map(Yaml::items).unwrap_or_default()
    }

    /// A scalar as text.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Scalar(text, _) = &self.value { Some(text) } else { None }
    }

    /// The scalar under a key, as text.
    pub(super) fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, false) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// One text or a list of texts.
    pub(super) fn texts(&self) -> Vec<String> {
        match &self.value {
            Value::Scalar(text, _) if !self.is_null() => vec![text.clone()],
            _ => self.items().iter().filter_map(|i| i.text().map(str::to_owned)).collect(),
        }
    }

    /// The value as JSON, plain scalars read as PyYAML does.
    pub(super) fn json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Scalar(text, true) => Json::String(text.clone()),
            Value::Scalar(text, false) => match text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" => Json::Null,
                "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Json::Bool(true),
                "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Json::Bool(false),
                text => number(text).unwrap_or_else(|| Json::String(text.to_owned())),
            },
            Value::List(items) => Json::Array(items.iter().map(Yaml::json).collect()),
            Value::Map(entries) => Json::Object(entries.iter().map(|(k, v)| (k.text.clone(), v.json())).collect()),
        }
    }
}

fn number(text: &str) -> Option<serde_json::Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.strip_prefix('+').unwrap_or(text).parse::<i64>().ok().map(Into::into);
    }
    let plain = digits.contains('.')
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    plain.then(|| text.parse::<f64>().ok()).flatten().map(Into::into)
}

/// A list or mapping that is being read.
enum Open {
    List(Vec<Yaml>),
    Map(Vec<(Key, Yaml)>, Option<Key>, Vec<Yaml>),
}

/// The first document in `text`; an empty mapping where there is none.
pub(super) fn read(text: &str) -> Result<Yaml, Broken> {
    let read = read_as_is(text, text);
    let eased = |_: &Broken| eased(text).and_then(|eased| read_as_is(&eased, text).ok());
    match read.as_ref().err().and_then(eased) {
        Some(yaml) => Ok(yaml),
        None => read,
    }
}

/// The same; characters of `text` stand where those of `written` do.
fn read_as_is(text: &str, written: &str) -> Result<Yaml, Broken> {
    let offsets = Offsets::new(written);
    let mut open: Vec<(Open, usize, usize)> = Vec::new();
    let mut anchors: HashMap<usize, Yaml> = HashMap::new();
    let (mut root, mut aliased) = (None, 0);
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|e| Broken { at: offsets.byte(e.marker().index()), what: e.info().to_owned() })?;
        let at = offsets.byte(span.start.index());
        let (node, anchor) = match event {
            Event::DocumentStart(_) if root.is_some() => break,
            Event::SequenceStart(anchor, _) => {
                open.push((Open::List(Vec::new()), at, anchor));
                (None, 0)
            }
            Event::MappingStart(anchor, _) => {
                open.push((Open::Map(Vec::new(), None, Vec::new()), at, anchor));
                (None, 0)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((opened, at, anchor)) = open.pop() else { continue };
                let value = match opened {
                    Open::List(items) => Value::List(items),
                    Open::Map(mut entries, _, merged) => {
                        merge(&mut entries, merged);
                        Value::Map(entries)
                    }
                };
                (Some(Yaml { at, value }), anchor)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || tag.is_some_and(|t| t.suffix == "str");
                (Some(Yaml { at, value: Value::Scalar(text.into_owned(), quoted) }), anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = anchors.get(&anchor) else {
                    return Err(Broken { at, what: "an alias of the value that it is a part of".into() });
                };
                aliased += size(node);
                if aliased > MOST_ALIASED {
                    return Err(Broken { at, what: "its aliases make it too large".into() });
                }
                (Some(Yaml { at, value: node.value.clone() }), 0)
            }
            _ => (None, 0),
        };
        if open.len() > DEEPEST {
            return Err(Broken { at, what: "it is nested too deeply".into() });
        }
        let Some(node) = node else { continue };
        if anchor > 0 {
            anchors.insert(anchor, node.clone());
        }
        place(node, &mut open, &mut root);
    }
    Ok(root.unwrap_or(Yaml { at: 0, value: Value::Map(Vec::new()) }))
}

fn size(node: &Yaml) -> usize {
    1 + match &node.value {
        Value::Scalar(..) => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(_, v)| size(v)).sum(),
    }
}

fn place(node: Yaml, open: &mut [(Open, usize, usize)], root: &mut Option<Yaml>) {
    match open.last_mut().map(|(open, ..)| open) {
        None => *root = Some(node),
        Some(Open::List(items)) => items.push(node),
        Some(Open::Map(entries, key, merged)) => match key.take() {
            Some(key) if key.text == "<<" => merged.push(node),
            Some(key) => match entries.iter_mut().find(|(k, _)| k.text == key.text) {
                Some(entry) => *entry = (key, node),
                None => entries.push((key, node)),
            },
            None => {
                let text = match node.value {
                    Value::Scalar(text, _) => text,
                    // A key that is a list is what Jinja without quotes looks like.
                    Value::List(_) | Value::Map(_) => String::new(),
                };
                *key = Some(Key { at: node.at, text });
            }
        },
    }
}

/// `<<: *base`: keys that are not there yet.
fn merge(entries: &mut Vec<(Key, Yaml)>, merged: Vec<Yaml>) {
    for node in merged {
        let maps = match node.value {
            Value::List(items) => items,
            value => vec![Yaml { at: node.at, value }],
        };
        for map in maps {
            let Value::Map(more) = map.value else { continue };
            for (key, value) in more {
                if !entries.iter().any(|(k, _)| k.text == key.text) {
                    entries.push((key, value));
                }
            }
        }
    }
}

/// Byte offsets of a text's characters.
struct Offsets<'t> {
    text: &'t str,
    /// None where each character is one byte.
    bytes: Option<Vec<usize>>,
}

impl<'t> Offsets<'t> {
    fn new(text: &'t str) -> Offsets<'t> {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| i).collect());
        Offsets { text, bytes }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.get(character).copied().unwrap_or(self.text.len()),
            None => character.min(self.text.len()),
        }
    }
}
