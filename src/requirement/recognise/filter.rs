//! Which rows stay: `leave out cancelled orders`, `only completed and shipped`, `with status paid`, `over 100`.

use crate::requirement::lexicon::{ColumnOf, ValueOf};
use crate::requirement::piece::{Filter, Kind, Noun, Others, Piece, Value};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::{Question, Readings};
use crate::vocabulary::{Dialect, sql_string};

#[rustfmt::skip]
const OUT: &[&str] = &[
    "leave out", "leaving out", "leaves out", "left out", "without", "without the", "except", "except for", "excluding", "exclude", "excludes", "excl", "ignore", "ignoring", "not counting", "skip", "skipping", "omit",
    "omitting", "other than", "but not", "but no", "apart from", "filter out", "filtering out", "do not count", "don't count", "do not include", "don't include", "not including", "no", "not", "minus the", "disregard",
    "disregarding", "drop the", "that are not", "which are not", "that were not", "which were not", "that is not", "that isn't", "that aren't", "that weren't", "who are not", "but without", "and exclude", "and leave out", "and ignore",
    "with the exception of", "but ignore", "but exclude", "but leave out",
];
#[rustfmt::skip]
const ONLY: &[&str] = &[
    "only", "just", "only the", "only those", "limited to", "restricted to", "only for", "only count", "count only", "only consider", "consider only", "keep only", "only keep", "only include", "include only", "that are", "which are",
    "that were", "which were", "that is", "who are", "that have been", "which have been", "only with", "counting only", "considering only", "restrict to", "limit to", "only use", "use only", "taking only", "that was", "were", "having been",
];
const BESIDE: &[&str] = &[
    "by",
    "via",
    "in",
    "from",
    "with",
    "through",
    "using",
    "for",
    "of",
    "paid by",
    "paid with",
    "made by",
    "made with",
    "at",
];
const WHERE: &[&str] = &[
    "where",
    "with",
    "having",
    "whose",
    "where the",
    "with a",
    "with the",
    "that have",
    "which have",
    "who have",
    "if",
    "when",
    "for which",
    "only where",
    "only with",
    "and",
    "only those with",
    "that had",
    "in",
    "for",
    "of",
    "by",
];
#[rustfmt::skip]
pub(super) const COMPARE: &[(&str, &str)] = &[
    ("greater than or equal to", ">="), ("at least", ">="), (">=", ">="), ("no less than", ">="), ("not less than", ">="), ("or more", ">="), ("minimum of", ">="), ("less than or equal to", "<="),
    ("at most", "<="), ("no more than", "<="), ("not more than", "<="), ("up to", "<="), ("<=", "<="), ("more than", ">"), ("greater than", ">"), ("higher than", ">"), ("larger than", ">"), ("bigger than", ">"), ("over", ">"),
    ("above", ">"), ("exceeding", ">"), ("exceeds", ">"), (">", ">"), ("less than", "<"), ("lower than", "<"), ("smaller than", "<"), ("fewer than", "<"), ("under", "<"), ("below", "<"), ("<", "<"), ("worth more than", ">"),
    ("worth at least", ">="), ("worth less than", "<"), ("longer than", ">"), ("shorter than", "<"), ("not equal to", "<>"), ("<>", "<>"), ("!=", "<>"), ("equal to", "="), ("=", "="),
];

const HAS: &[&str] =
    &["with a", "with an", "that have a", "that have an", "which have a", "which have an", "who have a", "who have an"];
const CURRENCIES: &[&str] = &["dollars", "euros", "usd", "eur", "pounds", "$", "€"];

/// Reads a condition on rows.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    missing(scan, at)
        .or_else(|| out(scan, at))
        .or_else(|| super::left_out::read(scan, at))
        .or_else(|| compared(scan, at, before))
        .or_else(|| column_value(scan, at))
        .or_else(|| only(scan, at))
        .or_else(|| beside(scan, at, before))
}

fn piece<'a>(at: usize, end: usize, filter: Filter<'a>) -> Option<Piece<'a>> {
    Some(Piece { tokens: at..end, kind: Kind::Filter(filter) })
}

