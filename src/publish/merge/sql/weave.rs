//! Three trees become one text: what people have, with what is generated otherwise now put into it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::super::lines::merge_lines;
use super::layout::{Shape, Style, indent_at, lead, opens_line, trail, usual_shape};
use super::pairs::{inverse, pairs};
use super::tree::{Node, Sep, Tree, What};

/// Opens and closes the number of a conflict until its lines are marked.
pub(super) const OPEN: char = '\u{e000}';
pub(super) const CLOSE: char = '\u{e001}';

/// A place where people and the generator want different things: yours, before, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub yours: String,
    pub before: String,
    pub now: String,
}

pub(super) struct Weaver<'t> {
    pub base: &'t Tree,
    pub edited: &'t Tree,
    pub new: &'t Tree,
    pub style: Style,
    pub conflicts: Vec<Conflict>,
    pub notes: Vec<String>,
}

/// A part of a list that is being written.
struct Slot {
    text: String,
    /// Where it stands in the list as edited, and as generated now.
    edited: Option<usize>,
    new: Option<usize>,
    rank: usize,
    /// Comments of people whose part is gone.
    orphans: Vec<String>,
}

/// A list in its three versions; none before where both made it.
struct Lists<'n> {
    base: Option<&'n Node>,
    edited: &'n Node,
    new: Option<&'n Node>,
    /// What stands between two parts, once it has been looked for.
    shape: OnceCell<Shape>,
}

impl<'n> Lists<'n> {
    fn of(base: Option<&'n Node>, edited: &'n Node, new: Option<&'n Node>) -> Lists<'n> {
        Lists { base, edited, new, shape: OnceCell::new() }
    }
}

impl<'t> Weaver<'t> {
    /// A piece that all three have; nothing where nothing of it is left.
    pub fn weave(&mut self, base: &Node, edited: &Node, new: &Node) -> String {
        let (b, e, n) = (base.text(&self.base.text), edited.text(&self.edited.text), new.text(&self.new.text));
        let same_lines = b == e && indent_at(&self.base.text, base.start) == indent_at(&self.edited.text, edited.start);
        if (b == e && same_lines) || (base.full == edited.full && edited.kids.is_empty()) {
            return match base.full == new.full && !(b == e && b != n) {
                true => e.to_owned(),
                false => self.fresh(new, edited),
            };
        }
        if base.full == new.full || edited.full == new.full {
            return e.to_owned();
        }
        let alike =
            base.sep == edited.sep && edited.sep == new.sep && base.what == edited.what && edited.what == new.what;
        let all_have = !base.kids.is_empty() && !edited.kids.is_empty() && !new.kids.is_empty();
        if !(alike && all_have) {
            return self.leaf(base, edited, new);
        }
        let woven = match edited.sep {
            Sep::Fixed => self.fixed(base, edited, new),
            _ => self.list(&Lists::of(Some(base), edited, Some(new))),
        };
        woven.unwrap_or_else(|| self.leaf(base, edited, new))
    }

    fn fresh(&self, new: &Node, at: &Node) -> String {
        self.style.fresh(self.new, new, indent_at(&self.edited.text, at.start))
    }

    /// A piece of a fixed shape: people's text with its parts merged.
    fn fixed(&mut self, base: &Node, edited: &Node, new: &Node) -> Option<String> {
        let frames = [frame(self.base, base), frame(self.edited, edited), frame(self.new, new)];
        let same_parts = base.kids.len() == edited.kids.len() && edited.kids.len() == new.kids.len();
        if !same_parts || (frames[0] != frames[2] && frames[1] != frames[2]) {
            return None;
        }
        let (mut out, mut at) = (String::new(), edited.start);
        for ((b, e), n) in base.kids.iter().zip(&edited.kids).zip(&new.kids) {
            out.push_str(&self.edited.text[at..e.start]);
            out.push_str(&self.weave(b, e, n));
            at = e.end;
        }
        out.push_str(&self.edited.text[at..edited.end]);
        Some(out)
    }

