//! The time between two events: `hours between order and payment`, `days from admission to discharge`.

use crate::contract::Column;
use crate::requirement::Question;
use crate::requirement::lexicon::name_parts;
use crate::requirement::piece::{Elapsed, Event, Kind, Measure, Pick, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::stem::value;
use crate::requirement::tokens;
use crate::requirement::words;
use crate::spec::Function;
use crate::vocabulary::TableRef;

#[rustfmt::skip]
const FUNCTIONS: &[(Function, &[&str])] = &[
    (Function::Avg, &["average", "mean", "avg", "average of the", "on average"]),
    (Function::Median, &["median"]),
    (Function::Max, &["maximum", "max", "longest", "largest", "highest"]),
    (Function::Min, &["minimum", "min", "shortest", "smallest", "lowest"]),
    (Function::Sum, &["total", "sum of", "sum of the"]),
];
const PICKS: &[(&[&str], Pick)] = &[
    (&["first", "earliest", "very first", "initial"], Pick::First),
    (&["last", "latest", "most recent", "newest"], Pick::Last),
];
const MEAN: &[&str] = &["on average", "typically", "on the average"];
const UNITS: &[&str] = &["second", "minute", "hour", "day", "week"];

const IS: &[&str] = &[
    "is",
    "means",
    "=",
    "equals",
    "is defined as",
    "defined as",
    "being",
    "is calculated as",
    "is computed as",
    "i.e.",
];

/// Reads the time between two events, by itself or within a function, and what such a time is called.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    if let Some(end) = definition(scan, at).map(|d| d.end) {
        return Some(Piece { tokens: at..end, kind: Kind::Meaning });
    }
    let i = scan.skip(at, &["the", "what is the", "and", "and the", "with the", "with", "how many", "a"]);
    let found = FUNCTIONS.iter().filter_map(|(f, said)| Some((scan.any(i, said)?, *f))).max_by_key(|f| f.0);
    let (i, function) = found.map_or((i, None), |(i, f)| (i, Some(f)));
    let start = scan.skip(i, &["number of", "the", "no. of", "of"]);
    if let Some(end) = between_two(scan, start) {
        let words = scan.words(&(at..end));
        let about = format!(
            "`{words}`: the time between one row and a later one of the same kind can't be told yet. Shall it be left out?"
        );
        return Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or_without()) });
    }
    let found = between(scan, start).or_else(|| called(scan, start));
    let (elapsed, end) = found.or_else(|| super::lasting::lasting(scan, start, function.is_some()))?;
    // `how many hours does it take on average from …`
    let mean = || (start..end).any(|t| MEAN.iter().any(|m| scan.phrase(t, m).is_some()));
    let function = function.or_else(|| mean().then_some(Function::Avg));
    let kind = match function {
        Some(function) => Kind::Measure(Measure { what: What::Elapsed { function, elapsed }, values: Vec::new() }),
        None => Kind::Elapsed(elapsed),
    };
    Some(Piece { tokens: at..end, kind })
}

/// What a time between two events is called.
struct Definition<'a> {
    name: std::ops::Range<usize>,
    elapsed: Elapsed<'a>,
    end: usize,
}

/// `length of stay is the days between admission and discharge`, from the beginning of a clause.
fn definition<'a>(scan: &Scan<'a>, at: usize) -> Option<Definition<'a>> {
    let i = scan.article(scan.skip(at, &["where", "with", "and", ",", "(", "here", "the"]));
    let (name_end, is) = (i + 1..i + 5).find_map(|j| Some((j, scan.any(j, IS)?)))?;
    let word = |j: usize| scan.tokens.get(j).is_some_and(|t| t.kind == tokens::Kind::Word);
    if !(i..name_end).all(word) {
        return None;
    }
    let (elapsed, end) = between(scan, scan.skip(is, &["the", "number of", "a"]))?;
    let end = scan.any(end, &[")"]).unwrap_or(end);
    Some(Definition { name: i..name_end, elapsed, end })
}

/// `length of stay`, where another clause says what that is.
fn called<'a>(scan: &Scan<'a>, at: usize) -> Option<(Elapsed<'a>, usize)> {
    scan.tokens.get(at).filter(|t| t.kind == tokens::Kind::Word)?;
    let fresh = |i: &usize| *i == 0 || scan.tokens[*i - 1].kind == tokens::Kind::Mark || scan.word(*i) == "where";
    let definitions = (0..scan.tokens.len()).filter(fresh).filter_map(|i| definition(scan, i));
    let mut found = definitions.filter(|d| d.name.start != at);
    found.find_map(|d| {
        let end = at + d.name.len();
        let same = scan.tokens.get(at..end)?.iter().zip(&scan.tokens[d.name]).all(|(a, b)| a.key == b.key);
        // `length of stay in days`
        let unit = scan.any(end, &["in"]).and_then(|i| Some((unit(scan.word(i))?, i + 1)));
        let (unit, end) = unit.map_or((d.elapsed.unit, end), |(u, end)| (Some(u), end));
        same.then_some((Elapsed { unit, ..d.elapsed }, end))
    })
}

/// A unit that time is counted in.
pub(super) fn unit(word: &str) -> Option<&'static str> {
    UNITS.iter().find(|u| word.strip_suffix('s').unwrap_or(word) == **u).copied()
}

