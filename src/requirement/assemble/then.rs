//! What is done with computed numbers: factors, whole units of what is kept in cents, rounding.

use crate::contract::Column;
use crate::requirement::piece::{Kind, Measure, Then};
use crate::requirement::recognise::{counts, is_cents};
use crate::spec::{Function, Measure as Computed, Model};

use super::Assembly;
use super::share::aggregate_sql;

impl<'a> Assembly<'_, 'a> {
    /// Applies what the words say to be done with the measure of a piece.
    pub(super) fn then(
        &mut self,
        piece: usize,
        measure: &Measure<'a>,
        model: &Model,
        mut computed: Computed,
    ) -> Computed {
        for (i, then) in self.said_of(piece) {
            match then {
                Then::Times(factor) => {
                    let Some((function, expr)) = computed.function().map(|(f, e)| (f, e.to_owned())) else { continue };
                    let sum = expr.contains(" + ") || expr.contains(" - ");
                    let expr = if sum { format!("({expr}) * {factor}") } else { format!("{expr} * {factor}") };
                    computed = Computed { name: computed.name.clone(), ..replaced(computed, function, expr) };
                    computed.description =
                        computed.description.map(|d| format!("{}, times {factor}.", d.trim_end_matches('.')));
                }
                Then::Round(digits) if !counts(measure) => {
                    let Some(sql) = aggregate_sql(&computed) else { continue };
                    let text = computed.description.clone().unwrap_or_default();
                    computed = Computed::new(computed.name, Function::Expr, format!("round({sql}, {digits})"));
                    computed.description =
                        Some(format!("{}, rounded to {digits} decimals.", text.trim_end_matches('.')));
                }
                _ => continue,
            }
            self.note(i, format!("models.{}.measures.{}", model.name, computed.name));
        }
        computed
    }

    /// What is said of the measure of a piece: after it, before one that it is not said of.
    fn said_of(&self, piece: usize) -> Vec<(usize, Then)> {
        let mut out = Vec::new();
        let mut others = 0;
        for (i, p) in self.pieces.iter().enumerate().skip(piece + 1) {
            match &p.kind {
                Kind::Measure(_) => others += 1,
                Kind::Then(then @ Then::Round(_)) => out.push((i, then.clone())),
                Kind::Then(then @ Then::Times(_)) if others == 0 => out.push((i, then.clone())),
                _ => {}
            }
        }
        out
    }

    /// A column in whole units, where it is kept in cents and whole units are wanted.
    pub(super) fn in_units(&mut self, column: &Column, expr: String) -> String {
        let wanted = self.pieces.iter().position(|p| matches!(p.kind, Kind::Then(Then::Major)));
        let Some(piece) = wanted else { return expr };
        // A formula of the requirement's own has it already.
        let said = self.pieces.iter().any(|p| (p.tokens.start..p.tokens.end).any(|t| self.scan.word(t) == "100"));
        if said {
            self.note(piece, "models");
        }
        if said || !is_cents(column) {
            return expr;
        }
        self.note(piece, "models");
        format!("{expr} / 100.0")
    }

    /// Whether prices are wanted with what is taken off, where that is said.
    pub(super) fn after_discount(&mut self) -> Option<bool> {
        let found = self.pieces.iter().enumerate().find_map(|(i, p)| match p.kind {
            Kind::Then(Then::Discount { after }) => Some((i, after)),
            _ => None,
        });
        let (i, after) = found?;
        self.note(i, "models");
        Some(after)
    }
}

/// The same measure over another expression.
fn replaced(computed: Computed, function: Function, expr: String) -> Computed {
    let new = Computed::new(computed.name.clone(), function, expr);
    Computed { filter: computed.filter, by: computed.by, description: computed.description, ..new }
}
