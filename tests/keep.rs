//! What people wrote stays, and what they chose holds, by the real program over the sample shop.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::OnceLock;

use serde_json::Value;
use support::{AS_OF, SAMPLE, Sandbox};

const CONTRACT: &str = "contracts/shop/orders.odcs.yaml";
const ORDERS: &str = "dbt/models/staging/shop/stg_shop__orders.sql";
const PROPERTIES: &str = "dbt/models/staging/shop/stg_shop__orders.yml";
const MART: &str = "dbt/models/marts/daily_customer_orders.sql";
const DAG: &str = "dags/daily_customer_orders.py";
const INGEST: &str = "ingest/daily_customer_orders.py";
const SPEC: &str = "pipelines/daily_customer_orders.yml";

/// The sample, proposed and merged into `main`; made once, copied for each test.
fn ready() -> Sandbox {
    static READY: OnceLock<Sandbox> = OnceLock::new();
    let first = READY.get_or_init(|| {
        let s = Sandbox::workspace();
        s.ok(&["propose", SAMPLE, "--as-of", AS_OF]);
        s.git(&["branch", "-qM", "main"]);
        s
    });
    Sandbox::copy_of(&first.root)
}

/// The generator has something else to say: a column is called otherwise, the DAG runs at seven.
fn change(s: &Sandbox) {
    s.edit(CONTRACT, "      - name: status\n", "      - name: state\n");
    s.edit(SPEC, "cron: \"0 6 * * *\"", "cron: \"0 7 * * *\"");
    s.commit("the source and the schedule changed");
}

fn done(s: &Sandbox, args: &[&str], code: i32) -> Value {
    let (got, answer) = s.json(args);
    assert_eq!(got, code, "{args:?}: {answer}");
    answer
}

fn codes(answer: &Value) -> Vec<String> {
    let all = answer["findings"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|f| f["code"].as_str().map(str::to_owned)).collect()
}

fn base(path: &str) -> String {
    format!(".pipewright/base/{path}")
}

#[test]
fn edits_of_every_kind_live_and_a_second_time_changes_nothing() {
    let s = ready();
    s.edit(PROPERTIES, "Key of orders.", "What we call it.  # asked by finance");
    s.edit(PROPERTIES, "      - name: shipped_at\n", "      - name: shipped_at\n        meta: {owner: logistics}\n");
    s.edit(PROPERTIES, "          - accepted_values:\n", "          - unique\n          - accepted_values:\n");
    s.edit(
        DAG,
        "    ingest >> staging\n",
        "    notify = dbt(\"notify\", \"run-operation\", \"notify\")\n    ingest >> staging\n",
    );
    s.edit(DAG, "    schedule=\"0 6 * * *\",\n", "    schedule=\"0 6 * * *\",\n    is_paused_upon_creation=True,\n");
    s.edit(
        INGEST,
        "Column(\"shipped_at\", \"timestamp\")",
        "Column(\"shipped_at\", \"timestamp\", description=\"ours\")",
    );
    s.commit("by hand");
    change(&s);
    let answer = done(&s, &["regenerate"], 0);
    assert_eq!(answer["status"], "proposed");
    let (properties, dag, ingest) = (s.read(PROPERTIES), s.read(DAG), s.read(INGEST));
    for (text, words) in [
        (
            &properties,
            &["meta: {owner: logistics}", "- unique", "- name: state", "What we call it.  # asked by finance"][..],
        ),
        (&dag, &["notify = dbt(", "is_paused_upon_creation=True", "schedule=\"0 7 * * *\""]),
        (&ingest, &["description=\"ours\"", "\"state\""]),
    ] {
        for word in words {
            assert!(text.contains(word), "{word} is lost in\n{text}");
        }
        assert!(!text.contains("<<<<<<<"), "{text}");
    }
    assert!(!properties.contains("name: status"), "{properties}");
    done(&s, &["check"], 0);

    // Nothing is written a second time: same bytes, same moments, no commit.
    let stamps = |s: &Sandbox| -> Vec<_> {
        s.tree().into_keys().map(|p| (std::fs::metadata(s.path(&p)).unwrap().modified().unwrap(), p)).collect()
    };
    let (head, tree, before) = (s.git(&["rev-parse", "HEAD"]), s.tree(), stamps(&s));
    for _ in 0..2 {
        assert_eq!(done(&s, &["regenerate"], 0)["status"], "unchanged");
    }
    assert!((s.git(&["rev-parse", "HEAD"]), s.tree(), stamps(&s)) == (head, tree, before));
}

