//! Types between languages: what a cast in SQL says, and how a type is written for each target.

use sqlparser::ast::{self, ArrayElemTypeDef, ExactNumberInfo, TimezoneInfo};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::resolve::ColumnType;
use crate::vocabulary::{DataType, Dialect};

/// The name of a type in DDL and casts of `dialect`; exact, so that what was declared is what is kept.
pub fn name(data_type: DataType, dialect: Dialect) -> String {
    use Dialect::{BigQuery, Databricks, DuckDb, MySql, Postgres, Redshift, Snowflake, Sqlite};
    let fixed = match (data_type, dialect) {
        (DataType::Integer, Snowflake) => "number(38, 0)",
        (DataType::Integer, BigQuery) => "int64",
        (DataType::Integer, Sqlite) => "integer",
        (DataType::Integer, _) => "bigint",
        (DataType::Decimal { precision, scale }, _) => return decimal(precision, scale, dialect),
        (DataType::Float, DuckDb | Databricks | MySql) => "double",
        (DataType::Float, Postgres | Redshift) => "double precision",
        (DataType::Float, Snowflake) => "float",
        (DataType::Float, BigQuery) => "float64",
        (DataType::Float, Sqlite) => "real",
        (DataType::Text, DuckDb | Snowflake) => "varchar",
        (DataType::Text, Redshift) => "varchar(65535)",
        (DataType::Text, BigQuery | Databricks) => "string",
        (DataType::Text, MySql) => "longtext",
        (DataType::Text, Postgres | Sqlite) => "text",
        (DataType::Boolean, BigQuery) => "bool",
        (DataType::Boolean, _) => "boolean",
        (DataType::Date, _) => "date",
        (DataType::Timestamp, Snowflake | Databricks) => "timestamp_ntz",
        (DataType::Timestamp, BigQuery) => "datetime",
        (DataType::Timestamp, MySql) => "datetime(6)",
        (DataType::Timestamp, _) => "timestamp",
        (DataType::TimestampTz, Snowflake) => "timestamp_tz",
        (DataType::TimestampTz, BigQuery | Databricks) => "timestamp",
        (DataType::TimestampTz, MySql) => "timestamp(6)",
        (DataType::TimestampTz, _) => "timestamptz",
        (DataType::Time, Databricks) => "string",
        (DataType::Time, MySql) => "time(6)",
        (DataType::Time, _) => "time",
        (DataType::Binary, DuckDb | Sqlite) => "blob",
        (DataType::Binary, Snowflake | Databricks) => "binary",
        (DataType::Binary, Postgres) => "bytea",
        (DataType::Binary, BigQuery) => "bytes",
        (DataType::Binary, Redshift) => "varbyte",
        (DataType::Binary, MySql) => "longblob",
        (DataType::Json, DuckDb | BigQuery | MySql) => "json",
        (DataType::Json, Snowflake) => "variant",
        (DataType::Json, Postgres) => "jsonb",
        (DataType::Json, Redshift) => "super",
        (DataType::Json, Databricks) => "string",
        (DataType::Json, Sqlite) => "text",
    };
    fixed.to_owned()
}

fn decimal(precision: u8, scale: u8, dialect: Dialect) -> String {
    match dialect {
        Dialect::Snowflake => format!("number({precision}, {scale})"),
        Dialect::Postgres | Dialect::Redshift => format!("numeric({precision}, {scale})"),
        // NUMERIC holds 29 digits before the point and 9 after it; BIGNUMERIC 38 and 38.
        Dialect::BigQuery if scale <= 9 && precision - scale <= 29 => format!("numeric({precision}, {scale})"),
        Dialect::BigQuery => format!("bignumeric({precision}, {scale})"),
        _ => format!("decimal({precision}, {scale})"),
    }
}

/// Whether a type is one of whole numbers of 32 bits at most, as PostgreSQL and Redshift have them.
pub(super) fn is_short(data_type: &ast::DataType) -> bool {
    use ast::DataType as T;
    matches!(data_type, T::Int(_) | T::Integer(_) | T::Int4(_) | T::SmallInt(_) | T::Int2(_))
}

