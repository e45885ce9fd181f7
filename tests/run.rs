//! Setting up and running, on the real runtime: what succeeds, what fails, and what is in nobody's power.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pipewright::run::{RunReport, Status, Target, TestStatus, Via};
use pipewright::verbs::run::RunOptions;
use pipewright::verbs::{doctor, run, setup};
use pipewright::vocabulary::Name;
use serde_json::{Value, json};
use tempfile::TempDir;

const AS_OF: &str = "2026-03-31";

/// A child of this program that calls one verb in an environment of its own: what is asked is in `PW_TEST_ASK`.
#[test]
fn child() {
    let Ok(ask) = std::env::var("PW_TEST_ASK") else { return };
    let ask: Value = serde_json::from_str(&ask).expect("JSON");
    let workspace = PathBuf::from(ask["workspace"].as_str().unwrap_or("."));
    let mut events = Vec::new();
    let mut listen = |event: &pipewright::run::Event| events.push(serde_json::to_value(event).expect("JSON"));
    let answer = match ask["verb"].as_str().expect("a verb") {
        "setup" => {
            let options = setup::SetupOptions { airflow: ask["airflow"] == true, ..Default::default() };
            setup::setup(&options, &mut listen).map(|r| serde_json::to_value(r).expect("JSON"))
        }
        "doctor" => doctor::doctor(&doctor::DoctorOptions { workspace }, &mut listen)
            .map(|r| serde_json::to_value(r).expect("JSON")),
        "run" => {
            let names = ask["pipelines"].as_array();
            let names =
                names.map(|n| n.iter().map(|n| Name::parse(n.as_str().expect("text")).expect("a name")).collect());
            let options = RunOptions {
                workspace,
                pipelines: names,
                target: if ask["target"] == "prod" { Target::Prod } else { Target::Dev },
                via: if ask["via"] == "airflow" { Via::Airflow } else { Via::Dbt },
                as_of: Some(AS_OF.parse().expect("a date")),
            };
            run::run(&options, &mut listen).map(|r: RunReport| serde_json::to_value(r).expect("JSON"))
        }
        other => panic!("{other}?"),
    };
    let answer = match answer {
        Ok(answer) => json!({"ok": answer, "events": events}),
        Err(fault) => json!({"fault": fault.diagnostics, "exit": fault.exit, "events": events}),
    };
    fs::write(std::env::var("PW_TEST_ANSWER").expect("a path"), answer.to_string()).expect("written");
}

/// That child, to be run.
fn asking(ask: &Value, answer: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child", "--nocapture"]);
    command.env("PW_TEST_ASK", ask.to_string()).env("PW_TEST_ANSWER", answer);
    command
}

fn answer(ask: &Value, change: impl FnOnce(&mut Command) -> &mut Command) -> Value {
    let keep = TempDir::new().expect("a folder");
    let file = keep.path().join("answer.json");
    let mut command = asking(ask, &file);
    let out: Output = change(&mut command).output().expect("the child runs");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| {
        panic!("{e}\n{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    });
    serde_json::from_str(&text).expect("JSON")
}

fn ask(ask: &Value) -> Value {
    answer(ask, |c| c)
}

/// The real runtime, in the user's cache.
fn runtime() -> &'static Value {
    static RUNTIME: OnceLock<Value> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let said = ask(&json!({"verb": "setup", "airflow": true}));
        assert!(said["ok"]["core"]["bin"].is_string(), "{said}");
        said["ok"].clone()
    })
}

/// A copy of `fixtures/run/project` in a repository, with a source of three orders.
struct Project {
    keep: TempDir,
}

