//! What is computed: `number of orders`, `revenue`, `average order value`, `distinct customers`.

use crate::requirement::lexicon::{DESCRIBED, Hits};
use crate::requirement::piece::{Formula, Kind, Measure, Noun, Piece, Value, What};
use crate::requirement::roles;
use crate::requirement::scan::Scan;
use crate::requirement::stem;
use crate::requirement::synonyms::{REVENUE, WORTH};
use crate::requirement::tokens;
use crate::requirement::words;
use crate::spec::Function;

const COUNT: &[&str] = &[
    "number of",
    "count of",
    "counts of",
    "numbers of",
    "no. of",
    "how many",
    "quantity of",
    "count",
    "# of",
    "total number of",
    "total count of",
    "the number of",
];
const DISTINCT: &[&str] = &["distinct", "unique", "different", "individual"];
#[rustfmt::skip]
const FUNCTIONS: &[(Function, &[&str])] = &[
    (Function::Avg, &["average", "mean", "avg", "average of", "avg of", "mean of", "the average of", "on average", "averages of"]),
    (Function::Sum, &["sum of", "total", "total of", "sum", "summed", "overall", "sums of", "totals of", "combined", "accumulated", "lifetime"]),
    (Function::Median, &["median", "median of", "the median of", "middle value of"]),
    (Function::Max, &["maximum", "max", "largest", "highest", "biggest", "maximum of", "max of", "longest", "most expensive", "greatest"]),
    (Function::Min, &["minimum", "min", "smallest", "lowest", "minimum of", "min of", "shortest", "cheapest"]),
    (Function::Last, &["latest", "last", "newest", "most recent", "current"]),
    (Function::First, &["earliest", "first", "oldest", "initial", "original"]),
];

/// What is counted in money when there is a total of it.
#[rustfmt::skip]
const MONEY: &[&str] = &[
    "charge", "fine", "fee", "donation", "expense", "cost", "payment", "refund", "tip", "commission", "salary", "wage", "bonus", "premium",
    "penalty", "spending", "expenditure", "payout",
];

/// Reads a measure.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.skip(
        at,
        &["the", "a", "an", "their", "its", "our", "all", "with", "and", "with the", "showing", "as well as"],
    );
    let (measure, end) = goes_on(scan, at, before)
        .or_else(|| count(scan, start))
        .or_else(|| rows(scan, start))
        .or_else(|| statistic(scan, start))
        .or_else(|| worth_done(scan, start, Function::Sum).and_then(|(what, end)| measure(what, Vec::new(), end)))
        .or_else(|| function(scan, start))
        .or_else(|| revenue(scan, start, before))
        .or_else(|| formula(scan, start))
        .or_else(|| worth(scan, start))?;
    Some(Piece { tokens: at..end, kind: Kind::Measure(measure) })
}

/// A measure by itself, as a part of another one.
pub fn one<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    count(scan, at)
        .or_else(|| statistic(scan, at))
        .or_else(|| function(scan, at))
        .or_else(|| revenue(scan, at, &[]))
        .or_else(|| worth(scan, at))
}

/// `standard deviation of prices`, `90th percentile of duration`.
fn statistic<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    const DEVIATION: &[&str] = &["standard deviation of", "stddev of", "std dev of", "standard deviation"];
    const VARIANCE: &[&str] = &["variance of", "variance"];
    let found = [(DEVIATION, "stddev_samp({})"), (VARIANCE, "var_samp({})")];
    let plain = found.iter().find_map(|(say, call)| Some((scan.any(at, say)?, (*call).to_owned())));
    let (i, call) = plain.or_else(|| {
        let nth = scan.word(at).trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let nth: u32 = nth.parse().ok().filter(|n| (1..100).contains(n))?;
        let end = scan.any(at + 1, &["percentile of", "percentile", "quantile of"])?;
        Some((end, format!("percentile({{}}, {})", f64::from(nth) / 100.0)))
    })?;
    let i = scan.article(i);
    if let Some((formula, end)) = super::formula::formula(scan, i) {
        return measure(What::Call(call, formula), Vec::new(), end);
    }
    let (noun, end) = scan.noun(i).filter(|n| !n.0.hits.columns.is_empty())?;
    measure(What::Call(call, Formula::Column(noun)), Vec::new(), end)
}

