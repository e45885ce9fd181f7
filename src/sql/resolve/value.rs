//! What an expression holds, as far as that is known.

use crate::vocabulary::DataType;

/// The type of a column or expression. Where targets differ in the exact type, its family is still known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnType {
    /// This type in every target.
    Known(DataType),
    /// A number; targets differ in which (the mean of integers, a quotient).
    Number,
    /// A date or timestamp; targets differ in which.
    Temporal,
    /// A length of time.
    Interval,
    /// The null that has no type yet.
    Null,
    /// Not known.
    #[default]
    Unknown,
}

/// Types that can be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Number,
    Text,
    Boolean,
    Temporal,
    Time,
    Binary,
}

impl ColumnType {
    /// The type, where it is the same in every target.
    pub fn exact(self) -> Option<DataType> {
        match self {
            ColumnType::Known(data_type) => Some(data_type),
            _ => None,
        }
    }

    /// Whether it holds dates or timestamps for sure.
    pub fn is_temporal(self) -> bool {
        self.family() == Some(Family::Temporal)
    }

    /// Whether it holds text for sure.
    pub fn is_text(self) -> bool {
        self.family() == Some(Family::Text)
    }

    /// Whether it is known not to hold dates or timestamps.
    pub fn is_not_temporal(self) -> bool {
        self.family().is_some_and(|f| f != Family::Temporal)
    }

    /// Whether both are known and can't be compared with each other.
    pub fn clashes(self, other: ColumnType) -> bool {
        matches!((self.family(), other.family()), (Some(a), Some(b)) if a != b)
    }

    pub(super) fn family(self) -> Option<Family> {
        match self {
            ColumnType::Known(t) => Some(match t {
                DataType::Integer | DataType::Decimal { .. } | DataType::Float => Family::Number,
                DataType::Text => Family::Text,
                DataType::Boolean => Family::Boolean,
                DataType::Date | DataType::Timestamp | DataType::TimestampTz => Family::Temporal,
                DataType::Time => Family::Time,
                DataType::Binary => Family::Binary,
                DataType::Json => return None,
            }),
            ColumnType::Number => Some(Family::Number),
            ColumnType::Temporal => Some(Family::Temporal),
            ColumnType::Interval | ColumnType::Null | ColumnType::Unknown => None,
        }
    }

    /// The type of a column that holds values of both.
    pub fn either(self, other: ColumnType) -> ColumnType {
        match (self, other) {
            (a, b) if a == b => a,
            (ColumnType::Null, t) | (t, ColumnType::Null) => t,
            (a, b) => match (a.family(), b.family()) {
                (Some(Family::Number), Some(Family::Number)) => ColumnType::Number,
                (Some(Family::Temporal), Some(Family::Temporal)) => ColumnType::Temporal,
                _ => ColumnType::Unknown,
            },
        }
    }
}

impl From<DataType> for ColumnType {
    fn from(data_type: DataType) -> ColumnType {
        ColumnType::Known(data_type)
    }
}

impl From<Option<DataType>> for ColumnType {
    fn from(data_type: Option<DataType>) -> ColumnType {
        data_type.map_or(ColumnType::Unknown, ColumnType::Known)
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ColumnType::Known(t) => t.fmt(f),
            ColumnType::Number => f.write_str("number"),
            ColumnType::Temporal => f.write_str("date or timestamp"),
            ColumnType::Interval => f.write_str("interval"),
            ColumnType::Null => f.write_str("null"),
            ColumnType::Unknown => f.write_str("unknown"),
        }
    }
}

/// The value of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    pub ty: ColumnType,
    /// Columns of relations that it is made from, sorted.
    pub sources: Vec<u32>,
    /// How many columns stand in it.
    pub columns: u32,
    /// How many of those belong to rows that a join repeats.
    pub repeated: u32,
    /// The join that repeats them.
    pub fan_out: Option<usize>,
    /// The text of a literal: it takes the type of what it meets.
    pub literal: Option<String>,
}

impl Value {
    pub fn of(ty: impl Into<ColumnType>) -> Value {
        Value { ty: ty.into(), ..Value::default() }
    }

    pub fn typed(mut self, ty: impl Into<ColumnType>) -> Value {
        self.ty = ty.into();
        self.literal = None;
        self
    }

    /// Takes over what another value is made from.
    pub fn from(mut self, other: &Value) -> Value {
        self.sources.extend(&other.sources);
        self.sources.sort_unstable();
        self.sources.dedup();
        self.columns += other.columns;
        self.repeated += other.repeated;
        self.fan_out = self.fan_out.or(other.fan_out);
        self
    }

    /// A literal that meets a value of a type: whether it can be read as that type.
    pub fn fits(&self, ty: ColumnType) -> bool {
        let Some(text) = self.literal.as_deref().map(str::trim) else { return false };
        match ty.family() {
            Some(Family::Number) => self.ty.family() == Some(Family::Number) || text.parse::<f64>().is_ok(),
            Some(Family::Temporal) => {
                text.len() >= 8 && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-')
            }
            Some(Family::Time) => text.contains(':'),
            Some(Family::Boolean) => {
                self.ty.family() == Some(Family::Number)
                    || ["true", "false", "t", "f", "1", "0", "yes", "no"].contains(&text.to_lowercase().as_str())
            }
            Some(Family::Text) => self.ty.family() == Some(Family::Text),
            Some(Family::Binary) | None => true,
        }
    }

    /// Whether two values are of known types that can't meet in a comparison.
    pub fn clashes(&self, other: &Value) -> bool {
        let boolean_number =
            |a: &Value, b: &Value| a.ty.family() == Some(Family::Boolean) && b.ty.family() == Some(Family::Number);
        self.ty.clashes(other.ty)
            && !self.fits(other.ty)
            && !other.fits(self.ty)
            && !boolean_number(self, other)
            && !boolean_number(other, self)
    }

    /// The value where either of two can be the answer.
    pub fn either(self, other: &Value) -> Value {
        use ColumnType::Known;
        let ty = match (self.ty, other.ty) {
            (a, b) if a != b && self.literal.is_some() && self.fits(b) => wider(b, &self),
            (a, b) if a != b && other.literal.is_some() && other.fits(a) => wider(a, other),
            (Known(DataType::Float), b) | (b, Known(DataType::Float)) if b.family() == Some(Family::Number) => {
                Known(DataType::Float)
            }
            (a, b) => a.either(b),
        };
        let literal = self.literal.clone().filter(|_| other.literal.is_some());
        let mut value = Value { ty, literal: None, ..self }.from(other);
        value.literal = literal;
        value
    }
}

/// The type where a literal meets a column: that of the column if the literal is a whole number or a text for it.
fn wider(column: ColumnType, literal: &Value) -> ColumnType {
    match (column, literal.ty) {
        (ColumnType::Known(DataType::Integer), ColumnType::Number) => ColumnType::Number,
        (ColumnType::Known(DataType::Decimal { .. }), ColumnType::Number) => ColumnType::Number,
        (column, _) => column,
    }
}
