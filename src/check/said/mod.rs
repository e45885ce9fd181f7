//! What YAML says of a column beside its tests: whether it can be null ([`null`]), and whose clock it shows
//! ([`clock`](clocks::clock)). Descriptions are read clause by clause, and only where they can't be meant otherwise:
//! a wrong answer is worse than none.

pub(super) mod clocks;
mod nulls;

use crate::dbt::DescribedColumn;

/// Whether a column can be null: not where a test or a constraint says so, and else as its description has it.
pub(super) fn null(column: &DescribedColumn) -> Option<bool> {
    if is_filled(column) {
        return Some(false);
    }
    nulls::null(column)
}

/// Whether a test or a constraint says that a column is never null.
pub(super) fn is_filled(column: &DescribedColumn) -> bool {
    column.filled || column.tests.iter().any(|t| t.name == "not_null")
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
            let word = word.to_lowercase();
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
