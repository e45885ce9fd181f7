//! Python, by statement: imports by module, assignments, functions, classes and calls by name; within them arguments by
//! keyword and entries of lists by what names them.

use std::cell::RefCell;
use std::collections::HashMap;

use tree_sitter::Node as Seen;

use super::keys::doubles;
use super::parts::{Group, Node, Part, Read, begins_line, column, digest, line_end, line_start};
use super::structure::Woven;
use super::weave::weave;

/// Whether a merge by lines is right: it reads, and nothing in it is defined twice that was not before.
pub(super) fn holds(edited: &str, new: &str, merged: &str, _woven: Option<&Woven>) -> bool {
    let count = |text: &str| read(text).map(|read| doubles(&read.root));
    match (count(edited), count(new), count(merged)) {
        (Some(e), Some(n), Some(m)) => m <= e.max(n),
        (Some(_), Some(_), None) => false,
        _ => true,
    }
}

/// Merges by structure.
pub(super) fn merge(base: &str, edited: &str, new: &str) -> Option<Woven> {
    let woven = weave(&read(base)?, &read(edited)?, &read(new)?)?;
    (!woven.clean || read(&woven.text).is_some()).then_some(woven)
}

/// Deepest nesting that is read.
const DEEPEST: usize = 120;

/// Reads a text; none where it is no Python.
fn read(text: &str) -> Option<Read<'_>> {
    thread_local! {
        static PARSER: RefCell<Option<tree_sitter::Parser>> = RefCell::new({
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok().map(|()| parser)
        });
    }
    if text.contains(['\t', '\r', '\u{c}']) {
        return None;
    }
    let tree = PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(text, None))?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut reader = Reader { text, frozen: Vec::new(), said: HashMap::new() };
    reader.digests(tree.root_node(), 0)?;
    let root = reader.node(tree.root_node(), 0)?;
    let mut frozen = reader.frozen;
    frozen.sort_unstable();
    frozen.dedup();
    Some(Read { text, root, frozen })
}

struct Reader<'a> {
    text: &'a str,
    frozen: Vec<usize>,
    /// What each node with children says, in few bytes.
    said: HashMap<usize, u64>,
}

impl<'a> Reader<'a> {
    fn of(&self, node: Seen<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }

