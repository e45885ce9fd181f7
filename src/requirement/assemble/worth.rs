//! What rows are worth: the amount that a table holds, or a definition of the requirement's own.

use crate::spec::{Function, Measure as Computed};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::names::snake;
use crate::requirement::piece::Noun;
use crate::requirement::roles;
use crate::requirement::{Question, Readings};

use super::measures::{average_name, described, head_of, people, prefix, said, total_name};

impl<'a> Assembly<'_, 'a> {
    /// What rows are worth.
    pub(super) fn worth(
        &mut self,
        scope: &mut Scope<'a>,
        function: Function,
        noun: Option<&Noun<'a>>,
        revenue: bool,
        words: &str,
    ) -> Option<Computed> {
        let contract = self.contract(scope.base)?;
        let amount = if revenue { self.definition("revenue").cloned() } else { None };
        if let Some(formula) = amount {
            let expr = self.formula(scope, &formula, words)?;
            return Some(described(
                Computed::new(snake(words, "measure"), function, expr.clone()),
                format!("{} of {expr}.", said(function)),
            ));
        }
        let Some(amount) = roles::amount(contract) else {
            let about =
                format!("`{words}`: {} has no column that holds an amount. Which one is meant?", scope.base.table);
            let question = Question::new(about).key(format!("{}.table", snake(words, "amount")));
            self.ask_that(question.saying("{words} of {}").or_any(self.tables_by_meaning()));
            return None;
        };
        let mut expr = self.qualified(scope, &amount);
        if !amount.others.is_empty() {
            let mut candidates = vec![amount.expr.clone()];
            if amount.columns.len() == 2 {
                let discount = &amount.others[0];
                let percent = discount.as_str().contains("pct") || discount.as_str().contains("percent");
                let share = if percent { format!("{discount} / 100") } else { discount.to_string() };
                candidates.push(format!("{} * (1 - {share})", amount.expr));
                candidates.push(format!("{} - {discount}", amount.expr));
            } else {
                candidates.extend(amount.others.iter().map(Name::to_string));
            }
            let about = format!(
                "`{words}`: {} could be worth one or the other, which differ. Which one is meant?",
                people(&head_of(self, scope.base))
            );
            let question = Question::new(about).key(format!("{}.column", snake(words, "amount")));
            let differs = |i: usize| match (i, amount.columns.len()) {
                (0, 2) => "prices before discount",
                (1, 2) => "discount is a share of the price",
                (_, 2) => "discount is an amount of money",
                _ => "another column of the same rows",
            };
            let mut readings: Vec<(usize, String)> = candidates.into_iter().enumerate().collect();
            if amount.columns.len() == 2
                && let Some(after) = self.after_discount()
            {
                readings.retain(|r| (r.0 > 0) == after);
            }
            let one = (readings.len() == 1).then(|| readings.remove(0).1);
            let ask = |question| {
                readings.into_iter().fold(Readings::new(question), |all, (i, c)| all.or_that(c.clone(), differs(i), c))
            };
            expr = match one {
                Some(one) => one,
                None => self.choose(ask(question))?,
            };
        }
        let of = people(&head_of(self, scope.base));
        // The mean value of orders is not that of their lines.
        let asked_of_parent = noun.is_some_and(|n| !n.hits.tables.contains(&scope.base));
        if function != Function::Sum && asked_of_parent {
            let table =
                noun.and_then(|n| n.hits.tables.iter().find(|t| self.distance(scope.base, t).is_some()).copied());
            if let Some(key) = table.and_then(|t| self.key_expr(scope, t)).filter(|_| function == Function::Avg) {
                let name = if revenue { snake(words, "measure") } else { average_name(noun, self, scope) };
                let expr = format!("sum({expr}) / nullif(count(distinct {key}), 0)");
                return Some(described(Computed::new(name, Function::Expr, expr), "Mean value of one.".to_owned()));
            }
            self.ask_that(Question::new(format!("`{words}` over lines can't be said yet.")).or_without());
            return None;
        }
        if matches!(function, Function::First | Function::Last) {
            let name = amount.columns.first()?.clone();
            return self.at_end(scope, function, &name, expr, words);
        }
        let column = amount.columns.first().cloned();
        let name = match (function, revenue) {
            (Function::Sum, true) => snake(words.trim_start_matches("total "), "measure"),
            (Function::Sum, false) => total_name(&column?),
            (Function::Avg, _) => average_name(noun, self, scope),
            (f, _) => Name::from_text(&format!("{}_{}_value", prefix(f), head_of(self, scope.base)), "measure"),
        };
        let what = if amount.columns.len() > 1 { amount.expr.clone() } else { amount.columns[0].to_string() };
        Some(described(Computed::new(name, function, expr), format!("{} of {what} over the {of}.", said(function))))
    }

    /// The column of the base that tells a parent's rows apart.
    pub(super) fn key_expr(&self, scope: &Scope<'a>, table: &TableRef) -> Option<String> {
        let edge = self.scan.graph.parents(scope.base).iter().find(|e| e.to == table && e.on.len() == 1)?;
        Some(self.expr(scope, scope.base, edge.on[0].0))
    }

    pub(super) fn qualified(&mut self, scope: &Scope<'a>, amount: &roles::Amount) -> String {
        let contract = self.contract(scope.base);
        let mut columns = Vec::new();
        for name in &amount.columns {
            let expr = self.expr(scope, scope.base, name);
            let column = contract.and_then(|c| c.column(name.as_str()));
            columns.push(column.map(|c| self.in_units(c, expr.clone())).unwrap_or(expr));
        }
        columns.join(" * ")
    }
}
