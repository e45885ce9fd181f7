//! Branches of a `case` that no row comes to.

use sqlparser::ast::{BinaryOperator, Expr, Function, UnaryOperator, Value};

use super::Query;
use super::absent::defaulted;
use super::expressions::{alternatives, arguments, bare, column, conjuncts, is_literal, is_null, same_column, text};
use super::look::{View, span};
use super::outline::{Origin, Piece, Target};
use crate::vocabulary::Diagnostic;

/// A test of one column against what is written out.
enum Test<'a> {
    /// It is compared with a number or a text.
    Compared(&'a Expr, BinaryOperator, Literal<'a>),
    /// It is one of these.
    OneOf(&'a Expr, Vec<Literal<'a>>),
    /// It is like a text that begins so, and goes on in any way where that is all.
    Begins(&'a Expr, &'a str, bool),
    /// It is held against something else.
    Other(&'a Expr),
    /// It has a value.
    Filled(&'a Expr),
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Literal<'a> {
    Number(f64),
    Text(&'a str),
}

/// So many branches are held against each other.
const MOST: usize = 48;

pub(super) fn unreachable(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        if let Some((before, never)) = defaulted(piece.expr).and_then(|f| after_a_default(&view, piece.select, f)) {
            let finding = Diagnostic::warning("case-branch-unreachable", "this value is never taken")
                .why(format!("`{before}` comes before it, and is never null"))
                .next("put the default last");
            out.push(view.at(span(never), finding));
        }
        let Expr::Case { operand, conditions, .. } = piece.expr else { continue };
        if let Some((all, name)) =
            conditions.iter().take(MOST).rev().skip(1).find_map(|w| Some((w, never_less(&view, &w.condition)?)))
        {
            let finding = Diagnostic::warning("case-branch-unreachable", "every row comes to this branch")
                .why(format!("`{name}` is never null nor below 0, so nothing is left for the branches after it"))
                .next("hold it against the bound that is meant, or put it last");
            out.push(view.at(span(&all.condition), finding));
        }
        for (i, when) in conditions.iter().enumerate().take(MOST).skip(1) {
            let earlier = conditions[..i].iter().find(|before| {
                let same = before.condition == when.condition;
                let taken = operand.is_none() && takes(&before.condition, &when.condition);
                (same || taken) && (before.result != when.result || !same)
            });
            let Some(earlier) = earlier else { continue };
            let finding = Diagnostic::warning("case-branch-unreachable", "no row comes to this branch")
                .why(format!("whatever it is for meets `{}` before", earlier.condition))
                .next("put the narrower condition first");
            out.push(view.at(span(&when.condition), finding));
        }
    }
}

/// A measure that is there in every row and never below 0, held against 0 so that all pass.
fn never_less<'e>(view: &View<'_, '_>, condition: &'e Expr) -> Option<&'e str> {
    const NEVER: &[&str] = &[
        "odometer",
        "mileage",
        "count",
        "age",
        "weight",
        "kg",
        "height",
        "width",
        "area",
        "population",
        "size",
        "capacity",
    ];
    let Expr::BinaryOp { left, op: BinaryOperator::GtEq, right } = bare(condition) else { return None };
    let name = column(left).filter(|_| super::expressions::whole_number(right) == Some(0))?;
    let named = super::expressions::words(&name.value);
    let measure = named.iter().any(|w| NEVER.contains(&w.as_str()))
        && !named.iter().any(|w| ["change", "diff", "delta", "net"].contains(&w.as_str()));
    (measure && view.seen(left).and_then(|c| c.nullable) == Some(false)).then_some(name.value.as_str())
}

