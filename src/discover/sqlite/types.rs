//! Declared types of SQLite, which takes any text for a type.

use crate::vocabulary::DataType;

/// What a declared type means: its usual meaning, else what SQLite's affinity rules make of it; none for no type and
/// for words that say nothing, so that the values decide.
pub fn declared(text: &str) -> Option<DataType> {
    let upper = text.trim().to_ascii_uppercase();
    let (head, rest) = upper.split_once('(').unwrap_or((&upper, ""));
    let arguments = rest.split(')').next().unwrap_or_default();
    let numbers: Vec<u8> = arguments.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let first = head.split_whitespace().next()?;
    Some(match first {
        "BOOL" | "BOOLEAN" => DataType::Boolean,
        "DATE" => DataType::Date,
        "TIMESTAMPTZ" => DataType::TimestampTz,
        "TIMESTAMP" if upper.contains("WITH TIME ZONE") => DataType::TimestampTz,
        "DATETIME" | "TIMESTAMP" => DataType::Timestamp,
        "TIME" => DataType::Time,
        "JSON" | "JSONB" => DataType::Json,
        "DECIMAL" | "NUMERIC" | "NUMBER" | "DEC" | "MONEY" => match numbers[..] {
            [p, s, ..] if (1..=38).contains(&p) && s <= p => DataType::Decimal { precision: p, scale: s },
            [p] if (1..=38).contains(&p) => DataType::Decimal { precision: p, scale: 0 },
            _ => DataType::Decimal { precision: 38, scale: 9 },
        },
        _ if upper.contains("INT") => DataType::Integer,
        _ if ["CHAR", "CLOB", "TEXT", "STRING", "UUID"].iter().any(|t| upper.contains(t)) => DataType::Text,
        _ if upper.contains("BLOB") || first == "BINARY" || first == "VARBINARY" => DataType::Binary,
        _ if ["REAL", "FLOA", "DOUB"].iter().any(|t| upper.contains(t)) => DataType::Float,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_understood() {
        for (text, want) in [
            ("INTEGER", Some(DataType::Integer)),
            ("bigint unsigned", Some(DataType::Integer)),
            ("varchar(20)", Some(DataType::Text)),
            ("DECIMAL( 12 , 2 )", Some(DataType::Decimal { precision: 12, scale: 2 })),
            ("numeric", Some(DataType::Decimal { precision: 38, scale: 9 })),
            ("NUMERIC(50,2)", Some(DataType::Decimal { precision: 38, scale: 9 })),
            ("double precision", Some(DataType::Float)),
            ("DATETIME", Some(DataType::Timestamp)),
            ("timestamp with time zone", Some(DataType::TimestampTz)),
            ("DATE", Some(DataType::Date)),
            ("BLOB", Some(DataType::Binary)),
            ("", None),
            ("GEOMETRY", None),
            ("((", None),
        ] {
            assert_eq!(declared(text), want, "{text}");
        }
    }
}
