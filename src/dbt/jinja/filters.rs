//! Filters, tests and functions that differ from minijinja's own, and Python's methods of texts.

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::moment;
use super::names::printed;
use super::values::{Dict, LONGEST, List, UNSAID, Unknown, bounded, from_json, pairs, to_json, wrong};

/// Puts them into `env`.
pub(super) fn add(env: &mut Environment<'static>) {
    env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    env.set_formatter(|out, _, value| {
        let text = printed(value);
        if text.len() > LONGEST {
            return Err(wrong("a text of more than 2 MiB is built here"));
        }
        out.write_str(&text).map_err(Error::from)
    });
    env.add_function("list__", |value: Value| List::value(value.try_iter()?.collect()));
    env.add_function("dict__", |value: Value| Dict::value(pairs(&value)?));
    env.add_function("keep__", bounded);
    env.add_function("put__", |value: Value| {
        // A namespace in itself has no end when it is printed.
        if value.as_object().is_some_and(|o| o.type_name().ends_with("Namespace")) {
            return Err(wrong("a namespace can't hold a namespace here"));
        }
        bounded(value)
    });
    env.add_function("done__", |_: Rest<ValueOrKwargs>| "");
    env.add_filter("seen__", seen);
    env.add_filter("ago__", |from: Value, by: Value| moment::shifted(&from, &by, true));
    env.add_filter("hence__", |from: Value, by: Value| moment::shifted(&from, &by, false));
    env.add_filter("random", |state: &State<'_, '_>, _: Value| state.lookup("unsaid__"));
    env.add_filter("as_bool", as_bool);
    env.add_filter("as_number", as_number);
    env.add_filter("as_native", as_native);
    env.add_filter("as_text", |value: Value| printed(&value).into_owned());
    env.add_filter("list", |value: Value| {
        if value.is_undefined() {
            return List::value(Vec::new());
        }
        if let Some(text) = value.as_str() {
            return List::value(text.chars().map(|c| Value::from(c.to_string())).collect());
        }
        List::value(value.try_iter()?.collect())
    });
    env.add_filter("length", length);
    env.add_filter("count", length);
    env.add_filter("string", |value: Value| printed(&value).into_owned());
    env.add_filter("trim", |value: Value, chars: Option<String>| match chars {
        Some(chars) => printed(&value).trim_matches(|c| chars.contains(c)).to_owned(),
        None => printed(&value).trim().to_owned(),
    });
    env.add_filter("join", join);
    env.add_filter("replace", replace);
    env.add_filter("tojson", |value: Value, _: Rest<ValueOrKwargs>| to_json(&value).to_string());
    env.add_filter("fromjson", |text: &str| serde_json::from_str(text).map_or(Value::UNDEFINED, |j| from_json(&j)));
    env.add_filter("set", |value: Value| {
        let mut items: Vec<Value> = value.try_iter()?.collect();
        items.sort();
        items.dedup();
        List::value(items)
    });
    env.add_test("sequence", |value: Value| matches!(value.kind(), ValueKind::Seq | ValueKind::String));
}

/// Passes on what is compared: a decision on what only a warehouse knows can't be made here.
fn seen(state: &State<'_, '_>, value: Value) -> Value {
    let text = value.as_str().is_some_and(|t| t.contains(UNSAID));
    if text && let Some(unknown) = state.lookup("unsaid__") {
        unknown.is_true();
    }
    if value.downcast_object_ref::<Unknown>().is_some() {
        value.is_true();
    }
    value
}

/// What nobody set has no length, and is no error.
fn length(value: Value) -> Result<usize, Error> {
    match value.len() {
        Some(length) => Ok(length),
        None if value.is_undefined() => Ok(0),
        None => Err(wrong(format!("{} has no length", value.kind()))),
    }
}

fn as_bool(value: Value) -> Value {
    match printed(&value).trim() {
        "true" | "True" | "TRUE" => Value::from(true),
        "false" | "False" | "FALSE" => Value::from(false),
        _ => value,
    }
}

fn as_number(value: Value) -> Value {
    let Some(text) = value.as_str().map(str::trim) else { return value };
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    text.parse::<f64>().map_or_else(|_| value.clone(), Value::from)
}

fn as_native(value: Value) -> Value {
    let number = as_number(as_bool(value));
    match number.as_str() {
        Some("None") => Value::from(()),
        Some(text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(&text.replace('\'', "\"")).map_or_else(|_| number.clone(), |json| from_json(&json))
        }
        _ => number,
    }
}

fn join(value: Value, separator: Option<Value>, attribute: Option<Value>) -> Result<String, Error> {
    let separator = separator.map(|s| printed(&s).into_owned()).unwrap_or_default();
    let mut out = String::new();
    if value.is_undefined() {
        return Ok(out);
    }
    if let Some(text) = value.as_str() {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        return Ok(letters.join(&separator));
    }
    let _ = attribute;
    for (i, item) in value.try_iter()?.enumerate() {
        if i > 0 {
            out.push_str(&separator);
        }
        out.push_str(&printed(&item));
        if out.len() > LONGEST {
            return Err(wrong("a text of more than 2 MiB is built here"));
        }
    }
    Ok(out)
}

fn replace(value: Value, from: Value, to: Value, count: Option<usize>) -> Result<String, Error> {
    let (text, from, to) = (printed(&value), printed(&from), printed(&to));
    let found = if from.is_empty() { text.len() + 1 } else { text.matches(&*from).count() };
    if found.saturating_mul(to.len()) > LONGEST {
        return Err(wrong("a text of more than 2 MiB is built here"));
    }
    Ok(count.map_or_else(|| text.replace(&*from, &to), |n| text.replacen(&*from, &to, n)))
}
