//! The merge of texts that were read as parts. The edited text is the ground: what the generator changed since last time
//! is put into it, piece by piece, and everything else stays byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::lines::{markers, merge_lines};
use super::keys::{Renamed, by_rank, keys, renamed, same_order};
use super::parts::{Group, Node, Part, Read, begins_line, column, line_end, line_start};
use super::structure::Woven;

/// What can't be merged within the part that is looked at: the part around it is in conflict, or the whole text.
struct Stuck;

type Done = Result<(), Stuck>;

struct Edit {
    range: Range<usize>,
    text: String,
    /// Whether these are whole lines: where the line before has no end, it gets one.
    lines: bool,
}

struct Weaver<'a> {
    base: &'a Read<'a>,
    edited: &'a Read<'a>,
    new: &'a Read<'a>,
    edits: Vec<Edit>,
    notes: Vec<String>,
    clean: bool,
    /// Keys of the parts that are looked at, from the outside in.
    path: Vec<String>,
}

/// One part as the three sides have it.
struct Sides<'p> {
    base: Option<&'p Part>,
    edited: &'p Part,
    new: &'p Part,
}

/// Merges three texts; none where they share no structure.
pub(super) fn weave(base: &Read<'_>, edited: &Read<'_>, new: &Read<'_>) -> Option<Woven> {
    let mut weaver = Weaver { base, edited, new, edits: Vec::new(), notes: Vec::new(), clean: true, path: Vec::new() };
    weaver.node(Some(&base.root), &edited.root, &new.root).ok()?;
    Some(Woven { text: weaver.spliced()?, clean: weaver.clean, notes: weaver.notes })
}