/// The same of a type as YAML has it.
pub fn is_short_name(name: &str) -> bool {
    ["int", "integer", "int4", "smallint", "int2", "serial"].iter().any(|n| name.trim().eq_ignore_ascii_case(n))
}

/// The type that a cast names in one dialect, nested ones too; where there is no one dialect, what all of them agree on.
pub(super) fn column_type(data_type: &ast::DataType, dialect: Option<Dialect>) -> ColumnType {
    use ast::DataType as T;
    let Some(dialect) = dialect else { return of_sql(data_type).into() };
    let plain = |known: DataType| ColumnType::Known(known);
    match data_type {
        T::Array(of) => match of {
            ArrayElemTypeDef::AngleBracket(of)
            | ArrayElemTypeDef::SquareBracket(of, _)
            | ArrayElemTypeDef::Parenthesis(of) => ColumnType::array(column_type(of, Some(dialect))),
            ArrayElemTypeDef::None if dialect == Dialect::Snowflake => ColumnType::array(plain(DataType::Json)),
            ArrayElemTypeDef::None | ArrayElemTypeDef::Qualified(..) => ColumnType::array(ColumnType::Unknown),
        },
        T::Struct(fields, _) => ColumnType::fields(
            fields
                .iter()
                .map(|f| {
                    let name = f.field_name.as_ref().map(|n| n.value.to_lowercase()).unwrap_or_default();
                    (name, column_type(&f.field_type, Some(dialect)))
                })
                .collect(),
        ),
        T::Map(key, value, ..) => ColumnType::map(column_type(key, Some(dialect)), column_type(value, Some(dialect))),
        // An exact number whose digits nobody said.
        T::Numeric(ExactNumberInfo::None) | T::Decimal(ExactNumberInfo::None) | T::Dec(ExactNumberInfo::None) => {
            match dialect {
                Dialect::Snowflake => plain(DataType::Decimal { precision: 38, scale: 0 }),
                Dialect::DuckDb | Dialect::Redshift => {
                    plain(DataType::Decimal { precision: 18, scale: dec_scale(dialect) })
                }
                Dialect::Databricks | Dialect::MySql => plain(DataType::Decimal { precision: 10, scale: 0 }),
                Dialect::BigQuery => plain(DataType::Decimal { precision: 38, scale: 9 }),
                Dialect::Postgres | Dialect::Sqlite => ColumnType::Number,
            }
        }
        T::BigNumeric(ExactNumberInfo::None) | T::BigDecimal(ExactNumberInfo::None) => ColumnType::Number,
        T::Timestamp(_, TimezoneInfo::None) if matches!(dialect, Dialect::BigQuery | Dialect::Databricks) => {
            plain(DataType::TimestampTz)
        }
        T::Interval { .. } => ColumnType::Interval,
        T::UBigInt | T::HugeInt | T::UHugeInt | T::UInt64 | T::Unsigned | T::UnsignedInteger => match data_type {
            T::HugeInt | T::UHugeInt | T::UBigInt | T::UInt64 => ColumnType::Number,
            _ => plain(DataType::Integer),
        },
        T::IntUnsigned(_) | T::IntegerUnsigned(_) | T::SmallIntUnsigned(_) | T::TinyIntUnsigned(_) => {
            plain(DataType::Integer)
        }
        T::BigIntUnsigned(_) => ColumnType::Number,
        T::DoubleUnsigned(_) | T::FloatUnsigned(_) => plain(DataType::Float),
        T::Custom(name, arguments) => {
            let name = name.to_string().to_ascii_lowercase();
            match (name.as_str(), dialect) {
                ("object" | "variant" | "super", _) => plain(DataType::Json),
                ("datetime", _) => plain(DataType::Timestamp),
                ("hugeint" | "uhugeint" | "ubigint", _) => ColumnType::Number,
                ("interval", _) => ColumnType::Interval,
                _ => custom(&name, arguments).into(),
            }
        }
        other => of_sql(other).into(),
    }
}

