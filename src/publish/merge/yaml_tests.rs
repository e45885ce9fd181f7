//! What people do to YAML, and what the generator does to the same file.

#![allow(clippy::unwrap_used)]

use super::yaml::{holds, merge};

const BASE: &str = "\
version: 2

models:
  - name: stg_orders
    description: Orders, one row each.
    config:
      tags: [daily]
    columns:
      - name: order_id
        description: Key of orders.
        data_tests: [not_null, unique]
      - name: status
        description: Status of the order.
        data_tests:
          - not_null
          - accepted_values:
              arguments:
                values: [cancelled, completed]
      - name: shipped_at
        description: When the order was shipped.
";

fn change(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in\n{text}");
        text.replacen(from, to, 1)
    })
}

type Edits<'a> = &'a [(&'a str, &'a str)];

/// People edit, the generator changes; the result is the edited text with those edits.
#[track_caller]
fn gives(people: Edits<'_>, generator: Edits<'_>, result: Edits<'_>) {
    let edited = change(BASE, people);
    let woven = merge(BASE, &edited, &change(BASE, generator)).unwrap();
    assert_eq!(woven.text, change(&edited, result));
    assert_eq!((woven.clean, woven.notes), (true, vec![]));
}

#[test]
fn both_change_one_entry() {
    gives(
        &[
            ("Status of the order.", "Where the order is."),
            ("          - not_null\n", "          - not_null\n          - my_test\n"),
        ],
        &[("completed]", "completed, pending]"), ("Key of orders.", "The key.")],
        &[("completed]", "completed, pending]"), ("Key of orders.", "The key.")],
    );
}

#[test]
fn tests_on_one_line_grow() {
    gives(
        &[("[not_null, unique]", "[not_null, unique, mine]")],
        &[("[not_null, unique]", "[not_null, unique, theirs]")],
        &[("[not_null, unique, mine]", "[not_null, unique, theirs, mine]")],
    );
    // The generator needs more lines than one: people's stand there, too.
    gives(
        &[("[not_null, unique]", "[not_null, unique, mine]  # why")],
        &[(
            "data_tests: [not_null, unique]",
            "data_tests:\n          - not_null\n          - unique\n          - relationships:\n              arguments: {to: x}",
        )],
        &[(
            " [not_null, unique, mine]",
            "\n          - not_null\n          - unique\n          - relationships:\n              arguments: {to: x}\n          - mine",
        )],
    );
    // People have more lines: the generator's go there.
    gives(
        &[(
            "data_tests: [not_null, unique]",
            "data_tests:\n          - not_null\n          - unique:\n              config: {severity: warn}",
        )],
        &[("[not_null, unique]", "[not_null, unique, theirs]")],
        &[("{severity: warn}\n", "{severity: warn}\n          - theirs\n")],
    );
}

#[test]
fn columns_of_both_sides() {
    gives(
        &[(
            "      - name: shipped_at\n",
            "      # by hand\n      - name: mine\n        meta: {owner: me}\n      - name: shipped_at\n",
        )],
        &[(
            "      - name: shipped_at\n",
            "      - name: theirs\n        description: New.\n      - name: shipped_at\n",
        )],
        &[("      # by hand\n", "      - name: theirs\n        description: New.\n      # by hand\n")],
    );
    gives(
        &[(
            "        description: When the order was shipped.\n",
            "        description: When the order was shipped.\n        meta: {a: 1}\n",
        )],
        &[(
            "        description: When the order was shipped.\n",
            "        description: When the order was shipped.\n        data_tests: [not_null]\n",
        )],
        &[("        meta: {a: 1}\n", "        data_tests: [not_null]\n        meta: {a: 1}\n")],
    );
}

#[test]
fn a_column_that_has_another_name_keeps_what_people_wrote() {
    gives(
        &[("When the order was shipped.\n", "When it left us.\n        meta: {owner: me}\n")],
        &[("name: shipped_at", "name: sent_at"), ("When the order was shipped.", "When the order was shipped.")],
        &[("name: shipped_at", "name: sent_at")],
    );
}

