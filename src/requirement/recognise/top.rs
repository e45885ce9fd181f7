//! The first rows of an order, and places in it: `top 10 products by quantity`, `the three best paid employees in each
//! department`, `rank customers by revenue`.
//!
//! Small pieces follow each other: how many, what, `by`, and then an ordinary measure.

use crate::requirement::Question;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Formula, GroupItem, Implied, Kind, Measure, Noun, Piece, Shape, What};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::spec::Function;
use crate::vocabulary::{TableRef, Unit};

use super::extreme::{self, Extreme, extreme};

#[rustfmt::skip]
pub const NUMBERS: &[(&str, u32)] = &[
    ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10),
    ("twelve", 12), ("fifteen", 15), ("twenty", 20), ("thirty", 30), ("fifty", 50), ("hundred", 100),
];
/// What stands before the measure that is ordered by, and whether the smallest is first where that is said.
#[rustfmt::skip]
const BY: &[(&str, Option<bool>)] = &[
    ("by", None), ("based on", None), ("ranked by", None), ("ordered by", None), ("sorted by", None), ("according to", None), ("in terms of", None),
    ("measured by", None), ("with the highest", Some(false)), ("with the most", Some(false)), ("with the largest", Some(false)),
    ("with the biggest", Some(false)), ("with the greatest", Some(false)), ("with highest", Some(false)), ("with most", Some(false)),
    ("having the most", Some(false)), ("with the lowest", Some(true)), ("with the fewest", Some(true)), ("with the least", Some(true)),
    ("with the smallest", Some(true)), ("with lowest", Some(true)), ("with fewest", Some(true)), ("with the longest", Some(false)), ("with the shortest", Some(true)),
    ("with the latest", Some(false)), ("with the earliest", Some(true)), ("having the highest", Some(false)), ("having the fewest", Some(true)),
];
/// The same, after `which …` and a verb: `which hotels have the most bookings`.
#[rustfmt::skip]
const THE: &[(&str, bool)] = &[
    ("the most", false), ("the highest", false), ("the largest", false), ("the biggest", false), ("the greatest", false), ("the longest", false), ("the best", false),
    ("the fewest", true), ("the least", true), ("the lowest", true), ("the smallest", true), ("the shortest", true), ("most", false), ("fewest", true),
];
/// Verbs before it that say nothing beside what is counted.
#[rustfmt::skip]
const HAVE: &[&str] = &[
    "have", "has", "had", "have had", "has had", "get", "gets", "got", "make", "makes", "made", "earn", "earns", "earned", "generate", "generates", "generated", "bring in", "brings in", "brought in", "receive", "receives",
    "received", "take", "takes", "took", "placed", "place", "places", "having", "with", "sell", "sells", "sold", "spend", "spends", "spent", "show", "shows", "showed", "saw", "produced", "did", "handled", "achieved",
];
/// Words that pick one place of an order.
#[rustfmt::skip]
const PLACES: &[&str] = &["second", "third", "fourth", "fifth", "2nd", "3rd", "4th", "5th", "second-", "third-", "next"];
const WITHIN: &[&str] = &[
    "within each",
    "within every",
    "within their",
    "within its",
    "within the same",
    "within the",
    "within a",
    "inside each",
    "among each",
];
const EACH: &[&str] =
    &["per", "in each", "for each", "of each", "in every", "for every", "from each", "at each", "each"];

/// Reads a part of what is first in an order.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    match before.last().map(|p| &p.kind) {
        Some(Kind::Shape(Shape::Top { implied, .. })) => entity(scan, at, *implied),
        Some(Kind::Shape(Shape::By { .. })) if of_rows(before) => column(scan, at, before),
        Some(Kind::Shape(Shape::By { .. })) => counted(scan, at),
        _ => by(scan, at, before)
            .or_else(|| done(scan, at, before))
            .or_else(|| within(scan, at, before))
            .or_else(|| which(scan, at))
            .or_else(|| ranked(scan, at, before))
            .or_else(|| top(scan, at)),
    }
}

fn number(scan: &Scan<'_>, at: usize) -> Option<u32> {
    let token = scan.tokens.get(at)?;
    let said = NUMBERS.iter().find(|n| n.0 == token.lower).map(|n| n.1);
    let number = if token.kind == tokens::Kind::Number { token.lower.replace(',', "").parse().ok() } else { said };
    number.filter(|n| (1..=100_000).contains(n))
}

