//! Python functions where Spark has its own.

use crate::check::python::{
    Argument, Does, Expr, File, Function, Kind, Piece, Span, Statement, each_expression, each_statement,
};
use crate::vocabulary::Diagnostic;

/// What Spark has for a method of a text.
const METHODS: &[(&str, &str)] = &[
    ("upper", "upper"),
    ("lower", "lower"),
    ("strip", "trim"),
    ("lstrip", "ltrim"),
    ("rstrip", "rtrim"),
    ("title", "initcap"),
    ("replace", "regexp_replace"),
    ("split", "split"),
    ("startswith", "startswith"),
    ("endswith", "endswith"),
    ("zfill", "lpad"),
];
/// What Spark has for a function.
const FUNCTIONS: &[(&str, &str)] = &[
    ("len", "length"),
    ("abs", "abs"),
    ("round", "round"),
    ("int", "cast"),
    ("float", "cast"),
    ("str", "cast"),
    ("json.loads", "from_json"),
    ("json.dumps", "to_json"),
    ("re.sub", "regexp_replace"),
    ("datetime.datetime.strptime", "to_timestamp"),
    ("math.sqrt", "sqrt"),
    ("math.log", "log"),
    ("math.floor", "floor"),
    ("math.ceil", "ceil"),
    ("hashlib.md5", "md5"),
    ("hashlib.sha256", "sha2"),
    ("hashlib.sha1", "sha1"),
];

/// Python functions under `udf` that say nothing Spark can't.
pub(super) fn look(file: &File<'_>, found: &mut Vec<Diagnostic>) {
    if !file.imports.has("pyspark") || !file.text.contains("udf") {
        return;
    }
    let mut functions: Vec<&Function<'_>> = Vec::new();
    each_statement(&file.body, &mut |statement| {
        if let Does::Function(function) = &statement.does {
            functions.push(function);
        }
    });
    let mut say = |builtin: &str, at: Span| {
        let fault = Diagnostic::warning(
            "spark-python-udf",
            "this runs row by row in Python, and Spark has its own".to_owned(),
        )
        .why("every value goes to a Python process and back, and Spark can't see into it: filters are not pushed down")
        .next(format!("use {builtin}"));
        found.push(file.fault(fault, at));
    };
    for function in &functions {
        let marked = function.decorators.iter().any(|d| is_udf(file, d.call().map_or(d, |(f, _)| f)));
        if let Some(builtin) = Some(function).filter(|_| marked).and_then(|f| of_function(file, f)) {
            say(&builtin, function.at);
        }
    }
    each_expression(&file.body, &mut |expr| {
        let Some((callee, arguments)) = expr.call() else { return };
        let given = if is_udf(file, callee) {
            arguments.first()
        } else if expr
            .method()
            .is_some_and(|(o, name, _)| name == "register" && o.dotted().is_some_and(|d| d.last() == Some(&"udf")))
        {
            arguments.get(1)
        } else {
            None
        };
        let builtin = match given.map(|a| &a.value.kind) {
            Some(Kind::Lambda(names, body)) => of(file, body, names),
            Some(Kind::Name(name)) => functions.iter().find(|f| f.name == *name).and_then(|f| of_function(file, f)),
            _ => None,
        };
        if let Some(builtin) = builtin {
            say(&builtin, expr.at);
        }
    });
}

fn is_udf(file: &File<'_>, expr: &Expr<'_>) -> bool {
    file.imports.stands_for(expr).is_some_and(|path| path == "pyspark.sql.functions.udf")
}

/// What Spark has for a function that returns one expression.
fn of_function(file: &File<'_>, function: &Function<'_>) -> Option<String> {
    let names: Vec<&str> = function.parameters.iter().map(|p| p.name).collect();
    let mut gives = None;
    for statement in &function.body {
        match &statement.does {
            Does::Return(Some(value)) => gives = Some(value),
            // The docstring.
            Does::Expr(Expr { kind: Kind::Text(_), .. }) => {}
            Does::If(branches) if branches.iter().all(|(_, body)| gives_nothing(body)) => {}
            _ => return None,
        }
    }
    of(file, gives?, &names)
}

fn gives_nothing(body: &[Statement<'_>]) -> bool {
    matches!(body, [Statement { does: Does::Return(None | Some(Expr { kind: Kind::None, .. })), .. }])
}

/// What Spark has for an expression over some names; none where it has nothing, or nobody knows.
fn of(file: &File<'_>, expr: &Expr<'_>, names: &[&str]) -> Option<String> {
    let mut used = Vec::new();
    says(file, expr, names, &mut used)?;
    used.dedup();
    if used.is_empty() { None } else { Some(used.iter().map(|u| format!("`{u}`")).collect::<Vec<_>>().join(", ")) }
}

/// Whether every part of an expression is one of Spark's; which are gathered.
fn says(file: &File<'_>, expr: &Expr<'_>, names: &[&str], used: &mut Vec<&'static str>) -> Option<()> {
    let each = |all: &[Argument<'_>], used: &mut Vec<&'static str>| {
        all.iter().try_for_each(|a| says(file, &a.value, names, used))
    };
    match &expr.kind {
        Kind::Name(name) => names.contains(name).then_some(()),
        Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) | Kind::None => Some(()),
        Kind::Binary(left, operator, right) => {
            if matches!(*operator, "in" | "not in" | "//" | "%" | "@") {
                return None;
            }
            says(file, left, names, used)?;
            says(file, right, names, used)?;
            used.push(if matches!(*operator, "+" | "-" | "*" | "/" | "**") { "columns and operators" } else { "when" });
            Some(())
        }
        Kind::Conditional(all) => {
            all.iter().try_for_each(|e| says(file, e, names, used))?;
            used.push("when");
            Some(())
        }
        Kind::Format(pieces) => {
            for piece in pieces {
                if let Piece::Value(value) = piece {
                    says(file, value, names, used)?;
                }
            }
            used.push("concat");
            Some(())
        }
        Kind::Index(object, indexes) => {
            says(file, object, names, used)?;
            let slice = file.of(expr.at).contains(':');
            used.push(if slice { "substring" } else { "getItem" });
            indexes.iter().all(|i| matches!(i.kind, Kind::Number(_) | Kind::Text(_) | Kind::Other(_))).then_some(())
        }
        Kind::Call(function, arguments) => {
            if let Some(path) = called(file, function)
                && let Some((_, builtin)) = FUNCTIONS.iter().find(|(name, _)| *name == path)
            {
                used.push(builtin);
                return each(arguments, used);
            }
            let Kind::Attribute(object, method, _) = &function.kind else { return None };
            // `hashlib.md5(x.encode()).hexdigest()`
            if matches!(*method, "encode" | "hexdigest" | "decode") {
                return says(file, object, names, used);
            }
            let (_, builtin) = METHODS.iter().find(|(name, _)| name == method)?;
            used.push(builtin);
            says(file, object, names, used)?;
            each(arguments, used)
        }
        Kind::Other(all) => {
            // `not x`, `-x`, `x is None`.
            all.iter().try_for_each(|e| says(file, e, names, used))
        }
        _ => None,
    }
}

fn called(file: &File<'_>, function: &Expr<'_>) -> Option<String> {
    match &function.kind {
        Kind::Name(name) => Some(file.imports.name(name).unwrap_or(name).to_owned()),
        _ => file.imports.stands_for(function),
    }
}
