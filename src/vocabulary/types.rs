//! The types of columns, free of any one database.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a column as contracts, models and ingestion agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataType {
    /// A whole number of at most 64 bits.
    Integer,
    /// An exact number with `precision` digits, `scale` of them after the point.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// A binary floating point number of 64 bits.
    Float,
    /// Text of any length.
    Text,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A day and a time of day, without a zone; UTC unless a contract says otherwise.
    Timestamp,
    /// A moment: day and time with an offset.
    TimestampTz,
    /// A time of day.
    Time,
    /// Bytes.
    Binary,
    /// A nested value, kept as JSON text.
    Json,
}

impl DataType {
    /// Numbers of any kind.
    pub fn is_numeric(self) -> bool {
        matches!(self, DataType::Integer | DataType::Decimal { .. } | DataType::Float)
    }

    /// A date or a timestamp: something that a window can be laid over.
    pub fn is_temporal(self) -> bool {
        matches!(self, DataType::Date | DataType::Timestamp | DataType::TimestampTz)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Integer => f.write_str("integer"),
            DataType::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            DataType::Float => f.write_str("float"),
            DataType::Text => f.write_str("text"),
            DataType::Boolean => f.write_str("boolean"),
            DataType::Date => f.write_str("date"),
            DataType::Timestamp => f.write_str("timestamp"),
            DataType::TimestampTz => f.write_str("timestamptz"),
            DataType::Time => f.write_str("time"),
            DataType::Binary => f.write_str("binary"),
            DataType::Json => f.write_str("json"),
        }
    }
}

impl std::str::FromStr for DataType {
    type Err = String;

    fn from_str(text: &str) -> Result<DataType, String> {
        Ok(match text {
            "integer" => DataType::Integer,
            "float" => DataType::Float,
            "text" => DataType::Text,
            "boolean" => DataType::Boolean,
            "date" => DataType::Date,
            "timestamp" => DataType::Timestamp,
            "timestamptz" => DataType::TimestampTz,
            "time" => DataType::Time,
            "binary" => DataType::Binary,
            "json" => DataType::Json,
            _ => {
                let digits = text.strip_prefix("decimal(").and_then(|t| t.strip_suffix(')'));
                let parts = digits.and_then(|d| d.split_once(','));
                let numbers = parts.and_then(|(p, s)| Some((p.trim().parse().ok()?, s.trim().parse().ok()?)));
                match numbers {
                    Some((precision, scale)) if (1..=38).contains(&precision) && scale <= precision => {
                        DataType::Decimal { precision, scale }
                    }
                    _ => {
                        return Err(format!(
                            "`{}` is not a type; one of integer, decimal(P,S), float, text, boolean, date, timestamp, timestamptz, time, binary, json",
                            text.escape_debug()
                        ));
                    }
                }
            }
        })
    }
}

impl Serialize for DataType {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<DataType, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for DataType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DataType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The type of a column, free of any one database.",
            "pattern": r"^(integer|float|text|boolean|date|timestamp|timestamptz|time|binary|json|decimal\(\d{1,2}, ?\d{1,2}\))$"
        })
    }
}
