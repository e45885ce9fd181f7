//! Files of macros and generic tests. What they hold is SQL with a few forms of Jinja that can be proved harmless:
//! `macro`, `test`, `if`, `set`, `return`, `adapter.dispatch` to a macro of the project, parameters, and what models
//! may call. Anything else is refused, and every way through every macro must be SQL.

use std::collections::BTreeMap;

use super::expr::{Expr, Kind, Reader};
use super::{Chunk, Inside, LONGEST, MacroShape, Macros, Parameter, Piece, REF_SCHEMA, Rendered, Scan, Stop, Stub};
use crate::sql::resolve::{ColumnType, Scope, resolve};
use crate::sql::text::Text;
use crate::vocabulary::{Diagnostic, Dialect};

/// One file of macros.
#[derive(Clone, Debug)]
pub struct MacroFile {
    definitions: Vec<Definition>,
}

#[derive(Clone, Debug)]
struct Definition {
    name: String,
    parameters: Vec<Parameter>,
    test: bool,
    body: Vec<Node>,
    at: usize,
    /// How its parameters are used: as SQL, or handed on.
    uses: Vec<(String, Use)>,
}

/// How a name of a macro is used.
#[derive(Clone, Debug)]
enum Use {
    /// Printed outside of quotes, or calculated with.
    Sql,
    /// Handed to an argument of macros of that name, or of their bodies for each dialect.
    Passed { callee: String, position: usize, keyword: Option<String> },
}

#[derive(Clone, Debug)]
enum Node {
    Literal(usize, usize),
    Print(Expr, usize, usize),
    Set(String, Expr),
    /// `{% set name %}…{% endset %}`.
    SetBlock(String, Vec<Node>),
    /// Branches with their conditions; none for `else`.
    If(Vec<(Option<Expr>, Vec<Node>)>),
}

/// What dbt itself would be bent by.
const TAKEN: &[&str] = &[
    "ref",
    "source",
    "config",
    "var",
    "env_var",
    "return",
    "run_query",
    "statement",
    "adapter",
    "is_incremental",
    "generate_alias_name",
    "generate_database_name",
    "create_table_as",
    "create_view_as",
    "run_hooks",
    "get_create_sql",
    "drop_relation",
    "rename_relation",
    "truncate_relation",
    "get_merge_sql",
    "test_unique",
    "test_not_null",
    "test_relationships",
    "test_accepted_values",
    "set_sql_header",
    "snapshot_merge_sql",
    "copy_grants",
    "apply_grants",
];
/// Filters that only change text.
const FILTERS: &[&str] = &["trim", "upper", "lower", "string", "int", "length"];

/// Reads the macros of a file.
///
/// # Errors
/// Everything that is not one of the forms allowed, with line and column.
pub fn read(text: &Text<'_>) -> Result<MacroFile, Vec<Diagnostic>> {
    if text.sql.len() > LONGEST {
        let what = format!("the file has {} bytes, the most is {LONGEST}", text.sql.len());
        return Err(vec![Stop::new("sql-too-long", what, 0, 1).placed(text)]);
    }
    let mut reader = File { text: text.sql, scan: Scan::new(text.sql), definitions: Vec::new() };
    match reader.file() {
        Ok(()) => Ok(MacroFile { definitions: reader.definitions }),
        Err(stop) => Err(vec![stop.placed(text)]),
    }
}

/// What can be called, over all files. A parameter is text if it is only ever printed between quotes, and SQL
/// otherwise; where it is handed on, that is decided by who takes it.
pub fn link<'f>(files: impl IntoIterator<Item = &'f MacroFile>) -> Macros {
    let definitions: Vec<&Definition> = files.into_iter().flat_map(|f| &f.definitions).filter(|d| !d.test).collect();
    let shape = |d: &&Definition| (d.name.clone(), MacroShape { parameters: d.parameters.clone(), returns: None });
    let mut macros: Macros = definitions.iter().map(shape).collect();
    loop {
        let mut changed = false;
        for definition in &definitions {
            for (i, parameter) in definition.parameters.iter().enumerate() {
                let sql = definition.uses.iter().any(|(name, usage)| *name == parameter.name && usage.is_sql(&macros));
                if let Some(shape) = macros.get_mut(&definition.name)
                    && sql
                    && shape.parameters[i].literal
                {
                    shape.parameters[i].literal = false;
                    changed = true;
                }
            }
        }
        if !changed {
            return macros;
        }
    }
}

