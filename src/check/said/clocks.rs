//! Whose clock a text speaks of: that of UTC, of a named zone, or of the place that a row is of.

use super::{clauses, mentions};
use crate::dbt::DescribedColumn;

/// The clock of the place, whichever that is.
pub(in crate::check) const LOCAL: &str = "local";

/// Places whose clock people speak of, and their zones.
const PLACES: &[(&str, &str)] = &[
    ("eastern", "america/new_york"),
    ("new york", "america/new_york"),
    ("nyc", "america/new_york"),
    ("boston", "america/new_york"),
    ("pacific", "america/los_angeles"),
    ("los angeles", "america/los_angeles"),
    ("san francisco", "america/los_angeles"),
    ("seattle", "america/los_angeles"),
    ("chicago", "america/chicago"),
    ("denver", "america/denver"),
    ("toronto", "america/toronto"),
    ("vancouver", "america/vancouver"),
    ("london", "europe/london"),
    ("uk", "europe/london"),
    ("dublin", "europe/dublin"),
    ("lisbon", "europe/lisbon"),
    ("berlin", "europe/berlin"),
    ("german", "europe/berlin"),
    ("munich", "europe/berlin"),
    ("hamburg", "europe/berlin"),
    ("frankfurt", "europe/berlin"),
    ("paris", "europe/paris"),
    ("madrid", "europe/madrid"),
    ("rome", "europe/rome"),
    ("milan", "europe/rome"),
    ("amsterdam", "europe/amsterdam"),
    ("brussels", "europe/brussels"),
    ("vienna", "europe/vienna"),
    ("zurich", "europe/zurich"),
    ("stockholm", "europe/stockholm"),
    ("oslo", "europe/oslo"),
    ("copenhagen", "europe/copenhagen"),
    ("helsinki", "europe/helsinki"),
    ("prague", "europe/prague"),
    ("warsaw", "europe/warsaw"),
    ("budapest", "europe/budapest"),
    ("athens", "europe/athens"),
    ("sydney", "australia/sydney"),
    ("melbourne", "australia/melbourne"),
    ("auckland", "pacific/auckland"),
    // Without daylight saving.
    ("brisbane", "australia/brisbane"),
    ("phoenix", "america/phoenix"),
    ("tokyo", "asia/tokyo"),
    ("japan", "asia/tokyo"),
    ("singapore", "asia/singapore"),
    ("hong kong", "asia/hong_kong"),
    ("shanghai", "asia/shanghai"),
    ("seoul", "asia/seoul"),
    ("mumbai", "asia/kolkata"),
    ("india", "asia/kolkata"),
    ("dubai", "asia/dubai"),
    ("istanbul", "europe/istanbul"),
    ("moscow", "europe/moscow"),
    ("sao paulo", "america/sao_paulo"),
    ("são paulo", "america/sao_paulo"),
    ("bogota", "america/bogota"),
    ("lima", "america/lima"),
];

/// Those of [`PLACES`] that have no daylight saving.
const STEADY: &[&str] = &[
    "australia/brisbane",
    "america/phoenix",
    "asia/tokyo",
    "asia/singapore",
    "asia/hong_kong",
    "asia/shanghai",
    "asia/seoul",
    "asia/kolkata",
    "asia/dubai",
    "europe/istanbul",
    "europe/moscow",
    "america/sao_paulo",
    "america/bogota",
    "america/lima",
];

/// Zones of one clock all year.
const ALIKE: &[&[&str]] = &[
    &["america/new_york", "america/toronto"],
    &["america/los_angeles", "america/vancouver"],
    &[
        "europe/berlin",
        "europe/paris",
        "europe/madrid",
        "europe/rome",
        "europe/amsterdam",
        "europe/brussels",
        "europe/vienna",
        "europe/zurich",
        "europe/stockholm",
        "europe/oslo",
        "europe/copenhagen",
        "europe/prague",
        "europe/warsaw",
        "europe/budapest",
    ],
    &["europe/helsinki", "europe/athens"],
    &["australia/sydney", "australia/melbourne"],
];

/// Whether two clocks show another hour for sure. That of the place is none of UTC, and may be any other.
pub(in crate::check) fn differ(a: &str, b: &str) -> bool {
    let of_utc = a == "utc" || b == "utc";
    let known = |z: &str| z == "utc" || PLACES.iter().any(|(_, zone)| *zone == z);
    // Where one is that of the place, it may be the other.
    if a == LOCAL || b == LOCAL {
        return a != b && of_utc;
    }
    a != b && !are_alike(a, b) && known(a) && known(b)
}

/// Whether two zones have one clock all year.
pub(in crate::check) fn are_alike(a: &str, b: &str) -> bool {
    a == b || ALIKE.iter().any(|group| group.contains(&a) && group.contains(&b))
}

