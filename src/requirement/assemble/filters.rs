//! Conditions on rows. A row without a value is not what was left out: `leave out cancelled` keeps rows whose status is
//! missing, `only completed` drops them.

use std::collections::BTreeSet;

use crate::spec::Model;
use crate::vocabulary::{Dialect, Name, TableRef, sql_string};

use super::Assembly;
use super::columns::Scope;
use crate::requirement::lexicon::{ColumnOf, ValueOf};
use crate::requirement::piece::{Filter, Kind, Noun, Piece, Value};
use crate::requirement::roles;
use crate::requirement::{Question, Readings};

impl<'a> Assembly<'_, 'a> {
    /// Adds the filters at hand to a model.
    pub(super) fn filters(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        for (i, piece) in self.at_hand() {
            // What is said of rows below counts there.
            if self.below.contains_key(&i) {
                continue;
            }
            if self.only.is_none() && self.part_of_one(i).is_some() {
                continue;
            }
            for expr in self.conditions(scope, piece) {
                let n = model.filters.iter().position(|f| *f == expr).unwrap_or_else(|| {
                    model.filters.push(expr.clone());
                    model.filters.len() - 1
                });
                self.note(i, format!("models.{}.where.{n}", model.name));
            }
        }
    }

    /// What a piece demands of the rows in scope.
    pub(super) fn conditions(&mut self, scope: &mut Scope<'a>, piece: &Piece<'a>) -> Vec<String> {
        let words = self.scan.words(&piece.tokens);
        let mut found = Vec::new();
        match &piece.kind {
            Kind::Filter(filter) => {
                found.extend(self.condition(scope, filter, words));
                if let Filter::Values { noun: Some(noun), .. } = filter {
                    found.extend(self.adjectives(scope, noun, words));
                }
            }
            Kind::Happened(happened) => found.extend(self.happened(scope, happened, words)),
            Kind::Noun(noun) => found.extend(self.adjectives(scope, noun, words)),
            Kind::Period { from, until } => found.extend(self.period(scope, from.as_deref(), until.as_deref(), words)),
            _ => {}
        }
        found
    }

    /// `cancelled` in `cancelled orders`.
    fn adjectives(&mut self, scope: &mut Scope<'a>, noun: &Noun<'a>, words: &str) -> Option<String> {
        if noun.values.is_empty() {
            return None;
        }
        let values = noun.values.clone();
        self.values(scope, &values, Some(noun), false, words)
    }

    /// `expired and cancelled` and `silver` in `expired and cancelled silver plans`; none where an `or` stands between.
    fn of_several_columns<'v>(&self, values: &'v [Value<'a>]) -> Option<Vec<&'v [Value<'a>]>> {
        let groups: Vec<&[Value<'a>]> = values.chunk_by(Value::shares_column).collect();
        let between = |two: &[&[Value<'a>]]| {
            let gap = two[0].last()?.tokens.end..two[1].first()?.tokens.start;
            Some(self.scan.tokens.get(gap)?.iter().any(|t| t.lower == "or"))
        };
        let apart = groups.windows(2).all(|two| between(two) == Some(false));
        (groups.len() > 1 && apart).then_some(groups)
    }

    /// A condition by values.
    pub(super) fn values(
        &mut self,
        scope: &mut Scope<'a>,
        values: &[Value<'a>],
        noun: Option<&Noun<'a>>,
        negative: bool,
        words: &str,
    ) -> Option<String> {
        let key = |v: &ValueOf<'a>| (v.table.clone(), v.column.name.clone());
        let mut common: Option<BTreeSet<(TableRef, Name)>> = None;
        for value in values {
            let own: BTreeSet<_> = value.of.iter().map(key).collect();
            common = Some(match common {
                None => own,
                Some(all) => all.intersection(&own).cloned().collect(),
            });
        }
        let common = common?;
        let first = values.first()?;
        let mut columns: Vec<ColumnOf<'a>> = first
            .of
            .iter()
            .filter(|v| common.contains(&key(v)))
            .map(|v| ColumnOf { table: v.table, column: v.column })
            .collect();
        if let Some(noun) = noun {
            let narrowed: Vec<_> = columns
                .iter()
                .filter(|c| {
                    noun.hits.tables.contains(&c.table)
                        || noun.hits.columns.iter().any(|n| n.table == c.table && n.column.name == c.column.name)
                })
                .copied()
                .collect();
            if !narrowed.is_empty() {
                columns = narrowed;
            }
        }
        if columns.is_empty() {
            if let Some(groups) = self.of_several_columns(values).filter(|_| !negative) {
                let mut all: Vec<String> = Vec::new();
                for group in groups {
                    all.push(self.values(scope, group, noun, false, words)?);
                }
                return Some(all.join(" and "));
            }
            let each = values.iter().flat_map(|v| &v.of);
            let candidates =
                each.map(|o| format!("{}.{} = {}", o.table.table, o.column.name, o.value.unwrap_or("true")));
            let about = format!("`{words}`: no one column has all of these values. Which is meant?");
            self.ask_that(Question::new(about).saying("where {}").or_any(candidates));
            return None;
        }
        let Some(column) = self.pick(scope, &columns, words) else {
            if self.questions.is_empty() {
                let about = format!("`{words}` can't be said of {}: no key leads there.", scope.base.table);
                self.ask_that(Question::new(about).or_without());
            }
            return None;
        };
        if !self.reach(scope, column.table, words) {
            return None;
        }
        let expr = self.expr(scope, column.table, &column.column.name);
        let mut literals = Vec::new();
        let mut flag = false;
        for value in values {
            for of in value.of.iter().filter(|v| v.table == column.table && v.column.name == column.column.name) {
                match of.value {
                    Some(text) => literals.push(literal(column, text)),
                    None => flag = true,
                }
            }
        }
        literals.dedup();
        let nullable = negative && self.nullable(scope, column.table, column.column);
        let condition = match (&literals[..], negative) {
            _ if flag && column.column.data_type.is_numeric() => format!("{expr} = {}", u8::from(!negative)),
            _ if flag => format!("{}{expr}", if negative { "not " } else { "" }),
            ([one], false) => format!("{expr} = {one}"),
            ([one], true) => format!("{expr} <> {one}"),
            (all, _) => format!("{expr} {}in ({})", if negative { "not " } else { "" }, all.join(", ")),
        };
        Some(if nullable { format!("({condition} or {expr} is null)") } else { condition })
    }

    pub(super) fn compared(
        &mut self,
        scope: &mut Scope<'a>,
        noun: &Noun<'a>,
        op: &str,
        literal: &str,
        words: &str,
    ) -> Option<String> {
        // `orders over 100`: what an order is worth.
        if noun.hits.columns.is_empty() {
            let amounts: Vec<_> =
                noun.hits.tables.iter().filter_map(|t| Some((*t, roles::amount(self.contract(t)?)?))).collect();
            if let [(table, amount)] = &amounts[..]
                && amount.others.is_empty()
                && *table == scope.base
            {
                return Some(format!("{} {op} {literal}", amount.expr));
            }
            let readings = self.numeric_columns(&noun.hits.tables);
            let question = Question::new(format!("`{words}`: which column is compared?"));
            let column = self.choose(Readings::new(question).or_any(readings).or_without())?;
            if !self.reach(scope, column.table, words) {
                return None;
            }
            return Some(format!("{} {op} {literal}", self.expr(scope, column.table, &column.column.name)));
        }
        let column = self.column(scope, noun, words)?;
        let temporal = literal.starts_with("date ");
        let text = literal.starts_with('\'');
        let fits =
            if temporal { column.column.data_type.is_temporal() } else { text || column.column.data_type.is_numeric() };
        if !fits {
            let about = format!(
                "`{words}`: {}.{} is {}, which can't be compared with {literal}. Which column is meant?",
                column.table.table, column.column.name, column.column.data_type
            );
            let columns = self.numeric_columns(&[column.table]).into_iter().map(|c| c.0);
            self.ask_that(Question::new(about).words(self.scan.words(&noun.tokens)).or_any(columns).or_without());
            return None;
        }
        let expr = self.expr(scope, column.table, &column.column.name);
        let negative = op == "<>" && self.nullable(scope, column.table, column.column);
        let condition = format!("{expr} {op} {literal}");
        Some(if negative { format!("({condition} or {expr} is null)") } else { condition })
    }

    /// The column that a noun names, brought into scope.
    pub(super) fn column(&mut self, scope: &mut Scope<'a>, noun: &Noun<'a>, words: &str) -> Option<ColumnOf<'a>> {
        let column = self.pick(scope, &noun.hits.columns, words);
        let Some(column) = column else {
            if self.questions.is_empty() {
                let about = format!("`{words}` can't be said of {}: no key leads there.", scope.base.table);
                self.ask_that(Question::new(about).or_without());
            }
            return None;
        };
        self.reach(scope, column.table, words).then_some(column)
    }

    fn numeric_columns(&self, tables: &[&'a TableRef]) -> Vec<(String, ColumnOf<'a>)> {
        let of = |table: &&'a TableRef| {
            let table = *table;
            let columns = self.contract(table).map(|c| c.columns.iter()).into_iter().flatten();
            columns
                .filter(|c| c.data_type.is_numeric() && c.primary_key.is_none() && c.references.is_none())
                .map(move |column| (format!("{}.{}", table.table, column.name), ColumnOf { table, column }))
                .collect::<Vec<_>>()
        };
        tables.iter().flat_map(of).collect()
    }
}

/// A value as SQL writes it for its column.
pub(super) fn literal(column: ColumnOf<'_>, text: &str) -> String {
    if column.column.data_type.is_numeric()
        && text.parse::<f64>().is_ok()
        && !text.contains(['e', 'E', 'n', 'N', 'i', 'I'])
    {
        text.to_owned()
    } else {
        sql_string(text, Dialect::DuckDb)
    }
}
