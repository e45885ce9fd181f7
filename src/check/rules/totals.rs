//! Totals that are of other rows than they are said to be: rows of totals beside the rest (`rollup`, `cube`), and a limit
//! for a total that is put to each of the rows.

use sqlparser::ast::{BinaryOperator, Expr, GroupByExpr, GroupByWithModifier, SelectItem, Value};

use super::expressions::{any, arguments, bare, call, column, conjuncts, is_distinct, is_grouped};
use super::look::{View, span};
use super::promised::{has, told};
use super::{Family, Look, Query, Rule};
use crate::check::said::is_filled;
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "filter-before-total",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "a limit that is said to be of the total, put to each row before the rows are added up",
    look: Look::Query(filter_before_total),
}];

fn filter_before_total(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    // Words for all that a thing has, of which the filter leaves a part.
    const WHOLE: &[&str] = &[
        "together",
        "altogether",
        "in total",
        "in all",
        "with all their",
        "with all its",
        "with all of their",
        "with all of its",
        "with everything",
        "whose total",
        "total of more",
        "total of at least",
        "total above",
        "total over",
        "total exceeds",
        "totals above",
        "totals over",
        "totalling more",
        "totaling more",
        "add up to more",
        "adds up to more",
    ];
    let view = query.full();
    super::rates::limited_before_mean(&view, out);
    for part in &view.outline.selects {
        let grouped = is_grouped(part.select);
        let filters = || part.select.selection.iter().flat_map(|f| conjuncts(f));
        let Some((filter, measure)) = filters().find_map(|f| Some((f, limited(f)?))).filter(|_| grouped) else {
            continue;
        };
        let sums = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => any(e, &mut |e| {
                call(e, &["sum"]).is_some_and(|f| {
                    let of = arguments(f).next().and_then(column);
                    f.over.is_none() && !is_distinct(f) && of.is_some_and(|c| c.value.eq_ignore_ascii_case(measure))
                })
            }),
            _ => false,
        };
        if !part.select.projection.iter().any(sums)
            || !told(query.node).iter().any(|text| has(&text.replace(" together with ", " "), WHOLE))
        {
            continue;
        }
        let finding = Diagnostic::warning(
            "filter-before-total",
            format!("rows with less `{measure}` are not in the total"),
        )
        .why("`where` takes them out before they are added up, and the model is said to have all that there is of each")
        .next(format!("hold the group against it: `having sum({measure}) …`, or `having max({measure}) …`"));
        out.push(view.at(span(filter), finding));
    }
}

/// The column that a condition holds against a number other than zero.
fn limited(condition: &Expr) -> Option<&str> {
    use BinaryOperator::{Gt, GtEq};
    let Expr::BinaryOp { left, op: Gt | GtEq, right } = bare(condition) else { return None };
    let limit = match bare(right) {
        Expr::Value(v) => matches!(&v.value, Value::Number(n, _) if n.parse::<f64>().is_ok_and(|n| n > 0.0)),
        _ => false,
    };
    column(left).filter(|_| limit).map(|c| c.value.as_str())
}

/// A grouping that adds rows without what a test says every row has.
pub(super) fn rolled_up(view: &View<'_, '_>) -> Option<Diagnostic> {
    let [select] = super::reruns::last(view) else { return None };
    let part = &view.outline.selects[*select];
    let GroupByExpr::Expressions(list, modifiers) = &part.select.group_by else { return None };
    let all = modifiers.iter().any(|m| matches!(m, GroupByWithModifier::Rollup | GroupByWithModifier::Cube));
    let sets: Vec<&Expr> =
        list.iter().filter(|e| all || matches!(e, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_))).collect();
    // Who asks which rows are totals may leave them out.
    let asked = |e: &Expr| any(e, &mut |e| call(e, &["grouping", "grouping_id"]).is_some());
    if sets.is_empty() || part.select.having.is_some() || part.select.qualify.is_some() {
        return None;
    }
    let described = view.query.node.described.as_ref()?;
    let filled = described.columns.iter().filter(|c| is_filled(c));
    filled.map(|c| c.name.to_lowercase()).find_map(|name| {
        let nulled = sets.iter().any(|set| missing_in(set, &name, all));
        let expr = super::grain::item(view, *select, &name)?;
        (nulled && column(expr).is_some() && !asked(expr)).then(|| {
            let finding = Diagnostic::warning("grain-differs", format!("the total is a row without `{name}`"))
                .why("a test says that every row has one, and this grouping adds rows for the totals")
                .next(format!("group by `{name}` alone, or give the total a name: `coalesce({name}, 'all')`"));
            view.at(span(expr), finding)
        })
    })
}

/// Whether some of the rows of a grouping lack a column.
fn missing_in(set: &Expr, name: &str, all: bool) -> bool {
    let is = |e: &Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name));
    match set {
        Expr::Rollup(parts) | Expr::Cube(parts) => parts.iter().flatten().any(is),
        Expr::GroupingSets(sets) => sets.iter().flatten().any(is) && sets.iter().any(|set| !set.iter().any(is)),
        e => all && is(e),
    }
}
