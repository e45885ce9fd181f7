#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kinds;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::sql::Text;

fn read(tree: &Tree, settings: &Settings) -> Project {
    super::read(tree, settings, None)
}

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))).collect()
}

/// A project of one model with these macros.
fn model(sql: &str, macros: &str) -> Project {
    read(
        &tree(&[("dbt_project.yml", "name: p"), ("models/m.sql", sql), ("macros/all.sql", macros)]),
        &Settings { dialect: Some(Dialect::DuckDb), ..Settings::default() },
    )
}

/// The SQL of that model, or what stands in its way.
fn rendered(sql: &str, macros: &str) -> Result<String, String> {
    match &model(sql, macros).nodes[0].body {
        Body::Sql { full, .. } => Ok(full.sql.trim().to_owned()),
        Body::Unknown(why) => Err(format!("{}: {}", why.code, why.what)),
        Body::Columns { .. } => panic!("a model of SQL"),
    }
}

fn fixture(name: &str) -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dbt").join(name);
    let files = walkdir::WalkDir::new(&folder).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .filter(|f| f.file_type().is_file())
        .map(|f| {
            let path = f.path().strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            (path, Arc::from(std::fs::read_to_string(f.path()).unwrap()))
        })
        .collect()
}

/// Everything that is known of a project, as text.
fn shown(project: &Project) -> String {
    let mut out = format!("{} for {:?}\n", project.name, project.dialect);
    for node in &project.nodes {
        let text = Text::new(&node.path, "", &node.text);
        let place = |at: usize| text.place(at, 1).to_string();
        writeln!(out, "\n== {} is {} ({})", node.id, node.identifier, node.path).unwrap();
        writeln!(out, "{:?}", node.config).unwrap();
        for column in node.described.iter().flat_map(|d| &d.columns) {
            let tests: Vec<&str> = column.tests.iter().map(|t| t.name.as_str()).collect();
            writeln!(out, "column {} {:?} {tests:?}", column.name, column.data_type).unwrap();
        }
        for test in node.described.iter().flat_map(|d| &d.tests) {
            writeln!(out, "test {} {:?}", test.name, test.arguments).unwrap();
        }
        for read in &node.reads {
            writeln!(out, "reads {} at {}", project.nodes[read.node as usize].id, place(read.at)).unwrap();
        }
        match &node.body {
            Body::Sql { full, incremental } => {
                writeln!(out, "{}", full.sql.trim()).unwrap();
                if let Some(incremental) = incremental {
                    writeln!(out, "-- where it is there already\n{}", incremental.sql.trim()).unwrap();
                }
            }
            Body::Columns { columns, open } => writeln!(out, "{columns:?} open: {open}").unwrap(),
            Body::Unknown(why) => writeln!(out, "unknown: {why}").unwrap(),
        }
    }
    writeln!(out).unwrap();
    for exposure in &project.exposures {
        let reads: Vec<&str> = exposure.reads.iter().map(|r| project.nodes[*r as usize].id.as_str()).collect();
        writeln!(out, "exposure {} by {:?} reads {reads:?}", exposure.name, exposure.owner).unwrap();
    }
    for finding in &project.findings {
        writeln!(out, "{finding}").unwrap();
    }
    out
}

#[test]
fn a_project_is_read() {
    let project = read(&fixture("shop"), &Settings::default());
    let text = shown(&project);
    assert!(!text.contains("nobody-sees-this"));
    insta::with_settings!({ snapshot_path => "../../snapshots/dbt", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("shop", text);
    });
}

#[test]
fn settings_change_what_is_rendered() {
    let settings = Settings {
        target: Some("prod".into()),
        vars: [("country".to_owned(), "FR".into()), ("raw_schema".to_owned(), "elsewhere".into())].into(),
        ..Settings::default()
    };
    let project = read(&fixture("shop"), &settings);
    let sql = |name: &str| match &project.nodes.iter().find(|n| n.name == name).unwrap().body {
        Body::Sql { full, .. } => full.sql.clone(),
        _ => panic!("{name} has a query"),
    };
    assert!(sql("stg_orders").contains("country = 'FR'"));
    assert!(sql("macros_at_work").contains("x as only_dev"));
}

