//! Operators.

use sqlparser::ast::{BinaryOperator, Expr};

use super::column_type::{ColumnType, Family};
use super::expr::{shown, start};
use super::relation::Env;
use super::value::Value;
use super::{Fact, Named, Resolver};
use crate::sql::functions;
use crate::vocabulary::{DataType, Diagnostic, Dialect};

const BOOLEAN: ColumnType = ColumnType::Known(DataType::Boolean);
const TEXT: ColumnType = ColumnType::Known(DataType::Text);
const INTEGER: ColumnType = ColumnType::Known(DataType::Integer);

impl<R: Named> Resolver<'_, R> {
    /// Operators. Chains lean left and may be long: walked, not recursed into.
    pub(super) fn binary(&mut self, expr: &Expr, env: &Env<'_>) -> Value {
        let mut steps = Vec::new();
        let mut rest = expr;
        while let Expr::BinaryOp { left, op, right } = rest {
            if env.grouping.is_some_and(|g| !steps.is_empty() && g.holds(rest)) {
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
        let mut nullable = super::value::strict(left.nullable, right.nullable);
        let ty = match op {
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => {
                self.compare(&left, &right, start(sides.1), &shown(sides.1));
                BOOLEAN
            }
            Op::Spaceship => {
                nullable = Some(false);
                BOOLEAN
            }
            Op::And | Op::Or | Op::Xor => BOOLEAN,
            Op::StringConcat => match (left.ty, right.ty) {
                (ColumnType::Array(_), _) => left.ty,
                (_, ColumnType::Array(_)) => right.ty,
                (json @ ColumnType::Known(DataType::Json), b) if b == json || right.literal.is_some() => json,
                (a, b) if a.is_text() || b.is_text() => TEXT,
                // MySQL reads it as `or` unless told otherwise.
                _ if !self.strict && !self.reads_as(&[Dialect::MySql, Dialect::Postgres, Dialect::DuckDb]) => TEXT,
                _ => ColumnType::Unknown,
            },
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => {
                let zero = || right.literal.as_ref().and_then(|n| n.parse::<f64>().ok()).is_none_or(|n| n == 0.0);
                if matches!(op, Op::Divide | Op::Modulo) && self.divides_by_zero_to_null() && zero() {
                    nullable = nullable.filter(|n| *n);
                }
                self.arithmetic(&left, op, &right, sides)
            }
            Op::DuckIntegerDivide | Op::MyIntegerDivide => INTEGER,
            Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
            | Op::PGLikeMatch
            | Op::PGILikeMatch
            | Op::PGNotLikeMatch
            | Op::PGNotILikeMatch
            | Op::PGStartsWith
            | Op::AtArrow
            | Op::ArrowAt
            | Op::PGOverlap
            | Op::Overlaps
            | Op::Question
            | Op::QuestionAnd
            | Op::QuestionPipe
            | Op::Regexp => BOOLEAN,
            Op::Arrow | Op::HashArrow => {
                nullable = None;
                match left.ty.is_text() && self.reads_as(&[Dialect::Databricks]) {
                    true => ColumnType::Unknown,
                    false => ColumnType::Known(DataType::Json),
                }
            }
            Op::LongArrow | Op::HashLongArrow => {
                nullable = None;
                TEXT
            }
            Op::BitwiseAnd | Op::BitwiseOr | Op::BitwiseXor | Op::PGBitwiseShiftLeft | Op::PGBitwiseShiftRight => {
                left.ty
            }
            Op::PGExp => ColumnType::Known(DataType::Float),
            _ => ColumnType::Unknown,
        };
        if matches!(op, Op::Divide) && ty == INTEGER && !self.strict {
            self.noted.push(Fact::CutOff { at: start(sides.1) });
        }
        let short = left.short && right.short;
        left.from(&right).typed(ty).nullable(nullable).short(short)
    }

    fn divides_by_zero_to_null(&self) -> bool {
        self.strict || self.reads_as(&[Dialect::DuckDb, Dialect::MySql, Dialect::Sqlite, Dialect::Databricks])
    }

    fn arithmetic(&mut self, left: &Value, op: &BinaryOperator, right: &Value, sides: (&Expr, &Expr)) -> ColumnType {
        use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus};
        use ColumnType::Known;
        use DataType::{Date, Decimal, Float, Integer, Timestamp, TimestampTz};
        if self.refuses_arithmetic() {
            let text = |v: &Value| v.ty.is_text() && v.literal.is_none();
            let (families, multiplies) =
                ((left.ty.family(), right.ty.family()), matches!(op, Multiply | Divide | Modulo));
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
                let why = match self.dialect {
                    Some(dialect) if !self.strict => format!("{} can't calculate that", dialect.label()),
                    _ => "not every target can calculate that".to_owned(),
                };
                let fault = Diagnostic::error("type-clash", what).why(why).next("cast it to a number or a date first");
                self.fault(fault, start(side), shown(side).chars().count());
                return ColumnType::Unknown;
            }
        }
        if matches!(op, Divide) {
            return self.quotient(left.ty, right.ty);
        }
        let dates_apart = |this: &Self| match this.dialect {
            Some(Dialect::DuckDb | Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake) => Known(Integer),
            Some(Dialect::BigQuery | Dialect::Databricks) => ColumnType::Interval,
            _ => ColumnType::Unknown,
        };
        match (left.ty, op, right.ty) {
            (Known(Integer), Plus | Minus | Multiply | Modulo, Known(Integer)) => INTEGER,
            (Known(Float), _, t) | (t, _, Known(Float)) if t.is_numeric() => Known(Float),
            // What is written with a point is exact, and so is what it makes with whole numbers or decimals.
            (Known(Decimal { scale: a, .. }), Plus | Minus, Known(Decimal { scale: b, .. }))
                if a == b && self.reads_as(&[Dialect::Snowflake]) =>
            {
                Known(Decimal { precision: 38, scale: a })
            }
            (Known(t @ (Timestamp | TimestampTz)), Plus | Minus, ColumnType::Interval) => Known(t),
            (ColumnType::Interval, Plus, Known(t @ (Timestamp | TimestampTz))) => Known(t),
            (ColumnType::Interval, Plus | Minus, ColumnType::Interval) => ColumnType::Interval,
            (Known(Date), Plus | Minus, ColumnType::Interval) | (ColumnType::Interval, Plus, Known(Date)) => match self
                .dialect
            {
                Some(Dialect::DuckDb | Dialect::Postgres | Dialect::Redshift | Dialect::BigQuery) => Known(Timestamp),
                // Whole days leave a day.
                Some(dialect) => match left.literal.as_deref().or(right.literal.as_deref()) {
                    Some(unit) if functions::is_whole_days(unit) => Known(Date),
                    Some(_) if dialect == Dialect::Databricks => Known(TimestampTz),
                    Some(_) => Known(Timestamp),
                    None => ColumnType::Temporal,
                },
                None => ColumnType::Temporal,
            },
            (t, Plus | Minus, ColumnType::Interval) if t.is_temporal() => ColumnType::Temporal,
            (ColumnType::Interval, Plus, t) if t.is_temporal() => ColumnType::Temporal,
            (ColumnType::Interval, Multiply, t) | (t, Multiply, ColumnType::Interval) if t.is_numeric() => {
                ColumnType::Interval
            }
            (Known(Date), Minus, Known(Date)) => dates_apart(self),
            (a, Minus, b) if a.is_temporal() && b.is_temporal() && self.dialect.is_some() && !self.strict => {
                match self.dialect {
                    Some(Dialect::MySql | Dialect::Sqlite) => ColumnType::Unknown,
                    _ => ColumnType::Interval,
                }
            }
            (Known(Date), Plus | Minus, t) if t.is_numeric() => Known(Date),
            (a @ Known(Integer | Decimal { .. }), _, b @ Known(Integer | Decimal { .. }))
                if self.reads_as(&[Dialect::BigQuery]) && !self.strict =>
            {
                exact(a).either(exact(b))
            }
            (a, _, b) if a.is_numeric() && b.is_numeric() => ColumnType::Number,
            _ => ColumnType::Unknown,
        }
    }

    /// What a division gives: where whole numbers are divided, dialects differ.
    pub(super) fn quotient(&self, left: ColumnType, right: ColumnType) -> ColumnType {
        use ColumnType::Known;
        use DataType::{Decimal, Float, Integer};
        let drops = matches!(self.dialect, Some(Dialect::Postgres | Dialect::Redshift | Dialect::Sqlite));
        match (left, right) {
            (Known(Integer), Known(Integer)) if drops => INTEGER,
            (Known(Integer), Known(Integer)) => match self.dialect {
                Some(Dialect::DuckDb | Dialect::BigQuery | Dialect::Databricks) => Known(Float),
                _ => ColumnType::Number,
            },
            (Known(Float), t) | (t, Known(Float)) if t.is_numeric() => Known(Float),
            (Known(Integer | Decimal { .. }) | ColumnType::Number, t) if t.is_numeric() => {
                match (self.dialect, left, t) {
                    (Some(Dialect::DuckDb), ..) => Known(Float),
                    (Some(Dialect::BigQuery), a @ Known(_), b @ Known(_)) => exact(a).either(exact(b)),
                    _ => ColumnType::Number,
                }
            }
            (ColumnType::Interval, t) if t.is_numeric() => ColumnType::Interval,
            _ => ColumnType::Unknown,
        }
    }

    /// Reports two values of known types that can't meet.
    pub(super) fn compare(&mut self, left: &Value, right: &Value, at: sqlparser::tokenizer::Location, shown: &str) {
        let spoken = left.literal.is_some() || right.literal.is_some();
        let temporal = |v: &Value| v.ty.family() == Some(Family::Temporal);
        let read_as_date =
            self.converts() && (temporal(left) && right.ty.is_text() || left.ty.is_text() && temporal(right));
        if left.clashes(right) && (self.strict || !spoken && self.refuses_comparing() && !read_as_date) {
            let why = match self.dialect {
                Some(dialect) if self.converts() => {
                    format!("{} converts one side, and fails at the first value that it can't", dialect.label())
                }
                Some(dialect) if !self.strict => format!("{} refuses that, or converts one side", dialect.label()),
                _ => "not every target can compare them".to_owned(),
            };
            let what = format!("{} meets {}", left.ty, right.ty);
            let fault = match self.converts() {
                true => Diagnostic::warning("type-clash", what),
                false => Diagnostic::error("type-clash", what),
            };
            let fault = fault.why(why).next("cast one side to the type of the other");
            self.fault(fault, at, shown.chars().count());
        }
    }

    /// Whether values of different families are no comparison.
    fn refuses_comparing(&self) -> bool {
        // Some convert one side by a rule that nobody thought of.
        self.strict || !self.reads_as(&[Dialect::Sqlite])
    }

    /// Whether one side becomes what the other is, which fails at the first value that can't.
    fn converts(&self) -> bool {
        !self.strict && self.reads_as(&[Dialect::Snowflake, Dialect::Databricks, Dialect::MySql])
    }

    /// Whether results of different families are no column.
    pub(super) fn refuses_branches(&self) -> bool {
        self.strict || self.reads_as(&[Dialect::Postgres, Dialect::BigQuery])
    }

    /// Whether text is no number to calculate with.
    pub(super) fn refuses_arithmetic(&self) -> bool {
        self.strict || self.reads_as(&[Dialect::Postgres, Dialect::BigQuery])
    }
}

/// What BigQuery calculates with.
fn exact(ty: ColumnType) -> ColumnType {
    match ty {
        ColumnType::Known(DataType::Decimal { precision, scale }) => functions::numeric(precision, scale),
        _ => functions::numeric(29, 0),
    }
}
