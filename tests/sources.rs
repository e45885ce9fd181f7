//! Sources that are no SQL server, discovered and loaded for real: files, S3-compatible storage, APIs, DuckDB files,
//! warehouses of dbt.
//!
//! Needs the runtime (`pipewright setup`), and for S3 the judges' folder (`PIPEWRIGHT_JUDGES`, which has moto's server).

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::Sandbox;
use support::warehouse::{python, rows, runtime_bin};

fn fixture(name: &str) -> String {
    format!("{}/fixtures/sources/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A repository with those files of `make_files.py`.
fn with_files(parts: &[&str]) -> Sandbox {
    let s = Sandbox::bare();
    s.git(&["init", "-q", "-b", "main"]);
    let (script, root) = (fixture("make_files.py"), s.root.to_string_lossy().into_owned());
    python(&[&[script.as_str(), root.as_str()], parts].concat());
    s
}

/// Discovers a source, and commits what was found.
fn discovered(s: &Sandbox, source: &str, env: &[(&str, &str)]) -> Value {
    s.ok(&["init", "--source", source, "--target", "duckdb"]);
    let report = discover(s, &[], env);
    s.commit("workspace");
    report
}

fn discover(s: &Sandbox, source: &[&str], env: &[(&str, &str)]) -> Value {
    let args = [&["discover", "--json"], source].concat();
    let said = support::said(s.command(&args).envs(env.iter().copied()).output().expect("the program runs"));
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    serde_json::from_str(&said.out).expect("one document")
}

/// A pipeline that stages tables of a source as they are, with the mode of each.
fn stage(s: &Sandbox, source: &str, tables: &[(&str, &str)]) {
    let mut spec = format!("version: 1\nname: staged_{source}\ningest:\n");
    for (table, mode) in tables {
        spec.push_str(&format!("  - {{table: {source}.{table}, mode: {mode}}}\n"));
    }
    spec.push_str("models:\n");
    for (table, _) in tables {
        spec.push_str(&format!("  - {{name: stg_{source}__{table}, from: {source}.{table}}}\n"));
    }
    s.write(&format!("pipelines/staged_{source}.yml"), spec);
}

/// Runs what is there, and what it says.
fn run(s: &Sandbox, env: &[(&str, &str)], code: i32) -> String {
    let out = s.command(&["run", "--as-of", "2026-04-03"]).envs(env.iter().copied()).output().expect("runs");
    let said = support::said(out);
    assert_eq!(said.code, code, "{}\n{}", said.out, said.err);
    format!("{}\n{}", said.out, said.err)
}

fn warned(report: &Value) -> Vec<String> {
    let all = report["warnings"].as_array().expect("warnings").iter();
    all.map(|w| format!("{}: {}", w["code"].as_str().unwrap(), w["what"].as_str().unwrap())).collect()
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../snapshots/sources", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, text);
    });
}

/// Every contract: its columns and how it is read.
fn shown(s: &Sandbox, report: &Value) -> String {
    let mut out = warned(report).join("\n");
    for contract in report["contracts"].as_array().expect("contracts") {
        let path = contract["path"].as_str().expect("a path");
        let text = s.read(path);
        let script = "import json, sys, yaml\n\
            t = yaml.safe_load(sys.stdin)['schema'][0]\n\
            print(json.dumps([t['physicalName'], [[c['name'], c.get('physicalName', ''), c['physicalType'], \
            *(k for k in ('required', 'unique', 'primaryKey') if c.get(k)), \
            *[r['to'] for r in c.get('relationships', [])]] for c in t['properties']], \
            [p['value'] for p in t.get('customProperties', []) if p['property'] == 'pipewright.reading']]))";
        let mut child = Command::new(runtime_bin().join("python"))
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let told: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).expect("JSON");
        out.push_str(&format!("\n\n{} {} {}", contract["table"].as_str().unwrap(), told[0], told[2]));
        for column in told[1].as_array().unwrap() {
            out.push_str(&format!("\n  {column}"));
        }
    }
    out
}

