//! What is said of DataFrames and of what is done with them.

use std::collections::{BTreeMap, BTreeSet};

use super::frames::{Eyes, Frame};
use crate::check::python::{Argument, Expr, Kind, Span, within};
use crate::vocabulary::Diagnostic;

impl<'e> Eyes<'e, '_> {
    pub(super) fn say(&mut self, code: &'static str, what: String, why: &str, next: &str, at: Span) {
        let fault = Diagnostic::warning(code, what).why(why).next(next);
        self.found.push(self.file.fault(fault, at));
    }

    pub(super) fn collected(&mut self, expr: &Expr<'_>, frame: &Frame, called: &str) {
        // One row, a few, or a row for each group: that is what a driver is for.
        let groups = frame.wide && !frame.given && self.file.of(expr.at).contains(".groupBy(");
        if frame.small.is_some() || groups {
            return;
        }
        let why = "the driver's memory holds them all, and one process goes through them";
        let next = "write them, aggregate first, or `limit` what is looked at";
        self.say("spark-collect", format!("`{called}` brings all rows to the driver"), why, next, expr.at);
    }

    pub(super) fn joined(&mut self, expr: &Expr<'_>, one: &Frame, other: &Frame) {
        if one.hinted || other.hinted || (one.small.is_some() && other.small.is_some()) {
            return;
        }
        let Some(small) = other.small.or(one.small) else { return };
        let what = format!("one side of this join is small ({small}), and nothing says so");
        let why = "Spark may sort and move the large side over the network instead of sending the small one to it";
        self.say("spark-no-broadcast", what, why, "`join(broadcast(small), …)`", expr.at);
    }

    pub(super) fn alone(&mut self, expr: &Expr<'_>, frame: &Frame) {
        let Some(at) = frame.single.filter(|_| frame.small.is_none()) else { return };
        let why = "the last step runs on one core, however many machines there are, and its memory holds all rows";
        let next = "leave it, or `repartition` to as many files as fit their size";
        let _ = expr;
        self.say("spark-single-partition", "one task writes all rows".to_owned(), why, next, at);
    }

    /// `df.count() > 0`, `len(df.collect()) == 0`.
    pub(super) fn emptiness(&mut self, expr: &Expr<'_>, left: &'e Expr<'e>, operator: &str, right: &Expr<'_>) {
        let bound = matches!(&right.kind, Kind::Number("0" | "1"));
        if !bound || !matches!(operator, ">" | "==" | "!=" | ">=" | "<" | "<=") {
            return;
        }
        if let Some((object, "count", [])) = left.method()
            && let Some(frame) = self.quiet(object)
            && !frame.kept
            && !frame.grouped
        {
            self.say(
                "spark-count",
                "all rows are counted to see whether there is one".to_owned(),
                "counting reads everything; one row is enough",
                "`df.isEmpty()`, or `df.head(1)` before Spark 3.3",
                expr.at,
            );
        }
    }

    /// `print(df.count())`: nothing else uses the number.
    pub(super) fn logged(&mut self, arguments: &'e [Argument<'e>]) {
        let mut counts = Vec::new();
        for argument in arguments {
            within(&argument.value, &mut |e| {
                if let Some((object, "count", [])) = e.method() {
                    counts.push((object, e.at));
                }
            });
        }
        for (object, at) in counts {
            if let Some(frame) = self.quiet(object)
                && !frame.kept
                && !frame.grouped
                && frame.worked
                && frame.small.is_none()
            {
                self.say(
                    "spark-count",
                    "all rows are worked out and counted for a line of the log".to_owned(),
                    "counting runs the whole plan once more",
                    "take it out, count what was written, or `cache()` before",
                    at,
                );
            }
        }
    }

    /// The frame of an expression, without a note of what is done on the way.
    pub(super) fn quiet(&mut self, expr: &'e Expr<'e>) -> Option<Frame> {
        let (actions, found, done) = (self.actions.len(), self.found.len(), self.done.clone());
        let frame = self.frame(expr);
        self.actions.truncate(actions);
        self.found.truncate(found);
        self.done = done;
        frame
    }

    /// DataFrames that are worked out more than once.
    pub(super) fn twice(&mut self) {
        let mut by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (i, action) in self.actions.iter().enumerate() {
            by.entry(action.of).or_default().push(i);
        }
        let mut said: BTreeSet<Span> = BTreeSet::new();
        // The youngest first: what is said of it is not said again of what it was made from.
        for (id, all) in by.iter().rev() {
            let (name, frame) = &self.of[*id];
            if !frame.worked || frame.given || frame.small.is_some() || self.kept.contains(id) {
                continue;
            }
            let pair = all.iter().enumerate().find_map(|(n, second)| {
                let second = &self.actions[*second];
                all[..n].iter().map(|first| &self.actions[*first]).find_map(|first| {
                    let both = !first.light && !second.light;
                    let enough = both || (frame.wide && (!first.light || !second.light));
                    (enough && !excludes(&first.way, &second.way)).then_some((first, second))
                })
            });
            // One action in a loop, on what was made before it.
            let again = all.iter().map(|i| &self.actions[*i]).find(|action| {
                frame.wide && !action.light && action.turn.is_some() && frame.turn.is_none() && action.way.is_empty()
            });
            let Some((first, second)) = pair.or(again.map(|a| (a, a))) else { continue };
            if said.contains(&second.at) {
                continue;
            }
            said.extend(all.iter().map(|i| self.actions[*i].at));
            let line = self.file.place(first.at).line.unwrap_or(1);
            let what = match first.at == second.at {
                true => format!("`{name}` is worked out anew by `{}` in each turn of this loop", first.called),
                false => format!(
                    "`{name}` is worked out twice: by `{}` in line {line} and by `{}` here",
                    first.called, second.called
                ),
            };
            let fault = Diagnostic::warning("spark-no-cache", what)
                .why("each action runs the whole plan again, from its sources on")
                .next(format!("`{name} = {name}.cache()` before the first, or one action only"));
            self.found.push(self.file.fault(fault, second.at));
        }
    }
}

/// Whether two branches never run both.
fn excludes(one: &[(usize, usize)], two: &[(usize, usize)]) -> bool {
    one.iter().any(|(at, branch)| two.iter().any(|(a, b)| a == at && b != branch))
}
