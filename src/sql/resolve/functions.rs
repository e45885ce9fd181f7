//! What functions give.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    WindowSpec, WindowType,
};
use sqlparser::tokenizer::Location;

use super::expr::{shown, start, without_grouping};
use super::joins::{Key, column_of};
use super::relation::{Env, lower};
use super::value::{ColumnType, Family, Value};
use super::{Fact, Named, Resolver};
use crate::vocabulary::{DataType, Diagnostic};

/// Aggregates that count a repeated row twice.
const SENSITIVE: &[&str] = &[
    "sum",
    "count",
    "avg",
    "mean",
    "median",
    "percentile",
    "mode",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
    "listagg",
    "string_agg",
    "array_agg",
    "list",
    "group_concat",
    "count_if",
    "countif",
    "sum_if",
    "quantile",
    "quantile_cont",
    "percentile_cont",
    "percentile_disc",
    "product",
    "corr",
    "covar_pop",
    "covar_samp",
    "dbt_listagg",
];
/// Aggregates that don't.
const IMMUNE: &[&str] = &[
    "min",
    "max",
    "any_value",
    "bool_or",
    "bool_and",
    "every",
    "logical_or",
    "logical_and",
    "booland_agg",
    "boolor_agg",
    "approx_count_distinct",
    "approx_distinct",
    "hll",
    "arg_min",
    "arg_max",
    "min_by",
    "max_by",
    "bit_or",
    "bit_and",
    "grouping",
    "first",
    "last",
    "arbitrary",
];
/// Functions whose first or second argument may be a bare word that names a part of a date.
const WITH_DATE_PART: &[&str] = &[
    "date_trunc",
    "datetrunc",
    "datediff",
    "date_diff",
    "dateadd",
    "date_add",
    "date_sub",
    "timestampdiff",
    "timestampadd",
    "timestamp_trunc",
    "datetime_trunc",
    "timestamp_diff",
    "datetime_diff",
    "timestamp_add",
    "datetime_add",
    "timestamp_sub",
    "datetime_sub",
    "date_part",
    "datepart",
    "last_day",
    "time_slice",
    "trunc",
    "date_bucket",
    "generate_date_array",
    "time_trunc",
    "add_months",
    "next_day",
];
/// Words that are no columns there.
const DATE_PARTS: &[&str] = &[
    "microsecond",
    "microseconds",
    "millisecond",
    "milliseconds",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "quarter",
    "quarters",
    "year",
    "years",
    "isoweek",
    "isoyear",
    "dayofweek",
    "dayofyear",
    "dow",
    "doy",
    "epoch",
    "decade",
    "century",
    "weekday",
    "yy",
    "mm",
    "dd",
    "hh",
];

/// Whether an expression is a call of an aggregate that is not a window's.
pub(super) fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(f) if f.over.is_none() && aggregate_name(&name_of(f)))
}

fn aggregate_name(name: &str) -> bool {
    SENSITIVE.contains(&name) || IMMUNE.contains(&name)
}

fn name_of(function: &Function) -> String {
    function.name.0.last().and_then(|p| p.as_ident()).map(lower).unwrap_or_default()
}

