//! Whether a description says that a column can be null.

use super::{clauses, mentions};
use crate::dbt::DescribedColumn;
use crate::sql::types;
use crate::vocabulary::{DataType, Dialect};

/// How sure a clause is that there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// It has none in some rows, but a text may be an empty one, and a flag false.
    Empty,
    /// It is null in some rows.
    Null,
    /// It is never null.
    Never,
}

/// What a text that speaks of null has in it, beside [`THERE`].
const MARKS: &[&str] = &["null", "empty", "blank", "missing", "absent", "unset", "optional", "have none", "has none"];

/// Whether the description of a column says that it can be null, or that it can't.
pub(super) fn null(column: &DescribedColumn) -> Option<bool> {
    match said(column)? {
        (Says::Never, Says::Never) => Some(false),
        // It says both, each of some rows.
        (_, Says::Never) => None,
        (_, Says::Null) => Some(true),
        (_, Says::Empty) => is_no_text(column).then_some(true),
    }
}

/// Whether the description of a text says that it is empty in some rows.
pub(super) fn empty(column: &DescribedColumn) -> bool {
    let flag = |t: &String| types::read(t, Dialect::Snowflake) == Some(DataType::Boolean);
    !column.data_type.as_ref().is_some_and(flag) && said(column).is_some_and(|(_, last)| last == Says::Empty)
}

/// The weakest and the strongest of what a description says.
fn said(column: &DescribedColumn) -> Option<(Says, Says)> {
    if !mentions(&column.description, MARKS) && !mentions(&column.description, THERE) {
        return None;
    }
    let mut said: Vec<Says> = clauses(&column.description).iter().filter_map(|c| clause(c)).collect();
    said.sort_unstable();
    Some((*said.first()?, *said.last()?))
}

/// `null counts as 0`, `empty means zero`, `missing is treated as 0`: in one sentence.
pub(super) fn stands_for_zero(description: &str) -> bool {
    let sentences = description.split(['.', ';', '\n']);
    let mut spoke = false;
    sentences.into_iter().any(|sentence| {
        let text = super::plain(sentence);
        let has = |phrases: &[&str]| super::has(&text, phrases);
        // What it is of may stand in the sentence before.
        spoke |= has(&["null", "nulls", "empty", "missing", "blank"]);
        let counts = has(&[
            "counts as 0",
            "counts as zero",
            "counted as 0",
            "counted as zero",
            "count as 0",
            "count as zero",
            "means 0",
            "means zero",
            "meaning 0",
            "meaning zero",
            "stands for 0",
            "stands for zero",
            "treated as 0",
            "treated as zero",
            "treat as 0",
            "treat as zero",
            "taken as 0",
            "taken as zero",
            "taken for 0",
            "same as 0",
            "same as zero",
        ]);
        spoke && counts && !has(&["not", "never", "no longer", "replaced"])
    })
}

/// What a condition or a time begins with: what follows says for which rows.
const FOR_WHICH: &[&str] = &[
    "if",
    "when",
    "whenever",
    "unless",
    "until",
    "till",
    "for",
    "while",
    "where",
    "before",
    "without",
    "otherwise",
    "except",
    "during",
    "outside",
    "once",
    "after",
    "as",
    "because",
    "since",
    "due",
];

/// What makes a clause one of other rows or columns, where it comes first.
const ELSEWHERE: &[&str] = &[
    "if",
    "when",
    "whenever",
    "where",
    "whether",
    "unless",
    "because",
    "treat",
    "treats",
    "treated",
    "count",
    "counts",
    "counting",
    "counted",
    "includes",
    "including",
    "excludes",
    "excluding",
    "replace",
    "replaces",
    "replaced",
    "coalesce",
    "coalesced",
    "test",
    "tests",
    "rows",
    "records",
    "filter",
    "filters",
    "filtered",
    "convert",
    "converts",
    "converted",
    "indicates",
    "flag",
    "number",
    "share",
    "percentage",
    "ignore",
    "ignores",
    "ignoring",
    "drop",
    "drops",
    "dropped",
];

