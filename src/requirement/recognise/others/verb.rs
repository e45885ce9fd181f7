//! Rows of another table by the verb that they come of: `bought`, `been admitted`, `enrolled in a course`.

use crate::requirement::graph::Way;
use crate::requirement::lexicon::{Hits, SYNONYM, name_parts};
use crate::requirement::piece::{Kind, Noun, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::stem::{self, action, same_action};
use crate::requirement::tokens;
use crate::vocabulary::TableRef;

/// What a row of another table came of: the verb, and the nouns for it.
#[rustfmt::skip]
const VERBS: &[(&[&str], &[&str])] = &[
    (&["bought", "buy", "purchased", "purchase", "ordered", "order", "shopped"], &["order", "purchase", "sale", "orderitem", "orderline", "orderdetail", "invoice", "invoiceline"]),
    (&["sold", "sell"], &["sale", "orderitem", "orderline", "orderdetail", "invoiceline", "invoiceitem", "order", "invoice"]),
    (&["borrowed", "borrow", "lent", "loaned", "checked out"], &["loan", "borrowing", "checkout", "lending"]),
    (&["rented", "rent", "hired"], &["rental", "hire"]),
    (&["paid", "pay", "paid for"], &["payment", "transaction"]),
    (&["visited", "visit", "came", "come"], &["visit", "appointment"]),
    (&["enrolled", "enroll", "enrol", "registered", "signed up", "took", "taken"], &["enrollment", "enrolment", "registration", "signup"]),
    (&["reviewed", "review", "rated", "rate"], &["review", "rating"]),
    (&["returned", "return"], &["return"]),
    (&["logged in", "log in", "signed in"], &["login", "session"]),
    (&["called", "call"], &["call"]),
    (&["shipped", "ship"], &["shipment", "delivery"]),
    (&["delivered", "deliver"], &["delivery", "shipment"]),
    (&["played", "play", "listened"], &["play", "listen", "stream"]),
    (&["donated", "donate", "gave"], &["donation"]),
    (&["stayed", "stay"], &["stay"]),
    (&["answered", "surveyed"], &["survey", "answer", "response"]),
];
/// What may stand between a verb and its object.
const TO: &[&str] = &["in", "to", "for", "on", "at", "by", "with", "from", "into"];

/// A verb at `at` whose rows, in one of these tables, are meant; its end.
pub(super) fn read<'a>(
    scan: &Scan<'a>,
    at: usize,
    belongs: &dyn Fn(&&'a TableRef) -> bool,
) -> Option<(Noun<'a>, usize)> {
    let (nouns, end) = VERBS
        .iter()
        .filter_map(|(verbs, nouns)| Some((*nouns, scan.any(at, verbs)?)))
        .max_by_key(|v| v.1)
        .or_else(|| (scan.tokens.get(at)?.kind == tokens::Kind::Word).then_some((&[][..], at + 1)))?;
    let stem = stem::value(scan.word(end - 1));
    let happened = action(scan.word(end - 1));
    let mut tables: Vec<(u8, &'a TableRef)> = Vec::new();
    for act in scan.acts() {
        let alike = |p: &String| stem.len() >= 4 && p.len() > stem.len() && p.starts_with(&stem);
        let time = || act.happened.as_ref().is_some_and(|e| same_action(e, &happened));
        let how = if nouns.contains(&act.name.as_str()) || nouns.contains(&act.last.as_str()) {
            0
        } else if act.parts.iter().any(alike) || same_action(&act.done, &happened) {
            1
        } else if happened.len() >= 4 && time() {
            2
        } else {
            continue;
        };
        if belongs(&act.table) {
            tables.push((how, act.table));
        }
    }
    let best = tables.iter().map(|t| t.0).min()?;
    let tables: Vec<_> = tables.into_iter().filter(|t| t.0 == best).map(|t| t.1).collect();
    let hits = Hits { len: end - at, tier: SYNONYM, tables, columns: Vec::new() };
    Some((Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() }, end))
}

/// What a verb's object adds: nothing for `anything` and `in a course`, a condition for `a Physics course`.
pub(super) fn object<'a>(
    scan: &Scan<'a>,
    at: usize,
    noun: &Noun<'a>,
    subjects: &[&'a TableRef],
) -> (Option<Piece<'a>>, usize) {
    const PLAIN: &[&str] =
        &["anything", "something", "us", "with us", "from us", "at all", "here", "to", "in", "it", "them", "anyone"];
    let i = scan.any(at, TO).unwrap_or(at);
    let led = scan.article(i) > at;
    if let Some((object, end)) = scan.noun(i).filter(|n| !n.0.hits.tables.is_empty() && led) {
        let above = |t: &&'a TableRef| {
            !subjects.contains(t) && noun.hits.tables.iter().any(|child| child == t || scan.leads(child, t))
        };
        if object.hits.tables.iter().any(above) {
            let said = !object.values.is_empty();
            let piece = Piece { tokens: object.tokens.clone(), kind: Kind::Noun(object) };
            return (said.then_some(piece), end);
        }
    }
    // `enrolled in`, at the end of what is said; `in Berlin` says more.
    let end = scan.any(at, PLAIN).unwrap_or(at);
    let alone = scan.tokens.get(end).is_none_or(|t| t.kind == tokens::Kind::Mark);
    let bare = end > at && TO.contains(&scan.word(end - 1));
    (None, if bare && !alone { at } else { end })
}