/// `top 10`, `10 best`, `best selling`, `rank`, and `10` before `products with the highest revenue`.
fn top<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.skip(at, &["the", "our", "their", "which", "all time"]);
    let piece = |end: usize, rows: Option<u32>, extreme: Option<Extreme>| {
        let ascending = extreme.is_some_and(|e| e.ascending);
        let implied = extreme.map_or(Implied::Nothing, |e| e.implied);
        let shape = Shape::Top { rows, ascending, implied, ranked: false };
        Some(Piece { tokens: at..end, kind: Kind::Shape(shape) })
    };
    if let Some(end) = scan.any(i, &["rank", "rank of", "rank all"]).filter(|e| thing(scan, *e).is_some()) {
        let shape = Shape::Top { rows: None, ascending: false, implied: Implied::Nothing, ranked: true };
        return Some(Piece { tokens: at..end, kind: Kind::Shape(shape) });
    }
    if let Some(place) = scan.any(i, PLACES)
        && let Some((end, _)) = extreme(scan, place).and_then(|e| thing(scan, e.end).map(|t| (e.end, t)))
    {
        return place_of(scan, at, i, place, end);
    }
    if let Some((side, rest)) = scan.word(i).split_once('-')
        && matches!(side, "top" | "bottom")
    {
        let rows = rest.parse().ok().or_else(|| NUMBERS.iter().find(|n| n.0 == rest).map(|n| n.1))?;
        thing(scan, i + 1)?;
        return piece(i + 1, Some(rows), extreme(scan, i).or_else(|| bottom(side, i + 1)));
    }
    if let Some(rows) = number(scan, i) {
        if let Some(found) = extreme(scan, i + 1) {
            thing(scan, found.end)?;
            return piece(found.end, Some(rows), Some(found));
        }
        let (_, end) = thing(scan, i + 1)?;
        phrase(scan, end, false).filter(|b| b.1.is_some())?;
        return piece(i + 1, Some(rows), None);
    }
    let Some(found) = extreme(scan, i) else { return the_one(scan, at, i) };
    if let Some(rows) = number(scan, found.end) {
        let again = extreme(scan, found.end + 1).filter(|_| scan.word(i) == "top");
        let found = again.unwrap_or(Extreme { end: found.end + 1, ..found });
        thing(scan, found.end)?;
        return piece(found.end, Some(rows), Some(found));
    }
    let (noun, after) = thing(scan, found.end).filter(|_| found.alone)?;
    piece(found.end, (singular(scan, after) && !noun.tokens.is_empty()).then_some(1), Some(found))
}

fn bottom(side: &str, end: usize) -> Option<Extreme> {
    (side == "bottom").then_some(Extreme { end, ascending: true, implied: Implied::Nothing, alone: true })
}

/// Whether the word that ends before `end` is one thing.
fn singular(scan: &Scan<'_>, end: usize) -> bool {
    let word = scan.word(end - 1);
    crate::requirement::stem::singular(word) == word
}

/// `the customer with the highest revenue`.
fn the_one<'a>(scan: &Scan<'a>, at: usize, i: usize) -> Option<Piece<'a>> {
    let (_, end) = thing(scan, i).filter(|_| i > at)?;
    phrase(scan, end, false).filter(|b| b.1.is_some() && singular(scan, end))?;
    let shape = Shape::Top { rows: Some(1), ascending: false, implied: Implied::Nothing, ranked: false };
    Some(Piece { tokens: at..i, kind: Kind::Shape(shape) })
}

/// `the second largest order`: the rows before it go.
fn place_of<'a>(scan: &Scan<'a>, at: usize, i: usize, place: usize, end: usize) -> Option<Piece<'a>> {
    let words = scan.words(&(at..end));
    let about = format!("`{words}`: one place of an order can't be picked. Shall those up to it be there?");
    let n = 2 + PLACES.iter().position(|p| scan.phrase(i, p).is_some()).unwrap_or_default() % 4;
    let question = Question::new(about).key("top").words(words).saying("{}");
    let question = question.or(format!("the top {n} {}", scan.words(&(place..end))));
    Some(Piece { tokens: at..end, kind: Kind::Ask(question) })
}

/// `hotels ranked by average rating`: there is a row for each, with its place.
fn ranked<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let grouped = before.iter().any(|p| matches!(p.kind, Kind::Group(_) | Kind::Measure(_)));
    let (noun, end) = thing(scan, at).filter(|n| !grouped && n.0.values.is_empty())?;
    scan.any(end, &["ranked by", "ranked on", "ranked according to", "ranked based on"])
        .filter(|j| counted(scan, *j).is_some())?;
    Some(Piece { tokens: at..end, kind: Kind::Group(vec![GroupItem::Noun(noun)]) })
}