impl<R: Named> Resolver<'_, R> {
    /// The value of a call.
    pub(super) fn function(&mut self, function: &Function, env: &Env<'_>) -> Value {
        let name = name_of(function);
        let aggregate = function.over.is_none() && aggregate_name(&name);
        let free;
        let inner = if aggregate && env.grouping.is_some() {
            free = without_grouping(env);
            &free
        } else {
            env
        };
        let mut distinct = false;
        let mut star = false;
        let mut args: Vec<(Value, Option<&Expr>)> = Vec::new();
        let mut extra = Value::default();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => {
                self.query(query, env.ctes, Some(env));
            }
            FunctionArguments::List(list) => {
                distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
                for arg in &list.args {
                    let arg = match arg {
                        FunctionArg::Named { arg, .. }
                        | FunctionArg::ExprNamed { arg, .. }
                        | FunctionArg::Unnamed(arg) => arg,
                    };
                    match arg {
                        FunctionArgExpr::Expr(expr) if is_date_part(&name, expr, env) => {
                            args.push((Value::default(), None))
                        }
                        FunctionArgExpr::Expr(expr) => args.push((self.expr(expr, inner), Some(expr))),
                        _ => star = true,
                    }
                }
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::Where(e) | FunctionArgumentClause::Limit(e) => {
                            extra = extra.from(&self.expr(e, inner))
                        }
                        FunctionArgumentClause::OrderBy(list) => {
                            for item in list {
                                self.expr(&item.expr, inner);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        if let Some(filter) = &function.filter {
            extra = extra.from(&self.condition(filter, inner));
        }
        for item in &function.within_group {
            let value = self.expr(&item.expr, inner);
            args.push((value, Some(&item.expr)));
        }
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            extra = extra.from(&self.window(window, env));
            if name == "row_number" {
                let at = start_of(function);
                self.noted.push(Fact::Numbered { at, total: total(window, env) });
            }
        }
        let at = start_of(function);
        if SENSITIVE.contains(&name.as_str()) && !distinct {
            self.repeated(&name, star, &args, inner, at);
        }
        let ty = match self.rendered.returns.get(&name) {
            Some(data_type) => ColumnType::Known(*data_type),
            None => self.returns(&name, star, &args, at),
        };
        let mut out = args.iter().fold(Value::default(), |out, (value, _)| out.from(value)).from(&extra);
        if aggregate || function.over.is_some() {
            (out.repeated, out.fan_out) = (0, None);
        }
        out.typed(ty)
    }

    fn window(&mut self, window: &WindowSpec, env: &Env<'_>) -> Value {
        self.all(window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr)), env)
    }

    /// An aggregate over rows that a join repeats.
    fn repeated(&mut self, name: &str, star: bool, args: &[(Value, Option<&Expr>)], env: &Env<'_>, at: Location) {
        let columns: u32 = args.iter().map(|(v, _)| v.columns).sum();
        let repeated: u32 = args.iter().map(|(v, _)| v.repeated).sum();
        let counts_rows = star || columns == 0;
        let id = if counts_rows {
            env.fan_out
        } else if repeated == columns {
            args.iter().find_map(|(v, _)| v.fan_out)
        } else {
            None
        };
        let Some(fan_out) = id.and_then(|id| self.fan_outs.get(id)) else { return };
        let keys: Vec<String> = fan_out.keys.iter().map(|k| k.iter().cloned().collect::<Vec<_>>().join(", ")).collect();
        let on: Vec<String> = fan_out.on.iter().cloned().collect();
        let joined =
            if fan_out.joined.is_empty() { "what is joined".to_owned() } else { format!("`{}`", fan_out.joined) };
        let why = format!(
            "{joined} can have many rows for one: joined on {}, one row for each {}",
            if on.is_empty() { "nothing".to_owned() } else { format!("({})", on.join(", ")) },
            keys.iter().map(|k| format!("({k})")).collect::<Vec<_>>().join(" or "),
        );
        let what = match counts_rows {
            true => format!("`{name}(*)` counts rows that the join repeats"),
            false => format!("`{name}` takes in values that the join repeats"),
        };
        let next = match counts_rows {
            true => format!(
                "say what is counted, `count(distinct …)` or `count({}.…)`, or aggregate before the join",
                fan_out.joined
            ),
            false => format!("aggregate {joined} to one row for each ({}) before the join", on.join(", ")),
        };
        self.fault(Diagnostic::error("fan-out", what).why(why).next(next), at, name.chars().count());
    }

    fn returns(&mut self, name: &str, star: bool, args: &[(Value, Option<&Expr>)], at: Location) -> ColumnType {
        use ColumnType::{Known, Number, Temporal, Unknown};
        use DataType::{Boolean, Date, Float, Integer, Text, Timestamp, TimestampTz};
        let first = args.first().map_or(Unknown, |(v, _)| v.ty);
        match name {
            "count"
            | "count_if"
            | "countif"
            | "approx_count_distinct"
            | "row_number"
            | "rank"
            | "dense_rank"
            | "ntile"
            | "length"
            | "char_length"
            | "character_length"
            | "len"
            | "octet_length"
            | "position"
            | "strpos"
            | "instr"
            | "charindex"
            | "ascii"
            | "datediff"
            | "date_diff"
            | "timestampdiff"
            | "dbt_datediff"
            | "dbt_position"
            | "year"
            | "month"
            | "day"
            | "dayofmonth"
            | "hour"
            | "minute"
            | "quarter"
            | "week"
            | "weekofyear"
            | "dayofyear"
            | "dayofweek"
            | "timestamp_diff"
            | "datetime_diff"
            | "regexp_count"
            | "regexp_instr"
            | "levenshtein"
            | "grouping" => {
                let _ = star;
                Known(Integer)
            }
            "sum" => match (first, first.family()) {
                (Known(Integer), _) => Known(DataType::Decimal { precision: 38, scale: 0 }),
                (Known(DataType::Decimal { scale, .. }), _) => Known(DataType::Decimal { precision: 38, scale }),
                (Known(Float), _) => Known(Float),
                (_, Some(Family::Number)) => Number,
                _ => self.no_sum(name, args, at),
            },
            "avg" | "mean" | "median" | "percentile" | "stddev" | "stddev_pop" | "stddev_samp" | "variance"
            | "var_pop" | "var_samp" => match (first, first.family()) {
                (Known(Float), _) => Known(Float),
                (_, Some(Family::Number)) => Number,
                (_, Some(Family::Temporal)) if name == "median" => first,
                _ => self.no_sum(name, args, at),
            },
            "min" | "max" | "any_value" | "first_value" | "last_value" | "nth_value" | "nullif" | "lag" | "lead"
            | "mode" | "first" | "last" | "arg_min" | "arg_max" | "min_by" | "max_by" | "abs" | "arbitrary" => {
                match (name, args) {
                    ("nullif", [(a, _), (b, Some(expr)), ..]) => self.compare(a, b, start(expr), &shown(expr)),
                    ("lag" | "lead", [_, _, (_, Some(_)), ..]) => return self.together(args, &[0, 2]).ty,
                    _ => {}
                }
                first
            }
            "coalesce" | "ifnull" | "nvl" | "greatest" | "least" => {
                let all: Vec<usize> = (0..args.len()).collect();
                self.together(args, &all).ty
            }
            "if" | "iff" => self.together(args, &[1, 2]).ty,
            "nvl2" => self.together(args, &[1, 2]).ty,
            "upper" | "lower" | "trim" | "ltrim" | "rtrim" | "btrim" | "initcap" | "replace" | "regexp_replace"
            | "regexp_substr" | "substring" | "substr" | "left" | "right" | "concat_ws" | "lpad" | "rpad"
            | "repeat" | "split_part" | "to_varchar" | "to_char" | "md5" | "string_agg" | "listagg"
            | "group_concat" | "translate" | "chr" | "strftime" | "monthname" | "dayname" | "date_format"
            | "format_date" | "dbt_concat" | "dbt_replace" | "dbt_right" | "dbt_split_part" | "dbt_listagg"
            | "dbt_hash" | "to_hex" | "sha1_hex" | "sha2_hex" | "md5_hex" | "printf" | "strip_accents" | "soundex" => {
                Known(Text)
            }
            "concat" | "reverse" if args.iter().any(|(v, _)| v.ty.is_text()) => Known(Text),
            "round" | "ceil" | "ceiling" | "floor" | "truncate" | "sign" | "power" | "pow" | "mod" => {
                match (name, first, args.get(1).map(|(v, _)| v.ty)) {
                    ("mod", Known(Integer), Some(Known(Integer))) => Known(Integer),
                    ("mod" | "sign", _, _) => Number,
                    (_, Known(Float), _) => Known(Float),
                    _ => Number,
                }
            }
            "sqrt" | "exp" | "ln" | "log" | "log10" | "log2" | "date_part" | "datepart" | "width_bucket" => Number,
            "percent_rank" | "cume_dist" | "random" => Known(Float),
            "date_trunc" | "datetrunc" | "timestamp_trunc" | "datetime_trunc" | "dbt_date_trunc" | "dateadd"
            | "date_add" | "date_sub" | "timestampadd" | "dbt_dateadd" | "timestamp_add" | "timestamp_sub"
            | "datetime_add" | "datetime_sub" => {
                let moment = args.iter().map(|(v, _)| v).find(|v| v.ty.is_temporal());
                if moment.is_none()
                    && let Some((value, Some(expr))) =
                        args.iter().find(|(v, e)| e.is_some() && is_column(*e) && v.ty.is_not_temporal())
                    && (value.ty.is_text() || name.ends_with("trunc"))
                {
                    let fault =
                        Diagnostic::error("type-clash", format!("`{}` is {}, not a date", shown(expr), value.ty))
                            .next("cast it to a date first");
                    self.fault(fault, start(expr), shown(expr).chars().count());
                }
                match moment.map(|v| v.ty) {
                    Some(Known(t @ (Timestamp | TimestampTz))) => Known(t),
                    Some(_) => Temporal,
                    None => Unknown,
                }
            }
            "last_day" | "dbt_last_day" | "to_date" | "make_date" | "date_from_parts" | "current_date"
            | "try_to_date" => Known(Date),
            "date" => Known(Date),
            "current_timestamp"
            | "now"
            | "getdate"
            | "sysdate"
            | "localtimestamp"
            | "to_timestamp"
            | "make_timestamp"
            | "current_datetime"
            | "strptime"
            | "parse_timestamp"
            | "transaction_timestamp"
            | "timeofday" => Temporal,
            "to_timestamp_ntz" | "timestamp_ntz_from_parts" => Known(Timestamp),
            "to_timestamp_tz" => Known(TimestampTz),
            "to_number" | "to_decimal" | "to_numeric" => Number,
            "to_boolean" | "bool_or" | "bool_and" | "every" | "logical_or" | "logical_and" | "boolor_agg"
            | "booland_agg" | "contains" | "starts_with" | "startswith" | "ends_with" | "endswith" | "regexp_like"
            | "isfinite" | "isnan" => Known(Boolean),
            _ => Unknown,
        }
    }

    /// The type of arguments of which one is the answer.
    fn together(&mut self, args: &[(Value, Option<&Expr>)], which: &[usize]) -> Value {
        let mut out: Option<Value> = None;
        for (value, expr) in which.iter().filter_map(|i| args.get(*i)) {
            out = Some(match out {
                None => value.clone(),
                Some(earlier) => {
                    if let (true, Some(expr)) = (earlier.clashes(value), expr) {
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

fn start_of(function: &Function) -> Location {
    function.name.0.first().and_then(|p| p.as_ident()).map_or(Location { line: 1, column: 1 }, |i| i.span.start)
}

/// Whether partition and order of a window tell every row apart, where that can be known.
fn total(window: &WindowSpec, env: &Env<'_>) -> Option<bool> {
    let columns = window.partition_by.iter().chain(window.order_by.iter().map(|o| &o.expr));
    let columns = columns.map(|e| column_of(e, env)).collect::<Option<Key>>()?;
    (!env.keys.is_empty()).then(|| env.keys.iter().any(|key| key.is_subset(&columns)))
}

fn is_column(expr: Option<&Expr>) -> bool {
    matches!(expr, Some(Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
}

fn is_date_part(function: &str, expr: &Expr, env: &Env<'_>) -> bool {
    match expr {
        Expr::Identifier(ident) => {
            let word = lower(ident);
            WITH_DATE_PART.contains(&function)
                && DATE_PARTS.contains(&word.as_str())
                && env.rels.iter().all(|r| r.position(&word).is_none())
        }
        _ => false,
    }
}