/// The zone of a place with daylight saving that a text names.
pub(in crate::check) fn summer(text: &str) -> Option<&'static str> {
    let words: Vec<String> = clauses(text).concat();
    let by_zone = |w: &String| PLACES.iter().find(|(_, zone)| zone == w).map(|(_, zone)| *zone);
    let zone = words.iter().find_map(by_zone).or_else(|| place(&words).map(|(.., zone)| zone))?;
    (!STEADY.contains(&zone)).then_some(zone)
}

/// How many hours a zone of [`PLACES`] with daylight saving is from UTC, in winter and in summer.
pub(in crate::check) fn offsets(zone: &str) -> (i64, i64) {
    match zone {
        "america/new_york" | "america/toronto" => (-5, -4),
        "america/chicago" => (-6, -5),
        "america/denver" => (-7, -6),
        "america/los_angeles" | "america/vancouver" => (-8, -7),
        "europe/london" | "europe/dublin" | "europe/lisbon" => (0, 1),
        "europe/helsinki" | "europe/athens" => (2, 3),
        "australia/sydney" | "australia/melbourne" => (10, 11),
        "pacific/auckland" => (12, 13),
        _ => (1, 2),
    }
}

/// Whether a text speaks of a clock at all.
pub(in crate::check) fn is_of_clock(text: &str) -> bool {
    clauses(text).iter().flatten().any(|w| CLOCKS.contains(&w.as_str()) || ["tz", "utc", "dst"].contains(&w.as_str()))
}

/// What a text that speaks of a clock has in it; `/` of the name of a zone.
const MARKS: &[&str] = &["utc", "gmt", "zulu", "time", "clock", "wall", "zone", "naive", "local", "/"];

/// The clock that a text speaks of, where it is one.
pub(in crate::check) fn of_text(text: &str) -> Option<String> {
    if !mentions(text, MARKS) {
        return None;
    }
    let mut said: Vec<String> = clauses(text).iter().filter_map(|c| of_clause(c)).collect();
    said.sort();
    said.dedup();
    // Of the place, which another clause names.
    if said.len() == 2 && said.iter().any(|z| z != "utc" && z != LOCAL) {
        said.retain(|z| z != LOCAL);
    }
    <[String; 1]>::try_from(said).ok().map(|[only]| only)
}

/// The first place that words name, where it stands, in how many words, and its zone.
fn place(words: &[String]) -> Option<(usize, usize, &'static str)> {
    let at = |at: usize| PLACES.iter().find(|(name, _)| stands(words, at, name)).map(|p| (at, p));
    let (at, (name, zone)) = (0..words.len()).find_map(at)?;
    Some((at, name.split(' ').count(), zone))
}

/// Whether a name of one or more words, its genitive too, stands at a place.
fn stands(words: &[String], at: usize, name: &str) -> bool {
    let mut rest = words[at..].iter();
    let is = |word: &String, part| word.strip_prefix(part).is_some_and(|rest| matches!(rest, "" | "'s" | "’s"));
    name.split(' ').all(|part| rest.next().is_some_and(|w| is(w, part)))
}

/// The clock that a description says a column shows, which has to be one without a zone of its own.
pub(in crate::check) fn clock(column: &DescribedColumn) -> Option<String> {
    let name = column.name.to_lowercase();
    if column.description.is_empty() || name.contains("zone") || name == "tz" || name.ends_with("_tz") {
        return None;
    }
    let clock = of_text(&column.description)?;
    let clauses = clauses(&column.description);
    let unclear = |w: &String| {
        ["unix", "epoch", "offset", "offsets", "e.g", "example", "configured", "session", "environment"]
            .contains(&w.as_str())
    };
    // `without offset` is as clear as can be.
    let without = |c: &[String], at: usize| at > 0 && matches!(c[at - 1].as_str(), "without" | "no");
    let clear = |c: &Vec<String>| (0..c.len()).all(|at| !unclear(&c[at]) || without(c, at));
    clauses.iter().all(clear).then_some(clock)
}

/// The clock that a text says all moments of a table are by: `All timestamps are UTC.`
pub(in crate::check) fn of_all(text: &str) -> Option<String> {
    const MOMENTS: &[&str] = &["timestamps", "times", "moments", "datetimes", "timestamp", "datetime", "timestamp_ntz"];
    if !mentions(text, &["timestamp", "times ", "moments", "datetime"]) {
        return None;
    }
    let all = |words: &Vec<String>| {
        let is = |at: usize, of: &[&str]| words.get(at).is_some_and(|w| of.contains(&w.as_str()));
        let first = is(0, MOMENTS) || is(0, &["all", "every"]) && (is(1, MOMENTS) || is(2, MOMENTS));
        first && words.iter().any(|w| matches!(w.as_str(), "are" | "is" | "in" | "stay" | "stored"))
    };
    let said: Vec<String> = clauses(text).iter().filter(|c| all(c)).filter_map(|c| of_clause(c)).collect();
    <[String; 1]>::try_from(said).ok().map(|[only]| only)
}

