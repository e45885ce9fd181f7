//! Rows that do not go on: what is wrong with them becomes conditions of the staging model of their table, and reasons.

use crate::requirement::check::{Check, Form, Rule, opposite};
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Bad, Kind, Noun, Value};
use crate::requirement::recognise::form_of;
use crate::requirement::roles::Cleanable;
use crate::requirement::{Question, Readings};
use crate::spec::{Model, SetAside};
use crate::vocabulary::{DataType, TableRef};

use super::Assembly;
use super::tests_in_words::literal;

const EMAIL: &str = "^[^@ ,;]+@[^@ ,;.]+([.][^@ ,;.]+)+$";
const PHONE: &str = "^(tel:)?[+]?([ ()./-]*[0-9]){7,15}[ ()./-]*((ext|x|#).*)?$";
const URL: &str = "^https?://[^ /.]+([.][^ /.]+)+(:[0-9]+)?(/[^ ]*)?$";

/// What is wrong with rows of a table, before the staging models are there.
pub(super) struct Apart<'s, 'a> {
    /// The piece that says it.
    pub(super) piece: usize,
    /// The table.
    pub(super) table: &'a TableRef,
    wrong: Wrong<'s, 'a>,
    /// Only where the one before is true too.
    together: bool,
}

enum Wrong<'s, 'a> {
    Rule { of: ColumnOf<'a>, check: &'s Check<'a>, missing: bool },
    Values(ColumnOf<'a>, Vec<&'a str>),
}

impl<'s, 'a> Assembly<'s, 'a> {
    /// Finds the columns that rows are set aside by; their tables are touched.
    pub(super) fn apart(&mut self) -> Vec<Apart<'s, 'a>> {
        let pieces = self.pieces;
        let mut out = Vec::new();
        for (piece, found) in pieces.iter().enumerate() {
            let Kind::SetAside(bad) = &found.kind else { continue };
            let before = out.len();
            let mut together = false;
            for one in bad {
                let so_far = out.len();
                match one {
                    Bad::Check { check, missing, words } => {
                        let words = self.scan.words(words);
                        out.extend(self.broken(piece, check, *missing, words));
                    }
                    Bad::And(words) => {
                        let words = self.scan.words(words);
                        let about = format!(
                            "`{words}`: is a row set aside where both are true of it, or already where one is?"
                        );
                        let both = ("where both are true".to_owned(), true);
                        let question = Question::new(about).key("set_aside.and");
                        let one = ("where one of them is true".to_owned(), false);
                        together = self.choose(Readings::new(question).or_any([both, one])).unwrap_or(false);
                        continue;
                    }
                    Bad::Values { values, noun, words } => {
                        let words = self.scan.words(words);
                        out.extend(self.with_values(piece, values, noun.as_ref(), words));
                    }
                }
                out[so_far..].iter_mut().for_each(|a| a.together = together);
                together = false;
            }
            // What the checks say makes a row invalid.
            if bad.is_empty() {
                for check in
                    pieces.iter().filter_map(|p| if let Kind::Test(check) = &p.kind { Some(check) } else { None })
                {
                    if of_one_row(&check.rule) {
                        let words = self.scan.words(&check.said);
                        out.extend(self.broken(piece, check, false, words));
                    }
                }
            }
            if out.len() == before && self.questions.is_empty() {
                self.what_is_wrong(piece);
            }
        }
        out
    }

    fn broken(&mut self, piece: usize, check: &'s Check<'a>, missing: bool, words: &str) -> Vec<Apart<'s, 'a>> {
        if !of_one_row(&check.rule) || check.of.is_empty() {
            let about = format!("`{words}`: that can't be said of one row, so that no row can be set aside for it.");
            self.ask_that(Question::new(about).or_without());
            return Vec::new();
        }
        let mut out = Vec::new();
        for noun in &check.of {
            if let Some(of) = self.on_column(noun, check, words) {
                self.touch(of.table);
                let wrong = Wrong::Rule { of, check, missing };
                out.push(Apart { piece, table: of.table, wrong, together: false });
            }
        }
        out
    }

