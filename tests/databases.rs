//! Discovery of PostgreSQL and MariaDB servers, and ingestion from them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use support::Said;
use support::Sandbox;
use support::proxy::proxy;
use support::servers::{self, Database, Server};

const POSTGRES: &str = include_str!("../fixtures/databases/postgres.sql");
const MYSQL: &str = include_str!("../fixtures/databases/mysql.sql");

/// A workspace over a database, whose address is in `SHOP_URL`.
fn workspace(database: &Database) -> Sandbox {
    let sandbox = Sandbox::bare();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.ok(&["init", "--source", &format!("shop={}:SHOP_URL", database.kind), "--target", "duckdb"]);
    sandbox
}

fn discover(sandbox: &Sandbox, url: &str) -> Said {
    sandbox.with_env("SHOP_URL", url, &["discover"])
}

/// The servers that are there.
fn all() -> impl Iterator<Item = &'static Server> {
    [servers::postgres(), servers::mariadb()].into_iter().flatten()
}

/// All contracts of the workspace, without what differs from one server to the next.
fn contracts(sandbox: &Sandbox) -> String {
    let sizes = regex::Regex::new(r", bytes: \d+").expect("a pattern");
    let tree = sandbox.tree();
    let of_shop = tree.iter().filter(|(path, _)| path.starts_with("contracts/"));
    let texts: Vec<String> = of_shop
        .map(|(path, bytes)| {
            let text = String::from_utf8_lossy(bytes);
            assert!(sizes.is_match(&text) || !text.contains("physicalType: table"), "{path}: {text}");
            format!("# {path}\n{}", sizes.replace_all(&text, ""))
        })
        .collect();
    texts.join("\n")
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../snapshots/databases", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn everything_that_postgresql_has() {
    let Some(server) = servers::postgres() else { return };
    let database = server.database(POSTGRES);
    let sandbox = workspace(&database);
    let said = discover(&sandbox, &database.url);
    assert_eq!(said.code, 0, "{}", said.err);
    if server.is_own() {
        snapshot("postgres", &format!("{}\n{}", said.err, contracts(&sandbox)));
    }
    let again = discover(&sandbox, &database.url);
    assert!(again.out.contains("Nothing has changed"), "{}", again.out);
}

#[test]
fn everything_that_mariadb_has() {
    let Some(server) = servers::mariadb() else { return };
    let database = server.database(MYSQL);
    let sandbox = workspace(&database);
    let said = discover(&sandbox, &database.url);
    assert_eq!(said.code, 0, "{}", said.err);
    if server.is_own() {
        let said = said.err.replace(&database.name, "DATABASE");
        snapshot("mariadb", &format!("{said}\n{}", contracts(&sandbox)));
    }
    let again = discover(&sandbox, &database.url);
    assert!(again.out.contains("Nothing has changed"), "{}", again.out);
}

#[test]
fn sources_that_cannot_be_read_say_why_and_no_secret() {
    for server in all() {
        let database = server.database("create table t (id int)");
        let sandbox = workspace(&database);
        let before = sandbox.tree();
        let unset = sandbox.pw(&["discover"]);
        assert_eq!(unset.code, 2);
        assert!(
            unset.err.contains("error[unset-variable]: the environment variable `SHOP_URL` is not set"),
            "{}",
            unset.err
        );
        assert!(unset.err.contains("pipewright.yml"), "{}", unset.err);
        let (scheme, _) = database.url.split_once("://").unwrap();
        let tls = if database.kind == "postgres" { "sslmode=require" } else { "ssl-mode=REQUIRED" };
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let nowhere = format!("{scheme}://someone:hunter2hunter2@{free}/{}", database.name);
        for (url, code) in [
            (nowhere, "unreachable-source"),
            (database.url_of("admin", "hunter2hunter2"), "login-refused"),
            (database.url_of("nobody_there", "hunter2hunter2"), "login-refused"),
            (database.url.replace(&database.name, "no_such_database"), "no-database"),
            (format!("{}?{tls}", database.url), "tls-refused"),
            ("hunter2hunter2".to_owned(), "bad-address"),
            (format!("{scheme}://admin:hunter2hunter2@host:port/x"), "bad-address"),
            ("sqlite:hunter2hunter2".to_owned(), "bad-address"),
        ] {
            if code == "tls-refused" && !server.is_own() {
                continue;
            }
            let said = discover(&sandbox, &url);
            assert_eq!(said.code, 2, "{code}: {}", said.err);
            assert!(said.err.contains(&format!("error[{code}]")), "{code}: {}", said.err);
            assert!(said.err.contains("`SHOP_URL`"), "{}", said.err);
            for secret in ["hunter2", servers::PASSWORD, "p%40ss", "127.0.0.1:"] {
                assert!(!said.err.contains(secret) && !said.out.contains(secret), "{code}: {}{}", said.out, said.err);
            }
        }
        assert_eq!(sandbox.tree(), before, "nothing was written");
    }
}

