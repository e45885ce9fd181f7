//! SQL: parse, resolve names and types, lineage, dialects. A leaf on the shared vocabulary: it knows no stage.

mod clauses;
#[cfg(test)]
mod corpus;
pub mod fingerprint;
mod functions;
pub mod jinja;
#[cfg(test)]
mod kinds;
pub mod lower;
mod parse;
mod pipes;
mod rearrange;
mod resolve;
mod respell;
#[cfg(test)]
mod tests;
mod text;
pub mod types;

pub use parse::{Parsed, expression, parse, parse_as_is};
pub use resolve::{
    Checked, ColumnType, Fact, Facts, FanOut, Lineage, Named, OutputColumn, Resolved, Scope, ScopeRelation, SeenColumn,
    Usage, begins_version, check_expression, ends_version, resolve, understand,
};
pub use text::Text;
