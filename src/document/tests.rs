#![allow(clippy::unwrap_used)]

use serde::Deserialize;

use super::*;
use crate::vocabulary::{Diagnostic, Place};
use crate::vocabulary::{yaml_flow_scalar, yaml_text};
use crate::workspace::Config;

const CONFIG: &str = "version: 1
name: shop
sources:
  shop:
    dev: {kind: sqlite, path: shop.sqlite}
targets:
  dev: {kind: duckdb, path: warehouse.duckdb}
";

fn fault(text: &str) -> String {
    parse::<Config>("pipewright.yml", text).unwrap_err().to_string()
}

#[test]
fn a_good_document_is_read_from_yaml_and_json() {
    let config: Config = parse("pipewright.yml", CONFIG).unwrap();
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(parse::<Config>("x.json", &json).unwrap(), config);
    assert_eq!(parse::<Config>("-", &json).unwrap(), config);
    assert_eq!(
        parse::<Config>("pipewright.yml", &format!("\u{feff}---\n{}", CONFIG.replace('\n', "\r\n"))).unwrap(),
        config
    );
}

#[test]
fn each_fault_has_its_place_and_a_next_step() {
    let faults = [
        CONFIG.replace("version: 1", "version: one"),
        CONFIG.replace("version: 1", "versoin: 1"),
        CONFIG.replace("name: shop\n", ""),
        CONFIG.replace("name: shop\n", "name: shop\nname: shop2\n"),
        CONFIG.replace("name: shop\n", "name: My Shop\n"),
        CONFIG.replace("name: shop\n", "name: 12\n"),
        CONFIG.replace("  shop:\n", "  Shop:\n"),
        CONFIG.replace("kind: sqlite", "kind: sqlit"),
        CONFIG.replace("path: shop.sqlite", "pth: shop.sqlite"),
        CONFIG.replace("kind: sqlite, ", ""),
        CONFIG.replace("path: shop.sqlite", "path: 3"),
        CONFIG.replace("    dev: {kind: sqlite, path: shop.sqlite}", "    dev:"),
        CONFIG.replace("  shop:\n", "  shop:\n    dev: {kind: sqlite, path: a}\n"),
        CONFIG.replace("targets:", "targets: [1]\nx:"),
        CONFIG.replace("targets:", "\ttargets:"),
        CONFIG.replace("targets:", "defaults: {timezone: 1}\ntargets:"),
        CONFIG.replace("name: shop\n", "name: shop: x\n"),
        CONFIG.replace("path: shop.sqlite}", "path: shop.sqlite"),
        format!("{CONFIG}---\n{CONFIG}"),
        CONFIG.replace("name: shop\n", "name: sh\0op\n"),
        CONFIG.replace("name: shop\n", "name: !python/object x\n"),
        CONFIG.replace("name: shop\n", "? [a, b]\n: c\n"),
        String::new(),
        "# only a remark\n".into(),
        "just text".into(),
        "[".repeat(100_000),
        "{a: ".repeat(50_000),
        "- ".repeat(50_000),
        "a: &a [*a]".into(),
    ];
    let said: Vec<String> = faults.iter().map(|text| fault(text)).collect();
    insta::with_settings!({snapshot_path => "../../snapshots/document", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("faults", said.join("\n"));
    });
}

#[test]
fn json_faults_have_places() {
    let faults = [
        "{\"a\": 1,}",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": 01}",
        "[1 2]",
        "{\"a\": \"\\ud83d\"}",
        "{\"a\": tru}",
        "\"a",
        "{}x",
        "",
        "{\"a\" 1}",
    ];
    let said: Vec<String> =
        faults.iter().map(|t| parse::<serde_json::Value>("p.json", t).unwrap_err().to_string()).collect();
    insta::with_settings!({snapshot_path => "../../snapshots/document", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("json_faults", said.join("\n"));
    });
    let deep = "[".repeat(1_000_000);
    assert!(parse::<serde_json::Value>("p.json", &deep).is_err());
    let emoji: String = parse("p.json", "\"\\ud83d\\ude00\\/\"").unwrap();
    assert_eq!(emoji, "😀/");
}

#[test]
fn aliases_share_but_do_not_bomb() {
    let shared: serde_json::Value = parse("x.yml", "a: &x [1, 2]\nb: *x\n").unwrap();
    assert_eq!(shared, serde_json::json!({"a": [1, 2], "b": [1, 2]}));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..30 {
        let part = vec![format!("*a{}", i - 1); 9].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{part}]\n"));
    }
    let fault = parse::<serde_json::Value>("x.yml", &bomb).unwrap_err();
    assert_eq!(fault.diagnostics[0].code, "aliases");
}