impl Project {
    fn new() -> Project {
        runtime();
        let project = Project { keep: TempDir::new().expect("a folder") };
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/run/project");
        for file in walkdir::WalkDir::new(&from).into_iter().flatten().filter(|e| e.file_type().is_file()) {
            let to = project.path(file.path().strip_prefix(&from).expect("inside").to_str().expect("UTF-8"));
            fs::create_dir_all(to.parent().expect("a folder")).expect("made");
            fs::copy(file.path(), to).expect("copied");
        }
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript('''create table orders \
            (order_id integer, day date, note text); insert into orders values (1, '2026-03-01', 'a'), \
            (2, '2026-03-01', 'b'), (3, '2026-03-30', null), (4, '2026-03-31', 'later');''')";
        project.python(&["-c", script, project.path("shop.sqlite").to_str().expect("UTF-8")]);
        project.git(&["init", "-q", "-b", "main"]);
        project.commit();
        project
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.keep.path().join(relative)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).expect("readable");
        assert!(text.contains(from), "{file} holds no {from}");
        fs::write(self.path(file), text.replacen(from, to, 1)).expect("written");
    }

    fn git(&self, args: &[&str]) {
        let config = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let out = Command::new("git").args(config).args(args).current_dir(self.keep.path()).output().expect("git");
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "x"]);
    }

    /// The runtime's own Python.
    fn python(&self, args: &[&str]) -> String {
        let bin = runtime()["core"]["bin"].as_str().expect("a folder");
        let out = Command::new(Path::new(bin).join("python")).args(args).output().expect("python");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    fn rows(&self, query: &str) -> String {
        let script =
            "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).fetchall())";
        self.python(&["-c", script, self.path("data/warehouse.duckdb").to_str().expect("UTF-8"), query])
    }

    fn ask(&self, more: &Value) -> Value {
        let mut ask = json!({"verb": "run", "workspace": self.keep.path()});
        ask.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        ask
    }

    fn run(&self, more: &Value) -> Value {
        ask(&self.ask(more))
    }
}

/// The code and text of a fault.
fn fault(answer: &Value) -> (u64, String) {
    assert!(answer["ok"].is_null(), "{answer}");
    (answer["exit"].as_u64().expect("a code"), answer["fault"].to_string())
}

fn report(answer: &Value) -> &Value {
    assert!(answer["fault"].is_null(), "{answer}");
    &answer["ok"]
}

