//! What a pipeline waits for: `after orders is loaded`.

use super::Assembly;
use crate::requirement::piece::{Kind, Noun};
use crate::requirement::{Question, Readings};
use crate::spec::Spec;
use crate::vocabulary::{Relation, TableRef};

impl<'a> Assembly<'_, 'a> {
    /// Tables that other pipelines load and that this one waits for, so that it does not land them itself.
    pub(super) fn waits(&mut self) -> Vec<&'a TableRef> {
        let mut out: Vec<&'a TableRef> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::AfterLoad(noun) = &piece.kind else { continue };
            if let Some(table) = self.waits_for(i, noun)
                && !out.contains(&table)
            {
                out.push(table);
            }
        }
        out
    }

    /// The table of `noun` that another pipeline loads. What only this one lands is loaded before anything is built.
    fn waits_for(&mut self, piece: usize, noun: &Noun<'a>) -> Option<&'a TableRef> {
        let tables = &noun.hits.tables;
        let words = self.scan.words(&self.pieces[piece].tokens);
        let loads = |table: &TableRef, spec: &Spec| spec.ingest.iter().any(|i| i.table == *table);
        let specs = &self.scan.ground.specs;
        let loaded: Vec<&'a TableRef> =
            tables.iter().filter(|t| specs.values().any(|spec| loads(t, spec))).copied().collect();
        if !loaded.is_empty() {
            self.note(piece, "schedule.after");
            return match loaded[..] {
                [table] => Some(table),
                _ => self.one_table(words, loaded),
            };
        }
        match self.touched.iter().find(|t| tables.contains(t)).copied() {
            Some(table) => {
                let path = format!("ingest.{table}");
                let because =
                    format!("{} is landed by this pipeline, and nothing is built before that is done", table.table);
                self.assume(path.clone(), because);
                self.note(piece, path);
            }
            None => {
                let about = format!(
                    "`{words}`: no pipeline loads it, so there is nothing to wait for. Shall it run by the clock?"
                );
                self.note(piece, "schedule.after");
                self.ask_that(Question::new(about).key("after").words(words).or_without());
            }
        }
        None
    }

    /// Airflow starts a DAG by the clock or by what others have done, never by both.
    pub(super) fn clock_or_load(
        &mut self,
        cron: Option<String>,
        waits: &[&TableRef],
    ) -> (Option<String>, Vec<Relation>) {
        let after: Vec<Relation> = waits.iter().map(|t| Relation::Table((*t).clone())).collect();
        let (Some(cron), false) = (&cron, after.is_empty()) else { return (cron, after) };
        let names: Vec<&str> = waits.iter().map(|t| t.table.as_str()).collect();
        let names = names.join(" and ");
        let about = format!("A time and the load of {names} are named. What starts the pipeline?");
        let readings = Readings::new(Question::new(about).key("start"))
            .or_that("the clock", format!("at `{cron}`, whether {names} came or not"), (Some(cron.clone()), Vec::new()))
            .or_that("the load", format!("whenever {names} is loaded"), (None, after));
        self.choose(readings).unwrap_or_default()
    }
}
