//! Unit tests: the examples of cleaning rules, and the edges of windows. What comes out at the edges is computed here, for
//! the shapes that are simple enough to be sure; other columns are left out of what is expected.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use indexmap::IndexMap;
use jiff::civil::{Date, DateTime, date};
use jiff::{Span as Time, ToSpan};
use regex::Regex;
use serde_json::{Value, json};

use super::super::Brief;
use super::super::models::{After, Body, Column, Joined, Query, Resolved};
use super::super::schema::named;
use super::values::{Condition, satisfying};
use crate::proposal::{UnitRows, UnitTest};
use crate::spec::rules::Use;
use crate::spec::{Function, JoinKind, Model};
use crate::vocabulary::{DataType, Name, Relation, Unit, Window};

type Row = IndexMap<Name, Value>;

/// The moment that windows end at in unit tests.
const AS_OF: DateTime = date(2026, 3, 31).to_datetime(jiff::civil::Time::midnight());

/// What each cleaning rule of a staging model does: column, why, test.
pub(super) fn examples(brief: &Brief<'_>, model: &Resolved) -> Vec<(Name, String, UnitTest)> {
    let Body::Staging { table, .. } = &model.body else { return Vec::new() };
    let columns: &[Column] = model.columns.as_deref().unwrap_or_default();
    let contract = brief.context.contracts.get(table);
    let mut tests = Vec::new();
    for column in columns {
        let Some(used) = &column.cleaned else { continue };
        // A rule over an expression needs values that its examples do not have.
        if contract.is_none_or(|c| c.column(column.name.as_str()).is_none())
            || expression(brief, &table.staging_model(), &column.name)
        {
            continue;
        }
        let keys: Vec<&Column> = model.grain.iter().filter_map(|k| model.column(k.as_str())).collect();
        let key = keys.iter().find(|k| k.landed && k.name != column.name).copied();
        let (mut rows, mut expect) = (Vec::new(), Vec::new());
        for (i, example) in used.examples().enumerate() {
            let row = |value: &Option<String>| {
                let key = key.map(|k| (k.name.clone(), sample(k.data_type, i)));
                key.into_iter().chain([(column.name.clone(), json!(value))]).collect::<Row>()
            };
            rows.push(row(&example.given));
            expect.push(row(&example.expected));
        }
        let test = UnitTest {
            name: named(&format!("{}_{}_examples", model.name, column.name)),
            model: model.name.clone(),
            description: examples_text(used),
            as_of: None,
            given: vec![UnitRows { input: Relation::Table(table.clone()), rows }],
            expect,
        };
        tests.push((column.name.clone(), format!("the examples of the rule `{}`", used.rule.name), test));
    }
    tests
}

/// Whether a spec computes the column before it is cleaned.
fn expression(brief: &Brief<'_>, model: &Name, column: &Name) -> bool {
    let specs = brief.context.specs.values().chain([brief.context.spec]);
    let models = specs.flat_map(|s| &s.models).filter(|m| m.name == *model);
    models.filter_map(|m| m.columns.get(column)).any(|rule| rule.expr.is_some())
}

fn examples_text(used: &Use) -> String {
    let arguments: Vec<String> = used.arguments.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let with = if arguments.is_empty() { String::new() } else { format!(" with {}", arguments.join(", ")) };
    format!("What the rule {}{with} makes of texts, and of none.", used.rule.name)
}

/// A value of a type; another one for each `i`.
fn sample(data_type: Option<DataType>, i: usize) -> Value {
    let day = date(2026, 1, 1).saturating_add(Time::new().days(i64::try_from(i).unwrap_or(0)));
    match data_type {
        Some(DataType::Integer | DataType::Decimal { .. } | DataType::Float) => json!(i + 1),
        Some(DataType::Boolean) => json!(i.is_multiple_of(2)),
        Some(DataType::Date) => json!(day.to_string()),
        Some(DataType::Timestamp | DataType::TimestampTz) => json!(format!("{day} 00:00:00")),
        Some(DataType::Time) => json!("00:00:00"),
        _ => json!(format!("value {}", i + 1)),
    }
}

