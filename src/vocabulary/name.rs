//! The one kind of identifier that generated code holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name that every supported warehouse keeps whole (PostgreSQL cuts at 63 bytes).
pub const MAX_LEN: usize = 63;

/// A snake_case identifier, `[a-z][a-z0-9_]*`, at most 63 bytes and no reserved word in any supported dialect.
///
/// What a source calls its tables and columns is text; a [`Name`] is what Pipewright calls them. Because generated SQL,
/// YAML and Python hold only names, they need no quoting there; the source's own text stays in contracts and in the
/// ingestion script, quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct Name(#[schemars(regex(pattern = r"^[a-z][a-z0-9_]{0,62}$"))] String);

impl Name {
    /// The name in `text`, which must be one already. The error says what is wrong and offers a name that would do.
    pub fn parse(text: &str) -> Result<Name, String> {
        let suggestion = || Name::from_text(text, "name");
        if text.is_empty() {
            return Err("a name can't be empty".into());
        }
        if !is_snake_case(text) {
            return Err(format!(
                "`{}` is not a name: lower-case letters, digits and _, a letter first, at most {MAX_LEN}; try `{}`",
                text.escape_debug(),
                suggestion()
            ));
        }
        if is_reserved(text) {
            return Err(format!("`{text}` is a reserved word of SQL; try `{}`", suggestion()));
        }
        Ok(Name(text.to_owned()))
    }

    /// As [`Name::parse`], reserved words of SQL allowed: the name of a test, `unique`, never stands in SQL by itself.
    pub fn word(text: &str) -> Result<Name, String> {
        if is_snake_case(text) && is_reserved(text) { Ok(Name(text.to_owned())) } else { Name::parse(text) }
    }

