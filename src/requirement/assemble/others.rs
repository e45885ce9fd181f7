//! Rows that have others, or lack them: semi and anti joins, and joins to how many there are.

use indexmap::IndexMap;

use crate::spec::{Function, Join, JoinKind, Measure as Computed, Model};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::measures::{described, head_of, people};
use crate::requirement::Question;
use crate::requirement::graph::Edge;
use crate::requirement::piece::{Filter, Kind, Many, Measure, Others, Piece, What};
use crate::requirement::stem::plural;

impl<'a> Assembly<'_, 'a> {
    /// Adds what the pieces at hand say of rows of other tables to a model over the scope.
    pub(super) fn others(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        for (i, piece) in self.at_hand() {
            let Kind::Filter(Filter::Others(others)) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            let Some((subject, way)) = self.subject_of(i, scope.base, others, words) else {
                if self.questions.is_empty() {
                    let about = format!("`{words}`: no key leads from those rows to {}.", scope.base.table);
                    self.ask_that(Question::new(about).or_without());
                }
                continue;
            };
            if let Some(path) = self.other(scope, model, subject, &way, others, words) {
                self.note(i, format!("models.{}.{path}", model.name));
            }
        }
    }

    /// Whose rows have or lack the others, and the keys from the others to it.
    fn subject_of(
        &mut self,
        at: usize,
        base: &'a TableRef,
        others: &Others<'a>,
        words: &str,
    ) -> Option<(&'a TableRef, Vec<Edge<'a>>)> {
        let named = self.pieces[..at].iter().rev().filter_map(|p| match &p.kind {
            Kind::Noun(noun) | Kind::Measure(Measure { what: What::Count { noun, .. }, .. }) => Some(&noun.hits.tables),
            _ => None,
        });
        let mut subjects: Vec<&'a TableRef> = named.flatten().copied().collect();
        subjects.push(base);
        let subject = subjects.into_iter().find(|s| {
            self.distance(base, s).is_some() && others.noun.hits.tables.iter().any(|t| self.scan.leads(t, s))
        })?;
        let mut tables: Vec<(u32, &'a TableRef)> =
            others.noun.hits.tables.iter().filter_map(|t| Some((self.distance(t, subject)?, *t))).collect();
        tables.sort();
        let (_, child) = *tables.first()?;
        Some((subject, self.way(child, subject, words)?))
    }

    /// One such condition; the part of the model that it became.
    fn other(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        subject: &'a TableRef,
        way: &[Edge<'a>],
        others: &Others<'a>,
        words: &str,
    ) -> Option<String> {
        let child = way.first()?.from;
        self.touch(child);
        if child == scope.base && others.many == Many::Some {
            // `customers who placed an order` over orders: the rows are these.
            for piece in &others.which {
                let found = self.conditions(scope, piece);
                model.filters.extend(found);
            }
            model.window = model.window.take().or(self.own_window(child, &others.which));
            return Some("from".into());
        }
        let mut inner = Scope::new(child);
        let mut draft = self.int_model(child, subject, &self.said_which(others));
        if !others.noun.values.is_empty() {
            let noun = Piece { tokens: others.noun.tokens.clone(), kind: Kind::Noun(others.noun.clone()) };
            draft.filters.extend(self.conditions(&mut inner, &noun));
        }
        for piece in &others.which {
            draft.filters.extend(self.conditions(&mut inner, piece));
        }
        draft.window = self.own_window(child, &others.which);
        let ours = self.our_key(scope, subject, words)?;
        let counted = matches!(others.many, Many::Count(..));
        let kind = if others.many == Many::None { JoinKind::Anti } else { JoinKind::Semi };
        if way.len() == 1 && inner.joined.is_empty() && !counted {
            let on = way[0].on.iter().map(|(fk, key)| (ours(key), (*fk).clone())).collect();
            let mut join = Join { window: draft.window, ..Join::new(self.staging_name(child), kind, on) };
            join.filters = draft.filters;
            return Some(self.join_others(scope, model, join, others));
        }
        let pairs = self.by_parent(&mut inner, &mut draft, way)?;
        let thing = head_of(self, child);
        let count = Name::from_text(&format!("{thing}_count"), "measure");
        let all =
            described(Computed::new(count.clone(), Function::Count, "*"), format!("Number of {}.", people(&thing)));
        draft.measures.push(all);
        draft.joins = self.joins(&inner, &draft.filters);
        inner.joined.iter().for_each(|edge| self.touch(edge.to));
        draft.description = Some(format!(
            "{}{} of each {}, how many there are.",
            super::model::capital(&people(&thing)),
            if draft.filters.is_empty() && draft.window.is_none() { "" } else { " that count" },
            head_of(self, subject).replace('_', " ")
        ));
        let to = self.between(draft);
        let on: IndexMap<Name, Name> = pairs.into_iter().map(|(key, group)| (ours(&key), group)).collect();
        let Many::Count(op, n) = others.many else {
            return Some(self.join_others(scope, model, Join::new(to, kind, on), others));
        };
        let none = others.many.allows_none();
        let kind = if none { JoinKind::Left } else { JoinKind::Inner };
        if !scope.more.iter().any(|j| j.to == to) {
            scope.more.push(Join::new(to.clone(), kind, on));
        }
        let column = format!("{to}.{count}");
        let column = if none { format!("coalesce({column}, 0)") } else { column };
        model.filters.push(format!("{column} {op} {n}"));
        Some(format!("where.{}", model.filters.len() - 1))
    }

    /// Adds a semi or anti join, under a name of its own where the model is read already.
    fn join_others(&mut self, scope: &mut Scope<'a>, model: &Model, mut join: Join, others: &Others<'a>) -> String {
        let read = |to: &Name| {
            model.from == crate::vocabulary::Relation::Model(to.clone())
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
