//! Conditions on what is computed: `only months where revenue is above 1000`, `categories with more than 100 orders`.
//!
//! The measure that the condition is on becomes a piece of its own.

use crate::requirement::lexicon::Hits;
use crate::requirement::piece::{Filter, GroupItem, Implied, Kind, Measure, Noun, Piece, Shape, What};
use crate::requirement::scan::Scan;
use crate::requirement::{Question, Readings};
use crate::spec::Function;

use super::filter::comparison;
use super::top::counted;

#[rustfmt::skip]
const WHERE: &[&str] = &[
    "where", "with", "having", "whose", "where the", "with the", "whose the", "in which", "when", "for which", "with a", "with an", "that have", "which have", "who have", "that had", "which had", "who had", "that has",
    "having a", "if", "and", "whose total",
];

/// Reads a condition on a measure.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    match before.last().map(|p| &p.kind) {
        Some(Kind::Shape(Shape::Where | Shape::Compare { next: true, .. })) => counted(scan, at),
        Some(Kind::Measure(_))
            if matches!(before.iter().rev().nth(1).map(|p| &p.kind), Some(Kind::Shape(Shape::Where))) =>
        {
            let (op, end, literal) = comparison(scan, at)?;
            let shape = Shape::Compare { op, literal, next: false };
            Some(Piece { tokens: at..end, kind: Kind::Shape(shape) })
        }
        _ => start(scan, at, before).or_else(|| subject(scan, at, before)),
    }
}

/// `categories with more than 100 orders`: what the condition is on is what there is a row for.
fn subject<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.skip(at, &["the", "only", "all"]);
    let (items, end) = super::group::item(scan, i)?;
    let column = |item: &GroupItem<'_>| match item {
        GroupItem::Noun(noun) => noun.hits.tables.is_empty(),
        _ => scan.word(end - 1).ends_with('s'),
    };
    if !items.iter().all(column) || before.iter().any(|p| matches!(p.kind, Kind::Group(_) | Kind::Measure(_))) {
        return None;
    }
    let lead = scan.any(end, WHERE)?;
    let number = comparison(scan, lead).is_some_and(|c| counted(scan, c.1).is_some());
    let measure = || comparison(scan, super::measure::read(scan, lead, &[])?.tokens.end);
    (number || measure().is_some()).then_some(Piece { tokens: at..end, kind: Kind::Group(items) })
}

fn start<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let i = scan.skip(at, &["but", ",", "only", "keep", "show", "just", "for", "those"]);
    // `only months where …`: what there is a row for is said again.
    let named = scan.head(i).map(|n| n.1).or_else(|| crate::vocabulary::Unit::parse(scan.word(i)).map(|_| i + 1));
    let again = named.filter(|e| i > at && scan.any(*e, WHERE).is_some());
    let i = again.unwrap_or(i);
    let lead = scan.any(i, WHERE)?;
    if let Some((op, end, literal)) = comparison(scan, lead) {
        let Kind::Measure(measure) = counted(scan, end)?.kind else { return None };
        // `orders with more than 3 items` is about rows and those that belong to them.
        if !grouped(scan, at, before) || !matches!(measure.what, What::Count { .. } | What::Worth { .. }) {
            return None;
        }
        return Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Compare { op, literal, next: true }) });
    }
    if !grouped(scan, at, before) {
        return None;
    }
    let piece = super::measure::read(scan, lead, &[])?;
    let (op, end, literal) = comparison(scan, piece.tokens.end)?;
    let Kind::Measure(Measure { what, .. }) = &piece.kind else { return None };
    if again.is_none()
        && let What::Worth { function: Function::Sum, noun: None, .. } = what
        && let Some(found) = of_each(scan, at..end, before, op, &literal)
    {
        return found;
    }
    // A column by itself is one of the rows.
    let column = matches!(what, What::Of { .. }) && scan.hits(lead).is_some_and(|h| h.tier == 0);
    (!column).then_some(Piece { tokens: at..lead, kind: Kind::Shape(Shape::Where) })
}

/// `daily number of orders with a total of at least 100`: orders of so much, or days whose sum is so much. The nearest noun
/// decides, where one stands right before; nothing if it is about the rows of the result.
fn of_each<'a>(
    scan: &Scan<'a>,
    tokens: std::ops::Range<usize>,
    before: &[Piece<'a>],
    op: &'static str,
    literal: &str,
) -> Option<Option<Piece<'a>>> {
    let counted = before.iter().rev().find_map(|p| match &p.kind {
        Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) | Kind::Noun(noun) => noun.hits.tables.first(),
        _ => None,
    })?;
    let column = super::extreme::column(scan, counted, Implied::Nothing)?;
    let hits = Hits { len: tokens.len(), columns: vec![column], ..Hits::default() };
    let noun = Noun { tokens: tokens.clone(), hits, modifiers: Vec::new(), values: Vec::new() };
    let rows = Kind::Filter(Filter::Compare { noun, op, literal: literal.to_owned() });
    let kind = match before.last().map(|p| &p.kind) {
        Some(Kind::Measure(Measure { what: What::Count { .. }, .. }) | Kind::Noun(_)) => rows,
        Some(Kind::Group(_) | Kind::Shape(_) | Kind::Measure(_)) | None => return None,
        Some(_) => {
            let words = scan.words(&tokens);
            let name = &column.column.name;
            let about = format!("`{words}`: is that said of each row, or of each row of the result?");
            let question = Question::new(about).key("with").words(words);
            let readings = Readings::new(question)
                .or_that(format!("of each row: {name} {op} {literal}"), "other rows do not count", Some(rows))
                .or_that("of the result", "all rows count, and rows of the result go whose sum is not so much", None);
            match scan.choose(readings) {
                Ok(Some(kind)) => kind,
                Ok(None) => return None,
                Err(question) => Kind::Ask(question),
            }
        }
    };
    Some(Some(Piece { tokens, kind }))
}

/// Whether there is a row for several: a group stands before, or after in the same sentence; or what is said before is a
/// column that rows have alike.
fn grouped<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> bool {
    let group = |p: &Piece<'_>| matches!(p.kind, Kind::Group(_));
    let after = || (at..scan.tokens.len()).any(|i| super::group::read(scan, i, &[]).is_some_and(|p| group(&p)));
    before.iter().any(group) || after()
}