    fn node(&mut self, node: Seen<'_>, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        if matches!(node.kind(), "string" | "concatenated_string") {
            let mut at = node.start_byte();
            while line_end(self.text, at) < node.end_byte() {
                at = line_end(self.text, at) + 1;
                self.frozen.push(at);
            }
        }
        let group = match node.kind() {
            "module" | "block" => Some(self.statements(node, depth)?),
            "argument_list" | "list" | "tuple" | "set" | "dictionary" | "parameters" => {
                Some(self.entries(node, children(node), depth)?)
            }
            "import_from_statement" => self.imported(node, depth)?,
            "string" => None,
            _ => self.framed(node, depth)?,
        };
        // An empty file has no parts to say anything.
        let said = group.as_ref().and_then(|_| self.said.get(&node.id()));
        let meaning = said.map_or_else(|| self.meaning(node), u64::to_string);
        Some(Node { range: node.byte_range(), meaning, group: group.map(Box::new), flat: true })
    }

    /// Takes down what a node and all below it say; none where they are too deep.
    fn digests(&mut self, node: Seen<'_>, depth: usize) -> Option<u64> {
        if node.kind() == "string" || node.child_count() == 0 {
            return Some(digest(unquoted(self.of(node)).as_deref().unwrap_or(self.of(node))));
        }
        if depth > 2 * DEEPEST {
            return None;
        }
        let below = words(node).into_iter().map(|child| self.digests(child, depth + 1)).collect::<Option<Vec<_>>>()?;
        // What stands around one part alone says no more than it.
        let said = match below.as_slice() {
            [one] if node.kind() != "block" => *one,
            all => digest(all),
        };
        self.said.insert(node.id(), said);
        Some(said)
    }

    /// What a node says: its words, without comments, layout, and commas that change nothing.
    fn meaning(&self, node: Seen<'_>) -> String {
        let mut out = String::new();
        self.say(node, &mut out, 0);
        out
    }

    fn say(&self, node: Seen<'_>, out: &mut String, depth: usize) {
        if node.kind() == "comment" || depth > 2 * DEEPEST {
            return;
        }
        if node.kind() == "string" || node.child_count() == 0 {
            out.push_str(&unquoted(self.of(node)).unwrap_or_else(|| self.of(node).to_owned()));
            out.push('\u{1f}');
            return;
        }
        let block = node.kind() == "block";
        out.push_str(if block { "{" } else { "" });
        for child in words(node) {
            self.say(child, out, depth + 1);
        }
        out.push_str(if block { "}" } else { "" });
    }

    /// A node whose parts are values among fixed words: `x = f(…)`, `def f(…): …`.
    fn framed(&mut self, node: Seen<'_>, depth: usize) -> Option<Option<Group>> {
        let mut kind = format!("py {}", node.kind());
        let mut parts: Vec<Part> = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor).filter(|c| c.kind() != "comment") {
            let value = self.node(child, depth + 1)?;
            if value.group.is_some() {
                kind.push_str(" \u{1e}");
                let range = value.range.clone();
                parts.push(Part {
                    key: Some(parts.len().to_string()),
                    rank: None,
                    head: range.start..range.start,
                    start: range.start,
                    body: range.clone(),
                    end: range.end,
                    value,
                });
            } else {
                kind.push(' ');
                kind.push_str(&value.meaning);
            }
        }
        Some((!parts.is_empty()).then(|| plain_group(kind, parts)))
    }

    fn statements(&mut self, node: Seen<'_>, depth: usize) -> Option<Group> {
        let text = self.text;
        let mut opener = node.prev_sibling();
        while let Some(comment) = opener.filter(|o| o.kind() == "comment") {
            opener = comment.prev_sibling();
        }
        let mut above = opener.map_or(0, |o| (line_end(text, o.end_byte()) + 1).min(text.len()));
        let mut parts: Vec<Part> = Vec::new();
        let mut lines = true;
        for child in children(node) {
            let value = self.node(child, depth + 1)?;
            let (start, end) = (child.start_byte(), child.end_byte());
            let line = line_start(text, start);
            let rest = &text[end..line_end(text, end)];
            lines &= begins_line(text, start) && (rest.trim().is_empty() || rest.trim_start().starts_with('#'));
            parts.push(Part {
                key: Some(self.statement(child, parts.is_empty())),
                rank: self.rank(child),
                head: above.min(line)..line,
                start,
                body: start..end,
                end: end + rest.trim_end().len(),
                value,
            });
            above = (line_end(text, end) + 1).min(text.len());
        }
        let indent = parts.first().map_or(0, |p| column(text, p.start));
        let hole = node.start_byte();
        Some(Group {
            kind: "py statements".into(),
            lines,
            comma: false,
            bullet: String::new(),
            indent,
            hole,
            ordered: true,
            parts,
        })
    }

    /// What a statement is known by.
    fn statement(&self, node: Seen<'_>, first: bool) -> String {
        let field = |name: &str| node.child_by_field_name(name);
        let said = |node: Option<Seen<'_>>| node.map_or(String::new(), |n| self.of(n).to_owned());
        match node.kind() {
            "expression_statement" => match node.named_child(0) {
                Some(inner) if inner.kind() == "string" && first => "the docstring".into(),
                Some(inner) if inner.kind() == "assignment" => said(inner.child_by_field_name("left")),
                Some(inner) if inner.kind() == "call" => self.call(inner),
                Some(inner) => self.meaning(inner),
                None => self.meaning(node),
            },
            "import_statement" => self.of(node).to_owned(),
            "import_from_statement" => format!("from {}", said(field("module_name"))),
            "function_definition" => format!("def {}", said(field("name"))),
            "class_definition" => format!("class {}", said(field("name"))),
            "decorated_definition" => field("definition").map_or(String::new(), |d| self.statement(d, false)),
            "with_statement" => {
                let mut calls = Vec::new();
                self.calls(node.named_child(0), &mut calls);
                format!("with {}", calls.join(", "))
            }
            "if_statement" => format!("if {}", said(field("condition"))),
            "for_statement" => format!("for {} in {}", said(field("left")), said(field("right"))),
            "while_statement" => format!("while {}", said(field("condition"))),
            "try_statement" => "try".into(),
            "return_statement" => "return".into(),
            _ => self.meaning(node),
        }
    }

    fn calls(&self, node: Option<Seen<'_>>, out: &mut Vec<String>) {
        let Some(node) = node else { return };
        if node.kind() == "call" {
            out.push(self.call(node));
            return;
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if matches!(child.kind(), "with_item" | "as_pattern" | "call") {
                self.calls(Some(child), out);
            }
        }
    }

    /// What is called, and what it is told as its name.
    fn call(&self, node: Seen<'_>) -> String {
        let callee = node.child_by_field_name("function").map_or("", |f| self.of(f));
        let name = node.child_by_field_name("arguments").and_then(|a| self.named(a));
        name.map_or_else(|| callee.to_owned(), |name| format!("{callee} {name}"))
    }

    /// The name among arguments: by its keyword, else the text that stands first.
    fn named(&self, arguments: Seen<'_>) -> Option<String> {
        let text = |node: Seen<'_>| (node.kind() == "string").then(|| unquoted(self.of(node))).flatten();
        let all = children(arguments);
        let by_keyword = all.iter().filter(|a| a.kind() == "keyword_argument").find_map(|a| {
            let name = self.of(a.child_by_field_name("name")?);
            matches!(name, "name" | "task_id" | "dag_id" | "group_id").then(|| text(a.child_by_field_name("value")?))?
        });
        by_keyword.or_else(|| all.first().and_then(|first| text(*first))).map(|t| t.trim_matches('"').to_owned())
    }

    /// Where an import stands among its neighbours, as isort has it.
    fn rank(&self, node: Seen<'_>) -> Option<String> {
        match node.kind() {
            "import_statement" => Some(format!("0 {}", self.of(node.named_child(0)?).to_lowercase())),
            "import_from_statement" => {
                Some(format!("1 {}", self.of(node.child_by_field_name("module_name")?).to_lowercase()))
            }
            _ => None,
        }
    }

    fn imported(&mut self, node: Seen<'_>, depth: usize) -> Option<Option<Group>> {
        let mut cursor = node.walk();
        let names: Vec<Seen<'_>> = node.children_by_field_name("name", &mut cursor).collect();
        if names.is_empty() {
            return Some(None);
        }
        let mut group = self.entries(node, names, depth)?;
        for part in &mut group.parts {
            let name = &self.text[part.body.clone()];
            let class = match name.chars().find(|c| c.is_alphabetic()) {
                Some(_) if name.len() > 1 && name.to_uppercase() == name => 0,
                Some(c) if c.is_uppercase() => 1,
                _ => 2,
            };
            part.key = Some(name.to_owned());
            part.rank = Some(format!("{class} {}", name.to_lowercase()));
        }
        Some(Some(group))
    }

    /// Values between commas.
    fn entries(&mut self, node: Seen<'_>, all: Vec<Seen<'_>>, depth: usize) -> Option<Group> {
        let text = self.text;
        let mut parts: Vec<Part> = Vec::new();
        let mut above = (line_end(text, node.start_byte()) + 1).min(text.len());
        for (i, child) in all.into_iter().enumerate() {
            let value = match child.kind() {
                "keyword_argument" | "pair" => child.child_by_field_name("value").unwrap_or(child),
                _ => child,
            };
            let value = self.node(value, depth + 1)?;
            let (start, end) = (child.start_byte(), child.end_byte());
            let line = line_start(text, start);
            let rest = &text[end..line_end(text, end)];
            let comma = usize::from(rest.starts_with(','));
            let comment = rest[comma..].trim_start().starts_with('#');
            parts.push(Part {
                key: self.entry(node, child, i),
                rank: None,
                head: above.min(line)..line,
                start,
                body: start..end,
                end: if comment { end + rest.trim_end().len() } else { end + comma },
                value,
            });
            above = (line_end(text, end) + 1).min(text.len());
        }
        let close = node.end_byte().saturating_sub(1);
        let bracket = text[close..node.end_byte()].starts_with([')', ']', '}']);
        let lines = !parts.is_empty()
            && bracket
            && begins_line(text, close)
            && parts.iter().all(|p| begins_line(text, p.start));
        let kind = match node.kind() {
            "import_from_statement" => {
                format!("py from {}", node.child_by_field_name("module_name").map_or("", |m| self.of(m)))
            }
            kind => format!("py {kind}"),
        };
        let ordered = matches!(node.kind(), "list" | "tuple")
            && parts.iter().any(|p| !p.key.as_ref().is_some_and(|k| k.contains('=')));
        Some(Group {
            kind,
            lines,
            comma: true,
            bullet: String::new(),
            indent: parts.first().map_or(0, |p| column(text, p.start)),
            hole: node.start_byte() + 1,
            ordered,
            parts,
        })
    }

    /// What an entry is known by.
    fn entry(&self, list: Seen<'_>, node: Seen<'_>, i: usize) -> Option<String> {
        let said = |name: &str| node.child_by_field_name(name).map(|n| self.meaning(n));
        match (list.kind(), node.kind()) {
            (_, "keyword_argument") => said("name"),
            (_, "pair") => said("key"),
            (_, "dictionary_splat" | "list_splat") => Some(self.meaning(node)),
            ("argument_list", _) => Some(i.to_string()),
            ("parameters", "identifier") => Some(self.of(node).to_owned()),
            ("parameters", _) => said("name").or_else(|| node.named_child(0).map(|n| self.meaning(n))),
            (_, "call") => {
                node.child_by_field_name("arguments").and_then(|a| self.named(a)).map(|n| format!("name={n}"))
            }
            (_, "dictionary") => self.dictionary_name(node),
            (_, "list" | "tuple" | "set") => None,
            _ => Some(self.meaning(node)),
        }
    }

    fn dictionary_name(&self, node: Seen<'_>) -> Option<String> {
        children(node).into_iter().filter(|p| p.kind() == "pair").find_map(|pair| {
            let key = unquoted(self.of(pair.child_by_field_name("key")?))?;
            let named = matches!(key.trim_matches('"'), "name" | "id" | "task_id");
            named.then(|| pair.child_by_field_name("value").map(|v| format!("name={}", self.meaning(v))))?
        })
    }
}

