//! A query as rules see it: laid out, with what was noticed where, and places in the file as written.

use std::sync::Arc;

use sqlparser::ast::{Expr, JoinConstraint, JoinOperator, ObjectName, Spanned};
use sqlparser::tokenizer::{Location, Span};

use super::Query;
use super::expressions::{bare, call, column, is_literal, is_named, is_null};
use super::outline::{Outline, Role, Step, Target};
use crate::check::said;
use crate::dbt::{Node, NodeId};
use crate::sql::jinja::Rendered;
use crate::sql::{ColumnType, Resolved, SeenColumn, Text};
use crate::vocabulary::{Diagnostic, Fix, Place};

/// One of the queries that a node can be: as built anew, or as an incremental run has it.
#[derive(Clone, Copy)]
pub struct View<'q, 'a> {
    /// What is looked at.
    pub query: &'q Query<'a>,
    /// It, laid out.
    pub outline: &'q Outline<'a>,
    /// The rendered SQL.
    pub rendered: &'a Rendered,
    /// What it makes.
    pub resolved: &'a Resolved<NodeId>,
}

impl<'a> Query<'a> {
    /// The query as the table is built anew.
    pub fn full(&self) -> View<'_, 'a> {
        View { query: self, outline: &self.outline, rendered: self.rendered, resolved: self.resolved }
    }

    /// The query as an incremental run has it, where that is another.
    pub fn again(&self) -> Option<View<'_, 'a>> {
        let (_, rendered, resolved) = self.incremental?;
        Some(View { query: self, outline: self.incremental_outline.as_ref()?, rendered, resolved })
    }

    /// Whether the node is built as `materialized`.
    pub fn is(&self, materialized: &str) -> bool {
        self.node.config.materialized.as_deref() == Some(materialized)
    }
}

/// Where a finding begins, however wide it is.
pub fn start(place: &Place) -> (&str, Option<usize>, Option<usize>) {
    (&place.file, place.line, place.column)
}

