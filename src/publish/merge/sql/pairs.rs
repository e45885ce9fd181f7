//! Which piece of one text is which of another: by name, else by place and likeness.

use std::collections::HashMap;

use super::tree::{Node, What};

/// Beyond this many pieces without a name in common in one place, likeness is not looked for.
const MOST: usize = 64;

/// For each of `a` its counterpart in `b`.
pub(super) fn pairs(a: &[Node], b: &[Node]) -> Vec<Option<usize>> {
    let mut out: Vec<Option<usize>> = vec![None; a.len()];
    let mut named: HashMap<(&str, usize), usize> = HashMap::new();
    for (i, key) in numbered(b).into_iter().enumerate() {
        named.insert(key, i);
    }
    for (i, key) in numbered(a).into_iter().enumerate() {
        out[i] = named.get(&key).copied();
    }
    if let ([x], [y]) = (a, b)
        && x.what == y.what
        && matches!(x.what, What::Core | What::Query | What::Name | What::Document | What::Relation)
    {
        out[0] = Some(0);
    }
    let mut taken = vec![false; b.len()];
    out.iter().flatten().for_each(|j| taken[*j] = true);
    let mut from = 0;
    while from < a.len() {
        if out[from].is_some() {
            from += 1;
            continue;
        }
        let to = (from..a.len()).find(|i| out[*i].is_some()).unwrap_or(a.len());
        let first = from.checked_sub(1).and_then(|i| out[i]).map_or(0, |j| j + 1);
        let last = out.get(to).copied().flatten().unwrap_or(b.len());
        let free: Vec<usize> = (first..last).filter(|j| !taken[*j]).collect();
        if to - from <= MOST && free.len() <= MOST {
            let mut after = 0;
            for i in from..to {
                let like = |j: &usize| a[i].what == b[*j].what && likeness(&a[i].shown, &b[*j].shown) >= 0.5;
                if let Some(at) = (after..free.len()).find(|at| like(&free[*at])) {
                    out[i] = Some(free[at]);
                    taken[free[at]] = true;
                    after = at + 1;
                }
            }
        }
        from = to;
    }
    out
}

/// The other way round.
pub(super) fn inverse(pairs: &[Option<usize>], len: usize) -> Vec<Option<usize>> {
    let mut out = vec![None; len];
    for (i, j) in pairs.iter().enumerate().filter_map(|(i, j)| j.map(|j| (i, j))) {
        out[j] = Some(i);
    }
    out
}

/// Names, each with how often it came before.
pub(super) fn numbered(nodes: &[Node]) -> Vec<(&str, usize)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    nodes
        .iter()
        .map(|n| {
            let count = seen.entry(&n.key).or_default();
            *count += 1;
            (n.key.as_str(), *count)
        })
        .collect()
}

/// The share of words that two pieces have in common.
fn likeness(a: &str, b: &str) -> f64 {
    let words = |text: &str| -> HashMap<String, usize> {
        let mut out = HashMap::new();
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty() && *w != "as") {
            *out.entry(word.to_owned()).or_default() += 1;
        }
        out
    };
    let (a, b) = (words(a), words(b));
    let all: usize = a.values().chain(b.values()).sum();
    let common: usize = a.iter().map(|(word, n)| (*n).min(b.get(word).copied().unwrap_or(0))).sum();
    if all == 0 { 0.0 } else { 2.0 * common as f64 / all as f64 }
}
