//! What `propose` is told of who reads the requirement, and what it says of that.

use std::path::PathBuf;

use super::report::Ui;
use crate::verbs::propose::{Reading, Recording};
use crate::workspace::{ModelUse, ReadBy};

#[derive(clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Who reads the requirement, where that is not as `pipewright.yml` says.
    #[arg(long, value_name = "MODE", conflicts_with = "from")]
    mode: Option<Mode>,
    /// Keep every exchange with the language model in a folder, for `--replay`.
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    record: Option<PathBuf>,
    /// Take the language model's answers from a folder that `--record` filled: no model is asked, no network is used.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "record"])]
    replay: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Mode {
    /// The rules alone; no model is asked.
    Rules,
    /// The language model alone.
    Model,
    /// The rules first; the language model gets what they could not read.
    RulesThenModel,
}

impl Args {
    pub(super) fn reading(&self) -> Reading {
        let mode = self.mode.map(|mode| match mode {
            Mode::Rules => ReadBy::Rules,
            Mode::Model => ReadBy::Model,
            Mode::RulesThenModel => ReadBy::RulesThenModel,
        });
        Reading { mode, recording: Recording { record: self.record.clone(), replay: self.replay.clone() } }
    }
}

/// What asking a language model took.
pub(super) fn used(model: Option<&ModelUse>, ui: &Ui) {
    if let Some(model) = model {
        ui.say(format_args!("  asked {model}"));
    }
}