#[test]
fn places_point_into_the_file() {
    let text =
        "{% set a = 1 %}\n\nselect {{ wide() }} as w,\n  {%- if true %}\n  wrong\n  {%- endif %}\nfrom {{ ref('n') }}";
    let files = [
        ("dbt_project.yml", "name: p"),
        ("models/m.sql", text),
        ("models/n.sql", "select 1 as a"),
        ("macros/w.sql", "{% macro wide() %}a_long_column + another{% endmacro %}"),
    ];
    let project = read(&tree(&files), &Settings::default());
    let Body::Sql { full, .. } = &project.nodes[0].body else { panic!("a query") };
    let origin = |word: &str| full.origin(full.sql.find(word).unwrap());
    assert_eq!(origin("select"), text.find("select").unwrap());
    assert_eq!(origin("another"), text.find("{{ wide").unwrap());
    assert_eq!(origin("as w"), text.find("as w").unwrap());
    assert_eq!(origin("wrong"), text.find("wrong").unwrap());
    assert_eq!(origin("dbt_ref__1"), text.find("{{ ref").unwrap());
    assert_eq!(project.nodes[0].reads, [Read { node: 1, at: text.find("ref('n')").unwrap() }]);
    assert!(!full.sql.chars().any(|c| c as u32 >= 0xF0000));
}

#[test]
fn jinja_is_pythons() {
    let cases = [
        ("{% set d = {'a': 1} %}{% do d.update({'b': 2}) %}{{ d }}", "{'a': 1, 'b': 2}"),
        ("{% set l = [3, 1] %}{% do l.append(2) %}{{ l }} {{ l | sort | join('-') }}", "[3, 1, 2] 1-2-3"),
        ("{% set l = [1, 2] %}{{ l.pop() }}{{ l | length }}", "21"),
        ("{{ none }} {{ true }} {{ 'a' 'b' }} {{ '\\d+' }}", "None True ab \\d+"),
        ("{{ ' x '.strip().upper() }}{{ 'a,b'.split(',')[1] }}", "Xb"),
        ("{{ '5' | as_number + 1 }} {{ 'true' | as_bool }} {{ 1 | as_text }}", "6 True 1"),
        ("{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "3"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("{{ fromjson('[1]')[0] }} {{ tojson({'a': [1]}) }}", "1 {\"a\":[1]}"),
        ("{{ modules.re.sub('a(.)', '\\1', 'ab') }}", "b"),
        ("{{ many(1, 2, k=3) }}", "1 (2,) {'k': 3}"),
        ("{{ local_md5('a') }}", "0cc175b9c0f1b6a831c399e269772661"),
        ("{{ env_var('NOT_THERE', 'x') }}", "x"),
        ("a\n{%- if execute %} b{% endif -%}\n c", "a bc"),
        ("{% set s %}x{{ 1 }}{% endset %}{{ s }}{{ s | length }}", "x12"),
    ];
    let macros = "{% macro many(a) %}{{ a }} {{ varargs }} {{ kwargs }}{% endmacro %}";
    for (jinja, expected) in cases {
        let expected = expected.replace("(2,)", "[2]");
        assert_eq!(rendered(jinja, macros).as_deref(), Ok(expected.as_str()), "{jinja}");
    }
}

#[test]
fn what_a_warehouse_decides_is_unknown() {
    for jinja in [
        "select {% for r in run_query('x') %}{{ r }}{% endfor %} 1",
        "{% if adapter.get_relation('a', 'b', 'c') %}select 1{% endif %}",
        "{% call statement('s', fetch_result=true) %}select 1{% endcall %}{{ load_result('s')['data'][0] }}",
        "select {{ env_var('NOT_THERE') }}",
        "select {{ var('set_nowhere') }}",
    ] {
        let why = rendered(jinja, "").unwrap_err();
        assert!(why.starts_with("needs-warehouse") || why.starts_with("jinja-unknown"), "{jinja}: {why}");
    }
    // What is asked and not looked at changes nothing.
    assert_eq!(rendered("{% set r = run_query('x') %}select 1", "").as_deref(), Ok("select 1"));
}

#[test]
fn hostile_files_end() {
    let deep = "(".repeat(20_000);
    let lists = "[".repeat(5_000);
    let cases: Vec<(String, &str)> = vec![
        ("{{ loop_() }}".into(), "{% macro loop_() %}{{ loop_() }}{% endmacro %}"),
        (
            "{{ a() }}".into(),
            "{% macro a() %}{{ b() }}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{{ a() }}{% endmacro %}",
        ),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}".into(), ""),
        ("{% set x = 'xxxxxxxxxxxxxxxx' %}".to_owned() + &"{% set x = x ~ x %}".repeat(60) + "{{ x }}", ""),
        ("{% set l = [] %}{% do l.append(l) %}{{ l }}".into(), ""),
        (
            "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}"
                .into(),
            "",
        ),
        ("{% set ns = namespace(l=1) %}{% set ns.l = ns %}{{ ns }}".into(), ""),
        ("{{ 'x' * 999999999 }}".into(), ""),
        ("{{ ('x' * 100000) | replace('x', 'y' * 100000) }}".into(), ""),
        (format!("{{{{ {deep} }}}}"), ""),
        (format!("{{{{ {lists} }}}}"), ""),
        ("{{ render('{{ x() }}') }}".into(), "{% macro x() %}{{ render('{{ x() }}') }}{% endmacro %}"),
        ("{{".into(), ""),
        ("{% macro %}".into(), "{% macro %}"),
        ("{{ 'a".into(), "{% macro a("),
        ("{# ".into(), ""),
    ];
    for (sql, macros) in cases {
        let shown: String = sql.chars().take(60).collect();
        assert!(rendered(&sql, macros).is_err(), "{shown}");
    }
    assert_eq!(rendered("select '\0', '\u{F0000}'", "").as_deref(), Ok("select '\0', '\u{F0000}'"));
}

