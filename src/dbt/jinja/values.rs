//! Values as Python has them: lists and dictionaries that change, and what nobody knows without a warehouse.

use std::cmp::Ordering;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering as Memory};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use minijinja::value::{DynObject, Enumerator, Kwargs, Object, ObjectRepr, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::names::Seen;
use super::relation::Relation;
use crate::sql::jinja::UNKNOWN;

/// Lists in lists.
const DEEPEST: usize = 40;
/// Bytes of a text, and items of a list, that a template may build.
pub(super) const LONGEST: usize = 2 * 1024 * 1024;
const MOST: usize = 100_000;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn wrong(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

/// A list that can be changed.
#[derive(Default)]
pub(super) struct List {
    items: Mutex<Vec<Value>>,
    depth: AtomicUsize,
}

/// A dictionary that can be changed.
#[derive(Default)]
pub(super) struct Dict {
    items: Mutex<IndexMap<Value, Value>>,
    depth: AtomicUsize,
}

/// How deep lists and dictionaries are nested in a value.
fn depth(value: &Value) -> usize {
    if let Some(list) = value.downcast_object_ref::<List>() {
        return list.depth.load(Memory::Relaxed) + 1;
    }
    if let Some(dict) = value.downcast_object_ref::<Dict>() {
        return dict.depth.load(Memory::Relaxed) + 1;
    }
    if value.is_tuple() {
        return 1 + value.try_iter().map_or(0, |items| items.map(|v| depth(&v)).max().unwrap_or(0));
    }
    0
}

/// `value`, unless it is more than any project needs.
pub(super) fn bounded(value: Value) -> Result<Value, Error> {
    if value.as_str().is_some_and(|t| t.len() > LONGEST) {
        return Err(wrong("a text of more than 2 MiB is built here"));
    }
    if depth(&value) > DEEPEST {
        return Err(wrong("lists are nested too deeply here"));
    }
    Ok(value)
}

/// What may be put into a list or dictionary: nothing that holds the list itself, and nothing without end.
fn admit(depth_of_host: &AtomicUsize, host: usize, value: &Value) -> Result<(), Error> {
    let depth = depth(value);
    if depth > DEEPEST || holds(value, host, DEEPEST) {
        return Err(wrong("lists are nested too deeply here"));
    }
    if value.as_str().is_some_and(|t| t.len() > LONGEST) {
        return Err(wrong("a text of more than 2 MiB is built here"));
    }
    depth_of_host.fetch_max(depth, Memory::Relaxed);
    Ok(())
}

/// Whether the list or dictionary at the address `host` is in `value`.
fn holds(value: &Value, host: usize, deep: usize) -> bool {
    if deep == 0 {
        return true;
    }
    let inside = |v: &Value| holds(v, host, deep - 1);
    if let Some(list) = value.downcast_object_ref::<List>() {
        return std::ptr::from_ref(list).addr() == host || list.values().iter().any(inside);
    }
    if let Some(dict) = value.downcast_object_ref::<Dict>() {
        return std::ptr::from_ref(dict).addr() == host || dict.pairs().iter().any(|(_, v)| inside(v));
    }
    value.is_tuple() && value.try_iter().is_ok_and(|mut items| items.any(|v| inside(&v)))
}

impl List {
    pub(super) fn value(items: Vec<Value>) -> Result<Value, Error> {
        let deep = items.iter().map(depth).max().unwrap_or(0);
        if deep >= DEEPEST {
            return Err(wrong("lists are nested too deeply here"));
        }
        Ok(Value::from_object(List { items: Mutex::new(items), depth: AtomicUsize::new(deep) }))
    }

    pub(super) fn values(&self) -> Vec<Value> {
        lock(&self.items).clone()
    }

    fn add(self: &Arc<Self>, values: Vec<Value>) -> Result<(), Error> {
        for value in &values {
            admit(&self.depth, Arc::as_ptr(self).addr(), value)?;
        }
        let mut items = lock(&self.items);
        if items.len() + values.len() > MOST {
            return Err(wrong(format!("a list of more than {MOST} items is built here")));
        }
        items.extend(values);
        Ok(())
    }

    fn position(&self, value: &Value) -> Option<usize> {
        self.values().iter().position(|v| v == value)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}

fn index(key: &Value, length: usize) -> Option<usize> {
    let i = key.as_i64()?;
    usize::try_from(if i < 0 { i + length as i64 } else { i }).ok().filter(|i| *i < length)
}

fn none() -> Result<Value, Error> {
    Ok(Value::from(()))
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let items = lock(&self.items);
        items.get(index(key, items.len())?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(lock(&self.items).len())
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.values().cmp(&other.downcast_ref::<List>()?.values()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&python(&Value::from_dyn_object(self.clone())))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arg = |i: usize| args.get(i).ok_or_else(|| Error::from(ErrorKind::MissingArgument));
        match method {
            "append" => self.add(vec![arg(0)?.clone()])?,
            "extend" => self.add(arg(0)?.try_iter()?.collect())?,
            "insert" => {
                self.add(vec![arg(1)?.clone()])?;
                let mut items = lock(&self.items);
                let last = items.len() - 1;
                let at = arg(0)?.as_i64().unwrap_or(0);
                let at = usize::try_from(if at < 0 { at + last as i64 } else { at }).unwrap_or(0).min(last);
                items[at..].rotate_right(1);
            }
            "remove" => {
                let at = self.position(arg(0)?).ok_or_else(|| wrong("the list has no such item"))?;
                lock(&self.items).remove(at);
            }
            "pop" => {
                let mut items = lock(&self.items);
                let at = args.first().map_or(items.len().checked_sub(1), |i| index(i, items.len()));
                return Ok(items.remove(at.ok_or_else(|| wrong("pop from an empty list"))?));
            }
            "clear" => lock(&self.items).clear(),
            "reverse" => lock(&self.items).reverse(),
            "sort" => lock(&self.items).sort(),
            "copy" => return List::value(self.values()),
            "index" => {
                let at = self.position(arg(0)?).ok_or_else(|| wrong("the list has no such item"))?;
                return Ok(Value::from(at));
            }
            "count" => {
                let wanted = arg(0)?;
                return Ok(Value::from(self.values().iter().filter(|v| *v == wanted).count()));
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        none()
    }
}

impl Dict {
    pub(super) fn value(items: IndexMap<Value, Value>) -> Result<Value, Error> {
        let deep = items.values().map(depth).max().unwrap_or(0);
        if deep >= DEEPEST {
            return Err(wrong("lists are nested too deeply here"));
        }
        Ok(Value::from_object(Dict { items: Mutex::new(items), depth: AtomicUsize::new(deep) }))
    }

    fn pairs(&self) -> Vec<(Value, Value)> {
        lock(&self.items).iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.pairs()).finish()
    }
}

/// Keys and values of anything like a dictionary.
pub(super) fn pairs(value: &Value) -> Result<IndexMap<Value, Value>, Error> {
    if value.kind() == ValueKind::Map {
        return value.try_iter()?.map(|key| Ok((key.clone(), value.get_item(&key)?))).collect();
    }
    value.try_iter()?.map(|pair| Ok((pair.get_item_by_index(0)?, pair.get_item_by_index(1)?))).collect()
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        lock(&self.items).get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(lock(&self.items).keys().cloned().collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(lock(&self.items).len())
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.pairs().cmp(&other.downcast_ref::<Dict>()?.pairs()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&python(&Value::from_dyn_object(self.clone())))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let arg = |i: usize| args.get(i).ok_or_else(|| Error::from(ErrorKind::MissingArgument));
        let other = |i: usize| args.get(i).cloned().unwrap_or_else(|| Value::from(()));
        let host = Arc::as_ptr(self).addr();
        match method {
            "update" => {
                for given in args {
                    let new = match Kwargs::try_from(given.clone()) {
                        Ok(kwargs) if given.is_kwargs() => kwargs
                            .args()
                            .map(|k| Ok((Value::from(k), kwargs.peek(k)?)))
                            .collect::<Result<_, Error>>()?,
                        _ => pairs(given)?,
                    };
                    for value in new.values() {
                        admit(&self.depth, host, value)?;
                    }
                    let mut items = lock(&self.items);
                    items.extend(new);
                    if items.len() > MOST {
                        return Err(wrong(format!("a dictionary of more than {MOST} keys is built here")));
                    }
                }
            }
            "setdefault" => {
                admit(&self.depth, host, &other(1))?;
                return Ok(lock(&self.items).entry(arg(0)?.clone()).or_insert_with(|| other(1)).clone());
            }
            "pop" => {
                let gone = lock(&self.items).shift_remove(arg(0)?);
                return gone.or_else(|| args.get(1).cloned()).ok_or_else(|| wrong("the dictionary has no such key"));
            }
            "clear" => lock(&self.items).clear(),
            "copy" => return Dict::value(self.pairs().into_iter().collect()),
            "get" => return Ok(lock(&self.items).get(arg(0)?).cloned().unwrap_or_else(|| other(1))),
            "keys" => return List::value(lock(&self.items).keys().cloned().collect()),
            "values" => return List::value(lock(&self.items).values().cloned().collect()),
            "items" => {
                let pairs = self.pairs().into_iter();
                return List::value(pairs.map(|(k, v)| Value::from(vec![k, v])).collect());
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        none()
    }
}

/// Stands in a text for a value that only a warehouse knows.
pub(super) const UNSAID: char = '\u{F8FF}';

/// What a warehouse or a macro that is nowhere would say. Whatever looks at it makes the whole node unknown; printed, it
/// is a name that nothing else has, or may stay unsaid in a literal of SQL.
pub(super) struct Unknown {
    pub reason: Arc<str>,
    pub seen: Arc<Seen>,
    /// The macro that is nowhere.
    pub nowhere: Option<String>,
}

impl Unknown {
    fn looked_at(&self) {
        self.seen.unknown(&self.reason);
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown")
    }
}

impl Object for Unknown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(self.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.looked_at();
        Enumerator::Empty
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        self.looked_at();
        Some(0)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.looked_at();
        false
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        Ok(Value::from_dyn_object(self.clone()))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, _: &str, _: &[Value]) -> Result<Value, Error> {
        Ok(Value::from_dyn_object(self.clone()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.nowhere {
            let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            return write!(f, "{UNKNOWN}{name}");
        }
        self.seen.note(|notes| notes.unsaid = true);
        fmt::Write::write_char(f, UNSAID)
    }
}

/// As Python prints it.
pub(super) fn python(value: &Value) -> String {
    fn inner(value: &Value, out: &mut String, deep: usize) {
        if deep > DEEPEST || out.len() > LONGEST {
            return;
        }
        if let Some(text) = value.as_str() {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            out.push(quote);
            for c in text.chars() {
                match c {
                    '\n' => out.push_str("\\n"),
                    '\\' => out.push_str("\\\\"),
                    c if c == quote => out.extend(['\\', c]),
                    c => out.push(c),
                }
            }
            out.push(quote);
            return;
        }
        if value.downcast_object_ref::<Relation>().is_some() {
            out.push_str(&value.to_string());
            return;
        }
        match value.kind() {
            ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
            ValueKind::None => out.push_str("None"),
            ValueKind::Undefined => out.push_str("Undefined"),
            ValueKind::Seq | ValueKind::Iterable if value.downcast_object_ref::<Unknown>().is_none() => {
                let tuple = value.is_tuple();
                out.push(if tuple { '(' } else { '[' });
                let items: Vec<Value> = value.try_iter().map(Iterator::collect).unwrap_or_default();
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    inner(item, out, deep + 1);
                }
                out.push_str(if tuple && items.len() == 1 { "," } else { "" });
                out.push(if tuple { ')' } else { ']' });
            }
            ValueKind::Map => {
                out.push('{');
                for (i, (key, item)) in pairs(value).unwrap_or_default().iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    inner(key, out, deep + 1);
                    out.push_str(": ");
                    inner(item, out, deep + 1);
                }
                out.push('}');
            }
            _ => out.push_str(&value.to_string()),
        }
    }
    let mut out = String::new();
    inner(value, &mut out, 0);
    out
}

/// A value for JSON.
pub(super) fn from_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(*b),
        Json::Number(n) => match n.as_i64() {
            Some(n) => Value::from(n),
            None => Value::from(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => List::value(items.iter().map(from_json).collect()).unwrap_or_default(),
        Json::Object(map) => {
            let items = map.iter().map(|(k, v)| (Value::from(k.as_str()), from_json(v))).collect();
            Dict::value(items).unwrap_or_default()
        }
    }
}

/// JSON for a value; texts for what JSON has no word for.
pub(super) fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    fn inner(value: &Value, deep: usize) -> Json {
        if let Some(text) = value.as_str() {
            return Json::String(text.to_owned());
        }
        match value.kind() {
            _ if deep > DEEPEST => Json::Null,
            _ if value.downcast_object_ref::<Relation>().is_some() => Json::String(value.to_string()),
            ValueKind::None | ValueKind::Undefined => Json::Null,
            ValueKind::Bool => Json::Bool(value.is_true()),
            ValueKind::Number => match value.as_i64().filter(|_| value.is_integer()) {
                Some(n) => Json::from(n),
                None => Json::from(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
            },
            ValueKind::Seq | ValueKind::Iterable => {
                Json::Array(value.try_iter().map(|i| i.map(|v| inner(&v, deep + 1)).collect()).unwrap_or_default())
            }
            ValueKind::Map => {
                let items = pairs(value).unwrap_or_default();
                let key = |k: &Value| k.as_str().map_or_else(|| k.to_string(), str::to_owned);
                Json::Object(items.iter().map(|(k, v)| (key(k), inner(v, deep + 1))).collect())
            }
            _ => Json::String(value.to_string()),
        }
    }
    inner(value, 0)
}
