//! What rules ask of an expression.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, GroupByExpr, Ident, Query, Select, Subscript, Value, WindowSpec,
    WindowType,
};

/// An identifier as it is compared.
pub fn lower(ident: &Ident) -> String {
    ident.value.to_ascii_lowercase()
}

/// The parts of an expression, queries in it left out.
pub fn children<'a>(expr: &'a Expr, look: &mut dyn FnMut(&'a Expr)) {
    match expr {
        Expr::CompoundFieldAccess { root, access_chain } => {
            look(root);
            for access in access_chain {
                if let AccessExpr::Subscript(Subscript::Index { index }) = access {
                    look(index);
                }
            }
        }
        Expr::JsonAccess { value: e, .. }
        | Expr::IsFalse(e)
        | Expr::IsNotFalse(e)
        | Expr::IsTrue(e)
        | Expr::IsNotTrue(e)
        | Expr::IsNull(e)
        | Expr::IsNotNull(e)
        | Expr::IsUnknown(e)
        | Expr::IsNotUnknown(e)
        | Expr::InSubquery { expr: e, .. }
        | Expr::UnaryOp { expr: e, .. }
        | Expr::Cast { expr: e, .. }
        | Expr::Convert { expr: e, .. }
        | Expr::Extract { expr: e, .. }
        | Expr::Ceil { expr: e, .. }
        | Expr::Floor { expr: e, .. }
        | Expr::Collate { expr: e, .. }
        | Expr::Nested(e)
        | Expr::Named { expr: e, .. }
        | Expr::Prefixed { value: e, .. }
        | Expr::Prior(e)
        | Expr::OuterJoin(e) => look(e),
        Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => {
            look(a);
            look(b);
        }
        Expr::BinaryOp { left: a, right: b, .. }
        | Expr::AnyOp { left: a, right: b, .. }
        | Expr::AllOp { left: a, right: b, .. }
        | Expr::InUnnest { expr: a, array_expr: b, .. }
        | Expr::Position { expr: a, r#in: b }
        | Expr::AtTimeZone { timestamp: a, time_zone: b }
        | Expr::Like { expr: a, pattern: b, .. }
        | Expr::ILike { expr: a, pattern: b, .. }
        | Expr::SimilarTo { expr: a, pattern: b, .. }
        | Expr::RLike { expr: a, pattern: b, .. } => {
            look(a);
            look(b);
        }
        Expr::InList { expr, list, .. } => {
            look(expr);
            list.iter().for_each(look);
        }
        Expr::Between { expr, low, high, .. } => {
            look(expr);
            look(low);
            look(high);
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            look(expr);
            [substring_from, substring_for].into_iter().flatten().for_each(|e| look(e));
        }
        Expr::Trim { expr, trim_what, .. } => {
            look(expr);
            trim_what.iter().for_each(|e| look(e));
        }
        Expr::Overlay { expr, overlay_what, .. } => {
            look(expr);
            look(overlay_what);
        }
        Expr::Interval(interval) => look(&interval.value),
        Expr::Case { operand, conditions, else_result, .. } => {
            operand.iter().for_each(|e| look(e));
            for when in conditions {
                look(&when.condition);
                look(&when.result);
            }
            else_result.iter().for_each(|e| look(e));
        }
        Expr::Tuple(items) | Expr::Struct { values: items, .. } => items.iter().for_each(look),
        Expr::Array(array) => array.elem.iter().for_each(look),
        Expr::Lambda(lambda) => look(&lambda.body),
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => sets.iter().flatten().for_each(look),
        Expr::Function(function) => of_function(function, look),
        _ => {}
    }
}

fn of_function<'a>(function: &'a Function, look: &mut dyn FnMut(&'a Expr)) {
    arguments(function).for_each(&mut *look);
    if let FunctionArguments::List(list) = &function.args {
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(list) => list.iter().for_each(|o| look(&o.expr)),
                FunctionArgumentClause::Where(e) => look(e),
                _ => {}
            }
        }
    }
    function.filter.iter().for_each(|e| look(e));
    function.within_group.iter().for_each(|o| look(&o.expr));
    if let Some(window) = window(function) {
        window.partition_by.iter().for_each(&mut *look);
        window.order_by.iter().for_each(|o| look(&o.expr));
    }
}

/// The queries that stand right in an expression.
pub fn subqueries<'a>(expr: &'a Expr, look: &mut dyn FnMut(&'a Query)) {
    match expr {
        Expr::InSubquery { subquery, .. } | Expr::Exists { subquery, .. } => look(subquery),
        Expr::Subquery(query) => look(query),
        Expr::Function(Function { args: FunctionArguments::Subquery(query), .. }) => look(query),
        _ => {}
    }
}

/// Whether an expression or a part of it passes a test, queries left out.
pub fn any(expr: &Expr, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
    // Chains of operators lean left and may be long: walked, not recursed into.
    let (mut rest, mut rights) = (expr, Vec::new());
    loop {
        if test(rest) {
            return true;
        }
        let Expr::BinaryOp { left, right, .. } = rest else { break };
        rights.push(right.as_ref());
        rest = left;
    }
    let mut found = false;
    children(rest, &mut |child| found = found || any(child, test));
    found || rights.into_iter().rev().any(|right| any(right, test))
}

/// The arguments of a call.
pub fn arguments(function: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|arg| match arg {
        FunctionArg::Named { arg: FunctionArgExpr::Expr(e), .. }
        | FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(e), .. }
        | FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
        _ => None,
    })
}

/// The window of a call, where it is written out.
pub fn window(function: &Function) -> Option<&WindowSpec> {
    match &function.over {
        Some(WindowType::WindowSpec(window)) => Some(window),
        _ => None,
    }
}

