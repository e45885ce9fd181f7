//! What people can get wrong in a spec, all of it at once. Places are paths into the document; lines are found from
//! them by whoever holds its text.

mod columns;
mod cron;
mod graph;
mod history;
mod joins;
mod masks;
mod models;
mod result;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Contract;
use crate::spec::{Ingest, Mode, Model, Rules, Spec, Test};
use crate::vocabulary::{Diagnostic, Name, Place, Relation, TableRef, nearest};
use columns::World;

pub use cron::cron;
pub(crate) use graph::cycles;
pub(crate) use masks::sources;
pub use rows::REASON;

/// Everything that is wrong in `spec`, which stands in `file`, among `specs`, over `contracts`, with the `rules` of the workspace.
pub fn check(
    spec: &Spec,
    file: &str,
    contracts: &BTreeMap<TableRef, Contract>,
    specs: &BTreeMap<Name, Spec>,
    rules: &Rules,
) -> Vec<Diagnostic> {
    let world = World::new(spec, contracts, specs, rules);
    let mut found = Found { file, list: Vec::new() };
    head(spec, &mut found);
    let mut landed = BTreeSet::new();
    for ingest in &spec.ingest {
        if !landed.insert(&ingest.table) {
            found.at(
                &format!("ingest.{}", ingest.table),
                Diagnostic::error("duplicate-table", format!("`{}` is landed twice", ingest.table)),
            );
        }
        check_ingest(ingest, contracts, &mut found);
    }
    let mut names = BTreeSet::new();
    for model in &spec.models {
        let path = format!("models.{}", model.name);
        if !names.insert(&model.name) {
            found.at(&path, Diagnostic::error("duplicate-model", format!("two models are called `{}`", model.name)));
        }
        let others = specs.values().filter(|s| s.name != spec.name);
        for other in others {
            // What several specs say of one staging model is put together.
            let shared =
                |m: &Model| matches!((&m.from, &model.from), (Relation::Table(a), Relation::Table(b)) if a == b);
            if other.models.iter().any(|m| m.name == model.name && m != model && !shared(m)) {
                let what = format!("`{}` is another model in `{}`", model.name, other.name);
                found.at(&path, Diagnostic::error("duplicate-model", what).next("rename one of them"));
            }
        }
        models::check(model, &path, &world, &mut found);
    }
    masks::check(spec, &mut found);
    history::check(spec, &world, &mut found);
    circles(spec, &world, &mut found);
    for (i, test) in spec.tests.iter().enumerate() {
        check_test(test, &format!("tests.{i}"), &world, &mut found);
    }
    found.list.sort();
    found.list.dedup();
    found.list
}

/// What was found, with the file that it is in.
struct Found<'a> {
    file: &'a str,
    list: Vec<Diagnostic>,
}

impl Found<'_> {
    fn at(&mut self, path: &str, fault: Diagnostic) {
        self.list.push(fault.at(Place::path(self.file, path)));
    }
}

/// `did you mean …`, or what there is where nothing is near.
fn near<'k>(fault: Diagnostic, word: &str, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let near = nearest(word, known.iter().copied());
    if !near.is_empty() {
        return fault.next(format!("did you mean `{}`?", near.join("`, `")));
    }
    if known.is_empty() {
        return fault;
    }
    let more = if known.len() > 12 { ", …" } else { "" };
    let shown: Vec<&str> = known.into_iter().take(12).collect();
    fault.next(format!("there are `{}`{more}", shown.join("`, `")))
}

fn head(spec: &Spec, found: &mut Found<'_>) {
    if spec.version != 1 {
        found.at(
            "version",
            Diagnostic::error("unknown-version", format!("version {} is not known", spec.version)).next("version: 1"),
        );
    }
    if let Some(schedule) = &spec.schedule {
        if let Some(Err(why)) = schedule.cron.as_deref().map(cron) {
            let fault = Diagnostic::error("invalid-cron", "the schedule is no cron expression").why(why);
            found.at("schedule.cron", fault.next("minute, hour, day of month, month, day of week: `30 6 * * 1-5`"));
        }
        if schedule.cron.is_some() && !schedule.after.is_empty() {
            let fault = Diagnostic::error("two-starts", "a pipeline starts by the clock or after others, not by both");
            found.at("schedule.after", fault.next("leave out `cron` or `after`"));
        }
        if let Some(zone) = &schedule.timezone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            let fault =
                Diagnostic::error("unknown-timezone", format!("there is no time zone `{}`", zone.escape_debug()));
            let known = jiff::tz::db().available().map(|z| z.as_str().to_owned()).collect::<Vec<_>>();
            let close = nearest(zone, known.iter().map(String::as_str));
            let next = if close.is_empty() {
                "an IANA name, `Europe/Berlin`".to_owned()
            } else {
                format!("did you mean `{}`?", close.join("`, `"))
            };
            found.at("schedule.timezone", fault.next(next));
        }
        if schedule.retries.is_some_and(|r| r > 20) {
            found.at(
                "schedule.retries",
                Diagnostic::error("too-many-retries", "more than 20 retries").next("2 is usual"),
            );
        }
    }
    for (i, alert) in spec.alerts.iter().enumerate() {
        let name = alert.slack.strip_prefix('#').unwrap_or_default();
        let plain = |c: char| c.is_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if name.is_empty() || name.chars().count() > 80 || !name.chars().all(plain) {
            let fault =
                Diagnostic::error("invalid-channel", format!("`{}` is no Slack channel", alert.slack.escape_debug()));
            found.at(
                &format!("alerts.{i}.slack"),
                fault.next("`#` and then lower-case letters, digits, - and _: `#data-alerts`"),
            );
        }
    }
    for (i, approval) in spec.approvals.iter().enumerate() {
        for (field, text) in [("of", &approval.of), ("by", &approval.by), ("why", &approval.why)] {
            if text.trim().is_empty() {
                let fault = Diagnostic::error("empty-approval", format!("an approval says `{field}`"))
                    .why("a person answers for it");
                found.at(&format!("approvals.{i}.{field}"), fault);
            }
        }
    }
    if spec.ingest.is_empty() && spec.models.is_empty() && spec.history.is_empty() {
        found.at(
            "",
            Diagnostic::error("empty", "the spec lands nothing and builds nothing").next("add `ingest` or `models`"),
        );
    }
}

