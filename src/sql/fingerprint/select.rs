//! Queries: CTEs, selects, set operations, limits.

use std::rc::Rc;

use sqlparser::ast::{
    Distinct, ExcludeSelectItem, Expr, GroupByExpr, Ident, ObjectName, OrderBy, OrderByKind, Query, RenameSelectItem,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
    WildcardAdditionalOptions,
};

use super::expr::{aggregates, position};
use super::{Ctes, Env, Print, Printer, Rel, Table, as_written};
use crate::sql::jinja::{REF_SCHEMA, UNKNOWN};

impl Printer<'_> {
    pub(super) fn query(&self, query: &Query, ctes: Option<&Ctes<'_>>, parent: Option<&Env<'_>>) -> Rc<Table> {
        let mut own = Ctes { tables: Vec::new(), parent: ctes };
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = lower(&cte.alias.name);
                if with.recursive {
                    // It reads itself by what it begins with.
                    let first = match cte.query.body.as_ref() {
                        SetExpr::SetOperation { left, .. } => self.body(left, &own, parent, None),
                        _ => Rc::new(Table { rest: Some(as_written(&cte.query)), ..Table::default() }),
                    };
                    let first = Table { rows: Print::mix("itself", &[first.rows]), ..Table::clone(&first) };
                    own.tables.push((name.clone(), renamed(first.into(), &cte.alias.columns)));
                }
                let table = self.query(&cte.query, Some(&own), parent);
                own.tables.push((name, renamed(table, &cte.alias.columns)));
            }
        }
        let limited = query.limit_clause.is_some() || query.fetch.is_some();
        let table = self.body(&query.body, &own, parent, query.order_by.as_ref().filter(|_| limited));
        if !query.pipe_operators.is_empty() {
            let print = Print::mix("pipe", &[as_written(query), table.rows]);
            return Rc::new(Table { rows: print, rest: Some(print), ..Table::default() });
        }
        if !limited {
            return table;
        }
        let mut table = Table::clone(&table);
        table.rows = Print::mix("limit", &[table.rows, Print::hash((&query.limit_clause, &query.fetch))]);
        Rc::new(table)
    }

    /// `order_by` is given where it decides which rows there are.
    pub(super) fn body(
        &self,
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
                let (mut steps, mut rest) = (Vec::new(), body);
                while let SetExpr::SetOperation { left, op, set_quantifier, right } = rest {
                    steps.push((*op, *set_quantifier, right.as_ref()));
                    rest = left;
                }
                let mut table = self.body(rest, ctes, parent, None);
                while let Some((op, quantifier, right)) = steps.pop() {
                    let mut sides = vec![table, self.body(right, ctes, parent, None)];
                    // `a union b union c` is one union of three.
                    while let Some((_, _, right)) =
                        steps.pop_if(|s| op == SetOperator::Union && (s.0, s.1) == (op, quantifier))
                    {
                        sides.push(self.body(right, ctes, parent, None));
                    }
                    table = together(sides, op, quantifier);
                }
                match order_by {
                    Some(order_by) => {
                        let rel =
                            Rel { alias: String::new(), table: Rc::clone(&table), wrap: None, hidden: Vec::new() };
                        let env = Env { rels: vec![rel], ctes: Some(ctes), ..Env::default() };
                        let order = self.order(order_by, &env);
                        Rc::new(Table { rows: Print::mix("ordered", &[table.rows, order]), ..Table::clone(&table) })
                    }
                    None => table,
                }
            }
            SetExpr::Values(values) => {
                let env = Env { parent, ctes: Some(ctes), ..Env::default() };
                let row = |row: &sqlparser::ast::Parens<Vec<Expr>>| {
                    let cells: Vec<Print> = row.iter().map(|e| self.expr(e, &env)).collect();
                    Print::mix("row", &cells)
                };
                let rows = Print::set("values", values.rows.iter().map(row));
                let width = values.rows.first().map_or(0, |r| r.len());
                let column = |i: usize| (format!("column{}", i + 1), Print::mix("values", &[rows, Print::hash(i)]));
                Rc::new(Table { columns: (0..width).map(column).collect(), rows, ..Table::default() })
            }
            other => {
                let print = Print::hash(other);
                Rc::new(Table { rows: print, rest: Some(print), ..Table::default() })
            }
        }
    }

    fn select(
        &self,
        select: &Select,
        ctes: &Ctes<'_>,
        parent: Option<&Env<'_>>,
        order_by: Option<&OrderBy>,
    ) -> Rc<Table> {
        let mut env = self.from(&select.from, ctes, parent);
        env.select = Some(select);
        for view in &select.lateral_views {
            let made = Print::mix("lateral view", &[self.expr(&view.lateral_view, &env), Print::hash(view.outer)]);
            let names = view.lateral_col_alias.iter().enumerate();
            let columns = names.map(|(i, a)| (lower(a), Print::mix("made", &[made, Print::hash(i)])));
            let table = Table { columns: columns.collect(), rows: made, ..Table::default() };
            let rest = table.columns.is_empty().then_some(made);
            let alias = last(&view.lateral_view_name).unwrap_or_default();
            env.rels.push(Rel { alias, table: Table { rest, ..table }.into(), wrap: None, hidden: Vec::new() });
            env.rows = Print::mix("lateral view", &[env.rows, made]);
            env.keys.clear();
        }
        for filter in [&select.prewhere, &select.selection].into_iter().flatten() {
            self.filter(filter, &mut env);
        }
        if !select.connect_by.is_empty() {
            env.rows = Print::mix("connect by", &[env.rows, Print::hash(&select.connect_by)]);
        }
        self.group(select, &mut env);
        if let Some(having) = &select.having {
            self.filter(having, &mut env);
        }
        let mut out = Table::default();
        for item in &select.projection {
            self.item(item, select, &env, &mut out);
        }
        if let Some(qualify) = &select.qualify {
            let kept = Print::set("all", self.conditions(qualify, &env));
            env.rows = Print::mix("qualify", &[env.rows, kept]);
        }
        let order = order_by.map(|o| self.order(o, &env));
        match &select.distinct {
            Some(Distinct::Distinct) => {
                let all: Vec<Print> = out.columns.iter().map(|c| c.1).collect();
                env.rows = Print::mix("distinct", &[env.rows, Print::set("all", all.clone())]);
                env.keys = vec![all];
            }
            Some(Distinct::On(on)) => {
                let on: Vec<Print> = on.iter().map(|e| self.expr(e, &env)).collect();
                let order = order.unwrap_or_default();
                env.rows = Print::mix("distinct on", &[env.rows, Print::set("all", on.clone()), order]);
                env.keys = vec![on];
            }
            Some(Distinct::All) | None => {}
        }
        if let Some(top) = &select.top {
            env.rows = Print::mix("top", &[env.rows, Print::hash(top)]);
        }
        if let Some(order) = order {
            env.rows = Print::mix("ordered", &[env.rows, order]);
        }
        let origin = env.rels.first().map(|rel| rel.table.origin).unwrap_or_default();
        Rc::new(Table { rows: env.rows, keys: env.keys, origin, ..out })
    }

    /// Conditions that hold together: in whatever order, and at one level or in a subquery.
    fn filter(&self, filter: &Expr, env: &mut Env<'_>) {
        for condition in self.conditions(filter, env) {
            env.rows = env.rows.and(Print::mix("filter", &[condition]));
        }
    }

    fn group(&self, select: &Select, env: &mut Env<'_>) {
        let item = |n: usize| match select.projection.get(n.wrapping_sub(1)) {
            Some(SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. }) => Some(e),
            _ => None,
        };
        let (by, modifiers) = match &select.group_by {
            GroupByExpr::Expressions(list, modifiers) => {
                let of = |e| self.expr(position(e).and_then(item).unwrap_or(e), env);
                (list.iter().map(of).collect::<Vec<Print>>(), modifiers)
            }
            GroupByExpr::All(modifiers) => {
                let items = select.projection.iter().filter_map(|i| match i {
                    SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e),
                    _ => None,
                });
                (items.filter(|e| !aggregates(e)).map(|e| self.expr(e, env)).collect(), modifiers)
            }
        };
        let in_list = |i: &SelectItem| match i {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => aggregates(e),
            _ => false,
        };
        let nothing = matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
        if nothing && !select.having.as_ref().is_some_and(aggregates) && !select.projection.iter().any(in_list) {
            return;
        }
        let modified = if modifiers.is_empty() { Print::default() } else { Print::hash(modifiers) };
        env.rows = Print::mix("group", &[env.rows, Print::set("by", by.clone()), modified]);
        env.keys = if modifiers.is_empty() { vec![by] } else { Vec::new() };
    }

    fn item(&self, item: &SelectItem, select: &Select, env: &Env<'_>, out: &mut Table) {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = match expr {
                    Expr::Identifier(ident) => lower(ident),
                    Expr::CompoundIdentifier(parts) => parts.last().map(lower).unwrap_or_default(),
                    _ => String::new(),
                };
                self.column(name, expr, env, out);
            }
            SelectItem::ExprWithAlias { expr, alias } => self.column(lower(alias), expr, env, out),
            SelectItem::ExprWithAliases { expr, aliases } => {
                let made = self.expr(expr, env);
                let columns = aliases.iter().enumerate();
                out.columns.extend(columns.map(|(i, a)| (lower(a), Print::mix("made", &[made, Print::hash(i)]))));
            }
            SelectItem::Wildcard(options) => self.wildcard(None, None, options, select, env, out),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                // The columns of a relation, wherever they come from here.
                let is_node = name.0.iter().filter_map(|p| p.as_ident()).any(|i| i.value.starts_with(REF_SCHEMA));
                let star = is_node.then(|| self.named(name, None));
                self.wildcard(last(name).filter(|_| !is_node), star.as_deref(), options, select, env, out);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                let made = self.expr(expr, env);
                out.rest = Some(out.rest.map_or(made, |rest| Print::mix("and", &[rest, made])));
            }
        }
    }

    fn column(&self, name: String, expr: &Expr, env: &Env<'_>, out: &mut Table) {
        let made = self.expr(expr, env);
        match name.contains(UNKNOWN) {
            true => out.rest = Some(out.rest.map_or(made, |rest| Print::mix("and", &[rest, made]))),
            false => out.columns.push((name, made)),
        }
    }

    fn wildcard(
        &self,
        of: Option<String>,
        star: Option<&Table>,
        options: &WildcardAdditionalOptions,
        select: &Select,
        env: &Env<'_>,
        out: &mut Table,
    ) {
        let mut left_out: Vec<String> = Vec::new();
        for exclude in [&options.opt_exclude, &select.exclude].into_iter().flatten() {
            match exclude {
                ExcludeSelectItem::Single(name) => left_out.extend(last(name)),
                ExcludeSelectItem::Multiple(names) => left_out.extend(names.iter().filter_map(last)),
            }
        }
        if let Some(except) = &options.opt_except {
            left_out.push(lower(&except.first_element));
            left_out.extend(except.additional_elements.iter().map(lower));
        }
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(one)) => vec![one],
            Some(RenameSelectItem::Multiple(many)) => many.iter().collect(),
            None => Vec::new(),
        };
        let like = options.opt_ilike.as_ref().map(Print::hash);
        for rel in env.rels.iter().filter(|r| of.as_ref().is_none_or(|a| r.alias == *a)) {
            if let Some(rest) = rel.table.rest.or(star.map(|s| s.rows)) {
                let rest = rel.wrapped(rest);
                // What is left out of a table with other columns stays out: it is another table.
                let rest = if left_out.is_empty() { rest } else { Print::mix("but", &[rest, Print::hash(&left_out)]) };
                out.rest = Some(out.rest.map_or(rest, |all| Print::mix("and", &[all, rest])));
            }
            for (name, print) in rel.table.columns.iter().filter(|c| !rel.hidden.contains(&c.0)) {
                if left_out.contains(name) || star.is_some_and(|s| s.columns.iter().all(|c| c.0 != *name)) {
                    continue;
                }
                let replaced =
                    options.opt_replace.iter().flat_map(|r| &r.items).find(|r| lower(&r.column_name) == *name);
                let print = replaced.map_or_else(|| rel.wrapped(*print), |r| self.expr(&r.expr, env));
                let print = like.map_or(print, |like| Print::mix("like", &[print, like]));
                let renamed = renames.iter().find(|r| lower(&r.ident) == *name).map(|r| lower(&r.alias));
                out.columns.push((renamed.unwrap_or_else(|| name.clone()), print));
            }
        }
    }

    pub(super) fn order(&self, order_by: &OrderBy, env: &Env<'_>) -> Print {
        match &order_by.kind {
            OrderByKind::Expressions(list) => self.ordering(list, env),
            OrderByKind::All(options) => Print::hash(options),
        }
    }
}