/// Whether a call is of a function of this name.
pub fn is_named(function: &Function, name: &str) -> bool {
    function.name.0.last().and_then(|p| p.as_ident()).is_some_and(|i| i.value.eq_ignore_ascii_case(name))
}

/// Whether a call is of one of these functions.
pub fn is_one_of(function: &Function, names: &[&str]) -> bool {
    names.iter().any(|name| is_named(function, name))
}

/// A call of one of these functions, brackets around it left out.
pub fn call<'a>(expr: &'a Expr, names: &[&str]) -> Option<&'a Function> {
    match bare(expr) {
        Expr::Function(function) if is_one_of(function, names) => Some(function),
        _ => None,
    }
}

/// Whether a call has `distinct`.
pub fn is_distinct(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(l) if l.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

const AGGREGATES: &[&str] = &[
    "sum",
    "count",
    "avg",
    "mean",
    "median",
    "min",
    "max",
    "any_value",
    "stddev",
    "variance",
    "string_agg",
    "listagg",
    "array_agg",
    "group_concat",
    "count_if",
    "countif",
    "bool_or",
    "bool_and",
    "approx_count_distinct",
    "min_by",
    "max_by",
    "arg_min",
    "arg_max",
    "percentile_cont",
    "logical_or",
    "logical_and",
    "boolor_agg",
    "mode",
    "approx_quantiles",
    "object_agg",
    "array_concat_agg",
    "hll",
    "sumif",
    "sum_if",
];

/// Whether an expression is a call of an aggregate that is not a window's.
pub fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(f) if f.over.is_none() && is_one_of(f, AGGREGATES))
}

/// An expression without the brackets around it.
pub fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// The name of the column that an expression is and nothing but.
pub fn column(expr: &Expr) -> Option<&Ident> {
    match bare(expr) {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
}

/// Whether a select groups its rows.
pub fn is_grouped(select: &Select) -> bool {
    !matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty())
}

/// Whether two expressions are columns of one name, with the same qualifier where both have one.
pub fn same_column(a: &Expr, b: &Expr) -> bool {
    let qualifier = |e: &Expr| match bare(e) {
        Expr::CompoundIdentifier(parts) => parts.len().checked_sub(2).map(|i| lower(&parts[i])),
        _ => None,
    };
    match (column(a), column(b)) {
        (Some(x), Some(y)) if x.value.eq_ignore_ascii_case(&y.value) => {
            let (x, y) = (qualifier(a), qualifier(b));
            x == y || x.is_none() || y.is_none()
        }
        _ => false,
    }
}

/// The text of a literal.
pub fn text(expr: &Expr) -> Option<&str> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(s) | Value::DoubleQuotedString(s) => Some(s),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number that stands there as such.
pub fn whole_number(expr: &Expr) -> Option<u64> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether it is `null`.
pub fn is_null(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(v) if v.value == Value::Null)
}

/// Whether it is a literal other than null, a sign before it allowed.
pub fn is_literal(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Value(v) => v.value != Value::Null,
        Expr::TypedString(_) => true,
        Expr::UnaryOp { expr, .. } | Expr::Cast { expr, .. } => is_literal(expr),
        _ => false,
    }
}

/// The parts of `a and b and c`.
pub fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    let mut out = Vec::new();
    split(expr, &BinaryOperator::And, true, &mut out);
    out
}

/// The parts of `a or b or c`; brackets are not opened.
pub fn alternatives(expr: &Expr) -> Vec<&Expr> {
    let mut out = Vec::new();
    split(expr, &BinaryOperator::Or, false, &mut out);
    out
}

fn split<'a>(expr: &'a Expr, by: &BinaryOperator, brackets: bool, out: &mut Vec<&'a Expr>) {
    let mut rights = Vec::new();
    let mut rest = if brackets { bare(expr) } else { expr };
    while let Expr::BinaryOp { left, op, right } = rest
        && op == by
    {
        rights.push(right.as_ref());
        rest = if brackets { bare(left) } else { left };
    }
    out.push(rest);
    for right in rights.into_iter().rev() {
        match bare(right) {
            Expr::BinaryOp { op, .. } if op == by && (brackets || !matches!(right, Expr::Nested(_))) => {
                split(right, by, brackets, out);
            }
            _ => out.push(right),
        }
    }
}

/// Whether it compares: `=`, `<>`, `<`, …
pub fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// The words of a name, each of one thing: `order_item_id` is order, item, id; `open_policies` is open, policy.
pub fn words(name: &str) -> Vec<String> {
    name.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(singular)
        .collect()
}

/// A word without the end that English gives to several; those that only look so are left.
fn singular(word: &str) -> String {
    const OF_IE: &[&str] = &["movies", "cookies", "calories", "series", "species"];
    let one = match word {
        w if w.len() > 4 && w.ends_with("ies") && !OF_IE.contains(&w) => return format!("{}y", &w[..w.len() - 3]),
        w if ["series", "species"].contains(&w) || ["ss", "us", "is"].iter().any(|end| w.ends_with(end)) => w,
        w if w != "caches" && ["sses", "xes", "ches", "shes", "zzes"].iter().any(|end| w.ends_with(end)) => {
            &w[..w.len() - 2]
        }
        w => w.strip_suffix('s').filter(|s| s.len() > 2).unwrap_or(w),
    };
    one.to_owned()
}

/// `shipped` and `shipment`, `paid` and `payment`.
pub fn near(a: &str, b: &str) -> bool {
    let alike = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    alike >= 4 || alike >= 2 && (a.starts_with("pa") && b.starts_with("pa"))
}