fn check_ingest(ingest: &Ingest, contracts: &BTreeMap<TableRef, Contract>, found: &mut Found<'_>) {
    let path = |field: &str| format!("ingest.{}.{field}", ingest.table);
    let Some(contract) = contracts.get(&ingest.table) else {
        let known: Vec<String> = contracts.keys().map(TableRef::to_string).collect();
        let fault = Diagnostic::error("unknown-table", format!("no contract describes `{}`", ingest.table));
        found.at(&path("table"), near(fault, &ingest.table.to_string(), known.iter().map(String::as_str)));
        return;
    };
    let names = || contract.columns.iter().map(|c| c.name.as_str());
    let keys = ingest.key.iter().enumerate().map(|(i, k)| (k, format!("key.{i}")));
    let used = keys.chain(ingest.cursor.iter().map(|c| (c, "cursor".to_owned())));
    for (name, field) in used.chain(ingest.window.iter().map(|w| (&w.column, "window.column".to_owned()))) {
        if contract.column(name.as_str()).is_none() {
            let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{name}`", ingest.table));
            found.at(&path(&field), near(fault, name.as_str(), names()));
        }
    }
    if let Some(column) = ingest.window.as_ref().and_then(|w| contract.column(w.column.as_str()))
        && !column.data_type.is_temporal()
    {
        let fault = Diagnostic::error(
            "not-temporal",
            format!("a window needs a date or timestamp, and `{}` is {}", column.name, column.data_type),
        );
        let dated: Vec<&str> =
            contract.columns.iter().filter(|c| c.data_type.is_temporal()).map(|c| c.name.as_str()).collect();
        let fault = if dated.is_empty() { fault } else { fault.next(format!("one of `{}`", dated.join("`, `"))) };
        found.at(&path("window.column"), fault);
    }
    let needs_key = matches!(ingest.mode, Mode::Merge | Mode::Incremental);
    if needs_key && ingest.key.is_empty() && contract.key().is_empty() {
        let fault = Diagnostic::error("no-key", format!("nothing tells the rows of `{}` apart", ingest.table))
            .why("rows that come again take the place of those with the same key")
            .next("name `key`, or use `mode: replace`");
        found.at(&path("mode"), fault);
    }
    if matches!(ingest.mode, Mode::Incremental | Mode::Append) && ingest.cursor.is_none() && contract.cursor.is_none() {
        let fault = Diagnostic::error("no-cursor", format!("nothing tells which rows of `{}` are new", ingest.table))
            .next("name `cursor`, a column that grows with every change, or use `mode: replace`");
        found.at(&path("mode"), fault);
    }
}

/// Models that read each other in a circle, told where this spec has a part of it.
fn circles(spec: &Spec, world: &World<'_>, found: &mut Found<'_>) {
    let names: BTreeSet<&Name> = world.models.keys().copied().collect();
    let edges = |name: &Name| -> Vec<Name> {
        let Some(model) = world.models.get(name) else { return Vec::new() };
        let from = match &model.from {
            Relation::Model(m) => Some(m.clone()),
            Relation::Table(_) => None,
        };
        from.into_iter().chain(model.joins.iter().map(|j| j.to.clone())).collect()
    };
    for cycle in cycles(&names, edges) {
        let Some(own) = cycle.iter().find(|n| spec.models.iter().any(|m| m.name == **n)) else { continue };
        let shown: Vec<&str> = cycle.iter().map(Name::as_str).collect();
        let fault = Diagnostic::error("cycle", format!("models read each other in a circle: {}", shown.join(" → ")));
        found.at(&format!("models.{own}.from"), fault.next("take the common part into a model of its own"));
    }
}

fn check_test(test: &Test, path: &str, world: &World<'_>, found: &mut Found<'_>) {
    let Some(model) = world.models.get(&test.model) else {
        let fault = Diagnostic::error("unknown-model", format!("there is no model `{}`", test.model));
        found.at(&format!("{path}.model"), near(fault, test.model.as_str(), world.models.keys().map(|n| n.as_str())));
        return;
    };
    let given = world.model(model, &mut BTreeSet::from([test.model.clone()]));
    if let Some(column) = &test.column
        && !given.open
        && !given.columns.iter().any(|(n, _)| n == column.as_str())
    {
        let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{column}`", test.model));
        found
            .at(&format!("{path}.column"), near(fault, column.as_str(), given.columns.iter().map(|(n, _)| n.as_str())));
    }
    let needs: &[&str] = match test.test.as_str() {
        "not_null" | "unique" => &[],
        "accepted_values" => &["values"],
        "relationships" => &["to", "field"],
        _ => return,
    };
    if test.column.is_none() {
        let fault = Diagnostic::error("test-arguments", format!("`{}` tests a column, and none is named", test.test));
        found.at(path, fault.next("add `column`"));
    }
    for need in needs.iter().filter(|n| !test.arguments.contains_key(**n)) {
        found.at(
            &format!("{path}.arguments"),
            Diagnostic::error("test-arguments", format!("`{}` needs the argument `{need}`", test.test)),
        );
    }
}
