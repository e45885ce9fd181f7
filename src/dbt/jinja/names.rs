//! What a name means while a template is rendered: the arguments of a macro, macros, what dbt gives.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, State};

use super::builtin::{self, Builtin};
use super::call::call_macro;
use super::library::{Library, PackageId};
use super::values::{Unknown, lock, python, wrong};
use crate::dbt::NodeId;
use crate::dbt::index::Index;
use crate::dbt::vars::Vars;
use crate::vocabulary::Dialect;

/// What all templates of a project share.
#[derive(Debug)]
pub(in crate::dbt) struct World {
    pub library: Arc<Library>,
    pub vars: Vars,
    pub env: BTreeMap<String, String>,
    pub target: Target,
    /// Known once every file has been looked at.
    pub index: OnceLock<Index>,
}

/// What dbt would run on.
#[derive(Clone, Debug, Default)]
pub(in crate::dbt) struct Target {
    pub dialect: Option<Dialect>,
    /// The adapter, as `snowflake`; empty where nothing says.
    pub adapter: String,
    pub name: String,
    pub profile: String,
    /// What the profile says of it, secrets left out.
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// One rendering of one file.
#[derive(Debug)]
pub(in crate::dbt) struct Run {
    pub world: Arc<World>,
    pub seen: Arc<Seen>,
    /// The node whose file it is.
    pub node: Option<NodeId>,
    pub package: PackageId,
    pub incremental: bool,
    /// Macros that it calls and that are nowhere.
    pub nowhere: Vec<String>,
}

/// What a rendering did beside giving text.
#[derive(Debug, Default)]
pub(in crate::dbt) struct Seen {
    inner: Mutex<Notes>,
}

#[derive(Clone, Debug, Default)]
pub(in crate::dbt) struct Notes {
    /// Why the text is not known.
    pub unknown: Option<Arc<str>>,
    /// What a warehouse was asked first, whether or not it mattered.
    pub asked: Option<Arc<str>>,
    /// Something that only a warehouse knows was printed.
    pub unsaid: bool,
    /// What the warehouse was asked, as one number.
    pub question: u64,
    /// Nodes that were asked for.
    pub reads: Vec<NodeId>,
    /// `ref`s and `source`s to nothing, as written, and why.
    pub missing: Vec<Missing>,
    /// The macro that stopped it, since it is nowhere.
    pub nowhere: Option<String>,
    /// What `config(…)` was given.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// `is_incremental()` was asked.
    pub asked_incremental: bool,
    /// The columns of another node were asked for.
    pub asked_columns: bool,
    /// Instructions spent in macros.
    pub spent: u64,
}

/// A `ref` or `source` to nothing.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dbt) struct Missing {
    pub source: bool,
    /// Its arguments.
    pub names: Vec<String>,
    pub why: Option<String>,
}

impl World {
    /// The same before its index is known.
    pub(in crate::dbt) fn afresh(&self) -> World {
        World {
            library: self.library.clone(),
            vars: self.vars.clone(),
            env: self.env.clone(),
            target: self.target.clone(),
            index: OnceLock::new(),
        }
    }
}

impl Seen {
    pub(in crate::dbt) fn unknown(&self, reason: &Arc<str>) {
        lock(&self.inner).unknown.get_or_insert_with(|| reason.clone());
    }

    pub(in crate::dbt) fn note<T>(&self, with: impl FnOnce(&mut Notes) -> T) -> T {
        with(&mut lock(&self.inner))
    }

    pub(in crate::dbt) fn take(&self) -> Notes {
        std::mem::take(&mut lock(&self.inner))
    }
}

impl Run {
    /// What only a warehouse knows.
    pub(super) fn unknown(&self, reason: impl Into<Arc<str>>) -> Value {
        let reason = reason.into();
        self.seen.note(|notes| drop(notes.asked.get_or_insert_with(|| reason.clone()).clone()));
        Value::from_object(Unknown { reason, seen: self.seen.clone(), nowhere: None })
    }

    /// The value of a name in a macro or file of `package`.
    pub(super) fn lookup(self: &Arc<Self>, package: PackageId, name: &str) -> Option<Value> {
        let library = &self.world.library;
        if let Some(id) = library.bare(package, name) {
            return Some(self.callable(id));
        }
        if let Some(value) = builtin::value(self, package, name) {
            return Some(value);
        }
        match library.find_package(name) {
            Some(package) => Some(Value::from_object(Packaged { run: self.clone(), package })),
            None if library.missing.iter().any(|m| m == name) => Some(Value::from_object(Absent(name.to_owned()))),
            None if self.nowhere.iter().any(|n| n == name) => {
                let reason = Arc::from(format!("there is no macro `{name}`"));
                Some(Value::from_object(Unknown { reason, seen: self.seen.clone(), nowhere: Some(name.to_owned()) }))
            }
            None => None,
        }
    }

    pub(super) fn callable(self: &Arc<Self>, id: usize) -> Value {
        Value::from_object(Callable { run: self.clone(), id })
    }
}

/// The names that a file sees.
pub(super) struct Top(pub Arc<Run>);

/// The names that a macro sees.
pub(super) struct Frame {
    pub run: Arc<Run>,
    pub id: usize,
    pub given: Vec<Value>,
    pub varargs: Value,
    pub kwargs: Value,
    pub caller: Option<Value>,
}

impl Object for Top {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.lookup(self.0.package, key)
    }
}

impl Object for Frame {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let found = self.run.world.library.get(self.id);
        if let Some(i) = found.parameters.iter().position(|p| p.name == key) {
            return Some(self.given.get(i).cloned().unwrap_or_default());
        }
        match key {
            "varargs" => Some(self.varargs.clone()),
            "kwargs" => Some(self.kwargs.clone()),
            "caller" => self.caller.clone(),
            _ => self.run.lookup(found.package, key),
        }
    }
}

/// A macro that can be called.
pub(super) struct Callable {
    run: Arc<Run>,
    pub id: usize,
}

impl Object for Callable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        call_macro(&self.run, self.id, state, args)
    }
}

/// `dbt_utils` in `dbt_utils.star(…)`.
struct Packaged {
    run: Arc<Run>,
    package: PackageId,
}

impl Object for Packaged {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let id = self.run.world.library.within(self.package, key.as_str()?)?;
        Some(self.run.callable(id))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let library = &self.run.world.library;
        match library.within(self.package, method) {
            Some(id) => call_macro(&self.run, id, state, args),
            None => match Builtin::of_package(&self.run, self.package, method) {
                Some(builtin) => builtin.call_now(state, args),
                None => {
                    let package = &library.packages[self.package];
                    let absent = package.stand_in && package.name != super::library::DBT;
                    Err(if absent {
                        wrong(format!("`{method}` is of the package `{}`, which is not installed", package.name))
                    } else {
                        builtin::no_macro(&package.name, method)
                    })
                }
            },
        }
    }
}

/// A package that is not installed.
struct Absent(String);

impl Object for Absent {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        Err(wrong(format!("`{method}` is of the package `{}`, which is not installed", self.0)))
    }
}

macro_rules! shown {
    ($($kind:ty => $text:literal),*) => {
        $(impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text)
            }
        })*
    };
}
shown! { Top => "names", Frame => "names of a macro", Callable => "macro", Packaged => "package", Absent => "package" }

/// What a value prints.
pub(super) fn printed(value: &Value) -> std::borrow::Cow<'_, str> {
    match value.as_str() {
        Some(text) => text.into(),
        None if value.is_undefined() => "".into(),
        None => python(value).into(),
    }
}
