//! Days, weeks and months of a time zone: moments are turned into what a clock there shows.

use crate::vocabulary::{DataType, Name, TableRef, Unit};

use super::Assembly;
use super::columns::Scope;
use crate::requirement::Question;
use crate::requirement::piece::{GroupItem, Kind, Stretch};
use crate::requirement::recognise::Every;

impl<'a> Assembly<'_, 'a> {
    /// Whether a time zone is that of the schedule: it stands beside a time of day, or nothing else has days.
    pub(super) fn of_schedule(&self, zone: usize) -> bool {
        let beside = |i: Option<usize>| {
            let piece = i.and_then(|i| self.pieces.get(i));
            piece.is_some_and(|p| matches!(&p.kind, Kind::Schedule(when) if when.time.is_some()))
        };
        let before = (0..zone).rev().find(|i| !matches!(self.pieces[*i].kind, Kind::Filler));
        let days = self.pieces.iter().any(|p| match &p.kind {
            Kind::Window(_) | Kind::Period { .. } => true,
            Kind::Group(items) => items.iter().any(|i| matches!(i, GroupItem::Unit(..) | GroupItem::Part(..))),
            _ => false,
        }) || self.compared_unit().is_some();
        beside(before) || !days
    }

    /// The time zone whose days are meant, with the piece that names it.
    fn zone(&mut self) -> Option<(usize, String)> {
        let named: Vec<(usize, &String)> = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(i, p)| match &p.kind {
                Kind::Zone(zone) if !self.of_schedule(i) => Some((i, zone)),
                _ => None,
            })
            .collect();
        let (piece, zone) = *named.first()?;
        if let Some((other, _)) = named.iter().find(|n| n.1 != zone) {
            let words = self.scan.words(&self.pieces[*other].tokens);
            let about = format!("`{words}`: {zone} was named too. Of which time zone are the days?");
            self.ask_that(Question::new(about).key("time_zone").or_without());
        }
        Some((piece, zone.clone()))
    }

    /// A time as the clock of the zone shows it, where one is named; as it is otherwise.
    pub(super) fn local(&mut self, scope: &Scope<'a>, table: &'a TableRef, column: &Name, field: &str) -> String {
        let expr = self.expr(scope, table, column);
        let Some((piece, zone)) = self.zone() else { return expr };
        self.note(piece, field);
        match self.contract(table).and_then(|c| c.column(column.as_str())).map(|c| c.data_type) {
            Some(DataType::Date) => {
                self.assume(field, format!("{column} holds days, which are the same in {zone}"));
                expr
            }
            Some(DataType::Timestamp) if zone == "UTC" => {
                self.assume(field, format!("{column} says no zone and is taken as UTC"));
                expr
            }
            Some(DataType::TimestampTz) => format!("local_time({expr}, '{zone}')"),
            _ => {
                self.assume(field, format!("days are those of {zone}; {column} says no zone and is taken as UTC"));
                format!("local_time({expr}, '{zone}')")
            }
        }
    }

    /// Whether days are those of a time zone that is named.
    pub(super) fn is_local(&mut self) -> bool {
        self.zone().is_some()
    }

    /// A window whose days are those of the zone, as conditions; `as_of` is a day there, or a moment where it runs often.
    pub(super) fn local_window(&mut self, local: &str, stretch: Stretch) -> Vec<String> {
        let often = self.pieces.iter().any(|p| match &p.kind {
            Kind::Schedule(when) => matches!(when.every, Every::Minutes(_) | Every::Hours(_)),
            _ => false,
        }) || self.grain_unit() == Some(Unit::Hour);
        let now = match (often, self.zone()) {
            (true, Some((_, zone))) => format!("local_time(as_of(), '{zone}')"),
            _ => "as_of()".to_owned(),
        };
        let floor = |unit: Unit| format!("date_trunc('{}', {now})", unit.as_str());
        let end = stretch.until.map_or_else(|| now.clone(), floor);
        let start = match (stretch.last, stretch.this) {
            (Some(last), _) => Some(format!("dateadd('{}', -{}, {end})", last.unit.as_str(), last.count)),
            (None, this) => this.map(floor),
        };
        let from = start.map(|start| format!("{local} >= {start}"));
        from.into_iter().chain([format!("{local} < {end}")]).collect()
    }
}