fn word(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

#[test]
fn dbt_builds_tests_and_reports() {
    let p = Project::new();
    let said = p.run(&json!({}));
    let r = report(&said);
    assert_eq!(r["status"], word(Status::Success), "{r:#}");
    let models: Vec<_> = r["models"].as_array().expect("models").iter().map(|m| (&m["name"], &m["status"])).collect();
    assert_eq!(models.len(), 2, "{models:?}");
    assert_eq!(r["models"][1]["relation"], "\"warehouse\".\"main_marts\".\"daily\"");
    let test =
        |name: &str| r["tests"].as_array().expect("tests").iter().find(|t| t["name"] == name).cloned().expect("a test");
    let unique = test("unique_stg_shop__orders_order_id");
    assert_eq!((&unique["model"], &unique["column"]), (&json!("stg_shop__orders"), &json!("order_id")));
    let warned =
        r["tests"].as_array().expect("tests").iter().find(|t| t["status"] == word(TestStatus::Warn)).expect("one");
    assert_eq!((&warned["column"], &warned["failures"]), (&json!("orders"), &json!(1)));
    assert_eq!(test("daily_counts")["kind"], "unit");
    assert_eq!(
        p.rows("select cast(day as varchar), orders from main_marts.daily order by 1"),
        "[('2026-03-01', 2), ('2026-03-30', 1)]"
    );
    assert_eq!(r["database"], p.path("data/warehouse.duckdb").to_str().expect("UTF-8"));
    assert!(
        said["events"].to_string().contains("START") || said["events"].to_string().contains("stg_shop__orders"),
        "{said}"
    );

    let receipts = |p: &Project| {
        let (all, unread) = pipewright::run::receipts(p.keep.path()).expect("receipts");
        assert_eq!(unread, 0);
        all
    };
    let inverse = receipts(&p)[0].inverse.clone();
    assert!(inverse.contains(&"drop table if exists \"warehouse\".\"main_marts\".\"daily\"".to_owned()), "{inverse:?}");
    assert!(inverse.contains(&"drop schema if exists raw_shop cascade".to_owned()), "{inverse:?}");

    // Again: the same, and nothing new to take away.
    assert_eq!(report(&p.run(&json!({})))["status"], "success");
    assert_eq!(p.rows("select count(*) from raw_shop.orders"), "[(3,)]");
    assert_eq!(receipts(&p)[1].inverse, Vec::<String>::new());

    // What the first run did is taken back, also where there is no dbt project any more.
    fs::remove_dir_all(p.path("dbt")).expect("removed");
    let workspace = pipewright::workspace::Workspace::open(p.keep.path()).expect("opens");
    let execute = |statements: &[String]| {
        let logs = p.path(".pipewright/state/runs/drop");
        pipewright::run::execute_statements(
            p.keep.path(),
            &workspace.config,
            Target::Dev,
            statements,
            logs,
            &mut |_| {},
        )
    };
    execute(&inverse).expect("dropped");
    assert_eq!(p.rows("select count(*) from information_schema.tables"), "[(0,)]");
    let fault = execute(&["create table kept (a int)".into(), "drop table nowhere".into()]).expect_err("no such table");
    assert!(fault.to_string().contains("`drop table nowhere` failed"), "{fault}");
    assert!(fault.to_string().contains("nowhere does not exist"), "{fault}");
    assert_eq!(p.rows("select count(*) from information_schema.tables"), "[(0,)]", "all or nothing");
}

#[test]
fn a_failing_test_fails_the_run_and_everything_is_reported() {
    let p = Project::new();
    p.edit(
        "dbt/models/staging/_sources.yml",
        "data_tests: [unique, not_null]",
        "data_tests: [{accepted_values: {arguments: {values: [1]}}}]",
    );
    let said = p.run(&json!({}));
    let r = report(&said);
    assert_eq!(r["status"], "failed");
    let failed = r["tests"].as_array().expect("tests").iter().find(|t| t["status"] == "fail").expect("one");
    assert_eq!((&failed["column"], &failed["failures"]), (&json!("order_id"), &json!(2)));
    assert_eq!(r["models"][0]["status"], "success");
    assert_eq!(r["models"][1]["status"], "success", "models are built first, then all of them are tested");
    assert!(r["findings"].to_string().contains("test-failed"), "{r}");
}

#[test]
fn what_fails_is_told_by_its_essential_lines() {
    let p = Project::new();
    p.edit("ingest/daily.py", "rows = ", "raise ValueError('no such thing')\nrows = ");
    let said = p.run(&json!({}));
    let r = report(&said);
    assert_eq!(
        (&r["status"], &r["findings"][0]["why"]),
        (&json!("failed"), &json!("ValueError: no such thing")),
        "{r:#}"
    );
    assert_eq!(r["steps"][2]["status"], "skipped");
    assert_eq!(r["models"].as_array().expect("models").len(), 2, "models that were not begun are there");
    let log = r["steps"][1]["log"].as_str().expect("a log");
    assert!(fs::read_to_string(p.path(log)).expect("the log").contains("Traceback"));
    p.git(&["checkout", "-q", "--", "."]);

    p.edit("dbt/models/marts/daily.sql", "day, count", "no_such_column, count");
    let said = p.run(&json!({}));
    assert!(report(&said)["findings"].to_string().contains("no_such_column"), "{said}");
    p.edit("dbt/models/marts/daily.sql", "ref('stg_shop__orders')", "ref('nowhere')");
    let said = p.run(&json!({}));
    assert!(report(&said)["findings"][0]["why"].to_string().contains("'nowhere' which was not found"), "{said}");
    p.git(&["checkout", "-q", "--", "."]);

    p.edit("ddl/daily/duckdb.sql", "create table if not exists", "create tabel if not exists");
    let said = p.run(&json!({}));
    assert!(report(&said)["findings"].to_string().contains("create tabel"), "{said}");
}

#[test]
fn what_is_not_there_is_refused_before_anything_is_done() {
    let p = Project::new();
    for (file, named) in [
        ("shop.sqlite", "sources.shop.dev.path"),
        ("ddl/daily/duckdb.sql", "ddl/daily/duckdb.sql"),
        ("ingest/daily.py", "ingest/daily.py"),
        ("dbt/models/marts/daily.sql", "the model `daily`"),
    ] {
        let text = fs::read(p.path(file)).expect("readable");
        fs::remove_file(p.path(file)).expect("removed");
        let (exit, said) = fault(&p.run(&json!({})));
        assert!(exit == 2 && said.contains(named), "{said}");
        fs::write(p.path(file), text).expect("written");
    }
    let (exit, said) = fault(&p.run(&json!({"pipelines": ["dayly"]})));
    assert!(exit == 2 && said.contains("daily"), "{said}");
    let (exit, said) = fault(&p.run(&json!({"pipelines": []})));
    assert!(exit == 2 && said.contains("nothing-to-run"), "{said}");
    fs::remove_file(p.path("pipelines/daily.yml")).expect("removed");
    let (exit, said) = fault(&p.run(&json!({})));
    assert!(exit == 2 && said.contains("pipewright propose"), "{said}");
    assert!(!p.path("data").exists());
}

#[test]
fn production_runs_only_what_is_merged() {
    let p = Project::new();
    fs::write(p.path("new.txt"), "x").expect("written");
    let (exit, said) = fault(&p.run(&json!({"target": "prod"})));
    assert!(exit == 2 && said.contains("new.txt"), "{said}");
    fs::remove_file(p.path("new.txt")).expect("removed");
    p.git(&["checkout", "-qb", "pipewright/x"]);
    let (exit, said) = fault(&p.run(&json!({"target": "prod"})));
    assert!(exit == 2 && said.contains("pipewright/x"), "{said}");
    p.git(&["checkout", "-q", "main"]);
    // Allowed, but nothing is configured; every variable is named, no value is.
    let (exit, said) = fault(&p.run(&json!({"target": "prod"})));
    assert!(exit == 2 && said.contains("PW_TEST_MYSQL_URL") && said.contains("PW_TEST_SNOWFLAKE_ACCOUNT"), "{said}");
}

#[test]
fn one_run_at_a_time_and_a_busy_database_is_named() {
    let p = Project::new();
    assert_eq!(report(&p.run(&json!({})))["status"], "success");
    let file = p.path("data/warehouse.duckdb");
    let bin = runtime()["core"]["bin"].as_str().expect("a folder");
    let script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()";
    let mut holder = Command::new(Path::new(bin).join("python"))
        .args(["-c", script])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().expect("stdout")), &mut line)
        .expect("open");
    let said = p.run(&json!({}));
    let findings = report(&said)["findings"].to_string();
    assert!(findings.contains("database-locked") && findings.contains(&format!("PID {}", holder.id())), "{said}");
    drop(holder.stdin.take());
    holder.wait().expect("ended");

    let go = p.path("go");
    p.edit(
        "ingest/daily.py",
        "rows = ",
        &format!("import time\nwhile not os.path.exists({go:?}): time.sleep(0.05)\nrows = "),
    );
    let keep = TempDir::new().expect("a folder");
    let mut first = asking(&p.ask(&json!({})), &keep.path().join("answer.json")).spawn().expect("a child");
    let deadline = Instant::now() + Duration::from_secs(300);
    while fs::read_to_string(p.path(".pipewright/state/lock")).unwrap_or_default().is_empty()
        && Instant::now() < deadline
    {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(500));
    let (exit, said) = fault(&p.run(&json!({})));
    assert!(exit == 2 && said.contains("workspace-busy"), "{said}");
    fs::write(&go, "").expect("written");
    first.wait().expect("ended");
    let first: Value =
        serde_json::from_str(&fs::read_to_string(keep.path().join("answer.json")).expect("an answer")).expect("JSON");
    assert_eq!(report(&first)["status"], "success");
}

