//! Windows of time: always half-open, always relative to `as_of`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;

/// `[end − last, end)` over a column of dates or timestamps, or `[start of this unit, end)`. The end is `as_of`, or with
/// `until` the start of the unit that `as_of` is in. With `until` alone it has no start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{"required": ["last"]}, {"required": ["this"]}, {"required": ["until"]}]))]
pub struct Window {
    /// The date or timestamp that decides whether a row is in.
    pub column: Name,
    /// How far back from its end the window reaches: `30 days`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Span>,
    /// From the start of the unit that `as_of` is in: `year` is the year to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub this: Option<Unit>,
    /// Whole units only: `day` leaves today out, `month` with `last: 3 months` is the three calendar months before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Unit>,
}

impl Window {
    /// The window of a length that ends at `as_of`.
    pub fn last(column: Name, last: Span) -> Window {
        Window { column, last: Some(last), this: None, until: None }
    }

    /// From where up to where, half-open: `[as_of - 30 days, as_of)`, `[start of year, start of day)`.
    pub fn bounds_said(&self) -> String {
        let of = |unit: Unit| format!("start of {}", unit.as_str());
        let end = self.until.map_or_else(|| "as_of".to_owned(), of);
        let start = match (self.last, self.this) {
            (Some(last), _) => format!("{end} - {last}"),
            (None, Some(this)) => of(this),
            (None, None) => "ever".to_owned(),
        };
        format!("[{start}, {end})")
    }

    /// What it covers, to be said after `over`: `the last 30 days`, `this year so far`, `the last 3 whole months`.
    pub fn said(&self) -> String {
        let start = match (self.last, self.this) {
            (Some(last), _) if self.until == Some(last.unit) && last.count == 1 => {
                return format!("the {} before this one", last.unit.as_str());
            }
            (Some(last), _) if self.until == Some(last.unit) => {
                return format!("the last {} whole {}s", last.count, last.unit.as_str());
            }
            (Some(last), _) => format!("the last {last}"),
            (None, Some(this)) => format!("this {} so far", this.as_str()),
            (None, None) => "all time".to_owned(),
        };
        match self.until {
            Some(Unit::Day) => format!("{start}, without today"),
            Some(unit) => format!("{start}, up to this {}", unit.as_str()),
            None => start,
        }
    }
}

/// A length of time in calendar units, `30 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How many, at least 1.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

/// A calendar unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months.
    Quarter,
    /// A calendar year.
    Year,
}

impl Unit {
    /// The unit as SQL's `date_trunc` and dbt's `dateadd` spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
        }
    }

    /// The unit named by a word, singular or plural.
    pub fn parse(word: &str) -> Option<Unit> {
        let word = word.to_ascii_lowercase();
        Some(match word.strip_suffix('s').unwrap_or(&word) {
            "hour" => Unit::Hour,
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Month,
            "quarter" => Unit::Quarter,
            "year" => Unit::Year,
            _ => return None,
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.count, self.unit.as_str(), if self.count == 1 { "" } else { "s" })
    }
}

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("`{}` is not a span of time such as `30 days`", text.escape_debug());
        let (count, unit) = text.trim().split_once(char::is_whitespace).ok_or_else(wrong)?;
        let unit = Unit::parse(unit.trim()).ok_or_else(wrong)?;
        match count.parse() {
            Ok(count @ 1..=100_000) => Ok(Span { count, unit }),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Span, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time in calendar units, such as `30 days`.",
            "pattern": r"^\d+ +(hour|day|week|month|quarter|year)s?$"
        })
    }
}