/// `leave out cancelled orders`; an unknown noun after these words is a question.
fn out<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.any(at, OUT)?;
    let i = scan.skip(
        scan.article(i),
        &[
            "those",
            "ones",
            "with",
            "that are",
            "which are",
            "any",
            "orders that are",
            "status",
            "the",
            "rows with",
            "rows that are",
        ],
    );
    let (values, end) = scan.values(i);
    if values.is_empty() {
        if let Some((noun, end)) = scan.head(i).filter(|n| !n.0.hits.tables.is_empty() && n.0.modifiers.is_empty()) {
            // `leave out customers without orders`
            let subject = Piece { tokens: noun.tokens.clone(), kind: Kind::Noun(noun.clone()) };
            if let Some(Piece { tokens, kind: Kind::Filter(Filter::Others(others)) }) =
                super::others::read(scan, end, &[subject])
            {
                let many = others.many.otherwise();
                return piece(at, tokens.end, Filter::Others(Others { many, ..others }));
            }
            let words = scan.words(&(at..end));
            let about = format!(
                "`{words}` asks for rows that lack rows in another table ({}), which can't be said yet. Shall the pipeline be built without it?",
                scan.words(&noun.tokens)
            );
            return Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or_without()) });
        }
        let weak = matches!(scan.word(at), "no" | "not" | "drop" | "skip" | "minus");
        return if weak { None } else { unknown(scan, at, i, true) };
    }
    let (noun, end) = table_after(scan, end);
    piece(at, end, Filter::Values { negative: true, values, noun })
}

/// `only completed and shipped orders`.
fn only<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.any(at, ONLY)?;
    let i = scan.article(i);
    // `only the last 30 days`, `only paid orders`: what follows says it all.
    let (values, end) = scan.values(i);
    if values.is_empty() {
        let strong = scan.word(at) == "only"
            || scan
                .any(at, &["limited to", "restricted to", "keep only", "count only", "restrict to", "limit to"])
                .is_some();
        let named = scan
            .noun(i)
            .is_some_and(|n| !n.0.values.is_empty() || !n.0.hits.tables.is_empty() || !n.0.hits.columns.is_empty());
        let content = scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word)
            && !crate::requirement::words::known(scan.word(i));
        return if strong && !named && content { unknown(scan, at, i, false) } else { None };
    }
    let (noun, end) = table_after(scan, end);
    let end = if scan.word(at) == "only" { counts(scan, end) } else { end };
    piece(at, end, Filter::Values { negative: false, values, noun })
}

/// `only approved requests count`: the verb says no more.
fn counts(scan: &Scan<'_>, at: usize) -> usize {
    let said =
        ["count", "counts", "are counted", "should count", "should be counted", "are relevant", "matter", "are wanted"];
    let end = scan.any(at, &said).filter(|end| scan.tokens.get(*end).is_none_or(|t| t.kind == tokens::Kind::Mark));
    end.unwrap_or(at)
}

pub(super) fn table_after<'a>(scan: &Scan<'a>, at: usize) -> (Option<Noun<'a>>, usize) {
    match scan.head(at) {
        Some((noun, end)) if !noun.hits.tables.is_empty() && scan.article(at) == at => (Some(noun), end),
        _ => match scan.any(at, &["ones", "status", "states", "statuses"]) {
            Some(end) => (None, end),
            None => (None, at),
        },
    }
}

/// A question about a condition that nothing in the contracts answers.
fn unknown<'a>(scan: &Scan<'a>, at: usize, i: usize, negative: bool) -> Option<Piece<'a>> {
    let mut end = i;
    while scan.tokens.get(end).is_some_and(|t| t.kind != tokens::Kind::Mark)
        && end < i + 4
        && !(end > i && crate::requirement::words::is_filler(scan.word(end)))
    {
        end += 1;
    }
    if end == i {
        return None;
    }
    let noun = (i..end).find_map(|j| scan.hits(j));
    let tables: Vec<_> = noun.iter().flat_map(|h| h.tables.iter().copied()).collect();
    let about = format!(
        "`{}`: no column of the contracts is known to hold `{}`. Which rows are meant?",
        scan.words(&(at..end)),
        scan.words(&(i..end))
    );
    let contracts = scan.ground.contracts.iter().filter(|(table, _)| tables.is_empty() || tables.contains(table));
    let columns = contracts.flat_map(|(table, c)| c.columns.iter().map(move |column| ColumnOf { table, column }));
    let readings = columns
        .flat_map(|c| values_of(c, i..end))
        .take(12)
        .map(|(said, value)| (said, Kind::Filter(Filter::Values { negative, values: vec![value], noun: None })));
    Some(Piece { tokens: at..end, kind: ask(scan, Readings::new(Question::new(about)).or_any(readings).or_without()) })
}

