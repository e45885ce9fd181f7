//! What functions give: `table.txt` read once, and the rules that are no plain type.

mod absent;
mod rules;

use std::collections::HashMap;
use std::sync::OnceLock;

pub(in crate::sql) use absent::instead;

use crate::sql::resolve::ColumnType;
use crate::vocabulary::{DataType, Dialect};

/// What a function gives in one dialect.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    returns: Returns,
    /// It puts rows together; a repeated row counts.
    pub aggregate: bool,
    /// It puts rows together; a repeated row does not count.
    pub once: bool,
    /// Whether it is null where its arguments are not: `Some(false)` is never null, `Some(true)` may be.
    pub nullable: Option<bool>,
    /// It is null only where all arguments are.
    pub any_argument: bool,
    /// The first argument is a condition, the others are what it gives.
    pub branches: bool,
}

/// A type, or how it follows from the arguments.
#[derive(Clone, Debug)]
enum Returns {
    Is(ColumnType),
    /// The type of an argument, from 0.
    Argument(usize),
    /// What arguments have in common; all where none is named.
    Either(Vec<usize>),
    Array(Box<Returns>),
    Map(Box<(Returns, Returns)>),
    Element(Box<Returns>),
    Key(Box<Returns>),
    Value(Box<Returns>),
    Rule(rules::Rule),
}

type Table = HashMap<&'static str, Vec<(Option<Dialect>, Signature)>>;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table::new();
        for line in include_str!("table.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let Some((names, what)) = line.split_once(" = ") else { continue };
            let (dialect, names) = match names.split_once(": ") {
                Some((dialect, names)) => (dialect_of(dialect), names),
                None => (None, names),
            };
            let Some(signature) = signature_of(what) else { continue };
            for name in names.split(", ") {
                table.entry(name).or_default().push((dialect, signature.clone()));
            }
        }
        table
    })
}

fn dialect_of(name: &str) -> Option<Dialect> {
    use Dialect::{BigQuery, Databricks, DuckDb, MySql, Postgres, Redshift, Snowflake, Sqlite};
    [BigQuery, Databricks, DuckDb, MySql, Postgres, Redshift, Snowflake, Sqlite]
        .into_iter()
        .find(|d| d.as_str() == name)
}

/// What `name` is in `dialect`; where that is none, what it is where no dialect has its own. The last line wins.
pub(super) fn signature(name: &str, dialect: Option<Dialect>) -> Option<&'static Signature> {
    let all = table().get(name)?;
    let of = |wanted: Option<Dialect>| all.iter().rev().find(|(d, _)| *d == wanted).map(|(_, s)| s);
    dialect.and_then(|d| of(Some(d))).or_else(|| of(None))
}

/// Whether a function puts rows together in any dialect.
pub(super) fn is_aggregate(name: &str) -> bool {
    table().get(name).is_some_and(|all| all.iter().any(|(_, s)| s.aggregate || s.once))
}

impl Signature {
    /// The type of a call.
    pub fn returns(&self, call: &Call<'_>) -> ColumnType {
        self.returns.of(call)
    }
}

/// Whether a part of a date is a day or more: `month`, `days`.
pub(super) fn is_whole_days(part: &str) -> bool {
    rules::is_whole_days(part)
}

/// Functions that call a lambda with each element of an array, and its place.
const EACH: &[&str] = &[
    "transform",
    "filter",
    "exists",
    "forall",
    "list_transform",
    "list_filter",
    "array_transform",
    "array_filter",
    "list_apply",
    "array_apply",
    "apply",
];

/// What the parameters of a lambda hold, by what stands before it in the call.
pub(super) fn lambda_types(name: &str, before: &[ColumnType]) -> Vec<ColumnType> {
    let element = |i: usize| before.get(i).map(|t| t.element()).unwrap_or_default();
    match (name, before.first()) {
        ("aggregate" | "reduce", Some(_)) => match before {
            [_, start] => vec![*start, element(0)],
            [_, start, _] => vec![*start],
            _ => Vec::new(),
        },
        ("zip_with", _) => vec![element(0), element(1)],
        ("map_filter" | "transform_keys" | "transform_values", Some(ColumnType::Map(of))) => vec![of.0, of.1],
        ("array_sort", _) => vec![element(0), element(0)],
        (name, Some(_)) if EACH.contains(&name) => vec![element(0), ColumnType::Known(DataType::Integer)],
        _ => Vec::new(),
    }
}

/// What BigQuery makes of exact numbers: `numeric` whatever digits were declared, unless there are more than it has.
pub(super) fn numeric(precision: u8, scale: u8) -> ColumnType {
    match scale <= 9 && precision.saturating_sub(scale) <= 29 {
        true => ColumnType::Known(DataType::Decimal { precision: 38, scale: 9 }),
        false => ColumnType::Number,
    }
}

