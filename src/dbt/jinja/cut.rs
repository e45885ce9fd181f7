//! What stands in the files of macros, snapshots and generic tests: blocks with a name, cut out and read when called.

use std::ops::Range;

use super::scan::{Broken, Piece, Pieces, Spot, Token};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dbt) enum Block {
    Macro,
    Test,
    Snapshot,
    Materialization,
}

/// A named block of a file.
#[derive(Clone, Debug)]
pub(in crate::dbt) struct Cut {
    pub block: Block,
    pub name: String,
    /// Byte offset of the name.
    pub at: usize,
    pub parameters: Vec<Parameter>,
    /// What stands between its first and its last tag, whitespace control applied.
    pub body: Range<usize>,
}

/// A parameter, and where the expression stands that it is unless given.
#[derive(Clone, Debug)]
pub(in crate::dbt) struct Parameter {
    pub name: String,
    pub default: Option<Range<usize>>,
}

/// The blocks of a file.
pub(in crate::dbt) fn cut(text: &str) -> Result<Vec<Cut>, Broken> {
    let pieces = Pieces::read(text, 0..text.len())?;
    let mut out = Vec::new();
    let mut all = pieces.pieces.iter();
    while let Some(piece) = all.next() {
        let word = pieces.word(piece);
        let (block, ends): (Block, &[&str]) = match word {
            "macro" => (Block::Macro, &["endmacro"]),
            "test" | "data_test" => (Block::Test, &["endtest", "enddata_test"]),
            "snapshot" => (Block::Snapshot, &["endsnapshot"]),
            "materialization" => (Block::Materialization, &["endmaterialization"]),
            _ => continue,
        };
        let tokens = pieces.tokens(piece);
        let Some(name) = tokens.get(1).filter(|t| t.token == Token::Name) else {
            return Err(Broken { at: piece.from, what: "this block has no name" });
        };
        let mut depth = 0;
        let end = all.by_ref().find(|p| match pieces.word(p) {
            w if w == word => {
                depth += 1;
                false
            }
            w if ends.contains(&w) && depth == 0 => true,
            w if ends.contains(&w) => {
                depth -= 1;
                false
            }
            _ => false,
        });
        let end = end.ok_or(Broken { at: piece.from, what: "this block is never closed" })?;
        let parameters =
            if matches!(block, Block::Macro | Block::Test) { parameters(&pieces, &tokens[2..]) } else { Vec::new() };
        let (name, at) = (pieces.str(name).to_owned(), name.from);
        out.push(Cut { block, name, at, parameters, body: body(text, piece, end) });
    }
    Ok(out)
}

fn body(text: &str, open: &Piece, close: &Piece) -> Range<usize> {
    let (mut from, mut to) = (open.to, close.from);
    if open.trims.1 {
        from += text[from..to].len() - text[from..to].trim_start().len();
    }
    if close.trims.0 {
        to = from + text[from..to].trim_end().len();
    }
    from..to
}

/// `(a, b=1)`.
fn parameters(pieces: &Pieces<'_>, tokens: &[Spot]) -> Vec<Parameter> {
    let mut out: Vec<Parameter> = Vec::new();
    let (mut depth, mut fresh) = (0usize, false);
    for (i, spot) in tokens.iter().enumerate() {
        let text = pieces.str(spot);
        match text {
            "(" | "[" | "{" => {
                depth += 1;
                fresh = depth == 1;
            }
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "," if depth == 1 => fresh = true,
            _ if depth == 1 && fresh && spot.token == Token::Name => {
                fresh = false;
                let default = (tokens.get(i + 1).map(|t| pieces.str(t)) == Some("="))
                    .then(|| tokens.get(i + 2).map(|t| t.from..t.to))
                    .flatten();
                out.push(Parameter { name: text.to_owned(), default });
                continue;
            }
            _ => {}
        }
        if let Some(Parameter { default: Some(range), .. }) = out.last_mut()
            && depth > 0
            && !fresh
            && spot.from >= range.start
        {
            range.end = spot.to;
        }
    }
    out
}