/// `number of patients and appointments`: the second is counted too.
fn goes_on<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(Measure<'a>, usize)> {
    let Kind::Measure(Measure { what: What::Count { distinct, .. }, .. }) = before.last()?.kind else { return None };
    let i = scan.article(scan.any(at, &[",", "and", ", and", "as well as"])?);
    // `…, hotels without bookings too`: what stays though there is none.
    if super::zero::read(scan, i, before).is_some() {
        return None;
    }
    if count(scan, i).is_some() || is_revenue(scan, i).is_some() {
        return None;
    }
    let (mut noun, end) = scan.noun(i).filter(|n| !n.0.hits.tables.is_empty())?;
    if scan.tokens.get(end).is_some_and(|t| WORTH.contains(&t.key.as_str()) || t.lower == "count") {
        return None;
    }
    let values = take_values(&mut noun);
    measure(What::Count { noun, distinct, active: false }, values, end)
}

fn measure<'a>(what: What<'a>, values: Vec<Value<'a>>, end: usize) -> Option<(Measure<'a>, usize)> {
    Some((Measure { what, values }, end))
}

/// `number of distinct customers who placed an order`, `order count`, `active customers`, `distinct customers`.
fn count<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let counted = scan.any(at, COUNT);
    let i = scan.article(counted.unwrap_or(at));
    let distinct = scan.any(i, DISTINCT);
    let i = scan.article(distinct.unwrap_or(i));
    let active = scan.any(i, &["active"]).filter(|_| scan.lexicon.value(&scan.tokens, i).is_none());
    if counted.is_some() || distinct.is_some() || active.is_some() {
        let Some((mut noun, end)) = scan.noun(active.unwrap_or(i)) else {
            let end = scan.any(i, &["rows", "records", "entries"])?;
            return counted.and_then(|_| measure(What::Rows, Vec::new(), end));
        };
        let values = take_values(&mut noun);
        return measure(What::Count { noun, distinct: distinct.is_some(), active: active.is_some() }, values, end);
    }
    // `order count`, `number` after the noun
    let (mut noun, end) = scan.noun(at)?;
    let end = scan.any(end, &["count", "counts"]).filter(|_| !noun.hits.tables.is_empty())?;
    let values = take_values(&mut noun);
    measure(What::Count { noun, distinct: false, active: false }, values, end)
}

/// The values before a noun: a condition on the measure rather than a part of what the noun is called.
fn take_values<'a>(noun: &mut Noun<'a>) -> Vec<Value<'a>> {
    if let Some(last) = noun.values.last() {
        noun.tokens.start = last.tokens.end;
    }
    std::mem::take(&mut noun.values)
}

fn rows<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let end = scan.any(
        at,
        &[
            "row count",
            "record count",
            "number of rows",
            "number of records",
            "count",
            "counts",
            "how many",
            "number",
            "how many there are",
            "how many there were",
        ],
    )?;
    // `count` as a verb stands before what is counted; that was tried before.
    scan.tokens
        .get(end)
        .is_none_or(|t| t.kind == tokens::Kind::Mark || words::is_filler(&t.lower))
        .then(|| measure(What::Rows, Vec::new(), end))
        .flatten()
}

/// The end of the words for a function, and which it is.
pub(super) fn function_word(scan: &Scan<'_>, at: usize) -> Option<(usize, Function)> {
    FUNCTIONS.iter().filter_map(|(f, list)| Some((scan.any(at, list)?, *f))).max_by_key(|f| f.0)
}

