//! Which time counts, and by which column.

use crate::spec::Model;
use crate::vocabulary::{Name, TableRef, Window};

use super::Assembly;
use super::columns::Scope;
use crate::requirement::piece::{Kind, Piece, Stretch};
use crate::requirement::roles::{self, Choice};
use crate::requirement::{Question, Readings};

impl<'a> Assembly<'_, 'a> {
    /// The stretch of time that the pieces at hand come to, with the pieces that say it.
    pub(super) fn stretch(&mut self, pieces: &[(usize, &Piece<'a>)]) -> Option<(Stretch, Vec<usize>)> {
        let mut out: Option<Stretch> = None;
        let mut said = Vec::new();
        for (i, piece) in pieces {
            let Kind::Window(stretch) = piece.kind else { continue };
            let Some(had) = out else {
                out = Some(stretch);
                said.push(*i);
                continue;
            };
            if let Some(both) = had.and(stretch) {
                out = Some(both);
                said.push(*i);
                continue;
            }
            let words = self.scan.words(&piece.tokens);
            let name = |s: Stretch| s.over(Name::from_text("time", "column")).said();
            let about = format!("`{words}`: {} was named too. Which one is meant?", name(had));
            let both = [had, stretch].map(|s| (name(s).replace("the last", "last"), s));
            let chosen = self.choose(Readings::new(Question::new(about).key("window")).or_any(both))?;
            if chosen == stretch {
                out = Some(stretch);
                said = vec![*i];
            }
        }
        out.map(|stretch| (stretch, said))
    }

    /// Lays the window at hand over the rows of a model.
    pub(super) fn window(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let pieces = self.at_hand();
        let Some((stretch, said)) = self.stretch(&pieces) else { return };
        let words = said.first().map(|i| self.scan.words(&self.pieces[*i].tokens)).unwrap_or_default();
        let Some((table, column)) = self.time(scope, words) else { return };
        let window = stretch.over(column.clone());
        if let Some(last) = stretch.last.filter(|l| l.count == 1 && !words.contains(|c: char| c.is_ascii_digit())) {
            let unit = last.unit.as_str();
            let because = match stretch.until == Some(last.unit) {
                true => format!("`{words}` is the {unit} of the calendar before the one that as_of is in"),
                false => format!("`{words}` is the {unit} before as_of, not the calendar's"),
            };
            self.assume(format!("models.{}.window", model.name), because);
        }
        if self.is_local() {
            let field = format!("models.{}.where", model.name);
            let local = self.local(scope, table, &column, &field);
            model.filters.extend(self.local_window(&local, stretch));
            said.into_iter().for_each(|i| self.note(i, field.clone()));
            return;
        }
        let unclear = table != scope.base && self.expr(scope, table, &column) != column.as_str();
        if unclear {
            // Another table has a column of that name: only such rows are joined.
            scope.windows.retain(|w| w.0 != table);
            scope.windows.push((table, window));
        } else {
            model.window = Some(window);
        }
        for i in said {
            let field = if unclear { "joins" } else { "window" };
            self.note(i, format!("models.{}.{field}", model.name));
        }
    }

    /// A window over the rows of a table by their time.
    pub(super) fn own_window(&mut self, scope: &mut Scope<'a>, pieces: &[Piece<'a>]) -> Option<Window> {
        let pieces: Vec<(usize, &Piece<'a>)> = pieces.iter().enumerate().collect();
        let (stretch, said) = self.stretch(&pieces)?;
        let words = said.first().map(|i| self.scan.words(&pieces[*i].1.tokens)).unwrap_or_default();
        let (_, column) = self.time(scope, words)?;
        Some(stretch.over(column))
    }

    /// Days that are named as such.
    pub(super) fn period(
        &mut self,
        scope: &mut Scope<'a>,
        from: Option<&str>,
        until: Option<&str>,
        words: &str,
    ) -> Vec<String> {
        let Some((table, column)) = self.time(scope, words) else { return Vec::new() };
        let expr = self.local(scope, table, &column, "models");
        let day = |d: &str, op: &str| format!("{expr} {op} date '{d}'");
        from.map(|d| day(d, ">=")).into_iter().chain(until.map(|d| day(d, "<"))).collect()
    }

    /// The time that rows of the base happened: its own, or that of the nearest parent; a question where two would do.
    pub(super) fn time(&mut self, scope: &mut Scope<'a>, words: &str) -> Option<(&'a TableRef, Name)> {
        if let Some((table, column)) = self.said_time(scope) {
            return self.reach(scope, table, words).then_some((table, column));
        }
        let several = self.several_happened();
        if several.len() > 1 && several.iter().all(|c| self.distance(scope.base, c.table) == Some(0)) {
            let question = Question::new(format!("`{words}`: several times are named. By which one?"));
            let question = question.key(format!("{}.time", scope.base.table));
            let readings =
                several.iter().map(|c| (format!("{}.{}", c.table.table, c.column.name), c.column.name.clone()));
            return Some((scope.base, self.choose(Readings::new(question).or_any(readings))?));
        }
        let own = self.contract(scope.base).map(roles::event_time)?;
        let mut best = (scope.base, own);
        // The time of an order's record says less than the time of the order itself: `order_items.created_at`.
        if best.1.1 <= 2 {
            let mut tables: Vec<(u32, &TableRef)> = Vec::new();
            for edge in self.scan.graph.parents(scope.base) {
                tables.push((1, edge.to));
                tables.extend(self.scan.graph.parents(edge.to).iter().map(|e| (2, e.to)));
            }
            tables.sort();
            for (_, table) in tables {
                let Some(contract) = self.contract(table) else { continue };
                let found = roles::event_time(contract);
                let eventful = roles::revenue_rank(contract) >= 3 || best.1.1 == 0;
                if found.1 > best.1.1 && eventful {
                    best = (table, found);
                }
            }
        }
        match best.1.0 {
            Choice::One(column) => {
                let words = if words.is_empty() { "the time" } else { words };
                self.reach(scope, best.0, words).then(|| (best.0, column.name.clone()))
            }
            Choice::Several(columns) => {
                let question = Question::new(format!("`{words}`: several times could be meant. By which one?"));
                let question = question.key(format!("{}.time", best.0.table));
                let readings = columns.iter().map(|c| (format!("{}.{}", best.0.table, c.name), c.name.clone()));
                let column = self.choose(Readings::new(question).or_any(readings))?;
                self.reach(scope, best.0, words).then_some((best.0, column))
            }
            Choice::None => {
                let about = format!("`{words}`: {} has no column that says when a row happened.", scope.base.table);
                self.ask_that(Question::new(about).or_without());
                None
            }
        }
    }
}
