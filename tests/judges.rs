//! What linters and other programs of the field say of generated files: nothing.
//!
//! The programs come from `scripts/judges.sh`; `make test` sets PIPEWRIGHT_JUDGES to their folder.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use support::evaluator;
use support::{AS_OF, SAMPLE, Sandbox};

const REQUIREMENTS: [&str; 4] = [
    SAMPLE,
    "Every weekday at 06:30 refresh a table of customers per country; retry twice and tell #data-alerts on Slack when it fails",
    "Revenue per country per day for the last 7 days",
    "Load customers with last names in title case; rows without a last name or without a country go to a table of rejected rows with the reason",
];

fn judges() -> PathBuf {
    let Ok(folder) = std::env::var("PIPEWRIGHT_JUDGES") else {
        panic!("PIPEWRIGHT_JUDGES is not set: `make test`, or PIPEWRIGHT_JUDGES=$(scripts/judges.sh) cargo test");
    };
    PathBuf::from(folder)
}

/// Several pipelines over the shop and over a source with names of any characters; made once.
fn judged() -> &'static Sandbox {
    static JUDGED: OnceLock<Sandbox> = OnceLock::new();
    JUDGED.get_or_init(|| {
        let s = Sandbox::repository();
        support::odd_source(&s.path("odd.sqlite"));
        s.write(".gitignore", "*.sqlite\n");
        let sources = ["--source", "shop=sqlite:shop.sqlite", "--source", "odd=sqlite:odd.sqlite"];
        s.ok(&[&["init"], &sources[..], &["--target", "duckdb"]].concat());
        s.ok(&["discover"]);
        s.write("pipelines/odd_stage.yml", support::ODD_SPEC);
        s.commit("workspace");
        for requirement in REQUIREMENTS {
            s.ok(&["propose", requirement, "--as-of", AS_OF]);
        }
        s.ok(&["drift", "--dag", "0 6 * * *"]);
        s
    })
}

/// Runs a judge in a folder of the workspace; it must find nothing.
fn judge(folder: &str, program: &str, args: &[&str]) -> String {
    let s = judged();
    let path = format!("{}:{}", judges().display(), std::env::var("PATH").unwrap_or_default());
    let out = Command::new(judges().join(program))
        .args(args)
        .current_dir(s.path(folder))
        .env("PATH", path)
        .env("PIPEWRIGHT_DUCKDB_PATH", s.path("judged.duckdb"))
        .env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    let said = support::said(out);
    assert_eq!(said.code, 0, "{program} {args:?}\n{}\n{}", said.out, said.err);
    said.out
}

/// A DuckDB file has one writer, and dbt's target folder too.
fn one_dbt() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Generated files with that ending, outside of what git or Pipewright keeps.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let tracked = judged().git(&["ls-files", folder]);
    let wanted = |f: &&str| f.ends_with(ending) && !f.starts_with(".pipewright/");
    tracked.lines().filter(wanted).map(str::to_owned).collect()
}

#[test]
fn yaml_and_python_are_clean() {
    assert!(files("dags", ".py").len() >= 4 && files("ingest", ".py").len() >= 5, "{:?}", files(".", ".py"));
    assert!(files("dags", ".py").contains(&"dags/pipewright_drift.py".to_owned()));
    judge(".", "yamllint", &["--strict", "."]);
    judge(".", "ruff", &["check", "."]);
    // Whatever the project's own settings select, Airflow's rules are among them.
    judge(".", "ruff", &["check", "--select", "AIR", "."]);
    judge(".", "ruff", &["format", "--check", "."]);
}

/// sqlfluff over models as dbt compiles them, macros included, and over DDL.
///
/// Snowflake's dialect is tried on what dbt compiles for DuckDB: compiling for Snowflake needs its adapter, which the
/// tests do without. What dbt's own macros and those of the project become on Snowflake is parsed
/// in its dialect by the gate.
#[test]
fn sql_is_clean_in_each_dialect() {
    let _alone = one_dbt();
    let linted = |output: &str| -> usize {
        let files: Value = serde_json::from_str(output).unwrap_or_else(|e| panic!("{e}: {output}"));
        files.as_array().map_or(0, Vec::len)
    };
    let models = files("dbt/models", ".sql");
    let out = judge(".", "sqlfluff", &["lint", "--format", "json", "--processes", "1", "dbt/models"]);
    assert_eq!(linted(&out), models.len(), "{out}");
    let ddl = files("ddl", ".sql");
    let out = judge(".", "sqlfluff", &["lint", "--format", "json", "--templater", "raw", "ddl"]);
    assert_eq!(linted(&out), ddl.len(), "{out}");
    assert!(ddl.iter().any(|f| f.ends_with("/snowflake.sql")), "{ddl:?}");

    let target = judged().path("compiled");
    let target = target.to_string_lossy();
    judge("dbt", "dbt", &["compile", "--profiles-dir", ".", "--target-path", &target, "--no-introspect"]);
    let compiled = format!("{target}/compiled/shop_analytics/models");
    judged().write("snowflake.cfg", SNOWFLAKE);
    let out = judge(".", "sqlfluff", &["lint", "--format", "json", "--config", "snowflake.cfg", &compiled]);
    assert!(linted(&out) > models.len(), "models and their tests: {out}");
}

