//! The walk over the parsed expression.

use sqlparser::ast::{
    self, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, Expr, TrimWhereField, UnaryOperator, Value,
};

use super::functions::{self, unit_of};
use super::{Code, Lowered, Scope, refuse, shown};
use crate::vocabulary::{DataType, Diagnostic, nearest};

type Lower = Result<Lowered, Diagnostic>;

/// Lowers `expression`, naming what `scope` holds.
pub(super) fn walk(expression: &Expr, scope: &Scope) -> Lower {
    let go = |e: &Expr| walk(e, scope);
    match expression {
        Expr::Identifier(name) => column(None, &name.value, scope),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [relation, name] => column(Some(&relation.value), &name.value, scope),
            _ => Err(unsupported(expression, "a column is named as `column` or `model.column`")),
        },
        Expr::Value(value) => literal(&value.value, expression),
        Expr::TypedString(typed) => {
            let text = typed.value.clone().into_string().unwrap_or_default();
            let to = data_type(&typed.data_type)?;
            Ok(cast(Lowered::of(Code::text(string(&text)), None, &[]), to).with_nullable(false))
        }
        Expr::Nested(inner) => {
            let inner = go(inner)?;
            Ok(Lowered { code: inner.code.clone().nested(), plain: false, ..inner })
        }
        Expr::UnaryOp { op, expr } => {
            let inner = go(expr)?;
            let (sign, to) = match op {
                UnaryOperator::Minus => ("-", inner.data_type),
                UnaryOperator::Plus => ("+", inner.data_type),
                UnaryOperator::Not => ("not ", Some(DataType::Boolean)),
                _ => return Err(unsupported(expression, "of the signs, -, + and not are the same everywhere")),
            };
            Ok(Lowered::of(Code::Seq(vec![Code::text(sign), inner.code.clone()]), to, &[&inner]))
        }
        Expr::BinaryOp { .. } => {
            // `a + b + c` is as deep as it is long to its left: down in a loop, not by calls.
            let (mut spine, mut first) = (Vec::new(), expression);
            while let Expr::BinaryOp { left, op, right } = first {
                spine.push((first, op, right));
                first = left;
            }
            let parts = spine.into_iter().rev();
            parts.into_iter().try_fold(go(first)?, |left, (whole, op, right)| binary(whole, left, op, right, scope))
        }
        Expr::IsNull(inner) => after(go(inner)?, " is null"),
        Expr::IsNotNull(inner) => after(go(inner)?, " is not null"),
        Expr::InList { expr, list, negated } => {
            let inner = go(expr)?;
            let list = list.iter().map(go).collect::<Result<Vec<_>, _>>()?;
            let word = if *negated { " not in " } else { " in " };
            let codes = list.iter().map(|l| l.code.clone()).collect();
            let code = Code::Seq(vec![inner.code.clone(), Code::text(word), Code::call("", codes)]);
            Ok(Lowered::of(code, Some(DataType::Boolean), &[&inner].into_iter().chain(&list).collect::<Vec<_>>()))
        }
        Expr::Between { expr, negated, low, high } => {
            let (inner, low, high) = (go(expr)?, go(low)?, go(high)?);
            let word = Code::text(if *negated { " not between " } else { " between " });
            let code = vec![inner.code.clone(), word, low.code.clone(), Code::text(" and "), high.code.clone()];
            Ok(Lowered::of(Code::Seq(code), Some(DataType::Boolean), &[&inner, &low, &high]))
        }
        Expr::Like { negated, any: false, expr, pattern, escape_char: None } => like(*negated, go(expr)?, go(pattern)?),
        Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
            let lower = |l: Lowered| Lowered { code: Code::call("lower", vec![l.code.clone()]), ..l };
            like(*negated, lower(go(expr)?), lower(go(pattern)?))
        }
        Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, data_type: to, format: None } => {
            Ok(cast(go(expr)?, data_type(to)?))
        }
        Expr::Extract { field, expr, .. } => functions::extract(&field.to_string(), go(expr)?),
        Expr::Ceil { expr, field } => rounded("ceil", field, go(expr)?, expression),
        Expr::Floor { expr, field } => rounded("floor", field, go(expr)?, expression),
        Expr::Position { expr, r#in } => {
            let (part, whole) = (go(expr)?, go(r#in)?);
            let call = format!("dbt.position({}, {})", part.code.argument(), whole.code.argument());
            Ok(Lowered::of(Code::Jinja(call), Some(DataType::Integer), &[&part, &whole]))
        }
        Expr::Substring { expr, substring_from: Some(from), substring_for, special: _, shorthand: _ } => {
            let mut parts = vec![go(expr)?, go(from)?];
            parts.extend(substring_for.as_deref().map(go).transpose()?);
            let codes = parts.iter().map(|p| p.code.clone()).collect();
            let parts: Vec<&Lowered> = parts.iter().collect();
            Ok(Lowered::of(Code::call("substring", codes), Some(DataType::Text), &parts))
        }
        Expr::Trim { expr, trim_where, trim_what: None, trim_characters: None } => {
            let inner = go(expr)?;
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                _ => "trim",
            };
            Ok(Lowered::of(Code::call(name, vec![inner.code.clone()]), Some(DataType::Text), &[&inner]))
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            case(operand.as_deref(), conditions, else_result.as_deref(), scope)
        }
        Expr::Function(function) => functions::function(function, expression, scope),
        Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
            Err(unsupported(expression, "a query can't stand in an expression"))
        }
        Expr::Interval(_) => Err(unsupported(expression, "an interval is added to, or taken from, a date")),
        _ => Err(unsupported(expression, "databases differ on it")),
    }
}

