//! Edits and regenerations of one model, each with what must come out, to the byte.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::super::structure::Woven;
use super::{lex, tree};

const MODEL: &str = "\
with orders as (

    select * from {{ ref('stg_shop__orders') }}

),

aggregated as (

    select
        cast(ordered_at as date) as order_date,
        count(*) as order_count,
        sum(total_amount) as total_amount
    from orders
    group by cast(ordered_at as date)

)

select * from aggregated
";

fn merge(base: &str, edited: &str, new: &str) -> Woven {
    super::merge(base, edited, new).unwrap_or_else(|| panic!("nothing was woven of\n{edited}\nand\n{new}"))
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({snapshot_path => "../../../../snapshots/merge", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(name, text);
    });
}

/// Replacements of a text, each of which must be there.
fn with(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text.replacen(from, to, 1)
    })
}

/// People make `mine` of the model, the generator `theirs`: what comes out is `both`, without a conflict.
fn both(mine: &[(&str, &str)], theirs: &[(&str, &str)], both: &[(&str, &str)]) {
    let woven = merge(MODEL, &with(MODEL, mine), &with(MODEL, theirs));
    assert_eq!(woven.text, with(MODEL, both));
    assert!(woven.clean);
}

#[test]
fn lexes_without_loss() {
    let text = "{{ config(a=\"%}\") }}\n{% if x %}{% for y in z %}{% endfor %}{# a #}{% endif %}\nselect 'it''s', \"a b\", {{ m }}_x, a::text -- c\n/* d */ from t";
    let tokens: Vec<&str> = lex::lex(text).unwrap().iter().map(|t| &text[t.start..t.end]).collect();
    snapshot("tokens", &tokens.join("\n"));
    for open in ["'", "\"", "{{", "{%", "{#", "/*", "{% if x %}"] {
        assert!(lex::lex(open).is_none(), "{open}");
    }
}

#[test]
fn reads_pieces() {
    fn show(node: &tree::Node, depth: usize, out: &mut String) {
        out.push_str(&format!(
            "{}{:?} {} [{}]\n",
            "  ".repeat(depth),
            node.what,
            node.key,
            if node.kids.is_empty() { &node.shown } else { "" }
        ));
        node.kids.iter().for_each(|k| show(k, depth + 1, out));
    }
    let text = "{{ config(materialized='table') }}\n{% set x = 1 %}\nwith recursive a(n) as not materialized (select 1),\nb as (\n  select distinct x.id, y.name as \"Name\", case when p and q then 1 end c, count(*) n, -- last\n  from t as x left outer join u y on x.id = y.id and y.k between 1 and 2 cross join v\n  {% if is_incremental() %} where x.a > (select max(a) from {{ this }}) {% endif %}\n  where a is not null and (b or c) and d is distinct from e\n  group by 1, 2 having count(*) > 1 qualify row_number() over (partition by a order by b) = 1\n  union all select * from (select 1) s union all select * exclude (z) from w\n)\nselect * from b order by 1 desc limit 5\n";
    let mut out = String::new();
    show(&tree::read(text).unwrap().root, 0, &mut out);
    snapshot("pieces", &out);
}

#[test]
fn what_both_add_at_one_place() {
    both(
        &[("as total_amount\n", "as total_amount,\n        max(total_amount) as largest\n")],
        &[("as total_amount\n", "as total_amount,\n        avg(total_amount) as average\n")],
        &[(
            "as total_amount\n",
            "as total_amount,\n        avg(total_amount) as average,\n        max(total_amount) as largest\n",
        )],
    );
}

#[test]
fn neighbours_change() {
    both(
        &[("count(*) as order_count", "count(distinct order_id) as order_count")],
        &[("sum(total_amount) as total_amount", "sum(net_amount) as total_amount")],
        &[
            ("count(*) as order_count", "count(distinct order_id) as order_count"),
            ("sum(total_amount) as total_amount", "sum(net_amount) as total_amount"),
        ],
    );
}

