//! What people call a result: `call it net_revenue`, `as gmv`.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;

#[rustfmt::skip]
const CALL: &[&str] = &[
    "call it", "call this", "call that", "called", "named", "name it", "labelled", "labeled", "label it", "call the column", "call the result", "and call it", ", call it", "and name it", "under the name",
];
/// What `as` leads in besides names.
#[rustfmt::skip]
const NOT_NAMES: &[&str] = &[
    "a", "an", "the", "of", "soon", "well", "columns", "table", "view", "separate", "csv", "percent", "percentage", "json", "their", "its", "one", "usual", "in", "they", "it", "we",
];

/// Reads the name of what was said before.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let computed = before.iter().any(|p| matches!(p.kind, Kind::Measure(_) | Kind::Column(_) | Kind::Define { .. }));
    if !computed {
        return None;
    }
    let start = scan.skip(at, &[",", "(", "and"]);
    let (i, sure) = match scan.any(start, CALL) {
        Some(i) => (i, true),
        None => (scan.any(start, &["as"])?, false),
    };
    let token = scan.tokens.get(i)?;
    let word = |i: usize| scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word);
    let one = token.kind == tokens::Kind::Quoted || token.text.contains('_');
    let mut end = i + 1;
    if !one {
        if !word(i) || NOT_NAMES.contains(&scan.word(i)) {
            return None;
        }
        while word(end) && end < i + 4 && !matches!(scan.word(end), "and" | "with" | "by" | "for" | "where") {
            end += 1;
        }
        // A name of several words ends where the clause does; one of one word is not one that means something.
        let ends = scan.tokens.get(end).is_none_or(|t| t.kind == tokens::Kind::Mark);
        if end > i + 1 && !ends {
            end = i + 1;
        }
        if end == i + 1 && !sure && (words::known(scan.word(i)) || scan.hits(i).is_some()) {
            return None;
        }
    }
    let name = scan.words(&(i..end)).trim_matches(['"', '\'', '`', '“', '”']).to_owned();
    let end = scan.any(end, &[")"]).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Called(name) })
}
