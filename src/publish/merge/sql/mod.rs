//! SQL of dbt models, by structure: prelude, CTEs by name, select items by the column that they give, joins, conditions.
//!
//! Texts are cut into tokens and put together again: what nobody touched stays as it is, to the byte. What is generated
//! otherwise now goes into the text that people have, laid out as theirs is.

mod clauses;
mod layout;
mod lex;
mod marked;
mod names;
mod pairs;
mod sound;
#[cfg(test)]
mod tests;
mod tree;
mod weave;

use super::structure::Woven;
use layout::Style;
use weave::{CLOSE, Conflict, OPEN, Weaver};

pub(super) use sound::holds;

/// Merges by structure; none where a text is no model that is understood, or what comes out would not be one.
pub(super) fn merge(base: &str, edited: &str, new: &str) -> Option<Woven> {
    if [base, edited, new].iter().any(|t| t.contains([OPEN, CLOSE])) {
        return None;
    }
    let read = || Some([tree::read(base)?, tree::read(edited)?, tree::read(new)?]);
    let agreed = names::agreed(read()?, true)?;
    let as_written = agreed[1].text == edited;
    let (woven, conflicts) = woven(agreed)?;
    // A query between markers reads what people had it read: its columns are qualified by that.
    let reads = |text: &str| text.split_whitespace().any(|word| word.eq_ignore_ascii_case("from"));
    if as_written || !conflicts.iter().any(|conflict| reads(&conflict.yours)) {
        return Some(woven);
    }
    Some(self::woven(names::agreed(read()?, false)?)?.0)
}

fn woven([base, edited, new]: [tree::Tree; 3]) -> Option<(Woven, Vec<Conflict>)> {
    let style = Style::of(&edited);
    let mut weaver =
        Weaver { base: &base, edited: &edited, new: &new, style, conflicts: Vec::new(), notes: Vec::new() };
    let body = weaver.weave(&base.root, &edited.root, &new.root);
    let (conflicts, mut notes) = (weaver.conflicts, weaver.notes);
    let outside = (&edited.text[..edited.root.start], &edited.text[edited.root.end..]);
    let text = format!("{}{body}{}", outside.0, outside.1);
    if !sound::is_right(&base, &edited, &new, &text, &conflicts) {
        return None;
    }
    notes.extend(names::left_behind(&base, &edited, &new, &text));
    let clean = conflicts.is_empty();
    if let Some(merged) = tree::read(&text).filter(|_| clean) {
        notes.extend(names::left_out(&base, &edited, &new, &merged));
    }
    let text = if clean { text } else { marked::marked(&text, &conflicts) };
    Some((Woven { text, clean, notes }, conflicts))
}