/// The type that Databricks reads in a text: `array<int>`, or the fields of a struct, `a int, b string`.
pub(super) fn of_schema(text: &str) -> ColumnType {
    let read = |text: &str| {
        let mut parser = Parser::new(super::parse::grammar(Dialect::Databricks)).try_with_sql(text).ok()?;
        let data_type = parser.parse_data_type().ok()?;
        (parser.peek_token_ref().token == Token::EOF).then(|| column_type(&data_type, Some(Dialect::Databricks)))
    };
    if text.len() > 10_000 {
        return ColumnType::Unknown;
    }
    read(text).or_else(|| read(&format!("struct<{text}>"))).unwrap_or_default()
}

fn dec_scale(dialect: Dialect) -> u8 {
    if dialect == Dialect::DuckDb { 3 } else { 0 }
}

/// The type that a cast names; none where it is none of ours, or means different things in different targets.
/// The type that a text names in a dialect, `numeric(10,2)`.
pub fn read(text: &str, dialect: Dialect) -> Option<DataType> {
    if text.len() > 200 {
        return None;
    }
    let mut parser = Parser::new(super::parse::grammar(dialect)).try_with_sql(text).ok()?;
    let data_type = parser.parse_data_type().ok()?;
    if parser.peek_token_ref().token != Token::EOF {
        return None;
    }
    match (&data_type, dialect) {
        // Theirs is a moment; without a zone it is `datetime` and `timestamp_ntz`.
        (ast::DataType::Timestamp(_, TimezoneInfo::None), Dialect::BigQuery | Dialect::Databricks) => {
            Some(DataType::TimestampTz)
        }
        _ => of_sql(&data_type),
    }
}

pub(super) fn of_sql(data_type: &ast::DataType) -> Option<DataType> {
    use ast::DataType as T;
    Some(match data_type {
        T::Character(_)
        | T::Char(_)
        | T::CharacterVarying(_)
        | T::CharVarying(_)
        | T::Varchar(_)
        | T::Nvarchar(_)
        | T::Text
        | T::TinyText
        | T::MediumText
        | T::LongText
        | T::String(_)
        | T::Clob(_)
        | T::FixedString(_) => DataType::Text,
        T::TinyInt(_)
        | T::Int2(_)
        | T::SmallInt(_)
        | T::MediumInt(_)
        | T::Int(_)
        | T::Int4(_)
        | T::Int8(_)
        | T::Int16
        | T::Int32
        | T::Int64
        | T::Integer(_)
        | T::BigInt(_)
        | T::Signed
        | T::SignedInteger
        | T::UTinyInt
        | T::USmallInt
        | T::UInt8
        | T::UInt16
        | T::UInt32 => DataType::Integer,
        T::Numeric(info) | T::Decimal(info) | T::Dec(info) | T::BigNumeric(info) | T::BigDecimal(info) => exact(info)?,
        T::Float(_) | T::Float8 | T::Float64 | T::Double(_) | T::DoublePrecision | T::Real | T::Float4 | T::Float32 => {
            DataType::Float
        }
        T::Bool | T::Boolean => DataType::Boolean,
        T::Date | T::Date32 => DataType::Date,
        T::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => DataType::Time,
        T::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) | T::TimestampNtz(_) | T::Datetime(_) => {
            DataType::Timestamp
        }
        T::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => DataType::TimestampTz,
        T::Binary(_) | T::Varbinary(_) | T::Blob(_) | T::Bytes(_) | T::Bytea => DataType::Binary,
        T::JSON | T::JSONB => DataType::Json,
        T::Custom(name, arguments) => return custom(&name.to_string().to_ascii_lowercase(), arguments),
        _ => return None,
    })
}