#[test]
fn ctrl_c_leaves_a_report_and_nobody_behind() {
    let p = Project::new();
    let mark = p.path("started");
    p.edit(
        "ingest/daily.py",
        "rows = ",
        &format!("import time; open({mark:?}, 'w').write(str(os.getpid())); time.sleep(60)\nrows = "),
    );
    let keep = TempDir::new().expect("a folder");
    let mut child = asking(&p.ask(&json!({})), &keep.path().join("answer.json")).spawn().expect("a child");
    let deadline = Instant::now() + Duration::from_secs(300);
    while fs::read_to_string(&mark).unwrap_or_default().is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = fs::read_to_string(&mark).expect("it started");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    child.wait().expect("ended");
    let said: Value =
        serde_json::from_str(&fs::read_to_string(keep.path().join("answer.json")).expect("an answer")).expect("JSON");
    assert_eq!(report(&said)["status"], "failed");
    assert!(report(&said)["findings"].to_string().contains("interrupted"), "{said}");
    assert!(
        !Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().expect("kill").success(),
        "{pid} lives on"
    );
    assert!(report(&p.run(&json!({"pipelines": ["daily"]})))["status"].is_string(), "the next run begins");
}

#[test]
fn airflow_runs_the_same_and_tells_of_each_task() {
    let p = Project::new();
    let said = p.run(&json!({"via": "airflow"}));
    let r = report(&said);
    assert_eq!(r["status"], "success", "{r:#}");
    let tasks: Vec<_> =
        r["tasks"].as_array().expect("tasks").iter().map(|t| (t["task"].clone(), t["state"].clone())).collect();
    assert_eq!(tasks, [(json!("ingest"), json!("success")), (json!("build"), json!("success"))]);
    assert_eq!(r["models"].as_array().expect("models").len(), 2);
    assert!(r["tests"].as_array().expect("tests").iter().any(|t| t["column"] == "order_id"), "{r:#}");
    assert_eq!(
        p.rows("select cast(day as varchar), orders from main_marts.daily order by 1"),
        "[('2026-03-01', 2), ('2026-03-30', 1)]"
    );

    p.edit("ingest/daily.py", "rows = ", "raise ValueError('no such thing')\nrows = ");
    let said = p.run(&json!({"via": "airflow"}));
    let r = report(&said);
    assert_eq!((&r["status"], &r["tasks"][1]["state"]), (&json!("failed"), &json!("upstream_failed")), "{r:#}");
    assert!(r["findings"][0]["what"].to_string().contains("`ingest`"), "{r:#}");
    assert_eq!(r["findings"][0]["why"], "ValueError: no such thing");
    assert_eq!(r["models"][0]["status"], "skipped");
}

