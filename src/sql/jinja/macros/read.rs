//! The blocks of a file of macros.

use super::super::expr::{Expr, Kind, Reader};
use super::super::scan::{Piece, Scan};
use super::super::{Inside, Parameter, Stop};
use super::uses::printed;
use super::{Definition, Node};

/// Reads the blocks of a file.
pub(super) struct File<'t> {
    text: &'t str,
    scan: Scan<'t>,
    /// What was read.
    pub definitions: Vec<Definition>,
}

/// What ended a run of nodes.
struct End {
    word: String,
    condition: Option<Expr>,
}

impl<'t> File<'t> {
    pub(super) fn new(text: &'t str) -> File<'t> {
        File { text, scan: Scan::new(text), definitions: Vec::new() }
    }

    /// Reads all of it.
    pub(super) fn file(&mut self) -> Result<(), Stop> {
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
