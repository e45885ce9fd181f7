//! What dbt itself gives to templates: `ref`, `source`, `var`, `config`, `adapter`, `exceptions`, `modules`, ….

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Returned;
use super::library::PackageId;
use super::names::{Missing, Run};
use super::relation::{self, Relation};
use super::values::{Dict, List, from_json, pairs, to_json, wrong};
use super::{answers, dates, graph, moment, rows, unsaid, values};

/// Functions, and things that have functions.
const CALLED: &[&str] = &[
    "adapter",
    "api",
    "builtins",
    "column",
    "config",
    "debug",
    "diff_of_two_dicts",
    "dict",
    "doc",
    "env_var",
    "exceptions",
    "fromjson",
    "fromyaml",
    "get_where_subquery",
    "is_incremental",
    "load_agate_table",
    "load_cached_relation",
    "load_relation",
    "known__",
    "theirs__",
    "values__",
    "load_result",
    "local_md5",
    "log",
    "modules",
    "noop_statement",
    "print",
    "ref",
    "render",
    "return",
    "run_query",
    "set",
    "set_strict",
    "should_full_refresh",
    "source",
    "statement",
    "store_raw_result",
    "store_result",
    "submit_python_job",
    "target_relation",
    "tojson",
    "toyaml",
    "try_or_compiler_error",
    "var",
    "write",
    "zip",
    "zip_strict",
    "should_store_failures",
];

/// A function of dbt's, or a thing with functions: `ref`, `adapter.dispatch`.
pub(super) struct Builtin {
    run: Arc<Run>,
    package: PackageId,
    path: String,
}

/// What a name of dbt's own means.
pub(super) fn value(run: &Arc<Run>, package: PackageId, name: &str) -> Option<Value> {
    let target = &run.world.target;
    let text = |key: &str, or: &str| Value::from(target.fields.get(key).and_then(|v| v.as_str()).unwrap_or(or));
    Some(match name {
        "execute" => Value::from(true),
        "this" => run.node.map_or_else(Value::default, |id| Relation::of(run, id)),
        "target" => target_value(run),
        "schema" => text("schema", "schema"),
        "database" => text("database", "database"),
        "flags" => flags(),
        "model" => run.node.map_or_else(Value::default, |id| graph::node(run, id)),
        "graph" | "context" => Builtin::at(run, package, name.to_owned()),
        "unsaid__" => run.unknown("a value is known to the warehouse only"),
        "schemas" | "selected_resources" | "database_schemas" => {
            run.unknown(format!("`{name}` is known when dbt runs"))
        }
        "invocation_id" | "thread_id" => Value::from("00000000-0000-0000-0000-000000000000"),
        "project_name" => Value::from(run.world.library.packages[0].name.as_str()),
        "dbt_version" => Value::from("1.11.0"),
        "run_started_at" => moment::now(moment::Exact::Zoned),
        "invocation_args_dict" | "dbt_metadata_envs" => Dict::value(Default::default()).ok()?,
        "pre_hooks" | "post_hooks" | "sql_header" => Value::from(()),
        _ if CALLED.contains(&name) => Builtin::at(run, package, name.to_owned()),
        _ => return None,
    })
}

/// The error of a call of a macro that nobody has.
pub(super) fn no_macro(package: &str, name: &str) -> Error {
    Error::new(ErrorKind::UnknownFunction, format!("there is no macro `{package}.{name}`"))
}

fn flags() -> Value {
    let pairs = [("FULL_REFRESH", false), ("STORE_FAILURES", false), ("WHICH_COMPILE", false)];
    let mut items: Vec<(Value, Value)> = pairs.iter().map(|(k, v)| (Value::from(*k), Value::from(*v))).collect();
    // What matters is what a run makes.
    items.push((Value::from("WHICH"), Value::from("run")));
    Dict::value(items.into_iter().collect()).unwrap_or_default()
}