/// An expression that no lowering is known for.
pub(super) fn unsupported(expression: &Expr, why: &str) -> Diagnostic {
    refuse(format!("`{}` can't be generated", shown(&expression.to_string())))
        .why(why.to_owned())
        .next("say it in other words, or write the whole model as `sql`")
}

fn column(relation: Option<&str>, name: &str, scope: &Scope) -> Lower {
    let (relation, name) = (relation.map(str::to_lowercase), name.to_lowercase());
    let fits = |r: &str| relation.as_deref().is_none_or(|wanted| wanted == r);
    let named = |c: &super::ScopeColumn| c.name == *name && (relation.is_some() || !c.hidden);
    let found: Vec<(usize, &super::ScopeColumn)> =
        scope.columns.iter().enumerate().filter(|(_, c)| named(c) && fits(c.relation.as_str())).collect();
    let open = scope.open.iter().find(|(r, _)| fits(r.as_str()));
    let mut lowered = Lowered::of(Code::text(""), None, &[]);
    lowered.plain = true;
    lowered.bare = true;
    match (found.as_slice(), open) {
        ([(at, column)], _) => {
            lowered.code = Code::text(&column.sql);
            lowered.data_type = column.data_type;
            lowered.nullable = column.nullable;
            lowered.uses.insert(*at);
            Ok(lowered)
        }
        ([], Some((_, prefix))) => {
            let name: crate::vocabulary::Name =
                name.parse().map_err(|e: String| Diagnostic::error("unknown-column", e))?;
            lowered.code = Code::text(format!("{prefix}{name}"));
            lowered.nullable = true;
            Ok(lowered)
        }
        ([], None) => Err(unknown(relation.as_deref(), &name, scope)),
        (several, _) => {
            let places: Vec<String> = several.iter().map(|(_, c)| format!("`{}.{name}`", c.relation)).collect();
            Err(Diagnostic::error("ambiguous-column", format!("`{name}` could be {}", places.join(" or ")))
                .next("write it with its model"))
        }
    }
}