/// Compiled text is quoted and laid out by dbt, not by us; columns are called what their source calls them.
const SNOWFLAKE: &str = "[sqlfluff]
dialect = snowflake
templater = raw
max_line_length = 0
exclude_rules = layout,ST06,RF02,RF06
[sqlfluff:rules:references.keywords]
ignore_words = name,first_name,last_name
";

/// The project is built over empty landing tables, made by the generated DDL alone.
#[test]
fn the_dbt_project_keeps_the_rules_of_the_field() {
    let _alone = one_dbt();
    let s = judged();
    let apply = "import duckdb, pathlib, sys\nc = duckdb.connect(sys.argv[1])\nfor f in sys.argv[2:] * 2: c.execute(pathlib.Path(f).read_text())";
    let ddl = files("ddl", "/duckdb.sql");
    let database = s.path("judged.duckdb");
    let database = database.to_string_lossy().into_owned();
    let mut args = vec!["-c", apply, database.as_str()];
    args.extend(ddl.iter().map(String::as_str));
    judge(".", "python", &args);
    judge("dbt", "dbt", &["--warn-error", "run", "--profiles-dir", "."]);
    judge("dbt", "dbt", &["docs", "generate", "--profiles-dir", "."]);

    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/judges");
    for file in ["dbt-bouncer.yml", "pyproject.toml"] {
        std::fs::copy(fixtures.join(file), s.path("dbt").join(file)).expect("settings");
    }
    judge("dbt", "dbt-bouncer", &["run", "--config-file", "dbt-bouncer.yml"]);
    judge("dbt", "dbt-score", &["lint", "--manifest", "target/manifest.json"]);

    let read = |file: &str| -> Value { serde_json::from_str(&s.read(file)).expect("JSON") };
    let (manifest, catalog) = (read("dbt/target/manifest.json"), read("dbt/target/catalog.json"));
    // What says of no row when it changed has no freshness to keep.
    let timeless =
        ["group_table", "order_details"].map(|t| format!("sources_without_freshness: source.shop_analytics.odd.{t}"));
    assert_eq!(evaluator::broken(&manifest), timeless);
    let models = files("dbt/models", ".sql").len();
    let built = catalog["nodes"].as_object().expect("nodes");
    assert_eq!(built.len(), models, "every model is built");
    for (id, node) in built {
        let columns = |node: &Value| -> Vec<String> {
            let mut names: Vec<String> = node["columns"].as_object().expect("columns").keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(columns(node), columns(&manifest["nodes"][id]), "columns of {id} as built and as described");
    }
}

/// Each rule can fail: a project that breaks it is told so.
#[test]
fn broken_projects_break_rules() {
    let good = serde_json::json!({
        "nodes": {
            "model.p.stg_shop__orders": {
                "resource_type": "model", "name": "stg_shop__orders", "description": "Orders.",
                "original_file_path": "models/staging/shop/stg_shop__orders.sql", "config": {"materialized": "view"},
                "raw_code": "select * from {{ source('shop', 'orders') }}",
                "columns": {"id": {"description": "Key."}}, "depends_on": {"nodes": ["source.p.shop.orders"]}
            },
            "model.p.daily": {
                "resource_type": "model", "name": "daily", "description": "Days.",
                "original_file_path": "models/marts/daily.sql", "config": {"materialized": "table"},
                "raw_code": "select * from {{ ref('stg_shop__orders') }}",
                "columns": {"day": {"description": "Day."}}, "depends_on": {"nodes": ["model.p.stg_shop__orders"]}
            },
            "test.p.1": test("stg_shop__orders", "id", "unique", "models/staging/shop/stg_shop__orders.yml"),
            "test.p.2": test("stg_shop__orders", "id", "not_null", "models/staging/shop/stg_shop__orders.yml"),
            "test.p.3": test("daily", "day", "unique", "models/marts/daily.yml"),
            "test.p.4": test("daily", "day", "not_null", "models/marts/daily.yml")
        },
        "sources": {"source.p.shop.orders": {
            "resource_type": "source", "source_name": "shop", "relation_name": "raw.orders", "description": "Orders.",
            "source_description": "The shop.", "freshness": {"warn_after": {"count": 36}, "error_after": {"count": null}},
            "original_file_path": "models/staging/shop/_shop__sources.yml"
        }}
    });
    assert_eq!(evaluator::broken(&good), Vec::<String>::new());
    let (staging, mart, source) =
        ("/nodes/model.p.stg_shop__orders", "/nodes/model.p.daily", "/sources/source.p.shop.orders");
    let cases: &[(&str, &str, &str, Value)] = &[
        ("direct_join_to_source", mart, "depends_on", reads(&["model.p.stg_shop__orders", "source.p.shop.orders"])),
        ("marts_or_intermediate_dependent_on_source", mart, "depends_on", reads(&["source.p.shop.orders"])),
        ("source_fanout", mart, "depends_on", reads(&["source.p.shop.orders"])),
        ("multiple_sources_joined", staging, "depends_on", reads(&["source.p.shop.orders", "source.p.shop.items"])),
        ("root_models", mart, "depends_on", reads(&[])),
        ("staging_dependent_on_marts_or_intermediate", staging, "depends_on", reads(&["model.p.daily"])),
        ("unused_sources", staging, "depends_on", reads(&[])),
        ("hard_coded_references", mart, "raw_code", "select * from staging.stg_shop__orders".into()),
        ("too_many_joins", mart, "raw_code", " join x".repeat(7).into()),
        ("missing_primary_key_tests", "/nodes/test.p.4", "column_name", "other".into()),
        ("missing_primary_key_tests", "/nodes/test.p.1", "attached_node", "".into()),
        ("undocumented_models", mart, "description", " ".into()),
        ("undocumented_columns", mart, "columns", serde_json::json!({"day": {"description": ""}})),
        ("model_naming_conventions", mart, "name", "int_daily".into()),
        ("model_naming_conventions", staging, "name", "orders".into()),
        ("model_naming_conventions", mart, "original_file_path", "models/daily.sql".into()),
        ("model_directories", staging, "original_file_path", "models/staging/stg_shop__orders.sql".into()),
        ("test_directories", mart, "original_file_path", "models/marts/x/daily.sql".into()),
        ("sources_without_freshness", source, "freshness", Value::Null),
        ("sources_without_freshness", source, "freshness", serde_json::json!({"warn_after": {"count": null}})),
        ("undocumented_source_tables", source, "description", "".into()),
        ("undocumented_sources", source, "source_description", "".into()),
        ("source_directories", source, "original_file_path", "models/sources.yml".into()),
    ];
    for (rule, at, field, value) in cases {
        let mut bad = good.clone();
        bad.pointer_mut(at).unwrap_or_else(|| panic!("{at}"))[field] = value.clone();
        says(rule, &bad);
    }
    // Rules about several models.
    let with = |parts: &[(&str, &str, &[&str])]| {
        let mut bad = good.clone();
        for (name, path, parents) in parts {
            let mut model = good["nodes"]["model.p.daily"].clone();
            (model["name"], model["original_file_path"], model["depends_on"]) =
                ((*name).into(), format!("models/{path}/{name}.sql").into(), reads(parents));
            model["config"]["materialized"] = "view".into();
            bad["nodes"][format!("model.p.{name}")] = model;
        }
        bad
    };
    let orders: &[&str] = &["model.p.stg_shop__orders"];
    says("test_coverage", &with(&[("a", "marts", orders)]));
    says("model_fanout", &with(&[("a", "marts", orders), ("b", "marts", orders)]));
    says("staging_dependent_on_staging", &with(&[("stg_shop__x", "staging/shop", orders)]));
    let both: &[&str] = &["model.p.stg_shop__orders", "model.p.int_a"];
    says("rejoining_of_upstream_concepts", &with(&[("int_a", "intermediate", orders), ("b", "marts", both)]));
    let chain =
        [("a", orders), ("b", &["model.p.a"]), ("c", &["model.p.b"]), ("d", &["model.p.c"]), ("e", &["model.p.d"])];
    says("chained_views_dependencies", &with(&chain.map(|(name, parents)| (name, "marts", parents))));
    let mut bad = good.clone();
    bad["sources"]["source.p.shop.again"] = good["sources"]["source.p.shop.orders"].clone();
    says("duplicate_sources", &bad);
}

fn reads(nodes: &[&str]) -> Value {
    serde_json::json!({ "nodes": nodes })
}

fn test(model: &str, column: &str, name: &str, file: &str) -> Value {
    serde_json::json!({
        "resource_type": "test", "attached_node": format!("model.p.{model}"), "column_name": column,
        "test_metadata": {"name": name, "kwargs": {}}, "original_file_path": file
    })
}

fn says(rule: &str, manifest: &Value) {
    let broken = evaluator::broken(manifest);
    assert!(broken.iter().any(|b| b.starts_with(&format!("{rule}: "))), "no {rule} in {broken:?}");
}

/// Contracts against the JSON Schema of the Open Data Contract Standard, by its own package.
#[test]
fn contracts_keep_the_standard() {
    let script = "
import json, sys, yaml, jsonschema
from importlib.resources import files
from open_data_contract_standard.model import OpenDataContractStandard
schema = json.loads(files('open_data_contract_standard').joinpath('schema.json').read_text())
judge = jsonschema.validators.validator_for(schema)(schema)
for path in sys.argv[1:]:
    contract = yaml.safe_load(open(path))
    for error in judge.iter_errors(contract):
        sys.exit(f'{path}: {error.json_path}: {error.message[:300]}')
    OpenDataContractStandard.from_file(path)
    broken = dict(contract, kind='Nonsense')
    assert list(judge.iter_errors(broken)), 'the schema judges nothing'
";
    let contracts = files("contracts", ".odcs.yaml");
    assert!(contracts.len() >= 7, "{contracts:?}");
    let mut args = vec!["-c", script];
    args.extend(contracts.iter().map(String::as_str));
    judge(".", "python", &args);
}
