//! Every format, with hostile text in every place.
#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::*;
use crate::verbs::check::{Base, Counts, LookedAt, Unknown};
use crate::vocabulary::{Fix, Severity};

const HOSTILE: &str = "a\n::error::x%0A<b>&\"|`]]>--><!-- @team #1 \u{1b}[31m\u{7}\r\u{202e}é";

fn checked() -> Checked {
    let text = "select *\nfrom a union select 1";
    let fix = Fix::bytes("models/a b,c:é.sql", text, 16..21, "union all");
    let mut warning = Diagnostic::warning("select-star", HOSTILE)
        .at(Place::span("models/a b,c:é.sql", text, 1, 8, 1))
        .why(HOSTILE)
        .next("name <columns>");
    warning.fix = fix.map(Box::new);
    let error = Diagnostic::error("syntax", "no end").at(Place::file("models/b.sql"));
    let nowhere = Diagnostic::error("against-unreadable", "no base");
    let unknown = Unknown { node: "model.s.c".into(), why: Diagnostic::warning("needs-warehouse", HOSTILE) };
    let node = |node: &str, file: &str, unknown: Option<&str>| LookedAt {
        node: node.into(),
        file: file.into(),
        unknown: unknown.map(str::to_owned),
        print: Default::default(),
    };
    Checked {
        status: "findings",
        folder: "dbt/".into(),
        models: Counts { checked: 2, unknown: 1, skipped: 0 },
        unknown: vec![unknown],
        findings: vec![error, nowhere, warning.clone(), warning],
        against: Some(Base { revision: HOSTILE.into(), commit: "0123456789abcdef".into() }),
        nodes: vec![
            node("model.s.a", "models/a b,c:é.sql", None),
            node("model.s.b", "models/b.sql", None),
            node("model.s.c", "models/c.sql", Some(HOSTILE)),
            node("model.s.d", "models/d.sql", None),
        ],
        ..Checked::default()
    }
}

/// No text may begin an escape sequence, or turn the direction of writing.
fn is_quiet(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
}

#[test]
fn annotations_of_github_stay_one_a_line() {
    let text = github::annotations(&checked());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines.iter().all(|l| l.starts_with("::error ") || l.starts_with("::warning ")), "{text}");
    assert_eq!(lines[0], "::error file=dbt/models/b.sql,title=syntax::no end");
    assert_eq!(lines[1], "::error title=against-unreadable::no base");
    let place =
        "::warning file=dbt/models/a b%2Cc%3Aé.sql,line=1,col=8,endColumn=9,title=select-star::a%0A::error::x%250A";
    assert!(lines[2].starts_with(place), "{text}");
}

#[test]
fn code_quality_of_gitlab_has_what_it_needs() {
    let report = gitlab::report(&checked());
    let entries = report.as_array().unwrap();
    assert_eq!(entries.len(), 4);
    let mut prints = std::collections::BTreeSet::new();
    for entry in entries {
        for field in ["description", "check_name", "fingerprint", "severity"] {
            assert!(entry[field].as_str().is_some_and(|s| !s.is_empty()), "{field}: {entry}");
        }
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&entry["severity"].as_str().unwrap()));
        assert!(entry["location"]["path"].as_str().is_some_and(|path| !path.starts_with("./")));
        assert!(entry["location"]["lines"]["begin"].as_u64().is_some_and(|n| n > 0));
        assert!(prints.insert(entry["fingerprint"].to_string()), "fingerprints tell findings apart");
    }
}

#[test]
fn sarif_is_as_its_schema_asks() {
    let log = sarif::log(&checked(), 1);
    assert_eq!((log["version"].as_str(), log["runs"].as_array().map(Vec::len)), (Some("2.1.0"), Some(1)));
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["against-unreadable", "select-star", "syntax"]);
    assert!(rules.iter().all(|r| r["shortDescription"]["text"].as_str().is_some_and(|t| !t.is_empty())));
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(ids[index], result["ruleId"].as_str().unwrap());
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].as_str().is_some_and(|t| !t.is_empty()));
        assert!(result["partialFingerprints"]["pipewright/v1"].as_str().is_some_and(|p| p.len() == 32));
    }
    let place = &results[2]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "dbt/models/a%20b%2Cc%3A%C3%A9.sql");
    assert_eq!((&place["region"]["startLine"], &place["region"]["endColumn"]), (&Value::from(1), &Value::from(9)));
    let replacement = &results[2]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["deletedRegion"], serde_json::json!({ "byteOffset": 16, "byteLength": 5 }));
    assert_eq!(results[1]["locations"], serde_json::json!([]));
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes[0]["message"]["text"].as_str().unwrap().contains("model.s.c is not known"));
}

