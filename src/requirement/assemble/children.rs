//! Intermediate models: rows of one table brought to one row for each row of another, so that nothing is multiplied
//! where they meet.

use crate::spec::{Grouping, Model};
use crate::vocabulary::{Name, Relation, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::names::head;
use crate::requirement::graph::{Edge, Way};
use crate::requirement::stem::plural;
use crate::requirement::{Question, Readings};

impl<'a> Assembly<'_, 'a> {
    /// The keys from a table to the one that its rows belong to; none where that is a question.
    pub(super) fn way(&mut self, from: &'a TableRef, to: &'a TableRef, words: &str) -> Option<Vec<Edge<'a>>> {
        match self.scan.graph.way(from, to) {
            Way::By(edges) => Some(edges),
            Way::No => None,
            Way::Several(ways) => {
                let said = |way: &[Edge<'_>]| {
                    way.iter().map(|e| format!("{}.{}", e.from.table, e.on[0].0)).collect::<Vec<_>>()
                };
                let about =
                    format!("`{words}`: {} leads to {} by several keys. Which one is meant?", from.table, to.table);
                let question = Question::new(about).key(format!("{}.key", to.table));
                let readings = ways.into_iter().map(|way| (said(&way).join(" → "), way));
                self.choose(Readings::new(question).or_any(readings))
            }
        }
    }

    /// Groups a model over a table by the key of the table that its rows belong to; our key columns there, then theirs.
    pub(super) fn by_parent(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        way: &[Edge<'a>],
    ) -> Option<Vec<(Name, Name)>> {
        let last = way.last()?;
        for edge in &way[..way.len() - 1] {
            if !scope.tables().contains(&edge.to) {
                scope.joined.push(edge.clone());
            }
        }
        let thing = self.contract(last.to).map(head).unwrap_or_default();
        let mut pairs = Vec::new();
        for (ours, theirs) in &last.on {
            let bare = ["id", "key", "code", "number", "name"].contains(&theirs.as_str());
            let name = if bare { Name::from_text(&format!("{thing}_{theirs}"), "column") } else { (*theirs).clone() };
            let expr = self.expr(scope, last.from, ours);
            if !last.required {
                model.filters.push(format!("{expr} is not null"));
            }
            let description = Some(format!("The {}.", thing.replace('_', " ")));
            let expr = Some(expr).filter(|e| *e != name.as_str());
            model.group_by.push(Grouping { name: name.clone(), expr, description });
            pairs.push(((*theirs).clone(), name));
        }
        Some(pairs)
    }

    /// A new model of rows of `child`, one for each row of `parent`: `int_payments_by_order`.
    pub(super) fn int_model(&self, child: &'a TableRef, parent: &'a TableRef, said: &str) -> Model {
        let name = |t: &TableRef| self.contract(t).map(head).unwrap_or_default();
        let said = if said.is_empty() { String::new() } else { format!("{said}_") };
        let text = format!("int_{said}{}_by_{}", plural(&name(child)), name(parent));
        Model::new(Name::from_text(&text, "model"), Relation::Model(self.staging_name(child)))
    }

    /// Takes an intermediate model in; one that is the same but for what it computes takes its measures.
    pub(super) fn between(&mut self, mut model: Model) -> Name {
        let bare = |m: &Model| {
            let mut m = m.clone();
            (m.measures, m.name, m.description) = (Vec::new(), Name::from_text("same", "model"), None);
            m
        };
        if let Some(had) = self.between.iter_mut().find(|m| bare(m) == bare(&model)) {
            for measure in model.measures {
                if !had.measures.contains(&measure) {
                    had.measures.push(measure);
                }
            }
            return had.name.clone();
        }
        let first = model.name.clone();
        let mut n = 2;
        while self.between.iter().any(|m| m.name == model.name) || self.clashes(&model) {
            model.name = Name::from_text(&format!("{first}_{n}"), "model");
            n += 1;
        }
        let name = model.name.clone();
        self.between.push(model);
        name
    }

    /// Whether another pipeline has another model of that name.
    fn clashes(&self, model: &Model) -> bool {
        let others = self.scan.ground.specs.values().flat_map(|s| &s.models);
        others.filter(|m| m.name == model.name).any(|m| m != model)
    }
}
