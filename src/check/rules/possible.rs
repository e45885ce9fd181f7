//! Conditions that no value meets, or every one: bounds that leave nothing between them or nothing out, and values that
//! a column is tested not to have.

use sqlparser::ast::{BinaryOperator, Expr, Spanned, UnaryOperator, Value};

use super::expressions::{alternatives, bare, column, conjuncts, same_column, text};
use super::look::{View, span};
use crate::vocabulary::{Diagnostic, Dialect};

/// So many parts of one condition are held against each other.
const MOST: usize = 64;

/// A number that a column is held against.
struct Bound<'a> {
    column: &'a Expr,
    op: BinaryOperator,
    number: f64,
}

fn number(expr: &Expr) -> Option<f64> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(n, _) => n.parse().ok(),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|n| -n),
        _ => None,
    }
}

fn bounds(expr: &Expr) -> Vec<Bound<'_>> {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
    match bare(expr) {
        Expr::BinaryOp { left, op: op @ (Eq | Gt | GtEq | Lt | LtEq), right } => {
            let turned = match op {
                Gt => Lt,
                GtEq => LtEq,
                Lt => Gt,
                LtEq => GtEq,
                op => op.clone(),
            };
            let one = match (column(left), number(left), column(right), number(right)) {
                (Some(_), _, _, Some(number)) => Some(Bound { column: left, op: op.clone(), number }),
                (_, Some(number), Some(_), _) => Some(Bound { column: right, op: turned, number }),
                _ => None,
            };
            one.into_iter().collect()
        }
        Expr::Between { expr, negated: false, low, high } if column(expr).is_some() => {
            let of = |op, e: &Expr| number(e).map(|number| Bound { column: expr, op, number });
            of(GtEq, low).into_iter().chain(of(LtEq, high)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_lower(bound: &Bound<'_>) -> bool {
    matches!(bound.op, BinaryOperator::Gt | BinaryOperator::GtEq)
}

/// Whether a value can be above the first and below the second.
fn leaves(lower: &Bound<'_>, upper: &Bound<'_>) -> bool {
    let strict = lower.op == BinaryOperator::Gt || upper.op == BinaryOperator::Lt;
    lower.number < upper.number || lower.number == upper.number && !strict
}

/// Bounds that leave nothing between them, or nothing out.
pub(super) fn bounds_apart(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for (i, piece) in view.outline.pieces.iter().enumerate() {
        let Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } = piece.expr else { continue };
        // The rest of a chain was looked at with its beginning.
        let before = i.checked_sub(1).map(|i| view.outline.pieces[i].expr);
        if matches!(before, Some(Expr::BinaryOp { left, op: o, .. }) if o == op && std::ptr::eq(left.as_ref(), piece.expr))
        {
            continue;
        }
        let every = *op == BinaryOperator::And;
        let parts = if every { conjuncts(piece.expr) } else { alternatives(piece.expr) };
        let all: Vec<Bound<'_>> = parts
            .into_iter()
            .map(bounds)
            // Of alternatives only those that ask one thing let all others pass.
            .filter(|b| every || b.len() == 1)
            .flatten()
            .take(MOST)
            .collect();
        let pairs = all.iter().enumerate().flat_map(|(i, a)| all[i + 1..].iter().map(move |b| (a, b)));
        let constant = pairs.filter(|(a, b)| same_column(a.column, b.column)).any(|(a, b)| {
            let is_value = |b: &Bound<'_>| b.op == BinaryOperator::Eq;
            match (every, is_value(a) || is_value(b)) {
                (true, true) if is_value(a) && is_value(b) => false,
                (true, true) => {
                    let (value, bound) = if is_value(a) { (a, b) } else { (b, a) };
                    match is_lower(bound) {
                        true => !leaves(bound, value),
                        false => !leaves(value, bound),
                    }
                }
                (false, true) => false,
                (every, false) if is_lower(a) != is_lower(b) => {
                    let (lower, upper) = if is_lower(a) { (a, b) } else { (b, a) };
                    match every {
                        true => !leaves(lower, upper),
                        // Whatever is not below is above.
                        false => {
                            let both = lower.op == BinaryOperator::Gt && upper.op == BinaryOperator::Lt;
                            lower.number < upper.number || lower.number == upper.number && !both
                        }
                    }
                }
                _ => false,
            }
        });
        if constant {
            let (what, why, next) = match every {
                true => (
                    "this is true for no row",
                    "nothing is between the two bounds",
                    "turn the comparisons round, or write `or`",
                ),
                false => (
                    "this is true for every row that has a value",
                    "what does not meet one meets the other",
                    "write `and`",
                ),
            };
            let finding = Diagnostic::error("condition-constant", what).why(why).next(next);
            out.push(view.at(span(piece.expr), finding));
        }
    }
}

/// A value that a column never has, as the tests of where it comes from have it: a slip of the pen.
pub(super) fn never_accepted(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    if view.query.told.values().all(|t| t.accepted.is_empty()) {
        return;
    }
    for piece in &view.outline.pieces {
        let Some(select) = piece.select else { continue };
        let (of, values, alone): (&Expr, Vec<&Expr>, bool) = match piece.expr {
            Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
                let is_eq = *op == BinaryOperator::Eq;
                if column(left).is_some() { (left, vec![right], is_eq) } else { (right, vec![left], is_eq) }
            }
            Expr::InList { expr, list, negated } => (expr, list.iter().collect(), list.len() == 1 && !negated),
            Expr::Case { operand: Some(operand), conditions, .. } => {
                (operand, conditions.iter().map(|w| &w.condition).collect(), false)
            }
            _ => continue,
        };
        let Some(name) = column(of).filter(|_| values.iter().any(|v| text(v).is_some())) else { continue };
        let Some(accepted) = view.accepted(select, of) else { continue };
        for value in values {
            let Some(wanted) = text(value).filter(|w| !w.is_empty() && !accepted.iter().any(|a| a == w)) else {
                continue;
            };
            let folded = accepted.iter().find(|a| a.eq_ignore_ascii_case(wanted));
            if folded.is_some() && view.query.dialect == Dialect::MySql {
                continue;
            }
            // Of several a value may well be one that is no longer given.
            let near = folded.or_else(|| accepted.iter().find(|a| is_near(a, wanted)));
            if near.is_none() && !alone {
                continue;
            }
            let list: Vec<String> = accepted.iter().take(6).map(|a| format!("`{a}`")).collect();
            let finding = Diagnostic::error("condition-constant", format!("no row has '{wanted}' in `{}`", name.value))
                .why(format!("what it may have is tested: {}", list.join(", ")))
                .next(match near {
                    Some(near) => format!("write '{near}'"),
                    None => "write one of these, or add it to the test".to_owned(),
                });
            out.push(view.at(value.span(), finding));
        }
    }
}

/// Whether two words differ in a letter that is left out, put in or another.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    if a.len() < 5 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    front + back + 1 >= a.len().max(b.len())
}
