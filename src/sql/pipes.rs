//! Pipes of BigQuery, `from t |> where a > 0 |> aggregate count(*) group by b`, as the queries in queries that they are.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    AssignmentTarget, ExceptSelectItem, Expr, ExprWithAlias, GroupByExpr, LimitClause, OrderBy, OrderByKind,
    PipeOperator, Query, RenameSelectItem, ReplaceSelectElement, ReplaceSelectItem, Select, SelectFlavor, SelectItem,
    SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor, TableWithJoins, WildcardAdditionalOptions,
};

/// Steps of a query; longer ones are not followed.
const MOST: usize = 30;

/// Puts the steps of a query into each other; those of a kind that is not known here stay, and nobody can tell what
/// comes out of them.
pub(super) fn nest(query: &mut Query) {
    let known = |p: &PipeOperator| {
        !matches!(
            p,
            PipeOperator::Call { .. }
                | PipeOperator::Pivot { .. }
                | PipeOperator::Unpivot { .. }
                | PipeOperator::Join(_)
        )
    };
    if query.pipe_operators.is_empty() || query.pipe_operators.len() > MOST || !query.pipe_operators.iter().all(known) {
        return;
    }
    let Some(mut alias) = name_of(&query.body) else { return };
    let with = query.with.take();
    let steps = std::mem::take(&mut query.pipe_operators);
    for step in steps {
        if let PipeOperator::As { alias: name } = step {
            alias.name = name;
            continue;
        }
        put(query, &alias, step);
    }
    query.with = with;
}

/// The name that columns can be called by, where the query reads one table.
fn name_of(body: &SetExpr) -> Option<TableAlias> {
    let SetExpr::Select(select) = body else { return None };
    let [TableWithJoins { relation, joins }] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, alias, .. } = relation else { return None };
    let ident = match alias {
        Some(alias) => alias.name.clone(),
        None => name.0.last()?.as_ident()?.clone(),
    };
    joins.is_empty().then_some(TableAlias { explicit: true, name: ident, columns: Vec::new(), at: None })
}

/// One step, around what comes before it.
fn put(query: &mut Query, alias: &TableAlias, step: PipeOperator) {
    let before = std::mem::replace(query, bare());
    let all = |options| vec![SelectItem::Wildcard(options)];
    let mut select = plain(all(WildcardAdditionalOptions::default()));
    match step {
        PipeOperator::Where { expr } => select.selection = Some(expr),
        PipeOperator::Select { exprs } => select.projection = exprs,
        PipeOperator::Extend { exprs } => select.projection.extend(exprs),
        PipeOperator::Set { assignments } => {
            let items = assignments.into_iter().filter_map(|a| match a.target {
                AssignmentTarget::ColumnName(name) => Some(Box::new(ReplaceSelectElement {
                    expr: a.value,
                    column_name: name.0.last()?.as_ident()?.clone(),
                    as_keyword: true,
                })),
                AssignmentTarget::Tuple(_) => None,
            });
            let opt_replace = Some(ReplaceSelectItem { items: items.collect() });
            select.projection = all(WildcardAdditionalOptions { opt_replace, ..WildcardAdditionalOptions::default() });
        }
        PipeOperator::Drop { mut columns } if !columns.is_empty() => {
            let first_element = columns.remove(0);
            let opt_except = Some(ExceptSelectItem { first_element, additional_elements: columns });
            select.projection = all(WildcardAdditionalOptions { opt_except, ..WildcardAdditionalOptions::default() });
        }
        PipeOperator::Rename { mappings } => {
            let opt_rename = Some(RenameSelectItem::Multiple(mappings));
            select.projection = all(WildcardAdditionalOptions { opt_rename, ..WildcardAdditionalOptions::default() });
        }
        PipeOperator::Aggregate { full_table_exprs, group_by_expr } => {
            let groups: Vec<Expr> = group_by_expr.iter().map(|e| e.expr.expr.clone()).collect();
            let items = group_by_expr.into_iter().chain(full_table_exprs).map(|e| item(e.expr));
            select.projection = items.collect();
            select.group_by = GroupByExpr::Expressions(groups, Vec::new());
        }
        PipeOperator::OrderBy { exprs } => {
            query.order_by = Some(OrderBy { kind: OrderByKind::Expressions(exprs), interpolate: None });
        }
        PipeOperator::Limit { expr, .. } => {
            query.limit_clause =
                Some(LimitClause::LimitOffset { limit: Some(expr), offset: None, limit_by: Vec::new() });
        }
        PipeOperator::Union { set_quantifier, queries } => {
            return combine(query, before, SetOperator::Union, set_quantifier, queries);
        }
        PipeOperator::Intersect { set_quantifier, queries } => {
            return combine(query, before, SetOperator::Intersect, set_quantifier, queries);
        }
        PipeOperator::Except { set_quantifier, queries } => {
            return combine(query, before, SetOperator::Except, set_quantifier, queries);
        }
        _ => {}
    }
    let relation =
        TableFactor::Derived { lateral: false, subquery: Box::new(before), alias: Some(alias.clone()), sample: None };
    select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    *query.body = SetExpr::Select(Box::new(select));
}

fn combine(query: &mut Query, before: Query, op: SetOperator, set_quantifier: SetQuantifier, queries: Vec<Query>) {
    let first = SetExpr::Query(Box::new(before));
    *query.body = queries.into_iter().fold(first, |left, right| SetExpr::SetOperation {
        op,
        set_quantifier,
        left: Box::new(left),
        right: Box::new(SetExpr::Query(Box::new(right))),
    });
}

fn item(expr: ExprWithAlias) -> SelectItem {
    match expr.alias {
        Some(alias) => SelectItem::ExprWithAlias { expr: expr.expr, alias },
        None => SelectItem::UnnamedExpr(expr.expr),
    }
}

fn bare() -> Query {
    Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(plain(Vec::new())))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

fn plain(projection: Vec<SelectItem>) -> Select {
    Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection,
        exclude: None,
        into: None,
        from: Vec::new(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        window_before_qualify: false,
        qualify: None,
        value_table_mode: None,
        connect_by: Vec::new(),
        flavor: SelectFlavor::Standard,
    }
}
