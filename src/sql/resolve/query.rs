//! Queries: CTEs, set operations, selects.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{
    Distinct, ExcludeSelectItem, Expr, LimitClause, ObjectName, OrderBy, OrderByKind, Query, RenameSelectItem, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value as Literal,
    WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Location;

use super::grouping::{self, Grouping};
use super::joins::{Key, all_columns, column_of};
use super::keys::{first_of_each, group_keys, partition, partition_of_first, passed_keys, passed_partition};
use super::relation::{Column, Ctes, Env, Table, anything, lower};
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::vocabulary::Diagnostic;

/// What a select list gives: columns, whether there may be more, and which plain column each is.
#[derive(Default)]
struct Projection {
    columns: Vec<Column>,
    plain: Vec<Option<(usize, String)>>,
    /// For the first row of a partition: what the partition is.
    partitions: Vec<Option<Key>>,
    open: bool,
}

impl<R: Named> Resolver<'_, R> {
    /// The rows of a query. `parent` is the query around it, where it may reach out.
    pub(super) fn query(&mut self, query: &Query, ctes: Option<&Ctes<'_>>, parent: Option<&Env<'_>>) -> Rc<Table> {
        let mut own = Ctes { tables: Vec::new(), parent: ctes };
        let with = query.with.iter().flat_map(|w| w.cte_tables.iter().map(|c| (w.recursive, c)));
        for (recursive, cte) in with {
            let name = lower(&cte.alias.name);
            if own.tables.iter().any(|(n, _)| *n == name) {
                let fault = Diagnostic::error("duplicate-cte", format!("two CTEs are called `{name}`"));
                self.fault(fault, cte.alias.name.span.start, name.chars().count());
            }
            if recursive {
                let first = match cte.query.body.as_ref() {
                    SetExpr::SetOperation { left, .. } => self.body(left, &own, parent, None),
                    _ => anything(),
                };
                own.tables.push((name.clone(), renamed(first, cte.alias.columns.iter().map(|c| lower(&c.name)))));
            }
            let table = self.query(&cte.query, Some(&own), parent);
            let table = renamed(table, cte.alias.columns.iter().map(|c| lower(&c.name)));
            own.tables.retain(|(n, _)| *n != name || !recursive);
            own.tables.push((name, table));
        }
        let table = self.body(&query.body, &own, parent, query.order_by.as_ref());
        if let Some(LimitClause::LimitOffset { limit: Some(limit), .. }) = &query.limit_clause {
            self.expr(limit, &Env { parent, ctes: Some(&own), ..Env::default() });
        }
        if query.pipe_operators.is_empty() { table } else { anything() }
    }

    fn body(
        &mut self,
        body: &SetExpr,
        ctes: &Ctes<'_>,
        parent: Option<&Env<'_>>,
        order_by: Option<&OrderBy>,
    ) -> Rc<Table> {
        match body {
            SetExpr::Select(select) => self.select(select, ctes, parent, order_by),
            SetExpr::Query(query) => self.query(query, Some(ctes), parent),
            SetExpr::SetOperation { .. } => {
                // Chains of unions lean left and may be long: walked, not recursed into.
                let mut steps = Vec::new();
                let mut rest = body;
                while let SetExpr::SetOperation { left, op, set_quantifier, right } = rest {
                    steps.push((*op, *set_quantifier, right.as_ref()));
                    rest = left;
                }
                let mut table = self.body(rest, ctes, parent, None);
                while let Some((op, quantifier, right)) = steps.pop() {
                    let right_table = self.body(right, ctes, parent, None);
                    table = self.set_operation(&table, &right_table, op, quantifier, location(right));
                }
                if let Some(order_by) = order_by {
                    let env = Env {
                        rels: vec![super::relation::Rel::new("", Rc::clone(&table))],
                        ctes: Some(ctes),
                        ..Env::default()
                    };
                    self.order(order_by, &env);
                }
                table
            }
            SetExpr::Values(values) => {
                let env = Env { parent, ctes: Some(ctes), ..Env::default() };
                let mut columns: Vec<Column> = Vec::new();
                for row in &values.rows {
                    for (i, expr) in row.iter().enumerate() {
                        let value = self.expr(expr, &env);
                        match columns.get_mut(i) {
                            Some(column) => column.value = std::mem::take(&mut column.value).either(&value),
                            None => columns.push(Column { name: format!("column{}", i + 1), value, partition: None }),
                        }
                    }
                }
                Rc::new(Table { columns, ..Table::default() })
            }
            _ => anything(),
        }
    }

    fn set_operation(
        &mut self,
        left: &Rc<Table>,
        right: &Rc<Table>,
        op: SetOperator,
        quantifier: SetQuantifier,
        at: Location,
    ) -> Rc<Table> {
        let by_name =
            matches!(quantifier, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName);
        let open = left.open || right.open;
        if left.columns.len() != right.columns.len() && !open && !by_name {
            let what = format!("{} columns are put under {}", right.columns.len(), left.columns.len());
            let fault =
                Diagnostic::error("union-columns", what).next("give both sides the same columns in the same order");
            self.fault(fault, at, 6);
        }
        let mut columns = Vec::new();
        for (i, column) in left.columns.iter().enumerate() {
            let other = match by_name {
                true => right.columns.iter().find(|c| c.name == column.name),
                false => right.columns.get(i),
            };
            let mut value = column.value.clone();
            if let Some(other) = other {
                if value.clashes(&other.value) && !open {
                    let what = format!("`{}` is {} above and {} here", column.name, value.ty, other.value.ty);
                    self.fault(Diagnostic::error("type-clash", what).next("cast one side"), at, 6);
                }
                value = value.either(&other.value);
            }
            columns.push(Column { name: column.name.clone(), value, partition: None });
        }
        if by_name {
            columns.extend(right.columns.iter().filter(|c| !left.columns.iter().any(|l| l.name == c.name)).cloned());
        }
        let all: BTreeSet<String> = columns.iter().map(|c| c.name.clone()).collect();
        let keys = match (op, quantifier) {
            (_, SetQuantifier::All | SetQuantifier::AllByName) => Vec::new(),
            (SetOperator::Except | SetOperator::Minus | SetOperator::Intersect, _) if !left.keys.is_empty() => {
                left.keys.clone()
            }
            _ if open => Vec::new(),
            _ => vec![all],
        };
        Rc::new(Table { columns, keys, open, fan_out: left.fan_out.or(right.fan_out) })
    }

    fn select(
        &mut self,
        select: &Select,
        ctes: &Ctes<'_>,
        parent: Option<&Env<'_>>,
        order_by: Option<&OrderBy>,
    ) -> Rc<Table> {
        let mut env = self.from(&select.from, Some(ctes), parent);
        for view in &select.lateral_views {
            self.expr(&view.lateral_view, &env);
            let mut table = Table { open: view.lateral_col_alias.is_empty(), ..Table::default() };
            table.columns.extend(view.lateral_col_alias.iter().map(|a| Column { name: lower(a), ..Column::default() }));
            let name = view.lateral_view_name.0.last().and_then(|p| p.as_ident()).map(lower).unwrap_or_default();
            env.rels.push(super::relation::Rel::new(&name, Rc::new(table)));
            env.keys.clear();
        }
        if let Some(filter) = &select.selection {
            env.aliases = self.soft_aliases(select, &env);
            let value = self.condition(filter, &env);
            self.read(Usage::Filter, &value);
            env.aliases.clear();
            first_of_each(filter, &mut env);
        }

        let group_list = grouping::expressions(&select.group_by);
        let groups = group_list.is_none_or(|g| !g.is_empty());
        let aggregated = groups || select.having.is_some() || select.projection.iter().any(item_aggregates);
        let grouping = group_list.filter(|_| aggregated).map(|list| self.grouping(select, list));
        if let Some(list) = group_list {
            env.aliases = self.soft_aliases(select, &env);
            env.aliases_everywhere = true;
            for expr in list {
                let of_position = position_of(expr).map(|n| select.projection.get(n.wrapping_sub(1)));
                let expr = match of_position {
                    None => expr,
                    Some(Some(SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. })) => item,
                    Some(_) => continue,
                };
                let value = self.expr(expr, &env);
                self.read(Usage::Group, &value);
            }
            env.aliases.clear();
            env.aliases_everywhere = false;
        }
        self.aggregates |= aggregated;

        let grouped = Env { grouping: grouping.as_ref(), ..env };
        let mut env = grouped;
        let projection = self.projection(select, &mut env);
        env.aliases_everywhere = true;
        if let Some(having) = &select.having {
            let value = self.condition(having, &env);
            self.read(Usage::Filter, &value);
        }
        if let Some(qualify) = &select.qualify {
            let value = self.condition(qualify, &env);
            self.read(Usage::Filter, &value);
        }
        if let Some(order_by) = order_by {
            self.order(order_by, &env);
        }
        let Projection { mut columns, plain, partitions, open } = projection;
        for (i, partition) in partitions.iter().enumerate() {
            columns[i].partition =
                partition.as_ref().and_then(|key| passed_keys(std::slice::from_ref(key), &plain, &columns).pop());
        }
        let keys = if aggregated {
            group_keys(select, group_list, &columns)
        } else {
            let named: Vec<(&str, &Key)> =
                columns.iter().zip(&partitions).filter_map(|(c, p)| Some((c.name.as_str(), p.as_ref()?))).collect();
            if let Some(key) = select.qualify.as_ref().and_then(|q| partition_of_first(q, &env, &named)) {
                env.keys.insert(0, key);
            }
            passed_keys(&env.keys, &plain, &columns)
        };
        let distinct = matches!(select.distinct, Some(Distinct::Distinct));
        let keys = match (&select.distinct, keys.is_empty() && !open) {
            (Some(Distinct::Distinct), true) => vec![columns.iter().map(|c| c.name.clone()).collect()],
            _ => keys,
        };
        let one_each = aggregated || distinct || select.qualify.is_some();
        let fan_out = if one_each { None } else { env.fan_out };
        for column in &mut columns {
            if one_each {
                column.value.repeated = 0;
                column.value.fan_out = None;
            }
        }
        Rc::new(Table { columns, keys, open, fan_out })
    }

    /// Aliases as they are seen where they may stand, without a word on what is wrong in them: that is said once, in
    /// the select list.
    fn soft_aliases(&mut self, select: &Select, env: &Env<'_>) -> Vec<(String, Value)> {
        let (found, fan_outs, noted) = (self.found.len(), self.fan_outs.len(), self.noted.len());
        let aliases = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                let plain = matches!(expr, Expr::Identifier(i) if i.value.eq_ignore_ascii_case(&alias.value));
                (!plain).then(|| (lower(alias), self.expr(expr, env)))
            }
            _ => None,
        });
        let aliases = aliases.collect();
        self.found.truncate(found);
        self.fan_outs.truncate(fan_outs);
        self.noted.truncate(noted);
        aliases
    }

    fn grouping(&mut self, select: &Select, list: &[Expr]) -> Grouping {
        let mut expressions = Vec::new();
        for expr in list {
            expressions.push(expr.clone());
            let item = match position_of(expr) {
                Some(n) => match select.projection.get(n.wrapping_sub(1)) {
                    Some(SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)) => Some(expr),
                    _ => None,
                },
                None => select.projection.iter().find_map(|item| match (item, expr) {
                    (SelectItem::ExprWithAlias { expr, alias }, Expr::Identifier(name))
                        if alias.value.eq_ignore_ascii_case(&name.value) =>
                    {
                        Some(expr)
                    }
                    _ => None,
                }),
            };
            expressions.extend(item.cloned());
        }
        Grouping { expressions }
    }

    fn projection(&mut self, select: &Select, env: &mut Env<'_>) -> Projection {
        let mut out = Projection::default();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = implied_name(expr);
                    self.column(expr, name, env, &mut out);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let name = lower(alias);
                    self.column(expr, name.clone(), env, &mut out);
                    let value = out.columns.last().map(|c| c.value.clone()).unwrap_or_default();
                    if !matches!(expr, Expr::Identifier(i) if lower(i) == name) {
                        env.aliases.push((name, value));
                    }
                }
                SelectItem::ExprWithAliases { expr, aliases } => {
                    self.expr(expr, env);
                    out.columns.extend(aliases.iter().map(|a| Column { name: lower(a), ..Column::default() }));
                    out.plain.resize(out.columns.len(), None);
                    out.partitions.resize(out.columns.len(), None);
                }
                SelectItem::Wildcard(options) => self.wildcard(None, options, env, &mut out),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.wildcard(Some(name), options, env, &mut out);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                    self.expr(expr, env);
                    out.open = true;
                }
            }
        }
        out
    }

    fn column(&mut self, expr: &Expr, name: String, env: &Env<'_>, out: &mut Projection) {
        let value = self.expr(expr, env);
        let plain = column_of(expr, env);
        out.partitions.push(match &plain {
            Some(source) => passed_partition(source, env),
            None => partition(expr, env),
        });
        out.columns.push(Column { name, value, partition: None });
        out.plain.push(plain);
    }

    fn wildcard(
        &mut self,
        of: Option<&ObjectName>,
        options: &WildcardAdditionalOptions,
        env: &Env<'_>,
        out: &mut Projection,
    ) {
        let alias = of.and_then(|n| n.0.last()).and_then(|p| p.as_ident());
        let rels: Vec<usize> =
            (0..env.rels.len()).filter(|i| alias.is_none_or(|a| env.rels[*i].alias == lower(a))).collect();
        if let (Some(alias), true) = (alias, rels.is_empty()) {
            let fault =
                Diagnostic::error("unknown-relation", format!("there is no `{}` here to take all of", lower(alias)));
            self.fault(fault, alias.span.start, alias.value.chars().count());
        }
        if env.grouping.is_some() && !rels.is_empty() {
            let fault = Diagnostic::error("not-grouped", "`*` stands in a select that aggregates")
                .next("name the columns that are grouped by");
            self.fault(fault, options.wildcard_token.0.span.start, 1);
        }
        let mut excluded: BTreeSet<String> = match &options.opt_exclude {
            Some(ExcludeSelectItem::Single(name)) => last(name).into_iter().collect(),
            Some(ExcludeSelectItem::Multiple(names)) => names.iter().filter_map(last).collect(),
            None => BTreeSet::new(),
        };
        if let Some(except) = &options.opt_except {
            excluded.insert(lower(&except.first_element));
            excluded.extend(except.additional_elements.iter().map(lower));
        }
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(one)) => vec![one],
            Some(RenameSelectItem::Multiple(many)) => many.iter().collect(),
            None => Vec::new(),
        };
        out.open |= options.opt_ilike.is_some();
        for rel in rels {
            out.open |= env.rels[rel].table.open;
            for (_, mut column) in all_columns(&env.rels[rel]) {
                if excluded.contains(&column.name) {
                    continue;
                }
                let source = (rel, column.name.clone());
                let replaced =
                    options.opt_replace.iter().flat_map(|r| &r.items).find(|r| lower(&r.column_name) == column.name);
                if let Some(replaced) = replaced {
                    column.value = self.expr(&replaced.expr, env);
                }
                if let Some(rename) = renames.iter().find(|r| lower(&r.ident) == column.name) {
                    column.name = lower(&rename.alias);
                }
                column.partition = None;
                out.columns.push(column);
                out.partitions.push(passed_partition(&source, env).filter(|_| replaced.is_none()));
                out.plain.push(replaced.is_none().then_some(source));
            }
        }
    }

    fn order(&mut self, order_by: &OrderBy, env: &Env<'_>) {
        let OrderByKind::Expressions(list) = &order_by.kind else { return };
        for item in list.iter().filter(|i| position_of(&i.expr).is_none()) {
            // An alias of the select list goes before a column here.
            if let Expr::Identifier(ident) = &item.expr
                && env.aliases.iter().any(|(a, _)| *a == lower(ident))
            {
                continue;
            }
            self.expr(&item.expr, env);
        }
    }
}

fn item_aggregates(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => grouping::aggregates(expr),
        _ => false,
    }
}

/// `group by 1`.
pub(super) fn position_of(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(v) => match &v.value {
            Literal::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a column without an alias, where every target gives it the same.
pub(super) fn implied_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => lower(ident),
        Expr::CompoundIdentifier(parts) => parts.last().map(lower).unwrap_or_default(),
        _ => String::new(),
    }
}

fn last(name: &ObjectName) -> Option<String> {
    name.0.last().and_then(|p| p.as_ident()).map(lower)
}

fn location(body: &SetExpr) -> Location {
    match body {
        SetExpr::Select(select) => select.select_token.0.span.start,
        SetExpr::Query(query) => location(&query.body),
        SetExpr::SetOperation { left, .. } => location(left),
        _ => Location { line: 1, column: 1 },
    }
}

fn renamed(table: Rc<Table>, names: impl ExactSizeIterator<Item = String>) -> Rc<Table> {
    if names.len() == 0 {
        return table;
    }
    let mut table = Table::clone(&table);
    table.keys.clear();
    for (column, name) in table.columns.iter_mut().zip(names) {
        column.name = name;
    }
    Rc::new(table)
}
