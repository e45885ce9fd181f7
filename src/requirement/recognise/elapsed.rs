//! The time between two events: `hours between order and payment`, `days from admission to discharge`.

use crate::requirement::piece::{Elapsed, Event, Kind, Measure, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;
use crate::spec::Function;

#[rustfmt::skip]
const FUNCTIONS: &[(Function, &[&str])] = &[
    (Function::Avg, &["average", "mean", "avg", "average of the", "on average"]),
    (Function::Median, &["median"]),
    (Function::Max, &["maximum", "max", "longest", "largest", "highest"]),
    (Function::Min, &["minimum", "min", "shortest", "smallest", "lowest"]),
    (Function::Sum, &["total", "sum of", "sum of the"]),
];
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
    let (elapsed, end) = elapsed(scan, start).or_else(|| called(scan, start))?;
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
    let (elapsed, end) = elapsed(scan, scan.skip(is, &["the", "number of", "a"]))?;
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
        same.then_some((d.elapsed, end))
    })
}

fn elapsed<'a>(scan: &Scan<'a>, at: usize) -> Option<(Elapsed<'a>, usize)> {
    let word = scan.word(at);
    let unit = UNITS.iter().find(|u| word.strip_suffix('s').unwrap_or(word) == **u).copied();
    let i = match unit {
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
            ],
        )?,
    };
    let i =
        scan.skip(i, &["that pass", "passed", "it takes", "it took", "elapsed", "passing", "is it", "does it take"]);
    let i = scan.any(i, &["between", "from"])?;
    let (from, i) = event(scan, i, &["and", "to", "until", "till"])?;
    let i = scan.any(i, &["and", "to", "until", "till"])?;
    let (to, end) = event(scan, i, &[])?;
    // `… in hours`
    let after = scan.any(end, &["in", "in whole", "measured in", ", in"]).and_then(|i| {
        let word = scan.word(i);
        UNITS.iter().find(|u| word.strip_suffix('s').unwrap_or(word) == **u).map(|u| (*u, i + 1))
    });
    let (said, end) = after.map_or((unit, end), |(u, end)| (Some(u), end));
    Some((Elapsed { unit: said, from, to }, end))
}

/// An event: what a table or a column of a time is called, or a word that one comes from. It ends before one of `ends`.
fn event<'a>(scan: &Scan<'a>, at: usize, ends: &[&str]) -> Option<(Event<'a>, usize)> {
    let start = scan.skip(scan.article(at), &["first", "last", "placing", "its", "his", "her"]);
    let ends_at = |i: usize| ends.is_empty() || scan.any(i, ends).is_some();
    if let Some((noun, end)) = scan.head(start).filter(|(_, end)| ends_at(*end)) {
        return Some((Event { tokens: start..end, noun: Some(noun) }, end));
    }
    let word = |i: usize| scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word);
    if ends.is_empty() {
        let fits = word(start) && !words::never_noun(scan.word(start));
        return fits.then_some((Event { tokens: start..start + 1, noun: None }, start + 1));
    }
    let end = (start + 1..start + 4).find(|i| ends_at(*i))?;
    (start..end).all(word).then_some((Event { tokens: start..end, noun: None }, end))
}
