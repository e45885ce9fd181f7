//! Python that runs on Spark: work that is done on the driver, twice, or row by row in Python.
//!
//! Only in files that import pyspark, and only of what is known to be a Spark DataFrame.

mod frames;
mod loops;
mod queries;
mod udf;
mod verdicts;

use crate::check::rules::{Family, Look, Rule};
use crate::vocabulary::Severity;

const fn rule(code: &'static str, summary: &'static str, look: Look) -> Rule {
    Rule { code, family: Family::Spark, severity: Severity::Warning, summary, look }
}

/// What is looked for in files that import pyspark.
pub const RULES: &[Rule] = &[
    rule("spark-collect", "all rows brought to the driver", Look::Python(frames::look)),
    rule("spark-count", "all rows counted, to see whether there is one or to log it", Look::Elsewhere),
    rule("spark-no-broadcast", "a join with a small table without a broadcast hint", Look::Python(queries::look)),
    rule("spark-no-cache", "several actions on one DataFrame, each of which works it out anew", Look::Elsewhere),
    rule("spark-single-partition", "all rows brought to one task before they are written", Look::Elsewhere),
    rule("spark-column-loop", "`withColumn` in a loop: the plan grows with every turn", Look::Python(loops::look)),
    rule("spark-nested-field-loop", "fields of a struct taken out one by one in a loop", Look::Elsewhere),
    rule("spark-python-udf", "a Python function where Spark has its own", Look::Python(udf::look)),
];