impl Use {
    fn is_sql(&self, macros: &Macros) -> bool {
        let Use::Passed { callee, position, keyword } = self else { return true };
        let bodies = format!("__{callee}");
        let mut takers = macros.iter().filter(|(name, _)| *name == callee || name.ends_with(&bodies)).peekable();
        takers.peek().is_none()
            || takers.any(|(_, shape)| {
                let taken = match keyword {
                    Some(keyword) => shape.parameters.iter().find(|p| p.name == *keyword),
                    None => shape.parameters.get(*position),
                };
                taken.is_none_or(|p| !p.literal)
            })
    }
}

impl MacroFile {
    /// Names of the macros.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().filter(|d| !d.test).map(|d| d.name.as_str())
    }

    /// Names of the generic tests, with their parameters after `model` and `column_name`.
    pub fn tests(&self) -> impl Iterator<Item = (&str, Vec<&Parameter>)> {
        self.definitions.iter().filter(|d| d.test).map(|d| {
            let own = d.parameters.iter().filter(|p| p.name != "model" && p.name != "column_name");
            (d.name.as_str(), own.collect())
        })
    }

    /// Whether a generic test takes a column.
    pub fn takes_column(&self, test: &str) -> bool {
        self.definitions
            .iter()
            .any(|d| d.test && d.name == test && d.parameters.iter().any(|p| p.name == "column_name"))
    }

    /// Proves every way through every macro in every dialect that it can be called in; gives the types of the values.
    ///
    /// # Errors
    /// Calls that are not allowed and ways that are no SQL.
    pub fn prove(
        &self,
        text: &Text<'_>,
        known: &Macros,
        dialects: &[Dialect],
    ) -> Result<BTreeMap<String, ColumnType>, Vec<Diagnostic>> {
        let mut found: Vec<Diagnostic> = Vec::new();
        let mut returns = BTreeMap::new();
        for definition in &self.definitions {
            if let Some(stop) = definition.name_fault(known) {
                found.push(stop.placed(text));
                continue;
            }
            let mut value: Option<ColumnType> = None;
            for variant in 0..most_ways(&definition.body) {
                let rendered = match definition.render(text.sql, variant, known) {
                    Ok(Some(rendered)) => rendered,
                    Ok(None) => continue,
                    Err(stop) => {
                        found.push(stop.placed(text));
                        continue;
                    }
                };
                for dialect in definition.dialects(dialects, known) {
                    match super::super::parse(text, &rendered, dialect) {
                        Err(faults) => {
                            // The same fault in every target is one fault.
                            let known = |d: &Diagnostic| found.iter().any(|f| f.code == d.code && f.place == d.place);
                            let new: Vec<Diagnostic> = faults.into_iter().filter(|d| !known(d)).collect();
                            found.extend(new);
                        }
                        Ok(parsed) if !definition.test => {
                            let resolved = resolve(text, &rendered, &parsed, &Scope::default());
                            let ty =
                                resolved.ok().and_then(|r| Some(r.columns.first()?.column_type)).unwrap_or_default();
                            value = Some(match value {
                                Some(value) if value != ty => value.either(ty),
                                _ => ty,
                            });
                        }
                        Ok(_) => {}
                    }
                }
            }
            returns.insert(definition.name.clone(), value.unwrap_or_default());
        }
        found.sort();
        found.dedup();
        if found.is_empty() { Ok(returns) } else { Err(found) }
    }
}

