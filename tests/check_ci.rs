//! What other repositories take from this one: the action, the GitLab template and the pre-commit hook. Their commands
//! are taken out of the files and run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;
use support::{Said, Sandbox, said};

fn read(path: &str) -> Value {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// A repository whose branch breaks a model: `origin` has its main branch.
fn change() -> Sandbox {
    let s = Sandbox::bare();
    s.git(&["init", "-q", "-b", "main"]);
    s.write("dbt/dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n");
    s.write("dbt/models/orders.sql", "select 1 as id, 2 as amount\n");
    s.write("dbt/models/total.sql", "select sum(amount) as total from {{ ref('orders') }}\n");
    s.commit("project");
    let origin = s.path("../origin.git");
    s.git(&["clone", "-q", "--bare", ".", origin.to_str().unwrap()]);
    s.git(&["remote", "add", "origin", origin.to_str().unwrap()]);
    s.git(&["fetch", "-q", "origin"]);
    s.git(&["checkout", "-q", "-b", "change"]);
    s.write("dbt/models/orders.sql", "select 1 as id\n");
    s.commit("break it");
    s
}

/// Runs a script as CI does, with our program first in the path.
fn shell(s: &Sandbox, script: &str, env: &[(&str, &str)]) -> Said {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_pipewright"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(s.path(""));
    command.env("PATH", path).env("GIT_CONFIG_GLOBAL", "/dev/null").envs(env.iter().copied());
    said(command.output().unwrap())
}

#[test]
fn the_action_annotates_summarises_and_fails() {
    let s = change();
    let action = read("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    s.write("../run/empty", "");
    let (temp, summary) = (s.path("../run"), s.path("../run/summary"));
    let env = [
        ("DIRECTORY", "dbt"),
        ("AGAINST", ""),
        ("SARIF", "check.sarif"),
        ("SOURCE", "/nosuch"),
        ("GITHUB_BASE_REF", "main"),
        ("RUNNER_TEMP", temp.to_str().unwrap()),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
    ];
    let mut codes = Vec::new();
    for step in steps.iter().filter(|step| step["if"].is_null()) {
        assert_eq!(step["shell"], "bash");
        for (name, _) in step["env"].as_mapping().unwrap() {
            assert!(env.iter().any(|(known, _)| *known == name.as_str().unwrap()), "{name:?}");
        }
        let done = shell(&s, step["run"].as_str().unwrap(), &env);
        codes.push((step["name"].as_str().unwrap().to_owned(), done.code));
        if step["name"] == "Check" {
            assert!(done.out.contains("::error file=dbt/models/orders.sql,title=breaking-change::"), "{}", done.out);
        }
    }
    let expected = [("Install", 0), ("Fetch what is compared with", 0), ("Check", 1)];
    assert_eq!(codes, expected.map(|(name, code)| (name.to_owned(), code)));
    let told = fs::read_to_string(&summary).unwrap();
    assert!(told.contains("breaks") && told.contains("```mermaid"), "{told}");
    let sarif: serde_json::Value = serde_json::from_str(&s.read("check.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let wrong = [env.as_slice(), &[("DIRECTORY", "nosuch")]].concat();
    let check = steps.iter().find(|step| step["name"] == "Check").unwrap()["run"].as_str().unwrap();
    assert_eq!(shell(&s, check, &wrong).code, 2, "a folder that is not there is no success");
}

#[test]
fn the_template_of_gitlab_writes_its_reports_and_fails() {
    let s = change();
    let job = &read("ci/check.gitlab-ci.yml")["pipewright-check"];
    let line = |key: &str| -> String {
        let lines = job[key].as_sequence().unwrap().iter().map(|l| l.as_str().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    };
    let base = s.git(&["rev-parse", "main"]);
    let env = [
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str()),
        ("PIPEWRIGHT_DIRECTORY", "dbt"),
        ("PIPEWRIGHT_SOURCE", "file:///nosuch"),
    ];
    assert_eq!(shell(&s, &line("before_script"), &env).code, 0);
    let done = shell(&s, &line("script"), &env);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let reports = &job["artifacts"]["reports"];
    let quality: serde_json::Value = serde_json::from_str(&s.read(reports["codequality"].as_str().unwrap())).unwrap();
    assert_eq!(quality[0]["location"]["path"], "dbt/models/orders.sql");
    let junit = s.path("").join(reports["junit"].as_str().unwrap());
    assert!(fs::read_to_string(&junit).unwrap().contains("<testsuites "));
    // By the schema that Jenkins publishes: `skipped` once stood where it has no place.
    let Some(judges) = std::env::var_os("PIPEWRIGHT_JUDGES") else {
        panic!("PIPEWRIGHT_JUDGES is not set: `make test`, or PIPEWRIGHT_JUDGES=$(scripts/judges.sh) cargo test");
    };
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas/junit-10.xsd");
    let judge = |report: &Path| {
        let mut judge = Command::new(Path::new(&judges).join("xmlschema-validate"));
        said(judge.arg("--schema").args([schema.as_path(), report]).output().unwrap())
    };
    let done = judge(&junit);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    s.write("wrong.xml", "<testsuites skipped=\"1\"></testsuites>");
    assert_ne!(judge(&s.path("wrong.xml")).code, 0);
}

#[test]
fn the_hook_fails_a_commit_that_breaks() {
    let s = change();
    let hooks = read(".pre-commit-hooks.yaml");
    let entry = hooks[0]["entry"].as_str().unwrap();
    assert_eq!(hooks[0]["pass_filenames"], false);
    let files = regex::Regex::new(hooks[0]["files"].as_str().unwrap()).unwrap();
    assert!(files.is_match("dbt/models/a.sql") && files.is_match("a.yml") && !files.is_match("README.md"));
    s.git(&["checkout", "-q", "main"]);
    assert_eq!(shell(&s, entry, &[]).code, 0);
    s.write("dbt/models/orders.sql", "select 1 as id\n");
    assert_eq!(shell(&s, entry, &[]).code, 1);
}
