//! SQL text becomes one query, or diagnostics; never a crash, however deep or long the text is.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, ObjectName, Query, SetExpr, Spanned, TableFactor, Visit, Visitor};
use sqlparser::dialect::{
    BigQueryDialect, DatabricksDialect, Dialect as Grammar, DuckDbDialect, MySqlDialect, PostgreSqlDialect,
    RedshiftSqlDialect, SQLiteDialect, SnowflakeDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::jinja::{LONGEST, Rendered};
use super::text::Text;
use crate::vocabulary::{Diagnostic, Dialect};

/// A query that is nothing but a query.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The query.
    pub query: Query,
}

/// Brackets in brackets.
const DEEPEST: usize = 48;
/// Operators in a row without a comma or bracket between them.
const CHAIN: usize = 1_000;

/// Functions that read files, the network, the environment or other databases, or that stall.
const REACHING_OUT: &[&str] = &[
    "copy",
    "current_setting",
    "dblink",
    "dblink_exec",
    "dbms_sleep",
    "getenv",
    "getvariable",
    "glob",
    "http_get",
    "http_post",
    "iceberg_scan",
    "delta_scan",
    "load_aws_credentials",
    "lo_export",
    "lo_import",
    "mysql_query",
    "mysql_scan",
    "parquet_metadata",
    "parquet_scan",
    "parquet_schema",
    "pg_ls_dir",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_sleep",
    "pg_stat_file",
    "pg_terminate_backend",
    "postgres_query",
    "postgres_scan",
    "query",
    "query_table",
    "read_blob",
    "read_csv",
    "read_csv_auto",
    "read_json",
    "read_json_auto",
    "read_json_objects",
    "read_ndjson",
    "read_ndjson_auto",
    "read_ndjson_objects",
    "read_parquet",
    "read_text",
    "read_files",
    "secret",
    "set_config",
    "sleep",
    "sniff_csv",
    "sqlite_query",
    "sqlite_scan",
    "st_read",
    "which_secret",
    "xpath_table",
    "query_to_xml",
    "table_to_xml",
    "external_query",
    "ai_query",
    "load_file",
    "get_presigned_url",
    "benchmark",
    "duckdb_secrets",
    "duckdb_settings",
    "get_ddl",
    "java_method",
    "reflect",
    "sys_exec",
    "sys_eval",
];

/// Functions that may stand where a table stands.
const TABLE_FUNCTIONS: &[&str] = &["explode", "flatten", "generate_series", "generate_date_array", "range", "unnest"];

pub(super) fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::DuckDb => &DuckDbDialect {},
        Dialect::Snowflake => &SnowflakeDialect {},
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::BigQuery => &BigQueryDialect {},
        Dialect::Redshift => &RedshiftSqlDialect {},
        Dialect::Databricks => &DatabricksDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    }
}

/// Where parsing stopped.
struct Stop {
    diagnostic: Diagnostic,
    at: Location,
}

impl Stop {
    fn new(code: &'static str, what: impl Into<String>, at: Location) -> Stop {
        Stop { diagnostic: Diagnostic::error(code, what), at }
    }
}

const START: Location = Location { line: 1, column: 1 };

/// Exactly one query, and nothing in it but a query.
///
/// # Errors
/// Diagnostics placed in `text`, the SQL as written; `rendered` is what stands for it.
pub fn parse(text: &Text<'_>, rendered: &Rendered, dialect: Dialect) -> Result<Parsed, Vec<Diagnostic>> {
    parse_with(text, rendered, dialect, true)
}

/// Exactly one query of a project that others wrote: any function of its dialect may stand in it.
///
/// # Errors
/// Diagnostics placed in `text`, the SQL as written; `rendered` is what stands for it.
pub fn parse_as_is(text: &Text<'_>, rendered: &Rendered, dialect: Dialect) -> Result<Parsed, Vec<Diagnostic>> {
    parse_with(text, rendered, dialect, false)
}

fn parse_with(text: &Text<'_>, rendered: &Rendered, dialect: Dialect, strict: bool) -> Result<Parsed, Vec<Diagnostic>> {
    let placed = |stop: Stop| {
        let place = rendered.place(text, stop.at.line as usize, stop.at.column as usize, 1);
        stop.diagnostic.at(place)
    };
    let query = one_query(&rendered.sql, dialect, strict).map_err(|stop| vec![placed(stop)])?;
    let mut safe = Safe { stops: Vec::new(), strict };
    let _ = query.visit(&mut safe);
    if safe.stops.is_empty() { Ok(Parsed { query }) } else { Err(safe.stops.into_iter().map(placed).collect()) }
}

