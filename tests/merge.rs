//! Regeneration over hand edits: no line that a person wrote is ever lost.

#![allow(clippy::expect_used, clippy::panic, clippy::type_complexity, clippy::unwrap_used)]

use pipewright::publish::{Merged, merge};
use pipewright::render::Files;
use pipewright::world::git::{File, Mode, Tree};
use proptest::prelude::*;

fn tree(text: Option<&[u8]>) -> Tree {
    text.map(|t| ("a.sql".to_owned(), File::plain(t))).into_iter().collect()
}

fn merged(base: Option<&str>, edited: Option<&str>, new: Option<&str>) -> Merged {
    let new: Files = new.map(|t| ("a.sql".to_owned(), t.to_owned())).into_iter().collect();
    merge(&tree(base.map(str::as_bytes)), &tree(edited.map(str::as_bytes)), &new)
}

/// What stands, and the code of what was found.
fn result(base: Option<&str>, edited: Option<&str>, new: Option<&str>) -> (Option<String>, Vec<String>) {
    let m = merged(base, edited, new);
    let text = m.tree.get("a.sql").map(|f| String::from_utf8(f.bytes.clone()).unwrap());
    (text, m.findings.iter().map(|d| d.code.to_string()).collect())
}

#[test]
fn every_way_a_file_can_stand() {
    let cases: &[(Option<&str>, Option<&str>, Option<&str>, Option<&str>, &[&str])] = &[
        // base, edited, new: what stands, what is said
        (None, None, Some("n\n"), Some("n\n"), &[]),
        (Some("b\n"), Some("b\n"), Some("n\n"), Some("n\n"), &[]),
        (Some("b\n"), Some("e\n"), Some("b\n"), Some("e\n"), &[]),
        (Some("b\n"), Some("n\n"), Some("n\n"), Some("n\n"), &[]),
        (Some("b\n"), None, Some("n\n"), None, &["kept-deletion"]),
        (Some("b\n"), Some("b\n"), None, None, &[]),
        (Some("b\n"), Some("e\n"), None, Some("e\n"), &["kept-edit"]),
        (Some("b\n"), None, None, None, &[]),
        (None, Some("p\n"), None, Some("p\n"), &[]),
        (None, Some("n\n"), Some("n\n"), Some("n\n"), &[]),
        (Some("1\n2\n3\n"), Some("0\n1\n2\n3\n"), Some("1\n2\n3\n4\n"), Some("0\n1\n2\n3\n4\n"), &[]),
        // Line endings and last lines of people stay theirs.
        (Some("1\n2\n3\n"), Some("1\r\n2\r\n3\r\n"), Some("1\n2\n4\n"), Some("1\r\n2\r\n4\r\n"), &[]),
        (Some("1\n2\n3\n"), Some("0\n1\n2\n3"), Some("1\n2\n3\n"), Some("0\n1\n2\n3"), &[]),
        (Some(""), Some(""), Some("n\n"), Some("n\n"), &[]),
        (Some("b\n"), Some(""), Some("b\nn\n"), Some(CONFLICT_EMPTY), &["merge-conflict"]),
    ];
    for (base, edited, new, want, codes) in cases {
        let got = result(*base, *edited, *new);
        assert_eq!((got.0.as_deref(), got.1.iter().map(String::as_str).collect::<Vec<_>>()), (*want, codes.to_vec()));
    }
}

const CONFLICT_EMPTY: &str = "<<<<<<< yours\n||||||| generated before\nb\n=======\nb\nn\n>>>>>>> generated now\n";

