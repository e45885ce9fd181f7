//! One row of several that are alike: by what, and which one stays. Neither is guessed.

use crate::contract::{Column, Contract};
use crate::requirement::Question;
use crate::requirement::piece::{Dedupe, First, Keep, Kind};
use crate::requirement::roles::{self, Choice};
use crate::requirement::stem::value;
use crate::spec::{self, Direction, Model, Order};
use crate::vocabulary::DataType;

use super::Assembly;
use super::columns::Scope;

impl<'a> Assembly<'_, 'a> {
    /// Adds what the words say of rows that are alike.
    pub(super) fn dedupe(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let pieces = self.pieces;
        let found = pieces.iter().enumerate().find_map(|(i, p)| match &p.kind {
            Kind::Dedupe(dedupe) => Some((i, dedupe)),
            _ => None,
        });
        let Some((at, dedupe)) = found else { return };
        let words = self.scan.words(&pieces[at].tokens);
        let (mut case, mut spaces) = (false, false);
        let mut keep = dedupe.keep.clone().map(|keep| (at, keep));
        for (i, piece) in pieces.iter().enumerate() {
            match &piece.kind {
                Kind::Fold { case: c, spaces: s } => {
                    case |= c;
                    spaces |= s;
                }
                Kind::Keep(said) => keep = Some((i, said.clone())),
                Kind::Dedupe(_) => {}
                _ => continue,
            }
            self.note(i, format!("models.{}.dedupe", model.name));
        }
        let whole = dedupe.whole || self.without_key(scope) && dedupe.by.is_empty() && keep.is_none();
        if whole {
            model.dedupe = self.alike(scope, words);
            return;
        }
        let Some(by) = self.same(scope, dedupe, case, spaces, words) else { return };
        let Some(order) = self.kept(scope, keep.as_ref(), words) else { return };
        model.dedupe = Some(spec::Dedupe { by, keep: vec![order] });
    }

    /// `the latest reading of each sensor with its value`: rows that are kept are not added up unless that is said.
    pub(super) fn kept_or_summed(&mut self, model: &Model) {
        let summed = model.measures.iter().find(|m| m.sum.is_some());
        if let (Some(measure), Some(dedupe), true) = (summed, &model.dedupe, model.group_by.is_empty()) {
            let about = format!(
                "one row stays for each {}: is {} the sum over all of them, or a column of each?",
                dedupe.by.join(" and "),
                measure.name
            );
            self.ask(about, vec![format!("the sum of {}", measure.name), "a column of each".into()]);
        }
    }

    fn without_key(&self, scope: &Scope<'a>) -> bool {
        self.contract(scope.base).is_some_and(|c| c.key().is_empty())
    }

    /// Rows that are alike in everything; a question where a key tells them apart.
    fn alike(&mut self, scope: &Scope<'a>, words: &str) -> Option<spec::Dedupe> {
        let contract = self.contract(scope.base)?;
        if !contract.key().is_empty() {
            let about = format!(
                "`{words}`: rows of {} have a key, so no two are alike in everything. Which columns make two of them the same?",
                scope.base.table
            );
            self.ask_that(Question::new(about).words(words).saying("remove duplicates {}").or_any(keys(contract)));
            return None;
        }
        Some(spec::Dedupe { by: vec!["*".into()], keep: Vec::new() })
    }

    /// Expressions that are equal for rows that are the same thing.
    fn same(
        &mut self,
        scope: &mut Scope<'a>,
        dedupe: &Dedupe<'a>,
        case: bool,
        spaces: bool,
        words: &str,
    ) -> Option<Vec<String>> {
        let mut out = Vec::new();
        for noun in &dedupe.by {
            // `the latest order per customer`: by the key that leads there.
            if noun.hits.columns.is_empty() || !noun.hits.tables.is_empty() && noun.hits.tier == 0 {
                let edges = self.scan.graph.parents(scope.base);
                let direct: Vec<_> = edges.iter().filter(|e| noun.hits.tables.contains(&e.to)).cloned().collect();
                if let [edge] = &direct[..] {
                    self.touch(edge.to);
                    out.extend(edge.on.iter().map(|(ours, _)| self.expr(scope, scope.base, ours)));
                    continue;
                }
            }
            let column = self.column(scope, noun, words)?;
            let mut expr = self.expr(scope, column.table, &column.column.name);
            if column.column.data_type == DataType::Text {
                expr = if spaces { format!("trim({expr})") } else { expr };
                expr = if case { format!("lower({expr})") } else { expr };
            }
            out.push(expr);
        }
        if out.is_empty() {
            let about = format!("`{words}`: which columns make two {} the same?", scope.base.table);
            let candidates = self.contract(scope.base).map(keys).unwrap_or_default();
            self.ask_that(Question::new(about).saying("{words} {}").or_any(candidates));
            return None;
        }
        Some(out)
    }

    /// Which one stays.
    fn kept(&mut self, scope: &mut Scope<'a>, keep: Option<&(usize, Keep<'a>)>, words: &str) -> Option<Order> {
        let contract = self.contract(scope.base)?;
        let times = || contract.columns.iter().filter(|c| c.data_type.is_temporal());
        let Some((at, keep)) = keep else {
            let mut candidates: Vec<String> =
                times().map(|c| format!("keep the one with the latest {}", c.name)).collect();
            candidates.extend(times().map(|c| format!("keep the one with the earliest {}", c.name)));
            candidates.truncate(8);
            let about = format!("`{words}`: which one of several {} stays?", scope.base.table);
            self.ask_that(Question::new(about).saying("{words}, {}").or_any(candidates));
            return None;
        };
        let words = self.scan.words(&self.pieces[*at].tokens);
        let direction = if keep.descending { Direction::Descending } else { Direction::Ascending };
        let column = match &keep.by {
            First::Column(noun) => {
                let column = self.column(scope, noun, words)?;
                return Some(Order { by: self.expr(scope, column.table, &column.column.name), direction });
            }
            First::Time(act) => time_of(contract, act.as_deref(), keep.descending),
            First::Event => match roles::event_time(contract).0 {
                Choice::One(column) => Some(column),
                _ => None,
            },
        };
        let Some(column) = column else {
            let candidates = times().map(|c| format!("by {}", c.name));
            let about = format!("`{words}`: by which column of {}?", scope.base.table);
            self.ask_that(Question::new(about).saying("{words} {}").or_any(candidates));
            return None;
        };
        Some(Order { by: self.expr(scope, scope.base, &column.name), direction })
    }
}

