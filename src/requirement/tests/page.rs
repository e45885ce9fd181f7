//! Every example of `docs/requirements.md`: the sentence becomes what the page says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;

use super::{Intent, World};

/// Sentences, and what the page shows beneath them.
fn examples() -> Vec<(String, String, String)> {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/requirements.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut out: Vec<(String, String, String)> = Vec::new();
    let mut sentence = String::new();
    let mut blocks = text.split("```");
    let mut prose = blocks.next();
    while let (Some(before), Some(block)) = (prose, blocks.next()) {
        let quoted: Vec<&str> = before.lines().filter_map(|l| l.strip_prefix("> ")).collect();
        if !quoted.is_empty() {
            sentence = quoted.join(" ");
        }
        let (kind, body) = block.split_once('\n').unwrap();
        if matches!(kind, "yaml" | "text") {
            out.push((sentence.clone(), kind.to_owned(), body.to_owned()));
        }
        prose = blocks.next();
    }
    out
}

/// Whether `part` is in `whole`: a mapping's keys, a list's elements in any place.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|w| holds(w, value)))
        }
        (Value::Array(whole), Value::Array(part)) => part.iter().all(|p| whole.iter().any(|w| holds(w, p))),
        _ => whole == part,
    }
}

#[test]
fn the_examples_of_the_page_are_read_as_it_says() {
    let world = World::shop();
    let (mut wrong, examples) = (String::new(), examples());
    assert!(examples.len() > 15, "{}", examples.len());
    for (sentence, kind, body) in examples {
        let read = world.read(&sentence);
        let right = match (&read, kind.as_str()) {
            (Ok(Intent::Understood(u)), "yaml") => {
                let part: Value = serde_yaml::from_str(&body).unwrap();
                holds(&serde_json::to_value(&u.spec).unwrap(), &part)
            }
            (Ok(Intent::Questions(questions)), "text") => {
                questions.iter().any(|q| body.contains(&format!("? {}  [{}]", q.about, q.key)))
            }
            _ => false,
        };
        if !right {
            let got = match read {
                Ok(Intent::Understood(u)) => serde_yaml::to_string(&u.spec).unwrap(),
                other => format!("{other:#?}"),
            };
            wrong.push_str(&format!("> {sentence}\n\n{body}\nis read as\n{got}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_part_is_told_from_a_whole() {
    let value = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
    let whole = value("{a: [{n: x, v: 1}, {n: y, v: 2}], b: 3}");
    assert!(holds(&whole, &value("{a: [{n: y}]}")) && holds(&whole, &value("{b: 3}")));
    for other in ["{a: [{n: y, v: 1}]}", "{b: 4}", "{c: 1}", "{a: {n: x}}"] {
        assert!(!holds(&whole, &value(other)), "{other}");
    }
}
