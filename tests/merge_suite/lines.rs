//! Lines of any kind, anywhere in any generated file: none is ever lost, whatever is generated next.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pipewright::publish::merge;
use pipewright::render::Files;
use proptest::prelude::*;
use regex::Regex;

use super::generated::{documents, generate};
use super::outcome::tree;
use super::regenerations::{Regeneration, regenerations};

/// Lines that mean something in one kind of file or another; each holds a word that is nowhere else.
const LINES: &[&str] = &[
    "        WORD,",
    "        x + 1 as WORD,",
    "        , y as WORD",
    "        WORD",
    "    -- WORD",
    "        z,  -- WORD",
    "    left join WORD on a = b",
    "        and WORD = 1",
    "    where WORD",
    "WORD as (select 1),",
    "/* WORD */",
    "{% set WORD = 1 %}",
    "{{ WORD }}",
    "'WORD",
    "(WORD",
    "WORD)",
    "      - name: WORD",
    "        description: WORD",
    "        data_tests: [WORD]",
    "    WORD: {a: 1}",
    "# WORD",
    "  - WORD",
    "WORD = 1",
    "    WORD = load(\"a\", \"b\")",
    "        WORD=1,",
    "    ingest >> WORD",
    "def WORD():",
    "\tWORD",
    "WORD: [",
];

type Edits = Vec<(prop::sample::Index, usize, Vec<usize>)>;

fn edits() -> impl Strategy<Value = Edits> {
    let lines = prop::collection::vec(0..LINES.len(), 0..4);
    prop::collection::vec((any::<prop::sample::Index>(), 0..4usize, lines), 1..4)
}

fn edited(text: &str, edits: &Edits, crlf: bool, end: bool) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut word = 0;
    for (at, gone, new) in edits {
        let at = at.index(lines.len() + 1);
        let to = (at + gone).min(lines.len());
        let new = new.iter().map(|i| {
            word += 1;
            LINES[*i].replace("WORD", &format!("mine_{word}_mine"))
        });
        let new: Vec<String> = new.collect();
        lines.splice(at..to, new);
    }
    let ending = if crlf { "\r\n" } else { "\n" };
    lines.join(ending) + if end { ending } else { "" }
}

fn words(text: &str) -> BTreeSet<&str> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new("mine_[0-9]+_mine").unwrap());
    WORD.find_iter(text).map(|m| m.as_str()).collect()
}

static BASE: LazyLock<Files> = LazyLock::new(|| generate(&documents()));
static NEW: LazyLock<Vec<Regeneration>> = LazyLock::new(regenerations);

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_ever_lost(
        which: prop::sample::Index, file: prop::sample::Index, edits in edits(), crlf in prop::bool::weighted(0.1), end: bool,
    ) {
        let new = &NEW[which.index(NEW.len())].files;
        let changed: Vec<&String> = BASE.keys().filter(|path| new.get(*path).is_some_and(|n| *n != BASE[*path])).collect();
        let path = changed[file.index(changed.len())];
        let mine = edited(&BASE[path], &edits, crlf, end);
        let one = |text: &str| Files::from([(path.clone(), text.to_owned())]);
        let merged = merge(&tree(&one(&BASE[path])), &tree(&one(&mine)), &one(&new[path]));
        let text = String::from_utf8(merged.tree[path].bytes.clone()).unwrap();
        prop_assert_eq!(words(&mine), words(&text), "{}\n{}", mine, text);
        let again = merge(&tree(&one(&new[path])), &merged.tree, &one(&new[path]));
        prop_assert_eq!(again.tree, merged.tree);
    }
}
