//! Discovery of PostgreSQL and MariaDB servers, and ingestion from them.

mod support;

use support::Sandbox;
use support::servers::{self, Database};

const POSTGRES: &str = include_str!("../fixtures/databases/postgres.sql");
const MYSQL: &str = include_str!("../fixtures/databases/mysql.sql");

/// A workspace over a database, whose address is in `SHOP_URL`.
fn workspace(database: &Database) -> Sandbox {
    let sandbox = Sandbox::bare();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.ok(&["init", "--source", &format!("shop={}:SHOP_URL", database.kind), "--target", "duckdb"]);
    sandbox
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
    let said = sandbox.with_env("SHOP_URL", &database.url, &["discover"]);
    assert_eq!(said.code, 0, "{}", said.err);
    if server.is_own() {
        snapshot("postgres", &format!("{}\n{}", said.err, contracts(&sandbox)));
    }
    let again = sandbox.with_env("SHOP_URL", &database.url, &["discover"]);
    assert!(again.out.contains("Nothing has changed"), "{}", again.out);
}

#[test]
fn everything_that_mariadb_has() {
    let Some(server) = servers::mariadb() else { return };
    let database = server.database(MYSQL);
    let sandbox = workspace(&database);
    let said = sandbox.with_env("SHOP_URL", &database.url, &["discover"]);
    assert_eq!(said.code, 0, "{}", said.err);
    if server.is_own() {
        let said = said.err.replace(&database.name, "DATABASE");
        snapshot("mariadb", &format!("{said}\n{}", contracts(&sandbox)));
    }
    let again = sandbox.with_env("SHOP_URL", &database.url, &["discover"]);
    assert!(again.out.contains("Nothing has changed"), "{}", again.out);
}