/// The reading that was answered, or the question.
fn ask<'a>(scan: &Scan<'a>, readings: Readings<Kind<'a>>) -> Kind<'a> {
    scan.choose(readings).unwrap_or_else(Kind::Ask)
}

/// The values that a column is known to have, as candidates.
fn values_of<'a>(of: ColumnOf<'a>, tokens: std::ops::Range<usize>) -> impl Iterator<Item = (String, Value<'a>)> {
    of.column.accepted_values.iter().map(move |value| {
        let said = format!("{}.{} = {value}", of.table.table, of.column.name);
        let value = ValueOf { table: of.table, column: of.column, value: Some(value) };
        (said, Value { tokens: tokens.clone(), of: vec![value] })
    })
}

/// `with status paid`, `where the status is not cancelled`, `in status completed or shipped`.
pub(super) fn column_value<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let lead = scan.any(at, WHERE);
    let (noun, i) = scan.head(scan.article(lead.unwrap_or(at)))?;
    if noun.hits.columns.is_empty() {
        return None;
    }
    let negative = scan.any(
        i,
        &[
            "is not",
            "isn't",
            "not",
            "other than",
            "is neither",
            "not in",
            "<>",
            "!=",
            "is not in",
            "are not",
            "is other than",
            "was not",
            "must not be",
        ],
    );
    let positive = scan.any(
        i,
        &[
            "is",
            "=",
            "equals",
            "in",
            "of",
            "are",
            "is in",
            ":",
            "is either",
            "was",
            "set to",
            "is set to",
            "equal to",
            "is equal to",
        ],
    );
    let j = negative.or(positive).unwrap_or(i);
    // Without any word of a condition, `payment method card` must at least be led in by one.
    let fresh = at > 0 && matches!(scan.word(at - 1), "," | "(" | ":" | ";");
    if lead.is_none() && j == i && !fresh {
        return None;
    }
    let own = |v: &Value<'a>| {
        v.of.iter().any(|v| noun.hits.columns.iter().any(|c| c.table == v.table && c.column.name == v.column.name))
    };
    let (values, end) = scan.values(j);
    if !values.is_empty() && values.iter().all(own) {
        let (table, end) = match scan.head(end) {
            _ if lead.is_none() => (None, end),
            _ => (None, end),
        };
        let noun = table.unwrap_or(noun);
        return piece(at, end, Filter::Values { negative: negative.is_some(), values, noun: Some(noun) });
    }
    // A text in quotation marks, or a value that the contract doesn't list.
    let token = scan.tokens.get(j)?;
    if token.kind == tokens::Kind::Quoted {
        let literal = sql_string(&token.text, Dialect::DuckDb);
        let op = if negative.is_some() { "<>" } else { "=" };
        return piece(at, j + 1, Filter::Compare { noun, op, literal });
    }
    let listed = noun.hits.columns.iter().any(|c| !c.column.accepted_values.is_empty());
    let led = lead.is_some_and(|_| !matches!(scan.word(at), "and" | "by" | "of" | "in" | "for")) || j > i;
    if listed
        && led
        && token.kind == tokens::Kind::Word
        && !crate::requirement::words::known(&token.lower)
        && scan.hits(j).is_none()
    {
        let about = format!(
            "`{}`: `{}` is not among the values of `{}`. Which is meant?",
            scan.words(&(at..j + 1)),
            token.text,
            scan.words(&noun.tokens)
        );
        let negative = negative.is_some();
        let readings = noun.hits.columns.iter().flat_map(|c| values_of(*c, j..j + 1)).map(|(said, value)| {
            (said, Kind::Filter(Filter::Values { negative, values: vec![value], noun: Some(noun.clone()) }))
        });
        let readings = Readings::new(Question::new(about)).or_any(readings).or_without();
        return Some(Piece { tokens: at..j + 1, kind: ask(scan, readings) });
    }
    None
}

