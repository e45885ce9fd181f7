//! Values that simple conditions let pass, for the rows of unit tests.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::vocabulary::DataType;

/// A condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// One of these, or (`false`) none of them.
    In(Vec<String>, bool),
    /// Compared with a number.
    Compared(String, f64),
    /// There.
    NotNull,
}

impl Condition {
    /// The column and the condition that a text states: `status <> 'a'`, `status in ('a', 'b')`, `amount > 0`,
    /// `paid_at is not null`; none for all else.
    pub(super) fn parse(text: &str) -> Option<(String, Condition)> {
        static PARTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
            let pattern = r"(?is)^\s*([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)\s*(=|<>|!=|<=|>=|<|>|\s(?:not\s+)?in\s|\sis\s+not\s+null)\s*(.*?)\s*$";
            Regex::new(pattern).ok()
        });
        let found = PARTS.as_ref()?.captures(text)?;
        let (column, rest) = (found[1].to_lowercase(), &found[3]);
        let words = found[2].to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let condition = match words.as_str() {
            "is not null" if rest.is_empty() => Condition::NotNull,
            "in" | "not in" => {
                let inner = rest.strip_prefix('(')?.strip_suffix(')')?;
                let values = inner.split(',').map(literal).collect::<Option<Vec<_>>>()?;
                Condition::In(values, words == "in")
            }
            "=" => Condition::In(vec![literal(rest)?], true),
            "<>" | "!=" => Condition::In(vec![literal(rest)?], false),
            operator @ ("<" | "<=" | ">" | ">=") => Condition::Compared(operator.to_owned(), rest.parse().ok()?),
            _ => return None,
        };
        Some((column, condition))
    }

    fn passes(&self, value: &Value) -> bool {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self {
            Condition::In(values, wanted) => values.contains(&text) == *wanted,
            Condition::Compared(operator, number) => value.as_f64().is_some_and(|v| match operator.as_str() {
                "<" => v < *number,
                "<=" => v <= *number,
                ">" => v > *number,
                _ => v >= *number,
            }),
            Condition::NotNull => true,
        }
    }
}

/// A literal without quotes, numbers and texts alike; none for what is no single literal.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        return (!inner.contains('\'')).then(|| inner.to_owned());
    }
    let plain = text.parse::<f64>().is_ok() || matches!(text, "true" | "false");
    plain.then(|| text.to_owned())
}

/// A value that passes all conditions.
pub(super) fn satisfying(conditions: &[Condition], data_type: Option<DataType>) -> Option<Value> {
    let mut texts = Vec::new();
    let mut numbers = vec![1_i64, 0];
    for condition in conditions {
        match condition {
            Condition::In(values, _) => texts.extend(values.iter().cloned()),
            #[allow(clippy::cast_possible_truncation)]
            Condition::Compared(_, number) => {
                let near = number.clamp(-1e9, 1e9).round() as i64;
                numbers.extend([near - 1, near, near + 1]);
            }
            Condition::NotNull => {}
        }
    }
    let candidates: Vec<Value> = match data_type? {
        DataType::Text => {
            texts.extend(["other".to_owned(), "another".to_owned()]);
            texts.into_iter().map(Value::String).collect()
        }
        DataType::Integer | DataType::Decimal { .. } | DataType::Float => {
            numbers.extend(texts.iter().filter_map(|t| t.parse::<i64>().ok()));
            let more: Vec<i64> = numbers.iter().map(|n| n + 1).collect();
            numbers.into_iter().chain(more).map(|n| json!(n)).collect()
        }
        DataType::Boolean => vec![json!(true), json!(false)],
        DataType::Date if conditions.iter().all(|c| *c == Condition::NotNull) => vec![json!("2026-01-01")],
        DataType::Timestamp if conditions.iter().all(|c| *c == Condition::NotNull) => {
            vec![json!("2026-01-01 00:00:00")]
        }
        _ => return None,
    };
    candidates.into_iter().find(|value| conditions.iter().all(|c| c.passes(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_conditions_have_a_value() {
        let value = |texts: &[&str], t| {
            let conditions: Option<Vec<Condition>> = texts.iter().map(|c| Some(Condition::parse(c)?.1)).collect();
            conditions.and_then(|c| satisfying(&c, Some(t)))
        };
        assert_eq!(value(&["status <> 'cancelled'"], DataType::Text), Some(json!("other")));
        assert_eq!(value(&["status in ('a', 'b')", "status != 'a'"], DataType::Text), Some(json!("b")));
        assert_eq!(value(&["s NOT IN ('other')"], DataType::Text), Some(json!("another")));
        assert_eq!(value(&["amount > 10", "amount <> 11"], DataType::Integer), Some(json!(12)));
        assert_eq!(value(&["paid_at is not null"], DataType::Date), Some(json!("2026-01-01")));
        assert_eq!(value(&["a = 'x'", "a = 'y'"], DataType::Text), None);
        assert_eq!(value(&["a = b"], DataType::Text), None);
        assert_eq!(value(&["a like 'x%'"], DataType::Text), None);
        assert_eq!(value(&["a = 'x' or b = 'y'"], DataType::Text), None);
    }
}