/// The edges of a model's window, with why; none where it has no window, the reason where it can't be computed.
pub(super) fn window_edges(brief: &Brief<'_>, model: &Resolved) -> Option<Result<(UnitTest, String), String>> {
    let Body::Query(query) = &model.body else { return None };
    query.window.as_ref()?;
    let spec = brief.context.spec.models.iter().find(|m| m.name == model.name)?;
    Some(Edges { brief, model, spec, query }.test())
}

struct Edges<'a> {
    brief: &'a Brief<'a>,
    model: &'a Resolved,
    spec: &'a Model,
    query: &'a Query,
}

/// How a group or a measure is read from one column.
#[derive(Clone, Copy)]
enum Shape {
    Itself,
    Day,
    Start(Unit, bool),
}

/// A column of one of the models that are read.
type Place<'a> = (&'a Name, &'a Column);

impl<'a> Edges<'a> {
    fn test(&self) -> Result<(UnitTest, String), String> {
        let Some((window, _, window_type)) = &self.query.window else { return Err("there is none".into()) };
        if self.query.after.iter().any(|step| !matches!(step, After::Windowed(_))) {
            return Err("rows are added to its result or taken from it".into());
        }
        let (base, column) = self.find(window.column.as_str()).ok_or("its column is not known")?;
        if base != &self.query.base.model {
            return Err("its column is joined".into());
        }
        let day = *window_type == Some(DataType::Date);
        let moments = edges(window, day).ok_or("nothing is sure to be in it")?;
        if self.query.dedupe.is_some() {
            return Err("rows of one key become one".into());
        }
        let constants = self.constants()?;
        let mut given: BTreeMap<&Name, Vec<Row>> = self.model.reads().into_iter().map(|m| (m, Vec::new())).collect();
        let groups = self.groups()?;
        let (measures, left_out) = self.measures();
        let mut needed: Vec<Place<'_>> = groups.iter().map(|(_, place, _)| *place).collect();
        needed.extend(measures.iter().filter_map(|(_, _, place)| *place));
        let shown = self.shown();
        needed.extend(shown.iter().map(|(_, place)| *place));
        let grouped = |place: &Place<'_>| groups.iter().any(|(_, p, _)| p.0 == place.0 && p.1.name == place.1.name);
        let value = |place: &Place<'_>, row: usize| -> Value {
            if place.0 == base && place.1.name == column.name {
                return json!(moment(moments[row], day));
            }
            if let Some(fixed) = constants.get(&(place.0.clone(), place.1.name.clone())) {
                return fixed.clone();
            }
            let number = place.1.data_type.is_some_and(DataType::is_numeric);
            match (place.0 == base && !grouped(place), number) {
                (true, true) => json!(1_u32 << row),
                (true, false) => sample(place.1.data_type, row),
                (false, _) => sample(place.1.data_type, 0),
            }
        };
        let fixed: Vec<Place<'_>> = constants.keys().filter_map(|(m, c)| self.place(m, c)).collect();
        let mut places: Vec<Place<'_>> = vec![(base, column)];
        for place in fixed.into_iter().chain(needed) {
            if !places.iter().any(|p| p.0 == place.0 && p.1.name == place.1.name) {
                places.push(place);
            }
        }
        for (model, rows) in &mut given {
            let here: Vec<&Place<'_>> = places.iter().filter(|p| p.0 == *model).collect();
            let absent = |j: &Joined| j.kind == JoinKind::Anti && j.source.model == **model;
            let count = match *model == base {
                true => moments.len(),
                false => usize::from(!self.query.joins.iter().any(absent)),
            };
            for row in 0..count {
                rows.push(here.iter().map(|p| (p.1.name.clone(), value(p, row))).collect());
            }
        }
        let inside = [1_usize, 2];
        let expect = if self.spec.group_by.is_empty() && self.spec.measures.is_empty() {
            inside.iter().map(|row| shown.iter().map(|(name, p)| (name.clone(), value(p, *row))).collect()).collect()
        } else {
            let mut out: IndexMap<String, (Row, Vec<usize>)> = IndexMap::new();
            for row in inside {
                let key: Row =
                    groups.iter().map(|(name, p, shape)| (name.clone(), shaped(&value(p, row), *shape))).collect();
                let text = serde_json::to_string(&key).unwrap_or_default();
                out.entry(text).or_insert_with(|| (key, Vec::new())).1.push(row);
            }
            out.into_values()
                .map(|(mut row, rows)| {
                    for (name, function, place) in &measures {
                        let values: Vec<Value> = rows.iter().filter_map(|r| place.map(|p| value(&p, *r))).collect();
                        row.insert((*name).clone(), measured(*function, &values, rows.len()));
                    }
                    row
                })
                .collect::<Vec<Row>>()
        };
        if expect.iter().any(IndexMap::is_empty) {
            return Err("none of its columns can be foretold".into());
        }
        let given = given.into_iter().map(|(m, rows)| UnitRows { input: Relation::Model(m.clone()), rows }).collect();
        let test = UnitTest {
            name: named(&format!("{}_window_edges", self.model.name)),
            model: self.model.name.clone(),
            description: format!("The first moment of {} counts, the end does not.", window.said()),
            as_of: Some(moment(as_of(window), as_of(window) == AS_OF)),
            given,
            expect,
        };
        let mut why = "both edges of the window, from both sides".to_owned();
        if !left_out.is_empty() {
            why.push_str(&format!("; left out, since expressions are not computed here: {}", left_out.join(", ")));
        }
        Ok((test, why))
    }

    /// Values that rows need to be joined and to meet the conditions.
    fn constants(&self) -> Result<BTreeMap<(Name, Name), Value>, String> {
        let mut constants = BTreeMap::new();
        for join in &self.query.joins {
            if join.window.is_some() {
                return Err("a join has a window of its own".into());
            }
            if self.query.joins.iter().filter(|j| j.source.model == join.source.model).count() > 1
                || join.source.model == self.query.base.model
            {
                return Err("a model is read twice".into());
            }
            if join.kind == JoinKind::Anti {
                continue;
            }
            for (model, ours, theirs) in &join.keys {
                let place = self.place(model, ours).ok_or("a joined column is not known")?;
                let known = constants.get(&(model.clone(), ours.clone())).cloned();
                let value = known.unwrap_or_else(|| sample(place.1.data_type, 0));
                constants.insert((model.clone(), ours.clone()), value.clone());
                constants.insert((join.source.model.clone(), theirs.clone()), value);
            }
        }
        let mut conditions: BTreeMap<(Name, Name), Vec<Condition>> = BTreeMap::new();
        let joins = self.spec.joins.iter().filter(|j| j.kind != JoinKind::Anti);
        let joined = joins.flat_map(|j| j.filters.iter().map(|filter| (Some(&j.to), filter)));
        for (of, filter) in self.spec.filters.iter().map(|filter| (None, filter)).chain(joined) {
            let (column, condition) =
                Condition::parse(filter).ok_or_else(|| format!("`{filter}` is too rich a condition"))?;
            let found = match of {
                Some(model) => self.place(model, &Name::parse(&column)?),
                None => self.find(&column),
            };
            let (model, column) = found.ok_or("a condition's column is not known")?;
            conditions.entry((model.clone(), column.name.clone())).or_default().push(condition);
        }
        for (place, conditions) in conditions {
            if constants.contains_key(&place) {
                return Err(format!("`{}` is joined on and filtered", place.1));
            }
            let data_type = self.place(&place.0, &place.1).and_then(|p| p.1.data_type);
            let value = satisfying(&conditions, data_type)
                .ok_or_else(|| format!("no value of `{}` is sure to pass", place.1))?;
            constants.insert(place, value);
        }
        Ok(constants)
    }

    fn groups(&self) -> Result<Vec<(Name, Place<'a>, Shape)>, String> {
        let read = |group: &'a crate::spec::Grouping| {
            let expr = group.expr.as_deref().unwrap_or(group.name.as_str());
            let (column, shape) = shape(expr).ok_or_else(|| format!("`{expr}` is not computed here"))?;
            let place = self.find(&column).ok_or_else(|| format!("`{column}` is not known"))?;
            let temporal = place.1.data_type.is_some_and(DataType::is_temporal);
            let fits = matches!(shape, Shape::Itself) || temporal;
            let shape = match (shape, place.1.data_type) {
                (Shape::Start(unit, _), Some(DataType::Date)) => Shape::Start(unit, true),
                (shape, _) => shape,
            };
            if fits { Ok((group.name.clone(), place, shape)) } else { Err(format!("`{expr}` is not computed here")) }
        };
        self.spec.group_by.iter().map(read).collect()
    }

    /// Measures of one column or of rows; names of the others.
    #[allow(clippy::type_complexity)]
    fn measures(&self) -> (Vec<(&'a Name, Function, Option<Place<'a>>)>, Vec<String>) {
        let (mut known, mut left_out) = (Vec::new(), Vec::new());
        for measure in &self.spec.measures {
            let found = measure.function().filter(|_| measure.filter.is_none()).and_then(|(function, expr)| {
                if expr.trim() == "*" {
                    return Some((&measure.name, function, None));
                }
                let (column, Shape::Itself) = shape(expr)? else { return None };
                let place = self.find(&column)?;
                let number = place.1.data_type.is_some_and(DataType::is_numeric);
                let fits = matches!(function, Function::Count | Function::CountDistinct)
                    || (number && matches!(function, Function::Sum | Function::Min | Function::Max));
                fits.then_some((&measure.name, function, Some(place)))
            });
            match found {
                Some(found) => known.push(found),
                None => left_out.push(measure.name.to_string()),
            }
        }
        (known, left_out)
    }

    /// Columns that pass as they are, in a model that does not group.
    fn shown(&self) -> Vec<(Name, Place<'a>)> {
        if !self.spec.group_by.is_empty() || !self.spec.measures.is_empty() {
            return Vec::new();
        }
        let window = self.query.window.as_ref().map(|(w, ..)| &w.column);
        let base = &self.query.base.model;
        let grain = self.brief.models.get(base.as_str()).map(|m| m.grain.as_slice()).unwrap_or_default();
        let wanted = |name: &Name| window == Some(name) || grain.contains(name);
        let passed: Vec<(Name, String)> = if self.spec.columns.is_empty() {
            grain.iter().chain(window).map(|n| (n.clone(), n.to_string())).collect()
        } else {
            let plain = self.spec.columns.iter().filter(|(_, rule)| rule.clean.is_none());
            plain.map(|(name, rule)| (name.clone(), rule.expr.clone().unwrap_or(name.to_string()))).collect()
        };
        let place = |(name, expr): (Name, String)| {
            let (column, Shape::Itself) = shape(&expr)? else { return None };
            let place = self.find(&column).filter(|p| p.0 == base && wanted(&p.1.name))?;
            Some((name, place))
        };
        passed.into_iter().filter_map(place).collect()
    }

    /// A column by `column` or `model.column`, the base's first.
    fn find(&self, text: &str) -> Option<Place<'a>> {
        let reads = std::iter::once(&self.query.base).chain(self.query.joins.iter().map(|j| &j.source));
        let (model, column) = text.split_once('.').map_or((None, text), |(m, c)| (Some(m), c));
        let mut reads = reads.filter(|s| model.is_none_or(|m| s.model == *m));
        reads.find_map(|s| Some((&s.model, self.brief.models.get(s.model.as_str())?.column(column)?)))
    }

    fn place(&self, model: &Name, column: &Name) -> Option<Place<'a>> {
        self.find(&format!("{model}.{column}"))
    }
}