/// The time between two events: `days between order and payment`.
pub(super) fn between<'a>(scan: &Scan<'a>, at: usize) -> Option<(Elapsed<'a>, usize)> {
    let word = scan.word(at);
    let said = unit(word);
    let i = match said {
        Some(_) => at + 1,
        None => scan.any(
            at,
            &[
                "time",
                "duration",
                "delay",
                "lag",
                "elapsed time",
                "length of time",
                "how long it takes",
                "how long",
                "time taken",
                "time passed",
                "waiting time",
                "transit time",
                "lead time",
                "turnaround time",
                "turnaround",
                "resolution time",
                "delivery time",
                "processing time",
                "response time",
                "cycle time",
                "travel time",
                "handling time",
                "interval",
                "gap",
            ],
        )?,
    };
    // `the mean time in hours from …`
    let inner = scan.any(i, &["in", "( in"]).and_then(|i| Some((unit(scan.word(i))?, i + 1)));
    let (before, i) = inner.map_or((None, i), |(u, i)| (Some(u), scan.any(i, &[")"]).unwrap_or(i)));
    let i =
        scan.skip(i, &["that pass", "passed", "it takes", "it took", "elapsed", "passing", "is it", "does it take"]);
    let i = scan.skip(i, MEAN);
    let ((from, to), end) = ends(scan, i)?;
    // `… in hours`
    let after =
        scan.any(end, &["in", "in whole", "measured in", ", in"]).and_then(|i| unit(scan.word(i)).map(|u| (u, i + 1)));
    let (said, end) = after.map_or((said.or(before), end), |(u, end)| (Some(u), end));
    Some((Elapsed { unit: said, from, to }, end))
}

/// Where a time begins and ends; none for what is left open.
type Ends<'a> = (Option<Event<'a>>, Option<Event<'a>>);

/// `between order and payment`, `until the first reply`, `since the last order`.
fn ends<'a>(scan: &Scan<'a>, at: usize) -> Option<(Ends<'a>, usize)> {
    if let Some(i) = scan.any(at, &["between", "from"]) {
        let (from, i) = event(scan, i, &["and", "to", "until", "till"])?;
        let i = scan.any(i, &["and", "to", "until", "till"])?;
        let (to, end) = event(scan, i, &[])?;
        return Some(((Some(from), Some(to)), end));
    }
    let picked = |i: usize| event(scan, i, &[]).filter(|e| e.0.pick.is_some());
    if let Some(i) = scan.any(at, &["until", "till", "to", "before"]) {
        let (to, end) = picked(i).or_else(|| done(scan, i))?;
        return Some(((None, Some(to)), end));
    }
    let (from, end) = picked(scan.any(at, &["since", "passed since", "have passed since", "elapsed since"])?)?;
    Some(((Some(from), None), end))
}

/// `close a ticket`: what is done to the rows of a table, of which a column says when.
fn done<'a>(scan: &Scan<'a>, at: usize) -> Option<(Event<'a>, usize)> {
    let deed = value(scan.word(at));
    let (noun, end) = scan.head(scan.article(at + 1)).filter(|n| !n.0.hits.tables.is_empty())?;
    let tells = |table: &&TableRef| {
        let columns = scan.ground.contracts.get(*table).into_iter().flat_map(|c| &c.columns);
        let named = |c: &Column| name_parts(&c.physical_name, c.name.as_str()).iter().any(|p| value(p) == deed);
        columns.into_iter().any(|c| c.data_type.is_temporal() && named(c))
    };
    let tells = noun.hits.tables.iter().any(tells);
    tells.then_some((Event { tokens: at..at + 1, noun: Some(noun), pick: None }, end))
}

/// `days between the first and second order`, `hours between an alarm and the next reading`: rows that follow each other.
fn between_two(scan: &Scan<'_>, at: usize) -> Option<usize> {
    const NTH: &[&str] =
        &["second", "third", "fourth", "next", "previous", "following", "consecutive", "successive", "two consecutive"];
    let word = scan.word(at);
    let unit = UNITS.iter().any(|u| word.strip_suffix('s').unwrap_or(word) == *u) || matches!(word, "time" | "gap");
    let i = scan.any(at + 1, &["between", "from", "until", "to"]).filter(|_| unit)?;
    let nth = (i..(i + 7).min(scan.clause_end(at))).find(|i| scan.any(*i, NTH).is_some())?;
    let end = scan.any(nth, NTH)?;
    scan.head(end).filter(|n| !n.0.hits.tables.is_empty()).map(|n| n.1)
}

/// An event: what a table or a column of a time is called, or a word that one comes from. It ends before one of `ends`.
fn event<'a>(scan: &Scan<'a>, at: usize, ends: &[&str]) -> Option<(Event<'a>, usize)> {
    // `each guest's last booking`: whose it is, is said by the rows.
    let whose = scan.head(scan.skip(at, &["each", "every", "a", "the"])).filter(|n| !n.0.hits.tables.is_empty());
    let at = whose.and_then(|n| scan.any(n.1, &["'s", "s'"])).unwrap_or(at);
    let mut start = scan.skip(scan.article(at), &["placing", "its", "his", "her"]);
    let mut pick = None;
    for (words, which) in PICKS {
        if let Some(end) = scan.any(start, words) {
            (start, pick) = (scan.article(end), Some(*which));
        }
    }
    if pick.is_some() {
        let (noun, end) = scan.noun(start).filter(|n| !n.0.hits.tables.is_empty())?;
        return Some((Event { tokens: start..end, noun: Some(noun), pick }, end));
    }
    let ends_at = |i: usize| ends.is_empty() || scan.any(i, ends).is_some();
    if let Some((noun, end)) = scan.head(start).filter(|(_, end)| ends_at(*end)) {
        return Some((Event { tokens: start..end, noun: Some(noun), pick }, end));
    }
    let word = |i: usize| scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word);
    if ends.is_empty() {
        let fits = word(start) && !words::never_noun(scan.word(start));
        return fits.then_some((Event { tokens: start..start + 1, noun: None, pick }, start + 1));
    }
    let end = (start + 1..start + 4).find(|i| ends_at(*i))?;
    (start..end).all(word).then_some((Event { tokens: start..end, noun: None, pick }, end))
}
