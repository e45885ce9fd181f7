//! Where the pipeline runs in production: `from MySQL to Snowflake`.

use crate::requirement::Question;
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::vocabulary::Dialect;

#[rustfmt::skip]
const NAMES: &[(&str, Dialect)] = &[
    ("mysql", Dialect::MySql),
    ("mariadb", Dialect::MySql),
    ("postgres", Dialect::Postgres),
    ("postgresql", Dialect::Postgres),
    ("snowflake", Dialect::Snowflake),
    ("bigquery", Dialect::BigQuery),
    ("redshift", Dialect::Redshift),
    ("databricks", Dialect::Databricks),
    ("duckdb", Dialect::DuckDb),
    ("sqlite", Dialect::Sqlite),
];
/// Databases that Pipewright can't reach.
const OTHERS: &[&str] = &[
    "oracle",
    "sql server",
    "sqlserver",
    "mssql",
    "mongodb",
    "mongo",
    "cassandra",
    "clickhouse",
    "salesforce",
    "kafka",
    "s3",
];
const FROM: &[&str] = &["from", "out of", "of"];
const TO: &[&str] = &["to", "into", "onto", "in", "on", "over to", "for"];

/// Reads `from`, `to` and a database.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let from = scan.any(at, FROM);
    let to = scan.any(at, TO);
    let i = scan.skip(scan.article(from.or(to).unwrap_or(at)), &["production", "prod", "own"]);
    let other = scan.any(i, OTHERS);
    let dialect = NAMES.iter().find(|n| scan.word(i) == n.0).map(|n| n.1);
    if dialect.is_none() && other.is_none() {
        return None;
    }
    let end =
        scan.skip(other.unwrap_or(i + 1), &["database", "db", "warehouse", "server", "source", "instance", "cluster"]);
    let tokens = at..end;
    // Without a preposition: `MySQL orders`, where a target can't be meant.
    let source = from.is_some() || (to.is_none() && !matches!(dialect, Some(Dialect::Snowflake | Dialect::DuckDb)));
    // `orders in MySQL`: a database that is only ever read from here.
    let source = source
        || matches!(dialect, Some(Dialect::MySql | Dialect::Sqlite))
            && scan.word(at) != "to"
            && scan.word(at) != "into";
    let kind = match dialect {
        Some(Dialect::BigQuery | Dialect::Redshift | Dialect::Databricks) | None => {
            let about = format!("`{}` can't be said yet. Which database is it in production?", scan.words(&tokens));
            let question = Question::new(about).or(if source { "MySQL" } else { "Snowflake" }).or("PostgreSQL");
            Kind::Ask(question.saying(if source { "from {}" } else { "to {}" }))
        }
        Some(dialect) => Kind::Platform { source, dialect },
    };
    Some(Piece { tokens, kind })
}