fn unknown(relation: Option<&str>, name: &str, scope: &Scope) -> Diagnostic {
    let text = relation.map_or(name.to_owned(), |r| format!("{r}.{name}"));
    let diagnostic = Diagnostic::error("unknown-column", format!("there is no column `{}`", shown(&text)));
    let relations: std::collections::BTreeSet<&str> = scope.columns.iter().map(|c| c.relation.as_str()).collect();
    if let Some(relation) = relation.filter(|r| !relations.contains(r)) {
        let near = nearest(relation, relations.iter().copied());
        let all: Vec<&str> = relations.into_iter().collect();
        let offered = if near.is_empty() { all } else { near };
        return diagnostic.why(format!("`{}` is not read here", shown(relation))).next(did_you_mean(&offered));
    }
    let here = |c: &&super::ScopeColumn| relation.is_none_or(|r| c.relation == *r);
    let names: Vec<&str> = scope.columns.iter().filter(here).map(|c| c.name.as_str()).collect();
    let near = nearest(name, names.iter().copied());
    diagnostic.next(did_you_mean(if near.is_empty() { &names } else { &near }))
}

fn did_you_mean(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|n| format!("`{n}`")).collect();
    let more = if names.len() > 8 { ", …" } else { "" };
    format!("there {} {}{more}", if names.len() == 1 { "is" } else { "are" }, shown.join(", "))
}

fn literal(value: &Value, expression: &Expr) -> Lower {
    let (code, to, nullable) = match value {
        Value::Number(digits, _) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            (digits.clone(), Some(DataType::Integer), false)
        }
        Value::Number(digits, _) => {
            let scale = digits.split_once('.').map_or(0, |(_, s)| s.len());
            let exact = !digits.contains(['e', 'E']) && scale <= 18 && digits.len() <= 30;
            let exact = DataType::Decimal { precision: 38, scale: u8::try_from(scale).unwrap_or(18) }.into_exact(exact);
            (digits.clone(), Some(exact), false)
        }
        Value::SingleQuotedString(text) => (string(text), Some(DataType::Text), false),
        Value::Boolean(value) => (value.to_string(), Some(DataType::Boolean), false),
        Value::Null => ("null".to_owned(), None, true),
        _ => {
            return Err(unsupported(
                expression,
                "of literals, numbers, 'texts', true, false and null are the same everywhere",
            ));
        }
    };
    Ok(Lowered::of(Code::text(code), to, &[]).with_nullable(nullable))
}

trait IntoExact {
    fn into_exact(self, exact: bool) -> DataType;
}

impl IntoExact for DataType {
    fn into_exact(self, exact: bool) -> DataType {
        if exact { self } else { DataType::Float }
    }
}

/// A text literal; backslashes were refused before.
fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn after(inner: Lowered, words: &str) -> Lower {
    let code = Code::Seq(vec![inner.code.clone(), Code::text(words)]);
    Ok(Lowered::of(code, Some(DataType::Boolean), &[&inner]).with_nullable(false))
}

fn like(negated: bool, inner: Lowered, pattern: Lowered) -> Lower {
    let word = Code::text(if negated { " not like " } else { " like " });
    let code = Code::Seq(vec![inner.code.clone(), word, pattern.code.clone()]);
    Ok(Lowered::of(code, Some(DataType::Boolean), &[&inner, &pattern]))
}

fn rounded(name: &str, field: &CeilFloorKind, inner: Lowered, expression: &Expr) -> Lower {
    match field {
        CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) => {
            Ok(Lowered::of(Code::call(name, vec![inner.code.clone()]), inner.data_type, &[&inner]))
        }
        _ => Err(unsupported(expression, "databases differ on it")),
    }
}

