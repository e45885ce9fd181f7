//! What a table's columns are for, judged from names, types and keys: when a row happened, what it is worth, who it is of.

use crate::contract::{Column, Contract};
use crate::vocabulary::{DataType, Name, TableRef};

use super::graph::{Edge, Graph};
use super::lexicon::name_parts;
use super::stem::{action, same_action, value};

/// One answer, several that differ in the data, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// One is plainly meant.
    One(T),
    /// Each would do.
    Several(Vec<T>),
    /// There is none.
    None,
}

/// What a row of a table is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The expression: a column, or quantity times price.
    pub expr: String,
    /// Columns in it.
    pub columns: Vec<Name>,
    /// Columns that would have been an answer too.
    pub others: Vec<Name>,
}

/// Times that tell what happened to the row later, or only to its record.
#[rustfmt::skip]
const LATER: &[&str] = &[
    "ship", "deliver", "return", "end", "finish", "complet", "clos", "cancel", "du", "due", "requir", "expir", "approv", "arriv",
    "refund", "resolv", "stop", "dropoff", "last", "valid", "until", "to", "checkout", "exit", "promis", "settl", "confirm",
    "discharg", "clear", "decommission", "terminat", "left", "leav", "resign", "retir", "acknowledg", "expect", "plan",
    "releas", "archiv", "deactivat", "publish",
];
/// Times of the record rather than of what it records.
const RECORD: &[&str] = &["creat", "insert", "load", "record", "enter", "add"];
/// When somebody joined: what a register of people has, and no event of theirs.
const JOINED: &[&str] = &["hir", "hire", "join", "install"];
/// Times that never say when a row happened.
const NEVER: &[&str] = &["update", "updat", "modify", "modifi", "chang", "birth", "dob", "edit", "sync", "delet"];

/// Parts of a name that say that it is a time, not of what.
const CLOCK: &[&str] =
    &["date", "time", "at", "on", "day", "timestamp", "datetime", "dat", "tim", "utc", "local", "of"];

/// What happened then, by the name of a time: `issu` for `issued_at` and `issue_date`; none for `date`.
pub fn event_of(column: &Column) -> Option<String> {
    if !column.data_type.is_temporal() {
        return None;
    }
    let parts = name_parts(&column.physical_name, column.name.as_str());
    let rest: Vec<String> = parts.iter().filter(|p| !CLOCK.contains(&p.as_str())).map(|p| action(p)).collect();
    (!rest.is_empty()).then(|| rest.concat())
}

/// How much a time is that of the event itself: 3 for `order_date` of orders, 2 for `placed_at`, 1 for `created_at`.
fn event_score(contract: &Contract, column: &Column) -> u8 {
    if !column.data_type.is_temporal() {
        return 0;
    }
    let parts = name_parts(&column.physical_name, column.name.as_str());
    let stems: Vec<String> = parts.iter().map(|p| value(p)).collect();
    let has = |list: &[&str]| stems.iter().any(|s| list.contains(&s.as_str()));
    if has(NEVER) || contract.cursor.as_ref() == Some(&column.name) && has(&["updat"]) {
        return 0;
    }
    let table: Vec<String> =
        name_parts(&contract.physical_name, contract.table.as_str()).iter().map(|p| action(p)).collect();
    let shares =
        stems.iter().any(|s| s.len() > 2 && !CLOCK.contains(&s.as_str()) && table.iter().any(|t| same_action(s, t)));
    // `shipped_at` is later than an order, and what a shipment is.
    if shares {
        4
    } else if has(LATER) {
        1
    } else if has(RECORD) || has(JOINED) {
        2
    } else {
        3
    }
}

/// The column that says when a row happened, and how sure that is (1 to 4; 0 for none).
pub fn event_time(contract: &Contract) -> (Choice<&Column>, u8) {
    let scored: Vec<(u8, &Column)> = contract.columns.iter().map(|c| (event_score(contract, c), c)).collect();
    let best = scored.iter().map(|s| s.0).max().unwrap_or(0);
    let mut found: Vec<&Column> = scored.into_iter().filter(|s| s.0 == best && best > 0).map(|s| s.1).collect();
    // `requested_at` beside `start_date`: when it was asked for, or when it took place.
    let asked_for = |c: &Column| {
        let parts = name_parts(&c.physical_name, c.name.as_str());
        parts.iter().any(|p| ["request", "submit", "apply", "appli"].contains(&action(p).as_str()))
    };
    if found.len() == 1 && asked_for(found[0]) {
        let starts = |c: &&Column| {
            let parts = name_parts(&c.physical_name, c.name.as_str());
            c.data_type.is_temporal() && parts.iter().any(|p| p == "start" || p == "begin" || p == "from")
        };
        found.extend(contract.columns.iter().find(starts));
    }
    // What every row has comes before what only some have: an invoice is issued, and later maybe paid.
    if found.iter().any(|c| c.required) {
        found.retain(|c| c.required);
    }
    match found.len() {
        0 => (Choice::None, 0),
        1 => (Choice::One(found.remove(0)), best),
        _ => (Choice::Several(found), best),
    }
}

