//! What a model can read from.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;

/// A table of a source, `shop.orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableRef {
    /// The source's name in `pipewright.yml`.
    pub source: Name,
    /// The table's name in its contract.
    pub table: Name,
}

/// A table of a source (`shop.orders`) or a model (`stg_shop__orders`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// A landed table of a source.
    Table(TableRef),
    /// A model of the dbt project.
    Model(Name),
}

impl TableRef {
    /// The staging model of this table after dbt Labs' structure guide: `stg_<source>__<table>`.
    pub fn staging_model(&self) -> Name {
        let text = format!("stg_{}__{}", self.source, self.table);
        Name::parse(&text).unwrap_or_else(|_| Name::from_text(&text, "model"))
    }

    /// `base_<source>__<table>`: what the staging model reads where rows of the table are set aside.
    pub fn base_model(&self) -> Name {
        let text = format!("base_{}__{}", self.source, self.table);
        Name::parse(&text).unwrap_or_else(|_| Name::from_text(&text, "model"))
    }

    /// `stg_<source>__<table>__set_aside`: the rows that are set aside.
    pub fn set_aside_model(&self) -> Name {
        let text = format!("{}__set_aside", self.staging_model());
        Name::parse(&text).unwrap_or_else(|_| Name::from_text(&text, "model"))
    }

    /// The schema that ingestion lands this source's tables in: `raw_<source>`.
    pub fn raw_schema(&self) -> String {
        format!("raw_{}", self.source)
    }
}

impl fmt::Display for TableRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.source, self.table)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Relation::Table(table) => table.fmt(f),
            Relation::Model(model) => model.fmt(f),
        }
    }
}

impl std::str::FromStr for TableRef {
    type Err = String;

    fn from_str(text: &str) -> Result<TableRef, String> {
        let (source, table) =
            text.split_once('.').ok_or_else(|| format!("`{}` is not SOURCE.TABLE", text.escape_debug()))?;
        Ok(TableRef { source: Name::parse(source)?, table: Name::parse(table)? })
    }
}

impl std::str::FromStr for Relation {
    type Err = String;

    fn from_str(text: &str) -> Result<Relation, String> {
        if text.contains('.') { text.parse().map(Relation::Table) } else { Name::parse(text).map(Relation::Model) }
    }
}

/// Text in JSON and YAML for a type that prints and parses.
macro_rules! as_text {
    ($type:ty, $name:literal, $pattern:literal, $about:literal) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "description": $about, "pattern": $pattern})
            }
        }
    };
}
as_text!(TableRef, "TableRef", r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", "A table of a source: SOURCE.TABLE.");
as_text!(
    Relation,
    "Relation",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$",
    "A table of a source (SOURCE.TABLE) or a model (MODEL)."
);
