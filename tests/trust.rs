//! What is kept and what is hidden, on real dbt and Airflow: histories of rows that change and go, pseudonyms whose salt is
//! seen nowhere. Needs the runtime (`pipewright setup --with airflow`), as `make test` installs it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::warehouse::rows;
use support::{AS_OF, Sandbox};

const SALT: &str = "it's-4-s3cret-of-ours";

fn run(s: &Sandbox, pipeline: &Value, via: &str) -> Value {
    let pipeline = pipeline["pipeline"].as_str().expect("a pipeline");
    let mut command = s.command(&["run", "--pipeline", pipeline, "--as-of", AS_OF, "--via", via, "--json"]);
    let out = command.env("PIPEWRIGHT_MASK_SALT", SALT).output().expect("pipewright");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(0), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(!said.contains(SALT));
    serde_json::from_str(&said).expect("JSON")
}

/// Files below a folder that hold the salt, as it is or as SQL writes it.
fn with_salt(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            with_salt(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let forms = [SALT.to_owned(), SALT.replace('\'', "''"), SALT.split('\'').next_back().unwrap().to_owned()];
            if forms.iter().any(|form| bytes.windows(form.len()).any(|w| w == form.as_bytes())) {
                found.push(path);
            }
        }
    }
}

#[test]
fn states_are_kept_and_salts_are_not() {
    let s = Sandbox::repository();
    let source = s.path("crm.sqlite");
    support::sqlite(
        &source,
        "create table persons (id integer primary key, name text not null, email text, city text, updated_at timestamp not null);
         insert into persons values
             (1, 'Ada Abt', 'ada@example.com', 'Oslo', '2026-03-01 10:00:00'),
             (2, 'Bo Berg', 'bo@example.com', 'Bergen', '2026-03-02 10:00:00'),
             (3, 'Cy Cole', null, null, '2026-03-03 10:00:00');",
    );
    s.ok(&["init", "--source", "crm=sqlite:crm.sqlite", "--target", "duckdb"]);
    s.ok(&["discover"]);
    s.write(".gitignore", "*.sqlite\n*.duckdb\n.pipewright/state/\n");
    s.commit("a workspace");
    let (code, kept) = s.json(&["propose", "Keep a history of every change to persons", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{kept}");
    let (code, hidden) = s.json(&["propose", "Pseudonymise the name and email of persons", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{hidden}");
    let dag = s.read(&format!("dags/{}.yml", kept["pipeline"].as_str().unwrap()));
    assert!(dag.contains("persons_history") || dag.contains("snapshot"), "{dag}");

    run(&s, &kept, "dbt");
    run(&s, &hidden, "dbt");
    let place = rows(&s, "select table_schema from information_schema.tables where table_name = 'persons_history'");
    let history = format!("{}.persons_history", place[0][0].as_str().expect("a schema"));
    let states = |what: &str| rows(&s, &format!("select {what} from {history}"));
    assert_eq!(states("count(*), count(dbt_valid_to)"), json!([["3", "0"]]));
    let pseudonyms =
        rows(&s, "select count(distinct email), count(email), min(length(email)) from marts.pseudonymised_persons");
    assert_eq!(pseudonyms, json!([["2", "2", "32"]]));

    run(&s, &kept, "dbt");
    assert_eq!(states("count(*), count(dbt_valid_to)"), json!([["3", "0"]]), "nothing changed, nothing is added");

    support::sqlite(
        &source,
        "update persons set city = 'Tromsø', updated_at = '2026-03-30 10:00:00' where id = 1;
         delete from persons where id = 2;
         insert into persons values (4, 'Di Dahl', 'di@example.com', 'Oslo', '2026-03-30 11:00:00');",
    );
    let report = run(&s, &kept, "airflow");
    assert!(
        report["tasks"].to_string().contains("history") || report["tasks"].to_string().contains("snapshot"),
        "{report}"
    );
    let now = format!("select id, city, dbt_valid_to is null as current from {history} order by id, dbt_valid_from");
    let want = json!([
        ["1", "Oslo", "False"],
        ["1", "Tromsø", "True"],
        ["2", "Bergen", "False"],
        ["3", "None", "True"],
        ["4", "Oslo", "True"]
    ]);
    assert_eq!(rows(&s, &now), want);

    let mut found = Vec::new();
    with_salt(&s.path(""), &mut found);
    assert!(found.is_empty(), "the salt stands in {found:?}");
}
