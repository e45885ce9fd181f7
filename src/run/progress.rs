//! What a long command says while it works. The library prints nothing: whoever calls it draws this.

use serde::Serialize;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A step began.
    Started {
        /// Id of the step, `build`.
        step: String,
        /// What it does, for people.
        about: String,
    },
    /// A step goes on.
    At {
        /// Id of the step.
        step: String,
        /// How many parts of it are done.
        done: usize,
        /// How many there are, where that is known.
        total: Option<usize>,
        /// What it is at: a model, a package.
        current: String,
    },
    /// A step says something that a person would like to see.
    Says {
        /// Id of the step.
        step: String,
        /// The line.
        line: String,
    },
    /// A step ended.
    Ended {
        /// Id of the step.
        step: String,
        /// Whether well.
        ok: bool,
        /// How long it took.
        seconds: f64,
    },
}

/// Hears of events as they happen.
pub type Listen<'a> = dyn FnMut(&Event) + 'a;
