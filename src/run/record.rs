//! A run in the ledger: when it began and what came of it, with what it read and wrote in OpenLineage's manner.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Job;
use super::context::{connection, source_connection};
use super::receipt::{Receipt, TouchedKind};
use super::report::{Status, Target};
use crate::vocabulary::{Name, Outcome};
use crate::workspace::{self, Connection, Dataset, EventKind, Inverse};
use crate::world::clock;

/// A run begins.
pub(super) fn started(job: &Job<'_>, run: &str, at: Timestamp) -> Outcome<()> {
    event(job, EventKind::RunStarted, run, at, "started").append(job.root)
}

/// A run ended; without a receipt it could not go on.
pub(super) fn ended(job: &Job<'_>, run: &str, receipt: Option<&Receipt>) -> Outcome<()> {
    let ok = receipt.is_some_and(|r| r.status == Status::Success);
    let mut event = event(job, EventKind::RunEnded, run, clock::now(), if ok { "success" } else { "failed" });
    if let Some(receipt) = receipt {
        let namespace = connection(job.config, job.target).map(Connection::namespace).unwrap_or_default();
        let there = receipt.relations.iter().filter(|r| r.after && r.kind != TouchedKind::Schema);
        let plain = |relation: &str| relation.replace('"', "");
        event.outputs = there.map(|r| Dataset { namespace: namespace.clone(), name: plain(&r.relation) }).collect();
        event.inverse = match (job.target, receipt.inverse.is_empty()) {
            (Target::Dev, false) => Some(Inverse::Statements(receipt.inverse.clone())),
            (Target::Dev, true) => None,
            (Target::Prod, _) => Some(Inverse::Never("what production holds is not dropped by a rollback".into())),
        };
    }
    event.append(job.root)
}

fn event(job: &Job<'_>, kind: EventKind, run: &str, at: Timestamp, result: &str) -> workspace::Event {
    let names: Vec<&str> = job.pipelines.iter().map(Name::as_str).collect();
    let what = format!("{} in {} by {}, as of {}", names.join(", "), job.target.as_str(), job.via.as_str(), job.as_of);
    let mut event = workspace::Event::new(kind, at, &job.by, &what, result);
    event.run = Some(run.to_owned());
    event.pipeline = match names.as_slice() {
        [one] => Some((*one).to_owned()),
        _ => None,
    };
    event.job = Some(workspace::Job { namespace: job.config.name.to_string(), name: names.join("+") });
    let specs = job.pipelines.iter().filter_map(|p| job.specs.get(p));
    let tables: BTreeSet<_> = specs.flat_map(|s| s.ingest.iter().map(|i| &i.table)).collect();
    let input = |table: &&crate::vocabulary::TableRef| {
        let from = source_connection(job.config, &table.source, job.target).ok()?;
        Some(Dataset { namespace: from.namespace(), name: table.table.to_string() })
    };
    event.inputs = tables.iter().filter_map(input).collect();
    event
}
