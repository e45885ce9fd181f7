//! What there is a row for: `daily`, `per country and day`, `by product category`.

use crate::requirement::Question;
use crate::requirement::lexicon::{ColumnOf, Hits, SYNONYM};
use crate::requirement::piece::{GroupItem, Kind, Noun, Piece, Shape};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;
use crate::requirement::words;
use crate::vocabulary::Unit;

#[rustfmt::skip]
const PER: &[&str] = &[
    "per", "by", "for each", "for every", "in each", "in every", "each", "every", "grouped by", "group by", "broken down by", "split by", "and by", "and per", "and for each", "broken down per", "across", "aggregated by",
    "aggregated per", "summarised by", "summarized by", "on each", "on every", "for each of the", "of each", "of every", "sliced by", "segmented by", "by each", "at each", "from each", "a",
];

/// Reads the grain.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    if let Some((unit, end)) = adjective(scan, at) {
        // `daily and weekly` are two tables.
        if let Some(next) = scan.any(end, &["and", ",", "or"]).filter(|i| adjective(scan, *i).is_some()) {
            let words = scan.words(&(at..next + 1));
            let about = format!("`{words}`: several grains in one table can't be said yet. Which one is meant?");
            let candidates = vec![scan.word(at).to_owned(), scan.word(next).to_owned()];
            return Some(Piece { tokens: at..next + 1, kind: Kind::Ask(Question::new(about).or_any(candidates)) });
        }
        return Some(Piece { tokens: at..end, kind: Kind::Group(vec![GroupItem::Unit(unit, at..end)]) });
    }
    let per = scan.any(at, PER)?;
    if scan.word(per - 1) == "a" && Unit::parse(scan.word(per)).is_none() {
        return None;
    }
    if let Some(question) = sent(scan, at, per) {
        return Some(question);
    }
    let mut items = Vec::new();
    let mut end = per;
    let mut i = per;
    while let Some((found, next)) = item(scan, i) {
        items.extend(found);
        end = next;
        let Some(joined) = scan.any(
            end,
            &[
                ",",
                "and",
                ", and",
                "&",
                "/",
                "per",
                "by",
                "and per",
                "and by",
                ", per",
                ", by",
                "and for each",
                "within each",
            ],
        ) else {
            break;
        };
        // `per department, by salary` says what is first, `per day, days without any too` that gaps are filled.
        if super::top::read(scan, end, before).is_some_and(|p| matches!(p.kind, Kind::Shape(Shape::By { .. })))
            || super::fill::read(scan, end, before).is_some()
            || super::around::over_unit(scan, joined).is_some()
        {
            break;
        }
        let spelt = matches!(scan.word(joined - 1), "per" | "by" | "each");
        // What follows a comma may be the next measure: `per customer, the number of orders`.
        if !spelt
            && (scan.article(joined) > joined
                || super::measure::read(scan, joined, &[]).is_some()
                || super::zero::read(scan, joined, &[]).is_some()
                || super::clean::read(scan, joined, &[]).is_some())
        {
            break;
        }
        // `per week and shipments per week`: a table that is itself spread over something is no part of the grain.
        let next = scan.head(joined).filter(|n| !spelt && !n.0.hits.tables.is_empty()).map(|n| n.1);
        if next.is_some_and(|end| {
            scan.any(end, PER).is_some()
                || scan.word(end).ends_with("ed") && scan.lexicon.event(scan.word(end)).is_some()
        }) {
            break;
        }
        i = joined;
    }
    if !items.is_empty() {
        let end = scan.any(end, &["breakdown", "level"]).unwrap_or(end);
        return Some(Piece { tokens: at..end, kind: Kind::Group(items) });
    }
    // `per shoe size`: a grain that nothing in the contracts has.
    let weak = matches!(scan.word(at), "each" | "every" | "of" | "across" | "from" | "a" | "in" | "on" | "at");
    let token = scan.tokens.get(scan.article(per))?;
    if weak || token.kind != tokens::Kind::Word || words::known(&token.lower) && token.lower != "team" {
        return None;
    }
    let mut end = scan.article(per) + 1;
    while scan.tokens.get(end).is_some_and(|t| t.kind == tokens::Kind::Word && !words::known(&t.lower)) && end < per + 3
    {
        end += 1;
    }
    let about = format!(
        "`{}`: no table or column is called `{}`. What is there one row for?",
        scan.words(&(at..end)),
        scan.words(&(per..end))
    );
    let candidates = near(scan, &scan.tokens[end - 1].key);
    let question = Question::new(about).saying("per {}").or_any(candidates);
    Some(Piece { tokens: at..end, kind: Kind::Ask(question) })
}