/// What becomes of each edit with each regeneration, as the lines that the regeneration changes in what people have.
#[test]
fn edits_and_regenerations() {
    let reformatted = "WITH orders AS (\n\tSELECT * FROM {{ ref('stg_shop__orders') }}\n)\n, aggregated AS (\n\tSELECT\n\t\tCAST(ordered_at AS date) AS order_date\n\t\t, COUNT(*) AS order_count -- rows\n\t\t, SUM(total_amount) AS total_amount\n\tFROM orders\n\tGROUP BY CAST(ordered_at AS date)\n)\nSELECT * FROM aggregated";
    let w = |c: &[(&str, &str)]| with(MODEL, c);
    let window = "aggregated as (";
    let in_window = "in_window as (\n\n    select *\n    from orders\n    where\n        ordered_at >= {{ dbt.dateadd('day', -30, as_of()) }}\n        and ordered_at < {{ as_of() }}\n\n),\n\naggregated as (";
    let windowed = w(&[(window, in_window), ("from orders\n    group", "from in_window\n    group")]);
    let news = [
        ("add col", w(&[("as total_amount\n", "as total_amount,\n        avg(total_amount) as average\n")])),
        ("rename col", w(&[("as order_count", "as orders_count")])),
        ("remove col", w(&[("        count(*) as order_count,\n", "")])),
        ("remove last", w(&[("as order_count,\n        sum(total_amount) as total_amount\n", "as order_count\n")])),
        ("windowed", windowed.clone()),
        (
            "group",
            w(&[
                (
                    "    group by cast(ordered_at as date)\n",
                    "    group by\n        cast(ordered_at as date),\n        currency\n",
                ),
                ("as order_date,\n", "as order_date,\n        currency,\n"),
            ]),
        ),
        ("cte name", w(&[("aggregated as (", "per_day as ("), ("from aggregated", "from per_day")])),
        (
            "join",
            w(&[
                (
                    "    from orders\n",
                    "    from orders\n    left join customers\n        on orders.customer_id = customers.customer_id\n",
                ),
                (
                    "aggregated as (",
                    "customers as (\n\n    select * from {{ ref('stg_shop__customers') }}\n\n),\n\naggregated as (",
                ),
            ]),
        ),
    ];
    let edits = vec![
        ("reformatted", reformatted.to_owned()),
        (
            "filter+cte",
            w(&[
                ("    from orders\n", "    from paid\n    where currency = 'EUR'\n"),
                (
                    window,
                    "-- only what was paid\npaid as (\n    select * from orders where status = 'paid'\n),\n\naggregated as (",
                ),
            ]),
        ),
        (
            "comments",
            w(&[(
                "        count(*) as order_count,\n",
                "        -- all of them\n        count(*) as order_count,  -- rows\n",
            )]),
        ),
        ("expr", w(&[("count(*) as order_count", "count(distinct order_id) as order_count")])),
        ("rename cte", w(&[("aggregated as (", "final as ("), ("from aggregated", "from final")])),
        (
            "moved+config+last",
            w(&[
                ("with orders as", "{{ config(materialized='incremental') }}\n\nwith orders as"),
                ("        count(*) as order_count,\n", ""),
                ("as total_amount\n", "as total_amount, -- money\n        count(*) as order_count -- rows\n"),
                (
                    "select * from aggregated",
                    "select * from aggregated\n{% if is_incremental() %}\nwhere order_date > (select max(order_date) from {{ this }})\n{% endif %}",
                ),
            ]),
        ),
    ];
    let wider = with(&windowed, &[("-30", "-60")]);
    let also = |from: &str, to: &str| with(&windowed, &[(from, to)]);
    let cut = "        and ordered_at < {{ as_of() }}";
    let mut cases: Vec<(String, String, &str, &str)> = Vec::new();
    for (e, edited) in &edits {
        cases.extend(news.iter().map(|(n, new)| (format!("{e}, {n}"), edited.clone(), MODEL, new.as_str())));
    }
    let tested = also(cut, &format!("{cut}\n        and status <> 'test'"));
    cases.push(("another condition, wider window".into(), tested.clone(), &windowed, &wider));
    cases.push(("another condition, no window".into(), tested, &windowed, MODEL));
    cases.push(("window by hand, wider window".into(), also("-30", "-45"), &windowed, &wider));
    cases.push(("window goes, wider window".into(), also(cut, "        and true"), &windowed, &wider));
    let mut out = String::new();
    for (name, edited, base, new) in cases {
        let woven = merge(base, &edited, new);
        let diff = similar::TextDiff::from_lines(edited.as_str(), &woven.text);
        out.push_str(&format!("==> {name}{}\n", if woven.clean { "" } else { ": conflict" }));
        out.push_str(&diff.unified_diff().context_radius(1).to_string());
        woven.notes.iter().for_each(|n| out.push_str(&format!("! {n}\n")));
        if woven.clean {
            assert_eq!(merge(new, &woven.text, new).text, woven.text, "{name}: merged once more");
        }
    }
    snapshot("woven", &out);
}

#[test]
fn a_clause_goes_with_its_last_condition() {
    let model = |conditions: &str| format!("select a\nfrom t\n{conditions}order by a\n");
    let base = model("where\n    a > 1\n    and b = 2\n");
    let woven = merge(&base, &model("where a > 1\n"), &model("where b = 2\n"));
    assert_eq!((woven.text, woven.clean), (model(""), true));
    let woven = merge(&base, &model("where\n    a > 1\n    and b = 2\n    and c = 3\n"), &model(""));
    assert_eq!((woven.text, woven.clean), (model("where\n    c = 3\n"), true));
    let woven = merge(&model(""), &model("where a > 1\n"), &model("where b = 2\n"));
    assert_eq!((woven.text, woven.clean), (model("where a > 1\n    and b = 2\n"), true));
}