#[test]
fn a_key_that_is_called_otherwise_keeps_what_people_wrote() {
    gives(
        &[("[cancelled, completed]", "[cancelled, completed, mine]")],
        &[("                values:", "                allowed:")],
        &[("                values:", "                allowed:")],
    );
    gives(
        &[("description: When the order was shipped.", "description: Mine.")],
        &[("        description: When", "        doc: When")],
        &[("        description: Mine", "        doc: Mine")],
    );
    // A list on one line that is to be many, under another key: that is no guess.
    let (base, edited) = ("a:\n  k: [x]\n", "a:\n  k: [x, mine]\n");
    let woven = merge(base, edited, "a:\n  l:\n    - x\n    - n: 1\n").unwrap();
    assert!(!woven.clean && woven.text.contains("[x, mine]"), "{}", woven.text);
}

/// The generator has another order: entries stay where people have them, and a new one stands behind the one that it
/// follows now.
#[test]
fn entries_stay_in_the_order_that_people_have() {
    let entry = |name: &str| format!("  - name: {name}\n    description: About {name}.\n");
    let list = |names: &[&str]| format!("columns:\n{}", names.iter().map(|name| entry(name)).collect::<String>());
    let base = list(&["a", "b", "c"]);
    let edited = base.replace("About b.", "Mine.  # ours").replace("  - name: c", "  # of c\n  - name: c");
    let now = list(&["c", "x", "b", "a"]);
    let woven = merge(&base, &edited, &now).unwrap();
    assert_eq!(woven.text, format!("{edited}{}", entry("x")));
    assert_eq!((woven.clean, woven.notes), (true, vec![]));
    // Again, and with one more behind `b`, or before all others.
    assert_eq!(merge(&now, &woven.text, &now).unwrap().text, woven.text);
    let order = |text: &str| text.lines().filter_map(|l| l.strip_prefix("  - name: ")).collect::<Vec<_>>().join(" ");
    let later = merge(&now, &woven.text, &list(&["first", "c", "x", "b", "a"])).unwrap();
    assert_eq!((order(&later.text), later.clean), ("a b first c x".to_owned(), true), "{}", later.text);
    let later = merge(&now, &woven.text, &list(&["c", "x", "b", "y", "a"])).unwrap();
    assert_eq!((order(&later.text), later.clean), ("a b y c x".to_owned(), true), "{}", later.text);
    assert!(later.text.contains("Mine.  # ours") && later.text.contains("  # of c\n  - name: c"), "{}", later.text);
}

#[test]
fn names_in_descriptions_follow() {
    gives(
        &[(
            "        data_tests:\n          - not_null\n",
            "        data_tests:\n          - mine\n          - not_null\n",
        )],
        &[("name: status", "name: state"), ("Status of", "State of")],
        &[("name: status", "name: state"), ("Status of", "State of")],
    );
}

#[test]
fn what_goes_goes_unless_it_was_edited() {
    let gone = "      - name: shipped_at\n        description: When the order was shipped.\n";
    gives(
        &[("      - name: shipped_at\n", "      # a word of people\n      - name: shipped_at\n")],
        &[(gone, "")],
        &[(gone, "")],
    );
    let edited = change(BASE, &[("When the order was shipped.", "Mine.")]);
    let woven = merge(BASE, &edited, &change(BASE, &[(gone, "")])).unwrap();
    assert!(!woven.clean);
    assert_eq!(
        woven.text,
        change(
            &edited,
            &[(
                "      - name: shipped_at\n        description: Mine.\n",
                "<<<<<<< yours\n      - name: shipped_at\n        description: Mine.\n||||||| generated before\n      - name: shipped_at\n        description: When the order was shipped.\n=======\n>>>>>>> generated now\n"
            )]
        )
    );
}

