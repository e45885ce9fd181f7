//! Which cleaning rule a column gets, and what the rule is told. What can't be seen in known values is asked.

use indexmap::IndexMap;

use super::Assembly;
use super::columns::Scope;
use crate::contract::Column;
use crate::requirement::lexicon::{ColumnOf, name_parts};
use crate::requirement::piece::{Clean, Cleaned, Kind};
use crate::requirement::roles::{Cleanable, cleanable};
use crate::requirement::{Question, Readings};
use crate::spec::rules::Rule;
use crate::spec::{ColumnRule, Model};
use crate::vocabulary::{DataType, Name, TableRef};

/// Rules that others do the work of, the least first.
const WEAK: &[&str] = &["trim", "empty_to_null", "single_spaces", "lower", "upper", "title_case"];

impl<'a> Assembly<'_, 'a> {
    /// Writes what is asked of the columns of a table into its staging model.
    pub(super) fn clean(&mut self, table: &'a TableRef, model: &mut Model) {
        let Some(contract) = self.scan.landed.get(table) else { return };
        let pieces = self.pieces;
        for (i, piece) in pieces.iter().enumerate() {
            let Kind::Clean(clean) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            let words =
                ["and ", "with ", ", "].iter().fold(words, |words, lead| words.strip_prefix(lead).unwrap_or(words));
            for what in &clean.what {
                for column in contract.columns.iter().filter(|c| is_meant(what, table, c)) {
                    let asked = self.questions.len();
                    let Some(rule) = self.column_rule(clean, what, table, column, words) else {
                        if self.questions.len() > asked {
                            self.note(i, format!("models.{}.columns.{}", model.name, column.name));
                        }
                        continue;
                    };
                    let before =
                        model.columns.get(&column.name).filter(|_| self.is_of_this(model, &column.name)).cloned();
                    let rule = match before {
                        Some(before) => match both(&before, &rule, &column.name) {
                            Some(both) => both,
                            None => {
                                let name = &column.name;
                                let about = format!(
                                    "`{words}`: {name} is cleaned by another rule too, and has one. Which of the two is meant?"
                                );
                                self.ask_that(Question::new(about).or_without());
                                before
                            }
                        },
                        None => rule,
                    };
                    model.columns.insert(column.name.clone(), rule);
                    self.note(i, format!("models.{}.columns.{}", model.name, column.name));
                }
            }
        }
    }

    /// Columns of the base that are cleaned where the columns of a result are listed.
    pub(super) fn listed_clean(&self, scope: &Scope<'a>, clean: &Clean<'a>) -> Vec<ColumnOf<'a>> {
        let Some(contract) = self.contract(scope.base) else { return Vec::new() };
        let meant = |c: &&'a Column| clean.what.iter().any(|what| is_meant(what, scope.base, c));
        contract.columns.iter().filter(meant).map(|column| ColumnOf { table: scope.base, column }).collect()
    }

    /// Whether words of this requirement already became the rule of a column.
    fn is_of_this(&self, model: &Model, column: &Name) -> bool {
        let path = format!("models.{}.columns.{column}", model.name);
        self.became.values().any(|paths| paths.contains(&path))
    }

    /// What is done to a column; none where no rule is there for it.
    fn column_rule(
        &mut self,
        clean: &Clean<'a>,
        what: &Cleaned<'a>,
        table: &TableRef,
        column: &Column,
        words: &str,
    ) -> Option<ColumnRule> {
        let rule = self.rule(clean, what, column);
        if rule.as_ref().is_none_or(|r| r.name == *"fill_missing")
            && clean.value.is_some()
            && column.data_type.is_numeric()
        {
            let value = clean.value.as_ref().filter(|v| v.parse::<f64>().is_ok_and(f64::is_finite))?;
            let expr = Some(format!("coalesce({}, {value})", column.name));
            return Some(ColumnRule { expr, ..ColumnRule::default() });
        }
        let rule = rule?;
        let mut args = IndexMap::new();
        let values: Vec<&str> = column.examples.iter().chain(&column.accepted_values).map(String::as_str).collect();
        for name in rule.arguments.keys() {
            let at = format!("{}.{}", table.table, column.name);
            let value = match (rule.name.as_str(), name.as_str()) {
                (_, "country_calling_code") => {
                    let code = self.scan.ground.config.defaults.country_calling_code.clone();
                    let field = format!("models.{}.columns.{}", self.staging_name(table), column.name);
                    let because = format!(
                        "numbers without a country's code are taken for those of +{code}, as `defaults` in pipewright.yml say"
                    );
                    self.assume(field, because);
                    code
                }
                (_, "value") => clean.value.clone()?,
                ("date", "parts") => self.told(
                    order(&values),
                    words,
                    &at,
                    "dates",
                    &[
                        ("dmy", "day first, 31.3.2026"),
                        ("mdy", "month first, 3/31/2026"),
                        ("ymd", "year first, 2026-03-31"),
                    ],
                )?,
                ("number", "mark") => self.told(
                    decimal(&values),
                    words,
                    &at,
                    "decimals",
                    &[("point", "a point, 1,234.50"), ("comma", "a comma, 1.234,50")],
                )?,
                ("epoch", "unit") => self.told(
                    unit(&values, words),
                    words,
                    &at,
                    "epoch",
                    &[("second", "seconds"), ("millisecond", "milliseconds")],
                )?,
                _ => continue,
            };
            args.insert(name.clone(), value);
        }
        Some(ColumnRule { clean: Some(rule.name.clone()), args, ..ColumnRule::default() })
    }

    /// What is known, or answered.
    fn told(
        &mut self,
        known: Option<&'static str>,
        words: &str,
        at: &str,
        key: &str,
        choices: &[(&'static str, &str)],
    ) -> Option<String> {
        if let Some(known) = known.or(choices.first().filter(|_| self.typing).map(|c| c.0)) {
            return Some(known.to_owned());
        }
        let asks = match key {
            "dates" => "in which order do its parts stand?",
            "decimals" => "what is its decimal mark?",
            _ => "what does it count?",
        };
        let question = Question::new(format!("`{words}`: {at} does not show it: {asks}")).key(format!("{key}.{at}"));
        let readings = choices.iter().map(|(value, said)| ((*said).to_owned(), (*value).to_owned()));
        self.choose(Readings::new(question).or_any(readings))
    }

    /// The rule that a column gets: the one that does most of what is asked.
    fn rule(&self, clean: &Clean<'a>, what: &Cleaned<'a>, column: &Column) -> Option<Rule> {
        let rules = &self.scan.ground.config.rules;
        let named = |name: &str| rules.clean(&Name::parse(name).ok()?).ok().map(|r| r.as_ref());
        let by_name = || rules.cleaning().map(|r| r.as_ref()).find(|r| is_there_for(r, column));
        let kind = cleanable(column);
        let found = clean.rules.iter().filter_map(|asked| match (asked.as_str(), kind) {
            ("clean" | "lower", Some(Cleanable::Email)) => named("email"),
            ("clean", Some(Cleanable::Phone)) => named("phone_e164"),
            ("clean", Some(Cleanable::Name)) => named("trim"),
            ("clean", None) => by_name(),
            ("upper", _) => by_name().or_else(|| named("upper")),
            (asked, _) => named(asked),
        });
        let fits =
            found.filter(|r| r.takes.fits(column.data_type) && (what.rules.is_empty() || is_there_for(r, column)));
        let rank = |r: &Rule| WEAK.iter().position(|w| r.name == **w).unwrap_or(WEAK.len());
        let best = fits.enumerate().max_by_key(|(i, r)| (rank(r), std::cmp::Reverse(*i)))?.1;
        // A text that tells the time too.
        let timed = |v: &String| v.trim().len() >= 16 && v.trim().get(13..14) == Some(":");
        if best.name == *"date" && column.examples.iter().any(timed) && column.data_type == DataType::Text {
            return named("timestamp").cloned();
        }
        Some(best.clone())
    }
}

/// Whether a request to clean is about this column.
fn is_meant(what: &Cleaned<'_>, table: &TableRef, column: &Column) -> bool {
    let of_table = |n: &crate::requirement::piece::Noun<'_>| n.hits.tables.contains(&table);
    let by_noun = what.noun.as_ref().is_none_or(|noun| {
        of_table(noun) || noun.hits.columns.iter().any(|c| c.table == table && c.column.name == column.name)
    });
    let named = what.noun.as_ref().is_some_and(|n| n.hits.tables.is_empty());
    match what.kind {
        Some(kind) => by_noun && cleanable(column) == Some(kind),
        None => by_noun && (named || !what.rules.is_empty() || cleanable(column).is_some()),
    }
}

/// Whether a rule is there for a column, by its name or its values.
fn is_there_for(rule: &Rule, column: &Column) -> bool {
    let parts = name_parts(&column.physical_name, column.name.as_str());
    let known = &column.accepted_values;
    let by_values = !known.is_empty() && known.iter().all(|v| rule.values.contains(&v.trim().to_lowercase()));
    rule.takes.fits(column.data_type) && (by_values || parts.iter().any(|p| rule.columns.contains(p)))
}

/// What two rules for one column come to: one that does the work of the other, or one after the other.
fn both(before: &ColumnRule, after: &ColumnRule, column: &Name) -> Option<ColumnRule> {
    let name = |rule: &ColumnRule| rule.clean.as_ref().map(Name::to_string).unwrap_or_default();
    let (a, b) = (name(before), name(after));
    let trims = |of: &str| of != "clean" && !of.is_empty();
    if before == after || (b == "trim" || b == "empty_to_null" && a != "trim") && trims(&a) && a != "fill_missing" {
        return Some(before.clone());
    }
    if matches!(a.as_str(), "trim" | "empty_to_null") && trims(&b) {
        return Some(after.clone());
    }
    let cases = |of: &str| matches!(of, "lower" | "upper").then(|| format!("{of}(trim({column}))"));
    match (a.as_str(), b.as_str()) {
        (case, "fill_missing") => Some(ColumnRule { expr: Some(cases(case)?), ..after.clone() }),
        ("fill_missing", case) => Some(ColumnRule { expr: Some(cases(case)?), ..before.clone() }),
        _ => None,
    }
}

/// The order of the parts of dates, where the values show it.
fn order(values: &[&str]) -> Option<&'static str> {
    let mut found = None;
    for value in values {
        let parts: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).collect();
        let number = |i: usize| parts.get(i).and_then(|p| p.parse::<u32>().ok());
        let (Some(one), Some(two)) = (number(0), number(1)) else { continue };
        let said = match (parts[0].len(), value.contains('.')) {
            (4, _) => "ymd",
            (_, true) => "dmy",
            _ if one > 12 => "dmy",
            _ if two > 12 => "mdy",
            _ => continue,
        };
        match (found, said) {
            (None | Some("ymd"), said) => found = Some(said),
            (Some(_), "ymd") => {}
            (Some(before), said) if before == said => {}
            _ => return None,
        }
    }
    // Year first alone proves nothing where others are ambiguous.
    let year_first = |v: &&str| v.trim().get(..4).is_some_and(|y| y.chars().all(|c| c.is_ascii_digit()));
    found.filter(|f| *f != "ymd" || values.iter().all(year_first))
}

