//! Several dbt projects in one repository, and who holds on to their nodes from outside of dbt.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::check::against::Holds;
use crate::check::analyse;
use crate::dbt::{Settings, Tree, read};

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).into())).collect()
}

fn projects(files: &Tree) -> Vec<Analysis> {
    let folders = files.keys().filter_map(|path| path.strip_suffix("dbt_project.yml"));
    let one = |folder: &str| Settings { root: folder.trim_end_matches('/').to_owned(), ..Settings::default() };
    folders.map(|folder| analyse(read(files, &one(folder), None), None)).collect()
}

const HEAD: &str = "from airflow.sdk import DAG\nfrom airflow.operators.bash import BashOperator\n";

fn dag(lines: &str) -> String {
    format!("{HEAD}with DAG('d', schedule='@daily'):\n    {}\n", lines.replace('\n', "\n    "))
}

fn two(dags: &[(&str, &str)]) -> Vec<String> {
    let mut files = tree(&[
        ("dbt/finance/dbt_project.yml", "name: finance\n"),
        ("dbt/finance/models/marts/revenue.sql", "select 1 as a"),
        ("dbt/growth/dbt_project.yml", "name: growth\n"),
        ("dbt/growth/models/marts/funnel.sql", "select 1 as a"),
        ("dbt/growth/models/marts/churn.sql", "select 1 as a"),
    ]);
    files.extend(dags.iter().map(|(path, lines)| (format!("dags/{path}"), lines.to_string().into())));
    let projects = projects(&files);
    let repository = Repository { files, no_text: Vec::new() };
    let found = look(&repository, &projects.iter().collect::<Vec<_>>());
    let about = |d: &&Diagnostic| matches!(&*d.code, "unknown-selection" | "mart-unbuilt");
    found.iter().filter(about).map(|d| format!("{}: {}", d.place.as_ref().unwrap().file, d.what)).collect()
}

#[test]
fn each_project_is_looked_at_with_the_dags_that_name_it() {
    let build = |command: &str| dag(&format!("BashOperator(task_id='b', bash_command='{command}')"));
    // One names its project in the command, the other by a constant of its file; a mart of the second is built by nobody.
    let a = build("cd /opt/dbt/finance && dbt build --select revenue");
    let b = format!(
        "HOME = '/opt'\nROOT = f'{{HOME}}/dbt/growth'\n{}",
        build("dbt run --select path:models/marts/funnel.sql")
    );
    let churn = "dbt/growth/models/marts/churn.sql: no DAG builds `churn` of project `growth`";
    assert_eq!(two(&[("a.py", &a), ("b.py", &b)]), [churn]);
    // What is there in the other project is not there in this one.
    let wrong = build("cd /opt/dbt/growth && dbt run --select +revenue funnel churn");
    assert_eq!(
        two(&[("a.py", &a), ("b.py", &wrong)]),
        ["dags/b.py: `+revenue` selects nothing in the dbt project `growth`"]
    );
    // One that names none is judged against all.
    assert_eq!(two(&[("a.py", &build("dbt run --select revenue funnel churn"))]), Vec::<String>::new());
    let none = build("dbt run --select revenue funnel churn nothing");
    let said = "dags/a.py: `nothing` selects nothing in any of the dbt projects `finance`, `growth`";
    assert_eq!(two(&[("a.py", &none)]), [said]);
    // Names that are put together as the file is imported.
    let put =
        "BashOperator(task_id='b', bash_command=f'cd {HOME}/dbt/growth && dbt run --target {T} --select funnel nope')";
    let nope = "dags/a.py: `nope` selects nothing in the dbt project `growth`";
    assert_eq!(two(&[("a.py", &dag(put))]), [nope, churn]);
}

#[test]
fn declared_dags_are_read() {
    let yaml = "version: 1\ndag_id: d\ntasks:\n  - id: transform.marts\n    dbt_build: [revenue, gone]\n";
    let gone = "dags/d.yml: `gone` selects nothing in any of the dbt projects `finance`, `growth`";
    let unbuilt = ["churn", "funnel"]
        .map(|m| format!("dbt/growth/models/marts/{m}.sql: no DAG builds `{m}` of project `growth`"));
    assert_eq!(two(&[("d.yml", yaml)]), [&[gone.to_owned()][..], &unbuilt].concat());
    assert_eq!(two(&[("d.yml", "dag_id: [\n"), ("e.yml", "dag_id: e\ntasks: 3\n")]), Vec::<String>::new());
}

const CONTRACT: &str = include_str!("../../../fixtures/golden/shop/contracts/shop/orders.odcs.yaml");

fn held(base: &Tree, head: &Tree) -> Vec<String> {
    let (old, new) = (projects(base).remove(0), projects(head).remove(0));
    let repository = Repository { files: head.clone(), no_text: Vec::new() };
    let python = Python::of(&repository);
    let seen = Seen::of(&repository, &python, vec![&new]);
    let how = |h: Holds| match h {
        Holds::Before => "ran",
        Holds::Loosely => "runs",
        Holds::Name => "names",
        Holds::Columns => "reads",
    };
    outsiders(&seen, &old, &new).iter().map(|o| format!("{} {} {} {}", o.kind, o.name, how(o.holds), o.node)).collect()
}

#[test]
fn whoever_is_outside_is_known() {
    let sources =
        "sources:\n  - name: shop\n    schema: raw_shop\n    tables:\n      - {name: orders, columns: [{name: id}]}\n";
    let run = dag(
        "BashOperator(task_id='b', bash_command='dbt build --select tag:x sales path:models/marts')\nSQLExecuteQueryOperator(task_id='q', sql='select s.a, count(*) from prod_marts.sales s -- from wide\\n')\n",
    );
    let mut base = tree(&[
        ("dbt_project.yml", "name: p\nmodels: {p: {marts: {+schema: marts}}}\n"),
        ("models/sources.yml", sources),
        ("models/stg.sql", "select id as a from {{ source('shop', 'orders') }}"),
        ("models/marts/sales.sql", "select a from {{ ref('stg') }}"),
        ("models/marts/wide.sql", "select a from {{ ref('stg') }}"),
        ("contracts/shop/orders.odcs.yaml", CONTRACT),
        ("pipelines/p.yml", "version: 1\nname: p\nmodels:\n  - {name: wide, from: shop.orders}\n"),
    ]);
    base.insert(
        "dags/d.py".into(),
        run.replace(
            "from airflow.sdk",
            "from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator\nfrom airflow.sdk",
        )
        .into(),
    );
    assert_eq!(
        held(&base, &base),
        [
            "DAG d reads model.p.sales",
            "DAG d runs model.p.wide",
            "contract contracts/shop/orders.odcs.yaml reads source.p.shop.orders",
            "pipeline pipelines/p.yml runs model.p.wide",
            "pipeline pipelines/p.yml reads source.p.shop.orders",
        ]
    );
    // Renamed: the DAG still says the old name, and takes the new one by its folder.
    let mut head = base.clone();
    let text = head.remove("models/marts/sales.sql").unwrap();
    head.insert("models/marts/revenue.sql".into(), text);
    let dag = head["dags/d.py"].replace("prod_marts.sales", "prod_marts.revenue");
    head.insert("dags/d.py".into(), dag.into());
    let held = held(&base, &head);
    for one in ["DAG d names model.p.sales", "DAG d reads model.p.revenue", "DAG d runs model.p.wide"] {
        assert!(held.contains(&one.to_owned()), "{one}: {held:#?}");
    }
}
