//! The end of the period that a run answers for.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A moment in UTC, to the second. Windows are `[as_of − n, as_of)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf(DateTime);

impl AsOf {
    /// The first moment of a day.
    pub fn day(day: Date) -> AsOf {
        AsOf(day.at(0, 0, 0, 0))
    }
}

impl FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<AsOf, String> {
        let text = text.trim();
        let moment = match text.parse::<Timestamp>() {
            Ok(moment) => Some(moment.to_zoned(TimeZone::UTC).datetime()),
            Err(_) if text.len() >= 10 && text.as_bytes()[4] == b'-' => text.parse::<DateTime>().ok(),
            Err(_) => None,
        };
        let moment = moment.filter(|m| (1..=9999).contains(&m.year())).ok_or_else(|| {
            format!("`{}` is neither a date (2026-03-31) nor a timestamp (2026-03-31T06:00:00Z)", text.escape_debug())
        })?;
        Ok(AsOf(moment.with().subsec_nanosecond(0).build().map_err(|e| e.to_string())?))
    }
}

impl fmt::Display for AsOf {
    /// `2026-03-31` at midnight, else `2026-03-31 06:00:00`: both are read by SQL, by Python and by the DAG's parameter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.time() == Time::midnight() {
            write!(f, "{}", self.0.date())
        } else {
            write!(f, "{}", self.0.strftime("%Y-%m-%d %H:%M:%S"))
        }
    }
}

impl Serialize for AsOf {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<AsOf, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_and_moments_in_any_zone() {
        let as_of = |t: &str| t.parse::<AsOf>().map(|a| a.to_string());
        assert_eq!(as_of("2026-03-31").unwrap(), "2026-03-31");
        assert_eq!(as_of("2026-03-31T00:00:00Z").unwrap(), "2026-03-31");
        assert_eq!(as_of("2026-03-31 06:30").unwrap(), "2026-03-31 06:30:00");
        assert_eq!(as_of("2026-03-31T06:30:15.7+02:00").unwrap(), "2026-03-31 04:30:15");
        for wrong in ["", "yesterday", "2026-02-30", "'; drop table x", "20260331", "2026-03-31'", "0000-01-01"] {
            assert!(as_of(wrong).is_err(), "{wrong}");
        }
    }
}
