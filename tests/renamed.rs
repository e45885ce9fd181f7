//! A generated model that people rename is followed by all that is generated, and never generated a second time.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use support::{AS_OF, SAMPLE, Sandbox};

const STAGING: &str = "dbt/models/staging/shop/stg_shop__orders";
const RENAMED: &str = "dbt/models/staging/shop/stg_orders";
const MART: &str = "dbt/models/marts/daily_customer_orders";
const BY_DAY: &str = "dbt/models/marts/orders_by_day";
const DAG: &str = "dags/daily_customer_orders.py";
const SPEC: &str = "pipelines/daily_customer_orders.yml";
const OWN_DAG: &str = "import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(\"ours\", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz=\"UTC\")):
    BashOperator(task_id=\"a\", bash_command=\"cd dbt && dbt run --select daily_customer_orders\")
";

/// The sample with its staging model and its mart renamed, files and names; what reads them still says the old ones.
fn renamed() -> Sandbox {
    let s = Sandbox::workspace();
    s.ok(&["propose", SAMPLE, "--as-of", AS_OF]);
    s.git(&["branch", "-qM", "main"]);
    for (from, to) in [(STAGING, RENAMED), (MART, BY_DAY)] {
        for ending in ["sql", "yml"] {
            s.git(&["mv", &format!("{from}.{ending}"), &format!("{to}.{ending}")]);
        }
    }
    s.edit(&format!("{RENAMED}.yml"), "name: stg_shop__orders", "name: stg_orders");
    s
}

/// What the generated DAG has its tasks run, whatever else stands in it.
fn follows(s: &Sandbox) {
    let dag = s.read(DAG);
    for words in [r#""run", "stg_orders stg_shop__customers""#, r#""run", "orders_by_day"#, r#"load("ingest", "daily_"#]
    {
        assert!(dag.contains(words), "{words}: {dag}");
    }
    assert!(!dag.contains("stg_shop__orders") && dag.contains("dag_id=\"daily_customer_orders\""), "{dag}");
    let yaml = s.read("dags/daily_customer_orders.yml");
    assert!(yaml.contains("dbt_run: [stg_orders, stg_shop__customers]") && yaml.contains("dag_id: daily_"), "{yaml}");
    let mart = s.read(&format!("{BY_DAY}.sql"));
    assert!(mart.contains("ref('stg_orders')") && !mart.contains("ref('stg_shop__orders')"), "{mart}");
    assert!(s.read(&format!("{BY_DAY}.yml")).contains("- name: orders_by_day\n"));
    for gone in [STAGING, MART] {
        assert!(!s.path(&format!("{gone}.sql")).exists() && !s.path(&format!("{gone}.yml")).exists(), "{gone}");
    }
}

#[test]
fn all_that_is_generated_follows_a_renamed_model() {
    let s = renamed();
    s.edit(
        DAG,
        "    ingest >> staging\n",
        "    ours = dbt(\"ours\", \"test\", \"stg_orders\")\n    staging >> ours\n    ingest >> staging\n",
    );
    s.write("dags/ours.py", OWN_DAG);
    s.commit("renamed by hand");
    let (code, would) = s.json(&["regenerate", "--dry-run"]);
    assert_eq!(code, 0, "{would}");
    let files = would["files"].as_array().unwrap();
    assert!(!files.is_empty() && files.iter().all(|f| f["because"][0]["kind"] == "rename"), "{would}");
    s.ok(&["regenerate"]);
    follows(&s);
    assert_eq!(s.json(&["regenerate"]).1["status"], "unchanged");

    // A measure and a mart more.
    s.edit(
        SPEC,
        "      - {name: order_count,",
        "      - {name: shipped, count: shipped_at}\n      - {name: order_count,",
    );
    s.edit(
        SPEC,
        "\ntrace:",
        "  - name: of_customers\n    from: stg_shop__orders\n    group_by: [{name: customer_id}]\n    \
         measures: [{name: orders, count: \"*\"}]\n\ntrace:",
    );
    s.commit("more");
    s.ok(&["regenerate"]);
    follows(&s);
    assert!(s.read("dbt/models/marts/of_customers.sql").contains("ref('stg_orders')"));
    assert!(s.read(&format!("{BY_DAY}.sql")).contains("count(shipped_at) as shipped"));
    let dag = s.read(DAG);
    assert!(dag.contains("    ours = dbt(\"ours\", \"test\", \"stg_orders\")\n    staging >> ours\n"), "{dag}");
    assert_eq!(s.read("dags/ours.py"), OWN_DAG, "people's own DAG stays");
    assert_eq!(s.json(&["regenerate"]).1["status"], "unchanged");
    // What people's own DAG still says is found, and nothing else.
    let (code, checked) = s.json(&["check"]);
    let found: Vec<_> = checked["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == "error").collect();
    assert_eq!((code, found.len()), (1, 1), "{checked}");
    assert_eq!((&found[0]["code"], &found[0]["place"]["file"]), (&"unknown-selection".into(), &"dags/ours.py".into()));
}

#[test]
fn a_renamed_model_runs_and_a_deleted_one_does_not() {
    let s = renamed();
    s.commit("renamed by hand");
    s.ok(&["regenerate"]);
    let built = |s: &Sandbox| -> Vec<String> {
        let (code, report) = s.json(&["run", "--as-of", AS_OF]);
        assert_eq!(code, 0, "{report}");
        let models = report["models"].as_array().unwrap();
        let mut names: Vec<String> = models.iter().map(|m| m["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(built(&s), ["orders_by_day", "stg_orders", "stg_shop__customers"]);
    s.git(&["rm", "-q", &format!("{BY_DAY}.sql"), &format!("{BY_DAY}.yml")]);
    s.commit("nobody reads it");
    assert_eq!(built(&s), ["stg_orders", "stg_shop__customers"]);
    std::fs::remove_dir_all(s.path(".pipewright/base")).unwrap();
    s.refused(&["run", "--as-of", AS_OF], 2, &["file-missing", "`daily_customer_orders`"]);
}
