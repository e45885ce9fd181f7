//! Small rules that several artifacts share.

use std::collections::BTreeSet;

use crate::vocabulary::{Diagnostic, nearest};
use crate::workspace::{Connection, Environments};

/// The first of `items` that was there before, with its position.
pub(super) fn twice<T: Ord>(items: impl IntoIterator<Item = T>) -> Option<(usize, T)> {
    let mut seen = BTreeSet::new();
    items.into_iter().enumerate().find_map(|(i, item)| {
        if seen.contains(&item) {
            return Some((i, item));
        }
        seen.insert(item);
        None
    })
}

/// `did you mean …`, where something is near.
pub(super) fn near<'a>(fault: Diagnostic, word: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let near = nearest(word, known);
    if near.is_empty() { fault } else { fault.next(format!("did you mean `{}`?", near.join("`, `"))) }
}

/// Whether `text` is the name of an environment variable, and not what it holds.
pub(super) fn is_env_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// What is wrong with a connection: a path that leaves the workspace, a variable that is none.
pub(super) fn connection(connection: &Connection, path: &str) -> Vec<(String, Diagnostic)> {
    let env = |field: &str, value: &str| {
        (!is_env_name(value)).then(|| {
            let fault = Diagnostic::error("env-name", format!("`{field}` is not the name of an environment variable"))
                .why("credentials come from the environment, by name: capital letters, digits and _")
                .next("write the variable's name here, and its value into the environment");
            (format!("{path}.{field}"), fault)
        })
    };
    let found = match connection {
        Connection::Postgres { url_env, .. } | Connection::MySql { url_env, .. } => env("url_env", url_env),
        Connection::Snowflake { credentials_env } => env("credentials_env", credentials_env),
        Connection::Sqlite { path: file } | Connection::DuckDb { path: file } => {
            file.contains(['\0', '\n']).then(|| {
                (
                    format!("{path}.path"),
                    Diagnostic::error("invalid-path", "the path of the file holds a line break or NUL"),
                )
            })
        }
        reached => return reached.reached_faults().into_iter().map(|(f, d)| (format!("{path}.{f}"), d)).collect(),
    };
    found.into_iter().collect()
}

/// The same for both environments.
pub(super) fn environments(environments: &Environments, path: &str) -> Vec<(String, Diagnostic)> {
    let mut out = connection(&environments.dev, &format!("{path}.dev"));
    if let Some(prod) = &environments.prod {
        out.extend(connection(prod, &format!("{path}.prod")));
    }
    out
}

/// Whether `text` names a Slack channel.
pub(crate) fn is_channel(text: &str) -> bool {
    let Some(name) = text.strip_prefix('#') else { return false };
    let plain = |c: char| c.is_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().count() <= 80 && name.chars().all(plain)
}
