//! Tables and columns by themselves, and words that say nothing.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;

/// Reads a noun phrase.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let (noun, end) = scan.noun(at)?;
    Some(Piece { tokens: at..end, kind: Kind::Noun(noun) })
}

/// Reads words that say nothing about the data, and the names of sources.
pub fn filler<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let token = &scan.tokens[at];
    // `good readings only`: what stands before says which.
    let chosen = before.last().is_some_and(|p| match &p.kind {
        Kind::Filter(_) => true,
        Kind::Noun(noun) => !noun.values.is_empty(),
        _ => false,
    });
    // `current employees only (no termination date)`
    let explained = scan.word(at) == "only" && scan.tokens.get(at + 1).is_some_and(|t| t.is_mark("("));
    if let Some(end) =
        scan.any(at, &["only", "ones only", "alone", "ones", "rows only"]).filter(|_| chosen || explained)
    {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    if let Some(end) = scan.any(at, words::PHRASES) {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    if let Some(end) = harmless(scan, at, before).or_else(|| audience(scan, at)) {
        return Some(Piece { tokens: at..end, kind: Kind::Filler });
    }
    let plain = token.kind == tokens::Kind::Mark && ",.;:!?()-–—'\"&/\u{a0}".contains(token.lower.as_str());
    let source = scan.ground.config.sources.keys().any(|s| s.as_str() == token.lower);
    (plain || source || words::is_filler(&token.lower)).then_some(Piece { tokens: at..at + 1, kind: Kind::Filler })
}

/// A verb that says no more than the noun beside it: `minutes worked`; before a noun it would tell rows apart.
fn harmless<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<usize> {
    let word = scan.word(at);
    let after_noun = matches!(
        before.last().map(|p| &p.kind),
        Some(Kind::Noun(_) | Kind::Measure(_) | Kind::Happened(_) | Kind::Filter(_))
    );
    let happens = || after_noun && word.ends_with("ed") && scan.lexicon.event(word).is_some();
    let adjective = scan.noun(at + 1).is_some() && scan.article(at + 1) == at + 1;
    (!adjective && (words::is_harmless(word) || happens())).then_some(at + 1)
}

/// `for the marketing team`: whom it is made for.
fn audience(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let i = scan.article(scan.any(at, &["for", "for use by", "for use in", "so that"])?);
    let team = |i: usize| scan.any(i, &["team", "people", "colleagues", "meeting", "dashboard", "folks", "guys"]);
    if let Some(end) =
        team(i).or_else(|| team(i + 1).filter(|_| words::is_audience(scan.word(i)) || scan.hits(i).is_none()))
    {
        return Some(end);
    }
    let alone = words::is_audience(scan.word(i)) && scan.hits(i).is_none();
    let ends = scan.tokens.get(i + 1).is_none_or(|t| t.kind == tokens::Kind::Mark || t.lower == "with");
    (alone && ends).then_some(i + 1)
}
