//! What a change of a column's type is: it holds more, less, or something else.

use crate::vocabulary::DataType;

/// A step from one type to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing that anyone sees.
    Same,
    /// Every value of the old type is one of the new.
    Wider,
    /// Some values of the old type are none of the new.
    Narrower,
    /// Values of another kind: what was compared, added up or joined may mean something else.
    Kind,
}

/// Digits before the point that hold any whole number of 64 bits.
const WHOLE: u8 = 19;

/// The step between two types.
pub fn step(was: DataType, now: DataType) -> Step {
    use DataType::{Boolean, Date, Decimal, Float, Integer, Timestamp};
    match (was, now) {
        (a, b) if a == b => Step::Same,
        (Decimal { precision: p, scale: s }, Decimal { precision: q, scale: t }) => {
            if t >= s && q - t >= p - s {
                Step::Wider
            } else {
                Step::Narrower
            }
        }
        (Integer, Decimal { precision, scale }) if precision - scale >= WHOLE => Step::Wider,
        // Whole numbers are exact in a float up to 2^53.
        (Integer, Float) | (Date, Timestamp) | (Boolean, Integer) => Step::Wider,
        (Integer, Decimal { .. })
        | (Decimal { .. }, Integer | Float)
        | (Float, Integer | Decimal { .. })
        | (Timestamp, Date)
        | (Integer, Boolean) => Step::Narrower,
        _ => Step::Kind,
    }
}

/// The step between the source's own types, where both are the same kind of type here; `Same` where that can't be told.
pub fn physical(was: &str, now: &str) -> Step {
    let (a, b) = (Physical::of(was), Physical::of(now));
    let wider = |a: u64, b: u64| match a.cmp(&b) {
        std::cmp::Ordering::Less => Step::Wider,
        std::cmp::Ordering::Equal => Step::Same,
        std::cmp::Ordering::Greater => Step::Narrower,
    };
    match (a.whole(), b.whole()) {
        (Some(a), Some(b)) => return wider(a, b),
        (None, None) => {}
        _ => return Step::Same,
    }
    match (a.length(), b.length()) {
        (Some(a), Some(b)) => wider(a, b),
        _ => Step::Same,
    }
}

/// A type as a source writes it: `varchar(40)`.
struct Physical {
    word: String,
    arguments: Vec<u64>,
}

impl Physical {
    fn of(text: &str) -> Physical {
        let text = text.to_ascii_lowercase();
        let (word, rest) = text.split_once('(').unwrap_or((&text, ""));
        let arguments = rest.split([',', ')']).filter_map(|n| n.trim().parse().ok()).collect();
        Physical { word: word.trim().to_owned(), arguments }
    }

    /// Bits of a whole number.
    fn whole(&self) -> Option<u64> {
        Some(match self.word.as_str() {
            "tinyint" => 8,
            "smallint" | "int2" | "smallserial" => 16,
            "mediumint" => 24,
            "int" | "int4" | "serial" => 32,
            "bigint" | "int8" | "bigserial" => 64,
            _ => return None,
        })
    }

    /// Longest text; without a limit it is endless.
    fn length(&self) -> Option<u64> {
        let limited = ["varchar", "character varying", "char", "character", "nvarchar", "nchar", "varchar2", "bpchar"];
        match self.word.as_str() {
            "text" | "longtext" | "clob" => Some(u64::MAX),
            word if limited.contains(&word) => Some(self.arguments.first().copied().unwrap_or(u64::MAX)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_between_types() {
        use DataType::{Boolean, Date, Float, Integer, Json, Text, Timestamp, TimestampTz};
        let decimal = |precision, scale| DataType::Decimal { precision, scale };
        for (was, now, want) in [
            (Integer, Integer, Step::Same),
            (decimal(12, 2), decimal(14, 2), Step::Wider),
            (decimal(12, 2), decimal(14, 4), Step::Wider),
            (decimal(12, 2), decimal(12, 4), Step::Narrower),
            (decimal(14, 2), decimal(12, 2), Step::Narrower),
            (Integer, decimal(38, 2), Step::Wider),
            (Integer, decimal(10, 2), Step::Narrower),
            (Integer, Float, Step::Wider),
            (decimal(12, 2), Float, Step::Narrower),
            (Float, decimal(12, 2), Step::Narrower),
            (Date, Timestamp, Step::Wider),
            (Timestamp, Date, Step::Narrower),
            (Integer, Text, Step::Kind),
            (Text, Integer, Step::Kind),
            (Date, Integer, Step::Kind),
            (decimal(12, 2), Text, Step::Kind),
            (Timestamp, TimestampTz, Step::Kind),
            (Text, Json, Step::Kind),
            (Boolean, Integer, Step::Wider),
        ] {
            assert_eq!(step(was, now), want, "{was} to {now}");
        }
    }

    #[test]
    fn the_source_s_own_words() {
        for (was, now, want) in [
            ("VARCHAR(20)", "varchar(50)", Step::Wider),
            ("VARCHAR(50)", "VARCHAR(20)", Step::Narrower),
            ("varchar(50)", "text", Step::Wider),
            ("int", "bigint", Step::Wider),
            ("bigint", "smallint", Step::Narrower),
            ("INTEGER", "BIGINT", Step::Same),
            ("uuid", "text", Step::Same),
            ("", "(((", Step::Same),
        ] {
            assert_eq!(physical(was, now), want, "{was} to {now}");
        }
    }
}