/// `which 5 hotels`, where `have the most bookings` comes after it.
fn which<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let asked = scan.any(at, &["which", "what", "which of the", "who are the"]);
    let i = asked.or_else(|| scan.any(at, &["the"])).unwrap_or(at);
    let rows = number(scan, i);
    // `the 10 guests who spent the most`
    if asked.is_none() {
        let rows = rows?;
        let (_, end) = thing(scan, i + 1)?;
        let (_, ascending) = the(scan, scan.any(end, &["who", "that", "which"])?)?;
        let shape = Shape::Top { rows: Some(rows), ascending, implied: Implied::Nothing, ranked: false };
        return Some(Piece { tokens: at..i + 1, kind: Kind::Shape(shape) });
    }
    let start = scan.article(rows.map_or(i, |_| i + 1));
    let unit = Unit::parse(scan.word(start)).map(|_| start + 1);
    let end = unit.or_else(|| thing(scan, start).map(|t| t.1))?;
    let stop = scan.clause_end(end);
    let (_, ascending) = (end..stop.min(end + 4)).find_map(|j| the(scan, j))?;
    let rows = rows.or(singular(scan, end).then_some(1));
    let shape = Shape::Top { rows, ascending, implied: Implied::Nothing, ranked: false };
    Some(Piece { tokens: at..start, kind: Kind::Shape(shape) })
}

/// `have the most`, `the highest`: where what is ordered by starts.
fn the(scan: &Scan<'_>, at: usize) -> Option<(usize, bool)> {
    let at = scan.any(at, &["who", "that", "which"]).unwrap_or(at);
    let i = scan.any(at, HAVE).unwrap_or(at);
    if let Some(most) = scan.any(i, &["the"]).filter(|j| spent(scan, *j)) {
        return Some((most, scan.word(most) == "least"));
    }
    let (end, ascending) = THE.iter().filter_map(|t| Some((scan.phrase(i, t.0)?, t.1))).max_by_key(|t| t.0)?;
    (counted(scan, end).is_some()).then_some((end, ascending))
}

/// `most`, after `spent the`: how much money.
fn spent(scan: &Scan<'_>, at: usize) -> bool {
    const VERBS: &[&str] = &["spent", "spend", "spends", "earned", "earn", "earns", "paid", "pay", "pays"];
    let verb = at >= 2 && VERBS.contains(&scan.word(at - 2)) && scan.word(at - 1) == "the";
    let ends = scan.tokens.get(at + 1).is_none_or(|t| t.kind == tokens::Kind::Mark)
        || matches!(scan.word(at + 1), "in" | "during" | "per" | "over" | "since" | "last" | "this" | "by");
    verb && ends && matches!(scan.word(at), "most" | "least")
}

/// `closed`, in `which agents closed the most tickets`.
fn done<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let (top, _) = last_top(before).filter(|(i, _)| *i + 2 == before.len())?;
    let (values, end) = scan.values(at);
    the(scan, end).filter(|_| !values.is_empty() && top + 2 == before.len())?;
    let filter = crate::requirement::piece::Filter::Values { negative: false, values, noun: None };
    Some(Piece { tokens: at..end, kind: Kind::Filter(filter) })
}

/// What is put in an order.
fn thing<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let known = |n: &(Noun<'a>, usize)| !n.0.hits.tables.is_empty() || !n.0.hits.columns.is_empty();
    let named = scan.head(at).filter(known).or_else(|| scan.noun(at).filter(known))?;
    // `the highest price`, `the top value`: an amount is no thing.
    let amount = named.0.hits.tables.is_empty()
        && named.0.hits.columns.iter().all(|c| c.column.data_type.is_numeric() && c.column.references.is_none());
    (!amount).then_some(named)
}

/// `products`: the rows of the table, or what there is a row for.
fn entity<'a>(scan: &Scan<'a>, at: usize, implied: Implied) -> Option<Piece<'a>> {
    if let Some(unit) = Unit::parse(scan.word(at)) {
        return Some(Piece { tokens: at..at + 1, kind: Kind::Group(vec![GroupItem::Unit(unit, at..at + 1)]) });
    }
    let (noun, end) = thing(scan, at)?;
    let own_rows = rows_of(scan, &noun, end, implied);
    // Which of the groups there are is not said by a value of theirs.
    if !own_rows && !noun.values.is_empty() {
        return None;
    }
    let kind = if own_rows { Kind::Noun(noun) } else { Kind::Group(vec![GroupItem::Noun(noun)]) };
    Some(Piece { tokens: at..end, kind })
}