/// Words that make a place beside them one whose clock is meant.
const CLOCKS: &[&str] = &[
    "time",
    "clock",
    "wall-clock",
    "wallclock",
    "wall",
    "timezone",
    "time-zone",
    "zone",
    "timestamp",
    "naive",
    "local",
];

fn of_clause(words: &[String]) -> Option<String> {
    let is = |at: usize, of: &[&str]| words.get(at).is_some_and(|w| of.contains(&w.as_str()));
    // `converted from UTC`, `not UTC`.
    let turned = |at: usize| (at.saturating_sub(3)..at).any(|i| is(i, &["from", "not", "non", "never", "than"]));
    for (at, word) in words.iter().enumerate() {
        if turned(at) {
            continue;
        }
        let zone = match word.as_str() {
            "utc" | "gmt" | "zulu" => Some("utc".to_owned()),
            "universal" if is(at + 1, &["time"]) => Some("utc".to_owned()),
            w if is_zone(w) => Some(w.to_owned()),
            _ => None,
        };
        if zone.is_some() {
            return zone;
        }
    }
    if let Some((at, width, zone)) = place(words) {
        let beside = is(at + width, CLOCKS)
            || at > 0 && is(at - 1, CLOCKS)
            || at > 1 && is(at - 1, &["in", "of", "at"]) && is(at - 2, CLOCKS);
        if beside {
            return (!turned(at)).then(|| zone.to_owned());
        }
    }
    // `Wall clock where it was made`, `in the zone of the shop`.
    let wall = (0..words.len()).any(|at| {
        !turned(at)
            && (is(at, &["wall-clock", "wallclock"]) || is(at, &["wall"]) && is(at + 1, &["clock"]))
            && !words.iter().any(|w| matches!(w.as_str(), "session" | "server"))
    });
    let of_place = (1..words.len()).any(|at| {
        is(at, &["zone", "timezone", "time-zone"])
            && is(at + 1, &["of"])
            && is(at + 2, &["the", "each", "its"])
            && !turned(at)
    });
    if wall || of_place && words.iter().any(|w| w == "in") {
        return Some(LOCAL.to_owned());
    }
    let local = words.iter().position(|w| w == LOCAL)?;
    let timed = is(
        local + 1,
        &["time", "clock", "wall-clock", "timezone", "timestamp", "to", "date", "day", "calendar", "hour"],
    ) || is(local + 2, &["time", "clock"]);
    (timed && !turned(local)).then(|| LOCAL.to_owned())
}

/// Whether a word is the name of a zone: `europe/berlin`.
fn is_zone(word: &str) -> bool {
    PLACES.iter().any(|(_, zone)| *zone == word)
}

/// The clock by which a text says that days are cut: `per calendar day in Berlin`, `New York date`, `local day`.
pub(in crate::check) fn day(text: &str) -> Option<String> {
    if !mentions(text, &["day", "date"]) {
        return None;
    }
    clauses(text).iter().find_map(|words| {
        let is = |at: usize, of: &[&str]| words.get(at).is_some_and(|w| of.contains(&w.as_str()));
        const DAYS: &[&str] = &["day", "days", "date", "dates"];
        let after =
            |at: usize| is(at, DAYS) || is(at, &["calendar", "business", "departure", "local"]) && is(at + 1, DAYS);
        (0..words.len()).find_map(|at| {
            if words[at] == LOCAL && (after(at + 1) || is(at + 2, &["day", "days"])) {
                return Some(LOCAL.to_owned());
            }
            // `by the clinic's own calendar day`, `the day in the house's own zone`.
            let whose = at > 0 && words[at] == "own" && words[at - 1].ends_with('s');
            let zone = is(at + 1, &["zone", "timezone", "time-zone", "clock"])
                || is(at + 1, &["time"]) && is(at + 2, &["zone"]);
            if whose && (after(at + 1) || zone && words.iter().any(|w| DAYS.contains(&w.as_str()))) {
                return Some(LOCAL.to_owned());
            }
            let named = PLACES.iter().find(|(name, zone)| stands(words, at, name) || words[at] == *zone)?;
            let width = if words[at] == named.1 { 1 } else { named.0.split(' ').count() };
            let before = at >= 2 && is(at - 1, &["in", "of"]) && is(at - 2, DAYS);
            let meant = words[at] == named.1 || at >= 3 && words[at - 3] == "calendar" || is(at + width, &["time"]);
            let first = after(at + width) || is(at + width, &["time", "local"]) && after(at + width + 1);
            (before && meant || first).then(|| named.1.to_owned())
        })
    })
}