#[test]
fn every_form_of_an_address_is_understood() {
    for server in all() {
        let database = server.database("create table t (id int)");
        let sandbox = workspace(&database);
        let (_, rest) = database.url.split_once("://").unwrap();
        let schemes: &[&str] = match database.kind {
            "postgres" => &["postgres", "postgresql", "postgresql+psycopg2"],
            _ => &["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"],
        };
        for scheme in schemes {
            let said = discover(&sandbox, &format!("{scheme}://{rest}"));
            assert_eq!(said.code, 0, "{scheme}: {}", said.err);
        }
    }
}

#[test]
fn what_may_not_be_read_is_left_out_and_named() {
    for server in all() {
        let tables = "create table open_one (id int primary key, secret int); create table closed (id int); \
                      create table partly (id int, hidden int);";
        let database = server.database(tables);
        let user = format!("reader_{}", database.name);
        database.run(&match database.kind {
            "postgres" => format!(
                "create user {user} password 'reading'; grant select on open_one to {user}; \
                 grant select (id) on partly to {user}; create schema locked; create table locked.inner_one (id int); \
                 grant select on locked.inner_one to {user}"
            ),
            _ => format!(
                "create user {user} identified by 'reading'; grant select on {0}.open_one to {user}; \
                 grant insert on {0}.closed to {user}; grant select (id), insert (hidden) on {0}.partly to {user}",
                database.name
            ),
        });
        let sandbox = workspace(&database);
        if database.kind == "postgres" {
            sandbox.edit("pipewright.yml", "url_env: SHOP_URL", "url_env: SHOP_URL, schemas: [public, locked]");
        }
        let said = discover(&sandbox, &database.url_of(&user, "reading"));
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.err.contains("`closed` is left out: permission denied"), "{}", said.err);
        assert!(said.err.contains("`partly` is read without hidden"), "{}", said.err);
        if database.kind == "postgres" {
            assert!(said.err.contains("`inner_one` is left out: permission denied for schema locked"), "{}", said.err);
        }
        assert!(sandbox.read("contracts/shop/open_one.odcs.yaml").contains("name: secret"));
        assert!(!sandbox.read("contracts/shop/partly.odcs.yaml").contains("hidden"));
        assert!(!sandbox.path("contracts/shop/closed.odcs.yaml").exists());
    }
}

#[test]
fn nothing_is_written_to_a_source_and_nothing_waits_for_ever() {
    for server in all() {
        let postgres = "create table log (id int); create table t (id int); insert into t values (1); \
            create function bump() returns int language plpgsql as \
            'begin insert into log values (1); return 1; end'; \
            create view writes as select bump() as n; create view sleeps as select 1 as n, pg_sleep(30)::text as s";
        let mysql = "create table log (id int); create table t (id int); insert into t values (1); \
            create function bump() returns int not deterministic modifies sql data \
            begin insert into log values (1); return 1; end; \
            create view writes as select bump() as n from t; \
            create view sleeps as select sleep(30) + benchmark(2000000000, sha2('x', 512)) as n from t";
        let database = server.database(if server.is_postgres() { postgres } else { mysql });
        let sandbox = workspace(&database);
        let reading = "url_env: SHOP_URL, reading: {statement_seconds: 1, connections: 2}";
        sandbox.edit("pipewright.yml", "url_env: SHOP_URL", reading);
        let said = discover(&sandbox, &database.url);
        assert_eq!(said.code, 0, "{}", said.err);
        let flat = said.err.to_lowercase();
        assert!(flat.contains("`writes` is left out"), "{}", said.err);
        // MariaDB does not even name the columns of such a view.
        assert!(!server.is_postgres() || flat.contains("in a read-only transaction"), "{}", said.err);
        assert!(flat.contains("`sleeps` is left out"), "{}", said.err);
        assert!(sandbox.read("contracts/shop/log.odcs.yaml").contains("rows: 0,"));
    }
}

/// The address of the database by way of `host`, unencrypted.
fn by_way_of(database: &Database, host: &str) -> String {
    let plain = if database.kind == "postgres" { "sslmode=disable" } else { "ssl-mode=DISABLED" };
    format!("{}?{plain}", database.url.replace(&database.address(), host))
}

#[test]
fn a_connection_that_is_cut_leaves_nothing_half_written() {
    for server in all() {
        let tables: String = (0..40).map(|i| format!("create table t{i} (id int);")).collect();
        let database = server.database(&tables);
        let sandbox = workspace(&database);
        let before = sandbox.tree();
        // The wire, in the middle.
        let host = proxy(&database.address(), "t20", || true);
        let said = discover(&sandbox, &by_way_of(&database, &host));
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("error[unreadable-source]"), "{}", said.err);
        assert_eq!(sandbox.tree(), before);
        // The server, which ends all other sessions.
        let (url, name, kind) = (database.url.clone(), database.name.clone(), database.kind);
        let host = proxy(&database.address(), "t20", move || {
            let end = match kind {
                "postgres" => {
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
                               and pid <> pg_backend_pid()"
                        .to_owned()
                }
                _ => format!(
                    "begin not atomic for s in (select id from information_schema.processlist where db = '{name}' and \
                     id <> connection_id()) do execute immediate concat('kill ', s.id); end for; end"
                ),
            };
            servers::run(&url, &end);
            false
        });
        let said = discover(&sandbox, &by_way_of(&database, &host));
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("error[unreadable-source]"), "{}", said.err);
        assert_eq!(sandbox.tree(), before);
        assert_eq!(discover(&sandbox, &database.url).code, 0, "and then it works again");
    }
}

