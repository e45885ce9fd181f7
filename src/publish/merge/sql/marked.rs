//! Conflicts become marked lines.

use super::super::super::lines::markers;
use super::weave::{CLOSE, Conflict, OPEN};

/// The text with each line that holds a conflict in its three versions, between markers.
pub(super) fn marked(text: &str, conflicts: &[Conflict]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut versions: [String; 3] = Default::default();
    for line in text.split_inclusive('\n') {
        if line.contains(OPEN) {
            let of: [fn(&Conflict) -> &str; 3] = [|c| &c.yours, |c| &c.before, |c| &c.now];
            for (version, part) in versions.iter_mut().zip(of) {
                version.push_str(&filled(line, conflicts, part));
            }
        } else {
            flush(&mut versions, &mut out);
            out.push_str(line);
        }
    }
    flush(&mut versions, &mut out);
    out
}

fn flush(versions: &mut [String; 3], out: &mut String) {
    let [yours, before, now] = std::mem::take(versions);
    if [&yours, &before, &now].iter().any(|v| !v.is_empty()) {
        out.push_str(&markers(&yours, &before, &now));
    }
}

/// A line with one version of each conflict in it; nothing where that leaves nothing but a separator.
fn filled(line: &str, conflicts: &[Conflict], version: fn(&Conflict) -> &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (number, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(number.parse().ok().and_then(|i: usize| conflicts.get(i)).map_or("", version));
        rest = after;
    }
    out.push_str(rest);
    match out.trim().to_lowercase().as_str() {
        "" | "," | "and" => String::new(),
        _ => out,
    }
}
