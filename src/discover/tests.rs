#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use super::*;
use crate::vocabulary::Fault;

/// A SQLite file made by statements; Python's library is at hand wherever the project is built.
fn sqlite(dir: &Path, file: &str, script: &str) {
    let program =
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit(); c.close()";
    let path = dir.join(file);
    let done = Command::new("python3").args(["-c", program, path.to_str().unwrap(), script]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn discovered(dir: &Path, file: &str) -> Result<Discovered, Fault> {
    let connection = Connection::Sqlite { path: file.into() };
    let reach = Reach { root: dir, python: &|| panic!("no runtime is needed") };
    contracts(&connection, &reach, &Name::parse("shop").unwrap(), &Profiling::default(), &mut |_| {})
}

fn shown(discovered: &Discovered) -> String {
    let texts: Vec<String> = discovered.contracts.iter().map(crate::contract::write).collect();
    let warnings: Vec<String> = discovered.warnings.iter().map(ToString::to_string).collect();
    for (contract, text) in discovered.contracts.iter().zip(&texts) {
        let path = paths::contract(&contract.table_ref());
        assert_eq!(crate::contract::read(&path, text).unwrap(), *contract, "{text}");
    }
    format!("{}\n{}\n", texts.join("\n"), warnings.join("\n"))
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../../snapshots/discover", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn the_sample_shop() {
    let dir = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop/make_shop.py");
    let shop = dir.path().join("shop.sqlite");
    assert!(Command::new("python3").arg(script).arg(&shop).output().unwrap().status.success());
    let found = discovered(dir.path(), "shop.sqlite").unwrap();
    snapshot("shop", &shown(&found));
    let text = shown(&found);
    assert!(!text.contains('@') && !text.contains("Amina"), "no personal value is written");
}

#[test]
fn odd_declarations_and_hostile_names() {
    let dir = tempfile::tempdir().unwrap();
    sqlite(
        dir.path(),
        "odd.sqlite",
        r#"
        create table "Order ""Details"": {{ x }}" ("Select" integer primary key, "a b" text, "a-b" text, "naïve" blob,
            "{% do %}" decimal(12,2), "" text);
        insert into "Order ""Details"": {{ x }}" values (1, 'x', 'y', x'00ff', 1.5, null);
        create table order_details (id integer primary key);
        create table parents (parent_id integer primary key, code text unique, updated_at datetime not null);
        insert into parents values (1, 'a', '2026-01-01 00:00:00'), (2, 'b', '2026-01-02T00:00:00');
        create table children (a integer, b text, parent_id integer, wrong_id integer, parent_code text references parents (code),
            lost integer references nowhere, both text, doubled integer generated always as (a * 2) stored,
            virtual_one text as (b || 'x'), primary key (b, a), foreign key (a, b) references pairs (x, y),
            foreign key (parent_id) references parents);
        insert into children (a, b, parent_id, wrong_id, parent_code) values (1, 'x', 1, 9, 'a'), (2, 'y', null, 1, 'b');
        create table wrongs (wrong_id integer primary key);
        insert into wrongs values (1);
        create table pairs (x integer, y text, primary key (x, y)) without rowid;
        create table inferred (inferred_id integer primary key, parent_id integer, customer_email text, n, r, t, z, mixed integer,
            stamp timestamp, epoch timestamp, zoned timestamp, day date, flag boolean, price numeric, shape geometry, amount decimal(10,2));
        insert into inferred values
            (1, 1, 'a@example.com', 1, 1.5, 'x', null, 1, '2026-01-01', 17000, '2026-01-01T00:00:00Z', '2026-01-01', 1, 2, 'p', 1.25),
            (2, 2, 'b@example.com', 2, 2, 'y', null, 'many', '2026-01-01 10:00:00.5', 17001, '2026-01-01 00:00+02:00', '2026-01-02', 0, 2.5, 'q', 'x');
        create view busy as select a, count(*) as n from children group by a;
        create view broken as select * from no_such_table;
        create view slow_fn as select no_such_function(a) as f from children;
        create virtual table notes using fts5(body);
        create table empty_one (id text primary key, made date);
        create table "rowid" (rowid text, x integer);
        "#,
    );
    let found = discovered(dir.path(), "odd.sqlite").unwrap();
    snapshot("odd", &shown(&found));
}

#[test]
fn lists_of_values_are_rules_and_personal_data_is_none() {
    let dir = tempfile::tempdir().unwrap();
    sqlite(
        dir.path(),
        "lists.sqlite",
        "create table t (id integer primary key, status text, country text, owner text, note text, contact text, grade text,
            card text, seen_by text, flag text, order_type text, gender text, agent_status text, number_type text);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
        insert into t select i, case i % 3 when 0 then 'open' when 1 then 'closed' else 'on hold' end,
            case i % 2 when 0 then 'US' else 'DE' end, case i % 2 when 0 then 'Ada Abt' else 'Bo Berg' end,
            'note ' || i, 'me' || i || '@example.com', case i % 2 when 0 then '1' else '2' end,
            '4111 1111 1111 1111', case i % 2 when 0 then 'ada' else 'bo' end,
            case i % 2 when 0 then 'yes' else 'no' end, case i % 4 when 0 then null when 1 then 'web' else 'shop' end,
            case i % 2 when 0 then 'f' else 'm' end, case i % 2 when 0 then 'a@b.example' else 'x' end,
            case i % 2 when 0 then '+1 415 555 0100' else '+1 415 555 0101' end from n;",
    );
    let found = discovered(dir.path(), "lists.sqlite").unwrap();
    let contract = &found.contracts[0];
    let lists: Vec<(&str, &[String])> = contract
        .columns
        .iter()
        .filter(|c| !c.accepted_values.is_empty())
        .map(|c| (c.name.as_str(), c.accepted_values.as_slice()))
        .collect();
    let want: Vec<(&str, Vec<&str>)> = vec![
        ("status", vec!["closed", "on hold", "open"]),
        ("flag", vec!["no", "yes"]),
        ("order_type", vec!["shop", "web"]),
    ];
    assert_eq!(
        lists,
        want.iter()
            .map(|(n, v)| (*n, v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()))
            .map(|(n, v)| (n, &*v.leak()))
            .collect::<Vec<_>>()
    );
    let tags: Vec<(&str, &str)> = contract.columns.iter().filter_map(|c| Some((c.name.as_str(), c.pii()?))).collect();
    let want =
        [("owner", "name"), ("contact", "email"), ("card", "payment"), ("gender", "gender"), ("number_type", "phone")];
    assert_eq!(tags, want);
}

#[test]
fn few_rows_show_examples_of_what_sorts_them_and_of_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let script = "create table plans (id integer primary key, name text, tier text, city text, contact_name text);
        insert into plans values (1, 'Basic', 'bronze', 'Bern', 'Ada'), (2, 'Plus', 'gold', 'Basel', 'Bo'),
            (3, 'Student', 'bronze', 'Bern', 'Cy');";
    sqlite(dir.path(), "plans.sqlite", script);
    let found = discovered(dir.path(), "plans.sqlite").unwrap();
    let columns = &found.contracts[0].columns;
    let shown: Vec<(&str, String)> =
        columns.iter().filter(|c| !c.examples.is_empty()).map(|c| (c.name.as_str(), c.examples.join(", "))).collect();
    assert_eq!(shown, [("tier", "bronze, gold".to_owned()), ("city", "Basel, Bern".to_owned())]);
    assert!(columns.iter().all(|c| c.accepted_values.is_empty()), "three rows are no rule");
}

