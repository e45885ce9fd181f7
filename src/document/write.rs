//! Text as YAML writes it: plain where that is safe in YAML 1.1 and 1.2, quoted otherwise, folded where it is long.

use super::node::{Value, resolve};
use crate::vocabulary::yaml_string;

/// Words that YAML 1.1, which dbt's and Airflow's readers speak, takes for true or false.
const BENT: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];

/// `text` as a scalar of a block mapping or list.
pub fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { yaml_string(text) }
}

/// `text` as a scalar between `[` and `]` or `{` and `}`.
pub fn flow_scalar(text: &str) -> String {
    if is_plain(text) && !text.contains([',', '[', ']', '{', '}', '"', '\'']) {
        text.to_owned()
    } else {
        yaml_string(text)
    }
}

fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_alphanumeric() || " _-./()+,;%=<>@$'\"[]{}:#^~!?*&|".contains(c);
    text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '/')
        && !text.ends_with([' ', ':'])
        && text.chars().all(safe)
        && !text.contains(": ")
        && !text.contains(" #")
        && !BENT.contains(&text.to_ascii_lowercase().as_str())
        && matches!(resolve(text), Value::Text(_))
}

/// What stands after `key:` for `text`: on the same line where line and text fit in 120 characters, else folded below,
/// indented by `indent` spaces. `used` is what stands before on the line.
pub fn text_block(text: &str, used: usize, indent: usize) -> String {
    let short = scalar(text);
    if short.chars().count() + used <= 118 {
        return short;
    }
    let pad = " ".repeat(indent);
    let prose = !text.chars().any(char::is_control)
        && !text.contains("  ")
        && text == text.trim()
        && !text.contains(['\u{2028}', '\u{2029}', '\u{feff}']);
    if prose {
        let mut lines: Vec<String> = vec![String::new()];
        for word in text.split(' ') {
            let line = lines.last().map_or(0, |l| l.chars().count());
            if line > 0 && indent + line + 1 + word.chars().count() > 110 {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        return format!(">-\n{}", lines.iter().map(|l| format!("{pad}{l}")).collect::<Vec<_>>().join("\n"));
    }
    let mut parts: Vec<String> = vec![String::new()];
    for c in text.chars() {
        let quoted = yaml_string(c.encode_utf8(&mut [0; 4]));
        let escaped = &quoted[1..quoted.len() - 1];
        match parts.last_mut() {
            Some(part) if part.chars().count() < 80 => part.push_str(escaped),
            // A blank at the start of a line would count as indentation.
            _ => parts.push(if c == ' ' { "\\ ".into() } else { escaped.to_owned() }),
        }
    }
    format!("\"{}\"", parts.join(&format!("\\\n{pad}")))
}