#[test]
fn hostile_yaml_ends() {
    let bomb = (1..40).fold("a0: &a0 [x, x, x]\n".to_owned(), |out, i| {
        let n = i - 1;
        out + &format!("a{i}: &a{i} [*a{n}, *a{n}, *a{n}, *a{n}]\n")
    });
    for yaml in ["models: [", &"[".repeat(50_000), &bomb, "a: *nothing", "models: {\0}", "models: - name"] {
        let files = [("dbt_project.yml", "name: p"), ("models/s.yml", yaml)];
        let project = read(&tree(&files), &Settings::default());
        let first: String = yaml.chars().take(20).collect();
        assert_eq!(project.findings.first().map(|f| f.code.as_ref()), Some("yaml-syntax"), "{first}");
    }
    for yaml in ["models: x", "models: [1, {name: [a]}, {name: a, columns: x, tests: {a: b}}]", "sources: [{name: s}]"]
    {
        let files = [("dbt_project.yml", "name: p"), ("models/s.yml", yaml)];
        read(&tree(&files), &Settings::default());
    }
}

#[test]
fn no_project_is_said() {
    let codes = |files: &[(&str, &str)]| -> Vec<String> {
        read(&tree(files), &Settings::default()).findings.iter().map(|f| f.code.to_string()).collect()
    };
    assert_eq!(codes(&[]), ["no-project"]);
    assert_eq!(codes(&[("dbt_project.yml", "name: [")]), ["yaml-syntax"]);
}

#[test]
fn sql_that_is_not_read_is_said_once() {
    let profiles = "p: {target: dev, outputs: {dev: {type: fabric}}}";
    let files = [
        ("dbt_project.yml", "name: p\nprofile: p"),
        ("profiles.yml", profiles),
        ("models/x.sql", "select top 1 [a], b = c from t"),
        ("models/y.sql", "select [a] from {{ ref('x') }}"),
    ];
    let codes = |project: &Project| project.findings.iter().map(|f| f.code.to_string()).collect::<Vec<_>>();
    let project = read(&tree(&files), &Settings::default());
    assert_eq!(codes(&project), ["unread-dialect"]);
    assert!(project.nodes.iter().all(|n| matches!(&n.body, Body::Unknown(why) if why.code == "unread-dialect")));
    assert_eq!(project.nodes[1].reads.len(), 1);
    let said = Settings { dialect: Some(Dialect::Redshift), ..Settings::default() };
    assert_eq!(codes(&read(&tree(&files), &said)), [""; 0]);
}