#[test]
fn a_dry_run_says_what_and_why_and_writes_nothing() {
    let s = ready();
    assert_eq!(done(&s, &["regenerate", "--dry-run"], 0)["status"], "unchanged");
    s.edit(DAG, "max_active_runs=1", "max_active_runs=2");
    s.commit("by hand");
    change(&s);
    let (head, tree) = (s.git(&["rev-parse", "HEAD"]), s.tree());
    let answer = done(&s, &["regenerate", "--dry-run"], 0);
    assert_eq!(answer["status"], "would_change");
    let file = |answer: &Value, path: &str| -> Value {
        let all = answer["files"].as_array().unwrap();
        all.iter().find(|f| f["path"] == path).cloned().unwrap_or_else(|| panic!("no {path} in {answer}"))
    };
    let because = |file: &Value| -> Vec<(String, Value)> {
        let all = file["because"].as_array().unwrap();
        all.iter().map(|b| (b["kind"].as_str().unwrap().to_owned(), b["documents"].clone())).collect()
    };
    let dag = file(&answer, DAG);
    assert_eq!((&dag["change"], &dag["edited"]), (&"changed".into(), &true.into()));
    assert!(dag["text"].as_str().unwrap().contains("+    schedule=\"0 7 * * *\","), "{dag}");
    let both =
        vec![("contract".to_owned(), serde_json::json!([CONTRACT])), ("spec".to_owned(), serde_json::json!([SPEC]))];
    assert_eq!(because(&dag), both);
    assert_eq!(file(&answer, ORDERS)["edited"], false);
    // In a clone without history it can't be known which of the documents it was: all are named.
    let clone = clone_of(&s, &["--depth", "1"]);
    let named = because(&file(&done(&clone, &["regenerate", "--dry-run"], 0), ORDERS))[0].1.to_string();
    assert!(named.contains(CONTRACT) && named.contains("contracts/shop/customers.odcs.yaml"), "{named}");
    // For people: the diff and the reason; nothing was written by any of it.
    let said = s.ok(&["regenerate", "--dry-run"]);
    assert!(said.out.contains(&format!("spec: {SPEC} says something else")) && said.out.contains("@@"), "{}", said.out);
    assert!((head, tree) == (s.git(&["rev-parse", "HEAD"]), s.tree()));

    // What it says is what is done.
    let paths = |answer: &Value, key: &str| -> Vec<String> {
        let all = answer["files"].as_array().unwrap();
        all.iter().map(|f| f.get(key).unwrap_or(f).as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&answer, "path"), paths(&done(&s, &["regenerate"], 0), ""));

    // Templates, the tool, and a conflict: exit code 1, as the command itself would have.
    s.edit("pipewright.lock", "tool: \"0.1.0\"", "tool: \"0.0.9\"");
    s.edit(DAG, "max_active_runs=2", "max_active_runs=3");
    s.edit(&base(MART), "'day', -30, as_of()", "'day', -29, as_of()");
    s.edit(MART, "'day', -30, as_of()", "'day', -31, as_of()");
    let hash = s.read("pipewright.lock").lines().find(|l| l.contains("templates:")).unwrap().to_owned();
    s.edit("pipewright.lock", &hash, &format!("    templates: sha256:{}", "0".repeat(64)));
    s.commit("as an older version left it");
    let answer = done(&s, &["regenerate", "--dry-run"], 1);
    let mart = file(&answer, MART);
    assert_eq!(mart["change"], "conflict", "{answer}");
    let kinds: Vec<String> = because(&mart).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["template", "tool"]);
}

/// A workspace whose DAG and mart are in conflict, on the branch of the change.
fn in_conflict() -> Sandbox {
    let s = ready();
    s.edit(DAG, "schedule=\"0 6 * * *\"", "schedule=\"0 5 * * *\"");
    s.edit(DAG, "max_active_runs=1", "max_active_runs=2");
    s.commit("by hand");
    change(&s);
    let answer = done(&s, &["regenerate"], 1);
    assert_eq!(codes(&answer), ["merge-conflict"], "{answer}");
    s
}

