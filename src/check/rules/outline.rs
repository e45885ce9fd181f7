//! A query laid out for looking at: its selects, CTEs, relations and expressions in flat lists, walked once for all
//! rules.

use std::ops::Range;

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, Select,
    SelectItem, SetExpr, SetOperator, SetQuantifier, Spanned, TableFactor, TableWithJoins,
};
use sqlparser::tokenizer::Span;

use super::expressions::{children, column, conjuncts, is_grouped, lower, subqueries};
use crate::dbt::NodeId;
use crate::sql::{Named, Parsed};

/// A query laid out.
#[derive(Debug, Default)]
pub struct Outline<'a> {
    /// Every query: the model's own, then CTEs and subqueries.
    pub levels: Vec<Level<'a>>,
    /// Every select.
    pub selects: Vec<Part<'a>>,
    /// Every expression, each before its parts; those of one select as the pieces of its part, but for its subqueries'.
    pub pieces: Vec<Piece<'a>>,
    /// Every set operation.
    pub sets: Vec<SetOf>,
    /// How often each level is read as a CTE.
    pub reads: Vec<u32>,
    visible: Vec<(String, usize)>,
}

/// A query and what it is for.
#[derive(Debug)]
pub struct Level<'a> {
    /// The query.
    pub query: &'a Query,
    /// What it is for.
    pub role: Role<'a>,
    /// Its select, where it is one.
    pub select: Option<usize>,
    /// All selects that stand in it as its body.
    pub sides: Vec<usize>,
}

/// What a query is for.
#[derive(Clone, Copy, Debug)]
pub enum Role<'a> {
    /// The model.
    Model,
    /// A CTE.
    Cte(&'a Cte),
    /// It stands in FROM.
    From,
    /// In brackets, as a body or side of one.
    Inner,
    /// In an expression.
    Value,
}

/// A select.
#[derive(Debug)]
pub struct Part<'a> {
    /// The select.
    pub select: &'a Select,
    /// The query that it is a body of.
    pub level: usize,
    /// What it reads.
    pub relations: Vec<Reads<'a>>,
    /// Its expressions, with those of its subqueries, in [`Outline::pieces`].
    pub pieces: Range<usize>,
}

impl<'a> Part<'a> {
    /// What each row must meet to be kept, wherever it is asked.
    pub fn conditions(&self) -> impl Iterator<Item = &'a Expr> {
        let asked = [&self.select.selection, &self.select.having, &self.select.qualify];
        asked.into_iter().flatten().flat_map(conjuncts)
    }
}

/// Something in FROM.
#[derive(Debug)]
pub struct Reads<'a> {
    /// The name that it goes by, lower case.
    pub alias: String,
    /// What it is.
    pub target: Target,
    /// How it is joined; none for the first, and after a comma.
    pub join: Option<&'a JoinOperator>,
    /// It stands after a comma.
    pub comma: bool,
    /// An outer join can find nothing in it.
    pub outer: bool,
    /// Where it stands.
    pub span: Span,
}

/// What a relation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A CTE or subquery.
    Level(usize),
    /// A node of the project.
    Node(NodeId),
    /// Something else.
    Other,
}

/// An expression and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The expression.
    pub expr: &'a Expr,
    /// The select.
    pub select: Option<usize>,
    /// The clause.
    pub clause: Clause,
    /// How deep in other expressions.
    pub depth: u16,
}

/// Clauses of a select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Clause {
    Select,
    On,
    Where,
    Group,
    Having,
    Qualify,
    Order,
    /// An argument of something in FROM.
    From,
}

