//! Connections to a database server: statements with a time limit each, rows as cells, and what can go wrong.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::database::HasStatementCache;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ColumnIndex, ConnectOptions as _, Connection as _, Database, Decode, Executor, Row, Type};

use super::Limits;
use crate::discover::Cell;
use crate::world::process::Secrets;

/// What is wrong.
#[derive(Debug)]
pub enum Trouble {
    /// With this one statement: no permission, a view that doesn't run, a table that was dropped, too slow.
    Table(String),
    /// With the connection or the whole database.
    Source(Cause, String),
}

/// Why a source can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The address is none.
    Address,
    /// Nothing answers there, or it answers something else.
    Unreachable,
    /// User or password.
    Login,
    /// There is no such database.
    NoDatabase,
    /// TLS was asked for and can't be had, or a certificate is not trusted.
    Tls,
    /// The connection broke off, or the server ended it.
    Cut,
}

/// How a column of a statement is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// A whole number of 64 bits.
    Integer,
    /// A float of 64 bits.
    Real,
    /// Text.
    Text,
    /// A whole number that stands for bytes: only whether there is a value counts.
    Bytes,
}

/// Where to, and as whom.
#[derive(Clone)]
enum Options {
    Postgres(Box<PgConnectOptions>),
    MySql(Box<MySqlConnectOptions>),
}

