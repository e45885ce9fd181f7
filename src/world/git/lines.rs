//! The line merge of git itself, over bytes.

use git2::{MergeFileInput, MergeFileOptions, merge_file};

use super::fault;
use crate::vocabulary::Outcome;

/// First word of the line that opens a conflict.
pub const YOURS: &str = "yours";

/// What three texts give, and whether nothing in it is in conflict.
///
/// # Errors
/// Texts that libgit2 can't hold.
pub fn merge_lines(before: &[u8], yours: &[u8], now: &[u8]) -> Outcome<(Vec<u8>, bool)> {
    // libgit2 gives no bytes back where there are none to give.
    if yours == now || before == now {
        return Ok((yours.to_vec(), true));
    }
    if before == yours {
        return Ok((now.to_vec(), true));
    }
    let input = |bytes| {
        let mut input = MergeFileInput::new();
        input.content(bytes);
        input
    };
    let mut options = MergeFileOptions::new();
    options.style_diff3(true).our_label(YOURS).ancestor_label("generated before").their_label("generated now");
    let (before, yours, now) = (input(before), input(yours), input(now));
    let merged = merge_file(&before, &yours, &now, Some(&mut options)).map_err(|e| fault("merge a file", &e))?;
    Ok((merged.content().to_vec(), merged.is_automergeable()))
}
