//! Which columns' values a column of a query shows as they are: named, cast, trimmed, in another case, or put beside others
//! in one text.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Select, SelectItem,
    SetExpr, TableFactor,
};

/// Queries and branches that are followed; of what is left nothing is said.
const STEPS: usize = 500;
/// Functions that give their first argument's values.
const KEEPS: &[&str] =
    &["lower", "upper", "trim", "initcap", "coalesce", "nullif", "ltrim", "rtrim", "max", "min", "any_value"];
/// Functions that put texts beside each other.
const JOINS: &[&str] = &["concat", "concat_ws"];

/// A column of a query.
#[derive(Clone, Copy)]
enum Which<'c> {
    Name(&'c str),
    Place(usize),
}

/// Queries by the names that they have around.
type Named<'q> = Vec<(&'q str, &'q Query)>;

/// The names of the columns, of tables that are no part of the query, whose values a column of it shows.
pub(super) fn columns(query: &Query, column: &str) -> Vec<String> {
    of_query(query, Which::Name(column), &Vec::new(), &mut { STEPS })
}

fn of_query(query: &Query, which: Which<'_>, outer: &Named<'_>, steps: &mut usize) -> Vec<String> {
    let mut ctes: Named<'_> = outer.clone();
    ctes.extend(query.with.iter().flat_map(|w| &w.cte_tables).map(|cte| (cte.alias.name.value.as_str(), &*cte.query)));
    of_body(&query.body, which, &ctes, steps)
}

fn of_body(body: &SetExpr, which: Which<'_>, ctes: &Named<'_>, steps: &mut usize) -> Vec<String> {
    if *steps == 0 {
        return Vec::new();
    }
    *steps -= 1;
    match body {
        SetExpr::Select(select) => of_select(select, which, ctes, steps),
        SetExpr::Query(query) => of_query(query, which, ctes, steps),
        SetExpr::SetOperation { left, right, .. } => {
            let mut out = of_body(left, which, ctes, steps);
            // The first names the columns of all; the others are by place.
            let there = match which {
                Which::Name(name) => place(left, name).map_or(which, Which::Place),
                Which::Place(_) => which,
            };
            out.extend(of_body(right, there, ctes, steps));
            out
        }
        _ => Vec::new(),
    }
}

/// The place of a column, where nothing before it is a `*`.
fn place(body: &SetExpr, column: &str) -> Option<usize> {
    match body {
        SetExpr::Select(select) => {
            let plain = select.projection.iter().take_while(|item| !is_star(item));
            plain.into_iter().position(|item| is_named(item, column))
        }
        SetExpr::Query(query) => place(&query.body, column),
        SetExpr::SetOperation { left, .. } => place(left, column),
        _ => None,
    }
}

fn of_select(select: &Select, which: Which<'_>, ctes: &Named<'_>, steps: &mut usize) -> Vec<String> {
    let item = match which {
        Which::Name(name) => select.projection.iter().find(|item| is_named(item, name)),
        Which::Place(at) => {
            let before = select.projection.get(..=at).unwrap_or_default();
            before.last().filter(|_| !before.iter().any(is_star))
        }
    };
    match (item, which) {
        (Some(SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)), _) => {
            let mut named = Vec::new();
            shows(expr, &mut named);
            named.iter().flat_map(|name| from(select, name, ctes, &mut *steps)).collect()
        }
        (None, Which::Name(name)) if select.projection.iter().any(is_star) => from(select, name, ctes, steps),
        _ => Vec::new(),
    }
}

