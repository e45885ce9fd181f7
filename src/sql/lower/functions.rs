//! Functions: those that mean the same everywhere, and those that a macro makes mean the same.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Interval, ObjectNamePart,
    Value,
};

use super::walk::{cast, unit, unsupported, walk};
use super::{Code, Lowered, Scope, refuse, shown};
use crate::vocabulary::{DataType, Diagnostic, nearest};

type Lower = Result<Lowered, Diagnostic>;

/// What a function returns.
#[derive(Clone, Copy)]
enum Gives {
    /// The type of its first argument.
    First,
    /// The type that its arguments share.
    Common,
    Text,
    Integer,
    Float,
}

/// Functions that every target spells and understands alike, with the number of arguments that they take.
const PLAIN: &[(&str, usize, usize, Gives)] = &[
    ("abs", 1, 1, Gives::First),
    ("ceil", 1, 1, Gives::First),
    ("coalesce", 1, 99, Gives::Common),
    ("exp", 1, 1, Gives::Float),
    ("floor", 1, 1, Gives::First),
    ("left", 2, 2, Gives::Text),
    ("length", 1, 1, Gives::Integer),
    ("ln", 1, 1, Gives::Float),
    ("lower", 1, 1, Gives::Text),
    ("lpad", 3, 3, Gives::Text),
    ("ltrim", 1, 1, Gives::Text),
    ("mod", 2, 2, Gives::First),
    ("nullif", 2, 2, Gives::First),
    ("power", 2, 2, Gives::Float),
    ("replace", 3, 3, Gives::Text),
    ("round", 1, 2, Gives::First),
    ("rpad", 3, 3, Gives::Text),
    ("rtrim", 1, 1, Gives::Text),
    ("sign", 1, 1, Gives::Integer),
    ("sqrt", 1, 1, Gives::Float),
    ("substring", 2, 3, Gives::Text),
    ("trim", 1, 1, Gives::Text),
    ("upper", 1, 1, Gives::Text),
];

/// Functions that are lowered to something else.
const SPECIAL: &[&str] = &[
    "as_of",
    "avg",
    "concat",
    "count",
    "current_date",
    "current_timestamp",
    "date_add",
    "date_diff",
    "date_trunc",
    "dateadd",
    "datediff",
    "extract",
    "last_day",
    "local_time",
    "max",
    "md5",
    "median",
    "min",
    "percentile",
    "position",
    "regexp_like",
    "right",
    "split_part",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "var_pop",
    "var_samp",
];

/// Aggregates of one argument that every target understands alike, `median` through a macro.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "median",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "variance",
    "var_pop",
    "var_samp",
];

/// Lowers a call.
pub(super) fn function(call: &Function, whole: &Expr, scope: &Scope) -> Lower {
    let name = match call.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => name.value.to_lowercase(),
        _ => return Err(unsupported(whole, "functions have no schema here")),
    };
    let (arguments, distinct) = arguments(call, whole)?;
    if call.over.is_some() || call.null_treatment.is_some() || !call.within_group.is_empty() {
        return Err(unsupported(whole, "a window can't stand in an expression"));
    }
    if AGGREGATES.contains(&name.as_str()) {
        return aggregate_call(&name, &arguments, distinct, call, whole, scope);
    }
    if let ("percentile", [Some(of), Some(fraction)], None, false) =
        (name.as_str(), arguments.as_slice(), &call.filter, distinct)
    {
        let fraction = fraction.to_string();
        if !fraction.parse::<f64>().is_ok_and(|f| f > 0.0 && f < 1.0) {
            return Err(unsupported(whole, "the second argument of percentile is a number between 0 and 1"));
        }
        return percentile(walk(of, scope)?, &fraction).map_err(|why| unsupported(whole, why));
    }
    if distinct || call.filter.is_some() {
        return Err(unsupported(whole, "only aggregates take `distinct` and `filter`"));
    }
    let expressions = arguments
        .iter()
        .map(|a| a.ok_or_else(|| unsupported(whole, "`*` stands in count only")))
        .collect::<Result<Vec<&Expr>, _>>()?;
    special(&name, &expressions, whole, scope)
}