/// The decimal mark, where the values show it.
fn decimal(values: &[&str]) -> Option<&'static str> {
    let mut found = None;
    let mut plain = !values.is_empty();
    for value in values.iter().map(|v| v.trim_matches(|c: char| !c.is_ascii_digit())) {
        let (comma, point) = (value.rfind(','), value.rfind('.'));
        plain &= comma.is_none() && point.is_none() && !value.is_empty();
        let last = match (comma, point) {
            (None, None) => continue,
            (Some(c), Some(p)) => {
                if c > p {
                    ("comma", 0)
                } else {
                    ("point", 0)
                }
            }
            (Some(c), None) => ("comma", value.len() - c - 1),
            (None, Some(p)) => ("point", value.len() - p - 1),
        };
        // `1,234` can be either.
        let (said, 0 | 1 | 2 | 4..) = last else { continue };
        if found.is_some_and(|f| f != said) {
            return None;
        }
        found = Some(said);
    }
    found.or(plain.then_some("point"))
}

/// What an epoch counts, where the words or the values show it.
fn unit(values: &[&str], words: &str) -> Option<&'static str> {
    let words = words.to_lowercase();
    if words.contains("milli") {
        return Some("millisecond");
    }
    if words.contains("second") {
        return Some("second");
    }
    let digits: Vec<usize> = values.iter().map(|v| v.trim().len()).collect();
    match (digits.iter().min(), digits.iter().max()) {
        (Some(9..), Some(..=10)) => Some("second"),
        (Some(12..), Some(..=13)) => Some("millisecond"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_show_what_rules_are_told() {
        for (values, due) in [
            (&["2026-03-31", "2026-04-01"][..], Some("ymd")),
            (&["31/03/2026"], Some("dmy")),
            (&["03/31/2026", "2026-03-31"], Some("mdy")),
            (&["1.2.2026"], Some("dmy")),
            (&["01/02/2026"], None),
            (&["01/02/2026", "2026-03-31"], None),
            (&["31/03/2026", "03/31/2026"], None),
            (&[], None),
        ] {
            assert_eq!(order(values), due, "{values:?}");
        }
        for (values, due) in [
            (&["1.234,50", "12"][..], Some("comma")),
            (&["$1,234.50"], Some("point")),
            (&["12,5 €"], Some("comma")),
            (&["12.50"], Some("point")),
            (&["1,234"], None),
            (&["12,5", "12.5"], None),
            (&["12", "13"], Some("point")),
            (&[], None),
        ] {
            assert_eq!(decimal(values), due, "{values:?}");
        }
        assert_eq!(unit(&["1774915200"], "convert created to a timestamp"), Some("second"));
        assert_eq!(unit(&["1774915200123"], "convert"), Some("millisecond"));
        assert_eq!(unit(&[], "epoch milliseconds"), Some("millisecond"));
        assert_eq!(unit(&["5"], "convert"), None);
    }
}
