//! dbt SQL is SQL with Jinja in it. [`render`] puts plain SQL in the place of the few forms that are understood
//! (`ref`, `source`, `config`, `var`, `dbt.…`, the project's macros), so that names and types stay readable, and keeps
//! where each piece came from. Everything else in Jinja is a diagnostic: what is not understood is not let through.

mod expr;
mod functions;
pub mod macros;
mod scan;

use std::collections::BTreeMap;

use super::text::{Text, offset};
use crate::vocabulary::{DataType, Diagnostic, Name, Place, Relation, TableRef, nearest};
use expr::{Expr, Kind, Reader};
use scan::{Piece, Scan};

/// Schema of the stand-in for `ref('x')`: two parts, so that a CTE of the same name is not taken for it.
pub const REF_SCHEMA: &str = "dbt_ref__";
/// Schema of the stand-in for `source('s', 't')`: this, then `s`.
pub const SOURCE_SCHEMA: &str = "dbt_source__";
/// How a name begins that stands for text nobody knows, as what a macro would print that is nowhere.
pub const UNKNOWN: &str = "dbt_unknown__";

/// SQL longer than this is no text that people review.
pub const LONGEST: usize = 256 * 1024;
/// Faults that are told of one text.
const MOST_STOPS: usize = 50;

/// What a model may call, by name.
pub type Macros = BTreeMap<String, MacroShape>;

/// What a call of a macro looks like, and what it gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MacroShape {
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// The type of its value where that is known.
    pub returns: Option<DataType>,
}

/// One parameter of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Whether a call may leave it out.
    pub optional: bool,
    /// Whether the macro puts it between quotes: then it is text, else SQL.
    pub literal: bool,
}

/// dbt SQL with plain SQL in the place of its Jinja.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    /// The SQL.
    pub sql: String,
    /// What it reads, with the byte offset of each `ref` and `source`.
    pub reads: Vec<(Relation, usize)>,
    /// Types of the calls of macros, by the name they have in `sql`.
    pub returns: BTreeMap<String, DataType>,
    chunks: Vec<Chunk>,
}

/// Where a stretch of rendered text came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    /// Its byte offset in the rendered text.
    pub out: usize,
    /// Byte offset in the text as written.
    pub source: usize,
    /// Copied letter by letter, or put in the place of that many bytes.
    pub width: Option<usize>,
}

/// A stretch of the rendered text and where it came from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Chunk {
    out: usize,
    source: usize,
    /// Copied letter by letter, or put in the place of `width` bytes.
    width: Option<usize>,
}

/// Why a text is not understood.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    diagnostic: Diagnostic,
    at: usize,
    width: usize,
}

impl Stop {
    fn new(code: &'static str, what: impl Into<String>, at: usize, width: usize) -> Stop {
        Stop { diagnostic: Diagnostic::error(code, what), at, width: width.max(1) }
    }

    fn why(mut self, why: impl Into<String>) -> Stop {
        self.diagnostic = self.diagnostic.why(why);
        self
    }

    fn next(mut self, next: impl Into<String>) -> Stop {
        self.diagnostic = self.diagnostic.next(next);
        self
    }

    fn placed(self, text: &Text<'_>) -> Diagnostic {
        text.fault(self.diagnostic, self.at, self.width)
    }
}

/// Plain SQL for `text`, or everything in its Jinja that is not allowed.
///
/// # Errors
/// A diagnostic for each form that is not understood, with line and column.
pub fn render(text: &Text<'_>, macros: &Macros) -> Result<Rendered, Vec<Diagnostic>> {
    let (rendered, faults) = read(text, macros);
    if faults.is_empty() { Ok(rendered) } else { Err(faults) }
}

