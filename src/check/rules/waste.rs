//! What a query does for nothing.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderByKind, Query as Sql, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
};

use super::expressions::{any, column, is_aggregate, is_grouped, lower, window};
use super::look::{View, span};
use super::outline::{Role, Target};
use super::{Family, Look, Query, Rule, removals};
use crate::dbt::{Kind, Node};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "select-star-mart",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a mart that gives whatever columns its sources have",
        look: Look::Query(select_star_mart),
    },
    Rule {
        code: "unused-cte",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a CTE that nothing reads",
        look: Look::Query(unused_cte),
    },
    Rule {
        code: "unused-column",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "a column that a CTE computes and nothing reads",
        look: Look::Query(unused_column),
    },
    Rule {
        code: "repeated-subquery",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "the same query twice in one model",
        look: Look::Query(repeated_subquery),
    },
    Rule {
        code: "order-by-in-model",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "rows sorted for nobody: tables and subqueries have no order",
        look: Look::Query(order_by_in_model),
    },
    Rule {
        code: "distinct-and-group",
        family: Family::Dear,
        severity: Severity::Warning,
        summary: "`distinct` over rows that `group by` made different already",
        look: Look::Query(distinct_and_group),
    },
];

/// Whether a model is one that people query: in a folder of marts, or named as a fact, dimension, mart or report.
pub(in crate::check) fn is_mart(node: &Node) -> bool {
    let folder = |f: &str| node.path.contains(&format!("/{f}/"));
    ["marts", "mart", "reporting", "reports", "gold"].into_iter().any(folder)
        && !folder("intermediate")
        && !folder("staging")
        || ["fct_", "dim_", "mart_", "rpt_"].iter().any(|p| node.name.starts_with(p))
}

fn select_star_mart(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if !is_mart(query.node) || query.node.kind != Kind::Model {
        return;
    }
    let view = query.full();
    if let Some(found) = star(&view, 0, 0) {
        let finding = Diagnostic::warning("select-star-mart", "the mart has whatever columns its sources have")
            .why("a column that is added, renamed or dropped upstream changes what people query, and all are read and stored")
            .next("name the columns");
        out.push(view.at(found, finding));
    }
}

/// The `*` that lets the columns of a node through to the result of a level.
fn star(view: &View<'_, '_>, level: usize, depth: usize) -> Option<sqlparser::tokenizer::Span> {
    if depth > 16 {
        return None;
    }
    view.outline.levels[level].sides.iter().find_map(|side| {
        let part = &view.outline.selects[*side];
        part.select.projection.iter().find_map(|item| {
            let (of, options) = match item {
                SelectItem::Wildcard(options) => (None, options),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    (Some(name.0.last()?.as_ident().map(lower)?), options)
                }
                _ => return None,
            };
            part.relations.iter().filter(|r| of.as_ref().is_none_or(|a| *a == r.alias)).find_map(|r| match r.target {
                Target::Node(_) => Some(options.wildcard_token.0.span),
                Target::Level(inner) => star(view, inner, depth + 1),
                Target::Other => None,
            })
        })
    })
}

fn unused_cte(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (id, level) in view.outline.levels.iter().enumerate() {
        let Role::Cte(cte) = level.role else { continue };
        // An incremental run, or the other one, may read it.
        let elsewhere = query.again().is_some_and(|again| {
            let name = lower(&cte.alias.name);
            again.outline.levels.iter().enumerate().any(|(i, l)| {
                matches!(l.role, Role::Cte(c) if lower(&c.alias.name) == name) && again.outline.reads[i] > 0
            })
        });
        if view.outline.reads[id] == 0 && !elsewhere && !named_elsewhere(query, &cte.alias.name.value) {
            let finding = Diagnostic::warning("unused-cte", format!("nothing reads `{}`", cte.alias.name.value))
                .fix(removals::cte(&view, cte))
                .why("whoever reads the model has to understand it, and some engines compute it")
                .next("take it out");
            out.push(view.at(cte.alias.name.span, finding));
        }
    }
}

/// Whether the file has a name more than once outside of comments: Jinja may read it in another branch.
fn named_elsewhere(query: &Query<'_>, name: &str) -> bool {
    let text: &str = &query.node.text;
    if !text.contains("{%") {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    lower
        .match_indices(&name)
        .filter(|(at, _)| {
            let before = lower[..*at].lines().last().unwrap_or_default();
            let word = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
            let bytes = lower.as_bytes();
            let whole = !word(at.checked_sub(1).map(|i| bytes[i])) && !word(bytes.get(at + name.len()).copied());
            whole && !before.contains("--") && !before.trim_end().ends_with(['\'', '"'])
        })
        .count()
        > 1
}

fn unused_column(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if query.node.kind == Kind::Test {
        return;
    }
    let view = query.full();
    if query.again().is_some() {
        return;
    }
    for (id, level) in view.outline.levels.iter().enumerate() {
        let (Role::Cte(cte), Some(select)) = (level.role, level.select) else { continue };
        if !cte.alias.columns.is_empty() || view.outline.reads[id] == 0 {
            continue;
        }
        let part = &view.outline.selects[select];
        if part.select.distinct.is_some() {
            continue;
        }
        for item in &part.select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            // What is passed on costs nothing worth a word.
            let dear = any(expr, &mut |e| is_aggregate(e) || matches!(e, Expr::Function(f) if window(f).is_some()));
            if dear && !is_read(&view, id, select, &lower(alias)) {
                let finding = Diagnostic::warning(
                    "unused-column",
                    format!("nothing reads `{}` of `{}`", alias.value, cte.alias.name.value),
                )
                .why("it is computed for every row or group")
                .next("take it out");
                out.push(view.at(alias.span, finding));
            }
        }
    }
}

