//! The grain that tests and descriptions say, and the one that the query makes.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, SelectItem};
use sqlparser::tokenizer::Span;

use super::described::stated_grain;
use super::expressions::{any, column, is_grouped, lower, words};
use super::key_parts::{hashed, hashed_group, numbered, of_none, of_times, passed, picked, ranked, rejoined};
use super::look::{View, span};
use super::outline::{Clause, Origin, Target};
use super::{Family, Look, Query, Rule};
use crate::dbt::{Described, Kind, Node, NodeId, Test};
use crate::sql::FanOut;
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "grain-differs",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "rows told apart by more columns than what is said to be their key",
    look: Look::Query(differs),
}];

/// A key of a model as it is said, and who says it.
pub(super) struct Said {
    pub(super) columns: BTreeSet<String>,
    pub(super) by: &'static str,
}

fn differs(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if query.node.kind != Kind::Model || query.resolved.open {
        return;
    }
    let view = query.full();
    let names: BTreeSet<&str> = query.resolved.columns.iter().map(|c| c.name.as_str()).collect();
    if let Some(finding) = super::totals::rolled_up(&view) {
        out.push(finding);
        return;
    }
    let all = said(query.node, &names);
    if let Some(finding) = numbered(&view, &all).or_else(|| of_none(&view, &all)) {
        out.push(finding);
        return;
    }
    for said in all {
        if let Some(finding) = picked(&view, &said).or_else(|| ranked(&view, &said)).or_else(|| rejoined(&view, &said))
        {
            out.push(finding);
            return;
        }
        // What the query shows is that key, or one that is in it.
        if !said.columns.iter().all(|c| names.contains(c.as_str()))
            || query.resolved.keys.iter().any(|k| k.is_subset(&said.columns))
        {
            continue;
        }
        let found = grouped(&view, &said)
            .or_else(|| joined(&view, &said))
            .or_else(|| hashed(&view, &said).or_else(|| hashed_group(&view, &said)).or_else(|| of_times(&view, &said)))
            .or_else(|| passed(&view, &said));
        if let Some(finding) = found {
            out.push(finding);
            return;
        }
    }
}

/// Who says a key: what an incremental model is merged by.
pub(super) const MERGED: &str = "it is merged as if there were";

/// The keys of a model by its tests, what it is merged by, and its description.
fn said(node: &Node, names: &BTreeSet<&str>) -> Vec<Said> {
    let mut out = Vec::new();
    let whole = |t: &&Test| !t.arguments.contains_key("where") && !t.arguments.contains_key("config");
    if let Some(described) = &node.described {
        let unique = described.columns.iter().filter(|c| c.tests.iter().filter(whole).any(|t| t.name == "unique"));
        out.extend(unique.map(|c| Said { columns: [c.name.to_lowercase()].into(), by: "a test says" }));
        let combined = described.tests.iter().filter(whole).filter_map(combination);
        out.extend(combined.map(|columns| Said { columns, by: "a test says" }));
    }
    let primary = node.described.iter().flat_map(|d| &d.columns).filter(|c| is_primary(&c.description));
    let primary = primary.map(|c| c.name.to_lowercase()).filter(|c| !out.iter().any(|s: &Said| s.columns.contains(c)));
    let primary: Vec<String> = primary.collect();
    if let [one] = primary.as_slice() {
        out.push(Said { columns: [one.clone()].into(), by: "the description says" });
    }
    let merged: BTreeSet<String> = node.config.unique_key.iter().map(|c| c.to_lowercase()).collect();
    if !merged.is_empty() && node.config.materialized.as_deref() == Some("incremental") {
        out.push(Said { columns: merged, by: MERGED });
    }
    let description = stated_grain(&super::promised::description(node), names);
    // Where a test has more columns than the description, that is for another check.
    let description = description.filter(|d| !out.iter().any(|said: &Said| d.is_subset(&said.columns)));
    out.extend(description.map(|columns| Said { columns, by: "the description says" }));
    out
}

/// Whether a column is described as the key and nothing more.
fn is_primary(description: &str) -> bool {
    let said = super::promised::plain(description);
    let said = said.trim().trim_start_matches("the ").trim_start_matches("unique ");
    matches!(
        said,
        "primary key"
            | "pk"
            | "surrogate key"
            | "primary key of the table"
            | "primary key of this model"
            | "primary key of this table"
    )
}