    /// `cancelled orders`.
    fn with_values(
        &mut self,
        piece: usize,
        values: &[Value<'a>],
        noun: Option<&Noun<'a>>,
        words: &str,
    ) -> Option<Apart<'s, 'a>> {
        let fits = |of: ColumnOf<'a>| {
            noun.is_none_or(|n| {
                n.hits.tables.contains(&of.table)
                    || n.hits.columns.iter().any(|c| c.table == of.table && c.column.name == of.column.name)
            })
        };
        let first = values.first()?;
        let mut columns: Vec<ColumnOf<'a>> =
            first.of.iter().map(|v| ColumnOf { table: v.table, column: v.column }).filter(|c| fits(*c)).collect();
        columns.dedup_by_key(|c| (c.table, &c.column.name));
        let readings = columns.iter().map(|c| (format!("{}.{}", c.table.table, c.column.name), *c));
        let of = match columns[..] {
            [one] => one,
            _ => {
                let about = format!("`{words}`: by which column are these rows known?");
                self.choose(Readings::new(Question::new(about)).or_any(readings))?
            }
        };
        let own = |v: &Value<'a>| v.of.iter().find(|o| o.table == of.table && o.column.name == of.column.name)?.value;
        let list: Vec<&'a str> = values.iter().filter_map(own).collect();
        if list.len() < values.len() {
            let about = format!("`{words}`: {} does not hold all of these values.", of.column.name);
            self.ask_that(Question::new(about).or_without());
            return None;
        }
        self.touch(of.table);
        Some(Apart { piece, table: of.table, wrong: Wrong::Values(of, list), together: false })
    }

    /// Nothing says which rows are bad: what could be wrong with those of the tables at hand.
    fn what_is_wrong(&mut self, piece: usize) {
        let words = self.scan.words(&self.pieces[piece].tokens);
        let mut candidates = Vec::new();
        for contract in self.touched.iter().filter_map(|t| self.contract(t)) {
            for column in &contract.columns {
                let row = format!("{} whose {}", contract.table, column.name);
                if form_of(column).is_some() {
                    candidates.push(format!("{row} is not valid"));
                } else if matches!(column.data_type, DataType::Decimal { .. } | DataType::Float) {
                    candidates.push(format!("{row} is negative"));
                } else if column.data_type == DataType::Text && !column.required {
                    candidates.push(format!("{row} is missing"));
                }
            }
        }
        candidates.truncate(8);
        candidates.push("rows whose … is …".into());
        let about = format!("`{words}`: nothing says what makes a row invalid. Which rows are set aside?");
        self.ask_that(Question::new(about).key("set_aside").saying("; set aside {}").or_any(candidates));
    }

    /// Writes what was found for a table into its staging model, which cleans already.
    pub(super) fn set_aside(&mut self, apart: &[Apart<'s, 'a>], table: &'a TableRef, model: &mut Model) {
        for Apart { piece, wrong, together, .. } in apart.iter().filter(|a| a.table == table) {
            let words = self.scan.words(&self.pieces[*piece].tokens);
            let Some((filter, reason)) = self.condition_of(wrong, model, words) else { continue };
            if let Some(last) = model.set_aside.last_mut().filter(|_| *together) {
                *last = SetAside {
                    filter: format!("({}) and ({filter})", last.filter),
                    reason: format!("{} and {reason}", last.reason),
                };
                continue;
            }
            let one = SetAside { filter, reason };
            let at = model.set_aside.iter().position(|other| *other == one).unwrap_or_else(|| {
                model.set_aside.push(one);
                model.set_aside.len() - 1
            });
            self.note(*piece, format!("models.{}.set_aside.{at}", model.name));
        }
        let read_by = self.scan.ground.specs.values().filter(|s| s.models.iter().any(|m| m.name == model.name));
        let names: Vec<String> = read_by.map(|s| format!("`{}`", s.name)).collect();
        if apart.iter().any(|a| a.table == table) && !names.is_empty() {
            self.warnings.push(format!(
                "rows of {} that are set aside are no longer seen by {} either: pipelines share staging models",
                table.table,
                names.join(", ")
            ));
        }
    }

