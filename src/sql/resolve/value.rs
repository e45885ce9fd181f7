//! The value of an expression: its type, what it is made from, whether it can be null, what it computes.

use std::rc::Rc;

use super::column_type::{ColumnType, Family};
use super::result::Usage;
use crate::vocabulary::DataType;

/// The value of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    pub ty: ColumnType,
    /// Columns of relations that it is made from and how, sorted.
    pub sources: Vec<(u32, Usage)>,
    /// How many columns stand in it.
    pub columns: u32,
    /// How many of those belong to rows that a join repeats.
    pub repeated: u32,
    /// The join that repeats them.
    pub fan_out: Option<usize>,
    /// The join in which many rows look this one up.
    pub looked_up: Option<usize>,
    /// The text of a literal: it takes the type of what it meets.
    pub literal: Option<String>,
    /// Whether it can be null.
    pub nullable: Option<bool>,
    /// Of a struct, or an array of structs: what each field is made of, where that is known.
    pub parts: Option<Rc<Vec<(String, Value)>>>,
    /// A whole number of 32 bits at most, for sure: PostgreSQL adds those up to whole numbers, longer ones to decimals.
    pub short: bool,
}

impl Value {
    pub fn of(ty: impl Into<ColumnType>) -> Value {
        Value { ty: ty.into(), nullable: Some(false), ..Value::default() }
    }

    /// What takes on the parts of others.
    pub fn nothing() -> Value {
        Value { nullable: Some(false), ..Value::default() }
    }

    pub fn typed(mut self, ty: impl Into<ColumnType>) -> Value {
        self.ty = ty.into();
        self.literal = None;
        self.parts = None;
        self.short = false;
        self
    }

    /// The same with what its fields are made of, each of what stands beside too.
    pub fn with_parts(mut self, of: &Value, beside: &Value) -> Value {
        let parts = of.parts.as_ref().filter(|_| self.ty.is_known());
        self.parts = parts.map(|parts| match beside.sources.is_empty() {
            true => Rc::clone(parts),
            false => Rc::new(parts.iter().map(|(n, v)| (n.clone(), v.clone().beside(beside))).collect()),
        });
        self
    }

    /// A field of a struct; of what the others are made of it is not.
    pub fn field(self, name: &str) -> Value {
        let ty = self.ty.field(name);
        let part = self.parts.as_ref().and_then(|p| p.iter().find(|(n, _)| n == name)).map(|(_, part)| part.clone());
        let Some(part) = part else { return self.typed(ty).nullable(None) };
        let parts = part.parts.clone();
        let (repeated, fan_out, looked_up) = (self.repeated, self.fan_out, self.looked_up);
        Value { parts, columns: self.columns, repeated, fan_out, looked_up, ..part.typed(ty).nullable(None) }
    }

    pub fn short(mut self, short: bool) -> Value {
        self.short = short && self.ty == ColumnType::Known(DataType::Integer);
        self
    }

    pub fn nullable(mut self, nullable: Option<bool>) -> Value {
        self.nullable = nullable;
        self
    }

    /// Takes over what another value is made from; null where either is.
    pub fn from(mut self, other: &Value) -> Value {
        self.nullable = strict(self.nullable, other.nullable);
        self.beside(other)
    }

    /// The same, where the other decides nothing about null.
    pub fn beside(mut self, other: &Value) -> Value {
        self.parts = None;
        if !other.sources.is_empty() {
            self.sources.extend(&other.sources);
            self.sources.sort_unstable();
            self.sources.dedup();
        }
        self.columns += other.columns;
        self.repeated += other.repeated;
        self.fan_out = self.fan_out.or(other.fan_out);
        self.looked_up = self.looked_up.or(other.looked_up);
        self
    }

    /// The same sources, as what they are used for here; what was used in another way stays so.
    pub fn used_for(mut self, usage: Usage) -> Value {
        for source in self.sources.iter_mut().filter(|s| s.1 == Usage::Value) {
            source.1 = usage;
        }
        self.sources.sort_unstable();
        self.sources.dedup();
        self
    }

    /// A literal that meets a value of a type: whether it can be read as that type.
    pub fn fits(&self, ty: ColumnType) -> bool {
        let Some(text) = self.literal.as_deref().map(str::trim) else { return false };
        match ty.family() {
            Some(Family::Number) => self.ty.is_numeric() || text.parse::<f64>().is_ok(),
            Some(Family::Temporal) => {
                text.len() >= 8 && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-')
                    || ["infinity", "-infinity", "epoch", "now", "today", "tomorrow", "yesterday"]
                        .contains(&text.to_lowercase().as_str())
            }
            Some(Family::Time) => text.contains(':'),
            Some(Family::Boolean) => {
                self.ty.is_numeric()
                    || ["true", "false", "t", "f", "1", "0", "yes", "no"].contains(&text.to_lowercase().as_str())
            }
            Some(Family::Text) => self.ty.is_text(),
            Some(Family::Binary) | None => true,
        }
    }

    /// Whether two values are of known types that can't meet in a comparison.
    pub fn clashes(&self, other: &Value) -> bool {
        let boolean_number = |a: &Value, b: &Value| a.ty.family() == Some(Family::Boolean) && b.ty.is_numeric();
        self.ty.clashes(other.ty)
            && !self.fits(other.ty)
            && !other.fits(self.ty)
            && !boolean_number(self, other)
            && !boolean_number(other, self)
    }

    /// The value where either of two can be the answer.
    pub fn either(self, other: &Value) -> Value {
        use ColumnType::Known;
        let ty = match (&self.ty, &other.ty) {
            (a, b) if a != b && self.literal.is_some() && self.fits(*b) => wider(*b, &self),
            (a, b) if a != b && other.literal.is_some() && other.fits(*a) => wider(*a, other),
            (Known(DataType::Float), b) | (b, Known(DataType::Float)) if b.is_numeric() => Known(DataType::Float),
            (a, b) => a.either(*b),
        };
        let literal = self.literal.clone().filter(|_| other.literal.is_some());
        let null = |v: &Value| v.ty == ColumnType::Null;
        let short = (self.short || null(&self)) && (other.short || null(other));
        let mut value = Value { ty, literal: None, parts: None, ..self }.from(other);
        value.literal = literal;
        value.short(short)
    }
}

/// Whether a result can be null that is null where one of two is.
pub(super) fn strict(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// The type where a literal meets a column: that of the column if the literal is a whole number or a text for it.
fn wider(column: ColumnType, literal: &Value) -> ColumnType {
    match (column, literal.ty) {
        (ColumnType::Known(DataType::Integer | DataType::Decimal { .. }), ColumnType::Number) => ColumnType::Number,
        (column, _) => column,
    }
}
