//! What an expression holds and what it is made from.

use sqlparser::ast::{
    AccessExpr, Array, BinaryOperator, DateTimeField, Expr, Spanned, Subscript, UnaryOperator, Value as Literal,
};
use sqlparser::tokenizer::Location;

use super::relation::Env;
use super::value::{ColumnType, Family, Value};
use super::{Named, Resolver, Usage};
use crate::sql::types;
use crate::vocabulary::{DataType, Diagnostic};

impl<R: Named> Resolver<'_, R> {
    /// The value of an expression.
    pub(super) fn expr(&mut self, expr: &Expr, env: &Env<'_>) -> Value {
        if let Some(grouping) = env.grouping
            && grouping.holds(expr)
        {
            return self.expr(expr, &without_grouping(env));
        }
        match expr {
            Expr::Identifier(ident) => self.name(ident, env),
            Expr::CompoundIdentifier(idents) => self.qualified(idents, env),
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } | Expr::Prior(inner) | Expr::OuterJoin(inner) => {
                self.expr(inner, env)
            }
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => Value::of(types::of_sql(&typed.data_type)),
            Expr::Interval(interval) => {
                let value = self.expr(&interval.value, env);
                value.typed(ColumnType::Interval)
            }
            Expr::BinaryOp { .. } => self.binary(expr, env),
            Expr::UnaryOp { op, expr } => {
                let value = self.expr(expr, env);
                match op {
                    UnaryOperator::Not | UnaryOperator::BangNot => value.typed(DataType::Boolean),
                    UnaryOperator::Minus | UnaryOperator::Plus => {
                        Value { literal: value.literal.as_ref().map(|l| format!("-{l}")), ..value }
                    }
                    _ => value.typed(ColumnType::Unknown),
                }
            }
            Expr::Cast { expr, data_type, .. } => {
                let value = self.expr(expr, env);
                value.typed(types::of_sql(data_type))
            }
            Expr::Convert { expr, data_type, .. } => {
                let value = self.expr(expr, env);
                value.typed(data_type.as_ref().and_then(types::of_sql))
            }
            Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::IsUnknown(e)
            | Expr::IsNotUnknown(e) => self.expr(e, env).typed(DataType::Boolean),
            Expr::IsDistinctFrom(a, b) | Expr::IsNotDistinctFrom(a, b) => {
                let (left, right) = (self.expr(a, env), self.expr(b, env));
                self.compare(&left, &right, start(a), &shown(a));
                left.from(&right).typed(DataType::Boolean)
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
                    let other = only.value.clone();
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
                if matches!(value.ty.family(), Some(Family::Number | Family::Temporal | Family::Boolean)) {
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
                    [only] => Value { repeated: 0, fan_out: None, literal: None, ..only.value.clone() },
                    _ => Value::default(),
                }
            }
            Expr::Case { operand, conditions, else_result, .. } => self.case(operand, conditions, else_result, env),
            Expr::Extract { expr, field, .. } => {
                let value = self.expr(expr, env);
                if matches!(value.ty.family(), Some(Family::Number | Family::Text | Family::Boolean))
                    && value.literal.is_none()
                {
                    let fault = Diagnostic::error("type-clash", format!("{} has no part of a date", value.ty))
                        .next("cast it to a date first");
                    self.fault(fault, start(expr), shown(expr).chars().count());
                }
                let whole = !matches!(field, DateTimeField::Second | DateTimeField::Epoch);
                value.typed(if whole { ColumnType::Known(DataType::Integer) } else { ColumnType::Number })
            }
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => self.expr(expr, env).typed(ColumnType::Number),
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
            Expr::Tuple(items) | Expr::Array(Array { elem: items, .. }) | Expr::Struct { values: items, .. } => {
                self.all(items.iter(), env)
            }
            Expr::Named { expr, .. } => self.expr(expr, env),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => self.all(sets.iter().flatten(), env),
            Expr::CompoundFieldAccess { root, access_chain } => {
                let mut value = self.expr(root, env);
                for access in access_chain {
                    if let AccessExpr::Subscript(Subscript::Index { index }) = access {
                        value = value.from(&self.expr(index, env));
                    }
                }
                value.typed(ColumnType::Unknown)
            }
            Expr::JsonAccess { value, .. } => self.expr(value, env).typed(ColumnType::Unknown),
            Expr::Prefixed { value, .. } => self.expr(value, env),
            // Lambdas bring names of their own; the rest is rare. Unknown is an answer.
            _ => Value::default(),
        }
    }

    /// A condition: what rows must meet.
    pub(super) fn condition(&mut self, expr: &Expr, env: &Env<'_>) -> Value {
        let value = self.expr(expr, env);
        if matches!(value.ty.family(), Some(Family::Text | Family::Temporal)) {
            let fault = Diagnostic::error("type-clash", format!("a condition is due here, and this is {}", value.ty));
            self.fault(fault, start(expr), shown(expr).chars().count());
        }
        value
    }

    pub(super) fn all<'e>(&mut self, items: impl Iterator<Item = &'e Expr>, env: &Env<'_>) -> Value {
        let mut out = Value::default();
        for item in items {
            let value = self.expr(item, env);
            out = out.from(&value);
        }
        out
    }

    /// Reports two values of known types that can't meet.
    pub(super) fn compare(&mut self, left: &Value, right: &Value, at: Location, shown: &str) {
        if left.clashes(right) {
            let fault = Diagnostic::error("type-clash", format!("{} meets {}", left.ty, right.ty))
                .why("not every target can compare them")
                .next("cast one side to the type of the other");
            self.fault(fault, at, shown.chars().count());
        }
    }

    /// Operators. Chains lean left and may be long: walked, not recursed into.
    fn binary(&mut self, expr: &Expr, env: &Env<'_>) -> Value {
        let mut steps = Vec::new();
        let mut rest = expr;
        while let Expr::BinaryOp { left, op, right } = rest {
            if env.grouping.is_some_and(|g| g.holds(rest)) {
                break;
            }
            steps.push((left.as_ref(), op, right.as_ref()));
            rest = left;
        }
        let mut value = self.expr(rest, env);
        while let Some((left, op, right)) = steps.pop() {
            let other = self.expr(right, env);
            value = self.operate(value, op, other, (left, right));
        }
        value
    }

    fn operate(&mut self, left: Value, op: &BinaryOperator, right: Value, sides: (&Expr, &Expr)) -> Value {
        use BinaryOperator as Op;
        let ty = match op {
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq | Op::Spaceship => {
                self.compare(&left, &right, start(sides.1), &shown(sides.1));
                ColumnType::Known(DataType::Boolean)
            }
            Op::And | Op::Or | Op::Xor => ColumnType::Known(DataType::Boolean),
            Op::StringConcat => match left.ty.is_text() || right.ty.is_text() {
                true => ColumnType::Known(DataType::Text),
                false => ColumnType::Unknown,
            },
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => self.arithmetic(&left, op, &right, sides),
            Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
            | Op::PGLikeMatch
            | Op::PGILikeMatch
            | Op::PGNotLikeMatch
            | Op::PGNotILikeMatch
            | Op::PGStartsWith
            | Op::Regexp => ColumnType::Known(DataType::Boolean),
            _ => ColumnType::Unknown,
        };
        left.from(&right).typed(ty)
    }

    fn arithmetic(&mut self, left: &Value, op: &BinaryOperator, right: &Value, sides: (&Expr, &Expr)) -> ColumnType {
        use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus};
        use ColumnType::Known;
        use DataType::{Float, Integer, Timestamp, TimestampTz};
        let text = |v: &Value| v.ty.is_text() && v.literal.is_none();
        let (families, multiplies) = ((left.ty.family(), right.ty.family()), matches!(op, Multiply | Divide | Modulo));
        let temporal = matches!(families.0, Some(Family::Temporal)) || matches!(families.1, Some(Family::Temporal));
        let side = if text(right) {
            Some(sides.1)
        } else if text(left) {
            Some(sides.0)
        } else {
            None
        };
        let clash = match side {
            Some(side) => Some((side, "text is calculated with".to_owned())),
            None if temporal && multiplies => Some((sides.1, format!("{} {op} {}", left.ty, right.ty))),
            None if temporal && matches!(op, Plus) && families.0 == families.1 => {
                Some((sides.1, "two dates are added".to_owned()))
            }
            None => None,
        };
        if let Some((side, what)) = clash {
            let fault = Diagnostic::error("type-clash", what)
                .why("not every target can calculate that")
                .next("cast it to a number or a date first");
            self.fault(fault, start(side), shown(side).chars().count());
            return ColumnType::Unknown;
        }
        match (left.ty, op, right.ty) {
            (Known(Integer), Plus | Minus | Multiply | Modulo, Known(Integer)) => Known(Integer),
            (Known(Float), _, t) | (t, _, Known(Float)) if t.family() == Some(Family::Number) => Known(Float),
            (Known(t @ (Timestamp | TimestampTz)), Plus | Minus, ColumnType::Interval) => Known(t),
            (ColumnType::Interval, Plus, Known(t @ (Timestamp | TimestampTz))) => Known(t),
            (ColumnType::Interval, Plus | Minus, ColumnType::Interval) => ColumnType::Interval,
            (t, Plus | Minus, ColumnType::Interval) if t.is_temporal() => ColumnType::Temporal,
            (ColumnType::Interval, Plus, t) if t.is_temporal() => ColumnType::Temporal,
            (Known(DataType::Date), Plus | Minus, t) if t.family() == Some(Family::Number) => Known(DataType::Date),
            (a, _, b) if a.family() == Some(Family::Number) && b.family() == Some(Family::Number) => ColumnType::Number,
            _ => ColumnType::Unknown,
        }
    }

    fn case(
        &mut self,
        operand: &Option<Box<Expr>>,
        conditions: &[sqlparser::ast::CaseWhen],
        otherwise: &Option<Box<Expr>>,
        env: &Env<'_>,
    ) -> Value {
        let mut tests = Value::default();
        let operand = operand.as_ref().map(|o| self.expr(o, env));
        if let Some(operand) = &operand {
            tests = tests.from(operand);
        }
        let mut result: Option<Value> = None;
        for when in conditions {
            let test = match &operand {
                Some(operand) => {
                    let test = self.expr(&when.condition, env);
                    self.compare(operand, &test, start(&when.condition), &shown(&when.condition));
                    test
                }
                None => self.condition(&when.condition, env),
            };
            tests = tests.from(&test);
            result = Some(self.branch(result, &when.result, env));
        }
        if let Some(otherwise) = otherwise {
            result = Some(self.branch(result, otherwise, env));
        }
        let result = result.unwrap_or_default();
        let ty = result.ty;
        // Literals of the branches say nothing of the whole.
        result.from(&tests).typed(ty)
    }

    /// One more of several results; all must be of a kind.
    pub(super) fn branch(&mut self, earlier: Option<Value>, expr: &Expr, env: &Env<'_>) -> Value {
        let value = self.expr(expr, env);
        let Some(earlier) = earlier else { return value };
        if earlier.clashes(&value) {
            let fault = Diagnostic::error("type-clash", format!("the results are {} and {}", earlier.ty, value.ty))
                .why("one column has one type")
                .next("cast one of them");
            self.fault(fault, start(expr), shown(expr).chars().count());
        }
        earlier.either(&value)
    }
}

/// The same place, where columns may stand free.
pub(super) fn without_grouping<'e>(env: &'e Env<'e>) -> Env<'e> {
    Env {
        rels: env.rels.clone(),
        aliases: env.aliases.clone(),
        aliases_everywhere: env.aliases_everywhere,
        parent: env.parent,
        ctes: env.ctes,
        grouping: None,
        keys: Vec::new(),
        keys_of_nested: Vec::new(),
        fan_out: env.fan_out,
    }
}

fn literal(value: &Literal) -> Value {
    let (ty, text) = match value {
        Literal::Number(n, _) => match n.parse::<i64>() {
            Ok(_) => (ColumnType::Known(DataType::Integer), n.clone()),
            Err(_) => (ColumnType::Number, n.clone()),
        },
        Literal::Boolean(b) => return Value::of(DataType::Boolean).literally(b.to_string()),
        Literal::Null => return Value::of(ColumnType::Null),
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