#[test]
fn names_that_stand_twice_are_said() {
    let files = [
        ("dbt_project.yml", "name: p"),
        ("models/a/x.sql", "select 1 as a"),
        ("models/b/x.sql", "select 1 as a"),
        ("models/y.sql", "select 1 as a"),
        ("seeds/y.csv", "a\n1"),
        ("macros/m.sql", "{% macro m() %}{% endmacro %}{% macro m() %}{% endmacro %}"),
    ];
    let project = read(&tree(&files), &Settings::default());
    let twice: Vec<&str> = project.findings.iter().map(|f| f.place.as_ref().unwrap().file.as_str()).collect();
    assert_eq!(twice, ["macros/m.sql", "models/b/x.sql", "seeds/y.csv"]);
    assert!(project.findings.iter().all(|f| f.code == "duplicate-name"));
}

#[test]
fn a_manifest_says_what_files_do_not() {
    let sql = "select {% for r in run_query('x') %}{{ r }},{% endfor %} 1 as one from {{ ref('n') }}";
    let manifest = serde_json::json!({
        "metadata": {"adapter_type": "snowflake"},
        "nodes": {
            "model.p.m": {"raw_code": sql, "compiled_code": "select a, 1 as one from DB.S.n", "relation_name": "DB.S.m"},
            "model.p.n": {"raw_code": "select 1 as a", "compiled_code": "select 1 as a", "relation_name": "DB.S.n"},
        },
    });
    let read_with = |sql: &str| {
        let files = [("dbt_project.yml", "name: p"), ("models/m.sql", sql), ("models/n.sql", "select 1 as a")];
        let manifest = Some(Arc::new(Manifest::read(&manifest.to_string()).unwrap()));
        read(&tree(&files), &Settings { manifest, ..Settings::default() })
    };
    let project = read_with(sql);
    assert_eq!(project.dialect, Some(Dialect::Snowflake));
    let Body::Sql { full, .. } = &project.nodes[0].body else { panic!("compiled SQL") };
    assert_eq!(full.sql, "select a, 1 as one from dbt_ref__1.n");
    // What was compiled is not what is there now.
    assert!(matches!(read_with(&format!("{sql} limit 1")).nodes[0].body, Body::Unknown(_)));
    assert!(Manifest::read("{").is_err());
}

#[test]
fn packages_that_are_not_here_are_said() {
    let files = [
        ("dbt_project.yml", "name: p"),
        ("packages.yml", "packages: [{package: acme/tools, version: 1.0.0}, {local: ../nowhere}]"),
        ("models/m.sql", "select {{ tools.thing() }} from {{ ref('of_tools') }}"),
    ];
    let project = read(&tree(&files), &Settings::default());
    let Body::Unknown(why) = &project.nodes[0].body else { panic!("unknown") };
    assert!(why.what.contains("`tools`, which is not installed"), "{}", why.what);
    assert_eq!(why.code, "needs-package");
}