/// Every shape that a check can have: nothing, everything, and a comparison.
fn shapes() -> Vec<Checked> {
    use crate::check::against::{Against, Approved, Change, Difference, Reader, Thing, Use, Verdict, What};
    let reader = |kind| Reader { name: HOSTILE.into(), kind, broken: true, ..Reader::default() };
    let mut readers =
        [Thing::Dag, Thing::Contract, Thing::Pipeline, Thing::Outside, Thing::Exposure].map(reader).to_vec();
    readers.push(Reader {
        name: "model.s.a".into(),
        columns: vec![HOSTILE.into()],
        uses: vec![Use::Filter],
        ..Reader::default()
    });
    let approved = Some(Approved { model: "a".into(), column: None, reason: HOSTILE.into(), by: HOSTILE.into() });
    let difference = Difference {
        what: What::ColumnRemoved,
        column: Some(HOSTILE.into()),
        verdict: Verdict::Breaking,
        readers,
        approved,
        note: Some(HOSTILE.into()),
        ..Difference::default()
    };
    let plain = Difference { what: What::Added, ..Difference::default() };
    let change =
        |d| Change { node: "model.s.a".into(), name: HOSTILE.into(), differences: vec![d], ..Change::default() };
    let changes = Against { changes: vec![change(difference), change(plain)], ..Against::default() };
    let compared = Checked { verdict: Some(Verdict::Breaking), changes: vec![changes], ..checked() };
    let alone = Checked { not_compared: Some(HOSTILE.into()), against: None, ..checked() };
    vec![Checked::default(), checked(), compared, alone]
}

#[test]
fn reports_are_as_their_schemas_ask() {
    let sarif: Value = serde_json::from_str(include_str!("../../../fixtures/schemas/sarif-2.1.0.json")).unwrap();
    let sarif = jsonschema::validator_for(&sarif).unwrap();
    let own = crate::proposal::schema::of_answer::<Checked>();
    let own = jsonschema::validator_for(&own).unwrap();
    for checked in shapes() {
        let json = serde_json::to_value(&checked).unwrap();
        assert!(own.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).next().is_none(), "{json:#}");
        assert!(json["unknown"].is_array() && json["changes"].is_array(), "an empty list is a list");
        let log = sarif::log(&checked, 1);
        let errors: Vec<String> = sarif.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        for text in [github::annotations(&checked), junit::report(&checked), text::summary(&checked)] {
            assert!(is_quiet(&text), "{text}");
        }
    }
    let wrong = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(!sarif.is_valid(&wrong) && !own.is_valid(&serde_json::json!({ "status": "clean" })));
}

#[test]
fn junit_is_xml_with_a_case_a_model() {
    let text = junit::report(&checked());
    assert!(text.contains("tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"1\""), "{text}");
    assert_eq!(text.matches("<testcase ").count(), 5);
    assert_eq!(text.matches("<failure ").count(), 2);
    assert!(is_quiet(&text) && !text.contains("<b>") && !text.contains("<!--"), "{text}");
    // Tags open and close in order; the names are our own.
    let mut open = Vec::new();
    for tag in text.split('<').skip(1).map(|t| t.split('>').next().unwrap()).filter(|t| !t.starts_with('?')) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap().to_owned()),
        }
    }
    assert!(open.is_empty());
}

#[test]
fn the_comment_says_the_verdict_and_nothing_of_its_own_accord() {
    let text = markdown::comment(&checked());
    assert!(text.starts_with("<!-- pipewright check -->\n## ❌ Pipewright: "), "{text}");
    assert!(text.contains("2 models checked, 1 unknown, 0 skipped"), "{text}");
    assert!(text.contains("<details open><summary><code>models/b.sql</code>: 1 error, 0 warnings"), "{text}");
    assert!(text.contains("model.s.c"), "unknown models are named: {text}");
    assert!(is_quiet(&text) && !text.contains('\u{202e}'), "{text}");
    // What stands between backticks is shown as it is.
    let outside: String = text.replace("\\`", "").split('`').step_by(2).collect();
    assert!(!outside.contains("<b>") && !outside.contains("@team"), "{outside}");
    assert_eq!(outside.matches("<!--").count(), 1, "{outside}");
    let many = Checked { findings: vec![checked().findings[2].clone(); 10_000], ..checked() };
    assert!(markdown::comment(&many).len() < 65_536);
    let files = (0..5_000).map(|i| Diagnostic::error("x", HOSTILE).at(Place::file(format!("models/{i}.sql"))));
    let text = markdown::comment(&Checked { findings: files.collect(), ..checked() });
    assert!(text.len() < 65_536 && text.contains("more files"));
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let findings = checked().findings;
    assert_eq!(text::findings(&findings, 0).len(), 4);
    let shown = text::findings(&findings, 2);
    assert_eq!(shown.len(), 3);
    assert!(shown[2].contains("2 more: 2 select-star"), "{}", shown[2]);
    assert!(is_quiet(&anstream::adapter::strip_str(&text::findings(&findings, 0).join("\n")).to_string()));
}

#[test]
fn the_summary_names_what_is_not_known() {
    let text = text::summary(&checked());
    for part in ["unknown: model.s.c", "2 models checked, 1 unknown, 0 skipped; 2 errors, 2 warnings.", "(0123456789)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(is_quiet(&text));
    let safe = Checked { verdict: Some(crate::check::against::Verdict::Safe), findings: Vec::new(), ..checked() };
    assert_ne!(text::verdict(&safe), "safe", "what is not known is never safe");
    let all_known = Checked { unknown: Vec::new(), ..safe };
    assert_eq!(text::verdict(&all_known), "safe");
}

#[test]
fn fingerprints_and_severities_go_together() {
    let checked = checked();
    let prints: std::collections::BTreeSet<String> = numbered(&checked.findings).map(|(_, print)| print).collect();
    assert_eq!(prints.len(), checked.findings.len());
    assert_eq!(checked.findings.iter().filter(|f| f.severity == Severity::Error).count(), 2);
}
