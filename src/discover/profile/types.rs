//! The type of a column, by what is declared and what its values are.

use super::Seen;
use crate::discover::connector::RawColumn;
use crate::vocabulary::DataType;

/// The type of a column: as declared where its values fit, else what its values are, with what is odd about that.
pub fn data_type(column: &RawColumn, seen: &Seen) -> (DataType, Option<String>) {
    let Some(declared) = column.data_type else {
        return (judged(seen), None);
    };
    let stamps = seen.dates + seen.moments + seen.zoned;
    let fits = match declared {
        DataType::Integer => seen.texts + seen.blobs + seen.reals == 0,
        DataType::Decimal { .. } | DataType::Float => seen.blobs == 0 && seen.texts == seen.numbers,
        DataType::Boolean => seen.texts + seen.blobs + seen.reals + seen.not_boolean == 0,
        DataType::Date | DataType::Timestamp | DataType::TimestampTz => stamps == seen.filled(),
        DataType::Text | DataType::Json | DataType::Time => seen.blobs == 0,
        DataType::Binary => true,
    };
    match declared {
        _ if seen.filled() == 0 => (declared, None),
        DataType::Timestamp if fits && seen.zoned == stamps => (DataType::TimestampTz, None),
        DataType::Date if fits && seen.dates < stamps => (DataType::Timestamp, None),
        _ if fits => (declared, None),
        _ => {
            let judged = judged(seen);
            let what = format!("is declared {} but holds values of other kinds; read as {judged}", column.declared);
            (judged, Some(what))
        }
    }
}

/// The narrowest type that holds all values.
fn judged(seen: &Seen) -> DataType {
    match (seen.integers, seen.reals, seen.texts, seen.blobs) {
        (_, _, 0, 0) if seen.reals > 0 => DataType::Float,
        (_, 0, 0, 0) if seen.integers > 0 => DataType::Integer,
        (0, 0, 0, _) if seen.blobs > 0 => DataType::Binary,
        _ => DataType::Text,
    }
}