    /// A piece without parts that both changed.
    fn leaf(&mut self, base: &Node, edited: &Node, new: &Node) -> String {
        let (b, e, n) = (base.text(&self.base.text), edited.text(&self.edited.text), new.text(&self.new.text));
        if base.what == What::Item
            && let [Some((bx, ba)), Some((ex, ea)), Some((nx, na))] = [b, e, n].map(as_named)
        {
            let same = |x: &str, y: &str| x.split_whitespace().eq(y.split_whitespace());
            // One gave it another name, the other another value.
            if ba == na && ea != ba && same(bx, ex) {
                return format!("{nx}{}", &e[ex.len()..]);
            }
            if ba == ea && na != ba && same(bx, nx) {
                return format!("{}{na}", &e[..e.len() - ea.len()]);
            }
        }
        let indent = indent_at(&self.edited.text, edited.start);
        let (before, now) = (self.style.fresh(self.base, base, indent), self.style.fresh(self.new, new, indent));
        if e.contains('\n') && before.contains('\n') && now.contains('\n') {
            let (lines, clean) = merge_lines(before.as_bytes(), e.as_bytes(), now.as_bytes());
            if let (true, Ok(lines)) = (clean, String::from_utf8(lines)) {
                return lines;
            }
        }
        self.conflict(e.to_owned(), before, now)
    }

    fn conflict(&mut self, yours: String, before: String, now: String) -> String {
        self.conflicts.push(Conflict { yours, before, now });
        format!("{OPEN}{}{CLOSE}", self.conflicts.len() - 1)
    }

    /// A list, or the clauses of a query; none where what holds its parts is in conflict itself.
    fn list(&mut self, lists: &Lists<'_>) -> Option<String> {
        let edited = lists.edited;
        let head = self.head(lists)?;
        let (slots, left) = self.slots(lists);
        if slots.is_empty() {
            // The last condition went, and with it the clause.
            return (edited.sep == Sep::And && left.is_empty()).then(String::new);
        }
        let mut out = head;
        for (i, slot) in slots.iter().enumerate() {
            match i.checked_sub(1).map(|before| &slots[before]) {
                None => slot.orphans.iter().for_each(|c| {
                    let indent = indent_at(&self.edited.text, edited.kids[0].start);
                    out.push_str(&format!("{c}\n{indent}"));
                }),
                Some(before) => out.push_str(&self.joint(lists, before, slot)),
            }
            out.push_str(&slot.text);
        }
        let last = slots.last()?;
        match last.edited {
            Some(i) if i + 1 == edited.kids.len() => {
                out.push_str(&self.edited.text[edited.kids[i].end..edited.end]);
            }
            _ => self.trail(lists, last).iter().for_each(|c| out.push_str(&format!("  {c}"))),
        }
        let indent = indent_at(&self.edited.text, edited.kids[0].start);
        left.iter().for_each(|c| out.push_str(&format!("\n{indent}{c}")));
        Some(out)
    }

    /// What stands before the first part: `select distinct` and the white space after it.
    fn head(&self, lists: &Lists<'_>) -> Option<String> {
        let of = |tree: &Tree, node: &Node| node.kids.first().map(|k| tree.text[node.start..k.start].to_owned());
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let edited = of(self.edited, lists.edited)?;
        let (Some(base), Some(new)) = (lists.base.or(lists.new), lists.new) else { return Some(edited) };
        let base_tree = if lists.base.is_some() { self.base } else { self.new };
        let (base, new) = (of(base_tree, base)?, of(self.new, new)?);
        if words(&base) == words(&new) || words(&edited) == words(&new) {
            return Some(edited);
        }
        let white = &edited[edited.trim_end().len()..];
        (words(&base) == words(&edited)).then(|| format!("{}{white}", new.trim_end()))
    }

