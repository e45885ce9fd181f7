//! The types of columns as each dialect spells them.

use crate::vocabulary::{DataType, Dialect};

/// The name of a type in DDL of `dialect`.
pub fn name(data_type: DataType, dialect: Dialect) -> String {
    use Dialect::{BigQuery, Databricks, DuckDb, MySql, Postgres, Redshift, Snowflake, Sqlite};
    let name = match (data_type, dialect) {
        (DataType::Decimal { precision, scale }, _) => {
            let name = match dialect {
                Snowflake => "number",
                BigQuery if scale > 9 || precision - scale > 29 => "bignumeric",
                BigQuery | Postgres | Redshift => "numeric",
                _ => "decimal",
            };
            return format!("{name}({precision}, {scale})");
        }
        (DataType::Integer, Snowflake) => "number(38, 0)",
        (DataType::Integer, BigQuery) => "int64",
        (DataType::Integer, Sqlite) => "integer",
        (DataType::Integer, _) => "bigint",
        (DataType::Float, BigQuery) => "float64",
        (DataType::Float, Snowflake) => "float",
        (DataType::Float, DuckDb | Databricks | MySql) => "double",
        (DataType::Float, Postgres | Redshift) => "double precision",
        (DataType::Float, Sqlite) => "real",
        (DataType::Text, DuckDb | Snowflake) => "varchar",
        (DataType::Text, Redshift) => "varchar(65535)",
        (DataType::Text, BigQuery | Databricks) => "string",
        (DataType::Text, MySql) => "longtext",
        (DataType::Text, Postgres | Sqlite) => "text",
        (DataType::Boolean, BigQuery) => "bool",
        (DataType::Boolean, _) => "boolean",
        (DataType::Date, _) => "date",
        (DataType::Timestamp, Snowflake) => "timestamp_ntz",
        (DataType::Timestamp, BigQuery | MySql) => "datetime",
        (DataType::Timestamp, Databricks) => "timestamp_ntz",
        (DataType::Timestamp, _) => "timestamp",
        (DataType::TimestampTz, Snowflake) => "timestamp_tz",
        (DataType::TimestampTz, BigQuery | Databricks | MySql | Sqlite) => "timestamp",
        (DataType::TimestampTz, _) => "timestamptz",
        (DataType::Time, Databricks) => "string",
        (DataType::Time, _) => "time",
        (DataType::Binary, BigQuery) => "bytes",
        (DataType::Binary, Postgres) => "bytea",
        (DataType::Binary, Snowflake | Databricks) => "binary",
        (DataType::Binary, Redshift) => "varbyte",
        (DataType::Binary, MySql) => "longblob",
        (DataType::Binary, DuckDb | Sqlite) => "blob",
        (DataType::Json, Snowflake) => "variant",
        (DataType::Json, Postgres) => "jsonb",
        (DataType::Json, Redshift) => "super",
        (DataType::Json, Databricks) => "string",
        (DataType::Json, Sqlite) => "text",
        (DataType::Json, _) => "json",
    };
    name.to_owned()
}