pub(super) fn combination(test: &Test) -> Option<BTreeSet<String>> {
    let columns = test
        .name
        .ends_with("unique_combination_of_columns")
        .then_some(())
        .and_then(|()| test.arguments.get("combination_of_columns")?.as_array())?;
    let columns = columns.iter().map(|c| Some(c.as_str()?.to_lowercase())).collect::<Option<BTreeSet<String>>>()?;
    (!columns.is_empty()).then_some(columns)
}

pub(super) fn list(columns: &BTreeSet<String>) -> String {
    columns.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

pub(super) fn finding(view: &View<'_, '_>, said: &Said, at: Span, what: String, next: String) -> Diagnostic {
    let why = format!("{} one row for each ({})", said.by, list(&said.columns));
    view.at(at, Diagnostic::warning("grain-differs", what).why(why).next(next))
}

/// The select that makes the rows: CTEs that are passed on whole are looked into.
pub(super) fn last(view: &View<'_, '_>) -> Option<usize> {
    let mut select = view.outline.levels.first()?.select?;
    for _ in 0..8 {
        let part = &view.outline.selects[select];
        let ([reads], true) = (part.relations.as_slice(), super::sets::is_whole(part.select)) else { break };
        let Target::Level(level) = reads.target else { break };
        if part.select.selection.is_some() || part.select.qualify.is_some() || part.select.distinct.is_some() {
            return None;
        }
        select = view.outline.levels[level].select?;
    }
    Some(select)
}

/// What a select gives under a name.
pub(super) fn item<'a>(view: &View<'_, 'a>, select: usize, name: &str) -> Option<&'a Expr> {
    view.outline.selects[select].select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if lower(alias) == name => Some(expr),
        SelectItem::UnnamedExpr(e) if column(e).is_some_and(|c| lower(c) == name) => Some(e),
        _ => None,
    })
}

/// A query that groups by more than the key, where what is more is not decided by it.
fn grouped(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    let distinct = matches!(part.select.distinct, Some(sqlparser::ast::Distinct::Distinct));
    if !(is_grouped(part.select) || distinct) || part.select.qualify.is_some() {
        return None;
    }
    let made = view.query.resolved.keys.iter().find(|k| said.columns.is_subset(k) && said.columns.len() < k.len())?;
    // Several more are most often what comes with one of the key.
    let mut more = made.difference(&said.columns).filter(|name| !is_of_key(view, select, said, name));
    let free = more.next().filter(|name| is_free(view, select, said, name))?;
    if more.next().is_some() {
        return None;
    }
    let at = part.select.projection.iter().find_map(|i| match i {
        SelectItem::ExprWithAlias { alias, expr } if lower(alias) == *free => Some(span(expr)),
        SelectItem::UnnamedExpr(e) if column(e).is_some_and(|c| lower(c) == *free) => Some(span(e)),
        _ => None,
    })?;
    let (done, out_of) = if distinct { ("told apart", "the list") } else { ("grouped", "`group by`") };
    let what = format!("the rows are {done} by `{free}` too");
    let next = format!("take `{free}` out of {out_of}, or say that there is a row for each ({})", list(made));
    Some(finding(view, said, at, what, next))
}

/// Whether a column is worked out over all rows of a key, and so the same in each of them.
fn is_of_key(view: &View<'_, '_>, select: usize, said: &Said, name: &str) -> bool {
    let part = |e: &Expr| column(e).is_some_and(|c| said.columns.contains(&lower(c)));
    matches!(item(view, select, name), Some(Expr::Function(f)) if super::expressions::window(f).is_some_and(|w| {
        w.order_by.is_empty() && !w.partition_by.is_empty() && w.partition_by.iter().all(part)
    }))
}

