//! Conditions that are never or always true, or bind otherwise than they read.

use sqlparser::ast::{BinaryOperator, Expr, Spanned};

use super::expressions::{
    alternatives, arguments, bare, call, column, compares, conjuncts, is_literal, same_column, text, words,
};
use super::look::span;
use super::outline::Clause;
use super::{Family, Look, Query, Rule};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "condition-constant",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "a condition that is true for every row or for none",
        look: Look::Query(condition_constant),
    },
    Rule {
        code: "case-never-equal",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "a text in lower case held against one with capitals, or the other way round",
        look: Look::Query(case_never_equal),
    },
    Rule {
        code: "case-branch-unreachable",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a branch of a `case` that an earlier one leaves nothing for",
        look: Look::Query(super::branches::unreachable),
    },
    Rule {
        code: "and-before-or",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "`or` beside `and` without brackets, which binds otherwise than it reads",
        look: Look::Query(and_before_or),
    },
];

/// `x = 'a'`: the column and the literal.
fn held<'a>(expr: &'a Expr, wanted: &BinaryOperator) -> Option<(&'a Expr, &'a Expr)> {
    match bare(expr) {
        Expr::BinaryOp { left, op, right } if op == wanted => {
            if column(left).is_some() && is_literal(right) {
                Some((left, right))
            } else if column(right).is_some() && is_literal(left) {
                Some((right, left))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// So many parts of one condition are held against each other.
const MOST: usize = 64;

fn condition_constant(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    super::possible::bounds_apart(&view, out);
    super::possible::never_accepted(&view, out);
    for (i, piece) in view.outline.pieces.iter().enumerate() {
        // The rest of a chain was looked at with its beginning.
        let before = i.checked_sub(1).map(|i| view.outline.pieces[i].expr);
        let of_chain = |wanted: &BinaryOperator| matches!(before, Some(Expr::BinaryOp { left, op, .. }) if op == wanted && std::ptr::eq(left.as_ref(), piece.expr));
        match piece.expr {
            Expr::BinaryOp { op: op @ (BinaryOperator::Or | BinaryOperator::And), .. } if of_chain(op) => {}
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
                let parts = alternatives(piece.expr);
                let differs: Vec<_> = parts.iter().filter_map(|p| held(p, &BinaryOperator::NotEq)).take(MOST).collect();
                let always = differs.iter().enumerate().any(|(i, (column, value))| {
                    differs[..i].iter().any(|(c, v)| same_column(c, column) && unlike(v, value))
                });
                if always {
                    let finding =
                        Diagnostic::error("condition-constant", "this is true for every row that has a value")
                            .why("no value equals both, so it differs from one of them")
                            .next("write `and`, or `not in (…)`");
                    out.push(view.at(span(piece.expr), finding));
                }
            }
            Expr::BinaryOp { op: BinaryOperator::And, .. } => {
                let parts = conjuncts(piece.expr);
                let equal: Vec<_> = parts.iter().filter_map(|p| held(p, &BinaryOperator::Eq)).take(MOST).collect();
                let never = equal.iter().enumerate().any(|(i, (column, value))| {
                    equal[..i].iter().any(|(c, v)| same_column(c, column) && unlike(v, value))
                });
                if never {
                    let around = view.outline.around(i).find(|e| !matches!(e, Expr::Nested(_)));
                    let what = match around {
                        Some(Expr::UnaryOp { op: sqlparser::ast::UnaryOperator::Not, .. }) => {
                            "this is true for every row that has a value"
                        }
                        _ => "this is true for no row",
                    };
                    let finding = Diagnostic::error("condition-constant", what)
                        .why("no value equals both")
                        .next("write `or`, or `in (…)`");
                    out.push(view.at(span(piece.expr), finding));
                }
            }
            Expr::BinaryOp { left, op, right }
                if compares(op)
                    && matches!((bare(left), bare(right)), (Expr::CompoundIdentifier(a), Expr::CompoundIdentifier(b)) if same_names(a, b)) =>
            {
                let finding = Diagnostic::error("condition-constant", "a column is held against itself")
                    .why("it is the same for every row that has a value")
                    .next("name the column of the other side");
                out.push(view.at(span(piece.expr), finding));
            }
            Expr::IsNull(e) | Expr::IsNotNull(e) if super::branches::is_filled(&view, piece, e) => {
                let none = matches!(piece.expr, Expr::IsNull(_));
                let what = if none { "this is true for no row" } else { "this is true for every row" };
                let finding = Diagnostic::error("condition-constant", what)
                    .why(format!("`{e}` has a default, and is never null"))
                    .next("ask for the column as it is, without the default");
                out.push(view.at(span(piece.expr), finding));
            }
            Expr::Between { negated: false, low, high, .. } => {
                let turned = match (text(low), text(high)) {
                    (Some(a), Some(b)) => {
                        a > b && a.len() == b.len() && a.as_bytes().first().is_some_and(u8::is_ascii_digit)
                    }
                    _ => match (super::expressions::whole_number(low), super::expressions::whole_number(high)) {
                        (Some(a), Some(b)) => a > b,
                        _ => false,
                    },
                };
                if turned || super::clock::stamp(low) && super::clock::is_past(high) {
                    let finding = Diagnostic::error("condition-constant", "this is true for no row")
                        .why("`between` wants the smaller side first")
                        .next("turn the two round");
                    out.push(view.at(low.span(), finding));
                }
            }
            _ => {}
        }
    }
}

fn same_names(a: &[sqlparser::ast::Ident], b: &[sqlparser::ast::Ident]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value.eq_ignore_ascii_case(&b.value))
}

/// Whether two literals are different values for sure.
fn unlike(a: &Expr, b: &Expr) -> bool {
    match (text(a), text(b)) {
        (Some(a), Some(b)) => !a.eq_ignore_ascii_case(b),
        _ => match (super::expressions::whole_number(a), super::expressions::whole_number(b)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        },
    }
}

fn case_never_equal(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let mut pairs: Vec<(&Expr, &Expr)> = Vec::new();
        match piece.expr {
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => {
                pairs.extend([(left.as_ref(), right.as_ref()), (right.as_ref(), left.as_ref())]);
            }
            Expr::InList { expr, list, .. } => pairs.extend(list.iter().map(|item| (expr.as_ref(), item))),
            Expr::Like { expr, pattern, .. } => pairs.push((expr, pattern)),
            Expr::Case { operand: Some(operand), conditions, .. } => {
                pairs.extend(conditions.iter().map(|w| (operand.as_ref(), &w.condition)));
            }
            _ => {}
        }
        for (folded, literal) in pairs {
            let Some(literal_text) = text(literal) else { continue };
            let wrong =
                |names: &[&str], other: fn(char) -> bool| folds(folded, names) && literal_text.chars().any(other);
            let (what, next) = if wrong(&["lower", "lcase"], char::is_uppercase) {
                ("a text in lower case never equals one with capitals", literal_text.to_lowercase())
            } else if wrong(&["upper", "ucase"], char::is_lowercase) {
                ("a text in capitals never equals one with small letters", literal_text.to_uppercase())
            } else {
                continue;
            };
            let finding = Diagnostic::error("case-never-equal", what).next(format!("write `'{next}'`"));
            let mut finding = view.at(literal.span(), finding);
            let to = literal.span();
            let quoted = format!("'{}'", next.replace('\'', "''"));
            finding.fix = view.fix(to.start, to.end, &quoted).map(Box::new);
            out.push(finding);
        }
    }
}

/// Whether an expression is a call of one of these, other calls that keep the case around it allowed.
fn folds(expr: &Expr, names: &[&str]) -> bool {
    if call(expr, names).is_some() {
        return true;
    }
    match bare(expr) {
        Expr::Trim { expr, .. } => folds(expr, names),
        Expr::Function(f) if super::expressions::is_one_of(f, &["trim", "ltrim", "rtrim"]) => {
            arguments(f).next().is_some_and(|e| folds(e, names))
        }
        _ => false,
    }
}

/// Whether a text says that all of what one side asks for are meant: `all denied claims, and open ones above …`.
fn is_told(query: &Query<'_>, lone: &Expr) -> bool {
    let Expr::BinaryOp { right, .. } = bare(lone) else { return false };
    let Some(value) = text(right).map(super::promised::plain) else { return false };
    let value = value.trim();
    let all = ["all", "all the", "all of the", "every", "any"].map(|all| format!("{all} {value}"));
    let whatever = ["whatever", "regardless", "irrespective", "of any"];
    super::promised::told(query.node).iter().any(|t| {
        all.iter().any(|a| super::promised::has(t, &[a.as_str()]))
            || super::promised::has(t, &whatever) && super::promised::has(t, &[value])
    })
}

/// Whether a condition is about what another asks for: `status = 'paused' and paused_on > …`.
fn is_about(condition: &Expr, of: &Expr) -> bool {
    let Expr::BinaryOp { right, .. } = bare(of) else { return false };
    let stem = |w: &str| w.chars().take(5).collect::<String>();
    let values: Vec<String> = text(right).map(words).unwrap_or_default().iter().map(|w| stem(w)).collect();
    let named = super::incremental::find_column(condition).map(|c| words(&c.value)).unwrap_or_default();
    named.iter().any(|w| w.len() > 3 && values.contains(&stem(w)))
}

/// `status = 'a' or status = 'b' and day > …`: the two that are about one column were meant together.
fn and_before_or(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in view.outline.pieces.iter().filter(|p| matches!(p.clause, Clause::Where | Clause::On | Clause::Having))
    {
        let Expr::BinaryOp { op: BinaryOperator::Or, .. } = piece.expr else { continue };
        if piece.depth > 0 {
            continue;
        }
        let parts = alternatives(piece.expr);
        let bare_and = |e: &Expr| matches!(e, Expr::BinaryOp { op: BinaryOperator::And, .. });
        let tested = |e: &Expr| match bare(e) {
            Expr::BinaryOp { left, op, right } if compares(op) && is_literal(right) => {
                column(left).map(|_| left.as_ref().clone())
            }
            Expr::IsNull(e) | Expr::IsNotNull(e) => column(e).map(|_| e.as_ref().clone()),
            Expr::Like { expr, .. } | Expr::ILike { expr, .. } | Expr::InList { expr, .. } => {
                column(expr).map(|_| expr.as_ref().clone())
            }
            _ => None,
        };
        let mut wrong = false;
        for pair in parts.windows(2) {
            let [a, b] = pair else { continue };
            // The part next to the `or` is about the same column as the other side, and the rest of its `and` is not.
            let (lone, chain, first) = match (bare_and(a), bare_and(b)) {
                (false, true) => (*a, conjuncts(b), true),
                (true, false) => (*b, conjuncts(a), false),
                _ => continue,
            };
            let (near, rest): (Option<&&Expr>, Vec<&&Expr>) = match first {
                true => (chain.first(), chain.iter().skip(1).collect()),
                false => (chain.last(), chain.iter().rev().skip(1).collect()),
            };
            let (Some(one), Some(other)) = (tested(lone), near.and_then(|e| tested(e))) else { continue };
            let others = rest.iter().all(|e| tested(e).is_none_or(|c| !same_column(&c, &one)));
            let of_value = near.is_some_and(|near| rest.iter().all(|e| is_about(e, near)));
            wrong |= same_column(&one, &other) && others && !rest.is_empty() && !of_value && !is_told(query, lone);
        }
        if wrong {
            let finding = Diagnostic::warning("and-before-or", "the `and` binds to one side of the `or` only")
                .why("`a or b and c` is `a or (b and c)`")
                .next("put brackets around what belongs together");
            out.push(view.at(span(piece.expr), finding));
        }
    }
}
