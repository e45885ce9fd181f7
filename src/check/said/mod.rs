//! What YAML says of a column beside its tests: whether it can be null ([`null`]), whose clock it shows
//! ([`clock`](clocks::clock)), and what it measures ([`measure`](measures::measure)). Descriptions are read clause by clause, and only where they can't be meant otherwise:
//! a wrong answer is worse than none.

pub(super) mod clocks;
pub(super) mod measures;
mod nulls;

use crate::dbt::DescribedColumn;

/// Whether a column can be null: not where a test or a constraint says so, and else as its description has it.
pub(super) fn null(column: &DescribedColumn) -> Option<bool> {
    if is_filled(column) {
        return Some(false);
    }
    nulls::null(column)
}

/// The texts that a test accepts in a column: all that it can have.
pub(super) fn accepted(column: &DescribedColumn) -> Option<Vec<String>> {
    let test = column.tests.iter().find(|t| t.name == "accepted_values")?;
    let partial =
        ["where", "config", "severity", "warn_if", "error_if"].iter().any(|k| test.arguments.contains_key(*k));
    let values = test.arguments.get("values")?.as_array().filter(|_| !partial)?;
    values.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>().filter(|v| !v.is_empty())
}

/// Whether the description of a text says that it is empty in some rows, which may mean null or a text without letters.
pub(super) fn empty(column: &DescribedColumn) -> bool {
    !is_filled(column) && nulls::empty(column)
}

/// Whether a description says that null stands for 0.
pub(super) fn null_is_zero(description: &str) -> bool {
    mentions(description, &["null", "empty", "missing", "blank"]) && nulls::stands_for_zero(description)
}

/// Whether a test or a constraint says that a column is never null.
pub(super) fn is_filled(column: &DescribedColumn) -> bool {
    column.filled || column.tests.iter().any(|t| t.name == "not_null")
}

/// Whether the description of a table says that it has one row: `A single row of parameters.`
pub(super) fn one_row(description: &str) -> bool {
    const ONE: &[&str] = &["exactly one row", "always one row", "only one row"];
    if !mentions(description, &["row"]) {
        return false;
    }
    let clauses = clauses(description);
    clauses.first().is_some_and(|words| {
        let first = format!(" {} ", words.join(" "));
        let begins = [" a single row ", " single row ", " one row only "].iter().any(|b| first.starts_with(b));
        (begins || has(&first, ONE)) && !has(&first, &["per", "each", "for each", "every", "by"])
    })
}

/// Whether one of these stands in a text, in whichever case: most texts speak of nothing like it and need not be read.
fn mentions(text: &str, marks: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    marks.iter().any(|mark| text.contains(mark))
}

/// A text in lower case with one blank between its words and around them: ` last 7 days `.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::from(" ");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        out.extend(word.chars().flat_map(char::to_lowercase));
        out.push(' ');
    }
    out
}

/// Whether a plain text has one of these phrases as whole words.
pub(super) fn has(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|p| {
        text.match_indices(p).any(|(at, _)| text[..at].ends_with(' ') && text[at + p.len()..].starts_with(' '))
    })
}