/// Arguments, `None` for `*`, and whether `distinct` stands before them.
fn arguments<'a>(call: &'a Function, whole: &Expr) -> Result<(Vec<Option<&'a Expr>>, bool), Diagnostic> {
    let list = match &call.args {
        FunctionArguments::None => return Ok((Vec::new(), false)),
        FunctionArguments::List(list) if list.clauses.is_empty() => list,
        _ => return Err(unsupported(whole, "databases differ on such arguments")),
    };
    let one = |argument: &'a FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Ok(Some(e)),
        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(None),
        _ => Err(unsupported(whole, "databases differ on such arguments")),
    };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    Ok((list.args.iter().map(one).collect::<Result<_, _>>()?, distinct))
}

fn aggregate_call(
    name: &str,
    arguments: &[Option<&Expr>],
    distinct: bool,
    call: &Function,
    whole: &Expr,
    scope: &Scope,
) -> Lower {
    let [argument] = arguments else { return Err(unsupported(whole, "an aggregate takes one argument")) };
    let mut argument = argument.map(|e| walk(e, scope)).transpose()?;
    if let Some(filter) = &call.filter {
        // `filter (where …)` is known to some databases only; rows that fail it count as null.
        let condition = walk(filter, scope)?;
        let value = argument.unwrap_or_else(|| Lowered::of(Code::text("1"), Some(DataType::Integer), &[]));
        let whens = vec![(condition.code.clone(), value.code.clone())];
        let code = Code::Case { operand: None, whens, otherwise: None };
        argument = Some(Lowered::of(code, value.data_type, &[&condition, &value]).with_nullable(true));
    }
    aggregate(name, distinct, argument).map_err(|why| unsupported(whole, why))
}

/// `name([distinct] argument)`, over rows where there is no argument.
///
/// # Errors
/// Why there is no such aggregate: an unknown name, `sum(*)`, an aggregate of an aggregate.
pub fn aggregate(name: &str, distinct: bool, argument: Option<Lowered>) -> Result<Lowered, &'static str> {
    let Some(argument) = argument else {
        if name != "count" || distinct {
            return Err("`*` stands in count only");
        }
        let count = Lowered::of(Code::text("count(*)"), Some(DataType::Integer), &[]);
        return Ok(Lowered { aggregate: true, ..count });
    };
    if name == "median" {
        return if distinct { Err("there is no median of distinct values") } else { percentile(argument, "0.5") };
    }
    if argument.aggregate {
        return Err("an aggregate can't stand in an aggregate");
    }
    let mut code = argument.code.clone();
    let to = match name {
        "count" => Some(DataType::Integer),
        "min" | "max" => argument.data_type,
        "sum" => match argument.data_type {
            Some(DataType::Decimal { scale, .. }) => Some(DataType::Decimal { precision: 38, scale }),
            other => other.filter(|t| t.is_numeric()),
        },
        "avg" => {
            // Redshift cuts the mean of whole numbers.
            if argument.data_type == Some(DataType::Integer) {
                code = Code::cast(code, Code::Jinja("dbt.type_numeric()".into()));
            }
            argument.data_type.filter(|t| *t == DataType::Float)
        }
        "stddev_pop" | "stddev_samp" | "var_pop" | "var_samp" => None,
        // Without a word of which, the one of a sample: so does every target.
        "stddev" => return aggregate("stddev_samp", distinct, Some(argument)),
        "variance" => return aggregate("var_samp", distinct, Some(argument)),
        _ => return Err("there is no such aggregate"),
    };
    if distinct {
        code = Code::Seq(vec![Code::text("distinct "), code]);
    }
    let lowered = Lowered::of(Code::call(name, vec![code]), to, &[&argument]);
    Ok(Lowered { aggregate: true, bare: false, nullable: name != "count" && argument.nullable, ..lowered })
}

/// The value below which that fraction of the values is.
fn percentile(argument: Lowered, fraction: &str) -> Result<Lowered, &'static str> {
    if argument.aggregate {
        return Err("an aggregate can't stand in an aggregate");
    }
    let call = format!("percentile({}, {fraction})", argument.code.argument());
    let lowered = Lowered::of(Code::Jinja(call), None, &[&argument]).with_macro("percentile");
    Ok(Lowered { aggregate: true, bare: false, ..lowered })
}

