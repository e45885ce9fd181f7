//! What an expression of a DAG file gives, as far as that is certain.

use std::sync::Arc;

use super::{DagFile, End};
use crate::check::python::{Expr, Function};

/// What an expression gives.
#[derive(Clone, Debug)]
pub enum Value<'f> {
    /// Nobody knows.
    Unknown,
    /// Text.
    Text(Arc<str>),
    /// A whole number.
    Integer(i64),
    /// `True`, `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A list, tuple or set.
    List(Arc<Vec<Value<'f>>>),
    /// A dictionary by its texts; whether it may have more.
    Dict(Arc<Vec<(String, Value<'f>)>>, bool),
    /// A DAG.
    Dag(usize),
    /// A task or a group.
    End(End),
    /// What a task gives: who takes it waits for the task.
    Output(usize),
    /// `Label("…")` on an edge.
    Label,
    /// A function of the file.
    Function(&'f Function<'f>, Role),
    /// A function or operator with arguments for later: `partial`, `override`.
    Later(Arc<Value<'f>>, Arc<Arguments<'f>>),
    /// What something imported is, or what it gave when it was called, by its path: `datetime.datetime.now`.
    Made(Arc<str>),
}

/// What a function is by its decorator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A function.
    Plain,
    /// `@task`.
    Task,
    /// `@dag`.
    Dag,
    /// `@task_group`.
    Group,
}

/// Arguments of a call by their keywords.
#[derive(Clone, Debug, Default)]
pub struct Arguments<'f> {
    /// Keyword, value, and the expression.
    pub all: Vec<(String, Value<'f>, Option<&'f Expr<'f>>)>,
    /// Values by their place.
    pub placed: Vec<(Value<'f>, &'f Expr<'f>)>,
    /// There may be more: `**something`.
    pub open: bool,
}

impl<'f> Arguments<'f> {
    /// The value of an argument.
    pub fn get(&self, name: &str) -> Option<&Value<'f>> {
        self.all.iter().rev().find(|(key, ..)| key == name).map(|(_, value, _)| value)
    }

    /// The expression of an argument, where it is in the call itself.
    pub fn expr(&self, name: &str) -> Option<&'f Expr<'f>> {
        self.all.iter().rev().find(|(key, ..)| key == name).and_then(|(.., expr)| *expr)
    }

    /// The text of an argument.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::text)
    }

    /// Every value, by keyword and by place.
    pub fn values(&self) -> impl Iterator<Item = &Value<'f>> {
        self.all.iter().map(|(_, value, _)| value).chain(self.placed.iter().map(|(value, _)| value))
    }

    /// Names for values by place.
    pub fn named(mut self, names: &[&str]) -> Arguments<'f> {
        for (i, name) in names.iter().enumerate() {
            if let Some((value, expr)) = self.placed.get(i).cloned()
                && self.get(name).is_none()
            {
                self.all.push(((*name).to_owned(), value, Some(expr)));
            }
        }
        self
    }
}

impl<'f> Value<'f> {
    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// Text as a value.
    pub fn of(text: &str) -> Value<'f> {
        Value::Text(Arc::from(text))
    }

    /// What stands in a formatted text for it.
    pub fn shown(&self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.to_string()),
            Value::Integer(n) => Some(n.to_string()),
            Value::Bool(true) => Some("True".to_owned()),
            Value::Bool(false) => Some("False".to_owned()),
            Value::None => Some("None".to_owned()),
            _ => None,
        }
    }

    /// Whether it counts as true.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            Value::None => Some(false),
            Value::Text(text) => Some(!text.is_empty()),
            Value::Integer(n) => Some(*n != 0),
            Value::List(all) => Some(!all.is_empty()),
            Value::Dict(pairs, false) => Some(!pairs.is_empty()),
            Value::Dag(_) | Value::End(_) | Value::Function(..) => Some(true),
            _ => None,
        }
    }

    /// What it is made by.
    pub fn path(&self) -> Option<&str> {
        if let Value::Made(path) = self { Some(path) } else { None }
    }

    /// Every text in it.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Value::Text(text) => vec![text],
            Value::List(all) => all.iter().flat_map(Value::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// The tasks and groups that it is or holds; and whether all of it is known.
    pub fn ends(&self, out: &mut Vec<End>) -> bool {
        match self {
            Value::End(end) => out.push(*end),
            Value::Output(task) => out.push(End::Task(*task)),
            Value::List(all) => {
                let mut known = true;
                for one in all.iter() {
                    known &= one.ends(out);
                }
                return known;
            }
            _ => return false,
        }
        true
    }

    /// The tasks whose results it holds.
    pub fn outputs(&self, file: &DagFile<'f>, out: &mut Vec<usize>) {
        match self {
            Value::Output(task) => out.push(*task),
            Value::End(End::Task(task)) if file.tasks[*task].operator.starts_with('@') => out.push(*task),
            Value::List(all) => all.iter().for_each(|one| one.outputs(file, out)),
            Value::Dict(pairs, _) => pairs.iter().for_each(|(_, one)| one.outputs(file, out)),
            _ => {}
        }
    }
}