#[test]
fn a_large_table_is_sampled_and_its_lists_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    sqlite(
        dir.path(),
        "large.sqlite",
        "create table t (id integer primary key, status text);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 250000)
        insert into t select i, case when i = 7 then 'rare' else 'usual' end from n;",
    );
    let found = discovered(dir.path(), "large.sqlite").unwrap();
    let profile = found.contracts[0].profile.clone().unwrap();
    assert_eq!((profile.rows, profile.method.as_str()), (250_000, "systematic"));
    assert!(profile.sample > 80_000 && profile.sample <= 100_000, "{}", profile.sample);
    // In the sample the status has one value only, so it is no list; `rare` never got lost from one.
    assert!(found.contracts[0].columns[1].accepted_values.is_empty());
}

#[test]
fn files_that_are_no_source() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("zero.sqlite"), "").unwrap();
    std::fs::write(at("text.sqlite"), "hello, this is no database at all").unwrap();
    std::fs::write(at("head.sqlite"), [b"SQLite format 3\0".as_slice(), &[7; 4000]].concat()).unwrap();
    sqlite(dir.path(), "none.sqlite", "create table t (a); drop table t;");
    sqlite(dir.path(), "views.sqlite", "create view v as select * from gone;");
    sqlite(
        dir.path(),
        "page.sqlite",
        "create table t (a text); with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
         insert into t select 'some text to fill pages ' || i from n;",
    );
    let mut bytes = std::fs::read(at("page.sqlite")).unwrap();
    let len = bytes.len();
    bytes[8192..len - 4096].fill(0xee);
    std::fs::write(at("page.sqlite"), bytes).unwrap();
    let mut said = String::new();
    for name in [
        "nosuch.sqlite",
        ".",
        "zero.sqlite",
        "text.sqlite",
        "head.sqlite",
        "none.sqlite",
        "views.sqlite",
        "page.sqlite",
    ] {
        let fault = discovered(dir.path(), name).unwrap_err();
        assert_eq!(fault.exit, 2);
        said.push_str(&format!("{fault}\n"));
    }
    assert!(!at("nosuch.sqlite").exists(), "reading makes no file");
    let other = Connection::mysql("X".into());
    let reach = Reach { root: dir.path(), python: &|| panic!("no runtime is needed") };
    let name = Name::parse("shop").unwrap();
    let fault = contracts(&other, &reach, &name, &Profiling::default(), &mut |_| {}).unwrap_err();
    said.push_str(&fault.to_string());
    snapshot("no_source", &said);
}

