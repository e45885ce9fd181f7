//! A rendered file must hold in its own language. Where it does not, a template is wrong, and nothing is written.

use std::cell::RefCell;

use serde::de::IgnoredAny;
use sqlparser::dialect::{Dialect as SqlDialect, GenericDialect, PostgreSqlDialect, SnowflakeDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use crate::vocabulary::{Diagnostic, Place};

/// A diagnostic where the text of the file at `path` is not what its name says. Models were proved before.
pub fn check(path: &str, text: &str) -> Option<Diagnostic> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let (code, why, line) = match extension {
        "py" => ("render-python", "a statement that Python can't read".to_owned(), python(text)?),
        "yml" | "yaml" => {
            let fault = crate::document::parse::<IgnoredAny>(path, text).err()?;
            let first = fault.diagnostics.into_iter().next()?;
            ("render-yaml", first.what, first.place.and_then(|place| place.line).unwrap_or(1))
        }
        "sql" if path.starts_with("ddl/") => {
            let dialect: &dyn SqlDialect = match path.rsplit_once('/').map(|(_, file)| file) {
                Some("snowflake.sql") => &SnowflakeDialect {},
                Some("postgres.sql") => &PostgreSqlDialect {},
                // sqlparser's DuckDB knows no `comment on`.
                _ => &GenericDialect {},
            };
            ("render-sql", sql(dialect, text).err()?.to_string(), 1)
        }
        _ => return None,
    };
    let diagnostic = Diagnostic::error(code, format!("{path} came out broken")).why(why);
    Some(diagnostic.next("this is a fault of Pipewright: please report it").at(Place::span(path, text, line, 1, 1)))
}

/// Reads one statement after the other: the tokens and the tree of a whole file with thousands of tables are large.
fn sql(dialect: &dyn SqlDialect, text: &str) -> Result<(), ParserError> {
    let all = || pieces(text).try_for_each(|piece| statements(dialect, piece));
    // What is wrong with a piece is told by its place in the file.
    all().or_else(|_: ParserError| statements(dialect, text))
}

fn statements(dialect: &dyn SqlDialect, text: &str) -> Result<(), ParserError> {
    let mut parser = Parser::new(dialect).try_with_sql(text)?;
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token_ref().token == Token::EOF {
            return Ok(());
        }
        parser.parse_statement()?;
        if !matches!(parser.peek_token_ref().token, Token::SemiColon | Token::EOF) {
            let found = parser.peek_token();
            return parser.expected("end of statement", found);
        }
    }
}

/// The text cut behind each semicolon that stands in no string.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split_inclusive(move |c| {
        quoted ^= c == '\'';
        c == ';' && !quoted
    })
}

/// The line of the first error. The tree of a script with thousands of tables is large: it is read some tables at a time.
fn python(text: &str) -> Option<usize> {
    let apart = some_tables(text);
    if apart.len() > 1 && apart.iter().all(|piece| first_error(piece).is_none()) {
        return None;
    }
    first_error(text)
}

/// The text cut behind entries of its outermost list, each piece with the brackets that it lacks.
fn some_tables(text: &str) -> Vec<String> {
    const PIECE: usize = 64 << 10;
    let mut out = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let Some(piece) = out.last_mut() else { break };
        piece.push_str(line);
        if piece.len() > PIECE && line == "    ),\n" {
            piece.push(')');
            out.push("(\n".to_owned());
        }
    }
    out
}

fn first_error(text: &str) -> Option<usize> {
    thread_local! {
        static PARSER: RefCell<Option<tree_sitter::Parser>> = RefCell::new({
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok().map(|()| parser)
        });
    }
    PARSER.with_borrow_mut(|parser| {
        let Some(tree) = parser.as_mut().and_then(|p| p.parse(text, None)) else { return Some(1) };
        let mut node = tree.root_node();
        if !node.has_error() {
            return None;
        }
        while !node.is_error() && !node.is_missing() {
            let mut cursor = node.walk();
            let child = node.children(&mut cursor).find(|child| child.has_error());
            let Some(child) = child else { break };
            node = child;
        }
        Some(node.start_position().row + 1)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn broken_files_are_named() {
        let cases = [
            ("dags/a.py", "x = 1\ny = (\n", "render-python"),
            ("dags/a.py", "x = 'a\n'\n", "render-python"),
            ("a.yml", "a: b: c\n", "render-yaml"),
            ("a.yml", "a: 1\na: 2\n", "render-yaml"),
            ("ddl/p/duckdb.sql", "create tabel x (a int);", "render-sql"),
        ];
        for (path, text, code) in cases {
            let diagnostic = check(path, text).unwrap();
            assert_eq!((diagnostic.code.as_ref(), diagnostic.place.unwrap().file.as_str()), (code, path));
        }
        assert_eq!(check("dags/a.py", "x = 1\n"), None);
        let many = format!("T = (\n{})\nx = 1\n", "    Table(\n        name=\"a\",\n    ),\n".repeat(10_000));
        assert!(some_tables(&many).len() > 5 && check("ingest/a.py", &many).is_none());
        let broken = many.replacen("),\n    Table(\n        name=", ")\n    Table(\n        name=", 7000);
        assert_eq!(check("ingest/a.py", &broken).unwrap().code, "render-python");
        assert!(check("ingest/a.py", &many.replace("x = 1", "x = (")).is_some());
        assert!(check("ingest/a.py", &many.replace("\n)\n", "\n")).is_some());
        assert_eq!(check("a.yml", "a: {b: [c]}\n"), None);
        let ddl = "create table if not exists a.b (c timestamp_ntz not null comment 'it''s', primary key (c))\ncomment = 'x';";
        assert_eq!(check("ddl/p/snowflake.sql", ddl), None);
        assert_eq!(check("ddl/p/duckdb.sql", "comment on column a.b.c is 'x';"), None);
        let two =
            "create table a (b int);\ncomment on table a is 'it''s; so; it is';\n-- isn't it\ncreate table c (d int);";
        assert_eq!(check("ddl/p/duckdb.sql", two), None);
        assert!(check("ddl/p/duckdb.sql", &two.replace("so; it is'", "so")).is_some());
        assert_eq!(check("ddl/p/postgres.sql", "comment on table a.b is 'x';"), None);
    }
}