#[test]
fn a_conflict_stands_in_its_place_and_is_named() {
    let m = merged(Some("a\nb\nc\n"), Some("a\nmine\nc\n"), Some("a\ntheirs\nc\n"));
    insta::assert_snapshot!(String::from_utf8_lossy(&m.tree["a.sql"].bytes), @r"
    a
    <<<<<<< yours
    mine
    ||||||| generated before
    b
    =======
    theirs
    >>>>>>> generated now
    c
    ");
    insta::assert_snapshot!(m.findings[0], @"error[merge-conflict]: generated anew and edited by hand in the same place; at: a.sql:2:1; why: the same lines were edited by hand and are generated otherwise now; next: choose between the `<<<<<<<` and `>>>>>>>` lines and commit, or `pipewright regenerate --keep a.sql` (yours) or `--accept a.sql` (as generated now)");
}

#[test]
fn a_file_of_ones_own_is_never_overwritten() {
    let m = merged(None, Some("mine\n"), Some("theirs\n"));
    let text = String::from_utf8_lossy(&m.tree["a.sql"].bytes).into_owned();
    assert!(text.contains("mine\n") && text.contains("theirs\n"), "{text}");
    assert!(m.findings[0].why.as_ref().unwrap().contains("a file of yours"));
}

#[test]
fn bytes_that_are_no_text_stay() {
    let edited = b"1\nna\xefve \xff\x00\n2\n3\n4\n";
    let new: Files = [("a.sql".to_owned(), "1\n2\n3\n5\n".to_owned())].into();
    let m = merge(&tree(Some(b"1\n2\n3\n4\n")), &tree(Some(edited)), &new);
    assert_eq!(m.tree["a.sql"].bytes, b"1\nna\xefve \xff\x00\n2\n3\n5\n");
    assert_eq!(m.findings, []);
}

#[test]
fn huge_files_are_merged_by_lines() {
    let model = |items: &str, long: bool| {
        format!(
            "select\n{items}\nfrom t{}\n",
            if long { format!("\n-- {}", "x".repeat(5_000_000)) } else { String::new() }
        )
    };
    let text = |items: &str, long| Some(model(items, long));
    for (long, codes) in [(false, &[][..]), (true, &["merge-conflict"][..])] {
        let (base, mine, theirs) = (text("    a", long), text("    a,\n    b", long), text("    a,\n    c", long));
        let (_, found) = result(base.as_deref(), mine.as_deref(), theirs.as_deref());
        assert_eq!(found, codes, "{long}");
    }
}

#[test]
fn links_and_modes_stay() {
    let file = |mode| Tree::from([("a.sql".to_owned(), File { bytes: b"b\n".to_vec(), mode })]);
    let new: Files = [("a.sql".to_owned(), "n\n".to_owned())].into();
    let link = merge(&file(Mode::Plain), &file(Mode::Link), &new);
    assert_eq!(link.tree, file(Mode::Link));
    assert_eq!(link.findings[0].code, "not-a-file");
    let run = merge(&file(Mode::Plain), &file(Mode::Executable), &new);
    assert_eq!(run.tree["a.sql"], File { bytes: b"n\n".to_vec(), mode: Mode::Executable });
}

/// Lines that are all different, so that each can be found again.
fn text(prefix: &'static str) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec((0..30u8).prop_map(move |n| format!("{prefix}{n}")), 0..12)
}

/// Edits of a base: where, how many lines go, what comes.
fn edits(prefix: &'static str) -> impl Strategy<Value = Vec<(usize, usize, Vec<String>)>> {
    prop::collection::vec((0..12usize, 0..4usize, text(prefix)), 0..4)
}

fn apply(base: &[String], edits: &[(usize, usize, Vec<String>)]) -> Vec<String> {
    let mut out = base.to_vec();
    for (at, gone, new) in edits {
        let at = (*at).min(out.len());
        let end = (at + gone).min(out.len());
        out.splice(at..end, new.iter().cloned());
    }
    out
}

fn joined(lines: &[String], end: bool) -> String {
    let mut out = lines.join("\n");
    if end && !out.is_empty() {
        out.push('\n');
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_lost(
        base in text("base"), mine in edits("mine"), theirs in edits("theirs"), known: bool,
        ends in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let (edited, new) = (apply(&base, &mine), apply(&base, &theirs));
        let (b, e, n) = (joined(&base, ends.0), joined(&edited, ends.1), joined(&new, ends.2));
        let m = merged(known.then_some(b.as_str()), Some(&e), Some(&n));
        let out = String::from_utf8(m.tree["a.sql"].bytes.clone()).unwrap();
        let conflict = !m.findings.is_empty();
        prop_assert_eq!(conflict, out.contains("<<<<<<< yours\n"));
        // Every line that a person wrote stands, as often as written; so does every line that is new from the generator.
        let count = |lines: &[&str], line: &str| lines.iter().filter(|l| **l == line).count();
        let (out_lines, e_lines, n_lines): (Vec<&str>, Vec<&str>, Vec<&str>) =
            (out.lines().collect(), e.lines().collect(), n.lines().collect());
        for line in e_lines.iter().filter(|l| l.starts_with("mine")) {
            prop_assert!(count(&out_lines, line) >= count(&e_lines, line), "{line} of\n{e}\nis lost in\n{out}");
        }
        for line in n_lines.iter().filter(|l| l.starts_with("theirs")) {
            prop_assert!(count(&out_lines, line) >= count(&n_lines, line), "{line} of\n{n}\nis lost in\n{out}");
        }
        // Nothing comes from nowhere.
        for line in &out_lines {
            let marker = ["<<<<<<< ", "||||||| ", "=======", ">>>>>>> "].iter().any(|m| line.starts_with(m));
            prop_assert!(marker || b.lines().chain(e.lines()).chain(n.lines()).any(|l| l == *line), "{line}");
        }
        // The same again changes nothing more.
        if !conflict {
            let again = merged(Some(&n), Some(&out), Some(&n));
            prop_assert_eq!(&again.tree["a.sql"].bytes, out.as_bytes());
        }
    }
}