impl<'a> View<'_, 'a> {
    /// Where a stretch of the rendered SQL stands in the file.
    pub fn place(&self, span: Span) -> Place {
        let node = self.query.node;
        let width =
            if span.start.line == span.end.line { span.end.column.saturating_sub(span.start.column) } else { 1 };
        let text = Text::new(&node.path, "", &node.text);
        let (line, column) = (span.start.line.max(1) as usize, span.start.column.max(1) as usize);
        self.rendered.place(&text, line, column, (width as usize).max(1))
    }

    /// A finding at a stretch of the rendered SQL.
    pub fn at(&self, span: Span, finding: Diagnostic) -> Diagnostic {
        finding.at(self.place(span))
    }

    /// What the column is that an expression is.
    pub fn seen(&self, expr: &Expr) -> Option<SeenColumn> {
        self.resolved.facts.column(match bare(expr) {
            Expr::Identifier(ident) => ident.span.start,
            Expr::CompoundIdentifier(parts) => parts.first()?.span.start,
            _ => return None,
        })
    }

    /// The relation of its select that a column is of.
    pub fn relation(&self, select: usize, expr: &Expr) -> Option<usize> {
        let known = self.outline.relation(select, expr);
        known.or_else(|| {
            let at = usize::from(self.seen(expr)?.relation?);
            (at < self.outline.selects[select].relations.len() && !self.is_merged(select, expr)).then_some(at)
        })
    }

    /// Whether a column is one of those that a full join with `using` makes of both sides.
    fn is_merged(&self, select: usize, expr: &Expr) -> bool {
        let Expr::Identifier(name) = bare(expr) else { return false };
        self.outline.selects[select].relations.iter().any(|r| match r.join {
            Some(JoinOperator::FullOuter(JoinConstraint::Using(columns))) => {
                let last = |c: &ObjectName| c.0.last().and_then(|p| p.as_ident()).map(|i| i.value.clone());
                columns.iter().filter_map(last).any(|c| c.eq_ignore_ascii_case(&name.value))
            }
            Some(JoinOperator::FullOuter(JoinConstraint::Natural)) => true,
            _ => false,
        })
    }

    /// Whether the relation of a column has one of these words in its name: of a node, a CTE, or its alias.
    pub fn is_of(&self, select: usize, expr: &Expr, words: &[&str]) -> bool {
        let Some(relation) = self.relation(select, expr) else { return false };
        self.names_of(select, relation).iter().any(|w| words.contains(&w.as_str()))
    }

    /// The words in the names of a relation: of its node or CTE, and its alias.
    pub fn names_of(&self, select: usize, relation: usize) -> Vec<String> {
        let relation = &self.outline.selects[select].relations[relation];
        let name = match relation.target {
            Target::Node(id) => self.node(id).map(|n| n.name.clone()),
            Target::Level(level) => match self.outline.levels[level].role {
                Role::Cte(cte) => Some(cte.alias.name.value.clone()),
                _ => None,
            },
            Target::Other => None,
        };
        let mut out = super::expressions::words(&relation.alias);
        out.extend(name.as_deref().map(super::expressions::words).unwrap_or_default());
        out
    }

    /// The same with those of the node that a CTE does nothing but pass on.
    pub fn all_names_of(&self, select: usize, relation: usize) -> Vec<String> {
        let mut out = self.names_of(select, relation);
        let mut target = self.outline.selects[select].relations.get(relation).map(|r| r.target);
        for _ in 0..8 {
            let Some(Target::Level(level)) = target else { break };
            let Some(inner) = self.outline.levels[level].select else { break };
            let [only] = self.outline.selects[inner].relations.as_slice() else { break };
            out.extend(self.names_of(inner, 0));
            target = Some(only.target);
        }
        out
    }

    /// Its type, where it is a column of a known one.
    pub fn column_type(&self, expr: &Expr) -> ColumnType {
        self.seen(expr).map(|c| c.column_type).unwrap_or_default()
    }

    /// The node at a place of the project.
    pub fn node(&self, id: NodeId) -> Option<&'a Node> {
        self.query.project.nodes.get(id as usize).map(Arc::as_ref)
    }

    /// Whether an expression can be null, where that is known.
    pub fn nullable(&self, select: usize, expr: &'a Expr) -> Option<bool> {
        self.nullable_to(select, expr, 0)
    }

    fn nullable_to(&self, select: usize, expr: &'a Expr, depth: usize) -> Option<bool> {
        if depth > 16 {
            return None;
        }
        if let Some(name) = column(expr) {
            let known = self.seen(expr).and_then(|c| c.nullable);
            let asked = || self.nullable_column(select, self.relation(select, expr)?, &name.value, depth);
            // What a group must have is known here alone.
            return match known {
                Some(false) => known,
                _ => asked().filter(|n| !n).or(known).or_else(asked),
            };
        }
        match bare(expr) {
            e if is_null(e) => Some(true),
            e if is_literal(e) => Some(false),
            Expr::Case { else_result: None, .. } => Some(true),
            Expr::Case { conditions, else_result: Some(otherwise), .. } => {
                let results = conditions.iter().map(|w| &w.result).chain(std::iter::once(otherwise.as_ref()));
                let all: Vec<Option<bool>> = results.map(|e| self.nullable_to(select, e, depth + 1)).collect();
                if all.contains(&Some(true)) {
                    Some(true)
                } else {
                    all.iter().all(|n| *n == Some(false)).then_some(false)
                }
            }
            Expr::Function(f) if is_named(f, "nullif") => Some(true),
            Expr::Function(f) if is_named(f, "count") => Some(false),
            e if call(e, &["coalesce", "ifnull", "nvl"]).is_some() => {
                let function = call(e, &["coalesce", "ifnull", "nvl"])?;
                let mut parts = super::expressions::arguments(function);
                parts.any(|e| self.nullable_to(select, e, depth + 1) == Some(false)).then_some(false)
            }
            _ => None,
        }
    }

    fn nullable_column(&self, select: usize, relation: usize, name: &'a str, depth: usize) -> Option<bool> {
        if depth > 16 {
            return None;
        }
        let part = &self.outline.selects[select];
        let is = |e: &Expr| {
            column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name)) && self.relation(select, e) == Some(relation)
        };
        if part.conditions().any(|f| rejects_null(f, &is)) {
            return Some(false);
        }
        if part.relations.get(relation)?.outer {
            return Some(true);
        }
        self.nullable_inside(select, relation, name, depth)
    }

    /// Whether a column of a relation can be null where its row is there.
    pub fn nullable_in_row(&self, select: usize, expr: &'a Expr) -> Option<bool> {
        self.nullable_inside(select, self.relation(select, expr)?, &column(expr)?.value, 0)
    }

    fn nullable_inside(&self, select: usize, relation: usize, name: &'a str, depth: usize) -> Option<bool> {
        match self.outline.step(select, relation, name)? {
            Step::Node(id) => self.said_nullable(id, name),
            Step::Same(select, relation) => self.nullable_column(select, relation, name, depth + 1),
            Step::Expr(inner, at) => self.nullable_to(at, inner, depth + 1),
        }
    }

    /// Whether a node's column can be null by what is said of it: by its tests and its description. It can too where
    /// others of the table are tested for nulls and it is not.
    pub(super) fn said_nullable(&self, id: NodeId, name: &str) -> Option<bool> {
        let described = self.node(id)?.described.as_ref()?;
        let column = described.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))?;
        if let Some(said) = said::null(column) {
            return Some(said);
        }
        if column.tests.iter().any(|t| t.name == "unique") {
            return Some(false);
        }
        described.columns.iter().any(said::is_filled).then_some(true)
    }

    /// A fix that puts `by` in the place of the text between two places of one line, where the file has it so.
    pub fn fix(&self, from: Location, to: Location, by: &str) -> Option<Fix> {
        if from.line != to.line || to.column <= from.column {
            return None;
        }
        let nth = |text: &'a str, line: usize| text.lines().nth(line.checked_sub(1)?);
        let rendered = nth(&self.rendered.sql, usize::try_from(from.line).ok()?)?;
        let (start, width) = (usize::try_from(from.column).ok()? - 1, usize::try_from(to.column - from.column).ok()?);
        let place = self.place(Span::new(from, to));
        let line = nth(&self.query.node.text, place.line?)?;
        let at = line.char_indices().nth(place.column?.checked_sub(1)?)?.0;
        let wanted: String = rendered.chars().skip(start).take(width).collect();
        let at = line[at..]
            .starts_with(&wanted)
            .then(|| line.as_ptr() as usize - self.query.node.text.as_ptr() as usize + at)?;
        Fix::bytes(place.file, &self.query.node.text, at..at + wanted.len(), by)
    }
}

/// Whether a condition keeps no row in which a column, told by `is`, is null.
pub(super) fn rejects_null(condition: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    match condition {
        Expr::IsNotNull(e) => is(e),
        Expr::BinaryOp { left, op, right } => super::expressions::compares(op) && (is(left) || is(right)),
        Expr::InList { expr, negated: false, .. } | Expr::Between { expr, negated: false, .. } => is(expr),
        _ => false,
    }
}

/// Where an expression stands.
pub fn span(expr: &Expr) -> Span {
    match expr {
        Expr::Function(f) => f.name.span(),
        // Joining the spans of a long chain is for the parser; its ends are enough.
        Expr::BinaryOp { left, right, .. } => {
            let mut first = left;
            while let Expr::BinaryOp { left, .. } = first.as_ref() {
                first = left;
            }
            Span::new(span(first).start, span(right).end)
        }
        _ => expr.span(),
    }
}
