//! Quotients that lose their fraction: of whole numbers, by an operator that cuts it off, by rounding before it is scaled.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, SelectItem};

use super::Query;
use super::expressions::{any, arguments, bare, call, column, is_named, is_one_of, whole_number, words};
use super::look::{View, span};
use super::outline::{Clause, Target};
use super::promised::{has, items, of_column, of_model};
use crate::sql::Fact;
use crate::vocabulary::Diagnostic;

pub(super) fn integer_division(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    quotients_called_rates(&view, out);
    let cut_off = |at| view.resolved.facts.noted.contains(&Fact::CutOff { at });
    for (i, piece) in view.outline.pieces.iter().enumerate() {
        let (what, next) = match piece.expr {
            Expr::BinaryOp { right, op: BinaryOperator::Divide, .. } if cut_off(span(right).start) => {
                ("both sides are whole numbers, and", "cast one side: `a::numeric / b`, or `a * 1.0 / b`")
            }
            Expr::Function(f) if is_named(f, "avg") && cut_off(span(piece.expr).start) => {
                ("it is of whole numbers, and", "cast what it is of: `avg(a::numeric)`, or `avg(a * 1.0)`")
            }
            _ => continue,
        };
        if piece.depth > 0 && meant(&view, i) || is_called_whole(&view, piece.select, piece.expr) {
            continue;
        }
        let label = query.dialect.label();
        let finding = Diagnostic::warning("integer-division", "the fraction is cut off")
            .why(format!("{what} {label} divides them to a whole number"))
            .next(next);
        out.push(view.at(span(piece.expr), finding));
    }
    scaled_too_late(&view, out);
}

/// What is called so has a fraction.
const FRACTIONS: &[&str] = &[
    "rate",
    "ratio",
    "share",
    "pct",
    "percent",
    "percentage",
    "avg",
    "average",
    "mean",
    "conversion",
    "per",
    "fraction",
    "proportion",
];

fn is_fraction(name: &str) -> bool {
    words(name).iter().any(|w| FRACTIONS.contains(&w.as_str()))
}

/// `a div b` and `a // b` say that the fraction goes; what is called a rate or an average has one.
fn quotients_called_rates(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for item in view.outline.selects.iter().flat_map(|p| &p.select.projection) {
        let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
        let said = || {
            let of_column = of_column(view.query, &alias.value);
            let of_model = of_model(view.query);
            // `Occupancy as a share between 0 and 1`.
            let named = || has(&of_model, &[words(&alias.value).join(" ").as_str()]);
            has(&of_column, SHARES)
                || has(&of_column, DECIMALS) && !has(&of_column, NO_DECIMALS)
                || has(&of_model, SHARES) && (of_column.trim().is_empty() && of_totals(expr) || named())
        };
        if cut_off(expr) && (is_fraction(&alias.value) || said() && !is_whole_name(&words(&alias.value))) {
            let finding = Diagnostic::warning("integer-division", "the fraction is cut off")
                .why(format!("`{}` reads as a fraction, and this divides to a whole number", alias.value))
                .next("divide with `/`, one side cast to a decimal where the dialect needs it");
            out.push(view.at(span(expr), finding));
        }
    }
}

/// What is described so has a fraction.
const SHARES: &[&str] = &[
    "share of",
    "percentage of",
    "per cent of",
    "percent of",
    "proportion of",
    "fraction of",
    "0 to 1",
    "between 0 and 1",
];

/// What is described so has digits after the point.
const DECIMALS: &[&str] = &["decimals", "decimal", "decimal places", "fractional"];
const NO_DECIMALS: &[&str] = &["no decimals", "without decimals", "no decimal", "0 decimals", "zero decimals"];

/// Whether both sides of a quotient are totals.
fn of_totals(expr: &Expr) -> bool {
    let total = |e: &Expr| any(e, &mut super::expressions::is_aggregate);
    matches!(bare(expr), Expr::BinaryOp { left, right, .. } if total(left) && total(right))
}

