//! Checks in words become tests of staging models.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::spec::{Test, TestSeverity};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use crate::requirement::graph::Way;
use crate::requirement::lexicon::ColumnOf;
use crate::requirement::piece::{Check, Kind, Noun};
use crate::requirement::{Question, Readings};

impl<'a> Assembly<'_, 'a> {
    /// The tests that the words ask for; their tables come into hand.
    pub(super) fn tests(&mut self) -> Vec<Test> {
        let mut out: Vec<Test> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Test(check) = &piece.kind else { continue };
            let words = self.scan.words(&piece.tokens);
            let found = match check {
                Check::NotNull(noun) => self.on_column(noun, words).map(|c| test(c, "not_null", IndexMap::new())),
                Check::Unique(noun) => self.on_column(noun, words).map(|c| test(c, "unique", IndexMap::new())),
                Check::OneOf { noun, values } => self.on_column(noun, words).map(|c| {
                    let values = values.iter().map(|v| Json::from(v.clone())).collect();
                    test(c, "accepted_values", IndexMap::from([("values".to_owned(), Json::Array(values))]))
                }),
                Check::Belongs { child, parent } => self.belongs(child, parent, words),
            };
            let Some(found) = found.flatten() else { continue };
            let at = out.iter().position(|t| *t == found).unwrap_or_else(|| {
                out.push(found);
                out.len() - 1
            });
            self.note(i, format!("tests.{at}"));
        }
        out
    }

    fn on_column(&mut self, noun: &Noun<'a>, words: &str) -> Option<ColumnOf<'a>> {
        let mut columns = noun.hits.columns.clone();
        if columns.len() > 1 {
            let near: Vec<_> = columns.iter().filter(|c| self.touched.contains(&c.table)).copied().collect();
            if !near.is_empty() {
                columns = near;
            }
        }
        let [column] = columns[..] else {
            let about = format!("`{words}`: several columns could be meant. Which one is it?");
            let readings = columns.iter().map(|c| (format!("{}.{}", c.table.table, c.column.name), *c));
            let column = self.choose(Readings::new(Question::new(about)).or_any(readings))?;
            self.touch(column.table);
            return Some(column);
        };
        self.touch(column.table);
        Some(column)
    }

    fn belongs(&mut self, child: &Noun<'a>, parent: &Noun<'a>, words: &str) -> Option<Option<Test>> {
        let mut keys = Vec::new();
        for from in &child.hits.tables {
            for to in &parent.hits.tables {
                match self.scan.graph.way(from, to) {
                    Way::By(edges) => keys.extend(edges.first().filter(|_| edges.len() == 1).cloned()),
                    Way::Several(ways) => keys.extend(ways.iter().filter(|w| w.len() == 1).map(|w| w[0].clone())),
                    Way::No => {}
                }
            }
        }
        let [edge] = &keys[..] else {
            let tables: Vec<&TableRef> = child.hits.tables.iter().chain(&parent.hits.tables).copied().collect();
            let candidates = if keys.is_empty() {
                tables.iter().map(|t| self.describe(t)).collect()
            } else {
                keys.iter().map(|e| format!("{}.{}", e.from.table, e.on[0].0)).collect()
            };
            self.ask(format!("`{words}`: by which key do the two belong together?"), candidates);
            return None;
        };
        let [(ours, theirs)] = edge.on[..] else {
            let about = format!("`{words}`: a key of several columns can't be checked yet.");
            self.ask_that(Question::new(about).or_without());
            return None;
        };
        let (from, to) = (edge.from, edge.to);
        self.touch(from);
        self.touch(to);
        let column = self.contract(from)?.column(ours.as_str())?;
        let arguments = IndexMap::from([
            ("to".to_owned(), Json::from(format!("ref('{}')", to.staging_model()))),
            ("field".to_owned(), Json::from(theirs.as_str())),
        ]);
        Some(test(ColumnOf { table: from, column }, "relationships", arguments))
    }
}

fn test(of: ColumnOf<'_>, name: &str, arguments: IndexMap<String, Json>) -> Option<Test> {
    Some(Test {
        model: of.table.staging_model(),
        column: Some(of.column.name.clone()),
        test: Name::word(name).ok()?,
        arguments,
        severity: TestSeverity::Error,
    })
}