    /// The parts in their order, and comments of people behind them whose part is gone.
    fn slots(&mut self, lists: &Lists<'_>) -> (Vec<Slot>, Vec<String>) {
        let none: &[Node] = &[];
        let b = lists.base.map_or(none, |n| &n.kids);
        let (e, n) = (&lists.edited.kids[..], lists.new.map_or(none, |n| &n.kids));
        let (to_edited, to_new) = (pairs(b, e), pairs(b, n));
        let (of_edited, of_new) = (inverse(&to_edited, e.len()), inverse(&to_new, n.len()));
        // What both added under one name.
        let fresh: Vec<usize> = (0..n.len()).filter(|i| of_new[*i].is_none()).collect();
        let mut by_key: HashMap<&str, usize> = HashMap::new();
        for i in fresh.iter().rev() {
            by_key.insert(&n[*i].key, *i);
        }
        let both = |node: &Node| by_key.get(node.key.as_str()).copied().filter(|i| n[*i].what == node.what);
        let mut slots: Vec<Slot> = Vec::with_capacity(e.len() + fresh.len());
        let mut orphans: Vec<String> = Vec::new();
        for (i, node) in e.iter().enumerate() {
            let (text, new) = match of_edited[i] {
                Some(j) => match to_new[j] {
                    Some(k) => (Some(self.weave(&b[j], node, &n[k])), Some(k)),
                    None => (self.gone(&b[j], node), None),
                },
                None => match both(node) {
                    Some(k) => (Some(self.added(node, &n[k])), Some(k)),
                    None => (Some(node.text(&self.edited.text).to_owned()), None),
                },
            };
            match text.filter(|text| !text.is_empty()) {
                Some(text) => {
                    let orphans = std::mem::take(&mut orphans);
                    slots.push(Slot { text, edited: Some(i), new, rank: node.rank, orphans });
                }
                None => {
                    let known = of_edited[i]
                        .zip(lists.base)
                        .map_or(Vec::new(), |(j, base)| [lead(self.base, base, j), trail(self.base, base, j)].concat());
                    let here = [lead(self.edited, lists.edited, i), trail(self.edited, lists.edited, i)].concat();
                    let own: Vec<String> = here.into_iter().filter(|c| !known.contains(c)).collect();
                    if !own.is_empty() {
                        let what =
                            format!("{} is generated no more; its comments stay: {}", named(node), own.join(" "));
                        self.notes.push(what);
                    }
                    orphans.extend(own);
                }
            }
        }
        self.in_new_order(&mut slots, &of_edited, &to_new, lists.edited.sep == Sep::None);
        let placed: HashSet<usize> = slots.iter().filter_map(|s| s.new).collect();
        let coming: Vec<Slot> = fresh
            .into_iter()
            .filter(|k| !placed.contains(k))
            .map(|k| {
                let text = self.style.fresh(self.new, &n[k], &self.indent(lists, k));
                Slot { text, edited: None, new: Some(k), rank: n[k].rank, orphans: Vec::new() }
            })
            .collect();
        let slots = put_in(slots, coming, lists.edited.sep == Sep::None);
        for (j, node) in b.iter().enumerate().filter(|(j, _)| to_edited[*j].is_none()) {
            if to_new[j].is_some_and(|k| n[k].code != node.code) {
                let what =
                    format!("{} was deleted by hand, and is generated otherwise now; it stays deleted", named(node));
                self.notes.push(what);
            }
        }
        (slots, orphans)
    }

    /// Where people left the order alone and the generator did not, its order holds.
    fn in_new_order(&self, slots: &mut [Slot], of_edited: &[Option<usize>], to_new: &[Option<usize>], ranked: bool) {
        let known: Vec<usize> = of_edited.iter().flatten().copied().collect();
        let now: Vec<usize> = known.iter().filter_map(|j| to_new[*j]).collect();
        if ranked || !known.is_sorted() || now.is_sorted() {
            return;
        }
        let places: Vec<usize> = (0..slots.len()).filter(|i| slots[*i].new.is_some()).collect();
        let mut order = places.clone();
        order.sort_by_key(|i| slots[*i].new);
        let mut moved: Vec<Option<Slot>> = order
            .iter()
            .map(|i| {
                let s = &slots[*i];
                let (text, orphans) = (s.text.clone(), s.orphans.clone());
                Some(Slot { text, orphans, edited: s.edited, new: s.new, rank: s.rank })
            })
            .collect();
        for (i, at) in places.into_iter().enumerate() {
            if let Some(slot) = moved[i].take() {
                slots[at] = slot;
            }
        }
    }

    /// A part that is generated no more: what people put into it, or nothing.
    fn gone(&mut self, base: &Node, edited: &Node) -> Option<String> {
        if base.code == edited.code {
            return None;
        }
        let adds_to = base.kids.iter().all(|b| edited.kids.iter().any(|e| e.full == b.full));
        let is_list = matches!(edited.sep, Sep::And) || edited.what == What::With;
        if is_list && adds_to && !base.kids.is_empty() && base.key == edited.key {
            return self.list(&Lists::of(Some(base), edited, None));
        }
        let before = self.style.fresh(self.base, base, indent_at(&self.edited.text, edited.start));
        Some(self.conflict(edited.text(&self.edited.text).to_owned(), before, String::new()))
    }