enum Line {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// A few connections, one for each who asks.
pub struct Lines {
    runtime: tokio::runtime::Runtime,
    options: Options,
    set_up: String,
    free: Mutex<Vec<Line>>,
    secrets: Secrets,
    limits: Limits,
}

/// How long the server may take to answer a knock.
const KNOCK: Duration = Duration::from_secs(15);

impl Lines {
    /// Connects to `url`, whose scheme is `postgres` or `mysql`; `set_up` is run on each connection.
    pub fn open(url: &str, set_up: String, secrets: Secrets, limits: Limits) -> Result<Lines, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|e| Trouble::Source(Cause::Unreachable, e.to_string()))?;
        let address = |e: sqlx::Error| Trouble::Source(Cause::Address, secrets.redact(&e.to_string()));
        let options = match url.starts_with("postgres") {
            true => {
                let options: PgConnectOptions = url.parse().map_err(address)?;
                Options::Postgres(Box::new(options.application_name("pipewright").disable_statement_logging()))
            }
            false => {
                let options: MySqlConnectOptions = url.parse().map_err(address)?;
                Options::MySql(Box::new(options.disable_statement_logging()))
            }
        };
        let lines = Lines { runtime, options, set_up, free: Mutex::default(), secrets, limits };
        let first = lines.connect()?;
        lines.give(first);
        Ok(lines)
    }

    /// Opens as many connections as are allowed, less where the server gives no more; how many there are.
    pub fn widen(&self) -> usize {
        let count = || self.free.lock().unwrap_or_else(PoisonError::into_inner).len();
        while count() < self.limits.connections.max(1) {
            match self.connect() {
                Ok(line) => self.give(line),
                Err(_) => break,
            }
        }
        count().max(1)
    }

    /// Whether the server is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.options, Options::Postgres(_))
    }

    /// All rows of a statement, as texts; its parameters are texts too.
    pub fn texts(&self, sql: &str, bound: &[&str], columns: usize) -> Result<Vec<Vec<Option<String>>>, Trouble> {
        let mut out = Vec::new();
        self.each(sql, bound, &vec![Read::Text; columns], &mut |cells| {
            let text = |cell: &Cell<'_>| if let Cell::Text(text) = cell { Some((*text).to_owned()) } else { None };
            out.push(cells.iter().map(text).collect());
        })?;
        Ok(out)
    }

    /// The first row of a statement, as whole numbers; none where it is null or there is none.
    pub fn numbers(&self, sql: &str, columns: usize) -> Result<Vec<Option<i64>>, Trouble> {
        let mut out = vec![None; columns];
        self.each(sql, &[], &vec![Read::Integer; columns], &mut |cells| {
            out = cells.iter().map(|cell| if let Cell::Integer(n) = cell { Some(*n) } else { None }).collect();
        })?;
        Ok(out)
    }

    /// Hands every row of a statement to `row`, one at a time.
    pub fn each(
        &self,
        sql: &str,
        bound: &[&str],
        reads: &[Read],
        row: &mut dyn FnMut(&[Cell<'_>]),
    ) -> Result<(), Trouble> {
        let taken = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut line = match taken {
            Some(line) => line,
            None => self.connect()?,
        };
        let reading = async {
            match &mut line {
                Line::Postgres(connection) => stream::<sqlx::Postgres, _>(connection, sql, bound, reads, row).await,
                Line::MySql(connection) => stream::<sqlx::MySql, _>(connection, sql, bound, reads, row).await,
            }
        };
        // The server keeps to the limit itself; this is for one that no longer answers.
        let limit = self.limits.statement + KNOCK;
        let read = self.runtime.block_on(async { tokio::time::timeout(limit, reading).await });
        let Ok(read) = read else {
            return Err(Trouble::Source(Cause::Cut, format!("no answer within {} seconds", limit.as_secs())));
        };
        match read.map_err(|e| self.trouble(&e)) {
            Ok(()) => {
                self.give(line);
                Ok(())
            }
            Err(Trouble::Table(why)) => {
                self.give(line);
                Err(Trouble::Table(why))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn give(&self, line: Line) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn connect(&self) -> Result<Line, Trouble> {
        let opening = async {
            let set_up = AssertSqlSafe(self.set_up.clone());
            Ok(match &self.options {
                Options::Postgres(options) => {
                    let mut connection = PgConnection::connect_with(options).await?;
                    sqlx::raw_sql(set_up).execute(&mut connection).await?;
                    Line::Postgres(connection)
                }
                Options::MySql(options) => {
                    let mut connection = MySqlConnection::connect_with(options).await?;
                    sqlx::raw_sql(set_up).execute(&mut connection).await?;
                    Line::MySql(connection)
                }
            })
        };
        match self.runtime.block_on(async { tokio::time::timeout(KNOCK, opening).await }) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(e)) => Err(match self.trouble(&e) {
                // Nothing of a table was asked yet.
                Trouble::Table(why) => Trouble::Source(Cause::Unreachable, why),
                Trouble::Source(Cause::Cut, why) => Trouble::Source(Cause::Unreachable, why),
                trouble @ Trouble::Source(..) => trouble,
            }),
            Err(_) => {
                let why = format!("no answer within {} seconds", KNOCK.as_secs());
                Err(Trouble::Source(Cause::Unreachable, why))
            }
        }
    }

    /// What an error means, without anything of the address in it.
    fn trouble(&self, e: &sqlx::Error) -> Trouble {
        let cause = match e {
            sqlx::Error::Database(e) => {
                let why = self.secrets.redact(e.message());
                let code = e.code().unwrap_or_default();
                let cause = match e.try_downcast_ref::<MySqlDatabaseError>() {
                    Some(e) => mysql_cause(e.number()),
                    None => postgres_cause(&code),
                };
                return match cause {
                    Some(cause) => Trouble::Source(cause, why),
                    None => Trouble::Table(why),
                };
            }
            sqlx::Error::Tls(_) => Cause::Tls,
            sqlx::Error::Configuration(_) => Cause::Address,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => {
                return Trouble::Table(self.secrets.redact(&e.to_string()));
            }
            _ => Cause::Cut,
        };
        Trouble::Source(cause, self.secrets.redact(&e.to_string()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let free = std::mem::take(self.free.get_mut().unwrap_or_else(PoisonError::into_inner));
        // A good-bye that nobody answers holds up nobody.
        let closing = async {
            for line in free {
                let _ = match line {
                    Line::Postgres(connection) => connection.close().await,
                    Line::MySql(connection) => connection.close().await,
                };
            }
        };
        let _ = self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(2), closing).await });
    }
}

/// What of PostgreSQL's error classes is more than one table's.
fn postgres_cause(code: &str) -> Option<Cause> {
    match code {
        "3D000" => Some(Cause::NoDatabase),
        _ if code.starts_with("28") => Some(Cause::Login),
        "57014" => None,
        _ if ["08", "57", "53", "58"].iter().any(|class| code.starts_with(class)) => Some(Cause::Cut),
        _ => None,
    }
}

/// What of MySQL's and MariaDB's errors is more than one table's.
fn mysql_cause(number: u16) -> Option<Cause> {
    match number {
        1045 | 1698 | 1862 | 3118 => Some(Cause::Login),
        1044 | 1049 => Some(Cause::NoDatabase),
        1040 | 1129 | 1130 | 1203 => Some(Cause::Unreachable),
        1053 | 1077 | 1078 | 1079 | 1152..=1161 | 1927 => Some(Cause::Cut),
        _ => None,
    }
}

/// Runs a statement and hands over its rows.
async fn stream<'c, DB, C>(
    connection: &'c mut C,
    sql: &str,
    bound: &[&str],
    reads: &[Read],
    row: &mut dyn FnMut(&[Cell<'_>]),
) -> Result<(), sqlx::Error>
where
    DB: Database + HasStatementCache,
    &'c mut C: Executor<'c, Database = DB>,
    DB::Arguments: sqlx::IntoArguments<DB>,
    usize: ColumnIndex<DB::Row>,
    String: sqlx::Encode<'static, DB> + Type<DB>,
    for<'r> i64: Decode<'r, DB> + Type<DB>,
    for<'r> f64: Decode<'r, DB> + Type<DB>,
    for<'r> &'r str: Decode<'r, DB> + Type<DB>,
{
    let mut query = sqlx::query::<DB>(AssertSqlSafe(sql.to_owned())).persistent(false);
    for text in bound {
        query = query.bind((*text).to_owned());
    }
    let mut rows = connection.fetch(query);
    while let Some(next) = std::future::poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
        let next = next?;
        let mut cells = Vec::with_capacity(reads.len());
        for (i, read) in reads.iter().enumerate() {
            cells.push(match read {
                Read::Integer => next.try_get_unchecked::<Option<i64>, _>(i)?.map_or(Cell::Null, Cell::Integer),
                Read::Real => next.try_get_unchecked::<Option<f64>, _>(i)?.map_or(Cell::Null, Cell::Real),
                Read::Text => next.try_get_unchecked::<Option<&str>, _>(i)?.map_or(Cell::Null, Cell::Text),
                Read::Bytes => next.try_get_unchecked::<Option<i64>, _>(i)?.map_or(Cell::Null, |_| Cell::Blob),
            });
        }
        row(&cells);
    }
    Ok(())
}
