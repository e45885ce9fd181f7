//! The first rows of an order, and places in it: `top 10 products by quantity`, `the three best paid employees in each
//! department`, `rank customers by revenue`.
//!
//! Small pieces follow each other: how many, what, `by`, and then an ordinary measure.

use crate::requirement::Question;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Formula, GroupItem, Implied, Kind, Measure, Noun, Piece, Shape, What};
use crate::requirement::roles;
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::spec::Function;
use crate::vocabulary::TableRef;

#[rustfmt::skip]
pub const NUMBERS: &[(&str, u32)] = &[
    ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10),
    ("twelve", 12), ("fifteen", 15), ("twenty", 20), ("thirty", 30), ("fifty", 50), ("hundred", 100),
];
/// Words of an order, whether the smallest is first, what they say of the column, and whether they ask for rows by
/// themselves, without a number.
#[rustfmt::skip]
const ORDERS: &[(&str, bool, Implied, bool)] = &[
    ("top", false, Implied::Nothing, true), ("bottom", true, Implied::Nothing, true), ("top selling", false, Implied::Sold, true),
    ("best selling", false, Implied::Sold, true), ("best-selling", false, Implied::Sold, true), ("bestselling", false, Implied::Sold, true),
    ("top-selling", false, Implied::Sold, true), ("most sold", false, Implied::Sold, true), ("worst selling", true, Implied::Sold, true),
    ("worst-selling", true, Implied::Sold, true), ("least sold", true, Implied::Sold, true), ("most expensive", false, Implied::Money, true),
    ("priciest", false, Implied::Money, true), ("costliest", false, Implied::Money, true), ("cheapest", true, Implied::Money, true),
    ("least expensive", true, Implied::Money, true), ("best paid", false, Implied::Money, true), ("best-paid", false, Implied::Money, true),
    ("highest paid", false, Implied::Money, true), ("highest-paid", false, Implied::Money, true), ("highest earning", false, Implied::Money, true),
    ("worst paid", true, Implied::Money, true), ("lowest paid", true, Implied::Money, true), ("most popular", false, Implied::Open, true),
    ("least popular", true, Implied::Open, true), ("most active", false, Implied::Open, true), ("most frequent", false, Implied::Open, true),
    ("busiest", false, Implied::Open, true), ("most common", false, Implied::Open, true), ("most valuable", false, Implied::Nothing, true),
    ("best", false, Implied::Nothing, false), ("worst", true, Implied::Nothing, false), ("largest", false, Implied::Nothing, false),
    ("biggest", false, Implied::Nothing, false), ("highest", false, Implied::Nothing, false), ("greatest", false, Implied::Nothing, false),
    ("smallest", true, Implied::Nothing, false), ("lowest", true, Implied::Nothing, false), ("leading", false, Implied::Nothing, false),
];
/// What stands before the measure that is ordered by, and whether the smallest is first where that is said.
#[rustfmt::skip]
const BY: &[(&str, Option<bool>)] = &[
    ("by", None), ("based on", None), ("ranked by", None), ("ordered by", None), ("sorted by", None), ("according to", None), ("in terms of", None),
    ("measured by", None), ("with the highest", Some(false)), ("with the most", Some(false)), ("with the largest", Some(false)),
    ("with the biggest", Some(false)), ("with the greatest", Some(false)), ("with highest", Some(false)), ("with most", Some(false)),
    ("having the most", Some(false)), ("with the lowest", Some(true)), ("with the fewest", Some(true)), ("with the least", Some(true)),
    ("with the smallest", Some(true)), ("with lowest", Some(true)), ("with fewest", Some(true)),
];
const WITHIN: &[&str] =
    &["within each", "within every", "within their", "within its", "within the same", "inside each", "among each"];
const EACH: &[&str] =
    &["per", "in each", "for each", "of each", "in every", "for every", "from each", "at each", "each"];

/// Reads a part of what is first in an order.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    match before.last().map(|p| &p.kind) {
        Some(Kind::Shape(Shape::Top { implied, .. })) => entity(scan, at, *implied),
        Some(Kind::Shape(Shape::By { .. })) if of_rows(before) => column(scan, at, before),
        Some(Kind::Shape(Shape::By { .. })) => counted(scan, at),
        _ => by(scan, at, before).or_else(|| within(scan, at, before)).or_else(|| top(scan, at)),
    }
}

