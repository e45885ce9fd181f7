//! Statements over the workspace's own connection: landing tables before a run, drops after a rollback.
//!
//! dbt runs them, in a small project of ours under local state: so there is one way to connect, credentials stay where
//! dbt reads them, and it works where the workspace has no dbt project any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sqlparser::dialect::dialect_from_str;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::context::{self, Context};
use super::diagnose;
use super::events::Seen;
use super::progress::{Event, Listen};
use super::report::Target;
use crate::render;
use crate::template;
use crate::vocabulary::{Diagnostic, Dialect, Fault, Name, Outcome, Place};
use crate::workspace::Config;
use crate::world::local;
use crate::world::process::Ended;

/// What was in the database before the statements, names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Relations that bear one of the asked names: schema and name, and whether it is a view.
    pub relations: BTreeMap<(String, String), bool>,
    /// All schemas.
    pub schemas: BTreeSet<String>,
}

/// Runs statements in a target, in order; all or none where the database can do that.
///
/// # Errors
/// The runtime is not set up, the connection fails, or a statement does; which one is said.
pub fn execute_statements(
    root: &Path,
    config: &Config,
    target: Target,
    statements: &[String],
    logs: PathBuf,
    listen: &mut Listen<'_>,
) -> Outcome<()> {
    if statements.is_empty() {
        return Err(Diagnostic::error("nothing-to-run", "there is no statement to run").into());
    }
    let context = Context::new(root, config, target, logs)?;
    statements_in(&context, statements, &BTreeSet::new(), listen).map(drop).map_err(|f| Fault { exit: 1, ..f })
}

/// Runs statements and says what of `names` was there before.
pub(super) fn statements_in(
    context: &Context<'_>,
    statements: &[String],
    names: &BTreeSet<String>,
    listen: &mut Listen<'_>,
) -> Outcome<Before> {
    let project = context.state("ops");
    write_project(context, &project, statements, names)?;
    let profiles =
        if context.root.join("dbt/profiles.yml").is_file() { context.root.join("dbt") } else { project.clone() };
    let logs = context.logs.join("statements");
    let command = context
        .command(&context.runtime.dbt, "statements.log")
        .env("DBT_LOG_PATH", &logs)
        .env("DBT_TARGET_PATH", project.join("target"))
        .args(["run-operation", "pipewright_run", "--target", context.target.as_str(), "--project-dir"])
        .arg(&project)
        .arg("--profiles-dir")
        .arg(profiles);
    let total = statements.len();
    let ended = command.run(&mut |_, line| {
        if line.contains("Registered adapter") {
            listen(&Event::At { step: "ddl".into(), done: 0, total: Some(total), current: "statements".into() });
        }
    })?;
    let file = logs.join("dbt.log");
    // Where dbt did not come so far as to open it, its own words are in the log of the process.
    if file.is_file() {
        context.secrets.redact_file(&file).map_err(|e| local::fault("write", &file, &e))?;
    }
    let log = local::read(&file)?.unwrap_or_default();
    told(context, statements, &log, &ended)
}

/// What the log of the statements tells.
fn told(context: &Context<'_>, statements: &[String], log: &str, ended: &Ended) -> Outcome<Before> {
    let (mut before, mut at, mut done) = (Before::default(), 0_usize, false);
    for message in log.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok()) {
        let Some(message) = message.pointer("/info/msg").and_then(|m| m.as_str()) else { continue };
        if let Some(rows) = message.strip_prefix("pipewright-relations: ") {
            let rows: Vec<Vec<String>> = serde_json::from_str(rows).unwrap_or_default();
            before.relations = rows
                .into_iter()
                .filter_map(|row| match row.as_slice() {
                    [schema, name, kind] => Some(((schema.to_lowercase(), name.to_lowercase()), kind.contains("VIEW"))),
                    _ => None,
                })
                .collect();
        } else if let Some(schemas) = message.strip_prefix("pipewright-schemas: ") {
            let schemas: Vec<String> = serde_json::from_str(schemas).unwrap_or_default();
            before.schemas = schemas.into_iter().map(|s| s.to_lowercase()).collect();
        } else if let Some(number) = message.strip_prefix("pipewright-statement: ") {
            at = number.parse().unwrap_or(at);
        } else if message == "pipewright-done" {
            done = true;
        }
    }
    if ended.ok() && done {
        return Ok(before);
    }
    let what = match statements.get(at.wrapping_sub(1)) {
        Some(statement) => {
            format!("the statement `{}` failed", diagnose::clipped(statement.lines().next().unwrap_or_default()))
        }
        None => format!("no connection to the target `{}`", context.target.as_str()),
    };
    let path = context.shown(&context.logs.join("statements.log"));
    Err(context::failed(vec![diagnose::why(what, ended, &Seen::of_log(log).errors, &path)]))
}

