//! Formulas in words become SQL.

use crate::spec::Model;
use crate::vocabulary::TableRef;

use super::Assembly;
use super::columns::Scope;
use crate::requirement::piece::Formula;

impl<'a> Assembly<'_, 'a> {
    /// A formula in SQL; every column brought into scope.
    pub(super) fn formula(&mut self, scope: &mut Scope<'a>, formula: &Formula<'a>, words: &str) -> Option<String> {
        // Everything into scope first, so that names are judged against all of it.
        self.bring(scope, formula, words)?;
        self.render(scope, formula, words, false)
    }

    pub(super) fn bring(&mut self, scope: &mut Scope<'a>, formula: &Formula<'a>, words: &str) -> Option<()> {
        match formula {
            Formula::Column(noun) => self.column(scope, noun, words).map(|_| ()),
            Formula::Number(_) => Some(()),
            Formula::Op(left, _, right) => {
                self.bring(scope, left, words)?;
                self.bring(scope, right, words)
            }
        }
    }

    pub(super) fn render(
        &mut self,
        scope: &mut Scope<'a>,
        formula: &Formula<'a>,
        words: &str,
        inner: bool,
    ) -> Option<String> {
        Some(match formula {
            Formula::Column(noun) => {
                let column = self.column(scope, noun, words)?;
                let expr = self.expr(scope, column.table, &column.column.name);
                self.in_units(column.column, expr)
            }
            Formula::Number(number) => number.clone(),
            Formula::Op(left, op, right) => {
                let tight = matches!(op, '*' | '/');
                let left_needs = tight && matches!(**left, Formula::Op(_, '+' | '-', _));
                let right_needs = matches!(**right, Formula::Op(..));
                let l = self.render(scope, left, words, left_needs)?;
                let r = self.render(scope, right, words, right_needs)?;
                // Whole numbers by whole numbers would lose the rest where that is what a database does.
                let r = match (op, &**right) {
                    ('/', Formula::Number(n)) if n.parse::<f64>().is_ok_and(|n| n != 0.0) => {
                        if n.contains('.') {
                            r
                        } else {
                            format!("{r}.0")
                        }
                    }
                    ('/', _) => format!("nullif({r}, 0)"),
                    _ => r,
                };
                let text = format!("{l} {op} {r}");
                if inner { format!("({text})") } else { text }
            }
        })
    }

    /// A sum before a product, as it was spoken, is said to the reviewer.
    pub(super) fn spoken_order(&mut self, model: &Model, formula: &Formula<'a>, expr: &str) {
        if let Formula::Op(left, '*' | '/', _) = formula
            && matches!(**left, Formula::Op(_, '+' | '-', _))
        {
            self.assume(
                format!("models.{}.measures", model.name),
                format!("the formula is read from left to right, as it was spoken: {expr}"),
            );
        }
    }

    pub(super) fn numbers_of(&self, table: &TableRef) -> Vec<String> {
        let columns = self.contract(table).map(|c| c.columns.iter()).into_iter().flatten();
        columns
            .filter(|c| c.data_type.is_numeric() && c.primary_key.is_none() && c.references.is_none())
            .map(|c| format!("{}.{}", table.table, c.name))
            .collect()
    }
}
