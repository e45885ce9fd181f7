//! Rows of unit tests, and the columns of what they stand for.

use super::described::{gives, known_of, names, place, plain};
use super::{Family, Look, Rule};
use crate::check::Analysis;
use crate::vocabulary::{Diagnostic, Severity, nearest};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "unit-test-column-gone",
    family: Family::Broken,
    severity: Severity::Error,
    summary: "rows of a unit test with a column that is not there",
    look: Look::Whole(columns),
}];

fn columns(analysis: &Analysis, out: &mut Vec<Diagnostic>) {
    for test in &analysis.project.unit_tests {
        for rows in &test.rows {
            let Some((node, resolved)) = known_of(analysis, rows.of as usize) else { continue };
            for (column, at) in &rows.columns {
                let name = plain(column);
                if name.is_empty() || gives(resolved, &name) {
                    continue;
                }
                let verb = if rows.expected { "expects" } else { "gives" };
                let what = format!("`{}` {verb} `{column}`, and `{}` has no such column", test.name, node.name);
                let fault = Diagnostic::error("unit-test-column-gone", what).why("the unit test fails when it runs");
                let fault = match nearest(&name, names(resolved)).first() {
                    Some(near) => fault.next(format!("did you mean `{near}`?")),
                    None => fault.next("take it out of the rows, or select the column"),
                };
                out.push(fault.at(place(analysis, &test.file, *at, column.chars().count())));
            }
        }
    }
}
