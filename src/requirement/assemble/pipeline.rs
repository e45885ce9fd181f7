//! The whole spec.

use std::collections::BTreeSet;

use crate::spec::{Alert, Schedule, Spec};
use crate::vocabulary::{Name, TableRef};

use super::names::head;
use super::{Asked, Assembly};
use crate::requirement::lexicon::FUZZY;
use crate::requirement::piece::{GroupItem, Kind};
use crate::requirement::recognise::{Every, When};
use crate::requirement::stem::plural;
use crate::requirement::{Intent, Question, Readings, Understood};

impl<'a> Assembly<'_, 'a> {
    /// Decides everything, in the order in which one thing needs the other.
    pub(super) fn pipeline(mut self) -> Intent {
        let asked = self.asked();
        self.unknown_questions();
        let nothing = !(asked.ingest || asked.model || asked.clean || asked.apart || asked.test || asked.history);
        if nothing || !self.questions.is_empty() {
            if self.questions.is_empty() {
                let candidates = self.tables_by_meaning();
                let about = "What is wanted, and of which table? The requirement says neither a table to load nor something to compute.";
                self.ask_that(Question::new(about).key("table").saying("build a table of {}").or_any(candidates));
            }
            return Intent::Questions(self.questions);
        }
        let family = if asked.model { self.family() } else { None };
        let lifted = if asked.model && !asked.rows && family.is_none() { self.lifted() } else { None };
        let rows = lifted.as_ref().map(|l| l.rows);
        lifted.iter().for_each(|l| self.by_whose_time(l));
        self.below = lifted.map(|l| l.below).unwrap_or_default();
        let base = match &family {
            Some(family) => Some(family.parent),
            None if rows.is_some() => rows,
            None if asked.model => self.listed().filter(|_| asked.rows).or_else(|| self.base()),
            None => None,
        };
        if !self.questions.is_empty() {
            return Intent::Questions(self.questions);
        }
        let model_name = base.and_then(|b| self.contract(b)).map(|c| self.model_name(c));
        let name = match &model_name {
            Some(name) => {
                self.free(&base.and_then(|b| self.masked_name(self.contract(b)?)).unwrap_or_else(|| name.clone()))
            }
            None => self.free(&self.plain_name(asked)),
        };
        let mut mart = match &family {
            Some(family) => Some(self.family_mart(family, name.clone())),
            None => base.map(|base| self.mart(base, name.clone(), asked)),
        };
        self.touch_mentioned(base);
        self.touch_cleaned();
        let apart = self.apart();
        let mut tests = self.tests(mart.as_ref());
        let open = match (&mut mart, base) {
            (Some(mart), Some(base)) => self.masked(mart, base, &mut tests),
            _ => None,
        };
        let history = self.history();
        if !self.questions.is_empty() {
            return Intent::Questions(self.questions);
        }
        let mut models = self.staging(&apart);
        let waits = self.waits();
        let mut ingest = self.ingest(base, &waits);
        self.loaded_whole(&history, &mut ingest);
        let platform = self.platform();
        let schedule = self.schedule(mart.is_some(), &waits);
        let (alerts, owner) = self.people();
        mart.iter().for_each(|mart| self.contradictions(mart));
        self.lost_questions();
        if !self.questions.is_empty() {
            return Intent::Questions(self.questions);
        }
        self.spellings();
        let kept = open.iter().map(|m| &m.name).chain(history.iter().map(|h| &h.name)).cloned();
        let mut deliverables: Vec<Name> = match &mart {
            Some(mart) => std::iter::once(mart.name.clone()).chain(kept).collect(),
            None if !history.is_empty() => kept.collect(),
            None => models.iter().map(|m| m.name.clone()).collect(),
        };
        let tables: BTreeSet<&TableRef> = apart.iter().map(|a| a.table).collect();
        deliverables.extend(tables.into_iter().map(TableRef::set_aside_model));
        let description = mart.as_ref().and_then(|m| m.description.clone());
        models.append(&mut self.between);
        models.extend(mart);
        models.extend(open);
        self.unknown_findings();
        let spec = Spec {
            version: 1,
            name,
            description,
            requirement: None,
            owner,
            schedule,
            ingest,
            models,
            history,
            tests,
            alerts,
            approvals: Vec::new(),
            read_by: None,
            answers: Vec::new(),
            trace: self.trace(),
            assumed: self.assumed,
            warnings: self.warnings,
        };
        Intent::Understood(Box::new(Understood { spec, platform, deliverables, findings: self.findings }))
    }

    /// Tables that are named: next to the base where there is one, else all of them.
    pub(super) fn touch_mentioned(&mut self, base: Option<&'a TableRef>) {
        for (i, noun) in self.nouns() {
            let kind = &self.pieces[i].kind;
            if matches!(kind, Kind::Clean(_) | Kind::SetAside(_) | Kind::Test(_) | Kind::History(_)) {
                continue;
            }
            for hits in std::iter::once(&noun.hits).chain(&noun.modifiers) {
                let mut tables: Vec<(u32, &'a TableRef)> = match base {
                    Some(base) => hits.tables.iter().filter_map(|t| Some((self.distance(base, t)?, *t))).collect(),
                    None => hits.tables.iter().map(|t| (0, *t)).collect(),
                };
                tables.sort();
                let nearest = tables.first().map(|t| t.0);
                tables.retain(|t| Some(t.0) == nearest);
                match tables[..] {
                    [] => {}
                    [(_, table)] => self.touch(table),
                    _ => {
                        let words = self.scan.words(&noun.tokens).to_owned();
                        if let Some(table) = self.one_table(&words, tables.into_iter().map(|t| t.1)) {
                            self.touch(table);
                        }
                    }
                }
            }
            if base.is_none() && hits_column_only(noun) {
                noun.hits.columns.iter().filter(|_| noun.hits.columns.len() == 1).for_each(|c| self.touch(c.table));
            }
        }
        let loads = self.pieces.iter().any(|p| matches!(p.kind, Kind::Ingest));
        if self.touched.is_empty() && loads {
            let candidates = self.tables_by_meaning();
            let about = "Which table is to be loaded? The requirement names none that the contracts hold.";
            self.ask_that(Question::new(about).key("table").saying("load {}").or_any(candidates));
        }
    }

    /// A name where there is no model: what is done, to what.
    fn plain_name(&self, asked: Asked) -> Name {
        let verb = if asked.ingest {
            "load"
        } else if asked.clean || asked.apart {
            "clean"
        } else if asked.history && !asked.test {
            "track"
        } else {
            "check"
        };
        let mut things: Vec<String> = Vec::new();
        for (_, noun) in self.nouns() {
            let tables = super::base::tables_of(noun);
            let [table] = tables[..] else { continue };
            let Some(contract) = self.contract(table) else { continue };
            let thing = plural(&head(contract));
            if !things.contains(&thing) {
                things.push(thing);
            }
        }
        things.truncate(3);
        if things.is_empty() {
            let said = self.pieces.iter().find_map(|p| match &p.kind {
                Kind::Clean(_) => Some(self.scan.words(&p.tokens).to_owned()),
                _ => None,
            });
            return super::names::snake(&said.unwrap_or_else(|| "pipeline".into()), "pipeline");
        }
        Name::from_text(&format!("{verb}_{}", things.join("_and_")), "pipeline")
    }

    fn schedule(&mut self, model: bool, waits: &[&TableRef]) -> Option<Schedule> {
        let mut when: Option<When> = None;
        let mut out = Schedule::default();
        for (i, piece) in self.pieces.iter().enumerate() {
            match &piece.kind {
                Kind::Schedule(said) => {
                    let words = self.scan.words(&piece.tokens);
                    when = match when.take() {
                        None => Some(said.clone()),
                        Some(had) => {
                            let every = if had.every == Every::Unsaid { said.every.clone() } else { had.every.clone() };
                            let twice =
                                had.every != Every::Unsaid && said.every != Every::Unsaid && had.every != said.every;
                            if twice || (had.time.is_some() && said.time.is_some() && had.time != said.time) {
                                let about = format!("`{words}`: another time was named before. When does it run?");
                                let both = [had, said.clone()].map(|w| (w.cron(), w));
                                let readings = Readings::new(Question::new(about).key("schedule")).or_any(both);
                                self.choose(readings)
                            } else {
                                Some(When { every, time: had.time.or(said.time) })
                            }
                        }
                    };
                    self.note(i, "schedule.cron");
                }
                Kind::Zone(zone) if self.of_schedule(i) => {
                    out.timezone = Some(zone.clone());
                    self.note(i, "schedule.timezone");
                }
                Kind::Retries(n) => {
                    out.retries = Some(*n);
                    self.note(i, "schedule.retries");
                }
                _ => {}
            }
        }
        let unit = self.pieces.iter().find_map(|p| match &p.kind {
            Kind::Group(items) => items.iter().find_map(|i| match i {
                GroupItem::Unit(unit, _) => Some(*unit),
                _ => None,
            }),
            _ => None,
        });
        match (&mut when, unit) {
            (Some(when), Some(unit)) if when.every == Every::Unsaid => when.every = When::of_grain(unit),
            (None, Some(unit)) if model && waits.is_empty() => {
                when = Some(When { every: When::of_grain(unit), time: None });
                self.assume(
                    "schedule.cron",
                    format!("there is a row for each {} and no time was named", unit.as_str()),
                );
            }
            (Some(when), _) if when.assumes_time() => self.assume("schedule.cron", "no time of day was named"),
            _ => {}
        }
        (out.cron, out.after) = self.clock_or_load(when.map(|w| w.cron()), waits);
        (out != Schedule::default()).then_some(out)
    }

    /// Who is told, and who answers for it.
    fn people(&mut self) -> (Vec<Alert>, Option<String>) {
        let mut alerts: Vec<Alert> = Vec::new();
        let mut owner = None;
        for (i, piece) in self.pieces.iter().enumerate() {
            match &piece.kind {
                Kind::Slack(channel) => {
                    let usual = &self.scan.ground.config.defaults.alert_channel;
                    let alert = Alert { slack: channel.clone().unwrap_or_else(|| usual.clone()) };
                    let at = alerts.iter().position(|a| *a == alert).unwrap_or_else(|| {
                        alerts.push(alert);
                        alerts.len() - 1
                    });
                    if channel.is_none() {
                        self.assume(
                            format!("alerts.{at}"),
                            "nobody is named who is to be told: the workspace's usual channel",
                        );
                    }
                    self.note(i, format!("alerts.{at}"));
                }
                Kind::Owner(name) => {
                    owner = Some(name.clone());
                    self.note(i, "owner");
                }
                _ => {}
            }
        }
        (alerts, owner)
    }

    /// Says which words were read as names that are spelt a little differently.
    fn spellings(&mut self) {
        for (i, noun) in self.nouns() {
            for hits in std::iter::once(&noun.hits).chain(&noun.modifiers).filter(|h| h.tier == FUZZY) {
                let words = self.scan.words(&noun.tokens).to_owned();
                let read = hits
                    .tables
                    .first()
                    .map(|t| self.describe(t))
                    .or_else(|| hits.columns.first().map(|c| c.column.name.to_string()));
                let field = self.became.get(&i).and_then(|b| b.first()).cloned().unwrap_or_else(|| "models".into());
                if let Some(read) = read {
                    self.assume(field, format!("`{words}` is read as {read}"));
                }
            }
        }
    }
}

fn hits_column_only(noun: &crate::requirement::piece::Noun<'_>) -> bool {
    noun.hits.tables.is_empty() && !noun.hits.columns.is_empty()
}