fn write_project(context: &Context<'_>, dir: &Path, statements: &[String], names: &BTreeSet<String>) -> Outcome<()> {
    let config = context.config;
    let about = minijinja::context! { profile => config.name.as_str() };
    local::write(&dir.join("dbt_project.yml"), &template::render("ops/dbt_project.yml", about)?)?;
    local::write(&dir.join("profiles.yml"), &render::profiles(&config.name, &config.targets)?)?;
    let list =
        |texts: &mut dyn Iterator<Item = String>| texts.map(|t| jinja_literal(&t)).collect::<Vec<_>>().join(", ");
    // Never empty: `in ()` is no SQL.
    let none = names.is_empty().then(String::new);
    let names = list(&mut names.iter().cloned().chain(none).map(|n| format!("'{}'", n.replace('\'', "''"))));
    let statements = list(&mut statements.iter().cloned());
    let macros = template::render("ops/run_statements.sql", minijinja::context! { names, statements })?;
    local::write(&dir.join("macros/run_statements.sql"), &macros)
}

/// `text` as a string of Jinja that no reader of blocks can take for anything else.
fn jinja_literal(text: &str) -> String {
    let mut out = serde_json::Value::from(text).to_string();
    for c in ['{', '}', '%', '#', '\u{7f}'] {
        out = out.replace(c, &format!("\\u{:04x}", c as u32));
    }
    out
}

/// The statements of a generated file, in order.
///
/// # Errors
/// The file is not there, or is no SQL; an empty one is an error too.
pub(super) fn ddl_of(root: &Path, pipeline: &Name, dialect: Dialect) -> Outcome<Vec<String>> {
    let file = format!("ddl/{pipeline}/{dialect}.sql");
    let Some(text) = local::read(&root.join(&file))? else {
        return Err(Diagnostic::error("file-missing", format!("`{file}` is not there"))
            .why(format!("`{pipeline}` lands tables, and they are made before they are loaded"))
            .next("`pipewright regenerate` writes it again")
            .into());
    };
    let statements = split(&text, dialect).map_err(|why| {
        Fault::from(
            Diagnostic::error("broken-sql", format!("`{file}` can't be read as SQL")).at(Place::file(&file)).why(why),
        )
    })?;
    if statements.is_empty() {
        return Err(Diagnostic::error("broken-sql", format!("`{file}` holds no statement"))
            .at(Place::file(&file))
            .next("`pipewright regenerate` writes it again")
            .into());
    }
    Ok(statements)
}

/// Cuts at the semicolons that end statements: not at those in texts and comments.
fn split(text: &str, dialect: Dialect) -> Result<Vec<String>, String> {
    let reader = dialect_from_str(dialect.as_str()).ok_or("unknown dialect")?;
    let tokens =
        Tokenizer::new(&*reader, text).with_unescape(false).tokenize_with_location().map_err(|e| e.to_string())?;
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let offset = |line: u64, column: u64| {
        let start =
            lines.get(usize::try_from(line).unwrap_or_default().saturating_sub(1)).copied().unwrap_or(text.len());
        let column = usize::try_from(column).unwrap_or_default().saturating_sub(1);
        text[start..].char_indices().nth(column).map_or(text.len(), |(i, _)| start + i)
    };
    let (mut out, mut from, mut filled) = (Vec::new(), 0, false);
    for token in &tokens {
        match token.token {
            Token::SemiColon => {
                let end = offset(token.span.start.line, token.span.start.column);
                if std::mem::take(&mut filled) {
                    out.push(text[from..end].trim().to_owned());
                }
                from = end + 1;
            }
            Token::Whitespace(_) | Token::EOF => {}
            _ => filled = true,
        }
    }
    if filled {
        out.push(text[from..].trim().to_owned());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn statements_end_at_their_own_semicolons() {
        let text = "-- a; b\ncreate schema x;\n\ncomment on table x.\"t;\" is 'it''s; ü\nnew';; select 1 /* ; */";
        let out = split(text, Dialect::DuckDb).unwrap();
        assert_eq!(
            out,
            ["-- a; b\ncreate schema x", "comment on table x.\"t;\" is 'it''s; ü\nnew'", "select 1 /* ; */"]
        );
        assert!(split(" -- nothing\n", Dialect::Snowflake).unwrap().is_empty());
        assert!(split("select 'open", Dialect::DuckDb).is_err());
        assert_eq!(split(r"select 'a\'; b'; select 2", Dialect::Snowflake).unwrap().len(), 2);
    }

    #[test]
    fn texts_stay_texts_in_jinja() {
        assert_eq!(jinja_literal("a {{ b }} %} \"c\"\n"), r#""a \u007b\u007b b \u007d\u007d \u0025\u007d \"c\"\n""#);
    }
}
