//! Fractions that are lost on the way: by a type without a scale, and by cutting each value before the sum.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, ExactNumberInfo, Expr, Function, SelectItem};

use super::expressions::{any, arguments, bare, call, column, is_named, is_one_of, text, whole_number, words};
use super::look::{View, span};
use super::promised::{has, items, of_column, type_of};
use super::sums::rounded;
use super::{Family, Look, Query, Rule};
use crate::check::said::measures;
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
    let view = query.full();
    for (at, piece) in view.outline.pieces.iter().enumerate() {
        if let Some((name, has, left)) = shortened(&view, piece.expr).filter(|_| is_factor(&view, at)) {
            let finding = Diagnostic::warning(
                "scale-lost",
                format!("`{name}` has {has} digits after the point, and {left} are left"),
            )
            .why("what is multiplied by it is off by what is rounded away")
            .next("multiply first, and round what comes out");
            out.push(view.at(span(piece.expr), finding));
        }
        let Some((inner, precise)) = bared(query.dialect, piece.expr) else { continue };
        let becomes = match precise {
            true => "one of whole numbers",
            false => match whole_decimal(query.dialect) {
                Some(becomes) => becomes,
                None => continue,
            },
        };
        let Some(why) = fraction(&view, piece.select, inner) else { continue };
        if meant(&view, at) || is_called_whole(query, &view, piece.expr) {
            continue;
        }
        let finding = Diagnostic::warning("scale-lost", "the digits after the point are rounded away")
            .why(format!("without a scale this is {becomes} in {}, and {why}", query.dialect.label()))
            .next("give it a precision and a scale: `numeric(18, 6)`");
        out.push(view.at(span(inner), finding));
    }
}

/// A rate or share that is rounded to fewer digits than it has: its name, how many those are, and how many are left.
fn shortened<'e>(view: &View<'_, '_>, expr: &'e Expr) -> Option<(&'e str, u8, u8)> {
    const FACTORS: &[&str] = &["rate", "ratio", "share", "pct", "percent", "percentage", "factor", "fx", "weight"];
    let of = match expr {
        Expr::Cast { expr, .. } => expr.as_ref(),
        Expr::Function(f) if is_named(f, "round") => arguments(f).next()?,
        _ => return None,
    };
    let name = column(of)?.value.as_str();
    let ColumnType::Known(DataType::Decimal { scale, .. }) = view.column_type(of) else { return None };
    if !words(name).iter().any(|w| FACTORS.contains(&w.as_str())) {
        return None;
    }
    let left = match expr {
        Expr::Cast { data_type, .. } => match crate::sql::types::read(&data_type.to_string(), view.query.dialect)? {
            DataType::Decimal { scale, .. } => scale,
            _ => return None,
        },
        Expr::Function(f) => u8::try_from(arguments(f).nth(1).and_then(whole_number)?).ok()?,
        _ => return None,
    };
    (left < scale && left < 4).then_some((name, scale, left))
}

/// Whether an expression is multiplied by something that is no plain number.
fn is_factor(view: &View<'_, '_>, at: usize) -> bool {
    let mut around = view.outline.around(at).skip_while(|e| matches!(e, Expr::Nested(_)));
    let of = view.outline.pieces[at].expr;
    around.next().is_some_and(|e| match e {
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
            let other = if any(left, &mut |e| std::ptr::eq(e, of)) { right } else { left };
            !super::expressions::is_literal(other)
        }
        _ => false,
    })
}

