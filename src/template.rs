//! The template engine that every emitted file comes from: minijinja over the files under `templates/`, which are part
//! of the program. Delimiters are `[[ expr ]]`, `[% block %]`, `[# comment #]`, so that emitted `{{ }}` stays itself.
//!
//! Names must be given: an undefined one is an error, and so is printing `none`; ask `is defined` where a field may be
//! left out. Filters: `yaml` (one line), `entry(key, indent)` and `item(indent)` (YAML lines), `python`, `shell`, `jinja`, `jinja_literal`, `sql_string(dialect)`, `sql_identifier(dialect)`,
//! `wrap(width)` and `comment(prefix, width)`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::vocabulary::{
    Diagnostic, Dialect, Outcome, Place, jinja_literal, jinja_string, python_string, shell_word, sql_identifier,
    sql_string, yaml_entry, yaml_flow, yaml_item,
};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Embedded;

/// Renders the template of that name (its path under `templates/`) with `context`.
///
/// # Errors
/// An unknown template, a name that the context lacks, a filter that fails: with the template's name and line.
pub fn render(name: &str, context: impl Serialize) -> Outcome<String> {
    let template = engine()?.get_template(name).map_err(|e| diagnostic(name, &e))?;
    Ok(template.render(minijinja::value::Serde(context)).map_err(|e| diagnostic(name, &e))?)
}

/// Renders a text that is no file of `templates/`, such as a prompt of the workspace's own; `file` is where it stands.
///
/// # Errors
/// As for [`render`].
pub fn render_text(file: &str, text: &str, context: impl Serialize) -> Outcome<String> {
    let rendered = engine()?.render_named_str(file, text, minijinja::value::Serde(context));
    Ok(rendered.map_err(|e| Diagnostic {
        place: Some(Place { line: e.line(), ..Place::file(file) }),
        ..diagnostic(file, &e)
    })?)
}

/// The text of the file of that name under `templates/`, as it is.
pub fn text(name: &str) -> Option<&'static str> {
    files().get(name).map(String::as_str)
}

/// Names of the files whose name starts with `prefix`, sorted.
pub fn list(prefix: &str) -> Vec<&'static str> {
    files().keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
}

/// Templates whose text is in no generated file.
const NOT_GENERATED: &[&str] = &["dbt_macros/", "discover/", "ops/", "prompts/", "pull_request/"];

/// SHA-256 over names and texts of the templates that files are generated from: what the lock file keeps, so that a new
/// template is seen.
pub fn hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let mut sha = Sha256::new();
        let generated = |name: &str| !NOT_GENERATED.iter().any(|folder| name.starts_with(folder));
        for (name, text) in files().iter().filter(|(name, _)| generated(name)) {
            for part in [name, text] {
                sha.update((part.len() as u64).to_le_bytes());
                sha.update(part);
            }
        }
        sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

fn files() -> &'static BTreeMap<String, String> {
    static FILES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let text = |name: &str| Embedded::get(name).map(|f| String::from_utf8_lossy(&f.data).into_owned());
        Embedded::iter().filter_map(|name| Some((name.to_string(), text(&name)?))).collect()
    })
}

/// Templates are parsed when they are first asked for, once.
fn engine() -> Outcome<&'static Environment<'static>> {
    static ENGINE: OnceLock<Result<Environment<'static>, String>> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| build().map_err(|e| e.to_string()));
    Ok(engine.as_ref().map_err(|e| Diagnostic::error("template", format!("the template engine can't start: {e}")))?)
}

fn build() -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    env.set_syntax(
        SyntaxConfig::builder()
            .variable_delimiters("[[", "]]")
            .block_delimiters("[%", "%]")
            .comment_delimiters("[#", "#]")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(Error::new(ErrorKind::InvalidOperation, "nothing is printed where a value is due"));
        }
        minijinja::escape_formatter(out, state, value)
    });
    env.set_loader(|name| Ok(text(name).map(str::to_owned)));
    env.add_filter("yaml", |value: Value| Ok::<_, Error>(yaml_flow(&json(&value)?)));
    env.add_filter("entry", |value: Value, key: &str, indent: usize| {
        Ok::<_, Error>(yaml_entry(key, &json(&value)?, indent))
    });
    env.add_filter("item", |value: Value, indent: usize| Ok::<_, Error>(yaml_item(&json(&value)?, indent)));
    env.add_filter("python", |text: &str| python_string(text));
    env.add_filter("shell", |text: &str| shell_word(text));
    env.add_filter("jinja", |text: &str| jinja_string(text));
    env.add_filter("jinja_literal", |text: &str| jinja_literal(text));
    env.add_filter("sql_string", |text: &str, name: &str| Ok::<_, Error>(sql_string(text, dialect(name)?)));
    env.add_filter("sql_identifier", |text: &str, name: &str| Ok::<_, Error>(sql_identifier(text, dialect(name)?)));
    env.add_filter("wrap", |text: &str, width: usize| wrap(text, width).join("\n"));
    env.add_filter("comment", |text: &str, prefix: &str, width: usize| {
        let lines = wrap(text, width.saturating_sub(prefix.len()));
        let lines: Vec<String> = lines.iter().map(|line| format!("{prefix}{line}").trim_end().to_owned()).collect();
        lines.join("\n")
    });
    Ok(env)
}

