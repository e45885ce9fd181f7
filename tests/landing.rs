//! Rows of PostgreSQL and MariaDB land in DuckDB exactly as they are, and become what a requirement asks for.
//!
//! Needs the runtime (`pipewright setup`), as `make test` installs it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::servers::{self, Server};
use support::warehouse::{python, rows};
use support::{AS_OF, Sandbox};

/// Lands whole tables of a new database, and gives the workspace.
fn landed(server: &Server, script: &str, schemas: &[&str], tables: &[&str]) -> Sandbox {
    let database = server.database(script);
    let s = Sandbox::bare();
    s.git(&["init", "-q", "-b", "main"]);
    s.ok(&["init", "--source", &format!("shop={}:SHOP_URL", database.kind), "--target", "duckdb"]);
    if !schemas.is_empty() {
        let schemas = serde_json::to_string(schemas).unwrap();
        s.edit("pipewright.yml", "url_env: SHOP_URL", &format!("url_env: SHOP_URL, schemas: {schemas}"));
    }
    let said = s.with_env("SHOP_URL", &database.url, &["discover"]);
    assert_eq!(said.code, 0, "{}", said.err);
    s.commit("workspace");
    let ingest: Vec<Value> = tables.iter().map(|t| json!({"table": format!("shop.{t}"), "mode": "replace"})).collect();
    let models: Vec<Value> =
        tables.iter().map(|t| json!({"name": format!("stg_shop__{t}"), "from": format!("shop.{t}")})).collect();
    let spec = json!({"kind": "pipeline_spec", "version": 1, "name": "everything", "description": "All tables.",
        "schedule": {"cron": "0 6 * * *"}, "ingest": ingest, "models": models});
    let proposal = json!({"proposals": [{"by": "test", "because": {"words": "all"}, "artifact": spec}]});
    s.write("../spec.json", proposal.to_string());
    s.ok(&["propose", "--from", "../spec.json"]);
    let said = s.with_env("SHOP_URL", &database.url, &["run", "--as-of", AS_OF]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    s
}

/// The one filled row of a landed table, a value a line, after its type.
fn values(s: &Sandbox, table: &str) -> String {
    let described = rows(s, &format!("describe raw_shop.{table}"));
    let mut out = String::new();
    for column in described.as_array().unwrap() {
        let (name, kind) = (column[0].as_str().unwrap(), column[1].as_str().unwrap());
        if name.starts_with("_dlt") {
            continue;
        }
        let text = if kind == "BLOB" { format!("hex({name})") } else { format!("cast({name} as varchar)") };
        let found = rows(s, &format!("select {text} from raw_shop.{table} order by id desc limit 1"));
        out.push_str(&format!("{name} {kind}: {}\n", found[0][0].as_str().unwrap()));
    }
    out
}

/// A foreign key of two columns became a test of both together, which ran.
fn held_together(s: &Sandbox, table: &str, parent: &str) {
    let tests = s.read(&format!("dbt/models/staging/shop/stg_shop__{table}.yml"));
    for words in ["related_combination:", "columns: [order_a, order_b]", &format!("ref('{parent}')")] {
        assert!(tests.contains(words), "{words}: {tests}");
    }
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../snapshots/databases", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn every_type_of_postgresql_lands_exactly() {
    let Some(server) = servers::postgres() else { return };
    let script = include_str!("../fixtures/databases/postgres.sql");
    let tables = ["every_type", "sales_co_order_details_x", "measured", "empty_one", "orders"];
    let s = landed(server, script, &["public", "Sales & Co"], &tables);
    snapshot("postgres_landed", &values(&s, "every_type"));
    held_together(&s, "orders", "stg_shop__sales_co_order_details_x");
    let count = |table: &str| rows(&s, &format!("select count(*) from raw_shop.{table}"));
    assert_eq!(
        [count("measured"), count("empty_one"), count("every_type")],
        [json!([["100"]]), json!([["0"]]), json!([["2"]])]
    );
    let odd = rows(&s, "select * from raw_shop.sales_co_order_details_x");
    assert_eq!(odd, json!([["1", "2", "A", "a", "x", "😀", "1.5", "d", "ü", "1"]]));
}

#[test]
fn every_type_of_mariadb_lands_exactly() {
    let Some(server) = servers::mariadb() else { return };
    let script = include_str!("../fixtures/databases/mysql.sql");
    let s = landed(server, script, &[], &["every_type", "order_details_x", "empty_one", "orders"]);
    held_together(&s, "orders", "stg_shop__order_details_x");
    snapshot("mariadb_landed", &values(&s, "every_type"));
    let odd = rows(&s, "select * from raw_shop.order_details_x");
    assert_eq!(odd, json!([["1", "2", "A", "x", "n", "1.5", "d", "ü", "1", "3"]]));
}

const SHOP: &str = "
    create table customers (id int primary key, country varchar(2) not null, updated_at timestamp not null);
    create table orders (id int primary key, customer_id int not null, status varchar(20) not null,
        total_amount decimal(12,2) not null, ordered_at timestamp not null,
        foreign key (customer_id) references customers (id));
    insert into customers values (1, 'DE', '2026-01-01 00:00:00'), (2, 'FR', '2026-01-01 00:00:00');
    insert into orders values (1, 1, 'paid', 10.10, '2026-03-30 10:00:00'), (2, 1, 'paid', 0.20, '2026-03-30 23:59:59'),
        (3, 2, 'paid', 5.00, '2026-03-30 12:00:00'), (4, 2, 'paid', 7.00, '2026-03-29 12:00:00');";

#[test]
fn a_requirement_over_a_server_gives_the_right_rows() {
    for server in [servers::postgres(), servers::mariadb()].into_iter().flatten() {
        let database = server.database(SHOP);
        let s = Sandbox::bare();
        s.git(&["init", "-q", "-b", "main"]);
        s.ok(&["init", "--source", &format!("shop={}:SHOP_URL", database.kind), "--target", "duckdb"]);
        // As other programs write it.
        let url = database.url.replace("postgresql://", "postgres://");
        assert_eq!(s.with_env("SHOP_URL", &url, &["discover"]).code, 0);
        s.commit("workspace");
        let (code, proposed) = s.json(&["propose", "daily total amount of orders per country", "--as-of", AS_OF]);
        assert_eq!(code, 0, "{proposed}");
        for round in ["first", "second"] {
            let said = s.with_env("SHOP_URL", &url, &["run", "--as-of", AS_OF, "--json"]);
            assert_eq!(said.code, 0, "{round} run: {}\n{}", said.out, said.err);
            let model = proposed["deliverables"][0]["model"].as_str().expect("a model");
            let columns = rows(&s, &format!("describe marts.{model}"));
            let amount =
                columns.as_array().unwrap().iter().find(|c| c[1].as_str().unwrap().starts_with("DECIMAL")).unwrap();
            let amount = amount[0].as_str().unwrap();
            let found = rows(&s, &format!("select country, {amount} from marts.{model} order by 1, 2"));
            assert_eq!(found, json!([["DE", "10.30"], ["FR", "5.00"], ["FR", "7.00"]]), "{round} run");
        }
    }
}

/// Rows of a query over a PostgreSQL database, as JSON texts.
fn rows_of(url: &str, query: &str) -> Value {
    let script = "import json, psycopg2, sys\nc = psycopg2.connect(sys.argv[1]).cursor()\nc.execute(sys.argv[2])\n\
        print(json.dumps([[str(v) for v in r] for r in c.fetchall()]))";
    python(&["-c", script, url, query])
}

/// After the rollback there is no dbt project: what was built is dropped where the workspace says that it was.
#[test]
fn what_was_built_in_postgresql_is_dropped_there() {
    let Some(server) = servers::postgres() else { return };
    let warehouse = server.database("select 1");
    let s = Sandbox::repository();
    s.ok(&["init", "--source", "shop=sqlite:shop.sqlite", "--target", "postgres:WAREHOUSE_URL"]);
    s.ok(&["discover"]);
    s.commit("workspace");
    let (code, proposed) = s.json(&["propose", "revenue per country", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{proposed}");
    let run = s.with_env("WAREHOUSE_URL", &warehouse.url, &["run", "--as-of", AS_OF]);
    assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    let left = "select count(*) from information_schema.tables where table_schema in ('marts', 'staging')";
    assert_ne!(rows_of(&warehouse.url, left), json!([["0"]]));
    let back = ["rollback", proposed["change"].as_str().unwrap(), "--drop"];
    let back = s.with_env("WAREHOUSE_URL", &warehouse.url, &back);
    assert_eq!(back.code, 0, "{}\n{}", back.out, back.err);
    assert!(!s.path("dbt/profiles.yml").exists() && !s.path("warehouse.duckdb").exists());
    assert_eq!(rows_of(&warehouse.url, left), json!([["0"]]));
}

#[test]
fn changes_of_a_source_land_in_postgresql() {
    let Some(server) = servers::postgres() else { return };
    let warehouse = server.database("select 1");
    let s = Sandbox::repository();
    s.ok(&["init", "--source", "shop=sqlite:shop.sqlite", "--target", "postgres:WAREHOUSE_URL"]);
    s.ok(&["discover"]);
    s.commit("workspace");
    s.ok(&["propose", "daily revenue per country, without cancelled orders", "--as-of", AS_OF]);
    s.git(&["branch", "-f", "main", "HEAD"]);
    s.git(&["switch", "-q", "main"]);
    let run = |round: &str| {
        let said = s.with_env("WAREHOUSE_URL", &warehouse.url, &["run", "--as-of", AS_OF]);
        assert_eq!(said.code, 0, "{round}: {}\n{}", said.out, said.err);
        assert!(!said.out.contains(servers::PASSWORD) && !said.err.contains(servers::PASSWORD), "{round}");
    };
    run("first");
    let mart = "select * from marts.daily_revenue_per_country order by 1, 2";
    let want = rows_of(&warehouse.url, mart);
    assert!(want.as_array().is_some_and(|r| r.len() > 50), "{want}");

    // A column more, one under another name, and one that may be null now.
    support::sqlite(
        &s.path("shop.sqlite"),
        "alter table orders rename column total_amount to amount_total; alter table orders add column channel text;
         update orders set channel = 'web';
         create table c (customer_id integer primary key, first_name text, last_name text not null, email text,
           phone text, country_code text not null, birth_date date, created_at timestamp not null,
           updated_at timestamp not null);
         insert into c select * from customers; drop table customers; alter table c rename to customers;",
    );
    let (code, fixed) = s.json(&["drift", "--fix"]);
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    let ddl = s.read("ddl/daily_revenue_per_country/postgres.sql");
    for words in ["alter table raw_shop.orders add column if not exists channel text;", "drop not null;"] {
        assert!(ddl.contains(words), "{words}: {ddl}");
    }
    for round in ["second", "third"] {
        run(round);
        assert_eq!(rows_of(&warehouse.url, mart), want, "{round}: the same revenue from the column's new name");
    }
    let altered = "select count(*), max(case when column_name = 'first_name' then is_nullable end) \
        from information_schema.columns where table_schema = 'raw_shop' and (table_name, column_name) in \
        (('orders', 'channel'), ('customers', 'first_name'))";
    assert_eq!(
        rows_of(&warehouse.url, altered),
        json!([["2", "YES"]]),
        "the tables that were landed before are altered"
    );
    assert_eq!(rows_of(&warehouse.url, "select count(*) from raw_shop.orders"), json!([["2400"]]));
}
