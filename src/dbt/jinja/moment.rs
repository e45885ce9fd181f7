//! Python's dates, moments and spans of time. What day it is, is not for a reader of files to say: it is a fixed one, and
//! what is reckoned from it is as far from it as it would be from any other.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::value::{DynObject, Kwargs, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::values::{Unknown, wrong};

/// What a moment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exact {
    /// The day.
    Day,
    /// The time, without a zone.
    Local,
    /// The time, in UTC.
    Zoned,
}

/// A day, or a time of a day.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    at: DateTime,
    exact: Exact,
}

/// So much time.
#[derive(Clone, Copy)]
pub(super) struct Delta(SignedDuration);

/// The moment that every run starts at.
pub(super) fn now(exact: Exact) -> Value {
    moment(Date::constant(2000, 1, 1).at(0, 0, 0, 0), exact)
}

pub(super) fn moment(at: DateTime, exact: Exact) -> Value {
    let at = if exact == Exact::Day { at.date().at(0, 0, 0, 0) } else { at };
    Value::from_object(Moment { at, exact })
}

/// `date(2024, 2, 1)`, `datetime(year=2024, month=2, day=1, hour=6)`.
pub(super) fn built(args: &[Value], exact: Exact) -> Result<Value, Error> {
    const PARTS: &[&str] = &["year", "month", "day", "hour", "minute", "second", "microsecond"];
    let mut parts = [2000, 1, 1, 0, 0, 0, 0];
    fill(args, PARTS, &mut parts)?;
    from_parts(parts).map(|at| moment(at, exact))
}

/// `time(hour=0)`, as that time of the fixed day.
pub(super) fn time(args: &[Value]) -> Result<Value, Error> {
    let mut parts = [0; 4];
    fill(args, &["hour", "minute", "second", "microsecond"], &mut parts)?;
    let [hour, minute, second, micro] = parts;
    from_parts([2000, 1, 1, hour, minute, second, micro]).map(|at| moment(at, Exact::Local))
}

fn from_parts(parts: [i64; 7]) -> Result<DateTime, Error> {
    let [year, month, day, hour, minute, second, micro] = parts;
    let small = |n: i64| i8::try_from(n).ok();
    let at = || {
        let nanos = i32::try_from(micro.checked_mul(1000)?).ok()?;
        let year = i16::try_from(year).ok()?;
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nanos).ok()
    };
    at().ok_or_else(|| wrong("there is no such day or time"))
}

/// Numbers by their place or name.
fn fill(args: &[Value], names: &[&str], into: &mut [i64]) -> Result<(), Error> {
    let number = |v: &Value| v.as_i64().ok_or_else(|| wrong("a date is made of whole numbers"));
    let (plain, named) = split(args)?;
    for (place, value) in into.iter_mut().zip(plain) {
        *place = number(value)?;
    }
    for (place, name) in into.iter_mut().zip(names) {
        if let Some(value) = named.as_ref().filter(|n| n.has(name)).and_then(|n| n.peek::<Value>(name).ok()) {
            *place = number(&value)?;
        }
    }
    Ok(())
}

fn split(args: &[Value]) -> Result<(&[Value], Option<Kwargs>), Error> {
    Ok(match args.split_last() {
        Some((last, rest)) if last.is_kwargs() => (rest, Some(Kwargs::try_from(last.clone())?)),
        _ => (args, None),
    })
}

/// `timedelta(days=7)`.
pub(super) fn delta(args: &[Value]) -> Result<Value, Error> {
    const UNITS: &[(&str, f64)] = &[
        ("days", 86_400.0),
        ("seconds", 1.0),
        ("microseconds", 1e-6),
        ("milliseconds", 1e-3),
        ("minutes", 60.0),
        ("hours", 3_600.0),
        ("weeks", 604_800.0),
    ];
    let (plain, named) = split(args)?;
    let mut seconds = 0.0;
    for (i, (name, size)) in UNITS.iter().enumerate() {
        let by_name = || named.as_ref().filter(|n| n.has(name)).and_then(|n| n.peek::<Value>(name).ok());
        let Some(value) = plain.get(i).cloned().or_else(by_name) else { continue };
        if value.downcast_object_ref::<Unknown>().is_some() {
            return Ok(value);
        }
        seconds += size * f64::try_from(value).map_err(|_| wrong("a span of time is made of numbers"))?;
    }
    let span = SignedDuration::try_from_secs_f64(seconds).map_err(|_| wrong("that is too long a span of time"))?;
    Ok(Value::from_object(Delta(span)))
}

