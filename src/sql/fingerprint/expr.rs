//! Expressions.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator,
    FunctionArgumentClause, FunctionArguments, Ident, NamedWindowExpr, OrderByExpr, OrderBySort, Query, SelectItem,
    SetExpr, Value, Values, VisitMut, VisitorMut, WindowSpec, WindowType,
};

use super::equal::{both, equal, negate_if, negated, truth};
use super::select::lower;
use super::{Env, MOST_STEPS, Print, Printer};
use crate::sql::parse::any_expression;

impl Printer<'_> {
    pub(super) fn expr(&self, expr: &Expr, env: &Env<'_>) -> Print {
        if self.steps.get() >= MOST_STEPS {
            return Print::default();
        }
        self.steps.set(self.steps.get() + 1);
        match expr {
            Expr::Identifier(ident) => self.name(ident, env),
            Expr::CompoundIdentifier(idents) => self.qualified(idents, env),
            Expr::Nested(inner) => self.expr(inner, env),
            Expr::Value(value) => match &value.value {
                Value::Number(number, _) => Print::mix("number", &[Print::of(number)]),
                Value::Boolean(value) => truth(*value),
                other => Print::mix("literal", &[Print::hash(other)]),
            },
            Expr::BinaryOp { .. } => self.eased(expr, env).unwrap_or_else(|| self.binary(expr, env)),
            Expr::Cast { kind, expr, data_type, format } => {
                // `x::date` is `cast(x as date)`.
                let kind = if *kind == CastKind::DoubleColon { &CastKind::Cast } else { kind };
                let data_type = Print::of(&type_name(&data_type.to_string()));
                Print::mix("cast", &[self.expr(expr, env), data_type, Print::hash((kind, format))])
            }
            Expr::IsNull(e) => Print::mix("is null", &[self.expr(e, env)]),
            Expr::IsNotNull(e) => negated(Print::mix("is null", &[self.expr(e, env)])),
            Expr::InList { expr, list, negated } => {
                let (one, list) = (self.expr(expr, env), list.iter().map(|e| self.expr(e, env)).collect::<Vec<_>>());
                let print = match list.as_slice() {
                    [only] => equal(one, *only),
                    many => Print::mix("in", &[one, Print::set("list", many.iter().copied())]),
                };
                negate_if(*negated, print)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let query = self.subquery(subquery, env);
                negate_if(*negated, Print::mix("in query", &[self.expr(expr, env), query]))
            }
            Expr::Exists { subquery, negated } => {
                // Which columns it gives does not matter.
                let table = self.query(subquery, env.ctes, Some(env));
                negate_if(*negated, Print::mix("exists", &[table.rows]))
            }
            Expr::Subquery(query) => self.subquery(query, env),
            Expr::Case { operand, conditions, else_result, .. } => {
                let whens = conditions.iter().map(|w| (&w.condition, &w.result)).collect::<Vec<_>>();
                self.case(operand.as_deref(), &whens, else_result.as_deref(), env)
            }
            Expr::Function(function) => self.function(function, env),
            other => self.eased(other, env).unwrap_or_else(|| self.other(other, env)),
        }
    }

    /// Chains of operators lean left and may be long: walked, not recursed into.
    fn binary(&self, expr: &Expr, env: &Env<'_>) -> Print {
        let (mut steps, mut rest) = (Vec::new(), expr);
        loop {
            match rest {
                Expr::BinaryOp { left, op, right } => {
                    steps.push((op, right.as_ref()));
                    rest = left;
                }
                Expr::Nested(inner) if matches!(strip(inner), Expr::BinaryOp { .. }) => rest = inner,
                _ => break,
            }
        }
        let mut print = self.expr(rest, env);
        while let Some((op, right)) = steps.pop() {
            let right = self.expr(right, env);
            print = match op {
                BinaryOperator::And => both(print, right),
                BinaryOperator::Or => Print::set("or", [print, right]),
                BinaryOperator::Eq => equal(print, right),
                BinaryOperator::NotEq => negated(equal(print, right)),
                BinaryOperator::Plus => Print::set("+", [print, right]),
                BinaryOperator::Multiply => Print::set("*", [print, right]),
                BinaryOperator::Gt => Print::mix("<", &[right, print]),
                BinaryOperator::GtEq => Print::mix("<=", &[right, print]),
                BinaryOperator::Lt => Print::mix("<", &[print, right]),
                BinaryOperator::LtEq => Print::mix("<=", &[print, right]),
                other => Print::mix("operator", &[print, right, Print::hash(other)]),
            };
        }
        print
    }

    fn subquery(&self, query: &Query, env: &Env<'_>) -> Print {
        let table = self.query(query, env.ctes, Some(env));
        let columns = table.columns.iter().map(|c| c.1).chain(table.rest);
        Print::mix("query", &[table.rows, Print::mix("columns", &columns.collect::<Vec<_>>())])
    }

    fn function(&self, function: &Function, env: &Env<'_>) -> Print {
        let name = function.name.0.iter().filter_map(|p| p.as_ident()).map(lower).collect::<Vec<_>>().join(".");
        if let Some(print) = self.said_otherwise(&name, function, env) {
            return print;
        }
        let mut parts = vec![Print::of(synonym(&name))];
        for arguments in [&function.parameters, &function.args] {
            match arguments {
                FunctionArguments::None => {}
                FunctionArguments::Subquery(query) => parts.push(self.subquery(query, env)),
                FunctionArguments::List(list) => {
                    if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                        parts.push(Print::of("distinct"));
                    }
                    parts.extend(list.args.iter().map(|a| match a {
                        // `count(1)` is `count(*)`.
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(v)))
                            if name == "count" && matches!(v.value, Value::Number(..)) =>
                        {
                            Print::of("*")
                        }
                        a => self.argument(a, env),
                    }));
                    parts.extend(list.clauses.iter().map(|c| self.clause(c, env)));
                }
            }
        }
        if !function.within_group.is_empty() {
            parts.push(Print::mix("within", &[self.ordering(&function.within_group, env)]));
        }
        if let Some(filter) = &function.filter {
            parts.push(Print::mix("where", &[self.expr(filter, env)]));
        }
        if let Some(nulls) = &function.null_treatment {
            parts.push(Print::mix("nulls", &[Print::hash(nulls)]));
        }
        match &function.over {
            // A window sees the rows that are left at its place: a filter around it is another thing than one within.
            Some(WindowType::WindowSpec(spec)) => parts.extend([self.window(spec, env), env.rows]),
            Some(WindowType::NamedWindow(name)) => parts.extend([self.named_window(name, env), env.rows]),
            None => {}
        }
        Print::mix("function", &parts)
    }

    pub(super) fn argument(&self, argument: &FunctionArg, env: &Env<'_>) -> Print {
        let value = |arg: &FunctionArgExpr| match arg {
            FunctionArgExpr::Expr(expr) => self.expr(expr, env),
            FunctionArgExpr::Wildcard => Print::of("*"),
            other => Print::hash(other),
        };
        match argument {
            FunctionArg::Unnamed(arg) => value(arg),
            // `iff(a = 1, …)` is read as an argument of the name `a`.
            FunctionArg::Named { name, arg, operator: FunctionArgOperator::Equals } => {
                equal(self.name(name, env), value(arg))
            }
            FunctionArg::Named { name, arg, .. } => Print::mix("named", &[Print::of(&lower(name)), value(arg)]),
            FunctionArg::ExprNamed { name, arg, .. } => Print::mix("named", &[self.expr(name, env), value(arg)]),
        }
    }

    fn clause(&self, clause: &FunctionArgumentClause, env: &Env<'_>) -> Print {
        match clause {
            FunctionArgumentClause::OrderBy(list) => Print::mix("order by", &[self.ordering(list, env)]),
            FunctionArgumentClause::Where(filter) => Print::mix("where", &[self.expr(filter, env)]),
            FunctionArgumentClause::IgnoreOrRespectNulls(nulls) => Print::mix("nulls", &[Print::hash(nulls)]),
            FunctionArgumentClause::Having(bound) => {
                Print::mix("having", &[Print::hash(bound.0), self.expr(&bound.1, env)])
            }
            other => Print::hash(other),
        }
    }

    fn window(&self, spec: &WindowSpec, env: &Env<'_>) -> Print {
        let name = spec.window_name.as_ref().map_or(Print::default(), |n| self.named_window(n, env));
        let by = Print::set("partition", spec.partition_by.iter().map(|e| self.expr(e, env)));
        let order = self.ordering(&spec.order_by, env);
        Print::mix("over", &[name, by, order, Print::hash(&spec.window_frame)])
    }

    fn named_window(&self, name: &Ident, env: &Env<'_>) -> Print {
        let named = env.select.iter().flat_map(|s| &s.named_window).find(|w| lower(&w.0) == lower(name));
        match named {
            Some(w) => match &w.1 {
                NamedWindowExpr::WindowSpec(spec) if spec.window_name.is_none() => self.window(spec, env),
                other => Print::hash(other),
            },
            None => Print::of(&lower(name)),
        }
    }

    pub(super) fn ordering(&self, list: &[OrderByExpr], env: &Env<'_>) -> Print {
        let one = |o: &OrderByExpr| {
            // `asc` is what it is where nothing is said.
            let down = o.options.sort.as_ref().filter(|s| !matches!(s, OrderBySort::Asc));
            let rest = (down, o.options.nulls_first, &o.with_fill);
            Print::mix("by", &[self.expr(&o.expr, env), Print::hash(rest)])
        };
        Print::mix("order", &list.iter().map(one).collect::<Vec<_>>())
    }

    /// Any other expression: what it is without what it is made from, and then that.
    fn other(&self, expr: &Expr, env: &Env<'_>) -> Print {
        let mut shell = expr.clone();
        let mut hollow = Hollow { printer: self, env, parts: Vec::new(), outside: true };
        let _ = VisitMut::visit(&mut shell, &mut hollow);
        let mut parts = vec![Print::hash(&shell)];
        parts.append(&mut hollow.parts);
        Print::mix("expression", &parts)
    }

    fn name(&self, ident: &Ident, env: &Env<'_>) -> Print {
        let name = lower(ident);
        let mut level = Some(env);
        while let Some(env) = level {
            if let Some(found) = env.rels.iter().filter(|r| !r.hidden.contains(&name)).find_map(|r| r.find(&name)) {
                return found;
            }
            if let Some(found) = self.alias(&name, env) {
                return found;
            }
            let open: Vec<Print> = env.rels.iter().filter_map(|r| r.unlisted(&name)).collect();
            match open.as_slice() {
                [] => level = env.parent,
                [one] => return *one,
                many => return Print::mix("one of", many),
            }
        }
        Print::mix("missing", &[Print::of(&name)])
    }

    /// What an alias of the select list stands for.
    fn alias(&self, name: &str, env: &Env<'_>) -> Option<Print> {
        let items = &env.select?.projection;
        let found = items.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(name) => Some(expr),
            _ => None,
        })?;
        // `lower(x) as x` of a table whose columns are not known: that `x` is the table's.
        let itself = any_expression(found, |e| match e {
            Expr::Identifier(i) => i.value.eq_ignore_ascii_case(name),
            _ => false,
        });
        if itself {
            return None;
        }
        let met = env.aliases.borrow().iter().find(|(n, _)| n == name).map(|(_, print)| *print);
        if let Some(met) = met {
            return met;
        }
        let at = env.aliases.borrow().len();
        env.aliases.borrow_mut().push((name.to_owned(), None));
        let print = self.expr(found, env);
        if let Some(met) = env.aliases.borrow_mut().get_mut(at) {
            met.1 = Some(print);
        }
        Some(print)
    }

    fn qualified(&self, idents: &[Ident], env: &Env<'_>) -> Print {
        let [first, .., column] = idents else { return Print::default() };
        let qualifier = lower(&idents[idents.len() - 2]);
        let name = lower(column);
        let mut level = Some(env);
        while let Some(env) = level {
            if let Some(rel) = env.rels.iter().find(|r| r.alias == qualifier) {
                let missing = || Print::mix("missing", &[Print::of(&name)]);
                return rel.find(&name).or_else(|| rel.unlisted(&name)).unwrap_or_else(missing);
            }
            level = env.parent;
        }
        // A field: `table.column.field` or `column.field`.
        let mut level = Some(env);
        let (mut base, mut fields) = (None, &idents[1..]);
        while let (Some(env), None) = (level, base) {
            if let Some(rel) = env.rels.iter().find(|r| r.alias == lower(first)) {
                let column = lower(&idents[1]);
                base = rel.find(&column).or_else(|| rel.unlisted(&column));
                fields = &idents[2..];
            }
            level = env.parent;
        }
        let base = base.unwrap_or_else(|| self.name(first, env));
        let fields: Vec<Print> = fields.iter().map(|f| Print::of(&lower(f))).collect();
        Print::mix("field", &[base, Print::mix("path", &fields)])
    }
}

