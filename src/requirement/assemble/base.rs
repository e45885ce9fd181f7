//! The table whose rows are counted and summed: every other table that is needed is reached from it by many-to-one
//! keys, so that no row is multiplied.

use std::collections::BTreeSet;

use crate::spec::Function;
use crate::vocabulary::TableRef;

use super::Assembly;
use super::names::snake;
use crate::requirement::graph::Way;
use crate::requirement::lexicon::EXACT;
use crate::requirement::piece::{Filter, Formula, GroupItem, Kind, Measure, Noun, Shape, What};
use crate::requirement::roles::{self, Choice};
use crate::requirement::{Question, Readings};

/// Something that must be reached from the base: one of these tables.
struct Need<'a> {
    any: Vec<&'a TableRef>,
    piece: usize,
}

impl<'a> Assembly<'_, 'a> {
    /// Chooses the base; none where there is a question.
    pub(super) fn base(&mut self) -> Option<&'a TableRef> {
        let needs = self.needs();
        let mentioned: Vec<&TableRef> = self.mentioned();
        let mut candidates: BTreeSet<&'a TableRef> = needs.iter().flat_map(|n| n.any.iter().copied()).collect();
        let worth =
            self.pieces.iter().any(|p| matches!(&p.kind, Kind::Measure(m) if matches!(m.what, What::Worth { .. })));
        if worth && mentioned.is_empty() {
            let contracts = self.scan.ground.contracts;
            candidates.extend(
                contracts.iter().filter(|(_, c)| roles::amount(c).is_some() && roles::revenue_rank(c) > 0).map(|c| c.0),
            );
        }
        for _ in 0..2 {
            let children: Vec<&TableRef> =
                candidates.iter().take(64).flat_map(|t| self.scan.graph.children(t).iter().copied()).collect();
            candidates.extend(children);
        }
        let mut scored: Vec<(u32, &'a TableRef)> =
            candidates.iter().filter_map(|t| Some((self.cost(t, &needs, &mentioned)?, *t))).collect();
        scored.sort();
        match scored[..] {
            [] => {
                self.no_base(&needs, worth);
                None
            }
            [(best, table), ref rest @ ..] => {
                let alike: Vec<&TableRef> = rest.iter().filter(|r| r.0 == best).map(|r| r.1).collect();
                if alike.is_empty() {
                    return Some(table);
                }
                let words = self.subject_words(&needs);
                self.one_table(&words, std::iter::once(table).chain(alike))
            }
        }
    }

    /// What must be reached.
    fn needs(&self) -> Vec<Need<'a>> {
        let mut out = Vec::new();
        for (piece, noun) in self.nouns() {
            if matches!(self.pieces[piece].kind, Kind::Clean(_) | Kind::SetAside(_) | Kind::Test(_) | Kind::History(_))
            {
                continue;
            }
            // What is hidden is a column of what is shown.
            let hidden = matches!(self.pieces[piece].kind, Kind::Mask(_)) && noun.hits.tables.is_empty();
            if !hidden || self.mentioned().is_empty() {
                out.push(Need { any: tables_of(noun), piece });
            }
            out.extend(noun.modifiers.iter().map(|m| Need { any: m.tables.clone(), piece }));
            if noun.hits.tables.is_empty() {
                out.extend(noun.values.iter().map(|v| Need { any: v.of.iter().map(|o| o.table).collect(), piece }));
            }
        }
        for (piece, p) in self.pieces.iter().enumerate() {
            if let Kind::Filter(Filter::Values { values, noun: None, .. }) = &p.kind {
                out.extend(values.iter().map(|v| Need { any: v.of.iter().map(|o| o.table).collect(), piece }));
            }
            if let Kind::Pivot(pivot) = &p.kind {
                out.extend(pivot.values.iter().map(|v| Need { any: v.of.iter().map(|o| o.table).collect(), piece }));
            }
            if let Kind::Measure(m) = &p.kind {
                out.extend(
                    m.all_values().into_iter().map(|v| Need { any: v.of.iter().map(|o| o.table).collect(), piece }),
                );
            }
        }
        for (piece, p) in self.pieces.iter().enumerate() {
            if let Kind::Elapsed(elapsed) | Kind::Measure(Measure { what: What::Elapsed { elapsed, .. }, .. }) = &p.kind
            {
                for any in self.event_tables(elapsed) {
                    out.push(Need { any: any.into_iter().collect(), piece });
                }
            }
        }
        out.retain(|n| !n.any.is_empty());
        out
    }

    /// Tables that are named as such.
    pub(super) fn mentioned(&self) -> Vec<&'a TableRef> {
        let mut out: Vec<&TableRef> = Vec::new();
        for (piece, noun) in self.nouns() {
            if matches!(
                self.pieces[piece].kind,
                Kind::Clean(_) | Kind::SetAside(_) | Kind::Test(_) | Kind::History(_) | Kind::Group(_)
            ) {
                continue;
            }
            for hits in std::iter::once(&noun.hits).chain(&noun.modifiers) {
                out.extend(hits.tables.iter().copied());
            }
        }
        out.dedup();
        out
    }

    /// How far a base is from all that is needed; none where it can't be one.
    fn cost(&self, base: &'a TableRef, needs: &[Need<'a>], mentioned: &[&TableRef]) -> Option<u32> {
        if self.scan.twice.get(base).is_some() {
            return None;
        }
        let contract = self.contract(base)?;
        let mut cost = 0;
        for need in needs {
            let nearest = need.any.iter().filter_map(|t| self.distance(base, t)).min()?;
            cost += nearest * 2;
        }
        if !mentioned.contains(&base) {
            cost += 3;
        }
        if self.needs_time() {
            let (_, own) = roles::event_time(contract);
            let parents = self
                .scan
                .graph
                .parents(base)
                .iter()
                .filter_map(|e| self.contract(e.to))
                .map(|c| roles::event_time(c).1)
                .max();
            if own == 0 && parents.unwrap_or(0) == 0 {
                return None;
            }
            cost += u32::from(own == 0);
        }
        let measures = self.pieces.iter().filter_map(|p| match &p.kind {
            Kind::Measure(measure) => Some(measure.parts()),
            _ => None,
        });
        for measure in measures.flatten() {
            match &measure.what {
                What::Worth { noun, revenue, .. } => {
                    roles::amount(contract)?;
                    let rank = u32::from(roles::revenue_rank(contract));
                    let of: Vec<&TableRef> = noun.iter().flat_map(|n| n.hits.tables.iter().copied()).collect();
                    if (*revenue || of.is_empty()) && !mentioned.contains(&base) && rank == 0 {
                        return None;
                    }
                    cost += 4 * (3 - rank);
                    // The value of an order is its own, or that of its lines.
                    let lines = rank == 2 && of.iter().any(|t| self.distance(base, t) == Some(1));
                    if !of.is_empty() && !of.contains(&base) && !lines {
                        // `revenue per customer`: people have no amount of their own.
                        let amount = of.iter().filter_map(|t| self.contract(t)).any(|c| roles::amount(c).is_some());
                        if amount {
                            return None;
                        }
                    }
                }
                What::Of { function, formula } if !at_either_end(*function, formula) => {
                    self.has_own(base, formula).then_some(())?;
                }
                What::Count { noun, active: true, .. } if noun.hits.tables.contains(&base) => return None,
                What::Call(_, formula) => self.has_own(base, formula).then_some(())?,
                What::Named(name) => {
                    let formula = self.definition(name)?;
                    self.has_own(base, formula).then_some(())?;
                }
                _ => {}
            }
        }
        Some(cost)
    }

    /// A sum or mean over a parent's column alone would count it once a child.
    fn has_own(&self, base: &TableRef, formula: &Formula<'a>) -> bool {
        match formula {
            Formula::Column(noun) => noun.hits.columns.iter().any(|c| c.table == base),
            Formula::Number(_) => false,
            Formula::Op(left, _, right) => self.has_own(base, left) || self.has_own(base, right),
        }
    }

    /// The formula that a name is defined by.
    pub(super) fn definition(&self, name: &str) -> Option<&Formula<'a>> {
        self.pieces.iter().find_map(|p| match &p.kind {
            Kind::Define { name: defined, formula } if defined == name || defined.ends_with(name) => formula.as_ref(),
            _ => None,
        })
    }

    /// Keys between two tables, on the way from the many to the one.
    pub(super) fn distance(&self, from: &TableRef, to: &TableRef) -> Option<u32> {
        if from == to {
            return Some(0);
        }
        match self.scan.graph.way(from, to) {
            Way::By(edges) => u32::try_from(edges.len()).ok(),
            Way::Several(ways) => u32::try_from(ways.first()?.len()).ok(),
            Way::No => None,
        }
    }

    /// Whether a time is laid over the rows.
    pub(super) fn needs_time(&self) -> bool {
        self.pieces.iter().any(|p| match &p.kind {
            Kind::Group(items) => items.iter().any(|i| !matches!(i, GroupItem::Noun(_))),
            Kind::Shape(Shape::Against(_)) => true,
            Kind::Shape(Shape::Around(around)) => around.over.ordered() && around.unit.is_some(),
            Kind::Window(_) | Kind::Period { .. } => true,
            _ => false,
        })
    }

    fn subject_words(&self, needs: &[Need<'a>]) -> String {
        let piece = needs.first().map(|n| n.piece).or_else(|| {
            self.pieces.iter().position(|p| matches!(p.kind, Kind::Measure(_) | Kind::Artifact { .. } | Kind::Group(_)))
        });
        piece.map_or(String::new(), |p| self.scan.words(&self.pieces[p].tokens).to_owned())
    }

    /// `orders`, with its source where several have one.
    pub(super) fn describe(&self, table: &TableRef) -> String {
        let several = self.scan.ground.contracts.keys().any(|t| t.table == table.table && t.source != table.source);
        if several { table.to_string() } else { table.table.to_string() }
    }

    /// Where no table is named, words that nothing is known of are most likely what it is about.
    fn ask_about_unknown(&mut self) -> bool {
        let unknown: Vec<String> = self
            .pieces
            .iter()
            .filter(|p| matches!(p.kind, Kind::Unknown))
            .map(|p| self.scan.words(&p.tokens).to_owned())
            .filter(|words| words.chars().any(char::is_alphabetic))
            .collect();
        for words in &unknown {
            let candidates = self.near_tables(words);
            self.ask_that(no_table(words).or_any(candidates));
        }
        !unknown.is_empty()
    }

    /// Asks for a formula: people may write one of their own.
    pub(super) fn how_computed(&mut self, words: &str, columns: Vec<String>) {
        let why = format!("columns to compute it from are {}", columns.join(", "));
        let question = Question::new(format!("`{words}`: how is it computed?"));
        let question =
            question.key(snake(words, "measure").as_str()).saying(format!("{{words}}, where {words} is {{}},"));
        let open = "… minus …";
        self.ask_that(if columns.is_empty() { question.or(open) } else { question.or_that(open, why) });
    }

    /// The one table of several that is meant.
    pub(super) fn one_table(
        &mut self,
        words: &str,
        tables: impl IntoIterator<Item = &'a TableRef>,
    ) -> Option<&'a TableRef> {
        let about = format!("`{words}`: several tables could be meant. Which one is it?");
        let readings: Vec<_> = tables.into_iter().map(|t| (self.describe(t), t)).collect();
        self.choose(Readings::new(Question::new(about)).or_any(readings))
    }

    /// Says why there is no base.
    fn no_base(&mut self, needs: &[Need<'a>], worth: bool) {
        let undefined = self.pieces.iter().find_map(|p| match &p.kind {
            Kind::Measure(m) => match &m.what {
                What::Named(name) if self.definition(name).is_none() => Some(p.tokens.clone()),
                _ => None,
            },
            _ => None,
        });
        if let Some(tokens) = undefined {
            let words = self.scan.words(&tokens).to_owned();
            self.how_computed(&words, self.numbers(needs));
            return;
        }
        if needs.is_empty() && !worth && self.ask_about_unknown() {
            return;
        }
        if needs.is_empty() {
            let words = self.subject_words(needs);
            let tables = self.tables_by_meaning();
            let about = if worth {
                format!("`{words}`: no table of the contracts is known to hold that amount. Which table is it about?")
            } else if words.is_empty() {
                "Which table is it about? The requirement names none that the contracts hold.".to_owned()
            } else {
                format!("`{words}`: which table is it about? The requirement names none that the contracts hold.")
            };
            let question = Question::new(about).words(&words).key("table");
            let question = question.saying(if words.is_empty() { "of {}" } else { "{words} of {}" });
            self.ask_that(question.or_any(tables));
            return;
        }
        let mut pieces: Vec<usize> = needs.iter().map(|n| n.piece).collect();
        let worth = |p: &Kind<'_>| matches!(p, Kind::Measure(m) if matches!(m.what, What::Worth { .. }));
        pieces.extend((0..self.pieces.len()).filter(|i| worth(&self.pieces[*i].kind)));
        pieces.sort_unstable();
        pieces.dedup();
        let words: Vec<String> =
            pieces.iter().map(|p| format!("`{}`", self.scan.words(&self.pieces[*p].tokens))).collect();
        let time = if self.needs_time() { ", with a time that says when rows happened," } else { "" };
        let about = format!(
            "{} can't be put together{time} without counting rows several times: no table of the contracts leads to all of it by keys. Which of it is wanted?",
            words.join(", ")
        );
        // Without one of them it is another question.
        let key: Vec<String> = words.iter().map(|w| snake(w.trim_matches('`'), "it").to_string()).collect();
        let question = Question::new(about).key(key.join("."));
        self.ask_that(
            words.iter().fold(question, |question, words| question.words(words.trim_matches('`')).or_without()),
        );
    }

    fn numbers(&self, needs: &[Need<'a>]) -> Vec<String> {
        let tables: BTreeSet<&TableRef> = needs.iter().flat_map(|n| n.any.iter().copied()).collect();
        let mut out = Vec::new();
        for table in tables {
            let Some(contract) = self.contract(table) else { continue };
            let numeric = contract
                .columns
                .iter()
                .filter(|c| c.data_type.is_numeric() && c.primary_key.is_none() && c.references.is_none());
            out.extend(numeric.map(|c| format!("{}.{}", table.table, c.name)));
        }
        out.truncate(12);
        out
    }

    /// Tables, those that things happen in first.
    pub(super) fn tables_by_meaning(&self) -> Vec<String> {
        let mut tables: Vec<(u8, &TableRef)> = self
            .scan
            .ground
            .contracts
            .iter()
            .map(|(t, c)| {
                let worth = if roles::amount(c).is_some() { roles::revenue_rank(c) } else { 0 };
                let time = u8::from(matches!(roles::event_time(c).0, Choice::One(_)));
                (10 - worth * 2 - time, t)
            })
            .collect();
        tables.sort();
        tables.iter().take(12).map(|t| self.describe(t.1)).collect()
    }
}

/// Words that stand where a table would.
pub(super) fn no_table(words: &str) -> Question {
    let about = format!("`{words}`: no table of the contracts is called that. Which one is meant?");
    Question::new(about).key(format!("table.{}", snake(words, "unknown")))
}

/// The smallest or largest value of all, which a row that is counted twice does not change.
fn at_either_end(function: Function, formula: &Formula<'_>) -> bool {
    let moment = || match formula {
        Formula::Column(noun) => noun.hits.columns.iter().any(|c| c.column.data_type.is_temporal()),
        _ => false,
    };
    matches!(function, Function::Min | Function::Max)
        || matches!(function, Function::First | Function::Last) && moment()
}

/// The tables that a noun may be in, those that it names before those whose columns it names.
pub(super) fn tables_of<'a>(noun: &Noun<'a>) -> Vec<&'a TableRef> {
    let mut out: Vec<&TableRef> = noun.hits.tables.clone();
    if out.is_empty() || noun.hits.tier == EXACT {
        out.extend(noun.hits.columns.iter().map(|c| c.table));
    }
    out.sort();
    out.dedup();
    out
}