/// A call whose type is asked for.
pub(super) struct Call<'a> {
    /// Types of the arguments.
    pub types: &'a [ColumnType],
    /// What literals say, where they are some.
    pub literals: &'a [Option<&'a str>],
    /// The type that all arguments, or some of them, have in common.
    pub common: &'a dyn Fn(&[usize]) -> ColumnType,
    /// The dialect where there is one.
    pub dialect: Option<Dialect>,
}

impl Call<'_> {
    fn argument(&self, i: usize) -> ColumnType {
        self.types.get(i).copied().unwrap_or_default()
    }
}

impl Returns {
    fn of(&self, call: &Call<'_>) -> ColumnType {
        match self {
            Returns::Is(ty) => *ty,
            Returns::Argument(i) => call.argument(*i),
            Returns::Either(which) if which.is_empty() => (call.common)(&(0..call.types.len()).collect::<Vec<usize>>()),
            Returns::Either(which) => (call.common)(which),
            Returns::Array(of) => match of.of(call) {
                ColumnType::Null => ColumnType::array(ColumnType::Unknown),
                of => ColumnType::array(of),
            },
            Returns::Map(of) => ColumnType::map(of.0.of(call), of.1.of(call)),
            Returns::Element(of) => match of.of(call) {
                ColumnType::Map(of) => of.1,
                other => other.element(),
            },
            Returns::Key(of) => match of.of(call) {
                ColumnType::Map(of) => of.0,
                _ => ColumnType::Unknown,
            },
            Returns::Value(of) => match of.of(call) {
                ColumnType::Map(of) => of.1,
                _ => ColumnType::Unknown,
            },
            Returns::Rule(rule) => rule(call),
        }
    }
}

fn signature_of(text: &str) -> Option<Signature> {
    let mut end = 0;
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ' ' if depth == 0 => break,
            _ => {}
        }
        end = i + c.len_utf8();
    }
    let returns = returns_of(&text[..end])?;
    let mut out =
        Signature { returns, aggregate: false, once: false, nullable: None, any_argument: false, branches: false };
    for flag in text[end..].split_whitespace() {
        match flag {
            "agg" => out.aggregate = true,
            "once" => out.once = true,
            "never" => out.nullable = Some(false),
            "maybe" => out.nullable = Some(true),
            "one" => out.any_argument = true,
            "branches" => out.branches = true,
            _ => return None,
        }
    }
    Some(out)
}

fn returns_of(text: &str) -> Option<Returns> {
    if let Ok(i) = text.parse::<usize>() {
        return Some(Returns::Argument(i.checked_sub(1)?));
    }
    if let Ok(data_type) = text.parse::<DataType>() {
        return Some(Returns::Is(data_type.into()));
    }
    if let Some(rule) = rules::named(text) {
        return Some(Returns::Rule(rule));
    }
    let (word, inner) = match text.split_once('(') {
        Some((word, inner)) => (word, Some(inner.strip_suffix(')')?)),
        None => (text, None),
    };
    Some(match (word, inner) {
        ("number", None) => Returns::Is(ColumnType::Number),
        ("temporal", None) => Returns::Is(ColumnType::Temporal),
        ("interval", None) => Returns::Is(ColumnType::Interval),
        ("unknown", None) => Returns::Is(ColumnType::Unknown),
        ("either", None) => Returns::Either(Vec::new()),
        ("either", Some(which)) => {
            Returns::Either(which.split(' ').map(|i| i.parse::<usize>().ok()?.checked_sub(1)).collect::<Option<_>>()?)
        }
        ("array", Some(of)) => Returns::Array(returns_of(of)?.into()),
        ("map", Some(of)) => {
            let (key, value) = of.split_once(' ')?;
            Returns::Map((returns_of(key)?, returns_of(value)?).into())
        }
        ("element", Some(of)) => Returns::Element(returns_of(of)?.into()),
        ("key", Some(of)) => Returns::Key(returns_of(of)?.into()),
        ("value", Some(of)) => Returns::Value(returns_of(of)?.into()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        for line in include_str!("table.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let (names, what) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
            assert!(signature_of(what).is_some(), "{line}");
            if let Some((dialect, _)) = names.split_once(": ") {
                assert!(dialect_of(dialect).is_some(), "{line}");
            }
        }
        assert!(table().len() > 700, "{}", table().len());
    }

    #[test]
    fn dialects_have_functions_of_their_own() {
        let nothing = |_: &[usize]| ColumnType::Unknown;
        let of = |name, dialect| {
            let call = Call { types: &[], literals: &[], common: &nothing, dialect: Some(dialect) };
            signature(name, Some(dialect)).map(|s| s.returns(&call).to_string())
        };
        assert_eq!(of("now", Dialect::Postgres).as_deref(), Some("timestamptz"));
        assert_eq!(of("now", Dialect::MySql).as_deref(), Some("timestamp"));
        assert_eq!(of("length", Dialect::MySql).as_deref(), Some("integer"));
        assert!(of("no_such_function", Dialect::DuckDb).is_none());
    }
}
