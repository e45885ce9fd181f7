//! What YAML and configuration say of a model, and what its query makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::expressions::words;
use super::{Family, Look, Query, Rule, removals, waste};
use crate::check::Analysis;
use crate::dbt::{Kind, Node, Test};
use crate::sql::{Resolved, Text};
use crate::vocabulary::{Diagnostic, Place, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "yaml-column-gone",
        family: Family::Broken,
        severity: Severity::Error,
        summary: "a column in YAML that the model does not have",
        look: Look::Whole(columns),
    },
    Rule {
        code: "column-undescribed",
        family: Family::Broken,
        severity: Severity::Warning,
        summary: "columns of a model that its YAML leaves out",
        look: Look::Elsewhere,
    },
    Rule {
        code: "contract-broken",
        family: Family::Broken,
        severity: Severity::Error,
        summary: "columns or types that an enforced contract does not have so",
        look: Look::Elsewhere,
    },
    Rule {
        code: "test-column-gone",
        family: Family::Broken,
        severity: Severity::Error,
        summary: "a test on a column that is not there",
        look: Look::Whole(tests),
    },
    Rule {
        code: "unique-key-gone",
        family: Family::Broken,
        severity: Severity::Error,
        summary: "a `unique_key` that the model does not give",
        look: Look::Query(unique_key),
    },
    Rule {
        code: "duplicate-column",
        family: Family::Broken,
        severity: Severity::Error,
        summary: "two columns of one name",
        look: Look::Query(duplicate_column),
    },
    Rule {
        code: "grain-untested",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a mart of which no test says that its rows are different",
        look: Look::Whole(grain),
    },
];

/// Nodes with a query whose columns are all known, and what YAML says of them.
fn known(analysis: &Analysis) -> impl Iterator<Item = (&Arc<Node>, &Resolved<crate::dbt::NodeId>)> {
    (0..analysis.project.nodes.len()).filter_map(|id| known_of(analysis, id))
}

/// A model or seed whose columns are all known.
pub(super) fn known_of(analysis: &Analysis, id: usize) -> Option<(&Arc<Node>, &Resolved<crate::dbt::NodeId>)> {
    let (node, resolved) = (analysis.project.nodes.get(id)?, analysis.shapes.get(id)?.known()?);
    let closed = !resolved.open && !resolved.columns.is_empty() && resolved.columns.iter().all(|c| !c.name.is_empty());
    (closed && matches!(node.kind, Kind::Model | Kind::Seed)).then_some((node, resolved))
}

pub(super) fn names(resolved: &Resolved<crate::dbt::NodeId>) -> BTreeSet<&str> {
    in_order(resolved).collect()
}

fn in_order(resolved: &Resolved<crate::dbt::NodeId>) -> impl Iterator<Item = &str> {
    resolved.columns.iter().map(|c| c.name.as_str())
}

/// Whether a query gives a column. To ask one by one costs less than a set of so few.
pub(super) fn gives(resolved: &Resolved<crate::dbt::NodeId>, name: &str) -> bool {
    in_order(resolved).any(|given| given == name)
}

pub(super) fn plain(name: &str) -> String {
    name.trim_matches(['"', '`']).to_lowercase()
}

/// A place in a YAML file.
pub(super) fn place(analysis: &Analysis, file: &str, at: usize, width: usize) -> Place {
    analysis.project.place(file, at, width)
}

fn columns(analysis: &Analysis, out: &mut Vec<Diagnostic>) {
    for (node, resolved) in known(analysis) {
        let Some(described) = &node.described else { continue };
        let said: Vec<String> = described.columns.iter().map(|c| plain(&c.name)).collect();
        for (column, name) in described.columns.iter().zip(&said) {
            // An expression with tests is tested as it stands.
            let expression = !column.tests.is_empty() && name.contains(['(', '|', '+']);
            if gives(resolved, name) || expression {
                continue;
            }
            let near = crate::vocabulary::nearest(name, names(resolved));
            let finding =
                Diagnostic::error("yaml-column-gone", format!("`{}` has no column `{}`", node.name, column.name));
            let finding = match column.tests.is_empty() {
                true => finding.why("its description is of something that is not there"),
                false => finding.why("its tests fail when they run"),
            };
            let finding = match near.first() {
                Some(near) => finding.next(format!("did you mean `{near}`? Else take it out")),
                None => finding.next("take it out, or select the column"),
            };
            // A column with tests may be misspelt; one that is only described is of no use.
            let text = analysis.project.texts.get(&described.file).filter(|_| near.is_empty() && !resolved.open);
            let fix = text.and_then(|text| removals::entry(&described.file, text, column.at));
            let finding = finding.fix(fix);
            out.push(finding.at(place(analysis, &described.file, column.at, column.name.chars().count())));
        }
        let mut missing: Vec<&str> = in_order(resolved).filter(|name| !said.iter().any(|said| said == name)).collect();
        missing.sort_unstable();
        missing.dedup();
        if node.config.contract {
            contract(analysis, node, resolved, &missing, out);
        } else if !missing.is_empty() && names(resolved).len() > 2 * missing.len() {
            // Who describes most columns means to describe all; who names a few for their tests does not.
            let shown: Vec<&str> = missing.iter().copied().take(8).collect();
            let more = if missing.len() > shown.len() { ", …" } else { "" };
            let what = format!("`{}` is described without `{}`{more}", node.name, shown.join("`, `"));
            let finding = Diagnostic::warning("column-undescribed", what).next("describe them too");
            out.push(finding.at(place(analysis, &described.file, described.at, node.name.chars().count())));
        }
    }
}

