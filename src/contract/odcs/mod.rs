//! Contracts as documents of the Open Data Contract Standard 3.2. All fields of the standard are known; those that say
//! what Pipewright uses are read, and what it adds stands under `customProperties` as `pipewright.…`.

mod document;
mod followed;
mod measures;
mod read;
mod relationships;
mod types;
mod write;

pub use measures::{put_aside, put_back};
pub use read::read;
pub use write::write;

/// Column that tells when a row last changed.
const CURSOR: &str = "pipewright.cursor";
/// The source's schema that the table is in.
const SCHEMA: &str = "pipewright.schema";
/// How its rows are read, where the source is no SQL server.
const READING: &str = "pipewright.reading";
/// What profiling saw.
const PROFILE: &str = "pipewright.profile";
/// Columns that may tell when a row was made or changed.
const CURSORS: &str = "pipewright.cursor_candidates";
/// What was seen of each column, by its name. It stands apart from the columns, so that a new profile and what people
/// edit are never neighbours.
const STATISTICS: &str = "pipewright.statistics";
/// Of a column's statistics: how sure its tag of personal data is.
const PII_CONFIDENCE: &str = "pii_confidence";
/// Type of a column, where logical and physical type do not tell it.
const TYPE: &str = "pipewright.type";
/// How the landed table came to be as it is.
const LANDING: &str = "pipewright.landing";
/// What was decided about changes of the source.
const DRIFT: &str = "pipewright.drift";
/// A reference that was found from names and values, with what it was found from.
const INFERRED: &str = "pipewright.inferred";
/// A column that is taken for a part of the primary key, with the reason.
const INFERRED_KEY: &str = "pipewright.inferred_key";

#[cfg(test)]
mod tests;
