//! Time zones: `in Berlin time`, `Europe/Berlin`, `local time in New York`, `UTC`.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;

/// Zones that people say by letters, by a country, or by a city that the zone is not called by.
#[rustfmt::skip]
const ZONES: &[(&str, &str)] = &[
    ("utc", "UTC"), ("gmt", "UTC"), ("cet", "Europe/Berlin"), ("cest", "Europe/Berlin"), ("german", "Europe/Berlin"), ("norwegian", "Europe/Oslo"), ("uk", "Europe/London"), ("british", "Europe/London"),
    ("french", "Europe/Paris"), ("spanish", "Europe/Madrid"), ("italian", "Europe/Rome"), ("swiss", "Europe/Zurich"), ("munich", "Europe/Berlin"), ("frankfurt", "Europe/Berlin"), ("hamburg", "Europe/Berlin"),
    ("milan", "Europe/Rome"), ("barcelona", "Europe/Madrid"), ("geneva", "Europe/Zurich"), ("eastern", "America/New_York"), ("est", "America/New_York"), ("edt", "America/New_York"), ("et", "America/New_York"),
    ("boston", "America/New_York"), ("washington", "America/New_York"), ("central", "America/Chicago"), ("mountain", "America/Denver"), ("pacific", "America/Los_Angeles"), ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"), ("pt", "America/Los_Angeles"), ("san francisco", "America/Los_Angeles"), ("seattle", "America/Los_Angeles"), ("indian", "Asia/Kolkata"), ("ist", "Asia/Kolkata"),
    ("mumbai", "Asia/Kolkata"), ("delhi", "Asia/Kolkata"), ("bangalore", "Asia/Kolkata"), ("beijing", "Asia/Shanghai"), ("japanese", "Asia/Tokyo"), ("jst", "Asia/Tokyo"), ("new zealand", "Pacific/Auckland"),
];
/// Letters that are a zone by themselves.
const LETTERS: &[&str] = &["utc", "gmt", "cet", "cest", "est", "edt", "pst", "pdt", "ist", "jst"];
#[rustfmt::skip]
const LEAD: &[&str] = &[
    "in the time zone of", "in the time zone", "in time zone", "in timezone", "in the timezone", "the time zone", "time zone", "timezone", "in", "(", "using", "by", ", in", ",", "in the",
];
#[rustfmt::skip]
const LOCAL: &[&str] = &["local time in", "local time of", "local time at", "local time for", "in local time in", "in the local time of", "in the local time in", "time zone of", "in the time zone of", "local times in"];
const AFTER: &[&str] = &["time", "local time", "standard time", "time zone", "timezone", "local"];

/// Reads a time zone; whether it is the schedule's or that of days and weeks is seen later.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let (zone, end) = zone(scan, at)?;
    Some(Piece { tokens: at..scan.any(end, &[")"]).unwrap_or(end), kind: Kind::Zone(zone) })
}

fn zone(scan: &Scan<'_>, at: usize) -> Option<(String, usize)> {
    let start = scan.any(at, &[",", "("]).unwrap_or(at);
    let local = scan.any(start, LOCAL);
    let i = local.or_else(|| scan.any(at, LEAD)).unwrap_or(at);
    let text = &scan.tokens.get(i)?.text;
    if text.contains('/') && text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '-')) {
        return Some((text.clone(), scan.any(i + 1, AFTER).unwrap_or(i + 1)));
    }
    let known = ZONES.iter().filter_map(|(say, zone)| Some(((*zone).to_owned(), scan.phrase(i, say)?)));
    let (name, end) = known.max_by_key(|z| z.1).or_else(|| city(scan, i))?;
    let letters = LETTERS.contains(&scan.word(i)) && end == i + 1;
    let named = scan.any(i.saturating_sub(1), &["timezone", "zone"]).is_some_and(|e| e == i);
    match scan.any(end, AFTER) {
        Some(end) => Some((name, end)),
        None if letters || local.is_some() || named => Some((name, end)),
        None => None,
    }
}

/// The zone that is called by a city: `New York` is `America/New_York`.
fn city(scan: &Scan<'_>, at: usize) -> Option<(String, usize)> {
    let first = scan.word(at).to_owned();
    // Every city of the zones would be looked up for every word: only before `time`, or after words that lead one in.
    if first.len() < 3 || !first.is_ascii() {
        return None;
    }
    let near = (at + 1..at + 4).any(|i| scan.any(i, AFTER).is_some())
        || at > 0 && matches!(scan.word(at - 1), "in" | "of" | "at" | "for" | "zone" | "timezone");
    if !near {
        return None;
    }
    let spoken = |len: usize| (at..at + len).map(|i| scan.word(i)).collect::<Vec<_>>().join("_");
    let all: Vec<String> = jiff::tz::db().available().map(|z| z.as_str().to_owned()).collect();
    (1..=3).rev().find_map(|len| {
        let said = spoken(len);
        let fits = |zone: &&String| {
            let known = zone.split_once('/').is_some_and(|(area, _)| {
                matches!(
                    area,
                    "Africa" | "America" | "Asia" | "Atlantic" | "Australia" | "Europe" | "Indian" | "Pacific"
                )
            });
            known && zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&said))
        };
        let mut found = all.iter().filter(fits);
        let zone = found.next()?.clone();
        found.next().is_none().then_some((zone, at + len))
    })
}
