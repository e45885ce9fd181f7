//! Text to statements and expressions.

use std::cell::RefCell;

use tree_sitter::Node;

use super::syntax;
use super::{Argument, Does, Expr, File, Function, Imports, Kind, Parameter, Piece, Span, Statement};

/// Deepest nesting that is read.
const DEEPEST: usize = 160;

/// Why a text can't be read as Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is no Python: where, and what is wrong.
    Syntax(Span, String),
    /// It is nested deeper than people write.
    Deep(Span),
}

/// Reads a file.
///
/// # Errors
/// Text that is no Python 3, or nested too deep.
pub fn read<'a>(path: &'a str, text: &'a str) -> Result<File<'a>, Broken> {
    thread_local! {
        static PARSER: RefCell<Option<tree_sitter::Parser>> = RefCell::new({
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok().map(|()| parser)
        });
    }
    let tree = PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(text, None));
    let Some(tree) = tree else { return Err(Broken::Syntax(Span::default(), "it can't be read".to_owned())) };
    if tree.root_node().has_error() {
        return Err(syntax::first(text, tree.root_node()));
    }
    let mut reader = Reader { text, broken: None };
    let body = reader.block(tree.root_node(), 0);
    if let Some(broken) = reader.broken {
        return Err(broken);
    }
    let imports = Imports::of(&body);
    syntax::lenient(&body)?;
    Ok(File { path, text, body, imports })
}

pub(super) fn span(node: Node<'_>) -> Span {
    // Files are shorter than four gigabytes: `Repository` names longer ones in a finding.
    Span { start: node.start_byte() as u32, end: node.end_byte() as u32 }
}

struct Reader<'a> {
    text: &'a str,
    broken: Option<Broken>,
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|c| !matches!(c.kind(), "comment" | "line_continuation")).collect()
}

impl<'a> Reader<'a> {
    fn of(&self, node: Node<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }

    fn deep(&mut self, node: Node<'_>, depth: usize) -> bool {
        if depth > DEEPEST {
            self.broken.get_or_insert(Broken::Deep(span(node)));
        }
        self.broken.is_some()
    }