/// One scalar expression, and nothing after it.
///
/// # Errors
/// Diagnostics placed in `text`.
pub fn expression(text: &Text<'_>, dialect: Dialect) -> Result<Expr, Vec<Diagnostic>> {
    let placed = |stop: Stop| {
        let at = super::text::offset(text.sql, stop.at.line as usize, stop.at.column as usize);
        vec![text.fault(stop.diagnostic, at, 1)]
    };
    if let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|o| text.sql.find(o)).min() {
        let fault = Diagnostic::error("jinja-not-allowed", "an expression is plain SQL, without Jinja");
        return Err(vec![text.fault(fault, at, 2)]);
    }
    let parsed = (|| {
        let tokens = tokens(text.sql, dialect)?;
        let comment = |t: &&TokenWithSpan| {
            matches!(
                &t.token,
                Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
            )
        };
        if let Some(comment) = tokens.iter().find(comment) {
            return Err(Stop::new("sql-comment", "an expression holds no comment", comment.span.start));
        }
        let mut parser = Parser::new(grammar(dialect)).with_tokens_with_locations(tokens);
        let expr = parser.parse_expr().map_err(|e| syntax(e, &mut parser, dialect))?;
        match parser.peek_token() {
            TokenWithSpan { token: Token::EOF, .. } => Ok(expr),
            next => Err(Stop::new(
                "sql-syntax",
                format!("`{}` does not belong to one expression", next.token),
                next.span.start,
            )),
        }
    })();
    let expr = parsed.map_err(placed)?;
    let mut safe = Safe { stops: Vec::new(), strict: true };
    let _ = expr.visit(&mut safe);
    if safe.stops.is_empty() { Ok(expr) } else { Err(safe.stops.into_iter().flat_map(placed).collect()) }
}

fn one_query(sql: &str, dialect: Dialect, strict: bool) -> Result<Query, Stop> {
    let mut tokens = tokens(sql, dialect)?;
    if !strict {
        super::respell::respell(&mut tokens, dialect);
    }
    let Some(first) = tokens.iter().find(|t| !matches!(t.token, Token::Whitespace(_) | Token::SemiColon)) else {
        return Err(Stop::new("sql-syntax", "there is no query", START));
    };
    let starts_query = match &first.token {
        Token::Word(w) => matches!(w.keyword, Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::FROM),
        Token::LParen => true,
        _ => false,
    };
    if !starts_query {
        let what = format!("a model is one SELECT, and this starts with `{}`", first.token);
        return Err(Stop::new("not-a-query", what, first.span.start));
    }
    let mut parser = Parser::new(grammar(dialect)).with_tokens_with_locations(tokens);
    let mut query = parser.parse_query().map_err(|e| syntax(e, &mut parser, dialect))?;
    if !strict {
        super::respell::undo(&mut query, dialect);
    }
    let end = parser.peek_token();
    match end.token {
        Token::EOF => Ok(*query),
        // These put nothing behind the text.
        Token::SemiColon if !strict && dialect == Dialect::Databricks && ends(&mut parser) => Ok(*query),
        Token::SemiColon => {
            let mut stop = Stop::new("several-statements", "a model is one SELECT without `;`", end.span.start);
            stop.diagnostic = stop.diagnostic.why("dbt puts the text inside a statement of its own");
            Err(stop)
        }
        token => Err(Stop::new(
            "sql-syntax",
            format!("`{token}` is not understood here as {} SQL", dialect.label()),
            end.span.start,
        )),
    }
}

/// Whether nothing but semicolons is left.
fn ends(parser: &mut Parser<'_>) -> bool {
    while parser.consume_token(&Token::SemiColon) {}
    parser.peek_token().token == Token::EOF
}

/// Tokens of a text that is neither too long nor too deep for the parser.
fn tokens(sql: &str, dialect: Dialect) -> Result<Vec<TokenWithSpan>, Stop> {
    // What stands in for Jinja can be longer than the Jinja.
    if sql.len() > 2 * LONGEST {
        let what = format!("the SQL has {} bytes, the most is {}", sql.len(), 2 * LONGEST);
        return Err(Stop::new("sql-too-long", what, START));
    }
    let tokens = Tokenizer::new(grammar(dialect), sql).tokenize_with_location().map_err(|e| {
        Stop::new("sql-syntax", format!("{} as {} SQL", lower_first(&e.message), dialect.label()), e.location)
    })?;
    let mut levels = vec![(0usize, 0usize)];
    for TokenWithSpan { token, span } in &tokens {
        let top = levels.len() - 1;
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => levels.push((0, 0)),
            Token::RParen | Token::RBracket | Token::RBrace if top > 0 => drop(levels.pop()),
            Token::Comma => levels[top].0 = 0,
            Token::Word(w) => match w.keyword {
                Keyword::CASE => levels.push((0, 0)),
                Keyword::END if top > 0 => drop(levels.pop()),
                Keyword::WHEN | Keyword::THEN | Keyword::ELSE => levels[top].0 = 0,
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS => levels[top].1 += 1,
                Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::JOIN => levels[top].0 += 1,
                _ => {}
            },
            Token::Whitespace(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::Period => {}
            _ => levels[top].0 += 1,
        }
        let top = levels.len() - 1;
        if top > DEEPEST {
            return Err(Stop::new("sql-too-deep", format!("brackets are nested more than {DEEPEST} deep"), span.start));
        }
        if levels[top].0 > CHAIN || levels[top].1 > CHAIN {
            return Err(Stop::new("sql-too-deep", format!("more than {CHAIN} operators in a row"), span.start));
        }
    }
    Ok(tokens)
}