#[test]
fn a_macro_that_is_nowhere_is_said_and_the_rest_is_read() {
    let sql = "select {{ in_euro('amount') }} as amount, {{ names(['a', 'b']) }} from {{ ref('m') }}";
    let project = model(sql, "{% macro known() %}{{ unheard_of() }}{% endmacro %}");
    let Body::Sql { full, .. } = &project.nodes[0].body else { panic!("{:?}", project.nodes[0].body) };
    assert!(full.sql.starts_with("select dbt_unknown__in_euro as amount, dbt_unknown__names from"), "{}", full.sql);
    let said: Vec<_> = project.findings.iter().map(|f| (f.code.as_ref(), f.what.as_str())).collect();
    let named = |name: &str| said.contains(&("unknown-macro", &format!("there is no macro `{name}`")));
    assert!(named("in_euro") && named("names"), "{said:?}");
    // Called by a macro that there is.
    assert_eq!(
        rendered("select {{ known() }} as a", "{% macro known() %}{{ unheard_of() }}{% endmacro %}").as_deref(),
        Ok("select dbt_unknown__unheard_of as a")
    );
    // Nobody can decide on what it gives.
    for sql in ["{% if in_euro() %}select 1{% endif %}", "select {% for c in names() %}{{ c }}{% endfor %} 1"] {
        assert!(rendered(sql, "").unwrap_err().starts_with("unknown-macro"), "{sql}");
    }
    // A name that is no call is as undefined as before.
    assert_eq!(rendered("select {{ 1 if thing is defined else 2 }}", "").as_deref(), Ok("select 2"));
}

#[test]
fn packages_that_are_not_installed_are_stood_in_for() {
    let sql = "{{ dbt_activity_schema.dataset(ref('s'), dbt_activity_schema.activity(dbt_activity_schema.all_ever(), \
               'visit', ['activity_id', 'ts']), [dbt_activity_schema.activity(dbt_activity_schema.nth_ever(2), \
               'signed up', ['plan']), dbt_activity_schema.activity(dbt_activity_schema.aggregate_before(\
               dbt_activity_schema.sum), 'paid', ['revenue_impact'])]) }}";
    let sql = rendered(sql, "").unwrap();
    for part in [
        "as nth_ever_2_signed_up_plan",
        "sum(appended.revenue_impact) as aggregate_before_paid_revenue_impact",
        "appended.activity_occurrence = 2",
        "appended.ts < stream.ts",
        "json_extract_path_text(appended.feature_json, 'plan')",
    ] {
        assert!(sql.contains(part), "{part} in {sql}");
    }
}

#[test]
fn what_is_not_known_is_not_compared() {
    for jinja in [
        "{% set r = run_query('x').columns[0][0] %}{% if r == 'a' %}select 1{% else %}select 2{% endif %}",
        "{% set r = run_query('x') %}{% if r.columns[0][0] in ['a'] %}select 1{% else %}select 2{% endif %}",
        "{% set r = run_query('x').columns[0][0] %}select {{ 1 if r > 3 else 2 }}",
        "{% if env_var('NOT_THERE') != 'prod' %}select 1{% endif %}",
    ] {
        assert!(rendered(jinja, "").is_err(), "{jinja}: {:?}", rendered(jinja, ""));
    }
}

#[test]
fn stand_ins_are_read() {
    for path in crate::template::list("dbt_macros/") {
        let text = crate::template::text(path).unwrap();
        let cuts = jinja::cut(text).unwrap_or_else(|e| panic!("{path}: {e:?}"));
        assert!(!cuts.is_empty(), "{path}");
        assert!(cuts.iter().all(|c| c.block == jinja::Block::Macro), "{path}");
    }
}

#[test]
fn dbts_own_macros_speak_each_dialect() {
    let sql = "select {{ dbt.datediff('a', 'b', 'day') }}, {{ dbt.safe_cast('a', dbt.type_string()) }}, \
               {{ dbt.dateadd('day', 1, 'a') }}, {{ dbt.concat(['a', 'b']) }}, {{ dbt.split_part('a', \"'-'\", 1) }}, \
               {{ dbt.last_day('a', 'month') }}, {{ dbt.current_timestamp() }} from {{ ref('n') }}";
    let files = [("dbt_project.yml", "name: p"), ("models/m.sql", sql), ("models/n.sql", "select 1 as a")];
    let all = [
        Dialect::DuckDb,
        Dialect::Snowflake,
        Dialect::Postgres,
        Dialect::BigQuery,
        Dialect::Redshift,
        Dialect::Databricks,
        Dialect::MySql,
    ];
    for dialect in all {
        let project = read(&tree(&files), &Settings { dialect: Some(dialect), ..Settings::default() });
        let node = &project.nodes[0];
        let Body::Sql { full, .. } = &node.body else { panic!("{dialect}: {:?}", node.body) };
        let parsed = crate::sql::parse(&Text::new(&node.path, "", &node.text), full, dialect);
        assert!(parsed.is_ok(), "{dialect}: {}\n{:?}", full.sql, parsed.err());
    }
}

