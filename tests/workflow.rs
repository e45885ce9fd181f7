//! What people do between a proposal and a merge, by the real program, without running anything.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{AS_OF, SAMPLE, Sandbox};

fn proposed() -> (Sandbox, Value) {
    let s = Sandbox::workspace();
    let (code, answer) = s.json(&["propose", SAMPLE, "--as-of", AS_OF]);
    assert_eq!(code, 0, "{answer}");
    (s, answer)
}

const MART: &str = "dbt/models/marts/daily_customer_orders.sql";
const SPEC: &str = "pipelines/daily_customer_orders.yml";

#[test]
fn hand_edits_live_through_regeneration() {
    let (s, _) = proposed();
    s.edit(MART, "with orders as (", "-- Finance reads this table.\nwith orders as (");
    s.edit("dbt/models/staging/shop/stg_shop__orders.yml", "Orders of shop, one row each.", "One row per order.");
    s.write("dbt/models/marts/by_hand.sql", "select 1 as a\n");
    s.commit("by hand");
    let (_, edits) = s.json(&["diff", "--edits"]);
    assert_eq!(edits["files"].as_array().map(Vec::len), Some(3), "{edits}");

    s.edit(SPEC, "cron: \"0 6 * * *\"", "cron: \"0 7 * * *\"");
    s.edit(SPEC, "last: 30 days}\n    group_by", "last: 7 days}\n    group_by");
    s.commit("seven days, an hour later");
    let (code, answer) = s.json(&["regenerate"]);
    assert_eq!((code, &answer["status"]), (0, &"proposed".into()), "{answer}");
    let mart = s.read(MART);
    assert!(mart.starts_with("-- Finance reads this table.\n") && mart.contains("'day', -7, as_of()"), "{mart}");
    assert!(s.read("dbt/models/staging/shop/stg_shop__orders.yml").contains("One row per order."));
    assert!(s.read("dags/daily_customer_orders.py").contains("0 7 * * *"));
    assert_eq!(s.read("dbt/models/marts/by_hand.sql"), "select 1 as a\n");
    s.ok(&["check"]);

    let (head, tree) = (s.git(&["rev-parse", "HEAD"]), s.tree());
    for command in [&["regenerate"][..], &["propose", SAMPLE, "--as-of", AS_OF]] {
        let (code, answer) = s.json(command);
        assert_eq!((code, &answer["status"]), (0, &"unchanged".into()), "{command:?}: {answer}");
    }
    assert_eq!(head, s.git(&["rev-parse", "HEAD"]), "what changes nothing makes no commit");
    assert!(tree == s.tree());
}

