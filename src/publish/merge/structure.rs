//! The merge of one text: by lines where that is right, by structure where the file has one, by lines with markers else.

use std::collections::HashSet;

use super::super::lines::{OPENS, is_crlf, merge_lines, to_crlf};
use super::{python, sql, yaml};

/// Texts longer than this are merged by lines alone.
const LONGEST: usize = 5_000_000;
/// Texts with a line longer than this as well: no person wrote that.
const LONGEST_LINE: usize = 10_000;

/// What a merge by structure gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Woven {
    /// The text. What is in conflict stands between markers, written by [`markers`](super::super::lines::markers).
    pub text: String,
    /// Whether nothing is in conflict.
    pub clean: bool,
    /// What was left as people have it though it is generated otherwise now: a sentence each, no full stop.
    pub notes: Vec<String>,
}

/// A structure that files of one kind have. All texts have `\n` at the ends of their lines, and no byte order mark.
struct Structure {
    /// What a comment begins with.
    comment: &'static str,
    /// Whether `merged`, a merge by lines without a conflict, is right: it reads as `edited` and `new` do, and has what
    /// the merge by structure has.
    holds: fn(edited: &str, new: &str, merged: &str, woven: Option<&Woven>) -> bool,
    /// The merge by structure; none where one of the three can't be read.
    merge: fn(base: &str, edited: &str, new: &str) -> Option<Woven>,
}

fn structure(path: &str) -> Option<Structure> {
    match path.rsplit_once('.')?.1 {
        "sql" => Some(Structure { comment: "--", holds: sql::holds, merge: sql::merge }),
        "yml" | "yaml" => Some(Structure { comment: "#", holds: yaml::holds, merge: yaml::merge }),
        "py" => Some(Structure { comment: "#", holds: python::holds, merge: python::merge }),
        _ => None,
    }
}

/// Merges three versions of the file at `path` that all differ.
pub(super) fn three(path: &str, base: &[u8], edited: &[u8], new: &[u8]) -> (Vec<u8>, bool, Vec<String>) {
    let lines = match is_crlf(edited) {
        true => merge_lines(&to_crlf(base), edited, &to_crlf(new)),
        false => merge_lines(base, edited, new),
    };
    let by_lines = |(bytes, clean): (Vec<u8>, bool)| (bytes, clean, Vec::new());
    let (Some(structure), Some([b, e, n])) = (structure(path), texts([base, edited, new])) else {
        return by_lines(lines);
    };
    // What still holds markers has no structure until people have chosen; lines that end in two ways stay so.
    let mixed = !is_crlf(edited) && edited.windows(2).any(|two| two == b"\r\n");
    if mixed || e.lines().any(|line| line.trim_end() == OPENS) {
        return by_lines(lines);
    }
    let is_whole = |woven: &Woven| {
        keeps_common([&b, &e, &n], &woven.text) && comments_lost(structure.comment, &b, &e, &woven.text).is_empty()
    };
    let woven = (structure.merge)(&b, &e, &n).filter(is_whole);
    if lines.1 && texts([&lines.0]).is_some_and(|[merged]| (structure.holds)(&e, &n, &merged, woven.as_ref())) {
        return (lines.0, true, woven.filter(|w| w.clean).map_or(Vec::new(), |w| w.notes));
    }
    match woven {
        Some(woven) => {
            let mut notes = woven.notes;
            notes.extend(comments_lost(structure.comment, &b, &n, &woven.text).into_iter().map(left_out));
            (as_in(edited, woven.text), woven.clean, notes)
        }
        None => by_lines(lines),
    }
}

/// Of more lines than these it is not looked for where they may stand otherwise.
const MOST_MOVED: usize = 100;

/// Whether `merged` has every line that stands in all three: what nobody changed stays.
fn keeps_common(all: [&str; 3], merged: &str) -> bool {
    fn lines(text: &str) -> HashSet<&str> {
        text.lines().map(|line| line.trim().trim_matches(',').trim()).collect()
    }
    let [base, edited, new] = all.map(lines);
    let there = lines(merged);
    let gone: Vec<&&str> = base.iter().filter(|line| !there.contains(*line)).collect();
    let gone: Vec<&&str> = gone.into_iter().filter(|line| edited.contains(*line) && new.contains(*line)).collect();
    if gone.is_empty() || gone.len() > MOST_MOVED {
        return gone.is_empty();
    }
    // One that is laid out otherwise is there as well.
    let tight = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let merged = tight(merged);
    gone.into_iter().all(|line| merged.contains(&tight(line)))
}

/// The comments of `text` that `base` has not and `merged` has not either.
fn comments_lost<'t>(begins: &str, base: &str, text: &'t str, merged: &str) -> Vec<&'t str> {
    let (was, there): (HashSet<&str>, HashSet<&str>) =
        (comments(begins, base).collect(), comments(begins, merged).collect());
    comments(begins, text).filter(|comment| !was.contains(comment) && !there.contains(comment)).collect()
}

fn comments<'t>(begins: &str, text: &'t str) -> impl Iterator<Item = &'t str> {
    let at = move |line: &str| {
        let stands_free = |at: &usize| *at == 0 || line[..*at].ends_with([' ', '\t']);
        line.match_indices(begins).map(|(at, _)| at).find(stands_free)
    };
    text.lines().filter_map(move |line| Some(line[at(line)?..].trim()))
}

fn left_out(comment: &str) -> String {
    let shown: String = comment.chars().take(60).flat_map(char::escape_debug).collect();
    format!("the comment `{shown}` is generated now, and has no place in what was written by hand")
}

/// The texts as structures read them; none where one is no text, or too long.
fn texts<const N: usize>(all: [&[u8]; N]) -> Option<[String; N]> {
    let mut out = [const { String::new() }; N];
    for (text, bytes) in out.iter_mut().zip(all) {
        let read = std::str::from_utf8(bytes).ok().filter(|t| t.len() <= LONGEST)?;
        if read.len() > LONGEST_LINE && read.lines().any(|line| line.len() > LONGEST_LINE) {
            return None;
        }
        *text = read.strip_prefix(BYTE_ORDER_MARK).unwrap_or(read).replace("\r\n", "\n");
    }
    Some(out)
}

/// `text` with the ends of lines and the byte order mark of `edited`.
fn as_in(edited: &[u8], text: String) -> Vec<u8> {
    let bytes = if is_crlf(edited) { to_crlf(text.as_bytes()) } else { text.into_bytes() };
    match edited.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        true => [BYTE_ORDER_MARK.as_bytes(), &bytes].concat(),
        false => bytes,
    }
}

const BYTE_ORDER_MARK: &str = "\u{feff}";