fn contract(
    analysis: &Analysis,
    node: &Node,
    resolved: &Resolved<crate::dbt::NodeId>,
    missing: &[&str],
    out: &mut Vec<Diagnostic>,
) {
    let Some(described) = &node.described else { return };
    if !missing.is_empty() {
        let what = format!("the contract of `{}` does not have `{}`", node.name, missing.join("`, `"));
        let finding = Diagnostic::error("contract-broken", what)
            .why("dbt refuses to build a model whose columns are not those of its enforced contract")
            .next("add them to the YAML, or leave them out of the query");
        out.push(finding.at(place(analysis, &described.file, described.at, node.name.chars().count())));
    }
    for column in &described.columns {
        let Some(said) = &column.data_type else { continue };
        let made = resolved.columns.iter().find(|c| c.name == plain(&column.name));
        let (Some(made), Ok(wanted)) = (made, said.to_lowercase().parse::<crate::vocabulary::DataType>()) else {
            continue;
        };
        if made.column_type.clashes(wanted.into()) {
            let what = format!("`{}` is {} in the query and {said} in the contract", column.name, made.column_type);
            let finding = Diagnostic::error("contract-broken", what)
                .why("dbt refuses to build a model whose types are not those of its enforced contract")
                .next("cast it, or change the contract");
            out.push(finding.at(place(analysis, &described.file, column.at, column.name.chars().count())));
        }
    }
}

/// Arguments of tests that name columns of the model itself.
const OF_COLUMNS: &[&str] = &["combination_of_columns", "column_list", "compare_columns", "group_by_columns"];

fn tests(analysis: &Analysis, out: &mut Vec<Diagnostic>) {
    for (node, resolved) in known(analysis) {
        let Some(described) = &node.described else { continue };
        let of_columns = described.columns.iter().flat_map(|c| &c.tests);
        for test in described.tests.iter().chain(of_columns) {
            // That they are not there is what is tested.
            if test.name.contains("not_contain") {
                continue;
            }
            for column in named(test) {
                let name = plain(column);
                // Anything but a name is an expression.
                let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if word && !gives(resolved, &name) {
                    let near = crate::vocabulary::nearest(&name, names(resolved));
                    let what = format!("`{}` tests `{column}`, and `{}` has no such column", test.name, node.name);
                    let finding = Diagnostic::error("test-column-gone", what).why("the test fails when it runs");
                    let finding = match near.first() {
                        Some(near) => finding.next(format!("did you mean `{near}`?")),
                        None => finding.next("take it out, or select the column"),
                    };
                    out.push(finding.at(place(analysis, &described.file, test.at, test.name.chars().count())));
                }
            }
        }
    }
}

fn named(test: &Test) -> Vec<&str> {
    let lists =
        OF_COLUMNS.iter().filter_map(|k| test.arguments.get(*k)?.as_array()).flatten().filter_map(|c| c.as_str());
    let alone = test.arguments.get("column_name").and_then(|c| c.as_str());
    lists.chain(alone).collect()
}

fn unique_key(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let there = names(query.resolved);
    if query.resolved.open
        || there.is_empty()
        || there.contains("")
        || !query.is("incremental") && query.node.kind != Kind::Snapshot
    {
        return;
    }
    for key in &query.node.config.unique_key {
        let name = plain(key);
        let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !word || there.contains(name.as_str()) {
            continue;
        }
        let near = crate::vocabulary::nearest(&name, there.iter().copied());
        let finding =
            Diagnostic::error("unique-key-gone", format!("`unique_key` is `{key}`, and the model has no such column"))
                .why("the first run works, and every later one fails where it merges");
        let finding = match near.first() {
            Some(near) => finding.next(format!("did you mean `{near}`?")),
            None => finding.next("select the column, or change the key"),
        };
        let text = &query.node.text;
        let at = text.find("unique_key").unwrap_or(0);
        out.push(finding.at(Text::new(&query.node.path, "", text).place(at, "unique_key".len())));
    }
}