#[test]
fn the_runtime_is_asked_for_where_it_is_not() {
    let p = Project::new();
    let empty = TempDir::new().expect("a folder");
    let (exit, said) = fault(&answer(&p.ask(&json!({})), |c| c.env("PIPEWRIGHT_CACHE", empty.path())));
    assert!(exit == 2 && said.contains("run `pipewright setup`"), "{said}");
    fs::write(
        p.path("pipewright.yml"),
        fs::read_to_string(p.path("pipewright.yml")).expect("read") + "runtime: {dbt: tools/dbt}\n",
    )
    .expect("written");
    let (exit, said) = fault(&p.run(&json!({})));
    assert!(exit == 2 && said.contains("tools/dbt") && said.contains("runtime.dbt"), "{said}");
}

#[test]
fn set_up_without_python_or_network_leaves_nothing() {
    let cache = TempDir::new().expect("a folder");
    let bare = TempDir::new().expect("a folder");
    let setup = json!({"verb": "setup"});
    let (exit, said) = fault(&answer(&setup, |c| c.env("PIPEWRIGHT_CACHE", cache.path()).env("PATH", bare.path())));
    assert!(exit == 2 && said.contains("no-python") && said.contains("PIPEWRIGHT_PYTHON"), "{said}");
    let broken = bare.path().join("python3");
    fs::write(&broken, "#!/bin/sh\necho 'Python 2.7'\n").expect("written");
    Command::new("chmod").arg("+x").arg(&broken).status().expect("chmod");
    let (exit, said) =
        fault(&answer(&setup, |c| c.env("PIPEWRIGHT_CACHE", cache.path()).env("PIPEWRIGHT_PYTHON", &broken)));
    assert!(exit == 2 && said.contains("no-python"), "{said}");

    let offline = |c: &mut Command| {
        c.env("PIPEWRIGHT_CACHE", cache.path());
        c.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple").env("UV_INDEX_URL", "http://127.0.0.1:9/simple");
        c.env("UV_OFFLINE", "0").env("PIP_FIND_LINKS", "").env("PIP_NO_CACHE_DIR", "1").env("UV_NO_CACHE", "1");
    };
    let (exit, said) = fault(&answer(&setup, |c| {
        offline(c);
        c
    }));
    assert!(exit == 2 && said.contains("index-unreachable"), "{said}");
    let left: Vec<_> =
        fs::read_dir(cache.path().join("runtime")).expect("the cache").flatten().map(|e| e.path()).collect();
    assert!(left.iter().all(|p| !p.is_dir() && p.extension().is_none_or(|e| e != "json")), "{left:?}");
}