fn case(operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>, scope: &Scope) -> Lower {
    let operand = operand.map(|e| walk(e, scope)).transpose()?;
    let otherwise = otherwise.map(|e| walk(e, scope)).transpose()?;
    let mut whens = Vec::new();
    for when in conditions {
        whens.push((walk(&when.condition, scope)?, walk(&when.result, scope)?));
    }
    let code = Code::Case {
        operand: operand.as_ref().map(|o| Box::new(o.code.clone())),
        whens: whens.iter().map(|(c, r)| (c.code.clone(), r.code.clone())).collect(),
        otherwise: otherwise.as_ref().map(|o| Box::new(o.code.clone())),
    };
    let results: Vec<&Lowered> = whens.iter().map(|(_, r)| r).chain(&otherwise).collect();
    let nullable = otherwise.is_none() || results.iter().any(|r| r.nullable);
    let to = functions::common_type(&results);
    let parts: Vec<&Lowered> = operand.iter().chain(whens.iter().map(|(c, _)| c)).chain(results).collect();
    Ok(Lowered::of(code, to, &parts).with_nullable(nullable))
}

/// `cast(inner as to)`, the type in the spelling of each target; once, where `inner` is such a cast already.
pub(super) fn cast(inner: Lowered, to: DataType) -> Lowered {
    let spelled = type_code(to);
    if inner.code.is_cast_to(&spelled) {
        return inner;
    }
    Lowered::of(Code::cast(inner.code.clone(), spelled), Some(to), &[&inner])
}

/// A type as dbt SQL spells it for every target.
pub fn type_code(to: DataType) -> Code {
    let jinja = |call: &str| Code::Jinja(call.to_owned());
    match to {
        DataType::Integer => jinja("dbt.type_bigint()"),
        DataType::Decimal { precision, scale } => Code::text(format!("decimal({precision}, {scale})")),
        DataType::Float => jinja("dbt.type_float()"),
        DataType::Text | DataType::Json | DataType::Binary => jinja("dbt.type_string()"),
        DataType::Boolean => jinja("dbt.type_boolean()"),
        DataType::Date => Code::text("date"),
        DataType::Timestamp | DataType::TimestampTz => jinja("dbt.type_timestamp()"),
        DataType::Time => Code::text("time"),
    }
}

fn data_type(to: &ast::DataType) -> Result<DataType, Diagnostic> {
    use ast::DataType as T;
    Ok(match to {
        T::Int(None) | T::Integer(None) | T::BigInt(None) | T::SmallInt(None) | T::TinyInt(None) | T::Int64 => {
            DataType::Integer
        }
        T::Decimal(info) | T::Numeric(info) | T::Dec(info) => match info {
            ast::ExactNumberInfo::None => DataType::Decimal { precision: 28, scale: 6 },
            ast::ExactNumberInfo::Precision(p) => decimal(*p, 0, to)?,
            ast::ExactNumberInfo::PrecisionAndScale(p, s) => decimal(*p, *s, to)?,
        },
        T::Float(_) | T::Real | T::Double(_) | T::DoublePrecision | T::Float64 => DataType::Float,
        T::Text | T::String(None) | T::Varchar(_) | T::CharacterVarying(_) => DataType::Text,
        T::Boolean | T::Bool => DataType::Boolean,
        T::Date => DataType::Date,
        T::Timestamp(None, ast::TimezoneInfo::None | ast::TimezoneInfo::WithoutTimeZone) | T::Datetime(None) => {
            DataType::Timestamp
        }
        T::Time(None, ast::TimezoneInfo::None) => DataType::Time,
        _ => {
            return Err(refuse(format!("`{}` is no type that every target has", shown(&to.to_string())))
                .next("one of integer, decimal(P, S), double, text, boolean, date, timestamp, time"));
        }
    })
}

fn decimal(precision: u64, scale: i64, to: &ast::DataType) -> Result<DataType, Diagnostic> {
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => Ok(DataType::Decimal { precision, scale }),
        _ => Err(refuse(format!("`{}` has too many digits", shown(&to.to_string()))).why("38 digits at most")),
    }
}

