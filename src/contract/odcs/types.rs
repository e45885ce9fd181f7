//! Between the standard's logical types, the types of databases, and ours.

use super::document::LogicalType;
use crate::vocabulary::DataType;

/// The type of a column. The logical type says what it is, the physical type how exactly.
pub fn data_type(logical: Option<LogicalType>, physical: Option<&str>, zoned: bool) -> Result<DataType, String> {
    let physical_type = physical.and_then(of_physical);
    let Some(logical) = logical else {
        return physical_type.ok_or_else(|| match physical {
            Some(text) => format!("nothing is known of the physical type `{}`", text.escape_debug()),
            None => "the column has neither a logical nor a physical type".into(),
        });
    };
    Ok(match logical {
        LogicalType::String => match physical_type {
            Some(bytes @ (DataType::Binary | DataType::Json)) => bytes,
            _ => DataType::Text,
        },
        LogicalType::Integer => DataType::Integer,
        LogicalType::Number => match physical_type {
            Some(number @ (DataType::Decimal { .. } | DataType::Float)) => number,
            _ => DataType::Decimal { precision: 38, scale: 9 },
        },
        LogicalType::Boolean => DataType::Boolean,
        LogicalType::Date => DataType::Date,
        LogicalType::Time => DataType::Time,
        LogicalType::Timestamp if zoned || physical_type == Some(DataType::TimestampTz) => DataType::TimestampTz,
        LogicalType::Timestamp => DataType::Timestamp,
        LogicalType::Object | LogicalType::Array | LogicalType::Map | LogicalType::Vector => DataType::Json,
    })
}

/// The logical type that a type is written with.
pub fn logical(data_type: DataType) -> LogicalType {
    match data_type {
        DataType::Integer => LogicalType::Integer,
        DataType::Decimal { .. } | DataType::Float => LogicalType::Number,
        DataType::Text | DataType::Binary => LogicalType::String,
        DataType::Boolean => LogicalType::Boolean,
        DataType::Date => LogicalType::Date,
        DataType::Timestamp | DataType::TimestampTz => LogicalType::Timestamp,
        DataType::Time => LogicalType::Time,
        DataType::Json => LogicalType::Object,
    }
}

/// The type that is meant by the name of a database's type, `NUMERIC(10, 2)`, in any of the supported dialects.
fn of_physical(text: &str) -> Option<DataType> {
    let upper = text.trim().to_ascii_uppercase();
    let (head, rest) = upper.split_once('(').unwrap_or((&upper, ""));
    let (arguments, tail) = rest.split_once(')').unwrap_or((rest, ""));
    let words: Vec<&str> = head.split_whitespace().chain(tail.split_whitespace()).collect();
    let numbers: Vec<u8> = arguments.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let zoned = words.windows(3).any(|w| w == ["WITH", "TIME", "ZONE"]) || words.contains(&"LOCAL");
    Some(match *words.first()? {
        "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "MEDIUMINT" | "INT2" | "INT4" | "INT8" | "INT64"
        | "INT32" | "HUGEINT" | "UBIGINT" | "UINTEGER" | "SERIAL" | "BIGSERIAL" | "SMALLSERIAL" | "BYTEINT"
        | "LONG" => DataType::Integer,
        "DECIMAL" | "NUMERIC" | "NUMBER" | "DEC" | "BIGNUMERIC" | "BIGDECIMAL" | "MONEY" | "FIXED" => {
            match numbers.as_slice() {
                [p, s, ..] if (1..=38).contains(p) && s <= p => DataType::Decimal { precision: *p, scale: *s },
                [p] if (1..=38).contains(p) => DataType::Decimal { precision: *p, scale: 0 },
                _ => DataType::Decimal { precision: 38, scale: 9 },
            }
        }
        "REAL" | "FLOAT" | "DOUBLE" | "FLOAT4" | "FLOAT8" | "FLOAT64" | "FLOAT32" => DataType::Float,
        "TIMESTAMPTZ" | "TIMESTAMP_TZ" | "TIMESTAMP_LTZ" | "DATETIMEOFFSET" => DataType::TimestampTz,
        "TIMESTAMP" if zoned => DataType::TimestampTz,
        "TIMESTAMP" | "DATETIME" | "DATETIME2" | "SMALLDATETIME" | "TIMESTAMP_NTZ" => DataType::Timestamp,
        "DATE" => DataType::Date,
        "TIME" | "TIMETZ" => DataType::Time,
        "BOOLEAN" | "BOOL" => DataType::Boolean,
        "BLOB" | "BYTEA" | "BINARY" | "VARBINARY" | "BYTES" | "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" | "RAW" => {
            DataType::Binary
        }
        "JSON" | "JSONB" | "VARIANT" | "SUPER" | "OBJECT" | "ARRAY" | "MAP" | "STRUCT" => DataType::Json,
        "TEXT" | "CLOB" | "STRING" | "CHAR" | "VARCHAR" | "VARCHAR2" | "NVARCHAR" | "NCHAR" | "NATIVE"
        | "CHARACTER" | "BPCHAR" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" | "UUID" | "ENUM" | "CITEXT" => {
            DataType::Text
        }
        _ => return None,
    })
}
