//! Numbers of two units that are taken for one, and lengths of time that are measured from their end.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem, SetOperator, UnaryOperator};

use super::expressions::{arguments, bare, call, column, compares, is_one_of, words};
use super::look::{View, span};
use super::outline::{Clause, Origin, Target};
use super::promised::{has, line, plain};
use super::{Family, Look, Query, Rule};
use crate::check::said::measures::{self, Unit};
use crate::dbt::{DescribedColumn, NodeId};
use crate::vocabulary::{Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "units-mixed",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "numbers of two units added, compared or taken for one: cents and dollars, several currencies",
        look: Look::Query(units_mixed),
    },
    Rule {
        code: "duration-backwards",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a length of time from its end to its start, which is negative",
        look: Look::Query(duration_backwards),
    },
];

/// The column whose values an expression has, sums and defaults of it too.
fn measured(expr: &Expr) -> Option<&Expr> {
    match bare(expr) {
        Expr::Cast { expr, .. } => measured(expr),
        Expr::Function(f)
            if f.over.is_none() && is_one_of(f, &["sum", "coalesce", "nvl", "ifnull", "min", "max", "avg"]) =>
        {
            arguments(f).next().and_then(measured)
        }
        e => column(e).map(|_| e),
    }
}

/// A column, and the unit that its name or a description says its values are in.
fn unit<'a>(view: &View<'_, '_>, select: Option<usize>, expr: &'a Expr) -> Option<(&'a str, Unit)> {
    let of = measured(expr)?;
    let name = column(of)?.value.as_str();
    let unit = measures::of_name(name).or_else(|| view.measure(select?, of)?.unit)?;
    Some((name, unit))
}

fn units_mixed(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let next = "bring both to one unit first, and say which in the name";
    for piece in &view.outline.pieces {
        let Expr::BinaryOp { left, op, right } = piece.expr else { continue };
        if !(matches!(op, BinaryOperator::Plus | BinaryOperator::Minus) || compares(op)) {
            continue;
        }
        let (Some((a, one)), Some((b, other))) = (unit(&view, piece.select, left), unit(&view, piece.select, right))
        else {
            continue;
        };
        if one.differs(other) {
            let finding =
                Diagnostic::warning("units-mixed", format!("{} and {} are taken for one unit", one.word, other.word))
                    .why(format!("`{a}` and `{b}` are numbers of different units"))
                    .next(next);
            out.push(view.at(span(piece.expr), finding));
        }
    }
    for (id, expr, alias) in super::promised::items(&view) {
        let (Some((name, one)), Some(other)) = (unit(&view, Some(id), expr), measures::of_name(alias)) else {
            continue;
        };
        if one.differs(other) && !of_currency(one) && !of_currency(other) {
            let finding = Diagnostic::warning("units-mixed", format!("{} are called {}", one.word, other.word))
                .why(format!("`{name}` is given as `{alias}` as it is"))
                .next(next);
            out.push(view.at(span(expr), finding));
        }
    }
    under_others(&view, out);
    currencies_held(&view, out);
    currencies_mixed(&view, out);
    units_of_rows(&view, out);
}

/// Numbers of two units under one another in a union.
fn under_others(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for set in view.outline.sets.iter().filter(|s| s.op == SetOperator::Union) {
        let ([left, ..], [right, ..]) = (set.left.as_slice(), set.right.as_slice()) else { continue };
        let items = |s: usize| view.outline.selects[s].select.projection.iter();
        let given = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e.clone()),
            _ => None,
        };
        for (a, b) in items(*left).zip(items(*right)) {
            let (Some(a), Some(b)) = (given(a), given(b)) else { break };
            let (Some((above, one)), Some((below, other))) =
                (unit(view, Some(*left), &a), unit(view, Some(*right), &b))
            else {
                continue;
            };
            if one.differs(other) && !of_currency(one) && !of_currency(other) {
                let finding = Diagnostic::warning(
                    "units-mixed",
                    format!("{} are put under {} by the union", other.word, one.word),
                )
                .why(format!("`{above}` and `{below}` are numbers of different units, and become one column"))
                .next("bring both to one unit first, and say which in the name");
                out.push(view.at(span(&b), finding));
            }
        }
    }
}

/// Whether a unit is a currency: what is called by one may be in its smallest unit.
fn of_currency(unit: Unit) -> bool {
    matches!(unit.word, "eur" | "usd" | "gbp")
}