/// How many ways lead through a node, each `if` taken by itself.
fn ways(node: &Node) -> usize {
    match node {
        Node::If(branches) => {
            let inner = branches.iter().map(|(_, body)| most_ways(body)).max().unwrap_or(1);
            let open = usize::from(branches.last().is_some_and(|(condition, _)| condition.is_some()));
            (branches.len() + open).max(inner)
        }
        Node::SetBlock(_, body) => most_ways(body),
        _ => 1,
    }
}

fn most_ways(nodes: &[Node]) -> usize {
    nodes.iter().map(ways).max().unwrap_or(1)
}

/// `duckdb__digits` is the body of `digits` for DuckDB.
fn of_dialect(name: &str) -> Option<(&str, &str)> {
    name.split_once("__").filter(|(head, tail)| !head.is_empty() && !tail.is_empty())
}

impl Definition {
    fn name_fault(&self, known: &Macros) -> Option<Stop> {
        let stop = |what: String| Stop::new("macro-name", what, self.at, 2);
        if TAKEN.contains(&self.name.as_str()) {
            return Some(stop(format!("`{}` would take the place of a part of dbt", self.name)));
        }
        match of_dialect(&self.name) {
            Some((_, base)) if !known.contains_key(base) => Some(
                stop(format!("`{}` is a body of `{base}`, which is not there", self.name))
                    .why("it would take the place of a part of dbt")
                    .next(format!("add a macro `{base}` that dispatches to it, or rename it")),
            ),
            _ => None,
        }
    }

    /// The dialects that it can be called in.
    fn dialects(&self, all: &[Dialect], known: &Macros) -> Vec<Dialect> {
        match of_dialect(&self.name) {
            None => all.to_vec(),
            Some(("default", base)) => {
                all.iter().copied().filter(|d| !known.contains_key(&format!("{d}__{base}"))).collect()
            }
            Some((dialect, _)) => all.iter().copied().filter(|d| d.as_str() == dialect).collect(),
        }
    }

    /// One way through it as a query; none where it prints nothing.
    fn render(&self, source: &str, variant: usize, known: &Macros) -> Result<Option<Rendered>, Stop> {
        let mut out = Rendered::default();
        let names = self.parameters.iter().map(|p| (p.name.clone(), p.name.clone())).collect();
        out.chunks.push(Chunk { out: 0, source: self.at, width: Some(2) });
        let mut body = Rendered::default();
        let mut writer = Writer { stub: Stub { macros: known, out: &mut body, inside: Inside::Code }, names, source };
        writer.nodes(&self.body, variant)?;
        let trimmed = body.sql.trim_start().to_ascii_lowercase();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let query = self.test
            || trimmed.starts_with("select ")
            || trimmed.starts_with("select\n")
            || trimmed.starts_with("with ");
        let (head, tail) = match query {
            true => ("", String::new()),
            false => ("select\n", format!("\nas value_of from {REF_SCHEMA}.any_model")),
        };
        out.sql.push_str(head);
        out.chunks.extend(body.chunks.iter().map(|c| Chunk { out: c.out + head.len(), ..*c }));
        out.sql.push_str(&body.sql);
        out.chunks.push(Chunk { out: out.sql.len(), source: self.at, width: Some(2) });
        out.sql.push_str(&tail);
        out.returns = body.returns;
        Ok(Some(out))
    }
}

struct Writer<'w, 'm, 'o> {
    stub: Stub<'m, 'o>,
    /// What parameters and set names print.
    names: BTreeMap<String, String>,
    source: &'w str,
}

