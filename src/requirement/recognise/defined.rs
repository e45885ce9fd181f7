//! Names that the requirement itself explains, before or after: `average tenure … (tenure = termination date minus hire
//! date)`, `net revenue, that is nights times price`. The name is read as what it means.

use std::ops::Range;

use crate::requirement::piece::{Elapsed, Formula, Kind, Measure, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::{tokens, words};
use crate::spec::Function;

use super::{elapsed, formula, measure, share};

/// Between a name and what it means.
#[rustfmt::skip]
pub(super) const IS: &[&str] = &[
    "is", "which is", "that is", "means", "equals", "=", "is defined as", "defined as", "is calculated as", "calculated as", "as", "being", "is the", "is computed as",
    "computed as", "here is", "here means", "stands for", "is given by", "we mean", "refers to", ":",
];
/// What stands before the meaning of what was said, without its name.
#[rustfmt::skip]
pub(super) const THAT_IS: &[&str] = &[
    "that is", ", that is", "that is ,", ", that is ,", "i.e .", ", i.e .", "i.e", ", i.e", "i.e . ,", ", i.e . ,", "( i.e .", "( i.e",
    "(", ", meaning", "meaning", "which is", ", which is", "calculated as", ", calculated as", "computed as", ", computed as", "defined as", ", defined as", "( that is",
    "( =", "=", ", or", "measured as", ", in other words", "in other words", ": that is", ", being",
];
/// Names for results that need a meaning.
#[rustfmt::skip]
pub(super) const NAMED: &[&str] = &[
    "gross margin", "margin", "profit", "gross profit", "net revenue", "gross revenue", "net sales", "gross sales", "contribution", "earnings", "net amount", "net value",
    "net price",
];

/// Reads a name whose meaning is said elsewhere.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start =
        scan.skip(at, &["the", "a", "an", "their", "its", "our", "with", "and", "with the", "showing", "as well as"]);
    let (i, function) = measure::function_word(scan, start).map_or((start, None), |(end, f)| (end, Some(f)));
    let i = scan.article(scan.any(i, &["of", "of the"]).unwrap_or(i));
    let (end, meaning) = by_name(scan, i).or_else(|| by_place(scan, i, before))?;
    let what = match meaning {
        Meaning::Formula(formula) => What::Of { function: function.unwrap_or(Function::Sum), formula },
        Meaning::Elapsed(elapsed) => What::Elapsed { function: function.unwrap_or(Function::Avg), elapsed },
        Meaning::Measure(measure) if function.is_none() => return piece(at..end, *measure),
        Meaning::Measure(_) => return None,
    };
    let (what, end) = in_unit(scan, what, end);
    piece(at..end, Measure { what, values: Vec::new() })
}

fn piece<'a>(tokens: Range<usize>, measure: Measure<'a>) -> Option<Piece<'a>> {
    Some(Piece { tokens, kind: Kind::Measure(measure) })
}

