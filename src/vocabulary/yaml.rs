//! YAML as people write it: plain where every YAML reads the same text back, quoted where one would not, long text
//! folded. What comes out holds under YAML 1.1 (dbt, Airflow) and 1.2, and under yamllint's default rules.

use serde_json::Value;

use super::quote::{is_hidden, unicode_escape};

/// No line is longer, where its words allow.
const WIDTH: usize = 120;

/// `text` as a scalar on one line: plain where that is safe, else in double quotes.
pub fn yaml_scalar(text: &str) -> String {
    if is_plain(text, false) { text.to_owned() } else { quoted(text) }
}

/// `value` in flow style, `{name: orders, rows: 3}`.
pub fn yaml_flow(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(yaml_flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(k, v)| format!("{}: {}", yaml_flow_scalar(k), yaml_flow(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) => yaml_flow_scalar(text),
        Value::Number(number) => float(&number.to_string()),
        other => other.to_string(),
    }
}

/// `key: value` in lines that are `indent` spaces in; lists of scalars stand in flow style where they fit.
pub fn yaml_entry(key: &str, value: &Value, indent: usize) -> String {
    let key = yaml_flow_scalar(key);
    let value = Writer { flow: &[] }.value(value, indent + 2, indent + width(&key) + 1, false);
    format!("{:indent$}{key}:{value}", "")
}

/// `- value` in lines that are `indent` spaces in; a map stands in flow style where it fits.
pub fn yaml_item(value: &Value, indent: usize) -> String {
    format!("{:indent$}-{}", "", Writer { flow: &[] }.item(value, indent + 2, true))
}

/// `value`, a map, as a document or as a part of one, each line `indent` spaces in. Maps below the keys of `flow` stand
/// in flow style where they fit; with `key.*`, those one level lower.
pub fn yaml_block(value: &Value, indent: usize, flow: &[&str]) -> String {
    let mut text = Writer { flow }.value(value, indent, 0, false);
    text.remove(0);
    text.push('\n');
    text
}

struct Writer<'a> {
    flow: &'a [&'a str],
}

impl Writer<'_> {
    fn value(&self, value: &Value, indent: usize, column: usize, flow: bool) -> String {
        let nested = |v: &Value| matches!(v, Value::Array(_) | Value::Object(_));
        let short = |text: &String| column + 1 + width(text) <= WIDTH;
        match value {
            Value::String(text) => format!(" {}", yaml_text(text, indent, column + 1)),
            Value::Array(items) if !items.is_empty() => {
                if !items.iter().any(|item| nested(item) || is_prose(item))
                    && let Some(text) = Some(yaml_flow(value)).filter(short)
                {
                    return format!(" {text}");
                }
                let dash = format!("\n{:indent$}-", "");
                items.iter().map(|item| format!("{dash}{}", self.item(item, indent + 2, flow))).collect()
            }
            Value::Object(entries) if !entries.is_empty() => {
                if flow && let Some(text) = Some(yaml_flow(value)).filter(short) {
                    return format!(" {text}");
                }
                self.entries(entries, indent, flow)
            }
            other => format!(" {}", yaml_flow(other)),
        }
    }

    fn entries(&self, entries: &serde_json::Map<String, Value>, indent: usize, flow: bool) -> String {
        let entry = |(key, value): (&String, &Value)| {
            let name = yaml_flow_scalar(key);
            let flow = flow || self.flow.contains(&key.as_str());
            // `columns.*`: each column in flow style, below `columns` in block style.
            let below = self.flow.iter().any(|f| f.strip_suffix(".*") == Some(key));
            let text = match value {
                Value::Object(parts) if below && !parts.is_empty() => self.entries(parts, indent + 2, true),
                _ => self.value(value, indent + 2, indent + width(&name) + 1, flow),
            };
            format!("\n{:indent$}{name}:{text}", "")
        };
        entries.iter().map(entry).collect()
    }

    /// What follows `-`: the first line of a map stands beside it.
    fn item(&self, item: &Value, indent: usize, flow: bool) -> String {
        let text = self.value(item, indent, indent - 1, flow);
        match text.strip_prefix('\n') {
            Some(lines) if item.is_object() => format!(" {}", lines.trim_start_matches(' ')),
            _ => text,
        }
    }
}

