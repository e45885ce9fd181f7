//! What an expression holds and what it is made from.

use sqlparser::ast::{Array, CastKind, DateTimeField, Expr, LambdaFunction, Spanned, UnaryOperator, Value as Literal};
use sqlparser::tokenizer::Location;

use super::column_type::{ColumnType, Family};
use super::names::whole_row;
use super::relation::{Env, Rel, lower};
use super::value::Value;
use super::{Named, Resolver, Usage};
use crate::sql::functions;
use crate::sql::parse::any_expression;
use crate::sql::types;
use crate::vocabulary::{DataType, Diagnostic, Dialect};

impl<R: Named> Resolver<'_, R> {
    /// The value of an expression.
    pub(super) fn expr(&mut self, expr: &Expr, env: &Env<'_>) -> Value {
        if !self.step() {
            return Value::default();
        }
        if let Some(grouping) = env.grouping
            && !env.free.get()
            && grouping.holds(expr)
        {
            let before = env.free.replace(true);
            let value = self.expr(expr, env);
            env.free.set(before);
            return if grouping.totals { value.nullable(Some(true)) } else { value };
        }
        match expr {
            Expr::Identifier(ident) => self.name(ident, env),
            Expr::CompoundIdentifier(idents) => self.qualified(idents, env),
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } | Expr::Prior(inner) | Expr::OuterJoin(inner) => {
                self.expr(inner, env)
            }
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => Value::of(self.type_of(&typed.data_type)),
            Expr::Interval(interval) => {
                let value = self.expr(&interval.value, env);
                let said = value.literal.as_deref().and_then(finest_unit);
                let unit = interval.leading_field.as_ref().map(ToString::to_string).or(said);
                Value { literal: unit.filter(|_| !self.strict), ..value.typed(ColumnType::Interval) }
            }
            Expr::BinaryOp { .. } => self.binary(expr, env),
            Expr::UnaryOp { op, expr } => {
                let value = self.expr(expr, env);
                match op {
                    UnaryOperator::Not | UnaryOperator::BangNot => value.typed(DataType::Boolean),
                    UnaryOperator::Minus | UnaryOperator::Plus if value.ty == ColumnType::Interval => value,
                    UnaryOperator::Minus | UnaryOperator::Plus => {
                        Value { literal: value.literal.as_ref().map(|l| format!("-{l}")), ..value }
                    }
                    _ => value.typed(ColumnType::Unknown),
                }
            }
            Expr::Cast { kind, expr, data_type, .. } => {
                let value = self.expr(expr, env);
                let tries = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                let nullable = if tries { Some(true) } else { value.nullable };
                let ty = self.type_of(data_type);
                value.typed(ty).nullable(nullable).short(types::is_short(data_type))
            }
            Expr::Convert { expr, data_type, .. } => {
                let value = self.expr(expr, env);
                let ty = data_type.as_ref().map(|t| self.type_of(t)).unwrap_or_default();
                value.typed(ty)
            }
            Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::IsUnknown(e)
            | Expr::IsNotUnknown(e) => self.expr(e, env).typed(DataType::Boolean).nullable(Some(false)),
            Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => {
                let (left, right) = (self.expr(a, env), self.expr(b, env));
                self.compare(&left, &right, start(a), &shown(a));
                left.from(&right).typed(DataType::Boolean).nullable(Some(false))
            }
            Expr::InList { expr, list, .. } => {
                let mut value = self.expr(expr, env);
                for item in list {
                    let other = self.expr(item, env);
                    self.compare(&value, &other, start(item), &shown(item));
                    value = value.from(&other);
                }
                value.typed(DataType::Boolean)
            }
            Expr::InSubquery { expr, subquery, .. } => {
                let value = self.expr(expr, env);
                let table = self.query(subquery, env.ctes, Some(env));
                if let [only] = table.columns.as_slice() {
                    let other = Value { literal: None, ..only.value.clone() };
                    self.compare(&value, &other, start(expr), &shown(expr));
                    self.read(Usage::Filter, &other);
                }
                value.typed(DataType::Boolean)
            }
            Expr::InUnnest { expr, array_expr, .. } => {
                let value = self.expr(expr, env);
                let other = self.expr(array_expr, env);
                value.from(&other).typed(DataType::Boolean)
            }
            Expr::Between { expr, low, high, .. } => {
                let value = self.expr(expr, env);
                let (low_value, high_value) = (self.expr(low, env), self.expr(high, env));
                self.compare(&value, &low_value, start(low), &shown(low));
                self.compare(&value, &high_value, start(high), &shown(high));
                value.from(&low_value).from(&high_value).typed(DataType::Boolean)
            }
            Expr::Like { expr, pattern, .. }
            | Expr::ILike { expr, pattern, .. }
            | Expr::SimilarTo { expr, pattern, .. }
            | Expr::RLike { expr, pattern, .. } => {
                let value = self.expr(expr, env);
                if matches!(value.ty.family(), Some(Family::Number | Family::Temporal | Family::Boolean))
                    && self.refuses_arithmetic()
                {
                    let fault = Diagnostic::error("type-clash", format!("a pattern is held against {}", value.ty))
                        .next("cast it to text first");
                    self.fault(fault, start(expr), shown(expr).chars().count());
                }
                let pattern = self.expr(pattern, env);
                value.from(&pattern).typed(DataType::Boolean)
            }
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
                let value = self.expr(left, env);
                let other = self.expr(right, env);
                value.from(&other).typed(DataType::Boolean)
            }
            Expr::Exists { subquery, .. } => {
                let table = self.query(subquery, env.ctes, Some(env));
                drop(table);
                Value::of(DataType::Boolean)
            }
            Expr::Subquery(query) => {
                let table = self.query(query, env.ctes, Some(env));
                match table.columns.as_slice() {
                    _ if super::call::as_struct(query) => whole_row(&Rel::new("", table)),
                    // No row is null, unless it is an aggregate of all rows.
                    [only] => {
                        let nullable =
                            if table.single && !table.keys.is_empty() { only.value.nullable } else { Some(true) };
                        Value { repeated: 0, fan_out: None, looked_up: None, literal: None, ..only.value.clone() }
                            .nullable(nullable)
                    }
                    columns => columns.iter().fold(Value::nothing(), |v, c| v.beside(&c.value)).nullable(None),
                }
            }
            Expr::Case { operand, conditions, else_result, .. } => self.case(operand, conditions, else_result, env),
            Expr::Extract { expr, field, .. } => {
                let value = self.expr(expr, env);
                if matches!(value.ty.family(), Some(Family::Number | Family::Text | Family::Boolean))
                    && value.literal.is_none()
                    && self.refuses_arithmetic()
                {
                    let fault = Diagnostic::error("type-clash", format!("{} has no part of a date", value.ty))
                        .next("cast it to a date first");
                    self.fault(fault, start(expr), shown(expr).chars().count());
                }
                let part = field.to_string();
                let whole = !matches!(field, DateTimeField::Second | DateTimeField::Epoch);
                let ty = match self.dialect.filter(|_| !self.strict) {
                    Some(Dialect::Postgres) => ColumnType::Number,
                    // Of a moment with a zone it is a float.
                    Some(Dialect::Redshift) => match value.ty {
                        ColumnType::Known(DataType::TimestampTz) => DataType::Float.into(),
                        ColumnType::Known(_) | ColumnType::Interval => DataType::Integer.into(),
                        _ => ColumnType::Number,
                    },
                    Some(Dialect::BigQuery) if part.eq_ignore_ascii_case("date") => DataType::Date.into(),
                    Some(Dialect::BigQuery) if part.eq_ignore_ascii_case("time") => DataType::Time.into(),
                    Some(Dialect::BigQuery | Dialect::Snowflake | Dialect::MySql) => DataType::Integer.into(),
                    _ if whole => DataType::Integer.into(),
                    Some(Dialect::DuckDb) if matches!(field, DateTimeField::Second) => DataType::Integer.into(),
                    Some(Dialect::DuckDb) => DataType::Float.into(),
                    _ => ColumnType::Number,
                };
                value.typed(ty)
            }
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => {
                let value = self.expr(expr, env);
                let ty = self.returned("floor", std::slice::from_ref(&value));
                value.typed(ty)
            }
            Expr::Position { expr, r#in } => {
                let value = self.expr(expr, env);
                let other = self.expr(r#in, env);
                value.from(&other).typed(DataType::Integer)
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut value = self.expr(expr, env);
                for part in [substring_from, substring_for].into_iter().flatten() {
                    value = value.from(&self.expr(part, env));
                }
                value.typed(DataType::Text)
            }
            Expr::Trim { expr, trim_what, .. } => {
                let mut value = self.expr(expr, env);
                if let Some(what) = trim_what {
                    value = value.from(&self.expr(what, env));
                }
                value.typed(DataType::Text)
            }
            Expr::Overlay { expr, overlay_what, .. } => {
                let value = self.expr(expr, env);
                let other = self.expr(overlay_what, env);
                value.from(&other).typed(DataType::Text)
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                let value = self.expr(timestamp, env);
                self.expr(time_zone, env);
                let ty = match value.ty {
                    ColumnType::Known(DataType::Timestamp) => ColumnType::Known(DataType::TimestampTz),
                    ColumnType::Known(DataType::TimestampTz) => ColumnType::Known(DataType::Timestamp),
                    _ => ColumnType::Temporal,
                };
                value.typed(ty)
            }
            Expr::Function(function) => self.function(function, env),
            Expr::Tuple(items) => self.all(items.iter(), env),
            Expr::Array(Array { elem: items, .. }) => {
                let mut out: Option<Value> = None;
                for item in items {
                    let value = self.expr(item, env);
                    out = Some(match out {
                        None => value,
                        // `[struct(1 as a), (2)]`: what comes behind a struct is one too.
                        Some(earlier) if matches!(item, Expr::Tuple(_)) => earlier.beside(&value),
                        Some(earlier) => earlier.either(&value),
                    });
                }
                let one = out.unwrap_or_else(Value::nothing);
                let ty = ColumnType::array(one.ty);
                one.clone().typed(ty).nullable(Some(false)).with_parts(&one, &Value::nothing())
            }
            Expr::Struct { values, fields } => {
                let typed = fields.iter().map(|f| f.field_name.as_ref().map(lower));
                let typed: Vec<Option<String>> = typed.collect();
                let parts = values.iter().enumerate().map(|(i, value)| {
                    let (name, value) = Self::field_of(value);
                    (typed.get(i).cloned().flatten().or(name), value)
                });
                self.fields_of_call(parts, env)
            }
            Expr::Dictionary(fields) => {
                self.fields_of_call(fields.iter().map(|f| (Some(lower(&f.key)), f.value.as_ref())), env)
            }
            Expr::Map(map) => {
                let keys = self.all(map.entries.iter().map(|e| e.key.as_ref()), env);
                let values = self.all(map.entries.iter().map(|e| e.value.as_ref()), env);
                let first =
                    |this: &mut Self, expr: Option<&Expr>| expr.map(|e| this.expr(e, env).ty).unwrap_or_default();
                let key = first(self, map.entries.first().map(|e| e.key.as_ref()));
                let value = first(self, map.entries.first().map(|e| e.value.as_ref()));
                keys.from(&values).typed(ColumnType::map(key, value)).nullable(Some(false))
            }
            Expr::Named { expr, .. } => self.expr(expr, env),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => self.all(sets.iter().flatten(), env),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain, env),
            Expr::JsonAccess { value, path } => self.json(value, path, env),
            Expr::Lambda(lambda) => {
                // `column -> 'key'` of DuckDB reads like a lambda.
                if let ([parameter], Expr::Value(_)) = (lambda.params.as_ref(), lambda.body.as_ref()) {
                    return self.name(&parameter.name, env).typed(DataType::Json).nullable(None);
                }
                self.lambda(lambda, &[], env)
            }
            Expr::Prefixed { value, .. } => self.expr(value, env),
            Expr::IsJson { expr, .. } | Expr::IsNormalized { expr, .. } => {
                self.expr(expr, env).typed(DataType::Boolean)
            }
            Expr::MemberOf(member) => {
                let (value, array) = (self.expr(&member.value, env), self.expr(&member.array, env));
                value.from(&array).typed(DataType::Boolean)
            }
            // The rest is rare. Unknown is an answer.
            _ => Value::default(),
        }
    }

    /// `x -> x + 1`, with what the parameters hold as far as that is known.
    pub(super) fn lambda(&mut self, lambda: &LambdaFunction, types: &[ColumnType], env: &Env<'_>) -> Value {
        let types = types.iter().copied().chain(std::iter::repeat(ColumnType::Unknown));
        let own = lambda.params.iter().map(|p| lower(&p.name)).zip(types);
        let inner = Env {
            rels: env.rels.clone(),
            parent: env.parent,
            ctes: env.ctes,
            parameters: env.parameters.iter().cloned().chain(own).collect(),
            ..Env::default()
        };
        self.expr(&lambda.body, &inner).nullable(None)
    }

    /// A condition: what rows must meet.
    pub(super) fn condition(&mut self, expr: &Expr, env: &Env<'_>) -> Value {
        let value = self.expr(expr, env);
        if matches!(value.ty.family(), Some(Family::Text | Family::Temporal)) && self.refuses_branches() {
            let fault = Diagnostic::error("type-clash", format!("a condition is due here, and this is {}", value.ty));
            self.fault(fault, start(expr), shown(expr).chars().count());
        }
        value
    }

    /// The type that a cast names.
    pub(super) fn type_of(&self, data_type: &sqlparser::ast::DataType) -> ColumnType {
        types::column_type(data_type, self.dialect.filter(|_| !self.strict))
    }

    pub(super) fn all<'e>(&mut self, items: impl Iterator<Item = &'e Expr>, env: &Env<'_>) -> Value {
        let mut out = Value::nothing();
        for item in items {
            let value = self.expr(item, env);
            out = out.from(&value);
        }
        out
    }

    fn case(
        &mut self,
        operand: &Option<Box<Expr>>,
        conditions: &[sqlparser::ast::CaseWhen],
        otherwise: &Option<Box<Expr>>,
        env: &Env<'_>,
    ) -> Value {
        let mut tests = Value::nothing();
        let operand = operand.as_ref().map(|o| self.expr(o, env));
        if let Some(operand) = &operand {
            tests = tests.beside(operand);
        }
        let mut result: Option<Value> = None;
        let mut allotted = false;
        for when in conditions {
            let test = match &operand {
                Some(operand) => {
                    let test = self.expr(&when.condition, env);
                    self.compare(operand, &test, start(&when.condition), &shown(&when.condition));
                    test
                }
                None => self.condition(&when.condition, env),
            };
            tests = tests.beside(&test);
            allotted |= !self.strict && chooses(&when.condition, env);
            result = Some(self.branch(result, &when.result, env));
        }
        if let Some(otherwise) = otherwise {
            result = Some(self.branch(result, otherwise, env));
        }
        let result = result.unwrap_or_default();
        let (ty, nullable) = (result.ty, if otherwise.is_some() { result.nullable } else { Some(true) });
        let short = result.short;
        let result = if allotted { Value { repeated: 0, fan_out: None, looked_up: None, ..result } } else { result };
        // Literals of the branches say nothing of the whole.
        result.beside(&tests).typed(ty).nullable(nullable).short(short)
    }

    /// One more of several results; all must be of a kind.
    pub(super) fn branch(&mut self, earlier: Option<Value>, expr: &Expr, env: &Env<'_>) -> Value {
        let value = self.expr(expr, env);
        let Some(earlier) = earlier else { return value };
        if earlier.clashes(&value) && self.refuses_branches() {
            let fault = Diagnostic::error("type-clash", format!("the results are {} and {}", earlier.ty, value.ty))
                .why("one column has one type")
                .next("cast one of them");
            self.fault(fault, start(expr), shown(expr).chars().count());
        }
        earlier.either(&value)
    }
}