/// What stands for the column that is described.
const ITSELF: &[&str] = &[
    "this",
    "the",
    "a",
    "field",
    "column",
    "value",
    "values",
    "it",
    "it's",
    "its",
    "which",
    "that",
    "and",
    "but",
    "so",
    "then",
    "otherwise",
    "else",
    "attribute",
    "is",
    "are",
    "will",
    "be",
    "can",
    "may",
    "must",
    "should",
    "could",
    "might",
    "also",
    "remains",
    "stays",
    "or",
];

const NEGATIONS: &[&str] = &["not", "never", "non", "cannot", "can't", "isn't", "won't", "mustn't", "shouldn't"];

/// How often it is so, which does not matter.
const ADVERBS: &[&str] = &[
    "only",
    "always",
    "often",
    "usually",
    "mostly",
    "sometimes",
    "generally",
    "typically",
    "possibly",
    "currently",
    "still",
    "normally",
    "frequently",
    "rarely",
    "occasionally",
    "commonly",
    "potentially",
    "likely",
];

/// What a value that is there is.
const THERE: &[&str] = &[
    "set",
    "populated",
    "filled",
    "present",
    "provided",
    "given",
    "recorded",
    "entered",
    "captured",
    "collected",
    "known",
    "available",
    "applicable",
];

fn is_one(word: Option<&String>, of: &[&str]) -> bool {
    word.is_some_and(|w| of.contains(&w.as_str()))
}

/// What a clause says.
fn clause(words: &[String]) -> Option<Says> {
    // The strongest of what is said, each word looked at where it stands.
    let at = |i: usize| {
        let (before, after) = (&words[..i], &words[i + 1..]);
        match words[i].as_str() {
            "null" | "nulls" => missing(before, after, true),
            "nullable" => nullable(before),
            "non-null" | "not-null" | "non-nullable" | "nonnull" => {
                (itself(before) && after.is_empty()).then_some(Says::Never)
            }
            "empty" | "blank" | "missing" | "absent" | "unset" => missing(before, after, false),
            // `Most applicants have none`, `some have none`.
            "none" => {
                let have = ["have", "has"].contains(&before.last()?.as_str());
                let some = ["most", "many", "some", "few", "several"].contains(&before.first()?.as_str());
                (have && some && after.is_empty()).then_some(Says::Empty)
            }
            "optional" => {
                let alone = before.is_empty() || matches!(before, [one] if one == "an");
                (alone && !after.iter().any(|w| w.starts_with("default"))).then_some(Says::Empty)
            }
            word if THERE.contains(&word) => there(word, before, after),
            _ => None,
        }
    };
    (0..words.len()).filter_map(at).max()
}

/// Whether all that comes before is the column itself, and what is said of it.
fn itself(before: &[String]) -> bool {
    before.iter().all(|w| ITSELF.contains(&w.as_str()) || ADVERBS.contains(&w.as_str()))
}

/// `null until paid`, `can be empty`, `is never null`.
fn missing(before: &[String], after: &[String], null: bool) -> Option<Says> {
    let mut rest = before;
    while let Some((last, front)) = rest.split_last()
        && ADVERBS.contains(&last.as_str())
    {
        rest = front;
    }
    let conditional = is_one(after.first(), FOR_WHICH);
    let (mut stem, mut be) = (rest, false);
    if let Some((last, front)) = rest.split_last()
        && last == "be"
    {
        (stem, be) = (front, true);
    }
    if let Some((last, front)) = stem.split_last() {
        let longer = last == "longer" && is_one(front.last(), &["no"]);
        if longer || NEGATIONS.contains(&last.as_str()) {
            let front = if longer { &front[..front.len() - 1] } else { front };
            return (null && !conditional && itself(front) && after.is_empty()).then_some(Says::Never);
        }
    }
    if before.iter().any(|w| ELSEWHERE.contains(&w.as_str()) || NEGATIONS.contains(&w.as_str())) {
        return None;
    }
    let says = if null { Says::Null } else { Says::Empty };
    let ends = after.is_empty();
    let told = match rest.last().map(String::as_str) {
        // `null = still open`, `null means …`, `null on rural routes`: of null alone it is clear.
        None => {
            conditional
                || null
                    && (ends
                        || is_one(
                            after.first(),
                            &["=", "means", "implies", "indicates", "denotes", "in", "on", "at", "or"],
                        ))
                || null && is_one(after.first(), &["value", "values"]) && is_one(after.get(1), MEANS)
        }
        Some("a" | "the") if rest.len() == 1 => {
            null && is_one(after.first(), &["value"]) && is_one(after.get(1), MEANS)
        }
        Some("be") if be => match stem.last().map(String::as_str) {
            Some("may" | "can" | "might" | "could") => {
                ends || conditional || is_one(after.first(), &["and", "or", "but", "in", "on", "at"])
            }
            Some("will" | "should" | "must") => conditional,
            _ => false,
        },
        Some("is" | "are" | "it's") => itself(rest) && (ends || conditional),
        Some("to") => is_one(rest.iter().rev().nth(1), &["set", "defaults"]) && conditional,
        Some("left" | "remains" | "stays" | "kept") => conditional,
        Some("or") => null && (ends || conditional),
        Some("otherwise" | "else") => null,
        _ => false,
    };
    told.then_some(says)
}

