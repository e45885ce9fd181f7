//! Columns that stand by themselves among the measures.

use crate::spec::{Function, Measure as Computed, Model};

use super::Assembly;
use super::columns::Scope;
use super::measures::{head_of, people, total_name};
use crate::requirement::Question;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Formula, Kind, Measure, Noun, What};
use crate::requirement::roles;

/// A column that stands by itself among the measures: it is summed.
pub(super) fn summed<'a>(noun: &Noun<'a>) -> Option<Measure<'a>> {
    let number = |c: &ColumnOf<'_>| roles::is_number(c.column);
    let alone = noun.hits.tables.is_empty() && !noun.hits.columns.is_empty();
    let mut noun = noun.clone();
    let values = std::mem::take(&mut noun.values);
    let numbers = alone && noun.hits.columns.iter().all(number);
    let what = What::Of { function: Function::Sum, formula: Formula::Column(noun) };
    numbers.then_some(Measure { what, values })
}

impl<'a> Assembly<'_, 'a> {
    /// Columns that stand by themselves among the measures: summed, since there is one row for several.
    pub(super) fn named_columns(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Noun(noun) = &piece.kind else { continue };
            if noun.hits.columns.is_empty() || !noun.hits.tables.is_empty() {
                continue;
            }
            if Self::names_time(noun) && self.counts_by_unit() {
                self.note_grain(model, i);
                continue;
            }
            let words = self.scan.words(&piece.tokens);
            if let (Some(home), Some(measure)) = (self.below.get(&i).copied(), summed(noun)) {
                if let Some(computed) = self.lifted_measure(scope, home, &measure, words) {
                    let at = self.add(model, computed);
                    let place = format!("models.{}.measures.{}", model.name, model.measures[at].name);
                    self.assume(place.clone(), format!("`{words}` is summed: no other function is named"));
                    self.note(i, place);
                }
                continue;
            }
            let Some(column) = self.column(scope, noun, words) else { continue };
            let numeric = column.column.data_type.is_numeric()
                && column.column.primary_key.is_none()
                && column.column.references.is_none();
            if !numeric || column.table != scope.base {
                let what = column.column.name.to_string();
                let about = format!(
                    "`{words}`: there is one row for several {}. What is wanted of `{what}`?",
                    scope.base.table
                );
                let question = Question::new(about).or(format!("for each {what}"));
                self.ask_that(question.or(format!("the number of different {what}")).or(format!("the latest {what}")));
                continue;
            }
            let expr = self.expr(scope, column.table, &column.column.name);
            let mut computed = Computed::new(total_name(&column.column.name), Function::Sum, expr);
            computed.description =
                Some(format!("Sum of {} over the {}.", column.column.name, people(&head_of(self, scope.base))));
            let at = self.add(model, computed);
            let place = format!("models.{}.measures.{}", model.name, model.measures[at].name);
            self.assume(place.clone(), format!("`{words}` is summed: no other function is named"));
            self.note(i, place);
        }
    }
}