fn number(scan: &Scan<'_>, at: usize) -> Option<u32> {
    let token = scan.tokens.get(at)?;
    let said = NUMBERS.iter().find(|n| n.0 == token.lower).map(|n| n.1);
    let number = if token.kind == tokens::Kind::Number { token.lower.replace(',', "").parse().ok() } else { said };
    number.filter(|n| (1..=100_000).contains(n))
}

fn order(scan: &Scan<'_>, at: usize) -> Option<(usize, bool, Implied, bool)> {
    let found = ORDERS.iter().filter_map(|o| Some((scan.phrase(at, o.0)?, o.1, o.2, o.3)));
    found.max_by_key(|f| f.0)
}

/// `top 10`, `10 best`, `best selling`, `rank`, and `10` before `products with the highest revenue`.
fn top<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.skip(at, &["the", "our", "their", "which"]);
    let piece = |end: usize, rows: Option<u32>, ascending: bool, implied: Implied, ranked: bool| {
        let shape = Shape::Top { rows, ascending, implied, ranked };
        Some(Piece { tokens: at..end, kind: Kind::Shape(shape) })
    };
    if let Some(end) = scan.any(i, &["rank", "rank of", "rank all"]).filter(|e| thing(scan, *e).is_some()) {
        return piece(end, None, false, Implied::Nothing, true);
    }
    if let Some((side, rest)) = scan.word(i).split_once('-')
        && matches!(side, "top" | "bottom")
    {
        let rows = rest.parse().ok().or_else(|| NUMBERS.iter().find(|n| n.0 == rest).map(|n| n.1))?;
        thing(scan, i + 1)?;
        return piece(i + 1, Some(rows), side == "bottom", Implied::Nothing, false);
    }
    if let Some(rows) = number(scan, i) {
        if let Some((end, ascending, implied, _)) = order(scan, i + 1) {
            thing(scan, end)?;
            return piece(end, Some(rows), ascending, implied, false);
        }
        let (_, end) = thing(scan, i + 1)?;
        phrase(scan, end).filter(|b| b.1.is_some())?;
        return piece(i + 1, Some(rows), false, Implied::Nothing, false);
    }
    let (end, ascending, implied, alone) = order(scan, i)?;
    if let Some(rows) = number(scan, end) {
        let again = order(scan, end + 1).filter(|_| scan.word(i) == "top");
        let (end, ascending, implied) = again.map_or((end + 1, ascending, implied), |a| (a.0, a.1, a.2));
        thing(scan, end)?;
        return piece(end, Some(rows), ascending, implied, false);
    }
    let (noun, after) = thing(scan, end).filter(|_| alone)?;
    let word = scan.word(after - 1);
    let one = crate::requirement::stem::singular(word) == word && !noun.tokens.is_empty();
    piece(end, one.then_some(1), ascending, implied, false)
}

/// What is put in an order.
fn thing<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let named = scan.head(at).filter(|n| !n.0.hits.tables.is_empty() || !n.0.hits.columns.is_empty())?;
    // `the highest price`, `the top value`: an amount is no thing.
    let amount = named.0.hits.tables.is_empty()
        && named.0.hits.columns.iter().all(|c| c.column.data_type.is_numeric() && c.column.references.is_none());
    (!amount).then_some(named)
}

/// `products`: the rows of the table, or what there is a row for.
fn entity<'a>(scan: &Scan<'a>, at: usize, implied: Implied) -> Option<Piece<'a>> {
    let (noun, end) = thing(scan, at)?;
    let kind =
        if rows_of(scan, &noun, end, implied) { Kind::Noun(noun) } else { Kind::Group(vec![GroupItem::Noun(noun)]) };
    Some(Piece { tokens: at..end, kind })
}

/// Whether rows of the noun's own table are put in order, by a column of it; otherwise they are groups.
fn rows_of<'a>(scan: &Scan<'a>, noun: &Noun<'a>, end: usize, implied: Implied) -> bool {
    let tables = &noun.hits.tables;
    if tables.is_empty() {
        return false;
    }
    let own = |noun: &Noun<'a>| noun.hits.columns.iter().any(|c| tables.contains(&c.table));
    let worth = || tables.iter().any(|t| amount(scan, t).is_some());
    let said = (end..scan.tokens.len()).find_map(|j| phrase(scan, j));
    let Some((i, _)) = said else {
        return match implied {
            Implied::Money => tables.iter().any(|t| money(scan, t).is_some()),
            Implied::Nothing => worth(),
            Implied::Sold | Implied::Open => false,
        };
    };
    match super::measure::read(scan, i, &[]).map(|p| p.kind) {
        Some(Kind::Measure(Measure { what: What::Count { .. } | What::Rows | What::Named(_), .. })) => false,
        Some(Kind::Measure(Measure { what: What::Worth { noun: None, .. }, .. })) => worth(),
        Some(Kind::Measure(Measure { what: What::Of { formula: Formula::Column(noun), .. }, .. })) => own(&noun),
        Some(_) => false,
        None => scan.head(i).is_some_and(|n| own(&n.0) && n.0.hits.tables.is_empty()),
    }
}

