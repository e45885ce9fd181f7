//! YAML to nodes, on the events of saphyr's parser. Iterative, so that nesting can't exhaust the stack.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::fault::{Fail, Kind};
use super::node::{Key, MAX_DEPTH, Node, Span, Value, duplicate, resolve};

/// Nodes that aliases may add in all: enough to share a part, too few for a bomb.
const MAX_ALIASED: usize = 10_000;

/// A list or mapping that is being read.
enum Open {
    List(Vec<Node>),
    Map(Vec<(Key, Node)>, Option<Key>),
}

/// The one document in `text`.
pub fn read(text: &str) -> Result<Node, Fail> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(fail) = control_character(text) {
        return Err(fail);
    }
    let mut open: Vec<(Open, Span, usize)> = Vec::new();
    let mut anchors: HashMap<usize, (Node, usize)> = HashMap::new();
    let (mut root, mut aliased) = (None, 0);
    for event in Parser::new_from_str(text) {
        let (event, at) = event.map_err(|e| {
            let at = Span { line: e.marker().line(), column: e.marker().col() + 1, width: 1 };
            Fail::at(at, Kind::Syntax(e.info().to_owned()))
        })?;
        let span = Span {
            line: at.start.line(),
            column: at.start.col() + 1,
            width: if at.start.line() == at.end.line() { at.end.col().saturating_sub(at.start.col()) } else { 0 },
        };
        let (node, anchor) = match event {
            Event::DocumentStart(_) if root.is_some() => return Err(Fail::at(span, Kind::SecondDocument)),
            Event::SequenceStart(anchor, tag) => {
                known_tag(tag.as_deref(), &["seq"], span)?;
                open.push((Open::List(Vec::new()), span, anchor));
                (None, 0)
            }
            Event::MappingStart(anchor, tag) => {
                known_tag(tag.as_deref(), &["map"], span)?;
                open.push((Open::Map(Vec::new(), None), span, anchor));
                (None, 0)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((opened, span, anchor)) = open.pop() else { continue };
                let value = match opened {
                    Open::List(items) => Value::List(items),
                    Open::Map(entries, _) => {
                        if let Some(fail) = duplicate(&entries) {
                            return Err(fail);
                        }
                        Value::Map(entries)
                    }
                };
                (Some(Node { span, value }), anchor)
            }
            Event::Scalar(text, style, anchor, tag) => {
                (Some(Node { span, value: scalar(&text, style, tag.as_deref(), span)? }), anchor)
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = anchors.get(&anchor) else {
                    return Err(Fail::at(span, Kind::Syntax("an alias of the value that it is a part of".into())));
                };
                aliased += size;
                if aliased > MAX_ALIASED {
                    return Err(Fail::at(span, Kind::Aliases));
                }
                (Some(Node { span, value: node.value.clone() }), 0)
            }
            _ => (None, 0),
        };
        if open.len() > MAX_DEPTH {
            return Err(Fail::at(span, Kind::Depth));
        }
        let Some(node) = node else { continue };
        if anchor > 0 {
            let size = node.size();
            anchors.insert(anchor, (node.clone(), size));
        }
        place(node, &mut open, &mut root)?;
    }
    root.filter(|node| !matches!(node.value, Value::Null)).ok_or(Fail::new(Kind::Empty))
}

/// Puts a finished node where it belongs.
fn place(node: Node, open: &mut [(Open, Span, usize)], root: &mut Option<Node>) -> Result<(), Fail> {
    match open.last_mut().map(|(open, ..)| open) {
        None => *root = Some(node),
        Some(Open::List(items)) => items.push(node),
        Some(Open::Map(entries, key)) => match key.take() {
            Some(key) => entries.push((key, node)),
            None => {
                let text = match node.value {
                    Value::Null => "null".into(),
                    Value::Bool(b) => b.to_string(),
                    Value::Int(n) => n.to_string(),
                    Value::UInt(n) => n.to_string(),
                    Value::Float(n) => n.to_string(),
                    Value::Text(text) => text,
                    Value::List(_) | Value::Map(_) => return Err(Fail::at(node.span, Kind::KeyNotText)),
                };
                *key = Some(Key { span: node.span, text });
            }
        },
    }
    Ok(())
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, Fail> {
    known_tag(tag, &["str", "int", "float", "bool", "null"], span)?;
    Ok(match tag.map(|t| t.suffix.as_str()) {
        Some("str") => Value::Text(text.to_owned()),
        Some(_) => resolve(text),
        None if style == ScalarStyle::Plain => resolve(text),
        None => Value::Text(text.to_owned()),
    })
}

/// Tags beyond YAML's own name types of some program; none of our documents has any.
fn known_tag(tag: Option<&Tag>, allowed: &[&str], span: Span) -> Result<(), Fail> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema() || !allowed.contains(&tag.suffix.as_str()) => {
            Err(Fail::at(span, Kind::Tag(format!("{}{}", tag.handle, tag.suffix))))
        }
        _ => Ok(()),
    }
}

/// Characters that no YAML holds, NUL before all.
fn control_character(text: &str) -> Option<Fail> {
    let bad = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{fffe}';
    if !text.bytes().any(|b| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b >= 0x7f) {
        return None;
    }
    text.lines().enumerate().find_map(|(i, line)| {
        let column = line.chars().position(bad)?;
        let c = line.chars().nth(column)?;
        let what = format!("a control character, U+{:04X}", c as u32);
        Some(Fail::at(Span { line: i + 1, column: column + 1, width: 1 }, Kind::Syntax(what)))
    })
}