/// An amount in the currency of its own row held against, or taken from, one of a currency that is always the same.
fn currencies_held(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const OWN: &[&str] = &[
        "in the currency of the",
        "in the currency of its",
        "in its currency",
        "in its own currency",
        "in local currency",
        "in the local currency",
        "in the original currency",
    ];
    const ONE: &[&str] =
        &["sterling", "gbp", "pounds", "usd", "us dollars", "eur", "euros", "euro", "chf", "sek", "nok", "dkk"];
    let told = |select: usize, e: &Expr| {
        let Some(Origin::Node(id, name)) = view.outline.origin(select, e) else { return None };
        let columns = line(view, id).into_iter().flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
        let said: String =
            columns.filter(|c| c.name.eq_ignore_ascii_case(name)).map(|c| plain(&c.description)).collect();
        Some((has(&said, OWN), has(&said, ONE) || has(&plain(name), ONE), name.to_owned()))
    };
    for piece in &view.outline.pieces {
        let (Expr::BinaryOp { left, op, right }, Some(select)) = (piece.expr, piece.select) else { continue };
        let held = compares(op) && !matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq);
        if !(matches!(op, BinaryOperator::Plus | BinaryOperator::Minus) || held)
            || column(left).is_none()
            || column(right).is_none()
        {
            continue;
        }
        let (Some(a), Some(b)) = (told(select, left), told(select, right)) else { continue };
        let (own, one) = match (a, b) {
            ((true, false, own), (false, true, one)) | ((false, true, one), (true, false, own)) => (own, one),
            _ => continue,
        };
        let finding = Diagnostic::warning("units-mixed", "amounts of two currencies are taken for one")
            .why(format!("`{own}` is in the currency of its row, and `{one}` always in the same"))
            .next("convert to one currency first");
        out.push(view.at(span(piece.expr), finding));
        return;
    }
}

/// Amounts of a table with several currencies, added up where nothing asks for the currency.
fn currencies_mixed(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let last = super::reruns::last(view);
    let is_asked = view.outline.pieces.iter().any(|p| {
        let of_rate = |w: &String| matches!(w.as_str(), "currency" | "rate" | "fx" | "exchange" | "ccy");
        column(p.expr).is_some_and(|c| words(&c.value).iter().any(of_rate))
            && (p.clause != Clause::Select || p.depth > 0 || p.select.is_some_and(|s| last.contains(&s)))
    });
    if is_asked {
        return;
    }
    for piece in &view.outline.pieces {
        let (Some(sum), Some(select)) = (call(piece.expr, &["sum"]), piece.select) else { continue };
        let Some(of) = arguments(sum).next().filter(|e| column(e).is_some()) else { continue };
        let Some(Origin::Node(node, name)) = view.outline.origin(select, of) else { continue };
        if let Some(whose) = of_row(view, select, node, name) {
            let finding = Diagnostic::warning("units-mixed", "amounts of several currencies are added up")
                .why(format!("each `{name}` is described as in the currency of its {whose}"))
                .next("group by the currency, or convert to one first");
            out.push(view.at(span(piece.expr), finding));
            return;
        }
        const MONEY: &[&str] =
            &["amount", "total", "price", "revenue", "value", "cost", "fee", "paid", "balance", "spend"];
        let named = words(name);
        let in_one = ["usd", "eur", "gbp", "base", "converted", "reporting", "local"];
        if !named.iter().any(|w| MONEY.contains(&w.as_str())) || named.iter().any(|w| in_one.contains(&w.as_str())) {
            continue;
        }
        let Some((columns, currency)) = with_currency(view, node) else { continue };
        let of_row = |c: &DescribedColumn| {
            let told = c.description.to_lowercase();
            c.name.eq_ignore_ascii_case(name)
                && ["in the currency", "in its currency", "local currency", "original currency", "transaction currency"]
                    .iter()
                    .any(|t| told.contains(t))
        };
        // Who describes a number as of several currencies means it.
        let mut own = view.query.node.described.iter().flat_map(|d| &d.columns);
        let is_meant =
            own.any(|c| !is_currency(c) && (names_several(&c.description) || c.description.contains("currencies")));
        if !is_meant && (has_several(currency) || columns.iter().any(of_row)) {
            let finding = Diagnostic::warning("units-mixed", "amounts of several currencies are added up")
                .why(format!("each row has its `{name}` in the currency that `{}` names", currency.name))
                .next(format!("group by `{}`, or convert to one currency first", currency.name));
            out.push(view.at(span(piece.expr), finding));
            return;
        }
    }
}