/// A literal in a `coalesce`, and what stands after it for the rows that it has taken already.
fn after_a_default<'e>(view: &View<'_, 'e>, select: Option<usize>, f: &'e Function) -> Option<(String, &'e Expr)> {
    let list: Vec<&Expr> = arguments(f).collect();
    let (last, front) = list.split_last()?;
    for (i, part) in front.iter().enumerate() {
        let next = list[i + 1];
        // After a literal nothing is looked at; of two literals it is all the same.
        let filled = is_literal(part) && is_written(view, part)
            || defaulted(part).is_some_and(|f| arguments(f).last().is_some_and(is_literal))
            || column(part).is_some() && is_filled_before(view, select?, part);
        if filled && !is_literal(next) && !is_null(next) && !std::ptr::eq(*part, *last) {
            return Some((part.to_string(), next));
        }
    }
    None
}

/// Whether an expression stands in the file as it is, and is not what a variable or macro gave.
fn is_written(view: &View<'_, '_>, expr: &Expr) -> bool {
    let at = span(expr).start;
    let at = usize::try_from(at.line).ok().zip(usize::try_from(at.column).ok());
    at.is_some_and(|(line, column)| view.rendered.written(line, column).is_some())
}

/// Whether an expression has a literal in the place of null, by what stands here or in the CTE before.
pub(super) fn is_filled<'e>(view: &View<'_, 'e>, piece: &Piece<'e>, expr: &'e Expr) -> bool {
    match (defaulted(expr), piece.select) {
        (Some(f), _) => fills(f) && is_written(view, expr),
        // To ask once more costs nothing, but where it leaves no row.
        (None, Some(select)) if matches!(piece.expr, Expr::IsNull(_)) => {
            let mut filters = view.outline.selects[select].conditions();
            filters.any(|f| std::ptr::eq(f, piece.expr))
                && column(expr).is_some()
                && is_filled_before(view, select, expr)
        }
        _ => false,
    }
}

/// Whether a default is one that is never null.
fn fills(f: &Function) -> bool {
    arguments(f).last().is_some_and(is_literal) || super::expressions::is_one_of(f, &["zeroifnull"])
}

/// Whether a CTE has put a literal in the place of null already.
fn is_filled_before<'e>(view: &View<'_, 'e>, select: usize, expr: &'e Expr) -> bool {
    // An outer join makes it null again.
    let outer = |s: usize, e: &Expr| view.relation(s, e).is_none_or(|r| view.outline.selects[s].relations[r].outer);
    match view.outline.origin(select, expr) {
        Some(Origin::Expr(made, at)) => {
            let direct =
                view.relation(select, expr).and_then(|r| match view.outline.selects[select].relations[r].target {
                    Target::Level(level) => view.outline.levels[level].select,
                    _ => None,
                });
            direct == Some(at) && !outer(select, expr) && defaulted(made).is_some_and(fills)
        }
        _ => false,
    }
}

/// Whether every row that meets one condition meets another.
fn takes(wide: &Expr, narrow: &Expr) -> bool {
    let Some(wide_parts) = alternatives(bare(wide)).into_iter().map(test).collect::<Option<Vec<_>>>() else {
        return false;
    };
    // Each way to meet the narrow one must meet the wide one.
    alternatives(bare(narrow)).into_iter().all(|way| {
        let parts: Vec<Test<'_>> = conjuncts(way).into_iter().flat_map(tests).collect();
        parts.iter().any(|narrow| wide_parts.iter().any(|wide| holds(wide, narrow)))
    })
}

fn test(expr: &Expr) -> Option<Test<'_>> {
    match tests(expr).as_mut_slice() {
        [_] => tests(expr).pop(),
        _ => None,
    }
}

