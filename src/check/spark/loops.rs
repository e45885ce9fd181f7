//! Columns and fields one by one.

use crate::check::python::{Does, Expr, File, Kind, Piece, Span, Statement, each_expression, each_statement, within};
use crate::vocabulary::Diagnostic;

/// `withColumn` in loops, and fields of structs that are taken out one by one.
pub(super) fn look(file: &File<'_>, found: &mut Vec<Diagnostic>) {
    if !file.imports.has("pyspark") {
        return;
    }
    each_statement(&file.body, &mut |statement| {
        let Does::For { target, over, body, .. } = &statement.does else { return };
        let rows = over.method().is_some_and(|(_, name, _)| matches!(name, "collect" | "toLocalIterator"));
        if let (true, Kind::Name(row)) = (rows, &target.kind) {
            let (mut first, mut called) = (None, Vec::new());
            all(body, &mut |e| {
                // A method of a value is no field: `row.name.upper()`.
                called.extend(e.call().map(|(function, _)| function.at));
                if first.is_none() && !called.contains(&e.at) && depth(e, row) >= 2 {
                    first = Some(e.at);
                }
            });
            if let Some(at) = first {
                let fault = Diagnostic::warning(
                    "spark-nested-field-loop",
                    format!("fields inside of `{row}` are taken out on the driver, row by row"),
                )
                .why("Python looks each of them up for every row, on one machine")
                .next("select them before: `df.select(\"a.b\")`, and let Spark do the rest");
                found.push(file.fault(fault, at));
            }
        }
        each_statement(body, &mut |inner| {
            let Does::Assign { targets, value: Some(value) } = &inner.does else { return };
            let [Expr { kind: Kind::Name(name), .. }] = targets.as_slice() else { return };
            let Some(call) = grows(value, name) else { return };
            if !is_fresh(target, body, name, inner.at) {
                found.push(file.fault(fault(call, name), inner.at));
            }
        });
    });
    each_expression(&file.body, &mut |expr| {
        // `reduce(lambda df, c: df.withColumn(…), columns, df)` is such a loop too.
        let Some((function, arguments)) = expr.call() else { return };
        if file.imports.stands_for(function).is_none_or(|path| path != "functools.reduce") {
            return;
        }
        let Some(Kind::Lambda(names, body)) = arguments.first().map(|a| &a.value.kind) else { return };
        if let Some(name) = names.first()
            && let Some(call) = grows(body, name)
        {
            found.push(file.fault(fault(call, name), expr.at));
        }
    });
}

fn fault(call: &Expr<'_>, name: &str) -> Diagnostic {
    if is_nested(call) {
        return Diagnostic::warning(
            "spark-nested-field-loop",
            format!("fields are taken out of a struct one by one for `{name}`"),
        )
        .why("every turn adds a step to the plan, and Spark reads the struct again in each")
        .next("one `select` with all of them: `df.select(\"*\", *[col(f\"a.{f}\").alias(f) for f in fields])`");
    }
    Diagnostic::warning("spark-column-loop", format!("every turn of this loop adds a step to the plan of `{name}`"))
        .why("Spark works out the plan anew for each: with some hundred columns that takes minutes, or all memory")
        .next("one `select`, or `withColumns` with a dictionary")
}

/// Whether a name is another DataFrame in each turn of a loop: what is gone through, or made anew before.
fn is_fresh(target: &Expr<'_>, body: &[Statement<'_>], name: &str, at: Span) -> bool {
    let is = |e: &Expr<'_>| matches!(e.kind, Kind::Name(n) if n == name);
    let names = |e: &Expr<'_>| {
        let mut has = false;
        within(e, &mut |e| has |= is(e));
        has
    };
    names(target)
        || body.iter().take_while(|s| s.at.end <= at.start).any(|statement| match &statement.does {
            Does::Assign { targets, value: Some(value) } => targets.iter().any(is) && !names(value),
            _ => false,
        })
}

fn all<'s, 'a>(body: &'s [Statement<'a>], see: &mut dyn FnMut(&'s Expr<'a>)) {
    crate::check::python::each_expression(body, see);
}

/// The call of `withColumn` in a chain that begins with a name.
fn grows<'e, 'a>(expr: &'e Expr<'a>, name: &str) -> Option<&'e Expr<'a>> {
    let mut at = expr;
    let mut call = None;
    loop {
        match &at.kind {
            Kind::Name(n) => return call.filter(|_| *n == name),
            Kind::Call(function, _) => {
                let Kind::Attribute(object, method, _) = &function.kind else { return None };
                if matches!(*method, "withColumn" | "withColumnRenamed") {
                    call = Some(at);
                }
                at = object;
            }
            _ => return None,
        }
    }
}

/// Whether a column is made from a field of another.
fn is_nested(call: &Expr<'_>) -> bool {
    let Some((_, "withColumn", arguments)) = call.method() else { return false };
    let mut nested = false;
    for argument in arguments.iter().skip(1) {
        within(&argument.value, &mut |e| {
            if let Some((_, name, _)) = e.method() {
                nested |= matches!(name, "getField" | "getItem");
            }
            let Kind::Call(function, inner) = &e.kind else {
                nested |= matches!(&e.kind, Kind::Index(object, _) if is_column(object));
                return;
            };
            if function.dotted().is_some_and(|d| matches!(d.last(), Some(&"col" | &"column"))) {
                nested |= match inner.first().map(|a| &a.value.kind) {
                    Some(Kind::Text(text)) => is_path(text),
                    Some(Kind::Format(pieces)) => pieces.iter().any(|p| matches!(p, Piece::Text(t) if t.contains('.'))),
                    Some(Kind::Binary(left, "+", _)) => left.text().is_some_and(|t| t.ends_with('.')),
                    _ => false,
                };
            }
        });
    }
    nested
}

fn is_path(text: &str) -> bool {
    text.contains('.') && !text.contains('`')
}

fn is_column(expr: &Expr<'_>) -> bool {
    expr.call().is_some_and(|(f, _)| f.dotted().is_some_and(|d| matches!(d.last(), Some(&"col" | &"column"))))
}

/// How deep an expression looks into a row: `row["a"]["b"]` is 2.
fn depth(expr: &Expr<'_>, row: &str) -> usize {
    match &expr.kind {
        Kind::Index(object, _) => inner(object, row),
        Kind::Attribute(object, name, _) if !matches!(*name, "asDict" | "get" | "items" | "keys" | "values") => {
            inner(object, row)
        }
        _ => 0,
    }
}

fn inner(object: &Expr<'_>, row: &str) -> usize {
    match &object.kind {
        Kind::Name(name) if *name == row => 1,
        Kind::Index(..) | Kind::Attribute(..) => match depth(object, row) {
            0 => 0,
            n => n + 1,
        },
        _ => 0,
    }
}
