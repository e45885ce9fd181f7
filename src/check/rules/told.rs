//! What a query shows of its columns beside their types, for the rules that look at its readers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlparser::ast::Expr;

use super::absent::Cause;
use super::expressions::column;
use super::look::View;
use super::outline::Step;
use super::rates::{self, Rate};
use super::{Query, conversions, sums};
use crate::check::said::measures::{self, Measure};
use crate::check::said::{self, clocks};
use crate::dbt::{Node, NodeId};
use crate::sql::OutputColumn;
use crate::vocabulary::DataType;

/// What is known of a node's columns, by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Those that are null for some rows, and why.
    pub absent: BTreeMap<String, Absence>,
    /// The zone whose clock a column without a zone shows.
    pub clocks: BTreeMap<String, String>,
    /// Those that are averages or quotients of groups.
    pub averages: BTreeSet<String>,
    /// Those that are quantiles of groups.
    pub quantiles: BTreeSet<String>,
    /// Those that count whom there are in each group of a time, and what the groups are by.
    pub distinct: BTreeMap<String, Vec<String>>,
    /// Those that count the different values of something in each group, and what the groups are by.
    pub different: BTreeMap<String, Vec<String>>,
    /// Those that are quotients.
    pub rates: BTreeMap<String, Rate>,
    /// Those that are totals of groups.
    pub totals: BTreeSet<String>,
    /// What is said of the numbers in a column.
    pub measures: BTreeMap<String, Measure>,
    /// The values that tests accept in a column.
    pub accepted: BTreeMap<String, Arc<[String]>>,
}

/// Why a column is null for some rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Absence {
    /// A join of the query finds nothing for them.
    Unmatched,
    /// An expression of the query makes it so.
    Made,
    /// A description says so.
    Said(Arc<str>),
}

impl Told {
    /// What descriptions say of a node's columns.
    pub fn said(node: &Node, columns: &[OutputColumn<NodeId>]) -> Told {
        let mut told = Told::default();
        for described in node.described.iter().flat_map(|d| &d.columns).filter(|d| !d.description.is_empty()) {
            let name = described.name.to_lowercase();
            let column = columns.iter().find(|c| c.name == name);
            let is_absent = said::null(described) == Some(true) || said::empty(described) && has_filled_text(node);
            if is_absent && column.is_none_or(|c| c.nullable != Some(false)) {
                told.absent.insert(name.clone(), Absence::Said(described.description.trim().into()));
            }
            let is_day = column.is_some_and(|c| c.column_type.exact() == Some(DataType::Date));
            let clock = clocks::clock(described).or_else(|| clocks::day(&described.description).filter(|_| is_day));
            if let Some(clock) = clock.filter(|clock| column.is_none_or(|c| may_show(c, clock))) {
                told.clocks.insert(name.clone(), clock);
            }
            if let Some(measure) = measures::measure(described) {
                told.measures.insert(name, measure);
            }
        }
        for described in node.described.iter().flat_map(|d| &d.columns) {
            if let Some(values) = said::accepted(described) {
                told.accepted.insert(described.name.to_lowercase(), values.into());
            }
        }
        told.comments(node, columns);
        told.clocks_of_all(node, columns);
        told
    }

