//! YAML, by key: mappings by their keys, lists by what names their entries.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::keys::doubles;
use super::parts::{Group, Node, Part, Read, begins_line, column, digest, line_end, line_start};
use super::structure::Woven;
use super::weave::weave;

/// Whether a merge by lines is right: it reads, and nothing in it stands twice that did not before.
pub(super) fn holds(edited: &str, new: &str, merged: &str, _woven: Option<&Woven>) -> bool {
    let count = |text: &str| read(text).map(|read| doubles(&read.root));
    match (count(edited), count(new), count(merged)) {
        (Some(e), Some(n), Some(m)) => m <= e.max(n),
        (Some(_), Some(_), None) => false,
        // What can't be read before can't be judged after.
        _ => true,
    }
}

/// Merges by structure.
pub(super) fn merge(base: &str, edited: &str, new: &str) -> Option<Woven> {
    let woven = weave(&read(base)?, &read(edited)?, &read(new)?)?;
    (!woven.clean || read(&woven.text).is_some()).then_some(woven)
}

/// Whether a part of a list or mapping over several lines can stand in one on a line.
pub(super) fn fits_on_a_line(body: &str, part: &Part) -> bool {
    let plain = part.value.group.is_none();
    part.value.flat
        && !body.contains('\n')
        && !body.contains(" #")
        && (!plain || body.starts_with(['"', '\'']) || !body.contains([',', '[', ']', '{', '}']))
}

/// What names an entry of a list, the first that it has.
const NAMES: [&str; 15] = [
    "name",
    "id",
    "task_id",
    "unique_id",
    "input",
    "table",
    "property",
    "server",
    "role",
    "to",
    "rule",
    "metric",
    "model",
    "key",
    "value",
];

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

/// One event: what, and from where to where in bytes.
type Seen<'a> = (Event<'a>, usize, usize);

struct Reader<'a> {
    text: &'a str,
    events: std::iter::Peekable<std::vec::IntoIter<Seen<'a>>>,
    frozen: Vec<usize>,
    /// Where what was read last ends: what comes up to the next part belongs to that.
    done: usize,
}