/// One `union`, `except` or `intersect`.
#[derive(Debug)]
pub struct SetOf {
    /// Which.
    pub op: SetOperator,
    /// `all` or not.
    pub quantifier: SetQuantifier,
    /// The selects above.
    pub left: Vec<usize>,
    /// The selects below.
    pub right: Vec<usize>,
    /// The query that it is in.
    pub level: usize,
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A column of a node, as it is.
    Node(NodeId, &'a str),
    /// An expression of a select in this query.
    Expr(&'a Expr, usize),
}

/// What is behind a column of a relation.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A node has it.
    Node(NodeId),
    /// The column of the same name of a relation of another select.
    Same(usize, usize),
    /// An expression of a select.
    Expr(&'a Expr, usize),
}

impl<'a> Outline<'a> {
    /// Lays a query out.
    pub fn of(parsed: &'a Parsed) -> Outline<'a> {
        let mut outline = Outline::default();
        outline.query(&parsed.query, Role::Model);
        outline
    }

    /// The expressions around a piece, the nearest first.
    pub fn around(&self, at: usize) -> impl Iterator<Item = &'a Expr> + '_ {
        let Piece { select, mut depth, .. } = self.pieces[at];
        self.pieces[..at].iter().rev().take_while(move |p| p.select == select).filter_map(move |p| {
            let is_around = p.depth < depth;
            depth = depth.min(p.depth);
            is_around.then_some(p.expr)
        })
    }

    fn query(&mut self, query: &'a Query, role: Role<'a>) -> usize {
        let mark = self.visible.len();
        let id = self.levels.len();
        self.levels.push(Level { query, role, select: None, sides: Vec::new() });
        self.reads.push(0);
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = lower(&cte.alias.name);
                if with.recursive {
                    self.visible.push((name, self.levels.len()));
                    self.query(&cte.query, Role::Cte(cte));
                } else {
                    let level = self.query(&cte.query, Role::Cte(cte));
                    self.visible.push((name, level));
                }
            }
        }
        let sides = self.body(&query.body, id);
        if let (SetExpr::Select(_), [only]) = (query.body.as_ref(), sides.as_slice()) {
            self.levels[id].select = Some(*only);
        }
        let select = self.levels[id].select;
        self.levels[id].sides = sides;
        if let Some(order) = &query.order_by
            && let OrderByKind::Expressions(list) = &order.kind
        {
            let from = self.pieces.len();
            list.iter().for_each(|item| self.piece(&item.expr, select, Clause::Order, 0));
            if let Some(select) = select.filter(|s| self.selects[*s].pieces.end == from) {
                self.selects[select].pieces.end = self.pieces.len();
            }
        }
        self.visible.truncate(mark);
        id
    }

    fn body(&mut self, body: &'a SetExpr, level: usize) -> Vec<usize> {
        match body {
            SetExpr::Select(select) => vec![self.select(select, level)],
            SetExpr::Query(query) => {
                let inner = self.query(query, Role::Inner);
                self.levels[inner].sides.clone()
            }
            SetExpr::SetOperation { .. } => {
                let mut steps = Vec::new();
                let mut rest = body;
                while let SetExpr::SetOperation { left, op, set_quantifier, right } = rest {
                    steps.push((*op, *set_quantifier, right.as_ref()));
                    rest = left;
                }
                let mut sides = self.body(rest, level);
                while let Some((op, quantifier, right)) = steps.pop() {
                    let right = self.body(right, level);
                    self.sets.push(SetOf { op, quantifier, left: sides.clone(), right: right.clone(), level });
                    sides.extend(right);
                }
                sides
            }
            _ => Vec::new(),
        }
    }

    fn select(&mut self, select: &'a Select, level: usize) -> usize {
        let id = self.selects.len();
        let start = self.pieces.len();
        self.selects.push(Part { select, level, relations: Vec::new(), pieces: start..start });
        for (i, from) in select.from.iter().enumerate() {
            self.from(from, id, i > 0);
        }
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr)
                | SelectItem::ExprWithAlias { expr, .. }
                | SelectItem::ExprWithAliases { expr, .. } => self.piece(expr, Some(id), Clause::Select, 0),
                SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                    let replaced = options.opt_replace.iter().flat_map(|r| &r.items);
                    replaced.for_each(|r| self.piece(&r.expr, Some(id), Clause::Select, 0));
                }
            }
        }
        if let Some(Distinct::On(list)) = &select.distinct {
            list.iter().for_each(|e| self.piece(e, Some(id), Clause::Group, 0));
        }
        if let Some(filter) = &select.selection {
            self.piece(filter, Some(id), Clause::Where, 0);
        }
        if let GroupByExpr::Expressions(list, _) = &select.group_by {
            list.iter().for_each(|e| self.piece(e, Some(id), Clause::Group, 0));
        }
        for (expr, clause) in [(&select.having, Clause::Having), (&select.qualify, Clause::Qualify)] {
            if let Some(expr) = expr {
                self.piece(expr, Some(id), clause, 0);
            }
        }
        self.selects[id].pieces.end = self.pieces.len();
        id
    }

    fn from(&mut self, from: &'a TableWithJoins, select: usize, comma: bool) {
        self.factor(&from.relation, select, None, comma);
        for join in &from.joins {
            let before = self.selects[select].relations.len();
            self.factor(&join.relation, select, Some(&join.join_operator), false);
            let (left, right) = match &join.join_operator {
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => (false, true),
                JoinOperator::Right(_) | JoinOperator::RightOuter(_) => (true, false),
                JoinOperator::FullOuter(_) => (true, true),
                _ => (false, false),
            };
            let (ours, theirs) = self.selects[select].relations.split_at_mut(before);
            ours.iter_mut().for_each(|r| r.outer |= left);
            theirs.iter_mut().for_each(|r| r.outer |= right);
            if let Some(JoinConstraint::On(expr)) = constraint(&join.join_operator) {
                self.piece(expr, Some(select), Clause::On, 0);
            }
        }
    }

    fn factor(&mut self, factor: &'a TableFactor, select: usize, join: Option<&'a JoinOperator>, comma: bool) {
        let (alias, target) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let parts: Vec<String> = name.0.iter().filter_map(|p| p.as_ident()).map(lower).collect();
                let target = match parts.as_slice() {
                    [one] => self.visible.iter().rev().find(|(n, _)| n == one).map(|(_, level)| Target::Level(*level)),
                    [schema, table] => NodeId::stand_in(schema, table).map(Target::Node),
                    _ => None,
                };
                if let Some(Target::Level(level)) = target {
                    self.reads[level] += 1;
                }
                let known_as = parts.last().cloned().unwrap_or_default();
                (alias.as_ref().map_or(known_as, |a| lower(&a.name)), target.unwrap_or(Target::Other))
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let level = self.query(subquery, Role::From);
                (alias.as_ref().map(|a| lower(&a.name)).unwrap_or_default(), Target::Level(level))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.from(table_with_joins, select, comma);
                return;
            }
            TableFactor::Pivot { table, alias, .. } | TableFactor::Unpivot { table, alias, .. } => {
                // What is under a pivot is read, and all of its columns may be.
                self.factor(table, select, join, comma);
                if let Some(inner) = self.selects[select].relations.pop()
                    && let Target::Level(level) = inner.target
                {
                    self.reads[level] += 1;
                }
                (alias.as_ref().map(|a| lower(&a.name)).unwrap_or_default(), Target::Other)
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                array_exprs.iter().for_each(|e| self.piece(e, Some(select), Clause::From, 0));
                (alias.as_ref().map(|a| lower(&a.name)).unwrap_or_default(), Target::Other)
            }
            TableFactor::TableFunction { expr, alias } => {
                self.piece(expr, Some(select), Clause::From, 0);
                (alias.as_ref().map(|a| lower(&a.name)).unwrap_or_default(), Target::Other)
            }
            _ => (String::new(), Target::Other),
        };
        let span = match factor {
            TableFactor::Table { name, .. } => name.span(),
            TableFactor::Derived { alias: Some(alias), .. } => alias.name.span,
            _ => Span::empty(),
        };
        self.selects[select].relations.push(Reads { alias, target, join, comma, outer: false, span });
    }

    /// Chains of operators lean left and may be long: walked, not recursed into.
    fn piece(&mut self, expr: &'a Expr, select: Option<usize>, clause: Clause, depth: u16) {
        let (mut rest, mut depth, mut rights) = (expr, depth, Vec::new());
        loop {
            self.pieces.push(Piece { expr: rest, select, clause, depth });
            let Expr::BinaryOp { left, right, .. } = rest else { break };
            depth = depth.saturating_add(1);
            rights.push((right.as_ref(), depth));
            rest = left;
        }
        children(rest, &mut |child| self.piece(child, select, clause, depth.saturating_add(1)));
        subqueries(rest, &mut |query| {
            self.query(query, Role::Value);
        });
        for (right, depth) in rights.into_iter().rev() {
            self.piece(right, select, clause, depth);
        }
    }

    /// The relation of a select that a column's name means, where its qualifier says so or there is only one.
    pub fn relation(&self, select: usize, expr: &Expr) -> Option<usize> {
        let relations = &self.selects[select].relations;
        match expr {
            Expr::Nested(inner) => self.relation(select, inner),
            Expr::CompoundIdentifier(parts) => {
                let qualifier = lower(parts.len().checked_sub(2).and_then(|i| parts.get(i))?);
                relations.iter().position(|r| r.alias == qualifier)
            }
            Expr::Identifier(_) if relations.len() == 1 => Some(0),
            _ => None,
        }
    }

    /// Where a column comes from, through CTEs and subqueries that pass it on.
    pub fn origin(&self, select: usize, expr: &'a Expr) -> Option<Origin<'a>> {
        let mut name: &'a str = &column(expr)?.value;
        let mut at = (select, self.relation(select, expr)?);
        for _ in 0..32 {
            match self.step(at.0, at.1, name)? {
                Step::Node(node) => return Some(Origin::Node(node, name)),
                Step::Same(select, relation) => at = (select, relation),
                Step::Expr(expr, select) => match (column(expr), self.relation(select, expr)) {
                    (Some(ident), Some(relation)) => (name, at) = (&ident.value, (select, relation)),
                    _ => return Some(Origin::Expr(expr, select)),
                },
            }
        }
        None
    }

    /// What gives a relation of a select its column of a name.
    pub fn step(&self, select: usize, relation: usize, name: &str) -> Option<Step<'a>> {
        let level = match self.selects[select].relations.get(relation)?.target {
            Target::Node(node) => return Some(Step::Node(node)),
            Target::Level(level) => level,
            Target::Other => return None,
        };
        self.given(level, name)
    }

    /// What gives a query its column of a name.
    pub fn given(&self, level: usize, name: &str) -> Option<Step<'a>> {
        if matches!(self.levels.get(level)?.role, Role::Cte(cte) if !cte.alias.columns.is_empty()) {
            return None;
        }
        let select = self.levels[level].select?;
        let part = &self.selects[select];
        let mut star = None;
        for item in &part.select.projection {
            match item {
                SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(name) => {
                    return Some(Step::Expr(expr, select));
                }
                SelectItem::UnnamedExpr(expr) if column(expr).is_some_and(|c| c.value.eq_ignore_ascii_case(name)) => {
                    return Some(Step::Expr(expr, select));
                }
                SelectItem::Wildcard(options) if options.opt_replace.is_none() && options.opt_rename.is_none() => {
                    star = (part.relations.len() == 1).then_some(Step::Same(select, 0));
                }
                _ => {}
            }
        }
        star
    }

    /// Whether a relation has one row at the most, as far as the query shows it.
    pub fn one_row(&self, target: Target) -> bool {
        let Target::Level(level) = target else { return false };
        let query = self.levels[level].query;
        if let Some(LimitClause::LimitOffset { limit: Some(limit), .. }) = &query.limit_clause
            && super::expressions::whole_number(limit) == Some(1)
        {
            return true;
        }
        let Some(select) = self.levels[level].select else { return false };
        let part = &self.selects[select];
        let grouped = is_grouped(part.select);
        let aggregated = part.select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => {
                super::expressions::any(e, &mut super::expressions::is_aggregate)
            }
            _ => false,
        });
        let passes = part.relations.len() == 1 && self.one_row(part.relations[0].target);
        part.select.from.is_empty() || aggregated && !grouped || passes
    }
}

/// What a join is on.
pub fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(c)
        | JoinOperator::Inner(c)
        | JoinOperator::Left(c)
        | JoinOperator::LeftOuter(c)
        | JoinOperator::Right(c)
        | JoinOperator::RightOuter(c)
        | JoinOperator::FullOuter(c)
        | JoinOperator::CrossJoin(c)
        | JoinOperator::Semi(c)
        | JoinOperator::LeftSemi(c)
        | JoinOperator::RightSemi(c)
        | JoinOperator::Anti(c)
        | JoinOperator::LeftAnti(c)
        | JoinOperator::RightAnti(c)
        | JoinOperator::StraightJoin(c)
        | JoinOperator::AsOf { constraint: c, .. } => Some(c),
        _ => None,
    }
}