    /// What comments beside columns say of null: `discount -- null when none was given`, `-- gross_kg is null until weighed`.
    fn comments(&mut self, node: &Node, columns: &[OutputColumn<NodeId>]) {
        for (code, comment) in node.text.lines().filter_map(|line| line.split_once("--")) {
            if !comment.to_ascii_lowercase().contains("null") {
                continue;
            }
            let last = |text: &'_ str| -> String {
                let text = text.trim().trim_end_matches(',');
                text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_lowercase()
            };
            let (name, said) = match code.trim().trim_matches(',').is_empty() {
                true => comment
                    .trim()
                    .split_once(' ')
                    .map(|(name, said)| (name.trim_matches('`').to_lowercase(), said))
                    .unwrap_or_default(),
                false => (last(code), comment),
            };
            let Some(column) = columns.iter().find(|c| c.name == name && c.nullable != Some(false)) else { continue };
            let described = crate::dbt::DescribedColumn {
                name: column.name.clone(),
                description: said.trim().to_owned(),
                ..crate::dbt::DescribedColumn::default()
            };
            if said::null(&described) == Some(true) {
                self.absent.entry(name).or_insert_with(|| Absence::Said(said.trim().into()));
            }
        }
    }

    /// What is said of the clock of all moments of a table, or of its source.
    fn clocks_of_all(&mut self, node: &Node, columns: &[OutputColumn<NodeId>]) {
        let texts = node.described.iter().flat_map(|d| [&d.description, &d.of_source]);
        let Some(clock) = texts.filter(|t| !t.is_empty()).find_map(|t| clocks::of_all(t)) else { return };
        let plain = columns.iter().filter(|c| c.column_type.exact() == Some(DataType::Timestamp));
        for column in plain.filter(|c| !["local", "tz", "zone"].iter().any(|w| c.name.contains(w))) {
            self.clocks.entry(column.name.clone()).or_insert_with(|| clock.clone());
        }
    }

    /// What a query shows.
    pub fn of(query: &Query<'_>) -> Told {
        let view = query.full();
        let mut told = Told::said(query.node, &query.resolved.columns);
        let tested = query.told.values().any(|t| !t.accepted.is_empty());
        let measured = query.told.values().any(|t| !t.measures.is_empty());
        for column in &query.resolved.columns {
            let Some(step) = view.outline.given(0, &column.name) else { continue };
            if column.nullable != Some(false)
                && let Some(cause) = view.absent_step(step, &column.name)
            {
                let why = match cause {
                    Cause::Made(_) => Absence::Made,
                    Cause::Unmatched(..) => Absence::Unmatched,
                    Cause::Given(id, name) => view.absence(id, name).cloned().unwrap_or(Absence::Made),
                };
                told.absent.insert(column.name.clone(), why);
            }
            if measured
                && let Some(measure) = given_as(&view, step, &column.name, |t, name| t.measures.get(name).copied())
            {
                told.measures.entry(column.name.clone()).or_insert(measure);
            }
            if tested && !told.accepted.contains_key(&column.name) {
                let values = given_as(&view, step, &column.name, |t, name| t.accepted.get(name).cloned());
                told.accepted.extend(values.map(|v| (column.name.clone(), v)));
            }
            if is_total(&view, step, &column.name) {
                told.totals.insert(column.name.clone());
            }
            if let Some((expr, at)) = made(&view, step, &column.name) {
                told.rates.extend(rates::rate(&view, expr, at).map(|r| (column.name.clone(), r)));
                told.different.extend(sums::different(&view, expr, at).map(|g| (column.name.clone(), g)));
                if sums::is_average(&view, expr, at) {
                    told.averages.insert(column.name.clone());
                } else if sums::is_quantile(&view, expr, at) {
                    told.quantiles.insert(column.name.clone());
                } else if let Some(groups) = sums::people_by_time(&view, expr, at) {
                    told.distinct.insert(column.name.clone(), groups);
                }
            }
            let moment = column.column_type.exact().is_none_or(|t| matches!(t, DataType::Timestamp | DataType::Date));
            if let Some(clock) = clock(&view, step, &column.name).filter(|_| moment) {
                told.clocks.insert(column.name.clone(), clock);
            }
        }
        told
    }
}

/// Whether other texts of a node are tested for nulls: then one that is not, and is described as empty, is null.
fn has_filled_text(node: &Node) -> bool {
    let is_text = |t: &String| ["char", "text", "string"].iter().any(|w| t.to_ascii_lowercase().contains(w));
    let mut columns = node.described.iter().flat_map(|d| &d.columns);
    columns.any(|c| said::is_filled(c) && c.data_type.as_ref().is_some_and(is_text))
}