/// The column of the rows themselves that says when it happened to them, where it may not have: `never logged in`.
pub(super) fn own_time<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Noun<'a>, usize)> {
    let mut columns = scan.lexicon.event(scan.word(at)).unwrap_or_default();
    let words = format!("{}{}", scan.word(at), scan.word(at + 1));
    let two = matches!(words.as_str(), "loggedin" | "signedin" | "signedup" | "checkedin" | "checkedout" | "pickedup");
    if columns.is_empty() && two {
        let noun = match words.as_str() {
            "loggedin" => "login",
            "signedin" => "signin",
            "signedup" => "signup",
            "checkedin" => "checkin",
            "checkedout" => "checkout",
            _ => "pickup",
        };
        let key = |c: &crate::contract::Column| name_parts(&c.physical_name, c.name.as_str()).concat();
        for table in subjects {
            let own = scan.ground.contracts.get_key_value(*table).map(|(t, c)| (t, &c.columns));
            columns.extend(own.into_iter().flat_map(|(table, columns)| {
                let fits = columns.iter().filter(|c| c.data_type.is_temporal() && key(c).contains(noun));
                fits.map(move |column| crate::requirement::lexicon::ColumnOf { table, column })
            }));
        }
    }
    columns.retain(|c| subjects.contains(&c.table) && !c.column.required && c.column.primary_key.is_none());
    let end = at + 1 + usize::from(two);
    let hits = Hits { len: end - at, tier: SYNONYM, tables: Vec::new(), columns };
    let noun = Noun { tokens: at..end, modifiers: Vec::new(), values: Vec::new(), hits };
    (!noun.hits.columns.is_empty()).then_some((noun, end))
}

/// `direct reports`, `subordinates`: rows of the same table that point to them.
pub(super) fn own_others<'a>(scan: &Scan<'a>, at: usize, subjects: &[&'a TableRef]) -> Option<(Noun<'a>, usize)> {
    const REPORTS: &[&str] = &[
        "direct reports",
        "direct report",
        "subordinates",
        "subordinate",
        "reportees",
        "people reporting to them",
        "people under them",
        "reports of their own",
        "direct subordinates",
    ];
    let end = scan.any(at, REPORTS)?;
    let tables: Vec<&'a TableRef> = subjects.iter().copied().filter(|s| !scan.graph.own(s).is_empty()).collect();
    let hits = Hits { len: end - at, tier: SYNONYM, tables, columns: Vec::new() };
    let noun = Noun { tokens: at..end, hits, modifiers: Vec::new(), values: Vec::new() };
    (!noun.hits.tables.is_empty()).then_some((noun, end))
}

/// Whether rows of `table` are about rows of `subject`: they point to them, are pointed to by them, or a table between
/// the two points to both.
pub(super) fn related(scan: &Scan<'_>, table: &TableRef, subject: &TableRef) -> bool {
    let near = |from: &TableRef, to: &TableRef| match scan.graph.way(from, to) {
        Way::By(edges) => edges.len() == 1,
        Way::Several(ways) => ways.iter().any(|w| w.len() == 1),
        Way::No => false,
    };
    let between = || scan.graph.children(subject).iter().any(|b| *b != table && near(b, table));
    table != subject && (scan.leads(table, subject) || near(subject, table) || between())
}

/// The end of a word for what was done, of which rows of another table came: `borrowed`.
pub fn done(scan: &Scan<'_>, at: usize) -> Option<usize> {
    scan.any(at, VERBS.iter().find_map(|(verbs, _)| scan.any(at, verbs).map(|_| *verbs))?)
}

/// The tables whose rows came of what was done, by the word that ends before `end`.
pub fn came_of<'a>(scan: &Scan<'a>, end: usize) -> Option<Noun<'a>> {
    let at = end.checked_sub(1)?;
    let (_, nouns) = VERBS.iter().find(|(verbs, _)| scan.any(at, verbs) == Some(end))?;
    let hits =
        nouns.iter().find_map(|n| scan.lexicon.key(n, 1).filter(|h| !h.tables.is_empty() && h.tier <= SYNONYM))?;
    Some(Noun {
        tokens: at..end,
        hits: Hits { columns: Vec::new(), ..hits },
        modifiers: Vec::new(),
        values: Vec::new(),
    })
}