/// Whether rows of the noun's own table are put in order, by a column of it; otherwise they are groups.
fn rows_of<'a>(scan: &Scan<'a>, noun: &Noun<'a>, end: usize, implied: Implied) -> bool {
    let tables = &noun.hits.tables;
    if tables.is_empty() {
        return false;
    }
    let own = |noun: &Noun<'a>| noun.hits.columns.iter().any(|c| tables.contains(&c.table));
    let worth = || tables.iter().any(|t| extreme::column(scan, t, Implied::Nothing).is_some());
    let said = (end..scan.tokens.len())
        .find_map(|j| phrase(scan, j, timed(implied)).or_else(|| the(scan, j).map(|t| (t.0, None))));
    let Some((i, _)) = said else {
        return match implied {
            Implied::Called(_) | Implied::Nothing | Implied::Time { .. } => {
                tables.iter().any(|t| extreme::column(scan, t, implied).is_some())
            }
            Implied::Sold | Implied::Open | Implied::Did => false,
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

/// Whether words of an order are about a time.
fn timed(implied: Implied) -> bool {
    matches!(implied, Implied::Time { .. })
}

/// `by …` with something to order by after it: where that starts, and the direction that is said.
fn phrase(scan: &Scan<'_>, at: usize, timed: bool) -> Option<(usize, Option<bool>)> {
    let (end, ascending) = BY.iter().filter_map(|b| Some((scan.phrase(at, b.0)?, b.1))).max_by_key(|b| b.0)?;
    let noun = scan.head(end);
    let number = noun.as_ref().is_some_and(|n| {
        n.0.hits.tables.is_empty()
            && n.0.hits.columns.iter().any(|c| {
                c.column.data_type.is_numeric() && c.column.references.is_none()
                    || timed && c.column.data_type.is_temporal()
            })
    });
    let several = |end: usize| ascending.is_some() || scan.word(end - 1).ends_with('s') && scan.article(end) == end;
    let many = scan.noun(end).is_some_and(|n| !n.0.hits.tables.is_empty() && several(n.1));
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
    let (top, shape) = last_top(before)?;
    let timed = matches!(shape, Shape::Top { implied, .. } if timed(*implied));
    if before[top..].iter().any(|p| matches!(p.kind, Kind::Shape(Shape::By { .. }))) {
        return None;
    }
    let start = scan.any(at, &[","]).unwrap_or(at);
    let (end, ascending) = phrase(scan, start, timed).or_else(|| the(scan, start).map(|t| (t.0, Some(t.1))))?;
    Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::By { ascending }) })
}

/// A measure; a column of numbers is summed, a table's rows are counted.
pub fn counted<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    if spent(scan, at) {
        let what = What::Worth { function: Function::Sum, noun: None, revenue: false };
        return Some(Piece { tokens: at..at + 1, kind: Kind::Measure(Measure { what, values: Vec::new() }) });
    }
    const AFTER: &[&str] = &["sold", "ordered", "billed", "charged", "bought", "purchased", "placed", "made"];
    let elapsed = super::elapsed::read(scan, at, &[]).filter(|p| matches!(p.kind, Kind::Measure(_)));
    if let Some(mut piece) = elapsed.or_else(|| super::measure::read(scan, at, &[])) {
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
    let tables = ordered_tables(before);
    let own = |n: &Noun<'a>| n.hits.columns.iter().any(|c| tables.contains(&c.table));
    if let Some((mut noun, end)) = named.filter(|n| n.0.hits.tables.is_empty() || own(&n.0)) {
        // `by salary` is their own, not the table of salaries.
        if !noun.hits.tables.is_empty() {
            noun.hits.tables.clear();
            noun.hits.columns.retain(|c| tables.contains(&c.table));
        }
        return Some(Piece { tokens: at..end, kind: Kind::Shape(Shape::Column(noun)) });
    }
    let piece = super::measure::read(scan, at, &[])?;
    let column = tables.into_iter().find_map(|t| extreme::column(scan, t, Implied::Nothing))?;
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
    let own = matches!(implied, Implied::Called(_) | Implied::Time { .. });
    if said || measured && !own {
        return;
    }
    let open = |question: &str| {
        let about = format!("`{}`: {question}", scan.words(&all));
        let question = Question::new(about).key("top.by").words(scan.words(&all)).saying("{words} by {}");
        Kind::Ask(question.or("revenue").or("number of …"))
    };
    let tables = ordered_tables(pieces);
    let kind = if !tables.is_empty() {
        let column = tables.iter().find_map(|t| extreme::column(scan, t, implied));
        column.map(|c| Kind::Shape(Shape::Column(as_noun(c, &tokens))))
    } else if implied == Implied::Open || own {
        pieces[at].kind = open("by which number?");
        return;
    } else if implied == Implied::Did {
        match super::others::verb::came_of(scan, tokens.end) {
            Some(noun) => {
                let what = What::Count { noun, distinct: false, active: false };
                Some(Kind::Measure(Measure { what, values: Vec::new() }))
            }
            None => {
                pieces[at].kind = open("what is counted?");
                return;
            }
        }
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
