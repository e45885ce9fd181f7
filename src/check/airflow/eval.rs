//! Follows a file as Airflow imports it.

use std::collections::HashMap;
use std::sync::Arc;

use super::value::Role;
use super::{Dag, DagFile, End, Installed, Value};
use crate::check::python::{Does, Expr, File, Function, Kind, Statement};

/// Steps that are followed in a file; what is left is unknown.
const STEPS: usize = 40_000;
/// Calls within calls that are followed.
const DEEPEST: usize = 12;
/// Turns of a loop that are followed.
pub(super) const TURNS: usize = 500;

/// Reads a file; none where it has nothing to do with Airflow.
pub fn read<'f>(file: &'f File<'f>, installed: Installed) -> Option<DagFile<'f>> {
    if !["airflow", "cosmos", "dagfactory"].iter().any(|p| file.imports.has(p)) {
        return None;
    }
    let out = DagFile {
        file,
        installed,
        dags: Vec::new(),
        tasks: Vec::new(),
        groups: Vec::new(),
        edges: Vec::new(),
        early: Vec::new(),
        loops: Vec::new(),
        factories: Vec::new(),
        open: false,
    };
    let mut eval = Eval {
        out,
        names: vec![HashMap::new()],
        within: Vec::new(),
        unsure: 0,
        doubtful: Vec::new(),
        steps: STEPS,
        depth: 0,
    };
    eval.block(&file.body);
    if eval.steps == 0 {
        eval.out.open = true;
        eval.out.dags.iter_mut().for_each(|d| d.open = true);
    }
    Some(eval.out)
}

/// Where a task lands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Within {
    Dag(usize),
    Group(usize),
}

/// How a block ended.
pub(super) enum Flow<'f> {
    On,
    Left,
    Gave(Value<'f>),
}

pub(super) struct Eval<'f> {
    pub(super) out: DagFile<'f>,
    pub(super) names: Vec<HashMap<&'f str, Value<'f>>>,
    pub(super) within: Vec<Within>,
    /// Branches and loops around, of which nobody knows whether they run.
    pub(super) unsure: usize,
    /// Names that were given a value in such a branch, with the frame that they are in.
    doubtful: Vec<(usize, &'f str)>,
    steps: usize,
    pub(super) depth: usize,
}

impl<'f> Eval<'f> {
    fn spent(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps == 0
    }