/// A program that serves, and says its port first; it ends with the test.
struct Served {
    child: Child,
    url: String,
    heard: Arc<Mutex<String>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn served(command: &mut Command) -> Served {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut port = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut port).expect("a port");
    let heard = Arc::new(Mutex::new(String::new()));
    let (errors, kept) = (BufReader::new(child.stderr.take().unwrap()), heard.clone());
    std::thread::spawn(move || {
        for line in errors.lines().map_while(Result::ok) {
            kept.lock().unwrap().push_str(&format!("{line}\n"));
        }
    });
    Served { child, url: format!("http://127.0.0.1:{}", port.trim()), heard }
}

fn api() -> Served {
    served(Command::new(runtime_bin().join("python")).arg(fixture("api.py")))
}

#[test]
fn a_vendor_feed_becomes_a_model() {
    let s = with_files(&["feeds"]);
    let report = discovered(&s, "feed=files:feeds/{vendor}/{date}/orders_*.csv", &[]);
    assert_eq!(report["contracts"][0]["rows"], 120);
    let warnings = warned(&report);
    assert!(warnings.len() == 1 && warnings[0].starts_with("column-missing: `note`"), "{warnings:?}");
    let (code, proposed) = s.json(&["propose", "daily total amount per vendor", "--as-of", "2026-04-03"]);
    assert_eq!(code, 0, "{proposed}");
    run(&s, &[], 0);
    let found = rows(
        &s,
        "select vendor, count(*), sum(total_amount) from marts.daily_total_amount_per_vendor group by 1 order by 1",
    );
    // 1 to 60 and 61 to 120, and a half each.
    assert_eq!(found, json!([["acme", "3", "1860.00"], ["globex", "3", "5460.00"]]));
    let before = rows(&s, "select * from raw_feed.orders order by order_id");
    run(&s, &[], 0);
    assert_eq!(rows(&s, "select * from raw_feed.orders order by order_id"), before, "a second run changes nothing");

    // A later file that does not fit stops the load, and names itself and the row, not the value.
    s.write("feeds/acme/2026-04-01/orders_20260401.csv", "order_id,customer,amount,ordered_at\n121,Jane Roe,1.5,2026-04-01 10:00:00\n122,John Doe,s3cr3t,2026-04-01 10:00:00\n");
    let said = run(&s, &[], 1);
    assert!(said.contains("orders_20260401.csv: row 3: `amount` does not fit"), "{said}");
    assert!(!said.contains("s3cr3t") && !said.contains("John"), "{said}");
    assert_eq!(rows(&s, "select * from raw_feed.orders order by order_id"), before, "nothing of it has landed");
}

/// A server of S3-compatible storage with the feeds in it.
fn storage(s: &Sandbox) -> Served {
    let Ok(judges) = std::env::var("PIPEWRIGHT_JUDGES") else {
        panic!("PIPEWRIGHT_JUDGES is not set: `make test`, or PIPEWRIGHT_JUDGES=$(scripts/judges.sh) cargo test");
    };
    let server = served(Command::new(PathBuf::from(judges).join("python")).args([
        "-c",
        "import socket, sys\n\
         from werkzeug.serving import make_server\n\
         from moto.server import DomainDispatcherApplication, create_backend_app\n\
         s = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), threaded=True)\n\
         print(s.server_port, flush=True)\n\
         s.serve_forever()",
    ]));
    let script = "import boto3, os, pathlib, sys\n\
        c = boto3.client('s3', endpoint_url=sys.argv[1], aws_access_key_id='testing', aws_secret_access_key='t0ps3cret', region_name='us-east-1')\n\
        c.create_bucket(Bucket='lake')\n\
        root = pathlib.Path(sys.argv[2])\n\
        [c.upload_file(str(p), 'lake', 'raw/' + str(p.relative_to(root))) for p in root.rglob('*') if p.is_file()]\n\
        print('null')";
    python(&["-c", script, &server.url, &s.path("feeds").to_string_lossy()]);
    server
}

