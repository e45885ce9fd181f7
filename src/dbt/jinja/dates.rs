//! `modules`: Python's `datetime` and `re` as far as templates use them.

use std::sync::Arc;

use minijinja::Error;
use minijinja::value::Value;

use super::moment::{self, Exact};
use super::names::Run;
use super::values::{List, Unknown, wrong};

/// A function of `modules`.
pub(super) fn function(run: &Arc<Run>, path: &str, args: &[Value]) -> Result<Value, Error> {
    // Whatever is made of what a warehouse would say is not known either.
    if let Some(unknown) = args.iter().find(|v| v.downcast_object_ref::<Unknown>().is_some()) {
        return Ok(unknown.clone());
    }
    Ok(match path {
        "datetime.datetime.now" if !args.is_empty() => moment::now(Exact::Zoned),
        "datetime.datetime.now" | "datetime.datetime.utcnow" | "datetime.datetime.today" => moment::now(Exact::Local),
        "datetime.date.today" => moment::now(Exact::Day),
        "datetime.date" => moment::built(args, Exact::Day)?,
        "datetime.datetime" => moment::built(args, Exact::Local)?,
        "datetime.time" => moment::time(args)?,
        "datetime.timedelta" => moment::delta(args)?,
        "datetime.datetime.strptime" => moment::parsed(&text(args.first()), &text(args.get(1)))?,
        "datetime.datetime.fromisoformat" => moment::iso(&text(args.first()), Exact::Local)?,
        "datetime.date.fromisoformat" => moment::iso(&text(args.first()), Exact::Day)?,
        "datetime.datetime.combine" => match args {
            [day, time, ..] => moment::combined(day, time)?,
            _ => return Err(wrong("this is no day and time")),
        },
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
