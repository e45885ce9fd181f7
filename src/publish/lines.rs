//! The line merge: three texts, any bytes.

use crate::world::git::merge::{self, Markers};

/// The line that opens a conflict.
pub(super) const OPENS: &str = "<<<<<<< yours";

const BEFORE: &str = "||||||| generated before";
const BETWEEN: &str = "=======";
const CLOSES: &str = ">>>>>>> generated now";

/// A conflict between whole lines: what stands, what was generated before, what is generated now. A last line without an
/// end gets one.
pub(super) fn markers(yours: &str, before: &str, now: &str) -> String {
    let marked = around(yours.as_bytes(), before.as_bytes(), now.as_bytes());
    String::from_utf8_lossy(&marked).into_owned()
}

fn around(yours: &[u8], before: &[u8], now: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(yours.len() + before.len() + now.len() + 80);
    for (marker, part) in [(OPENS, yours), (BEFORE, before), (BETWEEN, now), (CLOSES, b"")] {
        out.extend_from_slice(marker.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(part);
        if !part.is_empty() && !part.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
    out
}

/// What three texts give, and whether nothing in it is in conflict.
pub fn merge_lines(before: &[u8], yours: &[u8], now: &[u8]) -> (Vec<u8>, bool) {
    let names = Markers { yours: OPENS, before: BEFORE, between: BETWEEN, now: CLOSES };
    // What is too long for that is in conflict as a whole, and nothing is lost.
    merge::merge_lines(before, yours, now, &names).unwrap_or_else(|_| (around(yours, before, now), false))
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