#[test]
fn jinja_around_clauses_stays_where_it_is() {
    let dev = "    from orders\n    {% if target.name == 'dev' %}\n    limit 100\n    {% endif %}\n";
    both(
        &[("    from orders\n    group", &format!("{}    group", &dev[..dev.len()]))],
        &[("    from orders\n    group", "    from orders\n    where total_amount > 0\n    group")],
        &[(
            "    from orders\n    group",
            "    from orders\n    where total_amount > 0\n    {% if target.name == 'dev' %}\n    limit 100\n    {% endif %}\n    group",
        )],
    );
}

#[test]
fn renames_on_one_side_reach_what_the_other_adds() {
    both(
        &[("aggregated as (", "final as ("), ("from aggregated", "from final")],
        &[(
            "\n)\n\nselect * from aggregated",
            "\n),\n\nlast as (\n\n    select aggregated.* from aggregated\n\n)\n\nselect * from last",
        )],
        &[
            ("aggregated as (", "final as ("),
            (
                "\n)\n\nselect * from aggregated",
                "\n),\n\nlast as (\n\n    select final.* from final\n\n)\n\nselect * from last",
            ),
        ],
    );
}

#[test]
fn what_is_no_model_is_not_woven() {
    for text in [
        "",
        "select",
        "select (1",
        "a\nb\n",
        "create table t (a int);",
        "select 'a",
        "{% if a %}",
        "select a,, b",
        "\u{e000}",
    ] {
        assert_eq!(super::merge(MODEL, text, &MODEL.replace("count(*)", "count(1)")), None, "{text}");
        assert_eq!(super::merge(text, MODEL, text), None, "{text}");
    }
    let deep = format!("select {}1{} as a", "(select ".repeat(5_000), ")".repeat(5_000));
    assert!(tree::read(&deep).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a text: it is read, or it is not; what is put together of it has its words.
    #[test]
    fn any_text_is_read_or_not(words in prop::collection::vec(prop::sample::select(WORDS), 0..25), cut: prop::sample::Index) {
        let text = words.join(" ");
        let _ = tree::read(&text);
        let lines: Vec<&str> = MODEL.lines().collect();
        let at = cut.index(lines.len());
        let edited = [&lines[..at], &[text.as_str()], &lines[at..]].concat().join("\n");
        let new = MODEL.replace("count(*) as order_count", "count(1) as order_count,\n        2 as two");
        if let Some(woven) = super::merge(MODEL, &edited, &new) {
            for word in words.iter().filter(|w| w.chars().all(char::is_alphanumeric)) {
                prop_assert!(woven.text.contains(word), "{edited}\n{}", woven.text);
            }
        }
    }
}

const WORDS: &[&str] = &[
    "select",
    "distinct",
    "on",
    "from",
    "where",
    "group",
    "by",
    "having",
    "qualify",
    "window",
    "order",
    "limit",
    "union",
    "all",
    "except",
    "with",
    "recursive",
    "as",
    "left",
    "join",
    "using",
    "and",
    "or",
    "between",
    "case",
    "when",
    "end",
    "(",
    ")",
    ",",
    ";",
    ".",
    "*",
    "'a",
    "'",
    "\"b\"",
    "a",
    "b1",
    "x",
    "1",
    "::",
    "=",
    "-- c\n",
    "/*",
    "*/",
    "{{ m }}",
    "{{",
    "}}",
    "{% if x %}",
    "{% endif %}",
    "{%",
    "%}",
    "{# d #}",
    "in",
    "not",
    "is",
    "[",
    "]",
    "\n",
    "\t",
    "\u{e9}",
];

#[test]
fn a_query_in_conflict_is_what_people_wrote() {
    let base = "with a as (\n    select o.x, o.y as y from orders as o\n)\n\nselect * from a\n";
    let mine = base.replace("o.x, o.y as y from orders as o", "o.x + 1 as x, o.y as y from orders as o where o.x > 1");
    let theirs = base.replace("select o.x, o.y as y from orders as o", "select p.x + 2 as x from pays as p");
    let woven = merge(base, &mine, &theirs);
    let (yours, rest) = woven.text.split_once("|||||||").unwrap();
    assert!(!woven.clean && !yours.contains("p.") || !yours.contains("as o"), "{yours}\n{rest}");
    for word in ["o.x + 1", "o.y as y", "o.x > 1"] {
        assert!(!yours.contains("from orders as o") || yours.contains(word), "{word}: {}", woven.text);
    }
}
