//! The grain of a model.

use std::ops::Range;

use crate::contract::Column;
use crate::spec::{Grouping, Model};
use crate::vocabulary::{DataType, Name, TableRef, Unit};

use super::Assembly;
use super::columns::Scope;
use super::names::head;
use crate::requirement::Question;
use crate::requirement::graph::Way;
use crate::requirement::lexicon::EXACT;
use crate::requirement::piece::{GroupItem, Kind, Noun, Part};
use crate::requirement::roles;

impl<'a> Assembly<'_, 'a> {
    /// Adds the grain to a model, times first.
    pub(super) fn groups(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let mut units: Vec<(Unit, Range<usize>, usize)> = Vec::new();
        let mut parts: Vec<(Part, Range<usize>, usize)> = Vec::new();
        let mut nouns: Vec<(&Noun<'a>, usize)> = Vec::new();
        let mut computed: Vec<(Grouping, usize)> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Group(items) = &piece.kind else { continue };
            for item in items {
                match item {
                    GroupItem::Unit(unit, tokens) => units.push((*unit, tokens.clone(), i)),
                    GroupItem::Part(part, tokens) => parts.push((*part, tokens.clone(), i)),
                    GroupItem::Noun(noun) => nouns.push((noun, i)),
                    GroupItem::Column(column) => {
                        let words = self.scan.words(&piece.tokens);
                        let found = self.computed(scope, column, words);
                        computed.extend(found.map(|c| (c.grouping(), i)));
                    }
                }
            }
        }
        // `month over month revenue` has a row for each month.
        if units.is_empty()
            && parts.is_empty()
            && let Some((piece, unit)) = self.compared_unit()
        {
            units.push((unit, self.pieces[piece].tokens.clone(), piece));
        }
        units.sort_by_key(|u| std::cmp::Reverse(u.0));
        for (unit, tokens, piece) in units {
            let words = self.scan.words(&tokens);
            let Some(grouping) = self.time_group(scope, unit, words, model) else { continue };
            self.grouped(grouping, piece, model);
        }
        for (part, tokens, piece) in parts {
            let words = self.scan.words(&tokens);
            for grouping in self.part_groups(scope, part, words) {
                self.grouped(grouping, piece, model);
            }
        }
        // What is led to by one way first: `per hotel and room` is the room's hotel.
        let several = |noun: &Noun<'a>| {
            noun.hits.tables.iter().any(|t| matches!(self.scan.graph.way(scope.base, t), Way::Several(_)))
        };
        nouns.sort_by_key(|(noun, _)| several(noun));
        for (noun, piece) in nouns {
            // `by issue date` beside a month says by which time, and is no grain of its own.
            if Self::names_time(noun) && self.counts_by_unit() {
                self.note_grain(model, piece);
                continue;
            }
            let words = self.scan.words(&noun.tokens);
            for grouping in self.noun_groups(scope, noun, words) {
                self.grouped(grouping, piece, model);
            }
        }
        for (grouping, piece) in computed {
            self.note(piece, format!("models.{}.group_by.{}", model.name, grouping.name));
            model.group_by.push(grouping);
        }
    }

    /// Adds a group, once.
    fn grouped(&mut self, grouping: Grouping, piece: usize, model: &mut Model) {
        self.note(piece, format!("models.{}.group_by.{}", model.name, grouping.name));
        if !model.group_by.iter().any(|g| g.name == grouping.name) {
            model.group_by.push(grouping);
        }
    }

    pub(super) fn time_group(
        &mut self,
        scope: &mut Scope<'a>,
        unit: Unit,
        words: &str,
        model: &Model,
    ) -> Option<Grouping> {
        let (table, column) = self.time(scope, words)?;
        let data_type = self.contract(table)?.column(column.as_str())?.data_type;
        if unit == Unit::Hour && data_type == DataType::Date {
            let about = format!("`{words}`: {}.{column} holds days, no hours. Which grain is meant?", table.table);
            let said = if words.ends_with("ly") { "per {}" } else { "{}" };
            self.ask_that(Question::new(about).saying(said).or("day").or("week").or("month"));
            return None;
        }
        let expr = self.local(scope, table, &column, &format!("models.{}.group_by", model.name));
        let thing = head(self.contract(table)?);
        let mut starts = "Monday";
        let (name, expr) = match unit {
            Unit::Day if data_type == DataType::Date => (format!("{thing}_date"), expr),
            Unit::Day => (format!("{thing}_date"), format!("cast({expr} as date)")),
            Unit::Week => {
                let (week, day) = self.week(&expr, model);
                starts = day;
                (format!("{thing}_week"), week)
            }
            other => (format!("{thing}_{}", other.as_str()), format!("date_trunc('{}', {expr})", other.as_str())),
        };
        let what = match unit {
            Unit::Day => "Day".to_owned(),
            Unit::Hour => "Hour".to_owned(),
            Unit::Week => format!("First day of the week ({starts})"),
            other => format!("First day of the {}", other.as_str()),
        };
        let name = Name::from_text(&name, "date");
        let expr = Some(expr).filter(|e| *e != name.as_str());
        let description = Some(format!("{what}, by {column} of the {}.", thing.replace('_', " ")));
        Some(Grouping { name, expr, description })
    }

    /// A column; or the key of a table, with what people call its rows by.
    pub(super) fn noun_groups(&mut self, scope: &mut Scope<'a>, noun: &Noun<'a>, words: &str) -> Vec<Grouping> {
        let by_column = noun.hits.tables.is_empty()
            || (noun.hits.tier == EXACT
                && noun.hits.columns.iter().any(|c| c.table == scope.base)
                && !noun.hits.tables.contains(&scope.base));
        if by_column {
            let Some(column) = self.column(scope, noun, words) else { return Vec::new() };
            return vec![self.column_group(scope, column.table, column.column)];
        }
        let mut tables: Vec<(u32, &'a TableRef)> =
            noun.hits.tables.iter().filter_map(|t| Some((self.distance(scope.base, t)?, *t))).collect();
        tables.sort();
        let nearest = tables.first().map(|t| t.0);
        tables.retain(|t| Some(t.0) == nearest);
        let [(_, table)] = tables[..] else {
            if tables.is_empty() {
                let about = format!("`{words}` can't be said of {}: no key leads there.", scope.base.table);
                self.ask_that(Question::new(about).or_without());
                return Vec::new();
            }
            let chosen = self.one_table(words, tables.into_iter().map(|t| t.1));
            return chosen.map(|table| self.table_groups(scope, table, words)).unwrap_or_default();
        };
        self.table_groups(scope, table, words)
    }

    fn table_groups(&mut self, scope: &mut Scope<'a>, table: &'a TableRef, words: &str) -> Vec<Grouping> {
        let Some(contract) = self.contract(table) else { return Vec::new() };
        let thing = head(contract);
        let label = roles::label(contract);
        let direct: Vec<_> =
            self.scan.graph.parents(scope.base).iter().filter(|e| e.to == table && e.on.len() == 1).cloned().collect();
        let mut out = Vec::new();
        if let [edge] = &direct[..]
            && label.is_none()
        {
            let column = edge.on[0].0;
            let expr = self.expr(scope, scope.base, column);
            self.touch(table);
            scope.keyed.push(edge.clone());
            let expr = Some(expr).filter(|e| e != column.as_str());
            return vec![Grouping {
                name: column.clone(),
                expr,
                description: Some(format!("The {}.", thing.replace('_', " "))),
            }];
        }
        if !self.reach(scope, table, words) {
            return out;
        }
        let key = contract.key();
        if key.is_empty() {
            let candidates = contract.columns.iter().map(|c| format!("{}.{}", table.table, c.name)).take(8).collect();
            self.ask(format!("`{words}`: {} has no key. Which column tells its rows apart?", table.table), candidates);
            return out;
        }
        for column in key {
            out.push(self.column_group(scope, table, column));
        }
        if let Some(label) = label {
            out.push(self.column_group(scope, table, label));
        }
        out
    }

    fn column_group(&self, scope: &Scope<'a>, table: &'a TableRef, column: &Column) -> Grouping {
        let expr = self.expr(scope, table, &column.name);
        let thing = self.contract(table).map(head).unwrap_or_default();
        let bare = ["id", "name", "title", "type", "code", "label", "description", "number", "key"]
            .contains(&column.name.as_str());
        let role = self.scan.twice.get(table).map(|role| role.said.join("_"));
        let name = match column.data_type {
            _ if role.is_some() => Name::from_text(&format!("{}_{}", role.unwrap_or_default(), column.name), "column"),
            _ if bare => Name::from_text(&format!("{thing}_{}", column.name), "column"),
            DataType::Timestamp | DataType::TimestampTz => {
                Name::from_text(&format!("{}_date", column.name.as_str().trim_end_matches("_at")), "date")
            }
            _ => column.name.clone(),
        };
        let expr = match column.data_type {
            DataType::Timestamp | DataType::TimestampTz => Some(format!("cast({expr} as date)")),
            _ => Some(expr).filter(|e| *e != name.as_str()),
        };
        let what = column.name.as_str().replace('_', " ");
        let of = if what.contains(&thing.replace('_', " ")) {
            String::new()
        } else {
            format!(" of the {}", thing.replace('_', " "))
        };
        let description = column.description.clone().or_else(|| Some(format!("The {what}{of}.")));
        Grouping { name, expr, description }
    }
}
