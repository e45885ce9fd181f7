//! Arithmetic in words: `unit price times quantity times one minus discount`, and names that are defined by it.

use crate::requirement::piece::{Formula, Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

#[rustfmt::skip]
const OPERATORS: &[(&str, char)] = &[
    ("times", '*'), ("multiplied by", '*'), ("x", '*'), ("*", '*'), ("minus", '-'), ("less", '-'), ("-", '-'), ("–", '-'), ("plus", '+'), ("+", '+'),
    ("divided by", '/'), ("over", '/'), ("/", '/'),
];

/// A formula of at least one operator, from `at` on.
pub fn formula<'a>(scan: &Scan<'a>, at: usize) -> Option<(Formula<'a>, usize)> {
    let (first, end) = sum_of(scan, at)?;
    matches!(first, Formula::Op(..)).then_some((first, end))
}

/// Operands and operators read from left to right, as they are spoken: `unit price minus cost times quantity` takes the
/// difference first. `one minus x` and brackets hold together.
fn sum_of<'a>(scan: &Scan<'a>, at: usize) -> Option<(Formula<'a>, usize)> {
    let (mut left, mut end) = operand(scan, at)?;
    while let Some((op, i)) = operator(scan, end) {
        let Some((right, next)) = operand(scan, i) else { break };
        left = Formula::Op(Box::new(left), op, Box::new(right));
        end = next;
    }
    Some((left, end))
}

fn operator(scan: &Scan<'_>, at: usize) -> Option<(char, usize)> {
    OPERATORS.iter().find_map(|(say, op)| Some((*op, scan.phrase(at, say)?)))
}

fn operand<'a>(scan: &Scan<'a>, at: usize) -> Option<(Formula<'a>, usize)> {
    let at = scan.article(at);
    if scan.tokens.get(at)?.is_mark("(") {
        // Brackets end: nesting is as deep as there are brackets, and a requirement is short.
        let depth = (0..at).filter(|i| scan.tokens[*i].is_mark("(")).count();
        let (inner, end) = (depth < 8).then(|| sum_of(scan, at + 1)).flatten()?;
        return scan.tokens.get(end)?.is_mark(")").then_some((inner, end + 1));
    }
    let number = match scan.word(at) {
        "one" => Some("1".to_owned()),
        "hundred" => Some("100".to_owned()),
        word => Some(word.to_owned()).filter(|w| {
            scan.tokens[at].kind == tokens::Kind::Number
                && w.chars().all(|c| c.is_ascii_digit() || c == '.')
                && w.parse::<f64>().is_ok()
        }),
    };
    if let Some(number) = number {
        if let Some(i) = scan.any(at + 1, &["minus", "plus", "-", "+"]) {
            let op = if matches!(scan.word(i - 1), "minus" | "-") { '-' } else { '+' };
            let (right, end) = operand(scan, i)?;
            return Some((Formula::Op(Box::new(Formula::Number(number)), op, Box::new(right)), end));
        }
        return Some((Formula::Number(number), at + 1));
    }
    let (noun, end) = scan.head(at)?;
    (!noun.hits.columns.is_empty()).then_some((Formula::Column(noun), end))
}

/// `where margin is unit price minus cost`, `revenue is quantity times unit price`, `margin = price - cost`.
pub fn definition<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.any(at, &["where", "with", "and", ", where", "(", ",", "here", "and where", "by"]).unwrap_or(at);
    let i = scan.article(i);
    let name =
        (i..(i + 3).min(scan.tokens.len())).take_while(|j| scan.tokens[*j].kind == tokens::Kind::Word).find_map(|j| {
            let is = scan.any(
                j + 1,
                &[
                    "is",
                    "means",
                    "equals",
                    "=",
                    "is defined as",
                    "defined as",
                    "is calculated as",
                    "calculated as",
                    "as",
                    "being",
                    "is the",
                    "is computed as",
                ],
            )?;
            Some((j + 1, is))
        });
    let (name_end, is) = name?;
    let (formula, end) = formula(scan, is)?;
    let key: String = scan.tokens[i..name_end].iter().map(|t| t.key.as_str()).collect();
    let end = scan.any(end, &[")"]).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Define { name: key, formula } })
}
