//! Values that only a warehouse knows and that end in a literal of SQL: `cast('{{ first_day }}' as date)`. What they are
//! changes no name and no type, so a date stands for them, another one for another question.

use super::names::Seen;
use super::prepare::is_mark;
use super::values::UNSAID;
use crate::sql::jinja::REF_SCHEMA;

/// Notes what the warehouse is asked, nodes' numbers left out: they are others in the next version of a project.
pub(super) fn ask(seen: &Seen, question: &str) {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut parts = question.split(REF_SCHEMA);
    let first = parts.next().into_iter();
    for part in first.chain(parts.map(|p| p.trim_start_matches(|c: char| c.is_ascii_digit()))) {
        for byte in part.split_whitespace().flat_map(|word| word.bytes().chain([b' '])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    seen.note(|notes| notes.question = notes.question.rotate_left(5) ^ hash);
}

/// The text with a date wherever a value is unsaid; none where one stands outside of a literal, or got lost. What a table
/// that is named directly stands in may be unsaid too.
pub(super) fn said(text: &str, question: u64) -> Option<String> {
    let date = format!("20{:02}-{:02}-{:02}", question % 100, question / 100 % 12 + 1, question / 1_200 % 28 + 1);
    let (mut out, mut within, mut found) = (String::with_capacity(text.len() + 16), Within::Code, false);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (c, within) {
            (UNSAID, Within::Code) if names_a_place(text, at) => {
                found = true;
                out.push_str("unsaid");
            }
            (UNSAID, Within::Code) => return None,
            (UNSAID, _) => {
                found = true;
                out.push_str(&date);
            }
            (c, _) => out.push(c),
        }
        within = match (within, before, c) {
            (Within::Code, _, '\'') => Within::Literal,
            (Within::Literal, _, '\'') | (Within::Line, _, '\n') | (Within::Block, '*', '/') => Within::Code,
            (Within::Code, '-', '-') => Within::Line,
            (Within::Code, '/', '*') => Within::Block,
            (within, ..) => within,
        };
        before = c;
    }
    found.then_some(out)
}

/// Whether what stands at `at` is the database or the schema of a table that is named directly: nobody knows anything of
/// that table, whatever it is called.
fn names_a_place(text: &str, at: usize) -> bool {
    // Marks of where it came from may stand between.
    let quotes = |c: char| matches!(c, '"' | '`') || is_mark(c);
    let before = text[..at].trim_end_matches(quotes).trim_end();
    let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let after =
        text[at + UNSAID.len_utf8()..].trim_start_matches(|c: char| c == '_' || c.is_alphanumeric() || is_mark(c));
    (word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("join"))
        && after.trim_start_matches(quotes).starts_with('.')
}

/// Where in SQL a character stands: only code must be said.
#[derive(Clone, Copy)]
enum Within {
    Code,
    Literal,
    /// A comment up to the end of its line.
    Line,
    /// A comment up to its own end.
    Block,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literals_may_hold_what_is_unsaid() {
        let at = |question| said(&format!("select cast('{UNSAID}' as date), 'it''s'"), question);
        assert_eq!(at(0).as_deref(), Some("select cast('2000-01-01' as date), 'it''s'"));
        assert_ne!(at(0), at(77));
        let after = |comment: &str| said(&format!("{comment} select '{UNSAID}'"), 0).is_some();
        assert!(after("-- it's so\n") && after("/* don't -- */") && after("select 1 - 1, 4 / 2,"));
        assert_eq!(said(&format!("-- '\nselect {UNSAID}"), 0), None);
        assert_eq!(said(&format!("select {UNSAID}"), 0), None);
        assert_eq!(said(&format!("select 'a', {UNSAID}, 'b'"), 0), None);
        assert_eq!(said("select 1", 0), None);
    }

    #[test]
    fn the_same_question_is_the_same_date() {
        let asked = |text: &str| {
            let seen = Seen::default();
            ask(&seen, text);
            seen.take().question
        };
        assert_eq!(asked("select min(a) from dbt_ref__1.t"), asked(" select min(a)\n from dbt_ref__20.t "));
        assert_ne!(asked("select min(a) from dbt_ref__1.t"), asked("select max(a) from dbt_ref__1.t"));
    }
}