/// `with a total of at least 100`, `orders over 50`, `where quantity > 3`.
fn compared<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let lead = scan.any(at, WHERE);
    let start = scan.article(lead.unwrap_or(at));
    let (noun, i) = match scan.head(start) {
        Some((noun, i)) if comparison(scan, i).is_some() => (noun, i),
        // `orders with more than 3 items`: a number of rows, which only an aggregate tells.
        _ => {
            let (_, i, literal) = comparison(scan, start)?;
            if let Some((counted, end)) = scan.head(i).filter(|n| !n.0.hits.tables.is_empty()) {
                let about = format!(
                    "`{}` is a condition on how many `{}` there are, which can't be said yet. Shall the pipeline be built without it?",
                    scan.words(&(at..end)),
                    scan.words(&counted.tokens)
                );
                return Some(Piece { tokens: at..end, kind: Kind::Ask(Question::new(about).or_without()) });
            }
            let (op, _, _) = comparison(scan, start)?;
            // `more than 3 quantity`, else what the rows before are worth.
            if let Some((noun, end)) = scan.head(i) {
                return piece(at, end, Filter::Compare { noun, op, literal });
            }
            let noun = before.iter().rev().find_map(|p| match &p.kind {
                Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(noun.clone()),
                Kind::Measure(crate::requirement::piece::Measure {
                    what: crate::requirement::piece::What::Count { noun, .. },
                    ..
                }) => Some(noun.clone()),
                _ => None,
            })?;
            let end = scan.any(i, CURRENCIES).filter(|_| scan.lexicon.value(&scan.tokens, i).is_none());
            let end = end.or(scan.any(i, &["in value", "in total"])).unwrap_or(i);
            return piece(at, end, Filter::Compare { noun, op, literal });
        }
    };
    let (op, end, literal) = comparison(scan, i)?;
    // `calls longer than 10 minutes`: how long they lasted is read behind them.
    if super::elapsed::unit(scan.word(end)).is_some() && super::lasting::of(scan, &noun, at, i).is_some() {
        return None;
    }
    // `shipments between 100 and 500 kg`: the unit says which column.
    let unit = scan.head(end).filter(|(n, _)| n.hits.tables.is_empty() && scan.article(end) == end);
    match unit.filter(|_| noun.hits.columns.is_empty()) {
        Some((unit, end)) => piece(at, end, Filter::Compare { noun: unit, op, literal }),
        None => piece(at, end, Filter::Compare { noun, op, literal }),
    }
}

/// An operator.
pub(super) fn operator(scan: &Scan<'_>, at: usize) -> Option<(&'static str, usize)> {
    COMPARE.iter().filter_map(|(say, op)| Some((*op, scan.phrase(at, say)?))).max_by_key(|f| f.1)
}

/// An operator and a number or day.
pub fn comparison(scan: &Scan<'_>, at: usize) -> Option<(&'static str, usize, String)> {
    let i = scan.any(at, &["is", "are", "of", "was", "were", "that is", "that are", "being"]).unwrap_or(at);
    // `severity 4 or higher`
    if let Some(n) = scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Number && plain(&t.lower).is_some()) {
        let or: [(&[&str], &str); 2] = [
            (
                &[
                    "or higher",
                    "or more",
                    "or above",
                    "or over",
                    "or greater",
                    "and above",
                    "and more",
                    "and higher",
                    "and up",
                    "+",
                    "or larger",
                ],
                ">=",
            ),
            (&["or lower", "or less", "or below", "or under", "or fewer", "and below", "and less", "or smaller"], "<="),
        ];
        let literal = plain(&n.lower)?;
        return or.iter().find_map(|(say, op)| Some((*op, scan.any(i + 1, say)?, literal.clone())));
    }
    // `between 100 and 500`, `from 1 to 5`
    for (say, joins) in [(&["between"][..], &["and", "to"][..]), (&["from", "ranging from"], &["to"])] {
        let number =
            |i: usize| scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Number).and_then(|t| plain(&t.lower));
        let Some((i, low)) = scan.any(i, say).and_then(|i| Some((i, number(i)?))) else { continue };
        let Some((j, high)) = scan.any(i + 1, joins).and_then(|j| Some((j, number(j)?))) else { continue };
        if crate::vocabulary::Unit::parse(scan.word(j + 1)).is_none() {
            return Some(("between", j + 1, format!("{low} and {high}")));
        }
    }
    let (op, i) = operator(scan, i)?;
    let i = scan.skip(i, &["$", "€", "£", "a total of", "a"]);
    let token = scan.tokens.get(i).filter(|t| t.kind == tokens::Kind::Number)?;
    let end = i + 1;
    let plain = token.lower.replace(',', "");
    if plain.chars().all(|c| c.is_ascii_digit() || c == '.') && plain.parse::<f64>().is_ok() {
        // `over 3 days` is a length of time, not a number.
        if crate::vocabulary::Unit::parse(scan.word(end)).is_some() {
            return None;
        }
        // Where there are several currencies, the word is a condition of its own.
        let unit = scan.any(end, CURRENCIES).filter(|_| scan.lexicon.value(&scan.tokens, end).is_none());
        return Some((op, unit.unwrap_or(end), plain));
    }
    let date: jiff::civil::Date = plain.parse().ok()?;
    Some((op, end, format!("date '{date}'")))
}

