//! Macros and generic tests, and the YAML that describes them.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::Files;
use crate::proposal::{Macro, MacroForm};
use crate::template;
use crate::vocabulary::jinja_string;

/// A comment that stands right before a macro or test, and its head.
static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)(?:\{#-?\s*((?:[^#]|#[^}])*?)\s*-?#\}\s*)?\{%-?\s*(macro|test)\s+(\w+)\s*\(([^%]*?)\)\s*-?%\}")
        .ok()
});

/// The file of a macro or generic test.
pub fn macro_file(of: &Macro) -> (String, String) {
    let folder = match of.form {
        MacroForm::Macro => "dbt/macros/pipewright",
        MacroForm::GenericTest => "dbt/tests/generic",
    };
    (format!("{folder}/{}.sql", of.name), of.text.clone())
}

/// `dbt/macros/pipewright/_macros.yml`: each macro and generic test with what the comment before it says, and its
/// arguments.
pub fn macro_properties<'a>(macros: impl IntoIterator<Item = &'a Macro>) -> Files {
    let own = template::text("dbt/generate_schema_name.sql").unwrap_or_default();
    let mut entries: Vec<Value> = macros.into_iter().flat_map(|m| heads(&m.text)).chain(heads(own)).collect();
    entries.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    let path = "dbt/macros/pipewright/_macros.yml".to_owned();
    let text = template::render("dbt/macros.yml", json!({"macros": entries})).unwrap_or_default();
    Files::from([(path, text)])
}

fn heads(text: &str) -> Vec<Value> {
    let heads = HEAD.iter().flat_map(|head| head.captures_iter(text));
    heads
        .map(|head| {
            let (kind, name) = (&head[2], &head[3]);
            let said = head.get(1).map(|m| m.as_str().split_whitespace().collect::<Vec<_>>().join(" "));
            let description = said.unwrap_or_else(|| match name.split_once("__") {
                Some(("default", of)) => format!("`{of}` where a dialect has no own."),
                Some((dialect, of)) => format!("`{of}` in {dialect}."),
                _ => format!("The {kind} {name}."),
            });
            let arguments: Vec<Value> = head[4]
                .split(',')
                .filter_map(|argument| argument.split('=').next().map(str::trim).filter(|a| !a.is_empty()))
                .map(|argument| json!({"name": argument, "description": meaning(argument)}))
                .collect();
            let name = if kind == "test" { format!("test_{name}") } else { name.to_owned() };
            json!({"name": name, "description": jinja_string(&description), "arguments": arguments})
        })
        .collect()
}

fn meaning(argument: &str) -> String {
    match argument {
        "model" => "The tested model.".into(),
        "column_name" => "The tested column.".into(),
        "column" => "A column, or an expression.".into(),
        "node" => "The model.".into(),
        _ => {
            let words = argument.replace('_', " ");
            format!("{}{}.", words[..1].to_uppercase(), &words[1..])
        }
    }
}