/// Whether a column that is grouped by is of the rows that are added up, and decided by nothing in the key as far as
/// the project knows the things that the key is of.
pub(super) fn is_free(view: &View<'_, '_>, select: usize, said: &Said, name: &str) -> bool {
    let Some(expr) = item(view, select, name) else { return false };
    if super::key_parts::is_period_of_event(view, select, said, expr) {
        return true;
    }
    let Some(Origin::Node(node, own)) = view.outline.origin(select, expr) else { return false };
    let own = own.to_ascii_lowercase();
    if is_in_key(view, select, said, node, &own) {
        return true;
    }
    let subject = words(name);
    // Codes are names of things as ids are.
    let subject = if subject.len() > 1 { subject.into_iter().filter(|w| w != "code").collect() } else { subject };
    let alike = |w: &String| said.columns.iter().any(|k| words(k).contains(w));
    let of_many = is_of_many_side(view, select, said, expr);
    let owner = |w: &str| ["org", "organization", "account", "tenant", "company", "parent", "group"].contains(&w);
    let attribute = subject
        .iter()
        .any(|w| ATTRIBUTES.contains(&w.as_str()) && (!of_many || owner(w)) || TIMES.contains(&w.as_str()));
    let seen = view.seen(expr).is_some_and(|c| c.unique == Some(false));
    if attribute || !seen || subject.iter().any(|w| !is_suffix(w) && alike(w)) || is_asked(view, name) {
        return false;
    }
    let timed = said.columns.iter().any(|k| words(k).iter().any(|w| TIMES.contains(&w.as_str())));
    // An entity of its own, as those in the key are.
    let entity = is_id(&own) && !view.query.keyed.by(&own).is_empty();
    said.columns.iter().all(|k| {
        let Some(part) = item(view, select, k) else { return false };
        let origin = match view.outline.origin(select, part) {
            Some(Origin::Node(_, of)) => of.to_ascii_lowercase(),
            _ => return words(k).iter().any(|w| TIMES.contains(&w.as_str())),
        };
        let of = view.query.keyed.by(&origin);
        if of.iter().any(|id| *id == node || has(view, *id, &own)) {
            return false;
        }
        words(&origin).iter().any(|w| TIMES.contains(&w.as_str()))
            || of.iter().any(|id| is_list(view, *id))
            || timed && entity && is_id(&origin)
    })
}

/// Whether a test says that a column is needed to tell the rows of its table apart, beside those by which a key is told:
/// its own, and what a join looks up by them.
fn is_in_key(view: &View<'_, '_>, select: usize, said: &Said, node: NodeId, own: &str) -> bool {
    let keys = view.query.known.get(&node).map(|r| r.keys.as_slice()).unwrap_or_default();
    let part = &view.outline.selects[select];
    let looked_up = |at: usize, key: &BTreeSet<String>| {
        view.outline.pieces[part.pieces.clone()].iter().filter(|p| p.clause == Clause::On).any(|p| match p.expr {
            Expr::BinaryOp { left, op: sqlparser::ast::BinaryOperator::Eq, right } => {
                let sides = [(left, right), (right, left)];
                sides.into_iter().any(|(a, b)| {
                    view.relation(select, a) == Some(at)
                        && view.seen(a).is_some_and(|c| c.unique == Some(true))
                        && matches!(view.outline.origin(select, b), Some(Origin::Node(of, name)) if of == node && key.contains(&name.to_ascii_lowercase()))
                })
            }
            _ => false,
        })
    };
    let told = |key: &BTreeSet<String>, name: &String| {
        let Some(expr) = item(view, select, name) else { return false };
        match view.outline.origin(select, expr) {
            Some(Origin::Node(of, name)) if of == node => key.contains(&name.to_ascii_lowercase()),
            Some(Origin::Node(..)) => view.relation(select, expr).is_some_and(|at| looked_up(at, key)),
            _ => false,
        }
    };
    let fits =
        |key: &&BTreeSet<String>| key.contains(own) && key.len() > 1 && said.columns.iter().all(|c| told(key, c));
    let is_whole = |key: &BTreeSet<String>| !keys.iter().any(|k| k.is_subset(key) && k.len() < key.len());
    keys.iter().filter(fits).any(|key| is_whole(key) && is_tested(view, node, key, 0))
}

/// Whether a column is of what a join has several rows of for each of the key, and not of the key's own table.
fn is_of_many_side(view: &View<'_, '_>, select: usize, said: &Said, expr: &Expr) -> bool {
    let part = &view.outline.selects[select];
    let Some(at) = view.relation(select, expr) else { return false };
    let unique = |e: &Expr, is: bool| view.seen(e).is_some_and(|c| c.unique == Some(is));
    let key = said.columns.first().filter(|_| said.columns.len() == 1).and_then(|k| item(view, select, k));
    let Some(key) = key.filter(|k| unique(k, true) && view.relation(select, k).is_some_and(|r| r != at)) else {
        return false;
    };
    view.outline.pieces[part.pieces.clone()].iter().filter(|p| p.clause == Clause::On).any(|p| match p.expr {
        Expr::BinaryOp { left, op: sqlparser::ast::BinaryOperator::Eq, right } => {
            [(left, right), (right, left)].into_iter().any(|(a, b)| {
                super::expressions::same_column(a, key) && view.relation(select, b) == Some(at) && unique(b, false)
            })
        }
        _ => false,
    })
}

