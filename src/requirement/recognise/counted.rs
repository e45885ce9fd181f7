//! What happened, counted: `hires per year`, `logins per day`, `number of cancellations`, where rows have a time or a value
//! of that name.

use crate::requirement::Question;
use crate::requirement::lexicon::{Hits, SYNONYM};
use crate::requirement::piece::{Formula, Kind, Measure, Noun, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;
use crate::spec::Function;
use crate::vocabulary::Unit;

const COUNT: &[&str] = &["number of", "the number of", "count of", "how many", "total number of", "total"];
/// What stands behind a noun that is counted.
const GRAIN: &[&str] =
    &["per", "by", "for each", "in each", "each", "every", "over time", "and", ",", "in", "during", "this"];

/// `opened and closed`: two times of one thing, which are not counted in one row.
pub fn both<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let counted = before.iter().any(|p| matches!(p.kind, Kind::Measure(_) | Kind::Noun(_)));
    let times = |i: usize| scan.lexicon.event(scan.word(i)).filter(|_| scan.word(i).ends_with("ed"));
    let next = scan.any(at + 1, &["and", "or"]).filter(|_| counted)?;
    let (first, second) = (times(at)?, times(next)?);
    if !first.iter().any(|a| second.iter().any(|b| a.table == b.table && a.column.name != b.column.name)) {
        return None;
    }
    let words = scan.words(&(at..next + 1));
    let about = format!("`{words}`: each has a time of its own, and one table counts by one. Which one is meant?");
    let question = Question::new(about).words(words).saying("{}");
    let question = question.or(scan.word(at)).or(scan.word(next));
    Some(Piece { tokens: at..next + 1, kind: Kind::Ask(question) })
}

/// Reads it.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let counted = scan.any(at, COUNT);
    let i = scan.article(counted.unwrap_or(at));
    let token = scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Word)?;
    if !token.lower.ends_with('s') || words::known(&token.lower) || scan.hits(i).is_some() {
        return None;
    }
    let grained = || {
        scan.any(i + 1, GRAIN).is_some()
            || matches!(before.last().map(|p| &p.kind), Some(Kind::Group(_)))
            || Unit::parse(scan.word(i + 1)).is_some()
            || i + 1 == scan.tokens.len() && before.iter().any(|p| matches!(p.kind, Kind::Group(_) | Kind::Shape(_)))
    };
    if counted.is_none() && !grained() {
        return None;
    }
    let measure = |what, values| Some(Piece { tokens: at..i + 1, kind: Kind::Measure(Measure { what, values }) });
    if let Some(columns) = scan.lexicon.event(&token.lower) {
        let hits = Hits { len: 1, tier: SYNONYM, tables: Vec::new(), columns };
        let noun = Noun { tokens: i..i + 1, hits, modifiers: Vec::new(), values: Vec::new() };
        return measure(What::Of { function: Function::Count, formula: Formula::Column(noun) }, Vec::new());
    }
    // `logins` are events whose name is `login`.
    let (values, end) = scan.values(i);
    let one = values.len() == 1 && end == i + 1 && values[0].of.iter().all(|v| v.value.is_some());
    one.then(|| measure(What::Rows, values)).flatten()
}
