//! Statements against a SQLite file, with a time limit each, and what can go wrong with them.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _, TypeInfo as _, ValueRef as _,
};

use crate::discover::Cell;
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};

/// How long one statement may take.
const LIMIT: Duration = Duration::from_secs(120);

/// An open file.
pub struct Database {
    path: String,
    runtime: tokio::runtime::Runtime,
    connection: Option<SqliteConnection>,
}

/// What is wrong.
#[derive(Debug)]
pub enum Trouble {
    /// With this one statement: a view that doesn't run, a virtual table whose module is missing.
    Table(String),
    /// With the whole file.
    File(String),
    /// Another process holds it.
    Locked,
}

/// One row, read from the source.
pub struct Record(SqliteRow);

impl Database {
    /// Opens `root/path` read-only.
    pub fn open(root: &Path, path: &str) -> Outcome<Database> {
        let file = root.join(path);
        looks_like_sqlite(&file, path)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| {
            Diagnostic::error("runtime", format!("the reader of SQLite files can't be started: {e}")).fault()
        })?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let mut database = Database { path: path.to_owned(), runtime, connection: None };
        match database.runtime.block_on(SqliteConnection::connect_with(&options)) {
            Ok(connection) => database.connection = Some(connection),
            Err(e) => return Err(database.fault(trouble(&e))),
        }
        Ok(database)
    }

    /// All rows of a fixed statement with bound texts.
    pub fn rows(&mut self, sql: &'static str, bound: &[&str]) -> Result<Vec<Record>, Trouble> {
        let Some(connection) = &mut self.connection else { return Err(Trouble::File("it is closed".into())) };
        let mut query = sqlx::query(sql);
        for text in bound {
            query = query.bind((*text).to_owned());
        }
        let rows = self.runtime.block_on(async { tokio::time::timeout(LIMIT, query.fetch_all(connection)).await });
        rows.map_err(|_| too_slow())?.map(|rows| rows.into_iter().map(Record).collect()).map_err(|e| trouble(&e))
    }

    /// All rows of a statement that was put together from quoted identifiers.
    pub fn rows_of(&mut self, sql: String) -> Result<Vec<Record>, Trouble> {
        let mut out = Vec::new();
        self.stream(sql, &mut |row| out.push(row))?;
        Ok(out)
    }

    /// Hands every row of a statement to `row`, one at a time.
    pub fn each(&mut self, sql: String, row: &mut dyn FnMut(&Record)) -> Result<(), Trouble> {
        self.stream(sql, &mut |record| row(&record))
    }

    fn stream(&mut self, sql: String, row: &mut dyn FnMut(Record)) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Err(Trouble::File("it is closed".into())) };
        let reading = async {
            let mut rows = connection.fetch(sqlx::query(AssertSqlSafe(sql)).persistent(false));
            while let Some(next) = std::future::poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
                row(Record(next?));
            }
            Ok::<(), sqlx::Error>(())
        };
        let read = self.runtime.block_on(async { tokio::time::timeout(LIMIT, reading).await });
        read.map_err(|_| too_slow())?.map_err(|e| trouble(&e))
    }

    /// Trouble as it is shown.
    pub fn fault(&self, trouble: Trouble) -> Fault {
        let fault = match trouble {
            Trouble::Table(why) | Trouble::File(why) => {
                Diagnostic::error("unreadable-source", format!("the SQLite file can't be read: {why}"))
                    .next("check it by `sqlite3 FILE 'pragma integrity_check'`, or restore it from a backup")
            }
            Trouble::Locked => Diagnostic::error("source-locked", "the SQLite file is locked by another program")
                .next("wait until it has finished, then run the command again"),
        };
        fault.at(Place::file(self.path.clone())).fault()
    }
}

impl Record {
    /// The text of a column; empty for null.
    pub fn text(&self, index: usize) -> String {
        self.0.try_get_unchecked::<Option<String>, _>(index).ok().flatten().unwrap_or_default()
    }

    /// The whole number of a column; 0 for null.
    pub fn integer(&self, index: usize) -> i64 {
        self.0.try_get_unchecked::<Option<i64>, _>(index).ok().flatten().unwrap_or_default()
    }

    /// Whether a column is null.
    pub fn is_null(&self, index: usize) -> bool {
        self.0.try_get_raw(index).is_ok_and(|v| v.is_null())
    }

    /// Hands over the value of a column by the class that it is stored in.
    pub fn cell(&self, index: usize, see: impl FnOnce(Cell<'_>)) {
        let Ok(value) = self.0.try_get_raw(index) else { return see(Cell::Null) };
        if value.is_null() {
            return see(Cell::Null);
        }
        let class = value.type_info().name().to_owned();
        match class.as_str() {
            "INTEGER" => see(Cell::Integer(self.integer(index))),
            "REAL" => see(Cell::Real(self.0.try_get_unchecked(index).unwrap_or_default())),
            // Text that is not UTF-8 is no text that can be looked at.
            "TEXT" => match self.0.try_get_unchecked::<&str, _>(index) {
                Ok(text) => see(Cell::Text(text)),
                Err(_) => see(Cell::Blob),
            },
            _ => see(Cell::Blob),
        }
    }
}

/// What tells a file that is not there, empty, or something else, before SQLite calls all of them "unable to open".
fn looks_like_sqlite(file: &Path, path: &str) -> Outcome<()> {
    let unreadable = |what: String, next: &str| {
        Err(Diagnostic::error("unreadable-source", what).at(Place::file(path)).next(next).fault())
    };
    let meta = match fs::metadata(file) {
        Ok(meta) => meta,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return unreadable("there is no such file".into(), "look at the path of the source in pipewright.yml");
        }
        Err(e) => return unreadable(format!("the file can't be reached: {e}"), "look at its owner and mode"),
    };
    if !meta.is_file() {
        return unreadable("this is no file, a SQLite file was expected".into(), "name the file itself");
    }
    let mut head = [0; 16];
    let read = fs::File::open(file).and_then(|mut f| f.read(&mut head));
    match read {
        Ok(0) => unreadable("the file is empty".into(), "look whether it is the right file"),
        Ok(16) if head == *b"SQLite format 3\0" => Ok(()),
        Ok(_) => {
            unreadable("this is not a SQLite file, or it is encrypted".into(), "look whether it is the right file")
        }
        Err(e) => unreadable(format!("the file can't be read: {e}"), "look at its owner and mode"),
    }
}

fn too_slow() -> Trouble {
    Trouble::Table(format!("it took longer than {} seconds to read", LIMIT.as_secs()))
}

/// Sorts by SQLite's primary result code.
fn trouble(e: &sqlx::Error) -> Trouble {
    let sqlx::Error::Database(e) = e else { return Trouble::File(e.to_string()) };
    let code: i32 = e.code().and_then(|c| c.parse().ok()).unwrap_or(0) & 0xff;
    match code {
        5 | 6 => Trouble::Locked,
        // I/O, corrupt, full, can't open, permission, not a database.
        3 | 10 | 11 | 13 | 14 | 23 | 26 => Trouble::File(e.message().to_owned()),
        _ => Trouble::Table(e.message().to_owned()),
    }
}