/// Whether it is a quotient without its fraction, whatever is done to that after.
fn cut_off(expr: &Expr) -> bool {
    use BinaryOperator::{Divide, DuckIntegerDivide, Multiply, MyIntegerDivide};
    let calculated = |e: &Expr| matches!(bare(e), Expr::Function(_) | Expr::BinaryOp { .. });
    match bare(expr) {
        Expr::BinaryOp { op: DuckIntegerDivide | MyIntegerDivide, .. } => true,
        Expr::BinaryOp { left, op: Multiply, right } => [left, right].into_iter().any(|e| calculated(e) && cut_off(e)),
        Expr::BinaryOp { left, op: Divide, .. } => calculated(left) && cut_off(left),
        Expr::Cast { expr, .. } => cut_off(expr),
        Expr::Function(f) if is_one_of(f, &["round", "avg", "coalesce"]) => arguments(f).next().is_some_and(cut_off),
        e => call(e, &["div"]).is_some(),
    }
}

/// `round(a / b) * 100` of what is called a percentage: it is 0 or 100.
fn scaled_too_late(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const UNIT_SHARES: &[&str] = &["share", "ctr", "proportion", "fraction"];
    let cut_off = |e: &Expr| match bare(e) {
        Expr::BinaryOp { right, .. } => view.resolved.facts.noted.contains(&Fact::CutOff { at: span(right).start }),
        _ => false,
    };
    for (_, expr, alias) in items(view) {
        let is_share = is_fraction(alias) || has(&of_column(view.query, alias), &["percent", "percentage", "share"]);
        let mut found = None;
        any(expr, &mut |e| {
            if let Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } = e {
                let scaled = [(left, right), (right, left)].into_iter();
                let quotient = scaled.filter(|(_, by)| is_hundred(by)).find_map(|(of, _)| whole_quotient(of));
                found = found.or(quotient.filter(|q| is_share && !cut_off(q)).map(|_| span(e)));
            }
            found.is_some()
        });
        // Of two amounts, not of a hundred times one.
        let plain = |e: &Expr| !any(e, &mut |e| whole_number(e).is_some_and(|n| n > 1) || is_hundred(e));
        let unit = words(alias).iter().any(|w| UNIT_SHARES.contains(&w.as_str()));
        let part = |q: &Expr| unit || is_part_of_all(q);
        if let Some(quotient) = whole_quotient(expr).filter(|q| part(q) && !cut_off(q) && plain(q)) {
            found = found.or(Some(span(quotient)));
        }
        if let Some(at) = found {
            let finding = Diagnostic::warning("integer-division", "the fraction is rounded away")
                .why(format!("`{alias}` is a part of a whole, and that is rounded to 0 or 1 before it is scaled"))
                .next("multiply by 100 first, and round what comes out");
            out.push(view.at(at, finding));
        }
    }
}

/// Whether a quotient is of some rows and all rows: at most 1.
fn is_part_of_all(quotient: &Expr) -> bool {
    let Expr::BinaryOp { left, right, .. } = quotient else { return false };
    let rows = |e: &Expr| {
        let e = call(e, &["nullif"]).and_then(|f| arguments(f).next()).unwrap_or(e);
        call(e, &["count"]).is_some_and(|f| f.filter.is_none() && arguments(f).all(super::expressions::is_literal))
    };
    let ones = |e: &Expr| matches!(bare(e), Expr::Case { conditions, .. } if conditions.iter().all(|w| whole_number(&w.result) == Some(1)));
    let some = call(left, &["count", "count_if", "countif"]).is_some()
        || call(left, &["sum"]).is_some_and(|f| arguments(f).all(ones));
    some && rows(right)
}

fn is_hundred(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(_)) && bare(expr).to_string().parse::<f64>().is_ok_and(|n| n == 100.0)
}