/// Just before the window, its first moment, its last, and its end.
fn edges(window: &Window, day: bool) -> Option<[DateTime; 4]> {
    let as_of = as_of(window);
    let end = window.until.map_or(as_of, |unit| floor(as_of, unit));
    let start = match (window.last, window.this) {
        (Some(last), _) => {
            let count = i64::from(last.count);
            let back = match last.unit {
                Unit::Hour => Time::new().try_hours(count),
                Unit::Day => Time::new().try_days(count),
                Unit::Week => Time::new().try_weeks(count),
                Unit::Month => Time::new().try_months(count),
                Unit::Quarter => Time::new().try_months(count * 3),
                Unit::Year => Time::new().try_years(count),
            };
            end.saturating_sub(back.unwrap_or_default())
        }
        (None, this) => floor(as_of, this?),
    };
    // A date is compared with the days of both ends.
    let [start, end] = [start, end].map(|at| if day { at.date().into() } else { at });
    let step = if day { 1.day() } else { 1.second() };
    // `this day` over dates holds nothing before the day is over.
    (start < end).then_some(())?;
    Some([start.saturating_sub(step), start, end.saturating_sub(step), end])
}

/// The moment that a window ends at in its unit test; in the middle of calendar units, so that their starts show.
fn as_of(window: &Window) -> DateTime {
    if window.this.is_none() && window.until.is_none() { AS_OF } else { AS_OF.date().at(15, 30, 0, 0) }
}

