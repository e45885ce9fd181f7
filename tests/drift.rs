//! Drift end to end: a source changes under a workspace that has run, the branch follows it, and it runs again with the
//! right rows. Needs the runtime (`pipewright setup`), as `make test` installs it, where models are built.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::OnceLock;

use serde_json::{Value, json};
use support::warehouse::rows;
use support::{AS_OF, Sandbox, sqlite};

const WANTED: &str = "daily revenue per country, without cancelled orders";
const MART: &str = "marts.daily_revenue_per_country";

/// A workspace over the shop with one pipeline on the main branch.
fn workspace() -> Sandbox {
    let s = Sandbox::workspace();
    s.ok(&["propose", WANTED, "--as-of", AS_OF]);
    s.git(&["branch", "-f", "main", "HEAD"]);
    s.git(&["switch", "-q", "main"]);
    s
}

/// A second pipeline over the same orders, read by a dashboard.
const PEOPLE: &str = r#"
version: 1
name: people
ingest: [{table: shop.orders, mode: merge}]
models:
  - {name: stg_shop__orders, from: shop.orders}
  - name: people
    from: stg_shop__orders
    group_by: [{name: customer_id}]
    measures: [{name: orders, count: status}, {name: spent, sum: total_amount}]
tests:
  - {model: people, column: spent, test: accepted_range, arguments: {at_least: 0}}
"#;
const DASHBOARD: &str = "exposures:
  - {name: who_buys, type: dashboard, owner: {email: ann@example.com}, depends_on: [ref('people')]}
";

/// A workspace with both pipelines that has run: built once, copied for each test.
fn ran() -> Sandbox {
    static RAN: OnceLock<Sandbox> = OnceLock::new();
    let first = RAN.get_or_init(|| {
        let s = workspace();
        s.write("pipelines/people.yml", PEOPLE.trim_start());
        s.write("dbt/models/exposures.yml", DASHBOARD);
        s.commit("people");
        s.ok(&["regenerate"]);
        s.git(&["branch", "-f", "main", "HEAD"]);
        s.git(&["switch", "-q", "main"]);
        run(&s);
        s
    });
    Sandbox::copy_of(&first.root)
}

fn run(s: &Sandbox) -> Value {
    let (code, report) = s.json(&["run", "--as-of", AS_OF]);
    assert_eq!(code, 0, "{report}");
    report
}

/// What holds after every fix: nothing drifts, everything follows from its documents, the work tree is clean.
fn followed(s: &Sandbox) {
    let (code, again) = s.json(&["drift", "--exit-code"]);
    assert_eq!((code, again["status"].as_str()), (0, Some("clean")), "{again}");
    let (code, checked) = s.json(&["check"]);
    assert_eq!((code, checked["status"].as_str()), (0, Some("clean")), "{checked}");
    assert_eq!(s.git(&["status", "--porcelain"]), "", "the work tree is clean");
    let (_, discovered) = s.json(&["discover"]);
    assert_eq!(discovered["changed"], false, "what was followed is what is found: {discovered}");
}

fn classes(report: &Value) -> Vec<String> {
    let all = report["changes"].as_array().expect("changes");
    all.iter().map(|c| format!("{} {}", c["key"].as_str().unwrap(), c["class"].as_str().unwrap())).collect()
}

