//! `match_recognize`: rows that follow a pattern, as one row for each match or with what the match says beside each.

use sqlparser::ast::{Expr, MatchRecognizePattern, RowsPerMatch, TableFactor};
use sqlparser::tokenizer::Location;

use super::factor::aliased;
use super::projection::implied_name;
use super::relation::{Env, Rel, lower};
use super::rows::table_of;
use super::value::Value;
use super::{Named, Resolver, Usage};

impl<R: Named> Resolver<'_, R> {
    /// Puts what the matches give into `env`; gives where the table stands.
    pub(super) fn matches(&mut self, factor: &TableFactor, env: &mut Env<'_>) -> (Location, usize) {
        let TableFactor::MatchRecognize {
            table,
            partition_by,
            order_by,
            measures,
            rows_per_match,
            pattern,
            symbols,
            alias,
            ..
        } = factor
        else {
            return (Location { line: 1, column: 1 }, 1);
        };
        let mut inner = Env::within(env.ctes, env.parent);
        let at = self.factor(table, &mut inner);
        // A part of the pattern goes for the rows that it stands for.
        let mut names = Vec::new();
        symbols_of(pattern, &mut names);
        let rows = inner.rels.first().map(|r| r.table.clone()).unwrap_or_default();
        let parts = Env {
            rels: names.iter().map(|name| Rel::new(name, rows.clone())).collect(),
            ..Env::within(env.ctes, env.parent)
        };
        let inner = Env { parent: Some(&parts), groups: true, ..inner };
        let mut columns: Vec<(String, Value)> = Vec::new();
        let each = matches!(rows_per_match, Some(RowsPerMatch::AllRows(_)));
        if each {
            let all =
                inner.rels.iter().flat_map(|r| r.visible().map(|i| (r.table.columns[i].name.clone(), r.value(i))));
            columns.extend(all);
        }
        for expr in partition_by {
            let value = self.expr(expr, &inner);
            self.read(Usage::Group, &value);
            if !each {
                columns.push((implied_name(expr), value));
            }
        }
        for expr in order_by.iter().map(|o| &o.expr).chain(symbols.iter().map(|s| &s.definition)) {
            let value = self.expr(expr, &inner);
            self.read(Usage::Filter, &value);
        }
        for measure in measures {
            let value = self.measure(&measure.expr, &inner);
            columns.push((lower(&measure.alias), value));
        }
        let mut made = table_of(columns);
        if inner.rels.iter().any(|r| r.table.open)
            && let Some(table) = std::rc::Rc::get_mut(&mut made)
        {
            table.open = each;
        }
        env.rels.push(aliased(made, alias.as_ref(), ""));
        at
    }

    /// What a match says of its rows; those of a part of it may be none.
    fn measure(&mut self, expr: &Expr, inner: &Env<'_>) -> Value {
        let value = self.expr(expr, inner);
        let nullable = value.nullable.filter(|n| *n || matches!(expr, Expr::Function(f) if super::call::never_null(f)));
        value.nullable(nullable)
    }
}

/// The parts that a pattern names.
fn symbols_of(pattern: &MatchRecognizePattern, names: &mut Vec<String>) {
    use MatchRecognizePattern as P;
    use sqlparser::ast::MatchRecognizeSymbol as S;
    match pattern {
        P::Symbol(S::Named(name)) | P::Exclude(S::Named(name)) => {
            let name = lower(name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        P::Permute(symbols) => symbols.iter().for_each(|s| symbols_of(&P::Symbol(s.clone()), names)),
        P::Concat(parts) | P::Alternation(parts) => parts.iter().for_each(|p| symbols_of(p, names)),
        P::Group(inner) | P::Repetition(inner, _) => symbols_of(inner, names),
        _ => {}
    }
}