fn special(name: &str, args: &[&Expr], whole: &Expr, scope: &Scope) -> Lower {
    let go = |e: &Expr| walk(e, scope);
    match (name, args) {
        ("as_of" | "current_timestamp" | "now", []) => Ok(as_of()),
        ("current_date", []) => Ok(cast(as_of(), DataType::Date)),
        ("local_time", [value, Expr::Value(zone)]) => match &zone.value {
            Value::SingleQuotedString(zone) => local_time(go(value)?, zone).map_err(|why| unsupported(whole, why)),
            _ => Err(unsupported(whole, "the second argument of local_time is a time zone: 'Europe/Berlin'")),
        },
        ("date_trunc", [part, value]) => date_trunc(unit(part)?, go(value)?),
        ("dateadd" | "date_add", [part, count, value]) => {
            let Some(count) = go(count)?.code.flat().parse::<i32>().ok() else {
                return Err(unsupported(whole, "how far dateadd goes is a whole number"));
            };
            Ok(moved(unit(part)?, i64::from(count), &go(value)?))
        }
        ("date_add", [value, Expr::Interval(interval)]) => {
            let (count, unit) = self::interval(interval, whole)?;
            Ok(moved(unit, count, &go(value)?))
        }
        ("datediff" | "date_diff", [part, from, to]) => {
            let unit = unit(part)?;
            if unit == "week" {
                return Err(unsupported(whole, "weeks start on other days elsewhere").next("divide days by 7"));
            }
            let (from, to) = (go(from)?, go(to)?);
            let call = format!("dbt.datediff({}, {}, '{unit}')", from.code.argument(), to.code.argument());
            Ok(Lowered::of(Code::Jinja(call), Some(DataType::Integer), &[&from, &to]))
        }
        ("last_day", [value]) => last_day("month", go(value)?),
        ("last_day", [value, part]) => last_day(unit(part)?, go(value)?),
        ("year" | "quarter" | "month" | "day" | "hour" | "minute", [value]) => extract(name, go(value)?),
        ("date", [value]) => Ok(cast(go(value)?, DataType::Date)),
        ("concat", [_, _, ..]) => {
            let parts = args.iter().map(|e| go(e)).collect::<Result<Vec<_>, _>>()?;
            let code = Code::Chain("||", parts.iter().map(|p| p.code.clone()).collect());
            Ok(Lowered::of(code, Some(DataType::Text), &parts.iter().collect::<Vec<_>>()))
        }
        ("regexp_like", [text, pattern]) => regexp_like(go(text)?, pattern, whole),
        ("right", [text, count]) => {
            let (text, count) = (go(text)?, go(count)?);
            let call = format!("dbt.right({}, {})", text.code.argument(), count.code.argument());
            Ok(Lowered::of(Code::Jinja(call), Some(DataType::Text), &[&text, &count]))
        }
        ("split_part", [text, delimiter, part]) => {
            let Some(part) = whole_number(part) else {
                return Err(unsupported(whole, "the part of split_part is a whole number"));
            };
            let (text, delimiter) = (go(text)?, go(delimiter)?);
            let call = format!("dbt.split_part({}, {}, {part})", text.code.argument(), delimiter.code.argument());
            Ok(Lowered::of(Code::Jinja(call), Some(DataType::Text), &[&text, &delimiter]).with_nullable(true))
        }
        ("md5", [value]) => {
            let value = go(value)?;
            let call = format!("dbt.hash({})", value.code.argument());
            Ok(Lowered::of(Code::Jinja(call), Some(DataType::Text), &[&value]))
        }
        _ => plain(name, args, whole, scope),
    }
}

