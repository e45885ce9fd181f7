//! One number over another, in one expression.

use crate::requirement::Question;
use crate::requirement::piece::{Filter, Kind, Many, Measure, Noun, Others, Value, What};
use crate::spec::{Function, Measure as Computed, Model};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::measures::{described, head_of, people};
use super::names::snake;

impl<'s, 'a> Assembly<'s, 'a> {
    /// Rows that meet a condition over all of them.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn share(
        &mut self,
        scope: &mut Scope<'a>,
        model: &Model,
        noun: Option<&Noun<'a>>,
        of: &[Value<'a>],
        values: &[Value<'a>],
        filter: Option<&Filter<'a>>,
        percent: bool,
        words: &str,
    ) -> Option<Computed> {
        let condition = match filter {
            Some(Filter::Others(others)) => self.others_share(scope, noun?, others, words)?,
            Some(filter) => self.condition(scope, filter, words)?,
            None if values.is_empty() => {
                let (i, others) = self.late_condition()?;
                let condition = self.others_share(scope, noun?, others, words)?;
                self.note(i, format!("models.{}.measures", model.name));
                condition
            }
            None => self.values(scope, values, noun, false, words)?,
        };
        let all = if of.is_empty() { None } else { Some(self.values(scope, of, noun, false, words)?) };
        let counted = match noun {
            Some(noun) => self.count(scope, noun, false, words)?,
            None => Computed::new(Name::from_text("rows", "measure"), Function::Count, "*"),
        };
        let thing = noun.map_or_else(|| head_of(self, scope.base), |n| self.thing(n, scope));
        // Rows that lead to none of the base's are not there to be counted.
        let elsewhere = counted.count_distinct.is_some() && !self.mentioned().contains(&scope.base);
        if elsewhere && noun.is_some() {
            let about = format!(
                "`{words}`: {} without {} would not count. Shall they be left out?",
                people(&thing),
                people(&head_of(self, scope.base))
            );
            self.ask_that(Question::new(about).or_without());
            return None;
        }
        let both = all.as_ref().map_or(condition.clone(), |all| format!("{all} and {condition}"));
        let some = aggregate_sql(&Computed { filter: Some(both), ..counted.clone() })?;
        let whole = aggregate_sql(&Computed { filter: all, ..counted })?;
        let said: Vec<&str> = values.iter().map(|v| self.scan.words(&v.tokens)).collect();
        let end = if percent { "percentage" } else { "share" };
        let name = if said.is_empty() { format!("{thing}_{end}") } else { format!("{}_{thing}_{end}", said.join("_")) };
        let text = if percent { "Percentage" } else { "Share" };
        Some(described(
            Computed::new(snake(&name, "measure"), Function::Expr, over(&some, &whole, percent)),
            format!("{text} of {} where {condition}.", people(&thing)),
        ))
    }

    fn thing(&self, noun: &Noun<'a>, scope: &Scope<'a>) -> String {
        let near = noun.hits.tables.iter().filter_map(|t| Some((self.distance(scope.base, t)?, *t))).min();
        near.map(|n| head_of(self, n.1)).unwrap_or_default()
    }

    /// What a filter says of rows.
    pub(super) fn condition(&mut self, scope: &mut Scope<'a>, filter: &Filter<'a>, words: &str) -> Option<String> {
        match filter {
            Filter::Values { negative, values, noun } => self.values(scope, values, noun.as_ref(), *negative, words),
            Filter::Compare { noun, op, literal } => self.compared(scope, noun, op, literal, words),
            Filter::Missing { noun, missing } => {
                let column = self.column(scope, noun, words)?;
                let expr = self.expr(scope, column.table, &column.column.name);
                Some(format!("{expr} is {}null", if *missing { "" } else { "not " }))
            }
            Filter::Lasting { elapsed, op, literal } => {
                self.elapsed(scope, elapsed, words).map(|(expr, ..)| format!("{expr} {op} {literal}"))
            }
            // Those are read where rows are counted.
            Filter::Others(_) => None,
        }
    }

    /// The condition of a share that is said after it: `percentage of customers per country who placed an order`.
    pub(super) fn late_condition(&self) -> Option<(usize, &'s Others<'a>)> {
        let share = self.pieces.iter().position(|p| match &p.kind {
            Kind::Measure(Measure { what: What::Share { filter: None, .. }, values }) => values.is_empty(),
            _ => false,
        })?;
        self.pieces.iter().enumerate().skip(share).find_map(|(i, p)| match &p.kind {
            Kind::Filter(Filter::Others(others)) => Some((i, others)),
            _ => None,
        })
    }

    /// Whether a row has others, as a condition on one measure: their number is joined, none where there is none.
    fn others_share(
        &mut self,
        scope: &mut Scope<'a>,
        noun: &Noun<'a>,
        others: &Others<'a>,
        words: &str,
    ) -> Option<String> {
        let subjects: Vec<&'a TableRef> = noun.hits.tables.iter().copied().filter(|t| *t == scope.base).collect();
        let count = self
            .subject_among(&subjects, scope.base, others, words)
            .filter(|_| others.than.is_none())
            .and_then(|(subject, way)| self.number_of(scope, subject, &way, others, words));
        let Some(count) = count else {
            if self.questions.is_empty() {
                let about = format!("`{words}`: no key leads from those rows to {}.", scope.base.table);
                self.ask_that(Question::new(about).or_without());
            }
            return None;
        };
        Some(match others.many {
            Many::None => format!("{count} = 0"),
            Many::Some => format!("{count} > 0"),
            Many::Count(op, n) => format!("{count} {op} {n}"),
        })
    }

    /// One measure over another.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn ratio(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        left: &Measure<'a>,
        right: &Measure<'a>,
        name: Option<&str>,
        percent: bool,
        words: &str,
    ) -> Option<Computed> {
        let left = self.measure(scope, model, left, words, false)?;
        let right = self.measure(scope, model, right, words, false)?;
        let (Some(l), Some(r)) = (aggregate_sql(&left), aggregate_sql(&right)) else {
            self.ask_that(Question::new(format!("`{words}`: one of the two can't be divided yet.")).or_without());
            return None;
        };
        let name = snake(name.unwrap_or(words), "measure");
        let text = |m: &Computed| m.description.clone().unwrap_or_default().trim_end_matches('.').to_owned();
        let description = format!("{} over: {}.", text(&left), text(&right).to_lowercase());
        Some(described(Computed::new(name, Function::Expr, over(&l, &r, percent)), description))
    }
}

/// `left / right`, nothing where there is nothing to divide by.
fn over(left: &str, right: &str, percent: bool) -> String {
    let factor = if percent { "100.0 * " } else { "" };
    let right = if right == "count(*)" { right.to_owned() } else { format!("nullif({right}, 0)") };
    format!("{factor}{left} / {right}")
}

/// A measure as an expression; none for those that go by an order.
pub(super) fn aggregate_sql(measure: &Computed) -> Option<String> {
    let (function, expr) = measure.function()?;
    let expr = match &measure.filter {
        Some(condition) => format!("case when {condition} then {} end", if expr == "*" { "1" } else { expr }),
        None => expr.to_owned(),
    };
    Some(match function {
        Function::Count => format!("count({expr})"),
        Function::CountDistinct => format!("count(distinct {expr})"),
        Function::Sum => format!("sum({expr})"),
        Function::Avg => format!("avg({expr})"),
        Function::Min => format!("min({expr})"),
        Function::Max => format!("max({expr})"),
        Function::Median => format!("median({expr})"),
        Function::Expr if measure.filter.is_none() => format!("({expr})"),
        Function::Expr | Function::First | Function::Last => return None,
    })
}
