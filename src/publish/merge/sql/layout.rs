//! How people lay their SQL out, so that what comes in looks like what stands.

use super::lex::{Kind, Token};
use super::tree::{Node, Sep, Tree, What};

/// What stands between two parts of a list: white space, the separator, white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub before: String,
    pub sep: String,
    pub after: String,
}

impl Shape {
    /// The white space at the start of a line that the next part opens; none where it stays on the line.
    pub fn indent(&self) -> Option<&str> {
        let lead = if self.before.contains('\n') { &self.before } else { &self.after };
        lead.rsplit_once('\n').map(|(_, indent)| indent)
    }

    /// The same with its lines set in by `indent`.
    pub fn set_in(mut self, indent: &str) -> Shape {
        for side in [&mut self.before, &mut self.after] {
            if let Some(at) = side.rfind('\n') {
                side.truncate(at + 1);
                side.push_str(indent);
            }
        }
        self
    }

    /// Two parts with this between them, and the comments that belong to each.
    pub fn joint(&self, trail: &[String], lead: &[String], fallback_indent: &str) -> String {
        let mut out = String::new();
        let trailing: String = trail.iter().map(|c| format!("  {c}")).collect();
        let line = format!("\n{}", self.indent().unwrap_or(fallback_indent));
        let has_line = |side: &str| side.contains('\n');
        if has_line(&self.before) {
            out.push_str(&trailing);
            out.push_str(&self.before);
            lead.iter().for_each(|c| out.push_str(&format!("{c}{line}")));
            out.push_str(&self.sep);
            out.push_str(&self.after);
        } else {
            out.push_str(&self.before);
            out.push_str(&self.sep);
            out.push_str(&trailing);
            let alone = !(has_line(&self.after) || trail.is_empty() && lead.is_empty());
            out.push_str(if alone { &line } else { &self.after });
            lead.iter().for_each(|c| out.push_str(&format!("{c}{line}")));
        }
        out
    }
}

/// How a whole text is laid out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// Commas stand at the start of lines.
    leading: bool,
    /// Lines are set in by tabs.
    tabs: bool,
    /// Keywords are in capitals.
    capitals: bool,
}

const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "qualify",
    "right",
    "select",
    "then",
    "union",
    "using",
    "when",
    "where",
    "with",
];

impl Style {
    pub fn of(tree: &Tree) -> Style {
        let text = &tree.text;
        let line_starts = |c: char| text.lines().any(|l| l.starts_with(c));
        let words = tree.tokens.iter().filter(|t| t.kind == Kind::Word).map(|t| &text[t.start..t.end]);
        let keywords: Vec<&str> =
            words.filter(|w| ["select", "from", "with"].contains(&w.to_lowercase().as_str())).collect();
        Style {
            leading: text.lines().filter(|l| l.trim_start().starts_with(',')).count()
                > text.lines().filter(|l| l.trim_end().ends_with(',')).count(),
            tabs: line_starts('\t') && !line_starts(' '),
            capitals: !keywords.is_empty() && keywords.iter().all(|w| !w.contains(|c: char| c.is_lowercase())),
        }
    }

    /// The text of a piece of another text as it stands here, with its lines set in by `indent`.
    pub fn fresh(self, tree: &Tree, node: &Node, indent: &str) -> String {
        let (text, whole) = (node.text(&tree.text), &tree.text);
        let tokens = tree.tokens.iter().skip(tree.tokens.partition_point(|t| t.start < node.start));
        let tokens: Vec<Token> = tokens.take_while(|t| t.end <= node.end).copied().collect();
        let mut out = String::with_capacity(text.len());
        let there = indent_at(whole, node.start);
        let mut at = node.start;
        for token in &tokens {
            self.white(&whole[at..token.start], there, indent, &mut out);
            let written = &whole[token.start..token.end];
            let lower = written.to_lowercase();
            match token.kind {
                Kind::Word if self.capitals && KEYWORDS.contains(&lower.as_str()) => {
                    out.push_str(&written.to_uppercase())
                }
                _ => out.push_str(written),
            }
            at = token.end;
        }
        self.white(&whole[at..node.end], there, indent, &mut out);
        out
    }

    fn white(self, white: &str, there: &str, indent: &str, out: &mut String) {
        let mut lines = white.split('\n');
        out.push_str(lines.next().unwrap_or_default());
        let mut lines = lines.peekable();
        while let Some(line) = lines.next() {
            out.push('\n');
            if lines.peek().is_none() {
                out.push_str(indent);
                out.push_str(&self.deeper(line, there));
            }
        }
    }