    fn block(&mut self, node: Node<'_>, depth: usize) -> Vec<Statement<'a>> {
        if self.deep(node, depth) {
            return Vec::new();
        }
        children(node).into_iter().filter_map(|child| self.statement(child, depth + 1)).collect()
    }

    fn body(&mut self, node: Node<'_>, field: &str, depth: usize) -> Vec<Statement<'a>> {
        node.child_by_field_name(field).map(|block| self.block(block, depth)).unwrap_or_default()
    }

    /// The block among a node's children, where it has no field.
    fn inner(&mut self, node: Node<'_>, depth: usize) -> Vec<Statement<'a>> {
        let block = children(node).into_iter().find(|c| c.kind() == "block");
        block.map(|block| self.block(block, depth)).unwrap_or_default()
    }

    fn field(&mut self, node: Node<'_>, field: &str, depth: usize) -> Option<Expr<'a>> {
        node.child_by_field_name(field).map(|n| self.expr(n, depth + 1))
    }

    fn needed(&mut self, node: Node<'_>, field: &str, depth: usize) -> Expr<'a> {
        let empty = Expr { at: span(node), kind: Kind::Other(Vec::new()) };
        self.field(node, field, depth).unwrap_or(empty)
    }

    fn statement(&mut self, node: Node<'_>, depth: usize) -> Option<Statement<'a>> {
        if self.deep(node, depth) {
            return None;
        }
        let at = span(node);
        let does = match node.kind() {
            "expression_statement" => self.expression(node, depth),
            "import_statement" => Does::Import(self.imported(node).into_iter().map(|(m, a, _)| (m, a)).collect()),
            "import_from_statement" => self.from(node),
            "function_definition" => self.function(node, Vec::new(), depth),
            "class_definition" => self.class(node, Vec::new(), depth),
            "decorated_definition" => {
                let decorators: Vec<_> = children(node)
                    .into_iter()
                    .filter(|c| c.kind() == "decorator")
                    .filter_map(|c| c.named_child(0))
                    .map(|c| self.expr(c, depth + 1))
                    .collect();
                let inner = node.child_by_field_name("definition")?;
                if inner.kind() == "class_definition" {
                    self.class(inner, decorators, depth)
                } else {
                    self.function(inner, decorators, depth)
                }
            }
            "for_statement" => Does::For {
                target: self.needed(node, "left", depth),
                over: self.needed(node, "right", depth),
                body: self.body(node, "body", depth),
                otherwise: self.otherwise(node, depth),
            },
            "while_statement" => Does::While {
                test: self.needed(node, "condition", depth),
                body: self.body(node, "body", depth),
                otherwise: self.otherwise(node, depth),
            },
            "if_statement" => {
                let mut branches = vec![(self.field(node, "condition", depth), self.body(node, "consequence", depth))];
                let mut cursor = node.walk();
                for other in node.children_by_field_name("alternative", &mut cursor) {
                    let test = self.field(other, "condition", depth);
                    let block = if other.kind() == "else_clause" { "body" } else { "consequence" };
                    branches.push((test, self.body(other, block, depth)));
                }
                Does::If(branches)
            }
            "match_statement" => self.matched(node, depth),
            "with_statement" => self.with(node, depth),
            "try_statement" => self.tried(node, depth),
            "return_statement" => Does::Return(node.named_child(0).map(|n| self.expr(n, depth + 1))),
            "break_statement" | "continue_statement" => Does::Leave,
            "print_statement" | "exec_statement" => {
                let what = "this is Python 2: Python 3 has a function for it".to_owned();
                self.broken.get_or_insert(Broken::Syntax(at, what));
                return None;
            }
            "type_alias_statement" => Does::Other(Vec::new()),
            _ => Does::Other(children(node).into_iter().map(|n| self.expr(n, depth + 1)).collect()),
        };
        Some(Statement { at, does })
    }

    fn expression(&mut self, node: Node<'_>, depth: usize) -> Does<'a> {
        let inner = children(node);
        let [one] = inner.as_slice() else {
            let all = inner.into_iter().map(|n| self.expr(n, depth + 1)).collect();
            return Does::Expr(Expr { at: span(node), kind: Kind::List(all, '(') });
        };
        match one.kind() {
            "assignment" => {
                let (mut targets, mut at) = (Vec::new(), *one);
                loop {
                    targets.push(self.needed(at, "left", depth));
                    match at.child_by_field_name("right") {
                        Some(right) if right.kind() == "assignment" => at = right,
                        right => {
                            let value = right.map(|n| self.expr(n, depth + 1));
                            return Does::Assign { targets, value };
                        }
                    }
                }
            }
            "augmented_assignment" => {
                Does::Augment(self.needed(*one, "left", depth), self.needed(*one, "right", depth))
            }
            _ => Does::Expr(self.expr(*one, depth + 1)),
        }
    }

    fn imported(&self, node: Node<'_>) -> Vec<(&'a str, Option<&'a str>, Span)> {
        let mut cursor = node.walk();
        node.children_by_field_name("name", &mut cursor)
            .map(|name| {
                let field = |f| name.child_by_field_name(f).map(|n| self.of(n));
                match name.kind() {
                    "aliased_import" => (field("name").unwrap_or_default(), field("alias"), span(name)),
                    _ => (self.of(name), None, span(name)),
                }
            })
            .collect()
    }

    fn from(&self, node: Node<'_>) -> Does<'a> {
        let said = node.child_by_field_name("module_name").map_or("", |m| self.of(m));
        let module = said.trim_start_matches(['.', ' ']);
        let dots = said.len() - said.trim_start_matches('.').len();
        let mut names = self.imported(node);
        let star = children(node).into_iter().find(|c| c.kind() == "wildcard_import");
        names.extend(star.map(|star| ("*", None, span(star))));
        Does::From { dots, module, names }
    }

    fn function(&mut self, node: Node<'_>, decorators: Vec<Expr<'a>>, depth: usize) -> Does<'a> {
        let name = node.child_by_field_name("name");
        let mut parameters = Vec::new();
        for p in node.child_by_field_name("parameters").map(children).unwrap_or_default() {
            let plain = || match p.kind() {
                "identifier" | "list_splat_pattern" | "dictionary_splat_pattern" => Some(p),
                "typed_parameter" => p.named_child(0),
                _ => p.child_by_field_name("name"),
            };
            let Some(name) = plain() else { continue };
            let said = self.of(name);
            let bare = said.trim_start_matches('*');
            parameters.push(Parameter {
                name: bare.trim(),
                stars: said.len() - bare.len(),
                annotation: self.field(p, "type", depth),
                default: self.field(p, "value", depth),
            });
        }
        let body = self.body(node, "body", depth);
        let at = name.map_or(span(node), span);
        let name = name.map_or("", |n| self.of(n));
        Does::Function(Box::new(Function { name, at, parameters, decorators, body }))
    }

    fn class(&mut self, node: Node<'_>, decorators: Vec<Expr<'a>>, depth: usize) -> Does<'a> {
        let name = node.child_by_field_name("name").map_or("", |n| self.of(n));
        let bases = node.child_by_field_name("superclasses").map(|n| self.arguments(n, depth)).unwrap_or_default();
        Does::Class { name, bases, decorators, body: self.body(node, "body", depth) }
    }

    fn otherwise(&mut self, node: Node<'_>, depth: usize) -> Vec<Statement<'a>> {
        let other = node.child_by_field_name("alternative");
        other.map(|n| self.body(n, "body", depth)).unwrap_or_default()
    }

    fn matched(&mut self, node: Node<'_>, depth: usize) -> Does<'a> {
        let subject = self.needed(node, "subject", depth);
        let mut branches = vec![(Some(subject), Vec::new())];
        for case in node.child_by_field_name("body").map(children).unwrap_or_default() {
            if case.kind() == "case_clause" {
                // Which case it is nobody here works out: each may be.
                let test = Expr { at: span(case), kind: Kind::Other(Vec::new()) };
                branches.push((Some(test), self.body(case, "consequence", depth)));
            }
        }
        Does::If(branches)
    }

    fn with(&mut self, node: Node<'_>, depth: usize) -> Does<'a> {
        let mut items = Vec::new();
        let clause = children(node).into_iter().find(|c| c.kind() == "with_clause");
        for item in clause.map(children).unwrap_or_default() {
            let value = item.child_by_field_name("value").unwrap_or(item);
            self.entered(value, depth, &mut items);
        }
        Does::With { items, body: self.body(node, "body", depth) }
    }

    fn entered(&mut self, value: Node<'_>, depth: usize, items: &mut Vec<(Expr<'a>, Option<Expr<'a>>)>) {
        if value.kind() == "as_pattern" {
            let entered = value.named_child(0).map(|n| self.expr(n, depth + 1));
            let called = value.child_by_field_name("alias").and_then(|a| a.named_child(0));
            let called = called.map(|n| self.expr(n, depth + 1));
            items.extend(entered.map(|e| (e, called)));
        } else if value.kind() == "tuple" {
            for one in children(value) {
                self.entered(one, depth + 1, items);
            }
        } else {
            items.push((self.expr(value, depth + 1), None));
        }
    }

    fn tried(&mut self, node: Node<'_>, depth: usize) -> Does<'a> {
        let body = self.body(node, "body", depth);
        let (mut handlers, mut after) = (Vec::new(), Vec::new());
        for child in children(node) {
            match child.kind() {
                "except_clause" | "except_group_clause" => {
                    let caught = children(child).into_iter().find(|c| c.kind() != "block");
                    let caught =
                        caught.map(|c| if c.kind() == "as_pattern" { c.named_child(0).unwrap_or(c) } else { c });
                    let caught = caught.map(|c| self.expr(c, depth + 1));
                    handlers.push((caught, self.inner(child, depth)));
                }
                "else_clause" => after.push(self.body(child, "body", depth)),
                "finally_clause" => after.push(self.inner(child, depth)),
                _ => {}
            }
        }
        Does::Try { body, handlers, after }
    }

    fn exprs(&mut self, node: Node<'_>, depth: usize) -> Vec<Expr<'a>> {
        children(node).into_iter().map(|n| self.expr(n, depth + 1)).collect()
    }

    fn boxed(&mut self, node: Node<'_>, field: &str, depth: usize) -> Box<Expr<'a>> {
        Box::new(self.needed(node, field, depth))
    }

    fn expr(&mut self, node: Node<'_>, depth: usize) -> Expr<'a> {
        let at = span(node);
        if self.deep(node, depth) {
            return Expr { at, kind: Kind::Other(Vec::new()) };
        }
        let kind = match node.kind() {
            "identifier" => Kind::Name(self.of(node)),
            "integer" | "float" => Kind::Number(self.of(node)),
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "none" => Kind::None,
            "string" | "concatenated_string" => self.string(node, depth),
            "parenthesized_expression" | "type" => match children(node).as_slice() {
                [one] => return self.expr(*one, depth + 1),
                _ => Kind::Other(self.exprs(node, depth)),
            },
            "attribute" => {
                let name = node.child_by_field_name("attribute");
                let (text, at) = (name.map_or("", |n| self.of(n)), name.map_or(at, span));
                Kind::Attribute(self.boxed(node, "object", depth), text, at)
            }
            "call" => {
                let function = self.boxed(node, "function", depth);
                let arguments = node.child_by_field_name("arguments");
                let arguments = match arguments {
                    Some(n) if n.kind() == "generator_expression" => {
                        vec![Argument { name: None, stars: 0, value: self.expr(n, depth + 1) }]
                    }
                    Some(n) => self.arguments(n, depth),
                    None => Vec::new(),
                };
                Kind::Call(function, arguments)
            }
            "list" | "list_pattern" => Kind::List(self.exprs(node, depth), '['),
            "tuple" | "expression_list" | "pattern_list" | "tuple_pattern" => Kind::List(self.exprs(node, depth), '('),
            "set" => Kind::List(self.exprs(node, depth), '{'),
            "dictionary" => Kind::Dict(self.pairs(node, depth)),
            "subscript" => {
                let mut cursor = node.walk();
                let indexes: Vec<Node<'_>> = node.children_by_field_name("subscript", &mut cursor).collect();
                let indexes = indexes.into_iter().map(|n| self.expr(n, depth + 1)).collect();
                Kind::Index(self.boxed(node, "value", depth), indexes)
            }
            "binary_operator" | "boolean_operator" => {
                let operator = node.child_by_field_name("operator").map_or("", |n| self.of(n));
                Kind::Binary(self.boxed(node, "left", depth), operator, self.boxed(node, "right", depth))
            }
            "comparison_operator" if node.named_child_count() == 2 => {
                let operator = node.child_by_field_name("operators").map_or("", |n| self.of(n));
                let mut both = self.exprs(node, depth);
                match (both.pop(), both.pop()) {
                    (Some(right), Some(left)) => Kind::Binary(Box::new(left), operator, Box::new(right)),
                    _ => Kind::Other(Vec::new()),
                }
            }
            "lambda" => {
                let names = node.child_by_field_name("parameters").map(children).unwrap_or_default();
                let names = names.into_iter().map(|n| n.child_by_field_name("name").unwrap_or(n)).map(|n| self.of(n));
                let names = names.collect();
                Kind::Lambda(names, self.boxed(node, "body", depth))
            }
            "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
                self.comprehension(node, depth)
            }
            "conditional_expression" => {
                let mut all = self.exprs(node, depth).into_iter();
                match (all.next(), all.next(), all.next()) {
                    (Some(a), Some(test), Some(b)) => Kind::Conditional(Box::new([test, a, b])),
                    _ => Kind::Other(Vec::new()),
                }
            }
            _ => Kind::Other(self.exprs(node, depth)),
        };
        Expr { at, kind }
    }

    fn comprehension(&mut self, node: Node<'_>, depth: usize) -> Kind<'a> {
        let (mut fors, mut ifs) = (Vec::new(), Vec::new());
        for child in children(node) {
            match child.kind() {
                "for_in_clause" => {
                    fors.push((self.needed(child, "left", depth), self.needed(child, "right", depth)));
                }
                "if_clause" => ifs.extend(self.exprs(child, depth)),
                _ => {}
            }
        }
        let gives = match node.child_by_field_name("body") {
            Some(pair) if pair.kind() == "pair" => self.exprs(pair, depth),
            Some(one) => vec![self.expr(one, depth + 1)],
            None => Vec::new(),
        };
        Kind::Comprehension { gives, fors, ifs }
    }

    fn pairs(&mut self, node: Node<'_>, depth: usize) -> Vec<(Option<Expr<'a>>, Expr<'a>)> {
        let pair = |reader: &mut Self, child: Node<'_>| match child.kind() {
            "pair" => Some((reader.field(child, "key", depth), reader.needed(child, "value", depth))),
            _ => child.named_child(0).map(|n| (None, reader.expr(n, depth + 1))),
        };
        children(node).into_iter().filter_map(|child| pair(self, child)).collect()
    }

    fn arguments(&mut self, node: Node<'_>, depth: usize) -> Vec<Argument<'a>> {
        let one = |reader: &mut Self, child: Node<'_>| match child.kind() {
            "keyword_argument" => {
                let name = child.child_by_field_name("name").map(|n| reader.of(n));
                Argument { name, stars: 0, value: reader.needed(child, "value", depth) }
            }
            "list_splat" | "dictionary_splat" => {
                let stars = 1 + usize::from(child.kind() == "dictionary_splat");
                let value = child.named_child(0).unwrap_or(child);
                Argument { name: None, stars, value: reader.expr(value, depth + 1) }
            }
            _ => Argument { name: None, stars: 0, value: reader.expr(child, depth + 1) },
        };
        children(node).into_iter().map(|child| one(self, child)).collect()
    }

    fn string(&mut self, node: Node<'_>, depth: usize) -> Kind<'a> {
        let mut pieces: Vec<Piece<'a>> = Vec::new();
        let strings = if node.kind() == "string" { vec![node] } else { children(node) };
        for string in strings {
            let mut raw = false;
            for part in children(string) {
                match part.kind() {
                    "string_start" => raw = self.of(part).contains(['r', 'R']),
                    "string_content" => {
                        let text = syntax::unescaped(self.of(part), raw);
                        match pieces.last_mut() {
                            Some(Piece::Text(before)) => before.to_mut().push_str(&text),
                            _ => pieces.push(Piece::Text(text)),
                        }
                    }
                    "interpolation" => pieces.push(Piece::Value(self.needed(part, "expression", depth))),
                    _ => {}
                }
            }
        }
        match pieces.len() {
            0 => Kind::Text("".into()),
            1 => match pieces.pop() {
                Some(Piece::Text(text)) => Kind::Text(text),
                other => Kind::Format(other.into_iter().collect()),
            },
            _ => Kind::Format(pieces),
        }
    }
}
