//! Checks of whole rows and tables: keys of several columns, rows that belong together, totals, numbers and age of rows.

use indexmap::IndexMap;
use serde_json::json;

use super::Assembly;
use super::tests_in_words::{arguments, bounded, on};
use crate::requirement::check::{Check, Rule};
use crate::requirement::graph::{Edge, Way};
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Formula, Kind, Noun};
use crate::requirement::roles::{self, Choice};
use crate::requirement::{Question, Readings};
use crate::spec::{Model, Test};
use crate::vocabulary::{Name, TableRef};

impl<'a> Assembly<'_, 'a> {
    /// The tests of a check of rows; none where it is one of a column.
    pub(super) fn check_rows(&mut self, check: &Check<'a>, mart: Option<&Model>, words: &str) -> Option<Vec<Test>> {
        if let Rule::Belongs(parent) = &check.rule {
            return Some(self.belongs(check, parent, words));
        }
        let found = match &check.rule {
            Rule::Unique { together: true, per } if check.of.len() + per.len() > 1 || check.of.is_empty() => {
                self.key(check, per, words)
            }
            Rule::Has(child) => self.has(check, child, words),
            Rule::Fresh(hours) if check.of.iter().any(|n| n.hits.columns.is_empty()) => {
                self.fresh(check, *hours, words)
            }
            Rule::Rows(bounds) => self.count_rows(check, mart, &bounded(bounds.iter().copied()), words),
            Rule::RowsNear { percent, down } => self.rows_near(check, *percent, *down, words),
            Rule::SumOf { parts, amount } => self.sum_of(check, parts, amount.as_ref(), words),
            _ => return None,
        };
        Some(found.into_iter().collect())
    }

    /// Columns that are one key.
    fn key(&mut self, check: &Check<'a>, per: &[Noun<'a>], words: &str) -> Option<Test> {
        let nouns: Vec<&Noun<'a>> = check.of.iter().chain(per).collect();
        let column = |table: &'a TableRef, noun: &Noun<'a>| -> Option<Name> {
            if let Some(own) = noun.hits.columns.iter().find(|c| c.table == table) {
                return Some(own.column.name.clone());
            }
            // `unique per order`: the column that points there.
            let way = noun.hits.tables.iter().find_map(|to| match self.scan.graph.way(table, to) {
                Way::By(edges) => edges.first().filter(|e| edges.len() == 1 && e.on.len() == 1).cloned(),
                _ => None,
            })?;
            Some(way.on[0].0.clone())
        };
        let within = check.within.iter().flat_map(|n| n.hits.tables.iter().copied());
        let of = nouns.iter().flat_map(|n| n.hits.columns.iter().map(|c| c.table));
        let mut tables: Vec<&'a TableRef> = if check.within.is_some() { within.collect() } else { of.collect() };
        tables.sort();
        tables.dedup();
        let mut found: Vec<(&'a TableRef, Vec<Name>)> = tables
            .into_iter()
            .filter_map(|t| Some((t, nouns.iter().map(|n| column(t, n)).collect::<Option<Vec<Name>>>()?)))
            .collect();
        if found.len() > 1 {
            let touched: Vec<_> = found.iter().filter(|f| self.touched.contains(&f.0)).cloned().collect();
            if !touched.is_empty() {
                found = touched;
            }
        }
        let [(table, columns)] = &found[..] else {
            let mut candidates: Vec<String> = found.iter().map(|f| self.describe(f.0)).collect();
            if candidates.is_empty() {
                candidates = nouns
                    .iter()
                    .flat_map(|n| &n.hits.columns)
                    .map(|c| format!("{}.{}", c.table.table, c.column.name))
                    .collect();
            }
            self.ask(format!("`{words}`: in which table are these columns together?"), candidates);
            return None;
        };
        self.touch(table);
        let filter = self.only(check, table, words)?;
        if let [column] = &columns[..] {
            return on(&table.staging_model(), Some(column), ("unique", arguments([])), check, filter);
        }
        on(
            &table.staging_model(),
            None,
            ("unique_combination", arguments([("columns", json!(columns))])),
            check,
            filter,
        )
    }

    /// The one key by which rows of some tables point to others.
    fn edge(&mut self, from: &[&'a TableRef], to: &[&'a TableRef], words: &str) -> Option<Edge<'a>> {
        let mut keys: Vec<Edge<'a>> = Vec::new();
        for (from, to) in from.iter().flat_map(|f| to.iter().map(move |t| (*f, *t))) {
            match self.scan.graph.way(from, to) {
                Way::By(edges) => keys.extend(edges.first().filter(|_| edges.len() == 1).cloned()),
                Way::Several(ways) => keys.extend(ways.iter().filter(|w| w.len() == 1).map(|w| w[0].clone())),
                Way::No => {}
            }
        }
        if let [edge] = &keys[..] {
            return Some(edge.clone());
        }
        // The key that is called as the other table's own is no role: `emp_no` beside `approver_emp_no`.
        let own = |e: &&Edge<'a>| e.on.iter().all(|(ours, theirs)| ours == theirs);
        if let (Some(edge), [from, ..], 1) = (keys.iter().find(own), from, keys.iter().filter(own).count())
            && keys.iter().all(|k| k.from == *from)
        {
            let key = edge.on[0].0;
            self.assume(
                "tests",
                format!("`{words}`: by {}.{key}, which is called as the key that it points to", from.table),
            );
            return Some(edge.clone());
        }
        let about = format!("`{words}`: by which key do the two belong together?");
        if keys.is_empty() {
            let candidates = from.iter().chain(to).map(|t| self.describe(t)).collect();
            self.ask(about, candidates);
            return None;
        }
        let readings = keys.into_iter().map(|e| (format!("{}.{}", e.from.table, e.on[0].0), e));
        self.choose(Readings::new(Question::new(about)).or_any(readings))
    }

    /// Each row points to one that is there; a row that points nowhere fails where rows are spoken of.
    fn belongs(&mut self, check: &Check<'a>, parent: &Noun<'a>, words: &str) -> Vec<Test> {
        // `every ticket has a survey`, and it is surveys that point to tickets.
        if let Some(of) = check.of.first() {
            let leads = |from: &Noun<'a>, to: &Noun<'a>| {
                from.hits.tables.iter().any(|f| to.hits.tables.iter().any(|t| self.scan.leads(f, t)))
            };
            if !leads(of, parent) && leads(parent, of) {
                return self.has(check, parent, words).into_iter().collect();
            }
        }
        let Some((edge, filter)) = self.pointing(check, parent, words) else { return Vec::new() };
        let rows = check.of.first().is_some_and(|n| !n.hits.tables.is_empty());
        let staging = edge.from.staging_model();
        let open = self
            .contract(edge.from)
            .map(|c| edge.on.iter().filter(|p| c.column(p.0.as_str()).is_some_and(|c| !c.required)));
        let open: Vec<&Name> = open.into_iter().flatten().filter(|_| rows).map(|p| p.0).collect();
        let there = open
            .into_iter()
            .filter_map(|key| on(&staging, Some(key), ("not_null", arguments([])), check, filter.clone()));
        let mut out: Vec<Test> = there.collect();
        out.extend(related((edge.from, edge.to), &edge.on, check, filter));
        out
    }

    fn pointing(&mut self, check: &Check<'a>, parent: &Noun<'a>, words: &str) -> Option<(Edge<'a>, Option<String>)> {
        let of = check.of.first()?;
        let edge = match of.hits.columns[..] {
            // A column that is said to point there.
            [ref first, ..] if of.hits.tables.is_empty() => {
                let edges = |c: &ColumnOf<'a>| {
                    let all = self.scan.graph.parents(c.table).iter();
                    all.filter(|e| parent.hits.tables.contains(&e.to) && e.on.iter().any(|p| *p.0 == c.column.name))
                        .cloned()
                        .collect::<Vec<_>>()
                };
                let found: Vec<Edge<'a>> = of.hits.columns.iter().flat_map(edges).collect();
                match &found[..] {
                    [edge] => edge.clone(),
                    _ => {
                        let from: Vec<&'a TableRef> =
                            if found.is_empty() { vec![first.table] } else { found.iter().map(|e| e.from).collect() };
                        self.edge(&from, &parent.hits.tables, words)?
                    }
                }
            }
            _ => self.edge(&of.hits.tables, &parent.hits.tables, words)?,
        };
        self.touch(edge.from);
        self.touch(edge.to);
        let filter = self.only(check, edge.from, words)?;
        Some((edge, filter))
    }

    /// At least one row points to each row.
    fn has(&mut self, check: &Check<'a>, child: &Noun<'a>, words: &str) -> Option<Test> {
        let of = check.of.first()?;
        let edge = self.edge(&child.hits.tables, &of.hits.tables, words)?;
        self.touch(edge.to);
        self.touch(edge.from);
        let filter = self.only(check, edge.to, words)?;
        let turned: Vec<_> = edge.on.iter().map(|(theirs, ours)| (*ours, *theirs)).collect();
        related((edge.to, edge.from), &turned, check, filter)
    }

    /// The one table that a check of rows is about.
    fn whole(&mut self, check: &Check<'a>, words: &str) -> Option<&'a TableRef> {
        let named = check.of.iter().chain(&check.within).flat_map(|n| n.hits.tables.iter().copied());
        let mut tables: Vec<&'a TableRef> = named.collect();
        if tables.len() != 1 {
            let touched: Vec<_> =
                self.touched.iter().filter(|t| tables.is_empty() || tables.contains(t)).copied().collect();
            if !touched.is_empty() {
                tables = touched;
            }
        }
        let table = match tables[..] {
            [table] => table,
            _ => {
                if tables.is_empty() {
                    tables = self.scan.ground.contracts.keys().collect();
                }
                let readings: Vec<_> = tables.iter().map(|t| (self.describe(t), *t)).collect();
                let about = format!("`{words}`: of which table?");
                self.choose(Readings::new(Question::new(about)).or_any(readings))?
            }
        };
        self.touch(table);
        Some(table)
    }

    fn fresh(&mut self, check: &Check<'a>, hours: u32, words: &str) -> Option<Test> {
        let table = self.whole(check, words)?;
        let contract = self.contract(table)?;
        let column = match (&contract.cursor, roles::event_time(contract).0) {
            (Some(cursor), _) => cursor,
            (None, Choice::One(column)) => &column.name,
            (None, Choice::Several(columns)) => {
                let about = format!("`{words}`: which column tells how new the rows of {} are?", table.table);
                let readings = columns.into_iter().map(|c| (format!("{}.{}", table.table, c.name), &c.name));
                self.choose(Readings::new(Question::new(about)).or_any(readings))?
            }
            (None, Choice::None) => {
                let about = format!("`{words}`: no column of {} tells how new a row is.", table.table);
                self.ask_that(Question::new(about).or_without());
                return None;
            }
        };
        let filter = self.only(check, table, words)?;
        on(&table.staging_model(), Some(column), ("is_recent", arguments([("hours", json!(hours))])), check, filter)
    }

    fn count_rows(
        &mut self,
        check: &Check<'a>,
        mart: Option<&Model>,
        bounds: &IndexMap<String, serde_json::Value>,
        words: &str,
    ) -> Option<Test> {
        let asked = ("row_count_between", bounds.clone());
        if let (Some(mart), [], None) = (mart, &check.of[..], &check.within) {
            return on(&mart.name, None, asked, check, None);
        }
        let table = self.whole(check, words)?;
        let filter = self.only(check, table, words)?;
        on(&table.staging_model(), None, asked, check, filter)
    }

    fn rows_near(&mut self, check: &Check<'a>, percent: u32, down: bool, words: &str) -> Option<Test> {
        let table = self.whole(check, words)?;
        let windowed = self.pieces.iter().any(|p| matches!(p.kind, Kind::Window(_) | Kind::Period { .. }))
            && self.pieces.iter().any(|p| matches!(p.kind, Kind::Ingest));
        let Some(usual) = self.contract(table).and_then(|c| c.profile.as_ref()).map(|p| p.rows).filter(|_| !windowed)
        else {
            let about = format!(
                "`{words}`: how many rows of {} are usual is not known. How many are there at least?",
                table.table
            );
            self.ask(about, vec![format!("{} must have at least … rows", table.table)]);
            return None;
        };
        let part = u128::from(usual) * u128::from(percent);
        let least = usual.saturating_sub(u64::try_from(part / 100).unwrap_or(u64::MAX));
        let most = usual.saturating_add(u64::try_from(part.div_ceil(100)).unwrap_or(u64::MAX));
        let mut bounds = arguments([("at_least", json!(least))]);
        if !down {
            bounds.insert("at_most".into(), json!(most));
        }
        self.assume("tests", format!("`{words}`: the contract of {} counted {usual} rows", table.table));
        on(&table.staging_model(), None, ("row_count_between", bounds), check, None)
    }

    /// A total of a row is the sum over the rows that belong to it.
    fn sum_of(
        &mut self,
        check: &Check<'a>,
        parts: &Noun<'a>,
        amount: Option<&Formula<'a>>,
        words: &str,
    ) -> Option<Test> {
        let of = check.of.first()?;
        let mut children: Vec<&'a TableRef> = if parts.hits.tables.is_empty() {
            parts.hits.columns.iter().map(|c| c.table).collect()
        } else {
            parts.hits.tables.clone()
        };
        children.extend(
            parts.modifiers.iter().filter(|_| parts.hits.tables.is_empty()).flat_map(|m| m.tables.iter().copied()),
        );
        let leads = |c: &&'a TableRef, to: &TableRef| matches!(self.scan.graph.way(c, to), Way::By(ref edges) if edges.len() == 1);
        let mut totals: Vec<ColumnOf<'a>> = of
            .hits
            .columns
            .iter()
            .filter(|c| c.column.data_type.is_numeric() && children.iter().any(|child| leads(child, c.table)))
            .copied()
            .collect();
        if let (true, [table]) = (totals.is_empty(), &of.hits.tables[..])
            && let Some(contract) = self.contract(table)
            && let Some(name) = roles::amount(contract).and_then(|a| a.columns.first().cloned())
        {
            totals.extend(contract.column(name.as_str()).map(|column| ColumnOf { table, column }));
        }
        let [total] = totals[..] else {
            let candidates = of.hits.columns.iter().map(|c| format!("{}.{}", c.table.table, c.column.name)).collect();
            self.ask(format!("`{words}`: which column is the total, and which rows belong to it?"), candidates);
            return None;
        };
        children.retain(|child| leads(child, total.table));
        children.sort();
        children.dedup();
        let edge = self.edge(&children, &[total.table], words)?;
        let [(field, key)] = edge.on[..] else {
            let about = format!("`{words}`: a total over a key of several columns can't be checked yet.");
            self.ask_that(Question::new(about).or_without());
            return None;
        };
        let child = self.contract(edge.from)?;
        let amount = match amount {
            Some(formula) => {
                let first = child.columns.first().map(|column| ColumnOf { table: edge.from, column })?;
                self.beside(first, formula, words)?
            }
            None => match parts.hits.columns.iter().find(|c| c.table == edge.from && parts.hits.tables.is_empty()) {
                Some(column) => column.column.name.to_string(),
                None => match roles::amount(child) {
                    Some(amount) => amount.expr,
                    None => {
                        let candidates = self.numbers_of(edge.from);
                        self.ask(format!("`{words}`: which amount of {} is summed?", edge.from.table), candidates);
                        return None;
                    }
                },
            },
        };
        self.touch(total.table);
        self.touch(edge.from);
        let filter = self.only(check, total.table, words)?;
        let to = json!(format!("ref('{}')", edge.from.staging_model()));
        let arguments =
            arguments([("key", json!(key)), ("to", to), ("field", json!(field)), ("amount", json!(amount))]);
        on(&total.table.staging_model(), Some(&total.column.name), ("total_of_rows", arguments), check, filter)
    }
}

/// Each row of one table finds a row of the other by pairs of columns: its own, then the other's.
fn related(
    (from, to): (&TableRef, &TableRef),
    pairs: &[(&Name, &Name)],
    check: &Check<'_>,
    filter: Option<String>,
) -> Option<Test> {
    let (model, to) = (from.staging_model(), json!(format!("ref('{}')", to.staging_model())));
    if let [(ours, theirs)] = pairs {
        let asked = ("relationships", arguments([("to", to), ("field", json!(theirs))]));
        return on(&model, Some(ours), asked, check, filter);
    }
    let (columns, fields): (Vec<&Name>, Vec<&Name>) = pairs.iter().copied().unzip();
    let arguments = arguments([("columns", json!(columns)), ("to", to), ("fields", json!(fields))]);
    on(&model, None, ("related_combination", arguments), check, filter)
}
