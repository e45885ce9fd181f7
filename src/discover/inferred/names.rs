//! What names of tables and columns say of keys.

use std::collections::BTreeSet;

use crate::contract::{Column, Contract};

/// Words that stand before a table's own name.
const PREFIXES: &[&str] = &["dim", "fact", "fct", "lkp", "mst", "raw", "ref", "src", "stg", "t", "tb", "tbl"];
/// Names of keys that say nothing of their table.
pub const BARE: &[&str] = &["id", "code", "guid", "key", "no", "nr", "num", "number", "uuid"];
/// Names that are never those of a key that others point to.
pub const NO_KEY: &[&str] = &["date", "day", "month", "name", "title", "type", "value", "week", "year"];
/// What a column of the table itself may be, seen from a row: `parent_id`, `reports_to`.
const ROLES: &[&str] = &[
    "ancestor",
    "boss",
    "duplicate_of",
    "manager",
    "master",
    "merged_into",
    "next",
    "original",
    "parent",
    "predecessor",
    "prev",
    "previous",
    "referred_by",
    "referrer",
    "replaced_by",
    "replaces",
    "reply_to",
    "reports_to",
    "root",
    "successor",
    "superseded_by",
    "supervisor",
];
/// What stands before the names of things that are kept elsewhere.
const ELSEWHERE: &[&str] = &["external", "ext", "foreign", "former", "import", "legacy", "old", "remote", "third"];

/// The words of a name: `OrderItems` and `order items` are `order`, `items`.
pub fn words(physical: &str, name: &str) -> Vec<String> {
    let text = if physical.is_ascii() { physical } else { name };
    let mut out: Vec<String> = vec![String::new()];
    let (mut before, mut chars) = (' ', text.chars().peekable());
    while let Some(c) = chars.next() {
        let hump = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_uppercase() && chars.peek().is_some_and(char::is_ascii_lowercase));
        if hump || !c.is_alphanumeric() {
            out.push(String::new());
        }
        if let Some(word) = out.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    out.retain(|word| !word.is_empty());
    out
}

pub fn of_column(column: &Column) -> Vec<String> {
    words(&column.physical_name, column.name.as_str())
}

/// What one row of a table may be called: `order_item` for `tbl_order_items`.
pub fn things(physical: &str, name: &str) -> BTreeSet<String> {
    // Files and addresses: the last part, without its ending.
    let last = physical.rsplit('/').next().unwrap_or(physical);
    let all = words(last.split(['.', '?']).next().unwrap_or(last), name);
    let rest = match &all[..] {
        [first, rest @ ..] if !rest.is_empty() && PREFIXES.contains(&first.as_str()) => rest,
        all => all,
    };
    [&all[..], rest].into_iter().flat_map(singulars).collect()
}

pub fn things_of(contract: &Contract) -> BTreeSet<String> {
    let mut out = things(&contract.physical_name, contract.table.as_str());
    out.extend(things(contract.table.as_str(), contract.table.as_str()));
    out
}

fn singulars(words: &[String]) -> Vec<String> {
    let joined = words.join("_");
    let mut out = vec![joined.clone()];
    out.extend(joined.strip_suffix("ies").map(|head| format!("{head}y")));
    out.extend(joined.strip_suffix("es").map(str::to_owned));
    out.extend(joined.strip_suffix('s').map(str::to_owned));
    out.retain(|word| !word.is_empty());
    out
}

/// How plainly a column's name is that of the key of its own table, the least being the plainest: `id`, `order_id` of
/// orders, then their `order_number`.
pub fn own_key(things: &BTreeSet<String>, column: &[String]) -> Option<u8> {
    match column {
        [only] if only == "id" || things.iter().any(|thing| *only == format!("{thing}id")) => Some(0),
        [only] => ["uuid", "guid", "key", "code"].contains(&only.as_str()).then_some(2),
        [head @ .., last] if things.contains(&head.join("_")) => match last.as_str() {
            "id" => Some(0),
            last => BARE.contains(&last).then_some(1),
        },
        _ => None,
    }
}

/// Whether a column of a table is named for another row of it, by the name of the table's key.
pub fn is_role(column: &[String], key: &[String]) -> bool {
    let of_key = key.last().map(String::as_str).unwrap_or_default();
    let head = match column {
        [head @ .., last] if last == of_key || BARE.contains(&last.as_str()) => head.join("_"),
        all => return ROLES.contains(&all.join("_").as_str()) && all.len() > 1,
    };
    ROLES.contains(&head.as_str())
}

/// Whether what it is called after is kept somewhere else: `external_order_id`.
pub fn is_elsewhere(column: &[String]) -> bool {
    column.first().is_some_and(|first| ELSEWHERE.contains(&first.as_str()))
}