#[test]
fn what_people_took_out_stays_out() {
    let edited = change(
        BASE,
        &[(
            "      - name: order_id\n        description: Key of orders.\n        data_tests: [not_null, unique]\n",
            "",
        )],
    );
    let woven =
        merge(BASE, &edited, &change(BASE, &[("Key of orders.", "The key."), ("[daily]", "[hourly]")])).unwrap();
    assert_eq!(woven.text, change(&edited, &[("[daily]", "[hourly]")]));
    assert_eq!(woven.notes, ["`models.stg_orders.columns.order_id` was taken out by hand, so it stays out"]);
}

#[test]
fn one_value_changed_by_both_is_in_conflict_alone() {
    let edited = change(BASE, &[("Key of orders.", "Mine.  # c"), ("[daily]", "[daily, mine]")]);
    let woven =
        merge(BASE, &edited, &change(BASE, &[("Key of orders.", "Theirs."), ("[daily]", "[daily, theirs]")])).unwrap();
    assert!(!woven.clean);
    let marked = "<<<<<<< yours\n        description: Mine.  # c\n||||||| generated before\n        description: Key of orders.\n=======\n        description: Theirs.\n>>>>>>> generated now\n";
    assert_eq!(
        woven.text,
        change(&edited, &[("        description: Mine.  # c\n", marked), ("[daily, mine]", "[daily, theirs, mine]")])
    );
}

#[test]
fn layout_of_people_stays() {
    // Set in by four, lists not set in, quotes, comments, order, block text, anchors.
    let edited = "\
# ours
version: 2
models:
- columns:   # in the order of the form
  - name: 'status'
    data_tests:
    - accepted_values:
        arguments:
          values:
          - cancelled   # no money
          - completed
    - not_null
    description: >-
      Status of
      the order.
  - name: \"order_id\"
    description: &key Key of orders.
    data_tests:
    - unique
    - not_null
    meta: {text: *key}
  - {name: shipped_at, description: When the order was shipped.}
  config:
    tags:
    - daily
  name: stg_orders
  description: |
    Orders, one row each.
";
    let new = change(
        BASE,
        &[
            ("completed]", "completed, pending]"),
            ("Key of orders.", "Key."),
            ("[not_null, unique]", "[not_null]"),
            (
                "      - name: shipped_at\n        description: When the order was shipped.\n",
                "      - name: shipped_at\n        description: When the order left.\n      - name: total\n        data_tests:\n          - not_null\n",
            ),
        ],
    );
    let woven = merge(BASE, edited, &new).unwrap();
    assert_eq!(
        woven.text,
        change(
            edited,
            &[
                ("          - completed\n", "          - completed\n          - pending\n"),
                ("Key of orders.", "Key."),
                ("    - unique\n", ""),
                (
                    "When the order was shipped.}\n",
                    "When the order left.}\n  - name: total\n    data_tests:\n      - not_null\n"
                ),
            ]
        )
    );
    assert!(woven.clean);
}

#[test]
fn rows_without_names_are_told_by_their_place() {
    let base = "rows:\n  - {a: 1, b: x}\n  - {a: 2, b: y}\n";
    let edited = "rows:\n  - {a: 1, b: x}\n  - {a: 2, b: mine}\n";
    let new = "rows:\n  - {a: 1, b: x, c: 0}\n  - {a: 2, b: y, c: 0}\n";
    let woven = merge(base, edited, new).unwrap();
    assert_eq!(woven.text, "rows:\n  - {a: 1, b: x, c: 0}\n  - {a: 2, b: mine, c: 0}\n");
    // What has but a value is known by it.
    let woven =
        merge("e: [{value: a}]\n", "e: [{value: a}, {value: mine}]\n", "e: [{value: a}, {value: b}]\n").unwrap();
    assert_eq!(woven.text, "e: [{value: a}, {value: b}, {value: mine}]\n");
    // With a row more on one side only, nobody can say which was changed: markers, no guess.
    let more = "rows:\n  - {a: 1, b: x}\n  - {a: 2, b: mine}\n  - {a: 3, b: z}\n";
    assert!(merge(base, more, new).is_none_or(|woven| !woven.clean));
}

