//! Edits made by the dozen: those that keep what a query says must change nothing, those that do not must all be seen.

use super::tests::{read, shop};
use super::{Around, Verdict, What, against};
use crate::dbt::Tree;

/// Models of the project.
fn models(tree: &Tree) -> Vec<(String, String)> {
    let models = tree.iter().filter(|(path, _)| path.starts_with("models/") && path.ends_with(".sql"));
    models.map(|(path, text)| (path.clone(), text.to_string())).collect()
}

/// Pieces of Jinja, and of SQL in quotes or comments, that an edit leaves alone, and what is between.
fn pieces(text: &str) -> Vec<(bool, String)> {
    let mut out: Vec<(bool, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let next = ["{{", "{%", "'"].iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min();
        let Some((at, mark)) = next else {
            out.push((false, rest.to_owned()));
            break;
        };
        let end = match mark {
            "{{" => "}}",
            "{%" => "%}",
            other => other,
        };
        let stop = rest[at + mark.len()..].find(end).map_or(rest.len(), |i| at + mark.len() + i + end.len());
        out.push((false, rest[..at].to_owned()));
        out.push((true, rest[at..stop].to_owned()));
        rest = &rest[stop..];
    }
    out
}

fn in_sql(text: &str, edit: impl Fn(&str) -> String) -> String {
    pieces(text).into_iter().map(|(fixed, piece)| if fixed { piece } else { edit(&piece) }).collect()
}

/// Puts another word in the place of one, wherever it stands as a word.
fn word(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut last = String::new();
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_alphanumeric() || c == '_' {
            last.push(c);
        } else {
            out.push_str(if last == from { to } else { &last });
            last.clear();
            if c != '\0' {
                out.push(c);
            }
        }
    }
    out
}

/// The query without its configuration, and that.
fn split_config(text: &str) -> (&str, &str) {
    match text.strip_prefix("{{ config").and_then(|rest| rest.find("}}")) {
        Some(end) => text.split_at("{{ config".len() + end + 2),
        None => ("", text),
    }
}

/// Names of CTEs.
fn ctes(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices(" as (") {
        let name = text[..at].rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        out.push(name.to_owned());
    }
    out.retain(|n| !n.is_empty());
    out
}