fn target_value(run: &Run) -> Value {
    let target = &run.world.target;
    let mut items: indexmap::IndexMap<Value, Value> =
        target.fields.iter().map(|(k, v)| (Value::from(k.as_str()), from_json(v))).collect();
    for (key, or) in [("schema", "schema"), ("database", "database"), ("dbname", "database"), ("user", "user")] {
        items.entry(Value::from(key)).or_insert_with(|| Value::from(or));
    }
    for (key, or) in [("project", "database"), ("dataset", "schema")] {
        let other = items.get(&Value::from(or)).cloned().unwrap_or_default();
        items.entry(Value::from(key)).or_insert(other);
    }
    items.insert(Value::from("name"), Value::from(target.name.as_str()));
    items.insert(Value::from("target_name"), Value::from(target.name.as_str()));
    items.insert(Value::from("profile_name"), Value::from(target.profile.as_str()));
    items.insert(Value::from("type"), Value::from(target.adapter.as_str()));
    items.entry(Value::from("threads")).or_insert_with(|| Value::from(1));
    Dict::value(items).unwrap_or_default()
}

/// The arguments of a call.
struct Args<'a> {
    all: &'a [Value],
    named: Option<Kwargs>,
}

impl<'a> Args<'a> {
    fn new(args: &'a [Value]) -> Result<Args<'a>, Error> {
        Ok(match args.split_last() {
            Some((last, rest)) if last.is_kwargs() => Args { all: rest, named: Some(Kwargs::try_from(last.clone())?) },
            _ => Args { all: args, named: None },
        })
    }

    fn get(&self, at: usize, name: &str) -> Option<Value> {
        let named = || self.named.as_ref().filter(|n| n.has(name)).and_then(|n| n.peek(name).ok());
        self.all.get(at).cloned().or_else(named)
    }

    fn need(&self, at: usize, name: &str) -> Result<Value, Error> {
        self.get(at, name).ok_or_else(|| Error::new(ErrorKind::MissingArgument, format!("`{name}` is missing")))
    }

    fn text(&self, at: usize, name: &str) -> Result<String, Error> {
        Ok(super::names::printed(&self.need(at, name)?).into_owned())
    }

    fn named(&self) -> Vec<(String, Value)> {
        let Some(named) = &self.named else { return Vec::new() };
        named.args().filter_map(|k| Some((k.to_owned(), named.peek(k).ok()?))).collect()
    }
}

impl Builtin {
    fn at(run: &Arc<Run>, package: PackageId, path: String) -> Value {
        Value::from_object(Builtin { run: run.clone(), package, path })
    }

    /// A function that dbt finds in a package too: `dbt.is_incremental()`.
    pub(super) fn of_package(run: &Arc<Run>, package: PackageId, name: &str) -> Option<Builtin> {
        let dbt = run.world.library.packages[package].name == super::library::DBT && CALLED.contains(&name);
        dbt.then(|| Builtin { run: run.clone(), package, path: name.to_owned() })
    }

    pub(super) fn call_now(&self, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        self.invoke(&self.path, state, args)
    }

