//! Names from the words that people used.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::contract::Contract;
use crate::vocabulary::{Name, Unit};

use super::Assembly;
use crate::requirement::lexicon::FUZZY;
use crate::requirement::piece::{Filter, GroupItem, Kind, Noun, Shape, What};
use crate::requirement::stem::{noun, parts, plural, singular};
use crate::requirement::synonyms::{TABLE_ENDINGS, TABLE_PREFIXES};
use crate::requirement::words;

/// What one row of a table is called, in snake_case: `order_item` for `order_items`, `order` for `sales_orders`.
pub(super) fn head(contract: &Contract) -> String {
    let name = contract.table.as_str();
    let mut parts: Vec<&str> = name.split('_').filter(|p| !p.is_empty()).collect();
    if parts.len() > 1 && (TABLE_PREFIXES.contains(&parts[0]) || parts[0] == "sales") {
        parts.remove(0);
    }
    if parts.len() > 1 && parts.last().is_some_and(|p| TABLE_ENDINGS.contains(p)) {
        parts.pop();
    }
    let last = parts.pop().unwrap_or("row");
    let mut out: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    out.push(singular(last));
    out.join("_")
}

/// Words as a name, without articles.
pub(super) fn snake(text: &str, kind: &str) -> Name {
    Name::from_text(&words_of(text), kind)
}

/// Words as a part of a name; a part may be a reserved word, `open` in `open_orders`.
fn words_of(text: &str) -> String {
    let ascii = deunicode::deunicode(text);
    let kept: Vec<String> = ascii
        .split(|c: char| c.is_whitespace() || c == '_')
        .map(|w| w.strip_suffix("'s").unwrap_or(w).trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|w| !w.is_empty() && !SMALL.contains(&w.to_lowercase().as_str()))
        .map(|w| parts(w).join("_"))
        .collect();
    kept.join("_")
}

/// Words that a name is better without.
const SMALL: &[&str] =
    &["the", "a", "an", "and", "with", "its", "their", "our", "all", "of", "as", "well", "my", "your", "showing"];