#[test]
fn a_renamed_column_under_a_hand_edit() {
    let s = ran();
    let want = rows(&s, &format!("select * from {MART} order by 1, 2"));
    assert!(want.as_array().is_some_and(|r| r.len() > 50), "{want}");
    let mart = "dbt/models/marts/daily_revenue_per_country.sql";
    s.edit(mart, "sum(total_amount) as revenue", "sum(total_amount) as revenue,\n        count(*) as orders_by_hand");
    s.edit(
        "contracts/shop/orders.odcs.yaml",
        "      - name: status\n",
        "      # asked of Ann: refunds come later\n      - name: status\n",
    );
    s.commit("by hand");
    sqlite(
        &s.path("shop.sqlite"),
        "alter table orders rename column total_amount to amount_total; alter table orders add column channel text;",
    );
    let (code, report) = s.json(&["drift", "--exit-code"]);
    assert_eq!(code, 1, "{report}");
    assert_eq!(classes(&report), ["shop.orders.channel column_added", "shop.orders.total_amount column_renamed"]);
    let text = report.to_string();
    let way = r#"["orders.total_amount","stg_shop__orders.total_amount","daily_revenue_per_country.revenue"]"#;
    assert!(text.contains(way), "{text}");
    let (_, catalog) = s.json(&["drift", "--no-profile"]);
    assert_eq!(classes(&catalog), classes(&report), "the catalog alone tells names");

    let before = s.tree();
    let (code, fixed) = s.json(&["drift", "--fix"]);
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    assert_eq!(fixed["proposed"]["branch"], "pipewright/drift_shop");
    let untouched: Vec<String> = before
        .iter()
        .filter(|(path, bytes)| std::fs::read(s.path(path)).is_ok_and(|now| now == **bytes))
        .map(|(path, _)| path.clone())
        .collect();
    for kept in [mart, "dbt/models/staging/shop/stg_shop__customers.sql", "dags/daily_revenue_per_country.py"] {
        assert!(untouched.iter().any(|path| path == kept), "{kept} was rewritten");
    }
    let contract = s.read("contracts/shop/orders.odcs.yaml");
    assert!(contract.contains("# asked of Ann") && contract.contains("physicalName: amount_total"), "{contract}");
    followed(&s);
    let report = run(&s);
    assert!(report["tests"].as_array().is_some_and(|t| t.iter().all(|t| t["status"] == "pass")), "{report}");
    let got = rows(&s, &format!("select * exclude (orders_by_hand) from {MART} order by 1, 2"));
    assert_eq!(got, want, "the same revenue from the column's new name");
    let pr = s.ok(&["pr"]).out;
    assert!(pr.contains("orders.total_amount is called amount_total now") && pr.contains("taken, sure to"), "{pr}");
}

/// Pipelines that share staging models, set rows aside, keep history, test one model against another, and write SQL.
const PIPELINES: &[(&str, &str)] = &[
    (
        "sold",
        r#"
version: 1
name: sold
schedule: {cron: "0 6 * * *"}
ingest: [{table: shop.orders, mode: merge}, {table: shop.order_items, mode: replace}, {table: shop.products, mode: replace}]
models:
  - {name: stg_shop__orders, from: shop.orders, set_aside: [{where: total_amount < 0, reason: less than nothing}]}
  - {name: stg_shop__order_items, from: shop.order_items}
  - {name: stg_shop__products, from: shop.products}
  - name: sold
    from: stg_shop__order_items
    group_by: [{name: product_id}]
    measures: [{name: pieces, sum: quantity}]
history: [{name: history_of_products, of: stg_shop__products}, {name: history_of_orders, of: stg_shop__orders}]
tests:
  - {model: stg_shop__products, column: price, test: accepted_range, arguments: {at_least: 0}}
  - {model: sold, column: product_id, test: relationships, arguments: {to: stg_shop__products, field: product_id}}
  - {model: stg_shop__orders, column: total_amount, test: accepted_range, arguments: {at_least: 0}}
"#,
    ),
    (
        "people",
        r#"
version: 1
name: people
ingest: [{table: shop.customers, mode: merge}]
models:
  - {name: stg_shop__customers, from: shop.customers}
  - {name: stg_shop__orders, from: shop.orders}
  - name: orders_of_people
    from: stg_shop__orders
    joins: [{to: stg_shop__customers, on: {customer_id: customer_id}}]
    group_by: [{name: country_code}]
    measures: [{name: orders, count: order_id}]
  - {name: by_hand, from: orders_of_people, sql: "select country_code, orders from {{ ref('orders_of_people') }}"}
"#,
    ),
];