/// The same, with what `text` reads even where something in it is not allowed.
pub fn read(text: &Text<'_>, macros: &Macros) -> (Rendered, Vec<Diagnostic>) {
    let mut out = Rendered::default();
    let mut stops = Vec::new();
    if text.sql.len() > LONGEST {
        let what = format!("the SQL has {} bytes, the most is {LONGEST}", text.sql.len());
        return (out, vec![Stop::new("sql-too-long", what, 0, 1).placed(text)]);
    }
    if let Some(at) = text.sql.find('\0') {
        stops.push(Stop::new("nul-byte", "a NUL byte has no place in SQL", at, 1));
    }
    for schema in [REF_SCHEMA, SOURCE_SCHEMA] {
        if let Some(at) = find_ignore_case(text.sql, schema) {
            stops.push(
                Stop::new("table-by-name", format!("`{schema}` is a name of the gate's own"), at, schema.len())
                    .next("read models with `{{ ref('…') }}` and tables with `{{ source('…', '…') }}`"),
            );
        }
    }
    let mut stub = Stub { macros, out: &mut out, inside: Inside::Code };
    for piece in Scan::new(text.sql) {
        if stops.len() >= MOST_STOPS {
            break;
        }
        match piece {
            Ok(Piece::Literal(from, to)) => stub.literal(&text.sql[from..to], from),
            Ok(Piece::Print { tokens, from, to, inner_end }) => {
                match Reader::new(&tokens, inner_end).whole().and_then(|e| stub.print(&e, from, to)) {
                    Ok(()) => {}
                    Err(stop) => {
                        stub.substitute("null", from, to);
                        stops.push(stop);
                    }
                }
            }
            Ok(Piece::Block { tokens, from, to, inner_end }) => {
                let word = Reader::new(&tokens, inner_end).name().unwrap_or_default();
                stops.push(
                    Stop::new(
                        "jinja-not-allowed",
                        format!("`{{% {word} %}}` is not allowed in a model"),
                        from,
                        to - from,
                    )
                    .why("a model is one query that can be proved; statements of Jinja can't be")
                    .next("write plain SQL with `ref`, `source`, `var`, `dbt.…` and the project's macros"),
                );
            }
            Err(stop) => {
                stops.push(stop);
                break;
            }
        }
    }
    (out, stops.into_iter().map(|s| s.placed(text)).collect())
}

impl Rendered {
    /// The place in `text` of a line and column of the rendered SQL.
    pub fn place(&self, text: &Text<'_>, line: usize, column: usize, width: usize) -> Place {
        let (at, width) = self.source_place(line, column, width);
        text.place(at, width)
    }

    /// The byte offset and width in the text as written of a line and column of the rendered SQL.
    pub(super) fn source_place(&self, line: usize, column: usize, width: usize) -> (usize, usize) {
        self.source_of(offset(&self.sql, line, column), width)
    }

    fn source_of(&self, out: usize, width: usize) -> (usize, usize) {
        let i = self.chunks.partition_point(|c| c.out <= out);
        match i.checked_sub(1).and_then(|i| self.chunks.get(i)) {
            Some(Chunk { source, width: Some(width), .. }) => (*source, *width),
            Some(c) => (c.source + (out - c.out), width),
            None => (out, width),
        }
    }

    /// SQL that some other engine rendered; `origins`, ascending, say where its stretches came from.
    pub fn traced(sql: String, origins: Vec<Origin>) -> Rendered {
        let chunks = origins.into_iter().map(|o| Chunk { out: o.out, source: o.source, width: o.width }).collect();
        Rendered { sql, chunks, ..Rendered::default() }
    }

    /// The same between `head` and `tail`.
    pub fn wrapped(mut self, head: &str, tail: &str) -> Rendered {
        // A comment at its end ends with its line.
        self.sql = format!("{head}{}\n{tail}", self.sql);
        for chunk in &mut self.chunks {
            chunk.out += head.len();
        }
        let start = self.chunks.first().map_or(0, |c| c.source);
        self.chunks.insert(0, Chunk { out: 0, source: start, width: Some(1) });
        self
    }

    /// The byte offset in the text as written of a byte of the rendered SQL.
    pub fn origin(&self, out: usize) -> usize {
        self.source_of(out, 0).0
    }

    /// The byte offset in the text as written of a line and column of the rendered SQL, where that was copied from it.
    pub fn written(&self, line: usize, column: usize) -> Option<usize> {
        let out = offset(&self.sql, line, column);
        let at = self.chunks.partition_point(|c| c.out <= out).checked_sub(1)?;
        self.chunks.get(at).filter(|c| c.width.is_none()).map(|c| c.source + (out - c.out))
    }

    /// SQL without Jinja, as it is.
    pub fn plain(sql: &str) -> Rendered {
        Rendered { sql: sql.to_owned(), chunks: vec![Chunk { out: 0, source: 0, width: None }], ..Rendered::default() }
    }
}

/// Writes the plain SQL.
struct Stub<'m, 'o> {
    macros: &'m Macros,
    out: &'o mut Rendered,
    /// Inside what the next piece is written.
    inside: Inside,
}

/// Inside what a piece of SQL stands.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    Single,
    Double,
    Line,
    Block,
}

