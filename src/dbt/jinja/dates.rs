//! Python's `datetime` as far as templates print with it. What day it is, is not for a reader of files to say: a day is
//! a fixed one, and whoever reckons with it is unknown.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, State};

use super::names::Run;
use super::values::{List, wrong};

/// A moment.
struct Moment;

/// The moment that every run starts at.
pub(super) fn now() -> Value {
    Value::from_object(Moment)
}

/// A function of `modules`.
pub(super) fn function(run: &Arc<Run>, path: &str, args: &[Value]) -> Result<Value, Error> {
    Ok(match path {
        "datetime.datetime.now" | "datetime.datetime.utcnow" | "datetime.datetime.today" | "datetime.date.today" => {
            now()
        }
        "pytz.timezone" | "datetime.timezone.utc" => Value::from("UTC"),
        "re.sub" => replace(args)?,
        "re.split" => {
            let (pattern, text) = (regex(args.first())?, text(args.get(1)));
            List::value(pattern.split(&text).map(Value::from).collect())?
        }
        "re.findall" => {
            let (pattern, text) = (regex(args.first())?, text(args.get(1)));
            let all = pattern.captures_iter(&text).map(|c| {
                let group = if c.len() > 1 { c.get(1) } else { c.get(0) };
                Value::from(group.map_or("", |g| g.as_str()))
            });
            List::value(all.collect())?
        }
        "re.search" | "re.match" | "re.fullmatch" => {
            let anchored = match path {
                "re.search" => text(args.first()),
                "re.match" => format!("^(?:{})", text(args.first())),
                _ => format!("^(?:{})$", text(args.first())),
            };
            let found = regex(Some(&Value::from(anchored)))?.is_match(&text(args.get(1)));
            if found { Value::from(true) } else { Value::from(()) }
        }
        "re.escape" => Value::from(regex::escape(&text(args.first()))),
        _ => run.unknown(format!("`modules.{path}` is Python's, and nothing here says what it gives")),
    })
}

fn text(value: Option<&Value>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn regex(pattern: Option<&Value>) -> Result<regex::Regex, Error> {
    let pattern = text(pattern);
    let built = regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build();
    built.map_err(|_| wrong(format!("the pattern `{pattern}` is not understood")))
}

fn replace(args: &[Value]) -> Result<Value, Error> {
    let with = text(args.get(1)).replace('$', "$$");
    // `\1` is `${1}` here.
    let mut rewritten = String::with_capacity(with.len());
    let mut chars = with.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(d)) if d.is_ascii_digit() => {
                rewritten.push_str(&format!("${{{d}}}"));
                chars.next();
            }
            _ => rewritten.push(c),
        }
    }
    let out = regex(args.first())?.replace_all(&text(args.get(2)), rewritten.as_str()).into_owned();
    super::values::bounded(Value::from(out))
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("2000-01-01 00:00:00+00:00")
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("2000-01-01 00:00:00+00:00")
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match method {
            "astimezone" | "replace" | "date" | "now" | "today" => Ok(Value::from_dyn_object(self.clone())),
            "isoformat" => Ok(Value::from("2000-01-01T00:00:00+00:00")),
            "strftime" => {
                let format = text(args.first());
                let moment = jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0);
                jiff::fmt::strtime::format(&format, moment)
                    .map(Value::from)
                    .map_err(|_| wrong(format!("the format `{format}` is not understood")))
            }
            _ => Err(wrong(format!("`{method}` reckons with the time at which dbt runs"))),
        }
    }
}