/// Where a column comes from that a select names.
fn from(select: &Select, name: &str, ctes: &Named<'_>, steps: &mut usize) -> Vec<String> {
    let tables =
        select.from.iter().flat_map(|f| std::iter::once(&f.relation).chain(f.joins.iter().map(|j| &j.relation)));
    let mut out = None;
    for table in tables {
        let inner = match table {
            TableFactor::Table { name: called, .. } => {
                let called = called.0.last().and_then(|p| p.as_ident()).map(|i| i.value.as_str()).unwrap_or_default();
                // A CTE may read a table of its own name.
                ctes.iter()
                    .rposition(|(n, _)| n.eq_ignore_ascii_case(called))
                    .map(|at| (ctes[at].1, ctes[..at].to_vec()))
            }
            TableFactor::Derived { subquery, .. } => Some((&**subquery, ctes.clone())),
            _ => None,
        };
        if let Some((query, around)) = inner.filter(|(query, _)| mentions(&query.body, name)) {
            out.get_or_insert_with(Vec::new).extend(of_query(query, Which::Name(name), &around, steps));
        }
    }
    out.unwrap_or_else(|| vec![name.to_owned()])
}

/// Whether a query names a column, or gives all that it reads.
fn mentions(body: &SetExpr, column: &str) -> bool {
    match body {
        SetExpr::Select(select) => select.projection.iter().any(|item| is_star(item) || is_named(item, column)),
        SetExpr::Query(query) => mentions(&query.body, column),
        SetExpr::SetOperation { left, .. } => mentions(left, column),
        _ => false,
    }
}

fn is_star(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
}

fn is_named(item: &SelectItem, column: &str) -> bool {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => alias.value.eq_ignore_ascii_case(column),
        SelectItem::UnnamedExpr(expr) => last(expr).is_some_and(|n| n.eq_ignore_ascii_case(column)),
        _ => false,
    }
}

fn last(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(ident) => Some(&ident.value),
        Expr::CompoundIdentifier(parts) => parts.last().map(|i| i.value.as_str()),
        _ => None,
    }
}

/// The columns whose values an expression shows.
fn shows(expr: &Expr, out: &mut Vec<String>) {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => out.extend(last(expr).map(str::to_owned)),
        Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::Trim { expr, .. } => shows(expr, out),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => {
            shows(left, out);
            shows(right, out);
        }
        Expr::Function(function) => of_function(function, out),
        _ => {}
    }
}

fn of_function(function: &Function, out: &mut Vec<String>) {
    let name = function.name.0.last().and_then(|p| p.as_ident()).map(|i| i.value.to_lowercase()).unwrap_or_default();
    let FunctionArguments::List(list) = &function.args else { return };
    let taken =
        if JOINS.contains(&name.as_str()) { list.args.len() } else { usize::from(KEEPS.contains(&name.as_str())) };
    for argument in list.args.iter().take(taken) {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
            shows(expr, out);
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn what_is_shown() {
        for (sql, column, want) in [
            ("select lower(t.email) as contact from t", "contact", vec!["email"]),
            ("select md5(email) as contact from t", "contact", vec![]),
            ("select code || ' / ' || email as label from t", "label", vec!["code", "email"]),
            ("select concat(first, ' ', last) as name from t", "name", vec!["first", "last"]),
            ("select a as key from t union all select ssn as key from u", "key", vec!["a", "ssn"]),
            ("select a as key, b from t union all select b, ssn from u", "b", vec!["b", "ssn"]),
            ("with c as (select ssn as k from t) select k from c", "k", vec!["ssn"]),
            ("with c as (select md5(ssn) as k from t) select k from c", "k", vec![]),
            ("with c as (select * from t) select * from c", "ssn", vec!["ssn"]),
            ("with t as (select md5(ssn) as ssn from t) select * from t", "ssn", vec![]),
            (
                "with a as (select ssn from t), b as (select x from u) select b.x, a.ssn from a join b using (i)",
                "ssn",
                vec!["ssn"],
            ),
            ("select count(email) as n from t", "n", vec![]),
        ] {
            let mut parsed = Parser::parse_sql(&GenericDialect {}, sql).unwrap_or_default();
            let Some(sqlparser::ast::Statement::Query(query)) = parsed.pop() else { panic!("{sql}") };
            assert_eq!(columns(&query, column), want, "{sql}");
        }
    }
}
