//! What profiling saw of a table: numbers of a sample, never a value of personal data. `docs/profile.md` says how each is
//! measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Contract;
use crate::vocabulary::Name;

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableProfile {
    /// Rows in the table.
    pub rows: u64,
    /// Whether the rows are the source's estimate rather than counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// Rows looked at.
    pub sample: u64,
    /// How they were chosen: `all`, `systematic`, `reservoir`, `stratified`, `first`; `none` where no row was looked at.
    pub method: String,
    /// What the choice was drawn from, where it was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Size of the table, where the source tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Columns that may tell when a row was made or changed, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cursors: Vec<CursorCandidate>,
}

/// A column that may tell when a row was made or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CursorCandidate {
    /// The column.
    pub column: Name,
    /// What speaks for it.
    pub why: String,
}

/// What was seen of a column. Counts are those of the sample; numbers and times are canonical text. Of a column of
/// personal data, nothing that repeats a value is kept: no `min`, `max`, `quantiles`, `top` or `patterns`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnProfile {
    /// Rows without a value.
    pub nulls: u64,
    /// Different values; an estimate where they are too many to be held.
    pub distinct: u64,
    /// Least value of a column of numbers or times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Greatest value of a column of numbers or times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Values below which 5, 25, 50, 75 and 95 % of the values lie.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<String>,
    /// Numbers far outside of the middle half (interquartile rule).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outliers: u64,
    /// The values that are found most, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Counted>,
    /// The forms of texts that are found most, most first: letters as `a` and `A`, digits as `9`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Counted>,
    /// Lengths of texts, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Lengths>,
}

/// A value or pattern, and in how many rows it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The value or pattern.
    pub value: String,
    /// Rows of the sample.
    pub count: u64,
}

/// Shortest and longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// Shortest.
    pub min: u32,
    /// Longest.
    pub max: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl ColumnProfile {
    /// Without anything that repeats a value: what may be kept of personal data.
    #[must_use]
    pub fn without_values(&self) -> ColumnProfile {
        ColumnProfile { nulls: self.nulls, distinct: self.distinct, lengths: self.lengths, ..ColumnProfile::default() }
    }
}

/// What profiling says of a column that nobody declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// No row was without a value.
    NeverNull,
    /// Named for an identifier, and its values differ.
    Unique,
}

impl Evidence {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::NeverNull => "never null",
            Evidence::Unique => "unique",
        }
    }
}

/// Rows that say something by none of them being null.
const ROWS: u64 = 1000;
/// Rows that say something by all being different.
const DIFFERENT: u64 = 100;
/// Different values that are counted; of more, their number is estimated.
pub const COUNTED: u64 = 8192;
/// Last words of names whose values tell things apart.
const TELLING: &[&str] = &[
    "asin",
    "barcode",
    "code",
    "ean",
    "email",
    "gtin",
    "guid",
    "iban",
    "imei",
    "isbn",
    "no",
    "number",
    "reference",
    "serial",
    "sku",
    "slug",
    "ssn",
    "upc",
    "username",
    "uuid",
    "vin",
];

impl Contract {
    /// What profiling says of columns beyond what is declared, as far as tests follow from it: what an engineer would hold
    /// later rows to, and nothing that numbers of a sample merely happen to say.
    pub fn evidence(&self) -> Vec<(&Name, Evidence)> {
        let Some(table) = &self.profile else { return Vec::new() };
        let mut out = Vec::new();
        for column in &self.columns {
            let Some(seen) = column.profile.as_ref().filter(|seen| seen.nulls == 0) else { continue };
            let leads = column.references.is_some() || self.cursor.as_ref() == Some(&column.name);
            if leads && !column.required && table.sample >= ROWS {
                out.push((&column.name, Evidence::NeverNull));
            }
            let last = column.name.as_str().rsplit('_').next().unwrap_or_default();
            let free = !column.unique && column.primary_key.is_none() && column.references.is_none();
            // Of many values, how many differ is an estimate: 7 % are more than four standard errors.
            let least = if table.sample <= COUNTED { table.sample } else { table.sample / 100 * 93 };
            if free && table.sample >= DIFFERENT && seen.distinct >= least && TELLING.contains(&last) {
                out.push((&column.name, Evidence::Unique));
            }
        }
        out
    }

    /// Without anything that was measured: what people, agents and generators go by.
    #[must_use]
    pub fn without_measures(&self) -> Contract {
        let mut out = Contract { profile: None, ..self.clone() };
        for column in &mut out.columns {
            (column.profile, column.pii_confidence, column.key_evidence) = (None, None, None);
            column.references.iter_mut().for_each(|to| to.evidence = None);
        }
        out
    }
}