    /// A part that both added.
    fn added(&mut self, edited: &Node, new: &Node) -> String {
        let text = edited.text(&self.edited.text).to_owned();
        if edited.code == new.code {
            return text;
        }
        let is_list = (matches!(edited.sep, Sep::And) || edited.what == What::With) && edited.sep == new.sep;
        let woven = is_list.then(|| self.list(&Lists::of(None, edited, Some(new)))).flatten();
        woven.unwrap_or_else(|| {
            let now = self.fresh(new, edited);
            self.conflict(text, String::new(), now)
        })
    }

    /// What a part from the generator is set in by.
    fn indent(&self, lists: &Lists<'_>, new: usize) -> String {
        let Some(n) = lists.new else { return String::new() };
        if lists.edited.sep != Sep::None {
            let shape = self.shape(lists);
            let line = indent_at(&self.edited.text, lists.edited.start);
            return shape.indent().unwrap_or(line).to_owned();
        }
        let line = indent_at(&self.edited.text, lists.edited.start);
        let deeper =
            self.style.deeper(indent_at(&self.new.text, n.kids[new].start), indent_at(&self.new.text, n.start));
        format!("{line}{deeper}")
    }

    /// What stands between two parts of a list here.
    fn shape(&self, lists: &Lists<'_>) -> Shape {
        lists.shape.get_or_init(|| self.shape_of(lists)).clone()
    }

    fn shape_of(&self, lists: &Lists<'_>) -> Shape {
        let edited = lists.edited;
        if let Some(shape) = usual_shape(self.edited, edited) {
            return shape;
        }
        let first = edited.kids.first().map_or(edited.start, |k| k.start);
        let own_line = opens_line(&self.edited.text, first) && first > edited.start;
        let here = indent_at(&self.edited.text, first);
        let other = [lists.new.map(|n| (self.new, n)), lists.base.map(|b| (self.base, b))];
        let found = other.into_iter().flatten().find_map(|(tree, list)| Some((usual_shape(tree, list)?, tree, list)));
        let Some((shape, tree, list)) = found else {
            let deeper = format!("{here}{}", self.style.deeper("    ", ""));
            let line = match (own_line, &edited.sep) {
                (true, _) => Some(here),
                (false, Sep::And) => Some(deeper.as_str()),
                _ => None,
            };
            return self.style.shape(&edited.sep, edited.what, line);
        };
        let there = indent_at(&tree.text, list.start);
        let deeper = self.style.deeper(shape.indent().unwrap_or(there), there);
        let line = indent_at(&self.edited.text, edited.start);
        let indent = if own_line { here.to_owned() } else { format!("{line}{deeper}") };
        self.style.adopt(shape.set_in(&indent), &edited.sep)
    }

    fn trail(&self, lists: &Lists<'_>, slot: &Slot) -> Vec<String> {
        match (slot.edited, slot.new, lists.new) {
            (Some(i), ..) => trail(self.edited, lists.edited, i),
            (None, Some(k), Some(new)) => trail(self.new, new, k),
            _ => Vec::new(),
        }
    }

    fn lead(&self, lists: &Lists<'_>, slot: &Slot) -> Vec<String> {
        let own = match (slot.edited, slot.new, lists.new) {
            (Some(i), ..) => lead(self.edited, lists.edited, i),
            (None, Some(k), Some(new)) => lead(self.new, new, k),
            _ => Vec::new(),
        };
        [slot.orphans.clone(), own].concat()
    }

    /// What stands between two parts.
    fn joint(&self, lists: &Lists<'_>, before: &Slot, after: &Slot) -> String {
        let edited = lists.edited;
        if let (Some(i), Some(j)) = (before.edited, after.edited)
            && i + 1 == j
            && after.orphans.is_empty()
        {
            return self.edited.text[edited.kids[i].end..edited.kids[j].start].to_owned();
        }
        let line = indent_at(&self.edited.text, edited.start);
        let shape = match edited.sep {
            Sep::None => self.space(lists, before, after),
            _ => self.shape(lists),
        };
        shape.joint(&self.trail(lists, before), &self.lead(lists, after), line)
    }