impl Writer<'_, '_, '_> {
    fn nodes(&mut self, nodes: &[Node], variant: usize) -> Result<(), Stop> {
        for node in nodes {
            if self.stub.out.sql.len() > 2 * LONGEST {
                return Err(Stop::new("sql-too-long", "this macro writes more than anyone reads", 0, 1));
            }
            match node {
                Node::Literal(from, to) => self.stub.literal(&self.source[*from..*to], *from),
                Node::Print(expr, from, to) => {
                    let quoted = self.stub.inside == Inside::Single;
                    let sql = self.value(expr)?;
                    let text = if quoted && !matches!(expr.kind, Kind::Str(_)) { "2000-01-01" } else { &sql };
                    self.stub.substitute(text, *from, *to);
                }
                Node::Set(name, expr) => {
                    let value = self.value(expr)?;
                    self.set(name, value, expr.at)?;
                }
                Node::SetBlock(name, body) => {
                    let mut inner = Rendered::default();
                    let stub = Stub { macros: self.stub.macros, out: &mut inner, inside: Inside::Code };
                    let mut writer = Writer { stub, names: self.names.clone(), source: self.source };
                    writer.nodes(body, variant)?;
                    self.stub.out.returns.extend(inner.returns);
                    self.set(name, inner.sql.trim().to_owned(), 0)?;
                }
                Node::If(branches) => {
                    for (condition, _) in branches {
                        condition.as_ref().map_or(Ok(()), |c| self.harmless(c))?;
                    }
                    if let Some((_, body)) = branches.get(variant.min(branches.len() - 1)).filter(|_| {
                        variant < branches.len() || branches.last().is_some_and(|(condition, _)| condition.is_none())
                    }) {
                        self.nodes(body, variant)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Texts that are put together again and again grow without end.
    fn set(&mut self, name: &str, value: String, at: usize) -> Result<(), Stop> {
        const MOST: usize = 16 * 1024;
        if value.len() > MOST {
            return Err(Stop::new("sql-too-long", format!("`{name}` holds more than {MOST} bytes"), at, 1));
        }
        self.names.insert(name.to_owned(), value);
        Ok(())
    }

    /// The SQL that an expression prints; names of the macro stand for columns.
    fn value(&mut self, expr: &Expr) -> Result<String, Stop> {
        self.harmless(expr)?;
        match &expr.kind {
            Kind::Path(path) => {
                Ok(self.names.get(&path[0]).filter(|_| path.len() == 1).cloned().unwrap_or_else(|| path.join("_")))
            }
            Kind::Constant(_) | Kind::List(_) | Kind::Not(_) => Ok("null".into()),
            Kind::Filter(inner, _) => self.value(inner),
            Kind::If(then, _, _) => self.value(then),
            Kind::Binary("~", left, right) => Ok(format!("{}{}", self.value(left)?, self.value(right)?)),
            Kind::Binary(..) => Ok("null".into()),
            Kind::Call(callee, args, named) => match (&callee.kind, args.as_slice()) {
                (Kind::Path(p), [value]) if *p == ["return"] => self.value(value),
                (Kind::Call(_, dispatched, _), _) => {
                    let Some(Kind::Str(name)) = dispatched.first().map(|d| &d.kind) else { return Ok("null".into()) };
                    let args = self.plain(args)?;
                    let path = [name.clone()];
                    self.stub.call(expr, &path, &args, named)
                }
                (Kind::Path(path), _) => {
                    let args = self.plain(args)?;
                    let named: Vec<(String, Expr)> =
                        named.iter().map(|(k, v)| Ok((k.clone(), self.plain_one(v)?))).collect::<Result<_, Stop>>()?;
                    self.stub.call(expr, path, &args, &named)
                }
                (Kind::Filter(joined, _), _) => self.value(joined),
                _ => Ok("null".into()),
            },
            Kind::Str(_) | Kind::Num(_) => self.stub.sql(expr),
        }
    }

    /// Arguments with the macro's own names in the place of what they stand for.
    fn plain(&mut self, args: &[Expr]) -> Result<Vec<Expr>, Stop> {
        args.iter().map(|a| self.plain_one(a)).collect()
    }

    fn plain_one(&mut self, arg: &Expr) -> Result<Expr, Stop> {
        if matches!(arg.kind, Kind::Str(_) | Kind::Num(_) | Kind::Constant(_)) {
            return Ok(arg.clone());
        }
        if let Kind::List(items) = &arg.kind {
            return Ok(Expr { kind: Kind::List(self.plain(items)?), ..arg.clone() });
        }
        Ok(Expr { kind: Kind::Str(self.value(arg)?), ..arg.clone() })
    }

    /// Whether reading an expression can do nothing but give a text.
    fn harmless(&self, expr: &Expr) -> Result<(), Stop> {
        let refuse = |what: &str| Err(super::not_allowed(expr, what));
        match &expr.kind {
            Kind::Str(_) | Kind::Num(_) | Kind::Constant(_) => Ok(()),
            Kind::List(items) => items.iter().try_for_each(|i| self.harmless(i)),
            Kind::Path(path) => match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["target", "name" | "type" | "schema" | "database"] => Ok(()),
                [first, rest @ ..] if self.names.contains_key(*first) && !rest.iter().any(|a| a.starts_with('_')) => {
                    Ok(())
                }
                _ => refuse(&format!("`{}`", path.join("."))),
            },
            Kind::Filter(inner, name) => match FILTERS.contains(&name.as_str()) {
                true => self.harmless(inner),
                false => refuse(&format!("the filter `{name}`")),
            },
            Kind::If(a, b, c) => {
                self.harmless(a)?;
                self.harmless(b)?;
                c.as_ref().map_or(Ok(()), |c| self.harmless(c))
            }
            Kind::Binary(_, a, b) => self.harmless(a).and_then(|()| self.harmless(b)),
            Kind::Not(a) => self.harmless(a),
            Kind::Call(callee, args, named) => {
                args.iter().chain(named.iter().map(|(_, v)| v)).try_for_each(|a| self.harmless(a))?;
                match &callee.kind {
                    Kind::Path(path) => match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                        ["return"] if args.len() == 1 && named.is_empty() => Ok(()),
                        ["var"] => super::functions::var(expr, args, named),
                        ["dbt", _] => Ok(()),
                        [name] if self.stub.macros.contains_key(*name) => Ok(()),
                        _ => self.refused_call(expr, path),
                    },
                    Kind::Call(inner, dispatched, _) => match (&inner.kind, dispatched.as_slice()) {
                        (Kind::Path(p), [Expr { kind: Kind::Str(name), .. }, ..]) if *p == ["adapter", "dispatch"] => {
                            let bodies = format!("__{name}");
                            match self.stub.macros.keys().any(|m| m.ends_with(&bodies)) {
                                true => Ok(()),
                                false => Err(Stop::new(
                                    "unknown-macro",
                                    format!("no macro of the project is a body of `{name}`"),
                                    expr.at,
                                    expr.len,
                                )
                                .next(format!("add `default__{name}`"))),
                            }
                        }
                        _ => refuse("a call of what another call gave"),
                    },
                    // `columns | join(', ')`: the one filter that is told something.
                    Kind::Filter(inner, name) if name == "join" && matches!(args.as_slice(), [_]) => {
                        self.harmless(inner)
                    }
                    _ => refuse("this call"),
                }
            }
        }
    }

    fn refused_call(&self, expr: &Expr, path: &[String]) -> Result<(), Stop> {
        let name = path.join(".");
        let why = super::functions::REFUSED.iter().find(|(n, _)| *n == path[0]).map(|(_, why)| *why);
        let stop = super::not_allowed(expr, &format!("`{name}`"));
        Err(match why {
            Some(why) => stop.why(why),
            None => stop.why("it is no macro of the project"),
        })
    }
}

/// Reads the blocks of a file.
struct File<'t> {
    text: &'t str,
    scan: Scan<'t>,
    definitions: Vec<Definition>,
}

/// What ended a run of nodes.
struct End {
    word: String,
    condition: Option<Expr>,
}

impl File<'_> {
    fn file(&mut self) -> Result<(), Stop> {
        while let Some(piece) = self.scan.next() {
            match piece? {
                Piece::Literal(from, to) => {
                    let text = &self.text[from..to];
                    if !text.trim().is_empty() {
                        let at = from + (text.len() - text.trim_start().len());
                        return Err(Stop::new("macro-file", "there is text outside of a macro", at, 1));
                    }
                }
                Piece::Print { from, to, .. } => {
                    return Err(Stop::new("macro-file", "there is an expression outside of a macro", from, to - from));
                }
                Piece::Block { tokens, from, to, inner_end } => {
                    let mut reader = Reader::new(&tokens, inner_end);
                    let word = reader.name().unwrap_or_default();
                    let test = word == "test";
                    if !test && word != "macro" {
                        return Err(Stop::new(
                            "jinja-not-allowed",
                            format!("`{{% {word} %}}` is not allowed here"),
                            from,
                            to - from,
                        )
                        .next("a file of macros holds `macro` and `test` blocks"));
                    }
                    let Some(name) = reader.name() else {
                        return Err(Stop::new("macro-file", "the macro has no name", from, to - from));
                    };
                    if name.starts_with('_')
                        || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                    {
                        return Err(Stop::new(
                            "invalid-name",
                            format!("`{}` is no name of a macro", name.escape_debug()),
                            from,
                            to - from,
                        ));
                    }
                    let parameters = parameters(&mut reader)?;
                    reader.finish()?;
                    let close = if test { "endtest" } else { "endmacro" };
                    let (body, end) = self.nodes(from)?;
                    if end.word != close {
                        return Err(Stop::new(
                            "unbalanced-jinja",
                            format!("`{name}` is not closed by `{close}`"),
                            from,
                            to - from,
                        ));
                    }
                    let mut uses = Vec::new();
                    printed(&body, self.text, &mut Inside::Code, &mut uses);
                    self.definitions.push(Definition { name, parameters, test, body, at: from, uses });
                }
            }
        }
        Ok(())
    }

    /// Nodes up to the word that ends them.
    fn nodes(&mut self, start: usize) -> Result<(Vec<Node>, End), Stop> {
        let mut out = Vec::new();
        self.scan.depth += 1;
        if self.scan.depth > 16 {
            return Err(Stop::new("jinja-syntax", "these blocks are nested too deeply", start, 2));
        }
        while let Some(piece) = self.scan.next() {
            match piece? {
                Piece::Literal(from, to) => out.push(Node::Literal(from, to)),
                Piece::Print { tokens, from, to, inner_end } => {
                    out.push(Node::Print(Reader::new(&tokens, inner_end).whole()?, from, to));
                }
                Piece::Block { tokens, from, to, inner_end } => {
                    let mut reader = Reader::new(&tokens, inner_end);
                    let word = reader.name().unwrap_or_default();
                    match word.as_str() {
                        "if" => {
                            let condition = reader.whole()?;
                            out.push(self.branches(condition, from)?);
                        }
                        "elif" => {
                            self.scan.depth -= 1;
                            return Ok((out, End { word, condition: Some(reader.whole()?) }));
                        }
                        "else" | "endif" | "endmacro" | "endtest" | "endset" => {
                            reader.finish()?;
                            self.scan.depth -= 1;
                            return Ok((out, End { word, condition: None }));
                        }
                        "set" => {
                            let name = reader.name();
                            match (name, reader.mark("=")) {
                                (Some(name), false) => {
                                    reader.finish()?;
                                    let (body, end) = self.nodes(from)?;
                                    if end.word != "endset" {
                                        return Err(Stop::new(
                                            "unbalanced-jinja",
                                            "this `set` is not closed by `endset`",
                                            from,
                                            to - from,
                                        ));
                                    }
                                    out.push(Node::SetBlock(name, body));
                                }
                                (Some(name), true) => out.push(Node::Set(name, reader.whole()?)),
                                _ => {
                                    return Err(Stop::new(
                                        "jinja-syntax",
                                        "`set` gives one name a value",
                                        from,
                                        to - from,
                                    ));
                                }
                            }
                        }
                        "do" => {
                            let expr = reader.whole()?;
                            let returns = matches!(&expr.kind, Kind::Call(c, ..) if matches!(&c.kind, Kind::Path(p) if *p == ["return"]));
                            if !returns {
                                return Err(Stop::new(
                                    "jinja-not-allowed",
                                    "`{% do %}` may only return a value",
                                    from,
                                    to - from,
                                )
                                .why("it runs what can't be proved"));
                            }
                            out.push(Node::Print(expr, from, to));
                        }
                        _ => {
                            return Err(Stop::new(
                                "jinja-not-allowed",
                                format!("`{{% {word} %}}` is not allowed in a macro"),
                                from,
                                to - from,
                            )
                            .next("`if`, `set` and `return` are"));
                        }
                    }
                }
            }
        }
        Err(Stop::new("unbalanced-jinja", "this block is never closed", start, 2))
    }

    fn branches(&mut self, condition: Expr, start: usize) -> Result<Node, Stop> {
        let mut branches = Vec::new();
        let mut condition = Some(condition);
        loop {
            let (body, end) = self.nodes(start)?;
            branches.push((condition.take(), body));
            match end.word.as_str() {
                "elif" => condition = end.condition,
                "else" => {}
                "endif" => return Ok(Node::If(branches)),
                _ => return Err(Stop::new("unbalanced-jinja", "this `if` is not closed by `endif`", start, 2)),
            }
        }
    }
}