    /// [`Name::word`] for serde.
    pub fn deserialize_word<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Name, D::Error> {
        Name::word(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }

    /// The name that comes nearest to any text: `Order "Details"` is `order_details`, `naïve` is `naive`. A reserved word
    /// gets `_kind` at its end (`order` as a table is `order_table`), a text without any letter becomes `kind` itself.
    pub fn from_text(text: &str, kind: &str) -> Name {
        let ascii = deunicode::deunicode(text);
        let mut out = String::with_capacity(ascii.len() + 4);
        let chars: Vec<char> = ascii.chars().collect();
        for (i, &c) in chars.iter().enumerate() {
            if c.is_ascii_alphanumeric() {
                let after_lower = i > 0 && (chars[i - 1].is_ascii_lowercase() || chars[i - 1].is_ascii_digit());
                let before_lower = i > 0
                    && chars[i - 1].is_ascii_uppercase()
                    && chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
                if c.is_ascii_uppercase() && (after_lower || before_lower) {
                    push_underscore(&mut out);
                }
                out.push(c.to_ascii_lowercase());
            } else {
                push_underscore(&mut out);
            }
        }
        let mut out = out.trim_matches('_').to_owned();
        if out.is_empty() {
            out = kind.to_owned();
        }
        if out.starts_with(|c: char| c.is_ascii_digit()) {
            out = format!("{kind}_{out}");
        }
        out.truncate(MAX_LEN);
        let mut out = out.trim_end_matches('_').to_owned();
        if is_reserved(&out) {
            out = format!("{out}_{kind}");
        }
        Name(out)
    }

    /// Names for `texts` in their order, no two alike: where two texts come to the same name, the later gets `_2`, `_3`.
    pub fn unique<'a>(texts: impl IntoIterator<Item = &'a str>, kind: &str) -> Vec<Name> {
        let mut seen = std::collections::BTreeSet::new();
        let mut out: Vec<Name> = Vec::new();
        for text in texts {
            let first = Name::from_text(text, kind);
            let mut name = first.clone();
            let mut n = 2;
            while !seen.insert(name.clone()) {
                let tail = format!("_{n}");
                let head: String = first.0.chars().take(MAX_LEN - tail.len()).collect();
                name = Name(format!("{head}{tail}"));
                n += 1;
            }
            out.push(name);
        }
        out
    }

    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl std::str::FromStr for Name {
    type Err = String;
    fn from_str(text: &str) -> Result<Name, String> {
        Name::parse(text)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Name, D::Error> {
        let text = String::deserialize(d)?;
        Name::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn push_underscore(out: &mut String) {
    if !out.is_empty() && !out.ends_with('_') {
        out.push('_');
    }
}

fn is_snake_case(text: &str) -> bool {
    text.len() <= MAX_LEN
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether `word` (lower case) is reserved in one of the supported dialects.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok()
}

/// Words that DuckDB, PostgreSQL, Snowflake, BigQuery, Redshift, Databricks or MySQL reserve as column or table names.
/// Sorted, for the binary search.
const RESERVED: &[&str] = &[
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "anti",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "at",
    "between",
    "bigint",
    "binary",
    "both",
    "by",
    "call",
    "case",
    "cast",
    "change",
    "check",
    "collate",
    "column",
    "condition",
    "connect",
    "constraint",
    "create",
    "cross",
    "cube",
    "current",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "database",
    "databases",
    "dec",
    "decimal",
    "declare",
    "default",
    "deferrable",
    "delete",
    "desc",
    "describe",
    "distinct",
    "div",
    "do",
    "double",
    "drop",
    "else",
    "end",
    "enum",
    "except",
    "exclude",
    "exists",
    "explain",
    "false",
    "fetch",
    "float",
    "following",
    "for",
    "foreign",
    "from",
    "full",
    "function",
    "grant",
    "group",
    "grouping",
    "groups",
    "hash",
    "having",
    "if",
    "ilike",
    "in",
    "increment",
    "index",
    "inner",
    "insert",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "iterate",
    "join",
    "key",
    "keys",
    "kill",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "lines",
    "load",
    "localtime",
    "localtimestamp",
    "lock",
    "long",
    "lookup",
    "loop",
    "match",
    "merge",
    "minus",
    "mod",
    "natural",
    "new",
    "no",
    "not",
    "null",
    "nulls",
    "numeric",
    "of",
    "off",
    "offset",
    "old",
    "on",
    "only",
    "open",
    "option",
    "or",
    "order",
    "out",
    "outer",
    "over",
    "partition",
    "pivot",
    "placing",
    "preceding",
    "precision",
    "primary",
    "procedure",
    "proto",
    "qualify",
    "range",
    "rank",
    "read",
    "real",
    "recursive",
    "references",
    "regexp",
    "release",
    "rename",
    "repeat",
    "replace",
    "returning",
    "revoke",
    "right",
    "rlike",
    "rollup",
    "row",
    "rows",
    "sample",
    "schema",
    "schemas",
    "select",
    "semi",
    "set",
    "show",
    "similar",
    "smallint",
    "some",
    "start",
    "struct",
    "summarize",
    "symmetric",
    "system",
    "table",
    "tables",
    "tablesample",
    "then",
    "tinyint",
    "to",
    "top",
    "trailing",
    "treat",
    "trigger",
    "true",
    "unbounded",
    "union",
    "unique",
    "unlock",
    "unnest",
    "unpivot",
    "unsigned",
    "update",
    "usage",
    "use",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "varying",
    "view",
    "virtual",
    "when",
    "whenever",
    "where",
    "while",
    "window",
    "with",
    "within",
    "write",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn any_text_becomes_a_name_that_parses() {
        let cases = [
            ("Order \"Details\"", "order_details"),
            ("CustomerID", "customer_id"),
            ("HTTPServer2", "http_server2"),
            ("naïve", "naive"),
            ("order", "order_column"),
            ("2nd", "column_2nd"),
            ("{{ env_var('X') }}", "env_var_x"),
            ("'; drop table x; --", "drop_table_x"),
            ("", "column_column"),
            ("💥", "boom"),
        ];
        for (text, want) in cases {
            let name = Name::from_text(text, "column");
            assert_eq!(name, want);
            assert_eq!(Name::parse(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn a_test_may_have_a_reserved_name() {
        assert_eq!(Name::word("unique").unwrap(), "unique");
        assert!(Name::parse("unique").is_err());
        assert!(Name::word("Unique").is_err());
    }

    #[test]
    fn names_of_a_table_are_unique() {
        let names = Name::unique(["A b", "a_b", "a-b"], "column");
        assert_eq!(names.iter().map(Name::as_str).collect::<Vec<_>>(), ["a_b", "a_b_2", "a_b_3"]);
    }
}