/// A set operation over two sides, or a union over more.
fn together(sides: Vec<Rc<Table>>, op: SetOperator, quantifier: SetQuantifier) -> Rc<Table> {
    use SetQuantifier::{AllByName, ByName, DistinctByName};
    let by_name = matches!(quantifier, ByName | AllByName | DistinctByName);
    let all = matches!(quantifier, SetQuantifier::All | AllByName);
    let kind = match (op, all) {
        (SetOperator::Union, true) => "union all",
        (SetOperator::Union, false) => "union",
        (SetOperator::Except | SetOperator::Minus, true) => "except all",
        (SetOperator::Except | SetOperator::Minus, false) => "except",
        (SetOperator::Intersect, true) => "intersect all",
        (SetOperator::Intersect, false) => "intersect",
    };
    let swaps = op == SetOperator::Union && may_swap(&sides);
    let none = Print::of("null");
    let one = |prints: Vec<Print>| match op {
        SetOperator::Union if swaps => {
            Print::set("either", prints.iter().zip(&sides).map(|(p, side)| Print::mix("of", &[*p, side.origin])))
        }
        SetOperator::Union => Print::mix("either", &prints),
        _ => prints.first().copied().unwrap_or_default(),
    };
    let Some(first) = sides.first() else { return Rc::default() };
    let mut columns: Vec<(String, Print)> = Vec::new();
    for (i, (name, print)) in first.columns.iter().enumerate() {
        let other = |side: &Rc<Table>| match by_name {
            true => side.columns.iter().find(|c| c.0 == *name).map(|c| c.1),
            false => side.columns.get(i).map(|c| c.1),
        };
        let others = sides.iter().skip(1).map(|side| other(side).unwrap_or(none));
        columns.push((name.clone(), one([*print].into_iter().chain(others).collect())));
    }
    if by_name {
        let mut more: Vec<&String> = Vec::new();
        for (name, _) in sides.iter().skip(1).flat_map(|side| &side.columns) {
            if !more.contains(&name) && !first.columns.iter().any(|c| c.0 == *name) {
                more.push(name);
            }
        }
        for name in more {
            let of = |side: &Rc<Table>| side.columns.iter().find(|c| c.0 == *name).map_or(none, |c| c.1);
            columns.push((name.clone(), one(sides.iter().map(of).collect())));
        }
    }
    // What tells equal rows apart is all of their columns.
    let width = |t: &Table| if all { Print::default() } else { Print::set("all", t.columns.iter().map(|c| c.1)) };
    let rows = sides.iter().map(|side| Print::mix("side", &[side.rows, width(side), side.origin]));
    let rows = match swaps {
        true => Print::set(kind, rows),
        false => Print::mix(kind, &rows.collect::<Vec<_>>()),
    };
    let rest = sides.iter().any(|side| side.rest.is_some());
    let rest =
        rest.then(|| Print::mix("either", &sides.iter().map(|s| s.rest.unwrap_or_default()).collect::<Vec<_>>()));
    Rc::new(Table { columns, rows, rest, keys: Vec::new(), origin: Print::default() })
}