type Edit = (&'static str, fn(&str) -> Option<String>);

/// What says the same.
const SAME: &[Edit] = &[
    ("upper case", |t| Some(in_sql(t, |sql| sql.to_uppercase()))),
    ("one line", |t| Some(in_sql(t, |sql| format!(" {} ", sql.split_whitespace().collect::<Vec<_>>().join(" "))))),
    ("a word a line", |t| Some(in_sql(t, |sql| sql.replace(' ', "\n\t ")))),
    ("a comment", |t| Some(format!("{t}\n-- and that is all; 'really' {{ nothing }}\n"))),
    ("comments within", |t| Some(in_sql(t, |sql| sql.replace(",\n", ", /* so */\n")))),
    ("CTEs renamed", |t| {
        let names = ctes(t);
        let text = in_sql(t, |sql| names.iter().fold(sql.to_owned(), |sql, n| word(&sql, n, &format!("{n}_2"))));
        (!names.is_empty()).then_some(text)
    }),
    ("all of it in a CTE", |t| {
        let (config, query) = split_config(t);
        Some(format!("{config}\nwith everything as (\n{query}\n)\nselect * from everything"))
    }),
    ("all of it in a subquery", |t| {
        let (config, query) = split_config(t);
        Some(format!("{config}\nselect q.* from (\n{query}\n) as q"))
    }),
    ("through two CTEs", |t| {
        let (config, query) = split_config(t);
        Some(format!(
            "{config}\nwith a as ({query}\n), unused as (select 1 as x), b as (select * from a) select * from b"
        ))
    }),
    ("ordered", |t| (!t.contains("order by")).then(|| format!("{t}\norder by 1"))),
    ("brackets", |t| {
        t.contains("where ")
            .then(|| t.replacen("where amount >= {{ var('lowest') }}", "where (amount >= {{ var('lowest') }})", 1))
            .filter(|n| n != t)
    }),
];

/// What says something else.
const OTHER: &[Edit] = &[
    ("a filter", |t| {
        let (config, query) = split_config(t);
        Some(format!("{config}\nselect * from (\n{query}\n) as q where 1 = 2"))
    }),
    ("a limit", |t| Some(format!("{t}\nlimit 3"))),
    ("distinct", |t| {
        let (config, query) = split_config(t);
        Some(format!("{config}\nselect distinct * from (\n{query}\n) as q"))
    }),
    ("a union with itself", |t| {
        let (config, query) = split_config(t);
        Some(format!("{config}\nselect * from (\n{query}\n) a union all select * from (\n{query}\n) b"))
    }),
    ("a cross join", |t| {
        let (config, query) = split_config(t);
        Some(format!("{config}\nselect q.* from (\n{query}\n) as q, {{{{ ref('countries') }}}} as k"))
    }),
    ("a literal", |t| t.contains(", 0)").then(|| t.replacen(", 0)", ", 7)", 1))),
    ("a text", |t| t.contains("'returned'").then(|| t.replacen("'returned'", "'lost'", 1))),
    ("an operator", |t| t.contains(" - ").then(|| t.replacen(" - ", " + ", 1))),
    ("a comparison", |t| t.contains(">= ").then(|| t.replacen(">= ", "> ", 1))),
    ("sum for avg", |t| t.contains("sum(").then(|| t.replacen("sum(", "avg(", 1))),
    ("min for max", |t| t.contains("min(").then(|| t.replacen("min(", "max(", 1))),
    ("count distinct", |t| t.contains("count(*)").then(|| t.replacen("count(*)", "count(distinct amount)", 1))),
    ("an inner join", |t| t.contains("left join").then(|| t.replacen("left join", "join", 1))),
    ("a right join", |t| t.contains("left join").then(|| t.replacen("left join", "right join", 1))),
    ("a cast", |t| {
        t.contains("    amount,").then(|| t.replacen("    amount,", "    cast(amount as integer) as amount,", 1))
    }),
    ("a function", |t| t.contains("lower(").then(|| t.replacen("lower(", "upper(", 1))),
    ("a function left out", |t| t.contains("trim(name)").then(|| t.replacen("trim(name)", "name", 1))),
    ("another source column", |t| {
        t.contains("id as customer_id").then(|| t.replacen("id as customer_id", "1 as customer_id", 1))
    }),
    ("a column renamed", |t| t.contains("as status").then(|| t.replacen("as status", "as state", 1))),
    ("a column dropped", |t| t.contains("    email,\n").then(|| t.replacen("    email,\n", "\n", 1))),
    ("groups", |t| {
        t.contains("group by order_id").then(|| t.replacen("group by order_id", "group by order_id, method", 1))
    }),
    ("no default", |t| {
        t.contains("coalesce(payments.paid, 0) as paid")
            .then(|| t.replacen("coalesce(payments.paid, 0) as paid", "payments.paid as paid", 1))
    }),
    ("another join key", |t| {
        t.contains("k.code = c.country_code").then(|| t.replacen("k.code =", "k.country_name =", 1))
    }),
];

#[test]
fn edits_that_keep_the_meaning_change_nothing() {
    let tree = shop();
    let base = read(&tree);
    let (mut count, mut wrong) = (0, Vec::new());
    for (path, text) in models(&tree) {
        for (name, edit) in SAME {
            let Some(edited) = edit(&text) else { continue };
            let mut tree = tree.clone();
            tree.insert(path.clone(), edited.into());
            let found = against(&base, &read(&tree), &Around::default());
            count += 1;
            let silent = |what: What| matches!(what, What::Reformatted | What::Moved);
            let said: Vec<String> = found
                .changes
                .iter()
                .flat_map(|c| &c.differences)
                .filter(|d| !silent(d.what))
                .map(|d| d.says())
                .collect();
            if found.verdict != Verdict::Safe || !said.is_empty() {
                wrong.push(format!("{path}, {name}: {} {said:?}", found.verdict));
            }
        }
    }
    assert!(count > 60, "only {count} edits");
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn edits_that_change_the_meaning_are_all_seen() {
    let tree = shop();
    let base = read(&tree);
    let (mut count, mut missed) = (0, Vec::new());
    for (path, text) in models(&tree) {
        for (name, edit) in OTHER {
            let Some(edited) = edit(&text) else { continue };
            assert_ne!(edited, text, "{name} does nothing to {path}");
            let mut tree = tree.clone();
            tree.insert(path.clone(), edited.into());
            let found = against(&base, &read(&tree), &Around::default());
            count += 1;
            let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".sql");
            if found.verdict == Verdict::Safe || !found.changes.iter().any(|c| c.name == stem) {
                missed.push(format!("{path}, {name}: {}", found.verdict));
            }
        }
    }
    assert!(count > 50, "only {count} edits");
    assert!(missed.is_empty(), "{} of {count}\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_long_chain_and_a_circle_end() {
    let mut tree = shop();
    for i in 0..300 {
        let from = if i == 0 { "orders".to_owned() } else { format!("m{}", i - 1) };
        tree.insert(format!("models/chain/m{i}.sql"), format!("select * from {{{{ ref('{from}') }}}}").into());
    }
    tree.insert("models/a.sql".to_owned(), "select * from {{ ref('b') }}".into());
    tree.insert("models/b.sql".to_owned(), "select * from {{ ref('a') }}".into());
    let base = read(&tree);
    let orders = tree["models/marts/orders.sql"].replace("coalesce(payments.paid, 0) as paid", "1 as paid");
    tree.insert("models/marts/orders.sql".to_owned(), orders.into());
    let found = against(&base, &read(&tree), &Around::default());
    let change = found.changes.iter().find(|c| c.name == "orders").map(|c| c.differences.len());
    assert_eq!(change, Some(2), "a type and an expression: {:#?}", found.changes);
    let reached = found.changes.iter().flat_map(|c| &c.differences).map(|d| d.readers.len()).max();
    assert!(reached >= Some(300), "{reached:?}");
    let chart = super::mermaid(&found.graph).unwrap_or_default();
    assert!(chart.contains(" more\""), "{chart}");
}