/// Whether a text has a part of that form; null of null.
fn regexp_like(text: Lowered, pattern: &Expr, whole: &Expr) -> Lower {
    let Expr::Value(sqlparser::ast::ValueWithSpan {
        value: sqlparser::ast::Value::SingleQuotedString(pattern), ..
    }) = pattern
    else {
        return Err(unsupported(whole, "its pattern is a text"));
    };
    if pattern.contains('\'') || regex::Regex::new(pattern).is_err() {
        return Err(unsupported(whole, "its pattern is no regular expression that every database reads alike"));
    }
    let call = format!("regexp_match({}, {})", text.code.argument(), Code::text(pattern).argument());
    let after = |code: Code| Code::Seq(vec![code, Code::text(" is not null")]);
    let mut code = after(Code::Jinja(call));
    if text.nullable {
        code = Code::Case { operand: None, whens: vec![(after(text.code.clone()), code)], otherwise: None };
    }
    Ok(Lowered::of(code, Some(DataType::Boolean), &[&text]).with_macro("regexp_match"))
}

fn plain(name: &str, args: &[&Expr], whole: &Expr, scope: &Scope) -> Lower {
    let name = if name == "ceiling" {
        "ceil"
    } else if name == "substr" {
        "substring"
    } else {
        name
    };
    let Some((_, least, most, gives)) = PLAIN.iter().find(|(known, ..)| *known == name) else {
        let known = PLAIN.iter().map(|(known, ..)| *known).chain(SPECIAL.iter().copied());
        let near = nearest(name, known);
        let diagnostic = unsupported(whole, "no function of that name is the same in every target");
        return Err(if near.is_empty() {
            diagnostic
        } else {
            diagnostic.next(format!("there is `{}`", near.join("`, `")))
        });
    };
    if args.len() < *least || args.len() > *most {
        return Err(unsupported(whole, "it takes another number of arguments"));
    }
    let parts = args.iter().map(|e| walk(e, scope)).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&Lowered> = parts.iter().collect();
    let to = match gives {
        Gives::First => parts[0].data_type,
        Gives::Common => common_type(&parts),
        Gives::Text => Some(DataType::Text),
        Gives::Integer => Some(DataType::Integer),
        Gives::Float => Some(DataType::Float),
    };
    let nullable = match name {
        "coalesce" => parts.iter().all(|p| p.nullable),
        "nullif" => true,
        _ => parts.iter().any(|p| p.nullable),
    };
    let code = Code::call(name, parts.iter().map(|p| p.code.clone()).collect());
    Ok(Lowered::of(code, to, &parts).with_nullable(nullable))
}

/// The end of the period that a run answers for: the only clock that generated SQL knows.
fn as_of() -> Lowered {
    Lowered::of(Code::Jinja("as_of()".into()), Some(DataType::Timestamp), &[]).with_macro("as_of")
}

/// What a clock in a time zone shows at a moment; moments without a zone are UTC.
fn local_time(value: Lowered, zone: &str) -> Result<Lowered, &'static str> {
    let plain = zone.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+'));
    if !plain || jiff::tz::TimeZone::get(zone).is_err() {
        return Err("there is no such time zone; an IANA name such as 'Europe/Berlin'");
    }
    let zoned = match value.data_type {
        Some(DataType::TimestampTz) => ", zoned=true",
        Some(DataType::Timestamp) | None => "",
        Some(_) => return Err("local_time is of a timestamp: a day has no hours"),
    };
    let call = format!("local_time({}, '{zone}'{zoned})", value.code.argument());
    Ok(Lowered::of(Code::Jinja(call), Some(DataType::Timestamp), &[&value]).with_macro("local_time"))
}

fn date_trunc(unit: &str, value: Lowered) -> Lower {
    let (call, own) = if unit == "week" {
        (format!("week_start({})", value.code.argument()), true)
    } else {
        (format!("dbt.date_trunc('{unit}', {})", value.code.argument()), false)
    };
    let lowered = Lowered::of(Code::Jinja(call), value.data_type, &[&value]);
    let lowered = if own { lowered.with_macro("week_start") } else { lowered };
    // What date_trunc makes of a date is a date here and a timestamp there.
    Ok(if value.data_type == Some(DataType::Date) { cast(lowered, DataType::Date) } else { lowered })
}

/// `value` plus `count` units.
pub fn date_add(unit: &str, count: i64, value: &Code) -> Code {
    // Not every database has an interval of quarters.
    let (unit, count) = if unit == "quarter" { ("month", count * 3) } else { (unit, count) };
    Code::Jinja(format!("dbt.dateadd('{unit}', {count}, {})", value.argument()))
}