#[test]
fn scalars_are_those_of_yaml_1_2() {
    let value: serde_json::Value =
        parse("x.yml", "[no, yes, 1, -1, 1.5, 1e3, 0x10, 0o7, ~, '1', 2026-03-31, 1_000, .5, '', '-', 1.2.3]").unwrap();
    let want = serde_json::json!([
        "no",
        "yes",
        1,
        -1,
        1.5,
        1000.0,
        16,
        7,
        null,
        "1",
        "2026-03-31",
        "1_000",
        0.5,
        "",
        "-",
        "1.2.3"
    ]);
    assert_eq!(value, want);
}

#[test]
fn paths_are_found_by_index_and_by_name() {
    let text = "version: 1
ingest:
  - table: shop.orders
    window: {column: ordered_at, last: 30 days}
models:
  - name: stg_shop__orders
  - name: daily
    where: [\"a = 1\", \"b = 'ö'\"]
    columns:
      phone: {clean: phone_e164}
";
    assert_eq!(locate(text, "models.daily.where.1"), Some((8, 22, 9)));
    assert_eq!(locate(text, "models.1.where.0"), Some((8, 13, 7)));
    assert_eq!(locate(text, "models.daily.columns.phone"), Some((10, 7, 5)));
    assert_eq!(locate(text, "models.daily.columns.phone.clean"), Some((10, 22, 10)));
    assert_eq!(locate(text, "ingest.shop.orders.window"), Some((4, 5, 6)));
    assert_eq!(locate(text, "ingest.shop.orders"), Some((3, 12, 11)));
    assert_eq!(locate(text, "models.daily"), Some((7, 11, 5)));
    assert_eq!(locate(text, "models.9"), None);
    assert_eq!(locate(text, "nosuch"), None);
    assert_eq!(locate("a: [", "a"), None);

    let texts = [("p.yml".to_owned(), text.to_owned())].into();
    let mut said = [
        Diagnostic::error("x", "x").at(Place::path("p.yml", "models.daily.group_by")),
        Diagnostic::error("x", "x").at(Place::path("q.yml", "models")),
    ];
    pin(&mut said, &texts);
    let place = said[0].place.as_ref().unwrap();
    assert_eq!((place.line, place.column, place.width), (Some(7), Some(11), 5));
    assert_eq!(place.excerpt.as_deref(), Some("  - name: daily"));
    assert_eq!(said[1].place.as_ref().unwrap().line, None);
}

#[test]
fn written_text_is_read_back() {
    let long = "word ".repeat(60).trim().to_owned();
    let hostile = "a\tb \u{1}: #\n".repeat(20);
    let texts = [
        "",
        "no",
        "NO",
        "1.0",
        "2026-03-31",
        "null",
        "a: b",
        "a #b",
        "- x",
        "[x",
        "x]",
        "x, y",
        "{{ x }}",
        "it's",
        "\"q\"",
        "*a",
        "&a",
        "!t",
        "%d",
        "@x",
        "`x",
        " lead",
        "trail ",
        "naïve",
        "a\nb",
        "\u{1}",
        "\u{feff}x",
        "x:",
        "1e3",
        "0x1",
        ".5",
        "~",
        "=",
        "<<",
        "a\u{85}b",
        "\u{2028}",
        &long,
        &hostile,
        "y",
        "12:30:45",
        "---",
        "...",
        "x\\y",
        "🙂",
    ];
    for text in texts {
        let doc = format!(
            "a:\n  b: {}\n  c: [{}, {}]\n",
            yaml_text(text, 4, 5),
            yaml_flow_scalar(text),
            yaml_flow_scalar(text)
        );
        let back: std::collections::BTreeMap<String, Doc> = parse("x.yml", &doc).unwrap();
        let want = Doc { b: text.into(), c: vec![text.into(), text.into()] };
        assert_eq!(back["a"], want, "{doc}");
        let theirs: std::collections::BTreeMap<String, Doc> = serde_yaml::from_str(&doc).unwrap();
        assert_eq!(theirs["a"], want, "{doc}");
        let long_line = doc.lines().take_while(|l| !l.starts_with("  c:")).any(|l| l.chars().count() > 120);
        assert!(!long_line, "{doc}");
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Doc {
        b: String,
        c: Vec<String>,
    }
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "\\PC*|([\\[\\]{}:,&*!|>'\"%@`#?~ \\-\\n\\t\\r]|[a-c0-2])*") {
        let _ = parse::<Config>("x.yml", &text);
        let _ = parse::<Config>("x.json", &text);
        let _ = parse::<serde_json::Value>("x.yml", &text);
        let _ = locate(&text, "a.b.0");
    }

    #[test]
    fn any_text_comes_back(text in "\\PC*|[ -~\\n\\t]*") {
        let doc = format!("b: {}\nc: [{}]\n", yaml_text(&text, 2, 3), yaml_flow_scalar(&text));
        let back: std::collections::BTreeMap<String, serde_json::Value> = parse("x.yml", &doc).unwrap();
        assert_eq!(back["b"], serde_json::json!(text), "{doc}");
        assert_eq!(back["c"], serde_json::json!([text]), "{doc}");
    }
}
