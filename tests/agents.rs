//! Plans, what agents say to each other, and agents of one's own: the real program, real child processes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use serde_json::Value;
use support::{AS_OF, SAMPLE, Sandbox};

const AGENT: &str = "agents:
  - name: currencies
    command: [python3, agents/currencies.py]
    does: [dbt_test]
";

/// A workspace whose main branch has the agent of `fixtures/own_agent`.
fn with_agent() -> Sandbox {
    let s = Sandbox::workspace();
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/own_agent/agents/currencies.py");
    s.write("agents/currencies.py", fs::read_to_string(script).unwrap());
    s.write("pipewright.yml", s.read("pipewright.yml") + AGENT);
    s.commit("an agent of our own");
    s
}

/// A workspace whose agent is that shell script.
fn with_script(script: &str, more: &str) -> Sandbox {
    let s = Sandbox::workspace();
    s.write("agents/agent.sh", script);
    let entry = format!("agents:\n  - {{name: currencies, command: [sh, agents/agent.sh], does: [dbt_test]{more}}}\n");
    s.write("pipewright.yml", s.read("pipewright.yml") + &entry);
    s.commit("an agent of our own");
    s
}

const PER_CURRENCY: &str = "a table of orders per currency with the total amount";

#[test]
fn a_plan_shows_who_does_what_and_writes_nothing() {
    let s = with_agent();
    let before = s.tree();
    let (code, plan) = s.json(&["plan", SAMPLE]);
    assert_eq!((code, plan["status"].as_str()), (0, Some("planned")), "{plan:#}");
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "plan"]).out).unwrap();
    let answer: serde_json::Map<String, Value> =
        plan.as_object().unwrap().iter().filter(|(k, _)| *k != "status").map(|(k, v)| (k.clone(), v.clone())).collect();
    assert!(jsonschema::validate(&schema, &Value::Object(answer)).is_ok());
    let steps = plan["plans"][0]["steps"].as_array().unwrap();
    let roles: Vec<&str> = steps.iter().map(|s| s["role"].as_str().unwrap()).collect();
    assert_eq!(&roles[..4], ["ingestion", "schema", "transformation", "quality"]);
    let quality = &steps[3];
    assert_eq!(quality["by"][0]["agent"], "rules");
    assert!(quality["by"][0]["gives"]["unit_test"].as_u64().unwrap() > 0, "{quality:#}");
    assert_eq!(quality["by"][1]["agent"], "currencies");
    assert!(quality["by"][1]["gives"]["dbt_test"].is_null(), "no program is run to plan");
    let scheduling = steps.iter().find(|s| s["role"] == "scheduling").unwrap();
    assert_eq!(scheduling["gates"][0]["verdict"], "at_merge", "the sample names a production target");
    let shown = s.ok(&["plan", SAMPLE, "--mermaid"]).out;
    assert!(shown.starts_with("flowchart LR\n") && shown.contains("currencies"), "{shown}");
    assert!(s.ok(&["plan", SAMPLE]).out.contains("by the agent currencies"));
    assert_ne!(s.json(&["plan", "the frobnication of the gizmos"]).0, 0);
    assert!(before == s.tree(), "a plan wrote something");
    s.refused(&["plan", "--pipeline", "nowhere"], 2, &["nowhere", "propose"]);
    s.refused(&["plan"], 2, &["no pipeline"]);
}

#[test]
fn a_plan_of_a_pipeline_shows_the_gates_between_it_and_the_main_branch() {
    let s = Sandbox::workspace();
    s.ok(&["propose", PER_CURRENCY, "--as-of", AS_OF]);
    let name = s.git(&["branch", "--show-current"]).replace("pipewright/", "");
    s.git(&["checkout", "-q", "main"]);
    s.git(&["merge", "-q", "--ff-only", &format!("pipewright/{name}")]);
    assert_eq!(s.json(&["plan", "--pipeline", &name]).1["waiting"], 0);
    let spec = format!("pipelines/{name}.yml");
    s.write(&spec, s.read(&spec).replace("name: total_amount", "name: amount_in_all"));
    let (code, plan) = s.json(&["plan", "--pipeline", &name]);
    assert_eq!((code, plan["waiting"].as_u64()), (0, Some(1)), "{plan:#}");
    assert!(s.ok(&["plan"]).out.contains(&format!("gate: drop marts.{name}.total_amount: waits")));
}

