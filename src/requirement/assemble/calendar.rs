//! Groups of time that come again, and weeks that start on another day.

use crate::spec::{Grouping, Model};
use crate::vocabulary::{DataType, Name, Unit};

use super::Assembly;
use super::columns::Scope;
use super::names::head;
use crate::requirement::Question;
use crate::requirement::piece::{GroupItem, Kind, Part, Shape};

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl<'a> Assembly<'_, 'a> {
    /// `order_weekday` and what it is called, `order_hour_of_day`.
    pub(super) fn part_groups(&mut self, scope: &mut Scope<'a>, part: Part, words: &str) -> Vec<Grouping> {
        let Some((table, column)) = self.time(scope, words) else { return Vec::new() };
        let Some(contract) = self.contract(table) else { return Vec::new() };
        if part == Part::Hour && contract.column(column.as_str()).is_some_and(|c| c.data_type == DataType::Date) {
            let about = format!("`{words}`: {}.{column} holds days, no hours.", table.table);
            self.ask_that(Question::new(about).or_without());
            return Vec::new();
        }
        let expr = self.local(scope, table, &column, "models");
        let thing = head(contract);
        let of = thing.replace('_', " ");
        let group = |name: &str, expr: String, what: &str| Grouping {
            name: Name::from_text(&format!("{thing}_{name}"), "group"),
            expr: Some(expr),
            description: Some(format!("{what}, by {column} of the {of}.")),
        };
        match part {
            Part::Hour => vec![group("hour_of_day", format!("extract(hour from {expr})"), "Hour of the day, 0 to 23")],
            Part::Day => vec![group("day_of_month", format!("extract(day from {expr})"), "Day of the month, 1 to 31")],
            Part::Month => {
                vec![group("month_of_year", format!("extract(month from {expr})"), "Month of the year, 1 to 12")]
            }
            Part::Weekday => {
                let day = format!("datediff('day', date_trunc('week', {expr}), {expr})");
                let names = DAYS.iter().enumerate().map(|(i, name)| format!("when {i} then '{name}'"));
                let name = format!("case {day} {} end", names.collect::<Vec<_>>().join(" "));
                vec![
                    group("weekday", format!("{day} + 1"), "Day of the week, 1 is Monday"),
                    group("weekday_name", name, "Name of the day of the week"),
                ]
            }
        }
    }

    /// `date_trunc('week', …)` of weeks that start on the day that is said; Monday if none is.
    pub(super) fn week(&mut self, expr: &str, model: &Model) -> (String, &'static str) {
        let said = self.pieces.iter().enumerate().find_map(|(i, p)| match p.kind {
            Kind::Shape(Shape::WeekStart(day)) => Some((i, day)),
            _ => None,
        });
        let Some((piece, day)) = said else { return (format!("date_trunc('week', {expr})"), DAYS[0]) };
        self.note(piece, format!("models.{}.group_by", model.name));
        let name = DAYS.get(day as usize).copied().unwrap_or(DAYS[0]);
        let ahead = (7 - day) % 7;
        match ahead {
            0 => (format!("date_trunc('week', {expr})"), name),
            n => (format!("date_trunc('week', {expr} + interval '{n}' day) - interval '{n}' day"), name),
        }
    }

    /// The group of a model that holds the time: of several the shortest, the others are parts of it.
    pub(super) fn time_group_of(&self, model: &Model) -> Option<Name> {
        self.time_groups_of(model).pop()
    }

    /// All groups that hold a time, the longest first.
    pub(super) fn time_groups_of(&self, model: &Model) -> Vec<Name> {
        let unit = self.grain_unit();
        let count = |g: &Grouping| {
            let expr = g.expr.as_deref().unwrap_or_default();
            let units = [Unit::Year, Unit::Quarter, Unit::Month, Unit::Week, Unit::Hour];
            let cut = units.iter().position(|u| expr.contains(&format!("date_trunc('{}'", u.as_str())));
            let part = expr.starts_with("datediff(") || expr.starts_with("case ");
            cut.filter(|_| !part).or_else(|| expr.ends_with("as date)").then_some(9))
        };
        let mut found: Vec<(usize, Name)> =
            model.group_by.iter().filter_map(|g| Some((count(g)?, g.name.clone()))).collect();
        found.sort();
        if found.is_empty() && unit.is_some() {
            return model.group_by.first().map(|g| g.name.clone()).into_iter().collect();
        }
        found.into_iter().map(|f| f.1).collect()
    }

    /// Whether the grain is a part of the calendar.
    pub(super) fn calendar_part(&self, model: &Model) -> bool {
        let said = self
            .pieces
            .iter()
            .any(|p| matches!(&p.kind, Kind::Group(items) if items.iter().any(|i| matches!(i, GroupItem::Part(..)))));
        said && model.group_by.first().is_some_and(|g| g.expr.is_some())
    }
}