impl Inside {
    /// Inside what the text after `text` stands.
    fn after(self, text: &str) -> Inside {
        let bytes = text.as_bytes();
        let (mut now, mut i) = (self, 0);
        while i < bytes.len() {
            let pair = (bytes[i], bytes.get(i + 1).copied());
            now = match (now, pair) {
                (Inside::Code, (b'\'', _)) => Inside::Single,
                (Inside::Code, (b'"', _)) => Inside::Double,
                (Inside::Code, (b'-', Some(b'-'))) => Inside::Line,
                (Inside::Code, (b'/', Some(b'*'))) => Inside::Block,
                (Inside::Single, (b'\'', _)) | (Inside::Double, (b'"', _)) | (Inside::Line, (b'\n', _)) => Inside::Code,
                (Inside::Block, (b'*', Some(b'/'))) => {
                    i += 1;
                    Inside::Code
                }
                (now, _) => now,
            };
            i += 1;
        }
        now
    }
}

impl Stub<'_, '_> {
    fn literal(&mut self, text: &str, from: usize) {
        self.out.chunks.push(Chunk { out: self.out.sql.len(), source: from, width: None });
        self.out.sql.push_str(text);
        self.inside = self.inside.after(text);
    }

    fn substitute(&mut self, text: &str, from: usize, to: usize) {
        self.out.chunks.push(Chunk { out: self.out.sql.len(), source: from, width: Some(to - from) });
        self.out.sql.push_str(text);
    }

    fn print(&mut self, expr: &Expr, from: usize, to: usize) -> Result<(), Stop> {
        let text = match &expr.kind {
            Kind::Call(callee, args, named) if matches!(&callee.kind, Kind::Path(p) if *p == ["config"]) => {
                functions::config(expr, args, named)?;
                String::new()
            }
            _ => self.sql(expr)?,
        };
        let text = if self.inside == Inside::Single && is_var(expr) { "2000-01-01" } else { &text };
        self.substitute(text, from, to);
        Ok(())
    }

    /// The SQL that an expression prints.
    fn sql(&mut self, expr: &Expr) -> Result<String, Stop> {
        match &expr.kind {
            Kind::Str(text) => Ok(text.clone()),
            Kind::Num(text) => Ok(text.clone()),
            Kind::Call(callee, args, named) => match &callee.kind {
                Kind::Path(path) => self.call(expr, path, args, named),
                _ => Err(not_allowed(expr, "a call of what another call gave")),
            },
            Kind::Path(path) => Err(not_allowed(expr, &format!("`{}`", path.join(".")))),
            Kind::Constant(_) | Kind::List(_) => Err(not_allowed(expr, "this value")),
            Kind::Filter(_, name) => Err(not_allowed(expr, &format!("the filter `{name}`"))),
            // Texts of SQL in a row: `dbt.datediff(…) ~ ' / 60.0'`.
            Kind::Binary("~", left, right) => Ok(self.sql(left)? + &self.sql(right)?),
            Kind::If(..) | Kind::Binary(..) | Kind::Not(_) => Err(not_allowed(expr, "an operator")),
        }
    }

