//! The one function that quotes for each language. Text from outside is hostile until it went through one of these.

use super::Dialect;

/// `text` as a quoted identifier of `dialect`. BigQuery, Databricks and MySQL quote by backticks.
pub fn sql_identifier(text: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::BigQuery | Dialect::Databricks | Dialect::MySql => {
            format!("`{}`", text.replace('`', "``"))
        }
        _ => format!("\"{}\"", text.replace('"', "\"\"")),
    }
}

/// `text` as a string literal of SQL. Backslashes are doubled where the dialect reads them as escapes.
pub fn sql_string(text: &str, dialect: Dialect) -> String {
    let text = match dialect {
        Dialect::Snowflake | Dialect::BigQuery | Dialect::Databricks | Dialect::MySql => text.replace('\\', "\\\\"),
        _ => text.to_owned(),
    };
    match dialect {
        Dialect::BigQuery | Dialect::Databricks => {
            format!("'{}'", text.replace('\'', "\\'").replace('\n', "\\n"))
        }
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

/// `text` as a YAML scalar in double quotes: JSON strings are YAML, and no YAML rule bends their meaning.
/// Jinja braces stay as they are, see [`jinja_string`] for files that dbt renders.
pub fn yaml_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    // What a reader of YAML takes for a line break, refuses or drops, JSON leaves as it is.
    let bent =
        |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if !quoted.contains(bent) {
        return quoted;
    }
    quoted.chars().map(|c| if bent(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() }).collect()
}

/// `text` as a Python string literal: in double quotes, or in single ones where that saves escapes, as formatters do.
pub fn python_string(text: &str) -> String {
    let count = |quote| text.chars().filter(|c| *c == quote).count();
    let quote = if count('"') > count('\'') { '\'' } else { '"' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            c if c == quote || c == '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => out.push_str(&unicode_escape(c)),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// `text` between the triple quotes of a Python docstring; line breaks stay.
pub fn python_docstring(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            // Three in a row would end it, and one at its start would join the quotes before.
            '"' if out.is_empty() || out.ends_with("\"\"") => out.push_str("\\\""),
            c if c != '\n' && is_hidden(c) => out.push_str(&unicode_escape(c)),
            c => out.push(c),
        }
    }
    out
}

/// `\u202e`: an escape that Python and YAML read alike.
pub(super) fn unicode_escape(c: char) -> String {
    let code = c as u32;
    if code > 0xffff { format!("\\U{code:08x}") } else { format!("\\u{code:04x}") }
}

/// Characters that YAML forbids or folds, that turn the direction of text, or that nobody sees.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff0}'..='\u{fffc}' | '\u{e0000}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// `text` for a place that Jinja renders and where it must come out unchanged: braces that would open Jinja are emitted
/// by an expression that holds them as strings.
pub fn jinja_string(text: &str) -> String {
    if !["{{", "{%", "{#", "}}", "%}", "#}"].iter().any(|open| text.contains(open)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '{' => out.push_str("{{ '{' }}"),
            '}' => out.push_str("{{ '}' }}"),
            // Jinja turns every line break into `\n` and drops the last one.
            '\r' => out.push_str("{{ '\\r' }}"),
            c => out.push(c),
        }
    }
    if out.ends_with('\n') {
        out.pop();
        out.push_str("{{ '\\n' }}");
    }
    out
}

/// `text` as a string inside a Jinja expression.
pub fn jinja_literal(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if is_hidden(c) => unicode_escape(c),
            c => c.into(),
        })
        .collect();
    format!("'{escaped}'")
}

/// `text` as one word of a POSIX shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(sql_identifier("a\"b", Dialect::DuckDb), "\"a\"\"b\"");
        assert_eq!(sql_identifier("a`b", Dialect::MySql), "`a``b`");
        assert_eq!(sql_string("it's \\", Dialect::DuckDb), "'it''s \\'");
        assert_eq!(sql_string("it's \\", Dialect::Snowflake), "'it''s \\\\'");
        assert_eq!(sql_string("it's", Dialect::BigQuery), "'it\\'s'");
        assert_eq!(yaml_string("a: \"b\"\n#"), r##""a: \"b\"\n#""##);
        assert_eq!(python_string("\"\"\"\n\\"), r#"'"""\n\\'"#);
        assert_eq!(python_string("it's \u{202e}\""), r#""it's \u202e\"""#);
        assert_eq!(python_docstring("\"\"\"\"\\ \u{202e}\n\""), r#"\""\""\\ \u202e"#.to_owned() + "\n\"");
        assert_eq!(jinja_string("{{ x }}"), "{{ '{' }}{{ '{' }} x {{ '}' }}{{ '}' }}");
        assert_eq!(jinja_string("a {b}"), "a {b}");
        assert_eq!(jinja_string("{{\r\n"), "{{ '{' }}{{ '{' }}{{ '\\r' }}{{ '\\n' }}");
        assert_eq!(jinja_literal("it's }}\n"), r"'it\'s }}\u000a'");
        assert_eq!(shell_word("a b'c"), "'a b'\\''c'");
        assert_eq!(shell_word("a/b-c.py"), "a/b-c.py");
    }
}
