//! Calls of functions.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Ident,
    NamedWindowDefinition, NamedWindowExpr, Query, Select, SetExpr, WindowSpec, WindowType,
};
use sqlparser::tokenizer::Location;

use super::column_type::{ColumnType, Family};
use super::date_parts::is_date_part;
use super::expr::{shown, start};
use super::joins::{Key, column_of};
use super::names::whole_row;
use super::relation::{Env, Rel, lower};
use super::value::{Value, strict};
use super::{Fact, Named, Resolver, Usage};
use crate::sql::functions;
use crate::vocabulary::{Diagnostic, Dialect};

/// Functions that give one of their arguments, or a number as wide.
const SAME_WIDTH: &[&str] = &[
    "min",
    "max",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "abs",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nvl",
    "mod",
    "any_value",
];
/// Functions that give one of the first argument's values, or all of them.
const PASSES: &[&str] = &[
    "any_value",
    "arbitrary",
    "arg_max",
    "arg_min",
    "array",
    "array_agg",
    "array_distinct",
    "array_first",
    "array_last",
    "array_reverse",
    "array_slice",
    "array_sort",
    "collect_list",
    "collect_set",
    "element_at",
    "explode",
    "explode_outer",
    "first",
    "first_value",
    "get",
    "last",
    "last_value",
    "list",
    "list_distinct",
    "list_sort",
    "max",
    "max_by",
    "min",
    "min_by",
    "slice",
    "sort_array",
    "try_element_at",
    "unnest",
];
/// Functions that give a whole number of 32 bits in PostgreSQL.
const SHORT: &[&str] = &["length", "char_length", "octet_length", "strpos", "ascii", "array_length", "cardinality"];

/// Whether an expression is a call of an aggregate that is not a window's.
pub(super) fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(f) if f.over.is_none() && functions::is_aggregate(&name_of(f)))
}

/// The name of what is called, lower case.
pub(super) fn name_of(function: &Function) -> String {
    function.name.0.last().and_then(|p| p.as_ident()).map(lower).unwrap_or_default()
}

/// Whether what is called counts rows or the like.
pub(super) fn never_null(function: &Function) -> bool {
    matches!(name_of(function).as_str(), "count" | "match_number" | "classifier")
}

