//! What dbt itself offers inside `{{ }}`: its cross-database macros, `var` and `config`.

use super::expr::{Expr, Kind};
use super::{Stop, not_allowed};

/// A cross-database macro of dbt.
pub(super) struct DbtMacro {
    /// Its name after `dbt.`.
    pub name: &'static str,
    /// Its parameters; those with `?` may be left out.
    pub parameters: &'static [&'static str],
    /// Plain SQL for a call, that every dialect parses and that says the type.
    pub sql: fn(&[Option<&str>]) -> String,
}

/// Names that are offered where an unknown one is met.
pub(super) const NAMES: [&str; 4] = ["ref", "source", "var", "config"];

/// Names of dbt's context that reach out of the query, and why they are refused.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("env_var", "it reads the environment, where credentials are"),
    ("run_query", "it runs a statement while the project is compiled"),
    ("statement", "it runs a statement while the project is compiled"),
    ("load_result", "it reads the result of a statement run while the project is compiled"),
    ("adapter", "it acts on the warehouse while the project is compiled"),
    ("api", "it acts on the warehouse while the project is compiled"),
    ("modules", "it reaches Python's own modules"),
    ("load_relation", "it asks the warehouse while the project is compiled"),
    ("fromjson", "it computes what can't be proved"),
    ("fromyaml", "it computes what can't be proved"),
    ("context", "it gives everything that dbt holds"),
    ("builtins", "it gives everything that dbt holds"),
    ("exceptions", "it stops the compilation"),
    ("log", "it writes to the log"),
    ("print", "it writes to the terminal"),
    ("graph", "it reads the whole project"),
    ("write", "it writes a file"),
    ("this", "a query that reads its own table can't be undone or repeated"),
    ("target", "what a query reads must not depend on where it runs"),
    ("is_incremental", "a query that reads its own table can't be undone or repeated"),
];

macro_rules! dbt_macros {
    ($($name:literal ($($parameter:literal),*) $sql:expr;)*) => {
        &[$(DbtMacro { name: $name, parameters: &[$($parameter),*], sql: $sql }),*]
    };
}

/// The macros, as dbt documents them. The stand-ins carry names of their own, `dbt_…`, that the resolver knows.
pub(super) const DBT: &[DbtMacro] = dbt_macros! {
    "dateadd" ("datepart", "interval", "from_date_or_timestamp") |a| format!("dbt_dateadd({}, {})", arg(a, 1), arg(a, 2));
    "datediff" ("first_date", "second_date", "datepart") |a| format!("dbt_datediff({}, {})", arg(a, 0), arg(a, 1));
    "date_trunc" ("datepart", "date") |a| format!("dbt_date_trunc({})", arg(a, 1));
    "last_day" ("date", "datepart") |a| format!("dbt_last_day({})", arg(a, 0));
    "date" ("year", "month", "day") |_| "cast('2000-01-01' as date)".into();
    "current_timestamp" () |_| "current_timestamp".into();
    "current_timestamp_backcompat" () |_| "current_timestamp".into();
    "type_string" () |_| "varchar".into();
    "type_numeric" () |_| "numeric(28, 6)".into();
    "type_int" () |_| "integer".into();
    "type_bigint" () |_| "bigint".into();
    "type_float" () |_| "double precision".into();
    "type_timestamp" () |_| "timestamp".into();
    "type_boolean" () |_| "boolean".into();
    "safe_cast" ("field", "type") |a| format!("cast({} as {})", arg(a, 0), arg(a, 1));
    "cast" ("field", "type") |a| format!("cast({} as {})", arg(a, 0), arg(a, 1));
    "concat" ("fields") |a| format!("dbt_concat({})", arg(a, 0));
    "hash" ("field") |a| format!("dbt_hash({})", arg(a, 0));
    "length" ("expression") |a| format!("length({})", arg(a, 0));
    "position" ("substring_text", "string_text") |a| format!("dbt_position({}, {})", arg(a, 0), arg(a, 1));
    "replace" ("field", "old_chars", "new_chars") |a| format!("dbt_replace({}, {}, {})", arg(a, 0), arg(a, 1), arg(a, 2));
    "right" ("string_text", "length_expression") |a| format!("dbt_right({}, {})", arg(a, 0), arg(a, 1));
    "split_part" ("string_text", "delimiter_text", "part_number")
        |a| format!("dbt_split_part({}, {}, {})", arg(a, 0), arg(a, 1), arg(a, 2));
    "string_literal" ("value") |a| format!("'{}'", arg(a, 0).replace('\'', "''"));
    "escape_single_quotes" ("expression") |a| arg(a, 0).replace('\'', "''");
    "any_value" ("expression") |a| format!("any_value({})", arg(a, 0));
    "bool_or" ("expression") |a| format!("bool_or({})", arg(a, 0));
    "listagg" ("measure", "delimiter_text?", "order_by_clause?", "limit_num?") |a| format!("dbt_listagg({})", arg(a, 0));
    "generate_series" ("upper_bound") |_| "select 1 as generated_number".into();
    "except" () |_| "except".into();
    "array_agg" ("measure") |a| format!("array_agg({})", arg(a, 0));
};

