//! SQL: parse, resolve names and types, lineage, dialects. A leaf on the shared vocabulary: it knows no stage.

pub mod lower;
pub mod types;
