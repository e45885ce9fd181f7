//! Queries: CTEs, what they are put together from, order and limit.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use sqlparser::ast::{Expr, LimitClause, OrderBy, OrderByKind, Query, SetExpr, TopQuantity, Value as Literal};

use super::relation::{Cte, Ctes, Env, Rel, Table, anything, lower};
use super::{Named, Resolver, Usage};
use crate::vocabulary::{Diagnostic, Dialect};

impl<R: Named> Resolver<'_, R> {
    /// The rows of a query. `parent` is the query around it, where it may reach out.
    pub(super) fn query(&mut self, query: &Query, ctes: Option<&Ctes<'_>>, parent: Option<&Env<'_>>) -> Rc<Table> {
        self.query_of(query, ctes, parent, false)
    }

    /// The same; `listed` where the order is that of an array.
    pub(super) fn query_of(
        &mut self,
        query: &Query,
        ctes: Option<&Ctes<'_>>,
        parent: Option<&Env<'_>>,
        listed: bool,
    ) -> Rc<Table> {
        let mut own = Ctes { tables: Vec::new(), parent: ctes };
        let with = query.with.iter().flat_map(|w| w.cte_tables.iter().map(|c| (w.recursive, c)));
        for (recursive, cte) in with {
            let name = lower(&cte.alias.name);
            if own.tables.iter().any(|c| c.name == name) {
                let what = format!("two CTEs are called `{name}`");
                // Snowflake takes the last.
                let fault = match !self.strict && self.reads_as(&[Dialect::Snowflake]) {
                    true => Diagnostic::warning("duplicate-cte", what),
                    false => Diagnostic::error("duplicate-cte", what),
                };
                self.fault(fault, cte.alias.name.span.start, name.chars().count());
            }
            let names = || cte.alias.columns.iter().map(|c| lower(&c.name));
            if recursive {
                let (noted, found) = (self.noted.len(), self.found.len());
                let first = match cte.query.body.as_ref() {
                    SetExpr::SetOperation { left, .. } if mentions(&cte.query, &name) => {
                        Some(self.body(left, &own, parent, None, false))
                    }
                    _ => None,
                };
                // What is wrong in it is said when it is read again.
                self.noted.truncate(noted);
                self.found.truncate(found);
                if let Some(first) = first {
                    let mut first = Table::clone(&first);
                    // What a step adds can be anything of the kind.
                    first.keys.clear();
                    first.columns.iter_mut().for_each(|c| c.value.nullable = None);
                    own.tables.push(Cte {
                        name: name.clone(),
                        table: renamed(first.into(), names()),
                        used: Cell::new(true),
                    });
                }
            }
            let before = own.tables.len();
            let table = renamed(self.query(&cte.query, Some(&own), parent), names());
            if recursive && before > 0 && own.tables[before - 1].name == name {
                own.tables.truncate(before - 1);
            }
            own.tables.push(Cte { name, table, used: Cell::new(false) });
        }
        let limited = listed || query.limit_clause.is_some() || query.fetch.is_some() || has_top(&query.body);
        let mut table = self.body(&query.body, &own, parent, query.order_by.as_ref(), limited);
        table = self.limited(query, table, &own, parent);
        if !self.strict && self.reads_as(&[Dialect::DuckDb]) {
            table = apart(table);
        }
        if query.pipe_operators.is_empty() { table } else { anything() }
    }

    /// The rows that a limit leaves.
    fn limited(&mut self, query: &Query, table: Rc<Table>, ctes: &Ctes<'_>, parent: Option<&Env<'_>>) -> Rc<Table> {
        if query.limit_clause.is_none() && query.fetch.is_none() {
            return table;
        }
        let env = Env::within(Some(ctes), parent);
        let mut one = false;
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                one = limit.as_ref().and_then(position_of) == Some(1);
                for part in limit.iter().chain(offset.as_ref().map(|o| &o.value)) {
                    self.expr(part, &env);
                }
            }
            Some(LimitClause::OffsetCommaLimit { limit, .. }) => one = position_of(limit) == Some(1),
            None => {}
        }
        if let Some(fetch) = &query.fetch {
            one = fetch.quantity.as_ref().is_none_or(|q| position_of(q) == Some(1)) && !fetch.percent;
        }
        if !one {
            return table;
        }
        let mut table = Table::clone(&table);
        table.single = true;
        Rc::new(table)
    }

    pub(super) fn body(
        &mut self,
        body: &SetExpr,
        ctes: &Ctes<'_>,
        parent: Option<&Env<'_>>,
        order_by: Option<&OrderBy>,
        limited: bool,
    ) -> Rc<Table> {
        if !self.step() {
            return anything();
        }
        match body {
            SetExpr::Select(select) => self.select(select, ctes, parent, order_by, limited),
            SetExpr::Query(query) => {
                let table = self.query(query, Some(ctes), parent);
                self.order_of_rows(order_by, &table, ctes, limited);
                table
            }
            SetExpr::SetOperation { .. } => {
                // Chains of unions lean left and may be long: walked, not recursed into.
                let mut steps = Vec::new();
                let mut rest = body;
                while let SetExpr::SetOperation { left, op, set_quantifier, right } = rest {
                    steps.push((*op, *set_quantifier, right.as_ref()));
                    rest = left;
                }
                let mut table = self.body(rest, ctes, parent, None, false);
                while let Some((op, quantifier, right)) = steps.pop() {
                    let right_table = self.body(right, ctes, parent, None, false);
                    table = self.set_operation(&table, &right_table, op, quantifier, right);
                }
                self.order_of_rows(order_by, &table, ctes, limited);
                table
            }
            SetExpr::Values(values) => self.values(values, ctes, parent),
            SetExpr::Table(table) => match &table.table_name {
                Some(name) => ctes.find(&name.to_ascii_lowercase()).unwrap_or_else(anything),
                None => anything(),
            },
            _ => anything(),
        }
    }

    fn order_of_rows(&mut self, order_by: Option<&OrderBy>, table: &Rc<Table>, ctes: &Ctes<'_>, limited: bool) {
        let Some(order_by) = order_by else { return };
        let rels = vec![Rel::new("", Rc::clone(table))];
        let env = Env { rels, ctes: Some(ctes), ..Env::default() };
        self.order(order_by, &env, limited);
    }

    /// What rows are ordered by; with a limit that decides which there are.
    pub(super) fn order(&mut self, order_by: &OrderBy, env: &Env<'_>, limited: bool) {
        let OrderByKind::Expressions(list) = &order_by.kind else { return };
        // `order by all` is by what is given.
        let all = |e: &Expr| matches!(e, Expr::Identifier(i) if i.quote_style.is_none() && i.value.eq_ignore_ascii_case("all"));
        let all = |e: &Expr| self.dialect.is_some_and(|d| d != Dialect::Sqlite) && list.len() == 1 && all(e);
        if list.iter().any(|i| all(&i.expr)) {
            return;
        }
        for item in list.iter().filter(|i| position_of(&i.expr).is_none()) {
            // An alias of the select list goes before a column here.
            let of_alias = match &item.expr {
                Expr::Identifier(ident) => env.aliases.iter().find(|(a, _)| *a == lower(ident)),
                _ => None,
            };
            let value = match of_alias {
                Some((_, value)) => value.clone(),
                None => self.expr(&item.expr, env),
            };
            if limited {
                self.read(Usage::Order, &value);
            }
        }
    }
}