impl<R: Named> Resolver<'_, R> {
    /// The value of a call.
    pub(super) fn function(&mut self, function: &Function, env: &Env<'_>) -> Value {
        let name = name_of(function);
        let signature = self.signature(&name);
        let aggregate = function.over.is_none() && functions::is_aggregate(&name);
        if let ("struct" | "named_struct" | "row" | "struct_pack", false) = (name.as_str(), self.strict) {
            return self.structure(&name, function, env);
        }
        // Of a dialect that is not known a function may be an aggregate, where no dialect has it.
        let may_aggregate = aggregate || function.over.is_none() && self.dialect.is_none() && signature.is_none();
        let before = if may_aggregate { env.free.replace(true) } else { env.free.get() };
        let parts = self.arguments(&name, function, env);
        env.free.set(before);
        let Parts { args, mut extra, star, distinct } = parts;
        let at = start_of(function);
        let spec = match &function.over {
            Some(WindowType::WindowSpec(window)) => Some(window),
            Some(WindowType::NamedWindow(name)) => named_window(name, env),
            None => None,
        };
        if let Some(window) = spec {
            let of_window = self.window(window, env).used_for(Usage::Window);
            extra = extra.beside(&of_window);
            if matches!(name.as_str(), "row_number" | "first_value" | "last_value" | "sum" | "count" | "avg") {
                self.noted.push(Fact::Numbered { at, total: total(window, env) });
            }
        }
        let own = || self.rendered.returns.contains_key(&name) || function.name.0.len() > 1;
        if let Some(dialect) = self.dialect.filter(|_| !self.strict)
            && let Some(instead) = functions::instead(dialect, &name)
            && !own()
        {
            let what = format!("{} has no function `{name}`", dialect.label());
            let fault = Diagnostic::error("unknown-function", what).next(format!("write {instead}"));
            self.fault(fault, at, name.chars().count());
        }
        // Rows that a column of the many decides are counted as those.
        let of_many = star && extra.columns > extra.repeated;
        if aggregate && !distinct && !of_many && signature.is_none_or(|s| s.aggregate) {
            self.repeated(&name, star, &args, env, at, None);
        }
        if let (Some(window), "sum" | "avg" | "count", false) = (spec, name.as_str(), star || distinct || self.strict) {
            // How often a row is repeated is what shares of it are divided by.
            let shares = name == "count" && args.iter().any(|(_, e)| window.partition_by.iter().any(|p| Some(p) == *e));
            if !shares && args.iter().any(|(v, _)| v.columns > 0) {
                self.repeated(&name, star, &args, env, at, Some(&window.partition_by));
            }
        }
        let ty = match self.rendered.returns.get(&name) {
            Some(data_type) => ColumnType::Known(*data_type),
            None => self.returns(&name, &args, at),
        };
        let whole = ColumnType::Known(crate::vocabulary::DataType::Integer);
        let all_short = args.iter().all(|(v, _)| v.short || v.ty == ColumnType::Null) && !args.is_empty();
        let ty = match (name.as_str(), self.dialect) {
            (name, _) if name.starts_with("json") && !self.strict => self.returning(function).unwrap_or(ty),
            ("sum", Some(Dialect::Postgres)) if all_short && !self.strict => whole,
            ("avg", Some(Dialect::Redshift)) if args.first().is_some_and(|a| a.0.ty == whole) && !self.strict => {
                self.noted.push(Fact::CutOff { at });
                whole
            }
            _ => ty,
        };
        let nullable = match signature {
            Some(s) if s.any_argument => any_filled(&args),
            Some(s) if s.branches => args.iter().skip(1).map(|(v, _)| v.nullable).reduce(strict).unwrap_or(Some(false)),
            Some(s) if s.nullable.is_some() => s.nullable,
            // A frame may hold no row.
            Some(s) if (s.aggregate || s.once) && function.over.is_some() => match spec {
                Some(WindowSpec { window_frame: None, .. }) => {
                    args.iter().map(|(v, _)| v.nullable).reduce(strict).unwrap_or(Some(false)).filter(|n| !n)
                }
                _ => None,
            },
            // Without groups there may be no row at all.
            Some(s) if s.aggregate || s.once => match env.groups {
                true if function.filter.is_none() => {
                    args.iter().map(|(v, _)| v.nullable).reduce(strict).unwrap_or(Some(false))
                }
                _ => Some(true),
            },
            Some(_) => args.iter().map(|(v, _)| v.nullable).reduce(strict).unwrap_or(Some(false)),
            None => None,
        };
        let mut out = args.iter().fold(Value::nothing(), |out, (value, _)| out.beside(value)).beside(&extra);
        if aggregate || function.over.is_some() {
            (out.repeated, out.fan_out, out.looked_up) = (0, None, None);
        }
        let passed = args.split_first().filter(|_| PASSES.contains(&name.as_str())).map(|((first, _), rest)| {
            (first.clone(), rest.iter().fold(extra.clone(), |out, (value, _)| out.beside(value)))
        });
        let short = all_short && SAME_WIDTH.contains(&name.as_str()) || SHORT.contains(&name.as_str());
        let out = out.typed(ty).nullable(nullable).short(short);
        match passed {
            Some((of, beside)) => out.with_parts(&of, &beside),
            None => out,
        }
    }

    fn signature(&self, name: &str) -> Option<&'static functions::Signature> {
        functions::signature(name, self.dialect.filter(|_| !self.strict))
    }

    /// What stands between the brackets of a call, and after them.
    fn arguments<'e>(&mut self, name: &str, function: &'e Function, env: &Env<'_>) -> Parts<'e> {
        let mut out = Parts { args: Vec::new(), extra: Value::nothing(), star: false, distinct: false };
        for list in [&function.parameters, &function.args] {
            match list {
                FunctionArguments::None => {}
                FunctionArguments::Subquery(query) => {
                    let table = self.query_of(query, env.ctes, Some(env), name == "array");
                    if as_struct(query) {
                        out.args.push((whole_row(&Rel::new("", table)), None));
                    } else if let [only] = table.columns.as_slice() {
                        out.args.push((Value { literal: None, ..only.value.clone() }, None));
                    }
                }
                FunctionArguments::List(list) => {
                    out.distinct |= list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                    for (i, arg) in list.args.iter().enumerate() {
                        let only = part_at(name, i, list.args.len(), self.dialect);
                        let (FunctionArg::Unnamed(arg)
                        | FunctionArg::Named { arg, .. }
                        | FunctionArg::ExprNamed { arg, .. }) = arg;
                        match arg {
                            FunctionArgExpr::Expr(expr) if is_date_part(name, expr, only, env) => {
                                let word = Value { literal: Some(expr.to_string()), ..Value::nothing() };
                                out.args.push((word, None));
                            }
                            FunctionArgExpr::Expr(Expr::Lambda(lambda)) if i > 0 && !self.strict => {
                                let types: Vec<ColumnType> = out.args.iter().map(|(v, _)| v.ty).collect();
                                let value = self.lambda(lambda, &functions::lambda_types(name, &types), env);
                                out.args.push((value, None));
                            }
                            FunctionArgExpr::Expr(expr) => out.args.push((self.expr(expr, env), Some(expr))),
                            _ => out.star = true,
                        }
                    }
                    for clause in &list.clauses {
                        match clause {
                            FunctionArgumentClause::OrderBy(list) => {
                                for item in list {
                                    let value = self.expr(&item.expr, env).used_for(Usage::Order);
                                    out.extra = std::mem::take(&mut out.extra).beside(&value);
                                }
                            }
                            FunctionArgumentClause::Where(filter) => {
                                let value = self.condition(filter, env).used_for(Usage::Filter);
                                out.extra = std::mem::take(&mut out.extra).beside(&value);
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        if let Some(filter) = &function.filter {
            let value = self.condition(filter, env).used_for(Usage::Filter);
            out.extra = out.extra.beside(&value);
        }
        for item in &function.within_group {
            let value = self.expr(&item.expr, env);
            if name == "listagg" || name == "string_agg" {
                out.extra = out.extra.beside(&value.used_for(Usage::Order));
            } else {
                out.args.push((value, Some(&item.expr)));
            }
        }
        out
    }

    /// `struct(…)` and its kin.
    fn structure(&mut self, name: &str, function: &Function, env: &Env<'_>) -> Value {
        let FunctionArguments::List(list) = &function.args else { return Value::default() };
        let mut parts: Vec<(Option<String>, &Expr)> = Vec::new();
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => parts.push(Self::field_of(expr)),
                FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                    parts.push((Some(lower(name)), expr));
                }
                FunctionArg::ExprNamed { name: Expr::Identifier(name), arg: FunctionArgExpr::Expr(expr), .. } => {
                    parts.push((Some(lower(name)), expr));
                }
                _ => return Value::default(),
            }
        }
        if name == "named_struct" {
            let text = |e: &Expr| match e {
                Expr::Value(v) => v.value.clone().into_string().map(|s| s.to_lowercase()),
                _ => None,
            };
            parts = parts.chunks_exact(2).map(|pair| (text(pair[0].1), pair[1].1)).collect();
        }
        self.fields_of_call(parts.into_iter(), env)
    }

    /// The type that a call names: `json_value(a, '$.b' returning integer)`.
    fn returning(&self, function: &Function) -> Option<ColumnType> {
        let FunctionArguments::List(list) = &function.args else { return None };
        list.clauses.iter().find_map(|clause| match clause {
            FunctionArgumentClause::JsonReturningClause(of) => Some(self.type_of(&of.data_type)),
            _ => None,
        })
    }

    fn window(&mut self, window: &WindowSpec, env: &Env<'_>) -> Value {
        let base = window.window_name.as_ref().and_then(|name| named_window(name, env));
        let of_base = base.map_or_else(Value::nothing, |b| self.all(parts_of(b), env));
        let own = self.all(parts_of(window), env);
        of_base.beside(&own)
    }

    /// The type of a call of a function by its name.
    pub(super) fn returned(&self, name: &str, args: &[Value]) -> ColumnType {
        let common = |which: &[usize]| {
            let mut values = which.iter().filter_map(|i| args.get(*i));
            let Some(first) = values.next() else { return ColumnType::Unknown };
            values.fold(first.clone(), |a, b| a.either(b)).ty
        };
        let types: Vec<ColumnType> = args.iter().map(|v| v.ty).collect();
        let literals: Vec<Option<&str>> = args.iter().map(|v| v.literal.as_deref()).collect();
        let of = |dialect: Option<Dialect>| {
            let call = functions::Call { types: &types, literals: &literals, common: &common, dialect };
            functions::signature(name, dialect).map(|s| s.returns(&call))
        };
        of(self.dialect.filter(|_| !self.strict)).unwrap_or_default()
    }

    /// The type of a call, and whether its arguments can be what they are.
    fn returns(&mut self, name: &str, args: &[(Value, Option<&Expr>)], at: Location) -> ColumnType {
        let first = args.first().map_or(ColumnType::Unknown, |(v, _)| v.ty);
        match name {
            "sum" | "avg" | "mean" | "median" | "stddev" | "stddev_pop" | "stddev_samp" | "variance" | "var_pop"
            | "var_samp"
                if first.family().is_some_and(|f| f != Family::Number)
                    && !(name == "median" && first.is_temporal())
                    && self.refuses_arithmetic() =>
            {
                return self.no_sum(name, args, at);
            }
            "nullif" => {
                if let [(a, _), (b, Some(expr)), ..] = args {
                    self.compare(a, b, start(expr), &shown(expr));
                }
            }
            "lag" | "lead" if args.len() > 2 => return self.together(args, &[0, 2]).ty,
            "coalesce" | "ifnull" | "nvl" | "greatest" | "least" => {
                return self.together(args, &(0..args.len()).collect::<Vec<usize>>()).ty;
            }
            "if" | "iff" | "nvl2" => return self.together(args, &[1, 2]).ty,
            "date_trunc" | "datetrunc" | "timestamp_trunc" | "datetime_trunc" | "dbt_date_trunc" | "dateadd"
            | "date_add" | "date_sub" | "timestampadd" | "dbt_dateadd" | "timestamp_add" | "timestamp_sub"
            | "datetime_add" | "datetime_sub"
                if self.refuses_arithmetic() =>
            {
                let moment = args.iter().any(|(v, _)| v.ty.is_temporal());
                if !moment
                    && let Some((value, Some(expr))) =
                        args.iter().find(|(v, e)| e.is_some() && is_column(*e) && v.ty.is_not_temporal())
                    && (value.ty.is_text() || name.ends_with("trunc"))
                {
                    let fault =
                        Diagnostic::error("type-clash", format!("`{}` is {}, not a date", shown(expr), value.ty))
                            .next("cast it to a date first");
                    self.fault(fault, start(expr), shown(expr).chars().count());
                }
            }
            _ => {}
        }
        let values: Vec<Value> = args.iter().map(|(v, _)| v.clone()).collect();
        self.returned(name, &values)
    }

    /// The type of arguments of which one is the answer.
    fn together(&mut self, args: &[(Value, Option<&Expr>)], which: &[usize]) -> Value {
        let mut out: Option<Value> = None;
        for (value, expr) in which.iter().filter_map(|i| args.get(*i)) {
            out = Some(match out {
                None => value.clone(),
                Some(earlier) => {
                    if let (true, Some(expr)) = (earlier.clashes(value) && self.refuses_branches(), expr) {
                        let fault =
                            Diagnostic::error("type-clash", format!("the results are {} and {}", earlier.ty, value.ty))
                                .why("one column has one type")
                                .next("cast one of them");
                        self.fault(fault, start(expr), shown(expr).chars().count());
                    }
                    earlier.either(value)
                }
            });
        }
        out.unwrap_or_default()
    }

    fn no_sum(&mut self, name: &str, args: &[(Value, Option<&Expr>)], at: Location) -> ColumnType {
        if let Some((value, Some(expr))) = args.first()
            && matches!(value.ty.family(), Some(Family::Text | Family::Temporal | Family::Time | Family::Binary))
        {
            let fault =
                Diagnostic::error("type-clash", format!("`{name}` of {}", value.ty)).next("cast it to a number first");
            let (at, width) =
                if is_column(Some(expr)) { (start(expr), shown(expr).chars().count()) } else { (at, name.len()) };
            self.fault(fault, at, width);
        }
        ColumnType::Unknown
    }
}

/// `select as struct …`: each row is one value.
pub(super) fn as_struct(query: &Query) -> bool {
    let mode = |s: &Select| s.value_table_mode.as_ref().is_some_and(|m| m.to_string().ends_with("STRUCT"));
    matches!(query.body.as_ref(), SetExpr::Select(s) if mode(s))
}

/// A window that the select names.
fn named_window<'e>(name: &Ident, env: &Env<'e>) -> Option<&'e WindowSpec> {
    let of_name = |w: &&NamedWindowDefinition| w.0.value.eq_ignore_ascii_case(&name.value);
    match env.windows.iter().find(of_name).map(|w| &w.1)? {
        NamedWindowExpr::WindowSpec(spec) => Some(spec),
        NamedWindowExpr::NamedWindow(_) => None,
    }
}