    fn call(&mut self, expr: &Expr, path: &[String], args: &[Expr], named: &[(String, Expr)]) -> Result<String, Stop> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["ref"] => {
                let texts = strings(expr, args, named, 1..=2)?;
                let model = texts.last().copied().unwrap_or_default();
                let name = Name::parse(model).map_err(|e| Stop::new("invalid-name", e, expr.at, expr.len))?;
                let sql = format!("{REF_SCHEMA}.{name}");
                self.out.reads.push((Relation::Model(name), expr.at));
                Ok(sql)
            }
            ["source"] => {
                let texts = strings(expr, args, named, 2..=2)?;
                let name = |t: &str| Name::parse(t).map_err(|e| Stop::new("invalid-name", e, expr.at, expr.len));
                let table = TableRef { source: name(texts[0])?, table: name(texts[1])? };
                let sql = format!("{SOURCE_SCHEMA}{}.{}", table.source, table.table);
                self.out.reads.push((Relation::Table(table), expr.at));
                Ok(sql)
            }
            ["var"] => functions::var(expr, args, named).map(|()| "null".to_owned()),
            ["return"] => Err(not_allowed(expr, "`return` outside a macro")),
            ["dbt", function] => self.dbt(expr, function, args, named),
            [name] if self.macros.contains_key(*name) => self.macro_call(expr, name, args, named),
            _ => {
                let name = path.join(".");
                let stop = match functions::REFUSED.iter().find(|(n, _)| *n == path[0]) {
                    Some((_, why)) => not_allowed(expr, &format!("`{name}`")).why(*why),
                    None => Stop::new("unknown-macro", format!("there is no macro `{name}`"), expr.at, expr.len),
                };
                let near = nearest(&name, self.macros.keys().map(String::as_str).chain(functions::NAMES));
                Err(if near.is_empty() {
                    stop.next("use `ref`, `source`, `var`, `dbt.…` or a macro of the project")
                } else {
                    stop.next(format!("did you mean `{}`?", near.join("`, `")))
                })
            }
        }
    }

    fn dbt(&mut self, expr: &Expr, function: &str, args: &[Expr], named: &[(String, Expr)]) -> Result<String, Stop> {
        let Some(shape) = functions::dbt(function) else {
            let near = nearest(function, functions::DBT.iter().map(|f| f.name));
            let stop = Stop::new("unknown-macro", format!("dbt has no macro `{function}`"), expr.at, expr.len);
            return Err(if near.is_empty() {
                stop
            } else {
                stop.next(format!("did you mean `{}`?", near.join("`, `")))
            });
        };
        let values =
            self.bind(expr, shape.parameters, args, named, |p| p.trim_end_matches('?'), |p| p.ends_with('?'))?;
        let mut given = Vec::new();
        for value in values {
            given.push(match value {
                None => None,
                Some(Expr { kind: Kind::List(items), .. }) => {
                    let parts: Result<Vec<String>, Stop> = items.iter().map(|i| self.sql(i)).collect();
                    Some(parts?.join(", "))
                }
                Some(Expr { kind: Kind::Constant(_), .. }) => None,
                Some(value) => Some(self.sql(value)?),
            });
        }
        let given: Vec<Option<&str>> = given.iter().map(Option::as_deref).collect();
        Ok((shape.sql)(&given))
    }

    fn macro_call(&mut self, expr: &Expr, name: &str, args: &[Expr], named: &[(String, Expr)]) -> Result<String, Stop> {
        let Some(shape) = self.macros.get(name) else { return Ok(String::new()) };
        let values = self.bind(expr, &shape.parameters, args, named, |p| p.name.as_str(), |p| p.optional)?;
        let mut out = Vec::new();
        for (value, parameter) in values.into_iter().zip(&shape.parameters) {
            if let Some(value) = value.filter(|v| !parameter.literal && !matches!(v.kind, Kind::Constant(_))) {
                out.push(self.sql(value)?);
            }
        }
        if let Some(data_type) = shape.returns {
            self.out.returns.insert(name.to_owned(), data_type);
        }
        Ok(format!("{name}({})", out.join(", ")))
    }

    /// Arguments in the order of the parameters.
    fn bind<'e, P>(
        &self,
        expr: &Expr,
        parameters: &[P],
        args: &'e [Expr],
        named: &'e [(String, Expr)],
        name: impl Fn(&P) -> &str,
        optional: impl Fn(&P) -> bool,
    ) -> Result<Vec<Option<&'e Expr>>, Stop> {
        let wrong = |what: String| Stop::new("macro-arguments", what, expr.at, expr.len);
        if args.len() > parameters.len() {
            return Err(wrong(format!("{} arguments where {} are taken", args.len(), parameters.len())));
        }
        let mut out: Vec<Option<&Expr>> = args.iter().map(Some).collect();
        out.resize(parameters.len(), None);
        for (key, value) in named {
            match parameters.iter().position(|p| name(p) == key) {
                Some(i) if out[i].is_none() => out[i] = Some(value),
                Some(_) => return Err(wrong(format!("`{key}` is given twice"))),
                None => {
                    let known: Vec<&str> = parameters.iter().map(&name).collect();
                    return Err(
                        wrong(format!("there is no argument `{key}`")).next(format!("it takes {}", known.join(", ")))
                    );
                }
            }
        }
        match parameters.iter().zip(&out).find(|(p, v)| v.is_none() && !optional(p)) {
            Some((p, _)) => Err(wrong(format!("the argument `{}` is missing", name(p)))),
            None => Ok(out),
        }
    }
}

fn is_var(expr: &Expr) -> bool {
    matches!(&expr.kind, Kind::Call(callee, ..) if matches!(&callee.kind, Kind::Path(p) if *p == ["var"]))
}

fn not_allowed(expr: &Expr, what: &str) -> Stop {
    Stop::new("jinja-not-allowed", format!("{what} is not allowed here"), expr.at, expr.len)
}

/// The arguments as plain strings.
fn strings<'e>(
    expr: &Expr,
    args: &'e [Expr],
    named: &[(String, Expr)],
    count: std::ops::RangeInclusive<usize>,
) -> Result<Vec<&'e str>, Stop> {
    let texts: Option<Vec<&str>> =
        args.iter().map(|a| if let Kind::Str(text) = &a.kind { Some(text.as_str()) } else { None }).collect();
    match texts {
        Some(texts) if named.is_empty() && count.contains(&texts.len()) => Ok(texts),
        _ => Err(Stop::new("macro-arguments", "names are written out here, as plain strings", expr.at, expr.len)
            .why("what a model reads must be known without running anything")),
    }
}

fn find_ignore_case(text: &str, word: &str) -> Option<usize> {
    text.as_bytes().windows(word.len()).position(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}
