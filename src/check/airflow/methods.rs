//! Functions and methods of Python's own, on what is known.

use std::sync::Arc;

use super::eval::Eval;
use super::value::Role;
use super::{Arguments, End, Value};
use crate::check::python::{Argument, Expr, Kind};

impl<'f> Eval<'f> {
    /// Functions that are there without an import, and classes of the file.
    pub(super) fn builtin(&mut self, at: &'f Expr<'f>, name: &str, arguments: Arguments<'f>) -> Value<'f> {
        let first = arguments.placed.first().map(|(value, _)| value.clone());
        match (name, first) {
            ("list" | "tuple" | "sorted" | "set", Some(Value::List(all))) => Value::List(all),
            ("list" | "sorted", Some(Value::Dict(pairs, false))) => {
                Value::List(Arc::new(pairs.iter().map(|(key, _)| Value::of(key)).collect()))
            }
            ("dict", None) => {
                let pairs = arguments.all.into_iter().map(|(key, value, _)| (key, value)).collect();
                Value::Dict(Arc::new(pairs), arguments.open)
            }
            ("dict", Some(Value::Dict(pairs, open))) => {
                let mut pairs = pairs.to_vec();
                for (key, value, _) in arguments.all {
                    pairs.retain(|(k, _)| *k != key);
                    pairs.push((key, value));
                }
                Value::Dict(Arc::new(pairs), open || arguments.open)
            }
            ("str", Some(value)) => value.shown().map_or(Value::Unknown, |text| Value::of(&text)),
            ("len", Some(Value::List(all))) => Value::Integer(all.len() as i64),
            ("range", Some(_)) => self.range(&arguments),
            ("enumerate", Some(Value::List(all))) => {
                let start = match arguments.get("start").or(arguments.placed.get(1).map(|(v, _)| v)) {
                    Some(Value::Integer(n)) => *n,
                    Some(_) => return Value::Unknown,
                    None => 0,
                };
                let pair = |(i, one): (usize, &Value<'f>)| {
                    Value::List(Arc::new(vec![Value::Integer(start + i as i64), one.clone()]))
                };
                Value::List(Arc::new(all.iter().enumerate().map(pair).collect()))
            }
            ("zip", Some(Value::List(_))) => {
                let mut lists = Vec::new();
                for (value, _) in &arguments.placed {
                    let Value::List(all) = value else { return Value::Unknown };
                    lists.push(all.clone());
                }
                let shortest = lists.iter().map(|l| l.len()).min().unwrap_or(0);
                let row = |i: usize| Value::List(Arc::new(lists.iter().map(|l| l[i].clone()).collect()));
                Value::List(Arc::new((0..shortest).map(row).collect()))
            }
            // A class of the file, or something that was made in a way that nobody knows.
            _ if arguments.get("task_id").is_some() => self.task(at, name.to_owned(), arguments, None),
            ("open", _) => Value::Made("open".into()),
            _ => {
                // It may take the DAG, or what is open around, and add tasks to it.
                self.unknown_call(name);
                Value::Unknown
            }
        }
    }

    pub(super) fn range(&self, arguments: &Arguments<'f>) -> Value<'f> {
        let numbers: Vec<i64> = arguments
            .placed
            .iter()
            .filter_map(|(value, _)| if let Value::Integer(n) = value { Some(*n) } else { None })
            .collect();
        let (from, to, step) = match (numbers.as_slice(), arguments.placed.len()) {
            ([to], 1) => (0, *to, 1),
            ([from, to], 2) => (*from, *to, 1),
            ([from, to, step], 3) if *step > 0 => (*from, *to, *step),
            _ => return Value::Unknown,
        };
        if to.saturating_sub(from) / step > 500 {
            return Value::Unknown;
        }
        let all = (from..to).step_by(usize::try_from(step).unwrap_or(1)).map(Value::Integer).collect();
        Value::List(Arc::new(all))
    }

    /// A method of something that is known; none where it is not.
    pub(super) fn method(
        &mut self,
        at: &'f Expr<'f>,
        on: &Value<'f>,
        object: &'f Expr<'f>,
        name: &'f str,
        arguments: &'f [Argument<'f>],
    ) -> Option<Value<'f>> {
        match (on, name) {
            (Value::End(_) | Value::Output(_), "set_downstream" | "set_upstream") => {
                let other = arguments.first().map_or(Value::Unknown, |a| self.expr(&a.value));
                match name {
                    "set_downstream" => self.link(on, &other, at.at),
                    _ => self.link(&other, on, at.at),
                };
                Some(Value::None)
            }
            (Value::End(_) | Value::Output(_), "expand" | "expand_kwargs" | "as_setup" | "as_teardown" | "map") => {
                let given = self.arguments(arguments);
                let mut before = Vec::new();
                given.values().for_each(|value| value.outputs(&self.out, &mut before));
                if let (Value::End(End::Task(task)), "expand" | "expand_kwargs") = (on, name) {
                    before.retain(|from| from != task);
                    before.into_iter().for_each(|from| self.edge(End::Task(from), End::Task(*task), at.at));
                }
                Some(on.clone())
            }
            (Value::Function(_, Role::Plain), _) => None,
            (Value::Function(..), "override" | "partial") => {
                let arguments = self.arguments(arguments);
                Some(Value::Later(Arc::new(on.clone()), Arc::new(arguments)))
            }
            (Value::Function(function, role), "expand" | "expand_kwargs") => {
                let arguments = self.arguments(arguments);
                Some(self.function(at, function, *role, arguments))
            }
            (Value::Later(what, earlier), "expand" | "expand_kwargs" | "partial" | "override") => {
                let mut all = (**earlier).clone();
                let more = self.arguments(arguments);
                all.all.extend(more.all);
                all.placed.extend(more.placed);
                all.open |= more.open;
                match (&**what, name) {
                    (_, "partial" | "override") => Some(Value::Later(what.clone(), Arc::new(all))),
                    (Value::Function(function, role), _) => Some(self.function(at, function, *role, all)),
                    _ => None,
                }
            }
            (Value::Made(path), "partial")
                if path.rsplit('.').next().is_some_and(|n| n.starts_with(char::is_uppercase)) =>
            {
                let arguments = self.arguments(arguments);
                Some(self.task(at, path.to_string(), arguments.named(&["task_id"]), None))
            }
            (Value::List(all), "append" | "extend") => {
                let more = arguments.first().map_or(Value::Unknown, |a| self.expr(&a.value));
                if let Kind::Name(name) = object.kind {
                    let mut all = all.to_vec();
                    match more {
                        Value::List(more) if arguments.len() == 1 && at.method().is_some_and(|m| m.1 == "extend") => {
                            all.extend(more.iter().cloned());
                        }
                        more => all.push(more),
                    }
                    self.set(name, Value::List(Arc::new(all)));
                }
                Some(Value::None)
            }
            (Value::Dict(pairs, false), "items") => {
                let pair =
                    |(key, value): &(String, Value<'f>)| Value::List(Arc::new(vec![Value::of(key), value.clone()]));
                Some(Value::List(Arc::new(pairs.iter().map(pair).collect())))
            }
            (Value::Dict(pairs, false), "keys") => {
                Some(Value::List(Arc::new(pairs.iter().map(|(key, _)| Value::of(key)).collect())))
            }
            (Value::Dict(pairs, false), "values") => {
                Some(Value::List(Arc::new(pairs.iter().map(|(_, value)| value.clone()).collect())))
            }
            (Value::Dict(pairs, open), "get") => {
                let key = arguments.first().map_or(Value::Unknown, |a| self.expr(&a.value));
                let key = key.text()?.to_owned();
                let found = pairs.iter().rev().find(|(k, _)| *k == key).map(|(_, value)| value.clone());
                let other = arguments.get(1).filter(|_| !open).map(|a| self.expr(&a.value));
                Some(found.or(other).unwrap_or(if *open { Value::Unknown } else { Value::None }))
            }
            (Value::Dict(pairs, open), "copy") => Some(Value::Dict(pairs.clone(), *open)),
            (Value::Dict(..), "update") => {
                if let Kind::Name(name) = object.kind
                    && let Value::Dict(pairs, _) = on
                {
                    self.set(name, Value::Dict(pairs.clone(), true));
                }
                Some(Value::None)
            }
            (Value::Text(text), "format") => Some(self.formatted(text, arguments)),
            (Value::Text(text), "lower") => Some(Value::of(&text.to_lowercase())),
            (Value::Text(text), "upper") => Some(Value::of(&text.to_uppercase())),
            (Value::Text(text), "strip") if arguments.is_empty() => Some(Value::of(text.trim())),
            (Value::Text(text), "replace") => {
                let values: Vec<Value<'f>> = arguments.iter().map(|a| self.expr(&a.value)).collect();
                match values.as_slice() {
                    [Value::Text(from), Value::Text(to)] => Some(Value::of(&text.replace(&**from, to))),
                    _ => Some(Value::Unknown),
                }
            }
            _ => None,
        }
    }

    pub(super) fn formatted(&mut self, text: &str, arguments: &'f [Argument<'f>]) -> Value<'f> {
        let arguments = self.arguments(arguments);
        let mut out = text.to_owned();
        for (i, (value, _)) in arguments.placed.iter().enumerate() {
            let Some(shown) = value.shown() else { return Value::Unknown };
            let numbered = format!("{{{i}}}");
            out = if out.contains(&numbered) { out.replace(&numbered, &shown) } else { out.replacen("{}", &shown, 1) };
        }
        for (name, value, _) in &arguments.all {
            let Some(shown) = value.shown() else { return Value::Unknown };
            out = out.replace(&format!("{{{name}}}"), &shown);
        }
        if out.contains('{') { Value::Unknown } else { Value::of(&out) }
    }
}