/// What a window is cut and ordered by.
fn parts_of(window: &WindowSpec) -> impl Iterator<Item = &Expr> {
    window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr))
}

fn start_of(function: &Function) -> Location {
    function.name.0.first().and_then(|p| p.as_ident()).map_or(Location { line: 1, column: 1 }, |i| i.span.start)
}

/// Whether partition and order of a window tell every row apart, where that can be known.
fn total(window: &WindowSpec, env: &Env<'_>) -> Option<bool> {
    tells_apart(window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr)), env)
}

/// Whether no two rows are the same in all of these, where that can be known.
pub(super) fn tells_apart<'e>(columns: impl Iterator<Item = &'e Expr>, env: &Env<'_>) -> Option<bool> {
    // What is worked out may tell rows apart too, or not; the columns beside it may do so alone.
    let (mut plain, mut worked_out) = (Key::new(), false);
    for column in columns.map(|e| column_of(e, env)) {
        match column {
            Some(column) => _ = plain.insert(column),
            None => worked_out = true,
        }
    }
    let told = |columns: &Key| env.keys.iter().any(|key| key.is_subset(columns));
    match told(&plain) || told(&env.decided(&plain)) {
        true => Some(true),
        false if worked_out => None,
        // A key of many columns does not say that fewer don't do.
        false => env.keys.iter().any(|key| key.len() <= super::joins::MOST_TELLING).then_some(false),
    }
}