/// Columns that people tell rows apart by.
fn keys(contract: &Contract) -> Vec<String> {
    let fits = |c: &&Column| c.primary_key.is_none() && !c.data_type.is_temporal();
    contract.columns.iter().filter(fits).map(|c| format!("by {}", c.name)).take(12).collect()
}

/// The column that says when a row was `updated`, `created`, …; of the newest one when it last changed, if that is kept.
fn time_of<'c>(contract: &'c Contract, act: Option<&str>, newest: bool) -> Option<&'c Column> {
    let times: Vec<&Column> = contract.columns.iter().filter(|c| c.data_type.is_temporal()).collect();
    let named = |stems: &[&str]| {
        let fits = |c: &&&Column| c.name.as_str().split('_').any(|p| stems.contains(&value(p).as_str()));
        let found: Vec<&Column> = times.iter().filter(fits).copied().collect();
        if let [one] = found[..] { Some(one) } else { None }
    };
    let changed = ["updat", "modifi", "modify", "chang", "edit"];
    let cursor = || times.iter().find(|c| contract.cursor.as_ref() == Some(&c.name)).copied();
    let event = || match roles::event_time(contract).0 {
        Choice::One(column) => Some(column),
        _ => None,
    };
    match act.map(value) {
        Some(stem) if changed.contains(&stem.as_str()) => named(&changed).or_else(cursor),
        Some(stem) => named(&[stem.as_str()]),
        None if newest => named(&changed).or_else(cursor).or_else(event),
        None => named(&["creat", "insert", "add", "regist"]).or_else(event),
    }
    .or_else(|| if let ([one], true) = (&times[..], act.is_none()) { Some(*one) } else { None })
}