#[test]
fn a_conflict_is_marked_and_fails_the_check() {
    let (s, _) = proposed();
    s.edit(MART, "dbt.dateadd('day', -30, as_of())", "dbt.dateadd('day', -31, as_of())");
    s.commit("by hand");
    s.edit(SPEC, "last: 30 days}\n    group_by", "last: 7 days}\n    group_by");
    s.commit("seven days");
    let (_, answer) = s.json(&["regenerate"]);
    assert!(answer["findings"].to_string().contains("merge-conflict"), "{answer}");
    let mart = s.read(MART);
    assert!(mart.contains("-31, as_of()") && mart.contains("-7, as_of()") && mart.contains("<<<<<<< "), "{mart}");
    let said = s.pw(&["check"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains(MART), "{}", said.err);
}

#[test]
fn what_changes_follows_a_model_that_people_moved() {
    let (s, _) = proposed();
    let yaml = MART.replace(".sql", ".yml");
    let [model, about] =
        [MART, yaml.as_str()].map(|path| path.replace("marts/daily", "marts/finance/orders_per_day_and_daily"));
    s.write(&model, s.read(MART).replace("with orders as (", "-- Finance reads this table.\nwith orders as ("));
    s.write(
        &about,
        s.read(&yaml).replace("name: daily_customer_orders\n", "name: orders_per_day_and_daily_customer_orders\n"),
    );
    s.git(&["rm", "-q", MART, &yaml]);
    s.commit("moved and renamed");
    s.edit(SPEC, "last: 30 days}\n    group_by", "last: 7 days}\n    group_by");
    s.commit("seven days");
    let (code, answer) = s.json(&["regenerate"]);
    assert_eq!((code, &answer["status"]), (0, &"proposed".into()), "{answer}");
    let said = answer["findings"].to_string();
    assert!(said.contains("followed-move") && !said.contains("kept-deletion"), "{said}");
    let text = s.read(&model);
    assert!(text.starts_with("-- Finance reads this table.\n") && text.contains("'day', -7, as_of()"), "{text}");
    assert!(s.read(&about).contains("name: orders_per_day_and_daily_customer_orders\n"), "{}", s.read(&about));
    assert!(s.read(&about).contains("last 7 days") && !s.path(MART).exists() && !s.path(&yaml).exists());
    assert_eq!(s.json(&["regenerate"]).1["status"], "unchanged");
}

#[test]
fn the_same_requirement_gives_the_same_bytes_anywhere() {
    let ((one, _), (two, _)) = (proposed(), proposed());
    assert!(one.tree() == two.tree());
    assert_eq!(one.git(&["rev-parse", "HEAD^{tree}"]), two.git(&["rev-parse", "HEAD^{tree}"]));
    let base = |s: &Sandbox| s.git(&["ls-tree", "-r", "--format=%(objectname) %(path)", "HEAD:.pipewright/base"]);
    for line in base(&one).lines() {
        let path = line.split_once(' ').expect("a path").1;
        let generated = one.git(&["rev-parse", &format!("HEAD:{path}")]);
        assert!(line.starts_with(&generated), "{path} is as generated");
    }
}

#[test]
fn a_change_is_shown_by_artifact_and_as_text() {
    let (s, answer) = proposed();
    let (code, diff) = s.json(&["diff"]);
    assert_eq!(code, 0, "{diff}");
    assert_eq!(diff["summary"]["counts"]["model"]["added"], 3, "{}", diff["summary"]["counts"]);
    assert_eq!(diff["summary"]["unknown"], serde_json::json!([]));
    let text = s.ok(&["diff"]).out;
    assert!(text.contains("+ model daily_customer_orders") && text.contains("+with orders as ("), "{text}");
    let pull_request = s.ok(&["pr"]).out;
    let change = answer["change"].as_str().expect("a change");
    for part in [SAMPLE, "```mermaid", "stg_shop__customers", "phone_is_e164", "pipewright rollback", change] {
        assert!(pull_request.contains(part), "no {part} in\n{pull_request}");
    }
    for words in ["last 30 days", "clean the phone numbers", "daily", "summary table"] {
        assert!(answer["trace"].to_string().contains(words), "{words}: {}", answer["trace"]);
    }
    let log = s.ok(&["log"]).out;
    assert!(log.contains(change), "{log}");
    s.ok(&["check"]);
}

/// The published schemas take what the program itself writes, and refuse what it does not.
#[test]
fn schemas_describe_the_documents() {
    let (s, _) = proposed();
    for (kind, file) in [("config", "pipewright.yml"), ("spec", SPEC)] {
        let schema: Value = serde_json::from_str(&s.ok(&["schema", kind]).out).expect("JSON");
        let judge = jsonschema::draft202012::new(&schema).expect("a schema");
        let mut document: Value = serde_yaml::from_str(&s.read(file)).expect("YAML");
        let faults: Vec<String> = judge.iter_errors(&document).map(|e| e.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{file}");
        document["nonsense"] = 1.into();
        assert!(!judge.is_valid(&document), "{kind} takes anything");
    }
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "proposal"]).out).expect("JSON");
    let judge = jsonschema::draft202012::new(&schema).expect("a schema");
    let good: Value = serde_json::from_str(include_str!("../fixtures/gate/good.json")).expect("JSON");
    assert!(judge.is_valid(&good) && !judge.is_valid(&serde_json::json!({"proposals": [{}]})));
}

/// Typed proposals of another program: committed as a change, kept, and generated again.
#[test]
fn proposals_from_outside_go_the_same_way() {
    let s = Sandbox::workspace();
    let spec = serde_json::json!({"proposals": [{"by": "agent", "because": {"words": "orders per currency"},
    "artifact": {"kind": "pipeline_spec", "version": 1, "name": "currencies",
        "ingest": [{"table": "shop.orders", "mode": "merge"}],
        "models": [
            {"name": "stg_shop__orders", "from": "shop.orders"},
            {"name": "currencies", "from": "stg_shop__orders", "group_by": [{"name": "currency"}],
             "measures": [{"name": "orders", "count": "*"}]}
        ]}}]});
    let said = s.piped(&["propose", "--from", "-", "--json"], &spec.to_string());
    assert_eq!(said.code, 0, "{}", said.err);
    let answer: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(answer["deliverables"], serde_json::json!([{"model": "currencies", "schema": "marts"}]));
    assert_eq!(answer["branch"], "pipewright/currencies");
    assert!(s.read("dbt/models/marts/currencies.sql").contains("group by currency"));
    s.ok(&["check"]);
    let (_, again) = s.json(&["regenerate"]);
    assert_eq!(again["status"], "unchanged", "{again}");
}

#[test]
fn a_pipeline_that_waits_for_a_load_is_started_by_it() {
    let s = Sandbox::workspace();
    let (code, answer) = s.json(&["propose", "Load orders every hour"]);
    assert_eq!(code, 0, "{answer}");
    let (code, answer) = s.json(&["propose", "Revenue per customer and day, after orders is loaded"]);
    assert_eq!(code, 0, "{answer}");
    let asset = "raw_shop/orders\")]";
    let waits = s.read("dags/daily_revenue_per_customer.py");
    assert!(waits.contains("schedule=[Asset(") && waits.contains(asset), "{waits}");
    let loads = s.read("dags/load_orders.py");
    assert!(loads.contains("outlets=[Asset(") && loads.contains(asset), "{loads}");

    // Nobody loads it any more: what waits would never start.
    s.edit("pipelines/load_orders.yml", "shop.orders", "shop.payments");
    let (code, answer) = s.json(&["check"]);
    assert_eq!(code, 2, "{answer}");
    assert!(answer.to_string().contains("unknown-asset"), "{answer}");
}

