//! Keys that are put together from several columns with nothing between them.

use sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, Function, SelectItem};

use super::absent::defaulted;
use super::expressions::{arguments, bare, call, column, is_literal, is_one_of, text, words};
use super::look::{View, span};
use super::{Family, Look, Query, Rule};
use crate::sql::ColumnType;
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[Rule {
    code: "key-without-separator",
    family: Family::Wrong,
    severity: Severity::Warning,
    summary: "a key of several columns put together with nothing between them",
    look: Look::Query(without_separator),
}];

/// Functions that make a key of a text.
const HASHES: &[&str] = &[
    "md5",
    "md5_hex",
    "md5_number",
    "md5_number_lower64",
    "md5_binary",
    "sha1",
    "sha1_hex",
    "sha2",
    "sha2_hex",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "hash",
    "farm_fingerprint",
    "xxhash64",
    "fnv_hash",
    "farmfingerprint64",
];

fn without_separator(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if is_one_of(function, HASHES)
            && let Some(argument) = arguments(function).next()
        {
            tell(&view, select, argument, out);
        }
    }
    for (id, part) in view.outline.selects.iter().enumerate() {
        for item in &part.select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && is_key(&alias.value)
            {
                tell(&view, id, expr, out);
            }
        }
    }
}

/// Whether a name is that of a key.
fn is_key(name: &str) -> bool {
    words(name).last().is_some_and(|w| ["id", "key", "sk", "pk", "hk", "uid"].contains(&w.as_str()))
}

fn tell<'a>(view: &View<'_, 'a>, select: usize, whole: &'a Expr, out: &mut Vec<Diagnostic>) {
    let mut parts = Vec::new();
    glued(whole, &mut parts, 0);
    let beside = parts.windows(2).find(|pair| pair.iter().all(|e| is_of_any_length(view, select, e)));
    let Some([a, b]) = beside else { return };
    let (a, b) = (shown(a), shown(b));
    let finding =
        Diagnostic::warning("key-without-separator", format!("{a} and {b} are put together with nothing between them"))
            .why("'1' and '11' make the same text as '11' and '1', so rows that differ get one key")
            .next("put a separator between them that is in neither: `|| '-' ||`");
    out.push(view.at(span(uncast(whole)), finding));
}

fn shown(expr: &Expr) -> String {
    super::incremental::find_column(expr).map_or("two parts".to_owned(), |c| format!("`{}`", c.value))
}

/// The parts of a text that is put together, in their order; itself where it is none.
fn glued<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>, depth: usize) {
    let joins = |f: &Function| match is_one_of(f, &["concat_ws"]) {
        true => arguments(f).next().and_then(text) == Some(""),
        false => is_one_of(f, &["concat"]),
    };
    match uncast(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } if depth < 64 => {
            glued(left, out, depth + 1);
            glued(right, out, depth + 1);
        }
        Expr::Function(f) if joins(f) && depth < 64 => {
            let separator = usize::from(is_one_of(f, &["concat_ws"]));
            arguments(f).skip(separator).for_each(|e| glued(e, out, depth + 1));
        }
        _ => out.push(expr),
    }
}

/// An expression without casts and case around it: they leave a text of any length one of any length.
fn uncast(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Cast { expr, data_type, .. } if !is_fixed_type(data_type) => uncast(expr),
        e => call(e, &["upper", "lower", "to_varchar", "string"]).and_then(|f| arguments(f).next()).map_or(e, uncast),
    }
}

/// Whether what is cast to a type is always as long.
fn is_fixed_type(data_type: &SqlType) -> bool {
    matches!(
        data_type,
        SqlType::Date
            | SqlType::Timestamp(..)
            | SqlType::Datetime(_)
            | SqlType::Char(_)
            | SqlType::Character(_)
            | SqlType::Uuid
            | SqlType::Boolean
    )
}

/// Names of what is as long in every row.
const FIXED: &[&str] = &[
    "code",
    "currency",
    "iso",
    "country",
    "date",
    "day",
    "month",
    "year",
    "quarter",
    "uuid",
    "guid",
    "hash",
    "hk",
    "sk",
    "key",
    "flag",
    "is",
    "has",
    "at",
    "ts",
    "timestamp",
    "hashdiff",
    "md5",
    "prefix",
    "suffix",
    "state",
    "lang",
];

/// Whether an expression is a column whose values are of different lengths, as far as its type and name say.
fn is_of_any_length<'a>(view: &View<'_, 'a>, select: usize, expr: &'a Expr) -> bool {
    let inner = uncast(expr);
    let inner = defaulted(inner).and_then(|f| arguments(f).next()).map_or(inner, uncast);
    let inner = match bare(inner) {
        Expr::Trim { expr, .. } => uncast(expr),
        e => call(e, &["trim"]).and_then(|f| arguments(f).next()).map_or(e, uncast),
    };
    let Some(name) = column(inner) else { return false };
    // What is always one text stands for a separator.
    if let Some(super::outline::Origin::Expr(made, at)) = view.outline.origin(select, inner)
        && (is_literal(made) || !is_of_any_length_at(view, at, made))
    {
        return false;
    }
    let ends = |w: &String| w.ends_with("date") || w.ends_with("uuid");
    let fixed = words(&name.value).iter().any(|w| FIXED.contains(&w.as_str()) || ends(w));
    match view.column_type(inner) {
        ColumnType::Known(DataType::Integer | DataType::Decimal { .. }) | ColumnType::Number => {
            !words(&name.value).iter().any(|w| ["year", "date", "day", "month"].contains(&w.as_str()) || ends(w))
        }
        ColumnType::Known(DataType::Text) | ColumnType::Unknown => !fixed,
        _ => false,
    }
}

/// The same of what gives the column in a CTE or subquery.
fn is_of_any_length_at<'a>(view: &View<'_, 'a>, select: usize, made: &'a Expr) -> bool {
    match uncast(made) {
        e if column(e).is_some() => is_of_any_length(view, select, e),
        // A number that a call gives: `unnest`, `row_number()`, `extract`.
        Expr::Function(f) => is_one_of(f, &["unnest", "row_number", "coalesce", "count", "extract", "trim"]),
        Expr::Extract { .. } => true,
        _ => false,
    }
}
