//! How parts are known among their neighbours, on three sides.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{Group, Part, Read, begins_line};

/// A part that has another key now.
pub(super) struct Renamed {
    pub from: String,
    pub to: String,
}

/// The keys of the parts of three groups, each once in its group; none where changed parts can't be told from new ones.
pub(super) fn keys(groups: [&Group; 3]) -> Option<[Vec<String>; 3]> {
    let nameless = |group: &&Group| group.parts.iter().any(|p| p.key.is_none());
    if groups.iter().any(nameless) {
        let count = groups.map(|g| g.parts.len());
        if count[0] == count[1] && count[1] == count[2] {
            return Some(groups.map(|g| (0..g.parts.len()).map(|i| i.to_string()).collect()));
        }
    }
    // Keys that stand twice anywhere are told apart by what they say.
    let twice: BTreeSet<&str> = groups.iter().flat_map(|group| doubled(group)).collect();
    let out = groups.map(|group| {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let name = |part: &Part| match &part.key {
            Some(key) if !twice.contains(key.as_str()) => key.clone(),
            Some(key) => format!("{key}\u{1f}{}", part.value.meaning),
            None => part.value.meaning.clone(),
        };
        group
            .parts
            .iter()
            .map(|part| {
                let key = name(part);
                let n = seen.entry(key.clone()).or_default();
                *n += 1;
                if *n == 1 { key } else { format!("{key}\u{1f}{n}") }
            })
            .collect::<Vec<_>>()
    });
    // Where both sides changed parts without names, which of them belong together is not known.
    let [b, e, n] = &out;
    let new_without_name = |keys: &[String], group: &Group| {
        group
            .parts
            .iter()
            .zip(keys)
            .any(|(part, key)| part.key.is_none() && !part.value.flat_word() && !b.contains(key))
    };
    let guess = new_without_name(e, groups[1]) && new_without_name(n, groups[2]);
    (!guess).then_some(out)
}

fn doubled(group: &Group) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    group.parts.iter().filter_map(|p| p.key.as_deref()).filter(|key| !seen.insert(*key)).collect()
}

impl super::parts::Node {
    /// Whether it has no parts that could change on their own.
    fn flat_word(&self) -> bool {
        self.group.is_none()
    }
}

/// How many keys stand twice, in all: what a merge by lines may have made.
pub(super) fn doubles(node: &super::parts::Node) -> usize {
    node.group
        .as_ref()
        .map_or(0, |group| doubled(group).len() + group.parts.iter().map(|part| doubles(&part.value)).sum::<usize>())
}

/// Whether the parts that all three have stand in the same order before and now.
pub(super) fn same_order(base: &[String], edited: &[String], new: &[String]) -> bool {
    let common = |keys: &[String], one: &[String], two: &[String]| -> Vec<String> {
        let (one, two): (BTreeSet<&String>, BTreeSet<&String>) = (one.iter().collect(), two.iter().collect());
        keys.iter().filter(|k| one.contains(k) && two.contains(k)).cloned().collect()
    };
    common(base, edited, new) == common(new, base, edited)
}

/// Where more parts than these went, it is not looked for what they are called now.
const MOST: usize = 200;

/// Parts that went and came in one place, and are the same but for their name.
pub(super) fn renamed(
    base: &Read<'_>,
    old: &Group,
    old_keys: &[String],
    new: &Read<'_>,
    now: &Group,
    now_keys: &[String],
) -> Vec<Renamed> {
    let (had, has): (BTreeSet<&String>, BTreeSet<&String>) = (old_keys.iter().collect(), now_keys.iter().collect());
    let mut out: Vec<Renamed> = Vec::new();
    let went: Vec<_> = old_keys.iter().enumerate().filter(|(_, k)| !has.contains(k)).collect();
    if went.len() > MOST {
        return out;
    }
    for (i, from) in went {
        let text = &base.text[old.parts[i].body.clone()];
        let Some(name) = old.parts[i].key.as_deref() else { continue };
        let came = now_keys.iter().enumerate().filter(|(_, k)| !had.contains(k));
        for (j, to) in came {
            let Some(called) = now.parts[j].key.as_deref() else { continue };
            let is = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            if is(&with_name(text, name, called)) == is(&new.text[now.parts[j].body.clone()])
                && !out.iter().any(|r| r.to == *to)
            {
                out.push(Renamed { from: from.clone(), to: to.clone() });
                break;
            }
        }
    }
    out
}

/// `text` with one name in the place of another, also where it is written as words.
fn with_name(text: &str, from: &str, to: &str) -> String {
    // A key may say of what kind it is: `name=x`, `def x`.
    let bare = |key: &str| key.rsplit([' ', '=']).next().unwrap_or(key).to_owned();
    let (from, to) = (bare(from), bare(to));
    if from.len() < 2 {
        return text.to_owned();
    }
    let words = |name: &str| name.replace('_', " ");
    let first = |text: String| -> String {
        let mut chars = text.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
    };
    let out = text.replace(&from, &to);
    let out = if from.contains('_') { out.replace(&words(&from), &words(&to)) } else { out };
    out.replace(&first(words(&from)), &first(words(&to)))
}

type Neighbours<'p> = (Option<&'p Part>, Option<&'p Part>);

/// Between which parts a part with a rank goes: into the run of its neighbours, in order.
pub(super) fn by_rank<'p>(text: &str, part: &Part, new: &Group, edited: &'p Group) -> Option<Neighbours<'p>> {
    let rank = part.rank.as_ref()?;
    let at = new.parts.binary_search_by_key(&part.start, |p| p.start).ok()?;
    let run = |parts: &[Part], at: usize, apart: &dyn Fn(&Part) -> bool| {
        let mut from = at;
        while from > 0 && !apart(&parts[from]) && parts[from - 1].rank.is_some() {
            from -= 1;
        }
        let mut to = at + 1;
        while to < parts.len() && parts[to].rank.is_some() && !apart(&parts[to]) {
            to += 1;
        }
        from..to
    };
    let near = run(&new.parts, at, &|p: &Part| !p.head.is_empty());
    let known = new.parts[near].iter().filter_map(|p| p.key.as_ref());
    let there = known.filter_map(|key| edited.parts.iter().position(|p| p.key.as_ref() == Some(key))).next()?;
    edited.parts[there].rank.as_ref()?;
    let apart = |p: &Part| edited.lines && (!p.head.is_empty() || !begins_line(text, p.start));
    let run = run(&edited.parts, there, &apart);
    let parts = &edited.parts[run];
    let next = parts.iter().position(|p| p.rank.as_ref().is_some_and(|r| r > rank));
    match next {
        Some(0) => Some((None, parts.first())),
        Some(i) => Some((parts.get(i - 1), None)),
        None => Some((parts.last(), None)),
    }
}