#[test]
fn all_that_follows_is_generated_and_nothing_else() {
    let s = Sandbox::workspace();
    for (name, spec) in PIPELINES {
        s.write(&format!("pipelines/{name}.yml"), spec.trim_start());
    }
    s.commit("pipelines");
    s.ok(&["regenerate"]);
    s.ok(&["check"]);
    let before = s.tree();
    sqlite(
        &s.path("shop.sqlite"),
        "alter table customers rename column country_code to country; alter table orders add column channel text;
         alter table products add column weight integer;",
    );
    let (code, fixed) = s.json(&["drift", "--fix"]);
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    followed(&s);
    assert_eq!(s.json(&["regenerate"]).1["status"], "unchanged", "a whole generation finds nothing more to do");
    let is_new = |path: &str| before.get(path).map(Vec::as_slice) != std::fs::read(s.path(path)).ok().as_deref();
    let orders = "dbt/models/staging/shop/base/base_shop__orders.sql";
    assert!(s.read(orders).contains("channel") && s.read("ingest/people.py").contains("country\""), "followed");
    for path in ["dags/sold.py", "dbt/models/marts/sold.sql", "dbt/models/marts/by_hand.sql", "dbt/dbt_project.yml"] {
        assert!(!is_new(path), "{path} was rewritten");
    }
}

#[test]
fn a_used_column_that_is_gone_is_a_question() {
    let s = ran();
    sqlite(&s.path("shop.sqlite"), "alter table orders drop column total_amount;");
    let head = s.git(&["rev-parse", "HEAD"]);
    let (code, asked) = s.json(&["drift", "--fix"]);
    assert_eq!((code, asked["status"].as_str()), (3, Some("question")), "{asked}");
    let question = &asked["questions"][0];
    assert_eq!(question["key"], "shop.orders.total_amount");
    assert_eq!(question["candidates"], json!(["null", "remove", "= …"]));
    assert_eq!(s.git(&["rev-parse", "HEAD"]), head, "nothing was written");
    s.refused(&["drift", "--fix", "--answer", "shop.orders.total_amount=perhaps"], 2, &["no answer"]);
    s.refused(&["drift", "--fix", "--answer", "shop.orders.currency=null"], 2, &["no question"]);
    // The mart measures nothing else.
    s.refused(&["drift", "--fix", "--answer", "shop.orders.total_amount=remove"], 2, &["nothing would be left"]);

    let (code, fixed) = s.json(&["drift", "--fix", "--answer", "shop.orders.total_amount=null"]);
    assert_eq!(code, 0, "{fixed}");
    let contract = s.read("contracts/shop/orders.odcs.yaml");
    assert!(contract.contains("answered: nulls in its place"), "{contract}");
    followed(&s);
    for round in ["first", "second"] {
        run(&s);
        let got = rows(&s, &format!("select count(*) > 50, count(revenue) from {MART}"));
        assert_eq!(got, json!([["True", "0"]]), "{round} run");
    }
}

/// Everything of a run came out well.
fn runs_well(s: &Sandbox) {
    let report = run(s);
    let good = |what: &str, word: &str| report[what].as_array().is_some_and(|a| a.iter().all(|r| r["status"] == word));
    assert!(good("models", "success") && good("tests", "pass"), "{report}");
}