fn json(value: &Value) -> Result<serde_json::Value, Error> {
    serde_json::to_value(value).map_err(|e| Error::new(ErrorKind::InvalidOperation, e.to_string()))
}

fn dialect(name: &str) -> Result<Dialect, Error> {
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name);
    Dialect::deserialize(name).map_err(|e| Error::new(ErrorKind::InvalidOperation, e.to_string()))
}

/// `text` in lines of at most `width` characters where its words allow; its own line breaks stay.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.trim_end().split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

fn diagnostic(name: &str, error: &Error) -> Diagnostic {
    let file = format!("templates/{}", error.name().unwrap_or(name));
    let what = match error.kind() {
        ErrorKind::TemplateNotFound => format!("there is no template `{name}`"),
        kind => format!("the template `{name}` can't be rendered: {kind}"),
    };
    let mut diagnostic = Diagnostic::error("template", what).at(Place { line: error.line(), ..Place::file(file) });
    diagnostic.why = error.detail().map(str::to_owned);
    diagnostic
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use minijinja::context;

    fn render_text(source: &'static str, context: minijinja::Value) -> Result<String, Error> {
        build().unwrap().template_from_named_str("t", source).unwrap().render(context)
    }

    #[test]
    fn every_template_parses() {
        for name in
            list("").into_iter().filter(|name| !name.starts_with("cleaning/") && !name.starts_with("dbt_macros/"))
        {
            engine().unwrap().get_template(name).unwrap();
        }
    }

    #[test]
    fn jinja_of_dbt_stays_itself() {
        let text = "[% for m in models %]\nselect * from {{ ref('[[ m ]]') }} [# no #]{# yes #}\n[% endfor %]\n";
        let out = render_text(text, context! { models => ["a", "b"] }).unwrap();
        assert_eq!(out, "select * from {{ ref('a') }} {# yes #}\nselect * from {{ ref('b') }} {# yes #}\n");
    }

    #[test]
    fn nothing_is_printed_for_a_missing_name() {
        assert_eq!(render_text("[[ a ]]", context! {}).unwrap_err().kind(), ErrorKind::UndefinedError);
        assert_eq!(render_text("\n[[ a.b ]]", context! { a => context! {} }).unwrap_err().line(), Some(2));
        assert!(render_text("[[ a ]]", context! { a => () }).is_err());
        assert_eq!(render_text("[% if a.b is defined %]x[% endif %]", context! { a => context! {} }).unwrap(), "");
    }

    #[test]
    fn filters_quote_hostile_text() {
        let out = |text| render_text(text, context! { t => "it's \"{{ x }}\"" }).unwrap();
        assert_eq!(out("[[ t | yaml ]]"), r#""it's \"{{ x }}\"""#);
        assert_eq!(out("[[ t | python ]]"), r#"'it\'s "{{ x }}"'"#);
        assert_eq!(out("[[ t | sql_string('bigquery') ]]"), r#"'it\'s "{{ x }}"'"#);
        assert_eq!(out("[[ t | sql_identifier('duckdb') ]]"), r#""it's ""{{ x }}""""#);
        assert_eq!(out("[[ t | shell ]]"), r#"'it'\''s "{{ x }}"'"#);
        assert!(!out("[[ t | jinja ]]").contains("{{ x"));
        assert!(render_text("[[ t | sql_string('oracle') ]]", context! { t => "" }).is_err());
    }

    #[test]
    fn text_wraps_at_words() {
        let out = render_text("[[ t | comment('# ', 12) ]]", context! { t => "one two three four\n\nfive\n" }).unwrap();
        assert_eq!(out, "# one two\n# three four\n#\n# five");
    }

    #[test]
    fn errors_name_the_template() {
        let fault = render("no/such.sql", context! {}).unwrap_err();
        assert_eq!(fault.diagnostics[0].place.as_ref().unwrap().file, "templates/no/such.sql");
        assert_eq!(hash().len(), 64);
    }
}
