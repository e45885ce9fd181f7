//! What projects of other people do, a few lines a kind.

use super::*;

/// A project for DuckDB.
fn project(files: &[(&str, &str)]) -> Project {
    let mut all = vec![("dbt_project.yml", "name: p")];
    all.extend(files);
    read(&tree(&all), &Settings { dialect: Some(Dialect::DuckDb), ..Settings::default() })
}

fn sql<'p>(project: &'p Project, id: &str) -> &'p str {
    match &project.nodes.iter().find(|n| n.id == id).unwrap().body {
        Body::Sql { full, .. } => full.sql.trim(),
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn a_configuration_of_what_only_a_warehouse_knows_ends() {
    // It took a lock that it held: a test that hangs has failed.
    let project =
        project(&[("models/m.sql", "{{ config(a=env_var('NOBODY'), b=2, c=run_query('x')) }} select 1 as a")]);
    assert_eq!(sql(&project, "model.p.m"), "select 1 as a");
    let config = &project.nodes[0].config.other;
    assert_eq!(config.keys().collect::<Vec<_>>(), ["b"], "the rest is not known");
}

#[test]
fn days_are_reckoned_with() {
    let of = |text: &str| rendered(text, "");
    let today = "modules.datetime.date.today()";
    assert_eq!(of(&format!("{{{{ {today} - modules.datetime.timedelta(days=1) }}}}")), Ok("1999-12-31".into()));
    assert_eq!(
        of("{% set d = modules.datetime %}{{ (run_started_at + d.timedelta(2, hours=3)).strftime('%Y-%m-%d %H') }}"),
        Ok("2000-01-03 03".into())
    );
    assert_eq!(of("{{ run_started_at.year - 1 }} {{ run_started_at }}"), Ok("1999 2000-01-01 00:00:00+00:00".into()));
    assert_eq!(of("{{ modules.datetime.datetime.now().replace(hour=6) }}"), Ok("2000-01-01 06:00:00".into()));
    assert_eq!(of("{{ modules.datetime.datetime(2024, 2, day=29).isoformat() }}"), Ok("2024-02-29T00:00:00".into()));
    assert_eq!(of("{{ modules.datetime.datetime.strptime('01/02/24', '%d/%m/%y').date() }}"), Ok("2024-02-01".into()));
    assert_eq!(
        of(&format!("{{{{ modules.datetime.datetime.combine({today}, modules.datetime.time(hour=2)) }}}}")),
        Ok("2000-01-01 02:00:00".into())
    );
    assert_eq!(of(&format!("{{{{ {today}.weekday() }}}}{{{{ {today}.isoweekday() }}}}")), Ok("56".into()));
    assert_eq!(
        of(&format!("{{{{ 'a' if {today} > modules.datetime.date(2001, 1, 1) else 'b' }}}}")),
        Ok("b".into()),
        "dates have an order"
    );
}

#[test]
fn no_day_is_too_much() {
    for text in [
        "{{ modules.datetime.date(2024, 2, 30) }}",
        "{{ modules.datetime.date.today() - modules.datetime.timedelta(days=99999999999) }}",
        "{{ modules.datetime.date.today() - modules.datetime.timedelta(days='x') }}",
        "{{ modules.datetime.date.today() - modules.datetime.timedelta(",
        "{{ 1 - modules.datetime.timedelta(days=1) }}",
    ] {
        assert!(rendered(text, "").is_err(), "{text}");
    }
}

#[test]
fn a_sign_may_stand_before_a_number() {
    assert_eq!(rendered("{{ m(n = +1) }} {{ -1 + +2 }}", "{% macro m(n) %}{{ n }}{% endmacro %}"), Ok("1 1".into()));
}

#[test]
fn the_graph_is_known() {
    let yaml = "models:\n  - {name: a, description: What it is, columns: [{name: x, meta: {pii: true}}, {name: y}]}\n\
        sources:\n  - {name: raw, tables: [{name: t}]}";
    let macros = "{% macro pii(id) %}{% for name in graph.nodes[id].columns %}\
        {% if graph.nodes[id]['columns'][name]['meta']['pii'] == true %}{{ name }}{% endif %}{% endfor %}{% endmacro %}\
        {% macro views() %}{% for n in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') \
        if n.config.materialized == 'view' %}{{ n.name }} {% endfor %}{% endmacro %}";
    let project = project(&[
        ("models/a.sql", "select 1 as x, 2 as y"),
        ("models/b.sql", "{{ config(materialized='table') }} select '{{ pii('model.p.a') }}' as a"),
        ("models/c.sql", "select '{{ views() }}', '{{ graph.sources.values() | map(attribute='name') | join }}' as b"),
        ("models/d.sql", "select '{{ model.name }} {{ model.config.materialized }} {{ graph.nodes.get('x') }}' as d"),
        ("models/e.sql", "select {{ graph.nodes['model.p.a'].depends_on.nodes | length }} as e"),
        ("models/all.yml", yaml),
        ("macros/all.sql", macros),
    ]);
    assert_eq!(sql(&project, "model.p.b"), "select 'x' as a");
    assert_eq!(sql(&project, "model.p.c"), "select 'a c d e ', 't' as b");
    assert_eq!(sql(&project, "model.p.d"), "select 'd view None' as d");
    let Body::Unknown(why) = &project.nodes[4].body else { panic!("what a node reads is not known here") };
    assert_eq!(why.code, "needs-warehouse");
}

#[test]
fn a_macro_is_found_by_its_name() {
    let macros = "{% macro shop_vars() %}{{ return({'a': 1}) }}{% endmacro %}\
        {% macro all() %}{% for name in context.keys() if name.endswith('_vars') %}{{ context[name]()['a'] }}{% endfor %}\
        {{ 'none' if context.get('nobody') is none }}{% endmacro %}";
    assert_eq!(rendered("{{ all() }}", macros), Ok("1none".into()));
}

#[test]
fn a_database_that_the_environment_names_is_any() {
    assert_eq!(
        rendered("select * from \"{{ env_var('DB') }}\".prep.t join {{ env_var('DB') }}_x.u using (a)", ""),
        Ok("select * from \"unsaid\".prep.t join unsaid_x.u using (a)".into())
    );
    // A column, or a table by itself, is not.
    assert!(rendered("select {{ env_var('A') }}.b from t", "").is_err());
    assert!(rendered("select * from {{ env_var('A') }}", "").is_err());
}

#[test]
fn brackets_and_quotes_may_end_further_left() {
    let of = |text: &str| super::super::yaml::read(text).map(|yaml| yaml.json().to_string()).map_err(|b| b.at);
    let list = "a:\n    b: [\n      \"x\", # one ]\n      y\n    ]\nc: 'it''s\n on'\nd: |\n  \"no: [\ne: don't [1\n";
    assert_eq!(of(list), Ok(r#"{"a":{"b":["x","y"]},"c":"it's on","d":"\"no: [\n","e":"don't [1"}"#.into()));
    let quoted = "  - name: a\n    text: \"one\n  two\"\n    n: 1";
    assert_eq!(of(quoted), Ok(r#"[{"name":"a","text":"one   two","n":1}]"#.into()));
    // What is broken stays so, with its place in what was written.
    assert_eq!(of("a: [1,\n2\nb: 3\n c: x: y"), of("a: [1,\n2\nb: 3\n c: x: y"));
    for broken in ["a: [1,\n2\nb: 3", "a: \"x\nb: 3", "a: b: c", "a: [\n}", "- [\"\\"] {
        assert!(of(broken).is_err(), "{broken}");
    }
}

#[test]
fn what_kind_of_relation_a_node_is_follows_from_its_configuration() {
    let macros = "{% macro kind(r) %}{{ r.type }} {{ r.is_view }} {{ r.is_table }}{% endmacro %}\
        {% macro is_incremental() %}{% set r = adapter.get_relation(this.database, this.schema, this.table) %}\
        {{ return(r is not none and r.type == 'table' and model.config.materialized == 'incremental') }}{% endmacro %}";
    let project = project(&[
        ("models/a.sql", "select 1 as x"),
        ("models/b.sql", "{{ config(materialized='table') }} select 1 as x"),
        ("models/c.sql", "select '{{ kind(ref('a')) }}', '{{ kind(ref('b')) }}' as c"),
        (
            "models/d.sql",
            "{{ config(materialized='incremental') }} select 1 as x {% if is_incremental() %} where 2 > 1 {% endif %}",
        ),
        ("macros/all.sql", macros),
    ]);
    assert_eq!(sql(&project, "model.p.c"), "select 'view True False', 'table False True' as c");
    // A project's own `is_incremental` is asked both ways too.
    let Body::Sql { full, incremental: Some(incremental) } = &project.nodes[3].body else { panic!("two ways") };
    assert!(!full.sql.contains("where") && incremental.sql.contains("where 2 > 1"));
}

#[test]
fn blanks_of_other_kinds_are_blanks() {
    let jinja = "{% set a = [1\u{a0},\u{2029}2] %}{{ a\u{a0}|\u{3000}length }} {{ 'é\u{a0}ü' }}";
    assert_eq!(rendered(jinja, ""), Ok("2 é\u{a0}ü".into()));
}

#[test]
fn a_type_that_nobody_wrote_down_is_not_printed() {
    let project = project(&[
        ("seeds/s.csv", "a,b\n1,2\n"),
        (
            "models/m.sql",
            "select {% for c in adapter.get_columns_in_relation(ref('s')) %}cast({{ c.name }} as {{ c.dtype }}),{% endfor %} 1",
        ),
        ("models/n.sql", "select {% for c in adapter.get_columns_in_relation(ref('s')) %}{{ c.name }},{% endfor %} 1"),
    ]);
    let Body::Unknown(why) = &project.nodes[0].body else { panic!("nobody says what `a` is") };
    assert_eq!(why.what, "the type of the column `a` is known to the warehouse only");
    assert_eq!(sql(&project, "model.p.n"), "select a,b, 1");
}

#[test]
fn a_configuration_may_ask_for_what_is_set_before() {
    let text = "{% set chain = 'a' %}{{ config(alias='t_' + chain, materialized='table') }}\
        select '{{ model.config.materialized }} {{ this.identifier }}' as x";
    let project = project(&[("models/m.sql", text)]);
    assert_eq!(project.nodes[0].identifier, "t_a");
    assert_eq!(sql(&project, "model.p.m"), "select 'table t_a' as x");
}

#[test]
fn a_source_may_be_a_seed_of_the_project() {
    let columns = "{% for c in adapter.get_columns_in_relation(source('raw', 't')) %}{{ c.name }} {% endfor %}";
    let files = |schema: &str| {
        let yaml = format!("sources:\n  - {{name: raw, schema: \"{schema}\", tables: [{{name: t}}]}}");
        let project = project(&[
            ("dbt_project.yml", "name: p\nseeds:\n  +schema: seeds"),
            ("seeds/t.csv", "a,b\n1,2\n"),
            ("models/all.yml", &yaml),
            ("models/m.sql", &format!("select '{columns}' as x")),
        ]);
        match &project.nodes[0].body {
            Body::Sql { full, .. } => full.sql.clone(),
            _ => String::new(),
        }
    };
    assert_eq!(files("{{ target.schema }}_seeds"), "select 'a b ' as x");
    assert_eq!(files("elsewhere"), "", "nobody knows that table");
}

#[test]
fn folders_may_be_named_by_the_environment() {
    let files = [
        ("dbt_project.yml", "name: p\nmodel-paths: [\"{{ env_var('SYNC', 'none') }}/models\"]"),
        ("a/models/m.sql", "select 1 as x"),
    ];
    let with = |env: &[(&str, &str)]| {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        read(&tree(&files), &Settings { dialect: Some(Dialect::DuckDb), env, ..Settings::default() })
    };
    let there = with(&[("SYNC", "a")]);
    assert_eq!((there.nodes.len(), there.findings.len()), (1, 0));
    // Nothing is read, and that is said.
    let nowhere = with(&[]);
    assert_eq!((nowhere.nodes.len(), nowhere.findings[0].code.as_ref()), (0, "no-project"));
}

#[test]
fn folders_are_for_what_can_stand_in_them() {
    let found = |paths: &str, more: &[(&str, &str)]| {
        let own = format!("name: p\n{paths}");
        let mut files = vec![
            ("dbt_project.yml", own.as_str()),
            ("models/a.sql", "select b from {{ ref('rates') }}"),
            ("models/seeds/rates.csv", "a,b\n1,2\n"),
        ];
        files.extend(more);
        let read = read(&tree(&files), &Settings { dialect: Some(Dialect::DuckDb), ..Settings::default() });
        let codes: Vec<String> = read.findings.iter().map(|f| f.code.to_string()).collect();
        (read.nodes.len(), codes)
    };
    assert_eq!(found("seed-paths: [models]", &[]), (2, Vec::new()));
    assert_eq!(found("seed-paths: [models]\ntest-paths: [models]", &[]), (2, Vec::new()));
    // Models that are elsewhere are not passed over in silence.
    assert_eq!(found("model-paths: [modells]", &[]), (0, vec!["no-project".to_owned()]));
    assert_eq!(found("model-paths: [modells]\nanalysis-paths: [models]", &[]).1, Vec::<String>::new());
    // Those of another project in it are its own.
    assert_eq!(found("model-paths: [none]", &[("models/dbt_project.yml", "name: q")]).1, Vec::<String>::new());
}

#[test]
fn how_long_a_spine_is_changes_no_column() {
    let asks = "{% macro get_intervals_between(start_date, end_date, datepart) -%}\n\
        {%- call statement('n', fetch_result=True) %}select 1{%- endcall -%}{{ return(load_result('n')['data'][0][0]) }}\n\
        {%- endmacro %}";
    for package in ["dbt_utils", "dbt_date"] {
        let own = format!("name: {package}");
        let model = format!("select {{{{ {package}.get_intervals_between('a', 'b', 'day') }}}} as n");
        let files = [
            ("dbt_project.yml", "name: p"),
            (&*format!("dbt_packages/{package}/dbt_project.yml"), own.as_str()),
            (&*format!("dbt_packages/{package}/macros/spine.sql"), asks),
            ("models/m.sql", model.as_str()),
        ];
        let project = read(&tree(&files), &Settings { dialect: Some(Dialect::DuckDb), ..Settings::default() });
        let node = project.nodes.iter().find(|n| n.name == "m").unwrap();
        assert!(matches!(&node.body, Body::Sql { full, .. } if full.sql == "select 4096 as n"), "{package}");
    }
}

#[test]
fn models_of_another_project_are_not_looked_for() {
    let codes = |list: &str| {
        let found = project(&[
            ("dependencies.yml", list),
            ("models/m.sql", "select a from {{ ref('other', 'orders') }}"),
            ("models/n.sql", "select a from {{ ref('orders') }}"),
        ]);
        found.findings.iter().map(|f| (f.code.to_string(), f.place.as_ref().unwrap().file.clone())).collect::<Vec<_>>()
    };
    assert_eq!(codes("projects:\n  - name: other"), [("unknown-ref".into(), "models/n.sql".into())]);
    assert_eq!(codes("projects: []").len(), 2);
}

#[test]
fn a_relation_ends_where_the_next_word_begins() {
    let project = project(&[("models/a.sql", "select 1 as x"), ("models/b.sql", "select w.x from {{ref('a')}}w")]);
    assert_eq!(sql(&project, "model.p.b"), "select w.x from dbt_ref__0.a w");
}

#[test]
fn meta_is_asked_for_by_itself() {
    let text = "{{ config(materialized='table', meta={'key': 'a'}) }}select {{ config.meta_get('key') }} as x, \
        '{{ config.meta_get('materialized', 'none') }}{{ config.get('materialized') }}' as y";
    assert_eq!(rendered(text, ""), Ok("select a as x, 'nonetable' as y".into()));
}

#[test]
fn what_is_drawn_by_lot_is_not_known() {
    assert!(rendered("select {{ ['a', 'b'] | random }} as x", "").is_err());
}

#[test]
fn rows_of_seeds_are_in_their_files() {
    let asked = |call: &str| {
        let project = project(&[
            ("seeds/s.csv", "kind,n,day\nb,1,2020-01-01\na,2,2020-01-02\nb,3,2020-01-03\n\"c, d\",4,\n"),
            ("models/stg.sql", "with s as (select * from {{ ref('s') }}) select kind as k, n from s"),
            ("models/few.sql", "select kind from {{ ref('s') }} where n > 1"),
            ("models/made.sql", "select upper(kind) as kind from {{ ref('s') }}"),
            ("models/m.sql", &format!("select '{{{{ dbt_utils.get_column_values({call}) | join('|') }}}}' as x")),
        ]);
        match &project.nodes.iter().find(|n| n.id == "model.p.m").unwrap().body {
            Body::Sql { full, .. } => full.sql.trim_start_matches("select '").trim_end_matches("' as x").to_owned(),
            Body::Unknown(why) => why.code.to_string(),
            Body::Columns { .. } => panic!("a query"),
        }
    };
    assert_eq!(asked("ref('s'), 'kind'"), "b|a|c, d");
    assert_eq!(asked("table=ref('s'), column='kind', order_by='kind'"), "a|b|c, d");
    assert_eq!(asked("ref('s'), 'n', order_by='n desc'"), "4|3|2|1");
    assert_eq!(asked("ref('stg'), 'k'"), "b|a|c, d");
    assert_eq!(asked("ref('s'), 'kind', max_records=1"), "b");
    let unknown = [
        "ref('s'), 'kind', max_records=2",
        "ref('s'), 'kind', where='n > 1'",
        "ref('s'), 'kind', order_by='max(n)'",
        "ref('s'), 'day'",
        "ref('s'), 'lower(kind)'",
        "ref('few'), 'kind'",
        "ref('made'), 'kind'",
    ];
    for call in unknown {
        // A date in the literal is what is not known.
        assert!(asked(call).starts_with("20") || asked(call) == "needs-warehouse", "{call}: {}", asked(call));
    }
}

#[test]
fn generic_tests_are_nodes_of_the_graph() {
    let yaml = "models:\n  - name: a\n    columns:\n      - name: x\n        tests: [unique, not_null, \
        {accepted_values: {values: [1], config: {severity: warn}}}]";
    let of = |jinja: &str| {
        let project = project(&[
            ("models/a.sql", "select 1 as x"),
            ("models/all.yml", yaml),
            ("models/m.sql", &format!("select '{jinja}' as m")),
        ]);
        sql(&project, "model.p.m").to_owned()
    };
    let tests = "graph.nodes.values() | selectattr('resource_type', 'equalto', 'test')";
    assert_eq!(of(&format!("{{{{ {tests} | list | length }}}}")), "select '3' as m");
    let each = "{% for t in graph.nodes.values() if t.resource_type == 'test' %}{{ t.test_metadata.name }} {{ t.column_name }} \
        {{ t.depends_on.nodes[0] }} {{ t.config.severity }};{% endfor %}";
    assert_eq!(
        of(each),
        "select 'unique x model.p.a ERROR;not_null x model.p.a ERROR;accepted_values x model.p.a warn;' as m"
    );
}

#[test]
fn a_brace_may_stand_before_a_tag() {
    let keys = "{% macro path(keys) %}'{ {%- for k in keys -%}{{ k }}{{ ',' if not loop.last }}{%- endfor -%} }'{% endmacro %}";
    assert_eq!(rendered("select a #>> {{ path(['b', 'c']) }} as x", keys), Ok("select a #>> '{b,c}' as x".into()));
    assert_eq!(rendered("select '{ {{- 1 -}} }' as x, '{{ '{' }}' as y", ""), Ok("select '{1}' as x, '{' as y".into()));
}

#[test]
fn what_matters_is_what_a_run_makes() {
    let text = "{% if execute and flags.WHICH in ('run', 'build') %}{% set v = run_query('x').columns[0].values() %}{% endif %}\
        select {% for x in v %}{{ x }},{% endfor %} 1 as a";
    assert!(rendered(text, "").is_err(), "a run asks");
}

#[test]
fn a_namespace_of_no_package_is_none() {
    let macros = "{% macro least(a) %}{{ return(adapter.dispatch('least', 'macros')(a)) }}{% endmacro %}\
        {% macro default__least(a) %}least({{ a }}, {{ nothing | length }}){% endmacro %}";
    assert_eq!(rendered("select {{ least(2) }} as a", macros), Ok("select least(2, 0) as a".into()));
}

#[test]
fn queries_over_seeds_are_answered_from_their_rows() {
    let seed = ("seeds/exceptions.csv", "fct_name,column_name,id\nm,a,stg_x\nm,b,it's\nother,c,z\n");
    let of = |text: &str| {
        let project = project(&[seed, ("models/m.sql", text)]);
        match &project.nodes.iter().find(|n| n.id == "model.p.m").unwrap().body {
            Body::Sql { full, .. } => Ok(full.sql.split_whitespace().collect::<Vec<_>>().join(" ")),
            Body::Unknown(why) => Err(why.code.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let query = "{% set q %}select column_name, id from {{ ref('exceptions') }} where fct_name = '{{ model.name }}'{% endset %}";
    assert_eq!(
        of(&format!(
            "{query}select 1 as x{{% for row in run_query(q) %}}, '{{{{ row[1] }}}}' as {{{{ row['COLUMN_NAME'] }}}}{{% endfor %}}"
        )),
        Ok("select 1 as x, 'stg_x' as a, 'it's' as b".into())
    );
    let columns = "{% set found = run_query(q).columns[0].values() %}select {{ found | join(', ') }}, {{ run_query(q) | length }} as n";
    assert_eq!(of(&format!("{query}{columns}")), Ok("select a, b, 2 as n".into()));
    // What the file does not say is the warehouse's.
    for sql in [
        "select count(*) from {{ ref('exceptions') }}",
        "select id from {{ ref('exceptions') }} where id like 's%'",
        "select id from {{ ref('exceptions') }} order by 1",
        "select id from {{ ref('exceptions') }} limit 1",
        "select distinct id from {{ ref('exceptions') }}",
        "select nothing from {{ ref('exceptions') }}",
        "select id from {{ ref('exceptions') }} where fct_name = 'M'",
        "select id from {{ ref('exceptions') }} e join {{ ref('exceptions') }} f on e.id = f.id",
        "select 1",
        "not a query",
    ] {
        let text = format!(
            "{{% set q %}}{sql}{{% endset %}}select 1 as x{{% for row in run_query(q) %}}, {{{{ row[0] }}}}{{% endfor %}}"
        );
        assert_eq!(of(&text), Err("needs-warehouse".into()), "{sql}");
    }
}