/// Reads a text; none where it is no YAML, or holds what can't be told apart: a key twice, a key that is no word.
fn read(text: &str) -> Option<Read<'_>> {
    if text.contains(['\t', '\r']) {
        return None;
    }
    let ascii = text.is_ascii();
    let bytes: Vec<usize> = match ascii {
        true => Vec::new(),
        false => text.char_indices().map(|(i, _)| i).chain([text.len()]).collect(),
    };
    let byte = |index: usize| if ascii { Some(index.min(text.len())) } else { bytes.get(index).copied() };
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        events.push((event, byte(span.start.index())?, byte(span.end.index())?));
    }
    let mut reader = Reader { text, events: events.into_iter().peekable(), frozen: Vec::new(), done: 0 };
    let root = reader.stream()?;
    let mut frozen = reader.frozen;
    frozen.sort_unstable();
    Some(Read { text, root, frozen })
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Seen<'a>> {
        self.events.next()
    }

    fn stream(&mut self) -> Option<Node> {
        let mut parts = Vec::new();
        loop {
            let (event, _, end) = self.next()?;
            match event {
                Event::DocumentStart(explicit) => {
                    // Directives and markers stay as they are.
                    if explicit {
                        self.done = self.done.max(line_end(self.text, end.saturating_sub(1)));
                    }
                    let head = self.done;
                    let (event, start, end) = self.next()?;
                    let value = self.node((event, start, end), 0, 0)?;
                    let key = Some(parts.len().to_string());
                    parts.push(Part {
                        key,
                        rank: None,
                        head: head..head,
                        start: value.range.start,
                        body: value.range.clone(),
                        end: value.range.end,
                        value,
                    });
                }
                Event::StreamEnd => break,
                _ => {}
            }
        }
        let meaning = digest(parts.iter().map(|p| p.value.meaning.as_str()).collect::<Vec<_>>()).to_string();
        let kind = format!("documents {}", parts.len());
        let group = Group {
            kind,
            lines: false,
            comma: false,
            bullet: String::new(),
            indent: 0,
            hole: 0,
            ordered: false,
            parts,
        };
        Some(Node { range: 0..self.text.len(), meaning, group: Some(Box::new(group)), flat: false })
    }

    /// The node that begins with this event; `from` is where its value may begin with an anchor or a block's header.
    fn node(&mut self, (event, start, end): Seen<'a>, from: usize, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        match event {
            Event::Alias(_) => {
                self.done = end;
                Some(leaf(start..end, format!("*{}", &self.text[start..end])))
            }
            Event::Scalar(value, style, anchor, tag) => {
                let range = self.scalar(style, start, end, from)?;
                self.done = range.end;
                let begin = self.behind_anchor(range.start, anchor);
                let shown = match style {
                    ScalarStyle::Plain if !is_text(&value) => format!("{}{value}", tagged(tag.as_deref())),
                    _ => format!("{}\"{value}", tagged(tag.as_deref())),
                };
                Some(leaf(begin..range.end, shown))
            }
            Event::SequenceStart(_, tag) => self.list(start, end, &tagged(tag.as_deref()), depth),
            Event::MappingStart(_, tag) => self.mapping(start, end, &tagged(tag.as_deref()), depth),
            _ => None,
        }
    }

    /// Where a scalar really stands: the parser's end may lie behind a comment, a block's start behind its header.
    fn scalar(&mut self, style: ScalarStyle, start: usize, end: usize, from: usize) -> Option<std::ops::Range<usize>> {
        let text = self.text;
        Some(match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let from = from.min(start);
                let begin = from + text[from..start].find(|c: char| !c.is_whitespace()).unwrap_or(start - from);
                begin..begin + text[begin..end].trim_end().len()
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let quote = if style == ScalarStyle::SingleQuoted { b'\'' } else { b'"' };
                let bytes = text.as_bytes();
                let mut at = start + text[start..end].find(char::from(quote))? + 1;
                loop {
                    match *bytes.get(at)? {
                        b'\\' if quote == b'"' => at += 2,
                        b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
                        b if b == quote => break start..at + 1,
                        _ => at += 1,
                    }
                }
            }
            _ => start..start + text[start..end].trim_end().len(),
        })
    }

    /// An anchor is not a part of the value: it stays when that changes.
    fn behind_anchor(&self, start: usize, anchor: usize) -> usize {
        let text = &self.text[start..];
        if anchor == 0 || !text.starts_with('&') {
            return start;
        }
        let word = text.find(char::is_whitespace).unwrap_or(text.len());
        start + word + text[word..].find(|c: char| !c.is_whitespace()).unwrap_or(0)
    }

    fn list(&mut self, start: usize, end: usize, tag: &str, depth: usize) -> Option<Node> {
        let flow = self.text[start..end].starts_with('[');
        let opened = if flow { start + 1 } else { self.done };
        self.done = self.done.max(if flow { start + 1 } else { 0 });
        let mut parts: Vec<Part> = Vec::new();
        let close = loop {
            let before = self.done;
            let (event, at, to) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                break at;
            }
            let dash = if flow { at } else { self.dash(before, at)? };
            let value = self.node((event, at, to), dash + usize::from(!flow), depth + 1)?;
            parts.push(self.part(entry_name(&value), dash, value.range.start, before, value));
        };
        self.group("yaml list", flow, start, close, opened, tag, parts)
    }

    /// Where the dash of an entry stands: between what came before and the entry.
    fn dash(&self, before: usize, at: usize) -> Option<usize> {
        let mut from = before;
        while from <= at {
            let line = &self.text[from..line_end(self.text, from)];
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if line[blanks..].starts_with('-') && matches!(line.as_bytes().get(blanks + 1), None | Some(b' ')) {
                return Some(from + blanks);
            }
            from += line.len() + 1;
        }
        None
    }

    fn mapping(&mut self, start: usize, end: usize, tag: &str, depth: usize) -> Option<Node> {
        let flow = self.text[start..end].starts_with('{');
        let opened = if flow { start + 1 } else { self.done };
        self.done = self.done.max(if flow { start + 1 } else { 0 });
        let mut parts: Vec<Part> = Vec::new();
        let mut seen = BTreeSet::new();
        let close = loop {
            let before = self.done;
            let (event, at, to) = self.next()?;
            let key = match event {
                Event::MappingEnd => break at,
                Event::Scalar(key, style, 0, None) => {
                    let range = self.scalar(style, at, to, at)?;
                    let colon = self.text[range.end..].trim_start_matches(' ');
                    if !(colon.starts_with(':') || flow && colon.starts_with([',', '}'])) {
                        return None;
                    }
                    self.done = self.text.len() - colon.len() + usize::from(colon.starts_with(':'));
                    (key.into_owned(), range)
                }
                _ => return None,
            };
            if !seen.insert(key.0.clone()) {
                return None;
            }
            let from = self.done;
            let next = self.next()?;
            let mut value = self.node(next, from, depth + 1)?;
            if value.range.is_empty() {
                // Nothing stands behind the colon.
                value.range = from..from;
                value.flat = false;
                self.done = from;
            }
            let end = value.range.end;
            let mut part = self.part(Some(key.0), key.1.start, key.1.start, before, value);
            part.body = key.1.start..end;
            parts.push(part);
        };
        self.group("yaml mapping", flow, start, close, opened, tag, parts)
    }

    fn part(&mut self, key: Option<String>, start: usize, body: usize, before: usize, value: Node) -> Part {
        let end = value.range.end;
        let line = line_start(self.text, start);
        let above = if before == 0 { 0 } else { (line_end(self.text, before) + 1).min(self.text.len()) };
        let rest = &self.text[end..line_end(self.text, end)];
        let comma = usize::from(rest.starts_with(','));
        let comment = rest[comma..].trim_start().starts_with('#');
        Part {
            key,
            rank: None,
            head: above.min(line)..line,
            start,
            body: body..end,
            end: if comment { end + rest.trim_end().len() } else { end + comma },
            value,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one place makes all groups")]
    fn group(
        &mut self,
        kind: &str,
        flow: bool,
        start: usize,
        close: usize,
        opened: usize,
        tag: &str,
        parts: Vec<Part>,
    ) -> Option<Node> {
        let text = self.text;
        let is_list = kind == "yaml list";
        let mut says: Vec<String> = parts
            .iter()
            .map(|p| match (is_list, &p.key) {
                (false, Some(key)) => format!("{key}\u{1e}{}", p.value.meaning),
                _ => p.value.meaning.clone(),
            })
            .collect();
        if !is_list {
            says.sort();
        }
        let (open, end) = if is_list { ("[", "]") } else { ("{", "}") };
        let meaning = format!("{tag}{open}{}{end}", digest(says));
        if flow {
            self.done = close + 1;
        }
        let first = parts.first();
        let bullet = match first {
            Some(part) if is_list && !flow && column(text, part.body.start) > column(text, part.start) => {
                match line_start(text, part.start) == line_start(text, part.body.start) {
                    true => text[part.start..part.body.start].to_owned(),
                    false => "- ".to_owned(),
                }
            }
            _ if is_list && !flow => "- ".to_owned(),
            _ => String::new(),
        };
        let own_lines = parts.iter().enumerate().all(|(i, p)| i == 0 || begins_line(text, p.start));
        let lines = match flow {
            false => own_lines,
            true => parts.iter().all(|p| begins_line(text, p.start)) && begins_line(text, close) && !parts.is_empty(),
        };
        let range = match (flow, first, parts.last()) {
            (true, ..) => start..close + 1,
            (false, Some(first), Some(last)) => first.start..last.body.end,
            _ => return None,
        };
        let indent = first.map_or(0, |p| column(text, p.start));
        let group = Group {
            kind: format!("{kind}{tag}"),
            lines,
            comma: flow,
            bullet,
            indent,
            hole: if flow { start + 1 } else { opened },
            ordered: false,
            parts,
        };
        Some(Node { range, meaning, group: Some(Box::new(group)), flat: flow })
    }
}

/// Whether a plain scalar is text as it would be in quotes; where that is not plain to see, it is held to be none.
fn is_text(value: &str) -> bool {
    let known = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    value.starts_with(|c: char| c.is_alphabetic()) && !known.contains(&value.to_lowercase().as_str())
}

fn leaf(range: std::ops::Range<usize>, meaning: String) -> Node {
    Node { range, meaning, group: None, flat: true }
}

fn tagged(tag: Option<&Tag>) -> String {
    tag.map_or_else(String::new, |tag| format!("!{}{} ", tag.handle, tag.suffix))
}

/// What names an entry of a list: one of [`NAMES`], the one key that it has, or the word that it is.
fn entry_name(value: &Node) -> Option<String> {
    let Some(group) = &value.group else {
        return Some(value.meaning.trim_start_matches('"').to_owned());
    };
    if !group.kind.starts_with("yaml mapping") {
        return None;
    }
    let named = NAMES.iter().find_map(|name| {
        let part = group.parts.iter().find(|p| p.key.as_deref() == Some(name))?;
        part.value.group.is_none().then(|| format!("{name}={}", part.value.meaning.trim_start_matches('"')))
    });
    match group.parts.as_slice() {
        _ if named.is_some() => named,
        [one] if one.value.group.is_some() || one.value.range.is_empty() => one.key.clone(),
        _ => None,
    }
}