#[test]
fn a_column_that_is_removed_with_what_is_made_of_it() {
    let s = ran();
    sqlite(&s.path("shop.sqlite"), "alter table orders drop column total_amount;");
    let answer = ["drift", "--fix", "--answer", "shop.orders.total_amount=remove"];
    // The mart measures nothing else: a person says what it is to measure.
    s.refused(&answer, 2, &["nothing would be left of `daily_revenue_per_country`"]);
    s.edit(
        "pipelines/daily_revenue_per_country.yml",
        "    measures:\n",
        "    measures:\n      - {name: orders, count: order_id, description: How many.}\n",
    );
    s.commit("another measure");
    s.refused(&answer, 2, &["`marts.people.spent`", "`marts.daily_revenue_per_country.revenue`", "{act: drop, of: "]);
    for (pipeline, of) in
        [("people", "people.spent"), ("daily_revenue_per_country", "daily_revenue_per_country.revenue")]
    {
        let file = format!("pipelines/{pipeline}.yml");
        let approval = format!("approvals: [{{act: drop, of: marts.{of}, by: ann, why: nobody reads it}}]\n");
        s.write(&file, format!("{}{approval}", s.read(&file)));
    }
    s.commit("approved");
    let (code, fixed) = s.json(&answer);
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    followed(&s);
    for file in ["pipelines/people.yml", "dbt/models/marts/people.sql", "dbt/models/staging/shop/stg_shop__orders.yml"]
    {
        let text = s.read(file);
        assert!(!text.contains("total_amount") && !text.contains("sum("), "{file}:\n{text}");
    }
    runs_well(&s);
    let columns = "select string_agg(column_name, ',' order by ordinal_position) from information_schema.columns
        where table_schema = 'marts' and table_name = 'people'";
    assert_eq!(rows(&s, columns), json!([["customer_id,orders"]]), "the mart was built without it");
    let landed = "select count(*) from information_schema.columns
        where table_schema = 'raw_shop' and table_name = 'orders' and column_name = 'total_amount'";
    assert_eq!(rows(&s, landed), json!([["1"]]), "nothing that was landed is dropped");
}

#[test]
fn a_column_in_whose_place_an_expression_stands() {
    let s = ran();
    let want = rows(&s, &format!("select * from {MART} order by 1, 2"));
    sqlite(
        &s.path("shop.sqlite"),
        "alter table orders add column net decimal(12,2); alter table orders add column tax decimal(12,2);
         update orders set tax = 1.25, net = round(total_amount - 1.25, 2);
         alter table orders drop column total_amount;",
    );
    let answer = |expression: &str| format!("shop.orders.total_amount={expression}");
    s.refused(&["drift", "--fix", "--answer", &answer("= gross")], 2, &["unknown-column", "gross", "`net`, `tax`"]);
    s.refused(&["drift", "--fix", "--answer", &answer("= net +")], 2, &["sql-syntax", "net +"]);
    let (code, fixed) = s.json(&["drift", "--fix", "--answer", &answer("= net + tax")]);
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    followed(&s);
    assert!(
        s.read("pipelines/people.yml").contains("net + tax")
            || s.read("pipelines/daily_revenue_per_country.yml").contains("net + tax")
    );
    runs_well(&s);
    assert_eq!(rows(&s, &format!("select * from {MART} order by 1, 2")), want, "the same revenue from two columns");
}

/// A load that takes new rows only: what was landed before does not come again.
const NEW_ROWS: &str = r#"
version: 1
name: new_rows
ingest: [{table: shop.orders, mode: incremental, cursor: updated_at}]
models:
  - {name: stg_shop__orders, from: shop.orders}
  - {name: sold, from: stg_shop__orders, group_by: [{name: status}], measures: [{name: revenue, sum: total_amount}]}
"#;