/// `average order value`, `total amount`, `the sum of quantity times unit price`, `total orders`.
pub(super) fn function<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let found = function_word(scan, at);
    // A column such as `Total` or `last_name` that begins with such a word is that column.
    let named = scan.hits(at).filter(|h| {
        h.tier == 0 && found.is_none_or(|f| at + h.len > f.0) && !h.columns.is_empty() && scan.is_column(at, h)
    });
    if named.is_some()
        && let Some((formula, end)) = super::formula::formula(scan, at)
    {
        return measure(What::Of { function: Function::Sum, formula }, Vec::new(), end);
    }
    if let Some(hits) = named {
        return hits.columns.iter().any(|c| roles::cleanable(c.column).is_none() && roles::is_number(c.column)).then(
            || {
                let tokens = at..at + hits.len;
                let end = tokens.end;
                let noun = Noun { tokens, hits, modifiers: Vec::new(), values: Vec::new() };
                measure(What::Of { function: Function::Sum, formula: Formula::Column(noun) }, Vec::new(), end)
            },
        )?;
    }
    let (i, function) = found?;
    let i = scan.article(scan.any(i, &["of", "of the", "of all"]).unwrap_or(i));
    if let Some((what, end)) = worth_done(scan, i, function) {
        return measure(what, Vec::new(), end);
    }
    if let Some((formula, end)) = super::formula::formula(scan, i) {
        return measure(What::Of { function, formula }, Vec::new(), end);
    }
    let (values, i) = match scan.lexicon.value(&scan.tokens, i) {
        // `total paid amount`
        Some((len, of)) if scan.hits(i).is_none_or(|h| h.tier > 0) => {
            (vec![Value { tokens: i..i + len, of: of.to_vec() }], i + len)
        }
        _ => (Vec::new(), i),
    };
    if function == Function::Sum
        && let Some((mut inner, end)) = count(scan, i)
    {
        inner.values.extend(values);
        return Some((inner, end));
    }
    if let Some(end) = is_revenue(scan, i) {
        let end = scan.any(end, &["amount", "value"]).unwrap_or(end);
        let per = scan
            .any(end, &["per", "for each"])
            .and_then(|j| scan.head(j))
            .filter(|n| function == Function::Avg && !n.0.hits.tables.is_empty());
        let (noun, end) = per.map_or((None, end), |(n, e)| (Some(n), e));
        return measure(What::Worth { function, noun, revenue: true }, values, end);
    }
    if let Some((worth, end)) = worth_of(scan, i, function) {
        return measure(worth, values, end);
    }
    // `average number of items per order` needs an aggregate of aggregates.
    let (mut noun, end) = scan.noun(i)?;
    let mut all = values;
    all.extend(take_values(&mut noun));
    let is_column = scan.is_column(noun.tokens.start, &noun.hits);
    if !noun.hits.columns.is_empty() && is_column && (noun.hits.tables.is_empty() || function != Function::Sum) {
        let end = scan.any(end, &["sold", "ordered", "billed", "charged", "bought", "purchased"]).unwrap_or(end);
        return measure(What::Of { function, formula: Formula::Column(noun) }, all, end);
    }
    // `sum of settled charges`, where they have an amount; `total orders` is how many there are.
    let amounts =
        || noun.hits.tables.iter().any(|t| scan.ground.contracts.get(*t).is_some_and(|c| roles::amount(c).is_some()));
    // `total charges` are money too.
    let money = || scan.tokens[noun.tokens.clone()].last().is_some_and(|t| MONEY.contains(&t.key.as_str()));
    let summed = matches!(scan.word(at), "sum" | "summed" | "sums") || money();
    if function == Function::Sum && summed && amounts() {
        return measure(What::Worth { function, noun: Some(noun), revenue: false }, all, end);
    }
    match function {
        // `total fines in euros` is money.
        Function::Sum if super::money::in_money(scan, end) => {
            measure(What::Worth { function, noun: Some(noun), revenue: false }, all, end)
        }
        Function::Sum => measure(What::Count { noun, distinct: false, active: false }, all, end),
        _ => None,
    }
}

/// `revenue`, `sales`; not where the contracts know a table of that name and nothing asks for money.
fn revenue<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(Measure<'a>, usize)> {
    let net = scan.any(at, &["gross", "net", "total", "our"]).filter(|i| is_revenue(scan, *i).is_some());
    if net.is_some() && matches!(scan.word(at), "net" | "gross") {
        return None;
    }
    let i = net.unwrap_or(at);
    let end = is_revenue(scan, i)?;
    let sales = stem::noun(scan.word(i)) == "sale";
    let is_table = sales && scan.hits(i).is_some_and(|h| !h.tables.is_empty() && h.tier <= 1);
    let after_count = before.last().is_some_and(|p| matches!(p.kind, Kind::Filter(_)));
    if is_table && after_count {
        return None;
    }
    let end = scan
        .any(end, &["amount", "value", "figures", "numbers", "from", "of"])
        .filter(|e| !matches!(scan.word(e - 1), "from" | "of"))
        .unwrap_or(end);
    let of = scan
        .any(end, &["of", "from"])
        .and_then(|j| scan.head(j))
        .filter(|n| !n.0.hits.tables.is_empty() && n.0.hits.tier <= 1);
    let (noun, end) = match of {
        Some((noun, end)) => (Some(noun), end),
        None => (None, end),
    };
    measure(What::Worth { function: Function::Sum, noun, revenue: true }, Vec::new(), end)
}