#[test]
fn large_loads_wait_for_a_person() {
    let s = Sandbox::workspace();
    s.edit("pipewright.yml", "backfill]}", "backfill], backfill_rows: 1000}");
    s.commit("a small workspace");
    s.refused(&["propose", PER_CURRENCY], 2, &["needs-approval", "backfill `shop.orders`", "approvals"]);
    assert!(s.ok(&["plan", PER_CURRENCY]).out.contains("up to 2400 rows are loaded, more than 1000"));
}

#[test]
fn an_agent_of_ones_own_is_asked_once_and_its_answer_is_kept() {
    let s = with_agent();
    s.ok(&["propose", PER_CURRENCY, "--as-of", AS_OF]);
    let name = s.git(&["branch", "--show-current"]).replace("pipewright/", "");
    let model = s.read(&format!("dbt/models/marts/{name}.yml"));
    assert!(model.contains("severity: warn"), "the agent's test is missing:\n{model}");
    let kept = format!("pipelines/{name}.agents.json");
    assert_eq!(s.read(&kept), s.read(&format!(".pipewright/base/{kept}")));
    // Nobody needs the program to check, and the same bytes come out.
    fs::remove_file(s.path("agents/currencies.py")).unwrap();
    s.commit("gone");
    assert_eq!(s.json(&["check"]).0, 0);
    assert_eq!(s.json(&["regenerate"]).1["status"], "unchanged");
    assert_eq!(s.json(&["propose", PER_CURRENCY, "--as-of", AS_OF]).1["status"], "unchanged");
    // The conversation can be followed.
    let change = s.git(&["log", "-1", "--skip=1", "--format=%(trailers:key=Pipewright-Change,valueonly)"]);
    let (_, log) = s.json(&["log", "--messages", "--change", change.trim()]);
    let messages = log["conversations"][0]["messages"].as_array().unwrap();
    let answer = messages.iter().find(|m| m["from"] == "currencies").expect("the agent's answer");
    let task = messages.iter().find(|m| m["id"] == answer["answers"]).expect("what it answers");
    assert_eq!((task["to"].as_str(), task["says"].as_str()), (Some("currencies"), Some("task")));
    assert_eq!(task["job"]["name"].as_str(), Some(format!("{name}.quality").as_str()));
    assert!(answer["artifacts"]["dbt_test"].as_u64().unwrap() > 1, "{answer:#}");
    assert!(messages.iter().any(|m| m["says"] == "verdict" && m["result"] == "proven"));
    assert_eq!(messages.last().unwrap()["result"], "proposed");
    assert!(s.ok(&["log", "--messages"]).out.contains("orchestrator → currencies"));
    s.refused(&["log", "--messages", "--change", "nowhere"], 2, &["nowhere"]);
    // A task that has changed is another task.
    s.git(&["checkout", "-q", "HEAD~1", "--", "agents"]);
    s.commit("back");
    let spec = format!("pipelines/{name}.yml");
    s.write(&spec, s.read(&spec).replace("total_amount, sum", "sum_amount, sum"));
    s.commit("renamed");
    let (code, checked) = s.json(&["check"]);
    assert_eq!(code, 2, "the kept test names a column that is gone: {checked:#}");
    s.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let contract = "contracts/shop/orders.odcs.yaml";
    s.edit(contract, "description: Key of orders.", "description: Key of an order.");
    s.commit("another contract");
    let (code, checked) = s.json(&["check"]);
    assert_eq!(code, 1);
    assert!(checked["findings"].as_array().unwrap().iter().any(|f| f["code"] == "agent-behind"), "{checked:#}");
    s.ok(&["regenerate", "--trust-agents"]);
    assert_eq!(s.json(&["check"]).0, 0);
}