#[test]
fn ends_and_edges() {
    let merged = |b, e, n| merge(b, e, n).map(|w| (w.text, w.clean));
    let ok = |text: &str| Some((text.to_owned(), true));
    // No last line break; a first key; a last one behind a comment; documents.
    assert_eq!(merged("a: 1\nb: 2\n", "a: 9\nb: 2", "a: 1\nb: 2\nc: 3\n"), ok("a: 9\nb: 2\nc: 3"));
    assert_eq!(merged("a: 1\n", "a: 9\n# end\n", "z: 0\na: 1\n"), ok("z: 0\na: 9\n# end\n"));
    assert_eq!(merged("a: 1\n", "---\na: 1\nm: 2\n", "a: 2\n"), ok("---\na: 2\nm: 2\n"));
    assert_eq!(merged("a: 1\n---\nb: 1\n", "a: 2\n---\nb: 1\n", "a: 1\n---\nb: 2\n"), ok("a: 2\n---\nb: 2\n"));
    assert_eq!(
        merged("a: |\n  x\n\nb: 1\n", "a: |\n  x\n\nb: 2\n", "a: |\n  y\n  z\n\nb: 1\n"),
        ok("a: |\n  y\n  z\n\nb: 2\n")
    );
    assert_eq!(merged("a:\nb: 1\n", "a:\nb: 2\n", "a: 1\nb: 1\n"), ok("a: 1\nb: 2\n"));
    assert_eq!(merged("a: ö # é\nb: 1\n", "a: ö # é\nb: 2\n", "a: ü # é\nb: 1\n"), ok("a: ü # é\nb: 2\n"));
    // What can't be read, or told apart.
    for broken in ["a: 1\na: 2\n", "a:\n\t- b\n", "a: [\n", "? [x]\n: y\n", "a: *nowhere\n"] {
        assert_eq!(merged("a: 1\n", broken, "a: 3\n"), None, "{broken}");
        assert_eq!(merged("a: 1\n", "a: 3\n", broken), None, "{broken}");
    }
    // An anchor that someone uses does not go.
    assert!(merge("a: 1\nb: 2\n", "a: &x 1\nb: *x\n", "b: 2\n").is_none_or(|w| !w.clean));
}

#[test]
fn comments_are_merged_like_lines() {
    gives(
        &[("models:\n", "models:\n  # ours\n"), ("version: 2\n", "version: 2  # ours\n")],
        &[("version: 2\n", "# theirs\nversion: 2\n"), ("[daily]", "[hourly]")],
        &[("version: 2", "# theirs\nversion: 2"), ("[daily]", "[hourly]")],
    );
}

#[test]
fn a_merge_by_lines_that_doubles_an_entry_is_not_right() {
    let twice = change(BASE, &[("      - name: shipped_at\n", "      - name: status\n      - name: shipped_at\n")]);
    assert!(!holds(BASE, BASE, &twice, None));
    assert!(!holds(BASE, BASE, "a: [", None));
    assert!(holds(BASE, BASE, BASE, None) && holds(&twice, BASE, &twice, None));
}

/// Every way to cut a text short, and to take out or double a line of it: never a panic, never a line of people lost.
#[test]
fn odd_texts_never_panic() {
    let new = change(BASE, &[("completed]", "completed, pending]"), ("name: shipped_at", "name: sent_at")]);
    let lines: Vec<&str> = BASE.split_inclusive('\n').collect();
    for i in 0..lines.len() {
        for with in [
            vec![],
            vec![lines[i], lines[i]],
            vec!["      - {x: mine, \"y\": [1]}\n"],
            vec!["  mine: 1\n"],
            vec!["- q\n"],
        ] {
            let edited = [&lines[..i], &with, &lines[i + 1..]].concat().concat();
            if let Some(woven) = merge(BASE, &edited, &new) {
                assert!(!edited.contains("mine") || woven.text.contains("mine"), "{edited}\n---\n{}", woven.text);
            }
            let _ = merge(&edited, BASE, &new);
            let _ = merge(BASE, &new, &edited);
        }
    }
    for i in 0..BASE.len() {
        let _ = merge(BASE, &BASE[..i], &new);
        let _ = merge(BASE, &new, &BASE[i..]);
    }
}