/// Every kind of source in one workspace, so that dbt and dlt are started once for all of them.
#[test]
fn what_is_found_lands_as_it_is() {
    let s = with_files(&["feeds", "lake", "duck"]);
    let (api, storage) = (api(), storage(&s));
    let env = [
        ("LAKE_ENDPOINT_URL", storage.url.as_str()),
        ("LAKE_ACCESS_KEY_ID", "testing"),
        ("LAKE_SECRET_ACCESS_KEY", "t0ps3cret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("OLD_PATH", "old.duckdb"),
        ("OLD_SCHEMA", "main"),
    ];
    let (rest, graph) = (format!("shop=rest:{}/openapi.json", api.url), format!("graph=graphql:{}/graphql", api.url));
    let all = [
        "feed=files:feeds/",
        "lake=files:lake",
        "s3=s3://lake/raw/{vendor}/{date}/orders_*.csv#credentials=LAKE",
        &rest,
        &graph,
        "duck=duckdb:old.duckdb",
        "dw=dbt:duckdb#path=OLD_PATH&schema=OLD_SCHEMA",
    ];
    let sources: Vec<&str> = all.iter().flat_map(|source| ["--source", source]).collect();
    s.ok(&[&["init", "--target", "duckdb"], &sources[..]].concat());
    let found = |source: &str| discover(&s, &[source], &env);

    let report = found("feed");
    let tables = report["contracts"].as_array().unwrap().iter().map(|c| c["table"].as_str().unwrap());
    assert_eq!(tables.collect::<Vec<_>>(), ["feed.orders", "feed.payments", "feed.refunds"]);
    snapshot("lake", &shown(&s, &found("lake")));
    assert_eq!(found("s3")["contracts"][0]["rows"], 120);
    snapshot("openapi", &shown(&s, &found("shop")));
    snapshot("graphql", &shown(&s, &found("graph")).replace("graph.", "shop."));
    let warnings = warned(&found("duck"));
    assert!(warnings.len() == 1 && warnings[0].contains("`evil` is left out"), "{warnings:?}");
    let orders = s.read("contracts/duck/orders.odcs.yaml");
    for words in ["to: customers.id", "description: its number", "physicalType: BIGINT"] {
        assert!(orders.contains(words), "{words}: {orders}");
    }
    assert!(!orders.contains("property: pipewright.inferred\n"), "the foreign key is declared: {orders}");
    assert!(s.read("contracts/duck/all_orders.odcs.yaml").contains("physicalType: view"));
    let report = found("dw");
    assert_eq!(report["contracts"].as_array().map(Vec::len), Some(4), "{report}");
    let customers = s.read("contracts/dw/customers.odcs.yaml");
    for words in ["primaryKey: true", "physicalType: DECIMAL(12,2)", "physicalType: HUGEINT"] {
        assert!(customers.contains(words), "{words}: {customers}");
    }

    stage(&s, "feed", &[("payments", "incremental, key: [payment_id]"), ("refunds", "replace")]);
    let replaced = ["latin", "wide", "bom", "zipped", "noheader", "evil_drop", "things", "sales", "levels"]
        .map(|t| (t, "replace"));
    stage(&s, "lake", &[&[("customers", "merge")], &replaced[..]].concat());
    stage(&s, "s3", &[("orders", "merge")]);
    stage(&s, "shop", &[("page", "merge")]);
    stage(&s, "graph", &[("orders", "merge"), ("customers", "replace")]);
    stage(&s, "duck", &[("customers", "merge"), ("orders", "replace"), ("other_orders", "replace")]);
    stage(&s, "dw", &[("customers", "merge"), ("other_orders", "replace")]);
    s.commit("specs");
    s.ok(&["regenerate"]);
    run(&s, &env, 0);
    let of = |query: &str| rows(&s, query);

    let states = "select payment_id, state from raw_feed.payments order by 1";
    // The newer file's row wins.
    assert_eq!(of(states), json!([["1", "paid"], ["2", "open"]]));
    assert_eq!(
        of("select count(*), sum(amount), min(why), max(order_id) from raw_feed.refunds"),
        json!([["18", "1.8", "[\"late\", \"{{ x }}\"]", "120"]])
    );
    of_every_kind(&of);
    let objects = "select count(*), sum(amount), count(distinct vendor), max(date) from raw_s3.orders";
    assert_eq!(of(objects), json!([["120", "7320.00", "2", "2026-03-31"]]));
    let pages = "select count(*), sum(total), min(placed_at), max(customer_address_city), min(tags) from raw_shop.page";
    // 45 × 10.25 and 1 to 45.
    let want = json!([["45", "1496.25", "2026-03-01 10:00:00", "Oslo", "[\"a\", \"{{ x }}\"]"]]);
    assert_eq!(of(pages), want);
    let nodes = "select count(*), sum(total), count(customer_id) from raw_graph.orders";
    assert_eq!(of(nodes), json!([["45", "1496.25", "45"]]));
    assert_eq!(of("select id, name from raw_graph.customers order by 1"), json!([["c1", "A"], ["c2", "None"]]));
    let customer = json!([["1", "{\"a\": 1}", "1234567890123456789012", "2026-01-01 08:00:00", "1.50"]]);
    for schema in ["raw_duck", "raw_dw"] {
        assert_eq!(of(&format!("select * from {schema}.customers")), customer);
        assert_eq!(of(&format!("select * from {schema}.other_orders")), json!([["7"]]));
    }
    assert_eq!(of("select count(*), max(o_d_d) from raw_duck.orders"), json!([["2", "🤷"]]));

    // Only what came since is read: a file of long ago that can no longer be is not opened.
    s.write("feeds/acme/2026-04-03/payments_3.csv", "payment_id,state\n2,paid\n3,open\n");
    std::fs::write(s.path("feeds/acme/2026-04-01/payments_1.csv"), "payment_id,state\n\"").unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = std::fs::File::options().write(true).open(s.path("feeds/acme/2026-04-01/payments_1.csv")).unwrap();
    file.set_modified(old).unwrap();
    run(&s, &env, 0);
    assert_eq!(of(states), json!([["1", "paid"], ["2", "paid"], ["3", "open"]]));
    assert_eq!(of(pages), want, "a second run changes nothing");

    let everything: String = s.tree().into_values().map(|b| String::from_utf8_lossy(&b).into_owned()).collect();
    assert!(!everything.contains("t0ps3cret"), "a secret reached a file");
    // Without its keys it is said which are missing, before anything is read.
    let said = s.pw(&["run", "--as-of", "2026-04-03"]);
    assert!(said.code == 2 && said.err.contains("LAKE_SECRET_ACCESS_KEY"), "{}", said.err);
}

/// Files of every kind, with every damage.
fn of_every_kind(of: &dyn Fn(&str) -> Value) {
    assert_eq!(
        of("select id, spent, seen, tags from raw_lake.customers order by 1")[0],
        json!(["1", "1.23", "2026-01-01 10:00:00", "[\"x\"]"])
    );
    assert_eq!(of("select name from raw_lake.wide order by id"), json!([["café"], ["a\tb"]]));
    assert_eq!(of("select id, city from raw_lake.bom order by 1"), json!([["007", "Łódź"], ["1", "København"]]));
    assert_eq!(of("select count(*), sum(a_b_c) from raw_lake.things"), json!([["2", "1.1"]]));
    assert_eq!(
        of("select id, price, when_it_was from raw_lake.sales order by 1"),
        json!([["1", "19.99", "2026-03-31"], ["2", "5.00", "None"]])
    );
    assert_eq!(
        of("select column_1, column_2, column_3 from raw_lake.noheader order by 1")[1],
        json!(["2", "2026-01-02", "def"])
    );
    assert_eq!(of("select na_me_2 from raw_lake.evil_drop"), json!([["'; drop table x; --"]]));
    assert_eq!(of("select count(*) from raw_lake.levels where level = 'high'"), json!([["1"]]));
}

#[test]
fn ten_thousand_files_are_one_table() {
    let s = with_files(&[]);
    for i in 0..10_000 {
        s.write(&format!("many/e_{i:05}.csv"), format!("id,n\n{i},{}\n", i * 2));
    }
    let report = discovered(&s, "many=csv:many/e_*.csv", &[]);
    assert_eq!(report["contracts"][0]["rows"], 10_000);
    assert_eq!(report["contracts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn rest_apis_page_in_every_way() {
    let server = api();
    for (path, table, paging) in [
        ("v1/link", "link", "link"),
        ("v1/next", "next", "next|next"),
        ("v1/cursor", "cursor_table", "cursor|meta.next_cursor|cursor"),
        ("v1/offset", "offset_table", "offset|offset|limit|20"),
        ("v1/page", "page", "page|page|1"),
    ] {
        let s = with_files(&[]);
        let report = discovered(&s, &format!("shop=rest:{}/{path}", server.url), &[]);
        let found = &report["contracts"][0];
        assert_eq!(found["rows"], 45, "{path}: {report}");
        let text = s.read(found["path"].as_str().unwrap());
        assert!(text.contains(&format!("paging: {paging}")), "{path} ({table}): {text}");
    }
    // Busy once, and broken once: asked again.
    for path in ["v1/busy", "v1/flaky"] {
        let s = with_files(&[]);
        assert_eq!(discovered(&s, &format!("shop=rest:{}/{path}", server.url), &[])["contracts"][0]["rows"], 3);
    }
}

#[test]
fn documents_that_lie_elsewhere_say_the_same() {
    let server = api();
    let s = with_files(&[]);
    // The document as YAML, and the schema as SDL, in files of the workspace.
    python(&[
        "-c",
        "import json, sys, urllib.request, yaml\n\
         get = lambda path: urllib.request.urlopen(sys.argv[1] + path).read().decode()\n\
         open(sys.argv[2] + '/shop.yaml', 'w').write('# ours\\n' + yaml.safe_dump(json.loads(get('/openapi.json')), sort_keys=False))\n\
         open(sys.argv[2] + '/shop.graphql', 'w').write(get('/schema.graphql'))\n\
         print('null')",
        &server.url,
        &s.root.to_string_lossy(),
    ]);
    let report = discovered(&s, &format!("shop=rest:{}/v1#openapi=shop.yaml", server.url), &[]);
    snapshot("openapi", &shown(&s, &report));
    let (yaml, sdl) = (s.read("shop.yaml"), s.read("shop.graphql"));

    let s = with_files(&[]);
    s.write("shop.graphql", &sdl);
    let report = discovered(&s, &format!("shop=graphql:{}/graphql#schema=shop.graphql", server.url), &[]);
    snapshot("graphql", &shown(&s, &report));
    for (source, file, text, words) in [
        ("rest:{}/v1#openapi=shop.yaml", "shop.yaml", "a: b: c\n", "shop.yaml: the document is neither JSON nor YAML"),
        ("rest:{}/v1#openapi=shop.yaml", "shop.yaml", &yaml.replace("3.1.0", "1.2"), "no OpenAPI 3"),
        ("graphql:{}/graphql#schema=shop.graphql", "shop.graphql", "type Query {", "shop.graphql: it is neither SDL"),
    ] {
        let s = with_files(&[]);
        s.write(file, text);
        s.ok(&["init", "--source", &format!("shop={}", source.replace("{}", &server.url)), "--target", "duckdb"]);
        s.refused(&["discover"], 2, &[words]);
    }
}

#[test]
fn zeros_are_numbers_of_every_kind() {
    let s = with_files(&[]);
    let rows = ["0,0,0,0,true,0", "12.50,7,1e3,12345678901234567890,FALSE,007", "-0.5,-1,2.5E-1,0,false,2026-01-01"];
    s.write("data/odd.csv", format!("price,pieces,share,serial,gift,word\n{}\n", rows.join("\n")));
    let report = discovered(&s, "data=files:data/", &[]);
    let text = shown(&s, &report);
    for (column, data_type) in [
        ("price", "decimal(18,2)"),
        ("pieces", "integer"),
        ("share", "float"),
        ("serial", "decimal(38,0)"),
        ("gift", "boolean"),
        ("word", "text"),
    ] {
        assert!(text.contains(&format!("[\"{column}\",\"\",\"{data_type}\"")), "{column} is {data_type}: {text}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_left() {
    let s = with_files(&[]);
    s.write("data/orders.csv", "id,total\n1,2\n");
    let script = "import os, sys\n\
        sys.path.insert(0, sys.argv[1])\n\
        import pipewright_load, pathlib\n\
        pipewright_load.WORKSPACE = pathlib.Path(sys.argv[2])\n\
        from pipewright_files import Files, Trouble\n\
        source = Files('data/*.csv')\n\
        file = next(source.store.files())\n\
        still = list(source.read(file, {'format': 'csv'}, []))\n\
        rows = source.read(file, {'format': 'csv'}, [])\n\
        next(rows)\n\
        open(sys.argv[2] + '/data/orders.csv', 'a').write('2,3\\n')\n\
        try:\n    next(rows, None)\n\
        except Trouble as e:\n    assert len(still) == 1 and 'changed while it was read' in str(e), e\n\
        else:\n    raise SystemExit('it was taken as it was half way')\n\
        print('null')";
    python(&["-c", script, &format!("{}/templates/ingest", env!("CARGO_MANIFEST_DIR")), &s.root.to_string_lossy()]);
}

#[test]
fn secrets_of_apis_go_to_their_host_only() {
    let (server, other) = (api(), api());
    let env = [("API_TOKEN", "t0ps3cret"), ("API_LOGIN", "ann:t0ps3cret")];
    for auth in ["bearer=API_TOKEN", "basic=API_LOGIN", "header=X-Api-Key:API_TOKEN", "query=key:API_TOKEN"] {
        let s = with_files(&[]);
        let report = discovered(&s, &format!("shop=rest:{}/v1/secret#{auth}", server.url), &env);
        assert_eq!(report["contracts"][0]["rows"], 3, "{auth}");
        let everything: String = s.tree().into_values().map(|b| String::from_utf8_lossy(&b).into_owned()).collect();
        assert!(!everything.contains("t0ps3cret"), "{auth}: a secret reached a file");
    }
    let s = with_files(&[]);
    s.ok(&["init", "--source", &format!("shop=rest:{}/v1/away?to={}#bearer=API_TOKEN", server.url, other.url)]);
    let said = support::said(s.command(&["discover"]).envs(env).output().unwrap());
    assert!(said.code == 2 && said.err.contains("another host"), "{}", said.err);
    assert_eq!(*other.heard.lock().unwrap(), "", "the other host was asked");
    assert!(server.heard.lock().unwrap().contains("Bearer t0ps3cret"), "the API itself was not told");

    let s = with_files(&[]);
    for (source, words) in [
        ("x=rest:https://user:hunter2@example.com/", "login"),
        ("x=rest:https://example.com/#bearer=hunter2", "environment variable"),
        ("x=ftp:example.com", "ftp"),
        ("x=files:nowhere/*.csv", "nowhere"),
        ("x=dbt:postgres#host=hunter2", "environment variable"),
    ] {
        let said = s.refused(&["init", "--source", source], 2, &[words]);
        assert!(!said.err.contains("hunter2"), "{}", said.err);
    }
}