    /// The condition of bad rows, and why they are bad.
    fn condition_of(&mut self, wrong: &Wrong<'s, 'a>, model: &Model, words: &str) -> Option<(String, String)> {
        let (of, check, missing) = match wrong {
            Wrong::Rule { of, check, missing } => (*of, *check, *missing),
            Wrong::Values(of, values) => {
                let list: Vec<String> = values.iter().map(|v| literal(of.column, v)).collect();
                let name = &of.column.name;
                return Some(match &list[..] {
                    [one] => (format!("{name} = {one}"), format!("{name} is {}", values[0])),
                    _ => (format!("{name} in ({})", list.join(", ")), format!("{name} is {}", values.join(" or "))),
                });
            }
        };
        let name = &of.column.name;
        let rule = model.columns.get(name).and_then(|r| self.scan.ground.config.rules.clean(r.clean.as_ref()?).ok());
        let data_type = rule.map_or(of.column.data_type, |r| r.gives);
        let nulls = rule.is_some_and(|r| r.nullable);
        let text = data_type == DataType::Text;
        let (filter, reason) = match &check.rule {
            Rule::There if text && !nulls => {
                (format!("{name} is null or trim({name}) = ''"), format!("{name} is missing"))
            }
            Rule::Gone => (format!("{name} is not null"), format!("{name} is there")),
            Rule::There => (format!("{name} is null"), format!("{name} is missing")),
            Rule::Valid(form) => {
                let cleaned = nulls && rule.is_some_and(|r| r.test.as_ref().is_none_or(|t| t.severity.is_error()));
                if cleaned && !missing {
                    // Cleaning has made null of what is no value: it can't be told from what was missing.
                    let about = format!(
                        "`{words}`: {name} is cleaned, which leaves nothing of what is not valid. Are rows without a {name} set aside too?"
                    );
                    let null = format!("yes, rows where {name} is missing or not valid");
                    self.choose(Readings::new(Question::new(about).key(format!("set_aside.{name}"))).or(null, ()))?;
                }
                if cleaned || !text {
                    (format!("{name} is null"), format!("{name} is missing or not valid"))
                } else {
                    let bad = self.invalid(of, *form, words)?;
                    match missing {
                        true => (format!("{name} is null or {bad}"), format!("{name} is missing or not valid")),
                        false => (bad, format!("{name} is not valid")),
                    }
                }
            }
            Rule::Values { values, not } => {
                let list: Vec<String> = values.iter().map(|v| literal(of.column, v)).collect();
                let (op, said) = if *not { ("in", "is") } else { ("not in", "is none of") };
                (format!("{name} {op} ({})", list.join(", ")), format!("{name} {said} {}", values.join(", ")))
            }
            Rule::Bounds(bounds) => any(bounds.iter().map(|(op, n)| {
                let bad = opposite(op);
                let said =
                    if bad == "<" && n == "0" { format!("{name} is negative") } else { format!("{name} {bad} {n}") };
                (format!("{name} {bad} {n}"), said)
            })),
            Rule::Compare(op, right) => {
                let right = self.beside(of, right, words)?;
                let bad = format!("{name} {} {right}", opposite(op));
                (bad.clone(), bad)
            }
            Rule::Length(list) => any(list.iter().map(|(op, n)| {
                let bad = opposite(op);
                (format!("length({name}) {bad} {n}"), format!("length of {name} {bad} {n}"))
            })),
            Rule::Pattern(pattern) => (unlike(name.as_str(), pattern), format!("{name} has another form")),
            Rule::Before(past) => {
                let (op, said) = if *past { (">=", "future") } else { ("<", "past") };
                (format!("{name} {op} as_of()"), format!("{name} is in the {said}"))
            }
            _ => return None,
        };
        let only = self.only(check, of.table, words)?;
        Some(match only {
            Some(only) => (format!("({only}) and ({filter})"), reason),
            None => (filter, reason),
        })
    }

    /// A text of another form than values of the column should have.
    fn invalid(&mut self, of: ColumnOf<'a>, form: Option<Form>, words: &str) -> Option<String> {
        let name = &of.column.name;
        match form.or_else(|| form_of(of.column)) {
            Some(Form::Of(Cleanable::Email)) => Some(unlike(&format!("trim({name})"), EMAIL)),
            Some(Form::Of(Cleanable::Phone)) => Some(unlike(&format!("lower(trim({name}))"), PHONE)),
            Some(Form::Url) => Some(unlike(&format!("lower(trim({name}))"), URL)),
            Some(Form::Pattern(pattern)) => Some(unlike(name.as_str(), pattern)),
            _ if !of.column.accepted_values.is_empty() => {
                let list: Vec<String> = of.column.accepted_values.iter().map(|v| literal(of.column, v)).collect();
                Some(format!("{name} not in ({})", list.join(", ")))
            }
            _ => {
                let about = format!("`{words}`: what is a valid {name}? Say its form, its values or its bounds.");
                let example = [format!("{name} is one of …"), format!("{name} is between … and …")];
                self.ask(about, example.to_vec());
                None
            }
        }
    }
}

/// Whether one row alone can break it.
fn of_one_row(rule: &Rule<'_>) -> bool {
    match rule {
        Rule::There | Rule::Gone | Rule::Values { .. } | Rule::Bounds(_) | Rule::Compare(..) | Rule::Valid(_) => true,
        Rule::Length(_) | Rule::Pattern(_) | Rule::Before(_) => true,
        Rule::MostlyThere(_) | Rule::Unique { .. } | Rule::Belongs(_) | Rule::Has(_) | Rule::Fresh(_) => false,
        Rule::Rows(_) | Rule::RowsNear { .. } | Rule::SumOf { .. } => false,
    }
}

fn unlike(expr: &str, pattern: &str) -> String {
    format!("not regexp_like({expr}, '{}')", pattern.replace('\'', "''"))
}

/// One of several conditions, with what is said of each.
fn any(list: impl Iterator<Item = (String, String)>) -> (String, String) {
    let (conditions, said): (Vec<String>, Vec<String>) = list.unzip();
    (conditions.join(" or "), said.join(" or "))
}
