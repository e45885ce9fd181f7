//! What waits for what.

use super::eval::Eval;
use super::{Edge, End, Value};
use crate::check::python::{Expr, Span};

impl<'f> Eval<'f> {
    /// `from >> to`: gives what that expression gives.
    pub(super) fn link(&mut self, from: &Value<'f>, to: &Value<'f>, at: Span) -> Value<'f> {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        from.ends(&mut first);
        to.ends(&mut second);
        // `dag >> task` puts a task into a DAG.
        if let (Value::Dag(dag), ends) | (ends, Value::Dag(dag)) = (from, to) {
            let mut all = Vec::new();
            ends.ends(&mut all);
            for end in all {
                if let End::Task(task) = end {
                    self.out.tasks[task].dag.get_or_insert(*dag);
                }
            }
        }
        for from in &first {
            for to in &second {
                self.edge(*from, *to, at);
            }
        }
        to.clone()
    }

    pub(super) fn edge(&mut self, from: End, to: End, at: Span) {
        let dag = |end: End, out: &super::DagFile<'f>| match end {
            End::Task(task) => out.tasks[task].dag,
            End::Group(group) => out.groups[group].dag,
        };
        let (a, b) = (dag(from, &self.out), dag(to, &self.out));
        for (end, other) in [(from, b), (to, a)] {
            if let (End::Task(task), Some(dag)) = (end, other) {
                self.out.tasks[task].dag.get_or_insert(dag);
            }
        }
        // What holds only in one of several branches is no part of a cycle that is certain.
        if self.unsure == 0 {
            self.out.edges.push(Edge { from, to, at });
        }
    }

    /// Two neighbours of `chain`: lists of one length are joined one by one, else all with all.
    pub(super) fn chained(&mut self, from: &Value<'f>, to: &Value<'f>, by: &str, at: &'f Expr<'f>) {
        match (from, to) {
            (Value::List(a), Value::List(b)) if by == "chain" && a.len() == b.len() => {
                for (a, b) in a.iter().zip(b.iter()) {
                    self.link(a, b, at.at);
                }
            }
            (Value::List(a), Value::List(_)) if by == "chain" && !a.is_empty() => {}
            _ => drop(self.link(from, to, at.at)),
        }
    }
}