fn is_revenue(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let token = scan.tokens.get(at)?;
    if token.kind != tokens::Kind::Word || !REVENUE.contains(&token.key.as_str()) {
        return None;
    }
    let next = scan.tokens.get(at + 1);
    let double = next.is_some_and(|t| {
        token.key == "sale" && ["revenue", "turnover", "volume", "amount", "value", "total"].contains(&t.key.as_str())
    });
    // A longer name in the contracts that starts with the word: `sales_order`, `sales order`.
    if !double && scan.hits(at).is_some_and(|h| h.len > 1 && h.tier <= 1) {
        return None;
    }
    // `sales orders`
    if token.key == "sale"
        && next.is_some_and(|t| scan.lexicon.key(&t.key, 1).is_some_and(|h| !h.tables.is_empty() && t.key == "order"))
    {
        return None;
    }
    Some(at + 1 + usize::from(double))
}

fn formula<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    let (formula, end) = super::formula::formula(scan, at)?;
    measure(What::Of { function: Function::Sum, formula }, Vec::new(), end)
}

/// `order value`, `the value of the orders`: what rows of a table are worth, summed if no function is named.
fn worth<'a>(scan: &Scan<'a>, at: usize) -> Option<(Measure<'a>, usize)> {
    if let Some(end) = scan.any(
        at,
        &[
            "gross margin",
            "margin",
            "profit",
            "gross profit",
            "net revenue",
            "gross revenue",
            "net sales",
            "gross sales",
            "contribution",
            "earnings",
        ],
    ) {
        if scan.hits(at).is_some_and(|h| h.tier == 0) {
            return None;
        }
        return measure(What::Named(scan.tokens[end - 1].key.clone()), Vec::new(), end);
    }
    let (what, end) = worth_of(scan, at, Function::Sum)?;
    measure(what, Vec::new(), end)
}

/// `amount invoiced`, `invoiced total`: what the rows are worth that the verb is of.
fn worth_done<'a>(scan: &Scan<'a>, at: usize, function: Function) -> Option<(What<'a>, usize)> {
    let worth = |i: usize| scan.tokens.get(i).is_some_and(|t| WORTH.contains(&t.key.as_str()));
    let deed = [at, at + 1].into_iter().find(|i| worth(at + at + 1 - i))?;
    let tables = scan.lexicon.done(scan.word(deed));
    if tables.is_empty() {
        return None;
    }
    let hits = Hits { len: 1, tier: DESCRIBED, tables, columns: Vec::new() };
    let noun = Noun { tokens: deed..deed + 1, hits, modifiers: Vec::new(), values: Vec::new() };
    Some((What::Worth { function, noun: Some(noun), revenue: false }, at + 2))
}

fn worth_of<'a>(scan: &Scan<'a>, at: usize, function: Function) -> Option<(What<'a>, usize)> {
    if let Some(found) = worth_done(scan, at, function) {
        return Some(found);
    }
    // The longest name wins: `total amount` is a column where there is one.
    let named = scan.head(at);
    let word = scan.tokens.get(at)?;
    // `amount` is no more than the end of `tax_amount`.
    let part = WORTH.contains(&word.key.as_str())
        && !matches!(word.key.as_str(), "cost" | "price" | "size")
        && named.as_ref().is_some_and(|n| n.0.hits.tier > 0);
    if let Some((noun, _)) = named.as_ref().filter(|_| !part)
        && !noun.hits.columns.is_empty()
    {
        return None;
    }
    if let Some((noun, end)) = named.filter(|_| !part) {
        scan.tokens.get(end).filter(|t| WORTH.contains(&t.key.as_str()))?;
        let end = scan.any(end + 1, &["amount", "value"]).unwrap_or(end + 1);
        return Some((What::Worth { function, noun: Some(noun), revenue: false }, end));
    }
    // `the value of the orders`, and after a function `total value`
    let worth = scan
        .tokens
        .get(at)
        .filter(|t| WORTH.contains(&t.key.as_str()) || t.key == "basketsize" || t.key == "basket")?;
    let end = at + 1 + usize::from(worth.key == "basket");
    let of = scan
        .any(end, &["of", "per", "for each"])
        .and_then(|j| scan.head(j))
        .filter(|n| !n.0.hits.tables.is_empty() && (scan.word(end) == "of" || function == Function::Avg));
    match of {
        Some((noun, end)) => Some((What::Worth { function, noun: Some(noun), revenue: false }, end)),
        None if function != Function::Sum
            || matches!(worth.key.as_str(), "value" | "spend" | "spending" | "worth" | "total" | "amount") =>
        {
            Some((What::Worth { function, noun: None, revenue: false }, end))
        }
        None => None,
    }
}