/// `value` plus as many units as `count` computes.
pub fn date_add_code(unit: &str, count: &Code, value: &Code) -> Code {
    Code::Jinja(format!("dbt.dateadd('{unit}', {}, {})", count.argument(), value.argument()))
}

/// `value` plus `count` units, a date where `value` is one.
pub(super) fn moved(unit: &str, count: i64, value: &Lowered) -> Lowered {
    let lowered = Lowered::of(date_add(unit, count, &value.code), value.data_type, &[value]);
    let day = !matches!(unit, "second" | "minute" | "hour");
    if day && value.data_type == Some(DataType::Date) { cast(lowered, DataType::Date) } else { lowered }
}

fn last_day(unit: &str, value: Lowered) -> Lower {
    if !matches!(unit, "month" | "quarter" | "year") {
        return Err(refuse(format!("there is no last day of a {unit} here")).next("month, quarter or year"));
    }
    let call = format!("dbt.last_day({}, '{unit}')", value.code.argument());
    Ok(Lowered::of(Code::Jinja(call), Some(DataType::Date), &[&value]))
}

/// `extract(field from value)` for the fields that every target counts alike.
pub(super) fn extract(field: &str, value: Lowered) -> Lower {
    let field = field.to_lowercase();
    if !["year", "quarter", "month", "day", "hour", "minute"].contains(&field.as_str()) {
        return Err(refuse(format!("`extract({}` counts differently in each database", shown(&field)))
            .next("year, quarter, month, day, hour or minute; for weeks, date_trunc('week', …)"));
    }
    let code = Code::Seq(vec![Code::text(format!("{field} from ")), value.code.clone()]);
    Ok(Lowered::of(Code::call("extract", vec![code]), Some(DataType::Integer), &[&value]))
}

/// A unit of time by its name, singular or plural.
pub(super) fn unit_of(text: &str) -> Option<&'static str> {
    let text = text.trim().to_lowercase();
    let text = text.strip_suffix('s').unwrap_or(&text);
    ["second", "minute", "hour", "day", "week", "month", "quarter", "year"].into_iter().find(|unit| *unit == text)
}

/// `interval '30' day`, `interval '30 days'`, `interval 30 day`.
pub(super) fn interval(interval: &Interval, whole: &Expr) -> Result<(i64, &'static str), Diagnostic> {
    let wrong = || unsupported(whole, "an interval is a whole number and a unit: interval '30' day");
    let text = match interval.value.as_ref() {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            Value::Number(digits, _) => digits.clone(),
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    let (count, unit) = match (&interval.leading_field, text.trim().split_once(' ')) {
        (Some(field), None) => (text.trim().to_owned(), field.to_string()),
        (None, Some((count, unit))) => (count.to_owned(), unit.to_owned()),
        _ => return Err(wrong()),
    };
    let count: i32 = count.parse().map_err(|_| wrong())?;
    Ok((i64::from(count), unit_of(&unit).ok_or_else(wrong)?))
}

fn whole_number(expression: &Expr) -> Option<u32> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The type that values share, where it is plain.
pub(super) fn common_type(parts: &[&Lowered]) -> Option<DataType> {
    let mut types = parts.iter().filter(|p| p.code != Code::text("null")).map(|p| p.data_type);
    let first = types.next()??;
    types.try_fold(first, |all, next| match (all, next?) {
        (a, b) if a == b => Some(a),
        (a, b) if a.is_numeric() && b.is_numeric() => arithmetic(false, Some(a), Some(b)),
        _ => None,
    })
}

/// The type of a sum, a difference or (`times`) a product.
pub(super) fn arithmetic(times: bool, left: Option<DataType>, right: Option<DataType>) -> Option<DataType> {
    use DataType::{Decimal, Float, Integer};
    let scale = |t: DataType| if let Decimal { scale, .. } = t { scale } else { 0 };
    match (left?, right?) {
        (Integer, Integer) => Some(Integer),
        (Float, other) | (other, Float) if other.is_numeric() => Some(Float),
        (a, b) if a.is_numeric() && b.is_numeric() => {
            let (a, b) = (scale(a), scale(b));
            Some(Decimal { precision: 38, scale: if times { (a + b).min(38) } else { a.max(b) } })
        }
        _ => None,
    }
}