/// What a call is given.
struct Parts<'e> {
    args: Vec<(Value, Option<&'e Expr>)>,
    /// What decides beside them: filters and orders.
    extra: Value,
    star: bool,
    distinct: bool,
}

/// Whether the first argument that is not null can be null.
fn any_filled(args: &[(Value, Option<&Expr>)]) -> Option<bool> {
    match args.iter().any(|(v, _)| v.nullable == Some(false)) {
        true => Some(false),
        false => args.iter().all(|(v, _)| v.nullable == Some(true)).then_some(true),
    }
}

fn is_column(expr: Option<&Expr>) -> bool {
    matches!(expr, Some(Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
}

/// Whether nothing but the part of a date can stand there, even where a column is called so.
fn part_at(function: &str, at: usize, of: usize, dialect: Option<Dialect>) -> bool {
    match (dialect, function) {
        (
            Some(Dialect::Snowflake | Dialect::Redshift | Dialect::Databricks | Dialect::MySql),
            "dateadd" | "datediff" | "timestampadd" | "timestampdiff" | "timeadd" | "timediff",
        ) => at == 0 && of == 3,
        (Some(Dialect::BigQuery), "date_diff" | "timestamp_diff" | "datetime_diff" | "time_diff") => at == 2,
        (Some(Dialect::BigQuery), "date_trunc" | "timestamp_trunc" | "datetime_trunc" | "time_trunc") => at == 1,
        _ => false,
    }
}
