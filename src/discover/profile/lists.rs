//! Which columns hold one of a few values: lists that later rows are held to, and values that requirements may name.

use super::Seen;

/// Rows that a column must at least have a value in, before its values are taken for all that there may be.
const MIN_ROWS: u64 = 20;

/// Words at the end of a column's name that stand for a closed list.
const CLOSED: &[&str] = &[
    "category",
    "channel",
    "class",
    "condition",
    "currency",
    "frequency",
    "grade",
    "interval",
    "kind",
    "level",
    "method",
    "mode",
    "outcome",
    "phase",
    "plan",
    "platform",
    "priority",
    "provider",
    "reason",
    "result",
    "segment",
    "severity",
    "size",
    "stage",
    "state",
    "status",
    "tier",
    "type",
    "unit",
    "visibility",
];

/// Words that stand for a list that grows, or for people: their values are data, not a rule.
const OPEN: &[&str] = &[
    "address",
    "agent",
    "assignee",
    "author",
    "brand",
    "by",
    "city",
    "code",
    "comment",
    "company",
    "country",
    "county",
    "customer",
    "description",
    "driver",
    "employee",
    "file",
    "hash",
    "id",
    "key",
    "label",
    "location",
    "login",
    "manager",
    "message",
    "name",
    "note",
    "notes",
    "owner",
    "path",
    "person",
    "product",
    "region",
    "rep",
    "seller",
    "sku",
    "slug",
    "source",
    "store",
    "supplier",
    "team",
    "text",
    "title",
    "token",
    "town",
    "url",
    "user",
    "username",
    "uuid",
    "vendor",
    "version",
    "warehouse",
];

/// Whether the values of a column may be all that there are, judged from its name and what was seen. A list is a rule
/// that later rows are held to, so it takes a telling name, or few plain words in many rows.
pub fn is_list(name: &str, seen: &Seen) -> bool {
    let Some(values) = &seen.values else { return false };
    let last = name.rsplit('_').next().unwrap_or(name);
    let (filled, distinct) = (seen.texts, values.len() as u64);
    let plain = values.iter().all(|v| is_word(v)) && seen.dates + seen.moments + seen.zoned + seen.numbers == 0;
    if distinct < 2 || filled < MIN_ROWS || seen.evidence.is_risky(seen.filled()) || !plain {
        return false;
    }
    if name.split('_').any(|word| OPEN.contains(&word)) && name != "currency_code" {
        return false;
    }
    if CLOSED.contains(&last) || name == "currency_code" {
        return filled >= distinct * 3;
    }
    let code = |v: &str| v.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-') || v.len() <= 3;
    distinct <= 8 && filled >= 50 && filled >= distinct * 20 && values.iter().all(|v| code(v))
}

/// Whether values of a column are worth an example, so that requirements name them: few words, each in many rows, or
/// in a short table where the name of the column tells that it sorts the rows.
pub fn has_examples(name: &str, seen: &Seen) -> bool {
    let Some(values) = &seen.values else { return false };
    let last = name.rsplit('_').next().unwrap_or(name);
    let distinct = values.len() as u64;
    let plain = values.iter().all(|v| is_word(v)) && seen.dates + seen.moments + seen.zoned + seen.numbers == 0;
    let personal = seen.evidence.is_risky(seen.filled());
    let sorts = CLOSED.contains(&last) || SORTS.contains(&last);
    plain && !personal && (2..=20).contains(&distinct) && (sorts || seen.texts >= distinct * 5)
}

/// Names of columns that sort things, beside those whose values are a closed list.
const SORTS: &[&str] = &[
    "area",
    "brand",
    "city",
    "country",
    "department",
    "division",
    "family",
    "genre",
    "group",
    "market",
    "region",
    "specialty",
    "team",
    "zone",
];

/// A word or two such as `bank_transfer`, `Coffee`, `on hold`.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.split(' ').count() <= 3
        && text.chars().all(|c| c.is_alphanumeric() || " _-/&+.".contains(c))
        && text.chars().filter(char::is_ascii_digit).count() <= 4
}
