//! A row for each of something, with what is counted and summed over tables that belong to it: each of them is brought to
//! one row first, so that two that meet multiply nothing.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::spec::{ColumnRule, Function, Join, JoinKind, Measure as Computed, Model};
use crate::vocabulary::{Name, Relation, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::measures::{head_of, people};
use super::model::capital;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Elapsed, Filter, Formula, GroupItem, Kind, Measure, Noun, What};
use crate::requirement::roles;
use crate::requirement::stem::plural;

/// What is there a row for, and what is computed from where.
pub(super) struct Family<'a> {
    /// The table that the others belong to.
    pub(super) parent: &'a TableRef,
    /// Rows without any of the others are there too.
    all: bool,
    /// Tables, with the measures over their rows.
    homes: Vec<(&'a TableRef, Vec<usize>)>,
}

/// A table that was brought to the parent's key: the model, its key columns by the parent's, its measures.
struct Child {
    model: Name,
    on: IndexMap<Name, Name>,
    measures: Vec<(usize, Computed)>,
}

impl<'a> Assembly<'_, 'a> {
    /// What is asked for is such a table; none where one base does.
    pub(super) fn family(&self) -> Option<Family<'a>> {
        let mut groups: Vec<&Noun<'a>> = Vec::new();
        for piece in self.pieces {
            match &piece.kind {
                Kind::Group(items) => {
                    for item in items {
                        match item {
                            GroupItem::Noun(noun) => groups.push(noun),
                            GroupItem::Unit(..) | GroupItem::Part(..) | GroupItem::Column(_) => return None,
                        }
                    }
                }
                Kind::Dedupe(_) | Kind::Pivot(_) | Kind::Shape(_) => return None,
                _ => {}
            }
        }
        let titles: Vec<usize> = (0..self.pieces.len()).filter(|i| self.is_title(*i)).collect();
        let measures: Vec<(usize, &Measure<'a>)> = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(i, p)| match &p.kind {
                Kind::Measure(m) if !titles.contains(&i) => Some((i, m)),
                _ => None,
            })
            .collect();
        let first = measures.first()?.0;
        let dimension = self.pieces.iter().any(|p| matches!(p.kind, Kind::Dimension));
        let zero = self.pieces.iter().any(|p| matches!(p.kind, Kind::Zero));
        let parents: Vec<&'a TableRef> = match groups[..] {
            [] => {
                let noun = |p: &crate::requirement::piece::Piece<'a>| match &p.kind {
                    Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(noun.hits.tables.clone()),
                    _ => None,
                };
                let before = self.pieces[..first].iter().find_map(noun);
                before.or_else(|| self.pieces.iter().find_map(noun).filter(|_| dimension))?
            }
            [noun] => noun.hits.tables.clone(),
            _ => return None,
        };
        let found = parents.into_iter().find_map(|parent| {
            let mut homes: Vec<(&'a TableRef, Vec<usize>)> = Vec::new();
            for (i, measure) in &measures {
                let home = self.home(measure, parent)?;
                match homes.iter_mut().find(|h| h.0 == home) {
                    Some(had) => had.1.push(*i),
                    None => homes.push((home, vec![*i])),
                }
            }
            Some((parent, homes))
        });
        let (parent, homes) = found?;
        // `for every account`: each of them, whatever it has.
        let every = self.pieces.iter().any(|p| {
            matches!(p.kind, Kind::Group(_)) && self.scan.words(&p.tokens).to_lowercase().starts_with("for every ")
        });
        let grouped = !groups.is_empty() && !dimension && !zero && !every;
        if (grouped || every) && homes.len() < 2 {
            return None;
        }
        // Where all others belong to rows of one of them, its rows are the ones that are there.
        let top = homes.iter().position(|h| homes.iter().all(|o| o.0 == h.0 || self.scan.leads(o.0, h.0)));
        let all = !grouped || top.is_none();
        let mut homes = homes;
        if let Some(at) = top.filter(|_| !all) {
            let first = homes.remove(at);
            homes.insert(0, first);
        }
        Some(Family { parent, all, homes })
    }

    /// The table over whose rows a measure is computed, of those that belong to rows of `parent`.
    pub(super) fn home(&self, measure: &Measure<'a>, parent: &'a TableRef) -> Option<&'a TableRef> {
        let nearest = |tables: Vec<&'a TableRef>| {
            let mut near: Vec<(u32, &'a TableRef)> = tables
                .into_iter()
                .filter(|t| self.scan.leads(t, parent))
                .filter_map(|t| Some((self.distance(t, parent)?, t)))
                .collect();
            near.sort();
            near.dedup();
            match near[..] {
                [(best, _), (next, _), ..] if best == next => None,
                [(_, table), ..] => Some(table),
                [] => None,
            }
        };
        let all = || self.scan.ground.contracts.keys().filter(|t| self.scan.leads(t, parent));
        match &measure.what {
            What::Count { active: true, .. } | What::Rows => None,
            What::Count { noun, .. } if noun.hits.tables.is_empty() => {
                nearest(noun.hits.columns.iter().map(|c| c.table).collect())
            }
            What::Count { noun, .. } => nearest(noun.hits.tables.clone()).or_else(|| {
                // `teachers per course`: a table between the two pairs them.
                let tables = noun.hits.tables.iter().filter(|t| **t != parent && !self.scan.leads(t, parent));
                let pairs: Vec<_> = tables.flat_map(|t| self.between_both(t, parent)).collect();
                let [(up, _)] = &pairs[..] else { return None };
                Some(up.from)
            }),
            What::Worth { noun, .. } => {
                let said: Vec<&'a TableRef> = noun.iter().flat_map(|n| n.hits.tables.iter().copied()).collect();
                let amount = |t: &&'a TableRef| self.contract(t).is_some_and(|c| roles::amount(c).is_some());
                let own: Vec<&'a TableRef> = said.iter().copied().filter(amount).collect();
                if !own.is_empty() {
                    return nearest(own);
                }
                let rank = |t: &&'a TableRef| self.contract(t).map_or(0, roles::revenue_rank);
                let best = all().filter(amount).map(|t| rank(&t)).max().filter(|r| *r > 0)?;
                nearest(all().filter(amount).filter(|t| rank(t) == best).collect())
            }
            What::Share { .. } | What::Ratio { .. } => None,
            What::Of { formula, .. } | What::Call(_, formula) => self.formula_home(formula, parent),
            What::Named(name) => self.formula_home(self.definition(name)?, parent),
            What::When { noun, .. } => nearest(noun.hits.tables.clone()),
            What::Elapsed { elapsed, .. } if elapsed.events().any(|e| e.pick.is_some()) => None,
            What::Elapsed { elapsed, .. } => {
                let ends = self.event_tables(elapsed);
                let leads =
                    |t: &TableRef, ends: &BTreeSet<&TableRef>| ends.iter().any(|e| *e == t || self.scan.leads(t, e));
                let both = all().filter(|t| ends.iter().all(|e| leads(t, e)));
                nearest(both.collect())
            }
        }
    }

    fn formula_home(&self, formula: &Formula<'a>, parent: &'a TableRef) -> Option<&'a TableRef> {
        fn leaves<'f, 'a>(formula: &'f Formula<'a>, out: &mut Vec<&'f [ColumnOf<'a>]>) {
            match formula {
                Formula::Column(noun) => out.push(&noun.hits.columns),
                Formula::Number(_) => {}
                Formula::Op(left, _, right) => {
                    leaves(left, out);
                    leaves(right, out);
                }
            }
        }
        let mut columns = Vec::new();
        leaves(formula, &mut columns);
        let tables = columns.iter().flat_map(|c| c.iter().map(|c| c.table)).collect::<BTreeSet<_>>();
        let cost = |t: &&'a TableRef| -> Option<u32> {
            let near = |c: &&[ColumnOf<'a>]| c.iter().filter_map(|c| self.distance(t, c.table)).min();
            columns.iter().map(near).sum()
        };
        let fit = tables.into_iter().filter(|t| self.scan.leads(t, parent));
        fit.filter_map(|t| Some((cost(&t)?, t))).min().map(|f| f.1)
    }

    /// The tables that each end of a stretch of time may be in.
    pub(super) fn event_tables(&self, elapsed: &Elapsed<'a>) -> Vec<BTreeSet<&'a TableRef>> {
        // The first and the last of several are brought to one row, wherever that is.
        let one = elapsed.events().filter(|e| e.pick.is_none());
        one.map(|event| self.event_columns(event).iter().map(|c| c.table).collect()).collect()
    }

    /// Builds the model of a family, and those that its others are brought to one row in.
    pub(super) fn family_mart(&mut self, family: &Family<'a>, name: Name) -> Model {
        let parent = family.parent;
        let mut model = Model::new(name, Relation::Model(self.staging_name(parent)));
        self.touch(parent);
        let (own, theirs) = self.divided(family);
        // What counts rows of others as a condition, and what is a column of its own, stays with the parent.
        let mut scope = Scope::new(parent);
        for dry in [true, false] {
            self.between.clear();
            let kept = (self.assumed.clone(), self.warnings.clone(), self.became.clone());
            let mut draft = Model::new(model.name.clone(), model.from.clone());
            scope.more.clear();
            let children = self.children(family, &theirs);
            self.only = Some(own.clone());
            self.window(&mut scope, &mut draft);
            self.filters(&mut scope, &mut draft);
            self.others(&mut scope, &mut draft);
            self.rows(&mut scope, &mut draft);
            self.elapsed_columns(&mut scope, &mut draft, true);
            self.only = None;
            if let Some(children) = children.filter(|_| self.questions.is_empty()) {
                self.join_children(family, &mut scope, &mut draft, children);
            }
            model = draft;
            if !self.questions.is_empty() {
                return model;
            }
            if dry {
                (self.assumed, self.warnings, self.became) = kept;
            }
        }
        model.joins = self.joins(&scope, &model.filters);
        scope.joined.iter().for_each(|edge| self.touch(edge.to));
        let thing = head_of(self, parent);
        let others: Vec<String> = family.homes.iter().map(|h| people(&head_of(self, h.0))).collect();
        model.description = Some(format!(
            "{}, one row each, with what is known of their {}.",
            capital(&plural(&thing.replace('_', " "))),
            others.join(" and ")
        ));
        for (i, piece) in self.pieces.iter().enumerate() {
            if matches!(piece.kind, Kind::Dimension | Kind::Zero) {
                self.note(i, format!("models.{}", model.name));
            }
            if let Kind::Group(_) = piece.kind {
                self.note(i, format!("models.{}.columns", model.name));
            }
        }
        self.note_words(&model);
        model
    }

    /// The pieces that are about the parent's rows, and for each home those about its rows.
    fn divided(&self, family: &Family<'a>) -> (BTreeSet<usize>, Vec<BTreeSet<usize>>) {
        let parent = family.parent;
        let mut own = BTreeSet::new();
        let mut theirs: Vec<BTreeSet<usize>> = family.homes.iter().map(|h| h.1.iter().copied().collect()).collect();
        let first = family.homes.iter().flat_map(|h| h.1.iter().copied()).min().unwrap_or(0);
        let happens = self.contract(parent).is_some_and(|c| roles::event_time(c).1 >= 3);
        for (i, piece) in self.pieces.iter().enumerate() {
            let tables: Vec<&TableRef> = match &piece.kind {
                Kind::Window(_) | Kind::Period { .. } => {
                    if family.all && happens && i < first {
                        own.insert(i);
                    } else {
                        for pieces in &mut theirs {
                            pieces.insert(i);
                        }
                    }
                    continue;
                }
                Kind::Filter(Filter::Values { values, noun, .. }) => {
                    let said =
                        noun.iter().flat_map(|n| n.hits.tables.iter().chain(n.hits.columns.iter().map(|c| &c.table)));
                    let said: Vec<&TableRef> = said.copied().collect();
                    let of = values.iter().flat_map(|v| v.of.iter().map(|o| o.table));
                    let narrowed: Vec<&TableRef> = of.clone().filter(|t| said.contains(t)).collect();
                    if narrowed.is_empty() { of.collect() } else { narrowed }
                }
                Kind::Filter(Filter::Compare { noun, .. } | Filter::Missing { noun, .. }) => {
                    let columns = noun.hits.columns.iter().map(|c| c.table);
                    columns.chain(noun.hits.tables.iter().copied()).collect()
                }
                Kind::Filter(Filter::Lasting { elapsed, .. }) => {
                    self.event_tables(elapsed).into_iter().flatten().collect()
                }
                Kind::Filter(Filter::Others(_)) | Kind::Elapsed(_) => {
                    own.insert(i);
                    continue;
                }
                Kind::Noun(noun) if noun.hits.tables.is_empty() => {
                    own.insert(i);
                    continue;
                }
                Kind::Noun(noun) if !noun.values.is_empty() => {
                    noun.values.iter().flat_map(|v| v.of.iter().map(|o| o.table)).collect()
                }
                Kind::Happened(happened) => happened.time.hits.columns.iter().map(|c| c.table).collect(),
                Kind::Define { .. } => Vec::new(),
                _ => {
                    // What other readers make of words about rows as they are.
                    if !matches!(piece.kind, Kind::Measure(_) | Kind::Group(_)) {
                        own.insert(i);
                    }
                    continue;
                }
            };
            let said_of = |from: &TableRef| tables.iter().any(|t| *t == from || self.scan.leads(from, t));
            if family.all && said_of(parent) {
                own.insert(i);
                continue;
            }
            for (home, pieces) in family.homes.iter().zip(&mut theirs) {
                if said_of(home.0) {
                    pieces.insert(i);
                }
            }
        }
        (own, theirs)
    }

    /// Each home brought to one row for each of the parent's.
    fn children(&mut self, family: &Family<'a>, theirs: &[BTreeSet<usize>]) -> Option<Vec<Child>> {
        let mut out = Vec::new();
        for ((home, measures), pieces) in family.homes.iter().zip(theirs) {
            let words = measures.first().map(|i| self.scan.words(&self.pieces[*i].tokens)).unwrap_or_default();
            let way = self.way(home, family.parent, words)?;
            self.touch(home);
            let mut scope = Scope::new(home);
            let mut done = None;
            // As elsewhere: the first pass finds what is in scope.
            for _ in 0..2 {
                let mut model = self.int_model(home, family.parent, "");
                self.only = Some(pieces.clone());
                self.window(&mut scope, &mut model);
                self.filters(&mut scope, &mut model);
                let on = self.by_parent(&mut scope, &mut model, &way);
                let computed = self.measures_of(&mut scope, &mut model, measures);
                self.only = None;
                done = on.zip(computed).map(|(on, computed)| (model, on, computed));
            }
            let (mut model, on, computed) = done?;
            let (things, thing) = (people(&head_of(self, home)), head_of(self, family.parent).replace('_', " "));
            model.description = Some(format!("{} brought to one row for each {thing}.", capital(&things)));
            model.joins = self.joins(&scope, &model.filters);
            scope.joined.iter().for_each(|edge| self.touch(edge.to));
            let draft = model.name.clone();
            let named = self.between(model);
            self.renamed(&draft, &named);
            for i in pieces {
                if !self.became.contains_key(i) {
                    self.note(*i, format!("models.{named}"));
                }
            }
            out.push(Child { model: named, on: on.into_iter().collect(), measures: computed });
        }
        Some(out)
    }

    /// Paths into a model that got another name.
    fn renamed(&mut self, from: &Name, to: &Name) {
        if from == to {
            return;
        }
        let (from, to) = (format!("models.{from}"), format!("models.{to}"));
        for path in self.became.values_mut().flatten() {
            if let Some(rest) = path.strip_prefix(&from).filter(|r| r.is_empty() || r.starts_with('.')) {
                *path = format!("{to}{rest}");
            }
        }
    }

    /// The measures of one home.
    fn measures_of(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        measures: &[usize],
    ) -> Option<Vec<(usize, Computed)>> {
        let mut out = Vec::new();
        for i in measures {
            let Kind::Measure(measure) = &self.pieces[*i].kind else { continue };
            let words = self.scan.words(&self.pieces[*i].tokens);
            let computed = self.measure(scope, model, measure, words, measures.len() == 1)?;
            let at = self.add(model, computed);
            self.note(*i, format!("models.{}.measures.{}", model.name, model.measures[at].name));
            out.push((*i, model.measures[at].clone()));
        }
        Some(out)
    }

    /// Joins the others to the parent's rows, or to those of the first of them, and names what they hold.
    fn join_children(&mut self, family: &Family<'a>, scope: &mut Scope<'a>, model: &mut Model, children: Vec<Child>) {
        let Some(contract) = self.contract(family.parent) else { return };
        let zero = self.pieces.iter().any(|p| matches!(p.kind, Kind::Zero));
        let label = roles::label(contract).filter(|_| !family.all || zero);
        let dimension = self.pieces.iter().any(|p| matches!(p.kind, Kind::Dimension));
        if model.columns.is_empty() {
            let whole = family.all && (dimension || !self.pieces.iter().any(|p| matches!(p.kind, Kind::Group(_))));
            for column in contract
                .columns
                .iter()
                .filter(|c| whole || c.primary_key.is_some() || label.is_some_and(|l| l.name == c.name))
            {
                model.columns.insert(column.name.clone(), ColumnRule::default());
            }
            if whole {
                let because = "no column is named: all of them are there".to_owned();
                self.assume(format!("models.{}.columns", model.name), because);
            }
        }
        let mut order: Vec<(usize, Name, ColumnRule)> = Vec::new();
        for (n, child) in children.into_iter().enumerate() {
            let kind = if !family.all && n == 0 { JoinKind::Inner } else { JoinKind::Left };
            let joined = scope.more.iter_mut().find(|j| j.to == child.model && j.alias.is_none());
            let inner = match joined {
                Some(join) => join.kind == JoinKind::Inner,
                None => {
                    scope.more.push(Join::new(child.model.clone(), kind, child.on));
                    kind == JoinKind::Inner
                }
            };
            for (i, computed) in child.measures {
                let counts = matches!(computed.function(), Some((Function::Count | Function::CountDistinct, _)));
                let sums = matches!(computed.function(), Some((Function::Sum, _)));
                let column = format!("{}.{}", child.model, computed.name);
                let zero = !inner && (counts || sums && family.all);
                let expr = if zero { format!("coalesce({column}, 0)") } else { column };
                let taken = |n: &Name| {
                    model.columns.contains_key(n)
                        || order.iter().any(|o| o.1 == *n)
                        || contract.column(n.as_str()).is_some()
                };
                let mut name = computed.name.clone();
                if taken(&name) {
                    let home = family.homes.iter().find(|h| h.1.contains(&i)).map(|h| head_of(self, h.0));
                    name = Name::from_text(&format!("{}_{name}", home.unwrap_or_default()), "column");
                }
                let text = computed.description.unwrap_or_default();
                let text =
                    if zero { format!("{}, zero where there are none.", text.trim_end_matches('.')) } else { text };
                self.note(i, format!("models.{}.columns.{name}", model.name));
                order.push((
                    i,
                    name,
                    ColumnRule { expr: Some(expr), description: Some(text), ..ColumnRule::default() },
                ));
            }
        }
        order.sort_by_key(|o| o.0);
        model.columns.extend(order.into_iter().map(|(_, name, rule)| (name, rule)));
        let which = match (family.all, &family.homes[..]) {
            (true, _) => "all rows are there, also those that nothing belongs to".to_owned(),
            (false, [(first, _), ..]) => format!("only rows that have {} are there", people(&head_of(self, first))),
            (false, []) => return,
        };
        self.assume(format!("models.{}.from", model.name), which);
    }
}
