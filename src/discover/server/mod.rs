//! Database servers: PostgreSQL, MySQL and MariaDB. What they hold is asked of their catalogs by a handful of
//! statements; rows are looked at over a few connections at once, all of which are read-only.

mod line;
mod mysql;
mod postgres;
mod rows;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::connector::{Connector, RawTable, Sample};
use super::sampling::Sampling;
use crate::vocabulary::{Diagnostic, Dialect, Fault, Name, Outcome, Place};
use crate::workspace::{Connection, paths};
use crate::world::process::{self, Secrets};
use line::{Cause, Lines, Trouble};

/// What discovery may ask of a server.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How long one statement may take.
    statement: Duration,
    /// How long one may wait for another's lock.
    lock: Duration,
    /// Connections at once.
    connections: usize,
    /// Tables of more rows than this, by the server's estimate, are not counted.
    count: u64,
}

/// A database server.
pub struct Server {
    lines: Lines,
    dialect: Dialect,
    variable: String,
    place: Place,
    schemas: Vec<String>,
    limits: Limits,
    width: AtomicUsize,
}

impl Server {
    /// Connects to what the connection's environment variable names; which are PostgreSQL's and MySQL's alone.
    ///
    /// # Errors
    /// The variable is not set; no connection comes about.
    pub fn open(connection: &Connection, source: &Name) -> Outcome<Server> {
        let (variable, schemas, reading) = match connection {
            Connection::Postgres { url_env, schemas, reading } | Connection::MySql { url_env, schemas, reading } => {
                (url_env, schemas, reading.clone().unwrap_or_default())
            }
            other => {
                let what = format!("{} is no database server", other.dialect().label());
                return Err(Diagnostic::error("not-discovered", what).into());
            }
        };
        let place = Place::path(paths::CONFIG, format!("sources.{source}.dev.url_env"));
        let dialect = connection.dialect();
        let example = if dialect == Dialect::Postgres { "postgresql" } else { "mysql" };
        let Some(url) = process::env(variable) else {
            return Err(Diagnostic::error(
                "unset-variable",
                format!("the environment variable `{variable}` is not set"),
            )
            .at(place)
            .next(format!("set it to the address of the database: {example}://USER:PASSWORD@HOST/DATABASE"))
            .into());
        };
        let secrets = Secrets::of_env([variable.as_str()]);
        let limits = Limits {
            statement: Duration::from_secs(reading.statement_seconds),
            lock: Duration::from_secs(reading.lock_seconds),
            connections: usize::from(reading.connections),
            count: reading.count_rows,
        };
        let opened = address(&url, dialect)
            .ok_or_else(|| Trouble::Source(Cause::Address, format!("it does not begin with {example}://")))
            .and_then(|url| match dialect {
                Dialect::Postgres => Lines::open(&url, postgres::set_up(limits), secrets, limits),
                _ => Lines::open(&url, mysql::set_up(limits), secrets, limits),
            });
        let variable = variable.clone();
        match opened {
            Ok(lines) => {
                let (schemas, width) = (schemas.clone(), AtomicUsize::new(1));
                Ok(Server { lines, dialect, variable, place, schemas, limits, width })
            }
            Err(trouble) => Err(fault(trouble, dialect, &variable, place)),
        }
    }

    fn fault(&self, trouble: Trouble) -> Fault {
        fault(trouble, self.dialect, &self.variable, self.place.clone())
    }

    /// Trouble with one table is that table's; else it ends everything.
    fn of_table<T>(&self, result: Result<T, Trouble>) -> Outcome<Result<T, String>> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(Trouble::Table(why)) => Ok(Err(why)),
            Err(trouble) => Err(self.fault(trouble)),
        }
    }
}

impl Connector for Server {
    fn lines(&self) -> usize {
        self.width.load(Ordering::Relaxed)
    }

    fn place(&self) -> String {
        format!("${}", self.variable)
    }

    fn tables(&self, warnings: &mut Vec<Diagnostic>) -> Outcome<Vec<RawTable>> {
        let found = match self.dialect {
            Dialect::Postgres => postgres::tables(&self.lines, &self.schemas, warnings),
            _ => mysql::tables(&self.lines, &self.schemas, warnings),
        };
        let tables = found.map_err(|trouble| match trouble {
            // The catalog itself can't be read.
            Trouble::Table(why) => self.fault(Trouble::Source(Cause::Cut, why)),
            trouble => self.fault(trouble),
        })?;
        if tables.is_empty() && warnings.is_empty() {
            return Err(self.nothing());
        }
        if tables.len() > 1 {
            self.width.store(self.lines.widen(), Ordering::Relaxed);
        }
        Ok(tables)
    }

