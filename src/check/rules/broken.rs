//! What is said where a project is read and where its SQL is understood; here for its severity and its page.

use super::{Family, Look, Rule};
use crate::vocabulary::Severity;

pub(super) const RULES: &[Rule] = &[
    said("sql-syntax", Severity::Error, "SQL that the model's dialect does not have"),
    said("not-a-query", Severity::Error, "a model that is no query"),
    said("several-statements", Severity::Error, "a `;` in a model"),
    said("unknown-ref", Severity::Error, "a `ref` to nothing"),
    said("unknown-source", Severity::Error, "a `source` that no YAML declares"),
    said("unknown-macro", Severity::Error, "a call of a macro that is nowhere"),
    said("unknown-test", Severity::Error, "a generic test that is nowhere"),
    said("jinja-syntax", Severity::Error, "Jinja that can't be read"),
    said("unknown-column", Severity::Error, "a column that what is read does not have"),
    said("unknown-relation", Severity::Error, "a name before a dot that is nothing in FROM"),
    said("ambiguous-column", Severity::Error, "a column that two tables have, without saying which"),
    said("duplicate-cte", Severity::Error, "two CTEs of one name"),
    said("unknown-function", Severity::Error, "a function that another dialect has"),
    said("union-columns", Severity::Error, "sides of a union with different numbers of columns"),
    said("type-clash", Severity::Error, "values of types that can't meet"),
    said("not-grouped", Severity::Error, "a column beside aggregates that is not grouped by"),
    said("alias-not-visible", Severity::Error, "an alias of the same select, in a dialect that does not see it there"),
    said("duplicate-name", Severity::Error, "two nodes of one name"),
    said("cycle", Severity::Error, "nodes that read each other in a circle"),
    said("yaml-syntax", Severity::Error, "YAML that can't be read"),
    said("yaml-without-node", Severity::Warning, "YAML for a model that is not there"),
    said("no-project", Severity::Error, "a folder without `dbt_project.yml`"),
    said("unread-dialect", Severity::Error, "a project written in a SQL that is not read"),
    said("sql-too-deep", Severity::Error, "SQL that is nested too deeply to be read"),
    said("sql-too-long", Severity::Error, "SQL that is too long to be read"),
    said("jinja-too-long", Severity::Error, "Jinja that does not come to an end"),
    said("jinja-unknown", Severity::Warning, "Jinja that can't be followed here"),
    said("needs-package", Severity::Warning, "a macro or model of a package that is not installed"),
    said("packages-changed", Severity::Warning, "other packages, of which nobody can tell here what they change"),
    said("needs-warehouse", Severity::Warning, "a model whose SQL only a warehouse can say"),
];

const fn said(code: &'static str, severity: Severity, summary: &'static str) -> Rule {
    Rule { code, family: Family::Broken, severity, summary, look: Look::Elsewhere }
}