/// In whose currency an amount is said to be, where that is not what the rows are added up for: `in the currency of the
/// account`, `in PAY_CURRENCY`.
fn of_row(view: &View<'_, '_>, select: usize, id: NodeId, name: &str) -> Option<String> {
    let columns = line(view, id).into_iter().flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
    let columns: Vec<&DescribedColumn> = columns.collect();
    let own = columns.iter().filter(|c| c.name.eq_ignore_ascii_case(name));
    let said = own.map(|c| c.description.as_str()).find(|s| !s.is_empty())?;
    let said = said.to_ascii_lowercase().contains("currency").then(|| plain(said))?;
    let named = |c: &&&DescribedColumn| {
        words(&c.name).last().is_some_and(|w| w == "currency") && has(&said, &[format!("in{}", plain(&c.name)).trim()])
    };
    if let Some(currency) = columns.iter().find(named) {
        return Some(format!("`{}`", currency.name));
    }
    let of = ["in the currency of the ", "in the currency of its "].iter().find_map(|w| said.split_once(w))?.1;
    let whose =
        words(of.split(' ').next()?).pop().filter(|w| !["row", "posting", "transaction"].contains(&w.as_str()))?;
    let groups = super::sums::groups(view.outline.selects[select].select)?;
    let by_it = |e: &&Expr| column(e).is_none_or(|c| words(&c.value).contains(&whose));
    (!groups.iter().any(by_it) && !groups.is_empty()).then_some(whose)
}

/// What is said of the columns of a node, or of what it passes on as it is, where one of them is the currency.
fn with_currency<'a>(view: &View<'_, 'a>, id: NodeId) -> Option<(&'a [DescribedColumn], &'a DescribedColumn)> {
    for node in line(view, id) {
        let columns = node.described.as_ref().map_or(&[][..], |d| &d.columns);
        if let Some(currency) = columns.iter().find(|c| is_currency(c)) {
            return Some((columns, currency));
        }
        let text = node.text.to_ascii_lowercase();
        if !text.contains("currency") || ["rate", "convert", " * ", "where", "join"].iter().any(|w| text.contains(w)) {
            return None;
        }
    }
    None
}

/// Values of a table whose rows are in several units, put together where nothing asks for the unit.
fn units_of_rows(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    const UNIT: &[&str] = &["unit", "uom", "measure"];
    let asked = view.outline.pieces.iter().any(|p| {
        column(p.expr).is_some_and(|c| {
            let of = ["unit", "uom", "metric", "type", "kind", "measure", "factor", "code"];
            words(&c.value).iter().any(|w| of.contains(&w.as_str()))
        })
    });
    if asked {
        return;
    }
    for piece in &view.outline.pieces {
        let (Some(function), Some(select)) = (call(piece.expr, &["sum", "avg"]), piece.select) else { continue };
        let Some(of) = arguments(function).next() else { continue };
        let Some(Origin::Node(node, name)) = view.outline.origin(select, of) else { continue };
        let named = words(name);
        if !named.iter().any(|w| matches!(w.as_str(), "value" | "reading" | "measurement" | "quantity" | "qty")) {
            continue;
        }
        let read = view.outline.selects[select].relations.iter().filter_map(|r| match r.target {
            Target::Node(id) => Some(id),
            _ => None,
        });
        let columns = std::iter::once(node).chain(read).flat_map(|id| line(view, id));
        let columns = columns.flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
        let unit = columns.into_iter().find(|c| {
            let is_unit = words(&c.name).last().is_some_and(|w| UNIT.contains(&w.as_str()));
            let accepted = c.tests.iter().filter(|t| t.name == "accepted_values");
            let several = accepted.filter_map(|t| t.arguments.get("values")?.as_array()).any(|v| v.len() > 1);
            is_unit
                && several
                && has(&plain(&c.description), &["value", "values", "reading", "readings", "measurement", name])
        });
        if let Some(unit) = unit {
            let finding = Diagnostic::warning("units-mixed", "values of several units are put together")
                .why(format!("`{}` says in which unit each `{name}` is, and nothing here asks for it", unit.name))
                .next(format!("convert by `{}` first, or group by it", unit.name));
            out.push(view.at(span(piece.expr), finding));
            return;
        }
    }
}

fn is_currency(column: &DescribedColumn) -> bool {
    matches!(column.name.to_ascii_lowercase().as_str(), "currency" | "currency_code" | "ccy" | "currency_iso")
}

/// Whether tests or the description say that a column names more than one.
fn has_several(column: &DescribedColumn) -> bool {
    let accepted = column.tests.iter().filter(|t| t.name == "accepted_values");
    let mut lists = accepted.filter_map(|t| t.arguments.get("values").and_then(|v| v.as_array()));
    lists.any(|values| values.len() > 1) || names_several(&column.description)
}

/// Whether a description names several currencies by their codes.
fn names_several(description: &str) -> bool {
    let codes = ["usd", "eur", "gbp", "chf", "jpy", "sek", "cad", "aud", "pln"];
    let told = description.to_lowercase();
    codes.iter().filter(|c| told.contains(*c)).count() > 1
}