fn duplicate_column(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if query.node.kind != Kind::Model {
        return;
    }
    let view = query.full();
    let mut met = BTreeSet::new();
    for column in &query.resolved.columns {
        if column.name.is_empty() || met.insert(column.name.as_str()) {
            continue;
        }
        let finding = Diagnostic::error("duplicate-column", format!("there are two columns `{}`", column.name))
            .why("no table or view can have two columns of one name")
            .next("leave one out, or give it another name");
        let Some(select) = view.outline.levels[0].sides.first().map(|s| view.outline.selects[*s].select) else {
            continue;
        };
        // The second place that names it, or the select where a `*` brings it.
        let mut places = select.projection.iter().filter_map(|item| match item {
            sqlparser::ast::SelectItem::ExprWithAlias { alias, .. }
                if alias.value.eq_ignore_ascii_case(&column.name) =>
            {
                Some(alias.span)
            }
            sqlparser::ast::SelectItem::UnnamedExpr(e) => {
                super::expressions::column(e).filter(|c| c.value.eq_ignore_ascii_case(&column.name)).map(|c| c.span)
            }
            _ => None,
        });
        let place = places.next_back().unwrap_or(select.select_token.0.span);
        out.push(view.at(place, finding));
    }
}

/// A model whose description says what a row is, and whose tests only say that more columns together are different.
fn other_grain(analysis: &Analysis, node: &Node, resolved: &Resolved<crate::dbt::NodeId>) -> Option<Diagnostic> {
    let described = node.described.as_ref()?;
    let grain = stated_grain(&described.description, &names(resolved))?;
    let alone = described.columns.iter().any(|c| c.tests.iter().any(|t| t.name.contains("unique")));
    let tested: Vec<BTreeSet<String>> = described
        .tests
        .iter()
        .filter_map(|t| t.arguments.get("combination_of_columns")?.as_array())
        .map(|list| list.iter().filter_map(|c| c.as_str()).map(plain).collect())
        .collect();
    let several = tested.iter().find(|t| grain.is_subset(t) && grain.len() < t.len())?;
    if alone || tested.iter().any(|t| t.is_subset(&grain)) {
        return None;
    }
    let join = |c: &BTreeSet<String>| c.iter().cloned().collect::<Vec<_>>().join(", ");
    let what = format!("the description says one row for each ({}), and no test does", join(&grain));
    let finding = Diagnostic::warning("grain-untested", what)
        .why(format!("what is tested is ({}), of which there can be several", join(several)))
        .next(format!("test ({}), or say in the description what a row is", join(&grain)));
    Some(finding.at(place(analysis, &described.file, described.at, node.name.chars().count())))
}

/// The columns that "one row per machine and day" names, where each is one of the model.
pub(super) fn stated_grain(description: &str, columns: &BTreeSet<&str>) -> Option<BTreeSet<String>> {
    let lower = description.to_lowercase();
    let said = ["one row per ", "one row for each ", "one record per ", "one line per ", "grain: "]
        .iter()
        .find_map(|start| lower.split_once(start))?
        .1;
    let said = said.split(['.', ';', '(', '\n', ':']).next()?;
    // What its columns hold beside it says nothing of the row.
    let said = said.split(", with ").next()?;
    let parts = said.split(" and ").flat_map(|p| p.split(',')).flat_map(|p| p.split(" per "));
    let parts =
        parts.map(|p| p.trim().trim_start_matches("each ").trim_start_matches("and ")).filter(|p| !p.is_empty());
    let column = |part: &str| {
        // "order with a refund" is an order still.
        let part = [" with ", " that ", " which ", " who "]
            .iter()
            .filter_map(|w| part.split(w).next())
            .min_by_key(|p| p.len());
        let wanted = words(part.unwrap_or_default());
        let named = |name: &str| {
            let mut own = words(name);
            if own.len() > 1
                && own.last().is_some_and(|w| ["id", "key", "date", "code", "no", "number", "nr"].contains(&w.as_str()))
            {
                own.pop();
            }
            own == wanted
        };
        // A day is whatever column is a day, where only one is.
        let timed = |name: &str| match wanted.as_slice() {
            [one] if one == "day" || one == "date" => words(name).iter().any(|w| w == "day" || w == "date"),
            [one] if ["week", "month", "quarter", "year", "hour"].contains(&one.as_str()) => words(name).contains(one),
            _ => false,
        };
        let only = |is: &dyn Fn(&str) -> bool| {
            let mut found = columns.iter().filter(|c| is(c));
            match (found.next(), found.next()) {
                (Some(one), None) => Some((*one).to_owned()),
                _ => None,
            }
        };
        let by_name = |name: &str| words(name) == wanted || named(name);
        match columns.iter().any(|c| by_name(c)) {
            true => only(&by_name),
            false => only(&timed),
        }
    };
    parts.map(column).collect::<Option<BTreeSet<String>>>().filter(|g| !g.is_empty())
}

