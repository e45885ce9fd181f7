//! Whether columns took the place of one, or one that of several: from names, places, and what profiles say of lengths,
//! nulls and patterns.

use super::names::words;
use crate::contract::{Column, ColumnProfile, Contract};
use crate::vocabulary::DataType;

/// From this score on it is called a split or a merge.
pub(super) const WORTH: f64 = 0.6;
/// Nothing here is surer.
const MOST: f64 = 0.9;

/// Wholes and their parts, by the last word of a name.
const PARTS: &[(&[&str], &[&str])] = &[
    (
        &["name", "fullname"],
        &["first", "given", "forename", "firstname", "middle", "last", "family", "surname", "lastname"],
    ),
    (
        &["address", "addr"],
        &["street", "house", "city", "town", "zip", "zipcode", "postcode", "postal", "state", "country", "line"],
    ),
    (&["phone", "telephone", "mobile"], &["prefix", "area", "country", "extension", "number"]),
    (&["at", "datetime", "timestamp", "ts"], &["date", "day", "time", "hour"]),
    (&["location", "coordinates", "position", "geo"], &["lat", "latitude", "lon", "lng", "longitude"]),
];

/// A whole and its parts in the source's order.
#[derive(Clone, Debug)]
pub(super) struct Split<'a> {
    pub parts: Vec<&'a Column>,
    pub score: f64,
    pub evidence: Vec<String>,
}

/// The columns among `others` that `whole` may be made of. `table` holds the parts, `of_whole` the whole.
pub(super) fn find<'a>(
    of_whole: &Contract,
    whole: &Column,
    table: &'a Contract,
    others: &[&'a Column],
) -> Option<Split<'a>> {
    let own = words(&whole.physical_name);
    let last = own.last()?;
    let (_, known) = PARTS.iter().find(|(wholes, _)| wholes.contains(&last.as_str()))?;
    let is_part = |column: &&&'a Column| {
        let words = words(&column.physical_name);
        let telling: Vec<&String> = words.iter().filter(|w| !own.contains(w)).collect();
        !telling.is_empty() && telling.iter().any(|w| known.contains(&w.as_str()))
    };
    let mut parts: Vec<&'a Column> = others.iter().filter(is_part).copied().collect();
    let at = |column: &Column| table.columns.iter().position(|c| c.physical_name == column.physical_name);
    parts.sort_by_key(|c| at(c));
    if parts.len() < 2 || whole.data_type == DataType::Text && parts.iter().any(|p| p.data_type == DataType::Json) {
        return None;
    }
    let named: Vec<&str> = parts.iter().map(|p| p.physical_name.as_str()).collect();
    let mut evidence = vec![format!("{} are parts of {} by their names", named.join(", "), whole.physical_name)];
    let mut score = 0.5;
    let places: Vec<usize> = parts.iter().filter_map(|p| at(p)).collect();
    if places.windows(2).all(|pair| pair[0] + 1 == pair[1]) {
        evidence.push("the parts stand side by side".into());
        score += 0.15;
    }
    if parts.iter().all(|p| p.required == whole.required) {
        evidence.push("all may be null, or none".into());
        score += 0.05;
    }
    score += by_profile(of_whole, whole, table, &parts, &mut evidence);
    // Names and lengths are no proof that the values are the same.
    let score = score.min(MOST);
    (score >= WORTH).then_some(Split { parts, score, evidence })
}

fn by_profile(
    of_whole: &Contract,
    whole: &Column,
    table: &Contract,
    parts: &[&Column],
    evidence: &mut Vec<String>,
) -> f64 {
    let profiles: Vec<&ColumnProfile> = parts.iter().filter_map(|p| p.profile.as_ref()).collect();
    let (Some(one), true) = (&whole.profile, profiles.len() == parts.len()) else {
        evidence.push("no values to compare".into());
        return 0.0;
    };
    let mut score = 0.0;
    if let Some(length) = &one.lengths {
        let longest: u32 = profiles.iter().filter_map(|p| p.lengths.as_ref()).map(|l| l.max).sum();
        let between = u32::try_from(profiles.len()).unwrap_or(u32::MAX) - 1;
        // The longest first and the longest last name need not be one person's.
        if length.max <= longest + between && length.max * 10 >= longest * 6 {
            evidence.push("the lengths add up".into());
            score += 0.15;
        } else {
            evidence.push("against it: the lengths do not add up".into());
            score -= 0.15;
        }
    }
    let sample = |c: &Contract| c.profile.as_ref().map_or(1, |p| p.sample.max(1)) as f64;
    let share = one.nulls as f64 / sample(of_whole);
    if profiles.iter().all(|p| (p.nulls as f64 / sample(table) - share).abs() < 0.05) {
        evidence.push("as many nulls in each".into());
        score += 0.15;
    } else {
        evidence.push("against it: other shares of nulls".into());
        score -= 0.15;
    }
    score
}