/// Whether sides of a union can change places without a trace: all columns are known, and which of one stands beside
/// which of another is told by where they are from.
fn may_swap(sides: &[Rc<Table>]) -> bool {
    let mut origins: Vec<Print> = sides.iter().map(|side| side.origin).collect();
    origins.sort_unstable();
    let told_apart = origins.windows(2).all(|pair| pair[0] != pair[1]) && !origins.contains(&Print::default());
    let single = sides.iter().all(|side| side.columns.len() == 1 && side.rows == sides[0].rows);
    sides.iter().all(|side| side.rest.is_none()) && (told_apart || single)
}

pub(super) fn renamed(table: Rc<Table>, names: &[sqlparser::ast::TableAliasColumnDef]) -> Rc<Table> {
    if names.is_empty() {
        return table;
    }
    let mut table = Table::clone(&table);
    for (i, name) in names.iter().enumerate() {
        let name = lower(&name.name);
        match (table.columns.get_mut(i), table.rest) {
            (Some(column), _) => column.0 = name,
            (None, Some(rest)) => table.columns.push((name, Print::mix("unlisted", &[rest, Print::hash(i)]))),
            (None, None) => {}
        }
    }
    Rc::new(table)
}

pub(super) fn lower(ident: &Ident) -> String {
    ident.value.to_ascii_lowercase()
}

pub(super) fn last(name: &ObjectName) -> Option<String> {
    name.0.last().and_then(|p| p.as_ident()).map(lower)
}