    fn deeper(&self, name: &str) -> String {
        // `builtins.ref` is `ref`.
        if self.path == "builtins" { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn invoke(&self, path: &str, state: &mut State<'_, '_>, given: &[Value]) -> Result<Value, Error> {
        let run = &self.run;
        let args = Args::new(given)?;
        let nothing = || Ok(Value::from(""));
        match path {
            "ref" => self.reference(&args),
            "source" => relation::source(run, &args.text(0, "source_name")?, &args.text(1, "table_name")?),
            "var" => self.var(state, &args),
            "var.has_var" => Ok(Value::from(self.raw_var(&args.text(0, "name")?).is_some())),
            "env_var" => self.env_var(&args),
            "config" => {
                // Made before anything is noted: a value that is looked at notes that itself.
                let mut set: Vec<(String, serde_json::Value)> = Vec::new();
                let mut put = |key: String, value: &Value| {
                    // What only a warehouse knows of a configuration leaves the query as it is.
                    if value.downcast_object_ref::<values::Unknown>().is_none() {
                        set.push((key, to_json(value)));
                    }
                };
                for given in args.all.iter().filter_map(|v| pairs(v).ok()) {
                    given.iter().for_each(|(k, v)| put(k.to_string(), v));
                }
                args.named().into_iter().for_each(|(k, v)| put(k, &v));
                run.seen.note(|notes| notes.config.extend(set));
                nothing()
            }
            "config.get" | "config.meta_get" => {
                let found = self.configured(path, &args.text(0, "name")?);
                Ok(found.or_else(|| args.get(1, "default")).unwrap_or_else(|| Value::from(())))
            }
            "config.require" | "config.meta_require" => {
                let name = args.text(0, "name")?;
                self.configured(path, &name)
                    .ok_or_else(|| wrong(format!("the configuration `{name}` is required here")))
            }
            "config.set" | "config.persist_relation_docs" | "config.persist_column_docs" => nothing(),
            "is_incremental" => {
                run.seen.note(|notes| notes.asked_incremental = true);
                Ok(Value::from(run.incremental))
            }
            "should_full_refresh" => Ok(Value::from(!run.incremental)),
            "return" => {
                let value = args.get(0, "data").unwrap_or_else(|| Value::from(()));
                Err(wrong("`return` outside a macro").with_source(Returned(value)))
            }
            "log" | "print" | "debug" | "write" | "exceptions.warn" | "doc" | "store_result" | "store_raw_result"
            | "noop_statement" => nothing(),
            "exceptions" | "modules" | "adapter" | "api" | "builtins" => {
                Err(wrong(format!("`{path}` can't be called")))
            }
            "dict" => {
                let mut items = args.all.first().map_or_else(|| Ok(Default::default()), pairs)?;
                items.extend(args.named().into_iter().map(|(k, v)| (Value::from(k), v)));
                Dict::value(items)
            }
            "set" | "set_strict" => {
                let mut items: Vec<Value> = args.need(0, "value")?.try_iter()?.collect();
                items.sort();
                items.dedup();
                List::value(items)
            }
            "zip" | "zip_strict" => {
                let rows: Vec<Vec<Value>> =
                    args.all.iter().map(|v| Ok(v.try_iter()?.collect())).collect::<Result<_, Error>>()?;
                let shortest = rows.iter().map(Vec::len).min().unwrap_or(0);
                let row = |i: usize| Value::from(rows.iter().map(|r| r[i].clone()).collect::<Vec<_>>());
                List::value((0..shortest).map(row).collect())
            }
            "tojson" => Ok(Value::from(to_json(&args.need(0, "value")?).to_string())),
            "toyaml" => Ok(Value::from(to_json(&args.need(0, "value")?).to_string())),
            "fromjson" => {
                let read = serde_json::from_str(&args.text(0, "value")?).ok();
                Ok(read.map(|json| from_json(&json)).or_else(|| args.get(1, "default")).unwrap_or_default())
            }
            "fromyaml" => {
                let read = crate::dbt::yaml::read(&args.text(0, "value")?).ok();
                Ok(read.map(|yaml| from_json(&yaml.json())).or_else(|| args.get(1, "default")).unwrap_or_default())
            }
            "local_md5" => Ok(Value::from(md5(args.text(0, "value")?.as_bytes()))),
            "render" => super::render_again(run, state, &args.text(0, "string")?),
            "diff_of_two_dicts" => {
                let (a, b) = (pairs(&args.need(0, "dict_a")?)?, pairs(&args.need(1, "dict_b")?)?);
                Dict::value(a.into_iter().filter(|(k, v)| b.get(k) != Some(v)).collect())
            }
            "statement"
            | "run_query"
            | "load_result"
            | "load_agate_table"
            | "submit_python_job"
            | "get_where_subquery"
            | "should_store_failures"
            | "try_or_compiler_error"
            | "target_relation" => {
                Ok(if path == "statement" {
                    // The text between `call` and `endcall` is asked of the warehouse; nothing is printed.
                    if let Some(caller) = args.named().into_iter().find(|(k, _)| k == "caller") {
                        unsaid::ask(&run.seen, &caller.1.call(state, &[])?.to_string());
                    }
                    Value::from("")
                } else {
                    answers::asked(run, path, &args.get(0, "sql").map(|v| v.to_string()).unwrap_or_default())
                })
            }
            "adapter.dispatch" => {
                let name = args.text(0, "macro_name")?;
                let (space, name) = match name.split_once('.') {
                    Some((space, name)) => (Some(space.to_owned()), name.to_owned()),
                    None => (None, name),
                };
                let space = args.get(1, "macro_namespace").filter(|v| !v.is_none()).map(|v| v.to_string()).or(space);
                let library = &run.world.library;
                match library.dispatched(self.package, &name, space.as_deref()) {
                    Some(id) => Ok(run.callable(id)),
                    None => Err(no_macro(space.as_deref().unwrap_or("adapter"), &name)),
                }
            }
            "adapter.quote" | "adapter.quote_as_configured" => {
                Ok(Value::from(relation::quoted(run, &args.text(0, "identifier")?)))
            }
            "graph.get" => Ok(graph::field(run, &args.text(0, "name")?)),
            "context.get" => {
                let found = run.lookup(self.package, &args.text(0, "name")?);
                Ok(found.or_else(|| args.get(1, "default")).unwrap_or_else(|| Value::from(())))
            }
            "context.keys" => {
                let names: BTreeSet<&str> =
                    [0, self.package].into_iter().flat_map(|id| run.world.library.names(id)).collect();
                List::value(names.into_iter().map(Value::from).collect())
            }
            "adapter.type" => Ok(Value::from(run.world.target.adapter.as_str())),
            "adapter.get_relation" => {
                let schema = args.get(1, "schema").map(|v| v.to_string());
                Ok(relation::existing(run, schema.as_deref(), &args.text(2, "identifier")?))
            }
            "load_relation" | "load_cached_relation" => {
                let relation = args.need(0, "relation")?;
                let own = relation.downcast_object_ref::<Relation>().and_then(|r| r.node);
                Ok(if own.is_some() && own == run.node { relation::own(run, relation) } else { relation })
            }
            // Of our stand-ins: whether the columns of a relation, or a list of them, are known.
            "known__" => {
                let asked = args.need(0, "relation")?;
                let typed = args.get(1, "typed").is_some_and(|v| v.is_true());
                Ok(Value::from(match asked.downcast_object_ref::<Relation>() {
                    Some(_) => relation::known(run, state, &asked)
                        .is_some_and(|columns| !typed || columns.iter().all(|(_, kind)| !kind.is_empty())),
                    None => asked.downcast_object_ref::<values::Unknown>().is_none(),
                }))
            }
            // The values of a column where files say them, else none.
            "values__" => {
                let most = args.get(3, "most").and_then(|v| v.as_usize());
                let (column, order) = (args.text(1, "column")?, args.text(2, "order")?);
                rows::values(run, state, &args.need(0, "relation")?, &column, &order, most)
                    .map_or_else(|| Ok(Value::from(())), List::value)
            }
            "theirs__" => Err(wrong("the package's own").with_source(Returned(Value::UNDEFINED))),
            "adapter.get_columns_in_relation" | "get_columns_in_relation" => {
                Ok(relation::columns(run, state, &args.need(0, "relation")?))
            }
            "api.Relation.create" | "api.Relation.create_from" => {
                let text = |key: &str, at| args.get(at, key).filter(|v| v.is_true()).map(|v| v.to_string());
                Ok(Relation::named(run, text("database", 0), text("schema", 1), text("identifier", 2)))
            }
            "api.Column" | "api.Column.create" => {
                let kind = args.get(1, "dtype").map(|v| v.to_string()).unwrap_or_default();
                Ok(relation::column(run, &args.text(0, "column")?, &kind))
            }
            "api.Column.translate_type" => {
                let asked = args.text(0, "dtype")?;
                let own = matches!(run.world.target.adapter.as_str(), "bigquery" | "databricks" | "spark");
                let text = asked.eq_ignore_ascii_case("string") && !own;
                Ok(Value::from(if text { "TEXT".to_owned() } else { asked }))
            }
            "api.Column.string_type" => Ok(Value::from("text")),
            "api.Column.numeric_type" => Ok(Value::from("numeric")),
            _ => match path.split_once('.') {
                Some(("exceptions", kind)) => {
                    let said = args.get(0, "msg").map(|v| v.to_string()).unwrap_or_default();
                    Err(wrong(format!("the macro stops with `{kind}`: {}", said.trim())))
                }
                Some(("modules", function)) => dates::function(run, function, given),
                Some(("adapter", _)) => Ok(run.unknown(format!("`{path}` asks the warehouse"))),
                _ => Err(no_macro("dbt", path)),
            },
        }
    }

    fn reference(&self, args: &Args<'_>) -> Result<Value, Error> {
        let mut names = Vec::new();
        for value in args.all {
            if value.downcast_object_ref::<values::Unknown>().is_some() {
                return Ok(value.clone());
            }
            names.push(super::names::printed(value).into_owned());
        }
        let version = args.get(9, "version").or_else(|| args.get(9, "v")).filter(|v| !v.is_none());
        let version = version.map(|v| v.to_string());
        let Some(index) = self.run.world.index.get() else { return Ok(Value::from("ref")) };
        let (package, name) = match names.as_slice() {
            [name] => (None, name),
            [package, name, ..] => (Some(package.as_str()), name),
            [] => return Err(Error::from(ErrorKind::MissingArgument)),
        };
        let library = &self.run.world.library;
        let own = &library.packages[self.run.package].name;
        match index.find(own, &library.packages[0].name, package, name, version.as_deref()) {
            Ok(id) => {
                self.run.seen.note(|notes| notes.reads.push(id));
                Ok(Relation::of(&self.run, id))
            }
            Err(why) => {
                let missing = Missing { source: false, names: names.clone(), why };
                self.run.seen.note(|notes| notes.missing.push(missing));
                Ok(Relation::missing(&self.run, name))
            }
        }
    }

    fn raw_var(&self, name: &str) -> Option<Value> {
        // As for dbt, whose macro asks does not matter, whose file does.
        let own = &self.run.world.library.packages[self.run.package].name;
        self.run.world.vars.get(own, name).map(from_json)
    }

    fn var(&self, state: &mut State<'_, '_>, args: &Args<'_>) -> Result<Value, Error> {
        let name = args.text(0, "name")?;
        let found = self.raw_var(&name).or_else(|| args.get(1, "default"));
        match found {
            // A variable of `dbt_project.yml` may hold Jinja itself: `"{{ source('a', 'b') }}"`.
            Some(value) => match value.as_str().filter(|t| t.contains("{{") || t.contains("{%")) {
                Some(text) => super::render_again(&self.run, state, text),
                None => Ok(value),
            },
            None => Ok(self.run.unknown(format!("the variable `{name}` is set nowhere and has no default"))),
        }
    }

    fn env_var(&self, args: &Args<'_>) -> Result<Value, Error> {
        let name = args.text(0, "name")?;
        match self.run.world.env.get(&name) {
            Some(text) => Ok(Value::from(text.as_str())),
            None => Ok(args
                .get(1, "default")
                .filter(|v| !v.is_none())
                .unwrap_or_else(|| self.run.unknown(format!("the environment variable `{name}` is not given")))),
        }
    }

    /// What `config.get` or `config.meta_get` gives.
    fn configured(&self, path: &str, name: &str) -> Option<Value> {
        match path.starts_with("config.meta_") {
            true => self.config("meta")?.get_item(&Value::from(name)).ok().filter(|v| !v.is_undefined()),
            false => self.config(name),
        }
    }

    fn config(&self, name: &str) -> Option<Value> {
        let own = self.run.seen.note(|notes| notes.config.get(name).map(from_json));
        own.or_else(|| {
            let entry = self.run.world.index.get()?.entry(self.run.node?);
            entry.config.get(name).map(from_json)
        })
    }
}

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl Object for Builtin {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        match (self.path.as_str(), name) {
            ("config", _) => Some(self.config(name).unwrap_or_default()),
            ("graph", _) => Some(graph::field(&self.run, name)),
            ("context", _) => self.run.lookup(self.package, name),
            ("ref" | "source" | "var" | "log", _) => None,
            _ => Some(Builtin::at(&self.run, self.package, self.deeper(name))),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        self.invoke(&self.path, state, args)
    }

    fn call_method(self: &Arc<Self>, state: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        self.invoke(&self.deeper(method), state, args)
    }
}

/// The digest that dbt's `local_md5` gives.
fn md5(bytes: &[u8]) -> String {
    use md5::{Digest, Md5};
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