/// The quotient of two columns, of which an expression leaves a whole number.
fn whole_quotient(expr: &Expr) -> Option<&Expr> {
    fn quotient(expr: &Expr) -> Option<&Expr> {
        match bare(expr) {
            q @ Expr::BinaryOp { op: BinaryOperator::Divide, right, .. } => {
                (!super::expressions::is_literal(right)).then_some(q)
            }
            _ => None,
        }
    }
    match bare(expr) {
        Expr::Floor { expr, .. } | Expr::Ceil { expr, .. } => quotient(expr),
        Expr::Cast { expr, data_type, .. } if is_whole(data_type) => quotient(expr),
        Expr::Function(f) if is_one_of(f, &["round", "trunc", "truncate", "floor", "ceil", "ceiling"]) => {
            let mut list = arguments(f);
            let first = list.next()?;
            list.next().is_none_or(|digits| whole_number(digits) == Some(0)).then(|| quotient(first)).flatten()
        }
        Expr::Function(f) if is_one_of(f, &["coalesce", "ifnull", "nvl"]) => {
            arguments(f).next().and_then(whole_quotient)
        }
        _ => None,
    }
}

/// Whether a type has whole numbers alone.
pub(super) fn is_whole(data_type: &SqlType) -> bool {
    matches!(
        data_type,
        SqlType::Int(_)
            | SqlType::Integer(_)
            | SqlType::BigInt(_)
            | SqlType::SmallInt(_)
            | SqlType::Int64
            | SqlType::Int4(_)
            | SqlType::Int8(_)
    )
}

/// What a number is called from which the rest was left out on purpose.
const WHOLE: &[&str] = &[
    "whole",
    "full",
    "complete",
    "completed",
    "started",
    "begun",
    "rounded",
    "truncated",
    "int",
    "integer",
    "bucket",
    "bin",
    "band",
    "decile",
    "decade",
];

/// Whether a name says that only whole ones are meant: `full_vats`, `whole_pct`, but not `completed_rate`.
fn is_whole_name(named: &[String]) -> bool {
    let is = |w: &String| WHOLE.contains(&w.as_str());
    let fraction = named.iter().position(|w| FRACTIONS.contains(&w.as_str()));
    match fraction {
        None => named.iter().any(is),
        Some(at) => {
            ["pct", "percent", "percentage"].contains(&named[at].as_str())
                && at > 0
                && ["whole", "full", "rounded", "truncated", "int", "integer"].contains(&named[at - 1].as_str())
        }
    }
}

/// Whether a text says that only whole ones are meant.
fn says_whole(text: &str) -> bool {
    const SAID: &[&str] = &[
        "whole",
        "truncated",
        "rounded down",
        "cut off",
        "rest off",
        "integer",
        "floored",
        "full percent",
        "number of full",
        "only full",
    ];
    (has(text, SAID) || text.starts_with(" full ")) && !has(text, &["decimals", "decimal", "exact", "exactly"])
}

/// Whether what a quotient is given as is a whole number by its name, its description, its type in YAML, or beside its
/// rest.
fn is_called_whole(view: &View<'_, '_>, select: Option<usize>, quotient: &Expr) -> bool {
    let Some(select) = select else { return false };
    let items = &view.outline.selects[select].select.projection;
    let alias = items.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if std::ptr::eq(bounded(expr), quotient) => Some(&alias.value),
        _ => None,
    });
    let Some(alias) = alias else { return false };
    let named = words(alias);
    let fraction = named.iter().any(|w| FRACTIONS.contains(&w.as_str()));
    if is_whole_name(&named)
        || says_whole(&of_column(view.query, alias))
        || !fraction && has(&of_model(view.query), &["number of full", "number of whole", "number of complete"])
        || !fraction && rest_beside(items, quotient)
        || in_years(quotient, &named)
        || only_compared(view, select, alias)
    {
        return true;
    }
    // What is called nothing that has a fraction, and is declared as without one.
    let of_model = super::reruns::last(view).contains(&select);
    of_model && !fraction && super::promised::type_of(view.query, alias).is_some_and(|t| t.contains("int"))
}