/// A string at `column`, with more lines `indent` spaces in: on one line where it fits, else folded, else literal, else
/// in double quotes over several lines.
pub fn yaml_text(text: &str, indent: usize, column: usize) -> String {
    let one = yaml_scalar(text);
    if column + width(&one) <= WIDTH && !text.contains('\n') {
        return one;
    }
    let block = |marker: &str, lines: Vec<String>| {
        let pad = " ".repeat(indent);
        let lines: Vec<String> =
            lines.into_iter().map(|line| if line.is_empty() { line } else { format!("{pad}{line}") }).collect();
        format!("{marker}\n{}", lines.join("\n"))
    };
    let room = WIDTH.saturating_sub(indent).max(20);
    let lines: Vec<&str> = text.split('\n').collect();
    let held =
        |line: &&str| !line.starts_with([' ', '\t']) && !line.ends_with([' ', '\t']) && !line.contains(is_hidden);
    if lines.iter().all(held) && !lines.iter().any(|line| line.is_empty()) {
        if lines.len() == 1 {
            return block(">-", fold(text, room));
        }
        if lines.iter().all(|line| width(line) <= room) {
            return block("|-", lines.into_iter().map(str::to_owned).collect());
        }
        let mut folded: Vec<String> = Vec::new();
        for line in lines {
            if !folded.is_empty() {
                folded.push(String::new());
            }
            folded.extend(fold(line, room));
        }
        return block(">-", folded);
    }
    // A query: indented lines and empty ones, as it is.
    let (marker, body) = text.strip_suffix('\n').map_or(("|-", text), |body| ("|", body));
    let lines: Vec<&str> = body.split('\n').collect();
    let held = |line: &&str| !line.ends_with(' ') && !line.contains(['\t', '\r']) && !line.contains(is_hidden);
    let begins = lines.first().is_some_and(|line| !line.is_empty() && !line.starts_with(' '));
    let ends = lines.last().is_some_and(|line| !line.is_empty());
    if lines.len() > 1 && begins && ends && lines.iter().all(|line| held(line) && width(line) <= room) {
        return block(marker, lines.into_iter().map(str::to_owned).collect());
    }
    quoted_lines(text, indent, column)
}

/// Lines of at most `room` characters that a folded scalar joins to `line` again: broken only at single spaces.
fn fold(line: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut spaces = 0;
    for (i, word) in line.split(' ').enumerate() {
        if word.is_empty() {
            spaces += 1;
            continue;
        }
        let gap = if i == 0 { 0 } else { spaces + 1 };
        spaces = 0;
        let last = lines.len() - 1;
        if gap == 1 && width(&lines[last]) + 1 + width(word) > room {
            lines.push(word.to_owned());
        } else {
            lines[last].push_str(&" ".repeat(gap));
            lines[last].push_str(word);
        }
    }
    lines
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// In double quotes, with line breaks that the reader drops again.
fn quoted_lines(text: &str, indent: usize, column: usize) -> String {
    let room = WIDTH.saturating_sub(indent + 2).max(20);
    let mut out = String::from("\"");
    let mut used = (column + 1).saturating_sub(indent);
    for c in text.chars() {
        let piece = escape(c);
        let full = used + width(&piece) > room || (c == ' ' && used + 16 > room);
        if full {
            out.push_str(&format!("\\\n{:indent$}", ""));
            used = 0;
            if c == ' ' {
                out.push('\\');
                used += 1;
            }
        }
        used += width(&piece);
        out.push_str(&piece);
    }
    out.push('"');
    out
}

fn escape(c: char) -> String {
    match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\t' => "\\t".into(),
        '\r' => "\\r".into(),
        c if is_hidden(c) => unicode_escape(c),
        c => c.into(),
    }
}

