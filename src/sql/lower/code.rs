//! dbt SQL as a small tree, so that a macro can stand inside another and long expressions break where people would.

use std::fmt::Write;

/// Columns that a line of generated SQL keeps within where it can be broken at all.
pub const WIDTH: usize = 80;

/// An expression of dbt SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Plain SQL.
    Text(String),
    /// A Jinja expression that renders to SQL, without its braces.
    Jinja(String),
    /// Parts one after the other.
    Seq(Vec<Code>),
    /// Parts with an operator between them: `and`, `or`, `+`.
    Chain(&'static str, Vec<Code>),
    /// `name(arguments)`; a name may be empty.
    Call(String, Vec<Code>),
    /// `case when … then … else … end`.
    Case {
        /// What is compared, if anything.
        operand: Option<Box<Code>>,
        /// Conditions and results.
        whens: Vec<(Code, Code)>,
        /// The result otherwise.
        otherwise: Option<Box<Code>>,
    },
    /// `call over (partition by … order by … frame)`.
    Over {
        /// The function.
        call: Box<Code>,
        /// Rows that are seen together have these alike.
        partition: Vec<Code>,
        /// Their order.
        order: Vec<Code>,
        /// `rows between …`; empty for all of them.
        frame: String,
    },
}

enum Piece {
    Text(String),
    Jinja(String),
}

impl Code {
    /// Plain SQL.
    pub fn text(text: impl Into<String>) -> Code {
        Code::Text(text.into())
    }

    /// `name(argument)`.
    pub fn call(name: impl Into<String>, arguments: Vec<Code>) -> Code {
        Code::Call(name.into(), arguments)
    }

    /// `cast(code as type)`; the type may be a macro.
    pub fn cast(code: Code, to: Code) -> Code {
        Code::call("cast", vec![Code::Seq(vec![code, Code::text(" as "), to])])
    }

    /// Whether it is what [`Code::cast`] makes with that type.
    pub fn is_cast_to(&self, to: &Code) -> bool {
        let Code::Call(name, arguments) = self else { return false };
        name == "cast" && matches!(arguments.as_slice(), [Code::Seq(parts)] if parts.last() == Some(to))
    }

    /// `code asc` or `code desc`, missing values last everywhere.
    pub fn ordered(self, descending: bool, nullable: bool) -> Code {
        let direction = if descending { " desc" } else { " asc" };
        Code::Seq(vec![self, Code::text(format!("{direction}{}", if nullable { " nulls last" } else { "" }))])
    }

    /// In parentheses.
    pub fn nested(self) -> Code {
        Code::call("", vec![self])
    }

    /// On one line, as it stands in a model.
    pub fn flat(&self) -> String {
        let mut out = String::new();
        for piece in self.pieces() {
            match piece {
                Piece::Text(text) => out.push_str(&text),
                Piece::Jinja(call) => {
                    let _ = write!(out, "{{{{ {call} }}}}");
                }
            }
        }
        out
    }

    /// As an argument of a macro: a Jinja expression whose value is this SQL.
    pub fn argument(&self) -> String {
        let parts: Vec<String> = self
            .pieces()
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => quoted(&text),
                Piece::Jinja(call) => call,
            })
            .collect();
        parts.join(" ~ ")
    }

    /// Lines that start at column `indent` and keep within [`WIDTH`] where they can; `tail` characters follow the last.
    pub fn lines(&self, indent: usize, tail: usize) -> Vec<String> {
        let flat = self.flat();
        if indent + flat.chars().count() + tail <= WIDTH {
            return vec![flat];
        }
        match self {
            Code::Text(_) | Code::Jinja(_) => vec![flat],
            Code::Seq(parts) => parts.iter().fold(vec![String::new()], |mut lines, part| {
                let mut next = part.lines(indent, tail).into_iter();
                if let (Some(last), Some(first)) = (lines.last_mut(), next.next()) {
                    last.push_str(&first);
                }
                lines.extend(next);
                lines
            }),
            Code::Chain(operator, parts) => {
                let mut lines = Vec::new();
                for (i, part) in parts.iter().enumerate() {
                    let head = if i == 0 { String::new() } else { format!("{operator} ") };
                    let mut next = part.lines(indent + head.len(), tail).into_iter();
                    lines.extend(next.next().map(|first| head + &first));
                    lines.extend(next);
                }
                lines
            }
            Code::Call(name, arguments) => {
                let mut lines = vec![format!("{name}(")];
                for (i, argument) in arguments.iter().enumerate() {
                    let mut next = argument.lines(indent + 4, 1);
                    if let Some(last) = next.last_mut().filter(|_| i + 1 < arguments.len()) {
                        last.push(',');
                    }
                    lines.extend(next.into_iter().map(|line| format!("    {line}")));
                }
                lines.push(")".into());
                lines
            }
            Code::Case { operand, whens, otherwise } => {
                let mut lines = vec![operand.as_ref().map_or("case".into(), |o| format!("case {}", o.flat()))];
                for (condition, result) in whens {
                    let flat = format!("    when {} then {}", condition.flat(), result.flat());
                    if indent + flat.chars().count() <= WIDTH {
                        lines.push(flat);
                        continue;
                    }
                    let condition = condition.lines(indent + 8, 5);
                    match condition.as_slice() {
                        [one] => lines.push(format!("    when {one}")),
                        many => {
                            lines.push("    when".into());
                            lines.extend(many.iter().map(|line| format!("        {line}")));
                        }
                    }
                    lines.extend(block("        then ", &result.lines(indent + 13, 0)));
                }
                if let Some(otherwise) = otherwise {
                    lines.extend(block("    else ", &otherwise.lines(indent + 9, 0)));
                }
                lines.push("end".into());
                lines
            }
            Code::Over { call, partition, order, frame } => {
                let mut lines = call.lines(indent, 6);
                if let Some(last) = lines.last_mut() {
                    last.push_str(" over (");
                }
                for (word, codes) in [("partition by", partition), ("order by", order)] {
                    let flat = codes.iter().map(Code::flat).collect::<Vec<_>>().join(", ");
                    if codes.is_empty() {
                    } else if indent + 5 + word.len() + flat.chars().count() <= WIDTH {
                        lines.push(format!("    {word} {flat}"));
                    } else {
                        lines.push(format!("    {word}"));
                        for (i, code) in codes.iter().enumerate() {
                            let mut next = code.lines(indent + 8, 1);
                            if let Some(last) = next.last_mut().filter(|_| i + 1 < codes.len()) {
                                last.push(',');
                            }
                            lines.extend(next.into_iter().map(|line| format!("        {line}")));
                        }
                    }
                }
                if !frame.is_empty() {
                    lines.push(format!("    {frame}"));
                }
                lines.push(")".into());
                lines
            }
        }
    }

    fn pieces(&self) -> Vec<Piece> {
        let mut out = Vec::new();
        self.collect(&mut out);
        out
    }

    fn collect(&self, out: &mut Vec<Piece>) {
        match self {
            Code::Text(text) => push(out, text),
            Code::Jinja(call) => out.push(Piece::Jinja(call.clone())),
            Code::Seq(parts) => parts.iter().for_each(|part| part.collect(out)),
            Code::Chain(operator, parts) => separated(parts, &format!(" {operator} "), out),
            Code::Call(name, arguments) => {
                push(out, name);
                push(out, "(");
                separated(arguments, ", ", out);
                push(out, ")");
            }
            Code::Case { operand, whens, otherwise } => {
                push(out, "case");
                if let Some(operand) = operand {
                    push(out, " ");
                    operand.collect(out);
                }
                for (condition, result) in whens {
                    push(out, " when ");
                    condition.collect(out);
                    push(out, " then ");
                    result.collect(out);
                }
                if let Some(otherwise) = otherwise {
                    push(out, " else ");
                    otherwise.collect(out);
                }
                push(out, " end");
            }
            Code::Over { call, partition, order, frame } => {
                call.collect(out);
                push(out, " over (");
                let mut gap = "";
                for (word, codes) in [("partition by ", partition), ("order by ", order)] {
                    if !codes.is_empty() {
                        push(out, gap);
                        push(out, word);
                        separated(codes, ", ", out);
                        gap = " ";
                    }
                }
                if !frame.is_empty() {
                    push(out, gap);
                    push(out, frame);
                }
                push(out, ")");
            }
        }
    }
}