/// People of a source: each value stands in one column only, so that it is known where it came from.
const PEOPLE: &str = "
create table sailors (sailor_id integer primary key, full_name text not null, email text, phone text, home text, ssn text,
    card text, account text, last_ip text, born date, contact text, remark text, status text not null, updated_at timestamp not null);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
insert into sailors select i, 'Priya Quillfeather' || char(97 + i % 7), 'zz' || i || '@privatemail.example', '+49 30 770' || (1000 + i),
    i || ' Nettlecombe Street', printf('%03d-%02d-%04d', 100 + i, 10 + i % 80, 1000 + i), '4111 1111 1111 1111', 'DE89 3704 0044 0532 0130 00',
    '203.0.113.' || (i % 250), date('1950-01-17', '+' || (i * 31) || ' days'), case i % 2 when 0 then 'kim@privatemail.example' else 'n/a' end,
    case i % 3 when 0 then 'ask zz9@privatemail.example' when 1 then 'call +49 30 7701000' else 'fine' end,
    case i % 2 when 0 then 'on board' else 'ashore' end, datetime('2026-01-01', '+' || i || ' hours') from n;";

/// What would tell who somebody is, each a part of some value.
const TELLING: &[&str] = &[
    "Quillfeather",
    "privatemail",
    "30 770",
    "30770",
    "Nettlecombe",
    "101-11-1001",
    "4111",
    "0532 0130",
    "203.0.113",
    "1950-02",
    "1967-",
    "1984-",
];

#[test]
fn no_value_that_tells_who_somebody_is_is_written_anywhere() {
    let s = Sandbox::repository();
    support::sqlite(&s.path("crew.sqlite"), PEOPLE);
    let mut spoken = String::new();
    let mut run = |args: &[&str]| {
        let said = s.pw(args);
        spoken.push_str(&format!("{}{}", said.out, said.err));
        said.code
    };
    assert_eq!(run(&["init", "--source", "ship=sqlite:crew.sqlite", "--target", "duckdb"]), 0);
    assert_eq!(run(&["discover", "--json"]), 0);
    s.commit("discovered");
    assert_eq!(run(&["propose", "a table of sailors per status with the number of sailors", "--as-of", AS_OF]), 0);
    run(&["plan", "--json"]);
    run(&["log", "--json"]);
    run(&["diff"]);
    run(&["pr"]);
    let contract = s.read("contracts/ship/sailors.odcs.yaml");
    for tag in ["name", "email", "phone", "address", "national_id", "payment", "ip_address", "birth_date"] {
        assert!(contract.contains(&format!("pii.{tag}")), "{tag}: {contract}");
    }
    assert!(contract.contains("value: on board") && contract.contains("pii_confidence: 9"), "{contract}");
    let mut written = vec![("what was said".to_owned(), spoken.into_bytes())];
    for entry in walkdir::WalkDir::new(s.path(".")) {
        let entry = entry.unwrap();
        let path = entry.path();
        if entry.file_type().is_file() && path.extension().is_none_or(|e| e != "sqlite") {
            written.push((path.display().to_string(), std::fs::read(path).unwrap()));
        }
    }
    assert!(written.len() > 30, "the ledger and the files are among them");
    for (place, bytes) in written {
        let text = String::from_utf8_lossy(&bytes);
        for value in TELLING {
            assert!(!text.contains(value), "{place} holds `{value}`");
        }
    }
}

#[test]
fn a_new_profile_makes_nothing_stale_and_changes_nothing_that_is_generated() {
    let s = Sandbox::repository();
    support::sqlite(&s.path("crew.sqlite"), PEOPLE);
    s.ok(&["init", "--source", "ship=sqlite:crew.sqlite", "--target", "duckdb"]);
    s.ok(&["discover"]);
    s.commit("discovered");
    s.ok(&["propose", "a table of sailors per status with the number of sailors", "--as-of", AS_OF]);
    let (lock, contract) = (s.read("pipewright.lock"), s.read("contracts/ship/sailors.odcs.yaml"));
    support::sqlite(&s.path("crew.sqlite"), "delete from sailors where sailor_id > 350;");
    s.ok(&["discover", "--sample", "100", "--method", "reservoir"]);
    let now = s.read("contracts/ship/sailors.odcs.yaml");
    assert!(now != contract && now.contains("rows: 350, sample: 100, method: reservoir, seed: 42"), "{now}");
    s.commit("profiled anew");
    s.ok(&["check"]);
    let (code, answer) = s.json(&["regenerate"]);
    assert_eq!((code, &answer["status"]), (0, &"unchanged".into()), "{answer}");
    assert_eq!(s.read("pipewright.lock"), lock);
    // What people say in the contract is another thing.
    s.edit(
        "contracts/ship/sailors.odcs.yaml",
        "      - name: remark\n",
        "      - name: remark\n        description: Of the mate.\n",
    );
    s.commit("described");
    let (_, answer) = s.json(&["regenerate"]);
    assert_eq!(answer["status"], "proposed", "{answer}");
}