/// Whether a node has a column, as far as YAML says.
fn has(view: &View<'_, '_>, id: NodeId, column: &str) -> bool {
    columns(view, id).iter().any(|c| c == column)
}

/// Whether a node is the list of what is told apart by its key, and not made of others: then its columns are what the
/// key decides.
fn is_list(view: &View<'_, '_>, id: NodeId) -> bool {
    let of_source =
        |n: &Node| matches!(n.reads.as_slice(), [read] if view.node(read.node).is_some_and(|n| n.kind == Kind::Source));
    let is_list = view.node(id).is_some_and(|n| matches!(n.kind, Kind::Source | Kind::Seed) || of_source(n));
    is_list && columns(view, id).len() > 1
}

/// The columns of a node that YAML or its declaration names.
fn columns(view: &View<'_, '_>, id: NodeId) -> Vec<String> {
    let Some(node) = view.node(id) else { return Vec::new() };
    let described = node.described.iter().flat_map(|d| &d.columns).map(|c| c.name.to_lowercase());
    let known = view.query.known.get(&id).into_iter().flat_map(|r| r.columns.iter().map(|c| c.0.clone()));
    described.chain(known).collect()
}

pub(super) fn is_id(name: &str) -> bool {
    name.ends_with("_id") || name.ends_with("_key")
}

fn is_suffix(word: &str) -> bool {
    ["id", "key", "sk", "utc", "local", "no", "number"].contains(&word)
}

/// What most often belongs to something else that is in the key.
const ATTRIBUTES: &[&str] = &[
    "name",
    "title",
    "label",
    "email",
    "phone",
    "currency",
    "country",
    "region",
    "city",
    "timezone",
    "tz",
    "zone",
    "unit",
    "description",
    "segment",
    "parent",
    "group",
    "org",
    "organization",
    "account",
    "tenant",
    "company",
    "code",
    "type",
    "category",
    "is",
    "district",
    "province",
    "county",
    "site",
    "address",
];

const TIMES: &[&str] =
    &["date", "day", "week", "month", "quarter", "year", "hour", "season", "period", "at", "ts", "timestamp", "fiscal"];

/// Whether a condition of the query holds a column, so that only some of its values are there.
pub(super) fn is_asked(view: &View<'_, '_>, name: &str) -> bool {
    let there = |at: usize| matches!(view.outline.around(at).next(), Some(Expr::IsNotNull(_)));
    view.outline.pieces.iter().enumerate().any(|(at, p)| {
        matches!(p.clause, Clause::Where | Clause::Having | Clause::Qualify)
            && column(p.expr).is_some_and(|c| c.value.eq_ignore_ascii_case(name) && !there(at))
    })
}

/// A join that has several rows for each of the key.
fn joined(view: &View<'_, '_>, said: &Said) -> Option<Diagnostic> {
    let select = last(view)?;
    let part = &view.outline.selects[select];
    if is_grouped(part.select) || part.select.qualify.is_some() || part.select.distinct.is_some() {
        return None;
    }
    let of = |name: &String| view.query.resolved.columns.iter().find(|c| c.name == *name)?.repeated.as_ref();
    let repeats: Vec<&FanOut> = said.columns.iter().map(of).collect::<Option<_>>()?;
    let first = repeats.first().filter(|f| !f.looked_up && !f.elsewhere && !f.on.is_empty())?;
    let at = part.relations.iter().position(|r| r.alias == first.joined)?;
    // A key of what is joined that has the columns of the join and more: there are several for each. So there are of a
    // table that meets itself by something else than its key.
    let wider = |k: &&BTreeSet<String>| first.on.is_subset(k) && first.on.len() < k.len();
    let itself = part.relations.iter().filter(|r| r.target == part.relations[at].target).count() > 1;
    let told = || first.of_one && is_of_many(view, part.relations[at].target, &first.on);
    let alone = |k: &&BTreeSet<String>| k.len() == 1 && (itself || told());
    let several = first.keys.iter().find(wider).or_else(|| first.keys.iter().find(alone))?;
    if first.keys.iter().any(|k| k.is_subset(&first.on)) {
        return None;
    }
    // What is looked up by something else than a key may have one row for each all the same, but where a test says that
    // more tells its rows apart, and nothing else does.
    let has_more = || {
        first.keys.iter().all(|k| wider(&k))
            && base(view, part.relations[at].target).is_some_and(|(id, _)| is_tested(view, id, several, 0))
    };
    if !first.of_one && !itself && !has_more() {
        return None;
    }
    // What stands after a comma is joined by `where`.
    let ties = |c: &Expr| match c {
        Expr::BinaryOp { left, op: sqlparser::ast::BinaryOperator::Eq, right } => {
            column(left).is_some()
                && column(right).is_some()
                && view.relation(select, left) != view.relation(select, right)
        }
        _ => false,
    };
    let asks = |f: &Expr| any(f, &mut |e| column(e).is_some() && view.relation(select, e).is_none_or(|r| r == at));
    let mut filters = part.select.selection.iter().flat_map(|f| super::expressions::conjuncts(f));
    let filtered = filters.any(|f| !(part.relations[at].comma && ties(f)) && asks(f));
    if filtered {
        return None;
    }
    let what = format!("`{}` has several rows for each ({})", first.joined, list(&first.on));
    let next = format!("join one row of `{}` for each: it is told apart by ({})", first.joined, list(several));
    Some(finding(view, said, part.relations[at].span, what, next))
}