/// When a row begins and when it ends, where each is one column.
pub fn span(contract: &Contract) -> Option<(&Column, &Column)> {
    const ENDS: &[&str] = &[
        "end", "finish", "complet", "clos", "stop", "left", "leav", "exit", "return", "arriv", "dropoff", "checkout",
        "discharg", "resolv",
    ];
    let (Choice::One(from), _) = event_time(contract) else { return None };
    let ends = |c: &&Column| {
        let parts = name_parts(&c.physical_name, c.name.as_str());
        c.data_type.is_temporal() && c.name != from.name && parts.iter().any(|p| ENDS.contains(&value(p).as_str()))
    };
    let mut ends = contract.columns.iter().filter(ends);
    let to = ends.next()?;
    ends.next().is_none().then_some((from, to))
}

/// Numbers that are no money, or money that is only a part of what a row is worth.
#[rustfmt::skip]
const NOT_WORTH: &[&str] = &[
    "id", "tax", "discount", "vat", "freight", "ship", "shipping", "tip", "fee", "cost", "balance", "quantity", "count", "rate",
    "percent", "pct", "weight", "number", "item", "unit", "minute", "second", "hour", "day", "distance", "age", "year", "point",
    "refund", "deposit", "salary", "per", "budget", "credit", "limit", "stock", "km", "mile", "duration", "tip", "surcharge", "margin",
];

fn worth_score(column: &Column) -> u8 {
    if !column.data_type.is_numeric() || column.primary_key.is_some() || column.references.is_some() {
        return 0;
    }
    let parts = name_parts(&column.physical_name, column.name.as_str());
    let has = |w: &str| parts.iter().any(|p| p == w);
    if parts.iter().any(|p| NOT_WORTH.contains(&p.as_str())) || has("subtotal") || has("sub") {
        return u8::from(has("subtotal") || (has("sub") && has("total")));
    }
    if has("total") || has("grandtotal") {
        return 5;
    }
    if has("amount") || has("revenue") || has("turnover") {
        return if has("gross") || has("net") || has("paid") || has("due") { 3 } else { 4 };
    }
    if has("sale") || has("value") || has("fare") || has("charge") || has("premium") || has("rent") || has("worth") {
        return 3;
    }
    if has("price") && !has("list") { 2 } else { 0 }
}

/// What a row is worth, where the table has an amount: a total, an amount, or quantity times unit price.
pub fn amount(contract: &Contract) -> Option<Amount> {
    let mut scored: Vec<(u8, &Column)> =
        contract.columns.iter().map(|c| (worth_score(c), c)).filter(|s| s.0 > 0).collect();
    scored.sort_by_key(|s| std::cmp::Reverse(s.0));
    let price = scored.iter().find(|s| s.0 == 2).map(|s| s.1).or_else(|| named(contract, "price"));
    if scored.first().is_none_or(|s| s.0 <= 2)
        && let (Some(quantity), Some(price)) = (named(contract, "quantity"), price)
    {
        let others = named(contract, "discount").map(|c| c.name.clone()).into_iter().collect();
        let columns = vec![quantity.name.clone(), price.name.clone()];
        return Some(Amount { expr: format!("{} * {}", quantity.name, price.name), columns, others });
    }
    let (best, column) = *scored.first()?;
    // A price alone is what a thing in a catalogue costs, not what came in.
    if best <= 2 && contract.columns.iter().all(|c| c.references.is_none()) {
        return None;
    }
    let others = scored[1..].iter().filter(|s| s.0 == best).map(|s| s.1.name.clone()).collect();
    Some(Amount { expr: column.name.to_string(), columns: vec![column.name.clone()], others })
}

fn named<'a>(contract: &'a Contract, part: &str) -> Option<&'a Column> {
    contract
        .columns
        .iter()
        .find(|c| c.data_type.is_numeric() && name_parts(&c.physical_name, c.name.as_str()).iter().any(|p| p == part))
}