#[test]
fn conflicts_are_found_refused_and_settled() {
    let s = in_conflict();
    let marked = s.read(DAG);
    let line = marked.lines().position(|l| l == "<<<<<<< yours").unwrap() + 1;
    let checked = done(&s, &["check"], 1);
    assert_eq!(checked["findings"][0]["code"], "merge-conflict");
    assert_eq!(
        (&checked["findings"][0]["place"]["line"], &checked["findings"][0]["place"]["file"]),
        (&line.into(), &DAG.into())
    );
    let shown = s.pw(&["check"]).err;
    assert!(shown.contains(&format!("{DAG}:{line}:1")) && shown.contains("^^^^^^^^^^^^^"), "{shown}");
    s.refused(&["run"], 2, &["merge-conflict", DAG, "--keep"]);

    // Yours: the edit stands, the rest of the merge as well, and it never comes up again.
    let answer = done(&s, &["regenerate", "--keep", DAG], 0);
    let kept = s.read(DAG);
    assert!(kept.contains("schedule=\"0 5 * * *\"") && !kept.contains("0 7") && !kept.contains("<<<"), "{kept}");
    assert!(kept.contains("max_active_runs=2"));
    done(&s, &["check"], 0);
    assert_eq!(done(&s, &["regenerate"], 0)["status"], "unchanged");
    assert_eq!(done(&s, &["regenerate", "--keep", DAG], 0)["status"], "unchanged");
    assert!(s.ok(&["log"]).out.contains(answer["change"].as_str().unwrap()));
    // Undone: the markers are back.
    let undone = done(&s, &["rollback"], 0);
    assert_eq!(undone["of"], serde_json::json!([answer["change"]]));
    assert_eq!(s.read(DAG), marked);
    // And the undoing is undone.
    done(&s, &["rollback", undone["id"].as_str().unwrap()], 0);
    assert_eq!(s.read(DAG), kept);

    // The new text: the edit goes, and comes again.
    let accepted = done(&s, &["regenerate", "--accept", "dags/*.py"], 0);
    assert_eq!(s.read(DAG), s.read(&base(DAG)));
    assert!(s.read(DAG).contains("0 7") && s.read(DAG).contains("max_active_runs=1"));
    assert_eq!(accepted["chosen"], serde_json::json!([{"path": DAG, "choice": "accept"}]));
    done(&s, &["check"], 0);
    done(&s, &["rollback", accepted["change"].as_str().unwrap()], 0);
    assert_eq!(s.read(DAG), kept);
    assert_eq!(s.git(&["status", "--porcelain"]), "");
}