/// What a condition asks of one column; a range asks two things.
fn tests(expr: &Expr) -> Vec<Test<'_>> {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
    let one = match bare(expr) {
        Expr::BinaryOp { left, op: op @ (Eq | Gt | GtEq | Lt | LtEq), right }
            if literal(left).is_some() != literal(right).is_some() =>
        {
            match (literal(left), literal(right)) {
                (None, Some(value)) if is_value(left) => Some(Test::Compared(left, op.clone(), value)),
                (Some(value), None) if is_value(right) => {
                    let op = match op {
                        Gt => Lt,
                        GtEq => LtEq,
                        Lt => Gt,
                        LtEq => GtEq,
                        op => op.clone(),
                    };
                    Some(Test::Compared(right, op, value))
                }
                _ => None,
            }
        }
        Expr::InList { expr, list, negated: false } if is_value(expr) => {
            list.iter().map(literal).collect::<Option<Vec<_>>>().map(|list| Test::OneOf(expr, list))
        }
        Expr::IsNotNull(e) if is_value(e) => Some(Test::Filled(e)),
        Expr::Like { expr, pattern, negated: false, escape_char: None, any: false } if is_value(expr) => {
            text(pattern).filter(|t| !t.contains('\\')).map(|t| {
                let begin = t.find(['%', '_']).map_or(t, |end| &t[..end]);
                Test::Begins(expr, begin, t.strip_suffix('%') == Some(begin))
            })
        }
        Expr::BinaryOp { left, op: Eq | Gt | GtEq | Lt | LtEq | BinaryOperator::NotEq, .. } if is_value(left) => {
            Some(Test::Other(left))
        }
        Expr::Between { expr, negated: false, low, high } if is_value(expr) => {
            let bounds = literal(low).zip(literal(high));
            return bounds.map_or_else(Vec::new, |(low, high)| {
                vec![Test::Compared(expr, GtEq, low), Test::Compared(expr, LtEq, high)]
            });
        }
        _ => None,
    };
    one.into_iter().collect()
}

/// Whether it is a column, or what is calculated from columns.
fn is_value(expr: &Expr) -> bool {
    !is_literal(expr)
}

fn literal(expr: &Expr) -> Option<Literal<'_>> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(n, _) => n.parse().ok().map(Literal::Number),
            Value::SingleQuotedString(s) => Some(Literal::Text(s)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match literal(expr)? {
            Literal::Number(n) => Some(Literal::Number(-n)),
            Literal::Text(_) => None,
        },
        _ => None,
    }
}

fn holds(wide: &Test<'_>, narrow: &Test<'_>) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
    let of = |t: &Test<'_>| -> Expr {
        match t {
            Test::Compared(e, ..) | Test::OneOf(e, _) | Test::Begins(e, ..) | Test::Filled(e) | Test::Other(e) => {
                (*e).clone()
            }
        }
    };
    let (a, b) = (of(wide), of(narrow));
    if !(bare(&a) == bare(&b) || column(&a).is_some() && same_column(&a, &b)) {
        return false;
    }
    let meets = |op: &BinaryOperator, bound: Literal<'_>, value: Literal<'_>| match (bound, value) {
        // How texts are ordered is for the database.
        (Literal::Text(_), Literal::Text(_)) if *op != Eq => false,
        _ => match op {
            Eq => value == bound,
            Gt => value > bound,
            GtEq => value >= bound,
            Lt => value < bound,
            LtEq => value <= bound,
            _ => false,
        },
    };
    match (wide, narrow) {
        (Test::Filled(_), _) => true,
        (Test::Compared(_, op, bound), Test::Compared(_, Eq, value)) => meets(op, *bound, *value),
        (Test::Compared(_, op, bound), Test::OneOf(_, list)) => list.iter().all(|v| meets(op, *bound, *v)),
        (Test::Compared(_, op, bound), Test::Compared(_, other, value)) => {
            let (Literal::Number(bound), Literal::Number(value)) = (bound, value) else { return false };
            match (op, other) {
                (Gt, Gt) | (GtEq, GtEq | Gt) => value >= bound,
                (Gt, GtEq) => value > bound,
                (Lt, Lt) | (LtEq, LtEq | Lt) => value <= bound,
                (Lt, LtEq) => value < bound,
                _ => false,
            }
        }
        (Test::OneOf(_, list), Test::Compared(_, Eq, value)) => list.contains(value),
        (Test::OneOf(_, wide), Test::OneOf(_, narrow)) => narrow.iter().all(|v| wide.contains(v)),
        (Test::Begins(_, begin, true), Test::Begins(_, other, _)) => other.starts_with(begin),
        (Test::Begins(_, begin, true), Test::Compared(_, Eq, Literal::Text(value))) => value.starts_with(begin),
        _ => false,
    }
}
