//! Arithmetic in words: `unit price times quantity times one minus discount`, and names that are defined by it.

use super::defined;
use crate::requirement::piece::{Elapsed, Event, Formula, Kind, Measure, Noun, Piece, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;
use crate::spec::Function;

#[rustfmt::skip]
const OPERATORS: &[(&str, char)] = &[
    ("times", '*'), ("multiplied by", '*'), ("x", '*'), ("*", '*'), ("minus", '-'), ("less", '-'), ("-", '-'), ("–", '-'), ("plus", '+'), ("+", '+'),
    ("divided by", '/'), ("over", '/'), ("/", '/'), ("×", '*'), ("·", '*'), ("÷", '/'), ("multiplied with", '*'), ("reduced by", '-'), ("net of", '-'), ("added to", '+'),
];
const LEADS: &[&str] = &[
    "where",
    "with",
    "and",
    ", where",
    "(",
    ",",
    "here",
    "and where",
    "by",
    "( where",
    ", and",
    "whereby",
    ", with",
    "note that",
    "note :",
    "( with",
];

/// Operations that are said before both sides.
const PAIRS: &[(&[&str], char)] = &[
    (&["difference between", "difference of"], '-'),
    (&["product of"], '*'),
    (&["sum of both", "sum of the two"], '+'),
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
        if let Some((factor, next)) = percent(scan, i, op) {
            left = Formula::Op(Box::new(left), '*', Box::new(Formula::Number(factor)));
            end = next;
            continue;
        }
        let Some((right, next)) = operand(scan, i) else { break };
        left = Formula::Op(Box::new(left), op, Box::new(right));
        end = next;
    }
    Some((left, end))
}

/// `plus 19 % VAT` as what it multiplies by: `1.19`.
pub(super) fn percent(scan: &Scan<'_>, at: usize, op: char) -> Option<(String, usize)> {
    let i = scan.article(at);
    let token = scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Number)?;
    let end = scan.any(i + 1, &["%", "percent", "per cent", "pct"])?;
    let (whole, part) = token.lower.split_once('.').unwrap_or((&token.lower, ""));
    let points: i64 = format!("{whole}{part:0<4}").parse().ok().filter(|_| part.len() <= 4)?;
    let all = match op {
        '+' => 1_000_000 + points,
        '-' => 1_000_000 - points,
        _ => return None,
    };
    let text = format!("{}.{:06}", all / 1_000_000, all % 1_000_000);
    let end = scan.any(
        end,
        &[
            "tax",
            "vat",
            "gst",
            "sales tax",
            "of tax",
            "of vat",
            "discount",
            "commission",
            "fee",
            "fees",
            "markup",
            "mark-up",
            "surcharge",
        ],
    );
    let end = end.unwrap_or(i + 2);
    (all > 0).then(|| (text.trim_end_matches('0').trim_end_matches('.').to_owned(), end))
}

/// A time less another one is what lies between them.
pub(super) fn as_time<'a>(formula: Formula<'a>) -> Result<Elapsed<'a>, Formula<'a>> {
    fn event<'a>(noun: Noun<'a>) -> Event<'a> {
        Event { tokens: noun.tokens.clone(), noun: Some(noun), pick: None }
    }
    let times = |f: &Formula<'a>| match f {
        Formula::Column(noun) => {
            noun.hits.tables.is_empty() && noun.hits.columns.iter().all(|c| c.column.data_type.is_temporal())
        }
        _ => false,
    };
    match formula {
        Formula::Op(to, '-', from) if times(&to) && times(&from) => match (*to, *from) {
            (Formula::Column(to), Formula::Column(from)) => {
                Ok(Elapsed { unit: None, from: Some(event(from)), to: Some(event(to)) })
            }
            (to, from) => Err(Formula::Op(Box::new(to), '-', Box::new(from))),
        },
        other => Err(other),
    }
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
    // `the difference between price and cost`, `the product of quantity and price`
    for (say, op) in PAIRS {
        if let Some(i) = scan.any(at, say) {
            let (left, end) = operand(scan, i)?;
            let (right, end) = operand(scan, scan.any(end, &["and", "with", "to"])?)?;
            return Some((Formula::Op(Box::new(left), *op, Box::new(right)), end));
        }
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
pub fn definition<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    named(scan, at).or_else(|| of_the_last(scan, at, before))
}

fn named<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.any(at, LEADS).unwrap_or(at);
    let i = scan.article(i);
    let word = |j: &usize| scan.tokens[*j].kind == tokens::Kind::Word && !(*j == i && words::is_filler(scan.word(i)));
    let (name_end, end, formula) = (i..(i + 4).min(scan.tokens.len())).take_while(word).find_map(|j| {
        let is = scan.any(j + 1, defined::IS)?;
        let found = formula(scan, is);
        let end = found.as_ref().map(|f| f.1).or_else(|| defined::meaning_end(scan, scan.article(is)))?;
        Some((j + 1, end, found.map(|f| f.0)))
    })?;
    let name: String = scan.tokens[i..name_end].iter().map(|t| t.key.as_str()).collect();
    // What is explained must be said somewhere else, or be money.
    let known = formula.is_some()
        || (0..scan.tokens.len()).any(|j| !(i..name_end).contains(&j) && scan.tokens[j].key == scan.tokens[i].key);
    known.then_some(())?;
    let end = scan.any(end, &[")"]).unwrap_or(end);
    // `plus ARR which is MRR times 12`: wanted by the words that explain it.
    let again = (0..scan.tokens.len()).any(|j| !(i..end).contains(&j) && scan.tokens[j].key == scan.tokens[i].key);
    let wanted = !again
        && !matches!(name.as_str(), "revenue" | "sale" | "turnover")
        && scan.any(at, &["where", ", where", "and where", "whereby"]).is_none();
    match formula {
        Some(formula) if wanted && scan.hits(i).is_none_or(|h| h.tier > 0) => {
            let what = What::Of { function: Function::Sum, formula };
            Some(Piece { tokens: at..end, kind: Kind::Measure(Measure { what, values: Vec::new() }) })
        }
        formula => Some(Piece { tokens: at..end, kind: Kind::Define { name, formula } }),
    }
}

/// `…, that is nights times price`: what the last measure means.
fn of_the_last<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.any(at, defined::THAT_IS)?;
    let last = before.iter().rev().find_map(|p| match &p.kind {
        Kind::Measure(measure) => Some(measure),
        _ => None,
    })?;
    let revenue = matches!(last.what, What::Worth { revenue: true, .. });
    let explained = before.iter().any(|p| matches!(&p.kind, Kind::Measure(m) if defined::later(m, at)));
    let found = formula(scan, scan.article(i));
    if !(explained || revenue && found.is_some()) {
        return None;
    }
    let end = found.as_ref().map(|f| f.1).or_else(|| defined::meaning_end(scan, i))?;
    let name = if explained { String::new() } else { "revenue".to_owned() };
    let end = scan.any(end, &[")"]).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Define { name, formula: found.map(|f| f.0) } })
}
