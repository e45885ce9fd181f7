//! Columns that are computed from others of their row.

use crate::contract::{Column, Contract};
use crate::requirement::Question;
use crate::requirement::lexicon::{ColumnOf, name_parts};
use crate::requirement::piece::{Kind, Noun, RowColumn};
use crate::requirement::roles;
use crate::spec::{Grouping, Model};
use crate::vocabulary::{Dialect, Name, TableRef, Unit, sql_string};

use super::Assembly;
use super::columns::Scope;
use super::measures::head_of;

/// A column of the result: name, expression, what it means.
pub(super) struct Computed {
    pub name: Name,
    pub expr: String,
    pub description: String,
}

impl<'a> Assembly<'_, 'a> {
    /// All that are asked for, with their pieces.
    pub(super) fn computed_columns(&mut self, scope: &mut Scope<'a>) -> Vec<(usize, Computed)> {
        let pieces = self.pieces;
        let mut out = Vec::new();
        for (i, piece) in pieces.iter().enumerate() {
            let Kind::Column(column) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            let called = pieces[i + 1..].iter().find(|p| !matches!(p.kind, Kind::Filler)).and_then(|p| match &p.kind {
                Kind::Called(name) => Some(super::names::snake(name, "column")),
                _ => None,
            });
            if let Some(mut computed) = self.computed(scope, column, words) {
                if let Some(name) = called {
                    computed.name = name;
                }
                out.push((i, computed));
            }
        }
        out
    }

    /// In a model that groups they are a part of the grain.
    pub(super) fn computed_groups(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        for (i, computed) in self.computed_columns(scope) {
            if !model.group_by.iter().any(|g| g.name == computed.name) {
                self.note(i, format!("models.{}.group_by.{}", model.name, computed.name));
                model.group_by.push(computed.grouping());
            }
        }
    }

    /// One of them; a question where it can't be told from which columns.
    pub(super) fn computed(&mut self, scope: &mut Scope<'a>, column: &RowColumn<'a>, words: &str) -> Option<Computed> {
        match column {
            RowColumn::FullName(whose) => {
                if let Some(column) = self.one_name(scope, whose.as_ref()) {
                    if !self.reach(scope, column.table, words) {
                        return None;
                    }
                    let expr = self.expr(scope, column.table, &column.column.name);
                    let thing = head_of(self, column.table);
                    let name = column.column.name.as_str();
                    let name = if name == "name" && column.table != scope.base {
                        format!("{thing}_name")
                    } else {
                        name.to_owned()
                    };
                    return Some(computed(&name, expr, format!("What the {} is called.", thing.replace('_', " "))));
                }
                let (table, first, last) = self.person(scope, whose.as_ref(), words)?;
                let part = |c: &Column| {
                    let expr = self.expr(scope, table, &c.name);
                    if self.nullable(scope, table, c) { (format!("coalesce({expr}, '')"), true) } else { (expr, false) }
                };
                let ((a, one), (b, two)) = (part(first), part(last));
                let both = format!("{a} || ' ' || {b}");
                let expr = if one || two { format!("nullif(trim({both}), '')") } else { both };
                let text = format!("First and last name of the {}.", head_of(self, table).replace('_', " "));
                Some(computed("full_name", expr, text))
            }
            RowColumn::Initials(whose) => {
                let (table, first, last) = self.person(scope, whose.as_ref(), words)?;
                let part = |c: &Column| format!("upper(left(trim({}), 1))", self.expr(scope, table, &c.name));
                let expr = format!("{} || {}", part(first), part(last));
                Some(computed("initials", expr, "First letters of first and last name.".into()))
            }
            RowColumn::Age(whose) => {
                let column = self.born(scope, whose.as_ref(), words)?;
                let born = self.expr(scope, column.table, &column.column.name);
                // Whole years: the last one counts once its day has come.
                let day = |of: &str| format!("extract(month from {of}) * 100 + extract(day from {of})");
                let expr = format!(
                    "extract(year from as_of()) - extract(year from {born}) - case when {} < {} then 1 else 0 end",
                    day("as_of()"),
                    day(&born)
                );
                Some(computed(
                    "age",
                    expr,
                    format!("Whole years since {}, at the end of the period.", column.column.name),
                ))
            }
            RowColumn::Domain(noun) => {
                let column = self.column(scope, noun, words)?;
                let expr = self.expr(scope, column.table, &column.column.name);
                let text = format!("What stands after the @ of {}.", column.column.name);
                let name = format!("{}_domain", column.column.name);
                Some(computed(&name, format!("nullif(split_part(lower(trim({expr})), '@', 2), '')"), text))
            }
            RowColumn::Part(unit, noun) => {
                let (table, column) = match noun {
                    Some(noun) => {
                        let column = self.column(scope, noun, words)?;
                        (column.table, column.column.name.clone())
                    }
                    None => self.time(scope, words)?,
                };
                let expr = self.expr(scope, table, &column);
                let stem = column.as_str().trim_end_matches("_at").trim_end_matches("_date").trim_end_matches("_on");
                let name = match (unit, noun) {
                    (Unit::Hour, None) => "hour_of_day".to_owned(),
                    (Unit::Month, None) => "month_of_year".to_owned(),
                    (unit, _) => format!("{stem}_{}", unit.as_str()),
                };
                let text = format!("The {} of {column}, as a number.", unit.as_str());
                Some(computed(&name, format!("extract({} from {expr})", unit.as_str()), text))
            }
            RowColumn::Buckets { noun, by, list } => self.buckets(scope, noun, by.as_ref(), list, words),
        }
    }

    #[allow(clippy::type_complexity)]
    fn buckets(
        &mut self,
        scope: &mut Scope<'a>,
        noun: &Noun<'a>,
        by: Option<&Noun<'a>>,
        list: &[(String, Option<(&'static str, String)>)],
        words: &str,
    ) -> Option<Computed> {
        let of = by.or((!noun.hits.columns.is_empty() && noun.hits.tables.is_empty()).then_some(noun));
        let (expr, what) = match of {
            Some(noun) => {
                let column = self.column(scope, noun, words)?;
                (self.expr(scope, column.table, &column.column.name), column.column.name.to_string())
            }
            // What an order is worth.
            None => {
                let contract = self.contract(scope.base)?;
                let amount = roles::amount(contract).filter(|a| a.others.is_empty());
                let Some(amount) = amount else {
                    let about = format!("`{words}`: by which number are {} sorted?", scope.base.table);
                    self.ask_that(Question::new(about).or_any(self.numbers_of(scope.base)));
                    return None;
                };
                (self.qualified(scope, &amount), head_of(self, scope.base))
            }
        };
        let mut text = "case".to_owned();
        for (i, (label, limit)) in list.iter().enumerate() {
            let label = sql_string(label, Dialect::DuckDb);
            match limit {
                Some((op, number)) => text.push_str(&format!(" when {expr} {op} {number} then {label}")),
                None if i + 1 == list.len() => text.push_str(&format!(" when {expr} is not null then {label}")),
                None => {
                    self.ask_that(Question::new(format!("`{words}`: where does {label} end?")).or_without());
                    return None;
                }
            }
        }
        text.push_str(" end");
        let labels: Vec<&str> = list.iter().map(|b| b.0.as_str()).collect();
        Some(computed(&format!("{what}_bucket"), text, format!("{what} in words: {}.", labels.join(", "))))
    }

    /// The one column that rows are called by, where the nearest table has one and no first and last name.
    fn one_name(&self, scope: &Scope<'a>, whose: Option<&Noun<'a>>) -> Option<ColumnOf<'a>> {
        let tables = self.nearest(scope, whose, |c| roles::two_names(c).is_some() || roles::name(c).is_some());
        let [table] = tables[..] else { return None };
        let contract = self.contract(table).filter(|c| roles::two_names(c).is_none())?;
        Some(ColumnOf { table, column: roles::name(contract)? })
    }

    /// The table of people, and the columns of their first and last names.
    fn person(
        &mut self,
        scope: &mut Scope<'a>,
        whose: Option<&Noun<'a>>,
        words: &str,
    ) -> Option<(&'a TableRef, &'a Column, &'a Column)> {
        let tables = self.nearest(scope, whose, |c| roles::two_names(c).is_some());
        let [table] = tables[..] else {
            let about = format!("`{words}`: of which table? It is made of a first and a last name.");
            self.ask_that(
                Question::new(about)
                    .saying("{words} of {}")
                    .or_any(tables.iter().map(|t| t.table.to_string()))
                    .or_without(),
            );
            return None;
        };
        let (first, last) = roles::two_names(self.contract(table)?)?;
        self.reach(scope, table, words).then_some((table, first, last))
    }

    fn born(&mut self, scope: &mut Scope<'a>, whose: Option<&Noun<'a>>, words: &str) -> Option<ColumnOf<'a>> {
        let tables = self.nearest(scope, whose, |c| birth(c).is_some());
        let [table] = tables[..] else {
            self.ask_that(Question::new(format!("`{words}`: since which date?")).or_without());
            return None;
        };
        let column = birth(self.contract(table)?)?;
        self.reach(scope, table, words).then_some(ColumnOf { table, column })
    }

    /// The tables that a column can come from: the one that is named, else the base or the nearest that fit.
    fn nearest(
        &self,
        scope: &Scope<'a>,
        whose: Option<&Noun<'a>>,
        fits: impl Fn(&'a Contract) -> bool,
    ) -> Vec<&'a TableRef> {
        let all: Vec<&'a TableRef> = match whose {
            Some(noun) => noun.hits.tables.clone(),
            None => self.scan.ground.contracts.keys().collect(),
        };
        let fitting = all.into_iter().filter(|t| self.contract(t).is_some_and(&fits));
        let mut near: Vec<(u32, &'a TableRef)> =
            fitting.filter_map(|t| Some((self.distance(scope.base, t)?, t))).collect();
        near.sort();
        let best = near.first().map(|n| n.0);
        near.into_iter().filter(|n| Some(n.0) == best).map(|n| n.1).collect()
    }
}

impl Computed {
    /// As a column of a grain.
    pub(super) fn grouping(self) -> Grouping {
        Grouping { name: self.name, expr: Some(self.expr), description: Some(self.description) }
    }
}

fn birth(contract: &Contract) -> Option<&Column> {
    contract.columns.iter().find(|c| {
        let parts = name_parts(&c.physical_name, c.name.as_str());
        c.data_type.is_temporal()
            && parts.iter().any(|p| ["birth", "dob", "born", "birthday", "birthdate"].contains(&p.as_str()))
    })
}

fn computed(name: &str, expr: String, description: String) -> Computed {
    Computed { name: Name::from_text(name, "column"), expr, description }
}