fn exact(info: &ExactNumberInfo) -> Option<DataType> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => return None,
        ExactNumberInfo::Precision(p) => (*p, 0),
        ExactNumberInfo::PrecisionAndScale(p, s) => (*p, *s),
    };
    decimal_type(precision, scale)
}

fn decimal_type(precision: u64, scale: i64) -> Option<DataType> {
    let (precision, scale) = (u8::try_from(precision).ok()?, u8::try_from(scale).ok()?);
    ((1..=38).contains(&precision) && scale <= precision).then_some(DataType::Decimal { precision, scale })
}

fn custom(name: &str, arguments: &[String]) -> Option<DataType> {
    match name {
        "number" => match arguments {
            [p] => decimal_type(p.trim().parse().ok()?, 0),
            [p, s] => decimal_type(p.trim().parse().ok()?, s.trim().parse().ok()?),
            _ => decimal_type(38, 0),
        },
        "timestamp_ntz" | "timestampntz" => Some(DataType::Timestamp),
        "timestamp_tz" | "timestamp_ltz" | "timestampltz" | "timestamptz" => Some(DataType::TimestampTz),
        "byteint" | "long" => Some(DataType::Integer),
        "variant" | "super" => Some(DataType::Json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_exact_in_every_target() {
        let money = DataType::Decimal { precision: 12, scale: 2 };
        let cases = [
            (money, Dialect::Snowflake, "number(12, 2)"),
            (money, Dialect::DuckDb, "decimal(12, 2)"),
            (money, Dialect::Postgres, "numeric(12, 2)"),
            (DataType::Decimal { precision: 38, scale: 12 }, Dialect::BigQuery, "bignumeric(38, 12)"),
            (DataType::Timestamp, Dialect::Snowflake, "timestamp_ntz"),
            (DataType::Timestamp, Dialect::DuckDb, "timestamp"),
            (DataType::Timestamp, Dialect::BigQuery, "datetime"),
            (DataType::Integer, Dialect::Snowflake, "number(38, 0)"),
        ];
        for (data_type, dialect, want) in cases {
            assert_eq!(name(data_type, dialect), want);
        }
    }

    #[test]
    fn a_timestamp_is_a_moment_where_the_dialect_says_so() {
        use DataType::{Timestamp, TimestampTz};
        let cases = [
            (Dialect::BigQuery, "timestamp", TimestampTz),
            (Dialect::BigQuery, "datetime", Timestamp),
            (Dialect::Databricks, "timestamp", TimestampTz),
            (Dialect::Databricks, "timestamp_ntz", Timestamp),
            (Dialect::Postgres, "timestamp", Timestamp),
            (Dialect::Postgres, "timestamp with time zone", TimestampTz),
            (Dialect::DuckDb, "timestamp", Timestamp),
        ];
        for (dialect, text, want) in cases {
            assert_eq!(read(text, dialect), Some(want), "{text} as {dialect}");
        }
    }

    #[test]
    fn every_name_is_read_back_as_the_same_type() {
        use DataType::{Binary, Boolean, Date, Float, Integer, Text, Timestamp};
        for dialect in [Dialect::DuckDb, Dialect::Snowflake, Dialect::Postgres, Dialect::BigQuery, Dialect::Databricks]
        {
            for data_type in
                [Integer, Float, Text, Boolean, Date, Timestamp, Binary, DataType::Decimal { precision: 9, scale: 4 }]
            {
                let sql = format!("cast(x as {})", name(data_type, dialect));
                let text = super::super::Text::new("t", "", &sql);
                let Ok(ast::Expr::Cast { data_type: parsed, .. }) = super::super::expression(&text, dialect) else {
                    panic!("{sql} does not parse as {dialect}")
                };
                let want = match (data_type, dialect) {
                    (Integer, Dialect::Snowflake) => DataType::Decimal { precision: 38, scale: 0 },
                    _ => data_type,
                };
                assert_eq!(of_sql(&parsed), Some(want), "{sql} as {dialect}");
            }
        }
    }
}
