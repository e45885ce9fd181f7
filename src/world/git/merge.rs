//! The line merge: three texts, any bytes, as `git merge-file` merges them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use git2::{MergeFileInput, MergeFileOptions};

use super::fault;
use crate::vocabulary::Outcome;

/// The lines around the parts of a conflict, without their ends.
pub struct Markers {
    /// Before what one side has.
    pub yours: &'static str,
    /// Before what both come from.
    pub before: &'static str,
    /// Between that and what the other side has.
    pub between: &'static str,
    /// Behind that.
    pub now: &'static str,
}

/// What three texts give, with markers around what both sides changed otherwise, and whether there is none.
///
/// # Errors
/// Texts of more than a gigabyte, or zeros in texts that have every other byte.
pub fn merge_lines(before: &[u8], yours: &[u8], now: &[u8], markers: &Markers) -> Outcome<(Vec<u8>, bool)> {
    // Only where one side is as before, or both are alike, can nothing be left, for which libgit2 has no text to give.
    if yours == before || yours == now {
        return Ok((now.to_vec(), true));
    }
    if now == before {
        return Ok((yours.to_vec(), true));
    }
    let zero = stand_in([before, yours, now])
        .ok_or_else(|| fault("merge the texts", &git2::Error::from_str("every byte stands in them")))?;
    let texts = [before, yours, now].map(|text| swapped(text, 0, zero));
    // This starts libgit2, which a merge by itself does not.
    drop(git2::Buf::new());
    let [before, yours, now] = texts.each_ref().map(|text| {
        let mut input = MergeFileInput::new();
        input.content(text);
        input
    });
    let length = length(texts.each_ref().map(|text| text.as_ref()));
    let mut options = MergeFileOptions::new();
    options.style_diff3(true).marker_size(length).our_label("").ancestor_label("").their_label("");
    let merged =
        git2::merge_file(&before, &yours, &now, Some(&mut options)).map_err(|e| fault("merge the texts", &e))?;
    let text = swapped(merged.content(), zero, 0);
    match merged.is_automergeable() {
        true => Ok((text.into_owned(), true)),
        false => Ok((named(&text, length.into(), markers), false)),
    }
}

/// A byte that no text has, for those that libgit2 takes for a sign of what is no text; 0 where there is none to replace.
fn stand_in(texts: [&[u8]; 3]) -> Option<u8> {
    if !texts.iter().any(|text| text.contains(&0)) {
        return Some(0);
    }
    (1..9).chain(128..=u8::MAX).find(|byte| !texts.iter().any(|text| text.contains(byte)))
}

fn swapped(text: &[u8], from: u8, to: u8) -> Cow<'_, [u8]> {
    match from == to {
        true => Cow::Borrowed(text),
        false => text.iter().map(|b| if *b == from { to } else { *b }).collect(),
    }
}

/// A length of markers that no line of the texts can be taken for.
fn length(texts: [&[u8]; 3]) -> u16 {
    let lines = texts.into_iter().flat_map(|text| text.split(|b| *b == b'\n'));
    let run = |line: &[u8]| line.iter().take_while(|b| **b == line[0] && b"<|=>".contains(b)).count();
    let used: BTreeSet<usize> = lines.filter(|line| !line.is_empty()).map(run).collect();
    (7..u16::MAX).find(|length| !used.contains(&usize::from(*length))).unwrap_or(u16::MAX)
}

/// Gives the markers their names.
fn named(marked: &[u8], length: usize, markers: &Markers) -> Vec<u8> {
    let of = |c: char| c.to_string().repeat(length).into_bytes();
    let all = [(of('<'), markers.yours), (of('|'), markers.before), (of('='), markers.between), (of('>'), markers.now)];
    let mut out = Vec::with_capacity(marked.len());
    for line in marked.split_inclusive(|b| *b == b'\n') {
        let bare = line.trim_ascii_end();
        match all.iter().find(|(marker, _)| marker == bare) {
            Some((_, name)) => {
                out.extend_from_slice(name.as_bytes());
                let end = line.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |i| i + 1);
                out.extend_from_slice(&line[end..]);
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MARKERS: Markers = Markers { yours: "<<<< yours", before: "|||| before", between: "====", now: ">>>> now" };

    fn merged(before: &str, yours: &str, now: &str) -> (String, bool) {
        let (bytes, clean) = merge_lines(before.as_bytes(), yours.as_bytes(), now.as_bytes(), &MARKERS).unwrap();
        (String::from_utf8(bytes).unwrap(), clean)
    }

    #[test]
    fn texts_of_which_nothing_is_left() {
        for (before, yours, now) in
            [("", "", ""), ("a\n", "", "a\n"), ("a\n", "a\n", ""), ("a\n", "", ""), ("", "a", "")]
        {
            let expected = if yours.is_empty() && now.is_empty() || before == "a\n" { "" } else { "a" };
            assert_eq!(merged(before, yours, now), (expected.to_owned(), true), "{before:?} {yours:?} {now:?}");
        }
        let (text, clean) = merged("a\nb\nc\n", "b\n", "a\nc\n");
        assert!(!clean && text.contains("<<<< yours\n"), "{text}");
        let (text, clean) = merged("a\n", "", "b\n");
        assert_eq!((text.as_str(), clean), ("<<<< yours\n|||| before\na\n====\nb\n>>>> now\n", false));
    }

    #[test]
    fn lines_that_look_like_markers_are_text() {
        let like = "=======\n<<<<<<< yours\n||||||||\n>>>>>>>>>\n";
        let (text, clean) = merged(&format!("{like}a\n"), &format!("{like}b\n"), &format!("{like}c\n"));
        assert_eq!(text, format!("{like}<<<< yours\nb\n|||| before\na\n====\nc\n>>>> now\n"));
        assert!(!clean);
        let (text, clean) = merged("1\n2\n3\n", "1\n\0\n2\n3\n", "1\n2\n4\n");
        assert_eq!((text.as_str(), clean), ("1\n\0\n2\n4\n", true));
        let (text, _) = merged("a\r\nx\r\n", "b\r\nx\r\n", "c\r\nx\r\n");
        assert_eq!(text, "<<<< yours\r\nb\r\n|||| before\r\na\r\n====\r\nc\r\n>>>> now\r\nx\r\n");
    }
}