/// The children that say something: no comments, and no commas and brackets that change nothing.
fn words(node: Seen<'_>) -> Vec<Seen<'_>> {
    let mut cursor = node.walk();
    let all: Vec<Seen<'_>> = node.children(&mut cursor).filter(|c| c.kind() != "comment").collect();
    let import = node.kind() == "import_from_statement";
    let counts = |i: usize, child: &Seen<'_>| {
        let last_comma = child.kind() == ","
            && all.get(i + 1).is_none_or(|next| matches!(next.kind(), ")" | "]" | "}"))
            && !(node.kind() == "tuple" && all.len() == 4);
        !(last_comma || import && matches!(child.kind(), "(" | ")"))
    };
    all.iter().enumerate().filter(|(i, child)| counts(*i, child)).map(|(_, child)| *child).collect()
}

/// The named children that are no comments.
fn children(node: Seen<'_>) -> Vec<Seen<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|c| c.kind() != "comment").collect()
}

fn plain_group(kind: String, parts: Vec<Part>) -> Group {
    Group { kind, lines: false, comma: false, bullet: String::new(), indent: 0, hole: 0, ordered: false, parts }
}

/// A plain string in double quotes; none for one with a prefix, or whose quotes count.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(['"', '\'', '\\', '\n'])).then(|| format!("\"{inner}\""))
}
