//! Python models: what they read, found in their text.

use std::sync::LazyLock;

use regex::Regex;

use super::Read;
use super::body::{missing, resolve};
use super::jinja::{Engine, Mention};
use crate::vocabulary::Diagnostic;

/// What a Python model reads, and what it asks for that is not there, with offset and width.
pub(super) fn reads(engine: &Engine, package: usize, text: &str) -> (Vec<Read>, Vec<(Diagnostic, usize, usize)>) {
    static CALL: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| {
        Regex::new(
            r#"\bdbt\s*\.\s*(ref|source)\s*\(\s*(?:"([^"\n]*)"|'([^'\n]*)')(?:\s*,\s*(?:"([^"\n]*)"|'([^'\n]*)'))?"#,
        )
    });
    let (mut found, mut gone) = (Vec::new(), Vec::new());
    let (Ok(call), Some(index)) = (CALL.as_ref(), engine.world.index.get()) else { return (found, gone) };
    let library = &engine.world.library;
    let (own, root) = (&library.packages[package].name, &library.packages[0].name);
    for captures in call.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        let names: Vec<String> = (2..=5).filter_map(|i| captures.get(i)).map(|m| m.as_str().to_owned()).collect();
        let mention =
            Mention { source: &captures[1] == "source", names, version: None, at: whole.start(), width: whole.len() };
        match resolve(index, own, root, &mention) {
            Ok(node) => found.push(Read { node, at: mention.at }),
            Err(why) => gone.extend(missing(&mention, why, library).map(|fault| (fault, mention.at, mention.width))),
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|read| read.node);
    (found, gone)
}