#[test]
fn a_table_that_changes_while_it_is_read_is_left_out_and_named() {
    for server in all() {
        for (change, steady) in [("drop table doomed", "doomed"), ("alter table doomed drop column b", "doomed")] {
            let tables =
                "create table doomed (a int, b int); create table other (a int); insert into doomed values (1, 2)";
            let database = server.database(tables);
            let sandbox = workspace(&database);
            let url = database.url.clone();
            let quote = if database.kind == "postgres" { '"' } else { '`' };
            let host = proxy(&database.address(), &format!("from {quote}{steady}{quote}"), move || {
                servers::run(&url, change);
                false
            });
            let said = discover(&sandbox, &by_way_of(&database, &host));
            assert_eq!(said.code, 0, "{}", said.err);
            assert!(said.err.contains("warning[table-skipped]: `doomed` is left out"), "{change}: {}", said.err);
            assert!(sandbox.path("contracts/shop/other.odcs.yaml").exists());
            assert!(!sandbox.path("contracts/shop/doomed.odcs.yaml").exists());
        }
    }
}

#[test]
fn two_thousand_tables_and_one_of_very_many_columns() {
    for server in all() {
        let wide = if server.is_postgres() { 1500 } else { 1000 };
        let columns: Vec<String> = (0..wide).map(|i| format!("c{i} int")).collect();
        let mut script = format!("create table wide ({});", columns.join(", "));
        let engine = if server.is_postgres() { "" } else { " engine = aria transactional = 0" };
        (0..2000).for_each(|i| {
            script.push_str(&format!("create table t{i:04} (id int primary key, name varchar(9)){engine};"))
        });
        let database = server.database(&script);
        let sandbox = workspace(&database);
        let (code, report) = {
            let said = sandbox.with_env("SHOP_URL", &database.url, &["discover", "--no-profile", "--json"]);
            (said.code, serde_json::from_str::<serde_json::Value>(&said.out).unwrap())
        };
        assert_eq!(code, 0);
        let found = report["contracts"].as_array().unwrap();
        assert_eq!(found.len(), 2001);
        let names: Vec<&str> = found.iter().map(|c| c["table"].as_str().unwrap()).collect();
        assert!(names.is_sorted() && names[0] == "shop.t0000" && names[2000] == "shop.wide");
        assert_eq!(found[2000]["columns"], wide);
    }
}

#[test]
fn several_schemas() {
    for server in all() {
        let database = server.database("create table customers (id int primary key)");
        let (own, second) =
            (if server.is_postgres() { "public" } else { &database.name }, format!("{}_b", database.name));
        database.run(&format!(
            "create schema {second}; create table {second}.customers (id int primary key); \
             create table {second}_customers (id int); create table {second}.orders (id int primary key, customer int, \
             own int, foreign key (customer) references {own}.customers (id), \
             foreign key (own) references {second}.customers (id))"
        ));
        let sandbox = workspace(&database);
        let said = discover(&sandbox, &database.url);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(!sandbox.path(&format!("contracts/shop/{second}_orders.odcs.yaml")).exists(), "only the own schema");
        sandbox.edit("pipewright.yml", "url_env: SHOP_URL", &format!("url_env: SHOP_URL, schemas: [{second}, {own}]"));
        let said = discover(&sandbox, &database.url);
        assert_eq!(said.code, 0, "{}", said.err);
        let orders = sandbox.read(&format!("contracts/shop/{second}_orders.odcs.yaml"));
        assert!(orders.contains(&"physicalName: orders\n".to_string()), "{orders}");
        assert!(orders.contains(&format!("property: pipewright.schema\n        value: {second}\n")), "{orders}");
        assert!(orders.contains("to: customers.id\n"), "{orders}");
        // Two tables that would have one name: the one of the own schema has it.
        let plain = sandbox.read(&format!("contracts/shop/{second}_customers.odcs.yaml"));
        assert!(!plain.contains("pipewright.schema"), "{plain}");
        let other = sandbox.read(&format!("contracts/shop/{second}_customers_2.odcs.yaml"));
        assert!(other.contains("pipewright.schema"), "{other}");
        assert!(orders.contains(&format!("to: {second}_customers_2.id\n")), "{orders}");
        server.administrate(&if server.is_postgres() { String::new() } else { format!("drop database {second}") });
    }
}