    /// White space between clauses: as many lines as the generator has there, set in as people do.
    fn space(&self, lists: &Lists<'_>, before: &Slot, after: &Slot) -> Shape {
        let edited = lists.edited;
        let space = |lines: usize, indent: &str| {
            let after = if lines == 0 { " ".to_owned() } else { format!("{}{indent}", "\n".repeat(lines)) };
            Shape { before: String::new(), sep: String::new(), after }
        };
        let lines_before = |tree: &Tree, list: &Node, kid: usize| {
            let end = kid.checked_sub(1).map_or(list.start, |i| list.kids[i].end).min(list.kids[kid].start);
            let white = &tree.text[end..list.kids[kid].start];
            white.len()
                - white.trim_end().len()
                - white[white.trim_end().len()..].chars().filter(|c| *c != '\n').count()
        };
        let here =
            edited.kids.windows(2).any(|k| self.edited.text[k[0].end.min(k[1].start)..k[1].start].contains('\n'));
        let generated = |kid: usize| {
            let new = lists.new?;
            let lines = lines_before(self.new, new, kid);
            Some(space(lines.max(usize::from(here)), &self.indent(lists, kid)))
        };
        let stands = |kid: usize| {
            let indent = indent_at(&self.edited.text, edited.kids[kid].start);
            space(lines_before(self.edited, edited, kid), indent)
        };
        let found = match (before.edited, after.edited, before.new, after.new) {
            (_, None, _, Some(k)) => generated(k),
            (None, Some(j), Some(k), _) => {
                lists.new.filter(|n| k + 1 < n.kids.len()).and_then(|_| generated(k + 1)).or(Some(stands(j)))
            }
            (_, Some(j), ..) => Some(stands(j)),
            _ => None,
        };
        found.unwrap_or_else(|| space(1, indent_at(&self.edited.text, edited.start)))
    }
}

/// Puts parts that are new, in their order, behind those that they are generated behind; clauses where they belong.
fn put_in(mut slots: Vec<Slot>, coming: Vec<Slot>, ranked: bool) -> Vec<Slot> {
    if ranked {
        for slot in coming {
            let before = slots.iter().enumerate().filter(|(_, s)| s.new.is_some() && s.new < slot.new);
            let at = match before.max_by_key(|(_, s)| s.new) {
                Some((i, s)) if s.rank == slot.rank => i + 1,
                _ => slots.iter().position(|s| s.rank > slot.rank).unwrap_or(slots.len()),
            };
            slots.insert(at, slot);
        }
        return slots;
    }
    let places: BTreeMap<usize, usize> = slots.iter().enumerate().filter_map(|(i, s)| Some((s.new?, i))).collect();
    let mut behind: BTreeMap<usize, Vec<Slot>> = BTreeMap::new();
    for slot in coming {
        let new = slot.new.unwrap_or(0);
        // 0 is before all, 1 behind the first.
        let at = match (places.range(..new).next_back(), places.range(new..).next()) {
            (Some((_, i)), _) => i + 1,
            (None, Some((_, i))) => *i,
            (None, None) => slots.len(),
        };
        behind.entry(at).or_default().push(slot);
    }
    let mut out = Vec::with_capacity(slots.len() + behind.len());
    out.extend(behind.remove(&0).into_iter().flatten());
    for (i, slot) in slots.into_iter().enumerate() {
        out.push(slot);
        out.extend(behind.remove(&(i + 1)).into_iter().flatten());
    }
    out
}

/// The tokens that hold the parts of a piece together.
fn frame(tree: &Tree, node: &Node) -> String {
    let (mut out, mut at) = (String::new(), node.start);
    for (from, to) in node.kids.iter().map(|k| (k.start, k.end)).chain([(node.end, node.end)]) {
        out.push_str(&tree.text[at..from.max(at)].split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
        out.push('|');
        at = to;
    }
    out
}

/// A select item as its value and the name behind `as`.
fn as_named(item: &str) -> Option<(&str, &str)> {
    let at = item.to_lowercase().rfind(" as ").filter(|_| item.is_ascii())?;
    let name = item[at + 4..].trim_start();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '"');
    is_name.then(|| (item[..at].trim_end(), name))
}

/// A piece as it is called in a message.
pub(super) fn named(node: &Node) -> String {
    let of = |kind: &str| format!("{kind} `{}`", node.key);
    match node.what {
        What::Cte => of("the CTE"),
        What::Item => of("the column"),
        What::Condition => format!("the condition `{}`", node.shown),
        What::Relation => format!("`{}`", node.key),
        _ if node.key.is_empty() => "a part".into(),
        _ => format!("`{}`", node.key),
    }
}
