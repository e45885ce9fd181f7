//! Measures: one value for a group of rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::Name;

/// One aggregate: a name and exactly one of the functions, over an expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["count"]}, {"required": ["count_distinct"]}, {"required": ["sum"]}, {"required": ["avg"]},
    {"required": ["min"]}, {"required": ["max"]}, {"required": ["median"]}, {"required": ["first"]}, {"required": ["last"]},
    {"required": ["expr"]}
]))]
pub struct Measure {
    /// Name of the result's column.
    pub name: Name,
    /// Rows (`*`), or rows where the expression is not null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// Different values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_distinct: Option<String>,
    /// Sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg: Option<String>,
    /// Smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Middle value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<String>,
    /// The value in the first row, in the order of `by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The value in the last row, in the order of `by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Any expression of aggregates, `sum(amount) / count(*)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What `first` and `last` are ordered by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Only rows that meet this condition count, for this measure alone; not with `expr`.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a measure computes over its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Rows, or rows where the expression is not null.
    Count,
    /// Different values.
    CountDistinct,
    /// Sum.
    Sum,
    /// Mean.
    Avg,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Middle value.
    Median,
    /// Value in the first row.
    First,
    /// Value in the last row.
    Last,
    /// The expression aggregates by itself.
    Expr,
}

impl Measure {
    /// The measure `name`: `function` of `expr`.
    pub fn new(name: Name, function: Function, expr: impl Into<String>) -> Measure {
        let mut measure = Measure {
            name,
            count: None,
            count_distinct: None,
            sum: None,
            avg: None,
            min: None,
            max: None,
            median: None,
            first: None,
            last: None,
            expr: None,
            by: None,
            filter: None,
            description: None,
        };
        let slot = match function {
            Function::Count => &mut measure.count,
            Function::CountDistinct => &mut measure.count_distinct,
            Function::Sum => &mut measure.sum,
            Function::Avg => &mut measure.avg,
            Function::Min => &mut measure.min,
            Function::Max => &mut measure.max,
            Function::Median => &mut measure.median,
            Function::First => &mut measure.first,
            Function::Last => &mut measure.last,
            Function::Expr => &mut measure.expr,
        };
        *slot = Some(expr.into());
        measure
    }

    /// The function and its expression; none where the document names no function or several.
    pub fn function(&self) -> Option<(Function, &str)> {
        let slots = [
            (Function::Count, &self.count),
            (Function::CountDistinct, &self.count_distinct),
            (Function::Sum, &self.sum),
            (Function::Avg, &self.avg),
            (Function::Min, &self.min),
            (Function::Max, &self.max),
            (Function::Median, &self.median),
            (Function::First, &self.first),
            (Function::Last, &self.last),
            (Function::Expr, &self.expr),
        ];
        let mut given = slots.iter().filter_map(|(f, e)| e.as_deref().map(|e| (*f, e)));
        given.next().filter(|_| given.next().is_none())
    }
}
