//! What a column holds, as far as that is known.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Mutex;

use crate::vocabulary::DataType;

/// The type of a column or expression. Where targets differ in the exact type, its family is still known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    /// Many values of a type.
    Array(&'static ColumnType),
    /// Named fields, lower case, in order.
    Struct(&'static [(String, ColumnType)]),
    /// Values by key.
    Map(&'static (ColumnType, ColumnType)),
    /// Not known.
    #[default]
    Unknown,
}

/// Types that are kept.
type Kept<T> = Mutex<Option<HashSet<&'static T>>>;

static ARRAYS: Kept<ColumnType> = Mutex::new(None);
static MAPS: Kept<(ColumnType, ColumnType)> = Mutex::new(None);
static STRUCTS: Kept<Vec<(String, ColumnType)>> = Mutex::new(None);

/// The one copy of a nested type. Types are few and kept as long as the process lives, so that they are copied like
/// any other.
fn kept<T: Eq + Hash>(types: &Kept<T>, of: T) -> &'static T {
    let mut types = types.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let types = types.get_or_insert_default();
    if let Some(known) = types.get(&of) {
        return known;
    }
    let new: &'static T = Box::leak(Box::new(of));
    types.insert(new);
    new
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
    /// Many of a type.
    pub fn array(of: ColumnType) -> ColumnType {
        ColumnType::Array(kept(&ARRAYS, of))
    }

    /// Values by key.
    pub fn map(key: ColumnType, value: ColumnType) -> ColumnType {
        ColumnType::Map(kept(&MAPS, (key, value)))
    }

    /// Named fields.
    pub fn fields(fields: Vec<(String, ColumnType)>) -> ColumnType {
        ColumnType::Struct(kept(&STRUCTS, fields).as_slice())
    }

    /// The type, where it is the same in every target.
    pub fn exact(self) -> Option<DataType> {
        match self {
            ColumnType::Known(data_type) => Some(data_type),
            _ => None,
        }
    }

    /// Whether anything is known of it.
    pub fn is_known(self) -> bool {
        self != ColumnType::Unknown
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

    /// What an array holds.
    pub fn element(self) -> ColumnType {
        match self {
            ColumnType::Array(of) => *of,
            ColumnType::Known(DataType::Json) => ColumnType::Known(DataType::Json),
            _ => ColumnType::Unknown,
        }
    }

    /// A field of a struct, the value of a map, a part of JSON.
    pub fn field(self, name: &str) -> ColumnType {
        match self {
            ColumnType::Struct(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, t)| *t).unwrap_or_default(),
            ColumnType::Map(of) => of.1,
            // Fields of an array of structs make an array of fields.
            ColumnType::Array(of) => match of.field(name) {
                ColumnType::Unknown => ColumnType::Unknown,
                field => ColumnType::array(field),
            },
            ColumnType::Known(DataType::Json) => ColumnType::Known(DataType::Json),
            _ => ColumnType::Unknown,
        }
    }

    pub(in crate::sql) fn is_numeric(self) -> bool {
        self.family() == Some(Family::Number)
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
            _ => None,
        }
    }

    /// The type of a column that holds values of both.
    pub fn either(self, other: ColumnType) -> ColumnType {
        match (self, other) {
            (a, b) if a == b => a,
            (ColumnType::Null, t) | (t, ColumnType::Null) => t,
            (ColumnType::Array(a), ColumnType::Array(b)) => ColumnType::array(a.either(*b)),
            (a, b) => match (a.family(), b.family()) {
                (Some(Family::Number), Some(Family::Number)) => ColumnType::Number,
                (Some(Family::Temporal), Some(Family::Temporal)) => match (a, b) {
                    // A day is its midnight.
                    (ColumnType::Known(DataType::Date), ColumnType::Known(DataType::Timestamp))
                    | (ColumnType::Known(DataType::Timestamp), ColumnType::Known(DataType::Date)) => {
                        ColumnType::Known(DataType::Timestamp)
                    }
                    _ => ColumnType::Temporal,
                },
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
            ColumnType::Array(of) => write!(f, "array({of})"),
            ColumnType::Map(of) => write!(f, "map({}, {})", of.0, of.1),
            ColumnType::Struct(fields) => {
                f.write_str("struct(")?;
                for (i, (name, ty)) in fields.iter().enumerate() {
                    write!(f, "{}{name} {ty}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            ColumnType::Unknown => f.write_str("unknown"),
        }
    }
}