#[test]
fn rows_that_were_landed_before_an_expression_keep_their_values() {
    let s = Sandbox::workspace();
    s.write("pipelines/new_rows.yml", NEW_ROWS.trim_start());
    s.commit("a pipeline");
    s.ok(&["regenerate"]);
    run(&s);
    let amounts = "select order_id, total_amount from staging.stg_shop__orders order by 1";
    let mut want = rows(&s, amounts);
    assert!(want.as_array().is_some_and(|r| r.len() == 2400), "{want}");
    sqlite(
        &s.path("shop.sqlite"),
        "alter table orders add column net decimal(12,2); alter table orders add column tax decimal(12,2);
         update orders set tax = 1.25, net = round(total_amount - 1.25, 2);
         alter table orders drop column total_amount;
         update orders set net = 100, updated_at = '2026-04-02 10:00:00' where order_id = 7;
         insert into orders (order_id, customer_id, status, ordered_at, currency, updated_at, net, tax)
           select 99999, customer_id, status, '2026-04-01 10:00:00', currency, '2026-04-01 10:00:00', 10, 2.5
           from orders where order_id = 1;",
    );
    let (code, fixed) = s.json(&["drift", "--fix", "--answer", "shop.orders.total_amount== net + tax"]);
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    followed(&s);
    let pr = s.ok(&["pr"]).out;
    assert!(pr.contains("rows that were landed before keep what they hold"), "{pr}");
    let all = want.as_array_mut().unwrap();
    all.iter_mut().find(|row| row[0] == "7").unwrap()[1] = "101.25".into();
    all.push(json!(["99999", "12.50"]));
    for round in ["first", "second"] {
        runs_well(&s);
        assert_eq!(rows(&s, amounts), want, "{round} run");
    }
}

