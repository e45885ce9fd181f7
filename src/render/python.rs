//! Python as `ruff format` leaves it: calls on one line where they fit, else one argument a line.

use crate::vocabulary::{python_docstring, python_string};

/// Line length of `ruff.toml`.
const WIDTH: usize = 100;

/// `name(arg, …)` at `indent`, with `used` characters before it on its line and `after` behind it.
pub fn call(name: &str, args: &[String], indent: usize, used: usize, after: usize) -> String {
    bracketed(&format!("{name}("), args, ")", indent, used, after)
}

/// `[item, …]` in the same manner.
pub fn list(items: &[String], indent: usize, used: usize, after: usize) -> String {
    bracketed("[", items, "]", indent, used, after)
}

/// `(item, …)` in the same manner; one item keeps its comma.
pub fn tuple(items: &[String], indent: usize, used: usize, after: usize) -> String {
    match items {
        [one] if !one.contains('\n') => format!("({one},)"),
        _ => bracketed("(", items, ")", indent, used, after),
    }
}

fn bracketed(open: &str, items: &[String], close: &str, indent: usize, used: usize, after: usize) -> String {
    let one = format!("{open}{}{close}", items.join(", "));
    if !one.contains('\n') && used + width(&one) + after <= WIDTH {
        return one;
    }
    let pad = " ".repeat(indent);
    let lines: String = items.iter().map(|item| format!("{pad}    {item},\n")).collect();
    format!("{open}\n{lines}{pad}{close}")
}

/// `text` as a string literal that stands at `used` with `after` characters behind it: in parts on lines of their own,
/// between parentheses, where it is too long for one. `indent` is that of its line.
pub fn string(text: &str, indent: usize, used: usize, after: usize) -> String {
    let one = python_string(text);
    if used + width(&one) + after <= WIDTH {
        return one;
    }
    let parts = parts(text, WIDTH.saturating_sub(indent + 4).max(30));
    if parts.len() < 2 {
        return one;
    }
    let pad = " ".repeat(indent);
    let lines: String = parts.iter().map(|part| format!("{pad}    {part}\n")).collect();
    format!("(\n{lines}{pad})")
}

/// Literals that together are `text`, none longer than `room`: broken after a space where there is one.
fn parts(text: &str, room: usize) -> Vec<String> {
    let literal = |part: &str| width(&python_string(part));
    let mut parts: Vec<String> = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let last = parts.len() - 1;
        if !parts[last].is_empty() && literal(&format!("{}{word}", parts[last])) > room {
            parts.push(String::new());
        }
        if literal(word) <= room {
            let last = parts.len() - 1;
            parts[last].push_str(word);
            continue;
        }
        for c in word.chars() {
            let last = parts.len() - 1;
            // The longest escape has ten characters.
            if literal(&parts[last]) + 10 > room {
                parts.push(String::new());
            }
            let last = parts.len() - 1;
            parts[last].push(c);
        }
    }
    parts.iter().map(|part| python_string(part)).collect()
}

/// The text of a docstring: paragraphs that stay apart, their lines wrapped.
pub fn docstring(paragraphs: &[&str]) -> String {
    let wrapped: Vec<String> =
        paragraphs.iter().map(|text| wrap(&python_docstring(text), WIDTH)).filter(|text| !text.is_empty()).collect();
    wrapped.join("\n\n")
}

/// `text` in lines of at most `room` columns where its words allow; its own line breaks stay.
fn wrap(text: &str, room: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines() {
        let mut out = String::new();
        for word in line.split_whitespace() {
            if !out.is_empty() && width(&out) + 1 + width(word) > room {
                lines.push(std::mem::take(&mut out));
            }
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        lines.push(out);
    }
    lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
    lines.join("\n")
}

/// Columns that linters count: emoji and the scripts of East Asia take two.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| if (c as u32) < 0x1100 { 1 } else { 2 }).sum()
}

/// Whether an identifier of Python may not be `name`.
pub fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "case"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "match"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "type"
            | "while"
            | "with"
            | "yield"
    )
}
