//! What people ask for and the spec's algebra can't say yet: an honest question, never a wrong pipeline.

use crate::requirement::Question;
use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

/// Phrases and what they ask for. `#` stands for a number.
#[rustfmt::skip]
const PHRASES: &[(&str, &[&str])] = &[
    ("a later moment than another pipeline", &["is loaded", "has been loaded", "has loaded", "is done", "has finished"]),
    ("rows that share the last place", &["with ties", "including ties", "ties included", "ties count"]),
];

/// Reads a phrase that can't be said yet.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let found =
        PHRASES.iter().flat_map(|(what, list)| list.iter().filter_map(move |p| Some((matches(scan, at, p)?, *what))));
    let (end, what) = found.max_by_key(|f| f.0)?;
    // `latest snapshot`, `ratio`: a word that the contracts know as a name is that name.
    if end == at + 1 && scan.hits(at).is_some_and(|h| h.tier == 0) {
        return None;
    }
    let words = scan.words(&(at..end));
    let about = format!("`{words}` asks for {what}, which can't be said yet. Shall the pipeline be built without it?");
    Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or_without()) })
}

fn matches(scan: &Scan<'_>, at: usize, phrase: &str) -> Option<usize> {
    let mut i = at;
    for word in phrase.split(' ') {
        let token = scan.tokens.get(i)?;
        let fits = if word == "#" { token.kind == tokens::Kind::Number } else { token.lower == word };
        if !fits {
            return None;
        }
        i += 1;
    }
    Some(i)
}