/// Takes the parts out of an expression and prints them.
struct Hollow<'p, 'a, 'e> {
    printer: &'p Printer<'a>,
    env: &'p Env<'e>,
    parts: Vec<Print>,
    /// Nothing was met yet but the expression itself.
    outside: bool,
}

impl VisitorMut for Hollow<'_, '_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if std::mem::take(&mut self.outside) {
            return ControlFlow::Continue(());
        }
        self.parts.push(self.printer.expr(expr, self.env));
        *expr = Expr::Value(Value::Null.into());
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.parts.push(self.printer.subquery(query, self.env));
        query.with = None;
        query.order_by = None;
        query.limit_clause = None;
        *query.body = SetExpr::Values(Values { explicit_row: false, value_keyword: false, rows: Vec::new() });
        ControlFlow::Continue(())
    }
}

pub(super) fn strip(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => strip(inner),
        other => other,
    }
}

/// The parts of `a and b and c`.
pub(super) fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    let (mut out, mut rest) = (Vec::new(), vec![expr]);
    while let Some(next) = rest.pop() {
        match next {
            Expr::Nested(inner) => rest.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                rest.push(right);
                rest.push(left);
            }
            other => out.push(other),
        }
    }
    out
}

/// `group by 1`.
pub(super) fn position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression has an aggregate that is none of a window's.
pub(super) fn aggregates(expr: &Expr) -> bool {
    crate::sql::resolve::aggregates(expr)
}

/// Names that every database takes for the same function.
fn synonym(name: &str) -> &str {
    match name {
        "ifnull" | "nvl" => "coalesce",
        "len" | "char_length" | "character_length" => "length",
        "ucase" => "upper",
        "lcase" => "lower",
        "substr" => "substring",
        "pow" => "power",
        "ceiling" => "ceil",
        other => other,
    }
}

/// The one name of a type that has several.
pub fn type_name(written: &str) -> String {
    let written = written.to_ascii_lowercase();
    match written.as_str() {
        "int" | "int4" | "integer" => "integer".into(),
        "int8" | "bigint" => "bigint".into(),
        "bool" | "boolean" => "boolean".into(),
        "varchar" | "text" | "string" | "character varying" => "text".into(),
        "double" | "double precision" | "float8" => "double".into(),
        _ => match written.strip_prefix("numeric") {
            Some(rest) => format!("decimal{rest}"),
            None => written,
        },
    }
}
