//! What happens to the rows of the result: gaps filled, conditions on measures, measures over the rows around, the first
//! rows of an order.

use crate::spec::{Direction, Fill, Grouping, Model, Order, Over, Top, Windowed};
use crate::vocabulary::{Name, Span, Unit};

use super::Assembly;
use super::columns::Scope;
use super::times::rows_in;
use crate::requirement::piece::{Around, GroupItem, Kind, Noun, Shape};
use crate::requirement::{Question, Readings};

impl<'a> Assembly<'_, 'a> {
    /// Adds the steps after the groups to a model.
    pub(super) fn result(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let pieces = self.pieces;
        let shapes: Vec<(usize, &Shape<'a>)> = pieces
            .iter()
            .enumerate()
            .filter_map(|(i, p)| match &p.kind {
                Kind::Shape(shape) => Some((i, shape)),
                _ => None,
            })
            .collect();
        for (i, shape) in shapes {
            match shape {
                Shape::Fill => self.fill(i, model),
                Shape::Compare { op, literal, next } => self.having(i, op, literal, *next, model),
                Shape::Around(around) => self.around(i, around, scope, model),
                Shape::Against(unit) if !self.against_of_growth(i) => {
                    // `with the change in percent`, after it, says which of them is wanted.
                    let own = self.growth_after(i);
                    let all = [Over::Previous, Over::Change, Over::Growth];
                    for over in all.into_iter().take(if own { 1 } else { 3 }) {
                        let around = Around { unit: Some(*unit), ..Around::new(over) };
                        self.around(i, &around, scope, model);
                    }
                }
                Shape::Top { rows, ascending, ranked, .. } => self.top(i, *rows, *ascending, *ranked, scope, model),
                _ => {}
            }
        }
    }

    /// The measure that a piece became.
    fn measure_of(&self, piece: usize, model: &Model) -> Option<Name> {
        self.part_of(piece, model, "measures").into_iter().next()
    }

    /// The names that a piece became in a part of the model.
    fn part_of(&self, piece: usize, model: &Model, part: &str) -> Vec<Name> {
        let head = format!("models.{}.{part}.", model.name);
        let paths = self.became.get(&piece).into_iter().flatten();
        paths.filter_map(|p| p.strip_prefix(&head)?.parse().ok()).collect()
    }

    /// The measures that are meant by words at a piece: that after it, or the one before, else any.
    fn measures_at(&self, piece: usize, next: bool, several: bool, model: &Model) -> Vec<Name> {
        let after = || (piece + 1..self.pieces.len()).find_map(|i| self.measure_of(i, model));
        let before = || (0..piece).rev().find_map(|i| self.measure_of(i, model));
        if several && !next && model.measures.len() > 1 {
            return model.measures.iter().map(|m| m.name.clone()).collect();
        }
        let found = if next { after() } else { before().or_else(after) };
        found.or_else(|| model.measures.last().map(|m| m.name.clone())).into_iter().collect()
    }

    /// The unit of the grain.
    pub(super) fn grain_unit(&self) -> Option<Unit> {
        let said = self.pieces.iter().find_map(|p| match &p.kind {
            Kind::Group(items) => items.iter().find_map(|i| match i {
                GroupItem::Unit(unit, _) => Some(*unit),
                _ => None,
            }),
            _ => None,
        });
        said.or_else(|| self.compared_unit().map(|u| u.1))
    }

    /// What is compared with, where no grain is said: `month over month revenue` has a row for each month.
    pub(super) fn compared_unit(&self) -> Option<(usize, Unit)> {
        self.pieces.iter().enumerate().find_map(|(i, p)| match &p.kind {
            Kind::Shape(Shape::Around(around)) if around.over != Over::Share => Some((i, around.unit?)),
            Kind::Shape(Shape::Against(unit)) => Some((i, *unit)),
            _ => None,
        })
    }

    /// The group that holds the time, and the others.
    fn time_of(&self, model: &Model) -> (Option<Name>, Vec<Name>) {
        let mut times = self.time_groups_of(model);
        let others = model.group_by.iter().map(|g| g.name.clone()).filter(|n| !times.contains(n)).collect();
        (times.pop(), others)
    }

    /// Whether a growth before it takes the period that is said here.
    fn against_of_growth(&self, piece: usize) -> bool {
        self.pieces[..piece].iter().rev().any(|p| {
            matches!(&p.kind, Kind::Shape(Shape::Around(a)) if matches!(a.over, Over::Growth | Over::Change) && a.unit.is_none())
        })
    }

    /// Whether gaps are to be filled.
    fn fills(&self) -> bool {
        self.pieces.iter().any(|p| matches!(p.kind, Kind::Shape(Shape::Fill)))
    }

    /// Whether a growth after it is over the period that is said here.
    fn growth_after(&self, piece: usize) -> bool {
        self.pieces[piece + 1..].iter().any(|p| {
            matches!(&p.kind, Kind::Shape(Shape::Around(a)) if matches!(a.over, Over::Growth | Over::Change) && a.unit.is_none())
        })
    }

    fn fill(&mut self, piece: usize, model: &mut Model) {
        let words = self.scan.words(&self.pieces[piece].tokens);
        let (Some(every), Some(over)) = (self.grain_unit(), self.time_group_of(model)) else {
            let about = format!("`{words}`: there is no row for each day, week or month. Which periods are meant?");
            let question = Question::new(about).key("fill").saying("{words}, per {}");
            self.ask_that(question.or("day").or("week").or("month"));
            return;
        };
        let (from, to) = self.whole_window(model);
        if from.is_some() && to.is_some() {
            let because =
                format!("each {} of the window has a row, also before the first and after the last", every.as_str());
            self.assume(format!("models.{}.fill", model.name), because);
        }
        model.fill = Some(Fill { over, every, from, to });
        self.note(piece, format!("models.{}.fill", model.name));
    }

    fn having(&mut self, piece: usize, op: &str, literal: &str, next: bool, model: &mut Model) {
        let at = if next { piece + 1 } else { piece.saturating_sub(1) };
        let Some(measure) = self.measure_of(at, model) else { return };
        let condition = format!("{measure} {op} {literal}");
        let n = model.having.iter().position(|h| *h == condition).unwrap_or_else(|| {
            model.having.push(condition);
            model.having.len() - 1
        });
        let path = format!("models.{}.having.{n}", model.name);
        self.note(piece, path.clone());
        let lead = piece.checked_sub(2).filter(|i| matches!(self.pieces[*i].kind, Kind::Shape(Shape::Where)));
        if let Some(lead) = lead.filter(|_| !next) {
            self.note(lead, path);
        }
    }

    fn around(&mut self, piece: usize, around: &Around<'a>, scope: &mut Scope<'a>, model: &mut Model) {
        let words = self.scan.words(&self.pieces[piece].tokens);
        let later = |shape: fn(&Shape<'_>) -> bool| {
            let rest = self.pieces.iter().enumerate().skip(piece + 1);
            let rest = rest.take_while(|(_, p)| !matches!(p.kind, Kind::Shape(Shape::Around(_))));
            rest.filter(|(_, p)| matches!(&p.kind, Kind::Shape(s) if shape(s))).map(|(i, _)| i).next()
        };
        let against = later(|s| matches!(s, Shape::Against(_)));
        let percent = later(|s| matches!(s, Shape::Percent));
        let length = later(|s| matches!(s, Shape::Span(_)));
        let within = later(|s| matches!(s, Shape::Within(_)));
        let measures = self.measures_at(piece, around.next, around.several, model);
        let (time, others) = self.time_of(model);
        let mut notes: Vec<usize> = vec![piece];
        notes.extend(percent);
        let compares = matches!(around.over, Over::Growth | Over::Change);
        let earlier = self.pieces[..piece].iter().rposition(|p| matches!(p.kind, Kind::Shape(Shape::Against(_))));
        let against = against.or(earlier.filter(|_| compares));
        let unit = around.unit.or_else(|| match against.map(|i| &self.pieces[i].kind) {
            Some(Kind::Shape(Shape::Against(unit))) => Some(*unit),
            _ => None,
        });
        notes.extend(against.filter(|_| around.unit.is_none() && matches!(around.over, Over::Growth | Over::Change)));
        let mut per = Vec::new();
        if let Some(i) = within
            && let Kind::Shape(Shape::Within(item)) = &self.pieces[i].kind
        {
            per = self.within(item, scope, model);
            notes.push(i);
        }
        // `emergency admissions …, their share of all admissions`: of all rows, or of those that are left?
        if around.over == Over::Share && around.total && words.contains("of all") && !model.filters.is_empty() {
            let question = Question::new(format!("`{words}`: of all rows, or of those that the conditions leave?"));
            let left = format!("the total is of rows with {}", model.filters.join(" and "));
            let readings = Readings::new(question.key("share.of"));
            if self.choose(readings.or_that("of those that are left", left, ()).or_without()).is_none() {
                return;
            }
        }
        if around.over.ordered() && time.is_none() && !self.has_order(model) {
            let about = format!("`{words}`: nothing says which row is before which. Per what?");
            let question = Question::new(about).key("order").saying("per {} {words}");
            self.ask_that(question.or("day").or("week").or("month").or_without());
            return;
        }
        let grain = self.grain_unit();
        let mut back = None;
        if matches!(around.over, Over::Previous | Over::Change | Over::Growth)
            && let (Some(unit), Some(grain)) = (unit, grain)
        {
            let Some(rows) = rows_in(Span { count: 1, unit }, grain) else {
                self.uneven(words, unit, grain);
                return;
            };
            back = Some(rows).filter(|b| *b > 1);
        }
        let mut rows = None;
        if around.over.moving() {
            let said = around.span.or_else(|| match length.map(|i| &self.pieces[i].kind) {
                Some(Kind::Shape(Shape::Span(span))) => Some(*span),
                _ => None,
            });
            notes.extend(length);
            let (Some(span), Some(grain)) = (said, grain) else { return };
            let Some(count) = rows_in(span, grain).filter(|n| *n > 1) else {
                self.uneven(words, span.unit, grain);
                return;
            };
            rows = Some(count);
        }
        let percent = around.percent || percent.is_some();
        let over = if percent && around.over == Over::Change { Over::Growth } else { around.over };
        if over == Over::Share && per.is_empty() {
            match self.share_of(around, words, time.as_ref(), &others) {
                Some(found) => per = found,
                None => return,
            }
        } else if over.ordered() {
            per.clone_from(&others);
            if time.is_none() {
                per.clear();
            }
        }
        for of in measures {
            // What a change is one of is worth a column too.
            if matches!(over, Over::Growth | Over::Change) {
                let before =
                    Windowed { back, per: per.clone(), ..self.windowed(Over::Previous, &of, unit, None, model) };
                self.add_windowed(before, &notes, model);
            }
            let mut windowed = self.windowed(over, &of, unit, rows, model);
            windowed.per.clone_from(&per);
            windowed.back = back;
            windowed.rows = rows;
            windowed.percent = percent && matches!(over, Over::Growth | Over::Share);
            if windowed.percent {
                let name = windowed.name.as_str();
                let name = if over == Over::Share { format!("{of}_percent") } else { format!("{name}_percent") };
                windowed.name = Name::from_text(&name, "measure");
            }
            let far = rows.or(back).filter(|_| model.fill.is_none() && !self.fills());
            if let (Some(n), Some(grain)) = (far, grain) {
                let (grain, place) = (grain.as_str(), format!("models.{}.windowed.{}", model.name, windowed.name));
                let which = if rows.is_some() { "over the last" } else { "compared with the row" };
                let before = if rows.is_some() { "rows" } else { "rows before" };
                self.assume(place, format!(
                    "`{words}` is {which} {n} {before}: a {grain} without rows is none; say `without gaps` to have a row for each"
                ));
            }
            if over.ordered() && time.is_none() {
                windowed.order = model.group_by.first().map(|g| g.name.clone());
            }
            self.add_windowed(windowed, &notes, model);
        }
    }

    /// Whether a group without a unit of time has an order of its own: hours of the day.
    fn has_order(&self, model: &Model) -> bool {
        self.calendar_part(model)
    }

    fn windowed(&self, over: Over, of: &Name, unit: Option<Unit>, rows: Option<u32>, model: &Model) -> Windowed {
        let unit = unit.filter(|u| Some(*u) != self.grain_unit());
        let tail = unit.map(|u| format!("_{}", u.as_str())).unwrap_or_default();
        let name = match over {
            Over::Running => format!("running_{of}"),
            Over::MovingAverage => {
                let unit = self.grain_unit().map_or("row", Unit::as_str);
                format!("{of}_{}_{unit}_average", rows.unwrap_or_default())
            }
            Over::MovingSum => {
                let unit = self.grain_unit().map_or("row", Unit::as_str);
                format!("{of}_{}_{unit}_sum", rows.unwrap_or_default())
            }
            Over::Previous if unit.is_some() => format!("{of}{tail}_before"),
            Over::Previous => format!("previous_{of}"),
            Over::Change => format!("{of}{tail}_change"),
            Over::Growth => format!("{of}{tail}_growth"),
            Over::Share => format!("{of}_share"),
            Over::Rank => format!("{of}_rank"),
        };
        let taken = |name: &Name| {
            model.measures.iter().any(|m| m.name == *name) || model.group_by.iter().any(|g| g.name == *name)
        };
        let mut name = Name::from_text(&name, "measure");
        if taken(&name) {
            name = Name::from_text(&format!("{name}_2"), "measure");
        }
        Windowed::new(name, over, of.clone())
    }

    fn add_windowed(&mut self, windowed: Windowed, notes: &[usize], model: &mut Model) {
        let path = format!("models.{}.windowed.{}", model.name, windowed.name);
        for piece in notes {
            self.note(*piece, path.clone());
        }
        if !model.windowed.iter().any(|w| w.name == windowed.name) {
            model.windowed.push(windowed);
        }
    }

    /// A year has no fixed number of days, a month no fixed number of weeks.
    fn uneven(&mut self, words: &str, unit: Unit, grain: Unit) {
        let (unit, grain) = (unit.as_str(), grain.as_str());
        let about = format!(
            "`{words}`: there is a row for each {grain}, and a {unit} has no fixed number of them. What is compared?"
        );
        let question = Question::new(about).key("back");
        self.ask_that(question.or_without());
    }

    /// The rows that a share is a part of: all, or those of the same time.
    fn share_of(
        &mut self,
        around: &Around<'a>,
        words: &str,
        time: Option<&Name>,
        others: &[Name],
    ) -> Option<Vec<Name>> {
        let Some(time) = time.filter(|_| !others.is_empty()) else { return Some(Vec::new()) };
        if around.unit.is_some() || around.of_each.is_some() && !around.total {
            return Some(vec![time.clone()]);
        }
        let about = format!("`{words}`: of which whole?");
        let each = self.grain_unit().map_or("period", Unit::as_str);
        let readings = Readings::new(Question::new(about).key("share"))
            .or_that(
                format!("of the same {each}"),
                format!("the shares of one {each} add up to one"),
                vec![time.clone()],
            )
            .or_that("of everything", "all shares together add up to one", Vec::new());
        self.choose(readings)
    }

    fn within(&mut self, item: &GroupItem<'a>, scope: &mut Scope<'a>, model: &mut Model) -> Vec<Name> {
        match item {
            GroupItem::Noun(noun) => self.per_noun(noun, scope, model),
            GroupItem::Unit(unit, tokens) if self.time_group_of(model).is_none() => {
                let words = self.scan.words(tokens);
                let Some(grouping) = self.time_group(scope, *unit, words, model) else { return Vec::new() };
                self.add_grouping(grouping, scope, model)
            }
            _ => self.time_group_of(model).into_iter().collect(),
        }
    }

    /// Adds what rows have alike: a group, or a column of the rows.
    fn add_grouping(&mut self, grouping: Grouping, scope: &Scope<'a>, model: &mut Model) -> Vec<Name> {
        let name = grouping.name.clone();
        if !model.group_by.is_empty() || !model.measures.is_empty() {
            if !model.group_by.iter().any(|g| g.name == name) {
                model.group_by.push(grouping);
            }
        } else {
            self.all_columns(scope, model);
            let rule = crate::spec::ColumnRule {
                expr: grouping.expr,
                description: grouping.description,
                ..Default::default()
            };
            model.columns.entry(name.clone()).or_insert(rule);
        }
        vec![name]
    }

    /// The columns of the result that rows of a noun have alike; those that are not there yet are added.
    fn per_noun(&mut self, noun: &Noun<'a>, scope: &mut Scope<'a>, model: &mut Model) -> Vec<Name> {
        let words = self.scan.words(&noun.tokens);
        let groupings = self.noun_groups(scope, noun, words);
        let grouped = !model.group_by.is_empty() || !model.measures.is_empty();
        for grouping in &groupings {
            if grouped {
                if !model.group_by.iter().any(|g| g.name == grouping.name) {
                    model.group_by.push(grouping.clone());
                }
                continue;
            }
            let own = self.contract(scope.base).is_some_and(|c| c.column(grouping.name.as_str()).is_some());
            if !own || grouping.expr.is_some() || !model.columns.is_empty() {
                self.all_columns(scope, model);
                let rule = crate::spec::ColumnRule { expr: grouping.expr.clone(), ..Default::default() };
                model.columns.entry(grouping.name.clone()).or_insert(rule);
            }
        }
        groupings.into_iter().map(|g| g.name).collect()
    }

    /// Names the columns of the rows, where all of them pass.
    fn all_columns(&mut self, scope: &Scope<'a>, model: &mut Model) {
        if !model.columns.is_empty() {
            return;
        }
        let Some(contract) = self.contract(scope.base) else { return };
        for column in &contract.columns {
            let expr = Some(self.expr(scope, scope.base, &column.name)).filter(|e| *e != column.name.as_str());
            model.columns.insert(column.name.clone(), crate::spec::ColumnRule { expr, ..Default::default() });
        }
    }

    fn top(
        &mut self,
        piece: usize,
        rows: Option<u32>,
        ascending: bool,
        ranked: bool,
        scope: &mut Scope<'a>,
        model: &mut Model,
    ) {
        let words = self.scan.words(&self.pieces[piece].tokens);
        let by = self.pieces.iter().enumerate().skip(piece).find_map(|(i, p)| match &p.kind {
            Kind::Shape(Shape::By { ascending }) => Some((i, *ascending)),
            _ => None,
        });
        let column = self.pieces.iter().enumerate().skip(piece).find_map(|(i, p)| match &p.kind {
            Kind::Shape(Shape::Column(noun)) => Some((i, noun)),
            _ => None,
        });
        let grouped = !model.measures.is_empty();
        let of = match column {
            Some((i, noun)) if !grouped => {
                let said = self.scan.words(&self.pieces[i].tokens);
                let Some(found) = self.column(scope, noun, said) else { return };
                let name = found.column.name.clone();
                if !model.columns.is_empty() || found.table != scope.base {
                    let expr = Some(self.expr(scope, found.table, &name)).filter(|e| *e != name.as_str());
                    if model.columns.is_empty() {
                        self.all_columns(scope, model);
                    }
                    let rule = crate::spec::ColumnRule { expr, ..Default::default() };
                    model.columns.entry(name.clone()).or_insert(rule);
                }
                Some(name)
            }
            _ => by
                .and_then(|(i, _)| self.measure_of(i + 1, model))
                .or_else(|| model.measures.last().map(|m| m.name.clone())),
        };
        let Some(of) = of else {
            let about = format!("`{words}`: what are they ordered by?");
            let candidates = self.numbers_of(scope.base);
            self.ask_that(Question::new(about).key("top.by").saying("{words} by {}").or_any(candidates));
            return;
        };
        let ascending = by.and_then(|b| b.1).unwrap_or(ascending);
        // What stands right after it is put in order; the other groups are what it is done for.
        let mut per: Vec<Name> = Vec::new();
        let mut notes = vec![piece];
        for (i, p) in self.pieces.iter().enumerate() {
            match &p.kind {
                Kind::Group(_) if i != piece + 1 => {
                    let own = self.part_of(piece + 1, model, "group_by");
                    let names = self.part_of(i, model, "group_by");
                    per.extend(names.into_iter().filter(|n| !own.contains(n)));
                }
                Kind::Shape(Shape::Within(item)) => {
                    per.extend(self.within(item, scope, model));
                    notes.push(i);
                }
                _ => {}
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        per.retain(|p| seen.insert(p.clone()));
        notes.extend(by.map(|b| b.0));
        notes.extend(column.map(|c| c.0).filter(|_| !grouped));
        if ranked {
            let mut windowed = self.windowed(Over::Rank, &of, None, None, model);
            (windowed.per, windowed.ascending) = (per, ascending);
            self.add_windowed(windowed, &notes, model);
            return;
        }
        let Some(rows) = rows else { return };
        let direction = if ascending { Direction::Ascending } else { Direction::Descending };
        let path = format!("models.{}.top", model.name);
        if by.is_none() {
            self.assume(format!("{path}.by"), format!("`{words}` is by {of}: nothing else is named"));
        }
        model.top = Some(Top { rows, by: vec![Order { by: of.to_string(), direction }], per });
        for piece in notes {
            self.note(piece, path.clone());
        }
    }
}