const MEANS: &[&str] = &["means", "mean", "implies", "imply", "indicates", "indicate", "denotes", "denote"];

/// `nullable`, `not nullable`.
fn nullable(before: &[String]) -> Option<Says> {
    match before.split_last() {
        Some((last, front)) if NEGATIONS.contains(&last.as_str()) => itself(front).then_some(Says::Never),
        _ => itself(before).then_some(Says::Null),
    }
}

/// `only set for cancelled orders`, `filled in when the parcel arrives`, `not given for walk-ins`, `always set`.
fn there(word: &str, before: &[String], after: &[String]) -> Option<Says> {
    // Of what is made with the row it is always there.
    let made = |w: &String| ["created", "inserted", "loaded", "ingested", "synced"].contains(&w.as_str());
    if after.iter().any(made) {
        return None;
    }
    let after = if is_one(after.first(), &["in"]) && word == "filled" { &after[1..] } else { after };
    let (only, after) = match is_one(after.first(), &["only"]) {
        true => (true, &after[1..]),
        false => (is_one(before.last(), &["only"]), after),
    };
    let front = match before.split_last() {
        Some((last, front)) if ["only", "not", "never", "always"].contains(&last.as_str()) => front,
        _ => before,
    };
    if front.iter().any(|w| ELSEWHERE.contains(&w.as_str()) || NEGATIONS.contains(&w.as_str())) {
        return None;
    }
    let conditional = is_one(
        after.first(),
        &["for", "when", "if", "once", "after", "where", "while", "on", "until", "unless", "before"],
    );
    let vague = ["known", "available", "applicable"].contains(&word);
    match before.last().map(String::as_str) {
        Some("always") => (after.is_empty() && itself(front)).then_some(Says::Never),
        Some("not") if conditional && itself(front) => Some(if vague { Says::Empty } else { Says::Null }),
        Some("never") => None,
        _ if only && conditional => Some(if vague { Says::Empty } else { Says::Null }),
        _ if word == "filled" && is_one(after.first(), &["when", "once", "after"]) && itself(front) => Some(Says::Null),
        // `set once and never changed` is another matter.
        _ if word == "set" && is_one(after.first(), &["when", "after"]) && itself(front) => Some(Says::Empty),
        _ => None,
    }
}

/// Ends of names that are not those of texts or flags.
const NO_TEXTS: &[&str] = &[
    "id",
    "at",
    "on",
    "date",
    "time",
    "ts",
    "timestamp",
    "day",
    "year",
    "amount",
    "price",
    "fee",
    "cost",
    "total",
    "quantity",
    "qty",
    "count",
    "minutes",
    "seconds",
    "hours",
    "days",
    "rate",
    "score",
    "rating",
    "pct",
    "percent",
    "weight",
    "discount",
    "tax",
    "tip",
    "bonus",
    "distance",
    "duration",
];

/// Whether a column is neither text nor flag: by its type, or by its name where that is not said.
fn is_no_text(column: &DescribedColumn) -> bool {
    let by_type = |written: &String| types::read(written, Dialect::Snowflake);
    match &column.data_type {
        Some(written) => by_type(written).is_some_and(|t| !matches!(t, DataType::Text | DataType::Boolean)),
        None => column.name.to_lowercase().rsplit('_').next().is_some_and(|end| NO_TEXTS.contains(&end)),
    }
}