/// The start of the unit that a moment is in.
fn floor(at: DateTime, unit: Unit) -> DateTime {
    let first = at.date().first_of_month();
    let month = i64::from(at.month()) - 1;
    match unit {
        Unit::Hour => at.date().at(at.hour(), 0, 0, 0),
        Unit::Day => at.date().into(),
        Unit::Week => {
            let back = i64::from(at.weekday().to_monday_zero_offset());
            at.date().saturating_sub(back.days()).into()
        }
        Unit::Month => first.into(),
        Unit::Quarter => first.saturating_sub((month % 3).months()).into(),
        Unit::Year => first.saturating_sub(month.months()).into(),
    }
}

fn moment(at: DateTime, day: bool) -> String {
    if day { at.date().to_string() } else { at.strftime("%Y-%m-%d %H:%M:%S").to_string() }
}

/// The column that an expression reads, and how.
fn shape(expr: &str) -> Option<(String, Shape)> {
    static SHAPES: LazyLock<Option<[Regex; 3]>> = LazyLock::new(|| {
        let column = r"([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)";
        let trunc = format!(r"date_trunc\(\s*'(\w+)'\s*,\s*{column}\s*\)");
        let all = [
            format!("^{column}$"),
            format!(r"^cast\(\s*{column}\s+as\s+date\s*\)$"),
            format!(r"^(cast\(\s*)?{trunc}(?:\s+as\s+date\s*\))?$"),
        ];
        let [a, b, c] = all.map(|pattern| Regex::new(&pattern).ok());
        Some([a?, b?, c?])
    });
    let [column, day, trunc] = SHAPES.as_ref()?;
    let expr = expr.trim().to_lowercase();
    if let Some(found) = column.captures(&expr) {
        return Some((found[1].to_owned(), Shape::Itself));
    }
    if let Some(found) = day.captures(&expr) {
        return Some((found[1].to_owned(), Shape::Day));
    }
    let found = trunc.captures(&expr)?;
    let cast = found.get(1).is_some();
    (cast == expr.ends_with("date)")).then_some(())?;
    Some((found[3].to_owned(), Shape::Start(Unit::parse(&found[2])?, cast)))
}

/// The value of a group.
fn shaped(value: &Value, shape: Shape) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    let at: Option<DateTime> = text.parse().ok().or_else(|| Some(text.parse::<Date>().ok()?.into()));
    match (shape, at) {
        (Shape::Day, Some(at)) => json!(at.date().to_string()),
        (Shape::Start(unit, day), Some(at)) => {
            json!(moment(floor(at, unit), day))
        }
        _ => value.clone(),
    }
}

fn measured(function: Function, values: &[Value], rows: usize) -> Value {
    let numbers = || values.iter().filter_map(Value::as_i64);
    match function {
        Function::CountDistinct => {
            let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
            texts.sort();
            texts.dedup();
            json!(texts.len())
        }
        Function::Sum => json!(numbers().sum::<i64>()),
        Function::Min => json!(numbers().min()),
        Function::Max => json!(numbers().max()),
        _ => json!(rows),
    }
}