#[test]
fn markers_of_any_kind_are_found() {
    let s = ready();
    let mart = s.read(MART);
    let marked = |open: &str, close: &str, end: &str| {
        format!("{mart}{open}{end}-- a{end}======={end}-- b{end}{close}{end}").replace("\r\r", "\r")
    };
    for (path, text) in [
        (MART, marked("<<<<<<< yours", ">>>>>>> generated now", "\r\n")),
        (MART, marked("<<<<<<< HEAD", ">>>>>>> topic", "\n")),
        ("dbt/models/marts/of_people.sql", marked("<<<<<<< yours", ">>>>>>> generated now", "\n")),
    ] {
        s.write(path, text);
        s.refused(&["run"], 2, &["merge-conflict", path]);
        s.commit("marked");
        let checked = done(&s, &["check"], 1);
        assert!(codes(&checked).contains(&"merge-conflict".to_owned()), "{path}: {checked}");
        s.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
    // A file whose base is gone.
    s.write(MART, marked("<<<<<<< yours", ">>>>>>> generated now", "\n"));
    s.git(&["rm", "-q", &base(MART)]);
    s.commit("no base");
    assert!(codes(&done(&s, &["check"], 1)).contains(&"merge-conflict".to_owned()));
}

#[test]
fn plain_edits_and_deletions_are_chosen_too() {
    let s = ready();
    s.edit(MART, "with orders as (", "-- ours\nwith orders as (");
    s.edit(PROPERTIES, "Status of the order.", "Ours.");
    std::fs::remove_file(s.path(ORDERS)).unwrap();
    s.refused(&["regenerate", "--accept", "dbt/models"], 2, &["uncommitted", MART]);
    s.commit("by hand");
    s.refused(&["regenerate", "--accept", "nosuch.sql"], 2, &["not-generated", "nosuch.sql"]);
    s.refused(&["regenerate", "--accept", "dbt/models/staging/shop/stg_shop__order.sql"], 2, &["did you mean"]);
    s.refused(&["regenerate", "--accept", SPEC], 2, &["not-generated"]);
    s.refused(&["regenerate", "--accept", MART, "--keep", "dbt/models/marts/*.sql"], 2, &["both accepted and kept"]);
    s.refused(&["regenerate", "--accept", MART, "--dry-run"], 2, &["--dry-run"]);
    let edited = s.tree();
    let answer = done(&s, &["regenerate", "--accept", MART, ORDERS, "--keep", PROPERTIES], 0);
    assert_eq!(s.read(MART), s.read(&base(MART)));
    assert_eq!(s.read(ORDERS), s.read(&base(ORDERS)));
    assert!(s.read(PROPERTIES).contains("Ours."));
    assert_eq!(answer["files"], serde_json::json!([MART, ORDERS]));
    done(&s, &["rollback"], 0);
    assert!(s.tree() == edited);
    // Kept before anything conflicts: what is generated now counts as merged, the file stays as it is.
    s.edit(CONTRACT, "enum: [{value: EUR}, {value: USD}]", "enum: [{value: EUR}]");
    s.commit("one currency");
    let mine = s.read(PROPERTIES);
    done(&s, &["regenerate", "--keep", PROPERTIES], 0);
    assert!(s.read(PROPERTIES) == mine && s.read(&base(PROPERTIES)).contains("values: [EUR]"));
    done(&s, &["regenerate"], 0);
    assert_eq!(s.read(PROPERTIES), mine);
}

fn clone_of(s: &Sandbox, args: &[&str]) -> Sandbox {
    let clone = Sandbox::bare();
    let url = format!("file://{}", s.root.display());
    clone.git(&[&["clone", "-q"], args, &[&url, "."]].concat());
    clone
}

#[test]
fn a_released_file_is_never_generated_again() {
    let s = ready();
    let config = s.read("pipewright.yml");
    s.write("pipewright.yml", format!("# ours\n{config}"));
    s.edit(MART, "with orders as (", "-- ours\nwith orders as (");
    s.commit("by hand");
    done(&s, &["regenerate"], 0);
    let answer = done(&s, &["release", MART], 0);
    assert_eq!(s.read("pipewright.yml"), format!("# ours\n{config}released:\n  - {MART}\n"));
    assert!(!s.path(&base(MART)).exists());
    let mine = s.read(MART);
    assert_eq!(done(&s, &["release", MART], 0)["status"], "unchanged");
    s.refused(&["regenerate", "--accept", MART], 2, &["released", "release --undo"]);
    let checked = done(&s, &["check"], 0);
    assert_eq!((&checked["released"], codes(&checked)), (&serde_json::json!([MART]), vec![]));
    assert!(s.ok(&["check"]).out.contains(&format!("Released, so not checked: {MART}.")));
    assert_eq!(done(&s, &["regenerate"], 0)["status"], "unchanged");

    // It survives a squash, and is known in a fresh clone of that; nothing of it is in local state.
    s.git(&["switch", "-q", "--orphan", "squashed"]);
    s.git(&["checkout", "-q", answer["branch"].as_str().unwrap(), "--", "."]);
    s.commit("squash");
    let clone = clone_of(&s, &["--depth", "1", "--branch", "squashed"]);
    std::fs::copy(s.path("shop.sqlite"), clone.path("shop.sqlite")).unwrap();
    assert_eq!(done(&clone, &["check"], 0)["released"], serde_json::json!([MART]));
    clone.edit(SPEC, "last: 30 days}\n    group_by", "last: 7 days}\n    group_by");
    clone.commit("seven days");
    let again = done(&clone, &["regenerate"], 0);
    assert!(!again["files"].to_string().contains(MART), "{again}");
    assert_eq!(clone.read(MART), mine);

    // What it reads is gone: said by `check` and by `regenerate`, at the line.
    clone.edit(
        CONTRACT,
        "      - name: ordered_at\n        physicalType",
        "      - name: placed_at\n        physicalName: ordered_at\n        physicalType",
    );
    let spec = clone.read(SPEC).replace("ordered_at", "placed_at");
    clone.write(SPEC, spec);
    clone.commit("another name");
    let answer = done(&clone, &["regenerate"], 0);
    let found = answer["findings"].as_array().unwrap().iter().find(|f| f["code"] == "released-unresolved").cloned();
    let found = found.unwrap_or_else(|| panic!("{answer}"));
    let line = mine.lines().position(|l| l.contains("ordered_at")).unwrap() + 1;
    assert_eq!((&found["place"]["file"], &found["place"]["line"]), (&MART.into(), &line.into()), "{found}");
    assert_eq!(clone.read(MART), mine);
    let checked = codes(&done(&clone, &["check"], 1));
    assert!(
        ["released-unresolved", "unknown-column", "breaking-change"].iter().all(|c| checked.contains(&(*c).to_owned()))
    );

    // Given back: what stands there is an edit, merged from now on; and undone with one command.
    let given = done(&clone, &["release", "--undo", MART], 0);
    assert_eq!(clone.read(MART), mine);
    assert!(clone.read(&base(MART)).contains("placed_at"));
    assert_eq!(clone.read("pipewright.yml"), format!("# ours\n{config}"));
    clone.refused(&["release", "--undo", MART], 2, &["not-released"]);
    assert!(!codes(&done(&clone, &["check"], 1)).contains(&"out-of-step".to_owned()));
    done(&clone, &["rollback", given["change"].as_str().unwrap()], 0);
    assert_eq!(done(&clone, &["check"], 1)["released"], serde_json::json!([MART]));
    assert!(!clone.path(&base(MART)).exists());
    // An entry that names nothing is said.
    clone.edit("pipewright.yml", MART, "dags/nosuch.py");
    clone.commit("wrong");
    assert!(codes(&done(&clone, &["check"], 1)).contains(&"released-nothing".to_owned()));
}

#[test]
fn hand_edits_are_listed_whole() {
    let s = ready();
    s.edit(MART, "with orders as (", "-- ours\nwith orders as (");
    s.commit("by hand");
    s.git(&["mv", "dbt/macros/pipewright/as_of.sql", "dbt/macros/as_of.sql"]);
    std::fs::rename(s.path(INGEST), s.path("ingest/renamed.py")).unwrap();
    s.edit("ingest/renamed.py", "import os\n", "import os\nimport re\n");
    std::fs::remove_file(s.path("ddl/daily_customer_orders/duckdb.sql")).unwrap();
    s.write("dbt/models/marts/mine.sql", "select 1 as a\n");
    s.write("notes.md", "no part of it\n");
    s.write("dbt/target/x.json", "{}\n");
    let answer = done(&s, &["diff", "--edits"], 0);
    let all: Vec<(&str, Option<&str>)> =
        answer["files"].as_array().unwrap().iter().map(|f| (f["path"].as_str().unwrap(), f["from"].as_str())).collect();
    assert_eq!(
        all,
        [
            ("dbt/macros/as_of.sql", Some("dbt/macros/pipewright/as_of.sql")),
            (MART, None),
            ("dbt/models/marts/mine.sql", None),
            ("ddl/daily_customer_orders/duckdb.sql", None),
            ("ingest/renamed.py", Some(INGEST)),
        ]
    );
    let summary = s.ok(&["diff", "--edits", "--summary"]).out;
    for words in ["+ model mine", "~ model daily_customer_orders", "- landing table duckdb: raw_shop.orders"] {
        assert!(summary.contains(words), "{words} is not in\n{summary}");
    }
    let text = s.ok(&["diff", "--edits"]).out;
    assert!(text.contains(&format!("rename from {INGEST}\nrename to ingest/renamed.py\n")), "{text}");
}

/// A process that holds the workspace's lock as a run would, until it is ended.
fn holder(s: &Sandbox) -> std::process::Child {
    let script = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); \
        f.write('`pipewright run` (process 4711)'); f.flush(); print('held', flush=True); time.sleep(600)";
    let mut held = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(s.path(".pipewright/state/lock"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(held.stdout.take().expect("stdout")), &mut line).unwrap();
    held
}

#[test]
fn while_another_process_is_at_work_nothing_is_written_and_all_can_be_read() {
    let s = ready();
    s.edit(PROPERTIES, "Key of orders.", "What we call it.");
    s.commit("by hand");
    change(&s);
    let mut held = holder(&s);
    for writes in [
        &["regenerate"][..],
        &["regenerate", "--accept", PROPERTIES],
        &["release", PROPERTIES],
        &["discover"],
        &["propose", SAMPLE, "--as-of", AS_OF],
        &["rollback", "x"],
        &["drift", "--fix"],
        &["drift", "--dag", "0 6 * * *"],
        &["run"],
    ] {
        let said =
            s.refused(writes, 2, &["error[workspace-busy]: `pipewright run` (process 4711) is at work", "wait until"]);
        assert_eq!(said.out, "", "{writes:?}");
    }
    for (reads, code) in [
        (&["regenerate", "--dry-run"][..], 0),
        (&["check"], 1),
        (&["drift"], 0),
        (&["plan"], 0),
        (&["diff", "--edits"], 0),
        (&["log"], 0),
    ] {
        let said = s.pw(reads);
        assert_eq!(said.code, code, "{reads:?}: {}{}", said.out, said.err);
        assert!(!said.err.contains("workspace-busy"), "{reads:?}: {}", said.err);
    }
    // A work tree that is moved at this moment is not read.
    s.write(".pipewright/state/journal.json", "{}");
    assert!(s.pw(&["regenerate", "--dry-run"]).code == 2);
    std::fs::remove_file(s.path(".pipewright/state/journal.json")).unwrap();
    // What a killed process leaves behind is no obstacle: the file is there, and nobody holds it.
    held.kill().unwrap();
    held.wait().unwrap();
    assert!(s.read(".pipewright/state/lock").contains("4711"));
    assert_eq!(done(&s, &["regenerate"], 0)["status"], "proposed");
}