    pub(super) fn name(&self, name: &str) -> Option<&Value<'f>> {
        self.names.iter().rev().find_map(|frame| frame.get(name))
    }

    pub(super) fn set(&mut self, name: &'f str, value: Value<'f>) {
        if self.unsure > 0 {
            self.doubtful.push((self.names.len() - 1, name));
        }
        if let Some(frame) = self.names.last_mut() {
            frame.insert(name, value);
        }
    }

    /// The DAG that is open around.
    pub(super) fn dag(&self) -> Option<usize> {
        self.within.iter().rev().find_map(|w| match w {
            Within::Dag(dag) => Some(*dag),
            Within::Group(group) => self.out.groups[*group].dag,
        })
    }

    pub(super) fn block(&mut self, body: &'f [Statement<'f>]) -> Flow<'f> {
        for statement in body {
            if self.spent() {
                return Flow::Left;
            }
            match self.statement(statement) {
                Flow::On => {}
                other => return other,
            }
        }
        Flow::On
    }

    /// A block that may not run: what it gives its names is not known after it.
    fn maybe(&mut self, body: &'f [Statement<'f>]) -> Flow<'f> {
        self.unsure += 1;
        let before = std::mem::take(&mut self.doubtful);
        let flow = self.block(body);
        self.unsure -= 1;
        let doubtful = std::mem::replace(&mut self.doubtful, before);
        for (frame, name) in doubtful {
            if let Some(frame) = self.names.get_mut(frame) {
                frame.insert(name, Value::Unknown);
            }
            if self.unsure > 0 {
                self.doubtful.push((frame, name));
            }
        }
        flow
    }

    fn statement(&mut self, statement: &'f Statement<'f>) -> Flow<'f> {
        match &statement.does {
            Does::Assign { targets, value: Some(value) } => {
                let value = self.expr(value);
                targets.iter().for_each(|target| self.bind(target, &value));
            }
            Does::Augment(target, value) => {
                let (before, more) = (self.expr(target), self.expr(value));
                let sum = match (&before, &more) {
                    (Value::List(a), Value::List(b)) => Value::List(Arc::new(a.iter().chain(&**b).cloned().collect())),
                    (Value::Text(a), Value::Text(b)) => Value::of(&format!("{a}{b}")),
                    _ => Value::Unknown,
                };
                self.bind(target, &sum);
            }
            Does::Expr(expr) => {
                self.expr(expr);
            }
            Does::Function(function) => self.define(function),
            Does::Class { name, .. } => self.set(name, Value::Unknown),
            Does::For { target, over, body, otherwise } => return self.each(statement, target, over, body, otherwise),
            Does::While { test, body, otherwise } => {
                self.expr(test);
                self.out.loops.push((None, statement.at));
                self.maybe(body);
                self.maybe(otherwise);
            }
            Does::If(branches) => return self.branches(branches),
            Does::With { items, body } => return self.with(items, body),
            Does::Try { body, handlers, after } => {
                let flow = self.block(body);
                handlers.iter().for_each(|(_, body)| drop(self.maybe(body)));
                after.iter().for_each(|body| drop(self.block(body)));
                return flow;
            }
            Does::Return(value) => {
                let value = value.as_ref().map_or(Value::None, |v| self.expr(v));
                return Flow::Gave(value);
            }
            Does::Other(all) => all.iter().for_each(|e| drop(self.expr(e))),
            Does::Leave => return Flow::Left,
            Does::Import(_) | Does::From { .. } | Does::Assign { value: None, .. } => {}
        }
        Flow::On
    }

    fn define(&mut self, function: &'f Function<'f>) {
        let mut role = Role::Plain;
        for decorator in &function.decorators {
            let called = decorator.call().map_or(decorator, |(f, _)| f);
            let path = self.out.file.imports.stands_for(called).unwrap_or_default();
            if !path.starts_with("airflow.") {
                continue;
            }
            let mut parts = path.rsplit('.');
            let last = parts.next().unwrap_or_default();
            let of_task = parts.next() == Some("task");
            role = match last {
                "dag" => Role::Dag,
                "task_group" => Role::Group,
                _ if last == "task" || of_task || path.contains(".decorators.") => Role::Task,
                _ => role,
            };
        }
        if role == Role::Dag {
            self.out.factories.push((function, false));
        }
        self.set(function.name, Value::Function(function, role));
    }

    fn branches(&mut self, branches: &'f [(Option<Expr<'f>>, Vec<Statement<'f>>)]) -> Flow<'f> {
        let mut sure = true;
        let mut gave = Flow::On;
        for (test, body) in branches {
            let truth = match test {
                None => Some(true),
                Some(test) if is_main(test) => Some(false),
                Some(test) => self.expr(test).truth(),
            };
            match (truth, sure) {
                (Some(false), _) => {}
                (Some(true), true) => return self.block(body),
                (Some(true), false) => {
                    if let Flow::Gave(value) = self.maybe(body) {
                        gave = Flow::Gave(value);
                    }
                    break;
                }
                (None, _) => {
                    sure = false;
                    // What one of several ways gives nobody knows; the rest of the block runs on the others.
                    self.maybe(body);
                }
            }
        }
        gave
    }

    fn each(
        &mut self,
        statement: &'f Statement<'f>,
        target: &'f Expr<'f>,
        over: &'f Expr<'f>,
        body: &'f [Statement<'f>],
        otherwise: &'f [Statement<'f>],
    ) -> Flow<'f> {
        if let Some(turns) = self.turns(over) {
            self.out.loops.push((Some(turns), statement.at));
        }
        let all = self.expr(over);
        match &all {
            Value::List(all) if all.len() <= TURNS => {
                for one in all.iter() {
                    self.bind(target, one);
                    if let Flow::Gave(value) = self.block(body) {
                        return Flow::Gave(value);
                    }
                }
            }
            _ => {
                self.bind(target, &Value::Unknown);
                if let Some(dag) = self.dag() {
                    self.out.dags[dag].open = true;
                }
                self.maybe(body);
            }
        }
        self.block(otherwise);
        Flow::On
    }

    /// How often `range(…)` turns, where that is written.
    fn turns(&mut self, over: &'f Expr<'f>) -> Option<u64> {
        let (function, arguments) = over.call()?;
        if !matches!(function.kind, Kind::Name("range")) || arguments.len() > 2 {
            return None;
        }
        let values: Vec<Value<'f>> = arguments.iter().map(|a| self.expr(&a.value)).collect();
        match values.as_slice() {
            [Value::Integer(to)] => u64::try_from(*to).ok(),
            [Value::Integer(from), Value::Integer(to)] => u64::try_from(to - from).ok(),
            _ => None,
        }
    }

    fn with(&mut self, items: &'f [(Expr<'f>, Option<Expr<'f>>)], body: &'f [Statement<'f>]) -> Flow<'f> {
        let depth = self.within.len();
        for (entered, called) in items {
            let value = self.expr(entered);
            match value {
                Value::Dag(dag) => self.within.push(Within::Dag(dag)),
                Value::End(End::Group(group)) => self.within.push(Within::Group(group)),
                _ => {}
            }
            if let Some(called) = called {
                self.bind(called, &value);
            }
        }
        let flow = self.block(body);
        self.within.truncate(depth);
        flow
    }

    pub(super) fn bind(&mut self, target: &'f Expr<'f>, value: &Value<'f>) {
        match &target.kind {
            Kind::Name(name) => self.set(name, value.clone()),
            Kind::List(targets, _) => {
                let all = if let Value::List(all) = value { Some(all.clone()) } else { None };
                for (i, target) in targets.iter().enumerate() {
                    let one = all.as_ref().filter(|all| all.len() == targets.len()).map(|all| all[i].clone());
                    self.bind(target, &one.unwrap_or(Value::Unknown));
                }
            }
            Kind::Index(object, indexes) => {
                let Kind::Name(name) = object.kind else { return };
                let key = indexes.first().map_or(Value::Unknown, |i| self.expr(i));
                if let Some(Value::Dict(pairs, open)) = self.name(name).cloned() {
                    let mut pairs = pairs.to_vec();
                    match key.text() {
                        Some(key) => {
                            pairs.retain(|(k, _)| k != key);
                            pairs.push((key.to_owned(), value.clone()));
                            self.set(name, Value::Dict(Arc::new(pairs), open));
                        }
                        None => self.set(name, Value::Dict(Arc::new(pairs), true)),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn expr(&mut self, expr: &'f Expr<'f>) -> Value<'f> {
        if self.spent() {
            return Value::Unknown;
        }
        match &expr.kind {
            Kind::Name(name) => self.name(name).cloned().unwrap_or_else(|| self.imported(expr)),
            Kind::Text(text) => Value::of(text),
            Kind::Format(pieces) => self.format(pieces),
            Kind::Number(digits) => digits.replace('_', "").parse().map_or(Value::Unknown, Value::Integer),
            Kind::Bool(b) => Value::Bool(*b),
            Kind::None => Value::None,
            Kind::Attribute(object, name, _) => self.attribute(expr, object, name),
            Kind::Call(function, arguments) => self.call(expr, function, arguments),
            Kind::List(all, _) => {
                let mut out = Vec::with_capacity(all.len());
                for one in all {
                    out.push(self.expr(one));
                }
                Value::List(Arc::new(out))
            }
            Kind::Dict(pairs) => self.dict(pairs),
            Kind::Index(object, indexes) => {
                let object = self.expr(object);
                if let (Value::List(all), [index]) = (&object, indexes.as_slice())
                    && let Some(range) = slice(self.out.file.of(index.at), all.len())
                {
                    return Value::List(Arc::new(all[range].to_vec()));
                }
                let index = indexes.first().map_or(Value::Unknown, |i| self.expr(i));
                match (&object, &index) {
                    (Value::Dict(pairs, _), Value::Text(key)) => {
                        pairs.iter().rev().find(|(k, _)| **k == **key).map_or(Value::Unknown, |(_, v)| v.clone())
                    }
                    (Value::List(all), Value::Integer(i)) => {
                        let i = if *i < 0 { i + all.len() as i64 } else { *i };
                        usize::try_from(i).ok().and_then(|i| all.get(i)).cloned().unwrap_or(Value::Unknown)
                    }
                    (Value::End(End::Task(task)) | Value::Output(task), _) => Value::Output(*task),
                    _ => Value::Unknown,
                }
            }
            Kind::Binary(left, operator, right) => self.binary(expr, left, operator, right),
            Kind::Lambda(..) => Value::Unknown,
            Kind::Comprehension { gives, fors, ifs } => self.comprehension(gives, fors, ifs),
            Kind::Conditional(all) => {
                let [test, then, otherwise] = &**all;
                match self.expr(test).truth() {
                    Some(true) => self.expr(then),
                    Some(false) => self.expr(otherwise),
                    None => {
                        self.unsure += 1;
                        let values = [self.expr(then), self.expr(otherwise)];
                        self.unsure -= 1;
                        match values {
                            [Value::Made(path), _] | [_, Value::Made(path)] => Value::Made(path),
                            _ => Value::Unknown,
                        }
                    }
                }
            }
            Kind::Other(all) => {
                all.iter().for_each(|e| drop(self.expr(e)));
                Value::Unknown
            }
        }
    }

    fn imported(&self, expr: &'f Expr<'f>) -> Value<'f> {
        self.out.file.imports.stands_for(expr).map_or(Value::Unknown, |path| Value::Made(path.into()))
    }

    fn attribute(&mut self, expr: &'f Expr<'f>, object: &'f Expr<'f>, name: &'f str) -> Value<'f> {
        let on = self.expr(object);
        match on {
            Value::End(End::Task(task)) if name == "output" => Value::Output(task),
            Value::Made(path) => Value::Made(format!("{path}.{name}").into()),
            Value::Unknown => self.imported(expr),
            _ => Value::Unknown,
        }
    }

    /// Runs a function of the file with names for its parameters.
    pub(super) fn run(&mut self, function: &'f Function<'f>, given: HashMap<&'f str, Value<'f>>) -> Value<'f> {
        if self.depth >= DEEPEST {
            return Value::Unknown;
        }
        self.depth += 1;
        self.names.push(given);
        let flow = self.block(&function.body);
        self.names.pop();
        self.depth -= 1;
        match flow {
            Flow::Gave(value) => value,
            _ => Value::None,
        }
    }

    pub(super) fn new_dag(&mut self, dag: Dag<'f>) -> usize {
        self.out.dags.push(dag);
        self.out.dags.len() - 1
    }
}

/// The part of a list of some length that `1:`, `:-1` or `2:5` mean, where it is written in numbers.
fn slice(written: &str, len: usize) -> Option<std::ops::Range<usize>> {
    let (from, to) = written.split_once(':')?;
    let end = |text: &str, or: usize| match text.trim() {
        "" => Some(or),
        number => {
            let n: i64 = number.parse().ok()?;
            let n = if n < 0 { n + len as i64 } else { n };
            Some(usize::try_from(n.max(0)).ok()?.min(len))
        }
    };
    let (from, to) = (end(from, 0)?, end(to, len)?);
    Some(from..to.max(from))
}

/// `__name__ == "__main__"`, `TYPE_CHECKING`: not as Airflow imports a file.
fn is_main(test: &Expr<'_>) -> bool {
    match &test.kind {
        Kind::Binary(left, "==", _) => matches!(left.kind, Kind::Name("__name__")),
        Kind::Name(name) => *name == "TYPE_CHECKING",
        Kind::Attribute(_, name, _) => *name == "TYPE_CHECKING",
        _ => false,
    }
}