fn arg<'a>(args: &[Option<&'a str>], i: usize) -> &'a str {
    args.get(i).copied().flatten().unwrap_or("null")
}

/// The macro of that name.
pub(super) fn dbt(name: &str) -> Option<&'static DbtMacro> {
    DBT.iter().find(|m| m.name == name)
}

/// `var('name')` or `var('name', default)`.
pub(super) fn var(expr: &Expr, args: &[Expr], named: &[(String, Expr)]) -> Result<(), Stop> {
    let default = args.get(1).or_else(|| named.iter().find(|(k, _)| k == "default").map(|(_, v)| v));
    let plain = default.is_none_or(|d| matches!(d.kind, Kind::Str(_) | Kind::Num(_) | Kind::Constant(_)));
    match args {
        [Expr { kind: Kind::Str(name), .. }, ..] if args.len() + named.len() <= 2 && plain => {
            if name == "as_of" || default.is_some() {
                return Ok(());
            }
            Err(Stop::new("unknown-var", format!("nothing sets the variable `{name}`"), expr.at, expr.len)
                .next("give it a default: `var('name', 'value')`; `as_of` is set by every run"))
        }
        _ => Err(Stop::new("macro-arguments", "`var` takes a name and a plain default", expr.at, expr.len)),
    }
}

/// `config(…)`: only what can't run anything.
pub(super) fn config(expr: &Expr, args: &[Expr], named: &[(String, Expr)]) -> Result<(), Stop> {
    const ALLOWED: [&str; 6] = ["materialized", "tags", "cluster_by", "partition_by", "schema", "unique_key"];
    if !args.is_empty() {
        return Err(not_allowed(expr, "a `config` without names"));
    }
    for (key, value) in named {
        if !ALLOWED.contains(&key.as_str()) {
            let why = match key.as_str() {
                "pre_hook" | "post_hook" | "sql_header" => "it runs SQL beside the model's own query",
                _ => "only what can't change the result may be set in a model",
            };
            return Err(Stop::new(
                "jinja-not-allowed",
                format!("`config({key}=…)` is not allowed"),
                value.at,
                value.len,
            )
            .why(why)
            .next(format!("one of {}", ALLOWED.join(", "))));
        }
        let plain = |e: &Expr| match &e.kind {
            Kind::Str(text) => !text.contains(['{', '}', '\'', '"', ';', '(', '\n']),
            Kind::Num(_) | Kind::Constant(_) => true,
            _ => false,
        };
        let fine = match &value.kind {
            Kind::List(items) => items.iter().all(plain),
            _ => plain(value),
        };
        if !fine {
            return Err(not_allowed(value, "anything but plain words in `config`"));
        }
        if let (true, Kind::Str(kept)) = (key == "materialized", &value.kind)
            && !["view", "table", "ephemeral"].contains(&kept.as_str())
        {
            return Err(Stop::new(
                "jinja-not-allowed",
                format!("`{kept}` is no way to keep a model"),
                value.at,
                value.len,
            )
            .next("view, table or ephemeral"));
        }
    }
    Ok(())
}
