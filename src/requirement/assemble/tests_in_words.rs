//! Checks in words become tests of staging models, or of the model that is built.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::Assembly;
use crate::contract::Column;
use crate::requirement::check::{Check, Form, Rule};
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Filter, Formula, Kind, Noun, Value};
use crate::requirement::recognise::form_of;
use crate::requirement::roles::{self, Cleanable};
use crate::requirement::{Question, Readings, stem};
use crate::spec::{Model, Test};
use crate::vocabulary::{DataType, Dialect, Name, TableRef, sql_string};

/// A test before it is put on a model: its name and arguments.
pub(super) type Asked = (&'static str, IndexMap<String, Json>);

/// Arguments of a test.
pub(super) fn arguments<const N: usize>(list: [(&str, Json); N]) -> IndexMap<String, Json> {
    list.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl<'a> Assembly<'_, 'a> {
    /// One test a check; the tables that they are on are touched.
    pub(super) fn tests(&mut self, mart: Option<&Model>) -> Vec<Test> {
        let mut out: Vec<Test> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Test(check) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            for found in self.check(check, mart, words) {
                let at = out.iter().position(|t| *t == found).unwrap_or_else(|| {
                    out.push(found);
                    out.len() - 1
                });
                self.note(i, format!("tests.{at}"));
            }
        }
        out
    }

    fn check(&mut self, check: &Check<'a>, mart: Option<&Model>, words: &str) -> Vec<Test> {
        if let Some(tests) = self.check_rows(check, mart, words) {
            return tests;
        }
        if check.of.is_empty() {
            return self.check_result(check, mart, words);
        }
        let mut out = Vec::new();
        for noun in &check.of {
            let Some(of) = self.on_column(noun, check, words) else { continue };
            let Some(filter) = self.only(check, of.table, words) else { continue };
            for (test, arguments) in self.of_column(of, check, words) {
                out.extend(on(
                    &of.table.staging_model(),
                    Some(&of.column.name),
                    (test, arguments),
                    check,
                    filter.clone(),
                ));
            }
        }
        out
    }

    /// The tests that a rule is for one column.
    fn of_column(&mut self, of: ColumnOf<'a>, check: &Check<'a>, words: &str) -> Vec<Asked> {
        let none = IndexMap::new;
        let column = of.column;
        let text = column.data_type == DataType::Text;
        match &check.rule {
            Rule::There if text => vec![("not_null", none()), ("not_blank", none())],
            Rule::There => vec![("not_null", none())],
            Rule::Gone => {
                vec![("condition_holds", arguments([("condition", json!(format!("{} is null", column.name)))]))]
            }
            Rule::MostlyThere(percent) => vec![("mostly_there", arguments([("missing_percent", number(percent))]))],
            Rule::Unique { .. } => vec![("unique", none())],
            Rule::Values { values, not } => vec![listed(column, values, *not)],
            Rule::Bounds(bounds) => self.bounds(of, bounds, words).into_iter().collect(),
            Rule::Compare(op, right) => {
                let Some(right) = self.beside(of, right, words) else { return Vec::new() };
                vec![("condition_holds", arguments([("condition", json!(format!("{} {op} {right}", column.name)))]))]
            }
            Rule::Valid(form) => self.valid(of, *form, words).into_iter().collect(),
            Rule::Length(list) => vec![("accepted_length", bounded(list.iter().map(|(op, n)| (*op, *n))))],
            Rule::Pattern(pattern) => vec![("matches_pattern", arguments([("pattern", json!(pattern))]))],
            Rule::Before(past) => vec![(if *past { "not_in_future" } else { "not_in_past" }, none())],
            Rule::Fresh(hours) => vec![("is_recent", arguments([("hours", json!(hours))]))],
            Rule::Belongs(_) | Rule::Has(_) | Rule::Rows(_) | Rule::RowsNear { .. } | Rule::SumOf { .. } => Vec::new(),
        }
    }

    fn bounds(&mut self, of: ColumnOf<'a>, bounds: &[(&'static str, String)], words: &str) -> Option<Asked> {
        let column = of.column;
        let plain = bounds.iter().all(|(op, n)| n.parse::<f64>().is_ok() && !matches!(*op, "=" | "<>"));
        if plain && column.data_type.is_numeric() {
            return Some(("accepted_range", bounded_by(bounds.iter().map(|(op, n)| (*op, number(n))))));
        }
        let days = bounds.iter().all(|(_, l)| l.starts_with("date "));
        if days != column.data_type.is_temporal() || !days && !column.data_type.is_numeric() {
            let about = format!(
                "`{words}`: {}.{} is {}, which can't be compared with that. Which column is meant?",
                of.table.table, column.name, column.data_type
            );
            let candidates = self.numbers_of(of.table);
            self.ask(about, candidates);
            return None;
        }
        let parts: Vec<String> = bounds.iter().map(|(op, literal)| format!("{} {op} {literal}", column.name)).collect();
        Some(("condition_holds", arguments([("condition", json!(parts.join(" and ")))])))
    }

    /// A formula over columns of the same row.
    pub(super) fn beside(&mut self, of: ColumnOf<'a>, formula: &Formula<'a>, words: &str) -> Option<String> {
        let inner =
            |side: &Formula<'a>, text: String| if matches!(side, Formula::Op(..)) { format!("({text})") } else { text };
        match formula {
            Formula::Number(n) => Some(n.clone()),
            Formula::Op(left, op, right) => {
                let (l, r) = (self.beside(of, left, words)?, self.beside(of, right, words)?);
                let r = if *op == '/' { format!("nullif({r}, 0)") } else { inner(right, r) };
                Some(format!("{} {op} {r}", inner(left, l)))
            }
            Formula::Column(noun) => {
                let other = noun.hits.columns.iter().find(|c| c.table == of.table);
                let Some(other) = other else {
                    let own: Vec<String> = self
                        .contract(of.table)
                        .into_iter()
                        .flat_map(|c| &c.columns)
                        .map(|c| format!("{}.{}", of.table.table, c.name))
                        .collect();
                    let about = format!(
                        "`{words}`: `{}` is no column of {}, and only columns of one row can be compared. Which one is meant?",
                        self.scan.words(&noun.tokens),
                        of.table.table
                    );
                    self.ask(about, own);
                    return None;
                };
                let days = other.column.data_type == DataType::Timestamp && of.column.data_type == DataType::Date;
                Some(if days { format!("cast({} as date)", other.column.name) } else { other.column.name.to_string() })
            }
        }
    }

    fn valid(&mut self, of: ColumnOf<'a>, form: Option<Form>, words: &str) -> Option<Asked> {
        let pattern = |p: &str| ("matches_pattern", arguments([("pattern", json!(p))]));
        match form.or_else(|| form_of(of.column)) {
            Some(Form::Of(Cleanable::Email)) => Some(("email_is_valid", IndexMap::new())),
            Some(Form::Of(Cleanable::Phone)) => Some(("phone_is_valid", IndexMap::new())),
            Some(Form::Url) => Some(("url_is_valid", IndexMap::new())),
            Some(Form::Pattern(p)) => Some(pattern(p)),
            _ if !of.column.accepted_values.is_empty() => Some(listed(of.column, &of.column.accepted_values, false)),
            _ => {
                let name = &of.column.name;
                let about = format!("`{words}`: what is a valid {name}? Say its form, its values or its bounds.");
                let example = [
                    format!("{name} looks like `AB-1234`"),
                    format!("{name} is one of …"),
                    format!("{name} is between … and …"),
                    format!("{name} is never missing"),
                ];
                self.ask(about, example.to_vec());
                None
            }
        }
    }

    /// The column that a noun is, for this rule.
    pub(super) fn on_column(&mut self, noun: &Noun<'a>, check: &Check<'a>, words: &str) -> Option<ColumnOf<'a>> {
        let mut columns = noun.hits.columns.clone();
        let narrow = |columns: &mut Vec<ColumnOf<'a>>, keep: &dyn Fn(&ColumnOf<'a>) -> bool| {
            let kept: Vec<_> = columns.iter().filter(|c| keep(c)).copied().collect();
            if !kept.is_empty() {
                *columns = kept;
            }
        };
        if columns.is_empty()
            && matches!(check.rule, Rule::Bounds(_))
            && let [table] = noun.hits.tables[..]
            && let Some(amount) = self.contract(table).and_then(roles::amount)
            && let [name] = &amount.columns[..]
            && let Some(column) = self.contract(table).and_then(|c| c.column(name.as_str()))
        {
            columns.push(ColumnOf { table, column });
        }
        // `each patient only once`: by its key.
        if columns.is_empty()
            && matches!(check.rule, Rule::Unique { together: false, .. })
            && let [table] = noun.hits.tables[..]
            && let Some([column]) = self.contract(table).map(|c| c.key()).as_deref()
        {
            columns.push(ColumnOf { table, column });
        }
        if let Some(within) = &check.within {
            narrow(&mut columns, &|c| within.hits.tables.contains(&c.table));
        }
        if columns.len() > 1 {
            let touched = self.touched.clone();
            narrow(&mut columns, &|c| suits(c.column, &check.rule));
            narrow(&mut columns, &|c| touched.contains(&c.table));
            // A key is checked where it is the key.
            let form = matches!(
                check.rule,
                Rule::Unique { .. } | Rule::Valid(_) | Rule::Pattern(_) | Rule::Length(_) | Rule::Values { .. }
            );
            if form {
                narrow(&mut columns, &|c| c.column.references.is_none());
            }
        }
        let column = match columns[..] {
            [column] => column,
            [] => {
                let tables = noun.hits.tables.iter().filter_map(|t| self.contract(t));
                let own = tables.flat_map(|c| c.columns.iter().map(|k| format!("{}.{}", c.table, k.name))).collect();
                self.ask(format!("`{words}`: it names no column. Which one is it?"), own);
                return None;
            }
            _ => {
                let about = format!("`{words}`: several columns could be meant. Which one is it?");
                let readings = columns.iter().map(|c| (format!("{}.{}", c.table.table, c.column.name), *c));
                self.choose(Readings::new(Question::new(about)).or_any(readings))?
            }
        };
        self.touch(column.table);
        Some(column)
    }

    /// The condition of the rows that are tested: inner none where all are; none where it can't be said of the table.
    pub(super) fn only(&mut self, check: &Check<'a>, table: &'a TableRef, words: &str) -> Option<Option<String>> {
        let Some(filter) = &check.only else { return Some(None) };
        let own = |values: &[Value<'a>]| -> Option<(&'a Column, Vec<Option<&'a str>>)> {
            let of: Vec<_> = values.iter().map(|v| v.of.iter().find(|o| o.table == table)).collect::<Option<_>>()?;
            let column = of.first()?.column;
            of.iter().all(|o| o.column.name == column.name).then(|| (column, of.iter().map(|o| o.value).collect()))
        };
        let said = match filter {
            Filter::Values { negative, values, .. } => own(values).map(|(column, values)| {
                let name = &column.name;
                let literals: Vec<String> = values.iter().flatten().map(|v| literal(column, v)).collect();
                match (&literals[..], negative, column.data_type) {
                    ([], false, DataType::Boolean) => name.to_string(),
                    ([], true, DataType::Boolean) => format!("not {name}"),
                    ([], false, _) => format!("{name} = 1"),
                    ([], true, _) => format!("{name} = 0"),
                    ([one], false, _) => format!("{name} = {one}"),
                    ([one], true, _) => format!("{name} is null or {name} <> {one}"),
                    (all, false, _) => format!("{name} in ({})", all.join(", ")),
                    (all, true, _) => format!("{name} is null or {name} not in ({})", all.join(", ")),
                }
            }),
            Filter::Missing { noun, missing } => noun
                .hits
                .columns
                .iter()
                .find(|c| c.table == table)
                .map(|c| format!("{} is {}null", c.column.name, if *missing { "" } else { "not " })),
            Filter::Compare { noun, op, literal } => {
                noun.hits.columns.iter().find(|c| c.table == table).map(|c| format!("{} {op} {literal}", c.column.name))
            }
            Filter::Others(_) | Filter::Lasting { .. } => None,
        };
        if said.is_none() {
            let about = format!(
                "`{words}`: the condition can't be said of {}. By which column of it are the rows chosen?",
                table.table
            );
            let columns = self
                .contract(table)
                .into_iter()
                .flat_map(|c| &c.columns)
                .map(|c| format!("{}.{}", table.table, c.name))
                .collect();
            self.ask(about, columns);
            return None;
        }
        Some(said)
    }

    /// A check of a column of the result.
    fn check_result(&mut self, check: &Check<'a>, mart: Option<&Model>, words: &str) -> Vec<Test> {
        let key = |text: &str| stem::parts(text).iter().map(|p| stem::noun(p)).collect::<String>();
        let said = key(self.scan.words(&check.said));
        let names: Vec<&Name> = mart
            .into_iter()
            .flat_map(|m| {
                m.group_by
                    .iter()
                    .map(|g| &g.name)
                    .chain(m.measures.iter().map(|m| &m.name))
                    .chain(m.windowed.iter().map(|w| &w.name))
                    .chain(m.columns.keys())
            })
            .collect();
        let exact: Vec<&&Name> = names.iter().filter(|n| key(n.as_str()) == said).collect();
        let near: Vec<&&Name> = names.iter().filter(|n| key(n.as_str()).contains(&said)).collect();
        let found = if exact.is_empty() { near } else { exact };
        let (Some(mart), [column]) = (mart, &found[..]) else {
            let mut candidates: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            if candidates.is_empty() {
                candidates = self.near_tables(self.scan.words(&check.said));
            }
            self.ask(
                format!("`{words}`: no column is called `{}`. Which one is it?", self.scan.words(&check.said)),
                candidates,
            );
            return Vec::new();
        };
        let list = |bounds: &[(&'static str, String)]| match bounds {
            [(op @ ("=" | "<>"), n)] => {
                ("condition_holds", arguments([("condition", json!(format!("{column} {op} {n}")))]))
            }
            all => ("accepted_range", bounded_by(all.iter().map(|(op, n)| (*op, number(n))))),
        };
        let asked: Asked = match &check.rule {
            Rule::There => ("not_null", IndexMap::new()),
            Rule::Unique { .. } => ("unique", IndexMap::new()),
            Rule::Bounds(bounds) if bounds.iter().all(|b| b.1.parse::<f64>().is_ok()) => list(bounds),
            Rule::MostlyThere(percent) => ("mostly_there", arguments([("missing_percent", number(percent))])),
            Rule::Before(past) => (if *past { "not_in_future" } else { "not_in_past" }, IndexMap::new()),
            Rule::Compare(op, Formula::Number(n)) => list(&[(*op, n.clone())]),
            _ => {
                let about = format!("`{words}`: that can't be checked of a column of the result.");
                self.ask_that(Question::new(about).or_without());
                return Vec::new();
            }
        };
        on(&mart.name, Some(column), asked, check, None).into_iter().collect()
    }
}

