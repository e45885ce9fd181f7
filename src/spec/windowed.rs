//! Windowed measures: one value for a row of the result, from the rows around it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::Name;

/// One windowed measure: a name and exactly one of the functions, over a column of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["running"]}, {"required": ["moving_average"]}, {"required": ["moving_sum"]},
    {"required": ["previous"]}, {"required": ["change"]},
    {"required": ["growth"]}, {"required": ["share"]}, {"required": ["rank"]}
]))]
pub struct Windowed {
    /// Name of the result's column.
    pub name: Name,
    /// Sum of it up to this row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Name>,
    /// Mean of it over the last `rows` rows, this one with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving_average: Option<Name>,
    /// Sum of it over the last `rows` rows, this one with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving_sum: Option<Name>,
    /// Its value `back` rows before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Name>,
    /// Its value less that of `back` rows before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Name>,
    /// Its change over the value `back` rows before, as a fraction of that: 0.1 is ten percent, with `percent` 10; null where
    /// that is zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<Name>,
    /// Its part of the sum over all rows, or those of the same `per`, as a fraction: 0.1 is ten percent, with `percent` 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Name>,
    /// Place of the row when ordered by it, 1 is the largest; equal values share a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Name>,
    /// Columns of the result that rows must have alike to be seen together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per: Vec<Name>,
    /// The column of the result that says which row is before which, for `running`, `moving_average`, `moving_sum`, `previous`, `change`,
    /// `growth`; the first date or timestamp among the groups if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Name>,
    /// How many rows before, for `previous`, `change` and `growth`; 1 if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub back: Option<u32>,
    /// How many rows, for `moving_average` and `moving_sum`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2))]
    pub rows: Option<u32>,
    /// `growth` and `share` are times 100.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub percent: bool,
    /// The smallest value is first in `rank`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ascending: bool,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a windowed measure computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    /// Sum up to the row.
    Running,
    /// Mean of the last rows.
    MovingAverage,
    /// Sum of the last rows.
    MovingSum,
    /// Value before.
    Previous,
    /// Value less the one before.
    Change,
    /// Change as a fraction of the value before.
    Growth,
    /// Part of the whole.
    Share,
    /// Place.
    Rank,
}

impl Over {
    /// Whether it looks at the rows before, so that there must be an order.
    pub fn ordered(self) -> bool {
        !matches!(self, Over::Share | Over::Rank)
    }

    /// Whether it is over the last so many rows.
    pub fn moving(self) -> bool {
        matches!(self, Over::MovingAverage | Over::MovingSum)
    }

    /// The field that names it.
    pub fn field(self) -> &'static str {
        match self {
            Over::Running => "running",
            Over::MovingAverage => "moving_average",
            Over::MovingSum => "moving_sum",
            Over::Previous => "previous",
            Over::Change => "change",
            Over::Growth => "growth",
            Over::Share => "share",
            Over::Rank => "rank",
        }
    }
}

impl Windowed {
    /// The windowed measure `name`: `over` of the column `of`.
    pub fn new(name: Name, over: Over, of: Name) -> Windowed {
        let mut windowed = Windowed {
            name,
            running: None,
            moving_average: None,
            moving_sum: None,
            previous: None,
            change: None,
            growth: None,
            share: None,
            rank: None,
            per: Vec::new(),
            order: None,
            back: None,
            rows: None,
            percent: false,
            ascending: false,
            description: None,
        };
        let slot = match over {
            Over::Running => &mut windowed.running,
            Over::MovingAverage => &mut windowed.moving_average,
            Over::MovingSum => &mut windowed.moving_sum,
            Over::Previous => &mut windowed.previous,
            Over::Change => &mut windowed.change,
            Over::Growth => &mut windowed.growth,
            Over::Share => &mut windowed.share,
            Over::Rank => &mut windowed.rank,
        };
        *slot = Some(of);
        windowed
    }

    /// The function and its column; none where the document names no function or several.
    pub fn over(&self) -> Option<(Over, &Name)> {
        let slots = [
            (Over::Running, &self.running),
            (Over::MovingAverage, &self.moving_average),
            (Over::MovingSum, &self.moving_sum),
            (Over::Previous, &self.previous),
            (Over::Change, &self.change),
            (Over::Growth, &self.growth),
            (Over::Share, &self.share),
            (Over::Rank, &self.rank),
        ];
        let mut given = slots.iter().filter_map(|(f, c)| c.as_ref().map(|c| (*f, c)));
        given.next().filter(|_| given.next().is_none())
    }
}