/// The clauses of a text, each as its words in lower case without quotes. A line that goes on is no end of one.
fn clauses(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\n\n", " ; ");
    let mut out = vec![Vec::new()];
    let end = |out: &mut Vec<Vec<String>>| {
        if out.last().is_some_and(|c| !c.is_empty()) {
            out.push(Vec::new());
        }
    };
    for token in text.split_whitespace() {
        let opens = token.starts_with(['(', '[']);
        let closes = token.trim_end_matches(['`', '"', '\'', '*']).ends_with(['.', ',', ';', ':', ')', ']', '!', '?']);
        let word = token.trim_matches(['`', '"', '\'', '*', '(', ')', '[', ']', '.', ',', ';', ':', '!', '?', '_']);
        if opens || matches!(word, "-" | "–" | "—" | "|" | "/") {
            end(&mut out);
        }
        if !word.is_empty() && !matches!(word, "-" | "–" | "—" | "|" | "/") {
            // What is in quotes is a value; null is none.
            let quoted =
                token.trim_start_matches(['(', '[']).starts_with(['"', '\'']) && !word.eq_ignore_ascii_case("null");
            let word = if quoted { format!("'{word}") } else { word.to_lowercase() };
            if let Some(last) = out.last_mut() {
                last.push(word);
            }
        }
        if closes {
            end(&mut out);
        }
    }
    out.retain(|c| !c.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str, description: &str) -> DescribedColumn {
        DescribedColumn {
            name: name.to_owned(),
            data_type: (!data_type.is_empty()).then(|| data_type.to_owned()),
            description: description.to_owned(),
            ..DescribedColumn::default()
        }
    }

    #[test]
    fn descriptions_say_what_can_be_null() {
        for said in [
            "null until delivered",
            "UTC, null until paid",
            "Delivery date (NULL if not yet delivered)",
            "Who referred the customer. Null when nobody did.",
            "May be null.",
            "Reason code, can be null for old rows",
            "nullable",
            "Nullable on purpose: few give one",
            "Highest risk group or null if not stratified",
            "If the member is alive, this field is null.",
            "`null` = still open",
            "NULL means unlimited",
            "only set for cancelled trips",
            "Populated only when the order was refunded",
            "filled in when the parcel arrives",
            "not given for online orders",
            "Only available until 2020, otherwise null",
            "always null before 2021",
            "name of the sponsor - null without one",
            "Will be set to null unless\nassigned by the sender",
        ] {
            assert_eq!(null(&column("reason", "", said)), Some(true), "{said}");
        }
        for said in [
            "never null",
            "is never null",
            "Cannot be null.",
            "Not null",
            "no longer null",
            "always set",
            "not nullable",
            "This is never null",
        ] {
            assert_eq!(null(&column("reason", "", said)), Some(false), "{said}");
        }
        for said in [
            "",
            "not null when paid",
            "whether the column is nullable",
            "Number of jobs that failed (error_result IS NOT NULL)",
            "FALSE otherwise (including NULL platelets)",
            "if null, the default is used",
            "Rows with a null region are left out",
            "Count of non-null answers",
            "0 when the source is null",
            "optional",
            "empty for guests",
            "'Not recorded' if none was given",
            "The code (\"Not Recorded\" if none is available)",
            "set when the row is created",
            "populated when the record is loaded",
            "set once and never changed",
            "Integer test result. Null values are replaced by 0.",
        ] {
            assert_eq!(null(&column("reason", "", said)), None, "{said}");
        }
    }

    #[test]
    fn what_is_empty_may_be_a_text_without_letters() {
        assert_eq!(null(&column("customer_id", "", "empty for guests")), Some(true));
        assert_eq!(null(&column("tip", "numeric(10,2)", "optional")), Some(true));
        assert_eq!(null(&column("shipped_at", "", "missing until it is sent")), Some(true));
        assert_eq!(null(&column("coupon", "varchar", "empty for guests")), None);
        assert_eq!(null(&column("is_gift", "boolean", "set when it is a gift")), None);
    }

    #[test]
    fn tests_and_constraints_come_first() {
        let mut told = column("reason", "", "null until closed");
        told.filled = true;
        assert_eq!(null(&told), Some(false));
    }

    #[test]
    fn descriptions_say_that_there_is_one_row() {
        for (said, is) in [
            ("A single row of yard parameters.", true),
            ("Settings; exactly one row", false),
            ("Always one row", true),
            ("One row per day", false),
            ("A single row per customer", false),
            ("Puts all of a user into a single row", false),
            ("A single row for each order", false),
            ("", false),
        ] {
            assert_eq!(one_row(said), is, "{said}");
        }
    }

    #[test]
    fn descriptions_say_whose_clock_it_is() {
        for (said, clock) in [
            ("UTC", Some("utc")),
            ("UTC, without time zone", Some("utc")),
            ("When it was paid (UTC).", Some("utc")),
            ("Timestamp in the UTC time zone, null until paid", Some("utc")),
            ("New York wall-clock time", Some("america/new_york")),
            ("naive, Europe/Berlin", Some("europe/berlin")),
            ("Start in local time of the clinic", Some("local")),
            ("store's local time", Some("local")),
            ("Local time in Berlin", Some("europe/berlin")),
            ("Eastern Time", Some("america/new_york")),
            ("converted from UTC", None),
            ("not UTC", None),
            ("offset from UTC in hours", None),
            ("London Data Service processing timestamp", None),
            ("Singapore imports ten times what it emits", None),
            ("local authority of the patient", None),
            ("UTC until 2020, Europe/Berlin after", None),
        ] {
            assert_eq!(clocks::clock(&column("paid_at", "", said)).as_deref(), clock, "{said}");
        }
        assert_eq!(clocks::clock(&column("time_zone", "", "Europe/Berlin")), None);
    }

    #[test]
    fn descriptions_say_whose_day_it_is() {
        for (said, clock) in [
            ("payments per calendar day in Berlin", Some("europe/berlin")),
            ("Orders by New York day", Some("america/new_york")),
            ("Departures per airport and local calendar date of the airport.", Some("local")),
            ("Consultations per clinic and day, by the clinic's own calendar day.", Some("local")),
            ("sale_date is the day in the house's own zone", Some("local")),
            ("Spots per market and local broadcast day", Some("local")),
            ("the day of the local authority", None),
            ("orders per day in Berlin", None),
            ("one row per day", None),
        ] {
            assert_eq!(clocks::day(said).as_deref(), clock, "{said}");
        }
    }
}