/// Whether a rule can be meant of a column.
fn suits(column: &Column, rule: &Rule<'_>) -> bool {
    let t = column.data_type;
    match rule {
        Rule::Bounds(bounds) if bounds.iter().any(|b| b.1.starts_with("date")) => t.is_temporal(),
        Rule::Bounds(_) | Rule::SumOf { .. } => t.is_numeric() && column.references.is_none(),
        Rule::Before(_) | Rule::Fresh(_) => t.is_temporal(),
        Rule::Valid(_) | Rule::Length(_) | Rule::Pattern(_) => t == DataType::Text,
        _ => true,
    }
}

/// A test on a model, as its check says it.
pub(super) fn on(
    model: &Name,
    column: Option<&Name>,
    asked: Asked,
    check: &Check<'_>,
    filter: Option<String>,
) -> Option<Test> {
    let (test, arguments) = asked;
    Some(Test {
        model: model.clone(),
        column: column.cloned(),
        test: Name::word(test).ok()?,
        arguments,
        filter,
        severity: check.severity,
    })
}

/// A value as SQL writes it.
pub(super) fn literal(column: &Column, value: &str) -> String {
    let number = column.data_type.is_numeric() && value.parse::<f64>().is_ok();
    if number { value.to_owned() } else { sql_string(value, Dialect::DuckDb) }
}