    /// What `line` is set in further than `there`.
    pub fn deeper(self, line: &str, there: &str) -> String {
        let more = line.strip_prefix(there).unwrap_or_default();
        if self.tabs { more.replace("    ", "\t") } else { more.to_owned() }
    }

    /// A separator between parts where nothing shows how it is laid out.
    pub fn shape(self, sep: &Sep, what: What, line: Option<&str>) -> Shape {
        let of = |before: &str, sep: &str, after: &str| Shape {
            before: before.into(),
            sep: sep.into(),
            after: after.into(),
        };
        let and = if self.capitals { "AND" } else { "and" };
        match (sep, line) {
            (Sep::And, None) => of(" ", and, " "),
            (Sep::And, Some(indent)) => of(&format!("\n{indent}"), and, " "),
            (Sep::Set(operator), _) => of("\n\n", operator, "\n\n"),
            _ if what == What::With => of("", ",", "\n\n"),
            (_, Some(indent)) if self.leading => of(&format!("\n{indent}"), ",", " "),
            (_, Some(indent)) => of("", ",", &format!("\n{indent}")),
            _ => of("", ",", " "),
        }
    }

    /// A shape from another text as it is laid out here.
    pub fn adopt(self, shape: Shape, sep: &Sep) -> Shape {
        let own_line = shape.before.is_empty() && shape.after.contains('\n') && !shape.after.contains("\n\n");
        if self.leading && *sep == Sep::Comma && own_line {
            return Shape { before: shape.after, sep: shape.sep, after: " ".into() };
        }
        match *sep == Sep::And && self.capitals {
            true => Shape { sep: shape.sep.to_uppercase(), ..shape },
            false => shape,
        }
    }
}

/// The shape that most parts of a list have between them.
pub(super) fn usual_shape(tree: &Tree, list: &Node) -> Option<Shape> {
    let mut counted: Vec<(usize, Shape)> = Vec::new();
    for pair in list.kids.windows(2) {
        let between = tree.text.get(pair[0].end..pair[1].start)?;
        let sep = between.trim();
        if sep.is_empty() || comments(tree, pair[0].end, pair[1].start).next().is_some() {
            continue;
        }
        let (before, after) = between.split_once(sep)?;
        let shape = Shape { before: before.into(), sep: sep.into(), after: after.into() };
        match counted.iter().position(|(_, s)| *s == shape) {
            Some(i) => counted[i].0 += 1,
            None if counted.len() < 16 => counted.push((1, shape)),
            None => {}
        }
    }
    // The first of those that are equally usual.
    counted.into_iter().rev().max_by_key(|(n, _)| *n).map(|(_, shape)| shape)
}

/// Comments between two bytes.
fn comments(tree: &Tree, from: usize, to: usize) -> impl Iterator<Item = &Token> {
    let first = tree.tokens.partition_point(|t| t.start < from);
    tree.tokens[first..].iter().take_while(move |t| t.start < to).filter(|t| t.kind == Kind::Comment)
}

/// The comments on the line behind a part of a list.
pub(super) fn trail(tree: &Tree, list: &Node, kid: usize) -> Vec<String> {
    let from = list.kids[kid].end;
    let to = list.kids.get(kid + 1).map_or(list.end, |next| next.start);
    let on_line = comments(tree, from, to).take_while(|t| !tree.text[from..t.start].contains('\n'));
    on_line.map(|t| tree.text[t.start..t.end].to_owned()).collect()
}

/// The comments before a part of a list; those before the first belong to the list.
pub(super) fn lead(tree: &Tree, list: &Node, kid: usize) -> Vec<String> {
    let Some(before) = kid.checked_sub(1).map(|i| &list.kids[i]) else { return Vec::new() };
    let on_line =
        comments(tree, before.end, list.kids[kid].start).skip_while(|t| !tree.text[before.end..t.start].contains('\n'));
    on_line.map(|t| tree.text[t.start..t.end].to_owned()).collect()
}

/// The white space that the line of a byte starts with.
pub(super) fn indent_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let line = &text[start..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether nothing but white space stands before a byte on its line.
pub(super) fn opens_line(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    text[start..at].trim().is_empty()
}