#[test]
fn a_branch_that_nobody_reviewed_brings_no_program() {
    let s = with_agent();
    let ran = s.path("ran");
    s.git(&["checkout", "-q", "-b", "evil"]);
    let evil = format!("open({:?}, 'w').write('x')\nprint('{{\"proposals\": []}}')\n", ran.display().to_string());
    s.write("agents/currencies.py", &evil);
    s.commit("evil program");
    s.refused(&["propose", PER_CURRENCY], 2, &["agent-not-trusted", "agents/currencies.py", "--trust-agents"]);
    s.git(&["reset", "-q", "--hard", "main"]);
    s.write("agents/json.py", &evil);
    s.commit("evil module beside it");
    s.refused(&["propose", PER_CURRENCY], 2, &["agent-not-trusted", "agents/json.py"]);
    s.git(&["reset", "-q", "--hard", "main"]);
    s.write("agents/currencies.py", &evil);
    s.refused(&["propose", PER_CURRENCY], 2, &["agent-not-trusted", "agents/currencies.py"]);
    s.git(&["checkout", "-q", "."]);
    for command in ["[python3, agents/other.py]", "[python3, ./agents/../agents/other.py]", "[sh, -c, touch ran]"] {
        s.write("agents/other.py", &evil);
        s.edit("pipewright.yml", "[python3, agents/currencies.py]", command);
        s.commit("evil command");
        s.refused(&["propose", PER_CURRENCY], 2, &["agent-not-trusted"]);
        s.refused(&["check"], 2, &["no-pipeline"]);
        s.git(&["reset", "-q", "--hard", "main"]);
    }
    assert!(!ran.exists());
    s.ok(&["propose", PER_CURRENCY, "--as-of", AS_OF]);
    s.edit("pipewright.yml", "[python3, agents/currencies.py]", "[sh, -c, touch ran]");
    s.commit("evil command on the branch of a change");
    assert_ne!(s.pw(&["check"]).code, 0, "the answer was another program's");
    assert!(!ran.exists(), "check runs no program");
    assert!(!s.path("ran").exists() && !s.path(".pipewright/state/agents/currencies/cwd/ran").exists());
}

#[test]
fn what_goes_wrong_with_a_program_is_one_clear_diagnostic() {
    let proposal = r##"{"artifact": {"kind": "alert", "pipeline": "x", "slack": "#a", "webhook_env": "A"}}"##;
    let stranger = format!("cat >/dev/null; echo '{{\"proposals\": [{proposal}]}}'");
    let cases: &[(&str, &str, &[&str])] = &[
        ("exit 3", "", &["agent-failed", "exit code 3"]),
        ("echo no database here >&2; exit 1", "", &["agent-failed", "no database here", "stderr.log"]),
        ("kill -9 $$", "", &["agent-failed", "signal 9"]),
        ("sleep 60", ", timeout_seconds: 1", &["agent-timeout", "1 seconds", "timeout_seconds"]),
        ("true", "", &["agent-silent", "answered nothing"]),
        ("echo hello", "", &["json-syntax", "answer of currencies:1:1"]),
        ("printf '{\"proposals\": [{\"artifact\"'", "", &["json-syntax", "answer of currencies:1"]),
        ("echo '[1]'", "", &["agent-answer", "schema answer"]),
        ("echo '{\"proposals\": [{\"artifact\": {\"kind\": \"dbt_tset\"}}]}'", "", &["schema-enum", "dbt_test"]),
        (
            "echo '{\"proposals\": [{\"artifact\": {\"kind\": \"dbt_test\", \"test\": \"unique\"}}]}'",
            "",
            &["schema-required", "model"],
        ),
        (&stranger, "", &["agent-kind", "`alert`", "dbt_test"]),
        ("yes", ", output_kib: 16", &["agent-too-much", "16 KiB", "output_kib"]),
        ("printf '\\377\\376'", "", &["agent-answer", "UTF-8"]),
    ];
    for (script, more, words) in cases {
        let watch = Instant::now();
        let s = with_script(script, more);
        let said = s.refused(&["propose", PER_CURRENCY], 2, words);
        assert_eq!(said.err.matches("error[").count(), 1, "{script}: {}", said.err);
        assert!(watch.elapsed().as_secs() < 30, "{script}");
    }
    for (command, words) in [
        ("[nosuchprogram]", &["agent-no-program", "nosuchprogram", "PATH"][..]),
        ("[agents/agent.sh]", &["agent-no-program", "not executable", "chmod"]),
        ("[agents/nowhere.sh]", &["agent-no-program", "no file"]),
    ] {
        let s = with_script("true", "");
        s.edit("pipewright.yml", "[sh, agents/agent.sh]", command);
        s.commit("another command");
        s.refused(&["propose", PER_CURRENCY], 2, words);
    }
}