#[test]
fn a_project_read_again_is_as_if_it_was_read_for_the_first_time() {
    let (start, settings) = (fixture("shop"), Settings::default());
    let before = read(&start, &settings);
    let mut kept = 0;
    for path in start.keys() {
        for edit in 0..4 {
            let mut now = start.clone();
            let old = start[path].clone();
            match edit {
                0 => drop(now.insert(path.clone(), format!("{old}\n").into())),
                1 => drop(now.insert(path.clone(), old.replacen("select", "select 1 as one,", 1).into())),
                2 => drop(now.insert(path.clone(), format!("{{{{ config(alias='other') }}}}\n{old}").into())),
                _ => drop(now.remove(path)),
            }
            let again = super::read(&now, &settings, Some(&before));
            let fresh = read(&now, &settings);
            assert_eq!(shown(&again), shown(&fresh), "{path}, edit {edit}");
            assert_eq!(format!("{:?}", again.nodes), format!("{:?}", fresh.nodes), "{path}, edit {edit}");
            let same = |(a, b): (&Arc<Node>, &Arc<Node>)| Arc::ptr_eq(a, b);
            kept += again.nodes.iter().zip(&before.nodes).filter(|pair| same(*pair)).count();
            // And back again.
            let back = super::read(&start, &settings, Some(&again));
            assert_eq!(shown(&back), shown(&before), "{path}, edit {edit}");
        }
    }
    assert!(kept > before.nodes.len() * start.len(), "most of it is not read again: {kept}");
}

#[test]
fn what_stays_is_shared_through_readings_of_both_kinds() {
    let files = |yaml: &str, sql: &str| {
        let all = [("dbt_project.yml", "name: p"), ("models/a.sql", "select 1 as x"), ("models/b.sql", sql)];
        tree(&[all.as_slice(), &[("models/a.yml", yaml)]].concat())
    };
    let settings = Settings::default();
    let first = read(&files("models: [{name: b}]", "select 2 as y"), &settings);
    let by_yaml = super::read(&files("models: [{name: b, tests: []}]", "select 2 as y"), &settings, Some(&first));
    let by_query = super::read(&files("models: [{name: b, tests: []}]", "select 3 as y"), &settings, Some(&by_yaml));
    assert!(Arc::ptr_eq(&first.nodes[0], &by_yaml.nodes[0]), "all was read, and `a` came out as it was");
    assert!(Arc::ptr_eq(&first.nodes[0], &by_query.nodes[0]), "and stays so when a query is read by itself");
}

#[test]
fn a_query_is_read_again_where_it_asks_another_for_its_columns() {
    let files = |columns: &str| {
        tree(&[
            ("dbt_project.yml", "name: p"),
            ("models/a.sql", &format!("select {columns}")),
            ("models/b.sql", "select {{ dbt_utils.star(ref('a')) }} from {{ ref('a') }}"),
            ("models/c.sql", "select 1 as one"),
        ])
    };
    let settings = Settings { dialect: Some(Dialect::DuckDb), ..Settings::default() };
    let before = read(&files("1 as x"), &settings);
    let after = super::read(&files("1 as x, 2 as y"), &settings, Some(&before));
    let sql = |project: &Project| match &project.nodes[1].body {
        Body::Sql { full, .. } => full.sql.clone(),
        other => panic!("{other:?}"),
    };
    assert!(!sql(&before).contains('y') && sql(&after).contains('y'), "{}", sql(&after));
    assert!(Arc::ptr_eq(&before.nodes[2], &after.nodes[2]), "nobody asks `c`");
    let other = Settings { dialect: Some(Dialect::Snowflake), ..settings };
    let elsewhere = super::read(&files("1 as x"), &other, Some(&before));
    assert_eq!(elsewhere.dialect, Some(Dialect::Snowflake), "other settings are another reading");
}
