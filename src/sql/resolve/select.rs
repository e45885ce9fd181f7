//! One `select`: where, group by, having, qualify, distinct.

use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{
    ConnectByKind, Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, OrderBy, OrderByKind,
    Select, SelectItem, Spanned,
};

use super::column_type::ColumnType;
use super::grouping::{self, Grouping};
use super::joins::{How, JoinKind, Key, column_of, conjuncts};
use super::keys::{first_of_each, group_keys, partition_of_first, passed_keys, telling};
use super::projection::Projection;
use super::query::{position_of, top_one};
use super::relation::{Column, Ctes, Env, Rel, Table, lower};
use super::rows::table_of;
use super::value::Value;
use super::{Fact, Named, Resolver, Usage, left_out};
use crate::vocabulary::DataType;

impl<R: Named> Resolver<'_, R> {
    pub(super) fn select(
        &mut self,
        select: &Select,
        ctes: &Ctes<'_>,
        parent: Option<&Env<'_>>,
        order_by: Option<&OrderBy>,
        limited: bool,
    ) -> Rc<Table> {
        let mut env = self.from(&select.from, Some(ctes), parent, Some(select));
        self.lateral_views(select, &mut env);
        self.hierarchy(select, &mut env);
        env.ahead = Some(select);
        env.windows = &select.named_window;
        for filter in [&select.prewhere, &select.selection].into_iter().flatten() {
            self.conditions(filter, &mut env);
            let picked = left_out::picked(filter, &env);
            env.picked.extend(picked);
            env.narrowed |= left_out::narrows(filter, &env);
            first_of_each(filter, &mut env);
        }

        env.narrowed |= env.rels.iter().any(|r| r.table.filtered);

        let group_list = grouping::expressions(&select.group_by);
        let groups = group_list.is_none_or(|g| !g.is_empty());
        let aggregated =
            groups || select.having.as_ref().is_some_and(grouping::aggregates) || self.list_aggregates(select);
        // Places count the columns of a star, which nobody has looked at yet.
        let starred = |s: &Select| {
            s.projection.iter().any(|i| !matches!(i, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }))
        };
        let countable = self.strict || !starred(select);
        let grouping = group_list.filter(|_| aggregated && countable).map(|list| self.grouping(select, list));
        env.aliases_everywhere = true;
        for expr in group_list.unwrap_or_default() {
            let of_position = position_of(expr).map(|n| select.projection.get(n.wrapping_sub(1)).filter(|_| countable));
            let expr = match of_position {
                None => expr,
                Some(Some(SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. })) => item,
                Some(_) => continue,
            };
            let value = self.expr(expr, &env);
            self.read(Usage::Group, &value);
        }
        if let GroupByExpr::Expressions(list, _) = &select.group_by
            && group_list.is_none()
        {
            for expr in list {
                let value = self.expr(expr, &env);
                self.read(Usage::Group, &value);
            }
        }
        env.aliases_everywhere = false;
        env.ahead = None;
        env.read_ahead.borrow_mut().clear();
        self.aggregates |= aggregated;

        let nulled = grouping::nulled(&select.group_by);
        let totals =
            (!nulled.is_empty() && !self.strict).then(|| Grouping { totals: true, ..self.grouping(select, &nulled) });
        let mut env = Env { grouping: grouping.as_ref().or(totals.as_ref()), groups, ..env };
        let by_all = matches!(select.group_by, GroupByExpr::All(_));
        let projection = self.projection(select, &mut env);
        for expr in group_list.unwrap_or_default().iter().filter(|_| !countable) {
            if let Some(column) = position_of(expr).and_then(|n| projection.columns.get(n.wrapping_sub(1))) {
                self.read(Usage::Group, &column.value);
            }
        }
        if by_all {
            for (item, column) in select.projection.iter().zip(&projection.columns) {
                if !item_aggregates(item) {
                    self.read(Usage::Group, &column.value);
                }
            }
        }
        env.aliases_everywhere = true;
        if let Some(having) = &select.having {
            self.conditions(having, &mut env);
        }
        // With one table and no groups, names are told apart without.
        let several = env.rels.len() > 1 || aggregated;
        if order_by.is_some() || select.qualify.is_some() && several {
            // What the select gives goes before what it reads.
            let given = projection.columns.iter().filter(|c| !c.name.is_empty());
            env.aliases.extend(given.map(|c| (c.name.clone(), c.value.clone())));
        }
        if let Some(qualify) = &select.qualify {
            self.conditions(qualify, &mut env);
        }
        if let Some(order_by) = order_by {
            let reads = limited || matches!(select.distinct, Some(Distinct::On(_)));
            self.order(order_by, &env, reads);
            if let (Some(Distinct::On(list)), OrderByKind::Expressions(order)) = (&select.distinct, &order_by.kind) {
                let total = super::call::tells_apart(list.iter().chain(order.iter().map(|o| &o.expr)), &env);
                self.noted.push(Fact::Numbered { at: select.select_token.0.span.start, total });
            }
        }
        self.result(select, env, projection, (aggregated, group_list))
    }

    /// What the select gives: keys, which rows, which types.
    fn result(
        &mut self,
        select: &Select,
        mut env: Env<'_>,
        projection: Projection,
        (aggregated, group_list): (bool, Option<&[Expr]>),
    ) -> Rc<Table> {
        let Projection { mut columns, plain, partitions, open, base } = projection;
        for (i, partition) in partitions.iter().enumerate() {
            columns[i].partition =
                partition.as_ref().and_then(|key| passed_keys(std::slice::from_ref(key), &plain, &columns).pop());
        }
        let by_all = (!self.strict && matches!(select.group_by, GroupByExpr::All(_)))
            .then(|| grouped_by_all(select, &columns))
            .flatten();
        let mut keys = if let Some(key) = by_all {
            vec![key]
        } else if aggregated {
            group_keys(select, group_list, &columns, &env, self.strict)
        } else {
            let named: Vec<(&str, &Key)> =
                columns.iter().zip(&partitions).filter_map(|(c, p)| Some((c.name.as_str(), p.as_ref()?))).collect();
            if let Some(key) = select.qualify.as_ref().and_then(|q| partition_of_first(q, &env, &named)) {
                env.keys.insert(0, key);
            }
            let mut passed = passed_keys(&env.keys, &plain, &columns);
            if passed.is_empty() && !self.strict {
                let once: Vec<Key> = env.keys.iter().map(|key| env.named_once(key)).collect();
                passed = passed_keys(&once, &plain, &columns);
            }
            match passed {
                keys if keys.is_empty() && !self.strict && select.qualify.is_none() => {
                    left_out::passed(&env, &plain, &columns, select)
                }
                keys => keys,
            }
        };
        if self.strict {
            keys.retain(|key| !left_out::is_short(key));
        }
        let mut single = aggregated && group_list.is_some_and(<[Expr]>::is_empty)
            || env.rels.iter().all(|r| r.table.single) && !aggregated;
        match &select.distinct {
            Some(Distinct::Distinct) => {
                keys.retain(|key| !left_out::is_short(key));
                if keys.is_empty() && !open {
                    keys = telling(select, &columns, &env);
                }
            }
            Some(Distinct::On(list)) => {
                let mut key = Some(Key::new());
                for expr in list {
                    let value = self.expr(expr, &env);
                    self.read(Usage::Group, &value);
                    key = key.zip(column_of(expr, &env)).map(|(mut key, column)| {
                        key.insert(column);
                        key
                    });
                }
                keys.retain(|key| !left_out::is_short(key));
                keys.extend(key.and_then(|key| passed_keys(&[key], &plain, &columns).pop()));
            }
            Some(Distinct::All) | None => {}
        }
        if let Some(top) = &select.top {
            single |= top_one(top.quantity.as_ref());
        }
        let one_each = aggregated || matches!(select.distinct, Some(Distinct::Distinct)) || select.qualify.is_some();
        for column in &mut columns {
            // What is computed from other columns too, as an amount by a rate, need not be of the rows that come again.
            let whole = self.strict || column.value.repeated >= column.value.columns;
            if !whole {
                (column.value.repeated, column.value.fan_out) = (0, None);
            }
            if !whole && column.value.columns > 1 {
                column.value.looked_up = None;
            }
            column.value.columns = 1;
            column.value.literal = None;
            if one_each {
                column.value.repeated = 0;
                column.value.fan_out = None;
                column.value.looked_up = None;
            }
        }
        let fan_out = if one_each { None } else { env.fan_out };
        let settled = one_each
            || !env.picked.is_empty()
            || env.rels.iter().any(|r| r.table.settled)
            || select.selection.as_ref().is_some_and(|f| super::versions::settles(f, &env, 0));
        let narrows = |f: &Expr| left_out::narrows(f, &env);
        let filtered =
            (if self.strict { select.selection.is_some() } else { select.selection.as_ref().is_some_and(narrows) })
                || env.rels.iter().any(|r| r.table.filtered);
        Rc::new(Table { columns, keys, open, base, fan_out, single, filtered, settled, ..Table::default() })
    }

    /// Leaves the rows that meet a condition: which those are, and what is not null in them.
    fn conditions(&mut self, filter: &Expr, env: &mut Env<'_>) {
        let mut parts = Vec::new();
        conjuncts(filter, &mut parts);
        for part in parts.into_iter().rev() {
            let value = self.condition(part, env);
            self.read(Usage::Filter, &value);
        }
        super::keys::fill(filter, env);
        if !self.strict {
            super::keys::settle(filter, env);
        }
    }

    /// `start with … connect by …`: the rows, and how deep each stands.
    fn hierarchy(&mut self, select: &Select, env: &mut Env<'_>) {
        if select.connect_by.is_empty() {
            return;
        }
        let place = ["level", "connect_by_isleaf", "connect_by_iscycle"];
        env.aliases.extend(place.map(|name| (name.to_owned(), Value::of(DataType::Integer))));
        for clause in &select.connect_by {
            let conditions = match clause {
                ConnectByKind::ConnectBy { relationships, .. } => relationships.as_slice(),
                ConnectByKind::StartWith { condition, .. } => std::slice::from_ref(condition.as_ref()),
            };
            for condition in conditions {
                let value = self.condition(condition, env);
                self.read(Usage::Filter, &value);
            }
        }
        // Each row stands once for each way to it.
        env.keys.clear();
    }

    /// `lateral view explode(…) t as a, b`.
    fn lateral_views(&mut self, select: &Select, env: &mut Env<'_>) {
        for view in &select.lateral_views {
            let name = view.lateral_view_name.0.last().and_then(|p| p.as_ident()).map(lower).unwrap_or_default();
            let aliases = || view.lateral_col_alias.iter().map(lower);
            let told = |columns: &Vec<_>| columns.len() >= view.lateral_col_alias.len();
            let columns = match self.rows_of_call(&view.lateral_view, env).filter(told) {
                Some(mut columns) => {
                    columns.iter_mut().zip(aliases()).for_each(|(column, alias)| column.0 = alias);
                    columns
                }
                None => {
                    let value = self.expr(&view.lateral_view, env).typed(ColumnType::Unknown).nullable(None);
                    aliases().map(|alias| (alias, value.clone())).collect()
                }
            };
            columns.iter().for_each(|(_, value)| self.read(Usage::Join, value));
            let mut table = Table::clone(&table_of(columns));
            table.open = table.columns.is_empty();
            let mut rel = Rel::new(&name, Rc::new(table));
            rel.outer = view.outer;
            let before = env.rels.len();
            env.rels.push(rel);
            let of = match &view.lateral_view {
                Expr::Function(f) => match &f.args {
                    FunctionArguments::List(list) => list.args.first(),
                    _ => None,
                },
                _ => None,
            };
            if let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(of))) = of
                && super::factor::is_column(of, env)
            {
                super::factor::repeats_earlier(env);
            }
            let how = How { kind: JoinKind::Cross, computed: true, narrowed: false, picked: false };
            self.joined(env, before, &[], how, (view.lateral_view.span().start, 1));
        }
    }

    fn list_aggregates(&self, select: &Select) -> bool {
        select.projection.iter().any(item_aggregates)
            || select.qualify.as_ref().is_some_and(grouping::aggregates) && !select.projection.is_empty()
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
        Grouping { expressions, totals: false }
    }
}

/// The columns that `group by all` groups by.
fn grouped_by_all(select: &Select, columns: &[Column]) -> Option<BTreeSet<String>> {
    let plain = select.projection.len() == columns.len() && columns.iter().all(|c| !c.name.is_empty());
    let items = select.projection.iter().zip(columns).filter(|(item, _)| !item_aggregates(item));
    plain.then(|| items.map(|(_, column)| column.name.clone()).collect())
}

fn item_aggregates(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => grouping::aggregates(expr),
        _ => false,
    }
}
