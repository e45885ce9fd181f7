//! One row for each key: rows are numbered within their key, and the first one stays.

use std::collections::BTreeSet;

use super::query::Work;
use super::rows::Rows;
use super::{Dedupe, Resolved, Target, unused};
use crate::spec;
use crate::sql::lower::Code;
use crate::vocabulary::{DataType, Diagnostic, Name};

/// A deduplication whose columns are not known yet.
pub(super) struct Keyed {
    place: Option<Target>,
    keep: Vec<Code>,
    /// Columns that its own expressions read.
    own: BTreeSet<usize>,
}

impl<'a> Work<'a, '_> {
    /// Lowers a `dedupe`; none where it is wrong.
    pub(super) fn dedupe(&mut self, dedupe: &spec::Dedupe, base: &Resolved, rows: &mut Rows<'a>) -> Option<Keyed> {
        if !rows.scope.open.is_empty() {
            let what = format!("the columns of `{}` are not known", base.name);
            let fault = Diagnostic::error("unknown-columns", what).why("it is written as `sql`, and rows are numbered");
            self.faults.push(fault.at(self.place("dedupe")).next("deduplicate in its own query"));
            return None;
        }
        let before = std::mem::take(&mut rows.used);
        let keyed = self.keyed(dedupe, base, rows);
        let own = std::mem::replace(&mut rows.used, before);
        keyed.map(|(place, keep)| Keyed { place, keep, own })
    }

    fn keyed(
        &mut self,
        dedupe: &spec::Dedupe,
        base: &Resolved,
        rows: &mut Rows<'a>,
    ) -> Option<(Option<Target>, Vec<Code>)> {
        if dedupe.whole() {
            return Some((None, Vec::new()));
        }
        let (mut partition, mut keep, mut order) = (Vec::new(), Vec::new(), Vec::new());
        for (i, by) in dedupe.by.iter().enumerate() {
            let lowered = self.scalar(by, &format!("dedupe.by.{i}"), rows)?;
            if lowered.nullable {
                let code = lowered.code.clone();
                let code = if matches!(code, Code::Chain(..)) { code.nested() } else { code };
                keep.push(Code::Seq(vec![code, Code::text(" is null")]));
            }
            partition.push(lowered.code);
        }
        let mut descending = false;
        for (i, by) in dedupe.keep.iter().enumerate() {
            let lowered = self.scalar(&by.by, &format!("dedupe.keep.{i}.by"), rows)?;
            if i == 0 {
                descending = !by.direction.is_ascending();
            }
            order.push(lowered.code.ordered(!by.direction.is_ascending(), lowered.nullable));
        }
        let ties = self.ties(base, rows, descending);
        let ties = if ties.is_empty() { everything(rows, descending) } else { ties };
        order.extend(ties.into_iter().filter(|o| !order.contains(o)).collect::<Vec<_>>());
        let call = Box::new(Code::text("row_number()"));
        let code = Code::Over { call, partition, order, frame: String::new() };
        let name = unused("row_place", |n| rows.has(n));
        Some((Some(Target { name, code }), keep))
    }

    /// The key of the base's rows, so that an order is always the same one.
    pub(super) fn ties(&mut self, base: &Resolved, rows: &mut Rows<'a>, descending: bool) -> Vec<Code> {
        let mut out = Vec::new();
        for key in &base.grain {
            let at = rows.scope.columns.iter().position(|c| c.relation == base.name && c.name == *key);
            let Some(at) = at else { return Vec::new() };
            rows.used.insert(at);
            out.push(Code::text(&rows.scope.columns[at].sql).ordered(descending, false));
        }
        out
    }
}

/// Where rows have no key: all columns that have an order.
fn everything(rows: &mut Rows<'_>, descending: bool) -> Vec<Code> {
    let has_order = |t: Option<DataType>| !matches!(t, Some(DataType::Json | DataType::Binary));
    let columns = rows.scope.columns.iter().enumerate().filter(|(_, c)| !c.hidden && has_order(c.data_type));
    rows.used.extend(columns.clone().map(|(at, _)| at));
    columns.map(|(_, c)| Code::text(&c.sql).ordered(descending, c.nullable)).collect()
}

impl Keyed {
    /// The whole of it, with the columns that something after it reads.
    pub(super) fn of(self, rows: &mut Rows<'_>) -> Dedupe {
        let name = |at: &usize| Name::parse(&rows.scope.columns.get(*at)?.sql).ok();
        let columns = rows.used.iter().filter_map(name).map(|n| Target { code: Code::text(n.as_str()), name: n });
        let columns = columns.collect();
        rows.used.extend(self.own);
        Dedupe { place: self.place, keep: self.keep, columns }
    }
}
