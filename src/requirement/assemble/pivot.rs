//! A column for each value: the measures before it are computed for each value that the contract knows.

use crate::requirement::Question;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Kind, Pivot};
use crate::requirement::roles;
use crate::spec::{Function, Measure, Model};
use crate::vocabulary::{DataType, Name};

use super::Assembly;
use super::columns::Scope;
use super::filters::literal;

/// More columns than people read beside each other.
const MOST: usize = 20;

impl<'a> Assembly<'_, 'a> {
    /// Spreads measures over the values of a column.
    pub(super) fn pivots(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let pieces = self.pieces;
        for (i, piece) in pieces.iter().enumerate() {
            let Kind::Pivot(pivot) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            let Some((expr, values)) = self.spread(scope, pivot, words) else { continue };
            let place = format!("models.{}.measures.", model.name);
            let after: Vec<&str> =
                self.became.range(i + 1..).flat_map(|(_, p)| p).filter_map(|p| p.strip_prefix(&place)).collect();
            let (mut later, mut before): (Vec<Measure>, Vec<Measure>) =
                model.measures.drain(..).partition(|m| after.contains(&m.name.as_str()));
            // `one column per status with the number of shipments`
            if before.is_empty() {
                std::mem::swap(&mut later, &mut before);
            }
            if let Some(measure) = before.iter().find(|m| m.expr.is_some()) {
                let about = format!("`{words}`: {} can't be told for each value yet.", measure.name);
                self.ask_that(Question::new(about).or_without());
                return;
            }
            // What has a column for each value has no row for each.
            model.group_by.retain(|g| g.expr.as_deref().unwrap_or(g.name.as_str()) != expr);
            let alone = before.len() == 1;
            for measure in &before {
                for (said, condition) in &values {
                    let name = if alone { said.clone() } else { format!("{said}_{}", measure.name) };
                    let mut own = measure.clone();
                    own.name = Name::from_text(&name, "value");
                    own.filter = Some(match &measure.filter {
                        Some(both) => format!("{both} and {condition}"),
                        None => condition.clone(),
                    });
                    let of = measure.description.as_deref().unwrap_or_default().trim_end_matches('.');
                    own.description = Some(format!("{of} where {condition}."));
                    let taken = model.measures.iter().any(|m| m.name == own.name)
                        || model.group_by.iter().any(|g| g.name == own.name);
                    if taken {
                        own.name = Name::from_text(&format!("{name}_value"), "value");
                    }
                    self.note(i, format!("{place}{}", own.name));
                    model.measures.push(own);
                }
                // A measure's own words now stand for the first of its columns.
                let first = if alone { values[0].0.clone() } else { format!("{}_{}", values[0].0, measure.name) };
                let (old, new) =
                    (format!("{place}{}", measure.name), format!("{place}{}", Name::from_text(&first, "value")));
                self.became.values_mut().flatten().filter(|p| **p == old).for_each(|p| p.clone_from(&new));
            }
            model.measures.extend(later);
        }
    }

    /// The column, and for each of its values what people call it and the condition.
    fn spread(
        &mut self,
        scope: &mut Scope<'a>,
        pivot: &Pivot<'a>,
        words: &str,
    ) -> Option<(String, Vec<(String, String)>)> {
        let column = match &pivot.noun {
            Some(noun) if noun.hits.columns.is_empty() => {
                self.label_of(scope, noun.hits.tables.first().copied()?, words)?
            }
            Some(noun) => self.column(scope, noun, words)?,
            None => {
                let of: Vec<ColumnOf<'a>> =
                    pivot.values.first()?.of.iter().map(|v| ColumnOf { table: v.table, column: v.column }).collect();
                let column = self.pick(scope, &of, words)?;
                self.reach(scope, column.table, words).then_some(column)?
            }
        };
        let expr = self.expr(scope, column.table, &column.column.name);
        if column.column.data_type == DataType::Boolean {
            let name = column.column.name.as_str();
            let bare = ["is_", "has_", "was_"].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
            return Some((
                expr.clone(),
                vec![(bare.to_owned(), expr.clone()), (format!("not_{bare}"), format!("not {expr}"))],
            ));
        }
        // Values that are only examples were all there were when the source was discovered.
        let known = [&column.column.accepted_values, &column.column.examples].into_iter().find(|v| !v.is_empty());
        let named: Vec<&str> = pivot
            .values
            .iter()
            .flat_map(|v| &v.of)
            .filter(|v| v.table == column.table && v.column.name == column.column.name)
            .filter_map(|v| v.value)
            .collect();
        let values: Vec<&str> =
            if named.is_empty() { known.into_iter().flatten().map(String::as_str).collect() } else { named };
        let what = format!("{}.{}", column.table.table, column.column.name);
        if values.is_empty() || values.len() > MOST {
            let about = if values.is_empty() {
                format!("`{words}`: the contract does not know the values of {what}. Which columns are meant?")
            } else {
                format!("`{words}`: {what} has {} values, too many for columns. Which ones are meant?", values.len())
            };
            let few = values.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let question = Question::new(about).or(format!("for each {}", column.column.name)).or_without();
            self.ask_that(if few.is_empty() { question } else { question.or(format!("with columns for {few}")) });
            return None;
        }
        let spelt = |v: &str| {
            let digits = v.starts_with(|c: char| c.is_ascii_digit());
            if digits { format!("{}_{v}", column.column.name) } else { v.to_owned() }
        };
        let list = values.iter().map(|v| (spelt(v), format!("{expr} = {}", literal(column, v)))).collect();
        Some((expr, list))
    }

    /// What the rows of a table are called by.
    fn label_of(
        &mut self,
        scope: &mut Scope<'a>,
        table: &'a crate::vocabulary::TableRef,
        words: &str,
    ) -> Option<ColumnOf<'a>> {
        let Some(column) = self.contract(table).and_then(roles::label) else {
            let about = format!("`{words}`: {} has no column whose values could be columns.", table.table);
            self.ask_that(Question::new(about).or(format!("for each of the {}", table.table)));
            return None;
        };
        self.reach(scope, table, words).then_some(ColumnOf { table, column })
    }
}

impl Assembly<'_, '_> {
    /// A condition on one measure only; those that are expressions have theirs written into them.
    pub(super) fn only_where(computed: &mut Measure, condition: &str) {
        if computed.function().is_some_and(|(f, _)| f != Function::Expr) {
            computed.filter = Some(condition.to_owned());
            computed.description =
                computed.description.take().map(|d| format!("{} where {condition}.", d.trim_end_matches('.')));
        }
    }
}