    fn sample(&self, table: &RawTable, sampling: &Sampling) -> Outcome<Result<Sample, String>> {
        self.of_table(rows::sample(&self.lines, table, sampling, self.limits))
    }

    fn distinct(&self, table: &RawTable, column: &str, limit: usize) -> Outcome<Option<Vec<String>>> {
        Ok(self.of_table(rows::distinct(&self.lines, table, column, limit))?.ok().flatten())
    }

    fn repeats(&self, table: &RawTable, column: &str) -> Outcome<Option<u64>> {
        Ok(self.of_table(rows::repeats(&self.lines, table, column, self.limits))?.ok().flatten())
    }

    fn orphans(&self, table: &RawTable, column: &str, other: &RawTable, key: &str) -> Outcome<Option<u64>> {
        Ok(self.of_table(rows::orphans(&self.lines, table, column, other, key))?.ok().flatten())
    }
}

impl Server {
    /// No table where one was looked for; what there is elsewhere is named.
    fn nothing(&self) -> Fault {
        let elsewhere = match self.dialect {
            Dialect::Postgres => postgres::elsewhere(&self.lines),
            _ => mysql::elsewhere(&self.lines),
        };
        let elsewhere = elsewhere.unwrap_or_default();
        let shown: Vec<String> = elsewhere.iter().take(10).map(|s| format!("`{}`", s.escape_debug())).collect();
        let next = match shown.is_empty() {
            true => "look whether it is the right database, and what its user may see".to_owned(),
            false => format!("list those that are wanted under `schemas`; there are tables in {}", shown.join(", ")),
        };
        let place =
            Place { path: self.place.path.as_ref().map(|p| p.replace("url_env", "schemas")), ..self.place.clone() };
        Diagnostic::error("no-tables", "there is no table that could be read").at(place).next(next).into()
    }
}

/// Trouble with a whole source, as it is shown: the variable's name stands for the address.
fn fault(trouble: Trouble, dialect: Dialect, variable: &str, place: Place) -> Fault {
    let label = dialect.label();
    let (Trouble::Source(cause, why), ..) = (match trouble {
        Trouble::Table(why) => (Trouble::Source(Cause::Cut, why),),
        trouble => (trouble,),
    }) else {
        return Diagnostic::error("unreadable-source", format!("the {label} database can't be read")).at(place).into();
    };
    let (code, what, next) = match cause {
        Cause::Address => (
            "bad-address",
            format!("what `{variable}` holds is no address of a {label} database"),
            "write it as SCHEME://USER:PASSWORD@HOST:PORT/DATABASE, special characters percent-encoded",
        ),
        Cause::Unreachable => (
            "unreachable-source",
            format!("no connection to the {label} server of `{variable}`"),
            "look whether the server runs, and whether host and port are right",
        ),
        Cause::Login => (
            "login-refused",
            format!("the {label} server of `{variable}` refuses the login"),
            "look at user and password; special characters in them must be percent-encoded",
        ),
        Cause::NoDatabase => (
            "no-database",
            format!("there is no such database at the {label} server of `{variable}`, or its user may not use it"),
            "look at the name at the end of the address",
        ),
        Cause::Tls => (
            "tls-refused",
            format!("no encrypted connection to the {label} server of `{variable}`"),
            "look at `sslmode` and the certificate's authority, or set TLS up at the server",
        ),
        Cause::Cut => (
            "unreadable-source",
            format!("the connection to the {label} server of `{variable}` broke off, or it refuses to be read"),
            "nothing was written; run the command again",
        ),
    };
    Diagnostic::error(code, what).at(place).why(why).next(next).into()
}

/// The address as the driver takes it: `mysql+pymysql://`, `postgres://` and their like are all understood.
fn address(url: &str, dialect: Dialect) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let known = BTreeMap::from([
        ("postgres", Dialect::Postgres),
        ("postgresql", Dialect::Postgres),
        ("mysql", Dialect::MySql),
        ("mariadb", Dialect::MySql),
    ]);
    let base = scheme.to_ascii_lowercase();
    let base = base.split('+').next().unwrap_or_default();
    (known.get(base) == Some(&dialect)).then(|| match dialect {
        Dialect::Postgres => format!("postgres://{rest}"),
        _ => format!("mysql://{rest}"),
    })
}