/// A table of 5,000 rows with gaps in its numbers, of which one region is rare, and a view of it.
fn sampled(profiling: &Profiling) -> Vec<Contract> {
    let dir = tempfile::tempdir().unwrap();
    sqlite(
        dir.path(),
        "s.sqlite",
        "create table t (id integer primary key, region text, amount integer);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
        insert into t select i * 3, case when i % 1000 = 0 then 'rare' when i % 3 = 0 then 'west' else 'east' end, i from n;
        create view v as select * from t;",
    );
    let connection = Connection::Sqlite { path: "s.sqlite".into() };
    let reach = Reach { root: dir.path(), python: &|| panic!("no runtime is needed") };
    contracts(&connection, &reach, &Name::parse("shop").unwrap(), profiling, &mut |_| {}).unwrap().contracts
}

#[test]
fn samples_are_of_the_method_and_size_that_was_asked_for() {
    use crate::workspace::Method;
    for method in Method::ALL {
        let by = (method == Method::Stratified).then(|| "region".to_owned());
        let profiling = Profiling { size: Some(500), method: Some(method), by, seed: Some(7), ..Profiling::default() };
        let found = sampled(&profiling);
        assert_eq!(found, sampled(&profiling), "{method:?}: the same rows for the same seed");
        for contract in &found {
            let seen = contract.profile.as_ref().unwrap();
            assert_eq!((seen.rows, seen.sample, seen.method.as_str()), (5000, 500, method.as_str()));
            assert_eq!(seen.seed, (method != Method::First).then_some(7));
            let region = contract.column("region").unwrap().profile.as_ref().unwrap();
            match method {
                Method::Stratified => assert_eq!(region.distinct, 3, "no stratum is left out"),
                Method::First => assert_eq!(region.distinct, 2),
                _ => {}
            }
            let amount = contract.column("amount").unwrap().profile.as_ref().unwrap();
            let median: u64 = amount.quantiles[2].parse().unwrap();
            match method {
                Method::First => assert_eq!(amount.max.as_deref(), Some("500")),
                _ => assert!((2100..2900).contains(&median), "{method:?}: {median}"),
            }
        }
        let other = sampled(&Profiling { seed: Some(8), ..profiling });
        let rows = |found: &[Contract]| found[0].column("amount").unwrap().profile.clone();
        assert_eq!(rows(&other) == rows(&found), method == Method::First, "{method:?}");
    }
}

#[test]
fn no_more_rows_are_read_than_allowed_and_short_tables_are_read_whole() {
    let limited = sampled(&Profiling { size: Some(100), max_rows: Some(1000), ..Profiling::default() });
    let seen = limited[0].column("amount").unwrap().profile.clone().unwrap();
    assert!(seen.max.unwrap().parse::<u64>().unwrap() <= 1000);
    let whole = sampled(&Profiling { size: Some(5000), ..Profiling::default() });
    let profile = whole[0].profile.as_ref().unwrap();
    assert_eq!((profile.sample, profile.method.as_str(), profile.seed), (5000, "all", None));
    let cursors: Vec<&str> = profile.cursors.iter().map(|c| c.column.as_str()).collect();
    assert_eq!(cursors, ["id"]);
}

/// Every reference that was found, `from.column -> to.column`, and every key.
fn found_keys(found: &Discovered) -> (Vec<String>, Vec<String>) {
    let (mut references, mut keys) = (Vec::new(), Vec::new());
    for contract in &found.contracts {
        for column in &contract.columns {
            if let Some(to) = column.references.as_ref().filter(|to| to.inferred) {
                assert!(to.evidence.as_deref().is_some_and(|e| e.contains("all values are there")), "{to:?}");
                references.push(format!("{}.{} -> {}.{}", contract.table, column.name, to.table, to.column));
            }
            keys.extend(column.key_evidence.as_ref().map(|_| format!("{}.{}", contract.table, column.name)));
        }
    }
    references.sort();
    (references, keys)
}