/// Whether something may read a column of a CTE.
fn is_read(view: &View<'_, '_>, level: usize, own: usize, name: &str) -> bool {
    for part in &view.outline.selects {
        if !part.relations.iter().any(|r| r.target == Target::Level(level)) {
            continue;
        }
        let takes_all = part
            .select
            .projection
            .iter()
            .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        let by_name = part.relations.iter().any(|r| {
            r.join.is_some_and(|j| {
                matches!(
                    super::outline::constraint(j),
                    Some(sqlparser::ast::JoinConstraint::Using(_) | sqlparser::ast::JoinConstraint::Natural)
                )
            })
        });
        if takes_all || by_name || matches!(part.select.group_by, GroupByExpr::All(_)) {
            return true;
        }
    }
    // A pivot or set operation may take it without a name; a name anywhere else is taken for a reader.
    let named = view.outline.pieces.iter().any(|p| {
        let in_own_list = p.select == Some(own) && p.depth == 0 && p.clause == super::outline::Clause::Select;
        !in_own_list && column(p.expr).is_some_and(|c| c.value.eq_ignore_ascii_case(name))
    });
    let direct = view.outline.selects.iter().any(|p| p.relations.iter().any(|r| r.target == Target::Level(level)));
    named || !direct
}

/// Queries shorter than this are repeated by everybody.
const WORTH: usize = 60;

fn repeated_subquery(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if query.node.kind == Kind::Test {
        return;
    }
    let view = query.full();
    let mut met: Vec<&Sql> = Vec::new();
    for level in &view.outline.levels {
        let (Role::Cte(_) | Role::From | Role::Value, SetExpr::Select(select)) =
            (level.role, level.query.body.as_ref())
        else {
            continue;
        };
        // Reading a table or CTE as it is costs nothing twice.
        let plain = select.from.iter().all(|f| f.joins.is_empty())
            && !select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
                    any(e, &mut |e| is_aggregate(e) || matches!(e, Expr::Function(f) if f.over.is_some()))
                }
                _ => false,
            })
            && !is_grouped(select)
            && select.distinct.is_none();
        if plain || select.from.is_empty() {
            continue;
        }
        let shape = |q: &Sql| match q.body.as_ref() {
            SetExpr::Select(s) => (s.projection.len(), s.from.len()),
            _ => (0, 0),
        };
        if met
            .iter()
            .any(|q| shape(q) == shape(level.query) && *q == level.query && level.query.to_string().len() > WORTH)
        {
            let finding = Diagnostic::warning("repeated-subquery", "the same query stands in this model before")
                .why("it is computed again, and a change has to be made twice")
                .next("put it into one CTE and read that twice");
            out.push(view.at(select.select_token.0.span, finding));
        }
        met.push(level.query);
    }
}

fn order_by_in_model(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for level in &view.outline.levels {
        let Some(order) = &level.query.order_by else { continue };
        let OrderByKind::Expressions(list) = &order.kind else { continue };
        let Some(first) = list.first() else { continue };
        if level.query.limit_clause.is_some() || level.query.fetch.is_some() {
            continue;
        }
        let on = level.select.is_some_and(|s| {
            let select = view.outline.selects[s].select;
            matches!(select.distinct, Some(Distinct::On(_))) || select.top.is_some()
        });
        let what = match level.role {
            Role::Model if query.node.kind == Kind::Model && !query.is("ephemeral") => {
                "the rows are sorted, and the table does not keep that"
            }
            Role::Cte(_) | Role::From if query.node.kind != Kind::Test => {
                "the rows are sorted, and what reads them does not keep that"
            }
            _ => continue,
        };
        if on {
            continue;
        }
        let finding = Diagnostic::warning("order-by-in-model", what)
            .why("sorting all rows is among the dearest things that a query can do")
            .next("take it out and sort where the rows are shown; for the layout of a table configure clustering or sort keys");
        let fix = matches!(level.role, Role::Model).then(|| removals::last_order(&view, span(&first.expr).start));
        out.push(view.at(span(&first.expr), finding.fix(fix.flatten())));
    }
}

fn distinct_and_group(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if query.node.kind == Kind::Test {
        return;
    }
    let view = query.full();
    for part in &view.outline.selects {
        let (Some(Distinct::Distinct), GroupByExpr::Expressions(groups, modifiers)) =
            (&part.select.distinct, &part.select.group_by)
        else {
            continue;
        };
        if groups.is_empty() || !modifiers.is_empty() {
            continue;
        }
        // All that is grouped by is in the list: then no two rows are equal.
        let listed = |e: &Expr| {
            super::expressions::whole_number(e).is_some()
                || part.select.projection.iter().any(|item| match item {
                    SelectItem::UnnamedExpr(i) => i == e || super::expressions::same_column(i, e),
                    SelectItem::ExprWithAlias { expr: i, alias } => {
                        i == e
                            || super::expressions::same_column(i, e)
                            || column(e).is_some_and(|c| lower(c) == lower(alias))
                    }
                    _ => false,
                })
        };
        if groups.iter().all(listed) {
            let finding = Diagnostic::warning("distinct-and-group", "`distinct` has nothing to do here")
                .why("`group by` gives one row for each group, and what is grouped by is in the list")
                .next("take `distinct` out");
            out.push(view.at(part.select.select_token.0.span, finding));
        }
    }
}