impl<'a> Assembly<'_, 'a> {
    /// The name of the model that is asked for.
    pub(super) fn model_name(&self, base: &Contract) -> Name {
        let mut out: Vec<String> = Vec::new();
        if let Some(unit) = self.unit() {
            out.push(adjective(unit).to_owned());
        }
        if self.asked().rows && self.pieces.iter().any(|p| matches!(p.kind, Kind::Dedupe(_))) {
            out.push("deduplicated".to_owned());
        }
        out.push(self.subject(base));
        let mut tail = Vec::new();
        let first = self.pieces.iter().position(|p| matches!(p.kind, Kind::Shape(Shape::Top { .. })));
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Group(items) = &piece.kind else { continue };
            if first.is_some_and(|first| i == first + 1) {
                continue;
            }
            let by = if self.scan.words(&piece.tokens).to_lowercase().contains("by ") { "by" } else { "per" };
            for item in items {
                if let GroupItem::Noun(noun) = item {
                    // `per class from bookings`: the table that it is from is no part of its name.
                    let from = noun.tokens.clone().find(|i| self.scan.word(*i) == "from");
                    let words = self.said(&(noun.tokens.start..from.unwrap_or(noun.tokens.end)));
                    tail.push(if tail.is_empty() { format!("{by}_{words}") } else { format!("and_{words}") });
                }
            }
        }
        out.extend(tail);
        let name = Name::from_text(&out.join("_"), "model");
        // `orders`: what the source's own table is called tells nothing.
        let key = |n: &Name| parts(n.as_str()).iter().map(|p| noun(p)).collect::<String>();
        if self.scan.ground.contracts.keys().any(|t| key(&t.table) == key(&name)) {
            let kind = if self.asked().rows { "list" } else { "summary" };
            Name::from_text(&format!("{name}_{kind}"), "model")
        } else {
            name
        }
    }

    fn unit(&self) -> Option<Unit> {
        self.pieces.iter().find_map(|p| match &p.kind {
            Kind::Group(items) => items.iter().find_map(|i| match i {
                GroupItem::Unit(unit, _) => Some(*unit),
                _ => None,
            }),
            _ => None,
        })
    }

    /// What it is about, in the words of the requirement.
    fn subject(&self, base: &Contract) -> String {
        let first = self.pieces.iter().position(|p| matches!(p.kind, Kind::Shape(Shape::Top { .. })));
        if let Some(thing) = first.and_then(|i| Some(self.pieces[i].tokens.start..self.pieces.get(i + 1)?.tokens.end)) {
            let words = self.said(&thing);
            let asked = words.strip_prefix("which_").or_else(|| words.strip_prefix("what_"));
            let number = words.starts_with(|c: char| c.is_ascii_digit());
            let bare = asked.unwrap_or(&words);
            return if number || asked.is_some() { format!("top_{bare}") } else { words };
        }
        let title =
            (0..self.pieces.len()).find(|i| matches!(self.pieces[*i].kind, Kind::Measure(_)) && self.is_title(*i));
        if let Some(i) = title {
            return self.said(&self.pieces[i].tokens);
        }
        if let Some((tokens, _)) = self.called_by() {
            return self.said(&tokens);
        }
        let mut adjectives: Vec<String> = Vec::new();
        for piece in self.pieces {
            let values = match &piece.kind {
                Kind::Filter(Filter::Values { negative: false, values, noun: Some(noun), .. })
                    if !noun.hits.tables.is_empty() =>
                {
                    values.as_slice()
                }
                Kind::Noun(noun) if !noun.hits.tables.is_empty() => noun.values.as_slice(),
                _ => continue,
            };
            adjectives.extend(values.iter().map(|v| self.said(&v.tokens)));
        }
        let mut seen = BTreeSet::new();
        adjectives.retain(|a| seen.insert(a.clone()) && adjectives_fit(a));
        adjectives.truncate(3);
        let prefix = if adjectives.is_empty() { String::new() } else { format!("{}_", adjectives.join("_")) };
        for piece in self.pieces {
            let found = match &piece.kind {
                Kind::Noun(noun) if !noun.hits.tables.is_empty() => format!("{prefix}{}", self.several(noun)),
                Kind::Measure(m) => match &m.what {
                    What::Worth { .. } | What::Named(_) => {
                        self.said(&piece.tokens).trim_start_matches("total_").to_owned()
                    }
                    What::Count { noun, active, .. } => {
                        let said = if *active { "active_" } else { "" };
                        let values: Vec<String> =
                            m.values.iter().map(|v| format!("{}_", self.said(&v.tokens))).collect();
                        format!("{prefix}{}{said}{}", values.concat(), self.several(noun))
                    }
                    What::Of { .. } | What::Call(..) | What::Share { .. } | What::Ratio { .. } => {
                        self.said(&piece.tokens)
                    }
                    What::When { noun, .. } => format!("{prefix}{}", self.several(noun)),
                    What::Rows | What::Elapsed { .. } => continue,
                },
                Kind::Filter(Filter::Values { noun: Some(noun), .. }) if !noun.hits.tables.is_empty() => {
                    format!("{prefix}{}", self.several(noun))
                }
                _ => continue,
            };
            return found;
        }
        plural(&head(base))
    }

    /// Words of the requirement as a part of a name, those that are spelt wrongly as the contracts have them.
    fn said(&self, tokens: &Range<usize>) -> String {
        let from = self.scan.bytes(tokens).start;
        let mut text = self.scan.words(tokens).to_owned();
        for i in tokens.clone().rev() {
            let Some(hits) = self.scan.hits(i).filter(|hits| hits.tier == FUZZY) else { continue };
            let token = &self.scan.tokens[i];
            let table = hits.tables.first().and_then(|table| self.contract(table)).map(head);
            let name = table.or_else(|| Some(hits.columns.first()?.column.name.to_string()));
            let name = name.map(|name| if token.lower.ends_with('s') { plural(&name) } else { name });
            text.replace_range(token.span.start - from..token.span.end - from, name.as_deref().unwrap_or(&token.text));
        }
        words_of(&text)
    }

    /// A noun as written, its last word in the plural.
    fn several(&self, noun: &Noun<'a>) -> String {
        let from = noun.values.last().map_or(noun.tokens.start, |v| v.tokens.end);
        let text = self.said(&(from..noun.tokens.end));
        match text.rsplit_once('_') {
            Some((front, last)) => format!("{front}_{}", plural(last)),
            None => plural(&text),
        }
    }

    /// A name that no other spec has, and no model of one; `_2` and so on where it is taken.
    pub(super) fn free(&self, name: &Name) -> Name {
        let specs = self.scan.ground.specs;
        let clashes = |n: &Name| specs.contains_key(n) || self.taken(n).contains(n);
        let mut out = name.clone();
        let mut i = 2;
        while clashes(&out) {
            let tail = format!("_{i}");
            let front: String = name.as_str().chars().take(crate::vocabulary::MAX_LEN - tail.len()).collect();
            out = Name::from_text(&format!("{front}{tail}"), "model");
            i += 1;
        }
        out
    }
}

fn adjectives_fit(word: &str) -> bool {
    !words::is_filler(word) && word.len() < 24
}

/// `daily` for a day.
pub(super) fn adjective(unit: Unit) -> &'static str {
    match unit {
        Unit::Hour => "hourly",
        Unit::Day => "daily",
        Unit::Week => "weekly",
        Unit::Month => "monthly",
        Unit::Quarter => "quarterly",
        Unit::Year => "yearly",
    }
}