/// One of these values, or none of them.
fn listed(column: &Column, values: &[String], not: bool) -> Asked {
    if not {
        let list: Vec<String> = values.iter().map(|v| literal(column, v)).collect();
        let condition = format!("{} not in ({})", column.name, list.join(", "));
        return ("condition_holds", arguments([("condition", json!(condition))]));
    }
    let bare = column.data_type.is_numeric() || column.data_type == DataType::Boolean;
    let mut out = arguments([("values", json!(values))]);
    if bare {
        out.insert("values".into(), values.iter().map(|v| number(v)).collect());
        out.insert("quote".into(), json!(false));
    }
    ("accepted_values", out)
}

/// `{at_least: …, at_most: …}` of operators over whole numbers.
pub(super) fn bounded(list: impl Iterator<Item = (&'static str, u64)>) -> IndexMap<String, Json> {
    let mut out = IndexMap::new();
    for (op, n) in list {
        let (least, most) = match op {
            ">=" => (Some(n), None),
            ">" => (Some(n.saturating_add(1)), None),
            "<=" => (None, Some(n)),
            "<" => (None, Some(n.saturating_sub(1))),
            _ => (Some(n), Some(n)),
        };
        out.extend(least.map(|n| ("at_least".to_owned(), json!(n))));
        out.extend(most.map(|n| ("at_most".to_owned(), json!(n))));
    }
    out
}

fn bounded_by(list: impl Iterator<Item = (&'static str, Json)>) -> IndexMap<String, Json> {
    let name = |op: &str| match op {
        ">=" => "at_least",
        "<=" => "at_most",
        ">" => "above",
        _ => "below",
    };
    list.map(|(op, n)| (name(op).to_owned(), n)).collect()
}

/// A number of the requirement, exactly; other text stays text.
fn number(text: &str) -> Json {
    serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| json!(text), Json::Number)
}
