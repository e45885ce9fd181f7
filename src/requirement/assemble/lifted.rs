//! Rows that are counted beside sums over rows that belong to them: `loans and total fines per category`. Those below are
//! brought to one row each first, so that rows without any count too, and none counts twice.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::spec::{Function, Join, JoinKind, Measure as Computed};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::base::tables_of;
use super::columns::Scope;
use super::measures::{head_of, people};
use super::summed::summed;
use crate::requirement::piece::{Filter, Formula, GroupItem, Kind, Measure, Piece, What};
use crate::requirement::roles;
use crate::requirement::{Question, Readings};

/// The rows that count, and the tables of the measures over rows below them.
pub(super) struct Lifted<'a> {
    /// The table of the rows.
    pub(super) rows: &'a TableRef,
    /// By their pieces, where the other measures are computed, and what is said of those.
    pub(super) below: BTreeMap<usize, &'a TableRef>,
}

impl<'a> Assembly<'_, 'a> {
    /// What is asked for is such a table; none where one base does.
    pub(super) fn lifted(&self) -> Option<Lifted<'a>> {
        let mut measures: Vec<(usize, Cow<'_, Measure<'a>>)> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            match &piece.kind {
                Kind::Measure(measure) if !self.is_title(i) => measures.push((i, Cow::Borrowed(measure))),
                Kind::Noun(noun) => measures.extend(summed(noun).map(|m| (i, Cow::Owned(m)))),
                // What goes by an order of rows, or makes columns of values, is read over one base.
                Kind::Dedupe(_) | Kind::Pivot(_) | Kind::Elapsed(_) => return None,
                _ => {}
            }
        }
        let counted = measures.iter().flat_map(|(_, m)| match &m.what {
            What::Count { noun, distinct: false, active: false } => noun.hits.tables.clone(),
            _ => Vec::new(),
        });
        let mut rows: Vec<&'a TableRef> = counted.filter(|t| self.happens(t)).collect();
        rows.sort();
        rows.dedup();
        let mut found: Vec<Lifted<'a>> = rows.into_iter().filter_map(|t| self.lifted_to(t, &measures)).collect();
        if found.len() == 1 { found.pop() } else { None }
    }

    /// What happens below has times of its own: whether it counts by those of the rows above is asked.
    pub(super) fn by_whose_time(&mut self, lifted: &Lifted<'a>) {
        let unit = |p: &Piece<'a>| match &p.kind {
            Kind::Group(items) => items.iter().any(|i| matches!(i, GroupItem::Unit(..) | GroupItem::Part(..))),
            _ => false,
        };
        if !self.pieces.iter().any(unit) {
            return;
        }
        let rows = people(&head_of(self, lifted.rows));
        let own = |i: &usize| matches!(self.pieces[*i].kind, Kind::Measure(_) | Kind::Noun(_));
        let timed = lifted.below.iter().find(|(i, home)| own(i) && self.happens(home));
        let Some((piece, home)) = timed else { return };
        let words = self.scan.words(&self.pieces[*piece].tokens).trim_start_matches("and ").to_owned();
        let about =
            format!("`{words}`: {} have a time of their own. By which do they count?", people(&head_of(self, home)));
        let differs = format!("they count where their {rows} do, whenever they happened themselves");
        let readings = Readings::new(Question::new(about).key("time.below"));
        let _chosen: Option<()> =
            self.choose(readings.or_that(format!("the time of their {rows}"), differs, ()).or_without());
    }

    /// Whether rows of a table happen, so that there are some without anything below them.
    fn happens(&self, table: &TableRef) -> bool {
        self.scan.twice.get(table).is_none() && self.contract(table).is_some_and(|c| roles::event_time(c).1 >= 3)
    }

    fn lifted_to(&self, rows: &'a TableRef, measures: &[(usize, Cow<'_, Measure<'a>>)]) -> Option<Lifted<'a>> {
        let mut below = BTreeMap::new();
        for (i, measure) in measures {
            if self.is_own(measure, rows) {
                continue;
            }
            let home = self.home(measure, rows)?;
            let adds = match &measure.what {
                // What a table between two pairs with several rows would count several times.
                What::Count { distinct: false, active: false, noun } => noun.hits.tables.contains(&home),
                What::Of { function, .. } | What::Worth { function, .. } => {
                    matches!(function, Function::Sum | Function::Min | Function::Max | Function::Avg)
                }
                _ => false,
            };
            below.insert(*i, home).is_none().then_some(()).filter(|()| adds)?;
        }
        // Everything else is said of the rows themselves, of what they lead to, or of the one measure beside it.
        let reached =
            |tables: &[&'a TableRef]| tables.is_empty() || tables.iter().any(|t| self.distance(rows, t).is_some());
        let nouns = self.nouns();
        let mut said = nouns.iter().filter(|(i, _)| !measures.iter().any(|m| m.0 == *i));
        let mut beside = BTreeMap::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Filter(Filter::Values { values, .. }) = &piece.kind else { continue };
            let tables: Vec<&'a TableRef> = values.iter().flat_map(|v| v.of.iter().map(|o| o.table)).collect();
            if !reached(&tables) {
                let home = [i + 1, i.checked_sub(1)?].into_iter().find_map(|n| below.get(&n).copied())?;
                let one = below.values().filter(|h| **h == home).count() == 1;
                (one && tables.contains(&home)).then(|| beside.insert(i, home))?;
            }
        }
        let fits = said.all(|(i, n)| beside.contains_key(i) || reached(&tables_of(n)));
        let own = measures.len() > below.len();
        let fits = fits && own && !below.is_empty();
        below.extend(beside);
        fits.then_some(Lifted { rows, below })
    }

    /// Whether a measure is over the rows themselves.
    fn is_own(&self, measure: &Measure<'a>, rows: &TableRef) -> bool {
        let column = |formula: &Formula<'a>| {
            let nouns = formula.nouns();
            !nouns.is_empty() && nouns.iter().all(|n| n.hits.columns.iter().any(|c| c.table == rows))
        };
        match &measure.what {
            What::Count { noun, active: false, .. } => {
                noun.hits.tables.contains(&rows)
                    || noun.hits.tables.iter().any(|t| self.distance(rows, t).is_some())
                    || noun.hits.tables.is_empty() && noun.hits.columns.iter().any(|c| c.table == rows)
            }
            What::Rows => true,
            What::Of { formula, .. } | What::Call(_, formula) => column(formula),
            What::Worth { noun, .. } => {
                let said = |n: &crate::requirement::piece::Noun<'a>| n.hits.tables.contains(&rows);
                noun.as_ref().is_none_or(said) && self.contract(rows).is_some_and(|c| roles::amount(c).is_some())
            }
            _ => false,
        }
    }

    /// A measure over rows below: for each row in scope it is in a model of their own, here it is put together.
    pub(super) fn lifted_measure(
        &mut self,
        scope: &mut Scope<'a>,
        home: &'a TableRef,
        measure: &Measure<'a>,
        words: &str,
    ) -> Option<Computed> {
        let way = self.way(home, scope.base, words)?;
        self.touch(home);
        let mut inner = Scope::new(home);
        let mut done = None;
        // As elsewhere: the first pass finds what is in scope.
        for _ in 0..2 {
            let mut model = self.int_model(home, scope.base, "");
            let on = self.by_parent(&mut inner, &mut model, &way)?;
            for i in self.below.clone().into_iter().filter(|b| b.1 == home).map(|b| b.0) {
                if let Kind::Filter(_) = &self.pieces[i].kind {
                    model.filters.extend(self.conditions(&mut inner, &self.pieces[i]));
                    self.note(i, format!("models.{}.where", model.name));
                }
            }
            let computed = self.measure(&mut inner, &mut model, measure, words, false)?;
            done = Some((model, on, computed));
        }
        let (mut model, on, computed) = done?;
        let (function, expr) = computed.function()?;
        // A mean over all of them is their sum over their number, not a mean of means.
        let parts = [("total", Function::Sum), ("number", Function::Count)].map(|(end, function)| {
            let name = Name::from_text(&format!("{}_{end}", computed.name), "measure");
            let text = computed.description.clone().map(|d| format!("{} ({end}).", d.trim_end_matches('.')));
            Computed { filter: computed.filter.clone(), description: text, ..Computed::new(name, function, expr) }
        });
        match function {
            Function::Avg => model.measures.extend(parts.clone()),
            _ => model.measures.push(computed.clone()),
        }
        model.joins = self.joins(&inner, &model.filters);
        inner.joined.iter().for_each(|edge| self.touch(edge.to));
        let (things, thing) = (people(&head_of(self, home)), head_of(self, scope.base));
        let text =
            format!("{} brought to one row for each {}.", super::model::capital(&things), thing.replace('_', " "));
        model.description = Some(text);
        let to = self.between(model);
        if !scope.more.iter().any(|j| j.to == to) {
            scope.more.push(Join::new(to.clone(), JoinKind::Left, on.into_iter().collect()));
        }
        if function == Function::Avg {
            let [total, number] = parts.map(|p| format!("sum({to}.{})", p.name));
            let expr = format!("1.0 * {total} / nullif({number}, 0)");
            let mean = Computed::new(computed.name, Function::Expr, expr);
            return Some(Computed { description: computed.description, ..mean });
        }
        let column = format!("{to}.{}", computed.name);
        let (function, expr) = match function {
            Function::Count | Function::CountDistinct => (Function::Sum, format!("coalesce({column}, 0)")),
            other => (other, column),
        };
        Some(Computed { description: computed.description, ..Computed::new(computed.name, function, expr) })
    }
}
