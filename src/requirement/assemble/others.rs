//! Rows that have others, or lack them: semi and anti joins, and joins to how many there are.

use indexmap::IndexMap;

use crate::spec::{Function, Join, JoinKind, Measure as Computed, Model};
use crate::vocabulary::{Name, Relation, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::measures::{described, head_of, people};
use crate::requirement::graph::{self, Edge};
use crate::requirement::piece::{Filter, Kind, Many, Measure, Noun, Others, Piece, What};
use crate::requirement::stem::plural;
use crate::requirement::{Question, Readings};

/// How the others are found from the rows that have or lack them.
pub(super) enum Way<'a> {
    /// They point to them, by these keys one after the other.
    Below(Vec<Edge<'a>>),
    /// They are pointed to by them.
    Above(Edge<'a>),
    /// A table between the two points to both: its key to them, and that to the others.
    Beside(Edge<'a>, Edge<'a>),
}

impl<'a> Way<'a> {
    /// The keys of the rows that are counted, and the key past a table between; none where the others are above.
    fn below(&self) -> Option<(Vec<Edge<'a>>, Option<&Edge<'a>>)> {
        match self {
            Way::Below(way) => Some((way.clone(), None)),
            Way::Beside(up, over) => Some((vec![up.clone()], Some(over))),
            Way::Above(_) => None,
        }
    }
}

impl<'a> Assembly<'_, 'a> {
    /// Adds what the pieces at hand say of rows of other tables to a model over the scope.
    pub(super) fn others(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let late = self.late_condition().map(|c| c.0);
        for (i, piece) in self.at_hand().into_iter().filter(|(i, _)| late != Some(*i)) {
            let Kind::Filter(Filter::Others(others)) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            let found = self.subject_of(i, scope.base, others, words);
            let path = found.and_then(|(subject, way)| match &others.than {
                Some(than) => self.more_than(scope, model, (subject, &way), others, than, words),
                None => self.other(scope, model, subject, &way, others, words),
            });
            match path {
                Some(path) => self.note(i, format!("models.{}.{path}", model.name)),
                None if self.questions.is_empty() => {
                    let about = format!("`{words}`: no key leads from those rows to {}.", scope.base.table);
                    self.ask_that(Question::new(about).or_without());
                }
                None => {}
            }
        }
    }

    /// The rows that a list is of: those of which it is said which others they have or lack.
    pub(super) fn listed(&self) -> Option<&'a TableRef> {
        let first = self.pieces.iter().position(|p| matches!(p.kind, Kind::Filter(Filter::Others(_))))?;
        let Kind::Filter(Filter::Others(others)) = &self.pieces[first].kind else { return None };
        let named = self.pieces[..first].iter().rev().find_map(|p| match &p.kind {
            Kind::Noun(noun) if !noun.hits.tables.is_empty() => Some(&noun.hits.tables),
            _ => None,
        })?;
        let fits = |s: &&&'a TableRef| others.noun.hits.tables.iter().any(|t| self.related(t, s));
        let found: Vec<_> = named.iter().filter(fits).collect();
        match found[..] {
            [one] => Some(*one),
            _ => None,
        }
    }

    fn related(&self, table: &'a TableRef, subject: &'a TableRef) -> bool {
        table == subject && !self.scan.graph.own(subject).is_empty()
            || self.scan.leads(table, subject)
            || self.above(table, subject).is_some()
            || !self.between_both(table, subject).is_empty()
    }

    /// The one key by which rows of `subject` point to those of `table`.
    fn above(&self, table: &'a TableRef, subject: &'a TableRef) -> Option<Edge<'a>> {
        match self.scan.graph.way(subject, table) {
            graph::Way::By(mut edges) if edges.len() == 1 => edges.pop(),
            _ => None,
        }
    }

    /// Tables between two, with the keys to them and to the others; those that hold little else first.
    pub(super) fn between_both(&self, table: &'a TableRef, subject: &'a TableRef) -> Vec<(Edge<'a>, Edge<'a>)> {
        let between = self.scan.graph.children(subject).iter().filter(|b| **b != table && **b != subject);
        let mut found: Vec<(bool, Edge<'a>, Edge<'a>)> = between
            .filter_map(|b| {
                let (up, over) = (self.above(subject, b)?, self.above(table, b)?);
                let key = self.contract(b)?.key();
                let both = [&up, &over].iter().all(|e| e.on.iter().all(|(fk, _)| key.iter().any(|k| k.name == **fk)));
                Some((!both, up, over))
            })
            .collect();
        let bridge = found.iter().any(|f| !f.0);
        found.retain(|f| !bridge || !f.0);
        found.into_iter().map(|f| (f.1, f.2)).collect()
    }

    /// Whose rows have or lack the others, and how those are found.
    fn subject_of(
        &mut self,
        at: usize,
        base: &'a TableRef,
        others: &Others<'a>,
        words: &str,
    ) -> Option<(&'a TableRef, Way<'a>)> {
        let named = self.pieces[..at].iter().rev().filter_map(|p| match &p.kind {
            Kind::Noun(noun) | Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) => Some(&noun.hits.tables),
            _ => None,
        });
        let mut subjects: Vec<&'a TableRef> = named.flatten().copied().collect();
        subjects.push(base);
        self.subject_among(&subjects, base, others, words)
    }

    /// The first of these tables whose rows have or lack the others, and how those are found.
    pub(super) fn subject_among(
        &mut self,
        subjects: &[&'a TableRef],
        base: &'a TableRef,
        others: &Others<'a>,
        words: &str,
    ) -> Option<(&'a TableRef, Way<'a>)> {
        let tables = &others.noun.hits.tables;
        // The rows that are spoken of are those of the noun right before, whichever way they are related.
        let reached = |s: &&'a TableRef| self.distance(base, s).is_some() && tables.iter().any(|t| self.related(t, s));
        let subject = subjects.iter().copied().find(reached)?;
        // `direct reports`: rows of the same table.
        if tables.contains(&subject)
            && let [own] = self.scan.graph.own(subject)
        {
            return Some((subject, Way::Below(vec![own.clone()])));
        }
        let mut near: Vec<(u32, &'a TableRef)> =
            tables.iter().filter_map(|t| Some((self.distance(t, subject)?, *t))).filter(|t| t.1 != subject).collect();
        near.sort();
        if let Some((_, child)) = near.first() {
            return Some((subject, Way::Below(self.way(child, subject, words)?)));
        }
        if let Some(edge) = tables.iter().find_map(|t| self.above(t, subject)) {
            return Some((subject, Way::Above(edge)));
        }
        let ways: Vec<(Edge<'a>, Edge<'a>)> = tables.iter().flat_map(|t| self.between_both(t, subject)).collect();
        let about = format!("`{words}`: several tables tell which belong together. Which one is meant?");
        let readings: Vec<_> = ways.into_iter().map(|w| (self.describe(w.0.from), w)).collect();
        let (up, over) = match readings.len() {
            0 => return None,
            1 => readings.into_iter().next()?.1,
            _ => self.choose(Readings::new(Question::new(about)).or_any(readings))?,
        };
        Some((subject, Way::Beside(up, over)))
    }

    /// One such condition; the part of the model that it became.
    fn other(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        subject: &'a TableRef,
        way: &Way<'a>,
        others: &Others<'a>,
        words: &str,
    ) -> Option<String> {
        if let Way::Above(edge) = way {
            return self.above_of(scope, model, edge, others, words);
        }
        let (way, over) = way.below()?;
        let child = way.first()?.from;
        self.touch(child);
        if child == scope.base && subject != child && others.many == Many::Some && over.is_none() {
            // `customers who placed an order` over orders: the rows are these.
            for piece in &others.which {
                let found = self.conditions(scope, piece);
                model.filters.extend(found);
            }
            model.window = model.window.take().or(self.own_window(scope, &others.which));
            return Some("from".into());
        }
        let (mut inner, draft) = self.those(&way, over, subject, others);
        let kind = if others.many == Many::None { JoinKind::Anti } else { JoinKind::Semi };
        if way.len() == 1 && inner.joined.is_empty() && !matches!(others.many, Many::Count(..)) {
            let ours = self.our_key(scope, subject, words)?;
            let on = way[0].on.iter().map(|(fk, key)| (ours(key), (*fk).clone())).collect();
            let mut join = Join { window: draft.window, ..Join::new(self.staging_name(child), kind, on) };
            join.filters = draft.filters;
            return Some(self.join_others(scope, model, join, others));
        }
        let (join, count) = self.counted(scope, subject, &way, over, &mut inner, draft, words)?;
        let Many::Count(op, n) = others.many else {
            return Some(self.join_others(scope, model, Join { kind, ..join }, others));
        };
        let none = others.many.allows_none();
        let column = format!("{}.{count}", join.to);
        if !scope.more.iter().any(|j| j.to == join.to) {
            scope.more.push(Join { kind: if none { JoinKind::Left } else { JoinKind::Inner }, ..join });
        }
        let column = if none { format!("coalesce({column}, 0)") } else { column };
        model.filters.push(format!("{column} {op} {n}"));
        Some(format!("where.{}", model.filters.len() - 1))
    }

    /// `more orders than payments`: the number of one kind against that of another.
    fn more_than(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        (subject, way): (&'a TableRef, &Way<'a>),
        others: &Others<'a>,
        than: &Noun<'a>,
        words: &str,
    ) -> Option<String> {
        let Many::Count(op, _) = others.many else { return None };
        let second = Others { many: Many::Some, noun: than.clone(), which: Vec::new(), than: None };
        let (_, over) = self.subject_among(&[subject], scope.base, &second, words)?;
        let left = self.number_of(scope, subject, way, others, words)?;
        let right = self.number_of(scope, subject, &over, &second, words)?;
        model.filters.push(format!("{left} {op} {right}"));
        Some(format!("where.{}", model.filters.len() - 1))
    }

    /// How many others each row in scope has, zero where it has none.
    pub(super) fn number_of(
        &mut self,
        scope: &mut Scope<'a>,
        subject: &'a TableRef,
        way: &Way<'a>,
        others: &Others<'a>,
        words: &str,
    ) -> Option<String> {
        let (way, over) = way.below()?;
        self.touch(way.first()?.from);
        let (mut inner, draft) = self.those(&way, over, subject, others);
        let (join, count) = self.counted(scope, subject, &way, over, &mut inner, draft, words)?;
        let column = format!("coalesce({}.{count}, 0)", join.to);
        if !scope.more.iter().any(|j| j.to == join.to) {
            scope.more.push(Join { kind: JoinKind::Left, ..join });
        }
        Some(column)
    }

    /// The others that count, not yet brought to one row each.
    fn those(
        &mut self,
        way: &[Edge<'a>],
        over: Option<&Edge<'a>>,
        subject: &'a TableRef,
        others: &Others<'a>,
    ) -> (Scope<'a>, Model) {
        let child = way[0].from;
        let mut inner = Scope::new(child);
        let said = self.said_which(others);
        let mut draft = self.int_model(over.map_or(child, |o| o.to), subject, &said);
        draft.from = Relation::Model(self.staging_name(child));
        inner.joined.extend(way[..way.len() - 1].iter().cloned());
        // As elsewhere: the first pass finds what is in scope.
        for _ in 0..2 {
            draft.filters.clear();
            if !others.noun.values.is_empty() {
                let noun = Piece { tokens: others.noun.tokens.clone(), kind: Kind::Noun(others.noun.clone()) };
                draft.filters.extend(self.conditions(&mut inner, &noun));
            }
            for piece in &others.which {
                draft.filters.extend(self.conditions(&mut inner, piece));
            }
            draft.window = self.own_window(&mut inner, &others.which);
        }
        (inner, draft)
    }

    /// Brings them to one row for each of the subject's: the join to those, and the column that counts them.
    #[allow(clippy::too_many_arguments)]
    fn counted(
        &mut self,
        scope: &mut Scope<'a>,
        subject: &'a TableRef,
        way: &[Edge<'a>],
        over: Option<&Edge<'a>>,
        inner: &mut Scope<'a>,
        mut draft: Model,
        words: &str,
    ) -> Option<(Join, Name)> {
        let ours = self.our_key(scope, subject, words)?;
        let pairs = self.by_parent(inner, &mut draft, way)?;
        let thing = head_of(self, over.map_or(way[0].from, |o| o.to));
        let count = Name::from_text(&format!("{thing}_count"), "measure");
        // A table between two may pair them several times.
        let counts = match over {
            Some(over) => Computed::new(count.clone(), Function::CountDistinct, over.on.first()?.0.as_str()),
            None => Computed::new(count.clone(), Function::Count, "*"),
        };
        draft.measures.push(described(counts, format!("Number of {}.", people(&thing))));
        draft.joins = self.joins(inner, &draft.filters);
        inner.joined.iter().for_each(|edge| self.touch(edge.to));
        draft.description = Some(format!(
            "{}{} of each {}, how many there are.",
            super::model::capital(&people(&thing)),
            if draft.filters.is_empty() && draft.window.is_none() { "" } else { " that count" },
            head_of(self, subject).replace('_', " ")
        ));
        let to = self.between(draft);
        let on: IndexMap<Name, Name> = pairs.into_iter().map(|(key, group)| (ours(&key), group)).collect();
        Some((Join::new(to, JoinKind::Inner, on), count))
    }

    /// `tickets without an agent`: what they point to is not there.
    fn above_of(
        &mut self,
        scope: &mut Scope<'a>,
        model: &Model,
        edge: &Edge<'a>,
        others: &Others<'a>,
        words: &str,
    ) -> Option<String> {
        let kind = match others.many {
            Many::None => JoinKind::Anti,
            Many::Some => JoinKind::Semi,
            Many::Count(..) => return None,
        };
        if !self.reach(scope, edge.from, words) {
            return None;
        }
        self.touch(edge.to);
        let mut inner = Scope::new(edge.to);
        let mut join = Join::new(self.staging_name(edge.to), kind, IndexMap::new());
        if !others.noun.values.is_empty() {
            let noun = Piece { tokens: others.noun.tokens.clone(), kind: Kind::Noun(others.noun.clone()) };
            join.filters.extend(self.conditions(&mut inner, &noun));
        }
        for piece in &others.which {
            join.filters.extend(self.conditions(&mut inner, piece));
        }
        join.window = self.own_window(&mut inner, &others.which);
        if !inner.joined.is_empty() {
            return None;
        }
        join.on = edge.on.iter().map(|(fk, key)| ((*fk).clone(), (*key).clone())).collect();
        Some(self.join_others(scope, model, join, others))
    }

    /// Adds a semi or anti join, under a name of its own where the model is read already.
    fn join_others(&mut self, scope: &mut Scope<'a>, model: &Model, mut join: Join, others: &Others<'a>) -> String {
        let read = |to: &Name| {
            model.from == Relation::Model(to.clone())
                || scope.joined.iter().any(|e| self.staging_name(e.to) == *to)
                || scope.more.iter().any(|j| j.to == *to && j.alias.is_none())
        };
        if read(&join.to) {
            let thing = plural(&others.noun.hits.tables.first().map(|t| head_of(self, t)).unwrap_or_default());
            let said = match (self.said_which(others), others.many) {
                (said, _) if !said.is_empty() => said,
                (_, Many::None) => "no".into(),
                _ => "any".into(),
            };
            let taken = |n: &Name| scope.more.iter().any(|j| j.alias.as_ref() == Some(n));
            let mut alias = Name::from_text(&format!("{said}_{thing}"), "alias");
            let mut n = 2;
            while taken(&alias) {
                alias = Name::from_text(&format!("{said}_{thing}_{n}"), "alias");
                n += 1;
            }
            join.alias = Some(alias);
        }
        scope.more.push(join);
        format!("joins.{}", scope.joined.len() + scope.more.len() - 1)
    }

    /// The columns of the scope that hold the key of a table in it or above it.
    fn our_key(
        &mut self,
        scope: &mut Scope<'a>,
        subject: &'a TableRef,
        words: &str,
    ) -> Option<impl Fn(&Name) -> Name + use<'a>> {
        let mut pairs: Vec<(Name, Name)> = Vec::new();
        if subject != scope.base {
            let up = self.way(scope.base, subject, words)?;
            let last = up.last()?;
            let from = last.from;
            if !self.reach(scope, from, words) {
                return None;
            }
            pairs.extend(last.on.iter().map(|(fk, key)| ((*key).clone(), (*fk).clone())));
        }
        Some(move |key: &Name| pairs.iter().find(|p| p.0 == *key).map_or_else(|| key.clone(), |p| p.1.clone()))
    }

    /// What tells the rows that count apart from others, as a part of a name: `paid`, `recent`.
    fn said_which(&self, others: &Others<'a>) -> String {
        let values = others.noun.values.iter().map(|v| self.scan.words(&v.tokens));
        let filters = others.which.iter().filter_map(|p| match &p.kind {
            Kind::Filter(Filter::Values { negative: false, values, .. }) => values.first(),
            _ => None,
        });
        let mut said: Vec<String> =
            values.chain(filters.map(|v| self.scan.words(&v.tokens))).map(str::to_lowercase).collect();
        if others.which.iter().any(|p| matches!(p.kind, Kind::Window(_) | Kind::Period { .. })) {
            said.push("recent".into());
        }
        said.dedup();
        said.truncate(2);
        said.join("_").replace(|c: char| !c.is_alphanumeric(), "_")
    }
}
