//! Fractions that are lost on the way: by a type without a scale, and by cutting each value before the sum.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, ExactNumberInfo, Expr, Function, SelectItem};

use super::expressions::{arguments, bare, call, column, is_named, is_one_of, words};
use super::look::{View, span};
use super::promised::{has, items, of_column, type_of};
use super::sums::rounded;
use super::{Family, Look, Query, Rule};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Dialect, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "scale-lost",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a cast to a decimal without a scale, which has no digits after the point",
        look: Look::Query(scale_lost),
    },
    Rule {
        code: "cut-before-sum",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "values that are cut to whole numbers one by one, and then added up as if they were exact",
        look: Look::Query(cut_before_sum),
    },
];

/// The type that a decimal without a scale is, where that has no digits after the point.
fn whole_decimal(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Snowflake => Some("number(38, 0)"),
        Dialect::Redshift => Some("decimal(18, 0)"),
        Dialect::Databricks | Dialect::MySql => Some("decimal(10, 0)"),
        _ => None,
    }
}

fn scale_lost(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(becomes) = whole_decimal(query.dialect) else { return };
    let view = query.full();
    for (at, piece) in view.outline.pieces.iter().enumerate() {
        let Some(inner) = bared(query.dialect, piece.expr) else { continue };
        let Some(why) = fraction(&view, inner) else { continue };
        if meant(&view, at) || is_called_whole(query, &view, piece.expr) {
            continue;
        }
        let finding = Diagnostic::warning("scale-lost", "the digits after the point are rounded away")
            .why(format!("without a scale this is {becomes} in {}, and {why}", query.dialect.label()))
            .next("give it a precision and a scale: `numeric(18, 6)`");
        out.push(view.at(span(inner), finding));
    }
}

/// What is cast to a decimal without a scale.
fn bared(dialect: Dialect, expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Cast { expr, data_type, .. } => {
            let none = match data_type {
                SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => *info == ExactNumberInfo::None,
                SqlType::Custom(name, of) => of.is_empty() && name.to_string().eq_ignore_ascii_case("number"),
                _ => false,
            };
            none.then_some(expr.as_ref())
        }
        Expr::Function(f)
            if dialect == Dialect::Snowflake
                && is_one_of(f, &["to_number", "to_decimal", "to_numeric", "try_to_number", "try_to_decimal"]) =>
        {
            let mut list = arguments(f);
            list.next().filter(|_| list.next().is_none())
        }
        _ => None,
    }
}

/// Why a value has digits after the point.
fn fraction(view: &View<'_, '_>, inner: &Expr) -> Option<String> {
    const PARTS: &[&str] = &["rate", "pct", "percent", "percentage", "ratio", "latitude", "longitude"];
    let name = column(inner).map(|c| c.value.as_str());
    match view.column_type(inner) {
        ColumnType::Known(DataType::Decimal { scale, .. }) if scale > 0 => {
            name.map(|n| format!("`{n}` has {scale} of them"))
        }
        ColumnType::Known(DataType::Float) => name.map(|n| format!("`{n}` is a floating point number")),
        ColumnType::Known(DataType::Text) => {
            let name = name.filter(|n| words(n).last().is_some_and(|w| PARTS.contains(&w.as_str())))?;
            Some(format!("`{name}` reads as a fraction"))
        }
        _ => None,
    }
}

/// Whether it stands in what makes a whole number of it anyway.
fn meant(view: &View<'_, '_>, at: usize) -> bool {
    view.outline.around(at).any(|e| match e {
        Expr::Floor { .. } | Expr::Ceil { .. } => true,
        Expr::Function(f) => is_one_of(f, &["floor", "ceil", "ceiling", "trunc", "truncate"]),
        _ => false,
    })
}

/// Whether the value is called or declared a whole number.
fn is_called_whole(query: &Query<'_>, view: &View<'_, '_>, cast: &Expr) -> bool {
    let items = view.outline.selects.iter().flat_map(|p| &p.select.projection);
    let alias = items.into_iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if std::ptr::eq(rounded(expr), rounded(cast)) => Some(&alias.value),
        _ => None,
    });
    alias.is_some_and(|alias| {
        let named = words(alias).iter().any(|w| {
            matches!(w.as_str(), "int" | "integer" | "whole" | "rounded" | "count" | "id" | "key" | "number" | "num")
        });
        let declared = type_of(query, alias).is_some_and(|t| t.contains("int") || t.replace(' ', "").contains(",0)"));
        named || declared || has(&of_column(query, alias), &["whole", "rounded", "integer"])
    })
}

fn cut_before_sum(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (_, expr, alias) in items(&view) {
        let Some(sum) = call(rounded(expr), &["sum", "avg"]) else { continue };
        let Some(part) = arguments(sum).next().filter(|e| cuts(e)) else { continue };
        let said = of_column(query, alias);
        let exact = has(&said, &["fraction", "fractions", "fractional", "decimals", "exact", "exactly"])
            || type_of(query, alias).is_some_and(|t| is_fractional(&t));
        let meant = has(
            &said,
            &[
                "whole",
                "full",
                "started",
                "begun",
                "rounded",
                "complete",
                "completed",
                "billed",
                "billable",
                "truncated",
                "cut",
            ],
        );
        let named = words(alias)
            .iter()
            .any(|w| matches!(w.as_str(), "whole" | "full" | "rounded" | "billed" | "billable" | "started"));
        if !exact || meant || named {
            continue;
        }
        let finding =
            Diagnostic::warning("cut-before-sum", "each value is cut to a whole number before they are added up")
                .why(format!("what is less than one adds nothing, and `{alias}` is a number with fractions"))
                .next("add up first and divide the sum, with a decimal on one side");
        out.push(view.at(span(part), finding));
    }
}

/// Whether a written type has digits after the point.
fn is_fractional(written: &str) -> bool {
    let whole = written.replace(' ', "");
    ["float", "double", "real"].iter().any(|t| whole.starts_with(t))
        || ["decimal", "numeric", "number"].iter().any(|t| whole.starts_with(t))
            && whole.split_once(',').is_some_and(|(_, scale)| !scale.starts_with('0'))
}

/// Whether a quotient is cut to a whole number.
fn cuts(expr: &Expr) -> bool {
    use BinaryOperator::{Divide, DuckIntegerDivide, MyIntegerDivide};
    let quotient = |e: &Expr| matches!(bare(e), Expr::BinaryOp { op: Divide, .. });
    let alone = |f: &Function| arguments(f).count() == 1 && arguments(f).next().is_some_and(quotient);
    match rounded_to(expr) {
        Expr::BinaryOp { op: DuckIntegerDivide | MyIntegerDivide, .. } => true,
        Expr::Floor { expr, .. } => quotient(expr),
        Expr::Cast {
            expr,
            data_type:
                SqlType::Int(_) | SqlType::Integer(_) | SqlType::BigInt(_) | SqlType::Int64 | SqlType::SmallInt(_),
            ..
        } => quotient(expr),
        Expr::Function(f) if is_named(f, "div") => arguments(f).count() == 2,
        Expr::Function(f) => is_one_of(f, &["floor", "trunc", "truncate", "round"]) && alone(f),
        _ => false,
    }
}

/// Without the defaults around it.
fn rounded_to(expr: &Expr) -> &Expr {
    match call(expr, &["coalesce", "ifnull", "nvl"]) {
        Some(f) => arguments(f).next().map_or(expr, bare),
        None => bare(expr),
    }
}