#[test]
fn keys_and_references_are_found_by_names_and_rows_and_decoys_are_not() {
    let dir = tempfile::tempdir().unwrap();
    sqlite(
        dir.path(),
        "keys.sqlite",
        "create table customers (id integer primary key, email text unique, code text unique);
        create table tbl_categories (category_id integer, parent_id integer, name text);
        create table countries (country_code text, name text, continent_id integer);
        create table addresses (address_id integer primary key, country_code text);
        create table employees (emp_no integer primary key, manager_id integer, reports_to integer, badge_no integer);
        create table products (product_id integer primary key, sku text unique, category_id integer);
        create table orders (order_id integer primary key, customer_id integer, billing_address_id integer,
            shipping_address_id integer, emp_no integer, customer_code text, external_customer_id integer,
            product_sku text, quantity integer, status_id integer, category_id integer, line_count integer);
        create table orders_archive (order_id integer primary key, total integer);
        create table payments (payment_id integer, order_id integer, previous_payment_id integer, customer_id text);
        create table logs (id integer, order_id integer, customer_id integer, product_id integer);
        create table repeated (id integer, name text);
        create table one_row (id integer);
        create table statuses (status_id integer primary key, name text);
        create table twin_a (serial_no text primary key); create table twin_b (serial_no text primary key);
        create table readings (reading_id integer primary key, serial_no text, id_of_nothing integer, name text);
        create table names (name text primary key);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 60) insert into customers
            select i, 'c' || i || '@example.com', 'C' || i from n;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 12) insert into tbl_categories
            select i, case when i > 3 then i % 3 + 1 end, 'cat ' || i from n;
        insert into countries values ('DE', 'Germany', 1), ('FR', 'France', 1), ('JP', 'Japan', 2), ('US', 'America', 3);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 40) insert into addresses
            select i, case i % 3 when 0 then 'DE' when 1 then 'JP' else 'US' end from n;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) insert into employees
            select i, case when i > 4 then i % 4 + 1 end, case when i > 4 then 9 - i % 3 end, 1000 + i from n;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 30) insert into products
            select i, 'S-' || i, (i * 7) % 12 + 1 from n;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) insert into orders
            select i, (i * 7) % 60 + 1, (i * 3) % 40 + 1, (i * 11) % 40 + 1, i % 9 + 1, 'C' || ((i * 7) % 60 + 1),
                i % 50 + 1, 'S-' || (i % 30 + 1), i % 5 + 1, i % 4 + 1, (i * 5) % 90 + 1, i from n;
        with recursive n(i) as (select 200 union all select i + 1 from n where i < 230) insert into orders_archive
            select i, i from n;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 50) insert into payments
            select i, i * 2, case when i > 10 then (i * 3) % 10 + 1 end, i from n;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) insert into logs
            select i, i + 95, i % 20 + 50, null from n;
        insert into repeated values (1, 'a'), (1, 'b'), (2, 'c'); insert into one_row values (1);
        insert into statuses values (1, 'open'), (2, 'closed');
        insert into twin_a values ('x'), ('y'), ('z'); insert into twin_b values ('x'), ('y'), ('z');
        insert into readings values (1, 'x', 1, 'n1'), (2, 'y', 2, 'n2'), (3, 'z', 1, 'n1');
        insert into names values ('n1'), ('n2');",
    );
    let found = discovered(dir.path(), "keys.sqlite").unwrap();
    let (references, keys) = found_keys(&found);
    assert_eq!(
        references,
        [
            "addresses.country_code -> countries.country_code",
            "employees.manager_id -> employees.emp_no",
            "employees.reports_to -> employees.emp_no",
            "orders.billing_address_id -> addresses.address_id",
            "orders.customer_code -> customers.code",
            "orders.customer_id -> customers.id",
            "orders.emp_no -> employees.emp_no",
            "orders.shipping_address_id -> addresses.address_id",
            "payments.order_id -> orders.order_id",
            "payments.previous_payment_id -> payments.payment_id",
            "products.category_id -> tbl_categories.category_id",
            "tbl_categories.parent_id -> tbl_categories.category_id",
        ],
        "not: statuses that are not there, a category of another sort, ids kept elsewhere, texts for numbers, one of two \
         twins, values of a name, what is empty"
    );
    assert_eq!(keys, ["countries.country_code", "logs.id", "payments.payment_id", "tbl_categories.category_id"]);
    // A declared key has no mark, and nobody is asked of rows that were not looked at.
    let orders = found.contracts.iter().find(|c| c.table == *"orders").unwrap();
    assert!(!crate::contract::write(orders).contains("inferred_key"));
    let connection = Connection::Sqlite { path: "keys.sqlite".into() };
    let reach = Reach { root: dir.path(), python: &|| panic!("no runtime is needed") };
    let off = Profiling { enabled: Some(false), ..Profiling::default() };
    let plain = contracts(&connection, &reach, &Name::parse("shop").unwrap(), &off, &mut |_| {}).unwrap();
    assert_eq!(found_keys(&plain), (Vec::new(), Vec::new()));
}