/// Without what bounds it or puts a default in its place.
fn bounded(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Cast { expr, .. } => bounded(expr),
        Expr::Function(f) if is_one_of(f, &["round", "coalesce", "ifnull", "nvl", "least", "greatest"]) => {
            arguments(f).next().map_or(expr, bounded)
        }
        other => other,
    }
}

/// Whether what is left over stands beside a quotient: `mod(a, b)`, `a % b`.
fn rest_beside(items: &[SelectItem], quotient: &Expr) -> bool {
    let Expr::BinaryOp { left, right, .. } = quotient else { return false };
    let same = |a: &Expr, b: &Expr| bare(a) == bare(left) && bare(b) == bare(right);
    let rest = |e: &Expr| match e {
        Expr::BinaryOp { left, op: BinaryOperator::Modulo, right } => same(left, right),
        e => call(e, &["mod"]).is_some_and(|f| match arguments(f).collect::<Vec<_>>().as_slice() {
            [a, b] => same(a, b),
            _ => false,
        }),
    };
    items.iter().any(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => any(e, &mut |e| rest(e)),
        _ => false,
    })
}

/// Whether it is an age in years, which people count whole: `datediff(month, …) / 12`.
fn in_years(quotient: &Expr, named: &[String]) -> bool {
    let Expr::BinaryOp { left, right, .. } = quotient else { return false };
    named.iter().any(|w| w == "age")
        && matches!(whole_number(right), Some(12 | 365))
        && any(left, &mut |e| call(e, &["datediff", "date_diff", "timestampdiff", "months_between"]).is_some())
}

/// Whether a column of a CTE is only counted and held against other whole numbers by `>=` and `<`, which are as true of
/// what is cut off as of what is not.
fn only_compared(view: &View<'_, '_>, select: usize, alias: &str) -> bool {
    let level = view.outline.selects[select].level;
    if level == 0 || view.outline.selects.iter().any(|p| passes_on(p.select) && reads(p, level)) {
        return false;
    }
    let pieces = &view.outline.pieces;
    let mut uses = pieces.iter().enumerate().filter(|(_, p)| {
        column(p.expr).is_some_and(|c| c.value.eq_ignore_ascii_case(alias))
            && p.select.is_some_and(|s| {
                view.relation(s, p.expr)
                    .is_none_or(|r| view.outline.selects[s].relations[r].target == Target::Level(level))
            })
    });
    let mut used = false;
    let fine = uses.all(|(i, p)| {
        used = true;
        match view.outline.around(i).next().map(|e| (e, p.clause)) {
            Some((Expr::BinaryOp { left, op, .. }, Clause::On | Clause::Where)) => {
                let is_left = std::ptr::eq(left.as_ref(), p.expr);
                let (least, below) = match is_left {
                    true => (BinaryOperator::GtEq, BinaryOperator::Lt),
                    false => (BinaryOperator::LtEq, BinaryOperator::Gt),
                };
                *op == least || *op == below
            }
            Some((Expr::Function(f), _)) => is_named(f, "count") && f.over.is_none(),
            _ => false,
        }
    });
    used && fine
}

fn passes_on(select: &sqlparser::ast::Select) -> bool {
    select.projection.iter().any(|i| matches!(i, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)))
}

fn reads(part: &super::outline::Part<'_>, level: usize) -> bool {
    part.relations.iter().any(|r| r.target == Target::Level(level))
}

/// Whether the fraction is cut off on purpose: in `floor(…)`, a cast to a whole number, or `a / 10 * 10`.
fn meant(view: &View<'_, '_>, at: usize) -> bool {
    view.outline.around(at).any(|e| match e {
        Expr::Floor { .. } => true,
        Expr::Cast { data_type, .. } => is_whole(data_type),
        Expr::Function(f) => is_one_of(f, &["floor", "trunc", "div", "truncate"]),
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
            whole_number(right).is_some() && matches!(bare(left), Expr::BinaryOp { op: BinaryOperator::Divide, right: by, .. } if whole_number(by) == whole_number(right))
        }
        _ => false,
    })
}
