//! Personal data, found by the names of columns and by the forms and check digits of their values.

mod evidence;
mod ids;
mod shapes;

use super::profile::Seen;
use crate::vocabulary::{DataType, PersonalKind as Kind, PersonalWords};
pub use evidence::{Evidence, holds};
pub use shapes::{is_card, is_email, is_phone};

/// Surest that anything is, in percent: names and values are evidence, no proof.
const MOST: u64 = 99;
/// As sure as a tag must be.
const LEAST: u64 = 50;
/// Rows with a value that say something by having none of the kind.
const ENOUGH: u64 = 10;

/// The kind of personal data that a column holds, and how sure that is, in percent.
pub fn find(table: &str, column: &str, data_type: DataType, seen: &Seen) -> Option<(Kind, u8)> {
    let words = PersonalWords::of(table, column);
    let flags = data_type == DataType::Integer && seen.integers > 0 && seen.not_boolean == 0;
    let by_name = words.kind(data_type).filter(|(kind, _)| {
        // Moments are of no person but their birth, and a yes or no is of nobody.
        *kind == Kind::BirthDate || (seen.stamps() * 2 <= seen.texts.max(1) && !flags)
    });
    let values = |kind| seen.evidence.percent(kind, seen, words.is_thing(), words.is_nobody());
    let mut best: Option<(u64, Kind)> = by_name.map(|(kind, name)| {
        let (name, values) = (u64::from(name), values(kind));
        let sure = match values {
            // Two kinds of evidence of their own: both would have to be wrong.
            Some(percent) if percent > 0 => 100 - (100 - name) * (100 - percent) / 100,
            // The values of a kind that has a form of its own are something else.
            Some(_) if seen.filled() >= ENOUGH => name * 7 / 10,
            _ => name,
        };
        (sure, kind)
    });
    if data_type == DataType::Text || data_type == DataType::Integer {
        for kind in
            [Kind::Email, Kind::Payment, Kind::NationalId, Kind::Phone, Kind::IpAddress, Kind::Name, Kind::Address]
        {
            let enough = if matches!(kind, Kind::Email | Kind::Payment) { 3 } else { ENOUGH };
            let sure = values(kind).filter(|_| seen.filled() >= enough && seen.stamps() == 0).unwrap_or(0);
            if best.is_none_or(|(other, _)| sure > other) {
                best = Some((sure, kind));
            }
        }
    }
    let (sure, kind) = best.filter(|(sure, _)| *sure >= LEAST)?;
    Some((kind, u8::try_from(sure.min(MOST)).unwrap_or(u8::MAX)))
}

#[cfg(test)]
mod tests;
