//! The line merge: three texts, any bytes.

use diffy::{IncompleteHunkStyle, MergeOptions};

/// The line that opens a conflict.
pub(super) const OPENS: &str = "<<<<<<< yours";

const BEFORE: &str = "||||||| generated before";
const BETWEEN: &str = "=======";
const CLOSES: &str = ">>>>>>> generated now";

/// A conflict between whole lines: what stands, what was generated before, what is generated now. A last line without an
/// end gets one.
pub(super) fn markers(yours: &str, before: &str, now: &str) -> String {
    let mut out = String::with_capacity(yours.len() + before.len() + now.len() + 80);
    for (marker, part) in [(OPENS, yours), (BEFORE, before), (BETWEEN, now), (CLOSES, "")] {
        out.push_str(marker);
        out.push('\n');
        out.push_str(part);
        if !part.is_empty() && !part.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// What three texts give, and whether nothing in it is in conflict.
pub fn merge_lines(before: &[u8], yours: &[u8], now: &[u8]) -> (Vec<u8>, bool) {
    // Markers longer than any run of their characters in the texts can't be taken for a line of them.
    let length = [before, yours, now].iter().map(|text| longest_run(text)).max().unwrap_or(0) + 7;
    let mut options = MergeOptions::new();
    options.set_conflict_marker_length(length).set_incomplete_hunk_style(IncompleteHunkStyle::Git);
    match options.merge_bytes(before, yours, now) {
        Ok(merged) => (merged, true),
        Err(marked) => (named(&marked, length, is_crlf(yours)), false),
    }
}

/// Gives the markers their usual length and says what each part is.
fn named(marked: &[u8], length: usize, crlf: bool) -> Vec<u8> {
    let of = |c: char, label: &str| format!("{}{label}", c.to_string().repeat(length)).into_bytes();
    let markers = [
        (of('<', " ours"), OPENS),
        (of('|', " original"), BEFORE),
        (of('=', ""), BETWEEN),
        (of('>', " theirs"), CLOSES),
    ];
    let mut out = Vec::with_capacity(marked.len());
    for line in marked.split_inclusive(|b| *b == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        match markers.iter().find(|(marker, _)| marker == bare) {
            Some((_, text)) => {
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

fn longest_run(text: &[u8]) -> usize {
    text.chunk_by(|a, b| a == b).filter(|run| b"<|=>".contains(&run[0])).map(<[u8]>::len).max().unwrap_or(0)
}

/// Whether every line ends in `\r\n`.
pub(super) fn is_crlf(bytes: &[u8]) -> bool {
    let mut lines = bytes.split_inclusive(|b| *b == b'\n').filter(|l| l.ends_with(b"\n")).peekable();
    lines.peek().is_some() && lines.all(|l| l.ends_with(b"\r\n"))
}

/// `bytes` with every line ending in `\r\n`.
pub(super) fn to_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for (i, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' && (i == 0 || bytes[i - 1] != b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