/// What the node that a column comes from as it is says of it, under its name there.
fn given_as<'a, T>(
    view: &View<'_, 'a>,
    mut step: Step<'a>,
    name: &str,
    ask: impl Fn(&Told, &str) -> Option<T>,
) -> Option<T> {
    let mut name = name.to_ascii_lowercase();
    for _ in 0..16 {
        step = match step {
            Step::Node(id) => return ask(view.query.told.get(&id)?, &name),
            Step::Same(select, relation) => view.outline.step(select, relation, &name)?,
            Step::Expr(expr, select) => {
                name = column(expr)?.value.to_ascii_lowercase();
                view.outline.step(select, view.relation(select, expr)?, &name)?
            }
        };
    }
    None
}

impl View<'_, '_> {
    /// The values that tests accept in a column where it comes from.
    pub(super) fn accepted(&self, select: usize, expr: &Expr) -> Option<Arc<[String]>> {
        let name = &column(expr)?.value;
        let step = self.outline.step(select, self.relation(select, expr)?, name)?;
        given_as(self, step, name, |t, name| t.accepted.get(name).cloned())
    }

    /// What is said of the numbers in a column where it comes from.
    pub(super) fn measure(&self, select: usize, expr: &Expr) -> Option<Measure> {
        let name = &column(expr)?.value;
        let step = self.outline.step(select, self.relation(select, expr)?, name)?;
        given_as(self, step, name, |t, name| t.measures.get(name).copied())
    }
}

/// The expression behind a column, through what passes it on.
fn made<'a>(view: &View<'_, 'a>, mut step: Step<'a>, name: &str) -> Option<(&'a Expr, usize)> {
    let mut name = name.to_owned();
    for _ in 0..16 {
        step = match step {
            Step::Expr(expr, select) => {
                let Some(ident) = column(expr) else { return Some((expr, select)) };
                name.clone_from(&ident.value);
                view.outline.step(select, view.outline.relation(select, expr)?, &name)?
            }
            Step::Same(select, relation) => view.outline.step(select, relation, &name)?,
            Step::Node(_) => return None,
        };
    }
    None
}

/// Whether a column is a total of groups, here or where it comes from.
fn is_total<'a>(view: &View<'_, 'a>, mut step: Step<'a>, name: &str) -> bool {
    let mut name = name.to_ascii_lowercase();
    for _ in 0..16 {
        let next = match step {
            Step::Node(id) => return view.query.told.get(&id).is_some_and(|t| t.totals.contains(&name)),
            Step::Same(select, relation) => view.outline.step(select, relation, &name),
            Step::Expr(expr, select) => {
                let expr = sums::rounded(expr);
                let Some(ident) = column(expr) else {
                    let total = super::expressions::call(expr, &["sum", "count"]).is_some_and(|f| f.over.is_none());
                    return total && super::expressions::is_grouped(view.outline.selects[select].select);
                };
                name = ident.value.to_ascii_lowercase();
                view.relation(select, expr).and_then(|r| view.outline.step(select, r, &name))
            }
        };
        let Some(next) = next else { return false };
        step = next;
    }
    false
}

/// Whether a column may show a clock: a moment without a zone of its own, or a day. Where its type is not known only UTC is sure.
fn may_show(column: &OutputColumn<NodeId>, clock: &str) -> bool {
    match column.column_type.exact() {
        Some(known) => matches!(known, DataType::Timestamp | DataType::Date),
        None => clock == "utc",
    }
}

fn clock(view: &View<'_, '_>, step: Step<'_>, name: &str) -> Option<String> {
    match step {
        Step::Expr(expr, at) => conversions::wall(view, at, expr, 0),
        Step::Same(select, relation) => conversions::wall_of(view, select, relation, name),
        Step::Node(_) => None,
    }
}