/// The amount that rows of a table hold, as its column.
fn amount<'a>(scan: &Scan<'a>, table: &'a TableRef) -> Option<ColumnOf<'a>> {
    let contract = scan.ground.contracts.get(table)?;
    let amount = roles::amount(contract).filter(|a| a.others.is_empty() && roles::revenue_rank(contract) > 0)?;
    let [column] = amount.columns.as_slice() else { return None };
    Some(ColumnOf { table, column: contract.column(column.as_str())? })
}

/// The one column of a table that holds money.
fn money<'a>(scan: &Scan<'a>, table: &'a TableRef) -> Option<ColumnOf<'a>> {
    const NAMES: &[&str] = &["price", "salary", "cost", "wage", "pay", "fee", "rate", "amount", "rent"];
    let contract = scan.ground.contracts.get(table)?;
    let numbers = || contract.columns.iter().filter(|c| c.data_type.is_numeric() && c.references.is_none());
    let named = |name: &str| numbers().find(|c| c.name.as_str().split('_').any(|p| p == name));
    NAMES.iter().find_map(|n| named(n)).map(|column| ColumnOf { table, column })
}

/// `by …` with something to order by after it: where that starts, and the direction that is said.
fn phrase(scan: &Scan<'_>, at: usize) -> Option<(usize, Option<bool>)> {
    let (end, ascending) = BY.iter().filter_map(|b| Some((scan.phrase(at, b.0)?, b.1))).max_by_key(|b| b.0)?;
    let noun = scan.head(end);
    let number = noun.as_ref().is_some_and(|n| {
        n.0.hits.tables.is_empty()
            && n.0.hits.columns.iter().any(|c| c.column.data_type.is_numeric() && c.column.references.is_none())
    });
    let many = ascending.is_some() && scan.noun(end).is_some_and(|n| !n.0.hits.tables.is_empty());
    let measure = super::measure::read(scan, end, &[]).is_some();
    (number || many || measure).then_some((end, ascending))
}

fn last_top<'p, 'a>(before: &'p [Piece<'a>]) -> Option<(usize, &'p Shape<'a>)> {
    before.iter().enumerate().rev().find_map(|(i, p)| match &p.kind {
        Kind::Shape(shape @ Shape::Top { .. }) => Some((i, shape)),
        _ => None,
    })
}

/// Whether the rows of a table are put in order.
fn of_rows(before: &[Piece<'_>]) -> bool {
    last_top(before).is_some_and(|(i, _)| matches!(before.get(i + 1).map(|p| &p.kind), Some(Kind::Noun(_))))
}

fn by<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let (top, _) = last_top(before)?;
    if before[top..].iter().any(|p| matches!(p.kind, Kind::Shape(Shape::By { .. }))) {
        return None;
    }
    let start = scan.any(at, &[","]).unwrap_or(at);
    let (end, ascending) = phrase(scan, start)?;
    Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::By { ascending }) })
}

/// A measure; a column of numbers is summed, a table's rows are counted.
pub fn counted<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    const AFTER: &[&str] = &["sold", "ordered", "billed", "charged", "bought", "purchased", "placed", "made"];
    if let Some(mut piece) = super::measure::read(scan, at, &[]) {
        piece.tokens.end = scan.any(piece.tokens.end, AFTER).unwrap_or(piece.tokens.end);
        return Some(piece);
    }
    let (mut noun, end) = scan.noun(at)?;
    let values = std::mem::take(&mut noun.values);
    let what = if noun.hits.tables.is_empty() {
        noun.hits.columns.iter().any(|c| c.column.data_type.is_numeric()).then_some(())?;
        What::Of { function: Function::Sum, formula: Formula::Column(noun) }
    } else {
        noun.tokens.start = values.last().map_or(noun.tokens.start, |v| v.tokens.end);
        What::Count { noun, distinct: false, active: false }
    };
    let end = scan.any(end, AFTER).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Measure(Measure { what, values }) })
}