fn grain(analysis: &Analysis, out: &mut Vec<Diagnostic>) {
    let unique = |t: &Test| {
        t.name == "unique"
            || t.name.contains("unique_combination")
            || t.name.contains("compound_columns_to_be_unique")
            || t.name.contains("primary_key")
            || t.name.contains("unique_")
    };
    let tested = |node: &Arc<Node>| {
        node.described
            .as_ref()
            .is_some_and(|d| d.tests.iter().any(unique) || d.columns.iter().any(|c| c.tests.iter().any(unique)))
    };
    // A project without a single such test has its reasons, or has to begin elsewhere.
    if !analysis.project.nodes.iter().any(tested) {
        return;
    }
    // `… group by id having count(*) > 1` in a test of its own says it too.
    let counted: BTreeSet<usize> = analysis
        .project
        .nodes
        .iter()
        .filter(|n| n.kind == Kind::Test)
        .filter(|n| {
            let lower = n.text.to_ascii_lowercase();
            lower.contains("having") && lower.contains("count(")
        })
        .flat_map(|n| n.reads.iter().map(|r| r.node as usize))
        .collect();
    // Of each folder its models with YAML, and those of them with such a test.
    let folder = |node: &Node| node.path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let mut folders: BTreeMap<Option<String>, (usize, usize)> = BTreeMap::new();
    let models = analysis.project.nodes.iter().enumerate().filter(|(_, n)| n.kind == Kind::Model);
    for (id, node) in models.filter(|(_, n)| n.described.is_some()) {
        let (all, with) = folders.entry(folder(node)).or_default();
        *all += 1;
        *with += usize::from(tested(node) || counted.contains(&id));
    }
    for (id, (node, shape)) in analysis.project.nodes.iter().zip(&analysis.shapes).enumerate() {
        let Some(resolved) = shape.known() else { continue };
        if counted.contains(&id) || node.package != analysis.project.name {
            continue;
        }
        if node.kind != Kind::Model || !waste::is_mart(node) {
            continue;
        }
        if tested(node) {
            out.extend(other_grain(analysis, node, resolved));
            continue;
        }
        let described = node.described.as_ref().filter(|d| !d.columns.is_empty());
        // Without an entry it is told where those beside it have one, with a test.
        let beside = || {
            let (all, with) = folders.get(&folder(node)).copied().unwrap_or_default();
            // Itself is none of them, and has no test.
            let all = all - usize::from(node.described.is_some());
            with * 2 > all
        };
        if described.is_none() && !beside() {
            continue;
        }
        let constrained = node.config.other.contains_key("constraints") || described.is_some_and(|d| d.constrained);
        let keyless = node.described.as_ref().map(|d| super::promised::plain(&d.description)).unwrap_or_default();
        if super::promised::has(&keyless, &["no key", "no primary key", "no unique key", "without a key", "have no id"])
        {
            continue;
        }
        // One row at all has nothing to be told apart.
        if constrained || resolved.keys.iter().any(BTreeSet::is_empty) {
            continue;
        }
        let key = resolved.keys.iter().min_by_key(|k| k.len()).map(|k| k.iter().cloned().collect::<Vec<_>>());
        let next = match key.as_deref() {
            Some([one]) => format!("add `unique` to `{one}`"),
            Some(several) => format!("add `dbt_utils.unique_combination_of_columns` over {}", several.join(", ")),
            None => "add `unique` to its key, or `dbt_utils.unique_combination_of_columns`".to_owned(),
        };
        let finding = Diagnostic::warning("grain-untested", format!("no test says what a row of `{}` is", node.name))
            .why("a join that repeats its rows would not be noticed")
            .next(next);
        let there = match described {
            Some(described) => place(analysis, &described.file, described.at, node.name.chars().count()),
            None => Text::new(&node.path, "", &node.text).place(0, 1),
        };
        out.push(finding.at(there));
    }
}
