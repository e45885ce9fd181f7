//! Whether a merged text is a model, with everything in it that people wrote.

use std::collections::{BTreeMap, BTreeSet};

use super::super::structure::Woven;
use super::lex::{Kind, lex, norm};
use super::tree::{Node, Sep, Tree, What, read};
use super::weave::{CLOSE, Conflict, OPEN};
use crate::sql::jinja::Rendered;
use crate::sql::{Text, parse};
use crate::vocabulary::Dialect;

/// Changed lines beyond this are counted word by word, not looked for one by one.
const MOST_LINES: usize = 2_000;

/// Whether a clean merge by lines is right: it reads as a model, and has the pieces that the merge by structure has.
pub(in super::super) fn holds(edited: &str, new: &str, merged: &str, woven: Option<&Woven>) -> bool {
    let (Some(ours), Some(theirs)) = (read(edited), read(new)) else { return true };
    let Some(tree) = read(merged) else { return false };
    if !adds_no_twins(&ours, &theirs, &tree) || !still_parses([edited, new], merged) {
        return false;
    }
    match woven.filter(|woven| woven.clean).and_then(|woven| read(&woven.text)) {
        Some(woven) => pieces(&woven) == pieces(&tree),
        None => true,
    }
}

/// Whether what was woven is right, in each version of its conflicts.
pub(super) fn is_right(base: &Tree, edited: &Tree, new: &Tree, text: &str, conflicts: &[Conflict]) -> bool {
    let yours = chosen(text, conflicts, |c| &c.yours);
    let Some(tree) = read(&yours) else { return false };
    if !keeps(&base.text, &edited.text, &yours) {
        return false;
    }
    let whole =
        |text: &str, tree: &Tree| adds_no_twins(edited, new, tree) && still_parses([&edited.text, &new.text], text);
    !conflicts.is_empty() || whole(&yours, &tree)
}

/// The text with one version of each conflict.
fn chosen(text: &str, conflicts: &[Conflict], version: fn(&Conflict) -> &str) -> String {
    let mut parts = text.split([OPEN, CLOSE]);
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let (Some(number), Some(rest)) = (parts.next(), parts.next()) {
        out.push_str(number.parse().ok().and_then(|i: usize| conflicts.get(i)).map_or("", version));
        out.push_str(rest);
    }
    out
}

/// Everything that a model is made of, whatever its order.
fn pieces(tree: &Tree) -> Vec<(String, u64)> {
    fn collect(node: &Node, path: &str, out: &mut Vec<(String, u64)>) {
        if node.kids.is_empty() {
            out.push((path.to_owned(), node.code));
        }
        node.kids
            .iter()
            .for_each(|k| collect(k, &if k.what == What::Cte { k.key.clone() } else { path.to_owned() }, out));
    }
    let mut out = Vec::new();
    collect(&tree.root, "", &mut out);
    out.sort();
    out
}

/// Whether nothing stands twice in a list that neither side has twice there.
fn adds_no_twins(edited: &Tree, new: &Tree, merged: &Tree) -> bool {
    let known: BTreeSet<String> = twins(edited).into_iter().chain(twins(new)).collect();
    twins(merged).iter().all(|twin| known.contains(twin))
}

fn twins(tree: &Tree) -> Vec<String> {
    fn look(node: &Node, path: &str, out: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for kid in &node.kids {
            let below = format!("{path}/{}", kid.key);
            let counts = matches!(node.sep, Sep::Comma | Sep::And) && kid.what != What::Part;
            let key = if kid.what == What::Condition { &kid.shown } else { &kid.key };
            if counts && !seen.insert(key.as_str()) {
                out.push(below.clone());
            }
            look(kid, &below, out);
        }
    }
    let mut out = Vec::new();
    look(&tree.root, "", &mut out);
    out
}

/// Whether the parser reads `merged` wherever it reads what it was made of.
fn still_parses(made_of: [&str; 2], merged: &str) -> bool {
    let reads = |text: &str, dialect| {
        plain(text).is_some_and(|sql| parse(&Text::new("", "", &sql), &Rendered::plain(&sql), dialect).is_ok())
    };
    let known = [Dialect::DuckDb, Dialect::Snowflake, Dialect::BigQuery, Dialect::Postgres];
    match known.into_iter().find(|d| made_of.iter().all(|text| reads(text, *d))) {
        Some(dialect) => reads(merged, dialect),
        None => true,
    }
}

/// SQL with a name in the place of what Jinja prints, without its statements.
fn plain(text: &str) -> Option<String> {
    let (mut out, mut begun) = (String::with_capacity(text.len()), false);
    for token in lex(text)? {
        let written = &text[token.start..token.end];
        match token.kind {
            Kind::Comment | Kind::Block => {}
            Kind::Print if !begun => {}
            _ if written.contains("{{") => out.push_str(" jinja_ "),
            // A name that is qualified stays in one piece.
            _ if written == "." || out.ends_with('.') => out.push_str(written),
            _ => {
                begun = true;
                out.push(' ');
                out.push_str(written);
            }
        }
    }
    Some(out)
}

/// Whether every line that people wrote is in `merged`, but for separators and how it is laid out.
fn keeps(base: &str, edited: &str, merged: &str) -> bool {
    let run = |text: &str| -> Vec<String> {
        let tokens = lex(text).unwrap_or_default();
        let words = tokens.iter().map(|t| norm(t.kind, &text[t.start..t.end]));
        words.filter(|w| !matches!(w.as_str(), "," | "and")).collect()
    };
    let known: BTreeSet<&str> = base.lines().map(str::trim).collect();
    let lines: Vec<&str> = edited.lines().map(str::trim).filter(|l| !l.is_empty() && !known.contains(l)).collect();
    let there: BTreeSet<&str> = merged.lines().map(str::trim).collect();
    let moved: Vec<&str> = lines.into_iter().filter(|l| !there.contains(l)).collect();
    if moved.is_empty() {
        return true;
    }
    if moved.len() <= MOST_LINES {
        let all = format!(" {} ", run(merged).join(" "));
        // A line in the middle of a string or a comment is no run of tokens: its words are counted.
        let whole = |line: &&str| lex(line).is_some() && all.contains(&format!(" {} ", run(line).join(" ")));
        if moved.iter().all(|line| run(line).is_empty() || whole(line)) {
            return true;
        }
    }
    let count = |text: &str| {
        let mut out: BTreeMap<String, usize> = BTreeMap::new();
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
            *out.entry(word.to_lowercase()).or_default() += 1;
        }
        out
    };
    let (was, yours, now) = (count(base), count(edited), count(merged));
    let of = |counted: &BTreeMap<String, usize>, word: &str| counted.get(word).copied().unwrap_or(0);
    yours.iter().all(|(word, n)| of(&now, word) >= n.saturating_sub(of(&was, word)))
}
