//! Texts that nobody should write: merged, or in conflict, by structure or by lines; never a crash, and no line of people lost.

#![allow(clippy::unwrap_used)]

use super::merge;
use crate::render::Files;
use crate::vocabulary::Severity;
use crate::world::git::{File, Tree};

/// What the merge gives; whether it is clean.
#[track_caller]
fn merged(path: &str, base: &str, edited: &str, new: &str) -> (String, bool) {
    let tree = |text: &str| Tree::from([(path.to_owned(), File::plain(text.as_bytes()))]);
    let out = merge(&tree(base), &tree(edited), &Files::from([(path.to_owned(), new.to_owned())]));
    let clean = out.findings.iter().all(|f| f.severity != Severity::Error);
    (String::from_utf8(out.tree[path].bytes.clone()).unwrap(), clean)
}

/// The last line was edited by hand, and what stands before it is generated otherwise now: both must be there.
#[track_caller]
fn both(path: &str, hostile: impl Fn(&str) -> String, last: (&str, &str)) {
    let text = |inner: &str, last: &str| format!("{}\n{}", hostile(inner), last);
    let (text, clean) = merged(path, &text("1", last.0), &text("1", last.1), &text("2", last.0));
    assert!(text.contains(last.1), "what people wrote is lost");
    assert!(!clean || text == format!("{}\n{}", hostile("2"), last.1));
}

#[test]
fn one_line_of_a_whole_book() {
    let items = |inner: &str| (0..400_000).map(|i| format!("c{i}_{inner}, ")).collect::<String>();
    both("a.sql", |inner| format!("select {}x\nfrom t", items(inner)), ("where a\n", "where mine\n"));
    both("a.yml", |inner| format!("a: [{}x]\nm: 1", items(inner)), ("b: 1\n", "b: mine\n"));
    both("a.py", |inner| format!("a = [{}x]\nm = 1", items(inner)), ("b = 1\n", "b = 'mine'\n"));
}

#[test]
fn nested_beyond_all_reason() {
    let deep = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(4_000), close.repeat(4_000));
    both("a.yml", |inner| format!("a: {}\nm: 1", deep("[", inner, "]")), ("b: 1\n", "b: mine\n"));
    both("a.yml", |inner| format!("a: {}\nm: 1", deep("{a: ", inner, "}")), ("b: 1\n", "b: mine\n"));
    let steps = |inner: &str| {
        (0..400).map(|i| format!("{}k:\n", "  ".repeat(i))).collect::<String>() + &"  ".repeat(400) + "v: " + inner
    };
    both("a.yml", |inner| format!("{}\nm: 1", steps(inner)), ("b: 1\n", "b: mine\n"));
    both("a.py", |inner| format!("a = {}\nm = 1", deep("(", inner, ")")), ("b = 1\n", "b = 'mine'\n"));
    both("a.py", |inner| format!("a = {}\nm = 1", deep("f(x=", inner, ")")), ("b = 1\n", "b = 'mine'\n"));
    both(
        "a.py",
        |inner| format!("a = 0{}\nm = 1", format!("\\\n    + {inner}").repeat(4_000)),
        ("b = 1\n", "b = 'mine'\n"),
    );
    both("a.sql", |inner| format!("select {} as a\nfrom t", deep("(", inner, ")")), ("where a\n", "where mine\n"));
    let queries = |inner: &str| format!("select a from {}", deep("(select a from\n", inner, ") x\n"));
    both("a.sql", queries, ("where a\n", "where mine\n"));
    both("a.sql", |inner| format!("{}select {inner}", "{% if a %}".repeat(4_000)), ("from t\n", "from mine\n"));
}

#[test]
fn more_parts_than_anyone_can_count() {
    let ctes = |name: &str, inner: &str| {
        let all: Vec<String> = (0..8_000).map(|i| format!("{name}{i} as (select {i} as a)")).collect();
        format!("with\n{}\nselect {inner} from {name}1", all.join(",\n"))
    };
    both("a.sql", |inner| ctes("c", inner), ("where a\n", "where mine\n"));
    // All of them are called otherwise now, and people changed one.
    let (base, new) = (ctes("c", "1") + "\n", ctes("d", "1") + "\n");
    let (text, _) = merged("a.sql", &base, &base.replace("select 7 as", "select mine as"), &new);
    assert!(text.contains("select mine as"));
    let list = |every: usize, word: &str| -> String {
        let name = |i: usize| if i.is_multiple_of(every) { word } else { "v" };
        "a:\n".to_owned() + &(0..100_000).map(|i| format!("  - {}{i}\n", name(i))).collect::<String>()
    };
    let (text, _) = merged("a.yml", &list(1, "v"), &list(2, "mine"), &list(3, "now"));
    assert_eq!(text.matches("mine").count(), 50_000);
}

#[test]
fn what_nobody_changed_stays_in_what_is_no_sql() {
    let base = "select a\nfrom t\njoin u\n    on t.a = u.a\nwhere\n    b > 1\n    and c > 1\n";
    let (text, _) = merged("a.sql", base, &base.replace("join u", "join mine\njoin u"), &base.replace("where", "were"));
    assert!(text.contains("join mine") && text.contains("b > 1") && text.contains("and c > 1"), "{text}");
}

/// A comment that is generated now, beside what people rewrote: it is told, where it has no place.
#[test]
fn a_comment_that_finds_no_place_is_told() {
    let notes = |path: &str, base: &str, edited: &str, new: &str| {
        let tree = |text: &str| Tree::from([(path.to_owned(), File::plain(text.as_bytes()))]);
        let out = merge(&tree(base), &tree(edited), &Files::from([(path.to_owned(), new.to_owned())]));
        let text = String::from_utf8(out.tree[path].bytes.clone()).unwrap();
        (text.contains("now says"), out.findings.iter().any(|f| f.what.contains("now says")))
    };
    let yaml = "a:\n  b: 1\n  c: 2\nz: 1\n";
    let found = notes("a.yml", yaml, &yaml.replace("b: 1", "b: 3"), &yaml.replace("  b: 1", "  # now says\n  b: 1"));
    assert_eq!(found, (true, false), "beside what people changed it has a place");
    let sql = "{% set a = 1 %}\n\nwith x as (\n    select 1 as a\n)\n\nselect a\nfrom x\n";
    let (edited, new) = (
        sql.replace("select a\nfrom x\n", "select a, a + 1 as b from x"),
        sql.replace("with x", "-- now says\nwith x"),
    );
    let (there, told) = notes("a.sql", sql, &edited, &new.replace("select a\nfrom x", "select a, a + 2 as c\nfrom x"));
    assert!(there || told);
    let deleted = "a: 1\n";
    let found =
        notes("a.yml", &format!("{deleted}b:\n  c: 1\n"), "a: 3\n", &format!("{deleted}b:\n  # now says\n  c: 1\n"));
    assert_eq!(found, (false, true), "what people took out has none");
}