/// Sentences stand on lines of their own.
fn is_prose(item: &Value) -> bool {
    item.as_str().is_some_and(|text| text.len() > 30 && text.contains(' '))
}

/// `text` as a scalar between brackets or braces.
pub fn yaml_flow_scalar(text: &str) -> String {
    if is_plain(text, true) { text.to_owned() } else { quoted(text) }
}

/// Whether `text` without quotes reads as this text and as nothing else, in YAML 1.1 and 1.2.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let like_number = || text.chars().all(|c| c.is_ascii_hexdigit() || "xXoO_+-.:TtZz ".contains(c));
    let word = || {
        matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        )
    };
    let opens = first.is_alphabetic()
        || "_/".contains(first)
        || (first.is_ascii_digit() && text.chars().all(|c| c.is_alphanumeric() || " _-".contains(c)));
    let broken = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']) || text.contains(is_hidden);
    let flow_broken = || in_flow && text.contains([',', '[', ']', '{', '}', ':', '#', '"']);
    let numeric = first.is_ascii_digit() && like_number();
    opens && !broken && !flow_broken() && !word() && !numeric
}

/// YAML 1.1 takes `1e20` for text: it wants a point and a sign.
fn float(number: &str) -> String {
    let Some((digits, exponent)) = number.split_once('e') else { return number.to_owned() };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn plain_where_it_is_safe() {
        for text in [
            "orders",
            "30 days",
            "cast(ordered_at as date)",
            "it's",
            "a: b\nc",
            "Größe",
            "/tmp/x",
            "a:b",
            "x{y}",
            "2nd",
        ] {
            assert_eq!(yaml_scalar(text) == text, text != "a: b\nc", "{text}");
        }
        for text in [
            "",
            "yes",
            "No",
            "null",
            "1",
            "1e3",
            "0x1F",
            "2026-03-31 00:00:00",
            "12:30",
            "- a",
            "a: b",
            "a #b",
            "*",
            "30 6 * * 1-5",
            "(813) 5",
        ] {
            assert!(yaml_scalar(text).starts_with('"'), "{text}");
        }
        assert_eq!(yaml_flow(&json!({"on": ["a,b", 1, null], "x": 1e30})), r#"{"on": ["a,b", 1, null], x: 1.0e+30}"#);
    }

    #[test]
    fn blocks_read_as_people_write_them() {
        let value = json!({
            "name": "a",
            "models": [{"name": "m", "window": {"column": "c", "last": "30 days"}, "keys": ["a", "b"]}, "x"],
            "empty": [],
            "text": "word ".repeat(40).trim_end(),
        });
        let text = yaml_block(&value, 0, &["window"]);
        insta::assert_snapshot!(text, @r"
        name: a
        models:
          - name: m
            window: {column: c, last: 30 days}
            keys: [a, b]
          - x
        empty: []
        text: >-
          word word word word word word word word word word word word word word word word word word word word word word word
          word word word word word word word word word word word word word word word word word
        ");
        assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), value);
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in "(?s)(\\PC|[ \n\t\r\u{7f}\u{85}\u{feff}\u{202e}:#'\"\\\\{}%-]){0,300}", pad in 0usize..20) {
            let value = json!({"a": {"b": [{"c": text.repeat(1 + pad / 8), "d": [text]}]}});
            for flow in [&[][..], &["b"]] {
                let out = yaml_block(&value, pad, flow);
                prop_assert_eq!(&serde_yaml::from_str::<Value>(&out).unwrap(), &value, "{}", out);
                prop_assert!(out.lines().all(|line| line.trim_end_matches(' ') == line));
            }
        }
    }
}
