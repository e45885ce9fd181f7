//! `columns(…)` of DuckDB: an expression that stands for as many as there are columns.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, SelectItem, VisitMut, VisitorMut,
};

use super::joins::all_columns;
use super::projection::{Projection, columns_call, implied_name};
use super::relation::{Column, Env, lower};
use super::{Named, Resolver};
use crate::sql::parse::any_expression;
use crate::vocabulary::Dialect;

impl<R: Named> Resolver<'_, R> {
    /// Whether an item stands for several columns; if so, they are in `out`.
    pub(super) fn spread(&mut self, item: &SelectItem, env: &mut Env<'_>, out: &mut Projection) -> bool {
        let (expr, alias) = match item {
            SelectItem::UnnamedExpr(expr) => (expr, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(lower(alias))),
            _ => return false,
        };
        if self.strict || !self.reads_as(&[Dialect::DuckDb]) {
            return false;
        }
        let mut call = None;
        any_expression(expr, |e| {
            call = columns_call(e).cloned();
            call.is_some()
        });
        let Some(call) = call else { return false };
        let Some(chosen) = chosen(&call, env) else {
            out.open = true;
            return true;
        };
        out.open |= env.rels.iter().any(|r| r.table.open);
        for (rel, column) in chosen {
            let plain = Some((rel, column.name.clone())).filter(|_| columns_call(expr).is_some());
            let name = alias.clone().unwrap_or_else(|| column.name.clone());
            let mut one = expr.clone();
            let qualifier = Some(env.rels[rel].alias.clone()).filter(|a| !a.is_empty());
            let _ = one.visit(&mut One { qualifier, column: &column.name });
            let value = self.expr(&one, env);
            out.push(Column { name, value, partition: None }, plain, None);
        }
        true
    }
}

/// The columns that a call chooses: by a regular expression, or all but some; none where nobody can tell.
fn chosen(call: &Function, env: &Env<'_>) -> Option<Vec<(usize, Column)>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let mut of = None;
    let mut but = BTreeSet::new();
    let pattern = match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Wildcard), rest @ ..] => {
            but = excluded(rest)?;
            String::new()
        }
        [FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)), rest @ ..] => {
            of = Some(name.0.last().and_then(|p| p.as_ident()).map(lower)?);
            but = excluded(rest)?;
            String::new()
        }
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(v)))] => v.value.clone().into_string()?,
        _ => return None,
    };
    let pattern = regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build().ok()?;
    let mut out = Vec::new();
    for (i, rel) in env.rels.iter().enumerate().filter(|(_, r)| of.as_ref().is_none_or(|of| r.alias == *of)) {
        let fits = |c: &Column| pattern.is_match(&c.name) && !but.contains(&c.name);
        out.extend(all_columns(rel).filter(|(_, c)| fits(c)).map(|(_, column)| (i, column)));
    }
    Some(out)
}

/// The names that are left out, behind the star.
fn excluded(args: &[FunctionArg]) -> Option<BTreeSet<String>> {
    let of = |expr: &Expr| Some(implied_name(expr)).filter(|n| !n.is_empty());
    match args {
        [] => Some(BTreeSet::new()),
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(names)))] => names.iter().map(of).collect(),
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(name))] => of(name).map(|n| BTreeSet::from([n])),
        _ => None,
    }
}

/// Puts one column in the place of the call.
struct One<'c> {
    qualifier: Option<String>,
    column: &'c str,
}

impl VisitorMut for One<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(call) = columns_call(expr) {
            let span = call.name.0.first().and_then(|p| p.as_ident()).map(|i| i.span);
            let ident =
                |name: &str| Ident { span: span.unwrap_or(sqlparser::tokenizer::Span::empty()), ..Ident::new(name) };
            let names = self.qualifier.iter().map(String::as_str).chain([self.column]);
            *expr = Expr::CompoundIdentifier(names.map(ident).collect());
        }
        ControlFlow::Continue(())
    }
}