#[test]
fn a_killed_set_up_counts_as_none_and_a_broken_one_is_seen() {
    let cache = TempDir::new().expect("a folder");
    let keep = TempDir::new().expect("a folder");
    let setup = json!({"verb": "setup"});
    // Nothing that is installed here is started: it need not be compiled.
    let quick = |mut command: Command| {
        command.env("PIPEWRIGHT_CACHE", cache.path()).env("PIP_NO_COMPILE", "1");
        command
    };
    let mut child = quick(asking(&setup, &keep.path().join("a"))).spawn().expect("a child");
    let made = || walkdir::WalkDir::new(cache.path()).into_iter().flatten().any(|e| e.file_name() == "core.txt");
    let deadline = Instant::now() + Duration::from_secs(300);
    while !made() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(made(), "it began");
    child.kill().expect("killed");
    child.wait().expect("ended");
    let doctor =
        answer(&json!({"verb": "doctor", "workspace": keep.path()}), |c| c.env("PIPEWRIGHT_CACHE", cache.path()));
    let core = doctor["ok"]["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .find(|c| c["name"] == "runtime core")
        .expect("core")
        .clone();
    assert_eq!((&core["status"], &core["next"]), (&json!("missing"), &json!("run `pipewright setup`")), "{doctor}");
    assert_eq!(doctor["ok"]["ok"], false);

    // Two at once: one installs, the other waits and finds it.
    let both: Vec<_> = ["b", "c"]
        .map(|name| quick(asking(&setup, &keep.path().join(name))).spawn().expect("a child"))
        .into_iter()
        .collect();
    for mut child in both {
        assert!(child.wait().expect("ended").success());
    }
    let read = |name: &str| {
        serde_json::from_str::<Value>(&fs::read_to_string(keep.path().join(name)).expect("an answer")).expect("JSON")
    };
    let mut status =
        [read("b"), read("c")].map(|a| a["ok"]["core"]["status"].as_str().map(str::to_owned).expect("a status"));
    status.sort();
    assert_eq!(status, ["cached", "installed"]);

    // The Python that it was made with goes away: set up anew.
    let bin = PathBuf::from(read("b")["ok"]["core"]["bin"].as_str().expect("a folder"));
    fs::remove_file(bin.join("python")).expect("removed");
    let p = Project::new();
    let (_, said) = fault(&answer(&p.ask(&json!({})), |c| c.env("PIPEWRIGHT_CACHE", cache.path())));
    assert!(said.contains("runtime-broken"), "{said}");
    let anew = answer(&setup, |c| c.env("PIPEWRIGHT_CACHE", cache.path()).env("PIP_NO_COMPILE", "1"));
    assert_eq!(anew["ok"]["core"]["status"], "installed", "{anew}");
}

#[test]
fn doctor_names_variables_and_never_values() {
    let p = Project::new();
    let said = answer(&json!({"verb": "doctor", "workspace": p.keep.path()}), |c| {
        c.env("PW_TEST_MYSQL_URL", "mysql://u:hunter22@h/d").env("PW_TEST_SNOWFLAKE_USER", "somebody")
    });
    let text = said.to_string();
    assert!(
        text.contains("PW_TEST_SNOWFLAKE_ACCOUNT") && !text.contains("hunter22") && !text.contains("somebody"),
        "{text}"
    );
    assert_eq!(said["ok"]["ok"], true, "{said:#}");
}