/// The column that rows are ordered by.
fn column<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let named = scan.head(
        scan.any(at, &["total", "their", "its", "the"])
            .filter(|i| scan.hits(at).is_none() && scan.hits(*i).is_some())
            .unwrap_or(at),
    );
    if let Some((noun, end)) = named.filter(|n| n.0.hits.tables.is_empty()) {
        return Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Column(noun)) });
    }
    let piece = super::measure::read(scan, at, &[])?;
    let column = ordered_tables(before).into_iter().find_map(|t| amount(scan, t))?;
    Some(Piece { kind: Kind::Shape(Shape::Column(as_noun(column, &piece.tokens))), ..piece })
}

/// The tables whose rows are put in order.
fn ordered_tables<'a>(before: &[Piece<'a>]) -> Vec<&'a TableRef> {
    let entity = last_top(before).and_then(|(i, _)| before.get(i + 1));
    match entity.map(|p| &p.kind) {
        Some(Kind::Noun(noun)) => noun.hits.tables.clone(),
        _ => Vec::new(),
    }
}

fn as_noun<'a>(column: ColumnOf<'a>, tokens: &std::ops::Range<usize>) -> Noun<'a> {
    let hits = crate::requirement::lexicon::Hits { len: tokens.len(), columns: vec![column], ..Default::default() };
    Noun { tokens: tokens.clone(), hits, modifiers: Vec::new(), values: Vec::new() }
}

/// `within each category`; with rows also `per department`, which would be groups elsewhere.
fn within<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let shaped = before.iter().any(|p| matches!(&p.kind, Kind::Shape(_)));
    let start = scan.any(at, &[","]).unwrap_or(at);
    let each = scan.any(start, WITHIN).filter(|_| shaped);
    let i = each.or_else(|| scan.any(start, EACH).filter(|_| of_rows(before)))?;
    let (items, end) = super::group::item(scan, i)?;
    let item = items.into_iter().next()?;
    Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Within(item)) })
}

/// Adds what is ordered by where nobody says it: there is one way to read it, or a question.
pub fn finish<'a>(scan: &Scan<'a>, pieces: &mut Vec<Piece<'a>>) {
    let Some((at, Shape::Top { implied, rows, ranked, .. })) = last_top(pieces) else { return };
    let (implied, unsaid) = (*implied, rows.is_none() && !*ranked);
    let tokens = pieces[at].tokens.clone();
    let all = tokens.start..pieces.get(at + 1).map_or(tokens.end, |p| p.tokens.end);
    if unsaid {
        let about = format!("`{}`: how many of them?", scan.words(&all));
        let question = Question::new(about).key("top").words(scan.words(&tokens)).saying("{} {words}");
        let candidates = ["3", "5", "10"].map(str::to_owned);
        pieces[at].kind = Kind::Ask(question.or_any(candidates).or("…"));
        return;
    }
    let said = pieces[at..].iter().any(|p| matches!(p.kind, Kind::Shape(Shape::By { .. })));
    let measured = pieces.iter().any(|p| matches!(p.kind, Kind::Measure(_)));
    if said || measured && implied != Implied::Money {
        return;
    }
    let tables = ordered_tables(pieces);
    let kind = if !tables.is_empty() {
        let column =
            tables.iter().find_map(|t| if implied == Implied::Money { money(scan, t) } else { amount(scan, t) });
        column.map(|c| Kind::Shape(Shape::Column(as_noun(c, &tokens))))
    } else if implied == Implied::Open {
        let about = format!("`{}`: by which number?", scan.words(&all));
        let question = Question::new(about).key("top.by").words(scan.words(&all)).saying("{words} by {}");
        pieces[at].kind = Kind::Ask(question.or("revenue").or("number of …"));
        return;
    } else {
        let what =
            quantity(scan, implied).unwrap_or(What::Worth { function: Function::Sum, noun: None, revenue: false });
        Some(Kind::Measure(Measure { what, values: Vec::new() }))
    };
    pieces.extend(kind.map(|kind| Piece { tokens, kind }));
}

/// How much was sold, where one column of the contracts says it.
fn quantity<'a>(scan: &Scan<'a>, implied: Implied) -> Option<What<'a>> {
    let hits = scan.lexicon.key("quantity", 1).filter(|_| implied == Implied::Sold)?;
    let [column] = hits.columns[..] else { return None };
    let noun = as_noun(column, &(0..0));
    Some(What::Of { function: Function::Sum, formula: Formula::Column(noun) })
}