impl Weaver<'_> {
    /// The edited text with the edits in it; none where two of them meet.
    fn spliced(&mut self) -> Option<String> {
        let text = self.edited.text;
        // Of one place, what was put there first stands first; what goes there comes after what is put before it.
        self.edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for edit in &self.edits {
            out.push_str(text.get(at..edit.range.start)?);
            if edit.lines && !edit.text.is_empty() && !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&edit.text);
            at = edit.range.end;
        }
        out.push_str(text.get(at..)?);
        if !text.ends_with('\n') && self.clean && !text.is_empty() && out.ends_with('\n') {
            out.pop();
        }
        Some(out)
    }

    fn edit(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.edits.push(Edit { range, text: text.into(), lines: false });
    }

    fn edit_lines(&mut self, range: Range<usize>, text: &str) {
        self.edits.push(Edit { range, text: text.to_owned(), lines: true });
    }

    fn node(&mut self, base: Option<&Node>, edited: &Node, new: &Node) -> Done {
        if edited.meaning == new.meaning || base.is_some_and(|b| b.meaning == new.meaning) {
            // Only comments are otherwise: those that find no place are told.
            let whole = |node: &Node| {
                let first = node.group.as_ref().and_then(|group| group.parts.first());
                first.map_or(node.range.start, |part| part.head.start.min(node.range.start))..node.range.end
            };
            let other = |b: &Node| self.base.comments(whole(b)) != self.new.comments(whole(new));
            let (edits, clean) = (self.edits.len(), self.clean);
            if base.is_some_and(other) && self.parts(base, edited, new).is_err() {
                self.edits.truncate(edits);
                self.clean = clean;
            }
            return Ok(());
        }
        self.parts(base, edited, new)
    }

    fn parts(&mut self, base: Option<&Node>, edited: &Node, new: &Node) -> Done {
        if let (Some(e), Some(n)) = (&edited.group, &new.group)
            && e.kind == n.kind
        {
            match base.map(|b| &b.group) {
                None => return self.group(&Group::none(e), e, n),
                Some(Some(b)) if b.kind == e.kind => return self.group(b, e, n),
                Some(_) => {}
            }
        }
        if base.is_some_and(|b| b.meaning == edited.meaning) && edited.flat && new.flat {
            let was = self.edited.comments(edited.range.clone());
            if base.is_some_and(|b| self.base.comments(b.range.clone()) == was) {
                let (from, to) = (indent(self.new.text, new.range.start), indent(self.edited.text, edited.range.start));
                let text = self.new.moved(new.range.clone(), from, to);
                self.edit(edited.range.clone(), text);
                return Ok(());
            }
        }
        Err(Stuck)
    }

    fn group(&mut self, base: &Group, edited: &Group, new: &Group) -> Done {
        let [b, e, n] = keys([base, edited, new]).ok_or(Stuck)?;
        if edited.ordered && !same_order(&b, &e, &n) {
            return Err(Stuck);
        }
        let of = |keys: &[String]| keys.iter().cloned().enumerate().map(|(i, k)| (k, i)).collect::<BTreeMap<_, _>>();
        let (in_base, in_edited, in_new) = (of(&b), of(&e), of(&n));
        let twins = renamed(self.base, base, &b, self.new, new, &n);
        for (i, key) in e.iter().enumerate() {
            let part = &edited.parts[i];
            let before = in_base.get(key).map(|i| &base.parts[*i]);
            let twin = |r: &&Renamed| r.from == *key && !in_edited.contains_key(&r.to);
            let now = in_new.get(key).or_else(|| twins.iter().find(twin).and_then(|r| in_new.get(&r.to)));
            if edited.lines {
                self.path.push(key.clone());
            }
            match (before, now.map(|i| &new.parts[*i])) {
                (_, Some(now)) => self.part(&Sides { base: before, edited: part, new: now }, edited)?,
                (Some(before), None) => self.gone(before, part, edited)?,
                (None, None) => {}
            }
            if edited.lines {
                self.path.pop();
            }
        }
        let stays = |key: &&String| {
            in_new.contains_key(*key) || !in_base.contains_key(*key) || twins.iter().any(|r| r.from == **key)
        };
        let left = e.iter().filter(stays).count();
        let mut added = false;
        let taken = |key: &String| twins.iter().any(|r| r.to == *key && in_edited.contains_key(&r.from));
        for (i, key) in n.iter().enumerate().filter(|(_, k)| !in_edited.contains_key(*k) && !taken(k)) {
            let came_from = twins.iter().find(|r| r.to == *key).map(|r| &r.from);
            match in_base.get(key).or_else(|| came_from.and_then(|from| in_base.get(from))) {
                Some(was) => {
                    if came_from.is_some() || base.parts[*was].value.meaning != new.parts[i].value.meaning {
                        let path: Vec<&str> = self.path.iter().chain([key]).map(|key| shown(key)).collect();
                        let path = path.join(".").escape_debug().to_string();
                        self.notes.push(format!("`{path}` was taken out by hand, so it stays out"));
                    }
                }
                None => {
                    self.insert(i, &n, new, &in_edited, edited)?;
                    added = true;
                }
            }
        }
        // What is left of a list must be one: not empty, and a tuple of one has its comma.
        let emptied = left == 0 && !e.is_empty() && !added && !edited.comma && twins.is_empty();
        let bare = edited.kind == "py tuple" && left < 2 && left < e.len() && !added;
        if emptied || bare { Err(Stuck) } else { Ok(()) }
    }

    /// A part that people have and the generator, too.
    fn part(&mut self, sides: &Sides<'_>, around: &Group) -> Done {
        let Sides { base, edited, new } = sides;
        let now = self.new.written(new);
        let was = base.map(|b| self.base.written(b));
        if was.as_ref() != Some(&now) && self.edited.written(edited) != now {
            let (edits, notes, depth) = (self.edits.len(), self.notes.len(), self.path.len());
            if self.within(sides, was.as_deref(), around).is_err() {
                self.edits.truncate(edits);
                self.notes.truncate(notes);
                self.path.truncate(depth);
                return self.conflict(*base, edited, Some(new), around);
            }
        }
        self.head(sides, around)
    }

    fn within(&mut self, sides: &Sides<'_>, was: Option<&str>, around: &Group) -> Done {
        let Sides { base, edited, new } = sides;
        if was.is_some_and(|was| self.edited.written(edited) == was) {
            // Nobody touched it.
            let text = self.body_for(new, edited);
            return self.replace(edited, new, &text, around);
        }
        let edits = self.edits.len();
        if self.node(base.map(|b| &b.value), &edited.value, &new.value).is_err() {
            self.edits.truncate(edits);
            let untouched = base.is_some_and(|b| {
                b.value.meaning == edited.value.meaning
                    && self.base.comments(b.body.start..b.end) == self.edited.comments(edited.body.start..edited.end)
            });
            if !untouched {
                return if self.is_called_otherwise(sides) { Err(Stuck) } else { self.in_lines(sides, around) };
            }
            let text = self.body_for(new, edited);
            return self.replace(edited, new, &text, around);
        }
        if self.is_called_otherwise(sides) {
            let (ours, theirs) = (key_of(self.edited.text, edited), key_of(self.new.text, new));
            if base.is_some_and(|b| key_of(self.base.text, b) != ours) {
                return Err(Stuck);
            }
            self.edit(edited.body.start..edited.body.start + ours.len(), theirs);
        }
        // The comment behind it.
        let (ours, theirs) = (self.edited.tail(edited), self.new.tail(new));
        if let Some(base) = base
            && edited.value.flat
            && new.value.flat
            && self.base.tail(base) == ours
            && ours != theirs
        {
            self.replace_tail(edited, theirs);
        }
        Ok(())
    }

    /// Whether the generator has another key for what people still have under the one of before.
    fn is_called_otherwise(&self, sides: &Sides<'_>) -> bool {
        let (ours, theirs) = (key_of(self.edited.text, sides.edited), key_of(self.new.text, sides.new));
        sides.edited.key != sides.new.key && ours != theirs
    }

    /// A list that people have on one line and the generator on many: as many lines.
    fn in_lines(&mut self, sides: &Sides<'_>, around: &Group) -> Done {
        let Sides { base, edited, new } = sides;
        let (Some(e), Some(n)) = (&edited.value.group, &new.value.group) else { return Err(Stuck) };
        let plain = self.edited.text[edited.value.range.clone()].lines().count() == 1 && edited.value.flat;
        if !plain || e.lines || !n.lines || e.kind != n.kind || n.bullet.is_empty() || !around.lines {
            return Err(Stuck);
        }
        let none = Group::none(e);
        let b = base.and_then(|b| b.value.group.as_deref()).filter(|b| b.kind == e.kind).unwrap_or(&none);
        let [in_base, in_edited, in_new] = keys([b, e, n]).ok_or(Stuck)?;
        let to = column(self.edited.text, edited.start) + n.indent.saturating_sub(column(self.new.text, new.start));
        let line = |text: &str| format!("\n{}{}{text}", " ".repeat(to), n.bullet);
        let mut out = String::new();
        for (i, key) in in_new.iter().enumerate() {
            let (part, was) = (&n.parts[i], in_base.iter().position(|k| k == key).map(|i| &b.parts[i]));
            let moved = |part: &Part| {
                self.new.moved(part.body.start..part.end, column(self.new.text, part.body.start), to + n.bullet.len())
            };
            match (was, in_edited.iter().position(|k| k == key).map(|i| &e.parts[i])) {
                (None, None) => out.push_str(&line(&moved(part))),
                (Some(_), None) => {}
                (_, Some(mine)) if mine.value.meaning == part.value.meaning => out.push_str(&line(&moved(part))),
                (Some(was), Some(mine)) if was.value.meaning == mine.value.meaning => out.push_str(&line(&moved(part))),
                (was, Some(mine)) if was.is_some_and(|w| w.value.meaning == part.value.meaning) => {
                    out.push_str(&line(&self.edited.text[mine.body.clone()]));
                }
                _ => return Err(Stuck),
            }
        }
        for (i, key) in in_edited.iter().enumerate().filter(|(_, key)| !in_new.contains(key)) {
            let mine = &e.parts[i];
            match in_base.iter().position(|k| k == key).map(|i| &b.parts[i]) {
                Some(was) if was.value.meaning == mine.value.meaning => {}
                Some(_) => return Err(Stuck),
                None => out.push_str(&line(&self.edited.text[mine.body.clone()])),
            }
        }
        // The blank behind the colon goes.
        let from = self.edited.text[..edited.value.range.start].trim_end_matches(' ').len();
        self.edit(from..edited.value.range.end, out);
        Ok(())
    }

    /// The comments above a part.
    fn head(&mut self, sides: &Sides<'_>, around: &Group) -> Done {
        let Sides { base, edited, new } = sides;
        if !around.lines || edited.head.is_empty() && !begins_line(self.edited.text, edited.start) {
            return Ok(());
        }
        let to = column(self.edited.text, edited.start);
        let (ours, theirs) = (self.edited.head(edited, to), self.new.head(new, to));
        let Some(was) = base.map(|b| self.base.head(b, to)) else { return Ok(()) };
        // Blank lines are layout: those of people stay.
        let words = |head: &str| head.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        if words(&was) == words(&theirs) || words(&ours) == words(&theirs) {
            return Ok(());
        }
        let text = match was == ours {
            true => theirs,
            false => {
                let (merged, _) = merge_lines(was.as_bytes(), ours.as_bytes(), theirs.as_bytes());
                let text = String::from_utf8(merged).map_err(|_| Stuck)?;
                self.clean &= !text.contains(super::super::lines::OPENS);
                text
            }
        };
        self.edit_lines(edited.head.clone(), &text);
        Ok(())
    }

    /// A part that is no longer generated.
    fn gone(&mut self, base: &Part, edited: &Part, around: &Group) -> Done {
        let same = base.value.meaning == edited.value.meaning
            && self.base.comments(base.body.start..base.end) == self.edited.comments(edited.body.start..edited.end);
        if !same {
            return self.conflict(Some(base), edited, None, around);
        }
        let at = around.parts.binary_search_by_key(&edited.start, |p| p.start).map_err(|_| Stuck)?;
        if around.lines && begins_line(self.edited.text, edited.start) {
            // A comment that people put above it stays.
            let to = column(self.edited.text, edited.start);
            let head = self.base.head(base, to) == self.edited.head(edited, to);
            let lines = self.edited.lines_of(edited);
            self.edit(if head { edited.head.start.min(lines.start)..lines.end } else { lines }, "");
            return Ok(());
        }
        if !around.comma {
            return Err(Stuck);
        }
        let range = match (around.parts.get(at + 1), at.checked_sub(1).map(|i| &around.parts[i])) {
            (Some(next), _) => edited.start..next.start,
            (None, Some(last)) => last.body.end..edited.body.end,
            (None, None) => edited.start..edited.body.end,
        };
        if self.edited.text[range.clone()].contains('#') {
            return Err(Stuck);
        }
        self.edit(range, "");
        Ok(())
    }

    /// A part that is generated for the first time.
    fn insert(
        &mut self,
        i: usize,
        keys: &[String],
        new: &Group,
        there: &BTreeMap<String, usize>,
        edited: &Group,
    ) -> Done {
        let part = &new.parts[i];
        let at = |i: usize| there.get(&keys[i]).map(|i| &edited.parts[*i]);
        let before = (0..i).rev().find_map(at);
        let after = (i + 1..keys.len()).find_map(at);
        let ranked = by_rank(self.edited.text, part, new, edited);
        let (before, after) = ranked.unwrap_or((before, after));
        let (text, to) = (self.edited.text, edited.indent + edited.bullet.len());
        if !edited.lines {
            let body = &self.new.text[part.body.clone()];
            let fits = !edited.kind.starts_with("yaml") || super::yaml::fits_on_a_line(body, part);
            if !edited.comma || !fits {
                return Err(Stuck);
            }
            let body = self.new.moved(part.body.clone(), column(self.new.text, part.body.start), to);
            match (before, after) {
                (Some(before), _) => self.edit(before.body.end..before.body.end, format!(", {body}")),
                (None, Some(after)) => self.edit(after.start..after.start, format!("{body}, ")),
                (None, None) => self.edit(edited.hole..edited.hole, body),
            }
            return Ok(());
        }
        let mut lines = self.new.head(part, edited.indent);
        if ranked.is_some() && lines.trim().is_empty() {
            lines.clear();
        }
        let body = self.new.moved(part.body.clone(), column(self.new.text, part.body.start), to);
        lines.push_str(&format!("{}{}{body}", " ".repeat(edited.indent), edited.bullet));
        lines.push_str(if edited.comma { "," } else { "" });
        let tail = self.new.tail(part);
        lines.push_str(&if tail.is_empty() { String::new() } else { format!("  {tail}") });
        lines.push('\n');
        let behind = |part: &Part| (line_end(text, part.end) + 1).min(text.len());
        match (before, after) {
            (None, Some(after)) if begins_line(text, after.start) => {
                let line = line_start(text, after.start);
                let at = if ranked.is_some() { line } else { after.head.start.min(line) };
                self.edit_lines(at..at, &lines);
            }
            (Some(before), _) | (None, Some(before)) => {
                if edited.comma && !text[before.body.end..].trim_start().starts_with(',') {
                    self.edit(before.body.end..before.body.end, ",");
                }
                self.edit_lines(behind(before)..behind(before), &lines);
            }
            (None, None) => self.edit_lines(edited.hole..edited.hole, &lines),
        }
        Ok(())
    }

    /// Puts `text` in the place of a part's key and value.
    fn replace(&mut self, edited: &Part, new: &Part, text: &str, around: &Group) -> Done {
        let fits = !around.kind.starts_with("yaml") || around.lines || super::yaml::fits_on_a_line(text, new);
        if !fits {
            return Err(Stuck);
        }
        if self.edited.tail(edited) == self.new.tail(new) {
            self.edit(edited.body.clone(), text);
        } else if around.lines {
            self.edit(edited.body.clone(), text);
            self.replace_tail(edited, self.new.tail(new));
        } else {
            return Err(Stuck);
        }
        Ok(())
    }

    fn replace_tail(&mut self, edited: &Part, tail: &str) {
        let comma = usize::from(self.edited.text[edited.body.end..edited.end].starts_with(','));
        let text = if tail.is_empty() { String::new() } else { format!("  {tail}") };
        self.edit(edited.body.end + comma..edited.end, text);
    }

    /// The key and value of a part, as they stand in the place of `edited`.
    fn body_for(&self, new: &Part, edited: &Part) -> String {
        let (from, to) = (column(self.new.text, new.body.start), column(self.edited.text, edited.body.start));
        self.new.moved(new.body.clone(), from, to)
    }

    /// Markers around one part.
    fn conflict(&mut self, base: Option<&Part>, edited: &Part, new: Option<&Part>, around: &Group) -> Done {
        if !around.lines || !begins_line(self.edited.text, edited.start) {
            return Err(Stuck);
        }
        let range = self.edited.lines_of(edited);
        let side = |read: &Read<'_>, part: Option<&Part>| match part {
            None => String::new(),
            Some(part) => {
                let from = column(read.text, part.start);
                let bullet = if part.start == part.body.start { around.bullet.as_str() } else { "" };
                let text = read.moved(part.start..part.end, from, around.indent);
                format!("{}{bullet}{text}\n", " ".repeat(around.indent))
            }
        };
        let text = markers(&self.edited.text[range.clone()], &side(self.base, base), &side(self.new, new));
        self.edit_lines(range, &text);
        self.clean = false;
        Ok(())
    }
}

/// What stands before the value of a part, on the line of its key.
fn key_of<'t>(text: &'t str, part: &Part) -> &'t str {
    text[part.body.start..part.value.range.start].lines().next().unwrap_or_default().trim_end()
}

/// A key as people read it.
fn shown(key: &str) -> &str {
    let key = key.split('\u{1f}').next().unwrap_or(key);
    key.split_once('=')
        .filter(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map_or(key, |k| k.1)
}

/// How far the line of `at` is set in.
fn indent(text: &str, at: usize) -> usize {
    let line = &text[line_start(text, at)..line_end(text, at)];
    line.len() - line.trim_start_matches(' ').len()
}