/// Whether a condition is true for one row of many: the first of a window, or one that is picked.
fn chooses(condition: &Expr, env: &Env<'_>) -> bool {
    any_expression(condition, |e| matches!(e, Expr::Function(f) if f.over.is_some()))
        || !super::left_out::picked(condition, env).is_empty()
}

/// The unit of `'1 year 3 hours'` that says whether days stay whole.
fn finest_unit(text: &str) -> Option<String> {
    let units = || text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty());
    units().find(|u| !functions::is_whole_days(u)).or(units().next_back()).map(str::to_lowercase)
}

fn literal(value: &Literal) -> Value {
    let (ty, text) = match value {
        Literal::Number(n, _) => match n.parse::<i64>() {
            Ok(i) => {
                return Value::of(DataType::Integer).literally(n.clone()).short(i32::try_from(i).is_ok());
            }
            Err(_) => (ColumnType::Number, n.clone()),
        },
        Literal::Boolean(b) => return Value::of(DataType::Boolean).literally(b.to_string()),
        Literal::Null => return Value::of(ColumnType::Null).nullable(Some(true)),
        Literal::SingleQuotedString(s)
        | Literal::EscapedStringLiteral(s)
        | Literal::UnicodeStringLiteral(s)
        | Literal::NationalStringLiteral(s)
        | Literal::DoubleQuotedString(s)
        | Literal::TripleSingleQuotedString(s)
        | Literal::TripleDoubleQuotedString(s)
        | Literal::SingleQuotedRawStringLiteral(s)
        | Literal::DoubleQuotedRawStringLiteral(s) => (ColumnType::Known(DataType::Text), s.clone()),
        _ => return Value::default(),
    };
    Value::of(ty).literally(text)
}

impl Value {
    fn literally(mut self, text: String) -> Value {
        self.literal = Some(text);
        self
    }
}

/// Where an expression starts.
pub(super) fn start(expr: &Expr) -> Location {
    match expr {
        Expr::BinaryOp { left, .. } => {
            let mut rest = left;
            while let Expr::BinaryOp { left, .. } = rest.as_ref() {
                rest = left;
            }
            start(rest)
        }
        _ => expr.span().start,
    }
}

/// Its text, for the width of the carets.
pub(super) fn shown(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::Function(_) => expr.to_string(),
        _ => " ".to_owned(),
    }
}