/// Whether a sentence on a table says that there can be several of its rows for what these columns are of.
fn is_of_many(view: &View<'_, '_>, target: Target, on: &BTreeSet<String>) -> bool {
    const MANY: &[&str] = &["several", "many", "multiple", "more than one", "instalments", "installments"];
    const CAN: &[&str] = &[
        "may",
        "can",
        "has",
        "have",
        "several rows",
        "many rows",
        "multiple rows",
        "split over",
        "split into",
        "spread over",
        "several per",
        "many per",
        "multiple per",
        "several for",
        "many for",
        "comes in",
        "come in",
    ];
    let Some((id, _)) = base(view, target) else { return false };
    let says = |text: &str| {
        let text = super::promised::plain(text);
        let of_it = |name: &String| {
            let subject = words(name).into_iter().filter(|w| !is_suffix(w)).collect::<Vec<_>>().join(" ");
            text.contains(&format!(" {subject}")) && !subject.is_empty()
        };
        super::promised::has(&text, MANY) && super::promised::has(&text, CAN) && on.iter().all(of_it)
    };
    super::promised::line(view, id)
        .iter()
        .flat_map(|n| n.described.iter())
        .any(|d| d.description.split(['.', ';', '\n']).any(says))
}

/// What tells the versions of a thing apart.
pub(super) const VERSIONS: &[&str] =
    &["version", "revision", "uuid", "snapshot", "effective", "valid", "updated", "changed", "modified"];

/// The node whose rows a relation has, and whether it has all of them.
pub(super) fn base(view: &View<'_, '_>, mut target: Target) -> Option<(NodeId, bool)> {
    for _ in 0..8 {
        let level = match target {
            Target::Node(id) => return Some((id, true)),
            Target::Level(level) => level,
            Target::Other => return None,
        };
        let part = &view.outline.selects[view.outline.levels[level].select?];
        let [reads] = part.relations.as_slice() else { return None };
        if part.select.qualify.is_some() || part.select.distinct.is_some() || !leaves_many(part.select) {
            return None;
        }
        target = reads.target;
    }
    None
}

/// Whether the filter of a select takes out a few rows, and picks none: `status <> 'draft'`.
pub(super) fn leaves_many(select: &sqlparser::ast::Select) -> bool {
    use sqlparser::ast::BinaryOperator::{Gt, NotEq};
    let harmless = |e: &Expr| match e {
        Expr::IsNotNull(_) | Expr::InList { negated: true, .. } => true,
        Expr::BinaryOp { op: NotEq, right, .. } => super::expressions::is_literal(right),
        Expr::BinaryOp { op: Gt, right, .. } => super::expressions::whole_number(right) == Some(0),
        _ => false,
    };
    select.selection.iter().flat_map(|f| super::expressions::conjuncts(f)).all(harmless)
}

/// Whether a test says so of several columns, in a node or in what it passes on.
pub(super) fn is_tested(view: &View<'_, '_>, id: NodeId, key: &BTreeSet<String>, depth: usize) -> bool {
    let Some(node) = view.node(id) else { return false };
    let tested = |d: &Described| d.tests.iter().filter_map(combination).any(|k| k == *key);
    node.described.as_deref().is_some_and(tested)
        || depth < 6 && matches!(node.reads.as_slice(), [read] if is_tested(view, read.node, key, depth + 1))
}