#[test]
fn a_program_sees_only_what_it_is_given() {
    let script = "#!/bin/sh\nenv | sort > \"$WHERE/env\"; pwd > \"$WHERE/pwd\"; ls -A > \"$WHERE/ls\"; cat > \"$WHERE/task\"\n\
                  echo hunter2secret >&2; echo '{\"proposals\": []}'\n";
    let s = with_script(script, ", env: [WHERE, TOKEN]");
    fs::set_permissions(s.path("agents/agent.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    s.edit("pipewright.yml", "[sh, agents/agent.sh]", "[agents/agent.sh]");
    let contract = "contracts/shop/customers.odcs.yaml";
    assert!(s.read(contract).contains("pii.email"));
    s.commit("it is executable");
    let out = tempfile::tempdir().unwrap();
    let mut command = s.command(&["propose", PER_CURRENCY, "--as-of", AS_OF]);
    command.env("WHERE", out.path()).env("TOKEN", "hunter2secret").env("AWS_SECRET_ACCESS_KEY", "x");
    let said = support::said(command.output().unwrap());
    assert_eq!(said.code, 0, "{}", said.err);
    let read = |name: &str| fs::read_to_string(out.path().join(name)).unwrap();
    let names: Vec<String> = read("env").lines().filter_map(|l| Some(l.split_once('=')?.0.to_owned())).collect();
    let known = ["LC_ALL", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE", "SHLVL", "TOKEN", "WHERE", "_", "OLDPWD"];
    assert!(names.iter().all(|n| known.contains(&n.as_str())), "{names:?}");
    assert!(read("pwd").trim().ends_with(".pipewright/state/agents/currencies/cwd") && read("ls").is_empty());
    let task: Value = serde_json::from_str(&read("task")).unwrap();
    let schema: Value = serde_json::from_str(&s.ok(&["schema", "task"]).out).unwrap();
    if let Err(e) = jsonschema::validate(&schema, &task) {
        panic!("{e}\n{task:#}");
    }
    assert_eq!((task["schema"].as_u64(), task["gives"][0].as_str()), (Some(1), Some("dbt_test")));
    assert!(!task["rules"].as_array().unwrap().is_empty() && !task["models"].as_array().unwrap().is_empty());
    assert!(!read("task").contains("shop.sqlite"), "no connection");
    let log = s.read(".pipewright/state/agents/currencies/stderr.log");
    assert_eq!(log, "***\n");
}

#[test]
fn an_entry_that_makes_no_sense_is_refused() {
    for (entry, words) in [
        ("{name: quality, command: [x], does: [alert]}", &["agent-config", "name of a role", "agents.0.name"][..]),
        ("{name: a1, command: [x]}", &["agent-config", "does"]),
        ("{name: a1, command: [], does: [alert]}", &["agent-config", "no program"]),
        ("{name: a1, command: [x], does: [alerts]}", &["unknown-value", "alerts", "alert"]),
        ("{name: a1, command: [x], does: [pipeline_spec]}", &["agent-config", "pipeline_spec", "--from"]),
        ("{name: a1, command: [x], roles: [discovery]}", &["agent-config", "discovery"]),
        ("{name: a1, command: [x], does: [alert], env: ['TOKEN=1']}", &["agent-config", "environment variable"]),
        ("{name: a1, command: [x], does: [alert], timeout_seconds: 0}", &["agent-config", "1 to 3600"]),
        ("{name: a1, comand: [x], does: [alert]}", &["unknown-field", "comand", "command"]),
    ] {
        let s = Sandbox::workspace();
        s.write("pipewright.yml", s.read("pipewright.yml") + &format!("agents:\n  - {entry}\n"));
        s.refused(&["propose", PER_CURRENCY], 2, words);
    }
}