#[test]
fn a_key_that_changed_in_kind_under_several_consumers() {
    let s = ran();
    let want = rows(&s, &format!("select * from {MART} order by 1, 2"));
    sqlite(
        &s.path("shop.sqlite"),
        "create table c (customer_id text primary key not null, first_name text not null, last_name text not null,
           email text, phone text, country_code text not null, birth_date date, created_at timestamp not null,
           updated_at timestamp not null);
         insert into c select 'C-' || customer_id, first_name, last_name, email, phone, country_code, birth_date,
           created_at, updated_at from customers;
         create table o (order_id integer primary key not null, customer_id text not null references customers(customer_id),
           status text not null, ordered_at timestamp not null, shipped_at timestamp, total_amount decimal(12,2) not null,
           currency text not null, updated_at timestamp not null);
         insert into o select order_id, 'C-' || customer_id, status, ordered_at, shipped_at, total_amount, currency,
           updated_at from orders;
         drop table orders; drop table customers;
         alter table c rename to customers; alter table o rename to orders;",
    );
    let (code, asked) = s.json(&["drift", "--fix"]);
    assert_eq!(code, 3, "{asked}");
    let keys: Vec<&str> = asked["questions"].as_array().unwrap().iter().map(|q| q["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["shop.customers.customer_id", "shop.orders.customer_id"], "{asked}");
    let breaks = asked["changes"][1]["impact"]["breaks"].as_array().unwrap();
    for (kind, name) in [("model", "people"), ("model", "daily_revenue_per_country"), ("exposure", "who_buys")] {
        assert!(breaks.iter().any(|e| e["kind"] == kind && e["name"] == name), "{kind} {name}: {asked}");
    }
    let about = asked["questions"][1]["about"].as_str().unwrap();
    assert_eq!(about.matches("people (groups)").count(), 1, "one way is not told twice: {about}");
    let answers = |customers: &str, orders: &str| -> Vec<String> {
        let key = |table: &str, take: &str| format!("shop.{table}.customer_id={take}");
        ["drift", "--fix", "--answer", &key("customers", customers), "--answer", &key("orders", orders)]
            .map(str::to_owned)
            .into()
    };
    let apart = answers("keep integer", "take text");
    s.refused(&apart.iter().map(String::as_str).collect::<Vec<_>>(), 2, &["type-clash", "customer_id", "integer"]);
    let both = answers("take text", "take text");
    let (code, fixed) = s.json(&both.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((code, fixed["status"].as_str()), (0, Some("proposed")), "{fixed}");
    assert_eq!(s.read("dbt/models/exposures.yml"), DASHBOARD, "people's own file stays");
    followed(&s);
    runs_well(&s);
    assert_eq!(rows(&s, &format!("select * from {MART} order by 1, 2")), want, "joined by texts as by numbers before");
    let people = rows(&s, "select count(*) > 100, bool_and(customer_id like 'C-%'), sum(orders) from marts.people");
    assert_eq!(people, json!([["True", "True", "2400"]]));
}

#[test]
fn ids_that_became_text_and_moments_that_became_numbers() {
    let s = ran();
    let want = rows(&s, &format!("select * from {MART} order by 1, 2"));
    sqlite(
        &s.path("shop.sqlite"),
        "create table o (order_id text primary key not null, customer_id integer not null references customers(customer_id),
           status text not null, ordered_at integer not null, shipped_at timestamp, total_amount decimal(12,2) not null,
           currency text not null, updated_at timestamp not null);
         insert into o select 'A-' || order_id, customer_id, status, cast(strftime('%s', ordered_at) as integer),
           shipped_at, total_amount, currency, updated_at from orders;
         drop table orders; alter table o rename to orders;",
    );
    let (code, asked) = s.json(&["drift", "--fix"]);
    assert_eq!(code, 3, "{asked}");
    let keys: Vec<&str> = asked["questions"].as_array().unwrap().iter().map(|q| q["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["shop.orders.ordered_at"], "nobody but its own staging model reads order_id: {asked}");
    let (code, fixed) = s.json(&["drift", "--fix", "--answer", "shop.orders.ordered_at=keep timestamp"]);
    assert_eq!(code, 0, "{fixed}");
    followed(&s);
    for round in ["first", "second"] {
        let report = run(&s);
        assert!(report["tests"].as_array().is_some_and(|t| t.iter().all(|t| t["status"] == "pass")), "{report}");
        assert_eq!(rows(&s, &format!("select * from {MART} order by 1, 2")), want, "{round} run");
    }
    let beside = rows(&s, "select (select count(*) from raw_shop.orders), (select count(*) from raw_shop.orders_v2)");
    assert_eq!(beside, json!([["2400", "2400"]]), "the old landing table stays beside the new one");
}

#[test]
fn a_dag_looks_for_drift() {
    let s = workspace();
    s.refused(&["drift", "--dag", "every day"], 2, &["cron"]);
    let config = s.read("pipewright.yml");
    s.write("pipewright.yml", format!("# ours\n{config}"));
    s.commit("a comment");
    let (code, made) = s.json(&["drift", "--dag", "0 6 * * *"]);
    assert_eq!((code, made["status"].as_str()), (0, Some("proposed")), "{made}");
    let config = s.read("pipewright.yml");
    assert!(config.starts_with("# ours\n") && config.contains("0 6 * * *"), "{config}");
    let dag = s.read("dags/pipewright_drift.py");
    assert!(dag.contains("drift shop --exit-code") && dag.contains("schedule=\"0 6 * * *\""), "{dag}");
    s.ok(&["check"]);
    assert_eq!(s.json(&["drift", "--dag", "0 6 * * *"]).1["status"], "clean");
}

#[test]
fn what_people_made_of_a_contract_is_no_drift() {
    let s = workspace();
    s.edit(
        "contracts/shop/orders.odcs.yaml",
        "      - name: currency\n",
        "      - name: currency_code\n        physicalName: currency\n",
    );
    let products = s.read("contracts/shop/products.odcs.yaml");
    let at = products.find("      - name: cost\n").expect("cost");
    let end = products[at + 1..]
        .find("      - name:")
        .or_else(|| products[at + 1..].find("    customProperties"))
        .expect("an end");
    s.write("contracts/shop/products.odcs.yaml", format!("{}{}", &products[..at], &products[at + 1 + end..]));
    let (code, report) = s.json(&["drift", "--exit-code"]);
    assert_eq!((code, report["status"].as_str()), (0, Some("clean")), "{report}");
    sqlite(
        &s.path("shop.sqlite"),
        "drop table products; create table \"we{{ird}} `x`\" (\"a\"\"b\" text, \"\u{1f600}\" integer);",
    );
    let said = s.pw(&["drift", "--exit-code"]);
    assert!(said.code <= 1 && !said.err.contains("panicked"), "{} {}", said.out, said.err);
    s.refused(&["drift", "nowhere"], 2, &["no source"]);
}