/// What begins, and what ends it.
const SPANS: &[(&str, &[&str])] = &[
    ("start", &["end"]),
    ("starts", &["ends"]),
    ("started", &["ended", "finished", "completed", "stopped", "closed"]),
    ("begin", &["end"]),
    ("opened", &["closed", "resolved"]),
    ("created", &["closed", "resolved", "completed", "delivered", "shipped", "fulfilled"]),
    ("submitted", &["approved", "resolved", "completed"]),
    ("ordered", &["shipped", "delivered"]),
    ("placed", &["shipped", "delivered"]),
    ("shipped", &["delivered"]),
    ("departed", &["arrived"]),
    ("departs", &["arrives"]),
    ("departure", &["arrival"]),
    ("checkin", &["checkout"]),
    ("admitted", &["discharged"]),
    ("hired", &["terminated"]),
    ("borrowed", &["returned"]),
    ("pickup", &["dropoff"]),
    ("requested", &["completed", "fulfilled"]),
    ("first", &["last"]),
];

/// Whether the first of two names is when something begins, the second when that ends: alike but for that.
pub(super) fn is_span(from: &str, to: &str) -> bool {
    let parts = |name: &str| -> Vec<String> {
        let name = name.to_ascii_lowercase().replace("check_in", "checkin").replace("check_out", "checkout");
        name.split('_')
            .filter(|w| !matches!(*w, "at" | "on" | "date" | "time" | "ts" | "timestamp" | "utc" | "day"))
            .map(str::to_owned)
            .collect()
    };
    let (from, to) = (parts(from), parts(to));
    from.len() == to.len()
        && from.iter().zip(&to).filter(|(a, b)| a != b).count() == 1
        && from
            .iter()
            .zip(&to)
            .all(|(a, b)| a == b || SPANS.iter().any(|(s, ends)| a == s && ends.contains(&b.as_str())))
}

fn duration_backwards(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    for (i, piece) in view.outline.pieces.iter().enumerate() {
        let Some(select) = piece.select else { continue };
        let Some((from, to)) = difference(piece.expr) else { continue };
        let (Some(a), Some(b)) = (column(from), column(to)) else { continue };
        // Of two tables one may well end before the other begins.
        if !is_span(&b.value, &a.value) || view.relation(select, from) != view.relation(select, to) || turned(&view, i)
        {
            continue;
        }
        let finding = Diagnostic::warning("duration-backwards", "this is negative wherever it has a value")
            .why(format!("it goes from `{}` to `{}`, from the end to the start", a.value, b.value))
            .next("change the places of the two");
        out.push(view.at(span(piece.expr), finding));
    }
}

/// The columns that a difference goes from and to. Where the unit comes first, so does what is earlier.
fn difference(expr: &Expr) -> Option<(&Expr, &Expr)> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Minus, right } => Some((moment(right)?, moment(left)?)),
        Expr::Function(f)
            if is_one_of(
                f,
                &["datediff", "date_diff", "timestamp_diff", "datetime_diff", "timestampdiff", "months_between", "age"],
            ) =>
        {
            let parts: Vec<&Expr> = arguments(f).collect();
            match parts.as_slice() {
                [later, earlier] => Some((moment(earlier)?, moment(later)?)),
                [unit, a, b] if is_unit(unit) => Some((moment(a)?, moment(b)?)),
                [a, b, unit] if is_unit(unit) => Some((moment(b)?, moment(a)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn is_unit(expr: &Expr) -> bool {
    const PARTS: &[&str] = &[
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "millisecond",
        "ss",
        "mi",
        "hh",
        "dd",
        "s",
    ];
    let text = super::expressions::text(expr).map(str::to_owned).or_else(|| column(expr).map(|c| c.value.clone()));
    text.is_some_and(|t| {
        PARTS.contains(&t.to_ascii_lowercase().trim_end_matches('s'))
            || PARTS.contains(&t.to_ascii_lowercase().as_str())
    })
}

/// A column of a moment, casts around it left out.
fn moment(expr: &Expr) -> Option<&Expr> {
    match bare(expr) {
        Expr::Cast { expr, .. } => moment(expr),
        Expr::Function(f) if is_one_of(f, &["date", "to_date", "date_trunc", "timestamp", "to_timestamp"]) => {
            arguments(f).filter(|e| column(e).is_some() && !is_unit(e)).last()
        }
        e => column(e).map(|_| e),
    }
}

/// Whether what stands around a difference takes its sign away or turns it.
fn turned(view: &View<'_, '_>, at: usize) -> bool {
    view.outline.around(at).any(|e| match e {
        Expr::Function(f) => is_one_of(f, &["abs", "greatest", "least"]),
        Expr::UnaryOp { op: UnaryOperator::Minus, .. } => true,
        Expr::BinaryOp { op, .. } => *op == BinaryOperator::Multiply || *op == BinaryOperator::Minus || compares(op),
        _ => false,
    })
}
