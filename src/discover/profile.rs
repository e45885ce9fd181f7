//! What the rows of a column tell: its type where none is declared, its accepted values, whether it is a cursor.

use std::collections::BTreeSet;

use super::connector::{Cell, RawColumn};
use super::personal;
use super::stamp::{Stamp, stamp};
use crate::vocabulary::DataType;

/// Different values that are kept of a column; one that has more has no list of accepted ones.
pub const MAX_VALUES: usize = 50;
/// Rows that a column must at least have a value in, before its values are taken for all that there may be.
const MIN_ROWS: u64 = 20;

/// What was seen of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Rows without a value.
    pub nulls: u64,
    /// Whole numbers.
    pub integers: u64,
    /// Of those, numbers other than 0 and 1.
    pub not_boolean: u64,
    /// Other numbers.
    pub reals: u64,
    /// Texts.
    pub texts: u64,
    /// Byte strings.
    pub blobs: u64,
    /// Texts that are dates.
    pub dates: u64,
    /// Texts that are moments without an offset.
    pub moments: u64,
    /// Texts that are moments with one.
    pub zoned: u64,
    /// Texts that are decimal numbers.
    pub numbers: u64,
    /// Texts that look like an e-mail address.
    pub emails: u64,
    /// Texts that look like a telephone number.
    pub phones: u64,
    /// Texts that look like the number of a payment card.
    pub cards: u64,
    /// Different texts; none where there are more than [`MAX_VALUES`].
    pub values: Option<BTreeSet<String>>,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Seen {
        Seen { values: Some(BTreeSet::new()), ..Seen::default() }
    }

    /// One more row.
    pub fn see(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Null => self.nulls += 1,
            Cell::Integer(n) => {
                self.integers += 1;
                self.not_boolean += u64::from(!matches!(n, 0 | 1));
            }
            Cell::Real(_) => self.reals += 1,
            Cell::Blob => self.blobs += 1,
            Cell::Text(text) => self.see_text(text),
        }
    }

    fn see_text(&mut self, text: &str) {
        self.texts += 1;
        match stamp(text) {
            Some(Stamp::Date) => self.dates += 1,
            Some(Stamp::Moment) => self.moments += 1,
            Some(Stamp::Zoned) => self.zoned += 1,
            None => {
                self.numbers += u64::from(text.trim().parse::<f64>().is_ok_and(f64::is_finite));
                self.emails += u64::from(personal::is_email(text));
                self.phones += u64::from(personal::is_phone(text));
                self.cards += u64::from(personal::is_card(text));
            }
        }
        if let Some(values) = &mut self.values
            && !values.contains(text)
        {
            if values.len() == MAX_VALUES || text.chars().count() > 40 {
                self.values = None;
            } else {
                values.insert(text.to_owned());
            }
        }
    }

    /// Rows with a value.
    pub fn filled(&self) -> u64 {
        self.integers + self.reals + self.texts + self.blobs
    }
}

/// The type of a column: as declared where its values fit, else what its values are, with what is odd about that.
pub fn data_type(column: &RawColumn, seen: &Seen) -> (DataType, Option<String>) {
    let Some(declared) = column.data_type else {
        return (judged(seen), None);
    };
    let stamps = seen.dates + seen.moments + seen.zoned;
    let fits = match declared {
        DataType::Integer => seen.texts + seen.blobs + seen.reals == 0,
        DataType::Decimal { .. } | DataType::Float => seen.blobs == 0 && seen.texts == seen.numbers,
        DataType::Boolean => seen.texts + seen.blobs + seen.reals + seen.not_boolean == 0,
        DataType::Date | DataType::Timestamp | DataType::TimestampTz => stamps == seen.filled(),
        DataType::Text | DataType::Json | DataType::Time => seen.blobs == 0,
        DataType::Binary => true,
    };
    match declared {
        _ if seen.filled() == 0 => (declared, None),
        DataType::Timestamp if fits && seen.zoned == stamps => (DataType::TimestampTz, None),
        DataType::Date if fits && seen.dates < stamps => (DataType::Timestamp, None),
        _ if fits => (declared, None),
        _ => {
            let judged = judged(seen);
            let what = format!("is declared {} but holds values of other kinds; read as {judged}", column.declared);
            (judged, Some(what))
        }
    }
}

/// The narrowest type that holds all values.
fn judged(seen: &Seen) -> DataType {
    match (seen.integers, seen.reals, seen.texts, seen.blobs) {
        (_, _, 0, 0) if seen.reals > 0 => DataType::Float,
        (_, 0, 0, 0) if seen.integers > 0 => DataType::Integer,
        (0, 0, 0, _) if seen.blobs > 0 => DataType::Binary,
        _ => DataType::Text,
    }
}

