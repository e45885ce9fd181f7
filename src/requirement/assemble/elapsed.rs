//! The time between two events, by the columns that say when they happened.

use crate::spec::{ColumnRule, Function, Join, JoinKind, Measure as Computed, Model};
use crate::vocabulary::{DataType, Name, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::measures::{described, head_of, prefix};
use crate::requirement::Question;
use crate::requirement::lexicon::{ColumnOf, name_parts};
use crate::requirement::piece::{Elapsed, Event, GroupItem, Kind, Noun, Pick, Piece};
use crate::requirement::roles::{self, Choice};
use crate::requirement::stem::value;

/// Nouns for what happened, where the column has another word for it.
const SAME: &[(&str, &str)] = &[
    ("admission", "admit"),
    ("admission", "admitt"),
    ("death", "die"),
    ("birth", "bir"),
    ("sale", "sell"),
    ("purchase", "order"),
    ("purchase", "buy"),
    ("arrival", "arriv"),
    ("departure", "depart"),
    ("shipping", "ship"),
    ("dispatch", "ship"),
    ("resolution", "resolv"),
    ("closure", "clos"),
    ("closing", "clos"),
    ("start", "begin"),
    ("end", "finish"),
];

impl<'a> Assembly<'_, 'a> {
    /// The columns that may say when an event happened, those that name it surest first.
    pub(super) fn event_columns(&self, event: &Event<'a>) -> Vec<ColumnOf<'a>> {
        let named = event.noun.iter().flat_map(|n| &n.hits.columns).filter(|c| c.column.data_type.is_temporal());
        let named: Vec<ColumnOf<'a>> = named.copied().collect();
        if !named.is_empty() {
            return named;
        }
        let tables: Vec<&'a TableRef> = event.noun.iter().flat_map(|n| n.hits.tables.iter().copied()).collect();
        let stems: Vec<String> = event.tokens.clone().map(|i| value(self.scan.word(i))).collect();
        let words: Vec<&str> = event.tokens.clone().map(|i| self.scan.word(i)).collect();
        let fits = |column: &crate::contract::Column| {
            let parts = name_parts(&column.physical_name, column.name.as_str());
            column.data_type.is_temporal()
                && parts.iter().map(|p| value(p)).any(|part| {
                    stems.iter().any(|s| alike(s, &part))
                        || SAME.iter().any(|(noun, verb)| words.contains(noun) && *verb == part)
                })
        };
        let of = |table: &'a TableRef| {
            let contract = self.contract(table);
            contract.into_iter().flat_map(move |c| c.columns.iter().map(move |column| ColumnOf { table, column }))
        };
        let own: Vec<ColumnOf<'a>> = tables.iter().flat_map(|t| of(t)).filter(|c| fits(c.column)).collect();
        if !own.is_empty() {
            return own;
        }
        let times = tables.iter().filter_map(|table| match roles::event_time(self.contract(table)?).0 {
            Choice::One(column) => Some(ColumnOf { table, column }),
            _ => None,
        });
        let times: Vec<ColumnOf<'a>> = times.collect();
        if !times.is_empty() {
            return times;
        }
        self.scan.ground.contracts.keys().flat_map(of).filter(|c| fits(c.column)).collect()
    }

    /// Two events in one scope, and the time between them: the expression, its name, what it means.
    pub(super) fn elapsed(
        &mut self,
        scope: &mut Scope<'a>,
        elapsed: &Elapsed<'a>,
        words: &str,
    ) -> Option<(String, String, String)> {
        let mut ends = Vec::new();
        for event in [&elapsed.from, &elapsed.to] {
            let Some(event) = event else {
                ends.push(self.unsaid_end(scope, elapsed.from.is_none(), words)?);
                continue;
            };
            if let Some(pick) = event.pick {
                ends.push(self.picked(scope, event, pick, words)?);
                continue;
            }
            let said = self.scan.words(&event.tokens).to_owned();
            let columns = self.event_columns(event);
            let Some(column) = self.pick(scope, &columns, &said) else {
                if self.questions.is_empty() {
                    let about = format!("`{words}`: no column says when `{said}` happened.");
                    self.ask_that(Question::new(about).or_without());
                }
                return None;
            };
            if !self.reach(scope, column.table, words) {
                return None;
            }
            ends.push((self.expr(scope, column.table, &column.column.name), column.column.data_type, said));
        }
        let [(from, a, before), (to, b, after)] = &ends[..] else { return None };
        let days = [a, b].iter().any(|t| **t == DataType::Date);
        let unit = elapsed.unit.unwrap_or(if days { "day" } else { "hour" });
        let seconds = |per: &str| format!("datediff('second', {from}, {to}) / {per}");
        let expr = match unit {
            "second" => format!("datediff('second', {from}, {to})"),
            "minute" if !days => seconds("60.0"),
            "hour" if !days => seconds("3600.0"),
            "day" => format!("datediff('day', {from}, {to})"),
            "week" => format!("datediff('day', {from}, {to}) / 7.0"),
            _ => {
                let about = format!("`{words}`: {from} or {to} holds days, no hours. In what is it counted?");
                self.ask_that(Question::new(about).or("days").or_without());
                return None;
            }
        };
        if let (Some(from), Some(to)) = (&elapsed.from, &elapsed.to)
            && from.tokens == to.tokens
            && let Some(column) = self.event_columns(from).first()
        {
            let thing = head_of(self, column.table);
            let what = format!("{}s that a {} lasts", super::model::capital(unit), thing.replace('_', " "));
            return Some((expr, format!("{thing}_{unit}s"), what));
        }
        let what = format!("{}s from {before} to {after}", super::model::capital(unit));
        let said = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        Some((expr, format!("{unit}s_from_{}_to_{}", said(before), said(after)), what))
    }

    /// Whether there is a row for each of the base's own rows.
    fn one_row_each(&self, base: &TableRef) -> bool {
        let own = |item: &GroupItem<'a>| matches!(item, GroupItem::Noun(n) if n.hits.tables.contains(&base));
        self.pieces.iter().any(|p| matches!(&p.kind, Kind::Group(items) if items.iter().any(own)))
    }

    /// The end that is not named: when the row itself happened, or the moment that all is computed for.
    fn unsaid_end(&mut self, scope: &mut Scope<'a>, start: bool, words: &str) -> Option<(String, DataType, String)> {
        if !start {
            return Some(("as_of()".into(), DataType::Timestamp, "as_of".into()));
        }
        let (table, column) = self.time(scope, words)?;
        let data_type = self.contract(table)?.column(column.as_str())?.data_type;
        self.assume(
            "models",
            format!("`{words}` is counted from {column} of the {}", head_of(self, table).replace('_', " ")),
        );
        Some((self.expr(scope, table, &column), data_type, head_of(self, table)))
    }

    /// The first or last of several rows that belong to one: each of those has its time in a model of their own.
    fn picked(
        &mut self,
        scope: &mut Scope<'a>,
        event: &Event<'a>,
        pick: Pick,
        words: &str,
    ) -> Option<(String, DataType, String)> {
        let mut near: Vec<(u32, ColumnOf<'a>)> = self
            .event_columns(event)
            .into_iter()
            .filter(|c| self.scan.leads(c.table, scope.base))
            .filter_map(|c| Some((self.distance(c.table, scope.base)?, c)))
            .collect();
        near.sort_by_key(|c| c.0);
        let said = self.scan.words(&event.tokens).to_owned();
        let [(best, column), ref rest @ ..] = near[..] else {
            let about =
                format!("`{words}`: no key leads from `{said}` to {}. What is there one row for?", scope.base.table);
            self.ask_that(Question::new(about).or_without());
            return None;
        };
        if rest.iter().any(|r| r.0 == best) {
            let about = format!("`{words}`: several columns say when `{said}` happened.");
            self.ask_that(Question::new(about).or_without());
            return None;
        }
        let way = self.way(column.table, scope.base, words)?;
        let (function, which) = match pick {
            Pick::First => (Function::Min, "first"),
            Pick::Last => (Function::Max, "last"),
        };
        self.touch(column.table);
        let mut inner = Scope::new(column.table);
        let values = event.noun.iter().flat_map(|n| &n.values);
        let valued: Vec<String> = values
            .map(|v| self.scan.words(&v.tokens).to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
            .collect();
        let mut model = self.int_model(column.table, scope.base, &valued.join("_"));
        inner.joined.extend(way[..way.len() - 1].iter().cloned());
        if let Some(noun) = event.noun.clone().filter(|n| !n.values.is_empty()) {
            let piece = Piece { tokens: event.tokens.clone(), kind: Kind::Noun(noun) };
            model.filters.extend(self.conditions(&mut inner, &piece));
        }
        let on = self.by_parent(&mut inner, &mut model, &way)?;
        let thing = head_of(self, column.table);
        let name = Name::from_text(&format!("{which}_{thing}_time"), "measure");
        let expr = self.expr(&inner, column.table, &column.column.name);
        let text = format!("When the {which} {} happened.", thing.replace('_', " "));
        model.measures.push(described(Computed::new(name.clone(), function, expr), text));
        model.joins = self.joins(&inner, &model.filters);
        inner.joined.iter().for_each(|edge| self.touch(edge.to));
        let of = head_of(self, scope.base).replace('_', " ");
        model.description = Some(format!("When the {which} {} of each {of} happened.", thing.replace('_', " ")));
        let to = self.between(model);
        if !scope.more.iter().any(|j| j.to == to) {
            scope.more.push(Join::new(to.clone(), JoinKind::Left, on.into_iter().collect()));
        }
        Some((format!("{to}.{name}"), column.column.data_type, format!("{which} {said}")))
    }

    /// A function of the time between two events.
    pub(super) fn elapsed_measure(
        &mut self,
        scope: &mut Scope<'a>,
        function: Function,
        elapsed: &Elapsed<'a>,
        words: &str,
    ) -> Option<Computed> {
        let (expr, name, what) = self.elapsed(scope, elapsed, words)?;
        let name = Name::from_text(&format!("{}_{name}", prefix(function)), "measure");
        let what =
            format!("{} of {}; none where one of them is not known.", super::measures::said(function), lower(&what));
        // A mean of whole numbers is a fraction.
        let expr = if function == Function::Avg && !expr.contains('.') { format!("{expr} * 1.0") } else { expr };
        Some(described(Computed::new(name, function, expr), what))
    }

    /// When the first or last row of a table happened.
    pub(super) fn when(
        &mut self,
        scope: &mut Scope<'a>,
        function: Function,
        noun: &Noun<'a>,
        day: bool,
        words: &str,
    ) -> Option<Computed> {
        let mut tables: Vec<(u32, &'a TableRef)> =
            noun.hits.tables.iter().filter_map(|t| Some((self.distance(scope.base, t)?, *t))).collect();
        tables.sort();
        let (_, table) = *tables.first()?;
        let (table, column) = match table == scope.base {
            true => self.time(scope, words)?,
            false => {
                let (_, column) = self.time(&mut Scope::new(table), words)?;
                (table, column)
            }
        };
        if !self.reach(scope, table, words) {
            return None;
        }
        let expr = self.expr(scope, table, &column);
        let moment = self.contract(table)?.column(column.as_str())?.data_type != DataType::Date;
        let expr = if day && moment { format!("cast({expr} as date)") } else { expr };
        let thing = super::measures::head_of(self, *noun.hits.tables.first()?);
        let first = if function == Function::Min { "first" } else { "last" };
        let ends = if day || !moment { "date" } else { "time" };
        let name = Name::from_text(&format!("{first}_{thing}_{ends}"), "measure");
        let what = format!("{ends} of the {first} {}.", thing.replace('_', " "));
        Some(described(Computed::new(name, function, expr), super::model::capital(&what)))
    }

    /// Times between events that stand by themselves: columns of rows, means of groups.
    pub(super) fn elapsed_columns(&mut self, scope: &mut Scope<'a>, model: &mut Model, rows: bool) {
        for (i, piece) in self.at_hand() {
            let Kind::Elapsed(elapsed) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            if !rows {
                let one = self.one_row_each(scope.base);
                if let Some(mut computed) = self.elapsed_measure(scope, Function::Avg, elapsed, words) {
                    if one {
                        computed.name =
                            Name::from_text(computed.name.as_str().trim_start_matches("average_"), "measure");
                    }
                    let at = format!("models.{}.measures.{}", model.name, computed.name);
                    if !one {
                        self.assume(at.clone(), format!("`{words}` is a mean: there is one row for several"));
                    }
                    self.note(i, at);
                    model.measures.push(computed);
                }
                continue;
            }
            if let Some((expr, name, what)) = self.elapsed(scope, elapsed, words) {
                if model.columns.is_empty()
                    && let Some(contract) = self.contract(scope.base)
                {
                    for column in &contract.columns {
                        let own =
                            Some(self.expr(scope, scope.base, &column.name)).filter(|e| column.name != *e.as_str());
                        model.columns.insert(column.name.clone(), ColumnRule { expr: own, ..ColumnRule::default() });
                    }
                }
                let name = Name::from_text(&name, "column");
                self.note(i, format!("models.{}.columns.{name}", model.name));
                let description = Some(format!("{what}; none where one of them is not known."));
                model.columns.insert(name, ColumnRule { expr: Some(expr), description, ..ColumnRule::default() });
            }
        }
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_lowercase().chain(chars).collect())
}

/// Whether two stems are of one word: `pay` and `payment`, `deliver` and `delivery`.
fn alike(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let least = a.chars().count().min(b.chars().count());
    common >= 4 && common + 2 >= least || common == 3 && least == 3 && (a == "pay" || b == "pay")
}