/// The parser names the place inside its message only.
fn syntax(error: ParserError, parser: &mut Parser<'_>, dialect: Dialect) -> Stop {
    let message = match error {
        ParserError::RecursionLimitExceeded => {
            return Stop::new("sql-too-deep", "the SQL is nested too deeply", parser.peek_token().span.start);
        }
        ParserError::TokenizerError(m) | ParserError::ParserError(m) => m,
    };
    let (message, at) = match message.rsplit_once(" at Line: ") {
        Some((head, tail)) => {
            let mut numbers = tail.split(", Column: ").map(|n| n.trim().parse::<u64>());
            match (numbers.next(), numbers.next()) {
                (Some(Ok(line)), Some(Ok(column))) => (head.to_owned(), Location { line, column }),
                _ => (head.to_owned(), parser.peek_token().span.start),
            }
        }
        None => (message, parser.peek_token().span.start),
    };
    Stop::new("sql-syntax", format!("{}, as {} SQL", lower_first(&message), dialect.label()), at)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Looks for what a query can do beside being a query.
struct Safe {
    stops: Vec<Stop>,
    /// Whether functions that reach out are refused.
    strict: bool,
}

impl Safe {
    fn refuse(&mut self, what: String, at: Location) {
        self.stops.push(Stop::new("not-a-query", what, at));
    }

    fn function(&mut self, name: &ObjectName) {
        let Some(last) = name.0.last().and_then(|p| p.as_ident()) else { return };
        let lower = last.value.to_ascii_lowercase();
        if REACHING_OUT.contains(&lower.as_str()) || name.to_string().to_ascii_lowercase().starts_with("system$") {
            let mut stop =
                Stop::new("function-not-allowed", format!("`{lower}` is not allowed in a model"), last.span.start);
            stop.diagnostic = stop.diagnostic.why("it reaches out of the query: files, network, environment or time");
            self.stops.push(stop);
        }
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => {
                if let Some(into) = &select.into {
                    let at = into.targets.first().map_or(START, |t| t.span().start);
                    self.refuse("`select … into` writes a table".into(), at);
                }
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => {}
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                self.refuse("a part of this query writes".into(), START);
            }
        }
    }
}

fn first_location(name: &ObjectName) -> Location {
    name.0.first().and_then(|p| p.as_ident()).map_or(START, |i| i.span.start)
}

impl Visitor for Safe {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.body(&query.body);
        if !query.locks.is_empty() {
            self.refuse("`for update` locks rows".into(), START);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } if self.strict => {
                self.table_function(name);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(f) = expr
            && self.strict
        {
            self.function(&f.name);
        }
        ControlFlow::Continue(())
    }
}

impl Safe {
    fn table_function(&mut self, name: &ObjectName) {
        let lower = name.to_string().to_ascii_lowercase();
        if !TABLE_FUNCTIONS.contains(&lower.as_str()) {
            let mut stop =
                Stop::new("function-not-allowed", format!("`{lower}` is not allowed as a table"), first_location(name));
            stop.diagnostic = stop
                .diagnostic
                .why("a model reads models and sources")
                .next(format!("one of {}", TABLE_FUNCTIONS.join(", ")));
            self.stops.push(stop);
        }
    }
}

/// Whether a part of an expression passes `test`, queries inside it left out.
pub(super) fn any_expression(expr: &Expr, test: impl FnMut(&Expr) -> bool) -> bool {
    expr.visit(&mut Outside { test, queries: 0 }).is_break()
}

/// Looks at the expressions outside of queries.
struct Outside<F> {
    test: F,
    queries: usize,
}

impl<F: FnMut(&Expr) -> bool> Visitor for Outside<F> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.queries == 0 && (self.test)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