/// Words at the end of a column's name that stand for a closed list.
const CLOSED: &[&str] = &[
    "category",
    "channel",
    "class",
    "condition",
    "currency",
    "frequency",
    "grade",
    "interval",
    "kind",
    "level",
    "method",
    "mode",
    "outcome",
    "phase",
    "plan",
    "platform",
    "priority",
    "provider",
    "reason",
    "result",
    "segment",
    "severity",
    "size",
    "stage",
    "state",
    "status",
    "tier",
    "type",
    "unit",
    "visibility",
];

/// Words that stand for a list that grows, or for people: their values are data, not a rule.
const OPEN: &[&str] = &[
    "address",
    "agent",
    "assignee",
    "author",
    "brand",
    "by",
    "city",
    "code",
    "comment",
    "company",
    "country",
    "county",
    "customer",
    "description",
    "driver",
    "employee",
    "file",
    "hash",
    "id",
    "key",
    "label",
    "location",
    "login",
    "manager",
    "message",
    "name",
    "note",
    "notes",
    "owner",
    "path",
    "person",
    "product",
    "region",
    "rep",
    "seller",
    "sku",
    "slug",
    "source",
    "store",
    "supplier",
    "team",
    "text",
    "title",
    "token",
    "town",
    "url",
    "user",
    "username",
    "uuid",
    "vendor",
    "version",
    "warehouse",
];

/// Whether the values of a column may be all that there are, judged from its name and what was seen. A list is a rule
/// that later rows are held to, so it takes a telling name, or few plain words in many rows.
pub fn is_list(name: &str, seen: &Seen) -> bool {
    let Some(values) = &seen.values else { return false };
    let last = name.rsplit('_').next().unwrap_or(name);
    let (filled, distinct) = (seen.texts, values.len() as u64);
    let plain = values.iter().all(|v| is_word(v)) && seen.dates + seen.moments + seen.zoned + seen.numbers == 0;
    if distinct < 2 || filled < MIN_ROWS || seen.emails + seen.phones + seen.cards > 0 || !plain {
        return false;
    }
    if name.split('_').any(|word| OPEN.contains(&word)) && name != "currency_code" {
        return false;
    }
    if CLOSED.contains(&last) || name == "currency_code" {
        return filled >= distinct * 3;
    }
    let code = |v: &str| v.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-') || v.len() <= 3;
    distinct <= 8 && filled >= 50 && filled >= distinct * 20 && values.iter().all(|v| code(v))
}

/// Whether values of a column are worth an example, so that requirements name them: few words, each in many rows, or
/// in a short table where the name of the column tells that it sorts the rows.
pub fn has_examples(name: &str, seen: &Seen) -> bool {
    let Some(values) = &seen.values else { return false };
    let last = name.rsplit('_').next().unwrap_or(name);
    let distinct = values.len() as u64;
    let plain = values.iter().all(|v| is_word(v)) && seen.dates + seen.moments + seen.zoned + seen.numbers == 0;
    let personal = seen.emails + seen.phones + seen.cards > 0;
    let sorts = CLOSED.contains(&last) || SORTS.contains(&last);
    plain && !personal && (2..=20).contains(&distinct) && (sorts || seen.texts >= distinct * 5)
}

/// Names of columns that sort things, beside those whose values are a closed list.
const SORTS: &[&str] = &[
    "area",
    "brand",
    "city",
    "country",
    "department",
    "division",
    "family",
    "genre",
    "group",
    "market",
    "region",
    "specialty",
    "team",
    "zone",
];

/// A word or two such as `bank_transfer`, `Coffee`, `on hold`.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.split(' ').count() <= 3
        && text.chars().all(|c| c.is_alphanumeric() || " _-/&+.".contains(c))
        && text.chars().filter(char::is_ascii_digit).count() <= 4
}

/// Names of columns that tell when a row last changed, best first.
const CURSORS: &[&str] = &[
    "updated_at",
    "modified_at",
    "last_updated_at",
    "last_modified_at",
    "changed_at",
    "updated_on",
    "modified_on",
    "last_updated",
    "last_modified",
    "last_update",
    "update_time",
    "updated_time",
    "modified_time",
    "updated",
    "modified",
    "date_updated",
    "date_modified",
    "updated_date",
    "modified_date",
    "last_modified_date",
    "update_date",
    "last_changed",
    "row_updated_at",
    "sys_updated_on",
    "system_modstamp",
    "updated_ts",
    "modified_ts",
    "update_ts",
    "mtime",
];

/// How well a column serves to tell when a row last changed; less is better.
pub fn cursor_rank(name: &str, data_type: DataType, required: bool) -> Option<usize> {
    if !required || !data_type.is_temporal() {
        return None;
    }
    CURSORS.iter().position(|c| *c == name)
}