/// What a name means.
enum Meaning<'a> {
    Formula(Formula<'a>),
    Elapsed(Elapsed<'a>),
    Measure(Box<Measure<'a>>),
}

/// `cost is minutes divided by 60`: said of the same words later.
fn by_name<'a>(scan: &Scan<'a>, at: usize) -> Option<(usize, Meaning<'a>)> {
    let first = scan.tokens.get(at).filter(|t| t.kind == tokens::Kind::Word)?;
    if words::is_filler(&first.lower) && first.lower != "time" {
        return None;
    }
    let again = (at + 1..scan.tokens.len()).filter(|j| scan.tokens[*j].key == first.key);
    for j in again {
        for len in (1..=4).rev() {
            let same = |k: usize| matches!((scan.tokens.get(at + k), scan.tokens.get(j + k)), (Some(a), Some(b)) if a.key == b.key);
            if at + len > j || !(0..len).all(same) {
                continue;
            }
            if let Some((meaning, _)) = scan.any(j + len, IS).and_then(|i| meaning(scan, i)) {
                return Some((at + len, meaning));
            }
        }
    }
    None
}

/// `net revenue per hotel, that is …`: said of the only name that nothing else explains.
fn by_place<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(usize, Meaning<'a>)> {
    let end = scan.any(at, NAMED).filter(|_| scan.hits(at).is_none_or(|h| h.tier > 0)).or_else(|| unknown(scan, at))?;
    if before.iter().any(|p| matches!(&p.kind, Kind::Measure(m) if later(m, at))) {
        return None;
    }
    // `severe diagnoses (severity 4 or higher)`: an adjective is no name.
    if scan.head(end).is_some_and(|n| !n.0.hits.tables.is_empty() && scan.article(end) == end) {
        return None;
    }
    (end..scan.tokens.len()).find_map(|j| {
        let i = scan.any(j, THAT_IS)?;
        let meaning = meaning(scan, i)?.0;
        let loose = scan.word(i - 1) == "(" && matches!(meaning, Meaning::Measure(_));
        (!loose).then_some((end, meaning))
    })
}

/// Whether a measure is one that is explained after `at`.
pub(super) fn later(measure: &Measure<'_>, at: usize) -> bool {
    match &measure.what {
        What::Of { formula: formula @ Formula::Op(..), .. } => formula.nouns().iter().any(|n| n.tokens.start > at),
        What::Elapsed { elapsed, .. } => elapsed.from.as_ref().is_some_and(|e| e.tokens.start > at),
        _ => false,
    }
}

/// Words that nothing knows: `tenure`, `length of stay`.
fn unknown(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let content = |i: usize| {
        scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word)
            && !words::known(scan.word(i))
            && !words::never_noun(scan.word(i))
            && scan.hits(i).is_none()
            && scan.lexicon.value(&scan.tokens, i).is_none()
    };
    let mut end = at;
    while end < at + 3 && content(end) {
        end += 1;
    }
    // `playing time`, `bonus amount`
    let end = if end > at {
        scan.any(end, &["time", "value", "amount", "level", "score", "rate"]).unwrap_or(end)
    } else {
        end
    };
    (end > at).then_some(end)
}

/// What is said from `at` on, and where it ends.
fn meaning<'a>(scan: &Scan<'a>, at: usize) -> Option<(Meaning<'a>, usize)> {
    let i = scan.article(at);
    if let Some((elapsed, end)) = elapsed::between(scan, scan.skip(i, &["number of", "the", "amount of"])) {
        return Some((Meaning::Elapsed(elapsed), end));
    }
    if let Some((formula, end)) = formula::formula(scan, i) {
        return Some((formula::as_time(formula).map_or_else(Meaning::Formula, Meaning::Elapsed), end));
    }
    if let Some(Piece { tokens, kind: Kind::Measure(measure) }) = share::read(scan, i, &[]) {
        return Some((Meaning::Measure(Box::new(measure)), tokens.end));
    }
    let (measure, end) = measure::one(scan, i)?;
    Some((Meaning::Measure(Box::new(measure)), end))
}

/// Where what is said from `at` on ends.
pub(super) fn meaning_end(scan: &Scan<'_>, at: usize) -> Option<usize> {
    Some(meaning(scan, at)?.1)
}

/// `tenure in days`.
fn in_unit<'a>(scan: &Scan<'a>, what: What<'a>, end: usize) -> (What<'a>, usize) {
    let found = scan.any(end, &["in", "( in", "( ", ", in"]).and_then(|i| Some((elapsed::unit(scan.word(i))?, i + 1)));
    let Some((unit, after)) = found else { return (what, end) };
    let end = scan.any(after, &[")"]).unwrap_or(after);
    match what {
        What::Elapsed { function, elapsed } => {
            (What::Elapsed { function, elapsed: Elapsed { unit: Some(unit), ..elapsed } }, end)
        }
        // A formula says its unit itself.
        what => (what, end),
    }
}