fn parameters(reader: &mut Reader<'_>) -> Result<Vec<Parameter>, Stop> {
    let at = reader.at();
    let wrong = || Stop::new("jinja-syntax", "the parameters of a macro are names, with plain defaults", at, 1);
    let mut out = Vec::new();
    if !reader.mark("(") {
        return Err(wrong());
    }
    while !reader.mark(")") {
        let Some(name) = reader.name() else { return Err(wrong()) };
        let optional = reader.mark("=");
        if optional && !matches!(reader.expr()?.kind, Kind::Str(_) | Kind::Num(_) | Kind::Constant(_)) {
            return Err(wrong());
        }
        out.push(Parameter { name, optional, literal: true });
        if !reader.mark(",") {
            if !reader.mark(")") {
                return Err(wrong());
            }
            break;
        }
    }
    Ok(out)
}

/// Gathers how names are used by what is printed.
fn printed(nodes: &[Node], text: &str, inside: &mut Inside, uses: &mut Vec<(String, Use)>) {
    for node in nodes {
        match node {
            Node::Literal(from, to) => *inside = inside.after(&text[*from..*to]),
            Node::Print(expr, ..) if *inside != Inside::Single => used(expr, &Use::Sql, uses),
            Node::Print(..) => {}
            Node::Set(_, expr) => used(expr, &Use::Sql, uses),
            Node::SetBlock(_, body) => printed(body, text, &mut Inside::Code, uses),
            Node::If(branches) => branches.iter().for_each(|(_, body)| printed(body, text, inside, uses)),
        }
    }
}