/// A number as SQL writes it.
fn plain(text: &str) -> Option<String> {
    let plain = text.replace(',', "");
    (plain.chars().all(|c| c.is_ascii_digit() || c == '.') && plain.parse::<f64>().is_ok()).then_some(plain)
}

/// `without an e-mail`, `with a phone number`, `where shipped_at is missing`.
pub(super) fn missing<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    // `and keep only those with an email`
    let only = scan.any(at, &["and keep only", "keep only", "only"]);
    let i = only.map_or(at, |i| scan.skip(i, &["those", "rows", "the ones"]));
    if let Some(i) = scan.any(i, HAS) {
        let (noun, end) = scan.head(i)?;
        let optional = noun.hits.columns.iter().all(|c| !c.column.required) && !noun.hits.columns.is_empty();
        // `with a name and a city` lists columns.
        let ends = scan.tokens.get(end).is_none_or(|t| t.kind == tokens::Kind::Mark);
        if optional && ends && noun.hits.tables.is_empty() {
            return piece(at, end, Filter::Missing { noun, missing: false });
        }
    }
    if let Some(i) = scan.any(
        at,
        &[
            "without",
            "with no",
            "without any",
            "without a",
            "that have no",
            "who have no",
            "lacking",
            "missing",
            "with a missing",
            "with missing",
        ],
    ) {
        let (noun, end) = scan.head(i)?;
        if noun.hits.columns.is_empty() || !noun.hits.tables.is_empty() {
            return None;
        }
        return piece(at, end, Filter::Missing { noun, missing: true });
    }
    let lead = scan.any(at, &["where", "whose", "if", "when", "that have", "with", "only where", "for which"])?;
    let (noun, i) = scan.head(lead)?;
    if noun.hits.columns.is_empty() {
        return None;
    }
    let not = scan.any(
        i,
        &["is not missing", "is not null", "is not empty", "is known", "is filled", "is set", "is there", "is present"],
    );
    let null =
        scan.any(i, &["is missing", "is null", "is empty", "is unknown", "is not set", "is blank", "is not known"]);
    let end = not.or(null)?;
    piece(at, end, Filter::Missing { noun, missing: not.is_none() })
}

/// A value beside what was said before: `payments by card`, `orders in EUR`; or before a noun: `cancelled orders`.
fn beside<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    if let Some(i) = scan.any(at, BESIDE) {
        let (values, end) = scan.values(i);
        // `by status`, `in stock`: a name rather than a value.
        if values.is_empty() || scan.hits(scan.article(i)).is_some_and(|h| h.tier == 0) {
            return None;
        }
        // `by booking time` says when, not which.
        if matches!(scan.word(end), "date" | "time" | "day" | "timestamp") {
            return None;
        }
        let (noun, end) = table_after(scan, end);
        return piece(at, end, Filter::Values { negative: false, values, noun });
    }
    if scan.any(at, crate::requirement::words::ARTICLES).is_some() || scan.hits(at).is_some_and(|h| h.tier == 0) {
        return None;
    }
    // A value alone, where no noun takes it: `orders per day, completed`.
    let (values, end) = scan.values(at);
    let (noun, _) = table_after(scan, end);
    (!values.is_empty() && noun.is_none() && !before.is_empty())
        .then(|| piece(at, end, Filter::Values { negative: false, values, noun: None }))
        .flatten()
}