fn binary(whole: &Expr, l: Lowered, op: &BinaryOperator, right: &Expr, scope: &Scope) -> Lower {
    use BinaryOperator as Op;
    if let (Op::Plus | Op::Minus, Expr::Interval(interval)) = (op, right) {
        let (count, unit) = functions::interval(interval, right)?;
        return Ok(functions::moved(unit, if *op == Op::Minus { -count } else { count }, &l));
    }
    let r = walk(right, scope)?;
    let temporal = |x: &Lowered| x.data_type.is_some_and(DataType::is_temporal);
    if matches!(op, Op::Plus | Op::Minus) && (temporal(&l) || temporal(&r)) {
        let next = if temporal(&l) && temporal(&r) { "datediff('day', a, b)" } else { "interval '7' day" };
        return Err(unsupported(whole, "databases differ on arithmetic with dates").next(format!("write `{next}`")));
    }
    let (word, to) = match op {
        Op::Plus | Op::Minus | Op::Multiply => {
            let word = if *op == Op::Plus {
                "+"
            } else if *op == Op::Minus {
                "-"
            } else {
                "*"
            };
            (word, functions::arithmetic(*op == Op::Multiply, l.data_type, r.data_type))
        }
        Op::Divide => return Ok(divide(l, r, right)),
        Op::Modulo => {
            let code = Code::call("mod", vec![l.code.clone(), r.code.clone()]);
            return Ok(Lowered::of(code, l.data_type, &[&l, &r]));
        }
        Op::StringConcat => ("||", Some(DataType::Text)),
        Op::And => ("and", Some(DataType::Boolean)),
        Op::Or => ("or", Some(DataType::Boolean)),
        Op::Eq => ("=", Some(DataType::Boolean)),
        Op::NotEq => ("!=", Some(DataType::Boolean)),
        Op::Lt => ("<", Some(DataType::Boolean)),
        Op::LtEq => ("<=", Some(DataType::Boolean)),
        Op::Gt => (">", Some(DataType::Boolean)),
        Op::GtEq => (">=", Some(DataType::Boolean)),
        _ => return Err(unsupported(whole, "databases differ on that operator")),
    };
    let mut lowered = Lowered::of(Code::text(""), to, &[&l, &r]);
    lowered.code = match l.code {
        Code::Chain(same, mut parts) if same == word => {
            parts.push(r.code);
            Code::Chain(word, parts)
        }
        code => Code::Chain(word, vec![code, r.code]),
    };
    Ok(lowered)
}

/// Whole numbers are divided as exact numbers, since half of the databases cut the quotient; nothing by nothing is null,
/// since the others fail.
fn divide(l: Lowered, r: Lowered, right: &Expr) -> Lowered {
    let whole = |x: &Lowered| x.data_type.is_none_or(|t| t == DataType::Integer);
    let dividend = if whole(&l) && whole(&r) {
        Code::cast(l.code.clone(), Code::Jinja("dbt.type_numeric()".into()))
    } else {
        l.code.clone()
    };
    let flat = r.code.flat();
    let nonzero = match right {
        Expr::Value(value) => matches!(&value.value, Value::Number(n, _) if n.parse::<f64>().is_ok_and(|n| n != 0.0)),
        _ => flat == "count(*)",
    };
    let guarded = !nonzero && !flat.starts_with("nullif(");
    let divisor = if guarded { Code::call("nullif", vec![r.code.clone(), Code::text("0")]) } else { r.code.clone() };
    let nullable = l.nullable || r.nullable || guarded;
    Lowered::of(Code::Chain("/", vec![dividend, divisor]), None, &[&l, &r]).with_nullable(nullable)
}

/// A unit of time from a literal or a word.
pub(super) fn unit(expression: &Expr) -> Result<&'static str, Diagnostic> {
    let text = match expression {
        Expr::Identifier(word) => word.value.clone(),
        Expr::Value(value) => value.clone().into_string().unwrap_or_default(),
        _ => String::new(),
    };
    unit_of(&text).ok_or_else(|| {
        refuse(format!("`{}` is no unit of time", shown(&expression.to_string())))
            .next("second, minute, hour, day, week, month, quarter or year")
    })
}