fn has_top(body: &SetExpr) -> bool {
    matches!(body, SetExpr::Select(s) if s.top.is_some())
}

/// What DuckDB calls columns of one name: `id`, `id_1`.
fn apart(table: Rc<Table>) -> Rc<Table> {
    let mut met = BTreeSet::new();
    if table.columns.iter().all(|c| c.name.is_empty() || met.insert(c.name.as_str())) {
        return table;
    }
    let mut out = Table::clone(&table);
    let mut met: BTreeSet<String> = BTreeSet::new();
    for column in out.columns.iter_mut().filter(|c| !c.name.is_empty()) {
        let mut names = (1..).map(|n| format!("{}_{n}", column.name));
        while met.contains(&column.name) {
            let Some(next) = names.next() else { break };
            if !met.contains(&next) {
                column.name = next;
                break;
            }
        }
        met.insert(column.name.clone());
    }
    Rc::new(out)
}

/// `top 1`.
pub(super) fn top_one(quantity: Option<&TopQuantity>) -> bool {
    match quantity {
        Some(TopQuantity::Constant(n)) => *n == 1,
        Some(TopQuantity::Expr(expr)) => position_of(expr) == Some(1),
        None => false,
    }
}

/// Whether a query reads a table of a name.
fn mentions(query: &Query, name: &str) -> bool {
    let hit = |relation: &sqlparser::ast::ObjectName| match relation.0.as_slice() {
        [one] if one.as_ident().is_some_and(|i| i.value.eq_ignore_ascii_case(name)) => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    };
    sqlparser::ast::visit_relations(query, hit).is_break()
}

/// `group by 1`.
pub(super) fn position_of(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(v) => match &v.value {
            Literal::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        Expr::Nested(inner) => position_of(inner),
        _ => None,
    }
}

pub(super) fn renamed(table: Rc<Table>, names: impl ExactSizeIterator<Item = String>) -> Rc<Table> {
    if names.len() == 0 {
        return table;
    }
    let mut table = Table::clone(&table);
    table.keys.clear();
    if table.open && table.columns.len() < names.len() {
        table.columns.resize_with(names.len(), Default::default);
    }
    for (column, name) in table.columns.iter_mut().zip(names) {
        column.name = name;
    }
    Rc::new(table)
}