/// `moment - delta` and `moment + delta`.
pub(super) fn shifted(from: &Value, by: &Value, back: bool) -> Result<Value, Error> {
    if let Some(unknown) = [from, by].into_iter().find(|v| v.downcast_object_ref::<Unknown>().is_some()) {
        return Ok(unknown.clone());
    }
    let Some(Delta(by)) = by.downcast_object_ref::<Delta>() else { return Err(wrong("this is no span of time")) };
    let by = if back { -*by } else { *by };
    if let Some(Delta(of)) = from.downcast_object_ref::<Delta>() {
        let sum = of.checked_add(by).ok_or_else(|| wrong("that is too long a span of time"))?;
        return Ok(Value::from_object(Delta(sum)));
    }
    let Some(from) = from.downcast_object_ref::<Moment>() else { return Err(wrong("this is no date")) };
    let at = from.at.checked_add(by).map_err(|_| wrong("there is no such day"))?;
    Ok(moment(at, from.exact))
}

/// `strptime(text, format)`.
pub(super) fn parsed(text: &str, format: &str) -> Result<Value, Error> {
    let read = || {
        let parts = strtime::parse(format, text).ok()?;
        parts.to_datetime().ok().or_else(|| Some(parts.to_date().ok()?.at(0, 0, 0, 0)))
    };
    read().map(|at| moment(at, Exact::Local)).ok_or_else(|| wrong(format!("`{text}` is no `{format}`")))
}

/// `fromisoformat(text)`.
pub(super) fn iso(text: &str, exact: Exact) -> Result<Value, Error> {
    let at = text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.at(0, 0, 0, 0)));
    at.map(|at| moment(at, exact)).ok_or_else(|| wrong(format!("`{text}` is no date")))
}

/// `combine(day, time)`.
pub(super) fn combined(day: &Value, time: &Value) -> Result<Value, Error> {
    match (day.downcast_object_ref::<Moment>(), time.downcast_object_ref::<Moment>()) {
        (Some(day), Some(time)) => Ok(moment(day.at.date().to_datetime(time.at.time()), Exact::Local)),
        _ => Err(wrong("this is no day and time")),
    }
}

impl Moment {
    fn iso(&self, between: char) -> String {
        let zone = if self.exact == Exact::Zoned { "+00:00" } else { "" };
        match self.exact {
            Exact::Day => self.at.date().to_string(),
            _ => format!("{}{between}{}{zone}", self.at.date(), self.at.time()),
        }
    }

    fn formatted(&self, format: &str) -> Result<Value, Error> {
        let unread = |_| wrong(format!("the format `{format}` is not understood"));
        let zoned = self.at.to_zoned(TimeZone::UTC).map_err(unread)?;
        strtime::format(format, &zoned).map(Value::from).map_err(unread)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(' '))
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "year" => Value::from(self.at.year()),
            "month" => Value::from(self.at.month()),
            "day" => Value::from(self.at.day()),
            "hour" => Value::from(self.at.hour()),
            "minute" => Value::from(self.at.minute()),
            "second" => Value::from(self.at.second()),
            "microsecond" => Value::from(self.at.subsec_nanosecond() / 1000),
            "tzinfo" if self.exact == Exact::Zoned => Value::from("UTC"),
            "tzinfo" => Value::from(()),
            _ => return None,
        })
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso(' '))
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.at.cmp(&other.downcast_ref::<Moment>()?.at))
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let same = |exact| Ok(moment(self.at, exact));
        match method {
            "astimezone" => same(Exact::Zoned),
            "date" => same(Exact::Day),
            "replace" => {
                const PARTS: &[&str] = &["year", "month", "day", "hour", "minute", "second", "microsecond"];
                let at = self.at;
                let (date, time) = ([at.year().into(), at.month().into(), at.day().into()], at.time());
                let [year, month, day]: [i64; 3] = date;
                let (hour, minute, second) = (time.hour().into(), time.minute().into(), time.second().into());
                let mut parts = [year, month, day, hour, minute, second, i64::from(at.subsec_nanosecond() / 1000)];
                fill(args, PARTS, &mut parts)?;
                from_parts(parts).map(|at| moment(at, self.exact))
            }
            "isoformat" => Ok(Value::from(self.iso('T'))),
            "strftime" => self.formatted(&args.first().map(|v| v.to_string()).unwrap_or_default()),
            "weekday" => Ok(Value::from(self.at.weekday().to_monday_zero_offset())),
            "isoweekday" => Ok(Value::from(self.at.weekday().to_monday_one_offset())),
            "timestamp" => self.formatted("%s").map(|v| v.as_str().and_then(|s| s.parse::<i64>().ok()).into()),
            // `datetime.date.today()` of a moment that was set aside.
            "now" | "today" => Ok(Value::from_dyn_object(self.clone())),
            _ => {
                Err(Error::new(ErrorKind::UnknownMethod, format!("nothing here says what `{method}` of a date gives")))
            }
        }
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} days", self.0.as_hours() / 24)
    }
}

impl Object for Delta {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let seconds = self.0.as_secs();
        Some(match key.as_str()? {
            "days" => Value::from(seconds.div_euclid(86_400)),
            "seconds" => Value::from(seconds.rem_euclid(86_400)),
            _ => return None,
        })
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.0.is_zero()
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "total_seconds" => Ok(Value::from(self.0.as_secs_f64())),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