/// `head` and then the lines, the later ones as deep as `head` stands.
fn block(head: &str, lines: &[String]) -> Vec<String> {
    let depth = " ".repeat(head.len() - head.trim_start().len());
    lines
        .iter()
        .enumerate()
        .map(|(i, line)| if i == 0 { format!("{head}{line}") } else { format!("{depth}{line}") })
        .collect()
}

fn push(out: &mut Vec<Piece>, text: &str) {
    match out.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => out.push(Piece::Text(text.to_owned())),
    }
}

fn separated(parts: &[Code], separator: &str, out: &mut Vec<Piece>) {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            push(out, separator);
        }
        part.collect(out);
    }
}

/// SQL as a string of Jinja: in single quotes, or in double ones where it holds single ones itself.
fn quoted(sql: &str) -> String {
    let quote = if sql.contains('\'') && !sql.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(sql.len() + 2);
    out.push(quote);
    for c in sql.chars() {
        if c == quote || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_stand_inside_macros() {
        let inner = Code::cast(Code::Jinja("as_of()".into()), Code::text("date"));
        assert_eq!(inner.flat(), "cast({{ as_of() }} as date)");
        assert_eq!(inner.argument(), "'cast(' ~ as_of() ~ ' as date)'");
        assert_eq!(Code::text("a = 'x'").argument(), r#""a = 'x'""#);
        assert_eq!(Code::text(r#"a = '"x'"#).argument(), r#"'a = \'"x\''"#);
    }

    #[test]
    fn long_expressions_break_where_people_would() {
        let word = |c: &str| Code::text(c.repeat(30));
        let chain = Code::Chain("and", vec![word("a"), word("b"), word("c")]);
        assert_eq!(chain.lines(0, 0).len(), 3);
        assert!(chain.lines(0, 0)[1].starts_with("and b"));
        let call = Code::call("coalesce", vec![word("a"), word("b"), word("c")]).lines(0, 1);
        assert_eq!(call[0], "coalesce(");
        assert_eq!(call[1], format!("    {},", "a".repeat(30)));
        assert_eq!(call[4], ")");
        let case =
            Code::Case { operand: None, whens: vec![(word("a"), word("b"))], otherwise: Some(Box::new(word("c"))) };
        assert_eq!(case.lines(0, 0).len(), 4);
        assert_eq!(case.lines(0, 0)[1], format!("    when {} then {}", "a".repeat(30), "b".repeat(30)));
        let over = |partition| Code::Over {
            call: Box::new(Code::call("sum", vec![Code::text("x")])),
            partition,
            order: vec![Code::text("d").ordered(true, true)],
            frame: String::new(),
        };
        assert_eq!(over(Vec::new()).flat(), "sum(x) over (order by d desc nulls last)");
        let long = over(vec![word("a"), word("b"), word("c")]).lines(0, 0);
        assert_eq!(
            long[..3],
            ["sum(x) over (".to_owned(), "    partition by".into(), format!("        {},", "a".repeat(30))]
        );
        assert_eq!(long[5..], ["    order by d desc nulls last", ")"]);
    }
}