/// What is cast to a decimal without a scale, and whether it has a precision.
fn bared(dialect: Dialect, expr: &Expr) -> Option<(&Expr, bool)> {
    match expr {
        Expr::Cast { expr, data_type, .. } => {
            let (none, precise) = match data_type {
                SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => {
                    (*info == ExactNumberInfo::None, matches!(info, ExactNumberInfo::Precision(_)))
                }
                SqlType::Custom(name, of) if name.to_string().eq_ignore_ascii_case("number") => {
                    (of.is_empty(), of.len() == 1)
                }
                _ => (false, false),
            };
            (none || precise).then_some((expr.as_ref(), precise))
        }
        Expr::Function(f)
            if dialect == Dialect::Snowflake
                && is_one_of(
                    f,
                    &["to_number", "to_decimal", "to_numeric", "try_to_number", "try_to_decimal", "try_to_numeric"],
                ) =>
        {
            // What follows is a format, or the precision and then the scale.
            match arguments(f).collect::<Vec<_>>().as_slice() {
                [of] => Some((*of, false)),
                [of, precision] if whole_number(precision).is_some() => Some((*of, true)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a text is of that has cents or the like.
const AMOUNTS: &[&str] =
    &["amount", "price", "cost", "fee", "revenue", "tax", "balance", "payment", "salary", "discount", "spend"];

/// Why a value has digits after the point.
fn fraction(view: &View<'_, '_>, select: Option<usize>, inner: &Expr) -> Option<String> {
    const PARTS: &[&str] = &["rate", "pct", "percent", "percentage", "ratio", "latitude", "longitude"];
    let inner = text_of(inner);
    let name = column(inner).map(|c| c.value.as_str());
    match view.column_type(inner) {
        ColumnType::Known(DataType::Decimal { scale, .. }) if scale > 0 => {
            name.map(|n| format!("`{n}` has {scale} of them"))
        }
        ColumnType::Known(DataType::Float) => name.map(|n| format!("`{n}` is a floating point number")),
        _ if name.is_none() => match inner {
            // What is worked out of it has them too.
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Multiply | BinaryOperator::Plus | BinaryOperator::Minus,
                right,
            } => [left, right].into_iter().find_map(|e| fraction(view, select, e)),
            Expr::Function(f) if is_named(f, "sum") => arguments(f).next().and_then(|e| fraction(view, select, e)),
            _ => None,
        },
        ColumnType::Known(DataType::Text) => {
            let (name, mut named) = name.map(|n| (n, words(n)))?;
            if select.and_then(|s| view.measure(s, inner)).is_some_and(|m| m.decimals) {
                return Some(format!("`{name}` is described by an example with some"));
            }
            // `amount_text`, `raw_price`.
            named.retain(|w| {
                !["text", "str", "string", "raw", "varchar", "txt", "eur", "usd", "gbp"].contains(&w.as_str())
            });
            let last = named.last().filter(|w| PARTS.contains(&w.as_str()) || AMOUNTS.contains(&w.as_str()))?;
            let whole = ["cent", "minor", "unit", "point", "count", "jpy"];
            (*last == "rate" || !named.iter().any(|w| whole.contains(&w.as_str())))
                .then(|| format!("`{name}` reads as a fraction"))
        }
        _ => None,
    }
}

/// What is left of a text without the calls that clean it.
fn text_of(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Trim { expr, .. } => text_of(expr),
        Expr::Function(f) if is_one_of(f, &["trim", "nullif", "replace", "ltrim", "rtrim", "coalesce"]) => {
            let mut list = arguments(f);
            // Without the point there are no digits after it.
            let point = |e: &Expr| matches!(text(e), Some("." | ".00"));
            match (list.next(), list.next()) {
                (Some(of), what) if !(is_named(f, "replace") && what.is_some_and(point)) => text_of(of),
                _ => expr,
            }
        }
        other => other,
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
    const MEANT: &[&str] = &[
        "whole",
        "full",
        "started",
        "begun",
        "rounded",
        "complete",
        "completed",
        "billed",
        "billable",
        "chargeable",
        "truncated",
        "cut",
        "integer",
        "int",
    ];
    let view = query.full();
    for (_, expr, alias) in items(&view) {
        let Some(sum) = call(rounded(expr), &["sum", "avg"]).filter(|f| f.over.is_none()) else { continue };
        let Some(part) = arguments(sum).next() else { continue };
        let said = of_column(query, alias);
        let exact = || {
            has(&said, &["fraction", "fractions", "fractional", "decimals", "exact", "exactly"])
                || type_of(query, alias).is_some_and(|t| is_fractional(&t))
        };
        let why = match cuts(part) {
            true if exact() => format!("what is less than one adds nothing, and `{alias}` is a number with fractions"),
            true => match converted(part, alias) {
                Some(unit) => format!("what is less than one of {unit} adds nothing"),
                None => continue,
            },
            false => match rounds(&view, part) {
                Some(name) => format!("`{name}` has digits after the point, and each row loses them"),
                None => continue,
            },
        };
        if has(&said, MEANT) || words(alias).iter().any(|w| MEANT.contains(&w.as_str())) {
            continue;
        }
        let finding =
            Diagnostic::warning("cut-before-sum", "each value is cut to a whole number before they are added up")
                .why(why)
                .next("add up first, and round or divide the sum, with a decimal on one side");
        out.push(view.at(span(part), finding));
    }
}

/// The unit that a quotient is of whose parts have another one: tonnes of kilograms. Minutes may well be counted whole.
fn converted(part: &Expr, alias: &str) -> Option<&'static str> {
    let to = measures::of_result(alias).filter(|u| u.of != measures::TIME)?;
    let mut from = None;
    any(part, &mut |e| {
        from = from.or_else(|| column(e).and_then(|c| measures::of_name(&c.value)));
        from.is_some()
    });
    from.filter(|from| from.differs(to)).map(|_| to.word)
}

/// The amount of money that is rounded to a whole number by itself.
fn rounds<'a>(view: &View<'_, '_>, part: &'a Expr) -> Option<&'a str> {
    let of = match rounded_to(part) {
        Expr::Cast { expr, data_type, .. } if super::quotients::is_whole(data_type) => expr.as_ref(),
        Expr::Floor { expr, .. } | Expr::Ceil { expr, .. } => expr.as_ref(),
        Expr::Function(f) if is_one_of(f, &["round", "trunc", "truncate", "floor", "ceil", "ceiling"]) => {
            let mut list = arguments(f);
            let of = list.next()?;
            list.next().is_none_or(|d| whole_number(d) == Some(0)).then_some(of)?
        }
        _ => return None,
    };
    let name = column(of)?.value.as_str();
    let named = words(name);
    let money = named.last().is_some_and(|w| AMOUNTS.contains(&w.as_str()))
        || measures::of_name(name).is_some_and(|u| u.of == measures::MONEY && u.word != "cents" && u.word != "pence");
    let has_scale = matches!(view.column_type(of), ColumnType::Known(DataType::Decimal { scale, .. }) if scale > 0)
        || view.column_type(of) == ColumnType::Known(DataType::Float);
    (money && has_scale).then_some(name)
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