fn used(expr: &Expr, usage: &Use, out: &mut Vec<(String, Use)>) {
    match &expr.kind {
        Kind::Path(path) => out.extend(path.first().map(|name| (name.clone(), usage.clone()))),
        Kind::List(items) => items.iter().for_each(|i| used(i, usage, out)),
        Kind::Filter(inner, _) | Kind::Not(inner) => used(inner, usage, out),
        Kind::If(a, _, c) => {
            used(a, usage, out);
            if let Some(c) = c {
                used(c, usage, out);
            }
        }
        Kind::Binary(_, a, b) => {
            used(a, usage, out);
            used(b, usage, out);
        }
        Kind::Call(callee, args, named) => {
            let name = match &callee.kind {
                Kind::Path(path) if *path == ["return"] => return args.iter().for_each(|a| used(a, usage, out)),
                Kind::Path(path) => path.join("."),
                Kind::Call(_, dispatched, _) => match dispatched.first().map(|d| &d.kind) {
                    Some(Kind::Str(name)) => name.clone(),
                    _ => String::new(),
                },
                _ => String::new(),
            };
            for (position, arg) in args.iter().enumerate() {
                used(arg, &Use::Passed { callee: name.clone(), position, keyword: None }, out);
            }
            for (keyword, arg) in named {
                let keyword = Some(keyword.clone());
                used(arg, &Use::Passed { callee: name.clone(), position: 0, keyword }, out);
            }
        }
        Kind::Str(_) | Kind::Num(_) | Kind::Constant(_) => {}
    }
}