/// `send it by e-mail`: a way to deliver rather than a grain.
fn sent<'a>(scan: &Scan<'a>, at: usize, per: usize) -> Option<Piece<'a>> {
    let end = scan.any(per, &["email", "e-mail", "mail", "post", "fax", "phone"]).filter(|_| scan.word(at) == "by")?;
    let sends = ["send", "mail", "deliver", "share", "forward", "sent", "mailed", "delivered", "shared"];
    (at.saturating_sub(12)..at).find(|i| sends.contains(&scan.word(*i)))?;
    let words = scan.words(&(at..end));
    let about = format!("`{words}`: nothing is sent to people yet. Shall the pipeline be built without it?");
    let question = Question::new(about).or_without().or(format!("per {}", scan.word(per)));
    Some(Piece { tokens: at..end, kind: Kind::Ask(question) })
}

fn adjective(scan: &Scan<'_>, at: usize) -> Option<(Unit, usize)> {
    let unit = match scan.word(at) {
        "hourly" => Unit::Hour,
        "daily" | "day-by-day" => Unit::Day,
        "weekly" => Unit::Week,
        "monthly" => Unit::Month,
        "quarterly" => Unit::Quarter,
        "yearly" | "annual" | "annually" => Unit::Year,
        _ => return None,
    };
    Some((unit, at + 1))
}

/// One thing to group by; a calendar unit with the time that it is of, where that is said.
pub fn item<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<GroupItem<'a>>, usize)> {
    let i = scan.skip(at, &["the", "calendar", "single", "our"]);
    if let Some((part, end)) = super::calendar::part(scan, i) {
        return Some((vec![GroupItem::Part(part, i..end)], end));
    }
    if let Some((column, end)) = super::computed::column(scan, i) {
        return Some((vec![GroupItem::Column(column)], end));
    }
    if let Some(unit) = Unit::parse(scan.word(i)) {
        let mut items = vec![GroupItem::Unit(unit, i..i + 1)];
        let of = of_what(scan, i + 1);
        let end = of.as_ref().map_or(i + 1, |o| o.1);
        items.extend(of.map(|o| GroupItem::Noun(o.0)));
        return Some((items, end));
    }
    // `delivery month`
    if let (Some(unit), Some(columns)) = (Unit::parse(scan.word(i + 1)), scan.lexicon.event(scan.word(i)))
        && scan.hits(i).is_none()
    {
        return Some((vec![GroupItem::Unit(unit, i..i + 2), GroupItem::Noun(time(i..i + 2, columns))], i + 2));
    }
    let (noun, end) = scan.head(i)?;
    // `order day`, `payment month`
    if !noun.hits.tables.is_empty()
        && let Some(unit) = Unit::parse(scan.word(end))
    {
        return Some((vec![GroupItem::Unit(unit, i..end + 1)], end + 1));
    }
    Some((vec![GroupItem::Noun(noun)], end))
}

/// What the calendar unit before `at` is of: `of cancellation`, `of the booking date`, `booked`.
fn of_what<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let led = scan.any(at, &["of the", "of", "of their", "of its", "it was", "they were"]);
    let i = led.unwrap_or(at);
    let columns = scan.lexicon.event(scan.word(i)).filter(|_| led.is_some() || scan.word(i).ends_with("ed"))?;
    let end = scan.any(i + 1, &["date", "time", "day"]).unwrap_or(i + 1);
    Some((time(i..end, columns), end))
}

fn time<'a>(tokens: std::ops::Range<usize>, columns: Vec<ColumnOf<'a>>) -> Noun<'a> {
    let hits = Hits { len: tokens.len(), tier: SYNONYM, tables: Vec::new(), columns };
    Noun { tokens, hits, modifiers: Vec::new(), values: Vec::new() }
}

/// Columns whose names come near a key; else all that have a few values.
fn near(scan: &Scan<'_>, key: &str) -> Vec<String> {
    let mut few = Vec::new();
    let mut all: Vec<(f64, String)> = Vec::new();
    for (table, contract) in scan.ground.contracts {
        for column in &contract.columns {
            let name = format!("{}.{}", table.table, column.name);
            if !column.accepted_values.is_empty() {
                few.push(name.clone());
            }
            let score = strsim::jaro_winkler(key, column.name.as_str());
            if score > 0.82 {
                all.push((score, name));
            }
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut out: Vec<String> = all.into_iter().map(|a| a.1).collect();
    out.extend(few);
    out.dedup();
    out.truncate(8);
    out
}