/// How much a table is one that revenue comes from: orders and invoices before their lines, lines before payments.
pub fn revenue_rank(contract: &Contract) -> u8 {
    let parts = name_parts(&contract.physical_name, contract.table.as_str());
    let has = |words: &[&str]| parts.iter().any(|p| words.contains(&p.as_str()));
    if has(&[
        "refund", "expense", "budget", "cart", "quote", "return", "target", "forecast", "archive", "backup", "history",
        "tmp", "test",
    ]) {
        0
    } else if has(&["item", "line", "detail"]) {
        2
    } else if has(&["order", "sale", "invoice", "booking", "rental", "trip", "ride", "ticket"]) && !has(&["purchase"]) {
        3
    } else {
        1
    }
}

/// Whether a column holds numbers that say how much, rather than which.
pub fn is_number(column: &Column) -> bool {
    column.data_type.is_numeric() && column.primary_key.is_none() && column.references.is_none()
}

/// The column that holds the currency of a table's amounts.
pub fn currency(contract: &Contract) -> Option<&Column> {
    contract.columns.iter().find(|c| {
        c.data_type == DataType::Text && name_parts(&c.physical_name, c.name.as_str()).iter().any(|p| p == "currency")
    })
}

/// The key to whom or what a row is of: people first, then the first key there is.
pub fn main_parent<'g, 'a>(graph: &'g Graph<'a>, table: &TableRef) -> Option<&'g Edge<'a>> {
    let people = [
        "customer", "client", "user", "patient", "member", "rider", "account", "person", "student", "guest", "company",
    ];
    let parents = graph.parents(table);
    let single = || parents.iter().filter(|e| e.on.len() == 1);
    single()
        .find(|e| name_parts("é", e.to.table.as_str()).iter().any(|p| people.contains(&p.as_str())))
        .or_else(|| single().next())
}

/// What people call a row by: a `name` or a `title`, where it is no person's.
pub fn label(contract: &Contract) -> Option<&Column> {
    let of_table = name_parts(&contract.physical_name, contract.table.as_str()).concat();
    contract.columns.iter().find(|c| {
        let key = name_parts(&c.physical_name, c.name.as_str()).concat();
        c.data_type == DataType::Text
            && c.pii().is_none()
            && (["name", "title", "label"].contains(&key.as_str()) || key == format!("{of_table}name"))
    })
}

/// The one column whose name ends in `name`: what a row is called by where people ask for its name.
pub fn name(contract: &Contract) -> Option<&Column> {
    let ends = |c: &&Column| {
        let parts = name_parts(&c.physical_name, c.name.as_str());
        c.data_type == DataType::Text && parts.last().is_some_and(|p| p.ends_with("name"))
    };
    label(contract).or_else(|| {
        let mut found = contract.columns.iter().filter(ends);
        found.next().filter(|_| found.next().is_none())
    })
}

/// The columns of a first and a last name.
pub fn two_names(contract: &Contract) -> Option<(&Column, &Column)> {
    const FIRST: &[&str] = &["firstname", "first", "givenname", "given", "forename", "fname"];
    const LAST: &[&str] = &["lastname", "last", "familyname", "family", "surname", "lname"];
    let part = |keys: &[&str]| {
        let key = |c: &Column| name_parts(&c.physical_name, c.name.as_str()).concat();
        contract.columns.iter().find(|c| c.data_type == DataType::Text && keys.contains(&key(c).as_str()))
    };
    Some((part(FIRST)?, part(LAST)?))
}

/// Whether a row is called by a first and a last name, and by nothing else.
pub fn has_two_names(contract: &Contract) -> bool {
    two_names(contract).is_some() && name(contract).is_none()
}

/// The kind of personal data that can be cleaned, by tag or by name.
pub fn cleanable(column: &Column) -> Option<Cleanable> {
    if column.data_type != DataType::Text {
        return None;
    }
    let parts = name_parts(&column.physical_name, column.name.as_str());
    let has = |words: &[&str]| parts.iter().any(|p| words.contains(&p.as_str()));
    match column.pii() {
        Some("phone") => return Some(Cleanable::Phone),
        Some("email") => return Some(Cleanable::Email),
        Some("name") => return Some(Cleanable::Name),
        _ => {}
    }
    if has(&["phone", "mobile", "telephone", "cellphone", "cell"]) && !has(&["type", "kind"]) {
        Some(Cleanable::Phone)
    } else if has(&["email", "mail"]) && !has(&["type", "domain"]) {
        Some(Cleanable::Email)
    } else if parts.last().is_some_and(|p| p == "name" || p == "firstname" || p == "lastname") {
        Some(Cleanable::Name)
    } else {
        None
    }
}

/// Kinds of text that a cleaning rule is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cleanable {
    /// Phone numbers: E.164.
    Phone,
    /// E-mail addresses: lower case, trimmed.
    Email,
    /// Names: trimmed.
    Name,
}
