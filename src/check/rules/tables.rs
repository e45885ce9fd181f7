//! What is read or built whole although a part would do.

use super::expressions::{any, column, is_grouped};
use super::look::View;
use super::outline::Target;
use super::{Family, Look, Query, Rule};
use crate::dbt::{Kind, Node};
use crate::sql::Text;
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "partition-unfiltered",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a partitioned table that is read whole on every incremental run, or must not be",
        look: Look::Query(partition_unfiltered),
    },
    Rule {
        code: "rebuilt-whole",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a large table that is built anew on every run",
        look: Look::Query(rebuilt_whole),
    },
];

/// The column that a node is partitioned by.
pub(super) fn partition(node: &Node) -> Option<&str> {
    let by = node.config.other.get("partition_by")?;
    by.as_str().or_else(|| by.get("field")?.as_str()).or_else(|| match by.as_array()?.as_slice() {
        [one] => one.as_str(),
        _ => None,
    })
}

fn partition_unfiltered(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let again = query.again();
    let view = again.unwrap_or_else(|| query.full());
    for part in &view.outline.selects {
        for reads in &part.relations {
            let Target::Node(id) = reads.target else { continue };
            let Some(node) = view.node(id) else { continue };
            let own = std::ptr::eq(node, query.node);
            let Some(field) = partition(node) else { continue };
            let required = node.config.other.get("require_partition_filter").and_then(|r| r.as_bool()) == Some(true);
            if !required && (own || !query.is("incremental")) || filtered(&view, field) {
                continue;
            }
            // The greatest of a partition column is known without reading.
            if own && !required {
                continue;
            }
            let why = match required {
                true => format!("`{}` is configured to refuse queries without a filter on `{field}`", node.name),
                false => format!("it is partitioned by `{field}`, and each incremental run reads all of it"),
            };
            let finding =
                Diagnostic::warning("partition-unfiltered", format!("all partitions of `{}` are read", node.name))
                    .why(why)
                    .next(format!("filter on `{field}`"));
            out.push(view.at(reads.span, finding));
        }
    }
}

/// Whether a column of this name is filtered on anywhere in the query.
fn filtered(view: &View<'_, '_>, field: &str) -> bool {
    use super::outline::Clause;
    let names = |e: &sqlparser::ast::Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(field));
    view.outline.pieces.iter().any(|p| matches!(p.clause, Clause::Where | Clause::On | Clause::Qualify) && names(p.expr))
        // Under another name it is still the column, where a CTE gives it that.
        || view.outline.selects.iter().any(|part| {
            part.select.projection.iter().any(|item| match item {
                sqlparser::ast::SelectItem::ExprWithAlias { expr, alias } => {
                    any(expr, &mut |e| names(e))
                        && view.outline.pieces.iter().any(|p| {
                            matches!(p.clause, Clause::Where | Clause::On)
                                && column(p.expr).is_some_and(|c| c.value.eq_ignore_ascii_case(&alias.value))
                        })
                }
                _ => false,
            })
        })
}

fn rebuilt_whole(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let forced = query.node.config.other.get("full_refresh").and_then(|f| f.as_bool()) == Some(true);
    if forced && query.is("incremental") {
        let text = &query.node.text;
        let place = Text::new(&query.node.path, "", text).place(text.find("full_refresh").unwrap_or(0), 12);
        let finding = Diagnostic::warning("rebuilt-whole", "`full_refresh: true` builds the table anew on every run")
            .why("the model is incremental, which says that it is too large for that")
            .next("take it out; `dbt build --full-refresh` builds it anew once")
            .at(place);
        out.push(finding);
        return;
    }
    if !query.is("table") {
        return;
    }
    let view = query.full();
    // Every row of an incremental model goes into this table: no filter, group, join or limit makes less of it.
    let [first] = view.outline.levels[0].sides.as_slice() else { return };
    let mut at = *first;
    for _ in 0..16 {
        let part = &view.outline.selects[at];
        let select = part.select;
        let less = select.selection.is_some()
            || select.distinct.is_some()
            || select.qualify.is_some()
            || select.having.is_some()
            || is_grouped(select)
            || view.outline.levels[part.level].query.limit_clause.is_some()
            || select.projection.iter().any(|item| match item {
                sqlparser::ast::SelectItem::UnnamedExpr(e)
                | sqlparser::ast::SelectItem::ExprWithAlias { expr: e, .. } => {
                    any(e, &mut super::expressions::is_aggregate)
                }
                _ => false,
            });
        let Some(reads) = part.relations.first().filter(|_| !less) else { return };
        match reads.target {
            Target::Level(level) => match view.outline.levels[level].select {
                Some(select) => at = select,
                None => return,
            },
            Target::Node(id) => {
                let large = view
                    .node(id)
                    .filter(|n| n.kind == Kind::Model && n.config.materialized.as_deref() == Some("incremental"));
                if let Some(node) = large {
                    let finding = Diagnostic::warning(
                        "rebuilt-whole",
                        format!("all rows of `{}` are written again on every run", node.name),
                    )
                    .why(format!("`{}` is incremental, so it is large, and this table has as many rows", node.name))
                    .next("build this incrementally too, or as a view");
                    out.push(view.at(reads.span, finding));
                }
                return;
            }
            Target::Other => return,
        }
    }
}
